//! Services: limits, concurrency, timeouts, clients, and the use of a key.

use super::autoscaler::{Autoscaler, Schedule};
use super::billing::Billing;
use super::build::{Build, count, flag, law, length, number, ratio, text};
use super::crash::{Crash, OutOfMemory};
use super::load::Load;
use super::start::{BackOff, Start};
use super::tree::{Entry, Node};
use crate::distribution::Distribution;
use crate::ids::KeyId;
use crate::units::{Ratio, SimDuration};

/// Most instances of one service.
pub const MOST_INSTANCES: u32 = 100_000;

/// A service that scales out.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name in the scenario.
    pub name: String,
    /// Where it runs; its key must be there too.
    pub location: String,
    /// Its project.
    pub project: String,
    /// Number of its project.
    pub project_number: u64,
    /// Sources of requests; they add up.
    pub load: Vec<Load>,
    /// Time a request takes once an instance has it.
    pub service_time: Distribution,
    /// The same for a request that waited for an instance to become ready; absent: the same law.
    pub cold_service: Option<Distribution>,
    /// Thousandths of a vCPU that a request takes while it runs; absent: how many an instance has
    /// does not matter to it.
    pub cpu: Option<u32>,
    /// Thousandths of a vCPU that an instance has.
    pub vcpus: u32,
    /// Requests an instance takes at once, 1 to 1000.
    pub concurrency: u16,
    /// Instances kept even without load.
    pub min_instances: u32,
    /// Start orders and ready instances together never exceed it.
    pub max_instances: u32,
    /// Ready and idle when the run starts.
    pub initial_instances: u32,
    /// From the start of service to the outcome *timed out*.
    pub request_timeout: SimDuration,
    /// How long a request may wait for an instance.
    pub pending_timeout: PendingTimeout,
    /// Requests that may wait at once; absent: any number.
    pub queue_limit: Option<u32>,
    /// Where they wait.
    pub queue: Queue,
    /// Which instance takes the next request.
    pub routing: Routing,
    /// Whether a client's requests go to the instance that had the last; absent: no.
    pub session_affinity: Option<SessionAffinity>,
    /// How many instances are wanted.
    pub autoscaler: Autoscaler,
    /// A minimum that changes with time, over whatever the autoscaler wants.
    pub schedule: Option<Schedule>,
    /// Idle for longer, an instance may be stopped.
    pub idle_timeout: SimDuration,
    /// Each instance draws its own evenly from here up to `idle_timeout`; where the two are the
    /// same, nothing is drawn.
    pub idle_timeout_min: SimDuration,
    /// From the stop signal to the forced stop.
    pub drain_grace: SimDuration,
    /// The phases of a start.
    pub start: Start,
    /// How its application crashes.
    pub crash: Crash,
    /// The load that its memory does not suffice for; absent: it suffices for every load.
    pub out_of_memory: Option<OutOfMemory>,
    /// What it pays for.
    pub billing: Billing,
    /// The key its image is encrypted with; absent: starts need none.
    pub encryption: Option<Encryption>,
    /// How its clients behave.
    pub client: Client,
}

/// How the clients of a service behave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Client {
    /// From the arrival of a try to its client's giving up; absent: it waits for ever.
    pub timeout: Option<SimDuration>,
    /// Whether the work of a request that is given up in service goes on and keeps its slot.
    pub hold_abandoned: bool,
    /// How a failed request is tried again; absent: not at all.
    pub retries: Option<Retries>,
}

/// How clients try again what failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// Tries after the first, at most 15.
    pub attempts: u8,
    /// The waits between tries.
    pub back_off: BackOff,
    /// Whether each wait is drawn evenly between zero and its value.
    pub jitter: bool,
    /// Retries that all clients together may make for one first arrival, and how many they may
    /// save up; absent: any number.
    pub budget: Option<(Ratio, u32)>,
}

/// How long a request may wait for an instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PendingTimeout {
    /// For ever.
    None,
    /// This long.
    Fixed(SimDuration),
    /// max(`factor` × mean start, `floor`); the mean over the last `starts` successful attempts,
    /// seeded from the configured start.
    StartRule {
        /// Times the mean start.
        factor: f64,
        /// At least this long.
        floor: SimDuration,
        /// Attempts in the moving average.
        starts: u32,
    },
}

