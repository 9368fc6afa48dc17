//! Cloud Run's policy: as many instances as the mean load of the last minute or of the last ten
//! needs at the target, whichever is more; and starts on demand for requests that wait.
//!
//! Source: Cloud Run documentation, "About instance autoscaling" (tick, targets, windows).
//! Assumption: the two windows are combined by taking the larger need.

use std::collections::VecDeque;

use super::{Observation, Policy};
use crate::scenario;
use crate::units::{SimDuration, SimTime};

/// The policy with the load it has seen.
#[derive(Debug)]
pub struct CloudRun {
    settings: scenario::CloudRun,
    /// Requests that an instance should carry; absent: the concurrency driver is off.
    per_instance: Option<f64>,
    /// The integral of the load at the start of the run and at each tick of the longer window.
    seen: VecDeque<(SimTime, u64)>,
}

impl CloudRun {
    /// Before the first tick.
    pub fn new(settings: scenario::CloudRun, concurrency: u16) -> Self {
        let per_instance = settings.concurrency_target.map(|t| f64::from(concurrency) * t.0);
        let seen = VecDeque::from([(SimTime::ZERO, 0)]);
        Self { settings, per_instance, seen }
    }

    /// Mean requests in service over a window that ends now, or since the start of the run.
    fn mean(&self, window: SimDuration, seen: &Observation) -> f64 {
        let begin = SimTime(seen.now.0.saturating_sub(window.0));
        let after = self.seen.partition_point(|&(at, _)| at <= begin);
        let (at, integral) = self.seen[after.saturating_sub(1)];
        let length = seen.now.since(at).0;
        if length == 0 {
            return 0.0;
        }
        seen.in_flight_time.wrapping_sub(integral) as f64 / length as f64
    }
}

impl Policy for CloudRun {
    fn tick(&self) -> Option<SimDuration> {
        Some(self.settings.tick)
    }

    fn starts_on_demand(&self) -> bool {
        true
    }

    fn decide(&mut self, seen: &Observation) -> u32 {
        let Some(per_instance) = self.per_instance else { return 0 };
        let short = self.mean(self.settings.window, seen);
        let long = self.mean(self.settings.long_window, seen);
        self.seen.push_back((seen.now, seen.in_flight_time));
        // One entry at or before the longer window's begin is enough.
        while let Some(&(second, _)) = self.seen.get(1)
            && second + self.settings.long_window <= seen.now
        {
            self.seen.pop_front();
        }
        (short.max(long) / per_instance).ceil() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Ratio, SECOND};

    /// 48 requests an instance: 96 in service for 100 s, then none.
    #[test]
    fn the_larger_of_two_windows_decides() {
        let mut policy = CloudRun::new(
            scenario::CloudRun {
                tick: SimDuration::from_secs(5),
                concurrency_target: Some(Ratio(0.6)),
                window: SimDuration::from_secs(60),
                long_window: SimDuration::from_secs(600),
            },
            80,
        );
        let mut wanted = |s: u64| {
            policy.decide(&Observation {
                now: SimTime(s * SECOND),
                in_flight_time: 96 * SECOND * s.min(100),
                ready: 0,
                orders: 0,
                pending: 0,
            })
        };
        let seen: Vec<(u64, u32)> = (0..=160).map(|i| (i * 5, wanted(i * 5))).collect();
        let at = |s: u64| seen.iter().find(|x| x.0 == s).map(|x| x.1);
        // An unfilled window divides by the time that has passed.
        assert_eq!((at(0), at(5), at(100)), (Some(0), Some(2), Some(2)));
        // At 110 s the short window has 96 × 50 / 60 = 80, at 160 s nothing; the long one has
        // 96 × 100 / t until it is filled: 1 from 200 s on, until the load leaves it at 700 s.
        assert_eq!((at(110), at(160), at(195), at(200)), (Some(2), Some(2), Some(2), Some(1)));
        assert_eq!((at(695), at(700)), (Some(1), Some(0)));
    }
}
