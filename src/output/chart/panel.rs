//! A strip over time: areas and lines, or lifetimes, with blocks behind them and names at the right
//! edge.

mod blocks;
mod labels;
mod lives;
mod series;

use std::rc::Rc;

use super::axis;
use super::lives::Lives;
use super::palette::Tone;
use super::picture::{Page, Strip};
use super::scene::{Anchor, LANE, Level, Pen, Scene, width};
use labels::SAMPLE;

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
    /// What it is drawn with.
    fn pen(self, tone: Tone) -> Pen {
        let (width, dash) = match self {
            Self::Solid => (1.0, None),
            Self::Wide => (2.5, None),
            Self::Dashed => (1.5, Some((7.0, 4.0))),
            Self::Dotted => (1.5, Some((2.0, 4.0))),
        };
        Pen { dash, ..Pen::new(tone, width) }
    }
}

/// A line over time; not-a-number leaves a gap.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it shows; without a name it is not named.
    pub name: String,
    /// Its colour.
    pub tone: Tone,
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
    pub tone: Tone,
    /// What it is told apart by besides its colour.
    pub texture: Texture,
    /// A value a row.
    pub values: Vec<f64>,
}

/// What an area is filled with over its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texture {
    /// Nothing.
    Plain,
    /// Lines that rise.
    Hatch,
    /// Upright lines.
    Upright,
    /// Dots.
    Dots,
}

/// How the value axis runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// Logarithmic, of seconds.
    Latency,
}

/// Where most runs are.
#[derive(Clone, Debug)]
pub struct Band {
    /// Its colour.
    pub tone: Tone,
    /// The end of each row's interval, in seconds.
    pub rows: Rc<Vec<f64>>,
    /// Its lower end, a value a row.
    pub low: Vec<f64>,
    /// Its upper end.
    pub high: Vec<f64>,
}

/// One run of several.
#[derive(Clone, Debug)]
pub struct Thin {
    /// Its colour.
    pub tone: Tone,
    /// The end of each row's interval, in seconds.
    pub rows: Rc<Vec<f64>>,
    /// A value a row.
    pub values: Vec<f64>,
}

/// Areas and lines.
#[derive(Clone, Debug)]
pub struct Series {
    /// How the value axis runs.
    pub scale: Scale,
    /// A linear axis reaches at least this far, so that panels can share theirs.
    pub reach: f64,
    /// From the bottom of the stack.
    pub layers: Vec<Layer>,
    /// On top of the layers.
    pub bands: Vec<Band>,
    /// On top of the bands.
    pub thin: Vec<Thin>,
    /// On top of all that.
    pub lines: Vec<Line>,
    /// Shares from 0 to 1 for a strip above the plot, with its name.
    pub strip: Option<Line>,
}

impl Series {
    /// Nothing yet, on a scale.
    pub fn on(scale: Scale) -> Self {
        let (layers, lines, bands, thin) = Default::default();
        Self { scale, reach: 0.0, layers, bands, thin, lines, strip: None }
    }

    /// The greatest value that is shown.
    pub fn greatest(&self) -> f64 {
        let lines = self.lines.iter().flat_map(|l| l.values.iter().copied());
        let rows = self.layers.first().map_or(0, |l| l.values.len());
        let stacked = (0..rows).map(|i| self.layers.iter().map(|l| l.values[i]).sum::<f64>());
        lines.chain(stacked).chain(self.banded()).filter(|v| v.is_finite()).fold(0.0, f64::max)
    }

    /// Every value of bands and thin lines.
    fn banded(&self) -> impl Iterator<Item = f64> {
        let bands = self.bands.iter().flat_map(|band| band.low.iter().chain(&band.high));
        bands.chain(self.thin.iter().flat_map(|thin| &thin.values)).copied()
    }

    fn is_empty(&self) -> bool {
        let has = |values: &[f64]| values.iter().any(|v| v.is_finite() && *v != 0.0);
        !self.layers.iter().any(|l| has(&l.values)) && !self.lines.iter().any(|l| has(&l.values))
    }
}

/// What a panel holds.
#[derive(Clone, Debug)]
pub enum Body {
    /// Areas and lines.
    Series(Series),
    /// Lifetimes.
    Lives(Lives),
}

/// A strip over time.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it is, in small letters.
    pub class: &'static str,
    /// What it shows.
    pub title: String,
    /// The unit of its values; empty where they have none.
    pub unit: &'static str,
    /// What is to be seen there, under the title; may be empty.
    pub note: String,
    /// Height of its plot in pixels, where it shows areas or lines.
    pub plot: f64,
    /// What lies on its axis.
    pub time: Rc<Time>,
    /// Whether blocks and marks are named: in pictures of several panels the first names them.
    pub names: bool,
    /// Whether the time axis has numbers: the last one's has.
    pub ticks: bool,
    /// What it holds.
    pub body: Body,
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

