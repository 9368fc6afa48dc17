//! `keyscale compare`: studies side by side under the same luck.

use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, ContentArrangement, Table as Page, presets};
use serde::Serialize;

use super::args::{Compare, CompareFormat, FailOnWorse, Talk, What};
use super::console::{BAD, BOLD, Console, GOOD};
use super::interrupt::Interrupt;
use super::numbers::{counted, figures};
use super::read::{Ready, read_all};
use super::run::quoted;
use super::sides::{Origin, Side, folder, has_service, metrics};
use super::study::crew;
use super::study_text::{number, signed};
use super::text::line;
use crate::error::{Error, exit};
use crate::output::compared::ComparisonFolder;
use crate::output::{RunFolder, report};
use crate::record::band::Strip;
use crate::scenario::Override;
use crate::study::band::{RUNS, StripWatch};
use crate::study::compare::{Compared, Comparison, Difference, Numbers, compare};
use crate::study::curves::curves;
use crate::study::replicate::{Ended, Subject};
use crate::study::{Gleaner, Outcome};

/// Replications of a scenario file, where nobody says how many.
const REPLICATIONS: u64 = 20;

/// Compares; the exit code is 98 where something became worse and that is to fail.
pub(super) fn run(asked: &Compare, console: &mut Console<'_>) -> u8 {
    // The folder is begun first: one that may not be replaced is told before the runs.
    let folder = asked.out.as_ref().map(|out| RunFolder::create(out, asked.force)).transpose();
    let folder = match folder {
        Ok(folder) => folder,
        Err(error) => return failed(&error, console),
    };
    match sides(asked, console) {
        Ok(Some(sides)) => match tell(asked, &sides, folder, console) {
            Ok(worse) if worse && asked.fail_on == FailOnWorse::Worse => exit::REGRESSED,
            Ok(_) => exit::OK,
            Err(error) => failed(&error, console),
        },
        Ok(None) => exit::USAGE,
        Err(Stopped::Error(error)) => failed(&error, console),
        Err(Stopped::Interrupted) => {
            console.err("interrupted: a comparison wants every replication, nothing is told\n");
            exit::INCOMPLETE
        }
    }
}

fn failed(error: &Error, console: &mut Console<'_>) -> u8 {
    console.err(&format!("{error}\n"));
    error.exit_code()
}

