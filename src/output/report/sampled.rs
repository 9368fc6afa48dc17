//! What the charts of a service show, as tables of a few rows: read once, in a stream, with the
//! least and the greatest value of every stretch, so that nothing that a chart shows is lost.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use crate::error::Error;
use crate::output::folder::outside;
use crate::output::numbers::{figures, length};
use crate::units::SimDuration;

/// Rows of a table at most.
pub const ROWS: usize = 48;

/// A column of a chart's table.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    /// What it shows.
    pub name: &'static str,
    /// Columns of `timeseries.csv` that are added up.
    pub plus: &'static [&'static str],
    /// Columns that are taken away.
    pub minus: &'static [&'static str],
    /// How the sum is read.
    pub unit: Unit,
}

/// How a number of the time series is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// As it is.
    Count,
    /// As a count of its interval, told a second.
    PerSecond,
    /// As dollars of its interval, told an hour.
    PerHour,
    /// As seconds.
    Seconds,
}

/// A chart of a service, with the table of what it shows.
#[derive(Clone, Copy, Debug)]
pub struct Chart {
    /// Its file's name, before the service's.
    pub name: &'static str,
    /// What it shows, with the unit.
    pub title: &'static str,
    /// The table's columns after the time.
    pub series: &'static [Series],
}

const fn series(name: &'static str, plus: &'static [&'static str], unit: Unit) -> Series {
    Series { name, plus, minus: &[], unit }
}

const fn less(
    name: &'static str,
    plus: &'static [&'static str],
    minus: &'static [&'static str],
    unit: Unit,
) -> Series {
    Series { name, plus, minus, unit }
}

use Unit::{Count, PerHour, PerSecond, Seconds};

/// The charts of a service, in the order of the page.
pub const CHARTS: [Chart; 6] = [
    Chart {
        name: "instances",
        title: "Instances by state",
        series: &[
            series("wanted", &["wanted"], Count),
            less("serving", &["instances_busy"], &["instances_grace_busy"], Count),
            less("warm, idle", &["instances_idle"], &["instances_grace_idle"], Count),
            series("in grace", &["instances_grace_idle", "instances_grace_busy"], Count),
            series("waiting for key", &["instances_unlocking"], Count),
            series(
                "starting otherwise",
                &["instances_allocating", "instances_fetching", "instances_booting"],
                Count,
            ),
            series("draining", &["instances_draining"], Count),
        ],
    },
    Chart {
        name: "requests",
        title: "Requests per second by outcome",
        series: &[
            series("arrivals", &["arrivals"], PerSecond),
            less("served", &["served"], &["served_cold"], PerSecond),
            series("served cold", &["served_cold"], PerSecond),
            series("refused", &["refused"], PerSecond),
            series("timed out", &["timed_out"], PerSecond),
            series("aborted", &["aborted"], PerSecond),
            series("abandoned", &["abandoned"], PerSecond),
            series("retries", &["retries"], PerSecond),
        ],
    },
    Chart {
        name: "latency",
        title: "Latency of the served requests, by percentile",
        series: &[
            series("p50", &["latency_s_p50"], Seconds),
            series("p90", &["latency_s_p90"], Seconds),
            series("p95", &["latency_s_p95"], Seconds),
            series("p99", &["latency_s_p99"], Seconds),
            series("failed /s", &["refused", "timed_out", "aborted", "abandoned"], PerSecond),
        ],
    },
    Chart {
        name: "pending",
        title: "Requests waiting for an instance, and the wait of the oldest",
        series: &[
            series("pending", &["pending"], Count),
            series("oldest wait", &["oldest_wait_s"], Seconds),
        ],
    },
    Chart {
        name: "key_calls",
        title: "Key calls per second by outcome",
        series: &[
            series("ok", &["key_calls_ok"], PerSecond),
            series("retryable", &["key_calls_retryable"], PerSecond),
            series("timeout", &["key_calls_timeout"], PerSecond),
            series("over quota", &["key_calls_quota"], PerSecond),
            series("denied", &["key_calls_denied"], PerSecond),
            series("quota", &["quota_limit"], Count),
        ],
    },
    Chart {
        name: "cost",
        title: "Cost per hour, dollars",
        series: &[
            series("cost", &["cost"], PerHour),
            series("starts that failed", &["cost_failed_starts"], PerHour),
        ],
    },
];

/// The least and the greatest value of a stretch; none where there was none.
type Range = Option<(f64, f64)>;

/// What one service's charts show.
#[derive(Clone, Debug, Default)]
pub struct Sampled {
    /// By chart and series, a range a stretch.
    ranges: Vec<Vec<Vec<Range>>>,
}

