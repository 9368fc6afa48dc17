//! The horizontal pod autoscaler of Kubernetes, version 2: every 15 s a metric over the ready pods
//! becomes a proposal, which is stabilised and limited.

mod limits;
mod replicas;

pub use limits::Limit;
pub use replicas::{Pod, PodPhase, Sample};

use self::limits::Limits;
use self::replicas::{Tolerance, propose};
use super::{Cause, Decision, Observation, Policy, Reason};
use crate::scenario;
use crate::units::{SimDuration, SimTime};

/// The policy of one revision.
#[derive(Debug)]
pub struct Hpa {
    asked: scenario::Hpa,
    tolerance: Tolerance,
    limits: Limits,
}

impl Hpa {
    /// Before the first decision.
    pub fn new(asked: scenario::Hpa) -> Self {
        let behavior = asked.behavior.as_ref();
        let own = |rules: Option<&scenario::ScalingRules>| rules.and_then(|rules| rules.tolerance);
        let tolerance = Tolerance {
            up: own(behavior.map(|b| &b.up)).unwrap_or(asked.tolerance),
            down: own(behavior.map(|b| &b.down)).unwrap_or(asked.tolerance),
        };
        Self { asked, tolerance, limits: Limits::default() }
    }

    fn replicas(&mut self, now: SimTime, current: u32, pods: &[Pod]) -> (u32, Limit) {
        self.limits.seed(now, current);
        if current == 0 {
            return (0, Limit::ScalingDisabled);
        }
        // Beyond its bounds it is put right at once.
        if current > self.asked.max_replicas {
            return (self.asked.max_replicas, Limit::TooManyReplicas);
        }
        if current < self.asked.min_replicas {
            return (self.asked.min_replicas, Limit::TooFewReplicas);
        }
        match propose(&self.asked, self.tolerance, now, current, pods) {
            Some(proposed) => self.limits.apply(&self.asked, now, current, proposed),
            None => (current, Limit::MetricsFailed),
        }
    }
}

impl Policy for Hpa {
    fn initial(&self) -> u32 {
        self.asked.min_replicas
    }

    fn tick(&self) -> Option<SimDuration> {
        Some(self.asked.sync_period)
    }

    fn removes_at_once(&self) -> bool {
        true
    }

    fn sees_pods(&self) -> bool {
        true
    }

    fn decide(&mut self, _: Cause, seen: &Observation<'_>) -> Decision {
        let (wanted, limit) = self.replicas(seen.now, seen.replicas, seen.pods);
        if wanted != seen.replicas {
            self.limits.changed(&self.asked, seen.now, seen.replicas, wanted);
        }
        Decision { wanted: Some(wanted), reason: Reason::Hpa(limit) }
    }
}
