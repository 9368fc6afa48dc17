//! The rows of a CSV file of load: an instant, and a count where there is a column for it.

use std::io::{self, Read};

use csv::ByteRecord;

use super::complaints::{Complaints, Wrong};
use super::decimal::Decimal;
use super::digest::FileDigest;
use super::file::Text;
use crate::scenario::TraceFile;
use crate::units::{SECOND, SimDuration};

/// Seconds of which nobody means that many: milliseconds since 1970 passed it in 1973.
const IMPLAUSIBLE: i128 = 100_000_000_000 * SECOND as i128;

/// Rows that are read: they are held in memory, some gigabytes of them at most.
const MOST: usize = 100_000_000;

/// One row, and where it begins in the file.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Nanoseconds from the file's first row.
    pub at: i64,
    /// Arrivals; one where the file has no counts.
    pub count: u64,
    /// Its service time, where the file has them.
    pub work: SimDuration,
    /// Position of its first byte.
    pub byte: u64,
}

/// Where the columns in question are.
pub(super) struct Columns {
    /// Of instants.
    pub time: usize,
    /// Of counts.
    pub count: Option<usize>,
    /// Of service times, and the length of one in it.
    pub work: Option<(usize, SimDuration)>,
    /// Names of all, for messages.
    names: Vec<String>,
}

/// How a file writes its instants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// Seconds from an origin of the file's own.
    Seconds,
    /// A date and a time with their zone.
    Zoned,
    /// A date and a time without one.
    Civil,
}

impl Clock {
    /// Reads an instant in nanoseconds from the clock's origin.
    fn read(text: &[u8]) -> Option<(Self, i128)> {
        if let Some(number) = Decimal::parse(text) {
            return number.whole(9).map(|(ns, _)| (Self::Seconds, ns));
        }
        let text = std::str::from_utf8(text).ok()?;
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some((Self::Zoned, instant.as_nanosecond()));
        }
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        let since = civil.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0));
        Some((Self::Civil, since.as_nanos()))
    }

    /// The kind in words.
    fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Zoned => "instants with a zone",
            Self::Civil => "dates without a zone",
        }
    }
}

/// What a file holds.
pub(super) struct Content {
    /// All rows in the file's order, at least one.
    pub rows: Vec<Row>,
    /// Where the columns in question are.
    pub columns: Columns,
    /// The file as it was read.
    pub digest: FileDigest,
}

/// What a file holds; `None` after an error.
pub(super) fn read(file: &TraceFile, wrong: &mut Complaints<'_>) -> Option<Content> {
    let source = match Text::open(&file.path) {
        Ok(source) => source,
        Err(error) => {
            wrong.unreadable(&error);
            return None;
        }
    };
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(source);
    let columns = columns(file, &mut csv, wrong)?;
    let rows = rows(&mut csv, &columns, wrong)?;
    // All of the file has gone through the reader: the rows end where it ends.
    let digest = csv.into_inner().digest();
    Some(Content { rows, columns, digest })
}

/// The first row of a file, raw and as the names of its columns; `None`, and told, where there is
/// none.
pub(super) fn header(
    csv: &mut csv::Reader<impl Read>,
    wrong: &mut Complaints<'_>,
) -> Option<(ByteRecord, Vec<String>)> {
    let header = match csv.byte_headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            wrong.unreadable(&io::Error::other(error.to_string()));
            return None;
        }
    };
    let clean = |field: &[u8]| String::from_utf8_lossy(field.trim_ascii()).into_owned();
    let names: Vec<String> = header.iter().map(clean).collect();
    if names.is_empty() {
        wrong.wrong(0, (None, format!("the {} is empty", wrong.noun), "nothing here".to_owned()));
        return None;
    }
    Some((header, names))
}

/// The columns by name; `None` where the header lacks one.
fn columns(
    file: &TraceFile,
    csv: &mut csv::Reader<impl Read>,
    wrong: &mut Complaints<'_>,
) -> Option<Columns> {
    let (header, names) = header(csv, wrong)?;
    if header.iter().all(|field| Clock::read(field.trim_ascii()).is_some()) {
        let label = "expected the columns' names, found values".to_owned();
        wrong.wrong(0, (None, "the load file has no header".to_owned(), label));
        return None;
    }
    let time = match &file.time {
        Some(name) => column(&names, name, wrong),
        None => Some(0),
    };
    let count = file.count.as_ref().map(|name| column(&names, name, wrong));
    let work = file.work.as_ref().map(|(name, unit)| Some((column(&names, name, wrong)?, *unit)));
    // A column that is wanted and not there is wrong; one that is not wanted is not.
    let (count, work) = (all(count)?, all(work)?);
    Some(Columns { time: time?, count, work, names })
}

/// What was looked for and found, or was not looked for.
fn all<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        Some(None) => None,
        Some(found) => Some(found),
        None => Some(None),
    }
}

