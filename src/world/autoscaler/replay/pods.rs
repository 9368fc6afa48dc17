//! Instances of a replay: as many as were recorded, or those that follow the policy.

use crate::scenario::HpaMetric;
use crate::units::{SimDuration, SimTime};
use crate::world::autoscaler::hpa::{Pod, PodPhase, Sample};

/// The CPU that a pod requests, in the unit of its usage: a millionth of a per cent is whole.
const REQUEST: u64 = 100_000_000;

/// Instances that follow a policy.
#[derive(Debug)]
pub struct Pods {
    startup: SimDuration,
    /// When each was asked for, the oldest first.
    asked: Vec<SimTime>,
}

impl Pods {
    /// None; those asked for are ready after `startup`.
    pub fn new(startup: SimDuration) -> Self {
        Self { startup, asked: Vec::new() }
    }

    /// All of them.
    pub fn len(&self) -> u32 {
        self.asked.len() as u32
    }

    /// Those that are ready.
    pub fn ready(&self, now: SimTime) -> u32 {
        self.asked.partition_point(|&asked| asked + self.startup <= now) as u32
    }

    /// Asks for more, or removes the youngest.
    pub fn scale(&mut self, now: SimTime, wanted: u32) {
        self.asked.resize(wanted as usize, now);
    }
}

/// Ready instances, each with its share of a total, and those that are not ready yet.
pub fn shared(
    metric: HpaMetric,
    total: Option<f64>,
    now: SimTime,
    ready: u32,
    starting: u32,
) -> Vec<Pod> {
    let shares = Shares::of(metric, total, ready);
    let pod = |position: u32| {
        let ready = position < ready;
        Pod {
            phase: if ready { PodPhase::Running } else { PodPhase::Pending },
            started: ready.then_some(SimTime::ZERO),
            ready: ready.then_some(true),
            ready_since: SimTime::ZERO,
            sample: shares.filter(|_| ready).map(|s| s.sample(position as usize, now)),
        }
    };
    (0..ready + starting).map(pod).collect()
}

/// A total in equal whole shares; the first instance has what is left over.
#[derive(Clone, Copy)]
struct Shares {
    each: u64,
    rest: u64,
}

impl Shares {
    fn of(metric: HpaMetric, total: Option<f64>, ready: u32) -> Option<Self> {
        // Billionths first: the double next to 1.001 is a little less than 1001 thousandths.
        let billionths = (total? * 1e9).round() as u64;
        let total = match metric {
            HpaMetric::Cpu => billionths / 1_000,
            HpaMetric::Concurrency | HpaMetric::Rps => billionths / 1_000_000,
        };
        let ready = u64::from(ready);
        Some(Self { each: total.checked_div(ready)?, rest: total % ready })
    }

    fn sample(self, position: usize, at: SimTime) -> Sample {
        let usage = self.each + if position == 0 { self.rest } else { 0 };
        Sample { usage, request: REQUEST, at, window: SimDuration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SECOND;

    #[test]
    fn shares_add_up_to_the_total() {
        let usages = |metric, total, ready| -> Vec<u64> {
            let pods = shared(metric, Some(total), SimTime::ZERO, ready, 1);
            pods.iter().filter_map(|pod| Some(pod.sample?.usage)).collect()
        };
        assert_eq!(usages(HpaMetric::Concurrency, 1.001, 2), [501, 500]);
        assert_eq!(usages(HpaMetric::Rps, 60.0, 3), [20_000; 3]);
        // 100 % is the request.
        assert_eq!(usages(HpaMetric::Cpu, 200.0, 2), [REQUEST; 2]);
        assert!(usages(HpaMetric::Rps, 60.0, 0).is_empty());
    }

    #[test]
    fn the_youngest_go_first() {
        let at = |second: u64| SimTime(second * SECOND);
        let mut pods = Pods::new(SimDuration::from_secs(3));
        pods.scale(at(0), 2);
        pods.scale(at(2), 5);
        assert_eq!([2, 3, 4, 5].map(|s| pods.ready(at(s))), [0, 2, 2, 5]);
        pods.scale(at(4), 3);
        pods.scale(at(4), 4);
        assert_eq!((pods.len(), pods.ready(at(5)), pods.ready(at(7))), (4, 3, 4));
    }
}
