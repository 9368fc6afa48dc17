//! The clock that runs from the detection of a revocation to the stop of all that uses the key.
//!
//! A denial that is not retried detects: by a check, or by a start's call. What a version's state
//! denies concerns the revisions that are bound to that version; a missing permission and a
//! failure of the external manager concern every revision on the key. A success stops the clocks
//! of the revisions bound to its version, and those that were started by a denial under it.

use super::World;
use super::event::Event;
use super::instance::{Life, PlaceState};
use super::keys::Answer;
use crate::ids::{InstanceId, KeyId, RevisionId};
use crate::kernel::EventList;
use crate::record::{ChangeKind, Denial, EndReason, Recorder};
use crate::scenario::{ClockStopsOn, Domain, Revocation, RevocationAction};
use crate::units::SimDuration;

/// The shortest waiting period: time must go on between starts that are denied their key, and
/// stopped for that, at once.
const SHORTEST: SimDuration = SimDuration::from_millis(1);

/// Who made a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A periodic check.
    Check,
    /// A start.
    Start,
    /// A deploy's new data key: its denial fails the deploy and reveals nothing.
    Deploy,
}

/// A revision's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// Whether it runs.
    pub running: bool,
    /// Tells a clock that has been stopped.
    serial: u32,
    /// The key version under which the revocation was detected.
    version: u32,
}

impl<Q: EventList> World<'_, Q> {
    /// What an answer of the key manager teaches the platform: a denial reveals a revocation, a
    /// success that there is none. Answers that may pass and those over quota teach nothing.
    pub(super) fn learn_of_key(
        &mut self,
        key: KeyId,
        version: u32,
        answer: Answer,
        via: Via,
        recorder: &mut dyn Recorder,
    ) {
        match answer {
            Answer::Granted => self.stop_clocks(key, version, via, recorder),
            Answer::Denied(denial, domain) => {
                self.detect_revocation(key, version, denial, via, recorder);
                if domain == Some(Domain::ExternalPermissionDenied) {
                    self.latch(key, version, recorder);
                }
            }
            Answer::OverQuota | Answer::Retryable(_) => {}
        }
    }

    fn detect_revocation(
        &mut self,
        key: KeyId,
        version: u32,
        denial: Denial,
        via: Via,
        recorder: &mut dyn Recorder,
    ) {
        for i in 0..self.watches[key.index()].revisions.len() {
            let revision = self.watches[key.index()].revisions[i];
            let Some(encryption) = self.service_of(revision).encryption.as_ref() else { continue };
            let Revocation { action, waiting_period, detect_on_start, .. } = encryption.revocation;
            let r = &mut self.revisions[revision.index()];
            let concerned = !denial.is_state() || r.key_version == version;
            let detects = match via {
                Via::Check => true,
                Via::Start => detect_on_start,
                Via::Deploy => false,
            };
            if !concerned || !detects {
                continue;
            }
            let marks = &mut self.services[r.service.index()].marks;
            marks.revocation_detected.get_or_insert(self.now);
            let external = denial == Denial::External;
            let shuts_down = action == RevocationAction::ShutDown
                || external && !encryption.revocation.external_follows_action;
            if !shuts_down || r.clock.running {
                continue;
            }
            let serial = r.clock.serial + 1;
            r.clock = Clock { running: true, serial, version };
            let over = self.now + waiting_period.max(SHORTEST);
            self.agenda.push(over.0, Event::WaitingPeriodOver { revision, serial });
            self.state_clock(ChangeKind::ClockStarted, revision, denial.name(), recorder);
        }
    }

    fn stop_clocks(&mut self, key: KeyId, version: u32, via: Via, recorder: &mut dyn Recorder) {
        for i in 0..self.watches[key.index()].revisions.len() {
            let revision = self.watches[key.index()].revisions[i];
            let r = &self.revisions[revision.index()];
            let concerned = r.key_version == version || r.clock.version == version;
            if !r.clock.running || !concerned {
                continue;
            }
            let stops_on = self.service_of(revision).encryption.as_ref();
            let stops = match stops_on.map(|e| e.revocation.clock_stops_on) {
                Some(ClockStopsOn::AnySuccess) => true,
                Some(ClockStopsOn::Check) => via == Via::Check,
                Some(ClockStopsOn::Never) | None => false,
            };
            if stops {
                self.revisions[revision.index()].clock.running = false;
                self.state_clock(ChangeKind::ClockStopped, revision, "", recorder);
            }
        }
    }

    /// The waiting period is over: every instance of the revision is told to stop, starting ones
    /// too.
    pub(super) fn waiting_period_over(
        &mut self,
        revision: RevisionId,
        serial: u32,
        recorder: &mut dyn Recorder,
    ) {
        let clock = &mut self.revisions[revision.index()].clock;
        if clock.serial != serial || !std::mem::take(&mut clock.running) {
            return;
        }
        self.touched = revision;
        self.state_clock(ChangeKind::WaitingPeriodOver, revision, "", recorder);
        let grace = self.service_of(revision).drain_grace;
        let orders: Vec<_> = self.revisions[revision.index()].orders.values().copied().collect();
        for order in orders {
            self.cancel_order(order, EndReason::Revoked, recorder);
        }
        let running: Vec<InstanceId> =
            self.revisions[revision.index()].seats.iter().flatten().copied().collect();
        for instance in running {
            match self.instances.place(instance).state {
                PlaceState::Ready => {
                    self.tell_to_stop(instance, grace, EndReason::Revoked, recorder);
                }
                PlaceState::Draining => self.hurry(instance, grace, EndReason::Revoked),
                PlaceState::Starting | PlaceState::Vacant => {}
            }
        }
        self.refill(revision);
    }

    /// A draining instance that may finish its requests gets the stop signal as well.
    fn hurry(&mut self, instance: InstanceId, grace: SimDuration, reason: EndReason) {
        let serial = self.instances.stay(instance);
        if let Life::Draining(draining) = self.instances.life_mut(instance)
            && draining.reason != reason
        {
            draining.reason = reason;
            self.agenda.push((self.now + grace).0, Event::DrainDeadline { instance, serial });
        }
    }

    fn state_clock(
        &self,
        kind: ChangeKind,
        revision: RevisionId,
        detail: &str,
        recorder: &mut dyn Recorder,
    ) {
        let r = &self.revisions[revision.index()];
        let version = Some(r.key_version);
        self.state_change(kind, &r.name, version, detail, recorder);
    }
}
