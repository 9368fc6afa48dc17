//! The horizontal pod autoscaler a second time, as plainly as its description. It shares no line
//! with the program.

/// Rules of one direction.
#[derive(Clone, Debug)]
pub struct Rules {
    pub window: i64,
    pub select: &'static str,
    pub tolerance: Option<f64>,
    /// Whether the value is per cent, the value, the period.
    pub policies: Vec<(bool, i64, i64)>,
}

/// Settings.
#[derive(Clone, Debug)]
pub struct Settings {
    pub min: i64,
    pub max: i64,
    /// In thousandths; for CPU per cent.
    pub target: i64,
    pub cpu: bool,
    pub tolerance: f64,
    pub sync: i64,
    pub stabilization: i64,
    /// Up and down.
    pub behavior: Option<(Rules, Rules)>,
}

/// What is fed: ready pods with what was observed, or the offered load with the start-up time.
pub enum Feed<'a> {
    Open(&'a [(i64, Option<f64>)]),
    Closed(&'a [f64], i64),
}

/// Time, ready, current, desired, reason, replicas.
pub type Row = (i64, i64, i64, i64, &'static str, i64);

fn ceil(x: f64) -> i64 {
    x.ceil() as i64
}

#[allow(clippy::too_many_lines, reason = "one function, as the description has it")]
pub fn replay(s: &Settings, feed: &Feed<'_>) -> Vec<Row> {
    let mut asked_at = match feed {
        Feed::Open(_) => vec![],
        Feed::Closed(..) => vec![0_i64; s.min as usize],
    };
    let seconds = match feed {
        Feed::Open(rows) => rows.len() as i64,
        Feed::Closed(loads, _) => loads.len() as i64,
    };
    let (mut log, mut ups, mut downs) =
        (Vec::<(i64, i64)>::new(), Vec::<(i64, i64)>::new(), Vec::<(i64, i64)>::new());
    let mut rows = vec![];
    for t in (s.sync..seconds).step_by(s.sync as usize) {
        // In thousandths for the whole; for CPU in per cent, the mean over the ready pods.
        let (ready, unready, value) = match feed {
            Feed::Open(given) => {
                let (ready, value) = given[t as usize];
                (ready, 0, value)
            }
            Feed::Closed(loads, startup) => {
                let ready = asked_at.iter().filter(|at| **at + startup <= t).count() as i64;
                (ready, asked_at.len() as i64 - ready, Some(loads[t as usize - 1]))
            }
        };
        let current = ready + unready;
        if log.is_empty() {
            log.push((current, t));
        }
        let ratio_over = |count: i64| {
            let value = value.unwrap();
            let used = if s.cpu {
                (value * ready as f64 / count as f64).floor()
            } else {
                (((value * 1e3).round() as i64) / count) as f64
            };
            used / s.target as f64
        };
        let tolerance =
            |rules: Option<&Rules>| rules.and_then(|r| r.tolerance).unwrap_or(s.tolerance);
        let up_tolerance = tolerance(s.behavior.as_ref().map(|b| &b.0));
        let down_tolerance = tolerance(s.behavior.as_ref().map(|b| &b.1));
        let inside = |ratio: f64| 1.0 - down_tolerance <= ratio && ratio <= 1.0 + up_tolerance;
        let (desired, reason) = 'decide: {
            if current == 0 {
                break 'decide (0, "ScalingDisabled");
            }
            if current > s.max {
                break 'decide (s.max, "TooManyReplicas");
            }
            if current < s.min {
                break 'decide (s.min, "TooFewReplicas");
            }
            if ready == 0 || value.is_none() {
                break 'decide (current, "metrics_failed");
            }
            let ratio = ratio_over(ready);
            let want = if unready == 0 || ratio <= 1.0 {
                if inside(ratio) { current } else { ceil(ratio * ready as f64) }
            } else {
                let ratio2 = ratio_over(ready + unready);
                let want = ceil(ratio2 * (ready + unready) as f64);
                if inside(ratio2) || ratio2 < 1.0 || ratio2 > 1.0 && want < current {
                    current
                } else {
                    want
                }
            };
            let Some((up, down)) = &s.behavior else {
                let mut stable = want;
                let mut old = None;
                for (i, &(logged, at)) in log.iter().enumerate() {
                    if t - at > s.stabilization {
                        old = Some(i);
                    } else {
                        stable = stable.max(logged);
                    }
                }
                match old {
                    Some(i) => log[i] = (want, t),
                    None => log.push((want, t)),
                }
                let cap = (2 * current).max(4);
                let allowed = cap.min(s.max);
                break 'decide if stable > allowed {
                    (allowed, if cap < s.max { "ScaleUpLimit" } else { "TooManyReplicas" })
                } else if stable < s.min {
                    (s.min, "TooFewReplicas")
                } else {
                    (stable, "DesiredWithinRange")
                };
            };
            let (mut lo, mut hi, mut old) = (want, want, None);
            for (i, &(logged, at)) in log.iter().enumerate() {
                let age = t - at;
                if age < up.window {
                    lo = lo.min(logged);
                }
                if age < down.window {
                    hi = hi.max(logged);
                }
                if age > up.window && age > down.window {
                    old = Some(i);
                }
            }
            match old {
                Some(i) => log[i] = (want, t),
                None => log.push((want, t)),
            }
            let stable = current.max(lo).min(hi);
            let changed = |events: &[(i64, i64)], period: i64| -> i64 {
                events.iter().filter(|e| t - e.1 < period).map(|e| e.0).sum()
            };
            let start = |period: i64| current - changed(&ups, period) + changed(&downs, period);
            if stable > current {
                let each = up.policies.iter().map(|&(percent, value, period)| match percent {
                    false => start(period) + value,
                    true => ceil(start(period) as f64 * (1.0 + value as f64 / 100.0)),
                });
                let limit = match up.select {
                    "Max" => each.max().unwrap(),
                    "Min" => each.min().unwrap(),
                    _ => current,
                };
                let limit = limit.max(current);
                let top = s.max.min(limit);
                if stable > top {
                    let short = limit < s.max;
                    break 'decide (top, if short { "ScaleUpLimit" } else { "TooManyReplicas" });
                }
            } else if stable < current {
                let each = down.policies.iter().map(|&(percent, value, period)| match percent {
                    false => start(period) - value,
                    true => (start(period) as f64 * (1.0 - value as f64 / 100.0)) as i64,
                });
                let limit = match down.select {
                    "Max" => each.min().unwrap(),
                    "Min" => each.max().unwrap(),
                    _ => current,
                };
                let limit = limit.min(current);
                let bottom = s.min.max(limit);
                if stable < bottom {
                    let short = limit > s.min;
                    break 'decide (
                        bottom,
                        if short { "ScaleDownLimit" } else { "TooFewReplicas" },
                    );
                }
            }
            (stable, "DesiredWithinRange")
        };
        if let (Some((up, down)), true) = (&s.behavior, desired != current) {
            let (events, rules) =
                if desired > current { (&mut ups, up) } else { (&mut downs, down) };
            let longest = rules.policies.iter().map(|p| p.2).max().unwrap();
            let event = ((desired - current).abs(), t);
            match (0..events.len()).rev().find(|&i| t - events[i].1 > longest) {
                Some(i) => events[i] = event,
                None => events.push(event),
            }
        }
        if let Feed::Closed(..) = feed {
            asked_at.resize(desired as usize, t);
        }
        rows.push((t, ready, current, desired, reason, asked_at.len() as i64));
    }
    rows
}
