//! Whole runs without their files: a world from its start to its end.
//!
//! `cargo bench -p keyscale-bench --bench runs`

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyscale::record::Discard;
use keyscale::scenario::{self, Checked, Source};
use keyscale::world::World;
use keyscale_bench::Case;

/// The scenario of a text.
fn checked(name: &str, text: &str) -> Checked {
    let source = Source { origin: name, text, stem: name, folder: Path::new("") };
    match scenario::check(&source, &[], Path::new("")) {
        Ok(checked) => checked,
        Err(problems) => panic!("{}", problems.render(false)),
    }
}

/// Runs a world to its end; the requests that arrived.
fn run(world: &mut World<'_>) -> u64 {
    world.reset(0);
    while world.advance(&mut Discard).expect("the laws hold") {}
    world.finish(&mut Discard);
    world.arrivals()
}

fn runs(criterion: &mut Criterion) {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let read = |name: &str| {
        let path = scenarios.join(format!("{name}.toml"));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let cases = [
        ("sparse", Case::Sparse.scenario(100_000)),
        ("warm", Case::Warm.scenario(1_000_000)),
        ("external-outage-retryable", read("external-outage-retryable")),
        ("quota-exhausted", read("quota-exhausted")),
        ("key-disabled", read("key-disabled")),
    ];
    let mut group = criterion.benchmark_group("run");
    group.sample_size(10);
    for (name, text) in &cases {
        let checked = checked(name, text);
        let length = checked.scenario.duration(&[]);
        let mut world: World = World::new(&checked.scenario, &[], length);
        group.throughput(Throughput::Elements(run(&mut world)));
        group.bench_function(*name, |b| b.iter(|| run(&mut world)));
    }
    group.finish();
}

criterion_group!(benches, runs);
criterion_main!(benches);