/// Why there are no sides.
enum Stopped {
    Error(Error),
    Interrupted,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Everything that is compared, the first first; none where a scenario is wrong, which is told.
fn sides(asked: &Compare, console: &mut Console<'_>) -> Result<Option<Vec<Side>>, Stopped> {
    let scenarios = scenarios(asked)?;
    let mut ready = Vec::new();
    let mut wrong = false;
    // All scenarios are checked before the first runs.
    for (number, (name, source)) in (0..).zip(&scenarios) {
        match source {
            Source::Scenario(what) => match read(asked, what, number, console) {
                Some(scenario) => ready.push((name, Some(scenario))),
                None => wrong = true,
            },
            Source::Results(_) => ready.push((name, None)),
        }
    }
    if wrong {
        return Ok(None);
    }
    let service = asked.service.as_deref().unwrap_or_default();
    for (name, ready) in ready.iter().filter_map(|(name, ready)| Some((name, ready.as_ref()?))) {
        let services = ready.checked.scenario.services.iter().map(|s| s.name.clone());
        has_service(name, &services.collect::<Vec<_>>(), service)?;
    }
    let interrupt = Interrupt::listen()?;
    let mut sides = Vec::new();
    for ((name, ready), (_, source)) in ready.iter().zip(&scenarios) {
        sides.push(match (ready, source) {
            (Some(ready), _) => replicated(asked, name, ready, &interrupt)?,
            (None, Source::Results(path)) => folder(name, path, service)?,
            (None, Source::Scenario(_)) => continue,
        });
    }
    Ok(Some(sides))
}

/// Reads a scenario that is compared; with `--independent` every one but the first has a seed of
/// its own, the first's and so many more.
fn read(asked: &Compare, what: &What, number: u64, console: &mut Console<'_>) -> Option<Ready> {
    let ready = read_all(what, asked.talk, console).pop().flatten()?;
    if !asked.independent || number == 0 {
        return Some(ready);
    }
    let seed = Some(ready.checked.scenario.seed.wrapping_add(number));
    let quiet = Talk { quiet: true, ..asked.talk };
    read_all(&What { seed, ..what.clone() }, quiet, console).pop().flatten()
}

/// Where a side comes from.
enum Source {
    /// It is run.
    Scenario(What),
    /// It was: a run's folder or a baseline.
    Results(PathBuf),
}

/// The sides by name: those that are named, or one scenario with values in turn.
fn scenarios(asked: &Compare) -> Result<Vec<(String, Source)>, Error> {
    let with = |path: &Path, more: Option<Override>| {
        Source::Scenario(What {
            scenarios: vec![path.to_owned()],
            set: asked.set.iter().cloned().chain(more).collect(),
            seed: asked.seed,
        })
    };
    let is_scenario = |path: &Path| path.extension().is_some_and(|end| end == "toml");
    let sides: Vec<(String, Source)> = match &asked.vary {
        None => asked
            .sides
            .iter()
            .map(|path| {
                let source = match is_scenario(path) {
                    true => with(path, None),
                    false => Source::Results(path.clone()),
                };
                (path.display().to_string(), source)
            })
            .collect(),
        Some(vary) => {
            let [scenario] = asked.sides.as_slice() else {
                let text = "error: --vary is of one scenario\n  = help: name one file, or leave --vary out";
                return Err(Error::Usage(text.to_owned()));
            };
            let value = |value: &str| {
                let one = Override { key: vary.key.clone(), value: value.to_owned() };
                (format!("{}={value}", vary.key), with(scenario, Some(one)))
            };
            vary.value.split(',').map(str::trim).map(value).collect()
        }
    };
    match sides.len() {
        _ if asked.independent && sides.iter().any(|(_, side)| matches!(side, Source::Results(_))) => {
            Err(Error::Usage(
                "error: what was run has its luck already\n  = help: with --independent name scenarios (.toml)"
                    .to_owned(),
            ))
        }
        0 | 1 => Err(Error::Usage(
            "error: one alone can't be compared\n  = help: name another, or several values after --vary"
                .to_owned(),
        )),
        _ => Ok(sides),
    }
}

/// A scenario's replications.
fn replicated(
    asked: &Compare,
    name: &str,
    ready: &Ready,
    interrupt: &Interrupt,
) -> Result<Side, Stopped> {
    let scenario = &ready.checked.scenario;
    let subject = Subject { scenario, traces: &ready.traces, duration: ready.duration };
    let count = asked.replications.unwrap_or(REPLICATIONS);
    let mut side = Side::new(name, ready);
    let take = |number: u64, (outcome, strip): (Outcome, Option<Strip>)| {
        // All services together have an empty name, as in the summary.
        let service = asked.service.as_deref().unwrap_or_default();
        if let Some(row) = outcome.rows.iter().position(|row| row.service == service) {
            side.take(number, outcome.numbers(row));
        }
        if let Some(strip) = strip.filter(|_| asked.out.is_some()) {
            side.take_strip(number, strip);
        }
        true
    };
    let stop = || interrupt.asked();
    let watch = || (Gleaner::new(scenario), StripWatch::new(scenario, ready.duration));
    let ended = crew(asked.jobs)?.replicate(&subject, 0..count, watch, stop, take);
    match ended {
        Ok(Ended::All | Ended::Enough) => Ok(side),
        Ok(Ended::Stopped) => Err(Stopped::Interrupted),
        Err(broken) => Err(Stopped::Error(Error::Law(format!("{name}: {broken}")))),
    }
}

/// Prints the comparison, and leaves it in a folder where one is asked for; whether something
/// became worse.
fn tell(
    asked: &Compare,
    sides: &[Side],
    folder: Option<RunFolder>,
    console: &mut Console<'_>,
) -> Result<bool, Error> {
    let common = common(sides);
    // Of the usual metrics those that somebody has.
    let has = |metric: &Compared, side: &Side| {
        side.numbers(&[*metric], &common).concat().iter().any(|n| !n.is_nan())
    };
    let is_told = |m: &Compared| !asked.metrics.is_empty() || sides.iter().any(|side| has(m, side));
    let metrics: Vec<Compared> = metrics(&asked.metrics)?.into_iter().filter(is_told).collect();
    let numbers: Numbers = sides.iter().map(|side| side.numbers(&metrics, &common)).collect();
    let all = compare(&metrics, &numbers);
    let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
    let document = Document {
        format_version: 1,
        sides: &names,
        seed: sides.first().map_or(0, |side| side.seed),
        verdict: verdict(sides, &all),
        again: again(asked),
        warnings: warnings(asked, sides, common.len()),
        comparisons: all.iter().map(|comparison| Row::new(comparison, sides)).collect(),
    };
    let warnings = &document.warnings;
    match asked.format {
        CompareFormat::Text => text(asked, sides, &all, &document, console),
        CompareFormat::Md => markdown(sides, &all, warnings, console),
        CompareFormat::Json => {
            let json = serde_json::to_string_pretty(&document)
                .map_err(|error| Error::Outside("write JSON".to_owned(), error.into()))?;
            console.out(format!("{json}\n"));
        }
        CompareFormat::Csv => console.out(csv(&document.comparisons)?),
    }
    if let (Some(folder), Some(first)) = (folder, sides.first()) {
        let service = asked.service.as_deref().unwrap_or_default();
        let known: Vec<u64> = common.iter().copied().filter(|number| *number < RUNS).collect();
        let strips = sides.iter().map(|side| side.strips(&known)).collect::<Option<Vec<_>>>();
        let curves = strips.map_or_else(Vec::new, |strips| curves(&strips, service, first.zero));
        let target = folder.target().to_owned();
        let name = target.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        ComparisonFolder {
            name: &name,
            seed: first.seed,
            replications: common.len() as u64,
            document: &document,
            comparison: &csv(&document.comparisons)?,
            names: &names,
            metrics: &metrics,
            common: &common,
            numbers: &numbers,
            curves: &curves,
            zero: first.zero,
        }
        .write(folder)?;
        if asked.format == CompareFormat::Text {
            line(console, "report", &target.join(report::NAME).display().to_string());
        }
    }
    Ok(all.iter().any(|comparison| comparison.difference == Difference::Worse))
}

/// The command that compares the same again.
fn again(asked: &Compare) -> String {
    let mut words = vec!["keyscale compare".to_owned()];
    words.extend(asked.sides.iter().map(|side| quoted(&side.display().to_string())));
    let set = |set: &Override| quoted(&format!("{}={}", set.key, set.value));
    words.extend(asked.vary.iter().map(|vary| format!("--vary {}", set(vary))));
    words.extend(asked.set.iter().map(|one| format!("--set {}", set(one))));
    words.extend(asked.service.iter().map(|service| format!("--service {}", quoted(service))));
    words.extend(asked.metrics.iter().map(|metric| format!("--metric {}", quoted(metric))));
    words.extend(asked.independent.then(|| "--independent".to_owned()));
    words.push(format!("-r {}", asked.replications.unwrap_or(REPLICATIONS)));
    words.extend(asked.seed.map(|seed| format!("--seed {seed}")));
    words.join(" ")
}

/// Replications that all sides have.
fn common(sides: &[Side]) -> Vec<u64> {
    let [first, others @ ..] = sides else { return Vec::new() };
    let has = |number: &u64| others.iter().all(|side| side.has(*number));
    first.replications().filter(has).collect()
}

/// What makes pairs less than they seem.
fn warnings(asked: &Compare, sides: &[Side], common: usize) -> Vec<String> {
    let [first, others @ ..] = sides else { return Vec::new() };
    let mut found = Vec::new();
    for other in others {
        let (a, b) = (&first.name, &other.name);
        if asked.independent {
            found.push(format!(
                "{a} and {b} have luck of their own, as asked: seeds {} and {}",
                first.seed, other.seed
            ));
        } else if first.seed != other.seed {
            found.push(format!(
                "{a} and {b} have other seeds ({} and {}): their pairs share no luck, and nothing is \
                 gained by them",
                first.seed, other.seed
            ));
        }
        if first.seconds != other.seconds {
            let [a_s, b_s] = [first, other].map(|side| figures(side.seconds));
            found.push(format!(
                "{a} runs for {a_s} s and {b} for {b_s} s: counts and times of theirs are not alike"
            ));
        }
        if first.services != other.services {
            found.push(format!("{a} and {b} have other services: only their totals are compared"));
        }
        if let (Some(first), Some(other)) = (&first.origin, &other.origin) {
            found.extend(made_apart([a, b], first, other));
        }
    }
    let most = sides.iter().map(|side| side.replications().count()).max().unwrap_or(0);
    if common < most {
        found.push(format!("only {common} of {most} replications are in all of them"));
    }
    found
}

/// What has changed since a baseline was made.
fn made_apart([a, b]: [&str; 2], first: &Origin, other: &Origin) -> Vec<String> {
    let mut found = Vec::new();
    if first.fingerprints != other.fingerprints {
        found.push(format!(
            "{a} and {b} were made by programs of which one computes other things: their \
             fingerprints are of versions {} and {}",
            first.fingerprints, other.fingerprints
        ));
    }
    // What is run now may differ from another run on purpose.
    let one_kept = first.kept != other.kept;
    if one_kept && first.scenario == other.scenario && first.said != other.said {
        let kept = if first.kept { a } else { b };
        let scenario = &first.scenario;
        found.push(format!("{scenario} says something else than when {kept} was made of it"));
    }
    found
}

/// A row as files have it.
#[derive(Serialize)]
struct Row<'a> {
    first: &'a str,
    second: &'a str,
    metric: &'static str,
    unit: &'static str,
    pairs: u64,
    left_out: u64,
    first_mean: Option<f64>,
    second_mean: Option<f64>,
    difference: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    relative: Option<f64>,
    relative_low: Option<f64>,
    relative_high: Option<f64>,
    p_holm: f64,
    correlation: Option<f64>,
    variance_ratio: Option<f64>,
    tolerance: f64,
    verdict: &'static str,
    more: Option<u64>,
}

