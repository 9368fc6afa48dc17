//! `journal.jsonl`: what a sweep has come to so far, a line a cell, so that one that was ended goes
//! on where it stopped.
//!
//! The first line says of what sweep it is: program, version, the hashes of sweep and scenario, which
//! part of how many. Each other line has a cell's rows of the table and their SHA-256 together with
//! that identity. Lines are only ever appended. A line without its end was torn by the end of the
//! program: it, and whatever can't be what was written, is dropped, and its cells are run again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::folder::outside;
use crate::error::Error;
use crate::record::fingerprint::hex;

/// Its name.
pub const NAME: &str = "journal.jsonl";

/// Version of this file's format.
pub const FORMAT_VERSION: u32 = 1;

/// The first line: of what sweep it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of this file's format.
    pub format_version: u32,
    /// Version of the program.
    pub keyscale: String,
    /// The sweep's name.
    pub name: String,
    /// SHA-256 of the sweep with every default filled in, and of the load files of its axes.
    pub sweep: String,
    /// SHA-256 of the scenario with every default filled in, its load files by their SHA-256.
    pub scenario: String,
    /// The scenario's seed.
    pub seed: u64,
    /// Cells of the whole sweep.
    pub cells: u64,
    /// Which part of it this is, from 1, of how many; absent for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<[u64; 2]>,
    /// The columns of the rows.
    pub columns: Vec<String>,
}

impl Head {
    /// Whether a cell belongs to this part of the sweep.
    pub fn has(&self, cell: u64) -> bool {
        cell < self.cells && self.shard.is_none_or(|[number, of]| cell % of.max(1) == number - 1)
    }

    /// The SHA-256 of a cell's rows, in hexadecimal.
    fn seal(&self, cell: u64, rows: &str) -> String {
        let mut digest = Sha256::new();
        let of = [&self.keyscale, &self.sweep, &self.scenario, &cell.to_string(), rows];
        for part in of {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        hex(&digest.finalize())
    }
}

/// A line of a cell.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    cell: u64,
    sha256: String,
    rows: String,
}

/// What a journal holds.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Of what sweep it is.
    pub head: Head,
    /// Rows by cell.
    pub cells: BTreeMap<u64, String>,
    /// Bytes up to the end of the last good line.
    good: u64,
    /// The first line, from 1, that is not what was written, and why.
    pub fault: Option<(usize, String)>,
}

/// Why a journal is none.
#[derive(Debug)]
pub enum NoJournal {
    /// It can't be read.
    Outside(std::io::Error),
    /// Its first line is not one.
    Head(String),
}

/// Reads a journal as far as it is what was written.
///
/// # Errors
/// It can't be read, or its first line is not one.
pub fn read(path: &Path) -> Result<Kept, NoJournal> {
    let bytes = fs::read(path).map_err(NoJournal::Outside)?;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let head: Head =
        serde_json::from_slice(first).map_err(|error| NoJournal::Head(error.to_string()))?;
    if !first.ends_with(b"\n") || head.shard.is_some_and(|[number, _]| number == 0) {
        return Err(NoJournal::Head("it is torn".to_owned()));
    }
    let mut kept = Kept { head, cells: BTreeMap::new(), good: first.len() as u64, fault: None };
    for (number, line) in (2..).zip(lines) {
        match kept.line(line) {
            Ok((cell, rows)) => {
                kept.cells.insert(cell, rows);
                kept.good += line.len() as u64;
            }
            Err(why) => {
                kept.fault = Some((number, why));
                break;
            }
        }
    }
    Ok(kept)
}

impl Kept {
    /// The cell of a line and its rows.
    fn line(&self, line: &[u8]) -> Result<(u64, String), String> {
        if !line.ends_with(b"\n") {
            return Err("the line is torn".to_owned());
        }
        let Line { cell, sha256, rows } =
            serde_json::from_slice(line).map_err(|_| "this is no line of a journal".to_owned())?;
        match () {
            () if self.head.seal(cell, &rows) != sha256 => {
                Err(format!("the rows of cell {cell} are not what was written"))
            }
            () if !self.head.has(cell) => Err(format!("cell {cell} is not of this part")),
            () if self.cells.contains_key(&cell) => Err(format!("cell {cell} is there twice")),
            () => Ok((cell, rows)),
        }
    }
}

/// A journal that is written.
#[derive(Debug)]
pub struct Journal {
    head: Head,
    path: PathBuf,
    file: File,
    length: u64,
}

