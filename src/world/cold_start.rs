//! The phases of a start, key decryption among them; start orders, and the way back of those
//! that fail.
//!
//! A start order is one wanted instance: it counts toward the limits until an instance is ready
//! or it is cancelled. Each attempt is an instance of its own; a failed one ends, and its order
//! waits before the next. An order draws everything from its own generator, so that nothing that
//! befalls one start changes the luck of another.

use rand::rngs::Xoshiro256PlusPlus;

use super::World;
use super::deploy::Stage;
use super::event::Event;
use super::instance::{
    Allocating, Attempt, BootEnd, Booting, Call, Fetching, Life, Place, PlaceState, Serving,
    Unlocked, Unlocking,
};
use super::keys::{Answer, Asked, Charged, User, retry};
use super::revocation::Via;
use crate::distribution::Distribution;
use crate::ids::{InstanceId, OrderId, RevisionId};
use crate::kernel::EventList;
use crate::record::{CallPurpose, EndReason, KeyCall, Operation, Phase, Recorder};
use crate::scenario::{Service, Start};
use crate::units::{SimDuration, SimTime};

/// The back-off where none is wanted: time must go on between starts that fail at once.
const AT_ONCE: SimDuration = SimDuration::from_millis(1);

/// What holds a start order up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing: it is starting.
    Nothing,
    /// Its last key call was denied.
    KeyDenied,
    /// Its last key call met a failure of the external manager that may pass.
    KeyOutage,
    /// Its last key call was over quota.
    KeyQuota,
    /// Its last attempt failed for another reason, and the next has not begun.
    BackOff,
    /// The limits on starts.
    StartRate,
}

impl Hold {
    /// Number of them.
    pub const COUNT: usize = 6;
}

/// One wanted instance on its way.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its revision.
    pub revision: RevisionId,
    /// Ordinal within the revision.
    pub ordinal: u32,
    /// Ordinal among all of the run: tells an event whose order has ended, and whose place another
    /// has.
    stay: u32,
    /// Attempts begun.
    pub attempts: u32,
    /// What holds it up.
    pub hold: Hold,
    /// Where it is.
    pub progress: Progress,
    luck: Xoshiro256PlusPlus,
}

/// Where a start order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its next attempt waits for the limits on starts.
    Waiting,
    /// An attempt is under way.
    Attempting(InstanceId),
    /// The last attempt failed; the next comes after a wait.
    BackingOff,
    /// The order has ended; its place is free.
    Ended,
}

impl Progress {
    /// Whether it has no attempt under way.
    pub fn is_waiting(self) -> bool {
        match self {
            Self::Waiting | Self::BackingOff => true,
            Self::Attempting(_) | Self::Ended => false,
        }
    }
}

/// The start orders of a world, places reused.
#[derive(Debug, Default)]
pub struct Orders {
    all: Vec<Order>,
    free: Vec<OrderId>,
    /// Orders so far, of all revisions.
    begun: u32,
}

impl Orders {
    /// An order, as long as it lasts.
    pub fn get(&self, id: OrderId) -> &Order {
        &self.all[id.index()]
    }

    fn get_mut(&mut self, id: OrderId) -> &mut Order {
        &mut self.all[id.index()]
    }

    /// Where an order is from now on.
    pub fn set_progress(&mut self, id: OrderId, progress: Progress) {
        self.all[id.index()].progress = progress;
    }

    fn add(&mut self, order: Order) -> OrderId {
        self.begun = self.begun.wrapping_add(1);
        let order = Order { stay: self.begun, ..order };
        if let Some(id) = self.free.pop() {
            self.all[id.index()] = order;
            return id;
        }
        self.all.push(order);
        OrderId::at(self.all.len() - 1)
    }

    fn remove(&mut self, id: OrderId) {
        self.all[id.index()].progress = Progress::Ended;
        self.free.push(id);
    }

    /// All orders end.
    pub fn clear(&mut self) {
        self.all.clear();
        self.free.clear();
        self.begun = 0;
    }
}

impl<'s, Q: EventList> World<'s, Q> {
    /// Orders one more instance.
    pub(super) fn order_start(&mut self, revision: RevisionId) {
        let r = &mut self.revisions[revision.index()];
        let ordinal = r.ordinals;
        r.ordinals += 1;
        let luck = r.luck.nth(ordinal.into());
        let progress = Progress::Waiting;
        let order =
            Order { revision, ordinal, stay: 0, attempts: 0, hold: Hold::Nothing, progress, luck };
        let order = self.orders.add(order);
        r.orders.insert(ordinal, order);
        r.pending.open(ordinal);
        r.held[Hold::Nothing as usize] += 1;
        self.begin_or_wait(order);
    }

