//! Periodic checks of a key in use: one dummy encrypt, one dummy decrypt, neither retried.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::World;
use super::event::Event;
use super::keys::{Answer, Asked, Charged, User};
use super::revocation::Via;
use crate::ids::{KeyId, RevisionId};
use crate::kernel::{EventList, Streams};
use crate::record::{CallPurpose, Calls, KeyCall, Purposes, Recorder};
use crate::scenario::{Check, Scenario};
use crate::units::{SimDuration, SimTime};

/// A key as the platform watches it.
#[derive(Debug)]
pub struct Watch {
    /// Revisions whose starts need the key.
    pub revisions: Vec<RevisionId>,
    luck: Xoshiro256PlusPlus,
    /// The check's call on its way.
    pub asked: Option<(CallPurpose, Asked)>,
    /// Calls answered since the end of the warm-up.
    pub calls: Calls,
    /// The same by purpose.
    pub purposes: Purposes,
    /// Calls begun since then.
    pub begun: u64,
}

impl Watch {
    /// A key that no revision uses yet.
    pub fn new(name: &str, streams: &Streams) -> Self {
        Self {
            revisions: Vec::new(),
            luck: streams.get("checks", name),
            asked: None,
            calls: Calls::default(),
            purposes: Purposes::default(),
            begun: 0,
        }
    }

    /// Forgets what was counted before the end of the warm-up.
    pub fn reset_counts(&mut self) {
        self.calls = Calls::default();
        self.purposes = Purposes::default();
        self.begun = 0;
    }
}

/// The checks that a key has.
fn checks(scenario: &Scenario, key: KeyId) -> Option<Check> {
    scenario.keys[key.index()].check
}

impl<Q: EventList> World<'_, Q> {
    /// The first check of each key comes after an even part of the interval: when the platform
    /// began to check is not known.
    pub(super) fn schedule_first_checks(&mut self) {
        for key in (0..self.watches.len()).map(KeyId::at) {
            let watch = &mut self.watches[key.index()];
            if let Some(check) = checks(self.scenario, key)
                && !watch.revisions.is_empty()
            {
                let at = SimTime(watch.luck.random_range(0..=check.interval.0));
                self.agenda.push(at.0, Event::Check { key });
            }
        }
    }

    /// A check is due: it is made where the key is in use, that is where a revision has
    /// instances, start orders or requests.
    pub(super) fn check(&mut self, key: KeyId) {
        let Some(Check { interval, jitter }) = checks(self.scenario, key) else { return };
        let watch = &mut self.watches[key.index()];
        let width = interval.scaled(jitter.0);
        let wait = interval - width + SimDuration(watch.luck.random_range(0..=2 * width.0));
        self.agenda.push((self.now + wait).0, Event::Check { key });
        let in_use = |r: &RevisionId| {
            let r = &self.revisions[r.index()];
            r.alive() > 0 || !r.orders.is_empty() || !r.pending.is_empty()
        };
        if watch.asked.is_none() && watch.revisions.iter().any(in_use) {
            self.ask_check(key, CallPurpose::CheckEncrypt);
        }
    }

    fn ask_check(&mut self, key: KeyId, purpose: CallPurpose) {
        let charged = Charged { operation: purpose.operation(), user: self.checks_of(key) };
        let watch = &mut self.watches[key.index()];
        // Checks know the primary version alone.
        let version = self.keys.key(key).primary();
        let asked = self.keys.ask(self.now, (key, version), charged, &mut watch.luck);
        watch.begun += 1;
        watch.asked = Some((purpose, asked));
        self.agenda.push(asked.answered.0, Event::CheckAnswer { key });
    }

    /// To whom checks of a key are charged: the service that has it to itself. Those of a key that
    /// several share are nobody's own.
    fn checks_of(&self, key: KeyId) -> User {
        let using = &self.watches[key.index()].revisions;
        let mut services = using.iter().map(|r| self.revisions[r.index()].service);
        match services.next() {
            Some(first) if services.all(|service| service == first) => User::Service(first),
            Some(_) | None => User::Checks,
        }
    }

    /// A check's call is answered; the decrypt follows the encrypt whatever its answer.
    pub(super) fn check_answered(&mut self, key: KeyId, recorder: &mut dyn Recorder) {
        let watch = &mut self.watches[key.index()];
        let Some((purpose, mut asked)) = watch.asked.take() else { return };
        let answer = self.keys.settle(&mut asked);
        watch.calls[answer.outcome() as usize] += 1;
        let call = KeyCall {
            begun: asked.begun,
            answered: asked.answered,
            key: &self.scenario.keys[key.index()].name,
            version: asked.version,
            service: None,
            revision: None,
            serial: None,
            purpose,
            attempt: 1,
            outcome: answer.outcome(),
            denial: answer.denial(),
            domain: answer.domain(),
            message: self.keys.said(&asked, answer),
        };
        self.state_check(key, &call, recorder);
        if answer == Answer::Granted {
            self.check_grant(key, asked.version);
        }
        self.learn_of_key(key, asked.version, answer, Via::Check, recorder);
        if purpose == CallPurpose::CheckEncrypt {
            self.ask_check(key, CallPurpose::CheckDecrypt);
        }
    }
}
