//! From text to a checked scenario: the steps in their order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::deploy::Laid;
use super::kept::{self, Kept};
use super::overrides::{Override, apply, path};
use super::problem::{Problem, Problems, Severity};
use super::schema::Shape;
use super::source::{Findings, Place, Sources};
use super::tree::{Node, Value};
use super::{
    LockedFile, Scenario, Vocabulary, build, checks, deploy, fill, lock, read, sample, syntax,
};
use crate::distribution::Sample;
use crate::units::SimDuration;

/// The text of a scenario file.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The path shown in messages.
    pub origin: &'a str,
    /// The text.
    pub text: &'a str,
    /// The file's name without its ending: the scenario's name where the text gives none.
    pub stem: &'a str,
    /// What paths in the text are relative to.
    pub folder: &'a Path,
}

/// A scenario without errors.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The scenario.
    pub scenario: Scenario,
    /// What is probably not meant.
    pub warnings: Problems,
    tree: Node,
    laid: Vec<Laid>,
    sources: Sources,
    /// What paths in the text and in overrides are relative to.
    folders: [PathBuf; 2],
}

/// Reads a scenario.
///
/// Values of overrides take the place of the text's, in the order given. A path in an override is
/// relative to `working_folder`.
///
/// # Errors
/// All that is wrong with the text and the overrides, in source order, warnings among them.
pub fn check(
    source: &Source<'_>,
    overrides: &[Override],
    working_folder: &Path,
) -> Result<Checked, Problems> {
    check_with(source, overrides, working_folder, &Vocabulary::default())
}

/// The same, with the metrics there are: thresholds and expectations of others are errors. Without
/// them their names are taken as they are.
///
/// # Errors
/// See [`check`].
pub fn check_with(
    source: &Source<'_>,
    overrides: &[Override],
    working_folder: &Path,
    vocabulary: &Vocabulary,
) -> Result<Checked, Problems> {
    let schema = Shape::root();
    let mut found = Findings::default();
    let mut sources = Sources::new(source.origin, source.text);
    let (mut root, whole) = syntax::parse(source.text, &mut found);
    if !whole {
        return Err(found.into_problems(&sources));
    }
    for given in overrides {
        apply(&mut root, given, &schema, &mut sources, &mut found);
    }
    let mut laid = deploy::lay(&root, &schema, &mut found);
    read::read(&mut root, &schema, &mut found);
    deploy::read_laid(&mut laid, &schema, &mut found);
    fill::fill(&mut root, &mut laid, source.stem, &mut found);
    checks::check(&root, &laid, &schema, &sources, vocabulary, &mut found);
    if let Some(length) = root.get("duration").and_then(Node::duration) {
        checks::horizon(&root, length, interval(&root, length), &mut found);
    }
    if found.has_errors() {
        return Err(found.into_problems(&sources));
    }
    let scenario = build::build(&root, &laid, source.folder, working_folder);
    let warnings = found.into_problems(&sources);
    let folders = [source.folder, working_folder].map(Path::to_owned);
    Ok(Checked { scenario, warnings, tree: root, laid, sources, folders })
}

impl Checked {
    /// Gives the laws that are made of recorded lengths what was read, in the order of
    /// [`Scenario::samples`]; until then they are nothing.
    pub fn fill_samples(&mut self, samples: Vec<Sample>) {
        if samples.is_empty() {
            return;
        }
        let read: Vec<(Place, Arc<Sample>)> =
            sample::places(&self.tree).into_iter().zip(samples.into_iter().map(Arc::new)).collect();
        let (mut root, mut laid) = (self.tree.clone(), self.laid.clone());
        sample::fill(&mut root, &read);
        laid.iter_mut().for_each(|deploy| sample::fill(&mut deploy.service.node, &read));
        let [folder, working_folder] = &self.folders;
        self.scenario = build::build(&root, &laid, folder, working_folder);
    }

    /// The scenario with every default filled in, as the text of a file.
    ///
    /// `files` has a name for each of [`Scenario::files`]; a file without one keeps the name
    /// that it has. The seed is the scenario's, which may
    /// have been changed since the check.
    pub fn lock(&self, files: &[LockedFile]) -> String {
        let mut root = self.tree.clone();
        if let Some(seed) = root.get_mut("seed") {
            seed.value = Value::Integer(self.scenario.seed.into());
        }
        for (file, locked) in self.scenario.files().zip(files) {
            if let Some(node) = find_mut(&mut root, file.key) {
                node.value = Value::Text(locked.file.clone());
            }
            if let (Some(digits), Some((table, key))) =
                (&locked.sha256, file.sha256_key().rsplit_once('.'))
                && let Some(table) = find_mut(&mut root, table)
            {
                table.set(key, Value::Text(digits.clone()));
            }
        }
        lock::print(&root, &Shape::root())
    }

    /// The values that are keyscale's own, with their sources.
    pub fn kept(&self) -> Vec<Kept> {
        kept::kept(&self.tree, &Shape::root())
    }

    /// A problem at the value of a key, for what is found out later: by reading a recorded load,
    /// say. The key is a path such as [`TraceFile::key`](super::TraceFile::key).
    pub fn problem(
        &self,
        severity: Severity,
        key: &str,
        title: &str,
        label: &str,
        help: Option<&str>,
    ) -> Problem {
        let mut root = self.tree.clone();
        let place = find_mut(&mut root, key).map_or(Place::default(), |n| n.place.clone());
        let mut found = Findings::default();
        let finding = match severity {
            Severity::Error => found.error(title, &place, label),
            Severity::Warning => found.warning(title, &place, label),
        };
        if let Some(help) = help {
            finding.help(help);
        }
        let mut problems = found.into_problems(&self.sources).0;
        problems.pop().expect("one finding was added")
    }

    /// Where the value of a key stands: `scenario.toml:12:7`, or the `--set` that it comes from.
    pub fn location(&self, key: &str) -> String {
        let mut root = self.tree.clone();
        let place = find_mut(&mut root, key).map_or(Place::default(), |n| n.place.clone());
        self.sources.location(&place)
    }

    /// The checks that want the length of the run, for a scenario that leaves it to its recorded
    /// loads; of one that gives its length they are in [`Self::warnings`] already.
    pub fn check_length(&self, length: SimDuration) -> Problems {
        let mut found = Findings::default();
        if self.scenario.duration.is_none() {
            let interval = self.scenario.sample_interval(length);
            checks::horizon(&self.tree, length, interval, &mut found);
        }
        found.into_problems(&self.sources)
    }
}

/// Distance of the rows of the time series, before there is a scenario to ask.
fn interval(root: &Node, length: SimDuration) -> SimDuration {
    let given = root.get("sample_interval").and_then(Node::duration);
    given.unwrap_or_else(|| Scenario::fitting_interval(length))
}

/// The value at a path as overrides write it.
fn find_mut<'a>(root: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    let steps = path(key).ok()?;
    steps.iter().try_fold(root, |node, step| {
        if matches!(node.value, Value::List(_)) {
            node.items_mut().get_mut(step.name.parse::<usize>().ok()?)
        } else {
            node.get_mut(&step.name)
        }
    })
}
