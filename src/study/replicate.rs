//! One scenario, many replications: who runs which, in what order outcomes are taken, who stops.
//!
//! A [`Crew`] has workers with a world each, which they use again for one replication after the
//! other. Replication k always has the luck of stream k, whoever runs it and whatever ran before.
//! Outcomes come back under their numbers and are taken **in order of number**: what is taken is
//! always the first n replications, and what ran ahead of a stop is thrown away. So the number of
//! workers changes no result, and a study of 50 is the first 50 of one of 100.
//!
//! A study brings a [`Watch`], which takes the facts of one run at a time and makes of them what
//! is to be kept, and a closure that takes what was kept:
//!
//! ```
//! use std::path::Path;
//! use keyscale::record::{Record, Recorder};
//! use keyscale::scenario::{self, Source};
//! use keyscale::study::replicate::{Crew, Ended, Subject, Watch};
//!
//! /// Keeps the arrivals of each run.
//! #[derive(Default)]
//! struct Arrivals(u64);
//!
//! impl Recorder for Arrivals {
//!     fn record(&mut self, fact: Record<'_>) {
//!         if let Record::Total(total) = fact {
//!             self.0 = total.requests.arrivals;
//!         }
//!     }
//! }
//!
//! impl Watch for Arrivals {
//!     type Outcome = u64;
//!     fn begin(&mut self, _: u64) {}
//!     fn outcome(&mut self) -> u64 {
//!         self.0
//!     }
//! }
//!
//! let text = "duration = '60s'\n[services.web]\nservice_time = { constant = '10ms' }\n\
//!             [[services.web.load]]\npoisson = { rate = '20/s' }\n";
//! let folder = Path::new("");
//! let source = Source { origin: "a.toml", text, stem: "a", folder };
//! let checked = scenario::check(&source, &[], folder).expect("it is right");
//! let duration = checked.scenario.duration(&[]);
//! let subject = Subject { scenario: &checked.scenario, traces: &[], duration };
//! let run = |jobs, range, enough: usize| {
//!     let (mut kept, crew) = (Vec::new(), Crew::new(jobs).expect("threads"));
//!     let ended = crew.replicate(&subject, range, Arrivals::default, || false, |_, arrivals| {
//!         kept.push(arrivals);
//!         kept.len() < enough
//!     });
//!     (ended.expect("no law is broken"), kept)
//! };
//! let (ended, two) = run(2, 0..100, 10);
//! assert_eq!((ended, two.len()), (Ended::Enough, 10));
//! assert_eq!(run(1, 0..10, 100), (Ended::All, two.clone()));
//! assert_eq!(run(1, 4..10, 100).1, two[4..], "a study goes on where another ended");
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};

use crate::record::Recorder;
use crate::scenario::{Scenario, Trace};
use crate::units::SimDuration;
use crate::world::World;
use crate::world::laws::Broken;

/// What is replicated: a checked scenario, its load files as they were read, and the time from the
/// end of the warm-up to the end of each run.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// The scenario.
    pub scenario: &'s Scenario,
    /// Its load files.
    pub traces: &'s [Trace],
    /// The length of a run without its warm-up.
    pub duration: SimDuration,
}

/// Takes the facts of one run after another.
pub trait Watch: Recorder {
    /// What is kept of a run.
    type Outcome: Send;

    /// Forgets everything: the run of this number begins.
    fn begin(&mut self, replication: u64);

    /// What is kept of the run, which is over.
    fn outcome(&mut self) -> Self::Outcome;
}

/// Takes the facts for both.
impl<A: Watch, B: Watch> Watch for (A, B) {
    type Outcome = (A::Outcome, B::Outcome);

    fn begin(&mut self, replication: u64) {
        self.0.begin(replication);
        self.1.begin(replication);
    }

    fn outcome(&mut self) -> Self::Outcome {
        (self.0.outcome(), self.1.outcome())
    }
}

/// How a study came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All that were asked for are taken.
    All,
    /// Who takes them has enough.
    Enough,
    /// Somebody asked to stop.
    Stopped,
}

/// A law of the model was broken: a bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRun {
    /// In this replication.
    pub replication: u64,
    /// Which, and when.
    pub broken: Broken,
}

