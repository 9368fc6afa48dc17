//! One row a service and one for all together: what a run came to.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::columns::{Column, columns};
use super::value::Value::{self, Count, Empty, Millionths, Nanoseconds, Ratio, Text};
use super::{
    Bill, CallOutcome, Calls, Cause, Lives, Milestones, QuotaLevel, Requests, Starts, Total,
};
use crate::stats::Histogram;
use crate::units::{SimDuration, SimTime};

/// Order statistics of latency; absent where the quantile is not a finite number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// The median.
    pub p50: Option<SimDuration>,
    /// 90 % did not exceed it.
    pub p90: Option<SimDuration>,
    /// 95 % did not exceed it.
    pub p95: Option<SimDuration>,
    /// 99 % did not exceed it.
    pub p99: Option<SimDuration>,
    /// 99.9 % did not exceed it.
    pub p999: Option<SimDuration>,
}

impl Quantiles {
    /// Of the latencies counted and `failed` more that are infinite.
    fn new(latency: &Histogram, failed: u64) -> Self {
        let quantiles = latency.quantiles([0.5, 0.9, 0.95, 0.99, 0.999], failed);
        let [p50, p90, p95, p99, p999] = quantiles.map(|ns| ns.map(SimDuration));
        Self { p50, p90, p95, p99, p999 }
    }
}

/// What a service's run came to after the warm-up, or that of all services together.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// The service; empty for all together.
    pub service: String,
    /// End of the warm-up, from which files count.
    pub zero: SimTime,
    /// From there to the end of the run, or to where it was interrupted.
    pub duration: SimDuration,
    /// Requests carried in from the warm-up, waiting or in service.
    pub carried_in: u64,
    /// What happened to requests.
    pub requests: Requests,
    /// Waiting at the end.
    pub pending: u64,
    /// In service at the end.
    pub in_flight: u64,
    /// Mean latency of the requests served, cut to nanoseconds.
    pub latency_mean: Option<SimDuration>,
    /// Latency of the requests served.
    pub latency: Quantiles,
    /// The same with every failed request counted as infinite.
    pub latency_with_failures: Quantiles,
    /// Millionths of failed requests by [`Cause`].
    pub blame: [u64; Cause::COUNT],
    /// Integral of the requests in service, in request-nanoseconds.
    pub in_flight_time: u128,
    /// Integral of the requests waiting, in request-nanoseconds.
    pub pending_time: u128,
    /// Instance-time in nanoseconds.
    pub instance_time: u128,
    /// What is paid for.
    pub bill: Bill,
    /// What instances lived through.
    pub lives: Lives,
    /// Instants of it.
    pub milestones: Milestones,
    /// Most requests waiting at once.
    pub pending_max: u64,
    /// Most ready instances at once.
    pub instances_ready_max: u64,
    /// Attempts to start.
    pub starts: Starts,
    /// Attempts under way at the end of the warm-up.
    pub starting_before: u64,
    /// Attempts under way at the end.
    pub starting_after: u64,
    /// Key calls answered.
    pub key_calls: Calls,
    /// Key calls under way at the end of the warm-up.
    pub calling_before: u64,
    /// Key calls begun.
    pub calls_begun: u64,
    /// Key calls under way at the end.
    pub calling_after: u64,
    /// Of those granted, the ones of starts that were then denied another for quota.
    pub calls_lost: u64,
    /// How full the quota of its key was.
    pub quota: Option<QuotaLevel>,
    /// Instances stopped because of a revocation.
    pub revoked: u64,
    /// Instances stopped because they had been idle for long enough.
    pub expired: u64,
    /// Instances that crashed, starting ones among them.
    pub crashed: u64,
    /// Instances stopped because their memory did not suffice.
    pub out_of_memory: u64,
    /// Begin of the first block that touched the service.
    pub first_block: Option<SimTime>,
    /// The first failure blamed on a key cause.
    pub first_key_failure: Option<SimTime>,
    /// The last one.
    pub last_key_failure: Option<SimTime>,
    /// When customers notice: the first failure blamed on a key cause, unless somebody knows the
    /// first threshold that broke.
    pub customers_hurt: Option<SimTime>,
    /// Revocation detected for the first time.
    pub revocation_detected: Option<SimTime>,
    /// The last running instance gone, after a revocation shut instances down.
    pub data_unreachable: Option<SimTime>,
}

