//! Checked distributions of durations: a mean, and one draw at a time.
//!
//! Transcendental functions come from the crate `libm` by name, so that a draw is the same on
//! every platform; the standard exponential and normal are the ziggurats of `rand_distr`.

use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};

use crate::units::SimDuration;

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// A law of durations whose parameters have been checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(SimDuration),
    /// Exponential with this mean.
    Exponential {
        /// The mean.
        mean: SimDuration,
    },
    /// exp(`mu` + `sigma` × standard normal) nanoseconds.
    Lognormal {
        /// Natural logarithm of the median in nanoseconds.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Evenly between two lengths.
    Uniform {
        /// The shortest.
        min: SimDuration,
        /// The longest.
        max: SimDuration,
    },
}

impl Distribution {
    /// The lognormal law with this median and 99th percentile, which is not below the median.
    pub fn lognormal_median_p99(median: SimDuration, p99: SimDuration) -> Self {
        let mu = libm::log(median.0.max(1) as f64);
        let sigma = (libm::log(p99.0.max(1) as f64) - mu) / NORMAL_P99;
        Self::Lognormal { mu, sigma: sigma.max(0.0) }
    }

    /// The lognormal law with this mean and coefficient of variation (standard deviation ÷ mean).
    pub fn lognormal_mean_cv(mean: SimDuration, cv: f64) -> Self {
        let variance = libm::log1p(cv * cv);
        let mu = libm::log(mean.0.max(1) as f64) - variance / 2.0;
        Self::Lognormal { mu, sigma: variance.sqrt() }
    }

    /// The mean, cut to nanoseconds.
    pub fn mean(&self) -> SimDuration {
        match *self {
            Self::Constant(length) => length,
            Self::Exponential { mean } => mean,
            Self::Lognormal { mu, sigma } => {
                SimDuration(libm::exp(mu + sigma * sigma / 2.0) as u64)
            }
            Self::Uniform { min, max } => SimDuration(min.0 / 2 + max.0 / 2 + (min.0 & max.0 & 1)),
        }
    }

    /// One draw, cut to nanoseconds.
    #[inline]
    pub fn sample(&self, rng: &mut impl Rng) -> SimDuration {
        match *self {
            Self::Constant(length) => length,
            Self::Exponential { mean } => mean.scaled(rng.sample::<f64, _>(Exp1)),
            Self::Lognormal { mu, sigma } => {
                SimDuration(libm::exp(mu + sigma * rng.sample::<f64, _>(StandardNormal)) as u64)
            }
            Self::Uniform { min, max } => SimDuration(rng.random_range(min.0..=max.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    /// The mean of many draws lies within four standard errors of the mean that is claimed.
    #[test]
    fn draws_have_the_mean_that_is_claimed() {
        let check = |law: Distribution, cv: f64| {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
            let n = 200_000;
            let sum: f64 = (0..n).map(|_| law.sample(&mut rng).0 as f64).sum();
            let (mean, claimed) = (sum / f64::from(n), law.mean().0 as f64);
            let error = claimed * cv / f64::from(n).sqrt();
            assert!((mean - claimed).abs() <= 4.0 * error + 1.0, "{law:?}: {mean} for {claimed}");
        };
        let second = SimDuration::from_secs(1);
        check(Distribution::Constant(second), 0.0);
        check(Distribution::Exponential { mean: second }, 1.0);
        check(Distribution::lognormal_mean_cv(second, 0.5), 0.5);
        let uniform = Distribution::Uniform { min: SimDuration::ZERO, max: second };
        check(uniform, 1.0 / 3.0_f64.sqrt());
    }

    /// 1 % of the draws lie above the 99th percentile, half above the median (4 standard errors).
    #[test]
    fn lognormal_has_its_median_and_p99() {
        let (median, p99) = (SimDuration::from_millis(40), SimDuration::from_millis(140));
        let law = Distribution::lognormal_median_p99(median, p99);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(8);
        let n = 100_000;
        let draws: Vec<SimDuration> = (0..n).map(|_| law.sample(&mut rng)).collect();
        for (above, share) in [(median, 0.5), (p99, 0.01)] {
            let seen = draws.iter().filter(|&&d| d > above).count() as f64 / f64::from(n);
            let error = (share * (1.0 - share) / f64::from(n)).sqrt();
            assert!((seen - share).abs() <= 4.0 * error, "{seen} for {share}");
        }
    }
}
