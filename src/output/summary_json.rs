//! `summary.json`: what a run came to, for programs.
//!
//! Members of a row are the columns of `summary.csv`. The file may only grow.

use std::collections::BTreeMap;

use serde::Serialize;

use super::run::{RunInfo, Written};
use super::said::{MessageRow, RevisionRow};
use super::study::StudyInfo;
use crate::record::columns::BLOCKS;
use crate::record::fingerprint::Parts;
use crate::record::{Block, BlockKind, QuotaLevel, QuotaUse, QuotaUser, SummaryRow, Value};
use crate::scenario::{Condition, Expect, Threshold, Window};
use crate::stats::interval::{LEVEL, wilson};
use crate::study::on_paper::Ridden;
use crate::study::{Finding, Number, Over};
use crate::units::{SECOND, SimTime};

/// Version of this file's format.
pub const FORMAT_VERSION: u32 = 1;

/// A block that outlives the fact of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRow {
    /// What kind.
    pub kind: BlockKind,
    /// The key, manager or quota.
    pub subject: String,
    /// More about it.
    pub detail: String,
    /// From when it had effect.
    pub from: SimTime,
    /// Until when; absent: to the end of the run.
    pub until: Option<SimTime>,
    /// End of the warm-up, from which files count.
    pub zero: SimTime,
}

impl BlockRow {
    /// Keeps a block.
    pub fn new(block: &Block<'_>, zero: SimTime) -> Self {
        Self {
            kind: block.kind,
            subject: block.subject.to_owned(),
            detail: block.detail.to_owned(),
            from: block.from,
            until: block.until,
            zero,
        }
    }

    /// The fact again.
    pub fn fact(&self) -> Block<'_> {
        let Self { kind, subject, detail, from, until, .. } = self;
        Block { kind: *kind, subject, detail, from: *from, until: *until, rides: &[] }
    }
}

/// An object with a member a column of `blocks.csv`.
impl Serialize for BlockRow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fact = self.fact();
        serializer.collect_map(BLOCKS.iter().map(|c| (c.name, (c.get)(&fact, self.zero))))
    }
}

/// A quota and its users, with the names of `quotas.csv`.
#[derive(Serialize)]
struct Spent<'a> {
    quota: &'a str,
    project: &'a str,
    location: &'a str,
    pool: &'a str,
    quota_limit: u32,
    quota_used: u64,
    denied: u64,
    quota_per_second_max: u64,
    quota_per_second_limit: u64,
    quota_per_minute_max: u64,
    quota_per_minute_limit: u64,
    users: Vec<SpentBy<'a>>,
}

/// A user of a quota: a row of the matrix of who took it and whom that hurt.
#[derive(Serialize)]
struct SpentBy<'a> {
    user: &'a str,
    quota_used: u64,
    denied: u64,
    /// Denied calls by who used the quota in their seconds.
    taken_by: BTreeMap<&'a str, Value<'static>>,
}

impl<'a> Spent<'a> {
    fn new(quota: &'a QuotaUse) -> Self {
        let QuotaLevel { limit, used, per_second, per_minute } = quota.level;
        let part = |(name, part): &'a (String, u64)| (name.as_str(), Value::Millionths(*part));
        let by = |user: &'a QuotaUser| SpentBy {
            user: &user.name,
            quota_used: user.used,
            denied: user.denied,
            taken_by: user.taken_by.iter().map(part).collect(),
        };
        Self {
            quota: &quota.name,
            project: &quota.project,
            location: &quota.location,
            pool: quota.pool,
            quota_limit: limit,
            quota_used: used,
            denied: quota.denied(),
            quota_per_second_max: per_second.used,
            quota_per_second_limit: per_second.limit,
            quota_per_minute_max: per_minute.used,
            quota_per_minute_limit: per_minute.limit,
            users: quota.users.iter().map(by).collect(),
        }
    }
}

