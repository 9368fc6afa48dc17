//! Takes the facts of a run and says whether what was asked of it holds.

use super::estimate::{Centre, Estimate};
use super::number::Number;
use super::part::Part;
use super::tally::Tally;
use crate::record::metric::{DIVISIBLE, series, vocabulary};
use crate::record::summary::SUMMARY;
use crate::record::{Record, Recorder, RideOut, Sample, SummaryRow, Total};
use crate::scenario::{Comparison, Expect, Scenario, Statistic, Threshold, Vocabulary};
use crate::units::SimTime;

/// What is said of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// There was nothing to measure, or the interval has the limit in it.
    Unclear,
}

impl Verdict {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unclear => "unclear",
        }
    }
}

/// What was asked, what was seen, and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding<T> {
    /// What was asked.
    pub asked: T,
    /// The service's name; empty for all together.
    pub service: String,
    /// The unit of its metric.
    pub unit: &'static str,
    /// What was seen, of several runs the estimate; nothing where there was nothing to measure.
    pub seen: Option<Number>,
    /// The end of the sample interval in which it was seen, where it is that of one.
    pub at: Option<SimTime>,
    /// What is said of it.
    pub verdict: Verdict,
    /// The end of the first sample interval after which an upper limit did not hold of what there
    /// had been until then; absent for other conditions and for expectations.
    pub broken: Option<SimTime>,
    /// Whether it is an upper limit of what there is at every instant.
    pub is_watched: bool,
    /// How it stands over several runs; absent for one.
    pub over: Option<Box<Over>>,
}

/// What was asked, over several runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Over {
    /// Runs.
    pub runs: u64,
    /// Runs in which it holds.
    pub met: u64,
    /// The first run in which it does not.
    pub first_not_met: Option<u64>,
    /// What the metric comes to, and what stands for it; absent for an expectation, which must hold
    /// in every run.
    pub estimate: Option<(Centre, Estimate)>,
    /// About how many more runs would tell, where it is unclear.
    pub more: Option<u64>,
}

/// What is said of all that was asked of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Of each threshold, in the scenario's order.
    pub thresholds: Vec<Finding<Threshold>>,
    /// Of each expectation, in the scenario's order.
    pub expects: Vec<Finding<Expect>>,
}

impl Judgement {
    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.thresholds.is_empty() && self.expects.is_empty()
    }

    /// All verdicts: those of the thresholds, then those of the expectations.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        let thresholds = self.thresholds.iter().map(|f| f.verdict);
        thresholds.chain(self.expects.iter().map(|f| f.verdict))
    }

    /// Tells a row of the summary when its customers are hurt, where thresholds say so.
    pub fn tell_hurt(&self, row: &mut SummaryRow) {
        let limits = self.thresholds.iter().filter(|f| f.is_watched);
        let limits: Vec<_> = limits.map(|f| (f.service.as_str(), f.broken)).collect();
        tell_hurt(row, &limits);
    }

    /// Tells the rides through blocks when their services' limits broke.
    pub fn tell_rides(&self, rides: &mut [RideOut]) {
        let limits = self.thresholds.iter().filter(|f| f.is_watched);
        let limits: Vec<_> = limits.map(|f| (f.service.as_str(), f.broken)).collect();
        tell_rides(rides, &limits);
    }

    /// The judgement of a study, with the instants at which limits broke in the run that is shown.
    pub fn of_shown(mut self, shown: &Self) -> Self {
        for (finding, shown) in self.thresholds.iter_mut().zip(&shown.thresholds) {
            finding.broken = shown.broken;
        }
        self
    }

    /// Whether something does not hold.
    pub fn has_failed(&self) -> bool {
        self.verdicts().any(|verdict| verdict == Verdict::Fail)
    }

    /// Whether everything holds.
    pub fn is_met(&self) -> bool {
        self.verdicts().all(|verdict| verdict == Verdict::Pass)
    }
}

/// Sets the instant at which a row's customers are hurt to that of the first limit that broke, of
/// limits with their services; where none concerns the row it stays as it is.
fn tell_hurt(row: &mut SummaryRow, limits: &[(&str, Option<SimTime>)]) {
    let concerns = |service: &str| row.service.is_empty() || row.service == service;
    let mut limits = limits.iter().filter(|(service, _)| concerns(service)).peekable();
    if limits.peek().is_some() {
        row.customers_hurt = limits.filter_map(|(_, broken)| *broken).min();
    }
}

/// Tells rides when limits broke that concern their service or all services together.
fn tell_rides(rides: &mut [RideOut], limits: &[(&str, Option<SimTime>)]) {
    for ride in rides {
        let service = ride.service.clone();
        let concern = limits.iter().filter(|(of, _)| of.is_empty() || *of == service);
        ride.tell_limits(concern.map(|(_, broken)| *broken));
    }
}

