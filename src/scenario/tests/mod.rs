//! Texts and what is said about them.

mod files;
mod hostile;
mod keys;
mod wrong;

use std::path::{Path, PathBuf};

use super::*;
use crate::distribution::Distribution;
use crate::units::Ratio;

/// A scenario without problems, to be changed by one line or one override.
const GOOD: &str = r#"
duration = "30m"
[services.web]
service_time = { constant = "100ms" }
encryption = { key = "main" }
[[services.web.load]]
poisson = { rate = "90/s" }
[keys.main]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
protection_level = "EXTERNAL"
external_manager = "vault"
[external_managers.vault]
"#;

fn source(text: &str) -> Source<'_> {
    Source { origin: "a.toml", text, stem: "a", folder: Path::new("/files") }
}

fn checked(text: &str, overrides: &[&str]) -> Result<Checked, Problems> {
    let overrides: Vec<Override> =
        overrides.iter().map(|o| o.parse().expect("KEY=VALUE")).collect();
    check(&source(text), &overrides, Path::new("/here"))
}

fn good(overrides: &[&str]) -> Scenario {
    match checked(GOOD, overrides) {
        Ok(checked) => checked.scenario,
        Err(problems) => panic!("{}", problems.render(false)),
    }
}

/// Titles of all problems, errors and warnings, in order.
fn titles(text: &str, overrides: &[&str]) -> Vec<String> {
    let problems = match checked(text, overrides) {
        Ok(checked) => checked.warnings,
        Err(problems) => problems,
    };
    problems.0.into_iter().map(|p| p.title).collect()
}

#[test]
fn the_smallest_scenario_has_every_default() {
    let scenario = good(&[]);
    let web = &scenario.services[0];
    assert_eq!((scenario.name.as_str(), scenario.seed), ("a", 1));
    assert_eq!((web.concurrency, web.min_instances, web.max_instances), (80, 0, 100));
    assert_eq!(web.drain_grace, SimDuration::from_secs(10));
    assert_eq!(web.routing, Routing::FullestBelowTarget { target: Ratio(0.6) });
    assert_eq!(web.start.fetch, Distribution::Constant(SimDuration::from_millis(300)));
    assert_eq!(scenario.keys[0].latency, Distribution::Constant(SimDuration::from_millis(15)));
    assert_eq!(scenario.quotas[0].name, "p/us-central1/EXTERNAL");
    let limits = (scenario.quotas[0].limit, scenario.quotas[0].enforcement);
    assert_eq!(limits, (100, Enforcement::Hard));
    assert_eq!(scenario.keys[0].quota, Some(crate::ids::QuotaId(0)));
}

#[test]
fn every_routing_has_its_name() {
    let named = |routing: Routing| {
        let given = format!("services.web.routing={{{}={{}}}}", routing.name());
        assert_eq!(good(&[&given]).services[0].routing, routing);
    };
    named(Routing::FullestBelowTarget { target: Ratio(0.6) });
    named(Routing::LeastLoaded);
    named(Routing::RandomOfTwo);
    named(Routing::RoundRobin);
    named(Routing::FirstAvailable);
    named(Routing::Newest);
    named(Routing::Oldest);
    named(Routing::MostRecentlyUsed);
    named(Routing::LeastRecentlyUsed);
    let service = &good(&["services.web.session_affinity.clients=5"]).services[0];
    assert_eq!(service.session_affinity.map(|a| a.clients), Some(5));
}

#[test]
fn values_that_follow_from_others() {
    let fixed = good(&["services.web.autoscaler.fixed.instances=3"]);
    assert_eq!(fixed.services[0].initial_instances, 3);
    assert_eq!(good(&["services.web.min_instances=2"]).services[0].initial_instances, 2);
    let hsm = "[keys.h]\nresource = \"projects/p/locations/us-central1/keyRings/r/cryptoKeys/h\"\n\
               protection_level = \"HSM\"\n";
    let scenario = checked(&format!("{GOOD}{hsm}"), &[]).expect("no errors").scenario;
    assert_eq!(scenario.quotas[1].name, "p/us-central1/HSM");
    let limits = (scenario.quotas[1].limit, scenario.quotas[1].enforcement);
    assert_eq!(limits, (500, Enforcement::Soft));
}

