//! What must hold between keys: each check finds its places by their path in the tree.
//!
//! A check looks at what can be read and keeps silent about the rest, which the reader has
//! reported.

mod autoscaler;
mod horizon;
mod keys;
mod laws;
mod load;
mod references;
mod services;
mod thresholds;
mod timeline;
mod versions;

pub(super) use horizon::horizon;

use super::deploy::Laid;
use super::metric::Vocabulary;
use super::schema::{Kind, Shape};
use super::source::{Findings, Sources, shown};
use super::tree::{Entry, Node};
use super::value::unknown_name;

/// The tree to be checked, and where to say what is wrong.
struct Checks<'a> {
    root: &'a Node,
    sources: &'a Sources,
    found: &'a mut Findings,
}

/// Makes all checks, but for those that want the length of the run.
pub(super) fn check(
    root: &Node,
    laid: &[Laid],
    schema: &Shape,
    sources: &Sources,
    vocabulary: &Vocabulary,
    found: &mut Findings,
) {
    let mut checks = Checks { root, sources, found };
    checks.length();
    checks.below(schema, root);
    if let Some(service) = schema.child("services").and_then(|s| s.children.first()) {
        laid.iter().for_each(|deploy| checks.below(service, &deploy.service.node));
    }
    checks.services();
    checks.deployed(laid);
    checks.keys();
    checks.quotas();
    checks.timeline();
    checks.orders();
    checks.unused();
    checks.thresholds(vocabulary);
    checks.expects(vocabulary);
    checks.references(vocabulary);
}

/// Makes the checks of settings of a policy without a service.
pub(super) fn dry_run(root: &Node, sources: &Sources, found: &mut Findings) {
    if root.get("autoscaler").is_none_or(|table| !table.given) {
        let finding = found.error("autoscaler is missing", &root.place, "which policy?");
        finding.help("for example [autoscaler.knative]");
    }
    let mut checks = Checks { root, sources, found };
    checks.ordered(root, "min_instances", "max_instances", Node::whole::<u32>);
    checks.autoscaler(root, "container_concurrency");
}

impl<'a> Checks<'a> {
    /// The tables under one of the names at the top, in the order of the file.
    fn tables(&self, names: &str) -> &'a [Entry] {
        self.root.get(names).map(Node::entries).unwrap_or_default()
    }

    /// A run has a length of its own, or a recorded load that gives it one.
    fn length(&mut self) {
        let services = self.tables("services").iter();
        let mut sources = services.filter_map(|s| s.node.get("load")).flat_map(Node::items);
        let looped = |trace: &Node| trace.get("loop").and_then(Node::boolean) == Some(true);
        let recorded = sources.any(|source| source.get("trace").is_some_and(|t| !looped(t)));
        if self.root.get("duration").is_none() && !recorded {
            let label = "no recorded load says how long the run is";
            let finding = self.found.error("duration is missing", &self.root.place, label);
            finding.help("for example duration = \"30m\"");
        }
    }

    /// Checks that hold wherever something of a kind stands: laws of durations and references.
    fn below(&mut self, shape: &Shape, node: &Node) {
        if let Kind::Reference(names) = shape.row.kind {
            return self.reference(names, shape.name, node);
        }
        if shape.row.kind == Kind::Distribution {
            return self.law(node);
        }
        for entry in node.entries() {
            if let Some(child) = shape.child(&entry.key) {
                self.below(child, &entry.node);
            }
        }
        if let (Kind::List, [element, ..]) = (shape.row.kind, &shape.children[..]) {
            node.items().iter().for_each(|item| self.below(element, item));
        }
    }

    fn reference(&mut self, names: &'static str, key: &str, node: &Node) {
        let Some(name) = node.text() else { return };
        let known = self.tables(names).iter().map(|e| e.key.as_str());
        if known.clone().all(|k| k != name) {
            let title = format!("there is no {key} named {}", shown(name));
            let none = known.clone().next().is_none();
            let label = unknown_name(name, names, known);
            let finding = self.found.error(title, &node.place, label);
            if none {
                finding.help(format!("add a table [{names}.{}]", shown(name)));
            }
        }
    }

    /// Says that the second of two keys is below the first. Marks the one that a person wrote.
    fn ordered<T: PartialOrd>(
        &mut self,
        table: &Node,
        low: &str,
        high: &str,
        read: impl Fn(&Node) -> Option<T>,
    ) {
        let (Some(least), Some(most)) = (table.get(low), table.get(high)) else { return };
        let (Some(a), Some(b)) = (read(least), read(most)) else { return };
        if a <= b {
            return;
        }
        let how = |name: &str, node: &Node| match node.given {
            true => {
                format!("{} is {}, {}", last(name), node.show(), self.sources.how_set(&node.place))
            }
            false => format!("{} is {} by default", last(name), node.show()),
        };
        let (name_low, name_high) = (last(low), last(high));
        let (title, place, label) = match most.given {
            true => (format!("{name_high} is below {name_low}"), &most.place, how(low, least)),
            false => (format!("{name_low} is above {name_high}"), &least.place, how(high, most)),
        };
        let help = format!("raise {name_high} to {} or more, or lower {name_low}", least.show(),);
        self.found.error(title, place, label).help(help);
    }
}

/// The last name of a path.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
