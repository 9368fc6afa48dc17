//! Knative's autoscaler a second time, as plainly as its description: maps for windows, a decision
//! in one function, nothing kept that could be looked up. It shares no line with the program.

use std::collections::BTreeMap;

/// Settings, resolved by hand.
#[derive(Clone, Debug)]
pub struct Settings {
    pub total: f64,
    pub per_pod: f64,
    pub window: i64,
    pub panic_window: i64,
    pub threshold: f64,
    pub max_up: f64,
    pub max_down: f64,
    pub burst: f64,
    pub min: i64,
    pub max: i64,
    pub initial: i64,
    pub activation: i64,
    pub delay: i64,
    pub scale_to_zero: bool,
    pub grace: i64,
    pub retention: i64,
    pub deadline: i64,
    pub weighted: bool,
}

#[derive(Default)]
struct Window {
    seconds: i64,
    weighted: bool,
    buckets: BTreeMap<i64, f64>,
    first: i64,
    last: Option<i64>,
}

impl Window {
    fn record(&mut self, k: i64, v: f64) {
        match self.last {
            None => (self.first, self.last) = (k, Some(k)),
            Some(last) if k - last >= self.seconds => {
                self.buckets.clear();
                (self.first, self.last) = (k, Some(k));
            }
            Some(last) if last - k >= self.seconds => return,
            Some(last) => (self.first, self.last) = (self.first.min(k), Some(last.max(k))),
        }
        *self.buckets.entry(k).or_default() += v;
    }

    fn average(&self, now: i64) -> f64 {
        let Some(last) = self.last else { return 0.0 };
        let n = self.seconds;
        let gap = (now - last).max(0);
        if gap >= n {
            return 0.0;
        }
        let bucket = |k: i64| self.buckets.get(&k).copied().unwrap_or(0.0);
        if self.weighted {
            let c = (1.0 - libm::pow(0.0001, 1.0 / n as f64)).max(0.2);
            let weight = |i: i64| c * libm::pow(1.0 - c, (gap + i) as f64);
            return (0..n - gap).map(|i| bucket(last - i) * weight(i)).sum();
        }
        let count = (last - self.first + 1).min(n - gap);
        let sum: f64 = (last - (n - gap) + 1..=last).map(bucket).sum();
        (sum / count as f64 * 1e6).round() / 1e6
    }

    fn empty(&self, now: i64) -> bool {
        self.last.is_none_or(|last| now - last > self.seconds)
    }
}

/// A row, averages apart because they agree to a millionth only.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub t: i64,
    pub poke: bool,
    pub ready: i64,
    pub averages: Option<(f64, f64)>,
    pub desired: i64,
    pub burst: i64,
    pub panicking: bool,
    pub wanted: i64,
    pub replicas: i64,
    pub proxy: bool,
}

