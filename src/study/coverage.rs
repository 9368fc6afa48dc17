//! Whether intervals mean what they say: of many small studies of a scenario whose truth a formula
//! knows, the share whose interval holds it.
//!
//! Every study has replications of its own: one begins with the number after that at which the
//! last one ended. Several questions are put to the same replications, each at its own pace, so
//! that studies of one question know nothing of each other and those of two may.

use super::estimate::{Centre, OverRuns};
use super::gather::{Gleaner, Rule};
use super::replicate::{BrokenRun, Crew, Subject};
use crate::record::summary::SUMMARY;
use crate::scenario::{Condition, Limit, Scenario};
use crate::stats::Interval;
use crate::stats::interval::{LEVEL, Moments, wilson};
use crate::units::SECOND;

/// Shares that a fixed number of replications may cover: 95 %, give or take three standard errors
/// of 2,000 studies.
pub const FIXED: [f64; 2] = [0.935, 0.965];
/// The least share that a sequential rule may cover: looking again and again costs some, because
/// it stops when the spread happens to look small.
pub const SEQUENTIAL: f64 = 0.93;

/// A number that is known, and how it is estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The service; empty for all together.
    pub service: String,
    /// The position of a column of the summary.
    pub column: usize,
    /// What it is over all runs that could be: its mean or, of what may never come, its median.
    pub truth: f64,
    /// Who says so.
    pub source: String,
    /// How many replications a study has.
    pub rule: Rule,
    /// What a sequential rule wants to know it for.
    pub condition: Option<Condition>,
}

impl Question {
    /// The questions that a scenario's references ask of the whole run: each of so many
    /// replications, and once more by the sequential rule where a threshold is of the same.
    pub fn of(scenario: &Scenario, counts: &[u64]) -> Vec<Self> {
        let vocabulary = crate::record::metric::vocabulary();
        let column = |metric: &str, statistic| {
            let name = vocabulary.results[vocabulary.result(metric, statistic)?].name;
            SUMMARY.iter().position(|column| column.name == name)
        };
        let mut questions = Vec::new();
        for reference in scenario.references.iter().filter(|r| r.window.is_whole()) {
            let Some(at) = column(&reference.metric, reference.statistic) else { continue };
            let question = Self {
                service: reference
                    .service
                    .map_or(String::new(), |id| scenario.services[id.index()].name.clone()),
                column: at,
                truth: in_unit(reference.value),
                source: reference.source.clone(),
                rule: Rule::UNTIL_KNOWN,
                condition: None,
            };
            let fixed = |&count| Self { rule: Rule::Fixed(count), ..question.clone() };
            questions.extend(counts.iter().map(fixed));
            let same = scenario.thresholds.iter().find(|threshold| {
                threshold.service == reference.service
                    && threshold.window.is_whole()
                    && column(&threshold.metric, threshold.condition.statistic) == Some(at)
            });
            questions.extend(
                same.map(|same| Self { condition: Some(same.condition), ..question.clone() }),
            );
        }
        questions
    }

    /// The column's name.
    pub fn metric(&self) -> &'static str {
        SUMMARY.get(self.column).map_or("", |column| column.name)
    }

    /// The column's unit.
    pub fn unit(&self) -> &'static str {
        SUMMARY.get(self.column).map_or("", |column| column.unit)
    }

    /// What stands for it.
    pub fn centre(&self) -> Centre {
        Centre::of(self.metric())
    }
}

/// A limit in the unit of its metric: lengths in seconds.
fn in_unit(limit: Limit) -> f64 {
    match limit {
        Limit::Count(count) => count as f64,
        Limit::Number(number) => number,
        Limit::Share(share) => share.0,
        Limit::Length(length) => length.0 as f64 / SECOND as f64,
    }
}

/// What the studies of a question come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Studies.
    pub studies: u64,
    /// Of those, the ones whose interval holds the truth.
    pub covered: u64,
    /// Those whose interval lies below it.
    pub below: u64,
    /// Those whose interval lies above it.
    pub above: u64,
    /// Replications a study.
    pub replications: Moments,
    /// Half-widths of the intervals that have two ends.
    pub half: Moments,
}