/// A threshold in the making.
#[derive(Clone, Debug)]
struct Measured<'s> {
    threshold: &'s Threshold,
    service: &'s str,
    /// Its column of the summary, where there is one.
    column: Option<usize>,
    /// Its part of the run; absent: the whole.
    part: Option<usize>,
    seen: Option<Number>,
    /// The part that is watched as it grows, of an upper limit.
    watched: Option<usize>,
    /// See [`Finding::broken`].
    broken: Option<SimTime>,
}

/// A recorder that judges a run by its scenario's thresholds and expectations.
#[derive(Clone, Debug)]
pub struct Judge<'s> {
    thresholds: Vec<Measured<'s>>,
    parts: Vec<Part<'s>>,
    expects: Vec<Watched<'s>>,
    /// The end of the present sample interval.
    edge: SimTime,
}

/// An expectation in the making.
#[derive(Clone, Debug)]
struct Watched<'s> {
    expect: &'s Expect,
    service: &'s str,
    unit: &'static str,
    /// Absent where there is no such series.
    tally: Option<Tally<'s>>,
}

impl<'s> Judge<'s> {
    /// Of a scenario's runs; what is no metric was said when the scenario was checked, and is
    /// never met here.
    pub fn new(scenario: &'s Scenario) -> Self {
        let vocabulary = vocabulary();
        let mut judge = Self {
            thresholds: Vec::new(),
            parts: Vec::new(),
            expects: Vec::new(),
            edge: SimTime::ZERO,
        };
        for threshold in &scenario.thresholds {
            judge.add_threshold(scenario, threshold, &vocabulary);
        }
        let all = series();
        for expect in &scenario.expects {
            let series = vocabulary.series(&expect.metric).and_then(|at| all.get(at));
            judge.expects.push(Watched {
                expect,
                service: expect.service.map_or("", |s| &scenario.services[s.index()].name),
                unit: series.map_or("", |s| s.metric.unit),
                tally: series.map(|series| {
                    let revision = expect.revision.as_deref().unwrap_or("");
                    Tally::new(scenario, series, expect.service, revision, expect.window)
                }),
            });
        }
        judge
    }

    fn add_threshold(
        &mut self,
        scenario: &'s Scenario,
        threshold: &'s Threshold,
        vocabulary: &Vocabulary,
    ) {
        let service = threshold.service.map_or("", |s| &scenario.services[s.index()].name);
        let result = vocabulary.result(&threshold.metric, threshold.condition.statistic);
        let name = result.map(|at| vocabulary.results[at].name);
        let column = name.and_then(|name| SUMMARY.iter().position(|c| c.name == name));
        // The whole run has exact totals; its samples are watched for when a limit breaks.
        let is_part = !threshold.window.is_whole();
        let upper =
            matches!(threshold.condition.comparison, Comparison::Below | Comparison::AtMost);
        let divides = name.is_some_and(|name| DIVISIBLE.contains(&name));
        let of_latency = name.is_some_and(|name| name.starts_with("latency"));
        let growing = (is_part || upper && divides)
            .then(|| self.part(scenario, threshold, service, of_latency));
        self.thresholds.push(Measured {
            threshold,
            service,
            column,
            part: growing.filter(|_| is_part),
            seen: None,
            watched: growing.filter(|_| upper),
            broken: None,
        });
    }

    /// The position of the part that a threshold is about.
    fn part(
        &mut self,
        scenario: &'s Scenario,
        threshold: &'s Threshold,
        service: &str,
        of_latency: bool,
    ) -> usize {
        let known = self.parts.iter().position(|p| p.is(service, threshold.window));
        let at = known.unwrap_or_else(|| {
            self.parts.push(Part::new(scenario, threshold.service, threshold.window));
            self.parts.len() - 1
        });
        self.parts[at].of_latency |= of_latency;
        at
    }

    /// A sample interval is over: which limits have broken?
    fn close_interval(&mut self) {
        for (at, part) in self.parts.iter().enumerate() {
            let watches = |m: &&mut Measured<'s>| m.watched == Some(at) && m.broken.is_none();
            let mut watching = self.thresholds.iter_mut().filter(watches).peekable();
            if watching.peek().is_none() || !part.holds(self.edge) {
                continue;
            }
            let row = part.row();
            for measured in watching {
                let number = measured.of_row(&row);
                let broken = number.is_some_and(|n| !n.meets(measured.threshold.condition));
                measured.broken = broken.then_some(self.edge);
            }
        }
    }

    /// Forgets what was seen, for another run.
    pub fn clear(&mut self) {
        for measured in &mut self.thresholds {
            (measured.seen, measured.broken) = (None, None);
        }
        self.edge = SimTime::ZERO;
        self.parts.iter_mut().for_each(Part::clear);
        self.tallies().for_each(Tally::clear);
    }

