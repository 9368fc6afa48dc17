//! Facts for tests: plausible ones to change a field of.

use super::{
    Bill, CallOutcome, CallPurpose, Cause, Lives, Message, Milestones, Phase, Requests, Sample,
    Starts, Total,
};
use crate::stats::Histogram;
use crate::units::{SECOND, SimDuration, SimTime};

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
        bill: Bill::default(),
        lives: Lives::default(),
        milestones: Milestones::default(),
        pending_max: 0,
        ready_max: 2,
        starts: Starts::default(),
        starting_before: 0,
        starting_after: 0,
        key_calls: [0; CallOutcome::COUNT],
        calling_before: 0,
        calls_begun: 0,
        calls_dropped: 0,
        calls_lost: 0,
        calling_after: 0,
        quota: None,
        revoked: 0,
        expired: 0,
        crashed: 0,
        out_of_memory: 0,
        first_block: Some(SimTime(70 * SECOND)),
        first_key_failure: Some(SimTime(83_500_000_000)),
        last_key_failure: Some(SimTime(90 * SECOND)),
        revocation_detected: None,
        data_unreachable: None,
    }
}

/// A second in which nothing happens.
pub fn second<'a>(at: u64, service: &'a str, latency: &'a Histogram) -> Sample<'a> {
    Sample {
        from: SimTime(at * SECOND),
        until: SimTime((at + 1) * SECOND),
        service,
        revision: "",
        requests: Requests::default(),
        latency,
        pending: 0,
        oldest_wait: SimDuration::ZERO,
        in_flight: 0,
        instances: [0; Phase::COUNT],
        grace_idle: 0,
        grace_busy: 0,
        backing_off: 0,
        starts_waiting: 0,
        wanted: 0,
        min_instances: 0,
        max_instances: 0,
        starts: Starts::default(),
        key_calls: [0; CallOutcome::COUNT],
        key_purposes: [0; CallPurpose::COUNT],
        messages: [0; Message::COUNT],
        quota_limit: None,
        quota_used: None,
        instance_time: SimDuration::ZERO,
        bill: Bill::default(),
        running_time: SimDuration::ZERO,
        cpu_time: None,
    }
}
