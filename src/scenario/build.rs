//! From a tree that follows the schema to the typed scenario. A part that is not as it should be
//! is nothing here: what is wrong with it has been said where it was found.

use std::path::{Path, PathBuf};

use super::keys::{Check, Enforcement, ExternalManager, Key, Pool, Protection, Quota, Retry};
use super::service::{
    BackOff, ClockStopsOn, Encryption, PendingTimeout, Revocation, RevocationAction, Routing,
    Service, Start,
};
use super::source::{Findings, Place};
use super::timeline::{Action, Domain, Entry};
use super::tree::{Entry as TreeEntry, Node};
use super::value::unknown_name;
use super::{Autoscaler, CloudRun, Join, Load, LoadKind, Point, Scenario, Spread, TraceFile};
use crate::distribution::Distribution;
use crate::ids::{KeyId, ManagerId, QuotaId, ServiceId, TraceId};
use crate::units::SimDuration;

/// Builds a scenario out of its tree.
pub(super) struct Builder<'a> {
    pub root: &'a Node,
    pub found: &'a mut Findings,
    /// Paths in the file are relative to this folder.
    pub folder: &'a Path,
    /// Paths in overrides are relative to this one.
    pub working_folder: &'a Path,
    /// Files of load met so far.
    pub traces: Vec<TraceFile>,
}

/// The tables under the names of a table of the scenario.
pub(super) fn named<'n>(root: &'n Node, key: &str) -> &'n [TreeEntry] {
    root.entry(key).map_or(&[], |e| e.node.entries())
}

