//! The replications of a scenario: how many, by whom, and what they leave in its folder.

use std::num::NonZero;

use super::args::Run;
use super::console::Console;
use super::interrupt::Interrupt;
use super::numbers::counted;
use super::progress::Progress;
use super::read::Ready;
use crate::error::Error;
use crate::output::{Baseline, RunFolder, StudyInfo, Until};
use crate::record::fingerprint::VERSION;
use crate::scenario::Scenario;
use crate::study::band::{Band, StripWatch};
use crate::study::gather::FIRST;
use crate::study::regress::Kept;
use crate::study::replicate::{Crew, Ended, Subject};
use crate::study::{Gathered, Gleaner, Rule};

/// How many replications are asked for; none for a single run.
pub(super) fn rule(asked: &Run, scenario: &Scenario) -> Option<Rule> {
    match asked.replications {
        Some(1) if asked.save_baseline.is_none() => None,
        Some(count) => Some(Rule::Fixed(count)),
        None if !scenario.thresholds.is_empty() => Some(Rule::UNTIL_KNOWN),
        // A baseline of one run has nothing to be compared with.
        None => asked.save_baseline.as_ref().map(|_| Rule::Fixed(FIRST)),
    }
}

/// Replications that are done.
pub(super) struct Studied<'s> {
    /// What they come to.
    pub gathered: Gathered<'s>,
    /// Why there are so many.
    pub until: Until,
    /// The one to show.
    pub shown: u64,
}

impl Studied<'_> {
    /// What the files say about it.
    pub fn info(&self) -> StudyInfo<'_> {
        StudyInfo { gathered: &self.gathered, until: self.until, shown: self.shown }
    }

    /// Whether all that were wanted are there.
    pub fn is_complete(&self) -> bool {
        self.until != Until::Interrupted
    }
}

/// Workers, as many as are asked for.
///
/// # Errors
/// [`Error::Outside`] where the system has no more threads.
pub(super) fn crew(jobs: Option<u16>) -> Result<Crew, Error> {
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    Crew::new(jobs.map_or_else(processors, usize::from))
        .map_err(|error| Error::Outside("start threads".to_owned(), error))
}

/// A baseline of these replications of a scenario.
///
/// # Errors
/// [`Error::Outside`] where there is no working folder.
pub(super) fn baseline_of(ready: &Ready, runs: Vec<Kept>) -> Result<Baseline, Error> {
    let scenario = &ready.checked.scenario;
    let here = std::env::current_dir()
        .map_err(|error| Error::Outside("find the working folder".to_owned(), error))?;
    let path = ready.path.strip_prefix(here).unwrap_or(&ready.path);
    let set = ready.overrides.iter().map(|set| format!("{}={}", set.key, set.value));
    Ok(Baseline {
        fingerprints: VERSION,
        scenario: path.display().to_string(),
        said: ready.said.clone(),
        set: set.collect(),
        seed: scenario.seed,
        run_s: (scenario.warm_up + ready.duration).as_secs_f64(),
        services: scenario.services.iter().map(|s| s.name.clone()).collect(),
        runs,
    })
}

/// Runs replications and writes a row of each; nothing where not even one was complete.
///
/// # Errors
/// What the disk says, or a broken law.
pub(super) fn study<'s>(
    asked: &Run,
    ready: &'s Ready,
    mut rule: Rule,
    folder: &mut RunFolder,
    interrupt: &Interrupt,
    console: &mut Console<'_>,
) -> Result<Option<Studied<'s>>, Error> {
    let Ready { checked, traces, duration, .. } = ready;
    let subject = Subject { scenario: &checked.scenario, traces, duration: *duration };
    let fixed = matches!(rule, Rule::Fixed(_));
    let most = rule.most();
    let (mut gathered, mut band) = (Gathered::new(subject.scenario), Band::default());
    let mut table = folder.replications()?;
    let mut progress = Progress::begin(*duration, asked.talk, console);
    let mut failure = None;
    let mut kept = Vec::new();
    let gleaner = || {
        let gleaner = Gleaner::new(subject.scenario);
        if asked.save_baseline.is_some() { gleaner.with_prints() } else { gleaner }
    };
    let ended = crew(asked.jobs)?.replicate(
        &subject,
        0..most,
        || (gleaner(), StripWatch::new(subject.scenario, *duration)),
        || interrupt.asked(),
        |number, (outcome, strip)| {
            gathered.take(&outcome);
            band.take(strip);
            failure = table.write(number, &outcome.rows).err();
            kept.extend(asked.save_baseline.as_ref().map(|_| Kept::new(&outcome)));
            let outlook = || match gathered.outlook() {
                Some((width, target)) if !fixed => (target.min(most), Some(width)),
                Some((width, _)) => (most, Some(width)),
                None => (if fixed { most } else { FIRST }, None),
            };
            progress.at_replication(gathered.runs, outlook, gathered.arrivals, console);
            failure.is_none() && rule.wants_more(&gathered)
        },
    );
    let speed = progress.end(gathered.arrivals);
    if let Some(error) = failure {
        return Err(error);
    }
    let ended = ended.map_err(|broken| {
        let seed = subject.scenario.seed;
        Error::Law(format!("{broken}\n  = help: seed {seed} of {}", ready.path.display()))
    })?;
    if asked.talk.verbose {
        let runs = counted(gathered.runs, "replication");
        console.err(&format!("{runs}: {speed}\n"));
    }
    let Some(shown) = gathered.median_run() else { return Ok(None) };
    folder.add_replications(table)?;
    folder.add_bands(&band, subject.scenario.warm_up)?;
    let until = match (ended, fixed) {
        (Ended::Stopped, _) => Until::Interrupted,
        (Ended::All | Ended::Enough, true) => Until::Fixed,
        (Ended::All | Ended::Enough, false) if rule.is_known() => Until::Known,
        (Ended::All | Ended::Enough, false) => Until::Cap,
    };
    if let Some(name) = asked.save_baseline.as_ref().filter(|_| until != Until::Interrupted) {
        let path = baseline_of(ready, kept)?.save(name)?;
        if !asked.talk.quiet {
            console.err(&format!("baseline {}\n", path.display()));
        }
    }
    Ok(Some(Studied { gathered, until, shown }))
}
