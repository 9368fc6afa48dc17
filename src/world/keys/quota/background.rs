//! Other users of a quota: operations that come at a rate, known stretch by stretch.
//!
//! A stretch is a second at most, in which the rate does not change. How many operations come in it
//! is known at once; when they come is worked out only where somebody asks. Each stretch of a
//! Poisson process has its own generator, by the instant at which it begins: what is asked about
//! one changes no other.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::Exp1;

use crate::distribution::poisson;
use crate::kernel::Family;
use crate::scenario;
use crate::units::SECOND;

/// Operations a second are counted in parts of this size, so that even distances add up exactly.
const PARTS: u64 = 1_000_000_000;
/// A whole operation: parts of one a second, for a second in nanoseconds.
const WHOLE: u128 = PARTS as u128 * SECOND as u128;

/// Other users of one quota.
#[derive(Clone, Debug)]
pub struct Background {
    /// The scenario's rate, per second.
    usual: f64,
    /// The present one.
    rate: f64,
    /// Where the present stretch ends.
    until: u64,
    process: Process,
}

#[derive(Clone, Debug)]
enum Process {
    Even(Even),
    Poisson(Box<Stretch>),
}

/// Evenly spaced operations: the k-th comes when the rate's integral reaches k.
#[derive(Clone, Debug)]
struct Even {
    /// Since when the rate holds.
    origin: u64,
    /// Parts of an operation that had gathered by then.
    gathered: u128,
    /// Parts a second.
    parts: u64,
    /// Operations that have come since `origin`.
    came: u64,
}

/// A stretch of a Poisson process.
#[derive(Clone, Debug)]
struct Stretch {
    luck: Family,
    from: u64,
    width: u64,
    /// Its operations, and those of them that have not come.
    count: u64,
    left: u64,
    /// Exponential spacings, as for counted arrivals of a load: their sum over the stretch, and up
    /// to the operation that is due; zero while nobody has asked when they come.
    sum: f64,
    passed: f64,
    gaps: Xoshiro256PlusPlus,
}

impl Background {
    /// Users of whom nothing has come; the first stretch begins with the run.
    pub fn new(settings: &scenario::Background, luck: Family) -> Self {
        let rate = settings.rate.per_second();
        let process = match settings.even {
            true => Process::Even(Even { origin: 0, gathered: 0, parts: parts(rate), came: 0 }),
            false => Process::Poisson(Box::new(Stretch {
                luck,
                from: 0,
                width: 0,
                count: 0,
                left: 0,
                sum: 0.0,
                passed: 0.0,
                gaps: luck.nth(0),
            })),
        };
        Self { usual: rate, rate, until: 0, process }
    }

    /// Where the present stretch ends; from there another must begin.
    pub fn until(&self) -> u64 {
        self.until
    }

    /// Another rate from now on, and with it another stretch. What came before now is over.
    pub fn set_factor(&mut self, now: u64, factor: f64) {
        self.rate = self.usual * factor;
        self.until = now;
        match &mut self.process {
            Process::Even(even) => even.change(now, parts(self.rate)),
            Process::Poisson(stretch) => stretch.left = 0,
        }
    }

    /// Begins a stretch where the last one ended.
    pub fn begin(&mut self, from: u64, until: u64) {
        self.until = until;
        if let Process::Poisson(stretch) = &mut self.process {
            stretch.begin(from, until, self.rate);
        }
    }

    /// The next operation of the stretch, where it comes before an instant.
    pub fn next(&mut self, before: u64) -> Option<u64> {
        let before = before.min(self.until);
        match &mut self.process {
            Process::Even(even) => even.next(before),
            Process::Poisson(stretch) => stretch.next(before),
        }
    }

    /// Takes all operations that are left of the stretch at once.
    pub fn take_rest(&mut self) -> u64 {
        match &mut self.process {
            Process::Even(even) => even.take(self.until),
            Process::Poisson(stretch) => std::mem::take(&mut stretch.left),
        }
    }
}

/// A rate in parts a second.
fn parts(rate: f64) -> u64 {
    (rate * PARTS as f64).round() as u64
}

impl Even {
    /// Parts of operations gathered by an instant since the first of all.
    fn gathered(&self, at: u64) -> u128 {
        self.gathered + u128::from(at - self.origin) * u128::from(self.parts)
    }

    fn change(&mut self, now: u64, parts: u64) {
        self.gathered = self.gathered(now) - u128::from(self.came) * WHOLE;
        (self.origin, self.parts, self.came) = (now, parts, 0);
    }

