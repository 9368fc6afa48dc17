//! What a regression found, for people, for programs, for a review and for a pipeline.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::RegressFormat;
use super::console::{BAD, BOLD, Console, GOOD, WARNING};
use super::gate::{JUNIT, escaped, plain};
use super::numbers::counted;
use super::regress::{moved_in_words, moved_runs};
use super::study_text::number;
use crate::error::Error;
use crate::output::validation::shown;
use crate::study::compare::Difference;
use crate::study::regress::{Check, Layer, Metric, Prints};
use crate::study::truth::{Row, Standing};

/// A layer, and by case the command that makes its comparisons again.
pub(super) struct Reported {
    pub layer: Layer,
    pub again: BTreeMap<String, String>,
}

impl Reported {
    /// Comparisons that do not hold.
    pub fn failed(&self) -> usize {
        self.layer.checks().iter().filter(|check| check.standing == Standing::Fail).count()
    }

    /// Comparisons that are judged.
    fn judged(&self) -> usize {
        self.layer.checks().iter().filter(|check| check.standing != Standing::Told).count()
    }

    fn again(&self, case: &str) -> &str {
        self.again.get(case).map_or("", String::as_str)
    }
}

/// Prints a layer that compares with baselines: a line a scenario that holds, and of others what
/// moved with the command that shows it again.
pub(super) fn told(reported: &Reported, console: &mut Console<'_>) {
    match &reported.layer {
        Layer::Exact(all) => {
            heading("exact", "each run is the run it was", console);
            all.iter().for_each(|prints| told_prints(prints, reported, console));
        }
        Layer::Statistical(all) => {
            let what = "pairs of runs under the same luck differ by no more than the tolerance";
            heading("statistical", what, console);
            for case in all.chunk_by(|a, b| a.case == b.case) {
                told_metrics(case, reported, console);
            }
        }
        Layer::Truth(rows) => {
            for case in rows.chunk_by(|a, b| a.case == b.case) {
                told_case(case, false, console);
            }
        }
    }
    console.out("\n");
}

fn heading(name: &str, what: &str, console: &mut Console<'_>) {
    let name = console.styled(BOLD, name);
    console.out(format!("{name}: {what}\n"));
}

fn told_prints(prints: &Prints, reported: &Reported, console: &mut Console<'_>) {
    let case = &prints.case;
    let Some(first) = prints.first else {
        let mark = console.styled(GOOD, "✓");
        return console.out(format!(" {mark} {case}: {}\n", counted(prints.runs, "run")));
    };
    let mark = console.styled(BAD, "✗");
    console.out(format!(" {mark} {case}: {}, first replication {first}\n", moved_runs(prints)));
    console.out(format!("     again: {}\n", reported.again(case)));
}

fn told_metrics(all: &[Metric], reported: &Reported, console: &mut Console<'_>) {
    let failed: Vec<&Metric> = all.iter().filter(|m| m.standing() == Standing::Fail).collect();
    let Some(first) = all.first() else { return };
    if failed.is_empty() {
        let mark = console.styled(GOOD, "✓");
        let metrics = counted(all.len() as u64, "metric");
        return console.out(format!(" {mark} {}: {metrics}\n", first.case));
    }
    for metric in failed {
        let unclear = metric.comparison.difference == Difference::Unknown && metric.one_sided == 0;
        let (style, mark) = if unclear { (WARNING, "?") } else { (BAD, "✗") };
        let mark = console.styled(style, mark);
        let unit = metric.comparison.metric.unit;
        let more = metric.comparison.more.filter(|_| unclear);
        let more = more.map_or(String::new(), |n| format!(", about {}", counted(n, "more run")));
        console.out(format!(
            " {mark} {} {}; may be ± {}: {}{more}\n",
            metric.case,
            moved_in_words(metric),
            number(metric.comparison.tolerance, unit),
            metric.verdict(),
        ));
    }
    console.out(format!("     again: {}\n", reported.again(&first.case)));
}

