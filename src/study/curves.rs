//! Two studies over time: a few metrics of a service or of all together, the mean of each side and their
//! difference under the same luck.
//!
//! The interval of a difference is paired and pointwise: of a hundred points five lie outside of
//! theirs by chance.

use super::band::RUNS;
use crate::record::band::{Cells, Strip};
use crate::stats::compare::{Paired, sidak};
use crate::stats::interval::LEVEL;
use crate::units::SimTime;

/// How a cell of a strip becomes a number of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Each {
    /// As it is.
    State,
    /// A count of its bucket, told a second.
    Rate,
}

/// What is shown: its name, its unit, and the column of a strip.
const SHOWN: [(&str, &str, usize, Each); 4] = [
    ("ready", "instances", 4, Each::State),
    ("pending", "requests", 3, Each::State),
    ("failed", "requests/s", 1, Each::Rate),
    ("latency_s_p99", "s", 7, Each::State),
];

/// One bucket of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Start of the bucket.
    pub from: SimTime,
    /// Its end.
    pub until: SimTime,
    /// The pairs; none where there are fewer than two with something to measure.
    pub paired: Option<Paired>,
}

/// A metric of one study beside the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Which study, from 1: the first one is 0.
    pub study: usize,
    /// What it shows.
    pub metric: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Bucket by bucket, from the end of the warm-up.
    pub points: Vec<Point>,
}

/// The curves of every study but the first against it, of a service or, where it has no name, of all
/// together. `sides` has the strips of the replications
/// that all have, in order; of more than 200 the first are taken.
pub fn curves(sides: &[Vec<&Strip>], service: &str, zero: SimTime) -> Vec<Curve> {
    let [first, others @ ..] = sides else { return Vec::new() };
    let level = sidak(LEVEL, others.len());
    let mut all = Vec::new();
    for (study, other) in (1..).zip(others) {
        let pairs: Vec<(&Strip, &Strip)> =
            first.iter().copied().zip(other.iter().copied()).take(RUNS as usize).collect();
        let buckets = pairs.iter().map(|(a, b)| a.buckets.len().min(b.buckets.len())).min();
        for (metric, unit, column, each) in SHOWN {
            let mut points = Vec::new();
            for at in 0..buckets.unwrap_or(0) {
                let (from, until) = pairs[0].0.buckets[at];
                if from < zero {
                    continue;
                }
                let seconds = until.since(from).as_secs_f64();
                let number = |strip: &Strip| {
                    let cell =
                        of(strip, service, at).map_or(f64::NAN, |cells| cells[column].into());
                    match each {
                        Each::State => cell,
                        Each::Rate => cell / seconds,
                    }
                };
                let numbers: Vec<(f64, f64)> = pairs
                    .iter()
                    .map(|(a, b)| (number(a), number(b)))
                    .filter(|(a, b)| a.is_finite() && b.is_finite())
                    .collect();
                points.push(Point { from, until, paired: Paired::of(&numbers, level) });
            }
            all.push(Curve { study, metric, unit, points });
        }
    }
    all
}

/// A bucket of a service; all together stand last.
fn of<'s>(strip: &'s Strip, service: &str, bucket: usize) -> Option<&'s Cells> {
    let services = &strip.services;
    let place = match service.is_empty() {
        true => services.len().checked_sub(1)?,
        false => services.iter().position(|name| name == service)?,
    };
    strip.cells.get(bucket * services.len() + place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::band::METRICS;

    fn strip(failed: [f32; 3], ready: f32) -> Strip {
        let buckets = [(0, 5), (5, 10), (10, 20)].map(|(a, b)| {
            let second = |s: u64| SimTime(s * 1_000_000_000);
            (second(a), second(b))
        });
        let mut cells = Vec::new();
        for failed in failed {
            cells.push([99.0; METRICS]);
            let mut together = [f32::NAN; METRICS];
            (together[1], together[4]) = (failed, ready);
            cells.push(together);
        }
        Strip { services: vec!["web".to_owned(), String::new()], buckets: buckets.to_vec(), cells }
    }

    /// Differences of 1, 2 and 3 a second have the mean 2 and, by Student's law of 2 degrees, the
    /// half-width 4.303 / sqrt(3).
    #[test]
    fn differences_are_paired_bucket_by_bucket() {
        let a = [strip([0.0, 0.0, 10.0], 3.0), strip([0.0, 0.0, 20.0], 3.0), strip([0.0; 3], 3.0)];
        let b = [
            strip([0.0, 0.0, 20.0], 3.0),
            strip([0.0, 0.0, 40.0], 3.0),
            strip([0.0, 0.0, 30.0], 3.0),
        ];
        let sides = [a.iter().collect(), b.iter().collect()];
        let all = curves(&sides, "", SimTime(5_000_000_000));
        let failed = all.iter().find(|curve| curve.metric == "failed").expect("a curve");
        assert_eq!(failed.points.len(), 2, "the warm-up is left out");
        let last = failed.points[1].paired.expect("pairs");
        assert_eq!((last.first, last.second, last.difference.estimate), (1.0, 3.0, 2.0));
        let half = last.difference.half();
        assert!((half - 4.302_653 / libm::sqrt(3.0)).abs() < 1e-5, "{half}");
        let ready = all.iter().find(|curve| curve.metric == "ready").expect("a curve");
        assert_eq!(ready.points[0].paired.map(|p| p.difference.estimate), Some(0.0));
        let p99 = all.iter().find(|curve| curve.metric == "latency_s_p99").expect("a curve");
        assert!(p99.points.iter().all(|point| point.paired.is_none()), "nothing was measured");
    }
}