    /// Begins the next attempt of an order.
    pub(super) fn begin_attempt(&mut self, id: OrderId) {
        let order = self.orders.get_mut(id);
        let first = order.attempts == 0;
        order.attempts += 1;
        let (revision, number, ordinal) = (order.revision, order.attempts, order.ordinal);
        let r = &mut self.revisions[revision.index()];
        r.step_instances(self.now);
        let place = Place {
            revision,
            serial: r.attempts,
            seat: 0,
            served: 0,
            since: 0,
            load: 0,
            state: PlaceState::Starting,
            idle_timer: false,
            shortages: 0,
        };
        r.attempts += 1;
        r.starts.begun += 1;
        r.gate.pass(self.now, self.zero, first);
        r.meter.active += u32::from(r.is_billed(Some(Phase::Allocating)));
        r.phases[Phase::Allocating as usize] += 1;
        let attempt = Attempt { order: id, ordinal, number, begun: self.now };
        let instance = self.instances.add(place, Life::Allocating(Allocating { attempt }));
        order.progress = Progress::Attempting(instance);
        if matches!(order.hold, Hold::BackOff | Hold::StartRate) {
            self.set_hold(id, Hold::Nothing);
        } else {
            self.name_cause(revision);
        }
        let length = self.phase_length(id, |start| &start.allocate);
        self.step_at(instance, self.now + length);
    }

    /// A failed order's wait is over.
    pub(super) fn restart(&mut self, id: OrderId, stay: u32) {
        let order = self.orders.get(id);
        if order.stay == stay && order.progress == Progress::BackingOff {
            self.touched = order.revision;
            self.revisions[order.revision.index()].backing_off -= 1;
            self.begin_or_wait(id);
        }
    }

    /// A start comes to its next step.
    pub(super) fn start_step(
        &mut self,
        instance: InstanceId,
        serial: u32,
        recorder: &mut dyn Recorder,
    ) {
        if !self.instances.is(instance, serial) {
            return;
        }
        self.touched = self.instances.place(instance).revision;
        match *self.instances.life(instance) {
            Life::Allocating(allocating) => self.allocated(instance, allocating, recorder),
            Life::Unlocking(unlocking) => match unlocking.call.asked {
                Some(asked) => self.key_answered(instance, unlocking, asked, recorder),
                None => self.ask_key(instance, unlocking, recorder),
            },
            Life::Fetching(fetching) => self.fetched(instance, fetching, recorder),
            Life::Booting(booting) => self.booted(instance, booting, recorder),
            Life::Vacant | Life::Serving(_) | Life::Draining(_) => {}
        }
    }

    fn allocated(
        &mut self,
        instance: InstanceId,
        Allocating { attempt }: Allocating,
        recorder: &mut dyn Recorder,
    ) {
        let encryption = self.settings_of(instance).encryption.as_ref();
        if encryption.is_none_or(|e| e.decrypts_per_start == 0) {
            return self.fetch(instance, attempt, None);
        }
        let call = Call::new(self.now);
        let unlocking = Unlocking { attempt, since: self.now, granted: 0, calls: 0, call };
        self.ask_key(instance, unlocking, recorder);
    }

    /// Sends the next attempt of the present key call.
    fn ask_key(
        &mut self,
        instance: InstanceId,
        mut unlocking: Unlocking,
        recorder: &mut dyn Recorder,
    ) {
        let Some(encryption) = self.settings_of(instance).encryption.as_ref() else { return };
        let r = &mut self.revisions[self.instances.place(instance).revision.index()];
        let luck = &mut self.orders.get_mut(unlocking.attempt.order).luck;
        let charged = Charged { operation: Operation::Decrypt, user: User::Service(r.service) };
        let key = (encryption.key, r.key_version);
        let Some(asked) = self.keys.call(self.now, key, charged, luck) else {
            self.live(instance, Life::Unlocking(unlocking));
            return self.fail_start(instance, EndReason::KeyOutage, Hold::KeyOutage, recorder);
        };
        r.calling += 1;
        r.calls_begun += 1;
        unlocking.calls += 1;
        unlocking.call.asked = Some(asked);
        self.live(instance, Life::Unlocking(unlocking));
        self.step_at(instance, asked.answered);
    }

