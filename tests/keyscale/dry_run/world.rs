//! The policies in a world that offers them the load of a series: what its pods, its activator and
//! its readiness report must lead to what the replay of that series says, tick by tick.

use std::path::Path;

use keyscale::record::{Phase, Record, Recorder};
use keyscale::scenario::{self, Bucket, Source, Trace};
use keyscale::units::{SECOND, SimDuration};
use keyscale::world::World;

use super::random::Dice;
use super::{offered, rows, settings};

/// Instances that take requests or start, at the end of each second.
#[derive(Default)]
struct Replicas(Vec<u32>);

impl Recorder for Replicas {
    fn record(&mut self, fact: Record<'_>) {
        if let Record::Sample(sample) = fact {
            let all: u32 = sample.instances.iter().sum();
            self.0.push(all - sample.instances[Phase::Draining as usize]);
        }
    }
}

/// A world in which so many requests come at the start of each second and stay for it; each
/// instance has room for all, and is ready so many seconds after it is ordered.
pub(super) fn replicas(autoscaler: &str, load: &[u64], startup: u64) -> Vec<u32> {
    let seconds = load.len();
    let text = format!(
        "duration = '{seconds}s'\nsample_interval = '1s'\n[services.web]\nconcurrency = 1000\n\
         max_instances = 1000\nservice_time.constant = '1s'\ninitial_instances = 0\n\
         start.allocate.constant = '{startup}s'\nstart.fetch.constant = '0s'\n\
         start.boot.constant = '0s'\n{autoscaler}\n\
         [[services.web.load]]\ntrace.file = 'load.csv'\n"
    );
    let source = Source { origin: "world", text: &text, stem: "world", folder: Path::new("") };
    let checked = scenario::check(&source, &[], source.folder);
    let scenario = checked.unwrap_or_else(|e| panic!("{text}\n{}", e.render(false))).scenario;
    let bucket = |(second, &count): (usize, &u64)| {
        let at = SimDuration(second as u64 * SECOND);
        (count > 0).then_some(Bucket { at, width: SimDuration::ZERO, count })
    };
    let trace = Trace {
        buckets: load.iter().enumerate().filter_map(bucket).collect(),
        end: SimDuration(seconds as u64 * SECOND),
        rate_scale: 1.0,
        ..Trace::default()
    };
    let traces = [trace];
    let mut replicas = Replicas::default();
    let mut world: World = World::new(&scenario, &traces, scenario.duration(&traces));
    while world.advance(&mut replicas).expect("laws hold") {}
    replicas.0
}

/// Of each row of a replay the second and the replicas, by the columns that they are in.
fn replayed(rows: &[String], column: usize) -> Vec<(usize, u32)> {
    let cell = |row: &str, at: usize| row.split(',').nth(at).unwrap().to_owned();
    rows.iter()
        .map(|row| (cell(row, 0).parse().unwrap(), cell(row, column).parse().unwrap()))
        .collect()
}

/// Pods are never none here: without them requests wait, and the load is no longer as offered.
#[test]
fn pods_report_as_the_replay_has_it() {
    let mut changes = 0;
    for case in 0..16 {
        let mut dice = Dice(3_000_000 + case);
        let startup = dice.pick(&[1, 3, 8]);
        let target = dice.pick(&["1", "7.5", "20"]);
        let window = dice.pick(&[6, 20, 60]);
        let percentage = dice.pick(&["10", "25", "50"]);
        let threshold = dice.pick(&["200", "110", "333"]);
        let (up, down) = (dice.pick(&["1000", "1.5", "10"]), dice.pick(&["2", "1.1"]));
        let (delay, max) = (dice.pick(&["0s", "10s"]), dice.pick(&[0, 9]));
        let keys = format!(
            "target = {target}\nwindow = '{window}s'\npanic_window_percentage = {percentage}\n\
             panic_threshold_percentage = {threshold}\nmax_scale_up_rate = {up}\n\
             max_scale_down_rate = {down}\nscale_down_delay = '{delay}'\nmax_scale = {max}\n\
             min_scale = 1\n"
        );
        let mut load: Vec<f64> = dice.load(200).iter().map(|x| x.floor().min(40.0)).collect();
        load[..startup as usize + 2].fill(0.0);
        let text = format!("container_concurrency = 1000\n[autoscaler.knative]\n{keys}");
        let expected = rows(&settings(&text), &offered(&load), Some(startup));
        // A second's report is of the time that ends with it.
        let came: Vec<u64> = load.iter().skip(1).map(|&x| x as u64).collect();
        let got = replicas(&format!("[services.web.autoscaler.knative]\n{keys}"), &came, startup);
        for (second, replicas) in
            replayed(&expected, 10).into_iter().filter(|row| row.0 < got.len())
        {
            assert_eq!(got[second], replicas, "case {case} at {second}\n{keys}{load:?}");
        }
        changes += got.windows(2).filter(|pair| pair[0] != pair[1]).count();
    }
    assert!(changes > 40, "only {changes} changes");
}

/// The load is constant over each sync period: the replay looks at its last second, the world at
/// its mean.
#[test]
fn readiness_and_shares_are_as_the_replay_has_them() {
    let mut changes = 0;
    for case in 0..16 {
        let mut dice = Dice(4_000_000 + case);
        let startup = dice.pick(&[1, 7, 20]);
        let metric = dice.pick(&["concurrency", "rps"]);
        let (target, tolerance) = (dice.pick(&["1", "4.5", "20"]), dice.pick(&["0.1", "0", "0.3"]));
        let (stabilization, sync) = (dice.pick(&[0, 30, 60]), dice.pick(&[15, 7]));
        let keys = format!(
            "metric = '{metric}'\ntarget = {target}\ntolerance = {tolerance}\nmin_replicas = 1\n\
             max_replicas = 50\nsync_period = '{sync}s'\n\
             downscale_stabilization = '{stabilization}s'\n"
        );
        let mut load = Vec::new();
        while load.len() < 300 {
            let level = if load.len() < startup as usize { 0 } else { dice.within(0, 60) };
            load.extend([level as f64].repeat(sync));
        }
        let text = format!("[autoscaler.hpa]\n{keys}");
        let expected = rows(&settings(&text), &offered(&load), Some(startup));
        let came: Vec<u64> = load.iter().map(|&x| x as u64).collect();
        let got = replicas(&format!("[services.web.autoscaler.hpa]\n{keys}"), &came, startup);
        for (second, replicas) in replayed(&expected, 5).into_iter().filter(|row| row.0 < got.len())
        {
            assert_eq!(got[second], replicas, "case {case} at {second}\n{keys}{load:?}");
        }
        changes += got.windows(2).filter(|pair| pair[0] != pair[1]).count();
    }
    assert!(changes > 60, "only {changes} changes");
}
