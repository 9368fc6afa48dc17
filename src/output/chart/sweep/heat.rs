//! Heat maps of a sweep: a square a cell, the darker the more runs meet the thresholds.
//!
//! Values of an axis stand evenly apart, whatever they are: a square is a cell that was run, and
//! nothing is drawn between two of them. So are the contours: they run along the edges of squares,
//! between those that are above and those below.

use super::super::palette::Tone;
use super::super::picture::{Page, Strip};
use super::super::scene::{Anchor, Fill, Level, Pen, Point, Scene, width};
use super::short;
use crate::output::sweep_table::SweptAxis;

/// A line between squares above a share of runs and those below.
struct Contour {
    share: f64,
    name: &'static str,
    width: f64,
    dash: Option<(f64, f64)>,
}

impl Contour {
    fn pen(&self) -> Pen {
        Pen { dash: self.dash, ..Pen::new(Tone::Refused, self.width) }
    }
}

/// The contours; the last is the resilience frontier.
const CONTOURS: [Contour; 3] = [
    Contour { share: 0.5, name: "50 %", width: 1.5, dash: Some((2.0, 3.0)) },
    Contour { share: 0.9, name: "90 %", width: 2.0, dash: Some((7.0, 4.0)) },
    Contour { share: 0.99, name: "99 %: resilience frontier", width: 3.0, dash: None },
];

/// Height of a square.
const SQUARE: f64 = 34.0;
/// Height of a line of text.
const LINE: f64 = 18.0;
/// Height of the title and the note.
const TOP: f64 = 44.0;
/// Names of values may be cut to this width.
const CUT: f64 = 60.0;
/// Maps side by side.
const ABREAST: usize = 3;
/// Room between maps.
const GAP: f64 = 26.0;
/// Length of the longest bar beside a map, and height of the highest above it.
const BAR: f64 = 44.0;
/// Height of the strip of bars above a map.
const BARS: f64 = 46.0;

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Square {
    /// What it comes to.
    pub value: f64,
    /// How dark it is, from 0 to 1.
    pub shade: f64,
    /// What is printed in it.
    pub text: String,
    /// Whether it can't be said if enough runs meet the thresholds.
    pub is_unclear: bool,
    /// Whether its settings are the scenario's own.
    pub is_base: bool,
}

/// One map.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Where it is on the other axes; empty where there are none.
    pub title: String,
    /// Rows of squares, from the first value of the rows' axis; absent where a cell was not run.
    pub squares: Vec<Option<Square>>,
}

/// Maps with the same axes.
#[derive(Clone, Debug)]
pub struct Heat {
    /// What the colour shows.
    pub title: String,
    /// What is printed.
    pub note: String,
    /// The axis that runs upwards.
    pub rows: SweptAxis,
    /// The axis that runs to the right.
    pub columns: SweptAxis,
    /// The maps.
    pub maps: Vec<Map>,
    /// Share of runs that is to meet the thresholds; absent where there are none.
    pub target: Option<f64>,
    /// The unit of what squares come to.
    pub unit: String,
}

/// Where a map is.
struct Frame {
    left: f64,
    top: f64,
    /// Width and height of a square.
    square: (f64, f64),
}

impl Heat {
    fn abreast(&self) -> usize {
        self.maps.len().clamp(1, ABREAST)
    }

    /// Maps above each other.
    fn stacked(&self) -> usize {
        self.maps.len().max(1).div_ceil(self.abreast())
    }

    fn is_alone(&self) -> bool {
        self.maps.len() == 1
    }

    /// Height of what stands above and below the squares of a map.
    fn around(&self) -> f64 {
        match self.is_alone() {
            true => BARS + LINE,
            false => LINE + LINE + 8.0,
        }
    }

