//! What a deploy makes: a set of instances under one setting, with its queue, router and policy.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use rand::rngs::Xoshiro256PlusPlus;

use crate::distribution::Distribution;
use crate::ids::{InstanceId, OrderId, ServiceId};
use crate::kernel::{Family, Streams};
use crate::record::{
    Bill, Calls, Cause, Lives, Messages, Milestones, Phase, Purposes, Requests, Starts,
};
use crate::scenario::{MOST_INSTANCES, Queue, RolloutStep, Service};
use crate::stats::Histogram;
use crate::units::{SimDuration, SimTime};

use super::autoscaler::replay::Activator;
use super::autoscaler::{self, Policy, Setting};
use super::blame::Blame;
use super::bound::Bound;
use super::cold_start::Hold;
use super::cost::Meter;
use super::cpu::Share;
use super::deploy::Stage;
use super::gate::Gate;
use super::pending::Pending;
use super::revocation::Clock;
use super::router::Router;

/// The levels and counts that requests change: two cache lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// When the integrals were brought up to date.
    since: u64,
    /// A request in service for longer times out, in nanoseconds.
    pub request_timeout: u64,
    /// From a request's arrival to its client's giving up, in nanoseconds; the largest number: it
    /// never does.
    pub client_timeout: u64,
    /// Whether the work of a request that is given up keeps its slot.
    pub holds_abandoned: bool,
    /// One less than the requests at once for which an instance's memory suffices; where it
    /// suffices for any, a number that no load comes to.
    pub memory_below: u16,
    /// Whether its service's clients do more than send a request and wait.
    pub has_clients: bool,
    /// How the requests of an instance share it, where they may need more than it has.
    pub share: Option<Share>,
    /// Thousandths of a vCPU in use on instances that are shared.
    pub cpu_used: u64,
    /// Integral of those since the start of the run, times nanoseconds.
    pub cpu_time: u128,
    /// Slots held by the work of requests that were given up.
    pub held: u64,
    /// Integral of those since the start of the run, in slot-nanoseconds.
    pub held_time: u128,
    /// Requests in service.
    pub in_flight: u64,
    /// Integral of the requests in service since the start of the run, in request-nanoseconds.
    pub in_flight_time: u128,
    /// Integral of the requests waiting since the start of the run, in request-nanoseconds.
    pub pending_time: u128,
    /// Time from arrival to the end of every request that was served, in nanoseconds, since the
    /// end of the warm-up.
    pub latency_sum: u128,
    /// The same of those that ended otherwise.
    pub lost_time: u128,
    /// Counts since the end of the warm-up.
    pub count: Requests,
    /// Most requests waiting at once.
    pub pending_max: u64,
}

impl Traffic {
    /// Brings the integrals up to now; `pending` is how many wait.
    #[inline]
    pub fn step(&mut self, now: u64, pending: usize) {
        let passed = now - self.since;
        self.in_flight_time += u128::from(self.in_flight) * u128::from(passed);
        if pending as u64 | self.cpu_used | self.held > 0 {
            self.step_others(passed, pending);
        }
        self.since = now;
    }

    /// The same of the integrals that mostly stand still.
    #[inline(never)]
    fn step_others(&mut self, passed: u64, pending: usize) {
        self.pending_time += pending as u128 * u128::from(passed);
        self.cpu_time += u128::from(self.cpu_used) * u128::from(passed);
        self.held_time += u128::from(self.held) * u128::from(passed);
    }
}

/// How many instances a revision may have, as it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Its share of the service's minimum.
    pub min: u32,
    /// Start orders and ready instances together never exceed it.
    pub max: u32,
    /// Whether neither holds anything back.
    pub unlimited: bool,
    /// In manual mode its share of the count: so many are wanted, whatever the policy says.
    pub manual: Option<u32>,
}

impl Limits {
    /// What is wanted, given what the policy wants.
    pub fn clamp(&self, wanted: u32) -> u32 {
        let max = if self.unlimited { MOST_INSTANCES } else { self.max };
        self.manual.unwrap_or_else(|| wanted.clamp(self.min.min(max), max))
    }

