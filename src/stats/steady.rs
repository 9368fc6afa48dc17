//! One long run in a steady state: how much of its beginning to leave out, and the interval of its
//! mean although its samples are correlated.

use super::interval::Interval;
use super::student::t_within;

/// Samples in a batch of the rule for what to leave out.
const BATCH: usize = 5;

/// Samples at the beginning to leave out, by MSER-5 (White, Cobb and Spratt 2000): of means of
/// five, the cut that makes the squared standard error of what remains least, at most half of
/// them. None where there are too few to say.
pub fn left_out(samples: &[f64]) -> Option<usize> {
    let means: Vec<f64> =
        samples.chunks_exact(BATCH).map(|b| b.iter().sum::<f64>() / BATCH as f64).collect();
    if means.len() < 2 {
        return None;
    }
    // From the end, so that sums of each remainder follow from the next one's. Counting from the
    // mean of all keeps the squares small.
    let centre = means.iter().sum::<f64>() / means.len() as f64;
    let (mut sum, mut squares, mut best) = (0.0, 0.0, (f64::INFINITY, 0));
    for (cut, mean) in means.iter().enumerate().rev() {
        let apart = mean - centre;
        sum += apart;
        squares += apart * apart;
        let left = (means.len() - cut) as f64;
        let error = (squares - sum * sum / left).max(0.0) / (left * left);
        if cut <= means.len() / 2 && error <= best.0 {
            best = (error, cut);
        }
    }
    Some(best.1 * BATCH)
}

/// The mean of correlated samples with its interval, by overlapping batch means (Meketon and
/// Schmeiser 1984): batches as long as the root of the count, and one and a half times the degrees
/// of freedom of as many batches that do not overlap. None of fewer than 16 samples.
pub fn batch_means(samples: &[f64], level: f64) -> Option<Interval> {
    let n = samples.len();
    if n < 16 {
        return None;
    }
    let length = libm::sqrt(n as f64) as usize;
    let mean = samples.iter().sum::<f64>() / n as f64;
    let error = libm::sqrt(variance(samples, mean, length) / n as f64);
    let freedom = 1.5 * (n as f64 / length as f64 - 1.0);
    let half = t_within(level, freedom) * error;
    Some(Interval { estimate: mean, low: mean - half, high: mean + half })
}

/// n times the variance of the mean, from all batches of a length.
fn variance(samples: &[f64], mean: f64, length: usize) -> f64 {
    let (n, m) = (samples.len() as f64, length as f64);
    let mut sum: f64 = samples[..length].iter().map(|x| x - mean).sum();
    let mut squares = sum * sum;
    for end in length..samples.len() {
        sum += samples[end] - samples[end - length];
        squares += sum * sum;
    }
    n * squares / (m * (n - m + 1.0) * (n - m))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of mean 0 and variance 1, from a generator of its own (SplitMix64).
    fn noise(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let unit = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
            (unit - 0.5) * libm::sqrt(12.0)
        }
    }

    /// A process with memory: each value is `memory` times the last, and noise.
    fn process(seed: u64, memory: f64, start: f64, count: usize) -> Vec<f64> {
        let (mut noise, mut last) = (noise(seed), start);
        let step = |_| {
            last = memory * last + noise();
            last
        };
        (0..count).map(step).collect()
    }

    /// The definition, in as many words: a pass for each cut.
    fn by_definition(samples: &[f64]) -> usize {
        let means: Vec<f64> =
            samples.chunks_exact(5).map(|b| b.iter().sum::<f64>() / 5.0).collect();
        let error = |cut: usize| {
            let rest = &means[cut..];
            let mean = rest.iter().sum::<f64>() / rest.len() as f64;
            let squares: f64 = rest.iter().map(|x| (x - mean) * (x - mean)).sum();
            squares / (rest.len() * rest.len()) as f64
        };
        let cuts = 0..=means.len() / 2;
        5 * cuts.min_by(|&a, &b| error(a).total_cmp(&error(b))).expect("a cut")
    }

    #[test]
    fn what_is_left_out_is_what_the_definition_leaves_out() {
        for seed in 0..50 {
            let samples = process(seed, 0.9, 40.0, 400);
            let cut = left_out(&samples);
            assert_eq!(cut, Some(by_definition(&samples)), "seed {seed}");
            assert!(cut.is_some_and(|cut| cut >= 10), "the start is far off: {cut:?}");
        }
        let step: Vec<f64> =
            (0..500).map(|i| if i < 50 { 10.0 } else { f64::from(i % 2) }).collect();
        assert_eq!(left_out(&step), Some(50));
        assert_eq!(left_out(&[1.0; 9]), None);
    }

    /// The variance from batches is that of a sum over each of them.
    #[test]
    fn overlapping_batches_are_all_batches() {
        let samples = process(1, 0.5, 0.0, 300);
        let mean = samples.iter().sum::<f64>() / 300.0;
        let length = 17;
        let deviations = samples
            .windows(length)
            .map(|w| w.iter().sum::<f64>() / length as f64 - mean)
            .map(|d| d * d);
        let (n, m) = (300.0, length as f64);
        let expected = n * m / ((n - m + 1.0) * (n - m)) * deviations.sum::<f64>();
        assert!((variance(&samples, mean, length) / expected - 1.0).abs() < 1e-9);
    }

    /// The mean of a process with memory 0.8 is 0, and n times its variance 1/(1 - 0.8)^2 = 25.
    /// Meketon and Schmeiser give the spread of the estimate as the root of 4m/3n. Of 400 intervals
    /// of 95 % all but 20 hold the mean, give or take four standard errors of 4.4, and a little
    /// more because batches of finite length see too little memory: at most 40 may miss.
    #[test]
    fn intervals_of_correlated_samples_hold_the_mean() {
        let long = process(3, 0.8, 0.0, 200_000);
        let estimate = variance(&long, long.iter().sum::<f64>() / 200_000.0, 447);
        let spread = libm::sqrt(4.0 * 447.0 / (3.0 * 200_000.0));
        assert!((estimate / 25.0 - 1.0).abs() < 4.0 * spread, "{estimate}");
        let missed = |seed: &u64| {
            let samples = process(1_000 + seed, 0.8, 0.0, 4_000);
            !batch_means(&samples, 0.95).expect("enough").holds(0.0)
        };
        let missed = (0..400).filter(missed).count();
        assert!((3..=40).contains(&missed), "{missed} of 400 miss");
        assert_eq!(batch_means(&[1.0; 15], 0.95), None);
    }
}
