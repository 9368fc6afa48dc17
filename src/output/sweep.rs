//! The folder of a sweep: its table, its journal, what it can be made again from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::chart;
use super::folder::{RunFolder, outside};
use super::journal::{self, Head, Journal, NoJournal};
use super::manifest::{FileEntry, Manifest, Mark};
use super::run::{LOCK, LoadFile, LoadFiles};
use super::study::{Statistic, cell};
use crate::error::Error;
use crate::record::Value;
use crate::record::fingerprint::hex;
use crate::scenario::sweep::{Axis, COLUMNS, Sweep, Told};
use crate::scenario::{Metric, Vocabulary};
use crate::stats::interval::{LEVEL, wilson};
use crate::study::{Estimate, Gathered};

/// Name of the table with a row a cell and metric.
pub const TABLE: &str = "sweep.csv";
/// Name of the file that a sweep can be made again from.
pub const SWEEP_LOCK: &str = "sweep.lock.toml";

/// What a metric comes to over the runs of a cell, by column.
const STATISTICS: [(&str, Statistic); 10] = [
    ("mean", |e| cell(e.mean)),
    ("mean_low", |e| cell(e.mean_within.map(|within| within.low))),
    ("mean_high", |e| cell(e.mean_within.map(|within| within.high))),
    ("half_width", |e| cell(e.mean_within.map(|within| within.half()))),
    ("median", |e| cell(e.median)),
    ("median_low", |e| cell(e.median_within.map(|within| within.low))),
    ("median_high", |e| cell(e.median_within.map(|within| within.high))),
    ("p5", |e| cell(e.p5)),
    ("p95", |e| cell(e.p95)),
    ("never", |e| Value::Count(e.never)),
];

/// Columns after those of the axes, and what they are of.
const OF_CELL: [&str; 6] = ["base", "runs", "met", "met_ratio", "met_ratio_low", "met_ratio_high"];
const OF_METRIC: [&str; 4] = ["service", "metric", "unit", "n"];

/// What the rows of a sweep say beside what its runs come to.
#[derive(Debug)]
pub struct SweepInfo<'a> {
    /// The sweep.
    pub sweep: &'a Sweep,
    /// The metrics there are.
    pub vocabulary: &'a Vocabulary,
    /// Those that are told.
    pub told: &'a [Told],
}

