//! A scenario: what a file asks for, checked. Opens no file.
//!
//! Text → tree ([`check`]: limits, TOML, overrides) → tree by the schema, defaults filled in →
//! typed [`Scenario`]. Every problem keeps its place, and all of them are told at once.

pub mod autoscaler;
mod build;
mod cross;
mod derive;
pub mod keys;
mod limits;
pub mod load;
mod lock;
mod overrides;
pub mod problem;
mod read;
pub mod schema;
pub mod service;
mod source;
mod syntax;
mod table;
pub mod timeline;
mod tree;
mod value;

pub use autoscaler::{Autoscaler, CloudRun};
pub use keys::{Check, Enforcement, ExternalManager, Key, KeyName, Pool, Protection, Quota, Retry};
pub use load::{Bucket, Join, Load, LoadKind, Point, Spread, Trace, TraceFile};
pub use overrides::Override;
pub use problem::{Excerpt, Problem, Problems, Severity};
pub use service::{
    BackOff, ClockStopsOn, Encryption, PendingTimeout, Revocation, RevocationAction, Routing,
    Service, Start,
};
pub use timeline::{Action, Domain, Entry};

use std::path::Path;

use crate::units::SimDuration;

/// The text of a scenario and where it is from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The path that messages show.
    pub origin: &'a str,
    /// The text.
    pub text: &'a str,
    /// The scenario's name where the text has none.
    pub stem: &'a str,
    /// Paths in the text are relative to this folder.
    pub folder: &'a Path,
}

/// A scenario that can run.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The scenario.
    pub scenario: Scenario,
    /// What is odd, but not wrong.
    pub warnings: Problems,
    tree: tree::Node,
}

/// Checks a scenario's text with overrides applied. A path in an override is relative to
/// `working_folder`.
///
/// # Errors
/// Everything that is wrong, in the order of the text.
pub fn check(
    source: &Source<'_>,
    overrides: &[Override],
    working_folder: &Path,
) -> Result<Checked, Problems> {
    let mut sources = source::Sources::new(source.origin, source.text);
    let mut found = source::Findings::default();
    let (mut tree, whole) = syntax::parse(source.text, &mut found);
    if !whole {
        return Err(found.into_problems(&sources));
    }
    let schema = schema::Shape::root();
    for given in overrides {
        overrides::apply(&mut tree, given, &schema, &mut sources, &mut found);
    }
    read::read(&mut tree, &schema, &mut found);
    derive::derive(&mut tree, source.stem);
    cross::of_tree(&tree, &sources, &mut found);
    let (root, folder, traces) = (&tree, source.folder, Vec::new());
    let mut builder = build::Builder { root, found: &mut found, folder, working_folder, traces };
    let scenario = builder.scenario();
    if let Some(scenario) = &scenario {
        cross::of_scenario(scenario, &tree, &mut found);
    }
    match scenario {
        Some(scenario) if !found.has_errors() => {
            Ok(Checked { scenario, warnings: found.into_problems(&sources), tree })
        }
        _ => Err(found.into_problems(&sources)),
    }
}

impl Checked {
    /// The scenario as TOML with every default filled in; `traces` are names to put in place of
    /// the files of load, in their order.
    pub fn lock(&self, traces: &[String]) -> String {
        let mut tree = self.tree.clone();
        let mut names = traces.iter();
        let services = tree.get_mut("services").and_then(tree::Node::entries_mut);
        for service in services.into_iter().flatten() {
            let Some(load) = service.node.get_mut("load") else { continue };
            for source in load.items_mut() {
                let file = source.get_mut("trace").and_then(|t| t.get_mut("file"));
                if let Some(file) = file
                    && let Some(name) = names.next()
                {
                    file.value = tree::Value::Text(name.clone());
                }
            }
        }
        lock::print(&tree, &schema::Shape::root())
    }
}

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
    /// In order of time, then of the file.
    pub timeline: Vec<Entry>,
}

/// Sample intervals to choose from: the first that gives at most [`MAX_SAMPLES`] rows a service.
const SAMPLE_SECONDS: [u64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

/// Rows a service that a chosen sample interval gives at most.
const MAX_SAMPLES: u64 = 3_600;

impl Scenario {
    /// Time from the end of the warm-up to the end of the run.
    pub fn duration(&self, traces: &[Trace]) -> SimDuration {
        let longest = || traces.iter().map(|t| t.end).max().unwrap_or_default();
        self.duration.unwrap_or_else(longest)
    }

    /// Distance of the rows of the time series for a run of this length.
    pub fn sample_interval(&self, duration: SimDuration) -> SimDuration {
        self.sample_interval.unwrap_or_else(|| {
            let fits = |s: &&u64| duration.0.div_ceil(SimDuration::from_secs(**s).0) <= MAX_SAMPLES;
            let longest = SAMPLE_SECONDS[SAMPLE_SECONDS.len() - 1];
            SimDuration::from_secs(*SAMPLE_SECONDS.iter().find(fits).unwrap_or(&longest))
        })
    }

    /// Requests a second at the start, or on average of a trace: a guess to size things by.
    pub fn expected_rate(&self, traces: &[Trace]) -> f64 {
        let rate = |load: &Load| match &load.kind {
            LoadKind::Poisson { rate } => rate.per_second(),
            LoadKind::Profile { points, .. } => points[0].rate.per_second(),
            LoadKind::Trace(trace) => {
                let trace = &traces[trace.index()];
                trace.total() as f64 / trace.end.as_secs_f64().max(1.0)
            }
        };
        self.services.iter().flat_map(|s| &s.load).map(rate).sum()
    }
}
