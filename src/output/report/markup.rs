//! Parts of a page that every report has: texts from outside, links, tables behind a fold.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use maud::{Escaper, Markup, Render, html};
use serde_json::Value as Json;

use super::NAME;
use super::json::{list, text};
use crate::error::Error;
use crate::output::folder::outside;
use crate::output::manifest;

/// A text from outside: it is escaped, letters that nobody can see are replaced, and whatever
/// direction it runs in ends with it.
pub struct Outside<'a>(pub &'a str);

impl Render for Outside<'_> {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str("<bdi>");
        let mut escaper = Escaper::new(buffer);
        for letter in self.0.chars() {
            let seen = match letter {
                '\n' | '\t' => ' ',
                c if c.is_control() => '\u{fffd}',
                c => c,
            };
            // A string takes any letter.
            let _ = escaper.write_char(seen);
        }
        buffer.push_str("</bdi>");
    }
}

/// Where a file beside the page is found: its name, with everything that means something in an
/// address written as bytes.
pub fn beside(name: &str) -> String {
    let mut link = "./".to_owned();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => {
                link.push(char::from(byte));
            }
            other => {
                let _ = write!(link, "%{other:02X}");
            }
        }
    }
    link
}

/// A link to a file beside the page.
pub fn link(name: &str) -> Markup {
    html! { a href=(beside(name)) { (Outside(name)) } }
}

/// A table of texts; columns but the first `names` are numbers.
pub fn table(head: &[&str], names: usize, rows: &[Vec<String>]) -> Markup {
    let class = |at: usize| (at >= names).then_some("n");
    html! {
        div.wide {
            table {
                thead { tr { @for (at, cell) in head.iter().enumerate() {
                    th scope="col" class=[class(at)] { (Outside(cell)) }
                } } }
                tbody { @for row in rows { tr { @for (at, cell) in row.iter().enumerate() {
                    td class=[class(at)] { (Outside(cell)) }
                } } } }
            }
        }
    }
}

/// A table of which at most so many rows are told; the others are in a file.
pub fn first_rows(
    head: &[&str],
    names: usize,
    rows: &[Vec<String>],
    most: usize,
    file: &str,
) -> Markup {
    html! {
        (table(head, names, &rows[..rows.len().min(most)]))
        @if rows.len() > most {
            p.note { "and " (rows.len() - most) " more: " (link(file)) }
        }
    }
}

/// What lies beside a page: what the manifest names or, while it is not written yet, what is there.
///
/// # Errors
/// [`Error::Outside`] where the folder can't be read.
pub fn files(folder: &Path) -> Result<Markup, Error> {
    let manifest = fs::read(folder.join(manifest::NAME)).ok();
    let json = manifest.and_then(|text| serde_json::from_slice::<Json>(&text).ok());
    let mut names: Vec<String> = match &json {
        Some(json) => {
            list(json, "files").iter().map(|file| text(file, "name").to_owned()).collect()
        }
        None => {
            let failed = || outside("read", folder);
            let entries = fs::read_dir(folder).map_err(failed())?;
            let name = |entry: io::Result<fs::DirEntry>| {
                Ok(entry.map_err(failed())?.file_name().to_string_lossy().into_owned())
            };
            entries.map(name).collect::<Result<_, Error>>()?
        }
    };
    names.retain(|name| name != NAME && name != manifest::NAME);
    names.sort();
    Ok(html! {
        h2 { "Files" }
        ul.files { @for name in &names { li { (link(name)) } } }
        p.note { "Sizes and SHA-256 of all of them: " (link(manifest::NAME)) "." }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_markup() {
        let written = Outside("<b>\"a\" & 'c'\u{1}\n\u{202e}").render().into_string();
        assert_eq!(written, "<bdi>&lt;b&gt;&quot;a&quot; &amp; 'c'\u{fffd} \u{202e}</bdi>");
        assert_eq!(beside("javascript:a b/\"é"), "./javascript%3Aa%20b%2F%22%C3%A9");
    }
}
