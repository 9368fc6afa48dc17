//! Every CSV column: name, unit, meaning, and how its value is read from a fact.
//!
//! The tables here are the only place that names a column: files, readers, JSON and the
//! documentation take theirs from it. A getter gets the end of the warm-up too, because facts
//! hold instants of the run and files count from there: instants of the warm-up are negative.
//!
//! A row of the time series is labelled with its interval's **start**, so that `[t_s, t_s +
//! interval_s)` is the time its counts cover, half open as buckets are; what has a state (pending,
//! instances, limits) is told as it is at the interval's **end**, `t_s + interval_s`.

use super::value::Value;
use super::{
    Block, CallOutcome, CallPurpose, Change, Instance, KeyCall, Message, Phase, Revision, Sample,
};
use crate::units::SimTime;

/// One column of a table whose rows are read by getters of type `G`.
#[derive(Clone, Copy, Debug)]
pub struct Column<G> {
    /// Its name: the noun, then the unit where there is one, then the statistic.
    pub name: &'static str,
    /// Its unit; empty for names and ordinals.
    pub unit: &'static str,
    /// What it says, in a sentence without an end.
    pub meaning: &'static str,
    /// Its value in a row, given the row and the end of the warm-up.
    pub get: G,
}

/// Reads a cell of `timeseries.csv`.
pub type SampleGetter = for<'r> fn(&'r Sample<'r>, SimTime) -> Value<'r>;
/// Reads a cell of `instances.csv`.
pub type InstanceGetter = for<'r> fn(&'r Instance<'r>, SimTime) -> Value<'r>;
/// Reads a cell of `key_calls.csv`.
pub type KeyCallGetter = for<'r> fn(&'r KeyCall<'r>, SimTime) -> Value<'r>;
/// Reads a cell of `revisions.csv`.
pub type RevisionGetter = for<'r> fn(&'r Revision<'r>, SimTime) -> Value<'r>;
/// Reads a cell of `changes.csv`.
pub type ChangeGetter = for<'r> fn(&'r Change<'r>, SimTime) -> Value<'r>;
/// Reads a cell of `blocks.csv`.
pub type BlockGetter = for<'r> fn(&'r Block<'r>, SimTime) -> Value<'r>;

/// Declares a table: `name [unit] "meaning" |row, zero| value;` a column.
macro_rules! columns {
    ($($name:ident [$($unit:literal)?] $meaning:literal |$row:pat_param, $zero:pat_param| $get:expr;)*) => {
        &[$($crate::record::columns::Column {
            name: stringify!($name),
            unit: concat!($($unit)?),
            meaning: $meaning,
            get: |$row, $zero| $get,
        },)*]
    };
}
pub(super) use columns;

use Value::{Count, Empty, Text};

