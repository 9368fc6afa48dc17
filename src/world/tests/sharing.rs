//! Requests that share an instance's vCPUs, against theory and against themselves alone.

use std::path::Path;

use super::{agrees, fixed, run, scenario, study};
use crate::distribution::Distribution;
use crate::kernel::{EventList, HeapList, Wheel};
use crate::record::{Record, Recorder, Requests};
use crate::scenario::{self as asked, Source};
use crate::units::SimDuration;
use crate::world::World;

/// M/G/1 with egalitarian sharing at a load of 0.6 has ρ ÷ (1 − ρ) = 1.5 requests in it whatever
/// the law of service (L. Kleinrock, Queueing Systems II, 1976, section 4.4), so that by Little's
/// law the mean time in it is E[S] ÷ (1 − ρ).
#[track_caller]
fn is_insensitive(law: Distribution) {
    let one = SimDuration::from_secs(1);
    assert!(law.mean().0.abs_diff(one.0) < 1_000_000, "a mean of {}", law.mean());
    let mut service = fixed(0.6, 1, 1_000);
    (service.service_time, service.cpu) = (law, Some(1_000));
    let scenario = scenario(service, 500, 8_000);
    agrees(study(&scenario, 16, |seen| seen.in_flight), 1.5);
}

#[test]
fn sharing_is_insensitive_to_exponential_service() {
    is_insensitive(Distribution::Exponential { mean: SimDuration::from_secs(1) });
}

#[test]
fn sharing_is_insensitive_to_constant_service() {
    is_insensitive(Distribution::Constant(SimDuration::from_secs(1)));
}

#[test]
fn sharing_is_insensitive_to_heavy_service() {
    is_insensitive(Distribution::lognormal_mean_cv(SimDuration::from_secs(1), 2.0));
}

/// With two vCPUs it is M/M/2 by the number of requests: at a load of 0.6 each,
/// 2ρ ÷ (1 − ρ²) = 1.875 of them.
#[test]
fn two_vcpus_are_two_servers_by_number() {
    let mut service = fixed(1.2, 1, 1_000);
    (service.cpu, service.vcpus) = (Some(1_000), 2_000);
    agrees(study(&scenario(service, 200, 6_000), 12, |seen| seen.in_flight), 1.875);
}

/// The last row, the total, and every fact as text.
#[derive(Debug, Default)]
struct Seen {
    wanted: u32,
    utilization: Option<f64>,
    requests: Requests,
    latency_sum: u128,
    facts: Vec<String>,
}

impl Recorder for Seen {
    fn record(&mut self, fact: Record<'_>) {
        self.facts.push(format!("{fact:?}"));
        if let Record::Sample(s) = fact {
            self.wanted = s.wanted;
            let running = s.running_time.0 as f64;
            self.utilization = s.cpu_time.map(|used| used.0 as f64 / running);
        } else if let Record::Total(t) = fact
            && t.service.is_empty()
        {
            (self.requests, self.latency_sum) = (t.requests, t.latency_sum);
        }
    }
}

/// Runs a service with these settings, laws checked after every event.
fn play<Q: EventList>(settings: &str) -> Seen {
    let text = format!("duration = \"300s\"\n[services.web]\n{settings}");
    let folder = Path::new("");
    let source = Source { origin: "test.toml", text: &text, stem: "test", folder };
    let checked = asked::check(&source, &[], folder)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let length = checked.scenario.duration(&[]);
    let mut world: World<'_, Q> = World::new(&checked.scenario, &[], length);
    let mut seen = Seen::default();
    run(&mut world, 0, &mut seen);
    seen
}

/// Two instances; requests that time out, that are given up, and whose instance crashes or drains.
const TROUBLE: &str = r#"
service_time = { lognormal = { median = "80ms", p99 = "3s" } }
routing = { least_loaded = {} }
initial_instances = 3
max_instances = 4
request_timeout = "2s"
idle_timeout = "5s"
drain_grace = "1s"
crash = { age = { exponential = { mean = "60s" } } }
autoscaler = { hpa = { metric = "concurrency", target = 3, min_replicas = 1, max_replicas = 4 } }
"#;

