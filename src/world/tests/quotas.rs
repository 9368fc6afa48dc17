//! Quotas in the world: against closed forms, and against a second count from the facts of a run.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::*;
use crate::record::quota::{BACKGROUND, CHECKS};
use crate::record::{CallOutcome, CallPurpose, Peak, QuotaUse, Record, Recorder};
use crate::scenario::{self, Override, Source};

/// Starts that take no time but for their key, ordered all at once; a denied one is tried again a
/// second later, at the next window's start.
const BASE: &str = r#"
duration = "10m"
[services.web]
initial_instances = 0
min_instances = 8
max_instances = 2000
service_time = { constant = "100ms" }
encryption = { key = "main", decrypts_per_start = 1 }
[services.web.start]
allocate = { constant = "0s" }
fetch = { constant = "0s" }
boot = { constant = "0s" }
back_off = { initial = "1s", multiplier = 1, max = "1s", jitter = "none" }
[[services.web.load]]
poisson = { rate = "0/s" }
[keys.main]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
protection_level = "HSM"
latency = { constant = "0s" }
check.enabled = false
[quotas.hsm]
project = "p"
location = "us-central1"
pool = "HSM"
overloaded = true
limit = "4/s"
"#;

/// A call: when it was sent, for whom and by which start, its attempt, what it came to.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    begun: u64,
    service: String,
    serial: Option<u32>,
    purpose: CallPurpose,
    attempt: u32,
    outcome: CallOutcome,
}

#[derive(Debug, Default)]
struct Run {
    zero: u64,
    calls: Vec<Call>,
    /// When instances became ready.
    ready: Vec<u64>,
    quotas: Vec<QuotaUse>,
    lost: u64,
}

impl Recorder for Run {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::KeyCall(c) if c.begun.0 >= self.zero => self.calls.push(Call {
                begun: c.begun.0 - self.zero,
                service: c.service.unwrap_or(CHECKS).to_owned(),
                serial: c.serial,
                purpose: c.purpose,
                attempt: c.attempt,
                outcome: c.outcome,
            }),
            Record::Instance(i) => self.ready.extend(i.ready.map(|at| at.0)),
            Record::Quota(quota) => self.quotas.push(quota.clone()),
            Record::Total(total) if total.service.is_empty() => self.lost = total.calls_lost,
            Record::KeyCall(_)
            | Record::Sample(_)
            | Record::Log(_)
            | Record::Change(_)
            | Record::Block(_)
            | Record::Revision(_)
            | Record::Total(_) => {}
        }
    }
}

fn run(text: &str, overrides: &[&str]) -> Run {
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
    let mut run = Run { zero: checked.scenario.warm_up.0, ..Run::default() };
    while world.advance(&mut run).expect("laws hold") {}
    world.finish(&mut run);
    run.ready.sort_unstable();
    run
}

/// Instances ready, by whole second.
fn by_second(run: &Run) -> Vec<usize> {
    let last = run.ready.last().map_or(0, |at| at / SECOND + 1);
    (0..last).map(|s| run.ready.iter().filter(|&&at| at / SECOND == s).count()).collect()
}

/// n starts with one decrypt each finish after exactly ⌈n ÷ q⌉ windows, q in each but the last.
#[test]
fn starts_with_one_decrypt_finish_as_the_quota_lets_them() {
    for (n, q) in [(1_usize, 4_usize), (4, 4), (5, 4), (17, 4), (100, 7), (60, 1)] {
        let overrides =
            [format!("services.web.min_instances={n}"), format!("quotas.hsm.limit={q}/s")];
        let run = run(BASE, &[&overrides[0], &overrides[1]]);
        let counts = by_second(&run);
        assert_eq!(counts.len(), n.div_ceil(q), "{n} starts, {q} a second");
        assert!(counts[..counts.len() - 1].iter().all(|&count| count == q), "{counts:?}");
        assert!(run.ready.iter().all(|at| at % SECOND == 0));
        assert_eq!((run.ready.len(), run.lost), (n, 0));
    }
}

