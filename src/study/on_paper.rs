//! The ride-out on paper: a fluid queue in front of what is warm when a block begins.
//!
//! Warm instances serve μ = instances × concurrency ÷ mean service time. While the load λ is above
//! μ, requests wait longer and longer: under a load that stays, the first that will not be served
//! in time arrives w·μ/(λ−μ) after the load rose above μ, w being the time that a request may
//! wait, and is refused at w·λ/(λ−μ). From then on λ−μ are refused a second: (λ−μ)(T − wλ/(λ−μ))
//! until T. Where the load changes, the same queue is followed second by second. No chance, no
//! starts, no shutdown: what a simulation should come near to where these do not matter.

use super::breakpoint::Search;
use super::replicate::Subject;
use crate::ids::ServiceId;
use crate::record::{BlockKind, RideOut};
use crate::scenario::{Action, PendingTimeout, Service};
use crate::units::{SECOND, SimDuration, SimTime};
use crate::world::expected_arrivals;

/// Rides that are looked at; drawn outages of a long run may be thousands.
const MOST: usize = 100;

/// What paper says of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct OnPaper {
    /// The service's name.
    pub service: String,
    /// Instances that are ready when the block begins.
    pub warm: f64,
    /// What they serve, in requests a second.
    pub throughput: f64,
    /// The mean load from when the queue begins to grow to the first arrival that waits in vain, in
    /// requests a second.
    pub load: f64,
    /// How long a request may wait, in seconds; under a start rule its floor.
    pub wait: f64,
    /// From the block's begin to the queue's growth, in seconds.
    pub rises: f64,
    /// From the block's begin to the first refusal, in seconds.
    pub refused: f64,
    /// Requests refused until the block's end.
    pub lost: f64,
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
    let Search { scenario, traces, duration, .. } = *search;
    let subject = Subject { scenario, traces, duration };
    let all = asked.filter_map(|(at, _)| of_service(&subject, at, search.at, duration, warm(at)));
    all.min_by(|a, b| a.refused.total_cmp(&b.refused))
}

/// A ride through an outage, and what paper says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridden {
    /// The ride.
    pub ride: RideOut,
    /// Nothing where what is warm carries the load to the outage's end, or nobody is ever refused.
    pub paper: Option<OnPaper>,
}

/// What paper says of a run's outages, the first ones of many; of other blocks it knows nothing,
/// because instances start or are shut down in them, and of those that began in the warm-up neither.
pub fn of_rides(subject: &Subject<'_>, rides: &[RideOut]) -> Vec<Ridden> {
    let zero = SimTime::ZERO + subject.scenario.warm_up;
    let is_outage = |ride: &&RideOut| match ride.kind {
        BlockKind::OutageRetryable | BlockKind::OutageNotRetryable => ride.from >= zero,
        BlockKind::Brownout | BlockKind::KeyState | BlockKind::Permission | BlockKind::Quota => {
            false
        }
    };
    let ridden = |ride: &RideOut| {
        let services = &subject.scenario.services;
        let at = services.iter().position(|service| service.name == ride.service)?;
        let until = ride.until.map_or(subject.duration, |until| until.since(zero));
        let from = ride.from.since(zero);
        let paper = of_service(subject, at, from, until, ride.ready as f64);
        Some(Ridden { ride: ride.clone(), paper })
    };
    rides.iter().filter(is_outage).take(MOST).filter_map(ridden).collect()
}

/// A service through a block, given its instances that are warm when it begins. Nothing where
/// they carry the load to the block's end, or nobody is ever refused.
pub fn of_service(
    subject: &Subject<'_>,
    at: usize,
    from: SimDuration,
    until: SimDuration,
    warm: f64,
) -> Option<OnPaper> {
    let service = subject.scenario.services.get(at)?;
    let wait = match service.pending_timeout {
        PendingTimeout::None => return None,
        PendingTimeout::Fixed(wait) => wait,
        PendingTimeout::StartRule { floor, .. } => floor,
    };
    let wait = wait.as_secs_f64();
    let mean = service.service_time.mean().as_secs_f64();
    let throughput = warm * f64::from(service.concurrency) / mean;
    let (first, end) = (from.0 / SECOND, until.0.min(subject.duration.0).div_ceil(SECOND));
    let loads = (first..end).map_while(|second| load(subject, at, service, second));
    let fluid = Fluid::of(loads, wait, throughput)?;
    let length = until.0.min(subject.duration.0).saturating_sub(from.0) as f64 / SECOND as f64;
    (fluid.refused <= length).then(|| OnPaper {
        service: service.name.clone(),
        warm,
        throughput,
        load: fluid.load,
        wait,
        rises: fluid.rises,
        refused: fluid.refused,
        lost: fluid.lost(length),
    })
}

