//! Pictures, drawn from tables and from nothing else.
//!
//! A folder's pictures are those of its tables: `DRAWN` has what draws each. What draws makes
//! [`Picture`]s, strips under each other; a [`Look`] gives a picture its paper and its size, and
//! makes it a file. The same tables give the same bytes.
//!
//! ```text
//! tables ── run, … ──► Picture of Strips ── a Look ──► Scenes ── svg, bitmap ──► files
//! ```

mod axis;
mod bands;
mod bitmap;
mod blast;
mod breakpoint;
mod compared;
mod decisions;
mod lives;
mod matrix;
mod palette;
mod panel;
mod picture;
mod recovery;
mod rows;
mod run;
mod scaling;
mod scene;
mod svg;
mod sweep;
mod touched;
mod validation;
mod verdict;

use std::path::Path;

pub use decisions::decisions;
pub use matrix::{Cell, Matrix};
pub use palette::{Theme, Tone};
pub use picture::{Form, Look, Page, Picture, Size, Strip};
pub use rows::{Row, Rows};
pub use svg::{escaped, style};

use super::csv;
use crate::error::Error;

/// What draws the pictures of a table that lies in a folder of results.
type Draws = fn(&Path) -> Result<Vec<Picture>, Error>;

/// A table that is drawn.
struct Table {
    /// Its name in a folder.
    file: &'static str,
    /// Columns by which it is known when it lies elsewhere.
    columns: &'static [&'static str],
    draws: Draws,
}

/// Every table that is drawn.
const DRAWN: &[Table] = &[
    Table { file: "timeseries.csv", columns: &[], draws: run::pictures },
    Table {
        file: "comparison.csv",
        columns: &["second", "relative", "relative_low", "p_holm"],
        draws: compared::whiskers,
    },
    Table {
        file: "curves.csv",
        columns: &["second", "t_s", "first_mean", "difference"],
        draws: compared::curves,
    },
    Table {
        file: "pairs.csv",
        columns: &["second", "first_value", "second_value"],
        draws: compared::pairs,
    },
    Table { file: "blast_radius.csv", columns: blast::COLUMNS, draws: blast::pictures },
    Table { file: "breakpoint.csv", columns: breakpoint::COLUMNS, draws: breakpoint::pictures },
    Table { file: "validation.csv", columns: validation::COLUMNS, draws: validation::pictures },
    Table {
        file: crate::output::sweep::TABLE,
        columns: &["cell", "base", "met_ratio", "metric"],
        draws: sweep::pictures,
    },
];

/// The pictures of a folder of results.
///
/// # Errors
/// [`Error::Outside`] where a table can't be read, [`Error::Usage`] with file and line where it is
/// no such table.
pub fn of_folder(folder: &Path) -> Result<Vec<Picture>, Error> {
    let mut pictures = Vec::new();
    for table in DRAWN {
        let path = folder.join(table.file);
        if path.exists() {
            pictures.extend((table.draws)(&path)?);
        }
    }
    Ok(pictures)
}

/// The pictures of one table that lies anywhere; absent where it is none that is drawn by itself.
///
/// # Errors
/// See [`of_folder`].
pub fn of_table(path: &Path) -> Result<Option<Vec<Picture>>, Error> {
    let header = csv::header(path)?;
    let has = |column: &str| header.iter().any(|name| name == column);
    let by_itself = DRAWN.iter().filter(|table| !table.columns.is_empty());
    let known = by_itself.into_iter().find(|table| table.columns.iter().all(|c| has(c)));
    known.map(|table| (table.draws)(path)).transpose()
}
