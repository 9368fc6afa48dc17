//! `keyscale init`: a scenario to begin with, full of comments, in the working folder.
//!
//! Templates are scenarios of the project, which its tests run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::args::Init;
use super::console::Console;
use crate::error::{Error, exit};

/// A scenario to begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Template {
    /// Its name, and that of its file without the ending.
    pub name: &'static str,
    /// What it shows, in half a sentence.
    pub shows: &'static str,
    /// The scenario.
    text: &'static str,
    /// What it reads: a path beside it and the content.
    reads: Option<(&'static str, &'static str)>,
}

/// All of them.
pub(super) const TEMPLATES: [Template; 5] = [
    Template {
        name: "demo",
        shows: "a small service during a short outage of its key manager",
        text: include_str!("../../scenarios/demo.toml"),
        reads: None,
    },
    Template {
        name: "outage",
        shows: "the key manager is away for 20 minutes, and the load grows to five times",
        text: include_str!("../../scenarios/external-outage-retryable.toml"),
        reads: None,
    },
    Template {
        name: "quota",
        shows: "the quota of a key holds up a scale-out",
        text: include_str!("../../scenarios/quota-exhausted.toml"),
        reads: None,
    },
    Template {
        name: "revocation",
        shows: "a key is disabled, and what it protects is shut down",
        text: include_str!("../../scenarios/key-disabled.toml"),
        reads: None,
    },
    Template {
        name: "trace",
        shows: "a recorded load is replayed from a file of counts",
        text: include_str!("../../scenarios/trace-replay.toml"),
        reads: Some(("load/shop-day.csv", include_str!("../../scenarios/load/shop-day.csv"))),
    },
];

impl Template {
    /// Files that it consists of, the scenario first.
    fn files(&self) -> impl Iterator<Item = (PathBuf, &'static str)> {
        let scenario = (PathBuf::from(format!("{}.toml", self.name)), self.text);
        let reads = self.reads.map(|(path, content)| (PathBuf::from(path), content));
        std::iter::once(scenario).chain(reads)
    }
}

/// Writes a template, or says which there are; the exit code.
pub(super) fn init(asked: &Init, console: &mut Console<'_>) -> u8 {
    if asked.list {
        let width = TEMPLATES.iter().map(|t| t.name.len()).max().unwrap_or(0);
        for Template { name, shows, .. } in TEMPLATES {
            console.out(format!("{name:width$}  {shows}\n"));
        }
        return exit::OK;
    }
    let Some(template) = TEMPLATES.iter().find(|t| t.name == asked.template) else {
        return exit::USAGE;
    };
    match write(template, asked.force) {
        Ok(()) => {
            let scenario = format!("{}.toml", template.name);
            for (path, _) in template.files().skip(1) {
                console.out(format!("{}: what {scenario} reads\n", path.display()));
            }
            console.out(format!(
                "{scenario}: {}\n next     keyscale run {scenario}\n",
                template.shows
            ));
            exit::OK
        }
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

/// Writes all files of a template, or none where one is there already.
fn write(template: &Template, force: bool) -> Result<(), Error> {
    let there: Vec<String> = template
        .files()
        .filter(|(path, _)| !force && path.symlink_metadata().is_ok())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !there.is_empty() {
        let text = "error: would replace".to_owned();
        let help = "take another folder, or replace it with --force";
        return Err(Error::Usage(format!("{text} {}\n  = help: {help}", there.join(" and "))));
    }
    // The scenario last: where it is, what it reads is there.
    let files: Vec<_> = template.files().collect();
    files.iter().rev().try_for_each(|(path, content)| {
        put(path, content)
            .map_err(|error| Error::Outside(format!("write {}", path.display()), error))
    })
}

/// Writes a file whole or not at all.
fn put(path: &Path, content: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    fs::write(&partial, content)?;
    fs::rename(&partial, path).inspect_err(|_| drop(fs::remove_file(&partial)))
}
