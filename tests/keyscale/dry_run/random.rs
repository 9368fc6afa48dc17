//! Random settings and series, where the program and the second implementation must agree row by
//! row. Loads are multiples of a quarter, so that the order of a sum moves nothing.

use keyscale::scenario::{Series, Signal};

use super::{cloud_run, hpa, knative, observed, offered, rows, settings};

/// A generator of its own (SplitMix64), so that a case is known by its number.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `least` to `most`.
    pub(super) fn within(&mut self, least: i64, most: i64) -> i64 {
        least + (self.next() % (most - least + 1) as u64) as i64
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.within(1, n) == 1
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.within(0, of.len() as i64 - 1) as usize]
    }

    /// A load that stays, steps, ramps, swings or falls silent, a piece after another.
    pub(super) fn load(&mut self, length: usize) -> Vec<f64> {
        let scale = self.pick(&[1, 10, 100, 400]);
        let mut load = vec![];
        while load.len() < length {
            let (from, to) = (self.within(0, 4 * scale), self.within(0, 4 * scale));
            let seconds = self.within(1, 90);
            let kind = self.within(0, 5);
            for i in 0..seconds {
                load.push(match kind {
                    0 => 0.0,
                    1 => (from + (to - from) * i / seconds) as f64 / 4.0,
                    2 => self.within(0, from) as f64 / 4.0,
                    3 if i > 6 => 0.0,
                    _ => from as f64 / 4.0,
                });
            }
        }
        load.truncate(length);
        load
    }

    /// Ready instances that follow nobody, and reports with some left out.
    pub(super) fn observed(&mut self, length: usize) -> Vec<(i64, Option<f64>)> {
        let (load, mut ready) = (self.load(length), self.within(0, 6));
        let silent = self.pick(&[2, 5, 1_000]);
        let mut quiet = 0;
        let mut row = |load| {
            if self.one_in(8) {
                ready = (ready + self.within(-3, 3)).clamp(0, 40);
            }
            if self.one_in(90) {
                quiet = self.within(5, 80);
            }
            quiet = (quiet - 1).max(0);
            (ready, (quiet == 0 && !self.one_in(silent)).then_some(load))
        };
        load.into_iter().map(&mut row).collect()
    }
}

