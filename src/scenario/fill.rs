//! Defaults that follow from other keys.

use super::deploy::Laid;
use super::keys::{Domain, KeyName};
use super::read::default;
use super::schema::Alphabet;
use super::source::Findings;
use super::tree::{Entry, Node, Value};

/// Fills in what the schema calls derived; the tree has its plain defaults already.
pub(super) fn fill(root: &mut Node, laid: &mut [Laid], stem: &str, found: &mut Findings) {
    if root.get("name").is_none() {
        if !Alphabet::Folder.allows(stem) {
            let title = "the file's name can't be the scenario's";
            let help = "give the scenario a name, as in name = \"outage\"";
            found.error(title, &root.place, Alphabet::Folder.describe()).help(help);
        }
        root.add_default("name", Value::Text(stem.to_owned()));
    }
    each(root, "services", service);
    laid.iter_mut().for_each(|deploy| service(&mut deploy.service.node));
    each(root, "keys", key);
    each(root, "quotas", quota);
    each(root, "external_managers", manager);
    implied_quotas(root);
    if let Some(timeline) = root.get_mut("timeline") {
        timeline.items_mut().iter_mut().for_each(failures);
    }
}

fn each(root: &mut Node, names: &str, mut fill: impl FnMut(&mut Node)) {
    let entries = root.get_mut(names).and_then(Node::entries_mut);
    entries.into_iter().flatten().for_each(|entry| fill(&mut entry.node));
}

/// Defaults of an autoscaler's table that follow from its other keys.
pub(super) fn autoscaler(table: &mut Node) {
    if let Some(settings) = table.get_mut("cloud_run") {
        let controlled = ["cpu_target", "concurrency_target"];
        let controlled = controlled.iter().any(|key| settings.get(key).is_some_and(|n| n.given));
        if settings.get("tolerance").is_none() {
            settings.add_default("tolerance", Value::Float(if controlled { 0.1 } else { 0.0 }));
        }
    }
    let Some(settings) = table.get_mut("hpa") else { return };
    let window = settings.get("downscale_stabilization").map(|node| node.value.clone());
    let rules = settings.get_mut("behavior").and_then(|behavior| behavior.get_mut("scale_down"));
    if let (Some(rules), Some(window)) = (rules, window)
        && rules.get("stabilization_window").is_none()
    {
        rules.add_default("stabilization_window", window);
    }
}

fn service(service: &mut Node) {
    let idle_timeout = service.get("idle_timeout").map(|node| node.value.clone());
    if let (Some(same), None) = (idle_timeout, service.get("idle_timeout_min")) {
        service.add_default("idle_timeout_min", same);
    }
    if let Some(table) = service.get_mut("autoscaler") {
        autoscaler(table);
    }
    if service.get("initial_instances").is_none() {
        let whole = |key: &str| service.get(key).and_then(Node::whole::<u32>);
        let kept = ["autoscaler.hpa.min_replicas", "autoscaler.knative.min_scale", "min_instances"];
        let kept = kept.into_iter().filter_map(whole).max();
        let initial = whole("autoscaler.fixed.instances").or(kept);
        // Where neither can be read there is an error anyway.
        service.add_default("initial_instances", Value::Integer(initial.unwrap_or(0).into()));
    }
    let Some(load) = service.get_mut("load") else { return };
    for (position, source) in load.items_mut().iter_mut().enumerate() {
        if source.get("name").is_none() {
            source.add_default("name", Value::Text(position.to_string()));
        }
    }
}

fn key(key: &mut Node) {
    if key.get("primary").is_none() {
        let versions = key.get("versions").map_or(0, |v| v.items().len());
        key.add_default("primary", Value::Integer(versions as i128));
    }
    if key.get("latency").is_none() {
        let law = match key.get("protection_level").and_then(Node::text) {
            Some("SOFTWARE") => "{ lognormal = { median = '8ms', p99 = '40ms' } }",
            Some("HSM") => "{ lognormal = { median = '25ms', p99 = '120ms' } }",
            _ => "{ constant = '15ms' }",
        };
        key.add_default("latency", default(law, &key.place).value);
    }
}

fn quota(quota: &mut Node) {
    if quota.get("limit").is_none() {
        let limit = limit_of(quota.get("pool").and_then(Node::text).unwrap_or(""));
        quota.add_default("limit", Value::Text(limit.to_owned()));
    }
}

