//! Confidence intervals over independent replications.
//!
//! A mean over runs, and a share of requests as one ratio a run, has Student's interval: requests
//! of one run are correlated, so that counting them as independent would flatter. A share of runs
//! has Wilson's (Wilson 1927), which is honest near none and all. A quantile of runs has the
//! interval between two of them (order statistics: the number of runs below it is binomial).

use super::student::{t_within, z_within};

/// The level of all intervals that are shown.
pub const LEVEL: f64 = 0.95;

/// An estimate and what it lies between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Half of its width.
    pub fn half(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether it holds a number, its ends included.
    pub fn holds(&self, number: f64) -> bool {
        self.low <= number && number <= self.high
    }
}

/// Count, mean and sum of squares of numbers that come one by one (Welford 1962).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Of numbers in their order.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut moments = Self::default();
        numbers.into_iter().for_each(|number| moments.add(number));
        moments
    }

    /// Takes in one number.
    pub fn add(&mut self, number: f64) {
        self.count += 1;
        let before = number - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (number - self.mean);
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; zero where there were none.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Their variance, with one degree of freedom given up; none of fewer than two.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// Student's interval of their mean; none of fewer than two.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let variance = self.variance()?;
        let error = libm::sqrt(variance / self.count as f64);
        let half = t_within(level, (self.count - 1) as f64) * error;
        Some(Interval { estimate: self.mean, low: self.mean - half, high: self.mean + half })
    }
}

/// About how many more numbers an interval of half-width `half` over `count` of them wants, to
/// become as narrow as `wanted`: widths fall with the root of the count.
pub fn more_wanted(count: u64, half: f64, wanted: f64) -> Option<u64> {
    if half <= wanted {
        return Some(0);
    }
    let all = count as f64 * (half / wanted) * (half / wanted);
    (all.is_finite() && all < 1e15).then(|| (all as u64 + 1).saturating_sub(count))
}

/// Wilson's interval of a share: `part` of `whole` independent runs; none where there are none.
pub fn wilson(part: u64, whole: u64, level: f64) -> Option<Interval> {
    if whole == 0 || part > whole {
        return None;
    }
    let (n, p, z) = (whole as f64, part as f64 / whole as f64, z_within(level));
    let scale = 1.0 + z * z / n;
    let middle = (p + z * z / (2.0 * n)) / scale;
    let half = z / scale * libm::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    // At the ends the formula is exact but for rounding.
    let low = if part == 0 { 0.0 } else { middle - half };
    let high = if part == whole { 1.0 } else { middle + half };
    Some(Interval { estimate: p, low, high })
}

/// The share below which the truth is at 95 % where none of `runs` was seen: the rule of three
/// (Hanley and Lippman-Hand 1983), 3/n.
pub fn none_seen(runs: u64) -> f64 {
    (3.0 / runs.max(1) as f64).min(1.0)
}

/// The quantile `q` of runs with its interval, out of numbers in order of size; none where there
/// are too few of them for an interval of that level. Ends may be infinite, as numbers may.
pub fn quantile(sorted: &[f64], q: f64, level: f64) -> Option<Interval> {
    let (low, high) = ranks(sorted.len(), q, level)?;
    let at = ((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
    let number = |rank: usize| sorted[rank - 1];
    Some(Interval { estimate: number(at), low: number(low), high: number(high) })
}

/// Ranks from 1 between which the quantile lies with at least this probability; each side is left
/// with no more than half of what remains.
fn ranks(count: usize, q: f64, level: f64) -> Option<(usize, usize)> {
    if count == 0 || !(0.0..1.0).contains(&q) || q == 0.0 {
        return None;
    }
    let side = (1.0 - level) / 2.0;
    let (mut below, mut low, mut high) = (0.0, 0, None);
    // `below` is P(at most k runs lie below the quantile), k from 0.
    for k in 0..count {
        below += binomial(count, k, q);
        if below <= side {
            low = k + 1;
        }
        if high.is_none() && below >= 1.0 - side {
            high = Some(k + 1);
        }
    }
    match (low, high) {
        (low, Some(high)) if low > 0 => Some((low, high)),
        _ => None,
    }
}

/// The probability of `k` successes in `n` trials.
fn binomial(n: usize, k: usize, p: f64) -> f64 {
    let (n, k) = (n as f64, k as f64);
    let ways = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    libm::exp(ways + k * libm::log(p) + (n - k) * libm::log1p(-p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, expected: f64, within: f64) {
        assert!((got - expected).abs() <= within, "{got} is not {expected}");
    }

    /// Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I.
    #[test]
    fn wilson_is_that_of_newcombes_table() {
        for (part, whole, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let got = wilson(part, whole, 0.95).expect("there are runs");
            near(got.low, low, 5.1e-5);
            near(got.high, high, 5.1e-5);
            let mirrored = wilson(whole - part, whole, 0.95).expect("there are runs");
            near(mirrored.low, 1.0 - got.high, 1e-12);
            near(mirrored.high, 1.0 - got.low, 1e-12);
        }
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(none_seen(100), 0.03);
        assert_eq!(none_seen(2), 1.0);
    }

    /// Student 1908, "The probable error of a mean": the hours of sleep gained by ten patients.
    #[test]
    fn the_interval_of_a_mean_is_students() {
        let gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        let moments = Moments::of(gained);
        near(moments.mean(), 1.58, 1e-12);
        near(libm::sqrt(moments.variance().expect("ten")), 1.229_995, 1e-6);
        let interval = moments.interval(0.95).expect("ten");
        near(interval.low, 0.700_114, 1e-6);
        near(interval.high, 2.459_886, 1e-6);
        assert!(interval.holds(1.0) && !interval.holds(0.7));
        assert_eq!(Moments::of([1.0]).interval(0.95), None);
    }

    /// A large constant beside a small variance: what sums of squares would lose.
    #[test]
    fn moments_do_not_cancel() {
        let moments = Moments::of([4.0, 7.0, 13.0, 16.0].map(|x| x + 1e9));
        near(moments.variance().expect("four"), 30.0, 1e-6);
    }

    /// Conover, "Practical Nonparametric Statistics", and any table of the sign test: of 10 the
    /// median lies between the 2nd and the 9th, of 20 between the 6th and the 15th, of 6 between
    /// all, and of 5 no interval of 95 % exists.
    #[test]
    fn quantiles_lie_between_order_statistics() {
        assert_eq!(ranks(5, 0.5, 0.95), None);
        assert_eq!(ranks(6, 0.5, 0.95), Some((1, 6)));
        assert_eq!(ranks(10, 0.5, 0.95), Some((2, 9)));
        assert_eq!(ranks(20, 0.5, 0.95), Some((6, 15)));
        assert_eq!(ranks(100, 0.5, 0.95), Some((40, 61)));
        let numbers: Vec<f64> = (1..=20).map(f64::from).collect();
        let median = quantile(&numbers, 0.5, 0.95).expect("twenty");
        assert_eq!((median.estimate, median.low, median.high), (10.0, 6.0, 15.0));
        assert_eq!(quantile(&numbers, 0.99, 0.95), None, "the largest of 20 may be below it");
    }

    #[test]
    fn widths_fall_with_the_root() {
        assert_eq!(more_wanted(20, 1.0, 2.0), Some(0));
        assert_eq!(more_wanted(20, 2.0, 1.0), Some(61));
        assert_eq!(more_wanted(20, 1.0, 0.0), None);
    }
}
