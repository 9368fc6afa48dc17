//! From a proposal to replicas: stabilisation, and limits on how fast they change.
//!
//! Source: Kubernetes, `pkg/controller/podautoscaler/horizontal.go`. Memory is kept in slots that
//! are used again, as there: a slot may be written over although something would still count it.

use crate::scenario::{self, Behavior, PolicyKind, ScalingRules, Select};
use crate::units::{SimDuration, SimTime};

/// What kept replicas from being what was proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Nothing.
    DesiredWithinRange,
    /// They may not grow faster.
    ScaleUpLimit,
    /// They may not shrink faster.
    ScaleDownLimit,
    /// The most replicas.
    TooManyReplicas,
    /// The least replicas.
    TooFewReplicas,
    /// There are none, which turns the autoscaler off.
    ScalingDisabled,
    /// The metric can't be had.
    MetricsFailed,
}

impl Limit {
    /// Its name: that of the condition in the autoscaler's status, where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Self::DesiredWithinRange => "DesiredWithinRange",
            Self::ScaleUpLimit => "ScaleUpLimit",
            Self::ScaleDownLimit => "ScaleDownLimit",
            Self::TooManyReplicas => "TooManyReplicas",
            Self::TooFewReplicas => "TooFewReplicas",
            Self::ScalingDisabled => "ScalingDisabled",
            Self::MetricsFailed => "metrics_failed",
        }
    }
}

/// A number of replicas, and when it was written.
#[derive(Clone, Copy, Debug)]
struct Slot {
    replicas: i64,
    at: SimTime,
}

/// Slots that are used again once what stands in them is old.
#[derive(Debug, Default)]
struct Slots(Vec<Slot>);

impl Slots {
    /// The replicas of what is young enough.
    fn within(
        &self,
        young: impl Fn(SimDuration) -> bool,
        now: SimTime,
    ) -> impl Iterator<Item = i64> {
        self.0.iter().filter(move |slot| young(now.since(slot.at))).map(|slot| slot.replicas)
    }

    /// Writes over the last slot that is older than a time, or into a new one.
    fn write(&mut self, replicas: i64, now: SimTime, keep: SimDuration) {
        let old = self.0.iter().rposition(|slot| now.since(slot.at) > keep);
        let slot = Slot { replicas, at: now };
        match old {
            Some(at) => self.0[at] = slot,
            None => self.0.push(slot),
        }
    }
}

/// The controller's memory.
#[derive(Debug, Default)]
pub struct Limits {
    /// What was proposed, before it was stabilised.
    proposals: Slots,
    ups: Slots,
    downs: Slots,
}

impl Limits {
    /// At the first decision the present replicas count as proposed.
    pub fn seed(&mut self, now: SimTime, current: u32) {
        if self.proposals.0.is_empty() {
            self.proposals.write(current.into(), now, SimDuration::ZERO);
        }
    }

    /// Replicas that come of a proposal.
    pub fn apply(
        &mut self,
        asked: &scenario::Hpa,
        now: SimTime,
        current: u32,
        proposed: u32,
    ) -> (u32, Limit) {
        let (current, proposed) = (i64::from(current), i64::from(proposed));
        let (replicas, limit) = match &asked.behavior {
            None => {
                let wanted = self.stabilize(asked.downscale_stabilization, now, proposed);
                by_default(asked, current, wanted)
            }
            Some(behavior) => {
                let wanted = self.stabilize_both_ways(behavior, now, current, proposed);
                self.by_rules(asked, behavior, now, current, wanted)
            }
        };
        (u32::try_from(replicas).unwrap_or(0), limit)
    }

    /// Notes a change, which the limits of later ones count.
    pub fn changed(&mut self, asked: &scenario::Hpa, now: SimTime, from: u32, to: u32) {
        let Some(behavior) = &asked.behavior else { return };
        let (slots, rules) = match to > from {
            true => (&mut self.ups, &behavior.up),
            false => (&mut self.downs, &behavior.down),
        };
        let longest = rules.policies.iter().map(|policy| policy.period).max();
        slots.write(from.abs_diff(to).into(), now, longest.unwrap_or_default());
    }

