//! Poisson's law of counts: below a mean of ten by adding exponential gaps, above it by Hörmann's
//! transformed rejection (The transformed rejection method for generating Poisson random
//! variables, 1993, algorithm PTRS), whose cost does not grow with the mean.

use rand::{Rng, RngExt};
use rand_distr::Exp1;

/// From here on the rejection is cheaper; its constants are good for means of ten or more.
const MANY: f64 = 10.0;

/// A count with this mean, which is zero or more.
pub fn poisson(mean: f64, rng: &mut impl Rng) -> u64 {
    if mean < MANY {
        let mut passed: f64 = rng.sample(Exp1);
        let mut count = 0;
        while passed < mean {
            passed += rng.sample::<f64, _>(Exp1);
            count += 1;
        }
        return count;
    }
    let root = mean.sqrt();
    let b = 0.931 + 2.53 * root;
    let a = -0.059 + 0.024_83 * b;
    let inverse_alpha = 1.123_9 + 1.132_8 / (b - 3.4);
    let squeeze = 0.927_7 - 3.622_4 / (b - 2.0);
    loop {
        let u: f64 = rng.random::<f64>() - 0.5;
        let v: f64 = rng.random();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
        if us >= 0.07 && v <= squeeze {
            return k as u64;
        }
        if k < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        let left = libm::log(v * inverse_alpha / (a / (us * us) + b));
        if left <= k * libm::log(mean) - mean - libm::lgamma(k + 1.0) {
            return k as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    /// Counts against the law, as χ² over the cells that hold five or more: with m of them it is
    /// m - 1 ± √(2(m - 1)); four of these are allowed.
    #[test]
    fn counts_are_poisson() {
        const N: usize = 100_000;
        for mean in [0.3, 4.0, 9.99, 10.0, 60.0, 500.0] {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
            let mut counts = vec![0_u32; 1_000];
            (0..N).for_each(|_| counts[poisson(mean, &mut rng) as usize] += 1);
            let law = |k: usize| {
                let k = k as f64;
                N as f64 * libm::exp(k * libm::log(mean) - mean - libm::lgamma(k + 1.0))
            };
            let (mut chi, mut cells, mut rest, mut seen) = (0.0, 0, 0.0, 0.0);
            for (k, &count) in counts.iter().enumerate() {
                (rest, seen) = (rest + law(k), seen + f64::from(count));
                if rest >= 5.0 {
                    chi += (seen - rest) * (seen - rest) / rest;
                    (cells, rest, seen) = (cells + 1, 0.0, 0.0);
                }
            }
            let freedom = f64::from(cells - 1);
            let off = (chi - freedom) / (2.0 * freedom).sqrt();
            assert!(off < 4.0, "mean {mean}: chi {chi} of {freedom}");
        }
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
        assert_eq!(poisson(0.0, &mut rng), 0);
    }
}
