//! A policy over a recorded series, without a world: what it would have done.
//!
//! Open loop, the series says how many instances were ready, and nothing that the policy wants
//! comes back to it. Closed loop, the series is the offered load, and instances follow the policy:
//! those wanted are ready after the start-up time, those no longer wanted are gone at once, the
//! youngest first.
//!
//! A second's report is recorded, then the policy decides where it is time. Only the horizontal pod
//! autoscaler in a closed loop looks at the second before, the last one that is over.

mod pods;
mod row;

pub use pods::shared;
pub use row::{Row, columns};

use self::pods::Pods;
use super::{Cause, Decision, Observation, Policy, Reason, Setting, Total};
use crate::scenario::{Autoscaler, DryRun, HpaMetric, Series, Signal};
use crate::units::{SECOND, SimDuration, SimTime};

/// Replays a policy, and hands over a row for each decision. With a start-up time the loop is
/// closed.
pub fn replay(
    asked: &DryRun,
    series: &Series,
    startup: Option<SimDuration>,
    mut row: impl FnMut(&Row),
) {
    let mut replay = Replay::new(asked, series, startup);
    for position in 0..series.length {
        if let Some(decided) = replay.second(position) {
            row(&decided);
        }
    }
}

/// A replay under way.
struct Replay<'a> {
    asked: &'a DryRun,
    series: &'a Series,
    policy: Box<dyn Policy>,
    /// Instances that follow the policy; absent in an open loop.
    pods: Option<Pods>,
    activator: Activator,
    in_flight: Total,
    cpu: Total,
}

/// What holds requests while no pod is ready: its reports end with the first zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Activator {
    tracks: bool,
}

impl Activator {
    /// The report of a second in which so much was there; absent where there is none, because
    /// neither the pods report nor the activator knows of a request.
    pub fn report(&mut self, value: f64, pods_report: bool) -> Option<f64> {
        let known = self.tracks;
        self.tracks = value > 0.0;
        (pods_report || known || self.tracks).then_some(value)
    }
}

impl<'a> Replay<'a> {
    fn new(asked: &'a DryRun, series: &'a Series, startup: Option<SimDuration>) -> Self {
        let made = SimTime(series.first * SECOND);
        let ready = series.ready.first().copied().unwrap_or(0);
        let setting =
            Setting { concurrency: asked.container_concurrency, made, ready, zero: SimTime::ZERO };
        let policy = super::policy(&asked.autoscaler, asked.schedule.as_ref(), setting);
        let pods = startup.map(|startup| {
            let mut pods = Pods::new(startup);
            pods.scale(made, policy.initial().max(asked.min_instances));
            pods
        });
        let (activator, in_flight, cpu) = Default::default();
        Self { asked, series, policy, pods, activator, in_flight, cpu }
    }

    /// One second; the row of its decision, if there is one.
    fn second(&mut self, position: usize) -> Option<Row> {
        let second = self.series.first + position as u64;
        let now = SimTime(second * SECOND);
        let ready = match &self.pods {
            Some(pods) => pods.ready(now),
            None => self.series.ready[position],
        };
        let (concurrency, rps) = self.reports(position, ready);
        let observed = self.totals(position, ready);
        let mut seen = Observation {
            now,
            in_flight: observed[0],
            cpu: observed[1],
            concurrency,
            rps,
            ready,
            replicas: self.pods.as_ref().map_or(ready, Pods::len),
            reachable: true,
            ..Observation::default()
        };
        self.report(&seen);
        let cause = self.cause(second, concurrency.or(rps))?;
        let each =
            if self.policy.sees_pods() { self.each(position, now, ready) } else { Vec::new() };
        seen.pods = &each;
        let current = seen.replicas;
        let decision = self.policy.decide(cause, &seen);
        Some(self.row(second, cause, ready, current, decision))
    }

