//! Runs, and what is said of them: against the totals that the world states, and against samples
//! that are kept and looked through.

use std::path::Path;

use super::*;
use crate::record::columns::TIMESERIES;
use crate::record::metric::DIVISIBLE;
use crate::record::{Recorder, Value};
use crate::scenario::{self, Checked, Source};
use crate::world::World;

/// Two services that share a key, whose manager is away for a while.
const AWAY: &str = r#"
duration = "10m"
warm_up = "30s"
sample_interval = "7s"
[services.web]
concurrency = 4
min_instances = 1
max_instances = 12
service_time = { exponential = { mean = "200ms" } }
encryption = { key = "main" }
[[services.web.load]]
poisson = { rate = "20/s" }
[services.api]
concurrency = 2
service_time = { exponential = { mean = "50ms" } }
encryption = { key = "main" }
[[services.api.load]]
poisson = { rate = "5/s" }
[keys.main]
resource = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
protection_level = "EXTERNAL"
external_manager = "vault"
[external_managers.vault]
[[timeline]]
at = "2m"
for = "3m"
external_outage = { manager = "vault" }
[[timeline]]
at = "150s"
for = "5m"
load_step = { service = "web", factor = 8 }
"#;

fn checked(more: &str) -> Checked {
    let text = format!("{AWAY}{more}");
    let folder = Path::new("");
    let source = Source { origin: "a.toml", text: &text, stem: "a", folder };
    match scenario::check_with(&source, &[], folder, &vocabulary()) {
        Ok(checked) => checked,
        Err(problems) => panic!("{}", problems.render(false)),
    }
}

/// Keeps the cells of all samples and all totals.
#[derive(Default)]
struct Kept {
    /// Service, begin, end, and the numbers of the columns.
    samples: Vec<(String, u64, u64, Vec<Option<i128>>)>,
    totals: Vec<SummaryRow>,
}

