//! The wheel against the heap, on random programs and on long runs of laws that are hard on
//! buckets; and what only the wheel promises: its width, its memory, its laziness.

use proptest::prelude::*;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rand_distr::{Exp1, StandardNormal};

use super::*;

/// A wheel and a heap that are asked the same and must say the same.
#[derive(Default)]
struct Pair {
    wheel: Wheel,
    heap: HeapList,
    pushed: u32,
    /// The earliest time that may be pushed.
    clock: u64,
}

impl Pair {
    fn push(&mut self, time: u64, rank: u8, payload: u32) {
        let entry = Entry::new(time, rank, self.pushed, payload, time ^ 1);
        self.pushed += 1;
        self.wheel.push(entry);
        self.heap.push(entry);
    }

    fn pop_before(&mut self, bound: Bound) -> Option<Entry> {
        let (got, expected) = (self.wheel.pop_before(bound), self.heap.pop_before(bound));
        assert_eq!(got, expected, "popped before {bound:?}");
        assert_eq!(self.wheel.len(), self.heap.len());
        self.clock = expected.map_or(self.clock, |e| e.time);
        got
    }

    fn extract(&mut self, take: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let (mut got, mut expected) = (vec![], vec![]);
        self.wheel.extract(&take, &mut got);
        self.heap.extract(&take, &mut expected);
        assert_eq!(got, expected, "extracted");
        self.audit();
        got
    }

    fn clear(&mut self) {
        self.wheel.clear();
        self.heap.clear();
        self.clock = 0;
    }

    /// Both hold the same entries.
    fn audit(&self) {
        let (mut got, mut expected) = (vec![], vec![]);
        self.wheel.for_each(|e| got.push(*e));
        self.heap.for_each(|e| expected.push(*e));
        queue::sort(&mut got);
        queue::sort(&mut expected);
        assert_eq!(got, expected, "held");
        assert_eq!(self.wheel.len(), got.len());
        assert_eq!(self.wheel.is_empty(), got.is_empty());
    }

    fn drain(&mut self) {
        while self.pop_before(Bound::END).is_some() {}
        assert!(self.wheel.is_empty());
    }
}

impl Wheel {
    /// Entries for which memory is held.
    fn capacity(&self) -> usize {
        let buckets = self.near.buckets.iter().chain(self.far.buckets.iter());
        buckets.map(Vec::capacity).sum::<usize>() + self.now.capacity()
    }
}

// ------------------------------------------------------------------------------ random programs

#[derive(Clone, Debug)]
enum Step {
    /// So many entries this far ahead of the clock, the second number apart.
    Push {
        count: u32,
        ahead: u64,
        apart: u64,
        rank: u8,
        payload: u32,
    },
    /// So many pops before a bound this far ahead, up to which the clock then runs or not.
    Pop {
        count: u32,
        ahead: u64,
        rank: u8,
        run: bool,
    },
    /// Everything whose payload has this remainder.
    Extract {
        modulus: u32,
        remainder: u32,
    },
    Expect {
        spacing: u64,
    },
    Clear,
}

/// Lengths of every magnitude, with zero and ties among them.
fn length() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => Just(0),
        2 => 0..16_u64,
        3 => 0..2_000_u64,
        3 => 0..2_000_000_u64,
        3 => 0..2_000_000_000_u64,
        2 => (0..200_u64).prop_map(|ms| ms * 1_000_000),
        1 => 0..20_000_000_000_000_u64,
        1 => (0..63_u32).prop_map(|bit| 1 << bit),
        1 => Just(u64::MAX),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let count = || prop_oneof![4 => 0..4_u32, 2 => 0..20_u32, 1 => 0..300_u32];
    prop_oneof![
        8 => (count(), length(), length(), 0..5_u8, 0..12_u32).prop_map(
            |(count, ahead, apart, rank, payload)| Step::Push { count, ahead, apart, rank, payload }
        ),
        8 => (count(), length(), 0..6_u8, any::<bool>())
            .prop_map(|(count, ahead, rank, run)| Step::Pop { count, ahead, rank, run }),
        1 => (1..5_u32, 0..3_u32)
            .prop_map(|(modulus, remainder)| Step::Extract { modulus, remainder }),
        1 => length().prop_map(|spacing| Step::Expect { spacing }),
        1 => Just(Step::Clear),
    ]
}

