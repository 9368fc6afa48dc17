//! Deploys: a new revision encrypts a data key of its own, starts its first instance, and takes
//! traffic when that is ready; otherwise it fails, and the old revision serves on. And what
//! changes of a service in place, without a deploy.

use rand::rngs::Xoshiro256PlusPlus;

use super::World;
use super::autoscaler::Cause;
use super::event::Event;
use super::instance::Call;
use super::keys::{Answer, Charged, User};
use super::revocation::Via;
use crate::ids::{InstanceId, RevisionId, ServiceId};
use crate::kernel::EventList;
use crate::record::{CallPurpose, ChangeKind, EndReason, Failure, KeyCall, Recorder};
use crate::scenario::Deploy;
use crate::units::{SimDuration, SimTime};

/// How far a deploy has come.
#[derive(Clone, Debug)]
pub enum Stage {
    /// Its data key is being encrypted.
    Encrypting(Encrypting),
    /// Its first instance is awaited.
    Starting,
    /// It may take traffic.
    Ready {
        /// Since when.
        at: SimTime,
    },
    /// It never will.
    Failed {
        /// Since when.
        at: SimTime,
        /// Why.
        why: Failure,
    },
}

/// See [`Stage::Encrypting`].
#[derive(Clone, Debug)]
pub struct Encrypting {
    call: Call,
    /// Draws of the call; its starts have their own.
    luck: Xoshiro256PlusPlus,
}

impl<'s, Q: EventList> World<'s, Q> {
    /// A service gets a new revision.
    pub(super) fn deploy(&mut self, deploy: &'s Deploy, recorder: &mut dyn Recorder) {
        let revision = self.add_revision(deploy.service, &deploy.settings);
        let luck = self.streams.get("deploy", &self.revisions[revision.index()].name);
        let r = &mut self.revisions[revision.index()];
        (r.percent, r.rollout) = (deploy.percent, &deploy.rollout);
        if deploy.settings.encryption.is_none() {
            return self.start_revision(revision, recorder);
        }
        let call = Call::new(self.now);
        r.stage = Stage::Encrypting(Encrypting { call, luck });
        self.ask_data_key(revision, recorder);
    }

    /// Sends the next attempt to encrypt a revision's data key.
    fn ask_data_key(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let r = &mut self.revisions[revision.index()];
        let (Stage::Encrypting(encrypting), Some(encryption)) =
            (&mut r.stage, &r.settings.encryption)
        else {
            return;
        };
        let luck = &mut encrypting.luck;
        let charged = Charged {
            operation: CallPurpose::NewDataKey.operation(),
            user: User::Service(r.service),
        };
        let key = (encryption.key, r.key_version);
        let Some(asked) = self.keys.call(self.now, key, charged, luck) else {
            return self.fail_deploy(revision, Failure::KeyOutage, recorder);
        };
        encrypting.call.asked = Some(asked);
        r.calling += 1;
        r.calls_begun += 1;
        self.agenda.push(asked.answered.0, Event::DeployStep { revision });
    }

    /// A deploy's key call is answered, or its wait before another attempt is over.
    pub(super) fn deploy_step(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        self.touched = revision;
        let r = &mut self.revisions[revision.index()];
        let Stage::Encrypting(encrypting) = &mut r.stage else { return };
        let Some(mut asked) = encrypting.call.asked.take() else {
            return self.ask_data_key(revision, recorder);
        };
        let call = encrypting.call;
        let answer = self.keys.settle(&mut asked);
        let again = self.keys.hear(&asked, answer, &call, &mut encrypting.luck);
        r.calling -= 1;
        r.calls[answer.outcome() as usize] += 1;
        let key = &self.scenario.keys[asked.key.index()];
        let call = KeyCall {
            begun: asked.begun,
            answered: asked.answered,
            key: &key.name,
            version: asked.version,
            service: Some(&r.settings.name),
            revision: Some(r.ordinal),
            serial: None,
            purpose: CallPurpose::NewDataKey,
            attempt: call.attempt,
            outcome: answer.outcome(),
            denial: answer.denial(),
            domain: answer.domain(),
            message: self.keys.said(&asked, answer),
        };
        self.state_call(revision, asked.key, &call, recorder);
        if answer == Answer::Granted {
            self.check_grant(asked.key, asked.version);
        }
        self.learn_of_key(asked.key, asked.version, answer, Via::Deploy, recorder);
        match answer {
            Answer::Granted => self.start_revision(revision, recorder),
            Answer::Denied(..) => self.fail_deploy(revision, Failure::KeyDenied, recorder),
            Answer::OverQuota => self.fail_deploy(revision, Failure::KeyQuota, recorder),
            Answer::Retryable(_) => {
                let Some((again, wait)) = again else {
                    return self.fail_deploy(revision, Failure::KeyOutage, recorder);
                };
                let Stage::Encrypting(encrypting) = &mut self.revisions[revision.index()].stage
                else {
                    return;
                };
                encrypting.call.again(wait);
                self.agenda.push(again.0, Event::DeployStep { revision });
            }
        }
    }

    /// A revision has its data key: its first instance starts.
    fn start_revision(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let r = &mut self.revisions[revision.index()];
        r.stage = Stage::Starting;
        let (service, deadline) = (r.service, r.settings.start.deadline);
        self.agenda.push((self.now + deadline).0, Event::DeployDeadline { revision });
        self.decide(revision, Cause::Tick);
        self.start_scaling(revision);
        self.rebalance(service, recorder);
    }

