//! What runs come to beyond their numbers: whether what was asked of them holds.
//!
//! Everything here takes the facts of a run as they are stated, reads no file and keeps to the
//! numbers as they are: a whole number stays one until something is divided.

pub mod judge;
pub mod number;
mod part;
mod tally;

pub use judge::{Finding, Judge, Judgement, Verdict};
pub use number::Number;
