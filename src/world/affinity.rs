//! Session affinity: a client's requests go to the instance that had its last one.
//!
//! As the platform documents it (Cloud Run documentation, Set session affinity) it is best effort:
//! when the instance is gone or full, the request goes where the routing sends it, and the client
//! with it; and it goes before traffic splitting, so a service's clients are split, not their
//! requests, and a change of shares moves few of them. A request is of one of so many clients, each
//! as likely; so is one that is tried again or sent by a closed loop, of which the event list keeps
//! no client.
//!
//! Assumption: a request that had to wait leaves its client's place as it was. Requests wait when
//! every slot is taken, and the next one after that finds its way anew.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::World;
use super::event::Origin;
use super::split::ALL;
use crate::ids::{InstanceId, RevisionId, ServiceId};
use crate::kernel::{EventList, Streams};

/// A client's place: an instance, told from later ones in the same place by its stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Home {
    instance: InstanceId,
    revision: RevisionId,
    serial: u32,
}

/// A client that has none yet.
const NOWHERE: Home =
    Home { instance: InstanceId(u32::MAX), revision: RevisionId(u32::MAX), serial: u32::MAX };

/// One of a service's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub u32);

/// A service's clients and where they are at home: 12 bytes a client.
#[derive(Clone, Debug)]
pub struct Affinity {
    homes: Vec<Home>,
    /// Draws whose request arrives.
    luck: Xoshiro256PlusPlus,
    /// Draws whose request is tried again or returns: how many do so shifts no arrival.
    returns: Xoshiro256PlusPlus,
}

impl Affinity {
    /// So many clients of a service, at home nowhere.
    pub fn new(clients: u32, streams: &Streams, service: &str) -> Self {
        Self {
            homes: vec![NOWHERE; clients as usize],
            luck: streams.get("affinity", service),
            returns: streams.get("affinity of returns", service),
        }
    }

    /// Whose request comes, and where that client stands among all, in per cent.
    fn next(&mut self, origin: Origin) -> (Client, u32) {
        let first = origin == Origin::default();
        let luck = if first { &mut self.luck } else { &mut self.returns };
        let clients = self.homes.len() as u32;
        let client = luck.random_range(0..clients);
        let percent = u64::from(client) * u64::from(ALL) / u64::from(clients);
        (Client(client), percent as u32)
    }
}

impl<Q: EventList> World<'_, Q> {
    /// The revision that a service's next request goes to, and whose it is, where that matters.
    #[inline]
    pub(super) fn address(
        &mut self,
        service: ServiceId,
        origin: Origin,
    ) -> (RevisionId, Option<Client>) {
        let s = &mut self.services[service.index()];
        match &mut s.affinity {
            None => (s.traffic.next(), None),
            Some(affinity) => {
                let (client, percent) = affinity.next(origin);
                (s.traffic.of(percent), Some(client))
            }
        }
    }

    /// Takes a slot for a client's request: at home if it can be, else where the routing says, and
    /// that is its home from now on. The instance, and the load that it had.
    #[inline(never)]
    pub(super) fn take_for(
        &mut self,
        client: Client,
        revision: RevisionId,
    ) -> Option<(InstanceId, u16)> {
        let r = &mut self.revisions[revision.index()];
        let affinity = self.services[r.service.index()].affinity.as_mut()?;
        let home = &mut affinity.homes[client.0 as usize];
        if home.revision == revision && self.instances.is(home.instance, home.serial) {
            let place = self.instances.place(home.instance);
            // Whoever has moved in since may be of another revision.
            let same = place.revision == revision && place.takes_requests();
            if same && place.load < r.settings.concurrency {
                r.router.take_at(place.seat, place.load);
                return Some((home.instance, place.load));
            }
        }
        let (seat, load) = r.router.take()?;
        let instance = r.seated(seat);
        let serial = self.instances.stay(instance);
        *home = Home { instance, revision, serial };
        Some((instance, load))
    }
}
