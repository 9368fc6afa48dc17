//! Numbers that a scenario must come to because a formula, a table or another program says so.

use super::build::{Build, count, flag, length, number, text};
use super::metric::Statistic;
use super::thresholds::{Limit, Window};
use super::tree::Node;
use crate::ids::ServiceId;

/// How references are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// Runs, each with luck of its own.
    pub replications: u64,
    /// Standard errors of both sides together that a number may be off by.
    pub standard_errors: f64,
}

/// A number that a run must come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The service; absent: all together.
    pub service: Option<ServiceId>,
    /// The metric, without its unit.
    pub metric: String,
    /// What is taken of it: of a run's result, or else of its time series.
    pub statistic: Statistic,
    /// Over which part of the run.
    pub window: Window,
    /// The number.
    pub value: Limit,
    /// How far the runs may be off.
    pub tolerance: Tolerance,
    /// Who says so.
    pub source: String,
    /// Where the file says so: a path as overrides write it.
    pub key: String,
}

/// How far runs may be off a reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// Every run comes to exactly the number.
    Exact,
    /// By standard errors: the runs' own, and the reference's, which is absent for a formula.
    Errors(Option<Limit>),
    /// By so much: the reference is a range.
    Within(Limit),
    /// By anything: what was measured on the real thing tells how good the model is.
    Measured,
}

impl Validation {
    /// Of a checked scenario.
    pub(super) fn build(root: &Node) -> Self {
        Self {
            replications: count(root, "validation.replications"),
            standard_errors: number(root, "validation.standard_errors"),
        }
    }
}

impl Reference {
    /// All references of a checked list.
    pub(super) fn build(root: &Node, build: &Build<'_>) -> Vec<Self> {
        let list = root.get("reference").map(Node::items).unwrap_or_default();
        let of = |(position, node): (usize, &Node)| {
            let name = node.get("service").and_then(Node::text);
            let quantity = |key: &str| node.get(key).and_then(Node::quantity);
            let tolerance = if flag(node, "exact") {
                Tolerance::Exact
            } else if flag(node, "measured") {
                Tolerance::Measured
            } else if let Some(within) = quantity("within") {
                Tolerance::Within(within)
            } else {
                Tolerance::Errors(quantity("standard_error"))
            };
            Some(Self {
                service: name.map(|name| ServiceId::at(build.position("services", name))),
                metric: text(node, "metric").to_owned(),
                statistic: Statistic::of(text(node, "statistic"))?,
                window: Window {
                    from: length(node, "from"),
                    until: node.get("until").and_then(Node::duration),
                },
                value: quantity("value")?,
                tolerance,
                source: text(node, "source").to_owned(),
                key: format!("reference.{position}"),
            })
        };
        list.iter().enumerate().filter_map(of).collect()
    }
}
