//! The program, run as a person does.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A small scenario that is done at once: some 2,400 requests.
pub const SMALL: &str = r#"
duration = "2m"

[services.web]
concurrency = 4
service_time = { exponential = { mean = "100ms" } }

[[services.web.load]]
poisson = { rate = "20/s" }
"#;

/// A scenario that plays a load file `load.csv` beside it, with counts in the column `n`.
pub const PLAYED: &str = r#"
[services.web]
concurrency = 80
initial_instances = 10
service_time = { constant = "10ms" }

[[services.web.load]]
trace = { file = "load.csv", count = "n" }
"#;

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Checks the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    /// Checks that standard error says all of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in\n{}", self.err);
        }
        self
    }
}

/// The program in a folder, with no terminal and no wishes of the environment about colours.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyscale"));
    command.current_dir(folder).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// Runs the program in a folder.
pub fn keyscale<'a>(folder: &Path, args: impl AsRef<[&'a str]>) -> Ran {
    command(folder).args(args.as_ref()).output().unwrap().into()
}
