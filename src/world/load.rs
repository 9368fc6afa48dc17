//! When requests arrive, and how long each will take.
//!
//! A source owns its gaps and its service times, and draws both for every arrival whatever
//! becomes of it: the k-th request of a source has the same luck in every run of one seed.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::Exp1;

use crate::distribution::Distribution;
use crate::ids::ServiceId;
use crate::kernel::Streams;
use crate::scenario::{Join, Load, LoadKind, Point, Service, Spread, Trace};
use crate::units::{SECOND, SimTime};

/// One source of requests.
#[derive(Clone, Debug)]
pub struct Source<'s> {
    /// The service they are for.
    pub service: ServiceId,
    arrivals: Arrivals<'s>,
    gaps: Xoshiro256PlusPlus,
    work: Xoshiro256PlusPlus,
    law: Distribution,
}

#[derive(Clone, Debug)]
enum Arrivals<'s> {
    Rate(RateProcess),
    Trace(Replay<'s>),
    /// None of its own: the clients of a closed loop return.
    Returns,
}

impl<'s> Source<'s> {
    /// A source at the start of the run.
    pub fn new(
        service: ServiceId,
        settings: &Service,
        load: &Load,
        traces: &'s [Trace],
        zero: SimTime,
        streams: &Streams,
    ) -> Self {
        let entity = format!("{}/{}", settings.name, load.name);
        let rate = |points: &[Point], join| Arrivals::Rate(RateProcess::new(points, join, zero));
        let arrivals = match &load.kind {
            &LoadKind::Poisson { rate: r } => {
                rate(&[Point { at: Default::default(), rate: r }], Join::Steps)
            }
            LoadKind::Profile { points, join } => rate(points, *join),
            LoadKind::Trace(trace) => Arrivals::Trace(Replay::new(&traces[trace.index()], zero)),
            LoadKind::ClosedLoop { .. } => Arrivals::Returns,
        };
        Self {
            service,
            arrivals,
            gaps: streams.get("arrivals", &entity),
            work: streams.get("service time", &entity),
            law: settings.service_time.clone(),
        }
    }

    /// The next arrival after the last one; [`SimTime::NEVER`] when there is none.
    #[inline]
    pub fn next(&mut self) -> SimTime {
        match &mut self.arrivals {
            Arrivals::Rate(process) => process.next(&mut self.gaps),
            Arrivals::Trace(replay) => replay.next(&mut self.gaps),
            Arrivals::Returns => SimTime::NEVER,
        }
    }

    /// The service time of the request that arrives now, in nanoseconds.
    #[inline]
    pub fn work(&mut self) -> u64 {
        self.law.sample(&mut self.work).0
    }

    /// Multiplies the rate from now on; returns when the arrival that is due comes then. A trace
    /// has no rate and keeps its time.
    pub fn set_factor(&mut self, now: SimTime, factor: f64) -> Option<SimTime> {
        match &mut self.arrivals {
            Arrivals::Rate(process) => Some(process.set_factor(now, factor)),
            Arrivals::Trace(_) | Arrivals::Returns => None,
        }
    }
}

/// A Poisson process whose rate is a chain of straight pieces, by exact inversion: the integral
/// of the rate from one arrival to the next is a standard exponential.
#[derive(Clone, Debug)]
struct RateProcess {
    pieces: Vec<Piece>,
    /// The piece in which `from` lies.
    at: usize,
    factor: f64,
    /// The last arrival, or the last change of the factor.
    from: u64,
    /// Integral of the rate from there to the arrival that is due.
    owed: f64,
    /// That arrival.
    due: SimTime,
}

/// A stretch of time, from `start` to the next piece's, over which the rate is a straight line.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: u64,
    /// Requests a nanosecond at the start.
    rate: f64,
    /// Its change in a nanosecond.
    slope: f64,
}

impl Piece {
    fn rate_at(&self, time: u64) -> f64 {
        self.rate + self.slope * (time - self.start) as f64
    }

    /// Integral of the rate between two instants in the piece.
    fn integral(&self, from: u64, until: u64) -> f64 {
        let length = (until - from) as f64;
        length * (self.rate_at(from) + self.slope * length / 2.0)
    }

