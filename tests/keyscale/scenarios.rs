//! What scenarios may not say, and what those of the project show.

use std::fs;
use std::path::Path;

use crate::folder::Folder;
use crate::program::{SMALL, keyscale};

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
        let said = keyscale(&folder, ["run", "bad.toml", "--out", "out"]).exits(2).err;
        assert!(said.contains(expected), "{name}: {said}");
        assert!(said.contains("bad.toml:") || said.contains(".csv"), "{name}: {said}");
        assert!(!folder.join("out").exists() && !folder.join("results").exists(), "{name}");
        keyscale(&folder, ["validate", "bad.toml"]).exits(2);
        fs::remove_file(path).unwrap();
    }
}

/// The scenarios show what they are for.
#[test]
fn outages_do_what_the_platform_documents() {
    let folder = Folder::new("outages");
    let summary = |name: &str| -> serde_json::Value {
        let file = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let ran = keyscale(&folder, ["run", &file, "--format", "json"]).exits(0);
        serde_json::from_str(&ran.out).unwrap()
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

/// Each drill holds what it expects: a row of the key manager's documents, or a way back.
#[test]
fn drills_hold() {
    let drills = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/drills");
    let folder = Folder::new("drills");
    let mut paths: Vec<_> = fs::read_dir(drills).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 24, "{} drills", paths.len());
    for path in paths {
        let path = path.to_str().unwrap();
        // One run each, whatever else a drill asks: it says what happens, not how often.
        let ran = keyscale(&folder, ["run", path, "-r", "1", "--out", "out", "--quiet"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("✓ expected"), "{path} expects nothing: {}", ran.out);
    }
}

/// A service that nobody asks anything runs to the end.
#[test]
fn a_service_without_load_runs() {
    let folder = Folder::new("no-load");
    let text = "duration = \"2m\"\n[services.web]\nservice_time = { constant = \"1s\" }\n";
    folder.write("quiet.toml", text);
    let ran = keyscale(&folder, ["run", "quiet.toml"]).exits(0);
    assert!(ran.out.contains("No request came"), "{}", ran.out);
}