#[test]
fn overrides_set_any_key() {
    assert_eq!(good(&["seed=7"]).seed, 7);
    assert_eq!(good(&["seed=18446744073709551615"]).seed, u64::MAX);
    assert_eq!(good(&["seed=1", "seed=2"]).seed, 2);
    let timeout = good(&["services.web.request_timeout=60s"]).services[0].request_timeout;
    assert_eq!(timeout, SimDuration::from_secs(60));
    let scenario = good(&["services.web.load.0={trace={file=\"a.csv\"}}"]);
    assert_eq!(scenario.traces[0].path, PathBuf::from("/here/a.csv"));
    assert_eq!(scenario.traces[0].key, "services.web.load.0.trace.file");
    let scenario = good(&["services.web.load[1].trace.file=../x.csv"]);
    assert_eq!(scenario.traces[0].path, PathBuf::from("/here/../x.csv"));
    assert_eq!(scenario.services[0].load.len(), 2);
    let scenario = good(&["services.api.service_time.constant=1s"]);
    assert_eq!(scenario.services[1].name, "api");
    let limit = good(&["quotas.q={project=\"p\",location=\"us-central1\",pool=\"EXTERNAL\"}"]);
    assert_eq!(limit.quotas.len(), 1);
    assert_eq!(limit.quotas[0].limit, 100);
}

#[test]
fn paths_of_the_file_are_relative_to_its_folder() {
    let text = GOOD.replace("poisson = { rate = \"90/s\" }", "trace = { file = \"load/a.csv\" }");
    let scenario = checked(&text, &[]).expect("no errors").scenario;
    assert_eq!(scenario.traces[0].path, PathBuf::from("/files/load/a.csv"));
}

#[test]
fn the_length_of_a_recorded_load_is_checked_when_it_is_known() {
    let text = GOOD.replace("duration = \"30m\"\n", "");
    let overrides = [
        "services.web.load.0={trace={file=\"a.csv\"}}",
        "timeline=[{at=\"10m\",key_disable={key=\"main\"}}]",
    ];
    assert_eq!(titles(&text, &[]), ["duration is missing"]);
    let looped = ["services.web.load.0={trace={file=\"a.csv\",loop=true}}"];
    assert_eq!(titles(&text, &looped), ["duration is missing"], "a loop has no end");
    let checked = checked(&text, &overrides).expect("no errors");
    assert_eq!(checked.warnings, Problems::default());
    assert_eq!(checked.check_length(SimDuration::from_secs(3_600)), Problems::default());
    let short = checked.check_length(SimDuration::from_secs(60));
    assert_eq!(short.0[0].title, "the entry is after the end of the run");
    let key = "services.web.load.0.trace.file";
    let problem = checked.problem(Severity::Error, key, "no file", "not found", Some("make it"));
    let shown = Problems(vec![problem]).render(false);
    assert!(shown.contains("--set services.web.load.0"), "{shown}");
}

/// The lock of a scenario says the same, and the lock of the lock is the same text.
fn lock_round_trip(origin: &str, text: &str) {
    let stem = "locked";
    let source = Source { origin, text, stem, folder: Path::new("") };
    let first = match check(&source, &[], Path::new("/here")) {
        Ok(checked) => checked,
        Err(problems) => panic!("{}", problems.render(false)),
    };
    let named = |t: &TraceFile| LockedFile { file: t.path.display().to_string(), sha256: None };
    let names: Vec<LockedFile> = first.scenario.traces.iter().map(named).collect();
    let lock = first.lock(&names);
    let locked = Source { origin: "lock", text: &lock, ..source };
    let second = match check(&locked, &[], Path::new("/here")) {
        Ok(checked) => checked,
        Err(problems) => panic!("{lock}\n{}", problems.render(false)),
    };
    assert_eq!(first.scenario, second.scenario, "{lock}");
    assert_eq!(lock, second.lock(&names));
}