    /// The largest proposal of the window, its end included.
    fn stabilize(&mut self, window: SimDuration, now: SimTime, proposed: i64) -> i64 {
        let logged = self.proposals.within(|age| age <= window, now).max();
        self.proposals.write(proposed, now, window);
        logged.map_or(proposed, |most| most.max(proposed))
    }

    /// The present replicas, moved between the smallest proposal of the one window and the
    /// largest of the other, their ends left out.
    fn stabilize_both_ways(
        &mut self,
        behavior: &Behavior,
        now: SimTime,
        current: i64,
        proposed: i64,
    ) -> i64 {
        let (up, down) = (behavior.up.stabilization_window, behavior.down.stabilization_window);
        let least = self.proposals.within(|age| age < up, now).fold(proposed, i64::min);
        let most = self.proposals.within(|age| age < down, now).fold(proposed, i64::max);
        self.proposals.write(proposed, now, up.max(down));
        current.max(least).min(most)
    }

    fn by_rules(
        &self,
        asked: &scenario::Hpa,
        behavior: &Behavior,
        now: SimTime,
        current: i64,
        wanted: i64,
    ) -> (i64, Limit) {
        let (min, max) = (i64::from(asked.min_replicas), i64::from(asked.max_replicas));
        if wanted > current {
            let limit = self.up_limit(&behavior.up, now, current).max(current);
            let reason = if limit < max { Limit::ScaleUpLimit } else { Limit::TooManyReplicas };
            if wanted > max.min(limit) {
                return (max.min(limit), reason);
            }
        } else if wanted < current {
            let limit = self.down_limit(&behavior.down, now, current).min(current);
            let reason = if limit > min { Limit::ScaleDownLimit } else { Limit::TooFewReplicas };
            if wanted < min.max(limit) {
                return (min.max(limit), reason);
            }
        }
        (wanted, Limit::DesiredWithinRange)
    }

    /// Replicas at the begin of a period that ends now.
    fn before(&self, period: SimDuration, now: SimTime, current: i64) -> i64 {
        let changes = |slots: &Slots| slots.within(|age| age < period, now).sum::<i64>();
        current - changes(&self.ups) + changes(&self.downs)
    }

    fn up_limit(&self, rules: &ScalingRules, now: SimTime, current: i64) -> i64 {
        let limits = rules.policies.iter().map(|policy| {
            let begin = self.before(policy.period, now, current);
            match policy.kind {
                PolicyKind::Pods => begin + i64::from(policy.value),
                PolicyKind::Percent => {
                    (begin as f64 * (1.0 + f64::from(policy.value) / 100.0)).ceil() as i64
                }
            }
        });
        let chosen = match rules.select_policy {
            Select::Max => limits.max(),
            Select::Min => limits.min(),
            Select::Disabled => None,
        };
        chosen.unwrap_or(current)
    }

    fn down_limit(&self, rules: &ScalingRules, now: SimTime, current: i64) -> i64 {
        let limits = rules.policies.iter().map(|policy| {
            let begin = self.before(policy.period, now, current);
            match policy.kind {
                PolicyKind::Pods => begin - i64::from(policy.value),
                PolicyKind::Percent => {
                    (begin as f64 * (1.0 - f64::from(policy.value) / 100.0)).trunc() as i64
                }
            }
        });
        let chosen = match rules.select_policy {
            Select::Max => limits.min(),
            Select::Min => limits.max(),
            Select::Disabled => None,
        };
        chosen.unwrap_or(current)
    }
}

/// Without rules: at most twice the replicas, or four.
fn by_default(asked: &scenario::Hpa, current: i64, wanted: i64) -> (i64, Limit) {
    let (min, max) = (i64::from(asked.min_replicas), i64::from(asked.max_replicas));
    let cap = (2 * current).max(4);
    if wanted > cap.min(max) {
        let limit = if cap < max { Limit::ScaleUpLimit } else { Limit::TooManyReplicas };
        (cap.min(max), limit)
    } else if wanted < min {
        (min, Limit::TooFewReplicas)
    } else {
        (wanted, Limit::DesiredWithinRange)
    }
}
