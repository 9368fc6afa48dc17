//! Keys, quotas, external managers: what they need, what does nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::Checks;
use crate::scenario::fill::{covers, pool};
use crate::scenario::keys::KeyName;
use crate::scenario::source::shown;
use crate::scenario::tree::{Entry, Node};

impl Checks<'_> {
    pub(super) fn keys(&mut self) {
        let mut resources: BTreeMap<String, &Node> = BTreeMap::new();
        for entry in self.tables("keys") {
            self.manager_of(&entry.node);
            self.versions(entry);
            self.ordered(&entry.node, "retry.initial", "retry.max", Node::duration);
            self.multiplier(&entry.node);
            let Some(resource) = entry.node.get("resource") else { continue };
            let Some(name) = resource.resource() else { continue };
            if let Some(first) = resources.insert(name.to_string(), resource) {
                let label = "what happens to one would not happen to the other";
                let finding = self.found.error("two keys are the same", &resource.place, label);
                finding.also(&first.place, "the first").help("let the services share one key");
            }
        }
    }

    /// What nothing uses; said where all else is right, for a wrong name leaves the meant one
    /// unused as well.
    pub(super) fn unused(&mut self) {
        if self.found.has_errors() {
            return;
        }
        let services = self.tables("services").iter();
        let keys: BTreeSet<&str> =
            services.filter_map(|s| s.node.get("encryption.key")?.text()).collect();
        self.unused_in("keys", &keys, "no service uses the key");
        let users = self.tables("keys").iter();
        let managers: BTreeSet<&str> =
            users.filter_map(|key| key.node.get("external_manager")?.text()).collect();
        self.unused_in("external_managers", &managers, "no key uses the external manager");
    }

    fn unused_in(&mut self, table: &str, used: &BTreeSet<&str>, what: &str) {
        for entry in self.tables(table) {
            if !used.contains(entry.key.as_str()) {
                let title = format!("{what} {}", shown(&entry.key));
                self.found.warning(title, &entry.place, "what happens to it changes nothing");
            }
        }
    }

    /// Policies whose waits do not grow by a factor have no use for one.
    fn multiplier(&mut self, key: &Node) {
        let multiplier = key.get("retry.multiplier").filter(|node| node.given);
        let policy = key.get("retry.policy");
        let (Some(multiplier), Some(policy)) = (multiplier, policy) else { return };
        let label = match policy.text() {
            Some("none") => "a call is one attempt",
            Some("fixed") => "every wait is as long as the first",
            Some("decorrelated_jitter") => "a wait is up to three times the one before",
            _ => return,
        };
        let finding = self.found.warning("multiplier changes nothing", &multiplier.place, label);
        if policy.given {
            finding.also(&policy.place, "the policy");
        }
        finding.help("set policy = \"exponential\" or \"full_jitter\", or leave multiplier out");
    }

    /// External keys have a manager, others have none.
    fn manager_of(&mut self, key: &Node) {
        let Some(level) = key.get("protection_level") else { return };
        let Some(name) = level.text() else { return };
        let external = match name {
            "EXTERNAL" | "EXTERNAL_VPC" => true,
            "SOFTWARE" | "HSM" => false,
            _ => return,
        };
        match (external, key.get("external_manager")) {
            (true, None) => {
                let title = format!("external_manager is missing: the key is {name}");
                let help =
                    "for example external_manager = \"vault\", with [external_managers.vault]";
                self.found.error(title, &level.place, "its material is elsewhere").help(help);
            }
            (false, Some(manager)) => {
                let title = format!("a key of level {name} has no external_manager");
                let label = "its material is with the platform";
                let finding = self.found.error(title, &manager.place, label);
                if level.given {
                    finding.also(&level.place, "");
                }
                finding.help("set protection_level = \"EXTERNAL\", or leave external_manager out");
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    pub(super) fn quotas(&mut self) {
        let pools = self.tables("keys").iter().filter_map(|key| pool(&key.node));
        let charged: BTreeSet<[String; 3]> =
            pools.map(|(name, pool)| [name.project, name.location, pool.to_owned()]).collect();
        let mut known: BTreeMap<[&str; 3], &Entry> = BTreeMap::new();
        for entry in self.tables("quotas") {
            let Some(parts) = covers(&entry.node) else { continue };
            if let Some(first) = known.insert(parts, entry) {
                let title = "two quotas cover the same keys";
                let label = "the same project, location and pool";
                self.found.error(title, &entry.place, label).also(&first.place, "the first");
            }
            self.quota(entry, parts, &charged);
        }
    }

    fn quota(&mut self, entry: &Entry, parts: [&str; 3], charged: &BTreeSet<[String; 3]>) {
        let implied = parts.join("/");
        if entry.key.contains('/') && entry.key != implied {
            let label = format!("with a slash it could only be {}", shown(&implied));
            let title = "the quota has the name of another";
            self.found.error(title, &entry.place, label);
        }
        if !charged.contains(&parts.map(str::to_owned)) {
            self.uncharged(entry, parts);
        }
        self.cost(&entry.node);
        self.crowded(&entry.node);
        let overloaded = entry.node.get("overloaded").filter(|n| n.boolean() == Some(true));
        if let (Some(overloaded), "EXTERNAL") = (overloaded, parts[2]) {
            let label = "above the limit external operations are always denied";
            self.found.warning("overloaded changes nothing", &overloaded.place, label);
        }
    }

    /// Nothing is charged to a quota: no key is there, or only software keys.
    fn uncharged(&mut self, entry: &Entry, parts: [&str; 3]) {
        let software = self.tables("keys").iter().find(|key| {
            let name = key.node.get("resource").and_then(Node::resource);
            let level = key.node.get("protection_level").and_then(Node::text);
            let here = |name: &KeyName| name.project == parts[0] && name.location == parts[1];
            level == Some("SOFTWARE") && name.as_ref().is_some_and(here)
        });
        if let Some(key) = software {
            let title = format!("the quota {} applies to no key", shown(&entry.key));
            let label = "operations of software keys are charged to none";
            let finding = self.found.warning(title, &entry.place, label);
            finding.also(&key.place, format!("the key {} is SOFTWARE", shown(&key.key)));
            let help = "give the key protection_level = \"HSM\" or \"EXTERNAL\", or leave the \
                        quota out";
            finding.help(help);
        } else {
            let title = format!("no key is charged to the quota {}", shown(&entry.key));
            let label = format!("no {} key is in this project and location", shown(parts[2]));
            let finding = self.found.warning(title, &entry.place, label);
            finding.help("operations of software keys are charged to no quota");
        }
    }

    /// A hard quota must hold what one operation costs, or it is never granted.
    fn cost(&mut self, quota: &Node) {
        let limit = quota.get("limit").and_then(Node::operations);
        let burst = quota.get("mechanism.token_bucket.burst").and_then(Node::whole);
        // A burst that is out of bounds has been told.
        let holds = burst.or(limit).filter(|&holds| holds > 0);
        let Some(holds) = holds.filter(|_| is_hard(quota) && limit != Some(0)) else {
            return;
        };
        for (operation, what) in
            [("cost.encrypt", "an encryption"), ("cost.decrypt", "a decryption")]
        {
            let cost = quota.get(operation);
            let Some((node, cost)) = cost.and_then(|n| Some((n, n.whole::<u32>()?))) else {
                continue;
            };
            if cost > holds {
                let title = format!("{what} costs more than the quota ever holds");
                let label = format!("it holds {holds} at once");
                let finding = self.found.error(title, &node.place, label);
                finding.help("raise the limit or the burst, or lower the cost");
            }
        }
    }

    /// Other users who come as often as the limit allows leave nothing.
    fn crowded(&mut self, quota: &Node) {
        let kinds = ["background.constant.rate", "background.poisson.rate"];
        let rate = kinds.into_iter().find_map(|kind| quota.get(kind));
        let limit = quota.get("limit").and_then(Node::operations);
        let (Some(rate), Some(limit)) = (rate, limit) else { return };
        let crowded = |rate: crate::units::Rate| rate.per_second() >= f64::from(limit);
        if is_hard(quota) && limit > 0 && rate.rate().is_some_and(crowded) {
            let title = "the background takes the whole quota";
            let label = format!("the limit is {limit}/s");
            let finding = self.found.warning(title, &rate.place, label);
            finding.help("services are granted only what they ask for before others do");
        }
    }
}

/// Whether what is above the limit of a quota is denied.
fn is_hard(quota: &Node) -> bool {
    let overloaded = quota.get("overloaded").and_then(Node::boolean) == Some(true);
    quota.get("pool").and_then(Node::text) == Some("EXTERNAL") || overloaded
}
