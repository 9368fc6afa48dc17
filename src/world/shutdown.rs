//! How instances stop: idle for long enough, or told to, with a drain grace.

use super::World;
use super::crash::Fate;
use super::event::Event;
use super::instance::{Draining, Life, Place, PlaceState, Story};
use crate::distribution::Distribution;
use crate::ids::{InstanceId, RevisionId};
use crate::kernel::EventList;
use crate::record::{EndReason, Instance, Phase, Record, Recorder};
use crate::units::{SimDuration, SimTime};

impl<Q: EventList> World<'_, Q> {
    /// An instance has no request left.
    #[inline]
    pub(super) fn becomes_idle(&mut self, instance: InstanceId) {
        let place = self.instances.place_mut(instance);
        place.since = self.now.0;
        if !place.idle_timer {
            self.set_idle_timer(instance);
        }
    }

    /// Has the agenda look at an idle instance when it may have been idle for long enough. The
    /// timer stays while requests come and go, and is set anew when it rings early.
    fn set_idle_timer(&mut self, instance: InstanceId) {
        let place = self.instances.place_mut(instance);
        place.idle_timer = true;
        let since = place.since;
        let serial = self.instances.stay(instance);
        let due = SimTime(since) + self.idle_timeout(instance);
        self.agenda.push(due.0, Event::Idle { instance, serial });
    }

    /// An instance may have been idle for long enough.
    pub(super) fn idle_check(
        &mut self,
        instance: InstanceId,
        serial: u32,
        recorder: &mut dyn Recorder,
    ) {
        if !self.instances.is(instance, serial) {
            return;
        }
        let place = self.instances.place_mut(instance);
        place.idle_timer = false;
        let Place { revision, state, load, since, .. } = *place;
        self.touched = revision;
        if state != PlaceState::Ready || load > 0 {
            return;
        }
        let due = SimTime(since) + self.idle_timeout(instance);
        if due > self.now {
            return self.set_idle_timer(instance);
        }
        self.expire_idle(revision, recorder);
    }

    /// How long an instance may be idle.
    fn idle_timeout(&self, instance: InstanceId) -> SimDuration {
        let Place { revision, serial, .. } = *self.instances.place(instance);
        let r = &self.revisions[revision.index()];
        let (min, max) = (r.settings.idle_timeout_min, r.settings.idle_timeout);
        match min < max {
            true => Distribution::Uniform { min, max }.sample(&mut r.fate(Fate::Idle, serial, 0)),
            false => max,
        }
    }

    /// There may be more instances than are wanted from now on: has the agenda look at one that is
    /// idle for long enough, when everything else of this instant has happened. Those that will be
    /// so later have timers.
    pub(super) fn look_for_idle(&mut self, revision: RevisionId) {
        let r = &self.revisions[revision.index()];
        let Some(seat) = r.router.longest_idle() else { return };
        let is_over = |&i: &InstanceId| {
            let place = self.instances.place(i);
            let is_idle = place.takes_requests() && place.load == 0;
            is_idle && SimTime(place.since) + self.idle_timeout(i) <= self.now
        };
        let since = SimTime(self.instances.place(r.seated(seat)).since);
        let surplus = r.ready > r.wanted.max(r.limits.min);
        if !surplus || since + r.settings.idle_timeout_min > self.now {
            return;
        }
        // The longest idle first; where each has a timeout of its own it may be another.
        let all = r.seats.iter().flatten().copied();
        if let Some(instance) = Some(r.seated(seat)).into_iter().chain(all).find(is_over) {
            let serial = self.instances.stay(instance);
            self.agenda.push(self.now.0, Event::Idle { instance, serial });
        }
    }

    /// Stops what has been idle for long enough, longest idle first, down to what is wanted.
    pub(super) fn expire_idle(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let settings = self.service_of(revision);
        if settings.idle_timeout_min < settings.idle_timeout {
            return self.expire_drawn(revision, recorder);
        }
        loop {
            let r = &self.revisions[revision.index()];
            let Some(seat) = r.router.longest_idle() else { return };
            let instance = r.seated(seat);
            let since = SimTime(self.instances.place(instance).since);
            let surplus = r.ready > r.wanted.max(r.limits.min);
            if !surplus || since + settings.idle_timeout > self.now {
                return;
            }
            self.end_instance(instance, EndReason::Idle, recorder);
        }
    }

    /// The same where each instance has a timeout of its own: who is idle for longest need not have
    /// been idle for long enough.
    fn expire_drawn(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let r = &self.revisions[revision.index()];
        let surplus = r.ready.saturating_sub(r.wanted.max(r.limits.min));
        if surplus == 0 {
            return;
        }
        let mut over: Vec<(u64, u32, InstanceId)> = Vec::new();
        for &instance in r.seats.iter().flatten() {
            let place = self.instances.place(instance);
            let is_idle = place.takes_requests() && place.load == 0;
            let since = SimTime(place.since);
            if is_idle && since + self.idle_timeout(instance) <= self.now {
                over.push((place.since, place.serial, instance));
            }
        }
        over.sort_unstable();
        for (.., instance) in over.into_iter().take(surplus as usize) {
            self.end_instance(instance, EndReason::Idle, recorder);
        }
    }

    /// A running instance takes no new requests; it is gone when it has finished those it has,
    /// or when its grace is over.
    pub(super) fn tell_to_stop(
        &mut self,
        instance: InstanceId,
        grace: SimDuration,
        reason: EndReason,
        recorder: &mut dyn Recorder,
    ) {
        let place = self.instances.place_mut(instance);
        let Place { revision, seat, load, .. } = *place;
        let serial = self.instances.stay(instance);
        if load == 0 {
            return self.end_instance(instance, reason, recorder);
        }
        let Life::Serving(served) = *self.instances.life(instance) else { return };
        let r = &mut self.revisions[revision.index()];
        r.step_instances(self.now);
        r.router.remove(seat, load);
        r.ready -= 1;
        r.phases[Phase::Draining as usize] += 1;
        self.instances.place_mut(instance).state = PlaceState::Draining;
        *self.instances.life_mut(instance) =
            Life::Draining(Draining { served, since: self.now, reason });
        // A grace for ever ends at an instant that never comes, which the agenda drops.
        self.agenda.push((self.now + grace).0, Event::DrainDeadline { instance, serial });
        // It holds no place any more.
        self.name_cause(revision);
    }

    /// A draining instance has finished its last request.
    pub(super) fn drained(&mut self, instance: InstanceId, recorder: &mut dyn Recorder) {
        let Life::Draining(draining) = *self.instances.life(instance) else { return };
        self.end_instance(instance, draining.reason, recorder);
    }

    /// The grace of a draining instance is over, and that of all whose grace ends now: they stop
    /// under their requests.
    pub(super) fn drain_deadline(
        &mut self,
        instance: InstanceId,
        serial: u32,
        recorder: &mut dyn Recorder,
    ) {
        let mut over = vec![(instance, serial)];
        let is_same = |event: &Event| matches!(event, Event::DrainDeadline { .. });
        while let Some(Event::DrainDeadline { instance, serial }) =
            self.agenda.pop_if(self.now.0, is_same)
        {
            over.push((instance, serial));
        }
        over.retain(|&(i, serial)| self.instances.is(i, serial));
        let stopped: Vec<InstanceId> = over.into_iter().map(|(i, _)| i).collect();
        self.abort_requests(&stopped, None);
        for instance in stopped {
            self.touched = self.instances.place(instance).revision;
            self.drained(instance, recorder);
        }
    }

    /// An instance is gone, from whatever state; requests on it have been seen to before.
    pub(super) fn end_instance(
        &mut self,
        instance: InstanceId,
        reason: EndReason,
        recorder: &mut dyn Recorder,
    ) {
        let life = *self.instances.life(instance);
        let Place { revision, seat, state, load, .. } = *self.instances.place(instance);
        debug_assert!(load == 0, "an instance ends with {load} requests on it");
        self.state_instance(instance, Some(self.now), reason, recorder);
        if let Life::Unlocking(unlocking) = &life {
            self.leave_unlocking(instance, unlocking);
        }
        let r = &mut self.revisions[revision.index()];
        r.step_instances(self.now);
        self.bill_end(instance);
        let r = &mut self.revisions[revision.index()];
        if life.ready_since().is_some() {
            let begun = life.story().attempt.map_or(SimTime::ZERO, |attempt| attempt.begun);
            r.lives.ended += 1;
            r.lives.lifespan += u128::from(self.now.since(begun).0);
            r.milestones.first_ended.get_or_insert(self.now);
            r.milestones.last_ended = Some(self.now);
        }
        if let Some(phase) = life.start_phase() {
            r.phases[phase as usize] -= 1;
        }
        if let Life::Unlocking(unlocking) = life
            && unlocking.call.asked.is_some()
        {
            // Nobody is left to hear the answer.
            r.calling -= 1;
            r.calls_dropped += 1;
        }
        match state {
            PlaceState::Ready => {
                r.router.remove(seat, load);
                r.ready -= 1;
                r.stand_up(seat);
            }
            PlaceState::Draining => {
                r.phases[Phase::Draining as usize] -= 1;
                r.stand_up(seat);
            }
            PlaceState::Starting | PlaceState::Vacant => {}
        }
        let service = r.service;
        self.instances.remove(instance);
        let counts = &mut self.services[service.index()];
        counts.expired += u64::from(reason == EndReason::Idle);
        counts.crashed += u64::from(reason == EndReason::Crash);
        counts.out_of_memory += u64::from(reason == EndReason::OutOfMemory);
        if reason == EndReason::Revoked && life.ready_since().is_some() {
            let gone = self.revisions_of(service).all(|r| r.running() == 0);
            let service = &mut self.services[service.index()];
            service.revoked += 1;
            if gone {
                service.marks.data_unreachable.get_or_insert(self.now);
            }
        }
        self.name_cause(revision);
    }

    /// States what became of an attempt to start, or of an instance.
    pub(super) fn state_instance(
        &self,
        instance: InstanceId,
        ended: Option<SimTime>,
        reason: EndReason,
        recorder: &mut dyn Recorder,
    ) {
        let place = self.instances.place(instance);
        let Story { attempt, unlocking, fetching, booting, ready, draining, calls } =
            self.instances.life(instance).story();
        let key_wait = unlocking.map(|since| fetching.or(ended).unwrap_or(self.now).since(since));
        let r = &self.revisions[place.revision.index()];
        recorder.record(Record::Instance(&Instance {
            service: &r.settings.name,
            revision: r.ordinal,
            serial: place.serial,
            order: attempt.map(|a| a.ordinal),
            attempt: attempt.map_or(0, |a| a.number),
            begun: attempt.map_or(SimTime::ZERO, |a| a.begun),
            unlocking,
            fetching,
            booting,
            ready,
            draining,
            ended,
            key_calls: calls,
            key_wait: key_wait.unwrap_or_default(),
            requests: place.served.into(),
            reason,
        }));
    }
}