/// Settings of Knative: as a text, and as they come to.
fn knative_settings(dice: &mut Dice) -> (String, knative::Settings) {
    let mut text = String::new();
    let concurrency = dice.pick(&[0, 0, 1, 10, 80]);
    if concurrency > 0 || dice.one_in(2) {
        text += &format!("container_concurrency = {concurrency}\n");
    }
    text += "[autoscaler.knative]\n";
    let mut say = |key: &str, value: String| text += &format!("{key} = {value}\n");
    let target = dice.pick(&[None, None, Some(1.0), Some(7.5), Some(20.0), Some(100.0)]);
    let percentage = dice.pick(&[None, Some(100.0), Some(70.0), Some(33.5)]);
    let window = dice.pick(&[6, 10, 23, 60, 60, 120]);
    let panic_percentage = dice.pick(&[10.0, 10.0, 1.0, 25.0, 47.5, 100.0]);
    let threshold = dice.pick(&[200.0, 200.0, 110.0, 150.0, 333.0, 1000.0]);
    let (max_up, max_down) =
        (dice.pick(&[1000.0, 1.5, 2.0, 10.0]), dice.pick(&[2.0, 1.1, 1.5, 50.0]));
    let burst = dice.pick(&[211.0, 211.0, 0.0, -1.0, 10.5, 500.0]);
    let (min, initial) = (dice.pick(&[0, 0, 0, 2]), dice.pick(&[1, 1, 0, 3]));
    let max = dice.pick(&[0, 0, 5, 30]);
    let activation = dice.pick(&[1, 1, 2, 4]);
    let delay = dice.pick(&[0, 0, 1, 3, 10, 61]);
    let (scale_to_zero, weighted) = (!dice.one_in(6), dice.one_in(4));
    let (grace, retention) = (dice.pick(&[30, 1, 7, 90]), dice.pick(&[0, 0, 15, 50]));
    let deadline = dice.pick(&[600, 1, 20]);
    let rps = dice.one_in(5);
    if let Some(target) = target {
        say("target", target.to_string());
    }
    if let Some(percentage) = percentage {
        say("target_utilization_percentage", percentage.to_string());
    }
    say("metric", if rps { "'rps'" } else { "'concurrency'" }.to_owned());
    say("window", format!("'{window}s'"));
    say("panic_window_percentage", panic_percentage.to_string());
    say("panic_threshold_percentage", threshold.to_string());
    say("max_scale_up_rate", max_up.to_string());
    say("max_scale_down_rate", max_down.to_string());
    say("target_burst_capacity", burst.to_string());
    say("min_scale", min.to_string());
    say("max_scale", max.to_string());
    say("initial_scale", initial.to_string());
    say("allow_zero_initial_scale", (initial == 0).to_string());
    say("activation_scale", activation.max(if activation > 1 { min } else { 1 }).to_string());
    say("scale_down_delay", format!("'{delay}s'"));
    say("enable_scale_to_zero", scale_to_zero.to_string());
    say("scale_to_zero_grace_period", format!("'{grace}s'"));
    say("scale_to_zero_pod_retention_period", format!("'{retention}s'"));
    say("progress_deadline", format!("'{deadline}s'"));
    if weighted {
        say("metric_aggregation_algorithm", "'weighted-exponential'".to_owned());
    }
    let total = match (rps, target, concurrency) {
        (true, target, _) => target.unwrap_or(200.0),
        (false, None, 0) => 100.0,
        (false, None, limit) => limit as f64,
        (false, Some(target), 0) => target,
        (false, Some(target), limit) => target.min(limit as f64),
    };
    let resolved = knative::Settings {
        total,
        per_pod: (total * percentage.unwrap_or(70.0) / 100.0).max(0.01),
        window,
        panic_window: ((window as f64 * panic_percentage / 100.0 + 0.5).floor() as i64).max(1),
        threshold: threshold / 100.0,
        max_up,
        max_down,
        burst,
        min,
        max,
        initial,
        activation,
        delay,
        scale_to_zero,
        grace,
        retention,
        deadline,
        weighted,
    };
    // 0.7 is not 70 × 0.01: the utilisation is divided first.
    let utilization = percentage.unwrap_or(70.0) / 100.0;
    (text, knative::Settings { per_pod: (total * utilization).max(0.01), ..resolved })
}

/// A row as the program writes it, without its averages, and these.
fn apart(row: &str, closed: bool) -> (String, Option<(f64, f64)>) {
    let mut cells: Vec<&str> = row.split(',').collect();
    assert_eq!(cells.len(), if closed { 12 } else { 10 }, "{row}");
    let averages: Vec<&str> = cells.drain(4..6).collect();
    let number = |cell: &str| cell.parse::<f64>().unwrap();
    let averages = (!averages[0].is_empty()).then(|| (number(averages[0]), number(averages[1])));
    (cells.join(","), averages)
}

