//! The command line, declared.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::scenario::Override;

/// How long can a service that scales out ride out an outage of the key it must decrypt with?
#[derive(Debug, Parser)]
#[command(
    name = "keyscale",
    version,
    before_help = "\
Examples:
  keyscale run scenarios/external-outage-retryable.toml
  keyscale run scenarios/spike.toml --set services.web.min_instances=5 --seed 2
  keyscale validate scenarios/*.toml"
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios: tables, charts and a verdict, one folder each
    #[command(before_help = "\
Examples:
  keyscale run scenarios/steady.toml
  keyscale run scenarios/*.toml --out /tmp/results
  keyscale run scenarios/trace-replay.toml --set services.shop.load.0.trace.scale=2")]
    Run(Run),
    /// Check scenarios and their files of load without running them
    #[command(before_help = "\
Examples:
  keyscale validate scenarios/steady.toml
  keyscale validate scenarios/*.toml
  keyscale validate scenarios/spike.toml --set services.web.max_instances=10")]
    Validate(Validate),
}

/// What both commands take.
#[derive(Debug, ClapArgs)]
pub struct Common {
    /// Scenario files
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Set a key of the scenario; a path given here is relative to the working folder (repeats)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<Override>,
    /// Colour in messages
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

/// Arguments of `run`.
#[derive(Debug, ClapArgs)]
pub struct Run {
    /// Scenarios and settings.
    #[command(flatten)]
    pub common: Common,
    /// Folder of the results; with several scenarios the folder above theirs [default:
    /// results/runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of every random stream, in place of the scenario's
    #[arg(long)]
    pub seed: Option<u64>,
    /// Replace a folder that does not hold keyscale results
    #[arg(long)]
    pub force: bool,
    /// Say only what went wrong
    #[arg(short, long)]
    pub quiet: bool,
    /// Form of the summary on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `validate`.
#[derive(Debug, ClapArgs)]
pub struct Validate {
    /// Scenarios and settings.
    #[command(flatten)]
    pub common: Common,
}

/// When messages are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Form of a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: what summary.json holds.
    Json,
}
