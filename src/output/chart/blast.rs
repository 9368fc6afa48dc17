//! Who took a quota from whom: of the calls that each user was denied, what the others used
//! meanwhile.

use std::path::Path;

use super::matrix::{Cell, Matrix};
use super::palette::Tone;
use super::picture::Picture;
use crate::error::Error;
use crate::output::csv::Table;
use crate::output::numbers::count;

/// The columns by which the table is known.
pub const COLUMNS: &[&str] = &["quota", "user", "taken_by", "denied_part"];

/// The picture of each quota at which somebody was denied a call; none where nobody was.
///
/// # Errors
/// See [`Table::open`].
pub fn pictures(table: &Path) -> Result<Vec<Picture>, Error> {
    let parts = Table::open(table, &COLUMNS[..3], &COLUMNS[3..], |_| true)?;
    let [quotas, users, takers] = [0, 1, 2].map(|i| parts.texts(COLUMNS[i]));
    let denied = parts.numbers(COLUMNS[3]);
    let mut seen: Vec<&str> = quotas.iter().map(String::as_str).collect();
    seen.dedup();
    let several = seen.len() > 1;
    let picture = |quota: &&str| {
        let of = || (0..parts.len()).filter(|&i| quotas[i] == *quota);
        let rows = distinct(of().map(|i| users[i].as_str()));
        // Those who are denied come in the same order as those who take.
        let columns = distinct(rows.iter().copied().chain(of().map(|i| takers[i].as_str())));
        let columns: Vec<&str> =
            columns.into_iter().filter(|name| of().any(|i| takers[i] == *name)).collect();
        let cell = |row: &str, column: &str| -> f64 {
            of().filter(|&i| users[i] == row && takers[i] == column).map(|i| denied[i]).sum()
        };
        let cells = rows.iter().map(|row| {
            let parts: Vec<f64> = columns.iter().map(|column| cell(row, column)).collect();
            let all: f64 = parts.iter().sum();
            let cell = |part: &f64| match *part {
                0.0 => Cell::default(),
                part => Cell { strength: part / all.max(1e-9), text: calls(part) },
            };
            parts.iter().map(cell).collect()
        });
        let matrix = Matrix {
            class: "blast-radius",
            title: format!("quota {quota}: whose calls were denied, and who used it meanwhile"),
            note: "denied calls; the darker, the greater part of a row".to_owned(),
            cells: cells.collect(),
            rows: rows.into_iter().map(str::to_owned).collect(),
            columns: columns.into_iter().map(str::to_owned).collect(),
            axes: ["denied", "used by"],
            tone: Tone::Refused,
        };
        let end = if several {
            format!("-{}", quota.replace(['/', '\\', '\0'], "_"))
        } else {
            String::new()
        };
        Picture {
            name: format!("blast_radius{end}"),
            title: matrix.title.clone(),
            description:
                "A row a user of the quota whose calls were denied, a column a user of it \
                          meanwhile; a cell has the denied calls that are laid to the other."
                    .to_owned(),
            strips: vec![Box::new(matrix)],
        }
    };
    Ok(seen.iter().map(picture).collect())
}

/// Names in the order in which they first come.
fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

/// A part of calls.
fn calls(part: f64) -> String {
    match part {
        p if p < 10.0 => format!("{p:.1}"),
        p => count(p.round() as u64),
    }
}
