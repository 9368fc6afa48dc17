//! Services side by side: what was offered to them, what of it failed, and how each scaled, on axes
//! that they share.

use std::rc::Rc;

use super::palette::Tone;
use super::panel::{Body, Layer, Line, Panel, Scale, Series, Stroke, Texture, Time};
use super::run::{line, lines, rate, share_failed, shortened, sum};
use crate::output::csv::Table;

/// Services of one picture.
const SERVICES: std::ops::RangeInclusive<usize> = 2..=12;

/// Tones of the services' lines; of more than four they come again.
const TONES: [Tone; 4] = [Tone::Arrivals, Tone::Served, Tone::ServedCold, Tone::Refused];

/// Height of a plot in pixels.
const PLOT: f64 = 110.0;

/// How a service scaled.
pub struct Scaling {
    service: String,
    /// Requests a second that came, tries that were made again left out.
    load: Vec<f64>,
    /// Requests that failed, in per cent of those that ended.
    failed: Vec<f64>,
    panel: Panel,
}

/// A name as it fits beside a small picture.
fn beside(service: &str) -> String {
    const LONGEST: usize = 15;
    match service.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &service[..at]),
        None => service.to_owned(),
    }
}

/// Load, failures, ready and wanted instances of a service.
pub fn of(service: &str, rows: &Table, time: &Rc<Time>) -> Scaling {
    let mut series = Series::on(Scale::Linear);
    let ready = sum(rows, &["instances_busy", "instances_idle"]);
    let (name, tone, texture) = ("ready", Tone::Idle, Texture::Plain);
    series.layers = vec![Layer { name, tone, texture, values: ready }];
    let wanted = line("wanted", Tone::Ink, rows.numbers("wanted"));
    series.lines = vec![Line { stroke: Stroke::Dashed, ..wanted }];
    let [failed, served] = [&["refused", "timed_out", "aborted", "abandoned"][..], &["served"]]
        .map(|columns| sum(rows, columns).iter().sum::<f64>());
    let share = 100.0 * failed / (failed + served).max(1.0);
    let note = format!("{share:.2} % of requests failed");
    let title = format!("{}: instances", shortened(service));
    let panel = Panel::new("scaling", &title, "instances", time, "no instances");
    let panel = Panel { body: Body::Series(series), note, plot: PLOT, ..panel };
    let shares = share_failed(rows).map_or(Vec::new(), |line| line.values);
    let failed = shares.into_iter().map(|share| 100.0 * share).collect();
    Scaling { service: beside(service), load: rate(rows, &["arrivals"]), failed, panel }
}

/// What was offered, and under it the panels of several services with one value axis; none where
/// there are too few, or too many for one picture.
pub fn together(services: Vec<Scaling>) -> Option<Vec<Panel>> {
    let time = Rc::clone(&services.first()?.panel.time);
    if !SERVICES.contains(&services.len()) {
        return None;
    }
    let same = services.iter().all(|service| service.load == services[0].load);
    let each = |of: &dyn Fn(&Scaling) -> Vec<f64>| -> Vec<Line> {
        let named = services.iter().zip(TONES.iter().cycle());
        named.map(|(service, tone)| line(&service.service, *tone, of(service))).collect()
    };
    let loads = match same {
        true => vec![line("each service", Tone::Arrivals, services[0].load.clone())],
        false => each(&|service| service.load.clone()),
    };
    let failed = Panel::new("failed", "requests that failed", "%", &time, "no request failed");
    let failed = Panel { plot: PLOT, ..failed };
    let failed = lines(failed, each(&|service| service.failed.clone()));
    let title = "requests that are offered";
    let offered = Panel::new("offered", title, "requests/s", &time, "no requests");
    let offered = lines(Panel { plot: PLOT, ..offered }, loads);
    let greatest = |service: &Scaling| match &service.panel.body {
        Body::Series(series) => series.greatest(),
        Body::Lives(_) => 0.0,
    };
    let highest = services.iter().map(greatest).fold(0.0, f64::max);
    let reaching = |Scaling { mut panel, .. }: Scaling| {
        if let Body::Series(series) = &mut panel.body {
            series.reach = highest;
        }
        panel
    };
    Some([offered, failed].into_iter().chain(services.into_iter().map(reaching)).collect())
}
