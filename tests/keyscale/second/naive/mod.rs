//! A second simulator of the same model, slow and plain: everything lies in vectors, and after
//! every event all of them are looked through for what happens next and for what the rules want.
//! It shares with the program the scenario, its units and laws, and the named random streams, so
//! that luck is the same and every count and instant must be.
//!
//! It was written from the model's description. Where that is silent it reads:
//! - a request that finds no slot is a cause to start, even where the queue is full;
//! - a request that ends for want of its client's patience ends its service, before all else;
//! - permission, state and quota decide when a call is asked, the manager when each attempt reaches
//!   it; a grant is lost where the version is unusable or the manager away at its answer;
//! - what holds a start up holds until a call is granted, or for other failures the next attempt;
//! - a policy's lesser wish gives up start orders in back-off alone, and at its ticks;
//! - requests that share an instance are looked at when one begins and when one may be due, and
//!   lose what they have gained since in whole 256ths of a nanosecond: less, where that is cut.
//!
//! Not here: loads other than recorded instants, closed loops, session affinity, random of two,
//! Knative's and Kubernetes' policies, schedules, deploys and traffic splits, key versions beside
//! the first and their destruction, drawn outages, retry budgets and breakers of keys.

mod keys;
mod requests;
mod starts;

use keyscale::kernel::{Family, Streams};
use keyscale::record::{CallPurpose, Cause, EndReason};
use keyscale::scenario::{Action, Entry, Key, LoadKind, Scenario, Service, Trace, VersionState};
use rand::rngs::Xoshiro256PlusPlus as Luck;

use super::facts::{Call, Facts, Instance, Time, Total};
use keys::Asked;

/// An instant, and the order in which it was set among those of one instant; absent: never.
type Due = Option<(Time, u64)>;

/// Marks of an instance's life.
const UNLOCKING: usize = 1;
const FETCHING: usize = 2;
const BOOTING: usize = 3;
const READY: usize = 4;
const DRAINING: usize = 5;
const ENDED: usize = 6;

/// Everything that can happen, in the order of one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    EndOfWarmUp,
    End,
    Shared,
    Timeline,
    Disabled,
    Permission,
    StartInterval,
    CheckAnswer,
    Step,
    Restart,
    Check,
    Deadline,
    Idle,
    DrainsEnd,
    Crash,
    OutOfMemory,
    GraceOver,
    Tick,
    Return,
    Arrival,
}

/// A request that waits or has a slot.
struct Request {
    service: usize,
    arrived: Time,
    work: Time,
    attempt: u8,
    /// Time under each cause while it waited.
    waits: [Time; Cause::COUNT],
    /// Its place in the queue; the ordinal of the start that it waits for instead.
    place: u64,
    bound: Option<u32>,
    slot: Option<Slot>,
}

/// A slot that a request has, or the work of one that was given up.
struct Slot {
    on: usize,
    begun: u64,
    cold: bool,
    how: How,
    until: Due,
    /// When its work is done, where it goes on after the client has gone.
    held: Due,
    /// Where it shares the instance: what is left of its work, in 256ths of a nanosecond, and when
    /// timeout and client end it.
    left: i128,
    limits: [Time; 2],
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Served,
    TimedOut,
    Abandoned,
    Held,
}

/// An instance, or an attempt to start one.
#[derive(Default)]
struct Pod {
    service: usize,
    row: Instance,
    seat: usize,
    step: Due,
    /// How the present phase fails.
    fails: Option<EndReason>,
    granted: u32,
    /// The present key call: its begin, the attempt's number, the wait before it.
    call: (Time, u32, Time),
    asked: Option<Asked>,
    idle: (Time, u64),
    used: u64,
    /// When its grace is over, and why it was told to stop.
    drain: Due,
    told: Option<EndReason>,
    crash: Due,
    /// While its memory is short: when it is killed; and how many times it has been short.
    memory: Due,
    shortages: u32,
    /// Where requests share it: when one may be due, and when they were looked at.
    ring: Due,
    looked: Time,
}

struct Order {
    service: usize,
    ordinal: u32,
    attempts: u32,
    hold: Cause,
    attempt: Option<usize>,
    restart: Due,
    luck: Luck,
}

