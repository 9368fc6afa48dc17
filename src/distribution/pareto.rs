//! Pareto's law between two lengths: the bounded Pareto law of queueing texts (Harchol-Balter,
//! Performance Modeling and Design of Computer Systems, 2013, chapter 20), of which the part
//! above the cap is not there; nothing piles up at the cap.

use rand::{Rng, RngExt};

use crate::units::SimDuration;

/// A bounded Pareto law, what each draw needs worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pareto {
    min: f64,
    cap: f64,
    mean: f64,
    /// What the unbounded law has below the cap.
    below: f64,
    /// Minus one over the exponent.
    power: f64,
}

impl Pareto {
    /// The law with P(longer than x) falling as x to the power -`alpha`, from `min` to `cap`, in
    /// nanoseconds; `min` lies below `cap` and above zero.
    pub(super) fn new(alpha: f64, min: f64, cap: f64) -> Self {
        let span = libm::log(cap / min);
        let below = -libm::expm1(-alpha * span);
        // The integral of t^-alpha from 1 to cap ÷ min, in a form that alpha = 1 does not break.
        let bend = (1.0 - alpha) * span;
        let area = if bend.abs() < 1e-12 { span } else { span * libm::expm1(bend) / bend };
        Self { min, cap, mean: min * alpha * area / below, below, power: -1.0 / alpha }
    }

    pub(super) fn mean(&self) -> SimDuration {
        SimDuration(self.mean as u64)
    }

    pub(super) fn sample(&self, rng: &mut impl Rng) -> SimDuration {
        let u: f64 = rng.random();
        let length = self.min * libm::pow(1.0 - u * self.below, self.power);
        SimDuration(length.min(self.cap) as u64)
    }
}
