//! What a sweep came to, told from its table alone.

use std::path::Path;

use comfy_table::{CellAlignment, ContentArrangement, Table as Page, presets};

use super::args::SweepFormat;
use super::console::{BAD, BOLD, Console, GOOD};
use super::numbers::{counted, rough_share};
use super::run::quoted;
use super::study_text::number;
use crate::error::Error;
use crate::output::SweepTable;
use crate::output::sweep::TABLE;
use crate::output::sweep_table::{SweptCell, SweptMetric};

/// Cells that are shown; all are in the file.
const SHOWN: usize = 60;

/// A path as a shell takes it.
pub(super) fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// Prints a folder's table.
///
/// # Errors
/// The table can't be read back.
pub(super) fn tell(
    folder: &Path,
    format: SweepFormat,
    again: &str,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let path = folder.join(TABLE);
    if format == SweepFormat::Csv {
        let bytes = std::fs::read(&path);
        let failed = |error| Error::Outside(format!("read {}", path.display()), error);
        console.out(bytes.map_err(failed)?);
        return Ok(());
    }
    let table = SweepTable::open(&path)?;
    console.out("\n");
    rows(&table, console);
    let good =
        table.is_judged() && table.cells.iter().any(|cell| meets(&table, cell) == Some(true));
    let style = match (table.is_judged(), good) {
        (false, _) => BOLD,
        (true, true) => GOOD,
        (true, false) => BAD,
    };
    let head = console.styled(style, "VERDICT");
    console.out(format!("\n{head}  {}\n", verdict(&table)));
    console.out(format!(" table    {}\n again    {again}\n", path.display()));
    Ok(())
}

/// Whether a cell meets the thresholds often enough; none where that is unclear.
fn meets(table: &SweepTable, cell: &SweptCell) -> Option<bool> {
    match () {
        () if cell.met_low >= table.target => Some(true),
        () if cell.met_high < table.target => Some(false),
        () => None,
    }
}

/// A cell of the sweep's metric in words.
fn metric(metric: &SweptMetric) -> String {
    match (metric.count > 0.0, metric.middle.is_finite(), metric.low.is_finite()) {
        (false, ..) => "-".to_owned(),
        (true, false, _) => "never in most runs".to_owned(),
        (true, true, false) => number(metric.middle, &metric.unit),
        (true, true, true) if metric.is_mean => {
            let half = (metric.high - metric.low) / 2.0;
            format!("{} ± {}", number(metric.middle, &metric.unit), number(half, &metric.unit))
        }
        (true, true, true) => {
            let [low, high] = [metric.low, metric.high].map(|end| number(end, &metric.unit));
            format!("{} ({low} … {high})", number(metric.middle, &metric.unit))
        }
    }
}

/// A share of runs with its interval: `85 % (64 … 95 %)`.
fn met(cell: &SweptCell) -> String {
    let [middle, low, high] = [cell.met, cell.met_low, cell.met_high].map(rough_share);
    format!("{middle} ({low} … {high})")
}

/// The cells as a page.
fn rows(table: &SweepTable, console: &mut Console<'_>) {
    let mut page = Page::new();
    page.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    page.set_width(console.width().clamp(100, 200) as u16);
    let metrics = table.cells.first().map(|cell| cell.metrics.as_slice()).unwrap_or_default();
    let name = |m: &SweptMetric| match m.service.is_empty() {
        true => m.metric.clone(),
        false => format!("{} {}", m.service, m.metric),
    };
    let mut head: Vec<String> = table.axes.iter().map(|axis| axis.name.clone()).collect();
    head.extend(metrics.iter().map(name));
    head.extend(table.is_judged().then(|| "runs that meet all".to_owned()));
    head.push(String::new());
    page.set_header(&head);
    for cell in table.cells.iter().take(SHOWN) {
        let at = table.axes.iter().zip(&cell.at).map(|(axis, at)| axis.values[*at].clone());
        let mut row: Vec<String> = at.collect();
        row.extend(cell.metrics.iter().map(metric));
        row.extend(table.is_judged().then(|| met(cell)));
        row.push(if cell.is_base { "as it is" } else { "" }.to_owned());
        page.add_row(row);
    }
    let columns = head.len() - 1;
    page.column_iter_mut().take(columns).for_each(|c| {
        c.set_cell_alignment(CellAlignment::Right);
    });
    for line in page.lines() {
        console.out(format!("{}\n", line.trim_end()));
    }
    if table.cells.len() > SHOWN {
        let more = counted((table.cells.len() - SHOWN) as u64, "more cell");
        console.out(format!(" and {more}: {TABLE}\n"));
    }
}

/// Where a cell is: `min_instances 3, concurrency 20`.
fn place(table: &SweepTable, cell: &SweptCell) -> String {
    let axes = table.axes.iter().zip(&cell.at);
    let axes = axes.map(|(axis, at)| format!("{} {}", axis.name, axis.values[*at]));
    axes.collect::<Vec<_>>().join(", ")
}

/// The answer in a sentence or two.
fn verdict(table: &SweepTable) -> String {
    let base = table.cells.iter().find(|cell| cell.is_base);
    if !table.is_judged() {
        return extremes(table);
    }
    let of = |wanted| table.cells.iter().filter(|cell| meets(table, cell) == wanted).count();
    let (yes, no, unclear) = (of(Some(true)), of(Some(false)), of(None));
    let (target, all) = (rough_share(table.target), counted(table.cells.len() as u64, "cell"));
    let mut said = format!(
        "At least {target} of runs meet the thresholds in {yes} of {all}; in {no} fewer do, and \
         {unclear} are unclear."
    );
    if let Some(first) = table.cells.iter().find(|cell| meets(table, cell) == Some(true)) {
        said.push_str(&format!(" The first is {}.", place(table, first)));
    }
    if let Some(base) = base {
        said.push_str(&format!(" As it is ({}), {} of runs do.", place(table, base), met(base)));
    }
    said
}

/// The least and the greatest of the first metric.
fn extremes(table: &SweepTable) -> String {
    let number_of = |cell: &SweptCell| cell.metrics.first().map_or(f64::NAN, |m| m.middle);
    let known = || table.cells.iter().filter(|cell| number_of(cell).is_finite());
    let least = known().min_by(|a, b| number_of(a).total_cmp(&number_of(b)));
    let most = known().max_by(|a, b| number_of(a).total_cmp(&number_of(b)));
    let (Some(least), Some(most)) = (least, most) else {
        return "There was nothing to measure.".to_owned();
    };
    let name = least.metrics.first().map_or("", |m| &m.metric);
    let [low, high] = [least, most].map(|cell| cell.metrics.first().map_or(String::new(), metric));
    let [at_least, at_most] = [least, most].map(|cell| place(table, cell));
    format!(
        "{name} is least, {low}, at {at_least}, and greatest, {high}, at {at_most}. No threshold says \
         what is enough."
    )
}
