//! Student's t and the normal distribution: tails and quantiles.
//!
//! The tail of t is the regularised incomplete beta function, by its continued fraction (Abramowitz
//! and Stegun, Handbook of Mathematical Functions, 26.5.8 and 26.7.1), evaluated as Lentz does.
//! Quantiles are found by halving, so that they are as good as the tails. Everything goes through
//! `libm`, so that intervals have the same bytes everywhere.

/// Relative precision at which a continued fraction is done.
const PRECISION: f64 = 1e-15;
/// Steps after which it is taken as it is; far fewer are needed where it is used.
const STEPS: usize = 10_000;
/// What stands for a denominator of zero.
const TINY: f64 = 1e-300;

/// The regularised incomplete beta function of `x` in 0..=1 with positive `a` and `b`.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction is quick below the mean; above it the other tail is taken.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let scale = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let front = libm::exp(scale + a * libm::log(x) + b * libm::log1p(-x)) / a;
    front / beta_fraction(a, b, x)
}

/// The continued fraction of the incomplete beta function: 1 + d1/(1 + d2/(1 + ...)).
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let kept = |n: f64| if n.abs() < TINY { TINY } else { n };
    let (mut value, mut c, mut d) = (1.0_f64, 1.0_f64, 0.0_f64);
    for step in 1..=STEPS {
        let m = (step / 2) as f64;
        let term = match step % 2 {
            0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        };
        d = 1.0 / kept(1.0 + term * d);
        c = kept(1.0 + term / c);
        value *= c * d;
        if (c * d - 1.0).abs() < PRECISION {
            break;
        }
    }
    value
}

/// The probability that a t of `freedom` degrees of freedom lies farther from zero than `t`, on
/// either side: the p-value of a two-sided test.
pub fn t_tails(t: f64, freedom: f64) -> f64 {
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The t that is not exceeded in absolute value with probability `level`, for `freedom` degrees of
/// freedom; `t_within(0.95, 4.0)` is 2.776.
pub fn t_within(level: f64, freedom: f64) -> f64 {
    let tails = 1.0 - level;
    let mut high = 1.0;
    while t_tails(high, freedom) > tails && high < 1e12 {
        high *= 2.0;
    }
    halve(0.0, high, |t| t_tails(t, freedom) > tails)
}

/// The normal deviate that is not exceeded in absolute value with probability `level`; `0.95`
/// gives 1.960.
pub fn z_within(level: f64) -> f64 {
    let tails = 1.0 - level;
    let root = libm::sqrt(2.0);
    halve(0.0, 40.0, |z| libm::erfc(z / root) > tails)
}

/// Where a condition that holds first ceases to.
fn halve(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if holds(middle) { low = middle } else { high = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz and Stegun, table 26.10.
    #[test]
    fn quantiles_are_those_of_the_published_table() {
        let table = [
            (1.0, [6.314, 12.706, 63.657]),
            (2.0, [2.920, 4.303, 9.925]),
            (3.0, [2.353, 3.182, 5.841]),
            (4.0, [2.132, 2.776, 4.604]),
            (5.0, [2.015, 2.571, 4.032]),
            (9.0, [1.833, 2.262, 3.250]),
            (10.0, [1.812, 2.228, 3.169]),
            (19.0, [1.729, 2.093, 2.861]),
            (29.0, [1.699, 2.045, 2.756]),
            (30.0, [1.697, 2.042, 2.750]),
            (60.0, [1.671, 2.000, 2.660]),
            (120.0, [1.658, 1.980, 2.617]),
        ];
        for (freedom, expected) in table {
            for (level, expected) in [0.9, 0.95, 0.99].into_iter().zip(expected) {
                let got = t_within(level, freedom);
                assert!((got - expected).abs() <= 5.1e-4, "{level} {freedom}: {got}");
            }
        }
        for (level, expected) in [(0.9, 1.644_854), (0.95, 1.959_964), (0.99, 2.575_829)] {
            assert!((z_within(level) - expected).abs() < 5.1e-7, "{level}");
            // Of many degrees of freedom t is the normal and a term of the order 1/freedom
            // (Abramowitz and Stegun 26.7.5).
            let z = z_within(level);
            let expanded = z + (z * z * z + z) / (4.0 * 1e5);
            assert!((t_within(level, 1e5) - expanded).abs() < 1e-8, "{level}");
        }
    }

    /// With one degree of freedom t is Cauchy's, with two its tail is algebraic.
    #[test]
    fn tails_are_those_of_closed_forms() {
        for t in [0.0, 0.1, 1.0, 3.0, 12.706, 1e4] {
            let cauchy = 1.0 - 2.0 * libm::atan(t) / std::f64::consts::PI;
            let two = 1.0 - t / libm::sqrt(2.0 + t * t);
            assert!((t_tails(t, 1.0) - cauchy).abs() < 1e-14, "{t}");
            assert!((t_tails(t, 2.0) - two).abs() < 1e-14, "{t}");
        }
    }
}
