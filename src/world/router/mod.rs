//! Which instance takes the next request: never a scan, never an allocation.
//!
//! The platform's routing is not published, so each rule is an assumption, the default too; what
//! each means is said at [`Routing`]. Instances are known by their seat: an instance's number in
//! its revision, the lowest free one when it became ready. Every rule keeps a list of idle
//! instances beside, which tells the one that has been idle for longest.
//!
//! | rule | structure | a choice takes |
//! |---|---|---|
//! | fullest below target, least loaded | sets of seats by load, a bitmap of levels in use | one step, and one for each 64-fold of seats |
//! | round robin, first available | a set of seats with a free slot | one step for each 64-fold of seats |
//! | newest, oldest | a winner tree on the serial | log2 of the seats |
//! | most, least recently used | a list by last use | one step |
//! | random of two | seats side by side | two draws |

mod ages;
mod levels;
mod list;
mod pool;
mod seats;
mod slots;

use rand::rngs::Xoshiro256PlusPlus;

use crate::scenario::Routing;
use ages::Ages;
use levels::Levels;
use list::SeatList;
use pool::Pool;
use seats::SeatSets;
use slots::{Order, Slots};

/// The ready instances of one revision, and who is next.
#[derive(Clone, Debug)]
pub struct Router(Rule);

/// By load, or by something else: one branch, which the default takes as cheaply as if it were the
/// only rule.
#[derive(Clone, Debug)]
enum Rule {
    Levels(Levels),
    Slots(Slots),
}

impl Router {
    /// No instance yet; each will take up to `room` requests. `luck` is asked for where the rule
    /// draws.
    pub fn new(room: u16, routing: Routing, luck: impl FnOnce() -> Xoshiro256PlusPlus) -> Self {
        let levels = |soft| Rule::Levels(Levels::new(room.into(), soft));
        let slots = |order| Rule::Slots(Slots::new(room, order));
        let rule = match routing {
            Routing::FullestBelowTarget { target } => {
                levels(((f64::from(room) * target.0).ceil() as usize).min(usize::from(room)))
            }
            Routing::LeastLoaded => levels(0),
            Routing::RandomOfTwo => slots(Order::Drawn(Pool::new(luck()))),
            Routing::RoundRobin => slots(Order::Turns { seats: SeatSets::new(1), next: 0 }),
            Routing::FirstAvailable => slots(Order::First(SeatSets::new(1))),
            Routing::Newest => slots(Order::Ages(Ages::new(true))),
            Routing::Oldest => slots(Order::Ages(Ages::new(false))),
            Routing::MostRecentlyUsed => slots(Order::LastUsed(SeatList::new())),
            Routing::LeastRecentlyUsed => slots(Order::LongestUnused(SeatList::new())),
        };
        Self(rule)
    }

    fn idle_ones(&self) -> &SeatList {
        match &self.0 {
            Rule::Levels(levels) => levels.idle(),
            Rule::Slots(slots) => slots.idle(),
        }
    }

    /// Instances without load.
    pub fn idle(&self) -> u32 {
        self.idle_ones().len()
    }

    /// The instance that has been idle for longest.
    pub fn longest_idle(&self) -> Option<u32> {
        self.idle_ones().oldest()
    }

    /// Whether some instance has a free slot.
    pub fn has_room(&self) -> bool {
        match &self.0 {
            Rule::Levels(levels) => levels.has_room(),
            Rule::Slots(slots) => slots.has_room(),
        }
    }

    /// An instance becomes available, without load. Its serial is the ordinal of its start.
    pub fn add(&mut self, seat: u32, serial: u32) {
        let seats = seat as usize + 1;
        match &mut self.0 {
            Rule::Levels(levels) => {
                levels.grow(seats);
                levels.enter(seat, 0);
            }
            Rule::Slots(slots) => {
                slots.grow(seats);
                slots.add(seat, serial);
            }
        }
    }

    /// An instance with this load is available no longer.
    pub fn remove(&mut self, seat: u32, load: u16) {
        match &mut self.0 {
            Rule::Levels(levels) => levels.leave(seat, load.into()),
            Rule::Slots(slots) => slots.remove(seat),
        }
    }

    /// Takes a slot of the instance that is next; its load was what is returned beside it.
    #[inline(always)]
    pub fn take(&mut self) -> Option<(u32, u16)> {
        match &mut self.0 {
            Rule::Levels(levels) => levels.take(),
            Rule::Slots(slots) => slots.take(),
        }
    }

    /// Takes a slot of this instance, which has this load and a free slot, whoever is next. With
    /// round robin it was not its turn.
    pub fn take_at(&mut self, seat: u32, load: u16) {
        match &mut self.0 {
            Rule::Levels(levels) => {
                levels.leave(seat, load.into());
                levels.enter(seat, usize::from(load) + 1);
            }
            Rule::Slots(slots) => slots.take_at(seat),
        }
    }

    /// A request that waited takes the slot that another gives back, the only one that is free.
    #[inline]
    pub fn hand_over(&mut self, seat: u32) {
        match &mut self.0 {
            Rule::Levels(_) => {}
            Rule::Slots(slots) => slots.hand_over(seat),
        }
    }

    /// Gives back a slot of an instance that had this load.
    #[inline(always)]
    pub fn give(&mut self, seat: u32, load: u16) {
        match &mut self.0 {
            Rule::Levels(levels) => {
                levels.leave(seat, load.into());
                levels.enter(seat, usize::from(load) - 1);
            }
            Rule::Slots(slots) => slots.give(seat),
        }
    }
}

#[cfg(test)]
mod tests;
