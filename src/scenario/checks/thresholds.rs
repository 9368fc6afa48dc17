//! Thresholds and expectations: metrics that there are, limits in their units, windows in the run.

use super::Checks;
use crate::scenario::metric::{Metric, Statistic, Vocabulary};
use crate::scenario::source::{Findings, Place, shown};
use crate::scenario::thresholds::{Condition, Limit, SERVICES, Window, parse, tables, texts};
use crate::scenario::tree::{Entry, Node};
use crate::scenario::value::unknown_name;
use crate::units::SimDuration;

impl Checks<'_> {
    pub(super) fn thresholds(&mut self, vocabulary: &Vocabulary) {
        let Some(thresholds) = self.root.get("thresholds") else { return };
        self.tables_of_services(thresholds);
        for (service, table) in tables(thresholds) {
            let metrics = table.entries().iter();
            for entry in metrics.filter(|e| service.is_some() || e.key != SERVICES) {
                self.threshold(service, entry, vocabulary);
            }
        }
    }

    /// Below `services` there are tables, under names of services.
    fn tables_of_services(&mut self, thresholds: &Node) {
        let Some(services) = thresholds.get(SERVICES) else { return };
        let all = self.tables("services");
        let known = || all.iter().map(|e| e.key.as_str());
        for entry in services.entries() {
            if known().all(|name| name != entry.key) {
                let title = format!("there is no service named {}", shown(&entry.key));
                let label = unknown_name(&entry.key, "services", known());
                self.found.error(title, &entry.place, label);
            }
        }
        let entries = services.entries().iter().map(|e| &e.node);
        for node in [services].into_iter().chain(entries) {
            if !node.is_table() {
                let title = "thresholds of services are of the wrong kind";
                let label = format!("expected a table, found {}", node.value.kind());
                let help = "write them under [thresholds.services.NAME]";
                self.found.error(title, &node.place, label).help(help);
            }
        }
    }

    /// A metric with its conditions.
    fn threshold(&mut self, service: Option<&str>, entry: &Entry, vocabulary: &Vocabulary) {
        let metric = entry.key.as_str();
        let statistics = vocabulary.statistics(metric);
        let unknown = statistics.is_empty() && *vocabulary != Vocabulary::default();
        if unknown {
            let near = vocabulary.near_result(metric);
            self.unknown_metric(metric, &entry.place, near, "the columns of summary.csv");
        }
        for (condition, window, node) in self.conditions(metric, &entry.node) {
            if window.until.is_some_and(|until| until <= window.from) {
                self.empty_window(&node.place);
            }
            if statistics.is_empty() {
                continue;
            }
            let Some(at) = vocabulary.result(metric, condition.statistic) else {
                let title = format!("{metric} has no {}", condition.statistic.name());
                let label = format!("it has {}", statistics.join(", "));
                self.found.error(title, &node.place, label);
                continue;
            };
            let result = &vocabulary.results[at];
            self.unit(result, condition.limit, &node.place);
            if !window.is_whole() && !result.divides {
                let title = format!("{metric} is of a whole run");
                let finding = self.found.error(title, &node.place, "a part of one has none");
                finding.help("leave the window out, or expect something of a time series");
            } else if !window.is_whole() && service.is_none() {
                self.added(result, metric, &node.place);
            }
        }
    }

    pub(super) fn expects(&mut self, vocabulary: &Vocabulary) {
        for expect in self.root.get("expect").map(Node::items).unwrap_or_default() {
            self.expect(expect, vocabulary);
        }
    }

    fn expect(&mut self, expect: &Node, vocabulary: &Vocabulary) {
        let Some(metric) = expect.get("metric") else { return };
        let Some(name) = metric.text() else { return };
        let series = vocabulary.series(name).map(|at| &vocabulary.series[at]);
        if series.is_none() && *vocabulary != Vocabulary::default() {
            let near = vocabulary.near_series(name);
            self.unknown_metric(name, &metric.place, near, "the columns of timeseries.csv");
        }
        if let (Some(series), None) = (series, expect.get("service")) {
            self.added(series, name, &metric.place);
        }
        self.revision(expect);
        let instant = |key: &str| expect.get(key).and_then(Node::duration);
        if let (Some(from), Some(until), Some(node)) =
            (instant("from"), instant("until"), expect.get("until"))
            && until <= from
        {
            self.empty_window(&node.place);
        }
        let Some(is) = expect.get("is") else { return };
        for (condition, window, node) in self.conditions("is", is) {
            self.expected(name, condition, series, &node.place);
            if !window.is_whole() {
                let finding = self.found.error("the window is out of place", &node.place, "");
                finding.help("write it beside, as in from = \"5m\" and until = \"25m\"");
            }
        }
    }

    /// A revision is one of its service's; where nothing is deployed there is but the service.
    fn revision(&mut self, expect: &Node) {
        let Some(revision) = expect.get("revision") else { return };
        let Some(service) = expect.get("service").and_then(Node::text) else {
            let finding = self.found.error("revision needs a service", &revision.place, "");
            finding.help("name the service that it is of, as in service = \"web\"");
            return;
        };
        let Some(name) = revision.text() else { return };
        let deploys = self.deploys(service, SimDuration(u64::MAX));
        let known: Vec<String> = (1..=1 + deploys).map(|n| format!("{service}-{n:05}")).collect();
        if known.iter().all(|known| known != name) {
            let title = format!("there is no revision {}", shown(name));
            let label = unknown_name(name, "revisions", known.iter().map(String::as_str));
            self.found.error(title, &revision.place, label);
        } else if deploys == 0 {
            let title = format!("{} has no rows of revisions", shown(service));
            let finding = self.found.error(title, &revision.place, "nothing is deployed");
            finding.help("leave it out: what is of the service is of its one revision");
        }
    }

    /// A condition on a time series.
    fn expected(
        &mut self,
        name: &str,
        condition: Condition,
        series: Option<&Metric>,
        place: &Place,
    ) {
        let statistic = condition.statistic;
        if !Statistic::OF_SERIES.contains(&statistic) {
            let known: Vec<&str> = Statistic::OF_SERIES.map(Statistic::name).into();
            let title = format!("a time series has no {}", statistic.name());
            self.found.error(title, place, format!("it has {}", known.join(", ")));
            return;
        }
        let percentile = name.contains("_p5") || name.contains("_p9");
        if percentile && matches!(statistic, Statistic::Mean | Statistic::Sum) {
            let title = format!("{name} has no {} over time", statistic.name());
            let finding = self.found.error(title, place, "percentiles do not add up");
            finding.help("take its max, or set a threshold on latency");
            return;
        }
        if let (Statistic::Variance, Some(series)) = (statistic, series) {
            self.variance(series, name, place);
        }
        match (statistic, series) {
            (Statistic::Count, _) => {
                let samples = Metric { name: "count", unit: "samples", divides: true, adds: true };
                self.unit(&samples, condition.limit, place);
            }
            (_, Some(series)) => self.unit(series, condition.limit, place),
            (_, None) => {}
        }
    }

    /// The conditions that a node has, each with its window and its own node.
    fn conditions<'n>(&mut self, name: &str, node: &'n Node) -> Vec<(Condition, Window, &'n Node)> {
        let said = texts(node);
        if said.is_empty() {
            let title = format!("{} says nothing", shown(name));
            let label = "expected a condition or a list of them, as in [\"p99 < 800ms\"]";
            self.found.error(title, &node.place, label);
        }
        let mut read = Vec::new();
        for (_, node) in said {
            let Some(said) = node.text() else {
                let title = format!("{} is of the wrong kind", shown(name));
                let label = format!("expected a condition, found {}", node.value.kind());
                self.found.error(title, &node.place, label);
                continue;
            };
            match parse(said) {
                Ok((condition, window)) => read.push((condition, window, node)),
                Err(wrong) => {
                    let title = format!("{} {}", shown(name), wrong.what);
                    self.found.error(title, &node.place, wrong.label);
                }
            }
        }
        read
    }

    pub(super) fn unknown_metric(
        &mut self,
        name: &str,
        at: &Place,
        near: Option<String>,
        table: &str,
    ) {
        let title = format!("there is no metric {}", shown(name));
        match near {
            Some(near) => drop(self.found.error(title, at, format!("the nearest one is {near}"))),
            None => {
                let help = format!("metrics are {table} without their units");
                self.found.error(title, at, "").help(help);
            }
        }
    }

    /// Several services have a metric together only where theirs add up.
    pub(super) fn added(&mut self, metric: &Metric, name: &str, place: &Place) {
        if self.tables("services").len() > 1 && !metric.adds {
            let title = format!("{name} of several services does not add up");
            self.found.error(title, place, "").help("name one of the services");
        }
    }

    /// A variance is of counts: that of lengths would be in squares of seconds.
    pub(super) fn variance(&mut self, series: &Metric, name: &str, place: &Place) {
        if series.unit == "s" {
            let title = format!("{name} has no variance");
            self.found.error(title, place, "it is a length of time");
        }
    }

    pub(super) fn empty_window(&mut self, place: &Place) {
        self.found.error("the window is empty", place, "until is not after from");
    }

    /// A limit has the unit of its metric.
    pub(super) fn unit(&mut self, metric: &Metric, limit: Limit, place: &Place) {
        let expected = match (metric.unit, limit) {
            ("s", Limit::Length(_)) => return,
            ("s", _) => "a length of time, as in 800ms".to_owned(),
            ("1", Limit::Share(_) | Limit::Number(_) | Limit::Count(_)) => return,
            ("1", Limit::Length(_)) => "a share, as in 0.1%".to_owned(),
            (_, Limit::Count(_) | Limit::Number(_)) => return,
            (unit, Limit::Share(_) | Limit::Length(_)) => format!("a number of {unit}"),
        };
        let title = format!("{limit} is in another unit");
        self.found.error(title, place, format!("expected {expected}"));
    }
}

