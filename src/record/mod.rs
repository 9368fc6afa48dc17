//! Facts the world states, one closed enum: the only way out of a world.
//!
//! Times in a fact are instants of the run ([`SimTime`]: nanoseconds since the start of the
//! warm-up); whoever writes them counts from its end. Counts are since the last sample, or since
//! the end of the warm-up for a [`Total`]. The world computes no averages: it hands over counts,
//! integrals and histograms.

pub mod band;
mod bill;
pub mod cause;
pub mod columns;
pub mod fingerprint;
mod lives;
pub mod log;
pub mod metric;
pub mod quota;
pub mod ride_out;
#[cfg(test)]
pub(crate) mod sample;
pub mod summary;
mod sums;
pub mod value;

pub use bill::Bill;
pub use cause::{
    BlockKind, CallOutcome, CallPurpose, Cause, ChangeKind, Denial, EndReason, Failure, Operation,
    Phase,
};
pub use fingerprint::Fingerprint;
pub use lives::{Lives, Milestones};
pub use log::{Log, Message, Messages};
pub use quota::{Peak, QuotaLevel, QuotaUse, QuotaUser};
pub use ride_out::{RideOut, RideOuts};
pub use summary::SummaryRow;
pub use value::Value;

use crate::scenario::{Domain, KeyName, Protection, VersionState};
use crate::stats::Histogram;
use crate::units::{SimDuration, SimTime};

/// Takes the facts of a run, in order of time.
pub trait Recorder {
    /// Takes one fact.
    fn record(&mut self, fact: Record<'_>);
}

/// One fact.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// A service over one sample interval.
    Sample(&'a Sample<'a>),
    /// One attempt to start an instance, and what became of it: stated when it ends.
    Instance(&'a Instance<'a>),
    /// One attempt of a key call: stated when it is answered.
    KeyCall(&'a KeyCall<'a>),
    /// A line in a service's log.
    Log(&'a Log<'a>),
    /// Something changed with a key, a permission, a quota, a manager or a revocation clock.
    Change(&'a Change<'a>),
    /// A time in which a key could not be used as before: stated when it ends.
    Block(&'a Block<'a>),
    /// A revision and the key that it is bound to: stated at the end of the run.
    Revision(&'a Revision<'a>),
    /// A quota, who used it and whom that hurt: stated at the end of the run.
    Quota(&'a QuotaUse),
    /// A service over the whole run, then all services together.
    Total(&'a Total<'a>),
}

/// Hands each fact on to several recorders.
impl<A: Recorder, B: Recorder> Recorder for (A, B) {
    fn record(&mut self, fact: Record<'_>) {
        self.0.record(fact);
        self.1.record(fact);
    }
}

impl<R: Recorder + ?Sized> Recorder for &mut R {
    fn record(&mut self, fact: Record<'_>) {
        (**self).record(fact);
    }
}

/// Takes facts and forgets them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl Recorder for Discard {
    fn record(&mut self, _: Record<'_>) {}
}

/// What happened to requests: each arrival and each retry ends in one of the outcomes, or is
/// still pending or in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// First arrivals.
    pub arrivals: u64,
    /// Arrivals of requests that are tried again.
    pub retries: u64,
    /// Completed in time, warm or cold.
    pub served: u64,
    /// Completed in time after waiting for an instance that became ready after they came.
    pub served_cold: u64,
    /// Never given an instance: waited too long, or the queue was full.
    pub refused: u64,
    /// Took too long in service.
    pub timed_out: u64,
    /// Their instance stopped under them.
    pub aborted: u64,
    /// Their client gave up first.
    pub abandoned: u64,
    /// Of those that ended without being served, the ones that their clients try again.
    pub retried: u64,
    /// Arrivals and retries that found no free slot, whatever became of them.
    pub waited: u64,
}

impl Requests {
    /// Requests that ended without being served.
    pub fn failed(&self) -> u64 {
        self.refused + self.timed_out + self.aborted + self.abandoned
    }

    /// First arrivals that were not served by their last try either.
    pub fn user_failed(&self) -> u64 {
        self.failed() - self.retried
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.arrivals += other.arrivals;
        self.retries += other.retries;
        self.served += other.served;
        self.served_cold += other.served_cold;
        self.refused += other.refused;
        self.timed_out += other.timed_out;
        self.aborted += other.aborted;
        self.abandoned += other.abandoned;
        self.retried += other.retried;
        self.waited += other.waited;
    }
}

/// What happened to attempts to start an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Starts {
    /// Begun.
    pub begun: u64,
    /// Became ready.
    pub ready: u64,
    /// Failed.
    pub failed: u64,
    /// Given up because no longer wanted, or stopped on the way.
    pub cancelled: u64,
}

impl Starts {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.begun += other.begun;
        self.ready += other.ready;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
    }
}

/// Attempts of key calls by [`CallOutcome`], indexed by it.
pub type Calls = [u64; CallOutcome::COUNT];

/// Attempts of key calls by [`CallPurpose`], indexed by it.
pub type Purposes = [u64; CallPurpose::COUNT];

