//! What is rare: a heap of one small enum, in which everything but requests waits.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// An event that knows its place among the events of one instant.
pub trait Ranked {
    /// What comes first at one instant: 0 before 255. It must not change while the event waits.
    fn rank(&self) -> u8;
}

/// Pending events in order of (time, rank, order of scheduling).
///
/// Scheduling and popping take O(log n). There is no cancelling: an event that has lost its
/// meaning is told by its handler, from a serial number that it carries.
#[derive(Clone, Debug)]
pub struct Agenda<E> {
    heap: BinaryHeap<Item<E>>,
    /// The first event's time, so that the event loop reads one number; `u64::MAX` without events.
    first: u64,
    scheduled: u64,
}

/// An event of 16 bytes makes an item of 32.
#[derive(Clone, Copy, Debug)]
struct Item<E> {
    time: u64,
    /// rank (8 bits), then the order of scheduling (56).
    key: u64,
    event: E,
}

const _: () = assert!(size_of::<Item<[u64; 2]>>() == 32);

impl<E> Item<E> {
    #[inline]
    fn order(&self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.key)
    }
}

impl<E> Ord for Item<E> {
    /// Reversed, because std's heap gives the greatest first.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        other.order().cmp(&self.order())
    }
}

impl<E> PartialOrd for Item<E> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Item<E> {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl<E> Eq for Item<E> {}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), first: u64::MAX, scheduled: 0 }
    }
}

impl<E: Copy + Ranked> Agenda<E> {
    /// Schedules an event at a time in nanoseconds. One at `u64::MAX` never happens and is
    /// dropped.
    pub fn push(&mut self, time: u64, event: E) {
        if time == u64::MAX {
            return;
        }
        let key = u64::from(event.rank()) << 56 | self.scheduled;
        self.scheduled += 1;
        self.heap.push(Item { time, key, event });
        self.first = self.first.min(time);
    }

    /// The time of the first event, in nanoseconds.
    #[inline]
    pub fn first(&self) -> Option<u64> {
        (self.first != u64::MAX).then_some(self.first)
    }

    /// The time of the first event, `u64::MAX` if there is none.
    #[inline]
    pub fn first_time(&self) -> u64 {
        self.first
    }

    /// Removes and returns the first event and its time.
    pub fn pop(&mut self) -> Option<(u64, E)> {
        let item = self.heap.pop()?;
        self.first = self.heap.peek().map_or(u64::MAX, |next| next.time);
        Some((item.time, item.event))
    }

    /// Removes and returns the first event where it is due at `time` and `want` takes it.
    pub fn pop_if(&mut self, time: u64, want: impl FnOnce(&E) -> bool) -> Option<E> {
        let first = self.heap.peek()?;
        if first.time != time || !want(&first.event) {
            return None;
        }
        self.pop().map(|(_, event)| event)
    }

    /// Every event and its time, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &E)> {
        self.heap.iter().map(|item| (item.time, &item.event))
    }

    /// How many events are scheduled.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is scheduled.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Drops all events; the order of scheduling starts anew.
    pub fn clear(&mut self) {
        self.heap.clear();
        self.first = u64::MAX;
        self.scheduled = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Event {
        rank: u8,
        name: u64,
    }

    impl Ranked for Event {
        fn rank(&self) -> u8 {
            self.rank
        }
    }

    proptest! {
        /// Against a list that is searched: the earliest, then the lowest rank, then the oldest.
        #[test]
        fn the_first_leaves_first(
            program in prop::collection::vec((0..6_u64, 0..4_u8, 0..3_u8), 1..200)
        ) {
            let mut agenda = Agenda::default();
            let mut naive: Vec<(u64, Event)> = vec![];
            for (name, (time, rank, pops)) in (0..).zip(program) {
                let event = Event { rank: rank * 85, name };
                agenda.push(time, event);
                naive.push((time, event));
                for _ in 0..pops {
                    // Of equal ones `min_by_key` takes the one that was put in first.
                    let keys = naive.iter().enumerate();
                    let first = keys.min_by_key(|(_, (time, event))| (*time, event.rank));
                    let expected = first.map(|(i, _)| i).map(|i| naive.remove(i));
                    prop_assert_eq!(agenda.pop(), expected);
                }
                let first = naive.iter().map(|(time, _)| *time).min();
                prop_assert_eq!(agenda.first(), first);
                prop_assert_eq!(agenda.first_time(), first.unwrap_or(u64::MAX));
                prop_assert_eq!(agenda.len(), naive.len());
                prop_assert_eq!(agenda.is_empty(), naive.is_empty());
            }
            let mut held: Vec<u64> = agenda.iter().map(|(_, event)| event.name).collect();
            held.sort_unstable();
            let expected: Vec<u64> = naive.iter().map(|(_, event)| event.name).collect();
            prop_assert_eq!(held, expected);
        }
    }

    #[test]
    fn clear_and_never() {
        let mut agenda = Agenda::default();
        agenda.push(u64::MAX, Event { rank: 0, name: 0 });
        assert_eq!((agenda.first(), agenda.pop()), (None, None), "never is not scheduled");
        agenda.push(5, Event { rank: 0, name: 1 });
        agenda.clear();
        assert_eq!((agenda.first(), agenda.first_time(), agenda.len()), (None, u64::MAX, 0));
        agenda.push(7, Event { rank: 0, name: 2 });
        assert_eq!(agenda.pop(), Some((7, Event { rank: 0, name: 2 })));
    }
}
