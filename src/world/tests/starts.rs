//! How starts begin and end: limits, probes, boosts, and what the application does meanwhile.

use std::path::Path;

use super::super::*;
use crate::record::{Cause, EndReason, Record, Recorder, Total};
use crate::scenario::{self, Override, Source};

/// A service that wants ten instances from the start of the run, has none, and starts one in
/// exactly five seconds: a second to allocate, one to fetch, three to boot.
pub const BASE: &str = r#"
duration = "10m"
[services.web]
concurrency = 1
max_instances = 100
initial_instances = 0
idle_timeout = "1h"
service_time = { constant = "100ms" }
autoscaler = { fixed = { instances = 10 } }
pending_timeout = { none = true }
[services.web.start]
allocate = { constant = "1s" }
fetch = { constant = "1s" }
boot = { constant = "3s" }
back_off = { initial = "1s", multiplier = 1, max = "1s" }
[[services.web.load]]
poisson = { rate = "0.001/s" }
"#;

/// One attempt to start, in seconds since the start of the run.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    pub order: u32,
    pub begun: f64,
    pub ready: Option<f64>,
    pub ended: Option<f64>,
    pub draining: Option<f64>,
    pub reason: EndReason,
}

/// What a run stated.
#[derive(Debug, Default)]
pub struct Run {
    pub lives: Vec<Life>,
    pub blame: [u64; Cause::COUNT],
    pub requests: crate::record::Requests,
    pub starts: crate::record::Starts,
    pub crashed: u64,
    pub out_of_memory: u64,
    pub bill: crate::record::Bill,
}

impl Run {
    /// When instances became ready, in order.
    pub fn ready(&self) -> Vec<f64> {
        let mut ready: Vec<f64> = self.lives.iter().filter_map(|life| life.ready).collect();
        ready.sort_by(f64::total_cmp);
        ready
    }

    fn total(&mut self, total: &Total<'_>) {
        (self.blame, self.requests, self.starts) = (total.blame, total.requests, total.starts);
        (self.crashed, self.out_of_memory) = (total.crashed, total.out_of_memory);
        self.bill = total.bill;
    }
}

impl Recorder for Run {
    fn record(&mut self, fact: Record<'_>) {
        let since = |at: SimTime| at.0 as f64 / 1e9;
        if let Record::Instance(i) = fact {
            self.lives.push(Life {
                order: i.order.unwrap_or(u32::MAX),
                begun: since(i.begun),
                ready: i.ready.map(since),
                ended: i.ended.map(since),
                draining: i.draining.map(since),
                reason: i.reason,
            });
        }
        if let Record::Total(total) = fact
            && total.service.is_empty()
        {
            self.total(total);
        }
    }
}

/// Runs a scenario to its end.
pub fn run(text: &str, overrides: &[&str]) -> Run {
    let mut run = Run::default();
    record(text, overrides, &mut run);
    run
}

/// Runs a scenario to its end and hands its facts on.
pub fn record(text: &str, overrides: &[&str], recorder: &mut dyn Recorder) {
    let folder = Path::new("");
    let overrides: Vec<Override> =
        overrides.iter().map(|o| o.parse().expect("KEY=VALUE")).collect();
    let source = Source { origin: "a.toml", text, stem: "a", folder };
    let checked = match scenario::check(&source, &overrides, folder) {
        Ok(checked) => checked,
        Err(problems) => panic!("{}", problems.render(false)),
    };
    let scenario = &checked.scenario;
    let mut world: World = World::new(scenario, &[], scenario.duration(&[]));
    while world.advance(recorder).expect("laws hold") {}
    world.finish(recorder);
}

/// Four starts in each 10 s, of which one begins at the end of the warm-up: n instances are ready
/// after 10 s × ⌈n ÷ 4⌉ - 10 s, and the five that one start takes.
#[test]
fn a_start_rate_makes_instances_ready_at_exact_times() {
    let rate = "services.web.start.limits.rate={starts=4,interval='10s'}";
    let expected = [5.0, 5.0, 5.0, 5.0, 15.0, 15.0, 15.0, 15.0, 25.0, 25.0];
    assert_eq!(run(BASE, &[rate]).ready(), expected);
    // With a warm-up of 13 s the run begins three seconds before an interval does.
    let warm = run(BASE, &[rate, "warm_up='13s'"]);
    assert_eq!(warm.ready(), [5.0, 5.0, 5.0, 5.0, 8.0, 8.0, 8.0, 8.0, 18.0, 18.0]);
    // Tries of failed starts count too: the four of the first interval begin anew in the second.
    let refused = run(BASE, &[rate, "services.web.start.deadline='3s'", "duration='31s'"]);
    let orders: Vec<(u32, f64)> = refused.lives.iter().map(|l| (l.order, l.begun)).collect();
    let in_interval = |from: f64| {
        let mut of: Vec<u32> =
            orders.iter().filter(|o| o.1 >= from && o.1 < from + 10.0).map(|o| o.0).collect();
        of.sort_unstable();
        of
    };
    for from in [0.0, 10.0, 20.0] {
        assert_eq!(in_interval(from), [0, 1, 2, 3], "the oldest orders go first");
    }
}

