//! `keyscale run`: scenarios in, a folder of results each, and a verdict.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::advice::advise;
use super::args::{FailOn, Format, Run};
use super::console::Console;
use super::gate;
use super::interrupt::Interrupt;
use super::judged;
use super::load_files;
use super::numbers::{counted, length};
use super::progress::Progress;
use super::read::{Ready, read_all};
use super::sketch;
use super::study::{self, Studied};
use super::text::{self, Ending};
use super::validate::described;
use super::without::{self, Variant};
use crate::error::{Error, exit};
use crate::output::events::Context;
use crate::output::{Closing, RunFolder, RunInfo, RunWriter, Written};
use crate::record::Recorder;
use crate::study::gather::FIRST;
use crate::study::replicate::Subject;
use crate::study::{Judge, Judgement};
use crate::units::SimDuration;
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
    if asked.save_baseline.is_some() && asked.what.scenarios.len() > 1 {
        let text = "error: a baseline is of one scenario\n  = help: run them one by one";
        return Err(Error::Usage(text.to_owned()));
    }
    let targets = targets(asked, jobs)?;
    let interrupt = Interrupt::listen()?;
    // All folders are begun first: one that may not be replaced is told before an hour's run.
    let begin = |target: &PathBuf| RunFolder::create(target, asked.force);
    let folders: Vec<RunFolder> = targets.iter().map(begin).collect::<Result<_, _>>()?;
    let mut all = End::Met;
    let around = if asked.format == Format::Junit { gate::JUNIT } else { ["", ""] };
    console.out(around[0]);
    let mut base: Option<(Written, u64)> = None;
    let mut remaining: Vec<(&str, Written)> = Vec::new();
    for ((job, folder), number) in jobs.iter().zip(folders).zip(1..) {
        if number > 1 && job.without.is_none() && asked.format == Format::Text {
            console.out("\n");
        }
        let shown = base.as_ref().filter(|_| job.without.is_some()).map_or(0, |base| base.1);
        let (end, written) = run_one(asked, job, shown, folder, &interrupt, console)?;
        match end {
            End::Met => {}
            End::NotMet => all = End::NotMet,
            End::Interrupted => {
                let left = targets.len() - number;
                if left > 0 {
                    console.err(&format!("interrupted: {left} more not begun\n"));
                }
                all = End::Interrupted;
                break;
            }
        }
        match job.without {
            Some(cause) => remaining.extend(written.map(|(written, _)| (cause, written))),
            None => base = written,
        }
        let is_last = jobs.get(number).is_none_or(|next| next.without.is_none());
        if let (true, Some((base, _)), Format::Text) = (is_last, &base, asked.format)
            && !remaining.is_empty()
        {
            without::told(base, &remaining, console);
            remaining.clear();
        }
    }
    console.out(around[1]);
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