    /// Why the policy decides in a second; absent: it does not.
    fn cause(&self, second: u64, value: Option<f64>) -> Option<Cause> {
        // What has no tick of its own decides every second.
        let tick = self.policy.tick().map_or(SECOND, |tick| tick.0);
        let ticks = |second: u64| second * SECOND / tick;
        if second > 0 && ticks(second) > ticks(second - 1) {
            Some(Cause::Tick)
        } else if self.policy.wakes() && value.is_some_and(|value| value > 0.0) {
            Some(Cause::FirstAfterZero)
        } else {
            None
        }
    }

    /// What was reported in a second, as concurrency and as rate.
    fn reports(&mut self, position: usize, ready: u32) -> (Option<f64>, Option<f64>) {
        let at = |signal| self.series.at(signal, position);
        if self.pods.is_none() {
            return (at(Signal::Concurrency), at(Signal::Rps));
        }
        let load = at(Signal::Load).unwrap_or(0.0);
        let load = self.activator.report(load, ready > 0 && self.policy.pods_report());
        (load, load)
    }

    /// What has been observed of requests and of CPU until the end of a second.
    fn totals(&mut self, position: usize, ready: u32) -> [Option<Total>; 2] {
        fn add(total: &mut Total, value: f64) {
            total.time += SECOND;
            total.sum = total.sum.wrapping_add((value * SECOND as f64).round() as u64);
        }
        let at = |signal| self.series.at(signal, position);
        let in_flight = at(Signal::Concurrency).or(at(Signal::Load));
        if let Some(value) = in_flight {
            add(&mut self.in_flight, value);
        }
        if let Some(percent) = at(Signal::CpuUtilization) {
            add(&mut self.cpu, percent / 100.0 * f64::from(ready));
        }
        let known = |signal: Signal| !self.series.signals[signal as usize].is_empty();
        let counted = known(Signal::Concurrency) || known(Signal::Load);
        [counted.then_some(self.in_flight), known(Signal::CpuUtilization).then_some(self.cpu)]
    }

    fn report(&mut self, seen: &Observation<'_>) {
        // Cloud Run's windows end with the second, Knative's buckets are named by it.
        let now = match &self.asked.autoscaler {
            Autoscaler::CloudRun(_) => seen.now + SimDuration::from_secs(1),
            Autoscaler::Knative(_)
            | Autoscaler::Hpa(_)
            | Autoscaler::PerRequest
            | Autoscaler::Fixed { .. } => seen.now,
        };
        self.policy.report(&Observation { now, ..*seen });
    }

    /// Every instance with its share of the metric.
    fn each(&self, position: usize, now: SimTime, ready: u32) -> Vec<super::hpa::Pod> {
        let Autoscaler::Hpa(settings) = &self.asked.autoscaler else { return Vec::new() };
        let value = match (&self.pods, settings.metric) {
            (Some(_), _) => position.checked_sub(1).and_then(|p| self.series.at(Signal::Load, p)),
            (None, HpaMetric::Concurrency) => self.series.at(Signal::Concurrency, position),
            (None, HpaMetric::Rps) => self.series.at(Signal::Rps, position),
            // A mean over the ready ones.
            (None, HpaMetric::Cpu) => {
                let mean = self.series.at(Signal::CpuUtilization, position);
                mean.map(|mean| mean * f64::from(ready))
            }
        };
        match &self.pods {
            Some(pods) => shared(settings.metric, value, now, ready, pods.len() - ready),
            None => shared(settings.metric, value, now, ready, 0),
        }
    }

    /// What a decision comes to; in a closed loop the instances follow.
    fn row(&mut self, t: u64, cause: Cause, ready: u32, current: u32, decision: Decision) -> Row {
        let limits = self.asked.min_instances..=self.asked.max_instances;
        let applied = decision.wanted.map(|n| n.clamp(*limits.start(), *limits.end()));
        let replicas = self.pods.as_mut().map(|pods| {
            if let Some(wanted) = applied {
                pods.scale(SimTime(t * SECOND), wanted);
            }
            pods.len()
        });
        let wanted = match (applied, decision.reason) {
            (None, Reason::Knative(verdict)) => Some(verdict.wanted),
            (applied, _) => applied.map(i64::from),
        };
        Row { t, cause, ready, current, reason: decision.reason, wanted, replicas }
    }
}
