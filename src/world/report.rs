//! What the world states at a sample edge and at the end: counts, levels, integrals.

use super::World;
use super::service::Seen;
use crate::ids::{InstanceId, ServiceId};
use crate::kernel::EventList;
use crate::record::{Calls, Cause, EndReason, Phase, Record, Recorder, Sample, Total};
use crate::stats::Histogram;
use crate::units::{SimDuration, SimTime};

/// Sums of all services, for the total.
#[derive(Debug, Default)]
struct Sum {
    latency: Histogram,
    blame: [u64; Cause::COUNT],
}

impl<Q: EventList> World<'_, Q> {
    /// Brings every integral up to now.
    pub(super) fn step_all(&mut self) {
        for r in &mut self.revisions {
            r.traffic.step(self.now.0, r.pending.len());
            r.step_instances(self.now);
        }
    }

    /// The end of the warm-up: state is kept, counts begin.
    pub(super) fn begin_counting(&mut self) {
        self.step_all();
        for r in &mut self.revisions {
            r.reset_counts();
        }
        for watch in &mut self.watches {
            watch.reset_counts();
        }
        for i in 0..self.services.len() {
            let quota_used = self.quota_used(i).unwrap_or(0);
            let s = &mut self.services[i];
            s.latency.clear();
            s.revoked = 0;
            s.marks =
                super::service::Marks { first_block: s.marks.first_block, ..Default::default() };
            let instance_time = self.revisions[s.revision.index()].instance_time();
            s.seen = Seen { instance_time, quota_used, ..Seen::default() };
        }
        self.start = self.snapshot();
    }

    /// Operations charged so far to the quota of a service's key.
    fn quota_used(&self, service: usize) -> Option<u64> {
        let encryption = self.scenario.services[service].encryption.as_ref()?;
        let quota = self.scenario.keys[encryption.key.index()].quota?;
        Some(self.keys.quota(quota).total())
    }

    /// Key calls answered for a service: its starts', and the checks of its key.
    fn calls(&self, service: usize) -> Calls {
        let mut calls = self.revisions[self.services[service].revision.index()].calls;
        if let Some(encryption) = &self.scenario.services[service].encryption {
            let checks = &self.watches[encryption.key.index()].calls;
            calls.iter_mut().zip(checks).for_each(|(n, c)| *n += c);
        }
        calls
    }

    /// States a row a service for the interval that ends now.
    pub(super) fn state_samples(&mut self, from: SimTime, recorder: &mut dyn Recorder) {
        for i in 0..self.services.len() {
            self.state_sample(i, from, recorder);
            let s = &mut self.services[i];
            s.latency_before.merge(&s.latency);
            s.latency.clear();
        }
    }

    fn state_sample(&mut self, i: usize, from: SimTime, recorder: &mut dyn Recorder) {
        let settings = &self.scenario.services[i];
        let s = &self.services[i];
        let r = &self.revisions[s.revision.index()];
        let now = Seen {
            requests: r.traffic.count,
            starts: r.starts,
            calls: self.calls(i),
            quota_used: self.quota_used(i).unwrap_or(0),
            instance_time: r.instance_time(),
        };
        let quota = settings.encryption.as_ref();
        let quota = quota.and_then(|e| self.scenario.keys[e.key.index()].quota);
        let instances = r.by_phase();
        let in_grace = |phase: Phase| if r.grace { instances[phase as usize] } else { 0 };
        let oldest_wait = r.pending.first().map(|w| self.now.since(SimTime(w.arrived)));
        recorder.record(Record::Sample(&Sample {
            from,
            until: self.now,
            service: &settings.name,
            requests: now.requests.since(&s.seen.requests),
            latency: &s.latency,
            pending: r.pending.len() as u64,
            oldest_wait: oldest_wait.unwrap_or_default(),
            in_flight: r.traffic.in_flight,
            instances,
            grace_idle: in_grace(Phase::Idle),
            grace_busy: in_grace(Phase::Busy),
            backing_off: r.backing_off,
            wanted: r.wanted,
            min_instances: settings.min_instances,
            max_instances: settings.max_instances,
            starts: now.starts.since(&s.seen.starts),
            key_calls: std::array::from_fn(|c| now.calls[c] - s.seen.calls[c]),
            quota_limit: quota.map(|q| self.keys.quota(q).limit()),
            quota_used: quota.map(|_| now.quota_used - s.seen.quota_used),
            instance_time: SimDuration((now.instance_time - s.seen.instance_time) as u64),
        }));
        self.services[i].seen = now;
    }

    /// States what is still there at the end: instances, blocks, totals.
    pub(super) fn state_end(&mut self, recorder: &mut dyn Recorder) {
        self.step_all();
        for i in (0..self.instances.places.len()).map(InstanceId::at) {
            if !matches!(self.instances.life(i), super::instance::Life::Vacant) {
                self.state_instance(i, None, EndReason::Running, recorder);
            }
        }
        for block in std::mem::take(&mut self.blocks) {
            self.state_block(&block, None, recorder);
        }
        let mut sum = Sum::default();
        let mut all: Option<Total> = None;
        for i in 0..self.services.len() {
            let s = &mut self.services[i];
            s.latency_before.merge(&s.latency);
            s.latency.clear();
        }
        for i in 0..self.services.len() {
            let total = self.total(ServiceId::at(i));
            recorder.record(Record::Total(&total));
            sum.latency.merge(total.latency);
            sum.blame.iter_mut().zip(total.blame).for_each(|(n, b)| *n += b);
            all = Some(match all {
                None => total,
                Some(before) => before.plus(&total),
            });
        }
        if let Some(mut all) = all {
            all.service = "";
            all.latency = &sum.latency;
            self.count_checks_once(&mut all);
            recorder.record(Record::Total(&all));
        }
    }

    /// Services that share a key each show its checks; together they count once.
    fn count_checks_once(&self, all: &mut Total<'_>) {
        let using = |key: usize| {
            let uses = |s: &&crate::scenario::Service| {
                s.encryption.as_ref().is_some_and(|e| e.key.index() == key)
            };
            self.scenario.services.iter().filter(uses).count() as u64
        };
        for (key, watch) in self.watches.iter().enumerate() {
            let again = using(key).saturating_sub(1);
            all.key_calls.iter_mut().zip(watch.calls).for_each(|(n, c)| *n -= c * again);
            all.calls_begun -= watch.begun * again;
            all.calling_before -= self.start.checking[key] * again;
            all.calling_after -= u64::from(watch.asked.is_some()) * again;
        }
    }

    fn total(&self, service: ServiceId) -> Total<'_> {
        let s = &self.services[service.index()];
        let r = &self.revisions[s.revision.index()];
        let start = &self.start.services[service.index()];
        let key =
            self.scenario.services[service.index()].encryption.as_ref().map(|e| e.key.index());
        let watch = key.map(|k| &self.watches[k]);
        let since = |now: u128, before: u128| now - before;
        Total {
            service: &self.scenario.services[service.index()].name,
            from: self.zero,
            until: self.now,
            carried_in: start.in_system,
            requests: r.traffic.count,
            pending: r.pending.len() as u64,
            in_flight: r.traffic.in_flight,
            latency: &s.latency_before,
            latency_sum: r.traffic.latency_sum,
            blame: *r.blame.charged(),
            in_flight_time: since(r.traffic.in_flight_time, start.in_flight_time),
            pending_time: since(r.traffic.pending_time, start.pending_time),
            instance_time: since(r.instance_time(), start.instance_time),
            pending_max: r.traffic.pending_max,
            ready_max: r.ready_max.into(),
            starts: r.starts,
            starting_before: start.starting,
            starting_after: r.starting().into(),
            key_calls: self.calls(service.index()),
            calling_before: start.calling + key.map_or(0, |k| self.start.checking[k]),
            calls_begun: r.calls_begun + watch.map_or(0, |w| w.begun),
            calls_dropped: r.calls_dropped,
            calling_after: r.calling + watch.map_or(0, |w| u64::from(w.asked.is_some())),
            revoked: s.revoked,
            first_block: s.marks.first_block,
            first_key_failure: s.marks.first_key_failure,
            last_key_failure: s.marks.last_key_failure,
            revocation_detected: s.marks.revocation_detected,
            data_unreachable: s.marks.data_unreachable,
        }
    }
}

