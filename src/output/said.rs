//! What a run leaves in words: the messages of its services' logs, counted, each with its remedy;
//! and its revisions with their keys, as the platform describes them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::record::columns::REVISIONS;
use crate::record::log::{Log, Message};
use crate::record::{Revision, Value};
use crate::scenario::Protection;
use crate::units::SimTime;

/// A message of a service's log and how often it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// The service.
    pub service: String,
    /// Which message.
    pub message: Message,
    /// The first line's text.
    pub text: String,
    /// Lines.
    pub count: u64,
    /// When the first was written.
    pub first: SimTime,
    /// When the last was.
    pub last: SimTime,
    /// End of the warm-up, from which files count.
    pub zero: SimTime,
}

/// An object of `summary.json`.
impl Serialize for MessageRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { service, message, text, count, first, last, zero } = self;
        serializer.collect_map([
            ("service", Value::Text(service)),
            ("message", Value::Text(message.name())),
            ("text", Value::Text(text)),
            ("remedy", Value::Text(message.remedy())),
            ("count", Value::Count(*count)),
            ("first_s", Value::instant(*first, *zero)),
            ("last_s", Value::instant(*last, *zero)),
        ])
    }
}

/// The messages of a run, by service and message.
#[derive(Debug, Default)]
pub(super) struct Said(BTreeMap<String, [Option<MessageRow>; Message::COUNT]>);

impl Said {
    /// Counts a line.
    pub(super) fn count(&mut self, log: &Log<'_>, zero: SimTime) {
        if !self.0.contains_key(log.service) {
            self.0.insert(log.service.to_owned(), Default::default());
        }
        let Some(of_service) = self.0.get_mut(log.service) else { return };
        let row = of_service[log.message as usize].get_or_insert_with(|| MessageRow {
            service: log.service.to_owned(),
            message: log.message,
            text: log.text(),
            count: 0,
            first: log.at,
            last: log.at,
            zero,
        });
        row.count += 1;
        row.last = log.at;
    }

    /// The rows in order of their first lines.
    pub(super) fn rows(self) -> Vec<MessageRow> {
        let mut rows: Vec<MessageRow> = self.0.into_values().flatten().flatten().collect();
        rows.sort_by_key(|row| row.first);
        rows
    }
}

/// A revision with its key at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionRow {
    /// Its name.
    pub name: String,
    /// Its share of the requests, in per cent.
    pub percent: u32,
    /// Its key in words.
    pub key: Option<String>,
    /// Its row of `revisions.csv`.
    cells: Vec<Cell>,
}

/// A cell that outlives its row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    Text(String),
    Count(u64),
    Nanoseconds(i128),
    Empty,
}

impl RevisionRow {
    /// Keeps a revision.
    pub(super) fn new(revision: &Revision<'_>, zero: SimTime) -> Self {
        let cell = |value: Value<'_>| match value {
            Value::Text(text) => Cell::Text(text.to_owned()),
            Value::Count(count) => Cell::Count(count),
            Value::Nanoseconds(ns) => Cell::Nanoseconds(ns),
            // No column of a revision has any of these.
            Value::Picodollars(_)
            | Value::Millionths(_)
            | Value::Ratio(_)
            | Value::Single(_)
            | Value::Empty => Cell::Empty,
        };
        let key = revision.key.map(|key| {
            let (level, place) = (key.protection.name(), key.resource);
            let quota = match key.protection {
                Protection::Software => "no quota".to_owned(),
                Protection::Hsm | Protection::External | Protection::ExternalVpc => {
                    format!("quota of {}", place.project)
                }
            };
            let state = key.state.name();
            let (name, version) = (key.name, key.version);
            format!("{name} version {version} {state}, {level} in {}, {quota}", place.location)
        });
        Self {
            name: revision.name.to_owned(),
            percent: revision.percent,
            key,
            cells: REVISIONS.iter().map(|column| cell((column.get)(revision, zero))).collect(),
        }
    }
}

/// An object with a member a column of `revisions.csv`.
impl Serialize for RevisionRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cells = REVISIONS.iter().zip(&self.cells);
        serializer.collect_map(cells.map(|(column, cell)| (column.name, cell.value())))
    }
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Count(count) => Value::Count(*count),
            Self::Nanoseconds(ns) => Value::Nanoseconds(*ns),
            Self::Empty => Value::Empty,
        }
    }
}
