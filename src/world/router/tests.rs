//! Every choice against the rule as it is written: a scan of all instances.

use super::*;
use crate::kernel::Streams;
use crate::units::Ratio;

const RULES: [Routing; 8] = [
    Routing::LeastLoaded,
    Routing::RoundRobin,
    Routing::FirstAvailable,
    Routing::Newest,
    Routing::Oldest,
    Routing::MostRecentlyUsed,
    Routing::LeastRecentlyUsed,
    Routing::RandomOfTwo,
];

/// An instance as the scan knows it.
#[derive(Clone, Copy, Debug)]
struct Instance {
    seat: u32,
    load: u16,
    serial: u32,
    /// The step of its last use, or at which it became ready.
    used: u32,
    /// The step since which it has been idle, where it is.
    idle: u32,
}

/// All instances, and whose turn was last.
struct Scan {
    room: u16,
    routing: Routing,
    instances: Vec<Option<Instance>>,
    turn: u32,
}

impl Scan {
    fn ready(&self) -> impl Iterator<Item = Instance> {
        self.instances.iter().copied().flatten()
    }

    fn with_room(&self) -> impl Iterator<Item = Instance> {
        self.ready().filter(|i| i.load < self.room)
    }

    /// The least loaded, or the fullest: of idle ones the last to go idle, of others the lowest.
    fn of_load(&self, load: u16) -> Option<Instance> {
        let of_load = self.ready().filter(|i| i.load == load);
        if load == 0 { of_load.max_by_key(|i| i.idle) } else { of_load.min_by_key(|i| i.seat) }
    }

    /// The rule.
    fn choice(&self) -> Option<Instance> {
        let least = || self.with_room().map(|i| i.load).min();
        match self.routing {
            Routing::FullestBelowTarget { target } => {
                let soft = (f64::from(self.room) * target.0).ceil() as u16;
                let below = self.ready().map(|i| i.load).filter(|&l| l < soft).max();
                self.of_load(below.or_else(least)?)
            }
            Routing::LeastLoaded => self.of_load(least()?),
            Routing::RoundRobin => {
                let after = self.with_room().filter(|i| i.seat > self.turn);
                let first = after.min_by_key(|i| i.seat);
                first.or_else(|| self.with_room().min_by_key(|i| i.seat))
            }
            Routing::FirstAvailable => self.with_room().min_by_key(|i| i.seat),
            Routing::Newest => self.with_room().max_by_key(|i| i.serial),
            Routing::Oldest => self.with_room().min_by_key(|i| i.serial),
            Routing::MostRecentlyUsed => self.with_room().max_by_key(|i| i.used),
            Routing::LeastRecentlyUsed => self.with_room().min_by_key(|i| i.used),
            Routing::RandomOfTwo => panic!("it has a chance, not a choice"),
        }
    }

    /// The chance of each instance with a free slot to be the less loaded of two drawn, equals
    /// half and half.
    fn chances(&self) -> Vec<(u32, f64)> {
        let all: Vec<Instance> = self.with_room().collect();
        if let [alone] = all[..] {
            return vec![(alone.seat, 1.0)];
        }
        let others = all.len() as f64 - 1.0;
        let pairs = all.len() as f64 * others / 2.0;
        let wins = |i: &Instance| {
            let against = all.iter().filter(|o| o.seat != i.seat);
            let won = |o: &Instance| match i.load.cmp(&o.load) {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 0.0,
            };
            against.map(won).sum::<f64>()
        };
        all.iter().map(|i| (i.seat, wins(i) / pairs)).collect()
    }
}

fn router(room: u16, routing: Routing) -> Router {
    Router::new(room, routing, || Streams::new(5, 0).get("routing", "web"))
}

/// Random starts, stops, requests by rule and past it, and ends; what was chosen is handed to
/// `check`, with the scan before the choice.
fn drive(
    room: u16,
    routing: Routing,
    seats: u32,
    steps: u32,
    check: &mut dyn FnMut(&Scan, Option<u32>, u32),
) {
    let mut router = router(room, routing);
    let instances = vec![None; seats as usize];
    let mut scan = Scan { room, routing, instances, turn: u32::MAX };
    let mut serials = 0;
    let mut x = 1_u64;
    for step in 1..=steps {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let seat = (x >> 40) as u32 % seats;
        // Phases that fill, and phases that drain.
        let take = (x >> 20) % 4 != u64::from(step / 512 % 2) * 2;
        match scan.instances[seat as usize] {
            None => {
                // Starts do not become ready in the order in which they began.
                let serial = serials ^ 3;
                serials += 1;
                router.add(seat, serial);
                let new = Instance { seat, load: 0, serial, used: step, idle: step };
                scan.instances[seat as usize] = Some(new);
            }
            Some(Instance { load, .. }) if (x >> 10).is_multiple_of(64) => {
                router.remove(seat, load);
                scan.instances[seat as usize] = None;
            }
            Some(Instance { load, .. }) if !take && load > 0 => {
                router.give(seat, load);
                let i = scan.instances[seat as usize].as_mut().expect("it is there");
                (i.load, i.used, i.idle) = (load - 1, step, step);
            }
            Some(Instance { load, .. }) if (x >> 10) % 16 == 1 && load < room => {
                router.take_at(seat, load);
                let i = scan.instances[seat as usize].as_mut().expect("it is there");
                (i.load, i.used) = (load + 1, step);
            }
            Some(_) => {
                let got = router.take();
                check(&scan, got.map(|g| g.0), step);
                if let Some((seat, load)) = got {
                    let i = scan.instances[seat as usize].as_mut().expect("it is there");
                    assert_eq!(i.load, load, "step {step}");
                    (i.load, i.used) = (load + 1, step);
                    scan.turn = seat;
                }
            }
        }
        let idle = || scan.ready().filter(|i| i.load == 0);
        assert_eq!(router.idle() as usize, idle().count());
        assert_eq!(router.longest_idle(), idle().min_by_key(|i| i.idle).map(|i| i.seat));
        assert_eq!(router.has_room(), scan.with_room().next().is_some());
    }
}

