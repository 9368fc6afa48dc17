//! A rate that changes with time, as a chain of pieces under straight lines.
//!
//! Over a piece either the rate is the straight line, or it lies below it and above a known share
//! of it: then the process under the line is thinned. Pieces are made one at a time, as time goes
//! on, so that a wave or a random chain of states has no end and takes no memory.

use std::f64::consts::TAU;

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::Exp1;

use super::piece::{LAST, Piece};
use super::spikes::Spikes;
use crate::scenario::{Bursty, Cycle, Join, Point, Trace};
use crate::units::{Rate, SECOND, SimTime};

/// Pieces in the shortest cycle of a wave: few enough to be made in no time, many enough that
/// the line lies within 2.5 % of the rate, so that few draws are lost and few cosines taken.
const PIECES: u64 = 256;

/// A rate over time: a shape, and the spikes laid over it.
#[derive(Clone, Debug)]
pub(super) struct RateLine<'s> {
    shape: Shape<'s>,
    spikes: Spikes,
    zero: u64,
}

/// The rate without its spikes.
#[derive(Clone, Debug)]
enum Shape<'s> {
    /// Straight pieces, the last without end.
    Chain(Vec<Piece>),
    Wave {
        mean: f64,
        cycles: &'s [Cycle],
        width: u64,
    },
    /// Two states with a rate each, left after exponential times with these means.
    Bursty {
        rates: [f64; 2],
        sojourns: [f64; 2],
    },
    /// Buckets, each with a rate of its own.
    Recorded(&'s Trace),
}

/// A place on the way along a line.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    /// The piece.
    pub piece: Piece,
    /// The piece of the shape, which spikes may cut in several.
    base: Piece,
    /// Of a chain the piece, of a recorded load the bucket that comes next, of two states which.
    at: usize,
    /// Rounds of a looped recording.
    round: u64,
    /// Of the states' lengths.
    luck: Xoshiro256PlusPlus,
}

fn per_ns(rate: Rate) -> f64 {
    rate.per_second() / SECOND as f64
}

impl<'s> RateLine<'s> {
    /// Always the same.
    pub fn constant(rate: Rate, spikes: Spikes, zero: SimTime) -> Self {
        let pieces = vec![Piece::flat(0, LAST, per_ns(rate))];
        Self { shape: Shape::Chain(pieces), spikes, zero: zero.0 }
    }

    /// Points joined by steps or lines. Before the first point the rate is the first's, after the
    /// last the last's.
    pub fn profile(points: &[Point], join: Join, spikes: Spikes, zero: SimTime) -> Self {
        let mut pieces = vec![Piece::flat(0, LAST, per_ns(points[0].rate))];
        for (i, point) in points.iter().enumerate() {
            let rate = per_ns(point.rate);
            let next = points.get(i + 1).filter(|_| join == Join::Lines);
            let slope = next
                .map_or(0.0, |next| (per_ns(next.rate) - rate) / (next.at.0 - point.at.0) as f64);
            pieces.push(Piece { slope, ..Piece::flat(zero.0 + point.at.0, LAST, rate) });
        }
        pieces.dedup_by(|next, piece| {
            let same = next.start == piece.start;
            if same {
                *piece = *next;
            }
            same
        });
        for i in 1..pieces.len() {
            pieces[i - 1].end = pieces[i].start;
        }
        Self { shape: Shape::Chain(pieces), spikes, zero: zero.0 }
    }

    /// A mean times one plus a cosine for each cycle; before zero the rate of zero.
    pub fn wave(mean: Rate, cycles: &'s [Cycle], spikes: Spikes, zero: SimTime) -> Self {
        let shortest = cycles.iter().map(|cycle| cycle.period.0).min().unwrap_or(LAST);
        let width = (shortest / PIECES).max(1);
        let shape = match mean.per_second() {
            // Nothing but pieces without an arrival would never end.
            0.0 => Shape::Chain(vec![Piece::flat(0, LAST, 0.0)]),
            _ => Shape::Wave { mean: per_ns(mean), cycles, width },
        };
        Self { shape, spikes, zero: zero.0 }
    }

    /// Two states that follow each other.
    pub fn bursty(bursty: &Bursty, spikes: Spikes, zero: SimTime) -> Self {
        let rates = bursty.rates.map(per_ns);
        let shape = match rates {
            [0.0, 0.0] => Shape::Chain(vec![Piece::flat(0, LAST, 0.0)]),
            _ => Shape::Bursty { rates, sojourns: bursty.sojourns.map(|s| s.0 as f64) },
        };
        Self { shape, spikes, zero: zero.0 }
    }

    /// A recorded load whose counts are means; nothing before it, and nothing after it unless it
    /// is looped.
    pub fn recorded(trace: &'s Trace, spikes: Spikes, zero: SimTime) -> Self {
        Self { shape: Shape::Recorded(trace), spikes, zero: zero.0 }
    }

