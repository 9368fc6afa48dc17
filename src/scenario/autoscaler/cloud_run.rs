//! Settings of Cloud Run's autoscaler.

use crate::scenario::build::{length, ratio};
use crate::scenario::tree::Node;
use crate::units::{Ratio, SimDuration};

/// Settings of the `cloud_run` policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloudRun {
    /// Time between two decisions.
    pub tick: SimDuration,
    /// Share of an instance's vCPUs that the CPU driver aims at; absent: the driver is off.
    pub cpu_target: Option<Ratio>,
    /// Share of an instance's concurrency that the concurrency driver aims at; absent: the driver
    /// is off.
    pub concurrency_target: Option<Ratio>,
    /// The window of the CPU driver, and the shorter one of the concurrency driver.
    pub window: SimDuration,
    /// The longer window of the concurrency driver.
    pub long_window: SimDuration,
    /// Nothing changes while the load differs by less than this share from what the instances
    /// that exist carry at the target; zero: the plain ceiling.
    pub tolerance: Ratio,
}

impl CloudRun {
    pub(super) fn build(settings: &Node) -> Self {
        Self {
            tick: length(settings, "tick"),
            cpu_target: settings.get("cpu_target").and_then(Node::ratio),
            concurrency_target: settings.get("concurrency_target").and_then(Node::ratio),
            window: length(settings, "window"),
            long_window: length(settings, "long_window"),
            tolerance: ratio(settings, "tolerance"),
        }
    }
}
