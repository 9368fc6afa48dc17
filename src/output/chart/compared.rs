//! Pictures of a comparison: dots and whiskers of the differences, curves over each other with
//! their difference below, and pairs.

use std::path::Path;

use super::axis;
use super::palette::Tone;
use super::picture::{Page, Picture, Strip};
use super::run::shortened;
use super::scene::{Anchor, Fill, Level, Pen, Point, Scene, width};
use crate::error::Error;
use crate::output::csv::Table;

/// Room above a plot for its title, and below it for its axis.
const ABOVE: f64 = 28.0;
const BELOW: f64 = 32.0;

/// The studies of a table that are compared with the first, in order.
fn seconds(rows: &Table) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in rows.texts("second") {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The rows of a table in which these columns say that.
fn rows_of(rows: &Table, asked: &[(&str, &str)]) -> Vec<usize> {
    let columns: Vec<(&[String], &str)> =
        asked.iter().map(|(column, value)| (rows.texts(column), *value)).collect();
    (0..rows.len()).filter(|&at| columns.iter().all(|(cells, v)| cells[at] == *v)).collect()
}

/// The distinct names of a column, in order, in some rows.
fn names_in<'t>(rows: &'t Table, column: &str, places: &[usize]) -> Vec<&'t str> {
    let mut names = Vec::new();
    for &at in places {
        let name = rows.texts(column)[at].as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A scale from values to pixels.
#[derive(Clone, Copy, Debug)]
struct Scale {
    values: (f64, f64),
    pixels: (f64, f64),
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let share = (value - self.values.0) / (self.values.1 - self.values.0);
        self.pixels.0 + share.clamp(0.0, 1.0) * (self.pixels.1 - self.pixels.0)
    }
}

/// Marks to both sides of zero that reach so far, and the axis's end.
fn both_sides(reach: f64) -> (Vec<f64>, f64) {
    let (marks, end) = axis::linear(reach, 9);
    let below = marks.iter().rev().filter(|mark| **mark > 0.0).map(|mark| -mark);
    (below.chain(marks.iter().copied()).collect(), end)
}

/// A dot.
fn dot((x, y): Point, radius: f64) -> Vec<Point> {
    (0..12)
        .map(|i| {
            let angle = f64::from(i) * std::f64::consts::PI / 6.0;
            (x + radius * libm::cos(angle), y + radius * libm::sin(angle))
        })
        .collect()
}

/// One metric's difference.
#[derive(Clone, Debug)]
struct Whisker {
    metric: String,
    /// Estimate, low and high as parts of the first mean; absent where that is zero.
    relative: Option<[f64; 3]>,
    said: String,
    tone: Tone,
}

/// Dots and whiskers of one study against the first.
struct Whiskers {
    title: String,
    rows: Vec<Whisker>,
    reach: f64,
}

/// The differences of `comparison.csv`.
///
/// # Errors
/// [`Error::Outside`] where the table can't be read, [`Error::Usage`] where it is no such table.
pub fn whiskers(path: &Path) -> Result<Vec<Picture>, Error> {
    let texts = ["first", "second", "metric", "unit", "verdict"];
    let numbers = ["relative", "relative_low", "relative_high", "difference"];
    let rows = Table::open(path, &texts, &numbers, |_| true)?;
    let [estimate, low, high, _] = numbers.map(|name| rows.numbers(name));
    // What can hardly be told would press everything else flat.
    const FARTHEST: f64 = 2.0;
    let ends = low.iter().chain(&high).filter(|end| end.is_finite());
    let reach = ends.fold(0.01, |reach: f64, end| reach.max(end.abs())).min(FARTHEST);
    let mut strips: Vec<Box<dyn Strip>> = Vec::new();
    let seconds = seconds(&rows);
    for second in &seconds {
        let places = rows_of(&rows, &[("second", second)]);
        let whisker = |&at: &usize| {
            let verdict = rows.texts("verdict")[at].as_str();
            let tone = match verdict {
                "better" => Tone::Served,
                "worse" => Tone::Refused,
                "same" => Tone::Draining,
                _ => Tone::Ink,
            };
            let relative = [estimate[at], low[at], high[at]];
            let relative = Some(relative).filter(|ends| ends.iter().all(|end| end.is_finite()));
            let said = match relative {
                Some([estimate, ..]) => format!("{:+.1} % {verdict}", 100.0 * estimate),
                None => verdict.to_owned(),
            };
            Whisker { metric: rows.texts("metric")[at].clone(), relative, said, tone }
        };
        let first = places.first().map_or("", |&at| rows.texts("first")[at].as_str());
        strips.push(Box::new(Whiskers {
            title: format!("{} against {}", shortened(second), shortened(first)),
            rows: places.iter().map(whisker).collect(),
            reach,
        }));
    }
    let description = format!(
        "A row a metric, for {} against the first: the mean difference of pairs as a part of the first mean, \
         with its 95 % interval.",
        seconds.join(", ")
    );
    Ok(vec![Picture {
        name: "differences".to_owned(),
        title: "Differences, as parts of the first mean".to_owned(),
        description,
        strips,
    }])
}

