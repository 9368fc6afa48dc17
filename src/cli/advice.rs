//! What a person should know before believing the numbers of a run: warnings that teach.

use super::console::Console;
use super::numbers::{count, length, share};
use crate::record::{CallOutcome, SummaryRow};
use crate::scenario::{Autoscaler, PendingTimeout, Scenario, Service};

/// Share of failed requests from which the percentiles of the served ones mislead.
const NOTABLE: f64 = 0.01;

/// Share of the granted key calls from which those lost to later denials are worth a word.
const THRASHING: f64 = 0.05;

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
    let granted = row.key_calls[CallOutcome::Ok as usize];
    if decrypts >= 2 && row.calls_lost as f64 >= THRASHING * granted.max(1) as f64 {
        let (ready, begun) = (count(row.starts.ready), count(row.starts.begun));
        found.push((
            format!(
                "{name}: the quota thrashes: {} of {} granted key calls were lost with starts that \
                 were denied the next one ({} were over quota), and {ready} of {begun} starts \
                 became ready",
                count(row.calls_lost),
                count(granted),
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::{Total, sample};
    use crate::scenario::{Source, check};
    use crate::stats::Histogram;

    /// The service of a scenario that is charged to a quota.
    fn service() -> Service {
        let text = "duration='1m'\n[services.web]\nservice_time.constant='1s'\n\
                    encryption.key='k'\n[keys.k]\nprotection_level='HSM'\n\
                    resource='projects/p/locations/us-central1/keyRings/r/cryptoKeys/k'\n";
        let source = Source { origin: "a", text, stem: "a", folder: Path::new("") };
        check(&source, &[], Path::new("")).expect("no errors").scenario.services.remove(0)
    }

    /// A quota thrashes where starts lose what they were granted to later denials, and not where
    /// they are denied their first call however often.
    #[test]
    fn a_quota_thrashes_where_grants_are_lost() {
        let said = |granted: u64, lost: u64, decrypts: u32| {
            let mut service = service();
            if let Some(encryption) = &mut service.encryption {
                encryption.decrypts_per_start = decrypts;
            }
            let latency = Histogram::default();
            let mut total: Total<'_> = sample::total("web", &latency);
            total.key_calls[CallOutcome::Ok as usize] = granted;
            total.key_calls[CallOutcome::Quota as usize] = 500;
            total.calls_lost = lost;
            let found = advice(&service, &SummaryRow::new(&total));
            let thrashing = |(what, _): &&(String, String)| what.contains("the quota thrashes");
            found.iter().find(thrashing).cloned()
        };
        let (what, help) = said(100, 60, 2).expect("a warning");
        assert!(what.starts_with("web: the quota thrashes: 60 of 100 granted key calls were lost"));
        assert!(help.contains("raise the quota"), "{help}");
        assert!(said(100, 5, 2).is_some() && said(0, 0, 2).is_none());
        assert!(said(100, 4, 2).is_none() && said(1_000, 0, 2).is_none());
    }
}
