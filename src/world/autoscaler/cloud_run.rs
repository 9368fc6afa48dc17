//! Cloud Run's policy: as many instances as CPU and concurrency need at their targets, whichever
//! is more; and starts on demand for requests that wait.
//!
//! Source: Cloud Run documentation, "About instance autoscaling" (tick, targets, windows).
//! Assumption: the two windows of the concurrency driver are combined by taking the larger need.
//! Assumption: the tolerance compares the larger need with the instances asked for so far.

use std::collections::VecDeque;

use super::{Cause, Decision, Observation, Policy, Reason, Setting, Total};
use crate::scenario;
use crate::units::{SimDuration, SimTime};

/// The policy with the load it has seen.
#[derive(Debug)]
pub struct CloudRun {
    settings: scenario::CloudRun,
    /// Requests that an instance should carry; absent: the concurrency driver is off.
    per_instance: Option<f64>,
    /// What was observed, at the start and at each report of the longer window.
    seen: VecDeque<Seen>,
}

/// What had been observed until an instant.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: SimTime,
    in_flight: Option<Total>,
    cpu: Option<Total>,
}

/// Instances that each driver needs, not yet rounded; absent: it is off, or has seen nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drivers {
    /// By CPU.
    pub cpu: Option<f64>,
    /// By concurrency.
    pub concurrency: Option<f64>,
}

impl CloudRun {
    /// Before the first tick.
    pub fn new(settings: scenario::CloudRun, setting: Setting) -> Self {
        let concurrency = f64::from(setting.concurrency);
        let per_instance = settings.concurrency_target.map(|target| concurrency * target.0);
        let at = setting.made;
        let start = Seen { at, in_flight: Some(Total::default()), cpu: Some(Total::default()) };
        Self { settings, per_instance, seen: VecDeque::from([start]) }
    }

    /// Mean over a window that ends at the last report, or since the start.
    fn mean(&self, window: SimDuration, of: impl Fn(&Seen) -> Option<Total>) -> Option<f64> {
        let last = self.seen.back()?;
        let begin = last.at.0.saturating_sub(window.0);
        let after = self.seen.partition_point(|seen| seen.at.0 <= begin);
        let (from, until) = (of(&self.seen[after.saturating_sub(1)])?, of(last)?);
        let time = until.time.wrapping_sub(from.time);
        (time > 0).then(|| until.sum.wrapping_sub(from.sum) as f64 / time as f64)
    }

    fn drivers(&self) -> Drivers {
        let (short, long) = (self.settings.window, self.settings.long_window);
        let cpu = self.settings.cpu_target.and_then(|target| {
            let mean = self.mean(short, |seen| seen.cpu)?;
            Some(mean / target.0)
        });
        let concurrency = self.per_instance.and_then(|per_instance| {
            let means = [short, long].map(|window| self.mean(window, |seen| seen.in_flight));
            Some(means.into_iter().flatten().reduce(f64::max)? / per_instance)
        });
        Drivers { cpu, concurrency }
    }
}

impl Policy for CloudRun {
    fn tick(&self) -> Option<SimDuration> {
        Some(self.settings.tick)
    }

    fn starts_on_demand(&self) -> bool {
        true
    }

    fn report(&mut self, seen: &Observation<'_>) {
        self.seen.push_back(Seen { at: seen.now, in_flight: seen.in_flight, cpu: seen.cpu });
        // One entry at or before the longer window's begin is enough.
        while let Some(second) = self.seen.get(1)
            && second.at + self.settings.long_window <= seen.now
        {
            self.seen.pop_front();
        }
    }