    fn key_answered(
        &mut self,
        instance: InstanceId,
        mut unlocking: Unlocking,
        mut asked: Asked,
        recorder: &mut dyn Recorder,
    ) {
        let answer = self.keys.settle(&mut asked);
        unlocking.call.asked = None;
        self.instances.lives[instance.index()] = Life::Unlocking(unlocking);
        self.state_key_call(instance, &unlocking, &asked, answer, recorder);
        self.learn_of_key(asked.key, asked.version, answer, Via::Start, recorder);
        let order = unlocking.attempt.order;
        let luck = &mut self.orders.get_mut(order).luck;
        let again = self.keys.hear(&asked, answer, &unlocking.call, luck);
        match answer {
            Answer::Granted => {
                self.set_hold(order, Hold::Nothing);
                self.granted(instance, unlocking, recorder);
            }
            Answer::Denied(..) => {
                self.fail_start(instance, EndReason::KeyDenied, Hold::KeyDenied, recorder);
            }
            Answer::OverQuota => {
                let revision = self.instances.place(instance).revision;
                self.revisions[revision.index()].calls_lost += u64::from(unlocking.granted);
                self.fail_start(instance, EndReason::KeyQuota, Hold::KeyQuota, recorder);
            }
            Answer::Retryable(_) => {
                let Some((again, wait)) = again else {
                    return self.fail_start(
                        instance,
                        EndReason::KeyOutage,
                        Hold::KeyOutage,
                        recorder,
                    );
                };
                self.set_hold(order, Hold::KeyOutage);
                unlocking.call.again(wait);
                self.instances.lives[instance.index()] = Life::Unlocking(unlocking);
                self.step_at(instance, again);
            }
        }
    }

    /// A decrypt was granted: on to the next, or to the image.
    fn granted(
        &mut self,
        instance: InstanceId,
        mut unlocking: Unlocking,
        recorder: &mut dyn Recorder,
    ) {
        unlocking.granted += 1;
        let wanted =
            self.settings_of(instance).encryption.as_ref().map_or(0, |e| e.decrypts_per_start);
        if unlocking.granted < wanted {
            unlocking.call = Call::new(self.now);
            return self.ask_key(instance, unlocking, recorder);
        }
        self.leave_unlocking(instance, &unlocking);
        let unlocked = Unlocked { since: unlocking.since, calls: unlocking.calls };
        self.fetch(instance, unlocking.attempt, Some(unlocked));
    }

    /// An attempt is done with its key, or ends for want of it.
    pub(super) fn leave_unlocking(&mut self, instance: InstanceId, unlocking: &Unlocking) {
        let revision = self.instances.place(instance).revision;
        let lives = &mut self.revisions[revision.index()].lives;
        lives.unlocked += 1;
        lives.key_wait += u128::from(self.now.since(unlocking.since).0);
    }

    /// What one attempt of a start's key call came to, counted and stated.
    fn state_key_call(
        &mut self,
        instance: InstanceId,
        unlocking: &Unlocking,
        asked: &Asked,
        answer: Answer,
        recorder: &mut dyn Recorder,
    ) {
        let place = self.instances.place(instance);
        let revision = place.revision;
        let r = &mut self.revisions[revision.index()];
        r.calling -= 1;
        r.calls[answer.outcome() as usize] += 1;
        // The wrapped data key first, then the layers that it opens.
        let purpose = match unlocking.granted {
            0 => CallPurpose::DataKey,
            _ => CallPurpose::Layer,
        };
        let call = KeyCall {
            begun: asked.begun,
            answered: asked.answered,
            key: &self.scenario.keys[asked.key.index()].name,
            version: asked.version,
            service: Some(&r.settings.name),
            revision: Some(r.ordinal),
            serial: Some(place.serial),
            purpose,
            attempt: unlocking.call.attempt,
            outcome: answer.outcome(),
            denial: answer.denial(),
            domain: answer.domain(),
            message: self.keys.said(asked, answer),
        };
        self.state_call(revision, asked.key, &call, recorder);
        if answer == Answer::Granted {
            self.check_grant(asked.key, asked.version);
        }
    }