impl Builder<'_> {
    /// The whole scenario.
    pub fn scenario(&mut self) -> Option<Scenario> {
        let root = self.root;
        let keys: Vec<_> = named(root, "keys").iter().map(|e| self.key(e)).collect();
        let quotas: Vec<_> = named(root, "quotas").iter().map(quota).collect();
        let managers: Vec<_> = named(root, "external_managers").iter().map(manager).collect();
        let services: Vec<_> = named(root, "services").iter().map(|e| self.service(e)).collect();
        let items = root.get("timeline").map_or(&[][..], Node::items);
        let timeline: Vec<_> = items.iter().map(|n| self.timeline_entry(n)).collect();
        let mut timeline: Vec<Entry> = timeline.into_iter().collect::<Option<_>>()?;
        timeline.sort_by_key(|e| e.at);
        Some(Scenario {
            name: text(root, "name")?,
            question: text(root, "question")?,
            seed: root.get("seed")?.whole()?,
            warm_up: duration(root, "warm_up")?,
            duration: optional(root, "duration", Node::duration)?,
            sample_interval: optional(root, "sample_interval", Node::duration)?,
            services: services.into_iter().collect::<Option<_>>()?,
            keys: keys.into_iter().collect::<Option<_>>()?,
            quotas: quotas.into_iter().collect::<Option<_>>()?,
            external_managers: managers.into_iter().collect::<Option<_>>()?,
            traces: std::mem::take(&mut self.traces),
            timeline,
        })
    }

    /// The position of the table that a text names; says where there is none.
    fn reference(&mut self, node: &Node, path: &str, of: &str) -> Option<usize> {
        let node = node.get(path)?;
        let name = node.text()?;
        let known = named(self.root, of);
        let position = known.iter().position(|e| e.key == name);
        if position.is_none() {
            let label = unknown_name(name, of, known.iter().map(|e| e.key.as_str()));
            let what = of.trim_end_matches('s').replace('_', " ");
            let title = format!("unknown {what} {}", super::source::shown(name));
            self.found.error(title, &node.place, label);
        }
        position
    }

    fn service(&mut self, entry: &TreeEntry) -> Option<Service> {
        let node = &entry.node;
        let sources = node.get("load").map_or(&[][..], Node::items);
        let load: Vec<_> = sources
            .iter()
            .enumerate()
            .map(|(i, n)| self.load(n, &format!("services.{}.load.{i}", entry.key)))
            .collect();
        let encryption = node.get("encryption").map(|e| self.encryption(e));
        Some(Service {
            name: entry.key.clone(),
            location: text(node, "location")?,
            load: load.into_iter().collect::<Option<_>>()?,
            service_time: law(node, "service_time")?,
            concurrency: node.get("concurrency")?.whole()?,
            min_instances: node.get("min_instances")?.whole()?,
            max_instances: node.get("max_instances")?.whole()?,
            initial_instances: node.get("initial_instances")?.whole()?,
            request_timeout: duration(node, "request_timeout")?,
            pending_timeout: pending_timeout(node.get("pending_timeout")?)?,
            queue_limit: optional(node, "queue_limit", Node::whole)?,
            routing: routing(node.get("routing")?)?,
            autoscaler: autoscaler(node.get("autoscaler")?)?,
            idle_timeout: duration(node, "idle_timeout")?,
            drain_grace: duration(node, "drain_grace")?,
            start: start(node.get("start")?)?,
            encryption: match encryption {
                Some(encryption) => Some(encryption?),
                None => None,
            },
        })
    }

    fn encryption(&mut self, node: &Node) -> Option<Encryption> {
        let key = self.reference(node, "key", "keys").map(KeyId::at);
        let r = node.get("revocation")?;
        let action = match r.get("action")?.text()? {
            "shut_down" => RevocationAction::ShutDown,
            _ => RevocationAction::PreventNew,
        };
        let clock_stops_on = match r.get("clock_stops_on")?.text()? {
            "any_success" => ClockStopsOn::AnySuccess,
            "check" => ClockStopsOn::Check,
            _ => ClockStopsOn::Never,
        };
        Some(Encryption {
            key: key?,
            decrypts_per_start: node.get("decrypts_per_start")?.whole()?,
            revocation: Revocation {
                action,
                waiting_period: duration(r, "waiting_period")?,
                detect_on_start: r.get("detect_on_start")?.boolean()?,
                external_follows_action: r.get("external_follows_action")?.boolean()?,
                clock_stops_on,
            },
        })
    }

    fn load(&mut self, node: &Node, path: &str) -> Option<Load> {
        let kind = if let Some(poisson) = node.get("poisson") {
            LoadKind::Poisson { rate: poisson.get("rate")?.rate()? }
        } else if let Some(profile) = node.get("profile") {
            self.profile(profile)?
        } else {
            self.trace(node.get("trace")?, path)?
        };
        Some(Load { name: text(node, "name")?, kind })
    }

    fn profile(&mut self, node: &Node) -> Option<LoadKind> {
        let list = node.get("points")?;
        let point = |n: &Node| Some(Point { at: duration(n, "at")?, rate: n.get("rate")?.rate()? });
        let points: Vec<Point> = list.items().iter().map(point).collect::<Option<_>>()?;
        if points.is_empty() {
            self.found.error("a profile has no points", &list.place, "expected at least one");
            return None;
        }
        for (i, pair) in points.windows(2).enumerate() {
            if pair[1].at <= pair[0].at {
                let place = list.items()[i + 1].get("at").map_or(&list.place, |n| &n.place);
                let label = format!("must be after {}", pair[0].at);
                self.found.error("the points of a profile do not rise in time", place, label);
            }
        }
        let join = match node.get("join")?.text()? {
            "lines" => Join::Lines,
            _ => Join::Steps,
        };
        Some(LoadKind::Profile { points, join })
    }

    fn trace(&mut self, node: &Node, path: &str) -> Option<LoadKind> {
        let file = node.get("file")?;
        let spread = match node.get("spread")?.text()? {
            "even" => Spread::Even,
            _ => Spread::Uniform,
        };
        self.traces.push(TraceFile {
            path: self.resolve(&file.place, file.text()?),
            key: format!("{path}.trace.file"),
            time: optional(node, "time", |n| n.text().map(str::to_owned))?,
            count: optional(node, "count", |n| n.text().map(str::to_owned))?,
            bucket: optional(node, "bucket", Node::duration)?,
            spread,
            scale: node.get("scale")?.ratio()?,
        });
        Some(LoadKind::Trace(TraceId::at(self.traces.len() - 1)))
    }

    /// A path in the file is relative to the file's folder, one in an override to the folder in
    /// which the command runs.
    fn resolve(&self, place: &Place, path: &str) -> PathBuf {
        match place.source {
            0 => self.folder.join(path),
            _ => self.working_folder.join(path),
        }
    }

    fn key(&mut self, entry: &TreeEntry) -> Option<Key> {
        let node = &entry.node;
        let protection = match node.get("protection_level")?.text()? {
            "HSM" => Protection::Hsm,
            "EXTERNAL" => Protection::External,
            "EXTERNAL_VPC" => Protection::ExternalVpc,
            _ => Protection::Software,
        };
        let given = node.get("external_manager");
        let manager = match given {
            Some(_) => Some(ManagerId::at(self.reference(
                node,
                "external_manager",
                "external_managers",
            )?)),
            None => None,
        };
        let pool = match protection {
            Protection::Software => None,
            Protection::Hsm => Some(Pool::Hsm),
            Protection::External | Protection::ExternalVpc => Some(Pool::External),
        };
        if pool == Some(Pool::External) && given.is_none() {
            let title = format!("key {} has no external manager", entry.key);
            let level = node.get("protection_level").map_or(&entry.place, |n| &n.place);
            self.found.error(title, level, "an external key needs external_manager");
        } else if let Some(given) = given
            && pool != Some(Pool::External)
        {
            let title = format!("key {} is not external", entry.key);
            let finding =
                self.found.error(title, &given.place, "only an external key has a manager");
            finding.help("set protection_level to EXTERNAL or EXTERNAL_VPC, or leave this out");
        }
        let resource = node.get("resource")?.resource()?;
        let quota = pool.and_then(|pool| {
            named(self.root, "quotas").iter().position(|q| {
                let q = &q.node;
                text(q, "project").as_ref() == Some(&resource.project)
                    && text(q, "location").as_ref() == Some(&resource.location)
                    && q.get("pool").and_then(pool_of) == Some(pool)
            })
        });
        let retry = node.get("retry")?;
        let check = node.get("check")?;
        let (interval, jitter) = (duration(check, "interval")?, check.get("jitter")?.ratio()?);
        Some(Key {
            name: entry.key.clone(),
            resource,
            protection,
            manager,
            quota: quota.map(QuotaId::at),
            latency: law(node, "latency")?,
            retry: Retry { back_off: back_off(retry)?, total: duration(retry, "total")? },
            check: check.get("enabled")?.boolean()?.then_some(Check { interval, jitter }),
            disable_propagation: law(node, "propagation.disable")?,
            permission_propagation: law(node, "propagation.permission")?,
        })
    }

    fn timeline_entry(&mut self, node: &Node) -> Option<Entry> {
        let at = duration(node, "at")?;
        let until = match (node.get("until"), node.get("for")) {
            (Some(until), Some(length)) => {
                let title = "an entry of the timeline has both until and for";
                self.found
                    .error(title, &length.place, "the second")
                    .also(&until.place, "the first");
                return None;
            }
            (Some(until), None) => {
                let end = until.duration()?;
                if end <= at {
                    let label = format!("must be after {at}");
                    self.found.error("until is not after at", &until.place, label);
                }
                Some(end)
            }
            (None, Some(length)) => Some(at + length.duration()?),
            (None, None) => None,
        };
        let action = self.action(node)?;
        let endless = matches!(
            action,
            Action::KeyEnable { .. } | Action::KeyDestroy { .. } | Action::PermissionGrant { .. }
        );
        if let Some(end) = node.get("until").or(node.get("for"))
            && endless
        {
            self.found.error("this action is not taken back", &end.place, "leave it out");
        }
        if matches!(action, Action::ExternalOutage { .. }) && until.is_none() {
            let finding =
                self.found.error("an outage has no end", &node.place, "needs until or for");
            finding.help("for example for = \"20m\"");
            return None;
        }
        Some(Entry { at, until, action })
    }

    fn action(&mut self, node: &Node) -> Option<Action> {
        let mut key =
            |name: &str| self.reference(node, &format!("{name}.key"), "keys").map(KeyId::at);
        if node.get("key_disable").is_some() {
            return Some(Action::KeyDisable { key: key("key_disable")? });
        }
        if node.get("key_enable").is_some() {
            return Some(Action::KeyEnable { key: key("key_enable")? });
        }
        if node.get("key_destroy").is_some() {
            return Some(Action::KeyDestroy { key: key("key_destroy")? });
        }
        if node.get("permission_revoke").is_some() {
            return Some(Action::PermissionRevoke { key: key("permission_revoke")? });
        }
        if node.get("permission_grant").is_some() {
            return Some(Action::PermissionGrant { key: key("permission_grant")? });
        }
        if let Some(outage) = node.get("external_outage") {
            let manager = self.reference(outage, "manager", "external_managers")?;
            let name = outage.get("domain")?.text()?;
            let domain = Domain::ALL.into_iter().find(|d| d.name() == name)?;
            let message = text(outage, "message")?;
            return Some(Action::ExternalOutage {
                manager: ManagerId::at(manager),
                domain,
                message,
            });
        }
        if let Some(set) = node.get("quota_set") {
            let quota = QuotaId::at(self.reference(set, "quota", "quotas")?);
            return Some(Action::QuotaSet { quota, limit: set.get("limit")?.operations()? });
        }
        let step = node.get("load_step")?;
        let service = ServiceId::at(self.reference(step, "service", "services")?);
        Some(Action::LoadStep { service, factor: step.get("factor")?.ratio()? })
    }
}

