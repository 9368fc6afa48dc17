//! Deploys, traffic and limits that change in place, from the texts of scenarios.

use std::path::Path;

use crate::record::{CallPurpose, ChangeKind, Failure, Record, Recorder};
use crate::scenario::{self, Source};
use crate::units::{SECOND, SimTime};
use crate::world::World;

/// What the tests read: a row a second and revision, and what became of each revision.
#[derive(Debug, Default)]
struct Seen {
    /// Second, revision, arrivals, ready instances, start orders and instances that are not
    /// draining.
    rows: Vec<(u64, String, u64, u32, u32)>,
    /// Revision, whether it was ever ready, why its deploy failed, its share.
    revisions: Vec<(String, bool, Option<Failure>, u32)>,
    encrypts: usize,
    /// Splits of the traffic that were refused: when, and why.
    refusals: Vec<(u64, String)>,
    served: u64,
    failed: u64,
    /// Of the served ones together, in nanoseconds.
    latency: u128,
}

impl Recorder for Seen {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Sample(s) => {
                let [allocating, unlocking, fetching, booting, idle, busy, _] = s.instances;
                let ready = idle + busy;
                let held = allocating + unlocking + fetching + booting + ready + s.backing_off;
                let row =
                    (s.from.0 / SECOND, s.revision.to_owned(), s.requests.arrivals, ready, held);
                self.rows.push(row);
            }
            Record::Revision(r) => {
                self.revisions.push((r.name.to_owned(), r.ready.is_some(), r.failure, r.percent))
            }
            Record::KeyCall(call) => {
                self.encrypts += usize::from(call.purpose == CallPurpose::NewDataKey);
            }
            Record::Total(t) if t.service.is_empty() => {
                (self.served, self.failed) = (t.requests.served, t.requests.failed());
                self.latency = t.latency_sum;
            }
            Record::Change(c) if c.kind == ChangeKind::TrafficRefused => {
                self.refusals.push((c.at.0 / SECOND, c.detail.to_owned()));
            }
            Record::Instance(_)
            | Record::Log(_)
            | Record::Change(_)
            | Record::Block(_)
            | Record::Quota(_)
            | Record::Total(_) => {}
        }
    }
}

impl Seen {
    /// Sums of arrivals of a revision in a stretch of seconds.
    fn arrivals(&self, revision: &str, seconds: std::ops::Range<u64>) -> u64 {
        let of = |r: &&(u64, String, u64, u32, u32)| r.1 == revision && seconds.contains(&r.0);
        self.rows.iter().filter(of).map(|r| r.2).sum()
    }

    /// Ready instances, and instances with start orders, at the end of a second.
    fn instances(&self, revision: &str, second: u64) -> (u32, u32) {
        let row = self.rows.iter().find(|r| r.0 == second && r.1 == revision);
        row.map_or((0, 0), |r| (r.3, r.4))
    }
}

/// Runs a service of 20 requests a second with two warm instances and a key, and these entries of
/// its timeline.
fn run(timeline: &str) -> Seen {
    let text = format!(
        r#"
duration = "600s"
[services.web]
concurrency = 10
min_instances = 2
max_instances = 6
idle_timeout = "30s"
service_time = {{ constant = "100ms" }}
encryption = {{ key = "main" }}
start = {{ allocate = {{ constant = "1s" }}, fetch = {{ constant = "1s" }}, boot = {{ constant = "1s" }} }}
[[services.web.load]]
poisson = {{ rate = "20/s" }}
[keys.main]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
latency = {{ constant = "10ms" }}
propagation = {{ disable = {{ constant = "0s" }} }}
check = {{ enabled = false }}
{timeline}"#
    );
    let folder = Path::new("");
    let source = Source { origin: "test.toml", text: &text, stem: "test", folder };
    let checked = scenario::check(&source, &[], folder)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let length = checked.scenario.duration(&[]);
    let mut world: World = World::new(&checked.scenario, &[], length);
    let mut seen = Seen::default();
    while world.advance(&mut seen).expect("laws hold") {}
    assert_eq!(world.now, SimTime(600 * SECOND));
    world.finish(&mut seen);
    seen
}

fn deploy(more: &str) -> String {
    format!("[[timeline]]\nat = \"100s\"\n[timeline.deploy]\nservice = \"web\"\n{more}\n")
}

/// Each request takes as long as the revision that serves it says, and none waits.
#[test]
fn a_deploy_of_another_service_time_holds_for_what_it_serves() {
    let seen = run(&deploy("set = { concurrency = 100, service_time.constant = \"250ms\" }"));
    let of = |revision: &str| u128::from(seen.arrivals(revision, 0..600));
    let (old, new) = (of("web-00001"), of("web-00002"));
    assert!(old > 1_000 && new > 9_000, "{old} and {new}");
    // The last ones are still in service at the end.
    let under_way = old + new - u128::from(seen.served);
    let millisecond = u128::from(SECOND / 1_000);
    assert_eq!(seen.failed, 0);
    assert_eq!(seen.latency, (old * 100 + (new - under_way) * 250) * millisecond);
}

