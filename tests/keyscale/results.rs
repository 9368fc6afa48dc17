//! The folder of a run, and what stands where it should go.

use std::fs;

use serde_json::Value;

use crate::folder::{Folder, recorded};
use crate::program::{PLAYED, SMALL, command, keyscale};

#[test]
fn a_run_leaves_a_folder_and_a_verdict() {
    let folder = Folder::new("verdict");
    folder.write("small.toml", SMALL);
    let ran = keyscale(&folder, ["run", "small.toml"]).exits(0);
    assert_eq!(ran.err, "");
    let verdict = ran.out.lines().find(|line| line.starts_with("VERDICT")).unwrap();
    assert!(verdict.ends_with("One run, no interval: add -r."), "{verdict}");
    assert!(ran.out.contains("keyscale run small.toml --seed 1\n"), "{}", ran.out);
    let files = folder.list("results/runs/small");
    for name in ["manifest.json", "scenario.lock.toml", "summary.csv", "timeseries.csv"] {
        assert!(files.iter().any(|file| file == name), "{name} is not in {files:?}");
    }
    assert_eq!(folder.list("results/runs"), ["small"], "nothing is left beside it");
}

#[test]
fn several_scenarios_have_a_folder_each() {
    let folder = Folder::new("several");
    folder.write("a.toml", SMALL);
    folder.write("b.toml", format!("name = \"second\"\n{SMALL}"));
    let ran = keyscale(&folder, ["run", "a.toml", "b.toml", "--out", "all"]).exits(0);
    assert_eq!(folder.list("all"), ["a", "second"]);
    assert_eq!(ran.out.matches("VERDICT").count(), 2);
    assert!(ran.out.contains("run b.toml --seed 1 --out all/second\n"), "{}", ran.out);
}

#[test]
fn json_is_the_summary() {
    let folder = Folder::new("json");
    folder.write("small.toml", SMALL);
    let ran = keyscale(&folder, ["run", "small.toml", "--format", "json", "--seed", "5"]).exits(0);
    let written = fs::read_to_string(folder.join("results/runs/small/summary.json")).unwrap();
    assert_eq!(ran.out, written);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["complete"], true);
    assert_eq!(json["seed"], 5);
    let total = &json["total"];
    let count = |name: &str| total[name].as_u64().unwrap();
    assert_eq!(
        count("arrivals"),
        count("served") + count("failed") + count("pending") + count("in_flight")
    );
}

#[test]
fn quiet_says_nothing_else() {
    let folder = Folder::new("quiet");
    folder.write("played.toml", PLAYED);
    folder.write("load.csv", "t,n\n60,2\n0,1\n");
    let ran = keyscale(&folder, ["run", "played.toml"]).exits(0).says(&["not in order of time"]);
    assert!(ran.out.contains("3 recorded arrivals"), "{}", ran.out);
    let quiet = keyscale(&folder, ["run", "played.toml", "-q"]).exits(0);
    assert_eq!((quiet.err, quiet.out), (String::new(), ran.out));
    keyscale(&folder, ["run", "played.toml", "-v"]).exits(0).says(&["2 buckets of 1m", "a second"]);
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let folder = Folder::new("colours");
    folder.write("small.toml", SMALL);
    let escapes = |args: &[&str]| keyscale(&folder, args).out.contains('\u{1b}');
    assert!(!escapes(&["run", "small.toml"]));
    assert!(escapes(&["run", "small.toml", "--color", "always"]));
    assert!(!escapes(&["run", "small.toml", "--color", "never"]));
}

