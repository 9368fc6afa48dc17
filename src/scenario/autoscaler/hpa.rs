//! Settings of the horizontal pod autoscaler.
//!
//! Source: Kubernetes documentation, Horizontal Pod Autoscaling; reference of
//! kube-controller-manager and of HorizontalPodAutoscaler v2.

use crate::scenario::build::{count, length, number, text};
use crate::scenario::tree::Node;
use crate::units::SimDuration;

/// Settings of the `hpa` policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Hpa {
    /// Least replicas, at least 1.
    pub min_replicas: u32,
    /// Most replicas.
    pub max_replicas: u32,
    /// What is measured.
    pub metric: HpaMetric,
    /// What is aimed at: whole per cent of the request for CPU, otherwise thousandths of the
    /// metric a pod.
    pub target: u64,
    /// The share by which the metric may differ from the target before anything changes.
    pub tolerance: f64,
    /// Time between two decisions.
    pub sync_period: SimDuration,
    /// The largest recommendation of this time holds.
    pub downscale_stabilization: SimDuration,
    /// After its start a pod's CPU counts only while it is ready, for this long.
    pub cpu_initialization_period: SimDuration,
    /// A pod that went unready within this time of its start was never ready.
    pub initial_readiness_delay: SimDuration,
    /// Rules of how fast it goes; absent: at most twice the replicas, or four.
    pub behavior: Option<Behavior>,
}

/// What the horizontal pod autoscaler measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HpaMetric {
    /// CPU, in per cent of what the pods request.
    Cpu,
    /// Requests in flight a pod.
    Concurrency,
    /// Requests a second and pod.
    Rps,
}

/// How fast replicas may change, either way.
#[derive(Clone, Debug, PartialEq)]
pub struct Behavior {
    /// Upwards.
    pub up: ScalingRules,
    /// Downwards.
    pub down: ScalingRules,
}

/// How fast replicas may change in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingRules {
    /// The most cautious recommendation of this time holds.
    pub stabilization_window: SimDuration,
    /// Which of the policies counts.
    pub select_policy: Select,
    /// In place of the controller's tolerance.
    pub tolerance: Option<f64>,
    /// At least one.
    pub policies: Vec<HpaPolicy>,
}

/// Which of several policies counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select {
    /// The one that allows the largest change.
    Max,
    /// The one that allows the smallest change.
    Min,
    /// None: nothing changes in this direction.
    Disabled,
}

/// A largest change within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HpaPolicy {
    /// What the value counts.
    pub kind: PolicyKind,
    /// Pods, or per cent; above zero.
    pub value: u32,
    /// Within this time.
    pub period: SimDuration,
}

/// What the value of a policy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Pods.
    Pods,
    /// Per cent of the replicas at the begin of the period.
    Percent,
}

impl Hpa {
    pub(super) fn build(settings: &Node) -> Self {
        let metric = match text(settings, "metric") {
            "concurrency" => HpaMetric::Concurrency,
            "rps" => HpaMetric::Rps,
            _ => HpaMetric::Cpu,
        };
        let target = settings.get("target").and_then(Node::number).unwrap_or(80.0);
        Self {
            min_replicas: count(settings, "min_replicas"),
            max_replicas: count(settings, "max_replicas"),
            metric,
            target: match metric {
                HpaMetric::Cpu => target as u64,
                HpaMetric::Concurrency | HpaMetric::Rps => (target * 1e3).round() as u64,
            },
            tolerance: number(settings, "tolerance"),
            sync_period: length(settings, "sync_period"),
            downscale_stabilization: length(settings, "downscale_stabilization"),
            cpu_initialization_period: length(settings, "cpu_initialization_period"),
            initial_readiness_delay: length(settings, "initial_readiness_delay"),
            behavior: settings.get("behavior").map(|behavior| Behavior {
                up: ScalingRules::build(behavior, "scale_up"),
                down: ScalingRules::build(behavior, "scale_down"),
            }),
        }
    }
}

impl ScalingRules {
    fn build(behavior: &Node, direction: &str) -> Self {
        let rules = behavior.get(direction).unwrap_or(behavior);
        let policy = |policy: &Node| HpaPolicy {
            kind: match text(policy, "type") {
                "Percent" => PolicyKind::Percent,
                _ => PolicyKind::Pods,
            },
            value: count(policy, "value"),
            period: length(policy, "period"),
        };
        let policies = rules.get("policies").map(Node::items).unwrap_or_default();
        Self {
            stabilization_window: length(rules, "stabilization_window"),
            select_policy: match text(rules, "select_policy") {
                "Min" => Select::Min,
                "Disabled" => Select::Disabled,
                _ => Select::Max,
            },
            tolerance: rules.get("tolerance").and_then(Node::number),
            policies: policies.iter().map(policy).collect(),
        }
    }
}