    /// A revision's first instance is ready: it takes its share, unless a younger one has done so.
    pub(super) fn deployed(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let r = &mut self.revisions[revision.index()];
        r.stage = Stage::Ready { at: self.now };
        for (step, part) in r.rollout.iter().enumerate() {
            let step = step as u32;
            self.agenda.push((self.now + part.after).0, Event::Rollout { revision, step });
        }
        let percent = r.percent;
        self.move_traffic(revision, percent, recorder);
    }

    /// A step of a rollout.
    pub(super) fn roll_out(
        &mut self,
        revision: RevisionId,
        step: u32,
        recorder: &mut dyn Recorder,
    ) {
        let percent = self.revisions[revision.index()].rollout[step as usize].percent;
        self.move_traffic(revision, percent, recorder);
    }

    /// Gives a revision its share, unless a younger one has been given one.
    fn move_traffic(&mut self, revision: RevisionId, percent: u32, recorder: &mut dyn Recorder) {
        let service = self.revisions[revision.index()].service;
        let s = &mut self.services[service.index()];
        if s.traffic.shares().iter().all(|&(serving, _)| serving <= revision) {
            s.traffic.give(revision, percent);
            self.rebalance(service, recorder);
        }
    }

    /// A revision has no ready instance in time.
    pub(super) fn deploy_deadline(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        self.touched = revision;
        if matches!(self.revisions[revision.index()].stage, Stage::Starting) {
            self.fail_deploy(revision, Failure::StartDeadline, recorder);
        }
    }

    /// A deploy fails: what it has started is given up.
    fn fail_deploy(&mut self, revision: RevisionId, why: Failure, recorder: &mut dyn Recorder) {
        let r = &mut self.revisions[revision.index()];
        r.stage = Stage::Failed { at: self.now, why };
        let service = r.service;
        let orders: Vec<_> = r.orders.values().copied().collect();
        for order in orders {
            self.cancel_order(order, EndReason::Cancelled, recorder);
        }
        self.rebalance(service, recorder);
    }

    /// Splits a service's traffic anew, where all revisions that are given some can take it.
    pub(super) fn split_traffic(
        &mut self,
        service: ServiceId,
        percents: &[(u32, u32)],
        recorder: &mut dyn Recorder,
    ) {
        let s = &mut self.services[service.index()];
        let shares: Vec<(RevisionId, u32)> = percents
            .iter()
            .filter(|(_, percent)| *percent > 0)
            .filter_map(|&(n, percent)| Some((*s.revisions.get(n as usize - 1)?, percent)))
            .collect();
        let is_ready = |&(id, _): &(RevisionId, u32)| {
            matches!(self.revisions[id.index()].stage, Stage::Ready { .. })
        };
        match shares.iter().find(|share| !is_ready(share)) {
            None => {
                s.traffic.set(shares);
                self.rebalance(service, recorder);
            }
            Some((unready, _)) => {
                let unready = format!("{} is not ready", self.revisions[unready.index()].name);
                let name = &self.scenario.services[service.index()].name;
                self.state_change(ChangeKind::TrafficRefused, name, None, &unready, recorder);
            }
        }
    }

    /// Changes a service's limits in place.
    pub(super) fn change_limits(
        &mut self,
        service: ServiceId,
        change: impl FnOnce(&mut super::service::ServiceLimits),
        recorder: &mut dyn Recorder,
    ) {
        change(&mut self.services[service.index()].limits);
        self.rebalance(service, recorder);
    }

    /// Limits or shares of a service have changed: each revision gets its own, and keeps to it.
    fn rebalance(&mut self, service: ServiceId, recorder: &mut dyn Recorder) {
        self.share_limits(service);
        for i in 0..self.services[service.index()].revisions.len() {
            let revision = self.services[service.index()].revisions[i];
            self.revisions[revision.index()].settle_wanted();
            self.keep_to_limits(revision, recorder);
            self.refill(revision);
            self.name_cause(revision);
            self.look_for_idle(revision);
        }
    }

    /// A maximum has become lower: start orders are given up, those in back-off first and then the
    /// youngest; idle instances stop, then the youngest busy ones when they have finished.
    fn keep_to_limits(&mut self, revision: RevisionId, recorder: &mut dyn Recorder) {
        let most = self.revisions[revision.index()].limits.most();
        loop {
            let r = &self.revisions[revision.index()];
            if r.ready + r.ordered() <= most {
                return;
            }
            if let Some(order) = self.order_to_give_up(revision) {
                self.cancel_order(order, EndReason::Cancelled, recorder);
            } else if let Some(seat) = r.router.longest_idle() {
                self.end_instance(r.seated(seat), EndReason::ScaleIn, recorder);
            } else {
                let serial = |i: &InstanceId| self.instances.place(*i).serial;
                let running = r.seats.iter().flatten().copied();
                let busy = running.filter(|&i| self.instances.place(i).takes_requests());
                let Some(youngest) = busy.max_by_key(serial) else { return };
                let for_ever = SimDuration(u64::MAX);
                self.tell_to_stop(youngest, for_ever, EndReason::ScaleIn, recorder);
            }
        }
    }
}
