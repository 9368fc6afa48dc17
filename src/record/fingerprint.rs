//! A fingerprint of a run: equal for equal runs, and where it differs it names what moved.
//!
//! SHA-256 over integers, 64 bits each and little-endian; a part each for instance lives, key
//! calls, and totals with the cells of the run's histogram. Samples are left out, so that another
//! sample interval keeps it, and so is every formatted text. Names stand as ordinals of their
//! first appearance.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Bill, Instance, KeyCall, Record, Recorder, Requests, Starts, Total};
use crate::units::SimTime;

/// Changes when what is hashed changes, so that old and new fingerprints never compare equal.
pub const VERSION: u64 = 6;

/// A recorder that keeps a digest of what it was told.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    instances: Part,
    key_calls: Part,
    totals: Part,
}

/// The parts of a fingerprint, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// All of them in one: the name of the run's result.
    pub combined: String,
    /// Lives of instances.
    pub instances: String,
    /// Key calls.
    pub key_calls: String,
    /// Totals and the histogram of latency.
    pub totals: String,
}

/// Digits of a part that [`Parts::short`] keeps: 64 bits do not agree by accident.
pub const SHORT: usize = 16;

impl Parts {
    /// Names of the parts.
    pub const NAMES: [&'static str; 3] = ["instances", "key_calls", "totals"];

    /// The first digits of each part, in the order of the names.
    pub fn short(&self) -> [String; 3] {
        [&self.instances, &self.key_calls, &self.totals].map(|part| part[..SHORT].to_owned())
    }
}

/// One digest in the making, with the names it met: a part knows its own only, so that a name
/// that is new to one part moves no other.
#[derive(Clone, Debug)]
struct Part {
    digest: Sha256,
    names: Vec<String>,
}

impl Part {
    fn new() -> Self {
        let mut part = Self { digest: Sha256::new(), names: Vec::new() };
        part.put(&[VERSION]);
        part
    }

    fn put(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.digest.update(number.to_le_bytes());
        }
    }

    /// The ordinal of a name's first appearance, from 1; nothing is 0.
    fn name(&mut self, name: Option<&str>) -> u64 {
        let Some(name) = name else { return 0 };
        let known = self.names.iter().position(|n| n == name);
        1 + known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        }) as u64
    }

    fn wide(&mut self, number: u128) {
        self.digest.update(number.to_le_bytes());
    }
}

/// An instant, or the largest number where there is none.
fn reached(at: Option<SimTime>) -> u64 {
    at.unwrap_or(SimTime::NEVER).0
}

/// Digits of a digest.
pub(crate) fn hex(digest: &[u8]) -> String {
    use std::fmt::Write;
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { instances: Part::new(), key_calls: Part::new(), totals: Part::new() }
    }
}

impl Fingerprint {
    /// The digests of all that was told.
    pub fn parts(&self) -> Parts {
        let digests =
            [&self.instances, &self.key_calls, &self.totals].map(|p| p.digest.clone().finalize());
        let mut combined = Sha256::new();
        digests.iter().for_each(|digest| combined.update(digest));
        let [instances, key_calls, totals] = digests.map(|digest| hex(&digest));
        Parts { combined: hex(&combined.finalize()), instances, key_calls, totals }
    }

    fn instance(&mut self, life: &Instance<'_>) {
        let service = self.instances.name(Some(life.service));
        self.instances.put(&[
            service,
            life.revision.into(),
            life.serial.into(),
            life.order.map_or(u64::MAX, u64::from),
            life.attempt.into(),
            life.begun.0,
            reached(life.unlocking),
            reached(life.fetching),
            reached(life.booting),
            reached(life.ready),
            reached(life.draining),
            reached(life.ended),
            life.key_calls.into(),
            life.key_wait.0,
            life.requests,
            life.reason as u64,
        ]);
    }

