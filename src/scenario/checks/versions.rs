//! Versions of keys: what orders of the timeline find when they come.
//!
//! The timeline's order tells the state that was ordered last for every version; what a manager's
//! denial disables beside it only an enable brings back, which is no error here.

use std::collections::BTreeMap;

use super::Checks;
use crate::scenario::VersionState as State;
use crate::scenario::keys::versions;
use crate::scenario::source::{Place, shown};
use crate::scenario::timeline::{KeyOrder, action, until};
use crate::scenario::tree::{Entry, Node};
use crate::units::SimDuration;

/// An order to a key, in order of time.
struct Order<'a> {
    at: SimDuration,
    order: KeyOrder,
    /// The action, or what takes it back.
    place: &'a Place,
    /// The key that the order is to.
    key: &'a str,
    version: Option<&'a Node>,
}

/// A version as the orders so far leave it.
struct Version {
    state: State,
    /// When it is destroyed, where that is scheduled.
    destroyed: SimDuration,
    /// The last order to it.
    since: Option<Place>,
}

impl Checks<'_> {
    /// A key has versions, and one of them is primary.
    pub(super) fn versions(&mut self, key: &Entry) {
        let (Some(list), Some(primary)) = (key.node.get("versions"), key.node.get("primary"))
        else {
            return;
        };
        let number = list.items().len();
        if number == 0 {
            let help = "leave it out for one enabled version";
            self.found.error("versions is empty", &list.place, "at least one").help(help);
        } else if let Some(wanted) = primary.whole::<usize>()
            && wanted > number
        {
            let label = match number {
                1 => "there is one version".to_owned(),
                _ => format!("there are {number} versions"),
            };
            self.found.error("there is no such version", &primary.place, label);
        }
    }

    /// Follows the timeline, version by version.
    pub(super) fn orders(&mut self) {
        let mut keys: BTreeMap<&str, Vec<Version>> = BTreeMap::new();
        let mut period: BTreeMap<&str, SimDuration> = BTreeMap::new();
        for key in self.tables("keys") {
            let destroyed = key.node.get("destroy_scheduled_duration").and_then(Node::duration);
            let destroyed = destroyed.unwrap_or_default();
            let version = |(_, state): (_, Option<State>)| {
                Some(Version { state: state?, destroyed, since: None })
            };
            keys.insert(&key.key, versions(&key.node).filter_map(version).collect());
            period.insert(&key.key, destroyed);
        }
        let entries = self.root.get("timeline").map(Node::items).unwrap_or_default();
        let mut orders: Vec<Order<'_>> = entries.iter().flat_map(orders).collect();
        orders.sort_by_key(|order| order.at);
        for order in orders {
            let (Some(versions), Some(&period)) = (keys.get_mut(order.key), period.get(order.key))
            else {
                continue;
            };
            self.order(&order, versions, period);
        }
    }

    fn order(&mut self, order: &Order<'_>, versions: &mut Vec<Version>, period: SimDuration) {
        for version in versions.iter_mut() {
            if version.state == State::DestroyScheduled && version.destroyed <= order.at {
                version.state = State::Destroyed;
            }
        }
        if order.order == KeyOrder::Rotate {
            let since = Some(order.place.clone());
            let destroyed = SimDuration::ZERO;
            return versions.push(Version { state: State::Enabled, destroyed, since });
        }
        let number = versions.len();
        let which = match order.version {
            None => 0..number,
            Some(node) => {
                let Some(wanted) = node.whole::<usize>() else { return };
                if !(1..=number).contains(&wanted) {
                    let title = format!("key {} has no version {wanted} then", shown(order.key));
                    let label = match number {
                        1 => "there is version 1 only".to_owned(),
                        _ => format!("there are versions 1 to {number}"),
                    };
                    self.found.error(title, &node.place, label);
                    return;
                }
                wanted - 1..wanted
            }
        };
        let chosen = &mut versions[which];
        let fitting = chosen.iter().filter(|v| after(order.order, v.state).is_some()).count();
        if fitting == 0
            && let Some(version) = chosen.last()
        {
            self.refused(order, version);
        }
        for version in chosen {
            let Some(state) = after(order.order, version.state) else { continue };
            if state != version.state {
                (version.state, version.since) = (state, Some(order.place.clone()));
                version.destroyed = order.at + period;
            }
        }
    }

    /// Says that no version takes an order.
    fn refused(&mut self, order: &Order<'_>, version: &Version) {
        let key = shown(order.key);
        let (title, help) = match (order.order, version.state) {
            (KeyOrder::Restore, State::Enabled | State::Disabled) => (
                format!("nothing of key {key} is scheduled for destruction then"),
                "a restore takes back a key_schedule_destruction",
            ),
            (_, State::DestroyScheduled) => (
                format!("key {key} is scheduled for destruction then"),
                "restore it first, with key_restore",
            ),
            (_, _) => (format!("key {key} is destroyed then"), "nothing brings it back"),
        };
        let label = format!("at {} its state is {}", order.at, version.state.name());
        let finding = self.found.error(title, order.place, label);
        if let Some(since) = version.since.as_ref().filter(|since| *since != order.place) {
            finding.also(since, "since this");
        }
        finding.help(help);
    }
}

/// The state after an order; absent where the version can't take it.
fn after(order: KeyOrder, state: State) -> Option<State> {
    match (order, state) {
        (KeyOrder::Disable, State::Enabled | State::Disabled) => Some(State::Disabled),
        (KeyOrder::Enable, State::Enabled | State::Disabled) => Some(State::Enabled),
        (KeyOrder::ScheduleDestruction, State::Enabled | State::Disabled)
        | (KeyOrder::ScheduleDestruction, State::DestroyScheduled) => Some(State::DestroyScheduled),
        (KeyOrder::Restore, State::DestroyScheduled) => Some(State::Disabled),
        (KeyOrder::Destroy, State::Enabled | State::Disabled | State::DestroyScheduled) => {
            Some(State::Destroyed)
        }
        (KeyOrder::Rotate, _)
        | (KeyOrder::Disable | KeyOrder::Enable, State::DestroyScheduled | State::Destroyed)
        | (KeyOrder::Restore, State::Enabled | State::Disabled | State::Destroyed)
        | (KeyOrder::ScheduleDestruction | KeyOrder::Destroy, State::Destroyed) => None,
    }
}

/// The orders of an entry: the action, and what takes it back.
fn orders(entry: &Node) -> Vec<Order<'_>> {
    let Some(action) = action(entry) else { return Vec::new() };
    let read = || {
        let order = KeyOrder::of_action(&action.key)?;
        let key = action.node.get("key")?.text()?;
        let at = entry.get("at")?.duration()?;
        Some(Order { at, order, place: &action.place, key, version: action.node.get("version") })
    };
    let Some(first) = read() else { return Vec::new() };
    let back = first.order.taken_back().zip(until(entry));
    let back = back.map(|(order, at)| Order { at, order, ..first });
    std::iter::once(first).chain(back).collect()
}
