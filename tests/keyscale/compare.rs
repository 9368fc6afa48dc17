//! Studies side by side: the same is the same, a longer outage is worse, and what makes pairs
//! senseless is said.

use serde_json::Value;

use crate::folder::Folder;
use crate::program::{SMALL, keyscale};

/// A manager that is away while the load grows beyond what runs.
const OUTAGE: &str = r#"
duration = "6m"
[services.web]
location = "europe-west1"
concurrency = 4
min_instances = 3
service_time = { exponential = { mean = "200ms" } }
pending_timeout = { fixed = "10s" }
encryption = { key = "main" }
[[services.web.load]]
poisson = { rate = "10/s" }
[keys.main]
resource = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
protection_level = "EXTERNAL"
external_manager = "vault"
[external_managers.vault]
[[timeline]]
at = "1m"
for = "80s"
external_outage = { manager = "vault", domain = "UNREACHABLE_NETWORK" }
[[timeline]]
at = "1m"
for = "4m"
load_step = { service = "web", factor = 9 }
"#;

/// The comparisons of a command, by metric.
fn compared(folder: &Folder, args: &[&str], code: i32) -> Vec<Value> {
    let ran = keyscale(folder, [&["compare"], args, &["--format", "json"]].concat()).exits(code);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    json["comparisons"].as_array().unwrap().clone()
}

fn of<'v>(rows: &'v [Value], metric: &str) -> &'v Value {
    rows.iter().find(|row| row["metric"] == metric).unwrap()
}

#[test]
fn what_is_identical_is_the_same() {
    let folder = Folder::new("compare-same");
    folder.write("a.toml", SMALL);
    folder.write("b.toml", SMALL);
    for row in compared(&folder, &["a.toml", "b.toml", "-r", "6", "--fail-on", "worse"], 0) {
        assert_eq!((&row["verdict"], &row["pairs"]), (&"same".into(), &6.into()), "{row}");
        for zero in ["difference", "low", "high"] {
            assert_eq!(row[zero].as_f64(), Some(0.0), "{row}");
        }
    }
    // A baseline, a folder and the scenario are the same study.
    let args = ["run", "a.toml", "-r", "6", "--save-baseline", "main", "--out", "kept"];
    keyscale(&folder, args).exits(0).says(&["results/baselines/main.csv"]);
    for kept in ["main", "kept"] {
        let rows = compared(&folder, &[kept, "a.toml", "-r", "6"], 0);
        let p99 = of(&rows, "latency_s_p99");
        assert_eq!((&p99["verdict"], &p99["pairs"]), (&"same".into(), &6.into()), "{kept}");
    }
    let ran = keyscale(&folder, ["compare", "main", "a.toml", "--seed", "9"]).exits(0);
    ran.says(&["other seeds (1 and 9)", "only 6 of 20 replications"]);
}

/// A ride ends a limit's wait after the load has outgrown what runs: with 60/s of warm throughput
/// and 90/s of load the first request to fail is refused 30 s after the step.
#[test]
fn a_longer_outage_is_worse_under_the_same_luck() {
    let folder = Folder::new("compare-outage");
    folder.write("a.toml", OUTAGE);
    let vary = ["a.toml", "--vary", "timeline.0.for=80s,110s", "-r", "8"];
    let rows = compared(&folder, &[&vary[..], &["--fail-on", "worse"]].concat(), 98);
    let failed = of(&rows, "failed_ratio");
    assert_eq!(failed["verdict"], "worse");
    assert!(failed["correlation"].as_f64().unwrap() > 0.3, "they share their luck: {failed}");
    assert!(failed["variance_ratio"].as_f64().unwrap() > 1.3, "{failed}");
    let ran = keyscale(&folder, ["run", "a.toml", "-r", "8", "--format", "json"]).exits(0);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let ride = &json["study"]["ride_outs"][0];
    assert_eq!(
        (&ride["runs"], &ride["survived"], &ride["block_length_s_mean"]),
        (&8.into(), &0.into(), &80.0.into())
    );
    let mean = ride["ride_out_s_mean"].as_f64().unwrap();
    let half = ride["ride_out_s_mean_high"].as_f64().unwrap() - mean;
    // The queue is a random walk around the formula's line; 1.7 times the half-width of 8 runs is
    // four standard errors.
    assert!((mean - 30.0).abs() < 1.7 * half + 0.2, "{mean} ± {half}");
    // What the backlog of the outage takes: (90 - 60)/s for 80 s at least wait or are refused.
    let recovery = ride["recovery_s_median"].as_f64().unwrap();
    assert!((1.0..60.0).contains(&recovery), "{recovery}");
    let ran = keyscale(&folder, ["compare", "a.toml"]).exits(2);
    ran.says(&["one alone can't be compared"]);
    // Little more differs little, which takes the same luck to be seen: twelve pairs with luck of
    // their own know it several times worse.
    let vary = ["a.toml", "--vary", "timeline.0.for=80s,85s", "-r", "12"];
    let width = |more: &[&str]| {
        let rows = compared(&folder, &[&vary[..], more].concat(), 0);
        let row = of(&rows, "failed_ratio");
        let number = |name: &str| row[name].as_f64().unwrap();
        (number("high") - number("low"), number("variance_ratio"))
    };
    let ((same, gained), (own, nothing)) = (width(&[]), width(&["--independent"]));
    assert!(own > 2.0 * same && gained > 5.0 && nothing < 3.0, "{own} {same} {gained} {nothing}");
    let args = [&["compare"], &vary[..], &["--independent"]].concat();
    let ran =
        keyscale(&folder, args).exits(0).says(&["luck of their own, as asked: seeds 1 and 2"]);
    assert!(ran.out.contains("of 12 pairs under other luck"), "{}", ran.out);
    keyscale(&folder, ["compare", "a.toml", "nothing"]).exits(2).says(&["there is no nothing"]);
    let args = ["compare", "a.toml", "a.toml", "--metric", "failed_rati"];
    keyscale(&folder, args).exits(2).says(&["the nearest one is failed_ratio"]);
}