/// With two decrypts in sequence all firsts are asked before any second, a millisecond after each
/// window's start. No start is finished
/// sooner than in ⌈2n ÷ q⌉ windows, and where n ≥ q none ever is: each window's q grants are lost.
#[test]
fn a_second_decrypt_makes_a_quota_thrash() {
    for (n, q) in [(8_usize, 4_usize), (4, 4), (5, 7), (10, 19), (10, 20), (12, 13), (3, 100)] {
        let overrides =
            [format!("services.web.min_instances={n}"), format!("quotas.hsm.limit={q}/s")];
        // A millisecond before the key, so that all ask for their first at one instant.
        let run = run(
            BASE,
            &[
                "services.web.encryption.decrypts_per_start=2",
                "services.web.start.allocate={constant='1ms'}",
                "services.web.start.back_off.initial=999ms",
                &overrides[0],
                &overrides[1],
            ],
        );
        let counts = by_second(&run);
        let (mut left, mut expected, mut lost) = (n, Vec::new(), 0);
        while left > 0 && left < q {
            let finished = left.min(q - left);
            (left, lost) = (left - finished, lost + left - finished);
            expected.push(finished);
        }
        assert_eq!(counts, expected, "{n} starts, {q} a second");
        if n >= q {
            assert_eq!((run.ready.len(), run.lost), (0, 600 * q as u64));
        } else {
            assert!(counts.len() >= (2 * n).div_ceil(q), "{n} starts, {q} a second");
            assert_eq!((run.ready.len(), run.lost), (n, lost as u64));
        }
    }
}

/// Burst b and rate r: the k-th start is granted at max(0, (k - b) ÷ r); a change of the limit holds
/// from its instant.
#[test]
fn a_token_bucket_grants_the_kth_start_when_its_token_is_there() {
    let quarter = "services.web.start.back_off={initial='250ms',multiplier=1,max='250ms'}";
    let jitter = "services.web.start.back_off.jitter=none";
    for (n, burst) in [(20_u64, 5_u64), (9, 1), (6, 10)] {
        let overrides = [
            format!("services.web.min_instances={n}"),
            format!("quotas.hsm.mechanism={{token_bucket={{burst={burst}}}}}"),
        ];
        let settings = [quarter, jitter, &overrides[0], &overrides[1]];
        let steady = run(BASE, &settings);
        let due = |k: u64| k.saturating_sub(burst) * SECOND / 4;
        assert_eq!(steady.ready, (1..=n).map(due).collect::<Vec<_>>(), "burst {burst}");
        // From two seconds on a token comes every half second.
        let slower = "timeline=[{at='2s',quota_set={quota='hsm',limit='2/s'}}]";
        let slower: Vec<&str> = settings.into_iter().chain([slower]).collect();
        let late = |at: u64| if at > 2 * SECOND { 2 * SECOND + 2 * (at - 2 * SECOND) } else { at };
        let due = (1..=n).map(|k| late(due(k))).collect::<Vec<_>>();
        assert_eq!(run(BASE, &slower).ready, due, "burst {burst}");
    }
}

/// Others come at 1/3, 2/3, 1, …: whoever asks first in a second is served first, and at one
/// instant others are.
#[test]
fn others_of_the_project_are_served_in_turn() {
    let others = "quotas.hsm.background.constant.rate=3/s";
    assert_eq!(by_second(&run(BASE, &[others])), [4, 3, 1]);
    let late = "services.web.start.allocate={constant='900ms'}";
    let soon = "services.web.start.back_off.initial=100ms";
    let result = run(BASE, &[others, late, soon]);
    let seconds: Vec<u64> = result.calls.iter().map(|c| c.begun / SECOND).collect();
    assert!(seconds.is_sorted());
    // Two have come before in the first second, three in each that follows.
    assert_eq!(by_second(&result), [2, 1, 1, 1, 1, 1, 1]);
    let step = "timeline=[{at='2s',background_step={quota='hsm',factor=0}}]";
    assert_eq!(by_second(&run(BASE, &[others, late, soon, step])), [2, 1, 4, 1]);
    let quota = &run(BASE, &[others]).quotas[0];
    let others = quota.users.iter().find(|user| user.name == BACKGROUND).expect("others");
    // One every third of a second for ten minutes, the last with the end. Two come too late in the
    // first second, after four of the service, and two in the next, after three and one.
    assert_eq!((others.used + others.denied, others.denied), (1_799, 4));
    let of = |name: &str, part| (name.to_owned(), part);
    assert_eq!(others.taken_by, [of("web", 3_500_000), of(BACKGROUND, 500_000)]);
}

