//! A single value: whether it is what its key takes, and what it comes to.

use super::keys::KeyName;
use super::schema::Kind;
use super::source::{nearest, shown};
use super::thresholds::{Limit, limit_of};
use super::tree::{Node, Value};
use crate::units::{Mebibytes, Rate, Ratio, SimDuration};

/// Why a value is not what its key takes.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// What is wrong, to be said after the key's name: `needs a unit`.
    pub what: &'static str,
    /// What is said at the value.
    pub label: String,
}

fn fault<T>(what: &'static str, label: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { what, label: label.into() })
}

const WRONG_KIND: &str = "is of the wrong kind";
const OUT_OF_BOUNDS: &str = "is out of bounds";

/// Checks a value against what its key takes; tables and lists are not looked into.
pub(super) fn check(kind: &Kind, node: &Node) -> Result<(), Fault> {
    let value = &node.value;
    match *kind {
        Kind::Table | Kind::Names(_) | Kind::Distribution | Kind::Settings | Kind::Thresholds => {
            expect(matches!(value, Value::Table(_)), "a table", value)
        }
        Kind::Conditions => {
            let condition = matches!(value, Value::Text(_) | Value::List(_));
            expect(condition, "a condition or a list of them", value)
        }
        Kind::List => expect(matches!(value, Value::List(_)), "a list", value),
        Kind::Text => text(value).map(drop),
        Kind::Path if text(value)?.is_empty() => fault("is empty", "expected the path of a file"),
        Kind::Path => Ok(()),
        Kind::Digest => match text(value)? {
            digits if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(()),
            _ => fault("is not a SHA-256", "expected 64 hexadecimal digits, as sha256sum prints"),
        },
        Kind::Name(alphabet) => match alphabet.allows(text(value)?) {
            true => Ok(()),
            false => fault("is not a name", alphabet.describe()),
        },
        Kind::Reference(_) => text(value).map(drop),
        Kind::Resource => resource(value).map(drop),
        Kind::Choice(known) => choice(known, value),
        Kind::Bool => boolean(value).map(drop),
        Kind::True => match boolean(value)? {
            true => Ok(()),
            false => fault(WRONG_KIND, "only true says something here: leave it out instead"),
        },
        Kind::Integer { min, max } => bounded(whole(value)?, min.into(), max.into()),
        Kind::Number { min, max } => bounded(number(value)?, min, max),
        Kind::Ratio { or: Some(or), .. } if text(value) == Ok(or) => Ok(()),
        Kind::Ratio { min, max, .. } => bounded(ratio(value)?.0, min, max),
        Kind::Duration { min, max } => match duration(value)? {
            length if length < min && length == SimDuration::ZERO => {
                fault(OUT_OF_BOUNDS, "must be longer than 0s")
            }
            length => bounded(length, min, max),
        },
        Kind::Memory { min, max } => bounded(memory(value)?, min, max),
        Kind::Rate { max } => bounded(rate(value)?, Rate(0.0), Rate(max)),
        Kind::Operations => operations(value).map(drop),
        Kind::Instant => instant(value).map(drop),
        Kind::Quantity => quantity(value).map(drop),
        Kind::Value => match value {
            Value::Datetime => {
                fault(WRONG_KIND, "a date stands in quotes, as in \"2026-01-01T00:00:00Z\"")
            }
            Value::Text(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Sample(_) => Ok(()),
        },
    }
}

fn instant(value: &Value) -> Result<jiff::Timestamp, Fault> {
    match text(value)?.parse() {
        Ok(instant) => Ok(instant),
        Err(_) => fault("is no instant", "expected one such as \"2026-01-01T00:00:00Z\""),
    }
}

fn wrong<T>(expected: &str, value: &Value) -> Result<T, Fault> {
    fault(WRONG_KIND, format!("expected {expected}, found {}", value.kind()))
}

fn expect(holds: bool, expected: &str, value: &Value) -> Result<(), Fault> {
    if holds { Ok(()) } else { wrong(expected, value) }
}

fn bounded<T: PartialOrd + std::fmt::Display>(value: T, min: T, max: T) -> Result<(), Fault> {
    match value >= min && value <= max {
        true => Ok(()),
        false => fault(OUT_OF_BOUNDS, format!("must be between {min} and {max}")),
    }
}

fn text(value: &Value) -> Result<&str, Fault> {
    if let Value::Text(text) = value { Ok(text) } else { wrong("a text in quotes", value) }
}

fn boolean(value: &Value) -> Result<bool, Fault> {
    if let Value::Bool(b) = value { Ok(*b) } else { wrong("true or false", value) }
}

fn whole(value: &Value) -> Result<i128, Fault> {
    if let Value::Integer(n) = value {
        return Ok(*n);
    }
    match text(value) {
        Ok(text) if text.trim().parse::<i128>().is_ok() => {
            fault(WRONG_KIND, "expected a whole number, without quotes")
        }
        Ok(_) | Err(_) => wrong("a whole number", value),
    }
}

/// A number of either kind.
fn plain(value: &Value) -> Option<f64> {
    if let Value::Integer(n) = value {
        Some(*n as f64)
    } else if let Value::Float(n) = value {
        Some(*n)
    } else {
        None
    }
}

fn number(value: &Value) -> Result<f64, Fault> {
    plain(value).map_or_else(|| wrong("a number", value), Ok)
}

fn ratio(value: &Value) -> Result<Ratio, Fault> {
    match (plain(value), text(value)) {
        (Some(n), _) => Ok(Ratio(n)),
        (None, Ok(text)) => Ratio::parse(text).or_else(|label| fault("is not a ratio", label)),
        (None, Err(_)) => wrong("a number such as 0.6 or a percentage such as \"60%\"", value),
    }
}

const NO_UNIT: &str = "needs a unit";

fn duration(value: &Value) -> Result<SimDuration, Fault> {
    match (plain(value), text(value)) {
        (Some(n), _) => fault(NO_UNIT, format!("a duration is a text with a unit, as in \"{n}s\"")),
        (None, Ok(text)) => SimDuration::parse(text).or_else(|label| {
            let what = match () {
                () if label.contains(NO_UNIT) => NO_UNIT,
                () if label.contains("negative") => "is negative",
                () => "is not a duration",
            };
            fault(what, label)
        }),
        (None, Err(_)) => wrong("a duration such as \"90s\"", value),
    }
}

fn rate(value: &Value) -> Result<Rate, Fault> {
    match (plain(value), text(value)) {
        (Some(n), _) => fault(NO_UNIT, format!("a rate is a text with a unit, as in \"{n}/s\"")),
        (None, Ok(text)) => Rate::parse(text).or_else(|label| {
            fault(if label.contains(NO_UNIT) { NO_UNIT } else { "is not a rate" }, label)
        }),
        (None, Err(_)) => wrong("a rate such as \"90/s\"", value),
    }
}

fn memory(value: &Value) -> Result<Mebibytes, Fault> {
    match (plain(value), text(value)) {
        (Some(n), _) => fault(NO_UNIT, format!("memory is a text with a unit, as in \"{n}MiB\"")),
        (None, Ok(text)) => Mebibytes::parse(text).or_else(|label| {
            fault(
                if label.contains(NO_UNIT) { NO_UNIT } else { "is not an amount of memory" },
                label,
            )
        }),
        (None, Err(_)) => wrong("an amount of memory such as \"512MiB\"", value),
    }
}

fn operations(value: &Value) -> Result<u32, Fault> {
    let per_second = rate(value)?.per_second();
    bounded(per_second, 0.0, f64::from(u32::MAX))?;
    match per_second.fract() == 0.0 {
        true => Ok(per_second as u32),
        false => fault("is not whole", "a quota is a whole number of operations a second"),
    }
}

fn quantity(value: &Value) -> Result<Limit, Fault> {
    if let Some(number) = plain(value) {
        return match whole(value).map(u64::try_from) {
            Ok(Ok(count)) => Ok(Limit::Count(count)),
            Ok(Err(_)) | Err(_) => Ok(Limit::Number(number)),
        };
    }
    match text(value) {
        Ok(said) => match limit_of(said) {
            Some(limit @ (Limit::Share(_) | Limit::Length(_))) => Ok(limit),
            Some(Limit::Count(_) | Limit::Number(_)) => {
                fault(WRONG_KIND, "expected a number without quotes")
            }
            None => fault("is no quantity", "expected a number, 0.1% or 800ms"),
        },
        Err(_) => wrong("a number, or a text such as \"800ms\"", value),
    }
}

fn choice(known: &[&str], value: &Value) -> Result<(), Fault> {
    let said = text(value)?;
    if known.contains(&said) {
        return Ok(());
    }
    let near = nearest(&said.to_ascii_lowercase(), known.iter().map(|k| k.to_owned()))
        .or_else(|| nearest(&said.to_ascii_uppercase(), known.iter().map(|k| k.to_owned())));
    match near {
        Some(near) => fault("is not one of its choices", format!("did you mean \"{near}\"?")),
        None => fault("is not one of its choices", format!("expected one of {}", known.join(", "))),
    }
}

fn resource(value: &Value) -> Result<KeyName, Fault> {
    let said = text(value)?;
    let parts: Vec<&str> = said.split('/').collect();
    let named = |part: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        (1..=100).contains(&part.len()) && part.chars().all(known)
    };
    match parts[..] {
        ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", key]
            if [project, location, ring, key].into_iter().all(named) =>
        {
            let [project, location, ring, key] = [project, location, ring, key].map(str::to_owned);
            Ok(KeyName { project, location, ring, key })
        }
        _ => {
            let shape = "projects/P/locations/L/keyRings/R/cryptoKeys/K";
            fault("is not the full resource name of a key", format!("expected {shape}"))
        }
    }
}

