//! The smallest outage that breaks a threshold: one block of the timeline, made longer and shorter
//! under the same luck.
//!
//! Each replication is searched by itself, by bisection in whole steps: replication k has the luck
//! of stream k at every length, so that nothing but the block changes from one run to the next.
//! What is found is a length at which the threshold breaks while it holds a step before. Where a
//! replication's outcome rises and falls with the length, that is one such length of several. A
//! replication that holds at the greatest length is censored: its length is more than that.

use std::collections::BTreeMap;

use super::estimate::{Estimate, OverRuns};
use super::judge::{Judge, Verdict};
use super::replicate::{BrokenRun, Crew, Ended};
use crate::record::{Phase, Record, Recorder};
use crate::scenario::{Action, Entry, KeyOrder, Scenario, Trace};
use crate::stats::interval::{Interval, LEVEL, wilson};
use crate::units::{SimDuration, SimTime};
use crate::world::World;
use crate::world::laws::Broken;

/// An entry of the timeline after which keys can't be used as before.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its position in [`Scenario::timeline`].
    pub entry: usize,
    /// What it is, and of whom: `external_outage of vault`.
    pub what: String,
    /// When it begins, since the end of the warm-up.
    pub at: SimDuration,
    /// How long it is; absent: to the end of the run.
    pub length: Option<SimDuration>,
}

/// The blocks of a scenario, in order of time.
pub fn blocks(scenario: &Scenario) -> Vec<Block> {
    let block = |(entry, said): (usize, &Entry)| {
        let what = what(scenario, &said.action)?;
        let length = said.until.map(|until| until - said.at);
        Some(Block { entry, what, at: said.at, length })
    };
    scenario.timeline.iter().enumerate().filter_map(block).collect()
}

/// What a block is, and of whom; nothing where an action is none.
fn what(scenario: &Scenario, action: &Action) -> Option<String> {
    let manager = |id: crate::ids::ManagerId| &scenario.external_managers[id.index()].name;
    let key = |id: crate::ids::KeyId| &scenario.keys[id.index()].name;
    Some(match action {
        Action::ExternalOutage { manager: id, .. } => {
            format!("external_outage of {}", manager(*id))
        }
        Action::ExternalBrownout { manager: id, .. } => {
            format!("external_brownout of {}", manager(*id))
        }
        Action::Key { key: id, order: KeyOrder::Disable, .. } => {
            format!("key_disable of {}", key(*id))
        }
        Action::Key { key: id, order: KeyOrder::ScheduleDestruction, .. } => {
            format!("key_schedule_destruction of {}", key(*id))
        }
        Action::PermissionRevoke { key: id } => format!("permission_revoke of {}", key(*id)),
        Action::QuotaSet { quota, .. } => {
            format!("quota_set of {}", scenario.quotas[quota.index()].name)
        }
        Action::Key {
            order: KeyOrder::Enable | KeyOrder::Restore | KeyOrder::Destroy | KeyOrder::Rotate,
            ..
        }
        | Action::PermissionGrant { .. }
        | Action::LoadStep { .. }
        | Action::BackgroundStep { .. }
        | Action::Deploy(_)
        | Action::TrafficSet { .. }
        | Action::MinInstancesSet { .. }
        | Action::MaxInstancesSet { .. }
        | Action::InstanceCrash { .. }
        | Action::ScalingModeSet { .. } => return None,
    })
}

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub struct Search<'s> {
    /// The scenario.
    pub scenario: &'s Scenario,
    /// Its load files.
    pub traces: &'s [Trace],
    /// The length of a run without its warm-up.
    pub duration: SimDuration,
    /// The block: its position in the timeline.
    pub entry: usize,
    /// When it begins, since the end of the warm-up.
    pub at: SimDuration,
    /// The threshold, by position in the scenario.
    pub threshold: usize,
    /// Lengths are multiples of this.
    pub step: SimDuration,
}

/// One length tried in one replication.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// The length of the block.
    pub length: SimDuration,
    /// Whether the threshold broke.
    pub broke: bool,
    /// What its metric came to, in its unit; not a number where there was nothing to measure.
    pub seen: f64,
}

/// One replication, searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Searched {
    /// The length that breaks the threshold.
    pub breaking: Breaking,
    /// Lengths tried, in the order in which they were.
    pub tried: Vec<Tried>,
    /// Instances of each service that are ready when the block begins.
    pub warm: Vec<u32>,
}

/// What breaks a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaking {
    /// No block at all: the threshold is broken without one.
    Always,
    /// A block of so many steps, while one of a step less does not.
    At(u64),
    /// None up to the greatest that was tried.
    Never,
}

