//! Instances: how many are wanted, how they start and how they stop.

use keyscale::record::{Cause, EndReason};
use keyscale::scenario::{Autoscaler, BackOff};
use keyscale::units::SimDuration;
use rand::RngExt;

use super::super::facts::{Instance, Time};
use super::{BOOTING, DRAINING, ENDED, FETCHING, NEVER, Naive, Order, Pod, READY, UNLOCKING};

impl Naive<'_> {
    pub(super) fn alive(&self, s: usize) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(move |p| p.service == s && p.marks[ENDED].is_none())
    }

    pub(super) fn ordered(&self, s: usize) -> Vec<usize> {
        (0..self.orders.len()).filter(|&o| self.orders[o].service == s).collect()
    }

    /// The configured mean of a start.
    pub(super) fn configured_start(&self, s: usize) -> Time {
        let settings = self.settings(s);
        let start = &settings.start;
        let mut mean = start.allocate.mean() + start.fetch.mean() + start.boot.mean();
        if let Some(encryption) = &settings.encryption {
            let key = &self.scenario.keys[encryption.key.index()];
            let manager = key.manager.map(|m| &self.scenario.external_managers[m.index()]);
            let call = key.latency.mean() + manager.map_or(SimDuration::ZERO, |m| m.latency.mean());
            mean += call.scaled(encryption.decrypts_per_start.into());
        }
        mean.0
    }

    fn places(&self, s: usize) -> usize {
        self.takers(s).count() + self.ordered(s).len()
    }

    fn wanted(&self, s: usize) -> usize {
        let (min, most, manual) = self.limits(s);
        let desired = self.services[s].desired.clamp(min.min(most), most);
        manual.unwrap_or(desired) as usize
    }

    /// What the rules want at every instant: no more instances than the maximum, no fewer than are
    /// wanted, and a start for those who wait.
    pub(super) fn keep_rules(&mut self, s: usize) {
        while self.places(s) > self.limits(s).1 as usize {
            if let Some(order) = self.order_to_give_up(s) {
                self.cancel(order, EndReason::Cancelled);
            } else if let Some(idle) = self.longest_idle(s) {
                self.gone(idle, EndReason::ScaleIn);
            } else if let Some(youngest) = self.takers(s).max_by_key(|&i| self.pods[i].serial) {
                self.drain(youngest, Time::MAX, EndReason::ScaleIn);
            }
        }
        while self.places(s) < self.wanted(s) {
            self.order(s);
        }
        self.start_on_demand(s);
    }

    /// A start where more wait than the start orders will have slots for.
    pub(super) fn start_on_demand(&mut self, s: usize) {
        let settings = self.settings(s);
        let slots = |n: usize| n * usize::from(settings.concurrency);
        let on_demand =
            matches!(settings.autoscaler, Autoscaler::CloudRun(_) | Autoscaler::PerRequest);
        while on_demand
            && self.waiting(s) > slots(self.ordered(s).len())
            && self.places(s) < self.limits(s).1 as usize
        {
            self.order(s);
        }
    }

    /// The autoscaler decides.
    pub(super) fn tick(&mut self, s: usize) {
        let Autoscaler::CloudRun(asked) = &self.settings(s).autoscaler else { return };
        let concurrency = f64::from(self.settings(s).concurrency);
        let means = [asked.window, asked.long_window].map(|window| {
            let from = self.now.saturating_sub(window.0);
            let open =
                self.requests.iter().filter_map(|r| Some((r.service, r.slot.as_ref()?.from)));
            let open = open.map(|(s, from)| (s, from, self.now));
            let all = self.slots.iter().copied().chain(open).filter(|slot| slot.0 == s);
            let inside = all.map(|(_, begin, end)| end.saturating_sub(begin.max(from)));
            inside.sum::<Time>() as f64 / (self.now - from) as f64
        });
        let target = asked.concurrency_target.map(|target| concurrency * target.0);
        let needed = target.map_or(0.0, |target| means[0].max(means[1]) / target);
        self.services[s].desired = needed.ceil() as u32;
        self.services[s].tick = self.due(asked.tick.0);
        let waiting = self.waiting(s).div_ceil(self.settings(s).concurrency.into());
        let needed = self.wanted(s).saturating_sub(self.takers(s).count()).max(waiting);
        let surplus = self.ordered(s).len().saturating_sub(needed);
        for _ in 0..surplus {
            let resting = self.ordered(s).into_iter().filter(|&o| self.orders[o].attempt.is_none());
            if let Some(youngest) = resting.max_by_key(|&o| self.orders[o].ordinal) {
                self.cancel(youngest, EndReason::Cancelled);
            }
        }
    }

    /// What those who wait are waiting for.
    pub(super) fn cause(&self, s: usize) -> Cause {
        let held = self.ordered(s).into_iter().map(|o| self.orders[o].hold).min();
        let full = self.takers(s).count() >= self.limits(s).1 as usize;
        held.unwrap_or(if full { Cause::MaxInstances } else { Cause::Autoscaler })
    }

    fn order(&mut self, s: usize) {
        let state = &mut self.services[s];
        let (ordinal, luck) = (state.orders, state.family.nth(state.orders.into()));
        state.orders += 1;
        let hold = Cause::Starting;
        let order =
            Order { service: s, ordinal, attempts: 0, hold, attempt: None, restart: NEVER, luck };
        self.orders.push(order);
        self.attempt(self.orders.len() - 1);
    }

    pub(super) fn new_pod(&mut self, service: usize, order: Option<u32>, attempt: u32) -> usize {
        let serial = self.services[service].serials;
        self.services[service].serials += 1;
        let mut marks = [None; 7];
        marks[0] = Some(self.now);
        self.pods.push(Pod {
            service,
            serial,
            order,
            attempt,
            marks,
            seat: 0,
            step: NEVER,
            too_late: false,
            granted: 0,
            call: (0, 0, 0),
            asked: None,
            calls: 0,
            idle: NEVER,
            used: 0,
            drain_until: Time::MAX,
            reason: EndReason::Running,
            served: 0,
        });
        self.pods.len() - 1
    }

    /// The next attempt of an order.
    pub(super) fn attempt(&mut self, o: usize) {
        let order = &mut self.orders[o];
        order.attempts += 1;
        order.restart = NEVER;
        if order.hold == Cause::StartBackoff {
            order.hold = Cause::Starting;
        }
        let (s, ordinal, attempts) = (order.service, order.ordinal, order.attempts);
        let allocate = self.settings(s).start.allocate.sample(&mut self.orders[o].luck);
        let pod = self.new_pod(s, Some(ordinal), attempts);
        self.orders[o].attempt = Some(pod);
        self.totals[s].starts.begun += 1;
        self.pods[pod].step = self.due(allocate.0);
    }

    pub(super) fn order_of(&self, i: usize) -> usize {
        self.orders.iter().position(|o| o.attempt == Some(i)).unwrap()
    }

    /// A start comes to its next step.
    pub(super) fn step(&mut self, i: usize) {
        let s = self.pods[i].service;
        let start = &self.settings(s).start;
        let encryption = self.settings(s).encryption.as_ref();
        let pod = &mut self.pods[i];
        pod.step = NEVER;
        if pod.too_late {
            self.fail(i, EndReason::StartDeadline, Cause::StartBackoff);
        } else if pod.marks[BOOTING].is_some() {
            self.pods[i].marks[READY] = Some(self.now);
            let order = self.order_of(i);
            self.orders.remove(order);
            self.totals[s].starts.ready += 1;
            let took = self.now - self.pods[i].marks[0].unwrap();
            self.services[s].starts.push(took);
            self.ready(i);
        } else if let Some(fetched) = pod.marks[FETCHING] {
            let most = fetched + start.deadline.0 - self.now;
            let order = self.order_of(i);
            let boot = start.boot.sample(&mut self.orders[order].luck).0;
            self.phase(i, BOOTING, boot, most);
        } else if pod.asked.is_some() {
            self.answered(i);
        } else if pod.marks[UNLOCKING].is_some() {
            self.ask_for_start(i);
        } else if encryption.is_some_and(|e| e.decrypts_per_start > 0) {
            pod.marks[UNLOCKING] = Some(self.now);
            pod.call = (self.now, 1, 0);
            self.ask_for_start(i);
        } else {
            self.fetch(i);
        }
    }

    pub(super) fn fetch(&mut self, i: usize) {
        let start = &self.settings(self.pods[i].service).start;
        let order = self.order_of(i);
        let fetch = start.fetch.sample(&mut self.orders[order].luck).0;
        self.phase(i, FETCHING, fetch, start.deadline.0);
    }

    /// A phase that must not take longer than the rest of the start deadline.
    fn phase(&mut self, i: usize, mark: usize, length: Time, most: Time) {
        self.pods[i].marks[mark] = Some(self.now);
        self.pods[i].too_late = length > most;
        self.pods[i].step = self.due(length.min(most));
    }

    /// An instance takes requests.
    pub(super) fn ready(&mut self, i: usize) {
        let s = self.pods[i].service;
        let seats: Vec<usize> = self
            .alive(s)
            .filter(|p| p.marks[READY].is_some() && p.serial != self.pods[i].serial)
            .map(|p| p.seat)
            .collect();
        self.pods[i].seat = (0..).find(|seat| !seats.contains(seat)).unwrap();
        self.pods[i].marks[READY] = Some(self.now);
        self.pods[i].idle = self.due(0);
        self.pods[i].used = self.pods[i].idle.1;
        self.totals[s].ready_max = self.totals[s].ready_max.max(self.takers(s).count() as u64);
        self.feed(s);
    }

    pub(super) fn ceiling(&self, back_off: &BackOff, failures: u32) -> Time {
        let grown = libm::pow(back_off.multiplier, f64::from(failures - 1));
        back_off.initial.scaled(grown).min(back_off.max).0
    }

    pub(super) fn fail(&mut self, i: usize, reason: EndReason, hold: Cause) {
        let (s, o) = (self.pods[i].service, self.order_of(i));
        self.totals[s].starts.failed += 1;
        self.gone(i, reason);
        let most = self.ceiling(&self.settings(s).start.back_off, self.orders[o].attempts);
        let order = &mut self.orders[o];
        (order.hold, order.attempt) = (hold, None);
        let wait = order.luck.random_range(0..=most);
        self.orders[o].restart = self.due(wait);
    }

    /// The youngest in back-off, else the youngest.
    fn order_to_give_up(&self, s: usize) -> Option<usize> {
        self.ordered(s)
            .into_iter()
            .max_by_key(|&o| (self.orders[o].attempt.is_none(), self.orders[o].ordinal))
    }

    pub(super) fn cancel(&mut self, o: usize, reason: EndReason) {
        let order = self.orders.remove(o);
        if let Some(i) = order.attempt {
            self.totals[order.service].starts.cancelled += 1;
            self.gone(i, reason);
        }
    }

    fn longest_idle(&self, s: usize) -> Option<usize> {
        let idle = self.takers(s).filter(|&i| self.load(i) == 0);
        idle.min_by_key(|&i| self.pods[i].idle.1)
    }

    /// The instance that stops next for being idle, where there are more than need be.
    pub(super) fn expiry(&self, s: usize) -> Option<(Time, usize)> {
        let keep = self.wanted(s).max(self.limits(s).0 as usize);
        let idle = self.longest_idle(s).filter(|_| self.takers(s).count() > keep)?;
        Some((self.pods[idle].idle.0 + self.settings(s).idle_timeout.0, idle))
    }

    /// An instance takes no more requests; it goes when it has none, or its grace is over.
    pub(super) fn drain(&mut self, i: usize, grace: Time, reason: EndReason) {
        if self.load(i) == 0 {
            return self.gone(i, reason);
        }
        self.pods[i].marks[DRAINING] = Some(self.now);
        (self.pods[i].drain_until, self.pods[i].reason) = (self.now.saturating_add(grace), reason);
    }

    pub(super) fn gone(&mut self, i: usize, reason: EndReason) {
        let s = self.pods[i].service;
        self.pods[i].marks[ENDED] = Some(self.now);
        self.totals[s].calls_dropped += u64::from(self.pods[i].asked.is_some());
        self.totals[s].expired += u64::from(reason == EndReason::Idle);
        if reason == EndReason::Revoked && self.pods[i].marks[READY].is_some() {
            self.totals[s].revoked += 1;
            if self.alive(s).all(|p| p.marks[READY].is_none()) {
                self.totals[s].unreachable.get_or_insert(self.now);
            }
        }
        self.row(i, reason);
    }

    /// What became of an instance.
    pub(super) fn row(&mut self, i: usize, reason: EndReason) {
        let pod = &self.pods[i];
        let until = pod.marks[FETCHING].or(pod.marks[ENDED]).unwrap_or(self.now);
        self.facts.instances.push(Instance {
            service: self.settings(pod.service).name.clone(),
            serial: pod.serial,
            order: pod.order,
            attempt: pod.attempt,
            marks: pod.marks,
            key_calls: pod.calls,
            key_wait: pod.marks[UNLOCKING].map_or(0, |since| until - since),
            requests: pod.served,
            reason: reason.name(),
        });
    }
}
