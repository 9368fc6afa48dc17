//! Takes the facts of a run and says whether what was asked of it holds.

use super::number::Number;
use super::part::Part;
use super::tally::Tally;
use crate::record::metric::{series, vocabulary};
use crate::record::summary::SUMMARY;
use crate::record::{Record, Recorder, Sample, SummaryRow, Total};
use crate::scenario::{Expect, Scenario, Statistic, Threshold, Vocabulary};
use crate::units::SimTime;

/// What is said of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// There was nothing to measure.
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
    /// What was seen; nothing where there was nothing to measure.
    pub seen: Option<Number>,
    /// The end of the sample interval in which it was seen, where it is that of one.
    pub at: Option<SimTime>,
    /// What is said of it.
    pub verdict: Verdict,
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

    /// Whether everything holds.
    pub fn is_met(&self) -> bool {
        self.verdicts().all(|verdict| verdict == Verdict::Pass)
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
}

/// A recorder that judges a run by its scenario's thresholds and expectations.
#[derive(Clone, Debug)]
pub struct Judge<'s> {
    thresholds: Vec<Measured<'s>>,
    parts: Vec<Part<'s>>,
    expects: Vec<Watched<'s>>,
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
        let mut judge = Self { thresholds: Vec::new(), parts: Vec::new(), expects: Vec::new() };
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
                tally: series.map(|series| Tally::new(scenario, expect, series)),
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
        let part = (!threshold.window.is_whole()).then(|| {
            let known = self.parts.iter().position(|p| p.is(service, threshold.window));
            known.unwrap_or_else(|| {
                self.parts.push(Part::new(scenario, threshold));
                self.parts.len() - 1
            })
        });
        self.thresholds.push(Measured { threshold, service, column, part, seen: None });
    }

    /// Forgets what was seen, for another run.
    pub fn clear(&mut self) {
        self.thresholds.iter_mut().for_each(|measured| measured.seen = None);
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
            expects: self.expects.iter().map(Watched::finding).collect(),
        }
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        self.parts.iter_mut().for_each(|part| part.take(sample));
        self.tallies().for_each(|tally| tally.take(sample));
    }

    fn total(&mut self, total: &Total<'_>) {
        let asked = |m: &Measured<'s>| m.service == total.service && m.part.is_none();
        if self.thresholds.iter().any(asked) {
            let row = SummaryRow::new(total);
            for measured in self.thresholds.iter_mut().filter(|m| asked(m)) {
                measured.seen = measured.of_row(&row);
            }
        }
    }
}

impl Measured<'_> {
    /// Its number in a row of the summary.
    fn of_row(&self, row: &SummaryRow) -> Option<Number> {
        let column = &SUMMARY[self.column?];
        Number::of_row(row, column.name, column.get)
    }

    /// What is said of it, given the summaries of parts.
    fn finding(&self, parts: &[SummaryRow]) -> Finding<Threshold> {
        let seen = match self.part {
            None => self.seen,
            Some(part) => self.of_row(&parts[part]),
        };
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
            | Record::Revision(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