/// An instant that is marked.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What is written at it.
    pub label: String,
    /// When, in seconds.
    pub at: f64,
}

/// What the panels of a picture share.
#[derive(Clone, Debug, Default)]
pub struct Time {
    /// The end of each row's interval, in seconds.
    pub rows: Vec<f64>,
    /// The axis.
    pub from: f64,
    /// See `from`.
    pub until: f64,
    /// Blocks behind the data.
    pub blocks: Vec<Block>,
    /// Instants.
    pub marks: Vec<Mark>,
}

/// Height of the plot of most panels.
pub const PLOT: f64 = 150.0;
/// Height of the plot of a panel that shows nothing.
const EMPTY: f64 = 36.0;

/// Height of a title.
const TOP: f64 = 26.0;
/// Below the plot: with the numbers of the axis, and without.
const BOTTOM: (f64, f64) = (28.0, 10.0);
const STRIP: f64 = 20.0;

/// A plot's place in its strip.
struct Plot<'a> {
    scene: Scene,
    page: Page,
    x: (f64, f64),
    /// Its lower and its upper edge.
    y: (f64, f64),
    time: &'a Time,
    scale: Scale,
    range: (f64, f64),
}

impl Panel {
    /// An empty panel of areas and lines.
    pub fn new(
        class: &'static str,
        title: &str,
        unit: &'static str,
        time: &Rc<Time>,
        empty: &'static str,
    ) -> Self {
        let title = title.to_owned();
        let body = Body::Series(Series::on(Scale::Linear));
        let (time, note) = (Rc::clone(time), String::new());
        Self { class, title, unit, note, plot: PLOT, time, names: true, ticks: true, body, empty }
    }

    /// Height of everything above the strip and the plot but the names.
    fn top(&self) -> f64 {
        if self.note.is_empty() { TOP } else { TOP + LANE }
    }

    fn is_empty(&self) -> bool {
        match &self.body {
            Body::Series(series) => series.is_empty(),
            Body::Lives(lives) => lives.rows.is_empty(),
        }
    }

    /// What lies between the title and the plot: names, and the strip.
    fn above(&self, page: Page) -> (f64, f64) {
        let names = match self.names {
            true => blocks::height(&blocks::placed(&self.time, page)),
            false => 0.0,
        };
        let strip = match &self.body {
            Body::Series(series) if series.strip.is_some() && !series.is_empty() => STRIP,
            Body::Series(_) | Body::Lives(_) => 0.0,
        };
        (names, strip)
    }

    fn bottom(&self) -> f64 {
        if self.ticks { BOTTOM.0 } else { BOTTOM.1 }
    }
}

impl Panel {
    /// The names at the right edge of areas, lines and lifetimes.
    fn names_at_edge(&self) -> Vec<&str> {
        let names: Vec<&str> = match &self.body {
            _ if self.is_empty() => Vec::new(),
            Body::Series(series) => {
                let has_any = |layer: &&Layer| layer.values.iter().any(|v| *v > 0.0);
                let layers = series.layers.iter().filter(has_any).map(|layer| layer.name);
                layers.chain(series.lines.iter().map(|line| line.name.as_str())).collect()
            }
            Body::Lives(lives) => lives::names(lives).collect(),
        };
        names.into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// The least height of the plot: all names at its edge fit.
    fn least(&self) -> f64 {
        match &self.body {
            _ if self.is_empty() => EMPTY,
            Body::Series(_) => labels::HEIGHT * self.names_at_edge().len() as f64,
            Body::Lives(lives) => lives::least(lives),
        }
    }
}

impl Strip for Panel {
    fn right(&self) -> f64 {
        let strip = match &self.body {
            Body::Series(series) => series.strip.as_ref().map(|line| line.name.as_str()),
            Body::Lives(_) => None,
        };
        let names = self.names_at_edge().into_iter().chain(strip);
        names.map(|name| SAMPLE + width(name) + 4.0).fold(0.0, f64::max)
    }

    fn heights(&self, page: Page) -> (f64, f64) {
        let (names, strip) = self.above(page);
        let least = self.least();
        let around = self.top() + names + strip + self.bottom();
        let plot = match &self.body {
            _ if self.is_empty() => 0.0,
            Body::Lives(lives) => lives::height(lives) - least,
            Body::Series(_) => self.plot - least,
        };
        (around + least, plot.max(0.0))
    }