const LOAD: &str = "load = [{ wave = { mean = \"25/s\", cycles = [{ period = \"60s\", amplitude = 0.9, peak = \"0s\" }] } }]\n";

/// Some are aborted, and some time out, or are given up before by clients that do.
fn is_in_trouble(requests: &Requests, client: &str) {
    let cut = if client.is_empty() { requests.timed_out } else { requests.abandoned };
    assert!(requests.aborted > 0 && cut > 0, "{requests:?}");
}

/// Where the vCPUs always suffice, sharing them is the same as not: to the nanosecond, for every
/// fact, with timeouts, clients that give up, work that is held, crashes and drains.
#[test]
fn vcpus_that_suffice_change_nothing() {
    for client in [
        "",
        "client = { timeout = \"700ms\" }\n",
        "client = { timeout = \"700ms\", hold_abandoned = true }\n",
    ] {
        let plain =
            play::<Wheel>(&format!("{TROUBLE}{client}concurrency = 1_000\nvcpus = 0.999\n{LOAD}"));
        // A thousand requests would need all of 1 vCPU, and never come.
        let shared =
            format!("{TROUBLE}{client}concurrency = 1_000\ncpu = 0.001\nvcpus = 0.999\n{LOAD}");
        let shared = play::<Wheel>(&shared);
        is_in_trouble(&plain.requests, client);
        assert_eq!((plain.requests, plain.latency_sum), (shared.requests, shared.latency_sum));
        let without_cpu = |facts: Vec<String>| -> Vec<String> {
            facts.into_iter().map(|f| f.split("cpu_time").next().unwrap_or("").to_owned()).collect()
        };
        assert!(without_cpu(plain.facts) == without_cpu(shared.facts), "facts differ");
    }
}

/// Where they do not, every law holds after every event, and the event list changes nothing.
#[test]
fn laws_hold_where_vcpus_are_short() {
    for client in [
        "",
        "client = { timeout = \"700ms\" }\n",
        "client = { timeout = \"700ms\", hold_abandoned = true, retries = { attempts = 2 } }\n",
    ] {
        let settings = format!("{TROUBLE}{client}concurrency = 12\ncpu = 0.25\n{LOAD}");
        let (wheel, heap) = (play::<Wheel>(&settings), play::<HeapList>(&settings));
        assert!(wheel.facts == heap.facts, "the event list matters");
        let alone = play::<Wheel>(&format!("{TROUBLE}{client}concurrency = 12\n{LOAD}"));
        let mean = |seen: &Seen| seen.latency_sum / u128::from(seen.requests.served);
        assert!(mean(&wheel) > mean(&alone), "sharing slows them");
        is_in_trouble(&wheel.requests, client);
    }
}

/// 40 requests a second take half a vCPU for 100 ms: two vCPUs in all, on four instances half of
/// each. At a target of 60 % Cloud Run's CPU driver wants 2 ÷ 0.6, four; the horizontal pod
/// autoscaler at one of 50 % four as well, from two instances that are wholly busy.
#[test]
fn cpu_in_use_drives_autoscalers() {
    let check = |autoscaler: &str, initial: u32| {
        let settings = format!(
            "service_time.constant = '100ms'\ncpu = 0.5\nconcurrency = 80\nrouting.least_loaded = {{}}\n\
             initial_instances = {initial}\nload = [{{ constant = {{ rate = '40/s' }} }}]\n\
             autoscaler.{autoscaler}\n"
        );
        let seen = play::<Wheel>(&settings);
        assert_eq!((seen.wanted, seen.requests.failed()), (4, 0), "{autoscaler}");
        let used = seen.utilization.expect("it is measured");
        assert!((used - 0.5).abs() < 1e-6, "{autoscaler}: {used}");
    };
    check("cloud_run = { concurrency_target = 'disabled' }", 4);
    check("hpa = { metric = 'cpu', target = 50, min_replicas = 1, max_replicas = 10 }", 2);
}

/// What no request takes is not measured, and drives nothing.
#[test]
fn without_cpu_nothing_is_measured() {
    let settings = format!("service_time.constant = '100ms'\ninitial_instances = 1\n{LOAD}");
    assert_eq!(play::<Wheel>(&settings).utilization, None);
}
