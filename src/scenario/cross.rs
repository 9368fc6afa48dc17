//! Checks across keys: each value is right alone, but not beside the others.

use super::build::named;
use super::keys::Protection;
use super::service::RevocationAction;
use super::source::{Findings, Place, Sources};
use super::timeline::Action;
use super::tree::{Entry, Node};
use super::{LoadKind, Scenario};
use crate::ids::{KeyId, ManagerId};
use crate::units::SimDuration;

/// Rows of the time series that a run may have.
const MOST_ROWS: u64 = 20_000_000;

/// Checks that need only the tree, so that they speak even where other parts are wrong.
pub(super) fn of_tree(root: &Node, sources: &Sources, found: &mut Findings) {
    for service in named(root, "services") {
        limits(&service.node, sources, found);
        if service.node.get("load").is_none_or(|l| l.items().is_empty()) {
            let title = format!("service {} has no load", service.key);
            found.warning(title, &service.place, "no request will arrive");
        }
    }
    laws(root, found);
    let has_trace = named(root, "services").iter().any(|s| {
        let sources = s.node.get("load").map_or(&[][..], Node::items);
        sources.iter().any(|l| l.get("trace").is_some())
    });
    if named(root, "services").is_empty() {
        let finding = found.error("the scenario has no services", &root.place, "");
        finding.help("add a table such as [services.web]");
    } else if root.get("duration").is_none() && !has_trace {
        let finding = found.error("duration is missing", &root.place, "");
        finding.help(
            "only where a load is a trace does the run end with it; for example duration = \"30m\"",
        );
    }
}

/// Limits of instances.
fn limits(service: &Node, sources: &Sources, found: &mut Findings) {
    let max = service.get("max_instances");
    let checked = [
        ("min_instances", service.get("min_instances")),
        ("initial_instances", service.get("initial_instances")),
        ("autoscaler.fixed.instances", service.get("autoscaler.fixed.instances")),
    ];
    let Some((max, most)) = max.and_then(|m| Some((m, m.whole::<u32>()?))) else { return };
    for (name, node) in checked {
        let Some((node, value)) = node.and_then(|n| Some((n, n.whole::<u32>()?))) else { continue };
        if value <= most || (!node.given && name != "min_instances") {
            continue;
        }
        // The limit that a person wrote is the one to point at.
        let (place, label) = if max.given {
            (&max.place, format!("{name} is {value}, {}", sources.how_set(&node.place)))
        } else {
            (&node.place, format!("max_instances is {most} by default"))
        };
        let finding = found.error(format!("max_instances is below {name}"), place, label);
        finding.help(format!("raise max_instances to {value} or more, or lower {name}"));
        return;
    }
}

/// Laws of durations whose two parameters contradict each other.
fn laws(node: &Node, found: &mut Findings) {
    for (law, low, high) in [("lognormal", "median", "p99"), ("uniform", "min", "max")] {
        if let Some(law) = node.entry(law)
            && let (Some(low_node), Some(high_node)) = (law.node.get(low), law.node.get(high))
            && low_node.duration() > high_node.duration()
        {
            let title = format!("{high} is below {low}");
            found.error(title, &high_node.place, "").also(&low_node.place, "the lower one");
        }
    }
    node.entries().iter().for_each(|e| laws(&e.node, found));
    node.items().iter().for_each(|n| laws(n, found));
}

/// Checks of a scenario that could be built.
pub(super) fn of_scenario(scenario: &Scenario, root: &Node, found: &mut Findings) {
    keys(scenario, root, found);
    quotas(scenario, root, found);
    timeline(scenario, root, found);
    samples(scenario, root, found);
}

fn entry_of<'n>(root: &'n Node, table: &str, position: usize) -> Option<&'n Entry> {
    named(root, table).get(position)
}

