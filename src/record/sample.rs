//! Facts for tests: plausible ones to change a field of.

use super::{
    Block, BlockKind, CallOutcome, CallPurpose, Cause, KeyCall, Phase, Requests, Sample, Starts,
    Total,
};
use crate::scenario::Domain;
use crate::stats::Histogram;
use crate::units::{SECOND, SimDuration, SimTime};

/// A quiet second of a service with one idle instance, starting `second` after the warm-up of
/// one minute.
pub fn sample<'a>(service: &'a str, second: u64, latency: &'a Histogram) -> Sample<'a> {
    let from = SimTime((60 + second) * SECOND);
    let mut instances = [0; Phase::COUNT];
    instances[Phase::Idle as usize] = 1;
    Sample {
        from,
        until: from + SimDuration::from_secs(1),
        service,
        requests: Requests::default(),
        latency,
        pending: 0,
        oldest_wait: SimDuration::ZERO,
        in_flight: 0,
        instances,
        grace_idle: 0,
        grace_busy: 0,
        backing_off: 0,
        wanted: 1,
        min_instances: 1,
        max_instances: 100,
        starts: Starts::default(),
        key_calls: [0; CallOutcome::COUNT],
        quota_limit: None,
        quota_used: None,
        instance_time: SimDuration::from_secs(1),
    }
}

/// A total of a run of 100 s after a warm-up of one minute, with 90 served and 10 refused.
pub fn total<'a>(service: &'a str, latency: &'a Histogram) -> Total<'a> {
    let mut blame = [0; Cause::COUNT];
    blame[Cause::KeyOutage as usize] = 7_500_000;
    blame[Cause::Starting as usize] = 2_500_000;
    Total {
        service,
        from: SimTime(60 * SECOND),
        until: SimTime(160 * SECOND),
        carried_in: 0,
        requests: Requests { arrivals: 100, served: 90, refused: 10, ..Requests::default() },
        pending: 0,
        in_flight: 0,
        latency,
        latency_sum: 0,
        blame,
        in_flight_time: 50 * u128::from(SECOND),
        pending_time: 0,
        instance_time: 200 * u128::from(SECOND),
        pending_max: 0,
        ready_max: 2,
        starts: Starts::default(),
        starting_before: 0,
        starting_after: 0,
        key_calls: [0; CallOutcome::COUNT],
        calling_before: 0,
        calls_begun: 0,
        calls_dropped: 0,
        calling_after: 0,
        revoked: 0,
        first_block: Some(SimTime(70 * SECOND)),
        first_key_failure: Some(SimTime(83_500_000_000)),
        last_key_failure: Some(SimTime(90 * SECOND)),
        revocation_detected: None,
        data_unreachable: None,
    }
}

/// An outage ten seconds after the warm-up that outlasts the run.
pub fn block() -> Block<'static> {
    Block {
        kind: BlockKind::OutageRetryable,
        subject: "ekm",
        detail: "TIMEOUT",
        from: SimTime(70 * SECOND),
        until: None,
    }
}

/// A check's call that went unanswered.
pub fn key_call() -> KeyCall<'static> {
    KeyCall {
        begun: SimTime(59 * SECOND),
        answered: SimTime(59_300_000_000),
        key: "images",
        version: 1,
        service: None,
        serial: None,
        purpose: CallPurpose::CheckDecrypt,
        attempt: 1,
        outcome: CallOutcome::Timeout,
        denial: None,
        domain: Some(Domain::Timeout),
    }
}
