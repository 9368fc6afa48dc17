//! The pictures of a run: of each service a dashboard, its panels one by one, and the lifetimes of
//! its instances; with several services the service's name ends the picture's, and two pictures
//! more have how all of them scale and the key calls of all of them.

use std::path::Path;
use std::rc::Rc;

use super::axis;
use super::bands::{self, Bands};
use super::lives;
use super::palette::Tone;
use super::panel::{Block, Body, Layer, Line, Mark, Panel, Scale, Series, Stroke, Texture, Time};
use super::picture::{Picture, Strip};
use super::recovery;
use super::scaling;
use super::touched;
use super::verdict;
use crate::error::Error;
use crate::output::csv::Table;

/// The columns of `timeseries.csv` that are drawn.
const COLUMNS: &[&str] = &[
    "t_s",
    "interval_s",
    "arrivals",
    "retries",
    "served",
    "served_cold",
    "refused",
    "timed_out",
    "aborted",
    "abandoned",
    "pending",
    "oldest_wait_s",
    "latency_s_p50",
    "latency_s_p90",
    "latency_s_p95",
    "latency_s_p99",
    "instances_allocating",
    "instances_unlocking",
    "instances_fetching",
    "instances_booting",
    "instances_idle",
    "instances_busy",
    "instances_draining",
    "instances_grace_idle",
    "instances_grace_busy",
    "starts_backing_off",
    "wanted",
    "min_instances",
    "max_instances",
    "starts_begun",
    "key_calls_ok",
    "key_calls_retryable",
    "key_calls_timeout",
    "key_calls_quota",
    "key_calls_denied",
    "quota_limit",
    "cost",
    "cost_failed_starts",
];

/// Height of the plots of a dashboard.
const LOW: f64 = 118.0;

/// All pictures of a folder whose time series is given.
///
/// # Errors
/// [`Error::Outside`] where a table can't be read, [`Error::Usage`] where it is no such table.
pub fn pictures(timeseries: &Path) -> Result<Vec<Picture>, Error> {
    let folder = timeseries.parent().unwrap_or(Path::new(""));
    let names = ["kind", "subject", "detail"];
    let blocks = Table::open(&folder.join("blocks.csv"), &names, &["from_s", "until_s"], |_| true)?;
    let revisions = Table::open(&folder.join("revisions.csv"), &touched::COLUMNS, &[], |_| true)?;
    let names = ["service", "statistic"];
    let rows = |cells: &[&str]| !cells[0].is_empty() && cells[1] == "run";
    let summary = Table::open(&folder.join("summary.csv"), &names, &[], rows)?;
    let services = summary.texts("service");
    let mut pictures = Vec::new();
    let mut recoveries = Vec::new();
    let mut scalings = Vec::new();
    for service in services {
        let of_service = |cells: &[&str]| cells[0] == service && cells[1].is_empty();
        let rows = Table::open(timeseries, &["service", "revision"], COLUMNS, of_service)?;
        let mut time = time(&rows, &blocks, &touched::by(service, &revisions));
        time.marks = marks(folder, service, &rows, &time)?;
        let time = Rc::new(time);
        let bands = bands::of(folder, service)?;
        let behind = |panel: Panel, column: &str, tone: Tone| match &bands {
            Some(bands) => bands.behind(panel, column, tone),
            None => panel,
        };
        let name = |name: &str| match services.len() {
            0 | 1 => name.to_owned(),
            _ => format!("{name}-{}", file_name(service)),
        };
        let singles = [
            (
                "instances",
                vec![noted(behind(instances(&rows, &time), "instances_ready", Tone::Ink), &bands)],
            ),
            (
                "requests",
                vec![behind(
                    behind(requests(&rows, &time), "arrivals", Tone::Arrivals),
                    "failed",
                    Tone::Refused,
                )],
            ),
            (
                "latency",
                vec![behind(
                    behind(latency(&rows, &time), "latency_s_p50", Tone::P50),
                    "latency_s_p99",
                    Tone::P99,
                )],
            ),
            (
                "pending",
                vec![
                    behind(pending(&rows, &time), "pending", Tone::Refused),
                    oldest_wait(&rows, &time),
                ],
            ),
            (
                "key_calls",
                vec![with_quota(behind(key_calls(&rows, &time), "key_calls", Tone::Ink), &rows)],
            ),
        ];
        let all = singles.iter().flat_map(|(_, panels)| panels.clone()).chain([cost(&rows, &time)]);
        let all: Vec<Panel> = all.map(|panel| Panel { plot: LOW, ..panel }).collect();
        for (single, panels) in singles {
            let title = format!("{}: {}", service, panels[0].title);
            pictures.push(picture(name(single), title, stacked(panels)));
        }
        let gantt = gantt(folder, service, &rows, &time, &revisions)?;
        let title = format!("{service}: lifetimes of instances");
        pictures.push(picture(name("gantt"), title, vec![gantt]));
        recoveries.extend(recovery::of(service, &rows, &time));
        scalings.push(scaling::of(service, &rows, &time));
        let title = format!("{service}: what happened");
        let mut dashboard = picture(name("dashboard"), title, stacked(all));
        let verdict = verdict::of(folder, service)?;
        dashboard.description.insert_str(0, &format!("{verdict} "));
        dashboard.strips.insert(0, Box::new(verdict));
        pictures.push(dashboard);
    }
    if let Some(panels) = scaling::together(scalings) {
        let title = "how all services scale".to_owned();
        pictures.push(picture("scaling".to_owned(), title, stacked(panels)));
    }
    if let Some(panels) = recovery::together(recoveries) {
        let title = "key calls of all services".to_owned();
        pictures.push(picture("key_calls".to_owned(), title, panels));
    }
    Ok(pictures)
}

