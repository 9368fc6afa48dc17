//! The verdict of a run, above everything else: what became of its requests, as a bar and in a
//! sentence.

use std::fmt;
use std::fs;
use std::path::Path;

use super::palette::Tone;
use super::picture::{Page, Strip};
use super::run::shortened;
use super::scene::{Anchor, Fill, Level, Pen, Scene, fitting, width};
use crate::error::Error;
use crate::output::csv::Table;
use crate::output::folder::outside;
use crate::output::numbers::{self, counted, dollars, in_unit, rough_share, share};
use crate::record::Cause;

/// Outcomes: their columns, their names and their colours.
const OUTCOMES: [(&str, &str, Tone); 6] = [
    ("served_warm", "served", Tone::Served),
    ("served_cold", "served cold", Tone::ServedCold),
    ("refused", "refused", Tone::Refused),
    ("timed_out", "timed out", Tone::TimedOut),
    ("aborted", "aborted", Tone::Aborted),
    ("abandoned", "abandoned", Tone::Abandoned),
];

/// Numbers of `summary.csv` that are read besides.
const NUMBERS: [&str; 8] = [
    "served",
    "served_cold",
    "refused",
    "timed_out",
    "aborted",
    "abandoned",
    "latency_s_p99",
    "cost",
];

/// The verdict of a service's run.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    title: String,
    /// Requests by outcome, as [`OUTCOMES`] has them.
    outcomes: [f64; OUTCOMES.len()],
    /// Sentences.
    said: Vec<String>,
}

/// The verdict of a service in a folder of results.
///
/// # Errors
/// [`Error`] where the table can't be read.
pub fn of(folder: &Path, service: &str) -> Result<Verdict, Error> {
    let blamed: Vec<String> =
        Cause::ALL.iter().map(|cause| format!("blame_{}_ratio", cause.name())).collect();
    let numbers: Vec<&str> = blamed.iter().map(String::as_str).chain(NUMBERS).collect();
    let keep = |cells: &[&str]| cells[0] == service && cells[1] == "run";
    let path = folder.join("summary.csv");
    let row = Table::open(&path, &["service", "statistic"], &numbers, keep)?;
    let number = |name: &str| row.numbers(name).first().copied().unwrap_or(f64::NAN);
    let count = |name: &str| Some(number(name)).filter(|n| n.is_finite()).unwrap_or(0.0);
    let warm = count("served") - count("served_cold");
    let outcomes = OUTCOMES.map(|(column, ..)| match column {
        "served_warm" => warm,
        column => count(column),
    });
    let all: f64 = outcomes.iter().sum();
    let failed: f64 = outcomes[2..].iter().sum();
    let title = match (all, failed) {
        (0.0, _) => format!("{service}: no request ended"),
        (_, 0.0) => format!("{service}: {} served, none failed", counted(all as u64, "request")),
        _ => {
            let of = format!("{} of {}", counts(failed), counts(all));
            format!("{service}: {} of requests failed ({of})", share(failed / all))
        }
    };
    let mut causes: Vec<(f64, &str)> = Cause::ALL
        .iter()
        .zip(&blamed)
        .map(|(cause, column)| (count(column), cause.words()))
        .filter(|cause| cause.0 > 0.0)
        .collect();
    causes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let because: Vec<String> = causes
        .iter()
        .take(3)
        .map(|(part, words)| format!("{words} {}", rough_share(*part)))
        .collect();
    let mut said: Vec<String> = asked(folder, service)?.into_iter().collect();
    if !because.is_empty() {
        said.push(format!("why: {}", because.join(", ")));
    }
    let p99 = number("latency_s_p99");
    if p99.is_finite() {
        said.push(format!("p99 of the served {}", in_unit(p99, "s")));
    }
    let cost = number("cost");
    if cost.is_finite() {
        said.push(format!("cost {}", dollars(cost)));
    }
    Ok(Verdict { title, outcomes, said })
}

/// What is said, in sentences.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.title)?;
        self.said.iter().try_for_each(|said| write!(f, " {said}."))
    }
}

/// A whole number.
fn counts(number: f64) -> String {
    numbers::count(number as u64)
}

