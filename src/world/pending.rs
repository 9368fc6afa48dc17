//! Where a request waits for an instance: first in, first out, and only the head has a deadline.

use std::collections::VecDeque;

use super::bound::Bound;
use super::event::Origin;
use crate::scenario::PendingTimeout;
use crate::units::{SimDuration, SimTime};

/// A request that waits. Nothing of it exists elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// When it arrived.
    pub arrived: u64,
    /// Its service time in nanoseconds, drawn at arrival.
    pub work: u64,
    /// Where its blame begins.
    pub segment: u32,
    /// What it is to its client.
    pub origin: Origin,
}

const _: () = assert!(size_of::<Waiting>() == 24);

/// The requests of one revision that wait, with the timer of the first.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Those that the next free slot takes.
    queue: VecDeque<Waiting>,
    /// Those that wait for a start of their own, where the service has them do so.
    bound: Option<Box<Bound>>,
    /// All of them.
    waiting: usize,
    timeout: Timeout,
    /// A client gives up after this long.
    patience: Option<SimDuration>,
    /// When the timer rings; never, where there is none.
    pub timer: SimTime,
    /// Tells a timer that has been overtaken.
    pub serial: u32,
}

impl Pending {
    /// An empty queue; `mean_start` seeds the mean of the rule, clients give up after `patience`;
    /// `bound` where requests wait for the start that covers them.
    pub fn new(
        timeout: PendingTimeout,
        mean_start: SimDuration,
        patience: Option<SimDuration>,
        bound: Option<Box<Bound>>,
    ) -> Self {
        Self {
            queue: VecDeque::new(),
            bound,
            waiting: 0,
            timeout: Timeout::new(timeout, mean_start),
            patience,
            timer: SimTime::NEVER,
            serial: 0,
        }
    }

    /// Requests that wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether none waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Whether some wait for the next free slot.
    #[inline]
    pub fn is_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether a request that comes now waits, though a slot may be free.
    #[inline]
    pub fn goes_first(&self) -> bool {
        self.is_queued() || self.bound.as_ref().is_some_and(|bound| bound.goes_first())
    }

    /// The one that came first.
    pub fn first(&self) -> Option<&Waiting> {
        let bound = self.bound.as_ref().and_then(|bound| bound.first());
        let (queued, bound) = (self.queue.front().into_iter(), bound.into_iter());
        queued.chain(bound).min_by_key(|waiting| waiting.arrived)
    }

    /// The oldest segment in which one of them came. Where requests wait for starts, those of one
    /// instant stand in several places, and the first of them need not have it.
    pub fn oldest_segment(&self) -> Option<u32> {
        let Some(bound) = &self.bound else { return self.queue.front().map(|w| w.segment) };
        let came = self.first()?.arrived;
        let queued = self.queue.iter().take_while(|w| w.arrived == came).map(|w| w.segment);
        queued.chain(bound.oldest_segment(came)).min()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.queue.iter().chain(self.bound.iter().flat_map(|bound| bound.iter()))
    }

    /// Another one waits: for a start that has room for it, or for the next free slot.
    #[inline]
    pub fn push(&mut self, waiting: Waiting) {
        self.waiting += 1;
        let bound = self.bound.as_mut().is_some_and(|bound| bound.push(waiting));
        if !bound {
            self.queue.push_back(waiting);
        }
    }

    /// A start is ordered: requests may wait for it.
    pub fn open(&mut self, ordinal: u32) {
        if let Some(bound) = &mut self.bound {
            bound.open(ordinal);
        }
    }

    /// A start is over; those that waited for it, the first first, wait no longer.
    pub fn close(&mut self, ordinal: u32) -> VecDeque<Waiting> {
        let bound = self.bound.as_mut().map(|bound| bound.close(ordinal)).unwrap_or_default();
        self.waiting -= bound.len();
        bound
    }

    /// Others that have waited for a start wait for the next free slot, in the order in which all
    /// of them came.
    pub fn queue_again(&mut self, others: VecDeque<Waiting>) {
        self.waiting += others.len();
        self.queue.extend(others);
        self.queue.make_contiguous().sort_by_key(|waiting| waiting.arrived);
    }

    /// The one that came first waits no longer, whatever it waits for.
    pub fn pop_first(&mut self) -> Option<Waiting> {
        let bound = self.bound.as_mut().and_then(|bound| {
            let first = bound.first()?.arrived;
            let earlier = self.queue.front().is_none_or(|queued| first < queued.arrived);
            if earlier { bound.pop_first() } else { None }
        });
        match bound {
            Some(first) => {
                self.waiting -= 1;
                Some(first)
            }
            None => self.pop(),
        }
    }

