//! A minimum of instances that changes with time.

use crate::scenario::build::{count, length};
use crate::scenario::tree::Node;
use crate::units::SimDuration;

/// Minimum instances over time. Before the first step the last one's number holds where the
/// schedule repeats, none otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// After this time it begins anew; absent: it is gone through once.
    pub repeat: Option<SimDuration>,
    /// At least one; instants rise strictly, and lie within `repeat`.
    pub steps: Vec<Step>,
}

/// A minimum from an instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Since the end of the warm-up, or since the begin of a repetition.
    pub at: SimDuration,
    /// Instances wanted at least.
    pub min_instances: u32,
}

impl Schedule {
    /// The schedule of a checked table of an autoscaler, if it has one.
    pub(in crate::scenario) fn of(autoscaler: &Node) -> Option<Self> {
        autoscaler.get("schedule").map(Self::build)
    }

    fn build(schedule: &Node) -> Self {
        let step = |step: &Node| Step {
            at: length(step, "at"),
            min_instances: count(step, "min_instances"),
        };
        Self {
            repeat: schedule.get("repeat").and_then(Node::duration),
            steps: schedule
                .get("steps")
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .map(step)
                .collect(),
        }
    }
}