/// Columns of `timeseries.csv`: one row a service and sample interval.
pub const TIMESERIES: &[Column<SampleGetter>] = columns! {
    t_s ["s"] "start of the interval, since the end of the warm-up" |r, zero| Value::instant(r.from, zero);
    interval_s ["s"] "length of the interval; counts cover it, states are those at its end" |r, _| Value::length(r.until.since(r.from));
    service [] "the service" |r, _| Text(r.service);
    revision [] "the revision; empty for the service as a whole" |r, _| Text(r.revision);
    arrivals ["requests"] "first arrivals" |r, _| Count(r.requests.arrivals);
    retries ["requests"] "arrivals of requests that are tried again" |r, _| Count(r.requests.retries);
    served ["requests"] "completed in time, warm or cold" |r, _| Count(r.requests.served);
    served_cold ["requests"] "of those, the ones that waited for an instance that became ready after they came" |r, _| Count(r.requests.served_cold);
    refused ["requests"] "never given an instance: waited too long, or the queue was full" |r, _| Count(r.requests.refused);
    timed_out ["requests"] "took too long in service" |r, _| Count(r.requests.timed_out);
    aborted ["requests"] "their instance stopped under them" |r, _| Count(r.requests.aborted);
    abandoned ["requests"] "their client gave up first" |r, _| Count(r.requests.abandoned);
    pending ["requests"] "waiting for an instance, at the end" |r, _| Count(r.pending);
    oldest_wait_s ["s"] "how long the first of them has waited" |r, _| Value::length(r.oldest_wait);
    in_flight ["requests"] "in service, at the end" |r, _| Count(r.in_flight);
    cpu_utilization ["%"] "vCPUs in use, of those of running instances; empty where no request takes any" |r, _| cpu(r);
    latency_s_p50 ["s"] "latency that half of the served requests did not exceed" |r, _| latency(r, 0.5);
    latency_s_p90 ["s"] "latency that 90 % of the served requests did not exceed" |r, _| latency(r, 0.9);
    latency_s_p95 ["s"] "latency that 95 % of the served requests did not exceed" |r, _| latency(r, 0.95);
    latency_s_p99 ["s"] "latency that 99 % of the served requests did not exceed" |r, _| latency(r, 0.99);
    instances_allocating ["instances"] "finding a place, at the end" |r, _| phase(r, Phase::Allocating);
    instances_unlocking ["instances"] "decrypting with the key" |r, _| phase(r, Phase::Unlocking);
    instances_fetching ["instances"] "fetching the image" |r, _| phase(r, Phase::Fetching);
    instances_booting ["instances"] "starting the application" |r, _| phase(r, Phase::Booting);
    instances_idle ["instances"] "ready, without requests" |r, _| phase(r, Phase::Idle);
    instances_busy ["instances"] "ready, with requests" |r, _| phase(r, Phase::Busy);
    instances_draining ["instances"] "take no new requests" |r, _| phase(r, Phase::Draining);
    instances_grace_idle ["instances"] "of the idle, those under a revocation clock" |r, _| Count(r.grace_idle.into());
    instances_grace_busy ["instances"] "of the busy, those under a revocation clock" |r, _| Count(r.grace_busy.into());
    starts_backing_off ["starts"] "start orders that wait to be tried again, at the end" |r, _| Count(r.backing_off.into());
    starts_waiting ["starts"] "start orders that wait for the limits on starts, at the end" |r, _| Count(r.starts_waiting.into());
    wanted ["instances"] "wanted by the autoscaler within the limits, at the end" |r, _| Count(r.wanted.into());
    min_instances ["instances"] "the lower limit, at the end" |r, _| Count(r.min_instances.into());
    max_instances ["instances"] "the upper limit, at the end" |r, _| Count(r.max_instances.into());
    starts_begun ["starts"] "attempts to start an instance that began" |r, _| Count(r.starts.begun);
    starts_ready ["starts"] "attempts that made an instance ready" |r, _| Count(r.starts.ready);
    starts_failed ["starts"] "attempts that failed" |r, _| Count(r.starts.failed);
    starts_cancelled ["starts"] "attempts given up because no longer wanted, or stopped on the way" |r, _| Count(r.starts.cancelled);
    key_calls_ok ["calls"] "attempts of key calls that were granted" |r, _| calls(r, CallOutcome::Ok);
    key_calls_retryable ["calls"] "attempts that failed in the external manager and may be retried, timeouts apart" |r, _| calls(r, CallOutcome::Retryable);
    key_calls_timeout ["calls"] "attempts that the external manager did not answer in time" |r, _| calls(r, CallOutcome::Timeout);
    key_calls_quota ["calls"] "attempts over quota" |r, _| calls(r, CallOutcome::Quota);
    key_calls_denied ["calls"] "attempts denied: permission, key state, or a failure that is not retried" |r, _| calls(r, CallOutcome::Denied);
    key_calls_for_layer ["calls"] "of all attempts of key calls, those that decrypt a layer of an image" |r, _| purpose(r, CallPurpose::Layer);
    key_calls_for_data_key ["calls"] "those that decrypt an image's data key" |r, _| purpose(r, CallPurpose::DataKey);
    key_calls_for_new_data_key ["calls"] "those that encrypt a deploy's new data key" |r, _| purpose(r, CallPurpose::NewDataKey);
    key_calls_for_check_encrypt ["calls"] "those of checks that encrypt" |r, _| purpose(r, CallPurpose::CheckEncrypt);
    key_calls_for_check_decrypt ["calls"] "those of checks that decrypt" |r, _| purpose(r, CallPurpose::CheckDecrypt);
    log_no_permission ["lines"] "lines of the service's log: its account may not decrypt" |r, _| message(r, Message::NoPermission);
    log_quota_exceeded ["lines"] "its key's quota is spent" |r, _| message(r, Message::QuotaExceeded);
    log_key_disabled ["lines"] "its key is disabled" |r, _| message(r, Message::KeyDisabled);
    log_key_destroyed ["lines"] "its key is destroyed" |r, _| message(r, Message::KeyDestroyed);
    log_key_scheduled_for_deletion ["lines"] "its key is scheduled for deletion" |r, _| message(r, Message::KeyScheduledForDeletion);
    log_external ["lines"] "its external manager's own message" |r, _| message(r, Message::External);
    quota_limit ["operations/s"] "limit of the quota that the service's key is charged to, at the end; empty without one" |r, _| r.quota_limit.map_or(Empty, |limit| Count(limit.into()));
    quota_used ["operations"] "operations charged to that quota, by whomever" |r, _| r.quota_used.map_or(Empty, Count);
    instance_time_s ["s"] "instance-time, from the begin of each start to its end" |r, _| Value::length(r.instance_time);
    billable_instance_time_s ["s"] "instance-time that is billed as active; a stretch is rounded up when it is over" |r, _| Value::Nanoseconds(r.bill.active as i128);
    billable_idle_time_s ["s"] "that of idle instances which min_instances keeps and which have a price of their own" |r, _| Value::Nanoseconds(r.bill.idle as i128);
    cost ["USD"] "what is paid for billed instance-time and requests" |r, _| Value::Picodollars(r.bill.cost.picodollars());
    cost_failed_starts ["USD"] "of that, what starts cost that never became ready, counted when they end" |r, _| Value::Picodollars(r.bill.cost_in_vain.picodollars());
};

