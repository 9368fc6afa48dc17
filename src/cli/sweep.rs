//! `keyscale sweep`: one scenario under many settings, and a table of what each comes to.

use std::path::{Path, PathBuf};

use super::args::{Sweep as Asked, SweepFormat};
use super::console::{BOLD, Console};
use super::interrupt::Interrupt;
use super::numbers::counted;
use super::progress::Progress;
use super::study::crew;
use super::sweep_plan::{self, Plan};
use super::sweep_text::{quoted_path, tell};
use crate::error::{Error, exit};
use crate::output::SweepFolder;
use crate::study::gather::FIRST;
use crate::study::replicate::Ended;
use crate::study::sweep as cells;

/// Where results go unless somebody says otherwise.
pub(super) const RUNS: &str = "results/runs";

/// Runs a sweep; the exit code.
pub(super) fn sweep(asked: &Asked, console: &mut Console<'_>) -> u8 {
    match run(asked, console) {
        Ok(code) => code,
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

fn run(asked: &Asked, console: &mut Console<'_>) -> Result<u8, Error> {
    let Some(plan) = sweep_plan::read(asked, console)? else { return Ok(exit::USAGE) };
    let interrupt = Interrupt::listen()?;
    let target = target(asked, &plan);
    let head = plan.head(asked.shard);
    let mut folder = SweepFolder::begin(&target, asked.force, &head)?;
    if asked.format == SweepFormat::Text {
        let name = console.styled(BOLD, &plan.sweep.name);
        let colon = if plan.sweep.question.is_empty() { "" } else { ": " };
        let question = &plan.sweep.question;
        console.out(format!("{name}{colon}{question}\n {}\n", plan.described(asked.shard)));
    }
    let wanted: Vec<u64> = (0..head.cells).filter(|cell| head.has(*cell)).collect();
    if !folder.is_empty() && !asked.talk.quiet {
        let (there, all) = (folder.len(), wanted.len());
        console.err(&format!("going on: {there} of {all} cells are there\n"));
    }
    let left: Vec<u64> = wanted.iter().copied().filter(|cell| !folder.has(*cell)).collect();
    let ended = run_cells(asked, &plan, &left, &mut folder, &interrupt, console)?;
    let (done, all) = (folder.len(), wanted.len());
    let interrupted = ended == Ended::Stopped;
    if interrupted && done == 0 {
        console.err("interrupted: no cell was complete, nothing is written\n");
        return Ok(exit::INCOMPLETE);
    }
    let target = folder.finish(&plan.again)?;
    let again = again(asked);
    match asked.shard {
        None => tell(&target, asked.format, &again, console)?,
        Some([_, of]) if asked.format == SweepFormat::Text => {
            let shown = target.display();
            console.out(format!("\n part     {shown}\n again    {again}\n"));
            if !interrupted {
                let all: Vec<String> =
                    (1..=of).map(|n| quoted_path(&part(&plan, [n, of]))).collect();
                console.out(format!(" next     keyscale merge {}\n", all.join(" ")));
            }
        }
        Some(_) => {}
    }
    if interrupted {
        console.err(&format!(
            "interrupted after {done} of {}: they are kept, run it again to go on\n",
            counted(all as u64, "cell"),
        ));
        return Ok(exit::INCOMPLETE);
    }
    Ok(exit::OK)
}

/// The folder of the results.
fn target(asked: &Asked, plan: &Plan) -> PathBuf {
    match (&asked.out, asked.shard) {
        (Some(out), _) => out.clone(),
        (None, Some(shard)) => part(plan, shard),
        (None, None) => Path::new(RUNS).join(&plan.sweep.name),
    }
}

/// The usual folder of a part.
fn part(plan: &Plan, [number, of]: [u64; 2]) -> PathBuf {
    Path::new(RUNS).join(format!("{}-{number}-of-{of}", plan.sweep.name))
}

/// Runs the cells that are left and hands each in when it is complete.
fn run_cells(
    asked: &Asked,
    plan: &Plan,
    left: &[u64],
    folder: &mut SweepFolder,
    interrupt: &Interrupt,
    console: &mut Console<'_>,
) -> Result<Ended, Error> {
    if left.is_empty() {
        return Ok(Ended::All);
    }
    let info = plan.info();
    let subjects: Vec<_> = left.iter().map(|cell| plan.cells[*cell as usize].subject()).collect();
    let most = plan.sweep.replications.unwrap_or(FIRST) * left.len() as u64;
    let mut progress = Progress::begin(subjects[0].duration, asked.talk, console);
    let (mut runs, mut arrivals, mut present, mut failure) = (0, 0, (0, 0), None);
    let ended = cells::sweep(
        &crew(asked.jobs)?,
        &subjects,
        |subject| plan.rule(subject),
        || interrupt.asked(),
        |at, gathered| {
            runs += 1;
            // What the cell has had so far is counted already.
            let before = if present.0 == at { present.1 } else { 0 };
            arrivals += gathered.arrivals - before;
            present = (at, gathered.arrivals);
            progress.at_replication(runs, || (most.max(runs), None), arrivals, console);
        },
        |at, gathered| {
            let number = left[at];
            let is_base = plan.cells[number as usize].is_base;
            failure = folder.add(number, info.rows(number as usize, is_base, gathered)).err();
            failure.is_none()
        },
    );
    let speed = progress.end(arrivals);
    if let Some(error) = failure {
        return Err(error);
    }
    if asked.talk.verbose {
        console.err(&format!("{}: {speed}\n", counted(runs, "replication")));
    }
    ended.map_err(|broken| {
        let (cell, run) = (left[broken.cell], broken.run);
        let scenario = plan.sweep.scenario.display();
        Error::Law(format!(
            "cell {cell}, {run}\n  = help: {scenario} with the settings of that cell"
        ))
    })
}

/// The command that makes the same again.
fn again(asked: &Asked) -> String {
    let mut words = vec!["keyscale sweep".to_owned(), quoted_path(&asked.sweep)];
    words.extend(asked.shard.map(|[number, of]| format!("--shard {number}/{of}")));
    words.extend(asked.replications.map(|count| format!("-r {count}")));
    for set in &asked.set {
        let said = format!("{}={}", set.key, set.value);
        words.push(format!("--set {}", super::run::quoted(&said)));
    }
    words.extend(asked.seed.map(|seed| format!("--seed {seed}")));
    words.extend(asked.out.as_ref().map(|out| format!("--out {}", quoted_path(out))));
    words.join(" ")
}
