//! Quotas: operations a second that keys use together.

use crate::scenario::build::{count, flag, text};
use crate::scenario::tree::{Entry, Node};
use crate::units::Rate;

/// Operations a second that the keys of one project, location and kind may use together.
#[derive(Clone, Debug, PartialEq)]
pub struct Quota {
    /// Its name in the scenario, or `PROJECT/LOCATION/KIND` where the file has none.
    pub name: String,
    /// The project of the keys that it covers.
    pub project: String,
    /// Their location.
    pub location: String,
    /// Which protection levels share it.
    pub pool: Pool,
    /// Units in one second.
    pub limit: u32,
    /// What happens above the limit.
    pub enforcement: Enforcement,
    /// How the limit is applied in time.
    pub mechanism: Mechanism,
    /// What an operation charges.
    pub cost: Cost,
    /// Other users of the key project; absent: there are none.
    pub background: Option<Background>,
}

/// Protection levels that share a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Hardware keys.
    Hsm,
    /// External keys of both levels.
    External,
}

impl Pool {
    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hsm => "HSM",
            Self::External => "EXTERNAL",
        }
    }
}

/// What happens to an operation above the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// Denied.
    Hard,
    /// Served: the platform has capacity to spare.
    Soft,
}

/// How a limit is applied in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// So many units in each whole second.
    FixedWindow,
    /// Units come in evenly, and are saved up.
    TokenBucket {
        /// Units that it holds at most; absent: what the limit gives in a second.
        burst: Option<u32>,
    },
}

/// Units that an operation charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Of an encryption.
    pub encrypt: u32,
    /// Of a decryption.
    pub decrypt: u32,
}

/// Other users of a key project: each of their operations charges one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Background {
    /// Their operations.
    pub rate: Rate,
    /// Whether these are evenly spaced; otherwise they are a Poisson process.
    pub even: bool,
}

impl Quota {
    /// A quota of a checked table.
    pub(in crate::scenario) fn build(entry: &Entry) -> Self {
        let quota = &entry.node;
        let pool = if text(quota, "pool") == "HSM" { Pool::Hsm } else { Pool::External };
        let soft = pool == Pool::Hsm && !flag(quota, "overloaded");
        let bucket = quota.get("mechanism.token_bucket");
        Self {
            name: entry.key.clone(),
            project: text(quota, "project").to_owned(),
            location: text(quota, "location").to_owned(),
            pool,
            limit: quota.get("limit").and_then(Node::operations).unwrap_or_default(),
            enforcement: if soft { Enforcement::Soft } else { Enforcement::Hard },
            mechanism: match bucket {
                Some(bucket) => {
                    Mechanism::TokenBucket { burst: bucket.get("burst").and_then(Node::whole) }
                }
                None => Mechanism::FixedWindow,
            },
            cost: Cost {
                encrypt: count(quota, "cost.encrypt"),
                decrypt: count(quota, "cost.decrypt"),
            },
            background: quota.get("background").and_then(Background::build),
        }
    }
}

impl Background {
    fn build(background: &Node) -> Option<Self> {
        let rate = |kind: &str| background.get(kind)?.get("rate")?.rate();
        let even = rate("constant").map(|rate| Self { rate, even: true });
        even.or(rate("poisson").map(|rate| Self { rate, even: false }))
    }
}