/// Where requests wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// With the revision: the next free slot of any instance takes the first.
    Revision,
    /// Each with one start order that has room for it, whose instance alone serves it; with the
    /// revision where there is none.
    Start,
    /// The same, and a start with room goes before slots that are free.
    StartFirst,
}

/// Which instance takes the next request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Routing {
    /// The fullest instance with less load than concurrency × `target`, else the least loaded
    /// with a free slot.
    FullestBelowTarget {
        /// Share of the concurrency up to which an instance is filled first.
        target: Ratio,
    },
    /// The instance with the least load.
    LeastLoaded,
    /// Of two drawn instances with a free slot the one with less load, the first drawn of equals
    /// (M. Mitzenmacher, The power of two choices in randomized load balancing, 2001).
    RandomOfTwo,
    /// The next with a free slot after the one whose turn was last, by seat: an instance's number in
    /// its revision, the lowest free one when it became ready.
    RoundRobin,
    /// The lowest seat with a free slot.
    FirstAvailable,
    /// The instance with a free slot whose start began last.
    Newest,
    /// The instance with a free slot whose start began first.
    Oldest,
    /// The instance with a free slot on which a request began or ended last, or which has become
    /// ready since. With one slot: the last to go idle.
    MostRecentlyUsed,
    /// The instance with a free slot on which no request has begun or ended for longest, nor has it
    /// become ready since. With one slot: the longest idle.
    LeastRecentlyUsed,
}

impl Routing {
    /// Its name in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::FullestBelowTarget { .. } => "fullest_below_target",
            Self::LeastLoaded => "least_loaded",
            Self::RandomOfTwo => "random_of_two",
            Self::RoundRobin => "round_robin",
            Self::FirstAvailable => "first_available",
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::MostRecentlyUsed => "most_recently_used",
            Self::LeastRecentlyUsed => "least_recently_used",
        }
    }

    /// Whether it gives every instance requests at a steady load, so that none falls idle.
    pub fn spreads(self) -> bool {
        match self {
            Self::LeastLoaded | Self::RandomOfTwo | Self::RoundRobin | Self::LeastRecentlyUsed => {
                true
            }
            Self::FullestBelowTarget { .. }
            | Self::FirstAvailable
            | Self::Newest
            | Self::Oldest
            | Self::MostRecentlyUsed => false,
        }
    }
}

/// Requests of one client go to one instance, as long as it is there and has a free slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionAffinity {
    /// Clients; each request is as likely to be any one's.
    pub clients: u32,
}

/// The use a service makes of its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Encryption {
    /// The key.
    pub key: KeyId,
    /// Decrypt calls of one start, in sequence.
    pub decrypts_per_start: u32,
    /// What follows when the key is revoked.
    pub revocation: Revocation,
}

/// What a platform does when it detects that a key is revoked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Revocation {
    /// What becomes of running instances.
    pub action: RevocationAction,
    /// From detection to the stop of running instances.
    pub waiting_period: SimDuration,
    /// A start's denied call detects too, not only a check's.
    pub detect_on_start: bool,
    /// A non-retryable failure of an external manager obeys `action`; otherwise it shuts down
    /// whatever the action.
    pub external_follows_action: bool,
    /// What stops the clock of a waiting period.
    pub clock_stops_on: ClockStopsOn,
}

/// What becomes of running instances when a key is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationAction {
    /// They are shut down after the waiting period.
    ShutDown,
    /// They run on; nothing new starts.
    PreventNew,
}

/// What stops the clock of a waiting period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockStopsOn {
    /// Any successful operation under the revision's key version.
    AnySuccess,
    /// A successful check.
    Check,
    /// Nothing.
    Never,
}

impl Service {
    /// The account that uses the key on the service's behalf (Cloud Run documentation, "Service
    /// agents").
    pub fn service_agent(&self) -> String {
        let number = self.project_number;
        format!("service-{number}@serverless-robot-prod.iam.gserviceaccount.com")
    }