/// Prints a line for each row of a case of truth, after the layer's heading where it is the first.
pub(super) fn told_case(rows: &[Row], first: bool, console: &mut Console<'_>) {
    if first {
        heading("truth", "runs come to what others say they must", console);
    }
    if let Some(row) = rows.first() {
        let case = console.styled(BOLD, &row.case);
        console.out(format!("{case} ({})\n", counted(row.runs, "run")));
    }
    for row in rows {
        let mark = match row.standing {
            Standing::Pass => console.styled(GOOD, "✓"),
            Standing::Fail => console.styled(BAD, "✗"),
            Standing::Told => "·".to_owned(),
        };
        let simulated = row.simulated.map_or("nothing".to_owned(), |n| shown(n, row.unit));
        let half = row.half_width.map_or(String::new(), |n| format!(" ± {}", shown(n, row.unit)));
        let beside = row.expected.map_or(String::new(), |n| format!(" for {}", shown(n, row.unit)));
        let off = row.tolerance.map_or(String::new(), |n| format!(" ± {}", shown(n, row.unit)));
        let (quantity, source) = (&row.quantity, &row.source);
        console.out(format!(" {mark} {quantity}: {simulated}{half}{beside}{off}  ({source})\n"));
    }
}

/// Prints the commands that make the cases of a layer again in which something does not hold.
pub(super) fn told_again(reported: &Reported, console: &mut Console<'_>) {
    let checks = reported.layer.checks();
    let fails = |case: &str| checks.iter().any(|c| c.case == case && c.standing == Standing::Fail);
    for (case, again) in reported.again.iter().filter(|(case, _)| fails(case)) {
        console.out(format!(" {case} again: {again}\n"));
    }
    console.out("\n");
}

/// Prints what is said of all layers in a format: of a text the verdict alone, for the rest was
/// told as it came.
///
/// # Errors
/// [`Error::Outside`] where it can't be written.
pub(super) fn verdict(
    format: RegressFormat,
    layers: &[Reported],
    complete: bool,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    match format {
        RegressFormat::Text => {
            let failed = layers.iter().any(|reported| reported.failed() > 0);
            let style = if failed || !complete { BAD } else { GOOD };
            let head = console.styled(style, &format!("VERDICT  {}", word(layers, complete)));
            console.out(format!("{head}: {}.\n", sentence(layers)));
        }
        RegressFormat::Json => {
            let document = Document {
                format_version: 1,
                complete,
                holds: layers.iter().all(|reported| reported.failed() == 0),
                comparisons: layers.iter().flat_map(entries).collect(),
            };
            let json = serde_json::to_string_pretty(&document)
                .map_err(|error| Error::Outside("write JSON".to_owned(), error.into()))?;
            console.out(format!("{json}\n"));
        }
        RegressFormat::Csv => csv(layers, console)?,
        RegressFormat::Md => console.out(markdown(layers, complete)),
        RegressFormat::Junit => console.out(junit(layers)),
    }
    Ok(())
}

fn word(layers: &[Reported], complete: bool) -> &'static str {
    match (complete, layers.iter().any(|reported| reported.failed() > 0)) {
        (false, _) => "Interrupted",
        (true, true) => "Not met",
        (true, false) => "Met",
    }
}

/// Of each layer how many comparisons hold.
fn sentence(layers: &[Reported]) -> String {
    let of = |reported: &Reported| {
        let (name, failed, judged) = (reported.layer.name(), reported.failed(), reported.judged());
        match failed {
            0 => format!("{name}: all {judged} hold"),
            _ => format!("{name}: {failed} of {judged} do not hold"),
        }
    };
    let parts: Vec<String> = layers.iter().map(of).collect();
    if parts.is_empty() { "nothing was compared".to_owned() } else { parts.join("; ") }
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    complete: bool,
    holds: bool,
    comparisons: Vec<Entry<'a>>,
}

/// A comparison as files have it.
#[derive(Serialize)]
struct Entry<'a> {
    layer: &'static str,
    case: String,
    quantity: String,
    unit: &'static str,
    expected: Option<f64>,
    simulated: Option<f64>,
    difference_low: Option<f64>,
    difference_high: Option<f64>,
    tolerance: Option<f64>,
    runs: u64,
    holds: Option<bool>,
    verdict: &'static str,
    again: &'a str,
}