/// Others whom the limit has room for change nothing but what is charged.
#[test]
fn others_shift_no_luck() {
    let slow = "services.web.start.back_off.jitter=full";
    let limit = "quotas.hsm.limit=400/s";
    let quiet = run(BASE, &[slow, limit]);
    let busy = run(BASE, &[slow, limit, "quotas.hsm.background.poisson.rate=50/s"]);
    assert_eq!((quiet.calls, quiet.ready), (busy.calls, busy.ready));
    let level = busy.quotas[0].level;
    // 600 s × 50/s, within 4 standard errors.
    let off = level.used as f64 - 8.0 - 30_000.0;
    assert!(off.abs() < 4.0 * 30_000.0_f64.sqrt(), "{off}");
    assert!(level.per_second.used > 60 && level.per_minute.used > 3_000, "{level:?}");
    assert_eq!((level.per_second.limit, level.per_minute.limit), (400, 24_000));
}

/// Two services and a key that both use, all in one project, with deploys and checks.
const SHARED: &str = r#"
duration = "30m"
warm_up = "61s"
[services.shop]
concurrency = 2
min_instances = 1
max_instances = 20
service_time = { constant = "400ms" }
encryption = { key = "shop" }
idle_timeout = "60s"
[[services.shop.load]]
bursty = { low = "2/s", high = "40/s", low_for = "60s", high_for = "30s" }
[services.batch]
concurrency = 1
max_instances = 60
service_time = { exponential = { mean = "2s" } }
encryption = { key = "both" }
idle_timeout = "30s"
[[services.batch.load]]
bursty = { low = "0.1/s", high = "15/s", low_for = "60s", high_for = "30s" }
[services.nightly]
concurrency = 1
max_instances = 20
service_time = { constant = "1s" }
encryption = { key = "both" }
idle_timeout = "10s"
[[services.nightly.load]]
bursty = { low = "0.01/s", high = "6/s", low_for = "100s", high_for = "20s" }
[keys.shop]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/shop"
protection_level = "HSM"
latency = { constant = "0s" }
check = { interval = "20s" }
[keys.both]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/both"
protection_level = "HSM"
latency = { constant = "0s" }
check = { interval = "20s" }
[quotas.hsm]
project = "p"
location = "us-central1"
pool = "HSM"
overloaded = true
limit = "4/s"
[[timeline]]
at = "10m"
deploy = { service = "shop" }
"#;