impl<'a> Row<'a> {
    fn new(comparison: &Comparison, sides: &'a [Side]) -> Self {
        let paired = comparison.paired.as_ref();
        let relative = paired.and_then(|paired| paired.relative());
        Self {
            first: &sides[0].name,
            second: &sides[comparison.study].name,
            metric: comparison.metric.column,
            unit: comparison.metric.unit,
            pairs: paired.map_or(0, |paired| paired.count),
            left_out: comparison.left_out,
            first_mean: paired.map(|paired| paired.first),
            second_mean: paired.map(|paired| paired.second),
            difference: paired.map(|paired| paired.difference.estimate),
            low: paired.map(|paired| paired.difference.low),
            high: paired.map(|paired| paired.difference.high),
            relative: relative.map(|relative| relative.estimate),
            relative_low: relative.map(|relative| relative.low),
            relative_high: relative.map(|relative| relative.high),
            p_holm: comparison.p,
            correlation: paired.and_then(|paired| paired.correlation),
            variance_ratio: paired.and_then(|paired| paired.variance_ratio),
            tolerance: comparison.tolerance,
            verdict: comparison.difference.name(),
            more: comparison.more,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    sides: &'a [&'a str],
    /// Of the first.
    seed: u64,
    verdict: String,
    /// The command that compares the same.
    again: String,
    warnings: Vec<String>,
    comparisons: Vec<Row<'a>>,
}

/// A row a metric and study.
fn csv(rows: &[Row<'_>]) -> Result<Vec<u8>, Error> {
    let failed = |error: ::csv::Error| Error::Outside("write CSV".to_owned(), error.into());
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row)).map_err(failed)?;
    writer.into_inner().map_err(|error| {
        Error::Outside("write CSV".to_owned(), std::io::Error::other(error.to_string()))
    })
}

