//! One request, arrival to outcome. Nothing here allocates, scans or formats.

use super::World;
use super::affinity::Client;
use super::event::{ARRIVAL, END, End, Event, Origin, Outcome};
use super::instance::{Life, Place};
use super::pending::Waiting;
use crate::ids::{InstanceId, RevisionId, ServiceId};
use crate::kernel::{Entry, EventList};
use crate::record::{Cause, EndReason, Recorder};
use crate::units::SimTime;

/// A request that an instance begins to serve.
#[derive(Clone, Copy, Debug)]
struct Begun {
    /// When this try arrived.
    arrived: u64,
    /// Its service time in nanoseconds.
    work: u64,
    /// Whether it waited for an instance that became ready after it came.
    cold: bool,
    /// What it is to its client.
    origin: Origin,
}

impl<Q: EventList> World<'_, Q> {
    /// A source's request arrives, and the source's next is looked up.
    pub(super) fn arrive(&mut self, source: u32) {
        let service = self.sources[source as usize].service;
        let (revision, client) = self.address(service, Origin::default());
        let law = self.revisions[revision.index()].law;
        let s = &mut self.sources[source as usize];
        let (work, next) = (s.work(law), s.next());
        self.expect_arrival(source, next);
        self.admit(revision, client, work, Origin::default());
    }

    /// A request comes to a revision: an instance takes it, or it waits. `client` is whose it is,
    /// where that matters.
    #[inline(always)]
    pub(super) fn admit(
        &mut self,
        revision: RevisionId,
        client: Option<Client>,
        work: u64,
        origin: Origin,
    ) {
        self.touched = revision;
        let now = self.now.0;
        let r = &mut self.revisions[revision.index()];
        r.traffic.step(now, r.pending.len());
        if origin.attempt > 0 {
            r.traffic.count.retries += 1;
        } else {
            self.arrived += 1;
            r.traffic.count.arrivals += 1;
            if r.traffic.has_clients {
                self.first_arrival(revision);
            }
        }
        let r = &mut self.revisions[revision.index()];
        // While requests wait for one, no slot is free.
        let slot = match client {
            _ if r.pending.goes_first() => None,
            None => r.router.take().map(|(seat, load)| (r.seated(seat), load)),
            Some(client) => self.take_for(client, revision),
        };
        match slot {
            Some((instance, load)) => {
                self.occupy(revision, instance, load);
                self.begin(revision, instance, Begun { arrived: now, work, cold: false, origin });
            }
            None => self.wait(revision, work, origin),
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

    /// A slot of an instance that had this load is taken. One comparison tells the two loads that
    /// matter from all others: none, and what memory suffices for.
    #[inline(always)]
    fn occupy(&mut self, revision: RevisionId, instance: InstanceId, load: u16) {
        self.instances.place_mut(instance).load = load + 1;
        if load.wrapping_sub(1) >= self.revisions[revision.index()].traffic.memory_below {
            self.occupy_notably(revision, instance, load);
        }
    }

    /// An idle instance becomes busy, or its memory may be short from now on.
    #[inline(never)]
    fn occupy_notably(&mut self, revision: RevisionId, instance: InstanceId, load: u16) {
        let r = &mut self.revisions[revision.index()];
        if load == 0 {
            r.step_meter(self.now);
            r.meter.becomes_busy();
            self.instances.place_mut(instance).since = self.now.0;
        } else if load == r.traffic.memory_below + 1 {
            self.memory_short(instance);
        }
    }

    /// An instance begins to serve a request; its end is known from here.
    #[inline(always)]
    fn begin(&mut self, revision: RevisionId, instance: InstanceId, request: Begun) {
        let Begun { arrived, work, cold, origin } = request;
        let traffic = &mut self.revisions[revision.index()].traffic;
        traffic.in_flight += 1;
        if traffic.share.is_some() {
            let bits = End { instance, outcome: Outcome::Served, cold, origin }.pack();
            return self.begin_shared(revision, instance, [arrived, work], bits);
        }
        let end = self.now.0.saturating_add(work.min(traffic.request_timeout));
        let given_up = arrived.saturating_add(traffic.client_timeout);
        let (at, outcome) = if given_up < end {
            (given_up, Outcome::Abandoned)
        } else if work > traffic.request_timeout {
            (end, Outcome::TimedOut)
        } else {
            (end, Outcome::Served)
        };
        self.schedule.push(at, END, End { instance, outcome, cold, origin }.pack(), arrived);
        if outcome == Outcome::Abandoned && traffic.holds_abandoned {
            let held = End { instance, outcome: Outcome::Held, cold, origin };
            self.schedule.push(end, END, held.pack(), arrived);
        }
    }

    /// A request in service comes to its end: what its [`End`] says, and when it arrived.
    pub(super) fn end(&mut self, bits: u32, arrived: u64, recorder: &mut dyn Recorder) {
        let End { instance, outcome, cold, origin } = End::unpack(bits);
        let now = self.now.0;
        let place = self.instances.place_mut(instance);
        let revision = place.revision;
        self.touched = revision;
        let r = &mut self.revisions[revision.index()];
        r.traffic.step(now, r.pending.len());
        if outcome != Outcome::Served {
            return self.cut_short(bits, arrived, recorder);
        }
        let latency = now - arrived;
        r.traffic.count.served += 1;
        r.traffic.count.served_cold += u64::from(cold);
        r.traffic.latency_sum += u128::from(latency);
        r.latency.record(latency);
        r.traffic.in_flight -= 1;
        let has_clients = r.traffic.has_clients;
        self.free_slot(instance, recorder);
        if has_clients {
            self.done(revision, origin);
        }
    }

    /// A request in service ends without an answer in time, or what was left of its work does.
    #[inline(never)]
    fn cut_short(&mut self, bits: u32, arrived: u64, recorder: &mut dyn Recorder) {
        let End { instance, outcome, origin, .. } = End::unpack(bits);
        let revision = self.instances.place(instance).revision;
        let r = &mut self.revisions[revision.index()];
        match outcome {
            Outcome::Served => {}
            Outcome::TimedOut => r.traffic.count.timed_out += 1,
            Outcome::Abandoned => {
                r.traffic.count.abandoned += 1;
                r.meter.abandoned();
            }
            Outcome::Held => {
                r.traffic.held -= 1;
                return self.free_slot(instance, recorder);
            }
        }
        r.blame.charge(Cause::Service);
        r.traffic.in_flight -= 1;
        r.traffic.lost_time += u128::from(self.now.0 - arrived);
        let has_clients = r.traffic.has_clients;
        if outcome == Outcome::Abandoned && r.traffic.holds_abandoned {
            r.traffic.held += 1;
        } else {
            self.free_slot(instance, recorder);
        }
        if has_clients {
            self.failed(revision, origin);
        }
    }

    /// A slot of an instance is free: the first that waits takes it.
    #[inline(always)]
    fn free_slot(&mut self, instance: InstanceId, recorder: &mut dyn Recorder) {
        let place = self.instances.place_mut(instance);
        place.served += 1;
        let revision = place.revision;
        if place.takes_requests() {
            let r = &mut self.revisions[revision.index()];
            if r.pending.is_queued() {
                // No other instance has a free slot.
                r.router.hand_over(place.seat);
                return self.hand_over_first(revision, instance);
            }
            r.router.give(place.seat, place.load);
            place.load -= 1;
            if place.load == 0 {
                self.bill_requests(instance);
                self.becomes_idle(instance);
            }
        } else {
            place.load -= 1;
            if place.load == 0 {
                self.drained(instance, recorder);
            }
        }
    }

    /// The first that waits is served now.
    #[inline(never)]
    fn hand_over_first(&mut self, revision: RevisionId, instance: InstanceId) {
        if let Some(next) = self.revisions[revision.index()].pending.pop() {
            self.hand_over(revision, instance, next);
        }
    }

    /// A request that waited is served now.
    #[inline(never)]
    fn hand_over(&mut self, revision: RevisionId, instance: InstanceId, waiting: Waiting) {
        let Waiting { arrived, mut work, origin, .. } = waiting;
        let ready = self.instances.life(instance).ready_since();
        // A start that takes no time is over at the instant at which its request came.
        let cold = ready.is_some_and(|since| since.0 > arrived || since == self.now);
        let r = &mut self.revisions[revision.index()];
        if cold && let (Some(law), Some(luck)) = (&r.settings.cold_service, &mut r.cold_luck) {
            work = law.sample(luck).0;
        }
        self.begin(revision, instance, Begun { arrived, work, cold, origin });
    }

    /// A request finds no slot: it waits, or is refused where too many do.
    #[inline(never)]
    fn wait(&mut self, revision: RevisionId, work: u64, origin: Origin) {
        let settings = self.service_of(revision);
        let waiting = self.revisions[revision.index()].pending.len();
        self.start_on_demand(revision, waiting + 1);
        self.wake(revision);
        let now = self.now.0;
        let r = &mut self.revisions[revision.index()];
        r.traffic.count.waited += 1;
        let segment = r.blame.enter();
        let request = Waiting { arrived: now, work, segment, origin };
        if settings.queue_limit.is_some_and(|limit| waiting >= limit as usize) {
            return self.leave(revision, request, true);
        }
        r.pending.push(request);
        r.traffic.pending_max = r.traffic.pending_max.max(r.pending.len() as u64);
        if waiting == 0 {
            self.set_pending_timer(revision);
        }
    }

    /// An instance has become ready: it serves those that have waited for its start.
    pub(super) fn serve_bound(&mut self, revision: RevisionId, instance: InstanceId) {
        let Some(attempt) = self.instances.life(instance).story().attempt else { return };
        let r = &mut self.revisions[revision.index()];
        r.traffic.step(self.now.0, r.pending.len());
        for next in r.pending.close(attempt.ordinal) {
            let Place { seat, load, .. } = *self.instances.place(instance);
            self.revisions[revision.index()].router.take_at(seat, load);
            self.occupy(revision, instance, load);
            self.hand_over(revision, instance, next);
        }
    }

    /// A start order is given up: those that have waited for it take the next free slots.
    pub(super) fn release_bound(&mut self, revision: RevisionId, ordinal: u32) {
        let pending = &mut self.revisions[revision.index()].pending;
        let released = pending.close(ordinal);
        if !released.is_empty() {
            pending.queue_again(released);
            self.feed(revision);
        }
    }

    /// Requests that wait take the free slots there are.
    pub(super) fn feed(&mut self, revision: RevisionId) {
        let now = self.now.0;
        loop {
            let r = &mut self.revisions[revision.index()];
            r.traffic.step(now, r.pending.len());
            if !r.pending.is_queued() {
                return;
            }
            let Some((seat, load)) = r.router.take() else { return };
            let instance = r.seated(seat);
            let Some(next) = r.pending.pop() else { return };
            self.occupy(revision, instance, load);
            self.hand_over(revision, instance, next);
        }
    }

    /// A request never gets an instance: it is refused, or its client gives up.
    fn leave(&mut self, revision: RevisionId, waiting: Waiting, refused: bool) {
        let now = self.now;
        let r = &mut self.revisions[revision.index()];
        let count = &mut r.traffic.count;
        *(if refused { &mut count.refused } else { &mut count.abandoned }) += 1;
        if refused {
            r.milestones.first_refused.get_or_insert((SimTime(waiting.arrived), now));
        }
        r.traffic.lost_time += u128::from(now.0 - waiting.arrived);
        let by_key = r.blame.charge_wait(now.0, waiting.arrived, waiting.segment);
        let (service, has_clients) = (r.service, r.traffic.has_clients);
        if by_key {
            self.mark_key_failure(service);
        }
        if has_clients {
            self.failed(revision, waiting.origin);
        }
    }

    fn mark_key_failure(&mut self, service: ServiceId) {
        let s = &mut self.services[service.index()];
        s.marks.first_key_failure.get_or_insert(self.now);
        s.marks.last_key_failure = Some(self.now);
        if s.riding > 0 {
            self.end_rides(service);
        }
    }

    /// The queue's timer rings: those that have waited long enough leave. It may ring
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
            && let Some(first) = self.revisions[revision.index()].pending.pop_first()
        {
            let pending = &self.revisions[revision.index()].pending;
            let refused = pending.is_refused(first.arrived, self.now);
            self.leave(revision, first, refused);
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

    /// Instances stop under their requests: one pass over the event list for all of them. The
    /// places of busy ones must be draining. The requests are blamed on `cause`, or on why each
    /// instance was told to stop.
    pub(super) fn abort_requests(&mut self, stopped: &[InstanceId], cause: Option<Cause>) {
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
        stopped.iter().for_each(|&i| self.stop_sharing(i, &mut taken));
        for entry in taken.drain(..) {
            let End { instance, outcome, origin, .. } = End::unpack(entry.payload());
            let cause = cause.unwrap_or_else(|| self.abort_cause(instance));
            let place = self.instances.place_mut(instance);
            let revision = place.revision;
            let r = &mut self.revisions[revision.index()];
            r.traffic.step(now, r.pending.len());
            // Of a request whose work is held one entry keeps the slot, and the other one, until
            // its client gives up, the request.
            let keeps_slot = outcome != Outcome::Abandoned || !r.traffic.holds_abandoned;
            if keeps_slot {
                place.load -= 1;
                place.served += 1;
            }
            if outcome == Outcome::Held {
                let given_up = entry.since.saturating_add(r.traffic.client_timeout) <= now;
                r.traffic.held -= u64::from(given_up);
                continue;
            }
            r.traffic.in_flight -= 1;
            r.traffic.count.aborted += 1;
            r.traffic.lost_time += u128::from(now - entry.since);
            let by_key = r.blame.charge(cause);
            let (service, has_clients) = (r.service, r.traffic.has_clients);
            if by_key {
                self.mark_key_failure(service);
            }
            if has_clients {
                self.failed(revision, origin);
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
