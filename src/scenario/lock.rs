//! The lock file: a scenario with every default filled in, as TOML text.
//!
//! Keys come in the order of the schema, names and elements in the order of the file, so that the
//! lock of a lock is the same text.

use std::fmt::Write;

use super::schema::{Kind, Presence, Shape};
use super::tree::{Node, Value};

/// The first lines of every lock file.
const HEAD: &str = "\
# A scenario with every default filled in: running this file gives the same results.
";

/// The text of a whole tree.
pub(super) fn print(root: &Node, schema: &Shape) -> String {
    print_after(HEAD, root, schema)
}

/// The same with other first lines.
pub(super) fn print_after(head: &str, root: &Node, schema: &Shape) -> String {
    let mut text = head.to_owned();
    table(&mut text, root, schema, &mut Vec::new());
    text
}

/// The values of a table, then what has a header of its own.
fn table(text: &mut String, node: &Node, shape: &Shape, path: &mut Vec<String>) {
    let given = || shape.children.iter().filter_map(|c| Some((c, node.entry(c.name)?)));
    for (child, entry) in given().filter(|(child, _)| !has_header(child)) {
        push(text, &[&name(child.name), " = "]);
        inline(text, &entry.node, child);
        text.push('\n');
    }
    for (child, entry) in given().filter(|(child, _)| has_header(child)) {
        path.push(name(child.name));
        if child.row.kind == Kind::List {
            elements(text, &entry.node, child, path);
        } else if matches!(child.row.kind, Kind::Names(_)) {
            named(text, &entry.node, child, path);
        } else {
            section(text, &entry.node, child, path);
        }
        path.pop();
    }
}

/// Whether something is written under a header; laws, choices and points stand on one line.
fn has_header(shape: &Shape) -> bool {
    let plain = shape.row.kind == Kind::Table && shape.variants().next().is_none();
    let below_choice = shape.row.presence == Presence::Variant;
    plain && !below_choice
        || matches!(shape.row.kind, Kind::Names(_))
        || shape.row.kind == Kind::List && !lists_values(shape)
}

/// Whether it is a list of plain values, not of tables.
fn lists_values(list: &Shape) -> bool {
    list.children.iter().all(|element| element.row.kind != Kind::Table)
}

fn section(text: &mut String, node: &Node, shape: &Shape, path: &mut Vec<String>) {
    push(text, &["\n[", &path.join("."), "]\n"]);
    table(text, node, shape, path);
}

fn named(text: &mut String, node: &Node, shape: &Shape, path: &mut Vec<String>) {
    let Some(element) = shape.children.first() else { return };
    for entry in node.entries() {
        path.push(name(&entry.key));
        section(text, &entry.node, element, path);
        path.pop();
    }
}

fn elements(text: &mut String, node: &Node, shape: &Shape, path: &mut Vec<String>) {
    let Some(element) = shape.children.first() else { return };
    for item in node.items() {
        push(text, &["\n[[", &path.join("."), "]]\n"]);
        table(text, item, element, path);
    }
}

/// A value alone, on one line.
pub(super) fn value(node: &Node, shape: &Shape) -> String {
    let mut text = String::new();
    inline(&mut text, node, shape);
    text
}

/// A value that any key may have, on one line.
pub(super) fn any(node: &Node) -> String {
    let mut text = String::new();
    as_given(&mut text, node);
    text
}

/// A value on one line, as the file has it.
fn as_given(text: &mut String, node: &Node) {
    let mut before = "";
    match &node.value {
        Value::List(items) => {
            text.push('[');
            for item in items {
                push(text, &[std::mem::replace(&mut before, ", ")]);
                as_given(text, item);
            }
            text.push(']');
        }
        Value::Table(entries) => {
            text.push('{');
            for entry in entries {
                push(text, &[std::mem::replace(&mut before, ", "), &name(&entry.key), " = "]);
                as_given(text, &entry.node);
            }
            text.push('}');
        }
        Value::Text(value) => quoted(text, value),
        Value::Integer(value) => push(text, &[&value.to_string()]),
        Value::Float(value) => push(text, &[&format!("{value:?}")]),
        Value::Bool(value) => push(text, &[if *value { "true" } else { "false" }]),
        // No key takes one, so that none is in a tree without errors.
        Value::Datetime | Value::Sample(_) => {}
    }
}

/// A value on one line, but for a list of tables, which has a line for each.
fn inline(text: &mut String, node: &Node, shape: &Shape) {
    if matches!(shape.row.kind, Kind::Thresholds | Kind::Conditions | Kind::Value) {
        return as_given(text, node);
    }
    match &node.value {
        Value::Text(value) => quoted(text, value),
        Value::Integer(value) => push(text, &[&value.to_string()]),
        Value::Float(value) => push(text, &[&format!("{value:?}")]),
        Value::Bool(value) => push(text, &[if *value { "true" } else { "false" }]),
        // No key takes one, so that none is in a tree without errors.
        Value::Datetime | Value::Sample(_) => {}
        Value::List(items) => {
            let element = shape.children.first().unwrap_or(shape);
            text.push('[');
            if lists_values(shape) {
                for (position, item) in items.iter().enumerate() {
                    text.push_str(if position > 0 { ", " } else { "" });
                    inline(text, item, element);
                }
                return text.push(']');
            }
            for item in items {
                text.push_str("\n  ");
                inline(text, item, element);
                text.push(',');
            }
            text.push_str("\n]");
        }
        Value::Table(entries) => {
            let mut before = "{ ";
            // What is laid over something else stands as the file has it.
            let named = matches!(shape.row.kind, Kind::Settings | Kind::Names(_));
            let known = shape.children.iter().filter(|_| !named);
            let known = known.filter_map(|c| Some((node.entry(c.name)?, c)));
            let own = entries.iter().filter(|_| named);
            let own = own.map(|e| (e, shape.children.first().unwrap_or(shape)));
            for (entry, child) in known.chain(own) {
                push(text, &[before, &name(&entry.key), " = "]);
                inline(text, &entry.node, child);
                before = ", ";
            }
            text.push_str(if before == "{ " { "{}" } else { " }" });
        }
    }
}

fn push(text: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| text.push_str(part));
}

/// A key, in quotes where TOML wants them.
fn name(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        return key.to_owned();
    }
    let mut text = String::new();
    quoted(&mut text, key);
    text
}

/// A basic string: control characters are escaped, everything else stands as it is.
fn quoted(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => {
                write!(text, "\\u{:04X}", u32::from(c)).expect("a string takes any text");
            }
            c => text.push(c),
        }
    }
    text.push('"');
}
