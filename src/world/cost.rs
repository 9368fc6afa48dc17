//! What is paid for: the time for which instances are billed, and the requests that they take.
//!
//! An instance is billed for stretches of time: its start from some phase on, each time in which
//! it has requests, or its whole life, as the billing model has it. A stretch counts as it passes,
//! and what it is rounded up by when it is over. Idle instances of the minimum have a price of
//! their own, others none: as many are billed as the minimum wants beside the busy ones.
//!
//! Assumption: a start and the requests that follow it are rounded up apart. An instance that is
//! stopped while idle is gone at once and costs nothing more.

use super::World;
use super::instance::{Life, Place, PlaceState};
use super::revision::Revision;
use crate::ids::InstanceId;
use crate::kernel::EventList;
use crate::record::{Bill, Phase};
use crate::scenario::{BillingModel, StartPhase};
use crate::units::{SimDuration, SimTime};

/// Counts for a revision what its instances are billed for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    /// Whether idle instances are billed as busy ones are.
    whole_life: bool,
    /// Instances that are billed as active: starting ones that have come far enough, busy and
    /// draining ones.
    pub active: u32,
    /// Ready instances without requests.
    pub idle: u32,
    /// Integral of those since the start of the run, in instance-nanoseconds.
    pub idle_time: u128,
    since: u64,
    sums: Sums,
}

/// What was billed since the end of the warm-up.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// See [`Bill::active`].
    active: u128,
    /// See [`Bill::in_vain`].
    in_vain: u128,
    /// See [`Bill::idle`].
    idle: u128,
    /// Requests that were given up in service.
    abandoned: u64,
}

impl Meter {
    /// A meter of no instances.
    pub fn new(model: BillingModel) -> Self {
        let whole_life = model != BillingModel::RequestBased;
        Self { whole_life, ..Self::default() }
    }

    /// Brings the sums up to now, before anything changes. Of the `ready` instances `kept` are the
    /// minimum.
    #[inline]
    pub fn step(&mut self, now: SimTime, ready: u32, kept: u32) {
        let passed = u128::from(now.0 - self.since);
        self.since = now.0;
        self.idle_time += u128::from(self.idle) * passed;
        if self.whole_life {
            self.sums.active += u128::from(self.active + self.idle) * passed;
            return;
        }
        self.sums.active += u128::from(self.active) * passed;
        if kept > 0 {
            let busy = ready - self.idle;
            self.sums.idle += u128::from(self.idle.min(kept.saturating_sub(busy))) * passed;
        }
    }

    /// An idle instance gets a request.
    #[inline]
    pub fn becomes_busy(&mut self) {
        self.idle -= 1;
        self.active += 1;
    }

    /// A request has been given up in service.
    pub fn abandoned(&mut self) {
        self.sums.abandoned += 1;
    }

    /// A stretch that is billed is over: what it was rounded up to.
    fn round(&mut self, length: SimDuration, model: BillingModel) -> u128 {
        let rounded = model.rounded(length);
        self.sums.active += u128::from(rounded.0 - length.0);
        rounded.0.into()
    }

    /// Forgets what was billed.
    pub fn forget(&mut self) {
        self.sums = Sums::default();
    }
}

impl Revision<'_> {
    /// Instances that are kept whatever the load.
    fn kept(&self) -> u32 {
        self.limits.manual.unwrap_or(self.limits.min)
    }

    /// Brings what is billed up to now.
    #[inline]
    pub fn step_meter(&mut self, now: SimTime) {
        let kept = self.kept();
        self.meter.step(now, self.ready, kept);
    }

    /// What has been billed since the end of the warm-up, up to the last step.
    pub fn bill(&self) -> Bill {
        let Sums { active, in_vain, idle, abandoned } = self.meter.sums;
        let count = &self.traffic.count;
        let requests = count.served + count.timed_out + count.aborted + abandoned;
        let prices = &self.settings.billing;
        Bill {
            active,
            in_vain,
            idle,
            requests,
            cost: prices.active * active + prices.idle * idle + prices.request * requests.into(),
            cost_in_vain: prices.active * in_vain,
        }
    }

    /// Whether a start in some phase is billed.
    pub fn is_billed(&self, phase: Option<Phase>) -> bool {
        let reached = match phase {
            Some(Phase::Allocating) => StartPhase::Allocating,
            Some(Phase::Unlocking) => StartPhase::Unlocking,
            Some(Phase::Fetching) => StartPhase::Fetching,
            Some(Phase::Booting) => StartPhase::Booting,
            Some(Phase::Idle | Phase::Busy | Phase::Draining) | None => return false,
        };
        reached >= self.settings.billing.billed_from
    }

    /// From when on a life has been billed; absent where it is not yet.
    fn billed_since(&self, life: &Life) -> Option<SimTime> {
        let story = life.story();
        let Some(attempt) = story.attempt else { return story.ready };
        match self.settings.billing.billed_from {
            StartPhase::Allocating => Some(attempt.begun),
            // Without a key there is nothing to unlock.
            StartPhase::Unlocking => story.unlocking.or(story.fetching),
            StartPhase::Fetching => story.fetching,
            StartPhase::Booting => story.booting,
        }
    }
}

impl<Q: EventList> World<'_, Q> {
    /// An instance that has just become ready is billed for its start, and is idle.
    pub(super) fn bill_start(&mut self, instance: InstanceId) {
        let now = self.now;
        let revision = self.instances.place(instance).revision;
        let life = self.instances.life(instance);
        let r = &mut self.revisions[revision.index()];
        if let (Life::Serving(serving), Some(since)) = (life, r.billed_since(life))
            && serving.booted.is_some()
        {
            r.meter.active -= 1;
            if !r.meter.whole_life {
                r.meter.round(now.since(since), r.settings.billing.model);
            }
        }
        r.meter.idle += 1;
        self.instances.place_mut(instance).since = now.0;
    }

    /// An instance has lost its last request: the stretch in which it was busy is billed.
    #[inline]
    pub(super) fn bill_requests(&mut self, instance: InstanceId) {
        let Place { revision, since, .. } = *self.instances.place(instance);
        let r = &mut self.revisions[revision.index()];
        r.step_meter(self.now);
        r.meter.active -= 1;
        r.meter.idle += 1;
        if !r.meter.whole_life {
            r.meter.round(self.now.since(SimTime(since)), r.settings.billing.model);
        }
    }

    /// An instance is gone: what is left of it is billed. The sums have been brought up to now.
    pub(super) fn bill_end(&mut self, instance: InstanceId) {
        let now = self.now;
        let Place { revision, since, state, .. } = *self.instances.place(instance);
        let life = self.instances.life(instance);
        let r = &mut self.revisions[revision.index()];
        let life_since = r.billed_since(life);
        let (meter, model) = (&mut r.meter, r.settings.billing.model);
        match state {
            PlaceState::Vacant => {}
            PlaceState::Starting => {
                if let Some(since) = life_since {
                    meter.active -= 1;
                    meter.sums.in_vain += meter.round(now.since(since), model);
                }
                return;
            }
            PlaceState::Ready => meter.idle -= 1,
            PlaceState::Draining => {
                meter.active -= 1;
                if !meter.whole_life {
                    meter.round(now.since(SimTime(since)), model);
                }
            }
        }
        if let (true, Some(since)) = (meter.whole_life, life_since) {
            meter.round(now.since(since), model);
        }
    }
}
