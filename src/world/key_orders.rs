//! Orders about keys and permissions: when they have effect, and what is stated of them.

use super::World;
use super::event::Event;
use super::keys::Effect;
use crate::ids::KeyId;
use crate::kernel::EventList;
use crate::record::{BlockKind, Change, ChangeKind, Record, Recorder};
use crate::scenario::{KeyOrder, VersionState};
use crate::units::SimTime;

impl<Q: EventList> World<'_, Q> {
    /// Versions that are scheduled for destruction from the start, and primary ones that are
    /// unusable from the start.
    pub(super) fn begin_key_states(&mut self) {
        for key in (0..self.scenario.keys.len()).map(KeyId::at) {
            for version in 1..=self.keys.key(key).newest() {
                let state = self.keys.key(key).version(version).state;
                if state == VersionState::DestroyScheduled {
                    self.expect_destruction(key, version);
                }
                if version == self.keys.key(key).primary() {
                    self.block_version(key, version, state);
                }
            }
        }
    }

    /// Somebody gives an order about versions of a key; absent: all that can take it.
    pub(super) fn order_key(
        &mut self,
        key: KeyId,
        version: Option<u32>,
        order: KeyOrder,
        recorder: &mut dyn Recorder,
    ) {
        let settings = &self.scenario.keys[key.index()].propagation;
        let mut effect = self.now;
        if matches!(order, KeyOrder::Disable | KeyOrder::Rotate) {
            effect = self.now + self.keys.key_mut(key).disable_delay(settings);
        }
        if order == KeyOrder::Rotate {
            let version = self.keys.key_mut(key).rotate();
            self.agenda.push(effect.0, Event::PrimaryChanged { key, version });
            return self.state_key(ChangeKind::VersionCreated, key, Some(version), "", recorder);
        }
        let all = 1..=self.keys.key(key).newest();
        for version in version.map_or(all, |only| only..=only) {
            self.order_version(key, version, order, effect, recorder);
        }
    }

    fn order_version(
        &mut self,
        key: KeyId,
        version: u32,
        order: KeyOrder,
        effect: SimTime,
        recorder: &mut dyn Recorder,
    ) {
        match self.keys.key_mut(key).version_mut(version).order(order) {
            Effect::None => {}
            Effect::Later { serial } => {
                self.agenda.push(effect.0, Event::KeyDisabled { key, version, serial });
                self.state_key(ChangeKind::DisableOrdered, key, Some(version), "", recorder);
            }
            Effect::Now { changed } => {
                if order == KeyOrder::ScheduleDestruction {
                    self.expect_destruction(key, version);
                }
                if changed {
                    self.version_changed(key, version, recorder);
                }
                let kind = match order {
                    KeyOrder::Enable => ChangeKind::Enabled,
                    KeyOrder::ScheduleDestruction => ChangeKind::DestructionScheduled,
                    KeyOrder::Restore => ChangeKind::Restored,
                    KeyOrder::Destroy => ChangeKind::Destroyed,
                    KeyOrder::Disable | KeyOrder::Rotate => return,
                };
                self.state_key(kind, key, Some(version), "", recorder);
            }
        }
    }

    fn expect_destruction(&mut self, key: KeyId, version: u32) {
        let serial = self.keys.key(key).version(version).serial();
        let at = self.now + self.scenario.keys[key.index()].destroy_scheduled_duration;
        self.agenda.push(at.0, Event::KeyDestroyed { key, version, serial });
    }

    /// A disable or a scheduled destruction takes effect, unless another order came after it.
    pub(super) fn version_reaches(
        &mut self,
        key: KeyId,
        version: u32,
        serial: u32,
        state: VersionState,
        recorder: &mut dyn Recorder,
    ) {
        if self.keys.key_mut(key).version_mut(version).arrive(state, serial) {
            self.version_changed(key, version, recorder);
            let kind = match state {
                VersionState::Destroyed => ChangeKind::Destroyed,
                VersionState::Disabled => ChangeKind::Disabled,
                VersionState::Enabled | VersionState::DestroyScheduled => return,
            };
            self.state_key(kind, key, Some(version), "", recorder);
        }
    }

    /// The platform disables a version whose external manager denies access to it (Cloud KMS
    /// documentation, "Cloud EKM errors"); only an enable brings it back.
    pub(super) fn latch(&mut self, key: KeyId, version: u32, recorder: &mut dyn Recorder) {
        if self.keys.key_mut(key).version_mut(version).latch() {
            self.version_changed(key, version, recorder);
            self.state_key(ChangeKind::Latched, key, Some(version), "", recorder);
        }
    }

    /// A version encrypts from now on.
    pub(super) fn primary_changed(
        &mut self,
        key: KeyId,
        version: u32,
        recorder: &mut dyn Recorder,
    ) {
        if self.keys.key_mut(key).promote(version) {
            self.state_key(ChangeKind::PrimaryChanged, key, Some(version), "", recorder);
        }
    }

    /// A version has another state: one block ends, another may begin.
    fn version_changed(&mut self, key: KeyId, version: u32, recorder: &mut dyn Recorder) {
        self.end_block(BlockKind::KeyState, key.0, Some(version), recorder);
        let state = self.keys.key(key).version(version).state;
        self.block_version(key, version, state);
    }

    fn block_version(&mut self, key: KeyId, version: u32, state: VersionState) {
        let what = match state {
            VersionState::Enabled => return,
            VersionState::Disabled => "disabled",
            VersionState::DestroyScheduled => "scheduled for destruction",
            VersionState::Destroyed => "destroyed",
        };
        if self.keys.key(key).newest() == 1 {
            self.begin_block(BlockKind::KeyState, key.0, Some(version), what);
        } else {
            let what = format!("version {version} {what}");
            self.begin_block(BlockKind::KeyState, key.0, Some(version), &what);
        }
    }

    /// Somebody takes the service agents the permission to use a key, or gives it to them.
    pub(super) fn change_permission(
        &mut self,
        key: KeyId,
        granted: bool,
        recorder: &mut dyn Recorder,
    ) {
        let settings = &self.scenario.keys[key.index()].propagation;
        let state = self.keys.key_mut(key);
        let delay = settings.permission.sample(&mut state.propagation);
        state.permission_wanted = granted;
        state.permission_serial += 1;
        let serial = state.permission_serial;
        self.agenda.push((self.now + delay).0, Event::PermissionChanged { key, serial });
        let kind = match granted {
            true => ChangeKind::PermissionGrantOrdered,
            false => ChangeKind::PermissionRevokeOrdered,
        };
        self.state_permission(kind, key, recorder);
    }

    /// A change of permission takes effect, unless another came after it.
    pub(super) fn permission_changed(
        &mut self,
        key: KeyId,
        serial: u32,
        recorder: &mut dyn Recorder,
    ) {
        let state = self.keys.key_mut(key);
        if state.permission_serial != serial || state.permitted == state.permission_wanted {
            return;
        }
        state.permitted = state.permission_wanted;
        if state.permitted {
            self.end_block(BlockKind::Permission, key.0, None, recorder);
            self.state_permission(ChangeKind::PermissionGranted, key, recorder);
        } else {
            let what = "decrypter permission missing";
            self.begin_block(BlockKind::Permission, key.0, None, what);
            self.state_permission(ChangeKind::PermissionRevoked, key, recorder);
        }
    }

    /// A change of permission concerns the service agents that use the key, each once.
    fn state_permission(&self, kind: ChangeKind, key: KeyId, recorder: &mut dyn Recorder) {
        let users = self.watches[key.index()].revisions.iter();
        let mut agents: Vec<String> = users.map(|&r| self.service_of(r).service_agent()).collect();
        agents.sort_unstable();
        agents.dedup();
        self.state_key(kind, key, None, &agents.join(" "), recorder);
    }

    fn state_key(
        &self,
        kind: ChangeKind,
        key: KeyId,
        version: Option<u32>,
        detail: &str,
        recorder: &mut dyn Recorder,
    ) {
        let subject = &self.scenario.keys[key.index()].name;
        self.state_change(kind, subject, version, detail, recorder);
    }

    /// States a change.
    pub(super) fn state_change(
        &self,
        kind: ChangeKind,
        subject: &str,
        version: Option<u32>,
        detail: &str,
        recorder: &mut dyn Recorder,
    ) {
        let at = self.now;
        recorder.record(Record::Change(&Change { at, kind, subject, version, detail }));
    }
}
