//! An axis: keys of a scenario, and the values that they take in turn.

use std::collections::BTreeSet;

use super::COLUMNS;
use super::range::points;
use crate::scenario::lock;
use crate::scenario::overrides::path;
use crate::scenario::schema::Alphabet;
use crate::scenario::source::{Findings, Place, shown};
use crate::scenario::tree::{Node, Value};
use crate::units::{Mebibytes, Rate, Ratio, SimDuration};

/// Values that an axis may have.
pub(super) const MOST_SPOTS: usize = 10_000;

/// One axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// The keys that change together.
    pub keys: Vec<String>,
    /// Where the keys stand.
    pub(super) places: Vec<Place>,
    /// Its values, in order.
    pub spots: Vec<Spot>,
    /// What its values measure.
    pub measure: Measure,
    /// Whether the values have names of their own, or are of several keys: then a table has each
    /// key in a column beside.
    pub has_parts: bool,
}

/// One value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// What it is called.
    pub label: String,
    /// A TOML value for each key.
    pub values: Vec<String>,
    /// It as a number in the unit of the axis, where that has one.
    pub number: Option<f64>,
    pub(super) place: Place,
}

/// What the values of an axis measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Plain numbers.
    Number,
    /// Lengths of time, in seconds.
    Seconds,
    /// Rates, in events a second.
    PerSecond,
    /// Shares of 1.
    Share,
    /// Memory, in MiB.
    Mebibytes,
    /// Nothing: they have names.
    Name,
}

impl Measure {
    /// What the name of a column in this unit ends in.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Seconds => "_s",
            Self::PerSecond => "_per_s",
            Self::Mebibytes => "_mib",
            Self::Number | Self::Share | Self::Name => "",
        }
    }
}

impl Axis {
    /// The name of its column.
    pub fn column(&self) -> String {
        format!("{}{}", self.name, self.measure.suffix())
    }

    /// A value in its column.
    pub fn cell(&self, spot: &Spot) -> String {
        spot.number.map_or_else(|| spot.label.clone(), |number| number.to_string())
    }
}

/// A value's number, and what that measures.
fn number_of(node: &Node) -> Option<(Measure, f64)> {
    let said = match &node.value {
        Value::Integer(n) => return Some((Measure::Number, *n as f64)),
        Value::Float(n) => return n.is_finite().then_some((Measure::Number, *n)),
        Value::Text(said) => said,
        Value::Bool(_) | Value::Datetime | Value::List(_) | Value::Table(_) | Value::Sample(_) => {
            return None;
        }
    };
    let length = || SimDuration::parse(said).map(|l| (Measure::Seconds, l.as_secs_f64()));
    let rate = || Rate::parse(said).map(|rate| (Measure::PerSecond, rate.per_second()));
    let share = || Ratio::parse(said).map(|share| (Measure::Share, share.0));
    let memory = || Mebibytes::parse(said).map(|m| (Measure::Mebibytes, f64::from(m.0)));
    length().or_else(|_| rate()).or_else(|_| share()).or_else(|_| memory()).ok()
}

/// The axes of a file.
pub(super) fn axes(root: &Node, found: &mut Findings) -> Vec<Axis> {
    let Some(list) = root.entry("axis") else { return Vec::new() };
    let items = list.node.items();
    if items.is_empty() && matches!(list.node.value, Value::List(_)) {
        let help =
            "for example [[axis]] with key = \"services.web.min_instances\" and values = [1, 3]";
        found.error("there is no axis", &list.place, "the list is empty").help(help);
    }
    let mut axes: Vec<Axis> = items.iter().filter_map(|item| axis(item, found)).collect();
    let mut keys: Vec<(&str, &Place)> = Vec::new();
    for (key, place) in axes.iter().flat_map(|a| a.keys.iter().zip(&a.places)) {
        match keys.iter().find(|(known, _)| known == key) {
            Some((_, first)) => {
                let title = format!("{} is set twice", shown(key));
                found.error(title, place, "the second").also(first, "the first");
            }
            None => keys.push((key, place)),
        }
    }
    name(&mut axes, items, found);
    axes
}

/// One axis; none where something is wrong with it, which is told.
fn axis(item: &Node, found: &mut Findings) -> Option<Axis> {
    let mut keys = Vec::new();
    let single = item.get("key").into_iter();
    for node in single.chain(item.get("keys").map(Node::items).unwrap_or_default()) {
        let key = node.text()?;
        if let Err(why) = path(key) {
            found.error("the key can't be read", &node.place, why);
            return None;
        }
        keys.push((key.to_owned(), node.place.clone()));
    }
    if keys.is_empty() {
        if let Some(list) = item.get("keys") {
            found.error("the axis changes nothing", &list.place, "the list is empty");
        }
        return None;
    }
    let nodes = match (item.get("values"), item.get("from"), item.get("to")) {
        (Some(values), _, _) => values.items().to_vec(),
        (None, Some(from), Some(to)) => points(item, from, to, found)?,
        (None, _, _) => return None,
    };
    if let Some(values) = item.get("values") {
        for key in ["step", "count"] {
            if let Some(entry) = item.entry(key) {
                let label = "values are listed: it belongs to from and to";
                found.error(format!("{key} says nothing here"), &entry.place, label);
            }
        }
        if nodes.is_empty() {
            found.error("the axis has no values", &values.place, "the list is empty");
            return None;
        }
        if nodes.len() > MOST_SPOTS {
            let label = format!("it has {}, at most {MOST_SPOTS} are run", nodes.len());
            found.error("the axis has too many values", &values.place, label);
            return None;
        }
    }
    let (keys, places): (Vec<String>, Vec<Place>) = keys.into_iter().unzip();
    let measure = measure(&nodes, keys.len());
    let labels = labels(item, nodes.len(), found);
    let mut spots = Vec::<Spot>::new();
    for (at, node) in nodes.iter().enumerate() {
        let spot = spot(node, keys.len(), labels.get(at).cloned(), measure, found)?;
        if let Some(first) = spots.iter().find(|known| known.values == spot.values) {
            let title = format!("{} is there twice", shown(&spot.label));
            found.error(title, &spot.place, "the second").also(&first.place, "the first");
        } else {
            spots.push(spot);
        }
    }
    let has_parts = keys.len() > 1 || !labels.is_empty();
    let measure = if labels.is_empty() { measure } else { Measure::Name };
    Some(Axis { name: String::new(), keys, places, spots, measure, has_parts })
}

