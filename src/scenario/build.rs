//! From a checked tree to values; the builders of the types stand beside the types.
//!
//! Here nothing can be missing or wrong any more. Where a builder must say what an absent value
//! would be, that is never used.

use std::collections::BTreeMap;
use std::path::Path;

use super::deploy::Laid;
use super::fill::{covers, pool};
use super::keys::{ExternalManager, Key, Quota};
use super::reference::{Reference, Validation};
use super::sample;
use super::service::Service;
use super::source::Place;
use super::thresholds::{Expect, Threshold};
use super::timeline::Entry;
use super::trace::TraceFile;
use super::tree::Node;
use super::without::Without;
use super::{Scenario, tree};
use crate::distribution::Distribution;
use crate::ids::QuotaId;
use crate::units::{Ratio, SimDuration};

/// What builders share.
pub(super) struct Build<'a> {
    /// What paths in the file are relative to.
    pub folder: &'a Path,
    /// What paths in overrides are relative to.
    pub working_folder: &'a Path,
    /// Recorded loads so far.
    pub traces: Vec<TraceFile>,
    positions: BTreeMap<(&'a str, &'a str), usize>,
    quotas: BTreeMap<[&'a str; 3], usize>,
}

impl<'a> Build<'a> {
    fn new(root: &'a Node, folder: &'a Path, working_folder: &'a Path) -> Self {
        let mut positions = BTreeMap::new();
        for table in ["services", "keys", "quotas", "external_managers"] {
            for (position, entry) in tables(root, table).iter().enumerate() {
                positions.insert((table, entry.key.as_str()), position);
            }
        }
        let quotas = tables(root, "quotas").iter().enumerate();
        let quotas = quotas.filter_map(|(at, quota)| Some((covers(&quota.node)?, at))).collect();
        Self { folder, working_folder, traces: Vec::new(), positions, quotas }
    }

    /// The folder that a path is relative to: the person's own for an override.
    pub fn folder_of(&self, place: &Place) -> &'a Path {
        if place.source == 0 { self.folder } else { self.working_folder }
    }

    /// The position of a name that the checks have found.
    pub fn position(&self, table: &str, name: &str) -> usize {
        self.positions.get(&(table, name)).copied().unwrap_or_default()
    }

    /// The quota that a key is charged to.
    pub fn quota_of(&self, key: &Node) -> Option<QuotaId> {
        let (name, pool) = pool(key)?;
        let position = self.quotas.get(&[name.project.as_str(), name.location.as_str(), pool]);
        position.copied().map(QuotaId::at)
    }
}

/// The scenario of a tree that has passed all checks.
pub(super) fn build(root: &Node, laid: &[Laid], folder: &Path, working_folder: &Path) -> Scenario {
    let mut build = Build::new(root, folder, working_folder);
    let services = tables(root, "services").iter().map(|s| Service::build(s, &mut build)).collect();
    let timeline = root.get("timeline").map(Node::items).unwrap_or_default();
    let mut deployed: BTreeMap<usize, Service> =
        laid.iter().map(|d| (d.entry, Service::build(&d.service, &mut build))).collect();
    let mut timeline: Vec<Entry> = timeline
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| Entry::build(entry, &build, deployed.remove(&at)))
        .collect();
    timeline.sort_by_key(|entry| entry.at);
    Scenario {
        name: text(root, "name").to_owned(),
        question: text(root, "question").to_owned(),
        seed: count(root, "seed"),
        warm_up: length(root, "warm_up"),
        duration: root.get("duration").and_then(Node::duration),
        sample_interval: root.get("sample_interval").and_then(Node::duration),
        start_time: root.get("start_time").and_then(Node::instant).unwrap_or_default(),
        most_log_entries: count(root, "log.most_entries"),
        without: Without::build(root),
        services,
        keys: tables(root, "keys").iter().map(|key| Key::build(key, &build)).collect(),
        quotas: tables(root, "quotas").iter().map(Quota::build).collect(),
        external_managers: tables(root, "external_managers")
            .iter()
            .map(ExternalManager::build)
            .collect(),
        timeline,
        thresholds: Threshold::build(root, &build),
        expects: Expect::build(root, &build),
        validation: Validation::build(root),
        references: Reference::build(root, &build),
        samples: sample::files(root, |place| build.folder_of(place)),
        traces: build.traces,
    }
}

fn tables<'a>(root: &'a Node, name: &str) -> &'a [tree::Entry] {
    root.get(name).map(Node::entries).unwrap_or_default()
}

/// A length of time at a path.
pub(super) fn length(node: &Node, path: &str) -> SimDuration {
    node.get(path).and_then(Node::duration).unwrap_or_default()
}

/// A whole number at a path.
pub(super) fn count<T: TryFrom<i128> + Default>(node: &Node, path: &str) -> T {
    node.get(path).and_then(Node::whole).unwrap_or_default()
}

/// A number at a path.
pub(super) fn number(node: &Node, path: &str) -> f64 {
    node.get(path).and_then(Node::number).unwrap_or_default()
}

/// A share or factor at a path.
pub(super) fn ratio(node: &Node, path: &str) -> Ratio {
    node.get(path).and_then(Node::ratio).unwrap_or_default()
}

/// True or false at a path.
pub(super) fn flag(node: &Node, path: &str) -> bool {
    node.get(path).and_then(Node::boolean).unwrap_or_default()
}

/// The text at a path.
pub(super) fn text<'a>(node: &'a Node, path: &str) -> &'a str {
    node.get(path).and_then(Node::text).unwrap_or_default()
}

/// The law of durations at a path.
pub(super) fn law(node: &Node, path: &str) -> Distribution {
    node.get(path).map_or(Distribution::Constant(SimDuration::ZERO), law_of)
}

fn law_of(law: &Node) -> Distribution {
    if law.get("exponential").is_some() {
        Distribution::Exponential { mean: length(law, "exponential.mean") }
    } else if law.get("lognormal.median").is_some() {
        let (median, p99) = (length(law, "lognormal.median"), length(law, "lognormal.p99"));
        Distribution::lognormal_median_p99(median, p99)
    } else if law.get("lognormal").is_some() {
        let (mean, cv) = (length(law, "lognormal.mean"), number(law, "lognormal.cv"));
        Distribution::lognormal_mean_cv(mean, cv)
    } else if law.get("uniform").is_some() {
        Distribution::Uniform { min: length(law, "uniform.min"), max: length(law, "uniform.max") }
    } else if law.get("gamma.cv").is_some() {
        Distribution::gamma_mean_cv(length(law, "gamma.mean"), number(law, "gamma.cv"))
    } else if law.get("gamma").is_some() {
        Distribution::gamma(number(law, "gamma.shape"), length(law, "gamma.mean"))
    } else if law.get("weibull").is_some() {
        Distribution::weibull(number(law, "weibull.shape"), length(law, "weibull.mean"))
    } else if law.get("pareto").is_some() {
        let (min, cap) = (length(law, "pareto.min"), length(law, "pareto.cap"));
        Distribution::pareto(number(law, "pareto.alpha"), min, cap)
    } else if let Some(empirical) = law.get("empirical") {
        // Before its file is read it is nothing.
        let sample = empirical.get("sample").and_then(Node::sample);
        sample.map_or(Distribution::Constant(SimDuration::ZERO), Distribution::Empirical)
    } else if let Some(mixture) = law.get("mixture") {
        let part = |part: &Node| (number(part, "weight"), law_of(part));
        Distribution::mixture(mixture.items().iter().map(part).collect())
    } else {
        Distribution::Constant(length(law, "constant"))
    }
}
