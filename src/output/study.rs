//! What a study adds to the folder of the run that it shows: `replications.csv`, `bands.csv`, the
//! statistics in `summary.csv`, and its part of `summary.json`.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::csv::Rows;
use super::folder::{RunFolder, outside};
use super::run::close;
use crate::error::Error;
use crate::record::band::BANDS;
use crate::record::columns::Column;
use crate::record::summary::{SUMMARY, SummaryGetter};
use crate::record::{SummaryRow, Value};
use crate::study::band::Band;
use crate::study::gather::ServiceRuns;
use crate::study::rides::BlockRuns;
use crate::study::{Estimate, Gathered};
use crate::units::{SimDuration, SimTime};

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

    /// Writes `bands.csv`, which counts from the end of the warm-up.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no.
    pub fn add_bands(&mut self, band: &Band, warm_up: SimDuration) -> Result<(), Error> {
        let zero = SimTime::ZERO + warm_up;
        let file = self.begin("bands.csv")?;
        let failed = outside("write", file.path());
        let table = Rows::new(BANDS, file).and_then(|mut table| {
            band.each_row(|row| table.row(|get| get(row, zero)))?;
            Ok(table)
        });
        close(self, table.map_err(failed)?)
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
pub(super) fn cell(number: Option<f64>) -> Value<'static> {
    number.filter(|number| number.is_finite()).map_or(Value::Empty, Value::Ratio)
}

/// Reads a statistic as a cell.
pub(super) type Statistic = fn(&Estimate) -> Value<'static>;

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

/// Rides through a block over runs; what never came or has no end is null.
#[derive(Serialize)]
struct Rides<'a> {
    service: &'a str,
    kind: &'static str,
    subject: &'a str,
    ordinal: u64,
    /// In the first run that has it.
    from_s: f64,
    block_length_s_mean: f64,
    runs: u64,
    survived: u64,
    survived_ratio: Option<f64>,
    survived_ratio_low: Option<f64>,
    survived_ratio_high: Option<f64>,
    ride_out_s_mean: Option<f64>,
    ride_out_s_mean_low: Option<f64>,
    ride_out_s_mean_high: Option<f64>,
    ride_out_s_median: Option<f64>,
    ride_out_s_median_low: Option<f64>,
    ride_out_s_median_high: Option<f64>,
    ride_out_s_p5: Option<f64>,
    ride_out_s_p95: Option<f64>,
    /// Runs with an upper limit of a threshold that held when the block began, and of those the
    /// ones in which all held through it.
    limited: u64,
    held: u64,
    held_ratio: Option<f64>,
    held_ratio_low: Option<f64>,
    held_ratio_high: Option<f64>,
    held_s_median: Option<f64>,
    held_s_median_low: Option<f64>,
    held_s_median_high: Option<f64>,
    recovered: u64,
    recovery_s_median: Option<f64>,
    recovery_s_median_low: Option<f64>,
    recovery_s_median_high: Option<f64>,
    recovery_s_p95: Option<f64>,
}

impl<'a> Rides<'a> {
    fn new(block: &'a BlockRuns) -> Self {
        let e = block.estimate();
        let [survived, mean, median, recovery] =
            [e.survived_within, e.mean_within, e.median_within, e.recovery.median_within];
        Self {
            service: &block.service,
            kind: block.kind.name(),
            subject: &block.subject,
            ordinal: block.ordinal,
            from_s: block.from,
            block_length_s_mean: block.length.mean(),
            runs: e.runs,
            survived: e.survived,
            survived_ratio: survived.map(|within| within.estimate),
            survived_ratio_low: survived.map(|within| within.low),
            survived_ratio_high: survived.map(|within| within.high),
            ride_out_s_mean: mean.map(|within| within.estimate),
            ride_out_s_mean_low: mean.map(|within| within.low),
            ride_out_s_mean_high: mean.map(|within| within.high),
            ride_out_s_median: e.median,
            ride_out_s_median_low: median.map(|within| within.low),
            ride_out_s_median_high: median.map(|within| within.high),
            ride_out_s_p5: e.p5,
            ride_out_s_p95: e.p95,
            limited: e.limited,
            held: e.held,
            held_ratio: e.held_within.map(|within| within.estimate),
            held_ratio_low: e.held_within.map(|within| within.low),
            held_ratio_high: e.held_within.map(|within| within.high),
            held_s_median: e.held_median,
            held_s_median_low: e.held_median_within.map(|within| within.low),
            held_s_median_high: e.held_median_within.map(|within| within.high),
            recovered: e.recovery.count - e.recovery.never,
            recovery_s_median: e.recovery.median,
            recovery_s_median_low: recovery.map(|within| within.low),
            recovery_s_median_high: recovery.map(|within| within.high),
            recovery_s_p95: e.recovery.p95,
        }
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
        let rides: Vec<Rides> = self.gathered.blocks.iter().map(Rides::new).collect();
        map.serialize_entry("ride_outs", &rides)?;
        map.end()
    }
}
