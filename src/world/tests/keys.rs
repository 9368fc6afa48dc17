//! Keys in the world: scenarios as text, run with every law checked, and what their facts say.

use std::path::Path;

use super::super::*;
use crate::record::{
    CallOutcome, CallPurpose, ChangeKind, Denial, EndReason, Record, Recorder, Total,
};
use crate::scenario::{self, Override, Source};

/// A service with three instances from the start and a key whose changes have effect at once, but
/// for the disable, which takes 10 s; checks come every 100 s.
const BASE: &str = r#"
duration = "30m"
[services.web]
concurrency = 10
initial_instances = 3
min_instances = 3
max_instances = 10
service_time = { constant = "100ms" }
encryption = { key = "main", revocation = { waiting_period = "5m" } }
[[services.web.load]]
poisson = { rate = "5/s" }
[keys.main]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
check = { interval = "100s", jitter = 0 }
propagation.disable = { constant = "10s" }
propagation.permission = { constant = "20s" }
"#;

/// The same with an external manager.
const EXTERNAL: &str = r#"
protection_level = "EXTERNAL"
external_manager = "vault"
[external_managers.vault]
"#;

/// A key call that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub at: f64,
    pub version: u32,
    pub purpose: CallPurpose,
    pub outcome: CallOutcome,
    pub denial: Option<Denial>,
    pub attempt: u32,
}

/// What a run stated.
#[derive(Debug, Default)]
pub struct Run {
    pub zero: SimTime,
    pub changes: Vec<(f64, ChangeKind, Option<u32>)>,
    pub calls: Vec<Call>,
    /// Ends of instances with their reasons.
    pub ends: Vec<(f64, EndReason)>,
    /// Instances ready, sample by sample.
    pub ready: Vec<u32>,
    /// Lines of the log.
    pub said: Vec<(f64, String)>,
    pub revoked: u64,
    pub detected: Option<f64>,
    pub unreachable: Option<f64>,
}

impl Run {
    fn since(&self, at: SimTime) -> f64 {
        at.0 as f64 / 1e9 - self.zero.0 as f64 / 1e9
    }

    fn total(&mut self, total: &Total<'_>) {
        self.revoked = total.revoked;
        self.detected = total.revocation_detected.map(|at| self.since(at));
        self.unreachable = total.data_unreachable.map(|at| self.since(at));
    }

    /// When something changed, every time.
    pub fn when(&self, kind: ChangeKind) -> Vec<f64> {
        self.changes.iter().filter(|c| c.1 == kind).map(|c| c.0).collect()
    }

    /// Calls of a check answered within a time.
    pub fn checks(&self, from: f64, until: f64) -> Vec<&Call> {
        let is_check =
            |c: &&Call| matches!(c.purpose, CallPurpose::CheckEncrypt | CallPurpose::CheckDecrypt);
        self.calls.iter().filter(|c| c.at >= from && c.at < until).filter(is_check).collect()
    }
}

impl Recorder for Run {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Change(c) => self.changes.push((self.since(c.at), c.kind, c.version)),
            Record::KeyCall(c) => self.calls.push(Call {
                at: self.since(c.answered),
                version: c.version,
                purpose: c.purpose,
                outcome: c.outcome,
                denial: c.denial,
                attempt: c.attempt,
            }),
            Record::Instance(i) => {
                if let Some(ended) = i.ended {
                    self.ends.push((self.since(ended), i.reason));
                }
            }
            Record::Sample(s) if s.revision.is_empty() => self.ready.push(
                s.instances[crate::record::Phase::Idle as usize]
                    + s.instances[crate::record::Phase::Busy as usize],
            ),
            Record::Total(total) if total.service.is_empty() => self.total(total),
            Record::Log(log) => self.said.push((self.since(log.at), log.text())),
            Record::Quota(_)
            | Record::Sample(_)
            | Record::Total(_)
            | Record::Block(_)
            | Record::Revision(_) => {}
        }
    }
}

