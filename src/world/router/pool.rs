//! Seats in no order, side by side, so that one is drawn in one step.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

/// Seats to draw from.
#[derive(Clone, Debug)]
pub struct Pool {
    seats: Vec<u32>,
    /// Where each seat stands, by seat.
    at: Vec<u32>,
    luck: Xoshiro256PlusPlus,
}

impl Pool {
    /// No seat yet.
    pub fn new(luck: Xoshiro256PlusPlus) -> Self {
        Self { seats: Vec::new(), at: Vec::new(), luck }
    }

    /// Makes room for this many seats.
    pub fn grow(&mut self, seats: usize) {
        if self.at.len() < seats {
            self.at.resize(seats, 0);
            // Whoever comes later finds room.
            self.seats.reserve(seats - self.seats.len());
        }
    }

    /// A seat comes.
    #[inline]
    pub fn insert(&mut self, seat: u32) {
        self.at[seat as usize] = self.seats.len() as u32;
        self.seats.push(seat);
    }

    /// A seat leaves; the last one takes its place.
    #[inline]
    pub fn remove(&mut self, seat: u32) {
        let place = self.at[seat as usize];
        self.seats.swap_remove(place as usize);
        if let Some(&moved) = self.seats.get(place as usize) {
            self.at[moved as usize] = place;
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Two different seats, each pair in each order as likely as any other; twice the same where
    /// it is alone, and then nothing is drawn.
    #[inline]
    pub fn two(&mut self) -> Option<(u32, u32)> {
        let n = self.seats.len() as u32;
        if n < 2 {
            return self.seats.first().map(|&seat| (seat, seat));
        }
        let first = self.luck.random_range(0..n);
        let other = self.luck.random_range(0..n - 1);
        let second = other + u32::from(other >= first);
        Some((self.seats[first as usize], self.seats[second as usize]))
    }
}
