//! `keyscale regress`: runs beside what they came to, and beside what others say they must;
//! policies beside the decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::args::{Regress, RegressFormat, What};
use super::console::{BOLD, Console};
use super::interrupt::Interrupt;
use super::numbers::counted;
use super::policy::{Recorded, recorded};
use super::read::{Ready, read_all, read_one, text};
use super::regression::{self, Reported};
use super::run::quoted;
use super::study::{baseline_of, crew};
use super::study_text::{number, signed};
use crate::error::{Error, exit};
use crate::output::baseline::{self, BASELINES, Baseline};
use crate::output::validation::{MARKERS, between_markers, csv, markdown};
use crate::output::write_whole;
use crate::record::fingerprint::{Parts, VERSION};
use crate::scenario::{Override, is_replay};
use crate::study::decisions::decisions;
use crate::study::regress::{Kept, Layer, Metric, Prints, kept, metrics};
use crate::study::replicate::{BrokenRun, Crew, Ended, Subject};
use crate::study::truth::{Row, truth};

/// Compares, or makes baselines again; the exit code.
pub(super) fn regress(asked: &Regress, console: &mut Console<'_>) -> u8 {
    let targets = match Targets::read(asked, console) {
        Ok(targets) => targets,
        Err(code) => return code,
    };
    let done = match asked.update {
        true => update(asked, &targets.golden, console),
        false => compare(asked, &targets, console),
    };
    done.unwrap_or_else(|error| {
        console.err(&format!("{error}\n"));
        error.exit_code()
    })
}

/// A baseline with the scenario it is of, which is run again.
struct Golden {
    name: String,
    baseline: Baseline,
    ready: Ready,
}

/// What others say something of.
enum Case {
    /// A scenario with its references.
    Scenario(Box<Ready>),
    /// A policy with its decisions, by its file.
    Policy(PathBuf, Box<Recorded>),
}

/// What is compared.
#[derive(Default)]
struct Targets {
    golden: Vec<Golden>,
    truths: Vec<Case>,
}

impl Targets {
    /// Everything that was named, by default all baselines; else the exit code, when all that is
    /// wrong was told.
    fn read(asked: &Regress, console: &mut Console<'_>) -> Result<Self, u8> {
        let (mut targets, mut failed) = (Self::default(), None);
        let mut names = Vec::new();
        // What was told already is no error any more, but still one.
        let mut fail = |error: Option<Error>, console: &mut Console<'_>| {
            let code = error.as_ref().map_or(exit::USAGE, Error::exit_code);
            error.iter().for_each(|error| console.err(&format!("{error}\n")));
            failed = Some(failed.map_or(code, |before: u8| before.min(code)));
        };
        if asked.what.is_empty() {
            match baseline::names() {
                Ok(all) if all.is_empty() => fail(Some(no_baseline()), console),
                Ok(all) => names = all,
                Err(error) => fail(Some(error), console),
            }
        }
        for what in &asked.what {
            match what.extension().is_some_and(|end| end == "toml") {
                true => match targets.scenario(asked, what, console) {
                    Ok(more) => names.extend(more),
                    Err(error) => fail(error, console),
                },
                false => names.push(name_of(what)),
            }
        }
        let mut seen = BTreeSet::new();
        for name in names.into_iter().filter(|name| seen.insert(name.clone())) {
            match golden(asked, &name, console) {
                Ok(golden) => targets.golden.push(golden),
                Err(error) => fail(error, console),
            }
        }
        failed.map_or(Ok(targets), Err)
    }

    /// A scenario or a policy: its references count, and the names of its baselines are given back. An error
    /// that was told already is none.
    fn scenario(
        &mut self,
        asked: &Regress,
        path: &Path,
        console: &mut Console<'_>,
    ) -> Result<Vec<String>, Option<Error>> {
        if text(path, "scenario").is_ok_and(|text| is_replay(&text)) {
            let recorded = recorded(path, asked.talk.quiet, console).ok_or(None)?;
            self.truths.push(Case::Policy(path.to_owned(), Box::new(recorded)));
            return Ok(Vec::new());
        }
        let same = |other: &str| match (fs::canonicalize(other), fs::canonicalize(path)) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        };
        let mut names = Vec::new();
        for name in baseline::names().map_err(Some)? {
            if same(&Baseline::read(&baseline::path(&name)).map_err(Some)?.scenario) {
                names.push(name);
            }
        }
        let seed = |seed: u64| Override { key: "seed".to_owned(), value: seed.to_string() };
        let set: Vec<Override> = asked.set.iter().cloned().chain(asked.seed.map(seed)).collect();
        let ready = read_one(path, &set, asked.talk, console).ok_or(None)?;
        if !ready.checked.scenario.references.is_empty() {
            self.truths.push(Case::Scenario(Box::new(ready)));
        } else if names.is_empty() {
            return Err(Some(usage(
                &format!(
                    "{} has no baseline, and says nothing of what it must come to",
                    path.display()
                ),
                "make a baseline with keyscale run SCENARIO -r 10 --save-baseline NAME, or add tables \
                 [[reference]] with metric, value and source",
            )));
        }
        Ok(names)
    }
}

