//! Small multiples: the key calls of several services on the same axes, and how long each took to
//! clear its backlog once its key was usable again.

use std::rc::Rc;

use super::panel::{Body, Panel, Time};
use super::run::{any, key_calls, shortened, sum, with_quota};
use crate::output::csv::Table;

/// Services of one picture.
const SERVICES: std::ops::RangeInclusive<usize> = 2..=12;

/// Height of a plot in pixels.
const PLOT: f64 = 110.0;

/// The key calls of a service.
pub struct Recovery {
    panel: Panel,
    /// The quota at each row.
    quota: Table,
}

/// The panel of a service, where the service called a key.
pub fn of(service: &str, rows: &Table, time: &Rc<Time>) -> Option<Recovery> {
    let panel = key_calls(rows, time);
    let Body::Series(series) = &panel.body else { return None };
    if !series.lines.iter().any(any) {
        return None;
    }
    let title = format!("{}: {}", shortened(service), panel.title);
    let panel = Panel { title, note: cleared(rows, time), plot: PLOT, ..panel };
    Some(Recovery { panel, quota: rows.only("quota_limit") })
}

/// The panels of several services with one value axis; none where there are too few, or too many
/// for one picture.
pub fn together(services: Vec<Recovery>) -> Option<Vec<Panel>> {
    if !SERVICES.contains(&services.len()) {
        return None;
    }
    let reach = |panels: &mut dyn Iterator<Item = &Panel>| {
        panels
            .filter_map(|panel| match &panel.body {
                Body::Series(series) => Some(series.greatest()),
                Body::Lives(_) => None,
            })
            .fold(0.0, f64::max)
    };
    let reaching = |mut panel: Panel, reach: f64| {
        if let Body::Series(series) = &mut panel.body {
            series.reach = reach;
        }
        panel
    };
    let highest = reach(&mut services.iter().map(|service| &service.panel));
    let quotas = services
        .into_iter()
        .map(|Recovery { panel, quota }| with_quota(reaching(panel, highest), &quota));
    let panels: Vec<Panel> = quotas.collect();
    let highest = reach(&mut panels.iter());
    Some(panels.into_iter().map(|panel| reaching(panel, highest)).collect())
}

/// How long after the end of the last block no start waited for the key or to be tried again, and
/// no request for an instance, from then until the end of the run.
fn cleared(rows: &Table, time: &Time) -> String {
    let Some(end) = time.blocks.iter().map(|block| block.until).reduce(f64::max) else {
        return String::new();
    };
    if end >= time.until {
        return "blocked until the end of the run".to_owned();
    }
    let backlog = sum(rows, &["instances_unlocking", "starts_backing_off", "pending"]);
    let after = time.rows.partition_point(|&t| t < end);
    match backlog[after..].iter().rposition(|&n| n > 0.0) {
        None => "no backlog after the return".to_owned(),
        Some(last) => match time.rows.get(after + last + 1) {
            Some(at) => format!("cleared {} after the return", length(at - end)),
            None => "backlog not cleared by the end of the run".to_owned(),
        },
    }
}

/// A length of time in words.
pub fn length(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 3_600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s}s"),
        (h, m, s) => format!("{h}h {m}m {s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::panel::Block;
    use super::*;

    #[test]
    fn a_backlog_is_cleared_when_it_stays_away() {
        let check = |pending: [u32; 6], until: f64, expected: &str| {
            let mut text =
                "t_s,service,instances_unlocking,starts_backing_off,pending\n".to_owned();
            for (t, n) in pending.iter().enumerate() {
                text.push_str(&format!("{},web,0,0,{n}\n", 10 * t));
            }
            let rows = Table::read(
                text.as_bytes(),
                &["service"],
                &["instances_unlocking", "starts_backing_off", "pending"],
                |_| true,
            )
            .expect("a table");
            let label = String::new();
            let block = Block { kind: "quota".to_owned(), label, from: 0.0, until };
            let ends = (1..=6).map(|i| f64::from(10 * i)).collect();
            let time =
                Time { rows: ends, from: 0.0, until: 60.0, blocks: vec![block], marks: Vec::new() };
            assert_eq!(cleared(&rows, &time), expected, "{pending:?}");
        };
        check([9, 9, 3, 0, 0, 0], 20.0, "cleared 20s after the return");
        check([9, 9, 0, 3, 0, 0], 20.0, "cleared 30s after the return");
        check([9, 0, 0, 0, 0, 0], 20.0, "no backlog after the return");
        check([9, 9, 9, 9, 9, 9], 20.0, "backlog not cleared by the end of the run");
        check([9, 9, 9, 9, 9, 9], 60.0, "blocked until the end of the run");
        assert_eq!(length(192.4), "3m 12s");
        assert_eq!(length(3_600.0), "1h 0m 0s");
    }
}
