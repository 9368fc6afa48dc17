//! A sweep as a file asks for it: a scenario, and axes along which its settings change.
//!
//! The file is read by its own table of keys, as a scenario is by its. Every value of each axis is
//! tried with every value of the others: a cell is a position on each axis, the last axis counting
//! fastest. What a cell puts in the place of the scenario's own are overrides, as those of `--set`;
//! what is wrong with one is shown where the sweep's file has it.

mod axis;
mod range;

use std::path::PathBuf;

use super::build::{ratio, text};
use super::check::Source;
use super::metric::{Statistic, Vocabulary, plain};
use super::overrides::Override;
use super::problem::{Excerpt, Problem, Problems};
use super::schema::{Alphabet, Shape};
use super::source::{Findings, Place, Sources, nearest, shown};
use super::tree::{Entry, Node, Value};
use super::value::unknown_name;
use super::{lock, read, syntax};

pub use axis::{Axis, Measure, Spot};

/// Cells that a sweep may have.
pub const MOST_CELLS: usize = 100_000;

/// Columns of a sweep's table that no axis may be called like.
pub const COLUMNS: [&str; 22] = [
    "cell",
    "base",
    "service",
    "metric",
    "unit",
    "runs",
    "n",
    "never",
    "mean",
    "mean_low",
    "mean_high",
    "half_width",
    "median",
    "median_low",
    "median_high",
    "p5",
    "p95",
    "met",
    "met_ratio",
    "met_ratio_low",
    "met_ratio_high",
    "target",
];

/// The first lines of a sweep's lock file.
const HEAD: &str = "\
# A sweep with every default filled in: running this file gives the same results.
";

/// A checked sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Its name.
    pub name: String,
    /// What it asks; may be empty.
    pub question: String,
    /// The scenario's file.
    pub scenario: PathBuf,
    /// What the sweep's own paths are relative to.
    pub folder: PathBuf,
    /// Replications of a cell, where the file says how many.
    pub replications: Option<u64>,
    /// Share of runs that is to meet the thresholds.
    pub target: f64,
    /// The axes, in the order of the file.
    pub axes: Vec<Axis>,
    /// Put in the place of the scenario's own in every cell, with the places of key and value.
    set: Vec<(Override, [Place; 2])>,
    /// What is put over that, from beside the file.
    beside: Vec<Override>,
    metrics: Vec<Asked>,
    tree: Node,
    sources: Sources,
}

/// A metric that the file names.
#[derive(Clone, Debug)]
struct Asked {
    /// The service's name; empty for all together.
    service: String,
    /// Its position in the vocabulary's results.
    result: usize,
    place: Place,
}

/// A metric of all services together, or of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The service's name; empty for all together.
    pub service: String,
    /// Its position in the vocabulary's results.
    pub result: usize,
}

/// Reads a sweep. The overrides are those given beside the file; they come after its own.
///
/// # Errors
/// All that is wrong with the text, in source order.
pub fn check_sweep(
    source: &Source<'_>,
    overrides: &[Override],
    vocabulary: &Vocabulary,
) -> Result<Sweep, Problems> {
    let (mut found, schema) = (Findings::default(), Shape::sweep());
    let sources = Sources::new(source.origin, source.text);
    let (mut root, whole) = syntax::parse(source.text, &mut found);
    if !whole {
        return Err(found.into_problems(&sources));
    }
    read::read(&mut root, &schema, &mut found);
    if root.get("name").is_none() {
        if !Alphabet::Folder.allows(source.stem) {
            let title = "the file's name can't be the sweep's";
            let help = "give the sweep a name, as in name = \"sizes\"";
            found.error(title, &root.place, Alphabet::Folder.describe()).help(help);
        }
        root.add_default("name", Value::Text(source.stem.to_owned()));
    }
    let set = set(&root, &mut found);
    let metrics = metrics(&root, vocabulary, &mut found);
    let axes = axis::axes(&root, &mut found);
    let cells = axes.iter().fold(1_usize, |cells, axis| cells.saturating_mul(axis.spots.len()));
    if cells > MOST_CELLS {
        let place = root.entry("axis").map_or(Place::default(), |entry| entry.place.clone());
        let label = format!("together they make {cells} cells, at most {MOST_CELLS} are run");
        found.error("there are too many cells", &place, label);
    }
    if found.has_errors() {
        return Err(found.into_problems(&sources));
    }
    Ok(Sweep {
        name: text(&root, "name").to_owned(),
        question: text(&root, "question").to_owned(),
        scenario: source.folder.join(text(&root, "scenario")),
        folder: source.folder.to_owned(),
        replications: root.get("replications").and_then(Node::whole),
        target: ratio(&root, "target").0,
        axes,
        set,
        beside: overrides.to_vec(),
        metrics,
        tree: root,
        sources,
    })
}

