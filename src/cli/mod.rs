//! The terminal: arguments in, results on standard output, everything else on standard error.
//!
//! A command is a file. Everything is written to the two writers of a [`Console`], so that tests
//! read what people see; only the progress bar draws on the terminal itself, where there is one.

mod advice;
mod args;
mod breakpoint;
mod chart;
mod compare;
mod completions;
mod console;
mod gate;
mod init;
mod interrupt;
mod judged;
mod load_files;
mod man;
mod merge;
mod policy;
mod progress;
mod quotas;
mod read;
mod regress;
mod regression;
mod run;
mod schema;
mod sides;
mod sketch;
mod study;
mod study_text;
mod sweep;
mod sweep_plan;
mod sweep_text;
mod text;
mod validate;
mod without;

use std::ffi::OsString;

use clap::Parser;

use args::{Args, Command};
pub use console::Console;

use crate::error::exit;
use crate::output::numbers;

/// Does what the arguments ask, the program's name first, and returns the exit code: 0 done, 1 the
/// outside failed, 2 bad usage or a bad scenario and nothing written, 97 interrupted, 98 something
/// became worse, moved or is not what others say it must be, 99 a threshold or an expectation is
/// not met.
pub fn run(args: impl IntoIterator<Item = OsString>, console: &mut Console<'_>) -> u8 {
    let code = match Args::try_parse_from(args) {
        Ok(args) => {
            console.choose(args.color);
            match &args.command {
                Command::Run(asked) => run::run(asked, console),
                Command::Compare(asked) => compare::run(asked, console),
                Command::Regress(asked) => regress::regress(asked, console),
                Command::Policy(asked) => policy::policy(asked, console),
                Command::Validate(asked) => validate::validate(asked, console),
                Command::Breakpoint(asked) => breakpoint::breakpoint(asked, console),
                Command::Chart(asked) => chart::chart(asked, console),
                Command::Sweep(asked) => sweep::sweep(asked, console),
                Command::Merge(asked) => merge::merge(asked, console),
                Command::Init(asked) => init::init(asked, console),
                Command::Schema(_) => schema::schema(console),
                Command::Completions(asked) => completions::completions(asked, console),
                Command::Man(asked) => man::man(asked, console),
            }
        }
        Err(error) => {
            console.usage(&error);
            match error.use_stderr() {
                true => exit::USAGE,
                false => exit::OK,
            }
        }
    };
    match console.close() {
        Ok(()) => code,
        Err(_) if code != exit::OK => code,
        Err(_) => exit::FAILED,
    }
}