impl SummaryRow {
    /// Takes over what a total says.
    pub fn new(total: &Total<'_>) -> Self {
        let failed = total.requests.failed();
        let mean = |sum: u128| SimDuration((sum / u128::from(total.latency.len())) as u64);
        Self {
            service: total.service.to_owned(),
            zero: total.from,
            duration: total.until.since(total.from),
            carried_in: total.carried_in,
            requests: total.requests,
            pending: total.pending,
            in_flight: total.in_flight,
            latency_mean: (!total.latency.is_empty()).then(|| mean(total.latency_sum)),
            latency: Quantiles::new(total.latency, 0),
            latency_with_failures: Quantiles::new(total.latency, failed),
            blame: total.blame,
            in_flight_time: total.in_flight_time,
            pending_time: total.pending_time,
            instance_time: total.instance_time,
            bill: total.bill,
            lives: total.lives,
            milestones: total.milestones,
            pending_max: total.pending_max,
            instances_ready_max: total.ready_max,
            starts: total.starts,
            starting_before: total.starting_before,
            starting_after: total.starting_after,
            key_calls: total.key_calls,
            calling_before: total.calling_before,
            calls_begun: total.calls_begun,
            calling_after: total.calling_after,
            calls_lost: total.calls_lost,
            quota: total.quota,
            revoked: total.revoked,
            expired: total.expired,
            crashed: total.crashed,
            out_of_memory: total.out_of_memory,
            first_block: total.first_block,
            first_key_failure: total.first_key_failure,
            last_key_failure: total.last_key_failure,
            customers_hurt: total.first_key_failure,
            revocation_detected: total.revocation_detected,
            data_unreachable: total.data_unreachable,
        }
    }

    /// Requests that ended without being served.
    pub fn failed(&self) -> u64 {
        self.requests.failed()
    }

    /// Failed of all that ended; absent where none ended.
    pub fn failed_ratio(&self) -> Option<f64> {
        share(self.failed(), self.failed() + self.requests.served)
    }

    /// First arrivals that no try served, of all whose last try ended; absent where none did.
    pub fn user_failed_ratio(&self) -> Option<f64> {
        let failed = self.requests.user_failed();
        share(failed, failed + self.requests.served)
    }

    /// Served cold of all served; absent where none was served.
    pub fn cold_ratio(&self) -> Option<f64> {
        share(self.requests.served_cold, self.requests.served)
    }

    /// A cause's share of the failed requests; absent where none failed.
    pub fn blame_ratio(&self, cause: Cause) -> Option<f64> {
        share(self.blame[cause as usize], self.blame.iter().sum())
    }

    /// Mean of a state over the run, from its integral in nanoseconds; absent for an empty run.
    fn mean(&self, integral: u128) -> Option<f64> {
        (self.duration.0 > 0).then(|| integral as f64 / self.duration.0 as f64)
    }

    /// Mean requests in service.
    pub fn in_flight_mean(&self) -> Option<f64> {
        self.mean(self.in_flight_time)
    }

    /// Mean requests waiting.
    pub fn pending_mean(&self) -> Option<f64> {
        self.mean(self.pending_time)
    }

    /// Mean instances, from the begin of each start to its end.
    pub fn instances_mean(&self) -> Option<f64> {
        self.mean(self.instance_time)
    }

    /// Dollars for a day that goes on as the run did; absent for an empty run.
    pub fn cost_per_day(&self) -> Option<f64> {
        const DAY: f64 = 86_400.0;
        let length = self.duration.as_secs_f64();
        (length > 0.0).then(|| self.bill.cost.dollars() * DAY / length)
    }