    /// Nanoseconds from `from` until the integral is `owed`; infinite if that never happens.
    #[inline]
    fn solve(&self, from: u64, owed: f64) -> f64 {
        if self.slope == 0.0 {
            return owed / self.rate;
        }
        let rate = self.rate_at(from);
        // The root of rate·d + slope·d²/2 = owed, in the form that loses no digits.
        let square = rate * rate + 2.0 * self.slope * owed;
        if square < 0.0 { f64::INFINITY } else { 2.0 * owed / (rate + square.sqrt()) }
    }
}

impl RateProcess {
    /// Before zero the rate is that of zero; before the first point that of the first, after the
    /// last that of the last.
    fn new(points: &[Point], join: Join, zero: SimTime) -> Self {
        let per_ns = |p: &Point| p.rate.per_second() / SECOND as f64;
        let mut pieces = vec![Piece { start: 0, rate: per_ns(&points[0]), slope: 0.0 }];
        for (i, point) in points.iter().enumerate() {
            let next = points.get(i + 1).filter(|_| join == Join::Lines);
            let slope = next.map_or(0.0, |next| {
                (per_ns(next) - per_ns(point)) / (next.at.0 - point.at.0) as f64
            });
            pieces.push(Piece { start: zero.0 + point.at.0, rate: per_ns(point), slope });
        }
        pieces.dedup_by(|next, piece| {
            let same = next.start == piece.start;
            if same {
                *piece = *next;
            }
            same
        });
        let due = SimTime::ZERO;
        Self { pieces, at: 0, factor: 1.0, from: 0, owed: 0.0, due }
    }

    #[inline]
    fn next(&mut self, gaps: &mut Xoshiro256PlusPlus) -> SimTime {
        self.enter_piece_of(self.due.0);
        self.from = self.due.0;
        self.owed = gaps.sample(Exp1);
        self.due = self.solve();
        self.due
    }

    /// Multiplies the rate from now on: what has passed of the integral stays passed.
    fn set_factor(&mut self, now: SimTime, factor: f64) -> SimTime {
        while self.from < now.0 {
            let piece = self.pieces[self.at];
            let end = self.pieces.get(self.at + 1).map_or(now.0, |next| next.start.min(now.0));
            self.owed = (self.owed - self.factor * piece.integral(self.from, end)).max(0.0);
            self.from = end;
            self.enter_piece_of(end);
        }
        self.factor = factor;
        self.due = self.solve();
        self.due
    }

    #[inline]
    fn enter_piece_of(&mut self, time: u64) {
        while self.pieces.get(self.at + 1).is_some_and(|next| next.start <= time) {
            self.at += 1;
        }
    }

    /// The instant at which the integral from `from` on is `owed`.
    #[inline]
    fn solve(&self) -> SimTime {
        let (mut at, mut from, mut owed) = (self.at, self.from, self.owed / self.factor);
        loop {
            let piece = &self.pieces[at];
            let wait = piece.solve(from, owed);
            let Some(next) = self.pieces.get(at + 1) else {
                let ever = wait < (u64::MAX / 4) as f64;
                return if ever { SimTime(from + wait as u64) } else { SimTime::NEVER };
            };
            if wait < (next.start - from) as f64 {
                return SimTime(from + wait as u64);
            }
            owed = (owed - piece.integral(from, next.start)).max(0.0);
            (from, at) = (next.start, at + 1);
        }
    }
}

