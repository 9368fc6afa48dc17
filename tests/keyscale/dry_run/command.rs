//! `keyscale policy` as a person runs it.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::folder::Folder;
use crate::program::{Ran, keyscale};

const KNATIVE: &str = "[autoscaler.knative]\n";

/// A file of `t_s` and one more column.
fn series(column: &str, values: impl IntoIterator<Item = f64>) -> String {
    let row = |(t, value)| format!("{t},{value}\n");
    let rows: String = values.into_iter().enumerate().map(row).collect();
    format!("t_s,{column}\n{rows}")
}

#[test]
fn decisions_go_where_they_are_wanted() {
    let folder = Folder::new("policy-out");
    folder.write("knative.toml", KNATIVE);
    folder.write("load.csv", series("load", (0..10).map(f64::from)));
    let args = ["policy", "knative.toml", "--series", "load.csv", "--closed-loop"];
    let shown = keyscale(&folder, args).exits(0);
    assert!(shown.err.is_empty(), "{}", shown.err);
    let mut lines = shown.out.lines();
    let header = "t_s,cause,ready,valid,stable,panic,desired,excess_burst_capacity,panicking,wanted,\
                  replicas,mode";
    assert_eq!(lines.next(), Some(header));
    assert_eq!(lines.next(), Some("2,tick,0,true,1.500000,1.500000,1,-213,false,1,1,proxy"));
    assert_eq!(lines.count(), 3);
    let written =
        keyscale(&folder, [&args[..], &["--startup", "3s", "--out", "rows.csv"]].concat());
    assert!(written.exits(0).out.is_empty());
    assert_eq!(fs::read_to_string(folder.join("rows.csv")).unwrap(), shown.out);
    let nowhere = keyscale(&folder, [&args[..], &["--out", "no/such/folder.csv"]].concat());
    nowhere.exits(1).says(&["error: write no/such/folder.csv"]);
    assert_eq!(folder.list(""), ["knative.toml", "load.csv", "rows.csv"]);
}

#[test]
fn every_policy_has_its_columns() {
    let folder = Folder::new("policy-columns");
    let rows = "t_s,rps,cpu_utilization,ready,concurrency\n";
    let row = |t: u32| format!("{t},5,60,2,90\n");
    folder.write("seen.csv", rows.to_owned() + &(0..20).map(row).collect::<String>());
    folder.write("load.csv", series("load", [90.0; 20]));
    let check = |text: &str, header: &str, at_15: &str, closed_at_15: &str| {
        folder.write("policy.toml", text);
        let args = ["policy", "policy.toml", "--series"];
        let open = keyscale(&folder, [&args[..], &["seen.csv"]].concat()).exits(0);
        let closed =
            keyscale(&folder, [&args[..], &["load.csv", "--closed-loop"]].concat()).exits(0);
        assert_eq!(open.out.lines().next(), Some(header));
        assert!(closed.out.starts_with(&format!("{header},replicas")), "{}", closed.out);
        for (ran, row) in [(open, at_15), (closed, closed_at_15)] {
            assert!(ran.out.lines().any(|line| line == row), "{row} is not in\n{}", ran.out);
        }
    };
    // 90 / 48 = 1.875; 2 × 60 % / 0.6 = 2.
    check(
        "[autoscaler.cloud_run]",
        "t_s,ready,cpu_driver,concurrency_driver,wanted",
        "15,2,2.000000,1.875000,2",
        "15,2,,1.875000,2,2",
    );
    check(
        "[autoscaler.hpa]\nmetric = 'concurrency'\ntarget = 20",
        "t_s,ready,current,desired,reason",
        "15,2,2,4,ScaleUpLimit",
        "15,1,1,4,ScaleUpLimit,4",
    );
    check("[autoscaler.per_request]", "t_s,ready,wanted", "15,2,90", "15,90,90,90");
    let scheduled = "[autoscaler]\nfixed = { instances = 3 }\n\
                     schedule = { steps = [{ at = '10s', min_instances = 7 }] }";
    check(scheduled, "t_s,ready,wanted", "15,2,7", "15,7,7,7");
}

