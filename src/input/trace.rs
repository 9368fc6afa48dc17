//! Recorded load: a CSV file with a header becomes a [`Trace`].
//!
//! The time column holds seconds from any origin (`12.5`), instants (`1998-06-08T00:00:00Z`) or
//! dates with a time of day and no zone (`1998-06-08 00:00:00`), one kind a file. Instants count
//! from the earliest row. With a column of counts each row is a bucket that begins at its
//! instant; buckets may leave gaps, so files that omit zeros read as they are. Without one each
//! row is an arrival.
//!
//! Of all that, a part may be cut out, and its time and its counts be scaled: in this order, so
//! that a cut is said in the recording's own time.
//!
//! Rows are read as bytes, one at a time; 32 bytes a row are kept until the trace is made.

use super::complaints::Complaints;
use super::decimal::Decimal;
use super::digest::FileDigest;
use super::rows::{self, Columns, Content, Row};
use crate::scenario::problem::Problems;
use crate::scenario::{Bucket, Spread, Trace, TraceFile};
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
    let mut note = format!("{path}: {found}, {total} arrivals in {end}");
    if file.scale.0 != 1.0 {
        note += &format!(", scaled by {}", file.scale.0);
    }
    if file.time_scale != 1.0 {
        note += &format!(", its time by {}", file.time_scale);
    }
    if file.looped {
        note += ", again and again";
    }
    Some((trace, note, digest))
}

/// A row's part of what is replayed.
struct Part {
    /// Since the start of what is replayed.
    at: SimDuration,
    width: SimDuration,
    count: u64,
    work: SimDuration,
    byte: u64,
}

/// What is replayed of the recording, in nanoseconds since its first row.
struct Cut {
    from: u64,
    until: u64,
    /// Where the first row begins in the file.
    byte: u64,
}

impl Cut {
    fn of(file: &TraceFile, rows: &[Row], end: SimDuration) -> Self {
        Self { from: file.from.0, until: file.until.unwrap_or(end).0, byte: rows[0].byte }
    }

    /// The part of a row that counts from `at` on, if there is any: of a bucket that is cut, the
    /// share of its arrivals that is the share of its time.
    fn part(&self, at: SimDuration, width: SimDuration, row: &Row) -> Option<Part> {
        let (start, end) = (at.0.max(self.from), (at.0.saturating_add(width.0)).min(self.until));
        let none = if width.0 == 0 { at.0 < self.from || at.0 >= self.until } else { start >= end };
        if none {
            return None;
        }
        let (inside, whole) = (u128::from(end - start), u128::from(width.0));
        let count = match inside == whole {
            true => row.count,
            false => ((u128::from(row.count) * inside + whole / 2) / whole) as u64,
        };
        let (at, width) = (SimDuration(start - self.from), SimDuration(end - start));
        Some(Part { at, width, count, work: row.work, byte: row.byte })
    }
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
    let cut = Cut::of(file, rows, since(last, first) + width);
    let parts = rows.iter().filter_map(|row| cut.part(since(row.at, first), width, row));
    let trace = made(file, parts.collect(), count, &cut, Some(file.spread), columns, wrong)?;
    let seen = if file.bucket.is_none() { " (the commonest distance of rows)" } else { "" };
    Some((trace, format!("{} buckets of {width}{seen}", rows.len())))
}

/// Arrivals from rows in order of time, those of one instant together unless each has a service
/// time of its own, and what was found.
fn instants(
    file: &TraceFile,
    rows: &[Row],
    columns: &Columns,
    wrong: &mut Complaints<'_>,
) -> Option<(Trace, String)> {
    let (first, last) = (rows[0].at, rows[rows.len() - 1].at);
    let length = since(last, first);
    let gaps = rows.len() as u64 - 1;
    // An arrival at the very end would lie outside the half-open run; a round of a loop is as
    // much longer as arrivals are apart on average.
    let gap = if file.looped { length.0.checked_div(gaps).unwrap_or(0) } else { 1 };
    if file.looped && file.until.is_none() && gap == 0 {
        let title = "one instant can't tell how long a round of the loop is".to_owned();
        let what = (Some(columns.time), title, "the only one of the load file".to_owned());
        let help = "say it beside the file's name, as in until = \"1h\"";
        wrong.wrong_with_help(rows[0].byte, what, Some(help));
        return None;
    }
    let cut = Cut::of(file, rows, length + SimDuration(gap));
    let parts = rows.iter().filter_map(|r| cut.part(since(r.at, first), SimDuration::ZERO, r));
    let mut trace = made(file, parts.collect(), columns.time, &cut, None, columns, wrong)?;
    if trace.works.is_empty() {
        trace.buckets.dedup_by(|later, earlier| {
            let same = later.at == earlier.at;
            earlier.count += if same { later.count } else { 0 };
            same
        });
    }
    Some((trace, format!("{} instants", rows.len())))
}

/// The trace of the parts that are replayed, scaled; parts left with nothing are left out.
/// `column` is what a problem with their number is said of.
fn made(
    file: &TraceFile,
    parts: Vec<Part>,
    column: usize,
    cut: &Cut,
    spread: Option<Spread>,
    columns: &Columns,
    wrong: &mut Complaints<'_>,
) -> Option<Trace> {
    if parts.is_empty() {
        let title = "nothing of the load file is replayed".to_owned();
        let label = "the first row; `from` and `until` count from here".to_owned();
        wrong.wrong(cut.byte, (Some(columns.time), title, label));
        return None;
    }
    let mean = spread == Some(Spread::Poisson);
    // A mean may be a fraction, so that its bucket keeps what is counted.
    let scale = if mean { Decimal::of(1.0) } else { Decimal::of(file.scale.0) };
    let (mut total, mut before) = (0_u64, 0);
    let (mut buckets, mut works) = (Vec::with_capacity(parts.len()), Vec::new());
    for part in &parts {
        let sum = total.checked_add(part.count);
        let Some(now) = sum.and_then(|sum| scale?.times(sum)) else {
            let title = "the load file counts more than 2^64 arrivals".to_owned();
            wrong.wrong(part.byte, (Some(column), title, "with this row".to_owned()));
            return None;
        };
        total += part.count;
        if now > before {
            let [at, end] = [part.at, part.at + part.width].map(|t| timed(file, t));
            buckets.push(Bucket { at, width: end - at, count: now - before });
            if columns.work.is_some() {
                works.push(part.work);
            }
        }
        before = now;
    }
    let end = timed(file, SimDuration(cut.until - cut.from)).max(SimDuration(1));
    let rate_scale = if mean { file.scale.0 } else { 1.0 };
    let (shift, looped) = (file.shift, file.looped);
    Some(Trace { buckets, works, spread, rate_scale, shift, end, looped })
}

/// Time of the run for time of the recording.
fn timed(file: &TraceFile, length: SimDuration) -> SimDuration {
    // A float has fewer digits than a long recording has nanoseconds.
    if file.time_scale == 1.0 { length } else { length.scaled(file.time_scale) }
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
