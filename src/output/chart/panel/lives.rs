//! Lifetimes of instances, a row each, below lanes for the key and the clocks of a revocation.

use super::labels::{Label, Sample};
use super::{Plot, Stroke, Texture};
use crate::output::chart::lives::{Lives, Row, State};
use crate::output::chart::palette::Tone;
use crate::output::chart::scene::{Anchor, Level, Pen, Point, width};

/// Height of a lane, in pixels.
const LANE: f64 = 20.0;
/// Height of the bar in a lane.
const BAR: f64 = 12.0;
/// Height of a row, at least and at most.
const ROW: (f64, f64) = (3.0, 14.0);
/// What rows take together, where that leaves them high enough.
const ROWS: f64 = 560.0;
/// Room for the names at the right edge.
const NAMES: f64 = 130.0;
/// Ticks of one row are at least so far apart.
const TICKS: f64 = 3.0;
/// Distance of the lines of a texture.
const GAP: f64 = 7.0;

/// What may be in a row, from the back to the front.
const STATES: [(State, &str, Tone, Texture); 5] = [
    (State::Unlocking, "waiting for key", Tone::Unlocking, Texture::Hatch),
    (State::Starting, "starting", Tone::Starting, Texture::Plain),
    (State::Running, "running", Tone::Serving, Texture::Plain),
    (State::InGrace, "running, in grace", Tone::Grace, Texture::Plain),
    (State::Draining, "draining", Tone::Draining, Texture::Plain),
];

/// What the lanes of a key are named.
const KEY: [(&str, Tone); 2] = [("key usable", Tone::Ink), ("key blocked", Tone::Blocked)];
const DIED: &str = "start died";
const RETRIED: &str = "call retried";

/// Everything that may be named at the right edge.
pub(super) fn names(lives: &Lives) -> impl Iterator<Item = &'static str> {
    let clocks = lives.clocks.iter().map(|clock| clock.name);
    let names: Vec<&str> = clocks.chain(STATES.map(|state| state.1)).collect();
    names.into_iter().chain([DIED, RETRIED])
}

/// Height of the lanes and of the rows.
pub(super) fn height(lives: &Lives) -> f64 {
    let pitch = (ROWS / lives.rows.len().max(1) as f64).clamp(ROW.0, ROW.1);
    let rows = pitch * lives.rows.len() as f64;
    lanes_height(lives) + rows.max(NAMES).ceil() + 4.0
}

/// The same, at least.
pub(super) fn least(lives: &Lives) -> f64 {
    lanes_height(lives) + NAMES + 4.0
}

fn lanes_height(lives: &Lives) -> f64 {
    LANE * (f64::from(u8::from(lives.keyed)) + lives.clocks.len() as f64) + 4.0
}

