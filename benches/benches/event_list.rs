//! The event list under the hold model: take the first entry, put one back later. The wheel that
//! runs beside the heap that it is checked against, from a handful of entries to a million.
//!
//! `cargo bench -p keyscale-bench --bench event_list`

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use keyscale::kernel::{Bound, Entry, EventList, HeapList, Streams, Wheel};
use rand::RngExt;
use rand_distr::Exp1;

/// Entries pending.
const SIZES: [u32; 7] = [2, 16, 256, 4_096, 16_384, 262_144, 1_048_576];

/// Steps drawn beforehand, so that no draw is measured.
const STEPS: usize = 1 << 16;

/// A second in nanoseconds: the mean step.
const MEAN: f64 = 1e9;

/// A list at work.
struct Hold<L> {
    list: L,
    steps: Vec<u64>,
    at: usize,
    sequence: u32,
}

impl<L: EventList> Hold<L> {
    /// A list of this size that has been turned over several times.
    fn new(size: u32) -> Self {
        let mut random = Streams::new(1, 0).get("hold", "steps");
        let mut step = || (random.sample::<f64, _>(Exp1) * MEAN) as u64;
        let steps: Vec<u64> = std::iter::repeat_with(&mut step).take(STEPS).collect();
        let mut list = L::default();
        list.expect_spacing((MEAN / f64::from(size)) as u64);
        for sequence in 0..size {
            list.push(Entry::new(step(), 0, sequence, sequence, 0));
        }
        let mut hold = Self { list, steps, at: 0, sequence: size };
        for _ in 0..4 * size.max(16_384) {
            hold.turn();
        }
        hold
    }

    /// One entry out, one in.
    fn turn(&mut self) {
        let Some(first) = self.list.pop_before(Bound::END) else { return };
        let step = self.steps[self.at % STEPS];
        self.at += 1;
        self.sequence = (self.sequence + 1) % (1 << 29);
        self.list.push(Entry::new(first.time + step, 0, self.sequence, first.payload(), 0));
    }
}

fn hold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hold");
    for size in SIZES {
        let mut wheel = Hold::<Wheel>::new(size);
        group.bench_function(BenchmarkId::new("wheel", size), |b| b.iter(|| wheel.turn()));
        let mut heap = Hold::<HeapList>::new(size);
        group.bench_function(BenchmarkId::new("heap", size), |b| b.iter(|| heap.turn()));
    }
    group.finish();
}

criterion_group!(benches, hold);
criterion_main!(benches);