/// How the thresholds of a service stand, where the scenario has some: the ones that are not met
/// by name.
fn asked(folder: &Path, service: &str) -> Result<Option<String>, Error> {
    let path = folder.join("summary.json");
    let bytes = fs::read(&path).map_err(outside("read", &path))?;
    let json: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| outside("read", &path)(error.into()))?;
    let all = json["thresholds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mine: Vec<&serde_json::Value> =
        all.iter().filter(|asked| asked["service"] == "" || asked["service"] == service).collect();
    let word =
        |asked: &serde_json::Value, name: &str| asked[name].as_str().unwrap_or("").to_owned();
    let unmet: Vec<String> = mine
        .iter()
        .filter(|asked| asked["verdict"] != "pass")
        .map(|asked| {
            let [metric, condition] = ["metric", "condition"].map(|name| word(asked, name));
            shortened(&format!("{metric} {condition}: {}", word(asked, "verdict")))
        })
        .collect();
    Ok(match (mine.len(), unmet.len()) {
        (0, _) => None,
        (all, 0) => Some(format!("{} met", counted(all as u64, "threshold"))),
        (all, some) => Some(format!("{some} of {all} thresholds not met: {}", unmet.join(", "))),
    })
}

const TITLE: f64 = 24.0;
const LINE: f64 = 17.0;
const BAR: f64 = 14.0;

impl Verdict {
    /// The sentences in lines that fit the page.
    fn lines(&self, page: Page) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for part in &self.said {
            match lines.last_mut() {
                Some(line) if width(line) + width(part) + 24.0 < page.width - 20.0 => {
                    line.push_str("  ·  ");
                    line.push_str(part);
                }
                _ => lines.push(part.clone()),
            }
        }
        lines
    }

    /// The names of the outcomes that there were, with their shares, each with its place.
    fn names(&self, page: Page) -> (Vec<(f64, f64, usize, String)>, f64) {
        let all: f64 = self.outcomes.iter().sum();
        let (mut x, mut y) = (10.0, 0.0);
        let mut names = Vec::new();
        for (i, (_, name, _)) in OUTCOMES.iter().enumerate() {
            if self.outcomes[i] <= 0.0 {
                continue;
            }
            let text = format!("{name} {}", share(self.outcomes[i] / all));
            let wide = 30.0 + width(&text);
            if x + wide > page.width && x > 10.0 {
                (x, y) = (10.0, y + LINE);
            }
            names.push((x, y, i, text));
            x += wide;
        }
        let height = if names.is_empty() { 0.0 } else { y + LINE };
        (names, height)
    }
}

impl Strip for Verdict {
    fn right(&self) -> f64 {
        0.0
    }

    fn heights(&self, page: Page) -> (f64, f64) {
        let said = LINE * self.lines(page).len() as f64;
        let (names, bar) = self.names(page);
        let bar = if names.is_empty() { 0.0 } else { BAR + 4.0 + bar };
        (TITLE + said + bar + 8.0, 0.0)
    }

    fn draw(&self, page: Page, _plot: f64) -> Scene {
        let mut scene = Scene::new("verdict", self.heights(page).0);
        scene.begin("title");
        let title = fitting(&self.title, page.width - 14.0);
        scene.text(&title, (10.0, 6.0), Anchor::Start, Level::Top, Tone::Ink);
        let mut y = TITLE;
        for line in self.lines(page) {
            let line = fitting(&line, page.width - 14.0);
            scene.text(&line, (10.0, y), Anchor::Start, Level::Top, Tone::Ink);
            y += LINE;
        }
        let all: f64 = self.outcomes.iter().sum();
        if all > 0.0 {
            let wide = page.width - 20.0;
            let mut x = 10.0;
            for (i, (_, name, tone)) in OUTCOMES.iter().enumerate() {
                let part = self.outcomes[i] / all;
                if part > 0.0 {
                    scene.begin(&format!("outcome {name}"));
                    let end = (x + (part * wide).max(1.0)).min(page.width - 10.0);
                    scene.rect((x, y), (end, y + BAR), *tone);
                    x = end;
                }
            }
            y += BAR + 4.0;
            scene.begin("names");
            for (x, below, i, text) in self.names(page).0 {
                let middle = y + below + 8.0;
                let sample = ((x, middle - 5.0), (x + 12.0, middle + 5.0));
                scene.rect(sample.0, sample.1, Fill { edged: true, ..OUTCOMES[i].2.into() });
                scene.text(&text, (x + 16.0, middle), Anchor::Start, Level::Middle, Tone::Ink);
            }
        }
        scene.begin("rule");
        let y = scene.height - 1.0;
        scene.line(&[(10.0, y), (page.width - 10.0, y)], Pen::new(Tone::Grid, 1.0));
        scene
    }
}
