//! The report of a comparison.

use std::fs;
use std::path::Path;

use maud::{Markup, html};
use serde_json::Value as Json;

use super::figure::{Figure, figure};
use super::json::{cell, list, text};
use super::markup::{Outside, files, link, table};
use super::page::{Mark, head, page};
use super::sampled::{ROWS, seconds};
use crate::error::Error;
use crate::output::compared::{COMPARISON, CURVES, PAIRS, SUMMARY};
use crate::output::csv::Table;
use crate::output::folder::outside;
use crate::output::numbers::{count, counted, figures, in_unit};

/// Rows of pairs that are told.
const FEW: usize = 60;

/// The page of a comparison's folder, from its files.
///
/// # Errors
/// [`Error::Outside`] where a file can't be read, [`Error::Usage`] where it is not what keyscale
/// writes.
pub fn of_comparison(folder: &Path) -> Result<Vec<u8>, Error> {
    let path = folder.join(SUMMARY);
    let read = fs::read(&path).map_err(outside("read", &path))?;
    let json: Json = serde_json::from_slice(&read)
        .map_err(|error| Error::Usage(format!("error: {}: {error}", path.display())))?;
    let names: Vec<&str> = list(&json, "sides").iter().filter_map(Json::as_str).collect();
    let title = format!(
        "Comparison of {}",
        counted(names.len() as u64, "study").replace("studys", "studies")
    );
    let rows = list(&json, "comparisons");
    let pairs = rows.iter().filter_map(|row| row["pairs"].as_u64()).max().unwrap_or(0);
    let facts = [
        counted(pairs, "pair"),
        counted(rows.len() as u64, "comparison"),
        format!("seed {}", json["seed"]),
    ];
    let body = html! {
        (head(&title, &names.join(" · "), (mark(rows), text(&json, "verdict")), &facts))
        @for warning in list(&json, "warnings").iter().filter_map(Json::as_str) {
            p.note { "? " (Outside(warning)) }
        }
        (pictures(folder, &json)?)
        h2 { "Again" }
        pre { code { (Outside(text(&json, "again"))) } }
        (files(folder)?)
    };
    Ok(page(&title, &body))
}

/// What is said of all metrics at a glance.
fn mark(rows: &[Json]) -> Mark {
    let any = |verdict: &str| rows.iter().any(|row| text(row, "verdict") == verdict);
    match (any("worse"), any("cannot tell")) {
        (true, _) => Mark::Bad,
        (false, true) => Mark::Unclear,
        (false, false) => Mark::Good,
    }
}

/// What is said of one metric.
fn of(verdict: &str) -> Mark {
    match verdict {
        "better" | "same" => Mark::Good,
        "worse" => Mark::Bad,
        _ => Mark::Unclear,
    }
}

fn pictures(folder: &Path, json: &Json) -> Result<Markup, Error> {
    let shown = |file: &str, title: &str, desc: &str, until: Option<f64>, data: &Markup| {
        let id = file.trim_end_matches(".svg").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        figure(folder, &Figure { file, id: &id, title, desc, until }, data)
    };
    let differences = shown(
        "differences.svg",
        "Differences, as parts of the first mean",
        "The mean difference of pairs with its 95 % interval: to the right of zero there is more of it.",
        None,
        &comparisons(list(json, "comparisons")),
    )?;
    let mut over_time = Vec::new();
    if folder.join(CURVES).is_file() {
        let texts = ["second", "metric", "unit"];
        let numbers =
            ["t_s", "interval_s", "first_mean", "second_mean", "difference", "low", "high"];
        let curves = Table::open(&folder.join(CURVES), &texts, &numbers, |_| true)?;
        let until = curves
            .numbers("t_s")
            .last()
            .zip(curves.numbers("interval_s").last())
            .map(|(t, i)| t + i);
        let desc = "Means over replications, the first grey, the other blue; below each the paired difference with \
            its 95 % band, which is pointwise: of a hundred points five lie outside by chance.";
        let title = "Means over time, and their difference";
        over_time.extend(shown("curves.svg", title, desc, until, &over(&curves, None))?);
        let mut metrics: Vec<&String> = curves.texts("metric").iter().collect();
        metrics.dedup();
        metrics.sort();
        metrics.dedup();
        for metric in metrics {
            let file = format!("curves-{metric}.svg");
            let title = format!("{title}: {metric}");
            over_time.extend(shown(&file, &title, desc, until, &over(&curves, Some(metric)))?);
        }
    }
    let pairs = shown(
        "pairs.svg",
        "Pairs under the same luck",
        "A dot a replication: across the first, up the other. On the line both are alike.",
        None,
        &pairs(folder)?,
    )?;
    Ok(html! {
        @if let Some(figure) = differences { (figure) }
        h2 { "What differs" }
        (comparisons(list(json, "comparisons")))
        @if !over_time.is_empty() { h2 { "Over time" } @for figure in &over_time { (figure) } }
        @if let Some(figure) = pairs { h2 { "Pair by pair" } (figure) }
    })
}