/// The time series of all services.
#[derive(Clone, Debug, Default)]
pub struct AllSampled {
    /// Length of a stretch in seconds.
    pub stretch: f64,
    /// Length of a row of the file.
    pub interval: f64,
    /// The end of the last row.
    pub until: f64,
    services: BTreeMap<String, Sampled>,
}

/// Where a chart's numbers are in a row of the file.
struct Places {
    plus: Vec<usize>,
    minus: Vec<usize>,
    unit: Unit,
}

/// The shortest stretch of whole intervals that a clock knows and that makes few enough of them.
fn stretch(duration: f64, interval: f64) -> f64 {
    const STEPS: [f64; 16] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0,
        7_200.0, 21_600.0, 86_400.0,
    ];
    let least = duration / ROWS as f64;
    let whole = |step: &&f64| **step >= least && (**step / interval).fract() < 1e-9;
    let any = || (least / interval).ceil().max(1.0) * interval;
    STEPS.iter().find(whole).copied().unwrap_or_else(any)
}

impl AllSampled {
    /// Reads `timeseries.csv` of a folder, whose run lasts so long and has a row an interval.
    ///
    /// # Errors
    /// [`Error::Outside`] where it can't be read, [`Error::Usage`] where it is no such table.
    pub fn read(folder: &Path, duration: f64, interval: f64) -> Result<Self, Error> {
        let path = folder.join("timeseries.csv");
        let file = File::open(&path).map_err(outside("read", &path))?;
        let failed = |error: csv::Error| match error.is_io_error() {
            true => outside("read", &path)(error.into()),
            false => Error::Usage(format!("error: {}: {error}", path.display())),
        };
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(file);
        let header = reader.headers().map_err(failed)?.clone();
        let place = |name: &str| header.iter().position(|column| column == name);
        let all = |names: &[&str]| names.iter().filter_map(|name| place(name)).collect();
        let of = |s: &Series| Places { plus: all(s.plus), minus: all(s.minus), unit: s.unit };
        let charts: Vec<Vec<Places>> =
            CHARTS.iter().map(|chart| chart.series.iter().map(of).collect()).collect();
        let needed = ["t_s", "interval_s", "service", "revision"].map(place);
        let [Some(t_s), Some(interval_s), Some(service), Some(revision)] = needed else {
            let shown = path.display();
            return Err(Error::Usage(format!("error: {shown} has no times and services")));
        };
        let mut sampled =
            Self { stretch: stretch(duration, interval), interval, ..Self::default() };
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(failed)? {
            let cell = |at: usize| record.get(at).and_then(number);
            let (Some(from), Some(length)) = (cell(t_s), cell(interval_s)) else { continue };
            if from < 0.0 || record.get(revision).is_some_and(|name| !name.is_empty()) {
                continue;
            }
            let name = record.get(service).map(String::from_utf8_lossy).unwrap_or_default();
            sampled.until = sampled.until.max(from + length);
            let at = (from / sampled.stretch) as usize;
            if !sampled.services.contains_key(&*name) {
                sampled.services.insert(name.to_string(), Sampled::default());
            }
            if let Some(service) = sampled.services.get_mut(&*name) {
                service.take(at, &charts, length, cell);
            }
        }
        Ok(sampled)
    }

    /// What the charts of a service show.
    pub fn service(&self, name: &str) -> Option<&Sampled> {
        self.services.get(name)
    }

    /// How the tables were made, in words.
    pub fn told(&self) -> String {
        let [stretch, interval] = [self.stretch, self.interval].map(seconds);
        match self.stretch > self.interval {
            true => format!(
                "A row covers {stretch}, {:.0} rows of the file, with the least and the greatest \
                 value in it",
                self.stretch / self.interval
            ),
            false => format!("A row covers {interval}, as in the file"),
        }
    }
}

/// A length of so many seconds.
pub fn seconds(seconds: f64) -> String {
    length(SimDuration((seconds * 1e9).round() as u64))
}

/// A cell as a number.
fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

impl Sampled {
    fn take(
        &mut self,
        at: usize,
        charts: &[Vec<Places>],
        length: f64,
        cell: impl Fn(usize) -> Option<f64>,
    ) {
        if self.ranges.is_empty() {
            self.ranges = charts.iter().map(|series| vec![Vec::new(); series.len()]).collect();
        }
        for (chart, ranges) in charts.iter().zip(&mut self.ranges) {
            for (places, ranges) in chart.iter().zip(ranges) {
                if ranges.len() <= at {
                    ranges.resize(at + 1, None);
                }
                let sum = |cells: &[usize]| {
                    cells.iter().try_fold(0.0, |sum, &place| Some(sum + cell(place)?))
                };
                let value = match places.plus.is_empty() {
                    true => None,
                    false => sum(&places.plus).zip(sum(&places.minus)).map(|(a, b)| a - b),
                };
                let Some(value) = value else { continue };
                let value = match places.unit {
                    Unit::Count | Unit::Seconds => value,
                    Unit::PerSecond => value / length,
                    Unit::PerHour => 3_600.0 * value / length,
                };
                let range = &mut ranges[at];
                *range = Some(range.map_or((value, value), |(least, greatest)| {
                    (least.min(value), greatest.max(value))
                }));
            }
        }
    }

