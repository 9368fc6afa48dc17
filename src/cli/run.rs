//! `keyscale run`: scenarios in, a folder of results each, and a verdict.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::advice::advise;
use super::args::{Format, Run};
use super::console::Console;
use super::interrupt::Interrupt;
use super::judged;
use super::load_files;
use super::progress::Progress;
use super::read::{Ready, read_all};
use super::text::{self, Ending};
use super::validate::described;
use crate::error::{Error, exit};
use crate::output::events::Context;
use crate::output::{RunFolder, RunInfo};
use crate::record::Recorder;
use crate::study::{Judge, Judgement};
use crate::world::World;

/// Where results go unless somebody says otherwise.
const RUNS: &str = "results/runs";

/// How a run ended that went as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It came to its end, and everything asked of it holds.
    Met,
    /// It came to its end, and something asked of it does not hold.
    NotMet,
    /// It was interrupted.
    Interrupted,
}

/// Runs all scenarios; the exit code is the first that applies of 1, 2, 97 and 99.
pub(super) fn run(asked: &Run, console: &mut Console<'_>) -> u8 {
    let all = read_all(&asked.what, asked.talk, console);
    let Some(ready) = all.into_iter().collect::<Option<Vec<Ready>>>() else { return exit::USAGE };
    match run_all(asked, &ready, console) {
        Ok(End::Met) => exit::OK,
        Ok(End::NotMet) => exit::NOT_MET,
        Ok(End::Interrupted) => exit::INCOMPLETE,
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

/// Runs scenarios that are known to be good.
fn run_all(asked: &Run, ready: &[Ready], console: &mut Console<'_>) -> Result<End, Error> {
    let targets = targets(asked, ready)?;
    let interrupt = Interrupt::listen()?;
    // All folders are begun first: one that may not be replaced is told before an hour's run.
    let begin = |target: &PathBuf| RunFolder::create(target, asked.force);
    let folders: Vec<RunFolder> = targets.iter().map(begin).collect::<Result<_, _>>()?;
    let mut all = End::Met;
    for ((ready, folder), number) in ready.iter().zip(folders).zip(1..) {
        if number > 1 && asked.format == Format::Text {
            console.out("\n");
        }
        match run_one(asked, ready, folder, &interrupt, console)? {
            End::Met => {}
            End::NotMet => all = End::NotMet,
            End::Interrupted => {
                let left = targets.len() - number;
                if left > 0 {
                    console.err(&format!("interrupted: {left} more not begun\n"));
                }
                return Ok(End::Interrupted);
            }
        }
    }
    Ok(all)
}

/// The folder of a scenario's results.
fn target(asked: &Run, ready: &Ready) -> PathBuf {
    let name = &ready.checked.scenario.name;
    match &asked.out {
        Some(out) if asked.what.scenarios.len() == 1 => out.clone(),
        Some(out) => out.join(name),
        None => Path::new(RUNS).join(name),
    }
}

/// The folder of each scenario; no two share one.
fn targets(asked: &Run, ready: &[Ready]) -> Result<Vec<PathBuf>, Error> {
    let targets: Vec<PathBuf> = ready.iter().map(|ready| target(asked, ready)).collect();
    let mut seen = BTreeMap::new();
    for (target, ready) in targets.iter().zip(ready) {
        if let Some(other) = seen.insert(target, &ready.path) {
            return Err(Error::Usage(format!(
                "error: {} and {} would both leave their results in {}\n  \
                 = help: give one of them another name, as in name = \"second\"",
                other.display(),
                ready.path.display(),
                target.display(),
            )));
        }
    }
    Ok(targets)
}

/// Runs one scenario.
fn run_one(
    asked: &Run,
    ready: &Ready,
    folder: RunFolder,
    interrupt: &Interrupt,
    console: &mut Console<'_>,
) -> Result<End, Error> {
    let scenario = &ready.checked.scenario;
    let name = &scenario.name;
    if asked.format == Format::Text {
        let head = console.styled(super::console::BOLD, name);
        let colon = if scenario.question.is_empty() { "" } else { ": " };
        console.out(format!("{head}{colon}{}\n {}\n", scenario.question, described(ready)));
    }
    let info = RunInfo {
        name: name.clone(),
        question: scenario.question.clone(),
        seed: scenario.seed,
        replication: 0,
        warm_up: scenario.warm_up,
        duration: ready.duration,
        sample_interval: scenario.sample_interval(ready.duration),
        log: Context::new(scenario),
    };
    let paths = scenario.traces.iter().map(|trace| trace.path.as_path());
    let loads = load_files::plan(paths.zip(&ready.files))?;
    let mut both = (folder.writer(info)?, Judge::new(scenario));
    let mut world: World = World::new(scenario, &ready.traces, ready.duration);
    world.reset(0);
    let mut progress = Progress::begin(world.length(), asked.talk, console);
    let mut complete = false;
    while !complete && !interrupt.asked() && !both.0.failed() {
        let more = world.advance(&mut both as &mut dyn Recorder).map_err(|broken| {
            let again = again(asked, ready, None);
            Error::Law(format!(
                "{broken}\n  = help: seed {}; see it again with {again}",
                scenario.seed
            ))
        })?;
        complete = !more;
        progress.at(world.elapsed(), world.arrivals(), console);
    }
    let speed = progress.end(world.arrivals());
    if !complete && world.elapsed() <= scenario.warm_up && !both.0.failed() {
        console.err(&format!("interrupted: {name} was still warming up, nothing is written\n"));
        return Ok(End::Interrupted);
    }
    world.finish(&mut both);
    let (writer, judge) = both;
    // A part of a run is not what was asked about.
    let judgement = if complete { judge.judgement() } else { Judgement::default() };
    let written =
        writer.finish(&ready.checked.lock(&loads.locked), &loads.files, complete, judgement)?;
    if asked.talk.verbose {
        console.err(&format!("{speed}\n"));
    }
    match asked.format {
        Format::Json => {
            let path = written.folder.join("summary.json");
            let json = fs::read(&path)
                .map_err(|error| Error::Outside(format!("read {}", path.display()), error))?;
            console.out(json);
        }
        Format::Text => {
            let ending = Ending {
                written: &written,
                again: again(asked, ready, None),
                next: complete.then(|| again(asked, ready, scenario.seed.checked_add(1))),
                complete,
            };
            text::table(&ending, console);
            judged::told(&written.judgement, &ready.checked, console);
            if !asked.talk.quiet {
                advise(scenario, &written.summary, console);
            }
            text::verdict(&ending, console);
        }
    }
    if !complete {
        let (folder, done) = (written.folder.display(), super::numbers::length(world.elapsed()));
        console.err(&format!("interrupted after {done}: {folder} holds what is complete\n"));
    }
    Ok(match (complete, written.judgement.is_met()) {
        (false, _) => End::Interrupted,
        (true, true) => End::Met,
        (true, false) => End::NotMet,
    })
}

/// The command that makes the same results again, or those of another seed in a folder beside.
fn again(asked: &Run, ready: &Ready, other: Option<u64>) -> String {
    let scenario = &ready.checked.scenario;
    let seed = other.unwrap_or(scenario.seed);
    let mut words = vec!["keyscale run".to_owned(), quoted(&ready.path.display().to_string())];
    for set in asked.what.set.iter().filter(|set| set.key != "seed") {
        words.extend(["--set".to_owned(), quoted(&format!("{}={}", set.key, set.value))]);
    }
    words.push(format!("--seed {seed}"));
    let beside = other.map(|seed| Path::new(RUNS).join(format!("{}-seed-{seed}", scenario.name)));
    let out = beside.or_else(|| asked.out.as_ref().map(|_| target(asked, ready)));
    words.extend(out.map(|out| format!("--out {}", quoted(&out.display().to_string()))));
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=+:,@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("services.web.max_instances=5"), "services.web.max_instances=5");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
