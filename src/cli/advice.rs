//! What a person should know before believing the numbers of a run: warnings that teach.

use super::console::Console;
use super::numbers::{count, length, share};
use crate::record::{CallOutcome, SummaryRow};
use crate::scenario::{Autoscaler, PendingTimeout, Scenario, Service};

/// Share of failed requests from which the percentiles of the served ones mislead.
const NOTABLE: f64 = 0.01;

/// Prints the advice on a run's services.
pub(super) fn advise(scenario: &Scenario, summary: &[SummaryRow], console: &mut Console<'_>) {
    for service in &scenario.services {
        if let Some(row) = summary.iter().find(|row| row.service == service.name) {
            for (what, help) in advice(service, row) {
                console.advise(&what, &help);
            }
        }
    }
}

/// The advice on one service: what, and what to do about it.
fn advice(service: &Service, row: &SummaryRow) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let name = &service.name;
    let over_quota = row.key_calls[CallOutcome::Quota as usize];
    let decrypts = service.encryption.as_ref().map_or(0, |e| e.decrypts_per_start);
    let settled = row.starts.begun - row.starts.cancelled.min(row.starts.begun);
    if decrypts >= 2 && over_quota > 0 && row.starts.ready < settled / 2 {
        let (ready, begun) = (count(row.starts.ready), count(row.starts.begun));
        found.push((
            format!(
                "{name}: the quota thrashes: {} key calls were over it and {ready} of {begun} \
                 starts became ready",
                count(over_quota),
            ),
            format!(
                "a start needs {decrypts} decrypts, and one that is denied its last has spent the \
                 others in vain: raise the quota, or start fewer at once with more min_instances"
            ),
        ));
    }
    let failed = row.failed_ratio().unwrap_or(0.0);
    let limit = match service.pending_timeout {
        PendingTimeout::None => None,
        PendingTimeout::Fixed(limit) => Some(length(limit)),
        PendingTimeout::StartRule { floor, .. } => Some(format!("{} or more", length(floor))),
    };
    if let (Some(limit), true, Some(p99)) =
        (limit, row.requests.refused > 0 && failed >= NOTABLE, row.latency.p99)
    {
        found.push((
            format!(
                "{name}: the p99 of {} is of served requests, which wait no longer than \
                 pending_timeout ({limit}); {} of all failed",
                length(p99),
                share(failed),
            ),
            "read them together, or take latency_with_failures_s_p99 from summary.csv".to_owned(),
        ));
    }
    // As many as the mean load would fill, if they were filled one after another.
    let load = row.in_flight_mean().unwrap_or(0.0);
    let filled = (load / f64::from(service.concurrency)).ceil().max(service.min_instances.into());
    let fixed = matches!(service.autoscaler, Autoscaler::Fixed { .. });
    let needless = row.instances_ready_max as f64 > filled && row.duration > service.idle_timeout;
    if service.routing.spreads() && row.expired == 0 && needless && !fixed {
        found.push((
            format!(
                "{name}: no instance was stopped for being idle: the routing {} gives each of them \
                 requests all the time, so such a run never scales in",
                service.routing.name(),
            ),
            "take fullest_below_target to see instances fall idle, or a shorter idle_timeout"
                .to_owned(),
        ));
    }
    if row.pending > 0 {
        found.push((
            format!(
                "{name}: {} requests were still waiting at the end and count neither as served nor \
                 as failed",
                count(row.pending),
            ),
            "let the run go on for longer, with duration".to_owned(),
        ));
    }
    found
}