/// Columns of `instances.csv`: one row an attempt to start an instance. Instants that were not
/// reached are empty.
pub const INSTANCES: &[Column<InstanceGetter>] = columns! {
    service [] "the service" |r, _| Text(r.service);
    revision [] "ordinal of its revision within the service, from 1" |r, _| Count(r.revision.into());
    serial [] "ordinal of the attempt within the revision, from 0" |r, _| Count(r.serial.into());
    order [] "ordinal of its start order within the revision" |r, _| r.order.map_or(Empty, |n| Count(n.into()));
    attempt [] "ordinal of the attempt within its order, from 1" |r, _| Count(r.attempt.into());
    begun_s ["s"] "start of allocating, since the end of the warm-up" |r, zero| Value::instant(r.begun, zero);
    unlocking_s ["s"] "start of unlocking" |r, zero| Value::reached(r.unlocking, zero);
    fetching_s ["s"] "start of fetching" |r, zero| Value::reached(r.fetching, zero);
    booting_s ["s"] "start of booting" |r, zero| Value::reached(r.booting, zero);
    ready_s ["s"] "ready for requests" |r, zero| Value::reached(r.ready, zero);
    draining_s ["s"] "told to stop" |r, zero| Value::reached(r.draining, zero);
    ended_s ["s"] "gone; empty while it runs on at the end of the run" |r, zero| Value::reached(r.ended, zero);
    key_calls ["calls"] "attempts of key calls" |r, _| Count(r.key_calls.into());
    key_wait_s ["s"] "time in unlocking" |r, _| Value::length(r.key_wait);
    requests ["requests"] "requests that ended in service on it" |r, _| Count(r.requests);
    reason [] "why it ended" |r, _| Text(r.reason.name());
};