    fn tallies(&mut self) -> impl Iterator<Item = &mut Tally<'s>> {
        self.expects.iter_mut().filter_map(|watched| watched.tally.as_mut())
    }

    /// What is said of everything that was asked, once the run is over.
    pub fn judgement(&self) -> Judgement {
        let rows: Vec<SummaryRow> = self.parts.iter().map(Part::row).collect();
        Judgement {
            thresholds: self.thresholds.iter().map(|measured| measured.finding(&rows)).collect(),
            expects: self.expected(),
        }
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        if sample.until != self.edge {
            self.close_interval();
            self.edge = sample.until;
        }
        self.parts.iter_mut().for_each(|part| part.take(sample));
        self.tallies().for_each(|tally| tally.take(sample));
    }

    fn total(&mut self, total: &Total<'_>) {
        if self.thresholds.iter().any(|m| m.is_of(total.service)) {
            self.take(&mut SummaryRow::new(total));
        }
    }

    /// Takes a row of the run's summary, and tells it when its customers are hurt.
    pub(super) fn take(&mut self, row: &mut SummaryRow) {
        self.close_interval();
        let limits = self.thresholds.iter().filter(|m| m.watched.is_some());
        let limits: Vec<_> = limits.map(|m| (m.service, m.broken)).collect();
        tell_hurt(row, &limits);
        for measured in self.thresholds.iter_mut().filter(|m| m.is_of(&row.service)) {
            measured.seen = measured.of_row(row);
        }
    }

    /// Tells the run's rides through blocks when their services' limits broke.
    pub(super) fn tell_rides(&self, rides: &mut [RideOut]) {
        let limits = self.thresholds.iter().filter(|m| m.watched.is_some());
        let limits: Vec<_> = limits.map(|m| (m.service, m.broken)).collect();
        tell_rides(rides, &limits);
    }

    /// What each threshold is of, once the run is over.
    pub(super) fn seen(&self) -> Vec<Option<Number>> {
        let rows: Vec<SummaryRow> = self.parts.iter().map(Part::row).collect();
        self.thresholds.iter().map(|measured| measured.seen(&rows)).collect()
    }

    /// What is said of the expectations, once the run is over.
    pub(super) fn expected(&self) -> Vec<Finding<Expect>> {
        self.expects.iter().map(Watched::finding).collect()
    }

    /// Of each threshold: the name of its column, and its unit.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let column = |at: usize| (SUMMARY[at].name, SUMMARY[at].unit);
        self.thresholds.iter().map(move |measured| measured.column.map_or(("", ""), column))
    }
}

impl Measured<'_> {
    /// Its number in a row of the summary.
    fn of_row(&self, row: &SummaryRow) -> Option<Number> {
        let column = &SUMMARY[self.column?];
        Number::of_row(row, column.name, column.get)
    }

    /// Whether it is a number of that service's whole run.
    fn is_of(&self, service: &str) -> bool {
        self.service == service && self.part.is_none()
    }

    /// What was seen, given the summaries of parts.
    fn seen(&self, parts: &[SummaryRow]) -> Option<Number> {
        self.part.map_or(self.seen, |part| self.of_row(&parts[part]))
    }

    /// What is said of it, given the summaries of parts.
    fn finding(&self, parts: &[SummaryRow]) -> Finding<Threshold> {
        let seen = self.seen(parts);
        Finding {
            asked: self.threshold.clone(),
            service: self.service.to_owned(),
            unit: self.column.map_or("", |at| SUMMARY[at].unit),
            seen,
            at: None,
            verdict: match seen.map(|number| number.meets(self.threshold.condition)) {
                Some(true) => Verdict::Pass,
                Some(false) => Verdict::Fail,
                None => Verdict::Unclear,
            },
            broken: self.broken,
            is_watched: self.watched.is_some(),
            over: None,
        }
    }
}

impl Watched<'_> {
    /// What is said of it; where there is nothing to look at it is not met.
    fn finding(&self) -> Finding<Expect> {
        let condition = self.expect.condition;
        let seen = self.tally.as_ref().and_then(|tally| tally.statistic(condition.statistic));
        let met = seen.is_some_and(|(number, _)| number.meets(condition));
        Finding {
            asked: self.expect.clone(),
            service: self.service.to_owned(),
            // Counting samples has no unit.
            unit: if condition.statistic == Statistic::Count { "" } else { self.unit },
            seen: seen.map(|(number, _)| number),
            at: seen.and_then(|(_, at)| at),
            verdict: if met { Verdict::Pass } else { Verdict::Fail },
            broken: None,
            is_watched: false,
            over: None,
        }
    }
}

impl Recorder for Judge<'_> {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Sample(sample) => self.sample(sample),
            Record::Total(total) => self.total(total),
            Record::Instance(_)
            | Record::KeyCall(_)
            | Record::Log(_)
            | Record::Change(_)
            | Record::Block(_)
            | Record::Quota(_)
            | Record::Revision(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