    /// A service of a checked table.
    pub(super) fn build(entry: &Entry, build: &mut Build<'_>) -> Self {
        let service = &entry.node;
        let sources = service.get("load").map(Node::items).unwrap_or_default();
        let path = |position| format!("services.{}.load.{position}", entry.key);
        let sources = sources.iter().enumerate();
        let load = sources.map(|(at, source)| Load::build(source, &path(at), build)).collect();
        let table = |name: &str| service.get(name).unwrap_or(service);
        Self {
            name: entry.key.clone(),
            location: text(service, "location").to_owned(),
            project: text(service, "project").to_owned(),
            project_number: count(service, "project_number"),
            load,
            service_time: law(service, "service_time"),
            cold_service: service.get("cold_service").map(|_| law(service, "cold_service")),
            cpu: service.get("cpu").map(|_| thousandths(service, "cpu")),
            vcpus: thousandths(service, "vcpus"),
            concurrency: count(service, "concurrency"),
            min_instances: count(service, "min_instances"),
            max_instances: count(service, "max_instances"),
            initial_instances: count(service, "initial_instances"),
            request_timeout: length(service, "request_timeout"),
            pending_timeout: PendingTimeout::build(table("pending_timeout")),
            queue_limit: service.get("queue_limit").and_then(Node::whole),
            queue: match text(service, "queue") {
                "start" => Queue::Start,
                "start_first" => Queue::StartFirst,
                _ => Queue::Revision,
            },
            routing: Routing::build(table("routing")),
            session_affinity: service
                .get("session_affinity")
                .map(|affinity| SessionAffinity { clients: count(affinity, "clients") }),
            autoscaler: Autoscaler::build(table("autoscaler")),
            schedule: Schedule::of(table("autoscaler")),
            idle_timeout: length(service, "idle_timeout"),
            idle_timeout_min: length(service, "idle_timeout_min"),
            drain_grace: length(service, "drain_grace"),
            start: Start::build(table("start")),
            crash: Crash::build(table("crash")),
            out_of_memory: service.get("out_of_memory").map(OutOfMemory::build),
            billing: Billing::build(service),
            encryption: service.get("encryption").map(|e| Encryption::build(e, build)),
            client: service.get("client").map(Client::build).unwrap_or_default(),
        }
    }
}

/// A number of vCPUs in thousandths, as Kubernetes counts them; at least one.
fn thousandths(service: &Node, path: &str) -> u32 {
    ((number(service, path) * 1e3).round() as u32).max(1)
}

impl Client {
    fn build(client: &Node) -> Self {
        Self {
            timeout: client.get("timeout").and_then(Node::duration),
            hold_abandoned: flag(client, "hold_abandoned"),
            retries: client.get("retries").map(|retries| Retries {
                attempts: count(retries, "attempts"),
                back_off: BackOff::build(retries),
                jitter: text(retries, "jitter") == "full",
                budget: retries
                    .get("budget")
                    .map(|budget| (ratio(budget, "ratio"), count(budget, "burst"))),
            }),
        }
    }
}

impl PendingTimeout {
    fn build(table: &Node) -> Self {
        if let Some(length) = table.get("fixed").and_then(Node::duration) {
            Self::Fixed(length)
        } else if let Some(rule) = table.get("start_rule") {
            let (factor, floor) = (number(rule, "factor"), length(rule, "floor"));
            Self::StartRule { factor, floor, starts: count(rule, "starts") }
        } else {
            Self::None
        }
    }
}

impl Routing {
    fn build(table: &Node) -> Self {
        if let Some(rule) = table.get("fullest_below_target") {
            return Self::FullestBelowTarget { target: ratio(rule, "target") };
        }
        let plain = [
            Self::RandomOfTwo,
            Self::RoundRobin,
            Self::FirstAvailable,
            Self::Newest,
            Self::Oldest,
            Self::MostRecentlyUsed,
            Self::LeastRecentlyUsed,
        ];
        let said = plain.into_iter().find(|rule| table.get(rule.name()).is_some());
        said.unwrap_or(Self::LeastLoaded)
    }
}

impl Encryption {
    fn build(encryption: &Node, build: &Build<'_>) -> Self {
        let revocation = encryption.get("revocation").unwrap_or(encryption);
        Self {
            key: KeyId::at(build.position("keys", text(encryption, "key"))),
            decrypts_per_start: count(encryption, "decrypts_per_start"),
            revocation: Revocation {
                action: match text(revocation, "action") {
                    "prevent_new" => RevocationAction::PreventNew,
                    _ => RevocationAction::ShutDown,
                },
                waiting_period: length(revocation, "waiting_period"),
                detect_on_start: flag(revocation, "detect_on_start"),
                external_follows_action: flag(revocation, "external_follows_action"),
                clock_stops_on: match text(revocation, "clock_stops_on") {
                    "check" => ClockStopsOn::Check,
                    "never" => ClockStopsOn::Never,
                    _ => ClockStopsOn::AnySuccess,
                },
            },
        }
    }
}
