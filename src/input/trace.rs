//! Recorded load: a CSV file with a header becomes a [`Trace`].
//!
//! The time column holds seconds from any origin (`12.5`), instants (`1998-06-08T00:00:00Z`) or
//! dates with a time of day and no zone (`1998-06-08 00:00:00`), one kind a file. Instants count
//! from the earliest row. With a column of counts each row is a bucket that begins at its
//! instant; buckets may leave gaps, so files that omit zeros read as they are. Without one each
//! row is an arrival.
//!
//! Rows are read as bytes, one at a time; 24 bytes a row are kept until the trace is made.

use super::complaints::Complaints;
use super::decimal::Decimal;
use super::digest::FileDigest;
use super::rows::{self, Columns, Content, Row};
use crate::scenario::problem::Problems;
use crate::scenario::{Bucket, Trace, TraceFile};
use crate::units::SimDuration;

/// A file of load, read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The trace.
    pub trace: Trace,
    /// What was found in the file and what the reader decided, in a sentence.
    pub note: String,
    /// The file as it was when it was read.
    pub digest: FileDigest,
    /// What a person should look at; no errors.
    pub warnings: Problems,
}

/// Reads a file of load.
///
/// # Errors
/// Everything wrong with the file, located in it, the first problem with the scenario's key that
/// names the file: it can't be read, is empty, lacks a column, rows that are no instant or no
/// count (the first few, then how many more), or buckets that overlap.
pub fn read_trace(file: &TraceFile) -> Result<Reading, Problems> {
    let mut wrong = Complaints::about(file);
    let made = read(file, &mut wrong);
    let warnings = wrong.finish();
    match made {
        Some((trace, note, digest)) if !warnings.has_errors() => {
            Ok(Reading { trace, note, digest, warnings })
        }
        Some(_) | None => Err(warnings),
    }
}

/// The trace with its note and the file's digest; `None` after an error.
fn read(file: &TraceFile, wrong: &mut Complaints<'_>) -> Option<(Trace, String, FileDigest)> {
    let Content { mut rows, columns, digest } = rows::read(file, wrong)?;
    // What is left of a file with wrong rows says nothing of the width of its buckets.
    if wrong.any() {
        return None;
    }
    if let Some(at) = rows.windows(2).position(|pair| pair[1].at < pair[0].at) {
        let title = "the rows of the load file are not in order of time: sorted";
        let label = "earlier than the row before";
        wrong.warn(rows[at + 1].byte, columns.time, title, label, None);
        rows.sort_by_key(|row| row.at);
    }
    let (trace, found) = match columns.count {
        Some(count) => buckets(file, &rows, &columns, count, wrong)?,
        None => instants(file, &rows, &columns, wrong)?,
    };
    let (path, total, end) = (file.path.display(), trace.total(), trace.end);
    let scaled = match file.scale.0 {
        1.0 => String::new(),
        factor => format!(", scaled by {factor}"),
    };
    Some((trace, format!("{path}: {found}, {total} arrivals in {end}{scaled}"), digest))
}

/// Buckets from rows in order of time, and what was found.
fn buckets(
    file: &TraceFile,
    rows: &[Row],
    columns: &Columns,
    count: usize,
    wrong: &mut Complaints<'_>,
) -> Option<(Trace, String)> {
    let Some(width) = file.bucket.or_else(|| commonest_distance(rows)) else {
        let title = "one instant can't tell how long its bucket is".to_owned();
        let what = (Some(columns.time), title, "the only one of the load file".to_owned());
        let help = "say it beside the file's name, as in bucket = \"60s\"";
        wrong.wrong_with_help(rows[0].byte, what, Some(help));
        return None;
    };
    for pair in rows.windows(2) {
        let distance = since(pair[1].at, pair[0].at);
        if distance < width {
            let again = match distance {
                SimDuration::ZERO => "the same instant again".to_owned(),
                _ => format!("the next begins {distance} later"),
            };
            let begun = format!("a bucket of {width} begins here");
            let told = file.bucket.is_some() || distance == SimDuration::ZERO;
            let help = "where the commonest distance of rows is not their width, set `bucket`";
            let title = "two rows of the load file count the same time";
            let both = [(pair[0].byte, begun), (pair[1].byte, again)];
            wrong.clash(title, columns.time, both, (!told).then_some(help));
        }
    }
    let (first, last) = (rows[0].at, rows[rows.len() - 1].at);
    let made = scaled(file, rows, Some(count), wrong, |row, count| Bucket {
        at: since(row.at, first),
        width,
        count,
    })?;
    let end = since(last, first) + width;
    let seen = if file.bucket.is_none() { " (the commonest distance of rows)" } else { "" };
    let found = format!("{} buckets of {width}{seen}", rows.len());
    Some((Trace { buckets: made, spread: Some(file.spread), end }, found))
}

/// Arrivals from rows in order of time, those of one instant together, and what was found.
fn instants(
    file: &TraceFile,
    rows: &[Row],
    columns: &Columns,
    wrong: &mut Complaints<'_>,
) -> Option<(Trace, String)> {
    let (first, last) = (rows[0].at, rows[rows.len() - 1].at);
    let mut made = scaled(file, rows, Some(columns.time), wrong, |row, count| Bucket {
        at: since(row.at, first),
        width: SimDuration::ZERO,
        count,
    })?;
    made.dedup_by(|later, earlier| {
        let same = later.at == earlier.at;
        earlier.count += if same { later.count } else { 0 };
        same
    });
    // An arrival at the very end would lie outside the half-open run.
    let end = since(last, first) + SimDuration(1);
    let found = format!("{} instants", rows.len());
    Some((Trace { buckets: made, spread: None, end }, found))
}

/// Rows with their scaled counts; the scale applies to the running total, so that the whole is
/// exact. Rows left with nothing are left out.
fn scaled(
    file: &TraceFile,
    rows: &[Row],
    column: Option<usize>,
    wrong: &mut Complaints<'_>,
    make: impl Fn(&Row, u64) -> Bucket,
) -> Option<Vec<Bucket>> {
    let scale = Decimal::of(file.scale.0);
    let (mut made, mut total, mut before) = (Vec::with_capacity(rows.len()), 0_u64, 0);
    for row in rows {
        let sum = total.checked_add(row.count);
        let Some(now) = sum.and_then(|sum| scale?.times(sum)) else {
            let title = "the load file counts more than 2^64 arrivals".to_owned();
            wrong.wrong(row.byte, (column, title, "with this row".to_owned()));
            return None;
        };
        total += row.count;
        if now > before {
            made.push(make(row, now - before));
        }
        before = now;
    }
    Some(made)
}

/// The distance between two instants in order.
fn since(later: i64, earlier: i64) -> SimDuration {
    SimDuration(later.abs_diff(earlier))
}

/// The commonest distance between neighbours that differ, the shortest of equally common ones.
fn commonest_distance(rows: &[Row]) -> Option<SimDuration> {
    let mut distances: Vec<u64> = rows.windows(2).map(|p| p[1].at.abs_diff(p[0].at)).collect();
    distances.retain(|&d| d > 0);
    distances.sort_unstable();
    let runs: Vec<&[u64]> = distances.chunk_by(|a, b| a == b).collect();
    // Of equally long runs `max_by_key` takes the last: backwards, that is the shortest distance.
    runs.iter().rev().max_by_key(|run| run.len()).map(|run| SimDuration(run[0]))
}
