//! `keyscale regress`: scenarios beside the numbers that others say they must come to, and policies
//! beside the decisions.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::Regress;
use super::console::{BAD, BOLD, Console, GOOD};
use super::interrupt::Interrupt;
use super::numbers::counted;
use super::policy::{Recorded, recorded};
use super::read::{Ready, read_one, text};
use crate::error::{Error, exit};
use crate::output::validation::{MARKERS, between_markers, csv, markdown, shown};
use crate::output::write_whole;
use crate::scenario::is_replay;
use crate::study::decisions::decisions;
use crate::study::regress::Layer;
use crate::study::truth::{Row, Standing, truth};

/// What is compared.
enum Case {
    /// A scenario with its references.
    Scenario(Box<Ready>),
    /// A policy with its decisions.
    Policy(Box<Recorded>),
}

/// Compares scenarios and policies with what is said of them; the exit code.
pub(super) fn regress(asked: &Regress, console: &mut Console<'_>) -> u8 {
    let overrides = asked.what.overrides();
    let mut read = |path: &PathBuf| match text(path, "scenario") {
        Ok(text) if is_replay(&text) => {
            recorded(path, asked.talk.quiet, console).map(|case| Case::Policy(Box::new(case)))
        }
        Ok(_) | Err(_) => read_one(path, &overrides, asked.talk, console)
            .map(|ready| Case::Scenario(Box::new(ready))),
    };
    // All of them are read, so that everything is told.
    let all: Vec<Option<Case>> = asked.what.scenarios.iter().map(&mut read).collect();
    let Some(cases) = all.into_iter().collect::<Option<Vec<Case>>>() else { return exit::USAGE };
    match compare(asked, &cases, console) {
        Ok(Some(layer)) => verdict(&layer, console),
        Ok(None) => {
            console.err("interrupted: nothing is written\n");
            exit::INCOMPLETE
        }
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

/// Runs all scenarios, says what each comes to, and writes the tables that are wanted; nothing
/// where somebody asked to stop.
fn compare(
    asked: &Regress,
    cases: &[Case],
    console: &mut Console<'_>,
) -> Result<Option<Layer>, Error> {
    let scenarios = cases.iter().filter_map(|case| match case {
        Case::Scenario(ready) => Some(ready),
        Case::Policy(_) => None,
    });
    let mut without = scenarios.filter(|ready| ready.checked.scenario.references.is_empty());
    if let Some(without) = without.next() {
        return Err(Error::Usage(format!(
            "error: {} says nothing of what it must come to\n  \
             = help: add tables [[reference]] with metric, value and source",
            without.path.display()
        )));
    }
    // A text without a place for the table is told before the runs.
    let text = asked.markdown.as_deref().map(text_around).transpose()?;
    let interrupt = Interrupt::listen()?;
    let mut rows = Vec::new();
    for case in cases {
        let (found, first) = match case {
            Case::Scenario(ready) => (of_scenario(ready, &interrupt)?, None),
            Case::Policy(p) => {
                let (row, first) =
                    decisions(&p.case, &p.settings, &p.replay, &p.series, &p.decisions);
                (Some(vec![row]), first)
            }
        };
        let Some(found) = found else { return Ok(None) };
        told(&found, console);
        if let Some(first) = first {
            console.out(format!("   the first that does not: {first}\n"));
        }
        rows.extend(found);
    }
    if let Some(path) = &asked.csv {
        write_whole(path, &csv(&rows))?;
    }
    if let (Some(path), Some(text)) = (&asked.markdown, text) {
        let table = markdown(&rows);
        let whole = text.and_then(|text| between_markers(&text, &table));
        write_whole(path, whole.unwrap_or(table).as_bytes())?;
    }
    Ok(Some(Layer::Truth(rows)))
}

/// What a scenario comes to; nothing where somebody asked to stop.
fn of_scenario(ready: &Ready, interrupt: &Interrupt) -> Result<Option<Vec<Row>>, Error> {
    let scenario = &ready.checked.scenario;
    let mut go_on = || !interrupt.asked();
    truth(scenario, &ready.traces, ready.duration, &mut go_on).map_err(|broken| {
        let (name, seed) = (&scenario.name, scenario.seed);
        Error::Law(format!("{broken}\n  = help: scenario {name}, seed {seed}"))
    })
}

/// What stands in a file that a table goes to; nothing where there is no such file.
fn text_around(path: &Path) -> Result<Option<String>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path)
        .map_err(|error| Error::Outside(format!("read {}", path.display()), error))?;
    match between_markers(&text, "") {
        Some(_) => Ok(Some(text)),
        None => Err(Error::Usage(format!(
            "error: {} has no place for a table\n  = help: put {} and {} where it should stand",
            path.display(),
            MARKERS[0],
            MARKERS[1],
        ))),
    }
}

/// Prints a line for each row of a case.
fn told(rows: &[Row], console: &mut Console<'_>) {
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

/// Prints whether the layer holds; the exit code.
fn verdict(layer: &Layer, console: &mut Console<'_>) -> u8 {
    let (judged, failed) = (layer.judged(), layer.failed());
    let name = layer.name();
    let (style, head, code) = match failed {
        0 => (GOOD, "Met", exit::OK),
        _ => (BAD, "Not met", exit::REGRESSED),
    };
    let head = console.styled(style, &format!("VERDICT  {head}"));
    let rows = counted(judged as u64, "row");
    console.out(match failed {
        0 => format!("\n{head}: {rows} of {name} hold.\n"),
        _ => format!("\n{head}: {failed} of {rows} of {name} do not hold.\n"),
    });
    code
}