impl fmt::Display for BrokenRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "replication {}: {}", self.replication, self.broken)
    }
}

/// Workers that run replications.
#[derive(Debug)]
pub struct Crew {
    pool: rayon::ThreadPool,
}

/// What a worker hands in.
type Handed<O> = (u64, Result<O, Broken>);

impl Crew {
    /// So many workers, one at least.
    ///
    /// # Errors
    /// The system's answer where it has no more threads.
    pub fn new(jobs: usize) -> Result<Self, std::io::Error> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.max(1)).build();
        pool.map(|pool| Self { pool }).map_err(std::io::Error::other)
    }

    /// Runs replications of a range. Each worker makes a watch of its own; `take` gets the
    /// outcomes with their numbers, in order, on this thread, and says whether to go on; `stop` is
    /// asked at every sample of every run.
    ///
    /// # Errors
    /// The first broken law, in order of number.
    pub fn replicate<W: Watch>(
        &self,
        subject: &Subject<'_>,
        range: Range<u64>,
        watch: impl Fn() -> W + Sync,
        stop: impl Fn() -> bool + Sync,
        take: impl FnMut(u64, W::Outcome) -> bool,
    ) -> Result<Ended, BrokenRun> {
        let worker = || Worker::new(subject, watch());
        self.each(range, worker, |worker, number, halt| worker.run(number, halt), stop, take)
    }

    /// The same for studies in which a replication is more than one run: each worker makes
    /// something to work with, `work` does a replication with it, and comes back with nothing
    /// where it was told to halt on the way.
    ///
    /// # Errors
    /// The first broken law, in order of number.
    pub fn each<W, O: Send>(
        &self,
        range: Range<u64>,
        worker: impl Fn() -> W + Sync,
        work: impl Fn(&mut W, u64, &dyn Fn() -> bool) -> Option<Result<O, Broken>> + Sync,
        stop: impl Fn() -> bool + Sync,
        mut take: impl FnMut(u64, O) -> bool,
    ) -> Result<Ended, BrokenRun> {
        let (next, over) = (AtomicU64::new(range.start), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel::<Handed<O>>();
        let halt = || over.load(Ordering::Relaxed) || stop();
        let hand_in = |sender: Sender<Handed<O>>| {
            let mut worker = worker();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= range.end || halt() {
                    return;
                }
                let Some(outcome) = work(&mut worker, number, &halt) else { return };
                // Nobody listens any more where enough has been taken.
                if sender.send((number, outcome)).is_err() {
                    return;
                }
            }
        };
        self.pool.in_place_scope(|scope| {
            for _ in 0..self.pool.current_num_threads() {
                let (hand_in, sender) = (&hand_in, sender.clone());
                scope.spawn(move |_| hand_in(sender));
            }
            drop(sender);
            let (mut ahead, mut wanted) = (BTreeMap::new(), range.start);
            for (number, outcome) in receiver {
                ahead.insert(number, outcome);
                while let Some(outcome) = ahead.remove(&wanted) {
                    let outcome = outcome.map_err(|broken| {
                        over.store(true, Ordering::Relaxed);
                        BrokenRun { replication: wanted, broken }
                    })?;
                    wanted += 1;
                    if !take(wanted - 1, outcome) {
                        over.store(true, Ordering::Relaxed);
                        return Ok(Ended::Enough);
                    }
                }
            }
            Ok(if wanted >= range.end { Ended::All } else { Ended::Stopped })
        })
    }
}

/// A world and its watch, used again and again.
pub(super) struct Worker<'s, W> {
    world: World<'s>,
    watch: W,
}

impl<'s, W: Watch> Worker<'s, W> {
    /// A world of its own.
    pub(super) fn new(subject: &Subject<'s>, watch: W) -> Self {
        let Subject { scenario, traces, duration } = *subject;
        Self { world: World::new(scenario, traces, duration), watch }
    }

