//! External managers in the world: outages that are drawn or flap, and what the managers say.

use std::path::Path;

use super::super::*;
use crate::record::{BlockKind, CallOutcome, Record, Recorder};
use crate::scenario::{self, Domain, Override, Source};

/// A service that is almost idle, with an external key that is checked every 10 s and hardly asked
/// otherwise.
const BASE: &str = r#"
duration = "10m"
[services.web]
initial_instances = 1
min_instances = 1
service_time = { constant = "100ms" }
encryption = { key = "main", revocation = { action = "prevent_new", external_follows_action = true } }
[[services.web.load]]
poisson = { rate = "0.001/s" }
[keys.main]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
check = { interval = "10s", jitter = 0 }
protection_level = "EXTERNAL"
external_manager = "vault"
[external_managers.vault]
latency = { constant = "10ms" }
"#;

/// Blocks as kind, from and until; and key calls as begin, outcome, domain and message.
#[derive(Default)]
struct Run {
    blocks: Vec<(BlockKind, f64, Option<f64>)>,
    calls: Vec<(f64, CallOutcome, Option<Domain>, String)>,
}

impl Recorder for Run {
    fn record(&mut self, fact: Record<'_>) {
        let seconds = |at: SimTime| at.0 as f64 / 1e9;
        if let Record::Block(b) = fact {
            self.blocks.push((b.kind, seconds(b.from), b.until.map(seconds)));
        }
        if let Record::KeyCall(c) = fact {
            let message = c.message.to_owned();
            self.calls.push((seconds(c.begun), c.outcome, c.domain, message));
        }
    }
}

fn run(overrides: &[&str]) -> Run {
    let folder = Path::new("");
    let overrides: Vec<Override> =
        overrides.iter().map(|o| o.parse().expect("KEY=VALUE")).collect();
    let source = Source { origin: "a.toml", text: BASE, stem: "a", folder };
    let checked = match scenario::check(&source, &overrides, folder) {
        Ok(checked) => checked,
        Err(problems) => panic!("{}", problems.render(false)),
    };
    let length = checked.scenario.duration(&[]);
    let mut world: World = World::new(&checked.scenario, &[], length);
    let mut run = Run::default();
    while world.advance(&mut run).expect("laws hold") {}
    world.finish(&mut run);
    run
}

/// A renewal process is up for MTTF ÷ (MTTF + MTTR) of the time. Over time T the variance of the
/// share is, for large T, (MTTR² σf² + MTTF² σr²) ÷ (MTTF + MTTR)³ ÷ T (Cox, Renewal Theory).
#[test]
fn drawn_outages_leave_the_availability_of_a_renewal_process() {
    for (failure, repair, mttf, sf, mttr, sr) in [
        ("exponential={mean='600s'}", "exponential={mean='200s'}", 600.0, 600.0, 200.0, 200.0),
        ("constant='300s'", "uniform={min='0s',max='200s'}", 300.0, 0.0, 100.0, 57.735),
    ] {
        let outages = format!(
            "external_managers.vault.outages={{time_to_failure={{{failure}}},\
             time_to_repair={{{repair}}}}}"
        );
        let run = run(&[&outages, "duration='20d'", "keys.main.check.enabled=false"]);
        let length = 20.0 * 86_400.0;
        let away: f64 = run.blocks.iter().map(|b| b.2.unwrap_or(length) - b.1).sum();
        assert!(run.blocks.iter().all(|b| b.0 == BlockKind::OutageRetryable));
        let cycle: f64 = mttf + mttr;
        let variance =
            (mttr * mttr * sf * sf + mttf * mttf * sr * sr) / (cycle * cycle * cycle) / length;
        let availability = 1.0 - away / length;
        let off = availability - mttf / cycle;
        assert!(off.abs() < 4.0 * variance.sqrt(), "{availability} is not {}", mttf / cycle);
    }
}

#[test]
fn a_flapping_manager_is_away_and_back_in_turns() {
    let run = run(&["timeline=[{at='1m',until='3m',external_outage={manager='vault',\
                     flapping={down='20s',up='30s'}}}]"]);
    let outage = BlockKind::OutageRetryable;
    let away = [(60.0, 80.0), (110.0, 130.0), (160.0, 180.0)];
    assert_eq!(run.blocks, away.map(|(from, until)| (outage, from, Some(until))));
    for &(begun, outcome, ..) in &run.calls {
        let lost = away.iter().any(|&(from, until)| begun >= from && begun < until - 0.5);
        let found = away.iter().all(|&(from, until)| begun + 0.5 < from || begun >= until);
        assert!(!lost || outcome == CallOutcome::Timeout, "at {begun} s: {outcome:?}");
        assert!(!found || outcome == CallOutcome::Ok, "at {begun} s: {outcome:?}");
    }
}

/// Whose words are passed on: the timeline's outage, else the manager's own, else the domain.
#[test]
fn what_the_manager_says_is_in_the_facts() {
    let said = |overrides: &[&str], from: f64, until: f64| {
        let run = run(overrides);
        let within =
            |call: &&(f64, CallOutcome, Option<Domain>, String)| call.0 >= from && call.0 < until;
        let mut said: Vec<String> =
            run.calls.iter().filter(within).map(|call| call.3.clone()).collect();
        said.dedup();
        said
    };
    let text = |text: &str| [text.to_owned()];
    let outage = "timeline=[{at='1m',for='1m',external_outage={manager='vault',domain='DNS',\
                  message='no such host'}}]";
    assert_eq!(said(&[outage], 60.0, 119.0), text("no such host"));
    assert_eq!(said(&[outage], 0.0, 59.0), text(""));
    let drawn = "external_managers.vault.outages={time_to_failure={constant='1m'},\
                 time_to_repair={constant='2m'},message='in maintenance'}";
    assert_eq!(said(&[drawn], 121.0, 179.0), text("in maintenance"));
    assert_eq!(said(&[drawn, outage], 60.0, 119.0), text("no such host"));
    assert_eq!(said(&[drawn, outage], 121.0, 179.0), text("in maintenance"));
    let slow = "timeline=[{at='1m',for='1m',external_brownout={manager='vault',\
                latency_factor=100}}]";
    assert_eq!(said(&[slow], 60.0, 119.0), text("TIMEOUT"));
    let ill = "timeline=[{at='1m',for='1m',external_brownout={manager='vault',error_share=1,\
               message='internal error'}}]";
    assert_eq!(said(&[ill], 60.0, 119.0), text("internal error"));
}