fn run(steps: Vec<Step>) {
    let mut pair = Pair::default();
    for step in steps {
        match step {
            Step::Push { count, ahead, apart, rank, payload } => {
                for i in 0..count {
                    let ahead = ahead.saturating_add(apart.saturating_mul(u64::from(i)));
                    pair.push(pair.clock.saturating_add(ahead), rank, payload + i);
                }
            }
            Step::Pop { count, ahead, rank, run } => {
                let end = pair.clock.saturating_add(ahead);
                let bound = Bound::before(end, rank);
                let emptied = (0..count).any(|_| pair.pop_before(bound).is_none());
                if emptied && run {
                    pair.clock = end;
                }
            }
            Step::Extract { modulus, remainder } => {
                pair.extract(|e| e.payload() % modulus == remainder);
            }
            Step::Expect { spacing } => pair.wheel.expect_spacing(spacing),
            Step::Clear => pair.clear(),
        }
    }
    pair.audit();
    pair.drain();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_program(steps in prop::collection::vec(step(), 1..60)) {
        run(steps);
    }
}

// ------------------------------------------------------------------------------------ long runs

type Rng = Xoshiro256PlusPlus;

fn exponential(rng: &mut Rng, mean: f64) -> u64 {
    (rng.sample::<f64, _>(Exp1) * mean) as u64
}

/// A name, and a draw of a length of stay.
type Law = (&'static str, fn(&mut Rng) -> u64);

/// Lengths of stay, by name.
const LAWS: [Law; 8] = [
    ("exponential", |rng| exponential(rng, 1e8)),
    ("constant, all tied at the start", |_| 100_000_000),
    ("whole milliseconds", |rng| (exponential(rng, 1e8) / 1_000_000 + 1) * 1_000_000),
    ("90 % 1 ms, 10 % 100 s", |rng| match rng.random_bool(0.9) {
        true => exponential(rng, 1e6),
        false => exponential(rng, 1e11),
    }),
    ("lognormal, sigma 3", |rng| {
        libm::exp(16.0 + 3.0 * rng.sample::<f64, _>(StandardNormal)) as u64
    }),
    ("half at zero delay", |rng| match rng.random_bool(0.5) {
        true => 0,
        false => exponential(rng, 1e8),
    }),
    ("nanoseconds", |rng| rng.random_range(0..40)),
    ("mostly soon, some days ahead", |rng| match rng.random_bool(0.98) {
        true => exponential(rng, 1e3),
        false => 400_000_000_000_000 + exponential(rng, 1e12),
    }),
];

/// About `level` entries stay as the law says, while something else, an arrival, bounds each pop.
/// The spacing of the bounds and the level change in phases, and now and then some are extracted.
fn hold(law: fn(&mut Rng) -> u64, level: usize, rounds: u32) {
    let mut rng = Rng::seed_from_u64(level as u64);
    let mut pair = Pair::default();
    let rank = |rng: &mut Rng| rng.random_range(0..4_u8);
    for i in 0..level as u32 {
        let time = law(&mut rng);
        pair.push(time, rank(&mut rng), i);
    }
    for round in 0..rounds {
        // A rush, a lull and a pause: widths must follow, and the few become many and few again.
        let (gap, wanted) = match round * 9 / rounds % 3 {
            0 => (1e8 / level as f64, level),
            1 => (1e10, level / 8 + 1),
            _ => (1e4, level + 12),
        };
        let end = pair.clock + exponential(&mut rng, gap);
        for _ in 0..4 * level + 50 {
            let Some(entry) = pair.pop_before(Bound::before(end, 2)) else { break };
            if pair.heap.len() < wanted {
                let time = entry.time + law(&mut rng);
                pair.push(time, rank(&mut rng), entry.payload());
            }
        }
        if pair.heap.len() < wanted {
            let time = end.max(pair.clock) + law(&mut rng);
            pair.push(time, rank(&mut rng), round);
        }
        if round % 997 == 0 {
            let stopped = rng.random_range(0..20);
            let since = pair.clock;
            for entry in pair.extract(|e| e.payload() % 20 == stopped) {
                pair.push(since + law(&mut rng), entry.rank(), entry.payload());
            }
        }
    }
    pair.audit();
    pair.drain();
}

#[test]
fn long_runs_of_every_law() {
    for (name, law) in LAWS {
        for (level, rounds) in [(1, 6_000), (12, 6_000), (14, 6_000), (100, 6_000), (3_000, 9_000)]
        {
            naming(name, level, || hold(law, level, rounds));
        }
    }
}

/// Runs a case under its name, so that a failure says which it was.
fn naming(name: &str, level: usize, case: impl FnOnce()) {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(case));
    assert!(result.is_ok(), "with the law \"{name}\" at {level} pending");
}