fn entries(reported: &Reported) -> impl Iterator<Item = Entry<'_>> {
    reported.layer.checks().into_iter().map(|check| Entry {
        layer: reported.layer.name(),
        again: reported.again(&check.case),
        case: check.case,
        quantity: check.quantity,
        unit: check.unit,
        expected: check.expected,
        simulated: check.simulated,
        difference_low: check.within.map(|[low, _]| low),
        difference_high: check.within.map(|[_, high]| high),
        tolerance: check.tolerance,
        runs: check.runs,
        holds: (check.standing != Standing::Told).then_some(check.standing == Standing::Pass),
        verdict: check.verdict,
    })
}

fn csv(layers: &[Reported], console: &mut Console<'_>) -> Result<(), Error> {
    let failed = |error: ::csv::Error| Error::Outside("write CSV".to_owned(), error.into());
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut entries = layers.iter().flat_map(entries);
    entries.try_for_each(|entry| writer.serialize(entry)).map_err(failed)?;
    let bytes = writer.into_inner().map_err(|error| {
        Error::Outside("write CSV".to_owned(), std::io::Error::other(error.to_string()))
    })?;
    console.out(bytes);
    Ok(())
}

/// A number of a comparison in words, with the unit.
fn in_words(number_of: Option<f64>, unit: &str) -> String {
    number_of.map_or("-".to_owned(), |n| shown(n, unit))
}

/// What is said of a comparison: how far off it is, and how far it may be.
fn off(check: &Check) -> String {
    let within = check.within.map_or(String::new(), |[low, high]| {
        format!(
            ", 95 % of the difference {} to {}",
            shown(low, check.unit),
            shown(high, check.unit)
        )
    });
    let tolerance = in_words(check.tolerance, check.unit);
    let (now, was) = (in_words(check.simulated, check.unit), in_words(check.expected, check.unit));
    format!("{}: {now} for {was}{within}, may be ± {tolerance}", check.verdict)
}

/// The verdict, and a row for each comparison that does not hold.
fn markdown(layers: &[Reported], complete: bool) -> String {
    let (word, sentence) = (word(layers, complete), sentence(layers));
    let mut text = format!("**Regression**: {word}. {sentence}.\n");
    let fails = |check: &Check| check.standing == Standing::Fail;
    if layers.iter().any(|reported| reported.failed() > 0) {
        text += "\n| layer | case | quantity | seen | again |\n|---|---|---|---|---|\n";
    }
    for reported in layers {
        for check in reported.layer.checks().iter().filter(|check| fails(check)) {
            let cells = [&check.case, &check.quantity, &off(check)].map(|cell| plain(cell));
            let again = reported.again(&check.case).replace(['`', '|'], "'");
            let layer = reported.layer.name();
            text += &format!("| {layer} | {} | `{again}` |\n", cells.join(" | "));
        }
    }
    text
}

/// A suite a layer, a case a comparison.
fn junit(layers: &[Reported]) -> String {
    let mut text = JUNIT[0].to_owned();
    for reported in layers {
        let (checks, name) = (reported.layer.checks(), reported.layer.name());
        let told = checks.iter().filter(|check| check.standing == Standing::Told).count();
        text += &format!(
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{told}\">\n",
            checks.len(),
            reported.failed(),
        );
        for check in &checks {
            let (case, quantity) = (escaped(&check.case), escaped(&check.quantity));
            let (off, again) = (escaped(&off(check)), escaped(reported.again(&check.case)));
            text += &format!("    <testcase classname=\"{name}.{case}\" name=\"{quantity}\">");
            text += &match check.standing {
                Standing::Pass => format!("<system-out>{off}</system-out>"),
                Standing::Fail => {
                    let verdict = escaped(check.verdict);
                    format!("<failure type=\"{verdict}\" message=\"{off}\">{again}</failure>")
                }
                Standing::Told => format!("<skipped message=\"{off}\"/>"),
            };
            text += "</testcase>\n";
        }
        text += "  </testsuite>\n";
    }
    text + JUNIT[1]
}
