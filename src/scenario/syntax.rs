//! From a text to a tree, or to what is wrong with the text as TOML.

use std::ops::Range;

use toml::de::{DeTable, DeValue, Error};

use super::limits::{DEEPEST, LONGEST, too_deep, value_too_deep};
use super::source::{Findings, KEPT, Place, shown};
use super::tree::{Node, Value};

/// The tree of a file's text, as far as the text can be read, and whether all of it was.
pub(super) fn parse(text: &str, found: &mut Findings) -> (Node, bool) {
    let start = Place::default();
    if text.len() > LONGEST {
        found.error("the scenario is too long", &start, length(text));
        return (Node::default_at(&start, Value::Table(Vec::new())), false);
    }
    if let Some(span) = too_deep(text) {
        found.error("the scenario is nested too deep", &Place { source: 0, span }, depth());
        return (Node::default_at(&start, Value::Table(Vec::new())), false);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let root = Node::of_table(table.into_inner(), start);
    let whole = errors.iter().all(|e| e.message() == DUPLICATE);
    let mut last_line = None;
    for (number, error) in errors.into_iter().take(KEPT).enumerate() {
        let span = error.span().unwrap_or(0..0);
        if error.message() == DUPLICATE {
            duplicate(text, &root, span, number < SEARCHED, found);
            continue;
        }
        // A line that can't be read has one thing to say; what follows from it is noise.
        let line = text.get(..span.start).unwrap_or(text).matches('\n').count();
        if last_line.replace(line) != Some(line) {
            let place = Place { source: 0, span };
            found.error("this is not TOML", &place, error.message());
        }
    }
    (root, whole)
}

/// The tree of a value that begins at `offset` of its source; a text where it is not TOML.
pub(super) fn parse_value(
    text: &str,
    source: usize,
    offset: usize,
    found: &mut Findings,
) -> Option<Node> {
    let place = Place { source, span: offset..offset + text.len() };
    if text.len() > LONGEST {
        found.error("the value is too long", &place, length(text));
        return None;
    }
    if let Some(span) = value_too_deep(text) {
        let span = span.start + offset..span.end + offset;
        found.error("the value is nested too deep", &Place { source, span }, depth());
        return None;
    }
    let parsed: Result<_, Error> = DeValue::parse(text);
    Some(match parsed {
        Ok(value) => Node::of_value(value, source, offset),
        Err(_) => Node { place, given: true, value: Value::Text(text.to_owned()) },
    })
}

/// Duplicate keys whose first place is looked for: that goes through the text each time.
const SEARCHED: usize = 50;

/// How the parser says that a key stands twice.
const DUPLICATE: &str = "duplicate key";

fn length(text: &str) -> String {
    format!("it has {} bytes, at most {LONGEST} are read", text.len())
}

fn depth() -> String {
    format!("at most {DEEPEST} levels of tables and lists are read")
}

/// Says that a key stands twice, and where it stood first.
fn duplicate(text: &str, root: &Node, span: Range<usize>, search: bool, found: &mut Findings) {
    let key = shown(text.get(span.clone()).unwrap_or(""));
    let title = format!("{key} is there twice");
    let first = || earlier_header(text, &span).or_else(|| earlier_key(text, root, &span));
    let first = if search { first() } else { None };
    let place = Place { source: 0, span };
    let finding = found.error(title, &place, "the second");
    if let Some(span) = first {
        finding.also(&Place { source: 0, span }, "the first");
    }
    finding.help("leave one of the two out");
}

/// The first header that says the same as the one at a place.
fn earlier_header(text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let header = |line: &str| {
        let line = line.split('#').next().unwrap_or("").trim();
        line.starts_with('[').then(|| line.to_owned())
    };
    let wanted = header(text[start..].lines().next()?)?;
    let mut at = 0;
    for line in text[..start].split_inclusive('\n') {
        if header(line).as_ref() == Some(&wanted) {
            let shift = span.start - start;
            return Some(at + shift..at + shift + span.len())
                .filter(|r| text.get(r.clone()).is_some());
        }
        at += line.len();
    }
    None
}

/// The last key of the same name before a place, in the same section and the same inline table.
fn earlier_key(text: &str, root: &Node, span: &Range<usize>) -> Option<Range<usize>> {
    let section = text[..span.start].rfind("\n[").unwrap_or(0);
    let name = text.get(span.clone())?;
    let mut best: Option<Range<usize>> = None;
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        let own = &node.place.span;
        let inline = text.get(own.clone()).is_some_and(|t| t.starts_with('{'));
        if inline && !own.contains(&span.start) {
            continue;
        }
        for entry in node.entries() {
            let at = &entry.place.span;
            let before = at.start >= section && at.end <= span.start;
            if before && text.get(at.clone()) == Some(name) {
                best = best.filter(|b| b.start > at.start).or(Some(at.clone()));
            }
            open.push(&entry.node);
        }
        open.extend(node.items());
    }
    best
}
