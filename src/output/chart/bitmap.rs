//! Pictures as PNG, two pixels for one of the picture.

use std::io::{self, Write};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::palette::{Theme, Tone, needs_edge};
use super::scene::{Anchor, Fill, LETTERS, Level, Pen, Point, Scene, Shape, Text};
use crate::error::Error;
use crate::output::font::{self, FAMILY};

/// Pixels of a PNG for one of the picture.
const ZOOM: f64 = 2.0;

/// Height of the bundled font's lines for letters of one pixel.
const LINE: f64 = 1.24;

/// A PNG of strips under each other. They are drawn one at a time, so that a tall picture takes no
/// more memory than a strip.
///
/// # Errors
/// [`Error::Outside`] where it can't be encoded.
pub fn png(width: f64, scenes: &[Scene], theme: Theme) -> Result<Vec<u8>, Error> {
    font::register();
    let pixels_of = |length: f64| (length * ZOOM).round() as u32;
    let height = scenes.iter().map(|scene| pixels_of(scene.height)).sum();
    let width = pixels_of(width);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut header = encoder.write_header().map_err(failed)?;
    let mut writer = header.stream_writer().map_err(failed)?;
    let mut pixels = Vec::new();
    for scene in scenes {
        let height = pixels_of(scene.height);
        pixels.resize((width * height * 3) as usize, 0);
        let backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
        let sheet = Sheet { area: backend.into_drawing_area(), theme };
        sheet.draw(scene).map_err(failed)?;
        drop(sheet);
        writer.write_all(&pixels).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    header.finish().map_err(failed)?;
    Ok(bytes)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Outside("a chart can't be drawn".to_owned(), io::Error::other(error.to_string()))
}

/// What a strip is drawn on.
struct Sheet<DB: DrawingBackend> {
    area: DrawingArea<DB, Shift>,
    theme: Theme,
}

type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

impl<DB: DrawingBackend> Sheet<DB> {
    fn draw(&self, scene: &Scene) -> Drawn<DB> {
        self.area.fill(&Tone::Paper.color(self.theme))?;
        for shape in scene.groups.iter().flat_map(|group| &group.shapes) {
            match shape {
                Shape::Rect(from, to, fill) => {
                    let corners = [at(*from), at(*to)];
                    self.area.draw(&Rectangle::new(corners, self.filled(*fill)))?;
                    if self.is_edged(*fill) {
                        let edge = self.edge();
                        self.area.draw(&Rectangle::new(corners, edge.stroke_width(1)))?;
                    }
                }
                Shape::Area(outline, fill) => {
                    let mut outline: Vec<_> = outline.iter().copied().map(at).collect();
                    self.area.draw(&Polygon::new(outline.clone(), self.filled(*fill)))?;
                    if self.is_edged(*fill) {
                        outline.extend(outline.first().copied());
                        let edge = self.edge();
                        self.area.draw(&PathElement::new(outline, edge.stroke_width(1)))?;
                    }
                }
                Shape::Lines(runs, pen) => {
                    for run in runs {
                        match pen.dash {
                            None => self.whole(run, *pen)?,
                            Some(dash) => self.dashed(run, dash, *pen)?,
                        }
                    }
                }
                Shape::Text(text) => self.text(text)?,
            }
        }
        self.area.present()
    }

    fn filled(&self, Fill { tone, strength, .. }: Fill) -> ShapeStyle {
        tone.color(self.theme).mix(strength).filled()
    }

    fn is_edged(&self, fill: Fill) -> bool {
        fill.edged && needs_edge(fill.tone, self.theme)
    }

    fn edge(&self) -> RGBAColor {
        Tone::Ink.color(self.theme).mix(0.6)
    }

    fn stretch(&self, points: [Point; 2], pen: Pen) -> Drawn<DB> {
        let color = pen.tone.color(self.theme).mix(pen.strength);
        let width = ((pen.width * ZOOM).round() as u32).max(1);
        self.area.draw(&PathElement::new(points.map(at), color.stroke_width(width)))
    }

    /// A line is drawn one stretch at a time: a thick one would be filled as one polygon, with
    /// holes and spikes where it turns sharply.
    fn whole(&self, points: &[Point], pen: Pen) -> Drawn<DB> {
        for pair in points.windows(2) {
            let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
            // Stretches of a line overlap by its width, so that corners are filled.
            let over = if points.len() > 2 { pen.width / 2.0 } else { 0.0 };
            let length = libm::hypot(x1 - x0, y1 - y0).max(1e-9);
            let (x, y) = ((x1 - x0) / length * over, (y1 - y0) / length * over);
            self.stretch([(x0 - x, y0 - y), (x1 + x, y1 + y)], pen)?;
        }
        Ok(())
    }

    /// A line in pieces of `on` pixels with `off` between them.
    fn dashed(&self, points: &[Point], (on, off): (f64, f64), pen: Pen) -> Drawn<DB> {
        let mut phase = 0.0;
        for pair in points.windows(2) {
            let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
            let length = libm::hypot(x1 - x0, y1 - y0);
            let point = |d: f64| (x0 + (x1 - x0) * d / length, y0 + (y1 - y0) * d / length);
            let mut done = 0.0;
            while done < length {
                let within = phase % (on + off);
                let rest = if within < on { on - within } else { on + off - within };
                let next = (done + rest.max(1e-6)).min(length);
                if within < on {
                    self.stretch([point(done), point(next)], pen)?;
                }
                phase += next - done;
                done = next;
            }
        }
        Ok(())
    }

    fn text(&self, text: &Text) -> Drawn<DB> {
        let horizontal = match text.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let vertical = match text.level {
            Level::Top => VPos::Top,
            Level::Middle => VPos::Center,
        };
        let font = (FAMILY, LETTERS * LINE * ZOOM).into_font();
        let style = font.color(&text.tone.color(self.theme)).pos(Pos::new(horizontal, vertical));
        // The middle of a line of the font is above that of its letters.
        let down = if text.level == Level::Middle { 1.5 } else { 0.0 };
        self.area.draw_text(&text.content, &style, at((text.at.0, text.at.1 + down)))
    }
}

/// A place on the sheet.
fn at((x, y): Point) -> (i32, i32) {
    ((x * ZOOM).round() as i32, (y * ZOOM).round() as i32)
}
