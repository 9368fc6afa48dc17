//! The world: what is simulated. States and transitions only; it states facts to a
//! [`Recorder`] and computes no averages.
//!
//! Service → revision → instance. A request is an entry of the event list while an instance
//! serves it and an entry of its revision's queue while it waits; everything rarer is an
//! event of the agenda. Arrivals lie beside both, or in the event list where
//! there are many sources. [`World::advance`] runs to the next sample edge.

mod affinity;
pub mod autoscaler;
mod blame;
mod bound;
mod check;
mod client;
mod cold_start;
mod cost;
mod cpu;
mod crash;
mod deploy;
mod event;
mod gate;
mod instance;
mod key_orders;
mod keys;
pub mod laws;
mod load;
mod log;
mod managers;
mod pending;
mod report;
mod request;
mod revision;
mod revocation;
mod router;
mod scaling;
mod service;
mod shutdown;
mod split;
mod timeline;

use event::{AGENDA, ARRIVAL, END, Event, RETURN, STEP};
use gate::Gate;
use instance::{Instances, Life, Place, PlaceState, Serving};
use keys::KeyManager;
use laws::Broken;
use load::Source;
pub use load::expected_arrivals;
use report::Start;
use revision::Revision;

use crate::ids::{RevisionId, ServiceId};
use crate::kernel::{Agenda, Arrivals, Bound, Entry, EventList, Schedule, Streams, Wheel};
use crate::record::Recorder;
use crate::scenario::{Action, Scenario, Trace, VersionState};
use crate::stats::Histogram;
use crate::units::{SECOND, SimDuration, SimTime};

/// Up to this many load sources the next arrivals lie in a tree beside the event list; more lie
/// in the list itself (DESIGN: measured +10 % at one source in the list, −10 to −16 % at 1,000).
const SOURCES_BESIDE: usize = 16;

/// One simulated world. `Q` is the event list; which one changes no result.
#[derive(Debug)]
pub struct World<'s, Q = Wheel> {
    scenario: &'s Scenario,
    traces: &'s [Trace],
    /// End of the warm-up: scenario instants and statistics count from here.
    zero: SimTime,
    end: SimTime,
    interval: SimDuration,
    /// The last edge passed.
    edge: SimTime,
    now: SimTime,
    /// Chance, by name.
    streams: Streams,
    schedule: Schedule<Q>,
    agenda: Agenda<Event>,
    arrivals: Arrivals,
    arrivals_beside: bool,
    sources: Vec<Source<'s>>,
    services: Vec<service::Service>,
    revisions: Vec<Revision<'s>>,
    instances: Instances,
    cpus: cpu::Cpus,
    orders: cold_start::Orders,
    keys: KeyManager<'s>,
    watches: Vec<check::Watch>,
    blocks: Vec<timeline::OpenBlock>,
    /// State at the end of the warm-up.
    start: Start,
    /// Arrivals since the start of the run.
    arrived: u64,
    /// The revision that the last event touched: whose laws to check.
    touched: RevisionId,
    broken: Option<Broken>,
    /// Entries on their way out of the event list.
    scratch: Vec<Entry>,
    /// Empty ones, from earlier replications.
    histograms: Vec<Histogram>,
}

impl<'s, Q: EventList> World<'s, Q> {
    /// A world for a scenario with its traces read, to run for `duration` after the warm-up, at
    /// the start of replication 0.
    pub fn new(scenario: &'s Scenario, traces: &'s [Trace], duration: SimDuration) -> Self {
        let zero = SimTime::ZERO + scenario.warm_up;
        let sources: usize = scenario.services.iter().map(|s| s.load.len()).sum();
        let streams = Streams::new(scenario.seed, 0);
        let mut world = Self {
            scenario,
            traces,
            zero,
            end: zero + duration,
            interval: scenario.sample_interval(duration),
            edge: SimTime::ZERO,
            now: SimTime::ZERO,
            streams,
            schedule: Schedule::default(),
            agenda: Agenda::default(),
            arrivals: Arrivals::new(sources),
            arrivals_beside: sources <= SOURCES_BESIDE,
            sources: Vec::new(),
            services: Vec::new(),
            revisions: Vec::new(),
            instances: Instances::default(),
            cpus: cpu::Cpus::default(),
            orders: cold_start::Orders::default(),
            keys: KeyManager::new(scenario, zero, &streams),
            watches: Vec::new(),
            blocks: Vec::new(),
            start: Start::default(),
            arrived: 0,
            touched: RevisionId(0),
            broken: None,
            scratch: Vec::new(),
            histograms: Vec::new(),
        };
        world.reset(0);
        world
    }

