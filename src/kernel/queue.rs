//! Event order (time, rank, sequence), the interface of an event list, and the heap that is the
//! reference for it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Bits of a sequence number: 5e8 pushes before the list is numbered anew.
pub const SEQUENCE_BITS: u32 = 29;

/// Entries of this rank and above bring their own sequence number, which never changes.
pub const OWN_SEQUENCE_RANK: u8 = 4;

const SEQUENCE_SHIFT: u32 = 32;
const RANK_SHIFT: u32 = SEQUENCE_SHIFT + SEQUENCE_BITS;

/// A pending event, with all that its handler needs: a table of requests read at random would
/// take twice the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happens, in nanoseconds since the start of the warm-up.
    pub time: u64,
    /// From the top bit down: rank (3 bits), sequence (29), payload (32). Order is (time, key).
    pub key: u64,
    /// A second payload, by convention an earlier instant in nanoseconds; no part of the order.
    pub since: u64,
}

const _: () = assert!(size_of::<Entry>() == 24);

impl Entry {
    /// An entry of the given rank (0 to 7) and sequence (below 2^29).
    #[inline]
    pub fn new(time: u64, rank: u8, sequence: u32, payload: u32, since: u64) -> Self {
        Self { time, key: high_key(rank, sequence) | u64::from(payload), since }
    }

    /// What comes first among the entries of one instant: 0 before 7.
    #[inline]
    pub fn rank(self) -> u8 {
        (self.key >> RANK_SHIFT) as u8
    }

    /// What comes first among the entries of one instant and rank. It changes when the schedule
    /// numbers anew, except from [`OWN_SEQUENCE_RANK`] on.
    #[inline]
    pub fn sequence(self) -> u32 {
        (self.key >> SEQUENCE_SHIFT) as u32 & ((1 << SEQUENCE_BITS) - 1)
    }

    /// The 32 bits that the world put in.
    #[inline]
    pub fn payload(self) -> u32 {
        self.key as u32
    }

    /// One integer whose order is the order of events; it compares without a branch.
    #[inline]
    pub fn order(self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.key)
    }
}

#[inline]
fn high_key(rank: u8, sequence: u32) -> u64 {
    debug_assert!(rank < 8, "rank {rank} has more than 3 bits");
    debug_assert!(sequence >> SEQUENCE_BITS == 0, "sequence {sequence} has more than 29 bits");
    u64::from(rank) << RANK_SHIFT | u64::from(sequence) << SEQUENCE_SHIFT
}

/// An exclusive upper bound on entries. The earliest of several bounds is their `min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound(u128);

impl Bound {
    /// After every entry whose key is not all ones.
    pub const END: Self = Self(u128::MAX);

    /// Everything strictly before the first entry of this rank at this time.
    #[inline]
    pub fn before(time: u64, rank: u8) -> Self {
        Self::before_entry(time, rank, 0)
    }

    /// Everything strictly before the entry of this time, rank and sequence number, whatever its
    /// payload.
    #[inline]
    pub fn before_entry(time: u64, rank: u8, sequence: u32) -> Self {
        Self(u128::from(time) << 64 | u128::from(high_key(rank, sequence)))
    }

    /// The instant of the bound: entries may lie at it, none lies later.
    #[inline]
    pub fn time(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// Whether the entry lies before the bound.
    #[inline]
    pub fn admits(self, entry: Entry) -> bool {
        entry.order() < self.0
    }
}

/// A set of pending entries that gives out the first one. All implementations agree on every
/// answer, because no two entries are equal in (time, key).
pub trait EventList: Default {
    /// Adds an entry, whose time must not be earlier than the last one popped.
    fn push(&mut self, entry: Entry);

    /// Removes and returns the first entry, if it lies before the bound.
    fn pop_before(&mut self, bound: Bound) -> Option<Entry>;

    /// Removes every entry that `take` wants and appends them to `into` in order of (time, key).
    /// `take` sees each entry once, in no particular order: O(n) for n pending, and O(m log m)
    /// for m taken.
    fn extract(&mut self, take: impl FnMut(&Entry) -> bool, into: &mut Vec<Entry>);

    /// Shows every entry once, in no particular order.
    fn for_each(&self, show: impl FnMut(&Entry));

    /// How many entries are pending, in O(1).
    fn len(&self) -> usize;

    /// Whether nothing is pending, in O(1).
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all entries and starts again at time 0, with no more memory than a new list has.
    fn clear(&mut self);

    /// Says how many nanoseconds lie between two entries on average, before any is popped. It is
    /// a hint: a wrong one costs time, never a result.
    fn expect_spacing(&mut self, _nanoseconds: u64) {}
}

/// An entry in std's heap, which gives the greatest first: so the earliest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EarliestFirst(Entry);

impl Ord for EarliestFirst {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.order().cmp(&self.0.order())
    }
}

impl PartialOrd for EarliestFirst {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The standard library's heap as an event list: the reference for the wheel, and its store for
/// what lies far ahead. Push and pop take O(log n).
#[derive(Clone, Debug, Default)]
pub struct HeapList(BinaryHeap<EarliestFirst>);

impl HeapList {
    /// The first entry, left in place.
    #[inline]
    pub fn first(&self) -> Option<Entry> {
        self.0.peek().map(|e| e.0)
    }