impl Recorder for Kept {
    fn record(&mut self, fact: Record<'_>) {
        match fact {
            Record::Sample(sample) if sample.revision.is_empty() => {
                let cells = TIMESERIES.iter().map(|c| match (c.get)(sample, SimTime::ZERO) {
                    Value::Count(n) => Some(n.into()),
                    Value::Nanoseconds(ns) => Some(ns),
                    Value::Picodollars(_)
                    | Value::Millionths(_)
                    | Value::Ratio(_)
                    | Value::Single(_)
                    | Value::Text(_)
                    | Value::Empty => None,
                });
                let (from, until) = (sample.from.0, sample.until.0);
                self.samples.push((sample.service.to_owned(), from, until, cells.collect()));
            }
            Record::Total(total) => self.totals.push(SummaryRow::new(total)),
            Record::Sample(_) => {}
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

/// Runs a scenario to its end, judged.
fn judged<'s>(checked: &'s Checked, replication: u64) -> (Judge<'s>, Kept) {
    let scenario = &checked.scenario;
    let mut world: World = World::new(scenario, &[], scenario.duration(&[]));
    world.reset(replication);
    let mut both = (Judge::new(scenario), Kept::default());
    while world.advance(&mut both).expect("the laws hold") {}
    world.finish(&mut both);
    both
}

/// A window as long as the run comes to what the world says of the whole run, column by column.
#[test]
fn a_part_of_everything_is_the_whole() {
    let mut asked = String::new();
    let shared = |name: &str| name.starts_with("key_calls");
    let plain = |name: &str| {
        let bare = name.strip_suffix("_s").map(str::to_owned);
        bare.unwrap_or_else(|| name.replacen("_s_", "_", 1))
    };
    for (table, of) in [("thresholds", ""), ("thresholds.services.web", "web")] {
        asked += &format!("[{table}]\n");
        for name in DIVISIBLE.iter().filter(|name| !of.is_empty() || !shared(name)) {
            let limit = if plain(name) == *name { "1" } else { "1s" };
            asked += &format!("{} = \"value >= {limit} from 0s until 10m\"\n", plain(name));
        }
    }
    let checked = checked(&asked);
    let (judge, kept) = judged(&checked, 0);
    let findings = judge.judgement().thresholds;
    assert_eq!(findings.len(), 2 * DIVISIBLE.len() - 5);
    let mut measured = 0;
    for finding in findings {
        let service =
            finding.asked.service.map_or("", |s| &checked.scenario.services[s.index()].name);
        let row = kept.totals.iter().find(|row| row.service == service).expect("a total");
        let name = &finding.asked.metric;
        let column = SUMMARY.iter().find(|c| plain(c.name) == *name && DIVISIBLE.contains(&c.name));
        let column = column.expect(name);
        let whole = Number::of_row(row, column.name, column.get);
        assert_eq!(finding.seen, whole, "{service} {name}");
        measured += usize::from(whole.is_some_and(|n| n.to_f64() > 0.0));
    }
    assert!(measured > 45, "only {measured} of them were not zero");
}

/// Expectations see what a search through kept samples sees.
#[test]
fn tallies_are_what_samples_come_to() {
    let all = ["min", "max", "mean", "sum", "first", "last", "count"];
    let conditions: Vec<String> = all.iter().map(|s| format!("\"{s} >= 0\"")).collect();
    let is = conditions.join(", ");
    let expect = |metric: &str, more: &str| {
        format!("[[expect]]\nmetric = \"{metric}\"\nis = [{is}]\n{more}\n")
    };
    let window = "from = \"119s\"\nuntil = \"301s\"";
    let checked = checked(
        &[
            expect("instances_ready", "service = \"web\""),
            expect("instances_ready", &format!("service = \"api\"\n{window}")),
            expect("pending", window),
            expect("failed", ""),
        ]
        .concat(),
    );
    let (judge, kept) = judged(&checked, 3);
    let parts = |metric: &str| -> Vec<usize> {
        let names: &[&str] = match metric {
            "instances_ready" => &["instances_idle", "instances_busy"],
            "failed" => &["refused", "timed_out", "aborted"],
            _ => &["pending"],
        };
        let at = |n: &&str| TIMESERIES.iter().position(|c| c.name == *n).expect("a column");
        names.iter().map(at).collect()
    };
    let second = 1_000_000_000;
    let mut seen = 0;
    for finding in judge.judgement().expects {
        let expect = &finding.asked;
        let (from, until) = match expect.window.is_whole() {
            true => (0, u64::MAX),
            false => ((30 + 119) * second, (30 + 301) * second),
        };
        let service = expect.service.map(|s| checked.scenario.services[s.index()].name.clone());
        let mut values: Vec<(u64, i128)> = Vec::new();
        for (of, begin, end, cells) in &kept.samples {
            if *begin < from || *end > until || service.as_ref().is_some_and(|s| s != of) {
                continue;
            }
            let value: i128 = parts(&expect.metric).iter().filter_map(|&at| cells[at]).sum();
            match values.last_mut() {
                Some((at, sum)) if at == end => *sum += value,
                _ => values.push((*end, value)),
            }
        }
        let plain = || values.iter().map(|(_, v)| *v);
        let sum: i128 = plain().sum();
        let expected = match expect.condition.statistic.name() {
            "min" => plain().min().expect("a sample") as f64,
            "max" => plain().max().expect("a sample") as f64,
            "mean" => sum as f64 / values.len() as f64,
            "sum" => sum as f64,
            "first" => values[0].1 as f64,
            "last" => values[values.len() - 1].1 as f64,
            _ => values.len() as f64,
        };
        assert_eq!(finding.seen.map(Number::to_f64), Some(expected), "{expect:?}");
        if expect.condition.statistic.name() == "max" {
            let at = values.iter().find(|(_, v)| *v as f64 == expected).map(|(at, _)| *at);
            assert_eq!(finding.at.map(|at| at.0), at, "the first of the greatest");
        }
        seen += usize::from(expected > 0.0);
    }
    assert!(seen > 20, "only {seen} of them were not zero");
}

#[test]
fn each_verdict_is_said_of_what_deserves_it() {
    let asked = r#"
[thresholds]
failed_ratio = ["value < 0.1%", "value < 99%"]
ride_out = "value > 1s"
latency = ["p99 > 1ms", "p50 > 1h"]
revocation_detected = "value > 1h"
[thresholds.services.api]
failed_ratio = "value <= 50%"
latency = "p99 < 10s until 7s"
"#;
    let checked = checked(asked);
    let (mut judge, _) = judged(&checked, 1);
    let verdicts: Vec<&str> =
        judge.judgement().thresholds.iter().map(|f| f.verdict.name()).collect();
    assert_eq!(verdicts, ["fail", "pass", "pass", "pass", "fail", "pass", "pass", "pass"]);
    judge.clear();
    assert!(
        judge
            .judgement()
            .thresholds
            .iter()
            .all(|f| f.seen.is_none() && f.verdict == Verdict::Unclear)
    );
}

/// Revisions have rows of their own, which add up to the service's; before its deploy a revision
/// has none.
#[test]
fn a_revision_is_judged_by_its_own_rows() {
    let served = |more: &str| {
        let of = "metric = \"served\"\nservice = \"web\"\nis = \"sum > 100\"";
        format!("[[expect]]\n{of}\n{more}\n")
    };
    let deploy = "[[timeline]]\nat = \"6m\"\ndeploy = { service = \"web\", percent = 50 }\n";
    let asked = [
        deploy.to_owned(),
        served(""),
        served("revision = \"web-00001\""),
        served("revision = \"web-00002\""),
        served("revision = \"web-00002\"\nuntil = \"350s\""),
    ];
    let checked = checked(&asked.concat());
    let (judge, _) = judged(&checked, 0);
    let findings = judge.judgement().expects;
    let seen: Vec<Option<f64>> = findings.iter().map(|f| f.seen.map(Number::to_f64)).collect();
    let [Some(all), Some(first), Some(second), None] = seen[..] else { panic!("{seen:?}") };
    assert!(first > 100.0 && second > 100.0 && first + second == all, "{seen:?}");
    let verdicts: Vec<Verdict> = findings.iter().map(|f| f.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Pass, Verdict::Fail]);
}

/// A judge that is used again says what a new one says.
#[test]
fn clearing_forgets_everything() {
    let asked = "[thresholds]\nserved = \"value > 5 from 2m20s until 7m\"\n[[expect]]\n\
                 metric = \"arrivals\"\nis = [\"sum > 1\", \"last > 1\"]\n";
    let checked = checked(asked);
    let scenario = &checked.scenario;
    let (first, _) = judged(&checked, 0);
    let mut judge = judged(&checked, 1).0;
    judge.clear();
    let mut world: World = World::new(scenario, &[], scenario.duration(&[]));
    while world.advance(&mut judge).expect("the laws hold") {}
    world.finish(&mut judge);
    assert_eq!(judge.judgement(), first.judgement());
}

/// An upper limit breaks at the first edge at which what there was until then is above it: against
/// sums of the samples that were kept. Where there are limits, their first break is when customers
/// are hurt; otherwise it is the first failure for want of the key.
#[test]
fn limits_break_when_what_there_was_until_then_is_above() {
    let asked = "[thresholds]\nfailed_ratio = [\"value < 0.1%\", \"value < 99%\"]\n\
                 served = \"value > 1e6\"\n[thresholds.services.web]\nrefused = \"value <= 50\"\n";
    let checked_asked = checked(asked);
    let (judge, kept) = judged(&checked_asked, 0);
    let cell = |cells: &[Option<i128>], name: &str| {
        let at = TIMESERIES.iter().position(|c| c.name == name).expect("a column");
        cells[at].expect("a number")
    };
    let failures = ["refused", "timed_out", "aborted", "abandoned"];
    let (mut failed, mut served, mut refused) = (0, 0, 0);
    let (mut ratio_broke, mut refused_broke) = (None, None);
    let mut edges: Vec<u64> = kept.samples.iter().map(|s| s.2).collect();
    edges.dedup();
    for edge in edges {
        for (service, _, _, cells) in kept.samples.iter().filter(|s| s.2 == edge) {
            failed += failures.iter().map(|name| cell(cells, name)).sum::<i128>();
            served += cell(cells, "served");
            if service == "web" {
                refused += cell(cells, "refused");
            }
        }
        if ratio_broke.is_none() && failed * 1_000 >= failed + served && failed + served > 0 {
            ratio_broke = Some(SimTime(edge));
        }
        if refused_broke.is_none() && refused > 50 {
            refused_broke = Some(SimTime(edge));
        }
    }
    assert!(ratio_broke.is_some() && refused_broke.is_some(), "nothing breaks");
    let judgement = judge.judgement();
    let broken: Vec<_> = judgement.thresholds.iter().map(|f| f.broken).collect();
    assert_eq!(broken, [ratio_broke, None, None, refused_broke]);
    let hurt = |judgement: &Judgement, service: &str| {
        let row = kept.totals.iter().find(|row| row.service == service);
        let mut row = row.expect("a row").clone();
        judgement.tell_hurt(&mut row);
        (row.customers_hurt, row.first_key_failure)
    };
    assert_eq!(hurt(&judgement, "").0, ratio_broke.min(refused_broke));
    assert_eq!(hurt(&judgement, "web").0, refused_broke);
    let (customers, first) = hurt(&judgement, "api");
    assert_eq!(customers, first);
}
