//! Sums and differences of what is counted.

use super::{Requests, Sample, Starts, Total};
use crate::units::SimTime;

impl Total<'_> {
    /// Two services together; levels and counts add, first instants are the earlier.
    pub fn plus(mut self, other: &Self) -> Self {
        let earlier = |a: Option<SimTime>, b: Option<SimTime>| a.into_iter().chain(b).min();
        self.carried_in += other.carried_in;
        self.requests.add(&other.requests);
        self.pending += other.pending;
        self.in_flight += other.in_flight;
        self.latency_sum += other.latency_sum;
        self.blame.iter_mut().zip(other.blame).for_each(|(n, b)| *n += b);
        self.in_flight_time += other.in_flight_time;
        self.pending_time += other.pending_time;
        self.instance_time += other.instance_time;
        self.bill.add(&other.bill);
        self.lives.add(&other.lives);
        self.milestones.join(&other.milestones);
        self.pending_max += other.pending_max;
        self.ready_max += other.ready_max;
        self.starts.add(&other.starts);
        self.starting_before += other.starting_before;
        self.starting_after += other.starting_after;
        self.key_calls.iter_mut().zip(other.key_calls).for_each(|(n, c)| *n += c);
        self.calling_before += other.calling_before;
        self.calls_begun += other.calls_begun;
        self.calls_dropped += other.calls_dropped;
        self.calls_lost += other.calls_lost;
        self.calling_after += other.calling_after;
        self.quota = self.quota.filter(|quota| other.quota == Some(*quota));
        self.revoked += other.revoked;
        self.expired += other.expired;
        self.crashed += other.crashed;
        self.out_of_memory += other.out_of_memory;
        self.first_block = earlier(self.first_block, other.first_block);
        self.first_key_failure = earlier(self.first_key_failure, other.first_key_failure);
        self.last_key_failure = self.last_key_failure.max(other.last_key_failure);
        self.revocation_detected = earlier(self.revocation_detected, other.revocation_detected);
        // Reachable until the last service is gone.
        self.data_unreachable = match (self.data_unreachable, other.data_unreachable) {
            (Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        };
        self
    }
}

impl Sample<'_> {
    /// Two revisions together; counts and levels add, the older wait is the older of the two.
    pub fn plus(mut self, other: &Self) -> Self {
        self.requests.add(&other.requests);
        self.pending += other.pending;
        self.oldest_wait = self.oldest_wait.max(other.oldest_wait);
        self.in_flight += other.in_flight;
        self.instances.iter_mut().zip(other.instances).for_each(|(n, i)| *n += i);
        self.grace_idle += other.grace_idle;
        self.grace_busy += other.grace_busy;
        self.backing_off += other.backing_off;
        self.starts_waiting += other.starts_waiting;
        self.wanted += other.wanted;
        self.min_instances += other.min_instances;
        self.max_instances += other.max_instances;
        self.starts.add(&other.starts);
        self.key_calls.iter_mut().zip(other.key_calls).for_each(|(n, c)| *n += c);
        self.key_purposes.iter_mut().zip(other.key_purposes).for_each(|(n, c)| *n += c);
        self.messages.iter_mut().zip(other.messages).for_each(|(n, m)| *n += m);
        self.instance_time += other.instance_time;
        self.bill.add(&other.bill);
        self.running_time += other.running_time;
        self.cpu_time = match (self.cpu_time, other.cpu_time) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        self
    }
}

impl Requests {
    /// What came on top of an earlier count.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            arrivals: self.arrivals - earlier.arrivals,
            retries: self.retries - earlier.retries,
            served: self.served - earlier.served,
            served_cold: self.served_cold - earlier.served_cold,
            refused: self.refused - earlier.refused,
            timed_out: self.timed_out - earlier.timed_out,
            aborted: self.aborted - earlier.aborted,
            abandoned: self.abandoned - earlier.abandoned,
            retried: self.retried - earlier.retried,
            waited: self.waited - earlier.waited,
        }
    }
}

impl Starts {
    /// What came on top of an earlier count.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            begun: self.begun - earlier.begun,
            ready: self.ready - earlier.ready,
            failed: self.failed - earlier.failed,
            cancelled: self.cancelled - earlier.cancelled,
        }
    }
}
