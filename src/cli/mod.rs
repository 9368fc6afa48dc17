//! The terminal: a command a file. It writes to the writers it is handed.

mod args;
mod run;
mod text;
mod validate;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::error::exit;
use crate::scenario::{self, Checked, Override, Source};
use args::{Args, Color, Command};

/// Runs a command line and returns the exit code. Results go to `out`, everything else to `err`.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(wrong) => {
            let text = wrong.render();
            let code = u8::try_from(wrong.exit_code()).unwrap_or(exit::USAGE);
            let _ = match wrong.use_stderr() {
                true => write!(err, "{text}"),
                false => write!(out, "{text}"),
            };
            return code;
        }
    };
    match args.command {
        Command::Run(run) => run::run(&run, out, err),
        Command::Validate(validate) => validate::validate(&validate, out, err),
    }
}

/// Whether text on standard error may be coloured.
fn colored(color: Color) -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::io::stderr().is_terminal() && !dumb && !no_color,
    }
}

/// Longest scenario that is read, in bytes: one more than is taken.
const LONGEST: u64 = (1 << 20) + 1;

/// Reads and checks one scenario; says what is wrong or odd, and returns nothing where it can't
/// run.
fn open(path: &Path, overrides: &[Override], color: bool, err: &mut dyn Write) -> Option<Checked> {
    let shown = path.display().to_string();
    let text = match read_text(path) {
        Ok(text) => text,
        Err(why) => {
            let _ = writeln!(err, "error: {shown} can't be read: {why}");
            return None;
        }
    };
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("scenario");
    let folder = path.parent().unwrap_or(Path::new(""));
    let source = Source { origin: &shown, text: &text, stem, folder };
    let working = PathBuf::new();
    match scenario::check(&source, overrides, &working) {
        Ok(checked) => {
            let _ = write!(err, "{}", checked.warnings.render(color));
            Some(checked)
        }
        Err(problems) => {
            let _ = write!(err, "{}", problems.render(color));
            None
        }
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