/// How many metrics became worse, better, stayed or can't be told, in a sentence.
fn verdict(sides: &[Side], all: &[Comparison]) -> String {
    let pairs = all.iter().filter_map(|c| c.paired).map(|paired| paired.count).max().unwrap_or(0);
    let of = |difference| all.iter().filter(|c| c.difference == difference).count();
    let shared = sides.iter().all(|side| side.seed == sides[0].seed);
    let luck = if shared { "the same luck" } else { "other luck" };
    format!(
        "{} worse, {} better, {} the same within the tolerance, {} that cannot be told, of {} \
         under {luck}.",
        of(Difference::Worse),
        of(Difference::Better),
        of(Difference::Same),
        of(Difference::Unknown),
        counted(pairs, "pair"),
    )
}

/// The cells of a row as people read them: the metric, both means, the difference, what is
/// gained by the pairs, the verdict.
fn cells(comparison: &Comparison) -> [String; 7] {
    let Compared { column, unit, .. } = comparison.metric;
    let verdict = match comparison.more {
        Some(more) => format!("cannot tell: about {}", counted(more, "more replication")),
        None => comparison.difference.name().to_owned(),
    };
    let Some(paired) = &comparison.paired else {
        let none = || "-".to_owned();
        return [column.to_owned(), none(), none(), none(), none(), none(), verdict];
    };
    let within = paired.difference;
    let relative = paired.relative().map_or("-".to_owned(), |relative| {
        format!("{:+.1} % ± {:.1}", 100.0 * relative.estimate, 100.0 * relative.half())
    });
    let gained = paired.variance_ratio.map_or("-".to_owned(), |ratio| format!("× {ratio:.1}"));
    let difference = format!("{} ± {}", signed(within.estimate, unit), number(within.half(), unit));
    let means = [paired.first, paired.second].map(|mean| number(mean, unit));
    let [first, second] = means;
    [column.to_owned(), first, second, difference, relative, gained, verdict]
}