/// A picture of panels, with what they show in words.
pub fn picture(name: String, title: String, panels: Vec<Panel>) -> Picture {
    let shown: Vec<&str> = panels.iter().map(|panel| panel.title.as_str()).collect();
    let mut description = format!("From top to bottom: {}.", shown.join("; "));
    if let Some(panel) = panels.first() {
        let from = axis::time_text(panel.time.from, panel.time.until - panel.time.from);
        let until = axis::time_text(panel.time.until, panel.time.until - panel.time.from);
        description.push_str(&format!(" From {from} to {until}."));
        for block in &panel.time.blocks {
            let at = axis::time_text(block.from, panel.time.until - panel.time.from);
            description.push_str(&format!(" {at}: {}.", block.label));
        }
    }
    let strips = panels.into_iter().map(|panel| Box::new(panel) as Box<dyn Strip>).collect();
    Picture { name, title, description, strips }
}

/// Panels under each other that share their time axis: the first has the names of what lies on
/// it, the last its numbers.
pub fn stacked(mut panels: Vec<Panel>) -> Vec<Panel> {
    let last = panels.len().saturating_sub(1);
    for (i, panel) in panels.iter_mut().enumerate() {
        panel.names = i == 0;
        panel.ticks = i == last;
    }
    panels
}

/// A name as a part of a file's.
fn file_name(name: &str) -> String {
    name.replace(['/', '\\', '\0'], "_")
}

/// The time axis of a service's rows, with the blocks that touch the service.
fn time(rows: &Table, blocks: &Table, touches: &dyn Fn(&str, &str) -> bool) -> Time {
    let (starts, lengths) = (rows.numbers("t_s"), rows.numbers("interval_s"));
    let ends: Vec<f64> = starts.iter().zip(lengths).map(|(t, length)| t + length).collect();
    let from = starts.first().copied().unwrap_or(0.0);
    let until = ends.last().copied().unwrap_or(from + 1.0);
    let (begins, over) = (blocks.numbers("from_s"), blocks.numbers("until_s"));
    let [kinds, subjects, details] = ["kind", "subject", "detail"].map(|c| blocks.texts(c));
    let block = |i: usize| Block {
        kind: kinds[i].clone(),
        label: label(&kinds[i], &subjects[i], &details[i]),
        from: begins[i],
        until: if over[i].is_finite() { over[i] } else { until },
    };
    let touching = (0..blocks.len()).filter(|&i| touches(&kinds[i], &subjects[i]));
    let blocks = touching.map(block).collect();
    Time { rows: ends, from, until, blocks, marks: Vec::<Mark>::new() }
}

