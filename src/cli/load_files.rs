//! Load files in a folder of results: small ones are copied in, so that the lock runs wherever the
//! folder goes; large ones stay where they are, and the lock names them by path and SHA-256.
//!
//! A copy's name begins with `load-`, so that it can't be one of the folder's own; a file that
//! already has such a name keeps it, so that the lock of a lock is the same text.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::input::FileDigest;
use crate::output::{LoadFile, LoadFiles};
use crate::scenario::LockedFile;

/// What a copy's name begins with.
const PREFIX: &str = "load-";

/// Bytes of the largest file that is copied. Assumption: 16 MiB is a year of minutes many times
/// over; beyond it a copy a run costs more than the file's own place is worth.
const LARGEST: u64 = 16 << 20;

/// What to write of load files.
pub(super) struct Plan {
    /// What the lock file calls each file, in the order of the scenario's.
    pub locked: Vec<LockedFile>,
    /// What goes into the folder and its manifest.
    pub files: LoadFiles,
}

/// What to write of these files. A path that occurs twice is copied once; different files never
/// share a name.
///
/// # Errors
/// [`Error::Outside`] where the full path of a large file can't be found out.
pub(super) fn plan<'p>(
    read: impl IntoIterator<Item = (&'p Path, &'p FileDigest)>,
) -> Result<Plan, Error> {
    let mut plan = Plan { locked: Vec::new(), files: LoadFiles::default() };
    for (path, digest) in read {
        let locked = match digest.bytes {
            0..=LARGEST => LockedFile { file: copied(path, digest, &mut plan.files), sha256: None },
            _ => LockedFile {
                file: named(path, digest, &mut plan.files)?,
                sha256: Some(digest.sha256.clone()),
            },
        };
        plan.locked.push(locked);
    }
    Ok(plan)
}

/// Enters a file that is copied; its name in the folder.
fn copied(path: &Path, digest: &FileDigest, files: &mut LoadFiles) -> String {
    if let Some(known) = files.copied.iter().find(|known| known.path == path) {
        return known.name.clone();
    }
    let wanted = plain(path);
    let free = |name: &String| !files.copied.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    let numbered = (2..).map(|n| match wanted.rsplit_once('.') {
        Some((stem, end)) => format!("{stem}-{n}.{end}"),
        None => format!("{wanted}-{n}"),
    });
    let name = std::iter::once(wanted.clone()).chain(numbered).find(free).unwrap_or(wanted);
    files.copied.push(entry(name.clone(), path.to_owned(), digest));
    name
}

/// Enters a file that is only named; its full path.
fn named(path: &Path, digest: &FileDigest, files: &mut LoadFiles) -> Result<String, Error> {
    let full = fs::canonicalize(path)
        .map_err(|error| Error::Outside(format!("find {}", path.display()), error))?;
    let name = full.display().to_string();
    if !files.named.iter().any(|known| known.path == full) {
        files.named.push(entry(name.clone(), full, digest));
    }
    Ok(name)
}

fn entry(name: String, path: PathBuf, digest: &FileDigest) -> LoadFile {
    LoadFile { name, path, bytes: digest.bytes, sha256: digest.sha256.clone() }
}

/// A file's name in letters that every system takes.
fn plain(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = name.chars().map(|c| if known(c) { c } else { '_' }).collect();
    match name.starts_with(PREFIX) {
        true => name,
        false => format!("{PREFIX}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_stay() {
        let digest = FileDigest { bytes: LARGEST, sha256: String::new() };
        let plan_of = |paths: &[&str]| {
            plan(paths.iter().map(|path| (Path::new(*path), &digest))).expect("all are copied")
        };
        let check = |paths: &[&str], expected: &[&str]| {
            let plan = plan_of(paths);
            let names: Vec<&str> = plan.locked.iter().map(|l| l.file.as_str()).collect();
            assert_eq!(names, expected, "{paths:?}");
            let kept: Vec<&str> = plan.files.copied.iter().map(|c| c.name.as_str()).collect();
            let again = plan_of(&kept);
            let names: Vec<&str> = again.locked.iter().map(|l| l.file.as_str()).collect();
            assert_eq!(names, kept, "names of copies stay");
        };
        check(&["a/summary.csv"], &["load-summary.csv"]);
        check(&["a/x.csv", "b/x.csv", "a/x.csv"], &["load-x.csv", "load-x-2.csv", "load-x.csv"]);
        check(
            &["a/x.csv", "b/X.csv", "c/x-2.csv"],
            &["load-x.csv", "load-X-2.csv", "load-x-2-2.csv"],
        );
        check(&["été 98"], &["load-_t__98"]);
    }
}
