//! A sweep read and checked: every cell's scenario before the first one runs.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::args::Sweep as Asked;
use super::console::Console;
use super::load_files;
use super::numbers::counted;
use super::read::{ReadTraces, Ready, read_text, text};
use crate::error::Error;
use crate::output::journal::{FORMAT_VERSION, Head};
use crate::output::sweep::{Again, SweepInfo};
use crate::record::fingerprint::hex;
use crate::record::metric::vocabulary;
use crate::scenario::problem::{Problem, Problems, Severity};
use crate::scenario::sweep::{Sweep, Told, check_sweep};
use crate::scenario::{LockedFile, Override, Scenario, Source, Trace, Vocabulary};
use crate::study::Rule;
use crate::study::gather::FIRST;
use crate::study::replicate::Subject;
use crate::units::SimDuration;

/// Replications of all cells that nobody has to agree to. Assumption: about ten minutes of a small
/// scenario on one processor.
const LIMIT: u64 = 100_000;

/// Wrong cells after which no more are looked at: what is wrong is mostly wrong in all of them.
const WRONG: usize = 200;

/// A cell that can run.
#[derive(Debug)]
pub(super) struct Cell {
    scenario: Scenario,
    traces: Vec<Trace>,
    duration: SimDuration,
    /// Whether its settings are the scenario's own.
    pub is_base: bool,
}

impl Cell {
    /// What is replicated.
    pub fn subject(&self) -> Subject<'_> {
        Subject { scenario: &self.scenario, traces: &self.traces, duration: self.duration }
    }
}

/// A sweep that can run.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the file asks.
    pub sweep: Sweep,
    /// The cells, in order.
    pub cells: Vec<Cell>,
    /// The metrics there are.
    vocabulary: Vocabulary,
    /// The metrics that are told.
    told: Vec<Told>,
    /// What it can be made again from.
    pub again: Again,
    /// Of what sweep it is; see [`Head`].
    sweep_sha256: String,
    scenario_sha256: String,
    seed: u64,
}

/// Reads a sweep with its scenario and all its cells; none where something is wrong, which is told.
///
/// # Errors
/// [`Error::Outside`] where the full path of a large load file can't be found out.
pub(super) fn read(asked: &Asked, console: &mut Console<'_>) -> Result<Option<Plan>, Error> {
    let vocabulary = vocabulary();
    let sweep = match sweep(asked, &vocabulary) {
        Ok(sweep) => sweep,
        Err(problems) => {
            console.problems(&problems);
            return Ok(None);
        }
    };
    let mut found = Vec::<Problem>::new();
    let checked = check(asked, &sweep, &mut found, console);
    let told = checked.as_ref().and_then(|(base, _)| {
        let services = base.checked.scenario.services.iter().map(|s| s.name.as_str());
        let services: Vec<&str> = services.collect();
        let told = sweep.told(&services, usual(&base.checked.scenario, &vocabulary));
        told.map_err(|problems| found.extend(problems.0)).ok()
    });
    if told.is_none() || !asked.talk.quiet {
        console.problems(&Problems(found));
    }
    let (Some((base, cells)), Some(told)) = (checked, told) else { return Ok(None) };
    let mut digest = Sha256::new();
    digest.update(sweep.lock(""));
    for cell in &cells {
        cell.1.iter().for_each(|digest_of| digest.update(digest_of));
    }
    let by_digest: Vec<LockedFile> = base
        .files
        .iter()
        .map(|file| LockedFile { file: file.sha256.clone(), sha256: None })
        .collect();
    let scenario = &base.checked.scenario;
    let paths = scenario.files().map(|file| file.path);
    let loads = load_files::plan(paths.zip(&base.files))?;
    let again = Again {
        sweep: sweep.lock(crate::output::run::LOCK).into_bytes(),
        scenario: base.checked.lock(&loads.locked).into_bytes(),
        files: loads.files,
        named: Vec::new(),
    };
    Ok(Some(Plan {
        scenario_sha256: hex(&Sha256::digest(base.checked.lock(&by_digest))),
        sweep_sha256: hex(&digest.finalize()),
        seed: scenario.seed,
        cells: cells.into_iter().map(|(cell, _)| cell).collect(),
        vocabulary,
        told,
        again,
        sweep,
    }))
}

/// The sweep of a file.
fn sweep(asked: &Asked, vocabulary: &Vocabulary) -> Result<Sweep, Problems> {
    let path = asked.sweep.as_path();
    let text = text(path, "sweep")?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let origin = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    let source = Source { origin: &origin, text: &text, stem: &stem, folder };
    let seed = |seed: u64| Override { key: "seed".to_owned(), value: seed.to_string() };
    let beside: Vec<Override> = asked.set.iter().cloned().chain(asked.seed.map(seed)).collect();
    let sweep = check_sweep(&source, &beside, vocabulary)?.with_replications(asked.replications);
    // By rule a cell has more only where it takes more.
    let runs = sweep.replications.unwrap_or(FIRST).saturating_mul(sweep.cells() as u64);
    if runs > LIMIT && !asked.yes {
        let title = format!("that is {} in all", counted(runs, "replication"));
        let label = format!("the axes make {}", counted(sweep.cells() as u64, "cell"));
        let help = format!(
            "up to {} are run unasked: say --yes, or make it smaller",
            counted(LIMIT, "replication")
        );
        return Err(sweep.problem(&title, &label, &help));
    }
    Ok(sweep)
}

