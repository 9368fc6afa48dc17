//! Defaults that follow from other keys, filled into the tree so that the lock file shows them.

use super::keys::KeyName;
use super::read::default;
use super::tree::{Entry, Node, Value};

/// Fills in everything whose default another key decides.
pub(super) fn derive(root: &mut Node, stem: &str) {
    fill(root, "name", || Value::Text(stem.to_owned()));
    for service in tables(root, "services") {
        derive_service(service);
    }
    for key in tables(root, "keys") {
        let level = text(key, "protection_level");
        let law = match level.as_str() {
            "HSM" => "{ lognormal = { median = '25ms', p99 = '120ms' } }",
            "EXTERNAL" | "EXTERNAL_VPC" => "{ constant = '15ms' }",
            _ => "{ lognormal = { median = '8ms', p99 = '40ms' } }",
        };
        let place = key.place.clone();
        fill(key, "latency", || default(law, &place).value);
    }
    imply_quotas(root);
    for quota in tables(root, "quotas") {
        let limit = if text(quota, "pool") == "HSM" { "500/s" } else { "100/s" };
        fill(quota, "limit", || Value::Text(limit.to_owned()));
    }
    if let Some(timeline) = root.get_mut("timeline") {
        for item in timeline.items_mut() {
            if let Some(outage) = item.get_mut("external_outage") {
                let domain = text(outage, "domain");
                fill(outage, "message", || Value::Text(domain));
            }
        }
    }
}

fn derive_service(service: &mut Node) {
    let fixed = service.get("autoscaler.fixed.instances").map(|n| n.value.clone());
    let least = service.get("min_instances").map(|n| n.value.clone());
    if let Some(initial) = fixed.or(least) {
        fill(service, "initial_instances", || initial);
    }
    if let Some(load) = service.get_mut("load") {
        for (position, source) in load.items_mut().iter_mut().enumerate() {
            fill(source, "name", || Value::Text(position.to_string()));
        }
    }
}

/// Every pool of a project and location that a key needs has a quota.
fn imply_quotas(root: &mut Node) {
    let mut wanted: Vec<[String; 3]> = Vec::new();
    for key in tables(root, "keys") {
        let pool = match text(key, "protection_level").as_str() {
            "HSM" => "HSM",
            "EXTERNAL" | "EXTERNAL_VPC" => "EXTERNAL",
            _ => continue,
        };
        let Some(KeyName { project, location, .. }) = key.get("resource").and_then(Node::resource)
        else {
            continue;
        };
        wanted.push([project, location, pool.to_owned()]);
    }
    for quota in tables(root, "quotas") {
        let known = ["project", "location", "pool"].map(|k| text(quota, k));
        wanted.retain(|w| *w != known);
    }
    wanted.sort();
    wanted.dedup();
    let Some(quotas) = root.get_mut("quotas") else { return };
    for [project, location, pool] in wanted {
        let place = quotas.place.clone();
        let mut quota = Node::default_at(&place, Value::Table(Vec::new()));
        let name = format!("{project}/{location}/{pool}");
        for (key, value) in [("project", project), ("location", location), ("pool", pool)] {
            quota.add_default(key, Value::Text(value));
        }
        quota.add_default("overloaded", Value::Bool(false));
        if let Some(entries) = quotas.entries_mut() {
            entries.push(Entry { key: name, place, node: quota });
        }
    }
}

/// The tables under the names of a table.
fn tables<'n>(root: &'n mut Node, key: &str) -> impl Iterator<Item = &'n mut Node> {
    let entries = root.get_mut(key).and_then(Node::entries_mut);
    entries.into_iter().flatten().map(|e| &mut e.node)
}

fn text(node: &Node, key: &str) -> String {
    node.get(key).and_then(Node::text).unwrap_or_default().to_owned()
}

/// Adds a default where a table does not have the key.
fn fill(node: &mut Node, key: &str, value: impl FnOnce() -> Value) {
    if matches!(node.value, Value::Table(_)) && node.entry(key).is_none() {
        node.add_default(key, value());
    }
}