    /// Adds many entries, in one O(n) pass when they outnumber what is there.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.0.extend(entries.into_iter().map(EarliestFirst));
    }

    /// Drops what `keep` refuses, in one O(n) pass.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry) -> bool) {
        self.0.retain(|e| keep(&e.0));
    }
}

impl EventList for HeapList {
    #[inline]
    fn push(&mut self, entry: Entry) {
        self.0.push(EarliestFirst(entry));
    }

    #[inline]
    fn pop_before(&mut self, bound: Bound) -> Option<Entry> {
        if !bound.admits(self.first()?) {
            return None;
        }
        self.0.pop().map(|e| e.0)
    }

    fn extract(&mut self, take: impl FnMut(&Entry) -> bool, into: &mut Vec<Entry>) {
        let from = into.len();
        self.retain(moving(take, into));
        sort(&mut into[from..]);
    }

    fn for_each(&self, mut show: impl FnMut(&Entry)) {
        self.0.iter().for_each(|e| show(&e.0));
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A filter for `retain` that keeps what `take` leaves, and moves to `into` what it takes.
pub(super) fn moving(
    mut take: impl FnMut(&Entry) -> bool,
    into: &mut Vec<Entry>,
) -> impl FnMut(&Entry) -> bool {
    move |entry| {
        let taken = take(entry);
        if taken {
            into.push(*entry);
        }
        !taken
    }
}

/// Puts entries in order of (time, key).
pub(super) fn sort(entries: &mut [Entry]) {
    entries.sort_unstable_by_key(|e| e.order());
}

/// An event list that numbers what is pushed, so that entries of one instant and rank leave in the
/// order in which they came.
///
/// After `NUMBERS` pushes the pending entries are numbered anew in their order, which takes
/// O(n log n) once in 5e8 pushes and changes no result; tests use a smaller number.
#[derive(Clone, Debug, Default)]
pub struct Schedule<Q, const NUMBERS: u32 = { 1 << SEQUENCE_BITS }> {
    list: Q,
    next: u32,
}

impl<Q: EventList, const NUMBERS: u32> Schedule<Q, NUMBERS> {
    /// Adds an entry of a rank below [`OWN_SEQUENCE_RANK`] behind all of its instant and rank.
    ///
    /// # Panics
    /// When `NUMBERS` entries are pending, which is 13 GB of them.
    #[inline]
    pub fn push(&mut self, time: u64, rank: u8, payload: u32, since: u64) {
        debug_assert!(rank < OWN_SEQUENCE_RANK, "entries of rank {rank} bring their own number");
        if self.next >= NUMBERS {
            self.renumber();
        }
        self.list.push(Entry::new(time, rank, self.next, payload, since));
        self.next += 1;
    }

    /// Adds an entry of rank [`OWN_SEQUENCE_RANK`] or above, whose number is given (below 2^29)
    /// and stays. Two pending entries of one instant and rank must not share a number.
    #[inline]
    pub fn push_numbered(&mut self, time: u64, rank: u8, sequence: u32, payload: u32, since: u64) {
        debug_assert!(rank >= OWN_SEQUENCE_RANK, "entries of rank {rank} are numbered in turn");
        self.list.push(Entry::new(time, rank, sequence, payload, since));
    }

    /// Removes and returns the first entry, if it lies before the bound.
    #[inline]
    pub fn pop_before(&mut self, bound: Bound) -> Option<Entry> {
        self.list.pop_before(bound)
    }

    /// Removes every entry that `take` wants; see [`EventList::extract`].
    pub fn extract(&mut self, take: impl FnMut(&Entry) -> bool, into: &mut Vec<Entry>) {
        self.list.extract(take, into);
    }

    /// Shows every entry once, in no particular order: for audits.
    pub fn for_each(&self, show: impl FnMut(&Entry)) {
        self.list.for_each(show);
    }

    /// How many entries are pending.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Drops all entries and starts again at time 0 and sequence 0.
    pub fn clear(&mut self) {
        self.list.clear();
        self.next = 0;
    }

    /// Says how many nanoseconds lie between two entries on average; see
    /// [`EventList::expect_spacing`].
    pub fn expect_spacing(&mut self, nanoseconds: u64) {
        self.list.expect_spacing(nanoseconds);
    }

    /// Gives the pending entries the numbers from 0 on, in their order.
    #[cold]
    #[inline(never)]
    fn renumber(&mut self) {
        let mut all = Vec::with_capacity(self.list.len());
        self.list.extract(|_| true, &mut all);
        self.next = 0;
        for mut entry in all {
            if entry.rank() < OWN_SEQUENCE_RANK {
                assert!(self.next < NUMBERS, "{NUMBERS} entries are pending");
                let (rank, payload) = (entry.rank(), entry.payload());
                entry.key = high_key(rank, self.next) | u64::from(payload);
                self.next += 1;
            }
            self.list.push(entry);
        }
        assert!(self.next < NUMBERS, "{NUMBERS} entries are pending");
    }
}
