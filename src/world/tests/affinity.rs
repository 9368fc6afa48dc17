//! Routing and session affinity in a running world.

use super::super::affinity::Client;
use super::*;
use crate::ids::{InstanceId, RevisionId, ServiceId};
use crate::record::EndReason;
use crate::scenario::SessionAffinity;

/// Requests that ended on each instance, by serial.
#[derive(Default)]
struct Served(Vec<u64>);

impl Recorder for Served {
    fn record(&mut self, fact: Record<'_>) {
        if let Record::Instance(instance) = fact {
            self.0.resize(self.0.len().max(instance.serial as usize + 1), 0);
            self.0[instance.serial as usize] = instance.requests;
        }
    }
}

fn served(service: scenario::Service) -> Vec<u64> {
    let scenario = scenario(service, 0, 2_000);
    let mut served = Served::default();
    run(&mut World::<Wheel>::new(&scenario, &[], scenario.duration(&[])), 0, &mut served);
    served.0
}

/// 4 instances that are never full, 10 clients: round robin gives the instances 3, 3, 2, 2 of them,
/// and with them so many tenths of the requests, within four standard errors.
#[test]
fn clients_stay_with_their_instances() {
    let mut service = fixed(20.0, 4, 1_000);
    service.routing = Routing::RoundRobin;
    service.session_affinity = Some(SessionAffinity { clients: 10 });
    let mut served = served(service);
    served.sort_unstable();
    let all = served.iter().sum::<u64>() as f64;
    for (n, share) in served.into_iter().zip([0.2, 0.2, 0.3, 0.3]) {
        // The few requests in service at the end stand in no instance's row.
        let error = (share * (1.0 - share) * all).sqrt();
        assert!((n as f64 - share * all).abs() < 4.0 * error, "{n} of {all} for {share}");
    }
}

/// One client fills one instance; what that has no slot for goes elsewhere, and the client with it.
#[test]
fn without_a_free_slot_a_client_moves() {
    let mut service = fixed(20.0, 4, 1_000);
    service.session_affinity = Some(SessionAffinity { clients: 1 });
    let alone = served(service.clone());
    assert_eq!(alone.iter().filter(|&&n| n > 0).count(), 1, "{alone:?}");
    service.concurrency = 8;
    let moved = served(service);
    assert!(moved.iter().all(|&n| n > 0), "{moved:?}");
}

/// Long random arrivals, ends and stops of instances, against the rule as it is written: at home
/// where that instance is ready and has a free slot, otherwise where the routing says.
#[test]
fn a_client_is_at_home_where_it_was_last() {
    const CLIENTS: u32 = 7;
    let mut service = fixed(1.0, 4, 3);
    (service.routing, service.max_instances) = (Routing::Oldest, 4_000);
    service.session_affinity = Some(SessionAffinity { clients: CLIENTS });
    let scenario = scenario(service, 0, 1);
    let mut world: World = World::new(&scenario, &[], scenario.duration(&[]));
    let revision = RevisionId(0);
    // By client the serial of its home; by ready instance its load, the oldest first.
    let mut homes = vec![None; CLIENTS as usize];
    let mut ready: Vec<(u32, InstanceId, u16)> = (0..4).map(|i| (i, InstanceId(i), 0)).collect();
    let (mut x, mut kept, mut broken) = (7_u64, 0, 0);
    for step in 0..20_000 {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = (x >> 33) as u32;
        let one = draw as usize / 128 % ready.len();
        match draw % 128 {
            0 => {
                // It is stopped, and another moves into its place.
                let (_, instance, load) = ready.remove(one);
                let r = &mut world.revisions[0];
                for left in (1..=load).rev() {
                    r.router.give(world.instances.place(instance).seat, left);
                }
                world.instances.place_mut(instance).load = 0;
                world.end_instance(instance, EndReason::ScaleIn, &mut Discard);
                world.add_ready(revision);
                let serial = world.instances.place(instance).serial;
                ready.push((serial, instance, 0));
            }
            1..64 if ready[one].2 > 0 => {
                let (_, instance, load) = &mut ready[one];
                let place = world.instances.place_mut(*instance);
                world.revisions[0].router.give(place.seat, *load);
                place.load -= 1;
                *load -= 1;
            }
            _ => {
                let client = draw / 128 % CLIENTS;
                let home = homes[client as usize];
                let has_room = |i: &&mut (u32, InstanceId, u16)| i.2 < 3;
                let at_home = ready.iter_mut().filter(has_room).find(|i| Some(i.0) == home);
                (kept, broken) = match (&at_home, home) {
                    (Some(_), _) => (kept + 1, broken),
                    (None, home) => (kept, broken + u32::from(home.is_some())),
                };
                let expected = match at_home {
                    Some(home) => Some(home),
                    None => ready.iter_mut().filter(has_room).min_by_key(|i| i.0),
                };
                let got = world.take_for(Client(client), revision);
                assert_eq!(got, expected.as_ref().map(|i| (i.1, i.2)), "step {step}");
                if let Some(taken) = expected {
                    taken.2 += 1;
                    world.instances.place_mut(taken.1).load += 1;
                    homes[client as usize] = Some(taken.0);
                }
            }
        }
    }
    assert!(kept > 1_000 && broken > 1_000, "{kept} kept, {broken} broken");
}

/// At a steady load the rules that spread it let nobody fall idle for long, and those that fill
/// some do: 20 instances of 10 slots under 50 requests at once.
#[test]
fn rules_that_spread_keep_everyone_busy() {
    let rules = [
        Routing::FullestBelowTarget { target: Ratio(0.6) },
        Routing::LeastLoaded,
        Routing::RandomOfTwo,
        Routing::RoundRobin,
        Routing::FirstAvailable,
        Routing::Newest,
        Routing::Oldest,
        Routing::MostRecentlyUsed,
        Routing::LeastRecentlyUsed,
    ];
    for routing in rules {
        let mut service = fixed(50.0, 20, 10);
        service.autoscaler = scenario::Autoscaler::Fixed { instances: 0 };
        (service.routing, service.min_instances) = (routing, 0);
        service.idle_timeout = SimDuration::from_secs(60);
        let scenario = scenario(service, 0, 1_000);
        let mut world: World = World::new(&scenario, &[], scenario.duration(&[]));
        run(&mut world, 0, &mut Discard);
        let left = world.ready(ServiceId(0));
        assert_eq!(routing.spreads(), left == 20, "{routing:?} leaves {left}");
    }
}
