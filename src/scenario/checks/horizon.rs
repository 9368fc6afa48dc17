//! What depends on the length of the run, which a recorded load may decide.

use super::thresholds::windows;
use crate::scenario::source::{Findings, Place};
use crate::scenario::timeline::until;
use crate::scenario::tree::Node;
use crate::units::SimDuration;

/// Rows of the time series, all services together.
const ROWS: u64 = 20_000_000;

/// Checks a scenario against the length of its run.
pub(in crate::scenario) fn horizon(
    root: &Node,
    length: SimDuration,
    interval: SimDuration,
    found: &mut Findings,
) {
    let services = root.get("services").map_or(0, |s| s.entries().len()) as u64;
    let given = root.get("sample_interval").or(root.get("duration"));
    let place = given.map_or(Place::default(), |n| n.place.clone());
    if root.get("sample_interval").is_some() && interval > length {
        let label = format!("the run is {length} long");
        found.error("sample_interval is longer than the run", &place, label);
    }
    let rows = length.0.div_ceil(interval.0.max(1)).saturating_mul(services);
    if rows > ROWS {
        let label = format!("{rows} rows, at most {ROWS}");
        let finding = found.error("the time series would be too long", &place, label);
        finding.help("choose a longer sample_interval, or leave it out");
    }
    for entry in root.get("timeline").map(Node::items).unwrap_or_default() {
        entry_in(entry, length, found);
    }
    windows(root, length, interval, found);
}

fn entry_in(entry: &Node, length: SimDuration, found: &mut Findings) {
    let Some((at, begins)) = entry.get("at").and_then(|at| Some((at, at.duration()?))) else {
        return;
    };
    let end = entry.get("until").or_else(|| entry.get("for"));
    if begins >= length {
        let label = format!("the run is {length} long");
        found.warning("the entry is after the end of the run", &at.place, label);
    } else if let (Some(end), Some(ends)) = (end, until(entry))
        && ends > length
    {
        let label = format!("the run ends at {length}, this at {ends}");
        found.warning("the entry ends after the end of the run", &end.place, label);
    }
}
