//! External managers: who keeps the material of external keys.

use super::Domain;
use crate::distribution::Distribution;
use crate::scenario::build::{count, law, length, text};
use crate::scenario::tree::{Entry, Node};
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
    /// Calls that it answers in a whole second, at most; absent: any number.
    pub capacity: Option<u32>,
    /// Whether a failure may be tried again, indexed by [`Domain`].
    retryable: [bool; Domain::ALL.len()],
    /// Outages that are drawn; absent: none are.
    pub outages: Option<Outages>,
}

/// Outages of a manager that fails and is repaired in turns, each time drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Outages {
    /// From a repair, or the start of the run, to the next failure.
    pub time_to_failure: Distribution,
    /// From a failure to its repair.
    pub time_to_repair: Distribution,
    /// How calls fail meanwhile.
    pub domain: Domain,
    /// What the manager says of it.
    pub message: String,
}

impl ExternalManager {
    /// The names of what a manager's defaults are taken from.
    pub const PRESETS: [&str; 2] = ["google_ekm", "aws_xks"];

    /// A manager of a checked table.
    pub(in crate::scenario) fn build(entry: &Entry) -> Self {
        let manager = &entry.node;
        let mut retryable = [false; Domain::ALL.len()];
        for domain in manager.get("retryable").map(Node::items).unwrap_or_default() {
            if let Some(domain) = domain.text().and_then(Domain::of_name) {
                retryable[domain as usize] = true;
            }
        }
        Self {
            name: entry.key.clone(),
            latency: law(manager, "latency"),
            call_timeout: length(manager, "call_timeout"),
            inner_attempts: count(manager, "inner_attempts"),
            capacity: manager.get("capacity").and_then(Node::operations),
            retryable,
            outages: manager.get("outages").and_then(|outages| {
                Some(Outages {
                    time_to_failure: law(outages, "time_to_failure"),
                    time_to_repair: law(outages, "time_to_repair"),
                    domain: Domain::of_name(text(outages, "domain"))?,
                    message: text(outages, "message").to_owned(),
                })
            }),
        }
    }

    /// Whether a call that failed in this way may be tried again.
    #[inline]
    pub fn retryable(&self, domain: Domain) -> bool {
        self.retryable[domain as usize]
    }
}