    fn decide(&mut self, _: Cause, seen: &Observation<'_>) -> Decision {
        let drivers = self.drivers();
        let needed = drivers.cpu.into_iter().chain(drivers.concurrency).reduce(f64::max);
        let wanted = needed.unwrap_or(0.0);
        let current = f64::from(seen.replicas);
        let tolerance = self.settings.tolerance.0;
        let (least, most) = (current * (1.0 - tolerance), current * (1.0 + tolerance));
        let within = tolerance > 0.0 && (least..=most).contains(&wanted);
        let wanted = if within { current } else { wanted.ceil() };
        Decision { wanted: Some(wanted as u32), reason: Reason::CloudRun(drivers) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Ratio, SECOND};

    fn policy(tolerance: f64) -> CloudRun {
        let settings = scenario::CloudRun {
            tick: SimDuration::from_secs(5),
            cpu_target: Some(Ratio(0.5)),
            concurrency_target: Some(Ratio(0.6)),
            window: SimDuration::from_secs(60),
            long_window: SimDuration::from_secs(600),
            tolerance: Ratio(tolerance),
        };
        let zero = SimTime::ZERO;
        CloudRun::new(settings, Setting { concurrency: 80, made: zero, ready: 0, zero })
    }

    fn decide(policy: &mut CloudRun, seen: Observation<'_>) -> Option<u32> {
        policy.report(&seen);
        policy.decide(Cause::Tick, &seen).wanted
    }

    /// 48 requests an instance: 96 in service for 100 s, then none.
    #[test]
    fn the_larger_of_two_windows_decides() {
        let mut policy = policy(0.0);
        let mut wanted = |s: u64| {
            let total = Total { time: s * SECOND, sum: 96 * SECOND * s.min(100) };
            let now = SimTime(s * SECOND);
            decide(
                &mut policy,
                Observation { now, in_flight: Some(total), ..Observation::default() },
            )
        };
        let seen: Vec<(u64, Option<u32>)> = (0..=160).map(|i| (i * 5, wanted(i * 5))).collect();
        let at = |s: u64| seen.iter().find(|x| x.0 == s).and_then(|x| x.1);
        // An unfilled window divides by the time that has passed.
        assert_eq!((at(0), at(5), at(100)), (Some(0), Some(2), Some(2)));
        // At 110 s the short window has 96 × 50 / 60 = 80, at 160 s nothing; the long one has
        // 96 × 100 / t until it is filled: 1 from 200 s on, until the load leaves it at 700 s.
        assert_eq!((at(110), at(160), at(195), at(200)), (Some(2), Some(2), Some(2), Some(1)));
        assert_eq!((at(695), at(700)), (Some(1), Some(0)));
    }

    /// Three instances' worth of CPU at half a target for 30 s are six, and gone after 60 s more.
    #[test]
    fn the_cpu_has_the_shorter_window_only() {
        let mut policy = policy(0.0);
        let mut wanted = |s: u64| {
            let total = Total { time: s * SECOND, sum: 3 * SECOND * s.min(30) };
            let now = SimTime(s * SECOND);
            decide(&mut policy, Observation { now, cpu: Some(total), ..Observation::default() })
        };
        let seen: Vec<Option<u32>> = (1..=18).map(|i| wanted(i * 5)).collect();
        // At 60 s 3 × 30 / 60 / 0.5 = 3, at 75 s 1.5, at 90 s nothing.
        assert_eq!((seen[0], seen[5], seen[11]), (Some(6), Some(6), Some(3)));
        assert_eq!((seen[14], seen[16], seen[17]), (Some(2), Some(1), Some(0)));
    }

    /// Four instances carry 192: between 172.8 and 211.2 nothing changes.
    #[test]
    fn a_tolerance_keeps_what_there_is() {
        let check_with = |tolerance: f64, load: u64, expected: u32| {
            let total = Total { time: SECOND, sum: load * SECOND / 10 };
            let (now, replicas) = (SimTime(SECOND), 4);
            let seen =
                Observation { now, in_flight: Some(total), replicas, ..Observation::default() };
            assert_eq!(decide(&mut policy(tolerance), seen), Some(expected), "{load}");
        };
        let check = |load, expected| check_with(0.1, load, expected);
        check(1_730, 4);
        check(2_110, 4);
        check(2_113, 5);
        check(1_440, 3);
        check(1_450, 4);
        check(1_727, 4);
        check(0, 0);
        // Both ends lie within it: two and six instances of four.
        check_with(0.5, 960, 4);
        check_with(0.5, 2_880, 4);
        check_with(0.5, 2_881, 7);
    }
}
