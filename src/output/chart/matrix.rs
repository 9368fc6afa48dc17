//! A strip of cells: what a row is to a column, as a number and as the strength of a colour.

use super::palette::Tone;
use super::picture::{Page, Strip};
use super::scene::{Anchor, Fill, LANE, Level, Pen, Scene, fitting, width};

/// A cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// How strong its colour is, from 0 to 1.
    pub strength: f64,
    /// What it says.
    pub text: String,
}

/// Cells in rows and columns.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What it is, in small letters.
    pub class: &'static str,
    /// What it shows.
    pub title: String,
    /// How it is read; may be empty.
    pub note: String,
    /// What the rows are.
    pub rows: Vec<String>,
    /// What the columns are.
    pub columns: Vec<String>,
    /// What rows and columns are, over their names.
    pub axes: [&'static str; 2],
    /// By row, then by column.
    pub cells: Vec<Vec<Cell>>,
    /// The colour of a cell of full strength.
    pub tone: Tone,
}

const TOP: f64 = 26.0;
/// Height of a cell.
const CELL: f64 = 26.0;
/// The strength of a colour over which a text on it is as light as the paper.
const STRONG: f64 = 0.8;

impl Matrix {
    /// Height of everything above the cells.
    fn top(&self) -> f64 {
        let note = if self.note.is_empty() { 0.0 } else { LANE };
        TOP + note + 2.0 * LANE + 4.0
    }
}

impl Strip for Matrix {
    fn left(&self) -> f64 {
        let names = self.rows.iter().map(String::as_str).chain([self.axes[0]]);
        names.map(|name| width(name) + 16.0).fold(0.0, f64::max).min(260.0)
    }

    fn right(&self) -> f64 {
        0.0
    }

    fn heights(&self, _page: Page) -> (f64, f64) {
        (self.top() + CELL * self.rows.len() as f64 + 10.0, 0.0)
    }

    fn draw(&self, page: Page, _plot: f64) -> Scene {
        let mut scene = Scene::new(self.class, self.heights(page).0);
        let ink = Tone::Ink;
        scene.head(&self.title, &self.note, 10.0, page.width);
        let top = self.top();
        let count = self.columns.len().max(1) as f64;
        let wide = ((page.width - 10.0 - page.left) / count).min(150.0);
        scene.begin("axis columns");
        let over = top - 2.0 * LANE;
        scene.text(self.axes[1], (page.left, over), Anchor::Start, Level::Top, ink);
        for (i, column) in self.columns.iter().enumerate() {
            let at = (page.left + (i as f64 + 0.5) * wide, top - LANE);
            scene.text(&fitting(column, wide - 6.0), at, Anchor::Middle, Level::Top, ink);
        }
        scene.begin("axis rows");
        let at = (page.left - 8.0, top - LANE);
        scene.text(self.axes[0], at, Anchor::End, Level::Top, ink);
        for (i, row) in self.rows.iter().enumerate() {
            let at = (page.left - 8.0, top + (i as f64 + 0.5) * CELL);
            scene.text(&fitting(row, page.left - 12.0), at, Anchor::End, Level::Middle, ink);
        }
        scene.begin("cells");
        for (i, cells) in self.cells.iter().enumerate() {
            for (j, cell) in cells.iter().enumerate() {
                let from = (page.left + j as f64 * wide, top + i as f64 * CELL);
                let to = (from.0 + wide, from.1 + CELL);
                let strength = cell.strength.clamp(0.0, 1.0);
                if strength > 0.0 {
                    scene.rect(from, to, Fill { tone: self.tone, strength, edged: false });
                }
            }
        }
        scene.begin("grid");
        let (right, bottom) =
            (page.left + wide * self.columns.len() as f64, top + CELL * self.rows.len() as f64);
        let across = (0..=self.rows.len()).map(|i| {
            let y = top + i as f64 * CELL;
            vec![(page.left, y), (right, y)]
        });
        let down = (0..=self.columns.len()).map(|j| {
            let x = page.left + j as f64 * wide;
            vec![(x, top), (x, bottom)]
        });
        scene.lines(across.chain(down).collect(), Pen::new(Tone::Grid, 1.0));
        scene.begin("numbers");
        for (i, cells) in self.cells.iter().enumerate() {
            for (j, cell) in cells.iter().enumerate() {
                let tone = if cell.strength > STRONG { Tone::Paper } else { ink };
                let at = (page.left + (j as f64 + 0.5) * wide, top + (i as f64 + 0.5) * CELL);
                let text = fitting(&cell.text, wide - 6.0);
                scene.text(&text, at, Anchor::Middle, Level::Middle, tone);
            }
        }
        scene
    }
}