/// The instants of a service that are marked: its first failure and when it had recovered or,
/// where no key was to blame, its last failure.
fn marks(folder: &Path, service: &str, rows: &Table, time: &Time) -> Result<Vec<Mark>, Error> {
    let numbers = ["first_failure_s", "recovered_s"];
    let path = folder.join("ride_outs.csv");
    let rides = Table::open(&path, &["service"], &numbers, |cells| cells[0] == service)?;
    let [failures, recoveries] = numbers.map(|column| rides.numbers(column));
    let hurt = || failures.iter().zip(&recoveries).filter(|ride| ride.0.is_finite());
    let mark = |name: &str, at: f64| {
        let shown = axis::time_text(at, time.until - time.from);
        Mark { label: format!("{name} {shown}"), at }
    };
    let first = hurt().map(|ride| *ride.0).reduce(f64::min);
    let recovered = hurt().map(|ride| *ride.1).reduce(f64::max).filter(|at| at.is_finite());
    if let Some(first) = first {
        let recovered = recovered.map(|at| mark("recovered", at));
        return Ok([mark("first failure", first)].into_iter().chain(recovered).collect());
    }
    let failed = sum(rows, &["refused", "timed_out", "aborted", "abandoned"]);
    let first = failed.iter().position(|&n| n > 0.0).and_then(|at| time.rows.get(at));
    let last = failed.iter().rposition(|&n| n > 0.0).and_then(|at| time.rows.get(at));
    let last = last.filter(|last| first.is_some_and(|first| first < *last));
    let ends =
        [first.map(|&at| mark("first failure", at)), last.map(|&at| mark("last failure", at))];
    Ok(ends.into_iter().flatten().collect())
}

/// A panel that says what its bands are.
fn noted(panel: Panel, bands: &Option<Bands>) -> Panel {
    let Some(bands) = bands else { return panel };
    let note = format!(
        "the median run of {}; shaded: 5 to 95 % of the runs; thin lines: runs among them",
        axis::number(bands.runs)
    );
    Panel { note, ..panel }
}

/// What is written at a block.
fn label(kind: &str, subject: &str, detail: &str) -> String {
    let text = match kind {
        "outage_retryable" | "outage_not_retryable" => format!("outage of {subject}: {detail}"),
        "key_state" => format!("key {subject} {detail}"),
        "permission" => format!("key {subject}: {detail}"),
        "quota" => format!("quota {subject}: {detail}"),
        _ => format!("{subject} {detail}"),
    };
    shortened(&text)
}

/// A text that may be as long as somebody likes, cut.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A solid line.
pub fn line(name: &str, tone: Tone, values: Vec<f64>) -> Line {
    Line { name: name.to_owned(), tone, stroke: Stroke::Solid, values }
}

/// Sums of columns, row by row.
pub fn sum(rows: &Table, columns: &[&str]) -> Vec<f64> {
    let mut sum = vec![0.0; rows.len()];
    for column in columns {
        sum.iter_mut().zip(rows.numbers(column)).for_each(|(s, v)| *s += v);
    }
    sum
}

/// Counts of an interval as a rate a second.
pub fn rate(rows: &Table, columns: &[&str]) -> Vec<f64> {
    let lengths = rows.numbers("interval_s");
    sum(rows, columns).iter().zip(lengths).map(|(n, s)| n / s).collect()
}

