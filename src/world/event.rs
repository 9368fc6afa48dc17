//! Everything that can happen, in the order in which it happens at one instant.
//!
//! Order at one instant (MODEL: time, chance, order): the sample edge, ends of service, then the
//! agenda's events by their rank, then arrivals; within a rank, order of scheduling.

use crate::ids::{InstanceId, KeyId, ManagerId, OrderId, RevisionId, ServiceId};
use crate::kernel::Ranked;

/// Rank of an `End` of service in the event list.
pub const END: u8 = 0;
/// Rank of a `Step` in the event list: something may be due on an instance whose requests share it.
pub const STEP: u8 = 1;
/// Rank of everything in the agenda against the event list.
pub const AGENDA: u8 = 2;
/// Rank of the return of a client: a retry, or the end of its time to think.
pub const RETURN: u8 = 3;
/// Rank of an arrival.
pub const ARRIVAL: u8 = 4;

/// How a request in service ends, known when service begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// Completed in time.
    Served,
    /// Cut short by the request timeout.
    TimedOut,
    /// Its client gives up first. Where the work of such a request is held, it keeps its slot.
    Abandoned,
    /// The work of a request whose client has given up before, done: its slot is free.
    Held,
}

/// What a request is to its client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Which try it is, from 0; at most [`Origin::LAST`].
    pub attempt: u8,
    /// Whether a client of the closed loop waits for it.
    pub closed: bool,
}

impl Origin {
    /// The last try there can be.
    pub const LAST: u8 = 15;

    /// The bits, where they stand in an event's payload.
    #[inline]
    pub fn pack(self) -> u32 {
        u32::from(self.attempt) << ATTEMPT_SHIFT | u32::from(self.closed) << CLOSED_SHIFT
    }

    /// What the bits say.
    #[inline]
    pub fn unpack(bits: u32) -> Self {
        Self {
            attempt: (bits >> ATTEMPT_SHIFT) as u8 & Self::LAST,
            closed: bits >> CLOSED_SHIFT & 1 == 1,
        }
    }
}

/// What the 32 bits of an `End` say: the instance in the low 22, then how the request ends (2),
/// whether it met a cold start, two free bits, whether the closed loop waits for it, and which try
/// it is (4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The instance that serves the request.
    pub instance: InstanceId,
    /// How it ends.
    pub outcome: Outcome,
    /// Waited for an instance that became ready after the request came.
    pub cold: bool,
    /// What it is to its client.
    pub origin: Origin,
}

/// Bits of an instance in an `End`, and of a service in a `Return`.
const SLOT_BITS: u32 = 22;
const SLOT: u32 = (1 << SLOT_BITS) - 1;
const OUTCOME_SHIFT: u32 = SLOT_BITS;
const COLD_SHIFT: u32 = SLOT_BITS + 2;
const CLOSED_SHIFT: u32 = SLOT_BITS + 5;
const ATTEMPT_SHIFT: u32 = SLOT_BITS + 6;
/// Most instances that may exist at once.
pub const MAX_INSTANCES: usize = 1 << SLOT_BITS;

impl End {
    /// The 32 bits.
    #[inline]
    pub fn pack(self) -> u32 {
        self.instance.0
            | (self.outcome as u32) << OUTCOME_SHIFT
            | u32::from(self.cold) << COLD_SHIFT
            | self.origin.pack()
    }

    /// What the 32 bits say.
    #[inline]
    pub fn unpack(bits: u32) -> Self {
        Self {
            instance: InstanceId(bits & SLOT),
            outcome: match bits >> OUTCOME_SHIFT & 3 {
                0 => Outcome::Served,
                1 => Outcome::TimedOut,
                2 => Outcome::Abandoned,
                _ => Outcome::Held,
            },
            cold: bits >> COLD_SHIFT & 1 == 1,
            origin: Origin::unpack(bits),
        }
    }
}

/// What the 32 bits of a `Return` say: the service in the low 22, then what its request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// The service.
    pub service: ServiceId,
    /// What the request that comes now is.
    pub origin: Origin,
}

impl Return {
    /// The 32 bits.
    pub fn pack(self) -> u32 {
        self.service.0 | self.origin.pack()
    }

    /// What the 32 bits say.
    pub fn unpack(bits: u32) -> Self {
        Self { service: ServiceId(bits & SLOT), origin: Origin::unpack(bits) }
    }
}