#[test]
fn locks_say_the_same() {
    lock_round_trip("good", GOOD);
    let all = r#"
        name = "all.of-it"
        question = "a \"quoted\" \\ question\u0007"
        duration = "1d"
        sample_interval = "1m"
        seed = 18446744073709551615
        [services.a]
        location = "l"
        service_time.exponential.mean = "1ms"
        pending_timeout.none = true
        queue_limit = 7
        routing.least_loaded = {}
        session_affinity.clients = 9
        autoscaler.cloud_run.concurrency_target = "disabled"
        start.boot.uniform = { min = "1s", max = "2s" }
        [[services.a.load]]
        name = "wave"
        profile = { join = "lines", points = [{ at = "0s", rate = "5/min" }, { at = "1h", rate = "1/s" }] }
        [[services.a.load]]
        trace = { file = "x y.csv", time = "t", count = "c", bucket = "1m", spread = "even", scale = "50%" }
        [[services.a.load]]
        constant.every = "100ms"
        spikes = [{ at = "1m", for = "5m", ramp = "30s", every = "1h", factor = 3 }]
        [[services.a.load]]
        wave = { mean = "5/s", cycles = [{ amplitude = 0.5, peak = "14h" }, { period = "7d", amplitude = "20%", peak = "1d" }] }
        [[services.a.load]]
        bursty = { low = "1/s", high = "9/s", low_for = "1m", high_for = "5s" }
        [[services.a.load]]
        bursty = { rate = "10/s", dispersion = 9, sojourn = "2s" }
        spikes = [{ at = "0s", for = "5m", added = "3/s" }]
        [[services.a.load]]
        trace = { file = "x y.csv", time = "t", duration = "d", duration_unit = "ms", from = "1m", until = "2h", time_scale = 0.5, shift = "1h", loop = true }
        [services.laws]
        location = "l"
        service_time.mixture = [
          { weight = 9, gamma = { mean = "1ms", shape = 2 } },
          { weight = 1.5, pareto = { alpha = 1.5, min = "1ms", cap = "1m" } },
        ]
        start.boot.weibull = { shape = 0.7, mean = "1s" }
        start.fetch.gamma = { mean = "1ms", cv = 0.5 }
        load = [{ poisson = { rate = "1/s" } }]
        [services.b]
        location = "l"
        service_time.lognormal = { mean = "1ms", cv = 1 }
        pending_timeout.fixed = "5s"
        autoscaler.fixed.instances = 3
        encryption = { key = "k", revocation.action = "prevent_new" }
        load = [{ poisson = { rate = "1/s" } }]
        [keys.k]
        resource = "projects/a.com:p/locations/l/keyRings/r/cryptoKeys/k"
        protection_level = "HSM"
        check.enabled = false
        [quotas.own]
        project = "q"
        location = "l"
        pool = "EXTERNAL"
        limit = "60/min"
        [[timeline]]
        at = "2m"
        key_disable.key = "k"
        for = "1m"
        [[timeline]]
        at = "1m"
        quota_set = { quota = "a.com:p/l/HSM", limit = "5/s" }
    "#;
    lock_round_trip("all", all);
}

#[test]
fn a_lock_has_the_seed_of_the_run_and_the_names_of_its_loads() {
    let overrides = ["services.web.load.0={trace={file=\"a.csv\"}}"];
    let mut checked = checked(GOOD, &overrides).expect("no errors");
    checked.scenario.seed = 42;
    let named = |sha256| [LockedFile { file: "load-0.csv".to_owned(), sha256 }];
    let lock = checked.lock(&named(None));
    assert!(lock.contains("\nseed = 42\n"), "{lock}");
    assert!(lock.contains("file = \"load-0.csv\""), "{lock}");
    assert!(!lock.contains("sha256"), "{lock}");
    let digits = "0123456789abcdef".repeat(4);
    let lock = checked.lock(&named(Some(digits.clone())));
    assert!(lock.contains(&format!("sha256 = \"{digits}\"")), "{lock}");
}

#[test]
fn the_schema_is_sound() {
    let domains = Domain::ALL.map(Domain::name);
    assert_eq!(schema::DOMAINS, domains);
    for row in schema::ROWS.iter().chain(schema::DISTRIBUTION) {
        assert!(!row.meaning.is_empty() && !row.meaning.ends_with('.'), "{}", row.path);
        if let schema::Presence::Default { value, source } = row.presence {
            assert!(toml::de::DeValue::parse(value).is_ok(), "{} = {value}", row.path);
            assert!(!source.is_empty(), "{}", row.path);
        }
    }
}

#[test]
fn thresholds_and_expectations_know_where_they_stand() {
    let asked = "[thresholds]\nfailed_ratio = [\"value < 0.1%\", \"value<1% from 5m until 10m\"]\n\
                 [thresholds.services.web]\nlatency = \"p99 < 800ms\"\n\
                 [[expect]]\nmetric = \"instances_ready\"\nservice = \"web\"\nuntil = \"5m\"\n\
                 is = [\"max == 0\", \"min == 0\"]\n";
    let text = format!("{GOOD}{asked}");
    let checked = checked(&text, &["expect.0.from=1m"]).expect("no errors");
    let scenario = &checked.scenario;
    let said: Vec<String> = scenario
        .thresholds
        .iter()
        .map(|t| format!("{} {} {}{}", checked.location(&t.key), t.metric, t.condition, t.window))
        .collect();
    assert_eq!(
        said,
        [
            "a.toml:14:17 failed_ratio value < 0.1%",
            "a.toml:14:33 failed_ratio value < 1% from 5m until 10m",
            "a.toml:16:11 latency p99 < 800ms",
        ]
    );
    assert_eq!(scenario.thresholds[2].service, Some(crate::ids::ServiceId(0)));
    let said: Vec<String> = scenario
        .expects
        .iter()
        .map(|e| format!("{} {} {}{}", checked.location(&e.key), e.metric, e.condition, e.window))
        .collect();
    assert_eq!(
        said,
        [
            "a.toml:21:7 instances_ready max == 0 from 1m until 5m",
            "a.toml:21:19 instances_ready min == 0 from 1m until 5m",
        ]
    );
}
