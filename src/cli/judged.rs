//! What was asked of a run, a line each: whether it holds, what was seen, where the file asks it.

use super::console::{BAD, Console, GOOD, WARNING};
pub(super) use super::numbers::shown;
use super::numbers::{count, counted, length};
use super::study_text::within;
use crate::scenario::{Checked, Condition, Window};
use crate::study::{Centre, Finding, Judgement, Verdict};
use crate::units::SimTime;

/// One thing that was asked, in words.
pub(super) struct Told {
    /// What is said of it.
    pub verdict: Verdict,
    /// A threshold, or something expected.
    pub kind: &'static str,
    /// What was asked, as the file says it.
    pub what: String,
    /// What was seen.
    pub seen: String,
    /// Where the file asks it.
    pub place: String,
}

/// Everything that was asked: thresholds, then expectations.
pub(super) fn all(judgement: &Judgement, checked: &Checked) -> Vec<Told> {
    let zero = SimTime::ZERO + checked.scenario.warm_up;
    let thresholds = judgement.thresholds.iter().map(|finding| {
        let asked = &finding.asked;
        let what = what(&finding.service, None, &asked.metric, asked.condition, asked.window);
        tell(finding, "threshold", what, checked.location(&asked.key), zero)
    });
    let expects = judgement.expects.iter().map(|finding| {
        let asked = &finding.asked;
        let revision = asked.revision.as_deref();
        let what = what(&finding.service, revision, &asked.metric, asked.condition, asked.window);
        tell(finding, "expected", what, checked.location(&asked.key), zero)
    });
    thresholds.chain(expects).collect()
}

/// The sign of a verdict.
pub(super) fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Unclear => "?",
    }
}

/// Prints a line for each threshold and each expectation.
pub(super) fn told(judgement: &Judgement, checked: &Checked, console: &mut Console<'_>) {
    for Told { verdict, kind, what, seen, place } in all(judgement, checked) {
        let style = match verdict {
            Verdict::Pass => GOOD,
            Verdict::Fail => BAD,
            Verdict::Unclear => WARNING,
        };
        let mark = console.styled(style, mark(verdict));
        console.out(format!(" {mark} {kind:<10} {what}: {seen}  ({place})\n"));
    }
    if !judgement.is_empty() {
        console.out("\n");
    }
}

/// The beginning of a verdict: nothing where nothing was asked.
pub(super) fn in_short(judgement: &Judgement) -> String {
    if judgement.is_empty() {
        return String::new();
    }
    let not = |verdicts: Vec<Verdict>, noun: &str| {
        let not = verdicts.iter().filter(|v| **v != Verdict::Pass).count();
        (not > 0).then(|| format!("{not} of {}", counted(verdicts.len() as u64, noun)))
    };
    let thresholds = judgement.thresholds.iter().map(|f| f.verdict).collect();
    let expects = judgement.expects.iter().map(|f| f.verdict).collect();
    let parts = [not(thresholds, "threshold"), not(expects, "expectation")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts[..] {
        [] => "Met. ".to_owned(),
        _ => format!("Not met: {}. ", parts.join(" and ")),
    }
}

/// What was asked, as the file says it.
fn what(
    service: &str,
    revision: Option<&str>,
    metric: &str,
    condition: Condition,
    window: Window,
) -> String {
    let of = match (service, revision) {
        ("", _) => String::new(),
        (service, None) => format!("{service}: "),
        (service, Some(revision)) => format!("{service} {revision}: "),
    };
    format!("{of}{metric} {condition}{window}")
}

fn tell<T>(
    finding: &Finding<T>,
    kind: &'static str,
    what: String,
    place: String,
    zero: SimTime,
) -> Told {
    let everywhere = finding.over.as_ref().is_some_and(|over| over.first_not_met.is_none());
    let at = finding.at.filter(|_| !everywhere);
    let at = at.map_or(String::new(), |at| format!(" at {}", length(at.since(zero))));
    Told { verdict: finding.verdict, kind, what, seen: seen(finding) + &at, place }
}

/// What was seen, in words: of several runs with the interval, and in how many it holds.
fn seen<T>(finding: &Finding<T>) -> String {
    let one =
        || finding.seen.map_or("nothing to measure".to_owned(), |seen| shown(seen, finding.unit));
    let Some(over) = &finding.over else { return one() };
    let runs = counted(over.runs, "run");
    match (over.estimate, over.first_not_met) {
        (None, None) => format!("met in all of {runs}"),
        (None, Some(first)) => {
            let not = count(over.runs - over.met);
            format!("not met in {not} of {runs}, first in replication {first}: {}", one())
        }
        (Some((_, estimate)), _) if estimate.count == 0 => one(),
        (Some((centre, estimate)), _) => {
            let median = if centre == Centre::Median { "median " } else { "" };
            let told = within(centre, &estimate, finding.unit);
            let more = over.more.map_or(String::new(), |more| {
                format!("; needs about {}", counted(more, "more replication"))
            });
            format!("{median}{told}, met in {} of {runs}{more}", count(over.met))
        }
    }
}
