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
use external::Planned;
pub use external::{Brownout, Failure, Manager, Outage};
pub use key::{Effect, KeyState};
pub use quota::{Account, Meter, User};

use super::instance::Call;
use crate::ids::{KeyId, ManagerId, QuotaId};
use crate::kernel::Streams;
use crate::record::{CallOutcome, Denial, Operation};
use crate::scenario::{Action, Domain, ExternalManager, Quota, Scenario};
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
    fn failed(manager: &ExternalManager, domain: Domain) -> Self {
        match manager.retryable(domain) {
            true => Self::Retryable(domain),
            false => Self::Denied(Denial::External, Some(domain)),
        }
    }
}

/// What an external manager says when it fails: the name of a domain, or the message of a timeline
/// entry or of the manager's own outages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said(u32);

impl Said {
    /// The name of a domain.
    pub fn domain(domain: Domain) -> Self {
        Self(domain as u32)
    }

    /// The message of a timeline entry.
    pub fn entry(entry: usize) -> Self {
        Self((Domain::ALL.len() + entry) as u32)
    }

    /// The message of a manager's own outages.
    fn manager(scenario: &Scenario, manager: ManagerId) -> Self {
        Self((Domain::ALL.len() + scenario.timeline.len()) as u32 + manager.0)
    }

    fn text(self, scenario: &Scenario) -> &str {
        let at = self.0 as usize;
        if let Some(domain) = Domain::ALL.get(at) {
            return domain.name();
        }
        let at = at - Domain::ALL.len();
        if let Some(entry) = scenario.timeline.get(at) {
            return entry.action.message().unwrap_or_default();
        }
        let manager = scenario.external_managers.get(at - scenario.timeline.len());
        manager.and_then(|m| m.outages.as_ref()).map_or("", |outages| &outages.message)
    }
}

/// What a call charges to its key's quota, and whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// What is done with the key.
    pub operation: Operation,
    /// Who does it.
    pub user: User,
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
    /// What the external manager says, where it fails.
    said: Said,
}

/// The outages of a manager in the timeline.
fn planned_outages(scenario: &Scenario, manager: ManagerId, zero: SimTime) -> Vec<Planned> {
    let entries = scenario.timeline.iter().enumerate();
    let of_it = entries.filter_map(|(i, entry)| {
        let Action::ExternalOutage { manager: of, domain, flapping, .. } = entry.action else {
            return None;
        };
        let until = entry.until.map_or(SimTime::NEVER, |until| zero + until);
        let failure = Failure { domain, said: Said::entry(i) };
        (of == manager).then_some(Planned { failure, from: zero + entry.at, until, flapping })
    });
    of_it.collect()
}

/// The key manager with everything behind it.
#[derive(Debug)]
pub struct KeyManager<'s> {
    scenario: &'s Scenario,
    zero: SimTime,
    keys: Vec<KeyState>,
    quotas: Vec<Meter>,
    callers: Vec<Caller>,
    managers: Vec<Manager<'s>>,
}

impl<'s> KeyManager<'s> {
    /// Every key permitted, its versions as the scenario has them, no manager away, nothing
    /// charged. Quota windows begin at `zero`.
    pub fn new(scenario: &'s Scenario, zero: SimTime, streams: &Streams) -> Self {
        let key = |k: &crate::scenario::Key| KeyState::new(k, streams.get("propagation", &k.name));
        let without = scenario.without.key_quota;
        let quota = |q: &Quota| Meter::new(q, zero, streams, without);
        let manager = |(i, m): (usize, &'s ExternalManager)| {
            let planned = planned_outages(scenario, ManagerId::at(i), zero);
            Manager::new(m, planned, streams.get("outages", &m.name))
        };
        Self {
            scenario,
            zero,
            keys: scenario.keys.iter().map(key).collect(),
            quotas: scenario.quotas.iter().map(quota).collect(),
            callers: scenario.keys.iter().map(|k| Caller::new(&k.retry)).collect(),
            managers: scenario.external_managers.iter().enumerate().map(manager).collect(),
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

    /// An external manager, to change it.
    pub fn manager_mut(&mut self, manager: ManagerId) -> &mut Manager<'s> {
        &mut self.managers[manager.index()]
    }

    /// How a manager's own outages fail.
    pub fn drawn_failure(&self, manager: ManagerId) -> Option<Failure> {
        let outages = self.scenario.external_managers[manager.index()].outages.as_ref()?;
        let said = Said::manager(self.scenario, manager);
        Some(Failure { domain: outages.domain, said })
    }

    /// What the external manager said to an attempt; empty where it did not fail.
    pub fn said(&self, asked: &Asked, answer: Answer) -> &'s str {
        answer.domain().map_or("", |_| asked.said.text(self.scenario))
    }