/// The limit of a pool without a quota of its own.
fn limit_of(pool: &str) -> &'static str {
    if pool == "HSM" { "500/s" } else { "100/s" }
}

fn manager(manager: &mut Node) {
    let aws = manager.get("preset").and_then(Node::text) == Some("aws_xks");
    let [timeout, retryable] = match aws {
        true => ["'250ms'", "['TIMEOUT', 'UNREACHABLE_NETWORK']"],
        false => ["'150ms'", RETRYABLE],
    };
    for (name, value) in [("call_timeout", timeout), ("retryable", retryable)] {
        if manager.get(name).is_none() {
            manager.add_default(name, default(value, &manager.place).value);
        }
    }
    if aws && manager.get("capacity").is_none() {
        manager.add_default("capacity", Value::Text("1800/s".to_owned()));
    }
    if let Some(outages) = manager.get_mut("outages") {
        message(outages);
    }
}

/// Domains that may be tried again: the ones that Cloud KMS's documentation calls retriable, and
/// the two partner system errors that may pass.
const RETRYABLE: &str = "['TIMEOUT', 'UNREACHABLE_NETWORK', 'OVERLOADED_EKM', \
    'EXTERNAL_RESOURCE_EXHAUSTED', 'REQUEST_CANCELLED', 'UNEXPECTED_RESPONSE', \
    'EXTERNAL_SERVER_ERROR']";

fn failures(entry: &mut Node) {
    for action in ["external_outage", "external_brownout"] {
        if let Some(action) = entry.get_mut(action) {
            message(action);
        }
    }
}

/// What fails says its domain, where the file gives it no message.
fn message(failure: &mut Node) {
    let domain = failure.get("domain").and_then(Node::text);
    let name = domain.unwrap_or(Domain::Timeout.name()).to_owned();
    if failure.get("message").is_none() {
        failure.add_default("message", Value::Text(name));
    }
}

/// The pool that a key is charged to, and the name of the quota that it implies.
pub(super) fn pool(key: &Node) -> Option<(KeyName, &'static str)> {
    let pool = match key.get("protection_level").and_then(Node::text) {
        Some("HSM") => "HSM",
        Some("EXTERNAL" | "EXTERNAL_VPC") => "EXTERNAL",
        _ => return None,
    };
    Some((key.get("resource")?.resource()?, pool))
}

/// What a quota covers: project, location and pool.
pub(super) fn covers(quota: &Node) -> Option<[&str; 3]> {
    let text = |name: &str| quota.get(name).and_then(Node::text);
    Some([text("project")?, text("location")?, text("pool")?])
}

/// Tables of a quota that keys imply.
const IMPLIED: [(&str, &str); 2] =
    [("mechanism", "{ fixed_window = {} }"), ("cost", "{ encrypt = 1, decrypt = 1 }")];

/// Adds the quotas of keys that the file gives none.
fn implied_quotas(root: &mut Node) {
    let place = root.place.clone();
    let keys = root.get("keys").map(Node::entries).unwrap_or_default();
    let pools: Vec<_> = keys.iter().filter_map(|e| pool(&e.node)).collect();
    let Some(quotas) = root.get_mut("quotas").and_then(Node::entries_mut) else { return };
    let mut known: std::collections::BTreeSet<[String; 3]> = quotas
        .iter()
        .filter_map(|e| covers(&e.node).map(|parts| parts.map(str::to_owned)))
        .collect();
    for (KeyName { project, location, .. }, pool) in pools {
        if known.insert([project.clone(), location.clone(), pool.to_owned()]) {
            let key = format!("{project}/{location}/{pool}");
            let mut node = Node::default_at(&place, Value::Table(Vec::new()));
            node.add_default("project", Value::Text(project));
            node.add_default("location", Value::Text(location));
            node.add_default("pool", Value::Text(pool.to_owned()));
            node.add_default("limit", Value::Text(limit_of(pool).to_owned()));
            node.add_default("overloaded", Value::Bool(false));
            for (name, value) in IMPLIED {
                node.add_default(name, default(value, &place).value);
            }
            quotas.push(Entry { key, place: place.clone(), node });
        }
    }
}
