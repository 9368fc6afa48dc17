//! Members of JSON files that reports are made from: what is absent is told as such.

use serde_json::Value as Json;

use crate::output::numbers::{dollars, in_unit};

/// A member that is a text; empty where it is none.
pub fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_default()
}

/// The members of a list; none where it is none.
pub fn list<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    json[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A number in its unit: `never` and what is absent are told as such.
pub fn cell(json: &Json, unit: &str) -> String {
    match (json.as_f64(), json.as_str()) {
        (Some(number), _) if unit.starts_with("USD") => dollars(number),
        (Some(number), _) => in_unit(number, unit),
        (None, Some(text)) => text.to_owned(),
        (None, None) => "-".to_owned(),
    }
}