const HEAD: [&str; 7] = ["", "first", "second", "difference", "relative", "gained", "verdict"];

fn text(
    asked: &Compare,
    sides: &[Side],
    all: &[Comparison],
    document: &Document<'_>,
    console: &mut Console<'_>,
) {
    for (study, side) in sides.iter().enumerate().skip(1) {
        let of = asked.service.as_ref().map_or(String::new(), |name| format!(", {name}"));
        let head = format!("{} against {}{of}", side.name, sides[0].name);
        let head = console.styled(BOLD, &head);
        console.out(format!("{head}\n\n"));
        let mut page = Page::new();
        page.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        page.set_width(console.width().clamp(100, 200) as u16);
        page.set_header(HEAD);
        for comparison in all.iter().filter(|comparison| comparison.study == study) {
            page.add_row(cells(comparison));
        }
        page.column_iter_mut().skip(1).take(5).for_each(|c| {
            c.set_cell_alignment(CellAlignment::Right);
        });
        for line in page.lines() {
            console.out(format!("{}\n", line.trim_end()));
        }
        console.out("\n");
    }
    let worse = all.iter().any(|comparison| comparison.difference == Difference::Worse);
    let head = console.styled(if worse { BAD } else { GOOD }, "VERDICT");
    console.out(format!("{head}  {}\n", document.verdict));
    if !asked.talk.quiet {
        for warning in &document.warnings {
            console.advise(warning, "compare studies of one seed, length and set of services");
        }
    }
}

fn markdown(sides: &[Side], all: &[Comparison], warnings: &[String], console: &mut Console<'_>) {
    console
        .out("| against | metric | first | second | difference | relative | gained | verdict |\n");
    console.out("|---|---|---:|---:|---:|---:|---:|---|\n");
    let plain = super::gate::plain;
    for comparison in all {
        let name = plain(&sides[comparison.study].name);
        let cells = cells(comparison).map(|cell| plain(&cell));
        console.out(format!("| {name} | {} |\n", cells.join(" | ")));
    }
    for warning in warnings {
        console.out(format!("\n> {}\n", plain(warning)));
    }
}
