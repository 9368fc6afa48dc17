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
use super::without::{self, Variant};
use crate::error::{Error, exit};
use crate::output::events::Context;
use crate::output::{RunFolder, RunInfo, Written};
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
    let variants = ready.iter().map(|ready| without::variants(asked, ready, console));
    let Some(variants) = variants.collect::<Option<Vec<_>>>() else { return exit::USAGE };
    let jobs: Vec<Job<'_>> = ready.iter().zip(&variants).flat_map(Job::all).collect();
    match run_all(asked, &jobs, console) {
        Ok(End::Met) => exit::OK,
        Ok(End::NotMet) => exit::NOT_MET,
        Ok(End::Interrupted) => exit::INCOMPLETE,
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

/// A scenario to run, as it is or without a cause.
#[derive(Clone, Copy, Debug)]
struct Job<'a> {
    ready: &'a Ready,
    /// The cause that is switched off; absent: the scenario runs as it is.
    without: Option<&'a str>,
}

impl<'a> Job<'a> {
    /// A scenario as it is, then without each cause.
    fn all((ready, variants): (&'a Ready, &'a Vec<Variant<'_>>)) -> impl Iterator<Item = Self> {
        let variant = |v: &'a Variant<'_>| Self { ready: &v.ready, without: Some(v.cause) };
        std::iter::once(Self { ready, without: None }).chain(variants.iter().map(variant))
    }
}

/// Runs scenarios that are known to be good.
fn run_all(asked: &Run, jobs: &[Job<'_>], console: &mut Console<'_>) -> Result<End, Error> {
    let targets = targets(asked, jobs)?;
    let interrupt = Interrupt::listen()?;
    // All folders are begun first: one that may not be replaced is told before an hour's run.
    let begin = |target: &PathBuf| RunFolder::create(target, asked.force);
    let folders: Vec<RunFolder> = targets.iter().map(begin).collect::<Result<_, _>>()?;
    let mut all = End::Met;
    let mut base: Option<Written> = None;
    let mut remaining: Vec<(&str, Written)> = Vec::new();
    for ((job, folder), number) in jobs.iter().zip(folders).zip(1..) {
        if number > 1 && job.without.is_none() && asked.format == Format::Text {
            console.out("\n");
        }
        let (end, written) = run_one(asked, job, folder, &interrupt, console)?;
        match end {
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
        match job.without {
            Some(cause) => remaining.extend(written.map(|written| (cause, written))),
            None => base = written,
        }
        let is_last = jobs.get(number).is_none_or(|next| next.without.is_none());
        if let (true, Some(base), Format::Text) = (is_last, &base, asked.format)
            && !remaining.is_empty()
        {
            without::told(base, &remaining, console);
            remaining.clear();
        }
    }
    Ok(all)
}

/// The folder of a scenario's results.
fn target(asked: &Run, job: &Job<'_>) -> PathBuf {
    let mut name = job.ready.checked.scenario.name.clone();
    let beside = job.without.map(|cause| format!("-without-{cause}")).unwrap_or_default();
    name.push_str(&beside);
    match &asked.out {
        Some(out) if asked.what.scenarios.len() == 1 => {
            let mut out = out.as_os_str().to_owned();
            out.push(&beside);
            out.into()
        }
        Some(out) => out.join(name),
        None => Path::new(RUNS).join(name),
    }
}

/// The folder of each job; no two share one.
fn targets(asked: &Run, jobs: &[Job<'_>]) -> Result<Vec<PathBuf>, Error> {
    let targets: Vec<PathBuf> = jobs.iter().map(|job| target(asked, job)).collect();
    let mut seen = BTreeMap::new();
    for (target, job) in targets.iter().zip(jobs) {
        if let Some(other) = seen.insert(target, &job.ready.path) {
            return Err(Error::Usage(format!(
                "error: {} and {} would both leave their results in {}\n  \
                 = help: give one of them another name, as in name = \"second\"",
                other.display(),
                job.ready.path.display(),
                target.display(),
            )));
        }
    }
    Ok(targets)
}

/// Runs one scenario and tells of it, or keeps to what it leaves behind where a cause is switched
/// off.
fn run_one(
    asked: &Run,
    job: &Job<'_>,
    folder: RunFolder,
    interrupt: &Interrupt,
    console: &mut Console<'_>,
) -> Result<(End, Option<Written>), Error> {
    let ready = job.ready;
    let told = job.without.is_none();
    let scenario = &ready.checked.scenario;
    let name = &scenario.name;
    if asked.format == Format::Text && told {
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
            let again = again(asked, job, None);
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
        return Ok((End::Interrupted, None));
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
        Format::Text if !told => {}
        Format::Text => {
            let ending = Ending {
                written: &written,
                again: again(asked, job, None),
                next: complete.then(|| again(asked, job, scenario.seed.checked_add(1))),
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
    // What is asked of a run is asked of it as it is.
    let met = !told || written.judgement.is_met();
    let end = match (complete, met) {
        (false, _) => End::Interrupted,
        (true, true) => End::Met,
        (true, false) => End::NotMet,
    };
    Ok((end, Some(written)))
}

/// The command that makes the same results again, or those of another seed in a folder beside.
fn again(asked: &Run, job: &Job<'_>, other: Option<u64>) -> String {
    let ready = job.ready;
    let scenario = &ready.checked.scenario;
    let seed = other.unwrap_or(scenario.seed);
    let mut words = vec!["keyscale run".to_owned(), quoted(&ready.path.display().to_string())];
    for set in asked.what.set.iter().filter(|set| set.key != "seed") {
        words.extend(["--set".to_owned(), quoted(&format!("{}={}", set.key, set.value))]);
    }
    if job.without.is_some() {
        let causes: Vec<&str> = scenario.without.names().collect();
        words.extend(["--set".to_owned(), quoted(&format!("without={causes:?}"))]);
    }
    words.push(format!("--seed {seed}"));
    let beside = other.map(|seed| Path::new(RUNS).join(format!("{}-seed-{seed}", scenario.name)));
    let out = beside.or_else(|| asked.out.as_ref().map(|_| target(asked, job)));
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
