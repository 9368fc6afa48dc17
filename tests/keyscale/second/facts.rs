//! What a run comes to, in the same words for both simulators.

use keyscale::record::{self, Cause, Record, Recorder};
use keyscale::scenario::{Scenario, Trace};
use keyscale::units::SimTime;
use keyscale::world::World;

/// Nanoseconds since the start of the warm-up.
pub type Time = u64;

/// All that is compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub instances: Vec<Instance>,
    pub calls: Vec<Call>,
    pub totals: Vec<Total>,
}

/// A row of an instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    pub service: String,
    pub serial: u32,
    pub order: Option<u32>,
    pub attempt: u32,
    /// Begun, unlocking, fetching, booting, ready, draining, ended.
    pub marks: [Option<Time>; 7],
    pub key_calls: u32,
    pub key_wait: Time,
    pub requests: u64,
    pub reason: &'static str,
}

/// An attempt of a key call that was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    pub key: String,
    pub service: Option<String>,
    pub serial: Option<u32>,
    pub purpose: &'static str,
    pub attempt: u32,
    pub begun: Time,
    pub answered: Time,
    pub outcome: &'static str,
    pub denial: Option<&'static str>,
    pub domain: Option<&'static str>,
}

/// A service's totals after the warm-up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Total {
    pub service: String,
    pub carried_in: u64,
    pub requests: record::Requests,
    pub pending: u64,
    pub in_flight: u64,
    pub latency_sum: u128,
    pub blame: [u64; Cause::COUNT],
    pub in_flight_time: u128,
    pub pending_time: u128,
    pub instance_time: u128,
    pub pending_max: u64,
    pub ready_max: u64,
    pub starts: record::Starts,
    pub calls_dropped: u64,
    pub revoked: u64,
    pub expired: u64,
    pub crashed: u64,
    pub out_of_memory: u64,
    pub key_failures: [Option<Time>; 2],
    pub detected: Option<Time>,
    pub unreachable: Option<Time>,
}

impl Recorder for Facts {
    fn record(&mut self, fact: Record<'_>) {
        let time = |at: Option<SimTime>| at.map(|at| at.0);
        match fact {
            Record::Instance(i) => self.instances.push(Instance {
                service: i.service.to_owned(),
                serial: i.serial,
                order: i.order,
                attempt: i.attempt,
                marks: [
                    Some(i.begun.0),
                    time(i.unlocking),
                    time(i.fetching),
                    time(i.booting),
                    time(i.ready),
                    time(i.draining),
                    time(i.ended),
                ],
                key_calls: i.key_calls,
                key_wait: i.key_wait.0,
                requests: i.requests,
                reason: i.reason.name(),
            }),
            Record::KeyCall(c) => self.calls.push(Call {
                key: c.key.to_owned(),
                service: c.service.map(str::to_owned),
                serial: c.serial,
                purpose: c.purpose.name(),
                attempt: c.attempt,
                begun: c.begun.0,
                answered: c.answered.0,
                outcome: c.outcome.name(),
                denial: c.denial.map(|d| d.name()),
                domain: c.domain.map(|d| d.name()),
            }),
            Record::Total(t) if !t.service.is_empty() => self.totals.push(Total {
                service: t.service.to_owned(),
                carried_in: t.carried_in,
                requests: t.requests,
                pending: t.pending,
                in_flight: t.in_flight,
                latency_sum: t.latency_sum,
                blame: t.blame,
                in_flight_time: t.in_flight_time,
                pending_time: t.pending_time,
                instance_time: t.instance_time,
                pending_max: t.pending_max,
                ready_max: t.ready_max,
                starts: t.starts,
                calls_dropped: t.calls_dropped,
                revoked: t.revoked,
                expired: t.expired,
                crashed: t.crashed,
                out_of_memory: t.out_of_memory,
                key_failures: [time(t.first_key_failure), time(t.last_key_failure)],
                detected: time(t.revocation_detected),
                unreachable: time(t.data_unreachable),
            }),
            Record::Total(_)
            | Record::Sample(_)
            | Record::Log(_)
            | Record::Change(_)
            | Record::Block(_)
            | Record::Quota(_)
            | Record::Revision(_) => {}
        }
    }
}

impl Facts {
    /// What the program makes of a scenario; its laws are checked after every event.
    pub fn of_world(scenario: &Scenario, traces: &[Trace]) -> Result<Self, String> {
        let mut facts = Self::default();
        let mut world: World = World::new(scenario, traces, scenario.duration(traces));
        while world.advance(&mut facts).map_err(|broken| format!("a law is broken: {broken}"))? {}
        world.finish(&mut facts);
        Ok(facts)
    }

    /// In an order that does not depend on who wrote them down.
    pub fn sorted(mut self) -> Self {
        self.instances.sort_by(|a, b| (&a.service, a.serial).cmp(&(&b.service, b.serial)));
        let key = |c: &Call| (c.answered, c.service.clone(), c.serial, c.purpose, c.key.clone());
        self.calls.sort_by_key(key);
        self.totals.sort_by(|a, b| a.service.cmp(&b.service));
        self
    }

    /// Each fact in a line.
    fn lines(&self) -> Vec<String> {
        let instances = self.instances.iter().map(|i| format!("{i:?}"));
        let calls = self.calls.iter().map(|c| format!("{c:?}"));
        let totals = self.totals.iter().map(|t| format!("{t:?}"));
        instances.chain(calls).chain(totals).collect()
    }

    /// The first facts that are not the same; empty where all are.
    pub fn difference(&self, other: &Self) -> String {
        if self == other {
            return String::new();
        }
        let (ours, theirs) = (self.lines(), other.lines());
        let only = |a: &[String], b: &[String], name: &str| {
            let missing = a.iter().filter(|line| !b.contains(line)).take(6);
            missing.map(|line| format!("{name}: {line}\n")).collect::<String>()
        };
        only(&ours, &theirs, "one  ") + &only(&theirs, &ours, "other")
    }
}