struct State {
    total: Total,
    family: Family,
    fates: Family,
    orders: u32,
    serials: u32,
    turn: usize,
    desired: u32,
    tick: Due,
    /// From a detection: when the waiting period is over.
    clock: Due,
    /// Lengths of starts; the interval of each attempt; whether those that wait are to look again.
    starts: Vec<Time>,
    begun: Vec<u64>,
    room: bool,
    /// When the next interval begins, where one is awaited.
    more_starts: Due,
    back_off: Luck,
    retry_work: Luck,
    cold_work: Luck,
    tokens: u64,
    /// From, until, slots in use and thousandths of vCPUs in use.
    levels: Vec<[u64; 4]>,
}

struct KeyState {
    permitted: bool,
    state: VersionState,
    /// Effects on their way: a disable, a change of permission.
    disable: Due,
    permission: (Due, bool),
    propagation: Luck,
    check: Due,
    checks: Luck,
    checking: Option<(CallPurpose, Asked)>,
    failing_since: Option<Time>,
}

pub struct Naive<'s> {
    scenario: &'s Scenario,
    zero: Time,
    end: Time,
    now: Time,
    stamp: u64,
    counts: bool,
    /// By source: its service, and the instants that are left with their service times.
    sources: Vec<(usize, Vec<(Time, Time)>)>,
    timeline: Vec<(Time, usize, bool)>,
    services: Vec<State>,
    pods: Vec<Pod>,
    orders: Vec<Order>,
    /// In service or waiting, in order of arrival.
    requests: Vec<Request>,
    returns: Vec<(Due, usize, u8)>,
    keys: Vec<KeyState>,
    /// By quota and by manager: the second of each operation.
    charged: Vec<Vec<u64>>,
    taken: Vec<Vec<u64>>,
    instances: Vec<Instance>,
    calls: Vec<Call>,
    events: u64,
}

impl<'s> Naive<'s> {
    pub fn new(scenario: &'s Scenario, traces: &[Trace]) -> Self {
        let streams = Streams::new(scenario.seed, 0);
        let zero = scenario.warm_up.0;
        let state = |s: &Service| State {
            total: Total { service: s.name.clone(), ..Total::default() },
            family: streams.family("start", &s.name),
            fates: streams.family("instance", &s.name),
            orders: 0,
            serials: 0,
            turn: 0,
            desired: 0,
            tick: None,
            clock: None,
            starts: Vec::new(),
            begun: Vec::new(),
            room: false,
            more_starts: None,
            back_off: streams.get("client back-off", &s.name),
            retry_work: streams.get("retry service time", &s.name),
            cold_work: streams.get("cold service time", &s.name),
            tokens: requests::saved(s),
            levels: Vec::new(),
        };
        let key = |k: &Key| KeyState {
            permitted: true,
            state: k.versions[0],
            disable: None,
            permission: (None, true),
            propagation: streams.get("propagation", &k.name),
            check: None,
            checks: streams.get("checks", &k.name),
            checking: None,
            failing_since: None,
        };
        let mut sources = Vec::new();
        for (s, service) in scenario.services.iter().enumerate() {
            for load in &service.load {
                let LoadKind::Trace(id) = load.kind else { panic!("not a recorded load") };
                let trace = &traces[id.index()];
                let name = format!("{}/{}", service.name, load.name);
                let mut luck = streams.get("service time", &name);
                let mut work = |i: usize| match trace.works.get(i) {
                    Some(work) => work.0,
                    None => service.service_time.sample(&mut luck).0,
                };
                let buckets = trace.buckets.iter().enumerate();
                let left = buckets.map(|(i, b)| (zero + trace.shift.0 + b.at.0, work(i)));
                sources.push((s, left.collect()));
            }
        }
        let mut timeline = Vec::new();
        for (i, entry) in scenario.timeline.iter().enumerate() {
            timeline.push((zero + entry.at.0, i, false));
            timeline.extend(entry.until.map(|until| (zero + until.0, i, true)));
        }
        let mut sim = Self {
            scenario,
            zero,
            end: zero + scenario.duration(traces).0,
            now: 0,
            stamp: 0,
            counts: false,
            sources,
            timeline,
            services: scenario.services.iter().map(state).collect(),
            pods: Vec::new(),
            orders: Vec::new(),
            requests: Vec::new(),
            returns: Vec::new(),
            keys: scenario.keys.iter().map(key).collect(),
            charged: vec![Vec::new(); scenario.quotas.len()],
            taken: vec![Vec::new(); scenario.external_managers.len()],
            instances: Vec::new(),
            calls: Vec::new(),
            events: 0,
        };
        (0..sim.services.len()).for_each(|s| sim.begin_service(s));
        (0..sim.keys.len()).for_each(|k| sim.begin_checks(k));
        sim
    }

