//! Ride-outs over runs: the share of runs that a service survived a block in, how long it lasted,
//! how long it took to recover.

use super::estimate::{Estimate, OverRuns};
use crate::record::{BlockKind, RideOut};
use crate::stats::interval::{Interval, LEVEL, Moments, wilson};
use crate::stats::survival::{Lasted, length_at, length_within, sorted};

/// Blocks that are told apart; drawn outages of a long run may be thousands.
const MOST: usize = 100;

/// One block of each run: the same one or, where outages are drawn, the n-th of each.
#[derive(Clone, Debug)]
pub struct BlockRuns {
    /// The service.
    pub service: String,
    /// The kind of block.
    pub kind: BlockKind,
    /// The key, manager or quota.
    pub subject: String,
    /// Its ordinal among those of its kind, subject and service.
    pub ordinal: u64,
    /// From when it had effect in the first run, in seconds since the end of the warm-up.
    pub from: f64,
    /// Its length in each run that has it, in seconds.
    pub length: Moments,
    lasted: Vec<Lasted>,
    /// The same to the first limit that broke, of the runs in which limits held when it began.
    held: Vec<Lasted>,
    recovery: OverRuns,
}

/// What a service's rides through a block come to, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RideEstimate {
    /// Runs that have the block.
    pub runs: u64,
    /// Of those, the ones in which it cost no request.
    pub survived: u64,
    /// Their share, with Wilson's interval.
    pub survived_within: Option<Interval>,
    /// The mean ride with Student's interval; only where none was cut off.
    pub mean_within: Option<Interval>,
    /// 5 % of the rides are no longer; infinite where so many did not end.
    pub p5: Option<f64>,
    /// Half of the rides are no longer.
    pub median: Option<f64>,
    /// Its interval; none of fewer than six runs.
    pub median_within: Option<Interval>,
    /// 95 % of the rides are no longer.
    pub p95: Option<f64>,
    /// Runs with an upper limit that held when the block began.
    pub limited: u64,
    /// Of those, the ones in which all limits held through the block.
    pub held: u64,
    /// Their share, with Wilson's interval.
    pub held_within: Option<Interval>,
    /// How long the limits held in half of the runs; infinite where they held through the block.
    pub held_median: Option<f64>,
    /// Its interval; none of fewer than six runs.
    pub held_median_within: Option<Interval>,
    /// The recovery; it never comes where the run ends first.
    pub recovery: Estimate,
}

impl BlockRuns {
    fn new(ride: &RideOut, from: f64) -> Self {
        Self {
            service: ride.service.clone(),
            kind: ride.kind,
            subject: ride.subject.clone(),
            ordinal: ride.ordinal,
            from,
            length: Moments::default(),
            lasted: Vec::new(),
            held: Vec::new(),
            recovery: OverRuns::kept(),
        }
    }

    fn is_of(&self, ride: &RideOut) -> bool {
        (self.ordinal, self.kind) == (ride.ordinal, ride.kind)
            && (&self.service, &self.subject) == (&ride.service, &ride.subject)
    }

    fn add(&mut self, ride: &RideOut) {
        let until = ride.until.unwrap_or(ride.end.max(ride.from));
        self.length.add(until.since(ride.from).as_secs_f64());
        let (length, ended) = (ride.lasted().as_secs_f64(), !ride.survived());
        self.lasted.push(Lasted { length, ended });
        if let Some(held) = ride.held() {
            let (length, ended) = (held.as_secs_f64(), ride.broken.is_some());
            self.held.push(Lasted { length, ended });
        }
        // A block that lasts to the end of the run leaves nothing to recover in.
        if ride.until.is_some() {
            self.recovery.add(ride.recovery().map_or(f64::INFINITY, |r| r.as_secs_f64()));
        }
    }

    /// What the rides come to.
    pub fn estimate(&self) -> RideEstimate {
        let lasted = sorted(&self.lasted);
        let runs = lasted.len() as u64;
        let survived = lasted.iter().filter(|lasted| !lasted.ended).count() as u64;
        let held = sorted(&self.held);
        let limited = held.len() as u64;
        let unbroken = held.iter().filter(|held| !held.ended).count() as u64;
        let mean = Moments::of(self.lasted.iter().map(|lasted| lasted.length));
        RideEstimate {
            runs,
            survived,
            survived_within: wilson(survived, runs, LEVEL),
            mean_within: mean.interval(LEVEL).filter(|_| survived == 0),
            p5: length_at(&lasted, 0.05),
            median: length_at(&lasted, 0.5),
            median_within: length_within(&lasted, 0.5),
            p95: length_at(&lasted, 0.95),
            limited,
            held: unbroken,
            held_within: wilson(unbroken, limited, LEVEL),
            held_median: length_at(&held, 0.5),
            held_median_within: length_within(&held, 0.5),
            recovery: self.recovery.estimate(),
        }
    }
}

/// Takes the rides of a run in.
pub(super) fn add(blocks: &mut Vec<BlockRuns>, rides: &[RideOut], zero: f64) {
    for ride in rides {
        let known = blocks.iter().position(|block| block.is_of(ride));
        let at = known.or_else(|| {
            (blocks.len() < MOST).then(|| {
                let from = crate::units::SimDuration(ride.from.0).as_secs_f64() - zero;
                blocks.push(BlockRuns::new(ride, from));
                blocks.len() - 1
            })
        });
        if let Some(at) = at {
            blocks[at].add(ride);
        }
    }
}
