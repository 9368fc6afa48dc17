//! The shape of the source: who may use whom, and what no file may do.

use std::fs;
use std::path::{Path, PathBuf};

/// For each module of the crate the modules that it may use.
const ARROWS: [(&str, &[&str]); 12] = [
    ("units", &[]),
    ("ids", &[]),
    ("error", &[]),
    ("distribution", &["units"]),
    ("stats", &["units"]),
    ("kernel", &["units"]),
    ("scenario", &["units", "ids", "distribution"]),
    ("record", &["units", "ids", "scenario", "stats"]),
    ("world", &["units", "ids", "distribution", "scenario", "kernel", "record", "stats"]),
    ("input", &["units", "error", "scenario"]),
    ("output", &["units", "error", "scenario", "record", "stats"]),
    ("cli", &["units", "error", "input", "output", "record", "scenario", "stats", "world"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Each source file: its module, its path for messages, its text without the tests.
fn all() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found.retain(|path| !path.components().any(|c| c.as_os_str() == "tests"));
    assert!(found.len() > 40, "the sources are not where they were");
    let read = |path: PathBuf| {
        let below = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let module = below.split(['/', '.']).next().unwrap().to_owned();
        (module, below, fs::read_to_string(path).unwrap())
    };
    found.into_iter().map(read).collect()
}

#[test]
fn modules_use_only_what_lies_below_them() {
    for (module, path, text) in all() {
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let (_, allowed) = ARROWS.iter().find(|a| a.0 == module).expect(&path);
        let code = text.split("#[cfg(test)]").next().unwrap();
        if path.ends_with("tests.rs") {
            continue;
        }
        for (at, _) in code.match_indices("crate::") {
            let used = &code[at + 7..];
            let used = used.split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
            let comment = code[..at].rsplit('\n').next().unwrap().trim_start().starts_with("//");
            let known = ARROWS.iter().any(|a| a.0 == used);
            let fine = !known || used == module || allowed.contains(&used) || comment;
            assert!(fine, "{path} uses {used}, which {module} must not know");
        }
    }
}

#[test]
fn only_the_outer_modules_touch_the_outside() {
    const OUTSIDE: [&str; 6] =
        ["std::fs", "std::env", "std::time", "std::process", "HashMap", "HashSet"];
    for (module, path, text) in all() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let pure = !["input", "output", "cli", "main"].contains(&module.as_str());
        for word in OUTSIDE.iter().filter(|_| pure && !path.ends_with("tests.rs")) {
            assert!(!code.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_stays_one_idea() {
    for (_, path, text) in all() {
        assert!(text.starts_with("//!"), "{path} does not say what it is");
        let lines = text.lines().count();
        assert!(lines <= 600, "{path} has {lines} lines");
        for mark in ["TODO", "FIXME", "XXX"] {
            assert!(!text.contains(mark), "{path} has a {mark}");
        }
    }
}
