//! `keyscale completions`: what a shell needs to complete command lines.

use clap::CommandFactory;

use super::args::{Args, Completions};
use super::console::Console;
use crate::error::exit;

/// Prints the script of a shell; the exit code.
pub(super) fn completions(asked: &Completions, console: &mut Console<'_>) -> u8 {
    let (mut command, mut script) = (Args::command(), Vec::new());
    let name = command.get_name().to_owned();
    clap_complete::generate(asked.shell, &mut command, name, &mut script);
    console.out(script);
    exit::OK
}
