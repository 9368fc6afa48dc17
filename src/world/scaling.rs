//! A revision and its autoscaler: what the policy sees, when it decides, and what follows.

use super::World;
use super::autoscaler::hpa::Pod;
use super::autoscaler::replay::shared;
use super::autoscaler::{Cause, Observation, Total};
use super::event::Event;
use super::revision::{Reported, Revision};
use crate::ids::{InstanceId, RevisionId};
use crate::kernel::EventList;
use crate::record::{EndReason, Recorder};
use crate::scenario::{Autoscaler, HpaMetric};
use crate::units::{SECOND, SimDuration, SimTime};

/// Means since an earlier count.
struct Means {
    /// Requests in service.
    in_flight: f64,
    /// Requests in service or waiting.
    present: f64,
    /// Instances wholly busy.
    cpu: f64,
    /// Arrivals a second, retries among them.
    rate: f64,
}

impl Means {
    /// Between two counts; absent where no time has passed.
    fn between(before: Reported, now: Reported) -> Option<Self> {
        let time = now.at.since(before.at).0 as f64;
        let in_flight = (now.in_flight_time - before.in_flight_time) as f64 / time;
        let pending = (now.pending_time - before.pending_time) as f64 / time;
        let cpu = (now.cpu_time - before.cpu_time) as f64 / time;
        let arrivals = now.arrivals.wrapping_sub(before.arrivals) as f64;
        let rate = arrivals * SECOND as f64 / time;
        (time > 0.0).then_some(Self { in_flight, present: in_flight + pending, cpu, rate })
    }
}

impl Revision<'_> {
    /// What its policy sees; the traffic has been brought up to now.
    fn observe(&self, now: SimTime) -> Observation<'static> {
        let in_flight = Total { time: now.0, sum: self.counted(now).in_flight_time as u64 };
        Observation {
            now,
            in_flight: Some(in_flight),
            cpu: self.cpu_time().map(|sum| Total { time: now.0, sum: sum as u64 }),
            ready: self.ready,
            replicas: (self.ready + self.ordered()).max(self.desired.min(self.limits.most())),
            present: self.traffic.in_flight + self.traffic.held + self.pending.len() as u64,
            reachable: self.routed,
            ..Observation::default()
        }
    }

    /// Its instances as the horizontal pod autoscaler sees them: the ready ones share what was
    /// measured since the last decision, those that start are pending.
    fn pods(&self, now: SimTime) -> Vec<Pod> {
        let Autoscaler::Hpa(asked) = &self.settings.autoscaler else { return Vec::new() };
        let means = Means::between(self.synced, self.counted(now));
        let total = means.map(|means| match asked.metric {
            HpaMetric::Concurrency => means.in_flight,
            HpaMetric::Rps => means.rate,
            // Assumption: a pod requests the vCPUs that it has, so that all of them are 100 %.
            HpaMetric::Cpu => 100.0 * means.cpu,
        });
        shared(asked.metric, total, now, self.ready, self.ordered())
    }
}

impl<Q: EventList> World<'_, Q> {
    /// Has the agenda call the autoscaler at its next report and its next tick, from now on.
    pub(super) fn start_scaling(&mut self, revision: RevisionId) {
        self.schedule_report(revision);
        self.schedule_tick(revision);
    }

    fn schedule_report(&mut self, revision: RevisionId) {
        if let Some(length) = self.revisions[revision.index()].policy.report_interval() {
            self.agenda.push((self.now + length).0, Event::Report { revision });
        }
    }

    fn schedule_tick(&mut self, revision: RevisionId) {
        if let Some(length) = self.revisions[revision.index()].policy.tick() {
            self.agenda.push((self.now + length).0, Event::Tick { revision });
        }
    }

    /// Instances and queue report the time since their last report.
    pub(super) fn report(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        self.touched = revision;
        let now = self.now;
        let r = &mut self.revisions[revision.index()];
        r.step(now);
        let counted = r.counted(now);
        let means = Means::between(r.reported, counted);
        let ahead = std::mem::replace(&mut r.reported, counted).ahead;
        let Some(Means { present, rate, .. }) = means else { return };
        let pods_report = r.ready > 0 && r.policy.pods_report();
        // What was told at once is not told again.
        let concurrency = r.activator.report((present - ahead).max(0.0), pods_report);
        let rps = concurrency.map(|_| (rate - ahead).max(0.0));
        let seen = Observation { concurrency, rps, ..r.observe(now) };
        r.policy.report(&seen);
        let comes = concurrency.is_some_and(|value| value > 0.0);
        if comes && r.policy.wakes() {
            self.rescale(revision, Cause::FirstAfterZero, recorder);
        }
        self.schedule_report(revision);
    }

    /// It is time to decide.
    pub(super) fn tick(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        self.rescale(revision, Cause::Tick, recorder);
        self.schedule_tick(revision);
    }

    /// The autoscaler decides, and instances follow.
    fn rescale(&mut self, revision: RevisionId, cause: Cause, recorder: &mut dyn Recorder) {
        self.touched = revision;
        self.decide(revision, cause);
        if self.revisions[revision.index()].policy.removes_at_once() {
            self.remove_surplus(revision, recorder);
        } else {
            self.cancel_surplus(revision, recorder);
        }
        self.refill(revision);
        self.expire_idle(revision, recorder);
    }

    /// A request is about to wait where nothing was wanted: the autoscaler hears of it at once.
    pub(super) fn wake(&mut self, revision: RevisionId) {
        let now = self.now;
        let r = &mut self.revisions[revision.index()];
        if !r.policy.wakes() {
            return;
        }
        r.activator.report(1.0, false);
        r.reported.ahead += 1.0;
        let seen = Observation { concurrency: Some(1.0), rps: Some(1.0), ..r.observe(now) };
        r.policy.report(&seen);
        self.decide(revision, Cause::FirstAfterZero);
        self.refill(revision);
    }

    /// Asks the policy what it wants; the limits hold.
    pub(super) fn decide(&mut self, revision: RevisionId, cause: Cause) {
        let now = self.now;
        let r = &mut self.revisions[revision.index()];
        r.traffic.step(now.0, r.pending.len());
        let mut seen = r.observe(now);
        let pods = if r.policy.sees_pods() { r.pods(now) } else { Vec::new() };
        seen.pods = &pods;
        if r.policy.report_interval().is_none() {
            r.policy.report(&seen);
        }
        if let Some(wanted) = r.policy.decide(cause, &seen).wanted {
            r.desired = wanted;
        }
        r.synced = r.counted(now);
        r.settle_wanted();
    }

    /// What is not wanted goes at once: start orders, those in back-off first, then the youngest
    /// instances, busy ones when they have finished.
    fn remove_surplus(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let r = &self.revisions[revision.index()];
        let mut surplus = (r.ready + r.ordered()).saturating_sub(r.wanted) as usize;
        while let (1.., Some(order)) = (surplus, self.order_to_give_up(revision)) {
            self.cancel_order(order, EndReason::Cancelled, recorder);
            surplus -= 1;
        }
        let r = &self.revisions[revision.index()];
        if surplus == 0 {
            return;
        }
        let serial = |i: &InstanceId| self.instances.place(*i).serial;
        let running = r.seats.iter().flatten().copied();
        let mut takers: Vec<InstanceId> =
            running.filter(|&i| self.instances.place(i).takes_requests()).collect();
        takers.sort_unstable_by_key(serial);
        for &youngest in takers.iter().rev().take(surplus) {
            self.tell_to_stop(youngest, SimDuration(u64::MAX), EndReason::ScaleIn, recorder);
        }
    }
}