    /// The series of a chart that are not zero throughout, each with its ranges.
    fn shown(&self, chart: usize) -> Vec<(&'static Series, &[Range])> {
        let Some(ranges) = self.ranges.get(chart) else { return Vec::new() };
        let any = |ranges: &[Range]| ranges.iter().flatten().any(|&(_, most)| most != 0.0);
        let series = CHARTS[chart].series.iter().zip(ranges);
        series.map(|(s, r)| (s, r.as_slice())).filter(|(_, r)| any(r)).collect()
    }

    /// A chart's table: its head and its rows, each after the instant from which it holds.
    pub fn table(
        &self,
        chart: usize,
        stretch: f64,
    ) -> (Vec<&'static str>, Vec<(f64, Vec<String>)>) {
        let shown = self.shown(chart);
        let rows = shown.iter().map(|(_, ranges)| ranges.len()).max().unwrap_or(0);
        let row = |at: usize| {
            let cells = shown.iter().map(|(series, ranges)| {
                ranges.get(at).copied().flatten().map_or("-".to_owned(), |r| range(series.unit, r))
            });
            (at as f64 * stretch, cells.collect())
        };
        let head = shown.iter().map(|(series, _)| series.name).collect();
        (head, (0..rows).map(row).collect())
    }

    /// What is to be seen in a chart, in a sentence.
    pub fn described(&self, chart: usize) -> String {
        let parts: Vec<String> = self
            .shown(chart)
            .iter()
            .filter_map(|(series, ranges)| {
                let whole =
                    ranges.iter().flatten().copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
                Some(format!("{} {}", series.name, range(series.unit, whole)))
            })
            .collect();
        match parts.is_empty() {
            true => "There is nothing to show.".to_owned(),
            false => format!("Over time: {}.", parts.join("; ")),
        }
    }
}

/// A range in the unit of its series: one number where it is one.
fn range(unit: Unit, (least, greatest): (f64, f64)) -> String {
    let text = |value: f64| match unit {
        Unit::Seconds => seconds(value),
        Unit::Count | Unit::PerSecond | Unit::PerHour => figures(value.max(0.0)),
    };
    let (least, greatest) = (text(least), text(greatest));
    if least == greatest { least } else { format!("{least} … {greatest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_whole_intervals_and_few() {
        for (duration, interval) in
            [(2_400.0, 1.0), (7.0, 1.0), (86_400.0, 30.0), (3e7, 3_600.0), (100.0, 7.0)]
        {
            let stretch = stretch(duration, interval);
            let rows = (duration / stretch).ceil();
            assert!(rows <= ROWS as f64, "{duration} {interval}: {rows}");
            assert!((stretch / interval).fract() < 1e-9, "{stretch} of {interval}");
        }
    }

    #[test]
    fn a_stretch_keeps_its_extremes() {
        let folder = std::env::temp_dir().join(format!("keyscale-sampled-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut text = "t_s,interval_s,service,revision,pending,arrivals,cost\n".to_owned();
        text += "-2,2,web,,900,900,1\n";
        for t in 0..96 {
            let pending = if t == 50 { 70 } else { t % 3 };
            text += &format!("{},2,web,,{pending},{t},0.5\n{},2,web,r1,999,1,1\n", 2 * t, 2 * t);
        }
        std::fs::write(folder.join("timeseries.csv"), text).expect("a file");
        let all = AllSampled::read(&folder, 192.0, 2.0).expect("a table");
        std::fs::remove_dir_all(&folder).expect("no folder");
        assert_eq!((all.stretch, all.until), (10.0, 192.0));
        let web = all.service("web").expect("a service");
        let (head, rows) = web.table(3, all.stretch);
        assert_eq!((head, rows.len()), (vec!["pending"], 20));
        assert_eq!(rows[10], (100.0, vec!["0 … 70".to_owned()]));
        // The last stretch has one row: 95 arrivals in 2 s.
        assert_eq!(web.table(1, all.stretch).1[19].1, ["47.5"]);
        assert_eq!(web.described(3), "Over time: pending 0 … 70.");
        assert_eq!(web.described(5), "Over time: cost 900.");
        assert_eq!(web.described(2), "There is nothing to show.");
    }
}
