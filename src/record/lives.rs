//! What instances and starts lived through, and the instants that tell of it.

use crate::units::SimTime;

/// Lives of instances: integrals over time, and sums over those that ended. A run's count from the
/// end of the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    /// Integral of the attempts to start, in instance-nanoseconds.
    pub starting_time: u128,
    /// Integral of the ready instances without a request, in instance-nanoseconds.
    pub idle_time: u128,
    /// Instances that were ready, and have ended.
    pub ended: u64,
    /// Their ages at the end, from the begin of the start, in nanoseconds.
    pub lifespan: u128,
    /// Attempts to start that are done with their key, or have failed for it.
    pub unlocked: u64,
    /// Time that they spent with it, in nanoseconds.
    pub key_wait: u128,
}

impl Lives {
    /// Adds those of others.
    pub fn add(&mut self, other: &Self) {
        self.starting_time += other.starting_time;
        self.idle_time += other.idle_time;
        self.ended += other.ended;
        self.lifespan += other.lifespan;
        self.unlocked += other.unlocked;
        self.key_wait += other.key_wait;
    }
}

/// Instants since the end of the warm-up at which something happened for the first or the last
/// time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
    /// When the first request to be refused came, and when it was refused.
    pub first_refused: Option<(SimTime, SimTime)>,
    /// The last start became ready.
    pub last_ready: Option<SimTime>,
    /// The first instance ended.
    pub first_ended: Option<SimTime>,
    /// The last one that has ended.
    pub last_ended: Option<SimTime>,
}

impl Milestones {
    /// Takes in those of others: the earlier first, the later last.
    pub fn join(&mut self, other: &Self) {
        let refused = [self.first_refused, other.first_refused].into_iter().flatten();
        self.first_refused = refused.min_by_key(|(_, refused)| *refused);
        self.last_ready = self.last_ready.max(other.last_ready);
        self.first_ended = [self.first_ended, other.first_ended].into_iter().flatten().min();
        self.last_ended = self.last_ended.max(other.last_ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firsts_are_the_earlier_and_lasts_the_later() {
        let some = |at| Some(SimTime(at));
        let mut all = Milestones { last_ready: some(5), ..Milestones::default() };
        all.join(&Milestones {
            first_refused: Some((SimTime(1), SimTime(9))),
            last_ready: some(4),
            first_ended: some(7),
            last_ended: some(8),
        });
        all.join(&Milestones {
            first_refused: Some((SimTime(2), SimTime(6))),
            last_ready: None,
            first_ended: some(3),
            last_ended: None,
        });
        let expected = Milestones {
            first_refused: Some((SimTime(2), SimTime(6))),
            last_ready: some(5),
            first_ended: some(3),
            last_ended: some(8),
        };
        assert_eq!(all, expected);
    }
}
