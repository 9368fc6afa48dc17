//! Waits between attempts: the caller's back-off.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::scenario::BackOff;
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
}
