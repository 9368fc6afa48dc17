//! The command line, declared.

mod sweep;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};

pub(super) use sweep::{Merge, Sweep, SweepFormat};

use super::init::TEMPLATES;
use crate::scenario::{Override, Without};
use crate::study::gather::FIRST;
use crate::units::SimDuration;

/// Simulates services that scale out with a customer-managed key in the start path: what happens
/// to their users when that key is slow, away, over quota or revoked?
#[derive(Debug, Parser)]
#[command(
    name = "keyscale",
    version,
    before_help = "\
Examples:
  keyscale init demo
  keyscale run demo.toml
  keyscale run --help"
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
    /// Colours: where the output is a terminal, always, or never
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run scenarios, one folder of results each
    Run(Run),
    /// Compare scenarios, studies or baselines under the same luck
    Compare(Compare),
    /// Check scenarios and their load files, and run nothing
    Validate(Validate),
    /// Compare runs with what they came to, and with what others say they must come to
    Regress(Regress),
    /// Replay an autoscaler over a recorded series, without a simulation
    Policy(Policy),
    /// Find the smallest outage that breaks a threshold
    Breakpoint(Breakpoint),
    /// Draw the pictures of a folder of results again
    Chart(Chart),
    /// Run a scenario under many settings, all under the same luck
    Sweep(Sweep),
    /// Put together the parts of a sweep that ran apart
    Merge(Merge),
    /// Write a scenario to begin with
    Init(Init),
    /// Print the schema of scenario files, for editors
    Schema(Schema),
    /// Print what a shell needs to complete command lines
    Completions(Completions),
    /// Print a page of the manual
    Man(Man),
}

/// Replications that may be asked for.
const MOST: u64 = 1_000_000;

/// Runs scenarios, one folder of results each. The verdict is the last block of the output.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale run scenario.toml
  keyscale run scenario.toml -r 100 --set services.web.max_instances=50 --out results/runs/more
  keyscale run scenario.toml --seed 7 --without key_outage")]
pub(super) struct Run {
    /// What to run.
    #[command(flatten)]
    pub what: What,
    /// Folder of the results, by default results/runs/NAME; with several scenarios the folder
    /// that holds theirs
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replications: the k-th has the luck of stream k, so that 50 are the first 50 of 100. By
    /// default one, or with thresholds as many as it takes to know them
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    pub replications: Option<u64>,
    /// Replications at a time, by default as many as there are processors; changes no result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub jobs: Option<u16>,
    /// Run once more under the same luck with a cause of failures switched off, to see what
    /// remains; repeats. Its results go to a folder beside, NAME-without-CAUSE
    #[arg(long, value_name = "CAUSE", value_parser = PossibleValuesParser::new(Without::CAUSES))]
    pub without: Vec<String>,
    /// Keep the replications as a baseline of this name, results/baselines/NAME.csv, to compare with
    #[arg(long, value_name = "NAME", value_parser = baseline_name)]
    pub save_baseline: Option<String>,
    /// Replace a folder that holds something else than results
    #[arg(long)]
    pub force: bool,
    /// What to print on standard output: text for people, summary.json, summary.csv, Markdown for a
    /// review, or JUnit's XML for a pipeline
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What makes a run exit with 99: a threshold that is not met, or one that is unclear too
    #[arg(long, value_enum, default_value_t, value_name = "VERDICT")]
    pub fail_on: FailOn,
    /// How much to say.
    #[command(flatten)]
    pub talk: Talk,
}

/// Compares studies, replication by replication: each against the first.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale compare now.toml changed.toml --out results/changed
  keyscale compare scenario.toml --vary services.web.min_instances=1,3,5
  keyscale compare main scenario.toml --fail-on worse --format md")]
