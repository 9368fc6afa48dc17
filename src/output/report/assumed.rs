//! What a run leaned on that nobody but keyscale says, from `defaults.csv`.

use std::path::Path;

use maud::{Markup, html};

use super::markup::{Outside, link};
use crate::error::Error;
use crate::output::csv::Table;
use crate::output::numbers::counted;

/// Values that are told.
const MOST: usize = 120;

/// The values that are keyscale's own: assumptions, and those that a page documents.
///
/// # Errors
/// [`Error::Outside`] where `defaults.csv` can't be read, [`Error::Usage`] where it is no such table.
pub fn assumptions(folder: &Path) -> Result<Markup, Error> {
    let path = folder.join("defaults.csv");
    let names = ["key", "value", "source", "meaning"];
    let kept = Table::open(&path, &names, &[], |_| true)?;
    let [keys, values, sources, meanings] = names.map(|name| kept.texts(name));
    let mut rows: Vec<Assumed> = Vec::new();
    for at in 0..kept.len() {
        let [value, source, meaning] = [&values[at], &sources[at], &meanings[at]];
        let same = |row: &&mut Assumed| {
            row.value == *value && row.source == *source && row.meaning == *meaning
        };
        match rows.iter_mut().find(same) {
            Some(row) => row.keys.push(keys[at].clone()),
            None => rows.push(Assumed {
                keys: vec![keys[at].clone()],
                value: value.clone(),
                source: source.clone(),
                meaning: meaning.clone(),
            }),
        }
    }
    let (assumed, documented): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.source.starts_with("Assumption:"));
    Ok(html! {
        h2 { "Assumptions" }
        p.note {
            "What this run leans on and nobody but keyscale says: values that the scenario leaves \
             to it, or has in common with it. As rows: " (link("defaults.csv")) "."
        }
        @if assumed.is_empty() { p { "None." } } @else { (values_told(&assumed)) }
        @if !documented.is_empty() {
            details {
                summary { (counted(documented.len() as u64, "more default")) ", which a page documents or other keys imply" }
                (values_told(&documented))
            }
        }
    })
}

/// A value that is keyscale's own, with all keys that have it.
struct Assumed {
    keys: Vec<String>,
    value: String,
    source: String,
    meaning: String,
}

/// A row a value; of many, the first ones.
fn values_told(rows: &[Assumed]) -> Markup {
    const KEYS: usize = 4;
    html! {
        div.wide { table.whole {
            thead { tr {
                th scope="col" { "key" } th scope="col" { "value" } th scope="col" { "where it comes from" }
            } }
            tbody { @for row in rows.iter().take(MOST) { tr {
                td {
                    @for key in row.keys.iter().take(KEYS) { code { (Outside(key)) } br; }
                    @if row.keys.len() > KEYS { "and " (row.keys.len() - KEYS) " more" br; }
                    span.note { (Outside(&row.meaning)) }
                }
                td { code { (Outside(&row.value)) } }
                td { (Outside(&row.source)) }
            } } }
        } }
        @if rows.len() > MOST { p.note { "and " (rows.len() - MOST) " more: " (link("defaults.csv")) } }
    }
}
