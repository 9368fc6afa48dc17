//! Scenario files and what they name, read and checked before anything runs.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::args::{Talk, What};
use super::console::Console;
use crate::input::{FileDigest, read_sample, read_trace, why};
use crate::record::metric::vocabulary;
use crate::scenario::problem::{Excerpt, Problem, Problems, Severity};
use crate::scenario::{self, Checked, NamedFile, Override, Source, Trace, TraceFile};
use crate::units::SimDuration;

/// Bytes read of a scenario: one more than it may have, so that its check can tell.
const LIMIT: u64 = (1 << 20) + 1;

/// A scenario that can run.
#[derive(Debug)]
pub(super) struct Ready {
    /// The file it came from, as it was named.
    pub path: PathBuf,
    /// The scenario.
    pub checked: Checked,
    /// Its load files, read.
    pub traces: Vec<Trace>,
    /// The files that it names as they were when they were read, in the order of
    /// [`Scenario::files`](scenario::Scenario::files).
    pub files: Vec<FileDigest>,
    /// Time from the end of the warm-up to the end of the run.
    pub duration: SimDuration,
    /// What was put in the place of its values.
    pub overrides: Vec<Override>,
    /// A digest of all that decides what happens in its runs, the program aside.
    pub said: String,
}

/// Tables that ask something of runs and change nothing in them.
const ASKS: [&str; 5] = ["question", "thresholds", "expect", "reference", "validation"];

/// A digest of what a scenario says, whatever its comments, order and spaces, with the values put
/// into it and the bytes of its load files. Defaults are the program's, and left out.
fn said(text: &str, overrides: &[Override], files: &[FileDigest]) -> String {
    let mut table: toml::Table = text.parse().unwrap_or_default();
    ASKS.iter().for_each(|name| drop(table.remove(*name)));
    let mut digest = Sha256::new();
    digest.update(serde_json::to_vec(&table).unwrap_or_default());
    for Override { key, value } in overrides {
        digest.update(format!("\n{key}={value}"));
    }
    files.iter().for_each(|file| digest.update(format!("\n{}", file.sha256)));
    format!("{:x}", digest.finalize())
}

/// Reads all scenarios in turn and tells everything there is to say about them; `None` in the
/// place of one that can't run.
pub(super) fn read_all(what: &What, talk: Talk, console: &mut Console<'_>) -> Vec<Option<Ready>> {
    let overrides = what.overrides();
    what.scenarios.iter().map(|path| read_one(path, &overrides, talk, console)).collect()
}

/// Reads a scenario and tells everything there is to say about it; `None` where it can't run.
pub(super) fn read_one(
    path: &Path,
    overrides: &[Override],
    talk: Talk,
    console: &mut Console<'_>,
) -> Option<Ready> {
    let (found, ready) = match read(path, overrides, talk, console) {
        Ok((warnings, ready)) => (warnings, Some(ready)),
        Err(problems) => (problems, None),
    };
    if ready.is_none() || !talk.quiet {
        console.problems(&found);
    }
    ready
}

/// One scenario with its warnings.
fn read(
    path: &Path,
    overrides: &[Override],
    talk: Talk,
    console: &mut Console<'_>,
) -> Result<(Problems, Ready), Problems> {
    let text = text(path, "scenario")?;
    read_text(path, &text, overrides, Path::new(""), &mut ReadTraces::default(), talk, console)
}

/// Load files that were read, so that scenarios with the same ones read them once.
#[derive(Debug, Default)]
pub(super) struct ReadTraces(Vec<(TraceFile, Trace, FileDigest)>);

impl ReadTraces {
    /// A load file with its digest, and what there is to say about it when it is first read.
    fn read(
        &mut self,
        file: &TraceFile,
        talk: Talk,
        console: &mut Console<'_>,
    ) -> Result<(Problems, Trace, FileDigest), Problems> {
        if let Some((_, trace, digest)) = self.0.iter().find(|(known, ..)| known == file) {
            return Ok((Problems::default(), trace.clone(), digest.clone()));
        }
        let reading = read_trace(file)?;
        if talk.verbose {
            console.err(&format!("{}\n", reading.note));
        }
        self.0.push((file.clone(), reading.trace.clone(), reading.digest.clone()));
        Ok((reading.warnings, reading.trace, reading.digest))
    }
}

