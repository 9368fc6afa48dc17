//! The time series of one run as pictures of many runs show it: a few columns on display buckets.
//!
//! A [`Strip`] is small, however long the run is: at most 480 buckets of as many whole sample
//! intervals each. Counts are those of the bucket, percentiles are of all requests served in it
//! and never means of percentiles, and what has a state is the greatest of the states at the ends
//! of its intervals. Of more than 12 services the first 12 are kept, and all together where there
//! are several.

use super::columns::{Column, columns};
use super::value::Value::{self, Count, Empty, Single, Text};
use super::{CallOutcome, Phase, Record, Recorder, Sample};
use crate::stats::Histogram;
use crate::units::{SimDuration, SimTime};

/// Buckets at most: two pixels each of a picture 960 wide.
pub const BUCKETS: u64 = 480;
/// Services at most, beside all together.
pub const SERVICES: usize = 12;
/// Columns.
pub const METRICS: usize = 8;

/// The columns of one service in one bucket, in the order of [`BANDS`]; not a number where there
/// is nothing to measure. Single precision is finer than a picture.
pub type Cells = [f32; METRICS];

/// Counts of an interval.
const COUNTS: usize = 3;
/// States at its end.
const STATES: usize = 3;
/// Percentiles of the latency of the served.
const QUANTILES: [f64; METRICS - COUNTS - STATES] = [0.5, 0.99];
/// The position of the key calls among the counts: checks of a key are each of its services', so
/// that they do not add up.
const KEY_CALLS: usize = 2;

fn counts(sample: &Sample<'_>) -> [u64; COUNTS] {
    let calls = CallOutcome::ALL.iter().map(|&outcome| sample.key_calls[outcome as usize]).sum();
    [sample.requests.arrivals, sample.requests.failed(), calls]
}

fn states(sample: &Sample<'_>) -> [u64; STATES] {
    let instances = |phases: &[Phase]| -> u64 {
        phases.iter().map(|&phase| u64::from(sample.instances[phase as usize])).sum()
    };
    let starting = [Phase::Allocating, Phase::Unlocking, Phase::Fetching, Phase::Booting];
    [sample.pending, instances(&[Phase::Idle, Phase::Busy]), instances(&starting)]
}

/// One run on display buckets.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// Names of the services that are kept; last an empty one for all together, where there are
    /// several.
    pub services: Vec<String>,
    /// Start and end of each bucket.
    pub buckets: Vec<(SimTime, SimTime)>,
    /// By bucket, then by service.
    pub cells: Vec<Cells>,
}

/// A service in the bucket that is being filled.
#[derive(Clone, Debug, Default)]
struct Row {
    counts: [u64; COUNTS],
    /// The greatest so far, of the intervals that are over.
    states: [u64; STATES],
    /// Those of the present interval.
    now: [u64; STATES],
    latency: Histogram,
}

impl Row {
    fn add(&mut self, sample: &Sample<'_>) {
        self.counts.iter_mut().zip(counts(sample)).for_each(|(sum, n)| *sum += n);
        self.now.iter_mut().zip(states(sample)).for_each(|(sum, n)| *sum += n);
        self.latency.merge(sample.latency);
    }

    /// The interval is over.
    fn close(&mut self) {
        let now = std::mem::take(&mut self.now);
        self.states.iter_mut().zip(now).for_each(|(most, n)| *most = (*most).max(n));
    }

    /// The bucket is full.
    fn take(&mut self) -> Cells {
        let quantile = |q| self.latency.quantile(q, 0).map_or(f32::NAN, seconds);
        let [arrivals, failed, calls] = self.counts.map(|n| n as f32);
        let [pending, ready, starting] = self.states.map(|n| n as f32);
        let [p50, p99] = QUANTILES.map(quantile);
        self.latency.clear();
        (self.counts, self.states) = Default::default();
        [arrivals, failed, calls, pending, ready, starting, p50, p99]
    }
}

fn seconds(ns: u64) -> f32 {
    SimDuration(ns).as_secs_f64() as f32
}

/// Takes the strip of one run after another.
#[derive(Clone, Debug)]
pub struct Strips {
    /// Sample intervals a bucket.
    width: u64,
    /// Services with what they came to, in their order; all together last.
    rows: Vec<Row>,
    strip: Strip,
    /// The present sample interval.
    interval: Option<(SimTime, SimTime)>,
    /// Intervals of the present bucket that are over, and the bucket's start.
    filled: u64,
    begun: SimTime,
    /// The ordinal of the next service within the interval.
    next: usize,
}

