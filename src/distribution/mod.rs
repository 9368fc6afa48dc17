//! Checked distributions of durations: a mean, and one draw at a time.
//!
//! Transcendental functions come from the crate `libm` by name, so that a draw is the same on
//! every platform; the standard exponential and normal are the ziggurats of `rand_distr`, and
//! whatever else is needed is made of these. A law that wants more than two numbers lies behind
//! a pointer: the enum stays as small as the plain ones need.

mod gamma;
mod mixture;
mod pareto;
mod poisson;
mod sample;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};

pub use gamma::Gamma;
pub use mixture::Mixture;
pub use pareto::Pareto;
pub use poisson::poisson;
pub use sample::Sample;

use crate::units::SimDuration;

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// A law of durations whose parameters have been checked.
#[derive(Clone, Debug, PartialEq)]
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
    /// `scale` × standard exponential ^ `power` nanoseconds.
    Weibull {
        /// The length that e⁻¹ of the draws exceed, in nanoseconds.
        scale: f64,
        /// One over the shape.
        power: f64,
    },
    /// Gamma.
    Gamma(Box<Gamma>),
    /// Pareto's, with a cap.
    Pareto(Box<Pareto>),
    /// One of several laws, by weight.
    Mixture(Box<Mixture>),
    /// One of many recorded lengths.
    Empirical(Arc<Sample>),
}

// A load source holds its law: with a large one it would fill another cache line.
const _: () = assert!(size_of::<Distribution>() <= 24);

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

    /// The gamma law with this shape, above zero, and this mean; shape 1 is exponential.
    pub fn gamma(shape: f64, mean: SimDuration) -> Self {
        Self::Gamma(Box::new(Gamma::new(shape, mean.0 as f64)))
    }

    /// The gamma law with this mean and coefficient of variation; constant where that is zero.
    pub fn gamma_mean_cv(mean: SimDuration, cv: f64) -> Self {
        let shape = 1.0 / (cv * cv);
        if shape.is_finite() { Self::gamma(shape, mean) } else { Self::Constant(mean) }
    }

    /// Weibull's law with this shape, above zero, and this mean; shape 1 is exponential, and a
    /// smaller one has the longer tail.
    pub fn weibull(shape: f64, mean: SimDuration) -> Self {
        let power = 1.0 / shape;
        Self::Weibull { scale: mean.0 as f64 / libm::tgamma(1.0 + power), power }
    }

    /// Pareto's law from `min`, above zero, to `cap`: a share of draws that falls as x to the
    /// power -`alpha` is longer than x. Constant where the two are the same.
    pub fn pareto(alpha: f64, min: SimDuration, cap: SimDuration) -> Self {
        if cap <= min {
            return Self::Constant(min);
        }
        Self::Pareto(Box::new(Pareto::new(alpha, min.0 as f64, cap.0 as f64)))
    }

    /// A mixture of laws by weight; weights are not negative, and their sum is above zero.
    pub fn mixture(parts: Vec<(f64, Self)>) -> Self {
        Self::Mixture(Box::new(Mixture::new(parts)))
    }

    /// The mean, cut to nanoseconds.
    pub fn mean(&self) -> SimDuration {
        match self {
            Self::Constant(length) => *length,
            Self::Exponential { mean } => *mean,
            Self::Lognormal { mu, sigma } => {
                SimDuration(libm::exp(mu + sigma * sigma / 2.0) as u64)
            }
            Self::Uniform { min, max } => SimDuration(min.0 / 2 + max.0 / 2 + (min.0 & max.0 & 1)),
            Self::Weibull { scale, power } => {
                SimDuration((scale * libm::tgamma(1.0 + power)) as u64)
            }
            Self::Gamma(gamma) => gamma.mean(),
            Self::Pareto(pareto) => pareto.mean(),
            Self::Mixture(mixture) => mixture.mean(),
            Self::Empirical(sample) => sample.mean(),
        }
    }

    /// One draw, cut to nanoseconds.
    #[inline]
    pub fn sample(&self, rng: &mut impl Rng) -> SimDuration {
        match self {
            Self::Constant(length) => *length,
            // Through signed numbers, which the processor converts at once: they hold 292 years.
            Self::Exponential { mean } => {
                let length = mean.0 as i64 as f64 * rng.sample::<f64, _>(Exp1);
                SimDuration(length as i64 as u64)
            }
            Self::Lognormal { mu, sigma } => {
                SimDuration(libm::exp(mu + sigma * rng.sample::<f64, _>(StandardNormal)) as u64)
            }
            Self::Uniform { min, max } => SimDuration(rng.random_range(min.0..=max.0)),
            Self::Weibull { scale, power } => {
                SimDuration((scale * libm::pow(rng.sample::<f64, _>(Exp1), *power)) as u64)
            }
            Self::Gamma(gamma) => gamma.sample(rng),
            Self::Pareto(pareto) => pareto.sample(rng),
            Self::Mixture(mixture) => mixture.sample(rng),
            Self::Empirical(sample) => sample.sample(rng),
        }
    }
}
