//! Limits of services, their load and their keys.

use std::collections::BTreeMap;

use super::Checks;
use crate::scenario::deploy::Laid;
use crate::scenario::source::shown;
use crate::scenario::tree::{Entry, Node, Value};
use crate::units::{SECOND, SimDuration};

/// Instances of all services together: what the world numbers, with room for draining ones.
const INSTANCES: u64 = 1_000_000;

impl Checks<'_> {
    /// The services that deploys make: the checks of settings, not those of load.
    pub(super) fn deployed(&mut self, laid: &[Laid]) {
        for deploy in laid {
            self.settings(&deploy.service.node);
        }
    }

    pub(super) fn services(&mut self) {
        let services = self.tables("services");
        if let (Some(table), []) = (self.root.entry("services"), services) {
            let help = "for example [services.web]";
            self.found.error("there is no service", &table.place, "").help(help);
        }
        let mut places = 0;
        for entry in services {
            self.service(entry);
            let max = entry.node.get("max_instances");
            places += max.and_then(Node::whole::<u32>).map_or(0, u64::from);
            if let (Some(max), true) = (max, places > INSTANCES) {
                let label = format!("at most {INSTANCES} in all services together");
                self.found.error("max_instances is too many", &max.place, label);
                break;
            }
        }
    }

    fn service(&mut self, entry: &Entry) {
        let service = &entry.node;
        let whole = Node::whole::<u32>;
        self.ordered(service, "min_instances", "max_instances", whole);
        if service.get("initial_instances").is_some_and(|n| n.given) {
            self.ordered(service, "initial_instances", "max_instances", whole);
        }
        self.settings(service);
        self.load(entry);
    }

    /// The checks of what a deploy makes.
    fn settings(&mut self, service: &Node) {
        self.fixed(service);
        self.autoscaler(service, "concurrency");
        self.simulated_autoscaler(service);
        if service.get("idle_timeout_min").is_some_and(|n| n.given) {
            self.ordered(service, "idle_timeout_min", "idle_timeout", Node::duration);
        }
        self.memory(service);
        let back_off = ("start.back_off.initial", "start.back_off.max");
        self.ordered(service, back_off.0, back_off.1, Node::duration);
        if service.get("start.probe").is_some() {
            let probe = ("start.probe.timeout", "start.probe.period");
            self.ordered(service, probe.0, probe.1, Node::duration);
        }
        if service.get("client.retries").is_some() {
            let waits = ("client.retries.initial", "client.retries.max");
            self.ordered(service, waits.0, waits.1, Node::duration);
        }
        self.location(service);
        self.waiting_period(service);
    }

    /// A fixed number of instances is a wish that the maximum must allow.
    fn fixed(&mut self, service: &Node) {
        let fixed = service.get("autoscaler.fixed.instances");
        let (Some(fixed), Some(max)) = (fixed, service.get("max_instances")) else { return };
        let values = fixed.whole::<u32>().zip(max.whole::<u32>());
        if let Some((wanted, most)) = values.filter(|(wanted, most)| wanted > most) {
            let label = match max.given {
                true => format!("max_instances is {most}, {}", self.sources.how_set(&max.place)),
                false => format!("max_instances is {most} by default"),
            };
            let title = "fixed instances are more than max_instances";
            let help = format!("raise max_instances to {wanted} or more, or lower instances");
            self.found.error(title, &fixed.place, label).help(help);
        }
    }

    /// What a policy needs of the service that it scales.
    fn simulated_autoscaler(&mut self, service: &Node) {
        let metric = service.get("autoscaler.hpa.metric").and_then(Node::text);
        if let (Some(hpa), Some("cpu" | "cpu_utilization"), None) =
            (service.get("autoscaler.hpa"), metric, service.get("cpu"))
        {
            let label = "no request takes CPU here";
            let finding = self.found.error("there is no CPU to measure", &hpa.place, label);
            finding.help("say what a request takes, as in cpu = 0.1, or scale by another metric");
        }
        let per_request = service.get("autoscaler.per_request");
        let (Some(policy), Some(concurrency)) = (per_request, service.get("concurrency")) else {
            return;
        };
        if concurrency.whole::<u32>().is_some_and(|n| n > 1) {
            let label = format!("concurrency is {}", concurrency.show());
            let title = "per_request has one request an instance";
            self.found.error(title, &policy.place, label).help("set concurrency = 1");
        }
    }

    /// Memory that never runs out is none to speak of.
    fn memory(&mut self, service: &Node) {
        let above = service.get("out_of_memory.above");
        let (Some(above), Some(concurrency)) = (above, service.get("concurrency")) else { return };
        let values = above.whole::<u32>().zip(concurrency.whole::<u32>());
        if values.is_some_and(|(above, concurrency)| above >= concurrency) {
            let label = format!("concurrency is {}", concurrency.show());
            let title = "memory suffices for every load";
            let help = "an instance never has more requests than concurrency";
            self.found.warning(title, &above.place, label).help(help);
        }
    }

    /// A key must be where the service is.
    fn location(&mut self, service: &Node) {
        let key = service.get("encryption.key");
        let (Some(used), Some(location)) = (key, service.get("location")) else { return };
        let key = used.text().and_then(|name| self.root.get("keys")?.entry(name));
        let Some(resource) = key.and_then(|key| key.node.get("resource")) else { return };
        let (Some(name), Some(here)) = (resource.resource(), location.text()) else { return };
        if name.location != here {
            let label = format!("the service is in {}", shown(here));
            let title = "the key is in another location than the service";
            let finding = self.found.error(title, &used.place, label);
            finding.also(&resource.place, format!("the key is in {}", shown(&name.location)));
            if location.given {
                finding.also(&location.place, "the service's location");
            }
            finding.help("a service can use keys of its own location only");
        }
    }

    fn waiting_period(&mut self, service: &Node) {
        let period = service.get("encryption.revocation.waiting_period");
        let Some((period, length)) = period.and_then(|p| Some((p, p.duration()?))) else { return };
        const HOUR: SimDuration = SimDuration(3_600 * SECOND);
        if length.0 % HOUR.0 != 0 {
            let title = "waiting_period is not whole hours";
            let label = "the platform takes whole hours";
            let hours = length.0.div_ceil(HOUR.0);
            let finding = self.found.warning(title, &period.place, label);
            finding
                .help(format!("set waiting_period = \"{hours}h\" to have what the platform has"));
        }
    }

    fn load(&mut self, service: &Entry) {
        let Some(load) = service.node.get("load") else { return };
        if matches!(&load.value, Value::List(items) if items.is_empty()) {
            let title = format!("{} has no load", shown(&service.key));
            let help = format!("add a source, as in [[services.{}.load]]", shown(&service.key));
            self.found.warning(title, &service.place, "it gets no requests").help(help);
        }
        let closed: Vec<&Node> =
            load.items().iter().filter_map(|source| source.get("closed_loop")).collect();
        if let [first, second, ..] = closed[..] {
            let label = "a service has one closed loop at most";
            let finding = self.found.error("two closed loops", &second.place, label);
            finding.also(&first.place, "the first").help("let one have the clients of both");
        }
        let mut names: BTreeMap<&str, &Node> = BTreeMap::new();
        for source in load.items() {
            self.source(source);
            let Some(name) = source.get("name") else { continue };
            let Some(first) = name.text().and_then(|text| names.insert(text, name)) else {
                continue;
            };
            let label = "their random streams would be the same";
            let finding = self.found.error("two sources have one name", &name.place, label);
            finding.also(&first.place, "the first");
        }
    }
}
