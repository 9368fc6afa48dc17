//! Sources of load: what goes together in one.

use super::Checks;
use crate::scenario::load::Bursty;
use crate::scenario::tree::Node;
use crate::units::{Rate, SimDuration};

impl Checks<'_> {
    pub(super) fn source(&mut self, source: &Node) {
        if let Some(points) = source.get("profile.points") {
            self.points(points);
        }
        if let Some(cycles) = source.get("wave.cycles").filter(|c| c.items().is_empty()) {
            let label = "at least one is needed";
            let finding = self.found.error("the wave has no cycles", &cycles.place, label);
            finding.help("for example { period = \"1d\", amplitude = 0.6, peak = \"14h\" }");
        }
        if let Some(bursty) = source.get("bursty") {
            self.dispersion(bursty);
        }
        if let Some(trace) = source.get("trace") {
            self.trace(trace);
        }
        for spike in source.get("spikes").map(Node::items).unwrap_or_default() {
            self.spike(source, spike);
        }
    }

    /// Instants of a profile rise.
    fn points(&mut self, points: &Node) {
        if points.items().is_empty() {
            let label = "at least one is needed";
            self.found.error("the profile has no points", &points.place, label);
        }
        let at = points.items().iter().filter_map(|p| p.get("at"));
        let at: Vec<(&Node, SimDuration)> = at.filter_map(|n| Some((n, n.duration()?))).collect();
        for pair in at.windows(2) {
            let ((earlier, before), (later, after)) = (pair[0], pair[1]);
            if after <= before {
                let label = format!("the point before is at {before}");
                let title = "the points of a profile must rise";
                self.found.error(title, &later.place, label).also(&earlier.place, "");
            }
        }
    }

    /// A rate can't go below zero, which bounds how far two of them can be apart.
    fn dispersion(&mut self, bursty: &Node) {
        let Some(wanted) = bursty.get("dispersion") else { return };
        let rate = bursty.get("rate").and_then(Node::rate);
        let sojourn = bursty.get("sojourn").and_then(Node::duration);
        let (Some(rate), Some(sojourn), Some(number)) = (rate, sojourn, wanted.number()) else {
            return;
        };
        let most = Bursty::most_dispersion(rate, sojourn);
        if number <= most {
            return;
        }
        let label = format!("at most {most}: 1 + rate x sojourn, where one of the rates is zero");
        let title = "the dispersion is more than two rates can give";
        let finding = self.found.error(title, &wanted.place, label);
        match rate {
            Rate(0.0) => finding.help("a source without requests has a dispersion of 1"),
            Rate(rate) => {
                let needed = SimDuration::from_secs_f64(((number - 1.0) / rate).ceil());
                finding.help(format!("raise sojourn to {needed} or more, or say both rates"))
            }
        };
    }

    fn trace(&mut self, trace: &Node) {
        self.ordered(trace, "from", "until", Node::duration);
        if let (Some(duration), Some(count)) = (trace.get("duration"), trace.get("count")) {
            let label = "a service time is one arrival's";
            let title = "counted arrivals have no service times of their own";
            let finding = self.found.error(title, &duration.place, label);
            finding.also(&count.place, "the arrivals are counted").help("leave one of them out");
        }
    }

    fn spike(&mut self, source: &Node, spike: &Node) {
        if let Some(closed) = source.get("closed_loop") {
            let title = "a closed loop has no rate that a spike could be laid over";
            let finding = self.found.error(title, &spike.place, "a spike");
            finding.also(&closed.place, "its clients come back when they are answered").help(
                "give the spike a source of its own, as in poisson = { rate = \"0/s\" } with added",
            );
        }
        if let Some(trace) = recorded_arrivals(source) {
            let title = "recorded arrivals have no rate that a spike could be laid over";
            let finding = self.found.error(title, &spike.place, "a spike");
            finding.also(&trace.place, "arrivals as they were recorded").help(
                "give the spike a source of its own, as in poisson = { rate = \"0/s\" } with \
                 added; or spread counts with spread = \"poisson\"",
            );
        }
        self.ordered(spike, "for", "every", Node::duration);
        let (Some(ramp), Some(length)) = (spike.get("ramp"), spike.get("for")) else { return };
        if let (Some(rise), Some(whole)) = (ramp.duration(), length.duration())
            && rise.0.saturating_mul(2) > whole.0
        {
            let title = "the spike falls before it has risen";
            let label = format!("to rise and to fall takes {}", rise + rise);
            let finding = self.found.error(title, &ramp.place, label);
            finding.also(&length.place, "the spike is this long").help("for includes both ramps");
        }
    }
}

/// The trace of a source that has recorded arrivals, or counts that are no means, and so no rate.
pub(super) fn recorded_arrivals(source: &Node) -> Option<&Node> {
    source.get("trace").filter(|trace| {
        let means = trace.get("spread").and_then(Node::text) == Some("poisson");
        trace.get("count").is_none() || !means
    })
}
