//! What remains of the failures of a run when a cause is switched off, told side by side.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::args::{Run, Talk};
use super::console::Console;
use super::numbers::{count, share};
use super::read::{Ready, read_all};
use super::text::{why, words_of};
use crate::output::Written;
use crate::record::SummaryRow;
use crate::scenario::Override;

/// A run to compare with the one as it is.
#[derive(Debug)]
pub(super) struct Variant<'a> {
    /// The cause that is switched off.
    pub cause: &'a str,
    /// The scenario without it.
    pub ready: Ready,
}

/// A scenario without each of the causes that were asked for, in turn. What the scenario itself
/// switches off stays off.
pub(super) fn variants<'a>(
    asked: &'a Run,
    base: &Ready,
    console: &mut Console<'_>,
) -> Option<Vec<Variant<'a>>> {
    let off: Vec<&str> = base.checked.scenario.without.names().collect();
    let one = |cause: &'a String| {
        let mut what = asked.what.clone();
        what.scenarios = vec![base.path.clone()];
        let mut causes = off.clone();
        causes.push(cause);
        what.set.push(Override { key: "without".to_owned(), value: format!("{causes:?}") });
        let quiet = Talk { quiet: true, verbose: false };
        let ready = read_all(&what, quiet, console).pop()??;
        Some(Variant { cause, ready })
    };
    asked.without.iter().map(one).collect()
}

/// Prints the failures of the run as it is, and those that remain without each cause.
pub(super) fn told(base: &Written, rest: &[(&str, Written)], console: &mut Console<'_>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(console.width().clamp(40, 200) as u16);
    table.set_header(["same luck", "failed", "share", "why they failed"]);
    let mut row = |name: String, written: &Written| {
        if let Some(total) = written.summary.iter().find(|row| row.service.is_empty()) {
            table.add_row(cells(name, total));
        }
    };
    row("as it is".to_owned(), base);
    for (cause, written) in rest {
        row(format!("without {}", words_of(cause)), written);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    console.out("\n");
    for line in table.lines() {
        console.out(format!("{}\n", line.trim_end()));
    }
    let beside = base.folder.display();
    console.out(format!(" files      {beside}-without-CAUSE/ have what each run left\n"));
}

fn cells(name: String, total: &SummaryRow) -> [String; 4] {
    let ratio = total.failed_ratio().map_or("-".to_owned(), share);
    let why = why(total).unwrap_or_else(|| "none did".to_owned());
    [name, count(total.failed()), ratio, why]
}
