//! A fresh folder for each test, and where the recorded loads are.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// An empty folder of a test's own, left behind for a look when the test has failed.
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of this name, emptied.
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Names of what lies in a folder within it, in order.
    pub fn list(&self, within: &str) -> Vec<String> {
        let Ok(found) = fs::read_dir(self.0.join(within)) else { return Vec::new() };
        let mut names: Vec<String> =
            found.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// Copies a folder and everything below it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A file of recorded load from the folder that `KEYSCALE_SHARED` names, by default `../shared`
/// beside the crate. Where it is absent the test has nothing to read and ends; a note of it is
/// left in the folder of test files.
pub fn recorded(file: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("KEYSCALE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("traces").join(file);
    if path.is_file() {
        return Some(path.canonicalize().unwrap());
    }
    let note = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped");
    fs::create_dir_all(&note).unwrap();
    fs::write(note.join(file.replace('/', "-")), "not found, tests of it skipped\n").unwrap();
    None
}
