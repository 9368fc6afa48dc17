//! Files of recorded lengths, each of which becomes an empirical law.
//!
//! A scenario opens no file: it lists those that its laws name, others read them, and the
//! scenario is made again of the same tree with the lengths in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::build::text;
use super::source::Place;
use super::trace::{UNITS, unit};
use super::tree::{Node, Value};
use crate::distribution::Sample;
use crate::units::SimDuration;

/// The name of such a law.
const LAW: &str = "empirical";

/// A file of recorded lengths that a law is made of, and how to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleFile {
    /// The file as the reader must open it.
    pub path: PathBuf,
    /// Key path of the file's name in the scenario, for messages.
    pub key: String,
    /// SHA-256 that the file must have, in hexadecimal; absent: any.
    pub sha256: Option<String>,
    /// Name of the column of lengths.
    pub column: String,
    /// The length of one in it.
    pub unit: SimDuration,
}

/// The length of one in the column of an empirical law: its unit, or else the ending of the
/// column's name; absent where neither says it.
pub(super) fn unit_of(law: &Node) -> Option<SimDuration> {
    let said = law.get("unit").and_then(Node::text);
    let ending = text(law, "column").rsplit_once('_').map(|(_, ending)| ending);
    said.or(ending.filter(|ending| UNITS.contains(ending))).map(unit)
}

/// The files that laws anywhere in a checked tree name, each once for each law, in the order of
/// the tree. `folder` is what a path from that place is relative to.
pub(super) fn files<'p>(root: &Node, folder: impl Fn(&Place) -> &'p Path) -> Vec<SampleFile> {
    let mut files = Vec::new();
    walk(root, "", &mut |law, key, file| {
        files.push(SampleFile {
            path: folder(&file.place).join(text(law, "file")),
            key: format!("{key}.file"),
            sha256: law.get("sha256").and_then(Node::text).map(str::to_ascii_lowercase),
            column: text(law, "column").to_owned(),
            unit: unit_of(law).unwrap_or_default(),
        });
    });
    files
}

/// Where each of [`files`] is named.
pub(super) fn places(root: &Node) -> Vec<Place> {
    let mut places = Vec::new();
    walk(root, "", &mut |_, _, file| places.push(file.place.clone()));
    places
}

/// Shows every empirical law with its key path and the node of its file's name.
fn walk<'n>(node: &'n Node, path: &str, see: &mut impl FnMut(&'n Node, &str, &'n Node)) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for entry in node.entries() {
        match entry.node.get("file").filter(|_| entry.key == LAW) {
            Some(file) => see(&entry.node, &below(&entry.key), file),
            None => walk(&entry.node, &below(&entry.key), see),
        }
    }
    for (position, item) in node.items().iter().enumerate() {
        walk(item, &below(&position.to_string()), see);
    }
}

/// Puts what was read of files into the laws that name them, each known by the place of the name:
/// a deploy's law is that of its service, or stands in the timeline.
pub(super) fn fill(node: &mut Node, read: &[(Place, Arc<Sample>)]) {
    for entry in node.entries_mut().into_iter().flatten() {
        let place = entry.node.get("file").map(|file| file.place.clone());
        let found = place.and_then(|place| read.iter().find(|(known, _)| *known == place));
        match found.filter(|_| entry.key == LAW) {
            Some((_, sample)) => entry.node.set("sample", Value::Sample(sample.clone())),
            None => fill(&mut entry.node, read),
        }
    }
    node.items_mut().iter_mut().for_each(|item| fill(item, read));
}