pub(super) struct Compare {
    /// Scenarios (.toml), folders of studies, or names of baselines
    #[arg(required = true, value_name = "STUDY")]
    pub sides: Vec<PathBuf>,
    /// Values to put in turn in the place of one scenario's own
    #[arg(long, value_name = "KEY=A,B,...")]
    pub vary: Option<Override>,
    /// Put a value in the place of every scenario's; repeats
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Seed of the random numbers of every scenario
    #[arg(long)]
    pub seed: Option<u64>,
    /// Compare this service in the place of all together
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Run each scenario but the first under luck of its own, to see what sharing it gains
    #[arg(long)]
    pub independent: bool,
    /// Replications of each scenario [default: 20]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=MOST))]
    pub replications: Option<u64>,
    /// Replications at a time, by default as many as there are processors; changes no result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub jobs: Option<u16>,
    /// A column of summary.csv to compare, in the place of the usual ones; repeats
    #[arg(long = "metric", value_name = "NAME")]
    pub metrics: Vec<String>,
    /// What makes the exit code 98
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub fail_on: FailOnWorse,
    /// Folder for tables, charts and a report.html
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Replace a folder that holds something else than results
    #[arg(long, requires = "out")]
    pub force: bool,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: CompareFormat,
    /// How much to say.
    #[command(flatten)]
    pub talk: Talk,
}

/// What makes a comparison fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOnWorse {
    /// Nothing.
    #[default]
    Never,
    /// A metric that became worse.
    Worse,
}

/// How a comparison is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For programs: a row a metric.
    Csv,
    /// For a review.
    Md,
}

