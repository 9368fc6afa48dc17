//! What must always hold. A broken law is a bug: the run stops and says where.
//!
//! After every event, in builds with debug assertions, the cheap laws of the revision that was
//! touched; at every sample edge there, and at the end always, the full audit, which counts again
//! from the lists what the counters say. Checks draw nothing and change nothing.

use std::fmt;

use super::World;
use super::blame::WHOLE;
use super::event::{END, End, Outcome};
use super::instance::{Life, PlaceState};
use super::report::keys_of;
use super::revision::Revision;
use crate::ids::{InstanceId, KeyId, QuotaId, RevisionId};
use crate::kernel::EventList;
use crate::record::{CallOutcome, Phase};
use crate::units::SimTime;

/// A law that was broken, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What did not hold, with the numbers.
    pub law: String,
    /// When.
    pub at: SimTime,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {} ns since the start of the warm-up)", self.law, self.at.0)
    }
}

impl std::error::Error for Broken {}

/// Collects the first law that does not hold.
struct Court<'a> {
    broken: &'a mut Option<Broken>,
    at: SimTime,
}

impl Court<'_> {
    fn holds(&mut self, law: &str, left: impl Into<i128>, right: impl Into<i128>) {
        let (left, right) = (left.into(), right.into());
        if left != right {
            self.convict(format!("{law}: {left} is not {right}"));
        }
    }

    fn at_most(&mut self, law: &str, value: impl Into<i128>, limit: impl Into<i128>) {
        let (value, limit) = (value.into(), limit.into());
        if value > limit {
            self.convict(format!("{law}: {value} is above {limit}"));
        }
    }

    #[cold]
    fn convict(&mut self, law: String) {
        self.broken.get_or_insert(Broken { law, at: self.at });
    }
}