impl Plot<'_> {
    /// Draws the lanes and the rows; returns what is to be named at the right edge.
    pub(super) fn lives(&mut self, lives: &Lives) -> Vec<Label> {
        let mut labels = self.lanes(lives);
        let top = self.y.1 + lanes_height(lives);
        let pitch = ((self.y.0 - 4.0 - top) / lives.rows.len() as f64).min(ROW.1);
        for (state, name, tone, texture) in STATES {
            self.scene.begin(&format!("rows {name}"));
            let mut waits: Vec<(f64, Waits)> = Vec::new();
            for (i, row) in lives.rows.iter().enumerate() {
                let y = top + i as f64 * pitch;
                waits.push((y, self.row(row, state, tone, y, pitch)));
            }
            if texture == Texture::Hatch {
                self.scene.begin(&format!("hatch {name}"));
                self.hatch(&waits, pitch);
            }
        }
        self.retries(lives, top, pitch);
        self.deaths(lives, top, pitch);
        let shown = |state| lives.rows.iter().flat_map(|r| &r.stretches).any(|s| s.state == state);
        let mut y = top + 8.0;
        let mut name = |name: &str, tone, sample| {
            labels.push(Label { y, name: name.to_owned(), tone, sample });
            y += 17.0;
        };
        for (_, text, tone, texture) in STATES.into_iter().filter(|s| shown(s.0)) {
            name(text, tone, Sample::Area(texture));
        }
        if lives.rows.iter().any(|row| !row.deaths.is_empty()) {
            name(DIED, Tone::Died, Sample::Cross);
        }
        if lives.rows.iter().any(|row| !row.retries.is_empty()) {
            name(RETRIED, Tone::Ink, Sample::Tick);
        }
        labels
    }

    /// The lane of the key, and those of the clocks: lines between two ends, as what they measure
    /// is no state of an instance.
    fn lanes(&mut self, lives: &Lives) -> Vec<Label> {
        let mut labels = Vec::new();
        let label = |y, name: &str, tone, sample| Label { y, name: name.to_owned(), tone, sample };
        let mut y = self.y.1 - LANE / 2.0 + 2.0;
        if lives.keyed {
            y += LANE;
            self.scene.begin("lane key");
            self.scene.line(&[(self.x.0, y), (self.x.1, y)], Pen::new(Tone::Ink, 1.5));
            let time = self.time;
            for block in &time.blocks {
                let (left, right) = (self.x_of(block.from), self.x_of(block.until));
                let right = right.max(left + 1.0);
                let (above, below) = (y - BAR / 2.0, y + BAR / 2.0);
                self.scene.rect((left, above), (right, below), Tone::Blocked);
            }
            let (name, tone) = KEY[usize::from(!time.blocks.is_empty())];
            let sample = match time.blocks.is_empty() {
                true => Sample::Line(Stroke::Solid),
                false => Sample::Area(Texture::Plain),
            };
            labels.push(label(y, name, tone, sample));
        }
        for clock in &lives.clocks {
            y += LANE;
            self.scene.begin(&format!("lane {}", clock.name));
            let left = self.x_of(clock.from);
            let right = self.x_of(clock.until.unwrap_or(f64::MAX)).max(left + 1.0);
            let wide = 10.0 + width(&clock.text);
            // A line that leaves no room beside it has enough within.
            let (x, anchor) = if self.x.1 - right >= wide {
                (right + 6.0, Anchor::Start)
            } else if left - self.x.0 >= wide {
                (left - 6.0, Anchor::End)
            } else {
                ((left + right) / 2.0, Anchor::Middle)
            };
            let pen = Pen::new(Tone::Ink, 1.5);
            match anchor {
                Anchor::Middle => {
                    let half = wide / 2.0;
                    let runs = [vec![(left, y), (x - half, y)], vec![(x + half, y), (right, y)]];
                    self.scene.lines(runs.into(), pen);
                }
                Anchor::Start | Anchor::End => self.scene.line(&[(left, y), (right, y)], pen),
            }
            let ends = [Some(left), clock.until.map(|_| right)];
            let ends = ends.into_iter().flatten().map(|x| vec![(x, y - 5.0), (x, y + 5.0)]);
            self.scene.lines(ends.collect(), pen);
            self.scene.text(&clock.text, (x, y), anchor, Level::Middle, Tone::Ink);
            labels.push(label(y, clock.name, Tone::Ink, Sample::Span));
        }
        labels
    }

    /// Draws what of a row is in a state, and returns where that is wide. What is narrower than a
    /// pixel is left out, unless nothing else of the row is drawn there.
    fn row(&mut self, row: &Row, state: State, tone: Tone, y: f64, pitch: f64) -> Waits {
        let mut wide = Vec::new();
        let mut drawn = f64::NEG_INFINITY;
        for stretch in &row.stretches {
            let (left, right) = (self.x_of(stretch.from), self.x_of(stretch.until));
            let narrow = right - left < 1.0;
            if narrow && left < drawn + 1.0 {
                continue;
            }
            let right = right.max(left + 1.0);
            drawn = drawn.max(right);
            if stretch.state != state {
                continue;
            }
            self.scene.rect((left, y), (right, y + pitch - gap(pitch)), tone);
            if !narrow {
                wide.push((left, right));
            }
        }
        wide
    }

    /// Hatches stretches of rows: each line runs through all rows below each other that have one
    /// where it passes.
    fn hatch(&mut self, waits: &[(f64, Waits)], pitch: f64) {
        let (Some(first), Some(last)) = (waits.first(), waits.last()) else { return };
        let mut runs = Vec::new();
        let mut diagonal = self.x.0 + first.0;
        while diagonal < self.x.1 + last.0 + pitch {
            let mut run: Option<(Point, Point)> = None;
            for (y, waits) in waits {
                let (top, bottom) = (*y, y + pitch - gap(pitch));
                let (left, right) = (diagonal - bottom, diagonal - top);
                let inside = waits.iter().any(|w| w.0 <= left && right <= w.1);
                if inside {
                    run = Some((run.map_or((right, top), |r| r.0), (left, bottom)));
                } else {
                    runs.extend(run.take().map(|(a, b)| vec![a, b]));
                }
            }
            runs.extend(run.map(|(a, b)| vec![a, b]));
            diagonal += GAP;
        }
        self.scene.lines(runs, Pen::new(Tone::Ink, 1.0).faint(0.55));
    }

    /// Ticks where key calls were tried again.
    fn retries(&mut self, lives: &Lives, top: f64, pitch: f64) {
        if pitch < 6.0 {
            return;
        }
        let mut runs = Vec::new();
        for (i, row) in lives.rows.iter().enumerate() {
            let y = top + i as f64 * pitch;
            let mut last = f64::NEG_INFINITY;
            for x in row.retries.iter().map(|&t| self.x_of(t)) {
                if x >= last + TICKS {
                    runs.push(vec![(x, y), (x, y + pitch - gap(pitch))]);
                    last = x;
                }
            }
        }
        self.scene.begin("retries");
        self.scene.lines(runs, Pen::new(Tone::Ink, 1.0));
    }

    /// Crosses where starts died.
    fn deaths(&mut self, lives: &Lives, top: f64, pitch: f64) {
        let size = (pitch / 3.0).clamp(2.0, 4.0);
        let mut runs = Vec::new();
        for (i, row) in lives.rows.iter().enumerate() {
            let middle = top + i as f64 * pitch + (pitch - gap(pitch)) / 2.0;
            let mut last = f64::NEG_INFINITY;
            let places = row.deaths.iter().map(|&t| self.x_of(t));
            for x in places.map(|x| x.clamp(self.x.0 + size, self.x.1 - size)) {
                if x < last + size {
                    continue;
                }
                last = x;
                for turn in [-size, size] {
                    runs.push(vec![(x - size, middle - turn), (x + size, middle + turn)]);
                }
            }
        }
        self.scene.begin("deaths");
        self.scene.lines(runs, Pen::new(Tone::Died, 1.5));
    }
}

/// The left and the right edges of stretches of a row.
type Waits = Vec<(f64, f64)>;

/// What is left free between two rows.
fn gap(pitch: f64) -> f64 {
    match pitch {
        p if p >= 8.0 => 2.0,
        p if p >= 4.0 => 1.0,
        _ => 0.0,
    }
}
