//! The commands of the README do what it says.

use std::fs;
use std::path::Path;

use crate::folder::{Folder, copy};
use crate::program::{SMALL, keyscale};

/// What commands of this program begin with.
const NAMES: [&str; 2] = ["$ keyscale ", "$ cargo run --release -- "];

/// A command and the output that follows it.
#[derive(Debug, Default)]
struct Example {
    line: usize,
    command: String,
    output: Vec<String>,
}

/// The commands in blocks marked `console`.
fn examples(text: &str) -> Vec<Example> {
    let (mut examples, mut inside) = (Vec::<Example>::new(), false);
    for (line, content) in (1..).zip(text.lines()) {
        match (inside, content) {
            (false, _) => inside = content == "```console",
            (true, "```") => inside = false,
            (true, command) if command.starts_with("$ ") => {
                examples.push(Example { line, command: command.to_owned(), output: Vec::new() });
            }
            (true, output) => examples.last_mut().unwrap().output.push(output.to_owned()),
        }
    }
    examples
}

/// Whether an output is the expected one, in which a line `...` stands for any number of lines.
fn fits(expected: &[String], output: &[&str]) -> bool {
    match expected {
        [] => output.is_empty(),
        [dots, rest @ ..] if dots.trim() == "..." => {
            (0..=output.len()).any(|skipped| fits(rest, &output[skipped..]))
        }
        [first, rest @ ..] => {
            output.first().is_some_and(|line| line == first) && fits(rest, &output[1..])
        }
    }
}

/// The words of a command line, as a shell splits it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote, mut within) = (vec![String::new()], None, false);
    for letter in line.chars() {
        let last = words.last_mut().unwrap();
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => (quote, within) = (Some(letter), true),
            (' ', None) if !last.is_empty() || within => {
                words.push(String::new());
                within = false;
            }
            (' ', None) => {}
            (_, _) => last.push(letter),
        }
    }
    words
}

#[test]
fn commands_of_the_readme_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A package of the sources may come without it.
    let Ok(text) = fs::read_to_string(root.join("README.md")) else { return };
    let folder = Folder::new("readme");
    copy(&root.join("scenarios"), &folder.join("scenarios"));
    for example in examples(&text) {
        let arguments = NAMES.iter().find_map(|name| example.command.strip_prefix(name));
        let Some(arguments) = arguments else { continue };
        let words = words(arguments);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ran = keyscale(&folder, words);
        let place = format!("README.md:{}: {}", example.line, example.command);
        assert_eq!(ran.code, Some(0), "{place}\n{}", ran.err);
        let output: Vec<&str> = ran.out.lines().collect();
        let silent = example.output.iter().all(String::is_empty);
        assert!(silent || fits(&example.output, &output), "{place} prints\n{}", ran.out);
    }
}

/// The steps of the workflow, on a scenario that meets its threshold.
#[test]
fn the_workflow_of_the_readme_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A package of the sources may come without it.
    let Ok(text) = fs::read_to_string(root.join("README.md")) else { return };
    let folder = Folder::new("workflow");
    folder.write("outage.toml", format!("{SMALL}[thresholds]\nfailed_ratio = \"value < 1%\"\n"));
    let save = ["run", "outage.toml", "-r", "50", "--save-baseline", "main", "-q"];
    keyscale(&folder, save).exits(0);
    let step = |line: &'_ str| {
        let command = line.trim().strip_prefix("- run: keyscale ")?;
        command.strip_suffix(" >> \"$GITHUB_STEP_SUMMARY\"").map(words)
    };
    let steps: Vec<Vec<String>> = text.lines().filter_map(step).collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    for step in steps {
        let step: Vec<&str> = step.iter().map(String::as_str).collect();
        let ran = keyscale(&folder, &step).exits(0);
        assert!(ran.out.contains("| ✓ pass |") || ran.out.contains(" | same |"), "{}", ran.out);
    }
}

#[test]
fn dots_stand_for_lines() {
    let expected = ["a", "...", "c"].map(str::to_owned);
    assert!(fits(&expected, &["a", "b", "b", "c"]));
    assert!(fits(&expected, &["a", "c"]));
    assert!(!fits(&expected, &["a", "b"]));
    assert_eq!(words("run 'a b' --set x=\"1 2\" ''"), ["run", "a b", "--set", "x=1 2", ""]);
}