    /// What came of it, and of how many events.
    pub fn run(mut self) -> (Facts, u64) {
        while let Some((at, what, _, i)) = self.next().filter(|next| next.0 < self.end) {
            self.pass(at);
            self.events += 1;
            self.happen(what, i);
            (0..self.services.len()).for_each(|s| self.keep_rules(s));
        }
        self.pass(self.end);
        let left = (0..self.pods.len()).filter(|&i| self.pods[i].row.marks[ENDED].is_none());
        left.collect::<Vec<usize>>().into_iter().for_each(|i| self.row(i, EndReason::Running));
        for s in 0..self.services.len() {
            self.services[s].total.in_flight = self.serving(s);
            self.services[s].total.pending = self.waiting(s) as u64;
        }
        let totals = self.services.into_iter().map(|state| state.total).collect();
        (Facts { instances: self.instances, calls: self.calls, totals }, self.events)
    }

    /// What happens next: the first of all that is due.
    fn next(&self) -> Option<(Time, What, u64, usize)> {
        let mut first = None;
        let mut see = |due: Due, what: What, i: usize| {
            let next = due.map(|(at, stamp)| (at.max(self.now), what, stamp, i));
            first = first.into_iter().chain(next).min();
        };
        see(Some((self.zero, 0)).filter(|_| !self.counts), What::EndOfWarmUp, 0);
        for (i, request) in self.requests.iter().enumerate() {
            see(request.slot.as_ref().and_then(|slot| slot.until), What::End, i);
        }
        for (i, &(at, entry, over)) in self.timeline.iter().enumerate() {
            see(Some((at, 2 * entry as u64 + u64::from(over))), What::Timeline, i);
        }
        for (k, key) in self.keys.iter().enumerate() {
            see(key.disable, What::Disabled, k);
            see(key.permission.0, What::Permission, k);
            see(key.check, What::Check, k);
            see(key.checking.as_ref().and_then(|c| c.1.answered), What::CheckAnswer, k);
        }
        for (i, pod) in self.pods.iter().enumerate().filter(|(_, p)| p.row.marks[ENDED].is_none()) {
            see(pod.step, What::Step, i);
            see(pod.ring, What::Shared, i);
            see(pod.drain, What::DrainsEnd, i);
            see(pod.crash, What::Crash, i);
            see(pod.memory, What::OutOfMemory, i);
        }
        for (o, order) in self.orders.iter().enumerate() {
            see(order.restart, What::Restart, o);
        }
        for (s, state) in self.services.iter().enumerate() {
            see(state.more_starts, What::StartInterval, s);
            see(self.deadline(s).map(|at| (at, 0)), What::Deadline, s);
            see(self.expiry(s).map(|(at, _)| (at, 0)), What::Idle, s);
            see(state.clock, What::GraceOver, s);
            see(state.tick, What::Tick, s);
        }
        for (i, again) in self.returns.iter().enumerate() {
            see(again.0, What::Return, i);
        }
        for (source, (_, left)) in self.sources.iter().enumerate() {
            see(left.first().map(|a| (a.0, source as u64)), What::Arrival, source);
        }
        first
    }

    /// Time passes, and what is added up over it grows.
    fn pass(&mut self, at: Time) {
        let passed = at - self.now;
        for s in 0..self.services.len() {
            let cause = self.cause(s) as usize;
            let waiting = self.requests.iter_mut().filter(|r| r.service == s && r.slot.is_none());
            waiting.for_each(|r| r.waits[cause] += passed);
            let alive: Vec<usize> = self.alive(s).collect();
            let levels = [self.serving(s), self.waiting(s) as u64, alive.len() as u64];
            let used = alive.iter().map(|&i| self.vcpus_used(i)).sum();
            let slots = alive.iter().map(|&i| self.load(i) as u64).sum();
            let state = &mut self.services[s];
            state.levels.push([self.now, at, slots, used]);
            let total = &mut state.total;
            let sums =
                [&mut total.in_flight_time, &mut total.pending_time, &mut total.instance_time];
            for (sum, level) in sums.into_iter().zip(levels) {
                *sum += u128::from(level) * u128::from(passed);
            }
        }
        self.now = at;
    }