impl Strips {
    /// Of runs with so many sample intervals, of these services in their order.
    pub fn new<'n>(intervals: u64, names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut services: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let several = services.len() > 1;
        services.truncate(SERVICES);
        services.extend(several.then(String::new));
        Self {
            width: intervals.div_ceil(BUCKETS).max(1),
            rows: vec![Row::default(); services.len()],
            strip: Strip { services, buckets: Vec::new(), cells: Vec::new() },
            interval: None,
            filled: 0,
            begun: SimTime::ZERO,
            next: 0,
        }
    }

    /// What was seen; nothing is left.
    pub fn take(&mut self) -> Strip {
        self.close_interval();
        if self.filled > 0 {
            self.close_bucket();
        }
        let services = self.strip.services.clone();
        let fresh = Strip { services, buckets: Vec::new(), cells: Vec::new() };
        std::mem::replace(&mut self.strip, fresh)
    }

    fn close_interval(&mut self) {
        let Some((from, until)) = self.interval.take() else { return };
        self.rows.iter_mut().for_each(Row::close);
        if self.filled == 0 {
            self.begun = from;
        }
        (self.filled, self.next) = (self.filled + 1, 0);
        // The last bucket may be a short one: its end is that of its last interval.
        match self.strip.buckets.last_mut().filter(|_| self.filled > 1) {
            Some(bucket) => bucket.1 = until,
            None => self.strip.buckets.push((self.begun, until)),
        }
        if self.filled == self.width {
            self.close_bucket();
        }
    }

    fn close_bucket(&mut self) {
        let several = self.rows.len() > 1;
        let last = self.rows.len().saturating_sub(1);
        for (at, row) in self.rows.iter_mut().enumerate() {
            let mut cells = row.take();
            if several && at == last {
                cells[KEY_CALLS] = f32::NAN;
            }
            self.strip.cells.push(cells);
        }
        self.filled = 0;
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        if !sample.revision.is_empty() {
            return;
        }
        if self.interval.is_none_or(|(from, _)| from != sample.from) {
            self.close_interval();
            self.interval = Some((sample.from, sample.until));
        }
        let several = self.rows.len() > 1;
        let kept = self.rows.len() - usize::from(several);
        if self.next < kept {
            self.rows[self.next].add(sample);
        }
        if several {
            self.rows[kept].add(sample);
        }
        self.next += 1;
    }
}

impl Recorder for Strips {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Sample(sample) => self.sample(sample),
            Record::Instance(_)
            | Record::KeyCall(_)
            | Record::Log(_)
            | Record::Change(_)
            | Record::Block(_)
            | Record::Revision(_)
            | Record::Quota(_)
            | Record::Total(_) => {}
        }
    }
}

/// A row of `bands.csv`: a service in a bucket, over runs or in one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandRow<'a> {
    /// Start of the bucket.
    pub from: SimTime,
    /// Its end.
    pub until: SimTime,
    /// The service; empty for all together.
    pub service: &'a str,
    /// What the columns are of the runs.
    pub statistic: &'static str,
    /// Which run, where it is one.
    pub replication: Option<u64>,
    /// How many runs it is a statistic of.
    pub runs: u64,
    /// The columns.
    pub cells: Cells,
}

/// Reads a cell of `bands.csv`.
pub type BandGetter = for<'r> fn(&'r BandRow<'r>, SimTime) -> Value<'r>;

