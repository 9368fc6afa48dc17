//! `keyscale validate`: everything that can be said of scenarios without running them.

use super::args::Validate;
use super::console::Console;
use super::numbers::{count, counted, figures, length};
use super::read::{Ready, read_all};
use crate::error::exit;
use crate::scenario::{Join, Load, LoadKind, Service, Spread, Trace};
use crate::world::expected_arrivals;

/// Checks scenarios and their load files; the exit code.
pub(super) fn validate(asked: &Validate, console: &mut Console<'_>) -> u8 {
    let all = read_all(&asked.what, asked.talk, console);
    let good: Vec<&Ready> = all.iter().flatten().collect();
    for ready in &good {
        let path = ready.path.display();
        console.out(format!("{path}: valid: {}\n", described(ready)));
        loads(ready).iter().for_each(|line| console.out(format!("  {line}\n")));
    }
    if good.len() == all.len() { exit::OK } else { exit::USAGE }
}

/// What each source of load brings, a line each: the names of its service and its own, what it is,
/// and its requests on average.
fn loads(ready: &Ready) -> Vec<String> {
    let scenario = &ready.checked.scenario;
    let line = |service: &Service, load: &Load| {
        let what = kind(load, &ready.traces);
        let spikes = match load.spikes.len() as u64 {
            0 => String::new(),
            n => format!(" with {}", counted(n, "spike")),
        };
        let brings = match expected_arrivals(load, &ready.traces, ready.duration) {
            Some(total) => {
                let rate = figures(total / ready.duration.as_secs_f64().max(1e-9));
                format!(", {rate}/s on average, {} requests", count(total.round() as u64))
            }
            None => String::new(),
        };
        format!("{}/{}: {what}{spikes}{brings}", service.name, load.name)
    };
    scenario.services.iter().flat_map(|s| s.load.iter().map(move |l| line(s, l))).collect()
}

/// What a source is, in words.
fn kind(load: &Load, traces: &[Trace]) -> String {
    match &load.kind {
        LoadKind::Constant { .. } => "constant".to_owned(),
        LoadKind::Poisson { .. } => "poisson".to_owned(),
        LoadKind::Profile { points, join } => {
            let join = match join {
                Join::Steps => "steps",
                Join::Lines => "lines",
            };
            format!("profile of {} in {join}", counted(points.len() as u64, "point"))
        }
        LoadKind::Wave { cycles, .. } => {
            let periods: Vec<String> = cycles.iter().map(|c| length(c.period)).collect();
            format!("wave of {}", periods.join(" and "))
        }
        LoadKind::Bursty(bursty) => {
            let [low, high] = bursty.rates.map(|rate| figures(rate.per_second()));
            let dispersion = figures(bursty.dispersion());
            format!("bursty between {low}/s and {high}/s, index of dispersion {dispersion}")
        }
        LoadKind::ClosedLoop { clients, think } => {
            let think = length(think.mean());
            format!("closed loop of {} who think {think}", counted((*clients).into(), "client"))
        }
        LoadKind::Trace(trace) => {
            let trace = &traces[trace.index()];
            let spread = match trace.spread {
                None if !trace.works.is_empty() => "instants and service times",
                None => "instants",
                Some(Spread::Uniform) => "counts, spread uniformly",
                Some(Spread::Even) => "counts, spread evenly",
                Some(Spread::Poisson) => "counts as means",
            };
            let again = if trace.looped { ", looped" } else { "" };
            format!("recorded {spread}{again}")
        }
    }
}

/// A scenario in half a line: its parts and its length.
pub(super) fn described(ready: &Ready) -> String {
    let scenario = &ready.checked.scenario;
    let mut parts = vec![counted(scenario.services.len() as u64, "service")];
    if !scenario.keys.is_empty() {
        parts.push(counted(scenario.keys.len() as u64, "key"));
    }
    if !ready.traces.is_empty() {
        let total: u64 = ready.traces.iter().map(Trace::total).sum();
        parts.push(format!("{} recorded arrivals", count(total)));
    }
    parts.push(match scenario.warm_up.0 {
        0 => length(ready.duration),
        _ => format!("{} after {} of warm-up", length(ready.duration), length(scenario.warm_up)),
    });
    for (number, noun) in
        [(scenario.thresholds.len(), "threshold"), (scenario.expects.len(), "expectation")]
    {
        if number > 0 {
            parts.push(counted(number as u64, noun));
        }
    }
    parts.push(format!("seed {}", scenario.seed));
    parts.join(", ")
}
