//! Values given beside the file, as in `--set services.web.max_instances=20`.

use std::ops::Range;
use std::str::FromStr;

use super::schema::{Kind, Shape};
use super::source::{Findings, Place, Sources, shown};
use super::syntax;
use super::tree::{Entry, Node, Value};

/// A value that takes the place of one in the file, or joins it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Names joined by dots, elements of lists by number: `services.web.load.0.trace.file`.
    pub key: String,
    /// A TOML value; a text that is none is taken as it is.
    pub value: String,
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
        path(key)?;
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// A name, or a position in digits.
    pub name: String,
    /// Where it stands in the path's text.
    pub span: Range<usize>,
    /// Whether it stood in brackets: a position and no name.
    bracket: bool,
}

/// The steps of a path such as `quotas."a/b.c/HSM".limit` or `timeline[0].at`.
pub(super) fn path(text: &str) -> Result<Vec<Step>, String> {
    const STEPS: usize = 32;
    let mut steps = Vec::new();
    let mut at = text.len() - text.trim_start().len();
    let text = text.trim_end();
    loop {
        let rest = &text[at..];
        let (name, length, bracket) = if let Some(quoted) = rest.strip_prefix('"') {
            let length = quoted.find('"').ok_or("a quote in the key has no end")?;
            (&quoted[..length], length + 2, false)
        } else if let Some(inside) = rest.strip_prefix('[') {
            let length = inside.find(']').ok_or("a bracket in the key has no end")?;
            (&inside[..length], length + 2, true)
        } else {
            let length = rest.find(['.', '[']).unwrap_or(rest.len());
            (&rest[..length], length, false)
        };
        if name.is_empty() || bracket && name.parse::<usize>().is_err() {
            return Err("expected names joined by dots, as in services.web.seed".to_owned());
        }
        steps.push(Step { name: name.to_owned(), span: at..at + length, bracket });
        at += length;
        match text.as_bytes().get(at) {
            None if steps.len() <= STEPS => return Ok(steps),
            None => return Err(format!("a key has at most {STEPS} names")),
            Some(b'.') => at += 1,
            Some(b'[') => {}
            Some(_) => return Err("expected a dot after a quoted name".to_owned()),
        }
    }
}

/// Puts an override into the tree.
pub(super) fn apply(
    root: &mut Node,
    given: &Override,
    schema: &Shape,
    sources: &mut Sources,
    found: &mut Findings,
) {
    let text = format!("{}={}", given.key, given.value);
    let source = sources.add(format!("--set {}", shown(&text)), &text);
    let offset = given.key.len() + 1;
    let Some(value) = syntax::parse_value(&given.value, source, offset, found) else { return };
    match path(&given.key) {
        Ok(steps) => Setter { source, found }.set(root, &steps, Some(schema), value),
        Err(why) => {
            let span = 0..given.key.len();
            found.error("the key can't be read", &Place { source, span }, why);
        }
    }
}

struct Setter<'a> {
    source: usize,
    found: &'a mut Findings,
}

impl Setter<'_> {
    fn set(&mut self, node: &mut Node, steps: &[Step], shape: Option<&Shape>, value: Node) {
        let [step, rest @ ..] = steps else {
            *node = value;
            return;
        };
        let below = shape.and_then(|s| s.child(&step.name));
        let place = Place { source: self.source, span: step.span.clone() };
        let kind = node.value.kind();
        let next = match &mut node.value {
            Value::Table(entries) => {
                let known = entries.iter().position(|e| e.key == step.name);
                let at = known.unwrap_or_else(|| {
                    let node = empty(&place, rest, below);
                    entries.push(Entry { key: step.name.clone(), place: place.clone(), node });
                    entries.len() - 1
                });
                if rest.is_empty() {
                    entries[at].place = place;
                }
                &mut entries[at].node
            }
            Value::List(items) => match step.name.parse::<usize>() {
                Ok(at) if at <= items.len() => {
                    if at == items.len() {
                        items.push(empty(&place, rest, below));
                    }
                    &mut items[at]
                }
                _ => {
                    let label = match items.len() {
                        0 => "the list is empty: its first element is 0".to_owned(),
                        n => format!("the list has {n} elements, counted from 0"),
                    };
                    self.found.error("there is no such element", &place, label);
                    return;
                }
            },
            Value::Text(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Datetime
            | Value::Sample(_) => {
                let label = format!("what is to have this key is {kind}");
                let finding = self.found.error("the key leads into a value", &place, label);
                finding.also(&node.place, "the value");
                return;
            }
        };
        self.set(next, rest, below, value);
    }
}

/// What an override creates on the way to its value: a list where one belongs, else a table.
fn empty(place: &Place, rest: &[Step], shape: Option<&Shape>) -> Node {
    let list = shape.is_some_and(|s| s.row.kind == Kind::List)
        || rest.first().is_some_and(|step| step.bracket);
    let value = if list { Value::List(Vec::new()) } else { Value::Table(Vec::new()) };
    Node { place: place.clone(), given: true, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let check = |text: &str, expected: Option<&[&str]>| {
            let steps = path(text).ok();
            let names = steps.map(|s| s.into_iter().map(|s| s.name).collect::<Vec<_>>());
            let expected = expected.map(|e| e.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
            assert_eq!(names, expected, "{text}");
        };
        check("seed", Some(&["seed"]));
        check("services.web.load.0.name", Some(&["services", "web", "load", "0", "name"]));
        check("timeline[2].at", Some(&["timeline", "2", "at"]));
        check("quotas.\"a/b.c/HSM\".limit", Some(&["quotas", "a/b.c/HSM", "limit"]));
        check("", None);
        check("a..b", None);
        check("a.", None);
        check("a[x]", None);
        check("a[0", None);
        check("\"a\"b", None);
        check(&"a.".repeat(40), None);
        check(&format!("{}a", "a.".repeat(32)), None);
    }

    #[test]
    fn options() {
        let check = |text: &str, expected: Result<(&str, &str), &str>| {
            let expected = expected
                .map(|(key, value)| Override { key: key.to_owned(), value: value.to_owned() })
                .map_err(str::to_owned);
            assert_eq!(text.parse::<Override>(), expected, "{text}");
        };
        check("seed=7", Ok(("seed", "7")));
        check("a.b={c=\"d=e\"}", Ok(("a.b", "{c=\"d=e\"}")));
        check("seed=", Ok(("seed", "")));
        check("seed", Err("expected KEY=VALUE"));
    }
}
