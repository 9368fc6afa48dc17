//! A mixture of laws: each draw is one of a part, chosen by weight.

use rand::{Rng, RngExt};

use super::Distribution;
use crate::units::SimDuration;

/// Laws with the shares of draws that are theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Each with the share of itself and all before it; the last's is one.
    parts: Box<[(f64, Distribution)]>,
}

impl Mixture {
    /// A mixture of laws by weight; weights are not negative, and their sum is above zero.
    pub(super) fn new(parts: Vec<(f64, Distribution)>) -> Self {
        let whole: f64 = parts.iter().map(|(weight, _)| weight).sum();
        let mut sum = 0.0;
        let mut parts: Box<[_]> = parts
            .into_iter()
            .filter(|(weight, _)| *weight > 0.0)
            .map(|(weight, law)| {
                sum += weight;
                (sum / whole, law)
            })
            .collect();
        if let Some((share, _)) = parts.last_mut() {
            *share = 1.0;
        }
        Self { parts }
    }

    pub(super) fn mean(&self) -> SimDuration {
        let mut before = 0.0;
        let mut mean = 0.0;
        for (until, law) in &self.parts {
            mean += (until - before) * law.mean().0 as f64;
            before = *until;
        }
        SimDuration(mean as u64)
    }

    pub(super) fn sample(&self, rng: &mut impl Rng) -> SimDuration {
        let u: f64 = rng.random();
        let part = self.parts.iter().find(|(until, _)| u < *until);
        part.map_or(SimDuration::ZERO, |(_, law)| law.sample(rng))
    }
}
