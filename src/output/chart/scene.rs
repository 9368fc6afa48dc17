//! What a picture is made of: shapes in groups, coloured by what they mean.
//!
//! Places are in pixels of the picture, from its top left. A scene knows no theme and no file
//! format: [`super::svg`] and [`super::bitmap`] make either of it.

use super::palette::Tone;

/// A place, from the left and from the top.
pub type Point = (f64, f64);

/// How an area is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// Its colour.
    pub tone: Tone,
    /// From 0, not to be seen, to 1.
    pub strength: f64,
    /// Whether it gets an edge where its colour is too near to the paper's.
    pub edged: bool,
}

impl From<Tone> for Fill {
    fn from(tone: Tone) -> Self {
        Self { tone, strength: 1.0, edged: false }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pen {
    /// Its colour.
    pub tone: Tone,
    /// From 0, not to be seen, to 1.
    pub strength: f64,
    /// Its width.
    pub width: f64,
    /// Pixels of a dash and of the gap after it, where it has any.
    pub dash: Option<(f64, f64)>,
}

impl Pen {
    /// A line without gaps.
    pub fn new(tone: Tone, width: f64) -> Self {
        Self { tone, strength: 1.0, width, dash: None }
    }

    /// The same, of less strength.
    pub fn faint(self, strength: f64) -> Self {
        Self { strength, ..self }
    }
}

/// What of a text lies at its place, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Where it begins.
    Start,
    /// Its middle.
    Middle,
    /// Where it ends.
    End,
}

/// What of a text lies at its place, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Its upper edge.
    Top,
    /// Its middle.
    Middle,
}

/// A text in one line, of letters that are [`LETTERS`] pixels high.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// What it says.
    pub content: String,
    /// Where.
    pub at: Point,
    /// How it lies there.
    pub anchor: Anchor,
    /// How high it lies there.
    pub level: Level,
    /// Its colour.
    pub tone: Tone,
}

/// Size of the letters of every text, in pixels.
pub const LETTERS: f64 = 12.0;

/// Width of a letter of the bundled font, on average and rather more.
pub const LETTER: f64 = 7.5;

/// How wide a text is, or rather less.
pub fn width(text: &str) -> f64 {
    LETTER * text.chars().count() as f64
}

/// A text as far as it fits into so much room.
pub fn fitting(text: &str, room: f64) -> String {
    let most = (room / LETTER).max(1.0) as usize;
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// A shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// An upright rectangle, by two opposite corners.
    Rect(Point, Point, Fill),
    /// Whatever an outline goes around.
    Area(Vec<Point>, Fill),
    /// Lines through points.
    Lines(Vec<Vec<Point>>, Pen),
    /// A text.
    Text(Text),
}

/// Shapes that are one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What: words of small letters.
    pub class: String,
    /// From the back to the front.
    pub shapes: Vec<Shape>,
}

/// A strip of a picture, as wide as that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// What it shows: words of small letters.
    pub class: String,
    /// Its height.
    pub height: f64,
    /// From the back to the front.
    pub groups: Vec<Group>,
}

/// Height of a line of text.
pub const LANE: f64 = 17.0;

impl Scene {
    /// An empty strip.
    pub fn new(class: &str, height: f64) -> Self {
        Self { class: slug(class), height, groups: Vec::new() }
    }

    /// Begins a group; what follows goes into it.
    pub fn begin(&mut self, class: &str) {
        self.groups.push(Group { class: slug(class), shapes: Vec::new() });
    }

    /// Adds a group of what a strip shows and, below it, how it is read; each cut to the width of
    /// the page from where it begins.
    pub fn head(&mut self, title: &str, note: &str, left: f64, width: f64) {
        self.begin("title");
        for (text, y) in [(title, 6.0), (note, 6.0 + LANE)] {
            let text = fitting(text, width - left - 4.0);
            self.text(&text, (left, y), Anchor::Start, Level::Top, Tone::Ink);
        }
    }

    fn push(&mut self, shape: Shape) {
        match self.groups.last_mut() {
            Some(group) => group.shapes.push(shape),
            None => self.groups.push(Group { class: String::new(), shapes: vec![shape] }),
        }
    }

    /// Adds a rectangle.
    pub fn rect(&mut self, from: Point, to: Point, fill: impl Into<Fill>) {
        self.push(Shape::Rect(from, to, fill.into()));
    }

    /// Adds an area.
    pub fn area(&mut self, outline: Vec<Point>, fill: impl Into<Fill>) {
        self.push(Shape::Area(outline, fill.into()));
    }

    /// Adds a line.
    pub fn line(&mut self, points: &[Point], pen: Pen) {
        self.push(Shape::Lines(vec![points.to_vec()], pen));
    }

    /// Adds lines that are drawn alike.
    pub fn lines(&mut self, runs: Vec<Vec<Point>>, pen: Pen) {
        if !runs.is_empty() {
            self.push(Shape::Lines(runs, pen));
        }
    }

    /// Adds a text; an empty one is none.
    pub fn text(&mut self, content: &str, at: Point, anchor: Anchor, level: Level, tone: Tone) {
        if !content.is_empty() {
            let content = content.to_owned();
            self.push(Shape::Text(Text { content, at, anchor, level, tone }));
        }
    }
}

/// A name as a class: its letters and digits, small, with dashes for everything else.
fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words = name.split(' ').map(|word| word.chars().map(plain).collect::<String>());
    let words = words.map(|word| word.trim_matches('-').to_owned());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
