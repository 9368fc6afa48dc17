//! The report of a run, or of the study that it is one run of.

use std::fs;
use std::path::Path;

use maud::{Markup, html};
use serde_json::Value as Json;

use super::asked::asked;
use super::assumed::assumptions;
use super::figure::{Figure, figure};
use super::json::{cell, list, text};
use super::markup::{Outside, files, first_rows, link, table};
use super::page::{Mark, head, page};
use super::sampled::{AllSampled, CHARTS, ROWS, Sampled, seconds};
use crate::error::Error;
use crate::output::csv::Table;
use crate::output::folder::outside;
use crate::output::numbers::{count, counted, in_unit, rough_share};
use crate::record::Cause;
use crate::record::summary::SUMMARY;

/// Services whose charts stand in the page: those with the most failures.
const SERVICES: usize = 6;
/// Services that have a column each; of more each has a row.
const SIDE_BY_SIDE: usize = 5;
/// Rows of a table that may have as many as the scenario likes.
const FEW: usize = 40;

/// What is told of each service: the column, and what people call it.
const TOLD: [(&str, &str); 11] = [
    ("arrivals", "arrivals"),
    ("failed", "failed"),
    ("failed_ratio", "share failed"),
    ("latency_s_p50", "p50 (served)"),
    ("latency_s_p99", "p99 (served)"),
    ("latency_with_failures_s_p99", "p99 (failures infinite)"),
    ("cold_ratio", "served cold"),
    ("ride_out_s", "ride-out"),
    ("instances_mean", "instances"),
    ("instances_ready_max", "most ready"),
    ("cost_per_day", "cost a day"),
];

/// The page of a run's folder, from its files: `summary.json`, the tables and the pictures.
///
/// # Errors
/// [`Error::Outside`] where a file can't be read, [`Error::Usage`] where it is not what keyscale
/// writes.
pub fn of_run(folder: &Path) -> Result<Vec<u8>, Error> {
    let path = folder.join("summary.json");
    let text = fs::read(&path).map_err(outside("read", &path))?;
    let json: Json = serde_json::from_slice(&text)
        .map_err(|error| Error::Usage(format!("error: {}: {error}", path.display())))?;
    let run = Run { folder, json: &json };
    let sampled =
        AllSampled::read(folder, run.number("duration_s"), run.number("sample_interval_s"))?;
    let body = html! {
        (run.head())
        (run.asked())
        (run.why())
        (run.numbers())
        (run.clocks()?)
        (run.pictures(&sampled)?)
        (assumptions(folder)?)
        (run.again())
        (files(folder)?)
    };
    Ok(page(run.text("name"), &body))
}

/// A run's folder.
struct Run<'a> {
    folder: &'a Path,
    json: &'a Json,
}

/// The unit of a column of the summary.
fn unit(column: &str) -> &'static str {
    SUMMARY.iter().find(|c| c.name == column).map_or("", |c| c.unit)
}

