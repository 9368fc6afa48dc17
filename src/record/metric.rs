//! What a run can be judged by: the columns of the summary, and those of the time series with
//! their sums.

use super::columns::TIMESERIES;
use super::summary::SUMMARY;
use crate::scenario::{Metric, Vocabulary};

/// A time series that is judged: a column, or columns that are added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Its name and unit.
    pub metric: Metric,
    /// The columns, by position in [`TIMESERIES`].
    pub columns: Vec<usize>,
}

/// Columns of the time series that say what a row is of.
const OF_ROWS: [&str; 4] = ["t_s", "interval_s", "service", "revision"];

/// Columns that do not add up over services: percentiles and waits, the quota that services share,
/// and key calls, because checks of a key are each of its services'.
const APART: [&str; 18] = [
    "oldest_wait_s",
    "latency_s_p50",
    "latency_s_p90",
    "latency_s_p95",
    "latency_s_p99",
    "quota_limit",
    "quota_used",
    "quota_per_second_max",
    "quota_per_second_limit",
    "quota_per_minute_max",
    "quota_per_minute_limit",
    "key_calls_ok",
    "key_calls_retryable",
    "key_calls_timeout",
    "key_calls_quota",
    "key_calls_denied",
    "key_calls_for_check_encrypt",
    "key_calls_for_check_decrypt",
];

/// Sums of columns of the time series, by name.
const SUMS: [(&str, &[&str]); 6] = [
    ("failed", &["refused", "timed_out", "aborted", "abandoned"]),
    (
        "instances",
        &[
            "instances_allocating",
            "instances_unlocking",
            "instances_fetching",
            "instances_booting",
            "instances_idle",
            "instances_busy",
            "instances_draining",
        ],
    ),
    (
        "instances_starting",
        &["instances_allocating", "instances_unlocking", "instances_fetching", "instances_booting"],
    ),
    ("instances_ready", &["instances_idle", "instances_busy"]),
    ("instances_grace", &["instances_grace_idle", "instances_grace_busy"]),
    (
        "key_calls",
        &[
            "key_calls_ok",
            "key_calls_retryable",
            "key_calls_timeout",
            "key_calls_quota",
            "key_calls_denied",
        ],
    ),
];

/// Columns of the summary that a part of a run has too, because samples have what they are of.
pub const DIVISIBLE: [&str; 47] = [
    "duration_s",
    "arrivals",
    "served",
    "served_cold",
    "refused",
    "timed_out",
    "aborted",
    "failed",
    "retries",
    "abandoned",
    "user_failed",
    "waited",
    "pending",
    "in_flight",
    "failed_ratio",
    "user_failed_ratio",
    "cold_ratio",
    "waited_ratio",
    "refused_ratio",
    "retry_ratio",
    "start_ratio",
    "latency_s_p50",
    "latency_s_p90",
    "latency_s_p95",
    "latency_s_p99",
    "latency_s_p999",
    "latency_with_failures_s_p50",
    "latency_with_failures_s_p90",
    "latency_with_failures_s_p95",
    "latency_with_failures_s_p99",
    "latency_with_failures_s_p999",
    "instances_mean",
    "instance_time_s",
    "billable_instance_time_s",
    "billable_idle_time_s",
    "cost",
    "cost_failed_starts",
    "cost_per_day",
    "starts_begun",
    "starts_ready",
    "starts_failed",
    "starts_cancelled",
    "key_calls_ok",
    "key_calls_retryable",
    "key_calls_timeout",
    "key_calls_quota",
    "key_calls_denied",
];

/// The position of a column of the time series.
fn column(name: &str) -> Option<usize> {
    TIMESERIES.iter().position(|c| c.name == name)
}

/// Whether a column's values of several services add up.
fn adds(name: &str) -> bool {
    !APART.contains(&name)
}

/// All time series that can be judged: columns in their order, then sums.
pub fn series() -> Vec<Series> {
    let columns = TIMESERIES.iter().enumerate().filter(|(_, c)| !OF_ROWS.contains(&c.name));
    let columns = columns.map(|(at, c)| Series {
        metric: Metric { name: c.name, unit: c.unit, divides: true, adds: adds(c.name) },
        columns: vec![at],
    });
    let sums = SUMS.iter().map(|(name, parts)| {
        let columns: Vec<usize> = parts.iter().filter_map(|part| column(part)).collect();
        let unit = columns.first().map_or("", |&at| TIMESERIES[at].unit);
        let adds = parts.iter().all(|part| adds(part));
        Series { metric: Metric { name, unit, divides: true, adds }, columns }
    });
    columns.chain(sums).collect()
}

/// Everything a run can be judged by: the columns of the summary that hold a number, and the time
/// series.
pub fn vocabulary() -> Vocabulary {
    let divides = |name| DIVISIBLE.contains(&name);
    // The latency of a part of all services is that of the histograms together.
    let adds = |name: &str| adds(name) || name.starts_with("latency_");
    let result = |name, unit| Metric { name, unit, divides: divides(name), adds: adds(name) };
    let numbers = SUMMARY.iter().filter(|c| c.name != "service");
    Vocabulary {
        results: numbers.map(|c| result(c.name, c.unit)).collect(),
        series: series().into_iter().map(|s| s.metric).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Statistic;

    #[test]
    fn every_name_in_the_lists_is_a_column() {
        for name in OF_ROWS.iter().chain(&APART) {
            let summed = SUMMARY.iter().any(|c| c.name == *name);
            assert!(column(name).is_some() || summed, "{name}");
        }
        for (name, parts) in SUMS {
            assert!(parts.iter().all(|part| column(part).is_some()), "{name}");
            assert!(column(name).is_none(), "{name} is a column");
            let units: Vec<&str> = series()
                .iter()
                .filter(|s| parts.contains(&s.metric.name))
                .map(|s| s.metric.unit)
                .collect();
            assert!(units.iter().all(|unit| *unit == units[0]), "{name}: {units:?}");
        }
        for name in DIVISIBLE {
            assert!(SUMMARY.iter().any(|c| c.name == name), "{name}");
        }
    }

    #[test]
    fn metrics_are_named_without_units() {
        let vocabulary = vocabulary();
        let check = |metric: &str, statistic, expected: Option<&str>| {
            let found = vocabulary.result(metric, statistic).map(|at| vocabulary.results[at].name);
            assert_eq!(found, expected, "{metric}");
        };
        check("failed_ratio", Statistic::Value, Some("failed_ratio"));
        check("latency", Statistic::P99, Some("latency_s_p99"));
        check("latency", Statistic::P999, Some("latency_s_p999"));
        check("latency_p99", Statistic::Value, Some("latency_s_p99"));
        check("latency_with_failures", Statistic::P50, Some("latency_with_failures_s_p50"));
        check("ride_out", Statistic::Value, Some("ride_out_s"));
        check("pending", Statistic::Max, Some("pending_max"));
        check("pending", Statistic::Value, Some("pending"));
        check("served", Statistic::Value, Some("served"));
        check("pending", Statistic::P99, None);
        check("ride_out_s", Statistic::Value, None);
        let series = |name: &str| vocabulary.series(name).map(|at| vocabulary.series[at].name);
        assert_eq!(series("oldest_wait"), Some("oldest_wait_s"));
        assert_eq!(series("latency_p99"), Some("latency_s_p99"));
        assert_eq!(series("instances_ready"), Some("instances_ready"));
        assert_eq!(series("service"), None);
    }
}
