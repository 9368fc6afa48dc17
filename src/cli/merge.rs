//! `keyscale merge`: the parts of a sweep that ran apart, put together.

use std::path::Path;

use super::args::Merge as Asked;
use super::console::Console;
use super::sweep::RUNS;
use super::sweep_text::{quoted_path, tell};
use crate::error::{Error, exit};
use crate::output::SweepFolder;
use crate::output::sweep::{Again, together};

/// Merges; the exit code.
pub(super) fn merge(asked: &Asked, console: &mut Console<'_>) -> u8 {
    match run(asked, console) {
        Ok(()) => exit::OK,
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

fn run(asked: &Asked, console: &mut Console<'_>) -> Result<(), Error> {
    let (head, cells) = together(&asked.folders)?;
    let again = Again::of(&asked.folders[0])?;
    let target = asked.out.clone().unwrap_or_else(|| Path::new(RUNS).join(&head.name));
    let mut folder = SweepFolder::begin(&target, asked.force, &head)?;
    for (cell, rows) in cells {
        if !folder.has(cell) {
            folder.add(cell, rows)?;
        }
    }
    let target = folder.finish(&again)?;
    let mut words = vec!["keyscale merge".to_owned()];
    words.extend(asked.folders.iter().map(|folder| quoted_path(folder)));
    words.extend(asked.out.as_ref().map(|out| format!("--out {}", quoted_path(out))));
    tell(&target, asked.format, &words.join(" "), console)
}