/// Runs a scenario to its end.
pub fn run(text: &str, overrides: &[&str]) -> Run {
    let folder = Path::new("");
    let overrides: Vec<Override> =
        overrides.iter().map(|o| o.parse().expect("KEY=VALUE")).collect();
    let source = Source { origin: "a.toml", text, stem: "a", folder };
    let checked = match scenario::check(&source, &overrides, folder) {
        Ok(checked) => checked,
        Err(problems) => panic!("{}", problems.render(false)),
    };
    let length = checked.scenario.duration(&[]);
    let mut world: World = World::new(&checked.scenario, &[], length);
    let mut run = Run { zero: SimTime::ZERO + checked.scenario.warm_up, ..Run::default() };
    while world.advance(&mut run).expect("laws hold") {}
    world.finish(&mut run);
    run
}

/// The same with a timeline.
fn timeline(text: &str, entries: &[&str], overrides: &[&str]) -> Run {
    let list = format!("timeline=[{}]", entries.join(","));
    let overrides: Vec<&str> = overrides.iter().copied().chain([list.as_str()]).collect();
    run(text, &overrides)
}

#[test]
fn a_disable_is_detected_by_a_check_and_ends_in_a_shutdown() {
    let run = timeline(BASE, &["{at='5m',key_disable={key='main'}}"], &[]);
    assert_eq!(run.when(ChangeKind::DisableOrdered), [300.0]);
    assert_eq!(run.when(ChangeKind::Disabled), [310.0]);
    let detected = run.detected.expect("a check comes every 100 s");
    assert!(detected > 310.0 && detected < 411.0, "{detected}");
    let unreachable = run.unreachable.expect("all were stopped");
    let stopped = run.ends.iter().filter(|e| e.1 == EndReason::Revoked && e.0 <= unreachable);
    assert_eq!((stopped.count(), run.revoked), (3, 3));
    // Five minutes after the detection, and a request's time at most.
    assert!((unreachable - detected - 300.0).abs() < 0.11, "{detected} to {unreachable}");
    // What was lost is ordered again, denied, and detected anew; there is nothing left to stop.
    assert!(run.ends.iter().any(|e| e.0 > unreachable && e.1 == EndReason::KeyDenied));
    assert!(run.when(ChangeKind::ClockStarted).len() >= 2);
}

/// Starts that are denied, and stopped for that, at once do not hold time up.
#[test]
fn time_goes_on_though_nothing_waits() {
    let at_once = [
        "duration=2s",
        "services.web.initial_instances=0",
        "services.web.encryption.revocation.waiting_period=0s",
        "services.web.start.allocate={constant='0s'}",
        "keys.main.latency={constant='0s'}",
        "keys.main.propagation.disable={constant='0s'}",
    ];
    let run = timeline(BASE, &["{at='0s',key_disable={key='main'}}"], &at_once);
    let denied = run.ends.iter().filter(|e| e.1 == EndReason::KeyDenied).count();
    // Three are wanted, and ordered anew a millisecond after the first of them is denied. An order
    // draws its back-off from a second: of 6,000 some 6 ± 2.4 come again in their millisecond.
    assert!((6_000..=6_016).contains(&denied), "{denied}");
}

#[test]
fn only_the_next_success_stops_a_clock_and_the_next_detection_starts_from_zero() {
    let entries =
        ["{at='5m',until='8m',key_disable={key='main'}}", "{at='11m',key_disable={key='main'}}"];
    let result = timeline(BASE, &entries, &[]);
    let (started, stopped) =
        (result.when(ChangeKind::ClockStarted), result.when(ChangeKind::ClockStopped));
    assert!(stopped[0] >= 480.0 && stopped[0] < 581.0, "the check after the enable: {stopped:?}");
    let over = result.when(ChangeKind::WaitingPeriodOver);
    assert!(started[1] > 670.0 && (over[0] - started[1] - 300.0).abs() < 1e-6, "{over:?}");
    // A clock that nothing stops shuts down though the key works again.
    let never = "services.web.encryption.revocation.clock_stops_on=never";
    let result = timeline(BASE, &entries[..1], &[never]);
    assert_eq!((result.revoked, result.when(ChangeKind::ClockStopped).len()), (3, 0));
    assert!(*result.ready.last().expect("a sample") == 3, "the key works: they start again");
}