/// A queue of fluid that grows before what is warm.
struct Fluid {
    rises: f64,
    load: f64,
    refused: f64,
    /// What comes above the throughput after the first arrival that waits in vain: from when on
    /// since the begin, how long, and how much a second.
    above: Vec<(f64, f64, f64)>,
    wait: f64,
}

impl Fluid {
    /// Of loads second by second.
    fn of(loads: impl Iterator<Item = f64>, wait: f64, throughput: f64) -> Option<Self> {
        // What waits when a request comes that waits as long as it may.
        let full = wait * throughput;
        let (mut queue, mut rises, mut arrives) = (0.0_f64, 0.0, None);
        let mut above = Vec::new();
        for (second, load) in loads.enumerate() {
            let (begins, grows) = (second as f64, load - throughput);
            if arrives.is_none() {
                if queue == 0.0 {
                    rises = begins;
                }
                match grows > 0.0 && queue + grows >= full {
                    true => arrives = Some(begins + (full - queue) / grows),
                    false => queue = (queue + grows).max(0.0),
                }
            }
            if let Some(arrives) = arrives {
                let from = begins.max(arrives);
                above.push((from, begins + 1.0 - from, grows));
            }
        }
        let arrives = arrives?;
        // Nothing is warm: the queue does not move, and the mean load is of no matter.
        let mean = if arrives > rises { full / (arrives - rises) } else { 0.0 };
        let first = above.first().map_or(0.0, |(_, _, grows)| *grows);
        let load = throughput + if mean > 0.0 { mean } else { first };
        Some(Self { rises, load, refused: arrives + wait, above, wait })
    }

    /// Requests refused until so long after the begin: those above the throughput that came a
    /// whole wait before.
    fn lost(&self, until: f64) -> f64 {
        let part = |(from, length, grows): &(f64, f64, f64)| {
            grows.max(0.0) * (until - self.wait - from).clamp(0.0, *length)
        };
        self.above.iter().map(part).sum()
    }
}

/// The load of a service in one second after the warm-up; nothing where nobody knows before a run.
fn load(subject: &Subject<'_>, at: usize, service: &Service, second: u64) -> Option<f64> {
    let until = |second| SimDuration::from_secs(second);
    let of = |load| {
        let expected = |second| expected_arrivals(load, subject.traces, until(second));
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
    let factor = subject.scenario.timeline.iter().filter_map(factor).next_back();
    Some(rate * factor.unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(load: f64, seconds: usize) -> impl Iterator<Item = f64> {
        std::iter::repeat_n(load, seconds)
    }

    #[track_caller]
    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    /// Twelve slots of 0.2 s serve 60 a second, 90 come, each waits 10 s: the first refusal at
    /// w λ/(λ−μ) = 30 s, and (λ−μ)(T − 30 s) until T = 45 s.
    #[test]
    fn a_load_that_stays_is_the_formula() {
        let fluid = Fluid::of(steady(90.0, 60), 10.0, 60.0).expect("above");
        near(fluid.refused, first_refusal(10.0, 90.0, 60.0).expect("above"));
        near(fluid.refused, 30.0);
        near(fluid.load, 90.0);
        near(fluid.lost(45.0), 450.0);
        near(fluid.lost(29.0), 0.0);
        let nothing_warm = Fluid::of(steady(5.0, 60), 10.0, 0.0).expect("above");
        near(nothing_warm.refused, 10.0);
        near(nothing_warm.load, 5.0);
        near(nothing_warm.lost(20.0), 50.0);
        assert!(Fluid::of(steady(60.0, 60), 10.0, 60.0).is_none(), "never above");
        assert!(Fluid::of(steady(90.0, 19), 10.0, 60.0).is_none(), "over before");
    }

    /// A ramp of one a second each second above μ = 60 from the tenth second on: the queue is the
    /// sum 1 + 2 + …, and 60 × 2 s wait in it within the sixteenth second of growth (15 × 16 / 2 =
    /// 120).
    #[test]
    fn a_ramp_is_followed() {
        let ramp = (0..60).map(|s| if s < 10 { 20.0 } else { 60.0 + f64::from(s - 9) });
        let fluid = Fluid::of(ramp, 2.0, 60.0).expect("above");
        near(fluid.rises, 10.0);
        near(fluid.refused, 10.0 + 15.0 + 2.0);
        near(fluid.load, 60.0 + 120.0 / 15.0);
        // Of the seconds after that, 16 and 17 above.
        near(fluid.lost(29.0), 33.0);
    }
}
