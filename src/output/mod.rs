//! The only writers of files: a run's folder, its tables, its charts and its report.
//!
//! A [`RunFolder`] appears whole or not at all. A [`RunWriter`] takes the facts of a run and
//! streams them into the folder's tables; when the run is over it draws the charts from those
//! tables and the report from all of these, writes the manifest, and puts the folder in its place. No file holds
//! the time of day, a number of threads or a path, but for those of load files that are too large
//! to copy: the same run leaves the same bytes.

pub mod baseline;
pub mod chart;
pub mod compared;
pub mod csv;
pub mod events;
pub mod folder;
mod font;
pub mod glance;
pub mod journal;
pub mod manifest;
pub mod numbers;
pub mod report;
pub mod run;
pub mod said;
pub mod study;
pub mod summary_json;
pub mod sweep;
pub mod sweep_table;
pub mod validation;
mod whole;

pub use baseline::Baseline;
pub use csv::Table;
pub use folder::RunFolder;
pub use manifest::{FileEntry, check_tables};
pub use run::{Closing, LoadFile, LoadFiles, RunInfo, RunWriter, Written};
pub use study::{ReplicationTable, StudyInfo, Until};
pub use sweep::{SweepFolder, SweepInfo};
pub use sweep_table::SweepTable;
pub use whole::write_whole;
