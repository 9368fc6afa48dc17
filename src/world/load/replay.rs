//! A recorded load, arrival by arrival: at its instants, or spread over the buckets that count it.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::Exp1;

use crate::scenario::{Spread, Trace};
use crate::units::SimTime;

/// A recorded load, arrival by arrival.
#[derive(Clone, Debug)]
pub(super) struct Replay<'s> {
    trace: &'s Trace,
    /// Where the present round of the recording begins.
    origin: u64,
    /// The bucket after the present one.
    next_bucket: usize,
    /// Start and width of the present bucket.
    start: u64,
    width: u64,
    /// Arrivals of the present bucket, and those not yet replayed.
    count: u64,
    left: u64,
    /// Exponential spacings: their sum over the bucket, and up to the last arrival. Their quotient
    /// is distributed as the order statistics of that many uniform instants.
    sum: f64,
    passed: f64,
}

impl<'s> Replay<'s> {
    /// A recording that counts from `zero`, and of which nothing is replayed yet.
    pub fn new(trace: &'s Trace, zero: SimTime) -> Self {
        Self {
            trace,
            origin: zero.0 + trace.shift.0,
            next_bucket: 0,
            start: 0,
            width: 0,
            count: 0,
            left: 0,
            sum: 1.0,
            passed: 0.0,
        }
    }

    /// The next arrival; [`SimTime::NEVER`] when there is none.
    #[inline]
    pub fn next(&mut self, gaps: &mut Xoshiro256PlusPlus) -> SimTime {
        while self.left == 0 {
            let buckets = &self.trace.buckets;
            if self.next_bucket == buckets.len() {
                if !self.trace.looped || buckets.is_empty() {
                    return SimTime::NEVER;
                }
                (self.origin, self.next_bucket) = (self.origin + self.trace.end.0, 0);
            }
            let bucket = &buckets[self.next_bucket];
            self.next_bucket += 1;
            (self.start, self.width) = (self.origin + bucket.at.0, bucket.width.0);
            (self.count, self.left) = (bucket.count, bucket.count);
            if self.trace.spread == Some(Spread::Uniform) && self.count > 0 {
                // The spacings are drawn twice, summed first, so that none has to be kept.
                let mut ahead = gaps.clone();
                let spacing = |_| ahead.sample::<f64, _>(Exp1);
                self.sum = (0..=self.count).map(spacing).sum();
                self.passed = 0.0;
            }
        }
        self.left -= 1;
        let share = match self.trace.spread {
            None | Some(Spread::Poisson) => 0.0,
            Some(Spread::Even) => {
                (2 * (self.count - self.left) - 1) as f64 / (2 * self.count) as f64
            }
            Some(Spread::Uniform) => {
                self.passed += gaps.sample::<f64, _>(Exp1);
                let share = self.passed / self.sum;
                if self.left == 0 {
                    // The last spacing, to the bucket's end, belongs to this bucket too.
                    gaps.sample::<f64, _>(Exp1);
                }
                share
            }
        };
        // The quotient may round up to one; an arrival lies inside its bucket.
        let within = ((self.width as f64 * share) as u64).min(self.width.saturating_sub(1));
        SimTime(self.start + within)
    }

    /// Whether the recording has service times.
    pub fn has_works(&self) -> bool {
        !self.trace.works.is_empty()
    }

    /// The recorded service time of the last arrival.
    #[inline]
    pub fn work(&self) -> u64 {
        self.trace.works[self.next_bucket - 1].0
    }
}
