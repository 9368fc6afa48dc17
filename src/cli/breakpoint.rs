//! `keyscale breakpoint`: the smallest outage that breaks a threshold, in one sentence.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::args::{Breakpoint as Asked, Printed, Talk};
use super::console::{BOLD, Console};
use super::interrupt::Interrupt;
use super::numbers::{counted, figures, length, share};
use super::read::{Ready, read_all};
use super::run::quoted;
use super::study::crew;
use crate::error::{Error, exit};
use crate::output::write_whole;
use crate::scenario::Threshold;
use crate::stats::interval::Interval;
use crate::study::breakpoint::{AtLength, Block, Breakpoint, Search, blocks};
use crate::study::on_paper::{OnPaper, on_paper};
use crate::study::replicate::Ended;
use crate::study::{Centre, Estimate};
use crate::units::SimDuration;

/// Instants of a run at which `--worst-start` begins the block, evenly apart.
const STARTS: u64 = 12;

/// Finds it; the exit code.
pub(super) fn breakpoint(asked: &Asked, console: &mut Console<'_>) -> u8 {
    let talk = Talk { quiet: asked.quiet, verbose: false };
    let ready = read_all(&asked.what(), talk, console).pop().flatten();
    let Some(ready) = ready else { return exit::USAGE };
    match found(asked, &ready, console) {
        Ok(true) => exit::OK,
        Ok(false) => exit::INCOMPLETE,
        Err(error) => {
            console.err(&format!("{error}\n"));
            error.exit_code()
        }
    }
}

/// What was searched, and what was found.
struct Found<'s> {
    search: Search<'s>,
    block: &'s Block,
    threshold: &'s Threshold,
    breakpoint: Breakpoint,
    paper: Option<OnPaper>,
    /// Of each instant tried with `--worst-start`, the length there.
    starts: Vec<(SimDuration, Estimate)>,
    /// Whether all replications of all instants are done.
    complete: bool,
}

/// Searches and prints; false where it was interrupted.
fn found(asked: &Asked, ready: &Ready, console: &mut Console<'_>) -> Result<bool, Error> {
    let scenario = &ready.checked.scenario;
    let (threshold, blocks) = (threshold(asked, ready)?, blocks(scenario));
    let block = block(asked, &blocks)?;
    let search = Search {
        scenario,
        traces: &ready.traces,
        duration: ready.duration,
        entry: block.entry,
        at: block.at,
        threshold,
        step: asked.step,
    };
    let instants = match asked.worst_start {
        false => vec![block.at],
        true => (0..STARTS).map(|n| SimDuration(ready.duration.0 / STARTS * n)).collect(),
    };
    let (interrupt, crew) = (Interrupt::listen()?, crew(asked.jobs)?);
    let mut worst: Option<(Search<'_>, Breakpoint)> = None;
    let (mut starts, mut complete) = (Vec::new(), true);
    for at in instants {
        let search = Search { at, ..search };
        if search.most() < search.step {
            continue;
        }
        let mut breakpoint = Breakpoint::new(&search);
        let ended = search.replicate(
            &crew,
            0..asked.replications,
            || interrupt.asked(),
            |_, searched| {
                breakpoint.take(&searched);
                true
            },
        );
        match ended {
            Ok(Ended::All | Ended::Enough) => {}
            Ok(Ended::Stopped) => complete = false,
            Err(broken) => {
                let path = ready.path.display();
                let seed = scenario.seed;
                return Err(Error::Law(format!("{broken}\n  = help: seed {seed} of {path}")));
            }
        }
        // What is known of an instant in part is told where nothing else is.
        if !complete && (worst.is_some() || breakpoint.runs == 0) {
            break;
        }
        starts.push((at, breakpoint.estimate()));
        let sooner =
            |worst: &Breakpoint| centre(&breakpoint.estimate()).0 < centre(&worst.estimate()).0;
        if worst.as_ref().is_none_or(|(_, worst)| sooner(worst)) {
            worst = Some((search, breakpoint));
        }
        if !complete {
            break;
        }
    }
    let Some((search, breakpoint)) = worst else {
        if !complete {
            console.err("interrupted: no replication was done, nothing is known\n");
            return Ok(false);
        }
        return Err(usage(
            &format!("there is no time for {} of {}", block.what, asked.step),
            "let it begin sooner, or the run be longer",
        ));
    };
    let paper = on_paper(&search, |service| breakpoint.warm(service));
    let threshold = &scenario.thresholds[threshold];
    let found = Found { search, block, threshold, breakpoint, paper, starts, complete };
    if let Some(folder) = &asked.out {
        write(&found, folder)?;
    }
    match asked.format {
        Printed::Text => text(&found, asked, console),
        Printed::Json => console.out(format!("{:#}\n", json_of(&found))),
        Printed::Csv => console.out(csv(&found)),
    }
    if !complete {
        let (done, wanted) = (found.breakpoint.runs, asked.replications);
        let of = length(found.search.at);
        console.err(&format!(
            "interrupted: told is what is known by {done} of {wanted} replications from {of} on\n"
        ));
    }
    Ok(complete)
}

/// Writes everything, and the data of pictures.
fn write(found: &Found<'_>, folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::Outside(format!("create {}", folder.display()), error))?;
    let json = format!("{:#}\n", json_of(found));
    write_whole(&folder.join("breakpoint.json"), json.as_bytes())?;
    write_whole(&folder.join("breakpoint.csv"), csv(found).as_bytes())?;
    write_whole(&folder.join("starts.csv"), starts(found).as_bytes())
}

fn usage(what: &str, help: &str) -> Error {
    Error::Usage(format!("error: {what}\n  = help: {help}"))
}

/// The threshold that is to break: the first, or that of the key.
fn threshold(asked: &Asked, ready: &Ready) -> Result<usize, Error> {
    let all = &ready.checked.scenario.thresholds;
    if all.is_empty() {
        return Err(usage(
            "the scenario has no threshold that an outage could break",
            "give it one, as in --set 'thresholds.failed_ratio=value < 1%'",
        ));
    }
    let Some(key) = &asked.threshold else { return Ok(0) };
    let is = |threshold: &Threshold| {
        threshold.key == *key || threshold.key.strip_prefix("thresholds.") == Some(key)
    };
    all.iter().position(is).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|threshold| threshold.key.as_str()).collect();
        usage(&format!("there is no threshold {key}"), &format!("there are {}", known.join(", ")))
    })
}

