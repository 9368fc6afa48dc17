//! A part of a run: the summary that its samples add up to.

use super::tally::is_of_service;
use crate::ids::ServiceId;
use crate::record::{
    Bill, Calls, Cause, Lives, Milestones, Requests, Sample, Starts, SummaryRow, Total,
};
use crate::scenario::{Scenario, Window};
use crate::stats::Histogram;
use crate::units::SimTime;

/// Samples of a service, or of all together, from one instant until another.
#[derive(Clone, Debug)]
pub(super) struct Part<'s> {
    service: &'s str,
    window: Window,
    from: SimTime,
    until: SimTime,
    /// Whether anyone asks for its latency.
    pub of_latency: bool,
    seen: Seen,
}

/// What was seen so far.
#[derive(Clone, Debug, Default)]
struct Seen {
    requests: Requests,
    latency: Histogram,
    starts: Starts,
    key_calls: Calls,
    instance_time: u128,
    bill: Bill,
    /// State at the end of the last interval, and that end.
    pending: u64,
    in_flight: u64,
    end: SimTime,
}

impl<'s> Part<'s> {
    /// Of a service, or of all, and a window.
    pub fn new(scenario: &'s Scenario, service: Option<ServiceId>, window: Window) -> Self {
        let zero = SimTime::ZERO + scenario.warm_up;
        Self {
            service: service.map_or("", |s| &scenario.services[s.index()].name),
            window,
            from: zero + window.from,
            until: window.until.map_or(SimTime::NEVER, |until| zero + until),
            of_latency: false,
            seen: Seen::default(),
        }
    }

    /// Whether the sample interval that ends then is one of it.
    pub fn holds(&self, edge: SimTime) -> bool {
        self.seen.end == edge
    }

    /// Whether it is that part.
    pub fn is(&self, service: &str, window: Window) -> bool {
        self.service == service && self.window == window
    }

    /// Forgets what was seen.
    pub fn clear(&mut self) {
        self.seen.latency.clear();
        let latency = std::mem::take(&mut self.seen.latency);
        self.seen = Seen { latency, ..Seen::default() };
    }

    /// Takes a sample, where it is of this part.
    pub fn take(&mut self, sample: &Sample<'_>) {
        let inside = self.from <= sample.from && sample.until <= self.until;
        let meant = self.service.is_empty() || self.service == sample.service;
        if !inside || !meant || !is_of_service(sample) {
            return;
        }
        let seen = &mut self.seen;
        if sample.until > seen.end {
            (seen.pending, seen.in_flight, seen.end) = (0, 0, sample.until);
        }
        seen.pending += sample.pending;
        seen.in_flight += sample.in_flight;
        seen.requests.add(&sample.requests);
        if self.of_latency {
            seen.latency.merge(sample.latency);
        }
        seen.starts.add(&sample.starts);
        seen.key_calls.iter_mut().zip(sample.key_calls).for_each(|(n, c)| *n += c);
        seen.instance_time += u128::from(sample.instance_time.0);
        seen.bill.add(&sample.bill);
    }

    /// The summary of the part; of what [`DIVISIBLE`](crate::record::metric::DIVISIBLE) does not
    /// name it says nothing that holds.
    pub fn row(&self) -> SummaryRow {
        let seen = &self.seen;
        SummaryRow::new(&Total {
            service: self.service,
            from: self.from,
            until: seen.end.max(self.from),
            carried_in: 0,
            requests: seen.requests,
            pending: seen.pending,
            in_flight: seen.in_flight,
            latency: &seen.latency,
            latency_sum: 0,
            blame: [0; Cause::COUNT],
            in_flight_time: 0,
            pending_time: 0,
            instance_time: seen.instance_time,
            bill: seen.bill,
            lives: Lives::default(),
            milestones: Milestones::default(),
            pending_max: 0,
            ready_max: 0,
            starts: seen.starts,
            starting_before: 0,
            starting_after: 0,
            key_calls: seen.key_calls,
            calling_before: 0,
            calls_begun: 0,
            calls_dropped: 0,
            calls_lost: 0,
            calling_after: 0,
            expired: 0,
            quota: None,
            crashed: 0,
            out_of_memory: 0,
            revoked: 0,
            first_block: None,
            first_key_failure: None,
            last_key_failure: None,
            revocation_detected: None,
            data_unreachable: None,
        })
    }
}