    /// The first that waits for a free slot waits no longer. A queue that has grown large gives its
    /// memory back once it is almost empty.
    #[inline]
    pub fn pop(&mut self) -> Option<Waiting> {
        let first = self.queue.pop_front()?;
        self.waiting -= 1;
        if self.queue.capacity() > 4_096 && self.queue.len() < self.queue.capacity() / 16 {
            self.queue.shrink_to(self.queue.capacity() / 4);
        }
        Some(first)
    }

    /// When the first has waited long enough, by the timeout's present value, or for its client.
    /// Both are counted from the arrival, so that those behind it wait longer.
    pub fn deadline(&self) -> SimTime {
        let shorter = self.timeout.value.into_iter().chain(self.patience).min();
        match (self.first(), shorter) {
            (Some(first), Some(timeout)) => SimTime(first.arrived) + timeout,
            _ => SimTime::NEVER,
        }
    }

    /// Whether a request that arrived then has waited as long as the platform lets it.
    pub fn is_refused(&self, arrived: u64, now: SimTime) -> bool {
        self.timeout.value.is_some_and(|timeout| SimTime(arrived) + timeout <= now)
    }

    /// A start took this long from allocating to ready: the rule's mean moves.
    pub fn learn(&mut self, start: SimDuration) {
        self.timeout.learn(start);
    }
}

/// How long a request may wait now.
#[derive(Clone, Debug)]
struct Timeout {
    rule: PendingTimeout,
    /// The last starts, with their sum in nanoseconds.
    starts: VecDeque<SimDuration>,
    sum: u128,
    value: Option<SimDuration>,
}

impl Timeout {
    fn new(rule: PendingTimeout, mean_start: SimDuration) -> Self {
        let mut timeout = Self { rule, starts: VecDeque::new(), sum: 0, value: None };
        timeout.value = timeout.present(mean_start);
        timeout
    }

    fn present(&self, mean_start: SimDuration) -> Option<SimDuration> {
        match self.rule {
            PendingTimeout::None => None,
            PendingTimeout::Fixed(length) => Some(length),
            PendingTimeout::StartRule { factor, floor, .. } => {
                Some(mean_start.scaled(factor).max(floor))
            }
        }
    }

    fn learn(&mut self, start: SimDuration) {
        let PendingTimeout::StartRule { starts, .. } = self.rule else { return };
        self.starts.push_back(start);
        self.sum += u128::from(start.0);
        if self.starts.len() > starts as usize
            && let Some(oldest) = self.starts.pop_front()
        {
            self.sum -= u128::from(oldest.0);
        }
        let mean = SimDuration((self.sum / self.starts.len().max(1) as u128) as u64);
        self.value = self.present(mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of three that came at one instant the last waits for a slot, because no start had room: the
    /// blame of the others began in the segment before.
    #[test]
    fn the_oldest_segment_is_of_any_that_came_first() {
        let second = SimDuration::from_secs(1);
        let bound = Some(Box::new(Bound::new(1, false)));
        let mut pending = Pending::new(PendingTimeout::None, second, None, bound);
        assert_eq!(pending.oldest_segment(), None);
        pending.open(0);
        pending.open(1);
        for (arrived, segment) in [(5, 3), (5, 3), (5, 4), (6, 5)] {
            let origin = Origin::default();
            pending.push(Waiting { arrived, work: 0, segment, origin });
        }
        assert_eq!(pending.first().map(|first| first.segment), Some(4), "queued");
        assert_eq!(pending.oldest_segment(), Some(3));
        pending.close(0);
        assert_eq!(pending.oldest_segment(), Some(3));
        pending.close(1);
        assert_eq!(pending.oldest_segment(), Some(4));
    }

    #[test]
    fn the_rule_follows_the_mean_of_the_last_starts() {
        let second = SimDuration::from_secs;
        let rule = PendingTimeout::StartRule { factor: 3.5, floor: second(10), starts: 2 };
        let mut pending = Pending::new(rule, second(1), None, None);
        assert_eq!(pending.timeout.value, Some(second(10)));
        for (start, timeout) in [(4, 14), (8, 21), (2, 17), (1, 10)] {
            pending.learn(second(start));
            let expected =
                SimDuration::from_millis(timeout * 1_000 + 500 * u64::from(timeout == 17));
            assert_eq!(pending.timeout.value, Some(expected), "after a start of {start} s");
        }
    }
}