    fn key_call(&mut self, call: &KeyCall<'_>) {
        let part = &mut self.key_calls;
        let (key, service) = (part.name(Some(call.key)), part.name(call.service));
        part.put(&[
            call.begun.0,
            call.answered.0,
            key,
            call.version.into(),
            service,
            call.revision.map_or(0, u64::from),
            call.serial.map_or(0, |serial| 1 + u64::from(serial)),
            call.purpose as u64,
            call.attempt.into(),
            call.outcome as u64,
            call.denial.map_or(0, |denial| 1 + denial as u64),
            call.domain.map_or(0, |domain| 1 + domain as u64),
        ]);
    }

    fn total(&mut self, total: &Total<'_>) {
        let service = self.totals.name(Some(total.service));
        let Requests {
            arrivals,
            retries,
            served,
            served_cold,
            refused,
            timed_out,
            aborted,
            abandoned,
            retried,
            waited: _,
        } = total.requests;
        let Starts { begun, ready, failed, cancelled } = total.starts;
        let part = &mut self.totals;
        part.put(&[service, total.from.0, total.until.0, total.carried_in]);
        part.put(&[arrivals, retries, served, served_cold, refused, timed_out, aborted]);
        part.put(&[abandoned, retried]);
        part.put(&[total.pending, total.in_flight, total.pending_max, total.ready_max]);
        part.put(&[begun, ready, failed, cancelled, total.starting_before, total.starting_after]);
        part.put(&total.blame);
        part.put(&total.key_calls);
        part.put(&[total.calling_before, total.calls_begun, total.calling_after, total.revoked]);
        part.put(&[reached(total.first_block), reached(total.first_key_failure)]);
        part.put(&[reached(total.last_key_failure), reached(total.revocation_detected)]);
        part.put(&[reached(total.data_unreachable)]);
        for integral in
            [total.latency_sum, total.in_flight_time, total.pending_time, total.instance_time]
        {
            part.wide(integral);
        }
        let Bill { active, idle, cost, requests, in_vain, cost_in_vain: _ } = total.bill;
        [active, idle, in_vain, cost.0].into_iter().for_each(|sum| part.wide(sum));
        part.put(&[requests]);
        part.put(&[total.latency.len()]);
        for (cell, count) in total.latency.cells() {
            part.put(&[cell as u64, count]);
        }
    }
}

impl Recorder for Fingerprint {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Sample(_)
            | Record::Log(_)
            | Record::Change(_)
            | Record::Block(_)
            | Record::Quota(_)
            | Record::Revision(_) => {}
            Record::Instance(life) => self.instance(life),
            Record::KeyCall(call) => self.key_call(call),
            Record::Total(total) => self.total(total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{EndReason, sample};
    use crate::stats::Histogram;
    use crate::units::SimDuration;

    fn life(serial: u32) -> Instance<'static> {
        Instance {
            service: "web",
            revision: 1,
            serial,
            order: Some(0),
            attempt: 1,
            begun: SimTime(5),
            unlocking: Some(SimTime(7)),
            fetching: None,
            booting: None,
            ready: None,
            draining: None,
            ended: Some(SimTime(9)),
            key_calls: 1,
            key_wait: SimDuration(2),
            requests: 0,
            reason: EndReason::KeyDenied,
        }
    }

    #[test]
    fn a_changed_part_names_what_moved() {
        let parts = |serial, pending| {
            let mut fingerprint = Fingerprint::default();
            let latency = Histogram::default();
            fingerprint.record(Record::Instance(&life(serial)));
            let total = crate::record::Total { pending, ..sample::total("web", &latency) };
            fingerprint.record(Record::Total(&total));
            fingerprint.parts()
        };
        assert_eq!(parts(0, 0), parts(0, 0));
        let (a, b, c) = (parts(0, 0), parts(1, 0), parts(0, 1));
        assert!(a.instances != b.instances && a.totals == b.totals && a.combined != b.combined);
        assert!(a.instances == c.instances && a.totals != c.totals && a.combined != c.combined);
        assert!(a.key_calls == b.key_calls && a.combined.len() == 64);
    }
}
