//! A service's instances and limits: how many are wanted, and what is ordered or given up for it.

use super::World;
use super::cold_start::Progress;
use super::event::Event;
use crate::ids::{OrderId, RevisionId};
use crate::kernel::EventList;
use crate::record::{EndReason, Recorder, Requests, Starts};
use crate::stats::Histogram;
use crate::units::SimTime;

/// A service in the world: what is not a revision's.
#[derive(Debug)]
pub struct Service {
    /// The revision that takes the requests.
    pub revision: RevisionId,
    /// Latency of the requests served since the last sample.
    pub latency: Histogram,
    /// Latency of those served before, since the end of the warm-up.
    pub latency_before: Histogram,
    /// Instances stopped because of a revocation since the end of the warm-up.
    pub revoked: u64,
    /// Instants that the summary names.
    pub marks: Marks,
    /// What had been counted at the last sample.
    pub seen: Seen,
}

/// Instants that the summary names, since the end of the warm-up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks {
    /// Begin of the first block that touches the service.
    pub first_block: Option<SimTime>,
    /// The first failure with a key cause.
    pub first_key_failure: Option<SimTime>,
    /// The last one.
    pub last_key_failure: Option<SimTime>,
    /// A revocation was detected.
    pub revocation_detected: Option<SimTime>,
    /// The last running instance is gone after a revocation.
    pub data_unreachable: Option<SimTime>,
}

/// Counts since the end of the warm-up, as they stood at the last sample.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Requests.
    pub requests: Requests,
    /// Attempts to start.
    pub starts: Starts,
    /// Key calls answered, checks among them.
    pub calls: crate::record::Calls,
    /// Operations charged to the key's quota since the start of the run.
    pub quota_used: u64,
    /// Instance-time since the start of the run.
    pub instance_time: u128,
}

impl Service {
    /// At the start of the run.
    pub fn new(revision: RevisionId) -> Self {
        Self {
            revision,
            latency: Histogram::default(),
            latency_before: Histogram::default(),
            revoked: 0,
            marks: Marks::default(),
            seen: Seen::default(),
        }
    }

    /// Back to the start of a run; the histograms' memory is used again.
    pub fn reset(&mut self, revision: RevisionId) {
        self.revision = revision;
        self.latency.clear();
        self.latency_before.clear();
        self.revoked = 0;
        self.marks = Marks::default();
        self.seen = Seen::default();
    }
}

impl<Q: EventList> World<'_, Q> {
    /// The autoscaler decides.
    pub(super) fn tick(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        self.touched = revision;
        self.decide(revision);
        self.cancel_surplus(revision, recorder);
        self.refill(revision);
        self.expire_idle(revision, recorder);
        self.schedule_tick(revision);
    }

    /// Has the agenda call the autoscaler at its next tick.
    pub(super) fn schedule_tick(&mut self, revision: RevisionId) {
        let r = &self.revisions[revision.index()];
        if let Some(length) = r.policy.tick() {
            self.agenda.push((self.now + length).0, Event::Tick { revision });
        }
    }

    /// Asks the policy what it wants; the limits hold.
    pub(super) fn decide(&mut self, revision: RevisionId) {
        let settings = self.service_of(revision);
        let r = &mut self.revisions[revision.index()];
        r.traffic.step(self.now.0, r.pending.len());
        let seen = r.observe(self.now);
        r.wanted = r.policy.decide(&seen).clamp(settings.min_instances, settings.max_instances);
    }

    /// Orders starts up to what is wanted.
    pub(super) fn refill(&mut self, revision: RevisionId) {
        let r = &self.revisions[revision.index()];
        for _ in r.ready + r.ordered()..r.wanted {
            self.order_start(revision);
        }
    }

    /// Orders a start for each instance's worth of waiting requests that the start orders under
    /// way have no slots for.
    pub(super) fn start_on_demand(&mut self, revision: RevisionId, waiting: usize) {
        let settings = self.service_of(revision);
        loop {
            let r = &self.revisions[revision.index()];
            let slots = r.orders.len() * usize::from(settings.concurrency);
            let allowed = r.ready + r.ordered() < settings.max_instances;
            if waiting <= slots || !allowed || !r.policy.starts_on_demand() {
                return;
            }
            self.order_start(revision);
        }
    }

    /// Gives up orders that wait to be tried again, the youngest first, where neither the policy
    /// nor the waiting requests need them. An attempt under way goes on: the instance may be
    /// idle later, and stop for that.
    fn cancel_surplus(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let settings = self.service_of(revision);
        let r = &self.revisions[revision.index()];
        let demand = r.pending.len().div_ceil(usize::from(settings.concurrency)) as u32;
        let needed = r.wanted.saturating_sub(r.ready).max(demand);
        let surplus = r.ordered().saturating_sub(needed) as usize;
        let backing_off = |o: &&OrderId| self.orders.get(**o).progress == Progress::BackingOff;
        let youngest: Vec<OrderId> =
            r.orders.iter().rev().filter(backing_off).take(surplus).copied().collect();
        for order in youngest {
            self.cancel_order(order, EndReason::Cancelled, recorder);
        }
    }
}
