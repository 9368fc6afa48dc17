//! Settings of a policy without a service, and the recorded series that it is replayed over.

use std::path::{Path, PathBuf};

use super::autoscaler::{Autoscaler, HpaMetric, KnativeMetric, Schedule};
use super::build::{count, text};
use super::check::Source;
use super::problem::Problems;
use super::schema::Shape;
use super::source::{Findings, Sources};
use super::tree::Node;
use super::{checks, fill, read, syntax};
use crate::units::SimDuration;

/// A policy to be replayed.
#[derive(Clone, Debug, PartialEq)]
pub struct DryRun {
    /// The policy.
    pub autoscaler: Autoscaler,
    /// A minimum over it.
    pub schedule: Option<Schedule>,
    /// Requests an instance takes at once; zero: any number.
    pub container_concurrency: u32,
    /// Least instances.
    pub min_instances: u32,
    /// Most instances.
    pub max_instances: u32,
    /// What it must decide over which series, where the settings say so.
    pub replay: Option<Replay>,
    /// What is probably not meant.
    pub warnings: Problems,
}

/// A series, and what a policy must decide over it.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The file of the series, as the reader must open it.
    pub series: PathBuf,
    /// Time from wanting an instance to having it ready; absent: the series says how many were.
    pub startup: Option<SimDuration>,
    /// The file of the decisions, as the reader must open it.
    pub decisions: PathBuf,
    /// Who says so.
    pub source: String,
}

/// Decisions that must come out of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// A row a decision: a cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// A series of whole seconds without gaps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The first second.
    pub first: u64,
    /// Seconds.
    pub length: usize,
    /// Instances ready in each; empty where the series has the offered load instead.
    pub ready: Vec<u32>,
    /// What was observed in each, by [`Signal`]; empty where that was not asked for or is not
    /// there, and absent in a second without a report.
    pub signals: [Vec<Option<f64>>; Signal::COUNT],
}

/// What a series says of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Requests in the revision.
    Concurrency,
    /// Requests that came.
    Rps,
    /// CPU in per cent of the request, mean over the ready instances.
    CpuUtilization,
    /// Concurrency or rate that was offered.
    Load,
}

impl Signal {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// The column's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::Rps => "rps",
            Self::CpuUtilization => "cpu_utilization",
            Self::Load => "load",
        }
    }
}

impl Series {
    /// What was observed in a second, by its position.
    pub fn at(&self, signal: Signal, position: usize) -> Option<f64> {
        self.signals[signal as usize].get(position).copied().flatten()
    }
}

impl Replay {
    fn build(table: &Node, folder: &Path) -> Self {
        Self {
            series: folder.join(text(table, "series")),
            startup: table.get("startup").and_then(Node::duration),
            decisions: folder.join(text(table, "decisions")),
            source: text(table, "source").to_owned(),
        }
    }
}

impl DryRun {
    /// What the policy looks at; of several one is enough.
    pub fn signals(&self) -> &'static [Signal] {
        match &self.autoscaler {
            Autoscaler::CloudRun(settings) => match settings.concurrency_target {
                Some(_) => &[Signal::Concurrency, Signal::CpuUtilization],
                None => &[Signal::CpuUtilization],
            },
            Autoscaler::Knative(settings) => match settings.metric {
                KnativeMetric::Concurrency => &[Signal::Concurrency],
                KnativeMetric::Rps => &[Signal::Rps],
            },
            Autoscaler::Hpa(settings) => match settings.metric {
                HpaMetric::Cpu => &[Signal::CpuUtilization],
                HpaMetric::Concurrency => &[Signal::Concurrency],
                HpaMetric::Rps => &[Signal::Rps],
            },
            Autoscaler::PerRequest => &[Signal::Concurrency],
            Autoscaler::Fixed { .. } => &[],
        }
    }
}

/// Whether a text is settings of a policy that say what it must decide, and no scenario.
pub fn is_replay(text: &str) -> bool {
    syntax::parse(text, &mut Findings::default()).0.get("replay").is_some()
}

/// Reads the settings of a policy: one table `[autoscaler.NAME]`, and `container_concurrency`.
///
/// # Errors
/// All that is wrong with the text, in source order, warnings among them.
pub fn check_dry_run(source: &Source<'_>) -> Result<DryRun, Problems> {
    let schema = Shape::dry_run();
    let mut found = Findings::default();
    let sources = Sources::new(source.origin, source.text);
    let (mut root, whole) = syntax::parse(source.text, &mut found);
    if !whole {
        return Err(found.into_problems(&sources));
    }
    read::read(&mut root, &schema, &mut found);
    if let Some(table) = root.get_mut("autoscaler") {
        fill::autoscaler(table);
    }
    checks::dry_run(&root, &sources, &mut found);
    if found.has_errors() {
        return Err(found.into_problems(&sources));
    }
    let table = root.get("autoscaler").unwrap_or(&root);
    let autoscaler = Autoscaler::build(table);
    let concurrency = root.get("container_concurrency").and_then(Node::whole);
    let unsaid = if matches!(autoscaler, Autoscaler::CloudRun(_)) { 80 } else { 0 };
    Ok(DryRun {
        autoscaler,
        schedule: Schedule::of(table),
        container_concurrency: concurrency.unwrap_or(unsaid),
        min_instances: count(&root, "min_instances"),
        max_instances: count(&root, "max_instances"),
        replay: root.get("replay").map(|table| Replay::build(table, source.folder)),
        warnings: found.into_problems(&sources),
    })
}
