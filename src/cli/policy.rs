//! `keyscale policy`: what a policy would have done over a recorded series.

use std::io::Write;
use std::path::Path;

use super::args::Policy;
use super::console::Console;
use super::read::text;
use crate::error::{Error, exit};
use crate::input::{Wanted, read_series};
use crate::output::write_whole;
use crate::scenario::problem::Problems;
use crate::scenario::{DryRun, Series, Signal, Source, check_dry_run};
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
    let wanted = |settings: &DryRun| match asked.closed_loop {
        true => Wanted { ready: false, signals: &[Signal::Load] },
        false => Wanted { ready: true, signals: settings.signals() },
    };
    // Without settings nobody knows which columns are needed.
    let Ok(settings) = settings else { return exit::USAGE };
    let series = match read_series(&asked.series, wanted(&settings)) {
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
    check_dry_run(&Source { origin: &origin, text: &text, stem: "", folder: Path::new("") })
}

/// Writes the rows where they are wanted.
fn write(
    asked: &Policy,
    settings: &DryRun,
    series: &Series,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let mut rows = Vec::new();
    table(asked, settings, series, &mut rows);
    let Some(out) = &asked.out else {
        console.out(&rows);
        return Ok(());
    };
    write_whole(out, &rows)
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
