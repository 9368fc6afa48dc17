//! Told to stop, a run leaves what is complete; told twice, it stops at once.

#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::folder::Folder;
use crate::program::{Ran, SMALL, command};

/// Long enough for a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a run with these settings and waits until it has begun its folder: from then on it
/// listens.
fn begin(folder: &Folder, sets: &[&str]) -> Child {
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    begin_with(folder, &sets, "timeseries.csv")
}

/// Starts a run with these arguments and waits until it has begun a file.
fn begin_with(folder: &Folder, args: &[&str], file: &str) -> Child {
    folder.write("small.toml", SMALL);
    let child = command(folder)
        .args(["run", "small.toml"])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !folder.join("results/runs/.small.partial").join(file).exists() {
        assert!(begun.elapsed() < PATIENCE, "the run did not begin");
        sleep(Duration::from_millis(5));
    }
    child
}

/// Sends Ctrl-C's signal.
pub fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// What the run came to.
pub fn end(mut child: Child) -> Ran {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap().into()
}

/// The JSON of a file.
fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn an_interrupted_run_is_a_whole_folder() {
    let folder = Folder::new("interrupted");
    let child = begin(&folder, &["duration=36500d"]);
    sleep(Duration::from_millis(200));
    interrupt(&child);
    let ran = end(child).exits(97).says(&["interrupted after", "results/runs/small"]);
    assert!(ran.out.contains("VERDICT  Interrupted: this is the part that ran."), "{}", ran.out);
    assert_eq!(folder.list("results/runs"), ["small"]);
    let (manifest, summary) =
        ("results/runs/small/manifest.json", "results/runs/small/summary.json");
    let (manifest, summary) = (json(&folder.join(manifest)), json(&folder.join(summary)));
    assert_eq!((&manifest["complete"], &summary["complete"]), (&false.into(), &false.into()));
    assert!(summary["total"]["arrivals"].as_u64().unwrap() > 0);
    for file in manifest["files"].as_array().unwrap() {
        let path = folder.join("results/runs/small").join(file["name"].as_str().unwrap());
        assert_eq!(path.metadata().unwrap().len(), file["bytes"], "{}", path.display());
    }
}

/// Replications that are complete are written, and one of them is shown.
#[test]
fn an_interrupted_study_has_what_is_complete() {
    let folder = Folder::new("interrupted-study");
    let child = begin_with(&folder, &["-r", "1000000"], "replications.csv");
    sleep(Duration::from_millis(500));
    interrupt(&child);
    let ran = end(child).exits(97).says(&["interrupted after", " replications: "]);
    assert!(ran.out.contains("replications until the interruption"), "{}", ran.out);
    let out = folder.join("results/runs/small");
    let manifest = json(&out.join("manifest.json"));
    assert_eq!(manifest["complete"], false);
    let rows = std::fs::read_to_string(out.join("replications.csv")).unwrap().lines().count();
    assert_eq!(manifest["replications"], (rows - 1) / 2, "each has a row a service and a total");
    // A first replication that takes longer than anybody waits leaves nothing.
    let long = ["-r", "5", "--set", "duration=36500d", "--out", "long"];
    folder.write("results/runs/.small.partial/replications.csv", "");
    let child = begin_with(&folder, &long, "replications.csv");
    sleep(Duration::from_millis(300));
    interrupt(&child);
    end(child).exits(97).says(&["no replication of small was complete, nothing is written"]);
    assert!(!folder.join("long").exists());
}

#[test]
fn a_run_that_is_still_warming_up_leaves_nothing() {
    let folder = Folder::new("warming-up");
    let child = begin(&folder, &["warm_up=30000d"]);
    interrupt(&child);
    end(child).exits(97).says(&["still warming up, nothing is written"]);
    assert!(folder.list("results/runs").is_empty());
}

/// One sample of this run takes longer than anybody waits.
#[test]
fn the_second_signal_is_obeyed_at_once() {
    let folder = Folder::new("twice");
    let long =
        ["duration=30000d", "sample_interval=30000d", "services.web.load.0.poisson.rate=999/s"];
    // A first signal that comes before the first sample has begun ends the run there: a busy
    // machine wants another try.
    let is_under_way = |mut child: Child| {
        interrupt(&child);
        sleep(Duration::from_millis(300));
        child.try_wait().unwrap().is_none().then_some(child)
    };
    let child = (0..20).find_map(|_| {
        sleep(Duration::from_millis(50));
        is_under_way(begin(&folder, &long))
    });
    let child = child.expect("the first signal waits for the sample's end");
    interrupt(&child);
    end(child).exits(97);
    assert!(!folder.join("results/runs/small").exists());
}
