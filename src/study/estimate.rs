//! A number of each run, over runs: what it comes to, within what, and how that stands to a limit.
//!
//! Most numbers have a mean with Student's interval; so has a share of requests, as one ratio a
//! run. What need not come (a ride-out that ends, an instant, a percentile that failures may make
//! infinite) has a median with the interval of order statistics, because a mean would leave out
//! the runs in which it never came.

use std::cmp::Ordering;

use super::judge::Verdict;
use super::number::{Number, may_never_come};
use crate::scenario::{Comparison, Condition, Limit};
use crate::stats::interval::{Interval, LEVEL, Moments, more_wanted, quantile};

/// Half-widths up to this part of the estimate are narrow enough.
const NARROW: f64 = 0.05;
/// For a share: half-widths up to this part of its limit are narrow enough too.
const NARROW_OF_LIMIT: f64 = 0.1;

/// What stands for a number over runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Centre {
    /// Its mean.
    Mean,
    /// Its median: it need not come in every run.
    Median,
}

impl Centre {
    /// That of a column of the summary.
    pub fn of(column: &str) -> Self {
        match may_never_come(column) {
            true => Self::Median,
            false => Self::Mean,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
        }
    }
}

/// A number a run, in order of the runs; lengths and instants in seconds. Infinite is what never
/// came, not a number where there was nothing to measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OverRuns {
    finite: Moments,
    never: u64,
    least: Option<f64>,
    most: Option<f64>,
    /// By size, without those of nothing to measure; absent where only the moments are kept.
    sorted: Option<Vec<f64>>,
}

impl OverRuns {
    /// None so far; every one is kept, for medians and spreads.
    pub fn kept() -> Self {
        Self { sorted: Some(Vec::new()), ..Self::default() }
    }

    /// Takes in a run's number.
    pub fn add(&mut self, number: f64) {
        if number.is_nan() {
            return;
        }
        match number.is_finite() {
            true => self.finite.add(number),
            false => self.never += 1,
        }
        self.least = Some(self.least.map_or(number, |least| least.min(number)));
        self.most = Some(self.most.map_or(number, |most| most.max(number)));
        if let Some(sorted) = &mut self.sorted {
            sorted.insert(sorted.partition_point(|n| *n <= number), number);
        }
    }

    /// What it comes to.
    pub fn estimate(&self) -> Estimate {
        let sorted = self.sorted.as_deref().unwrap_or_default();
        let at = |q: f64| {
            let rank = ((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len().max(1));
            sorted.get(rank - 1).copied()
        };
        let count = self.finite.count() + self.never;
        // A mean of those that came would flatter.
        let whole = self.never == 0 && count > 0;
        Estimate {
            count,
            never: self.never,
            mean: whole.then(|| self.finite.mean()),
            mean_within: self.finite.interval(LEVEL).filter(|_| whole),
            median: at(0.5),
            median_within: quantile(sorted, 0.5, LEVEL),
            p5: at(0.05),
            p95: at(0.95),
            least: self.least,
            most: self.most,
        }
    }
}

/// What a number comes to over runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Runs in which there was something to measure.
    pub count: u64,
    /// Of those, the ones in which it never came.
    pub never: u64,
    /// The mean; none where it never came in some run.
    pub mean: Option<f64>,
    /// Its interval.
    pub mean_within: Option<Interval>,
    /// The median; infinite where it never came in half of the runs.
    pub median: Option<f64>,
    /// Its interval; none of fewer than six runs.
    pub median_within: Option<Interval>,
    /// 5 % of the runs have no more.
    pub p5: Option<f64>,
    /// 95 % of the runs have no more.
    pub p95: Option<f64>,
    /// The least of the runs.
    pub least: Option<f64>,
    /// The greatest of the runs.
    pub most: Option<f64>,
}

impl Estimate {
    /// What stands for it.
    pub fn centre(&self, centre: Centre) -> Option<f64> {
        match centre {
            Centre::Mean => self.mean,
            Centre::Median => self.median,
        }
    }

    /// The interval of what stands for it.
    pub fn within(&self, centre: Centre) -> Option<Interval> {
        match centre {
            Centre::Mean => self.mean_within,
            Centre::Median => self.median_within,
        }
    }