/// Columns of `bands.csv`: three rows a bucket and service with the spread of the runs, then one a
/// run that is shown by itself.
pub const BANDS: &[Column<BandGetter>] = columns! {
    t_s ["s"] "start of the bucket, since the end of the warm-up" |r, zero| Value::instant(r.from, zero);
    interval_s ["s"] "length of the bucket, of as many whole sample intervals as make at most 480 of the run" |r, _| Value::length(r.until.since(r.from));
    service [] "the service; empty for all together, where there are several" |r, _| Text(r.service);
    statistic [] "p5, median or p95 of the runs, each bucket by itself; run: one of them" |r, _| Text(r.statistic);
    replication [] "which run; empty for a statistic" |r, _| r.replication.map_or(Empty, Count);
    runs ["runs"] "runs that it is a statistic of: the first 200 at most" |r, _| Count(r.runs);
    arrivals ["requests"] "first arrivals within the bucket" |r, _| Single(r.cells[0]);
    failed ["requests"] "refused, timed out, aborted and abandoned, each try for itself" |r, _| Single(r.cells[1]);
    key_calls ["calls"] "attempts of key calls answered; empty for all together, because checks of a key are each of its services'" |r, _| Single(r.cells[2]);
    pending ["requests"] "waiting for an instance: the most at the end of a sample interval" |r, _| Single(r.cells[3]);
    instances_ready ["instances"] "idle or busy: the most at the end of a sample interval" |r, _| Single(r.cells[4]);
    instances_starting ["instances"] "allocating, unlocking, fetching or booting: the most at the end of a sample interval" |r, _| Single(r.cells[5]);
    latency_s_p50 ["s"] "latency that half of the requests served in the bucket did not exceed; runs that served none are left out" |r, _| Single(r.cells[6]);
    latency_s_p99 ["s"] "latency that 99 % of them did not exceed" |r, _| Single(r.cells[7]);
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;
    use crate::units::SECOND;

    /// One second of a service.
    fn second<'a>(at: u64, service: &'a str, level: u64, latency: &'a Histogram) -> Sample<'a> {
        let mut sample = sample::second(at, service, latency);
        sample.requests.arrivals = level;
        sample.requests.refused = 1;
        sample.pending = level;
        sample.instances[Phase::Busy as usize] = 2;
        sample.instances[Phase::Unlocking as usize] = 3;
        sample.key_calls[CallOutcome::Ok as usize] = 4;
        sample
    }

    fn latency(ms: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        ms.iter().for_each(|ms| histogram.record(ms * 1_000_000));
        histogram
    }

    /// Three seconds a bucket: counts add up, states are the greatest, percentiles are of all.
    #[test]
    fn a_bucket_is_a_few_whole_intervals() {
        let mut strips = Strips::new(3 * BUCKETS, ["web", "shop"]);
        let (fast, slow, none) = (latency(&[10; 99]), latency(&[900]), latency(&[]));
        for (at, level) in [5, 9, 2, 4].into_iter().enumerate() {
            let at = at as u64;
            let of_web = if at == 1 { &slow } else { &fast };
            strips.record(Record::Sample(&second(at, "web", level, of_web)));
            strips.record(Record::Sample(&second(at, "shop", 10 - level, &none)));
        }
        let strip = strips.take();
        assert_eq!(strip.services, ["web", "shop", ""]);
        let at = |s: u64| SimTime(s * SECOND);
        assert_eq!(strip.buckets, [(at(0), at(3)), (at(3), at(4))]);
        let [web, shop, all] = [0, 1, 2].map(|i| strip.cells[i]);
        assert_eq!(web[..6], [16.0, 3.0, 12.0, 9.0, 2.0, 3.0]);
        // 198 of 199 took 10 ms, give or take the histogram's cells of 1 %.
        assert!((web[6] - 0.01).abs() < 1e-4 && (web[7] - 0.01).abs() < 1e-4, "{web:?}");
        assert!(shop[6].is_nan() && shop[7].is_nan(), "nothing was served");
        assert_eq!(shop[..4], [14.0, 3.0, 12.0, 8.0]);
        // 5 and 5, 9 and 1: ten wait at each end, not the sum of the two greatest.
        assert_eq!((all[0], all[3], all[4]), (30.0, 10.0, 4.0));
        assert!(all[KEY_CALLS].is_nan());
        assert_eq!(strip.cells.len(), 2 * 3);
        assert_eq!(strip.cells[3][..4], [4.0, 1.0, 4.0, 4.0]);
    }

    #[test]
    fn one_run_leaves_nothing_to_the_next() {
        let served = latency(&[10]);
        let mut strips = Strips::new(7, ["web"]);
        let run = |strips: &mut Strips| {
            (0..7).for_each(|at| {
                strips.record(Record::Sample(&second(at, "web", at, &served)));
            });
            strips.take()
        };
        let first = run(&mut strips);
        assert_eq!((first.services.len(), first.buckets.len()), (1, 7), "one service is all");
        assert_eq!(run(&mut strips), first);
    }

    #[test]
    fn the_total_has_services_that_are_not_kept() {
        let names: Vec<String> = (0..15).map(|n| format!("s{n}")).collect();
        let mut strips = Strips::new(1, names.iter().map(String::as_str));
        let none = latency(&[]);
        for name in &names {
            strips.record(Record::Sample(&second(0, name, 2, &none)));
        }
        let strip = strips.take();
        assert_eq!((strip.services.len(), strip.cells.len()), (13, 13));
        assert_eq!((strip.cells[11][0], strip.cells[12][0]), (2.0, 30.0));
    }
}
