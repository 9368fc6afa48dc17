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
//! - a policy's lesser wish gives up start orders in back-off alone, and at its ticks.
//!
//! Not here: loads other than recorded instants, closed loops, session affinity, random of two,
//! Knative's and Kubernetes' policies, schedules, the tolerance of scaling, deploys and traffic
//! splits, key versions beside the first and their destruction, drawn outages, retry budgets and
//! breakers of keys.

mod keys;
mod requests;
mod starts;

use keyscale::kernel::{Family, Streams};
use keyscale::record::{CallPurpose, Cause, EndReason};
use keyscale::scenario::{
    Action, Autoscaler, Entry, Key, LoadKind, Scenario, Service, Trace, VersionState,
};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus as Luck;

use super::facts::{Facts, Time, Total};
use keys::Asked;

/// An instant, and the order in which it was set among those of one instant.
type Due = (Time, u64);

const NEVER: Due = (Time::MAX, 0);

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
    Timeline,
    Disabled,
    Permission,
    CheckAnswer,
    Step,
    Restart,
    Check,
    Deadline,
    Idle,
    DrainsEnd,
    GraceOver,
    Tick,
    Return,
    Arrival,
}

struct Request {
    service: usize,
    arrived: Time,
    work: Time,
    attempt: u8,
    /// Time under each cause while it waited.
    waits: [Time; Cause::COUNT],
    slot: Option<Slot>,
}

/// A slot that a request has, or the work of one that was given up.
struct Slot {
    on: usize,
    from: Time,
    until: Due,
    how: How,
    cold: bool,
    /// When its work is done, where it goes on after the client has gone.
    held: Option<Due>,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Served,
    TimedOut,
    Abandoned,
    Held,
}

/// An instance, or an attempt to start one.
struct Pod {
    service: usize,
    serial: u32,
    order: Option<u32>,
    attempt: u32,
    /// Begun, unlocking, fetching, booting, ready, draining, ended.
    marks: [Option<Time>; 7],
    seat: usize,
    step: Due,
    too_late: bool,
    granted: u32,
    /// The present key call: its begin, the attempt's number, the wait before it.
    call: (Time, u32, Time),
    asked: Option<Asked>,
    calls: u32,
    idle: Due,
    used: u64,
    drain_until: Time,
    reason: EndReason,
    served: u64,
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
    family: Family,
    orders: u32,
    serials: u32,
    turn: usize,
    desired: u32,
    tick: Due,
    /// From a detection: when the waiting period is over.
    clock: Due,
    starts: Vec<Time>,
    back_off: Luck,
    retry_work: Luck,
    tokens: u64,
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
    /// By source: its service, and the instants that are left with their service times.
    sources: Vec<(usize, Vec<(Time, Time)>)>,
    timeline: Vec<(Time, usize, bool)>,
    services: Vec<State>,
    pods: Vec<Pod>,
    orders: Vec<Order>,
    /// In service or waiting, in order of arrival.
    requests: Vec<Request>,
    /// Slots that were free again: service, from, until.
    slots: Vec<(usize, Time, Time)>,
    returns: Vec<(Due, usize, u8)>,
    keys: Vec<KeyState>,
    /// By quota and by manager: the second of each operation.
    charged: Vec<Vec<u64>>,
    taken: Vec<Vec<u64>>,
    totals: Vec<Total>,
    facts: Facts,
    /// Events so far.
    pub events: u64,
}

