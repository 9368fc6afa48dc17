//! One thing wrong with a text that a person wrote, and how it is shown.
//!
//! A problem says what, where and how to fix it, in the shape that compilers use. Where things
//! are wrong is found elsewhere; who prints it decides on colour.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Problems that one rendering shows; of more it tells the number.
const SHOWN: usize = 100;

/// Whether a scenario with this problem can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It can't.
    Error,
    /// It can, though something is probably not meant.
    Warning,
}

/// One thing wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Whether the scenario can run.
    pub severity: Severity,
    /// What is wrong: lower case, no final period.
    pub title: String,
    /// Where; the first mark of the first excerpt is the place itself, the others explain it.
    pub excerpts: Vec<Excerpt>,
    /// How to fix it.
    pub help: Option<String>,
}

/// A piece of some text with marks: a whole scenario file, or one line of a load file.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    /// The path shown, or the option that the text was given with.
    pub origin: String,
    /// Number of the first line of `text`, from 1.
    pub line: usize,
    /// The text.
    pub text: Arc<str>,
    /// Byte ranges of the text and what there is to say about each.
    pub marks: Vec<(Range<usize>, String)>,
}

/// Problems, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|p| p.severity == Severity::Error)
    }

    /// The text to show, with a blank line between problems and a line break at its end.
    ///
    /// `color` adds the escape sequences of a terminal. At most a hundred problems are shown.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for problem in self.0.iter().take(SHOWN) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&problem.render(&renderer));
            text.push('\n');
        }
        if self.0.len() > SHOWN {
            text.push_str(&format!("\nand {} more problems\n", self.0.len() - SHOWN));
        }
        text
    }
}

impl Problem {
    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(tame(&self.title)));
        let mut kind = AnnotationKind::Primary;
        for excerpt in &self.excerpts {
            let cut = Cut::of(excerpt);
            let mut snippet =
                Snippet::source(cut.text).line_start(cut.line).path(tame(&excerpt.origin));
            for (range, label) in cut.marks {
                let label = Some(tame(label)).filter(|l| !l.is_empty());
                snippet = snippet.annotation(kind.span(range).label(label));
                kind = AnnotationKind::Context;
            }
            group = group.element(snippet);
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(tame(help)));
        }
        renderer.render(&[group])
    }
}

/// The lines of an excerpt that have marks, so that showing one problem of a large file does not
/// go through all of it.
struct Cut<'a> {
    line: usize,
    text: Cow<'a, str>,
    marks: Vec<(Range<usize>, &'a str)>,
}

impl<'a> Cut<'a> {
    fn of(excerpt: &'a Excerpt) -> Self {
        let text: &str = &excerpt.text;
        let inside = |at| boundary(text, at);
        let marks = excerpt.marks.iter();
        let marks: Vec<_> = marks
            .map(|(range, label)| (inside(range.start)..inside(range.end), label.as_str()))
            .collect();
        let first = marks.iter().map(|(range, _)| range.start).min().unwrap_or(0);
        let last = marks.iter().map(|(range, _)| range.end).max().unwrap_or(0);
        let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
        let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
        Self {
            line: excerpt.line + text[..start].matches('\n').count(),
            text: tame_source(text[start..end].trim_end_matches('\r')),
            marks: marks
                .into_iter()
                .map(|(range, label)| {
                    (range.start - start..range.end.max(range.start) - start, label)
                })
                .collect(),
        }
    }
}

/// The nearest place between two characters, at or before a byte.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// A text of ours with a name or value of the person's in it: what would steer the terminal is
/// shown as a mark. The renderer does this for excerpts and titles only.
fn tame(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200d}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// The text of an excerpt without the control characters that the renderer lets through. What
/// stands for them is as long, so that marks stay where they are.
fn tame_source(text: &str) -> Cow<'_, str> {
    match text.contains(|c| ('\u{80}'..='\u{9f}').contains(&c)) {
        true => text.replace(|c| ('\u{80}'..='\u{9f}').contains(&c), "\u{bf}").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(origin: &str, text: &str, marks: &[(&str, &str)]) -> Problem {
        let marks = marks.iter().map(|(part, label)| {
            let at = text.find(part).expect("the part is in the text");
            (at..at + part.len(), (*label).to_owned())
        });
        Problem {
            severity: Severity::Error,
            title: "max_instances is below min_instances".to_owned(),
            excerpts: vec![Excerpt {
                origin: origin.to_owned(),
                line: 1,
                text: text.into(),
                marks: marks.collect(),
            }],
            help: Some("raise max_instances to 5 or more, or lower min_instances".to_owned()),
        }
    }

    #[test]
    fn a_problem_has_the_shape_of_a_compilers() {
        let text = "# a\n\nmin_instances = 5\nmax_instances = 2\n# b\n";
        let marks = [("2", "min_instances is 5, set on line 3")];
        let shown = Problems(vec![problem("scenarios/kms.toml", text, &marks)]).render(false);
        let expected = "\
error: max_instances is below min_instances
 --> scenarios/kms.toml:4:17
  |
4 | max_instances = 2
  |                 ^ min_instances is 5, set on line 3
  |
  = help: raise max_instances to 5 or more, or lower min_instances
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn escape_sequences_of_a_text_do_not_reach_the_terminal() {
        let marks = [("x", "\u{1b}[31m\u{9b}red")];
        let mut problem = problem("a\u{1b}[2J.toml", "\u{1b}[31m\u{9b} x", &marks);
        problem.help = Some("\u{1b}[2J\u{202e}".to_owned());
        problem.title = "\u{7}\u{9b}".to_owned();
        let shown = Problems(vec![problem]).render(false);
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{shown:?}");
    }

    #[test]
    fn marks_beyond_the_text_are_drawn_at_its_end() {
        let mut problem = problem("a.toml", "é", &[("é", "here")]);
        problem.excerpts[0].marks[0].0 = 1..9;
        assert!(Problems(vec![problem]).render(true).contains("here"));
    }
}