    /// Most start orders and ready instances.
    pub fn most(&self) -> u32 {
        if self.unlimited { MOST_INSTANCES } else { self.manual.unwrap_or(self.max) }
    }
}

/// What had been counted since the end of the warm-up when the last sample was taken; the
/// instance-time is since the start of the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Requests.
    pub requests: Requests,
    /// Attempts to start.
    pub starts: Starts,
    /// Key calls answered to starts and deploys.
    pub calls: Calls,
    /// The same by purpose.
    pub purposes: Purposes,
    /// Lines of the service's log about it.
    pub messages: Messages,
    /// Instance-time in nanoseconds.
    pub instance_time: u128,
    /// What was billed.
    pub bill: Bill,
    /// The same of running instances.
    pub running_time: u128,
    /// CPU in use; see [`Revision::cpu_time`].
    pub cpu_time: u128,
}

/// A revision of a service.
#[derive(Debug)]
pub struct Revision<'s> {
    /// Its service.
    pub service: ServiceId,
    /// Its ordinal among the service's, from 1.
    pub ordinal: u32,
    /// Its name: the service's and the ordinal, as the platform makes it.
    pub name: String,
    /// What was deployed.
    pub settings: &'s Service,
    /// Of service times, where it is not the one that the service began with.
    pub law: Option<&'s Distribution>,
    /// When it was deployed.
    pub deployed: SimTime,
    /// How far its deploy has come.
    pub stage: Stage,
    /// Share of the requests, in per cent, that it takes when it is ready.
    pub percent: u32,
    /// Shares that it takes later.
    pub rollout: &'s [RolloutStep],
    /// How many instances it may have.
    pub limits: Limits,
    /// Whether it has traffic, or awaits it: otherwise no instance is wanted.
    pub routed: bool,
    /// Latency of the requests served since the last sample.
    pub latency: Histogram,
    /// Latency of those served before, since the end of the warm-up.
    pub latency_before: Histogram,
    /// What had been counted at the last sample.
    pub seen: Seen,
    /// Levels and counts of requests.
    pub traffic: Traffic,
    /// Which instance takes the next request.
    pub router: Router,
    /// Requests that wait.
    pub pending: Pending,
    /// What they wait for.
    pub blame: Blame,
    /// Running instances by seat, draining ones among them.
    pub seats: Vec<Option<InstanceId>>,
    free_seats: BinaryHeap<Reverse<u32>>,
    /// Instances that take requests.
    pub ready: u32,
    /// Instances by phase; [`Phase::Idle`] and [`Phase::Busy`] are the router's to tell.
    pub phases: [u32; Phase::COUNT],
    /// Start orders by ordinal, the oldest first.
    pub orders: BTreeMap<u32, OrderId>,
    /// Start orders by what holds them, indexed by [`Hold`].
    pub held: [u32; Hold::COUNT],
    /// Of them, those that wait to be tried again.
    pub backing_off: u32,
    /// What limits its starts, and who waits for that.
    pub gate: Gate,
    /// Attempts so far; those ready from the start count.
    pub attempts: u32,
    /// Orders so far.
    pub ordinals: u32,
    /// Generators of the orders.
    pub luck: Family,
    /// Generators of what befalls instances beside their start.
    pub fates: Family,
    /// Attempts since the end of the warm-up.
    pub starts: Starts,
    /// Attempts of key calls answered and begun since the end of the warm-up.
    pub calls: Calls,
    /// See `calls`.
    pub calls_begun: u64,
    /// Attempts answered by purpose, since the end of the warm-up.
    pub purposes: Purposes,
    /// Lines of the service's log about it, since the end of the warm-up.
    pub messages: Messages,
    /// Attempts of key calls whose start ended before the answer, since the end of the warm-up.
    pub calls_dropped: u64,
    /// Calls granted to starts that were then denied another for quota, since then.
    pub calls_lost: u64,
    /// Attempts of key calls on their way.
    pub calling: u64,
    /// Instance-time since the start of the run, in nanoseconds.
    instance_time: u128,
    /// The same of running instances.
    running_time: u128,
    instance_since: SimTime,
    /// What its instances are billed for.
    pub meter: Meter,
    /// What instances lived through: the starting ones since the start of the run, the rest since
    /// the end of the warm-up; the idle ones are the meter's to tell.
    pub lives: Lives,
    /// Instants that the summary names.
    pub milestones: Milestones,
    /// Draws the service times of requests that are served cold, where these have a law.
    pub cold_luck: Option<Box<Xoshiro256PlusPlus>>,
    /// How many instances are wanted, before the limits.
    pub policy: Box<dyn Policy>,
    /// What had been counted at the last report to the policy.
    pub reported: Reported,
    /// The same at its last decision.
    pub synced: Reported,
    /// Whether what holds waiting requests reports.
    pub activator: Activator,
    /// What the policy wants.
    pub desired: u32,
    /// That within the limits.
    pub wanted: u32,
    /// The version of its key that was primary when it was deployed; 0 without a key.
    pub key_version: u32,
    /// From the detection of a revocation to the stop of all its instances.
    pub clock: Clock,
}

