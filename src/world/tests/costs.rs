//! What is paid for, by hand from the price list: 1 vCPU and 512 MiB, billed by requests, cost
//! 24 + 0.5 x 2.5 = 25.25 millionths of a dollar a second while active, 2.5 + 0.5 x 2.5 = 3.75 while
//! idle as a minimum, and 0.4 a request; billed by instances 18 + 0.5 x 2 = 19.

use super::starts::{BASE, Run, run};
use crate::record::{Bill, EndReason, Record, Recorder};

/// Picodollars in a millionth of a dollar.
const MICRO: f64 = 1e6;

const SECONDS: u128 = 1_000_000_000;

/// Asserts what a run paid for: seconds as thousandths, the cost in millionths of a dollar.
#[track_caller]
fn paid(run: &Run, active_ms: u128, idle_ms: u128, requests: u64, cost: f64) {
    let Bill { active, idle, .. } = run.bill;
    let milliseconds = |ns: u128| ns / 1_000_000;
    assert_eq!((milliseconds(active), milliseconds(idle)), (active_ms, idle_ms));
    assert_eq!(run.bill.requests, requests);
    let off = run.bill.cost.picodollars() as f64 - cost * MICRO;
    assert!(off.abs() < 1.0, "{} for {cost} millionths", run.bill.cost.dollars() * 1e6);
}

/// A request of 250 ms every 10 s for 100 s, on one instance.
const SPARSE: [&str; 5] = [
    "services.web.autoscaler={fixed={instances=1}}",
    "services.web.initial_instances=1",
    "services.web.load.0={constant={every='10s'}}",
    "services.web.service_time={constant='250ms'}",
    "duration='100s'",
];

fn sparse(more: &[&str]) -> Run {
    run(BASE, &[&SPARSE, more].concat())
}

/// Nine stretches of 250 ms are billed as 300 ms each.
#[test]
fn requests_are_billed_by_stretches_of_100_ms() {
    paid(&sparse(&[]), 2_700, 0, 9, 2.7 * 25.25 + 9.0 * 0.4);
    let idle = 100_000 - 9 * 250;
    let cost = 2.7 * 25.25 + idle as f64 / 1e3 * 3.75 + 9.0 * 0.4;
    paid(&sparse(&["services.web.min_instances=1"]), 2_700, idle, 9, cost);
    // Requests that overlap are one stretch: 10 s of every 10 s.
    let full =
        sparse(&["services.web.service_time={constant='15s'}", "services.web.concurrency=2"]);
    paid(&full, 90_000, 0, 8, 90.0 * 25.25 + 8.0 * 0.4);
    // The warm-up is not paid for; the stretch that it began in is rounded when it ends.
    let warm = sparse(&["warm_up='10100ms'", "duration='89900ms'"]);
    paid(&warm, 2_600, 0, 9, 2.6 * 25.25 + 9.0 * 0.4);
}

/// The whole life counts, and at least a minute of it.
#[test]
fn instances_are_billed_for_their_life() {
    let by_instance = "services.web.billing={instance_based={}}";
    paid(&sparse(&[by_instance, "services.web.min_instances=1"]), 100_000, 0, 9, 1_900.0);
    // Lost after 10.25 s, in the middle of a request: a minute is billed, and five seconds of
    // the next that have passed, of which three are its booting.
    let crash = "timeline=[{at='10250ms',instance_crash={service='web',instances=1}}]";
    let long = "services.web.service_time={constant='1s'}";
    let lost = sparse(&[by_instance, crash, long, "duration='15250ms'"]);
    assert_eq!(lost.crashed, 1);
    paid(&lost, 60_000 + 3_000, 0, 1, 63.0 * 19.0);
    // By requests, the quarter of a second is rounded up.
    let lost = sparse(&[crash, long, "duration='15250ms'"]);
    paid(&lost, 300 + 3_000, 0, 1, 3.3 * 25.25 + 0.4);
}

/// A start is billed from the phase that the scenario says: five seconds, of which three boot.
#[test]
fn starts_are_billed_from_a_phase_on() {
    let start = |from: &str| {
        let from = format!("services.web.start.billed_from={from}");
        let one = "services.web.autoscaler={fixed={instances=1}}";
        run(BASE, &[one, &from, "services.web.load=[]", "duration='100s'"])
    };
    paid(&start("booting"), 3_000, 0, 0, 3.0 * 25.25);
    paid(&start("fetching"), 4_000, 0, 0, 4.0 * 25.25);
    paid(&start("unlocking"), 4_000, 0, 0, 4.0 * 25.25);
    paid(&start("allocating"), 5_000, 0, 0, 5.0 * 25.25);
}

