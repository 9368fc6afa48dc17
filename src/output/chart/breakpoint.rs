//! The smallest outage that breaks a threshold: what a metric comes to against the length of the
//! outage, and in which share of the runs the threshold breaks.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::axis;
use super::palette::Tone;
use super::picture::{Page, Picture, Strip};
use super::recovery::length;
use super::rows::dot;
use super::run::shortened;
use super::scene::{Anchor, Fill, LANE, Level, Pen, Point, Scene, width};
use crate::error::Error;
use crate::output::csv::Table;
use crate::output::folder::outside;
use crate::units::SimDuration;

/// The columns by which the table is known.
pub const COLUMNS: &[&str] = &["length_s", "runs", "broke", "metric_mean"];

/// Columns that the table may have besides: intervals of the metric and of the share of runs.
const MORE: [&str; 5] =
    ["metric_low", "metric_high", "broken_ratio", "broken_ratio_low", "broken_ratio_high"];

/// What a search says besides its table, in `breakpoint.json` beside it.
#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    condition: String,
    #[serde(default)]
    block: String,
    #[serde(default)]
    length_s_low: Option<f64>,
    #[serde(default)]
    length_s_high: Option<f64>,
}

impl Said {
    /// That of a table; nothing where there is no such file.
    fn beside(table: &Path) -> Result<Self, Error> {
        let path = table.with_file_name("breakpoint.json");
        match fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|error| outside("read", &path)(error.into()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(outside("read", &path)(error)),
        }
    }

    /// The limit that the condition names, in the metric's unit: the last of its words.
    fn limit(&self) -> Option<f64> {
        let words = self.condition.split(" over ").next()?;
        let word = words.rsplit(' ').next()?;
        match word.strip_suffix('%') {
            Some(percent) => percent.parse().ok().map(|percent: f64| percent / 100.0),
            None => {
                let length = SimDuration::parse(word).ok().map(SimDuration::as_secs_f64);
                word.parse().ok().or(length)
            }
        }
    }
}

/// A length in seconds, with a value and the ends of its interval.
type Tried = (f64, f64, Option<(f64, f64)>);

/// Points, and what lies behind them.
struct Curve {
    class: &'static str,
    title: String,
    unit: &'static str,
    note: String,
    points: Vec<Tried>,
    /// A value that must not be exceeded.
    limit: Option<f64>,
    /// The interval of the length that breaks it, in seconds.
    within: Option<(f64, f64)>,
    /// The value axis reaches at least this far.
    reach: f64,
}

/// The picture of a search.
///
/// # Errors
/// See [`Table::open`].
pub fn pictures(path: &Path) -> Result<Vec<Picture>, Error> {
    let numbers: Vec<&str> = COLUMNS.iter().copied().chain(MORE).collect();
    let table = Table::open(path, &[], &numbers, |_| true)?;
    let [lengths, runs, broke, means] = [0, 1, 2, 3].map(|i| table.numbers(COLUMNS[i]));
    let [low, high, share, share_low, share_high] = MORE.map(|column| table.numbers(column));
    let said = Said::beside(path)?;
    let mut order: Vec<usize> = (0..table.len()).collect();
    order.sort_by(|&a, &b| lengths[a].total_cmp(&lengths[b]));
    let within = said.length_s_low.zip(said.length_s_high);
    let both = |low: f64, high: f64| (low.is_finite() && high.is_finite()).then_some((low, high));
    let metric = order.iter().filter(|&&i| means[i].is_finite());
    let metric = metric.map(|&i| (lengths[i], means[i], both(low[i], high[i])));
    let broken = order.iter().filter(|&&i| share[i].is_finite() || runs[i] > 0.0).map(|&i| {
        let ratio = if share[i].is_finite() { share[i] } else { broke[i] / runs[i] };
        let within = both(100.0 * share_low[i], 100.0 * share_high[i]);
        (lengths[i], 100.0 * ratio, within)
    });
    let note = match within {
        Some((from, until)) => {
            format!(
                "shaded: the length that breaks it, {} to {} (95 %)",
                length(from),
                length(until)
            )
        }
        None => String::new(),
    };
    let curves = [
        Curve {
            class: "metric",
            title: match said.condition.as_str() {
                "" => "the threshold's metric, mean of the runs".to_owned(),
                condition => shortened(&format!("{condition}: mean of the runs")),
            },
            unit: "",
            note,
            points: metric.collect(),
            limit: said.limit(),
            within,
            reach: 0.0,
        },
        Curve {
            class: "broke",
            title: "runs in which the threshold breaks".to_owned(),
            unit: "% of runs",
            note: String::new(),
            points: broken.collect(),
            limit: None,
            within,
            reach: 100.0,
        },
    ];
    let strips = curves.into_iter().map(|curve| Box::new(curve) as Box<dyn Strip>);
    Ok(vec![Picture {
        name: "breakpoint".to_owned(),
        title: match said.block.as_str() {
            "" => "the smallest outage that breaks the threshold".to_owned(),
            block => format!("the smallest {block} that breaks the threshold"),
        },
        description:
            "Against the length of the outage: the mean of the metric with its limit, and \
                      below it the share of the runs in which the threshold breaks."
                .to_owned(),
        strips: strips.collect(),
    }])
}