/// Requests as they had been counted at some instant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reported {
    /// The instant.
    pub at: SimTime,
    /// Integral of the requests that hold slots, in request-nanoseconds.
    pub in_flight_time: u128,
    /// Integral of the requests waiting, in request-nanoseconds.
    pub pending_time: u128,
    /// CPU in use, in nanoseconds of one instance wholly busy; nothing where no request takes any.
    pub cpu_time: u128,
    /// Arrivals, retries among them; it wraps.
    pub arrivals: u64,
    /// Reported already of what comes after the instant.
    pub ahead: f64,
}

/// The policy of a revision that is made at an instant, before its first decision.
fn policy(settings: &Service, ordinal: u32, made: SimTime, zero: SimTime) -> Box<dyn Policy> {
    let setting = Setting {
        concurrency: settings.concurrency.into(),
        made,
        ready: if ordinal == 1 { settings.initial_instances } else { 0 },
        zero,
    };
    autoscaler::policy(&settings.autoscaler, settings.schedule.as_ref(), setting)
}

impl<'s> Revision<'s> {
    /// A revision without instances that is deployed now, the `ordinal`-th of its service.
    /// `key_version` is the primary version of its key, `mean_start` the configured mean from allocating to ready; the histograms are empty.
    #[expect(clippy::too_many_arguments, reason = "a revision is made at one place")]
    pub fn new(
        service: ServiceId,
        ordinal: u32,
        settings: &'s Service,
        key_version: u32,
        mean_start: SimDuration,
        has_clients: bool,
        [latency, latency_before]: [Histogram; 2],
        streams: &Streams,
    ) -> Self {
        let name = format!("{}-{ordinal:05}", settings.name);
        // The first revision's luck is the service's, deploys or not.
        let entity = if ordinal == 1 { &settings.name } else { &name };
        Self {
            service,
            ordinal,
            settings,
            law: None,
            deployed: SimTime::ZERO,
            stage: Stage::Ready { at: SimTime::ZERO },
            percent: super::split::ALL,
            rollout: &[],
            limits: Limits::default(),
            routed: false,
            latency,
            latency_before,
            seen: Seen::default(),
            traffic: Traffic {
                request_timeout: settings.request_timeout.0,
                client_timeout: settings.client.timeout.map_or(u64::MAX, |t| t.0),
                holds_abandoned: settings.client.hold_abandoned,
                memory_below: u16::MAX - 1,
                share: settings
                    .cpu
                    .and_then(|cpu| Share::of(cpu, settings.vcpus, settings.concurrency)),
                has_clients,
                ..Traffic::default()
            },
            router: Router::new(settings.concurrency, settings.routing, || {
                streams.get("routing", entity)
            }),
            pending: Pending::new(
                settings.pending_timeout,
                mean_start,
                settings.client.timeout,
                match settings.queue {
                    Queue::Revision => None,
                    Queue::Start => Some(Box::new(Bound::new(settings.concurrency, false))),
                    Queue::StartFirst => Some(Box::new(Bound::new(settings.concurrency, true))),
                },
            ),
            blame: Blame::default(),
            seats: Vec::new(),
            free_seats: BinaryHeap::new(),
            ready: 0,
            phases: [0; Phase::COUNT],
            orders: BTreeMap::new(),
            held: [0; Hold::COUNT],
            backing_off: 0,
            gate: Gate::default(),
            attempts: 0,
            ordinals: 0,
            luck: streams.family("start", entity),
            fates: streams.family("instance", entity),
            starts: Starts::default(),
            calls: Calls::default(),
            calls_begun: 0,
            purposes: Purposes::default(),
            messages: Messages::default(),
            calls_dropped: 0,
            calls_lost: 0,
            calling: 0,
            instance_time: 0,
            running_time: 0,
            instance_since: SimTime::ZERO,
            meter: Meter::new(settings.billing.model),
            lives: Lives::default(),
            milestones: Milestones::default(),
            cold_luck: settings
                .cold_service
                .is_some()
                .then(|| Box::new(streams.get("cold service time", entity))),
            policy: policy(settings, ordinal, SimTime::ZERO, SimTime::ZERO),
            reported: Reported::default(),
            synced: Reported::default(),
            activator: Activator::default(),
            desired: 0,
            wanted: 0,
            key_version,
            clock: Clock::default(),
            name,
        }
    }

