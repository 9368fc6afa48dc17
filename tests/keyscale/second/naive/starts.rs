//! Instances: how many are wanted, how they start and how they stop.

use keyscale::distribution::Distribution;
use keyscale::record::{Cause, EndReason};
use keyscale::scenario::{Autoscaler, BackOff, Probe};
use keyscale::units::SimDuration;
use rand::RngExt;

use super::super::facts::{Instance, Time};
use super::{BOOTING, ENDED, FETCHING, Luck, Naive, Order, Pod, READY, UNLOCKING};

/// What is drawn about an instance beside its start, by its number among such draws.
const START_CRASH: u64 = 0;
const AGE: u64 = 1;
const MEMORY: u64 = 2;
const IDLE: u64 = 3;

/// When a probe has an answer of an application that answers from `boot` on, both since the begin
/// of booting: each try waits for one for a while.
fn seen(probe: Probe, boot: Time) -> Option<Time> {
    let tries =
        (0..u64::from(probe.failure_threshold)).map(|k| probe.initial_delay.0 + k * probe.period.0);
    tries.into_iter().find(|sent| boot <= sent + probe.timeout.0).map(|sent| sent.max(boot))
}

pub fn ceiling(back_off: &BackOff, failures: u32) -> Time {
    let grown = libm::pow(back_off.multiplier, f64::from(failures - 1));
    back_off.initial.scaled(grown).min(back_off.max).0
}