/// Columns of `key_calls.csv`: one row an attempt of a key call.
pub const KEY_CALLS: &[Column<KeyCallGetter>] = columns! {
    begun_s ["s"] "sent, since the end of the warm-up" |r, zero| Value::instant(r.begun, zero);
    answered_s ["s"] "answered" |r, zero| Value::instant(r.answered, zero);
    latency_s ["s"] "from sent to answered" |r, _| Value::length(r.answered.since(r.begun));
    key [] "the key" |r, _| Text(r.key);
    version [] "its version" |r, _| Count(r.version.into());
    service [] "the service whose start or deploy called; empty for a check" |r, _| Text(r.service.unwrap_or_default());
    revision [] "ordinal of its revision; empty for a check" |r, _| r.revision.map_or(Empty, |revision| Count(revision.into()));
    serial [] "serial of the instance whose start called; empty for a check or a deploy" |r, _| r.serial.map_or(Empty, |serial| Count(serial.into()));
    purpose [] "what for" |r, _| Text(r.purpose.name());
    attempt [] "ordinal of the attempt within the call, from 1" |r, _| Count(r.attempt.into());
    outcome [] "how it ended" |r, _| Text(r.outcome.name());
    denial [] "why it was denied; empty where it was not" |r, _| Text(r.denial.map_or("", |d| d.name()));
    domain [] "the external manager's error domain; empty without one" |r, _| Text(r.domain.map_or("", |d| d.name()));
};

/// Columns of `revisions.csv`: one row a revision, as it stands at the end of the run.
pub const REVISIONS: &[Column<RevisionGetter>] = columns! {
    service [] "the service" |r, _| Text(r.service);
    revision [] "its name" |r, _| Text(r.name);
    deployed_s ["s"] "when it was deployed, since the end of the warm-up; the first one at the start of the run" |r, zero| Value::instant(r.deployed, zero);
    ready_s ["s"] "when its first instance was ready; empty where none was" |r, zero| Value::reached(r.ready, zero);
    failed_s ["s"] "when its deploy failed; empty where it did not" |r, zero| Value::reached(r.failed, zero);
    failure [] "why its deploy failed" |r, _| Text(r.failure.map_or("", |f| f.name()));
    percent ["%"] "its share of the requests" |r, _| Count(r.percent.into());
    key [] "the key that its image is encrypted with; empty without one" |r, _| Text(r.key.map_or("", |k| k.name));
    key_project [] "the key's project, which pays the quota" |r, _| Text(r.key.map_or("", |k| &k.resource.project));
    key_location [] "the key's location" |r, _| Text(r.key.map_or("", |k| &k.resource.location));
    key_ring [] "the key's ring" |r, _| Text(r.key.map_or("", |k| &k.resource.ring));
    crypto_key [] "the key's name in its ring" |r, _| Text(r.key.map_or("", |k| &k.resource.key));
    protection_level [] "where the key's material is" |r, _| Text(r.key.map_or("", |k| k.protection.name()));
    external_manager [] "the external manager that holds it; empty without one" |r, _| Text(r.key.and_then(|k| k.manager).unwrap_or_default());
    quota [] "the quota that its operations are charged to; empty without one" |r, _| Text(r.key.and_then(|k| k.quota).unwrap_or_default());
    key_version [] "the version that it is bound to" |r, _| r.key.map_or(Empty, |k| Count(k.version.into()));
    key_state [] "the version's state" |r, _| Text(r.key.map_or("", |k| k.state.name()));
    key_denial [] "why a call under that version is denied; empty where it is usable" |r, _| Text(r.key.and_then(|k| k.denial).map_or("", |d| d.name()));
};