/// What is rare beside the requests: waits in the agenda. A `serial` tells an event that has been
/// overtaken: it differs from its subject's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An entry of the timeline begins or is taken back.
    Timeline {
        /// Its position.
        entry: u32,
        /// Whether it is taken back.
        over: bool,
    },
    /// A flapping manager goes away, or is back.
    Flap {
        /// Position of its outage in the timeline.
        entry: u32,
    },
    /// An external manager fails by a draw.
    ManagerFails {
        /// The manager.
        manager: ManagerId,
    },
    /// It is repaired.
    ManagerRepaired {
        /// The manager.
        manager: ManagerId,
    },
    /// A disable of a key version takes effect.
    KeyDisabled {
        /// The key.
        key: KeyId,
        /// The version.
        version: u32,
        /// Of the version's last order.
        serial: u32,
    },
    /// A key version that was scheduled for destruction is destroyed.
    KeyDestroyed {
        /// The key.
        key: KeyId,
        /// The version.
        version: u32,
        /// Of the version's last order.
        serial: u32,
    },
    /// A key has another primary version.
    PrimaryChanged {
        /// The key.
        key: KeyId,
        /// The version.
        version: u32,
    },
    /// A change of permission takes effect.
    PermissionChanged {
        /// The key.
        key: KeyId,
        /// Of the key's last order about its permission.
        serial: u32,
    },
    /// A start comes to its next step: the end of a phase, a key call's answer, the end of a
    /// back-off between two attempts of a call.
    Step {
        /// The instance that starts.
        instance: InstanceId,
        /// Its stay.
        serial: u32,
    },
    /// An interval of a revision's start rate begins.
    StartInterval {
        /// The revision.
        revision: RevisionId,
    },
    /// A failed start is tried again.
    Restart {
        /// Its order.
        order: OrderId,
        /// Its ordinal among all of the run.
        serial: u32,
    },
    /// A check of a key begins.
    Check {
        /// The key.
        key: KeyId,
    },
    /// A check's call is answered.
    CheckAnswer {
        /// The key.
        key: KeyId,
    },
    /// The first waiting request of a revision has waited long enough.
    PendingDeadline {
        /// The revision.
        revision: RevisionId,
        /// Of the queue's timer.
        serial: u32,
    },
    /// An instance may have been idle for long enough.
    Idle {
        /// The instance.
        instance: InstanceId,
        /// Its stay.
        serial: u32,
    },
    /// An instance's drain grace is over.
    DrainDeadline {
        /// The instance.
        instance: InstanceId,
        /// Its stay.
        serial: u32,
    },
    /// An instance crashes.
    Crash {
        /// The instance.
        instance: InstanceId,
        /// Its stay.
        serial: u32,
    },
    /// An instance has been short of memory for as long as it lasts.
    OutOfMemory {
        /// The instance.
        instance: InstanceId,
        /// Its stay.
        serial: u32,
        /// How many times its load has risen above what its memory suffices for.
        shortage: u32,
    },
    /// A revision's waiting period after a revocation is over.
    WaitingPeriodOver {
        /// The revision.
        revision: RevisionId,
        /// Of the revision's clock.
        serial: u32,
    },
    /// A revision's instances and its queue report to its autoscaler.
    Report {
        /// The revision.
        revision: RevisionId,
    },
    /// A revision's autoscaler decides.
    Tick {
        /// The revision.
        revision: RevisionId,
    },
    /// The key call of a revision's deploy is answered, or its wait before another attempt is over.
    DeployStep {
        /// The revision.
        revision: RevisionId,
    },
    /// A deployed revision must have a ready instance.
    DeployDeadline {
        /// The revision.
        revision: RevisionId,
    },
    /// A deployed revision takes a later share of the traffic.
    Rollout {
        /// The revision.
        revision: RevisionId,
        /// Which.
        step: u32,
    },
}

impl Ranked for Event {
    fn rank(&self) -> u8 {
        match self {
            Self::Timeline { .. }
            | Self::Flap { .. }
            | Self::ManagerFails { .. }
            | Self::ManagerRepaired { .. }
            | Self::Rollout { .. } => 0,
            Self::KeyDisabled { .. } | Self::KeyDestroyed { .. } => 1,
            Self::PrimaryChanged { .. } | Self::PermissionChanged { .. } => 2,
            Self::StartInterval { .. } => 3,
            Self::CheckAnswer { .. } => 4,
            Self::Step { .. } | Self::DeployStep { .. } => 5,
            Self::Restart { .. } => 6,
            Self::Check { .. } => 7,
            Self::PendingDeadline { .. } | Self::DeployDeadline { .. } => 8,
            Self::Idle { .. } => 9,
            Self::DrainDeadline { .. } => 10,
            Self::Crash { .. } => 11,
            Self::OutOfMemory { .. } => 12,
            Self::WaitingPeriodOver { .. } => 13,
            Self::Report { .. } => 14,
            Self::Tick { .. } => 15,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_unpacked_as_they_were_packed() {
        let outcomes = [Outcome::Served, Outcome::TimedOut, Outcome::Abandoned, Outcome::Held];
        for slot in [0, 1, 12_345, MAX_INSTANCES as u32 - 1] {
            for (attempt, closed) in [(0, false), (15, true), (7, false)] {
                let origin = Origin { attempt, closed };
                let back = Return { service: ServiceId(slot), origin };
                assert_eq!(Return::unpack(back.pack()), back);
                for (outcome, cold) in outcomes.into_iter().zip([true, false, true, false]) {
                    let end = End { instance: InstanceId(slot), outcome, cold, origin };
                    assert_eq!(End::unpack(end.pack()), end);
                }
            }
        }
    }
}
