//! The schema for editors: JSON Schema, draft 2020-12, made from the table of keys.
//!
//! It says what one key can say alone: its kind, bounds, choices and default, which keys exclude
//! each other, which belong together. What takes several keys, or the run, is left to the reader:
//! a file that an editor finds no fault with can still have some. Where a text has a grammar, its
//! pattern takes everything that the reader takes and refuses what people get wrong, such as a
//! duration without a unit.

use serde_json::{Map, Value, json};

use super::deploy::NOT_DEPLOYED;
use super::metric::Vocabulary;
use super::schema::{Alphabet, Kind, Presence, Row, Shape};
use super::thresholds::SERVICES;

/// The dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// A number that is not negative, as a text has it.
const NUMBER: &str = r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?";
/// A digit with a unit somewhere after it: `1h 30m`, `PT5M`, `2 days`, `01:30:00`.
const DURATION: &str = "[0-9].*[A-Za-zµ:]";
/// A statistic, a comparison, a limit, and whatever follows.
const CONDITION: &str =
    r"^\s*(value|min|max|mean|sum|first|last|count|p50|p90|p95|p99|p999|p99\.9)\s*([<>]=?|[=!]=)";

/// The schema of a scenario file; thresholds know the metrics of the vocabulary.
pub fn json_schema(vocabulary: &Vocabulary) -> Value {
    let root = Shape::root();
    let mut schema = table(&root, Reading::Whole);
    schema.insert("$schema".to_owned(), DIALECT.into());
    schema.insert("title".to_owned(), "a scenario of keyscale".into());
    let service = root.child("services").and_then(|services| services.children.first());
    let definitions = json!({
        "law": table(&Shape::law(), Reading::Law),
        "settings": service.map(settings),
        "conditions": conditions(),
        "thresholds": thresholds(vocabulary),
    });
    schema.insert("$defs".to_owned(), definitions);
    Value::Object(schema)
}

/// How the keys of a table count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// They are all there is.
    Whole,
    /// They are laid over others, so that none need be there.
    Laid,
    /// They are a law's, in the definition of laws.
    Law,
}

/// The keys of a service that a deploy may change.
fn settings(service: &Shape) -> Map<String, Value> {
    let mut schema = table(service, Reading::Laid);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        NOT_DEPLOYED.iter().for_each(|(name, _)| drop(properties.remove(*name)));
    }
    schema
}

/// A key: what it takes, and what is said about it.
fn key(shape: &Shape, reading: Reading) -> Value {
    let mut schema = kind(shape, reading);
    schema["description"] = description(shape.row).into();
    if let Presence::Default { value, .. } = shape.row.presence
        && let Some(value) = json_of(value)
    {
        schema["default"] = value;
    }
    schema
}

/// The meaning of a key, and what holds where it is absent.
fn description(row: &Row) -> String {
    let meaning = row.meaning;
    match row.presence {
        Presence::Required(example) => format!("{meaning}\n\nRequired, for example: {example}"),
        Presence::Optional(absent) => format!("{meaning}\n\nWithout it: {absent}"),
        Presence::Derived { value, source } | Presence::Default { value, source } => {
            format!("{meaning}\n\nDefault: {value} ({source})")
        }
        Presence::Variant | Presence::Group(_) | Presence::Element => meaning.to_owned(),
    }
}

/// A TOML value as JSON.
fn json_of(text: &str) -> Option<Value> {
    let table: Result<Map<String, Value>, _> = toml::from_str(&format!("value = {text}"));
    table.ok()?.remove("value")
}

