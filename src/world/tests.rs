//! The world against formulas, and against itself on the reference event list.

mod affinity;
mod bound;
mod clients;
mod costs;
mod crashes;
mod deploys;
mod keys;
mod managers;
mod quotas;
mod sharing;
mod starts;
mod without;

use super::*;
use crate::distribution::Distribution;
use crate::kernel::HeapList;
use crate::record::{Discard, Record, Requests};
use crate::scenario::{self, BackOff, Load, LoadKind, PendingTimeout, Routing, Start};
use crate::units::{Rate, Ratio};

/// A service with `instances` × `slots` that are always there, Poisson load, and exponential
/// service of one second; requests wait for ever.
pub fn fixed(rate: f64, instances: u32, slots: u16) -> scenario::Service {
    let instant = Distribution::Constant(SimDuration::ZERO);
    scenario::Service {
        name: "web".to_owned(),
        location: "here".to_owned(),
        project: "project".to_owned(),
        project_number: 1,
        load: vec![Load {
            name: "0".to_owned(),
            kind: LoadKind::Poisson { rate: Rate(rate) },
            spikes: Vec::new(),
        }],
        service_time: Distribution::Exponential { mean: SimDuration::from_secs(1) },
        cold_service: None,
        concurrency: slots,
        min_instances: instances,
        max_instances: instances,
        initial_instances: instances,
        request_timeout: SimDuration::from_secs(1_000_000),
        pending_timeout: PendingTimeout::None,
        queue_limit: None,
        queue: scenario::Queue::Revision,
        routing: Routing::FullestBelowTarget { target: Ratio(0.6) },
        session_affinity: None,
        cpu: None,
        vcpus: 1_000,
        autoscaler: scenario::Autoscaler::Fixed { instances },
        schedule: None,
        idle_timeout: SimDuration::from_secs(900),
        idle_timeout_min: SimDuration::from_secs(900),
        drain_grace: SimDuration::from_secs(10),
        start: Start {
            allocate: instant.clone(),
            fetch: instant.clone(),
            boot: instant,
            cpu_boost: 1.0,
            slow_down: 0.0,
            probe: None,
            limits: scenario::StartLimits::default(),
            deadline: SimDuration::from_secs(240),
            back_off: BackOff {
                initial: SimDuration::from_secs(1),
                multiplier: 2.0,
                max: SimDuration::from_secs(60),
            },
            jitter: true,
        },
        crash: scenario::Crash::default(),
        out_of_memory: None,
        billing: scenario::Billing {
            model: scenario::BillingModel::RequestBased,
            billed_from: scenario::StartPhase::Booting,
            active: crate::units::Money::default(),
            idle: crate::units::Money::default(),
            request: crate::units::Money::default(),
        },
        encryption: None,
        client: scenario::Client::default(),
    }
}

/// A scenario of one service.
pub fn scenario(service: scenario::Service, warm_up: u64, duration: u64) -> Scenario {
    Scenario {
        name: "test".to_owned(),
        question: String::new(),
        seed: 1,
        warm_up: SimDuration::from_secs(warm_up),
        duration: Some(SimDuration::from_secs(duration)),
        sample_interval: None,
        start_time: jiff::Timestamp::UNIX_EPOCH,
        most_log_entries: 0,
        without: scenario::Without::default(),
        services: vec![service],
        keys: vec![],
        quotas: vec![],
        external_managers: vec![],
        traces: vec![],
        samples: vec![],
        timeline: vec![],
        thresholds: vec![],
        expects: vec![],
        validation: scenario::Validation { replications: 1, standard_errors: 4.0 },
        references: vec![],
    }
}

/// What the tests read of a total.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    requests: Requests,
    waiting: f64,
    in_flight: f64,
}

struct Totals(Seen);

impl Recorder for Totals {
    fn record(&mut self, fact: Record<'_>) {
        if let Record::Total(t) = fact
            && t.service.is_empty()
        {
            let length = t.until.since(t.from).0 as f64;
            self.0 = Seen {
                requests: t.requests,
                waiting: t.pending_time as f64 / length,
                in_flight: t.in_flight_time as f64 / length,
            };
        }
    }
}

fn run<Q: EventList>(world: &mut World<'_, Q>, replication: u64, recorder: &mut dyn Recorder) {
    world.reset(replication);
    while world.advance(recorder).expect("laws hold") {}
    world.finish(recorder);
}

/// Mean over replications of a number, and its standard error.
fn study(scenario: &Scenario, n: u64, number: impl Fn(&Seen) -> f64) -> (f64, f64) {
    let mut world: World = World::new(scenario, &[], scenario.duration(&[]));
    let values: Vec<f64> = (0..n)
        .map(|k| {
            let mut totals = Totals(Seen::default());
            run(&mut world, k, &mut totals);
            number(&totals.0)
        })
        .collect();
    let mean = values.iter().sum::<f64>() / n as f64;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1) as f64;
    (mean, (variance / n as f64).sqrt())
}

