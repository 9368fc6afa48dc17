//! Where in which text something stands, and what was found there.

use std::ops::Range;
use std::sync::Arc;

use super::problem::{Excerpt, Problem, Problems, Severity};

/// Findings kept of one scenario: a text can't have more that anybody would read.
pub(super) const KEPT: usize = 1_000;

/// A range of bytes in one of the texts that a scenario is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Which text: zero is the file, the others are overrides in the order given.
    pub source: usize,
    /// Where in it.
    pub span: Range<usize>,
}

/// The texts that a scenario is made of: the file, and the overrides.
#[derive(Clone, Debug)]
pub(super) struct Sources(Vec<(String, Arc<str>)>);

impl Sources {
    /// The file's text; the path is what messages show.
    pub fn new(origin: &str, text: &str) -> Self {
        Self(vec![(origin.to_owned(), text.into())])
    }

    /// The file: the path shown, and its text.
    pub fn file(&self) -> (&str, &Arc<str>) {
        let (origin, text) = &self.0[0];
        (origin, text)
    }

    /// Adds the text of an override and says its number.
    pub fn add(&mut self, origin: String, text: &str) -> usize {
        self.0.push((origin, text.into()));
        self.0.len() - 1
    }

    /// How something came to its value: `set on line 13`.
    pub fn how_set(&self, place: &Place) -> String {
        match self.0.get(place.source) {
            Some((_, text)) if place.source == 0 => {
                let before = text.get(..place.span.start).unwrap_or("");
                format!("set on line {}", 1 + before.matches('\n').count())
            }
            _ => "set by --set".to_owned(),
        }
    }

    /// Text, line and column of a place: `scenario.toml:12:7`; of an override its text alone.
    pub fn location(&self, place: &Place) -> String {
        let Some((origin, text)) = self.0.get(place.source) else { return String::new() };
        if place.source > 0 {
            return origin.clone();
        }
        let before = text.get(..place.span.start).unwrap_or("");
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.rsplit('\n').next().unwrap_or("").chars().count();
        format!("{origin}:{line}:{column}")
    }

    /// Marks as excerpts, one for each text they are in, in order of appearance.
    fn excerpts(&self, marks: Vec<(Place, String)>) -> Vec<Excerpt> {
        let mut excerpts: Vec<(usize, Excerpt)> = Vec::new();
        for (Place { source, span }, label) in marks {
            let known = excerpts.iter().position(|(of, _)| *of == source);
            let at = known.unwrap_or_else(|| {
                let (origin, text) = &self.0[source];
                let (origin, text) = (origin.clone(), text.clone());
                excerpts.push((source, Excerpt { origin, line: 1, text, marks: Vec::new() }));
                excerpts.len() - 1
            });
            excerpts[at].1.marks.push((span, label));
        }
        excerpts.into_iter().map(|(_, excerpt)| excerpt).collect()
    }
}

/// A problem before its places become excerpts; the first mark is the place itself.
#[derive(Debug)]
pub(super) struct Finding {
    severity: Severity,
    title: String,
    marks: Vec<(Place, String)>,
    help: Option<String>,
}

impl Finding {
    /// Marks another place that explains the first.
    pub fn also(&mut self, place: &Place, label: impl Into<String>) -> &mut Self {
        self.marks.push((place.clone(), label.into()));
        self
    }

    /// Says how to fix it.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }
}

/// What was found in a scenario so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    /// Takes what comes after the last that is kept.
    surplus: Option<Finding>,
}

impl Findings {
    /// Adds an error.
    pub fn error(
        &mut self,
        title: impl Into<String>,
        place: &Place,
        label: impl Into<String>,
    ) -> &mut Finding {
        self.add(Severity::Error, title.into(), place, label.into())
    }

    /// Adds a warning.
    pub fn warning(
        &mut self,
        title: impl Into<String>,
        place: &Place,
        label: impl Into<String>,
    ) -> &mut Finding {
        self.add(Severity::Warning, title.into(), place, label.into())
    }

    fn add(
        &mut self,
        severity: Severity,
        title: String,
        at: &Place,
        label: String,
    ) -> &mut Finding {
        let marks = vec![(at.clone(), label)];
        let finding = Finding { severity, title, marks, help: None };
        if self.list.len() < KEPT || severity == Severity::Error && !self.has_errors() {
            self.list.push(finding);
            let last = self.list.len() - 1;
            &mut self.list[last]
        } else {
            self.surplus.insert(finding)
        }
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|f| f.severity == Severity::Error)
    }

    /// All of them in source order: the file's first, then the overrides'.
    ///
    /// What a deploy inherits may be wrong once more: it is said once.
    pub fn into_problems(mut self, sources: &Sources) -> Problems {
        self.list.sort_by_key(|f| (f.marks[0].0.source, f.marks[0].0.span.start));
        self.list.dedup_by(|b, a| (&a.title, &a.marks) == (&b.title, &b.marks));
        let problem = |f: Finding| Problem {
            severity: f.severity,
            title: f.title,
            excerpts: sources.excerpts(f.marks),
            help: f.help,
        };
        Problems(self.list.into_iter().map(problem).collect())
    }
}

/// A name as messages show it: cut where it is unreasonably long.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 60;
    match name.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &name[..at]),
        None => name.to_owned(),
    }
}

/// The known name that a mistyped one is nearest to, if one is near.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let distances = known.into_iter().take(10_000).filter(|k| k.len() <= 2 * LONGEST);
    let distances = distances.map(|k| (strsim::damerau_levenshtein(name, k), k));
    let near = |&(distance, k): &(usize, &str)| distance <= name.len().max(k.len()).div_ceil(3);
    distances.filter(near).min_by_key(|(distance, _)| *distance).map(|(_, k)| k)
}
