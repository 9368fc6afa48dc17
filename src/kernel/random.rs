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