impl Coverage {
    /// The share covered, with its own interval; none of none.
    pub fn share(&self) -> Option<Interval> {
        wilson(self.covered, self.studies, LEVEL)
    }

    /// Whether that is what it says of a rule.
    pub fn holds(&self, rule: Rule) -> bool {
        let share = self.covered as f64 / self.studies.max(1) as f64;
        match rule {
            Rule::Fixed(_) => (FIXED[0]..=FIXED[1]).contains(&share),
            Rule::UntilKnown { .. } => share >= SEQUENTIAL,
        }
    }

    fn add(&mut self, truth: f64, runs: u64, interval: Option<Interval>) {
        self.studies += 1;
        self.replications.add(runs as f64);
        let Some(interval) = interval else { return };
        self.covered += u64::from(interval.holds(truth));
        self.below += u64::from(interval.high < truth);
        self.above += u64::from(interval.low > truth);
        if interval.half().is_finite() {
            self.half.add(interval.half());
        }
    }
}

/// The interval that a study tells: Student's or that of order statistics.
pub fn told(numbers: &OverRuns, centre: Centre) -> Option<Interval> {
    numbers.estimate().within(centre)
}

/// A study of a question that is under way.
struct Open<'q> {
    question: &'q Question,
    centre: Centre,
    /// The position of the service's row.
    row: Option<usize>,
    rule: Rule,
    runs: u64,
    numbers: OverRuns,
    coverage: Coverage,
}

impl<'q> Open<'q> {
    fn new(question: &'q Question, rows: usize, scenario: &Scenario) -> Self {
        let row = match question.service.as_str() {
            "" => rows.checked_sub(1),
            name => scenario.services.iter().position(|service| service.name == name),
        };
        let centre = question.centre();
        let (numbers, rule) = (fresh(centre), question.rule);
        Self { question, centre, row, rule, runs: 0, numbers, coverage: Coverage::default() }
    }

    fn take(&mut self, number: f64, interval: &impl Fn(&OverRuns, Centre) -> Option<Interval>) {
        self.runs += 1;
        self.numbers.add(number);
        let Self { question, centre, numbers, .. } = self;
        let is_known = || {
            let estimate = numbers.estimate();
            let known = |condition| estimate.is_known(*centre, condition, question.unit());
            question.condition.is_none_or(known)
        };
        if self.rule.goes_on(self.runs, is_known) {
            return;
        }
        let truth = self.question.truth;
        self.coverage.add(truth, self.runs, interval(&self.numbers, self.centre));
        (self.rule, self.runs, self.numbers) = (self.question.rule, 0, fresh(self.centre));
    }
}

/// Numbers of which only the moments are kept where nothing else is asked.
fn fresh(centre: Centre) -> OverRuns {
    match centre {
        Centre::Mean => OverRuns::default(),
        Centre::Median => OverRuns::kept(),
    }
}

