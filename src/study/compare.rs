//! Studies side by side, paired by replication: what differs, how surely, and whether it matters.

use crate::record::summary::SUMMARY;
use crate::stats::compare::{Paired, holm, sidak};
use crate::stats::interval::{LEVEL, more_wanted};

/// What is said of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is there, and for the better.
    Better,
    /// It is there, and for the worse.
    Worse,
    /// The whole interval is within the tolerance.
    Same,
    /// The interval says neither.
    Unknown,
}

impl Difference {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Same => "same",
            Self::Unknown => "cannot tell",
        }
    }
}

/// A metric that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Its column of the summary.
    pub column: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Whether more of it is better.
    pub more_is_better: bool,
}

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

impl Compared {
    /// The metric of this column of the summary; none where there is no such column.
    pub fn of(name: &str) -> Option<Self> {
        let column = SUMMARY.iter().skip(1).find(|column| column.name == name)?;
        let more_is_better = MORE_IS_BETTER.contains(&column.name);
        Some(Self { column: column.name, unit: column.unit, more_is_better })
    }
}

/// What is compared where nobody says what.
pub fn usual() -> Vec<Compared> {
    LESS_IS_BETTER.iter().chain(&MORE_IS_BETTER).filter_map(|name| Compared::of(name)).collect()
}

/// Differences up to this part of the first mean do not matter.
pub const TOLERANCE: f64 = 0.01;
/// Differences of shares up to this do not matter: a tenth of a per cent.
pub const TOLERANCE_OF_SHARES: f64 = 0.001;

/// One metric of one study against the same of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The metric.
    pub metric: Compared,
    /// Which study, from 1: the first one is 0.
    pub study: usize,
    /// The pairs; none of fewer than two.
    pub paired: Option<Paired>,
    /// Pairs of which one side never came, which are left out.
    pub left_out: u64,
    /// p with all tests of the table taken together (Holm).
    pub p: f64,
    /// Differences up to this do not matter.
    pub tolerance: f64,
    /// What is said of it.
    pub difference: Difference,
    /// About how many more replications would tell, where it can't be told.
    pub more: Option<u64>,
}

/// By study and metric: a number a replication. Not a number where there was nothing to measure.
pub type Numbers = Vec<Vec<Vec<f64>>>;

/// Compares each study with the first, replication by replication. Intervals hold together over
/// the studies with 95 % (Šidák), p-values over all studies and metrics.
pub fn compare(metrics: &[Compared], numbers: &Numbers) -> Vec<Comparison> {
    let [first, others @ ..] = numbers.as_slice() else { return Vec::new() };
    let level = sidak(LEVEL, others.len());
    let mut all = Vec::new();
    for (study, other) in (1..).zip(others) {
        for (i, metric) in metrics.iter().enumerate() {
            let pairs = first[i].iter().copied().zip(other[i].iter().copied());
            let measured: Vec<(f64, f64)> =
                pairs.filter(|(a, b)| !a.is_nan() && !b.is_nan()).collect();
            let finite: Vec<(f64, f64)> =
                measured.iter().copied().filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
            let paired = Paired::of(&finite, level);
            let tolerance = match (metric.unit, &paired) {
                ("1", _) => TOLERANCE_OF_SHARES,
                (_, Some(paired)) => TOLERANCE * paired.first.abs(),
                (_, None) => 0.0,
            };
            all.push(Comparison {
                metric: *metric,
                study,
                paired,
                left_out: (measured.len() - finite.len()) as u64,
                p: paired.map_or(1.0, |paired| paired.p),
                tolerance,
                difference: Difference::Unknown,
                more: None,
            });
        }
    }
    let adjusted = holm(&all.iter().map(|comparison| comparison.p).collect::<Vec<_>>());
    for (comparison, p) in all.iter_mut().zip(adjusted) {
        comparison.p = p;
        comparison.judge();
    }
    all
}

