//! The arrivals a file may ask for, and the trace that a file of load becomes.

use std::path::PathBuf;

use super::build::{Build, count, law, length, ratio, text};
use super::tree::Node;
use crate::distribution::Distribution;
use crate::ids::TraceId;
use crate::units::{Rate, Ratio, SimDuration};

/// One source of a service's requests; a service's sources add up.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Its name among the service's sources: part of its random streams' name.
    pub name: String,
    /// When requests come.
    pub kind: LoadKind,
}

/// When a source's requests come.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadKind {
    /// Exponential gaps.
    Poisson {
        /// Mean requests per second.
        rate: Rate,
    },
    /// A Poisson process whose rate changes with time, by exact inversion of the rate's integral.
    Profile {
        /// At least one; instants rise strictly. Before the first its rate holds, after the last
        /// its rate.
        points: Vec<Point>,
        /// How points are joined.
        join: Join,
    },
    /// A recorded load: which of the traces handed to the world.
    Trace(TraceId),
    /// So many clients, each of which sends its next request a time to think after its last one
    /// ended; a service has one at most.
    ClosedLoop {
        /// Clients.
        clients: u32,
        /// From the end of a request to the client's next one.
        think: Distribution,
    },
}

/// A rate from an instant on, counted from the end of the warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Since the end of the warm-up.
    pub at: SimDuration,
    /// The rate there.
    pub rate: Rate,
}

/// How the points of a profile are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Each rate holds until the next point.
    Steps,
    /// Straight lines between points.
    Lines,
}

/// How the arrivals counted in one bucket are spread over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Independently and uniformly, as a Poisson process of which the count is known.
    Uniform,
    /// At equal distances, the first half a distance after the bucket's start.
    Even,
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
    /// Width of a bucket; absent: the commonest distance between rows.
    pub bucket: Option<SimDuration>,
    /// How counted arrivals are spread over their bucket.
    pub spread: Spread,
    /// Arrivals for one in the file, applied to the running total, so that the whole is exact to
    /// one arrival.
    pub scale: Ratio,
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
    /// How counted arrivals are spread over their bucket; absent for recorded instants.
    pub spread: Option<Spread>,
    /// Where the recording ends, since its start.
    pub end: SimDuration,
}

/// Arrivals counted between two instants, or at one instant where the width is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its start, since the start of the recording.
    pub at: SimDuration,
    /// Its length.
    pub width: SimDuration,
    /// Arrivals in it, already scaled.
    pub count: u64,
}

impl Trace {
    /// All arrivals of the trace.
    pub fn total(&self) -> u64 {
        self.buckets.iter().map(|b| b.count).sum()
    }
}

impl Load {
    /// A source of a checked table; the path is the table's.
    pub(super) fn build(source: &Node, path: &str, build: &mut Build<'_>) -> Self {
        let name = text(source, "name").to_owned();
        let kind = if let Some(poisson) = source.get("poisson") {
            LoadKind::Poisson { rate: rate(poisson) }
        } else if let Some(profile) = source.get("profile") {
            let join = match text(profile, "join") {
                "lines" => Join::Lines,
                _ => Join::Steps,
            };
            let points = profile.get("points").map(Node::items).unwrap_or_default();
            let point = |p: &Node| Point { at: length(p, "at"), rate: rate(p) };
            LoadKind::Profile { points: points.iter().map(point).collect(), join }
        } else if let Some(closed) = source.get("closed_loop") {
            LoadKind::ClosedLoop { clients: count(closed, "clients"), think: law(closed, "think") }
        } else {
            let trace = TraceFile::build(source, format!("{path}.trace.file"), build);
            build.traces.push(trace);
            LoadKind::Trace(TraceId::at(build.traces.len() - 1))
        };
        Self { name, kind }
    }
}

impl TraceFile {
    /// Key path of its SHA-256 in the scenario.
    pub fn sha256_key(&self) -> String {
        let table = self.key.strip_suffix("file").unwrap_or(&self.key);
        format!("{table}sha256")
    }

    fn build(source: &Node, key: String, build: &Build<'_>) -> Self {
        let text_at = |key: &str| source.get(key).and_then(Node::text).map(str::to_owned);
        let file = source.get("trace.file");
        let folder = file.map_or(build.folder, |f| build.folder_of(&f.place));
        Self {
            path: folder.join(text(source, "trace.file")),
            key,
            sha256: text_at("trace.sha256").map(|digits| digits.to_ascii_lowercase()),
            time: text_at("trace.time"),
            count: text_at("trace.count"),
            bucket: source.get("trace.bucket").and_then(Node::duration),
            spread: match text(source, "trace.spread") {
                "even" => Spread::Even,
                _ => Spread::Uniform,
            },
            scale: ratio(source, "trace.scale"),
        }
    }
}

fn rate(table: &Node) -> Rate {
    table.get("rate").and_then(Node::rate).unwrap_or_default()
}