/// What a value comes to; nothing where the key takes something else, which the reader has said.
impl Node {
    /// A length of time.
    pub fn duration(&self) -> Option<SimDuration> {
        duration(&self.value).ok()
    }

    /// An instant of the calendar.
    pub fn instant(&self) -> Option<jiff::Timestamp> {
        instant(&self.value).ok()
    }

    /// An amount of memory.
    pub fn memory(&self) -> Option<Mebibytes> {
        memory(&self.value).ok()
    }

    /// A rate.
    pub fn rate(&self) -> Option<Rate> {
        rate(&self.value).ok()
    }

    /// A share or a factor.
    pub fn ratio(&self) -> Option<Ratio> {
        ratio(&self.value).ok()
    }

    /// A number.
    pub fn number(&self) -> Option<f64> {
        number(&self.value).ok()
    }

    /// A whole number of some width.
    pub fn whole<T: TryFrom<i128>>(&self) -> Option<T> {
        whole(&self.value).ok().and_then(|n| T::try_from(n).ok())
    }

    /// Operations a second.
    pub fn operations(&self) -> Option<u32> {
        operations(&self.value).ok()
    }

    /// True or false.
    pub fn boolean(&self) -> Option<bool> {
        boolean(&self.value).ok()
    }

    /// A number in the unit of its metric.
    pub fn quantity(&self) -> Option<Limit> {
        quantity(&self.value).ok()
    }

    /// The full resource name of a key.
    pub fn resource(&self) -> Option<KeyName> {
        resource(&self.value).ok()
    }
}

/// The label of a reference that names nothing.
pub(super) fn unknown_name<'a>(
    name: &str,
    of: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("the nearest name in {of} is {}", shown(near)),
        None if known.clone().next().is_none() => format!("the scenario has no {of}"),
        None => {
            let names: Vec<String> = known.take(10).map(shown).collect();
            format!("{of} has {}", names.join(", "))
        }
    }
}
