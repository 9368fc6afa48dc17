//! What a policy must decide: a CSV file with the columns of a replay, a row a decision.

use std::fs::File;
use std::io;
use std::path::Path;

use csv::StringRecord;

use super::complaints::Complaints;
use super::rows::column;
use crate::scenario::Decisions;
use crate::scenario::problem::Problems;

/// Reads the columns of a replay; others are passed over.
///
/// # Errors
/// Everything wrong with the file, located in it: it can't be read, lacks a column or all rows, or
/// has rows that are longer or shorter than its header.
pub fn read_decisions(path: &Path, columns: &[&str], key: &str) -> Result<Decisions, Problems> {
    let mut wrong = Complaints::of(path, "file of decisions", key);
    let read = read(path, columns, &mut wrong);
    let problems = wrong.finish();
    match read {
        Some(decisions) if !problems.has_errors() => Ok(decisions),
        _ => Err(problems),
    }
}

fn read(path: &Path, columns: &[&str], wrong: &mut Complaints<'_>) -> Option<Decisions> {
    let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::Error::other("it is a folder")),
        false => Ok(file),
    });
    let file = opened.map_err(|error| wrong.unreadable(&error)).ok()?;
    let mut csv = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(file);
    let other = |error: csv::Error| io::Error::other(error.to_string());
    let header = csv.headers().cloned();
    let header = header.map_err(|error| wrong.unreadable(&other(error))).ok()?;
    let names: Vec<String> = header.iter().map(str::to_owned).collect();
    let places: Vec<Option<usize>> =
        columns.iter().map(|name| column(&names, name, wrong)).collect();
    let places: Vec<usize> = places.into_iter().collect::<Option<_>>()?;
    let columns = columns.iter().map(|&name| name.to_owned()).collect();
    let mut decisions = Decisions { columns, rows: Vec::new() };
    let mut record = StringRecord::new();
    while csv.read_record(&mut record).map_err(|error| wrong.unreadable(&other(error))).ok()? {
        let byte = record.position().map_or(0, csv::Position::byte);
        if record.len() != names.len() {
            let (have, all) = (record.len(), names.len());
            let title = format!("a decision has {have} fields, the header {all}");
            wrong.wrong(byte, (None, title, "a comma too many or too few".to_owned()));
            continue;
        }
        decisions.rows.push(places.iter().map(|&at| record[at].to_owned()).collect());
    }
    if decisions.rows.is_empty() && !wrong.any() {
        let title = "the file of decisions has a header and no rows".to_owned();
        wrong.wrong(0, (None, title, "nothing follows the header".to_owned()));
    }
    Some(decisions)
}
