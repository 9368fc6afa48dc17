//! The recorder that leaves a run's folder behind.

use std::io;
use std::path::PathBuf;

use super::chart;
use super::csv::{Rows, whole_table};
use super::events::{Context, Events};
use super::folder::{RunFolder, outside};
use super::manifest::{FileEntry, Manifest, json};
use super::report;
use super::said::{MessageRow, RevisionRow, Said};
use super::study::{StudyInfo, write_summary};
use super::summary_json::{BlockRow, Document};
use crate::error::Error;
use crate::record::columns::{
    BLOCKS, BlockGetter, CHANGES, ChangeGetter, Column, INSTANCES, InstanceGetter, KEY_CALLS,
    KeyCallGetter, REVISIONS, RevisionGetter, SampleGetter, TIMESERIES,
};
use crate::record::fingerprint::{Fingerprint, Parts};
use crate::record::quota::{BLAST_RADIUS, BlastPart, QUOTAS, QuotaRow};
use crate::record::ride_out::RIDE_OUTS;
use crate::record::{QuotaUse, Record, Recorder, RideOut, RideOuts, SummaryRow, Value};
use crate::scenario::Kept;
use crate::study::Judgement;
use crate::study::on_paper::{Ridden, of_rides};
use crate::study::replicate::Subject;
use crate::units::{SimDuration, SimTime};

/// Name of the file that a run can be made again from.
pub const LOCK: &str = "scenario.lock.toml";
/// Name of the file of log entries.
const EVENTS: &str = "events.jsonl";

/// A file of load that a run was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadFile {
    /// What the folder's files call it: its name there, or its full path.
    pub name: String,
    /// Where it is read from.
    pub path: PathBuf,
    /// Its length when the run read it.
    pub bytes: u64,
    /// SHA-256 of its bytes then, in hexadecimal.
    pub sha256: String,
}

/// The files of load that a run was made with.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LoadFiles {
    /// Copied into the folder.
    pub copied: Vec<LoadFile>,
    /// Too large to copy: named in the manifest.
    pub named: Vec<LoadFile>,
}

/// What a run's files say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// The scenario's name.
    pub name: String,
    /// What the scenario asks; may be empty.
    pub question: String,
    /// The scenario's seed.
    pub seed: u64,
    /// Which replication of it.
    pub replication: u64,
    /// Time before statistics begin; files count from its end.
    pub warm_up: SimDuration,
    /// From the end of the warm-up to the planned end of the run.
    pub duration: SimDuration,
    /// Distance of the rows of the time series.
    pub sample_interval: SimDuration,
    /// What log entries say beside the facts.
    pub log: Context,
}

impl RunInfo {
    /// The end of the warm-up.
    fn zero(&self) -> SimTime {
        SimTime::ZERO + self.warm_up
    }
}

/// What is known of a run when it is over.
pub struct Closing<'a> {
    /// The scenario with every default filled in.
    pub lock: &'a str,
    /// The values in it that are keyscale's own.
    pub kept: &'a [Kept],
    /// Copied in or named.
    pub load_files: &'a LoadFiles,
    /// False for a run that was interrupted.
    pub complete: bool,
    /// What is said of what was asked.
    pub judgement: Judgement,
    /// What it is one run of.
    pub study: Option<&'a StudyInfo<'a>>,
    /// What was run.
    pub subject: &'a Subject<'a>,
    /// The verdict in a sentence or two.
    pub verdict: &'a dyn Fn(&Written) -> String,
}

/// What a run left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The folder.
    pub folder: PathBuf,
    /// Its files in order of name, without the manifest.
    pub files: Vec<FileEntry>,
    /// A row a service, then the one of all together.
    pub summary: Vec<SummaryRow>,
    /// The blocks of the run.
    pub blocks: Vec<BlockRow>,
    /// The messages of the services' logs, in the order in which they first came.
    pub messages: Vec<MessageRow>,
    /// The revisions with their keys.
    pub revisions: Vec<RevisionRow>,
    /// How long each service rode out each block.
    pub rides: Vec<RideOut>,
    /// What paper says of outages, each with its ride.
    pub papers: Vec<Ridden>,
    /// The quotas, with who used them and whom that hurt.
    pub quotas: Vec<QuotaUse>,
    /// The run's fingerprint.
    pub fingerprint: Parts,
    /// What is said of what was asked of the run.
    pub judgement: Judgement,
}

