//! Settings of policies: what must hold between them, and which do nothing together.

use super::Checks;
use crate::scenario::autoscaler::{Knative, KnativeMetric};
use crate::scenario::tree::Node;
use crate::units::{SECOND, SimDuration};

impl Checks<'_> {
    /// Checks the autoscaler of a table that says under `concurrency` what an instance takes.
    pub(super) fn autoscaler(&mut self, table: &Node, concurrency: &str) {
        let Some(autoscaler) = table.get("autoscaler") else { return };
        let limit = table.get(concurrency).and_then(Node::whole::<u32>).unwrap_or(0);
        if let Some(settings) = autoscaler.get("cloud_run") {
            self.ordered(settings, "window", "long_window", Node::duration);
        }
        if let Some(settings) = autoscaler.get("knative") {
            self.knative(settings);
            self.knative_idle_keys(settings);
            self.knative_target(settings, limit);
        }
        if let Some(settings) = autoscaler.get("hpa") {
            self.hpa(settings);
        }
        if let Some(schedule) = autoscaler.get("schedule") {
            self.schedule(schedule);
        }
    }

    fn out_of_bounds(&mut self, settings: &Node, key: &str, label: &str) {
        if let Some(node) = settings.get(key) {
            self.found.error(format!("{key} is out of bounds"), &node.place, label);
        }
    }

    /// Says that a key does nothing, where a person wrote it.
    fn idle(&mut self, settings: &Node, key: &str, why: &str) {
        if let Some(node) = settings.get(key).filter(|node| node.given) {
            self.found.warning(format!("{key} has no effect"), &node.place, why);
        }
    }

    fn knative(&mut self, settings: &Node) {
        for key in ["window", "stable_window"] {
            let length = settings.get(key).and_then(Node::duration);
            if length.is_some_and(|length| !length.0.is_multiple_of(SECOND)) {
                self.out_of_bounds(settings, key, "must be whole seconds");
            }
        }
        for key in ["max_scale_up_rate", "max_scale_down_rate"] {
            if settings.get(key).and_then(Node::number).is_some_and(|rate| rate == 1.0) {
                self.out_of_bounds(settings, key, "must be above 1");
            }
        }
        let burst = settings.get("target_burst_capacity").and_then(Node::number);
        if burst.is_some_and(|burst| burst < 0.0 && burst > -1.0) {
            self.out_of_bounds(settings, "target_burst_capacity", "must be -1, 0 or above");
        }
        let whole = |key: &str| settings.get(key).and_then(Node::whole::<u32>).unwrap_or(0);
        let (most, limit) = (whole("max_scale"), whole("max_scale_limit"));
        if most > 0 {
            self.ordered(settings, "min_scale", "max_scale", Node::whole::<u32>);
            self.ordered(settings, "activation_scale", "max_scale", Node::whole::<u32>);
        }
        if limit > 0 && (most == 0 || most > limit) {
            let label = format!("max_scale_limit is {limit}: it must be between 1 and {limit}");
            self.out_of_bounds(settings, "max_scale", &label);
        }
        if let Some(node) = settings.get("activation_scale").filter(|node| node.given) {
            match node.whole::<u32>() {
                Some(0 | 1) => {
                    self.idle(settings, "activation_scale", "it says something from 2 on")
                }
                Some(_) => {
                    self.ordered(settings, "min_scale", "activation_scale", Node::whole::<u32>);
                }
                None => {}
            }
        }
    }

    /// Keys that others make idle.
    fn knative_idle_keys(&mut self, settings: &Node) {
        let given = |key: &str| settings.get(key).is_some_and(|node| node.given);
        let number = |key: &str| settings.get(key).and_then(Node::number).unwrap_or(0.0);
        let flag = |key: &str| settings.get(key).and_then(Node::boolean).unwrap_or(false);
        let length = |key: &str| settings.get(key).and_then(Node::duration).unwrap_or_default();
        let rps = settings.get("metric").and_then(Node::text) == Some("rps");
        const GRACE: &str = "scale_to_zero_grace_period";
        const RETENTION: &str = "scale_to_zero_pod_retention_period";
        if given("window") {
            self.idle(settings, "stable_window", "window is said for the revision");
        }
        if rps {
            self.idle(settings, "container_concurrency_target_default", "the metric is rps");
            self.idle(settings, "container_concurrency_target_percentage", "the metric is rps");
        } else {
            let why = "the metric is concurrency";
            self.idle(settings, "requests_per_second_target_default", why);
            if given("target_utilization_percentage") {
                let why = "target_utilization_percentage is said for the revision";
                self.idle(settings, "container_concurrency_target_percentage", why);
            }
        }
        if given("target") {
            let default = match rps {
                true => "requests_per_second_target_default",
                false => "container_concurrency_target_default",
            };
            self.idle(settings, default, "target is said for the revision");
        }
        self.idle(settings, "activator_capacity", "one activator with room for all is modelled");
        let allowed = flag("allow_zero_initial_scale");
        if number("initial_scale") == 0.0 && !allowed {
            let why = "0 counts as 1 unless allow_zero_initial_scale is true";
            self.idle(settings, "initial_scale", why);
        } else if allowed && number("initial_scale") > 0.0 {
            let why = "initial_scale is not 0";
            self.idle(settings, "allow_zero_initial_scale", why);
        }
        let delay = length("scale_down_delay");
        if delay > SimDuration::ZERO && delay <= SimDuration::from_secs(2) {
            let why = "it counts in slots of 2s, the present one among them";
            self.idle(settings, "scale_down_delay", why);
        }
        if !flag("enable_scale_to_zero") {
            self.idle(settings, GRACE, "enable_scale_to_zero is false");
            self.idle(settings, RETENTION, "enable_scale_to_zero is false");
        } else if number("min_scale") > 0.0 {
            self.idle(settings, "enable_scale_to_zero", "min_scale keeps pods");
            self.idle(settings, GRACE, "min_scale keeps pods");
            self.idle(settings, RETENTION, "min_scale keeps pods");
        } else if number("target_burst_capacity") < 0.0 {
            self.idle(settings, GRACE, "with target_burst_capacity -1 the activator is never out");
            if let Some(node) = settings.get(RETENTION).filter(|node| node.given) {
                let title = format!("{RETENTION} and target_burst_capacity -1 do little together");
                let label = "pods stay for the whole window anyway";
                self.found.warning(title, &node.place, label);
            }
        }
        let (grace, retention) = (length(GRACE), length(RETENTION));
        if retention >= grace && given(GRACE) && flag("enable_scale_to_zero") {
            let why = format!("{RETENTION} is {retention}, as long or longer");
            let idle = number("min_scale") == 0.0 && number("target_burst_capacity") >= 0.0;
            if idle {
                self.idle(settings, GRACE, &why);
            }
        }
    }

    /// What a pod should carry comes to something useful.
    fn knative_target(&mut self, settings: &Node, limit: u32) {
        let target = settings.get("target").and_then(Node::number);
        let asked = Knative::build(settings);
        let counts = asked.metric == KnativeMetric::Concurrency;
        if let (Some(target), true) = (target, counts && limit > 0)
            && target > f64::from(limit)
        {
            let why = format!("an instance takes {limit} requests at once, which counts");
            self.idle(settings, "target", &why);
        }
        let per_pod = asked.per_pod(limit);
        let said = ["target_utilization_percentage", "target"];
        let node = said.iter().find_map(|key| settings.get(key).filter(|node| node.given));
        if let Some(node) = node.filter(|_| counts && per_pod < 1.0) {
            let title = format!("one request wants {} pods", (1.0 / per_pod).ceil());
            let label = format!("a pod should carry {per_pod}");
            let finding = self.found.warning(title, &node.place, label);
            finding.help("set target_utilization_percentage = 100, or raise target");
        }
    }

    fn hpa(&mut self, settings: &Node) {
        self.ordered(settings, "min_replicas", "max_replicas", Node::whole::<u32>);
        let metric = settings.get("metric").and_then(Node::text).unwrap_or("");
        let cpu = metric.starts_with("cpu");
        match settings.get("target") {
            None if !cpu => {
                let label = format!("{metric} has no usual one");
                let finding = self.found.error("target is missing", &settings.place, label);
                finding.help("for example target = 20");
            }
            Some(node) if cpu && node.number().is_some_and(|n| n.fract() != 0.0 || n < 1.0) => {
                let label = "must be whole per cent, 1 or more";
                self.out_of_bounds(settings, "target", label);
            }
            Some(_) | None => {}
        }
        if !cpu && !metric.is_empty() {
            let why = "it is about the metric cpu";
            self.idle(settings, "cpu_initialization_period", why);
            self.idle(settings, "initial_readiness_delay", why);
        }
        let Some(behavior) = settings.get("behavior") else { return };
        let given = |path: &str| behavior.get(path).is_some_and(|node| node.given);
        if given("scale_up.tolerance") && given("scale_down.tolerance") {
            let why = "behavior has one for each direction";
            self.idle(settings, "tolerance", why);
        }
        if given("scale_down.stabilization_window") {
            let why = "behavior.scale_down.stabilization_window is said";
            self.idle(settings, "downscale_stabilization", why);
        }
        for direction in ["scale_up", "scale_down"] {
            let Some(rules) = behavior.get(direction) else { continue };
            let Some(policies) = rules.get("policies") else { continue };
            if policies.items().is_empty() {
                let title = "there is no policy";
                let label = "at least one is needed";
                let finding = self.found.error(title, &policies.place, label);
                finding.help(
                    "leave policies out for the default, or set select_policy = \"Disabled\"",
                );
            }
            if rules.get("select_policy").and_then(Node::text) == Some("Disabled") {
                self.idle(rules, "policies", "select_policy is Disabled");
                self.idle(rules, "stabilization_window", "select_policy is Disabled");
            }
        }
    }

    /// Instants of a schedule rise, and lie within a repetition.
    fn schedule(&mut self, schedule: &Node) {
        let Some(steps) = schedule.get("steps") else { return };
        if steps.items().is_empty() {
            let label = "at least one is needed";
            self.found.error("the schedule has no steps", &steps.place, label);
        }
        let at = steps.items().iter().filter_map(|step| step.get("at"));
        let at: Vec<(&Node, SimDuration)> = at.filter_map(|n| Some((n, n.duration()?))).collect();
        for pair in at.windows(2) {
            let ((earlier, before), (later, after)) = (pair[0], pair[1]);
            if after <= before {
                let label = format!("the step before is at {before}");
                let title = "the steps of a schedule must rise";
                self.found.error(title, &later.place, label).also(&earlier.place, "");
            }
        }
        let repeat = schedule.get("repeat").and_then(Node::duration);
        if let (Some(repeat), Some((node, last))) = (repeat, at.last())
            && *last >= repeat
        {
            let label = format!("the schedule begins anew after {repeat}");
            self.found.error("a step is beyond the schedule", &node.place, label);
        }
    }
}
