//! What a whole run looked like, in as many numbers as a terminal has columns: all services
//! together, read once from `timeseries.csv`.

use std::fs::File;
use std::path::Path;

use super::folder::outside;
use crate::error::Error;

/// What is shown: its name, and the columns that are added up, over services too.
const SHOWN: [(&str, &[&str], Each); 4] = [
    ("ready", &["instances_idle", "instances_busy"], Each::State),
    ("pending", &["pending"], Each::State),
    ("failed/s", &["refused", "timed_out", "aborted", "abandoned"], Each::Rate),
    (
        "key calls/s",
        &[
            "key_calls_ok",
            "key_calls_retryable",
            "key_calls_timeout",
            "key_calls_quota",
            "key_calls_denied",
        ],
        Each::Rate,
    ),
];

/// What a number of the time series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Each {
    /// How things stand.
    State,
    /// A count of its interval.
    Rate,
}

/// A metric over the run: the greatest value of each stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// What it shows.
    pub name: &'static str,
    /// A number a stretch, of equal stretches from the end of the warm-up.
    pub values: Vec<f64>,
}

/// Reads a folder's time series into stretches of so many seconds.
///
/// # Errors
/// [`Error::Outside`] where it can't be read, [`Error::Usage`] where it is no such table.
pub fn glance(folder: &Path, stretch: f64) -> Result<Vec<Glance>, Error> {
    let path = folder.join("timeseries.csv");
    let file = File::open(&path).map_err(outside("read", &path))?;
    read(file, stretch).map_err(|error| match error.is_io_error() {
        true => outside("read", &path)(error.into()),
        false => Error::Usage(format!("error: {}: {error}", path.display())),
    })
}

fn read(source: impl std::io::Read, stretch: f64) -> Result<Vec<Glance>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(source);
    let header = reader.headers()?.clone();
    let place = |name: &str| header.iter().position(|column| column == name);
    let [t_s, interval_s, revision] = ["t_s", "interval_s", "revision"].map(place);
    let places = SHOWN.map(|(_, columns, _)| columns.iter().filter_map(|c| place(c)).collect());
    let places: [Vec<usize>; SHOWN.len()] = places;
    let mut all = SHOWN.map(|(name, _, _)| Glance { name, values: Vec::new() });
    // The sums of the instant that is being read, a row a service.
    let (mut instant, mut sums) = (f64::NAN, [0.0; SHOWN.len()]);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let text = |at: usize| record.get(at).and_then(|cell| std::str::from_utf8(cell).ok());
        let number = |at: usize| text(at).and_then(|cell| cell.parse::<f64>().ok());
        let Some(t) = t_s.and_then(number).filter(|t| *t >= 0.0) else { continue };
        if revision.and_then(text).is_some_and(|name| !name.is_empty()) {
            continue;
        }
        if t != instant {
            (instant, sums) = (t, [0.0; SHOWN.len()]);
        }
        let length = interval_s.and_then(number).filter(|length| *length > 0.0).unwrap_or(1.0);
        let at = (t / stretch) as usize;
        for (i, (_, _, each)) in SHOWN.iter().enumerate() {
            let sum: f64 = places[i].iter().filter_map(|&place| number(place)).sum();
            sums[i] += match each {
                Each::State => sum,
                Each::Rate => sum / length,
            };
            let values = &mut all[i].values;
            if values.len() <= at {
                values.resize(at + 1, 0.0);
            }
            // Sums only grow while services are added.
            values[at] = values[at].max(sums[i]);
        }
    }
    Ok(all.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_add_up_and_the_greatest_stays() {
        let text = "t_s,interval_s,service,revision,instances_idle,instances_busy,refused\n\
            -2,2,a,,9,9,9\n0,2,a,,1,2,0\n0,2,b,,1,0,6\n0,2,b,b-1,7,7,7\n2,2,a,,1,0,0\n\
            2,2,b,,0,0,2\n4,2,a,,5,0,0\n4,2,b,,0,1,0\n";
        let glances = read(text.as_bytes(), 4.0).expect("a table");
        let values = |name: &str| &glances.iter().find(|g| g.name == name).expect("it").values;
        assert_eq!(*values("ready"), [4.0, 6.0]);
        assert_eq!(*values("failed/s"), [3.0, 0.0]);
        assert_eq!(*values("pending"), [0.0, 0.0]);
    }
}
