//! The gamma law, from the standard normal and exponential by the method of Marsaglia and Tsang
//! (A simple method for generating gamma variables, ACM TOMS 26, 2000).

use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};

use crate::units::SimDuration;

/// A gamma law, what each draw needs worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    mean: f64,
    /// The method's `d` and `c`, of the shape or, where that is below one, of the shape plus one.
    d: f64,
    c: f64,
    /// Nanoseconds of one unit.
    scale: f64,
    /// One over a shape below one; zero otherwise.
    boost: f64,
}

impl Gamma {
    /// The law with this shape, above zero, and this mean in nanoseconds.
    pub(super) fn new(shape: f64, mean: f64) -> Self {
        let (drawn, boost) = if shape < 1.0 { (shape + 1.0, 1.0 / shape) } else { (shape, 0.0) };
        let d = drawn - 1.0 / 3.0;
        Self { mean, d, c: 1.0 / (9.0 * d).sqrt(), scale: mean / shape, boost }
    }

    pub(super) fn mean(&self) -> SimDuration {
        SimDuration(self.mean as u64)
    }

    pub(super) fn sample(&self, rng: &mut impl Rng) -> SimDuration {
        let mut units = self.units(rng);
        if self.boost > 0.0 {
            // A gamma of shape a is one of shape a + 1 times U^(1/a), and -ln U is exponential.
            units *= libm::exp(-self.boost * rng.sample::<f64, _>(Exp1));
        }
        SimDuration((units * self.scale) as u64)
    }

    /// A draw of shape one or more and scale one.
    fn units(&self, rng: &mut impl Rng) -> f64 {
        loop {
            let x: f64 = rng.sample(StandardNormal);
            let root = 1.0 + self.c * x;
            if root <= 0.0 {
                continue;
            }
            let (v, square) = (root * root * root, x * x);
            let u: f64 = rng.random();
            // The first test accepts nearly always, and spares the logarithms.
            if u < 1.0 - 0.0331 * square * square
                || libm::log(u) < 0.5 * square + self.d * (1.0 - v + libm::log(v))
            {
                return self.d * v;
            }
        }
    }
}