    fn square_of<'m>(&self, map: &'m Map, row: usize, column: usize) -> Option<&'m Square> {
        map.squares.get(row * self.columns.values.len() + column)?.as_ref()
    }

    /// The corners of a square: its upper left and its lower right. The first row is the lowest.
    fn corners(&self, frame: &Frame, row: usize, column: usize) -> (Point, Point) {
        let (wide, high) = frame.square;
        let from_top = self.rows.values.len() - 1 - row;
        let (x, y) = (frame.left + wide * column as f64, frame.top + high * from_top as f64);
        ((x, y), (x + wide, y + high))
    }

    fn map(&self, scene: &mut Scene, map: &Map, frame: &Frame) {
        let (rows, columns) = (self.rows.values.len(), self.columns.values.len());
        for row in 0..rows {
            for column in 0..columns {
                let corners = self.corners(frame, row, column);
                match self.square_of(map, row, column) {
                    Some(square) => draw(scene, square, corners),
                    None => {
                        let fill = Fill { tone: Tone::Grid, strength: 0.4, edged: false };
                        scene.rect(inset(corners, 0.5).0, inset(corners, 0.5).1, fill);
                    }
                }
            }
        }
        if self.target.is_some() {
            self.contours(scene, map, frame);
        }
        for row in 0..rows {
            for column in 0..columns {
                if self.square_of(map, row, column).is_some_and(|square| square.is_base) {
                    ring(scene, self.corners(frame, row, column));
                }
            }
        }
    }

    /// Edges between squares of which one is above and one below; where several contours run
    /// together the highest is drawn.
    fn contours(&self, scene: &mut Scene, map: &Map, frame: &Frame) {
        let (rows, columns) = (self.rows.values.len(), self.columns.values.len());
        let mut edges: [Vec<Vec<Point>>; CONTOURS.len()] = Default::default();
        let mut edge = |a: Option<&Square>, b: Option<&Square>, line: [Point; 2]| {
            let (Some(a), Some(b)) = (a, b) else { return };
            let (low, high) = (a.value.min(b.value), a.value.max(b.value));
            let crossed = CONTOURS.iter().rposition(|c| low < c.share && c.share <= high);
            if let Some(which) = crossed {
                edges[which].push(line.to_vec());
            }
        };
        for row in 0..rows {
            for column in 0..columns {
                let own = self.square_of(map, row, column);
                let ((left, top), (right, bottom)) = self.corners(frame, row, column);
                if column + 1 < columns {
                    let next = self.square_of(map, row, column + 1);
                    edge(own, next, [(right, top), (right, bottom)]);
                }
                if row + 1 < rows {
                    let above = self.square_of(map, row + 1, column);
                    edge(own, above, [(left, top), (right, top)]);
                }
            }
        }
        for (edges, contour) in edges.into_iter().zip(&CONTOURS) {
            scene.lines(edges, contour.pen());
        }
    }

    /// The values of both axes at a map; those of the rows only at the leftmost.
    fn values(&self, scene: &mut Scene, frame: &Frame, with_rows: bool) {
        let (wide, high) = frame.square;
        let bottom = frame.top + high * self.rows.values.len() as f64;
        let mut free = f64::MIN;
        for (at, value) in self.columns.values.iter().enumerate() {
            let x = frame.left + wide * (at as f64 + 0.5);
            let value = fitting(value, (wide - 4.0).max(CUT));
            let half = width(&value) / 2.0;
            if x - half >= free {
                scene.text(&value, (x, bottom + 4.0), Anchor::Middle, Level::Top, Tone::Ink);
                free = x + half + 4.0;
            }
        }
        let every = (LINE / high).ceil().max(1.0) as usize;
        for (at, value) in self.rows.values.iter().enumerate().step_by(every) {
            if with_rows {
                let ((_, top), (_, bottom)) = self.corners(frame, at, 0);
                let place = (frame.left - 6.0, (top + bottom) / 2.0);
                let value = fitting(value, frame.left - 12.0);
                scene.text(&value, place, Anchor::End, Level::Middle, Tone::Ink);
            }
        }
    }

    /// Bars above and beside a map that is alone: what columns and rows come to on average.
    fn margins(&self, scene: &mut Scene, map: &Map, frame: &Frame) {
        let (rows, columns) = (self.rows.values.len(), self.columns.values.len());
        let mean = |squares: Vec<Option<&Square>>| {
            let known: Vec<&Square> =
                squares.into_iter().flatten().filter(|s| s.value.is_finite()).collect();
            let count = known.len() as f64;
            let of =
                |number: fn(&Square) -> f64| known.iter().map(|s| number(s)).sum::<f64>() / count;
            (count > 0.0).then(|| (of(|s| s.value), of(|s| s.shade)))
        };
        let fill = Fill { tone: Tone::Serving, strength: 0.6, edged: false };
        let (wide, high) = frame.square;
        for column in 0..columns {
            let Some((value, shade)) =
                mean((0..rows).map(|row| self.square_of(map, row, column)).collect())
            else {
                continue;
            };
            let x = frame.left + wide * column as f64;
            let base = frame.top - 3.0;
            let tall = (shade * (BARS - LINE - 6.0)).max(1.0);
            scene.rect((x + 2.0, base - tall), (x + wide - 2.0, base), fill);
            let said = short(value, &self.unit);
            if width(&said) <= wide {
                let at = (x + wide / 2.0, base - tall - LINE + 2.0);
                scene.text(&said, at, Anchor::Middle, Level::Top, Tone::Ink);
            }
        }
        let right = frame.left + wide * columns as f64;
        let every = (LINE / high).ceil().max(1.0) as usize;
        for row in 0..rows {
            let Some((value, shade)) =
                mean((0..columns).map(|column| self.square_of(map, row, column)).collect())
            else {
                continue;
            };
            let ((_, top), (_, bottom)) = self.corners(frame, row, 0);
            let end = right + 3.0 + (shade * BAR).max(1.0);
            scene.rect((right + 3.0, top + 2.0), (end, bottom - 2.0), fill);
            if row % every == 0 {
                let at = (end + 5.0, (top + bottom) / 2.0);
                scene.text(&short(value, &self.unit), at, Anchor::Start, Level::Middle, Tone::Ink);
            }
        }
        let at = (right + 3.0, frame.top - LINE - 3.0);
        scene.text("mean", at, Anchor::Start, Level::Top, Tone::Ink);
    }

    /// The marks of the legend that occur, with their names.
    fn marks(&self) -> Vec<(Mark, String)> {
        let squares = || self.maps.iter().flat_map(|map| map.squares.iter().flatten());
        let mut marks = Vec::new();
        if let Some(target) = self.target {
            marks.push((Mark::Shades, "0 to 100 % of runs".to_owned()));
            for (at, contour) in CONTOURS.iter().enumerate() {
                marks.push((Mark::Contour(at), contour.name.to_owned()));
            }
            if squares().any(|square| square.is_unclear) {
                let said = format!("unclear whether {} do", short(target, "1"));
                marks.push((Mark::Hatch, said));
            }
        }
        if squares().any(|square| square.is_base) {
            marks.push((Mark::Ring, "as it is".to_owned()));
        }
        if self.maps.iter().any(|map| map.squares.iter().any(Option::is_none)) {
            marks.push((Mark::Missing, "not run".to_owned()));
        }
        marks
    }

    /// The legend's marks by line.
    fn legend(&self, page: Page) -> Vec<Vec<(f64, Mark, String)>> {
        let mut lines: Vec<Vec<(f64, Mark, String)>> = vec![Vec::new()];
        let mut x = page.left;
        for (mark, name) in self.marks() {
            let wide = mark.width() + 6.0 + width(&name) + 22.0;
            if x > page.left && x + wide > page.width {
                lines.push(Vec::new());
                x = page.left;
            }
            if let Some(line) = lines.last_mut() {
                line.push((x, mark, name));
            }
            x += wide;
        }
        lines
    }
}