/// The metrics that are told where nobody says which: the share of failed requests, and those with
/// thresholds.
fn usual(scenario: &Scenario, vocabulary: &Vocabulary) -> Vec<Told> {
    let failed = vocabulary.results.iter().position(|metric| metric.name == "failed_ratio");
    let mut told: Vec<Told> =
        failed.map(|result| Told { service: String::new(), result }).into_iter().collect();
    for threshold in &scenario.thresholds {
        let result = vocabulary.result(&threshold.metric, threshold.condition.statistic);
        let service = threshold.service.map(|service| &scenario.services[service.index()].name);
        let service = service.cloned().unwrap_or_default();
        if let Some(told_of) = result.map(|result| Told { service, result })
            && !told.contains(&told_of)
        {
            told.push(told_of);
        }
    }
    told
}

/// A cell with the digests of its load files.
type Read = (Cell, Vec<String>);

/// The scenario as it is, and all cells; none where one can't run. What is said of several cells
/// is said once.
fn check(
    asked: &Asked,
    sweep: &Sweep,
    found: &mut Vec<Problem>,
    console: &mut Console<'_>,
) -> Option<(Ready, Vec<Read>)> {
    let path = sweep.scenario.as_path();
    let scenario = match text(path, "scenario") {
        Ok(text) => text,
        Err(problems) => {
            found.extend(problems.0);
            return None;
        }
    };
    let mut traces = ReadTraces::default();
    let mut read = |cell: Option<usize>, found: &mut Vec<Problem>| {
        let (of, overrides) = (&sweep.folder, sweep.overrides_of(cell));
        let read = read_text(path, &scenario, &overrides, of, &mut traces, asked.talk, console);
        let (problems, ready) = match read {
            Ok((warnings, ready)) => (warnings, Some(ready)),
            Err(problems) => (problems, None),
        };
        for problem in sweep.located(problems, cell).0 {
            if !found.iter().any(|known| is_same(known, &problem)) {
                found.push(problem);
            }
        }
        ready
    };
    let base = read(None, found);
    let (mut cells, mut wrong) = (Vec::new(), 0);
    for number in 0..sweep.cells() {
        match read(Some(number), found) {
            Some(Ready { checked, traces, duration, files, .. }) => {
                let is_base = base.as_ref().is_some_and(|base| {
                    base.checked.scenario == checked.scenario && base.traces == traces
                });
                let digests = files.into_iter().map(|file| file.sha256).collect();
                cells.push((
                    Cell { scenario: checked.scenario, traces, duration, is_base },
                    digests,
                ));
            }
            None => wrong += 1,
        }
        if wrong >= WRONG {
            break;
        }
    }
    base.filter(|_| wrong == 0).map(|base| (base, cells))
}

/// Whether two problems say the same of the same place.
fn is_same(a: &Problem, b: &Problem) -> bool {
    let place = |problem: &Problem| {
        let excerpt = problem.excerpts.first()?;
        let (range, _) = excerpt.marks.first()?;
        Some((excerpt.origin.clone(), range.clone()))
    };
    (a.severity == Severity::Error) == (b.severity == Severity::Error)
        && a.title == b.title
        && place(a) == place(b)
}

impl Plan {
    /// How many replications a cell has.
    pub fn rule(&self, subject: &Subject<'_>) -> Rule {
        match self.sweep.replications {
            Some(count) => Rule::Fixed(count),
            None if subject.scenario.thresholds.is_empty() => Rule::Fixed(FIRST),
            None => Rule::UNTIL_KNOWN,
        }
    }

    /// What the rows say beside what runs come to.
    pub fn info(&self) -> SweepInfo<'_> {
        SweepInfo { sweep: &self.sweep, vocabulary: &self.vocabulary, told: &self.told }
    }

    /// Of what sweep a journal is.
    pub fn head(&self, shard: Option<[u64; 2]>) -> Head {
        Head {
            format_version: FORMAT_VERSION,
            keyscale: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.sweep.name.clone(),
            sweep: self.sweep_sha256.clone(),
            scenario: self.scenario_sha256.clone(),
            seed: self.seed,
            cells: self.cells.len() as u64,
            shard,
            columns: self.info().columns(),
        }
    }

    /// What is to be run, in a line.
    pub fn described(&self, shard: Option<[u64; 2]>) -> String {
        let axes: Vec<String> = self
            .sweep
            .axes
            .iter()
            .map(|axis| {
                let (first, last) = (axis.spots.first(), axis.spots.last());
                let [first, last] = [first, last].map(|spot| spot.map_or("", |spot| &spot.label));
                match axis.spots.len() {
                    1 => format!("{} {first}", axis.name),
                    n => format!("{n} {} ({first} … {last})", axis.name),
                }
            })
            .collect();
        let cells = self.cells.len() as u64;
        let part = shard.map_or(String::new(), |[number, of]| format!(", part {number} of {of}"));
        let runs = match self.sweep.replications {
            Some(count) => format!(
                "{} each, {} in all",
                counted(count, "replication"),
                counted(count * cells, "replication"),
            ),
            None => match self.cells.iter().any(|cell| !cell.scenario.thresholds.is_empty()) {
                true => format!("{FIRST} replications each, and more until thresholds are known"),
                false => format!("{FIRST} replications each, {} in all", FIRST * cells),
            },
        };
        format!(
            "{} = {}{part}; {runs}, under the same luck",
            counted(cells, "cell"),
            axes.join(" × ")
        )
    }
}
