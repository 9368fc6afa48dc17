//! The folder of a comparison: its tables, the pictures and the page that are made from them.

use serde::Serialize;

use super::chart;
use super::csv::whole_table;
use super::folder::RunFolder;
use super::manifest::{FileEntry, Manifest, json};
use super::report;
use crate::error::Error;
use crate::record::Value;
use crate::study::compare::Compared;
use crate::study::curves::Curve;
use crate::units::SimTime;

/// Name of the file that says all of it.
pub const SUMMARY: &str = "compare.json";
/// Name of the table with a row a metric and study.
pub const COMPARISON: &str = "comparison.csv";
/// Name of the table with a row a metric, study and replication.
pub const PAIRS: &str = "pairs.csv";
/// Name of the table with a row a metric, study and instant.
pub const CURVES: &str = "curves.csv";

/// What a comparison came to.
pub struct ComparisonFolder<'a, D: Serialize> {
    /// Its name.
    pub name: &'a str,
    /// The seed of the first side.
    pub seed: u64,
    /// Pairs.
    pub replications: u64,
    /// `compare.json`.
    pub document: &'a D,
    /// `comparison.csv`.
    pub comparison: &'a [u8],
    /// Names of the studies.
    pub names: &'a [&'a str],
    /// What is compared.
    pub metrics: &'a [Compared],
    /// The replications that all studies have.
    pub common: &'a [u64],
    /// By study and metric, a number for each of these.
    pub numbers: &'a [Vec<Vec<f64>>],
    /// Over time; none where a study is known by its totals alone.
    pub curves: &'a [Curve],
    /// The end of the warm-up.
    pub zero: SimTime,
}

impl<D: Serialize> ComparisonFolder<'_, D> {
    /// Writes everything and puts the folder in its place.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no; then no folder is left.
    pub fn write(&self, mut folder: RunFolder) -> Result<Vec<FileEntry>, Error> {
        folder.write(SUMMARY, &json(self.document)?)?;
        folder.write(COMPARISON, self.comparison)?;
        folder.write(PAIRS, &self.pairs())?;
        if !self.curves.is_empty() {
            folder.write(CURVES, &self.over_time())?;
        }
        for picture in chart::of_folder(&folder.path(""))? {
            for form in chart::Form::ALL {
                let (name, bytes) = picture.file(chart::Look::default(), form)?;
                folder.write(&name, &bytes)?;
            }
        }
        folder.write(report::NAME, &report::of_comparison(&folder.path(""))?)?;
        folder.finish(Manifest {
            name: self.name,
            seed: self.seed,
            replication: Some(0),
            cells: None,
            shard: None,
            replications: Some(self.replications),
            complete: true,
            load_files: Vec::new(),
        })
    }

    fn pairs(&self) -> Vec<u8> {
        let head =
            ["first", "second", "metric", "unit", "replication", "first_value", "second_value"];
        let mut rows = Vec::new();
        let number = |n: f64| if n.is_finite() { Value::Ratio(n) } else { Value::Empty };
        for (study, numbers) in self.numbers.iter().enumerate().skip(1) {
            for (i, metric) in self.metrics.iter().enumerate() {
                for (at, replication) in self.common.iter().enumerate() {
                    rows.push([
                        Value::Text(self.names[0]),
                        Value::Text(self.names[study]),
                        Value::Text(metric.column),
                        Value::Text(metric.unit),
                        Value::Count(*replication),
                        number(self.numbers[0][i][at]),
                        number(numbers[i][at]),
                    ]);
                }
            }
        }
        whole_table(&head, rows.into_iter())
    }

    fn over_time(&self) -> Vec<u8> {
        let head = [
            "first",
            "second",
            "metric",
            "unit",
            "t_s",
            "interval_s",
            "pairs",
            "first_mean",
            "second_mean",
            "difference",
            "low",
            "high",
        ];
        let rows = self.curves.iter().flat_map(|curve| {
            curve.points.iter().map(|point| {
                let paired = |get: fn(&crate::stats::compare::Paired) -> f64| {
                    point.paired.as_ref().map_or(Value::Empty, |paired| Value::Ratio(get(paired)))
                };
                [
                    Value::Text(self.names[0]),
                    Value::Text(self.names[curve.study]),
                    Value::Text(curve.metric),
                    Value::Text(curve.unit),
                    Value::instant(point.from, self.zero),
                    Value::length(point.until.since(point.from)),
                    Value::Count(point.paired.map_or(0, |paired| paired.count)),
                    paired(|p| p.first),
                    paired(|p| p.second),
                    paired(|p| p.difference.estimate),
                    paired(|p| p.difference.low),
                    paired(|p| p.difference.high),
                ]
            })
        });
        whole_table(&head, rows)
    }
}