/// Windows lie within the run, from one edge of its samples to another.
pub(super) fn windows(
    root: &Node,
    length: SimDuration,
    interval: SimDuration,
    found: &mut Findings,
) {
    let mut check = |at: SimDuration, place: &Place, begin: bool| {
        if at > length || begin && at == length {
            let title = "the window is beyond the end of the run";
            found.error(title, place, format!("the run is {length} long"));
        } else if at < length && !at.0.is_multiple_of(interval.0.max(1)) {
            let title = format!("no sample begins or ends at {at}");
            let label = format!("samples are {interval} apart");
            let help = "move it, or choose another sample_interval";
            found.error(title, place, label).help(help);
        }
    };
    for (_, table) in root.get("thresholds").map(tables).unwrap_or_default() {
        let nodes = table.entries().iter().flat_map(|entry| texts(&entry.node));
        for (node, said) in nodes.filter_map(|(_, node)| Some((node, node.text()?))) {
            let Ok((_, window)) = parse(said) else { continue };
            check(window.from, &node.place, true);
            window.until.into_iter().for_each(|until| check(until, &node.place, false));
        }
    }
    let lists = ["expect", "reference"].map(|name| root.get(name).map(Node::items));
    for expect in lists.into_iter().flatten().flatten() {
        for (key, begin) in [("from", true), ("until", false)] {
            if let Some((node, at)) = expect.get(key).and_then(|n| Some((n, n.duration()?))) {
                check(at, &node.place, begin);
            }
        }
    }
}
