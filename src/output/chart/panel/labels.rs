//! Names at the right edge of a plot.

use super::{Plot, Stroke, Texture};
use crate::output::chart::palette::Tone;
use crate::output::chart::scene::{Anchor, Fill, Level, Pen};

/// A name at the right edge.
pub(super) struct Label {
    /// Where it would like to be.
    pub y: f64,
    pub name: String,
    pub tone: Tone,
    pub sample: Sample,
}

/// What is shown before a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    /// A piece of an area.
    Area(Texture),
    /// A piece of a line.
    Line(Stroke),
    /// A cross.
    Cross,
    /// A tick.
    Tick,
    /// A line between two ends.
    Span,
}

/// Room for a sample, with the gaps around it.
pub(super) const SAMPLE: f64 = 24.0;

/// Height of a name.
pub(super) const HEIGHT: f64 = 17.0;

impl Plot<'_> {
    /// Draws names as near to what they name as they fit below each other.
    pub(super) fn labels(&mut self, mut labels: Vec<Label>) {
        self.scene.begin("names");
        labels.retain(|label| !label.name.is_empty());
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
            self.label(&label, y);
        }
    }

    /// A name with a sample of what it names.
    pub(super) fn label(&mut self, label: &Label, y: f64) {
        let (left, right) = (self.x.1 + 6.0, self.x.1 + 20.0);
        let middle = (left + right) / 2.0;
        let ink = Pen::new(Tone::Ink, 1.0);
        match label.sample {
            Sample::Line(stroke) => {
                let pen = stroke.pen(label.tone);
                let pen = Pen { width: pen.width.max(2.0), ..pen };
                self.scene.line(&[(left, y), (right, y)], pen);
            }
            Sample::Area(texture) => {
                let (from, to) = ((left + 1.0, y - 5.0), (right - 1.0, y + 5.0));
                self.scene.rect(from, to, Fill { edged: true, ..label.tone.into() });
                let edge = |y: f64| vec![(from.0, y), (to.0, y)];
                let (lower, upper) = (edge(to.1), edge(from.1));
                self.texture(&lower, &upper, texture);
            }
            Sample::Cross => {
                for turn in [-4.0, 4.0] {
                    let ends = [(middle - 4.0, y - turn), (middle + 4.0, y + turn)];
                    self.scene.line(&ends, Pen::new(label.tone, 1.5));
                }
            }
            Sample::Tick => self.scene.line(&[(middle, y - 5.0), (middle, y + 5.0)], ink),
            Sample::Span => {
                let ends = [left, right].map(|x| vec![(x, y - 4.0), (x, y + 4.0)]);
                self.scene.lines(ends.into(), ink);
                self.scene.line(&[(left, y), (right, y)], ink);
            }
        }
        let at = (self.x.1 + SAMPLE, y);
        self.scene.text(&label.name, at, Anchor::Start, Level::Middle, Tone::Ink);
    }
}
