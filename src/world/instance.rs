//! One instance, start to stop: the hot record that requests touch, and the life beside it.

use crate::ids::{InstanceId, OrderId, RevisionId};
use crate::record::{EndReason, Phase};
use crate::units::{SimDuration, SimTime};

use super::keys::Asked;

/// What every request touches of an instance: 32 bytes. What only its life-cycle touches is in
/// [`Life`].
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its revision.
    pub revision: RevisionId,
    /// Ordinal of the attempt within the revision.
    pub serial: u32,
    /// Its number among the revision's running instances.
    pub seat: u32,
    /// Requests that ended on it.
    pub served: u32,
    /// Since when it has been idle, or not idle.
    pub since: u64,
    /// Requests in service on it.
    pub load: u16,
    /// What requests may do with it.
    pub state: PlaceState,
    /// Whether the agenda holds a check of its idleness.
    pub idle_timer: bool,
    /// How many times its load has risen above what its memory suffices for; it wraps.
    pub shortages: u32,
}

const _: () = assert!(size_of::<Place>() == 32);

impl Place {
    /// Whether it may be given requests.
    pub fn takes_requests(&self) -> bool {
        self.state == PlaceState::Ready
    }
}

/// What requests may do with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceState {
    /// Nobody lives here.
    Vacant,
    /// Not ready yet.
    Starting,
    /// Takes requests.
    Ready,
    /// Takes no new ones.
    Draining,
}

/// Which attempt of which start order an instance is.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Its order, while it lasts.
    pub order: OrderId,
    /// The order's ordinal within the revision.
    pub ordinal: u32,
    /// The attempt's within the order, from 1.
    pub number: u32,
    /// When it began.
    pub begun: SimTime,
}

/// The time an attempt spent with its key.
#[derive(Clone, Copy, Debug)]
pub struct Unlocked {
    /// When it began; it ended when the image began to be fetched.
    pub since: SimTime,
    /// Attempts of key calls.
    pub calls: u32,
}

/// An instance's life: each state holds what only that state knows.
#[derive(Clone, Copy, Debug)]
pub enum Life {
    /// Nobody lives here.
    Vacant,
    /// Finding a place.
    Allocating(Allocating),
    /// Decrypting with the key.
    Unlocking(Unlocking),
    /// Fetching the image.
    Fetching(Fetching),
    /// Starting the application.
    Booting(Booting),
    /// Ready for requests.
    Serving(Serving),
    /// Told to stop; finishes the requests it has.
    Draining(Draining),
}

/// See [`Life::Allocating`].
#[derive(Clone, Copy, Debug)]
pub struct Allocating {
    /// Which attempt.
    pub attempt: Attempt,
}

/// See [`Life::Unlocking`].
#[derive(Clone, Copy, Debug)]
pub struct Unlocking {
    /// Which attempt.
    pub attempt: Attempt,
    /// When it came here.
    pub since: SimTime,
    /// Decrypts granted so far.
    pub granted: u32,
    /// Attempts of key calls so far.
    pub calls: u32,
    /// The call under way.
    pub call: Call,
}

/// One key call with its attempts.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// When its first attempt was sent.
    pub begun: SimTime,
    /// Ordinal of the present attempt, from 1.
    pub attempt: u32,
    /// The wait before it; zero before the first.
    pub waited: SimDuration,
    /// The attempt on its way; absent: the wait before the next one.
    pub asked: Option<Asked>,
}

impl Call {
    /// A call whose first attempt is sent now.
    pub fn new(now: SimTime) -> Self {
        Self { begun: now, attempt: 1, waited: SimDuration::ZERO, asked: None }
    }

    /// Its next attempt comes after a wait.
    pub fn again(&mut self, wait: SimDuration) {
        self.attempt += 1;
        self.waited = wait;
    }
}

/// See [`Life::Fetching`].
#[derive(Clone, Copy, Debug)]
pub struct Fetching {
    /// Which attempt.
    pub attempt: Attempt,
    /// Its time with the key; absent without one.
    pub unlocked: Option<Unlocked>,
    /// When it came here: its deadline counts from here.
    pub since: SimTime,
    /// Whether the deadline ends this phase.
    pub too_late: bool,
}

/// See [`Life::Booting`].
#[derive(Clone, Copy, Debug)]
pub struct Booting {
    /// How it came here.
    pub fetched: Fetching,
    /// When.
    pub since: SimTime,
    /// What this phase comes to.
    pub end: BootEnd,
}

/// What booting comes to, known when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootEnd {
    /// The platform sees that the application answers.
    Ready,
    /// The deadline ends it.
    TooLate,
    /// The startup probe has had no answer for as long as it may.
    Unseen,
    /// The application crashes instead of answering.
    Crashed,
}

/// See [`Life::Serving`].
#[derive(Clone, Copy, Debug)]
pub struct Serving {
    /// How it started; absent: ready from the start of the run.
    pub booted: Option<Booting>,
    /// When it became ready.
    pub since: SimTime,
}

/// See [`Life::Draining`].
#[derive(Clone, Copy, Debug)]
pub struct Draining {
    /// How it ran.
    pub served: Serving,
    /// When it was told to stop.
    pub since: SimTime,
    /// Why.
    pub reason: EndReason,
}