    /// Back to the start, with the luck of another replication; memory is used again.
    pub fn reset(&mut self, replication: u64) {
        let streams = Streams::new(self.scenario.seed, replication);
        self.streams = streams;
        (self.edge, self.now) = (SimTime::ZERO, SimTime::ZERO);
        self.schedule.clear();
        self.schedule.expect_spacing(self.expected_spacing());
        self.agenda.clear();
        self.instances.clear();
        self.cpus.clear();
        self.orders.clear();
        self.keys = KeyManager::new(self.scenario, self.zero, &streams);
        self.blocks.clear();
        self.start = Start::default();
        self.arrived = 0;
        self.broken = None;
        let watch = |k: &crate::scenario::Key| check::Watch::new(&k.name, &streams);
        self.watches = self.scenario.keys.iter().map(watch).collect();
        self.services.clear();
        for mut r in self.revisions.drain(..) {
            [&mut r.latency, &mut r.latency_before].into_iter().for_each(Histogram::clear);
            self.histograms.extend([r.latency, r.latency_before]);
        }
        for i in 0..self.scenario.services.len() {
            self.add_service(ServiceId::at(i));
        }
        self.begin_key_states();
        self.schedule_timeline();
        self.schedule_first_outages();
        self.schedule_first_checks();
        self.add_sources(&streams);
        self.begin_closed_loops();
    }

    /// A service with its first revision and the instances it has from the start.
    fn add_service(&mut self, id: ServiceId) {
        let settings = &self.scenario.services[id.index()];
        self.services.push(service::Service::new(settings, &self.streams));
        let revision = self.add_revision(id, settings);
        let has_deploys =
            self.scenario.timeline.iter().any(
                |entry| matches!(&entry.action, Action::Deploy(deploy) if deploy.service == id),
            );
        self.services[id.index()].has_deploys = has_deploys;
        self.services[id.index()].traffic.give(revision, split::ALL);
        self.share_limits(id);
        for _ in 0..settings.initial_instances {
            self.add_ready(revision);
        }
        self.decide(revision, autoscaler::Cause::Tick);
        self.refill(revision);
        self.start_scaling(revision);
    }

    /// A new revision of a service, without traffic and without instances.
    fn add_revision(
        &mut self,
        service: ServiceId,
        settings: &'s crate::scenario::Service,
    ) -> RevisionId {
        let id = RevisionId::at(self.revisions.len());
        let s = &mut self.services[service.index()];
        s.revisions.push(id);
        let ordinal = s.revisions.len() as u32;
        let has_clients = s.clients.is_some();
        let mean_start = self.mean_start(settings);
        let key = settings.encryption.as_ref().map(|e| e.key);
        let key_version = key.map_or(0, |key| self.keys.key(key).primary());
        let latency = std::array::from_fn(|_| self.histograms.pop().unwrap_or_default());
        let mut revision = Revision::new(
            service,
            ordinal,
            settings,
            key_version,
            mean_start,
            has_clients,
            latency,
            &self.streams,
        );
        if !self.scenario.without.start_rate {
            revision.gate = Gate::new(settings.start.limits);
        }
        if let (Some(memory), false) =
            (&settings.out_of_memory, self.scenario.without.out_of_memory)
        {
            revision.traffic.memory_below = memory.above - 1;
        }
        let began_with = &self.scenario.services[service.index()].service_time;
        revision.law = (settings.service_time != *began_with).then_some(&settings.service_time);
        revision.deploy_at(self.now, self.zero);
        self.revisions.push(revision);
        if let Some(encryption) = &settings.encryption {
            self.watches[encryption.key.index()].revisions.push(id);
        }
        id
    }

