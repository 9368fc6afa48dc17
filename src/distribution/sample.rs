//! An empirical law: each draw is one of many recorded lengths, all equally likely.

use rand::{Rng, RngExt};

use crate::units::SimDuration;

/// Recorded lengths, shortest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    lengths: Box<[SimDuration]>,
    mean: SimDuration,
}

impl Sample {
    /// A sample of lengths in any order; nothing of no lengths.
    pub fn new(mut lengths: Vec<SimDuration>) -> Option<Self> {
        // A draw rises with the random number behind it, so that runs that share their luck
        // share it under another sample too.
        lengths.sort_unstable();
        let sum: u128 = lengths.iter().map(|length| u128::from(length.0)).sum();
        let mean = sum.checked_div(lengths.len() as u128)?;
        Some(Self { lengths: lengths.into(), mean: SimDuration(mean as u64) })
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// The length that so large a share of them does not exceed; the share from 0 to 1.
    pub fn quantile(&self, share: f64) -> SimDuration {
        let rank = (share * self.lengths.len() as f64).ceil() as usize;
        self.lengths[rank.clamp(1, self.lengths.len()) - 1]
    }

    pub(super) fn mean(&self) -> SimDuration {
        self.mean
    }

    pub(super) fn sample(&self, rng: &mut impl Rng) -> SimDuration {
        self.lengths[rng.random_range(0..self.lengths.len())]
    }
}