#[test]
fn prevent_new_starts_no_clock_but_for_a_failure_of_the_manager() {
    let prevent = "services.web.encryption.revocation.action=prevent_new";
    let follow = "services.web.encryption.revocation.external_follows_action=true";
    let external = format!("{BASE}{EXTERNAL}");
    let outage = |domain: &str| {
        format!("{{at='5m',for='20m',external_outage={{manager='vault',domain='{domain}'}}}}")
    };
    let check = |run: Run, detects: bool, clocks: bool, what: &str| {
        assert_eq!(run.detected.is_some(), detects, "{what}");
        assert_eq!(!run.when(ChangeKind::ClockStarted).is_empty(), clocks, "{what}");
        assert_eq!(run.revoked > 0, clocks, "{what}");
    };
    let disable = "{at='5m',key_disable={key='main'}}";
    check(timeline(BASE, &[disable], &[prevent]), true, false, "disable");
    let revoke = "{at='5m',permission_revoke={key='main'}}";
    check(timeline(BASE, &[revoke], &[prevent]), true, false, "permission");
    check(timeline(BASE, &[revoke], &[]), true, true, "permission, shut down");
    let run = timeline(&external, &[&outage("EXTERNAL_NOT_FOUND")], &[prevent]);
    check(run, true, true, "not found");
    let run = timeline(&external, &[&outage("EXTERNAL_NOT_FOUND")], &[prevent, follow]);
    check(run, true, false, "not found, obeying");
    let run = timeline(&external, &[&outage("UNREACHABLE_NETWORK")], &[]);
    check(run, false, false, "unreachable");
    let quota = "{at='5m',quota_set={quota='p/us-central1/EXTERNAL',limit='0/s'}}";
    check(timeline(&external, &[quota], &[]), false, false, "quota");
}

/// Checks use the primary version, so a disabled old version is found by failed starts alone; it
/// stops what is bound to it, and a success of the new one does not help.
#[test]
fn a_disabled_old_version_is_found_by_failed_starts() {
    let entries = [
        "{at='2m',key_rotate={key='main'}}",
        "{at='5m',key_disable={key='main',version=1}}",
        "{at='10m',for='2m',load_step={service='web',factor=100}}",
    ];
    let run = timeline(BASE, &entries, &[]);
    assert_eq!(run.when(ChangeKind::VersionCreated), [120.0]);
    assert_eq!(run.when(ChangeKind::PrimaryChanged), [130.0]);
    assert!(run.checks(130.0, 1e9).iter().all(|c| c.version == 2));
    assert!(run.checks(0.0, 1e9).iter().all(|c| c.outcome == CallOutcome::Ok));
    let detected = run.detected.expect("starts fail in the burst");
    assert!(detected > 600.0 && detected < 720.0, "{detected}");
    let denied = run.calls.iter().find(|c| c.outcome == CallOutcome::Denied).expect("a denial");
    assert_eq!((denied.version, denied.denial), (1, Some(Denial::Disabled)));
    assert!(run.revoked >= 3 && run.when(ChangeKind::ClockStopped).is_empty());
    let quiet = timeline(BASE, &entries[..2], &[]);
    assert_eq!((quiet.detected, quiet.revoked), (None, 0), "nothing started, nobody noticed");
    // A disabled new version hurts no revision of the old one.
    let entries = [entries[0], "{at='5m',key_disable={key='main',version=2}}"];
    let run = timeline(BASE, &entries, &[]);
    assert!(run.checks(311.0, 1e9).iter().all(|c| c.denial == Some(Denial::Disabled)));
    assert_eq!((run.detected, run.revoked), (None, 0));
}

