//! One panel: areas and lines over time, blocks behind them, names at the right edge.

mod blocks;
mod lives;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use blocks::{lanes, names_height};

use super::axis;
use super::lives::Lives;
use super::palette::{GRID, INK};
use crate::output::font::FAMILY;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Without gaps.
    Solid,
    /// Without gaps, and so wide that it is seen on both sides of a line drawn over it.
    Wide,
    /// In dashes.
    Dashed,
    /// In dots.
    Dotted,
}

impl Stroke {
    /// Its width in pixels.
    fn width(self) -> f64 {
        match self {
            Self::Solid => 1.0,
            Self::Dashed | Self::Dotted => 1.5,
            Self::Wide => 2.5,
        }
    }
}

/// A line over time; not-a-number leaves a gap.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it shows.
    pub name: String,
    /// Its colour.
    pub color: RGBColor,
    /// How it is drawn.
    pub stroke: Stroke,
    /// A value a row.
    pub values: Vec<f64>,
}

/// A layer of a stack.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What it shows.
    pub name: &'static str,
    /// Its colour.
    pub color: RGBColor,
    /// Whether it is hatched.
    pub hatched: bool,
    /// A value a row.
    pub values: Vec<f64>,
}

/// How the value axis runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// Logarithmic, of seconds.
    Latency,
}

/// What a panel shows.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows, with the unit.
    pub title: String,
    /// What is to be seen there, under the title; may be empty.
    pub note: String,
    /// Height of the whole panel in pixels, where it shows something.
    pub height: f64,
    /// A linear axis reaches at least this far, so that panels can share theirs.
    pub reach: f64,
    /// How the value axis runs.
    pub scale: Scale,
    /// From the bottom of the stack.
    pub layers: Vec<Layer>,
    /// On top of the layers.
    pub lines: Vec<Line>,
    /// Lifetimes in the place of layers and lines.
    pub lives: Option<Lives>,
    /// Shares from 0 to 1 for a strip above the plot, with its name.
    pub strip: Option<Line>,
    /// Said where there is nothing to draw.
    pub empty: &'static str,
}

/// A time in which a key could not be used as before.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its kind, as `blocks.csv` has it.
    pub kind: String,
    /// What is written at it.
    pub label: String,
    /// From when, in seconds.
    pub from: f64,
    /// Until when.
    pub until: f64,
}

/// What the panels of a picture share.
#[derive(Clone, Debug)]
pub struct Time {
    /// The end of each row's interval, in seconds.
    pub rows: Vec<f64>,
    /// The axis.
    pub from: f64,
    /// See `from`.
    pub until: f64,
    /// Blocks behind the data.
    pub blocks: Vec<Block>,
}

/// What a picture is drawn on.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    /// What a pixel of the picture is on the canvas.
    pub zoom: f64,
    /// Whether a line is drawn one stretch at a time. A backend of pixels fills a thick line as
    /// one polygon, with holes and spikes where it turns sharply.
    pub stretches: bool,
}

/// Width of a panel in pixels.
pub const WIDTH: f64 = 960.0;
/// Height of most panels that show something.
pub const HEIGHT: f64 = 230.0;
/// Height of the plot of a panel that shows nothing.
const EMPTY: f64 = 36.0;

/// Margins of the plot within its panel, in pixels.
pub const LEFT: f64 = 62.0;
/// See [`LEFT`].
pub const RIGHT: f64 = 150.0;
const TOP: f64 = 26.0;
/// Height of a line of block names above the plot.
const LANE: f64 = 17.0;
const BOTTOM: f64 = 28.0;
/// Most lines of block names.
const LANES: usize = 4;
const STRIP: f64 = 14.0;
/// Height of a line of every text; its letters are 12 pixels.
const TEXT: f64 = 15.0;

type Area<DB> = DrawingArea<DB, Shift>;
/// A pixel column: where, then the least and the greatest value with their rows.
type Column = (f64, (usize, f64), (usize, f64));

type Fault<DB> = DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>;
type Drawn<DB> = Result<(), Fault<DB>>;
type Labels<DB> = Result<Vec<Label>, Fault<DB>>;