    fn draw(&self, page: Page, plot: f64) -> Scene {
        let (names, strip) = self.above(page);
        let height = self.heights(page).0 + plot;
        let (marks, range) = match &self.body {
            Body::Series(series) => value_axis(series, self.least() + plot),
            Body::Lives(_) => (Vec::new(), (0.0, 1.0)),
        };
        let mut plot = Plot {
            scene: Scene::new(self.class, height),
            page,
            x: (page.left, page.right),
            y: (height - self.bottom(), self.top() + names + strip),
            time: &self.time,
            scale: match &self.body {
                Body::Series(series) => series.scale,
                Body::Lives(_) => Scale::Linear,
            },
            range,
        };
        let ink = Tone::Ink;
        plot.scene.head(&self.title, &self.note, page.left, page.width);
        if self.is_empty() {
            plot.blocks(self.names.then_some(self.top()));
            plot.scene.begin("empty");
            let middle = ((plot.x.0 + plot.x.1) / 2.0, (plot.y.0 + plot.y.1) / 2.0);
            plot.scene.text(self.empty, middle, Anchor::Middle, Level::Middle, ink);
            plot.time_axis(self.ticks);
            return plot.scene;
        }
        let labels = match &self.body {
            Body::Lives(lives) => {
                plot.blocks(self.names.then_some(self.top()));
                plot.lives(lives)
            }
            Body::Series(series) => {
                plot.grid(&marks);
                plot.blocks(self.names.then_some(self.top()));
                let labels = plot.series(series);
                plot.value_axis(&marks, self.unit, self.top() - TOP + 6.0);
                labels
            }
        };
        plot.time_axis(self.ticks);
        plot.marks();
        plot.labels(labels);
        plot.scene
    }
}

/// Marks of the value axis of a plot of a height, and its ends.
fn value_axis(series: &Series, plot: f64) -> (Vec<f64>, (f64, f64)) {
    match series.scale {
        Scale::Linear => {
            let most = series.greatest().max(series.reach);
            let (marks, end) = axis::linear(most, (plot / 18.0) as usize);
            (marks, (0.0, end))
        }
        Scale::Latency => {
            let lines = series.lines.iter().flat_map(|l| l.values.iter().copied());
            let (min, max) = lines
                .chain(series.banded())
                .filter(|v| v.is_finite() && *v > 0.0)
                .fold((f64::INFINITY, 0.0), |(a, b): (f64, f64), v| (a.min(v), b.max(v)));
            let (min, max) = if min <= max { (min, max) } else { (0.001, 1.0) };
            let (marks, low, high) = axis::logarithmic(min, max, (plot / 18.0) as usize);
            (marks, (low, high))
        }
    }
}

impl Plot<'_> {
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

    /// Lines behind the data.
    fn grid(&mut self, marks: &[f64]) {
        let rules = marks.iter().map(|&mark| {
            let y = self.y_of(mark);
            vec![(self.x.0, y), (self.x.1, y)]
        });
        let rules = rules.collect();
        self.scene.begin("grid");
        self.scene.lines(rules, Pen::new(Tone::Grid, 1.0));
    }

    /// Numbers at the left edge, and their unit over them.
    fn value_axis(&mut self, marks: &[f64], unit: &str, top: f64) {
        self.scene.begin("axis value");
        self.scene.text(unit, (self.x.0 - 8.0, top), Anchor::End, Level::Top, Tone::Ink);
        for &mark in marks {
            let text = match self.scale {
                Scale::Linear => axis::number(mark),
                Scale::Latency => axis::latency(mark),
            };
            let at = (self.x.0 - 6.0, self.y_of(mark));
            self.scene.text(&text, at, Anchor::End, Level::Middle, Tone::Ink);
        }
    }

    /// The lower edge, with numbers or with ticks alone.
    fn time_axis(&mut self, numbers: bool) {
        let most = ((self.x.1 - self.x.0) / 82.0).clamp(3.0, 12.0);
        let marks = axis::time(self.time.from, self.time.until, most);
        let bottom = self.y.0;
        let mut runs = vec![vec![(self.x.0, bottom), (self.x.1, bottom)]];
        let ticks = marks.iter().map(|(t, _)| self.x_of(*t));
        runs.extend(ticks.map(|x| vec![(x, bottom), (x, bottom + 4.0)]));
        self.scene.begin("axis time");
        self.scene.lines(runs, Pen::new(Tone::Ink, 1.0));
        if numbers {
            for (t, text) in &marks {
                let at = (self.x_of(*t), bottom + 7.0);
                self.scene.text(text, at, Anchor::Middle, Level::Top, Tone::Ink);
            }
            let unit = axis::time_unit(self.time.until - self.time.from);
            let at = (4.0, bottom + 7.0);
            self.scene.text(unit, at, Anchor::Start, Level::Top, Tone::Ink);
        }
    }
}
