//! What a scenario comes to beside the numbers that its file says it must come to.
//!
//! Every reference has a gauge, which takes the facts of one run after another; a row says what
//! the runs came to, and whether that is near enough.

use super::number::Number;
use super::part::Part;
use super::replicate::{BrokenRun, Crew, Ended, Subject, Watch};
use super::tally::Tally;
use crate::record::metric::{series, vocabulary};
use crate::record::summary::SUMMARY;
use crate::record::{Record, Recorder, SummaryRow};
use crate::scenario::{Limit, Reference, Scenario, Tolerance};
use crate::stats::interval::{LEVEL, Moments};
use crate::units::SECOND;

/// What is said of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The runs come to the number.
    Pass,
    /// They do not, or there was nothing to measure.
    Fail,
    /// The number was measured on the real thing: how far the model is off is told, not judged.
    Told,
}

impl Standing {
    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Told => "told",
        }
    }
}

/// A number that must be come to, and what was come to. Lengths of time and instants are in
/// seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The scenario's name.
    pub case: String,
    /// The service, the metric with its statistic, and the part of the run.
    pub quantity: String,
    /// The metric's unit.
    pub unit: &'static str,
    /// What it must be; absent for a mean of errors.
    pub expected: Option<f64>,
    /// Who says so.
    pub source: String,
    /// How far off is near enough; absent where that is not judged.
    pub tolerance: Option<f64>,
    /// Runs.
    pub runs: u64,
    /// Their mean; absent where there was nothing to measure.
    pub simulated: Option<f64>,
    /// Half of the 95 % interval of that mean; absent of one run.
    pub half_width: Option<f64>,
    /// What is said of it.
    pub standing: Standing,
}

impl Row {
    /// The tolerance as a share of what is expected.
    pub fn relative_tolerance(&self) -> Option<f64> {
        let (tolerance, expected) = (self.tolerance?, self.expected?);
        (expected != 0.0).then(|| tolerance / expected.abs())
    }

    /// How far off the runs are, as a share of what is expected.
    pub fn relative_error(&self) -> Option<f64> {
        let (simulated, expected) = (self.simulated?, self.expected?);
        (expected != 0.0).then(|| simulated / expected - 1.0)
    }
}

/// Takes what one reference is of.
#[derive(Debug)]
enum Gauge<'s> {
    /// A number of the summary of a whole run, or of a part of it.
    Result { service: &'s str, column: usize, part: Option<Box<Part<'s>>>, seen: Option<Number> },
    /// A statistic of a time series.
    Series(Box<Tally<'s>>),
}

impl<'s> Gauge<'s> {
    /// Nothing for a metric that there is not, which the check of the scenario has said.
    fn new(scenario: &'s Scenario, reference: &'s Reference) -> Option<Self> {
        let Reference { service, window, .. } = *reference;
        let name = service_of(scenario, reference);
        let (vocabulary, all) = (vocabulary(), series());
        Some(match vocabulary.result(&reference.metric, reference.statistic) {
            Some(at) => {
                let result = vocabulary.results[at].name;
                let column = SUMMARY.iter().position(|c| c.name == result)?;
                let part = (!window.is_whole()).then(|| {
                    let mut part = Part::new(scenario, service, window);
                    part.of_latency = result.starts_with("latency");
                    Box::new(part)
                });
                Self::Result { service: name, column, part, seen: None }
            }
            None => {
                let series = &all[vocabulary.series(&reference.metric)?];
                Self::Series(Box::new(Tally::new(scenario, series, service, "", window)))
            }
        })
    }

    /// Forgets everything, for another run.
    fn clear(&mut self) {
        match self {
            Self::Result { part: Some(part), .. } => part.clear(),
            Self::Result { seen, part: None, .. } => *seen = None,
            Self::Series(tally) => tally.clear(),
        }
    }

    /// What the run came to, which is over.
    fn number(&self, reference: &Reference) -> Option<Number> {
        match self {
            Self::Result { column, part: Some(part), .. } => number_of(&part.row(), *column),
            Self::Result { seen, part: None, .. } => *seen,
            Self::Series(tally) => tally.statistic(reference.statistic).map(|(number, _)| number),
        }
    }
}