/// Columns of `changes.csv`: one row a change of a key, a permission, a quota, a manager or a
/// revocation clock.
pub const CHANGES: &[Column<ChangeGetter>] = columns! {
    t_s ["s"] "when, since the end of the warm-up" |r, zero| Value::instant(r.at, zero);
    change [] "what changed" |r, _| Text(r.kind.name());
    subject [] "the key, manager, quota or service; for a revocation clock its revision" |r, _| Text(r.subject);
    version [] "the key version, where one is concerned" |r, _| r.version.map_or(Empty, |v| Count(v.into()));
    detail [] "an outage's domain, a quota's limit, why a revocation was detected, which revision was not ready" |r, _| Text(r.detail);
};

/// Columns of `blocks.csv`: one row a time in which a key could not be used as before.
pub const BLOCKS: &[Column<BlockGetter>] = columns! {
    kind [] "what kind of block" |r, _| Text(r.kind.name());
    subject [] "the key, manager or quota" |r, _| Text(r.subject);
    detail [] "an outage's domain, a key's state, a quota's limit" |r, _| Text(r.detail);
    from_s ["s"] "from when it had effect, since the end of the warm-up" |r, zero| Value::instant(r.from, zero);
    until_s ["s"] "until when; empty: to the end of the run" |r, zero| Value::reached(r.until, zero);
};

/// A quantile of the latency of the served requests.
fn latency<'r>(row: &'r Sample<'r>, q: f64) -> Value<'r> {
    row.latency.quantile(q, 0).map_or(Empty, |ns| Value::Nanoseconds(ns.into()))
}

/// CPU in use, in per cent of what running instances have.
fn cpu<'r>(row: &Sample<'r>) -> Value<'r> {
    let running = row.running_time.0 as f64;
    let used = row.cpu_time.filter(|_| running > 0.0);
    used.map_or(Empty, |used| Value::Ratio(100.0 * used.0 as f64 / running))
}

/// Instances in a phase.
fn phase<'r>(row: &'r Sample<'r>, phase: Phase) -> Value<'r> {
    Count(row.instances[phase as usize].into())
}

/// Key calls with an outcome.
fn calls<'r>(row: &'r Sample<'r>, outcome: CallOutcome) -> Value<'r> {
    Count(row.key_calls[outcome as usize])
}

/// Key calls for a purpose.
fn purpose<'r>(row: &Sample<'r>, purpose: CallPurpose) -> Value<'r> {
    Count(row.key_purposes[purpose as usize])
}

/// Lines of the service's log.
fn message<'r>(row: &Sample<'r>, message: Message) -> Value<'r> {
    Count(row.messages[message as usize])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Name and unit of every column, table by table.
    fn names() -> Vec<Vec<(&'static str, &'static str)>> {
        fn of<G>(columns: &[Column<G>]) -> Vec<(&'static str, &'static str)> {
            columns.iter().map(|c| (c.name, c.unit)).collect()
        }
        vec![
            of(TIMESERIES),
            of(INSTANCES),
            of(KEY_CALLS),
            of(CHANGES),
            of(BLOCKS),
            of(super::super::summary::SUMMARY),
            of(super::super::band::BANDS),
            of(super::super::quota::QUOTAS),
            of(super::super::quota::BLAST_RADIUS),
        ]
    }

    #[test]
    fn a_name_says_its_unit_and_stands_once() {
        for table in names() {
            let distinct: BTreeSet<_> = table.iter().map(|c| c.0).collect();
            assert_eq!(distinct.len(), table.len(), "{table:?}");
            for (name, unit) in table {
                let seconds = name.ends_with("_s") || name.contains("_s_");
                assert_eq!(seconds, unit == "s", "{name} has unit {unit:?}");
            }
        }
    }

    #[test]
    fn one_name_has_one_unit_in_all_tables() {
        let mut seen = std::collections::BTreeMap::new();
        for (name, unit) in names().into_iter().flatten() {
            assert_eq!(*seen.entry(name).or_insert(unit), unit, "{name}");
        }
    }
}
