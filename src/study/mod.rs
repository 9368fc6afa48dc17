//! What runs come to beyond their numbers: whether what was asked of them holds, and how sure that
//! is.
//!
//! Everything here takes the facts of a run as they are stated, reads no file and keeps to the
//! numbers as they are: a whole number stays one until something is divided.
//!
//! - [`judge`]: one run, and what was asked of it.
//! - [`replicate`]: one scenario, many runs, in parallel: the mechanism of every study.
//! - [`gather`]: what many runs come to, and how many of them it takes.
//! - [`band`]: the spread of runs over time.
//! - [`rides`]: how long blocks were ridden out, over runs.
//! - [`compare`]: studies side by side, paired by replication.
//! - [`breakpoint`]: the smallest outage that breaks a threshold.
//! - [`on_paper`]: what a formula says of the same.
//! - [`truth`]: what runs come to beside what others say they must.
//! - [`decisions`]: the same of a policy's decisions over a series.
//! - [`regress`]: that, and what runs come to beside what they came to, in layers.
//! - [`coverage`]: whether intervals mean what they say.
//! - [`estimate`]: one number over runs, its interval, and how that stands to a limit.

pub mod band;
pub mod breakpoint;
pub mod compare;
pub mod coverage;
pub mod decisions;
pub mod estimate;
pub mod gather;
pub mod judge;
pub mod number;
pub mod on_paper;
mod part;
pub mod regress;
pub mod replicate;
pub mod rides;
mod tally;
pub mod truth;

pub use estimate::{Centre, Estimate};
pub use gather::{Gathered, Gleaner, Outcome, Rule};
pub use judge::{Finding, Judge, Judgement, Over, Verdict};
pub use number::Number;
