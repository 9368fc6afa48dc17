//! Baselines: what the replications of a scenario came to, in a small text fit for version
//! control.
//!
//! The head has a line a thing to know, each `# name value` with the value as JSON: the format, the
//! SHA-256 of all lines after it, the version of the fingerprints, the scenario's file with what
//! was put into it and a digest of what it says, seed, length of a run and services. Then comes a
//! table as CSV: a row a replication with the first digits of the parts of its fingerprint and the
//! usual metrics. Numbers have as many digits as come back the same.

use std::fs;
use std::iter;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::csv::{Fault, Table};
use super::folder::outside;
use super::whole::write_whole;
use crate::error::Error;
use crate::record::fingerprint::{Parts, VERSION, hex};
use crate::record::summary::SUMMARY;
use crate::study::compare::usual;
use crate::study::regress::Kept;

/// Where baselines are kept, below the working folder.
pub const BASELINES: &str = "results/baselines";

/// The format's version.
const FORMAT: u64 = 1;

/// The first line of every baseline of this format, and what the second begins with.
const MARK: &str = "# keyscale_baseline";
const SUM: &str = "# sha256";

/// What was kept of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The version of its fingerprints.
    pub fingerprints: u64,
    /// The scenario's file.
    pub scenario: String,
    /// A digest of what that file says of a run, and of its load files.
    pub said: String,
    /// What was put in the place of its values, each `KEY=VALUE`.
    pub set: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// Length of a run in seconds, warm-up included.
    pub run_s: f64,
    /// Names of its services.
    pub services: Vec<String>,
    /// Its replications, from the first on.
    pub runs: Vec<Kept>,
}

/// The file of a name.
pub fn path(name: &str) -> PathBuf {
    Path::new(BASELINES).join(format!("{name}.csv"))
}