    /// Mean instances with a request, draining ones among them.
    pub fn instances_busy_mean(&self) -> Option<f64> {
        let Lives { starting_time, idle_time, .. } = self.lives;
        self.mean(self.instance_time.saturating_sub(starting_time + idle_time))
    }

    /// Arrivals, retries among them.
    fn tries(&self) -> u64 {
        self.requests.arrivals + self.requests.retries
    }

    /// Mean wait for an instance over all arrivals and retries; absent where there was none.
    pub fn wait_mean(&self) -> Option<SimDuration> {
        mean_of(self.pending_time, self.tries())
    }

    /// Answers to key calls.
    fn key_calls_all(&self) -> u64 {
        self.key_calls.iter().sum()
    }

    /// From the first block to the first failure it is blamed for: how long the service rode it
    /// out. Absent where there was no such failure.
    pub fn ride_out(&self) -> Option<SimDuration> {
        let (block, failure) = (self.first_block?, self.first_key_failure?);
        (block <= failure).then(|| failure.since(block))
    }
}

/// A part of a whole; absent where the whole is nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A mean of lengths of time, cut to nanoseconds; absent of none.
fn mean_of(sum: u128, count: u64) -> Option<SimDuration> {
    (count > 0).then(|| SimDuration((sum / u128::from(count)) as u64))
}

/// Reads a cell of `summary.csv`.
pub type SummaryGetter = for<'r> fn(&'r SummaryRow, SimTime) -> Value<'r>;

/// A length of time that may be absent.
fn some<'r>(length: Option<SimDuration>) -> Value<'r> {
    length.map_or(Empty, Value::length)
}

/// A number that may be absent.
fn ratio<'r>(number: Option<f64>) -> Value<'r> {
    number.map_or(Empty, Ratio)
}

/// Nanoseconds too many for 64 bits.
fn long<'r>(ns: u128) -> Value<'r> {
    Nanoseconds(ns as i128)
}

/// Failed requests blamed on a cause.
fn blamed(row: &SummaryRow, cause: Cause) -> Value<'_> {
    Millionths(row.blame[cause as usize])
}

/// Share of the failed requests blamed on a cause.
fn blamed_share(row: &SummaryRow, cause: Cause) -> Value<'_> {
    ratio(row.blame_ratio(cause))
}

/// Key calls with an outcome.
fn calls(row: &SummaryRow, outcome: CallOutcome) -> Value<'_> {
    Count(row.key_calls[outcome as usize])
}

/// What the quota of a service's key has.
fn of_quota<'r>(row: &SummaryRow, read: impl Fn(QuotaLevel) -> u64) -> Value<'r> {
    row.quota.map_or(Empty, |quota| Count(read(quota)))
}

