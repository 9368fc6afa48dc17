//! A scenario: what a file asks for, checked.
//!
//! [`check`] takes the text of a file through these steps, and says all that is wrong at once:
//!
//! ```text
//! text ─ syntax ─> tree ─ overrides ─> tree ─ read, fill ─> every key there ─ checks, build ─> Scenario
//!                                              by schema          └─ lock ─> text again
//! ```
//!
//! The tree keeps the place of every name and value, so that a problem can be shown where it
//! stands. [`schema`] has every key as data. Nothing here opens a file or prints: a file of load
//! or of lengths is named by its path, and read by others.

pub mod autoscaler;
pub mod billing;
mod build;
mod check;
mod checks;
pub mod crash;
mod deploy;
mod dry_run;
mod fill;
mod json_schema;
pub mod kept;
pub mod keys;
mod limits;
pub mod load;
mod lock;
pub mod metric;
mod overrides;
pub mod problem;
mod read;
pub mod reference;
pub mod sample;
pub mod schema;
pub mod service;
mod source;
pub mod start;
pub mod sweep;
mod syntax;
mod table;
#[cfg(test)]
mod tests;
pub mod thresholds;
pub mod timeline;
pub mod trace;
mod tree;
mod value;
pub mod without;

pub use autoscaler::{
    Aggregation, Autoscaler, Behavior, CloudRun, Hpa, HpaMetric, HpaPolicy, Knative, KnativeMetric,
    PolicyKind, ScalingRules, Schedule, Select, Step,
};
pub use billing::{Billing, BillingModel, StartPhase};
pub use check::{Checked, Source, check, check_with};
pub use crash::{Crash, OutOfMemory};
pub use dry_run::{Decisions, DryRun, Replay, Series, Signal, check_dry_run, is_replay};
pub use json_schema::json_schema;
pub use kept::Kept;
pub use keys::{
    Background, Breaker, Check, Cost, Domain, Enforcement, ExternalManager, Key, KeyName,
    Mechanism, Outages, Pool, Propagation, Protection, Quota, Retry, RetryBudget, RetryPolicy,
    Tail, VersionState,
};
pub use load::{Bursty, Cycle, Height, Join, Load, LoadKind, Point, Spike};
pub use metric::{Metric, Statistic, Vocabulary};
pub use overrides::Override;
pub use problem::{Excerpt, Problem, Problems, Severity};
pub use reference::{Reference, Tolerance, Validation};
pub use sample::SampleFile;
pub use service::{
    Client, ClockStopsOn, Encryption, MOST_INSTANCES, PendingTimeout, Queue, Retries, Revocation,
    RevocationAction, Routing, Service, SessionAffinity,
};
pub use start::{BackOff, Probe, Start, StartLimits, StartRate};
pub use sweep::{Sweep, check_sweep};
pub use thresholds::{Comparison, Condition, Expect, Limit, Threshold, Window};
pub use timeline::{Action, Deploy, Entry, Flapping, KeyOrder, RolloutStep};
pub use trace::{Bucket, LockedFile, NamedFile, Spread, Trace, TraceFile};
pub use without::Without;

use crate::units::SimDuration;