#[test]
fn a_crowd_at_one_instant_that_keeps_adding_to_it() {
    let mut pair = Pair::default();
    for i in 0..5_000 {
        pair.push(1_000, 0, i);
    }
    let mut split = false;
    for i in 0..20_000_u32 {
        let entry = pair.pop_before(Bound::END).expect("some are left");
        let ahead = u64::from(i % 7 == 0) * u64::from(i % 1_000);
        pair.push(entry.time + ahead, 0, entry.payload());
        split |= pair.wheel.room == 0;
        assert!(pair.wheel.room > 0 || pair.wheel.now.len() <= 2 * CROWD);
        if i % 1_999 == 0 {
            pair.extract(|e| e.payload() % 100 == 0);
        }
    }
    assert!(split, "the crowd was never split, so this test tests nothing");
    pair.drain();
}

#[test]
fn clear_and_reuse() {
    let mut pair = Pair::default();
    for i in 0..2_000 {
        pair.push(u64::from(i) * 1_000_003, 1, i);
    }
    (0..1_000).for_each(|_| assert!(pair.pop_before(Bound::END).is_some()));
    pair.clear();
    pair.audit();
    assert_eq!(pair.wheel.capacity(), 0);
    assert_eq!(pair.wheel.beyond.len(), 0);
    for i in 0..100 {
        pair.push(u64::from(i) / 3, 1, i);
    }
    pair.drain();
}

// ---------------------------------------------------------------------- what the wheel promises

/// Pops and pushes so many entries whose spacing is the given one, and returns the wheel.
fn steady(wheel: &mut Wheel, pending: u64, spacing: u64, pops: u32) {
    let from = wheel.clock;
    for i in 0..pending {
        wheel.push(Entry::new(from + (i + 1) * spacing, 0, i as u32, 0, 0));
    }
    for i in 0..pops {
        let entry = wheel.pop_before(Bound::END).expect("it never empties");
        wheel.push(Entry::new(entry.time + pending * spacing, 0, i, 0, 0));
    }
}

#[test]
fn the_width_follows_the_spacing() {
    for spacing in [1, 7, 1_000, 65_536, 1_000_000, 40_000_000_000] {
        let mut wheel = Wheel::default();
        steady(&mut wheel, 500, spacing, 600);
        let off = wheel.shift.abs_diff((3 * spacing).ilog2());
        assert!(off <= 1, "spacing {spacing}: buckets of 2^{} ns", wheel.shift);
        // And again when it has changed, a look later at most.
        steady(&mut wheel, 500, 9 * spacing, 2 * LOOK as u32);
        let off = wheel.shift.abs_diff((9 * spacing).ilog2());
        assert!(off <= 2, "then {}: buckets of 2^{} ns", 9 * spacing, wheel.shift);
    }
}

#[test]
fn the_first_looks_come_early() {
    let mut wheel = Wheel::default();
    let mut looks = vec![];
    wheel.push(Entry::new(0, 0, 0, 0, 0));
    for pops in 1..40_000 {
        let before = wheel.looked;
        let entry = wheel.pop_before(Bound::END).expect("one is there");
        wheel.push(Entry::new(entry.time + 10, 0, 0, 0, 0));
        if wheel.looked != before {
            looks.push(pops);
        }
    }
    assert_eq!(looks, [1, 64, 512, 4_096, 4_096 + 16_384, 4_096 + 2 * 16_384]);
}

