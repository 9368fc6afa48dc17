//! Walks a tree by the schema: says what is not as the schema wants it, and fills in the defaults
//! that are the same for everybody.

use toml::de::DeValue;

use super::schema::{Kind, Presence, Shape, place_of};
use super::source::{Findings, Place, nearest, shown};
use super::tree::{Entry, Node, Value};
use super::value;

/// Reads a whole file: afterwards every table has every key that has a plain default.
pub(super) fn read(root: &mut Node, schema: &Shape, found: &mut Findings) {
    Reader { found, whole: schema.row.meaning, path: Vec::new() }.value(schema, root);
}

/// Reads what stands at a path of names, by its shape.
pub(super) fn read_at(path: &[&str], node: &mut Node, shape: &Shape, found: &mut Findings) {
    let path = path.iter().map(|&name| name.to_owned()).collect();
    Reader { found, whole: "the scenario", path }.value(shape, node);
}

struct Reader<'a> {
    found: &'a mut Findings,
    /// What the file is.
    whole: &'static str,
    /// Where the walk is.
    path: Vec<String>,
}

impl Reader<'_> {
    fn value(&mut self, shape: &Shape, node: &mut Node) {
        if let Err(fault) = value::check(&shape.row.kind, node) {
            let name = self.path.last().map_or("the file", String::as_str);
            let title = format!("{} {}", shown(name), fault.what);
            let path = self.path();
            let finding = self.found.error(title, &node.place, fault.label);
            match (shape.row.kind, shape.row.presence) {
                (Kind::List, _) if shape.children.iter().all(|c| c.row.kind == Kind::Table) => {
                    finding.help(format!("its elements are [[{path}]]"));
                }
                (Kind::Distribution, Presence::Required(example)) => {
                    finding.help(format!("for example {example}"));
                }
                (Kind::Distribution, _) => {
                    let name = shape.name;
                    finding.help(format!("for example {name} = {{ constant = \"100ms\" }}"));
                }
                _ => {}
            }
            return;
        }
        match shape.row.kind {
            Kind::Table | Kind::Distribution => self.table(shape, node),
            Kind::Names(_) => self.names(shape, node),
            Kind::List => self.list(shape, node),
            Kind::Thresholds
            | Kind::Conditions
            | Kind::Text
            | Kind::Name(_)
            | Kind::Reference(_)
            | Kind::Path
            | Kind::Digest
            | Kind::Resource
            | Kind::Choice(_)
            | Kind::Bool
            | Kind::True
            | Kind::Integer { .. }
            | Kind::Number { .. }
            | Kind::Ratio { .. }
            | Kind::Duration { .. }
            | Kind::Rate { .. }
            | Kind::Memory { .. }
            | Kind::Settings
            | Kind::Instant
            | Kind::Operations
            | Kind::Quantity
            | Kind::Value => {}
        }
    }

    fn below(&mut self, name: &str, shape: &Shape, node: &mut Node) {
        self.path.push(name.to_owned());
        self.value(shape, node);
        self.path.pop();
    }

    /// The path of the table that is being read, or of a key in it.
    fn path(&self) -> String {
        match self.path.is_empty() {
            true => self.whole.to_owned(),
            false => shown(&self.path.join(".")),
        }
    }

    fn list(&mut self, shape: &Shape, node: &mut Node) {
        let Some(element) = shape.children.first() else { return };
        for (position, item) in node.items_mut().iter_mut().enumerate() {
            self.below(&position.to_string(), element, item);
        }
    }

    fn names(&mut self, shape: &Shape, node: &mut Node) {
        let (Kind::Names(alphabet), Some(element)) = (shape.row.kind, shape.children.first())
        else {
            return;
        };
        for entry in node.entries_mut().into_iter().flatten() {
            if !alphabet.allows(&entry.key) {
                let title = format!("{} is not a name", shown(&entry.key));
                self.found.error(title, &entry.place, alphabet.describe());
            }
            self.below(&entry.key, element, &mut entry.node);
        }
    }

    fn table(&mut self, shape: &Shape, node: &mut Node) {
        let place = node.place.clone();
        let Some(entries) = node.entries_mut() else { return };
        let mut meant = Vec::new();
        entries.retain_mut(|entry| match shape.child(&entry.key) {
            Some(child) => {
                self.below(&entry.key, child, &mut entry.node);
                true
            }
            None => {
                meant.push(self.unknown(shape, entry));
                false
            }
        });
        // What an unknown key was probably meant to be is not missing as well.
        let unclear = meant.contains(&None);
        let meant = |name: &str| meant.contains(&Some(name));
        if !unclear && !shape.variants().any(|v| meant(v.name)) {
            self.variants(shape, entries, &place);
        }
        self.groups(shape, entries, &place);
        for child in &shape.children {
            if entries.iter().all(|e| e.key != child.name) && !meant(child.name) {
                self.absent(child, entries, &place);
            }
        }
    }

    /// Says that a key is unknown, and returns the known one that it is nearest to.
    fn unknown<'s>(&mut self, shape: &'s Shape, entry: &Entry) -> Option<&'s str> {
        let near = nearest(&entry.key, shape.children.iter().map(|c| c.name));
        let title = format!("unknown key {}", shown(&entry.key));
        let known = || {
            let names: Vec<&str> = shape.children.iter().map(|c| c.name).collect();
            format!("{} has {}", self.path(), names.join(", "))
        };
        // The table of places is that of scenarios.
        let elsewhere = place_of(&entry.key).filter(|_| self.whole != "the sweep");
        let (label, help) = match (near, elsewhere) {
            (Some(near), _) => (format!("the nearest known key is {near}"), None),
            (None, Some(place)) => ("not here".to_owned(), Some(format!("its place is {place}"))),
            (None, None) if shape.children.is_empty() => {
                (format!("{} has no keys", self.path()), None)
            }
            (None, None) => (String::new(), Some(known())),
        };
        let finding = self.found.error(title, &entry.place, label);
        if let Some(help) = help {
            finding.help(help);
        }
        near
    }

    /// Of keys that exclude each other, exactly one must be there.
    fn variants(&mut self, shape: &Shape, entries: &[Entry], place: &Place) {
        let names: Vec<&str> = shape.variants().map(|v| v.name).collect();
        if names.is_empty() {
            return;
        }
        let given: Vec<&Entry> = entries.iter().filter(|e| names.contains(&&*e.key)).collect();
        let choices = || format!("it is one of {}", names.join(", "));
        match given[..] {
            [] => {
                let title = format!("{} does not say what it is", self.path());
                self.found.error(title, place, "").help(choices());
            }
            [_] => {}
            [first, second, ..] => {
                let title =
                    format!("{} can't be both {} and {}", self.path(), first.key, second.key);
                let finding = self.found.error(title, &second.place, "the second");
                finding.also(&first.place, "the first").help(choices());
            }
        }
    }

    /// Of groups of keys, exactly one must be there, and whole.
    fn groups(&mut self, shape: &Shape, entries: &[Entry], place: &Place) {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for child in &shape.children {
            let Presence::Group(group) = child.row.presence else { continue };
            match groups.iter_mut().find(|(name, _)| *name == group) {
                Some((_, names)) => names.push(child.name),
                None => groups.push((group, vec![child.name])),
            }
        }
        let given = |name: &str| entries.iter().any(|e| e.key == name);
        let begun: Vec<_> =
            groups.iter().filter(|(_, names)| names.iter().any(|n| given(n))).collect();
        let whole = matches!(begun[..], [(_, names)] if names.iter().all(|n| given(n)));
        if !groups.is_empty() && !whole {
            let names: Vec<&str> = groups.iter().map(|(name, _)| *name).collect();
            let title = format!("{} wants {}", self.path(), names.join(", or "));
            self.found.error(title, place, "");
        }
    }

    /// Fills in a default, or says that a key is missing.
    fn absent(&mut self, child: &Shape, entries: &mut Vec<Entry>, place: &Place) {
        match child.row.presence {
            Presence::Required(example) => {
                let title = format!("{} is missing", child.name);
                let label = match self.path.is_empty() {
                    true => String::new(),
                    false => format!("{} needs it", self.path()),
                };
                self.found.error(title, place, label).help(format!("for example {example}"));
            }
            Presence::Default { value, .. } => {
                let mut node = default(value, place);
                self.below(child.name, child, &mut node);
                let place = place.clone();
                entries.push(Entry { key: child.name.to_owned(), place, node });
            }
            Presence::Optional(_)
            | Presence::Derived { .. }
            | Presence::Variant
            | Presence::Group(_)
            | Presence::Element => {}
        }
    }
}

/// A default of the schema, or of another table of defaults, with the place of its table.
pub(super) fn default(text: &str, place: &Place) -> Node {
    let mut node = match DeValue::parse(text) {
        Ok(value) => Node::of_value(value, 0, 0),
        // A test reads every default of the schema, so that this is never reached.
        Err(_) => Node::default_at(place, Value::Text(text.to_owned())),
    };
    node.become_default(place);
    node
}
