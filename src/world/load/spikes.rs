//! Spikes laid over a rate: each adds its height, or so many times the rate, for a while.

use super::piece::{LAST, Piece};
use crate::scenario::{Height, Spike};
use crate::units::{SECOND, SimTime};

/// All spikes of one source.
#[derive(Clone, Debug)]
pub(super) struct Spikes {
    all: Vec<Line>,
    zero: u64,
}

/// One spike.
#[derive(Clone, Copy, Debug)]
struct Line {
    at: u64,
    length: u64,
    ramp: u64,
    /// Distance of its repetitions; [`LAST`] where there are none.
    every: u64,
    /// Times the rate below it that it adds at its height.
    times: f64,
    /// Requests a nanosecond that it adds at its height.
    plus: f64,
}

/// What all spikes come to at an instant: the rate below times `times`, plus `plus`; each with its
/// change in a nanosecond, up to `until`.
struct Lift {
    times: [f64; 2],
    plus: [f64; 2],
    until: u64,
}

impl Line {
    /// The share of its height at an instant after zero, its change, and until when.
    fn level(&self, since_zero: u64) -> (f64, f64, u64) {
        let Some(since) = since_zero.checked_sub(self.at) else { return (0.0, 0.0, self.at) };
        let begun = since_zero - since % self.every;
        let (phase, ramp) = (since % self.every, self.ramp as f64);
        if phase < self.ramp {
            (phase as f64 / ramp, 1.0 / ramp, begun + self.ramp)
        } else if phase < self.length - self.ramp {
            (1.0, 0.0, begun + self.length - self.ramp)
        } else if phase < self.length {
            ((self.length - phase) as f64 / ramp, -1.0 / ramp, begun + self.length)
        } else {
            (0.0, 0.0, begun.saturating_add(self.every).min(LAST))
        }
    }
}

impl Spikes {
    /// The spikes of a source.
    pub fn new(spikes: &[Spike], zero: SimTime) -> Self {
        let line = |spike: &Spike| {
            let (times, plus) = match spike.height {
                Height::Factor(factor) => (factor - 1.0, 0.0),
                Height::Added(rate) => (0.0, rate.per_second() / SECOND as f64),
            };
            let every = spike.every.map_or(LAST, |every| every.0);
            Line { at: spike.at.0, length: spike.length.0, ramp: spike.ramp.0, every, times, plus }
        };
        Self { all: spikes.iter().map(line).collect(), zero: zero.0 }
    }

    fn at(&self, time: u64) -> Lift {
        let since_zero = time.saturating_sub(self.zero);
        let mut lift = Lift { times: [1.0, 0.0], plus: [0.0, 0.0], until: LAST };
        for line in &self.all {
            let (level, change, until) = line.level(since_zero);
            // Before zero the load holds its value at zero.
            let (change, until) = match time < self.zero {
                true => (0.0, self.zero),
                false => (change, self.zero.saturating_add(until).min(LAST)),
            };
            for (i, share) in [level, change].into_iter().enumerate() {
                lift.times[i] += line.times * share;
                lift.plus[i] += line.plus * share;
            }
            lift.until = lift.until.min(until);
        }
        lift
    }

    /// A rate with the spikes over it.
    pub fn lift(&self, rate: f64, time: u64) -> f64 {
        let lift = self.at(time);
        rate * lift.times[0] + lift.plus[0]
    }

    /// The part of a piece from an instant in it on that has the spikes laid over it and is one
    /// piece still.
    pub fn over(&self, base: &Piece, from: u64) -> Piece {
        if self.all.is_empty() {
            return *base;
        }
        let lift = self.at(from);
        let end = base.end.min(lift.until);
        let (rate, slope) = (base.rate_at(from), base.slope);
        let ([times, rise], [plus, more]) = (lift.times, lift.plus);
        if base.floor == 1.0 && (slope == 0.0 || rise == 0.0) {
            let (rate, slope) = (rate * times + plus, slope * times + rate * rise + more);
            return Piece { start: from, end, rate, slope, floor: 1.0 };
        }
        // A slope on a slope is a curve, and so is a wave: under a flat line it is thinned.
        let length = (end - from) as f64;
        let least = |at: f64, change: f64| at.min(at + change * length).max(0.0);
        let most = |at: f64, change: f64| at.max(at + change * length);
        let line = most(rate, slope) * most(times, rise) + most(plus, more);
        let low = least(rate, slope) * base.floor * least(times, rise) + least(plus, more);
        let floor = if line > 0.0 { low / line } else { 1.0 };
        Piece { start: from, end, rate: line, slope: 0.0, floor }
    }
}
