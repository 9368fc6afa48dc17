//! Observation -> wanted instances: a policy a file. A policy never touches the world.

mod cloud_run;
mod fixed;

use crate::scenario::{self, Service};
use crate::units::{SimDuration, SimTime};

/// What a policy sees of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Now.
    pub now: SimTime,
    /// Integral of the requests in service since the start of the run, in request-nanoseconds;
    /// it wraps, so only differences mean something.
    pub in_flight_time: u64,
    /// Instances that take requests.
    pub ready: u32,
    /// Start orders.
    pub orders: u32,
    /// Requests that wait.
    pub pending: u64,
}

/// Says how many instances are wanted, before the limits.
pub trait Policy: std::fmt::Debug {
    /// Time between two decisions; absent: it never decides anew.
    fn tick(&self) -> Option<SimDuration>;

    /// Whether a start is ordered at once when more requests wait than the start orders under
    /// way have slots for.
    fn starts_on_demand(&self) -> bool;

    /// Instances wanted.
    fn decide(&mut self, seen: &Observation) -> u32;
}

/// The policy that a service asks for, at the start of a run.
pub fn policy(service: &Service) -> Box<dyn Policy> {
    match service.autoscaler {
        scenario::Autoscaler::CloudRun(settings) => {
            Box::new(cloud_run::CloudRun::new(settings, service.concurrency))
        }
        scenario::Autoscaler::Fixed { instances } => Box::new(fixed::Fixed { instances }),
    }
}