/// An outage on paper, beside what the run came to; null is nobody refused within it.
#[derive(Serialize)]
struct Paper<'a> {
    service: &'a str,
    subject: &'a str,
    from_s: Value<'static>,
    instances: u64,
    throughput: Option<f64>,
    load: Option<f64>,
    wait_s: Option<f64>,
    first_refusal_s: Option<f64>,
    refused: Option<f64>,
    /// From the outage's begin to the first failure for want of the key in the run.
    simulated_first_failure_s: Value<'static>,
}

impl<'a> Paper<'a> {
    fn new(ridden: &'a Ridden, zero: SimTime) -> Self {
        let (ride, paper) = (&ridden.ride, ridden.paper.as_ref());
        let failure = ride.first_failure.map(|at| Value::length(at.since(ride.from)));
        Self {
            service: &ride.service,
            subject: &ride.subject,
            from_s: Value::instant(ride.from, zero),
            instances: ride.ready,
            throughput: paper.map(|paper| paper.throughput),
            load: paper.map(|paper| paper.load),
            wait_s: paper.map(|paper| paper.wait),
            first_refusal_s: paper.map(|paper| paper.refused),
            refused: paper.map(|paper| paper.lost),
            simulated_first_failure_s: failure.unwrap_or(Value::Empty),
        }
    }
}

/// The file.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    format_version: u32,
    keyscale: &'static str,
    name: &'a str,
    question: &'a str,
    seed: u64,
    replication: u64,
    complete: bool,
    warm_up_s: Value<'static>,
    duration_s: Value<'static>,
    sample_interval_s: Value<'static>,
    /// The verdict in a sentence or two.
    verdict: &'a str,
    fingerprint: &'a Parts,
    blocks: &'a [BlockRow],
    quotas: Vec<Spent<'a>>,
    services: Vec<&'a SummaryRow>,
    total: Option<&'a SummaryRow>,
    messages: &'a [MessageRow],
    revisions: &'a [RevisionRow],
    /// What a fluid queue before the warm instances would come to in an outage.
    on_paper: Vec<Paper<'a>>,
    thresholds: Vec<Said<'a>>,
    expects: Vec<Said<'a>>,
    /// What the run is one of: `services` and `total` are those of the run that is shown.
    study: Option<&'a StudyInfo<'a>>,
}

/// What was asked, what was seen and what is said of it.
#[derive(Serialize)]
struct Said<'a> {
    /// Where the scenario asks it: a path as overrides write it.
    key: &'a str,
    service: &'a str,
    revision: &'a str,
    metric: &'a str,
    condition: String,
    from_s: Value<'static>,
    until_s: Value<'static>,
    /// In the unit; null where there was nothing to measure, "never" for what did not come.
    seen: Value<'static>,
    unit: &'static str,
    /// The end of the sample interval in which it was seen.
    at_s: Value<'static>,
    /// The end of the first sample interval after which an upper limit did not hold.
    broken_s: Value<'static>,
    verdict: &'static str,
    /// How it stands over several runs; null for one.
    over: Option<SaidOver>,
}

/// What is said of several runs.
#[derive(Serialize)]
struct SaidOver {
    runs: u64,
    /// Runs in which it holds, their share with Wilson's interval, and the first one without.
    met: u64,
    met_ratio: Option<f64>,
    met_ratio_low: Option<f64>,
    met_ratio_high: Option<f64>,
    first_not_met: Option<u64>,
    /// What `seen` is: the mean or the median of the runs.
    statistic: &'static str,
    /// The ends of its interval, in the unit; null where there is none or it has no end.
    low: Option<f64>,
    high: Option<f64>,
    /// 5 % and 95 % of the runs have no more.
    p5: Option<f64>,
    p95: Option<f64>,
    /// Runs in which it never came.
    never: u64,
    /// About how many more runs would tell, where it is unclear.
    more: Option<u64>,
}

