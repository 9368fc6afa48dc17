//! What befalls external managers: outages, of the timeline or drawn, and brownouts.

use super::World;
use super::event::Event;
use super::keys::{Brownout, Failure, Outage, Said};
use crate::ids::ManagerId;
use crate::kernel::EventList;
use crate::record::{BlockKind, ChangeKind, Recorder};
use crate::scenario::{Action, Domain, Flapping};
use crate::units::{SimDuration, SimTime};

/// No time to a failure or a repair is shorter, so that time goes on.
const SHORTEST: SimDuration = SimDuration::from_millis(1);

impl<Q: EventList> World<'_, Q> {
    /// Has the agenda begin the first outage of each manager that draws them.
    pub(super) fn schedule_first_outages(&mut self) {
        for manager in (0..self.scenario.external_managers.len()).map(ManagerId::at) {
            self.expect_failure(manager);
        }
    }

    fn expect_failure(&mut self, manager: ManagerId) {
        let settings = &self.scenario.external_managers[manager.index()];
        if let Some(outages) = &settings.outages {
            let luck = &mut self.keys.manager_mut(manager).renewals;
            let wait = outages.time_to_failure.sample(luck).max(SHORTEST);
            self.agenda.push((self.now + wait).0, Event::ManagerFails { manager });
        }
    }

    /// A manager fails by a draw, which tells when it is repaired as well.
    pub(super) fn manager_fails(&mut self, manager: ManagerId, recorder: &mut dyn Recorder) {
        let settings = &self.scenario.external_managers[manager.index()];
        let failure = self.keys.drawn_failure(manager);
        let Some((outages, failure)) = settings.outages.as_ref().zip(failure) else { return };
        let state = self.keys.manager_mut(manager);
        let wait = outages.time_to_repair.sample(&mut state.renewals).max(SHORTEST);
        let until = self.now + wait;
        let overlaid = state.outage.is_some();
        state.drawn = Some(Outage { failure, until });
        self.agenda.push(until.0, Event::ManagerRepaired { manager });
        if !overlaid {
            self.outage_began(manager, failure.domain, recorder);
        }
    }

    /// A manager that failed by a draw is repaired.
    pub(super) fn manager_repaired(&mut self, manager: ManagerId, recorder: &mut dyn Recorder) {
        let state = self.keys.manager_mut(manager);
        let drawn = state.drawn.take();
        if let Some(Outage { failure, .. }) = drawn.filter(|_| state.outage.is_none()) {
            self.outage_ended(manager, failure.domain, recorder);
        }
        self.expect_failure(manager);
    }

    /// An outage of the timeline begins, or is over.
    pub(super) fn timeline_outage(
        &mut self,
        entry: usize,
        manager: ManagerId,
        over: bool,
        recorder: &mut dyn Recorder,
    ) {
        if over {
            self.end_timeline_outage(manager, recorder);
        } else {
            self.flap(entry, recorder);
        }
    }

    /// A manager goes away by the timeline, or is back for a while before it goes away again.
    pub(super) fn flap(&mut self, entry: usize, recorder: &mut dyn Recorder) {
        let scenario = self.scenario;
        let at = &scenario.timeline[entry];
        let end = at.until.map_or(SimTime::NEVER, |until| self.zero + until);
        let Action::ExternalOutage { manager, domain, flapping, .. } = at.action else { return };
        if self.now >= end {
            return;
        }
        if self.keys.manager_mut(manager).outage.is_some() {
            self.end_timeline_outage(manager, recorder);
            if let Some(Flapping { up, .. }) = flapping {
                self.expect_flap(entry, up);
            }
            return;
        }
        let mut until = end;
        if let Some(Flapping { down, .. }) = flapping {
            until = end.min(self.now + down);
            self.expect_flap(entry, down);
        }
        let state = self.keys.manager_mut(manager);
        let failure = Failure { domain, said: Said::entry(entry) };
        let drawn = state.drawn;
        state.outage = Some(Outage { failure, until });
        if let Some(drawn) = drawn {
            self.outage_ended(manager, drawn.failure.domain, recorder);
        }
        self.outage_began(manager, domain, recorder);
    }

    fn expect_flap(&mut self, entry: usize, after: SimDuration) {
        self.agenda.push((self.now + after).0, Event::Flap { entry: entry as u32 });
    }

    fn end_timeline_outage(&mut self, manager: ManagerId, recorder: &mut dyn Recorder) {
        let state = self.keys.manager_mut(manager);
        let (over, drawn) = (state.outage.take(), state.drawn);
        if let Some(outage) = over {
            self.outage_ended(manager, outage.failure.domain, recorder);
            if let Some(drawn) = drawn {
                self.outage_began(manager, drawn.failure.domain, recorder);
            }
        }
    }

    /// A manager is slow and fails a share of its calls, or that is over.
    pub(super) fn brown_out(
        &mut self,
        entry: usize,
        manager: ManagerId,
        over: bool,
        recorder: &mut dyn Recorder,
    ) {
        let scenario = self.scenario;
        let Action::ExternalBrownout { latency_factor, error_share, domain, .. } =
            scenario.timeline[entry].action
        else {
            return;
        };
        let what =
            format!("latency x {}, {} of {}", latency_factor.0, error_share.0, domain.name());
        let name = &scenario.external_managers[manager.index()].name;
        if over {
            self.keys.manager_mut(manager).brownout = None;
            self.end_block(BlockKind::Brownout, manager.0, None, recorder);
            self.state_change(ChangeKind::BrownoutEnded, name, None, &what, recorder);
        } else {
            let failure = Failure { domain, said: Said::entry(entry) };
            let brownout = Brownout { latency_factor, error_share, failure };
            self.keys.manager_mut(manager).brownout = Some(brownout);
            self.begin_block(BlockKind::Brownout, manager.0, None, &what);
            self.state_change(ChangeKind::BrownoutBegan, name, None, &what, recorder);
        }
    }

    fn outage_began(&mut self, manager: ManagerId, domain: Domain, recorder: &mut dyn Recorder) {
        let settings = &self.scenario.external_managers[manager.index()];
        self.begin_block(block(settings.retryable(domain)), manager.0, None, domain.name());
        self.state_change(ChangeKind::OutageBegan, &settings.name, None, domain.name(), recorder);
    }

    fn outage_ended(&mut self, manager: ManagerId, domain: Domain, recorder: &mut dyn Recorder) {
        let settings = &self.scenario.external_managers[manager.index()];
        self.end_block(block(settings.retryable(domain)), manager.0, None, recorder);
        self.state_change(ChangeKind::OutageEnded, &settings.name, None, domain.name(), recorder);
    }
}

fn block(retryable: bool) -> BlockKind {
    if retryable { BlockKind::OutageRetryable } else { BlockKind::OutageNotRetryable }
}