/// Three at once, five seconds each.
#[test]
fn concurrent_starts_take_turns() {
    let limit = "services.web.start.limits.concurrent=3";
    let expected = [5.0, 5.0, 5.0, 10.0, 10.0, 10.0, 15.0, 15.0, 15.0, 20.0];
    assert_eq!(run(BASE, &[limit]).ready(), expected);
    // A failed start keeps its place while it waits to be tried again.
    let failing = run(BASE, &[limit, "services.web.start.deadline='3s'", "duration='60s'"]);
    assert!(failing.lives.iter().all(|life| life.order < 3 && life.ready.is_none()));
}

/// The one that is held up tells why; orders that wait are given up before those under way.
#[test]
fn waiting_for_a_limit_is_blamed_on_it() {
    let limited = run(
        BASE,
        &[
            "services.web.autoscaler={cloud_run={}}",
            "services.web.pending_timeout={fixed='4s'}",
            "services.web.start.limits.concurrent=1",
            "services.web.load.0={constant={every='1s'}}",
            "services.web.service_time={constant='100s'}",
            "duration='30s'",
        ],
    );
    // The first start serves the second request at 5 s; meanwhile requests wait for the others.
    let blamed: Vec<Cause> =
        Cause::ALL.iter().copied().filter(|&cause| limited.blame[cause as usize] > 0).collect();
    assert_eq!(blamed, [Cause::StartRate, Cause::Starting]);
    let free = run(
        BASE,
        &[
            "services.web.autoscaler={cloud_run={}}",
            "services.web.pending_timeout={fixed='4s'}",
            "services.web.start.limits.concurrent=1",
            "services.web.load.0={constant={every='1s'}}",
            "services.web.service_time={constant='100s'}",
            "duration='30s'",
            "without=['start_rate']",
        ],
    );
    assert_eq!(free.blame[Cause::StartRate as usize], 0);
    assert!(free.starts.ready > limited.starts.ready);
}

/// Ten are wanted, then two: the eight that had not begun are gone, and what had begun goes on.
#[test]
fn orders_that_wait_are_given_up_first() {
    let run = run(
        BASE,
        &[
            "services.web.start.limits.concurrent=2",
            "timeline=[{at='2s',max_instances_set={service='web',instances=2}}]",
        ],
    );
    assert_eq!(run.ready(), [5.0, 5.0]);
    assert!(run.lives.len() == 2 && run.lives.iter().all(|l| l.reason == EndReason::Running));
}

/// The limits change no draw: the same starts, only later.
#[test]
fn a_limit_shifts_no_luck() {
    let drawn = "services.web.start.boot={exponential={mean='3s'}}";
    let lengths = |overrides: &[&str]| {
        let run = run(BASE, overrides);
        let mut lengths: Vec<(u32, u64)> = run
            .lives
            .iter()
            .map(|l| (l.order, ((l.ready.expect("ready") - l.begun) * 1e6).round() as u64))
            .collect();
        lengths.sort_unstable();
        lengths
    };
    let free = lengths(&[drawn]);
    assert_eq!(free.len(), 10);
    assert_eq!(lengths(&[drawn, "services.web.start.limits={concurrent=2}"]), free);
    let wide = "services.web.start.limits={rate={starts=1,interval='7s'}}";
    assert_eq!(lengths(&[drawn, wide]), free);
}

/// An application that answers after three seconds is seen at the second try.
#[test]
fn a_probe_with_a_period_makes_starts_longer() {
    let probe = "services.web.start.probe={}";
    let ready = |overrides: &[&str]| run(BASE, overrides).ready()[0];
    assert_eq!(ready(&[]), 5.0);
    assert_eq!(ready(&[probe]), 12.0, "tries at 0, 10 and 20 s, each waits for one");
    let twice = "services.web.start.probe={period='2s',timeout='500ms'}";
    assert_eq!(ready(&[twice]), 6.0);
    assert_eq!(ready(&[probe, "services.web.start.probe.timeout='4s'"]), 5.0);
    assert_eq!(ready(&[probe, "services.web.start.probe.initial_delay='2500ms'"]), 5.0);
    let patience = "services.web.start.probe={period='1s',failure_threshold=2}";
    let failed = run(BASE, &[patience, "services.web.start.probe.timeout='500ms'"]);
    let first = failed.lives[0];
    assert_eq!((first.ended, first.reason), (Some(4.0), EndReason::StartupProbe));
    // The start deadline ends it first.
    let late = run(BASE, &["services.web.start.probe={}", "services.web.start.deadline='7s'"]);
    let first = late.lives[0];
    assert_eq!((first.ended, first.reason), (Some(8.0), EndReason::StartDeadline));
}

#[test]
fn a_boost_shortens_booting_alone() {
    assert_eq!(run(BASE, &["services.web.start.cpu_boost=2"]).ready()[0], 3.5);
}

/// Ten starts at once: fetching and booting take 1 + 0.5 × 9 times as long. One after another
/// they take as long as ever.
#[test]
fn starts_at_once_slow_each_other() {
    let slow = "services.web.start.slow_down=0.5";
    assert_eq!(run(BASE, &[slow]).ready(), [1.0 + 4.0 * 5.5; 10]);
    let alone = run(BASE, &[slow, "services.web.start.limits.concurrent=1"]).ready();
    let turns: Vec<f64> = (1..=10).map(|n| f64::from(n) * 5.0).collect();
    assert_eq!(alone, turns);
}