impl SaidOver {
    fn new(over: &Over) -> Self {
        let met = wilson(over.met, over.runs, LEVEL);
        let within = over.estimate.and_then(|(centre, estimate)| estimate.within(centre));
        let estimate = over.estimate.map(|(_, estimate)| estimate);
        Self {
            runs: over.runs,
            met: over.met,
            met_ratio: met.map(|within| within.estimate),
            met_ratio_low: met.map(|within| within.low),
            met_ratio_high: met.map(|within| within.high),
            first_not_met: over.first_not_met,
            statistic: over.estimate.map_or("every_run", |(centre, _)| centre.name()),
            low: within.map(|within| within.low),
            high: within.map(|within| within.high),
            p5: estimate.and_then(|estimate| estimate.p5),
            p95: estimate.and_then(|estimate| estimate.p95),
            never: estimate.map_or(0, |estimate| estimate.never),
            more: over.more,
        }
    }
}

/// A number as JSON has it.
fn number(number: Number, unit: &str) -> Value<'static> {
    match (number, unit) {
        (Number::Whole(ns), "s") => Value::Nanoseconds(ns),
        (Number::Whole(n), _) => u64::try_from(n).map_or(Value::Ratio(n as f64), Value::Count),
        (Number::Real(ns), "s") => Value::Ratio(ns / SECOND as f64),
        (Number::Real(n), _) => Value::Ratio(n),
        (Number::Infinite, _) => Value::Text("never"),
    }
}

impl<'a> Said<'a> {
    fn new<T>(
        finding: &'a Finding<T>,
        key: &'a str,
        metric: &'a str,
        (condition, window): (Condition, Window),
        zero: SimTime,
    ) -> Self {
        Self {
            key,
            service: &finding.service,
            revision: "",
            metric,
            condition: condition.to_string(),
            from_s: Value::length(window.from),
            until_s: window.until.map_or(Value::Empty, Value::length),
            seen: finding.seen.map_or(Value::Empty, |seen| number(seen, finding.unit)),
            unit: finding.unit,
            at_s: Value::reached(finding.at, zero),
            broken_s: Value::reached(finding.broken, zero),
            verdict: finding.verdict.name(),
            over: finding.over.as_deref().map(SaidOver::new),
        }
    }

    fn threshold(finding: &'a Finding<Threshold>, zero: SimTime) -> Self {
        let Threshold { key, metric, condition, window, .. } = &finding.asked;
        Self::new(finding, key, metric, (*condition, *window), zero)
    }

    fn expect(finding: &'a Finding<Expect>, zero: SimTime) -> Self {
        let Expect { key, metric, condition, window, revision, .. } = &finding.asked;
        let said = Self::new(finding, key, metric, (*condition, *window), zero);
        Self { revision: revision.as_deref().unwrap_or(""), ..said }
    }
}

impl<'a> Document<'a> {
    /// Of a run that is over.
    pub(super) fn new(info: &'a RunInfo, complete: bool, run: &'a Written) -> Self {
        let zero = SimTime::ZERO + info.warm_up;
        let (rows, judgement) = (&run.summary, &run.judgement);
        Self {
            format_version: FORMAT_VERSION,
            keyscale: env!("CARGO_PKG_VERSION"),
            name: &info.name,
            question: &info.question,
            seed: info.seed,
            replication: info.replication,
            complete,
            warm_up_s: Value::length(info.warm_up),
            duration_s: Value::length(info.duration),
            sample_interval_s: Value::length(info.sample_interval),
            verdict: "",
            fingerprint: &run.fingerprint,
            blocks: &run.blocks,
            quotas: run.quotas.iter().map(Spent::new).collect(),
            messages: &run.messages,
            revisions: &run.revisions,
            services: rows.iter().filter(|row| !row.service.is_empty()).collect(),
            total: rows.iter().find(|row| row.service.is_empty()),
            on_paper: run.papers.iter().map(|ridden| Paper::new(ridden, zero)).collect(),
            thresholds: judgement.thresholds.iter().map(|f| Said::threshold(f, zero)).collect(),
            expects: judgement.expects.iter().map(|f| Said::expect(f, zero)).collect(),
            study: None,
        }
    }

    /// The same with its verdict.
    pub(super) fn said(self, verdict: &'a str) -> Self {
        Self { verdict, ..self }
    }

    /// The same of a run that is one of a study.
    pub(super) fn of_study(self, study: Option<&'a StudyInfo<'a>>) -> Self {
        Self { study, ..self }
    }
}
