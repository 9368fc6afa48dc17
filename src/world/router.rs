//! Which instance takes the next request: instances by load level, never a scan.
//!
//! Idle instances form a list, the last to go idle first. Busy ones lie, level by level, in sets
//! of seats (an instance's number in its revision, the lowest free one when it became ready):
//! trees of 64-bit words, so that the lowest seat of a level is found in one step for 64
//! instances, two for 4,096, three for 262,144. A bitmap says which levels are in use.
//!
//! Assumption: the platform's routing is not published. The default fills the fullest instance
//! below a share of the concurrency, so that others fall idle and can be stopped; else it takes
//! the least loaded with a free slot. Ties: the last to go idle, the lowest seat.

use crate::scenario::Routing;

/// No seat.
const NONE: u32 = u32::MAX;

/// Neighbours in the list of idle instances, by seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    newer: u32,
    older: u32,
}

/// The ready instances of one revision by load.
#[derive(Clone, Debug)]
pub struct Router {
    /// Requests an instance takes at once.
    room: usize,
    /// Levels below this are filled fullest first.
    soft: usize,
    /// A bit a level in use.
    levels: Vec<u64>,
    sets: SeatSets,
    links: Vec<Link>,
    newest_idle: u32,
    oldest_idle: u32,
    idle: u32,
}

impl Router {
    /// No instance yet; each will take up to `room` requests.
    pub fn new(room: u16, routing: Routing) -> Self {
        let soft = match routing {
            Routing::FullestBelowTarget { target } => {
                ((f64::from(room) * target.0).ceil() as usize).min(usize::from(room))
            }
            Routing::LeastLoaded => 0,
        };
        let room = usize::from(room);
        Self {
            room,
            soft,
            levels: vec![0; room / 64 + 1],
            sets: SeatSets::new(room + 1),
            links: Vec::new(),
            newest_idle: NONE,
            oldest_idle: NONE,
            idle: 0,
        }
    }

    /// Instances without load.
    pub fn idle(&self) -> u32 {
        self.idle
    }

    /// The instance that has been idle for longest.
    pub fn longest_idle(&self) -> Option<u32> {
        (self.oldest_idle != NONE).then_some(self.oldest_idle)
    }

    /// Whether some instance has a free slot.
    pub fn has_room(&self) -> bool {
        self.lowest_from(0).is_some()
    }

    /// An instance becomes available, with this load.
    pub fn add(&mut self, seat: u32, load: u16) {
        if self.links.len() <= seat as usize {
            self.links.resize(seat as usize + 1, Link { newer: NONE, older: NONE });
            self.sets.grow(seat as usize + 1);
        }
        self.enter(seat, load.into());
    }

    /// An instance with this load is available no longer.
    pub fn remove(&mut self, seat: u32, load: u16) {
        self.leave(seat, load.into());
    }

    /// Takes a slot of the instance that is next; its load was what is returned beside it.
    #[inline]
    pub fn take(&mut self) -> Option<(u32, u16)> {
        let level = self.highest_below(self.soft).or_else(|| self.lowest_from(self.soft))?;
        let seat = if level == 0 { self.newest_idle } else { self.sets.lowest(level) };
        self.leave(seat, level);
        self.enter(seat, level + 1);
        Some((seat, level as u16))
    }

    /// Gives back a slot of an instance that had this load.
    #[inline]
    pub fn give(&mut self, seat: u32, load: u16) {
        self.leave(seat, load.into());
        self.enter(seat, usize::from(load) - 1);
    }

    #[inline]
    fn enter(&mut self, seat: u32, level: usize) {
        self.levels[level / 64] |= 1 << (level % 64);
        if level > 0 {
            return self.sets.insert(level, seat);
        }
        self.links[seat as usize] = Link { newer: NONE, older: self.newest_idle };
        match self.newest_idle {
            NONE => self.oldest_idle = seat,
            newest => self.links[newest as usize].newer = seat,
        }
        self.newest_idle = seat;
        self.idle += 1;
    }

    #[inline]
    fn leave(&mut self, seat: u32, level: usize) {
        let empty = if level > 0 {
            self.sets.remove(level, seat)
        } else {
            self.unlink(seat);
            self.idle == 0
        };
        self.levels[level / 64] &= !(u64::from(empty) << (level % 64));
    }

