//! Blocks: the times in which a key could not be used as before, shaded and named above the plot.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::palette::INK;
use super::{Block, Drawn, LANE, LANES, LEFT, Plot, RIGHT, Time, WIDTH};

/// Width of a letter of the bundled font, on average and rather more.
pub(super) const LETTER: f64 = 7.5;

/// Height of the lines of block names.
pub(super) fn names_height(lanes: &[(f64, usize)]) -> f64 {
    lanes.iter().map(|lane| lane.1 + 1).max().unwrap_or(0) as f64 * LANE
}

/// Where each block's name begins and in which line above the plot, so that none covers another.
pub(super) fn lanes(time: &Time) -> Vec<(f64, usize)> {
    let right = WIDTH - RIGHT;
    let mut free: Vec<f64> = Vec::new();
    let mut place = |block: &Block| {
        let share = (block.from - time.from) / (time.until - time.from);
        let width = 8.0 + LETTER * block.label.chars().count() as f64;
        let begin = (LEFT + share.clamp(0.0, 1.0) * (right - LEFT)).min(right - width).max(LEFT);
        let lane = free.iter().position(|&end| end <= begin).unwrap_or(free.len().min(LANES - 1));
        free.resize(free.len().max(lane + 1), 0.0);
        free[lane] = begin + width;
        (begin, lane)
    };
    time.blocks.iter().map(&mut place).collect()
}
impl<DB: DrawingBackend> Plot<'_, DB> {
    /// Shades the blocks by their kind and writes their names into them.
    pub(super) fn blocks(&self) -> Drawn<DB> {
        let (bottom, top) = self.y;
        for (block, &(begin, lane)) in self.time.blocks.iter().zip(self.lanes) {
            let (left, right) = (self.x_of(block.from), self.x_of(block.until));
            if right <= left {
                continue;
            }
            let corners = [self.at((left, top)), self.at((right, bottom))];
            let fill = if block.kind == "key_state" { 0.12 } else { 0.05 };
            self.area.draw(&Rectangle::new(corners, INK.mix(fill).filled()))?;
            match block.kind.as_str() {
                "outage_retryable" => self.diagonals(left, right, 12.0, false)?,
                "outage_not_retryable" => self.diagonals(left, right, 6.0, false)?,
                "permission" => {
                    self.diagonals(left, right, 12.0, false)?;
                    self.diagonals(left, right, 12.0, true)?;
                }
                "quota" => self.dots(left, right)?,
                _ => {}
            }
            let y = self.top + lane as f64 * LANE;
            self.path(&[(left, y), (left, top)], INK.mix(0.3), 1.0)?;
            self.text(&block.label, (begin + 4.0, y), INK, HPos::Left, VPos::Top)?;
        }
        Ok(())
    }

    fn diagonals(&self, left: f64, right: f64, gap: f64, falling: bool) -> Drawn<DB> {
        let (bottom, top) = self.y;
        let height = bottom - top;
        let mut start = left - height;
        while start < right {
            let (a, b) = (start.max(left), (start + height).min(right));
            if a < b {
                let y = |x: f64| if falling { top + x - start } else { bottom - x + start };
                self.path(&[(a, y(a)), (b, y(b))], INK.mix(0.12), 1.0)?;
            }
            start += gap;
        }
        Ok(())
    }

    fn dots(&self, left: f64, right: f64) -> Drawn<DB> {
        let mut y = self.y.1 + 5.0;
        while y < self.y.0 {
            let mut x = left + 5.0;
            while x < right {
                self.path(&[(x, y), (x + 1.5, y)], INK.mix(0.3), 1.5)?;
                x += 10.0;
            }
            y += 10.0;
        }
        Ok(())
    }
}
