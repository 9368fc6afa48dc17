//! One file that is whole or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::folder::outside;
use crate::error::Error;

/// Writes a file whole or not at all: beside its place, then renamed.
///
/// # Errors
/// [`Error::Outside`] where the disk says no; then what stood there stands there.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), Error> {
    beside(path, content).map_err(outside("write", path))
}

fn beside(path: &Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let partial: PathBuf = path.with_file_name(format!(".{}.partial", name.to_string_lossy()));
    let written = File::create(&partial)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // What is left of a failure is in nobody's way but ours; the failure is what is told.
        let _ = fs::remove_file(&partial);
    }
    written
}