#[test]
fn a_scheduled_destruction_is_unusable_at_once_and_restored_to_disabled() {
    let entries = [
        "{at='5m',key_schedule_destruction={key='main'}}",
        "{at='8m',key_restore={key='main'}}",
        "{at='11m',key_enable={key='main'}}",
    ];
    let patient = "services.web.encryption.revocation.waiting_period=1h";
    let run = timeline(BASE, &entries, &[patient]);
    let denials = |from: f64, until: f64| {
        let mut found: Vec<Option<Denial>> =
            run.checks(from, until).iter().map(|c| c.denial).collect();
        found.dedup();
        found
    };
    assert_eq!(denials(0.0, 300.0), [None]);
    assert_eq!(denials(300.0, 480.0), [Some(Denial::DestroyScheduled)]);
    assert_eq!(denials(480.0, 660.0), [Some(Denial::Disabled)]);
    assert_eq!(denials(661.0, 1e9), [None]);
    let late = timeline(BASE, &entries[..1], &["keys.main.destroy_scheduled_duration=10m"]);
    assert_eq!(late.when(ChangeKind::DestructionScheduled), [300.0]);
    assert_eq!(late.when(ChangeKind::Destroyed), [900.0]);
    let last = late.calls.last().expect("a check").denial;
    assert_eq!(last, Some(Denial::Destroyed));
    let run = timeline(BASE, &[], &["keys.main.versions=['DESTROYED','DISABLED']"]);
    assert!(run.calls.iter().all(|c| c.version == 2 && c.denial == Some(Denial::Disabled)));
}

/// The grant that returns does not bring a latched version back; an enable does.
#[test]
fn a_denied_access_latches_the_version() {
    let external = format!("{BASE}{EXTERNAL}");
    let outage = "{at='5m',for='3m',external_outage={manager='vault',\
                  domain='EXTERNAL_PERMISSION_DENIED'}}";
    let latched = timeline(&external, &[outage], &[]);
    assert_eq!(latched.when(ChangeKind::Latched).len(), 1);
    let after: Vec<_> = latched.checks(480.0, 1e9).iter().map(|c| c.denial).collect();
    assert!(after.len() > 10 && after.iter().all(|d| *d == Some(Denial::Disabled)), "{after:?}");
    assert!(latched.revoked > 0);
    let enabled = timeline(&external, &[outage, "{at='9m',key_enable={key='main'}}"], &[]);
    assert!(enabled.checks(541.0, 1e9).iter().all(|c| c.outcome == CallOutcome::Ok));
    assert_eq!(enabled.revoked, 0);
    // The enable alone does no more than the grant alone: the next call is denied and latches.
    let early = timeline(&external, &[outage, "{at='7m',key_enable={key='main'}}"], &[]);
    assert_eq!(early.when(ChangeKind::Enabled), [420.0]);
    assert_eq!(early.when(ChangeKind::Latched).len(), 2);
    let after = early.checks(480.0, 1e9);
    assert!(after.len() > 10 && after.iter().all(|c| c.denial == Some(Denial::Disabled)));
}

/// A failure that may pass is told once a call; a refusal that ends the same call is told too.
#[test]
fn a_refusal_after_retries_is_told() {
    let external = format!("{BASE}{EXTERNAL}");
    let entries = [
        "{at='5m',for='30s',external_outage={manager='vault',message='away'}}",
        "{at='330s',for='2m',external_outage={manager='vault',domain='DNS',message='refused'}}",
    ];
    let text = external.replace("[keys.main]", "[keys.main]\nretry.total = \"2m\"");
    let cold = [
        "services.web.min_instances=1",
        "services.web.initial_instances=1",
        "services.web.concurrency=1",
        "services.web.idle_timeout=1s",
        "keys.main.check.enabled=false",
    ];
    let run = timeline(&text, &entries, &cold);
    let told = |what: &str| run.said.iter().filter(|(_, text)| text == what).count();
    let retried = |c: &&Call| c.attempt > 1 && c.denial == Some(Denial::External);
    let refused_late = run.calls.iter().filter(retried).count();
    assert!(refused_late > 0, "no call was refused after a retry");
    let refused = run.calls.iter().filter(|c| c.denial == Some(Denial::External)).count();
    assert_eq!(told("refused"), refused);
    let away = |c: &&Call| c.attempt == 1 && c.denial.is_none() && c.outcome != CallOutcome::Ok;
    assert_eq!(told("away"), run.calls.iter().filter(away).count());
}

