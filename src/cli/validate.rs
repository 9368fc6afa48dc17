//! `keyscale validate`: everything that can be said of scenarios without running them.

use super::args::Validate;
use super::console::Console;
use super::numbers::{count, counted, length};
use super::read::{Ready, read_all};
use crate::error::exit;
use crate::scenario::Trace;

/// Checks scenarios and their load files; the exit code.
pub(super) fn validate(asked: &Validate, console: &mut Console<'_>) -> u8 {
    let all = read_all(&asked.what, asked.talk, console);
    let good: Vec<&Ready> = all.iter().flatten().collect();
    for ready in &good {
        let path = ready.path.display();
        console.out(format!("{path}: valid: {}\n", described(ready)));
    }
    if good.len() == all.len() { exit::OK } else { exit::USAGE }
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
