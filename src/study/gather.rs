//! What replications come to together: every metric of the summary over runs, what was asked of
//! them, and which of them is shown.

use super::estimate::{Centre, Estimate, OverRuns};
use super::judge::{Finding, Judge, Judgement, Over, Verdict};
use super::number::Number;
use super::replicate::Watch;
use super::rides::{self, BlockRuns};
use crate::record::fingerprint::Parts;
use crate::record::summary::SUMMARY;
use crate::record::{Fingerprint, Record, Recorder, RideOut, RideOuts, SummaryRow};
use crate::scenario::{Expect, Scenario};
use crate::stats::Histogram;
use crate::units::SimDuration;

/// Services of which each run's numbers are kept, beside all together: of more, the first. Of the
/// others there are means with intervals, but no medians and spreads.
const KEPT: usize = 12;

/// What is kept of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// A row a service, then the one of all together.
    pub rows: Vec<SummaryRow>,
    /// By row, the columns of the summary as numbers; see [`OverRuns`].
    numbers: Vec<Vec<f64>>,
    /// By row, the cells of the latency of served requests.
    latency: Vec<Vec<(usize, u64)>>,
    /// What each threshold is of.
    thresholds: Vec<Option<Number>>,
    expects: Vec<Finding<Expect>>,
    /// A ride a block and service.
    rides: Vec<RideOut>,
    /// The run's fingerprint, where the gleaner takes it.
    pub print: Option<Parts>,
}

impl Outcome {
    /// The columns of the summary as numbers, of a row by position; see [`OverRuns`].
    pub fn numbers(&self, row: usize) -> &[f64] {
        self.numbers.get(row).map_or(&[], Vec::as_slice)
    }
}

/// Keeps of each run what a study needs.
#[derive(Clone, Debug)]
pub struct Gleaner<'s> {
    judge: Judge<'s>,
    rows: Vec<SummaryRow>,
    numbers: Vec<Vec<f64>>,
    latency: Vec<Vec<(usize, u64)>>,
    rides: RideOuts,
    print: Option<Fingerprint>,
}

impl<'s> Gleaner<'s> {
    /// Of a scenario's runs.
    pub fn new(scenario: &'s Scenario) -> Self {
        Self {
            judge: Judge::new(scenario),
            rows: Vec::new(),
            numbers: Vec::new(),
            latency: Vec::new(),
            rides: RideOuts::default(),
            print: None,
        }
    }

    /// The same, which takes each run's fingerprint too.
    pub fn with_prints(self) -> Self {
        Self { print: Some(Fingerprint::default()), ..self }
    }
}

/// A row's columns as numbers.
fn numbers(row: &SummaryRow) -> Vec<f64> {
    let number = |column: &crate::record::columns::Column<_>| {
        let number = Number::of_row(row, column.name, column.get);
        number.map_or(f64::NAN, |number| number.in_unit(column.unit))
    };
    SUMMARY.iter().map(number).collect()
}

