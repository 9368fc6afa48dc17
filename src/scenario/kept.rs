//! What a scenario leans on: the values of its keys that are keyscale's own, with their sources.
//!
//! A value counts by what it is, not by who wrote it: a lock file spells every default out, and
//! its run leans on the same ones.

use super::fill;
use super::lock;
use super::read::default;
use super::schema::{Kind, Presence, Shape};
use super::source::Findings;
use super::tree::{Node, Value};

/// A value that is the default of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it stands: a path as overrides write it.
    pub key: String,
    /// The value, as TOML.
    pub value: String,
    /// A page of documentation, or `Assumption:` and its reason.
    pub source: &'static str,
    /// What the key says.
    pub meaning: &'static str,
}

/// The values of a tree that are defaults, in the order of the schema.
pub(super) fn kept(root: &Node, schema: &Shape) -> Vec<Kept> {
    // What follows from other keys is what would be filled in, were it not there.
    let mut bare = root.clone();
    strip(&mut bare, schema);
    fill::fill(&mut bare, &mut [], "", &mut Findings::default());
    let mut walk = Walk { path: Vec::new(), kept: Vec::new() };
    walk.value(schema, root, Some(&bare));
    // How references are looked at matters where there are some.
    let refers = root.get("reference").is_some_and(|list| !list.items().is_empty());
    walk.kept.retain(|kept| refers || !kept.key.starts_with("validation."));
    walk.kept
}

/// Takes away what follows from other keys, and says of every plain default that nobody gave it.
fn strip(node: &mut Node, shape: &Shape) {
    let is_list = shape.row.kind == Kind::List;
    if is_list || matches!(shape.row.kind, Kind::Names(_)) {
        let Some(element) = shape.children.first() else { return };
        node.items_mut().iter_mut().for_each(|item| strip(item, element));
        node.entries_mut().into_iter().flatten().for_each(|e| strip(&mut e.node, element));
        return;
    }
    let Some(entries) = node.entries_mut() else { return };
    entries.retain_mut(|entry| {
        let Some(child) = shape.child(&entry.key) else { return true };
        let derived = matches!(child.row.presence, Presence::Derived { .. }) && !names(child);
        entry.node.given &= !is_default(child, &entry.node);
        strip(&mut entry.node, child);
        !derived
    });
}

/// Whether a key names the run, which no number depends on.
fn names(shape: &Shape) -> bool {
    matches!(shape.row.kind, Kind::Name(_))
}

/// Whether a value is its key's plain default.
fn is_default(shape: &Shape, node: &Node) -> bool {
    match shape.row.presence {
        Presence::Default { value, .. } => {
            lock::value(node, shape) == lock::value(&default(value, &node.place), shape)
        }
        Presence::Derived { .. }
        | Presence::Required(_)
        | Presence::Optional(_)
        | Presence::Variant
        | Presence::Group(_)
        | Presence::Element => false,
    }
}

/// A walk through a tree.
struct Walk {
    path: Vec<String>,
    kept: Vec<Kept>,
}

impl Walk {
    /// What stands at the path; `bare` has there what follows from other keys.
    fn value(&mut self, shape: &Shape, node: &Node, bare: Option<&Node>) {
        match (shape.row.kind, &node.value) {
            (Kind::Names(_), Value::Table(entries)) => {
                let Some(element) = shape.children.first() else { return };
                for entry in entries {
                    let bare = bare.and_then(|bare| bare.entry(&entry.key)).map(|e| &e.node);
                    self.below(&entry.key, element, &entry.node, bare);
                }
            }
            (Kind::List, Value::List(items)) => {
                let Some(element) = shape.children.first() else { return };
                for (at, item) in items.iter().enumerate() {
                    let bare = bare.and_then(|bare| bare.items().get(at));
                    self.below(&at.to_string(), element, item, bare);
                }
            }
            (_, Value::Table(_)) => {
                for child in &shape.children {
                    let Some(entry) = node.entry(child.name) else { continue };
                    let bare = bare.and_then(|bare| bare.entry(child.name)).map(|e| &e.node);
                    self.below(child.name, child, &entry.node, bare);
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, name: &str, shape: &Shape, node: &Node, bare: Option<&Node>) {
        self.path.push(name.to_owned());
        let source = match shape.row.presence {
            Presence::Default { source, .. } if is_default(shape, node) => Some(source),
            Presence::Derived { source, .. } => {
                let same = bare.is_some_and(|b| lock::value(b, shape) == lock::value(node, shape));
                Some(source).filter(|_| same && !names(shape))
            }
            Presence::Default { .. }
            | Presence::Required(_)
            | Presence::Optional(_)
            | Presence::Variant
            | Presence::Group(_)
            | Presence::Element => None,
        };
        match source {
            // An empty table says nothing: its keys do.
            Some(source) if !is_empty(node) => {
                let value = lock::value(node, shape);
                let key = self.path.join(".");
                self.kept.push(Kept { key, value, source, meaning: shape.row.meaning });
            }
            _ => self.value(shape, node, bare),
        }
        self.path.pop();
    }
}

/// Whether it is a table or a list of nothing, or a text of nothing.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Table(entries) => entries.is_empty(),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Bool(_)
        | Value::Datetime
        | Value::Sample(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{Source, check};

    const TEXT: &str = r#"
        duration = "1m"
        [services.web]
        location = "l"
        service_time = { constant = "1s" }
        concurrency = 3
        [[services.web.load]]
        poisson = { rate = "1/s" }
        [services.web.encryption]
        key = "main"
        [keys.main]
        resource = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
        protection_level = "HSM"
    "#;

    fn of(text: &str) -> (Vec<Kept>, String) {
        let folder = Path::new(".");
        let source = Source { origin: "test", text, stem: "test", folder };
        let checked = check(&source, &[], folder).expect("a scenario");
        (checked.kept(), checked.lock(&[]))
    }

    #[test]
    fn what_the_file_sets_is_not_kept_and_a_lock_keeps_the_same() {
        let (kept, lock) = of(TEXT);
        let value = |key: &str| kept.iter().find(|k| k.key == key).map(|k| k.value.as_str());
        assert_eq!(value("services.web.concurrency"), None);
        assert_eq!(value("duration"), None);
        assert_eq!(value("seed"), Some("1"));
        assert_eq!(value("quotas.p/l/HSM.limit"), Some("\"500/s\""));
        let latency = value("keys.main.latency").expect("a law that follows from the level");
        assert!(latency.contains("25ms"), "{latency}");
        let max = kept.iter().find(|k| k.key == "services.web.max_instances").expect("a default");
        assert!(!max.source.is_empty() && !max.meaning.is_empty(), "{max:?}");
        assert_eq!(of(&lock).0, kept);
        let other = TEXT.replace("concurrency = 3", "concurrency = 3\nmax_instances = 7");
        assert_eq!(of(&other).0.len(), kept.len() - 1);
    }
}
