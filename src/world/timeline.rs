//! What happens at an instant: keys, permissions, outages, quotas, load; and the blocks, the
//! times in which a key could not be used as before.

use super::World;
use super::event::Event;
use super::keys::{Outage, State};
use super::report::keys_of;
use crate::ids::{KeyId, QuotaId, ServiceId, SourceId};
use crate::kernel::EventList;
use crate::record::{Block, BlockKind, Record, Recorder};
use crate::scenario::{Action, Scenario};
use crate::units::SimTime;

/// A block under way.
#[derive(Clone, Debug)]
pub struct OpenBlock {
    kind: BlockKind,
    /// The key's, manager's or quota's position.
    subject: u32,
    detail: String,
    from: SimTime,
}

impl<Q: EventList> World<'_, Q> {
    /// Has the agenda begin and take back every entry.
    pub(super) fn schedule_timeline(&mut self) {
        for (i, entry) in self.scenario.timeline.iter().enumerate() {
            let entry_number = i as u32;
            let at = self.zero + entry.at;
            self.agenda.push(at.0, Event::Timeline { entry: entry_number, over: false });
            if let Some(until) = entry.until {
                let until = self.zero + until;
                self.agenda.push(until.0, Event::Timeline { entry: entry_number, over: true });
            }
        }
    }

    /// An entry begins, or is taken back.
    pub(super) fn happen(&mut self, entry: u32, over: bool, recorder: &mut dyn Recorder) {
        let scenario = self.scenario;
        let entry = &scenario.timeline[entry as usize];
        match entry.action {
            Action::KeyDisable { key } if over => self.enable(key, recorder),
            Action::KeyDisable { key } => self.disable(key),
            Action::KeyEnable { key } => self.enable(key, recorder),
            Action::KeyDestroy { key } => self.destroy(key, recorder),
            Action::PermissionRevoke { key } => self.change_permission(key, over),
            Action::PermissionGrant { key } => self.change_permission(key, true),
            Action::ExternalOutage { manager, domain, .. } => {
                let kind = match domain.retryable() {
                    true => BlockKind::OutageRetryable,
                    false => BlockKind::OutageNotRetryable,
                };
                if over {
                    self.keys.set_outage(manager, None);
                    self.end_block(kind, manager.0, recorder);
                } else {
                    let until = entry.until.map_or(SimTime::NEVER, |u| self.zero + u);
                    self.keys.set_outage(manager, Some(Outage { domain, until }));
                    self.begin_block(kind, manager.0, domain.name());
                }
            }
            Action::QuotaSet { quota, limit } => self.set_quota(quota, limit, over, recorder),
            Action::LoadStep { service, factor } => {
                self.step_load(service, if over { 1.0 } else { factor.0 });
            }
            Action::Deploy(ref deploy) => self.deploy(deploy, recorder),
            Action::TrafficSet { service, ref percents } => {
                self.split_traffic(service, percents, recorder);
            }
            Action::MinInstancesSet { service, instances } => {
                let usual = scenario.services[service.index()].min_instances;
                let min = if over { usual } else { instances };
                self.change_limits(service, |limits| limits.min = min, recorder);
            }
            Action::MaxInstancesSet { service, instances } => {
                let usual = scenario.services[service.index()].max_instances;
                let max = if over { usual } else { instances };
                self.change_limits(service, |limits| limits.max = max, recorder);
            }
            Action::ScalingModeSet { service, manual } => {
                let manual = manual.filter(|_| !over);
                self.change_limits(service, |limits| limits.manual = manual, recorder);
            }
        }
    }

    fn disable(&mut self, key: KeyId) {
        let settings = &self.scenario.keys[key.index()];
        let state = self.keys.key_mut(key);
        let delay = settings.disable_propagation.sample(&mut state.propagation);
        state.state_serial += 1;
        let serial = state.state_serial;
        self.agenda.push((self.now + delay).0, Event::KeyDisabled { key, serial });
    }

    /// A disable takes effect, unless another order about the state came after it.
    pub(super) fn key_disabled(&mut self, key: KeyId, serial: u32) {
        let state = self.keys.key_mut(key);
        if state.state_serial == serial && state.state == State::Enabled {
            state.state = State::Disabled;
            self.begin_block(BlockKind::KeyState, key.0, "disabled");
        }
    }

    fn enable(&mut self, key: KeyId, recorder: &mut dyn Recorder) {
        let state = self.keys.key_mut(key);
        state.state_serial += 1;
        if state.state == State::Disabled {
            state.state = State::Enabled;
            self.end_block(BlockKind::KeyState, key.0, recorder);
        }
    }

    fn destroy(&mut self, key: KeyId, recorder: &mut dyn Recorder) {
        let state = self.keys.key_mut(key);
        state.state_serial += 1;
        let before = std::mem::replace(&mut state.state, State::Destroyed);
        if before == State::Disabled {
            self.end_block(BlockKind::KeyState, key.0, recorder);
        }
        if before != State::Destroyed {
            self.begin_block(BlockKind::KeyState, key.0, "destroyed");
        }
    }

    fn change_permission(&mut self, key: KeyId, granted: bool) {
        let settings = &self.scenario.keys[key.index()];
        let state = self.keys.key_mut(key);
        let delay = settings.permission_propagation.sample(&mut state.propagation);
        state.permission_wanted = granted;
        state.permission_serial += 1;
        let serial = state.permission_serial;
        self.agenda.push((self.now + delay).0, Event::PermissionChanged { key, serial });
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
            self.end_block(BlockKind::Permission, key.0, recorder);
        } else {
            self.begin_block(BlockKind::Permission, key.0, "decrypter permission missing");
        }
    }

    fn set_quota(&mut self, quota: QuotaId, limit: u32, over: bool, recorder: &mut dyn Recorder) {
        let usual = self.scenario.quotas[quota.index()].limit;
        let limit = if over { usual } else { limit };
        self.keys.quota_mut(quota).set_limit(limit);
        self.end_block(BlockKind::Quota, quota.0, recorder);
        if limit < usual {
            self.begin_block(BlockKind::Quota, quota.0, &format!("{limit}/s"));
        }
    }

    fn step_load(&mut self, service: ServiceId, factor: f64) {
        for source in (0..self.sources.len()).map(SourceId::at) {
            let s = &mut self.sources[source.index()];
            if s.service == service
                && let Some(next) = s.set_factor(self.now, factor)
            {
                self.move_arrival(source, next);
            }
        }
    }

    /// A source's next arrival comes at another time than was expected.
    fn move_arrival(&mut self, source: SourceId, next: SimTime) {
        if !self.arrivals_beside {
            let mut gone = std::mem::take(&mut self.scratch);
            let is_it = |e: &crate::kernel::Entry| {
                e.rank() == super::event::ARRIVAL && e.payload() == source.0
            };
            self.schedule.extract(is_it, &mut gone);
            gone.clear();
            self.scratch = gone;
        }
        self.expect_arrival(source.0, next);
    }

    /// A key can not be used as before from now on.
    pub(super) fn begin_block(&mut self, kind: BlockKind, subject: u32, detail: &str) {
        let detail = detail.to_owned();
        self.blocks.push(OpenBlock { kind, subject, detail, from: self.now });
        for i in 0..self.services.len() {
            let keys = keys_of(&self.services[i].revisions, &self.revisions);
            if keys.iter().any(|key| touches(self.scenario, kind, subject, *key)) {
                self.services[i].marks.first_block.get_or_insert(self.now);
            }
        }
    }

    /// That is over.
    fn end_block(&mut self, kind: BlockKind, subject: u32, recorder: &mut dyn Recorder) {
        let is_it = |b: &OpenBlock| b.kind == kind && b.subject == subject;
        if let Some(i) = self.blocks.iter().position(is_it) {
            let block = self.blocks.remove(i);
            self.state_block(&block, Some(self.now), recorder);
        }
    }

    /// States a block.
    pub(super) fn state_block(
        &self,
        block: &OpenBlock,
        until: Option<SimTime>,
        recorder: &mut dyn Recorder,
    ) {
        let subject = block.subject as usize;
        let subject = match block.kind {
            BlockKind::OutageRetryable | BlockKind::OutageNotRetryable => {
                &self.scenario.external_managers[subject].name
            }
            BlockKind::KeyState | BlockKind::Permission => &self.scenario.keys[subject].name,
            BlockKind::Quota => &self.scenario.quotas[subject].name,
        };
        let OpenBlock { kind, ref detail, from, .. } = *block;
        recorder.record(Record::Block(&Block { kind, subject, detail, from, until }));
    }
}

/// Whether a block concerns a key.
fn touches(scenario: &Scenario, kind: BlockKind, subject: u32, key: KeyId) -> bool {
    let settings = &scenario.keys[key.index()];
    match kind {
        BlockKind::OutageRetryable | BlockKind::OutageNotRetryable => {
            settings.manager.is_some_and(|m| m.0 == subject)
        }
        BlockKind::KeyState | BlockKind::Permission => key.0 == subject,
        BlockKind::Quota => settings.quota.is_some_and(|q| q.0 == subject),
    }
}
