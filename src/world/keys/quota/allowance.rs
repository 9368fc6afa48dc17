//! Whether a quota has room: so many units in each whole second, or a bucket of tokens.

use crate::scenario::Mechanism;
use crate::units::SECOND;

/// How much room there is.
#[derive(Clone, Copy, Debug)]
pub enum Allowance {
    /// The limit, less what was charged in the present second.
    Window,
    /// What is in the bucket.
    Bucket(Bucket),
}

/// A bucket that fills evenly. A token is [`SECOND`] parts, so that a limit of n a second adds n
/// parts a nanosecond and nothing is rounded.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Tokens that it holds at most; absent: as many as the limit.
    burst: Option<u32>,
    /// Parts in it at `at`.
    level: u64,
    at: u64,
}

impl Allowance {
    /// All of it.
    pub fn new(mechanism: Mechanism, limit: u32) -> Self {
        match mechanism {
            Mechanism::FixedWindow => Self::Window,
            Mechanism::TokenBucket { burst } => {
                let mut bucket = Bucket { burst, level: 0, at: 0 };
                bucket.level = bucket.most(limit);
                Self::Bucket(bucket)
            }
        }
    }

    /// Takes units, where there is room for them. `used` is what was charged in this second.
    pub fn take(&mut self, at: u64, units: u32, used: u64, limit: u32) -> bool {
        match self {
            Self::Window => used + u64::from(units) <= limit.into(),
            Self::Bucket(bucket) => bucket.take(at, units, limit),
        }
    }

    /// Takes units that are served whether there is room or not.
    pub fn overdraw(&mut self, at: u64, units: u32, limit: u32) {
        if let Self::Bucket(bucket) = self {
            bucket.fill(at, limit);
            bucket.level = bucket.level.saturating_sub(u64::from(units) * SECOND);
        }
    }

    /// The limit changes: what has come in until now came under the old one.
    pub fn change_limit(&mut self, at: u64, old: u32, new: u32) {
        if let Self::Bucket(bucket) = self {
            bucket.fill(at, old);
            bucket.level = bucket.level.min(bucket.most(new));
        }
    }

    /// The most units that can be granted within one second under a limit.
    pub fn most_in_a_second(&self, limit: u32) -> u64 {
        match self {
            Self::Window => limit.into(),
            Self::Bucket(bucket) => bucket.most(limit) / SECOND + u64::from(limit),
        }
    }
}

impl Bucket {
    /// Parts of a full bucket; under a limit of zero it is empty.
    fn most(&self, limit: u32) -> u64 {
        let tokens = if limit == 0 { 0 } else { self.burst.unwrap_or(limit) };
        u64::from(tokens) * SECOND
    }

    fn fill(&mut self, at: u64, limit: u32) {
        let came = u128::from(at - self.at) * u128::from(limit);
        let level = (u128::from(self.level) + came).min(self.most(limit).into());
        (self.level, self.at) = (level as u64, at);
    }

    fn take(&mut self, at: u64, units: u32, limit: u32) -> bool {
        self.fill(at, limit);
        let parts = u64::from(units) * SECOND;
        let room = self.level >= parts;
        if room {
            self.level -= parts;
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(burst: Option<u32>, limit: u32) -> Allowance {
        Allowance::new(Mechanism::TokenBucket { burst }, limit)
    }

    /// Burst b and rate r: of operations that all wait from the start the k-th is granted at
    /// (k - b) ÷ r, and no nanosecond earlier.
    #[test]
    fn the_kth_operation_is_granted_when_its_token_is_there() {
        for (burst, rate) in [(1_u32, 1_u32), (5, 2), (3, 7), (100, 100), (10, 3)] {
            let mut bucket = bucket(Some(burst), rate);
            let mut now = 0;
            for k in 1..=1_000_u64 {
                let missing = k.saturating_sub(burst.into()) * SECOND;
                let due = missing.div_ceil(rate.into());
                if due > now {
                    assert!(!bucket.take(due - 1, 1, 0, rate), "{burst}, {rate}: {k} too early");
                    now = due;
                }
                assert!(bucket.take(now, 1, 0, rate), "{burst}, {rate}: {k} denied at {now}");
            }
        }
    }

    #[test]
    fn a_bucket_overflows_and_is_as_large_as_the_limit() {
        let mut bucket = bucket(None, 4);
        let take = |bucket: &mut Allowance, at, limit| {
            (0..20).filter(|_| bucket.take(at, 1, 0, limit)).count()
        };
        assert_eq!(take(&mut bucket, 100 * SECOND, 4), 4);
        // Half of a second fills half of it; then the limit is doubled.
        bucket.change_limit(100 * SECOND + SECOND / 2, 4, 8);
        assert_eq!(take(&mut bucket, 101 * SECOND, 8), 6);
        bucket.change_limit(200 * SECOND, 8, 1);
        assert_eq!(take(&mut bucket, 200 * SECOND, 1), 1);
        bucket.change_limit(300 * SECOND, 1, 0);
        assert_eq!(take(&mut bucket, 400 * SECOND, 0), 0);
        bucket.change_limit(400 * SECOND, 0, 2);
        assert_eq!(take(&mut bucket, 401 * SECOND, 2), 2);
    }

    #[test]
    fn several_units_are_taken_together_or_not() {
        let mut bucket = bucket(Some(5), 1);
        assert!(bucket.take(0, 3, 0, 1) && !bucket.take(0, 3, 0, 1) && bucket.take(0, 2, 0, 1));
        assert!(!bucket.take(3 * SECOND - 1, 3, 0, 1) && bucket.take(3 * SECOND, 3, 0, 1));
        let mut window = Allowance::Window;
        assert!(window.take(0, 3, 1, 4) && !window.take(0, 3, 2, 4));
    }
}
