//! Instances that are lost: against the formulas of renewal processes, and by hand.

use super::starts::{BASE, Life, Run, run};
use crate::record::{Cause, EndReason};

/// Lives that ended for a reason.
fn ended(run: &Run, reason: EndReason) -> Vec<Life> {
    run.lives.iter().filter(|life| life.reason == reason).copied().collect()
}

/// From ready to the end.
fn ages(lives: &[Life]) -> Vec<f64> {
    lives.iter().filter_map(|life| Some(life.ended? - life.ready?)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Up for an exponential time of mean 60 s, then away for the 5 s of a start: the number of
/// crashes in a long time t is near normal with mean t ÷ μ and variance t σ² ÷ μ³, where μ = 65 s
/// and σ = 60 s are those of a cycle (D. R. Cox, Renewal theory, 1962).
#[test]
fn crashes_by_age_are_a_renewal_process() {
    let t = 200_000.0;
    let run = run(
        BASE,
        &[
            "services.web.autoscaler={fixed={instances=1}}",
            "services.web.crash.age={exponential={mean='60s'}}",
            "duration='200000s'",
        ],
    );
    let crashes = ended(&run, EndReason::Crash);
    let n = crashes.len() as f64;
    let expected = t / 65.0;
    let sd = (t * 60.0 * 60.0 / (65.0 * 65.0 * 65.0_f64)).sqrt();
    assert!((n - expected).abs() < 4.0 * sd, "{n} for {expected} ± {sd}");
    let age = mean(&ages(&crashes));
    assert!((age - 60.0).abs() < 4.0 * 60.0 / n.sqrt(), "mean age {age}");
    // Each is replaced at once: the next is ready five seconds later.
    let next = run.ready();
    for (crash, ready) in crashes.iter().zip(&next[1..]) {
        assert!((ready - crash.ended.expect("an end") - 5.0).abs() < 1e-5);
    }
}

/// Of tries that each crash with probability p, an order needs 1 ÷ (1 - p) on average, and the
/// failed ones of n orders have mean n p ÷ (1 - p) and variance n p ÷ (1 - p)².
#[test]
fn starts_crash_with_their_probability() {
    let (n, p) = (5_000.0_f64, 0.3_f64);
    let run = run(
        BASE,
        &[
            "services.web.max_instances=5000",
            "services.web.autoscaler={fixed={instances=5000}}",
            "services.web.crash.start_probability=30%",
        ],
    );
    let crashes = ended(&run, EndReason::Crash);
    let (expected, sd) = (n * p / (1.0 - p), (n * p).sqrt() / (1.0 - p));
    let failed = crashes.len() as f64;
    assert!((failed - expected).abs() < 4.0 * sd, "{failed} for {expected} ± {sd}");
    assert_eq!(run.ready().len(), 5_000, "all come up in the end");
    for crash in crashes {
        let lasted = crash.ended.expect("an end") - crash.begun;
        assert!(crash.ready.is_none() && (lasted - 5.0).abs() < 1e-5, "{lasted}");
    }
}

/// Four requests on an instance whose memory suffices for three.
#[test]
fn memory_that_runs_out_takes_the_requests_with_it() {
    let overrides = [
        "services.web.concurrency=10",
        "services.web.autoscaler={fixed={instances=1}}",
        "services.web.initial_instances=1",
        "services.web.service_time={constant='100s'}",
        "services.web.load.0={constant={every='1s'}}",
        "services.web.out_of_memory.above=3",
        "duration='9500ms'",
    ];
    let run = run(BASE, &overrides);
    let killed = ended(&run, EndReason::OutOfMemory);
    let first = killed[0].ended.expect("an end");
    // Arrivals come every second; the fourth is too many.
    assert!((first - first.round()).abs() < 1e-6 && (3.0..=4.0).contains(&first), "{first}");
    let aborted = run.requests.aborted;
    // The next instance is ready after five seconds, takes the four that waited, and is lost too.
    assert_eq!((killed.len(), aborted), (2, 4 + 4), "{:?}", run.lives);
    assert_eq!(run.blame[Cause::OutOfMemory as usize], aborted * 1_000_000);
    assert_eq!(run.out_of_memory, 2);
    let plenty =
        super::starts::run(BASE, &[&overrides[..], &["without=['out_of_memory']"]].concat());
    assert_eq!((plenty.requests.aborted, plenty.out_of_memory), (0, 0));
}

/// Four clients who never pause keep an instance above what its memory suffices for: with an
/// exponential time its life is exponential too, whatever dips there are.
#[test]
fn memory_that_is_short_is_a_constant_hazard() {
    let closed = "services.web.load.0={closed_loop={clients=4,think={constant='0s'}}}";
    let overrides = |after: &str| {
        [
            "services.web.concurrency=10".to_owned(),
            "services.web.autoscaler={fixed={instances=1}}".to_owned(),
            "services.web.initial_instances=1".to_owned(),
            "services.web.service_time={uniform={min='1s',max='3s'}}".to_owned(),
            closed.to_owned(),
            "duration='40000s'".to_owned(),
            format!("services.web.out_of_memory={{above=3,after={{{after}}}}}"),
        ]
    };
    let with = |after: &str| {
        let overrides = overrides(after);
        run(BASE, &overrides.each_ref().map(String::as_str))
    };
    let lives = ages(&ended(&with("exponential={mean='30s'}"), EndReason::OutOfMemory));
    let n = lives.len() as f64;
    let (mean, error) = (mean(&lives), 30.0 / n.sqrt());
    assert!(n > 900.0 && (mean - 30.0).abs() < 4.0 * error, "{mean} ± {error}");
    // A fixed time begins anew with each dip, and every second or less some request ends.
    assert_eq!(with("constant='4s'").out_of_memory, 0);
    assert!(with("constant='500ms'").out_of_memory > 100);
}

/// The oldest two of three, with what is on them, and two starts in their place.
#[test]
fn a_crash_of_the_timeline_takes_the_oldest() {
    let run = run(
        BASE,
        &[
            "services.web.autoscaler={fixed={instances=3}}",
            "services.web.start.limits.concurrent=1",
            "services.web.load.0={constant={every='30s'}}",
            "services.web.service_time={constant='29s'}",
            "services.web.routing={oldest={}}",
            "timeline=[{at='100s',instance_crash={service='web',instances=2}}]",
            "duration='115s'",
        ],
    );
    let crashed = ended(&run, EndReason::Crash);
    assert_eq!(crashed.iter().map(|l| l.ready).collect::<Vec<_>>(), [Some(5.0), Some(10.0)]);
    assert!(crashed.iter().all(|life| life.ended == Some(100.0) && life.draining.is_none()));
    assert_eq!(run.ready(), [5.0, 10.0, 15.0, 105.0, 110.0]);
    assert_eq!((run.requests.aborted, run.crashed), (1, 2));
    assert_eq!(run.blame[Cause::Crash as usize], 1_000_000);
}

/// Each instance is stopped after an idle time of its own, even from 100 s to 900 s.
#[test]
fn idle_timeouts_are_drawn_evenly() {
    let run = run(
        BASE,
        &[
            "services.web.max_instances=3000",
            "services.web.initial_instances=3000",
            "services.web.autoscaler={cloud_run={}}",
            "services.web.load=[]",
            "services.web.idle_timeout='900s'",
            "services.web.idle_timeout_min='100s'",
            "duration='1000s'",
        ],
    );
    let idle = ages(&ended(&run, EndReason::Idle));
    assert_eq!(idle.len(), 3_000);
    assert!(idle.iter().all(|t| (100.0..=900.0).contains(t)));
    let n = 3_000.0_f64;
    let off = mean(&idle) - 500.0;
    assert!(off.abs() < 4.0 * 800.0 / 12.0_f64.sqrt() / n.sqrt(), "{off}");
    let early = idle.iter().filter(|&&t| t < 300.0).count() as f64 / n;
    assert!((early - 0.25).abs() < 4.0 * (0.25 * 0.75 / n).sqrt(), "{early}");
}

/// What may happen and does not changes nothing.
#[test]
fn what_does_not_happen_shifts_no_luck() {
    let facts = |more: &[&str]| {
        let base = [
            "services.web.concurrency=4",
            "services.web.autoscaler={cloud_run={}}",
            "services.web.load.0={poisson={rate='20/s'}}",
            "services.web.service_time={exponential={mean='400ms'}}",
            "services.web.start.boot={exponential={mean='3s'}}",
            "services.web.idle_timeout='20s'",
        ];
        let run = run(BASE, &[&base, more].concat());
        format!("{:?} {:?} {:?}", run.lives, run.requests, run.blame)
    };
    let plain = facts(&[]);
    assert_eq!(facts(&["services.web.crash.age={constant='1d'}"]), plain);
    assert_eq!(facts(&["services.web.out_of_memory={above=3,after={constant='1d'}}"]), plain);
    assert_eq!(facts(&["services.web.idle_timeout_min='20s'"]), plain);
    let crash = "services.web.crash={start_probability=0.5,age={constant='9s'}}";
    assert_ne!(facts(&[crash]), plain);
    assert_eq!(facts(&[crash, "without=['crash']"]), plain);
    assert_ne!(facts(&["services.web.idle_timeout_min='1s'"]), plain);
}