const TOP: f64 = 26.0;
const BOTTOM: f64 = 44.0;

impl Curve {
    fn top(&self) -> f64 {
        if self.note.is_empty() { TOP } else { TOP + LANE }
    }
}

impl Strip for Curve {
    fn right(&self) -> f64 {
        self.limit.map_or(0.0, |limit| width(&said(limit)) + 12.0)
    }

    fn heights(&self, _page: Page) -> (f64, f64) {
        let plot = if self.points.is_empty() { 0.0 } else { 170.0 };
        (self.top() + BOTTOM + if plot > 0.0 { 0.0 } else { 36.0 }, plot)
    }

    fn draw(&self, page: Page, plot: f64) -> Scene {
        let mut scene = Scene::new(self.class, self.heights(page).0 + plot);
        let ink = Tone::Ink;
        scene.head(&self.title, &self.note, page.left, page.width);
        let (top, bottom) = (self.top(), scene.height - BOTTOM);
        let (left, right) = (page.left, page.right);
        if self.points.is_empty() {
            let at = ((left + right) / 2.0, (top + bottom) / 2.0);
            scene.begin("empty");
            scene.text("no length was tried", at, Anchor::Middle, Level::Middle, ink);
            return scene;
        }
        let longest = self.points.iter().map(|p| p.0).fold(1.0, f64::max);
        let tops = self.points.iter().map(|p| p.2.map_or(p.1, |(_, high)| high));
        let most = tops.chain(self.limit).chain([self.reach]).fold(0.0, f64::max);
        let (marks, end) = axis::linear(most, 9);
        let x_of = |length: f64| left + (length / longest).clamp(0.0, 1.0) * (right - left);
        let y_of = |value: f64| bottom - (value / end).clamp(0.0, 1.0) * (bottom - top);
        if let Some((from, until)) = self.within {
            scene.begin("interval");
            let fill = Fill { tone: ink, strength: 0.12, edged: false };
            scene.rect((x_of(from), top), (x_of(until).max(x_of(from) + 1.0), bottom), fill);
        }
        scene.begin("grid");
        let grid = marks.iter().map(|&mark| vec![(left, y_of(mark)), (right, y_of(mark))]);
        scene.lines(grid.collect(), Pen::new(Tone::Grid, 1.0));
        if let Some(limit) = self.limit {
            let y = y_of(limit);
            scene.begin("limit");
            let pen = Pen { dash: Some((7.0, 4.0)), ..Pen::new(Tone::Died, 1.5) };
            scene.line(&[(left, y), (right, y)], pen);
            let at = (right + 6.0, y);
            scene.text(&said(limit), at, Anchor::Start, Level::Middle, ink);
        }
        scene.begin("line");
        let line: Vec<Point> = self.points.iter().map(|p| (x_of(p.0), y_of(p.1))).collect();
        scene.line(&line, Pen::new(Tone::Serving, 1.0));
        scene.begin("whiskers");
        let whiskers = self.points.iter().filter_map(|(at, _, within)| {
            within.map(|(low, high)| vec![(x_of(*at), y_of(low)), (x_of(*at), y_of(high))])
        });
        scene.lines(whiskers.collect(), Pen::new(Tone::Serving, 1.5));
        scene.begin("dots");
        for point in line {
            scene.area(dot(point, 3.0), Tone::Serving);
        }
        scene.begin("axis value");
        scene.text(self.unit, (left - 8.0, 6.0), Anchor::End, Level::Top, ink);
        for &mark in &marks {
            let at = (left - 6.0, y_of(mark));
            scene.text(&axis::number(mark), at, Anchor::End, Level::Middle, ink);
        }
        scene.begin("axis length");
        let most = ((right - left) / 82.0).clamp(3.0, 12.0);
        let marks = axis::time(0.0, longest, most);
        let ticks = marks.iter().map(|(t, _)| vec![(x_of(*t), bottom), (x_of(*t), bottom + 4.0)]);
        let base = vec![(left, bottom), (right, bottom)];
        scene.lines([base].into_iter().chain(ticks).collect(), Pen::new(ink, 1.0));
        for (t, _) in &marks {
            let at = (x_of(*t), bottom + 7.0);
            scene.text(&length(*t), at, Anchor::Middle, Level::Top, ink);
        }
        let at = ((left + right) / 2.0, bottom + 24.0);
        scene.text("length of the outage", at, Anchor::Middle, Level::Top, ink);
        scene
    }
}

/// A limit in words.
fn said(limit: f64) -> String {
    format!("limit {}", axis::number(limit))
}