fn no_baseline() -> Error {
    let help = "make one with keyscale run SCENARIO -r 10 --save-baseline NAME, or name scenarios \
                with [[reference]]";
    usage(&format!("there is no baseline in {BASELINES}"), help)
}

fn usage(what: &str, help: &str) -> Error {
    Error::Usage(format!("error: {what}\n  = help: {help}"))
}

/// The name of a baseline that is named by its file or name.
fn name_of(what: &Path) -> String {
    let is_file = what.extension().is_some_and(|end| end == "csv");
    let name = if is_file { what.file_stem() } else { what.to_str().map(str::as_ref) };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// A baseline, and its scenario as it is now. An error that was told already is none.
fn golden(asked: &Regress, name: &str, console: &mut Console<'_>) -> Result<Golden, Option<Error>> {
    let path = baseline::path(name);
    if !path.is_file() {
        let help = "name a baseline of that folder, or a scenario (.toml)";
        return Err(Some(usage(&format!("there is no {}", path.display()), help)));
    }
    if !asked.set.is_empty() || asked.seed.is_some() {
        let what = format!("{} has its own values", path.display());
        return Err(Some(usage(&what, "leave --set and --seed out: they are for references")));
    }
    let baseline = Baseline::read(&path).map_err(Some)?;
    if !asked.update {
        baseline.is_of_this_version(&path).map_err(Some)?;
    }
    let set = baseline.set.iter().map(|set| set.parse()).collect::<Result<_, String>>();
    let set =
        set.map_err(|what| Some(usage(&format!("{}: {what}", path.display()), "make it again")))?;
    let what = What { scenarios: vec![PathBuf::from(&baseline.scenario)], set, seed: None };
    let ready = read_all(&what, asked.talk, console).pop().flatten().ok_or(None)?;
    if !asked.update {
        baseline.is_of(&ready.said, &path).map_err(Some)?;
    }
    Ok(Golden { name: name.to_owned(), baseline, ready })
}

impl Ready {
    fn subject(&self) -> Subject<'_> {
        let Self { checked, traces, duration, .. } = self;
        Subject { scenario: &checked.scenario, traces, duration: *duration }
    }

    /// A broken law of one of its runs.
    fn broken(&self, broken: &BrokenRun) -> Error {
        let (path, seed) = (self.path.display(), self.checked.scenario.seed);
        Error::Law(format!("{broken}\n  = help: seed {seed} of {path}"))
    }
}

impl Golden {
    /// As many replications as the baseline has.
    fn run(&self, crew: &Crew, interrupt: &Interrupt) -> Result<Option<Vec<Kept>>, Error> {
        let count = self.baseline.runs.len() as u64;
        let (ended, runs) = kept(crew, &self.ready.subject(), count, || interrupt.asked())
            .map_err(|broken| self.ready.broken(&broken))?;
        Ok((ended != Ended::Stopped).then_some(runs))
    }
}

