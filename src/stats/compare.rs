//! Two studies under the same luck: differences run by run.

use super::interval::{Interval, Moments};
use super::student::{t_tails, t_within};

/// Differences of runs with the same luck, the first of each pair taken from the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Pairs.
    pub count: u64,
    /// Mean of the first of each pair.
    pub first: f64,
    /// Mean of the second of each pair.
    pub second: f64,
    /// The mean difference with Student's interval.
    pub difference: Interval,
    /// Two-sided p-value of no difference: 1 where all differences are zero.
    pub p: f64,
    /// Correlation of the pairs; none where one side does not vary.
    pub correlation: Option<f64>,
    /// What sharing the luck gained: the variance of the difference of independent runs over that
    /// of these; none where these do not vary.
    pub variance_ratio: Option<f64>,
}

impl Paired {
    /// Of pairs, with an interval of this level; none of fewer than two.
    pub fn of(pairs: &[(f64, f64)], level: f64) -> Option<Self> {
        let first = Moments::of(pairs.iter().map(|pair| pair.0));
        let second = Moments::of(pairs.iter().map(|pair| pair.1));
        let moments = Moments::of(pairs.iter().map(|pair| pair.1 - pair.0));
        let difference = moments.interval(level)?;
        let (own, others) = (moments.variance()?, (first.variance()?, second.variance()?));
        let error = libm::sqrt(own / moments.count() as f64);
        let p = match (error > 0.0, moments.mean() == 0.0) {
            (true, _) => t_tails(moments.mean() / error, (moments.count() - 1) as f64),
            (false, true) => 1.0,
            (false, false) => 0.0,
        };
        let spread = libm::sqrt(others.0 * others.1);
        let products = pairs.iter().map(|(a, b)| (a - first.mean()) * (b - second.mean()));
        let covariance = products.sum::<f64>() / (moments.count() - 1) as f64;
        Some(Self {
            count: moments.count(),
            first: first.mean(),
            second: second.mean(),
            difference,
            p,
            correlation: (spread > 0.0).then(|| (covariance / spread).clamp(-1.0, 1.0)),
            variance_ratio: (own > 0.0).then(|| (others.0 + others.1) / own),
        })
    }

    /// The difference as a part of the first mean, its interval scaled alike; none where that mean
    /// is zero.
    pub fn relative(&self) -> Option<Interval> {
        let part = |number: f64| number / self.first.abs();
        let Interval { estimate, low, high } = self.difference;
        (self.first != 0.0).then(|| Interval {
            estimate: part(estimate),
            low: part(low),
            high: part(high),
        })
    }
}

/// p-values made comparable with one level for all of them together (Holm 1979): in the order
/// given, none below its own.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let (mut adjusted, mut largest) = (vec![1.0; p.len()], 0.0_f64);
    for (rank, &at) in order.iter().enumerate() {
        largest = largest.max(p[at] * (p.len() - rank) as f64).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

/// The level of each of `count` intervals that hold together with `level`, whatever their
/// correlation (Šidák 1967); against one baseline it takes the place of Dunnett's, which wants
/// equal variances that runs do not have.
pub fn sidak(level: f64, count: usize) -> f64 {
    libm::pow(level, 1.0 / count.max(1) as f64)
}

/// The factor of a standard error in such intervals.
pub fn simultaneous(level: f64, count: usize, freedom: f64) -> f64 {
    t_within(sidak(level, count), freedom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, expected: f64, within: f64) {
        assert!((got - expected).abs() <= within, "{got} is not {expected}");
    }

    /// Student 1908: hours of sleep gained by ten patients with two drugs.
    const SLEEP: [(f64, f64); 10] = [
        (0.7, 1.9),
        (-1.6, 0.8),
        (-0.2, 1.1),
        (-1.2, 0.1),
        (-0.1, -0.1),
        (3.4, 4.4),
        (3.7, 5.5),
        (0.8, 1.6),
        (0.0, 4.6),
        (2.0, 3.4),
    ];

    /// The paired test of these data as every textbook and R's `t.test` has it.
    #[test]
    fn paired_differences_are_those_of_students_data() {
        let paired = Paired::of(&SLEEP, 0.95).expect("ten pairs");
        near(paired.difference.estimate, 1.58, 1e-12);
        near(paired.difference.low, 0.700_114_2, 1e-7);
        near(paired.difference.high, 2.459_885_8, 1e-7);
        near(paired.p, 0.002_833, 5e-7);
        near(paired.correlation.expect("both vary"), 0.795_170_2, 1e-7);
        near(paired.variance_ratio.expect("they vary"), (3.200_556 + 4.009) / 1.512_889, 1e-5);
        near(paired.relative().expect("not zero").estimate, 1.58 / 0.75, 1e-12);
    }

    #[test]
    fn what_is_the_same_does_not_differ() {
        let same = SLEEP.map(|(a, _)| (a, a));
        let paired = Paired::of(&same, 0.95).expect("ten pairs");
        let nothing = Interval { estimate: 0.0, low: 0.0, high: 0.0 };
        assert_eq!((paired.difference, paired.p, paired.variance_ratio), (nothing, 1.0, None));
        near(paired.correlation.expect("both vary"), 1.0, 1e-12);
        let shifted = Paired::of(&[(1.0, 2.0), (3.0, 4.0)], 0.95).expect("two pairs");
        assert_eq!((shifted.difference.estimate, shifted.p), (1.0, 0.0));
        assert_eq!(Paired::of(&SLEEP[..1], 0.95), None);
    }

    /// The example of R's `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")`.
    #[test]
    fn holm_is_that_of_the_worked_example() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, expected) in adjusted.into_iter().zip([0.03, 0.06, 0.06, 0.02]) {
            near(got, expected, 1e-12);
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    /// Šidák's level for three, and never narrower than Dunnett's own (two-sided, 5 %, equal
    /// groups: Dunnett 1964, table II, gives 2.57 for 2 comparisons and 10 degrees of freedom).
    #[test]
    fn simultaneous_intervals_are_as_wide_as_they_must_be() {
        near(sidak(0.95, 3), 1.0 - 0.016_952, 1e-6);
        assert_eq!(sidak(0.95, 1), 0.95);
        let factor = simultaneous(0.95, 2, 10.0);
        assert!((2.57..2.64).contains(&factor), "{factor}: Bonferroni's is 2.634");
    }
}
