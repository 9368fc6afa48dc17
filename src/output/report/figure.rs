//! A picture that lies beside the page, put into it with its data behind a fold.

use std::fs;
use std::io;
use std::path::Path;

use maud::{Markup, html};

use super::markup::Outside;
use super::svg::Picture;
use crate::error::Error;
use crate::output::folder::outside;

/// A picture to come.
pub struct Figure<'a> {
    /// Its file.
    pub file: &'a str,
    /// A name of its own in the page.
    pub id: &'a str,
    /// What it shows, in a few words.
    pub title: &'a str,
    /// What is to be seen there, in a sentence.
    pub desc: &'a str,
    /// The end of its time axis in seconds, where it has one that begins at zero.
    pub until: Option<f64>,
}

/// A picture with its data; none where there is no such file.
///
/// # Errors
/// [`Error::Outside`] where it can't be read, [`Error::Usage`] where it is no picture of ours.
pub fn figure(folder: &Path, shown: &Figure<'_>, data: &Markup) -> Result<Option<Markup>, Error> {
    let path = folder.join(shown.file);
    let svg = match fs::read_to_string(&path) {
        Ok(svg) => svg,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(outside("read", &path)(error)),
    };
    let picture = Picture::new(shown.file, &svg, shown.id, shown.title, shown.desc)?;
    let [left, right] = picture.plot();
    Ok(Some(html! {
        figure data-from=[shown.until.map(|_| 0)] data-until=[shown.until] data-left=(left) data-right=(right) {
            figcaption { (shown.title) }
            div.pic { (picture) }
            p.note { (Outside(shown.desc)) }
            details { summary { "The data as a table" } (data) }
        }
    }))
}