fn instances(rows: &Table, time: &Rc<Time>) -> Panel {
    let in_grace = sum(rows, &["instances_grace_idle", "instances_grace_busy"]);
    let without = |column: &str, grace: &str| -> Vec<f64> {
        rows.numbers(column).iter().zip(rows.numbers(grace)).map(|(n, g)| n - g).collect()
    };
    let layer = |name, tone, texture, values| Layer { name, tone, texture, values };
    let other = sum(rows, &["instances_allocating", "instances_fetching", "instances_booting"]);
    let busy = without("instances_busy", "instances_grace_busy");
    let idle = without("instances_idle", "instances_grace_idle");
    let unlocking = rows.numbers("instances_unlocking");
    let draining = rows.numbers("instances_draining");
    let mut series = Series::on(Scale::Linear);
    series.layers = vec![
        layer("serving", Tone::Serving, Texture::Plain, busy),
        layer("warm, idle", Tone::Idle, Texture::Plain, idle),
        layer("running, in grace", Tone::Grace, Texture::Upright, in_grace),
        layer("waiting for key", Tone::Unlocking, Texture::Hatch, unlocking),
        layer("starting", Tone::Starting, Texture::Dots, other),
        layer("draining", Tone::Draining, Texture::Plain, draining),
    ];
    let mut wanted = line("wanted", Tone::Ink, rows.numbers("wanted"));
    wanted.stroke = Stroke::Dashed;
    series.lines.push(wanted);
    let top = series.greatest();
    for (name, column) in [("min", "min_instances"), ("max", "max_instances")] {
        let values = rows.numbers(column);
        // A limit far above what happens would only press the picture flat.
        let in_range = values.iter().all(|v| *v > 0.0 && *v <= 1.3 * top);
        if in_range {
            let mut limit = line(name, Tone::Ink, values);
            limit.stroke = Stroke::Dotted;
            series.lines.push(limit);
        }
    }
    let body = Body::Series(series);
    Panel {
        body,
        ..Panel::new("instances", "instances by state", "instances", time, "no instances")
    }
}

/// The lifetimes of instances.
fn gantt(
    folder: &Path,
    service: &str,
    rows: &Table,
    time: &Rc<Time>,
    revisions: &Table,
) -> Result<Panel, Error> {
    let begun = rows.numbers("starts_begun").iter().sum();
    let (lives, note) = lives::read(folder, service, begun, time, revisions)?;
    let title = "a row an instance, with the starts that died before it was ready";
    let panel = Panel::new("gantt", title, "", time, "no instances");
    Ok(Panel { body: Body::Lives(lives), note, ..panel })
}

/// A panel of lines, without those that are zero all the time.
pub fn lines(mut panel: Panel, lines: impl IntoIterator<Item = Line>) -> Panel {
    let mut series = Series::on(Scale::Linear);
    series.lines = lines.into_iter().filter(any).collect();
    panel.body = Body::Series(series);
    panel
}

fn requests(rows: &Table, time: &Rc<Time>) -> Panel {
    let warm: Vec<f64> = rate(rows, &["served"])
        .iter()
        .zip(rate(rows, &["served_cold"]))
        .map(|(a, b)| a - b)
        .collect();
    // What arrives and what is served are often one line: the one below is seen around the other.
    let mut arrivals = line("arrivals", Tone::Arrivals, rate(rows, &["arrivals"]));
    arrivals.stroke = Stroke::Wide;
    let all = [
        arrivals,
        line("served", Tone::Served, warm),
        line("served cold", Tone::ServedCold, rate(rows, &["served_cold"])),
        line("refused", Tone::Refused, rate(rows, &["refused"])),
        line("timed out", Tone::TimedOut, rate(rows, &["timed_out"])),
        line("aborted", Tone::Aborted, rate(rows, &["aborted"])),
        line("abandoned", Tone::Abandoned, rate(rows, &["abandoned"])),
        line("retries", Tone::Retries, rate(rows, &["retries"])),
    ];
    lines(Panel::new("requests", "requests by outcome", "requests/s", time, "no requests"), all)
}