/// The tables of a run that are written while it goes on.
struct Tables {
    timeseries: Rows<SampleGetter>,
    instances: Rows<InstanceGetter>,
    key_calls: Rows<KeyCallGetter>,
    changes: Rows<ChangeGetter>,
    blocks: Rows<BlockGetter>,
    revisions: Rows<RevisionGetter>,
}

/// Writes facts into a run's folder as they come.
///
/// A recorder can't fail, so the first error of the disk is kept, nothing is written after it,
/// and [`RunWriter::finish`] returns it; [`RunWriter::failed`] tells earlier.
pub struct RunWriter {
    folder: RunFolder,
    info: RunInfo,
    tables: Tables,
    events: Events,
    failure: Option<Error>,
    fingerprint: Fingerprint,
    summary: Vec<SummaryRow>,
    blocks: Vec<BlockRow>,
    said: Said,
    revisions: Vec<RevisionRow>,
    rides: RideOuts,
    quotas: Vec<QuotaUse>,
}

impl RunFolder {
    /// Begins the tables of a run.
    ///
    /// # Errors
    /// [`Error::Outside`] where a file can't be created.
    pub fn writer(self, info: RunInfo) -> Result<RunWriter, Error> {
        macro_rules! table {
            ($name:literal, $columns:ident) => {{
                let file = self.begin($name)?;
                Rows::new($columns, file).map_err(outside("write", &self.path($name)))?
            }};
        }
        let tables = Tables {
            timeseries: table!("timeseries.csv", TIMESERIES),
            instances: table!("instances.csv", INSTANCES),
            key_calls: table!("key_calls.csv", KEY_CALLS),
            changes: table!("changes.csv", CHANGES),
            blocks: table!("blocks.csv", BLOCKS),
            revisions: table!("revisions.csv", REVISIONS),
        };
        let events = Events::new(self.begin(EVENTS)?, info.log.clone(), info.zero());
        Ok(RunWriter {
            folder: self,
            info,
            tables,
            events,
            failure: None,
            fingerprint: Fingerprint::default(),
            summary: Vec::new(),
            blocks: Vec::new(),
            said: Said::default(),
            revisions: Vec::new(),
            rides: RideOuts::default(),
            quotas: Vec::new(),
        })
    }
}

impl RunWriter {
    /// Whether the disk said no, so that going on is in vain.
    pub fn failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Writes what remains, draws the charts and puts the folder in its place.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk said no, now or earlier; then no folder is left.
    pub fn finish(self, closing: Closing<'_>) -> Result<Written, Error> {
        let Self { mut folder, info, tables, events, failure, .. } = self;
        let Self { fingerprint, mut summary, blocks, quotas, said, revisions, mut rides, .. } =
            self;
        let Closing { lock, kept, load_files, complete, judgement, study, subject, verdict } =
            closing;
        if let Some(error) = failure {
            return Err(error);
        }
        close(&mut folder, tables.timeseries)?;
        close(&mut folder, tables.instances)?;
        close(&mut folder, tables.key_calls)?;
        close(&mut folder, tables.changes)?;
        close(&mut folder, tables.blocks)?;
        close(&mut folder, tables.revisions)?;
        let events = events.into_file().map_err(outside("write", &folder.path(EVENTS)))?;
        folder.add(events)?;
        summary.iter_mut().for_each(|row| judgement.tell_hurt(row));
        let mut rides = rides.take();
        judgement.tell_rides(&mut rides);
        let papers = of_rides(subject, &rides);
        let mut written = Written {
            folder: folder.target().to_owned(),
            files: Vec::new(),
            summary,
            blocks,
            rides,
            papers,
            quotas,
            messages: said.rows(),
            revisions,
            fingerprint: fingerprint.parts(),
            judgement,
        };
        let zero = info.zero();
        let Written { summary, rides, quotas, .. } = &written;
        write(&mut folder, "ride_outs.csv", RIDE_OUTS, rides.iter(), |get, ride| get(ride, zero))?;
        write_summary(&mut folder, summary, study)?;
        let rows: Vec<QuotaRow<'_>> = quotas.iter().flat_map(QuotaUse::rows).collect();
        write(&mut folder, "quotas.csv", QUOTAS, rows.iter(), |get, row| get(row, zero))?;
        let parts: Vec<BlastPart<'_>> = quotas.iter().flat_map(QuotaUse::parts).collect();
        let name = "blast_radius.csv";
        write(&mut folder, name, BLAST_RADIUS, parts.iter(), |get, part| get(part, zero))?;
        let said = verdict(&written);
        let document = Document::new(&info, complete, &written).said(&said).of_study(study);
        folder.write("summary.json", &json(&document)?)?;
        folder.write(LOCK, lock.as_bytes())?;
        folder.write("defaults.csv", &defaults(kept))?;
        for file in &load_files.copied {
            folder.copy(file)?;
        }
        for picture in chart::of_folder(&folder.path(""))? {
            for form in chart::Form::ALL {
                let (name, bytes) = picture.file(chart::Look::default(), form)?;
                folder.write(&name, &bytes)?;
            }
        }
        folder.write(report::NAME, &report::of_run(&folder.path(""))?)?;
        let (seed, replication) = (info.seed, info.replication);
        written.files = folder.finish(Manifest {
            name: &info.name,
            seed,
            replication: Some(replication),
            cells: None,
            shard: None,
            replications: study.map(|study| study.gathered.runs),
            complete,
            load_files: load_files.named.iter().map(FileEntry::from).collect(),
        })?;
        Ok(written)
    }
}

