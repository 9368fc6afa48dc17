//! Lifetimes of instances, a row each, below lanes for the key and the clocks of a revocation.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::lives::{Lives, Row, State};
use super::super::palette::{self, INK};
use super::blocks::LETTER;
use super::{Drawn, Label, Labels, Plot};

/// Height of a lane, in pixels.
const LANE: f64 = 20.0;
/// Height of the bar in a lane.
const BAR: f64 = 15.0;
/// Height of a row, at least and at most.
const ROW: (f64, f64) = (3.0, 14.0);
/// What rows take together, where that leaves them high enough.
const ROWS: f64 = 560.0;
/// Room for the names at the right edge.
const NAMES: f64 = 130.0;
/// Ticks of one row are at least so far apart.
const TICKS: f64 = 3.0;

/// What may be in a row, from the top of the names.
const STATES: [(State, &str, RGBColor); 5] = [
    (State::Unlocking, "waiting for key", palette::UNLOCKING),
    (State::Starting, "starting", palette::STARTING),
    (State::Running, "running", palette::SERVING),
    (State::InGrace, "running, in grace", palette::GRACE),
    (State::Draining, "draining", palette::DRAINING),
];

/// Height of a row.
fn pitch(lives: &Lives) -> f64 {
    (ROWS / lives.rows.len().max(1) as f64).clamp(ROW.0, ROW.1)
}

/// Height of the lanes and the rows.
pub(super) fn height(lives: &Lives) -> f64 {
    let rows = pitch(lives) * lives.rows.len() as f64;
    lanes_height(lives) + rows.max(NAMES).ceil() + 4.0
}

fn lanes_height(lives: &Lives) -> f64 {
    LANE * (f64::from(u8::from(lives.keyed)) + lives.clocks.len() as f64) + 4.0
}

/// A stretch of a row that waits for the key: its left and right edge.
type Waits = Vec<(f64, f64)>;