/// What is fed in a second.
pub enum Feed<'a> {
    /// Ready pods and the report, if there is one.
    Open(&'a [(i64, Option<f64>)]),
    /// Offered load, and the start-up time.
    Closed(&'a [f64], i64),
}

#[allow(clippy::too_many_lines, reason = "one function, as the description has it")]
pub fn replay(s: &Settings, feed: &Feed<'_>) -> Vec<Row> {
    let window = |seconds| Window { seconds, weighted: s.weighted, ..Window::default() };
    let (mut stable, mut panic) = (window(s.window), window(s.panic_window));
    let mut asked_at: Vec<i64> = match feed {
        Feed::Open(_) => vec![],
        Feed::Closed(..) => vec![0; s.initial as usize],
    };
    let seconds = match feed {
        Feed::Open(rows) => rows.len(),
        Feed::Closed(loads, _) => loads.len(),
    };
    let first_ready = match feed {
        Feed::Open(rows) => rows[0].0,
        Feed::Closed(..) => 0,
    };
    let mut panic_since = if first_ready > 1 { Some(0) } else { None };
    let mut max_panic = if first_ready > 1 { first_ready } else { 0 };
    let mut slots: BTreeMap<i64, i64> = BTreeMap::new();
    let mut desired = -1;
    let mut burst = match s.burst {
        b if b == -1.0 || b == 0.0 => b as i64,
        b => (s.initial as f64 * s.total - b).trunc() as i64,
    };
    let (mut pa, mut pa_since, mut initialized) = ("activating", 0, false);
    let mut proxy_since = Some(0);
    let (mut last_value, mut rows) = (0.0, vec![]);
    for t in 0..seconds as i64 {
        let (ready, report) = match feed {
            Feed::Open(given) => given[t as usize],
            Feed::Closed(loads, startup) => {
                let ready = asked_at.iter().filter(|at| **at + startup <= t).count() as i64;
                let load = loads[t as usize];
                let scraped = ready > 0 && s.burst != -1.0;
                let told = scraped || load > 0.0 || last_value > 0.0;
                last_value = load;
                (ready, told.then_some(load))
            }
        };
        if let Some(value) = report {
            stable.record(t, value);
            panic.record(t, value);
        }
        let tick = t > 0 && t % 2 == 0;
        let poke = t % 2 == 1 && report.is_some_and(|v| v > 0.0) && desired == 0;
        if !tick && !poke {
            continue;
        }
        // The decider.
        let averages = match (stable.empty(t), s.burst == -1.0) {
            (true, false) => None,
            (true, true) => Some((0.0, 0.0)),
            (false, _) => Some((stable.average(t), panic.average(t))),
        };
        if let Some((stable_avg, panic_avg)) = averages {
            let r = ready.max(1);
            let up = (s.max_up * r as f64).ceil() as i64;
            let down = (r as f64 / s.max_down).floor() as i64;
            let raw_s = (stable_avg / s.per_pod).ceil() as i64;
            let raw_p = (panic_avg / s.per_pod).ceil() as i64;
            let mut want_s = raw_s.max(down).min(up);
            let mut want_p = raw_p.max(down).min(up);
            if s.activation > 1 {
                if raw_s > 0 {
                    want_s = want_s.max(s.activation);
                }
                if raw_p > 0 {
                    want_p = want_p.max(s.activation);
                }
            }
            if raw_p as f64 / r as f64 >= s.threshold {
                panic_since = Some(t);
            } else if panic_since.is_some_and(|since| since + s.window < t) {
                panic_since = None;
                max_panic = 0;
            }
            desired = if panic_since.is_some() {
                max_panic = max_panic.max(want_s).max(want_p);
                max_panic
            } else {
                want_s
            };
            if s.delay > 0 {
                let slot = slots.entry(t / 2).or_insert(desired);
                *slot = (*slot).max(desired);
                let count = (s.delay + 1) / 2;
                desired = *slots.range(t / 2 - count + 1..=t / 2).map(|(_, v)| v).max().unwrap();
            }
            burst = match s.burst {
                0.0 => 0,
                -1.0 => -1,
                b => (ready as f64 * s.total - b - panic_avg).floor() as i64,
            };
        }
        // The controller.
        let mut lo = s.min;
        if s.initial > 1 && !initialized {
            lo = lo.max(s.initial);
        }
        let (want, apply) = 'plan: {
            if desired < 0 && pa != "activating" {
                break 'plan (desired, false);
            }
            let mut want = desired.max(lo);
            if s.max != 0 {
                want = want.min(s.max);
            }
            if want > 0 {
                break 'plan (want, true);
            }
            if !s.scale_to_zero {
                break 'plan (1, true);
            }
            let age = t - pa_since;
            match pa {
                "activating" if age > s.deadline + 30 => (0, true),
                "activating" => (-1, false),
                "active" if age >= s.window => (0, false),
                "active" => (1, true),
                _ if age >= s.grace.max(s.retention) => (0, true),
                _ if s.retention > 0 && age < s.retention => (0, false),
                _ if proxy_since.is_some_and(|since| t - since >= s.grace) => (0, true),
                _ => (0, false),
            }
        };
        if want > 0 && burst >= 0 && ready > 0 {
            proxy_since = None;
        } else if proxy_since.is_none() {
            proxy_since = Some(t);
        }
        let required = s.min.max(if initialized { 1 } else { s.initial });
        if ready >= required {
            initialized = true;
        }
        let next = if want == 0 || required == 0 {
            "inactive"
        } else if want > 0 || pa != "inactive" {
            if ready < required { "activating" } else { "active" }
        } else {
            pa
        };
        if next != pa {
            (pa, pa_since) = (next, t);
        }
        if let (true, Feed::Closed(..)) = (apply, feed) {
            asked_at.resize(want as usize, t);
        }
        let (panicking, proxy) = (panic_since.is_some(), proxy_since.is_some());
        let replicas = asked_at.len() as i64;
        rows.push(Row {
            t,
            poke,
            ready,
            averages,
            desired,
            burst,
            panicking,
            wanted: want,
            replicas,
            proxy,
        });
    }
    rows
}
