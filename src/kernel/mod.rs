//! The event machinery: what happens next, and what chance says. Opaque integers throughout; what
//! a rank, a payload or a stream name means is the world's business.
//!
//! Three sources of events are merged by comparing numbers, because each has its own best shape:
//!
//! ```text
//! arrivals   Arrivals   a number a source: the next arrival of each
//! requests   Schedule   the event list, of anything from none to millions of 24-byte entries
//! the rest   Agenda     a heap of a small enum: ticks, starts, key windows, deploys
//! ```
//!
//! Every instant is ordered by (time, rank, sequence), and no two events are equal in it. So the
//! order never depends on the list that holds them: [`Wheel`] runs, [`HeapList`] is what it is
//! checked against, and results are the same with either.
//!
//! The event list is asked for the first entry *before a bound* ([`Bound`]), never for its first
//! entry. That keeps it lazy: it opens no bucket that the clock has not reached.
//!
//! ```
//! use keyscale::kernel::{Bound, Schedule, Wheel};
//!
//! const DEPARTURE: u8 = 0;
//! let mut schedule = Schedule::<Wheel>::default();
//! schedule.push(250, DEPARTURE, 7, 100);
//! schedule.push(200, DEPARTURE, 9, 120);
//! let bound = Bound::before(250, DEPARTURE);
//! let first = schedule.pop_before(bound).expect("an entry before 250 ns");
//! assert_eq!((first.time, first.payload(), first.since), (200, 9, 120));
//! assert_eq!(schedule.pop_before(bound), None);
//! ```

mod agenda;
mod arrivals;
mod queue;
mod random;
mod wheel;

pub use agenda::{Agenda, Ranked};
pub use arrivals::Arrivals;
pub use queue::{Bound, Entry, EventList, HeapList, OWN_SEQUENCE_RANK, SEQUENCE_BITS, Schedule};
pub use random::{Family, Streams};
pub use wheel::Wheel;
