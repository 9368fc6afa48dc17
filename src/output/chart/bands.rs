//! Where the runs of a study are: the band between 5 and 95 % of them, and a few of them thin.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::palette::Tone;
use super::panel::{Band, Body, Panel, Thin};
use crate::error::Error;
use crate::output::csv::Table;

/// Name of the table of a study.
const NAME: &str = "bands.csv";

/// The columns that are drawn, the first three per second.
const COLUMNS: [&str; 7] = [
    "arrivals",
    "failed",
    "key_calls",
    "pending",
    "instances_ready",
    "latency_s_p50",
    "latency_s_p99",
];
const RATES: usize = 3;

/// A column: the lower end of the band, its upper end, and runs.
type Column = (Vec<f64>, Vec<f64>, Vec<Vec<f64>>);

/// The bands of a service.
pub struct Bands {
    /// The ends of the buckets.
    rows: Rc<Vec<f64>>,
    columns: BTreeMap<&'static str, Column>,
    /// Runs that they are of.
    pub runs: f64,
}

/// The bands of a service in a folder; none where the folder is of one run.
///
/// # Errors
/// See [`Table::open`].
pub fn of(folder: &Path, service: &str) -> Result<Option<Bands>, Error> {
    let path = folder.join(NAME);
    if !path.exists() {
        return Ok(None);
    }
    let names = ["service", "statistic", "replication"];
    let numbers: Vec<&str> = COLUMNS.into_iter().chain(["t_s", "interval_s", "runs"]).collect();
    let table = Table::open(&path, &names, &numbers, |cells| cells[0] == service)?;
    let (statistics, replications) = (table.texts(names[1]), table.texts(names[2]));
    let [starts, lengths] = ["t_s", "interval_s"].map(|column| table.numbers(column));
    // Rows of one statistic, or of one run.
    let mut kinds: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (i, kind) in statistics.iter().zip(replications).enumerate() {
        kinds.entry((kind.0.as_str(), kind.1.as_str())).or_default().push(i);
    }
    let (Some(low), Some(high)) = (kinds.get(&("p5", "")), kinds.get(&("p95", ""))) else {
        return Ok(None);
    };
    let rows = Rc::new(low.iter().map(|&i| starts[i] + lengths[i]).collect());
    let mut columns = BTreeMap::new();
    for (at, column) in COLUMNS.into_iter().enumerate() {
        let cells = table.numbers(column);
        let value = |i: &usize| if at < RATES { cells[*i] / lengths[*i] } else { cells[*i] };
        let of = |rows: &Vec<usize>| -> Vec<f64> { rows.iter().map(value).collect() };
        let runs = kinds.iter().filter(|(kind, _)| kind.0 == "run").map(|(_, rows)| of(rows));
        columns.insert(column, (of(low), of(high), runs.collect()));
    }
    let runs = low.first().map_or(f64::NAN, |&i| table.numbers("runs")[i]);
    Ok(Some(Bands { rows, columns, runs }))
}

impl Bands {
    /// A panel with the band of a column behind its lines, and runs as thin lines.
    pub fn behind(&self, mut panel: Panel, column: &str, tone: Tone) -> Panel {
        let Body::Series(series) = &mut panel.body else { return panel };
        let Some((low, high, runs)) = self.columns.get(column) else { return panel };
        let rows = || Rc::clone(&self.rows);
        series.bands.push(Band { tone, rows: rows(), low: low.clone(), high: high.clone() });
        let thin = runs.iter().map(|values| Thin { tone, rows: rows(), values: values.clone() });
        series.thin.extend(thin);
        panel
    }
}
