//! What happens at an instant: keys, permissions, outages, quotas, load.

use super::build::{Build, count, length, ratio, text};
use super::keys::Domain;
use super::service::Service;
use super::tree::{self, Node};
use crate::ids::{KeyId, ManagerId, QuotaId, ServiceId};
use crate::units::{Ratio, SimDuration};

/// One entry of the timeline; entries are in order of `at`, then of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it begins, since the end of the warm-up.
    pub at: SimDuration,
    /// When it is taken back; absent: never. An outage always ends.
    pub until: Option<SimDuration>,
    /// What happens.
    pub action: Action,
}

/// What happens; in brackets what `until` brings back.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Versions of a key get an order.
    Key {
        /// The key.
        key: KeyId,
        /// The version; absent: every version that can take the order.
        version: Option<u32>,
        /// The order.
        order: KeyOrder,
    },
    /// The service agents lose the permission to use a key (get it back).
    PermissionRevoke {
        /// The key.
        key: KeyId,
    },
    /// The service agents get the permission to use a key; takes no `until`.
    PermissionGrant {
        /// The key.
        key: KeyId,
    },
    /// An external manager fails every call; needs an `until`.
    ExternalOutage {
        /// The manager.
        manager: ManagerId,
        /// How it fails.
        domain: Domain,
        /// Its message; by default the domain's name.
        message: String,
        /// Whether it is away and back in turns; absent: it is away all the time.
        flapping: Option<Flapping>,
    },
    /// An external manager is slow, and fails a share of the calls, until it is over.
    ExternalBrownout {
        /// The manager.
        manager: ManagerId,
        /// Times the latency.
        latency_factor: Ratio,
        /// Share of the calls that fail.
        error_share: Ratio,
        /// How those fail.
        domain: Domain,
        /// Its message; by default the domain's name.
        message: String,
    },
    /// A quota has another limit (the scenario's).
    QuotaSet {
        /// The quota.
        quota: QuotaId,
        /// Operations in one second.
        limit: u32,
    },
    /// The rate of a quota's background is multiplied by a factor (by one).
    BackgroundStep {
        /// The quota.
        quota: QuotaId,
        /// Times the scenario's rate.
        factor: Ratio,
    },
    /// The rates of a service's loads are multiplied by a factor (by one).
    LoadStep {
        /// The service.
        service: ServiceId,
        /// Times the scenario's rate.
        factor: Ratio,
    },
    /// A service gets a new revision; takes no `until`.
    Deploy(Box<Deploy>),
    /// A service's traffic is split anew; takes no `until`.
    TrafficSet {
        /// The service.
        service: ServiceId,
        /// Revisions by ordinal, from 1, with whole percents that add up to 100.
        percents: Vec<(u32, u32)>,
    },
    /// A service has another minimum, in place (the scenario's).
    MinInstancesSet {
        /// The service.
        service: ServiceId,
        /// Instances of all its revisions together.
        instances: u32,
    },
    /// A service has another maximum, in place (the scenario's).
    MaxInstancesSet {
        /// The service.
        service: ServiceId,
        /// Instances of each revision.
        instances: u32,
    },
    /// Instances of a service crash, those that have been ready for longest; takes no `until`.
    InstanceCrash {
        /// The service.
        service: ServiceId,
        /// How many.
        instances: u32,
    },
    /// A service scales by hand or by its autoscaler, in place (by its autoscaler).
    ScalingModeSet {
        /// The service.
        service: ServiceId,
        /// In manual mode the instances of all its revisions together.
        manual: Option<u32>,
    },
}

/// A manager that is away and back in turns, away first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flapping {
    /// How long it is away.
    pub down: SimDuration,
    /// How long it is back.
    pub up: SimDuration,
}

/// A new revision of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Deploy {
    /// The service.
    pub service: ServiceId,
    /// What is deployed: the service with the changes of this deploy and of all before it. Its
    /// load and its limits mean nothing here.
    pub settings: Service,
    /// Share of the requests, in per cent, that it takes when its first instance is ready.
    pub percent: u32,
    /// The shares that it takes later.
    pub rollout: Vec<RolloutStep>,
}

/// A later share of a new revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolloutStep {
    /// Counted from the revision's first ready instance.
    pub after: SimDuration,
    /// Share of the requests, in per cent.
    pub percent: u32,
}

/// The revisions of a split, by ordinal where the name can be one, and their percents.
pub(super) fn percents(split: &Node) -> impl Iterator<Item = (Option<u32>, &Node)> {
    let service = split.get("service").and_then(Node::text).unwrap_or_default();
    let percents = split.get("percents").map(Node::entries).unwrap_or_default();
    percents.iter().map(move |entry| (ordinal(service, &entry.key), &entry.node))
}

/// The ordinal in a revision's name: that of its service, a dash, and five digits or more.
pub(super) fn ordinal(service: &str, revision: &str) -> Option<u32> {
    let digits = revision.strip_prefix(service)?.strip_prefix('-')?;
    let is_name = digits.len() >= 5 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|&n| is_name && n > 0)
}

/// What is done to versions of a key; in brackets what `until` does to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrder {
    /// They are disabled (enabled).
    Disable,
    /// They are enabled; takes no `until`.
    Enable,
    /// They are unusable at once, and destroyed at the end of the key's period (restored).
    ScheduleDestruction,
    /// Their destruction is off: they are disabled; takes no `until`.
    Restore,
    /// They are destroyed for good, at once; takes no `until`.
    Destroy,
    /// A new version is made, enabled, which becomes the primary one; takes no `until`.
    Rotate,
}