/// The block whose length is looked for: the only one, or that of the number.
fn block<'b>(asked: &Asked, blocks: &'b [Block]) -> Result<&'b Block, Error> {
    let told = || {
        let one = |(number, block): (usize, &Block)| {
            format!("{number}: {} at {}", block.what, length(block.at))
        };
        (1..).zip(blocks).map(one).collect::<Vec<_>>().join(", ")
    };
    match (asked.block, blocks) {
        (_, []) => Err(usage(
            "the scenario has no outage whose length could change",
            "put one into its timeline, as in external_outage = { manager = \"vault\" }",
        )),
        (None, [only]) => Ok(only),
        (None, _) => {
            let what = format!("the scenario has {} outages", blocks.len());
            Err(usage(&what, &format!("say which, as in --block 1; {}", told())))
        }
        (Some(number), _) => blocks.get(usize::from(number).wrapping_sub(1)).ok_or_else(|| {
            usage(&format!("there is no outage {number}"), &format!("there are {}", told()))
        }),
    }
}

/// What stands for the breaking length, in seconds: the mean where every replication has one,
/// else the median; its interval and its name.
fn centre(estimate: &Estimate) -> (f64, Option<Interval>, Centre) {
    let centre = if estimate.never == 0 { Centre::Mean } else { Centre::Median };
    (estimate.centre(centre).unwrap_or(f64::INFINITY), estimate.within(centre), centre)
}

/// A length of so many seconds in words; an infinite one is beyond the greatest.
fn said(seconds: f64, most: SimDuration) -> String {
    match seconds.is_finite() {
        true => length(SimDuration((seconds.max(0.0) * 1e9).round() as u64)),
        false => format!("more than {}", length(most)),
    }
}

/// The block's length in the file, where it was tried.
fn own<'f>(found: &'f Found<'_>) -> Option<(SimDuration, &'f AtLength)> {
    let own = found.block.length.unwrap_or_default();
    found.breakpoint.points.get(&own).map(|point| (own, point)).filter(|(own, _)| own.0 > 0)
}

/// The threshold as the file says it.
fn asked_of(threshold: &Threshold) -> String {
    format!("{} {}{}", threshold.metric, threshold.condition, threshold.window)
}

/// What a metric came to: a share in per cent, a length in words, anything else in figures.
fn metric(found: &Found<'_>, number: f64) -> String {
    use crate::scenario::Limit;
    match found.threshold.condition.limit {
        Limit::Share(_) => share(number),
        Limit::Length(_) => said(number, found.search.duration),
        Limit::Count(_) | Limit::Number(_) => figures(number),
    }
}