/// Columns of `summary.csv`, and the members of a row in `summary.json`.
pub static SUMMARY: &[Column<SummaryGetter>] = columns! {
    service [] "the service; empty for all together" |r, _| Text(&r.service);
    duration_s ["s"] "from the end of the warm-up to the end of the run, or to where it was interrupted" |r, _| Value::length(r.duration);
    carried_in ["requests"] "carried in from the warm-up, waiting or in service" |r, _| Count(r.carried_in);
    arrivals ["requests"] "first arrivals" |r, _| Count(r.requests.arrivals);
    retries ["requests"] "arrivals of requests that are tried again" |r, _| Count(r.requests.retries);
    served ["requests"] "completed in time, warm or cold" |r, _| Count(r.requests.served);
    served_cold ["requests"] "of those, the ones that waited for an instance that became ready after they came" |r, _| Count(r.requests.served_cold);
    refused ["requests"] "never given an instance: waited too long, or the queue was full" |r, _| Count(r.requests.refused);
    timed_out ["requests"] "took too long in service" |r, _| Count(r.requests.timed_out);
    aborted ["requests"] "their instance stopped under them" |r, _| Count(r.requests.aborted);
    abandoned ["requests"] "their client gave up first" |r, _| Count(r.requests.abandoned);
    failed ["requests"] "refused, timed out, aborted and abandoned, each try for itself" |r, _| Count(r.failed());
    user_failed ["requests"] "of those, the ones that their client does not try again" |r, _| Count(r.requests.user_failed());
    pending ["requests"] "waiting for an instance, at the end" |r, _| Count(r.pending);
    in_flight ["requests"] "in service, at the end" |r, _| Count(r.in_flight);
    failed_ratio ["1"] "failed ÷ (failed + served); empty where nothing ended" |r, _| ratio(r.failed_ratio());
    user_failed_ratio ["1"] "user_failed ÷ (user_failed + served): first arrivals that no try served" |r, _| ratio(r.user_failed_ratio());
    cold_ratio ["1"] "served_cold ÷ served; empty where nothing was served" |r, _| ratio(r.cold_ratio());
    latency_s_mean ["s"] "mean latency of the requests served" |r, _| some(r.latency_mean);
    latency_s_p50 ["s"] "latency that half of the served requests did not exceed" |r, _| some(r.latency.p50);
    latency_s_p90 ["s"] "latency that 90 % of the served requests did not exceed" |r, _| some(r.latency.p90);
    latency_s_p95 ["s"] "latency that 95 % of the served requests did not exceed" |r, _| some(r.latency.p95);
    latency_s_p99 ["s"] "latency that 99 % of the served requests did not exceed" |r, _| some(r.latency.p99);
    latency_s_p999 ["s"] "latency that 99.9 % of the served requests did not exceed" |r, _| some(r.latency.p999);
    latency_with_failures_s_p50 ["s"] "the same with failures counted as infinite; empty where infinite" |r, _| some(r.latency_with_failures.p50);
    latency_with_failures_s_p90 ["s"] "see latency_with_failures_s_p50" |r, _| some(r.latency_with_failures.p90);
    latency_with_failures_s_p95 ["s"] "see latency_with_failures_s_p50" |r, _| some(r.latency_with_failures.p95);
    latency_with_failures_s_p99 ["s"] "see latency_with_failures_s_p50" |r, _| some(r.latency_with_failures.p99);
    latency_with_failures_s_p999 ["s"] "see latency_with_failures_s_p50" |r, _| some(r.latency_with_failures.p999);
    waited ["requests"] "arrivals and retries that found no free slot, whatever became of them" |r, _| Count(r.requests.waited);
    waited_ratio ["1"] "waited ÷ (arrivals + retries)" |r, _| ratio(share(r.requests.waited, r.tries()));
    refused_ratio ["1"] "refused ÷ (arrivals + retries)" |r, _| ratio(share(r.requests.refused, r.tries()));
    retry_ratio ["1"] "retries ÷ arrivals" |r, _| ratio(share(r.requests.retries, r.requests.arrivals));
    wait_s_mean ["s"] "mean wait for an instance over all arrivals and retries, no wait counted as none" |r, _| some(r.wait_mean());
    first_refused_arrival_s ["s"] "arrival of the first request to be refused" |r, zero| Value::reached(r.milestones.first_refused.map(|(came, _)| came), zero);
    first_refused_s ["s"] "when it was refused" |r, zero| Value::reached(r.milestones.first_refused.map(|(_, at)| at), zero);
    blame_key_denied ["requests"] "failed requests blamed on a denied key call, in parts of a request" |r, _| blamed(r, Cause::KeyDenied);
    blame_key_outage ["requests"] "blamed on key calls that were being retried" |r, _| blamed(r, Cause::KeyOutage);
    blame_key_quota ["requests"] "blamed on key calls over quota" |r, _| blamed(r, Cause::KeyQuota);
    blame_start_backoff ["requests"] "blamed on starts that failed for another reason and waited to be tried again" |r, _| blamed(r, Cause::StartBackoff);
    blame_start_rate ["requests"] "blamed on starts that waited for the limits on starts" |r, _| blamed(r, Cause::StartRate);
    blame_starting ["requests"] "blamed on starts that nothing held up" |r, _| blamed(r, Cause::Starting);
    blame_max_instances ["requests"] "blamed on the limit of instances" |r, _| blamed(r, Cause::MaxInstances);
    blame_autoscaler ["requests"] "blamed on nothing starting though nothing forbade it" |r, _| blamed(r, Cause::Autoscaler);
    blame_drain ["requests"] "blamed on an instance that was stopped when its drain grace was over" |r, _| blamed(r, Cause::Drain);
    blame_crash ["requests"] "blamed on an instance that crashed under them" |r, _| blamed(r, Cause::Crash);
    blame_out_of_memory ["requests"] "blamed on an instance whose memory did not suffice" |r, _| blamed(r, Cause::OutOfMemory);
    blame_service ["requests"] "blamed on the time in service" |r, _| blamed(r, Cause::Service);
    blame_key_denied_ratio ["1"] "share of the failed requests; empty where none failed" |r, _| blamed_share(r, Cause::KeyDenied);
    blame_key_outage_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::KeyOutage);
    blame_key_quota_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::KeyQuota);
    blame_start_backoff_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::StartBackoff);
    blame_start_rate_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::StartRate);
    blame_starting_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::Starting);
    blame_max_instances_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::MaxInstances);
    blame_autoscaler_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::Autoscaler);
    blame_drain_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::Drain);
    blame_crash_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::Crash);
    blame_out_of_memory_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::OutOfMemory);
    blame_service_ratio ["1"] "see blame_key_denied_ratio" |r, _| blamed_share(r, Cause::Service);
    in_flight_mean ["requests"] "mean requests in service" |r, _| ratio(r.in_flight_mean());
    pending_mean ["requests"] "mean requests waiting" |r, _| ratio(r.pending_mean());
    pending_max ["requests"] "most requests waiting at once" |r, _| Count(r.pending_max);
    instances_mean ["instances"] "mean instances, from the begin of each start to its end" |r, _| ratio(r.instances_mean());
    instances_starting_mean ["instances"] "of those, the ones that start" |r, _| ratio(r.mean(r.lives.starting_time));
    instances_idle_mean ["instances"] "of those, the ready ones without a request" |r, _| ratio(r.mean(r.lives.idle_time));
    instances_busy_mean ["instances"] "of those, the ones with a request, draining ones among them" |r, _| ratio(r.instances_busy_mean());
    instances_ready_max ["instances"] "most ready instances at once" |r, _| Count(r.instances_ready_max);
    billable_instance_time_s ["s"] "instance-time that is billed as active; a stretch is rounded up when it is over" |r, _| long(r.bill.active);
    billable_idle_time_s ["s"] "that of idle instances which min_instances keeps and which have a price of their own" |r, _| long(r.bill.idle);
    cost ["USD"] "what is paid for billed instance-time and requests" |r, _| Value::Picodollars(r.bill.cost.picodollars());
    cost_failed_starts ["USD"] "of that, what starts cost that never became ready, counted when they end" |r, _| Value::Picodollars(r.bill.cost_in_vain.picodollars());
    cost_per_day ["USD/day"] "cost of a day that goes on as the run did; empty for an empty run" |r, _| ratio(r.cost_per_day());
    instance_time_s ["s"] "instance-time, from the begin of each start to its end" |r, _| long(r.instance_time);
    instances_ended ["instances"] "instances that were ready, and have ended" |r, _| Count(r.lives.ended);
    lifespan_s_mean ["s"] "their mean age at the end, from the begin of the start" |r, _| some(mean_of(r.lives.lifespan, r.lives.ended));
    first_ended_s ["s"] "the first of them ended" |r, zero| Value::reached(r.milestones.first_ended, zero);
    last_ended_s ["s"] "the last of them ended" |r, zero| Value::reached(r.milestones.last_ended, zero);
    last_ready_s ["s"] "the last start became ready" |r, zero| Value::reached(r.milestones.last_ready, zero);
    start_ratio ["1"] "starts_begun ÷ arrivals" |r, _| ratio(share(r.starts.begun, r.requests.arrivals));
    starting_before ["starts"] "attempts to start under way at the end of the warm-up" |r, _| Count(r.starting_before);
    starts_begun ["starts"] "attempts to start an instance that began" |r, _| Count(r.starts.begun);
    starts_ready ["starts"] "attempts that made an instance ready" |r, _| Count(r.starts.ready);
    starts_failed ["starts"] "attempts that failed" |r, _| Count(r.starts.failed);
    starts_cancelled ["starts"] "attempts given up because no longer wanted, or stopped on the way" |r, _| Count(r.starts.cancelled);
    starting_after ["starts"] "attempts to start under way at the end" |r, _| Count(r.starting_after);
    calling_before ["calls"] "attempts of key calls under way at the end of the warm-up" |r, _| Count(r.calling_before);
    key_calls_begun ["calls"] "attempts of key calls that began" |r, _| Count(r.calls_begun);
    key_calls_ok ["calls"] "attempts of key calls that were granted" |r, _| calls(r, CallOutcome::Ok);
    key_calls_retryable ["calls"] "attempts that failed in the external manager and may be retried, timeouts apart" |r, _| calls(r, CallOutcome::Retryable);
    key_calls_timeout ["calls"] "attempts that the external manager did not answer in time" |r, _| calls(r, CallOutcome::Timeout);
    key_calls_quota ["calls"] "attempts over quota" |r, _| calls(r, CallOutcome::Quota);
    key_calls_denied ["calls"] "attempts denied: permission, key state, or a failure that is not retried" |r, _| calls(r, CallOutcome::Denied);
    key_ok_ratio ["1"] "key_calls_ok ÷ attempts of key calls that were answered" |r, _| ratio(share(r.key_calls[CallOutcome::Ok as usize], r.key_calls_all()));
    key_calls_per_start ["1"] "key_calls_begun ÷ starts_begun" |r, _| ratio(share(r.calls_begun, r.starts.begun));
    key_wait_s_mean ["s"] "mean time that an attempt to start spent with its key" |r, _| some(mean_of(r.lives.key_wait, r.lives.unlocked));
    calling_after ["calls"] "attempts of key calls under way at the end" |r, _| Count(r.calling_after);
    key_calls_lost ["calls"] "of those granted, calls of starts that were then denied another for quota: spent in vain" |r, _| Count(r.calls_lost);
    quota_limit ["operations/s"] "limit of the quota that the service's key is charged to, at the end; empty without one, and for services that are charged to several" |r, _| of_quota(r, |q| q.limit.into());
    quota_used ["operations"] "operations charged to that quota, by whomever" |r, _| of_quota(r, |q| q.used);
    quota_per_second_max ["operations"] "most that was charged to it in a whole second" |r, _| of_quota(r, |q| q.per_second.used);
    quota_per_second_limit ["operations"] "the limit that held then" |r, _| of_quota(r, |q| q.per_second.limit);
    quota_per_minute_max ["operations"] "most that was charged to it in a whole minute since the end of the warm-up" |r, _| of_quota(r, |q| q.per_minute.used);
    quota_per_minute_limit ["operations"] "sixty times the highest limit that held in it" |r, _| of_quota(r, |q| q.per_minute.limit);
    revoked ["instances"] "stopped because of a revocation" |r, _| Count(r.revoked);
    expired ["instances"] "stopped because they had been idle for idle_timeout" |r, _| Count(r.expired);
    crashed ["instances"] "that crashed, starting ones among them" |r, _| Count(r.crashed);
    out_of_memory ["instances"] "stopped because their memory did not suffice" |r, _| Count(r.out_of_memory);
    first_block_s ["s"] "begin of the first block that touched the service, since the end of the warm-up" |r, zero| Value::reached(r.first_block, zero);
    first_key_failure_s ["s"] "the first failure blamed on a key cause" |r, zero| Value::reached(r.first_key_failure, zero);
    last_key_failure_s ["s"] "the last one" |r, zero| Value::reached(r.last_key_failure, zero);
    ride_out_s ["s"] "from first_block_s to first_key_failure_s; empty where there was no such failure" |r, _| some(r.ride_out());
    revocation_detected_s ["s"] "revocation detected for the first time" |r, zero| Value::reached(r.revocation_detected, zero);
    customers_hurt_s ["s"] "customers notice: the first upper limit of a threshold breaks; without such, the first failed request blamed on a key cause" |r, zero| Value::reached(r.customers_hurt, zero);
    data_unreachable_s ["s"] "the last running instance gone, after a revocation shut instances down" |r, zero| Value::reached(r.data_unreachable, zero);
};

