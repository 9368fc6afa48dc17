//! Causes that are switched off: what remains is the run in which they never came to be.

use std::path::Path;

use super::super::*;
use crate::record::{Cause, Record, Recorder, Requests};
use crate::scenario::{self, Override, Source, Without};

/// A ramp that needs more instances than there are, with a key whose calls take as long as ever,
/// so that a start draws the same whether they are made or not.
const BASE: &str = r#"
duration = "20m"
[services.web]
concurrency = 4
min_instances = 2
max_instances = 12
service_time = { constant = "400ms" }
pending_timeout = { fixed = "8s" }
encryption = { key = "main", revocation = { waiting_period = "2m" } }
[[services.web.load]]
profile = { join = "lines", points = [{ at = "0s", rate = "10/s" }, { at = "15m", rate = "160/s" }] }
[keys.main]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
protection_level = "EXTERNAL"
external_manager = "vault"
latency = { constant = "5ms" }
check = { interval = "100s", jitter = 0 }
propagation.disable = { constant = "0s" }
[external_managers.vault]
latency = { constant = "20ms" }
"#;

/// What a run came to.
#[derive(Debug, Default, PartialEq)]
struct Came {
    requests: Requests,
    residence: u128,
    instance_time: u128,
    ready: u64,
    blame: [u64; Cause::COUNT],
}

impl Recorder for Came {
    fn record(&mut self, fact: Record<'_>) {
        if let Record::Total(total) = fact
            && total.service.is_empty()
        {
            *self = Self {
                requests: total.requests,
                residence: total.latency_sum,
                instance_time: total.instance_time,
                ready: total.starts.ready,
                blame: total.blame,
            };
        }
    }
}

fn run(overrides: &[&str]) -> Came {
    let folder = Path::new("");
    let overrides: Vec<Override> =
        overrides.iter().map(|o| o.parse().expect("KEY=VALUE")).collect();
    let source = Source { origin: "a.toml", text: BASE, stem: "a", folder };
    let checked = scenario::check(&source, &overrides, folder).expect("a good scenario");
    let length = checked.scenario.duration(&[]);
    let mut world: World = World::new(&checked.scenario, &[], length);
    let mut came = Came::default();
    while world.advance(&mut came).expect("laws hold") {}
    world.finish(&mut came);
    came
}

/// A run without a cause is the run of the scenario in which nothing gives rise to it, to the
/// last nanosecond; and with everything on, the cause cost something.
#[test]
fn what_remains_is_what_the_cause_did_not_cost() {
    let outage = "timeline=[{at='5m',until='12m',external_outage={manager='vault'}}]";
    let refusal = "timeline=[{at='5m',until='12m',external_outage={manager='vault',domain='DNS'}}]";
    let disabled = "timeline=[{at='5m',until='12m',key_disable={key='main'}}]";
    let flaky = "timeline=[{at='5m',until='12m',external_brownout={manager='vault',\
                 latency_factor=1,error_share=1}}]";
    let quota = "timeline=[{at='2m',quota_set={quota='p/us-central1/EXTERNAL',limit='0/s'}}]";
    let cases: [(Cause, &[&str], &[&str]); 6] = [
        (Cause::KeyOutage, &[outage], &[]),
        (Cause::KeyOutage, &[flaky], &[]),
        (Cause::KeyDenied, &[refusal], &[]),
        (Cause::KeyDenied, &[disabled], &[]),
        (Cause::KeyQuota, &[quota], &[]),
        (Cause::MaxInstances, &[], &["services.web.max_instances=100000"]),
    ];
    for (cause, with, never) in cases {
        let off = format!("without=['{}']", cause.name());
        let without: Vec<&str> = with.iter().copied().chain([off.as_str()]).collect();
        let remains = run(&without);
        assert_eq!(remains, run(never), "{cause:?} of {with:?}");
        assert_eq!(remains.blame[cause as usize], 0, "{cause:?}");
        assert!(run(with).blame[cause as usize] > 0, "{cause:?} of {with:?} costs nothing");
    }
}

/// Starts that never come in time begin anew at once, and the whole wait is that of starting.
#[test]
fn without_back_off_there_is_always_a_start_under_way() {
    let slow = "services.web.start.boot={constant='300s'}";
    assert!(run(&[slow]).blame[Cause::StartBackoff as usize] > 0);
    let remains = run(&[slow, "without=['start_backoff']"]);
    assert_eq!(remains.blame[Cause::StartBackoff as usize], 0);
    assert!(remains.blame[Cause::Starting as usize] > 0);
}

/// Starts without length are those of a scenario in which all phases and the key take no time.
#[test]
fn without_starts_everyone_is_served_at_once() {
    let zero = "{constant='0s'}";
    let start = ["allocate", "fetch", "boot"].map(|p| format!("services.web.start.{p}={zero}"));
    let key =
        ["keys.main.latency", "external_managers.vault.latency"].map(|k| format!("{k}={zero}"));
    let max = "services.web.max_instances=1000".to_owned();
    let all: Vec<&str> = start.iter().chain(&key).chain([&max]).map(String::as_str).collect();
    let without = run(&["without=['starting']", &max]);
    assert_eq!(without, run(&all));
    assert_eq!(without.requests.failed(), 0);
}

/// Every cause that can be switched off is one of those that are told.
#[test]
fn causes_have_the_names_of_summaries() {
    for name in Without::CAUSES {
        assert!(Cause::ALL.iter().any(|cause| cause.name() == name), "{name}");
    }
}
