//! keyscale: a discrete-event simulator of services that scale out with a customer-managed key in
//! the start path.
pub mod cli;
pub mod distribution;
pub mod error;
pub mod ids;
pub mod input;
pub mod kernel;
pub mod output;
pub mod record;
pub mod scenario;
pub mod stats;
pub mod units;
pub mod world;
