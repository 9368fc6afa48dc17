//! A folder that appears whole or not at all.
//!
//! Everything is written to `.NAME.partial` beside the target, hashed and counted on the way and
//! synced; the manifest comes last; then the folder is renamed. What stood there before is renamed
//! to `.NAME.old` first and removed after, so that at every instant either the old or the new one
//! can be had in full. The manifest of a folder in the making is locked while it is written:
//! what a crash left behind has no lock and is cleared, what another process writes is left alone.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::manifest::{self, FileEntry, Manifest};
use super::run::LoadFile;
use crate::error::Error;
use crate::record::fingerprint::hex;

/// A folder in the making; dropped before it is finished, it leaves nothing, unless it is kept.
#[derive(Debug)]
pub struct RunFolder {
    target: PathBuf,
    partial: PathBuf,
    old: PathBuf,
    manifest: Option<File>,
    files: Vec<FileEntry>,
    /// Whether what is there is of use to who goes on.
    kept: bool,
    finished: bool,
}

/// The error of something tried on a path.
pub(super) fn outside(tried: &str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let tried = format!("{tried} {}", path.display());
    move |error| Error::Outside(tried, error)
}

/// Whether something stands at a path, a dangling link included.
fn stands(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Removes whatever stands at a path.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes renames in a folder last through a power failure, where the system lets one ask.
fn sync_folder(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(path)?.sync_all(),
        false => Ok(()),
    }
}

impl RunFolder {
    /// Begins a folder that will stand at `target`, and makes the folders above it.
    ///
    /// # Errors
    /// [`Error::Usage`] where something stands there that keyscale did not write and `force` is
    /// not given, or where another process is writing it; [`Error::Outside`] where the disk says
    /// no.
    pub fn create(target: &Path, force: bool) -> Result<Self, Error> {
        Self::resume(target, force, "", |_| false)
    }

    /// Begins a folder, or goes on with one that was left in the making: of that one a file is kept
    /// which `is_same` knows.
    ///
    /// # Errors
    /// See [`RunFolder::create`].
    pub(super) fn resume(
        target: &Path,
        force: bool,
        keeps: &str,
        is_same: impl FnOnce(&Path) -> bool,
    ) -> Result<Self, Error> {
        let name = target.file_name().ok_or_else(|| {
            let shown = target.display();
            Error::Usage(format!("error: {shown} has no name to give a results folder"))
        })?;
        let parent = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let beside = |end: &str| {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(OsStr::new(end));
            parent.join(hidden)
        };
        let (partial, old) = (beside(".partial"), beside(".old"));
        fs::create_dir_all(parent).map_err(outside("create", parent))?;
        let left = restore(target, &partial, &old)?;
        if !force && stands(target) && !manifest::is_replaceable(target) {
            let shown = target.display();
            return Err(Error::Usage(format!(
                "error: {shown} exists and holds no keyscale results\n  \
                 = help: choose another folder, or replace this one with --force"
            )));
        }
        let kept = left && !keeps.is_empty() && is_same(&partial.join(keeps));
        match kept {
            true => clear_but(&partial, keeps).map_err(outside("remove", &partial))?,
            false => clear(&partial).map_err(outside("remove", &partial))?,
        }
        if !kept {
            fs::create_dir(&partial).map_err(outside("create", &partial))?;
        }
        let mut folder = Self {
            target: target.to_owned(),
            partial,
            old,
            manifest: None,
            files: Vec::new(),
            kept,
            finished: false,
        };
        let path = folder.partial.join(manifest::NAME);
        let manifest = File::create_new(&path).map_err(outside("create", &path))?;
        // A file system without locks is no reason to write nothing.
        let _ = manifest.try_lock();
        folder.manifest = Some(manifest);
        Ok(folder)
    }

    /// Where the folder will stand.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where a file of the folder is while the folder is in the making.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// Begins a file of the folder; it counts once it is handed back to [`RunFolder::add`].
    pub(super) fn begin(&self, name: &str) -> Result<Hashed, Error> {
        let path = self.path(name);
        let file = File::create_new(&path).map_err(outside("create", &path))?;
        Ok(Hashed { name: name.to_owned(), path, file, digest: Sha256::new(), bytes: 0 })
    }

