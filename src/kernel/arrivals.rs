//! The next arrival of several sources.

/// For each source the time of its next arrival, as a tree in which the earlier of two wins: the
/// first of all is a number, and a new time takes log2(sources) compares. With one source there is
/// no tree.
///
/// At equal times the source with the smaller number comes first. Above some 16 sources an
/// arrival is better an entry of the event list.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// The winner's time and number, beside the tree so that reading them follows no pointer.
    first: (u64, u32),
    sources: usize,
    leaves: usize,
    /// (time, source) as one integer. Node `i` is the earlier of `2i` and `2i + 1`; the leaves
    /// are the last half; node 1 would be the winner, which `first` is, node 0 is not used.
    nodes: Vec<u128>,
}

impl Arrivals {
    /// So many sources, none of which has an arrival.
    pub fn new(sources: usize) -> Self {
        let leaves = sources.next_power_of_two();
        // Without sources it is as if an arrival of source 0 never came.
        let mut all =
            Self { first: (u64::MAX, 0), sources, leaves, nodes: vec![u128::MAX; 2 * leaves] };
        for source in 0..sources {
            all.set(source as u32, u64::MAX);
        }
        all
    }

    /// Sets when a source's next arrival is, in nanoseconds; `u64::MAX` if there is none.
    ///
    /// # Panics
    /// When there is no such source, in debug builds at least.
    #[inline]
    pub fn set(&mut self, source: u32, time: u64) {
        debug_assert!((source as usize) < self.sources, "there is no source {source}");
        let mut winner = u128::from(time) << 32 | u128::from(source);
        let mut node = self.leaves + source as usize;
        while node > 1 {
            self.nodes[node] = winner;
            winner = winner.min(self.nodes[node ^ 1]);
            node /= 2;
        }
        self.first = ((winner >> 32) as u64, winner as u32);
    }

    /// The time and source of the first arrival. Without any the time is `u64::MAX`.
    #[inline]
    pub fn first(&self) -> (u64, u32) {
        self.first
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a list that is searched, sources of any number, ties and exhausted ones.
        #[test]
        fn the_first_of_all(
            sources in 1..20_usize,
            program in prop::collection::vec((0..20_u32, 0..6_u64), 1..200),
        ) {
            let mut arrivals = Arrivals::new(sources);
            let mut naive: Vec<(u64, u32)> = (0..sources as u32).map(|i| (u64::MAX, i)).collect();
            prop_assert_eq!(arrivals.first(), (u64::MAX, 0));
            for (source, time) in program {
                let source = source % sources as u32;
                let time = if time == 0 { u64::MAX } else { time << 60 | time };
                arrivals.set(source, time);
                naive[source as usize].0 = time;
                prop_assert_eq!(Some(arrivals.first()), naive.iter().min().copied());
            }
        }
    }

    #[test]
    fn without_sources_nothing_arrives() {
        assert_eq!(Arrivals::new(0).first(), (u64::MAX, 0));
    }

    #[test]
    #[should_panic]
    fn a_source_that_is_not_there() {
        Arrivals::new(3).set(3, 1);
    }
}
