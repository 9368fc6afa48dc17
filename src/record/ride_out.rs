//! Riding a block out: how long a service served on although its key could not be used, and how
//! long it took to recover.
//!
//! A ride begins with a block and ends with the first failure that is blamed on a key cause. One
//! without such a failure is cut off where the block ends: what is known of it is that it lasts
//! that long at least. It may end another way too: an upper limit of a threshold that concerns the
//! service breaks, and customers are hurt. Recovery counts from the block's end to the end of the first sample
//! interval in which no request was refused and after which no more wait than when the block
//! began.

use super::columns::{Column, columns};
use super::value::Value::{self, Count, Empty, Text};
use super::{Block, BlockKind, Record, Recorder, Sample};
use crate::units::{SimDuration, SimTime};

/// A service's ride through one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RideOut {
    /// The service.
    pub service: String,
    /// The kind of block.
    pub kind: BlockKind,
    /// The key, manager or quota.
    pub subject: String,
    /// The block's ordinal among those of its kind, subject and service in the run, from 1.
    pub ordinal: u64,
    /// From when the block had effect.
    pub from: SimTime,
    /// Until when; absent: to the end of the run.
    pub until: Option<SimTime>,
    /// The end of the run, where the block has none.
    pub end: SimTime,
    /// Requests that waited when it began.
    pub pending: u64,
    /// Instances that were ready then.
    pub ready: u64,
    /// The first failure within it that is blamed on a key cause.
    pub first_failure: Option<SimTime>,
    /// Whether there are upper limits that concern the service, all of which held when it began.
    pub limited: bool,
    /// The end of the first sample interval within it after which one of them did not hold.
    pub broken: Option<SimTime>,
    /// When nothing of it was left to see; absent where that did not come.
    pub recovered: Option<SimTime>,
}

impl RideOut {
    /// How long the service served on: to the first failure or, cut off, to the block's end.
    pub fn lasted(&self) -> SimDuration {
        self.first_failure.or(self.until).unwrap_or(self.end.max(self.from)).since(self.from)
    }

    /// Whether the block cost no request.
    pub fn survived(&self) -> bool {
        self.first_failure.is_none()
    }

    /// How long the limits held: to the first that broke or, cut off, to the block's end; absent
    /// where there are none, or one was broken before.
    pub fn held(&self) -> Option<SimDuration> {
        let end = self.broken.or(self.until).unwrap_or(self.end.max(self.from));
        self.limited.then(|| end.since(self.from))
    }

    /// Tells it when the upper limits that concern the service broke, each for the first time.
    pub fn tell_limits(&mut self, broken: impl Iterator<Item = Option<SimTime>> + Clone) {
        let end = self.until.unwrap_or(SimTime::NEVER);
        let before = |at: Option<SimTime>| at.is_some_and(|at| at <= self.from);
        self.limited = broken.clone().next().is_some() && !broken.clone().any(before);
        self.broken = broken.flatten().min().filter(|at| self.limited && *at <= end);
    }

    /// From the block's end until the service had recovered.
    pub fn recovery(&self) -> Option<SimDuration> {
        Some(self.recovered?.since(self.until?))
    }
}

/// Reads a cell of `ride_outs.csv`.
pub type RideOutGetter = for<'r> fn(&'r RideOut, SimTime) -> Value<'r>;

/// A length of time that may be absent.
fn some<'r>(length: Option<SimDuration>) -> Value<'r> {
    length.map_or(Empty, Value::length)
}

/// Columns of `ride_outs.csv`: one row a block and service that it touched.
pub const RIDE_OUTS: &[Column<RideOutGetter>] = columns! {
    service [] "the service" |r, _| Text(&r.service);
    kind [] "the kind of block" |r, _| Text(r.kind.name());
    subject [] "the key, manager or quota" |r, _| Text(&r.subject);
    ordinal [] "the block's ordinal among those of its kind, subject and service, from 1" |r, _| Count(r.ordinal);
    from_s ["s"] "from when the block had effect, since the end of the warm-up" |r, zero| Value::instant(r.from, zero);
    until_s ["s"] "until when; empty: to the end of the run" |r, zero| Value::reached(r.until, zero);
    first_failure_s ["s"] "the first failure within the block that is blamed on a key cause" |r, zero| Value::reached(r.first_failure, zero);
    lasted_s ["s"] "from the block's begin to that failure or, without one, to the block's end" |r, _| Value::length(r.lasted());
    survived ["1"] "1 where the block cost no request, so that it could have lasted longer" |r, _| Count(r.survived().into());
    instances_ready ["instances"] "instances that were ready when the block began" |r, _| Count(r.ready);
    broken_s ["s"] "end of the first sample interval within the block after which an upper limit of a threshold did not hold" |r, zero| Value::reached(r.broken, zero);
    held_s ["s"] "from the block's begin until then or, where all limits held, to the block's end; empty without an upper limit that held when it began" |r, _| some(r.held());
    recovered_s ["s"] "end of the first sample interval after the block in which no request was refused and after which no more wait than before it" |r, zero| Value::reached(r.recovered, zero);
    recovery_s ["s"] "from the block's end until then" |r, _| some(r.recovery());
};

/// Takes the rides of one run.
#[derive(Clone, Debug, Default)]
pub struct RideOuts {
    rides: Vec<RideOut>,
    /// Those whose block is over and whose service has not recovered yet.
    recovering: Vec<usize>,
    /// The end of the last sample.
    end: SimTime,
}

impl RideOuts {
    /// What was seen, in the order in which blocks ended; nothing is left.
    pub fn take(&mut self) -> Vec<RideOut> {
        self.recovering.clear();
        let end = std::mem::take(&mut self.end);
        let mut rides = std::mem::take(&mut self.rides);
        rides.iter_mut().for_each(|ride| ride.end = end);
        rides
    }

    fn block(&mut self, block: &Block<'_>) {
        for ride in block.rides {
            let same = |r: &&RideOut| {
                r.kind == block.kind && r.subject == block.subject && r.service == ride.service
            };
            let ordinal = 1 + self.rides.iter().filter(same).count() as u64;
            if block.until.is_some() {
                self.recovering.push(self.rides.len());
            }
            self.rides.push(RideOut {
                service: ride.service.to_owned(),
                kind: block.kind,
                subject: block.subject.to_owned(),
                ordinal,
                from: block.from,
                until: block.until,
                end: SimTime::ZERO,
                pending: ride.pending,
                ready: ride.ready,
                first_failure: ride.first_failure,
                limited: false,
                broken: None,
                recovered: None,
            });
        }
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        self.end = sample.until;
        if self.recovering.is_empty() || !sample.revision.is_empty() {
            return;
        }
        let rides = &mut self.rides;
        self.recovering.retain(|&at| {
            let ride = &mut rides[at];
            let after = ride.until.is_some_and(|until| until <= sample.from);
            let calm = sample.requests.refused == 0 && sample.pending <= ride.pending;
            let recovered = after && calm && ride.service == sample.service;
            if recovered {
                ride.recovered = Some(sample.until);
            }
            !recovered
        });
    }
}

impl Recorder for RideOuts {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Block(block) => self.block(block),
            Record::Sample(sample) => self.sample(sample),
            Record::Instance(_)
            | Record::KeyCall(_)
            | Record::Log(_)
            | Record::Change(_)
            | Record::Revision(_)
            | Record::Quota(_)
            | Record::Total(_) => {}
        }
    }
}
