//! The event list that runs: a two-level timing wheel that tunes itself.
//!
//! Time is cut into buckets of 2^shift ns, 1,024 of them a turn. A bucket holds about three
//! entries, unsorted until it is due:
//!
//! ```text
//! now      the current bucket and whatever was pushed behind it, sorted, the first one last
//! near     the buckets of the current turn
//! far      the turns ahead, a bucket each, spread over `near` when due, up to 1,023
//! beyond   a heap of what is later than that
//! ```
//!
//! The width follows the observed spacing of entries, so there is nothing to set; as no two
//! entries are equal in (time, key), it can't change their order.
//!
//! **Few entries.** Up to 12 of them all lie in `now`, which beats any ring. The 13th spills them;
//! an emptied wheel, or one that is found nearly so when it looks at its width, goes back.
//!
//! **Crowds.** Where a bucket holds far more than it should (many entries at one instant, to which
//! more are added), `now` keeps only the soonest and the heap takes the rest, so that a push costs
//! O(log n) at worst.

use super::queue::{self, Bound, Entry, EventList, HeapList};

const BITS: u32 = 10;
const SLOTS: usize = 1 << BITS;
const MASK: u64 = SLOTS as u64 - 1;

/// Entries that need no wheel: as many as it takes for a sorted vector to lose.
const FEW: usize = 12;
/// Entries in `now` from which on an insertion looks before it moves them.
const CROWD: usize = 64;
/// Entries that `now` keeps of a crowd, and takes back from the heap at a time.
const SOONEST: usize = 32;
/// An emptied bucket keeps room for so many; more would sum up to the fullest moment of each.
const KEEP: usize = 16;

/// Pops between two looks at the width, after the early looks at 64, 512 and 4,096.
const LOOK: u64 = 16_384;

/// A self-tuning two-level timing wheel: O(1) to push and to pop, 24 bytes an entry beside 50 KB
/// for the rings, which come with the 13th entry.
#[derive(Clone, Debug)]
pub struct Wheel {
    /// A bucket is 2^shift ns wide.
    shift: u32,
    /// What `now` may hold before a push into it has to look: `FEW` when there is no wheel, else
    /// `CROWD`, or 0 while the rest of the current bucket is in `beyond`.
    room: usize,
    /// Number (time >> shift) of the bucket in `now`, `u64::MAX` when there is no wheel.
    current: u64,
    now: Vec<Entry>,
    near: Ring,
    far: Ring,
    beyond: HeapList,
    /// Entries ever pushed (less those extracted) and popped: the difference are pending.
    pushed: u64,
    popped: u64,
    /// Time of the last pop.
    clock: u64,
    /// The number of pops at which to look at the width; and the pops and the time of the last
    /// look.
    look: u64,
    looked: (u64, u64),
}

impl Default for Wheel {
    /// Buckets of a millisecond until entries or the scenario say better.
    fn default() -> Self {
        Self::with_shift(20)
    }
}

impl EventList for Wheel {
    #[inline]
    fn push(&mut self, entry: Entry) {
        debug_assert!(entry.time >= self.clock, "{entry:?} is before {}", self.clock);
        self.pushed += 1;
        self.place(entry);
    }

    #[inline]
    fn pop_before(&mut self, bound: Bound) -> Option<Entry> {
        if self.now.is_empty() && !self.advance(bound) {
            return None;
        }
        let entry = self.now.pop_if(|e| bound.admits(*e))?;
        self.popped += 1;
        self.clock = entry.time;
        if self.popped == self.look {
            self.retune();
        }
        Some(entry)
    }

    fn extract(&mut self, take: impl FnMut(&Entry) -> bool, into: &mut Vec<Entry>) {
        let from = into.len();
        let mut keep = queue::moving(take, into);
        self.now.retain(&mut keep);
        self.near.retain(&mut keep);
        self.far.retain(&mut keep);
        self.beyond.retain(&mut keep);
        drop(keep);
        let taken = &mut into[from..];
        queue::sort(taken);
        self.pushed -= taken.len() as u64;
        if self.is_empty() {
            self.gather();
        }
    }

    fn for_each(&self, mut show: impl FnMut(&Entry)) {
        self.now.iter().for_each(&mut show);
        self.near.for_each(&mut show);
        self.far.for_each(&mut show);
        self.beyond.for_each(&mut show);
    }

    fn len(&self) -> usize {
        (self.pushed - self.popped) as usize
    }

    fn clear(&mut self) {
        // The width that was right for the last run is the best guess for the next.
        *self = Self::with_shift(self.shift);
    }

    fn expect_spacing(&mut self, nanoseconds: u64) {
        self.set_shift(shift_for(nanoseconds));
    }
}

/// The width at which a bucket holds about three entries.
fn shift_for(spacing: u64) -> u32 {
    spacing.saturating_mul(3).max(1).ilog2()
}