impl<DB: DrawingBackend> Plot<'_, DB> {
    /// Draws the lanes and the rows; returns what is to be named at the right edge.
    pub(super) fn lives(&self, lives: &Lives) -> Labels<DB> {
        let mut labels = self.clocks(lives)?;
        let top = self.y.1 + lanes_height(lives);
        let pitch = pitch(lives);
        let mut waits: Vec<(f64, Waits)> = Vec::new();
        for (i, row) in lives.rows.iter().enumerate() {
            let y = top + i as f64 * pitch;
            waits.push((y, self.row(row, y, pitch)?));
        }
        self.hatch(&waits, pitch)?;
        for (i, row) in lives.rows.iter().enumerate() {
            self.marks(row, top + i as f64 * pitch, pitch)?;
        }
        let shown = |state| lives.rows.iter().flat_map(|r| &r.stretches).any(|s| s.state == state);
        let mut y = top + 8.0;
        let mut name = |name: &str, color| {
            labels.push(Label { y, name: name.to_owned(), color, stroke: None });
            y += 17.0;
        };
        for (_, text, color) in STATES.into_iter().filter(|s| shown(s.0)) {
            name(text, color);
        }
        if lives.rows.iter().any(|row| !row.deaths.is_empty()) {
            name("× start died", palette::DIED);
        }
        if lives.rows.iter().any(|row| !row.retries.is_empty()) {
            name("| call retried", INK);
        }
        Ok(labels)
    }

    /// The lane of the key, and those of the clocks.
    fn clocks(&self, lives: &Lives) -> Labels<DB> {
        let mut labels = Vec::new();
        let name = |y, name: &str, color| Label { y, name: name.to_owned(), color, stroke: None };
        let mut y = self.y.1 - LANE / 2.0 + 2.0;
        if lives.keyed {
            y += LANE;
            self.path(&[(self.x.0, y), (self.x.1, y)], palette::SERVED.into(), 2.0)?;
            for block in &self.time.blocks {
                let (left, right) = (self.x_of(block.from), self.x_of(block.until));
                self.bar(left, right.max(left + 1.0), y, palette::DIED)?;
            }
            labels.push(match self.time.blocks.is_empty() {
                true => name(y, "key usable", palette::SERVED),
                false => name(y, "key blocked", palette::DIED),
            });
        }
        for clock in &lives.clocks {
            y += LANE;
            let (left, right) = (self.x_of(clock.from), self.x_of(clock.until.unwrap_or(f64::MAX)));
            self.bar(left, right.max(left + 1.0), y, palette::GRACE)?;
            let width = 10.0 + LETTER * clock.text.chars().count() as f64;
            // A bar that leaves no room beside it has enough within.
            let (x, color, anchor) = if self.x.1 - right >= width {
                (right + 5.0, INK, HPos::Left)
            } else if left - self.x.0 >= width {
                (left - 5.0, INK, HPos::Right)
            } else {
                ((left + right) / 2.0, WHITE, HPos::Center)
            };
            self.text(&clock.text, (x, y), color, anchor, VPos::Center)?;
            labels.push(name(y, clock.name, palette::GRACE));
        }
        Ok(labels)
    }

    fn bar(&self, left: f64, right: f64, y: f64, color: RGBColor) -> Drawn<DB> {
        let corners = [self.at((left, y - BAR / 2.0)), self.at((right, y + BAR / 2.0))];
        self.area.draw(&Rectangle::new(corners, color.filled()))
    }

    /// Draws a row and returns where it waits for the key. What is narrower than a pixel is left
    /// out, unless nothing else is drawn there.
    fn row(&self, row: &Row, y: f64, pitch: f64) -> Result<Waits, super::Fault<DB>> {
        let mut waits = Vec::new();
        let mut drawn = f64::NEG_INFINITY;
        for stretch in &row.stretches {
            let (left, right) = (self.x_of(stretch.from), self.x_of(stretch.until));
            let narrow = right - left < 1.0;
            if narrow && left < drawn + 1.0 {
                continue;
            }
            let right = right.max(left + 1.0);
            drawn = drawn.max(right);
            let color = STATES.iter().find(|s| s.0 == stretch.state).map_or(INK, |s| s.2);
            let corners = [self.at((left, y)), self.at((right, y + pitch - gap(pitch)))];
            self.area.draw(&Rectangle::new(corners, color.filled()))?;
            if stretch.state == State::Unlocking && !narrow {
                waits.push((left, right));
            }
        }
        Ok(waits)
    }

    /// Hatches the waits for the key: each diagonal runs through all rows below each other that
    /// wait where it passes.
    fn hatch(&self, waits: &[(f64, Waits)], pitch: f64) -> Drawn<DB> {
        let (Some(first), Some(last)) = (waits.first(), waits.last()) else { return Ok(()) };
        let mut diagonal = self.x.0 + first.0;
        while diagonal < self.x.1 + last.0 + pitch {
            let mut run: Option<((f64, f64), (f64, f64))> = None;
            for (y, waits) in waits {
                let (top, bottom) = (*y, y + pitch - gap(pitch));
                let (left, right) = (diagonal - bottom, diagonal - top);
                let inside = waits.iter().any(|w| w.0 <= left && right <= w.1);
                if inside {
                    run = Some((run.map_or((right, top), |r| r.0), (left, bottom)));
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

    /// Ticks where key calls were tried again, and crosses where starts died.
    fn marks(&self, row: &Row, y: f64, pitch: f64) -> Drawn<DB> {
        let bottom = y + pitch - gap(pitch);
        if pitch >= 6.0 {
            let mut last = f64::NEG_INFINITY;
            for x in row.retries.iter().map(|&t| self.x_of(t)) {
                if x >= last + TICKS {
                    self.path(&[(x, y), (x, bottom)], INK.into(), 1.0)?;
                    last = x;
                }
            }
        }
        let middle = (y + bottom) / 2.0;
        let size = (pitch / 3.0).clamp(2.0, 4.0);
        let mut last = f64::NEG_INFINITY;
        for x in row.deaths.iter().map(|&t| self.x_of(t).clamp(self.x.0 + size, self.x.1 - size)) {
            if x < last + size {
                continue;
            }
            last = x;
            for turn in [-size, size] {
                let ends = [(x - size, middle - turn), (x + size, middle + turn)];
                self.path(&ends, palette::DIED.into(), 1.5)?;
            }
        }
        Ok(())
    }
}

/// What is left free between two rows.
fn gap(pitch: f64) -> f64 {
    match pitch {
        p if p >= 8.0 => 2.0,
        p if p >= 4.0 => 1.0,
        _ => 0.0,
    }
}
