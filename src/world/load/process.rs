//! Arrivals at a rate that changes with time: the integral of the rate from one to the next is a
//! standard exponential, or always one where they are evenly spaced.
//!
//! Along straight lines that is solved exactly. Where the rate lies below the line, arrivals of
//! the line are drawn and kept with the share that the rate is of it (Lewis and Shedler,
//! Simulation of nonhomogeneous Poisson processes by thinning, 1979), which is exact too.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::Exp1;

use super::piece::{LAST, Piece};
use super::rate::{Cursor, RateLine};
use crate::units::SimTime;

/// One source's arrivals.
#[derive(Clone, Debug)]
pub(super) struct RateProcess<'s> {
    /// Where `due` lies.
    piece: Piece,
    /// Whether that is another piece than where `from` lies.
    crossed: bool,
    /// Whether something that came under the line between `from` and `due` was not kept.
    thinned: bool,
    /// Whether arrivals are evenly spaced.
    even: bool,
    factor: f64,
    /// The last arrival, or the last change of the factor.
    from: u64,
    /// Integral under the line from there to what comes first.
    owed: f64,
    /// What rounding has left of even distances, in nanoseconds, at `from` and at `due`.
    left: [f64; 2],
    /// The arrival that is due.
    due: SimTime,
    /// The end of the run: nobody asks what comes later.
    end: u64,
    /// What only a change of pieces needs, elsewhere: few arrivals come near it.
    way: Box<Way<'s>>,
}

/// The rate, and how far along it the process is.
#[derive(Clone, Debug)]
struct Way<'s> {
    line: RateLine<'s>,
    /// Where `from` lies.
    here: Cursor,
    /// Where `due` lies.
    there: Cursor,
}

impl<'s> RateProcess<'s> {
    /// Arrivals at a rate; `luck` is for what is drawn of the rate itself.
    pub fn new(line: RateLine<'s>, even: bool, end: SimTime, luck: Xoshiro256PlusPlus) -> Self {
        let here = line.begin(luck);
        Self {
            piece: here.piece,
            crossed: false,
            thinned: false,
            even,
            factor: 1.0,
            from: 0,
            owed: 0.0,
            left: [0.0; 2],
            due: SimTime::ZERO,
            end: end.0,
            way: Box::new(Way { line, there: here.clone(), here }),
        }
    }

    /// The next arrival.
    #[inline]
    pub fn next(&mut self, gaps: &mut Xoshiro256PlusPlus) -> SimTime {
        if self.crossed {
            self.come_along();
        }
        self.from = self.due.0;
        self.left[0] = self.left[1];
        self.owed = self.draw(gaps);
        self.due = self.find(gaps);
        self.due
    }

    /// The piece of the arrival that was due is that of the last one.
    #[inline(never)]
    fn come_along(&mut self) {
        self.way.here = self.way.there.clone();
        self.crossed = false;
    }

    #[inline]
    fn draw(&self, gaps: &mut Xoshiro256PlusPlus) -> f64 {
        if self.even { 1.0 } else { gaps.sample(Exp1) }
    }

    /// Multiplies the rate from now on: what has passed of the integral stays passed.
    pub fn set_factor(
        &mut self,
        now: SimTime,
        factor: f64,
        gaps: &mut Xoshiro256PlusPlus,
    ) -> SimTime {
        let mut passed = false;
        let Way { line, here, there } = &mut *self.way;
        while self.from < now.0 {
            let piece = here.piece;
            let end = piece.end.min(now.0);
            let left = self.owed - self.factor * piece.integral(self.from, end);
            passed |= left < 0.0;
            (self.owed, self.from) = (left.max(0.0), end);
            if end == piece.end {
                line.advance(here);
            }
        }
        (*there, self.piece) = (here.clone(), here.piece);
        if passed && self.thinned {
            // What came first was not kept, and lies in the past.
            self.owed = self.draw(gaps);
        }
        (self.factor, self.crossed) = (factor, false);
        self.due = self.find(gaps);
        self.due
    }

    /// The first arrival that is kept after `from`: nearly always under the same line, where that
    /// is level and nothing is thinned.
    #[inline]
    fn find(&mut self, gaps: &mut Xoshiro256PlusPlus) -> SimTime {
        let owed = self.owed / self.factor;
        self.thinned = false;
        if self.piece.is_level_rate() {
            let wait = owed / self.piece.rate;
            if wait < self.piece.left(self.from) {
                return SimTime(self.from + self.whole(wait));
            }
        }
        self.search(owed, gaps)
    }

    /// The same, for every line and over every piece.
    #[inline(never)]
    fn search(&mut self, mut owed: f64, gaps: &mut Xoshiro256PlusPlus) -> SimTime {
        let mut from = self.from;
        loop {
            let piece = self.piece;
            let wait = piece.solve(from, owed);
            if wait < piece.left(from) {
                let at = from + self.whole(wait);
                if piece.floor >= 1.0 || self.kept(at, gaps) {
                    return SimTime(at);
                }
                self.thinned = true;
                from = at;
                owed = gaps.sample::<f64, _>(Exp1) / self.factor;
            } else if piece.end == LAST || piece.end >= self.end || owed == f64::INFINITY {
                return SimTime::NEVER;
            } else {
                owed = (owed - piece.integral(from, piece.end)).max(0.0);
                from = piece.end;
                let Way { line, there, .. } = &mut *self.way;
                line.advance(there);
                (self.piece, self.crossed) = (there.piece, true);
            }
        }
    }

    /// A wait in nanoseconds: cut, or where arrivals are even rounded with what was left before,
    /// so that no error adds up.
    #[inline]
    fn whole(&mut self, wait: f64) -> u64 {
        if !self.even {
            // Through a signed number, which the processor converts at once; it lies in the piece.
            return wait as i64 as u64;
        }
        let exact = wait + self.left[0];
        let rounded = (exact + 0.5) as u64;
        self.left[1] = exact - rounded as f64;
        rounded
    }

    /// Whether what comes under the line is an arrival.
    #[inline(never)]
    fn kept(&self, at: u64, gaps: &mut Xoshiro256PlusPlus) -> bool {
        let (piece, u) = (&self.piece, gaps.random::<f64>());
        u < piece.floor || u * piece.rate_at(at) < self.way.line.rate(&self.way.there, at)
    }
}