/// The names of all baselines, in order; none where there is no folder of them.
///
/// # Errors
/// [`Error::Outside`] where the folder can't be read.
pub fn names() -> Result<Vec<String>, Error> {
    let folder = Path::new(BASELINES);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(outside("read", folder))? {
        let path = entry.map_err(outside("read", folder))?.path();
        if path.extension().is_some_and(|end| end == "csv")
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            && !stem.starts_with('.')
        {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// An error of a file of this path, at a line.
fn wrong(path: &Path, line: usize, what: &str, help: &str) -> Error {
    let place = format!("{}:{line}", path.display());
    Error::Usage(format!("error: {what}\n  --> {place}\n  = help: {help}"))
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Outside`] where it can't be read, [`Error::Usage`] with the line where it is no
    /// baseline, one of another format, torn or edited.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(outside("read", path))?;
        // Version control may change how lines end; that is no edit.
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let again = "make it again with keyscale run SCENARIO --save-baseline NAME, or take it \
                     from version control";
        let format = text.lines().next().and_then(|line| line.strip_prefix(MARK));
        match format.map(|n| n.trim().parse::<u64>()) {
            Some(Ok(FORMAT)) => {}
            Some(Ok(other)) => {
                let what = format!("the baseline is of format {other}, and this reads {FORMAT}");
                return Err(wrong(path, 1, &what, again));
            }
            None | Some(Err(_)) => return Err(wrong(path, 1, "this is no baseline", again)),
        }
        let rest = text.splitn(3, '\n').nth(2).unwrap_or("");
        let found = sum(rest);
        let said = text.lines().nth(1).and_then(|line| line.strip_prefix(SUM));
        if said.is_none_or(|said| said.trim().trim_matches('"') != found) {
            let what = format!("the baseline was torn or edited: its SHA-256 is {found}");
            return Err(wrong(path, 2, &what, again));
        }
        Self::of_text(&text).map_err(|(line, what)| wrong(path, line, &what, again))
    }

    /// From a text whose sum is right; else a line, and what is wrong there.
    fn of_text(text: &str) -> Result<Self, (usize, String)> {
        let mut found = Self {
            fingerprints: 0,
            scenario: String::new(),
            said: String::new(),
            set: Vec::new(),
            seed: 0,
            run_s: 0.0,
            services: Vec::new(),
            runs: Vec::new(),
        };
        let is_head = |line: &str| line.starts_with("# ");
        for (at, line) in (1..).zip(text.lines().take_while(|line| is_head(line))) {
            let (name, value) = line[2..].split_once(' ').unwrap_or((&line[2..], ""));
            let value: Value =
                serde_json::from_str(value).map_err(|error| (at, format!("{name}: {error}")))?;
            let text = || value.as_str().unwrap_or_default().to_owned();
            match name {
                "fingerprints" => found.fingerprints = value.as_u64().unwrap_or(0),
                "scenario" => found.scenario = text(),
                "said" => found.said = text(),
                "set" => found.set.push(text()),
                "seed" => found.seed = value.as_u64().unwrap_or(0),
                "run_s" => found.run_s = value.as_f64().unwrap_or(0.0),
                "services" => {
                    let names = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    let name = |value: &Value| value.as_str().map(str::to_owned);
                    found.services = names.iter().filter_map(name).collect();
                }
                // The mark and the sum, which were looked at, and what later versions add.
                _ => {}
            }
        }
        // Empty lines in the place of the head keep the numbers of lines.
        let table: String = text
            .lines()
            .map(|line| if is_head(line) { "\n".into() } else { format!("{line}\n") })
            .collect();
        let metrics: Vec<&str> = SUMMARY[1..].iter().map(|column| column.name).collect();
        let asked: Vec<&str> = metrics.iter().copied().chain(["replication"]).collect();
        let read = Table::read(table.as_bytes(), &Parts::NAMES, &asked, |_| true);
        let table = read.map_err(|fault| {
            let what = match fault {
                Fault::Outside(error) => error.to_string(),
                Fault::Table(what) => what,
            };
            (text.lines().take_while(|line| is_head(line)).count() + 1, what)
        })?;
        let metrics = metrics.iter().map(|name| table.numbers(name));
        // The first column of the summary is a name.
        let columns: Vec<Vec<f64>> =
            iter::once(vec![f64::NAN; table.len()]).chain(metrics).collect();
        let prints = Parts::NAMES.map(|name| table.texts(name));
        let numbers = table.numbers("replication");
        if numbers.is_empty() {
            return Err((text.lines().count(), "there is no replication".to_owned()));
        }
        for (at, number) in numbers.iter().enumerate() {
            if *number != at as f64 {
                let line = text.lines().count() - numbers.len() + at + 1;
                return Err((line, format!("replication {at} is missing")));
            }
            found.runs.push(Kept {
                prints: prints.map(|part| part[at].clone()),
                numbers: columns.iter().map(|column| column[at]).collect(),
            });
        }
        Ok(found)
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut head = Vec::new();
        let mut line = |name: &str, value: Value| head.push(format!("# {name} {value}\n"));
        line("fingerprints", self.fingerprints.into());
        line("scenario", self.scenario.as_str().into());
        line("said", self.said.as_str().into());
        self.set.iter().for_each(|set| line("set", set.as_str().into()));
        line("seed", self.seed.into());
        line("run_s", self.run_s.into());
        line("services", self.services.clone().into());
        let metrics = usual();
        let columns = metrics.iter().map(|metric| metric.column);
        let names = ["replication"].into_iter().chain(Parts::NAMES).chain(columns);
        let mut table = names.collect::<Vec<_>>().join(",") + "\n";
        let at = |name: &str| SUMMARY.iter().position(|column| column.name == name);
        let places: Vec<Option<usize>> = metrics.iter().map(|metric| at(metric.column)).collect();
        for (number, run) in self.runs.iter().enumerate() {
            let cell = |at: &Option<usize>| {
                let number = at.and_then(|at| run.numbers.get(at)).filter(|n| n.is_finite());
                number.map_or(String::new(), f64::to_string)
            };
            let before = [number.to_string()].into_iter().chain(run.prints.iter().cloned());
            let cells = before.chain(places.iter().map(cell));
            table += &(cells.collect::<Vec<_>>().join(",") + "\n");
        }
        let rest = head.concat() + &table;
        format!("{MARK} {FORMAT}\n{SUM} \"{}\"\n{rest}", sum(&rest))
    }

    /// Keeps it under a name. It stands in its place whole or not at all.
    ///
    /// # Errors
    /// [`Error::Outside`] where the disk says no.
    pub fn save(&self, name: &str) -> Result<PathBuf, Error> {
        let path = path(name);
        fs::create_dir_all(BASELINES).map_err(outside("write", &path))?;
        write_whole(&path, self.text().as_bytes())?;
        Ok(path)
    }

    /// Refuses fingerprints of another version, which can't be compared.
    ///
    /// # Errors
    /// [`Error::Usage`] with the line.
    pub fn is_of_this_version(&self, path: &Path) -> Result<(), Error> {
        if self.fingerprints == VERSION {
            return Ok(());
        }
        let what = format!(
            "the baseline's fingerprints are of version {}, and this program's of {VERSION}",
            self.fingerprints
        );
        Err(wrong(path, 3, &what, UPDATE))
    }

    /// Refuses a scenario that says something else than the one that this was made of.
    ///
    /// # Errors
    /// [`Error::Usage`] with the line.
    pub fn is_of(&self, said: &str, path: &Path) -> Result<(), Error> {
        if self.said == said {
            return Ok(());
        }
        let what = format!(
            "the baseline is of another scenario: {} says something else by now",
            self.scenario
        );
        Err(wrong(path, 5, &what, UPDATE))
    }
}

/// How a baseline is made again.
const UPDATE: &str = "make it again with keyscale regress --update, and look at what moved";

fn sum(text: &str) -> String {
    hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline() -> Baseline {
        let run = |n: f64| Kept {
            prints: ["00", "11", "22"].map(str::to_owned),
            numbers: SUMMARY.iter().map(|_| n).collect(),
        };
        Baseline {
            fingerprints: VERSION,
            scenario: "scenarios/a b.toml".to_owned(),
            said: "abc".to_owned(),
            set: vec!["seed=5".to_owned(), "name=\"x\n\"".to_owned()],
            seed: 5,
            run_s: 90.5,
            services: vec!["web".to_owned(), "shop".to_owned()],
            runs: vec![run(0.1 + 0.2), run(1e300), run(f64::NAN)],
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let base = baseline();
        let text = base.text();
        let back = Baseline::of_text(&text).expect("it is whole");
        assert_eq!(back.text(), text);
        let at = SUMMARY.iter().position(|c| c.name == "failed_ratio").expect("a column");
        assert_eq!(back.runs[0].numbers[at], 0.1 + 0.2);
        assert!(back.runs[2].numbers[at].is_nan());
        assert_eq!((&back.set, &back.services, back.run_s), (&base.set, &base.services, 90.5));
    }

    #[test]
    fn what_is_missing_is_located() {
        let text = baseline().text();
        let line = |n: usize| text.lines().nth(n - 1).expect("a line").to_owned() + "\n";
        let first = text.lines().position(|l| l.starts_with("0,")).expect("a row") + 1;
        let check = |text: String, line: usize, said: &str| match Baseline::of_text(&text) {
            Err((at, what)) => assert!(at == line && what.contains(said), "{at}: {what}"),
            Ok(_) => panic!("{said} is not told"),
        };
        check(text.replace(&line(first + 1), ""), first + 1, "replication 1 is missing");
        check(text.split_inclusive('\n').take(first - 1).collect(), first - 1, "no replication");
        check(text.replace("# seed 5", "# seed five"), 8, "seed: ");
    }
}
