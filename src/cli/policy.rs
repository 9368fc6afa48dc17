//! `keyscale policy`: what a policy would have done over a recorded series.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::Policy;
use super::console::Console;
use super::read::text;
use crate::error::{Error, exit};
use crate::input::{Wanted, read_series};
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
    whole(out, &rows).map_err(|error| Error::Outside(format!("write {}", out.display()), error))
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

/// Writes a file whole or not at all: beside its place, then renamed.
fn whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let partial: PathBuf = path.with_file_name(format!(".{}.partial", name.to_string_lossy()));
    let written = File::create(&partial)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // What is left of a failure is in nobody's way but ours; the failure is what is told.
        let _ = fs::remove_file(&partial);
    }
    written
}
