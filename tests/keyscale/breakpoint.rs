//! The smallest outage that breaks a threshold.

use serde_json::Value;

use crate::folder::Folder;
use crate::interrupted::{end, interrupt};
use crate::program::{command, keyscale};

/// Two warm instances serve 40 a second. The key goes away, ten seconds later the load rises from
/// next to nothing to 60 a second; gaps and service times are constant but for Poisson arrivals.
const FLUID: &str = r#"
duration = "4m"
sample_interval = "1s"

[services.web]
location = "europe-west1"
concurrency = 2
min_instances = 2
max_instances = 20
service_time = { constant = "100ms" }
pending_timeout = { fixed = "4s" }
encryption = { key = "main" }
[[services.web.load]]
profile = { points = [{ at = "0s", rate = "1/s" }, { at = "1m", rate = "60/s" }] }

[keys.main]
resource = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
protection_level = "EXTERNAL"
external_manager = "vault"
[external_managers.vault]

[[timeline]]
at = "50s"
for = "1m"
external_outage = { manager = "vault" }

[thresholds]
refused = "value < 1"
failed_ratio = "value < 5%"
"#;

fn found(folder: &Folder, arguments: &[&str]) -> Value {
    let all = [&["breakpoint", "fluid.toml", "--format", "json"], arguments].concat();
    serde_json::from_str(&keyscale(folder, all).exits(0).out).unwrap()
}

/// The first refusal is near what paper says: w·λ/(λ−μ) = 4 s × 60 ÷ (60 − 40) = 12 s after the
/// load rose, so that an outage of about as long, less the start that follows it, is the first
/// that breaks; and a run with an outage a step shorter refuses nobody.
#[test]
fn the_length_found_breaks_and_a_step_less_does_not() {
    let folder = Folder::new("breakpoint");
    folder.write("fluid.toml", FLUID);
    let found = found(&folder, &["-r", "6"]);
    let paper = &found["on_paper"];
    assert_eq!(paper["throughput"], 40.0, "{paper}");
    assert!((paper["load"].as_f64().unwrap() - 60.0).abs() < 1e-6, "{paper}");
    assert!((paper["first_refusal_s"].as_f64().unwrap() - 22.0).abs() < 1e-6, "{paper}");
    let lengths: Vec<f64> =
        found["lengths_s"].as_array().unwrap().iter().map(|l| l.as_f64().unwrap()).collect();
    assert_eq!(lengths.len(), 6);
    let mean = lengths.iter().sum::<f64>() / 6.0;
    assert!((found["length_s"].as_f64().unwrap() - mean).abs() < 1e-9);
    assert!(found["length_s_low"].as_f64().unwrap() < mean);
    assert!((mean - 22.0).abs() < 3.0, "paper says 22 s, runs {mean}");
    // What an ordinary run says of the first replication.
    let refused = |length: f64| {
        let set = format!("timeline.0.for={length}s");
        let arguments = ["run", "fluid.toml", "-r", "1", "--format", "json", "--set", &set];
        let ran = keyscale(&folder, arguments);
        let summary: Value = serde_json::from_str(&ran.out).unwrap();
        summary["total"]["refused"].as_u64().unwrap()
    };
    assert!(refused(lengths[0]) >= 1);
    assert_eq!(refused(lengths[0] - 1.0), 0);
}

#[test]
fn the_same_bytes_whoever_works_and_in_every_format() {
    let folder = Folder::new("breakpoint-formats");
    folder.write("fluid.toml", FLUID);
    let run = |arguments: &[&str]| {
        let all = [&["breakpoint", "fluid.toml", "-r", "2", "--step", "5s"], arguments].concat();
        keyscale(&folder, all).exits(0).out
    };
    let json = run(&["--format", "json"]);
    assert_eq!(run(&["--format", "json", "--jobs", "1"]), json);
    let csv = run(&["--format", "csv", "--threshold", "failed_ratio"]);
    assert!(csv.starts_with("length_s,runs,broke,broken_ratio,"), "{csv}");
    let text = run(&["--threshold", "thresholds.failed_ratio"]);
    assert!(text.contains("VERDICT  You ride out"), "{text}");
    let text = run(&["--set", "thresholds.refused=value < 1000000"]);
    assert!(text.contains("in all of 2 runs"), "{text}");
    let text = run(&["--set", "thresholds.refused=value < 0"]);
    assert!(text.contains("does not hold without any external_outage of vault"), "{text}");
    assert!(folder.list("") == ["fluid.toml"], "nothing is written");
    // The data of pictures: a row a length tried, in order, of which more break more runs.
    let text = run(&["--out", "found"]);
    assert_eq!(folder.list("found"), ["breakpoint.csv", "breakpoint.json", "starts.csv"]);
    let written = std::fs::read_to_string(folder.join("found/breakpoint.json")).unwrap();
    assert_eq!(written, json, "{text}");
    let mut rows = csv::Reader::from_path(folder.join("found/breakpoint.csv")).unwrap();
    let rows: Vec<Vec<f64>> = rows.records().map(|row| numbers(&row.unwrap())).collect();
    assert!(rows.len() > 3 && rows.windows(2).all(|w| w[0][0] < w[1][0] && w[0][3] <= w[1][3]));
    for row in &rows {
        assert!(row[4] <= row[3] && row[3] <= row[5], "{row:?}");
        // Where it was tried in all, what broke is the share.
        assert!(row[1] < 2.0 || row[2] / row[1] == row[3], "{row:?}");
    }
    assert_eq!((rows[0][3], rows[rows.len() - 1][3]), (0.0, 1.0));
}