/// Where the one column of a name is.
pub(super) fn column(names: &[String], wanted: &str, wrong: &mut Complaints<'_>) -> Option<usize> {
    let mut found = (0..names.len()).filter(|&i| names[i] == wanted);
    match (found.next(), found.next()) {
        (Some(at), None) => return Some(at),
        (Some(_), Some(second)) => {
            let title = format!("the {} has several columns `{wanted}`", wrong.noun);
            wrong.wrong(0, (Some(second), title, "named a second time here".to_owned()));
        }
        (None, _) => {
            let title = format!("the {} has no column `{wanted}`", wrong.noun);
            let some: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
            let label = format!("its columns are {}", some.join(", "));
            let near = nearest(names, wanted).map(|name| format!("did you mean `{name}`?"));
            let other = names.len() == 1 && names[0].contains([';', '\t']);
            let help = near.or(other.then(|| "separate the columns by commas".to_owned()));
            wrong.wrong_with_help(0, (None, title, label), help.as_deref());
        }
    }
    None
}

/// The name most like the wanted one, if any is.
fn nearest<'n>(names: &'n [String], wanted: &str) -> Option<&'n String> {
    let likeness = |name: &&String| {
        (strsim::jaro_winkler(&name.to_lowercase(), &wanted.to_lowercase()) * 1e6) as u64
    };
    names.iter().max_by_key(likeness).filter(|name| likeness(name) > 700_000)
}

/// All rows that can be used; `None` where there is none.
fn rows(
    csv: &mut csv::Reader<impl Read>,
    columns: &Columns,
    wrong: &mut Complaints<'_>,
) -> Option<Vec<Row>> {
    let (mut record, mut rows) = (ByteRecord::new(), Vec::new());
    let (mut first, mut any) = (None, false);
    loop {
        match csv.read_byte_record(&mut record) {
            Ok(true) => any = true,
            Ok(false) => break,
            Err(error) => {
                wrong.unreadable(&io::Error::other(error.to_string()));
                return None;
            }
        }
        let byte = record.position().map_or(0, csv::Position::byte);
        if rows.len() == MOST {
            let label = "one row too many".to_owned();
            wrong.wrong(byte, (None, format!("the load file has more than {MOST} rows"), label));
            return None;
        }
        match row(&record, columns, &mut first) {
            Ok((at, count, work)) => rows.push(Row { at, count, work, byte }),
            Err(what) => wrong.wrong(byte, what),
        }
    }
    if !any {
        let title = "empty trace: the load file has a header and no rows".to_owned();
        wrong.wrong(0, (None, title, "nothing follows the header".to_owned()));
    }
    if let (Some((Clock::Seconds, IMPLAUSIBLE..)), Some(row)) = (first, rows.first()) {
        let title = "the instants of the load file are read as seconds";
        let label = "seconds since 1970 have ten digits";
        let help = Some("divide milliseconds by 1,000 first");
        wrong.warn(row.byte, columns.time, title, label, help);
    }
    if let (Some((column, _)), false) = (columns.work, rows.is_empty()) {
        let title = "recorded durations serve as service times";
        let label = "of the requests that are replayed";
        let help = "a latency from a log has waits and cold starts in it: leave `duration` out to \
                    draw service times from `service_time`";
        wrong.warn(0, column, title, label, Some(help));
    }
    (!rows.is_empty()).then_some(rows)
}

/// One row's instant since the file's first, and its count; the first row sets clock and origin.
fn row(
    record: &ByteRecord,
    columns: &Columns,
    first: &mut Option<(Clock, i128)>,
) -> Result<(i64, u64, SimDuration), Wrong> {
    let (have, names) = (record.len(), &columns.names);
    if have != names.len() {
        let title = format!("a row of the load file has {have} fields, its header {}", names.len());
        return Err((None, title, "a comma too many or too few".to_owned()));
    }
    let field = |column: usize| record.get(column).unwrap_or_default().trim_ascii();
    let wrong = |column: usize, what: &str, label: String| {
        Err((Some(column), format!("`{}` {what}", names[column]), label))
    };
    let time = columns.time;
    let Some((clock, ns)) = Clock::read(field(time)) else {
        let label = "expected seconds such as 12.5 or an instant such as 2026-11-24 08:00:00";
        return wrong(time, "is no instant", label.to_owned());
    };
    let (kind, origin) = *first.get_or_insert((clock, ns));
    if clock != kind {
        let label = format!("these are {}, the first row's {}", clock.name(), kind.name());
        return wrong(time, "changes its kind of instant", label);
    }
    let Ok(at) = i64::try_from(ns - origin) else {
        return wrong(time, "is more than 292 years off", "from the first row".to_owned());
    };
    if let Some((column, unit)) = columns.work {
        let length = Decimal::parse(field(column)).and_then(|number| number.times(unit.0));
        return match length {
            Some(length) => Ok((at, 1, SimDuration(length))),
            None => wrong(column, "is no duration", "expected a number, 0 or more".to_owned()),
        };
    }
    let Some(column) = columns.count else { return Ok((at, 1, SimDuration::ZERO)) };
    let expected = || "expected a whole number of arrivals, 0 or more".to_owned();
    let Some(number) = Decimal::parse(field(column)) else {
        return wrong(column, "is no number", expected());
    };
    if number.is_negative() {
        return wrong(column, "is negative", expected());
    }
    match number.whole(0) {
        Some((_, false)) => wrong(column, "is no whole number", expected()),
        Some((whole, true)) if u64::try_from(whole).is_ok() => {
            Ok((at, whole as u64, SimDuration::ZERO))
        }
        Some((_, true)) | None => wrong(column, "is beyond 2^64", expected()),
    }
}