/// The answer in one line.
fn answer(found: &Found<'_>) -> String {
    let Found { breakpoint, threshold, block, search, .. } = found;
    let (runs, most) = (breakpoint.runs, search.most());
    let rule = asked_of(threshold);
    if breakpoint.always == runs {
        return format!("{rule} does not hold without any {}.", block.what);
    }
    if breakpoint.never == runs {
        let longest = length(most);
        return format!(
            "{rule} holds for {} of up to {longest}, in all of {runs} runs.",
            block.what
        );
    }
    let (middle, within, centre) = centre(&breakpoint.estimate());
    let within = within.map_or(String::new(), |within| {
        format!("95 % {} to {}, ", said(within.low, most), said(within.high, most))
    });
    let runs = counted(runs, "replication");
    let which = match centre {
        Centre::Mean => String::new(),
        Centre::Median => "the median of ".to_owned(),
    };
    let mut line = format!(
        "You ride out {} of {} ({within}{which}{runs}); a longer one breaks {rule}.",
        said(middle, most),
        block.what,
    );
    if let Some((length_of, point)) = own(found) {
        let estimate = point.seen.estimate();
        if let (Some(mean), within) = (estimate.mean, estimate.mean_within) {
            let half = within.map_or(String::new(), |w| format!(" ± {}", metric(found, w.half())));
            let of = length(length_of);
            let _ = write!(line, " One of {of} comes to {}{half}.", metric(found, mean));
        }
    }
    line
}

fn text(found: &Found<'_>, asked: &Asked, console: &mut Console<'_>) {
    let Found { breakpoint, search, block, threshold, paper, starts, complete } = found;
    let (scenario, most) = (search.scenario, search.most());
    let head = console.styled(BOLD, &scenario.name);
    let colon = if scenario.question.is_empty() { "" } else { ": " };
    console.out(format!("{head}{colon}{}\n", scenario.question));
    let (from, rule) = (length(search.at), asked_of(threshold));
    console.out(format!(" {} from {from} on, against {rule}\n\n", block.what));
    if starts.len() > 1 {
        for (at, estimate) in starts {
            let most = Search { at: *at, ..*search }.most();
            let (middle, ..) = centre(estimate);
            console.out(format!(" begins at {:<10} {}\n", length(*at), said(middle, most)));
        }
        console.out("\n");
    }
    let estimate = breakpoint.estimate();
    if let (Some(low), Some(high)) = (estimate.p5, estimate.p95) {
        let (low, high) = (said(low, most), said(high, most));
        console.out(format!(" of runs    {low} (5 % of them) to {high} (95 %)\n"));
    }
    if breakpoint.always > 0 {
        console.out(format!(" broken     without any outage in {} runs\n", breakpoint.always));
    }
    if breakpoint.never > 0 {
        let (never, most) = (breakpoint.never, length(most));
        console.out(format!(
            " censored   {never} runs hold for {most}, and are not looked at further\n"
        ));
    }
    match paper {
        Some(paper) => console.out(format!(
            " on paper   the first request is refused after {}: {} warm instances serve {}/s of {}/s\n",
            said(paper.refused, most),
            figures(paper.warm),
            figures(paper.throughput),
            figures(paper.load),
        )),
        None => console.out(" on paper   what is warm carries the load: nobody is refused\n"),
    }
    let verdict = console.styled(BOLD, "VERDICT");
    let part = if *complete { "" } else { "Interrupted: this is the part that was searched. " };
    console.out(format!("\n{verdict}  {part}{}\n", answer(found)));
    console.out(format!(" again      keyscale breakpoint {}\n", again(asked, found)));
}

/// The arguments that make the same again.
fn again(asked: &Asked, found: &Found<'_>) -> String {
    let mut words = vec![quoted(&asked.scenario.display().to_string())];
    words.extend(["--threshold".to_owned(), quoted(&found.threshold.key)]);
    words.extend(asked.block.map(|number| format!("--block {number}")));
    words.extend(asked.worst_start.then(|| "--worst-start".to_owned()));
    for set in &asked.set {
        words.extend(["--set".to_owned(), quoted(&format!("{}={}", set.key, set.value))]);
    }
    words.extend(["--step".to_owned(), quoted(&asked.step.to_string())]);
    let seed = found.search.scenario.seed;
    words.push(format!("-r {} --seed {seed}", asked.replications));
    words.join(" ")
}

