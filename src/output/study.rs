//! What a study adds to the folder of the run that it shows: `replications.csv`, the statistics in
//! `summary.csv`, and its part of `summary.json`.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::csv::Rows;
use super::folder::{RunFolder, outside};
use super::run::close;
use crate::error::Error;
use crate::record::columns::Column;
use crate::record::summary::{SUMMARY, SummaryGetter};
use crate::record::{SummaryRow, Value};
use crate::study::gather::ServiceRuns;
use crate::study::{Estimate, Gathered};
use crate::units::SimDuration;

/// Name of the table with a row a replication and service.
const REPLICATIONS: &str = "replications.csv";

/// Why a study has as many replications as it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So many were asked for.
    Fixed,
    /// Every metric with a threshold is known well enough.
    Known,
    /// There are to be no more, though not every metric is known well enough.
    Cap,
    /// Somebody asked to stop.
    Interrupted,
}

impl Until {
    /// Its name in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Known => "known",
            Self::Cap => "cap",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What the files say about a study.
#[derive(Debug)]
pub struct StudyInfo<'a> {
    /// What its replications come to.
    pub gathered: &'a Gathered<'a>,
    /// Why there are so many.
    pub until: Until,
    /// The replication that the other tables and the charts show.
    pub shown: u64,
}

/// `replications.csv` in the making.
pub struct ReplicationTable(Rows<SummaryGetter>);

impl RunFolder {
    /// Begins `replications.csv`.
    ///
    /// # Errors
    /// [`Error::Outside`] where it can't be created.
    pub fn replications(&self) -> Result<ReplicationTable, Error> {
        let file = self.begin(REPLICATIONS)?;
        let table = Rows::with(&["replication"], SUMMARY, file);
        table.map(ReplicationTable).map_err(outside("write", &self.path(REPLICATIONS)))
    }

    /// Closes `replications.csv`.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no.
    pub fn add_replications(&mut self, table: ReplicationTable) -> Result<(), Error> {
        close(self, table.0)
    }
}

impl ReplicationTable {
    /// Writes the rows of a replication.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no.
    pub fn write(&mut self, replication: u64, rows: &[SummaryRow]) -> Result<(), Error> {
        for row in rows {
            let number = [Value::Count(replication)];
            let written = self.0.row_after(number, |get| get(row, row.zero));
            written.map_err(|error| outside("write", self.0.path())(error))?;
        }
        Ok(())
    }
}

/// A number over runs as a cell: empty where there is none or it has no end.
fn cell(number: Option<f64>) -> Value<'static> {
    number.filter(|number| number.is_finite()).map_or(Value::Empty, Value::Ratio)
}

/// Reads a statistic as a cell.
type Statistic = fn(&Estimate) -> Value<'static>;

/// Statistics over runs by name.
const STATISTICS: [(&str, Statistic); 9] = [
    ("mean", |e| cell(e.mean)),
    ("mean_low", |e| cell(e.mean_within.map(|within| within.low))),
    ("mean_high", |e| cell(e.mean_within.map(|within| within.high))),
    ("median", |e| cell(e.median)),
    ("median_low", |e| cell(e.median_within.map(|within| within.low))),
    ("median_high", |e| cell(e.median_within.map(|within| within.high))),
    ("p5", |e| cell(e.p5)),
    ("p95", |e| cell(e.p95)),
    ("never", |e| Value::Count(e.never)),
];

/// Columns of percentiles that all requests of all runs have together.
fn pooled(runs: &ServiceRuns, column: &str) -> Option<SimDuration> {
    let (name, with_failures) = match column.strip_prefix("latency_with_failures_s_") {
        Some(name) => (name, true),
        None => (column.strip_prefix("latency_s_")?, false),
    };
    let quantile = match name {
        "p50" => 0.5,
        "p90" => 0.9,
        "p95" => 0.95,
        "p99" => 0.99,
        "p999" => 0.999,
        _ => return None,
    };
    runs.pooled(quantile, with_failures)
}

/// Columns of the summary that are numbers, with their positions.
fn columns() -> impl Iterator<Item = (usize, &'static Column<SummaryGetter>)> {
    SUMMARY.iter().enumerate().skip(1)
}

/// Writes `summary.csv`: of each service the run that is shown, then the statistics of the study.
pub(super) fn write_summary(
    folder: &mut RunFolder,
    rows: &[SummaryRow],
    study: Option<&StudyInfo<'_>>,
) -> Result<(), Error> {
    let file = folder.begin("summary.csv")?;
    let failed = outside("write", file.path());
    let table = Rows::with(&["service", "statistic", "runs"], &SUMMARY[1..], file);
    let table = table.and_then(|mut table| {
        for row in rows {
            let service = Value::Text(&row.service);
            let before = [service, Value::Text("run"), Value::Count(1)];
            table.row_after(before, |get| get(row, row.zero))?;
            let Some(study) = study else { continue };
            let Some(runs) = study.gathered.service(&row.service) else { continue };
            let estimates: Vec<Estimate> = columns().map(|(at, _)| runs.estimate(at)).collect();
            for (name, statistic) in STATISTICS {
                let before = [service, Value::Text(name), Value::Count(study.gathered.runs)];
                table.cells(before.into_iter().chain(estimates.iter().map(statistic)))?;
            }
            let before = [service, Value::Text("pooled"), Value::Count(study.gathered.runs)];
            let cells = columns()
                .map(|(_, column)| pooled(runs, column.name).map_or(Value::Empty, Value::length));
            table.cells(before.into_iter().chain(cells))?;
        }
        Ok(table)
    });
    close(folder, table.map_err(failed)?)
}

/// Metrics of a service over runs, an object each.
struct Metrics<'a>(&'a ServiceRuns);

/// One metric over runs: its statistics by name.
struct Metric<'a>(&'a ServiceRuns, usize);

impl Serialize for Metric<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (column, estimate) = (&SUMMARY[self.1], self.0.estimate(self.1));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("unit", column.unit)?;
        map.serialize_entry("runs", &estimate.count)?;
        for (name, statistic) in STATISTICS {
            map.serialize_entry(name, &statistic(&estimate))?;
        }
        if let Some(pooled) = pooled(self.0, column.name) {
            map.serialize_entry("pooled", &Value::length(pooled))?;
        }
        map.end()
    }
}

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("service", &self.0.service)?;
        for (at, column) in columns() {
            map.serialize_entry(column.name, &Metric(self.0, at))?;
        }
        map.end()
    }
}

/// An object with the services' metrics over runs, and those of all together.
impl Serialize for StudyInfo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let services = &self.gathered.services;
        let of_services = services.iter().filter(|s| !s.service.is_empty()).map(Metrics);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("replications", &self.gathered.runs)?;
        map.serialize_entry("until", self.until.name())?;
        map.serialize_entry("shown", &self.shown)?;
        map.serialize_entry("services", &of_services.collect::<Vec<_>>())?;
        map.serialize_entry("total", &self.gathered.service("").map(Metrics))?;
        map.end()
    }
}
