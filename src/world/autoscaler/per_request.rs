//! An instance for each request: started at once for a request that finds none idle, stopped when
//! it has been idle for long.

use super::{Cause, Decision, Observation, Policy, Reason};
use crate::units::SimDuration;

/// The policy keeps nothing: the requests present say all.
#[derive(Debug)]
pub struct PerRequest;

impl Policy for PerRequest {
    fn tick(&self) -> Option<SimDuration> {
        None
    }

    fn starts_on_demand(&self) -> bool {
        true
    }

    fn decide(&mut self, _: Cause, seen: &Observation<'_>) -> Decision {
        // A recorded series has a mean instead.
        let present = seen.concurrency.map_or(seen.present as f64, f64::ceil);
        Decision { wanted: Some(present as u32), reason: Reason::Plain }
    }
}