#[test]
fn a_late_start_says_nothing_about_the_spacing() {
    let mut wheel = Wheel::default();
    wheel.expect_spacing(1_000);
    wheel.push(Entry::new(3_600_000_000_000, 0, 0, 0, 0));
    assert!(wheel.pop_before(Bound::END).is_some());
    steady(&mut wheel, 500, 1_000, 100);
    assert_eq!(wheel.shift, shift_for(1_000));
}

#[test]
fn the_scenario_sets_the_first_width() {
    let mut wheel = Wheel::default();
    for (spacing, shift) in [(0, 0), (1, 1), (1_000, 11), (u64::MAX, 63)] {
        wheel.expect_spacing(spacing);
        assert_eq!(wheel.shift, shift, "spacing {spacing}");
    }
}

#[test]
fn few_entries_need_no_wheel() {
    let mut wheel = Wheel::default();
    let push = |wheel: &mut Wheel, count: u32| {
        for i in 0..count {
            wheel.push(Entry::new(wheel.clock + u64::from(i) * 1_000_000_000, 0, i, 0, 0));
        }
    };
    push(&mut wheel, FEW as u32);
    assert!(wheel.is_few());
    push(&mut wheel, 1);
    assert!(!wheel.is_few(), "the 13th spills");
    while wheel.pop_before(Bound::END).is_some() {}
    assert!(wheel.is_few(), "emptied, it goes back");

    push(&mut wheel, 20);
    let mut taken = vec![];
    wheel.extract(|_| true, &mut taken);
    assert!(taken.len() == 20 && wheel.is_few(), "emptied by extraction, too");

    push(&mut wheel, 20);
    wheel.extract(|e| e.sequence() > 4, &mut taken);
    assert!(!wheel.is_few());
    for _ in 0..600 {
        let entry = wheel.pop_before(Bound::END).expect("five are there");
        wheel.push(Entry::new(entry.time + 5_000_000_000, 0, entry.sequence(), 0, 0));
    }
    assert!(wheel.is_few(), "nearly empty, it goes back at the next look");
}

#[test]
fn a_bound_opens_nothing_behind_it() {
    let mut wheel = Wheel::default();
    for i in 1..=100 {
        wheel.push(Entry::new(u64::from(i) * 1_000_000_000, 0, i, 0, 0));
    }
    assert_eq!(wheel.pop_before(Bound::before(900_000_000, 0)), None);
    assert!(wheel.now.is_empty(), "the first second is still in its bucket");
    let (near, far) = (wheel.near.next(0), wheel.current >> BITS);
    assert!(near.is_none_or(|slot| (slot as u64) > wheel.current & MASK), "{near:?} {far}");
}

#[test]
fn memory_follows_what_is_pending() {
    for (name, law) in LAWS {
        let mut rng = Rng::seed_from_u64(1);
        let mut wheel = Wheel::default();
        let mut peak = 0;
        for i in 0..16_384 {
            wheel.push(Entry::new(law(&mut rng), 0, i, 0, 0));
        }
        for i in 0..200_000 {
            let entry = wheel.pop_before(Bound::END).expect("they are held");
            wheel.push(Entry::new(entry.time + law(&mut rng), 1, i, 0, 0));
            if i % 1_000 == 0 {
                peak = peak.max(wheel.capacity());
            }
        }
        // Vectors double, so up to two entries an entry, and what emptied buckets keep.
        assert!(peak <= 2 * 16_384 + SLOTS * KEEP + LOOK as usize, "{name}: room for {peak}");

        let mut taken = vec![];
        wheel.extract(|e| e.sequence() % 512 != 0, &mut taken);
        while wheel.len() > 2 {
            wheel.pop_before(Bound::END);
        }
        for i in 0..2 * LOOK as u32 {
            let entry = wheel.pop_before(Bound::END).expect("two are held");
            wheel.push(Entry::new(entry.time + law(&mut rng), 1, i, 0, 0));
        }
        assert!(wheel.is_few(), "{name}");
        let left = wheel.capacity();
        assert!(left <= SLOTS * KEEP + 64, "{name}: room for {left} after the rush");
    }
}
