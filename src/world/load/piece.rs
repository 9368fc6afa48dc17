//! A stretch of time under a straight line: what a rate is made of.

/// The end of a piece after which there is none.
pub(super) const LAST: u64 = u64::MAX / 2;

/// A stretch of time under a straight line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Where it begins, since the start of the run.
    pub start: u64,
    /// Where the next begins, or [`LAST`].
    pub end: u64,
    /// Requests a nanosecond at the start, along the line.
    pub rate: f64,
    /// Its change in a nanosecond.
    pub slope: f64,
    /// The least share of the line that the rate comes to in the piece; one where it is the line.
    pub floor: f64,
}

impl Piece {
    /// A stretch of one rate.
    pub fn flat(start: u64, end: u64, rate: f64) -> Self {
        Self { start, end, rate, slope: 0.0, floor: 1.0 }
    }

    /// Whether the rate is the line, and that is level.
    #[inline]
    pub fn is_level_rate(&self) -> bool {
        self.slope == 0.0 && self.floor >= 1.0
    }

    /// Nanoseconds from an instant in it to its end.
    #[inline]
    pub fn left(&self, from: u64) -> f64 {
        // Ends are at most `LAST`, so that a signed number, which converts at once, holds it.
        (self.end - from) as i64 as f64
    }

    /// The line's height.
    #[inline]
    pub fn rate_at(&self, time: u64) -> f64 {
        self.rate + self.slope * (time - self.start) as f64
    }

    /// Integral of the line between two instants in the piece.
    #[inline]
    pub fn integral(&self, from: u64, until: u64) -> f64 {
        let length = (until - from) as f64;
        length * (self.rate_at(from) + self.slope * length / 2.0)
    }

    /// Nanoseconds from `from` until the integral is `owed`; infinite if that never happens.
    #[inline]
    pub fn solve(&self, from: u64, owed: f64) -> f64 {
        if self.slope == 0.0 {
            return owed / self.rate;
        }
        let rate = self.rate_at(from);
        // The root of rate·d + slope·d²/2 = owed, in the form that loses no digits.
        let square = rate * rate + 2.0 * self.slope * owed;
        if square < 0.0 { f64::INFINITY } else { 2.0 * owed / (rate + square.sqrt()) }
    }
}