fn keys(scenario: &Scenario, root: &Node, found: &mut Findings) {
    for (i, service) in scenario.services.iter().enumerate() {
        let Some(entry) = entry_of(root, "services", i) else { continue };
        let Some(encryption) = &service.encryption else { continue };
        let key = &scenario.keys[encryption.key.index()];
        if key.resource.location != service.location
            && let Some(place) = entry.node.get("encryption.key").map(|n| &n.place)
        {
            let title = format!("key {} is in another location than its service", key.name);
            let there = format!(
                "it is in {}, {} in {}",
                key.resource.location, service.name, service.location
            );
            found.error(title, place, there);
        }
        let period = encryption.revocation.waiting_period;
        let hour = SimDuration::from_secs(3_600);
        if !period.0.is_multiple_of(hour.0)
            && encryption.revocation.action == RevocationAction::ShutDown
            && let Some(node) = entry.node.get("encryption.revocation.waiting_period")
        {
            let title = "the waiting period is not whole hours";
            found.warning(title, &node.place, "the platform takes whole hours only");
        }
    }
    for (i, key) in scenario.keys.iter().enumerate() {
        let uses =
            |s: &super::Service| s.encryption.as_ref().is_some_and(|e| e.key == KeyId::at(i));
        if !scenario.services.iter().any(uses)
            && let Some(entry) = entry_of(root, "keys", i)
        {
            found.warning(format!("key {} is not used", key.name), &entry.place, "by no service");
        }
    }
    for (i, manager) in scenario.external_managers.iter().enumerate() {
        if !scenario.keys.iter().any(|k| k.manager == Some(ManagerId::at(i)))
            && let Some(entry) = entry_of(root, "external_managers", i)
        {
            let title = format!("external manager {} is not used", manager.name);
            found.warning(title, &entry.place, "by no key");
        }
    }
}

fn quotas(scenario: &Scenario, root: &Node, found: &mut Findings) {
    for (i, quota) in scenario.quotas.iter().enumerate() {
        let Some(entry) = entry_of(root, "quotas", i) else { continue };
        let same = |q: &super::Quota| {
            (&q.project, &q.location, q.pool) == (&quota.project, &quota.location, quota.pool)
        };
        let first = scenario.quotas.iter().position(same);
        if let Some(first) = first.filter(|&f| f < i).and_then(|f| entry_of(root, "quotas", f)) {
            let title = "two quotas for one project, location and pool";
            found.error(title, &entry.place, "the second").also(&first.place, "the first");
        }
        let charged = scenario.keys.iter().any(|k| k.quota.is_some_and(|q| q.index() == i));
        if !charged && entry.node.given {
            let software = |k: &super::Key| {
                k.protection == Protection::Software
                    && (&k.resource.project, &k.resource.location)
                        == (&quota.project, &quota.location)
            };
            let label = match scenario.keys.iter().any(software) {
                true => "its keys are SOFTWARE: no quota applies to them",
                false => "no key is charged to it",
            };
            found.warning(format!("quota {} has no effect", quota.name), &entry.place, label);
        }
    }
}

fn timeline(scenario: &Scenario, root: &Node, found: &mut Findings) {
    let items = root.get("timeline").map_or(&[][..], Node::items);
    // The scenario's entries are sorted; the tree has the order of the file.
    let mut order: Vec<&Node> = items.iter().collect();
    order.sort_by_key(|n| n.get("at").and_then(Node::duration));
    let place = |i: usize| -> &Place { &order[i].place };
    for (i, entry) in scenario.timeline.iter().enumerate() {
        if let Action::ExternalOutage { manager, .. } = entry.action {
            let before = scenario.timeline[..i].iter().position(|e| {
                matches!(e.action, Action::ExternalOutage { manager: m, .. } if m == manager)
                    && e.until.is_some_and(|until| until > entry.at)
            });
            if let Some(before) = before {
                let name = &scenario.external_managers[manager.index()].name;
                let title = format!("outages of external manager {name} overlap");
                let finding = found.error(title, place(i), "begins before the other ends");
                finding.also(place(before), "this one");
            }
        }
        if let Action::LoadStep { service, .. } = entry.action {
            let service = &scenario.services[service.index()];
            if service.load.iter().all(|l| matches!(l.kind, LoadKind::Trace(_))) {
                let title =
                    format!("a load step has nothing to change in service {}", service.name);
                found.error(title, place(i), "its loads are traces, which have no rate");
            }
        }
        let Some(duration) = scenario.duration else { continue };
        let at = |key: &str| order[i].get(key).map_or(place(i), |n| &n.place);
        let ends = format!("the run ends at {duration}");
        if entry.at >= duration {
            found.warning("this never happens", at("at"), ends);
        } else if entry.until.is_some_and(|until| until > duration) {
            let key = if order[i].get("until").is_some() { "until" } else { "for" };
            found.warning("the end is after the run's", at(key), ends);
        }
    }
}

fn samples(scenario: &Scenario, root: &Node, found: &mut Findings) {
    let (Some(duration), Some(node)) = (scenario.duration, root.get("sample_interval")) else {
        return;
    };
    let Some(interval) = scenario.sample_interval else { return };
    if interval > duration {
        let label = format!("the run lasts {duration}");
        found.error("the sample interval is longer than the run", &node.place, label);
    } else if duration.0 / interval.0 * scenario.services.len() as u64 > MOST_ROWS {
        let label = format!("at most {MOST_ROWS} rows in all");
        found.error("the time series has too many rows", &node.place, label);
    }
}
