//! What runs came to beside what others say they must: a forest plot of `validation.csv`.
//!
//! A row's distance from what is expected is measured in its tolerance, so that quantities of all
//! units stand on one axis.

use std::path::Path;

use super::palette::Tone;
use super::picture::Picture;
use super::rows::{Row, Rows};
use crate::error::Error;
use crate::output::csv::Table;
use crate::output::validation::shown;

/// The columns by which the table is known.
pub const COLUMNS: &[&str] =
    &["case", "quantity", "unit", "pass", "expected", "tolerance", "simulated", "half_width"];

/// The picture of what is judged.
///
/// # Errors
/// See [`Table::open`].
pub fn pictures(table: &Path) -> Result<Vec<Picture>, Error> {
    let [names, numbers] = [&COLUMNS[..4], &COLUMNS[4..]];
    let table = Table::open(table, names, numbers, |_| true)?;
    let [cases, quantities, units, _] = [0, 1, 2, 3].map(|i| table.texts(names[i]));
    let standings = table.texts("pass");
    let [expected, tolerances, simulated, halves] = [0, 1, 2, 3].map(|i| table.numbers(numbers[i]));
    let mut rows: Vec<Row> = Vec::new();
    let (mut judged, mut failed, mut told) = (0, 0, 0);
    let mut last = "";
    for i in 0..table.len() {
        let tolerance = tolerances[i];
        if !(tolerance > 0.0 && expected[i].is_finite() && simulated[i].is_finite()) {
            told += 1;
            continue;
        }
        if cases[i] != last {
            rows.push(Row { name: cases[i].clone(), ..Row::default() });
            last = &cases[i];
        }
        let passes = standings[i] == "pass";
        judged += 1;
        failed += usize::from(!passes);
        let off = (simulated[i] - expected[i]) / tolerance;
        let half = if halves[i].is_finite() { halves[i] / tolerance } else { 0.0 };
        let [simulated, expected] = [simulated[i], expected[i]].map(|n| shown(n, &units[i]));
        rows.push(Row {
            name: format!("   {}", quantities[i]),
            value: Some(off),
            within: (half > 0.0).then_some((off - half, off + half)),
            text: format!("{simulated}, expected {expected}"),
            tone: if passes { Tone::Serving } else { Tone::Died },
            hollow: !passes,
        });
    }
    let others =
        if told > 0 { format!("; {told} more are told and not judged") } else { String::new() };
    let rows = Rows {
        class: "validation",
        title: "simulated beside expected, with 95 % intervals".to_owned(),
        note: format!("{judged} numbers, {failed} beyond their tolerance (hollow){others}"),
        axis: "distance from what is expected, in tolerances".to_owned(),
        span: (-1.2, 1.2),
        shaded: Some((-1.0, 1.0)),
        rules: vec![0.0],
        rows,
    };
    Ok(vec![Picture {
        name: "validation".to_owned(),
        title: rows.title.clone(),
        description: format!(
            "A row a number: the dot is what {} came to, less what is expected, over what it may \
             be off by; whiskers are its 95 % interval. {}.",
            "simulation", rows.note
        ),
        strips: vec![Box::new(rows)],
    }])
}
