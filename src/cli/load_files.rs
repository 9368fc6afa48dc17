//! The names of load files in a folder of results.
//!
//! A name begins with `load-`, so that it can't be one of the folder's own; a file that already
//! has such a name keeps it, so that the lock of a lock is the same text.

use std::path::{Path, PathBuf};

/// What a load file's name begins with.
const PREFIX: &str = "load-";

/// For each path the name its copy has, and for each copy its name and where it comes from. A path
/// that occurs twice is copied once; different files never share a name.
pub(super) fn names<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
) -> (Vec<String>, Vec<(String, PathBuf)>) {
    let (mut names, mut copies) = (Vec::new(), Vec::<(String, PathBuf)>::new());
    for path in paths {
        if let Some((name, _)) = copies.iter().find(|(_, known)| known == path) {
            names.push(name.clone());
            continue;
        }
        let wanted = plain(path);
        let free = |name: &String| !copies.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let numbered = (2..).map(|n| match wanted.rsplit_once('.') {
            Some((stem, end)) => format!("{stem}-{n}.{end}"),
            None => format!("{wanted}-{n}"),
        });
        let name = std::iter::once(wanted.clone()).chain(numbered).find(free).unwrap_or(wanted);
        names.push(name.clone());
        copies.push((name, path.to_owned()));
    }
    (names, copies)
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
        let check = |paths: &[&str], expected: &[&str]| {
            let (names, copies) = names(paths.iter().map(Path::new));
            assert_eq!(names, expected, "{paths:?}");
            let again: Vec<&Path> = copies.iter().map(|(n, _)| Path::new(n)).collect();
            let kept: Vec<&str> = copies.iter().map(|(n, _)| n.as_str()).collect();
            assert_eq!(super::names(again).0, kept, "names of copies stay");
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
