//! Operations a window allows: whole seconds, counted from the end of the warm-up.
//!
//! Assumption: a window is a whole second. The platform enforces the quota by the second; its
//! algorithm is not published.

use crate::scenario::{Enforcement, Quota};
use crate::units::{SECOND, SimTime};

/// A quota and what has been charged to it.
#[derive(Clone, Debug)]
pub struct Meter {
    limit: u32,
    enforcement: Enforcement,
    /// The window of the last charge.
    window: u64,
    /// Charged in it.
    used: u32,
    /// Charged in all.
    total: u64,
    /// The fullest window so far, with the limit that held: for the laws.
    fullest: (u32, u32),
}

impl Meter {
    /// A quota of which nothing is used.
    pub fn new(quota: &Quota) -> Self {
        Self {
            limit: quota.limit,
            enforcement: quota.enforcement,
            window: u64::MAX,
            used: 0,
            total: 0,
            fullest: (0, quota.limit),
        }
    }

    /// Operations a second.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Sets another limit; what was charged in the present window stays charged.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// Operations charged since the start of the run.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Charges one operation, or denies it. `zero` is an instant at which a window begins.
    pub fn charge(&mut self, now: SimTime, zero: SimTime) -> bool {
        let window = (now.0 + SECOND - zero.0 % SECOND) / SECOND;
        if window != self.window {
            (self.window, self.used) = (window, 0);
        }
        if self.used >= self.limit && self.enforcement == Enforcement::Hard {
            return false;
        }
        self.used += 1;
        self.total += 1;
        if self.enforcement == Enforcement::Hard && self.used > self.fullest.0 {
            self.fullest = (self.used, self.limit);
        }
        true
    }

    /// The most that was charged in one window, and the limit that held then; soft limits are
    /// not counted.
    pub fn fullest_window(&self) -> (u32, u32) {
        self.fullest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Pool;

    fn meter(limit: u32, enforcement: Enforcement) -> Meter {
        Meter::new(&Quota {
            name: String::new(),
            project: String::new(),
            location: String::new(),
            pool: Pool::External,
            limit,
            enforcement,
        })
    }

    #[test]
    fn a_window_is_a_whole_second_from_the_end_of_the_warm_up() {
        let zero = SimTime(SECOND / 4);
        let mut hard = meter(2, Enforcement::Hard);
        let ask = |m: &mut Meter, ms: u64| m.charge(SimTime(ms * 1_000_000), zero);
        assert!(ask(&mut hard, 0) && ask(&mut hard, 249) && !ask(&mut hard, 249));
        assert!(ask(&mut hard, 250) && ask(&mut hard, 1_249) && !ask(&mut hard, 1_249));
        assert!(ask(&mut hard, 1_250));
        assert_eq!(hard.total(), 5);
    }

    #[test]
    fn a_soft_limit_serves_on_and_a_new_limit_holds_at_once() {
        let mut soft = meter(1, Enforcement::Soft);
        assert!((0..10).all(|_| soft.charge(SimTime(0), SimTime(0))));
        let mut hard = meter(0, Enforcement::Hard);
        assert!(!hard.charge(SimTime(0), SimTime(0)));
        hard.set_limit(1);
        assert!(hard.charge(SimTime(0), SimTime(0)) && !hard.charge(SimTime(0), SimTime(0)));
    }
}
