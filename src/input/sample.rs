//! Recorded lengths: a column of a CSV file with a header becomes the [`Sample`] of an empirical
//! law. Other columns are passed over, and rows may stand in any order.

use std::io;

use csv::ByteRecord;

use super::complaints::{Complaints, Wrong};
use super::decimal::Decimal;
use super::digest::FileDigest;
use super::file::Text;
use super::rows::{column, header};
use crate::distribution::Sample;
use crate::scenario::SampleFile;
use crate::scenario::problem::Problems;
use crate::units::SimDuration;

/// Lengths that are read: they are held in memory, eight bytes each.
const MOST: usize = 100_000_000;

/// The longest: a hundred years, as for every length of a scenario.
const LONGEST: SimDuration = SimDuration::from_secs(36_500 * 86_400);

/// A file of lengths, read.
#[derive(Clone, Debug)]
pub struct SampleReading {
    /// The lengths.
    pub sample: Sample,
    /// What was found in the file, in a sentence.
    pub note: String,
    /// The file as it was when it was read.
    pub digest: FileDigest,
}

/// Reads a file of lengths.
///
/// # Errors
/// Everything wrong with the file, located in it, the first problem with the scenario's key that
/// names the file: it can't be read, is empty, lacks the column, or has cells that are empty or no
/// numbers, negative or too large (the first few, then how many more).
pub fn read_sample(file: &SampleFile) -> Result<SampleReading, Problems> {
    let mut wrong = Complaints::of(&file.path, "file of lengths", &file.key);
    let read = read(file, &mut wrong);
    let problems = wrong.finish();
    match read {
        Some(reading) if !problems.has_errors() => Ok(reading),
        Some(_) | None => Err(problems),
    }
}

fn read(file: &SampleFile, wrong: &mut Complaints<'_>) -> Option<SampleReading> {
    let source = match Text::open(&file.path) {
        Ok(source) => source,
        Err(error) => {
            wrong.unreadable(&error);
            return None;
        }
    };
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(source);
    let (_, names) = header(&mut csv, wrong)?;
    let at = column(&names, &file.column, wrong)?;
    let (mut record, mut lengths) = (ByteRecord::new(), Vec::new());
    loop {
        match csv.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                wrong.unreadable(&io::Error::other(error.to_string()));
                return None;
            }
        }
        let byte = record.position().map_or(0, csv::Position::byte);
        if lengths.len() == MOST {
            let title = format!("the file of lengths has more than {MOST} rows");
            wrong.wrong(byte, (None, title, "one row too many".to_owned()));
            return None;
        }
        match length(&record, &names, at, file.unit) {
            Ok(length) => lengths.push(length),
            Err(what) => wrong.wrong(byte, what),
        }
    }
    let Some(sample) = Sample::new(lengths) else {
        if !wrong.any() {
            let title = "the file of lengths has a header and no rows".to_owned();
            wrong.wrong(0, (None, title, "nothing follows the header".to_owned()));
        }
        return None;
    };
    let [median, p99] = [0.5, 0.99].map(|share| sample.quantile(share));
    let (path, n, name) = (file.path.display(), sample.len(), &file.column);
    let note = format!("{path}: {n} lengths in `{name}`, median {median}, p99 {p99}");
    Some(SampleReading { sample, note, digest: csv.into_inner().digest() })
}

/// A row's length.
fn length(
    record: &ByteRecord,
    names: &[String],
    at: usize,
    unit: SimDuration,
) -> Result<SimDuration, Wrong> {
    let have = record.len();
    if have != names.len() {
        let title =
            format!("a row of the file of lengths has {have} fields, its header {}", names.len());
        return Err((None, title, "a comma too many or too few".to_owned()));
    }
    let wrong =
        |what: &str, label: &str| Err((Some(at), format!("`{}` {what}", names[at]), label.into()));
    let field = record.get(at).unwrap_or_default().trim_ascii();
    if field.is_empty() {
        return wrong("is empty", "every row has its length");
    }
    let Some(number) = Decimal::parse(field) else {
        return wrong("is no number", "expected a number, 0 or more, without its unit");
    };
    if number.is_negative() {
        return wrong("is negative", "expected a number, 0 or more");
    }
    match number.times(unit.0).map(SimDuration) {
        Some(length) if length <= LONGEST => Ok(length),
        Some(_) | None => wrong("is out of bounds", "longer than a hundred years"),
    }
}