/// State at the end of the warm-up.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// By service.
    pub services: Vec<ServiceStart>,
    /// By key: checks' calls under way.
    pub checking: Vec<u64>,
}

/// A service at the end of the warm-up.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceStart {
    /// Requests waiting or in service.
    pub in_system: u64,
    /// Sum of their ages in nanoseconds.
    pub age: u128,
    /// Integrals since the start of the run.
    pub in_flight_time: u128,
    /// See `in_flight_time`.
    pub pending_time: u128,
    /// See `in_flight_time`.
    pub instance_time: u128,
    /// Attempts to start under way.
    pub starting: u64,
    /// Starts' key calls under way.
    pub calling: u64,
}

impl<Q: EventList> World<'_, Q> {
    fn snapshot(&self) -> Start {
        let ages = self.ages();
        let of = |(i, s): (usize, &super::service::Service)| {
            let r = &self.revisions[s.revision.index()];
            ServiceStart {
                in_system: r.pending.len() as u64 + r.traffic.in_flight,
                age: ages[i],
                in_flight_time: r.traffic.in_flight_time,
                pending_time: r.traffic.pending_time,
                instance_time: r.instance_time(),
                starting: r.starting().into(),
                calling: r.calling,
            }
        };
        Start {
            services: self.services.iter().enumerate().map(of).collect(),
            checking: self.watches.iter().map(|w| u64::from(w.asked.is_some())).collect(),
        }
    }

    /// By service: the sum of the ages of the requests that wait or are in service, in
    /// nanoseconds.
    pub(super) fn ages(&self) -> Vec<u128> {
        let mut ages = vec![0; self.services.len()];
        let now = self.now.0;
        for r in &self.revisions {
            let waits = r.pending.iter().map(|w| u128::from(now - w.arrived));
            ages[r.service.index()] += waits.sum::<u128>();
        }
        self.schedule.for_each(|e| {
            if e.rank() == super::event::END {
                let instance = super::event::End::unpack(e.payload()).instance;
                let r = &self.revisions[self.instances.place(instance).revision.index()];
                ages[r.service.index()] += u128::from(now - e.since);
            }
        });
        ages
    }
}