/// A start that the deadline ends after two seconds of booting is paid for all the same.
#[test]
fn failed_starts_are_paid_for_and_told_apart() {
    let failing = |billing: &str| {
        run(
            BASE,
            &[
                "services.web.autoscaler={fixed={instances=1}}",
                "services.web.start.deadline='3s'",
                "services.web.load=[]",
                "duration='100s'",
                billing,
            ],
        )
    };
    let by_request = failing("services.web.billing={request_based={}}");
    let by_instance = failing("services.web.billing={instance_based={}}");
    let is_failed = |life: &&super::starts::Life| life.reason == EndReason::StartDeadline;
    let failed = by_request.lives.iter().filter(is_failed).count();
    assert!(failed > 15);
    let check = |run: &Run, each: u128, rate: f64| {
        assert_eq!(run.bill.in_vain, failed as u128 * each * SECONDS);
        let cost = failed as f64 * each as f64 * rate * MICRO;
        assert!((run.bill.cost_in_vain.picodollars() as f64 - cost).abs() < 1.0);
        assert!(run.bill.cost >= run.bill.cost_in_vain);
    };
    check(&by_request, 2, 25.25);
    check(&by_instance, 60, 19.0);
}

/// Three idle instances of which two are the minimum; a busy one is one of the two.
#[test]
fn the_minimum_has_a_price_while_idle() {
    let three = |more: &[&str]| {
        let base = [
            "services.web.autoscaler={cloud_run={}}",
            "services.web.initial_instances=3",
            "services.web.min_instances=2",
            "duration='100s'",
        ];
        run(BASE, &[&base, more].concat())
    };
    paid(&three(&["services.web.load=[]"]), 0, 200_000, 0, 200.0 * 3.75);
    let busy = three(&[
        "services.web.load.0={closed_loop={clients=1,think={constant='0s'}}}",
        "services.web.service_time={constant='1h'}",
    ]);
    paid(&busy, 100_000, 100_000, 0, 100.0 * 25.25 + 100.0 * 3.75);
    // By hand the count is the minimum.
    let manual = "timeline=[{at='0s',scaling_mode_set={service='web',manual={instances=3}}}]";
    paid(&three(&["services.web.load=[]", manual]), 0, 300_000, 0, 300.0 * 3.75);
}

/// Other sizes and prices: two vCPUs at 3 and 4 GiB at 5 dollars a second, a million requests for
/// 700,000.
#[test]
fn sizes_and_prices_are_the_scenarios() {
    let dear = sparse(&[
        "services.web.vcpus=2",
        "services.web.memory=4GiB",
        "services.web.billing={request_based={vcpu_second=3,gib_second=5,million_requests=700000}}",
    ]);
    assert_eq!(dear.bill.cost, tenths(9 * 7) + tenths(27 * 26));
}

/// Tenths of a dollar.
fn tenths(n: u128) -> crate::units::Money {
    crate::units::Money(crate::units::Money::from_dollars(1).0 / 10 * n)
}

/// Whatever happens, samples add up to the total, and lives billed whole are those of the rows.
#[derive(Default)]
struct Paid {
    samples: Bill,
    total: Bill,
    /// Begin of booting, or of an instance that was ready from the start; and end.
    lives: Vec<(Option<u64>, Option<u64>)>,
}

impl Recorder for Paid {
    fn record(&mut self, fact: Record<'_>) {
        if let Record::Sample(sample) = fact
            && sample.revision.is_empty()
        {
            self.samples.add(&sample.bill);
        }
        if let Record::Total(total) = fact
            && total.service.is_empty()
        {
            self.total = total.bill;
        }
        if let Record::Instance(i) = fact {
            let begin = if i.order.is_none() { i.ready } else { i.booting };
            self.lives.push((begin.map(|t| t.0), i.ended.map(|t| t.0)));
        }
    }
}

#[test]
fn samples_add_up_and_lives_agree_with_their_rows() {
    let base = [
        "services.web.concurrency=3",
        "services.web.autoscaler={cloud_run={}}",
        "services.web.initial_instances=2",
        "services.web.min_instances=2",
        "services.web.load.0={poisson={rate='8/s'}}",
        "services.web.service_time={exponential={mean='700ms'}}",
        "services.web.start.boot={exponential={mean='3s'}}",
        "services.web.start.deadline='8s'",
        "services.web.crash={start_probability=0.1,age={exponential={mean='50s'}}}",
        "services.web.out_of_memory={above=2,after={exponential={mean='20s'}}}",
        "services.web.idle_timeout='20s'",
        "services.web.idle_timeout_min='1s'",
        "services.web.client={timeout='3s',hold_abandoned=true}",
        "timeline=[{at='3m',deploy={service='web',percent=50}},\
         {at='4m',for='1m',max_instances_set={service='web',instances=3}}]",
    ];
    for billing in ["{request_based={}}", "{instance_based={}}"] {
        let billing = format!("services.web.billing={billing}");
        let (mut paid, end) = (Paid::default(), 600 * 1_000_000_000_u64);
        super::starts::record(BASE, &[&base[..], &[&billing]].concat(), &mut paid);
        assert_eq!(paid.samples, paid.total);
        assert!(paid.total.active > 0 && paid.total.in_vain > 0);
        if billing.contains("instance_based") {
            let step = 100_000_000_u64;
            let life = |&(begin, ended): &(Option<u64>, Option<u64>)| -> u128 {
                let Some(begin) = begin else { return 0 };
                let whole = |end: u64| (end - begin).max(60_000_000_000).div_ceil(step) * step;
                ended.map_or(end - begin, whole).into()
            };
            assert_eq!(paid.lives.iter().map(life).sum::<u128>(), paid.total.active);
        }
    }
}