    /// The place of the run's first instant.
    pub fn begin(&self, luck: Xoshiro256PlusPlus) -> Cursor {
        let base = Piece::flat(0, LAST, 0.0);
        let mut cursor = Cursor { piece: base, base, at: 0, round: 0, luck };
        cursor.base = match &self.shape {
            Shape::Chain(pieces) => pieces[0],
            // Before zero the wave stands still: its rate is less than the line, and always the same.
            Shape::Wave { .. } if self.zero > 0 => {
                let first = self.wave_piece(0);
                Piece { start: 0, end: self.zero, ..first }
            }
            Shape::Wave { .. } => self.wave_piece(0),
            Shape::Bursty { sojourns, .. } => {
                // In the long run a state holds for the share that its mean length is of both.
                let first = sojourns[0] / (sojourns[0] + sojourns[1]);
                cursor.at = usize::from(cursor.luck.random::<f64>() >= first);
                self.state(&mut cursor, 0)
            }
            Shape::Recorded(trace) => self.next_bucket(trace, &mut cursor, 0),
        };
        cursor.piece = self.spikes.over(&cursor.base, 0);
        cursor
    }

    /// Goes on to the piece after a cursor's, which is not the last.
    pub fn advance(&self, cursor: &mut Cursor) {
        let from = cursor.piece.end;
        if from >= cursor.base.end {
            cursor.base = self.next_base(cursor);
        }
        cursor.piece = self.spikes.over(&cursor.base, from);
    }

    fn next_base(&self, cursor: &mut Cursor) -> Piece {
        let from = cursor.base.end;
        match &self.shape {
            Shape::Chain(pieces) => {
                cursor.at += 1;
                pieces[cursor.at]
            }
            Shape::Wave { width, .. } => self.wave_piece((from - self.zero) / width),
            Shape::Bursty { .. } => {
                cursor.at = 1 - cursor.at;
                self.state(cursor, from)
            }
            Shape::Recorded(trace) => self.next_bucket(trace, cursor, from),
        }
    }

    /// A stretch of the present state.
    fn state(&self, cursor: &mut Cursor, start: u64) -> Piece {
        let Shape::Bursty { rates, sojourns } = &self.shape else {
            return Piece::flat(start, LAST, 0.0);
        };
        let length = sojourns[cursor.at] * cursor.luck.sample::<f64, _>(Exp1);
        let end = start.saturating_add((length as u64).max(1)).min(LAST);
        Piece::flat(start, end, rates[cursor.at])
    }

    /// The bucket that begins at an instant, or the stretch of no arrivals up to the next one.
    fn next_bucket(&self, trace: &Trace, cursor: &mut Cursor, from: u64) -> Piece {
        if cursor.at == trace.buckets.len() {
            if !trace.looped || trace.buckets.is_empty() {
                return Piece::flat(from, LAST, 0.0);
            }
            (cursor.at, cursor.round) = (0, cursor.round + 1);
        }
        let bucket = &trace.buckets[cursor.at];
        let start = self.zero + trace.shift.0 + cursor.round * trace.end.0 + bucket.at.0;
        if start > from {
            return Piece::flat(from, start, 0.0);
        }
        cursor.at += 1;
        let rate = bucket.count as f64 * trace.rate_scale / bucket.width.0 as f64;
        Piece::flat(start, start + bucket.width.0, rate)
    }

    /// The piece of a wave that begins so many widths after zero.
    fn wave_piece(&self, number: u64) -> Piece {
        let Shape::Wave { mean, cycles, width } = &self.shape else {
            return Piece::flat(self.zero, LAST, 0.0);
        };
        let (mut most, mut least) = (*mean, *mean);
        for cycle in *cycles {
            let (period, amplitude) = (cycle.period.0, cycle.amplitude.0);
            let begins = phase(cycle, number * width);
            let ends = begins + width;
            let cosines = [begins, ends].map(|at| libm::cos(TAU * at as f64 / period as f64));
            let peak = begins == 0 || ends >= period;
            let trough = begins <= period / 2 && ends >= period / 2;
            let high = if peak { 1.0 } else { cosines[0].max(cosines[1]) };
            let low = if trough { -1.0 } else { cosines[0].min(cosines[1]) };
            most *= 1.0 + amplitude * high;
            least *= 1.0 + amplitude * low;
        }
        let start = self.zero + number * width;
        let floor = if most > 0.0 { least / most } else { 1.0 };
        Piece { floor, ..Piece::flat(start, start + width, most) }
    }

    /// The rate itself, in requests a nanosecond, at an instant in a cursor's piece.
    pub fn rate(&self, cursor: &Cursor, time: u64) -> f64 {
        let base = match &self.shape {
            Shape::Wave { mean, cycles, .. } => {
                let swing = |cycle: &Cycle| {
                    let at = phase(cycle, time.saturating_sub(self.zero)) as f64;
                    1.0 + cycle.amplitude.0 * libm::cos(TAU * at / cycle.period.0 as f64)
                };
                mean * cycles.iter().map(swing).product::<f64>()
            }
            Shape::Chain(_) | Shape::Bursty { .. } | Shape::Recorded(_) => {
                cursor.base.rate_at(time)
            }
        };
        self.spikes.lift(base, time)
    }
}

/// Nanoseconds since the last peak of a cycle, so long after zero.
fn phase(cycle: &Cycle, since_zero: u64) -> u64 {
    let period = cycle.period.0;
    (since_zero % period + period - cycle.peak.0 % period) % period
}