/// The books of a quota against a second count: calls by their second and service, from the facts.
/// Checks of a key that one service has to itself are that service's.
#[test]
fn books_agree_with_the_calls_of_the_run() {
    let run = run(SHARED, &[]);
    let user = |call: &Call| match call.purpose {
        CallPurpose::CheckEncrypt | CallPurpose::CheckDecrypt => None,
        CallPurpose::Layer | CallPurpose::DataKey | CallPurpose::NewDataKey => {
            Some(call.service.clone())
        }
    };
    // Each second's grants and denials, by user; calls of checks are told apart by what is left.
    type Second = (BTreeMap<String, u64>, BTreeMap<String, u64>);
    let mut seconds: BTreeMap<u64, Second> = BTreeMap::new();
    for call in &run.calls {
        let second = seconds.entry(call.begun / SECOND).or_default();
        let side = if call.outcome == CallOutcome::Quota { &mut second.1 } else { &mut second.0 };
        *side.entry(user(call).unwrap_or_else(|| CHECKS.to_owned())).or_default() += 1;
    }
    let quota = &run.quotas[0];
    let names: Vec<&str> = quota.users.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(names, ["shop", "batch", "nightly", CHECKS]);
    let granted = |second: &Second| second.0.values().sum::<u64>();
    assert_eq!(quota.level.used, seconds.values().map(granted).sum::<u64>());
    let fullest = seconds.values().map(granted).max().expect("calls");
    assert_eq!(quota.level.per_second, Peak { used: fullest, limit: 4 });
    let mut minutes: BTreeMap<u64, u64> = BTreeMap::new();
    for (second, calls) in &seconds {
        *minutes.entry(second / 60).or_default() += granted(calls);
    }
    let fullest = *minutes.values().max().expect("calls");
    assert_eq!(quota.level.per_minute, Peak { used: fullest, limit: 240 });
    // The matrix, in floating point: each denied call by the shares of its second.
    let mut matrix: BTreeMap<(String, String), f64> = BTreeMap::new();
    for second in seconds.values() {
        for (victim, denied) in &second.1 {
            for (taker, used) in &second.0 {
                let part = *denied as f64 * *used as f64 / granted(second) as f64;
                *matrix.entry((victim.clone(), taker.clone())).or_default() += part;
            }
        }
    }
    let own = |name: &str| name == "shop" || name == CHECKS;
    let mut compared = 0;
    for user in &quota.users {
        let denied: u64 = seconds.values().filter_map(|s| s.1.get(&user.name)).sum();
        assert_eq!(user.taken_by.iter().map(|t| t.1).sum::<u64>(), user.denied * 1_000_000);
        if own(&user.name) {
            continue;
        }
        assert_eq!(user.denied, denied, "{}", user.name);
        assert!(user.denied > 0 || user.name == "nightly", "{}", user.name);
        // Checks of the shop's own key are the shop's: the two are compared together.
        let taken = |names: &dyn Fn(&str) -> bool| {
            let of = user.taken_by.iter().filter(|(taker, _)| names(taker));
            of.map(|&(_, part)| part as f64 / 1e6).sum::<f64>()
        };
        let counted = |names: &dyn Fn(&str) -> bool| {
            let of = matrix.iter().filter(|((v, t), _)| *v == user.name && names(t));
            of.map(|(_, part)| *part).sum::<f64>()
        };
        let groups: [&dyn Fn(&str) -> bool; 3] = [&own, &|t| t == "batch", &|t| t == "nightly"];
        for names in groups {
            let off = taken(names) - counted(names);
            assert!(off.abs() < 1e-6 * seconds.len() as f64, "{}: {off}", user.name);
            compared += 1;
        }
    }
    assert_eq!(compared, 6);
}

/// Which of the checks are whose: all of a key of one service are its own.
#[test]
fn checks_are_charged_to_the_service_that_has_the_key_to_itself() {
    let run = run(SHARED, &["quotas.hsm.limit=1000/s"]);
    let checks = |call: &&Call| call.service == CHECKS;
    let all = run.calls.iter().filter(checks).count() as u64;
    let starts = |name: &str| run.calls.iter().filter(|c| c.service == name).count() as u64;
    let used = |name: &str| {
        run.quotas[0].users.iter().find(|user| user.name == name).map_or(0, |user| user.used)
    };
    assert_eq!((used("batch"), used("nightly")), (starts("batch"), starts("nightly")));
    assert!(used("shop") > starts("shop") && used(CHECKS) > 0);
    assert_eq!(used("shop") - starts("shop") + used(CHECKS), all);
    let encrypts = |c: &&Call| c.purpose == CallPurpose::NewDataKey;
    assert_eq!(run.calls.iter().filter(encrypts).count(), 1);
    // Operations at a price: checks and deploys encrypt.
    let dear =
        self::run(SHARED, &["quotas.hsm.limit=1000/s", "quotas.hsm.cost={encrypt=5,decrypt=2}"]);
    let encrypt =
        |c: &&Call| matches!(c.purpose, CallPurpose::CheckEncrypt | CallPurpose::NewDataKey);
    let encrypts = dear.calls.iter().filter(encrypt).count() as u64;
    let decrypts = dear.calls.len() as u64 - encrypts;
    assert_eq!(dear.quotas[0].level.used, 5 * encrypts + 2 * decrypts);
}

