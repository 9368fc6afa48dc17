//! The table of a sweep read back: axes with their values, and what each cell comes to.

use std::io::Read;
use std::path::Path;

use super::csv::Fault;
use super::folder::outside;
use crate::error::Error;

/// An axis as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub struct SweptAxis {
    /// Its column.
    pub name: String,
    /// Its values, in order of appearance.
    pub values: Vec<String>,
}

impl SweptAxis {
    /// Its values as numbers, where all of them are.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        let number = |value: &String| value.parse().ok().filter(|n: &f64| n.is_finite());
        self.values.iter().map(number).collect()
    }
}

/// A metric of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct SweptMetric {
    /// The service; empty for all together.
    pub service: String,
    /// The column of the summary.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Runs in which there was something to measure.
    pub count: f64,
    /// Runs in which it never came.
    pub never: f64,
    /// The mean, or the median where it did not come in every run: with its interval.
    pub middle: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether it is a mean.
    pub is_mean: bool,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub struct SweptCell {
    /// Its number.
    pub number: u64,
    /// Its position on each axis.
    pub at: Vec<usize>,
    /// Whether its settings are the scenario's own.
    pub is_base: bool,
    /// Runs.
    pub runs: f64,
    /// Share of runs that meet the thresholds.
    pub met: f64,
    /// The lower end of its interval.
    pub met_low: f64,
    /// The upper end.
    pub met_high: f64,
    /// What it comes to.
    pub metrics: Vec<SweptMetric>,
}

/// A sweep's table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepTable {
    /// The axes.
    pub axes: Vec<SweptAxis>,
    /// The cells that there are, in order.
    pub cells: Vec<SweptCell>,
    /// Share of runs that is to meet the thresholds.
    pub target: f64,
}

impl SweepTable {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Outside`] where the file can't be read, [`Error::Usage`] with file and line where
    /// it is no such table.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = std::fs::File::open(path).map_err(outside("read", path))?;
        Self::read(file).map_err(|fault| match fault {
            Fault::Outside(error) => outside("read", path)(error),
            Fault::Table(text) => Error::Usage(format!("error: {}: {text}", path.display())),
        })
    }

    /// Reads a table, as [`SweepTable::open`] does.
    pub(super) fn read(source: impl Read) -> Result<Self, Fault> {
        let mut reader = csv::Reader::from_reader(source);
        let header = reader.headers()?.clone();
        let place = |name: &str| {
            let missing = || Fault::Table(format!("there is no column {name}"));
            header.iter().position(|h| h == name).ok_or_else(missing)
        };
        let (first, end) = (place("cell")? + 1, place("base")?);
        let names = header.iter().take(end).skip(first);
        let axis = |name: &str| SweptAxis { name: name.to_owned(), values: Vec::new() };
        let mut table = Self { axes: names.map(axis).collect(), ..Self::default() };
        let texts = [place("service")?, place("metric")?, place("unit")?];
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let number = |name: &str| -> Result<f64, Fault> {
                let cell = &record[place(name)?];
                let parsed = if cell.is_empty() { Some(f64::NAN) } else { cell.parse().ok() };
                parsed.ok_or_else(|| {
                    let said =
                        format!("line {line}, column {name}: expected a number, found {cell:?}");
                    Fault::Table(said)
                })
            };
            let mut at = Vec::new();
            for (axis, cell) in table.axes.iter_mut().zip(record.iter().skip(first)) {
                let known = axis.values.iter().position(|value| value == cell);
                at.push(known.unwrap_or_else(|| {
                    axis.values.push(cell.to_owned());
                    axis.values.len() - 1
                }));
            }
            table.target = number("target")?;
            let numbered = number("cell")? as u64;
            if table.cells.last().is_none_or(|cell| cell.number != numbered) {
                table.cells.push(SweptCell {
                    number: numbered,
                    at,
                    is_base: &record[end] == "true",
                    runs: number("runs")?,
                    met: number("met_ratio")?,
                    met_low: number("met_ratio_low")?,
                    met_high: number("met_ratio_high")?,
                    metrics: Vec::new(),
                });
            }
            let [service, metric, unit] = texts.map(|at| record[at].to_owned());
            let never = number("never")?;
            let is_mean = never == 0.0;
            let of = if is_mean { "mean" } else { "median" };
            let end = |name: &str| number(&format!("{of}{name}"));
            let metric = SweptMetric {
                service,
                metric,
                unit,
                count: number("n")?,
                never,
                middle: end("")?,
                low: end("_low")?,
                high: end("_high")?,
                is_mean,
            };
            if let Some(cell) = table.cells.last_mut() {
                cell.metrics.push(metric);
            }
        }
        Ok(table)
    }

    /// Whether runs are judged by thresholds: some does not meet them, or the table says so.
    pub fn is_judged(&self) -> bool {
        self.cells.iter().any(|cell| cell.met.is_finite())
    }
}