#[test]
fn what_is_undefined_is_empty() {
    let folder = Folder::new("policy-empty");
    folder.write("knative.toml", KNATIVE);
    let row = |t: u32| format!("{t},1,{}\n", if (4..6).contains(&t) { "7" } else { "" });
    let rows: String = (0..70).map(row).collect();
    folder.write("seen.csv", format!("t_s,ready,concurrency\n{rows}"));
    let ran = keyscale(&folder, ["policy", "knative.toml", "--series", "seen.csv"]).exits(0);
    let rows: Vec<&str> = ran.out.lines().collect();
    // Nothing is known before the first report: of the burst capacity 1 × 100 - 211.
    assert_eq!(rows[1], "2,tick,1,false,,,-1,-111,false,-1");
    assert_eq!(rows[2], "4,tick,1,true,7.000000,7.000000,1,-118,false,1");
    // At 64 s there is data of the window's very end, at 66 s there is none, and 64 s stands.
    assert_eq!(rows[32], "64,tick,1,true,7.000000,0.000000,1,-111,false,1");
    assert_eq!(rows[33], "66,tick,1,false,,,1,-111,false,1");
}

#[test]
fn a_picture_of_decisions_is_drawn() {
    let folder = Folder::new("policy-chart");
    folder.write("knative.toml", KNATIVE);
    folder.write("load.csv", series("load", (0..200).map(|t| f64::from(t % 70))));
    let args = ["policy", "knative.toml", "--series", "load.csv", "--closed-loop", "--chart"];
    let shown = keyscale(&folder, &args[..5]).exits(0).out;
    for name in ["one.svg", "two.svg", "one.PNG"] {
        let ran = keyscale(&folder, [&args[..], &[name]].concat()).exits(0);
        assert_eq!(ran.out, shown, "rows come out beside the picture");
    }
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let text = String::from_utf8(read("one.svg")).unwrap();
    for part in ["observed", "mean of the window", "panic window", "ready", "wanted"] {
        assert!(text.contains(part), "{part} is not in the picture");
    }
    assert!(read("one.svg") == read("two.svg"));
    assert!(read("one.PNG").starts_with(b"\x89PNG"));
    let ran = keyscale(&folder, [&args[..], &["one.jpeg"]].concat()).exits(2);
    ran.says(&["one.jpeg is neither SVG nor PNG", "end its name with .svg or .png"]);
    assert!(!folder.join("one.jpeg").exists());
}

/// Runs on a series and settings, and checks that they are refused. Tests run side by side, each
/// try in a folder of its own.
#[track_caller]
fn refused(settings: &str, series: &str, parts: &[&str]) -> Ran {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let folder = Folder::new(&format!("policy-refused-{}", TRIES.fetch_add(1, Ordering::Relaxed)));
    folder.write("policy.toml", settings);
    folder.write("seen.csv", series);
    let args = ["policy", "policy.toml", "--series", "seen.csv", "--out", "rows.csv"];
    let ran = keyscale(&folder, args).exits(2).says(parts);
    assert!(ran.out.is_empty(), "{}", ran.out);
    assert_eq!(folder.list(""), ["policy.toml", "seen.csv"]);
    ran
}