impl Wheel {
    fn with_shift(shift: u32) -> Self {
        Self {
            shift,
            room: FEW,
            current: u64::MAX,
            now: Vec::new(),
            near: Ring::default(),
            far: Ring::default(),
            beyond: HeapList::default(),
            pushed: 0,
            popped: 0,
            clock: 0,
            look: 1,
            looked: (0, 0),
        }
    }

    /// Puts an entry where its time belongs.
    #[inline]
    fn place(&mut self, entry: Entry) {
        let bucket = entry.time >> self.shift;
        if bucket <= self.current {
            if self.now.len() >= self.room {
                return self.place_crowded(entry);
            }
            insert(&mut self.now, entry);
        } else {
            let turn = bucket >> BITS;
            match turn - (self.current >> BITS) {
                0 => self.near.add(bucket, entry),
                turns if turns < SLOTS as u64 => self.far.add(turn, entry),
                _ => self.place_beyond(entry),
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn place_beyond(&mut self, entry: Entry) {
        self.beyond.push(entry);
    }

    /// Puts an entry into a `now` that has no room for more.
    #[cold]
    #[inline(never)]
    fn place_crowded(&mut self, entry: Entry) {
        if self.is_few() {
            self.rebuild();
            return self.place(entry);
        }
        let later = self.now.len().saturating_sub(SOONEST);
        if self.now.len() >= CROWD && self.now[later].order() < entry.order() {
            self.beyond.extend(self.now.drain(..later));
            self.room = 0;
        }
        // While the heap has the bucket's rest, only what precedes that may lie in `now`.
        let last = self.now.first().map_or(0, |e| e.order());
        if self.room == 0 && last < entry.order() {
            self.beyond.push(entry);
        } else {
            insert(&mut self.now, entry);
        }
    }

    /// Fills the empty `now` from the next bucket in use, unless that is past the bound.
    fn advance(&mut self, bound: Bound) -> bool {
        if self.room == 0 && self.take_back() {
            return true;
        }
        let last = bound.time() >> self.shift;
        loop {
            if let Some(slot) = self.near.next(self.current) {
                let bucket = self.current & !MASK | slot as u64;
                if bucket > last {
                    return false;
                }
                self.current = bucket;
                self.near.swap(slot, &mut self.now);
                sort_latest_first(&mut self.now);
                return true;
            }
            if !self.spread(last >> BITS) {
                return false;
            }
        }
    }

    /// Takes the soonest of the current bucket's rest back from the heap.
    #[cold]
    #[inline(never)]
    fn take_back(&mut self) -> bool {
        let end = self.current;
        while self.now.len() < SOONEST
            && let Some(first) = self.beyond.first()
            && first.time >> self.shift <= end
            && let Some(entry) = self.beyond.pop_before(Bound::END)
        {
            self.now.push(entry);
        }
        self.now.reverse();
        if self.now.is_empty() {
            self.room = CROWD;
        }
        !self.now.is_empty()
    }

    /// Spreads the next turn in use over the near ring, unless it is past the turn `last`.
    #[inline(never)]
    fn spread(&mut self, last: u64) -> bool {
        if self.is_empty() {
            self.gather();
        }
        if self.is_few() {
            return false;
        }
        let far = self.far.next_around((self.current >> BITS) + 1);
        let beyond = self.beyond.first().map(|e| e.time >> self.shift >> BITS);
        let Some(turn) = far.into_iter().chain(beyond).min().filter(|&turn| turn <= last) else {
            return false;
        };
        self.current = turn << BITS;
        if far == Some(turn) {
            // Freed here: kept, each turn's bucket would hold the memory of its fullest moment.
            for entry in self.far.take((turn & MASK) as usize) {
                self.near.add(entry.time >> self.shift, entry);
            }
        }
        while let Some(first) = self.beyond.first()
            && first.time >> self.shift >> BITS == turn
            && let Some(entry) = self.beyond.pop_before(Bound::END)
        {
            self.near.add(entry.time >> self.shift, entry);
        }
        true
    }

    /// Looks at the spacing of the entries popped since the last look.
    #[cold]
    #[inline(never)]
    fn retune(&mut self) {
        let (pops, time) = self.looked;
        self.looked = (self.popped, self.clock);
        self.look = match self.popped {
            1 => 64,
            64 => 512,
            512 => 4_096,
            pops => pops + LOOK,
        };
        // The first pop only starts the clock: what came before it was no spacing.
        if pops > 0 {
            self.set_shift(shift_for((self.clock - time) / (self.popped - pops)));
        }
        if self.len() <= FEW / 2 {
            self.gather();
        }
    }

    /// Changes the width, if that is off by more than a factor of two.
    fn set_shift(&mut self, shift: u32) {
        if self.is_few() {
            self.shift = shift;
        } else if shift.abs_diff(self.shift) > 1 {
            self.shift = shift;
            self.rebuild();
        }
    }

    fn is_few(&self) -> bool {
        self.room == FEW
    }

    /// Gives up the wheel: everything into `now`.
    fn gather(&mut self) {
        if self.is_few() {
            return;
        }
        self.now = self.take_all();
        sort_latest_first(&mut self.now);
        (self.room, self.current) = (FEW, u64::MAX);
    }

    /// Sets up the wheel of the present width with all entries in it.
    fn rebuild(&mut self) {
        let all = self.take_all();
        self.near.set_up();
        self.far.set_up();
        (self.room, self.current) = (CROWD, self.clock >> self.shift);
        all.into_iter().for_each(|entry| self.place(entry));
    }

    /// Takes all entries out, in no particular order, with the memory that they lay in.
    fn take_all(&mut self) -> Vec<Entry> {
        let mut all = std::mem::take(&mut self.now);
        self.near.drain_into(&mut all);
        self.far.drain_into(&mut all);
        std::mem::take(&mut self.beyond).for_each(|e| all.push(*e));
        all
    }
}

/// Puts an entry in its place among entries of which the first is last.
#[inline]
fn insert(entries: &mut Vec<Entry>, entry: Entry) {
    let mut i = entries.len();
    entries.push(entry);
    while i > 0 && entries[i - 1].order() < entry.order() {
        entries[i] = entries[i - 1];
        i -= 1;
    }
    entries[i] = entry;
}

/// Sorts a bucket. It holds about three entries, for which insertion beats a call to the
/// library's sort.
#[inline]
fn sort_latest_first(entries: &mut [Entry]) {
    if entries.len() > FEW {
        return entries.sort_unstable_by_key(|e| std::cmp::Reverse(e.order()));
    }
    for n in 1..entries.len() {
        let (entry, mut i) = (entries[n], n);
        while i > 0 && entries[i - 1].order() < entry.order() {
            entries[i] = entries[i - 1];
            i -= 1;
        }
        entries[i] = entry;
    }
}

/// Buckets by number modulo 1,024, with a bitmap of those in use; none before it is set up.
#[derive(Clone, Debug, Default)]
struct Ring {
    used: [u64; SLOTS / 64],
    buckets: Box<[Vec<Entry>]>,
}

impl Ring {
    fn set_up(&mut self) {
        if self.buckets.is_empty() {
            self.buckets = vec![Vec::new(); SLOTS].into();
        }
    }

    #[inline]
    fn add(&mut self, number: u64, entry: Entry) {
        let slot = (number & MASK) as usize;
        self.used[slot / 64] |= 1 << (slot % 64);
        self.buckets[slot].push(entry);
    }

    /// The first slot in use from that of `number` to the end of the ring.
    #[inline]
    fn next(&self, number: u64) -> Option<usize> {
        let slot = (number & MASK) as usize;
        let mut word = slot / 64;
        let mut bits = self.used[word] & (!0 << (slot % 64));
        while bits == 0 {
            word += 1;
            bits = *self.used.get(word)?;
        }
        Some(word * 64 + bits.trailing_zeros() as usize)
    }

    /// The first number in use, when all in use are among the 1,024 from `number` on.
    fn next_around(&self, number: u64) -> Option<u64> {
        let lap = number & !MASK;
        let ahead = self.next(number).map(|slot| lap | slot as u64);
        ahead.or_else(|| self.next(0).map(|slot| (lap + SLOTS as u64) | slot as u64))
    }

    #[inline]
    fn unmark(&mut self, slot: usize) {
        self.used[slot / 64] &= !(1 << (slot % 64));
    }

    /// Exchanges a bucket for an empty vector, whose memory it keeps if that is little.
    #[inline]
    fn swap(&mut self, slot: usize, empty: &mut Vec<Entry>) {
        self.unmark(slot);
        std::mem::swap(&mut self.buckets[slot], empty);
        if self.buckets[slot].capacity() > KEEP {
            self.buckets[slot] = Vec::new();
        }
    }

    fn take(&mut self, slot: usize) -> Vec<Entry> {
        self.unmark(slot);
        std::mem::take(&mut self.buckets[slot])
    }

    fn drain_into(&mut self, all: &mut Vec<Entry>) {
        while let Some(slot) = self.next(0) {
            all.append(&mut self.take(slot));
        }
    }

    fn retain(&mut self, mut keep: impl FnMut(&Entry) -> bool) {
        for slot in 0..self.buckets.len() {
            if !self.buckets[slot].is_empty() {
                self.buckets[slot].retain(&mut keep);
                if self.buckets[slot].is_empty() {
                    self.take(slot);
                }
            }
        }
    }

    fn for_each(&self, show: impl FnMut(&Entry)) {
        self.buckets.iter().flatten().for_each(show);
    }
}

#[cfg(test)]
mod tests;