    /// What is said of a condition: `==` and `!=` must hold in every run; anything else must hold
    /// everywhere in the interval, and fails where it holds nowhere in it.
    pub fn verdict(&self, centre: Centre, condition: Condition) -> Verdict {
        let limit = in_unit(condition.limit);
        let (Some(least), Some(most)) = (self.least, self.most) else { return Verdict::Unclear };
        let holds = |number: f64| condition.comparison.holds(number.partial_cmp(&limit));
        let of = |holds: bool| if holds { Verdict::Pass } else { Verdict::Fail };
        match condition.comparison {
            Comparison::Equal => of(holds(least) && holds(most)),
            // Runs on both sides of the limit may have none on it.
            Comparison::Unequal if least <= limit && limit <= most => match least == most {
                true => Verdict::Fail,
                false => Verdict::Unclear,
            },
            Comparison::Unequal => Verdict::Pass,
            Comparison::Below | Comparison::AtMost | Comparison::AtLeast | Comparison::Above => {
                match self.within(centre) {
                    None => Verdict::Unclear,
                    Some(Interval { low, high, .. }) => match (holds(low), holds(high)) {
                        (true, true) => Verdict::Pass,
                        (false, false) => Verdict::Fail,
                        (true, false) | (false, true) => Verdict::Unclear,
                    },
                }
            }
        }
    }

    /// Whether it is known well enough to judge a condition of it, so that more runs are not worth
    /// their time: half of the interval is at most 5 % of the estimate or, for a share, a tenth of
    /// the limit. An interval without an end is enough where it leaves no doubt.
    pub fn is_known(&self, centre: Centre, condition: Condition, unit: &str) -> bool {
        let every_run = matches!(condition.comparison, Comparison::Equal | Comparison::Unequal);
        if every_run || self.count == 0 {
            return true;
        }
        let Some(within) = self.within(centre) else { return false };
        if within.low == within.high {
            return true;
        }
        if within.high.is_infinite() {
            return self.verdict(centre, condition) != Verdict::Unclear;
        }
        within.half() <= narrow(within, condition, unit)
    }

    /// Half of the interval as a part of the estimate, and about how many runs make it narrow
    /// enough; none where no number would, or nobody can say yet.
    pub fn outlook(&self, centre: Centre, condition: Condition, unit: &str) -> Option<(f64, u64)> {
        let within = self.within(centre)?;
        let more = more_wanted(self.count, within.half(), narrow(within, condition, unit))?;
        Some((within.half() / within.estimate.abs(), self.count + more))
    }

    /// About how many more runs would say whether a condition holds, if the estimate stays; none
    /// where no number would.
    pub fn more(&self, centre: Centre, condition: Condition) -> Option<u64> {
        let within = self.within(centre)?;
        let limit = in_unit(condition.limit);
        // The half of the interval that the limit lies in.
        let (half, distance) = match within.estimate.partial_cmp(&limit)? {
            Ordering::Less => (within.high - within.estimate, limit - within.estimate),
            Ordering::Greater => (within.estimate - within.low, within.estimate - limit),
            Ordering::Equal => return None,
        };
        more_wanted(self.count, half, distance)
    }
}

/// Half-widths up to this are narrow enough.
fn narrow(within: Interval, condition: Condition, unit: &str) -> f64 {
    let own = NARROW * within.estimate.abs();
    let of_limit = if unit == "1" { NARROW_OF_LIMIT * in_unit(condition.limit) } else { 0.0 };
    own.max(of_limit)
}

