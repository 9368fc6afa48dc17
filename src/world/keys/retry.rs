//! Waits between attempts: the caller's back-off.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::scenario::{BackOff, RetryPolicy};
use crate::units::SimDuration;

/// The wait after the `failures`-th failure in a row, from 1: evenly between zero and
/// [`ceiling`] ("full jitter", as Google's client libraries do).
pub fn wait(back_off: &BackOff, failures: u32, luck: &mut Xoshiro256PlusPlus) -> SimDuration {
    SimDuration(luck.random_range(0..=ceiling(back_off, failures).0))
}

/// The longest wait after the `failures`-th failure in a row, from 1:
/// min(initial × multiplier^(failures − 1), max).
pub fn ceiling(back_off: &BackOff, failures: u32) -> SimDuration {
    let grown = libm::pow(back_off.multiplier, f64::from(failures.saturating_sub(1)));
    back_off.initial.scaled(grown).min(back_off.max)
}

/// The wait after the `failures`-th failure in a row, from 1, by a policy; `before` is the wait
/// before that failure, zero at the first. None: the call is not retried.
pub fn after(
    policy: &RetryPolicy,
    failures: u32,
    before: SimDuration,
    luck: &mut Xoshiro256PlusPlus,
) -> Option<SimDuration> {
    Some(match policy {
        RetryPolicy::None => return None,
        RetryPolicy::Fixed(wait) => *wait,
        RetryPolicy::Exponential(back_off) => ceiling(back_off, failures),
        RetryPolicy::FullJitter(back_off) => wait(back_off, failures, luck),
        RetryPolicy::DecorrelatedJitter { initial, max } => {
            let most = 3 * before.max(*initial).0;
            SimDuration(luck.random_range(initial.0..=most)).min(*max)
        }
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// The mean wait is half of the ceiling, which grows by the multiplier up to the limit.
    #[test]
    fn waits_are_even_below_a_ceiling_that_grows() {
        let back_off = BackOff {
            initial: SimDuration::from_secs(1),
            multiplier: 2.0,
            max: SimDuration::from_secs(60),
        };
        let mut luck = Xoshiro256PlusPlus::seed_from_u64(3);
        for (failures, ceiling) in [(1, 1.0), (2, 2.0), (6, 32.0), (7, 60.0), (2_000, 60.0)] {
            let n = 20_000;
            let draws: Vec<f64> =
                (0..n).map(|_| wait(&back_off, failures, &mut luck).as_secs_f64()).collect();
            let mean = draws.iter().sum::<f64>() / f64::from(n);
            let error = ceiling / 12.0_f64.sqrt() / f64::from(n).sqrt();
            assert!((mean - ceiling / 2.0).abs() < 4.0 * error, "{failures}: {mean}");
            assert!(draws.iter().all(|&d| d <= ceiling));
        }
    }

    /// Time in back-off of a call that fails `n` times, against the closed form of each policy:
    /// n·w; w·(m^n − 1)/(m − 1); half of that; and for decorrelated jitter, where the mean wait
    /// obeys e(k+1) = (w + 3·e(k))/2 from e(0) = w, so that e(k) = (2·1.5^k − 1)·w.
    #[test]
    fn time_in_back_off_has_its_closed_form() {
        let (w, m, n) = (0.1_f64, 2.0_f64, 6_u32);
        let initial = SimDuration::from_millis(100);
        let max = SimDuration::from_secs(1_000_000);
        let back_off = BackOff { initial, multiplier: m, max };
        let growing = w * (libm::pow(m, f64::from(n)) - 1.0) / (m - 1.0);
        let decorrelated =
            (1..=n).map(|k| (2.0 * libm::pow(1.5, f64::from(k)) - 1.0) * w).sum::<f64>();
        for (policy, expected) in [
            (RetryPolicy::Fixed(initial), f64::from(n) * w),
            (RetryPolicy::Exponential(back_off), growing),
            (RetryPolicy::FullJitter(back_off), growing / 2.0),
            (RetryPolicy::DecorrelatedJitter { initial, max }, decorrelated),
        ] {
            let mut luck = Xoshiro256PlusPlus::seed_from_u64(5);
            let runs = 40_000;
            let times: Vec<f64> = (0..runs)
                .map(|_| {
                    let mut before = SimDuration::ZERO;
                    let wait = |failures| {
                        before = after(&policy, failures, before, &mut luck).expect("a retry");
                        before.as_secs_f64()
                    };
                    (1..=n).map(wait).sum()
                })
                .collect();
            let mean = times.iter().sum::<f64>() / f64::from(runs);
            let variance = times.iter().map(|t| (t - mean) * (t - mean)).sum::<f64>();
            let error = (variance / f64::from(runs - 1) / f64::from(runs)).sqrt();
            assert!((mean - expected).abs() < 4.0 * error + 1e-6, "{policy:?}: {mean}");
        }
        let mut luck = Xoshiro256PlusPlus::seed_from_u64(5);
        assert_eq!(after(&RetryPolicy::None, 1, SimDuration::ZERO, &mut luck), None);
    }
}
