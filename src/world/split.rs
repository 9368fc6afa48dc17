//! Which revision takes a service's next request: whole percents, drawn for each request.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::ids::RevisionId;

/// All requests, in per cent.
pub const ALL: u32 = 100;

/// How a service's traffic is split over its revisions.
#[derive(Clone, Debug)]
pub struct Split {
    /// Takes every request while it is alone.
    first: RevisionId,
    /// The revisions with a share, in the order in which they were given one, with their percents.
    shares: Vec<(RevisionId, u32)>,
    luck: Xoshiro256PlusPlus,
}

impl Split {
    /// No revision has a share yet; `luck` draws where there is a choice.
    pub fn new(luck: Xoshiro256PlusPlus) -> Self {
        Self { first: RevisionId(0), shares: Vec::new(), luck }
    }

    /// The revision that takes the next request.
    #[inline]
    pub fn next(&mut self) -> RevisionId {
        if self.shares.len() <= 1 { self.first } else { self.draw() }
    }

    /// The revision that takes the requests of those who stand at this per cent of all clients: a
    /// change of shares moves few of them.
    #[inline]
    pub fn of(&self, percent: u32) -> RevisionId {
        if self.shares.len() <= 1 { self.first } else { self.at(percent) }
    }

    #[inline(never)]
    fn draw(&mut self) -> RevisionId {
        let at = self.luck.random_range(0..ALL);
        self.at(at)
    }

    fn at(&self, mut at: u32) -> RevisionId {
        for &(revision, percent) in &self.shares {
            if at < percent {
                return revision;
            }
            at -= percent;
        }
        self.first
    }

    /// The revisions with a share, and their percents.
    pub fn shares(&self) -> &[(RevisionId, u32)] {
        &self.shares
    }

    /// A revision's share in per cent.
    pub fn percent(&self, revision: RevisionId) -> u32 {
        self.shares.iter().find(|s| s.0 == revision).map_or(0, |s| s.1)
    }

    /// Splits anew; the percents add up to 100, and revisions with none are left out.
    pub fn set(&mut self, shares: impl IntoIterator<Item = (RevisionId, u32)>) {
        self.shares.clear();
        self.shares.extend(shares.into_iter().filter(|s| s.1 > 0));
        debug_assert_eq!(self.shares.iter().map(|s| s.1).sum::<u32>(), ALL);
        self.first = self.shares[0].0;
    }

    /// Gives a revision this share; the others keep theirs in proportion.
    pub fn give(&mut self, revision: RevisionId, percent: u32) {
        let mut others = std::mem::take(&mut self.shares);
        others.retain(|s| s.0 != revision);
        let percent = if others.is_empty() { ALL } else { percent };
        let weights: Vec<u32> = others.iter().map(|s| s.1).collect();
        let parts = divide(ALL - percent, &weights);
        let others = others.into_iter().zip(parts).map(|((r, _), part)| (r, part));
        self.set(others.chain([(revision, percent)]));
    }
}

/// Divides a whole in proportion to weights, by largest remainder; of equal remainders the first
/// wins. Without any weight nothing is given.
pub fn divide(whole: u32, weights: &[u32]) -> Vec<u32> {
    let total: u64 = weights.iter().map(|&w| u64::from(w)).sum();
    if total == 0 {
        return vec![0; weights.len()];
    }
    let exact = |w: u32| u64::from(whole) * u64::from(w);
    let mut parts: Vec<u32> = weights.iter().map(|&w| (exact(w) / total) as u32).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(exact(weights[i]) % total));
    let left = whole - parts.iter().sum::<u32>();
    order.into_iter().take(left as usize).for_each(|i| parts[i] += 1);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn split() -> Split {
        Split::new(Streams::new(3, 0).get("test", "split"))
    }

    #[test]
    fn a_whole_is_divided_by_largest_remainder() {
        // The textbook example of the method: ten seats for 100,000 votes.
        let votes = [47_000, 16_000, 15_800, 12_000, 6_100, 3_100];
        assert_eq!(divide(10, &votes), [5, 2, 1, 1, 1, 0]);
        assert_eq!(divide(5, &[90, 10]), [5, 0]);
        assert_eq!(divide(5, &[50, 50]), [3, 2]);
        assert_eq!(divide(7, &[0, 0]), [0, 0]);
        assert_eq!(divide(0, &[1, 2]), [0, 0]);
    }

    #[test]
    fn a_share_is_given_by_the_others_in_proportion() {
        let [a, b, c] = [0, 1, 2].map(RevisionId);
        let mut split = split();
        split.give(a, 10);
        assert_eq!(split.shares(), [(a, 100)], "alone it has all");
        split.give(b, 20);
        assert_eq!(split.shares(), [(a, 80), (b, 20)]);
        split.give(c, 50);
        assert_eq!(split.shares(), [(a, 40), (b, 10), (c, 50)]);
        split.give(c, 100);
        assert_eq!((split.shares(), split.percent(a)), (&[(c, 100)][..], 0));
    }

    /// Clients are split as the percents say, and a change moves those that it must.
    #[test]
    fn clients_stay_where_they_can() {
        let [a, b] = [4, 9].map(RevisionId);
        let mut split = split();
        split.give(a, 100);
        assert!((0..ALL).all(|percent| split.of(percent) == a));
        split.give(b, 10);
        let before: Vec<RevisionId> = (0..ALL).map(|percent| split.of(percent)).collect();
        assert_eq!(before.iter().filter(|&&r| r == b).count(), 10);
        split.give(b, 20);
        let moved = (0..ALL).filter(|&p| split.of(p) != before[p as usize]).count();
        assert_eq!(moved, 10);
    }

    /// Requests go where the percents say, within four standard errors; alone, nothing is drawn.
    #[test]
    fn requests_follow_the_percents() {
        let [a, b] = [4, 9].map(RevisionId);
        let mut split = split();
        split.set([(a, 100), (b, 0)]);
        let before = split.luck.clone();
        assert!((0..100).all(|_| split.next() == a));
        assert_eq!(split.luck, before);
        split.set([(a, 70), (b, 30)]);
        let n = 100_000;
        let to_b = (0..n).filter(|_| split.next() == b).count() as f64;
        let error = (0.3 * 0.7 * f64::from(n)).sqrt();
        assert!((to_b - 0.3 * f64::from(n)).abs() < 4.0 * error, "{to_b}");
    }
}
