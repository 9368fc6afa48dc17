//! `keyscale policy`: what a policy would have done over a recorded series.

use std::io::Write;
use std::path::Path;

use super::args::Policy;
use super::console::Console;
use super::read::text;
use crate::error::{Error, exit};
use crate::input::{Wanted, read_decisions, read_series};
use crate::output::chart::{Form, Look, decisions};
use crate::output::write_whole;
use crate::scenario::problem::Problems;
use crate::scenario::{Decisions, DryRun, Replay, Series, Signal, Source, check_dry_run};
use crate::units::SimDuration;
use crate::world::autoscaler::replay::{columns, replay};

/// Start-up time where nobody says.
const STARTUP: SimDuration = SimDuration::from_secs(3);

/// Replays a policy over a series; the exit code.
pub(super) fn policy(asked: &Policy, console: &mut Console<'_>) -> u8 {
    let settings = settings(&asked.settings);
    let found = match &settings {
        Ok(settings) => settings.warnings.clone(),
        Err(problems) => problems.clone(),
    };
    if settings.is_err() || !asked.quiet {
        console.problems(&found);
    }
    // Without settings nobody knows which columns are needed.
    let Ok(settings) = settings else { return exit::USAGE };
    let series = match read_series(&asked.series, wanted(&settings, asked.closed_loop)) {
        Ok(series) => series,
        Err(problems) => {
            console.problems(&problems);
            return exit::USAGE;
        }
    };
    match write(asked, &settings, &series, console) {
        Ok(()) => exit::OK,
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

/// The settings of a file.
fn settings(path: &Path) -> Result<DryRun, Problems> {
    let text = text(path, "settings")?;
    let origin = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    check_dry_run(&Source { origin: &origin, text: &text, stem: "", folder })
}

/// What a series must have.
fn wanted(settings: &DryRun, closed_loop: bool) -> Wanted<'static> {
    match closed_loop {
        true => Wanted { ready: false, signals: &[Signal::Load] },
        false => Wanted { ready: true, signals: settings.signals() },
    }
}

/// A replay whose decisions somebody else has worked out.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The name of the file of settings.
    pub case: String,
    /// The policy.
    pub settings: DryRun,
    /// What is asked of it.
    pub replay: Replay,
    /// The series.
    pub series: Series,
    /// What it must decide.
    pub decisions: Decisions,
}

/// Reads settings that say what they must decide, with the files that they name, and tells all that
/// there is to say about them; `None` where something is wrong.
pub(super) fn recorded(path: &Path, quiet: bool, console: &mut Console<'_>) -> Option<Recorded> {
    let read = || -> Result<Option<Recorded>, Problems> {
        let settings = settings(path)?;
        let Some(replay) = settings.replay.clone() else { return Ok(None) };
        let closed = replay.startup.is_some();
        let columns = columns(&settings.autoscaler, closed);
        let series = read_series(&replay.series, wanted(&settings, closed));
        let decisions = read_decisions(&replay.decisions, &columns, "replay.decisions");
        let case = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match (series, decisions) {
            (Ok(series), Ok(decisions)) => {
                Ok(Some(Recorded { case, settings, replay, series, decisions }))
            }
            (series, decisions) => {
                let wrong = series.err().into_iter().chain(decisions.err());
                Err(Problems(wrong.flat_map(|problems| problems.0).collect()))
            }
        }
    };
    let found = read();
    match &found {
        Ok(Some(recorded)) if !quiet => console.problems(&recorded.settings.warnings),
        Ok(_) => {}
        Err(problems) => console.problems(problems),
    }
    found.ok().flatten()
}

/// Writes the rows where they are wanted.
fn write(
    asked: &Policy,
    settings: &DryRun,
    series: &Series,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let form = asked.chart.as_deref().map(form).transpose()?;
    let mut rows = Vec::new();
    table(asked, settings, series, &mut rows);
    if let (Some(path), Some(form)) = (&asked.chart, form) {
        let name = asked.settings.file_stem().unwrap_or_default().to_string_lossy();
        let (_, bytes) = decisions(&name, &asked.series, &rows)?.file(Look::default(), form)?;
        write_whole(path, &bytes)?;
    }
    let Some(out) = &asked.out else {
        console.out(&rows);
        return Ok(());
    };
    write_whole(out, &rows)
}

/// The form of a picture by its file's ending.
fn form(path: &Path) -> Result<Form, Error> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    Form::ALL.into_iter().find(|form| form.name() == ending).ok_or_else(|| {
        Error::Usage(format!(
            "error: {} is neither SVG nor PNG\n  = help: end its name with .svg or .png",
            path.display()
        ))
    })
}

/// The rows as CSV.
fn table(asked: &Policy, settings: &DryRun, series: &Series, rows: &mut Vec<u8>) {
    let startup = asked.closed_loop.then(|| asked.startup.unwrap_or(STARTUP));
    rows.extend(columns(&settings.autoscaler, startup.is_some()).join(",").into_bytes());
    rows.push(b'\n');
    replay(settings, series, startup, |row| {
        // A vector takes everything.
        let _ = writeln!(rows, "{row}");
    });
}