    /// The limits hold for what the policy wants; without traffic nothing is wanted.
    pub fn settle_wanted(&mut self) {
        self.wanted = self.limits.clamp(if self.routed { self.desired } else { 0 });
    }

    /// It is deployed now; `zero` is the end of the warm-up.
    pub fn deploy_at(&mut self, now: SimTime, zero: SimTime) {
        self.deployed = now;
        self.policy = policy(self.settings, self.ordinal, now, zero);
        self.desired = self.policy.initial();
        if self.ordinal == 1 {
            self.desired = self.desired.max(self.settings.initial_instances);
        }
        (self.reported.at, self.synced.at) = (now, now);
    }

    /// Requests as they are counted now; the traffic has been brought up to it.
    pub fn counted(&self, now: SimTime) -> Reported {
        Reported {
            at: now,
            in_flight_time: self.traffic.in_flight_time + self.traffic.held_time,
            pending_time: self.traffic.pending_time,
            cpu_time: self.cpu_time().unwrap_or_default(),
            arrivals: self.traffic.count.arrivals + self.traffic.count.retries,
            ahead: 0.0,
        }
    }

    /// Brings every integral up to now.
    pub fn step(&mut self, now: SimTime) {
        self.traffic.step(now.0, self.pending.len());
        self.step_instances(now);
    }

    /// Start orders under way or waiting to be tried again.
    pub fn ordered(&self) -> u32 {
        self.orders.len() as u32
    }

    /// Instances that exist: starting, running and draining.
    pub fn alive(&self) -> u32 {
        self.starting() + self.ready + self.phases[Phase::Draining as usize]
    }

    /// Instances that run: ready and draining.
    pub fn running(&self) -> u32 {
        self.ready + self.phases[Phase::Draining as usize]
    }

    /// Attempts to start under way.
    pub fn starting(&self) -> u32 {
        self.phases[Phase::Allocating as usize..=Phase::Booting as usize].iter().sum()
    }

    /// Brings the instance-time up to now; before every change of how many are alive.
    pub fn step_instances(&mut self, now: SimTime) {
        let passed = now.since(self.instance_since);
        self.instance_time += u128::from(self.alive()) * u128::from(passed.0);
        self.running_time += u128::from(self.running()) * u128::from(passed.0);
        self.lives.starting_time += u128::from(self.starting()) * u128::from(passed.0);
        self.instance_since = now;
        self.step_meter(now);
    }

    /// Instance-time since the start of the run up to the last step, in nanoseconds.
    pub fn instance_time(&self) -> u128 {
        self.instance_time
    }

    /// The same of running instances: ready and draining.
    pub fn running_time(&self) -> u128 {
        self.running_time
    }

