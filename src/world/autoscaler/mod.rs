//! Observation -> wanted instances: a policy a file. A policy never touches the world, so that it
//! runs as well over a recorded series.

mod cloud_run;
mod fixed;
pub mod hpa;
pub mod knative;
mod per_request;
pub mod replay;
mod schedule;

pub use cloud_run::Drivers;

use crate::scenario::{Autoscaler, Schedule};
use crate::units::{SimDuration, SimTime};

/// Something added up over the time in which it was observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// The time observed so far, in nanoseconds.
    pub time: u64,
    /// The integral over it; it wraps, so only differences mean something.
    pub sum: u64,
}

/// What a policy sees of a revision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observation<'a> {
    /// Now.
    pub now: SimTime,
    /// Requests in service, in request-nanoseconds; absent where nobody counts them.
    pub in_flight: Option<Total>,
    /// CPU in use, in nanoseconds of one instance wholly busy; absent where nobody measures it.
    pub cpu: Option<Total>,
    /// Mean requests in the system in the second that ends now, those that wait among them;
    /// absent: no report.
    pub concurrency: Option<f64>,
    /// Requests that came in the second that ends now; absent: no report.
    pub rps: Option<f64>,
    /// Instances that take requests.
    pub ready: u32,
    /// Instances asked for so far, ready ones among them.
    pub replicas: u32,
    /// Requests in service or waiting, now.
    pub present: u64,
    /// Whether requests can be routed to the revision.
    pub reachable: bool,
    /// Every instance, for a policy that looks at each.
    pub pods: &'a [hpa::Pod],
}

/// Why a policy decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is time.
    Tick,
    /// A request waits.
    Pending,
    /// The first request after the policy wanted nothing.
    FirstAfterZero,
}

/// What a policy wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Instances, before the limits; absent: as many as there are.
    pub wanted: Option<u32>,
    /// How it came to that.
    pub reason: Reason,
}

/// How a policy came to what it wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// There is nothing to say.
    Plain,
    /// Of `cloud_run`.
    CloudRun(Drivers),
    /// Of `knative`.
    Knative(knative::Verdict),
    /// Of `hpa`.
    Hpa(hpa::Limit),
}

/// Says how many instances are wanted, before the limits.
pub trait Policy: std::fmt::Debug {
    /// Instances that are asked for when the revision is made, before any decision.
    fn initial(&self) -> u32 {
        0
    }

    /// Time between two decisions; absent: it decides when a request waits, or never.
    fn tick(&self) -> Option<SimDuration>;

    /// Time between two reports; absent: it wants none but before a decision.
    fn report_interval(&self) -> Option<SimDuration> {
        None
    }

    /// Whether a start is ordered at once when more requests wait than the start orders under
    /// way have slots for.
    fn starts_on_demand(&self) -> bool {
        false
    }

    /// Whether instances that are not wanted stop at once, the youngest first; otherwise they
    /// stop when they have been idle for long.
    fn removes_at_once(&self) -> bool {
        false
    }

    /// Whether ready instances report, idle ones too; otherwise only who holds requests does.
    fn pods_report(&self) -> bool {
        true
    }

    /// Whether it looks at each instance.
    fn sees_pods(&self) -> bool {
        false
    }

    /// Whether a request that comes now is a cause to decide.
    fn wakes(&self) -> bool {
        false
    }

    /// Takes note of what was observed since the last report.
    fn report(&mut self, _: &Observation<'_>) {}

    /// Instances wanted.
    fn decide(&mut self, cause: Cause, seen: &Observation<'_>) -> Decision;
}

/// What a policy is made with.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Requests an instance takes at once; zero: any number, for those that allow it.
    pub concurrency: u32,
    /// When the revision is made.
    pub made: SimTime,
    /// Instances that take requests then.
    pub ready: u32,
    /// The end of the warm-up, which instants of a schedule count from.
    pub zero: SimTime,
}

/// The policy that a service asks for, for a revision that is made now.
pub fn policy(
    asked: &Autoscaler,
    schedule: Option<&Schedule>,
    setting: Setting,
) -> Box<dyn Policy> {
    let policy: Box<dyn Policy> = match asked {
        Autoscaler::CloudRun(settings) => Box::new(cloud_run::CloudRun::new(*settings, setting)),
        Autoscaler::Knative(settings) => Box::new(knative::Knative::new(settings, setting)),
        Autoscaler::Hpa(settings) => Box::new(hpa::Hpa::new(settings.clone())),
        Autoscaler::PerRequest => Box::new(per_request::PerRequest),
        Autoscaler::Fixed { instances } => Box::new(fixed::Fixed { instances: *instances }),
    };
    match schedule {
        Some(schedule) => Box::new(schedule::Scheduled::new(schedule.clone(), policy, setting)),
        None => policy,
    }
}