    /// Begins to fetch the image. From here the start deadline counts; where a phase would pass
    /// it, the phase ends there, too late.
    fn fetch(&mut self, instance: InstanceId, attempt: Attempt, unlocked: Option<Unlocked>) {
        let deadline = self.settings_of(instance).start.deadline;
        let length = self.phase_length(attempt.order, |start| &start.fetch);
        let length = self.slowed(instance, length);
        let too_late = length > deadline;
        let until = self.now + length.min(deadline);
        let fetching = Fetching { attempt, unlocked, since: self.now, too_late };
        self.live(instance, Life::Fetching(fetching));
        self.step_at(instance, until);
    }

    fn fetched(&mut self, instance: InstanceId, fetched: Fetching, recorder: &mut dyn Recorder) {
        if fetched.too_late {
            return self.fail_start(instance, EndReason::StartDeadline, Hold::BackOff, recorder);
        }
        let length = self.phase_length(fetched.attempt.order, |start| &start.boot);
        let start = &self.settings_of(instance).start;
        let length = start.boosted(self.slowed(instance, length));
        let (length, end) = match start.probe.filter(|_| !self.scenario.without.starting) {
            _ if self.crashes_at_start(instance) => (length, BootEnd::Crashed),
            None => (length, BootEnd::Ready),
            Some(probe) => match probe.sees(length) {
                Some(seen) => (seen, BootEnd::Ready),
                None => (probe.patience(), BootEnd::Unseen),
            },
        };
        let deadline = fetched.since + start.deadline;
        let ends = self.now + length;
        let end = if ends > deadline { BootEnd::TooLate } else { end };
        let booting = Booting { fetched, since: self.now, end };
        self.live(instance, Life::Booting(booting));
        self.step_at(instance, ends.min(deadline));
    }

    /// The length of a phase while other starts of the revision are under way.
    fn slowed(&self, instance: InstanceId, length: SimDuration) -> SimDuration {
        let r = &self.revisions[self.instances.place(instance).revision.index()];
        let slow_down = r.settings.start.slow_down;
        match slow_down > 0.0 {
            true => length.scaled(1.0 + slow_down * f64::from(r.starting() - 1)),
            false => length,
        }
    }

    fn booted(&mut self, instance: InstanceId, booted: Booting, recorder: &mut dyn Recorder) {
        let failed = match booted.end {
            BootEnd::Ready => None,
            BootEnd::TooLate => Some(EndReason::StartDeadline),
            BootEnd::Unseen => Some(EndReason::StartupProbe),
            BootEnd::Crashed => Some(EndReason::Crash),
        };
        if let Some(reason) = failed {
            return self.fail_start(instance, reason, Hold::BackOff, recorder);
        }
        let Attempt { order, begun, .. } = booted.fetched.attempt;
        let revision = self.orders.get(order).revision;
        self.end_order(order);
        let serving = Serving { booted: Some(booted), since: self.now };
        self.live(instance, Life::Serving(serving));
        let r = &mut self.revisions[revision.index()];
        r.starts.ready += 1;
        r.milestones.last_ready = Some(self.now);
        r.learn(self.now.since(begun));
        self.make_ready(instance);
        if matches!(self.revisions[revision.index()].stage, Stage::Starting) {
            self.deployed(revision, recorder);
        }
        self.begin_waiting(revision);
    }

    /// An instance takes requests from now on: those that wait first.
    pub(super) fn make_ready(&mut self, instance: InstanceId) {
        let place = self.instances.place_mut(instance);
        let revision = place.revision;
        let r = &mut self.revisions[revision.index()];
        place.state = PlaceState::Ready;
        place.seat = r.sit(instance);
        r.router.add(place.seat, place.serial);
        r.ready += 1;
        let service = r.service;
        self.services[service.index()].ready_max =
            self.services[service.index()].ready_max.max(self.ready(service));
        self.bill_start(instance);
        self.expect_crash(instance);
        self.name_cause(revision);
        self.serve_bound(revision, instance);
        self.feed(revision);
        if self.instances.place(instance).load == 0 {
            self.becomes_idle(instance);
        }
        self.set_pending_timer(revision);
        self.look_for_idle(revision);
    }