    /// CPU in use since the start of the run up to the last step, in nanoseconds of one instance
    /// wholly busy; absent where no request takes any.
    pub fn cpu_time(&self) -> Option<u128> {
        let each = u128::from(self.settings.cpu?);
        let used = match self.traffic.share {
            Some(_) => self.traffic.cpu_time,
            // No instance is ever asked for more than it has.
            None => each * (self.traffic.in_flight_time + self.traffic.held_time),
        };
        Some(used / u128::from(self.settings.vcpus))
    }

    /// The lowest free seat, taken.
    pub fn sit(&mut self, instance: InstanceId) -> u32 {
        let Some(Reverse(seat)) = self.free_seats.pop() else {
            self.seats.push(Some(instance));
            return self.seats.len() as u32 - 1;
        };
        self.seats[seat as usize] = Some(instance);
        seat
    }

    /// A seat is free again.
    pub fn stand_up(&mut self, seat: u32) {
        self.seats[seat as usize] = None;
        self.free_seats.push(Reverse(seat));
    }

    /// The instance on a seat.
    #[inline]
    pub fn seated(&self, seat: u32) -> InstanceId {
        self.seats[seat as usize].expect("the router knows only seats that are taken")
    }

    /// What waiting requests wait for: the first cause that applies.
    pub fn cause(&self) -> Cause {
        let held = |hold: Hold| self.held[hold as usize] > 0;
        if held(Hold::KeyDenied) {
            Cause::KeyDenied
        } else if held(Hold::KeyOutage) {
            Cause::KeyOutage
        } else if held(Hold::KeyQuota) {
            Cause::KeyQuota
        } else if held(Hold::BackOff) {
            Cause::StartBackoff
        } else if held(Hold::StartRate) {
            Cause::StartRate
        } else if held(Hold::Nothing) {
            Cause::Starting
        } else if self.ready >= self.limits.most() {
            Cause::MaxInstances
        } else {
            Cause::Autoscaler
        }
    }

    /// Instances by phase, idle and busy told apart.
    pub fn by_phase(&self) -> [u32; Phase::COUNT] {
        let mut phases = self.phases;
        phases[Phase::Idle as usize] = self.router.idle();
        phases[Phase::Busy as usize] = self.ready - self.router.idle();
        phases
    }

    /// Forgets what was counted before the end of the warm-up.
    pub fn reset_counts(&mut self) {
        for before in [&mut self.reported, &mut self.synced] {
            let counted = self.traffic.count.arrivals + self.traffic.count.retries;
            before.arrivals = before.arrivals.wrapping_sub(counted);
        }
        self.traffic.count = Requests::default();
        (self.traffic.latency_sum, self.traffic.lost_time) = (0, 0);
        self.traffic.pending_max = self.pending.len() as u64;
        self.starts = Starts::default();
        self.calls = Calls::default();
        self.calls_begun = 0;
        self.purposes = Purposes::default();
        self.messages = Messages::default();
        self.calls_dropped = 0;
        self.calls_lost = 0;
        let Lives { starting_time, .. } = self.lives;
        self.lives = Lives { starting_time, ..Lives::default() };
        self.milestones = Milestones::default();
        self.blame.forget_charges();
        self.meter.forget();
        self.latency.clear();
        self.seen = Seen {
            instance_time: self.instance_time,
            running_time: self.running_time,
            cpu_time: self.cpu_time().unwrap_or_default(),
            ..Seen::default()
        };
    }

    /// A sample has been taken: the next one counts from here.
    pub fn sample_taken(&mut self) {
        self.keep_latency();
        self.seen = Seen {
            requests: self.traffic.count,
            starts: self.starts,
            calls: self.calls,
            purposes: self.purposes,
            messages: self.messages,
            instance_time: self.instance_time,
            bill: self.bill(),
            running_time: self.running_time,
            cpu_time: self.cpu_time().unwrap_or_default(),
        };
    }

    /// The sample's latencies are those of the run from now on.
    pub fn keep_latency(&mut self) {
        self.latency_before.merge(&self.latency);
        self.latency.clear();
    }

    /// A start took this long.
    pub fn learn(&mut self, start: SimDuration) {
        self.pending.learn(start);
    }
}