/// The overrides of the file.
fn set(root: &Node, found: &mut Findings) -> Vec<(Override, [Place; 2])> {
    let mut set = Vec::new();
    for item in root.get("set").map(Node::items).unwrap_or_default() {
        let Some(said) = item.text() else { continue };
        match said.parse::<Override>() {
            Ok(given) => set.push((given, [item.place.clone(), item.place.clone()])),
            Err(why) => {
                let help = "for example set = [\"services.web.min_instances=3\"]";
                found.error("this can't be put in the scenario", &item.place, why).help(help);
            }
        }
    }
    set
}

/// The metrics of the file.
fn metrics(root: &Node, vocabulary: &Vocabulary, found: &mut Findings) -> Vec<Asked> {
    let mut metrics = Vec::<Asked>::new();
    for item in root.get("metrics").map(Node::items).unwrap_or_default() {
        let Some(said) = item.text() else { continue };
        let (service, name) = match said.strip_prefix("services.").and_then(|s| s.rsplit_once('.'))
        {
            Some((service, name)) => (service.trim_matches('"'), name),
            None => ("", said),
        };
        let exact = || vocabulary.results.iter().position(|metric| metric.name == name);
        let Some(result) = vocabulary.result(name, Statistic::Value).or_else(exact) else {
            let title = format!("there is no metric {}", shown(name));
            let known: Vec<String> = vocabulary.results.iter().map(plain).collect();
            let near = nearest(name, known.iter().map(String::as_str));
            let label = near.map_or(String::new(), |near| format!("the nearest one is {near}"));
            let help = "metrics are the columns of summary.csv, with their unit or without";
            found.error(title, &item.place, label).help(help);
            continue;
        };
        let same = |asked: &&Asked| asked.result == result && asked.service == service;
        if let Some(first) = metrics.iter().find(same) {
            let title = format!("{} is there twice", shown(said));
            found.error(title, &item.place, "the second").also(&first.place, "the first");
            continue;
        }
        metrics.push(Asked { service: service.to_owned(), result, place: item.place.clone() });
    }
    if let Some(list) = root.get("metrics").filter(|list| list.items().is_empty()) {
        let help = "leave it out for failed_ratio and the metrics with thresholds";
        found.error("there are no metrics", &list.place, "the list is empty").help(help);
    }
    metrics
}

impl Sweep {
    /// The sweep with another number of replications.
    pub fn with_replications(mut self, replications: Option<u64>) -> Self {
        if let Some(count) = replications {
            self.replications = Some(count);
            self.tree.set("replications", Value::Integer(count.into()));
        }
        self
    }

    /// How many cells there are.
    pub fn cells(&self) -> usize {
        self.axes.iter().map(|axis| axis.spots.len()).product()
    }

