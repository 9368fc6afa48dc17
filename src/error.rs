//! The crate's error: what went wrong outside the simulation, and the exit code that says so.

use std::fmt;

/// Exit codes of the program.
pub mod exit {
    /// Everything done.
    pub const OK: u8 = 0;
    /// The outside failed: disk, signal, a bug.
    pub const FAILED: u8 = 1;
    /// Bad usage or a bad scenario; nothing was written.
    pub const USAGE: u8 = 2;
    /// Interrupted; what is complete was written.
    pub const INCOMPLETE: u8 = 97;
    /// Something became worse, or is not what others say it must be.
    pub const REGRESSED: u8 = 98;
    /// A threshold or an expectation is not met.
    pub const NOT_MET: u8 = 99;
}

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// Bad usage or input; the text is complete and located.
    Usage(String),
    /// The outside failed: what was tried, and the system's answer.
    Outside(String, std::io::Error),
    /// A law of the model was broken: a bug; the text has event, time and seed.
    Law(String),
}

impl Error {
    /// The exit code of the program.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Outside(..) | Self::Law(_) => exit::FAILED,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => f.write_str(text),
            Self::Outside(tried, error) => write!(f, "error: {tried}: {error}"),
            Self::Law(text) => write!(f, "error: a law of the model was broken (a bug): {text}"),
        }
    }
}

impl std::error::Error for Error {}
