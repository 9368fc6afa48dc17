//! What is wrong with a file of load: the first few problems in full, the others counted.

use std::io;
use std::path::Path;

use super::place::excerpt;
use crate::scenario::TraceFile;
use crate::scenario::problem::{Excerpt, Problem, Problems, Severity};

/// Problems that are shown.
const SHOWN: usize = 5;

/// A row that can't be used: the column, what is wrong with it, and what it should be.
pub(super) type Wrong = (Option<usize>, String, String);

/// The problems of one file.
pub(super) struct Complaints<'f> {
    path: &'f Path,
    /// What people call such a file.
    pub noun: &'static str,
    /// What names it.
    named_by: &'f str,
    problems: Vec<Problem>,
    unshown: u64,
}

impl<'f> Complaints<'f> {
    /// None yet, of a file of load.
    pub fn about(file: &'f TraceFile) -> Self {
        Self::of(&file.path, "load file", &file.key)
    }

    /// None yet.
    pub fn of(path: &'f Path, noun: &'static str, named_by: &'f str) -> Self {
        Self { path, noun, named_by, problems: Vec::new(), unshown: 0 }
    }

    /// All of them.
    pub fn finish(mut self) -> Problems {
        if self.unshown > 0 {
            let (n, path) = (self.unshown, self.path.display());
            let title = format!("and {n} more such rows in {path}");
            self.push(Severity::Error, title, Vec::new(), None);
        }
        Problems(self.problems)
    }

    /// Whether there is an error among them.
    pub fn any(&self) -> bool {
        self.problems.iter().any(|p| p.severity == Severity::Error)
    }

    /// The file as a whole can't be read.
    #[allow(clippy::wildcard_enum_match_arm, reason = "the system has many kinds")]
    pub fn unreadable(&mut self, error: &io::Error) {
        let why = why(error);
        let title = format!("can't read the {} {}: {why}", self.noun, self.path.display());
        self.push(Severity::Error, title, Vec::new(), self.named(None));
    }

    /// A row, or the header, that can't be used; it begins at a byte.
    pub fn wrong(&mut self, byte: u64, wrong: Wrong) {
        self.wrong_with_help(byte, wrong, None);
    }

    /// The same, with how to fix it.
    pub fn wrong_with_help(
        &mut self,
        byte: u64,
        (column, title, label): Wrong,
        help: Option<&str>,
    ) {
        if self.shown() {
            let place = excerpt(self.path, byte, column, &label);
            self.push(Severity::Error, title, vec![place], self.named(help));
        }
    }

    /// Two rows that do not go together: where each begins and what to say of it.
    pub fn clash(
        &mut self,
        title: &str,
        column: usize,
        rows: [(u64, String); 2],
        help: Option<&str>,
    ) {
        if self.shown() {
            let place =
                |(byte, label): (u64, String)| excerpt(self.path, byte, Some(column), &label);
            let places = rows.map(place).into();
            self.push(Severity::Error, title.to_owned(), places, self.named(help));
        }
    }

    /// Something to look at.
    pub fn warn(&mut self, byte: u64, column: usize, title: &str, label: &str, help: Option<&str>) {
        let place = excerpt(self.path, byte, Some(column), label);
        let help = help.map(str::to_owned);
        self.push(Severity::Warning, title.to_owned(), vec![place], help);
    }

    /// Whether there is room for one more; counts it otherwise.
    fn shown(&mut self) -> bool {
        let room = self.problems.len() < SHOWN;
        self.unshown += u64::from(!room);
        room
    }

    /// A help and, once, which key of the scenario names the file.
    fn named(&self, help: Option<&str>) -> Option<String> {
        let named = (!self.any()).then(|| format!("the file is named by {}", self.named_by));
        let parts: Vec<&str> = help.into_iter().chain(named.as_deref()).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn push(
        &mut self,
        severity: Severity,
        title: String,
        excerpts: Vec<Excerpt>,
        help: Option<String>,
    ) {
        self.problems.push(Problem { severity, title, excerpts, help });
    }
}

/// The system's answer in words, without its number.
pub(crate) fn why(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no such file".to_owned();
    }
    let text = error.to_string();
    let mut letters = text.split(" (os error").next().unwrap_or(&text).chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}