/// What a key takes.
fn kind(shape: &Shape, reading: Reading) -> Value {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    // Only tables are laid over each other; everything else is replaced whole.
    let below = if reading == Reading::Laid { Reading::Whole } else { reading };
    let element = || shape.children.first().map_or(Value::Bool(true), |e| key(e, below));
    match shape.row.kind {
        Kind::Table => Value::Object(table(shape, reading)),
        Kind::Distribution if reading == Reading::Law => Value::Object(table(shape, reading)),
        Kind::Distribution => json!({ "$ref": "#/$defs/law" }),
        Kind::Names(alphabet) => json!({
            "type": "object",
            "propertyNames": { "pattern": pattern_of(alphabet) },
            "additionalProperties": element(),
        }),
        Kind::List => json!({ "type": "array", "items": element() }),
        Kind::Value => json!({}),
        Kind::Instant => json!({ "type": "string", "format": "date-time" }),
        Kind::Settings => json!({ "$ref": "#/$defs/settings" }),
        Kind::Thresholds => json!({ "$ref": "#/$defs/thresholds" }),
        Kind::Conditions => json!({ "$ref": "#/$defs/conditions" }),
        Kind::Text | Kind::Reference(_) => json!({ "type": "string" }),
        Kind::Name(alphabet) => text(&pattern_of(alphabet)),
        Kind::Path => json!({ "type": "string", "minLength": 1 }),
        Kind::Digest => text("^[0-9A-Fa-f]{64}$"),
        Kind::Resource => {
            let name = "[A-Za-z0-9_.:-]{1,100}";
            let parts = ["projects", "locations", "keyRings", "cryptoKeys"];
            text(&format!("^{}$", parts.map(|part| format!("{part}/{name}")).join("/")))
        }
        Kind::Choice(known) => json!({ "enum": known }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::True => json!({ "const": true }),
        Kind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Ratio { min, max, or } => {
            let number = json!({ "type": "number", "minimum": min, "maximum": max });
            let percentage = text(&format!(r"^\s*{NUMBER}\s*%\s*$"));
            let other = or.map(|or| json!({ "const": or }));
            let ways: Vec<Value> = [number, percentage].into_iter().chain(other).collect();
            json!({ "anyOf": ways })
        }
        Kind::Duration { .. } => text(DURATION),
        Kind::Quantity => {
            let percentage = text(&format!(r"^\s*{NUMBER}\s*%\s*$"));
            json!({ "anyOf": [{ "type": "number" }, percentage, text(DURATION)] })
        }
        Kind::Memory { .. } => text(r"^\s*[0-9]+\s*(MiB|Mi|GiB|Gi)\s*$"),
        Kind::Rate { .. } | Kind::Operations => {
            text(&format!(r"^\s*{NUMBER}\s*/\s*(s|sec|m|min|h|d)\s*$"))
        }
    }
}

/// The names of an alphabet; their length is the reader's to check.
fn pattern_of(alphabet: Alphabet) -> String {
    match alphabet {
        Alphabet::Plain => "^[A-Za-z0-9_-]+$",
        Alphabet::Folder => "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$",
        Alphabet::Quota => "^[A-Za-z0-9_:/-][A-Za-z0-9_.:/-]*$",
    }
    .to_owned()
}

/// A table: its keys and no others, those that must be there, and those that exclude each other.
fn table(shape: &Shape, reading: Reading) -> Map<String, Value> {
    let whole = reading != Reading::Laid || shape.variants().next().is_some();
    let below = if whole && reading == Reading::Laid { Reading::Whole } else { reading };
    let properties: Map<String, Value> =
        shape.children.iter().map(|child| (child.name.to_owned(), key(child, below))).collect();
    let mut schema = Map::new();
    let mut put = |name: &str, value: Value| drop(schema.insert(name.to_owned(), value));
    put("type", "object".into());
    put("additionalProperties", false.into());
    put("properties", Value::Object(properties));
    if !whole {
        return schema;
    }
    let is_required = |child: &&Shape| matches!(child.row.presence, Presence::Required(_));
    let required: Vec<&str> = shape.children.iter().filter(is_required).map(|c| c.name).collect();
    if !required.is_empty() {
        put("required", json!(required));
    }
    let variants: Vec<Value> =
        shape.variants().map(|variant| json!({ "required": [variant.name] })).collect();
    if !variants.is_empty() {
        put("oneOf", variants.into());
    }
    let groups = groups(shape);
    if !groups.is_empty() {
        put("anyOf", groups.into());
    }
    schema
}

/// Each group of keys, whole and without any key of another group.
fn groups(shape: &Shape) -> Vec<Value> {
    let of = |child: &Shape| match child.row.presence {
        Presence::Group(group) => Some(group),
        Presence::Required(_)
        | Presence::Optional(_)
        | Presence::Derived { .. }
        | Presence::Default { .. }
        | Presence::Variant
        | Presence::Element => None,
    };
    let mut names: Vec<&str> = shape.children.iter().filter_map(of).collect();
    names.dedup();
    let alone = |name: &&str| {
        let grouped = || shape.children.iter().filter(|child| of(child).is_some());
        let (own, others): (Vec<&Shape>, Vec<&Shape>) =
            grouped().partition(|child| of(child) == Some(*name));
        let own: Vec<&str> = own.iter().map(|child| child.name).collect();
        let others: Map<String, Value> =
            others.iter().map(|child| (child.name.to_owned(), Value::Bool(false))).collect();
        json!({ "required": own, "properties": others })
    };
    names.iter().map(alone).collect()
}

/// A condition or a list of them.
fn conditions() -> Value {
    let one = json!({ "type": "string", "pattern": CONDITION });
    json!({ "anyOf": [one, { "type": "array", "items": one }] })
}

/// Conditions by metric, of all services together and by service.
fn thresholds(vocabulary: &Vocabulary) -> Value {
    let metric = |name: &String| {
        let statistics = vocabulary.statistics(name).join(", ");
        let text = format!("a result of a run, with the statistics: {statistics}");
        (name.clone(), json!({ "$ref": "#/$defs/conditions", "description": text }))
    };
    let mut metrics: Map<String, Value> = vocabulary.result_names().iter().map(metric).collect();
    let others = match metrics.is_empty() {
        true => json!({ "$ref": "#/$defs/conditions" }),
        false => Value::Bool(false),
    };
    let of_a_service =
        json!({ "type": "object", "properties": metrics, "additionalProperties": others });
    let by_service = json!({
        "type": "object",
        "additionalProperties": of_a_service,
        "description": "what must hold of single services, by name",
    });
    metrics.insert(SERVICES.to_owned(), by_service);
    json!({ "type": "object", "properties": metrics, "additionalProperties": others })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::metric::vocabulary;
    use crate::scenario::schema::ROWS;
    use crate::scenario::{Source, check};

    /// Whether a value is what a schema says; patterns and formats are left out.
    fn fits(schema: &Value, whole: &Value, value: &Value) -> bool {
        let Value::Object(schema) = schema else { return schema == &Value::Bool(true) };
        let below = |schema: &Value, value: &Value| fits(schema, whole, value);
        schema.iter().all(|(word, said)| match (word.as_str(), value) {
            ("$ref", _) => {
                let path = said.as_str().expect("a text").trim_start_matches('#');
                below(whole.pointer(path).expect("a definition"), value)
            }
            ("type", _) => match said.as_str().expect("a text") {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_u64() || value.is_i64(),
                "number" => value.is_number(),
                other => panic!("{other} is no type"),
            },
            ("const", _) => said == value,
            ("enum", _) => said.as_array().expect("a list").contains(value),
            ("minimum", Value::Number(n)) => n.as_f64() >= said.as_f64(),
            ("maximum", Value::Number(n)) => n.as_f64() <= said.as_f64(),
            ("required", Value::Object(keys)) => said
                .as_array()
                .expect("a list")
                .iter()
                .all(|k| keys.contains_key(k.as_str().expect("a text"))),
            ("properties", Value::Object(keys)) => {
                keys.iter().all(|(k, v)| said.get(k).is_none_or(|schema| below(schema, v)))
            }
            ("additionalProperties", Value::Object(keys)) => {
                let known =
                    |k: &String| schema.get("properties").is_some_and(|p| p.get(k).is_some());
                keys.iter().all(|(k, v)| known(k) || below(said, v))
            }
            ("items", Value::Array(items)) => items.iter().all(|item| below(said, item)),
            ("oneOf", _) => {
                said.as_array()
                    .expect("a list")
                    .iter()
                    .filter(|schema| below(schema, value))
                    .count()
                    == 1
            }
            ("anyOf", _) => {
                said.as_array().expect("a list").iter().any(|schema| below(schema, value))
            }
            _ => true,
        })
    }

    fn json(text: &str) -> Value {
        toml::from_str(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"))
    }

    /// Where the schema has a row.
    fn place<'v>(whole: &'v Value, path: &str) -> &'v Value {
        path.split('.').fold(whole, |schema, step| {
            let below = match step {
                "*" => &schema["additionalProperties"],
                "#" => &schema["items"],
                name => &schema["properties"][name],
            };
            assert!(below.is_object(), "{path} is not in the schema");
            below
        })
    }

    #[test]
    fn every_key_is_there_with_its_meaning_and_a_default_that_fits() {
        let whole = json_schema(&vocabulary());
        for row in ROWS {
            let schema = place(&whole, row.path);
            let said = schema["description"].as_str().expect(row.path);
            assert!(said.starts_with(row.meaning), "{}: {said}", row.path);
            if let Presence::Default { value, source } = row.presence {
                assert!(said.ends_with(&format!("Default: {value} ({source})")), "{}", row.path);
                let default = &schema["default"];
                assert!(fits(schema, &whole, default), "{}: {default}", row.path);
            }
        }
    }

    /// Those of the project, and with every default filled in.
    #[test]
    fn scenarios_and_their_locks_fit() {
        let whole = json_schema(&vocabulary());
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut count = 0;
        for folder in ["scenarios", "scenarios/drills"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
                let path = entry.expect("readable").path();
                let Some(stem) = path.file_stem().filter(|_| path.is_file()) else { continue };
                let stem = stem.to_str().expect("a plain name");
                let text = std::fs::read_to_string(&path).expect("readable");
                assert!(fits(&whole, &whole, &json(&text)), "{stem}");
                let source = Source { origin: stem, text: &text, stem, folder: Path::new("") };
                let checked = check(&source, &[], Path::new("")).expect(stem);
                let lock = checked.lock(&[]);
                assert!(fits(&whole, &whole, &json(&lock)), "{lock}");
                count += 1;
            }
        }
        assert!(count > 40, "{count} scenarios");
    }

    #[test]
    fn what_one_key_can_say_wrong_does_not_fit() {
        let whole = json_schema(&vocabulary());
        let check = |service: &str, rest: &str, expected: bool| {
            let text = format!(
                "[services.web]\n{service}\n[[services.web.load]]\npoisson = {{ rate = '9/s' }}\n{rest}"
            );
            assert_eq!(fits(&whole, &whole, &json(&text)), expected, "{text}");
        };
        let time = "service_time = { constant = '1s' }\n";
        let with = |line: &str| format!("{time}{line}");
        check(time, "", true);
        check("", "", false);
        check("service_time = '1s'", "", false);
        check("service_time = { constant = '1s', exponential = { mean = '1s' } }", "", false);
        check("service_time = { lognormal = { mean = '1s', cv = 1 } }", "", true);
        check("service_time = { lognormal = { mean = '1s', p99 = '2s' } }", "", false);
        check("service_time = { lognormal = { mean = '1s', cv = 1, p99 = '2s' } }", "", false);
        let parts =
            "{ constant = '1s', weight = 1 }, { exponential = { mean = '1s' }, weight = 2 }";
        check(&format!("service_time = {{ mixture = [{parts}] }}"), "", true);
        check("service_time = { mixture = [{ constant = '1s' }] }", "", false);
        check(&with("concurrency = 1000"), "", true);
        check(&with("concurrency = 1001"), "", false);
        check(&with("concurrency = '80'"), "", false);
        check(&with("concurency = 80"), "", false);
        check(&with("pending_timeout = { none = true }"), "", true);
        check(&with("pending_timeout = { none = false }"), "", false);
        check(&with("pending_timeout = { none = true, fixed = '1s' }"), "", false);
        check(time, "[thresholds]\nfailed_ratio = 'value < 1%'", true);
        check(time, "[thresholds]\nfailed_share = 'value < 1%'", false);
        check(time, "[thresholds.services.web]\nlatency = ['p99 < 1s']", true);
        check(time, "[thresholds.services.web]\nlatency = 5", false);
        let deploy = |set: &str| {
            format!("[[timeline]]\nat = '5m'\ndeploy = {{ service = 'web', set = {{ {set} }} }}")
        };
        check(time, &deploy("concurrency = 4, start = { boot = { constant = '1s' } }"), true);
        check(time, &deploy("concurrency = 0"), false);
        check(time, &deploy("max_instances = 4"), false);
    }
}
