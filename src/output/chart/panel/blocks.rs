//! Blocks, the times in which a key could not be used as before, shaded by their kind, and instants
//! that are marked; their names stand above the plot.

use super::{LANE, Plot, Time};
use crate::output::chart::palette::Tone;
use crate::output::chart::picture::Page;
use crate::output::chart::scene::{Anchor, Fill, Level, Pen, width};

/// Most lines of names.
const LANES: usize = 4;

/// Where a name begins and in which line above the plot; absent where there is no room for it.
type Place = Option<(f64, usize)>;

/// Height of the lines of names.
pub(super) fn height(places: &[Place]) -> f64 {
    places.iter().flatten().map(|place| place.1 + 1).max().unwrap_or(0) as f64 * LANE
}

/// Where the names of blocks and then those of marks are, so that none covers another.
pub(super) fn placed(time: &Time, page: Page) -> Vec<Place> {
    let blocks = time.blocks.iter().map(|block| (block.from, block.label.as_str()));
    let marks = time.marks.iter().map(|mark| (mark.at, mark.label.as_str()));
    let mut lanes: Vec<Vec<(f64, f64)>> = Vec::new();
    let place = |(at, label): (f64, &str)| {
        let share = (at - time.from) / (time.until - time.from);
        let width = 8.0 + width(label);
        let begin = page.left + share.clamp(0.0, 1.0) * (page.right - page.left);
        let begin = begin.min(page.width - width).max(4.0);
        let end = begin + width;
        let free = |lane: &Vec<(f64, f64)>| lane.iter().all(|l| end <= l.0 || l.1 <= begin);
        let lane = match lanes.iter().position(free) {
            Some(lane) => lane,
            None if lanes.len() == LANES => return None,
            None => {
                lanes.push(Vec::new());
                lanes.len() - 1
            }
        };
        lanes[lane].push((begin, end));
        Some((begin, lane))
    };
    blocks.chain(marks).map(place).collect()
}

impl Plot<'_> {
    /// Shades the blocks, and names them and the marks in lines that begin at `names`, where they
    /// are to be named.
    pub(super) fn blocks(&mut self, names: Option<f64>) {
        let (bottom, top) = self.y;
        let time = self.time;
        for block in &time.blocks {
            let (left, right) = (self.x_of(block.from), self.x_of(block.until));
            if right <= left {
                continue;
            }
            self.scene.begin(&format!("block {}", block.kind));
            let strength = if block.kind == "key_state" { 0.12 } else { 0.05 };
            let fill = Fill { tone: Tone::Ink, strength, edged: false };
            self.scene.rect((left, top), (right, bottom), fill);
            match block.kind.as_str() {
                "outage_retryable" => self.diagonals(left, right, 12.0, false),
                "outage_not_retryable" => self.diagonals(left, right, 6.0, false),
                "permission" => {
                    self.diagonals(left, right, 12.0, false);
                    self.diagonals(left, right, 12.0, true);
                }
                "quota" => self.dots(left, right),
                _ => {}
            }
        }
        let Some(names) = names else { return };
        self.scene.begin("names of blocks");
        let begins = time.blocks.iter().map(|block| block.from);
        let instants: Vec<f64> = begins.chain(time.marks.iter().map(|mark| mark.at)).collect();
        let labels = time.blocks.iter().map(|block| &block.label);
        let labels = labels.chain(time.marks.iter().map(|mark| &mark.label));
        for ((label, at), place) in labels.zip(instants).zip(placed(time, self.page)) {
            let Some((begin, lane)) = place else { continue };
            let (x, y) = (self.x_of(at), names + lane as f64 * LANE);
            self.scene.line(&[(x, y), (x, top)], Pen::new(Tone::Ink, 1.0).faint(0.3));
            self.scene.text(label, (begin + 4.0, y), Anchor::Start, Level::Top, Tone::Ink);
        }
    }

    /// Draws the marks through the plot.
    pub(super) fn marks(&mut self) {
        let runs = self.time.marks.iter().map(|mark| {
            let x = self.x_of(mark.at);
            vec![(x, self.y.1), (x, self.y.0)]
        });
        let runs = runs.collect();
        self.scene.begin("marks");
        self.scene.lines(runs, Pen { dash: Some((3.0, 2.0)), ..Pen::new(Tone::Ink, 1.0) });
    }

    fn diagonals(&mut self, left: f64, right: f64, gap: f64, falling: bool) {
        let (bottom, top) = self.y;
        let height = bottom - top;
        let mut runs = Vec::new();
        let mut start = left - height;
        while start < right {
            let (a, b) = (start.max(left), (start + height).min(right));
            if a < b {
                let y = |x: f64| if falling { top + x - start } else { bottom - x + start };
                runs.push(vec![(a, y(a)), (b, y(b))]);
            }
            start += gap;
        }
        self.scene.lines(runs, Pen::new(Tone::Ink, 1.0).faint(0.12));
    }

    fn dots(&mut self, left: f64, right: f64) {
        let fill = Fill { tone: Tone::Ink, strength: 0.3, edged: false };
        let mut y = self.y.1 + 5.0;
        while y < self.y.0 {
            let mut x = left + 5.0;
            while x < right {
                self.scene.rect((x, y), (x + 1.5, y + 1.5), fill);
                x += 10.0;
            }
            y += 10.0;
        }
    }
}