impl<Q: EventList> World<'_, Q> {
    /// The cheap laws of the revision that was touched last.
    pub(super) fn laws_of_touched(&mut self) {
        let r = &self.revisions[self.touched.index()];
        let start = self.start.revision(self.touched);
        let mut court = Court { broken: &mut self.broken, at: self.now };
        let count = &r.traffic.count;
        let waiting = r.pending.len() as u64;
        court.holds(
            "carried in + arrivals + retries = served + failed + in flight + pending",
            start.in_system + count.arrivals + count.retries,
            count.served + count.failed() + r.traffic.in_flight + waiting,
        );
        court.at_most(
            "ready + ordered within max_instances",
            r.ready + r.ordered(),
            r.limits.most().max(r.ready),
        );
        court.at_most("cold within served", count.served_cold, count.served);
        court.at_most("retried within failed", count.retried, count.failed());
        if r.pending.is_queued() && r.router.has_room() {
            court.convict(format!("no slot is free while requests wait: {waiting} wait"));
        }
        court.holds("orders by hold = orders", r.held.iter().sum::<u32>(), r.ordered());
        court.holds(
            "attempts before + begun = ready + failed + cancelled + starting",
            start.starting + r.starts.begun,
            r.starts.ready + r.starts.failed + r.starts.cancelled + u64::from(r.starting()),
        );
        court.holds(
            "orders = attempts under way + backing off + waiting for limits",
            r.ordered(),
            r.starting() + r.backing_off + r.gate.len(),
        );
        if let Some(most) = r.gate.limits().concurrent {
            court.at_most("orders carried out within the limit", r.gate.admitted, most);
        }
        if let Some(rate) = r.gate.limits().rate {
            court.at_most("attempts begun in one interval", r.gate.begun, rate.starts);
        }
        court.holds(
            "key calls before + begun = answered + dropped + under way",
            start.calling + r.calls_begun,
            r.calls.iter().sum::<u64>() + r.calls_dropped + r.calling,
        );
    }

    /// A key call was granted: its key version must be usable, now and by every rule.
    pub(super) fn check_grant(&mut self, key: KeyId, version: u32) {
        if self.keys.denial(key, version).is_some() {
            let name = &self.scenario.keys[key.index()].name;
            let law =
                format!("no key call succeeds while its version is unusable: {name}/{version}");
            self.broken.get_or_insert(Broken { law, at: self.now });
        }
    }

    /// Counts everything again.
    pub(super) fn audit(&mut self) {
        let mut in_service = vec![0_u64; self.revisions.len()];
        let mut load = vec![0_u64; self.instances.places.len()];
        self.schedule.for_each(|e| {
            if e.rank() == END {
                let End { instance, outcome, .. } = End::unpack(e.payload());
                let revision = self.instances.place(instance).revision.index();
                let holds = self.revisions[revision].traffic.holds_abandoned;
                load[instance.index()] += u64::from(outcome != Outcome::Abandoned || !holds);
                in_service[revision] += u64::from(outcome != Outcome::Held);
            }
        });
        let mut used = vec![0; self.revisions.len()];
        self.cpus.for_each(|instance, _, given_up| {
            load[instance.index()] += 1;
            let revision = self.instances.place(instance).revision.index();
            in_service[revision] += u64::from(!given_up);
        });
        let mut ready = vec![0_u32; self.revisions.len()];
        let mut phases = vec![[0_u32; Phase::COUNT]; self.revisions.len()];
        let mut court = Court { broken: &mut self.broken, at: self.now };
        let places = self.instances.places.iter().zip(&self.instances.lives).zip(load);
        for (i, ((place, life), load)) in places.enumerate() {
            if place.state == PlaceState::Vacant {
                continue;
            }
            let r = place.revision.index();
            let room = self.revisions[r].settings.concurrency;
            court.holds("load of an instance = its ends in the event list", place.load, load);
            if let Some(share) = self.revisions[r].traffic.share {
                used[r] += share.used(self.cpus.running(InstanceId::at(i)));
            }
            court.at_most("load within concurrency", place.load, room);
            ready[r] += u32::from(place.state == PlaceState::Ready);
            phases[r][Phase::Draining as usize] += u32::from(matches!(life, Life::Draining(_)));
            if let Some(phase) = life.start_phase() {
                phases[r][phase as usize] += 1;
            }
        }
        for (i, r) in self.revisions.iter().enumerate() {
            court.holds("requests in service = their ends", r.traffic.in_flight, in_service[i]);
            court.holds("CPU in use = what instances use", r.traffic.cpu_used, used[i]);
            court.holds("ready instances = those counted", r.ready, ready[i]);
            court.holds("idle instances = those billed so", r.meter.idle, r.router.idle());
            let phases_billed = Phase::ALL.iter().filter(|&&phase| r.is_billed(Some(phase)));
            let starting: u32 = phases_billed.map(|&phase| r.phases[phase as usize]).sum();
            court.holds(
                "billed as active = starting, busy and draining",
                r.meter.active,
                starting + r.ready - r.router.idle() + r.phases[Phase::Draining as usize],
            );
            for &phase in Phase::ALL {
                let name = phase.name();
                court.holds(name, r.phases[phase as usize], phases[i][phase as usize]);
            }
            let failed = r.traffic.count.failed();
            court.holds(
                "blame sums to the failures",
                r.blame.charged().iter().sum::<u64>(),
                failed * WHOLE,
            );
        }
        self.little();
        self.keys_of_services();
        for revision in (0..self.revisions.len()).map(RevisionId::at) {
            self.touched = revision;
            self.laws_of_touched();
        }
    }

    /// Little's law without averages: the time that requests spent here after the end of the
    /// warm-up is the integral of how many were here.
    fn little(&mut self) {
        let ages = self.ages();
        let mut court = Court { broken: &mut self.broken, at: self.now };
        for (i, (r, age)) in self.revisions.iter().zip(ages).enumerate() {
            let start = self.start.revision(RevisionId::at(i));
            let here = r.traffic.in_flight_time + r.traffic.pending_time;
            let before = start.in_flight_time + start.pending_time;
            court.holds(
                "sum of residence = integral of requests here",
                (r.traffic.latency_sum + r.traffic.lost_time + age) as i128 - start.age as i128,
                (here - before) as i128,
            );
        }
    }

    /// Nothing is shut down because of an answer that may pass, and quotas hold.
    fn keys_of_services(&mut self) {
        let mut court = Court { broken: &mut self.broken, at: self.now };
        for s in &self.services {
            // A denial to whichever service shares the key reveals the revocation.
            let keys = keys_of(&s.revisions, &self.revisions);
            let key = |r: &Revision<'_>| r.settings.encryption.as_ref().map(|e| e.key);
            let on_them = |r: &&Revision<'_>| key(r).is_some_and(|key| keys.contains(&key));
            let revisions = self.revisions.iter().filter(on_them).map(|r| &r.calls);
            let checks = keys.iter().map(|k| &self.watches[k.index()].calls);
            let denied: u64 =
                revisions.chain(checks).map(|calls| calls[CallOutcome::Denied as usize]).sum();
            if s.revoked > 0 && denied == 0 && s.marks.revocation_detected.is_some() {
                court.convict(format!("{} instances shut down without a denial", s.revoked));
            }
        }
        for (i, quota) in self.scenario.quotas.iter().enumerate() {
            let meter = self.keys.quota(QuotaId::at(i));
            if let Some((used, limit)) = meter.excess() {
                court.at_most(&format!("quota {} in one window", quota.name), used, limit);
            }
            if let Some((law, left, right)) = meter.ledger().fault() {
                court.holds(&format!("quota {}: {law}", quota.name), left, right);
            }
        }
    }
}