/// Calls that fail each time with probability p, at most A attempts: (1 - p^A) ÷ (1 - p) attempts
/// whatever the policy, and in back-off the sum over k < A of p^k times the mean k-th wait, each
/// within 4 standard errors. The mean k-th wait is w; w·m^(k-1); half of that; and for decorrelated
/// jitter (2·1.5^k - 1)·w.
#[test]
fn attempts_and_time_in_back_off_have_their_closed_forms() {
    const STARTS: u32 = 2_000;
    let (p, most, w, m) = (0.6_f64, 6_i32, 0.1_f64, 2.0_f64);
    let power = |x: f64, n: i32| libm::pow(x, f64::from(n));
    let attempts = (1.0 - power(p, most)) / (1.0 - p);
    let waits = |mean: &dyn Fn(i32) -> f64| (1..most).map(|k| power(p, k) * mean(k)).sum::<f64>();
    let growing = waits(&|k| w * power(m, k - 1));
    let cases = [
        ("none", 1.0, 0.0),
        ("fixed", attempts, waits(&|_| w)),
        ("exponential", attempts, growing),
        ("full_jitter", attempts, growing / 2.0),
        ("decorrelated_jitter", attempts, waits(&|k| (2.0 * power(1.5, k) - 1.0) * w)),
    ];
    let external = format!("{BASE}[external_managers.vault]\nlatency = {{ constant = \"0s\" }}\n");
    let fixed = [
        "keys.main.protection_level=EXTERNAL",
        "keys.main.external_manager=vault",
        "quotas={}",
        "external_managers.vault.inner_attempts=1",
        "timeline=[{at='0s',for='1d',external_brownout={manager='vault',error_share=0.6}},\
         {at='0s',quota_set={quota='p/us-central1/EXTERNAL',limit='100000/s'}}]",
        "duration=20m",
        "services.web.min_instances=2000",
        "keys.main.retry.total=1h",
        "keys.main.retry.max=1h",
        "keys.main.retry.attempts=6",
    ];
    for (policy, attempts, wait) in cases {
        let policy_set = format!("keys.main.retry.policy={policy}");
        let mut overrides: Vec<&str> = fixed.to_vec();
        overrides.push(&policy_set);
        if matches!(policy, "exponential" | "full_jitter") {
            overrides.push("keys.main.retry.multiplier=2");
        }
        let run = run(&external, &overrides);
        // The first call of each start: those of its later attempts wait for the order's back-off.
        let mut calls: BTreeMap<u32, (f64, u64, u64)> = BTreeMap::new();
        for call in &run.calls {
            let Some(serial) = call.serial.filter(|&serial| serial < STARTS) else { continue };
            let seen = calls.entry(serial).or_insert((0.0, call.begun, call.begun));
            *seen = (seen.0 + 1.0, seen.1, call.begun);
        }
        assert_eq!(calls.len(), STARTS as usize);
        let check = |what: &str, values: Vec<f64>, expected: f64| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
            let error = (variance / n).sqrt();
            let off = (mean - expected).abs();
            assert!(off <= 4.0 * error + 1e-9, "{policy}, {what}: {mean} is not {expected}");
        };
        check("attempts", calls.values().map(|c| c.0).collect(), attempts);
        let waited = |c: &(f64, u64, u64)| (c.2 - c.1) as f64 / 1e9;
        check("back-off", calls.values().map(waited).collect(), wait);
    }
}
