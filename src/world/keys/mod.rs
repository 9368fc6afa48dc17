//! The key manager: grants, denies, or does not answer. It knows no instance.
//!
//! A call is asked and settled: permission, key state, quota and backend decide when it is asked,
//! in this order, the first that says no; a grant on its way is still lost when the key becomes
//! unusable or the manager goes away before the answer is there. So no call succeeds while its
//! key is unusable.

mod caller;
mod external;
mod key;
mod quota;
pub mod retry;

use rand::rngs::Xoshiro256PlusPlus;

use caller::Caller;
pub use external::Outage;
pub use key::{Effect, KeyState};
pub use quota::Meter;

use super::instance::Call;
use crate::ids::{KeyId, ManagerId, QuotaId};
use crate::kernel::Streams;
use crate::record::{CallOutcome, Denial};
use crate::scenario::{Domain, Scenario};
use crate::units::{SimDuration, SimTime};

/// What an attempt of a key call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Granted.
    Granted,
    /// Denied: trying again at once is of no use.
    Denied(Denial, Option<Domain>),
    /// Over quota.
    OverQuota,
    /// The external manager failed in a way that may pass.
    Retryable(Domain),
}

impl Answer {
    /// The outcome as it is recorded.
    pub fn outcome(self) -> CallOutcome {
        match self {
            Self::Granted => CallOutcome::Ok,
            Self::Denied(..) => CallOutcome::Denied,
            Self::OverQuota => CallOutcome::Quota,
            Self::Retryable(Domain::Timeout) => CallOutcome::Timeout,
            Self::Retryable(_) => CallOutcome::Retryable,
        }
    }

    /// Why it was denied.
    pub fn denial(self) -> Option<Denial> {
        match self {
            Self::Denied(denial, _) => Some(denial),
            Self::Granted | Self::OverQuota | Self::Retryable(_) => None,
        }
    }

    /// The external manager's error domain.
    pub fn domain(self) -> Option<Domain> {
        match self {
            Self::Denied(_, domain) => domain,
            Self::Retryable(domain) => Some(domain),
            Self::Granted | Self::OverQuota => None,
        }
    }

    /// The answer to a call that an external manager failed.
    fn failed(domain: Domain) -> Self {
        match domain.retryable() {
            true => Self::Retryable(domain),
            false => Self::Denied(Denial::External, Some(domain)),
        }
    }
}

/// An attempt of a key call on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The key.
    pub key: KeyId,
    /// Its version.
    pub version: u32,
    /// When it was sent.
    pub begun: SimTime,
    /// When it is answered.
    pub answered: SimTime,
    /// The answer, unless something comes between.
    verdict: Answer,
}

/// The key manager with everything behind it.
#[derive(Debug)]
pub struct KeyManager<'s> {
    scenario: &'s Scenario,
    zero: SimTime,
    keys: Vec<KeyState>,
    quotas: Vec<Meter>,
    outages: Vec<Option<Outage>>,
    callers: Vec<Caller>,
}

impl<'s> KeyManager<'s> {
    /// Every key permitted, its versions as the scenario has them, no manager away, nothing charged. Quota windows begin at
    /// `zero`.
    pub fn new(scenario: &'s Scenario, zero: SimTime, streams: &Streams) -> Self {
        let key = |k: &crate::scenario::Key| KeyState::new(k, streams.get("propagation", &k.name));
        Self {
            scenario,
            zero,
            keys: scenario.keys.iter().map(key).collect(),
            quotas: scenario.quotas.iter().map(Meter::new).collect(),
            outages: vec![None; scenario.external_managers.len()],
            callers: scenario.keys.iter().map(|k| Caller::new(&k.retry)).collect(),
        }
    }

    /// A key.
    pub fn key(&self, key: KeyId) -> &KeyState {
        &self.keys[key.index()]
    }

    /// A key, to change it.
    pub fn key_mut(&mut self, key: KeyId) -> &mut KeyState {
        &mut self.keys[key.index()]
    }

    /// A quota.
    pub fn quota(&self, quota: QuotaId) -> &Meter {
        &self.quotas[quota.index()]
    }