/// A row a study and metric.
fn comparisons(rows: &[Json]) -> Markup {
    let head = [
        "",
        "against the first",
        "metric",
        "first",
        "second",
        "difference",
        "95 % interval",
        "relative",
        "p (Holm)",
        "pairs",
    ];
    html! {
        div.wide { table {
            thead { tr { @for (at, cell) in head.iter().enumerate() {
                th scope="col" class=[(at > 2).then_some("n")] { (cell) }
            } } }
            tbody { @for row in rows {
                @let unit = text(row, "unit");
                @let mark = of(text(row, "verdict"));
                tr {
                    td class={ "mark " (mark.class()) } {
                        (mark.sign()) " " (text(row, "verdict"))
                        @if let Some(more) = row["more"].as_u64() { " (about " (counted(more, "more replication")) ")" }
                    }
                    td { (Outside(text(row, "second"))) }
                    td { (Outside(text(row, "metric"))) }
                    td.n { (cell(&row["first_mean"], unit)) }
                    td.n { (cell(&row["second_mean"], unit)) }
                    td.n { (signed(&row["difference"], unit)) }
                    td.n { (signed(&row["low"], unit)) " … " (signed(&row["high"], unit)) }
                    td.n { (row["relative"].as_f64().map_or("-".to_owned(), |part| format!("{:+.1} %", 100.0 * part))) }
                    td.n { (row["p_holm"].as_f64().map_or("-".to_owned(), |p| format!("{p:.4}"))) }
                    td.n { (count(row["pairs"].as_u64().unwrap_or(0))) }
                }
            } }
        } }
        p.note { "Intervals hold together over all studies, p-values over all rows. As rows: " (link(COMPARISON)) "." }
    }
}

/// A number with its sign.
fn signed(json: &Json, unit: &str) -> String {
    match json.as_f64() {
        Some(number) if number < 0.0 => format!("−{}", in_unit(-number, unit)),
        Some(number) if number > 0.0 => format!("+{}", in_unit(number, unit)),
        Some(_) => in_unit(0.0, unit),
        None => "-".to_owned(),
    }
}

/// Curves as a table, each cell with the least and the greatest value of its stretch.
fn over(curves: &Table, only: Option<&str>) -> Markup {
    let [seconds_, metrics] = ["second", "metric"].map(|name| curves.texts(name));
    let names = ["t_s", "first_mean", "second_mean", "difference", "low", "high"];
    let [t, columns @ ..] = names.map(|name| curves.numbers(name));
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for at in 0..curves.len() {
        if only.is_some_and(|metric| metric != metrics[at]) {
            continue;
        }
        let name = format!("{}: {}", seconds_[at], metrics[at]);
        match groups.last_mut() {
            Some((group, places)) if *group == name => places.push(at),
            _ => groups.push((name, vec![at])),
        }
    }
    let head = ["what", "from", "first", "second", "difference", "low", "high"];
    let number = |n: f64| if n < 0.0 { format!("−{}", figures(-n)) } else { figures(n) };
    let mut rows: Vec<(f64, Vec<String>)> = Vec::new();
    // A table of so many rows in all, and of every curve some.
    let each = (ROWS * 2 / groups.len().max(1)).max(8);
    for (name, places) in &groups {
        for stretch in places.chunks(places.len().div_ceil(each).max(1)) {
            let mut cells = vec![name.clone(), seconds(t[stretch[0]])];
            for column in &columns {
                let values = stretch.iter().map(|&at| column[at]).filter(|n| n.is_finite());
                let ends = values.fold(None, |ends: Option<(f64, f64)>, n| {
                    Some(ends.map_or((n, n), |(low, high)| (low.min(n), high.max(n))))
                });
                cells.push(match ends {
                    Some((low, high)) if number(low) == number(high) => number(low),
                    Some((low, high)) => format!("{} … {}", number(low), number(high)),
                    None => "-".to_owned(),
                });
            }
            rows.push((t[stretch[0]], cells));
        }
    }
    html! {
        p.note {
            "At most " (each) " rows a curve, with the least and the greatest value of their stretch; all rows: "
            (link(CURVES)) "."
        }
        div.wide { table {
            thead { tr { @for (at, cell) in head.iter().enumerate() {
                th scope="col" class=[(at > 0).then_some("n")] { (cell) }
            } } }
            tbody { @for (_, cells) in &rows { tr { @for (at, cell) in cells.iter().enumerate() {
                td class=[(at > 0).then_some("n")] { (Outside(cell)) }
            } } } }
        } }
    }
}

/// The first pairs.
fn pairs(folder: &Path) -> Result<Markup, Error> {
    let mut all = 0_u64;
    let texts = ["second", "metric", "unit"];
    let numbers = ["replication", "first_value", "second_value"];
    let pairs = Table::open(&folder.join(PAIRS), &texts, &numbers, |_| {
        all += 1;
        all <= FEW as u64
    })?;
    let [seconds, metrics, units] = texts.map(|name| pairs.texts(name));
    let [replication, first, second] = numbers.map(|name| pairs.numbers(name));
    let shown = |n: f64, unit: &str| if n.is_finite() { in_unit(n, unit) } else { "-".to_owned() };
    let rows: Vec<Vec<String>> = (0..pairs.len())
        .map(|at| {
            let unit = &units[at];
            vec![
                seconds[at].clone(),
                metrics[at].clone(),
                count(replication[at] as u64),
                shown(first[at], unit),
                shown(second[at], unit),
            ]
        })
        .collect();
    let head = ["against the first", "metric", "replication", "first", "second"];
    Ok(html! {
        p.note { "The first " (rows.len()) " of " (count(all)) " rows: " (link(PAIRS)) "." }
        (table(&head, 2, &rows))
    })
}
