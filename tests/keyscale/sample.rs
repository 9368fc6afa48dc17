//! Files of recorded lengths, and the laws that they become wherever one may stand.

use std::fs;
use std::path::Path;

use keyscale::distribution::Distribution;
use keyscale::input::read_sample;
use keyscale::scenario::{self, Action, Scenario, Source};
use keyscale::units::SimDuration;

use crate::folder::Folder;
use crate::program::{SMALL, keyscale};

/// The small scenario with service times from a column of a file.
fn recorded(law: &str) -> String {
    SMALL.replace("{ exponential = { mean = \"100ms\" } }", &format!("{{ empirical = {law} }}"))
}

/// A scenario in a folder with its files of lengths read, as the program reads it.
fn filled(folder: &Path, text: &str) -> Scenario {
    let source = Source { origin: "a.toml", text, stem: "a", folder };
    let checked = scenario::check(&source, &[], folder);
    let mut checked = checked.unwrap_or_else(|e| panic!("{}", e.render(false)));
    let read = |file| read_sample(file).unwrap_or_else(|e| panic!("{}", e.render(false))).sample;
    let samples = checked.scenario.samples.iter().map(read).collect();
    checked.fill_samples(samples);
    checked.scenario
}

/// Quantiles of a law in milliseconds.
#[track_caller]
fn quantiles(law: &Distribution, shares: [f64; 4]) -> [f64; 4] {
    let Distribution::Empirical(sample) = law else { panic!("{law:?}") };
    shares.map(|share| sample.quantile(share).as_secs_f64() * 1e3)
}

/// A hundred lengths have known quantiles; the unit is in the column's name or beside it.
#[test]
fn a_column_becomes_a_law_wherever_one_may_stand() {
    let folder = Folder::new("sample-law");
    let mut rows = "id,took_ms,boot\n".to_owned();
    (1..=100).rev().for_each(|i| rows += &format!("{i},{i}.5,{}\n", f64::from(i) / 1e3));
    folder.write("lengths.csv", rows);
    let boot = "start.boot = { empirical = { file = 'lengths.csv', column = 'boot', unit = 's' } }";
    let part = "cold_service = { mixture = [{ weight = 1, constant = '1s' }, \
                { weight = 1, empirical = { file = 'lengths.csv', column = 'took_ms' } }] }";
    let deploy = "[[timeline]]\nat = '1m'\ndeploy = { service = 'web', set = { start.allocate = \
                  { empirical = { file = 'lengths.csv', column = 'boot', unit = 'min' } } } }\n";
    let text = recorded("{ file = 'lengths.csv', column = 'took_ms' }");
    let text = text.replace("[[services", &format!("{boot}\n{part}\n[[services")) + deploy;
    let scenario = filled(&folder, &text);
    let shares = [0.0, 0.5, 0.99, 1.0];
    let web = &scenario.services[0];
    assert_eq!(quantiles(&web.service_time, shares), [1.5, 50.5, 99.5, 100.5]);
    assert_eq!(web.service_time.mean(), SimDuration::from_millis(51));
    assert_eq!(quantiles(&web.start.boot, shares), [1.0, 50.0, 99.0, 100.0]);
    let cold = web.cold_service.as_ref().unwrap().mean();
    assert_eq!(cold, SimDuration::from_millis((1_000 + 51) / 2) + SimDuration(500_000));
    let Action::Deploy(deploy) = &scenario.timeline[0].action else { panic!("a deploy") };
    let deployed = &deploy.settings;
    assert_eq!(deployed.service_time, web.service_time, "as before");
    assert_eq!(quantiles(&deployed.start.allocate, shares), [60.0, 3e3, 5_940.0, 6e3]);
}

/// The mean latency of a server that nobody waits for is that of the sample: 2,400 requests of
/// 90 % 10 ms and 10 % 1 s have a standard error of 6.1 ms. The lock runs from its folder alone,
/// to the same records, and takes no other file for the one beside it.
#[test]
fn a_run_draws_from_the_file_and_its_lock_does_so_again() {
    let folder = Folder::new("sample-run");
    folder.write("lengths.csv", format!("s\n{}1\n", "0.01\n".repeat(9)));
    let text = recorded("{ file = \"lengths.csv\", column = \"s\", unit = \"s\" }");
    folder.write(
        "a.toml",
        text.replace("concurrency = 4", "concurrency = 1000\ninitial_instances = 1"),
    );
    let summary = |ran: &str| -> serde_json::Value { serde_json::from_str(ran).unwrap() };
    let run = |args: &[&str]| summary(&keyscale(&folder, args).exits(0).out);
    let first = run(&["run", "a.toml", "--out", "out", "--format", "json"]);
    let mean = first["total"]["latency_s_mean"].as_f64().unwrap();
    assert!((mean - 0.109).abs() < 4.0 * 0.0061, "{mean}");
    fs::remove_file(folder.join("lengths.csv")).unwrap();
    let lock = folder.list("out").into_iter().find(|name| name == "scenario.lock.toml");
    assert_eq!(lock.as_deref(), Some("scenario.lock.toml"));
    let again = run(&["run", "out/scenario.lock.toml", "--out", "again", "--format", "json"]);
    assert_eq!(first["fingerprint"], again["fingerprint"]);
    let bytes = |of: &str| fs::read(folder.join(of)).unwrap();
    assert_eq!(bytes("out/load-lengths.csv"), bytes("again/load-lengths.csv"));
    let locked = String::from_utf8(bytes("out/scenario.lock.toml")).unwrap();
    assert_eq!(bytes("again/scenario.lock.toml"), locked.as_bytes());
    let digest = "0".repeat(64);
    let other = locked.replace("column = \"s\"", &format!("column = \"s\", sha256 = \"{digest}\""));
    folder.write("out/other.toml", other);
    let said = keyscale(&folder, ["run", "out/other.toml"]).exits(2);
    said.says(&["the file of lengths", "has changed", "its SHA-256 is"]);
}

/// Everything wrong with a file is said at its place, with the key that names it.
#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let folder = Folder::new("sample-wrong");
    let check = |content: &str, law: &str, parts: &[&str]| {
        folder.write("d.csv", content);
        folder.write("a.toml", recorded(law));
        keyscale(&folder, ["run", "a.toml", "--out", "out"]).exits(2).says(parts);
        assert!(!folder.join("out").exists());
    };
    let law = "{ file = \"d.csv\", column = \"d_ms\" }";
    let named = "the file is named by services.web.service_time.empirical.file";
    check("", law, &["the file of lengths is empty", "d.csv:1:1"]);
    check("d_ms\n", law, &["has a header and no rows", named]);
    check("d_s\n1\n", law, &["no column `d_ms`", "did you mean `d_s`?", named]);
    check("a,d_ms\n1,2\n1,x\n", law, &["`d_ms` is no number", "d.csv:3:3", named]);
    check("a,d_ms\n1,-2\n2,\n3\n", law, &["is negative", "is empty", "has 1 fields", "d.csv:4:1"]);
    check("d_ms\n1e30\n", law, &["out of bounds"]);
    let none = "{ file = \"none.csv\", column = \"d_ms\" }";
    check("", none, &["can't read the file of lengths none.csv: there is no such file", named]);
    let bare = "{ file = \"d.csv\", column = \"d\" }";
    check("d\n1\n", bare, &["the column has no unit", "a.toml:6:", "unit = \"ms\""]);
    check("d\n1\n", "{ file = \"d.csv\" }", &["column is missing", "column = \"duration_ms\""]);
}
