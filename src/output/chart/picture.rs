//! A picture: strips under each other, and the look in which it becomes a file.

use super::bitmap;
use super::palette::Theme;
use super::scene::Scene;
use super::svg;
use crate::error::Error;

/// How large a picture is; letters have one size in all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// For pages: 960 pixels wide.
    #[default]
    Report,
    /// For slides: 1280 × 720 pixels, higher where the picture has too many strips.
    Slide,
    /// For lists and for small screens: 480 pixels wide.
    Thumbnail,
}

impl Size {
    fn width(self) -> f64 {
        match self {
            Self::Report => 960.0,
            Self::Slide => 1280.0,
            Self::Thumbnail => 480.0,
        }
    }

    /// What plots are multiplied with, given what is fixed and what the plots would take.
    fn stretch(self, fixed: f64, plots: f64) -> f64 {
        match self {
            Self::Report => 1.0,
            Self::Slide => ((720.0 - fixed) / plots.max(1.0)).clamp(0.35, 3.0),
            Self::Thumbnail => 0.75,
        }
    }
}

/// The look of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Its paper.
    pub theme: Theme,
    /// Its size.
    pub size: Size,
}

impl Look {
    /// What the names of files end with that don't have the usual look.
    pub fn suffix(self) -> String {
        let theme = match self.theme {
            Theme::Light => "",
            Theme::Dark => "-dark",
        };
        let size = match self.size {
            Size::Report => "",
            Size::Slide => "-slide",
            Size::Thumbnail => "-thumbnail",
        };
        format!("{theme}{size}")
    }
}

/// The form of a picture's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Drawn anew at any size.
    Svg,
    /// Two pixels for one of the picture.
    Png,
}

impl Form {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Svg, Self::Png];

    /// What a file's name ends with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

/// What the strips of a picture share, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Page {
    /// Width of the picture.
    pub width: f64,
    /// From there on there are data.
    pub left: f64,
    /// Until there, before the names at the right edge.
    pub right: f64,
}

/// Room for the numbers of value axes, at least.
const LEFT: f64 = 78.0;
/// Room for names at the right edge, at least and at most.
const RIGHT: (f64, f64) = (40.0, 290.0);

/// A strip of a picture.
pub trait Strip {
    /// Room that it needs to the left of its data, where the usual is not enough.
    fn left(&self) -> f64 {
        0.0
    }

    /// Room that it would like for names at the right edge.
    fn right(&self) -> f64;

    /// Its height: what it takes on any page, and what its plot would like, which may become more
    /// or less.
    fn heights(&self, page: Page) -> (f64, f64);

    /// Draws it with a plot of a height.
    fn draw(&self, page: Page, plot: f64) -> Scene;
}

/// A picture, before it has a look.
pub struct Picture {
    /// Its name, as its file has it.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// What it shows, in a sentence.
    pub description: String,
    /// From the top.
    pub strips: Vec<Box<dyn Strip>>,
}

impl Picture {
    /// Lays the picture out: its page, and what is drawn on it.
    fn scenes(&self, size: Size) -> (Page, Vec<Scene>) {
        let width = size.width();
        let left = self.strips.iter().map(|strip| strip.left()).fold(LEFT, f64::max);
        let right = self.strips.iter().map(|strip| strip.right()).fold(RIGHT.0, f64::max);
        // Names may take a third of a small picture.
        let right = width - right.min(RIGHT.1).min(width / 3.0);
        let page = Page { width, left: left.min(width / 2.0), right };
        let heights: Vec<(f64, f64)> = self.strips.iter().map(|s| s.heights(page)).collect();
        let [fixed, plots] =
            heights.iter().fold([0.0, 0.0], |[all, plots], (f, p)| [all + f, plots + p]);
        let stretch = size.stretch(fixed, plots);
        let plots = heights.iter().map(|(_, plot)| (plot * stretch).round());
        let scenes = self.strips.iter().zip(plots).map(|(strip, plot)| strip.draw(page, plot));
        (page, scenes.collect())
    }

    /// The picture as SVG.
    pub fn svg(&self, look: Look) -> String {
        let (page, scenes) = self.scenes(look.size);
        svg::document(page, &scenes, [&self.title, &self.description], look.theme)
    }

    /// The picture as PNG.
    ///
    /// # Errors
    /// [`Error::Outside`] where it can't be encoded.
    pub fn png(&self, look: Look) -> Result<Vec<u8>, Error> {
        let (page, scenes) = self.scenes(look.size);
        bitmap::png(page.width, &scenes, look.theme)
    }

    /// The picture as a file: its name and its bytes.
    ///
    /// # Errors
    /// [`Error::Outside`] where it can't be encoded.
    pub fn file(&self, look: Look, form: Form) -> Result<(String, Vec<u8>), Error> {
        let bytes = match form {
            Form::Svg => self.svg(look).into_bytes(),
            Form::Png => self.png(look)?,
        };
        Ok((format!("{}{}.{}", self.name, look.suffix(), form.name()), bytes))
    }
}