/// A plot's place on the canvas: pixels of the picture, times what a pixel is on the canvas.
struct Plot<'a, DB: DrawingBackend> {
    area: &'a Area<DB>,
    canvas: Canvas,
    x: (f64, f64),
    y: (f64, f64),
    /// Where the lines of block names begin.
    top: f64,
    time: &'a Time,
    scale: Scale,
    range: (f64, f64),
    /// Where each block's name begins, and in which line.
    lanes: &'a [(f64, usize)],
}

/// Height of a panel in pixels.
pub fn height(panel: &Panel, time: &Time) -> f64 {
    let above = top(panel) + names_height(&lanes(time));
    match &panel.lives {
        _ if is_empty(panel) => above + EMPTY + BOTTOM,
        Some(lives) => above + lives::height(lives) + BOTTOM,
        None => panel.height,
    }
}

/// Height of a panel's title and note.
fn top(panel: &Panel) -> f64 {
    if panel.note.is_empty() { TOP } else { TOP + LANE }
}

/// Draws a panel on an area of its width and height.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    canvas: Canvas,
    panel: &Panel,
    time: &Time,
) -> Drawn<DB> {
    let strip = if panel.strip.is_some() { STRIP } else { 0.0 };
    let (marks, range) = value_axis(panel);
    let names = lanes(time);
    let plot = Plot {
        area,
        canvas,
        x: (LEFT, WIDTH - RIGHT),
        y: (height(panel, time) - BOTTOM, top(panel) + strip + names_height(&names)),
        top: top(panel),
        lanes: &names,
        time,
        scale: panel.scale,
        range,
    };
    plot.text(&panel.title, (LEFT, 6.0), INK, HPos::Left, VPos::Top)?;
    plot.text(&panel.note, (LEFT, 6.0 + LANE), INK, HPos::Left, VPos::Top)?;
    if is_empty(panel) {
        plot.blocks()?;
        let middle = ((plot.x.0 + plot.x.1) / 2.0, (plot.y.0 + plot.y.1) / 2.0);
        plot.text(panel.empty, middle, INK, HPos::Center, VPos::Center)?;
        return plot.axes(&[]);
    }
    if let Some(lives) = &panel.lives {
        plot.blocks()?;
        let labels = plot.lives(lives)?;
        plot.axes(&[])?;
        return plot.labels(labels);
    }
    plot.grid(&marks)?;
    plot.blocks()?;
    let mut labels = plot.stack(&panel.layers)?;
    for line in &panel.lines {
        labels.extend(plot.line(line)?);
    }
    if let Some(strip) = &panel.strip {
        plot.strip(strip)?;
    }
    plot.axes(&marks)?;
    plot.labels(labels)
}

/// The greatest value that a panel shows.
pub fn greatest(panel: &Panel) -> f64 {
    let lines = panel.lines.iter().flat_map(|l| l.values.iter().copied());
    let rows = panel.layers.first().map_or(0, |l| l.values.len());
    let stacked = (0..rows).map(|i| panel.layers.iter().map(|l| l.values[i]).sum::<f64>());
    lines.chain(stacked).filter(|v| v.is_finite()).fold(0.0, f64::max)
}

fn is_empty(panel: &Panel) -> bool {
    let has = |values: &[f64]| values.iter().any(|v| v.is_finite() && *v != 0.0);
    if panel.lives.as_ref().is_some_and(|lives| !lives.rows.is_empty()) {
        return false;
    }
    !panel.layers.iter().any(|l| has(&l.values)) && !panel.lines.iter().any(|l| has(&l.values))
}

/// Marks of the value axis, and its ends.
fn value_axis(panel: &Panel) -> (Vec<f64>, (f64, f64)) {
    match panel.scale {
        Scale::Linear => {
            let (marks, end) = axis::linear(greatest(panel).max(panel.reach));
            (marks, (0.0, end))
        }
        Scale::Latency => {
            let lines = panel.lines.iter().flat_map(|l| l.values.iter().copied());
            let (min, max) = lines
                .filter(|v| v.is_finite() && *v > 0.0)
                .fold((f64::INFINITY, 0.0), |(a, b): (f64, f64), v| (a.min(v), b.max(v)));
            let (min, max) = if min <= max { (min, max) } else { (0.001, 1.0) };
            let (marks, low, high) = axis::logarithmic(min, max);
            (marks, (low, high))
        }
    }
}

