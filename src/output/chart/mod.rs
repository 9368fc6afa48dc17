//! Charts of a run, as SVG and PNG, drawn from the tables in its folder and from nothing else.
//!
//! One picture a panel and service, and one of all panels under each other with a shared time
//! axis. With several services the service's name ends the file's, and one picture more has the
//! key calls of all of them. `gantt` has the lifetimes of instances.

mod axis;
mod lives;
mod palette;
mod panel;
mod recovery;
mod touched;

use std::io::{self, Write};
use std::path::Path;

use plotters::prelude::*;

use super::csv::Table;
use super::font;
use crate::error::Error;
use palette as color;
use panel::{Block, Canvas, Layer, Line, Panel, Scale, Stroke, Time};

/// Pixels of a PNG for one of the picture.
const ZOOM: f64 = 2.0;

/// Where the time axis of every picture of a run begins and ends, in pixels.
pub const PLOT: [f64; 2] = [panel::LEFT, panel::WIDTH - panel::RIGHT];

/// A picture, drawn: its file's name and its bytes.
pub type Drawn = (String, Vec<u8>);

/// Draws all charts of a folder that holds `timeseries.csv` and `blocks.csv`. `services` are in
/// order; blocks without an end last as long as the table.
///
/// # Errors
/// [`Error::Outside`] where a table can't be read, [`Error::Usage`] where it is no such table.
pub fn draw(folder: &Path, services: &[String]) -> Result<Vec<Drawn>, Error> {
    font::register();
    let blocks = Table::open(&folder.join("blocks.csv"), &["kind", "subject", "detail"], |_| true)?;
    let revisions = Table::open(&folder.join("revisions.csv"), &touched::COLUMNS, |_| true)?;
    let mut drawn = Vec::new();
    let mut recoveries = Vec::new();
    for service in services {
        let rows =
            Table::open(&folder.join("timeseries.csv"), &["service", "revision"], |cells| {
                cells[0] == service && cells[1].is_empty()
            })?;
        let time = time(&rows, &blocks, &touched::by(service, &revisions));
        let end = if services.len() > 1 { format!("-{service}") } else { String::new() };
        let pictures = [
            ("instances", vec![instances(&rows)]),
            ("requests", vec![requests(&rows)]),
            ("latency", vec![latency(&rows)]),
            ("pending", vec![pending(&rows), oldest_wait(&rows)]),
            ("key_calls", vec![with_quota(key_calls(&rows), &rows)]),
        ];
        for (name, panels) in &pictures {
            let panels: Vec<Shown<'_>> = panels.iter().map(|panel| (panel, &time)).collect();
            drawn.extend(picture(&format!("{name}{end}"), &panels)?);
        }
        let gantt = gantt(folder, service, &rows, &time, &revisions)?;
        drawn.extend(picture(&format!("gantt{end}"), &[(&gantt, &time)])?);
        recoveries.extend(recovery::of(service, &rows, &time));
        let all: Vec<Panel> = pictures.into_iter().flat_map(|(_, panels)| panels).collect();
        let all: Vec<Shown<'_>> = all.iter().map(|panel| (panel, &time)).collect();
        drawn.extend(picture(&format!("dashboard{end}"), &all)?);
    }
    if let Some(panels) = recovery::together(recoveries) {
        let recoveries: Vec<Shown<'_>> = panels.iter().map(|(panel, time)| (panel, time)).collect();
        drawn.extend(picture("key_calls", &recoveries)?);
    }
    Ok(drawn)
}

/// A panel with what lies on its time axis.
type Shown<'a> = (&'a Panel, &'a Time);

