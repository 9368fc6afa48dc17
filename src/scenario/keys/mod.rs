//! Keys, with what stands behind them: quotas, external managers, retries.

mod domain;
mod external;
mod quota;
mod retry;

use std::fmt;

pub use domain::Domain;
pub use external::{ExternalManager, Outages};
pub use quota::{Background, Cost, Enforcement, Mechanism, Pool, Quota};
pub use retry::{Breaker, Retry, RetryBudget, RetryPolicy};

use super::build::{Build, count, flag, law, length, ratio, text};
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
    /// From an action to its effect.
    pub propagation: Propagation,
    /// States of its versions at the start of the run, version 1 first; at least one.
    pub versions: Vec<VersionState>,
    /// The version that is primary at the start of the run, from 1.
    pub primary: u32,
    /// From the order to destroy a version to its destruction.
    pub destroy_scheduled_duration: SimDuration,
}

/// The state of a key version (Cloud KMS documentation, "Key version states").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// Usable.
    Enabled,
    /// Unusable until enabled.
    Disabled,
    /// Unusable; destroyed at the end of a period, unless restored to disabled before.
    DestroyScheduled,
    /// Unusable for good.
    Destroyed,
}

impl VersionState {
    /// The platform's names for them.
    pub const NAMES: [&str; 4] = ["ENABLED", "DISABLED", "DESTROY_SCHEDULED", "DESTROYED"];

    /// The state of a name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Enabled, Self::Disabled, Self::DestroyScheduled, Self::Destroyed];
        all.into_iter().find(|state| state.name() == name)
    }

    /// The platform's name for it.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Time from an action on a key to its effect, one draw an action. To enable, to schedule a
/// destruction and to restore have their effect at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Propagation {
    /// Of a disable, and of a rotation's change of the primary version.
    pub disable: Distribution,
    /// The rare case that takes longer; absent: none does.
    pub tail: Option<Tail>,
    /// Of a change of permission.
    pub permission: Distribution,
}

/// The rare long propagation: with this probability a draw of [`Propagation::disable`] is replaced
/// by an even one between it and `up_to`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Probability of an action.
    pub probability: Ratio,
    /// The longest time.
    pub up_to: SimDuration,
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
            retry: Retry::build(key.get("retry").unwrap_or(key)),
            check: flag(key, "check.enabled").then(|| Check {
                interval: length(key, "check.interval"),
                jitter: ratio(key, "check.jitter"),
            }),
            propagation: Propagation {
                disable: law(key, "propagation.disable"),
                tail: key.get("propagation.tail").map(|tail| Tail {
                    probability: ratio(tail, "probability"),
                    up_to: length(tail, "up_to"),
                }),
                permission: law(key, "propagation.permission"),
            },
            versions: versions(key).filter_map(|(_, state)| state).collect(),
            primary: count(key, "primary"),
            destroy_scheduled_duration: length(key, "destroy_scheduled_duration"),
        }
    }
}

/// The versions of a key with their places; a state is absent where it can't be read.
pub(super) fn versions(key: &Node) -> impl Iterator<Item = (&Node, Option<VersionState>)> {
    let versions = key.get("versions").map(Node::items).unwrap_or_default();
    versions.iter().map(|v| (v, v.text().and_then(VersionState::of_name)))
}

impl KeyName {
    /// Stands for a name that can't be read; no checked key has one.
    fn none() -> Self {
        let [project, location, ring, key] = [const { String::new() }; 4];
        Self { project, location, ring, key }
    }
}
