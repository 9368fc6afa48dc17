//! Rules that choose among the instances with a free slot by something other than their load.

use super::ages::Ages;
use super::list::SeatList;
use super::pool::Pool;
use super::seats::SeatSets;

/// The instances of one revision: their loads, and those with a free slot in the rule's order.
#[derive(Clone, Debug)]
pub struct Slots {
    room: u16,
    /// Requests on each instance, by seat.
    loads: Vec<u16>,
    /// Those without load, the last to go idle at the head.
    idle: SeatList,
    order: Order,
}

/// Those with a free slot.
#[derive(Clone, Debug)]
pub enum Order {
    /// Drawn.
    Drawn(Pool),
    /// By seat, from the one after the last that had its turn.
    Turns {
        /// They.
        seats: SeatSets,
        /// The first that is asked.
        next: u32,
    },
    /// By seat.
    First(SeatSets),
    /// By serial.
    Ages(Ages),
    /// By last use, the last first.
    LastUsed(SeatList),
    /// By last use, the last at the end.
    LongestUnused(SeatList),
}

impl Slots {
    /// No instance yet.
    pub fn new(room: u16, order: Order) -> Self {
        Self { room, loads: Vec::new(), idle: SeatList::new(), order }
    }

    /// Makes room for this many seats.
    pub fn grow(&mut self, seats: usize) {
        if self.loads.len() >= seats {
            return;
        }
        self.loads.resize(seats, 0);
        self.idle.grow(seats);
        match &mut self.order {
            Order::Drawn(pool) => pool.grow(seats),
            Order::Turns { seats: set, .. } | Order::First(set) => set.grow(seats),
            Order::Ages(ages) => ages.grow(seats),
            Order::LastUsed(list) | Order::LongestUnused(list) => list.grow(seats),
        }
    }

    /// Whether some instance has a free slot.
    pub fn has_room(&self) -> bool {
        match &self.order {
            Order::Drawn(pool) => !pool.is_empty(),
            Order::Turns { seats, .. } | Order::First(seats) => seats.lowest_from(0, 0).is_some(),
            Order::Ages(ages) => ages.first().is_some(),
            Order::LastUsed(list) | Order::LongestUnused(list) => list.len() > 0,
        }
    }

    /// An instance with this serial becomes available, without load.
    pub fn add(&mut self, seat: u32, serial: u32) {
        self.loads[seat as usize] = 0;
        if let Order::Ages(ages) = &mut self.order {
            ages.name(seat, serial);
        }
        self.idle.push(seat);
        self.open(seat);
    }

    /// Instances without load.
    pub fn idle(&self) -> &SeatList {
        &self.idle
    }

    /// An instance is available no longer.
    pub fn remove(&mut self, seat: u32) {
        if self.loads[seat as usize] == 0 {
            self.idle.unlink(seat);
        }
        if self.loads[seat as usize] < self.room {
            self.close(seat);
        }
    }

    /// Takes a slot of the instance that is next; its load was what is returned beside it.
    pub fn take(&mut self) -> Option<(u32, u16)> {
        let seat = match &mut self.order {
            Order::Drawn(pool) => {
                let (a, b) = pool.two()?;
                if self.loads[b as usize] < self.loads[a as usize] { b } else { a }
            }
            Order::Turns { seats, next } => {
                let seat = seats.lowest_from(0, *next).or_else(|| seats.lowest_from(0, 0))?;
                *next = seat + 1;
                seat
            }
            Order::First(seats) => seats.lowest_from(0, 0)?,
            Order::Ages(ages) => ages.first()?,
            Order::LastUsed(list) => list.newest()?,
            Order::LongestUnused(list) => list.oldest()?,
        };
        let load = self.loads[seat as usize];
        self.take_at(seat);
        Some((seat, load))
    }

    /// Takes a slot of an instance that has a free one.
    pub fn take_at(&mut self, seat: u32) {
        let load = &mut self.loads[seat as usize];
        if *load == 0 {
            self.idle.unlink(seat);
        }
        *load += 1;
        if *load == self.room { self.close(seat) } else { self.used(seat) }
    }

    /// A slot goes from one request to another: with round robin that was its turn.
    pub fn hand_over(&mut self, seat: u32) {
        match &mut self.order {
            Order::Turns { next, .. } => *next = seat + 1,
            // It has no free slot before and after, so it is in none of their lists.
            Order::Drawn(_)
            | Order::First(_)
            | Order::Ages(_)
            | Order::LastUsed(_)
            | Order::LongestUnused(_) => {}
        }
    }

    /// Gives back a slot.
    pub fn give(&mut self, seat: u32) {
        let load = &mut self.loads[seat as usize];
        let was_full = *load == self.room;
        *load -= 1;
        if *load == 0 {
            self.idle.push(seat);
        }
        if was_full { self.open(seat) } else { self.used(seat) }
    }

    /// An instance has a free slot from now on.
    fn open(&mut self, seat: u32) {
        match &mut self.order {
            Order::Drawn(pool) => pool.insert(seat),
            Order::Turns { seats, .. } | Order::First(seats) => drop(seats.insert(0, seat)),
            Order::Ages(ages) => ages.insert(seat),
            Order::LastUsed(list) | Order::LongestUnused(list) => list.push(seat),
        }
    }

    /// An instance has none any more, or is gone.
    fn close(&mut self, seat: u32) {
        match &mut self.order {
            Order::Drawn(pool) => pool.remove(seat),
            Order::Turns { seats, .. } | Order::First(seats) => drop(seats.remove(0, seat)),
            Order::Ages(ages) => ages.remove(seat),
            Order::LastUsed(list) | Order::LongestUnused(list) => list.unlink(seat),
        }
    }

    /// A request began or ended on an instance that has a free slot before and after.
    fn used(&mut self, seat: u32) {
        if let Order::LastUsed(list) | Order::LongestUnused(list) = &mut self.order {
            list.unlink(seat);
            list.push(seat);
        }
    }
}