/// A label at the right edge.
struct Label {
    /// Where it would like to be.
    y: f64,
    name: String,
    color: RGBColor,
    /// How the line is drawn that it names; an area has none.
    stroke: Option<Stroke>,
}

impl<DB: DrawingBackend> Plot<'_, DB> {
    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        ((x * self.canvas.zoom).round() as i32, (y * self.canvas.zoom).round() as i32)
    }

    fn x_of(&self, t: f64) -> f64 {
        let share = (t - self.time.from) / (self.time.until - self.time.from);
        self.x.0 + share.clamp(0.0, 1.0) * (self.x.1 - self.x.0)
    }

    fn y_of(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        let share = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Latency => {
                (libm::log(value.max(low)) - libm::log(low)) / (libm::log(high) - libm::log(low))
            }
        };
        self.y.0 + share.clamp(0.0, 1.0) * (self.y.1 - self.y.0)
    }

    fn text(&self, text: &str, at: (f64, f64), color: RGBColor, h: HPos, v: VPos) -> Drawn<DB> {
        let style = (FAMILY, TEXT * self.canvas.zoom).into_font().color(&color).pos(Pos::new(h, v));
        self.area.draw_text(text, &style, self.at(at))
    }

    fn path(&self, points: &[(f64, f64)], color: RGBAColor, width: f64) -> Drawn<DB> {
        let points: Vec<_> = points.iter().map(|&p| self.at(p)).collect();
        let width = ((width * self.canvas.zoom).round() as u32).max(1);
        self.area.draw(&PathElement::new(points, color.stroke_width(width)))
    }

    /// A line of many points.
    fn solid(&self, points: &[(f64, f64)], color: RGBColor, width: f64) -> Drawn<DB> {
        if !self.canvas.stretches {
            return self.path(points, color.into(), width);
        }
        for pair in points.windows(2) {
            // Stretches overlap by the line's width, so that corners are filled.
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = libm::hypot(x1 - x0, y1 - y0).max(1e-9);
            let (x, y) = ((x1 - x0) / length * width / 2.0, (y1 - y0) / length * width / 2.0);
            self.path(&[(x0 - x, y0 - y), (x1 + x, y1 + y)], color.into(), width)?;
        }
        Ok(())
    }

    fn grid(&self, marks: &[f64]) -> Drawn<DB> {
        for &mark in marks {
            let y = self.y_of(mark);
            self.path(&[(self.x.0, y), (self.x.1, y)], GRID.into(), 1.0)?;
        }
        Ok(())
    }

    fn axes(&self, marks: &[f64]) -> Drawn<DB> {
        self.path(&[(self.x.0, self.y.0), (self.x.1, self.y.0)], INK.into(), 1.0)?;
        for &mark in marks {
            let text = match self.scale {
                Scale::Linear => axis::number(mark),
                Scale::Latency => axis::latency(mark),
            };
            self.text(&text, (self.x.0 - 6.0, self.y_of(mark)), INK, HPos::Right, VPos::Center)?;
        }
        for (t, text) in axis::time(self.time.from, self.time.until) {
            let x = self.x_of(t);
            self.path(&[(x, self.y.0), (x, self.y.0 + 4.0)], INK.into(), 1.0)?;
            self.text(&text, (x, self.y.0 + 7.0), INK, HPos::Center, VPos::Top)?;
        }
        Ok(())
    }

    /// At most two points a pixel column, the least and the greatest value in the order in which
    /// they came; gaps split the line.
    fn thin(&self, values: &[f64]) -> Vec<Vec<(f64, f64)>> {
        let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        let mut column: Option<Column> = None;
        let flush = |column: &mut Option<Column>, run: &mut Vec<(f64, f64)>| {
            if let Some((x, low, high)) = column.take() {
                let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
                run.push((x, first.1));
                if first.0 != second.0 {
                    run.push((x, second.1));
                }
            }
        };
        for (i, (&t, &value)) in self.time.rows.iter().zip(values).enumerate() {
            let last = runs.len() - 1;
            if !value.is_finite() {
                flush(&mut column, &mut runs[last]);
                if !runs[last].is_empty() {
                    runs.push(Vec::new());
                }
                continue;
            }
            let x = self.x_of(t).round();
            match &mut column {
                Some((at, low, high)) if *at == x => {
                    if value < low.1 {
                        *low = (i, value);
                    }
                    if value > high.1 {
                        *high = (i, value);
                    }
                }
                _ => {
                    flush(&mut column, &mut runs[last]);
                    column = Some((x, (i, value), (i, value)));
                }
            }
        }
        let last = runs.len() - 1;
        flush(&mut column, &mut runs[last]);
        runs.retain(|run| !run.is_empty());
        runs
    }

    fn line(&self, line: &Line) -> Result<Option<Label>, Fault<DB>> {
        let width = line.stroke.width();
        let mut last = None;
        for run in self.thin(&line.values) {
            let points: Vec<_> = run.iter().map(|&(x, v)| (x, self.y_of(v))).collect();
            last = points.last().copied();
            match line.stroke {
                Stroke::Solid | Stroke::Wide if points.len() == 1 => {
                    let (x, y) = points[0];
                    self.path(&[(x, y), (x + width, y)], line.color.into(), width)?;
                }
                Stroke::Solid | Stroke::Wide => self.solid(&points, line.color, width)?,
                Stroke::Dashed => self.broken(&points, line.color, 7.0, 4.0)?,
                Stroke::Dotted => self.broken(&points, line.color, 2.0, 4.0)?,
            }
        }
        let label = |(_, y)| Label {
            y,
            name: line.name.clone(),
            color: line.color,
            stroke: Some(line.stroke),
        };
        Ok(last.map(label))
    }

    /// A line in pieces of `on` pixels with `off` between them.
    fn broken(&self, points: &[(f64, f64)], color: RGBColor, on: f64, off: f64) -> Drawn<DB> {
        let mut phase = 0.0;
        for pair in points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = ((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)).sqrt();
            let point = |d: f64| (x0 + (x1 - x0) * d / length, y0 + (y1 - y0) * d / length);
            let mut done = 0.0;
            while done < length {
                let within = phase % (on + off);
                let rest = if within < on { on - within } else { on + off - within };
                let next = (done + rest).min(length);
                if within < on {
                    self.path(&[point(done), point(next)], color.into(), 1.5)?;
                }
                phase += next - done;
                done = next;
            }
        }
        Ok(())
    }

    /// Draws layers on top of each other; returns the labels of those that hold anything.
    fn stack(&self, layers: &[Layer]) -> Labels<DB> {
        let mut labels = Vec::new();
        let mut below = vec![0.0; self.time.rows.len()];
        for layer in layers {
            let above: Vec<f64> = below.iter().zip(&layer.values).map(|(b, v)| b + v).collect();
            if layer.values.iter().any(|v| *v > 0.0) {
                let (lower, upper) = (self.columns(&below), self.columns(&above));
                self.fill(&lower, &upper, layer)?;
                let at = |values: &[f64]| self.y_of(values.last().copied().unwrap_or(0.0));
                let middle = (at(&below) + at(&above)) / 2.0;
                let name = layer.name.to_owned();
                labels.push(Label { y: middle, name, color: layer.color, stroke: None });
            }
            below = above;
        }
        Ok(labels)
    }

    /// The greatest value of each pixel column, as (x, y): both edges of a layer are taken so, and
    /// no layer covers the peaks of the one below.
    fn columns(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let mut columns: Vec<(f64, f64)> = Vec::new();
        for (&t, &value) in self.time.rows.iter().zip(values) {
            let x = self.x_of(t).round();
            match columns.last_mut() {
                Some((at, seen)) if *at == x => *seen = seen.max(value),
                _ => columns.push((x, value)),
            }
        }
        columns.into_iter().map(|(x, v)| (x, self.y_of(v))).collect()
    }

    fn fill(&self, lower: &[(f64, f64)], upper: &[(f64, f64)], layer: &Layer) -> Drawn<DB> {
        let outline: Vec<_> = upper.iter().chain(lower.iter().rev()).map(|&p| self.at(p)).collect();
        self.area.draw(&Polygon::new(outline, layer.color.filled()))?;
        if !layer.hatched {
            return Ok(());
        }
        // Each diagonal is drawn where it runs between the two outlines.
        let (bottom, top) = self.y;
        let mut diagonal = self.x.0 + top;
        while diagonal < self.x.1 + bottom {
            let mut run: Option<((f64, f64), (f64, f64))> = None;
            for (&(x, low), &(_, high)) in lower.iter().zip(upper) {
                let y = diagonal - x;
                if y < low && y > high {
                    let start = run.map_or((x, y), |r| r.0);
                    run = Some((start, (x, y)));
                } else if let Some((a, b)) = run.take() {
                    self.path(&[a, b], INK.mix(0.55), 1.0)?;
                }
            }
            if let Some((a, b)) = run {
                self.path(&[a, b], INK.mix(0.55), 1.0)?;
            }
            diagonal += 7.0;
        }
        Ok(())
    }

    /// A strip above the plot, as high as the share.
    fn strip(&self, strip: &Line) -> Drawn<DB> {
        let base = self.y.1 - 2.0;
        let columns = {
            let mut columns: Vec<(f64, f64)> = Vec::new();
            for (&t, &value) in self.time.rows.iter().zip(&strip.values) {
                let (x, value) =
                    (self.x_of(t).round(), if value.is_finite() { value } else { 0.0 });
                match columns.last_mut() {
                    Some((at, seen)) if *at == x => *seen = seen.max(value),
                    _ => columns.push((x, value)),
                }
            }
            columns
        };
        let wide = columns.windows(2).map(|w| w[1].0 - w[0].0).fold(1.0, f64::max);
        for (x, share) in columns.into_iter().filter(|c| c.1 > 0.0) {
            let height = (share * (STRIP - 2.0)).max(1.0);
            let corners = [self.at((x - wide, base - height)), self.at((x, base))];
            self.area.draw(&Rectangle::new(corners, strip.color.filled()))?;
        }
        self.path(&[(self.x.0, base), (self.x.1, base)], GRID.into(), 1.0)?;
        self.label(&strip.name, base - 6.0, strip.color, None)
    }

    /// Names at the right edge, as near to their lines as they fit below each other.
    fn labels(&self, mut labels: Vec<Label>) -> Drawn<DB> {
        const HEIGHT: f64 = 17.0;
        labels.sort_by(|a, b| a.y.total_cmp(&b.y));
        let (bottom, top) = (self.y.0 - 7.0, self.y.1 + 6.0);
        let mut free = top;
        let mut places: Vec<f64> = Vec::new();
        for label in &labels {
            let y = label.y.max(free);
            places.push(y);
            free = y + HEIGHT;
        }
        let mut limit = bottom;
        for y in places.iter_mut().rev() {
            *y = y.min(limit);
            limit = *y - HEIGHT;
        }
        for (label, y) in labels.into_iter().zip(places) {
            self.label(&label.name, y, label.color, label.stroke)?;
        }
        Ok(())
    }

    /// A name at the right edge with a sample of what it names.
    fn label(&self, name: &str, y: f64, color: RGBColor, stroke: Option<Stroke>) -> Drawn<DB> {
        let (left, right) = (self.x.1 + 6.0, self.x.1 + 20.0);
        match stroke {
            Some(Stroke::Dashed) => self.broken(&[(left, y), (right, y)], color, 6.0, 2.0)?,
            Some(Stroke::Dotted) => self.broken(&[(left, y), (right, y)], color, 2.0, 4.0)?,
            Some(Stroke::Solid | Stroke::Wide) | None => {
                let corners = [self.at((left + 2.0, y - 5.0)), self.at((right - 2.0, y + 5.0))];
                self.area.draw(&Rectangle::new(corners, color.filled()))?;
                self.area.draw(&Rectangle::new(corners, INK.stroke_width(1)))?;
            }
        }
        self.text(name, (self.x.1 + 24.0, y), INK, HPos::Left, VPos::Center)
    }
}