/// The instants of a life, as far as it has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Story {
    /// Which attempt; absent: ready from the start of the run.
    pub attempt: Option<Attempt>,
    /// Its time with the key, so far or in all.
    pub unlocking: Option<SimTime>,
    /// Start of fetching.
    pub fetching: Option<SimTime>,
    /// Start of booting.
    pub booting: Option<SimTime>,
    /// Ready.
    pub ready: Option<SimTime>,
    /// Told to stop.
    pub draining: Option<SimTime>,
    /// Attempts of key calls.
    pub calls: u32,
}

impl Fetching {
    fn story(&self) -> Story {
        Story {
            attempt: Some(self.attempt),
            unlocking: self.unlocked.map(|u| u.since),
            fetching: Some(self.since),
            calls: self.unlocked.map_or(0, |u| u.calls),
            ..Story::default()
        }
    }
}

impl Serving {
    fn story(&self) -> Story {
        let booted = self.booted.map(|b| Story { booting: Some(b.since), ..b.fetched.story() });
        Story { ready: Some(self.since), ..booted.unwrap_or_default() }
    }
}

impl Life {
    /// How far it has come.
    pub fn story(&self) -> Story {
        match self {
            Self::Vacant => Story::default(),
            Self::Allocating(a) => Story { attempt: Some(a.attempt), ..Story::default() },
            Self::Unlocking(u) => Story {
                attempt: Some(u.attempt),
                unlocking: Some(u.since),
                calls: u.calls,
                ..Story::default()
            },
            Self::Fetching(f) => f.story(),
            Self::Booting(b) => Story { booting: Some(b.since), ..b.fetched.story() },
            Self::Serving(s) => s.story(),
            Self::Draining(d) => Story { draining: Some(d.since), ..d.served.story() },
        }
    }

    /// The phase of a start; absent outside one.
    pub fn start_phase(&self) -> Option<Phase> {
        match self {
            Self::Allocating(_) => Some(Phase::Allocating),
            Self::Unlocking(_) => Some(Phase::Unlocking),
            Self::Fetching(_) => Some(Phase::Fetching),
            Self::Booting(_) => Some(Phase::Booting),
            Self::Vacant | Self::Serving(_) | Self::Draining(_) => None,
        }
    }

    /// When it became ready.
    pub fn ready_since(&self) -> Option<SimTime> {
        match self {
            Self::Serving(s) => Some(s.since),
            Self::Draining(d) => Some(d.served.since),
            Self::Vacant
            | Self::Allocating(_)
            | Self::Unlocking(_)
            | Self::Fetching(_)
            | Self::Booting(_) => None,
        }
    }
}

/// The instances of a world: hot records and lives side by side, places reused.
#[derive(Debug, Default)]
pub struct Instances {
    /// By [`InstanceId`].
    pub places: Vec<Place>,
    /// By [`InstanceId`].
    pub lives: Vec<Life>,
    /// By [`InstanceId`]: see [`Instances::stay`].
    stays: Vec<u32>,
    /// Instances so far, of all revisions.
    begun: u32,
    vacant: Vec<InstanceId>,
}

impl Instances {
    /// Someone moves in, the last place to fall vacant first.
    ///
    /// # Panics
    /// With more instances at once than an `End` can name, which the scenario's bounds exclude.
    pub fn add(&mut self, place: Place, life: Life) -> InstanceId {
        self.begun = self.begun.wrapping_add(1);
        if let Some(id) = self.vacant.pop() {
            (self.places[id.index()], self.lives[id.index()]) = (place, life);
            self.stays[id.index()] = self.begun;
            return id;
        }
        assert!(self.places.len() < super::event::MAX_INSTANCES, "too many instances at once");
        self.places.push(place);
        self.lives.push(life);
        self.stays.push(self.begun);
        InstanceId::at(self.places.len() - 1)
    }

    /// Someone moves out.
    pub fn remove(&mut self, id: InstanceId) {
        self.places[id.index()].state = PlaceState::Vacant;
        self.lives[id.index()] = Life::Vacant;
        self.vacant.push(id);
    }

    /// The hot record.
    #[inline]
    pub fn place(&self, id: InstanceId) -> &Place {
        &self.places[id.index()]
    }

    /// The hot record, to change it.
    #[inline]
    pub fn place_mut(&mut self, id: InstanceId) -> &mut Place {
        &mut self.places[id.index()]
    }

    /// The life.
    pub fn life(&self, id: InstanceId) -> &Life {
        &self.lives[id.index()]
    }

    /// The life, to change it.
    pub fn life_mut(&mut self, id: InstanceId) -> &mut Life {
        &mut self.lives[id.index()]
    }

    /// Whether an event's instance is still the one it was for.
    pub fn is(&self, id: InstanceId, stay: u32) -> bool {
        self.stays[id.index()] == stay && self.place(id).state != PlaceState::Vacant
    }

    /// Ordinal of an instance among all of the run: tells an event whose instance is gone, and whose
    /// place another has, perhaps of another revision.
    pub fn stay(&self, id: InstanceId) -> u32 {
        self.stays[id.index()]
    }

    /// Everybody leaves.
    pub fn clear(&mut self) {
        self.places.clear();
        self.lives.clear();
        self.stays.clear();
        self.begun = 0;
        self.vacant.clear();
    }
}