impl Comparison {
    fn judge(&mut self) {
        let Some(paired) = self.paired else { return };
        let within = paired.difference;
        let inside = within.low >= -self.tolerance && within.high <= self.tolerance;
        let apart = within.low > 0.0 || within.high < 0.0;
        self.difference = match (inside, apart && self.p < 1.0 - LEVEL) {
            (true, _) => Difference::Same,
            (false, true) if (within.estimate > 0.0) == self.metric.more_is_better => {
                Difference::Better
            }
            (false, true) => Difference::Worse,
            (false, false) => Difference::Unknown,
        };
        if self.difference == Difference::Unknown {
            // Until the interval leaves zero out, or lies within the tolerance.
            let (half, apart) = (within.half(), within.estimate.abs());
            let leaves = more_wanted(paired.count, half, apart);
            let lies = more_wanted(paired.count, half, self.tolerance - apart);
            let lies = lies.filter(|_| apart < self.tolerance);
            // An interval that leaves zero out by itself, but not among all tests of the table,
            // has no number of its own.
            self.more = [leaves, lies].into_iter().flatten().min().filter(|more| *more > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Compared = Compared { column: "failed_ratio", unit: "1", more_is_better: false };
    const RIDE: Compared = Compared { column: "ride_out_s", unit: "s", more_is_better: true };

    /// Numbers that go up and down by `spread` around a middle.
    fn around(middle: f64, spread: f64) -> Vec<f64> {
        (0..20).map(|i| middle + spread * f64::from(i % 5 - 2)).collect()
    }

    #[test]
    fn what_matters_is_told_from_what_does_not() {
        let check = |metric: Compared, a: &[f64], b: &[f64], expected| {
            let all = compare(&[metric], &vec![vec![a.to_vec()], vec![b.to_vec()]]);
            assert_eq!(all[0].difference, expected, "{:?}", all[0]);
        };
        let base = around(0.2, 0.01);
        check(FAILED, &base, &base, Difference::Same);
        check(FAILED, &base, &around(0.2004, 0.01), Difference::Same);
        check(FAILED, &base, &around(0.25, 0.01), Difference::Worse);
        check(FAILED, &base, &around(0.15, 0.01), Difference::Better);
        check(RIDE, &around(800.0, 5.0), &around(900.0, 5.0), Difference::Better);
        // Other luck: the order of the numbers is another.
        let shuffled: Vec<f64> = (0..20).map(|i| 0.201 + 0.01 * f64::from(i / 4 - 2)).collect();
        check(FAILED, &base, &shuffled, Difference::Unknown);
        check(FAILED, &base[..1], &base[..1], Difference::Unknown);
    }

    /// p = 0.02 tells one metric, and among ten of them none: more runs are not asked for by number.
    #[test]
    fn what_is_told_alone_may_not_be_told_among_many() {
        let (base, other) = (vec![0.0; 20], around(0.01, 0.0125));
        let seen = |metrics: usize| {
            let numbers = vec![vec![base.clone(); metrics], vec![other.clone(); metrics]];
            let first = compare(&vec![FAILED; metrics], &numbers)[0];
            (first.difference, first.more)
        };
        assert_eq!(seen(1), (Difference::Worse, None));
        assert_eq!(seen(10), (Difference::Unknown, None));
    }

    #[test]
    fn what_never_came_is_left_out_and_told() {
        let (mut a, b) = (around(800.0, 5.0), around(900.0, 5.0));
        (a[3], a[4]) = (f64::INFINITY, f64::NAN);
        let all = compare(&[RIDE], &vec![vec![a], vec![b]]);
        assert_eq!(all[0].left_out, 1);
        assert_eq!(all[0].paired.map(|paired| paired.count), Some(18));
    }

    /// Three studies: the level of each interval is 97.47 %, so that both hold with 95 %.
    #[test]
    fn intervals_of_several_studies_are_wider() {
        let (base, noisy) = (around(5.0, 0.0), around(5.1, 0.1));
        let half = |studies: usize| {
            let mut numbers = vec![vec![base.clone()]];
            numbers.extend((1..studies).map(|_| vec![noisy.clone()]));
            let all = compare(&[RIDE], &numbers);
            all[0].paired.expect("twenty").difference.half()
        };
        // t of 19 degrees of freedom: 2.093 at 95 %, 2.427 at 97.47 %.
        let ratio = half(3) / half(2);
        assert!((ratio - 2.427_34 / 2.093_02).abs() < 1e-4, "{ratio}");
    }
}
