//! Requests simulated per CPU-second, and peak memory, of two worlds:
//!
//! `cargo run --release -p keyscale-bench -- [REQUESTS]` (default 10,000,000)
//!
//! (a) 0.9 requests a second, one at a time an instance; (b) 200 instances × 80 slots at 60 % load,
//! keys in the start path, a time series of one second.

#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::fs;
use std::path::Path;

use keyscale::record::Discard;
use keyscale::scenario::{self, Source};
use keyscale::world::World;

const KEY: &str = "
[keys.main]
resource = \"projects/kms/locations/us-central1/keyRings/r/cryptoKeys/k\"
protection_level = \"EXTERNAL\"
external_manager = \"vault\"
[external_managers.vault]
";

fn main() {
    let requests = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1e7);
    measure("(a) 0.9/s, one request an instance", 0.9, requests / 10.0, 1, 0, 1_000);
    measure("(b) 200 x 80 at 60 %, keys", 96_000.0, requests, 80, 200, 400);
}

fn measure(name: &str, rate: f64, requests: f64, slots: u32, initial: u32, max: u32) {
    let service = if slots == 1 {
        "lognormal = { mean = \"2s\", cv = 0.1 }"
    } else {
        "exponential = { mean = \"100ms\" }"
    };
    let text = format!(
        "duration = \"{}s\"\nsample_interval = \"{}s\"\n[services.web]\nconcurrency = {slots}\n\
         initial_instances = {initial}\nmax_instances = {max}\nservice_time = {{ {service} }}\n\
         encryption = {{ key = \"main\" }}\n[[services.web.load]]\npoisson = {{ rate = \"{rate}/s\" }}\n{KEY}",
        (requests / rate).ceil(),
        if slots == 1 { 3_600 } else { 1 },
    );
    let folder = Path::new("");
    let source = Source { origin: name, text: &text, stem: "bench", folder };
    let checked = match scenario::check(&source, &[], folder) {
        Ok(checked) => checked,
        Err(problems) => return println!("{}", problems.render(false)),
    };
    let length = checked.scenario.duration(&[]);
    let mut world: World = World::new(&checked.scenario, &[], length);
    let begun = cpu_seconds();
    while world.advance(&mut Discard).expect("laws hold") {}
    let spent = cpu_seconds() - begun;
    let (n, memory) = (world.arrivals() as f64, peak_kib() / 1024.0);
    println!(
        "{name}: {n} requests, {:.1} ns each, {:.2} million a CPU-second, peak {memory:.1} MiB",
        spent * 1e9 / n,
        n / spent / 1e6
    );
}

/// CPU time of this process so far, to a hundredth of a second (Linux; elsewhere not a number).
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(11) + ticks(12)) / 100.0
}

/// Peak resident memory in KiB (Linux; elsewhere not a number).
fn peak_kib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM"));
    let number = line.and_then(|l| l.split_whitespace().nth(1));
    number.and_then(|n| n.parse().ok()).unwrap_or(f64::NAN)
}
