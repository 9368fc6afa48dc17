//! Sets of seats, as trees of 64-bit words: the lowest seat is found in one step for 64 seats, two
//! for 4,096, three for 262,144.

/// Most tiers of a tree of seats: room for 64^4 seats, more than instances can be.
const TIERS: usize = 4;

/// A set of seats for each level, as trees of words side by side: a bit of an upper word says
/// that the word below it is not empty.
#[derive(Clone, Debug)]
pub struct SeatSets {
    words: Vec<u64>,
    levels: usize,
    /// Words of one level's tree.
    stride: usize,
    /// Where in the tree each tier begins, leaves first; the last is a single word.
    tiers: [usize; TIERS],
    /// Tiers in use.
    height: usize,
    /// Seats a tree has leaves for.
    seats: usize,
}

impl SeatSets {
    /// So many levels, each without seats.
    pub fn new(levels: usize) -> Self {
        Self { words: vec![0; levels], levels, stride: 1, tiers: [0; TIERS], height: 1, seats: 64 }
    }

    /// Makes room for this many seats.
    pub fn grow(&mut self, seats: usize) {
        if seats <= self.seats {
            return;
        }
        let leaves = seats.next_power_of_two();
        let (mut tiers, mut height, mut stride, mut width) = ([0; TIERS], 0, 0, leaves);
        while width > 1 {
            width = width.div_ceil(64);
            tiers[height] = stride;
            height += 1;
            stride += width;
        }
        let grown = Self {
            words: vec![0; self.levels * stride],
            levels: self.levels,
            stride,
            tiers,
            height,
            seats: leaves,
        };
        let old = std::mem::replace(self, grown);
        for level in 0..self.levels {
            for word in 0..old.seats / 64 {
                let mut bits = old.words[level * old.stride + word];
                while bits != 0 {
                    self.insert(level, word as u32 * 64 + bits.trailing_zeros());
                    bits &= bits - 1;
                }
            }
        }
    }

    /// Puts a seat into a level; returns whether its word was empty, without which the level was
    /// not.
    #[inline(always)]
    pub fn insert(&mut self, level: usize, seat: u32) -> bool {
        // The leaves come first, and nearly always the tiers above stay as they are.
        let word = &mut self.words[level * self.stride + seat as usize / 64];
        let before = *word;
        *word |= 1 << (seat % 64);
        if before == 0 {
            self.insert_above(level, seat as usize / 64);
        }
        before == 0
    }

    #[inline(never)]
    fn insert_above(&mut self, level: usize, mut i: usize) {
        for tier in &self.tiers[1..self.height] {
            let word = &mut self.words[level * self.stride + tier + i / 64];
            let before = *word;
            *word |= 1 << (i % 64);
            if before != 0 {
                return;
            }
            i /= 64;
        }
    }

    /// Removes a seat; returns whether the level is empty then.
    #[inline(always)]
    pub fn remove(&mut self, level: usize, seat: u32) -> bool {
        let word = &mut self.words[level * self.stride + seat as usize / 64];
        *word &= !(1 << (seat % 64));
        *word == 0 && self.remove_above(level, seat as usize / 64)
    }

    #[inline(never)]
    fn remove_above(&mut self, level: usize, mut i: usize) -> bool {
        for tier in &self.tiers[1..self.height] {
            let word = &mut self.words[level * self.stride + tier + i / 64];
            *word &= !(1 << (i % 64));
            if *word != 0 {
                return false;
            }
            i /= 64;
        }
        true
    }

    /// The lowest seat of a level, which is not empty.
    #[inline]
    pub fn lowest(&self, level: usize) -> u32 {
        let base = level * self.stride;
        // The last tier is the tree's last word, and the first one begins it.
        let mut i = self.words[base + self.stride - 1].trailing_zeros() as usize;
        if self.height > 1 {
            for tier in self.tiers[1..self.height - 1].iter().rev() {
                i = i * 64 + self.words[base + tier + i].trailing_zeros() as usize;
            }
            i = i * 64 + self.words[base + i].trailing_zeros() as usize;
        }
        i as u32
    }

    /// The lowest seat of a level from this one on.
    #[inline]
    pub fn lowest_from(&self, level: usize, seat: u32) -> Option<u32> {
        let base = level * self.stride;
        let mut i = seat as usize;
        for tier in 0..self.height {
            // The tiers lie side by side: a word past the end of one would be the next one's.
            let end = if tier + 1 < self.height { self.tiers[tier + 1] } else { self.stride };
            let word = self.tiers[tier] + i / 64;
            if word >= end {
                return None;
            }
            let found = self.words[base + word] & (!0 << (i % 64));
            if found == 0 {
                i = i / 64 + 1;
                continue;
            }
            i = i / 64 * 64 + found.trailing_zeros() as usize;
            for below in self.tiers[..tier].iter().rev() {
                i = i * 64 + self.words[base + below + i].trailing_zeros() as usize;
            }
            return Some(i as u32);
        }
        None
    }
}