fn agrees_with_a_scan(room: u16, routing: Routing, seats: u32, steps: u32) {
    drive(room, routing, seats, steps, &mut |scan, got, step| {
        let expected = scan.choice().map(|i| i.seat);
        assert_eq!(got, expected, "{routing:?}, {room} slots, {seats} seats, step {step}");
    });
}

#[test]
fn every_choice_is_the_one_of_the_rule() {
    let target = |share| Routing::FullestBelowTarget { target: Ratio(share) };
    agrees_with_a_scan(1, target(0.6), 5, 5_000);
    agrees_with_a_scan(80, target(0.6), 9, 20_000);
    agrees_with_a_scan(64, target(1.0), 3, 20_000);
    agrees_with_a_scan(2, target(0.5), 500, 20_000);
    agrees_with_a_scan(1_000, target(0.1), 2, 20_000);
    for routing in RULES.into_iter().filter(|rule| *rule != Routing::RandomOfTwo) {
        agrees_with_a_scan(1, routing, 5, 10_000);
        agrees_with_a_scan(1, routing, 70, 10_000);
        agrees_with_a_scan(3, routing, 70, 10_000);
        agrees_with_a_scan(80, routing, 9, 10_000);
    }
    // Three tiers of seats.
    agrees_with_a_scan(2, target(0.5), 4_200, 5_000);
    agrees_with_a_scan(1, Routing::RoundRobin, 4_200, 5_000);
    agrees_with_a_scan(2, Routing::Newest, 4_200, 5_000);
}

/// At every choice the scan knows each seat's chance p. The sum of (chosen − p) over all choices is
/// a martingale of variance Σ p (1 − p): it stays within four of its standard deviations, for each
/// seat, and for the least loaded together.
#[test]
fn of_two_drawn_the_less_loaded_is_chosen() {
    for (room, seats) in [(1, 2), (2, 5), (4, 9), (80, 3)] {
        let mut sums = vec![(0.0, 0.0); seats as usize];
        let mut lightest = (0.0, 0.0);
        drive(room, Routing::RandomOfTwo, seats, 30_000, &mut |scan, got, step| {
            let chances = scan.chances();
            assert_eq!(got.is_some(), !chances.is_empty(), "step {step}");
            let Some(got) = got else { return };
            let possible = chances.iter().any(|&(seat, p)| seat == got && p > 0.0);
            assert!(possible, "step {step}: {got} of {chances:?}");
            let add = |sum: &mut (f64, f64), hit: bool, p: f64| {
                sum.0 += f64::from(u8::from(hit)) - p;
                sum.1 += p * (1.0 - p);
            };
            for &(seat, p) in &chances {
                add(&mut sums[seat as usize], seat == got, p);
            }
            let least = scan.with_room().map(|i| i.load).min().expect("one has room");
            let light = |seat: u32| scan.instances[seat as usize].is_some_and(|i| i.load == least);
            let p = chances.iter().filter(|c| light(c.0)).map(|c| c.1).sum();
            add(&mut lightest, light(got), p);
        });
        for (sum, variance) in sums.into_iter().chain([lightest]) {
            assert!(sum.abs() <= 4.0 * f64::sqrt(variance) + 1e-6, "{room}, {seats}: {sum}");
        }
    }
}

/// Alone, an instance is taken without a draw: a rule that draws shifts nothing where it needs not.
#[test]
fn nothing_is_drawn_without_a_choice() {
    let mut router = router(9, Routing::RandomOfTwo);
    router.add(0, 0);
    let luck = |router: &Router| format!("{:?}", router).split("luck").last().map(str::to_owned);
    let before = luck(&router);
    (0..9).for_each(|load| assert_eq!(router.take(), Some((0, load))));
    assert_eq!((router.take(), luck(&router)), (None, before));
}
