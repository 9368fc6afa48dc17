//! What a failed request waited for: its waiting time, split by the cause that held.
//!
//! One cause holds for a revision at a time. Clocks count the time under each; when the cause
//! changes while requests wait, a segment keeps the clocks of that instant. A waiting request
//! holds the number of the segment in which it came, so its own clocks at entry are the
//! segment's plus the part since the segment began: nothing is kept per request but a number.

use std::collections::VecDeque;

use crate::record::Cause;

/// Causes that a wait can have: the ones before [`Cause::Drain`].
const WAITS: usize = Cause::Drain as usize;

/// Parts that a failed request is divided into.
pub const WHOLE: u64 = 1_000_000;

/// Time under each cause, in nanoseconds.
type Clocks = [u64; WAITS];

#[derive(Clone, Copy, Debug)]
struct Segment {
    since: u64,
    cause: Cause,
    clocks: Clocks,
}

/// The clocks of one revision, and what its failed requests were charged to.
#[derive(Clone, Debug)]
pub struct Blame {
    cause: Cause,
    since: u64,
    clocks: Clocks,
    segments: VecDeque<Segment>,
    /// Number of the first segment kept.
    first: u32,
    charged: [u64; Cause::COUNT],
}

impl Default for Blame {
    fn default() -> Self {
        Self {
            cause: Cause::Autoscaler,
            since: 0,
            clocks: [0; WAITS],
            segments: VecDeque::new(),
            first: 0,
            charged: [0; Cause::COUNT],
        }
    }
}

impl Blame {
    /// Millionths of failed requests by cause.
    pub fn charged(&self) -> &[u64; Cause::COUNT] {
        &self.charged
    }

    /// Forgets what was charged; the clocks run on.
    pub fn forget_charges(&mut self) {
        self.charged = [0; Cause::COUNT];
    }

    /// Another cause holds from now on. `oldest` is the segment of the first request that waits.
    pub fn change(&mut self, now: u64, cause: Cause, oldest: Option<u32>) {
        if cause == self.cause {
            return;
        }
        self.clocks[self.cause as usize] += now - self.since;
        (self.cause, self.since) = (cause, now);
        // Segments before the oldest request's are of no more use; without one, none is.
        let keep = oldest.unwrap_or(self.first + self.segments.len() as u32);
        while self.first < keep && self.segments.pop_front().is_some() {
            self.first += 1;
        }
        if oldest.is_some() {
            self.push_segment();
        }
    }

    fn push_segment(&mut self) {
        let Self { cause, since, clocks, .. } = *self;
        self.segments.push_back(Segment { since, cause, clocks });
    }

    /// The segment of a request that begins to wait now.
    #[inline]
    pub fn enter(&mut self) -> u32 {
        let current = self.segments.back();
        if current.is_none_or(|s| s.since != self.since || s.cause != self.cause) {
            self.push_segment();
        }
        self.first + self.segments.len() as u32 - 1
    }

    /// Charges a request that waited from `arrived`, in `segment`, until now; returns whether a
    /// key cause has a share.
    pub fn charge_wait(&mut self, now: u64, arrived: u64, segment: u32) -> bool {
        if now == arrived {
            return self.charge(self.cause);
        }
        let entry = self.segments[(segment - self.first) as usize];
        let mut waited = self.clocks;
        waited[self.cause as usize] += now - self.since;
        for (clock, at_entry) in waited.iter_mut().zip(entry.clocks) {
            *clock -= at_entry;
        }
        waited[entry.cause as usize] -= arrived - entry.since;
        self.divide(&waited, now - arrived)
    }

    /// Charges one request by its time under each cause; the remainder goes to the largest part.
    fn divide(&mut self, waited: &Clocks, total: u64) -> bool {
        let mut left = WHOLE;
        let mut largest = 0;
        for (i, &time) in waited.iter().enumerate() {
            let part = (u128::from(time) * u128::from(WHOLE) / u128::from(total)) as u64;
            self.charged[i] += part;
            left -= part;
            if time > waited[largest] {
                largest = i;
            }
        }
        self.charged[largest] += left;
        Cause::ALL.iter().zip(waited).any(|(cause, &time)| cause.is_key() && time > 0)
    }

    /// Charges a whole request to one cause; returns whether it is a key cause.
    pub fn charge(&mut self, cause: Cause) -> bool {
        self.charged[cause as usize] += WHOLE;
        cause.is_key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charged(blame: &Blame) -> Vec<(Cause, u64)> {
        let all = Cause::ALL.iter().copied().zip(blame.charged().iter().copied());
        all.filter(|&(_, n)| n > 0).collect()
    }

    #[test]
    fn a_wait_is_split_by_the_causes_that_held() {
        let mut blame = Blame::default();
        blame.change(100, Cause::Starting, None);
        let first = blame.enter();
        blame.change(130, Cause::KeyOutage, Some(first));
        let second = blame.enter();
        assert_ne!(first, second);
        blame.change(180, Cause::Starting, Some(first));
        // Waited 110 to 200: 20 starting, 50 outage, 20 starting.
        assert!(blame.charge_wait(200, 110, first));
        assert_eq!(charged(&blame), [(Cause::KeyOutage, 555_556), (Cause::Starting, 444_444)]);
        // Waited 150 to 190: 30 outage, 10 starting.
        blame.forget_charges();
        assert!(blame.charge_wait(190, 150, second));
        assert_eq!(charged(&blame), [(Cause::KeyOutage, 750_000), (Cause::Starting, 250_000)]);
    }

    #[test]
    fn no_wait_is_wholly_the_present_cause() {
        let mut blame = Blame::default();
        blame.change(5, Cause::MaxInstances, None);
        let segment = blame.enter();
        assert!(!blame.charge_wait(7, 7, segment));
        assert_eq!(charged(&blame), [(Cause::MaxInstances, WHOLE)]);
    }

    /// Against the split computed request by request from the list of changes.
    #[test]
    fn random_waits_agree_with_the_list_of_changes() {
        let mut x = 9_u64;
        let mut random = |n: u64| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (x >> 33) % n
        };
        let mut blame = Blame::default();
        let mut changes = vec![(0, Cause::Autoscaler)];
        let mut waiting: VecDeque<(u64, u32)> = VecDeque::new();
        let mut now = 0;
        for _ in 0..20_000 {
            now += random(5);
            match random(3) {
                0 => {
                    let cause = Cause::ALL[random(WAITS as u64) as usize];
                    blame.change(now, cause, waiting.front().map(|w| w.1));
                    changes.push((now, cause));
                }
                1 => waiting.push_back((now, blame.enter())),
                _ => {
                    let Some((arrived, segment)) = waiting.pop_front() else { continue };
                    if now == arrived {
                        continue;
                    }
                    blame.forget_charges();
                    blame.charge_wait(now, arrived, segment);
                    let mut expected = [0_u64; Cause::COUNT];
                    let ends = changes.iter().skip(1).map(|c| c.0).chain([now]);
                    for (&(from, cause), until) in changes.iter().zip(ends) {
                        let overlap = until.min(now).saturating_sub(from.max(arrived));
                        expected[cause as usize] += overlap;
                    }
                    assert_eq!(blame.charged().iter().sum::<u64>(), WHOLE);
                    for (got, time) in blame.charged().iter().zip(expected) {
                        let exact = time * WHOLE / (now - arrived);
                        assert!((exact..exact + 8).contains(got), "{got} for {exact}");
                    }
                }
            }
        }
    }
}
