//! Requests: arrival, waiting, service, outcome, and which instance takes them.

use std::cmp::Reverse;

use keyscale::record::{Cause, EndReason};
use keyscale::scenario::{PendingTimeout, Queue, Routing, Service};
use rand::RngExt;

use super::super::facts::Time;
use super::{DRAINING, Due, ENDED, How, Naive, Pod, READY, Request, Slot};

/// Parts of a retry of the clients' budget, and those that they have saved at the start.
const RETRY: u64 = 1_000_000;

pub fn saved(settings: &Service) -> u64 {
    let budget = settings.client.retries.and_then(|retries| retries.budget);
    budget.map_or(0, |(_, burst)| u64::from(burst) * RETRY)
}

/// What is left of work is counted in these parts of a nanosecond.
const PARTS: i128 = 256;

impl Naive<'_> {
    fn on(&self, pod: usize) -> impl Iterator<Item = (usize, &Slot)> {
        let slots =
            self.requests.iter().enumerate().filter_map(|(i, r)| Some((i, r.slot.as_ref()?)));
        slots.filter(move |(_, slot)| slot.on == pod)
    }

    pub(super) fn load(&self, pod: usize) -> usize {
        self.on(pod).count()
    }

    /// Requests in service whose client waits.
    pub(super) fn serving(&self, s: usize) -> u64 {
        let slots = self.requests.iter().filter(|r| r.service == s).filter_map(|r| r.slot.as_ref());
        slots.filter(|slot| slot.how != How::Held).count() as u64
    }

    fn waiters(&self, s: usize) -> impl Iterator<Item = usize> {
        let waits =
            move |&i: &usize| self.requests[i].service == s && self.requests[i].slot.is_none();
        (0..self.requests.len()).filter(waits)
    }

    pub(super) fn waiting(&self, s: usize) -> usize {
        self.waiters(s).count()
    }

    /// The first that waits for a free slot.
    fn first_queued(&self, s: usize) -> Option<usize> {
        let queued = self.waiters(s).filter(|&i| self.requests[i].bound.is_none());
        queued.min_by_key(|&i| (self.requests[i].arrived, self.requests[i].place))
    }

    /// The first that waits for whatever.
    fn first_waiting(&self, s: usize) -> Option<usize> {
        let key = |r: &Request| (r.arrived, r.bound, r.place);
        self.waiters(s).min_by_key(|&i| key(&self.requests[i]))
    }

    /// Those that wait for a start.
    pub(super) fn bound(&self, s: usize, start: u32) -> Vec<usize> {
        self.waiters(s).filter(|&i| self.requests[i].bound == Some(start)).collect()
    }

    /// The oldest start that requests may be bound to.
    fn start_with_room(&self, s: usize) -> Option<u32> {
        let room = usize::from(self.settings(s).concurrency);
        let starts = self.ordered(s).into_iter().map(|o| self.orders[o].ordinal);
        starts.filter(|&start| self.bound(s, start).len() < room).min()
    }

    /// Instances that take requests.
    pub(super) fn takers(&self, s: usize) -> impl Iterator<Item = usize> {
        let takes = |pod: &Pod| pod.row.marks[READY].is_some() && pod.told.is_none();
        self.alive(s).filter(move |&i| takes(&self.pods[i]))
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
            Routing::Newest => all().max_by_key(|&(i, _)| pod(i).row.serial),
            Routing::Oldest => all().min_by_key(|&(i, _)| pod(i).row.serial),
            Routing::MostRecentlyUsed => all().max_by_key(|&(i, _)| pod(i).used),
            Routing::LeastRecentlyUsed => all().min_by_key(|&(i, _)| pod(i).used),
            Routing::RandomOfTwo => panic!("not here"),
        };
        let (chosen, _) = chosen?;
        self.services[s].turn = self.pods[chosen].seat + 1;
        Some(chosen)
    }

    pub(super) fn arrive(&mut self, s: usize, work: Time, attempt: u8) {
        let settings = self.settings(s);
        let state = &mut self.services[s];
        let count = &mut state.total.requests;
        *(if attempt > 0 { &mut count.retries } else { &mut count.arrivals }) += 1;
        if let (0, Some((ratio, _))) = (attempt, settings.client.retries.and_then(|r| r.budget)) {
            state.tokens = (state.tokens + (ratio.0 * RETRY as f64) as u64).min(saved(settings));
        }
        let before = self.waiting(s);
        let queues = self.first_queued(s).is_some()
            || settings.queue == Queue::StartFirst && self.start_with_room(s).is_some();
        let (arrived, place, last) = (self.now, self.stamp(), self.requests.len());
        let (waits, bound, slot) = ([0; Cause::COUNT], None, None);
        self.requests.push(Request {
            service: s,
            arrived,
            work,
            attempt,
            waits,
            place,
            bound,
            slot,
        });
        if !queues && let Some(on) = self.choose(s) {
            return self.serve(last, on);
        }
        self.services[s].total.requests.waited += 1;
        self.start_on_demand(s);
        if settings.queue_limit.is_some_and(|limit| before >= limit as usize) {
            return self.leave(last, true);
        }
        if settings.queue != Queue::Revision {
            self.requests[last].bound = self.start_with_room(s);
        }
        let most = &mut self.services[s].total.pending_max;
        *most = (*most).max(before as u64 + 1);
    }

    /// Requests that wait take the free slots, the first first.
    pub(super) fn feed(&mut self, s: usize) {
        while let Some(first) = self.first_queued(s)
            && let Some(on) = self.choose(s)
        {
            self.serve_cold(first, on);
        }
    }

    /// A request that has waited is served, perhaps by an instance that has become ready since.
    pub(super) fn serve_cold(&mut self, i: usize, on: usize) {
        let s = self.requests[i].service;
        let ready = self.pods[on].row.marks[READY].unwrap();
        let cold = ready > self.requests[i].arrived || ready == self.now;
        if let (true, Some(law)) = (cold, &self.settings(s).cold_service) {
            self.requests[i].work = law.sample(&mut self.services[s].cold_work).0;
        }
        self.serve(i, on);
        self.requests[i].slot.as_mut().unwrap().cold = cold;
    }

    fn serve(&mut self, i: usize, on: usize) {
        let Request { service, arrived, work, .. } = self.requests[i];
        let settings = self.settings(service);
        let timeout = settings.request_timeout.0;
        let patience = settings.client.timeout.map_or(Time::MAX, |t| arrived + t.0 - self.now);
        let begun = self.stamp();
        self.pods[on].used = begun;
        let limits = [timeout, patience].map(|after| self.now.saturating_add(after));
        let (left, how) = (i128::from(work) * PARTS, How::Served);
        let mut slot = Slot { on, begun, cold: false, how, until: None, held: None, left, limits };
        if self.is_shared(service) {
            self.look(on);
            self.requests[i].slot = Some(slot);
            return self.expect(on);
        }
        let served = work.min(timeout);
        if patience < served {
            (slot.until, slot.how) = (self.due(patience), How::Abandoned);
            slot.held = self.due(served);
        } else {
            slot.until = self.due(served);
            slot.how = if work > timeout { How::TimedOut } else { How::Served };
        }
        self.requests[i].slot = Some(slot);
    }

    /// Whether an instance's requests may want more than all its vCPUs.
    fn is_shared(&self, s: usize) -> bool {
        let settings = self.settings(s);
        settings.cpu.is_some_and(|cpu| cpu * u32::from(settings.concurrency) > settings.vcpus)
    }

    /// Thousandths of a vCPU in use on an instance.
    pub(super) fn vcpus_used(&self, pod: usize) -> u64 {
        let settings = self.settings(self.pods[pod].service);
        (u64::from(settings.cpu.unwrap_or(0)) * self.load(pod) as u64).min(settings.vcpus.into())
    }

    /// At which share of full speed an instance's requests progress: min(1, vCPUs ÷ (n × cpu)).
    fn speed(&self, pod: usize) -> (i128, i128) {
        let settings = self.settings(self.pods[pod].service);
        let wanted = i128::from(settings.cpu.unwrap_or(0)) * self.load(pod) as i128;
        let has = i128::from(settings.vcpus);
        if wanted <= has { (1, 1) } else { (has, wanted) }
    }

    /// Takes off what the requests of an instance have gained since it was looked at.
    fn look(&mut self, pod: usize) {
        let (has, wanted) = self.speed(pod);
        let passed = i128::from(self.now - self.pods[pod].looked);
        let slots = self.requests.iter_mut().filter_map(|r| r.slot.as_mut());
        slots.filter(|slot| slot.on == pod).for_each(|slot| {
            slot.left -= passed * PARTS * has / wanted;
        });
        self.pods[pod].looked = self.now;
    }

    /// Sees to it that a shared instance is looked at when one of its requests may be due.
    fn expect(&mut self, pod: usize) {
        let settings = self.settings(self.pods[pod].service);
        let (has, wanted) = self.speed(pod);
        let due = |slot: &Slot| {
            let wait = (slot.left.max(0) * wanted).div_euclid(has * PARTS);
            let exact = wait * has * PARTS == slot.left.max(0) * wanted;
            let done = self.now + wait as Time + Time::from(!exact);
            let [timeout, patience] = slot.limits;
            let waits = slot.how != How::Held || !settings.client.hold_abandoned;
            done.min(timeout).min(if waits { patience } else { Time::MAX })
        };
        let next = self.on(pod).map(|(_, slot)| due(slot)).min();
        if let Some(next) = next.filter(|&next| self.pods[pod].ring.is_none_or(|r| next < r.0)) {
            self.pods[pod].ring = Some((next, self.stamp()));
        }
    }

    /// Some requests of a shared instance may be due: work that is done, then limits.
    pub(super) fn shared(&mut self, pod: usize) {
        self.look(pod);
        self.pods[pod].ring = Some((0, 0));
        let holds = self.settings(self.pods[pod].service).client.hold_abandoned;
        loop {
            let due = self.on(pod).filter_map(|(i, slot)| {
                let [timeout, patience] = slot.limits;
                let gives_up = patience < timeout && slot.how != How::Held;
                let over = |how| if slot.how == How::Held { How::Held } else { how };
                let (order, at, how) = if slot.left <= 0 {
                    (0, slot.left, over(How::Served))
                } else if gives_up && !holds && patience <= self.now {
                    (1, patience.into(), How::Abandoned)
                } else if timeout <= self.now {
                    (1, timeout.into(), over(How::TimedOut))
                } else if gives_up && patience <= self.now {
                    (2, patience.into(), How::Abandoned)
                } else {
                    return None;
                };
                Some(((order, at, slot.begun), i, how))
            });
            let Some((_, i, how)) = due.min_by_key(|due| due.0) else { break };
            self.requests[i].slot.as_mut().unwrap().how = how;
            self.end(i);
        }
        self.pods[pod].ring = None;
        self.expect(pod);
    }

    /// A request in service ends, or its client does.
    pub(super) fn end(&mut self, i: usize) {
        let Request { service: s, attempt, arrived, .. } = self.requests[i];
        let slot = self.requests[i].slot.as_mut().unwrap();
        let (on, cold, how) = (slot.on, slot.cold, slot.how);
        let total = &mut self.services[s].total;
        match how {
            How::Served => {
                total.requests.served += 1;
                total.requests.served_cold += u64::from(cold);
                total.latency_sum += u128::from(self.now - arrived);
            }
            How::TimedOut => total.requests.timed_out += 1,
            How::Abandoned => total.requests.abandoned += 1,
            How::Held => {}
        }
        let failed = matches!(how, How::TimedOut | How::Abandoned);
        total.blame[Cause::Service as usize] += if failed { 1_000_000 } else { 0 };
        if how == How::Abandoned && self.scenario.services[s].client.hold_abandoned {
            (slot.how, slot.until) = (How::Held, slot.held);
        } else {
            self.requests.remove(i);
            self.free(on, s);
        }
        if failed {
            self.failed(s, attempt);
        }
    }

    /// A slot is free.
    fn free(&mut self, on: usize, s: usize) {
        self.pods[on].row.requests += 1;
        self.pods[on].used = self.stamp();
        self.feed(s);
        if self.load(on) == 0 {
            self.pods[on].idle = (self.now, self.stamp());
            if let Some(reason) = self.pods[on].told {
                self.gone(on, reason);
            }
        }
    }

    /// A request never got a slot.
    fn leave(&mut self, i: usize, refused: bool) {
        let request = self.requests.remove(i);
        let s = request.service;
        let mut waits = request.waits;
        if self.now == request.arrived {
            waits[self.cause(s) as usize] = 1;
        }
        let whole: u64 = waits.iter().sum();
        let parts = waits.map(|w| (u128::from(w) * 1_000_000 / u128::from(whole)) as u64);
        let largest = (0..Cause::COUNT).rev().max_by_key(|&c| waits[c]).unwrap();
        let total = &mut self.services[s].total;
        let count = &mut total.requests;
        *(if refused { &mut count.refused } else { &mut count.abandoned }) += 1;
        (0..Cause::COUNT).for_each(|c| total.blame[c] += parts[c]);
        total.blame[largest] += 1_000_000 - parts.iter().sum::<u64>();
        if Cause::ALL.iter().zip(waits).any(|(cause, wait)| cause.is_key() && wait > 0) {
            self.mark_key_failure(s);
        }
        self.failed(s, request.attempt);
    }

    fn mark_key_failure(&mut self, s: usize) {
        let [first, last] = &mut self.services[s].total.key_failures;
        (*first, *last) = (first.or(Some(self.now)), Some(self.now));
    }

    /// A failed request is tried again, or let be.
    fn failed(&mut self, s: usize, attempt: u8) {
        let Some(retries) = self.settings(s).client.retries else { return };
        let state = &mut self.services[s];
        if attempt >= retries.attempts || retries.budget.is_some() && state.tokens < RETRY {
            return;
        }
        state.tokens -= if retries.budget.is_some() { RETRY } else { 0 };
        let most = super::starts::ceiling(&retries.back_off, u32::from(attempt) + 1);
        let wait = if retries.jitter { state.back_off.random_range(0..=most) } else { most };
        state.total.requests.retried += 1;
        let due = self.due(wait);
        self.returns.push((due, s, attempt + 1));
    }

    /// How long a request may wait now.
    fn pending_timeout(&self, s: usize) -> Time {
        match self.settings(s).pending_timeout {
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
    pub(super) fn deadline(&self, s: usize) -> Option<Time> {
        let patience = self.settings(s).client.timeout.map_or(Time::MAX, |t| t.0);
        let most = self.pending_timeout(s).min(patience);
        let first = self.requests[self.first_waiting(s)?].arrived;
        first.checked_add(most)
    }

    pub(super) fn give_up(&mut self, s: usize) {
        let Some(first) = self.first_waiting(s) else { return };
        let waited = self.now - self.requests[first].arrived;
        self.leave(first, waited >= self.pending_timeout(s));
    }

    /// Instances whose time has come are lost with the requests on them.
    pub(super) fn lose(&mut self, when: fn(&Pod) -> Due, why: Option<(EndReason, Cause)>) {
        let over = |&i: &usize| {
            let pod = &self.pods[i];
            pod.row.marks[ENDED].is_none() && when(pod).is_some_and(|due| due.0 == self.now)
        };
        let mut over: Vec<usize> = (0..self.pods.len()).filter(over).collect();
        over.sort_by_key(|&i| when(&self.pods[i]));
        self.stop(&over, why);
    }

    /// Instances stop under their requests: those whose end was known first, then those of each
    /// that is shared.
    pub(super) fn stop(&mut self, over: &[usize], why: Option<(EndReason, Cause)>) {
        let on = |r: &mut Request| r.slot.as_ref().is_some_and(|slot| over.contains(&slot.on));
        let mut stopped: Vec<Request> = self.requests.extract_if(.., on).collect();
        stopped.sort_by_key(|r| {
            let slot = r.slot.as_ref().unwrap();
            let pod = over.iter().position(|&i| i == slot.on);
            slot.until.map_or((Time::MAX, pod, slot.begun), |due| (due.0, None, due.1))
        });
        for request in stopped {
            let (s, slot) = (request.service, request.slot.unwrap());
            self.pods[slot.on].row.requests += 1;
            if slot.how == How::Held {
                continue;
            }
            let revoked = self.pods[slot.on].told == Some(EndReason::Revoked);
            let told = if revoked { Cause::KeyDenied } else { Cause::Drain };
            let cause = why.map_or(told, |(_, cause)| cause);
            self.services[s].total.requests.aborted += 1;
            self.services[s].total.blame[cause as usize] += 1_000_000;
            if cause.is_key() {
                self.mark_key_failure(s);
            }
            self.failed(s, request.attempt);
        }
        for &i in over {
            self.services[self.pods[i].service].room = true;
            let told = self.pods[i].told.unwrap_or(EndReason::Running);
            self.gone(i, why.map_or(told, |(reason, _)| reason));
        }
    }

    /// An instance takes no more requests; it goes when it has none, or its grace is over.
    pub(super) fn drain(&mut self, i: usize, grace: Time, reason: EndReason) {
        if self.load(i) == 0 {
            return self.gone(i, reason);
        }
        self.pods[i].row.marks[DRAINING] = Some(self.now);
        self.pods[i].told = Some(reason);
        self.pods[i].drain = self.due(grace).filter(|due| due.0 < Time::MAX);
    }
}
