//! The arrivals a file may ask for.

use super::build::{Build, count, law, length, number, ratio, text};
use super::trace::TraceFile;
use super::tree::Node;
use crate::distribution::Distribution;
use crate::ids::TraceId;
use crate::units::{Rate, Ratio, SimDuration};

/// One source of a service's requests; a service's sources add up.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Its name among the service's sources: part of its random streams' name.
    pub name: String,
    /// When requests come.
    pub kind: LoadKind,
    /// What is laid over its rate; nothing over recorded arrivals, which have none.
    pub spikes: Vec<Spike>,
}

/// When a source's requests come.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadKind {
    /// Even gaps, the first from the start of the run.
    Constant {
        /// Requests per second.
        rate: Rate,
    },
    /// Exponential gaps.
    Poisson {
        /// Mean requests per second.
        rate: Rate,
    },
    /// A Poisson process whose rate changes with time, by exact inversion of the rate's integral.
    Profile {
        /// At least one; instants rise strictly. Before the first its rate holds, after the last
        /// its rate.
        points: Vec<Point>,
        /// How points are joined.
        join: Join,
    },
    /// A Poisson process whose rate is the mean times 1 + amplitude × cos(2π (t - peak) ÷ period)
    /// for each cycle, by exact thinning.
    Wave {
        /// The mean of the rate over whole cycles.
        mean: Rate,
        /// At least one.
        cycles: Vec<Cycle>,
    },
    /// A Poisson process with two rates, each for exponential times.
    Bursty(Bursty),
    /// A recorded load: which of the traces handed to the world.
    Trace(TraceId),
    /// So many clients, each of which sends its next request a time to think after its last one
    /// ended; a service has one at most.
    ClosedLoop {
        /// Clients.
        clients: u32,
        /// From the end of a request to the client's next one.
        think: Distribution,
    },
}

/// A rate from an instant on, counted from the end of the warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Since the end of the warm-up.
    pub at: SimDuration,
    /// The rate there.
    pub rate: Rate,
}

/// How the points of a profile are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Each rate holds until the next point.
    Steps,
    /// Straight lines between points.
    Lines,
}

/// A rise and fall that repeats, such as a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cycle {
    /// Its length.
    pub period: SimDuration,
    /// How far the rate goes above and below its mean, as a share of it; 1 at most.
    pub amplitude: Ratio,
    /// An instant of the highest rate, since the end of the warm-up.
    pub peak: SimDuration,
}

/// A Markov-modulated Poisson process of two states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursty {
    /// The rate in each state.
    pub rates: [Rate; 2],
    /// The mean time until each state is left, above zero.
    pub sojourns: [SimDuration; 2],
}

impl Bursty {
    /// Two states of the same mean length around a mean rate, as far from it as gives this index
    /// of dispersion: at most [`Self::most_dispersion`].
    fn of_dispersion(rate: Rate, dispersion: f64, sojourn: SimDuration) -> Self {
        let most = Self::most_dispersion(rate, sojourn);
        let swing = match most > 1.0 {
            true => ((dispersion - 1.0) / (most - 1.0)).sqrt().min(1.0),
            false => 0.0,
        };
        let rates = [1.0 - swing, 1.0 + swing].map(|share| Rate(rate.per_second() * share));
        Self { rates, sojourns: [sojourn; 2] }
    }

    /// The index of dispersion of two states of the same mean length, one of which brings nothing:
    /// [`Self::dispersion`] with rates 0 and twice the mean.
    pub(super) fn most_dispersion(rate: Rate, sojourn: SimDuration) -> f64 {
        1.0 + rate.per_second() * sojourn.as_secs_f64()
    }

    /// The mean rate: each state's for the share of time that it takes.
    pub fn mean_rate(&self) -> Rate {
        let [a, b] = self.sojourns.map(SimDuration::as_secs_f64);
        let [low, high] = self.rates.map(Rate::per_second);
        Rate((low * a + high * b) / (a + b))
    }

