//! A minimum that changes with time, over whatever another policy wants.

use super::{Cause, Decision, Observation, Policy, Setting};
use crate::scenario::Schedule;
use crate::units::{SimDuration, SimTime};

/// How often the schedule is looked at where its policy never decides by itself.
const LOOK: SimDuration = SimDuration::from_secs(1);

/// A policy with a schedule over it.
#[derive(Debug)]
pub struct Scheduled {
    schedule: Schedule,
    policy: Box<dyn Policy>,
    zero: SimTime,
    /// What the policy wanted last.
    last: Option<u32>,
}

impl Scheduled {
    /// Before the first decision.
    pub fn new(schedule: Schedule, policy: Box<dyn Policy>, setting: Setting) -> Self {
        Self { schedule, policy, zero: setting.zero, last: None }
    }

    /// The minimum at an instant.
    fn minimum(&self, now: SimTime) -> u32 {
        let since = now.0 as i128 - self.zero.0 as i128;
        let steps = &self.schedule.steps;
        let since = match self.schedule.repeat {
            Some(repeat) => since.rem_euclid(i128::from(repeat.0)),
            None => since,
        };
        let passed = steps.partition_point(|step| i128::from(step.at.0) <= since);
        match (passed, self.schedule.repeat) {
            (0, None) => 0,
            // The last step of the repetition before.
            (0, Some(_)) => steps.last().map_or(0, |step| step.min_instances),
            (passed, _) => steps[passed - 1].min_instances,
        }
    }
}

impl Policy for Scheduled {
    fn initial(&self) -> u32 {
        self.policy.initial()
    }

    fn tick(&self) -> Option<SimDuration> {
        self.policy.tick().or(Some(LOOK))
    }

    fn report_interval(&self) -> Option<SimDuration> {
        self.policy.report_interval()
    }

    fn starts_on_demand(&self) -> bool {
        self.policy.starts_on_demand()
    }

    fn removes_at_once(&self) -> bool {
        self.policy.removes_at_once()
    }

    fn pods_report(&self) -> bool {
        self.policy.pods_report()
    }

    fn sees_pods(&self) -> bool {
        self.policy.sees_pods()
    }

    fn wakes(&self) -> bool {
        self.policy.wakes()
    }

    fn report(&mut self, seen: &Observation<'_>) {
        self.policy.report(seen);
    }

    fn decide(&mut self, cause: Cause, seen: &Observation<'_>) -> Decision {
        let decision = self.policy.decide(cause, seen);
        self.last = decision.wanted.or(self.last);
        let least = self.minimum(seen.now);
        // Where the policy leaves things as they are, a minimum that has fallen lets them fall to
        // what it wanted last.
        let wanted = match (decision.wanted.or(self.last), least) {
            (None, 0) => None,
            (wanted, least) => Some(wanted.unwrap_or(0).max(least)),
        };
        Decision { wanted, ..decision }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reason, fixed::Fixed};
    use super::*;
    use crate::scenario::Step;
    use crate::units::SECOND;

    fn wanted(repeat: Option<u64>, wish: u32) -> impl Fn(u64) -> u32 {
        let step = |at, min_instances| Step { at: SimDuration::from_secs(at), min_instances };
        let schedule = Schedule {
            repeat: repeat.map(SimDuration::from_secs),
            steps: vec![step(10, 5), step(20, 2)],
        };
        move |second| {
            let zero = SimTime(60 * SECOND);
            let setting = Setting { concurrency: 1, made: SimTime::ZERO, ready: 0, zero };
            let fixed = Box::new(Fixed { instances: wish });
            let mut policy = Scheduled::new(schedule.clone(), fixed, setting);
            let now = SimTime(second * SECOND);
            let seen = Observation { now, ..Observation::default() };
            let decision = policy.decide(Cause::Tick, &seen);
            assert_eq!(decision.reason, Reason::Plain);
            decision.wanted.expect("a fixed number is wanted")
        }
    }

    #[test]
    fn the_larger_of_schedule_and_policy_is_wanted() {
        let once = wanted(None, 3);
        let at = |seconds: [u64; 6]| seconds.map(&once);
        assert_eq!(at([0, 69, 70, 79, 80, 999]), [3, 3, 5, 5, 3, 3]);
        let again = wanted(Some(30), 0);
        let at = |seconds: [u64; 8]| seconds.map(&again);
        // The warm-up lies before zero: there the repetition before goes on.
        assert_eq!(at([0, 40, 60, 69, 70, 80, 90, 100]), [2, 5, 2, 2, 5, 2, 2, 5]);
    }
}
