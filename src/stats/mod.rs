//! Numbers in, numbers out.

pub mod compare;
pub mod histogram;
pub mod interval;
pub mod steady;
pub mod student;
pub mod survival;

pub use compare::Paired;
pub use histogram::Histogram;
pub use interval::{Interval, Moments};