/// Runs one scenario: all replications that are asked for, then with outputs the one to show. One
/// in which a cause is switched off is not replicated: it has the luck of the run that is shown
/// of it as it is. Gives what is left behind, and which replication that is.
fn run_one(
    asked: &Run,
    job: &Job<'_>,
    base: u64,
    mut folder: RunFolder,
    interrupt: &Interrupt,
    console: &mut Console<'_>,
) -> Result<(End, Option<(Written, u64)>), Error> {
    let ready = job.ready;
    let told = job.without.is_none();
    let scenario = &ready.checked.scenario;
    let name = &scenario.name;
    if asked.format == Format::Text && told {
        let head = console.styled(super::console::BOLD, name);
        let colon = if scenario.question.is_empty() { "" } else { ": " };
        console.out(format!("{head}{colon}{}\n {}\n", scenario.question, described(ready)));
    }
    let paths = scenario.files().map(|file| file.path);
    let loads = load_files::plan(paths.zip(&ready.files))?;
    let study = match study::rule(asked, scenario).filter(|_| told) {
        None => None,
        Some(rule) => match study::study(asked, ready, rule, &mut folder, interrupt, console)? {
            None => {
                console.err(&format!(
                    "interrupted: no replication of {name} was complete, nothing is written\n"
                ));
                return Ok((End::Interrupted, None));
            }
            study => study,
        },
    };
    let Some(run) = simulate(asked, job, base, folder, study.as_ref(), interrupt, console)? else {
        console.err(&format!("interrupted: {name} was still warming up, nothing is written\n"));
        return Ok((End::Interrupted, None));
    };
    let Simulated { writer, judge, done, complete: run_complete, speed } = run;
    let complete = study.as_ref().map_or(run_complete, Studied::is_complete);
    let judgement = match &study {
        Some(study) => study.gathered.judgement().of_shown(&judge.judgement()),
        None if complete => judge.judgement(),
        // A part of a run is not what was asked about.
        None => Judgement::default(),
    };
    let lock = ready.checked.lock(&loads.locked);
    let info = study.as_ref().map(Studied::info);
    let kept = ready.checked.kept();
    let verdict = |written: &Written| text::in_short(&Ending::of(written, info.as_ref(), complete));
    let subject = Subject { scenario, traces: &ready.traces, duration: ready.duration };
    let written = writer.finish(Closing {
        lock: &lock,
        kept: &kept,
        load_files: &loads.files,
        complete,
        judgement,
        study: info.as_ref(),
        subject: &subject,
        verdict: &verdict,
    })?;
    if asked.talk.verbose && study.is_none() {
        console.err(&format!("{speed}\n"));
    }
    let ending = Ending {
        again: again(asked, job, Again::Same),
        next: complete.then(|| match &study {
            Some(_) => again(asked, job, Again::Seed(scenario.seed.wrapping_add(1))),
            None => again(asked, job, Again::Replicated),
        }),
        ..Ending::of(&written, info.as_ref(), complete)
    };
    let judgement = &written.judgement;
    match asked.format {
        Format::Json => console.out(bytes(&written, "summary.json")?),
        Format::Csv => console.out(bytes(&written, "summary.csv")?),
        Format::Text | Format::Md | Format::Junit if !told => {}
        Format::Md => {
            let said = text::in_short(&ending);
            console.out(gate::markdown(judgement, &ready.checked, &said, &ending.again));
        }
        Format::Junit => {
            let unclear_fails = asked.fail_on == FailOn::Unclear;
            console.out(gate::junit(judgement, &ready.checked, unclear_fails));
        }
        Format::Text => {
            if !asked.talk.quiet {
                sketch::told(&written, console)?;
            }
            text::table(&ending, console);
            judged::told(judgement, &ready.checked, console);
            if !asked.talk.quiet {
                advise(scenario, &written.summary, console);
            }
            text::verdict(&ending, console);
        }
    }
    if !complete {
        let done = match &study {
            Some(study) => counted(study.gathered.runs, "replication"),
            None => length(done),
        };
        let folder = written.folder.display();
        console.err(&format!("interrupted after {done}: {folder} holds what is complete\n"));
    }
    // What is asked of a run is asked of it as it is.
    let met = match asked.fail_on {
        _ if !told => true,
        FailOn::Fail => !judgement.has_failed(),
        FailOn::Unclear => judgement.is_met(),
    };
    let end = match (complete, met) {
        (false, _) => End::Interrupted,
        (true, true) => End::Met,
        (true, false) => End::NotMet,
    };
    let shown = study.as_ref().map_or(base, |study| study.shown);
    Ok((end, Some((written, shown))))
}

/// The bytes of a file that was written.
fn bytes(written: &Written, name: &str) -> Result<Vec<u8>, Error> {
    let path = written.folder.join(name);
    fs::read(&path).map_err(|error| Error::Outside(format!("read {}", path.display()), error))
}

/// A run whose outputs are written but for the last ones.
struct Simulated<'s> {
    writer: RunWriter,
    judge: Judge<'s>,
    /// Simulated time.
    done: SimDuration,
    /// Whether it came to its end.
    complete: bool,
    /// How fast it was, in words.
    speed: String,
}