impl Strip for Whiskers {
    fn left(&self) -> f64 {
        self.rows.iter().map(|row| width(&row.metric)).fold(0.0, f64::max) + 16.0
    }

    fn right(&self) -> f64 {
        self.rows.iter().map(|row| width(&row.said)).fold(0.0, f64::max) + 16.0
    }

    fn heights(&self, _: Page) -> (f64, f64) {
        (ABOVE + BELOW, 24.0 * self.rows.len() as f64)
    }

    fn draw(&self, page: Page, plot: f64) -> Scene {
        let mut scene = Scene::new("differences", ABOVE + BELOW + plot);
        let (marks, end) = both_sides(100.0 * self.reach);
        let x = Scale { values: (-end, end), pixels: (page.left, page.right) };
        let (top, bottom) = (ABOVE, ABOVE + plot);
        scene.begin("title");
        scene.text(&self.title, (page.left, 6.0), Anchor::Start, Level::Top, Tone::Ink);
        scene.begin("grid");
        for &mark in &marks {
            let tone = if mark == 0.0 { Tone::Ink } else { Tone::Grid };
            scene.line(&[(x.at(mark), top), (x.at(mark), bottom)], Pen::new(tone, 1.0));
        }
        let each = plot / self.rows.len().max(1) as f64;
        for (at, row) in self.rows.iter().enumerate() {
            let y = top + (at as f64 + 0.5) * each;
            scene.begin("difference");
            scene.text(&row.metric, (page.left - 8.0, y), Anchor::End, Level::Middle, Tone::Ink);
            scene.text(&row.said, (page.right + 8.0, y), Anchor::Start, Level::Middle, Tone::Ink);
            let Some(ends) = row.relative else {
                let middle = (x.at(0.0), y);
                let said = "no part of a mean of zero";
                scene.text(said, (middle.0 + 8.0, y), Anchor::Start, Level::Middle, Tone::Ink);
                continue;
            };
            let [estimate, low, high] = ends.map(|end| x.at(100.0 * end));
            let pen = Pen::new(row.tone, 2.0);
            scene.line(&[(low, y), (high, y)], pen);
            // A whisker without an end goes on beyond the picture.
            for (end, at) in [(ends[1], low), (ends[2], high)] {
                if end.abs() * 100.0 <= x.values.1 {
                    scene.line(&[(at, y - 5.0), (at, y + 5.0)], pen);
                }
            }
            scene.area(dot((estimate, y), 4.5), row.tone);
        }
        scene.begin("axis");
        let text_width = 56.0;
        let mut free = f64::NEG_INFINITY;
        for &mark in &marks {
            if x.at(mark) - text_width / 2.0 < free {
                continue;
            }
            free = x.at(mark) + text_width / 2.0;
            let text = format!("{} %", axis::number(mark));
            let at = (x.at(mark), bottom + 7.0);
            scene.text(&text, at, Anchor::Middle, Level::Top, Tone::Ink);
        }
        scene
    }
}

/// A metric over time: both means or, below, their difference.
#[derive(Clone, Debug)]
struct Over {
    title: String,
    names: [String; 2],
    unit: String,
    until: f64,
    /// Starts of the buckets.
    t: Vec<f64>,
    body: Lines,
    /// How far the value axis reaches.
    reach: f64,
    /// Whether it has the numbers of the time axis.
    ticks: bool,
}

#[derive(Clone, Debug)]
enum Lines {
    /// The first, and the second.
    Means([Vec<f64>; 2]),
    /// Estimate, low, high.
    Difference([Vec<f64>; 3]),
}