/// Checks scenarios and their load files, and runs nothing. All problems are shown at once.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale validate scenario.toml
  keyscale validate scenarios/*.toml
  keyscale validate scenario.toml --set services.web.max_instances=50")]
pub(super) struct Validate {
    /// What to check.
    #[command(flatten)]
    pub what: What,
    /// How much to say.
    #[command(flatten)]
    pub talk: Talk,
}

/// Compares what runs come to now in three layers: with each run as it was when a baseline was made
/// (exact), with what all of them came to (statistical), and with what formulas, published tables,
/// other programs and measurements say (truth). Settings of a policy with a table [replay] are
/// replayed, and compared decision by decision. Exits with 98 where one does not hold.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale regress
  keyscale regress demo --update
  keyscale regress scenarios/validation/*.toml --csv results/validation.csv --markdown README.md")]
pub(super) struct Regress {
    /// Baselines by name, and scenarios that have one or say with [[reference]] what they must come
    /// to [default: all of results/baselines]
    #[arg(value_name = "BASELINE|SCENARIO")]
    pub what: Vec<PathBuf>,
    /// Make the baselines again, and say what moved, for the message of a commit
    #[arg(long, conflicts_with_all = ["set", "seed", "csv", "markdown", "format"])]
    pub update: bool,
    /// Put a value in the place of a scenario's that has references, as in
    /// validation.replications=100; repeats
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Seed of the random numbers, in the place of such a scenario's
    #[arg(long)]
    pub seed: Option<u64>,
    /// Replications at a time, by default as many as there are processors; changes no result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub jobs: Option<u16>,
    /// File of all rows of truth as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// File of the rows of truth as a table in Markdown; in a file that is there already it goes
    /// between the markers
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: RegressFormat,
    /// How much to say.
    #[command(flatten)]
    pub talk: Talk,
}

/// How a regression is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum RegressFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For programs: a row a comparison.
    Csv,
    /// For a review: the verdict and what does not hold.
    Md,
    /// For a pipeline: a suite a layer, a case a comparison.
    Junit,
}

/// Replays an autoscaler over a recorded series: what it would have done, a row a decision.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale policy knative.toml --series observed.csv
  keyscale policy hpa.toml --series load.csv --closed-loop --startup 10s
  keyscale policy cloud-run.toml --series observed.csv --out decisions.csv --chart decisions.svg")]
pub(super) struct Policy {
    /// One table [autoscaler.NAME] as in a scenario, and container_concurrency
    #[arg(value_name = "SETTINGS")]
    pub settings: PathBuf,
    /// A row a second: t_s, ready, and what was observed (concurrency, rps, cpu_utilization; empty
    /// without a report); with --closed-loop t_s and load
    #[arg(long, value_name = "FILE")]
    pub series: PathBuf,
    /// The series is the offered load, and instances follow the policy
    #[arg(long)]
    pub closed_loop: bool,
    /// Time from wanting an instance to having it ready [default: 3s]
    #[arg(long, value_name = "LENGTH", requires = "closed_loop", value_parser = SimDuration::parse)]
    pub startup: Option<SimDuration>,
    /// File of the decisions, in the place of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// File of a picture of them, as SVG or PNG by its ending
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
    /// Say nothing but results and errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Finds the smallest outage that breaks a threshold of a scenario, by making one of its timeline
/// longer and shorter under the same luck, each replication by itself.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale breakpoint scenario.toml
  keyscale breakpoint outage.toml --set 'thresholds.failed_ratio=value < 1%'
  keyscale breakpoint scenario.toml --threshold failed_ratio --worst-start -r 50 --format json")]
pub(super) struct Breakpoint {
    /// Scenario file
    pub scenario: PathBuf,
    /// The threshold that is to break, by its key, as in services.web.latency; by default the
    /// first of the scenario
    #[arg(long, value_name = "KEY")]
    pub threshold: Option<String>,
    /// The outage whose length is looked for, where the timeline has several: its number in order
    /// of time, from 1. A disabled key, a lost permission and a smaller quota count as well
    #[arg(long, value_name = "N")]
    pub block: Option<u16>,
    /// Look at twelve instants of the run, evenly apart, for the one at which the shortest outage
    /// breaks the threshold
    #[arg(long)]
    pub worst_start: bool,
    /// Lengths are multiples of this
    #[arg(long, value_name = "LENGTH", default_value = "1s", value_parser = step)]
    pub step: SimDuration,
    /// Replications, each searched by itself
    #[arg(short, long, value_name = "N", default_value_t = FIRST, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    pub replications: u64,
    /// Replications at a time, by default as many as there are processors; changes no result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub jobs: Option<u16>,
    /// Put a value in the place of the scenario's, as in services.web.min_instances=5; repeats
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Seed of the random numbers, in the place of the scenario's
    #[arg(long)]
    pub seed: Option<u64>,
    /// Folder for breakpoint.json with everything, and for pictures breakpoint.csv with a row a length
    /// tried and starts.csv with a row an instant
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What to print: a text for people, or for programs everything or a row a length tried
    #[arg(long, value_enum, default_value_t)]
    pub format: Printed,
    /// Say nothing but results and errors
    #[arg(short, long)]
    pub quiet: bool,
}

impl Breakpoint {
    /// The scenario, and what to change in it.
    pub fn what(&self) -> What {
        What { scenarios: vec![self.scenario.clone()], set: self.set.clone(), seed: self.seed }
    }
}

/// A length of time that is not zero.
fn step(text: &str) -> Result<SimDuration, String> {
    match SimDuration::parse(text)? {
        SimDuration::ZERO => Err("a step must be longer than 0s".to_owned()),
        step => Ok(step),
    }
}

/// How to print what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Printed {
    /// For people.
    #[default]
    Text,
    /// For programs: everything.
    Json,
    /// For tables: a row a length that was tried.
    Csv,
}

/// Draws the pictures of a folder of results again, from its tables alone: as they are, or on dark
/// paper and in other sizes. Prints the path of each.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale chart results/runs/demo
  keyscale chart results/runs/demo --theme dark --format svg
  keyscale chart results/runs/demo --only gantt --size slide --out talk")]
pub(super) struct Chart {
    /// A folder of results, or a table that is drawn by itself
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// The paper; the names of pictures on dark paper end with -dark
    #[arg(long, value_enum, default_value_t)]
    pub theme: ChartTheme,
    /// The size; the names of pictures in another than the usual end with it
    #[arg(long, value_enum, default_value_t)]
    pub size: ChartSize,
    /// The form, by default both
    #[arg(long, value_enum)]
    pub format: Option<ChartForm>,
    /// Draw this picture, by its name without an end; repeats
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Folder that the pictures go to, by default the one with the tables
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// What paper pictures are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ChartTheme {
    /// White.
    #[default]
    Light,
    /// Nearly black.
    Dark,
}

/// How large pictures are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ChartSize {
    /// For pages: 960 pixels wide.
    #[default]
    Report,
    /// For slides: 1280 × 720 pixels.
    Slide,
    /// For lists: 480 pixels wide.
    Thumbnail,
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ChartForm {
    /// Drawn anew at any size.
    Svg,
    /// Two pixels for one of the picture.
    Png,
}

/// Writes a scenario to begin with, full of comments, into the working folder.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale init demo
  keyscale init --list
  keyscale init outage --force")]
pub(super) struct Init {
    /// Which
    #[arg(default_value = "demo", value_parser = PossibleValuesParser::new(TEMPLATES.map(|t| t.name)))]
    pub template: String,
    /// Say what there is, and write nothing
    #[arg(long, conflicts_with_all = ["template", "force"])]
    pub list: bool,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
}

/// Prints the JSON Schema (draft 2020-12) of scenario files: every key with its kind, bounds,
/// default and the source of that. Editors that know TOML take it from the first line of a
/// scenario, `#:schema ./scenario.schema.json`.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale schema > scenario.schema.json
  keyscale schema | jq '.properties | keys'
  keyscale schema | jq '.properties.services.additionalProperties.properties.concurrency'")]
pub(super) struct Schema {}

/// Prints what a shell needs to complete command lines.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale completions bash > ~/.local/share/bash-completion/completions/keyscale
  keyscale completions zsh > ~/.zfunc/_keyscale
  keyscale completions fish > ~/.config/fish/completions/keyscale.fish")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Prints a page of the manual, for man.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  keyscale man | man -l -
  keyscale man run | man -l -
  keyscale man > ~/.local/share/man/man1/keyscale.1")]
pub(super) struct Man {
    /// The command that the page is of; without it the program
    pub command: Option<String>,
}

/// Scenarios, and what to change in them.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct What {
    /// Scenario files
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Put a value in the place of the scenario's, as in services.web.min_instances=5; repeats. A
    /// path is relative to the working folder
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Seed of the random numbers, in the place of the scenario's
    #[arg(long)]
    pub seed: Option<u64>,
}

impl What {
    /// Everything put in the place of a scenario's own, in the order in which it counts.
    pub fn overrides(&self) -> Vec<Override> {
        let seed = |seed: u64| Override { key: "seed".to_owned(), value: seed.to_string() };
        self.set.iter().cloned().chain(self.seed.map(seed)).collect()
    }
}

/// A name that is a file's.
fn baseline_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match !text.is_empty() && !text.starts_with('.') && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("a name of letters, digits, dots and dashes is expected".to_owned()),
    }
}

/// How much to say on standard error.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Talk {
    /// Say nothing but results and errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say how load files were read and how fast the run was
    #[arg(short, long)]
    pub verbose: bool,
}

/// What to print on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: the bytes of summary.json.
    Json,
    /// For programs: the bytes of summary.csv.
    Csv,
    /// For a review: the verdict and a row a threshold.
    Md,
    /// For a pipeline: a case a threshold.
    Junit,
}

/// What makes a run fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// What is not met.
    Fail,
    /// What is not met, or not known to be.
    #[default]
    Unclear,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal that has them, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Even into a file.
    Always,
    /// Nowhere.
    Never,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_declaration_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_seed_counts_last() {
        let args =
            ["keyscale", "run", "a.toml", "--seed", "7", "--set", "seed=3", "--set", "b=c=d"];
        let Ok(Args { command: Command::Run(run), .. }) = Args::try_parse_from(args) else {
            panic!("not understood");
        };
        let said: Vec<_> = run.what.overrides().into_iter().map(|o| (o.key, o.value)).collect();
        let expected = [("seed", "3"), ("b", "c=d"), ("seed", "7")];
        assert_eq!(said, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
}
