//! `manifest.json`: what a folder holds, and the mark by which keyscale knows its own.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::folder::outside;
use super::run::LoadFile;
use crate::error::Error;
use crate::record::fingerprint::hex;

/// Its name.
pub const NAME: &str = "manifest.json";

/// Version of this file's format.
pub const FORMAT_VERSION: u32 = 1;

/// One file of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl From<&LoadFile> for FileEntry {
    fn from(file: &LoadFile) -> Self {
        Self { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.clone() }
    }
}

/// What a manifest says before its list of files, which does not hold the manifest itself.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Manifest<'a> {
    /// The scenario's name.
    pub name: &'a str,
    /// The scenario's seed.
    pub seed: u64,
    /// The replication of it that the tables show; absent for a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication: Option<u64>,
    /// Replications of the study that it is one of; absent for a single run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replications: Option<u64>,
    /// Cells of the sweep; absent for anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cells: Option<u64>,
    /// Which part of the sweep it is, of how many; absent for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<[u64; 2]>,
    /// Whether the run, or the study, reached its end.
    pub complete: bool,
    /// Files of load that are not in the folder, under their full paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub load_files: Vec<FileEntry>,
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    keyscale: &'static str,
    #[serde(flatten)]
    manifest: Manifest<'a>,
    files: &'a [FileEntry],
}

impl Manifest<'_> {
    /// The file's bytes.
    pub(super) fn bytes(self, files: &[FileEntry]) -> Result<Vec<u8>, Error> {
        let keyscale = env!("CARGO_PKG_VERSION");
        json(&Document { format_version: FORMAT_VERSION, keyscale, manifest: self, files })
    }
}

/// A JSON file as people read it, with a line end at its end.
pub(super) fn json(document: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(document)
        .map_err(|error| Error::Outside("write JSON".to_owned(), error.into()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What makes a manifest keyscale's.
#[derive(Deserialize)]
pub(super) struct Mark {
    #[serde(rename = "format_version")]
    _format_version: u32,
    #[serde(rename = "keyscale")]
    _keyscale: String,
    /// The files in the folder.
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// Files of load that are not.
    #[serde(default)]
    pub load_files: Vec<FileEntry>,
}

impl Mark {
    /// That of a folder, where it is one of ours.
    pub fn of(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join(NAME)).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Whether a run may replace what stands at a path: results that keyscale wrote, or an empty
/// folder.
pub(super) fn is_replaceable(path: &Path) -> bool {
    let empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    Mark::of(path).is_some() || empty()
}

/// Reads the tables of a folder that keyscale wrote, and checks that they are as it wrote them: what
/// the reader finds wrong with one comes first, because it says where.
///
/// # Errors
/// What `read` fails with; [`Error::Usage`] where the folder is none of ours, or a table is no
/// longer what the manifest says; [`Error::Outside`] where one can't be read.
pub fn check_tables<T>(folder: &Path, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let shown = folder.display();
    let Some(mark) = Mark::of(folder) else {
        return Err(Error::Usage(format!(
            "error: {shown} holds no keyscale results\n  \
             = help: name a folder that a run left, as results/runs/demo"
        )));
    };
    let is_read = |name: &str| name.ends_with(".csv") || name == "summary.json";
    let tables = || mark.files.iter().filter(|file| is_read(&file.name));
    if let Some(missing) = tables().find(|file| !folder.join(&file.name).exists()) {
        return Err(Error::Usage(format!(
            "error: {} is missing, which {NAME} names\n  = help: run the scenario again",
            folder.join(&missing.name).display()
        )));
    }
    let tables_read = read()?;
    for file in tables() {
        let path = folder.join(&file.name);
        let mut source = File::open(&path).map_err(outside("read", &path))?;
        let mut digest = Sha256::new();
        let bytes = io::copy(&mut source, &mut digest).map_err(outside("read", &path))?;
        if bytes != file.bytes || hex(&digest.finalize()) != file.sha256 {
            return Err(Error::Usage(format!(
                "error: {}: it is not the table that was written: {NAME} has other {}\n  \
                 = help: run the scenario again; its lock file is beside it",
                path.display(),
                if bytes == file.bytes { "contents of the same length" } else { "contents" },
            )));
        }
    }
    Ok(tables_read)
}
