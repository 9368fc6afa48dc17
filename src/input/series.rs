//! A recorded series: a CSV file with a row for each second, from `t_s` on.
//!
//! `t_s` is whole seconds, one more from row to row. Beside it a file has how many instances were
//! `ready`, and what was observed; other columns are passed over.

use std::fs::File;
use std::io;
use std::path::Path;

use csv::ByteRecord;

use super::complaints::{Complaints, Wrong};
use super::rows::column;
use crate::scenario::problem::Problems;
use crate::scenario::{Series, Signal};

/// The last second that a series may have: some three thousand years.
const LATEST: f64 = 1e11;

/// What is wanted of a series.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Whether it says how many instances were ready.
    pub ready: bool,
    /// What was observed; of several, those that are there.
    pub signals: &'a [Signal],
}

/// Reads a series.
///
/// # Errors
/// Everything wrong with the file, located in it: it can't be read, lacks a column or all rows, or
/// has rows out of order, seconds left out, or cells that are not numbers.
pub fn read_series(path: &Path, wanted: Wanted<'_>) -> Result<Series, Problems> {
    let mut wrong = Complaints::of(path, "series", "--series");
    let read = read(path, wanted, &mut wrong);
    let problems = wrong.finish();
    match read {
        Some(series) if !problems.has_errors() => Ok(series),
        _ => Err(problems),
    }
}

/// Where the columns in question are.
struct Columns {
    names: Vec<String>,
    time: usize,
    ready: Option<usize>,
    signals: Vec<(Signal, usize)>,
}

fn read(path: &Path, wanted: Wanted<'_>, wrong: &mut Complaints<'_>) -> Option<Series> {
    let file = match File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::Error::other("it is a folder")),
        false => Ok(file),
    }) {
        Ok(file) => file,
        Err(error) => {
            wrong.unreadable(&error);
            return None;
        }
    };
    let mut csv =
        csv::ReaderBuilder::new().flexible(true).buffer_capacity(1 << 16).from_reader(file);
    let header = match csv.byte_headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            wrong.unreadable(&io::Error::other(error.to_string()));
            return None;
        }
    };
    let columns = columns(&header, wanted, wrong)?;
    let mut series = Series::default();
    let (mut record, mut before) = (ByteRecord::new(), None);
    loop {
        match csv.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                wrong.unreadable(&io::Error::other(error.to_string()));
                return None;
            }
        }
        if let Err(what) = row(&record, &columns, &mut before, &mut series) {
            wrong.wrong(record.position().map_or(0, csv::Position::byte), what);
        }
    }
    if before.is_none() && !wrong.any() {
        let title = "the series has a header and no rows".to_owned();
        wrong.wrong(0, (None, title, "nothing follows the header".to_owned()));
    }
    Some(series)
}

fn columns(header: &ByteRecord, wanted: Wanted<'_>, wrong: &mut Complaints<'_>) -> Option<Columns> {
    let clean = |field: &[u8]| {
        let field = field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field);
        String::from_utf8_lossy(field.trim_ascii()).into_owned()
    };
    let names: Vec<String> = header.iter().map(clean).collect();
    if names.is_empty() {
        wrong.wrong(0, (None, "the series is empty".to_owned(), "nothing here".to_owned()));
        return None;
    }
    let time = column(&names, "t_s", wrong);
    let ready = wanted.ready.then(|| column(&names, "ready", wrong));
    let there = |signal: &&Signal| names.iter().any(|name| name == signal.name());
    let some: Vec<&Signal> = wanted.signals.iter().filter(there).collect();
    // Where none is there the first is missing.
    let asked = if some.is_empty() { wanted.signals.first().into_iter().collect() } else { some };
    let signals: Option<Vec<(Signal, usize)>> = asked
        .iter()
        .map(|signal| Some((**signal, column(&names, signal.name(), wrong)?)))
        .collect();
    let (time, signals) = (time?, signals?);
    let ready = match ready {
        Some(found) => Some(found?),
        None => None,
    };
    Some(Columns { names, time, ready, signals })
}

/// One row into the series; `before` is the second of the last one.
fn row(
    record: &ByteRecord,
    columns: &Columns,
    before: &mut Option<u64>,
    series: &mut Series,
) -> Result<(), Wrong> {
    let (have, names) = (record.len(), &columns.names);
    if have != names.len() {
        let title = format!("a row of the series has {have} fields, its header {}", names.len());
        return Err((None, title, "a comma too many or too few".to_owned()));
    }
    let cell = |column: usize| number(record, column, &names[column]);
    let wrong = |column: usize, what: &str, label: String| {
        Err((Some(column), format!("`{}` {what}", names[column]), label))
    };
    let second = match cell(columns.time)? {
        Some(at) if at.fract() == 0.0 && at <= LATEST => at as u64,
        Some(_) => {
            return wrong(columns.time, "is no whole second", "a series has a row a second".into());
        }
        None => return wrong(columns.time, "is empty", "expected a second".into()),
    };
    let last = before.replace(second);
    match last {
        Some(last) if second == last => {
            return wrong(
                columns.time,
                "stands twice",
                format!("second {last} is in the row before"),
            );
        }
        Some(last) if second < last => {
            return wrong(columns.time, "is out of order", format!("after second {last}"));
        }
        Some(last) if second > last + 1 => {
            let left_out = match second - last - 1 {
                1 => format!("second {} is left out", last + 1),
                _ => format!("seconds {} to {} are left out", last + 1, second - 1),
            };
            let label = format!("{left_out}: a row with empty cells says that there was no report");
            return wrong(columns.time, "leaves a gap", label);
        }
        Some(_) => {}
        None => series.first = second,
    }
    if let Some(column) = columns.ready {
        match cell(column)? {
            Some(ready) if ready.fract() == 0.0 && ready <= f64::from(u32::MAX) => {
                series.ready.push(ready as u32);
            }
            Some(_) => return wrong(column, "is no whole number", "expected instances".into()),
            None => {
                return wrong(column, "is empty", "every second has its ready instances".into());
            }
        }
    }
    for &(signal, column) in &columns.signals {
        let value = cell(column)?;
        if value.is_none() && signal == Signal::Load {
            return wrong(column, "is empty", "every second has its offered load".into());
        }
        series.signals[signal as usize].push(value);
    }
    series.length += 1;
    Ok(())
}

/// A number of a row, zero or more; absent where the cell is empty.
fn number(record: &ByteRecord, column: usize, name: &str) -> Result<Option<f64>, Wrong> {
    let field = record.get(column).unwrap_or_default().trim_ascii();
    if field.is_empty() {
        return Ok(None);
    }
    let wrong =
        |what: &str, label: &str| Err((Some(column), format!("`{name}` {what}"), label.to_owned()));
    let digits = field.iter().any(u8::is_ascii_digit);
    let parsed = std::str::from_utf8(field).ok().and_then(|text| text.parse::<f64>().ok());
    match parsed.filter(|_| digits) {
        None => wrong("is no number", "expected a number, 0 or more"),
        Some(number) if number < 0.0 => wrong("is negative", "expected a number, 0 or more"),
        Some(number) if number > 1e15 => wrong("is out of bounds", "must be at most 1e15"),
        Some(number) => Ok(Some(number)),
    }
}