#[test]
fn bad_series_are_located() {
    let check = |rows: &str, parts: &[&str]| {
        refused(KNATIVE, &format!("t_s,ready,concurrency\n{rows}"), parts);
    };
    check("0,1,2\n1,1,2\n3,1,2\n", &["`t_s` leaves a gap", "seen.csv:4:1", "second 2 is left out"]);
    check("0,1,2\n9,1,2\n", &["seconds 1 to 8 are left out"]);
    check("0,1,2\n2,1,2\n1,1,2\n", &["`t_s` is out of order", "seen.csv:4:1"]);
    check("0,1,2\n0,1,2\n", &["`t_s` stands twice", "seen.csv:3:1"]);
    check("0,1,2\n1,1,many\n", &["`concurrency` is no number", "seen.csv:3:5", "many"]);
    check("0,1,2\n1,one,2\n", &["`ready` is no number", "seen.csv:3:3"]);
    check("0,1,2\n1,1.5,2\n", &["`ready` is no whole number", "seen.csv:3:3"]);
    check("0,1,2\n1,,2\n", &["`ready` is empty", "seen.csv:3"]);
    check("0,1,nan\n", &["`concurrency` is no number", "seen.csv:2:5"]);
    check("0,1,-2\n", &["`concurrency` is negative", "seen.csv:2:5"]);
    check("0.5,1,2\n", &["`t_s` is no whole second", "seen.csv:2:1"]);
    check("0,1,2\n1,1\n", &["a row of the series has 2 fields, its header 3", "seen.csv:3"]);
    check("", &["the series has a header and no rows"]);
    // Everything that is wrong is told.
    check("0,1,x\n1,y,2\n", &["`concurrency` is no number", "`ready` is no number"]);
    refused(KNATIVE, "", &["the series is empty"]);
    refused(KNATIVE, "t_s,ready,rps\n0,1,2\n", &["the series has no column `concurrency`"]);
    refused(KNATIVE, "ready,concurrency\n1,2\n", &["the series has no column `t_s`"]);
    let folder = Folder::new("policy-no-series");
    folder.write("policy.toml", KNATIVE);
    let ran = keyscale(&folder, ["policy", "policy.toml", "--series", "none.csv"]).exits(2);
    ran.says(&["can't read the series none.csv: there is no such file"]);
    let ran = keyscale(&folder, ["policy", "none.toml", "--series", "none.csv"]).exits(2);
    ran.says(&["can't read the settings none.toml: there is no such file"]);
    let args = ["policy", "policy.toml", "--series", "none.csv", "--startup", "3s"];
    keyscale(&folder, args).exits(2).says(&["--closed-loop"]);
}

#[test]
fn bad_settings_are_located() {
    let check = |lines: &str, parts: &[&str]| {
        let rows = "t_s,ready,concurrency\n0,1,2\n1,1,2\n";
        refused(&format!("{KNATIVE}{lines}\n"), rows, parts);
    };
    check("window = \"5s\"", &["window is out of bounds", "policy.toml:2:10", "between 6s and 1h"]);
    check("window = \"6500ms\"", &["window is out of bounds", "whole seconds"]);
    check("window = \"2h\"", &["window is out of bounds"]);
    check("window = 60", &["window needs a unit"]);
    check("target = 0", &["target is out of bounds"]);
    check(
        "target_utilization_percentage = 101",
        &["target_utilization_percentage is out of bounds"],
    );
    check("panic_window_percentage = 0.5", &["panic_window_percentage is out of bounds"]);
    check("panic_threshold_percentage = 100", &["panic_threshold_percentage is out of bounds"]);
    check("panic_threshold_percentage = 1001", &["panic_threshold_percentage is out of bounds"]);
    check("activator_capacity = 0.5", &["activator_capacity is out of bounds"]);
    check("container_concurrency_target_percentage = 101", &["percentage is out of bounds"]);
    check("scale_to_zero_pod_retention_period = \"61m\"", &["retention_period is out of bounds"]);
    check("max_scale_up_rate = 1", &["max_scale_up_rate is out of bounds", "above 1"]);
    check("max_scale_down_rate = 1.0", &["max_scale_down_rate is out of bounds"]);
    check("target_burst_capacity = -0.5", &["target_burst_capacity is out of bounds"]);
    check("target_burst_capacity = -2", &["target_burst_capacity is out of bounds"]);
    check("min_scale = 3\nmax_scale = 2", &["max_scale is below min_scale"]);
    check("activation_scale = 3\nmax_scale = 2", &["max_scale is below activation_scale"]);
    check("activation_scale = 2\nmin_scale = 3", &["activation_scale is below min_scale"]);
    check("max_scale_limit = 5", &["max_scale is out of bounds", "between 1 and 5"]);
    check("scale_down_delay = \"2h\"", &["scale_down_delay is out of bounds"]);
    check("scale_to_zero_grace_period = \"0s\"", &["scale_to_zero_grace_period is out of bounds"]);
    check("minScale = 1", &["unknown key minScale", "min_scale"]);
    check("initial_scale = -1\nwindow = \"1s\"", &["initial_scale is out", "window is out"]);
    let rows = "t_s,ready,concurrency\n0,1,2\n";
    let hpa = |lines: &str, parts: &[&str]| {
        refused(&format!("[autoscaler.hpa]\n{lines}\n"), rows, parts);
    };
    hpa("metric = 'rps'", &["target is missing", "rps has no usual one"]);
    hpa("target = 80.5", &["target is out of bounds", "whole per cent"]);
    hpa("min_replicas = 0", &["min_replicas is out of bounds"]);
    hpa("min_replicas = 3\nmax_replicas = 2", &["max_replicas is below min_replicas"]);
    hpa("behavior.scale_up.policies = []", &["there is no policy"]);
    hpa("behavior.scale_up.select_policy = 'max'", &["is not one of its choices"]);
    hpa(
        "behavior.scale_down.stabilization_window = '2h'",
        &["stabilization_window is out of bounds"],
    );
    refused("container_concurrency = 5\n", rows, &["autoscaler is missing"]);
    refused("[autoscaler]\nfixed.instances = 1\nhpa = {}", rows, &["can't be both fixed and hpa"]);
    refused("[autoscaler.kpa]\n", rows, &["unknown key kpa"]);
}

