//! Pictures as SVG.
//!
//! A strip is a group of class `panel`, a group of shapes one within it. What is filled has the
//! class `f-TONE`, what is drawn as a line or lettered `s-TONE` and `t-TONE`, so that a style sheet can put other colours in
//! the place of those that the picture has. Rectangles of one colour that follow each other are one
//! path.

use std::fmt::Write;

use plotters::style::RGBColor;

use super::palette::{Theme, Tone, needs_edge};
use super::picture::Page;
use super::scene::{Anchor, Fill, LETTERS, Level, Pen, Point, Scene, Shape, Text};

/// A picture as a file: its page, its strips under each other, what it shows in a few words and in
/// a sentence. Where the data lie from left to right is told in `data-plot`.
pub fn document(
    page: Page,
    scenes: &[Scene],
    [title, description]: [&str; 2],
    theme: Theme,
) -> String {
    let height: f64 = scenes.iter().map(|scene| scene.height).sum();
    let mut svg = Svg { text: String::new(), theme, top: 0.0 };
    let (width, height) = (number(page.width), number(height));
    let (left, right) = (number(page.left), number(page.right));
    let paper = hex(Tone::Paper.color(theme));
    let (title, description) = (escaped(title), escaped(description));
    svg.put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" data-plot=\"{left} {right}\" role=\"img\" font-family=\"sans-serif\" \
         font-size=\"{LETTERS}\">\n<title>{title}</title>\n<desc>{description}</desc>\n\
         <rect class=\"f-paper\" width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>\n"
    ));
    for scene in scenes {
        svg.put(format_args!("<g class=\"panel {}\">\n", scene.class));
        for group in scene.groups.iter().filter(|group| !group.shapes.is_empty()) {
            // What is upright needs no soft edges, and is joined without seams.
            let upright = |shape: &Shape| matches!(shape, Shape::Rect(..));
            let crisp = match group.shapes.iter().all(upright) {
                true => " shape-rendering=\"crispEdges\"",
                false => "",
            };
            svg.put(format_args!("<g class=\"{}\"{crisp}>\n", group.class));
            svg.shapes(&group.shapes);
            svg.put(format_args!("</g>\n"));
        }
        svg.put(format_args!("</g>\n"));
        svg.top += scene.height;
    }
    svg.put(format_args!("</svg>\n"));
    svg.text
}

/// A style sheet that gives pictures the colours of a theme, for pages that hold them.
pub fn style(theme: Theme) -> String {
    let rule = |tone: &Tone| {
        let (name, color) = (tone.name(), hex(tone.color(theme)));
        format!(".f-{name},.t-{name}{{fill:{color}}}.s-{name}{{stroke:{color}}}\n")
    };
    Tone::ALL.iter().map(rule).collect()
}

struct Svg {
    text: String,
    theme: Theme,
    /// Where the strip begins.
    top: f64,
}

