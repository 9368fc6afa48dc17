//! The oldest or the newest of some seats: a tree in which the better of two wins.

/// A node of a seat that is not there: everybody wins against it.
const NOBODY: u64 = u64::MAX;

/// Seats by the serials of their instances.
#[derive(Clone, Debug)]
pub struct Ages {
    /// Makes the serial that is to win the smallest: 0, or all ones.
    flip: u32,
    /// By seat: the serial, flipped.
    serials: Vec<u32>,
    leaves: usize,
    /// (serial, seat) as one integer. Node `i` is the smaller of `2i` and `2i + 1`; the leaves are
    /// the last half, node 1 is the winner, node 0 is not used.
    nodes: Vec<u64>,
}

impl Ages {
    /// Nobody is there.
    pub fn new(newest: bool) -> Self {
        let flip = if newest { u32::MAX } else { 0 };
        Self { flip, serials: vec![0], leaves: 1, nodes: vec![NOBODY; 2] }
    }

    /// Makes room for this many seats.
    pub fn grow(&mut self, seats: usize) {
        if seats <= self.leaves {
            return;
        }
        let old = std::mem::take(&mut self.nodes);
        let before = std::mem::replace(&mut self.leaves, seats.next_power_of_two());
        self.serials.resize(self.leaves, 0);
        self.nodes = vec![NOBODY; 2 * self.leaves];
        self.nodes[self.leaves..self.leaves + before].copy_from_slice(&old[before..]);
        for node in (1..self.leaves).rev() {
            self.nodes[node] = self.nodes[2 * node].min(self.nodes[2 * node + 1]);
        }
    }

    /// The instance on a seat has this serial.
    pub fn name(&mut self, seat: u32, serial: u32) {
        self.serials[seat as usize] = serial ^ self.flip;
    }

    /// A seat comes.
    #[inline]
    pub fn insert(&mut self, seat: u32) {
        self.set(seat, u64::from(self.serials[seat as usize]) << 32 | u64::from(seat));
    }

    /// A seat leaves.
    #[inline]
    pub fn remove(&mut self, seat: u32) {
        self.set(seat, NOBODY);
    }

    /// The winner.
    #[inline]
    pub fn first(&self) -> Option<u32> {
        (self.nodes[1] != NOBODY).then_some(self.nodes[1] as u32)
    }

    #[inline]
    fn set(&mut self, seat: u32, value: u64) {
        let mut node = self.leaves + seat as usize;
        self.nodes[node] = value;
        while node > 1 {
            let winner = self.nodes[node].min(self.nodes[node ^ 1]);
            node /= 2;
            // Above a node that stays, all stay.
            if self.nodes[node] == winner {
                return;
            }
            self.nodes[node] = winner;
        }
    }
}