/// What a legend explains.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    Shades,
    Contour(usize),
    Hatch,
    Ring,
    Missing,
}

impl Mark {
    fn width(self) -> f64 {
        match self {
            Self::Shades => 60.0,
            Self::Contour(_) => 30.0,
            Self::Hatch | Self::Ring | Self::Missing => 20.0,
        }
    }

    fn draw(self, scene: &mut Scene, (x, y): Point) {
        let corners = ((x, y - 7.0), (x + 20.0, y + 7.0));
        match self {
            Self::Shades => {
                for step in 0..5 {
                    let left = x + 12.0 * f64::from(step);
                    let fill = shade(f64::from(step) / 4.0);
                    scene.rect((left, y - 7.0), (left + 12.0, y + 7.0), fill);
                }
            }
            Self::Contour(at) => {
                scene.line(&[(x, y), (x + 30.0, y)], CONTOURS[at].pen());
            }
            Self::Hatch => {
                scene.rect(corners.0, corners.1, shade(0.5));
                hatch(scene, corners);
            }
            Self::Ring => {
                scene.rect(corners.0, corners.1, shade(0.5));
                ring(scene, corners);
            }
            Self::Missing => {
                let fill = Fill { tone: Tone::Grid, strength: 0.4, edged: false };
                scene.rect(corners.0, corners.1, fill);
            }
        }
    }
}

impl Strip for Heat {
    fn left(&self) -> f64 {
        self.rows.values.iter().map(|value| width(value) + 12.0).fold(0.0, f64::max)
    }

    fn right(&self) -> f64 {
        match self.is_alone() {
            true => BAR + 12.0 + CUT,
            false => 20.0,
        }
    }

    fn heights(&self, page: Page) -> (f64, f64) {
        let legend = LINE * self.legend(page).len() as f64;
        let stacked = self.stacked() as f64;
        let plots = stacked * SQUARE * self.rows.values.len() as f64;
        (TOP + LINE + stacked * self.around() + LINE + 14.0 + legend, plots)
    }