/// A limit in the unit of its metric.
fn in_unit(limit: Limit) -> f64 {
    match limit {
        Limit::Length(length) => length.as_secs_f64(),
        other @ (Limit::Count(_) | Limit::Number(_) | Limit::Share(_)) => {
            Number::of_limit(other).to_f64()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Statistic;
    use crate::units::{Ratio, SimDuration};

    fn over(numbers: impl IntoIterator<Item = f64>) -> Estimate {
        let mut over = OverRuns::kept();
        numbers.into_iter().for_each(|number| over.add(number));
        over.estimate()
    }

    fn condition(comparison: Comparison, limit: Limit) -> Condition {
        Condition { statistic: Statistic::Value, comparison, limit }
    }

    /// Student's ten patients: 1.58, between 0.700 and 2.460.
    const SLEEP: [f64; 10] = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];

    #[test]
    fn a_condition_must_hold_in_the_whole_interval() {
        let estimate = over(SLEEP);
        let check = |comparison, limit, verdict| {
            let condition = condition(comparison, Limit::Number(limit));
            assert_eq!(estimate.verdict(Centre::Mean, condition), verdict, "{condition}");
        };
        check(Comparison::Below, 2.5, Verdict::Pass);
        check(Comparison::Below, 2.4, Verdict::Unclear);
        check(Comparison::Below, 0.7, Verdict::Fail);
        check(Comparison::Above, 0.7, Verdict::Pass);
        check(Comparison::AtLeast, 2.0, Verdict::Unclear);
        check(Comparison::AtLeast, 2.5, Verdict::Fail);
        // These must hold in every run.
        check(Comparison::Equal, 1.58, Verdict::Fail);
        check(Comparison::Unequal, 1.0, Verdict::Unclear);
        check(Comparison::Unequal, 5.0, Verdict::Pass);
        let same = over([3.0; 4]);
        let three = condition(Comparison::Equal, Limit::Count(3));
        assert_eq!(same.verdict(Centre::Mean, three), Verdict::Pass);
        assert_eq!(over([]).verdict(Centre::Mean, three), Verdict::Unclear);
        let one = condition(Comparison::Below, Limit::Count(3));
        assert_eq!(over([1.0]).verdict(Centre::Mean, one), Verdict::Unclear, "no interval");
    }

    /// 0.88 of half-width at ten runs; to clear 2 from 1.58 it must be 0.42: 10 × (0.88/0.42)^2
    /// runs, 43.9 of them.
    #[test]
    fn how_many_more_follows_from_the_distance_to_the_limit() {
        let two = condition(Comparison::Below, Limit::Count(2));
        assert_eq!(over(SLEEP).more(Centre::Mean, two), Some(34));
        let mean = condition(Comparison::Below, Limit::Number(over(SLEEP).mean.expect("ten")));
        assert_eq!(over(SLEEP).more(Centre::Mean, mean), None, "no number would tell");
    }

    #[test]
    fn what_never_comes_is_beyond_every_limit() {
        let mut numbers = vec![f64::INFINITY; 14];
        numbers.extend((0..6).map(|n| 800.0 + f64::from(n)));
        let estimate = over(numbers);
        assert_eq!((estimate.count, estimate.never, estimate.mean), (20, 14, None));
        assert_eq!((estimate.median, estimate.p5), (Some(f64::INFINITY), Some(800.0)));
        // Of 20 the median lies between the 6th and the 15th.
        let within = estimate.median_within.expect("twenty");
        assert_eq!((within.low, within.high), (805.0, f64::INFINITY));
        let longer = |seconds| {
            let limit = Limit::Length(SimDuration::from_secs(seconds));
            condition(Comparison::Above, limit)
        };
        assert_eq!(estimate.verdict(Centre::Median, longer(600)), Verdict::Pass);
        assert_eq!(estimate.verdict(Centre::Median, longer(900)), Verdict::Unclear);
        assert!(estimate.is_known(Centre::Median, longer(600), "s"));
        assert!(!estimate.is_known(Centre::Median, longer(900), "s"));
    }

    #[test]
    fn narrow_is_a_part_of_the_mean_or_of_a_shares_limit() {
        let below = |limit| condition(Comparison::Below, limit);
        // Of 1 and 3 by turns, 100 times each: half of the interval is 0.1398.
        let turns = |size: f64| over((0..200).map(|i| size * f64::from(1 + 2 * (i % 2))));
        let is_known = |size, limit, unit| turns(size).is_known(Centre::Mean, below(limit), unit);
        assert!(!is_known(1.0, Limit::Count(100), "requests"), "7 % of the mean");
        assert!(is_known(1e-5, Limit::Share(Ratio(0.001)), "1"), "1.4 % of the limit");
        assert!(!is_known(1e-5, Limit::Share(Ratio(0.000_01)), "1"), "14 % of it");
        assert!(over([0.0; 20]).is_known(Centre::Mean, below(Limit::Share(Ratio(0.001))), "1"));
    }
}
