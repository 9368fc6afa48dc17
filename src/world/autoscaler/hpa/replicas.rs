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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Hpa, HpaMetric};
    use crate::units::SECOND;

    const BOTH: Tolerance = Tolerance { up: 0.1, down: 0.1 };
    /// 1,000 are all of a pod's CPU; of the other metrics one request.
    const FULL: u64 = 1_000;

    fn second(second: u64) -> SimTime {
        SimTime(second * SECOND)
    }

    fn asked(metric: HpaMetric, target: u64) -> Hpa {
        let length = SimDuration::from_secs;
        Hpa {
            min_replicas: 1,
            max_replicas: 100,
            metric,
            target,
            tolerance: 0.1,
            sync_period: length(15),
            downscale_stabilization: length(300),
            cpu_initialization_period: length(300),
            initial_readiness_delay: length(30),
            behavior: None,
        }
    }

    fn ready(usage: u64) -> Pod {
        let window = SimDuration::ZERO;
        Pod {
            phase: PodPhase::Running,
            started: Some(SimTime::ZERO),
            ready: Some(true),
            ready_since: SimTime::ZERO,
            sample: Some(Sample { usage, request: FULL, at: second(1_000), window }),
        }
    }

    fn in_phase(phase: PodPhase, sample: Option<Sample>) -> Pod {
        Pod { phase, sample, ..ready(0) }
    }

    fn missing() -> Pod {
        in_phase(PodPhase::Running, None)
    }

    fn pending() -> Pod {
        in_phase(PodPhase::Pending, None)
    }

    /// 20 requests a pod; usages in thousandths.
    #[test]
    fn what_pods_report_becomes_a_proposal() {
        let check = |current: u32, pods: &[&[Pod]], proposed: Option<u32>| {
            let asked = asked(HpaMetric::Concurrency, 20 * FULL);
            let pods = pods.concat();
            let got = propose(&asked, BOTH, second(1_000), current, &pods);
            assert_eq!(got, proposed, "{current} {pods:?}");
        };
        let of = |n: usize, usage: u64| vec![ready(usage); n];
        // 1.5 × 3 rounded up; the base is the ready pods, whatever was asked for.
        check(3, &[&of(3, 30_000)], Some(5));
        check(9, &[&of(3, 30_000)], Some(5));
        // Both ends of the tolerance lie within it.
        check(3, &[&of(3, 22_000)], Some(3));
        check(3, &[&of(3, 22_001)], Some(4));
        check(10, &[&of(10, 18_000)], Some(10));
        check(10, &[&of(10, 17_999)], Some(9));
        // The mean is cut to whole thousandths first: 22,000.67 are 22,000.
        check(3, &[&of(2, 22_001), &of(1, 22_000)], Some(3));
        // Missing pods use nothing on the way up, (3 × 40 + 0) / 4 = 30, and what is aimed at on the
        // way down, (3 × 10 + 20) / 4 = 12.5.
        check(4, &[&of(3, 40_000), &[missing()]], Some(6));
        check(4, &[&of(3, 10_000), &[missing()]], Some(3));
        // Where they turn the direction round, (2 × 24 + 0) / 4 = 12, nothing happens.
        check(4, &[&of(2, 24_000), &[missing(); 2]], Some(4));
        // So it is where they bring it to the target, or where it is there.
        check(6, &[&of(3, 40_000), &[missing(); 3]], Some(6));
        check(3, &[&of(2, 20_000), &[missing()]], Some(3));
        // Nor does a proposal of more go below what there is.
        check(10, &[&of(3, 40_000), &[missing()]], Some(10));
        // Pods that start use nothing on the way up, 180 / 6 = 30, and are left out on the way down.
        check(6, &[&of(3, 60_000), &[pending(); 3]], Some(9));
        check(6, &[&of(3, 10_000), &[pending(); 3]], Some(2));
        check(4, &[&of(1, 24_000), &[pending(); 3]], Some(4));
        check(4, &[&of(2, 60_000), &[missing(), pending()]], Some(6));
        check(3, &[&of(2, 40_000), &[pending(); 2]], Some(3));
        // Those that go count for nothing, with what they report or without.
        check(4, &[&of(3, 10_000), &[in_phase(PodPhase::Gone, None)]], Some(2));
        check(3, &[&of(2, 40_000), &[in_phase(PodPhase::Gone, ready(0).sample)]], Some(4));
        // Without a ready pod nothing can be said.
        check(2, &[&[missing(), pending()]], None);
        check(0, &[], None);
    }

    #[test]
    fn utilisation_is_of_what_is_requested() {
        let check = |target: u64, current: u32, pods: &[Pod], proposed: u32| {
            let asked = asked(HpaMetric::Cpu, target);
            let got = propose(&asked, BOTH, second(1_000), current, pods);
            assert_eq!(got, Some(proposed), "{target} {pods:?}");
        };
        check(50, 2, &[ready(750); 2], 3);
        // 55.9 % are 55 %, which is within a tenth of 50 %.
        check(50, 2, &[ready(559); 2], 2);
        check(50, 2, &[ready(560); 2], 3);
        // A missing pod uses all of its request on the way down: (10 + 10 + 100) / 3 = 40 %.
        check(50, 3, &[ready(100), ready(100), missing()], 3);
        // Or the target, where that is more: (60 + 150) / 2 = 105 % of 150 %, which are two still.
        check(150, 2, &[ready(600), missing()], 2);
        check(150, 4, &[ready(150), ready(150), ready(150), missing()], 2);
    }

    /// Two pods, of which one uses 120 %, aimed at 80 %: with the other one's 100 % 110 / 80 × 2 are
    /// three. While it does not count it uses nothing, and two stay.
    #[test]
    fn the_processor_of_a_young_pod_does_not_count() {
        let check = |now: u64, since: u64, window: u64, pod: Pod, counts: bool| {
            let sample = pod.sample.map(|sample| {
                let window = SimDuration::from_secs(window);
                Sample { at: second(now), window, ..sample }
            });
            let other = Pod { ready_since: second(since), sample, ..pod };
            let asked = asked(HpaMetric::Cpu, 80);
            let got = propose(&asked, BOTH, second(now), 2, &[ready(1_200), other]);
            let expected = if counts { 3 } else { 2 };
            assert_eq!(got, Some(expected), "at {now} since {since} over {window}");
        };
        let pod = ready(1_000);
        let unready = Pod { ready: Some(false), ..pod };
        // Within five minutes of its start: a sample that began before it was ready.
        check(100, 60, 30, pod, true);
        check(100, 60, 40, pod, true);
        check(100, 60, 41, pod, false);
        check(299, 60, 0, unready, false);
        // Later only who went unready within 30 s of its start, which is who never was ready.
        check(300, 260, 60, pod, true);
        check(300, 29, 0, unready, false);
        check(300, 30, 0, unready, true);
        // Nobody has looked, or it has not started.
        check(900, 0, 0, Pod { ready: None, ..pod }, false);
        check(900, 0, 0, Pod { started: None, ..pod }, false);
    }
}