/// Runs everything, tells each layer, and writes the tables that are wanted; the exit code.
fn compare(asked: &Regress, targets: &Targets, console: &mut Console<'_>) -> Result<u8, Error> {
    if targets.truths.is_empty() && (asked.csv.is_some() || asked.markdown.is_some()) {
        let help = "name scenarios that have [[reference]], or leave --csv and --markdown out";
        return Err(usage("the tables are of references, and there are none", help));
    }
    // A text without a place for the table is told before the runs.
    let text = asked.markdown.as_deref().map(text_around).transpose()?;
    let (interrupt, crew) = (Interrupt::listen()?, crew(asked.jobs)?);
    let is_text = asked.format == RegressFormat::Text;
    let (mut prints, mut moved, mut again) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut complete = true;
    for golden in &targets.golden {
        let Some(now) = golden.run(&crew, &interrupt)? else {
            complete = false;
            break;
        };
        let (name, before) = (&golden.name, &golden.baseline.runs);
        prints.push(Prints::of(name, before, &now));
        moved.extend(metrics(name, before, &now));
        again.insert(name.clone(), format!("keyscale regress {}", quoted(name)));
    }
    let mut layers = Vec::new();
    if !prints.is_empty() {
        layers.push(Reported { layer: Layer::Exact(prints), again: again.clone() });
        layers.push(Reported { layer: Layer::Statistical(moved), again });
        layers.iter().filter(|_| is_text).for_each(|layer| regression::told(layer, console));
    }
    let (mut rows, mut again) = (Vec::new(), BTreeMap::new());
    for case in targets.truths.iter().filter(|_| complete) {
        let (found, first) = match case {
            Case::Scenario(ready) => {
                let found = truth(&crew, &ready.subject(), || interrupt.asked());
                (found.map_err(|broken| ready.broken(&broken))?, None)
            }
            Case::Policy(_, p) => {
                let (row, first) =
                    decisions(&p.case, &p.settings, &p.replay, &p.series, &p.decisions);
                (Some(vec![row]), first)
            }
        };
        let Some(found) = found else {
            complete = false;
            break;
        };
        if is_text {
            regression::told_case(&found, rows.is_empty(), console);
            let first = first.map(|first| format!("   the first that does not: {first}\n"));
            first.iter().for_each(|first| console.out(first));
        }
        again.extend(found.iter().map(|row| (row.case.clone(), again_of(asked, case))));
        rows.extend(found);
    }
    if complete {
        tables(asked, &rows, text.flatten())?;
    }
    if !rows.is_empty() {
        let layer = Reported { layer: Layer::Truth(rows), again };
        if is_text {
            regression::told_again(&layer, console);
        }
        layers.push(layer);
    }
    regression::verdict(asked.format, &layers, complete, console)?;
    if !complete {
        console.err("interrupted: what is told is complete, what is not was not compared\n");
        return Ok(exit::INCOMPLETE);
    }
    let holds = layers.iter().all(|reported| reported.failed() == 0);
    Ok(if holds { exit::OK } else { exit::REGRESSED })
}

/// The command that makes a case's rows again.
fn again_of(asked: &Regress, case: &Case) -> String {
    let of = |path: &Path| format!("keyscale regress {}", quoted(&path.display().to_string()));
    let mut words = match case {
        Case::Policy(path, _) => return of(path),
        Case::Scenario(ready) => vec![of(&ready.path)],
    };
    for set in &asked.set {
        words.push(format!("--set {}", quoted(&format!("{}={}", set.key, set.value))));
    }
    words.extend(asked.seed.map(|seed| format!("--seed {seed}")));
    words.join(" ")
}

/// Writes the tables of truth that are wanted.
fn tables(asked: &Regress, rows: &[Row], text: Option<String>) -> Result<(), Error> {
    if let Some(path) = &asked.csv {
        write_whole(path, &csv(rows))?;
    }
    if let Some(path) = &asked.markdown {
        let table = markdown(rows);
        let whole = text.and_then(|text| between_markers(&text, &table));
        write_whole(path, whole.unwrap_or(table).as_bytes())?;
    }
    Ok(())
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
        None => Err(usage(
            &format!("{} has no place for a table", path.display()),
            &format!("put {} and {} where it should stand", MARKERS[0], MARKERS[1]),
        )),
    }
}