/// A recorded load, arrival by arrival.
#[derive(Clone, Debug)]
struct Replay<'s> {
    trace: &'s Trace,
    zero: u64,
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
    fn new(trace: &'s Trace, zero: SimTime) -> Self {
        Self {
            trace,
            zero: zero.0,
            next_bucket: 0,
            start: 0,
            width: 0,
            count: 0,
            left: 0,
            sum: 1.0,
            passed: 0.0,
        }
    }

    #[inline]
    fn next(&mut self, gaps: &mut Xoshiro256PlusPlus) -> SimTime {
        while self.left == 0 {
            let Some(bucket) = self.trace.buckets.get(self.next_bucket) else {
                return SimTime::NEVER;
            };
            self.next_bucket += 1;
            (self.start, self.width) = (self.zero + bucket.at.0, bucket.width.0);
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
            None => 0.0,
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Bucket;
    use crate::units::{Rate, SimDuration};

    fn point(at_s: u64, per_s: f64) -> Point {
        Point { at: SimDuration::from_secs(at_s), rate: Rate(per_s) }
    }

    /// Arrivals in stretches of a profile are as many as the integral of its rate, within four
    /// standard deviations of the Poisson law.
    #[test]
    fn a_profile_gives_the_integral_of_its_rate() {
        let zero = SimTime(SimDuration::from_secs(100).0);
        let points = [point(0, 20.0), point(1_000, 20.0), point(2_000, 0.0), point(3_000, 50.0)];
        let check = |join, expected: [f64; 5]| {
            let mut process = RateProcess::new(&points, join, zero);
            let mut gaps = Streams::new(5, 0).get("test", "profile");
            let mut seen = [0.0; 5];
            loop {
                let t = process.next(&mut gaps).0 / SECOND;
                let Some(s) = [100, 1_100, 2_100, 3_100, 4_100].iter().position(|&e| t < e) else {
                    break;
                };
                seen[s] += 1.0;
            }
            for (seen, expected) in seen.into_iter().zip(expected) {
                let tolerance = 4.0 * f64::sqrt(expected);
                assert!((seen - expected).abs() <= tolerance, "{join:?}: {seen} for {expected}");
            }
        };
        check(Join::Steps, [2_000.0, 20_000.0, 20_000.0, 0.0, 50_000.0]);
        check(Join::Lines, [2_000.0, 20_000.0, 10_000.0, 25_000.0, 50_000.0]);
    }

    /// A factor scales what is to come and nothing else.
    #[test]
    fn a_factor_holds_from_its_instant() {
        let mut process = RateProcess::new(&[point(0, 10.0)], Join::Steps, SimTime::ZERO);
        let mut gaps = Streams::new(6, 0).get("test", "factor");
        let mut seen = [0.0_f64; 3];
        let steps = [(1_000, 3.0), (2_000, 0.0), (3_000, 1.0)];
        let mut due = process.next(&mut gaps);
        for (i, (at, factor)) in steps.into_iter().enumerate() {
            while due.0 < at * SECOND {
                seen[i] += 1.0;
                due = process.next(&mut gaps);
            }
            due = process.set_factor(SimTime(at * SECOND), factor);
        }
        assert!(due.0 >= 3_000 * SECOND && due != SimTime::NEVER);
        assert!((seen[0] - 10_000.0).abs() < 400.0 && (seen[1] - 30_000.0).abs() < 700.0);
        assert_eq!(seen[2], 0.0);
    }

    #[test]
    fn a_trace_is_replayed_to_the_last_arrival_and_inside_its_buckets() {
        let bucket = |at, width, count| Bucket {
            at: SimDuration::from_secs(at),
            width: SimDuration::from_secs(width),
            count,
        };
        for spread in [Some(Spread::Uniform), Some(Spread::Even), None] {
            let width = if spread.is_some() { 10 } else { 0 };
            let buckets = vec![bucket(0, width, 3), bucket(10, width, 0), bucket(40, width, 5_000)];
            let trace = Trace { buckets, spread, end: SimDuration::from_secs(50) };
            let mut replay = Replay::new(&trace, SimTime(SECOND));
            let mut gaps = Streams::new(7, 0).get("test", "trace");
            let times: Vec<u64> = std::iter::repeat_with(|| replay.next(&mut gaps))
                .take_while(|&t| t != SimTime::NEVER)
                .map(|t| t.0 - SECOND)
                .collect();
            assert_eq!(times.len() as u64, trace.total());
            assert!(times.is_sorted());
            let inside = |b: &Bucket| {
                let range = b.at.0..b.at.0 + b.width.0.max(1);
                times.iter().filter(|t| range.contains(t)).count() as u64
            };
            assert!(trace.buckets.iter().all(|b| inside(b) == b.count), "{spread:?}");
            if spread == Some(Spread::Uniform) {
                let mean = times[3..].iter().map(|&t| (t - 40 * SECOND) as f64).sum::<f64>() / 5e3;
                let error = 10e9 / 12.0_f64.sqrt() / 5e3_f64.sqrt();
                assert!((mean - 5e9).abs() < 4.0 * error, "{mean}");
            }
        }
    }
}