/// The name of the service that a reference is of; empty for all together.
fn service_of<'s>(scenario: &'s Scenario, reference: &Reference) -> &'s str {
    reference.service.map_or("", |s| scenario.services[s.index()].name.as_str())
}

/// The unit of the metric that a reference is of.
fn unit_of(reference: &Reference) -> &'static str {
    let (vocabulary, all) = (vocabulary(), series());
    let result = vocabulary.result(&reference.metric, reference.statistic);
    let series = || vocabulary.series(&reference.metric).map(|at| all[at].metric.unit);
    result.map(|at| vocabulary.results[at].unit).or_else(series).unwrap_or("")
}

/// A reference, and what the runs came to so far.
#[derive(Debug)]
struct Watched<'s> {
    reference: &'s Reference,
    service: &'s str,
    unit: &'static str,
    /// Of all runs, where each had something to measure.
    seen: Option<Moments>,
    /// Whether every run came to exactly the number.
    exactly: bool,
}

impl<'s> Watched<'s> {
    fn new(scenario: &'s Scenario, reference: &'s Reference) -> Self {
        let (service, unit) = (service_of(scenario, reference), unit_of(reference));
        Self { reference, service, unit, seen: Some(Moments::default()), exactly: true }
    }

    /// Takes what the next run came to.
    fn take(&mut self, number: Option<Number>) {
        let limit = Number::of_limit(self.reference.value);
        self.exactly &= number.is_some_and(|n| n.compare(limit).is_some_and(|o| o.is_eq()));
        match (number, &mut self.seen) {
            (Some(number), Some(seen)) => seen.add(in_unit(number, self.unit)),
            (None, _) | (_, None) => self.seen = None,
        }
    }

    /// A limit in the metric's unit.
    fn limit(&self, limit: Limit) -> f64 {
        in_unit(Number::of_limit(limit), self.unit)
    }

    fn row(&self, scenario: &Scenario) -> Row {
        let expected = self.limit(self.reference.value);
        let mean = self.seen.map(|seen| seen.mean());
        let error = self.seen.and_then(|seen| {
            let variance = seen.variance()?;
            Some((variance / seen.count() as f64).sqrt())
        });
        let tolerance = match self.reference.tolerance {
            Tolerance::Exact => Some(0.0),
            Tolerance::Within(limit) => Some(self.limit(limit)),
            Tolerance::Errors(limit) => error.map(|own| {
                let other = limit.map_or(0.0, |limit| self.limit(limit));
                scenario.validation.standard_errors * (own * own + other * other).sqrt()
            }),
            Tolerance::Measured => None,
        };
        let near = mean.zip(tolerance).is_some_and(|(mean, most)| (mean - expected).abs() <= most);
        let standing = match self.reference.tolerance {
            Tolerance::Exact if self.exactly => Standing::Pass,
            Tolerance::Errors(_) | Tolerance::Within(_) if near => Standing::Pass,
            Tolerance::Exact | Tolerance::Errors(_) | Tolerance::Within(_) => Standing::Fail,
            Tolerance::Measured => Standing::Told,
        };
        Row {
            case: scenario.name.clone(),
            quantity: self.quantity(),
            unit: self.unit,
            expected: Some(expected),
            source: self.reference.source.clone(),
            tolerance,
            runs: scenario.validation.replications,
            simulated: mean,
            half_width: self.seen.and_then(|seen| Some(seen.interval(LEVEL)?.half())),
            standing,
        }
    }

    fn quantity(&self) -> String {
        let Reference { metric, statistic, window, .. } = self.reference;
        let of =
            if self.service.is_empty() { String::new() } else { format!("{}: ", self.service) };
        let statistic = match statistic.name() {
            "value" => String::new(),
            name => format!(" {name}"),
        };
        format!("{of}{metric}{statistic}{window}")
    }
}

/// A number of a row of the summary.
fn number_of(row: &SummaryRow, column: usize) -> Option<Number> {
    let column = &SUMMARY[column];
    Number::of_row(row, column.name, column.get)
}

/// A number in its metric's unit.
fn in_unit(number: Number, unit: &str) -> f64 {
    match unit {
        "s" => number.to_f64() / SECOND as f64,
        _ => number.to_f64(),
    }
}