/// A checked scenario: every number within its bounds, every name resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name: the file's stem, or what the file says.
    pub name: String,
    /// What the scenario asks, in a sentence; may be empty.
    pub question: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// Time before statistics begin.
    pub warm_up: SimDuration,
    /// Time from the end of the warm-up to the end of the run; absent: to the end of the longest
    /// trace.
    pub duration: Option<SimDuration>,
    /// Distance of the rows of the time series; absent: by the run's length.
    pub sample_interval: Option<SimDuration>,
    /// When the warm-up ends, for the times of log entries.
    pub start_time: jiff::Timestamp,
    /// Log entries after which those of key calls are left out.
    pub most_log_entries: u64,
    /// Causes of failed requests that are switched off.
    pub without: Without,
    /// Services, in the order of the file.
    pub services: Vec<Service>,
    /// Keys, in the order of the file.
    pub keys: Vec<Key>,
    /// Quotas: the file's, then those that its keys imply.
    pub quotas: Vec<Quota>,
    /// External managers, in the order of the file.
    pub external_managers: Vec<ExternalManager>,
    /// Files of load; a [`LoadKind::Trace`] names one by position.
    pub traces: Vec<TraceFile>,
    /// Files of recorded lengths, one for each law that is made of one.
    pub samples: Vec<SampleFile>,
    /// In order of time, then of the file.
    pub timeline: Vec<Entry>,
    /// What must hold of a run's results: of all services together, then by service.
    pub thresholds: Vec<Threshold>,
    /// What must hold of time series, in the order of the file.
    pub expects: Vec<Expect>,
    /// How references are looked at.
    pub validation: Validation,
    /// Numbers that runs must come to, in the order of the file.
    pub references: Vec<Reference>,
}

/// Sample intervals to choose from: the first that gives at most [`MAX_SAMPLES`] rows a service.
const SAMPLE_SECONDS: [u64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

/// Rows a service that a chosen sample interval gives at most.
const MAX_SAMPLES: u64 = 3_600;

impl Scenario {
    /// The files that it names: those of load, then those of lengths.
    pub fn files(&self) -> impl Iterator<Item = NamedFile<'_>> {
        let traces = self.traces.iter().map(|t| ("load file", &t.path, &t.key, &t.sha256));
        let samples = self.samples.iter().map(|s| ("file of lengths", &s.path, &s.key, &s.sha256));
        traces.chain(samples).map(|(noun, path, key, sha256)| NamedFile {
            noun,
            path,
            key,
            sha256: sha256.as_deref(),
        })
    }

    /// Time from the end of the warm-up to the end of the run.
    pub fn duration(&self, traces: &[Trace]) -> SimDuration {
        let ending = || traces.iter().filter(|trace| !trace.looped);
        let longest = || ending().map(|t| t.shift + t.end).max().unwrap_or_default();
        self.duration.unwrap_or_else(longest)
    }

    /// Distance of the rows of the time series for a run of this length.
    pub fn sample_interval(&self, duration: SimDuration) -> SimDuration {
        self.sample_interval.unwrap_or_else(|| Self::fitting_interval(duration))
    }

    /// Requests a second at the start, or on average of a trace: a guess to size things by.
    pub fn expected_rate(&self, traces: &[Trace]) -> f64 {
        let rate = |load: &Load| match &load.kind {
            LoadKind::Constant { rate } | LoadKind::Poisson { rate } => rate.per_second(),
            LoadKind::Wave { mean, .. } => mean.per_second(),
            LoadKind::Bursty(bursty) => bursty.mean_rate().per_second(),
            LoadKind::Profile { points, .. } => points[0].rate.per_second(),
            // A client comes back no sooner than it has thought and been served.
            LoadKind::ClosedLoop { clients, think } => {
                f64::from(*clients) / think.mean().as_secs_f64().max(1e-3)
            }
            LoadKind::Trace(trace) => {
                let trace = &traces[trace.index()];
                trace.total() as f64 / trace.end.as_secs_f64().max(1.0)
            }
        };
        self.services.iter().flat_map(|s| &s.load).map(rate).sum()
    }

    /// The shortest distance that gives a run of this length at most 3,600 rows a service.
    fn fitting_interval(duration: SimDuration) -> SimDuration {
        let fits = |s: &&u64| duration.0.div_ceil(SimDuration::from_secs(**s).0) <= MAX_SAMPLES;
        let longest = SAMPLE_SECONDS[SAMPLE_SECONDS.len() - 1];
        SimDuration::from_secs(*SAMPLE_SECONDS.iter().find(fits).unwrap_or(&longest))
    }
}
