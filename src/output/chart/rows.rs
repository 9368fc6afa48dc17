//! A strip of rows: a name, a dot between whiskers, and the number in words.

use super::axis;
use super::palette::Tone;
use super::picture::{Page, Strip};
use super::scene::{Anchor, Fill, LANE, Level, Pen, Scene, fitting, width};

/// A row; without a value it is a heading or a text alone.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// Where its dot is.
    pub value: Option<f64>,
    /// Where its whiskers end.
    pub within: Option<(f64, f64)>,
    /// The number in words, at the right edge.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
    /// Whether the dot is hollow.
    pub hollow: bool,
}

/// Rows on one axis.
#[derive(Clone, Debug)]
pub struct Rows {
    /// What it is, in small letters.
    pub class: &'static str,
    /// What it shows.
    pub title: String,
    /// What is to be seen there; may be empty.
    pub note: String,
    /// What the axis says, with the unit.
    pub axis: String,
    /// The least that the axis spans.
    pub span: (f64, f64),
    /// A stretch of the axis that is shaded.
    pub shaded: Option<(f64, f64)>,
    /// Values that are marked by a line.
    pub rules: Vec<f64>,
    /// From the top.
    pub rows: Vec<Row>,
}

/// Height of a row.
const ROW: f64 = 17.0;
const TOP: f64 = 26.0;
/// The axis's numbers, and what it says below them.
const BOTTOM: f64 = 44.0;
/// Width of a name or a text, at most.
const LONGEST: f64 = 440.0;

impl Rows {
    fn top(&self) -> f64 {
        if self.note.is_empty() { TOP } else { TOP + LANE }
    }

    /// The ends of the axis: they hold the span, every dot and every whisker.
    fn ends(&self) -> (f64, f64) {
        let values = self.rows.iter().filter_map(|row| row.value);
        let whiskers = self.rows.iter().filter_map(|row| row.within);
        let all = values.chain(whiskers.flat_map(|(low, high)| [low, high]));
        all.filter(|value| value.is_finite())
            .fold(self.span, |(low, high), value| (low.min(value), high.max(value)))
    }
}

impl Strip for Rows {
    fn left(&self) -> f64 {
        let names = self.rows.iter().map(|row| width(&row.name).min(LONGEST) + 16.0);
        names.fold(0.0, f64::max)
    }

    fn right(&self) -> f64 {
        self.rows.iter().map(|row| width(&row.text).min(LONGEST) + 12.0).fold(0.0, f64::max)
    }

    fn heights(&self, _page: Page) -> (f64, f64) {
        (self.top() + BOTTOM + ROW * self.rows.len() as f64, 0.0)
    }

    fn draw(&self, page: Page, _plot: f64) -> Scene {
        let mut scene = Scene::new(self.class, self.heights(page).0);
        let ink = Tone::Ink;
        scene.head(&self.title, &self.note, 10.0, page.width);
        let (top, bottom) = (self.top(), scene.height - BOTTOM);
        let (marks, low, high) = axis::between(self.ends());
        let (left, right) = (page.left, page.right - 8.0);
        let x_of = |value: f64| left + (value - low) / (high - low) * (right - left);
        if let Some((from, until)) = self.shaded {
            scene.begin("shaded");
            let fill = Fill { tone: ink, strength: 0.07, edged: false };
            scene.rect((x_of(from.max(low)), top), (x_of(until.min(high)), bottom), fill);
        }
        scene.begin("grid");
        let grid = marks.iter().map(|&mark| vec![(x_of(mark), top), (x_of(mark), bottom)]);
        scene.lines(grid.collect(), Pen::new(Tone::Grid, 1.0));
        scene.begin("rules");
        let rules = self.rules.iter().map(|&rule| vec![(x_of(rule), top), (x_of(rule), bottom)]);
        scene.lines(rules.collect(), Pen { dash: Some((4.0, 3.0)), ..Pen::new(ink, 1.0) });
        for (i, row) in self.rows.iter().enumerate() {
            let y = top + (i as f64 + 0.5) * ROW;
            scene.begin("row");
            let name = fitting(&row.name, left - 12.0);
            scene.text(&name, (8.0, y), Anchor::Start, Level::Middle, ink);
            let text = fitting(&row.text, page.width - page.right);
            scene.text(&text, (page.right, y), Anchor::Start, Level::Middle, ink);
            if let Some((from, until)) = row.within {
                let (from, until) = (x_of(from), x_of(until));
                let ends = [from, until].map(|x| vec![(x, y - 3.0), (x, y + 3.0)]);
                scene.lines(ends.into(), Pen::new(row.tone, 1.5));
                scene.line(&[(from, y), (until, y)], Pen::new(row.tone, 1.5));
            }
            if let Some(value) = row.value {
                let x = x_of(value);
                scene.area(dot((x, y), 4.0), row.tone);
                if row.hollow {
                    scene.area(dot((x, y), 2.3), Tone::Paper);
                }
            }
        }
        scene.begin("axis value");
        scene.line(&[(left, bottom), (right, bottom)], Pen::new(ink, 1.0));
        for &mark in &marks {
            let at = (x_of(mark), bottom + 6.0);
            scene.text(&axis::number(mark), at, Anchor::Middle, Level::Top, ink);
        }
        let middle = ((left + right) / 2.0).max(12.0 + width(&self.axis) / 2.0);
        scene.text(&self.axis, (middle, bottom + 24.0), Anchor::Middle, Level::Top, ink);
        scene
    }
}

/// A circle, nearly.
pub fn dot((x, y): (f64, f64), radius: f64) -> Vec<(f64, f64)> {
    let corner = |i: u32| {
        let angle = f64::from(i) * std::f64::consts::TAU / 16.0;
        (x + radius * libm::cos(angle), y + radius * libm::sin(angle))
    };
    (0..16).map(corner).collect()
}
