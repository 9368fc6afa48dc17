//! What the world states at a sample edge and at the end: counts, levels, integrals.
//!
//! Everything is counted by revision; a service's row is the sum over its revisions, with the
//! checks of their keys.

use super::World;
use super::deploy::Stage;
use super::event::{END, End, Outcome};
use super::instance::Life;
use super::keys::{Account, User};
use super::revision::Revision;
use super::service::{self, Marks, Service};
use crate::ids::{InstanceId, KeyId, QuotaId, RevisionId, ServiceId};
use crate::kernel::EventList;
use crate::record::quota::{BACKGROUND, CHECKS, NOBODY};
use crate::record::{
    self, BoundKey, Calls, EndReason, Lives, Phase, Purposes, QuotaLevel, QuotaUse, QuotaUser,
    Record, Recorder, Sample, Total,
};
use crate::scenario::MOST_INSTANCES;
use crate::stats::Histogram;
use crate::units::{SimDuration, SimTime};

/// The keys of some revisions, each once, in order.
pub(super) fn keys_of(ids: &[RevisionId], revisions: &[Revision<'_>]) -> Vec<KeyId> {
    let key = |r: &RevisionId| Some(revisions[r.index()].settings.encryption.as_ref()?.key);
    let mut keys: Vec<KeyId> = ids.iter().filter_map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Adds counts to counts.
fn add<const N: usize>(sum: &mut [u64; N], calls: &[u64; N]) {
    sum.iter_mut().zip(calls).for_each(|(n, c)| *n += c);
}

impl<Q: EventList> World<'_, Q> {
    /// Brings every integral up to now.
    pub(super) fn step_all(&mut self) {
        for r in &mut self.revisions {
            r.step(self.now);
        }
        self.keys.catch_up(self.now);
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
            let ready_max = self.ready(ServiceId::at(i));
            let s = &mut self.services[i];
            (s.revoked, s.expired, s.ready_max) = (0, 0, ready_max);
            (s.crashed, s.out_of_memory) = (0, 0);
            s.marks = Marks { first_block: s.marks.first_block, ..Marks::default() };
            s.seen = service::Seen { quota_used, ..service::Seen::default() };
        }
        self.keys.reset_counts();
        self.start = self.snapshot();
    }

    /// The key of a service: that of the revision which was given traffic last.
    fn key_of(&self, s: &Service) -> Option<KeyId> {
        let (revision, _) = s.traffic.shares().last()?;
        Some(self.revisions[revision.index()].settings.encryption.as_ref()?.key)
    }

    /// Operations charged so far to the quota of a service's key.
    fn quota_used(&self, service: usize) -> Option<u64> {
        let key = self.key_of(&self.services[service])?;
        let quota = self.scenario.keys[key.index()].quota?;
        Some(self.keys.quota(quota).total())
    }

    /// Checks' calls answered for the keys of a service.
    fn checks(&self, s: &Service) -> (Calls, Purposes) {
        let (mut calls, mut purposes) = (Calls::default(), Purposes::default());
        for key in keys_of(&s.revisions, &self.revisions) {
            let watch = &self.watches[key.index()];
            add(&mut calls, &watch.calls);
            add(&mut purposes, &watch.purposes);
        }
        (calls, purposes)
    }

    /// States a row a service for the interval that ends now, and one a revision where there are
    /// deploys.
    pub(super) fn state_samples(&mut self, from: SimTime, recorder: &mut dyn Recorder) {
        for i in 0..self.services.len() {
            self.state_sample(&self.services[i], from, recorder);
        }
        for i in 0..self.services.len() {
            let ((checks, purposes), quota_used) =
                (self.checks(&self.services[i]), self.quota_used(i));
            self.services[i].seen =
                service::Seen { checks, purposes, quota_used: quota_used.unwrap_or_default() };
        }
        self.revisions.iter_mut().for_each(Revision::sample_taken);
    }

    fn state_sample(&self, s: &Service, from: SimTime, recorder: &mut dyn Recorder) {
        let samples: Vec<Sample<'_>> = s
            .revisions
            .iter()
            .map(|r| self.revision_sample(&self.revisions[r.index()], from))
            .collect();
        let latency = merged(samples.iter().map(|sample| sample.latency));
        let Some(mut whole) = samples.iter().copied().reduce(|sum, next| sum.plus(&next)) else {
            return;
        };
        whole.revision = "";
        if let Some(latency) = &latency {
            whole.latency = latency;
        }
        let (checks, purposes) = self.checks(s);
        add(&mut whole.key_calls, &std::array::from_fn(|c| checks[c] - s.seen.checks[c]));
        let new = |p: usize| purposes[p] - s.seen.purposes[p];
        add(&mut whole.key_purposes, &std::array::from_fn(new));
        let quota = self.key_of(s).and_then(|key| self.scenario.keys[key.index()].quota);
        whole.quota_limit = quota.map(|q| self.keys.quota(q).limit());
        // A deploy may have moved the service to the quota of another key.
        whole.quota_used =
            quota.map(|q| self.keys.quota(q).total().saturating_sub(s.seen.quota_used));
        whole.min_instances = s.limits.min;
        let unlimited = self.scenario.without.max_instances;
        whole.max_instances = if unlimited { MOST_INSTANCES } else { s.limits.max };
        recorder.record(Record::Sample(&whole));
        if s.has_deploys {
            samples.iter().for_each(|sample| recorder.record(Record::Sample(sample)));
        }
    }

    /// A revision's own row; its quota stands in the service's.
    fn revision_sample<'a>(&'a self, r: &'a Revision<'_>, from: SimTime) -> Sample<'a> {
        let instances = r.by_phase();
        let in_grace = |phase: Phase| if r.clock.running { instances[phase as usize] } else { 0 };
        let oldest_wait = r.pending.first().map(|w| self.now.since(SimTime(w.arrived)));
        Sample {
            from,
            until: self.now,
            service: &r.settings.name,
            revision: &r.name,
            requests: r.traffic.count.since(&r.seen.requests),
            latency: &r.latency,
            pending: r.pending.len() as u64,
            oldest_wait: oldest_wait.unwrap_or_default(),
            in_flight: r.traffic.in_flight,
            instances,
            grace_idle: in_grace(Phase::Idle),
            grace_busy: in_grace(Phase::Busy),
            backing_off: r.backing_off,
            starts_waiting: r.gate.len(),
            wanted: r.wanted,
            min_instances: r.limits.min,
            max_instances: r.limits.most(),
            starts: r.starts.since(&r.seen.starts),
            key_calls: std::array::from_fn(|c| r.calls[c] - r.seen.calls[c]),
            key_purposes: std::array::from_fn(|p| r.purposes[p] - r.seen.purposes[p]),
            messages: std::array::from_fn(|m| r.messages[m] - r.seen.messages[m]),
            quota_limit: None,
            quota_used: None,
            instance_time: SimDuration((r.instance_time() - r.seen.instance_time) as u64),
            bill: r.bill().since(&r.seen.bill),
            running_time: SimDuration((r.running_time() - r.seen.running_time) as u64),
            cpu_time: r.cpu_time().map(|time| SimDuration((time - r.seen.cpu_time) as u64)),
        }
    }

    /// States what is still there at the end: instances, blocks, totals.
    pub(super) fn state_end(&mut self, recorder: &mut dyn Recorder) {
        self.step_all();
        for i in (0..self.instances.places.len()).map(InstanceId::at) {
            if !matches!(self.instances.life(i), Life::Vacant) {
                self.state_instance(i, None, EndReason::Running, recorder);
            }
        }
        for block in std::mem::take(&mut self.blocks) {
            self.state_block(&block, None, recorder);
        }
        self.revisions.iter_mut().for_each(Revision::keep_latency);
        for s in &self.services {
            for &id in &s.revisions {
                let r = &self.revisions[id.index()];
                self.state_revision(r, s.traffic.percent(id), recorder);
            }
        }
        self.state_quotas(recorder);
        self.state_totals(recorder);
    }

    /// States how full each quota was, who used it and whom that hurt.
    fn state_quotas(&mut self, recorder: &mut dyn Recorder) {
        for quota in (0..self.scenario.quotas.len()).map(QuotaId::at) {
            self.keys.quota_mut(quota).settle();
            let settings = &self.scenario.quotas[quota.index()];
            let fact = QuotaUse {
                name: settings.name.clone(),
                project: settings.project.clone(),
                location: settings.location.clone(),
                pool: settings.pool.name(),
                level: self.quota_level(quota),
                users: self.quota_users(quota),
            };
            recorder.record(Record::Quota(&fact));
        }
    }

    fn quota_level(&self, quota: QuotaId) -> QuotaLevel {
        let meter = self.keys.quota(quota);
        let [per_second, per_minute] = meter.peaks();
        let (limit, used) = (meter.limit(), meter.ledger().counted());
        QuotaLevel { limit, used, per_second, per_minute }
    }

    /// Users of a quota: services in their order, then checks, then others.
    fn quota_users(&self, quota: QuotaId) -> Vec<QuotaUser> {
        let accounts = self.keys.quota(quota).ledger().accounts();
        let mut order: Vec<&Account> =
            accounts.iter().filter(|a| a.used > 0 || a.denied > 0).collect();
        order.sort_by_key(|a| match a.user {
            User::Service(service) => service.index(),
            User::Checks => self.services.len(),
            User::Background => self.services.len() + 1,
        });
        let name = |user: User| match user {
            User::Service(service) => self.scenario.services[service.index()].name.clone(),
            User::Checks => CHECKS.to_owned(),
            User::Background => BACKGROUND.to_owned(),
        };
        let user = |account: &Account| {
            let takers = account.taken_by.iter().zip(accounts);
            let takers = takers.map(|(&part, taker)| (name(taker.user), part));
            let takers = takers.chain([(NOBODY.to_owned(), account.by_nobody)]);
            QuotaUser {
                name: name(account.user),
                used: account.used,
                denied: account.denied,
                taken_by: takers.filter(|&(_, part)| part > 0).collect(),
            }
        };
        order.into_iter().map(user).collect()
    }

    /// States a revision with its key.
    fn state_revision(&self, r: &Revision<'_>, percent: u32, recorder: &mut dyn Recorder) {
        let (ready, failed, failure) = match r.stage {
            Stage::Encrypting(_) | Stage::Starting => (None, None, None),
            Stage::Ready { at } => (Some(at), None, None),
            Stage::Failed { at, why } => (None, Some(at), Some(why)),
        };
        let key = r.settings.encryption.as_ref().map(|encryption| {
            let settings = &self.scenario.keys[encryption.key.index()];
            BoundKey {
                name: &settings.name,
                resource: &settings.resource,
                protection: settings.protection,
                manager: settings
                    .manager
                    .map(|m| &*self.scenario.external_managers[m.index()].name),
                quota: settings.quota.map(|q| &*self.scenario.quotas[q.index()].name),
                version: r.key_version,
                state: self.keys.key(encryption.key).version(r.key_version).state,
                denial: self.keys.key(encryption.key).denial(r.key_version),
            }
        });
        recorder.record(Record::Revision(&record::Revision {
            service: &r.settings.name,
            name: &r.name,
            ordinal: r.ordinal,
            deployed: r.deployed,
            ready,
            failed,
            failure,
            percent,
            key,
        }));
    }

    /// States a total a service, then that of all together.
    fn state_totals(&self, recorder: &mut dyn Recorder) {
        let merge = |s: &Service| {
            merged(s.revisions.iter().map(|r| &self.revisions[r.index()].latency_before))
        };
        let latencies: Vec<Option<Histogram>> = self.services.iter().map(merge).collect();
        let mut totals = Vec::new();
        for (i, latency) in latencies.iter().enumerate() {
            let Some(total) = self.total(ServiceId::at(i), latency.as_ref()) else { continue };
            recorder.record(Record::Total(&total));
            totals.push(total);
        }
        let latency = merged(totals.iter().map(|total| total.latency));
        if let Some(mut all) = totals.into_iter().reduce(|sum, next| sum.plus(&next)) {
            all.service = "";
            if let Some(latency) = &latency {
                all.latency = latency;
            }
            self.count_checks_once(&mut all);
            recorder.record(Record::Total(&all));
        }
    }

    /// Services that share a key each show its checks; together they count once.
    fn count_checks_once(&self, all: &mut Total<'_>) {
        let keys: Vec<KeyId> =
            self.services.iter().flat_map(|s| keys_of(&s.revisions, &self.revisions)).collect();
        for (key, watch) in self.watches.iter().enumerate() {
            let using = keys.iter().filter(|k| k.index() == key).count() as u64;
            let again = using.saturating_sub(1);
            all.key_calls.iter_mut().zip(watch.calls).for_each(|(n, c)| *n -= c * again);
            all.calls_begun -= watch.begun * again;
            all.calling_before -= self.start.checking[key] * again;
            all.calling_after -= u64::from(watch.asked.is_some()) * again;
        }
    }

    /// A service's total; `latency` where it is not that of its only revision.
    fn total<'a>(
        &'a self,
        service: ServiceId,
        latency: Option<&'a Histogram>,
    ) -> Option<Total<'a>> {
        let s = &self.services[service.index()];
        let of_revision = |&id: &RevisionId| self.revision_total(id);
        let mut total = s.revisions.iter().map(of_revision).reduce(|sum, next| sum.plus(&next))?;
        if let Some(latency) = latency {
            total.latency = latency;
        }
        for key in keys_of(&s.revisions, &self.revisions) {
            let watch = &self.watches[key.index()];
            add(&mut total.key_calls, &watch.calls);
            total.calls_begun += watch.begun;
            total.calling_before += self.start.checking[key.index()];
            total.calling_after += u64::from(watch.asked.is_some());
        }
        total.ready_max = s.ready_max.into();
        total.quota = self
            .key_of(s)
            .and_then(|key| self.scenario.keys[key.index()].quota)
            .map(|quota| self.quota_level(quota));
        (total.revoked, total.expired) = (s.revoked, s.expired);
        (total.crashed, total.out_of_memory) = (s.crashed, s.out_of_memory);
        let Marks {
            first_block,
            first_key_failure,
            last_key_failure,
            revocation_detected,
            data_unreachable,
        } = s.marks;
        Some(Total {
            first_block,
            first_key_failure,
            last_key_failure,
            revocation_detected,
            data_unreachable,
            ..total
        })
    }

    /// A revision's part of its service's total.
    fn revision_total(&self, id: RevisionId) -> Total<'_> {
        let r = &self.revisions[id.index()];
        let start = self.start.revision(id);
        Total {
            service: &r.settings.name,
            from: self.zero,
            until: self.now,
            carried_in: start.in_system,
            requests: r.traffic.count,
            pending: r.pending.len() as u64,
            in_flight: r.traffic.in_flight,
            latency: &r.latency_before,
            latency_sum: r.traffic.latency_sum,
            blame: *r.blame.charged(),
            in_flight_time: r.traffic.in_flight_time - start.in_flight_time,
            pending_time: r.traffic.pending_time - start.pending_time,
            instance_time: r.instance_time() - start.instance_time,
            bill: r.bill(),
            lives: Lives {
                starting_time: r.lives.starting_time - start.starting_time,
                idle_time: r.meter.idle_time - start.idle_time,
                ..r.lives
            },
            milestones: r.milestones,
            pending_max: r.traffic.pending_max,
            ready_max: 0,
            starts: r.starts,
            starting_before: start.starting,
            starting_after: r.starting().into(),
            key_calls: r.calls,
            calling_before: start.calling,
            calls_begun: r.calls_begun,
            calls_dropped: r.calls_dropped,
            calls_lost: r.calls_lost,
            calling_after: r.calling,
            quota: None,
            revoked: 0,
            expired: 0,
            crashed: 0,
            out_of_memory: 0,
            first_block: None,
            first_key_failure: None,
            last_key_failure: None,
            revocation_detected: None,
            data_unreachable: None,
        }
    }
}