#[track_caller]
fn agrees((mean, error): (f64, f64), expected: f64) {
    assert!(error < 0.05 * expected, "a standard error of {error} shows nothing");
    assert!((mean - expected).abs() < 3.5 * error, "{mean} ± {error} for {expected}");
}

/// Erlang B: the share refused of a load of `a` on `c` slots without a queue
/// (A. K. Erlang, 1917), by its recursion.
fn erlang_b(a: f64, c: u32) -> f64 {
    (1..=c).fold(1.0, |b, k| a * b / (f64::from(k) + a * b))
}

/// Erlang C: the share that waits.
fn erlang_c(a: f64, c: u32) -> f64 {
    let b = erlang_b(a, c);
    b / (1.0 - a / f64::from(c) * (1.0 - b))
}

#[test]
fn formulas_have_their_published_values() {
    // Spot values of the tables that VALIDATION lists.
    for (a, c, b) in [(1.7919, 3, 0.17903), (8.0, 10, 0.121661), (20.0, 24, 0.066097)] {
        assert!((erlang_b(a, c) - b).abs() < 1e-5);
    }
    assert!((erlang_c(8.0, 10) - 0.409180).abs() < 1e-6);
}

#[test]
fn loss_is_erlang_b_for_any_service_law() {
    let second = SimDuration::from_secs(1);
    let laws = [
        Distribution::Exponential { mean: second },
        Distribution::Constant(second),
        Distribution::lognormal_mean_cv(second, 1.5),
    ];
    for (law, (a, instances, slots)) in
        laws.into_iter().zip([(8.0, 5, 2), (1.7919, 3, 1), (20.0, 1, 24)])
    {
        let mut service = fixed(a, instances, slots);
        service.queue_limit = Some(0);
        service.service_time = law;
        let scenario = scenario(service, 100, 4_000);
        let refused = |s: &Seen| s.requests.refused as f64 / s.requests.arrivals as f64;
        agrees(study(&scenario, 30, refused), erlang_b(a, instances * u32::from(slots)));
    }
}

#[test]
fn delay_is_erlang_c() {
    for (a, instances, slots) in [(1.7919, 3, 1), (8.0, 5, 2), (20.0, 6, 4)] {
        let scenario = scenario(fixed(a, instances, slots), 200, 10_000);
        let c = instances * u32::from(slots);
        // Mean wait in service times is P(wait) / (c − a); the mean queue is that times a.
        let expected = erlang_c(a, c) / (f64::from(c) - a) * a;
        agrees(study(&scenario, 30, |s| s.waiting), expected);
    }
}

#[test]
fn infinite_slots_hold_the_offered_load() {
    let mut service = fixed(50.0, 1, 1_000);
    service.service_time = Distribution::lognormal_mean_cv(SimDuration::from_secs(1), 2.0);
    let scenario = scenario(service, 100, 2_000);
    agrees(study(&scenario, 30, |s| s.in_flight), 50.0);
}

/// Every fact of a run in words.
#[derive(Default, PartialEq, Debug)]
struct Facts(Vec<String>);

impl Recorder for Facts {
    fn record(&mut self, fact: Record<'_>) {
        self.0.push(format!("{fact:?}"));
    }
}

#[test]
fn the_event_list_changes_no_result() {
    let facts = |scenario: &Scenario, heap: bool, replication: u64| {
        let mut facts = Facts::default();
        let length = scenario.duration(&[]);
        if heap {
            run(&mut World::<HeapList>::new(scenario, &[], length), replication, &mut facts);
        } else {
            run(&mut World::<Wheel>::new(scenario, &[], length), replication, &mut facts);
        }
        facts
    };
    let mut service = fixed(40.0, 0, 4);
    service.autoscaler = scenario::Autoscaler::CloudRun(scenario::CloudRun {
        tick: SimDuration::from_secs(5),
        cpu_target: None,
        concurrency_target: Some(Ratio(0.6)),
        window: SimDuration::from_secs(60),
        long_window: SimDuration::from_secs(600),
        tolerance: Ratio(0.0),
    });
    service.max_instances = 30;
    service.pending_timeout = PendingTimeout::Fixed(SimDuration::from_secs(2));
    service.start.boot = Distribution::Exponential { mean: SimDuration::from_secs(3) };
    let scenario = scenario(service, 10, 1_000);
    for replication in 0..3 {
        let wheel = facts(&scenario, false, replication);
        assert_eq!(wheel, facts(&scenario, true, replication));
        assert_ne!(wheel, facts(&scenario, false, replication + 3));
    }
}

/// `reset` gives the world that `new` gives, whatever ran before.
#[test]
fn a_world_is_used_again_without_a_trace() {
    let scenario = scenario(fixed(8.0, 5, 2), 10, 500);
    let length = scenario.duration(&[]);
    let facts = |world: &mut World<'_>| {
        let mut facts = Facts::default();
        run(world, 4, &mut facts);
        facts
    };
    let mut used = World::new(&scenario, &[], length);
    run(&mut used, 9, &mut Discard);
    assert_eq!(facts(&mut used), facts(&mut World::new(&scenario, &[], length)));
}