    fn draw(&self, page: Page, plot: f64) -> Scene {
        let (fixed, _) = self.heights(page);
        let mut scene = Scene::new("sweep map", fixed + plot);
        let text = |scene: &mut Scene, said: &str, at: Point, anchor| {
            scene.text(said, at, anchor, Level::Top, Tone::Ink);
        };
        scene.begin("title");
        let wide = page.width - page.left - 4.0;
        text(&mut scene, &fitting(&self.title, wide), (page.left, 6.0), Anchor::Start);
        text(&mut scene, &fitting(&self.note, wide), (page.left, 6.0 + LINE), Anchor::Start);
        // The name of the axis that runs upwards stands above it.
        text(&mut scene, &fitting(&self.rows.name, wide), (page.left, TOP), Anchor::Start);
        let abreast = self.abreast() as f64;
        let whole = (page.right - page.left - GAP * (abreast - 1.0)) / abreast;
        let high = plot / self.stacked() as f64;
        let square = (
            whole / self.columns.values.len().max(1) as f64,
            high / self.rows.values.len().max(1) as f64,
        );
        let mut bottom = TOP + LINE;
        for (number, map) in self.maps.iter().enumerate() {
            let (at, level) = (number % self.abreast(), number / self.abreast());
            let above = if self.is_alone() { BARS } else { LINE };
            let frame = Frame {
                left: page.left + (whole + GAP) * at as f64,
                top: TOP + LINE + (self.around() + high) * level as f64 + above,
                square,
            };
            scene.begin("map");
            let title = fitting(&map.title, whole);
            text(&mut scene, &title, (frame.left, frame.top - LINE), Anchor::Start);
            self.map(&mut scene, map, &frame);
            self.values(&mut scene, &frame, at == 0);
            if self.is_alone() {
                self.margins(&mut scene, map, &frame);
            }
            bottom = frame.top + high + LINE;
        }
        scene.begin("legend");
        let middle = (page.left + page.right) / 2.0;
        text(
            &mut scene,
            &fitting(&self.columns.name, wide),
            (middle, bottom + 4.0),
            Anchor::Middle,
        );
        for (number, line) in self.legend(page).into_iter().enumerate() {
            let y = bottom + 10.0 + LINE * (number as f64 + 1.5);
            for (x, mark, name) in line {
                mark.draw(&mut scene, (x, y));
                let at = (x + mark.width() + 6.0, y);
                scene.text(&name, at, Anchor::Start, Level::Middle, Tone::Ink);
            }
        }
        scene
    }
}

/// The fill of a shade; letters must be read on all of them.
fn shade(share: f64) -> Fill {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    Fill { tone: Tone::Serving, strength: 0.06 + 0.54 * share, edged: false }
}

fn inset(((left, top), (right, bottom)): (Point, Point), by: f64) -> (Point, Point) {
    ((left + by, top + by), (right - by, bottom - by))
}

/// A square, hatched where it is unclear, and what is printed in it.
fn draw(scene: &mut Scene, square: &Square, corners: (Point, Point)) {
    let (from, to) = inset(corners, 0.5);
    scene.rect(from, to, shade(square.shade));
    if square.is_unclear {
        hatch(scene, (from, to));
    }
    let (wide, high) = (to.0 - from.0, to.1 - from.1);
    let bare = square.text.trim_end_matches(" %");
    let said = [square.text.as_str(), bare].into_iter().find(|said| width(said) <= wide - 2.0);
    if let (Some(said), true) = (said, high >= LINE - 4.0) {
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        if square.is_unclear {
            // Letters are not read through hatching.
            let (x, y) = (width(said) / 2.0 - 1.0, 8.0);
            let (from, to) =
                ((middle.0 - x, middle.1 - y - 1.5), (middle.0 + x, middle.1 + y - 3.0));
            scene.rect(from, to, Fill { tone: Tone::Paper, strength: 1.0, edged: false });
            scene.rect(from, to, shade(square.shade));
        }
        scene.text(said, middle, Anchor::Middle, Level::Middle, Tone::Ink);
    }
}

/// Diagonals over a square.
fn hatch(scene: &mut Scene, ((left, top), (right, bottom)): (Point, Point)) {
    const APART: f64 = 8.0;
    let mut lines = Vec::new();
    // Each has one sum of x and y.
    let mut sum = ((left + top) / APART).ceil() * APART;
    while sum < right + bottom {
        let from = if sum - left <= bottom { (left, sum - left) } else { (sum - bottom, bottom) };
        let to = if sum - top <= right { (sum - top, top) } else { (right, sum - right) };
        lines.push(vec![from, to]);
        sum += APART;
    }
    scene.lines(lines, Pen::new(Tone::Ink, 1.0).faint(0.45));
}

/// A ring within a square.
fn ring(scene: &mut Scene, corners: (Point, Point)) {
    let ((left, top), (right, bottom)) = inset(corners, 3.5);
    let around = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    scene.line(&around, Pen::new(Tone::Paper, 4.5));
    scene.line(&around, Pen::new(Tone::Ink, 2.0));
}

/// A text cut to a width.
pub fn fitting(text: &str, wide: f64) -> String {
    let mut text = text.to_owned();
    if width(&text) <= wide {
        return text;
    }
    while !text.is_empty() && width(&text) + 7.5 > wide {
        text.pop();
    }
    text + "…"
}
