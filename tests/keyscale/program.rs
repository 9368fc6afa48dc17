//! The command line: exit codes, messages, and what is left behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::folder::Folder;

/// Runs the program in a folder.
fn keyscale(within: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyscale"))
        .args(arguments)
        .current_dir(within)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A scenario of the project by its path.
fn scenario(name: &str) -> String {
    format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name().to_string_lossy().into_owned(), fs::read(e.path()).unwrap()))
        .collect();
    all.sort();
    all
}

/// Names of the files that are not the same in two folders.
fn differ(within: &Path, one: &str, other: &str) -> Vec<String> {
    let (one, other) = (files(&within.join(one)), files(&within.join(other)));
    assert!(one.len() > 10);
    let lacks = |list: &[(String, Vec<u8>)], file: &(String, Vec<u8>)| !list.contains(file);
    let all =
        one.iter().filter(|f| lacks(&other, f)).chain(other.iter().filter(|f| lacks(&one, f)));
    all.map(|f| f.0.clone()).collect()
}

const SMALL: &str = "
duration = \"60s\"
[services.web]
service_time = { constant = \"100ms\" }
[[services.web.load]]
poisson = { rate = \"20/s\" }
";

#[test]
fn same_seed_same_bytes_and_the_lock_reproduces_them() {
    let folder = Folder::new("same_bytes");
    let spike = scenario("trace-replay");
    for (out, more) in [("a", vec![]), ("b", vec![]), ("c", vec!["--seed", "2"])] {
        let mut arguments = vec!["run", &spike, "-q", "--out", out];
        arguments.extend(more);
        let done = keyscale(&folder, &arguments);
        assert!(done.status.success(), "{}", text(&done.stderr));
    }
    assert_eq!(differ(&folder, "a", "b"), [""; 0]);
    let moved = differ(&folder, "a", "c");
    for name in ["timeseries.csv", "instances.csv", "summary.json", "requests.png"] {
        assert!(moved.iter().any(|n| n == name), "{name} is the same for another seed");
    }
    let done = keyscale(&folder, &["run", "c/scenario.lock.toml", "-q", "--out", "d"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(differ(&folder, "c", "d"), [""; 0]);
}

#[test]
fn a_run_ends_with_a_verdict_and_its_files() {
    let folder = Folder::new("verdict");
    folder.write("small.toml", SMALL);
    let done = keyscale(&folder, &["run", "small.toml"]);
    let said = text(&done.stdout);
    assert!(done.status.success() && said.contains("VERDICT  No request failed"), "{said}");
    let names = folder.list("results/runs/small");
    for name in ["dashboard.svg", "instances.png", "manifest.json", "timeseries.csv"] {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
    let json = keyscale(&folder, &["run", "small.toml", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(value["format_version"], 1);
    assert_eq!(value["complete"], true);
}

/// Each exits with 2, says what and where, and writes nothing.
#[test]
fn bad_scenarios_are_told_and_leave_nothing() {
    let folder = Folder::new("bad");
    folder.write("header.csv", "t,n\n");
    folder.write("text.csv", "t,n\n0,5\n60,many\n");
    let key =
        "[keys.main]\nresource = \"projects/p/locations/us-central1/keyRings/r/cryptoKeys/k\"\n";
    let external = format!(
        "{SMALL}encryption = {{ key = \"main\" }}\n{key}protection_level = \"EXTERNAL\"\n\
         external_manager = \"vault\"\n[external_managers.vault]\n"
    );
    let external = external.replace(
        "[[services.web.load]]\npoisson = { rate = \"20/s\" }\nencryption = { key = \"main\" }",
        "encryption = { key = \"main\" }\n[[services.web.load]]\npoisson = { rate = \"20/s\" }",
    );
    let outage = |at: &str| {
        format!(
            "[[timeline]]\nat = \"{at}\"\nfor = \"20s\"\nexternal_outage = {{ manager = \"vault\" }}\n"
        )
    };
    let trace = |file: &str| {
        let load = format!("trace = {{ file = \"{file}\", time = \"t\", count = \"n\" }}");
        SMALL.replace("poisson = { rate = \"20/s\" }", &load)
    };
    let with = |line: &str| SMALL.replace("[[", &format!("{line}\n[["));
    let cases = [
        ("unknown key", with("max_instance = 5"), "the nearest known key is max_instances"),
        ("duplicate key", with("queue_limit = 1\nqueue_limit = 2"), "is there twice"),
        ("missing unit", with("request_timeout = 60"), "needs a unit"),
        ("negative duration", with("idle_timeout = \"-5s\""), "is negative"),
        ("min over max", with("min_instances = 5\nmax_instances = 2"), "min_instances is 5"),
        (
            "unknown key name",
            with("encryption = { key = \"mian\" }") + key,
            "nearest name in keys is main",
        ),
        ("overlap", external + &outage("5s") + &outage("10s"), "overlap"),
        ("empty trace", trace("header.csv"), "header.csv"),
        ("text in a number column", trace("text.csv"), "text.csv:3:4"),
        ("two megabytes", format!("{SMALL}#{}", "x".repeat(2 << 20)), "too long"),
    ];
    for (name, content, expected) in cases {
        let path = folder.write("bad.toml", content);
        let done = keyscale(&folder, &["run", "bad.toml", "--out", "out"]);
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(expected), "{name}: {said}");
        assert!(said.contains("bad.toml:") || said.contains(".csv"), "{name}: {said}");
        assert!(!folder.join("out").exists() && !folder.join("results").exists(), "{name}");
        assert_eq!(keyscale(&folder, &["validate", "bad.toml"]).status.code(), Some(2), "{name}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn usage_and_trouble_have_their_exit_codes() {
    let folder = Folder::new("codes");
    folder.write("small.toml", SMALL);
    folder.write("mine/notes.txt", "not keyscale's");
    let code = |arguments: &[&str]| keyscale(&folder, arguments).status.code();
    assert_eq!(code(&["run"]), Some(2));
    assert_eq!(code(&["run", "absent.toml"]), Some(2));
    assert_eq!(code(&["run", "mine"]), Some(2));
    assert_eq!(code(&["run", "--sed", "1", "small.toml"]), Some(2));
    assert_eq!(code(&["run", "small.toml", "--out", "mine"]), Some(2), "it is somebody's folder");
    assert!(folder.join("mine/notes.txt").exists());
    assert_eq!(code(&["run", "small.toml", "--out", "small.toml/under"]), Some(1));
    assert_eq!(code(&["run", "small.toml", "-q", "--out", "mine", "--force"]), Some(0));
    assert!(!folder.join("mine/notes.txt").exists());
    assert_eq!(code(&["run", "small.toml", "-q", "--out", "mine"]), Some(0), "its own it replaces");
    assert_eq!(code(&["--version"]), Some(0));
}

/// The scenarios show what they are for.
#[test]
fn outages_do_what_the_platform_documents() {
    let folder = Folder::new("outages");
    let summary = |name: &str| -> serde_json::Value {
        let done = keyscale(&folder, &["run", &scenario(name), "--format", "json"]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    };
    let number = |summary: &serde_json::Value, key: &str| summary["total"][key].as_f64().unwrap();

    let retryable = summary("external-outage-retryable");
    assert_eq!(number(&retryable, "revoked"), 0.0, "nothing is shut down");
    assert!(number(&retryable, "blame_key_outage_ratio") > 0.95);
    let run = folder.join("results/runs/external-outage-retryable");
    let mut rows = csv::Reader::from_path(run.join("instances.csv")).unwrap();
    let header = rows.headers().unwrap().clone();
    let fetching = header.iter().position(|h| h == "fetching_s").unwrap();
    let seconds = |cell: &str| cell.parse::<f64>().ok();
    let left: Vec<f64> = rows.records().filter_map(|r| seconds(&r.unwrap()[fetching])).collect();
    assert!(left.iter().all(|t| !(300.0..1_500.0).contains(t)), "a start left unlocking");
    assert!(left.iter().any(|t| (1_500.0..1_560.0).contains(t)), "none came back");

    for (name, begins) in [("external-outage-not-retryable", 600.0), ("key-disabled", 1_200.0)] {
        let revoked = summary(name);
        let detected = number(&revoked, "revocation_detected_s");
        assert!(detected >= begins, "{name}");
        let gone = number(&revoked, "data_unreachable_s") - detected;
        assert!((3_600.0..=3_610.0).contains(&gone), "{name}: {gone} s after the detection");
        assert!(number(&revoked, "revoked") >= 3.0);
    }

    let quota = summary("quota-exhausted");
    assert!(number(&quota, "key_calls_quota") > 0.0);
    assert_eq!(number(&quota, "revoked"), 0.0);
    let run = folder.join("results/runs/quota-exhausted");
    let mut rows = csv::Reader::from_path(run.join("timeseries.csv")).unwrap();
    let used = rows.headers().unwrap().iter().position(|h| h == "quota_used").unwrap();
    let most = rows.records().map(|r| r.unwrap()[used].parse::<u32>().unwrap()).max();
    assert_eq!(most, Some(4), "the quota is 4 operations a second, and it is reached");
}