/// Makes baselines again, and says what moved; the exit code. One that did not move keeps its file.
fn update(asked: &Regress, all: &[Golden], console: &mut Console<'_>) -> Result<u8, Error> {
    let (interrupt, crew) = (Interrupt::listen()?, crew(asked.jobs)?);
    let mut same = 0;
    for golden in all {
        let Some(now) = golden.run(&crew, &interrupt)? else {
            console.err(&format!(
                "interrupted: {} and what follows it stay as they were\n",
                golden.name
            ));
            return Ok(exit::INCOMPLETE);
        };
        let (name, before) = (&golden.name, &golden.baseline);
        let prints = Prints::of(name, &before.runs, &now);
        let moved: Vec<Metric> =
            metrics(name, &before.runs, &now).into_iter().filter(|metric| !metric.equal).collect();
        let made = baseline_of(&golden.ready, now)?;
        if made.text() == before.text() {
            same += 1;
            continue;
        }
        made.save(name)?;
        let head = console.styled(BOLD, name);
        console.out(format!("{head}: {}\n", why(before, &made, &prints)));
        for metric in &moved {
            console.out(format!("  {}\n", moved_in_words(metric)));
        }
        if moved.is_empty() {
            console.out("  no metric moved\n");
        }
    }
    if same > 0 {
        console.out(format!("{} did not move\n", counted(same, "baseline")));
    }
    Ok(exit::OK)
}

/// What is new about a baseline that was made again.
fn why(before: &Baseline, made: &Baseline, prints: &Prints) -> String {
    let mut parts = Vec::new();
    if before.said != made.said {
        parts.push(format!("{} says something else", made.scenario));
    }
    if before.fingerprints != VERSION {
        let old = before.fingerprints;
        parts.push(format!("fingerprints are of version {VERSION}, not {old}"));
    } else if prints.moved_runs > 0 {
        parts.push(moved_runs(prints));
    }
    if parts.is_empty() {
        parts.push("the file alone".to_owned());
    }
    parts.join("; ")
}

/// Which runs moved, and in what: `10 of 10 runs moved (instances 10, totals 3)`.
pub(super) fn moved_runs(prints: &Prints) -> String {
    let parts = Parts::NAMES.iter().zip(prints.moved).filter(|(_, moved)| *moved > 0);
    let parts: Vec<String> = parts.map(|(part, moved)| format!("{part} {moved}")).collect();
    let runs = counted(prints.runs, "run");
    format!("{} of {runs} moved ({})", prints.moved_runs, parts.join(", "))
}

/// A metric before and after: `failed_ratio: 4.10 % -> 5.00 % (+0.90 % ± 0.10 %)`.
pub(super) fn moved_in_words(metric: &Metric) -> String {
    let compared = metric.comparison.metric;
    let (column, unit) = (compared.column, compared.unit);
    let mut text = match &metric.comparison.paired {
        Some(paired) => format!(
            "{column}: {} -> {} ({} ± {})",
            number(paired.first, unit),
            number(paired.second, unit),
            signed(paired.difference.estimate, unit),
            number(paired.difference.half(), unit),
        ),
        None => format!("{column}: too few pairs"),
    };
    if metric.one_sided > 0 {
        text += &format!(", in {} on one side only", counted(metric.one_sided, "run"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Talk;

    /// Every baseline of the project is of its scenario as it is now, and of this version.
    #[test]
    fn baselines_of_the_project_are_of_its_scenarios() {
        let asked = Regress {
            what: Vec::new(),
            update: false,
            set: Vec::new(),
            seed: None,
            jobs: None,
            csv: None,
            markdown: None,
            format: RegressFormat::Text,
            talk: Talk { quiet: true, verbose: false },
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let targets = Targets::read(&asked, &mut Console::new(&mut out, &mut err));
        let count = targets.map(|targets| targets.golden.len()).ok();
        assert!(count > Some(9), "{}", String::from_utf8_lossy(&err));
    }
}