impl<'s> Naive<'s> {
    pub fn new(scenario: &'s Scenario, traces: &[Trace]) -> Self {
        let streams = Streams::new(scenario.seed, 0);
        let zero = scenario.warm_up.0;
        let state = |s: &Service| State {
            family: streams.family("start", &s.name),
            orders: 0,
            serials: 0,
            turn: 0,
            desired: 0,
            tick: NEVER,
            clock: NEVER,
            starts: Vec::new(),
            back_off: streams.get("client back-off", &s.name),
            retry_work: streams.get("retry service time", &s.name),
            tokens: s
                .client
                .retries
                .and_then(|r| r.budget)
                .map_or(0, |b| u64::from(b.1) * 1_000_000),
        };
        let key = |k: &Key| KeyState {
            permitted: true,
            state: k.versions[0],
            disable: NEVER,
            permission: (NEVER, true),
            propagation: streams.get("propagation", &k.name),
            check: NEVER,
            checks: streams.get("checks", &k.name),
            checking: None,
            failing_since: None,
        };
        let mut sources = Vec::new();
        for (s, service) in scenario.services.iter().enumerate() {
            for load in &service.load {
                let LoadKind::Trace(id) = load.kind else { panic!("not a recorded load") };
                let trace = &traces[id.index()];
                let mut luck =
                    streams.get("service time", &format!("{}/{}", service.name, load.name));
                let mut work = |i: usize| match trace.works.get(i) {
                    Some(work) => work.0,
                    None => service.service_time.sample(&mut luck).0,
                };
                let buckets = trace.buckets.iter().enumerate();
                let instant = |at: Time| zero + trace.shift.0 + at;
                let left = buckets.map(|(i, b)| (instant(b.at.0), work(i))).collect();
                sources.push((s, left));
            }
        }
        let mut timeline = Vec::new();
        for (i, entry) in scenario.timeline.iter().enumerate() {
            timeline.push((zero + entry.at.0, i, false));
            timeline.extend(entry.until.map(|until| (zero + until.0, i, true)));
        }
        let total = |s: &Service| Total { service: s.name.clone(), ..Total::default() };
        let mut sim = Self {
            scenario,
            zero,
            end: zero + scenario.duration(traces).0,
            now: 0,
            stamp: 0,
            sources,
            timeline,
            services: scenario.services.iter().map(state).collect(),
            pods: Vec::new(),
            orders: Vec::new(),
            requests: Vec::new(),
            slots: Vec::new(),
            returns: Vec::new(),
            keys: scenario.keys.iter().map(key).collect(),
            charged: vec![Vec::new(); scenario.quotas.len()],
            taken: vec![Vec::new(); scenario.external_managers.len()],
            totals: scenario.services.iter().map(total).collect(),
            facts: Facts::default(),
            events: 0,
        };
        sim.begin();
        sim
    }

    fn begin(&mut self) {
        for (s, settings) in self.scenario.services.iter().enumerate() {
            for _ in 0..settings.initial_instances {
                let i = self.new_pod(s, None, 0);
                self.ready(i);
            }
            match &settings.autoscaler {
                Autoscaler::Fixed { instances } => self.services[s].desired = *instances,
                Autoscaler::CloudRun(c) => self.services[s].tick = self.due(c.tick.0),
                Autoscaler::PerRequest | Autoscaler::Knative(_) | Autoscaler::Hpa(_) => {}
            }
            self.keep_rules(s);
        }
        for (k, key) in self.scenario.keys.iter().enumerate() {
            if let (Some(check), true) = (key.check, !self.users(k).is_empty()) {
                let first = self.keys[k].checks.random_range(0..=check.interval.0);
                self.keys[k].check = self.due(first);
            }
        }
    }

    pub fn run(mut self) -> (Facts, u64) {
        while let Some(((at, what, _), i)) = self.next().filter(|((at, ..), _)| *at < self.end) {
            self.pass(at);
            self.events += 1;
            self.happen(what, i);
            (0..self.services.len()).for_each(|s| self.keep_rules(s));
        }
        self.pass(self.end);
        for i in 0..self.pods.len() {
            if self.pods[i].marks[ENDED].is_none() {
                self.row(i, EndReason::Running);
            }
        }
        for s in 0..self.services.len() {
            self.totals[s].in_flight = self.serving(s).count() as u64;
            self.totals[s].pending = self.waiting(s) as u64;
        }
        self.facts.totals = self.totals;
        (self.facts, self.events)
    }

