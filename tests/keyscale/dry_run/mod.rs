//! Policies over recorded series: the command, and what it says against a second implementation.

mod cloud_run;
mod command;
mod hpa;
mod kept;
mod knative;
mod plain;
mod random;
mod worked;
mod world;

use std::path::Path;

use keyscale::scenario::{DryRun, Series, Signal, Source, check_dry_run};
use keyscale::units::SimDuration;
use keyscale::world::autoscaler::replay::replay;

/// The settings of a text without errors.
#[track_caller]
fn settings(text: &str) -> DryRun {
    let source = Source { origin: "settings", text, stem: "", folder: Path::new("") };
    check_dry_run(&source).unwrap_or_else(|wrong| panic!("{text}\n{}", wrong.render(false)))
}

/// A series of offered load.
fn offered(load: &[f64]) -> Series {
    let mut series = Series { length: load.len(), ..Series::default() };
    series.signals[Signal::Load as usize] = load.iter().map(|&value| Some(value)).collect();
    series
}

/// A series of ready instances and one signal.
fn observed(signal: Signal, rows: &[(i64, Option<f64>)]) -> Series {
    let mut series = Series { length: rows.len(), ..Series::default() };
    series.ready = rows.iter().map(|row| row.0 as u32).collect();
    series.signals[signal as usize] = rows.iter().map(|row| row.1).collect();
    series
}

/// The rows of a replay, without their header.
fn rows(settings: &DryRun, series: &Series, startup: Option<u64>) -> Vec<String> {
    let mut rows = vec![];
    replay(settings, series, startup.map(SimDuration::from_secs), |row| rows.push(row.to_string()));
    rows
}