    /// An attempt failed: its order waits before the next.
    fn fail_start(
        &mut self,
        instance: InstanceId,
        reason: EndReason,
        hold: Hold,
        recorder: &mut dyn Recorder,
    ) {
        let Some(Attempt { order: id, .. }) = self.instances.life(instance).story().attempt else {
            return;
        };
        let revision = self.instances.place(instance).revision;
        let r = &mut self.revisions[revision.index()];
        r.starts.failed += 1;
        r.backing_off += 1;
        self.end_instance(instance, reason, recorder);
        let Start { back_off, jitter, .. } = &self.service_of(revision).start;
        let order = self.orders.get_mut(id);
        order.progress = Progress::BackingOff;
        let drawn = match jitter {
            true => retry::wait(back_off, order.attempts, &mut order.luck),
            false => retry::ceiling(back_off, order.attempts),
        };
        let at_once = self.scenario.without.start_backoff && hold == Hold::BackOff;
        let (wait, hold) = if at_once { (AT_ONCE, Hold::Nothing) } else { (drawn, hold) };
        let serial = order.stay;
        self.set_hold(id, hold);
        self.agenda.push((self.now + wait).0, Event::Restart { order: id, serial });
    }

    /// Gives an order up, with the attempt that is under way.
    pub(super) fn cancel_order(
        &mut self,
        id: OrderId,
        reason: EndReason,
        recorder: &mut dyn Recorder,
    ) {
        let Order { revision, progress, ordinal, .. } = *self.orders.get(id);
        if let Progress::Attempting(instance) = progress {
            self.revisions[revision.index()].starts.cancelled += 1;
            self.end_instance(instance, reason, recorder);
        }
        self.end_order(id);
        self.release_bound(revision, ordinal);
    }

    /// Takes an order off its revision's list.
    fn end_order(&mut self, id: OrderId) {
        let order = self.orders.get(id);
        let r = &mut self.revisions[order.revision.index()];
        r.held[order.hold as usize] -= 1;
        match order.progress {
            Progress::Waiting => r.gate.leave(order.ordinal),
            Progress::BackingOff => r.backing_off -= 1,
            Progress::Attempting(_) | Progress::Ended => {}
        }
        r.gate.admitted -= u32::from(order.attempts > 0);
        r.orders.remove(&order.ordinal);
        let revision = order.revision;
        self.orders.remove(id);
        self.name_cause(revision);
    }

    pub(super) fn set_hold(&mut self, id: OrderId, hold: Hold) {
        let order = self.orders.get_mut(id);
        let revision = order.revision;
        let r = &mut self.revisions[revision.index()];
        r.held[order.hold as usize] -= 1;
        r.held[hold as usize] += 1;
        order.hold = hold;
        self.name_cause(revision);
    }

    /// Tells the blame which cause holds now.
    pub(super) fn name_cause(&mut self, revision: RevisionId) {
        let r = &mut self.revisions[revision.index()];
        let oldest = r.pending.oldest_segment();
        r.blame.change(self.now.0, r.cause(), oldest);
    }

    /// Moves an instance to the next state of its life and counts its phase.
    pub(super) fn live(&mut self, instance: InstanceId, life: Life) {
        let revision = self.instances.place(instance).revision;
        let before = self.instances.life(instance).start_phase();
        let after = life.start_phase();
        *self.instances.life_mut(instance) = life;
        if before == after {
            return;
        }
        let r = &mut self.revisions[revision.index()];
        r.step_instances(self.now);
        if !r.is_billed(before) && r.is_billed(after) {
            r.meter.active += 1;
        }
        if let Some(phase) = before {
            r.phases[phase as usize] -= 1;
        }
        if let Some(phase) = after {
            r.phases[phase as usize] += 1;
        }
    }

    /// Draws the length of a phase of a start.
    fn phase_length(
        &mut self,
        order: OrderId,
        phase: impl FnOnce(&'s Start) -> &'s Distribution,
    ) -> SimDuration {
        let order = self.orders.get_mut(order);
        let settings = self.revisions[order.revision.index()].settings;
        let length = phase(&settings.start).sample(&mut order.luck);
        if self.scenario.without.starting { SimDuration::ZERO } else { length }
    }

    fn step_at(&mut self, instance: InstanceId, at: SimTime) {
        let serial = self.instances.stay(instance);
        self.agenda.push(at.0, Event::Step { instance, serial });
    }

    /// The settings of an instance's service.
    fn settings_of(&self, instance: InstanceId) -> &'s Service {
        self.service_of(self.instances.place(instance).revision)
    }
}