    fn happen(&mut self, what: What, i: usize) {
        match what {
            What::EndOfWarmUp => self.end_warm_up(),
            What::End => self.end(i),
            What::Shared => self.shared(i),
            What::Timeline => self.order_key(i),
            What::Disabled => {
                (self.keys[i].disable, self.keys[i].state) = (None, VersionState::Disabled);
            }
            What::Permission => {
                self.keys[i].permitted = self.keys[i].permission.1;
                self.keys[i].permission.0 = None;
            }
            What::StartInterval => {
                self.services[i].more_starts = None;
                self.begin_waiting(i);
            }
            What::CheckAnswer => self.check_answered(i),
            What::Step => self.step(i),
            What::Restart => {
                self.orders[i].restart = None;
                self.begin_or_wait(i);
            }
            What::Check => self.check(i),
            What::Deadline => self.give_up(i),
            What::Idle => {
                if let Some((_, pod)) = self.expiry(i) {
                    self.gone(pod, EndReason::Idle);
                }
            }
            What::DrainsEnd => self.lose(|p| p.drain, None),
            What::Crash => self.lose(|p| p.crash, Some((EndReason::Crash, Cause::Crash))),
            What::OutOfMemory => {
                self.lose(|p| p.memory, Some((EndReason::OutOfMemory, Cause::OutOfMemory)));
            }
            What::GraceOver => self.grace_over(i),
            What::Tick => self.tick(i),
            What::Return => {
                let (_, s, attempt) = self.returns.remove(i);
                let work = self.settings(s).service_time.sample(&mut self.services[s].retry_work);
                self.arrive(s, work.0, attempt);
            }
            What::Arrival => {
                let (_, work) = self.sources[i].1.remove(0);
                self.arrive(self.sources[i].0, work, 0);
            }
        }
    }

    /// State is kept, and counts begin.
    fn end_warm_up(&mut self) {
        self.counts = true;
        for (s, settings) in self.scenario.services.iter().enumerate() {
            self.services[s].total = Total {
                service: settings.name.clone(),
                carried_in: self.serving(s) + self.waiting(s) as u64,
                pending_max: self.waiting(s) as u64,
                ready_max: self.takers(s).count() as u64,
                ..Total::default()
            };
        }
    }

    fn stamp(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }

    fn due(&mut self, after: Time) -> Due {
        Some((self.now.saturating_add(after), self.stamp()))
    }

    fn settings(&self, s: usize) -> &'s Service {
        &self.scenario.services[s]
    }

    /// Which of the intervals of this length that follow one another an instant is in; one begins
    /// at the end of the warm-up.
    fn interval(&self, at: Time, length: Time) -> u64 {
        (at + length - self.zero % length) / length
    }

    /// Entries of the timeline that have begun, and whether they are over.
    fn happened(&self) -> impl Iterator<Item = (&'s Entry, bool)> {
        let left =
            |i: usize, over: bool| self.timeline.iter().any(|&(_, e, o)| (e, o) == (i, over));
        let entries =
            self.scenario.timeline.iter().enumerate().filter(move |(i, _)| !left(*i, false));
        entries.map(move |(i, e)| (e, e.until.is_some() && !left(i, true)))
    }

    /// Minimum, maximum and the count by hand, as the timeline has them now.
    fn limits(&self, s: usize) -> (u32, u32, Option<u32>) {
        let settings = self.settings(s);
        let (mut min, mut max, mut manual) = (settings.min_instances, settings.max_instances, None);
        for (entry, over) in self.happened() {
            let action = &entry.action;
            if let Action::MinInstancesSet { service, instances } = *action
                && service.index() == s
            {
                min = if over { settings.min_instances } else { instances };
            } else if let Action::MaxInstancesSet { service, instances } = *action
                && service.index() == s
            {
                max = if over { settings.max_instances } else { instances };
            } else if let Action::ScalingModeSet { service, manual: by_hand } = *action
                && service.index() == s
            {
                manual = by_hand.filter(|_| !over);
            }
        }
        (min, manual.unwrap_or(max), manual)
    }
}