/// Two services of which one has more to do: it is the one that differs.
#[test]
fn a_service_is_compared_by_itself() {
    let folder = Folder::new("compare-service");
    let shop = SMALL.replace("duration = \"2m\"", "").replace(".web", ".shop");
    folder.write("a.toml", format!("{SMALL}{shop}"));
    let vary = "services.shop.load.0.poisson.rate=20/s,30/s";
    let served = |service: &[&str]| {
        let args = [&["a.toml", "--vary", vary, "-r", "3"], service].concat();
        of(&compared(&folder, &args, 0), "served")["difference"].as_f64().unwrap()
    };
    assert_eq!(served(&["--service", "web"]), 0.0);
    let more = served(&["--service", "shop"]);
    // 10/s for 120 s, with four standard errors of three means of Poisson counts.
    assert!((more - 1_200.0).abs() < 4.0 * (6_000.0_f64 / 3.0).sqrt(), "{more}");
    assert_eq!(served(&[]), more);
    keyscale(
        &folder,
        ["run", "a.toml", "-r", "3", "--save-baseline", "main", "--out", "kept", "-q"],
    );
    let args = ["kept", "a.toml", "-r", "3", "--service", "shop"];
    assert_eq!(of(&compared(&folder, &args, 0), "served")["difference"].as_f64(), Some(0.0));
    let refused = |args: &[&str], said: &str| {
        keyscale(&folder, [&["compare"], args].concat()).exits(2).says(&[said]);
    };
    refused(&["a.toml", "a.toml", "--service", "wbe"], "there are web, shop");
    refused(&["main", "a.toml", "--service", "web"], "keeps all services together");
    refused(&["main", "a.toml", "--independent"], "has its luck already");
    // What makes pairs senseless is said.
    folder.write("b.toml", SMALL.replace("2m", "3m"));
    let said = ["a.toml runs for 120 s and b.toml for 180 s", "have other services"];
    keyscale(&folder, ["compare", "a.toml", "b.toml", "-r", "2"]).exits(0).says(&said);
}

#[test]
fn verdicts_have_forms_for_pipelines_and_reviews() {
    let folder = Folder::new("gate");
    let asked = "[thresholds]\narrivals = [\"value > 2400\", \"value > 100\", \"value > 9000\"]\n";
    folder.write("a.toml", format!("{SMALL}\n{asked}"));
    let run = |format: &str, fail_on: &str| {
        let args = ["run", "a.toml", "-r", "6", "--format", format, "--fail-on", fail_on];
        keyscale(&folder, args).exits(99).out
    };
    let xml = run("junit", "unclear");
    assert!(xml.starts_with("<?xml") && xml.trim_end().ends_with("</testsuites>"), "{xml}");
    assert!(xml.contains("tests=\"3\" failures=\"2\""), "{xml}");
    assert!(xml.contains("<failure type=\"unclear\"") && xml.contains("&gt; 9000"), "{xml}");
    assert!(run("junit", "fail").contains("failures=\"1\" errors=\"0\" skipped=\"1\""));
    let md = run("md", "unclear");
    assert!(md.starts_with("**a**: Not met: 2 of 3 thresholds."), "{md}");
    assert!(md.lines().any(|line| line.starts_with("| ✓ pass |")), "{md}");
    assert!(run("csv", "fail").starts_with("service,statistic,runs,"));
    // What is only unclear passes a gate that fails on failures.
    folder.write("b.toml", format!("{SMALL}\n[thresholds]\narrivals = \"value > 2400\"\n"));
    keyscale(&folder, ["run", "b.toml", "-r", "6", "--fail-on", "fail"]).exits(0);
    keyscale(&folder, ["run", "b.toml", "-r", "6"]).exits(99);
}
