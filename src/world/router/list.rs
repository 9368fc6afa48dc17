//! Seats in the order in which they came, as a doubly linked list: any of them leaves in one step.

/// No seat.
const NONE: u32 = u32::MAX;

/// Neighbours in the list, by seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    newer: u32,
    older: u32,
}

/// A list of seats, the last to come at its head.
#[derive(Clone, Debug)]
pub struct SeatList {
    links: Vec<Link>,
    newest: u32,
    oldest: u32,
    len: u32,
}

impl SeatList {
    /// Nobody has come.
    pub fn new() -> Self {
        Self { links: Vec::new(), newest: NONE, oldest: NONE, len: 0 }
    }

    /// Makes room for this many seats.
    pub fn grow(&mut self, seats: usize) {
        if self.links.len() < seats {
            self.links.resize(seats, Link { newer: NONE, older: NONE });
        }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// The last that came; there must be one.
    #[inline]
    pub fn head(&self) -> u32 {
        self.newest
    }

    /// The last that came.
    #[inline]
    pub fn newest(&self) -> Option<u32> {
        (self.newest != NONE).then_some(self.newest)
    }

    /// The first that came.
    #[inline]
    pub fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    /// A seat that is not there comes.
    #[inline]
    pub fn push(&mut self, seat: u32) {
        self.links[seat as usize] = Link { newer: NONE, older: self.newest };
        match self.newest {
            NONE => self.oldest = seat,
            newest => self.links[newest as usize].newer = seat,
        }
        self.newest = seat;
        self.len += 1;
    }

    /// A seat that is there leaves.
    #[inline]
    pub fn unlink(&mut self, seat: u32) {
        let Link { newer, older } = self.links[seat as usize];
        match newer {
            NONE => self.newest = older,
            newer => self.links[newer as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.links[older as usize].newer = newer,
        }
        self.len -= 1;
    }
}
