//! Whole runs without their files: a world from its start to its end.
//!
//! `cargo bench -p keyscale-bench --bench runs`

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyscale::record::{Discard, Record, Recorder};
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

/// Ten thousand starts that try their key calls again through an hour's outage.
const HERD: &str = r#"
duration = "65m"
sample_interval = "10s"
[services.web]
concurrency = 1
min_instances = 10000
initial_instances = 0
max_instances = 10000
service_time = { constant = "1s" }
encryption = { key = "main" }
[[services.web.load]]
poisson = { rate = "0.1/s" }
[keys.main]
resource = "projects/kms/locations/us-central1/keyRings/ring/cryptoKeys/main"
protection_level = "EXTERNAL"
external_manager = "vault"
retry.total = "2h"
[external_managers.vault]
[quotas.vault]
project = "kms"
location = "us-central1"
pool = "EXTERNAL"
limit = "100000/s"
[[timeline]]
at = "0s"
for = "1h"
external_outage = { manager = "vault", domain = "UNREACHABLE_NETWORK" }
"#;

/// Counts the key calls of a run.
#[derive(Default)]
struct Calls(u64);

impl Recorder for Calls {
    fn record(&mut self, fact: Record<'_>) {
        self.0 += u64::from(matches!(fact, Record::KeyCall(_)));
    }
}

/// The time of a key call.
fn herd(criterion: &mut Criterion) {
    let checked = checked("herd", HERD);
    let length = checked.scenario.duration(&[]);
    let mut world: World = World::new(&checked.scenario, &[], length);
    let mut run = || {
        let mut calls = Calls::default();
        world.reset(0);
        while world.advance(&mut calls).expect("the laws hold") {}
        calls.0
    };
    let mut group = criterion.benchmark_group("key calls");
    group.sample_size(10).throughput(Throughput::Elements(run()));
    group.bench_function("herd", |b| b.iter(&mut run));
    group.finish();
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

criterion_group!(benches, runs, herd);
criterion_main!(benches);
