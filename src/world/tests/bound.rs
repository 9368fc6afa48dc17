//! Requests bound to a start, cold service, and the lives of instances: small cases by hand.

use super::*;
use crate::record::{Lives, SummaryRow};
use crate::scenario::Queue;

/// The row of all services together.
#[derive(Default)]
struct Last(Option<SummaryRow>);

impl Recorder for Last {
    fn record(&mut self, fact: Record<'_>) {
        if let Record::Total(total) = fact {
            self.0 = Some(SummaryRow::new(total));
        }
    }
}

fn millis(ms: u64) -> SimDuration {
    SimDuration::from_millis(ms)
}

/// A request every second from second 1 on, half a second of service, two seconds of start, one
/// request an instance, on demand.
fn on_demand(change: impl FnOnce(&mut scenario::Service), seconds: u64) -> SummaryRow {
    let mut service = fixed(1.0, 0, 1);
    service.max_instances = 10;
    service.load[0].kind = LoadKind::Constant { rate: Rate(1.0) };
    service.service_time = Distribution::Constant(millis(500));
    service.start.boot = Distribution::Constant(millis(2_000));
    service.autoscaler = scenario::Autoscaler::PerRequest;
    service.queue = Queue::Start;
    service.routing = Routing::Newest;
    change(&mut service);
    let scenario = scenario(service, 0, seconds);
    let mut world: World = World::new(&scenario, &[], scenario.duration(&[]));
    let mut last = Last::default();
    run(&mut world, 0, &mut last);
    last.0.expect("a total")
}

#[test]
fn bound_requests_wait_for_their_own_start() {
    // At 1, 2 and 3 starts are ordered, ready at 3, 4 and 5. The request of second 3 finds the
    // first instance busy; that of 4 finds it idle since 3.5, and so all later ones find one.
    let bound = on_demand(|_| {}, 10);
    assert_eq!((bound.requests.served, bound.requests.served_cold), (9, 3));
    assert_eq!((bound.requests.waited, bound.pending_time), (3, 6 * u128::from(SECOND)));
    assert_eq!(bound.wait_mean(), Some(SimDuration(6 * SECOND / 9)));
    // In one queue the first instance takes the request of second 2 at 3.5, and at 4 that of
    // second 3, which came when it was ready already; the one of second 4 finds the second.
    let shared = on_demand(|service| service.queue = Queue::Revision, 10);
    assert_eq!((shared.requests.served_cold, shared.requests.waited), (2, 3));
    assert_eq!(shared.pending_time, millis(2_000 + 1_500 + 1_000).0.into());
}

/// Two requests an instance, three seconds each. Those of seconds 1 and 2 wait for one start, those
/// of 3 and 4 for another, that of 5 for a third; at 6 the first instance is idle, and the third start
/// has room for one more.
#[test]
fn a_start_with_room_goes_before_a_free_slot_or_after_it() {
    for (queue, waited) in [(Queue::Start, 5), (Queue::StartFirst, 6)] {
        let seen = on_demand(
            |service| {
                service.concurrency = 2;
                service.service_time = Distribution::Constant(millis(3_000));
                service.queue = queue;
            },
            7,
        );
        assert_eq!((seen.requests.arrivals, seen.requests.waited), (6, waited), "{queue:?}");
        assert_eq!(seen.starts.begun, 3);
    }
}

#[test]
fn bound_requests_give_up_and_make_room() {
    // The start of second 1 is ready at 3. Its request leaves at 2, and makes room for the next,
    // which it serves at the instant at which that would have left.
    let bound = on_demand(|s| s.pending_timeout = PendingTimeout::Fixed(millis(1_000)), 4);
    assert_eq!((bound.requests.refused, bound.starts.begun), (1, 2));
    assert_eq!((bound.requests.served, bound.requests.served_cold), (1, 1));
    let second = SimTime(SECOND);
    assert_eq!(bound.milestones.first_refused, Some((second, SimTime(2 * SECOND))));
    // Clients that are slow to leave find three starts, and nobody is lost on the way.
    let patient = on_demand(|s| s.client.timeout = Some(millis(2_200)), 10);
    assert_eq!((patient.requests.served, patient.requests.abandoned), (6, 3));
}

/// One that takes no time begins and ends at the instant of its request, which is cold all the
/// same.
#[test]
fn a_start_without_a_length_is_cold() {
    for queue in [Queue::Start, Queue::Revision] {
        let seen = on_demand(
            |service| {
                service.queue = queue;
                service.start.boot = Distribution::Constant(SimDuration::ZERO);
                service.cold_service = Some(Distribution::Constant(millis(1_400)));
                service.idle_timeout = millis(3_000);
            },
            10,
        );
        // Cold at 1 and 2, warm from 3 on, on the instance of second 1 idle since 2.4; at 4 the
        // newer one is idle too, and takes all the rest. The older one stops at 6.5.
        assert_eq!((seen.requests.served_cold, seen.requests.served), (2, 9), "{queue:?}");
        assert_eq!(seen.requests.waited, 2);
        assert_eq!(seen.latency_mean, Some(SimDuration((2 * 1_400 + 7 * 500) * 1_000_000 / 9)));
        let Lives { ended, lifespan, starting_time, idle_time, .. } = seen.lives;
        assert_eq!((ended, starting_time), (1, 0));
        assert_eq!(lifespan, millis(5_500).0.into());
        assert_eq!(seen.milestones.last_ended, Some(SimTime(6_500_000_000)));
        let alive = millis(5_500 + 8_000);
        assert_eq!(seen.instance_time, alive.0.into());
        let busy = millis(2 * 1_400 + 7 * 500);
        assert_eq!(idle_time, (alive.0 - busy.0).into());
        assert_eq!(seen.instances_busy_mean(), Some(0.63));
    }
}