    /// An instance that is ready from the start.
    fn add_ready(&mut self, revision: RevisionId) {
        let r = &mut self.revisions[revision.index()];
        let place = Place {
            revision,
            serial: r.attempts,
            seat: 0,
            served: 0,
            since: 0,
            load: 0,
            state: PlaceState::Starting,
            idle_timer: false,
            shortages: 0,
        };
        r.attempts += 1;
        let serving = Serving { booted: None, since: SimTime::ZERO };
        let instance = self.instances.add(place, Life::Serving(serving));
        self.make_ready(instance);
    }

    fn add_sources(&mut self, streams: &Streams) {
        self.sources.clear();
        let (scenario, span) = (self.scenario, [self.zero, self.end]);
        for (i, settings) in scenario.services.iter().enumerate() {
            for load in &settings.load {
                let service = ServiceId::at(i);
                let source = Source::new(service, settings, load, self.traces, span, streams);
                self.sources.push(source);
            }
        }
        for source in 0..self.sources.len() {
            let next = self.sources[source].next();
            self.expect_arrival(source as u32, next);
        }
    }

    /// The configured mean from allocating to ready, key calls that succeed at once included.
    fn mean_start(&self, settings: &crate::scenario::Service) -> SimDuration {
        let start = &settings.start;
        let mut mean = start.allocate.mean() + start.fetch.mean() + start.mean_boot();
        if let Some(encryption) = &settings.encryption {
            let key = &self.scenario.keys[encryption.key.index()];
            let manager = key.manager.map(|m| &self.scenario.external_managers[m.index()]);
            let call = key.latency.mean() + manager.map_or(SimDuration::ZERO, |m| m.latency.mean());
            mean += call.scaled(encryption.decrypts_per_start.into());
        }
        mean
    }

    /// Nanoseconds between two events of the event list, roughly: from the rates at the start.
    fn expected_spacing(&self) -> u64 {
        let rate: f64 = self.scenario.expected_rate(self.traces);
        (SECOND as f64 / rate.max(1e-3)) as u64
    }

