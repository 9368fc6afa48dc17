//! Clients: they give up, try again what failed, and in a closed loop come back when they have
//! thought.
//!
//! A client that waits between two tries, or thinks, is a `Return` of the event list and nothing
//! else. Tries and thinking draw from streams of their own, so that they shift no first arrival.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::World;
use super::event::{Origin, RETURN, Return};
use super::keys::retry;
use crate::distribution::Distribution;
use crate::ids::{RevisionId, ServiceId};
use crate::kernel::{EventList, Streams};
use crate::scenario::{self, LoadKind, Retries};
use crate::units::{SimDuration, SimTime};

/// Parts of a token of the retry budget.
const TOKEN: u64 = 1_000_000;

/// The clients of a service that do more than send a request and wait.
#[derive(Debug)]
pub struct Clients {
    retries: Option<Retrying>,
    closed: Option<ClosedLoop>,
}

/// Clients who try again.
#[derive(Debug)]
struct Retrying {
    settings: Retries,
    waits: Xoshiro256PlusPlus,
    work: Xoshiro256PlusPlus,
    /// What is left of the budget, in millionths of a retry.
    tokens: u64,
}

/// Clients who wait for an answer before they ask again.
#[derive(Debug)]
struct ClosedLoop {
    clients: u32,
    law: Distribution,
    think: Xoshiro256PlusPlus,
    work: Xoshiro256PlusPlus,
}

impl Clients {
    /// The clients of a service at the start of the run; absent where they do nothing.
    pub fn new(settings: &scenario::Service, streams: &Streams) -> Option<Box<Self>> {
        let name = &settings.name;
        let retries = settings.client.retries.map(|settings| Retrying {
            settings,
            waits: streams.get("client back-off", name),
            work: streams.get("retry service time", name),
            tokens: settings.budget.map_or(0, |(_, burst)| u64::from(burst) * TOKEN),
        });
        let closed = settings.load.iter().find_map(|load| match &load.kind {
            LoadKind::ClosedLoop { clients, think } => Some(ClosedLoop {
                clients: *clients,
                law: think.clone(),
                think: streams.get("think time", name),
                work: streams.get("closed loop service time", name),
            }),
            LoadKind::Constant { .. }
            | LoadKind::Poisson { .. }
            | LoadKind::Profile { .. }
            | LoadKind::Wave { .. }
            | LoadKind::Bursty(_)
            | LoadKind::Trace(_) => None,
        });
        (retries.is_some() || closed.is_some()).then(|| Box::new(Self { retries, closed }))
    }

    /// A first arrival adds to the budget.
    fn first_arrival(&mut self) {
        if let Some(Retrying {
            settings: Retries { budget: Some((share, burst)), .. },
            tokens,
            ..
        }) = &mut self.retries
        {
            let full = u64::from(*burst) * TOKEN;
            *tokens = (*tokens + (share.0 * TOKEN as f64) as u64).min(full);
        }
    }

    /// How long after its failure a request is tried again; absent: it is not.
    fn again(&mut self, origin: Origin) -> Option<SimDuration> {
        let retrying = self.retries.as_mut()?;
        let Retries { attempts, back_off, jitter, budget } = retrying.settings;
        if origin.attempt >= attempts {
            return None;
        }
        if budget.is_some() {
            retrying.tokens = retrying.tokens.checked_sub(TOKEN)?;
        }
        let ceiling = retry::ceiling(&back_off, u32::from(origin.attempt) + 1);
        Some(match jitter {
            true => SimDuration(retrying.waits.random_range(0..=ceiling.0)),
            false => ceiling,
        })
    }

    /// How long a client of the closed loop thinks.
    fn think(&mut self) -> SimDuration {
        let closed = self.closed.as_mut();
        closed.map_or(SimDuration::ZERO, |c| c.law.sample(&mut c.think))
    }

    /// The service time of a request that returns, by this law.
    fn work(&mut self, origin: Origin, law: &Distribution) -> u64 {
        let retries = self.retries.as_mut().map(|r| &mut r.work);
        let closed = self.closed.as_mut().map(|c| &mut c.work);
        let luck = if origin.attempt > 0 { retries } else { closed };
        luck.map_or(0, |luck| law.sample(luck).0)
    }
}

impl<Q: EventList> World<'_, Q> {
    /// The clients of every closed loop begin to think.
    pub(super) fn begin_closed_loops(&mut self) {
        for service in (0..self.services.len()).map(ServiceId::at) {
            let Some(clients) = &mut self.services[service.index()].clients else { continue };
            for _ in 0..clients.closed.as_ref().map_or(0, |c| c.clients) {
                let at = SimTime::ZERO + clients.think();
                let origin = Origin { attempt: 0, closed: true };
                self.schedule.push(at.0, RETURN, Return { service, origin }.pack(), 0);
            }
        }
    }

    /// A client returns: a request is tried again, or the next of a closed loop is sent.
    pub(super) fn returned(&mut self, bits: u32) {
        let Return { service, origin } = Return::unpack(bits);
        let (revision, client) = self.address(service, origin);
        let Some(clients) = &mut self.services[service.index()].clients else { return };
        let work = clients.work(origin, &self.revisions[revision.index()].settings.service_time);
        self.admit(revision, client, work, origin);
    }

    /// A request of a service whose clients do more than wait has arrived for the first time.
    pub(super) fn first_arrival(&mut self, revision: RevisionId) {
        let service = self.revisions[revision.index()].service;
        if let Some(clients) = &mut self.services[service.index()].clients {
            clients.first_arrival();
        }
    }

    /// A request has failed: its client tries again, or lets it be.
    pub(super) fn failed(&mut self, revision: RevisionId, origin: Origin) {
        let service = self.revisions[revision.index()].service;
        let Some(clients) = &mut self.services[service.index()].clients else { return };
        match clients.again(origin) {
            Some(wait) => {
                let origin = Origin { attempt: origin.attempt + 1, ..origin };
                let at = self.now + wait;
                self.schedule.push(at.0, RETURN, Return { service, origin }.pack(), 0);
                self.revisions[revision.index()].traffic.count.retried += 1;
            }
            None => self.done(revision, origin),
        }
    }

    /// A request is over for its client; one of the closed loop thinks now.
    pub(super) fn done(&mut self, revision: RevisionId, origin: Origin) {
        let service = self.revisions[revision.index()].service;
        if let Some(clients) = &mut self.services[service.index()].clients
            && origin.closed
        {
            let at = self.now + clients.think();
            let origin = Origin { attempt: 0, closed: true };
            self.schedule.push(at.0, RETURN, Return { service, origin }.pack(), 0);
        }
    }
}
