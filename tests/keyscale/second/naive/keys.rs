//! Keys: calls, checks, and what a denial leads to.

use keyscale::record::{CallOutcome, CallPurpose, Cause, Denial, EndReason};
use keyscale::scenario::{
    Action, ClockStopsOn, Domain, Enforcement, Flapping, KeyOrder, RetryPolicy, RevocationAction,
    VersionState,
};
use keyscale::units::SECOND;
use rand::RngExt;

use super::super::facts::{Call, Time};
use super::{Due, Luck, Naive, READY};

/// A key call on its way.
pub struct Asked {
    pub answered: Due,
    answer: Answer,
    call: Call,
}

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Granted,
    Denied(Denial, Option<Domain>),
    OverQuota,
    Retryable(Domain),
}

impl Naive<'_> {
    /// Services whose starts need a key.
    fn users(&self, k: usize) -> Vec<usize> {
        let uses = |s: &usize| {
            let encryption = self.settings(*s).encryption.as_ref();
            encryption.is_some_and(|e| e.key.index() == k)
        };
        (0..self.services.len()).filter(uses).collect()
    }

    pub(super) fn begin_checks(&mut self, k: usize) {
        if let (Some(check), true) = (self.scenario.keys[k].check, !self.users(k).is_empty()) {
            let first = self.keys[k].checks.random_range(0..=check.interval.0);
            self.keys[k].check = self.due(first);
        }
    }

    /// An entry of the timeline begins or is over. What limits and managers are is looked up where
    /// it is asked for; the rest is an order to a key, or a crash.
    pub(super) fn order_key(&mut self, i: usize) {
        let (_, entry, over) = self.timeline.remove(i);
        let action = &self.scenario.timeline[entry].action;
        if let Action::MinInstancesSet { service, .. }
        | Action::MaxInstancesSet { service, .. }
        | Action::ScalingModeSet { service, .. } = action
        {
            self.services[service.index()].room = true;
        }
        if let Action::InstanceCrash { service, instances } = action {
            let mut oldest: Vec<usize> = self.takers(service.index()).collect();
            oldest.sort_by_key(|&i| (self.pods[i].row.marks[READY], self.pods[i].row.serial));
            oldest.truncate(*instances as usize);
            return self.stop(&oldest, Some((EndReason::Crash, Cause::Crash)));
        }
        if let Action::PermissionRevoke { key } = action {
            let (key, law) = (key.index(), &self.scenario.keys[key.index()].propagation.permission);
            let wait = law.sample(&mut self.keys[key].propagation).0;
            self.keys[key].permission = (self.due(wait), over);
        }
        let Action::Key { key, order, .. } = action else { return };
        let law = &self.scenario.keys[key.index()].propagation.disable;
        let k = &mut self.keys[key.index()];
        if *order == KeyOrder::Disable && !over {
            let wait = law.sample(&mut k.propagation).0;
            if k.state == VersionState::Enabled && k.disable.is_none() {
                self.keys[key.index()].disable = self.due(wait);
            }
        } else if matches!(order, KeyOrder::Disable | KeyOrder::Enable) {
            (k.state, k.disable) = (VersionState::Enabled, None);
        }
    }

    fn denial(&self, key: usize) -> Option<Denial> {
        match (self.keys[key].permitted, self.keys[key].state) {
            (false, _) => Some(Denial::Permission),
            (true, VersionState::Enabled) => None,
            (true, VersionState::Disabled) => Some(Denial::Disabled),
            (true, state) => panic!("{state:?}: not here"),
        }
    }

    /// How a manager fails at an instant.
    fn away(&self, id: usize, at: Time) -> Option<Domain> {
        self.scenario.timeline.iter().find_map(|entry| {
            let Action::ExternalOutage { manager, domain, flapping, .. } = entry.action else {
                return None;
            };
            let (from, until) = (self.zero + entry.at.0, self.zero + entry.until?.0);
            let is_down = |f: Flapping| (at - from) % (f.down + f.up).0 < f.down.0;
            let lasts = (from..until).contains(&at) && flapping.is_none_or(is_down);
            (lasts && manager.index() == id).then_some(domain)
        })
    }

    /// Charges an operation, where that is allowed.
    fn charge(&mut self, quota: usize) -> bool {
        let settings = &self.scenario.quotas[quota];
        let mut limit = settings.limit;
        for (entry, over) in self.happened() {
            if let Action::QuotaSet { quota: q, limit: set } = entry.action
                && q.index() == quota
            {
                limit = if over { settings.limit } else { set };
            }
        }
        let second = self.interval(self.now, SECOND);
        let used = self.charged[quota].iter().filter(|&&at| at == second).count();
        let allowed = used < limit as usize || settings.enforcement == Enforcement::Soft;
        self.charged[quota].extend(allowed.then_some(second));
        allowed
    }

    /// Permission, state, quota, backend: the first that says no decides.
    fn ask(&mut self, key: usize, luck: &mut Luck, call: Call) -> Asked {
        let settings = &self.scenario.keys[key];
        let mut took = settings.latency.sample(luck).0;
        let mut answer = Answer::Granted;
        if let Some(denial) = self.denial(key) {
            answer = Answer::Denied(denial, None);
        } else if settings.quota.is_some_and(|quota| !self.charge(quota.index())) {
            answer = Answer::OverQuota;
        } else if let Some(manager) = settings.manager {
            let id = manager.index();
            let manager = &self.scenario.external_managers[id];
            for _ in 0..manager.inner_attempts {
                let latency = manager.latency.sample(luck);
                let at = self.now + took;
                let mut failure = self.away(id, at);
                let second = self.interval(at, SECOND);
                let taken = self.taken[id].iter().filter(|&&at| at == second).count() as u32;
                if failure.is_none() && manager.capacity.is_some_and(|most| taken >= most) {
                    failure = Some(Domain::OverloadedEkm);
                } else if failure.is_none() {
                    self.taken[id].push(second);
                    failure = (latency > manager.call_timeout).then_some(Domain::Timeout);
                }
                let silent =
                    [Domain::Timeout, Domain::UnreachableNetwork, Domain::RequestCancelled];
                took += match failure.is_some_and(|domain| silent.contains(&domain)) {
                    true => manager.call_timeout.0,
                    false => latency.min(manager.call_timeout).0,
                };
                answer = failure.map_or(Answer::Granted, |domain| self.failed_by(key, domain));
                if !matches!(answer, Answer::Retryable(_)) {
                    break;
                }
            }
        }
        let key = settings.name.clone();
        let (begun, answered) = (self.now, self.now + took);
        Asked { answered: self.due(took), answer, call: Call { key, begun, answered, ..call } }
    }

    fn failed_by(&self, key: usize, domain: Domain) -> Answer {
        let manager = self.scenario.keys[key].manager.unwrap();
        match self.scenario.external_managers[manager.index()].retryable(domain) {
            true => Answer::Retryable(domain),
            false => Answer::Denied(Denial::External, Some(domain)),
        }
    }

    /// A call is answered.
    fn settle(&mut self, key: usize, asked: Asked, by_check: bool) -> Answer {
        let Asked { mut answer, mut call, .. } = asked;
        let settings = &self.scenario.keys[key];
        if answer == Answer::Granted
            && let Some(denial) = self.denial(key)
        {
            answer = Answer::Denied(denial, None);
        } else if answer == Answer::Granted
            && let Some(domain) = settings.manager.and_then(|m| self.away(m.index(), self.now))
        {
            answer = self.failed_by(key, domain);
        }
        if answer == Answer::Granted {
            self.keys[key].failing_since = None;
        } else if let Answer::Retryable(domain) = answer {
            let since = *self.keys[key].failing_since.get_or_insert(self.now);
            if settings.retry.escalates_after.is_some_and(|after| self.now - since >= after.0) {
                answer = Answer::Denied(Denial::External, Some(domain));
            }
        }
        let (outcome, denial, domain) = match answer {
            Answer::Granted => (CallOutcome::Ok, None, None),
            Answer::Denied(denial, domain) => (CallOutcome::Denied, Some(denial), domain),
            Answer::OverQuota => (CallOutcome::Quota, None, None),
            Answer::Retryable(d @ Domain::Timeout) => (CallOutcome::Timeout, None, Some(d)),
            Answer::Retryable(domain) => (CallOutcome::Retryable, None, Some(domain)),
        };
        (call.outcome, call.denial) = (outcome.name(), denial.map(Denial::name));
        call.domain = domain.map(Domain::name);
        self.calls.push(call);
        self.learn(key, answer, by_check);
        answer
    }

    pub(super) fn ask_for_start(&mut self, i: usize) {
        let (s, o) = (self.pods[i].service, self.order_of(i));
        let settings = self.settings(s);
        let Some(encryption) = &settings.encryption else { return };
        let pod = &mut self.pods[i];
        pod.row.key_calls += 1;
        let purpose = if pod.granted == 0 { CallPurpose::DataKey } else { CallPurpose::Layer };
        let (service, serial) = (Some(settings.name.clone()), Some(pod.row.serial));
        let (purpose, attempt) = (purpose.name(), pod.call.1);
        let call = Call { service, serial, purpose, attempt, ..Call::default() };
        let mut luck = self.orders[o].luck.clone();
        let asked = self.ask(encryption.key.index(), &mut luck, call);
        self.orders[o].luck = luck;
        self.pods[i].step = asked.answered;
        self.pods[i].asked = Some(asked);
    }

    /// A start's call is answered.
    pub(super) fn answered(&mut self, i: usize) {
        let (s, o) = (self.pods[i].service, self.order_of(i));
        let (Some(encryption), Some(asked)) =
            (&self.settings(s).encryption, self.pods[i].asked.take())
        else {
            return;
        };
        let key = encryption.key.index();
        let (begun, attempt, waited) = self.pods[i].call;
        match self.settle(key, asked, false) {
            Answer::Granted => {
                self.orders[o].hold = Cause::Starting;
                self.pods[i].granted += 1;
                if self.pods[i].granted == encryption.decrypts_per_start {
                    return self.fetch(i);
                }
                self.pods[i].call = (self.now, 1, 0);
                self.ask_for_start(i);
            }
            Answer::Denied(..) => self.fail(i, EndReason::KeyDenied, Cause::KeyDenied),
            Answer::OverQuota => self.fail(i, EndReason::KeyQuota, Cause::KeyQuota),
            Answer::Retryable(_) => {
                let most = begun + self.scenario.keys[key].retry.total.0;
                let wait = self.retry(key, o, attempt, waited);
                if let Some(wait) = wait.filter(|wait| self.now + wait <= most) {
                    self.orders[o].hold = Cause::KeyOutage;
                    self.pods[i].call = (begun, attempt + 1, wait);
                    self.pods[i].step = self.due(wait);
                } else {
                    self.fail(i, EndReason::KeyOutage, Cause::KeyOutage);
                }
            }
        }
    }

    /// The wait before a call's next attempt.
    fn retry(&mut self, key: usize, o: usize, attempt: u32, waited: Time) -> Option<Time> {
        let retry = &self.scenario.keys[key].retry;
        if retry.attempts.is_some_and(|most| attempt >= most) {
            return None;
        }
        let luck = &mut self.orders[o].luck;
        Some(match &retry.policy {
            RetryPolicy::None => return None,
            RetryPolicy::Fixed(wait) => wait.0,
            RetryPolicy::Exponential(back_off) => super::starts::ceiling(back_off, attempt),
            RetryPolicy::FullJitter(back_off) => {
                luck.random_range(0..=super::starts::ceiling(back_off, attempt))
            }
            RetryPolicy::DecorrelatedJitter { initial, max } => {
                luck.random_range(initial.0..=3 * waited.max(initial.0)).min(max.0)
            }
        })
    }

    /// A check is due: it is made where the key is in use.
    pub(super) fn check(&mut self, key: usize) {
        let Some(check) = self.scenario.keys[key].check else { return };
        let width = check.interval.scaled(check.jitter.0).0;
        let extra = self.keys[key].checks.random_range(0..=2 * width);
        self.keys[key].check = self.due(check.interval.0 - width + extra);
        let in_use = |s: usize| {
            self.alive(s).next().is_some() || !self.ordered(s).is_empty() || self.waiting(s) > 0
        };
        if self.keys[key].checking.is_none() && self.users(key).into_iter().any(in_use) {
            self.ask_for_check(key, CallPurpose::CheckEncrypt);
        }
    }

    fn ask_for_check(&mut self, key: usize, purpose: CallPurpose) {
        let mut luck = self.keys[key].checks.clone();
        let call = Call { purpose: purpose.name(), attempt: 1, ..Call::default() };
        let asked = self.ask(key, &mut luck, call);
        (self.keys[key].checks, self.keys[key].checking) = (luck, Some((purpose, asked)));
    }

    pub(super) fn check_answered(&mut self, key: usize) {
        let Some((purpose, asked)) = self.keys[key].checking.take() else { return };
        self.settle(key, asked, true);
        if purpose == CallPurpose::CheckEncrypt {
            self.ask_for_check(key, CallPurpose::CheckDecrypt);
        }
    }

    /// A denial starts the clocks of a revocation, a success stops them.
    fn learn(&mut self, key: usize, answer: Answer, by_check: bool) {
        for s in self.users(key) {
            let Some(settings) = &self.settings(s).encryption else { continue };
            let revocation = &settings.revocation;
            if answer == Answer::Granted {
                let stops = match revocation.clock_stops_on {
                    ClockStopsOn::AnySuccess => true,
                    ClockStopsOn::Check => by_check,
                    ClockStopsOn::Never => false,
                };
                self.services[s].clock = self.services[s].clock.filter(|_| !stops);
            } else if let Answer::Denied(denial, _) = answer
                && (by_check || revocation.detect_on_start)
            {
                self.services[s].total.detected.get_or_insert(self.now);
                let shuts_down = revocation.action == RevocationAction::ShutDown
                    || denial == Denial::External && !revocation.external_follows_action;
                if shuts_down && self.services[s].clock.is_none() {
                    self.services[s].clock = self.due(revocation.waiting_period.0.max(1_000_000));
                }
            }
        }
        if let Answer::Denied(_, Some(Domain::ExternalPermissionDenied)) = answer {
            (self.keys[key].state, self.keys[key].disable) = (VersionState::Disabled, None);
        }
    }

    /// The waiting period is over: everything of the service gets the stop signal.
    pub(super) fn grace_over(&mut self, s: usize) {
        self.services[s].clock = None;
        let grace = self.settings(s).drain_grace.0;
        while let Some(&order) = self.ordered(s).first() {
            self.cancel(order, EndReason::Revoked);
        }
        let mut running: Vec<usize> = self.alive(s).collect();
        running.sort_by_key(|&i| self.pods[i].seat);
        for i in running {
            if self.pods[i].told.is_none() {
                self.drain(i, grace, EndReason::Revoked);
            } else if self.pods[i].told != Some(EndReason::Revoked) {
                self.pods[i].told = Some(EndReason::Revoked);
                self.pods[i].drain = self.due(grace);
            }
        }
    }
}