    /// The settings of a revision: the service's as they were deployed.
    #[inline]
    fn service_of(&self, revision: RevisionId) -> &'s crate::scenario::Service {
        self.revisions[revision.index()].settings
    }

    /// Time passed since the start of the run.
    pub fn elapsed(&self) -> SimDuration {
        self.edge.since(SimTime::ZERO)
    }

    /// Length of the run, warm-up included.
    pub fn length(&self) -> SimDuration {
        self.end.since(SimTime::ZERO)
    }

    /// Requests that arrived since the start of the run.
    pub fn arrivals(&self) -> u64 {
        self.arrived
    }

    /// Runs to the next sample edge and states its rows; whether another comes after it. During
    /// the warm-up nothing is stated.
    ///
    /// # Errors
    /// A law of the model was broken: a bug.
    pub fn advance(&mut self, recorder: &mut dyn Recorder) -> Result<bool, Broken> {
        if self.edge == SimTime::ZERO && self.zero == SimTime::ZERO {
            self.begin_counting();
        }
        let from = self.edge;
        // Edges are counted from the end of the warm-up, which is one; so is the end.
        let next = match from < self.zero {
            true => (from + self.interval).min(self.zero),
            false => (from + self.interval).min(self.end),
        };
        self.run_before(next, recorder);
        (self.edge, self.now) = (next, next);
        self.step_all();
        if next == self.zero {
            self.begin_counting();
        } else if next > self.zero {
            self.state_samples(from, recorder);
        }
        let more = next < self.end;
        if cfg!(debug_assertions) || !more {
            self.audit();
        }
        self.broken.take().map_or(Ok(more), Err)
    }

    /// States how everything stands at the last edge: the end of the run, or where it was
    /// interrupted.
    pub fn finish(&mut self, recorder: &mut dyn Recorder) {
        self.state_end(recorder);
    }

    /// Everything that happens before an edge.
    fn run_before(&mut self, edge: SimTime, recorder: &mut dyn Recorder) {
        loop {
            let control = self.agenda.first_time();
            let (arrival, source) = self.arrivals.first();
            // Of equal times the one of the lowest rank; the edge precedes all.
            let bound = if arrival < control.min(edge.0) {
                Bound::before_entry(arrival, ARRIVAL, source)
            } else if control < edge.0 {
                Bound::before(control, AGENDA)
            } else {
                Bound::before(edge.0, 0)
            };
            if let Some(entry) = self.schedule.pop_before(bound) {
                self.now = SimTime(entry.time);
                match entry.rank() {
                    END => self.end(entry.payload(), entry.since, recorder),
                    STEP => self.cpu_step(entry, recorder),
                    RETURN => self.returned(entry.payload()),
                    _ => self.arrive(entry.payload()),
                }
            } else if edge.0 <= control && edge.0 <= arrival {
                return;
            } else if control <= arrival {
                let Some((time, event)) = self.agenda.pop() else { return };
                self.now = SimTime(time);
                self.control(event, recorder);
            } else {
                self.now = SimTime(arrival);
                self.arrive(source);
            }
            if cfg!(debug_assertions) {
                self.laws_of_touched();
            }
        }
    }

    /// What is rare.
    #[inline(never)]
    fn control(&mut self, event: Event, recorder: &mut dyn Recorder) {
        match event {
            Event::Timeline { entry, over } => self.happen(entry, over, recorder),
            Event::Flap { entry } => self.flap(entry as usize, recorder),
            Event::ManagerFails { manager } => self.manager_fails(manager, recorder),
            Event::ManagerRepaired { manager } => self.manager_repaired(manager, recorder),
            Event::KeyDisabled { key, version, serial } => {
                self.version_reaches(key, version, serial, VersionState::Disabled, recorder);
            }
            Event::KeyDestroyed { key, version, serial } => {
                self.version_reaches(key, version, serial, VersionState::Destroyed, recorder);
            }
            Event::PrimaryChanged { key, version } => self.primary_changed(key, version, recorder),
            Event::PermissionChanged { key, serial } => {
                self.permission_changed(key, serial, recorder);
            }
            Event::Step { instance, serial } => self.start_step(instance, serial, recorder),
            Event::StartInterval { revision } => self.start_interval(revision),
            Event::Restart { order, serial } => self.restart(order, serial),
            Event::Check { key } => self.check(key),
            Event::CheckAnswer { key } => self.check_answered(key, recorder),
            Event::PendingDeadline { revision, serial } => self.pending_deadline(revision, serial),
            Event::Idle { instance, serial } => self.idle_check(instance, serial, recorder),
            Event::DrainDeadline { instance, serial } => {
                self.drain_deadline(instance, serial, recorder);
            }
            Event::Crash { instance, serial } => self.crash(instance, serial, recorder),
            Event::OutOfMemory { .. } => self.out_of_memory(event, recorder),
            Event::WaitingPeriodOver { revision, serial } => {
                self.waiting_period_over(revision, serial, recorder);
            }
            Event::Report { revision } => self.report(revision, recorder),
            Event::Tick { revision } => self.tick(revision, recorder),
            Event::DeployStep { revision } => self.deploy_step(revision, recorder),
            Event::DeployDeadline { revision } => self.deploy_deadline(revision, recorder),
            Event::Rollout { revision, step } => self.roll_out(revision, step, recorder),
        }
    }
}

#[cfg(test)]
mod tests;
