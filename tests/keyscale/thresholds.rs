//! What is asked of a run in its file, and what the program says and returns.

use serde_json::Value;

use crate::folder::Folder;
use crate::program::{SMALL, keyscale};

/// One service without instances until a start is through, which takes longer than a second; its
/// requests wait meanwhile, so that none fails.
fn asking(asked: &str) -> String {
    format!("{SMALL}\n{asked}")
}

#[test]
fn what_is_met_exits_with_0_and_what_is_not_with_99() {
    let folder = Folder::new("thresholds");
    let check = |asked: &str, code: i32, lines: &[&str], verdict: &str| {
        folder.write("a.toml", asking(asked));
        let ran = keyscale(&folder, ["run", "a.toml", "-r", "1"]).exits(code);
        for line in lines {
            assert!(ran.out.lines().any(|l| l.trim_start() == *line), "{line}\n{}", ran.out);
        }
        let said = ran.out.lines().find(|line| line.starts_with("VERDICT")).unwrap();
        assert!(said.contains(verdict), "{said}");
    };
    check(
        "[thresholds]\nfailed_ratio = \"value < 100%\"",
        0,
        &["✓ threshold  failed_ratio value < 100%: 0 %  (a.toml:12:16)"],
        "Met. No request failed",
    );
    check(
        "[thresholds.services.web]\nserved = [\"value > 1\", \"value > 1000000\"]",
        99,
        &[],
        "Not met: 1 of 2 thresholds.",
    );
    check(
        "[[expect]]\nmetric = \"instances_ready\"\nservice = \"web\"\nis = [\"first == 0\", \"max == 0\"]\nuntil = \"30s\"",
        99,
        &[],
        "Not met: 1 of 2",
    );
    // Nothing to measure is not met either.
    check(
        "[thresholds]\nride_out = \"value > 1s\"",
        99,
        &["? threshold  ride_out value > 1s: nothing to measure  (a.toml:12:12)"],
        "Not met: 1 of 1 threshold.",
    );
}

#[test]
fn json_has_what_was_asked_and_seen() {
    let folder = Folder::new("thresholds-json");
    folder.write(
        "a.toml",
        asking(
            "[thresholds]\nlatency = \"p99 > 1h\"\n[[expect]]\nmetric = \"arrivals\"\n\
         service = \"web\"\nfrom = \"60s\"\nis = \"sum > 10\"\n",
        ),
    );
    let ran = keyscale(&folder, ["run", "a.toml", "-r", "1", "--format", "json"]).exits(99);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let threshold = &json["thresholds"][0];
    assert_eq!(threshold["key"], "thresholds.latency");
    assert_eq!(threshold["condition"], "p99 > 1h");
    assert_eq!(threshold["verdict"], "fail");
    assert_eq!(threshold["seen"], json["total"]["latency_s_p99"]);
    assert_eq!(threshold["unit"], "s");
    let expect = &json["expects"][0];
    assert_eq!(expect["verdict"], "pass");
    assert_eq!(expect["service"], "web");
    assert_eq!(expect["from_s"], 60);
    // Half of the arrivals come in the second half, give or take four standard deviations.
    let (seen, all) =
        (expect["seen"].as_f64().unwrap(), json["total"]["arrivals"].as_f64().unwrap());
    assert!((seen - all / 2.0).abs() < 4.0 * (all / 4.0).sqrt(), "{seen} of {all}");
}

#[test]
fn several_scenarios_are_not_met_where_one_is_not() {
    let folder = Folder::new("thresholds-several");
    folder.write("a.toml", asking("[thresholds]\nserved = \"value < 1\""));
    folder.write("b.toml", asking("[thresholds]\nserved = \"value > 1\""));
    keyscale(&folder, ["run", "a.toml", "b.toml"]).exits(99);
    keyscale(&folder, ["run", "b.toml"]).exits(0);
    let ran = keyscale(&folder, ["validate", "a.toml"]).exits(0);
    assert!(ran.out.contains("1 threshold"), "{}", ran.out);
    // The scenario that a folder holds asks the same again.
    keyscale(&folder, ["run", "results/runs/a/scenario.lock.toml", "--out", "again"]).exits(99);
}

/// A threshold of each verdict in every format, with its exit code. 20 requests a second for 20 s
/// are 400, and a mean of 20 runs is known to within nine or so.
#[test]
fn each_verdict_has_its_code_and_its_words_in_every_format() {
    let folder = Folder::new("each-verdict");
    let check = |limit: &str, verdict: &str, mark: &str, code: i32, junit: [&str; 2]| {
        let asked = asking(&format!("[thresholds]\narrivals = \"value > {limit}\""));
        folder.write("a.toml", asked.replace("duration = \"2m\"", "duration = \"20s\""));
        let run = |format: &str, more: &[&str], code: i32| {
            let args = ["run", "a.toml", "-r", "20", "--quiet", "--format", format];
            keyscale(&folder, [&args[..], more].concat()).exits(code).out
        };
        let text = run("text", &[], code);
        let line = format!("{mark} threshold  arrivals value > {limit}: ");
        assert!(text.lines().any(|l| l.trim_start().starts_with(&line)), "{text}");
        assert_eq!(text.contains("more replication"), verdict == "unclear", "{text}");
        let met = if verdict == "pass" { "VERDICT  Met. " } else { "VERDICT  Not met: 1 of 1 " };
        assert!(text.contains(met), "{text}");
        let json: Value = serde_json::from_str(&run("json", &[], code)).unwrap();
        let threshold = &json["thresholds"][0];
        assert_eq!(threshold["verdict"], verdict, "{threshold}");
        let [low, high] = ["low", "high"].map(|end| threshold["over"][end].as_f64().unwrap());
        let limit: f64 = limit.parse().unwrap();
        let expected = match (low > limit, high <= limit) {
            (true, _) => "pass",
            (_, true) => "fail",
            _ => "unclear",
        };
        assert_eq!(verdict, expected, "{low} to {high}");
        assert_eq!(threshold["over"]["more"].is_u64(), verdict == "unclear", "{threshold}");
        let markdown = run("md", &[], code);
        let cell = format!("| {mark} {verdict} | arrivals value &gt; {limit} | ");
        assert!(markdown.contains(&cell), "{markdown}");
        let xml = run("junit", &[], code);
        assert!(xml.contains(junit[0]), "{xml}");
        // Where what is unclear does not fail, only what fails does.
        let lenient = run("junit", &["--fail-on", "fail"], if verdict == "fail" { 99 } else { 0 });
        assert!(lenient.contains(junit[1]), "{lenient}");
    };
    check("300", "pass", "✓", 0, ["<system-out>", "<system-out>"]);
    check("500", "fail", "✗", 99, ["<failure type=\"fail\"", "<failure type=\"fail\""]);
    let unclear = ["<failure type=\"unclear\"", "<skipped message=\"unclear: "];
    check("400", "unclear", "?", 99, unclear);
}
