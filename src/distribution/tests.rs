//! Every law against its closed form: the mean, and the whole distribution.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::*;

const SECOND: SimDuration = SimDuration::from_secs(1);

fn draws(law: &Distribution, n: usize) -> Vec<SimDuration> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    (0..n).map(|_| law.sample(&mut rng)).collect()
}

/// The mean that is claimed is the closed form's, and the mean of many draws lies within four
/// standard errors of it.
#[test]
fn draws_have_the_mean_of_the_closed_form() {
    let check = |law: Distribution, mean: f64, cv: f64| {
        let claimed = law.mean().as_secs_f64();
        assert!((claimed - mean).abs() <= 2e-9 + 1e-9 * mean, "{law:?}: {claimed} for {mean}");
        let n = 100_000;
        let sum: f64 = draws(&law, n).iter().map(|d| d.as_secs_f64()).sum();
        let (seen, error) = (sum / n as f64, mean * cv / (n as f64).sqrt());
        assert!((seen - mean).abs() <= 4.0 * error + 2e-9, "{law:?}: {seen} for {mean}");
    };
    check(Distribution::Constant(SECOND), 1.0, 0.0);
    check(Distribution::Exponential { mean: SECOND }, 1.0, 1.0);
    check(Distribution::lognormal_mean_cv(SECOND, 0.5), 1.0, 0.5);
    check(Distribution::lognormal_mean_cv(SECOND, 0.0), 1.0, 0.0);
    let uniform = Distribution::Uniform { min: SimDuration::ZERO, max: SECOND };
    check(uniform, 0.5, 1.0 / 3.0_f64.sqrt());
    check(Distribution::gamma(0.5, SECOND), 1.0, 2.0_f64.sqrt());
    check(Distribution::gamma(4.0, SECOND), 1.0, 0.5);
    check(Distribution::gamma_mean_cv(SECOND, 2.0), 1.0, 2.0);
    check(Distribution::gamma_mean_cv(SECOND, 0.01), 1.0, 0.01);
    check(Distribution::gamma_mean_cv(SECOND, 0.0), 1.0, 0.0);
    // Weibull: E[X^2] ÷ E[X]^2 = Γ(1 + 2 ÷ k) ÷ Γ(1 + 1 ÷ k)^2, for k = 1/2 24 ÷ 4.
    check(Distribution::weibull(0.5, SECOND), 1.0, 5.0_f64.sqrt());
    check(Distribution::weibull(1.0, SECOND), 1.0, 1.0);
    // Γ(3/2) = √π ÷ 2.
    check(Distribution::weibull(2.0, SECOND), 1.0, (4.0 / std::f64::consts::PI - 1.0).sqrt());
    let pareto = |alpha, cap| Distribution::pareto(alpha, SECOND, SimDuration::from_secs(cap));
    // Means of the bounded law by hand: α ÷ (1 - c^-α) × (1 - c^(1-α)) ÷ (α - 1), and for α = 1
    // ln c ÷ (1 - 1 ÷ c); second moments likewise.
    check(pareto(2.0, 100), 2.0 / 0.9999 * 0.99, 1.24);
    check(pareto(1.0, 100), libm::log(100.0) / 0.99, 2.0);
    check(pareto(1.5, 4), 1.5 / 0.875 * 0.5 / 0.5, 0.4);
    check(pareto(1.5, 1), 1.0, 0.0);
    let (fast, slow) = (SimDuration::from_millis(100), SimDuration::from_secs(2));
    let parts = |law: fn(SimDuration) -> Distribution| vec![(9.0, law(fast)), (1.0, law(slow))];
    let constant = Distribution::mixture(parts(Distribution::Constant));
    check(constant, 0.29, f64::sqrt(0.9 * 0.01 + 0.1 * 4.0 - 0.29 * 0.29) / 0.29);
    let second = 2.0 * (0.9 * 0.01 + 0.1 * 4.0);
    let exponential = Distribution::mixture(parts(|mean| Distribution::Exponential { mean }));
    check(exponential, 0.29, f64::sqrt(second - 0.29 * 0.29) / 0.29);
    let recorded = Sample::new(vec![slow, fast, fast, fast]).expect("it has some");
    let deviation = f64::sqrt(0.75 * 0.01 + 0.25 * 4.0 - 0.575 * 0.575);
    check(Distribution::Empirical(recorded.into()), 0.575, deviation / 0.575);
}

/// The largest distance between the share of draws below a length and the law's own, against the
/// critical value of Kolmogorov and Smirnov at one in 10,000 (√(ln(2 ÷ 10⁻⁴) ÷ 2) = 2.225).
#[track_caller]
fn follows(law: &Distribution, cdf: impl Fn(f64) -> f64) {
    let mut draws = draws(law, 50_000);
    draws.sort_unstable();
    let n = draws.len() as f64;
    let distance = (0..).zip(&draws).map(|(i, draw)| {
        let share = cdf(draw.as_secs_f64());
        (share - f64::from(i) / n).abs().max((share - f64::from(i + 1) / n).abs())
    });
    let distance = distance.fold(0.0, f64::max);
    assert!(distance * n.sqrt() < 2.225, "{law:?}: {distance}");
}

