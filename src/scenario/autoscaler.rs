//! Scaling policies and their settings.

use super::build::{count, length};
use super::tree::Node;
use crate::units::{Ratio, SimDuration};

/// A policy that says how many instances are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Autoscaler {
    /// Cloud Run's: instances for the mean load, and starts on demand for waiting requests.
    CloudRun(CloudRun),
    /// Always the same number.
    Fixed {
        /// Instances wanted.
        instances: u32,
    },
}

/// Settings of the `cloud_run` policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloudRun {
    /// Time between two decisions.
    pub tick: SimDuration,
    /// Share of an instance's concurrency that the concurrency driver aims at; absent: the driver
    /// is off.
    pub concurrency_target: Option<Ratio>,
    /// The shorter window of the concurrency driver.
    pub window: SimDuration,
    /// The longer window of the concurrency driver.
    pub long_window: SimDuration,
}

impl Autoscaler {
    /// The policy of a checked table.
    pub(super) fn build(table: &Node) -> Self {
        match table.get("cloud_run") {
            Some(settings) => Self::CloudRun(CloudRun {
                tick: length(settings, "tick"),
                concurrency_target: settings.get("concurrency_target").and_then(Node::ratio),
                window: length(settings, "window"),
                long_window: length(settings, "long_window"),
            }),
            None => Self::Fixed { instances: count(table, "fixed.instances") },
        }
    }
}
