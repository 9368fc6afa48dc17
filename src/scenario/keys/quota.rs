//! Quotas: operations a second that keys use together.

use crate::scenario::build::{flag, text};
use crate::scenario::tree::{Entry, Node};

/// Operations a second that the keys of one project, location and kind may use together.
#[derive(Clone, Debug, PartialEq)]
pub struct Quota {
    /// Its name in the scenario, or `PROJECT/LOCATION/KIND` where the file has none.
    pub name: String,
    /// The project of the keys that it covers.
    pub project: String,
    /// Their location.
    pub location: String,
    /// Which protection levels share it.
    pub pool: Pool,
    /// Operations in one second.
    pub limit: u32,
    /// What happens above the limit.
    pub enforcement: Enforcement,
}

/// Protection levels that share a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Hardware keys.
    Hsm,
    /// External keys of both levels.
    External,
}

/// What happens to an operation above the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// Denied.
    Hard,
    /// Served: the platform has capacity to spare.
    Soft,
}

impl Quota {
    /// A quota of a checked table.
    pub(in crate::scenario) fn build(entry: &Entry) -> Self {
        let quota = &entry.node;
        let pool = if text(quota, "pool") == "HSM" { Pool::Hsm } else { Pool::External };
        let soft = pool == Pool::Hsm && !flag(quota, "overloaded");
        Self {
            name: entry.key.clone(),
            project: text(quota, "project").to_owned(),
            location: text(quota, "location").to_owned(),
            pool,
            limit: quota.get("limit").and_then(Node::operations).unwrap_or_default(),
            enforcement: if soft { Enforcement::Soft } else { Enforcement::Hard },
        }
    }
}