/// The last order about a permission holds, whichever arrives last.
#[test]
fn a_permission_comes_and_goes_with_its_propagation() {
    let entries = ["{at='5m',until='9m',permission_revoke={key='main'}}"];
    let run = timeline(BASE, &entries, &[]);
    assert_eq!(run.when(ChangeKind::PermissionRevokeOrdered), [300.0]);
    assert_eq!(run.when(ChangeKind::PermissionRevoked), [320.0]);
    assert_eq!(run.when(ChangeKind::PermissionGrantOrdered), [540.0]);
    assert_eq!(run.when(ChangeKind::PermissionGranted), [560.0]);
    let denials: Vec<_> = run.checks(320.0, 560.0).iter().map(|c| c.denial).collect();
    assert!(denials.len() >= 4 && denials.iter().all(|d| *d == Some(Denial::Permission)));
    assert!(run.checks(560.0, 1e9).iter().all(|c| c.outcome == CallOutcome::Ok));
}

/// Attempts of a call that always fails, counted from the instants at which they may begin: every
/// 1 s of wait after 315 ms (15 ms of the platform, two calls of 150 ms), up to a minute.
#[test]
fn retries_end_when_their_time_or_number_is_spent() {
    let external = format!("{BASE}{EXTERNAL}");
    let outage = "{at='0s',for='30m',external_outage={manager='vault',domain='TIMEOUT'}}";
    let cold = ["services.web.initial_instances=0", "services.web.max_instances=3"];
    let most = |extra: &[&str]| {
        let overrides: Vec<&str> = cold.iter().chain(extra).copied().collect();
        let run = timeline(&external, &[outage], &overrides);
        run.calls.iter().map(|c| c.attempt).max().expect("calls")
    };
    let fixed = ["keys.main.retry.policy=fixed", "keys.main.retry.initial=1s"];
    assert_eq!(most(&fixed), 1 + (60.0_f64 / 1.315) as u32);
    assert_eq!(most(&[fixed[0], fixed[1], "keys.main.retry.attempts=7"]), 7);
    assert_eq!(most(&["keys.main.retry.policy=none"]), 1);
    // Waits of 1, 2, 4, 8, 16 s: the seventh attempt would begin at 6 × 0.315 + 63 s.
    let growing = ["keys.main.retry.policy=exponential", "keys.main.retry.multiplier=2", fixed[1]];
    assert_eq!(most(&growing), 6);
}

/// gRPC A6: of ten tokens four failures leave more than half, the fifth does not; nothing gives
/// any back. A breaker lets its failures through, then one try each time that it has been open.
#[test]
fn a_budget_and_a_breaker_hold_for_all_starts_together() {
    let external = format!("{BASE}{EXTERNAL}");
    let outage = "{at='0s',for='30m',external_outage={manager='vault',domain='TIMEOUT'}}";
    let cold = ["services.web.initial_instances=0", "keys.main.check.enabled=false"];
    let run = timeline(&external, &[outage], &[cold[0], cold[1], "keys.main.retry.budget={}"]);
    assert_eq!(run.calls.iter().filter(|c| c.attempt > 1).count(), 4);
    let breaker = "keys.main.retry.breaker={failures=3,open_for='60s'}";
    let one = "services.web.max_instances=1";
    let small = ["services.web.min_instances=1", one];
    let run = timeline(&external, &[outage], &[cold[0], cold[1], breaker, small[0], small[1]]);
    let calls: Vec<f64> = run.calls.iter().map(|c| c.at).collect();
    assert!(calls.len() > 15 && calls.len() <= 3 + 30, "{}", calls.len());
    assert!(calls[2..].windows(2).all(|pair| pair[1] - pair[0] >= 60.0), "{calls:?}");
}

/// A failure that may pass and does not becomes one that does not pass.
#[test]
fn a_long_outage_may_escalate() {
    let external = format!("{BASE}{EXTERNAL}");
    let outage = "{at='5m',for='25m',external_outage={manager='vault',domain='TIMEOUT'}}";
    let run = timeline(&external, &[outage], &["keys.main.retry.escalates_after=10m"]);
    let first = run.calls.iter().find(|c| c.outcome == CallOutcome::Timeout).expect("one").at;
    let detected = run.detected.expect("the checks go on");
    assert!(detected - first >= 600.0 && detected - first < 701.0, "{first} to {detected}");
    assert_eq!(run.revoked, 3);
}