impl KeyOrder {
    /// The order of an action.
    pub(super) fn of_action(name: &str) -> Option<Self> {
        Some(match name {
            "key_disable" => Self::Disable,
            "key_enable" => Self::Enable,
            "key_schedule_destruction" => Self::ScheduleDestruction,
            "key_restore" => Self::Restore,
            "key_destroy" => Self::Destroy,
            "key_rotate" => Self::Rotate,
            _ => return None,
        })
    }

    /// The order that takes it back.
    pub fn taken_back(self) -> Option<Self> {
        match self {
            Self::Disable => Some(Self::Enable),
            Self::ScheduleDestruction => Some(Self::Restore),
            Self::Enable | Self::Restore | Self::Destroy | Self::Rotate => None,
        }
    }
}

/// The action of an entry: its one key that is no time.
pub(super) fn action(entry: &Node) -> Option<&tree::Entry> {
    entry.entries().iter().find(|e| !["at", "until", "for"].contains(&e.key.as_str()))
}

/// When an entry is taken back, however the file says it.
pub(super) fn until(entry: &Node) -> Option<SimDuration> {
    match entry.get("until") {
        Some(until) => until.duration(),
        None => Some(entry.get("at")?.duration()? + entry.get("for")?.duration()?),
    }
}

impl Entry {
    /// An entry of a checked table.
    pub(super) fn build(
        entry: &Node,
        build: &Build<'_>,
        deployed: Option<Service>,
    ) -> Option<Self> {
        let action = Action::build(action(entry)?, build, deployed)?;
        Some(Self { at: length(entry, "at"), until: until(entry), action })
    }
}

impl Action {
    /// What an external manager says, where the action makes it fail.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::ExternalOutage { message, .. } | Self::ExternalBrownout { message, .. } => {
                Some(message)
            }
            Self::Key { .. }
            | Self::PermissionRevoke { .. }
            | Self::PermissionGrant { .. }
            | Self::QuotaSet { .. }
            | Self::BackgroundStep { .. }
            | Self::LoadStep { .. }
            | Self::Deploy(_)
            | Self::TrafficSet { .. }
            | Self::MinInstancesSet { .. }
            | Self::MaxInstancesSet { .. }
            | Self::InstanceCrash { .. }
            | Self::ScalingModeSet { .. } => None,
        }
    }

    fn build(action: &tree::Entry, build: &Build<'_>, deployed: Option<Service>) -> Option<Self> {
        let (name, action) = (action.key.as_str(), &action.node);
        let key = || KeyId::at(build.position("keys", text(action, "key")));
        let manager =
            || ManagerId::at(build.position("external_managers", text(action, "manager")));
        let service = || ServiceId::at(build.position("services", text(action, "service")));
        let quota = || QuotaId::at(build.position("quotas", text(action, "quota")));
        if let Some(order) = KeyOrder::of_action(name) {
            let version = action.get("version").and_then(Node::whole);
            return Some(Self::Key { key: key(), version, order });
        }
        Some(match name {
            "permission_revoke" => Self::PermissionRevoke { key: key() },
            "permission_grant" => Self::PermissionGrant { key: key() },
            "external_outage" => Self::ExternalOutage {
                manager: manager(),
                domain: Domain::of_name(text(action, "domain"))?,
                message: text(action, "message").to_owned(),
                flapping: action.get("flapping").map(|flapping| Flapping {
                    down: length(flapping, "down"),
                    up: length(flapping, "up"),
                }),
            },
            "external_brownout" => Self::ExternalBrownout {
                manager: manager(),
                latency_factor: ratio(action, "latency_factor"),
                error_share: ratio(action, "error_share"),
                domain: Domain::of_name(text(action, "domain"))?,
                message: text(action, "message").to_owned(),
            },
            "quota_set" => Self::QuotaSet {
                quota: quota(),
                limit: action.get("limit").and_then(Node::operations)?,
            },
            "background_step" => {
                Self::BackgroundStep { quota: quota(), factor: ratio(action, "factor") }
            }
            "load_step" => Self::LoadStep { service: service(), factor: ratio(action, "factor") },
            "deploy" => Self::Deploy(Box::new(Deploy {
                service: service(),
                settings: deployed?,
                percent: count(action, "percent"),
                rollout: action
                    .get("rollout")
                    .map(Node::items)
                    .unwrap_or_default()
                    .iter()
                    .map(|step| RolloutStep {
                        after: length(step, "after"),
                        percent: count(step, "percent"),
                    })
                    .collect(),
            })),
            "traffic_set" => Self::TrafficSet {
                service: service(),
                percents: percents(action)
                    .filter_map(|(ordinal, percent)| Some((ordinal?, percent.whole()?)))
                    .collect(),
            },
            "min_instances_set" => {
                Self::MinInstancesSet { service: service(), instances: count(action, "instances") }
            }
            "max_instances_set" => {
                Self::MaxInstancesSet { service: service(), instances: count(action, "instances") }
            }
            "instance_crash" => {
                Self::InstanceCrash { service: service(), instances: count(action, "instances") }
            }
            "scaling_mode_set" => Self::ScalingModeSet {
                service: service(),
                manual: action.get("manual").map(|manual| count(manual, "instances")),
            },
            _ => return None,
        })
    }
}
