//! Settings of Knative's pod autoscaler, and what they come to.
//!
//! Keys are the annotations of a revision and the keys of the cluster's `config-autoscaler` map, in
//! snake case. Source: Knative documentation, Autoscaling; Knative serving, `config-autoscaler`.

use crate::scenario::build::{count, flag, length, number, text};
use crate::scenario::tree::Node;
use crate::units::{SECOND, SimDuration};

/// Settings of the `knative` policy, as the revision and its cluster give them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knative {
    /// What is counted.
    pub metric: KnativeMetric,
    /// What a pod can carry, in units of the metric; absent: the hard limit, or the cluster's
    /// default.
    pub target: Option<f64>,
    /// Per cent of that which is aimed at, 1 to 100; absent: the cluster's.
    pub target_utilization_percentage: Option<f64>,
    /// The cluster's target where a revision has neither a target nor a hard limit.
    pub container_concurrency_target_default: f64,
    /// The cluster's percentage for the metric concurrency: 1 to 100, or a share up to 1.
    pub container_concurrency_target_percentage: f64,
    /// The cluster's target for the metric rps.
    pub requests_per_second_target_default: f64,
    /// The stable window, whole seconds, 6 s to 1 h.
    pub window: SimDuration,
    /// Length of the panic window in per cent of the stable one, 1 to 100.
    pub panic_window_percentage: f64,
    /// Panic begins where the pods wanted come to this much per cent of the ready ones.
    pub panic_threshold_percentage: f64,
    /// A decision wants at most so many times the ready pods; above 1.
    pub max_scale_up_rate: f64,
    /// A decision wants at least the ready pods over this; above 1.
    pub max_scale_down_rate: f64,
    /// Spare capacity below which the activator stays in the path; -1: always, 0: only at zero.
    pub target_burst_capacity: f64,
    /// Least pods.
    pub min_scale: u32,
    /// Most pods; zero: any number.
    pub max_scale: u32,
    /// Pods of a new revision, which count as its minimum until they have been ready once.
    pub initial_scale: u32,
    /// Least pods wanted where any is; below 2 it says nothing.
    pub activation_scale: u32,
    /// The largest wish of this time holds.
    pub scale_down_delay: SimDuration,
    /// Whether the last pod may go.
    pub enable_scale_to_zero: bool,
    /// From inactive to zero pods, where the activator was not in the path before.
    pub scale_to_zero_grace_period: SimDuration,
    /// The last pod stays at least this long after traffic.
    pub scale_to_zero_pod_retention_period: SimDuration,
    /// How a window averages.
    pub metric_aggregation_algorithm: Aggregation,
    /// A revision that has not become active after this and 30 s more is given up.
    pub progress_deadline: SimDuration,
}

/// What Knative counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnativeMetric {
    /// Requests in flight.
    Concurrency,
    /// Requests a second.
    Rps,
}

/// How a window averages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// All seconds alike.
    Linear,
    /// The latest seconds weigh most.
    WeightedExponential,
}

impl Knative {
    pub(in crate::scenario) fn build(settings: &Node) -> Self {
        let set = |key: &str| settings.get(key).and_then(Node::number);
        let initial: u32 = count(settings, "initial_scale");
        let window = settings.get("window").or_else(|| settings.get("stable_window"));
        Self {
            metric: match text(settings, "metric") {
                "rps" => KnativeMetric::Rps,
                _ => KnativeMetric::Concurrency,
            },
            target: set("target"),
            target_utilization_percentage: set("target_utilization_percentage"),
            container_concurrency_target_default: number(
                settings,
                "container_concurrency_target_default",
            ),
            container_concurrency_target_percentage: number(
                settings,
                "container_concurrency_target_percentage",
            ),
            requests_per_second_target_default: number(
                settings,
                "requests_per_second_target_default",
            ),
            window: window.and_then(Node::duration).unwrap_or_default(),
            panic_window_percentage: number(settings, "panic_window_percentage"),
            panic_threshold_percentage: number(settings, "panic_threshold_percentage"),
            max_scale_up_rate: number(settings, "max_scale_up_rate"),
            max_scale_down_rate: number(settings, "max_scale_down_rate"),
            target_burst_capacity: number(settings, "target_burst_capacity"),
            min_scale: count(settings, "min_scale"),
            max_scale: count(settings, "max_scale"),
            // Zero where zero is not allowed is the cluster's default, which is one.
            initial_scale: match flag(settings, "allow_zero_initial_scale") {
                true => initial,
                false => initial.max(1),
            },
            activation_scale: count(settings, "activation_scale"),
            scale_down_delay: length(settings, "scale_down_delay"),
            enable_scale_to_zero: flag(settings, "enable_scale_to_zero"),
            scale_to_zero_grace_period: length(settings, "scale_to_zero_grace_period"),
            scale_to_zero_pod_retention_period: length(
                settings,
                "scale_to_zero_pod_retention_period",
            ),
            metric_aggregation_algorithm: match text(settings, "metric_aggregation_algorithm") {
                "weighted-exponential" => Aggregation::WeightedExponential,
                _ => Aggregation::Linear,
            },
            progress_deadline: length(settings, "progress_deadline"),
        }
    }

    /// What one pod can carry, in units of the metric. A hard limit of zero is none.
    pub fn total(&self, container_concurrency: u32) -> f64 {
        let limit = f64::from(container_concurrency);
        match (self.metric, self.target) {
            (KnativeMetric::Rps, target) => {
                target.unwrap_or(self.requests_per_second_target_default)
            }
            (KnativeMetric::Concurrency, Some(target)) if container_concurrency > 0 => {
                target.min(limit)
            }
            (KnativeMetric::Concurrency, Some(target)) => target,
            (KnativeMetric::Concurrency, None) if container_concurrency > 0 => limit,
            (KnativeMetric::Concurrency, None) => self.container_concurrency_target_default,
        }
    }

    /// What one pod should carry: the total times the utilisation, at least 0.01.
    pub fn per_pod(&self, container_concurrency: u32) -> f64 {
        let cluster = match self.metric {
            KnativeMetric::Rps => 0.7,
            KnativeMetric::Concurrency => {
                let said = self.container_concurrency_target_percentage;
                if said <= 1.0 { said } else { said / 100.0 }
            }
        };
        let utilization = self.target_utilization_percentage.map_or(cluster, |p| p / 100.0);
        (self.total(container_concurrency) * utilization).max(0.01)
    }

    /// The panic window: the share of the stable one, to the nearest whole second, at least one.
    pub fn panic_window(&self) -> SimDuration {
        let share = (self.window.0 as f64 * self.panic_window_percentage / 100.0) as u64;
        SimDuration::from_secs(((share + SECOND / 2) / SECOND).max(1))
    }
}
