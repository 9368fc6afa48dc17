//! Everything that can happen, in the order in which it happens at one instant.
//!
//! Order at one instant (MODEL: time, chance, order): the sample edge, ends of service, then the
//! agenda's events by their rank, then arrivals; within a rank, order of scheduling.

use crate::ids::{InstanceId, KeyId, OrderId, RevisionId};
use crate::kernel::Ranked;

/// Rank of an `End` of service in the event list.
pub const END: u8 = 0;
/// Rank of everything in the agenda against the event list.
pub const AGENDA: u8 = 2;
/// Rank of an arrival.
pub const ARRIVAL: u8 = 4;

/// What the 32 bits of an `End` say: the instance in the low 22, then how the request ends, then
/// whether it met a cold start. Seven bits are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The instance that serves the request.
    pub instance: InstanceId,
    /// Cut short by the request timeout.
    pub timed_out: bool,
    /// Waited for an instance that became ready after the request came.
    pub cold: bool,
}

/// Bits of an instance in an `End`.
const SLOT_BITS: u32 = 22;
/// Most instances that may exist at once.
pub const MAX_INSTANCES: usize = 1 << SLOT_BITS;

impl End {
    /// The 32 bits.
    #[inline]
    pub fn pack(self) -> u32 {
        self.instance.0
            | u32::from(self.timed_out) << SLOT_BITS
            | u32::from(self.cold) << (SLOT_BITS + 1)
    }

    /// What the 32 bits say.
    #[inline]
    pub fn unpack(bits: u32) -> Self {
        Self {
            instance: InstanceId(bits & ((1 << SLOT_BITS) - 1)),
            timed_out: bits >> SLOT_BITS & 1 == 1,
            cold: bits >> (SLOT_BITS + 1) & 1 == 1,
        }
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
    /// A disable of a key takes effect.
    KeyDisabled {
        /// The key.
        key: KeyId,
        /// Of the key's last order about its state.
        serial: u32,
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
        /// The instance's.
        serial: u32,
    },
    /// A failed start is tried again.
    Restart {
        /// Its order.
        order: OrderId,
        /// The order's ordinal within its revision.
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
        /// The instance's.
        serial: u32,
    },
    /// An instance's drain grace is over.
    DrainDeadline {
        /// The instance.
        instance: InstanceId,
        /// The instance's.
        serial: u32,
    },
    /// A revision's waiting period after a revocation is over.
    WaitingPeriodOver {
        /// The revision.
        revision: RevisionId,
        /// Of the revision's clock.
        serial: u32,
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
            Self::Timeline { .. } | Self::Rollout { .. } => 0,
            Self::KeyDisabled { .. } => 1,
            Self::PermissionChanged { .. } => 2,
            Self::CheckAnswer { .. } => 3,
            Self::Step { .. } | Self::DeployStep { .. } => 4,
            Self::Restart { .. } => 5,
            Self::Check { .. } => 6,
            Self::PendingDeadline { .. } | Self::DeployDeadline { .. } => 7,
            Self::Idle { .. } => 8,
            Self::DrainDeadline { .. } => 9,
            Self::WaitingPeriodOver { .. } => 10,
            Self::Tick { .. } => 11,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_unpacked_as_it_was_packed() {
        for timed_out in [false, true] {
            for cold in [false, true] {
                for slot in [0, 1, 12_345, MAX_INSTANCES as u32 - 1] {
                    let end = End { instance: InstanceId(slot), timed_out, cold };
                    assert_eq!(End::unpack(end.pack()), end);
                }
            }
        }
    }
}