/// The gauges of a scenario, in the order of its references.
#[derive(Debug)]
struct Gauges<'s>(Vec<(&'s Reference, Option<Gauge<'s>>)>);

impl<'s> Gauges<'s> {
    fn new(scenario: &'s Scenario) -> Self {
        Self(scenario.references.iter().map(|r| (r, Gauge::new(scenario, r))).collect())
    }

    fn gauges(&mut self) -> impl Iterator<Item = &mut Gauge<'s>> {
        self.0.iter_mut().filter_map(|(_, gauge)| gauge.as_mut())
    }
}

impl Recorder for Gauges<'_> {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Sample(sample) => {
                for gauge in self.gauges() {
                    match gauge {
                        Gauge::Result { part: Some(part), .. } => part.take(sample),
                        Gauge::Result { part: None, .. } => {}
                        Gauge::Series(tally) => tally.take(sample),
                    }
                }
            }
            Record::Total(total) => {
                let row = SummaryRow::new(total);
                for gauge in self.gauges() {
                    if let Gauge::Result { service, column, part: None, seen } = gauge
                        && *service == total.service
                    {
                        *seen = number_of(&row, *column);
                    }
                }
            }
            Record::Instance(_)
            | Record::KeyCall(_)
            | Record::Log(_)
            | Record::Change(_)
            | Record::Block(_)
            | Record::Revision(_)
            | Record::Quota(_) => {}
        }
    }
}

impl Watch for Gauges<'_> {
    type Outcome = Vec<Option<Number>>;

    fn begin(&mut self, _: u64) {
        self.gauges().for_each(Gauge::clear);
    }

    fn outcome(&mut self) -> Self::Outcome {
        let number = |(reference, gauge): &(&Reference, Option<Gauge<'_>>)| {
            gauge.as_ref().and_then(|gauge| gauge.number(reference))
        };
        self.0.iter().map(number).collect()
    }
}

/// Runs a scenario as often as it says and compares it with its references, a row each; after
/// measurements a row a metric with the mean of their errors. Nothing where `stop` says so before
/// all is done.
///
/// # Errors
/// A law of the model was broken: a bug.
pub fn truth(
    crew: &Crew,
    subject: &Subject<'_>,
    stop: impl Fn() -> bool + Sync,
) -> Result<Option<Vec<Row>>, BrokenRun> {
    let scenario = subject.scenario;
    let mut watched: Vec<Watched<'_>> =
        scenario.references.iter().map(|r| Watched::new(scenario, r)).collect();
    let runs = 0..scenario.validation.replications;
    let ended = crew.replicate(
        subject,
        runs,
        || Gauges::new(scenario),
        stop,
        |_, numbers| {
            watched.iter_mut().zip(numbers).for_each(|(watched, number)| watched.take(number));
            true
        },
    )?;
    if ended == Ended::Stopped {
        return Ok(None);
    }
    let mut rows: Vec<Row> = watched.iter().map(|watched| watched.row(scenario)).collect();
    let errors = errors_of(scenario, &rows);
    rows.extend(errors);
    Ok(Some(rows))
}

/// For each metric that was measured several times, the mean of how far the runs are off, as a
/// share of the measurement.
fn errors_of(scenario: &Scenario, rows: &[Row]) -> Vec<Row> {
    let mut metrics: Vec<(&str, Vec<f64>)> = Vec::new();
    for (reference, row) in scenario.references.iter().zip(rows) {
        let (Tolerance::Measured, Some(error)) = (reference.tolerance, row.relative_error()) else {
            continue;
        };
        match metrics.iter_mut().find(|(name, _)| *name == reference.metric) {
            Some((_, errors)) => errors.push(error.abs()),
            None => metrics.push((&reference.metric, vec![error.abs()])),
        }
    }
    let several = metrics.into_iter().filter(|(_, errors)| errors.len() > 1);
    several
        .map(|(metric, errors)| Row {
            case: scenario.name.clone(),
            quantity: format!("{metric}: mean error"),
            unit: "1",
            expected: None,
            source: format!("the model's, of {} measurements", errors.len()),
            tolerance: None,
            runs: scenario.validation.replications,
            simulated: Some(Moments::of(errors).mean()),
            half_width: None,
            standing: Standing::Told,
        })
        .collect()
}