#[test]
fn what_is_not_ours_is_replaced_by_force_only() {
    let folder = Folder::new("force");
    folder.write("small.toml", SMALL);
    folder.write("mine/letter.txt", "dear reader");
    folder.write("note", "a file");
    for target in ["mine", "note"] {
        let args = ["run", "small.toml", "--out", target];
        let ran = keyscale(&folder, args).exits(2).says(&[target, "--force"]);
        assert!(ran.out.is_empty(), "{}", ran.out);
        assert_eq!(folder.list(""), ["mine", "note", "small.toml"]);
    }
    assert_eq!(fs::read_to_string(folder.join("mine/letter.txt")).unwrap(), "dear reader");
    keyscale(&folder, ["run", "small.toml", "--out", "mine", "--force"]).exits(0);
    assert!(!folder.join("mine/letter.txt").exists());
    keyscale(&folder, ["run", "small.toml", "--out", "mine"]).exits(0);
    // With several scenarios the one that is in the way is told before the first has run.
    folder.write("all/second/letter.txt", "dear reader");
    folder.write("second.toml", SMALL);
    let args = ["run", "small.toml", "second.toml", "--out", "all"];
    keyscale(&folder, args).exits(2).says(&["second", "--force"]);
    assert_eq!(folder.list("all"), ["second"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_no_torn_one() {
    let folder = Folder::new("unwritable");
    folder.write("small.toml", SMALL);
    folder.write("note", "a file");
    keyscale(&folder, ["run", "small.toml", "--out", "note/results"]).exits(1).says(&["error: "]);
    assert_eq!(folder.list(""), ["note", "small.toml"]);
}

/// `keyscale run ... | head` is no mistake, and the folder is whole.
#[test]
fn a_reader_may_leave() {
    let folder = Folder::new("closed-pipe");
    folder.write("small.toml", SMALL);
    let mut child = command(&folder)
        .args(["run", "small.toml"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(folder.join("results/runs/small/manifest.json").exists());
}

/// Recorded loads run to their end, and every arrival of the file arrives.
#[test]
fn recorded_loads_arrive_in_full() {
    let folder = Folder::new("recorded");
    folder.write("played.toml", PLAYED);
    let check = |file: &str, count: Option<&str>, scale: &str, arrivals: u64| {
        let Some(path) = recorded(file) else { return };
        let count = count.map_or(String::new(), |name| format!("count = '{name}', "));
        let trace = format!("{{ file = '{}', {count}scale = {scale} }}", path.display());
        let set = format!("services.web.load.0.trace={trace}");
        let args = ["run", "played.toml", "--set", &set, "--format", "json"];
        let json: Value = serde_json::from_str(&keyscale(&folder, args).exits(0).out).unwrap();
        assert_eq!(json["total"]["arrivals"], arrivals, "{file}");
        assert_eq!(json["complete"], true);
    };
    let worldcup = "worldcup98/worldcup98-per-minute-1998-06-08_1998-07-13.csv";
    check(worldcup, Some("count"), "0.001", 1_171_036);
    let nasa = "nasa-http-1995/nasa-per-second-1995-07-13.sparse.csv";
    check(nasa, Some("count"), "1.0", 134_203);
    check("aws-lambda-poisson-2020/lambda-2020-05-26.csv", None, "1.0", 1_648);
}

#[test]
fn what_remains_without_a_cause_is_told_beside_what_is() {
    let folder = Folder::new("without");
    folder.write("small.toml", SMALL);
    let causes = ["--without", "starting", "--without", "max_instances"];
    let asked = [&["run", "small.toml", "--out", "a"], &causes[..]].concat();
    let ran = keyscale(&folder, asked).exits(0);
    let table: Vec<&str> = ran.out.lines().skip_while(|l| !l.starts_with(" same luck")).collect();
    assert!(table[1].starts_with(" as it is "), "{table:?}");
    assert!(table[2].starts_with(" without container start "), "{table:?}");
    assert!(table[3].starts_with(" without max instances "), "{table:?}");
    assert_eq!(ran.out.matches("VERDICT").count(), 1);
    let lock = folder.join("a-without-starting/scenario.lock.toml");
    let lock = fs::read_to_string(lock).unwrap();
    assert!(lock.contains("without = [\"starting\"]"), "{lock}");
    let arrivals = |run: &str| -> Value {
        let text = fs::read_to_string(folder.join(run).join("summary.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["total"]["arrivals"].clone()
    };
    assert_eq!(arrivals("a"), arrivals("a-without-max_instances"), "the same luck");
    // What a scenario switches off itself stays off.
    folder.write("off.toml", format!("without = [\"key_quota\"]\n{SMALL}"));
    keyscale(&folder, ["run", "off.toml", "--without", "starting"]).exits(0);
    let lock = folder.join("results/runs/off-without-starting/scenario.lock.toml");
    let lock = fs::read_to_string(lock).unwrap();
    assert!(lock.contains("without = [\"key_quota\", \"starting\"]"), "{lock}");
    let unknown = ["run", "small.toml", "--without", "luck"];
    keyscale(&folder, unknown).exits(2).says(&["key_outage", "invalid value 'luck'"]);
}

/// A message of the service's log comes with its remedy, and a revision with its key.
#[test]
fn messages_have_remedies_and_revisions_keys() {
    let folder = Folder::new("messages");
    let keyed = SMALL.replacen("[services.web]", "[services.web]\nencryption.key = \"main\"", 1);
    let resource = "projects/kms-prod/locations/us-central1/keyRings/run/cryptoKeys/web";
    let key = format!(
        "[keys.main]\nresource = \"{resource}\"\npropagation.permission.constant = \"0s\"\n\
         [[timeline]]\nat = \"0s\"\npermission_revoke = {{ key = \"main\" }}\n"
    );
    folder.write("refused.toml", format!("{keyed}{key}"));
    let ran = keyscale(&folder, ["run", "refused.toml"]).exits(0);
    let said = "User's service account does not have CMEK decrypter permission.";
    let remedy = "remedy: allow the service's agent to decrypt with the key";
    let bound = "web-00001 (100 %): main version 1 ENABLED, SOFTWARE in us-central1, no quota\n";
    for part in [said, remedy, bound] {
        assert!(ran.out.contains(part), "{part} is not in\n{}", ran.out);
    }
    let text = fs::read_to_string(folder.join("results/runs/refused/summary.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let message = &json["messages"][0];
    assert_eq!(message["message"], "no_permission");
    assert!(message["count"].as_u64() > Some(0) && message["first_s"].as_f64() >= Some(0.0));
    let revision = &json["revisions"][0];
    assert_eq!(revision["key_state"], "ENABLED");
    assert_eq!(revision["key_denial"], "permission");
    assert_eq!(revision["key_project"], "kms-prod");
}
