//! What is compared: numbers a replication, of a scenario that was just run, of a run's folder, or
//! of a baseline that was kept.

use std::collections::BTreeMap;
use std::fs;
use std::iter;
use std::path::Path;

use serde_json::Value;

use super::read::Ready;
use crate::error::Error;
use crate::output::baseline::{self, BASELINES};
use crate::output::{Baseline, Table};
use crate::record::band::Strip;
use crate::record::fingerprint::VERSION;
use crate::record::summary::SUMMARY;
use crate::study::compare::{Compared, usual};
use crate::units::SimTime;

/// One of the studies that are compared.
#[derive(Debug)]
pub(super) struct Side {
    /// What it is called.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// Length of a run, warm-up included.
    pub seconds: f64,
    /// Names of its services.
    pub services: Vec<String>,
    /// The end of the warm-up.
    pub zero: SimTime,
    /// By replication, the columns of the summary.
    runs: BTreeMap<u64, Vec<f64>>,
    /// By replication, what it looked like over time; none of what was not just run.
    strips: BTreeMap<u64, Strip>,
    /// What it is made of: known of a baseline, and of a scenario that was just run.
    pub origin: Option<Origin>,
}

/// What a side is made of.
#[derive(Debug, PartialEq)]
pub(super) struct Origin {
    /// The version of the program's fingerprints.
    pub fingerprints: u64,
    /// The scenario's file.
    pub scenario: String,
    /// A digest of what it says.
    pub said: String,
    /// Whether it was kept as a baseline, and is not run now.
    pub kept: bool,
}

impl Side {
    /// A scenario before its first replication.
    pub fn new(name: &str, ready: &Ready) -> Self {
        let scenario = &ready.checked.scenario;
        Self {
            name: name.to_owned(),
            seed: scenario.seed,
            seconds: (scenario.warm_up + ready.duration).as_secs_f64(),
            services: scenario.services.iter().map(|s| s.name.clone()).collect(),
            zero: SimTime::ZERO + scenario.warm_up,
            runs: BTreeMap::new(),
            strips: BTreeMap::new(),
            origin: Some(Origin {
                fingerprints: VERSION,
                scenario: ready.path.display().to_string(),
                said: ready.said.clone(),
                kept: false,
            }),
        }
    }

    /// Takes a replication: the columns of the summary, of what is compared.
    pub fn take(&mut self, replication: u64, numbers: &[f64]) {
        self.runs.insert(replication, numbers.to_vec());
    }

    /// Takes what a replication looked like over time.
    pub fn take_strip(&mut self, replication: u64, strip: Strip) {
        self.strips.insert(replication, strip);
    }

    /// What these replications looked like over time; none where one of them is not known.
    pub fn strips(&self, replications: &[u64]) -> Option<Vec<&Strip>> {
        replications.iter().map(|number| self.strips.get(number)).collect()
    }

    /// Its replications.
    pub fn replications(&self) -> impl Iterator<Item = u64> {
        self.runs.keys().copied()
    }

    /// Whether it has a replication.
    pub fn has(&self, replication: u64) -> bool {
        self.runs.contains_key(&replication)
    }

    /// By metric, the numbers of replications.
    pub fn numbers(&self, metrics: &[Compared], replications: &[u64]) -> Vec<Vec<f64>> {
        let column = |metric: &Compared| {
            let at = SUMMARY.iter().position(|column| column.name == metric.column);
            let number = |replication: &u64| {
                let number = at.and_then(|at| self.runs.get(replication)?.get(at).copied());
                number.unwrap_or(f64::NAN)
            };
            replications.iter().map(number).collect()
        };
        metrics.iter().map(column).collect()
    }
}

/// The metrics of these names, by default those of a baseline.
///
/// # Errors
/// [`Error::Usage`] where a name is no column of the summary.
pub(super) fn metrics(names: &[String]) -> Result<Vec<Compared>, Error> {
    if names.is_empty() {
        return Ok(usual());
    }
    let metric = |name: &String| {
        Compared::of(name).ok_or_else(|| {
            let all = SUMMARY.iter().map(|column| column.name);
            let distance = |known: &&str| strsim::damerau_levenshtein(known, name);
            let near = all.min_by_key(distance).unwrap_or_default();
            Error::Usage(format!(
                "error: there is no metric {name:?}\n  = help: metrics are the columns of summary.csv; \
                 the nearest one is {near}"
            ))
        })
    };
    names.iter().map(metric).collect()
}