    /// Variance over mean of the number of arrivals in a long time; 1 for a Poisson process
    /// (Fischer and Meier-Hellstern, The Markov-modulated Poisson process cookbook, Performance
    /// Evaluation 18, 1992: 1 + 2 (λ₁ - λ₂)² r₁ r₂ ÷ ((r₁ + r₂)² (λ₁ r₂ + λ₂ r₁)), r = 1 ÷ sojourn).
    pub fn dispersion(&self) -> f64 {
        let [r1, r2] = self.sojourns.map(|s| 1.0 / s.as_secs_f64());
        let [l1, l2] = self.rates.map(Rate::per_second);
        let (apart, both, mean) = (l1 - l2, r1 + r2, l1 * r2 + l2 * r1);
        if mean == 0.0 { 1.0 } else { 1.0 + 2.0 * apart * apart * r1 * r2 / (both * both * mean) }
    }
}

/// More load for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// When it begins, since the end of the warm-up.
    pub at: SimDuration,
    /// How long it is, ramps included.
    pub length: SimDuration,
    /// How long it rises in a straight line, and how long it falls; half its length at most.
    pub ramp: SimDuration,
    /// From one to the next, at least its length; absent: it comes once.
    pub every: Option<SimDuration>,
    /// What it adds.
    pub height: Height,
}

/// What a spike adds at its height. Spikes at the same time add up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Height {
    /// The rate below it becomes so many times what it is, 1 or more.
    Factor(f64),
    /// Requests per second.
    Added(Rate),
}

impl Load {
    /// A source of a checked table; the path is the table's.
    pub(super) fn build(source: &Node, path: &str, build: &mut Build<'_>) -> Self {
        let spikes = source.get("spikes").map(Node::items).unwrap_or_default();
        Self {
            name: text(source, "name").to_owned(),
            kind: LoadKind::build(source, path, build),
            spikes: spikes.iter().map(Spike::build).collect(),
        }
    }
}

impl LoadKind {
    fn build(source: &Node, path: &str, build: &mut Build<'_>) -> Self {
        if let Some(constant) = source.get("constant") {
            let every = constant.get("every").and_then(Node::duration);
            let spaced = every.map(|gap| Rate(1.0 / gap.as_secs_f64()));
            Self::Constant { rate: spaced.unwrap_or_else(|| rate(constant, "rate")) }
        } else if let Some(poisson) = source.get("poisson") {
            Self::Poisson { rate: rate(poisson, "rate") }
        } else if let Some(profile) = source.get("profile") {
            let join = match text(profile, "join") {
                "lines" => Join::Lines,
                _ => Join::Steps,
            };
            let points = profile.get("points").map(Node::items).unwrap_or_default();
            let point = |p: &Node| Point { at: length(p, "at"), rate: rate(p, "rate") };
            Self::Profile { points: points.iter().map(point).collect(), join }
        } else if let Some(wave) = source.get("wave") {
            let cycles = wave.get("cycles").map(Node::items).unwrap_or_default();
            let cycle = |c: &Node| Cycle {
                period: length(c, "period"),
                amplitude: ratio(c, "amplitude"),
                peak: length(c, "peak"),
            };
            Self::Wave { mean: rate(wave, "mean"), cycles: cycles.iter().map(cycle).collect() }
        } else if let Some(bursty) = source.get("bursty") {
            Self::Bursty(Bursty::build(bursty))
        } else if let Some(closed) = source.get("closed_loop") {
            Self::ClosedLoop { clients: count(closed, "clients"), think: law(closed, "think") }
        } else {
            let trace = TraceFile::build(source, format!("{path}.trace.file"), build);
            build.traces.push(trace);
            Self::Trace(TraceId::at(build.traces.len() - 1))
        }
    }
}

impl Bursty {
    fn build(bursty: &Node) -> Self {
        if bursty.get("dispersion").is_some() {
            let (dispersion, sojourn) = (number(bursty, "dispersion"), length(bursty, "sojourn"));
            return Self::of_dispersion(rate(bursty, "rate"), dispersion, sojourn);
        }
        Self {
            rates: ["low", "high"].map(|key| rate(bursty, key)),
            sojourns: ["low_for", "high_for"].map(|key| length(bursty, key)),
        }
    }
}

impl Spike {
    fn build(spike: &Node) -> Self {
        Self {
            at: length(spike, "at"),
            length: length(spike, "for"),
            ramp: length(spike, "ramp"),
            every: spike.get("every").and_then(Node::duration),
            height: match spike.get("factor") {
                Some(_) => Height::Factor(number(spike, "factor")),
                None => Height::Added(rate(spike, "added")),
            },
        }
    }
}

fn rate(table: &Node, key: &str) -> Rate {
    table.get(key).and_then(Node::rate).unwrap_or_default()
}
