//! Scaling policies and their settings, a policy a file.

mod cloud_run;
mod hpa;
mod knative;
mod schedule;

pub use cloud_run::CloudRun;
pub use hpa::{Behavior, Hpa, HpaMetric, HpaPolicy, PolicyKind, ScalingRules, Select};
pub use knative::{Aggregation, Knative, KnativeMetric};
pub use schedule::{Schedule, Step};

use super::build::count;
use super::tree::Node;

/// A policy that says how many instances are wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Autoscaler {
    /// Cloud Run's: instances for the mean load, and starts on demand for waiting requests.
    CloudRun(CloudRun),
    /// Knative's pod autoscaler.
    Knative(Knative),
    /// The horizontal pod autoscaler of Kubernetes, version 2.
    Hpa(Hpa),
    /// An instance for each request in flight.
    PerRequest,
    /// Always the same number.
    Fixed {
        /// Instances wanted.
        instances: u32,
    },
}

impl Autoscaler {
    /// The policy of a checked table.
    pub(super) fn build(table: &Node) -> Self {
        if let Some(settings) = table.get("cloud_run") {
            Self::CloudRun(CloudRun::build(settings))
        } else if let Some(settings) = table.get("knative") {
            Self::Knative(Knative::build(settings))
        } else if let Some(settings) = table.get("hpa") {
            Self::Hpa(Hpa::build(settings))
        } else if table.get("per_request").is_some() {
            Self::PerRequest
        } else {
            Self::Fixed { instances: count(table, "fixed.instances") }
        }
    }
}
