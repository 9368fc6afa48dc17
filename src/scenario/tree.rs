//! A scenario as a tree of values that know where they stand.
//!
//! Tables keep the order of the file. A value that stands nowhere, because it is a default, has
//! the place of the table that it belongs to.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::source::{Place, shown};
use crate::distribution::Sample;

/// Levels of tables and lists that are taken over: more than the limit on texts lets through, and
/// few enough for the stack.
const DEEPEST: usize = 100;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The value's place; for a table with a header the header's.
    pub place: Place,
    /// Whether a person wrote it; otherwise it is a default.
    pub given: bool,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A whole number; what does not fit is the largest.
    Integer(i128),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A date or a time of day, which no key takes.
    Datetime,
    /// What was read of a file that is named beside it; no text has one.
    Sample(Arc<Sample>),
    /// Values in order.
    List(Vec<Node>),
    /// Values by name, in the order of the file.
    Table(Vec<Entry>),
}

/// A name in a table, and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The name.
    pub key: String,
    /// Where the name stands.
    pub place: Place,
    /// The value.
    pub node: Node,
}

impl Value {
    /// What a person calls a value of this kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Datetime => "a date",
            Self::Sample(_) => "a sample",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    /// A default, with the place of what it belongs to.
    pub fn default_at(place: &Place, value: Value) -> Self {
        Self { place: place.clone(), given: false, value }
    }

    /// The tree of a document.
    pub fn of_table(table: DeTable<'_>, place: Place) -> Self {
        let value = convert_table(table, place.source, 0);
        Self { place, given: true, value }
    }

    /// The tree of a value whose text begins at `offset` of its source.
    pub fn of_value(value: toml::Spanned<DeValue<'_>>, source: usize, offset: usize) -> Self {
        let mut node = convert(value, source, 0);
        node.shift(offset);
        node
    }

    fn shift(&mut self, offset: usize) {
        let shifted = |place: &mut Place| {
            place.span = place.span.start + offset..place.span.end + offset;
        };
        shifted(&mut self.place);
        self.items_mut().iter_mut().for_each(|n| n.shift(offset));
        for entry in self.entries_mut().into_iter().flatten() {
            shifted(&mut entry.place);
            entry.node.shift(offset);
        }
    }

    /// Marks it and everything below it as a default of something that stands at `place`.
    pub fn become_default(&mut self, place: &Place) {
        self.place = place.clone();
        self.given = false;
        self.items_mut().iter_mut().for_each(|n| n.become_default(place));
        for entry in self.entries_mut().into_iter().flatten() {
            entry.place = place.clone();
            entry.node.become_default(place);
        }
    }

    /// Whether it is a table.
    pub fn is_table(&self) -> bool {
        matches!(self.value, Value::Table(_))
    }

    /// The names and values of a table; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        if let Value::Table(entries) = &self.value { entries } else { &[] }
    }

    /// The names and values of a table, to change them.
    pub fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        if let Value::Table(entries) = &mut self.value { Some(entries) } else { None }
    }

    /// The values of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        if let Value::List(nodes) = &self.value { nodes } else { &[] }
    }

    /// The values of a list, to change them.
    pub fn items_mut(&mut self) -> &mut [Self] {
        if let Value::List(nodes) = &mut self.value { nodes } else { &mut [] }
    }

    /// The entry of this name.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    /// The value at a path of names, such as `start.back_off`.
    pub fn get(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, key| node.entry(key).map(|e| &e.node))
    }

    /// The value of this name, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.entries_mut()?.iter_mut().find(|e| e.key == key).map(|e| &mut e.node)
    }

    /// Adds a default to a table.
    pub fn add_default(&mut self, key: &str, value: Value) {
        let place = self.place.clone();
        let node = Self::default_at(&place, value);
        if let Some(entries) = self.entries_mut() {
            entries.push(Entry { key: key.to_owned(), place, node });
        }
    }

    /// Gives a key of a table a value, whether it had one or not.
    pub fn set(&mut self, key: &str, value: Value) {
        match self.get_mut(key) {
            Some(node) => node.value = value,
            None => self.add_default(key, value),
        }
    }

    /// The value as messages show it.
    pub fn show(&self) -> String {
        match &self.value {
            Value::Text(text) => shown(text),
            Value::Integer(n) => n.to_string(),
            Value::Float(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Datetime | Value::Sample(_) | Value::List(_) | Value::Table(_) => {
                self.value.kind().to_owned()
            }
        }
    }

    /// What was read of a file.
    pub fn sample(&self) -> Option<Arc<Sample>> {
        if let Value::Sample(sample) = &self.value { Some(sample.clone()) } else { None }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }
}

fn convert(value: toml::Spanned<DeValue<'_>>, source: usize, depth: usize) -> Node {
    let place = Place { source, span: value.span() };
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(n) => {
            let parsed = i128::from_str_radix(n.as_str(), n.radix());
            Value::Integer(parsed.unwrap_or(i128::MAX))
        }
        DeValue::Float(n) => Value::Float(n.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(b) => Value::Bool(b),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(_) | DeValue::Table(_) if depth >= DEEPEST => Value::List(Vec::new()),
        DeValue::Array(values) => {
            Value::List(values.into_iter().map(|v| convert(v, source, depth + 1)).collect())
        }
        DeValue::Table(table) => convert_table(table, source, depth),
    };
    Node { place, given: true, value }
}

fn convert_table(table: DeTable<'_>, source: usize, depth: usize) -> Value {
    let entry = |(key, value): (toml::Spanned<toml::de::DeString<'_>>, _)| Entry {
        place: Place { source, span: key.span() },
        key: key.into_inner().into_owned(),
        node: convert(value, source, depth + 1),
    };
    let mut entries: Vec<Entry> = table.into_iter().map(entry).collect();
    entries.sort_by_key(|e| e.place.span.start);
    Value::Table(entries)
}
