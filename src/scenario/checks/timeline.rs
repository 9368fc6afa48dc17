//! The timeline: what an entry needs, and what can't be at once.

use std::collections::BTreeMap;

use super::Checks;
use super::load::recorded_arrivals;
use crate::scenario::source::shown;
use crate::scenario::timeline::{action, percents, until};
use crate::scenario::tree::{Entry, Node};
use crate::scenario::value::unknown_name;
use crate::units::SimDuration;

/// Actions for good, which nothing takes back.
const FOR_GOOD: [&str; 8] = [
    "key_enable",
    "key_restore",
    "key_destroy",
    "key_rotate",
    "permission_grant",
    "deploy",
    "traffic_set",
    "instance_crash",
];

/// An action in its time, for the search of overlaps.
struct Window<'a> {
    at: SimDuration,
    until: SimDuration,
    entry: &'a Entry,
}

impl Checks<'_> {
    pub(super) fn timeline(&mut self) {
        let entries = self.root.get("timeline").map(Node::items).unwrap_or_default();
        let mut windows: BTreeMap<(&str, &str), Vec<Window<'_>>> = BTreeMap::new();
        for entry in entries {
            let Some(action) = action(entry) else { continue };
            self.end(entry, action);
            match action.key.as_str() {
                "load_step" => self.load_step(&action.node),
                "background_step" => self.background_step(&action.node),
                "deploy" => self.rollout(&action.node),
                "traffic_set" => self.split(entry, action),
                _ => {}
            }
            let (at, end) = (entry.get("at").and_then(Node::duration), until(entry));
            let target = target(&action.node);
            if let (Some(at), Some(until), Some(target)) = (at, end, target) {
                let of_target = windows.entry((&action.key, target)).or_default();
                of_target.push(Window { at, until, entry: action });
            }
        }
        for ((_, target), mut of_target) in windows {
            of_target.sort_by_key(|w| w.at);
            self.overlaps(target, &of_target);
        }
    }

    /// An end there is where it is needed, once, and after the beginning.
    fn end(&mut self, entry: &Node, action: &Entry) {
        let given = [entry.get("until"), entry.get("for")];
        if let [Some(until), Some(length)] = given {
            let finding = self.found.error("until and for are both there", &length.place, "");
            finding.also(&until.place, "").help("leave one of the two out");
            return;
        }
        let end = given.into_iter().flatten().next();
        match (end, action.key.as_str()) {
            (None, "external_outage" | "external_brownout") => {
                let label = match action.key.as_str() {
                    "external_outage" => "an outage ends",
                    _ => "a brownout ends",
                };
                let finding = self.found.error("until is missing", &action.place, label);
                finding.help("add until = \"25m\", or for = \"20m\"");
            }
            (Some(end), key) if FOR_GOOD.contains(&key) => {
                let title = format!("{key} takes no end");
                let label = "nothing takes it back";
                self.found.error(title, &end.place, label);
            }
            (Some(end), _) => {
                let at = entry.get("at").and_then(Node::duration);
                let Some((at, until)) = at.zip(until(entry)) else { return };
                if until <= at {
                    let label = format!("it begins at {at}");
                    self.found.error("until is not after at", &end.place, label);
                }
            }
            (None, _) => {}
        }
    }

    /// A step of the load multiplies rates: recorded loads have none.
    fn load_step(&mut self, step: &Node) {
        let Some(name) = step.get("service") else { return };
        let services = self.root.get("services");
        let service = services.zip(name.text()).and_then(|(all, name)| all.entry(name));
        let Some(load) = service.and_then(|s| s.node.get("load")) else { return };
        let has_rate = |source: &Node| {
            source.get("closed_loop").is_none() && recorded_arrivals(source).is_none()
        };
        if !load.items().iter().any(has_rate) {
            let label = match load.items() {
                [] => "the service has no load",
                _ => "the service has recorded loads only",
            };
            let finding = self.found.error("there is no rate to multiply", &name.place, label);
            finding.help("a load_step multiplies rates; scale recorded arrivals, or spread counts as poisson");
        }
    }

    /// A step of a background multiplies its rate: there is one.
    fn background_step(&mut self, step: &Node) {
        let Some(name) = step.get("quota") else { return };
        let quotas = self.root.get("quotas");
        let quota = quotas.zip(name.text()).and_then(|(all, name)| all.entry(name));
        if let Some(quota) = quota.filter(|quota| quota.node.get("background").is_none()) {
            let label = "nobody else uses the quota";
            let finding = self.found.error("there is no background to step", &name.place, label);
            finding.help(format!(
                "give it one, as in quotas.{}.background = {{ poisson = {{ rate = \"60/s\" }} }}",
                shown(&quota.key)
            ));
        }
    }

    /// Steps of a rollout come one after another.
    fn rollout(&mut self, deploy: &Node) {
        let steps = deploy.get("rollout").map(Node::items).unwrap_or_default();
        let after = steps.iter().filter_map(|step| step.get("after"));
        let after: Vec<_> = after.filter_map(|node| Some((node, node.duration()?))).collect();
        for pair in after.windows(2) {
            let ((earlier, before), (later, then)) = (pair[0], pair[1]);
            if then <= before {
                let label = format!("the step before is after {before}");
                let title = "the steps of a rollout must rise";
                self.found.error(title, &later.place, label).also(&earlier.place, "");
            }
        }
    }

    /// Percents of a split add up, and name revisions that have been deployed by then.
    fn split(&mut self, entry: &Node, action: &Entry) {
        let split = &action.node;
        let Some(table) = split.get("percents") else { return };
        let whole: Option<u32> = table.entries().iter().map(|e| e.node.whole::<u32>()).sum();
        if let Some(sum) = whole.filter(|&sum| sum != 100) {
            let label = format!("they add up to {sum}");
            self.found.error("percents do not add up to 100", &table.place, label);
        }
        let service = split.get("service").and_then(Node::text).unwrap_or_default();
        let at = entry.get("at").and_then(Node::duration).unwrap_or_default();
        let deploys = 1 + self.deploys(service, at);
        let known: Vec<String> = (1..=deploys).map(|n| format!("{service}-{n:05}")).collect();
        for (entry, (ordinal, _)) in table.entries().iter().zip(percents(split)) {
            if ordinal.is_none_or(|n| n as usize > deploys) {
                let title = format!("there is no revision {} then", shown(&entry.key));
                let label = unknown_name(&entry.key, "revisions", known.iter().map(String::as_str));
                self.found.error(title, &entry.place, label);
            }
        }
    }

    /// Deploys of a service until an instant, included.
    pub(super) fn deploys(&self, service: &str, until: SimDuration) -> usize {
        let entries = self.root.get("timeline").map(Node::items).unwrap_or_default();
        let is_one = |entry: &&Node| {
            let deploy = action(entry).filter(|action| action.key == "deploy");
            let of = deploy.and_then(|action| action.node.get("service")?.text());
            let at = entry.get("at").and_then(Node::duration);
            of == Some(service) && at.is_some_and(|at| at <= until)
        };
        entries.iter().filter(is_one).count()
    }

    fn overlaps(&mut self, target: &str, windows: &[Window<'_>]) {
        let [first, others @ ..] = windows else { return };
        let mut longest = first;
        for later in others {
            if later.at < longest.until {
                self.overlap(target, longest, later);
            }
            if later.until > longest.until {
                longest = later;
            }
        }
    }

    fn overlap(&mut self, target: &str, earlier: &Window<'_>, later: &Window<'_>) {
        let version = |w: &Window<'_>| w.entry.node.get("version").and_then(Node::whole::<u32>);
        if version(earlier).zip(version(later)).is_some_and(|(a, b)| a != b) {
            return;
        }
        let (first, second) = (&earlier.entry.place, &later.entry.place);
        let said = |w: &Window<'_>| format!("from {} until {}", w.at, w.until);
        let (key, target) = (&later.entry.key, shown(target));
        if key == "external_outage" {
            let title = format!("two outages of {target} overlap");
            let finding = self.found.error(title, second, said(later));
            finding.also(first, said(earlier)).help("let one end before the other begins");
        } else {
            let title = format!("two of {key} for {target} overlap");
            let finding = self.found.warning(title, second, said(later));
            finding.also(first, said(earlier)).help("the first end takes both back");
        }
    }
}

/// What an action is done to.
fn target(action: &Node) -> Option<&str> {
    let names = ["key", "manager", "quota", "service"];
    names.into_iter().find_map(|name| action.get(name)?.text())
}

#[cfg(test)]
mod tests {
    use super::FOR_GOOD;
    use crate::scenario::schema::ROWS;

    #[test]
    fn actions_for_good_are_actions() {
        for name in FOR_GOOD {
            let path = format!("timeline.#.{name}");
            assert!(ROWS.iter().any(|row| row.path == path), "{path}");
        }
    }
}