/// Several histograms in one; none where there is but one.
fn merged<'a>(histograms: impl ExactSizeIterator<Item = &'a Histogram>) -> Option<Histogram> {
    (histograms.len() > 1).then(|| {
        let mut sum = Histogram::default();
        histograms.for_each(|h| sum.merge(h));
        sum
    })
}

/// State at the end of the warm-up.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// By revision; later ones began with nothing.
    revisions: Vec<RevisionStart>,
    /// By key: checks' calls under way.
    pub checking: Vec<u64>,
}

/// A revision at the end of the warm-up.
#[derive(Clone, Copy, Debug, Default)]
pub struct RevisionStart {
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
    /// See `in_flight_time`.
    pub starting_time: u128,
    /// See `in_flight_time`.
    pub idle_time: u128,
    /// Attempts to start under way.
    pub starting: u64,
    /// Key calls under way, those of checks apart.
    pub calling: u64,
}

impl Start {
    /// A revision as it stood.
    pub fn revision(&self, id: RevisionId) -> RevisionStart {
        self.revisions.get(id.index()).copied().unwrap_or_default()
    }
}

impl<Q: EventList> World<'_, Q> {
    fn snapshot(&self) -> Start {
        let of = |(r, age): (&Revision<'_>, u128)| RevisionStart {
            in_system: r.pending.len() as u64 + r.traffic.in_flight,
            age,
            in_flight_time: r.traffic.in_flight_time,
            pending_time: r.traffic.pending_time,
            instance_time: r.instance_time(),
            starting_time: r.lives.starting_time,
            idle_time: r.meter.idle_time,
            starting: r.starting().into(),
            calling: r.calling,
        };
        Start {
            revisions: self.revisions.iter().zip(self.ages()).map(of).collect(),
            checking: self.watches.iter().map(|w| u64::from(w.asked.is_some())).collect(),
        }
    }

    /// By revision: the sum of the ages of the requests that wait or are in service, in
    /// nanoseconds.
    pub(super) fn ages(&self) -> Vec<u128> {
        let now = self.now.0;
        let waits = |r: &Revision<'_>| r.pending.iter().map(|w| u128::from(now - w.arrived)).sum();
        let mut ages: Vec<u128> = self.revisions.iter().map(waits).collect();
        self.schedule.for_each(|e| {
            if e.rank() == END {
                let End { instance, outcome, .. } = End::unpack(e.payload());
                let revision = self.instances.place(instance).revision;
                if outcome != Outcome::Held {
                    ages[revision.index()] += u128::from(now - e.since);
                }
            }
        });
        self.cpus.for_each(|instance, since, given_up| {
            if !given_up {
                let revision = self.instances.place(instance).revision;
                ages[revision.index()] += u128::from(now - since);
            }
        });
        ages
    }
}
