//! When requests arrive, and how long each will take.
//!
//! A source owns its gaps and its service times, and draws both for every arrival whatever
//! becomes of it: the k-th request of a source has the same luck in every run of one seed.
//!
//! ```text
//! constant, poisson, profile, wave, bursty, ─► rate line, piece by piece ─► process: gaps
//! counts as means of a Poisson law             (spikes laid over it)
//! instants, counts spread over buckets ──────────────────────────────────► replay
//! ```

mod expected;
mod piece;
mod process;
mod rate;
mod replay;
mod spikes;
#[cfg(test)]
mod tests;

use rand::rngs::Xoshiro256PlusPlus;

pub use expected::expected_arrivals;
use process::RateProcess;
use rate::RateLine;
use replay::Replay;
use spikes::Spikes;

use crate::distribution::Distribution;
use crate::ids::ServiceId;
use crate::kernel::Streams;
use crate::scenario::{Load, LoadKind, Service, Spread, Trace};
use crate::units::SimTime;

/// One source of requests.
#[derive(Clone, Debug)]
pub struct Source<'s> {
    /// The service they are for.
    pub service: ServiceId,
    arrivals: Arrivals<'s>,
    gaps: Xoshiro256PlusPlus,
    work: Xoshiro256PlusPlus,
    /// Of service times, as the service began; absent where the recording has them.
    law: Option<Distribution>,
}

#[derive(Clone, Debug)]
enum Arrivals<'s> {
    Rate(RateProcess<'s>),
    Trace(Replay<'s>),
    /// None of its own: the clients of a closed loop return.
    Returns,
}

impl<'s> Source<'s> {
    /// A source at the start of a run that ends at `end`.
    pub fn new(
        service: ServiceId,
        settings: &Service,
        load: &'s Load,
        traces: &'s [Trace],
        [zero, end]: [SimTime; 2],
        streams: &Streams,
    ) -> Self {
        let entity = format!("{}/{}", settings.name, load.name);
        let arrivals = match Course::of(load, traces, zero) {
            Course::Rate(line) => {
                let even = matches!(load.kind, LoadKind::Constant { .. });
                let luck = streams.get("burst states", &entity);
                Arrivals::Rate(RateProcess::new(line, even, end, luck))
            }
            Course::Recording(trace) => Arrivals::Trace(Replay::new(trace, zero)),
            Course::Returns => Arrivals::Returns,
        };
        let recorded = match &arrivals {
            Arrivals::Trace(replay) => replay.has_works(),
            Arrivals::Rate(_) | Arrivals::Returns => false,
        };
        Self {
            service,
            arrivals,
            gaps: streams.get("arrivals", &entity),
            work: streams.get("service time", &entity),
            law: (!recorded).then(|| settings.service_time.clone()),
        }
    }

    /// The next arrival after the last one; [`SimTime::NEVER`] when there is none.
    #[inline]
    pub fn next(&mut self) -> SimTime {
        match &mut self.arrivals {
            Arrivals::Rate(process) => process.next(&mut self.gaps),
            Arrivals::Trace(replay) => replay.next(&mut self.gaps),
            Arrivals::Returns => SimTime::NEVER,
        }
    }

    /// The service time of the request that arrives now, in nanoseconds, by another law than the
    /// service began with where there is one.
    #[inline]
    pub fn work(&mut self, other: Option<&Distribution>) -> u64 {
        match (&self.law, other) {
            (Some(law), None) => law.sample(&mut self.work).0,
            (Some(law), Some(other)) => {
                // The draw of another law begins where the first one's would, and the stream goes
                // on as after the first: whatever is deployed, a request keeps its luck, and so
                // do all that follow.
                let mut luck = self.work.clone();
                law.sample(&mut self.work);
                other.sample(&mut luck).0
            }
            (None, _) => self.recorded(),
        }
    }

    /// The recorded service time of the request that arrives now.
    fn recorded(&self) -> u64 {
        match &self.arrivals {
            Arrivals::Trace(replay) => replay.work(),
            Arrivals::Rate(_) | Arrivals::Returns => 0,
        }
    }

    /// Multiplies the rate from now on; returns when the arrival that is due comes then. Recorded
    /// arrivals have no rate and keep their time.
    pub fn set_factor(&mut self, now: SimTime, factor: f64) -> Option<SimTime> {
        match &mut self.arrivals {
            Arrivals::Rate(process) => Some(process.set_factor(now, factor, &mut self.gaps)),
            Arrivals::Trace(_) | Arrivals::Returns => None,
        }
    }
}

/// What a source's arrivals follow.
enum Course<'s> {
    Rate(RateLine<'s>),
    Recording(&'s Trace),
    Returns,
}

impl<'s> Course<'s> {
    fn of(load: &'s Load, traces: &'s [Trace], zero: SimTime) -> Self {
        let spikes = Spikes::new(&load.spikes, zero);
        Self::Rate(match &load.kind {
            LoadKind::Constant { rate } | LoadKind::Poisson { rate } => {
                RateLine::constant(*rate, spikes, zero)
            }
            LoadKind::Profile { points, join } => RateLine::profile(points, *join, spikes, zero),
            LoadKind::Wave { mean, cycles } => RateLine::wave(*mean, cycles, spikes, zero),
            LoadKind::Bursty(bursty) => RateLine::bursty(bursty, spikes, zero),
            LoadKind::ClosedLoop { .. } => return Self::Returns,
            LoadKind::Trace(trace) => {
                let trace = &traces[trace.index()];
                match trace.spread {
                    Some(Spread::Poisson) => RateLine::recorded(trace, spikes, zero),
                    Some(Spread::Uniform | Spread::Even) | None => return Self::Recording(trace),
                }
            }
        })
    }
}
