//! References: metrics that there are, numbers in their units, and one way to be judged.

use super::Checks;
use crate::scenario::metric::{Metric, Statistic, Vocabulary};
use crate::scenario::tree::Node;

impl Checks<'_> {
    pub(super) fn references(&mut self, vocabulary: &Vocabulary) {
        let replications = self.root.get("validation.replications").and_then(Node::whole::<u64>);
        for reference in self.root.get("reference").map(Node::items).unwrap_or_default() {
            self.reference_metric(reference, vocabulary);
            self.judged_one_way(reference, replications);
        }
    }

    /// A reference is of a run's result, or else of its time series.
    fn reference_metric(&mut self, reference: &Node, vocabulary: &Vocabulary) {
        let Some(metric) = reference.get("metric") else { return };
        let statistic = reference.get("statistic").and_then(Node::text).and_then(Statistic::of);
        let (Some(name), Some(statistic)) = (metric.text(), statistic) else { return };
        if *vocabulary == Vocabulary::default() {
            return;
        }
        let window = self.reference_window(reference);
        let all = reference.get("service").is_none();
        let known: &Metric = if let Some(at) = vocabulary.result(name, statistic) {
            let result = &vocabulary.results[at];
            if window && !result.divides {
                let title = format!("{name} is of a whole run");
                let finding = self.found.error(title, &metric.place, "a part of one has none");
                finding.help("leave the window out, or take a time series");
            } else if window && all {
                self.added(result, name, &metric.place);
            }
            result
        } else if let Some(at) = vocabulary.series(name) {
            let series = &vocabulary.series[at];
            if !Statistic::OF_SERIES.contains(&statistic) {
                let title = format!("{name} has no {}", statistic.name());
                let known: Vec<&str> = Statistic::OF_SERIES.map(Statistic::name).into();
                self.found.error(title, &metric.place, format!("it has {}", known.join(", ")));
                return;
            }
            if statistic == Statistic::Variance {
                self.variance(series, name, &metric.place);
            }
            if all {
                self.added(series, name, &metric.place);
            }
            series
        } else {
            let near = vocabulary.near_result(name).or_else(|| vocabulary.near_series(name));
            let table = "the columns of summary.csv and timeseries.csv";
            return self.unknown_metric(name, &metric.place, near, table);
        };
        for key in ["value", "standard_error", "within"] {
            if let Some((node, said)) = reference.get(key).and_then(|n| Some((n, n.quantity()?))) {
                self.unit(known, said, &node.place);
            }
        }
    }

    /// Whether it has a window, which is not empty.
    fn reference_window(&mut self, reference: &Node) -> bool {
        let instant = |key: &str| reference.get(key).and_then(Node::duration);
        let (from, until) = (instant("from").unwrap_or_default(), instant("until"));
        if let (Some(until), Some(node)) = (until, reference.get("until"))
            && until <= from
        {
            self.empty_window(&node.place);
        }
        from.0 > 0 || until.is_some()
    }

    /// Exactly, within a range, by standard errors or not at all.
    fn judged_one_way(&mut self, reference: &Node, replications: Option<u64>) {
        let flag = |key: &str| reference.get(key).filter(|n| n.boolean() == Some(true));
        let ways = [flag("exact"), flag("measured"), reference.get("within")];
        let mut ways = ways.into_iter().flatten();
        if let (Some(_), Some(second)) = (ways.next(), ways.next()) {
            let title = "the reference is judged in two ways";
            let help = "it is exact, or within a range, or measured, or goes by standard errors";
            self.found.error(title, &second.place, "the second").help(help);
        }
        let by_errors = flag("exact").is_none()
            && flag("measured").is_none()
            && reference.get("within").is_none();
        if let (true, Some(0 | 1), Some(value)) = (by_errors, replications, reference.get("value"))
        {
            let finding = self.found.error("one run has no standard error", &value.place, "");
            finding.help("raise replications under [validation], or say exact = true or within");
        }
    }
}
