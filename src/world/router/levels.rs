//! Instances by load: a set of busy seats a level, a bitmap of the levels in use, and a list of the
//! idle ones.

use super::list::SeatList;
use super::seats::SeatSets;

/// Fullest below a level, then least loaded.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Requests an instance takes at once.
    room: usize,
    /// Levels below this are filled fullest first.
    soft: usize,
    /// A bit a level in use.
    levels: Vec<u64>,
    sets: SeatSets,
    /// Those at level 0, the last to go idle at the head.
    idle: SeatList,
}

impl Levels {
    /// No instance yet.
    pub fn new(room: usize, soft: usize) -> Self {
        Self {
            room,
            soft,
            levels: vec![0; room / 64 + 1],
            sets: SeatSets::new(room + 1),
            idle: SeatList::new(),
        }
    }

    /// Makes room for this many seats.
    pub fn grow(&mut self, seats: usize) {
        self.sets.grow(seats);
        self.idle.grow(seats);
    }

    /// Instances without load.
    pub fn idle(&self) -> &SeatList {
        &self.idle
    }

    /// Whether some instance has a free slot.
    pub fn has_room(&self) -> bool {
        self.lowest_from(0).is_some()
    }

    /// Takes a slot of the instance that is next; its load was what is returned beside it.
    #[inline(always)]
    pub fn take(&mut self) -> Option<(u32, u16)> {
        let level = self.highest_below(self.soft).or_else(|| self.lowest_from(self.soft))?;
        let seat = if level == 0 { self.idle.head() } else { self.sets.lowest(level) };
        self.leave(seat, level);
        self.enter(seat, level + 1);
        Some((seat, level as u16))
    }

    /// An instance has this load.
    #[inline(always)]
    pub fn enter(&mut self, seat: u32, level: usize) {
        let first = if level > 0 {
            self.sets.insert(level, seat)
        } else {
            self.idle.push(seat);
            true
        };
        if first {
            self.levels[level / 64] |= 1 << (level % 64);
        }
    }

    /// An instance has this load no longer.
    #[inline(always)]
    pub fn leave(&mut self, seat: u32, level: usize) {
        let empty = if level > 0 {
            self.sets.remove(level, seat)
        } else {
            self.idle.unlink(seat);
            self.idle.len() == 0
        };
        if empty {
            self.levels[level / 64] &= !(1 << (level % 64));
        }
    }

    /// The highest level in use below `end`.
    #[inline]
    fn highest_below(&self, end: usize) -> Option<usize> {
        let (mut word, bits) = (end / 64, end % 64);
        let mut found = self.levels[word] & ((1 << bits) - 1);
        while found == 0 {
            word = word.checked_sub(1)?;
            found = self.levels[word];
        }
        Some(word * 64 + found.ilog2() as usize)
    }

    /// The lowest level in use from `start` on that leaves a free slot.
    #[inline]
    fn lowest_from(&self, start: usize) -> Option<usize> {
        let mut word = start / 64;
        let mut found = self.levels[word] & (!0 << (start % 64));
        while found == 0 {
            word += 1;
            found = *self.levels.get(word)?;
        }
        let level = word * 64 + found.trailing_zeros() as usize;
        (level < self.room).then_some(level)
    }
}