    #[inline]
    fn unlink(&mut self, seat: u32) {
        let Link { newer, older } = self.links[seat as usize];
        match newer {
            NONE => self.newest_idle = older,
            newer => self.links[newer as usize].older = older,
        }
        match older {
            NONE => self.oldest_idle = newer,
            older => self.links[older as usize].newer = newer,
        }
        self.idle -= 1;
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

/// Most tiers of a tree of seats: room for 64^4 seats, more than instances can be.
const TIERS: usize = 4;

/// A set of seats for each level, as trees of words side by side: a bit of an upper word says
/// that the word below it is not empty.
#[derive(Clone, Debug)]
struct SeatSets {
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
    fn new(levels: usize) -> Self {
        Self { words: vec![0; levels], levels, stride: 1, tiers: [0; TIERS], height: 1, seats: 64 }
    }

    /// Makes room for this many seats.
    fn grow(&mut self, seats: usize) {
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

    #[inline]
    fn insert(&mut self, level: usize, seat: u32) {
        let mut i = seat as usize;
        for tier in &self.tiers[..self.height] {
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
    #[inline]
    fn remove(&mut self, level: usize, seat: u32) -> bool {
        let mut i = seat as usize;
        for tier in &self.tiers[..self.height] {
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
    fn lowest(&self, level: usize) -> u32 {
        let base = level * self.stride;
        let mut i = 0;
        for tier in self.tiers[..self.height].iter().rev() {
            i = i * 64 + self.words[base + tier + i].trailing_zeros() as usize;
        }
        i as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Ratio;

    /// The choice by scanning: the rule as it is written.
    fn scan(load: &[Option<u16>], idle: &[u32], room: u16, soft: u16) -> Option<u32> {
        let ready = || load.iter().enumerate().filter_map(|(s, l)| l.map(|l| (l, s as u32)));
        let below = ready().filter(|&(l, _)| l < soft).map(|(l, _)| l).max();
        let level = below.or_else(|| ready().map(|(l, _)| l).filter(|&l| l < room).min())?;
        match level {
            0 => idle.last().copied(),
            _ => ready().find(|&(l, _)| l == level).map(|(_, s)| s),
        }
    }

    fn agrees_with_a_scan(room: u16, target: Option<f64>, seats: u32, steps: u32) {
        let (routing, soft) = match target {
            Some(t) => (
                Routing::FullestBelowTarget { target: Ratio(t) },
                (f64::from(room) * t).ceil() as u16,
            ),
            None => (Routing::LeastLoaded, 0),
        };
        let mut router = Router::new(room, routing);
        let mut load: Vec<Option<u16>> = vec![None; seats as usize];
        let mut idle: Vec<u32> = vec![];
        let mut x = 1_u64;
        for step in 0..steps {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let seat = (x >> 40) as u32 % seats;
            // Phases that fill, and phases that drain.
            let take = (x >> 20) % 4 != u64::from(step / 512 % 2) * 2;
            match load[seat as usize] {
                None => {
                    router.add(seat, 0);
                    load[seat as usize] = Some(0);
                    idle.push(seat);
                }
                Some(l) if (x >> 10).is_multiple_of(64) => {
                    router.remove(seat, l);
                    load[seat as usize] = None;
                    idle.retain(|&s| s != seat);
                }
                Some(l) if !take && l > 0 => {
                    router.give(seat, l);
                    load[seat as usize] = Some(l - 1);
                    if l == 1 {
                        idle.push(seat);
                    }
                }
                Some(_) => {
                    let expected = scan(&load, &idle, room, soft);
                    let got = router.take();
                    assert_eq!(got.map(|g| g.0), expected, "step {step}");
                    if let Some((seat, was)) = got {
                        assert_eq!(load[seat as usize], Some(was));
                        load[seat as usize] = Some(was + 1);
                        idle.retain(|&s| s != seat);
                    }
                }
            }
            assert_eq!(router.idle() as usize, idle.len());
            assert_eq!(router.longest_idle(), idle.first().copied());
        }
    }

    #[test]
    fn every_choice_is_the_one_of_the_rule() {
        agrees_with_a_scan(1, Some(0.6), 5, 5_000);
        agrees_with_a_scan(80, Some(0.6), 9, 20_000);
        agrees_with_a_scan(3, None, 70, 20_000);
        agrees_with_a_scan(64, Some(1.0), 3, 20_000);
        agrees_with_a_scan(2, Some(0.5), 5_000, 40_000);
        agrees_with_a_scan(1_000, Some(0.1), 2, 20_000);
    }
}