impl Naive<'_> {
    pub(super) fn begin_service(&mut self, s: usize) {
        let settings = self.settings(s);
        for _ in 0..settings.initial_instances {
            let i = self.new_pod(s, None, 0);
            self.ready(i);
        }
        if let Autoscaler::Fixed { instances } = settings.autoscaler {
            self.services[s].desired = instances;
        } else if let Autoscaler::CloudRun(c) = settings.autoscaler {
            self.services[s].tick = self.due(c.tick.0);
        }
        self.keep_rules(s);
    }

    /// Instances that start, run or drain.
    pub(super) fn alive(&self, s: usize) -> impl Iterator<Item = usize> {
        let is_here = move |pod: &Pod| pod.service == s && pod.row.marks[ENDED].is_none();
        (0..self.pods.len()).filter(move |&i| is_here(&self.pods[i]))
    }

    pub(super) fn ordered(&self, s: usize) -> Vec<usize> {
        (0..self.orders.len()).filter(|&o| self.orders[o].service == s).collect()
    }

    fn boosted(&self, s: usize, boot: SimDuration) -> Time {
        let boost = self.settings(s).start.cpu_boost;
        if boost > 1.0 { boot.scaled(1.0 / boost).0 } else { boot.0 }
    }

    /// The configured mean of a start.
    pub(super) fn configured_start(&self, s: usize) -> Time {
        let settings = self.settings(s);
        let start = &settings.start;
        let boot = self.boosted(s, start.boot.mean());
        let boot = start.probe.and_then(|probe| seen(probe, boot)).unwrap_or(boot);
        let mut mean = start.allocate.mean() + start.fetch.mean() + SimDuration(boot);
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
    /// wanted, a start for those who wait, and an eye on who is short of memory.
    pub(super) fn keep_rules(&mut self, s: usize) {
        while self.places(s) > self.limits(s).1 as usize {
            if let Some(order) = self.order_to_give_up(s) {
                self.cancel(order, EndReason::Cancelled);
            } else if let Some(idle) = self.longest_idle(s) {
                self.gone(idle, EndReason::ScaleIn);
            } else if let Some(youngest) = self.takers(s).max_by_key(|&i| self.pods[i].row.serial) {
                self.drain(youngest, Time::MAX, EndReason::ScaleIn);
            }
        }
        if std::mem::take(&mut self.services[s].room) {
            self.begin_waiting(s);
        }
        while self.places(s) < self.wanted(s) {
            self.order(s);
        }
        self.start_on_demand(s);
        let Some(memory) = &self.settings(s).out_of_memory else { return };
        for i in self.alive(s).collect::<Vec<usize>>() {
            if self.load(i) <= usize::from(memory.above) {
                self.pods[i].memory = None;
            } else if self.pods[i].memory.is_none() {
                self.pods[i].shortages += 1;
                let mut luck = self.fate(i, MEMORY, self.pods[i].shortages.into());
                self.pods[i].memory = self.due(memory.after.sample(&mut luck).0);
            }
        }
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
        let settings = self.settings(s);
        let Autoscaler::CloudRun(asked) = settings.autoscaler else { return };
        let levels = &self.services[s].levels;
        let sum = |until: Time, level: usize| -> u64 {
            levels.iter().map(|l| l[1].min(until).saturating_sub(l[0]) * l[level]).sum()
        };
        let mean = |window: SimDuration, level: usize, unit: u32| {
            let from = self.now.saturating_sub(window.0);
            let [before, now] = [from, self.now].map(|until| sum(until, level) / u64::from(unit));
            (now - before) as f64 / (self.now - from) as f64
        };
        let concurrency = asked.concurrency_target.map(|target| {
            let most = mean(asked.window, 2, 1).max(mean(asked.long_window, 2, 1));
            most / (f64::from(settings.concurrency) * target.0)
        });
        let cpu = asked.cpu_target.filter(|_| settings.cpu.is_some());
        let cpu = cpu.map(|target| mean(asked.window, 3, settings.vcpus) / target.0);
        let needed = cpu.into_iter().chain(concurrency).fold(0.0, f64::max);
        let most = self.services[s].desired.min(self.limits(s).1);
        let now = (self.places(s) as u32).max(most);
        let [least, most] = [-1.0, 1.0].map(|k| f64::from(now) * (1.0 + k * asked.tolerance.0));
        let stays = asked.tolerance.0 > 0.0 && (least..=most).contains(&needed);
        self.services[s].desired = if stays { now } else { needed.ceil() as u32 };
        self.services[s].tick = self.due(asked.tick.0);
        let waiting = self.waiting(s).div_ceil(settings.concurrency.into());
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

    fn order(&mut self, service: usize) {
        let state = &mut self.services[service];
        let (ordinal, luck) = (state.orders, state.family.nth(state.orders.into()));
        state.orders += 1;
        let (hold, attempt, restart) = (Cause::Starting, None, None);
        let order = Order { service, ordinal, attempts: 0, hold, attempt, restart, luck };
        self.orders.push(order);
        self.begin_or_wait(self.orders.len() - 1);
    }

    /// An order wants to begin its next attempt, and does so unless the limits on starts forbid it.
    pub(super) fn begin_or_wait(&mut self, o: usize) {
        self.begin_waiting(self.orders[o].service);
        let order = &mut self.orders[o];
        if order.attempt.is_none() && matches!(order.hold, Cause::Starting | Cause::StartBackoff) {
            order.hold = Cause::StartRate;
        }
    }

    /// The oldest order that waits for the limits on starts.
    fn first_at_gate(&self, s: usize) -> Option<usize> {
        let waits = |o: &Order| o.attempt.is_none() && o.restart.is_none();
        self.ordered(s).into_iter().find(|&o| waits(&self.orders[o]))
    }

    /// Orders that wait for the limits on starts begin as far as they may, the oldest first.
    pub(super) fn begin_waiting(&mut self, s: usize) {
        let limits = self.settings(s).start.limits;
        while let Some(o) = self.first_at_gate(s) {
            let begun = |&o: &usize| self.orders[o].attempts > 0;
            let carried_out = self.ordered(s).iter().filter(|o| begun(o)).count();
            if !begun(&o) && limits.concurrent.is_some_and(|most| carried_out >= most as usize) {
                return;
            }
            if let Some(rate) = limits.rate {
                let interval = self.interval(self.now, rate.interval.0);
                let all = &mut self.services[s].begun;
                if all.iter().filter(|&&i| i == interval).count() >= rate.starts as usize {
                    let next = interval * rate.interval.0 + self.zero % rate.interval.0;
                    return self.services[s].more_starts = Some((next, 0));
                }
                all.push(interval);
            }
            self.attempt(o);
        }
    }

    pub(super) fn new_pod(&mut self, service: usize, order: Option<u32>, attempt: u32) -> usize {
        let serial = self.services[service].serials;
        self.services[service].serials += 1;
        let mut row = Instance { serial, order, attempt, ..Instance::default() };
        row.service.clone_from(&self.settings(service).name);
        row.marks[0] = Some(self.now);
        self.pods.push(Pod { service, row, ..Pod::default() });
        self.pods.len() - 1
    }

    fn attempt(&mut self, o: usize) {
        let order = &mut self.orders[o];
        order.attempts += 1;
        if matches!(order.hold, Cause::StartBackoff | Cause::StartRate) {
            order.hold = Cause::Starting;
        }
        let (s, ordinal, attempts) = (order.service, order.ordinal, order.attempts);
        let allocate = self.settings(s).start.allocate.sample(&mut self.orders[o].luck);
        let pod = self.new_pod(s, Some(ordinal), attempts);
        self.orders[o].attempt = Some(pod);
        self.services[s].total.starts.begun += 1;
        self.pods[pod].step = self.due(allocate.0);
    }

    pub(super) fn order_of(&self, i: usize) -> usize {
        self.orders.iter().position(|o| o.attempt == Some(i)).unwrap()
    }

    /// A start comes to its next step.
    pub(super) fn step(&mut self, i: usize) {
        let s = self.pods[i].service;
        let encryption = self.settings(s).encryption.as_ref();
        let pod = &mut self.pods[i];
        pod.step = None;
        if let Some(reason) = pod.fails {
            self.fail(i, reason, Cause::StartBackoff);
        } else if pod.row.marks[BOOTING].is_some() {
            let order = self.orders.remove(self.order_of(i));
            let took = self.now - self.pods[i].row.marks[0].unwrap();
            let state = &mut self.services[s];
            state.total.starts.ready += 1;
            state.starts.push(took);
            state.room = true;
            self.ready(i);
            for request in self.bound(s, order.ordinal) {
                self.serve_cold(request, i);
            }
            self.feed(s);
        } else if pod.row.marks[FETCHING].is_some() {
            self.boot(i);
        } else if pod.asked.is_some() {
            self.answered(i);
        } else if pod.row.marks[UNLOCKING].is_some() {
            self.ask_for_start(i);
        } else if encryption.is_some_and(|e| e.decrypts_per_start > 0) {
            pod.row.marks[UNLOCKING] = Some(self.now);
            pod.call = (self.now, 1, 0);
            self.ask_for_start(i);
        } else {
            self.fetch(i);
        }
    }

    /// Draws the length of a phase; other starts under way make it longer.
    fn draw(&mut self, i: usize, law: &Distribution) -> SimDuration {
        let (s, o) = (self.pods[i].service, self.order_of(i));
        let length = law.sample(&mut self.orders[o].luck);
        let under_way = self.ordered(s).into_iter().filter(|&o| self.orders[o].attempt.is_some());
        let others = under_way.count() - 1;
        match self.settings(s).start.slow_down {
            slow_down if slow_down > 0.0 => length.scaled(1.0 + slow_down * others as f64),
            _ => length,
        }
    }

    pub(super) fn fetch(&mut self, i: usize) {
        let start = &self.settings(self.pods[i].service).start;
        let fetch = self.draw(i, &start.fetch).0;
        self.phase(i, FETCHING, fetch, None, start.deadline.0);
    }

    fn boot(&mut self, i: usize) {
        let s = self.pods[i].service;
        let settings = self.settings(s);
        let boot = self.draw(i, &settings.start.boot);
        let boot = self.boosted(s, boot);
        let crash = settings.crash.start_probability.0;
        let (length, fails) = if crash > 0.0 && self.fate(i, START_CRASH, 0).random::<f64>() < crash
        {
            (boot, Some(EndReason::Crash))
        } else if let Some(probe) = settings.start.probe {
            let patience =
                probe.initial_delay.0 + probe.period.0 * u64::from(probe.failure_threshold);
            let unseen = (patience, Some(EndReason::StartupProbe));
            seen(probe, boot).map_or(unseen, |at| (at, None))
        } else {
            (boot, None)
        };
        let fetched = self.pods[i].row.marks[FETCHING].unwrap();
        self.phase(i, BOOTING, length, fails, fetched + settings.start.deadline.0 - self.now);
    }

    /// A phase that must not take longer than the rest of the start deadline.
    fn phase(&mut self, i: usize, mark: usize, length: Time, fails: Option<EndReason>, most: Time) {
        let late = (length > most).then_some(EndReason::StartDeadline);
        self.pods[i].row.marks[mark] = Some(self.now);
        self.pods[i].fails = late.or(fails);
        self.pods[i].step = self.due(length.min(most));
    }

    /// The generator of what befalls an instance for the n-th time.
    fn fate(&self, i: usize, fate: u64, n: u64) -> Luck {
        let Pod { service, row, .. } = &self.pods[i];
        self.services[*service].fates.nth(fate << 56 | u64::from(row.serial) << 24 | n)
    }

    /// An instance takes requests.
    pub(super) fn ready(&mut self, i: usize) {
        let s = self.pods[i].service;
        let ready = |&i: &usize| self.pods[i].row.marks[READY].is_some();
        let seats: Vec<usize> = self.alive(s).filter(ready).map(|i| self.pods[i].seat).collect();
        self.pods[i].seat = (0..).find(|seat| !seats.contains(seat)).unwrap();
        self.pods[i].row.marks[READY] = Some(self.now);
        self.pods[i].idle = (self.now, self.stamp());
        self.pods[i].used = self.pods[i].idle.1;
        let takers = self.takers(s).count() as u64;
        let total = &mut self.services[s].total;
        total.ready_max = total.ready_max.max(takers);
        if let Some(law) = &self.settings(s).crash.age {
            let age = law.sample(&mut self.fate(i, AGE, 0)).max(SimDuration::from_millis(1));
            self.pods[i].crash = self.due(age.0);
        }
    }

    pub(super) fn fail(&mut self, i: usize, reason: EndReason, hold: Cause) {
        let (s, o) = (self.pods[i].service, self.order_of(i));
        self.services[s].total.starts.failed += 1;
        self.gone(i, reason);
        let start = &self.settings(s).start;
        let order = &mut self.orders[o];
        let most = ceiling(&start.back_off, order.attempts);
        (order.hold, order.attempt) = (hold, None);
        let wait = if start.jitter { order.luck.random_range(0..=most) } else { most };
        self.orders[o].restart = self.due(wait);
    }

    /// The youngest without an attempt, else the youngest.
    fn order_to_give_up(&self, s: usize) -> Option<usize> {
        let key = |o: &Order| (o.attempt.is_none(), o.ordinal);
        self.ordered(s).into_iter().max_by_key(|&o| key(&self.orders[o]))
    }

    pub(super) fn cancel(&mut self, o: usize, reason: EndReason) {
        let order = self.orders.remove(o);
        let s = order.service;
        self.services[s].room = true;
        if let Some(i) = order.attempt {
            self.services[s].total.starts.cancelled += 1;
            self.gone(i, reason);
        }
        for request in self.bound(s, order.ordinal) {
            self.requests[request].place = self.stamp();
            self.requests[request].bound = None;
        }
        self.feed(s);
    }

    fn longest_idle(&self, s: usize) -> Option<usize> {
        let idle = self.takers(s).filter(|&i| self.load(i) == 0);
        idle.min_by_key(|&i| self.pods[i].idle)
    }

    /// The instance that stops next for being idle, where there are more than need be: the longest
    /// idle of those that have been so for long enough.
    pub(super) fn expiry(&self, s: usize) -> Option<(Time, usize)> {
        let keep = self.wanted(s).max(self.limits(s).0 as usize);
        let settings = self.settings(s);
        let (min, max) = (settings.idle_timeout_min, settings.idle_timeout);
        let drawn = min < max;
        let length = |i| match drawn {
            true => Distribution::Uniform { min, max }.sample(&mut self.fate(i, IDLE, 0)),
            false => max,
        };
        let key = |i: usize| {
            let Pod { idle, row, .. } = &self.pods[i];
            let over = (idle.0 + length(i).0).max(self.now);
            (over, idle.0, if drawn { row.serial.into() } else { idle.1 })
        };
        let idle = self.takers(s).filter(|&i| self.load(i) == 0);
        let next = idle.map(|i| (key(i), i)).min().filter(|_| self.takers(s).count() > keep)?;
        Some((next.0.0, next.1))
    }

    pub(super) fn gone(&mut self, i: usize, reason: EndReason) {
        let s = self.pods[i].service;
        let was_ready = self.pods[i].row.marks[READY].is_some();
        self.pods[i].row.marks[ENDED] = Some(self.now);
        let last = !self.alive(s).any(|i| self.pods[i].row.marks[READY].is_some());
        let total = &mut self.services[s].total;
        total.calls_dropped += u64::from(self.pods[i].asked.is_some());
        total.expired += u64::from(reason == EndReason::Idle);
        total.crashed += u64::from(reason == EndReason::Crash);
        total.out_of_memory += u64::from(reason == EndReason::OutOfMemory);
        if reason == EndReason::Revoked && was_ready {
            total.revoked += 1;
            total.unreachable = total.unreachable.or(Some(self.now).filter(|_| last));
        }
        self.row(i, reason);
    }

    /// What became of an instance.
    pub(super) fn row(&mut self, i: usize, reason: EndReason) {
        let mut row = self.pods[i].row.clone();
        let until = row.marks[FETCHING].or(row.marks[ENDED]).unwrap_or(self.now);
        row.key_wait = row.marks[UNLOCKING].map_or(0, |since| until - since);
        row.reason = reason.name();
        self.instances.push(row);
    }
}
