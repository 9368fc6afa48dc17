//! How many requests a source brings on average, worked out and not simulated.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::Course;
use super::piece::Piece;
use super::rate::{Cursor, RateLine};
use super::spikes::Spikes;
use crate::scenario::{Load, LoadKind, Trace};
use crate::units::{SimDuration, SimTime};

/// Gauss and Legendre's five points in (-1, 1) with their weights: exact for polynomials of the
/// ninth degree, and a piece of a wave is far smoother (Abramowitz and Stegun, table 25.4).
const POINTS: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189),
    (-0.538_469_310_105_683, 0.478_628_670_499_366),
    (0.0, 0.568_888_888_888_889),
    (0.538_469_310_105_683, 0.478_628_670_499_366),
    (0.906_179_845_938_664, 0.236_926_885_056_189),
];

/// The mean number of a source's arrivals in the first `duration` after the warm-up; of recorded
/// arrivals their number. Nothing of a closed loop: how often its clients return is what a run
/// finds out.
pub fn expected_arrivals(load: &Load, traces: &[Trace], duration: SimDuration) -> Option<f64> {
    let zero = SimTime::ZERO;
    match (&load.kind, Course::of(load, traces, zero)) {
        // Its states are drawn; on average it has its mean rate at any time.
        (LoadKind::Bursty(bursty), _) => {
            let spikes = Spikes::new(&load.spikes, zero);
            Some(integral(&RateLine::constant(bursty.mean_rate(), spikes, zero), duration.0))
        }
        (_, Course::Rate(line)) => Some(integral(&line, duration.0)),
        (_, Course::Recording(trace)) => Some(replayed(trace, duration)),
        (_, Course::Returns) => None,
    }
}

/// Integral of a rate from zero to an instant.
fn integral(line: &RateLine<'_>, until: u64) -> f64 {
    let mut cursor = line.begin(Xoshiro256PlusPlus::seed_from_u64(0));
    let mut sum = 0.0;
    loop {
        let Piece { start, end, floor, .. } = cursor.piece;
        let end = end.min(until);
        sum += match floor {
            1.0 => cursor.piece.integral(start, end),
            _ => curved(line, &cursor, start, end),
        };
        if end == until {
            return sum;
        }
        line.advance(&mut cursor);
    }
}

fn curved(line: &RateLine<'_>, cursor: &Cursor, start: u64, end: u64) -> f64 {
    let half = (end - start) as f64 / 2.0;
    let height = |(x, weight): (f64, f64)| {
        let within = half * (1.0 + x);
        weight * line.rate(cursor, start + within as u64)
    };
    half * POINTS.into_iter().map(height).sum::<f64>()
}

/// Arrivals of a recording in a time from zero on.
fn replayed(trace: &Trace, duration: SimDuration) -> f64 {
    let span = duration - trace.shift;
    let (rounds, rest) = match trace.looped {
        true => (span.0 / trace.end.0.max(1), span.0 % trace.end.0.max(1)),
        false => (0, span.0),
    };
    let begun = trace.buckets.iter().take_while(|bucket| bucket.at.0 < rest);
    let part = begun.map(|bucket| match bucket.width.0 {
        0 => bucket.count as f64,
        width => bucket.count as f64 * (rest - bucket.at.0).min(width) as f64 / width as f64,
    });
    rounds as f64 * trace.total() as f64 + part.sum::<f64>()
}