impl Svg {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // A string takes any text.
        let _ = self.text.write_fmt(text);
    }

    fn place(&self, (x, y): Point) -> String {
        format!("{} {}", number(x), number(y + self.top))
    }

    fn shapes(&mut self, shapes: &[Shape]) {
        let mut rest = shapes;
        while let [shape, others @ ..] = rest {
            rest = others;
            match shape {
                Shape::Rect(_, _, fill) => {
                    let alike = |s: &&Shape| matches!(s, Shape::Rect(_, _, f) if f == fill);
                    let many = 1 + rest.iter().take_while(alike).count();
                    let (same, others) = shapes_from(shapes, rest, many);
                    let path: String = same.iter().map(|shape| self.rect(shape)).collect();
                    self.filled(&path, *fill);
                    rest = others;
                }
                Shape::Area(outline, fill) => {
                    let path = self.path(outline) + "z";
                    self.filled(&path, *fill);
                }
                Shape::Lines(runs, pen) => {
                    let path: String = runs.iter().map(|run| self.path(run)).collect();
                    self.drawn(&path, *pen);
                }
                Shape::Text(text) => self.letters(text),
            }
        }
    }

    fn rect(&self, shape: &Shape) -> String {
        let Shape::Rect((x0, y0), (x1, y1), _) = shape else { return String::new() };
        let (left, top) = (x0.min(*x1), y0.min(*y1));
        let (width, height) = (number((x1 - x0).abs()), number((y1 - y0).abs()));
        format!("M{}h{width}v{height}h-{width}z", self.place((left, top)))
    }

    fn path(&self, points: &[Point]) -> String {
        let mut path = String::new();
        for (i, &point) in points.iter().enumerate() {
            path.push(if i == 0 { 'M' } else { 'L' });
            path.push_str(&self.place(point));
        }
        path
    }

    fn filled(&mut self, path: &str, fill: Fill) {
        let Fill { tone, strength, edged } = fill;
        let (name, color) = (tone.name(), hex(tone.color(self.theme)));
        self.put(format_args!("<path class=\"f-{name}\" fill=\"{color}\""));
        if strength < 1.0 {
            self.put(format_args!(" fill-opacity=\"{strength}\""));
        }
        if edged && needs_edge(tone, self.theme) {
            let ink = hex(Tone::Ink.color(self.theme));
            self.put(format_args!(" stroke=\"{ink}\" stroke-opacity=\"0.6\""));
        }
        self.put(format_args!(" d=\"{path}\"/>\n"));
    }

    fn drawn(&mut self, path: &str, pen: Pen) {
        let (name, color) = (pen.tone.name(), hex(pen.tone.color(self.theme)));
        let width = pen.width;
        self.put(format_args!(
            "<path class=\"s-{name}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\""
        ));
        if pen.strength < 1.0 {
            self.put(format_args!(" stroke-opacity=\"{}\"", pen.strength));
        }
        if let Some((on, off)) = pen.dash {
            self.put(format_args!(" stroke-dasharray=\"{on} {off}\""));
        }
        self.put(format_args!(" d=\"{path}\"/>\n"));
    }

    fn letters(&mut self, text: &Text) {
        let (x, y) = (number(text.at.0), number(text.at.1 + self.top));
        let anchor = match text.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let below = match text.level {
            Level::Top => "0.76em",
            Level::Middle => "0.36em",
        };
        let (name, color) = (text.tone.name(), hex(text.tone.color(self.theme)));
        let content = escaped(&text.content);
        self.put(format_args!(
            "<text class=\"t-{name}\" x=\"{x}\" y=\"{y}\" dy=\"{below}\" text-anchor=\"{anchor}\" \
             fill=\"{color}\">{content}</text>\n"
        ));
    }
}

/// The first of what is left of a list, and what follows it; `rest` begins after the first.
fn shapes_from<'s>(all: &'s [Shape], rest: &'s [Shape], many: usize) -> (&'s [Shape], &'s [Shape]) {
    let begin = all.len() - rest.len() - 1;
    (&all[begin..begin + many], &all[begin + many..])
}

/// A number to a tenth of a pixel.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    // There is no minus zero.
    format!("{}", tenths + 0.0)
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// A text that can't become markup; what XML may not hold is replaced.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {
                escaped.push(char::REPLACEMENT_CHARACTER);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page { width: 20.0, left: 4.0, right: 16.0 };

    #[test]
    fn names_do_not_become_markup() {
        let mut scene = Scene::new("a <b>", 10.0);
        scene.begin("label \"x\"");
        let hostile = "<script>alert(\"x\")</script>\u{1}";
        scene.text(hostile, (1.0, 2.0), Anchor::Start, Level::Top, Tone::Ink);
        let svg = document(PAGE, &[scene], [hostile, hostile], Theme::Light);
        assert!(!svg.contains("<script") && !svg.contains('\u{1}'), "{svg}");
        assert_eq!(svg.matches("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;").count(), 3);
        assert!(svg.contains("<g class=\"panel a b\">\n<g class=\"label x\">"), "{svg}");
    }

    #[test]
    fn rectangles_of_one_colour_are_one_path() {
        let mut scene = Scene::new("rows", 10.0);
        scene.begin("rows");
        scene.rect((0.0, 0.0), (4.0, 2.04), Tone::Serving);
        scene.rect((6.0, 0.0), (4.0, 2.0), Tone::Serving);
        scene.rect((6.0, 0.0), (8.0, 2.0), Tone::Idle);
        let above = Scene { height: 5.0, ..Scene::default() };
        let svg = document(PAGE, &[above, scene], ["", ""], Theme::Light);
        let paths: Vec<&str> = svg.lines().filter(|line| line.starts_with("<path")).collect();
        let expected = [
            "<path class=\"f-serving\" fill=\"#0072B2\" d=\"M0 5h4v2h-4zM4 5h2v2h-2z\"/>",
            "<path class=\"f-idle\" fill=\"#78C3ED\" d=\"M6 5h2v2h-2z\"/>",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn a_style_sheet_has_every_colour() {
        let style = style(Theme::Dark);
        assert!(style.contains(".f-serving,.t-serving{fill:#0083CC}.s-serving{stroke:#0083CC}"));
        assert_eq!(style.lines().count(), Tone::ALL.len());
    }
}