/// A service over one sample interval: counts within it, and the state at its end.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The interval's start.
    pub from: SimTime,
    /// Its end, which the next one includes.
    pub until: SimTime,
    /// The service.
    pub service: &'a str,
    /// The revision; empty for the service as a whole.
    pub revision: &'a str,
    /// Requests within the interval.
    pub requests: Requests,
    /// Latency of the requests served within the interval.
    pub latency: &'a Histogram,
    /// Requests waiting for an instance, at the end.
    pub pending: u64,
    /// How long the first of them has waited.
    pub oldest_wait: SimDuration,
    /// Requests in service, at the end.
    pub in_flight: u64,
    /// Instances at the end, indexed by [`Phase`].
    pub instances: [u32; Phase::COUNT],
    /// Of the idle, those under a revocation clock.
    pub grace_idle: u32,
    /// Of the busy, those under a revocation clock.
    pub grace_busy: u32,
    /// Start orders that wait to be tried again, at the end.
    pub backing_off: u32,
    /// Start orders that wait for the limits on starts, at the end.
    pub starts_waiting: u32,
    /// Instances wanted by the autoscaler within the limits, at the end.
    pub wanted: u32,
    /// The limits, at the end.
    pub min_instances: u32,
    /// See `min_instances`.
    pub max_instances: u32,
    /// Attempts to start within the interval.
    pub starts: Starts,
    /// Key calls answered within the interval: this service's starts, and the checks of its key.
    pub key_calls: Calls,
    /// The same by what they were for, indexed by [`CallPurpose`].
    pub key_purposes: Purposes,
    /// Lines in the service's log, indexed by [`Message`].
    pub messages: Messages,
    /// The limit of the quota that the service's key is charged to, at the end.
    pub quota_limit: Option<u32>,
    /// Operations charged to that quota within the interval, by whomever.
    pub quota_used: Option<u64>,
    /// Instance-time within the interval, from the begin of a start to its end.
    pub instance_time: SimDuration,
    /// What is paid for the interval.
    pub bill: Bill,
    /// The part of it in which instances ran: from ready to the end.
    pub running_time: SimDuration,
    /// CPU in use within the interval, as time of instances wholly busy; absent where no request
    /// takes any.
    pub cpu_time: Option<SimDuration>,
}

/// One attempt to start an instance, and what became of it. Instants that were not reached are
/// absent.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// The service.
    pub service: &'a str,
    /// Its revision's ordinal within the service, from 1.
    pub revision: u32,
    /// Ordinal of the attempt within the revision, from 0; those ready from the start come first.
    pub serial: u32,
    /// Ordinal of its start order within the revision; absent where it was ready from the start.
    pub order: Option<u32>,
    /// Ordinal of the attempt within its order, from 1; 0 where there was no order.
    pub attempt: u32,
    /// Start of allocating.
    pub begun: SimTime,
    /// Start of unlocking.
    pub unlocking: Option<SimTime>,
    /// Start of fetching.
    pub fetching: Option<SimTime>,
    /// Start of booting.
    pub booting: Option<SimTime>,
    /// Ready for requests.
    pub ready: Option<SimTime>,
    /// Told to stop.
    pub draining: Option<SimTime>,
    /// Gone; absent while it runs on at the end of the run.
    pub ended: Option<SimTime>,
    /// Attempts of key calls.
    pub key_calls: u32,
    /// Time in unlocking.
    pub key_wait: SimDuration,
    /// Requests that ended in service on it.
    pub requests: u64,
    /// Why it ended.
    pub reason: EndReason,
}

/// One attempt of a key call.
#[derive(Clone, Copy, Debug)]
pub struct KeyCall<'a> {
    /// Sent.
    pub begun: SimTime,
    /// Answered.
    pub answered: SimTime,
    /// The key.
    pub key: &'a str,
    /// The version.
    pub version: u32,
    /// The service whose start or deploy called; absent for a check.
    pub service: Option<&'a str>,
    /// Ordinal of its revision; absent for a check.
    pub revision: Option<u32>,
    /// Serial of the instance whose start called; absent for a check or a deploy.
    pub serial: Option<u32>,
    /// What for.
    pub purpose: CallPurpose,
    /// Ordinal of the attempt within the call, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Why it was denied.
    pub denial: Option<Denial>,
    /// The external manager's error domain.
    pub domain: Option<Domain>,
    /// What the external manager said; empty where it did not fail.
    pub message: &'a str,
}

/// Something that changed with a key, a permission, a quota, a manager or a revocation clock: an
/// order when it is given, its effect when it comes.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// When.
    pub at: SimTime,
    /// What.
    pub kind: ChangeKind,
    /// The key, manager or quota; for a revocation clock its revision.
    pub subject: &'a str,
    /// The key version, where one is concerned.
    pub version: Option<u32>,
    /// More about it: an outage's domain, a quota's limit, why a revocation was detected.
    pub detail: &'a str,
}

/// A time in which a key could not be used as before.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// What kind.
    pub kind: BlockKind,
    /// The key, manager or quota.
    pub subject: &'a str,
    /// More about it: an outage's domain, a key's state, a quota's limit.
    pub detail: &'a str,
    /// From when it had effect.
    pub from: SimTime,
    /// Until when; absent: to the end of the run.
    pub until: Option<SimTime>,
    /// The services that it touched when it began.
    pub rides: &'a [Ride<'a>],
}