/// `defaults.csv`: a row a value that is keyscale's own.
fn defaults(kept: &[Kept]) -> Vec<u8> {
    let row = |kept: &'_ Kept| {
        let Kept { key, value, source, meaning } = kept;
        [key.clone(), value.clone(), (*source).to_owned(), (*meaning).to_owned()]
    };
    let rows: Vec<[String; 4]> = kept.iter().map(row).collect();
    let cells = rows.iter().map(|row| row.each_ref().map(|cell| Value::Text(cell)));
    whole_table(&["key", "value", "source", "meaning"], cells)
}

/// Writes a table whose rows are all there.
fn write<'r, G, R>(
    folder: &mut RunFolder,
    name: &str,
    columns: &'static [Column<G>],
    mut rows: impl Iterator<Item = &'r R>,
    read: impl Fn(&G, &'r R) -> Value<'r>,
) -> Result<(), Error>
where
    R: 'r,
{
    let file = folder.begin(name)?;
    let failed = outside("write", file.path());
    let table = Rows::new(columns, file).and_then(|mut table| {
        rows.try_for_each(|row| table.row(|get| read(get, row)))?;
        Ok(table)
    });
    close(folder, table.map_err(failed)?)
}

/// Closes a table and enters its file in the manifest.
pub(super) fn close<G>(folder: &mut RunFolder, table: Rows<G>) -> Result<(), Error> {
    let failed = outside("write", table.path());
    let file = table.into_file().map_err(failed)?;
    folder.add(file)
}

impl Recorder for RunWriter {
    fn record(&mut self, fact: Record<'_>) {
        self.fingerprint.record(fact);
        self.events.record(fact);
        self.rides.record(fact);
        let zero = self.info.zero();
        match fact {
            Record::Block(block) => self.blocks.push(BlockRow::new(block, zero)),
            Record::Quota(quota) => self.quotas.push(quota.clone()),
            Record::Total(total) => self.summary.push(SummaryRow::new(total)),
            Record::Log(log) => self.said.count(log, zero),
            Record::Revision(r) => self.revisions.push(RevisionRow::new(r, zero)),
            Record::Sample(_) | Record::Instance(_) | Record::KeyCall(_) | Record::Change(_) => {}
        }
        if self.failure.is_none() {
            self.failure = self.tables.write(fact, zero).err();
        }
    }
}

impl Tables {
    /// Writes a fact's row, if it has one.
    fn write(&mut self, fact: Record<'_>, zero: SimTime) -> Result<(), Error> {
        fn row<'r, G>(
            rows: &mut Rows<G>,
            read: impl Fn(&G) -> crate::record::Value<'r>,
        ) -> Result<(), Error> {
            let written: io::Result<()> = rows.row(read);
            written.map_err(|error| outside("write", rows.path())(error))
        }
        match fact {
            Record::Sample(sample) => row(&mut self.timeseries, |get| get(sample, zero)),
            Record::Instance(life) => row(&mut self.instances, |get| get(life, zero)),
            Record::KeyCall(call) => row(&mut self.key_calls, |get| get(call, zero)),
            Record::Change(change) => row(&mut self.changes, |get| get(change, zero)),
            Record::Block(block) => row(&mut self.blocks, |get| get(block, zero)),
            Record::Revision(revision) => row(&mut self.revisions, |get| get(revision, zero)),
            Record::Log(_) | Record::Quota(_) | Record::Total(_) => Ok(()),
        }
    }
}