    fn next(&mut self, before: u64) -> Option<u64> {
        if self.parts == 0 {
            return None;
        }
        let missing = ((u128::from(self.came) + 1) * WHOLE).saturating_sub(self.gathered);
        let at = u128::from(self.origin) + missing.div_ceil(self.parts.into());
        let at = u64::try_from(at).ok().filter(|&at| at < before)?;
        self.came += 1;
        Some(at)
    }

    fn take(&mut self, before: u64) -> u64 {
        let whole = (self.gathered(before.saturating_sub(1).max(self.origin)) / WHOLE) as u64;
        let rest = whole.saturating_sub(self.came);
        self.came += rest;
        rest
    }
}

impl Stretch {
    fn begin(&mut self, from: u64, until: u64, rate: f64) {
        (self.from, self.width) = (from, until - from);
        self.gaps = self.luck.nth(from);
        self.count = poisson(rate * self.width as f64 / SECOND as f64, &mut self.gaps);
        (self.left, self.sum) = (self.count, 0.0);
    }

    fn next(&mut self, before: u64) -> Option<u64> {
        if self.left == 0 {
            return None;
        }
        if self.sum == 0.0 {
            let mut ahead = self.gaps.clone();
            self.sum = (0..=self.count).map(|_| ahead.sample::<f64, _>(Exp1)).sum();
            self.passed = self.gaps.sample(Exp1);
        }
        let within = (self.width as f64 * (self.passed / self.sum)) as u64;
        // The quotient may round up to one; an operation lies inside its stretch.
        let at = self.from + within.min(self.width - 1);
        if at >= before {
            return None;
        }
        self.left -= 1;
        self.passed += self.gaps.sample::<f64, _>(Exp1);
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;
    use crate::units::Rate;

    fn background(rate: f64, even: bool) -> Background {
        let luck = Streams::new(1, 0).family("background", "q");
        Background::new(&scenario::Background { rate: Rate(rate), even }, luck)
    }

    /// All operations before an instant, second by second.
    fn all(users: &mut Background, from: u64, until: u64) -> Vec<u64> {
        let mut came = Vec::new();
        for second in from..until {
            users.begin(second * SECOND, (second + 1) * SECOND);
            while let Some(at) = users.next(u64::MAX) {
                came.push(at);
            }
        }
        came
    }

    #[test]
    fn even_operations_come_when_the_integral_is_whole() {
        let mut users = background(3.0, true);
        let third = [333_333_334, 666_666_667, 1_000_000_000, 1_333_333_334];
        assert_eq!(all(&mut users, 0, 2)[..4], third);
        // Half of an operation had gathered when the rate was doubled.
        let mut users = background(1.0, true);
        users.begin(0, SECOND / 2);
        assert_eq!(users.next(u64::MAX), None);
        users.set_factor(SECOND / 2, 2.0);
        users.begin(SECOND / 2, SECOND);
        assert_eq!(users.next(u64::MAX), Some(SECOND / 4 * 3));
        users.set_factor(SECOND, 0.0);
        assert!(all(&mut users, 1, 5).is_empty());
    }

    /// A stretch has as many operations, at the same instants, whether somebody asked when those
    /// before it came or not.
    #[test]
    fn nobody_who_asks_changes_what_comes() {
        for even in [true, false] {
            let asked = all(&mut background(40.0, even), 0, 100);
            let mut users = background(40.0, even);
            let mut taken = Vec::new();
            for second in 0..100 {
                users.begin(second * SECOND, (second + 1) * SECOND);
                let mut count = 0;
                if second % 3 == 1 {
                    let before = second * SECOND + SECOND / 3;
                    while let Some(at) = users.next(before) {
                        assert!(asked.contains(&at), "{at}");
                        count += 1;
                    }
                }
                taken.push(count + users.take_rest());
            }
            for (second, count) in taken.iter().enumerate() {
                let there = asked.iter().filter(|&&at| at / SECOND == second as u64).count();
                assert_eq!(there as u64, *count, "second {second}, even: {even}");
            }
            assert!(asked.is_sorted());
        }
    }

    /// Gaps of a Poisson process are exponential, across its stretches too: the share of those
    /// that are longer than t is exp(-rate × t), within 4 standard errors.
    #[test]
    fn gaps_are_exponential() {
        let came = all(&mut background(20.0, false), 0, 2_000);
        let n = (came.len() - 1) as f64;
        for t in [0.01, 0.05, 0.1, 0.2] {
            let longer = came.windows(2).filter(|w| (w[1] - w[0]) as f64 > t * 1e9).count();
            let expected = libm::exp(-20.0 * t);
            let error = (expected * (1.0 - expected) / n).sqrt();
            let share = longer as f64 / n;
            assert!((share - expected).abs() < 4.0 * error, "{t}: {share} is not {expected}");
        }
    }
}