#[test]
fn a_deploy_takes_traffic_when_its_first_instance_is_ready() {
    let seen = run(&deploy("set = { concurrency = 5 }"));
    // Encrypting takes 10 ms, a start 3.02 s: three phases and two decrypts.
    assert_eq!(seen.arrivals("web-00002", 0..103), 0);
    assert_eq!(seen.arrivals("web-00001", 104..600), 0);
    assert_eq!((seen.encrypts, seen.failed), (1, 0));
    let expected =
        [("web-00001".to_owned(), true, None, 0), ("web-00002".to_owned(), true, None, 100)];
    assert_eq!(seen.revisions, expected);
    // The minimum follows the traffic; what the old revision has expires.
    assert_eq!(seen.instances("web-00001", 99), (2, 2));
    assert_eq!(seen.instances("web-00001", 140), (0, 0));
    assert!(seen.instances("web-00002", 110).0 >= 2);
    // The service's rows are sums.
    let whole: u64 = seen.arrivals("", 0..600);
    let parts = seen.arrivals("web-00001", 0..600) + seen.arrivals("web-00002", 0..600);
    assert_eq!(whole, parts);
}

/// Shares of the arrivals follow the percents within four standard errors.
#[test]
fn a_rollout_goes_step_by_step() {
    let steps = "percent = 10\nrollout = [{ after = \"100s\", percent = 50 }, { after = \"300s\", percent = 100 }]";
    let seen = run(&deploy(steps));
    for (seconds, share) in [(104..203, 0.1), (204..403, 0.5), (404..600, 1.0)] {
        let new = seen.arrivals("web-00002", seconds.clone()) as f64;
        let all = new + seen.arrivals("web-00001", seconds) as f64;
        let error = (share * (1.0_f64 - share) / all).sqrt();
        assert!((new / all - share).abs() <= 4.0 * error, "{new} of {all} for {share}");
    }
}

#[test]
fn a_deploy_with_a_disabled_key_fails_and_the_old_revision_serves_on() {
    let disable = "[[timeline]]\nat = \"50s\"\nkey_disable = { key = \"main\" }\n";
    let seen = run(&format!("{disable}{}", deploy("")));
    let expected = [
        ("web-00001".to_owned(), true, None, 100),
        ("web-00002".to_owned(), false, Some(Failure::KeyDenied), 0),
    ];
    assert_eq!((seen.revisions.as_slice(), seen.failed), (&expected[..], 0));
    assert_eq!((seen.encrypts, seen.arrivals("web-00002", 0..600)), (1, 0));
    assert!((0..600).all(|t| seen.instances("web-00002", t).1 == 0), "nothing is started");
}

#[test]
fn a_deploy_that_is_not_ready_in_time_fails() {
    let seen = run(&deploy("set.start = { boot = { constant = \"300s\" } }"));
    assert_eq!(seen.revisions[1].2, Some(Failure::StartDeadline));
    assert_eq!(seen.arrivals("web-00002", 0..600), 0);
    assert_eq!(seen.instances("web-00002", 200).1, 1);
    assert_eq!(seen.instances("web-00002", 341).1, 0);
}

/// The later of two deploys wins, though the earlier one is ready after it.
#[test]
fn a_slow_deploy_does_not_take_traffic_from_a_younger_one() {
    let slow = deploy("set = { start = { boot = { constant = \"60s\" } } }");
    let fast = deploy("set = { start = { boot = { constant = \"1s\" } } }").replace("100s", "110s");
    let seen = run(&format!("{slow}{fast}"));
    let percents: Vec<u32> = seen.revisions.iter().map(|r| r.3).collect();
    assert_eq!(percents, [0, 0, 100]);
    assert_eq!(seen.arrivals("web-00002", 0..600), 0);
    assert!(seen.revisions[1].1, "it is ready all the same");
}

#[test]
fn traffic_is_split_by_hand_over_ready_revisions_only() {
    let split = |at: &str, percents: &str| {
        format!(
            "[[timeline]]\nat = \"{at}\"\ntraffic_set = {{ service = \"web\", percents = {{ {percents} }} }}\n"
        )
    };
    let back = split("200s", "web-00001 = 100");
    let seen = run(&format!("{}{back}", deploy("")));
    assert_eq!(seen.arrivals("web-00002", 200..600), 0);
    assert_eq!(seen.revisions[0].3, 100);
    // At 101 s the new revision is not ready: the split is refused, the rollout goes on.
    let early = split("101s", "web-00001 = 50, web-00002 = 50");
    let seen = run(&format!("{}{early}", deploy("")));
    assert_eq!(seen.arrivals("web-00001", 104..600), 0);
    assert_eq!(seen.refusals, [(101, "web-00002 is not ready".to_owned())]);
}

#[test]
fn limits_change_in_place() {
    let min = "[[timeline]]\nat = \"100s\"\nuntil = \"300s\"\nmin_instances_set = { service = \"web\", instances = 5 }\n";
    let seen = run(min);
    assert_eq!(seen.instances("", 99), (2, 2));
    assert_eq!(seen.instances("", 110), (5, 5));
    assert_eq!(seen.instances("", 400), (2, 2), "the surplus expires");
    let max =
        "[[timeline]]\nat = \"200s\"\nmax_instances_set = { service = \"web\", instances = 1 }\n";
    let seen = run(&format!("{min}{max}"));
    assert_eq!(seen.instances("", 199), (5, 5));
    assert_eq!(seen.instances("", 200), (1, 1), "what is above the maximum stops");
    assert_eq!(seen.failed, 0, "busy ones finish their requests");
    let manual = "[[timeline]]\nat = \"100s\"\nscaling_mode_set = { service = \"web\", manual = { instances = 8 } }\n";
    let seen = run(manual);
    assert_eq!(seen.instances("", 110), (8, 8), "the maximum of 6 does not count");
    assert_eq!(seen.revisions.len(), 1, "no deploy");
}
