//! One page to send to somebody: `report.html`, made from the files of a folder and from nothing
//! else.
//!
//! The page is whole in itself: style, script and pictures stand in it, and it may not load
//! anything (a content security policy says so). Texts from outside are escaped by the template,
//! and stand in a direction of their own; only the program's style and script, and pictures that
//! were looked through, are written as they are.

mod asked;
mod assumed;
mod compare;
mod dark;
mod figure;
mod json;
mod markup;
mod page;
mod run;
mod sampled;
mod svg;

use std::path::Path;

pub use compare::of_comparison;
pub use run::of_run;

use super::compared;
use crate::error::Error;

/// Name of the file.
pub const NAME: &str = "report.html";

/// The page of any folder of results.
///
/// # Errors
/// [`Error::Outside`] where a file can't be read, [`Error::Usage`] where it is not what keyscale
/// writes.
pub fn of_folder(folder: &Path) -> Result<Vec<u8>, Error> {
    match folder.join(compared::SUMMARY).is_file() {
        true => of_comparison(folder),
        false => of_run(folder),
    }
}