impl Recorder for Gleaner<'_> {
    fn record(&mut self, fact: Record<'_>) {
        self.rides.record(fact);
        if let Some(print) = &mut self.print {
            print.record(fact);
        }
        match fact {
            Record::Sample(_) => self.judge.record(fact),
            Record::Total(total) => {
                let mut row = SummaryRow::new(total);
                self.judge.take(&mut row);
                self.numbers.push(numbers(&row));
                self.latency.push(total.latency.cells().collect());
                self.rows.push(row);
            }
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

impl Watch for Gleaner<'_> {
    type Outcome = Outcome;

    fn begin(&mut self, _: u64) {
        self.judge.clear();
    }

    fn outcome(&mut self) -> Outcome {
        let mut rides = self.rides.take();
        self.judge.tell_rides(&mut rides);
        Outcome {
            rows: std::mem::take(&mut self.rows),
            numbers: std::mem::take(&mut self.numbers),
            latency: std::mem::take(&mut self.latency),
            thresholds: self.judge.seen(),
            expects: self.judge.expected(),
            rides,
            print: self.print.as_mut().map(|print| std::mem::take(print).parts()),
        }
    }
}

/// A service over runs, or all together.
#[derive(Clone, Debug)]
pub struct ServiceRuns {
    /// Its name; empty for all together.
    pub service: String,
    columns: Vec<OverRuns>,
    /// Latency of the served requests of all runs.
    latency: Histogram,
    /// Requests of all runs that were not served.
    failed: u64,
}

impl ServiceRuns {
    fn new(service: &str, kept: bool) -> Self {
        let column = if kept { OverRuns::kept() } else { OverRuns::default() };
        Self {
            service: service.to_owned(),
            columns: vec![column; SUMMARY.len()],
            latency: Histogram::default(),
            failed: 0,
        }
    }

    /// A column of the summary over runs, by position.
    pub fn estimate(&self, column: usize) -> Estimate {
        self.columns.get(column).map(OverRuns::estimate).unwrap_or_default()
    }

    /// A column of the summary over runs, by name.
    pub fn estimate_of(&self, column: &str) -> Estimate {
        let at = SUMMARY.iter().position(|c| c.name == column);
        at.map(|at| self.estimate(at)).unwrap_or_default()
    }

    /// A percentile of the latency of all requests of all runs: the served ones, or with those
    /// that failed as infinite.
    pub fn pooled(&self, q: f64, with_failures: bool) -> Option<SimDuration> {
        let above = if with_failures { self.failed } else { 0 };
        self.latency.quantile(q, above).map(SimDuration)
    }
}

/// A threshold over runs.
#[derive(Clone, Debug)]
struct ThresholdRuns {
    numbers: OverRuns,
    centre: Centre,
    unit: &'static str,
    met: u64,
    first_not_met: Option<u64>,
}

/// An expectation over runs.
#[derive(Clone, Debug, Default)]
struct ExpectRuns {
    met: u64,
    /// The first run that does not meet it and what was seen there; else the first run.
    shown: Option<(u64, Finding<Expect>)>,
}

/// Replications, taken in order of number.
#[derive(Clone, Debug)]
pub struct Gathered<'s> {
    scenario: &'s Scenario,
    /// How many were taken.
    pub runs: u64,
    /// Services, then all together.
    pub services: Vec<ServiceRuns>,
    /// Without what is over runs: asked, service, unit.
    asked: Judgement,
    thresholds: Vec<ThresholdRuns>,
    expects: Vec<ExpectRuns>,
    /// What the shown run is chosen by, with the run's number.
    order: Vec<(f64, u64)>,
    /// Runs in which everything that was asked holds.
    pub met: u64,
    /// Requests of all runs.
    pub arrivals: u64,
    /// Rides through each block, by service.
    pub blocks: Vec<BlockRuns>,
}

impl<'s> Gathered<'s> {
    /// Nothing so far.
    pub fn new(scenario: &'s Scenario) -> Self {
        let asked = Judge::new(scenario).judgement();
        let threshold = |(column, unit): (&str, &'static str)| ThresholdRuns {
            numbers: OverRuns::kept(),
            centre: Centre::of(column),
            unit,
            met: 0,
            first_not_met: None,
        };
        Self {
            scenario,
            runs: 0,
            services: Vec::new(),
            thresholds: Judge::new(scenario).columns().map(threshold).collect(),
            expects: vec![ExpectRuns::default(); asked.expects.len()],
            asked,
            order: Vec::new(),
            met: 0,
            arrivals: 0,
            blocks: Vec::new(),
        }
    }

    /// Takes in the next run.
    pub fn take(&mut self, outcome: &Outcome) {
        if self.services.is_empty() {
            let kept = |at: usize, row: &SummaryRow| at < KEPT || row.service.is_empty();
            let rows = outcome.rows.iter().enumerate();
            self.services = rows.map(|(i, r)| ServiceRuns::new(&r.service, kept(i, r))).collect();
        }
        let number = self.runs;
        self.runs += 1;
        for (i, service) in self.services.iter_mut().enumerate() {
            let columns = service.columns.iter_mut().zip(&outcome.numbers[i]);
            columns.for_each(|(column, number)| column.add(*number));
            service.latency.add_cells(&outcome.latency[i]);
            service.failed += outcome.rows[i].failed();
        }
        let mut all_met = true;
        for (i, threshold) in self.thresholds.iter_mut().enumerate() {
            let seen = outcome.thresholds[i];
            threshold.numbers.add(seen.map_or(f64::NAN, |seen| seen.in_unit(threshold.unit)));
            match seen.is_some_and(|n| n.meets(self.asked.thresholds[i].asked.condition)) {
                true => threshold.met += 1,
                false => {
                    all_met = false;
                    threshold.first_not_met.get_or_insert(number);
                }
            }
        }
        for (expect, finding) in self.expects.iter_mut().zip(&outcome.expects) {
            let met = finding.verdict == Verdict::Pass;
            let all_before = expect.met == number;
            all_met &= met;
            expect.met += u64::from(met);
            if expect.shown.is_none() || all_before && !met {
                expect.shown = Some((number, finding.clone()));
            }
        }
        self.met += u64::from(all_met);
        rides::add(&mut self.blocks, &outcome.rides, self.scenario.warm_up.as_secs_f64());
        let total = outcome.rows.last();
        self.arrivals += total.map_or(0, |total| total.requests.arrivals);
        let shown = match self.thresholds.first() {
            Some(first) => outcome.thresholds[0].map(|seen| seen.in_unit(first.unit)),
            None => total.and_then(SummaryRow::failed_ratio),
        };
        self.order.push((shown.unwrap_or(f64::NAN), number));
    }

