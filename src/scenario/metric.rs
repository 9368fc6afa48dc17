//! Names of what a run is judged by, and how a file says them.
//!
//! A file names a metric without its unit, and a statistic: `latency` and `p99` are the column
//! `latency_s_p99`, `pending` and `max` the column `pending_max`, `failed_ratio` and `value` the
//! column of that name. Which columns there are is told by who makes them: a [`Vocabulary`].

use std::collections::BTreeSet;

use super::source::nearest;

/// One metric that a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name: a column's, or that of a sum of columns.
    pub name: &'static str,
    /// Its unit: `s`, `1` for a share, or what is counted.
    pub unit: &'static str,
    /// Whether a part of a run has it too; every time series does.
    pub divides: bool,
    /// Whether those of several services add up to that of all.
    pub adds: bool,
}

/// The metrics there are. An empty one knows none and takes every name as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// What thresholds are of: a number a run.
    pub results: Vec<Metric>,
    /// What expectations are of: a number a sample interval.
    pub series: Vec<Metric>,
}

/// What is taken of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Of a run: the number itself.
    Value,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The mean; of a time series that of its samples.
    Mean,
    /// Of a time series: the mean square of how far its samples are from their mean.
    Variance,
    /// Of a time series: all samples together.
    Sum,
    /// Of a time series: the first sample.
    First,
    /// Of a time series: the last sample.
    Last,
    /// Of a time series: samples that have a value.
    Count,
    /// Of a run: not exceeded by half.
    P50,
    /// Of a run: not exceeded by 90 %.
    P90,
    /// Of a run: not exceeded by 95 %.
    P95,
    /// Of a run: not exceeded by 99 %.
    P99,
    /// Of a run: not exceeded by 99.9 %.
    P999,
}

impl Statistic {
    /// Those of a time series.
    pub const OF_SERIES: [Self; 8] = [
        Self::Min,
        Self::Max,
        Self::Mean,
        Self::Variance,
        Self::Sum,
        Self::First,
        Self::Last,
        Self::Count,
    ];

    /// Their names.
    pub(super) const NAMES: [&str; 14] = {
        let mut names = [""; 14];
        let mut at = 0;
        while at < names.len() {
            names[at] = Self::ALL[at].name();
            at += 1;
        }
        names
    };

    /// All of them.
    pub(super) const ALL: [Self; 14] = [
        Self::Value,
        Self::Min,
        Self::Max,
        Self::Mean,
        Self::Variance,
        Self::Sum,
        Self::First,
        Self::Last,
        Self::Count,
        Self::P50,
        Self::P90,
        Self::P95,
        Self::P99,
        Self::P999,
    ];

    /// Its name in a file and at the end of a column's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::Variance => "variance",
            Self::Sum => "sum",
            Self::First => "first",
            Self::Last => "last",
            Self::Count => "count",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P999 => "p999",
        }
    }

    /// The statistic of a name; `p99.9` is another name of `p999`.
    pub fn of(name: &str) -> Option<Self> {
        let name = if name == "p99.9" { "p999" } else { name };
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// A column's name without its unit: what files call it.
pub(super) fn plain(metric: &Metric) -> String {
    match metric.unit {
        "s" => {
            let name = metric.name;
            let bare = name.strip_suffix("_s").map(str::to_owned);
            bare.unwrap_or_else(|| name.replacen("_s_", "_", 1))
        }
        _ => metric.name.to_owned(),
    }
}

impl Vocabulary {
    /// The result that a metric and a statistic name, by position in [`Self::results`].
    pub fn result(&self, metric: &str, statistic: Statistic) -> Option<usize> {
        let named = || format!("{metric}_{}", statistic.name());
        let whole = if statistic == Statistic::Value { metric.to_owned() } else { named() };
        self.results.iter().position(|m| plain(m) == whole)
    }

    /// The time series that a metric names, by position in [`Self::series`].
    pub fn series(&self, metric: &str) -> Option<usize> {
        self.series.iter().position(|m| plain(m) == metric)
    }

    /// Statistics that a result has.
    pub(super) fn statistics(&self, metric: &str) -> Vec<&'static str> {
        let has = |s: &Statistic| self.result(metric, *s).is_some();
        Statistic::ALL.into_iter().filter(has).map(Statistic::name).collect()
    }

    /// The names of all results, with the statistics and without, that a threshold may have.
    pub(super) fn result_names(&self) -> BTreeSet<String> {
        let names = self.results.iter().flat_map(|m| self.bases(m));
        names.filter(|name| !self.statistics(name).is_empty()).collect()
    }

    /// The known result that a mistyped one is nearest to.
    pub(super) fn near_result(&self, metric: &str) -> Option<String> {
        let names: Vec<String> = self.results.iter().flat_map(|m| self.bases(m)).collect();
        nearest(metric, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// The known time series that a mistyped one is nearest to.
    pub(super) fn near_series(&self, metric: &str) -> Option<String> {
        let names: Vec<String> = self.series.iter().map(plain).collect();
        nearest(metric, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// What a result is called with one statistic or another: `latency_p99` is also `latency`.
    fn bases(&self, metric: &Metric) -> Vec<String> {
        let name = plain(metric);
        let statistics = Statistic::ALL.into_iter().map(|s| format!("_{}", s.name()));
        let bases = statistics.filter_map(|end| name.strip_suffix(&end).map(str::to_owned));
        bases.chain([name.clone()]).collect()
    }
}