    /// A quota, to change it.
    pub fn quota_mut(&mut self, quota: QuotaId) -> &mut Meter {
        &mut self.quotas[quota.index()]
    }

    /// Begins (or ends, with `None`) the outage of an external manager.
    pub fn set_outage(&mut self, manager: ManagerId, outage: Option<Outage>) {
        self.outages[manager.index()] = outage;
    }

    /// Sends one attempt of a start's or a deploy's call, unless the circuit breaker is open.
    pub fn call(
        &mut self,
        now: SimTime,
        key: KeyId,
        version: u32,
        luck: &mut Xoshiro256PlusPlus,
    ) -> Option<Asked> {
        if !self.callers[key.index()].may_call(now) {
            return None;
        }
        let asked = self.ask(now, key, version, luck);
        self.callers[key.index()].called(asked.answered);
        Some(asked)
    }

    /// Notes the answer to such a call. After a retryable failure: when its next attempt begins,
    /// and the wait until then; none where the call is not retried.
    pub fn hear(
        &mut self,
        asked: &Asked,
        answer: Answer,
        call: &Call,
        luck: &mut Xoshiro256PlusPlus,
    ) -> Option<(SimTime, SimDuration)> {
        let (now, retry) = (asked.answered, &self.scenario.keys[asked.key.index()].retry);
        let caller = &mut self.callers[asked.key.index()];
        caller.heard(retry, answer, now);
        let spent = retry.attempts.is_some_and(|most| call.attempt >= most);
        if !matches!(answer, Answer::Retryable(_)) || spent || !caller.may_retry(retry) {
            return None;
        }
        let wait = retry::after(&retry.policy, call.attempt, call.waited, luck)?;
        (now + wait <= call.begun + retry.total).then_some((now + wait, wait))
    }

    /// Sends one attempt of a call under a version of a key; `luck` is the caller's.
    pub fn ask(
        &mut self,
        now: SimTime,
        key: KeyId,
        version: u32,
        luck: &mut Xoshiro256PlusPlus,
    ) -> Asked {
        let settings = &self.scenario.keys[key.index()];
        let own = settings.latency.sample(luck);
        let denied = |verdict| Asked { key, version, begun: now, answered: now + own, verdict };
        if let Some(denial) = self.key(key).denial(version) {
            return denied(Answer::Denied(denial, None));
        }
        if let Some(quota) = settings.quota
            && !self.quotas[quota.index()].charge(now, self.zero)
        {
            return denied(Answer::OverQuota);
        }
        let Some(manager) = settings.manager else { return denied(Answer::Granted) };
        let outage = self.outages[manager.index()];
        let settings = &self.scenario.external_managers[manager.index()];
        let reply = external::call(settings, outage, now + own, luck);
        Asked {
            key,
            version,
            begun: now,
            answered: now + own + reply.took,
            verdict: reply.failure.map_or(Answer::Granted, Answer::failed),
        }
    }

    /// The answer to an attempt, at its instant.
    pub fn settle(&mut self, asked: &Asked) -> Answer {
        let answer = self.answer(asked);
        let failing = self.callers[asked.key.index()].failing_for(answer, asked.answered);
        let escalates = self.scenario.keys[asked.key.index()].retry.escalates_after;
        match answer {
            Answer::Retryable(domain) if escalates.is_some_and(|after| failing >= after) => {
                Answer::Denied(Denial::External, Some(domain))
            }
            Answer::Granted | Answer::Denied(..) | Answer::OverQuota | Answer::Retryable(_) => {
                answer
            }
        }
    }

    fn answer(&self, asked: &Asked) -> Answer {
        if asked.verdict != Answer::Granted {
            return asked.verdict;
        }
        if let Some(denial) = self.key(asked.key).denial(asked.version) {
            return Answer::Denied(denial, None);
        }
        let manager = self.scenario.keys[asked.key.index()].manager;
        let outage = manager.and_then(|m| self.outages[m.index()]);
        outage.map_or(Answer::Granted, |o| Answer::failed(o.domain))
    }
}
