//! One page to send to somebody: `report.html`, made from the files of a folder and from nothing
//! else.
//!
//! The page is whole in itself: style, script and pictures stand in it, and it may not load
//! anything (a content security policy says so). Texts from outside are escaped by the template,
//! and stand in a direction of their own; only the program's style and script, and pictures that
//! were looked through, are written as they are.

mod dark;
mod markup;
mod page;
mod run;
mod sampled;
mod svg;

pub use run::of_run;

/// Name of the file.
pub const NAME: &str = "report.html";