fn text(node: &Node, path: &str) -> Option<String> {
    node.get(path)?.text().map(str::to_owned)
}

fn duration(node: &Node, path: &str) -> Option<SimDuration> {
    node.get(path)?.duration()
}

/// A key that may be absent; nothing where it is there and wrong.
fn optional<T>(node: &Node, path: &str, read: impl Fn(&Node) -> Option<T>) -> Option<Option<T>> {
    match node.get(path) {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}

fn law(node: &Node, path: &str) -> Option<Distribution> {
    let node = node.get(path)?;
    if let Some(constant) = node.get("constant") {
        return Some(Distribution::Constant(constant.duration()?));
    }
    if let Some(exponential) = node.get("exponential") {
        return Some(Distribution::Exponential { mean: duration(exponential, "mean")? });
    }
    if let Some(uniform) = node.get("uniform") {
        let (min, max) = (duration(uniform, "min")?, duration(uniform, "max")?);
        return (min <= max).then_some(Distribution::Uniform { min, max });
    }
    let lognormal = node.get("lognormal")?;
    if lognormal.get("mean").is_some() {
        let cv = lognormal.get("cv")?.number()?;
        return Some(Distribution::lognormal_mean_cv(duration(lognormal, "mean")?, cv));
    }
    let (median, p99) = (duration(lognormal, "median")?, duration(lognormal, "p99")?);
    (median <= p99).then(|| Distribution::lognormal_median_p99(median, p99))
}

fn back_off(node: &Node) -> Option<BackOff> {
    Some(BackOff {
        initial: duration(node, "initial")?,
        multiplier: node.get("multiplier")?.number()?,
        max: duration(node, "max")?,
    })
}

fn start(node: &Node) -> Option<Start> {
    Some(Start {
        allocate: law(node, "allocate")?,
        fetch: law(node, "fetch")?,
        boot: law(node, "boot")?,
        deadline: duration(node, "deadline")?,
        back_off: back_off(node.get("back_off")?)?,
    })
}

fn pending_timeout(node: &Node) -> Option<PendingTimeout> {
    if let Some(fixed) = node.get("fixed") {
        return fixed.duration().map(PendingTimeout::Fixed);
    }
    if node.get("none").is_some() {
        return Some(PendingTimeout::None);
    }
    let rule = node.get("start_rule")?;
    Some(PendingTimeout::StartRule {
        factor: rule.get("factor")?.number()?,
        floor: duration(rule, "floor")?,
        starts: rule.get("starts")?.whole()?,
    })
}

fn routing(node: &Node) -> Option<Routing> {
    match node.get("fullest_below_target") {
        Some(fullest) => {
            Some(Routing::FullestBelowTarget { target: fullest.get("target")?.ratio()? })
        }
        None => node.get("least_loaded").map(|_| Routing::LeastLoaded),
    }
}

fn autoscaler(node: &Node) -> Option<Autoscaler> {
    if let Some(fixed) = node.get("fixed") {
        return Some(Autoscaler::Fixed { instances: fixed.get("instances")?.whole()? });
    }
    let settings = node.get("cloud_run")?;
    let target = settings.get("concurrency_target")?;
    let concurrency_target = match target.text() {
        Some("disabled") => None,
        _ => Some(target.ratio()?),
    };
    Some(Autoscaler::CloudRun(CloudRun {
        tick: duration(settings, "tick")?,
        concurrency_target,
        window: duration(settings, "window")?,
        long_window: duration(settings, "long_window")?,
    }))
}

fn pool_of(node: &Node) -> Option<Pool> {
    match node.text()? {
        "HSM" => Some(Pool::Hsm),
        _ => Some(Pool::External),
    }
}

fn quota(entry: &TreeEntry) -> Option<Quota> {
    let node = &entry.node;
    let pool = pool_of(node.get("pool")?)?;
    let overloaded = node.get("overloaded")?.boolean()?;
    Some(Quota {
        name: entry.key.clone(),
        project: text(node, "project")?,
        location: text(node, "location")?,
        pool,
        limit: node.get("limit")?.operations()?,
        enforcement: match pool == Pool::External || overloaded {
            true => Enforcement::Hard,
            false => Enforcement::Soft,
        },
    })
}

fn manager(entry: &TreeEntry) -> Option<ExternalManager> {
    let node = &entry.node;
    Some(ExternalManager {
        name: entry.key.clone(),
        latency: law(node, "latency")?,
        call_timeout: duration(node, "call_timeout")?,
        inner_attempts: node.get("inner_attempts")?.whole()?,
    })
}