impl Run<'_> {
    fn text(&self, name: &str) -> &str {
        text(self.json, name)
    }

    fn number(&self, name: &str) -> f64 {
        self.json[name].as_f64().unwrap_or_default()
    }

    /// The study, where the run is one of several.
    fn study(&self) -> Option<&Json> {
        Some(&self.json["study"]).filter(|study| study.is_object())
    }

    fn services(&self) -> Vec<&str> {
        list(self.json, "services").iter().map(|row| text(row, "service")).collect()
    }

    /// Everything that was asked.
    fn all_asked(&self) -> impl Iterator<Item = (&'static str, &Json)> {
        let of = |kind| move |asked| (kind, asked);
        let thresholds = list(self.json, "thresholds").iter().map(of("threshold"));
        thresholds.chain(list(self.json, "expects").iter().map(of("expected")))
    }

    /// The verdict at a glance: what was asked holds or, where nothing was, no request failed.
    fn mark(&self) -> Mark {
        let verdicts: Vec<&str> = self.all_asked().map(|(_, said)| text(said, "verdict")).collect();
        let failed = self.json["total"]["failed"].as_u64().unwrap_or_default();
        match verdicts.as_slice() {
            [] if failed == 0 => Mark::Good,
            [] => Mark::Plain,
            all if all.contains(&"fail") => Mark::Bad,
            all if all.iter().all(|verdict| *verdict == "pass") => Mark::Good,
            _ => Mark::Unclear,
        }
    }

    fn head(&self) -> Markup {
        let [duration, warm_up] = ["duration_s", "warm_up_s"].map(|name| self.number(name));
        let warm_up = match warm_up {
            0.0 => String::new(),
            some => format!(" after {} of warm-up", seconds(some)),
        };
        let shown = self.json["replication"].as_u64().unwrap_or_default();
        let runs = match self.study() {
            None => format!("one run, replication {shown}"),
            Some(study) => format!(
                "{}; tables and charts show replication {shown}, the median one",
                counted(study["replications"].as_u64().unwrap_or_default(), "replication")
            ),
        };
        let facts = [
            counted(self.services().len() as u64, "service"),
            format!("{}{warm_up}", seconds(duration)),
            format!("seed {}", self.json["seed"]),
            runs,
        ];
        let cut = self.json["complete"] == Json::Bool(false);
        html! {
            (head(self.text("name"), self.text("question"), (self.mark(), self.text("verdict")), &facts))
            @if cut { p.note { "The run was interrupted: this is the part that ran." } }
        }
    }

    /// Thresholds and expectations.
    fn asked(&self) -> Markup {
        let all: Vec<(&str, &Json)> = self.all_asked().collect();
        html! {
            @if !all.is_empty() {
                h2 { "What was asked" }
                div.wide { table {
                    thead { tr {
                        th scope="col" { "" } th scope="col" { "asked" }
                        th.n scope="col" { "seen" } th.n scope="col" { "95 % interval" }
                        th.n scope="col" { "p5 … p95 of runs" } th.n scope="col" { "met in" }
                        th scope="col" { "where the scenario asks it" }
                    } }
                    tbody { @for (kind, said) in all { (asked(kind, said)) } }
                } }
            }
        }
    }

    /// Causes of failed requests with their shares, the dearest first.
    fn why(&self) -> Markup {
        let total = |cause: &Cause| {
            let column = format!("blame_{}", cause.name());
            match self.study() {
                Some(study) => study["total"][&column]["mean"].as_f64(),
                None => self.json["total"][&column].as_f64(),
            }
        };
        let mut causes: Vec<(Cause, f64)> = Cause::ALL
            .iter()
            .filter_map(|cause| Some((*cause, total(cause)?)))
            .filter(|(_, cost)| *cost > 0.0)
            .collect();
        causes.sort_by(|a, b| b.1.total_cmp(&a.1));
        let all: f64 = causes.iter().map(|(_, cost)| cost).sum();
        html! {
            @if all > 0.0 {
                h2 { "Why requests failed" }
                div.wide { table {
                    thead { tr {
                        th scope="col" { "cause" }
                        th.n scope="col" { @if self.study().is_some() { "requests a run" } @else { "requests" } }
                        th.n scope="col" { "share" } th scope="col" { "" }
                    } }
                    tbody { @for (cause, cost) in causes {
                        tr {
                            td { (cause.words()) }
                            td.n { (in_unit(cost, "requests")) }
                            td.n { (rough_share(cost / all)) }
                            td.bar { i style=(format!("width:{:.1}%", 100.0 * cost / all)) {} }
                        }
                    } }
                } }
                p.note { "A request that failed is shared out over what held while it waited; the shares sum to all." }
            }
        }
    }

    /// The numbers of services: of one run, or over the runs of a study.
    fn numbers(&self) -> Markup {
        match self.study() {
            None => self.numbers_of_one(),
            Some(study) => self.numbers_of_study(study),
        }
    }

    /// A column a service or, of many, a row each.
    fn numbers_of_one(&self) -> Markup {
        let services = list(self.json, "services");
        let mut all: Vec<(&str, &Json)> =
            services.iter().map(|row| (text(row, "service"), row)).collect();
        if all.len() > 1 {
            all.insert(0, ("together", &self.json["total"]));
        }
        let cells = |(column, _): &(&str, &str)| {
            all.iter().map(|(_, row)| cell(&row[*column], unit(column))).collect::<Vec<_>>()
        };
        let columns: Vec<Vec<String>> = TOLD.iter().map(cells).collect();
        let names = all.iter().map(|(name, _)| *name);
        let (head, rows): (Vec<&str>, Vec<Vec<String>>) = if all.len() <= SIDE_BY_SIDE {
            let row = |((_, label), cells): (&(&str, &str), &Vec<String>)| {
                std::iter::once((*label).to_owned()).chain(cells.iter().cloned()).collect()
            };
            let rows = TOLD.iter().zip(&columns).map(row).collect();
            (std::iter::once("").chain(names).collect(), rows)
        } else {
            let row = |(at, name): (usize, &str)| {
                let cells = columns.iter().map(|column| column[at].clone());
                std::iter::once(name.to_owned()).chain(cells).collect()
            };
            let rows = names.enumerate().map(row).collect();
            (std::iter::once("service").chain(TOLD.map(|(_, label)| label)).collect(), rows)
        };
        html! {
            h2 { "Numbers" }
            (first_rows(&head, 1, &rows, FEW, "summary.csv"))
            p.note { "One run has no intervals. All columns: " (link("summary.csv")) "." }
        }
    }

    fn numbers_of_study(&self, study: &Json) -> Markup {
        let range = |metric: &Json, low: &str, high: &str, unit: &str| match (
            metric[low].is_null(),
            metric[high].is_null(),
        ) {
            (true, true) => "-".to_owned(),
            _ => format!("{} … {}", cell(&metric[low], unit), cell(&metric[high], unit)),
        };
        let rows_of = |name: &str, of: &Json| -> Vec<Vec<String>> {
            let row = |(column, label): &(&str, &str)| {
                let (metric, unit) = (&of[*column], unit(column));
                // A ride-out may be without end, so that it has a median alone.
                let centre = if *column == "ride_out_s" { "median" } else { "mean" };
                let [low, high] = ["low", "high"].map(|end| format!("{centre}_{end}"));
                let label = if centre == "median" {
                    format!("{label} (median)")
                } else {
                    (*label).to_owned()
                };
                let runs = metric["runs"].as_u64().filter(|runs| *runs > 0)?;
                Some(vec![
                    name.to_owned(),
                    label,
                    cell(&metric[centre], unit),
                    range(metric, &low, &high, unit),
                    range(metric, "p5", "p95", unit),
                    count(runs),
                ])
            };
            TOLD.iter().filter_map(row).collect()
        };
        let services = list(study, "services");
        let mut rows = rows_of("together", &study["total"]);
        if services.len() > 1 {
            rows.extend(services.iter().flat_map(|s| rows_of(text(s, "service"), s)));
        }
        let heads = ["service", "", "mean", "95 % interval", "p5 … p95 of runs", "runs"];
        html! {
            h2 { "Numbers" }
            (first_rows(&heads, 2, &rows, 3 * FEW, "summary.csv"))
            p.note {
                "Intervals are Student's over replications; that of a median is of order statistics. \
                 All columns: " (link("summary.csv")) "; a row a run: " (link("replications.csv")) "."
            }
        }
    }

    /// What befell the key, and the clocks that ran then.
    fn clocks(&self) -> Result<Markup, Error> {
        let path = self.folder.join("ride_outs.csv");
        let columns = ["from_s", "until_s", "first_failure_s", "lasted_s", "recovery_s"];
        let rides = Table::open(&path, &["service", "kind", "subject"], &columns, |_| true)?;
        let columns = columns.map(|column| rides.numbers(column));
        let [services, kinds, subjects] =
            ["service", "kind", "subject"].map(|column| rides.texts(column));
        let rides: Vec<Vec<String>> = (0..rides.len())
            .map(|at| {
                let names = [&services[at], &subjects[at]].map(Clone::clone);
                let kind = kinds[at].replace('_', " ");
                let [from, until, failure, lasted, recovery] = columns.each_ref().map(|c| c[at]);
                let never = |t: f64, never: &str| match t.is_nan() {
                    true => never.to_owned(),
                    false => in_unit(t, "s"),
                };
                let [service, subject] = names;
                vec![
                    service,
                    kind,
                    subject,
                    never(from, "-"),
                    never(until, "to the end"),
                    never(failure, "none"),
                    never(lasted, "-"),
                    never(recovery, "-"),
                ]
            })
            .collect();
        let quotas: Vec<Vec<String>> = list(self.json, "quotas").iter().map(quota).collect();
        let spent = list(self.json, "quotas").iter().any(|q| q["quota_used"].as_u64() > Some(0));
        let revoked: Vec<Vec<String>> = list(self.json, "services")
            .iter()
            .filter(|row| !row["revocation_detected_s"].is_null())
            .map(revocation)
            .collect();
        let messages: Vec<Vec<String>> = list(self.json, "messages").iter().map(message).collect();
        Ok(html! {
            @if !(rides.is_empty() && revoked.is_empty() && messages.is_empty() && !spent) {
                h2 { "Key clocks" }
            }
            @if !rides.is_empty() {
                p { "How each service rode out each time in which its key could not be used as before." }
                (first_rows(
                    &["service", "what", "of", "from", "until", "first failure", "rode out", "back after"],
                    3, &rides, FEW, "ride_outs.csv"))
            }
            @if !revoked.is_empty() {
                h3 { "The two clocks of a revocation" }
                (first_rows(
                    &["service", "detected", "customers hurt", "data unreachable"],
                    1, &revoked, FEW, "summary.csv"))
            }
            @if spent {
                h3 { "Quotas" }
                (first_rows(
                    &["quota", "limit /s", "used", "most in a second", "most in a minute", "calls denied"],
                    1, &quotas, FEW, "quotas.csv"))
            }
            @if !messages.is_empty() {
                h3 { "What the services' logs say" }
                (first_rows(
                    &["service", "message", "remedy", "times", "first", "last"],
                    3, &messages, FEW, "summary.json"))
            }
        })
    }

    /// The charts of the services that failed most, each with its table.
    fn pictures(&self, sampled: &AllSampled) -> Result<Markup, Error> {
        let mut services: Vec<&Json> = list(self.json, "services").iter().collect();
        let several = services.len() > 1;
        services.sort_by_key(|row| std::cmp::Reverse(row["failed"].as_u64()));
        let names: Vec<&str> = services.iter().map(|row| text(row, "service")).collect();
        let (inside, outside) = names.split_at(names.len().min(SERVICES));
        let mut all = Vec::new();
        for (at, service) in inside.iter().enumerate() {
            let end = if several { format!("-{service}") } else { String::new() };
            let mut figures = Vec::new();
            let nothing = Sampled::default();
            let of_service = sampled.service(service).unwrap_or(&nothing);
            for (at_chart, chart) in CHARTS.iter().enumerate() {
                let file = format!("{}{end}.svg", chart.name);
                let id = format!("c{at}-{}", chart.name);
                let desc = of_service.described(at_chart);
                let table = sampled_table(of_service.table(at_chart, sampled.stretch), sampled);
                let shown = Figure {
                    file: &file,
                    id: &id,
                    title: chart.title,
                    desc: &desc,
                    until: Some(sampled.until),
                };
                figures.extend(figure(self.folder, &shown, &table)?);
            }
            let gantt = format!("gantt{end}.svg");
            let (desc, table) = self.lives(service)?;
            let id = format!("c{at}-gantt");
            let shown = Figure {
                file: &gantt,
                id: &id,
                title: "A row an instance, with the starts that died",
                desc: &desc,
                until: Some(sampled.until),
            };
            figures.extend(figure(self.folder, &shown, &table)?);
            all.push((*service, figures));
        }
        let together = self.together(sampled, inside)?;
        Ok(html! {
            h2 { "Charts" }
            p.note {
                "Shaded: a key could not be used as before. The whole run in one picture: "
                (link(&format!("dashboard{}.svg", if several { format!("-{}", inside.first().unwrap_or(&"")) } else { String::new() })))
                "."
            }
            @if let Some(figure) = together { h3 { "All services" } (figure) }
            @for (service, figures) in &all {
                @if several { h3 { (Outside(service)) } }
                @for figure in figures { (figure) }
            }
            @if !outside.is_empty() {
                p.note {
                    "Charts of the other " (outside.len()) " services, which failed less, are files beside this page: "
                    @for (at, service) in outside.iter().take(FEW).enumerate() {
                        @if at > 0 { ", " } (link(&format!("dashboard-{service}.svg")))
                    }
                    "."
                }
            }
        })
    }

    /// The key calls of several services, where there is such a picture.
    fn together(&self, sampled: &AllSampled, services: &[&str]) -> Result<Option<Markup>, Error> {
        const KEY_CALLS: usize = 4;
        if services.len() < 2 {
            return Ok(None);
        }
        let rows = services.iter().filter_map(|service| {
            let said = sampled.service(service)?.described(KEY_CALLS);
            Some(vec![(*service).to_owned(), said])
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let told = html! {
            p.note { "Row by row they are in " (link("timeseries.csv")) " and, a service at a time, below." }
            (table(&["service", "key calls per second"], 2, &rows))
        };
        let desc = "Key calls of several services on the same axes, each with the time it took to clear its backlog.";
        let shown = Figure {
            file: "key_calls.svg",
            id: "all-key_calls",
            title: "Key calls of all services",
            desc,
            until: Some(sampled.until),
        };
        figure(self.folder, &shown, &told)
    }

    /// What the chart of instances shows, in a sentence and as a table.
    fn lives(&self, service: &str) -> Result<(String, Markup), Error> {
        let path = self.folder.join("instances.csv");
        let (mut all, mut first) = (0_u64, 0);
        let columns = [
            "revision",
            "serial",
            "attempt",
            "begun_s",
            "ready_s",
            "ended_s",
            "key_wait_s",
            "requests",
        ];
        let lives = Table::open(&path, &["service", "reason"], &columns, |cells| {
            let meant = cells[0] == service;
            all += u64::from(meant);
            first += usize::from(meant);
            meant && first <= ROWS
        })?;
        let columns = columns.map(|column| lives.numbers(column));
        let reasons = lives.texts("reason");
        let time = |t: f64| if t.is_nan() { "-".to_owned() } else { in_unit(t, "s") };
        let rows: Vec<Vec<String>> = (0..lives.len())
            .map(|at| {
                let [revision, serial, attempt, begun, ready, ended, wait, requests] =
                    columns.each_ref().map(|c| c[at]);
                let whole = |n: f64| count(n as u64);
                vec![
                    whole(revision),
                    whole(serial),
                    whole(attempt),
                    time(begun),
                    time(ready),
                    time(ended),
                    time(wait),
                    whole(requests),
                    reasons[at].replace('_', " "),
                ]
            })
            .collect();
        let desc = format!("{} to start an instance.", counted(all, "attempt"));
        let head = [
            "revision",
            "serial",
            "attempt",
            "begun",
            "ready",
            "ended",
            "wait for key",
            "requests",
            "why it ended",
        ];
        let told = html! {
            p.note { "The first " (rows.len()) " of " (count(all)) " rows: " (link("instances.csv")) "." }
            (table(&head, 0, &rows))
        };
        Ok((desc, told))
    }

    /// The command that makes the same numbers again.
    fn again(&self) -> Markup {
        let fixed = |study: &&Json| text(study, "until") == "fixed";
        let runs = self.study().filter(fixed).and_then(|study| study["replications"].as_u64());
        let runs = runs.map_or(String::new(), |runs| format!(" -r {runs}"));
        let command = format!("keyscale run scenario.lock.toml{runs} --seed {}", self.json["seed"]);
        html! {
            h2 { "Again" }
            p { "In the folder of this page, with keyscale " (Outside(self.text("keyscale"))) ":" }
            pre { code { (command) } }
            p.note {
                "It makes the same files, byte for byte. " (link("scenario.lock.toml")) " is the scenario \
                 with every default filled in. Fingerprint of the run: "
                code { (text(&self.json["fingerprint"], "combined")) }
            }
        }
    }
}

fn quota(quota: &Json) -> Vec<String> {
    let whole = |name: &str| count(quota[name].as_u64().unwrap_or_default());
    let of = |used: &str, limit: &str| format!("{} of {}", whole(used), whole(limit));
    vec![
        text(quota, "quota").to_owned(),
        whole("quota_limit"),
        whole("quota_used"),
        of("quota_per_second_max", "quota_per_second_limit"),
        of("quota_per_minute_max", "quota_per_minute_limit"),
        whole("denied"),
    ]
}

fn revocation(row: &Json) -> Vec<String> {
    let at = |name: &str, never: &str| match row[name].is_null() {
        true => never.to_owned(),
        false => cell(&row[name], "s"),
    };
    vec![
        text(row, "service").to_owned(),
        at("revocation_detected_s", "-"),
        at("customers_hurt_s", "none"),
        at("data_unreachable_s", "still reachable at the end"),
    ]
}

fn message(row: &Json) -> Vec<String> {
    let said = ["service", "text", "remedy"].map(|name| text(row, name).to_owned());
    let [service, text, remedy] = said;
    let times = count(row["count"].as_u64().unwrap_or_default());
    vec![service, text, remedy, times, cell(&row["first_s"], "s"), cell(&row["last_s"], "s")]
}

/// A chart's table behind its fold.
fn sampled_table(
    (heads, rows): (Vec<&str>, Vec<(f64, Vec<String>)>),
    sampled: &AllSampled,
) -> Markup {
    html! {
        p.note { (sampled.told()) "; all rows: " (link("timeseries.csv")) ". What is zero throughout is left out." }
        div.wide { table {
            thead { tr {
                th.n scope="col" { "from" }
                @for head in &heads { th.n scope="col" { (head) } }
            } }
            tbody { @for (t, cells) in &rows {
                tr data-t=(t) {
                    th.n scope="row" { (seconds(*t)) }
                    @for cell in cells { td.n { (cell) } }
                }
            } }
        } }
    }
}