/// Searches the lengths from one step to `most` for one that breaks while its predecessor does
/// not; `first` is tried first. A length that can't be tried ends the search with nothing.
pub fn bisect(
    first: u64,
    most: u64,
    mut breaks: impl FnMut(u64) -> Option<bool>,
) -> Option<Breaking> {
    let (mut holds, mut broken) = (None, None);
    if (1..=most).contains(&first) {
        match breaks(first)? {
            true => broken = Some(first),
            false => holds = Some(first),
        }
    }
    if broken.is_none() && holds != Some(most) {
        match breaks(most)? {
            true => broken = Some(most),
            false => return Some(Breaking::Never),
        }
    }
    let Some(mut broken) = broken else { return Some(Breaking::Never) };
    let mut holds = match holds {
        Some(holds) => holds,
        None if breaks(0)? => return Some(Breaking::Always),
        None => 0,
    };
    while broken - holds > 1 {
        let middle = holds + (broken - holds) / 2;
        match breaks(middle)? {
            true => broken = middle,
            false => holds = middle,
        }
    }
    Some(Breaking::At(broken))
}

/// Judges a run by its thresholds, and counts the instances that are ready at an instant.
struct Watcher<'s> {
    judge: Judge<'s>,
    /// When the block begins, since the start of the run.
    begins: SimTime,
    services: Vec<&'s str>,
    warm: Vec<u32>,
}

impl Recorder for Watcher<'_> {
    fn record(&mut self, fact: Record<'_>) {
        if let Record::Sample(sample) = &fact
            && sample.revision.is_empty()
            && sample.from <= self.begins
            && let Some(at) = self.services.iter().position(|name| *name == sample.service)
        {
            // Starts still under way at the begin of a block do not get through it.
            let ready = [Phase::Idle, Phase::Busy].map(|phase| sample.instances[phase as usize]);
            self.warm[at] = ready.iter().sum();
        }
        self.judge.record(fact);
    }
}

impl<'s> Search<'s> {
    /// The greatest length: to the end of the run, or to the next block.
    pub fn most(&self) -> SimDuration {
        let next = blocks(self.scenario).into_iter().filter(|b| b.entry != self.entry);
        let next = next.map(|block| block.at).filter(|at| *at > self.at).min();
        let end = next.unwrap_or(self.duration).min(self.duration);
        SimDuration((end - self.at).0 / self.step.0 * self.step.0)
    }

    /// The scenario with a block of this length; with none of no length.
    fn scenario_with(&self, length: SimDuration) -> Scenario {
        let mut scenario = self.scenario.clone();
        let mut entry = scenario.timeline.remove(self.entry);
        if length > SimDuration::ZERO {
            (entry.at, entry.until) = (self.at, Some(self.at + length));
            // Where it was, it stays among what happens at the same instant.
            let at = match self.at == self.scenario.timeline[self.entry].at {
                true => self.entry,
                false => scenario.timeline.partition_point(|other| other.at < self.at),
            };
            scenario.timeline.insert(at, entry);
        }
        scenario
    }

    /// One run with a block of this length; nothing where it was stopped on the way.
    fn run(
        &self,
        replication: u64,
        length: SimDuration,
        halt: &dyn Fn() -> bool,
    ) -> Option<Result<(Tried, Vec<u32>), Broken>> {
        let scenario = self.scenario_with(length);
        let services: Vec<&str> = scenario.services.iter().map(|s| s.name.as_str()).collect();
        let mut watcher = Watcher {
            judge: Judge::new(&scenario),
            begins: SimTime::ZERO + scenario.warm_up + self.at,
            warm: vec![0; services.len()],
            services,
        };
        let mut world: World = World::new(&scenario, self.traces, self.duration);
        world.reset(replication);
        loop {
            match world.advance(&mut watcher) {
                Err(broken) => return Some(Err(broken)),
                Ok(true) if halt() => return None,
                Ok(true) => {}
                Ok(false) => break,
            }
        }
        world.finish(&mut watcher);
        let judgement = watcher.judge.judgement();
        let finding = &judgement.thresholds[self.threshold];
        let seen = finding.seen.map_or(f64::NAN, |seen| seen.in_unit(finding.unit));
        let broke = finding.verdict == Verdict::Fail;
        Some(Ok((Tried { length, broke, seen }, watcher.warm)))
    }

    /// One replication; nothing where it was stopped on the way.
    fn search(
        &self,
        replication: u64,
        halt: &dyn Fn() -> bool,
    ) -> Option<Result<Searched, Broken>> {
        let (mut tried, mut warm, mut failure) = (Vec::new(), Vec::new(), None);
        let own = &self.scenario.timeline[self.entry];
        let own = own.until.map_or(0, |until| (until - own.at).0 / self.step.0);
        let breaking = bisect(own, self.most().0 / self.step.0, |steps| {
            match self.run(replication, SimDuration(steps * self.step.0), halt)? {
                Ok((one, ready)) => {
                    tried.push(one);
                    warm = ready;
                    Some(one.broke)
                }
                Err(broken) => {
                    failure = Some(broken);
                    None
                }
            }
        });
        match (breaking, failure) {
            (_, Some(broken)) => Some(Err(broken)),
            (Some(breaking), None) => Some(Ok(Searched { breaking, tried, warm })),
            (None, None) => None,
        }
    }

