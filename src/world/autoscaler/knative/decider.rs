//! How many pods the averages ask for: rates, panic, delay, burst capacity.
//!
//! Source: Knative serving, `pkg/autoscaler/scaling`. Everything is in doubles, the division
//! before the ceiling, without any tolerance.

use std::collections::VecDeque;

use crate::scenario;
use crate::units::{SECOND, SimDuration, SimTime};

/// Time between two decisions, and the length of a slot of the delay.
pub const TICK: SimDuration = SimDuration::from_secs(2);

/// The decider's memory.
#[derive(Debug)]
pub struct Decider {
    settings: Settings,
    /// The latest decision over the threshold; absent: there is no panic.
    panic_since: Option<SimTime>,
    /// The most that was wanted in this panic.
    max_panic: f64,
    /// Wishes that may still count: slots rise, wishes fall.
    delayed: VecDeque<(u64, f64)>,
    /// The latest valid decision.
    pub latest: Wish,
}

/// What the settings come to.
#[derive(Debug)]
struct Settings {
    per_pod: f64,
    total: f64,
    max_up: f64,
    max_down: f64,
    activation: f64,
    threshold: f64,
    window: SimDuration,
    burst_capacity: f64,
    delay_slots: u64,
}

/// A decision before the bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// Pods; negative as long as nothing is known.
    pub desired: f64,
    /// Requests that the ready pods could take beside the present ones; negative: the activator
    /// must hold them.
    pub burst: f64,
}

/// The averages that a decision is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Averages {
    /// Over the stable window.
    pub stable: f64,
    /// Over the panic window.
    pub panic: f64,
}

impl Decider {
    /// Before the first decision. More than one pod ready at the start begins in panic, which
    /// protects a running revision when its autoscaler starts anew.
    pub fn new(asked: &scenario::Knative, concurrency: u32, made: SimTime, ready: u32) -> Self {
        let total = asked.total(concurrency);
        let burst_capacity = asked.target_burst_capacity;
        let initial = f64::from(asked.initial_scale);
        let burst = match burst_capacity > 0.0 {
            true => (initial * total - burst_capacity).trunc(),
            false => burst_capacity,
        };
        Self {
            settings: Settings {
                per_pod: asked.per_pod(concurrency),
                total,
                max_up: asked.max_scale_up_rate,
                max_down: asked.max_scale_down_rate,
                activation: f64::from(asked.activation_scale),
                threshold: asked.panic_threshold_percentage / 100.0,
                window: asked.window,
                burst_capacity,
                delay_slots: asked.scale_down_delay.0.div_ceil(TICK.0),
            },
            panic_since: (ready > 1).then_some(made),
            max_panic: if ready > 1 { f64::from(ready) } else { 0.0 },
            delayed: VecDeque::new(),
            latest: Wish { desired: -1.0, burst },
        }
    }

    /// Whether it is in panic.
    pub fn panicking(&self) -> bool {
        self.panic_since.is_some()
    }

    /// Decides; the averages are those of a window that is not empty.
    pub fn decide(&mut self, now: SimTime, ready: u32, reachable: bool, seen: Averages) -> Wish {
        let s = &self.settings;
        let pods = f64::from(ready.max(1));
        let up = (s.max_up * pods).ceil();
        let down = if reachable { (pods / s.max_down).floor() } else { 0.0 };
        let raw_stable = (seen.stable / s.per_pod).ceil();
        let raw_panic = (seen.panic / s.per_pod).ceil();
        let want = |raw: f64| {
            let within = raw.max(down).min(up);
            // After the rates, so that it may exceed them.
            if s.activation > 1.0 && raw > 0.0 { within.max(s.activation) } else { within }
        };
        let (stable, panic) = (want(raw_stable), want(raw_panic));
        if raw_panic / pods >= s.threshold {
            self.panic_since = Some(now);
        } else if self.panic_since.is_some_and(|since| since + s.window < now) {
            self.panic_since = None;
            self.max_panic = 0.0;
        }
        let burst = match s.burst_capacity > 0.0 {
            true => (f64::from(ready) * s.total - s.burst_capacity - seen.panic).floor(),
            false => s.burst_capacity,
        };
        let mut desired = stable;
        if self.panic_since.is_some() {
            self.max_panic = self.max_panic.max(stable).max(panic);
            desired = self.max_panic;
        }
        if self.settings.delay_slots > 0 && reachable {
            desired = self.delay(now, desired);
        }
        self.latest = Wish { desired, burst };
        self.latest
    }

    /// The largest wish of the last slots, this one among them.
    fn delay(&mut self, now: SimTime, desired: f64) -> f64 {
        let slot = now.0 / SECOND * SECOND / TICK.0;
        while self.delayed.back().is_some_and(|&(_, wish)| wish <= desired) {
            self.delayed.pop_back();
        }
        self.delayed.push_back((slot, desired));
        let slots = self.settings.delay_slots;
        while self.delayed.front().is_some_and(|&(old, _)| old + slots <= slot) {
            self.delayed.pop_front();
        }
        self.delayed.front().map_or(desired, |&(_, wish)| wish)
    }
}
