//! Settings of a policy without a service, and the recorded series that it is replayed over.

use super::autoscaler::{Autoscaler, HpaMetric, KnativeMetric, Schedule};
use super::build::count;
use super::check::Source;
use super::problem::Problems;
use super::schema::Shape;
use super::source::{Findings, Sources};
use super::tree::Node;
use super::{checks, fill, read, syntax};

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
    /// What is probably not meant.
    pub warnings: Problems,
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
        warnings: found.into_problems(&sources),
    })
}