/// An object with a member a column, in their order; what is empty in the CSV is null.
impl Serialize for SummaryRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(SUMMARY.len()))?;
        for column in SUMMARY {
            map.serialize_entry(column.name, &(column.get)(self, self.zero))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    /// The printed cell of a column.
    fn cell(row: &SummaryRow, name: &str) -> String {
        let column = SUMMARY.iter().find(|c| c.name == name).expect(name);
        crate::record::value::printed((column.get)(row, row.zero))
    }

    #[test]
    fn a_total_in_one_row() {
        let mut latency = Histogram::default();
        (0..90).for_each(|_| latency.record(200_000_000));
        let mut total = sample::total("web", &latency);
        total.latency_sum = 90 * 200_000_000;
        let row = SummaryRow::new(&total);
        let check = |name, expected: &str| assert_eq!(cell(&row, name), expected, "{name}");
        check("duration_s", "100");
        check("failed", "10");
        check("failed_ratio", "0.1");
        check("latency_s_mean", "0.2");
        check("blame_key_outage", "7.5");
        check("blame_key_outage_ratio", "0.75");
        check("blame_drain", "0");
        check("in_flight_mean", "0.5");
        check("instances_mean", "2");
        check("instance_time_s", "200");
        check("first_block_s", "10");
        check("ride_out_s", "13.5");
        check("revocation_detected_s", "");
        assert!(row.latency.p999.is_some());
        assert_eq!(row.latency_with_failures.p90, row.latency.p90);
        assert_eq!(row.latency_with_failures.p95, None, "10 % failed");
    }

    #[test]
    fn nothing_happened() {
        let latency = Histogram::default();
        let mut total = sample::total("", &latency);
        total.requests = Requests::default();
        total.blame = [0; Cause::COUNT];
        total.first_key_failure = None;
        total.until = total.from;
        let row = SummaryRow::new(&total);
        for name in ["failed_ratio", "cold_ratio", "latency_s_mean", "latency_s_p99", "ride_out_s"]
        {
            assert_eq!(cell(&row, name), "", "{name}");
        }
        assert_eq!(cell(&row, "blame_starting_ratio"), "");
        assert_eq!(cell(&row, "in_flight_mean"), "");
        let json = serde_json::to_value(&row).expect("plain values");
        assert_eq!(json["failed_ratio"], serde_json::Value::Null);
        assert_eq!(json["first_block_s"], 10);
        assert_eq!(json.as_object().map(|o| o.len()), Some(SUMMARY.len()));
    }

    #[test]
    fn every_cause_and_outcome_has_its_columns() {
        let has = |name: String| assert!(SUMMARY.iter().any(|c| c.name == name), "{name}");
        for cause in Cause::ALL {
            has(format!("blame_{}", cause.name()));
            has(format!("blame_{}_ratio", cause.name()));
        }
        for outcome in CallOutcome::ALL {
            has(format!("key_calls_{}", outcome.name()));
        }
    }
}