    /// What happens next: the first of all that is due.
    fn next(&self) -> Option<((Time, What, u64), usize)> {
        let mut first: Option<((Time, What, u64), usize)> = None;
        let mut see = |(at, stamp): Due, what: What, i: usize| {
            let next = ((at.max(self.now), what, stamp), i);
            if at < Time::MAX && first.is_none_or(|first| next.0 < first.0) {
                first = Some(next);
            }
        };
        if self.now < self.zero || self.zero == 0 && self.events == 0 {
            see((self.zero, 0), What::EndOfWarmUp, 0);
        }
        for (i, slot) in
            self.requests.iter().enumerate().filter_map(|(i, r)| Some((i, r.slot.as_ref()?)))
        {
            see(slot.until, What::End, i);
        }
        for (i, &(at, entry, over)) in self.timeline.iter().enumerate() {
            see((at, 2 * entry as u64 + u64::from(over)), What::Timeline, i);
        }
        for (k, key) in self.keys.iter().enumerate() {
            see(key.disable, What::Disabled, k);
            see(key.permission.0, What::Permission, k);
            see(key.check, What::Check, k);
            see(key.checking.as_ref().map_or(NEVER, |c| c.1.answered), What::CheckAnswer, k);
        }
        for (i, pod) in self.pods.iter().enumerate().filter(|(_, p)| p.marks[ENDED].is_none()) {
            see(pod.step, What::Step, i);
            see((pod.drain_until, 0), What::DrainsEnd, i);
        }
        for (o, order) in self.orders.iter().enumerate() {
            see(order.restart, What::Restart, o);
        }
        for (s, state) in self.services.iter().enumerate() {
            see((self.deadline(s), 0), What::Deadline, s);
            see((self.expiry(s).map_or(Time::MAX, |e| e.0), 0), What::Idle, s);
            see(state.clock, What::GraceOver, s);
            see(state.tick, What::Tick, s);
        }
        for (i, again) in self.returns.iter().enumerate() {
            see(again.0, What::Return, i);
        }
        for (source, (_, left)) in self.sources.iter().enumerate() {
            see((left.first().map_or(Time::MAX, |a| a.0), source as u64), What::Arrival, source);
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
            let levels = [self.serving(s).count(), self.waiting(s), self.alive(s).count()];
            let total = &mut self.totals[s];
            let sums =
                [&mut total.in_flight_time, &mut total.pending_time, &mut total.instance_time];
            for (sum, level) in sums.into_iter().zip(levels) {
                *sum += level as u128 * u128::from(passed);
            }
        }
        self.now = at;
    }

    fn happen(&mut self, what: What, i: usize) {
        match what {
            What::EndOfWarmUp => self.end_warm_up(),
            What::End => self.end(i),
            What::Timeline => self.order_key(i),
            What::Disabled => {
                (self.keys[i].disable, self.keys[i].state) = (NEVER, VersionState::Disabled);
            }
            What::Permission => {
                self.keys[i].permitted = self.keys[i].permission.1;
                self.keys[i].permission.0 = NEVER;
            }
            What::CheckAnswer => self.check_answered(i),
            What::Step => self.step(i),
            What::Restart => self.attempt(i),
            What::Check => self.check(i),
            What::Deadline => self.give_up(i),
            What::Idle => {
                if let Some((_, pod)) = self.expiry(i) {
                    self.gone(pod, EndReason::Idle);
                }
            }
            What::DrainsEnd => self.drains_end(),
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
        for (s, settings) in self.scenario.services.iter().enumerate() {
            let here =
                self.requests.iter().filter(|r| r.service == s && r.how() != Some(How::Held));
            self.totals[s] = Total {
                service: settings.name.clone(),
                carried_in: here.count() as u64,
                pending_max: self.waiting(s) as u64,
                ready_max: self.takers(s).count() as u64,
                ..Total::default()
            };
        }
    }

    fn due(&mut self, after: Time) -> Due {
        self.stamp += 1;
        (self.now.saturating_add(after), self.stamp)
    }

    fn settings(&self, s: usize) -> &'s Service {
        &self.scenario.services[s]
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
            if let Action::MinInstancesSet { service, instances } = entry.action
                && service.index() == s
            {
                min = if over { settings.min_instances } else { instances };
            } else if let Action::MaxInstancesSet { service, instances } = entry.action
                && service.index() == s
            {
                max = if over { settings.max_instances } else { instances };
            } else if let Action::ScalingModeSet { service, manual: count } = entry.action
                && service.index() == s
            {
                manual = count.filter(|_| !over);
            }
        }
        (min, manual.unwrap_or(max), manual)
    }
}
