//! `keyscale man`: pages of the manual, from the same declaration as the help.

use clap::CommandFactory;
use clap_mangen::Man as Page;

use super::args::{Args, Man};
use super::console::Console;
use crate::error::exit;

/// Prints the page of the program or of one of its commands; the exit code.
pub(super) fn man(asked: &Man, console: &mut Console<'_>) -> u8 {
    let mut program = Args::command();
    program.build();
    let command = match &asked.command {
        None => &program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command,
            None => {
                let known: Vec<&str> = program.get_subcommands().map(|c| c.get_name()).collect();
                console.err(&format!(
                    "error: there is no command {name}\n  = help: there are {}\n",
                    known.join(", ")
                ));
                return exit::USAGE;
            }
        },
    };
    // The examples come before the help, and at the end of a page.
    let examples = command.get_before_help().cloned();
    let page = Page::new(command.clone().after_help(examples.unwrap_or_default()));
    let mut text = Vec::new();
    match page.render(&mut text) {
        Ok(()) => {
            console.out(text);
            exit::OK
        }
        Err(error) => {
            console.err(&format!("error: can't make the page: {error}\n"));
            exit::FAILED
        }
    }
}