/// A picture of panels under each other, in both forms.
fn picture(name: &str, panels: &[Shown<'_>]) -> Result<[Drawn; 2], Error> {
    let canvas = Canvas { zoom: 1.0, stretches: false };
    let mut svg = String::new();
    {
        let size = size(panels, canvas);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        stack(&area, canvas, panels).map_err(failed)?;
    }
    let png = bitmap(panels)?;
    Ok([(format!("{name}.svg"), svg.into_bytes()), (format!("{name}.png"), png)])
}

/// A PNG of panels under each other. They are drawn one at a time, so that a tall picture takes no
/// more memory than a panel.
fn bitmap(panels: &[Shown<'_>]) -> Result<Vec<u8>, Error> {
    let canvas = Canvas { zoom: ZOOM, stretches: true };
    let (width, height) = size(panels, canvas);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut header = encoder.write_header().map_err(failed)?;
    let mut writer = header.stream_writer().map_err(failed)?;
    let mut pixels = Vec::new();
    for panel in panels.chunks(1) {
        let (width, height) = size(panel, canvas);
        pixels.resize((width * height * 3) as usize, 0);
        let backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
        stack(&backend.into_drawing_area(), canvas, panel).map_err(failed)?;
        writer.write_all(&pixels).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    header.finish().map_err(failed)?;
    Ok(bytes)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Outside("a chart can't be drawn".to_owned(), io::Error::other(error.to_string()))
}

/// Width and height on a canvas of panels under each other.
fn size(panels: &[Shown<'_>], canvas: Canvas) -> (u32, u32) {
    let height: f64 = panels.iter().map(|(panel, time)| panel::height(panel, time)).sum();
    ((panel::WIDTH * canvas.zoom) as u32, (height * canvas.zoom) as u32)
}

fn stack<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    canvas: Canvas,
    panels: &[Shown<'_>],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    area.fill(&WHITE)?;
    let mut rest = area.clone();
    for shown @ (panel, time) in panels {
        let (part, below) = rest.split_vertically(size(std::slice::from_ref(shown), canvas).1);
        panel::draw(&part, canvas, panel, time)?;
        rest = below;
    }
    area.present()
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
    Time { rows: ends, from, until, blocks: touching.map(block).collect() }
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
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn line(name: &str, color: RGBColor, values: Vec<f64>) -> Line {
    Line { name: name.to_owned(), color, stroke: Stroke::Solid, values }
}

fn panel(title: &str, empty: &'static str) -> Panel {
    Panel {
        title: title.to_owned(),
        note: String::new(),
        height: panel::HEIGHT,
        reach: 0.0,
        scale: Scale::Linear,
        layers: Vec::new(),
        lines: Vec::new(),
        lives: None,
        strip: None,
        empty,
    }
}

/// Sums of columns, row by row.
fn sum(rows: &Table, columns: &[&str]) -> Vec<f64> {
    let mut sum = vec![0.0; rows.len()];
    for column in columns {
        sum.iter_mut().zip(rows.numbers(column)).for_each(|(s, v)| *s += v);
    }
    sum
}

/// Counts of an interval as a rate a second.
fn rate(rows: &Table, columns: &[&str]) -> Vec<f64> {
    let lengths = rows.numbers("interval_s");
    sum(rows, columns).iter().zip(lengths).map(|(n, s)| n / s).collect()
}

fn instances(rows: &Table) -> Panel {
    let in_grace = sum(rows, &["instances_grace_idle", "instances_grace_busy"]);
    let without = |column: &str, grace: &str| -> Vec<f64> {
        rows.numbers(column).iter().zip(rows.numbers(grace)).map(|(n, g)| n - g).collect()
    };
    let layer = |name, color, hatched, values| Layer { name, color, hatched, values };
    let other = sum(rows, &["instances_allocating", "instances_fetching", "instances_booting"]);
    let mut panel = panel("instances by state", "no instances");
    panel.layers = vec![
        layer("serving", color::SERVING, false, without("instances_busy", "instances_grace_busy")),
        layer("warm, idle", color::IDLE, false, without("instances_idle", "instances_grace_idle")),
        layer("running, in grace", color::GRACE, false, in_grace),
        layer("waiting for key", color::UNLOCKING, true, rows.numbers("instances_unlocking")),
        layer("starting", color::STARTING, false, other),
        layer("draining", color::DRAINING, false, rows.numbers("instances_draining")),
    ];
    let shown = panel.layers.iter().map(|l| l.values.as_slice());
    let top = (0..rows.len())
        .map(|i| shown.clone().map(|v| v[i]).sum::<f64>())
        .chain(rows.numbers("wanted"))
        .fold(0.0, f64::max);
    let mut wanted = line("wanted", color::INK, rows.numbers("wanted"));
    wanted.stroke = Stroke::Dashed;
    panel.lines.push(wanted);
    for (name, column) in [("min", "min_instances"), ("max", "max_instances")] {
        let values = rows.numbers(column);
        // A limit far above what happens would only press the picture flat.
        let in_range = values.iter().all(|v| *v > 0.0 && *v <= 1.3 * top);
        if in_range {
            let mut limit = line(name, color::INK, values);
            limit.stroke = Stroke::Dotted;
            panel.lines.push(limit);
        }
    }
    panel
}

/// The lifetimes of instances.
fn gantt(
    folder: &Path,
    service: &str,
    rows: &Table,
    time: &Time,
    revisions: &Table,
) -> Result<Panel, Error> {
    let begun = rows.numbers("starts_begun").iter().sum();
    let (lives, note) = lives::read(folder, service, begun, time, revisions)?;
    let title = "a row an instance, with the starts that died before it was ready";
    let mut panel = panel(title, "no instances");
    (panel.lives, panel.note) = (Some(lives), note);
    Ok(panel)
}

fn requests(rows: &Table) -> Panel {
    let mut panel = panel("requests per second by outcome", "no requests");
    let warm: Vec<f64> = rate(rows, &["served"])
        .iter()
        .zip(rate(rows, &["served_cold"]))
        .map(|(a, b)| a - b)
        .collect();
    // What arrives and what is served are often one line: the one below is seen around the other.
    let mut arrivals = line("arrivals", color::ARRIVALS, rate(rows, &["arrivals"]));
    arrivals.stroke = Stroke::Wide;
    let all = [
        arrivals,
        line("served", color::SERVED, warm),
        line("served cold", color::SERVED_COLD, rate(rows, &["served_cold"])),
        line("refused", color::REFUSED, rate(rows, &["refused"])),
        line("timed out", color::TIMED_OUT, rate(rows, &["timed_out"])),
        line("aborted", color::ABORTED, rate(rows, &["aborted"])),
        line("abandoned", color::ABANDONED, rate(rows, &["abandoned"])),
        line("retries", color::RETRIES, rate(rows, &["retries"])),
    ];
    panel.lines.extend(all.into_iter().filter(any));
    panel
}

fn any(line: &Line) -> bool {
    line.values.iter().any(|v| *v != 0.0 && v.is_finite())
}

fn latency(rows: &Table) -> Panel {
    let mut panel = panel("latency of the served, by percentile", "no request was served");
    panel.scale = Scale::Latency;
    for (name, hue) in ["p50", "p90", "p95", "p99"].into_iter().zip(color::PERCENTILES) {
        panel.lines.push(line(name, hue, rows.numbers(&format!("latency_s_{name}"))));
    }
    let failed = sum(rows, &["refused", "timed_out", "aborted", "abandoned"]);
    let share: Vec<f64> = failed
        .iter()
        .zip(rows.numbers("served"))
        .map(|(f, s)| if f + s > 0.0 { f / (f + s) } else { 0.0 })
        .collect();
    panel.strip = Some(line("share failed", color::REFUSED, share)).filter(any);
    panel
}

fn pending(rows: &Table) -> Panel {
    let mut panel = panel("requests waiting for an instance", "no request waited");
    panel.lines.push(line("pending", color::REFUSED, rows.numbers("pending")));
    panel
}

fn oldest_wait(rows: &Table) -> Panel {
    let mut panel = panel("wait of the oldest pending request, s", "no request waited");
    panel.lines.push(line("oldest wait", color::TIMED_OUT, rows.numbers("oldest_wait_s")));
    panel
}

fn key_calls(rows: &Table) -> Panel {
    let mut panel = panel("key calls per second by outcome", "no key calls");
    let all = [
        line("ok", color::SERVED, rate(rows, &["key_calls_ok"])),
        line("retryable", color::UNLOCKING, rate(rows, &["key_calls_retryable"])),
        line("timeout", color::TIMED_OUT, rate(rows, &["key_calls_timeout"])),
        line("over quota", color::REFUSED, rate(rows, &["key_calls_quota"])),
        line("denied", color::DENIED, rate(rows, &["key_calls_denied"])),
    ];
    panel.lines.extend(all.into_iter().filter(any));
    panel
}

/// A panel of key calls with the quota: a line, or a word where it is far above.
fn with_quota(mut panel: Panel, rows: &Table) -> Panel {
    let top = panel::greatest(&panel).max(panel.reach);
    let limit = rows.numbers("quota_limit");
    let highest = limit.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    if highest > 0.0 && highest <= 2.0 * top {
        let mut quota = line("quota", color::INK, limit);
        quota.stroke = Stroke::Dashed;
        panel.lines.push(quota);
    } else if highest > 0.0 {
        panel.title.push_str(&format!(" (quota: {} a second)", axis::number(highest)));
    }
    panel
}
