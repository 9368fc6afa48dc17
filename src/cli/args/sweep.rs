//! The arguments of `sweep` and `merge`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{MOST, Talk};
use crate::scenario::Override;

/// Runs a scenario under many settings: every value of each axis with every value of the others,
/// each cell with the same replications under the same luck. What is complete is kept in a journal:
/// a sweep that was ended goes on where it stopped when it is run again.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale sweep sizes.toml
  keyscale sweep sizes.toml -r 50 --set 'thresholds.failed_ratio=value < 1%' --out results/runs/sizes
  keyscale sweep sizes.toml --shard 1/4")]
pub(in crate::cli) struct Sweep {
    /// File of the sweep: a scenario, and the axes along which its settings change
    #[arg(value_name = "SWEEP")]
    pub sweep: PathBuf,
    /// Folder of the results, by default results/runs/NAME
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Run one part of so many, each of which may run on a computer of its own
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<[u64; 2]>,
    /// Replications of each cell, in the place of the file's
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=MOST))]
    pub replications: Option<u64>,
    /// Replications at a time, by default as many as there are processors; changes no result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub jobs: Option<u16>,
    /// Put a value in the place of the scenario's in every cell; repeats. A path is relative to the
    /// folder of the sweep's file
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Seed of the random numbers, in the place of the scenario's
    #[arg(long)]
    pub seed: Option<u64>,
    /// Run more than 100,000 replications
    #[arg(long)]
    pub yes: bool,
    /// Replace a folder that holds something else than results
    #[arg(long)]
    pub force: bool,
    /// What to print: a text for people, or the bytes of sweep.csv
    #[arg(long, value_enum, default_value_t)]
    pub format: SweepFormat,
    /// How much to say.
    #[command(flatten)]
    pub talk: Talk,
}

/// Puts together the parts of a sweep: the same bytes as of one that ran in one piece.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale merge results/runs/sizes-1-of-4 results/runs/sizes-2-of-4 results/runs/sizes-3-of-4 results/runs/sizes-4-of-4
  keyscale merge results/runs/sizes-*-of-4 --out results/runs/sizes
  keyscale merge parts/* --format csv > sizes.csv")]
pub(in crate::cli) struct Merge {
    /// Folders of the parts, in any order
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// Folder of the results, by default results/runs/NAME
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace a folder that holds something else than results
    #[arg(long)]
    pub force: bool,
    /// What to print: a text for people, or the bytes of sweep.csv
    #[arg(long, value_enum, default_value_t)]
    pub format: SweepFormat,
    /// Say nothing but results and errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// How a sweep is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SweepFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: a row a cell and metric.
    Csv,
}

/// A part of so many: `2/4`.
fn shard(text: &str) -> Result<[u64; 2], String> {
    let parts = text
        .split_once('/')
        .and_then(|(number, of)| Some([number.parse::<u64>().ok()?, of.parse::<u64>().ok()?]));
    match parts {
        Some([number, of]) if (1..=of).contains(&number) && of <= 10_000 => Ok([number, of]),
        _ => Err("a part of at most 10000 is expected, from 1/N to N/N".to_owned()),
    }
}