/// Whether a line is anywhere else than at zero.
pub fn any(line: &Line) -> bool {
    line.values.iter().any(|v| *v != 0.0 && v.is_finite())
}

/// The share of requests that failed, where any did.
pub fn share_failed(rows: &Table) -> Option<Line> {
    let failed = sum(rows, &["refused", "timed_out", "aborted", "abandoned"]);
    let share = failed.iter().zip(rows.numbers("served"));
    let share = share.map(|(f, s)| if f + s > 0.0 { f / (f + s) } else { 0.0 }).collect();
    Some(line("share failed", Tone::Refused, share)).filter(any)
}

fn latency(rows: &Table, time: &Rc<Time>) -> Panel {
    let mut series = Series::on(Scale::Latency);
    let percentiles = [Tone::P50, Tone::P90, Tone::P95, Tone::P99];
    for (name, tone) in ["p50", "p90", "p95", "p99"].into_iter().zip(percentiles) {
        series.lines.push(line(name, tone, rows.numbers(&format!("latency_s_{name}"))));
    }
    series.strip = share_failed(rows);
    let title = "latency of the served by percentile";
    let panel = Panel::new("latency", title, "", time, "no request was served");
    Panel { body: Body::Series(series), ..panel }
}

fn pending(rows: &Table, time: &Rc<Time>) -> Panel {
    let title = "requests waiting for an instance";
    let panel = Panel::new("pending", title, "requests", time, "no request waited");
    lines(panel, [line("pending", Tone::Refused, rows.numbers("pending"))])
}

fn oldest_wait(rows: &Table, time: &Rc<Time>) -> Panel {
    let title = "wait of the oldest pending request";
    let panel = Panel::new("oldest-wait", title, "s", time, "no request waited");
    lines(panel, [line("oldest wait", Tone::TimedOut, rows.numbers("oldest_wait_s"))])
}

fn cost(rows: &Table, time: &Rc<Time>) -> Panel {
    let hourly = |column: &str| -> Vec<f64> {
        rate(rows, &[column]).iter().map(|a_second| 3_600.0 * a_second).collect()
    };
    let panel = Panel::new("cost", "cost per hour", "USD/h", time, "nothing is paid for");
    let all = [
        line("all", Tone::Serving, hourly("cost")),
        line("failed starts", Tone::Died, hourly("cost_failed_starts")),
    ];
    lines(panel, all)
}

/// The key calls of a service.
pub fn key_calls(rows: &Table, time: &Rc<Time>) -> Panel {
    let all = [
        line("ok", Tone::Served, rate(rows, &["key_calls_ok"])),
        line("retryable", Tone::Retryable, rate(rows, &["key_calls_retryable"])),
        line("timeout", Tone::TimedOut, rate(rows, &["key_calls_timeout"])),
        line("over quota", Tone::Refused, rate(rows, &["key_calls_quota"])),
        line("denied", Tone::Denied, rate(rows, &["key_calls_denied"])),
    ];
    lines(Panel::new("key-calls", "key calls by outcome", "calls/s", time, "no key calls"), all)
}

/// A panel of key calls with the quota: a line, or a word where it is far above.
pub fn with_quota(mut panel: Panel, rows: &Table) -> Panel {
    let Body::Series(series) = &mut panel.body else { return panel };
    let top = series.greatest().max(series.reach);
    let limit = rows.numbers("quota_limit");
    let highest = limit.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    if highest > 0.0 && highest <= 2.0 * top {
        let mut quota = line("quota", Tone::Ink, limit);
        quota.stroke = Stroke::Dashed;
        series.lines.push(quota);
    } else if highest > 0.0 {
        panel.title.push_str(&format!(" (quota: {} a second)", axis::number(highest)));
    }
    panel
}
