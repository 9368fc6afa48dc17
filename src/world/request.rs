//! One request, arrival to outcome. Nothing here allocates, scans or formats.

use super::World;
use super::event::{ARRIVAL, END, End, Event};
use super::instance::{Life, PlaceState};
use super::pending::Waiting;
use crate::ids::{InstanceId, RevisionId, ServiceId};
use crate::kernel::{Entry, EventList};
use crate::record::{Cause, EndReason, Recorder};
use crate::units::SimTime;

impl<Q: EventList> World<'_, Q> {
    /// A source's request arrives, and the source's next is looked up.
    #[inline]
    pub(super) fn arrive(&mut self, source: u32) {
        let s = &mut self.sources[source as usize];
        let (service, work) = (s.service, s.work());
        let next = s.next();
        self.expect_arrival(source, next);
        self.arrived += 1;
        let revision = self.services[service.index()].traffic.next();
        self.touched = revision;
        let now = self.now.0;
        let r = &mut self.revisions[revision.index()];
        r.traffic.step(now, r.pending.len());
        r.traffic.count.arrivals += 1;
        // While requests wait no slot is free.
        let slot = if r.pending.is_empty() { r.router.take() } else { None };
        match slot {
            Some((seat, load)) => {
                let instance = r.seated(seat);
                self.instances.place_mut(instance).load = load + 1;
                self.begin(revision, instance, now, work, false);
            }
            None => self.wait(revision, work),
        }
    }

    /// Sets when a source's next request arrives.
    #[inline]
    pub(super) fn expect_arrival(&mut self, source: u32, next: SimTime) {
        if self.arrivals_beside {
            self.arrivals.set(source, next.0);
        } else if next != SimTime::NEVER {
            self.schedule.push_numbered(next.0, ARRIVAL, source, source, 0);
        }
    }

    /// An instance begins to serve a request; its end is known from here.
    #[inline]
    fn begin(
        &mut self,
        revision: RevisionId,
        instance: InstanceId,
        arrived: u64,
        work: u64,
        cold: bool,
    ) {
        let traffic = &mut self.revisions[revision.index()].traffic;
        traffic.in_flight += 1;
        let timed_out = work > traffic.request_timeout;
        let end = self.now.0.saturating_add(work.min(traffic.request_timeout));
        self.schedule.push(end, END, End { instance, timed_out, cold }.pack(), arrived);
    }

    /// A request ends in service.
    #[inline]
    pub(super) fn complete(&mut self, entry: Entry, recorder: &mut dyn Recorder) {
        let End { instance, timed_out, cold } = End::unpack(entry.payload());
        let now = entry.time;
        let place = self.instances.place_mut(instance);
        place.served += 1;
        let (revision, state) = (place.revision, place.state);
        self.touched = revision;
        let r = &mut self.revisions[revision.index()];
        r.traffic.step(now, r.pending.len());
        r.traffic.in_flight -= 1;
        let latency = now - entry.since;
        r.traffic.residence += u128::from(latency);
        if timed_out {
            r.traffic.count.timed_out += 1;
            r.blame.charge(Cause::Service);
        } else {
            r.traffic.count.served += 1;
            r.traffic.count.served_cold += u64::from(cold);
            r.traffic.latency_sum += u128::from(latency);
            r.latency.record(latency);
        }
        if state == PlaceState::Ready {
            match r.pending.pop() {
                // The slot goes to the first that waits: no other instance has a free one.
                Some(next) => self.hand_over(revision, instance, next),
                None => {
                    r.router.give(place.seat, place.load);
                    place.load -= 1;
                    if place.load == 0 {
                        self.becomes_idle(instance);
                    }
                }
            }
        } else {
            place.load -= 1;
            if place.load == 0 {
                self.drained(instance, recorder);
            }
        }
    }

    /// A request that waited is served now.
    fn hand_over(&mut self, revision: RevisionId, instance: InstanceId, waiting: Waiting) {
        let Waiting { arrived, work, .. } = waiting;
        let ready = self.instances.life(instance).ready_since();
        let cold = ready.is_some_and(|since| since.0 > arrived);
        self.begin(revision, instance, arrived, work, cold);
    }

    /// A request finds no slot: it waits, or is refused where too many do.
    #[inline(never)]
    fn wait(&mut self, revision: RevisionId, work: u64) {
        let settings = self.service_of(revision);
        let waiting = self.revisions[revision.index()].pending.len();
        self.start_on_demand(revision, waiting + 1);
        let now = self.now.0;
        let r = &mut self.revisions[revision.index()];
        let segment = r.blame.enter();
        let request = Waiting { arrived: now, work, segment };
        if settings.queue_limit.is_some_and(|limit| waiting >= limit as usize) {
            return self.refuse(revision, request);
        }
        r.pending.push(request);
        r.traffic.pending_max = r.traffic.pending_max.max(r.pending.len() as u64);
        if waiting == 0 {
            self.set_pending_timer(revision);
        }
    }

    /// Requests that wait take the free slots there are.
    pub(super) fn feed(&mut self, revision: RevisionId) {
        let now = self.now.0;
        loop {
            let r = &mut self.revisions[revision.index()];
            r.traffic.step(now, r.pending.len());
            if r.pending.is_empty() {
                return;
            }
            let Some((seat, load)) = r.router.take() else { return };
            let instance = r.seated(seat);
            let Some(next) = r.pending.pop() else { return };
            self.instances.place_mut(instance).load = load + 1;
            self.hand_over(revision, instance, next);
        }
    }

    /// A request never gets an instance.
    fn refuse(&mut self, revision: RevisionId, waiting: Waiting) {
        let now = self.now;
        let r = &mut self.revisions[revision.index()];
        r.traffic.count.refused += 1;
        r.traffic.residence += u128::from(now.0 - waiting.arrived);
        let by_key = r.blame.charge_wait(now.0, waiting.arrived, waiting.segment);
        let service = r.service;
        if by_key {
            self.mark_key_failure(service);
        }
    }

    fn mark_key_failure(&mut self, service: ServiceId) {
        let marks = &mut self.services[service.index()].marks;
        marks.first_key_failure.get_or_insert(self.now);
        marks.last_key_failure = Some(self.now);
    }

    /// The queue's timer rings: those that have waited long enough are refused. It may ring
    /// early, because the one it was set for has been served; then it is set anew.
    pub(super) fn pending_deadline(&mut self, revision: RevisionId, serial: u32) {
        let r = &mut self.revisions[revision.index()];
        if r.pending.serial != serial {
            return;
        }
        self.touched = revision;
        r.pending.timer = SimTime::NEVER;
        r.traffic.step(self.now.0, r.pending.len());
        while self.revisions[revision.index()].pending.deadline() <= self.now
            && let Some(first) = self.revisions[revision.index()].pending.pop()
        {
            self.refuse(revision, first);
        }
        self.set_pending_timer(revision);
    }

    /// Sees to it that the queue's timer does not ring too late.
    pub(super) fn set_pending_timer(&mut self, revision: RevisionId) {
        let pending = &mut self.revisions[revision.index()].pending;
        // A timeout that has just become shorter may lie in the past for the first.
        let deadline = pending.deadline().max(self.now);
        if deadline < pending.timer {
            pending.timer = deadline;
            pending.serial += 1;
            let serial = pending.serial;
            self.agenda.push(deadline.0, Event::PendingDeadline { revision, serial });
        }
    }

    /// Instances stop under their requests: one pass over the event list for all of them. Their
    /// places must be draining.
    pub(super) fn abort_requests(&mut self, stopped: &[InstanceId]) {
        let places = &self.instances.places;
        let now = self.now.0;
        let mut taken = std::mem::take(&mut self.scratch);
        let mut is_stopped = vec![false; places.len()];
        stopped.iter().for_each(|i| is_stopped[i.index()] = true);
        self.schedule.extract(
            &mut |e: &Entry| {
                e.rank() == END && is_stopped[End::unpack(e.payload()).instance.index()]
            },
            &mut taken,
        );
        for entry in taken.drain(..) {
            let End { instance, .. } = End::unpack(entry.payload());
            let cause = self.abort_cause(instance);
            let place = self.instances.place_mut(instance);
            place.load -= 1;
            place.served += 1;
            let r = &mut self.revisions[place.revision.index()];
            r.traffic.step(now, r.pending.len());
            r.traffic.in_flight -= 1;
            r.traffic.count.aborted += 1;
            r.traffic.residence += u128::from(now - entry.since);
            let by_key = r.blame.charge(cause);
            let service = r.service;
            if by_key {
                self.mark_key_failure(service);
            }
        }
        self.scratch = taken;
    }

    /// Why an instance stops under its requests.
    fn abort_cause(&self, instance: InstanceId) -> Cause {
        if let Life::Draining(draining) = self.instances.life(instance)
            && draining.reason == EndReason::Revoked
        {
            return Cause::KeyDenied;
        }
        Cause::Drain
    }
}
