//! Numbers in, numbers out.

pub mod histogram;

pub use histogram::Histogram;