/// What was kept: a run's folder, or a baseline by its file or name; of a service, or of an empty
/// name all together.
///
/// # Errors
/// [`Error::Usage`] where there is neither, or a single run.
pub(super) fn folder(name: &str, path: &Path, service: &str) -> Result<Side, Error> {
    let kept = baseline::path(name);
    if path.is_dir() {
        return of_run(name, path, service);
    }
    if !service.is_empty() {
        return Err(Error::Usage(format!(
            "error: {name} has no numbers of {service}\n  = help: a baseline keeps all services \
             together; name its scenario, or the folder of a study"
        )));
    }
    match [path, &kept].into_iter().find(|path| path.is_file()) {
        Some(path) => of_baseline(name, path),
        None => Err(Error::Usage(format!(
            "error: there is no {name}\n  = help: name a scenario (.toml), the folder of a study, or a \
             baseline in {BASELINES}"
        ))),
    }
}

fn of_run(name: &str, path: &Path, service: &str) -> Result<Side, Error> {
    let file = path.join("replications.csv");
    if !file.is_file() {
        return Err(Error::Usage(format!(
            "error: {name} holds no replications.csv\n  = help: run its scenario with -r 20, or name the \
             scenario"
        )));
    }
    let summary = path.join("summary.json");
    let outside = |error| Error::Outside(format!("read {}", summary.display()), error);
    let text = fs::read(&summary).map_err(outside)?;
    let json: Value = serde_json::from_slice(&text).map_err(|error| outside(error.into()))?;
    let seconds = |name: &str| json[name].as_f64().unwrap_or(0.0);
    let services = json["services"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name_of = |row: &Value| row["service"].as_str().map(str::to_owned);
    let services: Vec<String> = services.iter().filter_map(name_of).collect();
    has_service(name, &services, service)?;
    Ok(Side {
        name: name.to_owned(),
        seed: json["seed"].as_u64().unwrap_or(0),
        seconds: seconds("warm_up_s") + seconds("duration_s"),
        services,
        runs: rows(&file, service)?,
        zero: SimTime::ZERO,
        strips: BTreeMap::new(),
        origin: None,
    })
}

/// Refuses what has no service of this name; an empty one is all together.
///
/// # Errors
/// [`Error::Usage`] with those that there are.
pub(super) fn has_service(of: &str, services: &[String], service: &str) -> Result<(), Error> {
    if service.is_empty() || services.iter().any(|known| known == service) {
        return Ok(());
    }
    let known = services.join(", ");
    Err(Error::Usage(format!("error: {of} has no service {service}\n  = help: there are {known}")))
}

/// The rows of a service, or of all together, with the columns that there are.
fn rows(path: &Path, service: &str) -> Result<BTreeMap<u64, Vec<f64>>, Error> {
    let metrics = SUMMARY[1..].iter().map(|column| column.name);
    let columns: Vec<&str> = metrics.chain(["replication"]).collect();
    let table = Table::open(path, &["service"], &columns, |cells| cells[0] == service)?;
    let metrics = SUMMARY[1..].iter().map(|column| table.numbers(column.name));
    // The service is no number.
    let columns: Vec<Vec<f64>> = iter::once(vec![f64::NAN; table.len()]).chain(metrics).collect();
    let row = |at: usize| columns.iter().map(|column| column[at]).collect();
    let numbers = table.numbers("replication");
    Ok(numbers.iter().enumerate().map(|(at, number)| (*number as u64, row(at))).collect())
}

fn of_baseline(name: &str, path: &Path) -> Result<Side, Error> {
    let Baseline { fingerprints, scenario, said, seed, run_s, services, runs, .. } =
        Baseline::read(path)?;
    Ok(Side {
        name: name.to_owned(),
        seed,
        seconds: run_s,
        services,
        runs: (0..).zip(runs.into_iter().map(|run| run.numbers)).collect(),
        zero: SimTime::ZERO,
        strips: BTreeMap::new(),
        origin: Some(Origin { fingerprints, scenario, said, kept: true }),
    })
}