/// The curves of `curves.csv`: of one study all metrics in one picture, of several a picture a
/// metric, in which the studies share their axes.
///
/// # Errors
/// See [`whiskers`].
pub fn curves(path: &Path) -> Result<Vec<Picture>, Error> {
    let texts = ["first", "second", "metric", "unit"];
    let numbers = ["t_s", "interval_s", "first_mean", "second_mean", "difference", "low", "high"];
    let rows = Table::open(path, &texts, &numbers, |_| true)?;
    let seconds = seconds(&rows);
    let all: Vec<usize> = (0..rows.len()).collect();
    let metrics = names_in(&rows, "metric", &all);
    let several = seconds.len() > 1;
    let mut pictures = Vec::new();
    let mut of_one: Vec<Over> = Vec::new();
    for metric in metrics {
        let mut panels: Vec<Over> = Vec::new();
        for second in &seconds {
            panels.extend(over(&rows, metric, second, several));
        }
        // What stands under each other is measured alike.
        for difference in [false, true] {
            let alike =
                |panel: &&mut Over| matches!(panel.body, Lines::Difference(_)) == difference;
            let reach = panels.iter_mut().filter(alike).map(|p| p.reach).fold(0.0, f64::max);
            panels.iter_mut().filter(alike).for_each(|panel| panel.reach = reach);
        }
        if !several {
            of_one.extend(panels);
        } else {
            pictures.push(over_time(&format!("curves-{metric}"), panels));
        }
    }
    if !several {
        pictures.push(over_time("curves", of_one));
    }
    Ok(pictures)
}

fn over_time(name: &str, panels: Vec<Over>) -> Picture {
    let shown: Vec<&str> = panels.iter().map(|panel| panel.title.as_str()).collect();
    let description = format!(
        "Means over replications, the first grey, the other blue; below each their paired difference \
         with its pointwise 95 % band. From top to bottom: {}.",
        shown.join("; ")
    );
    let strips = panels.into_iter().map(|panel| Box::new(panel) as Box<dyn Strip>).collect();
    let title = "Means over time, and their difference".to_owned();
    Picture { name: name.to_owned(), title, description, strips }
}

/// A metric of a study: both means, then the difference.
fn over(rows: &Table, metric: &str, second: &str, several: bool) -> [Over; 2] {
    let places = rows_of(rows, &[("metric", metric), ("second", second)]);
    let column = |name: &str| {
        let cells = rows.numbers(name);
        places.iter().map(|&at| cells[at]).collect::<Vec<f64>>()
    };
    let one = |name: &str| places.first().map_or("", |&at| rows.texts(name)[at].as_str());
    let (t, lengths) = (column("t_s"), column("interval_s"));
    let until = t.last().zip(lengths.last()).map_or(1.0, |(t, length)| t + length);
    let means = [column("first_mean"), column("second_mean")];
    let ends = [column("difference"), column("low"), column("high")];
    let greatest = |columns: &[Vec<f64>]| {
        let all = columns.iter().flatten().filter(|v| v.is_finite());
        all.fold(0.0, |most: f64, v| most.max(v.abs()))
    };
    let names = [one("first"), second].map(|name| cut(name, 20));
    let title = match several {
        true => format!("{}: {metric}", cut(second, 40)),
        false => metric.to_owned(),
    };
    let panel = |title: String, reach: f64, body: Lines, ticks: bool| Over {
        title,
        names: names.clone(),
        unit: one("unit").to_owned(),
        until,
        t: t.clone(),
        body,
        reach,
        ticks,
    };
    let reach = (greatest(&means), greatest(&ends));
    [
        panel(title.clone(), reach.0, Lines::Means(means), false),
        panel(format!("{title}, difference"), reach.1, Lines::Difference(ends), true),
    ]
}

/// A name of at most so many letters: its end says most.
fn cut(name: &str, letters: usize) -> String {
    let all = name.chars().count();
    match all > letters {
        true => std::iter::once('…').chain(name.chars().skip(all - letters + 1)).collect(),
        false => name.to_owned(),
    }
}

