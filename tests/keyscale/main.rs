//! The program as a person runs it, the files it reads and leaves, and the source it is made of.

#![allow(clippy::unwrap_used, reason = "a failed test may panic wherever it is")]

mod breakpoint;
mod charts;
mod compare;
mod dry_run;
mod folder;
mod init;
mod interrupted;
mod program;
mod readme;
mod regress;
mod replay;
mod report;
mod results;
mod sample;
mod scenarios;
mod second;
mod snapshots;
mod study;
mod sweep;
mod thresholds;
mod tidy;
mod trace;
mod usage;
mod validation;
