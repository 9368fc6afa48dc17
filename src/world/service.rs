//! A service's instances and limits: how many are wanted, and what is ordered or given up for it.

use super::World;
use super::affinity::Affinity;
use super::client::Clients;
use super::deploy::Stage;
use super::revision::{Limits, Revision};
use super::split::{Split, divide};
use crate::ids::{OrderId, RevisionId, ServiceId};
use crate::kernel::{EventList, Streams};
use crate::record::{EndReason, Recorder};
use crate::scenario;
use crate::units::SimTime;

/// A service in the world: what is not a revision's.
#[derive(Debug)]
pub struct Service {
    /// The account that uses its key on its behalf.
    pub agent: String,
    /// Where its requests go.
    pub traffic: Split,
    /// Its clients, where their requests stay together.
    pub affinity: Option<Box<Affinity>>,
    /// Its revisions, the oldest first.
    pub revisions: Vec<RevisionId>,
    /// Whether the scenario deploys revisions of it: then each revision has rows of its own.
    pub has_deploys: bool,
    /// Its clients, where they do more than send a request and wait.
    pub clients: Option<Box<Clients>>,
    /// Limits of the service as a whole, as they hold now.
    pub limits: ServiceLimits,
    /// Most ready instances at once, of all revisions together, since the end of the warm-up.
    pub ready_max: u32,
    /// Instances stopped because of a revocation since the end of the warm-up.
    pub revoked: u64,
    /// Instances stopped because they had been idle for long enough, since the end of the warm-up.
    pub expired: u64,
    /// Instances that crashed since the end of the warm-up, starting ones among them.
    pub crashed: u64,
    /// Instances stopped because their memory did not suffice, since the end of the warm-up.
    pub out_of_memory: u64,
    /// Instants that the summary names.
    pub marks: Marks,
    /// Blocks under way that have not cost a request yet.
    pub riding: u32,
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

/// What had been counted at the last sample beside the revisions' own counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Checks' calls answered since the end of the warm-up.
    pub checks: crate::record::Calls,
    /// The same by purpose.
    pub purposes: crate::record::Purposes,
    /// Operations charged to the key's quota since the start of the run.
    pub quota_used: u64,
}

/// Limits that change in place, without a deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceLimits {
    /// Instances kept even without load, of all revisions together.
    pub min: u32,
    /// Most instances of each revision.
    pub max: u32,
    /// Instances of all revisions together in manual mode; absent: scaling is automatic.
    pub manual: Option<u32>,
}

impl Service {
    /// A service without revisions, at the start of the run.
    pub fn new(settings: &scenario::Service, streams: &Streams) -> Self {
        Self {
            agent: settings.service_agent(),
            traffic: Split::new(streams.get("traffic split", &settings.name)),
            affinity: settings
                .session_affinity
                .map(|affinity| Box::new(Affinity::new(affinity.clients, streams, &settings.name))),
            revisions: Vec::new(),
            has_deploys: false,
            clients: Clients::new(settings, streams),
            limits: ServiceLimits {
                min: settings.min_instances,
                max: settings.max_instances,
                manual: None,
            },
            ready_max: 0,
            revoked: 0,
            expired: 0,
            crashed: 0,
            out_of_memory: 0,
            marks: Marks::default(),
            riding: 0,
            seen: Seen::default(),
        }
    }
}

impl<'s, Q: EventList> World<'s, Q> {
    /// A service's revisions, the oldest first.
    pub(super) fn revisions_of(&self, service: ServiceId) -> impl Iterator<Item = &Revision<'s>> {
        let ids = &self.services[service.index()].revisions;
        ids.iter().map(|r| &self.revisions[r.index()])
    }

    /// A service's instances that take requests.
    pub(super) fn ready(&self, service: ServiceId) -> u32 {
        self.revisions_of(service).map(|r| r.ready).sum()
    }

    /// Gives each revision its share of the service's limits: minimum and manual count are divided
    /// by traffic (largest remainder), the maximum holds for each.
    pub(super) fn share_limits(&mut self, service: ServiceId) {
        let s = &self.services[service.index()];
        let percents: Vec<u32> = s.revisions.iter().map(|&r| s.traffic.percent(r)).collect();
        let mins = divide(s.limits.min, &percents);
        let manual = s.limits.manual.map(|count| divide(count, &percents));
        for (i, &revision) in s.revisions.iter().enumerate() {
            let r = &mut self.revisions[revision.index()];
            r.step_instances(self.now);
            // A deploy starts one instance to see whether it can.
            let awaited = u32::from(matches!(r.stage, Stage::Starting));
            r.routed = percents[i] > 0 || awaited > 0;
            r.limits = Limits {
                min: mins[i].max(awaited),
                max: s.limits.max,
                unlimited: self.scenario.without.max_instances,
                manual: manual.as_ref().map(|counts| counts[i].max(awaited)),
            };
        }
    }

    /// Orders starts up to what is wanted, and for those who wait; and begins those that others
    /// have made room for.
    pub(super) fn refill(&mut self, revision: RevisionId) {
        let r = &self.revisions[revision.index()];
        let waiting = r.pending.len();
        for _ in r.ready + r.ordered()..r.wanted {
            self.order_start(revision);
        }
        self.start_on_demand(revision, waiting);
        self.begin_waiting(revision);
    }

    /// Orders a start for each instance's worth of waiting requests that the start orders under
    /// way have no slots for.
    pub(super) fn start_on_demand(&mut self, revision: RevisionId, waiting: usize) {
        let settings = self.service_of(revision);
        loop {
            let r = &self.revisions[revision.index()];
            let slots = r.orders.len() * usize::from(settings.concurrency);
            let allowed = r.ready + r.ordered() < r.limits.most();
            if waiting <= slots || !allowed || !r.policy.starts_on_demand() {
                return;
            }
            self.order_start(revision);
        }
    }

    /// The start order that is given up first: the youngest without an attempt under way, else the
    /// youngest.
    pub(super) fn order_to_give_up(&self, revision: RevisionId) -> Option<OrderId> {
        let orders = &self.revisions[revision.index()].orders;
        let waits = |o: &&OrderId| self.orders.get(**o).progress.is_waiting();
        let waiting = orders.values().rev().find(waits);
        waiting.or(orders.values().next_back()).copied()
    }

    /// Gives up orders without an attempt under way, the youngest first, where neither the policy
    /// nor the waiting requests need them. An attempt under way goes on: the instance may be
    /// idle later, and stop for that.
    pub(super) fn cancel_surplus(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let settings = self.service_of(revision);
        let r = &self.revisions[revision.index()];
        let demand = r.pending.len().div_ceil(usize::from(settings.concurrency)) as u32;
        let needed = r.wanted.saturating_sub(r.ready).max(demand);
        let surplus = r.ordered().saturating_sub(needed) as usize;
        let waits = |o: &&OrderId| self.orders.get(**o).progress.is_waiting();
        let youngest: Vec<OrderId> =
            r.orders.values().rev().filter(waits).take(surplus).copied().collect();
        for order in youngest {
            self.cancel_order(order, EndReason::Cancelled, recorder);
        }
    }
}