impl Journal {
    /// Goes on after the last good line of a journal, or begins one.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no.
    pub fn open(path: &Path, head: &Head, kept: Option<&Kept>) -> Result<Self, Error> {
        let failed = || outside("write", path);
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = open.map_err(failed())?;
        let length = kept.map_or(0, |kept| kept.good);
        file.set_len(length).map_err(failed())?;
        let mut journal = Self { head: head.clone(), path: path.to_owned(), file, length };
        if kept.is_none() {
            journal.append(&journal.head.clone())?;
        }
        Ok(journal)
    }

    /// Adds a cell.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no; then the journal is what it was.
    pub fn add(&mut self, cell: u64, rows: &str) -> Result<(), Error> {
        let sha256 = self.head.seal(cell, rows);
        self.append(&Line { cell, sha256, rows: rows.to_owned() })
    }

    fn append(&mut self, line: &impl Serialize) -> Result<(), Error> {
        use std::io::{Seek, SeekFrom};
        let failed = outside("write", &self.path);
        let mut write = || -> std::io::Result<u64> {
            let mut bytes = serde_json::to_vec(line)?;
            bytes.push(b'\n');
            self.file.seek(SeekFrom::Start(self.length))?;
            self.file.write_all(&bytes)?;
            Ok(bytes.len() as u64)
        };
        match write() {
            Ok(bytes) => {
                self.length += bytes;
                Ok(())
            }
            Err(error) => {
                // A part of a line may be there; who reads it drops it, should it stay.
                let _ = self.file.set_len(self.length);
                Err(failed(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            format_version: FORMAT_VERSION,
            keyscale: "0.1.0".to_owned(),
            name: "sizes".to_owned(),
            sweep: "a".to_owned(),
            scenario: "b".to_owned(),
            seed: 1,
            cells: 3,
            shard: None,
            columns: vec!["cell".to_owned()],
        }
    }

    fn path(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tmp/journals");
        fs::create_dir_all(&folder).expect("a folder");
        folder.join(name)
    }

    #[test]
    fn what_is_torn_is_dropped_wherever_it_was_torn() {
        let path = path("torn");
        let _ = fs::remove_file(&path);
        let rows = ["0,a\n", "1,\"b\n c\"\n", "2,\u{e9}\n"];
        let mut journal = Journal::open(&path, &head(), None).expect("begun");
        (0..).zip(rows).for_each(|(cell, rows)| journal.add(cell, rows).expect("written"));
        let whole = fs::read(&path).expect("readable");
        let ends: Vec<usize> = (0..whole.len()).filter(|i| whole[*i] == b'\n').collect();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("writable");
            let lines = ends.iter().filter(|end| **end < length).count();
            if lines == 0 {
                assert!(read(&path).is_err(), "{length}");
                continue;
            }
            let kept = read(&path).expect("a journal");
            assert_eq!(kept.cells.len(), lines - 1, "{length}");
            assert_eq!(kept.fault.is_some(), whole[length - 1] != b'\n', "{length}");
            let mut journal = Journal::open(&path, &head(), Some(&kept)).expect("it goes on");
            for (cell, rows) in (0..).zip(rows).skip(kept.cells.len()) {
                journal.add(cell, rows).expect("written");
            }
            assert_eq!(fs::read(&path).expect("readable"), whole, "{length}");
        }
    }

    #[test]
    fn what_was_changed_is_seen() {
        let path = path("changed");
        let _ = fs::remove_file(&path);
        let mut journal = Journal::open(&path, &head(), None).expect("begun");
        journal.add(0, "0,5\n").expect("written");
        journal.add(1, "1,6\n").expect("written");
        let text = fs::read_to_string(&path).expect("readable");
        let check = |from: &str, to: &str, fault: Option<(usize, &str)>| {
            fs::write(&path, text.replace(from, to)).expect("writable");
            let found = read(&path).expect("a journal").fault;
            let found = found.as_ref().map(|(line, why)| (*line, why.as_str()));
            match (found, fault) {
                (Some((line, why)), Some((at, part))) => {
                    assert!(line == at && why.contains(part), "{line}: {why}");
                }
                (found, fault) => assert_eq!(found, fault),
            }
        };
        check("", "", None);
        check("0,5", "0,7", Some((2, "not what was written")));
        check("1,6", "1,7", Some((3, "not what was written")));
        check("{\"cell\":0", "{\"cell\":2", Some((2, "not what was written")));
        check("{\"cell\":0", "[", Some((2, "no line")));
        check("\"scenario\":\"b\"", "\"scenario\":\"c\"", Some((2, "not what was written")));
    }
}