    /// Everything that happens behind the keys before an instant.
    pub fn catch_up(&mut self, before: SimTime) {
        self.quotas.iter_mut().for_each(|quota| quota.catch_up(before));
    }

    /// The warm-up is over: sums begin anew.
    pub fn reset_counts(&mut self) {
        self.quotas.iter_mut().for_each(Meter::reset_counts);
    }

    /// Sends one attempt of a start's or a deploy's call, unless the circuit breaker is open.
    pub fn call(
        &mut self,
        now: SimTime,
        (key, version): (KeyId, u32),
        charged: Charged,
        luck: &mut Xoshiro256PlusPlus,
    ) -> Option<Asked> {
        if !self.callers[key.index()].may_call(now) {
            return None;
        }
        let asked = self.ask(now, (key, version), charged, luck);
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
        (key, version): (KeyId, u32),
        charged: Charged,
        luck: &mut Xoshiro256PlusPlus,
    ) -> Asked {
        let settings = &self.scenario.keys[key.index()];
        let drawn = settings.latency.sample(luck);
        let own = if self.scenario.without.starting { SimDuration::ZERO } else { drawn };
        let said = Said::domain(Domain::Timeout);
        let denied =
            |verdict| Asked { key, version, begun: now, answered: now + own, verdict, said };
        let without = self.scenario.without;
        if let Some(denial) = self.denial(key, version) {
            return denied(Answer::Denied(denial, None));
        }
        if let Some(quota) = settings.quota
            && !self.quotas[quota.index()].charge(now, charged.operation, charged.user)
        {
            return denied(Answer::OverQuota);
        }
        let Some(manager) = settings.manager else { return denied(Answer::Granted) };
        let reply = self.managers[manager.index()].call(now + own, self.zero, without, luck);
        let settings = &self.scenario.external_managers[manager.index()];
        Asked {
            key,
            version,
            begun: now,
            answered: now + own + reply.took,
            verdict: reply.failure.map_or(Answer::Granted, |f| Answer::failed(settings, f.domain)),
            said: reply.failure.map_or(said, |f| f.said),
        }
    }

    /// Why a version of a key can't be used, unless denials are switched off.
    pub fn denial(&self, key: KeyId, version: u32) -> Option<Denial> {
        self.key(key).denial(version).filter(|_| !self.scenario.without.key_denied)
    }

    /// The answer to an attempt, at its instant.
    pub fn settle(&mut self, asked: &mut Asked) -> Answer {
        let answer = self.answer(asked);
        let failing = self.callers[asked.key.index()].failing_for(answer, asked.answered);
        let escalates = self.scenario.keys[asked.key.index()].retry.escalates_after;
        match answer {
            Answer::Retryable(domain)
                if escalates.is_some_and(|after| failing >= after)
                    && !self.scenario.without.key_denied =>
            {
                Answer::Denied(Denial::External, Some(domain))
            }
            Answer::Granted | Answer::Denied(..) | Answer::OverQuota | Answer::Retryable(_) => {
                answer
            }
        }
    }

    fn answer(&self, asked: &mut Asked) -> Answer {
        if asked.verdict != Answer::Granted {
            return asked.verdict;
        }
        if let Some(denial) = self.denial(asked.key, asked.version) {
            return Answer::Denied(denial, None);
        }
        let Some(manager) = self.scenario.keys[asked.key.index()].manager else {
            return Answer::Granted;
        };
        let manager_now = &self.managers[manager.index()];
        let Some(Failure { domain, said }) =
            manager_now.away(asked.answered, self.scenario.without)
        else {
            return Answer::Granted;
        };
        asked.said = said;
        Answer::failed(&self.scenario.external_managers[manager.index()], domain)
    }
}