#[test]
fn knative_decides_as_its_description_does() {
    let mut seen = [0_u32; 5];
    for case in 0..2_500 {
        let mut dice = Dice(case);
        let (text, naive) = knative_settings(&mut dice);
        let settings = settings(&text);
        let (closed, startup) = (dice.one_in(2), dice.pick(&[0, 1, 3, 17, 70]));
        let length = dice.within(60, 420) as usize;
        let (expected, got) = if closed {
            let load = dice.load(length);
            let expected = knative::replay(&naive, &knative::Feed::Closed(&load, startup));
            (expected, rows(&settings, &offered(&load), Some(startup as u64)))
        } else {
            let given = dice.observed(length);
            let expected = knative::replay(&naive, &knative::Feed::Open(&given));
            let signal = if text.contains("'rps'") { Signal::Rps } else { Signal::Concurrency };
            (expected, rows(&settings, &observed(signal, &given), None))
        };
        assert_eq!(expected.len(), got.len(), "case {case}");
        for (expected, got) in expected.iter().zip(&got) {
            let e = expected;
            let cause = if e.poke { "poke" } else { "tick" };
            let mut wanted = format!(
                "{},{cause},{},{},{},{},{},{}",
                e.t,
                e.ready,
                e.averages.is_some(),
                e.desired,
                e.burst,
                e.panicking,
                e.wanted
            );
            if closed {
                wanted += &format!(",{},{}", e.replicas, if e.proxy { "proxy" } else { "serve" });
            }
            let (row, averages) = apart(got, closed);
            assert_eq!(row, wanted, "case {case}\n{text}");
            let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
            let agree = match (e.averages, averages) {
                (Some(a), Some(b)) => near(a.0, b.0) && near(a.1, b.1),
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(agree, "case {case} at {}: {:?} {averages:?}\n{text}", e.t, e.averages);
            let happened = [e.poke, e.panicking, e.averages.is_none(), e.replicas == 0, !e.proxy];
            seen.iter_mut().zip(happened).for_each(|(n, it)| *n += u32::from(it));
        }
    }
    // The cases reach what the description is about.
    assert!(seen.iter().all(|&n| n > 400), "{seen:?}");
}

/// Rules of one direction: as a text, and as they are.
fn rules(dice: &mut Dice, direction: &str, stabilization: i64) -> (String, hpa::Rules) {
    let mut text = format!("[autoscaler.hpa.behavior.{direction}]\n");
    let up = direction == "scale_up";
    let mut rules = hpa::Rules {
        window: if up { 0 } else { stabilization },
        select: "Max",
        tolerance: None,
        policies: match up {
            true => vec![(false, 4, 15), (true, 100, 15)],
            false => vec![(true, 100, 15)],
        },
    };
    if dice.one_in(2) {
        rules.window = dice.pick(&[0, 15, 30, 100]);
        text += &format!("stabilization_window = '{}s'\n", rules.window);
    }
    if dice.one_in(2) {
        rules.select = dice.pick(&["Max", "Min", "Disabled"]);
        text += &format!("select_policy = '{}'\n", rules.select);
    }
    if dice.one_in(3) {
        let tolerance = dice.pick(&[0.0, 0.05, 0.3]);
        rules.tolerance = Some(tolerance);
        text += &format!("tolerance = {tolerance}\n");
    }
    if dice.one_in(2) {
        let policies = (0..dice.within(1, 3)).map(|_| {
            let percent = dice.one_in(2);
            let value = if percent { dice.pick(&[10, 50, 100, 150]) } else { dice.within(1, 9) };
            (percent, value, dice.pick(&[15, 30, 60, 100]))
        });
        rules.policies = policies.collect();
        let shown = rules.policies.iter().map(|&(percent, value, period)| {
            let kind = if percent { "Percent" } else { "Pods" };
            format!("{{ type = '{kind}', value = {value}, period = '{period}s' }}")
        });
        text += &format!("policies = [{}]\n", shown.collect::<Vec<_>>().join(", "));
    }
    (text, rules)
}

#[test]
fn the_horizontal_pod_autoscaler_decides_as_its_description_does() {
    let mut reasons = std::collections::BTreeMap::new();
    for case in 0..2_500 {
        let mut dice = Dice(1_000_000 + case);
        let (min, sync) = (dice.within(1, 6), dice.pick(&[15, 15, 7, 30]));
        let (max, cpu) = (min + dice.pick(&[0, 3, 40]), dice.one_in(3));
        let target = if cpu { dice.pick(&[50, 80, 120]) } else { dice.pick(&[500, 1_000, 20_000]) };
        let tolerance = dice.pick(&[0.1, 0.1, 0.0, 0.25]);
        let stabilization = dice.pick(&[300, 60, 15, 0]);
        let shown = if cpu { target as f64 } else { target as f64 / 1e3 };
        let metric = if cpu { "cpu" } else { dice.pick(&["concurrency", "rps"]) };
        let mut text = format!(
            "[autoscaler.hpa]\nmin_replicas = {min}\nmax_replicas = {max}\ntarget = {shown}\n\
             metric = '{metric}'\ntolerance = {tolerance}\nsync_period = '{sync}s'\n\
             downscale_stabilization = '{stabilization}s'\n"
        );
        let behavior = (!dice.one_in(3)).then(|| {
            let (up, down) =
                (rules(&mut dice, "scale_up", 0), rules(&mut dice, "scale_down", stabilization));
            text += &(up.0 + &down.0);
            (up.1, down.1)
        });
        let settings = settings(&text);
        let naive =
            hpa::Settings { min, max, target, cpu, tolerance, sync, stabilization, behavior };
        let length = dice.within(100, 900) as usize;
        let closed = dice.one_in(2);
        let (expected, got) = if closed {
            let (load, startup) = (dice.load(length), dice.pick(&[0, 3, 10, 50]));
            // Of CPU the load is a total: here it would be shared before it is cut.
            if cpu {
                continue;
            }
            let expected = hpa::replay(&naive, &hpa::Feed::Closed(&load, startup));
            (expected, rows(&settings, &offered(&load), Some(startup as u64)))
        } else {
            let given = dice.observed(length);
            let expected = hpa::replay(&naive, &hpa::Feed::Open(&given));
            let signal = match metric {
                "cpu" => Signal::CpuUtilization,
                "rps" => Signal::Rps,
                _ => Signal::Concurrency,
            };
            (expected, rows(&settings, &observed(signal, &given), None))
        };
        let shown = |&(t, ready, current, desired, reason, replicas): &hpa::Row| {
            let replicas = if closed { format!(",{replicas}") } else { String::new() };
            format!("{t},{ready},{current},{desired},{reason}{replicas}")
        };
        assert_eq!(expected.iter().map(shown).collect::<Vec<_>>(), got, "case {case}\n{text}");
        expected.iter().for_each(|row| *reasons.entry(row.4).or_insert(0) += 1);
    }
    assert_eq!(reasons.len(), 7, "{reasons:?}");
    assert!(reasons.values().all(|&n| n > 100), "{reasons:?}");
}

#[test]
fn cloud_run_takes_the_larger_driver() {
    for case in 0..300 {
        let mut dice = Dice(2_000_000 + case);
        let (concurrency, length) = (dice.pick(&[1, 8, 80]), dice.within(30, 900) as usize);
        let (target, cpu_target) = (dice.pick(&[0.5, 0.75]), dice.pick(&[0.25, 0.5]));
        let text = format!(
            "container_concurrency = {concurrency}\n[autoscaler.cloud_run]\n\
             concurrency_target = {target}\ncpu_target = {cpu_target}\ntolerance = 0\n"
        );
        let given = dice.observed(length);
        let cpu: Vec<Option<f64>> = dice.observed(length).into_iter().map(|row| row.1).collect();
        // Quarters of an instance add up exactly in whichever order.
        let cpu = |t: usize| cpu[t].map(|percent| (percent * 100.0) % 200.0);
        let series = Series {
            signals: [
                given.iter().map(|row| row.1).collect(),
                vec![],
                (0..length).map(cpu).collect(),
                vec![],
            ],
            ..observed(Signal::Concurrency, &given)
        };
        let both: Vec<_> =
            given.iter().enumerate().map(|(t, row)| (row.0, row.1, cpu(t))).collect();
        let expected = cloud_run::replay((concurrency.into(), target, cpu_target), &both);
        let got = rows(&settings(&text), &series, None);
        assert_eq!(expected.len(), got.len(), "case {case}");
        for ((t, by_cpu, by_load, wanted), row) in expected.into_iter().zip(&got) {
            let cells: Vec<&str> = row.split(',').collect();
            assert_eq!(
                (cells[0], cells[4]),
                (&*t.to_string(), &*wanted.to_string()),
                "{case}: {row}"
            );
            for (expected, cell) in [(by_cpu, cells[2]), (by_load, cells[3])] {
                let near = match expected {
                    Some(mean) => (cell.parse::<f64>().unwrap() - mean).abs() < 1e-6,
                    None => cell.is_empty(),
                };
                assert!(near, "case {case}: {expected:?} at {row}");
            }
        }
    }
}
