//! `keyscale run`: scenarios become folders of tables and charts, and a verdict each.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Format, Run};
use super::{colored, open, text};
use crate::error::{Error, exit};
use crate::input::read_trace;
use crate::output::{RunFolder, RunInfo, Written};
use crate::scenario::{Checked, Override, Trace};
use crate::units::SimDuration;
use crate::world::World;

/// A scenario ready to run.
struct Job {
    checked: Checked,
    traces: Vec<Trace>,
    target: PathBuf,
}

/// Runs every scenario, after all have been found fit.
pub fn run(args: &Run, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let color = colored(args.common.color);
    let mut overrides = args.common.overrides.clone();
    if let Some(seed) = args.seed {
        overrides.push(Override { key: "seed".to_owned(), value: seed.to_string() });
    }
    let mut jobs = Vec::new();
    for path in &args.common.scenarios {
        jobs.extend(prepare(path, args, &overrides, color, err));
    }
    if jobs.len() < args.common.scenarios.len() {
        return exit::USAGE;
    }
    if let Some((i, job)) = twice(&jobs) {
        let name = job.target.display();
        let _ = writeln!(err, "error: two scenarios would write {name}: {}", i + 1);
        return exit::USAGE;
    }
    let stop = Arc::new(AtomicBool::new(false));
    // The second signal ends the program at once; the first only raises the flag.
    let signal = signal_hook::consts::SIGINT;
    let armed = signal_hook::flag::register_conditional_shutdown(
        signal,
        i32::from(exit::INCOMPLETE),
        Arc::clone(&stop),
    )
    .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)));
    if let Err(why) = armed {
        let _ = writeln!(err, "warning: an interruption will lose the run: {why}");
    }
    for job in &jobs {
        match one(job, args, &stop, out, err) {
            Ok(true) => {}
            Ok(false) => return exit::INCOMPLETE,
            Err(error) => {
                let _ = writeln!(err, "{error}");
                return error.exit_code();
            }
        }
    }
    exit::OK
}

fn twice(jobs: &[Job]) -> Option<(usize, &Job)> {
    jobs.iter().enumerate().find(|(i, job)| jobs[..*i].iter().any(|j| j.target == job.target))
}

/// Checks a scenario and reads its files of load.
fn prepare(
    path: &Path,
    args: &Run,
    overrides: &[Override],
    color: bool,
    err: &mut dyn Write,
) -> Option<Job> {
    let checked = open(path, overrides, color, err)?;
    let mut traces = Vec::new();
    for file in &checked.scenario.traces {
        match read_trace(file) {
            Ok(reading) => {
                let _ = write!(err, "{}", reading.warnings.render(color));
                traces.push(reading.trace);
            }
            Err(problems) => {
                let _ = write!(err, "{}", problems.render(color));
            }
        }
    }
    if traces.len() < checked.scenario.traces.len() {
        return None;
    }
    let name = &checked.scenario.name;
    let target = match &args.out {
        Some(folder) if args.common.scenarios.len() == 1 => folder.clone(),
        Some(folder) => folder.join(name),
        None => Path::new("results/runs").join(name),
    };
    Some(Job { checked, traces, target })
}

/// Runs one scenario; whether it came to its end.
fn one(
    job: &Job,
    args: &Run,
    stop: &AtomicBool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<bool, Error> {
    let scenario = &job.checked.scenario;
    let duration = scenario.duration(&job.traces);
    let info = RunInfo {
        name: scenario.name.clone(),
        question: scenario.question.clone(),
        seed: scenario.seed,
        replication: 0,
        warm_up: scenario.warm_up,
        duration,
        sample_interval: scenario.sample_interval(duration),
    };
    let text = args.format == Format::Text && !args.quiet;
    if text {
        let _ = text::head(&info, out);
    }
    let mut writer = RunFolder::create(&job.target, args.force)?.writer(info.clone())?;
    let mut world: World = World::new(scenario, &job.traces, duration);
    let bar = progress(args.quiet, world.length());
    let mut more = true;
    while more && !writer.failed() && !stop.load(Ordering::Relaxed) {
        more = world.advance(&mut writer).map_err(|broken| {
            let again = format!("keyscale run --seed {} SCENARIO", scenario.seed);
            Error::Law(format!("{broken}; seed {}; run again: {again}", scenario.seed))
        })?;
        bar.set_position(world.elapsed().0 / 1_000_000_000);
        bar.set_message(format!("{} requests", world.arrivals()));
    }
    world.finish(&mut writer);
    bar.finish_and_clear();
    let (load_files, names) = load_files(&job.checked);
    let written = writer.finish(&job.checked.lock(&names), &load_files, !more)?;
    show(&written, &info, args, out)?;
    if more {
        let _ = writeln!(err, "interrupted: {} holds what is complete", written.folder.display());
    }
    Ok(!more)
}

fn show(written: &Written, info: &RunInfo, args: &Run, out: &mut dyn Write) -> Result<(), Error> {
    match args.format {
        Format::Text if args.quiet => {}
        Format::Text => {
            // A reader that has gone away wants no more.
            let _ = text::ending(written, info, out);
        }
        Format::Json => {
            let path = written.folder.join("summary.json");
            let json = std::fs::read_to_string(&path)
                .map_err(|e| Error::Outside(format!("can't read {}", path.display()), e))?;
            let _ = out.write_all(json.as_bytes());
        }
    }
    Ok(())
}

/// Progress on standard error: a bar where that is a terminal, nothing elsewhere.
fn progress(quiet: bool, length: SimDuration) -> ProgressBar {
    let hidden = quiet || !std::io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(length.0 / 1_000_000_000), target);
    let shape = "{bar:40} {pos}/{len} simulated seconds, {msg}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(shape) {
        bar.set_style(style);
    }
    bar
}

/// The tables of a run's folder, whose names a file of load can't have there.
const TABLES: [&str; 5] =
    ["timeseries.csv", "instances.csv", "key_calls.csv", "blocks.csv", "summary.csv"];

/// The files of load to copy beside the lock, and the names they have there, one a trace.
fn load_files(checked: &Checked) -> (Vec<(String, PathBuf)>, Vec<String>) {
    let (mut files, mut names) = (Vec::<(String, PathBuf)>::new(), Vec::new());
    for trace in &checked.scenario.traces {
        if let Some((name, _)) = files.iter().find(|(_, path)| *path == trace.path) {
            names.push(name.clone());
            continue;
        }
        let own = trace.path.file_name().map(|n| n.to_string_lossy().into_owned());
        let own = own.unwrap_or_default();
        let taken = |n: &String| {
            let a_table = TABLES.contains(&n.as_str()) || !n.ends_with(".csv");
            a_table || files.iter().any(|(known, _)| known == n)
        };
        let stem = own.strip_suffix(".csv").unwrap_or(&own);
        let numbered = |i: usize| if i == 0 { own.clone() } else { format!("{stem}-{i}.csv") };
        let name = (0..).map(numbered).find(|n| !taken(n)).unwrap_or_default();
        files.push((name.clone(), trace.path.clone()));
        names.push(name);
    }
    (files, names)
}
