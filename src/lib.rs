//! keyscale (map to be written)
pub mod distribution;
pub mod error;
pub mod ids;
pub mod kernel;
pub mod record;
pub mod scenario;
pub mod stats;
pub mod units;
pub mod world;