/// What all values measure; of several keys only where they all take the same.
fn measure(nodes: &[Node], keys: usize) -> Measure {
    let mut measures = nodes.iter().map(|node| match parts(node, keys) {
        Some(_) => Measure::Name,
        None => number_of(node).map_or(Measure::Name, |(measure, _)| measure),
    });
    let first = measures.next().unwrap_or(Measure::Name);
    if measures.all(|measure| measure == first) { first } else { Measure::Name }
}

/// The parts of a value that has one for each of several keys; none where all take the same.
fn parts(node: &Node, keys: usize) -> Option<&[Node]> {
    (keys > 1 && matches!(node.value, Value::List(_))).then(|| node.items())
}

/// A value with one part for each key.
fn spot(
    node: &Node,
    keys: usize,
    label: Option<String>,
    measure: Measure,
    found: &mut Findings,
) -> Option<Spot> {
    let own = parts(node, keys);
    let parts = own.map_or_else(|| vec![node; keys], |parts| parts.iter().collect());
    if parts.len() != keys {
        let title = "the keys of the axis want a value each";
        let label = format!("there are {keys} keys, and {} values", parts.len());
        found.error(title, &node.place, label);
        return None;
    }
    let plain = |part: &&Node| part.text().map_or_else(|| lock::any(part), str::to_owned);
    let named = measure == Measure::Name || label.is_some();
    let shown: Vec<String> = parts.iter().take(own.map_or(1, <[Node]>::len)).map(plain).collect();
    Some(Spot {
        label: label.unwrap_or_else(|| shown.join(" / ")),
        values: parts.iter().map(|part| lock::any(part)).collect(),
        number: number_of(node).filter(|_| !named).map(|(_, number)| number),
        place: node.place.clone(),
    })
}

/// The labels of an axis: none, or one a value.
fn labels(item: &Node, spots: usize, found: &mut Findings) -> Vec<String> {
    let Some(list) = item.get("labels") else { return Vec::new() };
    let labels: Vec<String> =
        list.items().iter().filter_map(|l| l.text().map(str::to_owned)).collect();
    let distinct: BTreeSet<&String> = labels.iter().collect();
    if labels.len() != spots {
        let label = format!("there are {spots} values, and {} labels", labels.len());
        found.error("every value wants a label", &list.place, label);
    } else if distinct.len() < labels.len() {
        found.error("two values have the same label", &list.place, "each wants one of its own");
    }
    labels
}

/// Names the axes that have no name of their own: by the last part of the key, or by the whole of
/// it where another axis or a column has that.
fn name(axes: &mut [Axis], items: &[Node], found: &mut Findings) {
    // An axis that is wrong is not here, and its name does not matter.
    if axes.len() != items.len() {
        return;
    }
    let last = |axis: &Axis| -> String {
        let parts = axis.keys.iter().filter_map(|key| path(key).ok()?.pop()).map(|s| s.name);
        parts.collect::<Vec<_>>().join("-")
    };
    let short: Vec<String> = axes.iter().map(last).collect();
    for at in 0..axes.len() {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' };
        let is_free = |name: &str| {
            let others = short.iter().enumerate().filter(|(other, _)| *other != at);
            !name.starts_with(|c: char| c.is_ascii_digit())
                && Alphabet::Plain.allows(name)
                && others.clone().all(|(_, other)| other != name)
        };
        let own = items[at].entry("name");
        let reserved = |axis: &Axis, name: &str| {
            let column = format!("{name}{}", axis.measure.suffix());
            COLUMNS.contains(&column.as_str())
        };
        axes[at].name = match own.and_then(|entry| entry.node.text()) {
            Some(name) => name.to_owned(),
            None if is_free(&short[at]) && !reserved(&axes[at], &short[at]) => short[at].clone(),
            None => axes[at].keys.join("-").chars().map(plain).collect(),
        };
        let place =
            own.map_or_else(|| axes[at].places[0].clone(), |entry| entry.node.place.clone());
        let name = &axes[at].name;
        let known = axes[..at].iter().any(|axis| axis.name == *name);
        if known || reserved(&axes[at], name) {
            let label = if known { "another axis has it" } else { "the table has a column of it" };
            let title = format!("an axis can't be called {}", shown(name));
            found.error(title, &place, label).help("give it a name, as in name = \"size\"");
        }
    }
}
