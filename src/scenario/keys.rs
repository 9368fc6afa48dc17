//! Keys, quotas, external managers.

use std::fmt;

use super::build::{Build, count, flag, law, length, ratio, text};
use super::service::BackOff;
use super::tree::{Entry, Node};
use crate::distribution::Distribution;
use crate::ids::{ManagerId, QuotaId};
use crate::units::{Ratio, SimDuration};

/// A customer-managed key.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its name in the scenario.
    pub name: String,
    /// Its full resource name.
    pub resource: KeyName,
    /// Where its material is.
    pub protection: Protection,
    /// The external manager, for the two external levels.
    pub manager: Option<ManagerId>,
    /// The quota its operations are charged to; none for software keys.
    pub quota: Option<QuotaId>,
    /// The key manager's own time for one operation, without the external manager's.
    pub latency: Distribution,
    /// How the platform retries one call.
    pub retry: Retry,
    /// Periodic checks; absent: none.
    pub check: Option<Check>,
    /// Time from a disable to its effect, one draw an action.
    pub disable_propagation: Distribution,
    /// Time from a change of permission to its effect, one draw an action.
    pub permission_propagation: Distribution,
}

/// The full resource name of a key: `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// The project, which pays the quota.
    pub project: String,
    /// The location.
    pub location: String,
    /// The key ring.
    pub ring: String,
    /// The key.
    pub key: String,
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, location, ring, key } = self;
        write!(f, "projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}")
    }
}

/// Where a key's material is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// In software: charges no quota.
    Software,
    /// In hardware of the platform.
    Hsm,
    /// With an external manager, over the internet.
    External,
    /// With an external manager, over a private network.
    ExternalVpc,
}

impl Protection {
    /// The platform's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Software => "SOFTWARE",
            Self::Hsm => "HSM",
            Self::External => "EXTERNAL",
            Self::ExternalVpc => "EXTERNAL_VPC",
        }
    }
}

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

/// How a call is retried after a retryable failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// The waits between attempts.
    pub back_off: BackOff,
    /// An attempt that would begin later than this after the first is not made.
    pub total: SimDuration,
}

/// Periodic checks of a key in use: one dummy encrypt, one dummy decrypt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    /// Time between two checks, before the draw.
    pub interval: SimDuration,
    /// Each distance is drawn evenly within this share of the interval, either way.
    pub jitter: Ratio,
}

impl Key {
    /// A key of a checked table.
    pub(super) fn build(entry: &Entry, build: &Build<'_>) -> Self {
        let key = &entry.node;
        let manager = key.get("external_manager").and_then(Node::text);
        Self {
            name: entry.key.clone(),
            resource: key.get("resource").and_then(Node::resource).unwrap_or_else(KeyName::none),
            protection: match text(key, "protection_level") {
                "HSM" => Protection::Hsm,
                "EXTERNAL" => Protection::External,
                "EXTERNAL_VPC" => Protection::ExternalVpc,
                _ => Protection::Software,
            },
            manager: manager.map(|m| ManagerId::at(build.position("external_managers", m))),
            quota: build.quota_of(key),
            latency: law(key, "latency"),
            retry: Retry {
                back_off: BackOff::build(key.get("retry").unwrap_or(key)),
                total: length(key, "retry.total"),
            },
            check: flag(key, "check.enabled").then(|| Check {
                interval: length(key, "check.interval"),
                jitter: ratio(key, "check.jitter"),
            }),
            disable_propagation: law(key, "propagation.disable"),
            permission_propagation: law(key, "propagation.permission"),
        }
    }
}

impl KeyName {
    /// Stands for a name that can't be read; no checked key has one.
    fn none() -> Self {
        let [project, location, ring, key] = [const { String::new() }; 4];
        Self { project, location, ring, key }
    }
}

impl Quota {
    /// A quota of a checked table.
    pub(super) fn build(entry: &Entry) -> Self {
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

impl ExternalManager {
    /// A manager of a checked table.
    pub(super) fn build(entry: &Entry) -> Self {
        Self {
            name: entry.key.clone(),
            latency: law(&entry.node, "latency"),
            call_timeout: length(&entry.node, "call_timeout"),
            inner_attempts: count(&entry.node, "inner_attempts"),
        }
    }
}