#[test]
fn draws_follow_the_closed_form() {
    let exponential = |x: f64| 1.0 - libm::exp(-x);
    follows(&Distribution::Exponential { mean: SECOND }, exponential);
    follows(&Distribution::gamma(1.0, SECOND), exponential);
    follows(&Distribution::weibull(1.0, SECOND), exponential);
    // A whole shape is a sum of exponentials (Erlang): 1 - e^-y (1 + y + y² ÷ 2), y = 3 x.
    let erlang = |x: f64| 1.0 - libm::exp(-3.0 * x) * (1.0 + 3.0 * x + 4.5 * x * x);
    follows(&Distribution::gamma(3.0, SECOND), erlang);
    // Shape 1/2 is half a squared normal: erf(√(x ÷ 2)) for mean 1.
    follows(&Distribution::gamma(0.5, SECOND), |x| libm::erf((x / 2.0).sqrt()));
    follows(&Distribution::weibull(2.0, SECOND), |x| {
        1.0 - libm::exp(-std::f64::consts::FRAC_PI_4 * x * x)
    });
    follows(&Distribution::weibull(0.5, SECOND), |x| 1.0 - libm::exp(-(2.0 * x).sqrt()));
    let hundred = SimDuration::from_secs(100);
    for alpha in [0.7, 1.0, 2.5] {
        follows(&Distribution::pareto(alpha, SECOND, hundred), |x| {
            (1.0 - libm::pow(x, -alpha)) / (1.0 - libm::pow(100.0, -alpha))
        });
    }
    let sigma = libm::log1p(0.25).sqrt();
    follows(&Distribution::lognormal_mean_cv(SECOND, 0.5), |x| {
        0.5 * libm::erfc(-(libm::log(x) + sigma * sigma / 2.0) / (sigma * 2.0_f64.sqrt()))
    });
    follows(&Distribution::Uniform { min: SECOND, max: SimDuration::from_secs(3) }, |x| {
        (x - 1.0) / 2.0
    });
    let ten = SimDuration::from_secs(10);
    let parts = [(3.0, SECOND), (0.0, hundred), (1.0, ten)];
    let parts = parts.map(|(weight, mean)| (weight, Distribution::Exponential { mean }));
    follows(&Distribution::mixture(parts.into()), |x| {
        0.75 * exponential(x) + 0.25 * exponential(x / 10.0)
    });
    // Every ten-thousandth of an exponential, resampled, is within a ten-thousandth of it.
    let quantile = |i: u32| SimDuration::from_secs_f64(-libm::log1p(-(f64::from(i) + 0.5) / 1e4));
    let sample = Sample::new((0..10_000).map(quantile).collect()).expect("it has some");
    follows(&Distribution::Empirical(sample.into()), |x| (exponential(x) * 1e4).round() / 1e4);
}

/// 1 % of the draws lie above the 99th percentile, half above the median (4 standard errors).
#[test]
fn lognormal_has_its_median_and_p99() {
    let (median, p99) = (SimDuration::from_millis(40), SimDuration::from_millis(140));
    let law = Distribution::lognormal_median_p99(median, p99);
    let draws = draws(&law, 100_000);
    let n = draws.len() as f64;
    for (above, share) in [(median, 0.5), (p99, 0.01)] {
        let seen = draws.iter().filter(|&&d| d > above).count() as f64 / n;
        let error = (share * (1.0 - share) / n).sqrt();
        assert!((seen - share).abs() <= 4.0 * error, "{seen} for {share}");
    }
}

#[test]
fn bounds_are_kept() {
    let cap = SimDuration::from_millis(1_010);
    let law = Distribution::pareto(0.01, SECOND, cap);
    assert!(draws(&law, 10_000).iter().all(|d| (SECOND..=cap).contains(d)));
    let law = Distribution::weibull(1.0, SimDuration(u64::MAX));
    assert!(draws(&law, 1_000).iter().any(|d| d.0 == u64::MAX), "too long is the longest");
}

#[test]
fn a_sample_has_its_quantiles() {
    let sample = Sample::new((1..=200).rev().map(SimDuration).collect()).expect("it has some");
    let check = |share, length| assert_eq!(sample.quantile(share), SimDuration(length), "{share}");
    check(0.0, 1);
    check(0.5, 100);
    check(0.99, 198);
    check(1.0, 200);
    assert_eq!((sample.len(), Sample::new(Vec::new())), (200, None));
}