    /// One replication; nothing where it was stopped on the way.
    pub(super) fn run(
        &mut self,
        number: u64,
        halt: &dyn Fn() -> bool,
    ) -> Option<Result<W::Outcome, Broken>> {
        self.world.reset(number);
        self.watch.begin(number);
        loop {
            match self.world.advance(&mut self.watch) {
                Err(broken) => return Some(Err(broken)),
                Ok(true) if halt() => return None,
                Ok(true) => {}
                Ok(false) => break,
            }
        }
        self.world.finish(&mut self.watch);
        Some(Ok(self.watch.outcome()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::fingerprint::Parts;
    use crate::record::{Fingerprint, Record};
    use crate::scenario::{Checked, Source, check};

    /// Starts, retried key calls, refusals, a deploy, users who come back.
    const TEXT: &str = r#"
duration = "4m"

[services.web]
location = "europe-west1"
max_instances = 8
concurrency = 2
service_time = { exponential = { mean = "150ms" } }
pending_timeout = { fixed = "3s" }
encryption = { key = "main" }
[[services.web.load]]
poisson = { rate = "20/s" }

[services.shop]
service_time = { exponential = { mean = "100ms" } }
[[services.shop.load]]
closed_loop = { clients = 5, think = { exponential = { mean = "1s" } } }

[keys.main]
resource = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
protection_level = "EXTERNAL"
external_manager = "vault"
[external_managers.vault.outages]
time_to_failure = { exponential = { mean = "90s" } }
time_to_repair = { exponential = { mean = "40s" } }
"#;

    #[derive(Default)]
    struct Print(Fingerprint);

    impl Recorder for Print {
        fn record(&mut self, fact: Record<'_>) {
            self.0.record(fact);
        }
    }

    impl Watch for Print {
        type Outcome = Parts;

        fn begin(&mut self, _: u64) {
            self.0 = Fingerprint::default();
        }

        fn outcome(&mut self) -> Parts {
            self.0.parts()
        }
    }

    fn checked() -> Checked {
        let folder = Path::new("");
        let source = Source { origin: "a.toml", text: TEXT, stem: "a", folder };
        check(&source, &[], folder).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
    }

    /// The fingerprints of a range by so many workers.
    fn prints(checked: &Checked, jobs: usize, range: Range<u64>) -> Vec<Parts> {
        let duration = checked.scenario.duration(&[]);
        let subject = Subject { scenario: &checked.scenario, traces: &[], duration };
        let (crew, mut prints) = (Crew::new(jobs).expect("threads"), Vec::new());
        let take = |number, print| {
            assert_eq!(number, range.start + prints.len() as u64);
            prints.push(print);
            true
        };
        let ended = crew.replicate(&subject, range.clone(), Print::default, || false, take);
        assert_eq!(ended, Ok(Ended::All));
        prints
    }

    /// Whoever runs it, and whatever its world ran before.
    #[test]
    fn a_replication_is_always_the_same() {
        let checked = checked();
        let all = prints(&checked, 1, 0..12);
        assert_eq!(prints(&checked, 3, 0..12), all);
        assert_eq!(prints(&checked, 2, 7..10), all[7..10]);
        let distinct: std::collections::BTreeSet<&str> =
            all.iter().map(|print| print.combined.as_str()).collect();
        assert_eq!(distinct.len(), all.len(), "each has its own luck");
        // In a world of its own.
        let duration = checked.scenario.duration(&[]);
        let mut world: World = World::new(&checked.scenario, &[], duration);
        world.reset(11);
        let mut print = Fingerprint::default();
        while world.advance(&mut print).expect("no law is broken") {}
        world.finish(&mut print);
        assert_eq!(print.parts(), all[11]);
    }

    #[test]
    fn a_study_that_is_stopped_has_taken_the_first_ones() {
        let checked = checked();
        let duration = checked.scenario.duration(&[]);
        let subject = Subject { scenario: &checked.scenario, traces: &[], duration };
        let (crew, over) = (Crew::new(2).expect("threads"), AtomicBool::new(false));
        let mut taken = Vec::new();
        let stop = || over.load(Ordering::Relaxed);
        let ended = crew.replicate(&subject, 0..10_000, Print::default, stop, |number, _| {
            taken.push(number);
            over.store(taken.len() >= 5, Ordering::Relaxed);
            true
        });
        assert_eq!(ended, Ok(Ended::Stopped));
        assert!(
            (5..=7).contains(&taken.len()),
            "one may be on its way from each worker: {taken:?}"
        );
        assert!(taken.iter().copied().eq(0..taken.len() as u64));
    }
}