#[test]
fn settings_that_do_nothing_are_named() {
    let folder = Folder::new("policy-idle");
    folder.write("load.csv", series("load", [1.0; 4]));
    let check = |table: &str, lines: &str, title: &str| {
        folder.write("policy.toml", format!("[autoscaler.{table}]\n{lines}\n"));
        let args = ["policy", "policy.toml", "--series", "load.csv", "--closed-loop"];
        let ran = keyscale(&folder, args).exits(0);
        let warned = ran.err.matches("warning: ").count();
        assert_eq!(warned, usize::from(!title.is_empty()), "{lines}: {}", ran.err);
        assert!(ran.err.contains(title), "{title} is not in\n{}", ran.err);
        assert!(keyscale(&folder, [&args[..], &["-q"]].concat()).exits(0).err.is_empty());
    };
    check("knative", "", "");
    check("knative", "activation_scale = 1", "activation_scale has no effect");
    check("knative", "initial_scale = 0", "initial_scale has no effect");
    check("knative", "activator_capacity = 50", "activator_capacity has no effect");
    check("knative", "window = '6s'\nstable_window = '9s'", "stable_window has no effect");
    check(
        "knative",
        "metric = 'rps'\ncontainer_concurrency_target_default = 9",
        "container_concurrency_target_default has no effect",
    );
    check(
        "knative",
        "enable_scale_to_zero = false\nscale_to_zero_grace_period = '9s'",
        "scale_to_zero_grace_period has no effect",
    );
    check(
        "knative",
        "target_burst_capacity = -1\nscale_to_zero_pod_retention_period = '9s'",
        "scale_to_zero_pod_retention_period and target_burst_capacity -1",
    );
    check("knative", "min_scale = 1\nenable_scale_to_zero = true", "enable_scale_to_zero has no");
    check("knative", "target = 1", "one request wants 2 pods");
    check("knative", "target = 1\ntarget_utilization_percentage = 100", "");
    let rps = "metric = 'rps'\ntarget = 5\n";
    check("hpa", &format!("{rps}initial_readiness_delay = '9s'"), "initial_readiness_delay has no");
    let disabled =
        "behavior.scale_up = { select_policy = 'Disabled', stabilization_window = '9s' }";
    check("hpa", &format!("{rps}{disabled}"), "stabilization_window has no effect");
}
