//! Requests: arrival, waiting, service, outcome, and which instance takes them.

use std::cmp::Reverse;

use keyscale::record::{Cause, EndReason};
use keyscale::scenario::{PendingTimeout, Routing};
use rand::RngExt;

use super::super::facts::Time;
use super::{DRAINING, Due, ENDED, How, Naive, READY, Request, Slot};

impl Request {
    pub fn how(&self) -> Option<How> {
        self.slot.as_ref().map(|slot| slot.how)
    }
}

impl Naive<'_> {
    pub(super) fn serving(&self, s: usize) -> impl Iterator<Item = &Request> {
        let here = self.requests.iter().filter(move |r| r.service == s);
        here.filter(|r| r.how().is_some_and(|how| how != How::Held))
    }

    pub(super) fn waiting(&self, s: usize) -> usize {
        self.requests.iter().filter(|r| r.service == s && r.slot.is_none()).count()
    }

    fn first_waiting(&self, s: usize) -> Option<usize> {
        self.requests.iter().position(|r| r.service == s && r.slot.is_none())
    }

    pub(super) fn load(&self, pod: usize) -> usize {
        let on = |r: &&Request| r.slot.as_ref().is_some_and(|slot| slot.on == pod);
        self.requests.iter().filter(on).count()
    }

    /// Instances that take requests.
    pub(super) fn takers(&self, s: usize) -> impl Iterator<Item = usize> {
        let takes = move |&i: &usize| {
            let pod = &self.pods[i];
            let ready = pod.marks[READY].is_some() && pod.marks[DRAINING].is_none();
            pod.service == s && ready && pod.marks[ENDED].is_none()
        };
        (0..self.pods.len()).filter(takes)
    }

    /// The instance that takes the next request.
    fn choose(&mut self, s: usize) -> Option<usize> {
        let settings = self.settings(s);
        let loads = self.takers(s).map(|i| (i, self.load(i)));
        let free: Vec<(usize, usize)> =
            loads.filter(|&(_, load)| load < settings.concurrency.into()).collect();
        let all = || free.iter().copied();
        let pod = |i: usize| &self.pods[i];
        // Of equals idle ones last idle first, busy ones lowest number first.
        let tie = |i, load| match load {
            0 => (Reverse(pod(i).idle.1), 0),
            _ => (Reverse(0), pod(i).seat),
        };
        let least = || all().min_by_key(|&(i, load)| (load, tie(i, load)));
        let chosen = match settings.routing {
            Routing::FullestBelowTarget { target } => {
                let most = f64::from(settings.concurrency) * target.0;
                let below = all().filter(|&(_, load)| (load as f64) < most);
                below.min_by_key(|&(i, load)| (Reverse(load), tie(i, load))).or_else(least)
            }
            Routing::LeastLoaded => least(),
            Routing::RoundRobin => {
                let turn = self.services[s].turn;
                all().min_by_key(|&(i, _)| (pod(i).seat < turn, pod(i).seat))
            }
            Routing::FirstAvailable => all().min_by_key(|&(i, _)| pod(i).seat),
            Routing::Newest => all().max_by_key(|&(i, _)| pod(i).serial),
            Routing::Oldest => all().min_by_key(|&(i, _)| pod(i).serial),
            Routing::MostRecentlyUsed => all().max_by_key(|&(i, _)| pod(i).used),
            Routing::LeastRecentlyUsed => all().min_by_key(|&(i, _)| pod(i).used),
            Routing::RandomOfTwo => panic!("not here"),
        };
        let chosen = chosen.map(|(i, _)| i);
        if let Some(i) = chosen {
            self.services[s].turn = self.pods[i].seat + 1;
        }
        chosen
    }

    pub(super) fn arrive(&mut self, s: usize, work: Time, attempt: u8) {
        let settings = self.settings(s);
        let count = &mut self.totals[s].requests;
        *(if attempt > 0 { &mut count.retries } else { &mut count.arrivals }) += 1;
        if let (0, Some((ratio, burst))) = (attempt, settings.client.retries.and_then(|r| r.budget))
        {
            let tokens = &mut self.services[s].tokens;
            *tokens = (*tokens + (ratio.0 * 1e6) as u64).min(u64::from(burst) * 1_000_000);
        }
        let before = self.waiting(s);
        let waits = [0; Cause::COUNT];
        self.requests.push(Request {
            service: s,
            arrived: self.now,
            work,
            attempt,
            waits,
            slot: None,
        });
        self.feed(s);
        if self.waiting(s) <= before {
            return;
        }
        self.start_on_demand(s);
        if settings.queue_limit.is_some_and(|limit| before >= limit as usize) {
            let last = self.requests.len() - 1;
            return self.leave(last, true);
        }
        let most = &mut self.totals[s].pending_max;
        *most = (*most).max(before as u64 + 1);
    }

    /// Requests that wait take the free slots, the first first.
    pub(super) fn feed(&mut self, s: usize) {
        while let Some(first) = self.first_waiting(s)
            && let Some(on) = self.choose(s)
        {
            self.serve(first, on);
        }
    }

    fn serve(&mut self, request: usize, on: usize) {
        let Request { service, arrived, work, .. } = self.requests[request];
        let settings = self.settings(service);
        let served = work.min(settings.request_timeout.0);
        let patience = settings.client.timeout.map_or(Time::MAX, |t| arrived + t.0 - self.now);
        let (length, how) = match (patience < served, work > served) {
            (true, _) => (patience, How::Abandoned),
            (false, true) => (served, How::TimedOut),
            (false, false) => (served, How::Served),
        };
        let (until, from) = (self.due(length), self.now);
        let holds = how == How::Abandoned && settings.client.hold_abandoned;
        let held = holds.then(|| self.due(served));
        let cold = self.pods[on].marks[READY].is_some_and(|ready| ready > arrived);
        self.requests[request].slot = Some(Slot { on, from, until, how, cold, held });
        self.pods[on].used = until.1;
    }

    /// A request in service ends.
    pub(super) fn end(&mut self, i: usize) {
        let mut request = self.requests.remove(i);
        let (s, attempt) = (request.service, request.attempt);
        let Some(slot) = request.slot.take() else { return };
        let latency = self.now - request.arrived;
        let total = &mut self.totals[s];
        match slot.how {
            How::Served => {
                total.requests.served += 1;
                total.requests.served_cold += u64::from(slot.cold);
                total.latency_sum += u128::from(latency);
            }
            How::TimedOut => total.requests.timed_out += 1,
            How::Abandoned => total.requests.abandoned += 1,
            How::Held => {}
        }
        if matches!(slot.how, How::TimedOut | How::Abandoned) {
            total.blame[Cause::Service as usize] += 1_000_000;
        }
        if let Some(until) = slot.held {
            let slot = Slot { until, how: How::Held, held: None, ..slot };
            self.requests.insert(i, Request { slot: Some(slot), ..request });
        } else {
            self.free(&slot, s);
        }
        if matches!(slot.how, How::TimedOut | How::Abandoned) {
            self.failed(s, attempt);
        }
    }

    /// A slot is free.
    fn free(&mut self, slot: &Slot, s: usize) {
        self.slots.push((s, slot.from, self.now));
        self.pods[slot.on].served += 1;
        self.pods[slot.on].used = self.due(0).1;
        self.feed(s);
        if self.load(slot.on) == 0 {
            self.pods[slot.on].idle = self.due(0);
            if self.pods[slot.on].marks[DRAINING].is_some() {
                self.gone(slot.on, self.pods[slot.on].reason);
            }
        }
    }

    /// A request never got a slot.
    fn leave(&mut self, i: usize, refused: bool) {
        let request = self.requests.remove(i);
        let s = request.service;
        let count = &mut self.totals[s].requests;
        *(if refused { &mut count.refused } else { &mut count.abandoned }) += 1;
        let waited = self.now - request.arrived;
        let mut waits = request.waits;
        if waited == 0 {
            waits[self.cause(s) as usize] = 1;
        }
        let whole: u64 = waits.iter().sum();
        let parts = waits.map(|w| (u128::from(w) * 1_000_000 / u128::from(whole)) as u64);
        let largest = (0..Cause::COUNT).rev().max_by_key(|&c| waits[c]).unwrap();
        let blame = &mut self.totals[s].blame;
        (0..Cause::COUNT).for_each(|c| blame[c] += parts[c]);
        blame[largest] += 1_000_000 - parts.iter().sum::<u64>();
        if Cause::ALL.iter().zip(waits).any(|(cause, wait)| cause.is_key() && wait > 0) {
            self.mark_key_failure(s);
        }
        self.failed(s, request.attempt);
    }

    fn mark_key_failure(&mut self, s: usize) {
        let [first, last] = &mut self.totals[s].key_failures;
        (*first, *last) = (first.or(Some(self.now)), Some(self.now));
    }

    /// A failed request is tried again, or let be.
    fn failed(&mut self, s: usize, attempt: u8) {
        let Some(retries) = self.settings(s).client.retries else { return };
        let state = &mut self.services[s];
        if attempt >= retries.attempts || retries.budget.is_some() && state.tokens < 1_000_000 {
            return;
        }
        if retries.budget.is_some() {
            state.tokens -= 1_000_000;
        }
        let most = self.ceiling(&retries.back_off, u32::from(attempt) + 1);
        let wait = match retries.jitter {
            true => self.services[s].back_off.random_range(0..=most),
            false => most,
        };
        self.totals[s].requests.retried += 1;
        let due = self.due(wait);
        self.returns.push((due, s, attempt + 1));
    }

    /// How long a request may wait now.
    fn pending_timeout(&self, s: usize) -> Time {
        let settings = self.settings(s);
        match settings.pending_timeout {
            PendingTimeout::None => Time::MAX,
            PendingTimeout::Fixed(length) => length.0,
            PendingTimeout::StartRule { factor, floor, starts } => {
                let known = &self.services[s].starts;
                let last = &known[known.len().saturating_sub(starts as usize)..];
                let mean = match last.len() as u64 {
                    0 => self.configured_start(s),
                    n => last.iter().sum::<Time>() / n,
                };
                keyscale::units::SimDuration(mean).scaled(factor).max(floor).0
            }
        }
    }

    /// When the first that waits leaves.
    pub(super) fn deadline(&self, s: usize) -> Time {
        let patience = self.settings(s).client.timeout.map_or(Time::MAX, |t| t.0);
        let most = self.pending_timeout(s).min(patience);
        let first = self.first_waiting(s).map(|i| self.requests[i].arrived);
        first.map_or(Time::MAX, |arrived| arrived.saturating_add(most))
    }

    pub(super) fn give_up(&mut self, s: usize) {
        let Some(first) = self.first_waiting(s) else { return };
        let waited = self.now - self.requests[first].arrived;
        self.leave(first, waited >= self.pending_timeout(s));
    }

    /// The grace of draining instances is over: they stop under their requests.
    pub(super) fn drains_end(&mut self) {
        let over = |i: &usize| {
            self.pods[*i].drain_until == self.now && self.pods[*i].marks[ENDED].is_none()
        };
        let over: Vec<usize> = (0..self.pods.len()).filter(over).collect();
        let on = |r: &mut Request| r.slot.as_ref().is_some_and(|slot| over.contains(&slot.on));
        let mut stopped: Vec<(Due, Request)> = self
            .requests
            .extract_if(.., on)
            .map(|r| (r.slot.as_ref().map_or((0, 0), |s| s.until), r))
            .collect();
        stopped.sort_by_key(|(until, _)| *until);
        for (_, request) in stopped {
            let (s, Some(slot)) = (request.service, request.slot) else { continue };
            self.slots.push((s, slot.from, self.now));
            self.pods[slot.on].served += 1;
            if slot.how == How::Held {
                continue;
            }
            let by_key = self.pods[slot.on].reason == EndReason::Revoked;
            let cause = if by_key { Cause::KeyDenied } else { Cause::Drain };
            self.totals[s].requests.aborted += 1;
            self.totals[s].blame[cause as usize] += 1_000_000;
            if by_key {
                self.mark_key_failure(s);
            }
            self.failed(s, request.attempt);
        }
        for i in over {
            self.gone(i, self.pods[i].reason);
        }
    }
}
