//! From what the decider wishes to replicas: bounds, scale to zero, the activator's place.
//!
//! Source: Knative serving, `pkg/reconciler/autoscaling/kpa`.

use super::decider::Wish;
use crate::scenario;
use crate::units::{SimDuration, SimTime};

/// Time beyond the progress deadline after which a revision is given up.
const PATIENCE: SimDuration = SimDuration::from_secs(30);

/// How a revision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    /// It has fewer pods than it needs.
    Activating,
    /// It has enough.
    Active,
    /// It needs none.
    Inactive,
}

/// Where requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To the activator, which holds what no pod has room for.
    Proxy,
    /// To the pods.
    Serve,
}

/// The controller's memory of a revision.
#[derive(Debug)]
pub struct Bounds {
    min: f64,
    max: f64,
    initial: f64,
    window: SimDuration,
    zero_allowed: bool,
    grace: SimDuration,
    retention: SimDuration,
    give_up: SimDuration,
    activity: Activity,
    activity_since: SimTime,
    /// Whether it has ever had enough pods.
    initialized: bool,
    /// Since when the activator has been in the path; absent: it is not.
    proxied_since: Option<SimTime>,
}

/// What the controller makes of a wish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Pods wanted; negative as long as nothing is known.
    pub wanted: f64,
    /// Whether the replicas become as many; otherwise they stay.
    pub apply: bool,
}

impl Bounds {
    /// A revision that is made now: its pods are on their way, the activator is in the path.
    pub fn new(asked: &scenario::Knative, made: SimTime) -> Self {
        Self {
            min: f64::from(asked.min_scale),
            max: match asked.max_scale {
                0 => f64::INFINITY,
                most => f64::from(most),
            },
            initial: f64::from(asked.initial_scale),
            window: asked.window,
            zero_allowed: asked.enable_scale_to_zero,
            grace: asked.scale_to_zero_grace_period,
            retention: asked.scale_to_zero_pod_retention_period,
            give_up: asked.progress_deadline + PATIENCE,
            activity: Activity::Activating,
            activity_since: made,
            initialized: false,
            proxied_since: Some(made),
        }
    }

    /// Where requests go.
    pub fn mode(&self) -> Mode {
        if self.proxied_since.is_some() { Mode::Proxy } else { Mode::Serve }
    }

    /// One step: what becomes of a wish, and how the revision stands then.
    pub fn step(&mut self, now: SimTime, wish: Wish, ready: u32, reachable: bool) -> Plan {
        let least = if reachable { self.min } else { 0.0 };
        let plan = self.plan(now, wish, least, reachable);
        self.route(now, plan, wish, ready);
        self.stand(now, plan, least, ready);
        plan
    }

    fn plan(&self, now: SimTime, wish: Wish, least: f64, reachable: bool) -> Plan {
        let leave = |wanted| Plan { wanted, apply: false };
        let apply = |wanted| Plan { wanted, apply: true };
        if wish.desired < 0.0 && self.activity != Activity::Activating {
            return leave(wish.desired);
        }
        let begins = self.initial > 1.0 && !self.initialized && reachable;
        let least = if begins { least.max(self.initial) } else { least };
        let wanted = wish.desired.max(least).max(0.0).min(self.max);
        if wanted > 0.0 {
            return apply(wanted);
        }
        if !self.zero_allowed {
            return apply(1.0);
        }
        let age = now.since(self.activity_since);
        match self.activity {
            Activity::Activating if age > self.give_up => apply(0.0),
            Activity::Activating => leave(-1.0),
            Activity::Active if age >= self.window => leave(0.0),
            Activity::Active => apply(1.0),
            Activity::Inactive => {
                let retention = if reachable { self.retention } else { SimDuration::ZERO };
                let proxied = self.proxied_since.map(|since| now.since(since));
                let waited = age >= self.grace.max(retention);
                let retained = retention > SimDuration::ZERO && age < retention;
                // The grace is for the activator to take over, which it has done long ago here.
                let taken_over = !retained && proxied.is_some_and(|time| time >= self.grace);
                if waited || taken_over { apply(0.0) } else { leave(0.0) }
            }
        }
    }

    /// The activator goes into the path, or out of it.
    fn route(&mut self, now: SimTime, plan: Plan, wish: Wish, ready: u32) {
        let serve = plan.wanted > 0.0 && wish.burst >= 0.0 && ready > 0;
        self.proxied_since = match serve {
            true => None,
            false => self.proxied_since.or(Some(now)),
        };
    }

    fn stand(&mut self, now: SimTime, plan: Plan, least: f64, ready: u32) {
        let required = least.max(if self.initialized { 1.0 } else { self.initial });
        let enough = f64::from(ready) >= required;
        self.initialized |= enough;
        let stays = plan.wanted < 0.0 && self.activity == Activity::Inactive;
        let activity = if plan.wanted == 0.0 || required == 0.0 || stays {
            Activity::Inactive
        } else if enough {
            Activity::Active
        } else {
            Activity::Activating
        };
        if activity != self.activity {
            (self.activity, self.activity_since) = (activity, now);
        }
    }
}