fn numbers(row: &csv::StringRecord) -> Vec<f64> {
    row.iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()
}

/// Whenever the outage begins before the load rises at a minute, paper says the same instant for
/// the first refusal, 12 s after; so the later it begins the shorter it may be, until what runs
/// carries the load.
#[test]
fn the_worst_start_is_just_before_the_rise() {
    let folder = Folder::new("breakpoint-worst");
    folder.write("fluid.toml", FLUID);
    let found = found(&folder, &["-r", "1", "--step", "2s", "--worst-start"]);
    let starts = found["starts"].as_array().unwrap();
    assert_eq!(starts.len(), 12);
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap();
    for row in starts.iter().filter(|row| number(row, "start_s") < 50.0) {
        let first = number(row, "start_s") + number(row, "length_s");
        assert!((first - 72.0).abs() < 6.0, "paper says 72 s: {row}");
    }
    let lengths = starts.iter().filter_map(|row| row["length_s"].as_f64());
    assert_eq!(number(&found, "length_s"), lengths.fold(f64::INFINITY, f64::min));
    let worst = number(&found, "start_s");
    assert!((40.0..=80.0).contains(&worst), "{worst}");
    let args = ["breakpoint", "fluid.toml", "-r", "1", "--step", "20s", "--worst-start"];
    let text = keyscale(&folder, args).exits(0).out;
    assert_eq!(text.matches(" begins at ").count(), 12, "{text}");
    assert!(text.contains("--worst-start"), "it can be had again: {text}");
}

/// Told to stop, it says what is known so far.
#[test]
#[cfg(unix)]
fn an_interrupted_search_says_what_is_known() {
    let folder = Folder::new("breakpoint-interrupted");
    folder.write("fluid.toml", FLUID);
    // A busy machine may want longer for a first replication.
    let known = [1, 4, 16].into_iter().any(|seconds| {
        let child = command(&folder)
            .args(["breakpoint", "fluid.toml", "-r", "1000000", "--step", "20s"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_secs(seconds));
        interrupt(&child);
        let ran = end(child);
        if ran.code != Some(97) || !ran.err.contains("of 1000000 replications") {
            return false;
        }
        ran.out.contains("VERDICT  Interrupted: this is the part that was searched. You ride out")
    });
    assert!(known);
}

#[test]
fn what_can_not_be_searched_says_why() {
    let folder = Folder::new("breakpoint-refused");
    folder.write("fluid.toml", FLUID);
    let check = |arguments: &[&str], parts: &[&str]| {
        let all = [&["breakpoint", "fluid.toml"], arguments].concat();
        assert!(keyscale(&folder, all).exits(2).says(parts).out.is_empty());
    };
    check(&["--set", "thresholds={}"], &["has no threshold", "thresholds.failed_ratio="]);
    check(&["--set", "timeline=[]"], &["has no outage"]);
    check(&["--threshold", "latency"], &["there is no threshold latency", "thresholds.refused"]);
    check(&["--block", "2"], &["there is no outage 2", "1: external_outage of vault at 50s"]);
    check(&["--step", "0s"], &["longer than 0s"]);
    check(&["--step", "1h"], &["there is no time"]);
    let second = "timeline.1={ at = '3m', for = '10s', key_disable = { key = 'main' } }";
    check(&["--set", second], &["has 2 outages", "2: key_disable of main at 3m"]);
}
