//! How many starts may begin: in an interval of time, and at once. An order that may not begin
//! waits; the oldest begins first. Counters make every question O(1).

use std::collections::BTreeMap;

use super::World;
use super::cold_start::{Hold, Progress};
use super::event::Event;
use crate::ids::{OrderId, RevisionId};
use crate::kernel::EventList;
use crate::scenario::StartLimits;
use crate::units::SimTime;

/// The limits on the starts of a revision, and the orders that wait for them.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    limits: StartLimits,
    /// Orders that wait, by ordinal.
    waiting: BTreeMap<u32, OrderId>,
    /// Orders that hold a place of the concurrent ones.
    pub admitted: u32,
    /// Begin of the interval in which an attempt began last.
    interval: SimTime,
    /// Attempts that began in it.
    pub begun: u32,
    /// Whether the agenda holds the begin of the next interval.
    timer: bool,
}

impl Gate {
    /// A gate that nobody has passed.
    pub fn new(limits: StartLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The limits.
    pub fn limits(&self) -> &StartLimits {
        &self.limits
    }

    /// Orders that wait.
    pub fn len(&self) -> u32 {
        self.waiting.len() as u32
    }

    /// An order waits no longer.
    pub fn leave(&mut self, ordinal: u32) {
        self.waiting.remove(&ordinal);
    }

    /// The interval that an instant is in: its begin and its end; absent where the rate has no
    /// limit. The end of the warm-up begins one.
    fn interval(&self, now: SimTime, zero: SimTime) -> Option<(SimTime, SimTime)> {
        let length = self.limits.rate?.interval.0.max(1);
        // So long before the start of the run an interval begins.
        let before = (length - zero.0 % length) % length;
        let begin = ((now.0 + before) / length * length).saturating_sub(before);
        let end = ((now.0 + before) / length + 1) * length - before;
        Some((SimTime(begin), SimTime(end)))
    }

    /// When an attempt may begin, now or at the begin of the next interval.
    fn opens(&self, now: SimTime, zero: SimTime) -> SimTime {
        let (Some(rate), Some((begin, end))) = (self.limits.rate, self.interval(now, zero)) else {
            return now;
        };
        let begun = if begin == self.interval { self.begun } else { 0 };
        if begun < rate.starts { now } else { end }
    }

    /// Whether one more order may hold a place.
    fn has_place(&self) -> bool {
        self.limits.concurrent.is_none_or(|most| self.admitted < most)
    }

    /// An attempt begins; `first` where it is its order's first.
    pub fn pass(&mut self, now: SimTime, zero: SimTime, first: bool) {
        self.admitted += u32::from(first);
        if let Some((begin, _)) = self.interval(now, zero) {
            if begin != self.interval {
                (self.interval, self.begun) = (begin, 0);
            }
            self.begun += 1;
        }
    }
}

impl<Q: EventList> World<'_, Q> {
    /// An order's next attempt begins, or waits until the limits let it.
    pub(super) fn begin_or_wait(&mut self, id: OrderId) {
        let order = self.orders.get(id);
        let (revision, ordinal) = (order.revision, order.ordinal);
        let r = &mut self.revisions[revision.index()];
        if r.gate.limits.is_none() {
            return self.begin_attempt(id);
        }
        r.gate.waiting.insert(ordinal, id);
        self.orders.set_progress(id, Progress::Waiting);
        self.begin_waiting(revision);
        let order = self.orders.get(id);
        if order.progress == Progress::Waiting {
            match order.hold {
                Hold::Nothing | Hold::BackOff => self.set_hold(id, Hold::StartRate),
                // What the key has done to it is told first.
                Hold::KeyDenied | Hold::KeyOutage | Hold::KeyQuota | Hold::StartRate => {}
            }
        }
    }

    /// Orders that wait for the limits begin, as far as they may.
    pub(super) fn begin_waiting(&mut self, revision: RevisionId) {
        loop {
            let gate = &mut self.revisions[revision.index()].gate;
            let Some((&ordinal, &id)) = gate.waiting.first_key_value() else { return };
            let is_first = self.orders.get(id).attempts == 0;
            if is_first && !gate.has_place() {
                return;
            }
            let opens = gate.opens(self.now, self.zero);
            if opens > self.now {
                if !std::mem::replace(&mut gate.timer, true) {
                    self.agenda.push(opens.0, Event::StartInterval { revision });
                }
                return;
            }
            gate.leave(ordinal);
            self.begin_attempt(id);
        }
    }

    /// An interval of a start rate begins.
    pub(super) fn start_interval(&mut self, revision: RevisionId) {
        self.touched = revision;
        self.revisions[revision.index()].gate.timer = false;
        self.begin_waiting(revision);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::StartRate;
    use crate::units::{SECOND, SimDuration};

    #[test]
    fn an_interval_begins_at_the_end_of_the_warm_up() {
        let rate = StartRate { starts: 1, interval: SimDuration::from_secs(10) };
        let gate = Gate::new(StartLimits { concurrent: None, rate: Some(rate) });
        let at = |s: u64| SimTime(s * SECOND);
        let interval = |now, zero| gate.interval(at(now), at(zero));
        assert_eq!(interval(0, 0), Some((at(0), at(10))));
        assert_eq!(interval(9, 0), Some((at(0), at(10))));
        assert_eq!(interval(10, 0), Some((at(10), at(20))));
        assert_eq!(interval(0, 13), Some((at(0), at(3))), "cut at the start of the run");
        assert_eq!(interval(3, 13), Some((at(3), at(13))));
        assert_eq!(interval(25, 13), Some((at(23), at(33))));
        assert_eq!(Gate::default().interval(at(0), at(0)), None);
    }
}
