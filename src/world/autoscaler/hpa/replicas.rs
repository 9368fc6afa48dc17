//! From what each pod reports to a proposal of replicas.
//!
//! Source: Kubernetes, `pkg/controller/podautoscaler/replica_calculator.go`. Usages and targets are
//! whole thousandths, utilisation is whole per cent: both are cut before a ratio is taken of them.

use crate::scenario;
use crate::units::{SimDuration, SimTime};

/// A pod as the controller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pod {
    /// How far it has come.
    pub phase: PodPhase,
    /// When it was started; absent: it has not been.
    pub started: Option<SimTime>,
    /// Whether it is ready; absent: nobody has looked yet.
    pub ready: Option<bool>,
    /// When that last changed.
    pub ready_since: SimTime,
    /// What it reports; absent: nothing.
    pub sample: Option<Sample>,
}

/// How far a pod has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// Its containers do not run yet.
    Pending,
    /// They do.
    Running,
    /// It goes, or has failed.
    Gone,
}

/// What a pod reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Usage: for CPU in the unit of the request, otherwise in thousandths of the metric.
    pub usage: u64,
    /// The CPU that the pod requests.
    pub request: u64,
    /// When it was taken.
    pub at: SimTime,
    /// The time that it covers.
    pub window: SimDuration,
}

/// Pods sorted by what their metric counts for.
#[derive(Debug, Default)]
struct Sorted {
    usage: u128,
    request: u128,
    ready: u64,
    unready: Vec<u64>,
    missing: u64,
}

/// How far a metric may differ from its target, either way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Above.
    pub up: f64,
    /// Below.
    pub down: f64,
}

impl Tolerance {
    fn covers(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

/// The request of pods without a sample: they all request the same.
fn common_request(pods: &[Pod]) -> u64 {
    pods.iter().find_map(|pod| pod.sample).map_or(0, |sample| sample.request)
}

impl Sorted {
    fn of(asked: &scenario::Hpa, now: SimTime, pods: &[Pod]) -> Self {
        let cpu = asked.metric == scenario::HpaMetric::Cpu;
        let request = common_request(pods);
        let mut sorted = Self::default();
        for pod in pods {
            match (pod.phase, pod.sample) {
                (PodPhase::Gone, _) => {}
                (PodPhase::Pending, _) => sorted.unready.push(request),
                (PodPhase::Running, None) => sorted.missing += 1,
                (PodPhase::Running, Some(sample)) if cpu && unready(asked, now, pod, sample) => {
                    sorted.unready.push(sample.request);
                }
                (PodPhase::Running, Some(sample)) => {
                    sorted.usage += u128::from(sample.usage);
                    sorted.request += u128::from(sample.request);
                    sorted.ready += 1;
                }
            }
        }
        sorted
    }

    /// What the pods use over what is aimed at; absent: nothing can be said.
    fn ratio(&self, asked: &scenario::Hpa, count: u64) -> Option<f64> {
        let used = match asked.metric {
            scenario::HpaMetric::Cpu => (100 * self.usage).checked_div(self.request)?,
            scenario::HpaMetric::Concurrency | scenario::HpaMetric::Rps => {
                self.usage.checked_div(count.into())?
            }
        };
        Some(used as f64 / asked.target as f64)
    }
}

/// Whether the CPU of a running pod does not count yet.
fn unready(asked: &scenario::Hpa, now: SimTime, pod: &Pod, sample: Sample) -> bool {
    let (Some(started), Some(ready)) = (pod.started, pod.ready) else { return true };
    if started + asked.cpu_initialization_period > now {
        // Nothing counts that was measured in part before the pod became ready.
        !ready || sample.at < pod.ready_since + sample.window
    } else {
        !ready && started + asked.initial_readiness_delay > pod.ready_since
    }
}

/// Replicas that the metric asks for; absent: it can't be had.
pub fn propose(
    asked: &scenario::Hpa,
    tolerance: Tolerance,
    now: SimTime,
    current: u32,
    pods: &[Pod],
) -> Option<u32> {
    let mut pods_by = Sorted::of(asked, now, pods);
    if pods_by.ready == 0 {
        return None;
    }
    let ratio = pods_by.ratio(asked, pods_by.ready)?;
    let unready_count = !pods_by.unready.is_empty() && ratio > 1.0;
    if pods_by.missing == 0 && !unready_count {
        return Some(match tolerance.covers(ratio) {
            true => current,
            false => (ratio * pods_by.ready as f64).ceil() as u32,
        });
    }
    // Pods that say nothing are taken to use what keeps things as they are: nothing on the way
    // up, all that is aimed at on the way down.
    let request = common_request(pods);
    let mut count = pods_by.ready;
    if ratio != 1.0 {
        let full = match asked.metric {
            scenario::HpaMetric::Cpu => request * asked.target.max(100) / 100,
            scenario::HpaMetric::Concurrency | scenario::HpaMetric::Rps => asked.target,
        };
        let usage = if ratio < 1.0 { full } else { 0 };
        count += pods_by.missing;
        pods_by.usage += u128::from(usage) * u128::from(pods_by.missing);
        pods_by.request += u128::from(request) * u128::from(pods_by.missing);
    }
    if unready_count {
        count += pods_by.unready.len() as u64;
        pods_by.request += pods_by.unready.iter().map(|&request| u128::from(request)).sum::<u128>();
    }
    let filled = pods_by.ratio(asked, count)?;
    let other_side = ratio < 1.0 && filled > 1.0 || ratio > 1.0 && filled < 1.0;
    if tolerance.covers(filled) || other_side {
        return Some(current);
    }
    let wanted = (filled * count as f64).ceil() as u32;
    let against = filled < 1.0 && wanted > current || filled > 1.0 && wanted < current;
    Some(if against { current } else { wanted })
}
