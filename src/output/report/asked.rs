//! A row of what was asked of a run: whether it holds, what was seen, how sure that is.

use maud::{Markup, html};
use serde_json::Value as Json;

use super::json::{cell, text};
use super::markup::Outside;
use super::page::Mark;
use super::sampled::seconds;
use crate::output::numbers::{count, counted};

/// A row of what was asked.
pub fn asked(kind: &str, said: &Json) -> Markup {
    let mark = Mark::of(text(said, "verdict"));
    let unit = text(said, "unit");
    let of = match (text(said, "service"), text(said, "revision")) {
        ("", _) => String::new(),
        (service, "") => format!("{service}: "),
        (service, revision) => format!("{service} {revision}: "),
    };
    let window = match (said["from_s"].as_f64().unwrap_or(0.0), said["until_s"].as_f64()) {
        (0.0, None) => String::new(),
        (from, None) => format!(" from {}", seconds(from)),
        (from, Some(until)) => format!(" from {} until {}", seconds(from), seconds(until)),
    };
    let what = format!("{of}{} {}{window}", text(said, "metric"), text(said, "condition"));
    let over = &said["over"];
    let range = |low: &Json, high: &Json| match (low.is_null(), high.is_null()) {
        (true, true) => "-".to_owned(),
        _ => format!("{} … {}", cell(low, unit), cell(high, unit)),
    };
    let met = match (over["met"].as_u64(), over["runs"].as_u64()) {
        (Some(met), Some(runs)) => format!("{} of {}", count(met), counted(runs, "run")),
        _ => "-".to_owned(),
    };
    let more = over["more"]
        .as_u64()
        .map(|more| format!(" (needs about {})", counted(more, "more replication")));
    html! {
        tr {
            td class={ "mark " (mark.class()) } { (mark.sign()) " " (text(said, "verdict")) (more.unwrap_or_default()) }
            td { (kind) " " (Outside(&what)) }
            td.n { (cell(&said["seen"], unit)) }
            td.n { (range(&over["low"], &over["high"])) }
            td.n { (range(&over["p5"], &over["p95"])) }
            td.n { (met) }
            td { (Outside(text(said, "key"))) }
        }
    }
}
