//! What must hold: thresholds on a run's results, expectations of its time series.
//!
//! A condition is a text, `p99 < 800ms`: a statistic, a comparison, a limit with its unit. That of
//! a threshold may end in a window, `p99 < 2s from 5m until 25m`.

use std::fmt;

use super::build::{Build, length, text};
use super::metric::Statistic;
use super::tree::Node;
use crate::ids::ServiceId;
use crate::units::{Ratio, SimDuration};

/// A part of a run, counted from the end of the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Its begin.
    pub from: SimDuration,
    /// Its end; absent: the end of the run.
    pub until: Option<SimDuration>,
}

impl Window {
    /// Whether it is the whole run after the warm-up.
    pub fn is_whole(self) -> bool {
        self == Self::default()
    }
}

/// How a number is compared with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Comparison {
    /// All of them; where one's sign begins another's, the longer comes first.
    const ALL: [Self; 6] =
        [Self::AtMost, Self::AtLeast, Self::Equal, Self::Unequal, Self::Below, Self::Above];

    /// Its sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether it holds of a number that stands so to its limit; of no number nothing holds.
    pub fn holds(self, ordering: Option<std::cmp::Ordering>) -> bool {
        let Some(ordering) = ordering else { return false };
        match self {
            Self::Below => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
            Self::AtLeast => ordering.is_ge(),
            Self::Above => ordering.is_gt(),
        }
    }
}

/// What a number is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// A whole number.
    Count(u64),
    /// Any number.
    Number(f64),
    /// A share, written in per cent.
    Share(Ratio),
    /// A length of time, or an instant since the end of the warm-up.
    Length(SimDuration),
}

/// What must hold of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// What is taken of the metric.
    pub statistic: Statistic,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub limit: Limit,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Number(number) => write!(f, "{number}"),
            // The shortest text that reads back as the share: 0.1 % is 0.001, and 100 times that
            // need not be 0.1.
            Self::Share(Ratio(share)) => match format!("{}", share * 100.0) {
                percent if percent.len() <= 12 => write!(f, "{percent}%"),
                _ => write!(f, "{}%", (share * 1e10).round() / 1e8),
            },
            Self::Length(length) => write!(f, "{length}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.statistic.name(), self.comparison.sign(), self.limit)
    }
}

/// Shows what follows a condition in a file; nothing for the whole run.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from > SimDuration::ZERO {
            write!(f, " from {}", self.from)?;
        }
        self.until.map_or(Ok(()), |until| write!(f, " until {until}"))
    }
}

/// What must hold of a run's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The service; absent: all together.
    pub service: Option<ServiceId>,
    /// The metric, without its unit.
    pub metric: String,
    /// What must hold of it.
    pub condition: Condition,
    /// Over which part of the run.
    pub window: Window,
    /// Where the file says so: a path as overrides write it.
    pub key: String,
}

/// What must hold of a time series, in every replication.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// The service; absent: all together.
    pub service: Option<ServiceId>,
    /// The revision; absent: all of the service's.
    pub revision: Option<String>,
    /// The metric, without its unit.
    pub metric: String,
    /// What must hold of it.
    pub condition: Condition,
    /// In which part of the run.
    pub window: Window,
    /// Where the file says so: a path as overrides write it.
    pub key: String,
}

/// Why a text is not a condition, and which part of it.
#[derive(Debug, PartialEq)]
pub(super) struct Unreadable {
    /// What is wrong.
    pub what: &'static str,
    /// What was expected.
    pub label: String,
}

fn unreadable<T>(what: &'static str, label: impl Into<String>) -> Result<T, Unreadable> {
    Err(Unreadable { what, label: label.into() })
}

/// Reads `p99 < 800ms from 5m until 25m`.
pub(super) fn parse(said: &str) -> Result<(Condition, Window), Unreadable> {
    const SHAPE: &str = "expected a statistic, a comparison and a limit, as in \"p99 < 800ms\"";
    let found = Comparison::ALL.into_iter().filter_map(|c| Some((said.find(c.sign())?, c)));
    // The earliest; of two at one place the longer, which comes first.
    let Some((at, comparison)) = found.min_by_key(|(at, _)| *at) else {
        return unreadable("is not a condition", SHAPE);
    };
    let (before, after) = (said[..at].trim(), &said[at + comparison.sign().len()..]);
    let Some(statistic) = Statistic::of(before) else {
        let known: Vec<&str> = Statistic::ALL.map(Statistic::name).into();
        let label = format!("{:?} is no statistic: known are {}", before, known.join(", "));
        return unreadable("is not a condition", label);
    };
    let (limit, window) = windowed(after)?;
    match limit_of(limit) {
        Some(limit) => Ok((Condition { statistic, comparison, limit }, window)),
        None if limit.is_empty() => unreadable("is not a condition", SHAPE),
        None => {
            let label = format!("{limit:?} is no limit: it is a number, 0.1%, or 800ms");
            unreadable("is not a condition", label)
        }
    }
}

/// What stands before a window, and the window.
fn windowed(text: &str) -> Result<(&str, Window), Unreadable> {
    let instant = |said: &str| {
        SimDuration::parse(said).or_else(|label| unreadable("has no such window", label))
    };
    let (text, until) = match text.split_once(" until ") {
        Some((before, until)) => (before, Some(instant(until)?)),
        None => (text, None),
    };
    let (text, from) = match text.split_once(" from ") {
        Some((before, from)) => (before, instant(from)?),
        None => (text, SimDuration::ZERO),
    };
    Ok((text.trim(), Window { from, until }))
}

