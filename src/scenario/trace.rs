//! Files of recorded values that a scenario names, and what a recorded load becomes.

use std::path::{Path, PathBuf};

use super::build::{Build, flag, length, number, ratio, text};
use super::tree::Node;
use crate::units::{Ratio, SECOND, SimDuration};

/// Units of recorded durations.
pub(super) const UNITS: [&str; 6] = ["ns", "us", "ms", "s", "min", "h"];

/// How the arrivals counted in one bucket are spread over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Independently and uniformly, as a Poisson process of which the count is known.
    Uniform,
    /// At equal distances, the first half a distance after the bucket's start.
    Even,
    /// As a Poisson process of which the count is the mean: another number in every replication.
    Poisson,
}

/// A file of recorded load and how to read it.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceFile {
    /// The file as the reader must open it.
    pub path: PathBuf,
    /// Key path of the file's name in the scenario, for messages.
    pub key: String,
    /// SHA-256 that the file must have, in hexadecimal; absent: any.
    pub sha256: Option<String>,
    /// Name of the column of instants; the first column where absent.
    pub time: Option<String>,
    /// Name of the column of counts; absent: each row is one arrival.
    pub count: Option<String>,
    /// Name of the column of service times, and the length of one in it; absent: they are drawn.
    pub work: Option<(String, SimDuration)>,
    /// Width of a bucket; absent: the commonest distance between rows.
    pub bucket: Option<SimDuration>,
    /// How counted arrivals are spread over their bucket.
    pub spread: Spread,
    /// Arrivals for one in the file. Where they are not means of a Poisson law, it applies to the
    /// running total, so that the whole is exact to one arrival: of recorded instants 0.5 keeps
    /// every second one, 2 gives two at each.
    pub scale: Ratio,
    /// Where the part begins that is replayed, since the first row.
    pub from: SimDuration,
    /// Where it ends, since the first row; absent: the end of the recording.
    pub until: Option<SimDuration>,
    /// Time for one second of the recording.
    pub time_scale: f64,
    /// When it begins in the run, since the end of the warm-up.
    pub shift: SimDuration,
    /// Whether it begins again when it ends.
    pub looped: bool,
}

/// How a scenario that is written down names a file of load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedFile {
    /// Its path, relative to the folder of the new scenario or absolute.
    pub file: String,
    /// Its SHA-256, in hexadecimal, where the file may change behind the scenario's back.
    pub sha256: Option<String>,
}

/// A recorded load, read: arrivals in order of time.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Trace {
    /// In order of `at`; buckets do not overlap.
    pub buckets: Vec<Bucket>,
    /// Service times, one for each bucket; none where they are drawn.
    pub works: Vec<SimDuration>,
    /// How counted arrivals are spread over their bucket; absent for recorded instants.
    pub spread: Option<Spread>,
    /// Mean arrivals for one that is counted, where the counts are means of a Poisson law.
    pub rate_scale: f64,
    /// When it begins, since the end of the warm-up.
    pub shift: SimDuration,
    /// Where the recording ends, since its start.
    pub end: SimDuration,
    /// Whether it begins again then.
    pub looped: bool,
}

/// Arrivals counted between two instants, or at one instant where the width is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its start, since the start of the recording.
    pub at: SimDuration,
    /// Its length.
    pub width: SimDuration,
    /// Arrivals in it, already scaled unless they are a mean.
    pub count: u64,
}

impl Trace {
    /// All arrivals of one round of the trace; on average, where they are drawn.
    pub fn total(&self) -> u64 {
        let counted: u64 = self.buckets.iter().map(|b| b.count).sum();
        match self.spread {
            Some(Spread::Poisson) => (counted as f64 * self.rate_scale + 0.5) as u64,
            Some(Spread::Uniform | Spread::Even) | None => counted,
        }
    }
}

/// A file that a scenario names, of whatever kind.
#[derive(Clone, Copy, Debug)]
pub struct NamedFile<'s> {
    /// What people call such a file.
    pub noun: &'static str,
    /// The file as its reader opens it.
    pub path: &'s Path,
    /// Key path of its name in the scenario.
    pub key: &'s str,
    /// SHA-256 that it must have, in hexadecimal; absent: any.
    pub sha256: Option<&'s str>,
}

impl NamedFile<'_> {
    /// Key path of its SHA-256 in the scenario.
    pub fn sha256_key(&self) -> String {
        let table = self.key.strip_suffix("file").unwrap_or(self.key);
        format!("{table}sha256")
    }
}

impl TraceFile {
    pub(super) fn build(source: &Node, key: String, build: &Build<'_>) -> Self {
        let text_at = |key: &str| source.get(key).and_then(Node::text).map(str::to_owned);
        let file = source.get("trace.file");
        let folder = file.map_or(build.folder, |f| build.folder_of(&f.place));
        let unit = unit(text(source, "trace.duration_unit"));
        Self {
            path: folder.join(text(source, "trace.file")),
            key,
            sha256: text_at("trace.sha256").map(|digits| digits.to_ascii_lowercase()),
            time: text_at("trace.time"),
            count: text_at("trace.count"),
            work: text_at("trace.duration").map(|column| (column, unit)),
            bucket: source.get("trace.bucket").and_then(Node::duration),
            spread: match text(source, "trace.spread") {
                "even" => Spread::Even,
                "poisson" => Spread::Poisson,
                _ => Spread::Uniform,
            },
            scale: ratio(source, "trace.scale"),
            from: length(source, "trace.from"),
            until: source.get("trace.until").and_then(Node::duration),
            time_scale: number(source, "trace.time_scale"),
            shift: length(source, "trace.shift"),
            looped: flag(source, "trace.loop"),
        }
    }
}

/// The length of one in a unit of recorded durations.
pub(super) fn unit(name: &str) -> SimDuration {
    match name {
        "ns" => SimDuration(1),
        "us" => SimDuration(1_000),
        "ms" => SimDuration(1_000_000),
        "min" => SimDuration(60 * SECOND),
        "h" => SimDuration(3_600 * SECOND),
        _ => SimDuration(SECOND),
    }
}
