//! Requests that wait for one start each: the one that has to cover them.
//!
//! Where a service has its requests wait so, a request that finds no free slot is bound to a start
//! order with room for it, the oldest first, and nobody else serves it: a slot that falls free
//! meanwhile goes to the next arrival, or to none where starts are filled first. An instance that
//! becomes ready serves the requests of its order, which fit on it. The order keeps them through
//! attempts that fail; where it is given up they wait for the next free slot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::pending::Waiting;

/// The waiting requests of one revision by start order.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Requests that a start covers: those that an instance takes at once.
    room: usize,
    /// Whether a start with room is filled even where a slot is free.
    first: bool,
    /// By the order's ordinal.
    starts: BTreeMap<u32, VecDeque<Waiting>>,
    /// Orders with room.
    open: BTreeSet<u32>,
    /// When the first of each order's requests came, and the order.
    heads: BTreeSet<(u64, u32)>,
}

impl Bound {
    /// No start is ordered yet; each will cover `room` requests, `first` where it has them before
    /// free slots.
    pub fn new(room: u16, first: bool) -> Self {
        Self {
            room: room.into(),
            first,
            starts: BTreeMap::new(),
            open: BTreeSet::new(),
            heads: BTreeSet::new(),
        }
    }

    /// Whether the next request waits for a start though a slot may be free.
    pub fn goes_first(&self) -> bool {
        self.first && !self.open.is_empty()
    }

    /// A start is ordered.
    pub fn open(&mut self, ordinal: u32) {
        self.starts.insert(ordinal, VecDeque::new());
        self.open.insert(ordinal);
    }

    /// A start is over, and its requests are handed out.
    pub fn close(&mut self, ordinal: u32) -> VecDeque<Waiting> {
        let waiting = self.starts.remove(&ordinal).unwrap_or_default();
        self.open.remove(&ordinal);
        if let Some(first) = waiting.front() {
            self.heads.remove(&(first.arrived, ordinal));
        }
        waiting
    }

    /// Binds a request to a start; whether one has room.
    pub fn push(&mut self, waiting: Waiting) -> bool {
        let Some(&ordinal) = self.open.first() else { return false };
        let Some(start) = self.starts.get_mut(&ordinal) else { return false };
        if start.is_empty() {
            self.heads.insert((waiting.arrived, ordinal));
        }
        start.push_back(waiting);
        if start.len() == self.room {
            self.open.remove(&ordinal);
        }
        true
    }

    /// The one that came first.
    pub fn first(&self) -> Option<&Waiting> {
        let (_, ordinal) = self.heads.first()?;
        self.starts.get(ordinal)?.front()
    }

    /// The oldest segment of those that came at an instant, where nobody came before.
    pub fn oldest_segment(&self, came: u64) -> Option<u32> {
        let together = self.heads.iter().take_while(|(arrived, _)| *arrived == came);
        together.filter_map(|(_, ordinal)| Some(self.starts.get(ordinal)?.front()?.segment)).min()
    }

    /// The one that came first is bound no longer; its start has room for another.
    pub fn pop_first(&mut self) -> Option<Waiting> {
        let (_, ordinal) = self.heads.pop_first()?;
        let start = self.starts.get_mut(&ordinal)?;
        let first = start.pop_front();
        self.open.insert(ordinal);
        self.heads.extend(start.front().map(|next| (next.arrived, ordinal)));
        first
    }

    /// All of them, by start.
    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.starts.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::event::Origin;

    fn waiting(arrived: u64) -> Waiting {
        Waiting { arrived, work: 0, segment: 0, origin: Origin::default() }
    }

    fn came(requests: impl IntoIterator<Item = Waiting>) -> Vec<u64> {
        requests.into_iter().map(|w| w.arrived).collect()
    }

    #[test]
    fn the_oldest_start_with_room_covers() {
        let mut bound = Bound::new(2, false);
        assert!(!bound.push(waiting(1)), "nothing starts");
        bound.open(7);
        bound.open(8);
        assert!((1..=3).all(|at| bound.push(waiting(at))));
        assert_eq!(came(bound.iter().copied()), [1, 2, 3]);
        // One that leaves makes room.
        assert_eq!(bound.pop_first().map(|w| w.arrived), Some(1));
        assert!(bound.push(waiting(4)) && bound.push(waiting(5)) && !bound.push(waiting(6)));
        assert_eq!(came(bound.close(7)), [2, 4]);
        assert_eq!(bound.first().map(|w| w.arrived), Some(3));
        assert_eq!(came(bound.close(8)), [3, 5]);
        assert_eq!(bound.first(), None);
        assert!(bound.close(9).is_empty(), "no such start");
    }
}
