//! Instances that are lost at once, with the requests on them: crashes at an age, memory that runs
//! out, and those of the timeline.
//!
//! Nobody tells them to stop and nothing is finished. What is wanted of them is started anew, if
//! the key lets it.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::World;
use super::event::Event;
use super::instance::{Place, PlaceState};
use super::revision::Revision;
use crate::ids::{InstanceId, RevisionId, ServiceId};
use crate::kernel::EventList;
use crate::record::{Cause, EndReason, Phase, Recorder};
use crate::units::{SimDuration, SimTime};

/// The shortest life: time must go on between instances that crash as soon as they are ready.
const SHORTEST: SimDuration = SimDuration::from_millis(1);

/// What is drawn about an instance beside its start.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// Whether its start crashes.
    StartCrash,
    /// Its age at the crash.
    Age,
    /// How long it lasts while memory is short.
    Memory,
    /// How long it may be idle.
    Idle,
}

impl Revision<'_> {
    /// The generator of what befalls an instance for the n-th time: each has its own, so that
    /// nothing that is drawn moves anything else.
    pub fn fate(&self, fate: Fate, serial: u32, n: u32) -> Xoshiro256PlusPlus {
        let n = u64::from(n) & 0xff_ffff;
        self.fates.nth((fate as u64) << 56 | u64::from(serial) << 24 | n)
    }
}

impl<Q: EventList> World<'_, Q> {
    /// Whether the application of a start crashes.
    pub(super) fn crashes_at_start(&self, instance: InstanceId) -> bool {
        let Place { revision, serial, .. } = *self.instances.place(instance);
        let r = &self.revisions[revision.index()];
        let probability = r.settings.crash.start_probability.0;
        probability > 0.0
            && !self.scenario.without.crash
            && r.fate(Fate::StartCrash, serial, 0).random::<f64>() < probability
    }

    /// An instance is ready: its crash is awaited, where it comes.
    pub(super) fn expect_crash(&mut self, instance: InstanceId) {
        let Place { revision, serial, .. } = *self.instances.place(instance);
        let r = &self.revisions[revision.index()];
        let Some(age) = r.settings.crash.age.as_ref().filter(|_| !self.scenario.without.crash)
        else {
            return;
        };
        let age = age.sample(&mut r.fate(Fate::Age, serial, 0)).max(SHORTEST);
        let serial = self.instances.stay(instance);
        self.push_before_end(self.now + age, Event::Crash { instance, serial });
    }

    /// An instance has taken more requests than its memory suffices for.
    #[cold]
    #[inline(never)]
    pub(super) fn memory_short(&mut self, instance: InstanceId) {
        let place = self.instances.place_mut(instance);
        place.shortages = place.shortages.wrapping_add(1);
        let Place { revision, serial, shortages, .. } = *place;
        let r = &self.revisions[revision.index()];
        let Some(memory) = &r.settings.out_of_memory else { return };
        let lasts = memory.after.sample(&mut r.fate(Fate::Memory, serial, shortages));
        let serial = self.instances.stay(instance);
        let event = Event::OutOfMemory { instance, serial, shortage: shortages };
        self.push_before_end(self.now + lasts, event);
    }

    /// Schedules what is of no interest after the end of the run.
    fn push_before_end(&mut self, at: SimTime, event: Event) {
        if at < self.end {
            self.agenda.push(at.0, event);
        }
    }

    /// An instance crashes, and all that crash now.
    pub(super) fn crash(&mut self, instance: InstanceId, serial: u32, recorder: &mut dyn Recorder) {
        let mut crashed = vec![(instance, serial)];
        let is_same = |event: &Event| matches!(event, Event::Crash { .. });
        while let Some(Event::Crash { instance, serial }) = self.agenda.pop_if(self.now.0, is_same)
        {
            crashed.push((instance, serial));
        }
        crashed.retain(|&(i, serial)| self.instances.is(i, serial));
        let crashed: Vec<InstanceId> = crashed.into_iter().map(|(i, _)| i).collect();
        self.lose(&crashed, EndReason::Crash, Cause::Crash, recorder);
    }

    /// An instance has been short of memory for as long as it lasts, unless its load has fallen
    /// since; so have all whose time is over now.
    pub(super) fn out_of_memory(&mut self, first: Event, recorder: &mut dyn Recorder) {
        let mut short = vec![first];
        let is_same = |event: &Event| matches!(event, Event::OutOfMemory { .. });
        while let Some(event) = self.agenda.pop_if(self.now.0, is_same) {
            short.push(event);
        }
        let mut killed = Vec::new();
        for event in short {
            let Event::OutOfMemory { instance, serial, shortage } = event else { continue };
            let place = self.instances.place(instance);
            let below = self.revisions[place.revision.index()].traffic.memory_below;
            let lasting = place.shortages == shortage && place.load > below + 1;
            if self.instances.is(instance, serial) && lasting {
                killed.push(instance);
            }
        }
        self.lose(&killed, EndReason::OutOfMemory, Cause::OutOfMemory, recorder);
    }

    /// The oldest instances of a service crash: those that have been ready for longest.
    pub(super) fn crash_oldest(
        &mut self,
        service: ServiceId,
        count: u32,
        recorder: &mut dyn Recorder,
    ) {
        if self.scenario.without.crash {
            return;
        }
        let running = self.revisions_of(service).flat_map(|r| r.seats.iter().flatten().copied());
        let mut ready: Vec<(Option<SimTime>, RevisionId, u32, InstanceId)> = running
            .filter(|&i| self.instances.place(i).takes_requests())
            .map(|i| {
                let Place { revision, serial, .. } = *self.instances.place(i);
                (self.instances.life(i).ready_since(), revision, serial, i)
            })
            .collect();
        ready.sort_unstable();
        let oldest: Vec<InstanceId> =
            ready.into_iter().take(count as usize).map(|(.., i)| i).collect();
        self.lose(&oldest, EndReason::Crash, Cause::Crash, recorder);
    }

    /// Running instances are gone at once: the requests on them are aborted, and what is wanted
    /// of them is started anew.
    fn lose(
        &mut self,
        lost: &[InstanceId],
        reason: EndReason,
        cause: Cause,
        recorder: &mut dyn Recorder,
    ) {
        if lost.is_empty() {
            return;
        }
        let mut revisions = Vec::new();
        for &instance in lost {
            let place = self.instances.place_mut(instance);
            let Place { revision, seat, load, state, .. } = *place;
            revisions.push(revision);
            if state == PlaceState::Ready && load > 0 {
                place.state = PlaceState::Draining;
                let r = &mut self.revisions[revision.index()];
                r.step_instances(self.now);
                r.router.remove(seat, load);
                r.ready -= 1;
                r.phases[Phase::Draining as usize] += 1;
            }
        }
        self.abort_requests(lost, Some(cause));
        for &instance in lost {
            self.end_instance(instance, reason, recorder);
        }
        revisions.sort_unstable();
        revisions.dedup();
        for revision in revisions {
            self.touched = revision;
            self.refill(revision);
            let waiting = self.revisions[revision.index()].pending.len();
            if waiting > 0 {
                self.start_on_demand(revision, waiting);
            }
        }
    }
}
