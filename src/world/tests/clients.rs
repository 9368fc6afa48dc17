//! Clients who give up, try again and come back, against formulas.

use super::*;
use crate::scenario::{Client, Retries};

fn second(seconds: f64) -> SimDuration {
    SimDuration::from_secs_f64(seconds)
}

/// Waits of 1, 2, 4, … seconds without jitter.
fn retries(attempts: u8, budget: Option<(Ratio, u32)>) -> Retries {
    let back_off =
        BackOff { initial: second(1.0), multiplier: 2.0, max: SimDuration::from_secs(60) };
    Retries { attempts, back_off, jitter: false, budget }
}

/// The share that leaves a queue of `c` slots at a load of `a` = λ ÷ μ, with μ = 1, where everybody
/// waits `t` at most (D. Y. Barrer, "Queuing with impatient customers and ordered service", 1957):
/// the virtual wait has density λ p(c−1) exp((λ − c) x) below t, and falls as exp(−c x) beyond.
fn barrer(a: f64, c: u32, t: f64) -> f64 {
    let terms: Vec<f64> = (0..c)
        .scan(1.0, |term, n| {
            let now = *term;
            *term *= a / f64::from(n + 1);
            Some(now)
        })
        .collect();
    let (slots, last) = (f64::from(c), terms[c as usize - 1]);
    let waits = a * last * (libm::expm1((a - slots) * t) / (a - slots));
    let beyond = a * last * libm::exp((a - slots) * t) / slots;
    beyond / (terms.iter().sum::<f64>() + waits + beyond)
}

#[test]
fn impatience_is_barrers_formula() {
    // Without patience it is the loss of Erlang B; with a lot of it nobody leaves.
    assert!((barrer(8.0, 10, 0.0) - erlang_b(8.0, 10)).abs() < 1e-12);
    assert!(barrer(8.0, 10, 50.0) < 1e-9);
    for (a, instances, slots, wait) in [(8.0, 5, 2, 0.2), (12.0, 10, 1, 0.5), (1.7919, 3, 1, 1.0)] {
        let mut service = fixed(a, instances, slots);
        service.pending_timeout = PendingTimeout::Fixed(second(wait));
        let scenario = scenario(service, 100, 4_000);
        let refused = |s: &Seen| s.requests.refused as f64 / s.requests.arrivals as f64;
        let expected = barrer(a, instances * u32::from(slots), wait);
        agrees(study(&scenario, 30, refused), expected);
    }
}

/// Who gives up before the service is over frees the slot, or holds it: the loss is Erlang's of
/// the time that the slot is taken for.
#[test]
fn abandoned_work_frees_its_slot_or_holds_it() {
    for (hold, taken) in [(false, 1.0), (true, 2.0)] {
        let mut service = fixed(6.0, 2, 4);
        service.service_time = Distribution::Constant(second(2.0));
        service.queue_limit = Some(0);
        service.client = Client { timeout: Some(second(1.0)), hold_abandoned: hold, retries: None };
        let scenario = scenario(service, 100, 4_000);
        let refused = |s: &Seen| s.requests.refused as f64 / s.requests.arrivals as f64;
        let loss = erlang_b(6.0 * taken, 8);
        agrees(study(&scenario, 20, refused), loss);
        // Nobody is served, and everybody who is not refused is in service for a second.
        let here = |s: &Seen| s.in_flight + f64::from(u8::from(s.requests.served > 0));
        agrees(study(&scenario, 20, here), 6.0 * (1.0 - loss));
    }
}

/// Clients who think for 1 ÷ λ and are served at 1 ÷ μ by c slots: the machine repair model, a
/// birth and death process of which the mean number in service and waiting is known.
#[test]
fn a_closed_loop_is_the_machine_repair_model() {
    for (clients, think, slots) in [(10_u32, 4.0, 2_u16), (40, 2.0, 15)] {
        let mut service = fixed(1.0, 1, slots);
        let think = Distribution::Exponential { mean: second(think) };
        service.load = vec![Load {
            name: "0".to_owned(),
            kind: LoadKind::ClosedLoop { clients, think: think.clone() },
            spikes: Vec::new(),
        }];
        let scenario = scenario(service, 200, 4_000);
        let rate = 1.0 / think.mean().as_secs_f64();
        let mut weights = vec![1.0];
        for n in 0..clients {
            let served = f64::from((n + 1).min(slots.into()));
            weights.push(weights[n as usize] * f64::from(clients - n) * rate / served);
        }
        let whole: f64 = weights.iter().sum();
        let mean = |level: &dyn Fn(u32) -> f64| {
            (0..=clients).map(|n| weights[n as usize] * level(n)).sum::<f64>() / whole
        };
        let in_service = mean(&|n| f64::from(n.min(slots.into())));
        let waiting = mean(&|n| f64::from(n.saturating_sub(slots.into())));
        agrees(study(&scenario, 30, |s| s.in_flight), in_service);
        agrees(study(&scenario, 30, |s| s.waiting), waiting);
    }
}

/// What always fails is tried as often as it may be, at the instants that the waits give.
#[test]
fn a_request_is_tried_again_until_its_tries_are_spent() {
    let mut service = fixed(1.0, 1, 1_000);
    service.service_time = Distribution::Constant(second(100.0));
    service.request_timeout = second(0.5);
    service.client.retries = Some(retries(3, None));
    // The last arrival that can be followed to its end comes 9 s before the end of the run.
    let long = scenario(service, 0, 10_000);
    let seen = |s: &Seen| {
        let Requests { arrivals, retries, timed_out, retried, served, .. } = s.requests;
        assert_eq!((served, timed_out - retried), (0, s.requests.user_failed()));
        assert!(3 * arrivals - retries < 200, "{retries} retries of {arrivals}");
        retries as f64 / arrivals as f64
    };
    agrees(study(&long, 3, |s| seen(s) + s.in_flight), 3.0 + 4.0 * 0.5);
}

/// The budget gives a share of the arrivals, and what was saved up at the start.
#[test]
fn a_retry_budget_bounds_retries() {
    let mut service = fixed(20.0, 1, 1_000);
    service.service_time = Distribution::Constant(second(100.0));
    service.request_timeout = second(0.5);
    service.client.retries = Some(retries(15, Some((Ratio(0.25), 100))));
    let scenario = scenario(service, 0, 2_000);
    let beside = |s: &Seen| s.requests.retried as f64 - 100.0 - 0.25 * s.requests.arrivals as f64;
    let (mean, _) = study(&scenario, 16, beside);
    // The arrivals of the first half second add nothing to a budget that is full: 10 ± √10 of them.
    let error = 0.25 * (10.0_f64 / 16.0).sqrt();
    assert!((mean + 2.5).abs() < 4.0 * error + 0.25, "{mean} retries beside the budget");
}
