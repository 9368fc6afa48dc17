//! A line along one axis of a sweep, with the interval of each value as a band.

use super::super::axis;
use super::super::palette::Tone;
use super::super::picture::{Page, Strip};
use super::super::scene::{Anchor, Fill, Level, Pen, Point, Scene, width};
use super::heat::fitting;
use crate::output::sweep_table::SweptAxis;

/// Height of the plot.
const PLOT: f64 = 150.0;
/// Height of the title.
const TOP: f64 = 30.0;
/// Height of a line of text.
const LINE: f64 = 17.0;
/// Names of values are cut to this width.
const CUT: f64 = 120.0;
/// Room between the first value and the edge of the plot.
const INSET: f64 = 24.0;

/// One line.
#[derive(Clone, Debug)]
pub struct Curve {
    /// What it shows, with the unit.
    pub title: String,
    /// Its axis.
    pub axis: SweptAxis,
    /// By value of the axis: the lower end, the middle, the upper end.
    pub points: Vec<Option<[f64; 3]>>,
    /// What is to be reached.
    pub target: Option<f64>,
    /// The value that the scenario has itself.
    pub base: Option<usize>,
    /// Whether it is the lowest of the picture: then it names the axis.
    pub is_last: bool,
}

impl Curve {
    /// Where each value of the axis is, from left to right.
    fn places(&self, page: Page) -> Vec<f64> {
        let (left, right) = (page.left + INSET, page.right - INSET);
        let count = self.axis.values.len();
        let shares: Vec<f64> = match self.axis.numbers() {
            Some(numbers) if count > 1 => {
                let least = numbers.iter().copied().fold(f64::MAX, f64::min);
                let most = numbers.iter().copied().fold(f64::MIN, f64::max);
                numbers.iter().map(|n| (n - least) / (most - least)).collect()
            }
            _ if count > 1 => (0..count).map(|i| i as f64 / (count - 1) as f64).collect(),
            _ => vec![0.5; count],
        };
        shares.into_iter().map(|share| left + share * (right - left)).collect()
    }
}

impl Strip for Curve {
    fn right(&self) -> f64 {
        self.target.map_or(20.0, |_| width("to reach") + 10.0)
    }

    fn heights(&self, _: Page) -> (f64, f64) {
        (TOP + LINE + if self.is_last { LINE + 8.0 } else { 8.0 }, PLOT)
    }

    fn draw(&self, page: Page, plot: f64) -> Scene {
        let (fixed, _) = self.heights(page);
        let mut scene = Scene::new("sweep curve", fixed + plot);
        let (top, bottom) = (TOP, TOP + plot);
        scene.begin("title");
        let title = fitting(&self.title, page.width - page.left - 4.0);
        scene.text(&title, (page.left, 6.0), Anchor::Start, Level::Top, Tone::Ink);
        let places = self.places(page);
        let known: Vec<(f64, [f64; 3])> = (places.iter().zip(&self.points))
            .filter_map(|(x, point)| Some((*x, (*point)?)))
            .filter(|(_, [_, middle, _])| middle.is_finite())
            .collect();
        scene.begin("axes");
        if known.is_empty() {
            let middle = ((page.left + page.right) / 2.0, (top + bottom) / 2.0);
            let said = "there was nothing to measure";
            scene.text(said, middle, Anchor::Middle, Level::Middle, Tone::Ink);
        }
        let ends = known.iter().flat_map(|(_, ends)| *ends).chain(self.target);
        let most = ends.filter(|n| n.is_finite()).fold(0.0, f64::max);
        let (marks, end) = axis::linear(most, 5);
        let y = |value: f64| bottom - (value / end).clamp(0.0, 1.0) * plot;
        for mark in marks {
            let at = y(mark);
            scene.line(&[(page.left, at), (page.right, at)], Pen::new(Tone::Grid, 1.0));
            let said = axis::number(mark);
            scene.text(&said, (page.left - 6.0, at), Anchor::End, Level::Middle, Tone::Ink);
        }
        scene.line(&[(page.left, bottom), (page.right, bottom)], Pen::new(Tone::Ink, 1.0));
        self.ticks(&mut scene, page, bottom, &places);
        scene.begin("band");
        for run in runs(&known) {
            let upper = run.iter().map(|(x, [_, _, high])| (*x, y(*high)));
            let lower = run.iter().rev().map(|(x, [low, _, _])| (*x, y(*low)));
            let outline: Vec<Point> = upper.chain(lower).collect();
            if run.len() > 1 {
                scene.area(outline, Fill { tone: Tone::Serving, strength: 0.22, edged: false });
            }
            for (x, [low, _, high]) in run {
                let pen = Pen::new(Tone::Serving, 1.0).faint(0.7);
                scene.line(&[(*x, y(*low)), (*x, y(*high))], pen);
            }
        }
        scene.begin("line");
        let line: Vec<Point> = known.iter().map(|(x, [_, middle, _])| (*x, y(*middle))).collect();
        if line.len() > 1 {
            scene.line(&line, Pen::new(Tone::Serving, 2.0));
        }
        for (x, y) in line {
            scene.rect((x - 3.0, y - 3.0), (x + 3.0, y + 3.0), Tone::Serving);
        }
        if let Some(target) = self.target {
            let pen = Pen { dash: Some((6.0, 4.0)), ..Pen::new(Tone::Refused, 1.5) };
            scene.line(&[(page.left, y(target)), (page.right, y(target))], pen);
            let at = (page.right + 6.0, y(target));
            scene.text("to reach", at, Anchor::Start, Level::Middle, Tone::Ink);
        }
        if let Some(x) = self.base.and_then(|base| places.get(base)) {
            let pen = Pen { dash: Some((2.0, 4.0)), ..Pen::new(Tone::Ink, 1.5) };
            scene.line(&[(*x, top - 4.0), (*x, bottom)], pen);
            let wide = width("as it is") + 6.0;
            let (x, anchor) = match x + wide < page.right {
                true => (x + 6.0, Anchor::Start),
                false => (x - 6.0, Anchor::End),
            };
            scene.text("as it is", (x, top + 6.0), anchor, Level::Top, Tone::Ink);
        }
        scene
    }
}

impl Curve {
    /// The values of the axis below the plot, as many as have room, and its name.
    fn ticks(&self, scene: &mut Scene, page: Page, bottom: f64, places: &[f64]) {
        let mut free = f64::MIN;
        for (x, value) in places.iter().zip(&self.axis.values) {
            scene.line(&[(*x, bottom), (*x, bottom + 4.0)], Pen::new(Tone::Ink, 1.0));
            let value = fitting(value, CUT);
            let half = width(&value) / 2.0;
            if x - half >= free {
                scene.text(&value, (*x, bottom + 7.0), Anchor::Middle, Level::Top, Tone::Ink);
                free = x + half + 8.0;
            }
        }
        if self.is_last {
            let middle = ((page.left + page.right) / 2.0, bottom + 7.0 + LINE);
            let name = fitting(&self.axis.name, page.right - page.left);
            scene.text(&name, middle, Anchor::Middle, Level::Top, Tone::Ink);
        }
    }
}

/// Points one after the other that have an interval.
fn runs(known: &[(f64, [f64; 3])]) -> Vec<&[(f64, [f64; 3])]> {
    let has = |(_, [low, _, high]): &(f64, [f64; 3])| low.is_finite() && high.is_finite();
    known.split(|point| !has(point)).filter(|run| !run.is_empty()).collect()
}
