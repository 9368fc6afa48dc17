//! The ride-out on paper: a fluid queue in front of what is warm when a block begins.
//!
//! Warm instances serve μ = instances × concurrency ÷ mean service time. While the load λ is
//! above μ, requests wait longer and longer: the first that will not be served in time arrives
//! w·μ/(λ−μ) after the load rose above μ, w being the time that a request may wait, and is refused
//! at w·λ/(λ−μ). From then on λ−μ are refused a second. No chance, no starts, no shutdown: what a
//! simulation should come near to where these do not matter.

use super::breakpoint::Search;
use crate::ids::ServiceId;
use crate::scenario::{Action, PendingTimeout, Service};
use crate::units::{SECOND, SimDuration};
use crate::world::expected_arrivals;

/// What paper says of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct OnPaper {
    /// The service's name.
    pub service: String,
    /// Instances that are ready when the block begins.
    pub warm: f64,
    /// What they serve, in requests a second.
    pub throughput: f64,
    /// The load when it first is above that, in requests a second.
    pub load: f64,
    /// How long a request may wait, in seconds; under a start rule its floor.
    pub wait: f64,
    /// From the block's begin to the load above the throughput, in seconds.
    pub rises: f64,
    /// From the block's begin to the first refusal, in seconds.
    pub refused: f64,
}

/// When the first request is refused that waits in vain: w·λ/(λ−μ) after the load rose; nothing
/// where the load is not above the throughput.
pub fn first_refusal(wait: f64, load: f64, throughput: f64) -> Option<f64> {
    (load > throughput).then(|| wait * load / (load - throughput))
}

/// The service that paper sees refuse first, given the instances of each that are warm; of the
/// threshold's service alone, where it has one. Nothing where what is warm carries the load to the
/// end of the run.
pub fn on_paper(search: &Search<'_>, warm: impl Fn(usize) -> f64) -> Option<OnPaper> {
    let threshold = search.scenario.thresholds.get(search.threshold)?;
    let services = search.scenario.services.iter().enumerate();
    let asked = services.filter(|(at, service)| {
        service.encryption.is_some() && threshold.service.is_none_or(|id| id.index() == *at)
    });
    let all = asked.filter_map(|(at, service)| of_service(search, at, service, warm(at)));
    // A load that is hardly above the throughput refuses nobody before the run is over.
    let left = (search.duration - search.at).as_secs_f64();
    let all = all.filter(|paper| paper.refused <= left);
    all.min_by(|a, b| a.refused.total_cmp(&b.refused))
}

fn of_service(search: &Search<'_>, at: usize, service: &Service, warm: f64) -> Option<OnPaper> {
    let wait = match service.pending_timeout {
        PendingTimeout::None => return None,
        PendingTimeout::Fixed(wait) => wait,
        PendingTimeout::StartRule { floor, .. } => floor,
    };
    let wait = wait.as_secs_f64();
    let mean = service.service_time.mean().as_secs_f64();
    let throughput = warm * f64::from(service.concurrency) / mean;
    let (first, end) = (search.at.0 / SECOND, search.duration.0 / SECOND);
    let (second, load) = (first..end)
        .filter_map(|second| Some((second, load(search, at, service, second)?)))
        .find(|(_, load)| *load > throughput)?;
    let rises = (second - first) as f64;
    let refused = rises + first_refusal(wait, load, throughput)?;
    Some(OnPaper { service: service.name.clone(), warm, throughput, load, wait, rises, refused })
}

/// The load of a service in one second after the warm-up; nothing where nobody knows before a run.
fn load(search: &Search<'_>, at: usize, service: &Service, second: u64) -> Option<f64> {
    let until = |second| SimDuration::from_secs(second);
    let of = |load| {
        let expected = |second| expected_arrivals(load, search.traces, until(second));
        Some(expected(second + 1)? - expected(second)?)
    };
    let rate: f64 = service.load.iter().map(of).sum::<Option<f64>>()?;
    let now = until(second);
    let factor = |entry: &crate::scenario::Entry| match &entry.action {
        Action::LoadStep { service, factor } if *service == ServiceId::at(at) => {
            let holds = entry.at <= now && entry.until.is_none_or(|until| now < until);
            holds.then_some(factor.0)
        }
        Action::LoadStep { .. }
        | Action::Key { .. }
        | Action::PermissionRevoke { .. }
        | Action::PermissionGrant { .. }
        | Action::ExternalOutage { .. }
        | Action::ExternalBrownout { .. }
        | Action::BackgroundStep { .. }
        | Action::QuotaSet { .. }
        | Action::Deploy(_)
        | Action::TrafficSet { .. }
        | Action::MinInstancesSet { .. }
        | Action::MaxInstancesSet { .. }
        | Action::InstanceCrash { .. }
        | Action::ScalingModeSet { .. } => None,
    };
    let factor = search.scenario.timeline.iter().filter_map(factor).next_back();
    Some(rate * factor.unwrap_or(1.0))
}