/// One scenario with its warnings, out of its text. A path in an override is relative to
/// `working_folder`.
pub(super) fn read_text(
    path: &Path,
    text: &str,
    overrides: &[Override],
    working_folder: &Path,
    known: &mut ReadTraces,
    talk: Talk,
    console: &mut Console<'_>,
) -> Result<(Problems, Ready), Problems> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let origin = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    let source = Source { origin: &origin, text, stem: &stem, folder };
    let mut checked = scenario::check_with(&source, overrides, working_folder, &vocabulary())?;
    let (mut problems, mut traces, mut files) = (checked.warnings.clone(), Vec::new(), Vec::new());
    let mut named = checked.scenario.files();
    for (file, named) in checked.scenario.traces.iter().zip(&mut named) {
        match known.read(file, talk, console) {
            Ok((warnings, trace, digest)) => {
                problems.0.extend(warnings.0);
                problems.0.extend(changed(&checked, named, &digest));
                traces.push(trace);
                files.push(digest);
            }
            Err(wrong) => problems.0.extend(wrong.0),
        }
    }
    let mut samples = Vec::new();
    for (file, named) in checked.scenario.samples.iter().zip(named) {
        match read_sample(file) {
            Ok(reading) => {
                if talk.verbose {
                    console.err(&format!("{}\n", reading.note));
                }
                problems.0.extend(changed(&checked, named, &reading.digest));
                samples.push(reading.sample);
                files.push(reading.digest);
            }
            Err(wrong) => problems.0.extend(wrong.0),
        }
    }
    if !problems.has_errors() {
        checked.fill_samples(samples);
    }
    let duration = checked.scenario.duration(&traces);
    if !problems.has_errors() {
        problems.0.extend(checked.check_length(duration).0);
    }
    if problems.has_errors() {
        return Err(problems);
    }
    let said = said(text, overrides, &files);
    let (path, overrides) = (path.to_owned(), overrides.to_vec());
    Ok((problems, Ready { path, checked, traces, files, duration, overrides, said }))
}

/// The error of a file that is not the one the scenario was made with.
fn changed(checked: &Checked, file: NamedFile<'_>, read: &FileDigest) -> Option<Problem> {
    let expected = file.sha256?;
    (*expected != read.sha256).then(|| {
        let key = file.sha256_key();
        let title = format!("the {} {} has changed", file.noun, file.path.display());
        let label = format!("its SHA-256 is {}", read.sha256);
        let help = "name the file that this was made with, or leave sha256 out to take this one";
        checked.problem(Severity::Error, &key, &title, &label, Some(help))
    })
}

/// The text of a file of settings, which people call by a noun.
pub(super) fn text(path: &Path, noun: &str) -> Result<String, Problems> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::Error::other("it is a folder")),
        false => file.take(LIMIT).read_to_end(&mut bytes),
    });
    if let Err(error) = read {
        return Err(unreadable(path, noun, &error));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // A text that is too long anyway may be cut within a letter.
        Err(error) if error.as_bytes().len() as u64 == LIMIT => {
            Ok(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let shown = String::from_utf8_lossy(error.as_bytes());
            let label = "this byte is no letter".to_owned();
            // What comes before is the same text, so that the place is too.
            let marks = vec![(at..at + '\u{fffd}'.len_utf8(), label)];
            let origin = path.display().to_string();
            let excerpts = vec![Excerpt { origin, line: 1, text: (*shown).into(), marks }];
            let title = format!("the {noun} is not UTF-8");
            Err(error_of(title, excerpts, Some("save it as UTF-8".to_owned())))
        }
    }
}

/// A file that can't be read, with the name that was probably meant.
fn unreadable(path: &Path, noun: &str, error: &io::Error) -> Problems {
    let missing = error.kind() == io::ErrorKind::NotFound;
    let title = format!("can't read the {noun} {}: {}", path.display(), why(error));
    let longer = path.with_extension("toml");
    let meant = missing && longer != path && longer.is_file();
    let help = meant.then(|| format!("did you mean {}?", longer.display()));
    error_of(title, Vec::new(), help)
}

/// One error.
fn error_of(title: String, excerpts: Vec<Excerpt>, help: Option<String>) -> Problems {
    Problems(vec![Problem { severity: Severity::Error, title, excerpts, help }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_of_what_decides() {
        let said = |text: &str, set: &[&str], file: &str| {
            let overrides = set.iter().map(|set| set.parse().expect("KEY=VALUE"));
            let file = FileDigest { bytes: 1, sha256: file.to_owned() };
            said(text, &overrides.collect::<Vec<_>>(), &[file])
        };
        let base = said("duration = \"1m\"\nseed = 5\n", &[], "a");
        let same = "# why\nseed = 5\nduration=\"1m\"\nquestion = \"?\"\n[thresholds]\nserved = \"value > 1\"\n";
        assert_eq!(said(same, &[], "a"), base);
        let others = [
            said("duration = \"2m\"\nseed = 5\n", &[], "a"),
            said("duration = \"1m\"\nseed = 5\n", &["seed=5"], "a"),
            said("duration = \"1m\"\nseed = 5\n", &[], "b"),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