    /// Syncs a file that is written and enters it in the manifest.
    pub(super) fn add(&mut self, file: Hashed) -> Result<(), Error> {
        file.file.sync_all().map_err(outside("write", &file.path))?;
        let sha256 = hex(&file.digest.finalize());
        self.files.push(FileEntry { name: file.name, bytes: file.bytes, sha256 });
        Ok(())
    }

    /// Writes a whole file.
    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.begin(name)?;
        file.write_all(bytes).map_err(outside("write", &file.path))?;
        self.add(file)
    }

    /// Enters a file that is there already.
    pub(super) fn adopt(&mut self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        let mut file = File::open(&path).map_err(outside("read", &path))?;
        let mut digest = Sha256::new();
        let bytes = io::copy(&mut file, &mut digest).map_err(outside("read", &path))?;
        file.sync_all().map_err(outside("write", &path))?;
        let sha256 = hex(&digest.finalize());
        self.files.push(FileEntry { name: name.to_owned(), bytes, sha256 });
        Ok(())
    }

    /// From now on what is there is left for who goes on, should this end early.
    pub(super) fn keep(&mut self) {
        self.kept = true;
    }

    /// Copies a file of load in, if it still is what the run was made with.
    pub(super) fn copy(&mut self, load: &LoadFile) -> Result<(), Error> {
        let from = load.path.as_path();
        let mut source = File::open(from).map_err(outside("read", from))?;
        let mut file = self.begin(&load.name)?;
        io::copy(&mut source, &mut file).map_err(outside("copy", from))?;
        self.add(file)?;
        match self.files.last() {
            Some(copy) if copy.sha256 != load.sha256 => {
                let changed = io::Error::other("it changed while the run went on");
                Err(outside("copy", from)(changed))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Writes the manifest and puts the folder in its place.
    pub(super) fn finish(mut self, manifest: Manifest<'_>) -> Result<Vec<FileEntry>, Error> {
        let mut files = std::mem::take(&mut self.files);
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let path = self.path(manifest::NAME);
        if let Some(mut file) = self.manifest.take() {
            file.write_all(&manifest.bytes(&files)?)
                .and_then(|()| file.sync_all())
                .map_err(outside("write", &path))?;
        }
        sync_folder(&self.partial).map_err(outside("write", &self.partial))?;
        let replaces = stands(&self.target);
        if replaces {
            fs::rename(&self.target, &self.old).map_err(outside("replace", &self.target))?;
        }
        if let Err(error) = fs::rename(&self.partial, &self.target) {
            if replaces {
                // The old one goes back; should even that fail, the next run finds and restores it.
                let _ = fs::rename(&self.old, &self.target);
            }
            return Err(outside("create", &self.target)(error));
        }
        self.finished = true;
        // From here on the results are safe: an old folder that can't be removed is cleared by
        // the next run.
        let _ = self.target.parent().map(sync_folder);
        let _ = clear(&self.old);
        Ok(files)
    }
}

/// Puts back a folder that an earlier crash left renamed away but not yet replaced, and says whether
/// something is left in the making that nobody writes.
fn restore(target: &Path, partial: &Path, old: &Path) -> Result<bool, Error> {
    if let Ok(manifest) = File::open(partial.join(manifest::NAME))
        && let Err(TryLockError::WouldBlock) = manifest.try_lock()
    {
        let shown = target.display();
        return Err(Error::Usage(format!("error: another keyscale is writing {shown}")));
    }
    if stands(old) && !stands(target) {
        fs::rename(old, target).map_err(outside("restore", target))?;
    }
    clear(old).map_err(outside("remove", old))?;
    Ok(stands(partial))
}

/// Removes what stands in a folder, but for one file.
fn clear_but(folder: &Path, kept: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() != kept {
            clear(&entry.path())?;
        }
    }
    Ok(())
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.finished && !self.kept {
            // The error that led here is the one to tell; the next run clears what stays.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// A file that is hashed and counted on the way.
#[derive(Debug)]
pub(super) struct Hashed {
    name: String,
    path: PathBuf,
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Hashed {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
