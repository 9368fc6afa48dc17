//! The picture of a replay: the load of its series with the means that the policy made of it, and
//! ready and wanted instances.

use std::path::Path;
use std::rc::Rc;

use super::palette::Tone;
use super::panel::{Body, Layer, Line, Panel, Scale, Series, Stroke, Texture, Time};
use super::picture::Picture;
use super::run::{line, picture, stacked};
use crate::error::Error;
use crate::output::csv::Table;

/// What a series may say of a second, by the panel that shows it: the columns, title and unit.
const LOADS: [(&[&str], &str, &str); 3] = [
    (&["load", "concurrency"], "load", "requests"),
    (&["rps"], "requests that came", "requests/s"),
    (&["cpu_utilization"], "CPU of the ready instances", "%"),
];

/// Columns of decisions that are drawn.
const DECIDED: &[&str] = &["t_s", "ready", "wanted", "desired", "stable", "panic"];

/// Draws the decisions of a replay, as CSV, under the series that it went over.
///
/// # Errors
/// [`Error::Outside`] where the series can't be read, [`Error::Usage`] where one is no such table.
pub fn decisions(name: &str, series: &Path, rows: &[u8]) -> Result<Picture, Error> {
    let seen = ["t_s", "load", "concurrency", "rps", "cpu_utilization"];
    let seen = Table::open(series, &[], &seen, |_| true)?;
    let decided = Table::read_bytes(rows, DECIDED)?;
    let axis = |table: &Table| {
        let times = seen.numbers("t_s");
        let (from, until) = (times.first().copied(), times.last().copied());
        let (from, until) = (from.unwrap_or(0.0), until.unwrap_or(0.0) + 1.0);
        let rows = table.numbers("t_s");
        Rc::new(Time { rows, from, until, blocks: Vec::new(), marks: Vec::new() })
    };
    let (seconds, times) = (axis(&seen), axis(&decided));
    let there = |line: &Line| line.values.iter().any(|value| value.is_finite());
    let mut panels = Vec::new();
    for (columns, title, unit) in LOADS {
        let mut series = Series::on(Scale::Linear);
        let found =
            columns.iter().map(|column| line("observed", Tone::Arrivals, seen.numbers(column)));
        series.lines = found.filter(there).collect();
        if !series.lines.is_empty() {
            let panel = Panel::new("load", title, unit, &seconds, "nothing was there");
            panels.push(Panel { body: Body::Series(series), ..panel });
        }
    }
    // Only Knative tells its means; they are of the one load that it looks at.
    let means =
        [("mean of the window", Tone::Served, "stable"), ("panic window", Tone::Refused, "panic")];
    let means: Vec<Line> = means
        .map(|(name, tone, column)| line(name, tone, decided.numbers(column)))
        .into_iter()
        .filter(there)
        .collect();
    if !means.is_empty() {
        let mut series = Series::on(Scale::Linear);
        series.lines = means;
        let panel = Panel::new("means", "means that decide", "", &times, "nothing was there");
        panels.push(Panel { body: Body::Series(series), ..panel });
    }
    let known = |values: Vec<f64>| -> Vec<f64> {
        // Less than none stands for nothing known.
        values.into_iter().map(|n| if n < 0.0 { f64::NAN } else { n }).collect()
    };
    let mut series = Series::on(Scale::Linear);
    let (ready, tone, texture) = ("ready", Tone::Idle, Texture::Plain);
    series.layers = vec![Layer { name: ready, tone, texture, values: decided.numbers(ready) }];
    let wanted = ["wanted", "desired"].map(|column| known(decided.numbers(column)));
    let wanted = wanted.into_iter().find(|values| values.iter().any(|n| n.is_finite()));
    let wanted = line("wanted", Tone::Ink, wanted.unwrap_or_default());
    series.lines = vec![Line { stroke: Stroke::Dashed, ..wanted }];
    let panel = Panel::new("instances", "instances", "instances", &times, "no instances");
    panels.push(Panel { body: Body::Series(series), ..panel });
    let title = format!("{name}: what the policy decides");
    Ok(picture(name.to_owned(), title, stacked(panels)))
}