    /// The service of a name over runs; of an empty one all together.
    pub fn service(&self, name: &str) -> Option<&ServiceRuns> {
        self.services.iter().find(|s| s.service == name)
    }

    /// Whether nothing was asked of the runs.
    pub fn asks_nothing(&self) -> bool {
        self.asked.is_empty()
    }

    /// The run that is shown: that of the median of the first threshold's metric or, where none is
    /// asked, of the share of failed requests; of two in the middle the lesser, of equals the
    /// first.
    pub fn median_run(&self) -> Option<u64> {
        let mut order = self.order.clone();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        order.get(order.len().saturating_sub(1) / 2).map(|(_, number)| *number)
    }

    /// Whether each threshold's metric is known well enough.
    fn is_known(&self) -> bool {
        self.thresholds.iter().zip(&self.scenario.thresholds).all(|(runs, threshold)| {
            runs.numbers.estimate().is_known(runs.centre, threshold.condition, runs.unit)
        })
    }

    /// Of the threshold's metric that is known worst: half of its interval as a part of it, and about
    /// how many runs make all of them known; none before anything can be said.
    pub fn outlook(&self) -> Option<(f64, u64)> {
        let asked = self.thresholds.iter().zip(&self.scenario.thresholds);
        let outlooks = asked.filter_map(|(runs, threshold)| {
            runs.numbers.estimate().outlook(runs.centre, threshold.condition, runs.unit)
        });
        outlooks.reduce(|a, b| if a.1 >= b.1 { a } else { b })
    }

    /// What is said of everything that was asked.
    pub fn judgement(&self) -> Judgement {
        let mut judgement = self.asked.clone();
        for (finding, runs) in judgement.thresholds.iter_mut().zip(&self.thresholds) {
            let (estimate, condition) = (runs.numbers.estimate(), finding.asked.condition);
            let seen = estimate.centre(runs.centre);
            finding.seen = seen.map(|seen| Number::from_unit(seen, runs.unit));
            finding.verdict = estimate.verdict(runs.centre, condition);
            let unclear = finding.verdict == Verdict::Unclear;
            finding.over = Some(Box::new(Over {
                runs: self.runs,
                met: runs.met,
                first_not_met: runs.first_not_met,
                estimate: Some((runs.centre, estimate)),
                more: unclear.then(|| estimate.more(runs.centre, condition)).flatten(),
            }));
        }
        for (finding, runs) in judgement.expects.iter_mut().zip(&self.expects) {
            let Some((number, shown)) = &runs.shown else { continue };
            let not_met = (runs.met < self.runs).then_some(*number);
            *finding = shown.clone();
            finding.over = Some(Box::new(Over {
                runs: self.runs,
                met: runs.met,
                first_not_met: not_met,
                estimate: None,
                more: None,
            }));
        }
        judgement
    }
}

/// How many replications a study has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// So many.
    Fixed(u64),
    /// From [`FIRST`] on, until every metric with a threshold is known well enough and stays so for
    /// [`KEEP`] more, or there are [`CAP`].
    UntilKnown {
        /// Replications in a row after which everything was known well enough.
        known: u64,
    },
}

/// Replications before the first look: fewer make intervals whose own width is luck.
pub const FIRST: u64 = 20;
/// Replications for which everything must stay known: a look is not to be lucky.
pub const KEEP: u64 = 5;
/// Replications at most, if nobody says how many.
pub const CAP: u64 = 1_000;

impl Rule {
    /// As many as it takes.
    pub const UNTIL_KNOWN: Self = Self::UntilKnown { known: 0 };

    /// Replications at most.
    pub fn most(self) -> u64 {
        match self {
            Self::Fixed(count) => count,
            Self::UntilKnown { .. } => CAP,
        }
    }

    /// Whether everything was known well enough, and stayed so.
    pub fn is_known(self) -> bool {
        matches!(self, Self::UntilKnown { known } if known > KEEP)
    }

    /// Whether another replication is wanted after those that were taken: to be asked after each.
    pub fn wants_more(&mut self, gathered: &Gathered<'_>) -> bool {
        self.goes_on(gathered.runs, || gathered.is_known())
    }

    /// The same of so many replications, after which everything may be known well enough.
    pub(super) fn goes_on(&mut self, runs: u64, is_known: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Fixed(count) => runs < *count,
            Self::UntilKnown { known } => {
                if runs >= FIRST {
                    *known = if is_known() { *known + 1 } else { 0 };
                }
                runs < CAP && !self.is_known()
            }
        }
    }
}
