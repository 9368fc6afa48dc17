//! The source keeps its own rules: who may use whom, who may touch the outside, how files look.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use keyscale::record::columns::{BLOCKS, CHANGES, Column, INSTANCES, KEY_CALLS, TIMESERIES};
use keyscale::record::summary::SUMMARY;

/// Lines that a file may have.
const LONGEST: usize = 600;

/// Modules, and what each may use beside itself. What is not listed may be used by nobody.
const ARROWS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("units", &[]),
    ("ids", &[]),
    ("stats", &["units"]),
    ("distribution", &["units"]),
    ("scenario", &["units", "ids", "distribution"]),
    ("kernel", &["units", "ids", "distribution"]),
    ("record", &["units", "ids", "scenario", "stats"]),
    ("world", &["units", "ids", "distribution", "scenario", "kernel", "record", "stats"]),
    ("study", &["units", "ids", "error", "scenario", "record", "stats", "world"]),
    ("input", &["units", "error", "distribution", "scenario"]),
    ("output", &["units", "error", "scenario", "record", "stats", "study"]),
    (
        "cli",
        &["units", "error", "scenario", "record", "stats", "world", "study", "input", "output"],
    ),
    ("main", &["cli"]),
];

/// Modules that may touch the outside.
const OUTSIDE: [&str; 4] = ["input", "output", "cli", "main"];

/// What the others may not name: the outside, and whatever has no order of its own.
const IMPURE: [&str; 8] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
    "HashMap",
    "HashSet",
];

/// A source file: its path below `src`, its module, its text.
struct File {
    path: PathBuf,
    module: String,
    text: String,
}

impl File {
    /// Lines of code with their numbers; comments and tests are left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.path.ends_with("tests.rs")
            || self.path.components().any(|part| part.as_os_str() == "tests");
        let text = self.text.split("#[cfg(test)]\nmod tests {").next().filter(|_| !tests);
        let lines = (1..).zip(text.unwrap_or("").lines());
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// All source files.
fn sources() -> Vec<File> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false if path.extension().is_some_and(|e| e == "rs") => found.push(path),
                false => {}
            }
        }
    }
    let (root, mut found) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), Vec::new());
    walk(&root, &mut found);
    found.sort();
    let file = |path: &PathBuf| {
        let path = path.strip_prefix(&root).unwrap();
        let first = path.components().next().unwrap().as_os_str().to_string_lossy();
        let module = first.strip_suffix(".rs").unwrap_or(&first).to_owned();
        File { path: path.to_owned(), module, text: fs::read_to_string(root.join(path)).unwrap() }
    };
    found.iter().map(file).collect()
}

/// Checks that nothing was found, and tells everything that was.
#[track_caller]
fn nothing(found: impl IntoIterator<Item = String>) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The first names of the paths that a line of code takes from the crate's root.
fn used<'l>(line: &'l str, root: &str) -> Vec<&'l str> {
    let after = line.match_indices(root).map(|(at, found)| &line[at + found.len()..]);
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    after
        .flat_map(|rest| match rest.strip_prefix('{') {
            // The first name of each path of a group, its own groups left out.
            Some(group) => {
                let mut depth = 0;
                let top = group.split_inclusive([',', '{', '}']).filter(move |piece| {
                    let at = depth;
                    depth += i32::from(piece.ends_with('{')) - i32::from(piece.ends_with('}'));
                    at == 0
                });
                top.map(|piece| piece.trim_start()).collect()
            }
            None => vec![rest],
        })
        .map(|rest| rest.split(|c| !word(c)).next().unwrap_or(""))
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn modules_use_only_what_lies_before_them() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| file.module != "lib") {
        let arrows = ARROWS.iter().find(|(module, _)| *module == file.module);
        let (own, may) = *arrows.unwrap_or_else(|| panic!("{} is no known module", file.module));
        let root = if own == "main" { "keyscale::" } else { "crate::" };
        for (number, line) in file.code() {
            for name in used(line, root).iter().filter(|name| **name != own && !may.contains(name))
            {
                wrong.push(format!(
                    "src/{}:{number}: {own} may not use {name}",
                    file.path.display()
                ));
            }
        }
    }
    nothing(wrong);
}

#[test]
fn groups_of_paths_are_understood() {
    let check = |line, names: &[&str]| assert_eq!(used(line, "crate::"), names, "{line}");
    check("use crate::units::SimTime;", &["units"]);
    check("use crate::{ids, units::{A, B}, world::World};", &["ids", "units", "world"]);
    check("fn f(a: crate::ids::A, b: &crate::units::B)", &["ids", "units"]);
}

#[test]
fn what_is_pure_touches_nothing_outside() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !OUTSIDE.contains(&file.module.as_str())) {
        for (number, line) in file.code() {
            for name in IMPURE.iter().filter(|name| line.contains(**name)) {
                wrong.push(format!("src/{}:{number}: {name}", file.path.display()));
            }
        }
    }
    nothing(wrong);
}

#[test]
fn files_say_what_they_are_and_stay_readable() {
    // Put together here, so that this file is not found by its own search.
    let unfinished = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    nothing(sources().iter().flat_map(|file| {
        let (path, lines) = (file.path.display(), file.text.lines().count());
        let mut found = Vec::new();
        if !file.text.starts_with("//! ") {
            found.push(format!("src/{path}:1: does not say what it is"));
        }
        if lines > LONGEST {
            found.push(format!("src/{path}: {lines} lines, more than {LONGEST}"));
        }
        for (number, line) in (1..).zip(file.text.lines()) {
            if unfinished.iter().any(|word| line.contains(word.as_str())) {
                found.push(format!("src/{path}:{number}: unfinished"));
            }
        }
        found
    }));
}

#[test]
fn columns_have_names_of_their_own() {
    fn names<G>(columns: &[Column<G>]) -> Vec<&'static str> {
        columns.iter().map(|column| column.name).collect()
    }
    for table in [
        names(TIMESERIES),
        names(INSTANCES),
        names(KEY_CALLS),
        names(CHANGES),
        names(BLOCKS),
        names(SUMMARY),
    ] {
        let distinct: BTreeSet<&str> = table.iter().copied().collect();
        assert_eq!(distinct.len(), table.len(), "a name stands twice in {table:?}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let wrong = |name: &&str| !name.chars().all(plain) || name.starts_with(['_', '0']);
        nothing(table.iter().copied().filter(wrong).map(str::to_owned));
    }
}
