//! The readers of what people have at hand: recorded load, recorded lengths, recorded series and
//! what a policy must decide over them, as CSV.
//!
//! Beside [`cli`](crate::cli), which reads scenarios, nothing else in the crate opens a file to
//! read it. A reader hands over checked values in order of time, or everything it found wrong.

mod complaints;
mod decimal;
mod decisions;
mod digest;
mod file;
mod place;
mod rows;
mod sample;
pub mod series;
pub mod trace;

pub(crate) use complaints::why;
pub use decisions::read_decisions;
pub use digest::FileDigest;
pub use sample::{SampleReading, read_sample};
pub use series::{Wanted, read_series};
pub use trace::{Reading, read_trace};
