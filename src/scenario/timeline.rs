//! What happens at an instant: keys, permissions, outages, quotas, load.

use super::build::{Build, count, length, ratio, text};
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
    /// Every version of a key is disabled (enabled).
    KeyDisable {
        /// The key.
        key: KeyId,
    },
    /// Every version of a key is enabled; takes no `until`.
    KeyEnable {
        /// The key.
        key: KeyId,
    },
    /// Every version of a key is destroyed, for good; takes no `until`.
    KeyDestroy {
        /// The key.
        key: KeyId,
    },
    /// The platform loses the permission to use a key (gets it back).
    PermissionRevoke {
        /// The key.
        key: KeyId,
    },
    /// The platform gets the permission to use a key; takes no `until`.
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
    },
    /// A quota has another limit (the scenario's).
    QuotaSet {
        /// The quota.
        quota: QuotaId,
        /// Operations in one second.
        limit: u32,
    },
    /// A service's Poisson and profile loads are multiplied by a factor (by one).
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
    /// A service scales by hand or by its autoscaler, in place (by its autoscaler).
    ScalingModeSet {
        /// The service.
        service: ServiceId,
        /// In manual mode the instances of all its revisions together.
        manual: Option<u32>,
    },
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

/// Why an external manager's answer is a failure: `violation[1].type` of the error detail
/// (Cloud KMS documentation, "Cloud EKM errors").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// No answer in time.
    Timeout,
    /// The network between the two.
    UnreachableNetwork,
    /// The manager says it is overloaded.
    OverloadedEkm,
    /// The manager throttles.
    ExternalResourceExhausted,
    /// The manager was too slow.
    RequestCancelled,
    /// Access denied.
    ExternalPermissionDenied,
    /// Key, crypto space or host missing.
    ExternalNotFound,
    /// Bad address of the key.
    ExternalKeyUriInvalid,
    /// Host not allowed.
    ExternalKeyHostNotWhitelisted,
    /// The name does not resolve.
    Dns,
    /// Certificate.
    TlsCert,
    /// An answer that makes no sense.
    UnexpectedResponse,
    /// The manager's own error.
    ExternalServerError,
    /// Not implemented by the manager.
    ExternalNotImplemented,
    /// Anything else.
    UnexpectedError,
    /// The manager could not decrypt.
    DecryptionFailed,
}

impl Domain {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Timeout,
        Self::UnreachableNetwork,
        Self::OverloadedEkm,
        Self::ExternalResourceExhausted,
        Self::RequestCancelled,
        Self::ExternalPermissionDenied,
        Self::ExternalNotFound,
        Self::ExternalKeyUriInvalid,
        Self::ExternalKeyHostNotWhitelisted,
        Self::Dns,
        Self::TlsCert,
        Self::UnexpectedResponse,
        Self::ExternalServerError,
        Self::ExternalNotImplemented,
        Self::UnexpectedError,
        Self::DecryptionFailed,
    ];

    /// The platform's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timeout => "TIMEOUT",
            Self::UnreachableNetwork => "UNREACHABLE_NETWORK",
            Self::OverloadedEkm => "OVERLOADED_EKM",
            Self::ExternalResourceExhausted => "EXTERNAL_RESOURCE_EXHAUSTED",
            Self::RequestCancelled => "REQUEST_CANCELLED",
            Self::ExternalPermissionDenied => "EXTERNAL_PERMISSION_DENIED",
            Self::ExternalNotFound => "EXTERNAL_NOT_FOUND",
            Self::ExternalKeyUriInvalid => "EXTERNAL_KEY_URI_INVALID",
            Self::ExternalKeyHostNotWhitelisted => "EXTERNAL_KEY_HOST_NOT_WHITELISTED",
            Self::Dns => "DNS",
            Self::TlsCert => "TLS_CERT",
            Self::UnexpectedResponse => "UNEXPECTED_RESPONSE",
            Self::ExternalServerError => "EXTERNAL_SERVER_ERROR",
            Self::ExternalNotImplemented => "EXTERNAL_NOT_IMPLEMENTED",
            Self::UnexpectedError => "UNEXPECTED_ERROR",
            Self::DecryptionFailed => "DECRYPTION_FAILED",
        }
    }

    /// Whether a call may be tried again. The documentation calls the first five retriable and
    /// the next five input errors; of the partner's system errors it says nothing.
    /// Assumption: the partner's own error and an answer that makes no sense may pass.
    pub fn retryable(self) -> bool {
        match self {
            Self::Timeout
            | Self::UnreachableNetwork
            | Self::OverloadedEkm
            | Self::ExternalResourceExhausted
            | Self::RequestCancelled
            | Self::UnexpectedResponse
            | Self::ExternalServerError => true,
            Self::ExternalPermissionDenied
            | Self::ExternalNotFound
            | Self::ExternalKeyUriInvalid
            | Self::ExternalKeyHostNotWhitelisted
            | Self::Dns
            | Self::TlsCert
            | Self::ExternalNotImplemented
            | Self::UnexpectedError
            | Self::DecryptionFailed => false,
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
    fn build(action: &tree::Entry, build: &Build<'_>, deployed: Option<Service>) -> Option<Self> {
        let (name, action) = (action.key.as_str(), &action.node);
        let key = || KeyId::at(build.position("keys", text(action, "key")));
        let service = || ServiceId::at(build.position("services", text(action, "service")));
        Some(match name {
            "key_disable" => Self::KeyDisable { key: key() },
            "key_enable" => Self::KeyEnable { key: key() },
            "key_destroy" => Self::KeyDestroy { key: key() },
            "permission_revoke" => Self::PermissionRevoke { key: key() },
            "permission_grant" => Self::PermissionGrant { key: key() },
            "external_outage" => Self::ExternalOutage {
                manager: ManagerId::at(
                    build.position("external_managers", text(action, "manager")),
                ),
                domain: Domain::ALL.into_iter().find(|d| d.name() == text(action, "domain"))?,
                message: text(action, "message").to_owned(),
            },
            "quota_set" => Self::QuotaSet {
                quota: QuotaId::at(build.position("quotas", text(action, "quota"))),
                limit: action.get("limit").and_then(Node::operations)?,
            },
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
            "scaling_mode_set" => Self::ScalingModeSet {
                service: service(),
                manual: action.get("manual").map(|manual| count(manual, "instances")),
            },
            _ => return None,
        })
    }
}
