//! Knative's pod autoscaler: two windows of reports, a decider, and a controller that keeps to
//! bounds and scales to zero.
//!
//! Every second a report of the work in the system goes into a stable and a panic window. Every
//! two seconds, and at once on the first request after zero, the decider divides their averages
//! by what a pod should carry; the controller makes replicas of that.

mod bounds;
mod decider;
mod window;

pub use bounds::Mode;

use self::bounds::Bounds;
use self::decider::{Averages, Decider, TICK};
use self::window::Window;
use super::{Cause, Decision, Observation, Policy, Reason, Setting};
use crate::scenario::{self, KnativeMetric};
use crate::units::{SECOND, SimDuration};

/// The policy of one revision.
#[derive(Debug)]
pub struct Knative {
    metric: KnativeMetric,
    initial: u32,
    stable: Window,
    panic: Window,
    /// Whether the activator is always in the path: then no data reads as none.
    always_proxied: bool,
    decider: Decider,
    bounds: Bounds,
}

/// How a decision came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The averages; absent: there is no data, and the latest decision stands.
    pub averages: Option<Averages>,
    /// Pods by the latest valid decision; -1 before the first.
    pub desired: i64,
    /// Requests that the ready pods could take beside the present ones, by the latest decision.
    pub excess_burst_capacity: i64,
    /// Whether it is in panic.
    pub panicking: bool,
    /// Pods within the bounds; -1 where nothing is known.
    pub wanted: i64,
    /// Where requests go from now on.
    pub mode: Mode,
}

impl Knative {
    /// A revision that is made now.
    pub fn new(asked: &scenario::Knative, setting: Setting) -> Self {
        let seconds = |length: SimDuration| (length.0 / SECOND) as usize;
        let window = |length| Window::new(seconds(length), asked.metric_aggregation_algorithm);
        Self {
            metric: asked.metric,
            initial: asked.initial_scale,
            stable: window(asked.window),
            panic: window(asked.panic_window()),
            always_proxied: asked.target_burst_capacity < 0.0,
            decider: Decider::new(asked, setting.concurrency, setting.made, setting.ready),
            bounds: Bounds::new(asked, setting.made),
        }
    }

    /// The averages of a second; absent where there is no data.
    fn averages(&self, second: u64) -> Option<Averages> {
        match (self.stable.is_empty(second), self.always_proxied) {
            (true, true) => Some(Averages { stable: 0.0, panic: 0.0 }),
            (true, false) => None,
            (false, _) => {
                let (stable, panic) = (self.stable.average(second), self.panic.average(second));
                Some(Averages { stable, panic })
            }
        }
    }
}

impl Policy for Knative {
    fn initial(&self) -> u32 {
        self.initial
    }

    fn tick(&self) -> Option<SimDuration> {
        Some(TICK)
    }

    fn report_interval(&self) -> Option<SimDuration> {
        Some(SimDuration::from_secs(1))
    }

    fn removes_at_once(&self) -> bool {
        true
    }

    fn pods_report(&self) -> bool {
        !self.always_proxied
    }

    fn wakes(&self) -> bool {
        self.decider.latest.desired == 0.0
    }

    fn report(&mut self, seen: &Observation<'_>) {
        let value = match self.metric {
            KnativeMetric::Concurrency => seen.concurrency,
            KnativeMetric::Rps => seen.rps,
        };
        if let Some(value) = value {
            let second = seen.now.0 / SECOND;
            self.stable.record(second, value);
            self.panic.record(second, value);
        }
    }

    fn decide(&mut self, _: Cause, seen: &Observation<'_>) -> Decision {
        let averages = self.averages(seen.now.0 / SECOND);
        if let Some(averages) = averages {
            self.decider.decide(seen.now, seen.ready, seen.reachable, averages);
        }
        let wish = self.decider.latest;
        let plan = self.bounds.step(seen.now, wish, seen.ready, seen.reachable);
        let verdict = Verdict {
            averages,
            desired: wish.desired as i64,
            excess_burst_capacity: wish.burst as i64,
            panicking: self.decider.panicking(),
            wanted: plan.wanted as i64,
            mode: self.bounds.mode(),
        };
        let wanted = (plan.apply && plan.wanted >= 0.0).then_some(plan.wanted as u32);
        Decision { wanted, reason: Reason::Knative(verdict) }
    }
}