/// Runs one replication with outputs: the first or, of a study, the one that it shows. Nothing
/// where it was interrupted within its warm-up.
fn simulate<'s>(
    asked: &Run,
    job: &Job<'s>,
    base: u64,
    folder: RunFolder,
    study: Option<&Studied<'_>>,
    interrupt: &Interrupt,
    console: &mut Console<'_>,
) -> Result<Option<Simulated<'s>>, Error> {
    let ready = job.ready;
    let scenario = &ready.checked.scenario;
    let replication = study.map_or(base, |study| study.shown);
    let info = RunInfo {
        name: scenario.name.clone(),
        question: scenario.question.clone(),
        seed: scenario.seed,
        replication,
        warm_up: scenario.warm_up,
        duration: ready.duration,
        sample_interval: scenario.sample_interval(ready.duration),
        log: Context::new(scenario),
    };
    let mut both = (folder.writer(info)?, Judge::new(scenario));
    let mut world: World = World::new(scenario, &ready.traces, ready.duration);
    world.reset(replication);
    let mut progress = match study {
        Some(_) => None,
        None => Some(Progress::begin(world.length(), asked.talk, console)),
    };
    // A study that was interrupted still has a run to show.
    let interrupted = || study.is_none() && interrupt.asked();
    let mut complete = false;
    while !complete && !interrupted() && !both.0.failed() {
        let more = world.advance(&mut both as &mut dyn Recorder).map_err(|broken| {
            let again = again(asked, job, Again::Same);
            Error::Law(format!(
                "{broken}\n  = help: seed {}; see it again with {again}",
                scenario.seed
            ))
        })?;
        complete = !more;
        if let Some(progress) = &mut progress {
            progress.at(world.elapsed(), world.arrivals(), console);
        }
    }
    let speed = progress.map_or(String::new(), |progress| progress.end(world.arrivals()));
    if !complete && world.elapsed() <= scenario.warm_up && !both.0.failed() {
        return Ok(None);
    }
    world.finish(&mut both);
    let (writer, judge) = both;
    Ok(Some(Simulated { writer, judge, done: world.elapsed(), complete, speed }))
}

/// A command that is like the one that was given.
enum Again {
    /// It makes the same results.
    Same,
    /// Those of another seed, in a folder beside.
    Seed(u64),
    /// Those of several replications, in the same folder.
    Replicated,
}

/// The command that makes the same results again, or others like them.
fn again(asked: &Run, job: &Job<'_>, which: Again) -> String {
    let ready = job.ready;
    let scenario = &ready.checked.scenario;
    let mut words = vec!["keyscale run".to_owned(), quoted(&ready.path.display().to_string())];
    for set in asked.what.set.iter().filter(|set| set.key != "seed") {
        words.extend(["--set".to_owned(), quoted(&format!("{}={}", set.key, set.value))]);
    }
    if job.without.is_some() {
        let causes: Vec<&str> = scenario.without.names().collect();
        words.extend(["--set".to_owned(), quoted(&format!("without={causes:?}"))]);
    }
    let (seed, replications) = match which {
        Again::Same => (scenario.seed, asked.replications),
        Again::Seed(seed) => (seed, asked.replications),
        Again::Replicated => (scenario.seed, Some(FIRST)),
    };
    words.extend(replications.map(|count| format!("-r {count}")));
    words.push(format!("--seed {seed}"));
    let beside = match which {
        Again::Seed(seed) => Some(Path::new(RUNS).join(format!("{}-seed-{seed}", scenario.name))),
        Again::Same | Again::Replicated => None,
    };
    let out = beside.or_else(|| asked.out.as_ref().map(|_| target(asked, job)));
    words.extend(out.map(|out| format!("--out {}", quoted(&out.display().to_string()))));
    words.join(" ")
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
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