impl Over {
    /// Runs of points where there is a value.
    fn runs(&self, values: &[f64], x: Scale, y: Scale) -> Vec<Vec<Point>> {
        let mut runs = vec![Vec::new()];
        for (t, value) in self.t.iter().zip(values) {
            match value.is_finite() {
                true => {
                    let last = runs.len() - 1;
                    runs[last].push((x.at(*t), y.at(*value)));
                }
                false => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }
}

impl Strip for Over {
    fn right(&self) -> f64 {
        self.names.iter().map(|name| width(name)).fold(0.0, f64::max) + 34.0
    }

    fn heights(&self, _: Page) -> (f64, f64) {
        match self.body {
            Lines::Means(_) => (ABOVE + 6.0, 100.0),
            Lines::Difference(_) => (ABOVE + BELOW, 70.0),
        }
    }

    fn draw(&self, page: Page, plot: f64) -> Scene {
        let (fixed, _) = self.heights(page);
        let mut scene = Scene::new("curve", fixed + plot);
        let (top, bottom) = (ABOVE, ABOVE + plot);
        let (marks, low, high) = match self.body {
            Lines::Means(_) => {
                let (marks, end) = axis::linear(self.reach, 9);
                (marks, 0.0, end)
            }
            Lines::Difference(_) => {
                let (_, end) = axis::linear(self.reach, 9);
                (vec![-end, 0.0, end], -end, end)
            }
        };
        let x = Scale { values: (0.0, self.until), pixels: (page.left, page.right) };
        let y = Scale { values: (low, high), pixels: (bottom, top) };
        scene.begin("title");
        let title = format!("{}, {}", self.title, self.unit);
        scene.text(&title, (page.left, 6.0), Anchor::Start, Level::Top, Tone::Ink);
        scene.begin("grid");
        for &mark in &marks {
            let tone = if mark == 0.0 { Tone::Ink } else { Tone::Grid };
            scene.line(&[(page.left, y.at(mark)), (page.right, y.at(mark))], Pen::new(tone, 1.0));
            let (text, at) = (axis::number(mark), (page.left - 6.0, y.at(mark)));
            scene.text(&text, at, Anchor::End, Level::Middle, Tone::Ink);
        }
        match &self.body {
            Lines::Means(means) => {
                let tones = [(Tone::Draining, 2.5), (Tone::Serving, 1.5)];
                let mut places = [0.0; 2];
                for ((values, (tone, stroke)), place) in means.iter().zip(tones).zip(&mut places) {
                    let runs = self.runs(values, x, y);
                    *place = runs.last().and_then(|run| run.last()).map_or(bottom, |p| p.1);
                    scene.begin("line");
                    scene.lines(runs, Pen::new(tone, stroke));
                }
                self.named(&mut scene, page, places, bottom);
            }
            Lines::Difference([estimate, low, high]) => {
                scene.begin("band");
                let (lower, upper) = (self.runs(low, x, y), self.runs(high, x, y));
                for (lower, upper) in lower.iter().zip(&upper) {
                    let outline = lower.iter().chain(upper.iter().rev()).copied().collect();
                    scene.area(outline, Fill { tone: Tone::Serving, strength: 0.25, edged: false });
                }
                scene.begin("line");
                scene.lines(self.runs(estimate, x, y), Pen::new(Tone::Serving, 1.5));
            }
        }
        if self.ticks {
            scene.begin("axis");
            for (t, text) in axis::time(0.0, self.until, 9.0) {
                let at = x.at(t);
                scene.line(&[(at, bottom), (at, bottom + 4.0)], Pen::new(Tone::Ink, 1.0));
                scene.text(&text, (at, bottom + 7.0), Anchor::Middle, Level::Top, Tone::Ink);
            }
        }
        scene
    }
}

impl Over {
    /// Names at the right edge, each with a piece of its line.
    fn named(&self, scene: &mut Scene, page: Page, mut places: [f64; 2], bottom: f64) {
        const APART: f64 = 17.0;
        let first_above = places[0] <= places[1];
        if (places[0] - places[1]).abs() < APART {
            let middle = (places[0] + places[1]) / 2.0;
            let middle = middle.clamp(ABOVE + APART / 2.0, bottom - APART / 2.0);
            let half = if first_above { APART / 2.0 } else { -APART / 2.0 };
            places = [middle - half, middle + half];
        }
        scene.begin("names");
        let tones = [Tone::Draining, Tone::Serving];
        for ((name, tone), y) in self.names.iter().zip(tones).zip(places) {
            let line = [(page.right + 6.0, y), (page.right + 22.0, y)];
            scene.line(&line, Pen::new(tone, 2.5));
            let at = (page.right + 27.0, y);
            scene.text(name, at, Anchor::Start, Level::Middle, Tone::Ink);
        }
    }
}

/// Pairs of one study with the first: a square a metric.
struct Squares {
    title: String,
    squares: Vec<Square>,
}

/// Pairs of a metric.
struct Square {
    metric: String,
    pairs: Vec<Point>,
}

/// Metrics that have a square, in the order in which most people ask for them.
const SQUARES: [&str; 6] =
    ["failed_ratio", "latency_s_p99", "ride_out_s", "instances_mean", "served", "pending_max"];
/// Squares beside each other.
const ABREAST: usize = 4;

/// The pairs of `pairs.csv`.
///
/// # Errors
/// See [`whiskers`].
pub fn pairs(path: &Path) -> Result<Vec<Picture>, Error> {
    let texts = ["first", "second", "metric", "unit"];
    let rows = Table::open(path, &texts, &["first_value", "second_value"], |_| true)?;
    let (first, second_values) = (rows.numbers("first_value"), rows.numbers("second_value"));
    let mut strips: Vec<Box<dyn Strip>> = Vec::new();
    for second in seconds(&rows) {
        let square = |metric: &str| {
            let places = rows_of(&rows, &[("second", &second), ("metric", metric)]);
            let pairs = places.iter().map(|&at| (first[at], second_values[at]));
            let pairs: Vec<Point> = pairs.filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
            Square { metric: metric.to_owned(), pairs }
        };
        let of_second = rows_of(&rows, &[("second", &second)]);
        let given = names_in(&rows, "metric", &of_second);
        let usual = SQUARES.iter().copied().filter(|metric| given.contains(metric));
        let others = given.iter().copied().filter(|metric| !SQUARES.contains(metric));
        let squares: Vec<Square> = usual
            .chain(others)
            .map(square)
            .filter(|square| square.pairs.iter().any(|(a, b)| *a != 0.0 || *b != 0.0))
            .take(ABREAST)
            .collect();
        let first = of_second.first().map_or("", |&at| rows.texts("first")[at].as_str());
        let title = format!("across: {}; up: {}", cut(first, 40), cut(&second, 40));
        strips.push(Box::new(Squares { title, squares }));
    }
    Ok(vec![Picture {
        name: "pairs".to_owned(),
        title: "Pairs under the same luck".to_owned(),
        description:
            "A square a metric and a dot a replication: across what the first comes to, up what \
            the other comes to. On the line both are alike."
                .to_owned(),
        strips,
    }])
}

impl Strip for Squares {
    fn right(&self) -> f64 {
        0.0
    }

    fn heights(&self, page: Page) -> (f64, f64) {
        let side = ((page.right - page.left) / ABREAST as f64 - 40.0).min(170.0);
        (2.0 * ABOVE + BELOW, side)
    }

    fn draw(&self, page: Page, plot: f64) -> Scene {
        let mut scene = Scene::new("pairs", 2.0 * ABOVE + BELOW + plot);
        let (top, bottom) = (2.0 * ABOVE, 2.0 * ABOVE + plot);
        scene.begin("title");
        scene.text(&self.title, (page.left, 6.0), Anchor::Start, Level::Top, Tone::Ink);
        if self.squares.is_empty() {
            let said = "no pair has anything to show";
            scene.text(said, (page.left, top), Anchor::Start, Level::Top, Tone::Ink);
        }
        let each = (page.right - page.left) / ABREAST as f64;
        for (at, square) in self.squares.iter().enumerate() {
            let left = page.left + at as f64 * each;
            let values = square.pairs.iter().flat_map(|(a, b)| [*a, *b]);
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            let (low, high) = if low < high { (low, high) } else { (low - 1.0, high + 1.0) };
            let x = Scale { values: (low, high), pixels: (left, left + plot) };
            let y = Scale { values: (low, high), pixels: (bottom, top) };
            scene.begin("square");
            let metric = cut(&square.metric, 24);
            scene.text(&metric, (left, ABOVE + 8.0), Anchor::Start, Level::Top, Tone::Ink);
            let corners = [
                (left, top),
                (left + plot, top),
                (left + plot, bottom),
                (left, bottom),
                (left, top),
            ];
            scene.line(&corners, Pen::new(Tone::Grid, 1.0));
            scene.line(&[(left, bottom), (left + plot, top)], Pen::new(Tone::Draining, 1.0));
            for (end, anchor) in [(low, Anchor::Start), (high, Anchor::End)] {
                let at = (x.at(end), bottom + 7.0);
                scene.text(&axis::number(end), at, anchor, Level::Top, Tone::Ink);
            }
            scene.begin("dots");
            for &(a, b) in &square.pairs {
                let fill = Fill { tone: Tone::Serving, strength: 0.7, edged: false };
                scene.area(dot((x.at(a), y.at(b)), 3.5), fill);
            }
        }
        scene
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_to_both_sides_have_a_zero() {
        let (marks, end) = both_sides(7.0);
        assert_eq!(marks, [-8.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(end, 8.0);
    }

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(cut("services.web.min_instances=3", 10), "…stances=3");
        assert_eq!(cut("short", 10), "short");
    }
}
