//! The picture of a sweep, drawn from its table: along one axis lines with their intervals, over
//! two a heat map, over more of them small maps side by side.

mod curve;
mod heat;

use std::path::Path;

use super::axis;
use super::picture::{Picture, Strip};
use crate::error::Error;
use crate::output::sweep_table::{SweepTable, SweptAxis, SweptCell, SweptMetric};
use curve::Curve;
use heat::{Heat, Map, Square};

/// Maps of one picture.
const MAPS: usize = 24;
/// Metrics of one picture.
const METRICS: usize = 6;

/// The picture of a table.
///
/// # Errors
/// [`Error::Outside`] where the file can't be read, [`Error::Usage`] with file and line where it is
/// no such table.
pub fn pictures(path: &Path) -> Result<Vec<Picture>, Error> {
    let table = SweepTable::open(path)?;
    let strips: Vec<Box<dyn Strip>> = match table.axes.len() {
        0 => return Ok(Vec::new()),
        1 => curves(&table).into_iter().map(|curve| Box::new(curve) as Box<dyn Strip>).collect(),
        _ => vec![Box::new(map(&table))],
    };
    let axes: Vec<&str> = table.axes.iter().map(|axis| axis.name.as_str()).collect();
    let cells = table.cells.len();
    Ok(vec![Picture {
        name: "sweep".to_owned(),
        title: format!("a sweep over {}", axes.join(", ")),
        description: format!("What each of {cells} cells comes to, all under the same luck."),
        strips,
    }])
}

/// A metric's name, with its service.
fn named(metric: &SweptMetric) -> String {
    match metric.service.is_empty() {
        true => metric.metric.clone(),
        false => format!("{} {}", metric.service, metric.metric),
    }
}

/// A line for the share of runs that meet the thresholds, and one a metric.
fn curves(table: &SweepTable) -> Vec<Curve> {
    let axis = &table.axes[0];
    let mut by_value: Vec<Option<&SweptCell>> = vec![None; axis.values.len()];
    table.cells.iter().for_each(|cell| by_value[cell.at[0]] = Some(cell));
    let base = by_value.iter().position(|cell| cell.is_some_and(|cell| cell.is_base));
    let curve = |title: String, of: &dyn Fn(&SweptCell) -> [f64; 3], target| Curve {
        title,
        axis: axis.clone(),
        points: by_value.iter().map(|cell| cell.map(of)).collect(),
        target,
        base,
        is_last: false,
    };
    let mut curves = Vec::new();
    if table.is_judged() {
        let title = "runs that meet the thresholds, %, with its 95 % interval".to_owned();
        let met = |cell: &SweptCell| [cell.met_low, cell.met, cell.met_high].map(|n| 100.0 * n);
        curves.push(curve(title, &met, Some(100.0 * table.target)));
    }
    let metrics = table.cells.first().map(|cell| cell.metrics.as_slice()).unwrap_or_default();
    for (at, metric) in metrics.iter().enumerate().take(METRICS) {
        let factor = if metric.unit == "1" { 100.0 } else { 1.0 };
        let unit = if metric.unit == "1" { "%" } else { &metric.unit };
        let title = format!("{}, {unit}, with its 95 % interval", named(metric));
        let of = |cell: &SweptCell| {
            let metric = &cell.metrics[at];
            [metric.low, metric.middle, metric.high].map(|n| factor * n)
        };
        curves.push(curve(title, &of, None));
    }
    if let Some(last) = curves.last_mut() {
        last.is_last = true;
    }
    curves
}

/// The metric that is printed in the squares of a map: the share of failed requests, or the first.
fn printed(table: &SweepTable) -> usize {
    let metrics = table.cells.first().map(|cell| cell.metrics.as_slice()).unwrap_or_default();
    let failed = |m: &SweptMetric| m.metric == "failed_ratio" && m.service.is_empty();
    metrics.iter().position(failed).unwrap_or(0)
}

/// A number of a metric in a few letters.
fn short(number: f64, unit: &str) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    match unit {
        "1" => match 100.0 * number {
            p if p <= 0.0 => "0 %".to_owned(),
            p if p < 0.1 => "<0.1 %".to_owned(),
            p if p < 9.95 => format!("{p:.1} %"),
            p => format!("{p:.0} %"),
        },
        "s" => axis::latency(three(number)),
        _ => axis::number(three(number)),
    }
}

/// A number in three figures.
fn three(number: f64) -> f64 {
    format!("{number:.2e}").parse().unwrap_or(number)
}

/// All maps: rows are the last axis but one, columns the last; one map for each position on the
/// others.
fn map(table: &SweepTable) -> Heat {
    let at = printed(table);
    let judged = table.is_judged();
    let first = table.cells.first().and_then(|cell| cell.metrics.get(at));
    let (name, unit) = first.map_or((String::new(), ""), |m| (named(m), m.unit.as_str()));
    let number = |cell: &SweptCell| cell.metrics.get(at).map_or(f64::NAN, |m| m.middle);
    let known = || table.cells.iter().map(number).filter(|n| n.is_finite());
    let (least, most) = (known().fold(f64::MAX, f64::min), known().fold(f64::MIN, f64::max));
    let square = |cell: &SweptCell| Square {
        value: if judged { cell.met } else { number(cell) },
        shade: match judged {
            true => cell.met,
            false if most > least => (number(cell) - least) / (most - least),
            false => 0.5,
        },
        text: short(number(cell), unit),
        is_unclear: judged && cell.met_low < table.target && cell.met_high >= table.target,
        is_base: cell.is_base,
    };
    let (outer, inner) = table.axes.split_at(table.axes.len() - 2);
    let (rows, columns) = (&inner[0], &inner[1]);
    let mut maps: Vec<Map> = Vec::new();
    let mut of_map: Vec<Vec<usize>> = Vec::new();
    for cell in &table.cells {
        let (position, inside) = cell.at.split_at(outer.len());
        let known = of_map.iter().position(|known| known == position);
        let which = known.unwrap_or_else(|| {
            let part =
                |(axis, at): (&SweptAxis, &usize)| format!("{} {}", axis.name, axis.values[*at]);
            let title: Vec<String> = outer.iter().zip(position).map(part).collect();
            let squares = vec![None; rows.values.len() * columns.values.len()];
            maps.push(Map { title: title.join(", "), squares });
            of_map.push(position.to_vec());
            maps.len() - 1
        });
        maps[which].squares[inside[0] * columns.values.len() + inside[1]] = Some(square(cell));
    }
    let left_out = maps.len().saturating_sub(MAPS);
    maps.truncate(MAPS);
    let mut note = format!("printed: {name}");
    if left_out > 0 {
        note.push_str(&format!("; {left_out} more maps are in the table"));
    }
    Heat {
        title: match judged {
            true => "share of runs that meet the thresholds".to_owned(),
            false => format!("{name}: the darker, the more"),
        },
        note,
        rows: rows.clone(),
        columns: columns.clone(),
        maps,
        target: judged.then_some(table.target),
        unit: if judged { "1".to_owned() } else { unit.to_owned() },
    }
}