impl SweepInfo<'_> {
    /// The columns of the table: the cell, where it is on each axis, what it comes to; then keys
    /// that have a column of their own.
    pub fn columns(&self) -> Vec<String> {
        let mut columns = vec!["cell".to_owned()];
        columns.extend(self.sweep.axes.iter().map(Axis::column));
        let own = OF_CELL.iter().chain(&["target"]).chain(&OF_METRIC);
        columns.extend(own.map(|name| (*name).to_owned()));
        columns.extend(STATISTICS.iter().map(|(name, _)| (*name).to_owned()));
        debug_assert!(
            columns.iter().skip(1 + self.sweep.axes.len()).all(|c| COLUMNS.contains(&c.as_str()))
        );
        let parts = self.sweep.axes.iter().filter(|axis| axis.has_parts);
        columns.extend(parts.flat_map(|axis| axis.keys.iter().cloned()));
        columns
    }

    /// The rows of a cell.
    pub fn rows(&self, number: usize, is_base: bool, gathered: &Gathered<'_>) -> String {
        let position = self.sweep.position(number);
        let spots: Vec<_> = self
            .sweep
            .axes
            .iter()
            .zip(position)
            .map(|(axis, at)| (axis, &axis.spots[at]))
            .collect();
        let runs = gathered.runs;
        // Where nothing is asked, nothing is met.
        let met = Some(gathered.met).filter(|_| !gathered.asks_nothing());
        let met_within = met.and_then(|met| wilson(met, runs, LEVEL));
        let end = |of: fn(crate::stats::interval::Interval) -> f64| cell(met_within.map(of));
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        for told in self.told {
            let Metric { name, unit, .. } = self.vocabulary.results[told.result];
            let service = gathered.service(&told.service);
            let estimate: Estimate = service.map(|s| s.estimate_of(name)).unwrap_or_default();
            let mut row = vec![number.to_string()];
            row.extend(spots.iter().map(|(axis, spot)| axis.cell(spot)));
            row.extend([is_base.to_string()]);
            row.extend([Value::Count(runs), met.map_or(Value::Empty, Value::Count)].map(printed));
            row.extend([end(|w| w.estimate), end(|w| w.low), end(|w| w.high)].map(printed));
            row.extend([self.sweep.target.to_string()]);
            row.extend([told.service.clone(), name.to_owned(), unit.to_owned()]);
            row.push(estimate.count.to_string());
            row.extend(STATISTICS.iter().map(|(_, statistic)| printed(statistic(&estimate))));
            let parts = spots.iter().filter(|(axis, _)| axis.has_parts);
            row.extend(parts.flat_map(|(_, spot)| spot.values.iter().map(|v| unquoted(v))));
            // A vector takes everything.
            let _ = writer.write_record(&row);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// A cell of a table as text.
fn printed(value: Value<'_>) -> String {
    let mut out = Vec::new();
    value.put(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// A TOML value as a table has it: texts without their quotes.
fn unquoted(value: &str) -> String {
    let text = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    text.filter(|text| !text.contains('\\')).unwrap_or(value).to_owned()
}

/// What a sweep can be made again from.
#[derive(Clone, Debug, Default)]
pub struct Again {
    /// The text of its file, with every default filled in.
    pub sweep: Vec<u8>,
    /// The same of its scenario.
    pub scenario: Vec<u8>,
    /// The files of load.
    pub files: LoadFiles,
    /// Load files that stay where they are, as another folder's manifest has them.
    pub named: Vec<FileEntry>,
}

impl Again {
    /// That of a folder of a sweep, or of a part of one.
    ///
    /// # Errors
    /// [`Error::Outside`] where the folder can't be read, [`Error::Usage`] where it is not what
    /// was written.
    pub fn of(folder: &Path) -> Result<Self, Error> {
        let Some(listed) = Mark::of(folder) else {
            let shown = folder.display();
            return Err(Error::Usage(format!("error: {shown} holds no keyscale results")));
        };
        let file = |name: &str| {
            let path = folder.join(name);
            let bytes = std::fs::read(&path).map_err(outside("read", &path))?;
            let sha256 = hex(&Sha256::digest(&bytes));
            match listed.files.iter().any(|file| file.name == name && file.sha256 == sha256) {
                true => Ok(bytes),
                false => {
                    let (shown, help) = (path.display(), "run this part again");
                    let text = format!("error: {shown} is not what was written\n  = help: {help}");
                    Err(Error::Usage(text))
                }
            }
        };
        let load = |entry: &FileEntry| LoadFile {
            name: entry.name.clone(),
            path: folder.join(&entry.name),
            bytes: entry.bytes,
            sha256: entry.sha256.clone(),
        };
        let copied = listed.files.iter().filter(|entry| entry.name.starts_with("load-"));
        Ok(Self {
            sweep: file(SWEEP_LOCK)?,
            scenario: file(LOCK)?,
            files: LoadFiles { copied: copied.map(load).collect(), named: Vec::new() },
            named: listed.load_files,
        })
    }
}

/// The folder of a sweep in the making: cells come in, and stay should it be ended.
#[derive(Debug)]
pub struct SweepFolder {
    folder: RunFolder,
    journal: Journal,
    head: Head,
    cells: BTreeMap<u64, String>,
}

impl SweepFolder {
    /// Begins a folder, or goes on with what there is of the same sweep: in the folder itself, or
    /// left in the making.
    ///
    /// # Errors
    /// See [`RunFolder::create`].
    pub fn begin(target: &Path, force: bool, head: &Head) -> Result<Self, Error> {
        let of_sweep = |path: &Path| journal::read(path).ok().filter(|kept| kept.head == *head);
        let mut left = None;
        let mut folder = RunFolder::resume(target, force, journal::NAME, |path| {
            left = of_sweep(path);
            left.is_some()
        })?;
        let path = folder.path(journal::NAME);
        let mut journal = Journal::open(&path, head, left.as_ref())?;
        let mut cells = left.map(|kept| kept.cells).unwrap_or_default();
        let there = of_sweep(&target.join(journal::NAME));
        for (cell, rows) in there.map(|kept| kept.cells).unwrap_or_default() {
            if let std::collections::btree_map::Entry::Vacant(free) = cells.entry(cell) {
                journal.add(cell, &rows)?;
                free.insert(rows);
            }
        }
        if !cells.is_empty() {
            folder.keep();
        }
        Ok(Self { folder, journal, head: head.clone(), cells })
    }

    /// Where it will stand.
    pub fn target(&self) -> &Path {
        self.folder.target()
    }

    /// Whether a cell is there.
    pub fn has(&self, cell: u64) -> bool {
        self.cells.contains_key(&cell)
    }

    /// Cells that are there.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Adds the rows of a cell.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no; what was there stays.
    pub fn add(&mut self, cell: u64, rows: String) -> Result<(), Error> {
        self.journal.add(cell, &rows)?;
        self.folder.keep();
        self.cells.insert(cell, rows);
        Ok(())
    }

    /// Puts the folder in its place: with the table, unless it is a part of a sweep.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no.
    pub fn finish(mut self, again: &Again) -> Result<PathBuf, Error> {
        let target = self.folder.target().to_owned();
        // Cells in another order than theirs, as they come from two journals, are put right.
        drop(self.journal);
        let path = self.folder.path(journal::NAME);
        let mut journal = Journal::open(&path.with_extension("sorted"), &self.head, None)?;
        self.cells.iter().try_for_each(|(cell, rows)| journal.add(*cell, rows))?;
        drop(journal);
        std::fs::rename(path.with_extension("sorted"), &path).map_err(outside("write", &path))?;
        self.folder.adopt(journal::NAME)?;
        let complete =
            (0..self.head.cells).all(|cell| !self.head.has(cell) || self.cells.contains_key(&cell));
        if self.head.shard.is_none() {
            let mut writer = csv::Writer::from_writer(Vec::new());
            // A vector takes everything.
            let _ = writer.write_record(&self.head.columns);
            let mut table = writer.into_inner().unwrap_or_default();
            self.cells.values().for_each(|rows| table.extend_from_slice(rows.as_bytes()));
            self.folder.write(TABLE, &table)?;
            for picture in chart::of_folder(&self.folder.path(""))? {
                for form in chart::Form::ALL {
                    let (name, bytes) = picture.file(chart::Look::default(), form)?;
                    self.folder.write(&name, &bytes)?;
                }
            }
        }
        self.folder.write(SWEEP_LOCK, &again.sweep)?;
        self.folder.write(LOCK, &again.scenario)?;
        again.files.copied.iter().try_for_each(|load| self.folder.copy(load))?;
        let named = again.files.named.iter().map(FileEntry::from);
        let Head { name, seed, cells, shard, .. } = &self.head;
        self.folder.finish(Manifest {
            name,
            seed: *seed,
            replication: None,
            replications: None,
            cells: Some(*cells),
            shard: *shard,
            complete,
            load_files: named.chain(again.named.iter().cloned()).collect(),
        })?;
        Ok(target)
    }
}

/// Parts of a sweep put together: what it is of, and the rows of every cell.
///
/// # Errors
/// [`Error::Usage`] where parts are of other sweeps or versions, missing, there twice or torn.
pub fn together(folders: &[PathBuf]) -> Result<(Head, BTreeMap<u64, String>), Error> {
    let mut first: Option<(&Path, Head)> = None;
    let mut parts: BTreeMap<u64, &Path> = BTreeMap::new();
    let mut cells = BTreeMap::new();
    let mut wrong = Vec::new();
    for folder in folders {
        let path = folder.join(journal::NAME);
        let at = |line: usize| format!("{}:{line}", path.display());
        let kept = match journal::read(&path) {
            Ok(kept) => kept,
            Err(NoJournal::Outside(error)) => {
                wrong.push(format!("error: {} is no part of a sweep: {error}", folder.display()));
                continue;
            }
            Err(NoJournal::Head(why)) => {
                wrong.push(format!("error: {}: this is no journal of a sweep: {why}", at(1)));
                continue;
            }
        };
        if let Some((line, why)) = &kept.fault {
            let help = "run this part again: it goes on after what is whole";
            wrong.push(format!("error: {}: {why}\n  = help: {help}", at(*line)));
        }
        let Some([number, of]) = kept.head.shard else {
            let help = "it needs no merging";
            wrong.push(format!("error: {}: this is a whole sweep\n  = help: {help}", at(1)));
            continue;
        };
        if let Some((other, head)) = &first {
            let said = difference(head, &kept.head);
            if let Some(said) = said {
                wrong.push(format!("error: {}: {said} than {}", at(1), other.display()));
                continue;
            }
        } else {
            first = Some((folder.as_path(), kept.head.clone()));
        }
        if let Some(other) = parts.insert(number, folder.as_path()) {
            let other = other.display();
            wrong.push(format!("error: {}: {other} is part {number} of {of} too", at(1)));
            continue;
        }
        let missing =
            (0..kept.head.cells).filter(|c| kept.head.has(*c) && !kept.cells.contains_key(c));
        let missing = missing.count();
        if missing > 0 && kept.fault.is_none() {
            let help = "run this part again: it goes on where it stopped";
            let shown = folder.display();
            wrong.push(format!("error: {shown} lacks {missing} of its cells\n  = help: {help}"));
        }
        cells.extend(kept.cells);
    }
    if let Some(Head { shard: Some([_, of]), .. }) = first.as_ref().map(|(_, head)| head) {
        let missing: Vec<String> =
            (1..=*of).filter(|n| !parts.contains_key(n)).map(|n| n.to_string()).collect();
        if !missing.is_empty() && wrong.is_empty() {
            let which = missing.join(", ");
            wrong.push(format!("error: of {of} parts some are missing: {which}"));
        }
    }
    match (first, wrong.is_empty()) {
        (Some((_, head)), true) => Ok((Head { shard: None, ..head }, cells)),
        _ => Err(Error::Usage(wrong.join("\n\n"))),
    }
}

/// What makes two parts no parts of one sweep: `it is of another version`.
fn difference(a: &Head, b: &Head) -> Option<&'static str> {
    let parts = |head: &Head| head.shard.map(|[_, of]| of);
    match () {
        () if (a.format_version, &a.keyscale) != (b.format_version, &b.keyscale) => {
            Some("it was made by another version")
        }
        () if a.scenario != b.scenario || a.seed != b.seed => Some("it is of another scenario"),
        () if a.sweep != b.sweep => Some("it is of another sweep"),
        () if parts(a) != parts(b) => Some("it is one of another number of parts"),
        () if (Head { shard: None, ..a.clone() }) != (Head { shard: None, ..b.clone() }) => {
            Some("it is of another sweep")
        }
        () => None,
    }
}
