//! External managers: who keeps the material of external keys.

use crate::distribution::Distribution;
use crate::scenario::build::{count, law, length};
use crate::scenario::tree::Entry;
use crate::units::SimDuration;

/// A manager of keys outside the platform.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalManager {
    /// Its name in the scenario.
    pub name: String,
    /// Time to answer one call.
    pub latency: Distribution,
    /// A call not answered by then is a `TIMEOUT`.
    pub call_timeout: SimDuration,
    /// Calls to the manager for one operation, at most.
    pub inner_attempts: u32,
}

impl ExternalManager {
    /// A manager of a checked table.
    pub(in crate::scenario) fn build(entry: &Entry) -> Self {
        Self {
            name: entry.key.clone(),
            latency: law(&entry.node, "latency"),
            call_timeout: length(&entry.node, "call_timeout"),
            inner_attempts: count(&entry.node, "inner_attempts"),
        }
    }
}
