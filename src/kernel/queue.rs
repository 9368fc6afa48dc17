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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Wheel;
    use super::*;

    #[test]
    fn a_key_holds_rank_sequence_and_payload() {
        let check = |rank, sequence, payload| {
            let entry = Entry::new(5, rank, sequence, payload, 3);
            assert_eq!(
                (entry.rank(), entry.sequence(), entry.payload()),
                (rank, sequence, payload)
            );
            assert!(!Bound::before(5, rank).admits(entry));
            assert!(!Bound::before_entry(5, rank, sequence).admits(entry));
            assert!(Bound::before(6, 0).admits(entry));
            assert!(Bound::END.admits(entry));
        };
        check(0, 0, 0);
        check(3, (1 << SEQUENCE_BITS) - 1, u32::MAX);
        check(7, 1, 2);
    }

    #[test]
    fn order_is_time_then_rank_then_sequence() {
        let ascending = [
            Entry::new(1, 7, 9, 9, 9),
            Entry::new(2, 0, 1, 9, 9),
            Entry::new(2, 0, 2, 0, 9),
            Entry::new(2, 1, 0, 0, 0),
            Entry::new(2, 4, 0, 0, 0),
            Entry::new(3, 0, 0, 0, 0),
        ];
        assert!(ascending.is_sorted_by(|a, b| a.order() < b.order()));
        for (i, entry) in ascending.into_iter().enumerate() {
            let bound = Bound::before_entry(entry.time, entry.rank(), entry.sequence());
            let admitted = ascending.iter().filter(|e| bound.admits(**e)).count();
            assert_eq!(admitted, i, "before {entry:?}");
        }
        assert!(Bound::before(2, 3) < Bound::before_entry(2, 3, 1));
        assert_eq!(Bound::before(2, 3).min(Bound::before(1, 7)).time(), 1);
    }

    fn extracted_in_order<Q: EventList>() {
        let mut list = Q::default();
        for i in 0..1_000_u32 {
            let time = u64::from(i * 7919 % 1_000) << (i % 40);
            list.push(Entry::new(time, (i % 3) as u8, i, i, 0));
        }
        let before = Entry::new(0, 0, 0, 0, 0);
        let mut taken = vec![before];
        let mut seen = 0;
        let odd = |e: &Entry| e.payload() % 2 == 1;
        list.extract(
            |e| {
                seen += 1;
                odd(e)
            },
            &mut taken,
        );
        assert_eq!(seen, 1_000, "each is seen once");
        assert_eq!((taken.len(), list.len()), (501, 500));
        assert_eq!(taken[0], before, "what was there stays in front");
        assert!(taken[1..].is_sorted_by(|a, b| a.order() < b.order()));
        assert!(taken[1..].iter().all(odd));
        let mut left = vec![];
        while let Some(entry) = list.pop_before(Bound::END) {
            left.push(entry);
        }
        assert!(left.len() == 500 && !left.iter().any(odd));
        assert!(left.is_sorted_by(|a, b| a.order() < b.order()));
    }

    #[test]
    fn extraction_is_in_order() {
        extracted_in_order::<HeapList>();
        extracted_in_order::<Wheel>();
    }

    /// Plays a program of pushes, pops and extractions; what came out, without sequence numbers.
    fn play<Q: EventList, const NUMBERS: u32>(
        program: &[(u64, u8, u8)],
    ) -> Vec<(u64, u8, u32, u64)> {
        let mut schedule = Schedule::<Q, NUMBERS>::default();
        let mut clock = 0;
        let mut out = vec![];
        for (i, &(ahead, rank, pops)) in program.iter().enumerate() {
            let (time, payload) = (clock + ahead, i as u32);
            match rank {
                0..OWN_SEQUENCE_RANK => schedule.push(time, rank, payload, clock),
                // A number that falls, so that numbering anew would turn the order round.
                _ => schedule.push_numbered(time, rank, 1_000_000 - payload, payload, clock),
            }
            let mut taken = vec![];
            if i % 13 == 0 {
                schedule.extract(|e| e.payload() % 5 == 0, &mut taken);
            }
            // At most 40 stay, so that a small number of numbers suffices.
            for _ in 0..usize::from(pops).max(schedule.len().saturating_sub(40)) {
                let Some(entry) = schedule.pop_before(Bound::END) else { break };
                clock = entry.time;
                taken.push(entry);
            }
            out.extend(taken.iter().map(|e| (e.time, e.rank(), e.payload(), e.since)));
        }
        while let Some(e) = schedule.pop_before(Bound::END) {
            out.push((e.time, e.rank(), e.payload(), e.since));
        }
        out
    }

    proptest! {
        #[test]
        fn numbering_anew_changes_nothing(
            program in prop::collection::vec((0..5_u64, 0..6_u8, 0..3_u8), 1..500)
        ) {
            let expected = play::<HeapList, { 1 << SEQUENCE_BITS }>(&program);
            prop_assert_eq!(expected.len(), program.len());
            prop_assert_eq!(&play::<HeapList, 64>(&program), &expected);
            prop_assert_eq!(&play::<Wheel, 64>(&program), &expected);
            prop_assert_eq!(&play::<Wheel, 41>(&program), &expected);
        }
    }

    #[test]
    fn numbering_anew_leaves_own_numbers() {
        let mut schedule = Schedule::<HeapList, 4>::default();
        schedule.push_numbered(9, 4, 77, 0, 0);
        (0..3).for_each(|i| schedule.push(9, 0, i, 0));
        schedule.pop_before(Bound::END);
        (3..40).for_each(|i| {
            schedule.push(9, 0, i, 0);
            assert_eq!(schedule.pop_before(Bound::END).map(Entry::payload), Some(i - 2));
        });
        let mut sequences = vec![];
        schedule.for_each(|e| sequences.push((e.rank(), e.sequence())));
        assert!(sequences.contains(&(4, 77)), "{sequences:?}");
        assert!(sequences.iter().all(|&(rank, n)| rank == 4 || n < 4), "{sequences:?}");
    }

    #[test]
    #[should_panic(expected = "4 entries are pending")]
    fn more_pending_than_numbers() {
        let mut schedule = Schedule::<HeapList, 4>::default();
        (0..5).for_each(|i| schedule.push(9, 0, i, 0));
    }

    #[test]
    fn a_cleared_schedule_is_new() {
        let mut schedule = Schedule::<Wheel>::default();
        (0..100).for_each(|i| schedule.push(u64::from(i), 0, i, 0));
        (0..50).for_each(|_| assert!(schedule.pop_before(Bound::END).is_some()));
        schedule.clear();
        assert!(schedule.is_empty());
        schedule.push(1, 0, 5, 0);
        let first = schedule.pop_before(Bound::END).expect("one was pushed");
        assert_eq!((first.time, first.sequence(), first.payload()), (1, 0, 5));
    }
}
