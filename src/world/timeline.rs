//! What happens at an instant: keys, permissions, outages, quotas, load; and the blocks, the
//! times in which a key could not be used as before.

use super::World;
use super::event::Event;
use super::revision::Revision;
use crate::ids::{QuotaId, ServiceId, SourceId};
use crate::kernel::EventList;
use crate::record::{Block, BlockKind, ChangeKind, Record, Recorder, Ride};
use crate::scenario::{Action, Scenario};
use crate::units::SimTime;

/// A block under way.
#[derive(Clone, Debug)]
pub struct OpenBlock {
    kind: BlockKind,
    /// The key's, manager's or quota's position.
    subject: u32,
    /// The key version, where it is one's state.
    version: Option<u32>,
    detail: String,
    from: SimTime,
    rides: Vec<OpenRide>,
}

/// A service through a block under way.
#[derive(Clone, Copy, Debug)]
struct OpenRide {
    service: ServiceId,
    /// Requests that waited when the block began.
    pending: u64,
    /// Instances that were ready then.
    ready: u64,
    first_failure: Option<SimTime>,
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
        let number = entry as usize;
        let entry = &scenario.timeline[number];
        match entry.action {
            Action::Key { key, version, order } => {
                let order = if over { order.taken_back() } else { Some(order) };
                if let Some(order) = order {
                    self.order_key(key, version, order, recorder);
                }
            }
            Action::PermissionRevoke { key } => self.change_permission(key, over, recorder),
            Action::PermissionGrant { key } => self.change_permission(key, true, recorder),
            Action::ExternalOutage { manager, .. } => {
                self.timeline_outage(number, manager, over, recorder);
            }
            Action::ExternalBrownout { manager, .. } => {
                self.brown_out(number, manager, over, recorder);
            }
            Action::QuotaSet { quota, limit } => self.set_quota(quota, limit, over, recorder),
            Action::BackgroundStep { quota, factor } => {
                let factor = if over { 1.0 } else { factor.0 };
                self.keys.quota_mut(quota).step_background(self.now, factor);
            }
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
            Action::InstanceCrash { service, instances } => {
                self.crash_oldest(service, instances, recorder);
            }
            Action::ScalingModeSet { service, manual } => {
                let manual = manual.filter(|_| !over);
                self.change_limits(service, |limits| limits.manual = manual, recorder);
            }
        }
    }

    fn set_quota(&mut self, quota: QuotaId, limit: u32, over: bool, recorder: &mut dyn Recorder) {
        let usual = self.scenario.quotas[quota.index()].limit;
        let limit = if over { usual } else { limit };
        self.keys.quota_mut(quota).set_limit(self.now, limit);
        self.end_block(BlockKind::Quota, quota.0, None, recorder);
        let said = format!("{limit}/s");
        let name = &self.scenario.quotas[quota.index()].name;
        self.state_change(ChangeKind::QuotaSet, name, None, &said, recorder);
        if limit < usual {
            self.begin_block(BlockKind::Quota, quota.0, None, &said);
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
    pub(super) fn begin_block(
        &mut self,
        kind: BlockKind,
        subject: u32,
        version: Option<u32>,
        detail: &str,
    ) {
        let mut rides = Vec::new();
        for service in (0..self.services.len()).map(ServiceId::at) {
            let touched = |r: &Revision<'_>| touches(self.scenario, kind, subject, version, r);
            if self.revisions_of(service).any(touched) {
                let pending = self.revisions_of(service).map(|r| r.pending.len() as u64).sum();
                let ready = self.revisions_of(service).map(|r| u64::from(r.ready)).sum();
                rides.push(OpenRide { service, pending, ready, first_failure: None });
                let s = &mut self.services[service.index()];
                s.marks.first_block.get_or_insert(self.now);
                s.riding += 1;
            }
        }
        let detail = detail.to_owned();
        self.blocks.push(OpenBlock { kind, subject, version, detail, from: self.now, rides });
    }

    /// The first failure of a service for want of a key ends each of its rides.
    pub(super) fn end_rides(&mut self, service: ServiceId) {
        let rides = self.blocks.iter_mut().flat_map(|block| &mut block.rides);
        for ride in rides.filter(|ride| ride.service == service) {
            ride.first_failure.get_or_insert(self.now);
        }
        self.services[service.index()].riding = 0;
    }

    /// That is over.
    pub(super) fn end_block(
        &mut self,
        kind: BlockKind,
        subject: u32,
        version: Option<u32>,
        recorder: &mut dyn Recorder,
    ) {
        let is_it = |b: &OpenBlock| b.kind == kind && b.subject == subject && b.version == version;
        if let Some(i) = self.blocks.iter().position(is_it) {
            let block = self.blocks.remove(i);
            for ride in block.rides.iter().filter(|ride| ride.first_failure.is_none()) {
                self.services[ride.service.index()].riding -= 1;
            }
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
            BlockKind::OutageRetryable | BlockKind::OutageNotRetryable | BlockKind::Brownout => {
                &self.scenario.external_managers[subject].name
            }
            BlockKind::KeyState | BlockKind::Permission => &self.scenario.keys[subject].name,
            BlockKind::Quota => &self.scenario.quotas[subject].name,
        };
        let OpenBlock { kind, ref detail, from, .. } = *block;
        let ride = |ride: &OpenRide| Ride {
            service: &self.scenario.services[ride.service.index()].name,
            pending: ride.pending,
            ready: ride.ready,
            first_failure: ride.first_failure,
        };
        let rides: Vec<Ride<'_>> = block.rides.iter().map(ride).collect();
        recorder.record(Record::Block(&Block {
            kind,
            subject,
            detail,
            from,
            until,
            rides: &rides,
        }));
    }
}

/// Whether a block concerns the key of a revision, under the version that it is bound to.
fn touches(
    scenario: &Scenario,
    kind: BlockKind,
    subject: u32,
    version: Option<u32>,
    revision: &Revision<'_>,
) -> bool {
    let Some(encryption) = &revision.settings.encryption else { return false };
    let key = encryption.key;
    let settings = &scenario.keys[key.index()];
    match kind {
        BlockKind::OutageRetryable | BlockKind::OutageNotRetryable | BlockKind::Brownout => {
            settings.manager.is_some_and(|m| m.0 == subject)
        }
        BlockKind::KeyState | BlockKind::Permission => {
            key.0 == subject && version.is_none_or(|v| v == revision.key_version)
        }
        BlockKind::Quota => settings.quota.is_some_and(|q| q.0 == subject),
    }
}