    /// Searches replications of a range; `take` gets them with their numbers, in order.
    ///
    /// # Errors
    /// The first broken law, in order of number.
    pub fn replicate(
        &self,
        crew: &Crew,
        range: std::ops::Range<u64>,
        stop: impl Fn() -> bool + Sync,
        take: impl FnMut(u64, Searched) -> bool,
    ) -> Result<Ended, BrokenRun> {
        crew.each(range, || (), |(), number, halt| self.search(number, halt), stop, take)
    }
}

/// What a length came to, over the replications in which it was tried.
#[derive(Clone, Debug, Default)]
pub struct AtLength {
    /// Replications.
    pub runs: u64,
    /// Those in which the threshold broke.
    pub broke: u64,
    /// The metric.
    pub seen: OverRuns,
}

/// Searched replications, taken in order of number.
#[derive(Clone, Debug)]
pub struct Breakpoint {
    /// How many.
    pub runs: u64,
    /// Those in which the threshold breaks without a block.
    pub always: u64,
    /// Those in which it holds at the greatest length.
    pub never: u64,
    /// Each replication's length in seconds, in order; infinite where it never broke.
    pub lengths: Vec<f64>,
    /// By length.
    pub points: BTreeMap<SimDuration, AtLength>,
    over: OverRuns,
    warm: Vec<u64>,
    step: SimDuration,
}

impl Breakpoint {
    /// Nothing so far.
    pub fn new(search: &Search<'_>) -> Self {
        Self {
            runs: 0,
            always: 0,
            never: 0,
            lengths: Vec::new(),
            points: BTreeMap::new(),
            over: OverRuns::kept(),
            warm: vec![0; search.scenario.services.len()],
            step: search.step,
        }
    }

    /// Takes in the next replication.
    pub fn take(&mut self, searched: &Searched) {
        self.runs += 1;
        let length = match searched.breaking {
            Breaking::Always => {
                self.always += 1;
                0.0
            }
            Breaking::At(steps) => SimDuration(steps * self.step.0).as_secs_f64(),
            Breaking::Never => {
                self.never += 1;
                f64::INFINITY
            }
        };
        self.lengths.push(length);
        self.over.add(length);
        for tried in &searched.tried {
            let point = self
                .points
                .entry(tried.length)
                .or_insert_with(|| AtLength { seen: OverRuns::kept(), ..AtLength::default() });
            point.runs += 1;
            point.broke += u64::from(tried.broke);
            point.seen.add(tried.seen);
        }
        self.warm.iter_mut().zip(&searched.warm).for_each(|(sum, ready)| *sum += u64::from(*ready));
    }

    /// The breaking length in seconds: a mean with Student's interval where every replication
    /// has one, else a median with that of order statistics.
    pub fn estimate(&self) -> Estimate {
        self.over.estimate()
    }

    /// Of all replications the share that a block of this length breaks: those whose breaking
    /// length is no more, with Wilson's interval. A length is tried where a search comes by, so
    /// that the runs in which it was say nothing of the others.
    pub fn broken_by(&self, length: SimDuration) -> Option<Interval> {
        let reached = self.lengths.iter().filter(|l| **l <= length.as_secs_f64()).count();
        wilson(reached as u64, self.runs, LEVEL)
    }

    /// Instances of a service that are ready when the block begins, on average.
    pub fn warm(&self, service: usize) -> f64 {
        self.warm[service] as f64 / self.runs.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search by looking at every length, which finds the only change there is.
    #[test]
    fn bisection_finds_what_a_scan_finds() {
        for most in 1..40 {
            for first_broken in 0..=most + 1 {
                let breaks = |length: u64| length >= first_broken;
                let expected = match first_broken {
                    0 => Breaking::Always,
                    at if at > most => Breaking::Never,
                    at => Breaking::At(at),
                };
                for first in 0..=most + 1 {
                    let mut looks = 0;
                    let found = bisect(first, most, |length| {
                        looks += 1;
                        assert!(length <= most);
                        Some(breaks(length))
                    });
                    assert_eq!(found, Some(expected), "{first_broken} of {most}, first {first}");
                    assert!(looks <= 3 + most.ilog2() + 1, "{looks} looks");
                }
            }
        }
        assert_eq!(bisect(1, 9, |_| None), None);
    }
}
