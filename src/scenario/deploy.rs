//! Deploys: each is its service's table with the changes of all deploys so far laid over it, read
//! as a service is. So a revision's settings are known before the run, and what is wrong with a
//! change is said where the change stands.

use std::collections::BTreeMap;

use super::read;
use super::schema::{Kind, Shape};
use super::source::{Findings, shown};
use super::timeline::action;
use super::tree::{Entry, Node, Value};

/// What a deploy can't change, because it changes in place or belongs to the service.
pub(super) const NOT_DEPLOYED: [(&str, &str); 6] = [
    ("min_instances", "it changes in place: use min_instances_set"),
    ("max_instances", "it changes in place: use max_instances_set"),
    ("initial_instances", "it is for the start of the run"),
    ("load", "requests are the service's, whatever its revision: use load_step"),
    ("session_affinity", "clients are the service's, whatever its revision"),
    ("location", "a service stays where it is"),
];

/// A service as one of its deploys makes it.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    /// The deploy's position in the timeline of the file.
    pub entry: usize,
    /// The service's name, and its table with the changes.
    pub service: Entry,
}

/// The service that each deploy of the timeline makes, in order of time; `root` has not been read
/// yet. What does not name a service or an instant makes none: the reader says what is wrong.
pub(super) fn lay(root: &Node, schema: &Shape, found: &mut Findings) -> Vec<Laid> {
    let Some(shape) = schema.child("services").and_then(|s| s.children.first()) else {
        return Vec::new();
    };
    let entries = root.get("timeline").map(Node::items).unwrap_or_default();
    let deploys = entries.iter().enumerate().filter_map(|(at, entry)| {
        let deploy = action(entry).filter(|action| action.key == "deploy")?;
        Some((entry.get("at")?.duration()?, at, &deploy.node))
    });
    let mut deploys: Vec<_> = deploys.collect();
    deploys.sort_by_key(|&(time, at, _)| (time, at));
    let mut current: BTreeMap<&str, Entry> = BTreeMap::new();
    let mut laid = Vec::new();
    for (_, entry, deploy) in deploys {
        let Some(name) = deploy.get("service").and_then(Node::text) else { continue };
        let Some(service) = root.get("services").and_then(|s| s.entry(name)) else { continue };
        let service = current.entry(name).or_insert_with(|| bare(service));
        if let Some(set) = deploy.get("set") {
            refuse(set, found);
            lay_over(&mut service.node, set, shape);
        }
        laid.push(Laid { entry, service: service.clone() });
    }
    laid
}

/// A service's table without what no deploy touches.
fn bare(service: &Entry) -> Entry {
    let mut service = service.clone();
    if let Some(entries) = service.node.entries_mut() {
        entries.retain(|e| e.key != "load");
    }
    service
}

/// Says what a deploy can't change.
fn refuse(set: &Node, found: &mut Findings) {
    for entry in set.entries() {
        if let Some((name, help)) = NOT_DEPLOYED.iter().find(|(name, _)| *name == entry.key) {
            let title = format!("a deploy can't change {}", shown(name));
            found.error(title, &entry.place, "not by a deploy").help(*help);
        }
    }
}

/// Lays changes over a table: tables key by key, everything else whole; so is a table that is one
/// of several variants.
fn lay_over(under: &mut Node, over: &Node, shape: &Shape) {
    let merges = shape.row.kind == Kind::Table && shape.variants().next().is_none();
    let whole =
        !merges || !matches!((&under.value, &over.value), (Value::Table(_), Value::Table(_)));
    if whole {
        *under = over.clone();
        return;
    }
    let known = |key: &str| NOT_DEPLOYED.iter().all(|(name, _)| *name != key);
    for change in over.entries().iter().filter(|e| known(&e.key)) {
        let Some(entries) = under.entries_mut() else { return };
        match entries.iter_mut().find(|e| e.key == change.key) {
            Some(entry) => {
                entry.place = change.place.clone();
                match shape.child(&change.key) {
                    Some(below) => lay_over(&mut entry.node, &change.node, below),
                    None => entry.node = change.node.clone(),
                }
            }
            None => entries.push(change.clone()),
        }
    }
}

/// Reads the services of deploys as those of the file are read.
pub(super) fn read_laid(laid: &mut [Laid], schema: &Shape, found: &mut Findings) {
    let Some(shape) = schema.child("services").and_then(|s| s.children.first()) else { return };
    for deploy in laid {
        read::read_at(&["services", &deploy.service.key], &mut deploy.service.node, shape, found);
    }
}
