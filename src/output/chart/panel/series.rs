//! Areas and lines over time.

use super::labels::{Label, Sample};
use super::{Band, Layer, Line, Plot, STRIP, Series, Texture};
use crate::output::chart::palette::Tone;
use crate::output::chart::scene::{Anchor, Fill, Level, Pen, Point};

/// Distance of the lines and dots of a texture.
const GAP: f64 = 7.0;

/// A pixel column: where, then the least and the greatest value with their rows.
type Column = (f64, (usize, f64), (usize, f64));

impl Plot<'_> {
    /// Draws areas and lines; returns the names to write at them.
    pub(super) fn series(&mut self, series: &Series) -> Vec<Label> {
        let mut labels = self.stack(&series.layers);
        for band in &series.bands {
            self.band(band);
        }
        for thin in &series.thin {
            let pen = Pen::new(thin.tone, 1.0).faint(0.4);
            let runs = self.runs(&thin.rows, &thin.values, pen);
            self.scene.begin("thin");
            self.scene.lines(runs, pen);
        }
        for line in &series.lines {
            labels.extend(self.line(line));
        }
        if let Some(strip) = &series.strip {
            self.strip(strip);
        }
        labels
    }

    /// At most two points a pixel column, the least and the greatest value in the order in which
    /// they came; gaps split the line.
    fn thin(&self, rows: &[f64], values: &[f64]) -> Vec<Vec<Point>> {
        let mut runs: Vec<Vec<Point>> = vec![Vec::new()];
        let mut column: Option<Column> = None;
        let flush = |column: &mut Option<Column>, run: &mut Vec<Point>| {
            if let Some((x, low, high)) = column.take() {
                let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
                run.push((x, first.1));
                if first.0 != second.0 {
                    run.push((x, second.1));
                }
            }
        };
        for (i, (&t, &value)) in rows.iter().zip(values).enumerate() {
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

    /// Lines through values, in places of the picture.
    fn runs(&self, rows: &[f64], values: &[f64], pen: Pen) -> Vec<Vec<Point>> {
        let mut runs = self.thin(rows, values);
        for run in &mut runs {
            for point in run.iter_mut() {
                point.1 = self.y_of(point.1);
            }
            // A value between two gaps is a dot.
            if let [(x, y)] = run[..] {
                run.push((x + pen.width, y));
            }
        }
        runs
    }

    fn line(&mut self, line: &Line) -> Option<Label> {
        let pen = line.stroke.pen(line.tone);
        let runs = self.runs(&self.time.rows, &line.values, pen);
        let y = runs.last()?.last()?.1;
        self.scene.begin(&format!("line {}", line.name));
        self.scene.lines(runs, pen);
        let sample = Sample::Line(line.stroke);
        Some(Label { y, name: line.name.clone(), tone: line.tone, sample })
    }

    /// The area between the ends of a band, where it has both.
    fn band(&mut self, band: &Band) {
        let ends = band.rows.iter().zip(band.low.iter().zip(&band.high));
        let ends: Vec<(f64, f64, f64)> = ends.map(|(&t, (&low, &high))| (t, low, high)).collect();
        self.scene.begin("band");
        for run in ends.split(|(_, low, high)| !low.is_finite() || !high.is_finite()) {
            let upper = run.iter().map(|&(t, _, high)| (self.x_of(t), self.y_of(high)));
            let lower = run.iter().rev().map(|&(t, low, _)| (self.x_of(t), self.y_of(low)));
            let outline: Vec<Point> = upper.chain(lower).collect();
            if outline.len() > 2 {
                let fill = Fill { tone: band.tone, strength: 0.2, edged: false };
                self.scene.area(outline, fill);
            }
        }
    }

    /// Draws layers on top of each other; returns the labels of those that hold anything.
    fn stack(&mut self, layers: &[Layer]) -> Vec<Label> {
        let mut labels = Vec::new();
        let mut below = vec![0.0; self.time.rows.len()];
        for layer in layers {
            let above: Vec<f64> = below.iter().zip(&layer.values).map(|(b, v)| b + v).collect();
            if layer.values.iter().any(|v| *v > 0.0) {
                self.scene.begin(&format!("layer {}", layer.name));
                let (lower, upper) = (self.columns(&below), self.columns(&above));
                let outline = upper.iter().chain(lower.iter().rev()).copied().collect();
                self.scene.area(outline, Fill { edged: true, ..layer.tone.into() });
                self.texture(&lower, &upper, layer.texture);
                let at = |values: &[f64]| self.y_of(values.last().copied().unwrap_or(0.0));
                let y = (at(&below) + at(&above)) / 2.0;
                let (name, sample) = (layer.name.to_owned(), Sample::Area(layer.texture));
                labels.push(Label { y, name, tone: layer.tone, sample });
            }
            below = above;
        }
        labels
    }

    /// The greatest value of each pixel column, as (x, y): both edges of a layer are taken so, and
    /// no layer covers the peaks of the one below.
    fn columns(&self, values: &[f64]) -> Vec<Point> {
        let mut columns: Vec<Point> = Vec::new();
        for (&t, &value) in self.time.rows.iter().zip(values) {
            let x = self.x_of(t).round();
            match columns.last_mut() {
                Some((at, seen)) if *at == x => *seen = seen.max(value),
                _ => columns.push((x, value)),
            }
        }
        columns.into_iter().map(|(x, v)| (x, self.y_of(v))).collect()
    }

    /// Draws a texture between two outlines that have the same columns.
    pub(super) fn texture(&mut self, lower: &[Point], upper: &[Point], texture: Texture) {
        let pen = Pen::new(Tone::Ink, 1.0).faint(0.55);
        match texture {
            Texture::Plain => {}
            Texture::Hatch => {
                let runs = hatch(lower, upper);
                self.scene.lines(runs, pen);
            }
            Texture::Upright => {
                let mut runs = Vec::new();
                for (&(x0, low), (x1, high)) in lower.iter().zip(ends(upper)) {
                    let mut x = (x0 / GAP).ceil() * GAP;
                    while x < x1.max(x0 + 1.0) {
                        if low - high > 1.0 {
                            runs.push(vec![(x, low), (x, high)]);
                        }
                        x += GAP;
                    }
                }
                let pen = Pen::new(Tone::Paper, 1.0).faint(0.55);
                self.scene.lines(runs, pen);
            }
            Texture::Dots => {
                let fill = Fill { tone: Tone::Ink, strength: 0.45, edged: false };
                for (&(x0, low), (x1, high)) in lower.iter().zip(ends(upper)) {
                    let mut x = (x0 / GAP).ceil() * GAP;
                    while x < x1.max(x0 + 1.0) {
                        let mut y = (high / GAP).ceil() * GAP;
                        while y < low - 1.5 {
                            if y > high + 0.5 {
                                self.scene.rect((x, y), (x + 1.0, y + 1.0), fill);
                            }
                            y += GAP;
                        }
                        x += GAP;
                    }
                }
            }
        }
    }

    /// A strip above the plot, as high as the share.
    fn strip(&mut self, strip: &Line) {
        let base = self.y.1 - 2.0;
        let mut columns: Vec<Point> = Vec::new();
        for (&t, &value) in self.time.rows.iter().zip(&strip.values) {
            let (x, value) = (self.x_of(t).round(), if value.is_finite() { value } else { 0.0 });
            match columns.last_mut() {
                Some((at, seen)) if *at == x => *seen = seen.max(value),
                _ => columns.push((x, value)),
            }
        }
        let wide = columns.windows(2).map(|w| w[1].0 - w[0].0).fold(1.0, f64::max);
        self.scene.begin("strip");
        for (x, share) in columns.into_iter().filter(|c| c.1 > 0.0) {
            let height = (share * (STRIP - 2.0)).max(1.0);
            let left = (x - wide).max(self.x.0);
            self.scene.rect((left, base - height), (x, base), strip.tone);
        }
        self.scene.begin("strip axis");
        self.scene.line(&[(self.x.0, base), (self.x.1, base)], Pen::new(Tone::Grid, 1.0));
        let at = (self.x.0 - 6.0, base - 12.0);
        self.scene.text("100 %", at, Anchor::End, Level::Middle, Tone::Ink);
        let name = strip.name.clone();
        let sample = Sample::Area(Texture::Plain);
        self.label(&Label { y: base - 6.0, name, tone: strip.tone, sample }, base - 6.0);
    }
}

/// Where each stretch of an outline ends, with the height at which it begins.
fn ends(outline: &[Point]) -> impl Iterator<Item = Point> {
    let after = outline.iter().skip(1).chain(outline.last()).map(|next| next.0);
    outline.iter().zip(after).map(|(point, end)| (end, point.1))
}

/// Rising lines between two outlines: each runs as far as it is between them.
fn hatch(lower: &[Point], upper: &[Point]) -> Vec<Vec<Point>> {
    let (Some(first), Some(last)) = (lower.first(), lower.last()) else { return Vec::new() };
    let bottom = lower.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    let top = upper.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let mut runs = Vec::new();
    let mut diagonal = ((first.0 + top) / GAP).floor() * GAP;
    while diagonal < last.0 + bottom {
        let mut run: Option<(Point, Point)> = None;
        // A stretch is cut where it is steeper than its column is wide.
        for i in 1..lower.len() {
            let ((x0, low), (x1, _)) = (lower[i - 1], lower[i]);
            let high = upper[i - 1].1;
            let (left, right) = (x0.max(diagonal - low), x1.min(diagonal - high));
            if left < right {
                let begin = run.map_or((left, diagonal - left), |r| r.0);
                run = Some((begin, (right, diagonal - right)));
                if right == x1 {
                    continue;
                }
            }
            runs.extend(run.take().map(|(a, b)| vec![a, b]));
        }
        runs.extend(run.take().map(|(a, b)| vec![a, b]));
        diagonal += GAP;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hatches_stay_between_the_outlines() {
        let lower = [(0.0, 30.0), (10.0, 30.0), (20.0, 30.0)];
        let upper = [(0.0, 10.0), (10.0, 29.0), (20.0, 29.0)];
        let runs = hatch(&lower, &upper);
        assert!(!runs.is_empty());
        for run in runs {
            for (x, y) in run {
                let high = if x <= 10.0 { 10.0 } else { 29.0 };
                assert!((0.0..=20.0).contains(&x) && (high..=30.0).contains(&y), "{x} {y}");
            }
        }
    }
}