/// So many studies of each question, whose intervals are made by `interval`: [`told`] is what
/// studies tell. The same for any number of workers.
///
/// # Errors
/// A law of the model was broken: a bug.
pub fn coverage(
    crew: &Crew,
    subject: &Subject<'_>,
    questions: &[Question],
    studies: u64,
    interval: impl Fn(&OverRuns, Centre) -> Option<Interval>,
) -> Result<Vec<Coverage>, BrokenRun> {
    let rows = subject.scenario.services.len() + 1;
    let mut open: Vec<Open<'_>> =
        questions.iter().map(|question| Open::new(question, rows, subject.scenario)).collect();
    crew.replicate(
        subject,
        0..u64::MAX,
        || Gleaner::new(subject.scenario),
        || false,
        |_, outcome| {
            for open in open.iter_mut().filter(|open| open.coverage.studies < studies) {
                let numbers = open.row.map_or(&[][..], |row| outcome.numbers(row));
                let number = numbers.get(open.question.column).copied().unwrap_or(f64::NAN);
                open.take(number, &interval);
            }
            open.iter().any(|open| open.coverage.studies < studies)
        },
    )?;
    Ok(open.into_iter().map(|open| open.coverage).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{Checked, Source, check};
    use crate::stats::student::z_within;

    /// Service times of exactly a second: after two seconds the state is the steady one, with four
    /// in service on average. The mean of ten seconds has a variance of about 0.4.
    const TEXT: &str = r#"
seed = 7
warm_up = "2s"
duration = "10s"
sample_interval = "10s"
[services.web]
concurrency = 1000
max_instances = 1
autoscaler = { fixed = { instances = 1 } }
service_time = { constant = "1s" }
[[services.web.load]]
poisson = { rate = "4/s" }
[thresholds]
in_flight = "mean < 5"
[[reference]]
metric = "in_flight"
statistic = "mean"
value = 4
source = "M/G/inf"
"#;

    fn checked() -> Checked {
        let folder = Path::new("");
        let source = Source { origin: "a.toml", text: TEXT, stem: "a", folder };
        check(&source, &[], folder).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
    }

    fn measured(
        questions: &[Question],
        studies: u64,
        interval: impl Fn(&OverRuns, Centre) -> Option<Interval>,
    ) -> Vec<Coverage> {
        let checked = checked();
        let duration = checked.scenario.duration(&[]);
        let subject = Subject { scenario: &checked.scenario, traces: &[], duration };
        let crew = Crew::new(2).expect("threads");
        coverage(&crew, &subject, questions, studies, interval).expect("no law is broken")
    }

    /// 95 %, give or take three standard errors of so many studies.
    fn is_near(coverage: &Coverage) -> bool {
        let n = coverage.studies as f64;
        (coverage.covered as f64 / n - 0.95).abs() <= 3.0 * libm::sqrt(0.95 * 0.05 / n)
    }

    /// The normal deviate in the place of Student's: 1.960 for 2.776.
    fn with_the_wrong_quantile(numbers: &OverRuns, centre: Centre) -> Option<Interval> {
        let right = told(numbers, centre)?;
        let half = right.half() * z_within(0.95) / 2.776;
        let estimate = right.estimate;
        Some(Interval { estimate, low: estimate - half, high: estimate + half })
    }

    /// Five runs a study. With the wrong quantile 87.8 % would be covered (Student's law of four
    /// degrees of freedom within 1.960), which so many studies tell from 95 %.
    #[test]
    fn a_wrong_quantile_is_caught() {
        let questions = Question::of(&checked().scenario, &[5]);
        assert_eq!(questions.len(), 2, "fixed and sequential");
        let right = measured(&questions[..1], 400, told);
        assert!(is_near(&right[0]), "{right:?}");
        assert_eq!((right[0].studies, right[0].replications.mean()), (400, 5.0));
        let wrong = measured(&questions[..1], 400, with_the_wrong_quantile);
        assert!(!is_near(&wrong[0]) && !wrong[0].holds(Rule::Fixed(5)), "{wrong:?}");
        assert!(wrong[0].half.mean() < 0.71 * right[0].half.mean());
    }

    /// Half of the interval is to be 0.2: with a standard deviation of 0.63 that takes some 40 runs.
    #[test]
    fn the_sequential_rule_covers_too() {
        let questions = Question::of(&checked().scenario, &[]);
        let [coverage] = measured(&questions, 60, told)[..] else { panic!("one question") };
        assert!(is_near(&coverage), "{coverage:?}");
        let runs = coverage.replications.mean();
        assert!((30.0..50.0).contains(&runs) && coverage.half.mean() <= 0.2, "{coverage:?}");
    }

    #[test]
    fn a_truth_that_is_none_is_not_covered() {
        let mut questions = Question::of(&checked().scenario, &[10]);
        questions.truncate(1);
        questions[0].truth = 5.0;
        let [coverage] = measured(&questions, 40, told)[..] else { panic!("one question") };
        assert!(!coverage.holds(Rule::Fixed(10)) && coverage.below > 30, "{coverage:?}");
    }
}