fn json_of(found: &Found<'_>) -> Value {
    let Found { breakpoint, search, block, threshold, paper, starts, complete } = found;
    let (middle, within, centre) = centre(&breakpoint.estimate());
    let finite = |number: f64| number.is_finite().then_some(number);
    let point = |(length, point): (&SimDuration, &AtLength)| {
        let seen = point.seen.estimate();
        json!({
            "length_s": length.as_secs_f64(),
            "runs": point.runs,
            "broke": point.broke,
            "broken_ratio": breakpoint.broken_by(*length).map(|w| w.estimate),
            "broken_ratio_low": breakpoint.broken_by(*length).map(|w| w.low),
            "broken_ratio_high": breakpoint.broken_by(*length).map(|w| w.high),
            "metric_mean": seen.mean,
            "metric_low": seen.mean_within.map(|w| w.low),
            "metric_high": seen.mean_within.map(|w| w.high),
        })
    };
    let start = |(at, estimate): &(SimDuration, Estimate)| {
        let (length, within, _) = self::centre(estimate);
        json!({
            "start_s": at.as_secs_f64(),
            "length_s": finite(length),
            "length_s_low": within.and_then(|w| finite(w.low)),
            "length_s_high": within.and_then(|w| finite(w.high)),
        })
    };
    json!({
        "format_version": 1,
        "complete": complete,
        "scenario": search.scenario.name,
        "seed": search.scenario.seed,
        "block": block.what,
        "start_s": search.at.as_secs_f64(),
        "threshold": threshold.key,
        "condition": asked_of(threshold),
        "step_s": search.step.as_secs_f64(),
        "longest_s": search.most().as_secs_f64(),
        "replications": breakpoint.runs,
        "broken_without": breakpoint.always,
        "censored": breakpoint.never,
        "centre": centre.name(),
        "length_s": finite(middle),
        "length_s_low": within.and_then(|w| finite(w.low)),
        "length_s_high": within.and_then(|w| finite(w.high)),
        "lengths_s": breakpoint.lengths.iter().map(|l| finite(*l)).collect::<Vec<_>>(),
        "points": breakpoint.points.iter().map(point).collect::<Vec<_>>(),
        "starts": starts.iter().map(start).collect::<Vec<_>>(),
        "on_paper": paper.as_ref().map(|paper| json!({
            "service": paper.service,
            "instances": paper.warm,
            "throughput": paper.throughput,
            "load": paper.load,
            "wait_s": paper.wait,
            "rises_s": paper.rises,
            "first_refusal_s": paper.refused,
        })),
        "answer": answer(found),
    })
}

/// Numbers as cells of a row; empty is what there is not, or has no end.
fn row(numbers: &[Option<f64>]) -> String {
    let cell =
        |n: &Option<f64>| n.filter(|n| n.is_finite()).map_or(String::new(), |n| n.to_string());
    numbers.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
}

/// A row a length that was tried: the runs in which it was and those of them that broke, the share
/// of all runs that it breaks, the metric where it was tried.
fn csv(found: &Found<'_>) -> String {
    let mut text = "length_s,runs,broke,broken_ratio,broken_ratio_low,broken_ratio_high,\
                    metric_mean,metric_low,metric_high\n"
        .to_owned();
    for (length, point) in &found.breakpoint.points {
        let (seen, broken) = (point.seen.estimate(), found.breakpoint.broken_by(*length));
        text += &row(&[
            Some(length.as_secs_f64()),
            Some(point.runs as f64),
            Some(point.broke as f64),
            broken.map(|w| w.estimate),
            broken.map(|w| w.low),
            broken.map(|w| w.high),
            seen.mean,
            seen.mean_within.map(|w| w.low),
            seen.mean_within.map(|w| w.high),
        ]);
    }
    text
}

/// A row an instant at which the block began: the length that breaks there.
fn starts(found: &Found<'_>) -> String {
    let mut text = "start_s,length_s,length_s_low,length_s_high,longest_s\n".to_owned();
    for (at, estimate) in &found.starts {
        let (length, within, _) = centre(estimate);
        let most = Search { at: *at, ..found.search }.most();
        text += &row(&[
            Some(at.as_secs_f64()),
            Some(length),
            within.map(|w| w.low),
            within.map(|w| w.high),
            Some(most.as_secs_f64()),
        ]);
    }
    text
}
