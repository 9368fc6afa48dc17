//! What is compared: numbers a replication, of a scenario that was just run, of a run's folder, or
//! of a baseline that was kept.

use std::collections::BTreeMap;
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::read::Ready;
use crate::error::Error;
use crate::output::Table;
use crate::record::summary::SUMMARY;
use crate::study::compare::Compared;

/// Where baselines are kept.
const BASELINES: &str = "results/baselines";

/// What is compared where nobody says what, and kept in a baseline; more of these is worse.
const LESS_IS_BETTER: [&str; 10] = [
    "failed_ratio",
    "user_failed_ratio",
    "latency_s_mean",
    "latency_s_p50",
    "latency_s_p99",
    "cold_ratio",
    "pending_max",
    "instances_mean",
    "starts_begun",
    "starts_failed",
];

/// The same where more is better.
const MORE_IS_BETTER: [&str; 2] = ["served", "ride_out_s"];

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
    /// By replication, the columns of the summary.
    runs: BTreeMap<u64, Vec<f64>>,
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
            runs: BTreeMap::new(),
        }
    }

    /// Takes a replication: the columns of the summary of all services together.
    pub fn take(&mut self, replication: u64, numbers: &[f64]) {
        self.runs.insert(replication, numbers.to_vec());
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
    let default = || LESS_IS_BETTER.iter().chain(&MORE_IS_BETTER).map(|name| (*name).to_owned());
    let names: Vec<String> = if names.is_empty() { default().collect() } else { names.to_vec() };
    let metric = |name: &String| {
        let column = SUMMARY.iter().skip(1).find(|column| column.name == name);
        let column = column.ok_or_else(|| {
            let all = SUMMARY.iter().map(|column| column.name);
            let distance = |known: &&str| strsim::damerau_levenshtein(known, name);
            let near = all.min_by_key(distance).unwrap_or_default();
            Error::Usage(format!(
                "error: there is no metric {name:?}\n  = help: metrics are the columns of summary.csv; \
                 the nearest one is {near}"
            ))
        })?;
        let more_is_better = MORE_IS_BETTER.contains(&column.name);
        Ok(Compared { column: column.name, unit: column.unit, more_is_better })
    };
    names.iter().map(metric).collect()
}

/// The file of a baseline.
pub(super) fn baseline(name: &str) -> PathBuf {
    Path::new(BASELINES).join(format!("{name}.csv"))
}

/// What was kept: a run's folder, or a baseline by its file or name.
///
/// # Errors
/// [`Error::Usage`] where there is neither, or a single run.
pub(super) fn folder(name: &str, path: &Path) -> Result<Side, Error> {
    let kept = baseline(name);
    if path.is_dir() {
        return of_run(name, path);
    }
    match [path, &kept].into_iter().find(|path| path.is_file()) {
        Some(path) => of_baseline(name, path),
        None => Err(Error::Usage(format!(
            "error: there is no {name}\n  = help: name a scenario (.toml), the folder of a study, or a \
             baseline in {BASELINES}"
        ))),
    }
}

/// The rows of all services together, with the columns that there are.
fn rows(path: &Path, texts: &[&str]) -> Result<BTreeMap<u64, Vec<f64>>, Error> {
    let metrics = SUMMARY[1..].iter().map(|column| column.name);
    let columns: Vec<&str> = metrics.chain(["replication"]).collect();
    let table = Table::open(path, texts, &columns, |cells| cells[0].is_empty())?;
    let metrics = SUMMARY[1..].iter().map(|column| table.numbers(column.name));
    // The service is no number.
    let columns: Vec<Vec<f64>> = iter::once(vec![f64::NAN; table.len()]).chain(metrics).collect();
    let row = |at: usize| columns.iter().map(|column| column[at]).collect();
    let numbers = table.numbers("replication");
    Ok(numbers.iter().enumerate().map(|(at, number)| (*number as u64, row(at))).collect())
}

fn of_run(name: &str, path: &Path) -> Result<Side, Error> {
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
    let service = |row: &Value| row["service"].as_str().map(str::to_owned);
    Ok(Side {
        name: name.to_owned(),
        seed: json["seed"].as_u64().unwrap_or(0),
        seconds: seconds("warm_up_s") + seconds("duration_s"),
        services: services.iter().filter_map(service).collect(),
        runs: rows(&file, &["service"])?,
    })
}

/// A baseline has the seed and the length in each row, and the services' names in one cell.
fn of_baseline(name: &str, path: &Path) -> Result<Side, Error> {
    let table = Table::open(path, &["service", "services"], &["seed", "run_s"], |_| true)?;
    let first = |column: &str| table.numbers(column).first().copied().unwrap_or(0.0);
    let services = table.texts("services").first().map(String::as_str).unwrap_or_default();
    Ok(Side {
        name: name.to_owned(),
        seed: first("seed") as u64,
        seconds: first("run_s"),
        services: services.split(' ').map(str::to_owned).collect(),
        runs: rows(path, &["service", "services"])?,
    })
}

/// Keeps a side as a baseline: a row a replication, small enough for version control. It stands in
/// its place whole or not at all.
///
/// # Errors
/// [`Error::Outside`] where the disk says no.
pub(super) fn save(name: &str, side: &Side) -> Result<PathBuf, Error> {
    let path = baseline(name);
    let partial = path.with_extension("csv.partial");
    let outside =
        |error: std::io::Error| Error::Outside(format!("write {}", path.display()), error);
    let metrics = metrics(&[])?;
    let services = side.services.join(" ");
    let write = || -> Result<Vec<u8>, ::csv::Error> {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        let before = ["service", "services", "seed", "run_s", "replication"];
        writer.write_record(before.into_iter().chain(metrics.iter().map(|m| m.column)))?;
        for (number, columns) in &side.runs {
            let (seed, run_s) = (side.seed.to_string(), side.seconds.to_string());
            let before = [String::new(), services.clone(), seed, run_s, number.to_string()];
            let cell = |metric: &Compared| {
                let at = SUMMARY.iter().position(|column| column.name == metric.column);
                let number = at.and_then(|at| columns.get(at)).filter(|n| n.is_finite());
                number.map_or(String::new(), f64::to_string)
            };
            writer.write_record(before.into_iter().chain(metrics.iter().map(cell)))?;
        }
        writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()).into())
    };
    let bytes = write().map_err(|error| outside(error.into()))?;
    fs::create_dir_all(BASELINES).map_err(outside)?;
    fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, &path)).map_err(outside)?;
    Ok(path)
}
