//! The program as a person runs it, and the files it reads and leaves.

#![allow(clippy::unwrap_used, reason = "a failed test may panic wherever it is")]

mod folder;
mod program;
mod tidy;
mod trace;
