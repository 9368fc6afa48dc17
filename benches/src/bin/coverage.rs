//! Whether intervals mean what they say, as a table in Markdown:
//!
//! ```text
//! cargo run --release -p keyscale-bench --bin coverage                    2,000 studies a row
//! cargo run --release -p keyscale-bench --bin coverage -- 500 --jobs 1    fewer, on one core
//! ```
//!
//! Each row is of many small studies of a scenario whose truth a formula knows; the scenarios are
//! in `scenarios/coverage`. The table is the same for any number of jobs. Exits with 1 where a row
//! does not cover what it should.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program says what it measured")]

use std::error::Error;
use std::path::Path;

use keyscale::record::summary::SUMMARY;
use keyscale::scenario::{self, Source};
use keyscale::study::coverage::{Coverage, FIXED, Question, SEQUENTIAL, coverage, told};
use keyscale::study::replicate::{Crew, Subject};
use keyscale::study::{Centre, Rule};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Studies a row: the standard error of 95 % of them is half a point.
const STUDIES: u64 = 2_000;

/// A scenario, and how many replications its studies have.
struct Case {
    stem: &'static str,
    text: &'static str,
    counts: &'static [u64],
    /// A median that is known: column, seconds, who says so.
    median: Option<(&'static str, f64, &'static str)>,
}

macro_rules! case {
    ($stem:literal, $counts:expr, $median:expr) => {
        Case {
            stem: $stem,
            text: include_str!(concat!("../../../scenarios/coverage/", $stem, ".toml")),
            counts: $counts,
            median: $median,
        }
    };
}

fn cases() -> [Case; 6] {
    let first = 100.0 * std::f64::consts::LN_2 + 10.0;
    [
        case!("loss", &[5, 20], None),
        case!("delay", &[50], None),
        case!("infinite-slots", &[5, 20], None),
        case!("availability", &[20], None),
        case!("sharing", &[50], None),
        case!("first-failure", &[20, 100], Some(("ride_out_s", first, "100 s ln 2 + 10 s"))),
    ]
}

fn main() -> Result<()> {
    let (studies, jobs) = asked(&std::env::args().skip(1).collect::<Vec<_>>())?;
    let crew = Crew::new(jobs)?;
    println!("{}", head(studies));
    let mut all_hold = true;
    for case in cases() {
        all_hold &= measure(&case, &crew, studies)?;
    }
    println!("\n{}", foot());
    match all_hold {
        true => Ok(()),
        false => Err("some intervals do not cover what they should".into()),
    }
}

/// Studies and jobs.
fn asked(args: &[String]) -> Result<(u64, usize)> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let jobs = || std::thread::available_parallelism().map_or(1, usize::from);
    match args[..] {
        [] => Ok((STUDIES, jobs())),
        [studies] => Ok((studies.parse()?, jobs())),
        ["--jobs", count] => Ok((STUDIES, count.parse()?)),
        [studies, "--jobs", count] => Ok((studies.parse()?, count.parse()?)),
        _ => Err("expected nothing, or a number of studies, and --jobs N".into()),
    }
}

fn head(studies: u64) -> String {
    let row = "| scenario | quantity | truth | replications a study | covered | 95 % interval of \
               that | all below, all above | mean half-width | |";
    format!(
        "# Whether intervals mean what they say\n\n\
         {studies} small studies a row, each with replications of its own, of scenarios whose truth \
         a formula knows: the share of studies whose 95 % interval holds it. The command is \
         `cargo run --release -p keyscale-bench --bin coverage`; the scenarios are in \
         `scenarios/coverage`.\n\n{row}\n|---|---|---|---|--:|---|--:|--:|---|"
    )
}

fn foot() -> String {
    format!(
        "A fixed number of replications must cover {} to {} %, 95 % give or take three standard \
         errors of 2,000 studies; the sequential rule, which stops once the interval is narrow, \
         {} % at least. Student's interval holds a mean for any number of replications where a \
         run's number is nearly normal; where it is skewed (a mean wait) it takes more of them, \
         which is why those rows have more. The interval of a median lies between two of the runs \
         and can cover no share exactly: with 20 runs 95.9 %, with 100 runs 96.5 %.",
        100.0 * FIXED[0],
        100.0 * FIXED[1],
        100.0 * SEQUENTIAL
    )
}

/// Measures the questions of a case and prints a row each; whether all hold.
fn measure(case: &Case, crew: &Crew, studies: u64) -> Result<bool> {
    let folder = Path::new("");
    let source = Source { origin: case.stem, text: case.text, stem: case.stem, folder };
    let checked = scenario::check(&source, &[], folder).map_err(|wrong| wrong.render(false))?;
    let scenario = &checked.scenario;
    let mut questions = Question::of(scenario, case.counts);
    if let Some((name, truth, source)) = case.median {
        let column = SUMMARY.iter().position(|c| c.name == name).ok_or("no such column")?;
        let of = |&count| Question {
            service: String::new(),
            column,
            truth,
            source: source.to_owned(),
            rule: Rule::Fixed(count),
            condition: None,
        };
        questions.extend(case.counts.iter().map(of));
    }
    let subject = Subject { scenario, traces: &[], duration: scenario.duration(&[]) };
    let found =
        coverage(crew, &subject, &questions, studies, told).map_err(|broken| broken.to_string())?;
    for (question, found) in questions.iter().zip(&found) {
        println!("{}", row(case.stem, question, found));
        eprintln!("{}: {}", case.stem, question.metric());
    }
    Ok(questions.iter().zip(&found).all(|(question, found)| found.holds(question.rule)))
}

fn row(stem: &str, question: &Question, found: &Coverage) -> String {
    let (truth, half) = (shown(question.truth, question.unit()), found.half.mean());
    let centre = match question.centre() {
        Centre::Mean => "mean",
        Centre::Median => "median",
    };
    let replications = match question.rule {
        Rule::Fixed(count) => count.to_string(),
        Rule::UntilKnown { .. } => format!("until known, {:.1}", found.replications.mean()),
    };
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let share = found.share();
    let covered = share.map_or(String::new(), |share| format!("{} %", percent(share.estimate)));
    let within = share.map_or(String::new(), |share| {
        format!("{} … {} %", percent(share.low), percent(share.high))
    });
    let mark = if found.holds(question.rule) { "✓" } else { "✗" };
    format!(
        "| {stem} | {} ({centre}) | {truth}, {} | {replications} | {covered} | {within} | {}, {} | \
         {} | {mark} |",
        question.metric(),
        question.source,
        found.below,
        found.above,
        shown_short(half, question.unit()),
    )
}

/// A number with its unit; a share in per cent.
fn shown(number: f64, unit: &str) -> String {
    match unit {
        "1" => format!("{:.3} %", 100.0 * number),
        "s" => format!("{number:.4} s"),
        _ => number.to_string(),
    }
}

/// A half-width: fewer digits tell as much.
fn shown_short(number: f64, unit: &str) -> String {
    match unit {
        "1" => format!("{:.2} %", 100.0 * number),
        "s" => format!("{number:.3} s"),
        _ => format!("{number:.3}"),
    }
}