/// Reads a limit: a number, `0.1%` or `800ms`.
pub(super) fn limit_of(said: &str) -> Option<Limit> {
    if let Ok(count) = said.parse() {
        return Some(Limit::Count(count));
    }
    if let Ok(number) = said.parse::<f64>() {
        return number.is_finite().then_some(Limit::Number(number));
    }
    let share = Ratio::parse(said).ok().map(Limit::Share);
    share.or_else(|| SimDuration::parse(said).ok().map(Limit::Length))
}

/// The texts of a node that is one text or a list of them, with their positions in a list.
pub(super) fn texts(node: &Node) -> Vec<(Option<usize>, &Node)> {
    match node.text() {
        Some(_) => vec![(None, node)],
        None => node.items().iter().enumerate().map(|(at, item)| (Some(at), item)).collect(),
    }
}

/// The tables of metrics: that of all services together, then those of services by name.
pub(super) fn tables(thresholds: &Node) -> Vec<(Option<&str>, &Node)> {
    let services = thresholds.get(SERVICES).map(Node::entries).unwrap_or_default();
    let services = services.iter().map(|e| (Some(e.key.as_str()), &e.node));
    [(None, thresholds)].into_iter().chain(services).collect()
}

/// The key below `thresholds` that has tables of services.
pub(super) const SERVICES: &str = "services";

/// The key of a condition: its table's, and its position where there is a list.
fn key_of(table: &str, at: Option<usize>) -> String {
    at.map_or(table.to_owned(), |at| format!("{table}.{at}"))
}

impl Threshold {
    /// All thresholds of a checked table.
    pub(super) fn build(root: &Node, build: &Build<'_>) -> Vec<Self> {
        let Some(thresholds) = root.get("thresholds") else { return Vec::new() };
        let mut all = Vec::new();
        for (name, table) in tables(thresholds) {
            let service = name.map(|name| ServiceId::at(build.position("services", name)));
            let path = name.map_or("thresholds".to_owned(), |n| format!("thresholds.services.{n}"));
            for entry in table.entries() {
                for (at, node) in texts(&entry.node) {
                    let read = node.text().and_then(|said| parse(said).ok());
                    let Some((condition, window)) = read else { continue };
                    let key = key_of(&format!("{path}.{}", entry.key), at);
                    let metric = entry.key.clone();
                    all.push(Self { service, metric, condition, window, key });
                }
            }
        }
        all
    }
}

impl Expect {
    /// All expectations of a checked list: one for each of the texts.
    pub(super) fn build(root: &Node, build: &Build<'_>) -> Vec<Self> {
        let list = root.get("expect").map(Node::items).unwrap_or_default();
        let mut all = Vec::new();
        for (position, expect) in list.iter().enumerate() {
            let said = |name: &str| expect.get(name).and_then(Node::text);
            let service = said("service").map(|n| ServiceId::at(build.position("services", n)));
            let until = expect.get("until").and_then(Node::duration);
            let window = Window { from: length(expect, "from"), until };
            for (at, node) in expect.get("is").map(texts).unwrap_or_default() {
                let read = node.text().and_then(|said| parse(said).ok());
                let Some((condition, _)) = read else { continue };
                all.push(Self {
                    service,
                    revision: said("revision").map(str::to_owned),
                    metric: text(expect, "metric").to_owned(),
                    condition,
                    window,
                    key: key_of(&format!("expect.{position}.is"), at),
                });
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_and_shown() {
        let check = |said: &str, shown: &str| {
            let (condition, window) = parse(said).expect(said);
            assert_eq!(format!("{condition}{window}"), shown, "{said}");
        };
        check("value < 0.1%", "value < 0.1%");
        check("value<0.1 %", "value < 0.1%");
        check("p99 <= 800ms", "p99 <= 800ms");
        check("p99.9 < 1h 30m", "p999 < 1h 30m");
        check("max == 0", "max == 0");
        check("mean != 2.5", "mean != 2.5");
        check("value >= 15m from 5m until 1h 25m", "value >= 15m from 5m until 1h 25m");
        check("value > 7% until 90s", "value > 7% until 1m 30s");
        check("value > 33.3%", "value > 33.3%");
    }

    #[test]
    fn what_is_no_condition_says_why() {
        let check = |said: &str, part: &str| {
            let wrong = parse(said).expect_err(said);
            assert!(wrong.label.contains(part), "{said}: {}", wrong.label);
        };
        check("", "expected a statistic");
        check("p99", "expected a statistic");
        check("p99 <", "expected a statistic");
        check("p98 < 800ms", "\"p98\" is no statistic");
        check("< 5", "\"\" is no statistic");
        check("max = 0", "expected a statistic");
        check("max === 0", "\"= 0\" is no limit");
        check("max < soon", "\"soon\" is no limit");
        check("max < nan", "\"nan\" is no limit");
        check("max < -1s", "\"-1s\" is no limit");
        check("max < 5 from now", "expected a duration");
        check("max < 5 until 5", "needs a unit");
    }

    #[test]
    fn comparisons_hold_of_what_they_say() {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let holds = |c: Comparison| [Less, Equal, Greater].map(|o| c.holds(Some(o)));
        assert_eq!(holds(Comparison::Below), [true, false, false]);
        assert_eq!(holds(Comparison::AtMost), [true, true, false]);
        assert_eq!(holds(Comparison::Equal), [false, true, false]);
        assert_eq!(holds(Comparison::Unequal), [true, false, true]);
        assert_eq!(holds(Comparison::AtLeast), [false, true, true]);
        assert_eq!(holds(Comparison::Above), [false, false, true]);
        assert!(Comparison::ALL.into_iter().all(|c| !c.holds(None)));
    }
}