    /// A cell's position on each axis.
    pub fn position(&self, cell: usize) -> Vec<usize> {
        let mut rest = cell;
        let mut position: Vec<usize> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let length = axis.spots.len().max(1);
                let at = rest % length;
                rest /= length;
                at
            })
            .collect();
        position.reverse();
        position
    }

    /// What a cell puts in the place of the scenario's own; without a cell what every one does.
    pub fn overrides_of(&self, cell: Option<usize>) -> Vec<Override> {
        let every = self.set.iter().map(|(given, _)| given).chain(&self.beside);
        let mut all: Vec<Override> = every.cloned().collect();
        let Some(cell) = cell else { return all };
        for (axis, at) in self.axes.iter().zip(self.position(cell)) {
            for (key, value) in axis.keys.iter().zip(&axis.spots[at].values) {
                all.push(Override { key: key.clone(), value: value.clone() });
            }
        }
        all
    }

    /// Problems of the scenario with the overrides of a cell, or of every cell, shown where the
    /// sweep's file has these.
    pub fn located(&self, problems: Problems, cell: Option<usize>) -> Problems {
        let position = cell.map(|cell| self.position(cell)).unwrap_or_default();
        let locate = |mut problem: Problem| {
            for excerpt in &mut problem.excerpts {
                self.locate(excerpt, &position);
            }
            problem
        };
        Problems(problems.0.into_iter().map(locate).collect())
    }

    fn locate(&self, excerpt: &mut Excerpt, position: &[usize]) {
        let Some((key, value)) =
            excerpt.text.split_once('=').filter(|_| excerpt.origin.starts_with("--set "))
        else {
            return;
        };
        let set = self.set.iter().find(|(given, _)| given.key == key && given.value == value);
        let set = set.map(|(_, places)| places.each_ref());
        let Some([of_key, of_value]) = set.or_else(|| self.places(key, position)) else { return };
        let marks = excerpt.marks.iter().map(|(range, label)| {
            let place = if range.start < key.len() { of_key } else { of_value };
            (place.span.clone(), label.clone())
        });
        let (marks, (origin, text)) = (marks.collect(), self.sources.file());
        *excerpt = Excerpt { origin: origin.to_owned(), line: 1, text: text.clone(), marks };
    }

    /// Where an axis has a key, and its value at a position.
    fn places(&self, key: &str, position: &[usize]) -> Option<[&Place; 2]> {
        self.axes.iter().zip(position).find_map(|(axis, spot)| {
            let at = axis.keys.iter().position(|known| known == key)?;
            Some([&axis.places[at], &axis.spots[*spot].place])
        })
    }

    /// The metrics that are told: those of the file, or of these otherwise.
    ///
    /// # Errors
    /// Services that the scenario does not have.
    pub fn told(&self, services: &[&str], otherwise: Vec<Told>) -> Result<Vec<Told>, Problems> {
        if self.metrics.is_empty() {
            return Ok(otherwise);
        }
        let mut found = Findings::default();
        for asked in self.metrics.iter().filter(|asked| !asked.service.is_empty()) {
            if !services.contains(&asked.service.as_str()) {
                let title = format!("there is no service named {}", shown(&asked.service));
                let label = unknown_name(&asked.service, "services", services.iter().copied());
                found.error(title, &asked.place, label);
            }
        }
        match found.has_errors() {
            true => Err(found.into_problems(&self.sources)),
            false => Ok(self
                .metrics
                .iter()
                .map(|asked| Told { service: asked.service.clone(), result: asked.result })
                .collect()),
        }
    }

    /// The sweep with every default filled in, as the text of a file beside that of its scenario.
    pub fn lock(&self, scenario: &str) -> String {
        let mut root = self.tree.clone();
        root.set("scenario", Value::Text(scenario.to_owned()));
        if let Some(entries) = root.entries_mut() {
            // The scenario's lock has them.
            entries.retain(|entry: &Entry| entry.key != "set");
        }
        lock::print_after(HEAD, &root, &Shape::sweep())
    }

    /// A problem of the whole file.
    pub fn problem(&self, title: &str, label: &str, help: &str) -> Problems {
        let mut found = Findings::default();
        let place = self.tree.entry("axis").map_or(Place::default(), |e| e.place.clone());
        found.error(title, &place, label).help(help);
        found.into_problems(&self.sources)
    }
}

#[cfg(test)]
mod tests;
