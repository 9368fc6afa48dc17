//! Chance by name: (seed, replication, purpose, entity) to a generator.
//!
//! A stream's seed is a hash of its name, so a new stream shifts no other, and two runs that share
//! a seed share the luck of everything that both contain.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

/// Names the way from a seed to draws. Whoever changes that way changes the name, and with it
/// every result.
const ALGORITHM: &str = "keyscale streams 1: sha-256, xoshiro256++";

/// The streams of one replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
    replication: u64,
}

impl Streams {
    /// The streams of the given replication of a study with the given seed.
    pub fn new(seed: u64, replication: u64) -> Self {
        Self { seed, replication }
    }

    /// The generator for one purpose ("service time") of one entity ("web"). It takes about a
    /// microsecond: get it once, then keep it.
    pub fn get(&self, purpose: &str, entity: &str) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::from_seed(self.digest("stream", purpose, entity))
    }

    /// A generator for each of many things of one purpose and entity: the n-th start of a
    /// revision draws from the n-th, whatever the others drew.
    pub fn family(&self, purpose: &str, entity: &str) -> Family {
        let digest = self.digest("family", purpose, entity);
        let (words, _) = digest.as_chunks();
        Family { words: std::array::from_fn(|i| u64::from_le_bytes(words[i])) }
    }

    fn digest(&self, kind: &str, purpose: &str, entity: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        // Each text after its length: otherwise ("a", "bc") and ("ab", "c") would be one stream.
        for text in [ALGORITHM, kind, purpose, entity] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hash.update(self.seed.to_le_bytes());
        hash.update(self.replication.to_le_bytes());
        hash.finalize().into()
    }
}

/// Generators by number, a few nanoseconds each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    words: [u64; 4],
}

impl Family {
    /// The n-th generator: word by word the n-th output of a SplitMix64 that starts at the
    /// family's digest (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    /// Different n differ in every word.
    #[inline]
    pub fn nth(&self, n: u64) -> Xoshiro256PlusPlus {
        let mut seed = [0; 32];
        for (bytes, word) in seed.as_chunks_mut::<8>().0.iter_mut().zip(self.words) {
            *bytes = split_mix(word, n).to_le_bytes();
        }
        // `from_seed` replaces the one state that would give zeros for ever.
        Xoshiro256PlusPlus::from_seed(seed)
    }
}

/// Output number `n` of a SplitMix64 with the given state.
#[inline]
fn split_mix(state: u64, n: u64) -> u64 {
    let z = state.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::{Rng, RngExt};

    use super::*;

    fn draws(mut rng: Xoshiro256PlusPlus) -> [u64; 3] {
        std::array::from_fn(|_| rng.next_u64())
    }

    /// A snapshot: what was drawn when this was written, not a value from elsewhere. It may change
    /// only together with the name in `ALGORITHM`, and then every recorded result changes.
    #[test]
    fn streams_never_change_by_accident() {
        let streams = Streams::new(42, 7);
        assert_eq!(
            draws(streams.get("arrivals", "web/0")),
            [70333358734388362, 17544061329373636754, 10274406963706784273]
        );
        assert_eq!(
            draws(streams.family("start", "web/1").nth(3)),
            [8927949144800149647, 1709920589080993123, 2426081325164747103]
        );
    }

    /// The outputs of the reference implementation (splitmix64.c by Sebastiano Vigna) for seed
    /// 1234567.
    #[test]
    fn split_mix_is_split_mix() {
        let expected =
            [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431];
        assert_eq!(std::array::from_fn(|n| split_mix(1_234_567, n as u64)), expected);
    }

    #[test]
    fn every_part_of_a_name_counts() {
        let streams = [Streams::new(1, 0), Streams::new(0, 1), Streams::new(1, 1)];
        let names = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ("bc", "a"), ("a", "b")];
        let mut seen = HashSet::new();
        for streams in streams {
            for (purpose, entity) in names {
                assert!(seen.insert(draws(streams.get(purpose, entity))));
                assert!(seen.insert(draws(streams.family(purpose, entity).nth(0))));
                assert!(seen.insert(draws(streams.family(purpose, entity).nth(1))));
                let again = Streams::new(streams.seed, streams.replication);
                assert!(!seen.insert(draws(again.get(purpose, entity))), "the same name again");
            }
        }
    }

    #[test]
    fn the_state_is_never_zero() {
        // A family whose n-th words are all zero exists; its digest is found by going back.
        let family = Family { words: [0_u64.wrapping_sub(0x9e37_79b9_7f4a_7c15); 4] };
        assert_eq!(split_mix(family.words[0], 0), 0);
        assert_ne!(draws(family.nth(0)), [0; 3]);
    }

    /// Neighbours of a family share no more than chance: with n pairs a correlation has a standard
    /// error of 1/√n, and a count in m cells a χ² of m - 1 ± √(2(m - 1)). Four of each are allowed,
    /// which a sound generator misses in one of 16,000 tries; the seed is fixed.
    #[test]
    fn neighbours_are_independent() {
        const PAIRS: usize = 100_000;
        const CELLS: usize = 16;
        let family = Streams::new(5, 0).family("start", "web/0");
        for draw in 0..3 {
            let value = |n: usize| {
                let mut rng = family.nth(n as u64);
                (0..=draw).map(|_| rng.random::<f64>()).last().expect("one draw at least")
            };
            let values: Vec<f64> = (0..=PAIRS).map(value).collect();
            let mut product = 0.0;
            let mut counts = [0_u32; CELLS * CELLS];
            for pair in values.windows(2) {
                product += (pair[0] - 0.5) * (pair[1] - 0.5) * 12.0;
                let cell = |x: f64| (x * CELLS as f64) as usize;
                counts[cell(pair[0]) * CELLS + cell(pair[1])] += 1;
            }
            let correlation = product / PAIRS as f64;
            assert!(correlation.abs() < 4.0 / (PAIRS as f64).sqrt(), "{draw}: {correlation}");
            let expected = PAIRS as f64 / counts.len() as f64;
            let excess = counts.iter().map(|&n| f64::from(n) - expected);
            let chi = excess.map(|x| x * x / expected).sum::<f64>();
            let freedom = (counts.len() - 1) as f64;
            assert!((chi - freedom).abs() < 4.0 * (2.0 * freedom).sqrt(), "{draw}: {chi}");
        }
    }
}