/// A service through a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ride<'a> {
    /// The service.
    pub service: &'a str,
    /// Requests that waited when the block began.
    pub pending: u64,
    /// Instances that were ready then.
    pub ready: u64,
    /// The first failure within the block that is blamed on a key cause.
    pub first_failure: Option<SimTime>,
}

/// A revision, what became of its deploy, and the key that it is bound to at the end of the run.
#[derive(Clone, Copy, Debug)]
pub struct Revision<'a> {
    /// The service.
    pub service: &'a str,
    /// Its name: the service's and its ordinal, as the platform makes it.
    pub name: &'a str,
    /// Its ordinal within the service, from 1.
    pub ordinal: u32,
    /// When it was deployed; the first one at the start of the run.
    pub deployed: SimTime,
    /// When its first instance was ready.
    pub ready: Option<SimTime>,
    /// When its deploy failed.
    pub failed: Option<SimTime>,
    /// Why.
    pub failure: Option<Failure>,
    /// Its share of the requests at the end, in per cent.
    pub percent: u32,
    /// The key that its image is encrypted with.
    pub key: Option<BoundKey<'a>>,
}

/// The key of a revision, as the platform describes it.
#[derive(Clone, Copy, Debug)]
pub struct BoundKey<'a> {
    /// Its name in the scenario.
    pub name: &'a str,
    /// Its full resource name.
    pub resource: &'a KeyName,
    /// Where its material is.
    pub protection: Protection,
    /// The external manager that holds it, for the two external levels.
    pub manager: Option<&'a str>,
    /// The quota that its operations are charged to.
    pub quota: Option<&'a str>,
    /// The version that the revision is bound to.
    pub version: u32,
    /// The version's state.
    pub state: VersionState,
    /// Why a call under that version is denied now; absent where it is usable.
    pub denial: Option<Denial>,
}

/// A service over the whole run after the warm-up, or all services together (`service` is empty).
#[derive(Clone, Copy, Debug)]
pub struct Total<'a> {
    /// The service, or empty for all together.
    pub service: &'a str,
    /// End of the warm-up.
    pub from: SimTime,
    /// End of the run, or where it was interrupted.
    pub until: SimTime,
    /// Requests carried in from the warm-up, waiting or in service.
    pub carried_in: u64,
    /// Requests of the run.
    pub requests: Requests,
    /// Waiting at the end.
    pub pending: u64,
    /// In service at the end.
    pub in_flight: u64,
    /// Latency of the requests served.
    pub latency: &'a Histogram,
    /// Sum of those latencies in nanoseconds.
    pub latency_sum: u128,
    /// Millionths of failed requests by [`Cause`]; they sum to 1e6 × the failed.
    pub blame: [u64; Cause::COUNT],
    /// Integral of the requests in service, in request-nanoseconds.
    pub in_flight_time: u128,
    /// Integral of the requests waiting, in request-nanoseconds.
    pub pending_time: u128,
    /// Instance-time in nanoseconds, from the begin of each start to its end.
    pub instance_time: u128,
    /// What is paid for the run.
    pub bill: Bill,
    /// What instances lived through.
    pub lives: Lives,
    /// Instants of it.
    pub milestones: Milestones,
    /// Most requests waiting at once; for all services together the sum of theirs.
    pub pending_max: u64,
    /// Most ready instances at once; for all services together the sum of theirs.
    pub ready_max: u64,
    /// Attempts to start.
    pub starts: Starts,
    /// Attempts under way at the end of the warm-up.
    pub starting_before: u64,
    /// Attempts under way at the end.
    pub starting_after: u64,
    /// Key calls answered.
    pub key_calls: Calls,
    /// Key calls under way at the end of the warm-up.
    pub calling_before: u64,
    /// Key calls begun.
    pub calls_begun: u64,
    /// Key calls whose start ended before the answer.
    pub calls_dropped: u64,
    /// Of those granted, the ones of starts that were then denied another for quota.
    pub calls_lost: u64,
    /// Key calls under way at the end.
    pub calling_after: u64,
    /// How full the quota of its key was; absent without one, and for services that are charged to
    /// several.
    pub quota: Option<QuotaLevel>,
    /// Instances stopped because of a revocation.
    pub revoked: u64,
    /// Instances stopped because they had been idle for long enough.
    pub expired: u64,
    /// Instances that crashed, starting ones among them.
    pub crashed: u64,
    /// Instances stopped because their memory did not suffice.
    pub out_of_memory: u64,
    /// Begin of the first block that touched the service.
    pub first_block: Option<SimTime>,
    /// The first failure blamed on a key cause.
    pub first_key_failure: Option<SimTime>,
    /// The last one.
    pub last_key_failure: Option<SimTime>,
    /// Revocation detected for the first time.
    pub revocation_detected: Option<SimTime>,
    /// The last running instance gone, after a revocation shut instances down.
    pub data_unreachable: Option<SimTime>,
}
