//! How a key call is retried.

use crate::scenario::build::{count, length, number, text};
use crate::scenario::start::BackOff;
use crate::scenario::tree::Node;
use crate::units::SimDuration;

/// How a call is retried after a retryable failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// The waits between attempts.
    pub policy: RetryPolicy,
    /// Attempts of one call, the first included; absent: as many as `total` allows.
    pub attempts: Option<u32>,
    /// An attempt that would begin later than this after the first is not made.
    pub total: SimDuration,
    /// What all calls for a key may retry together; absent: each on its own.
    pub budget: Option<RetryBudget>,
    /// Stops all calls for a key while they fail; absent: none is stopped.
    pub breaker: Option<Breaker>,
    /// A retryable failure counts as one that is not, once the key has failed so long without a
    /// success; absent: never.
    pub escalates_after: Option<SimDuration>,
}

/// The waits between the attempts of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RetryPolicy {
    /// A call is one attempt.
    None,
    /// Always the same wait.
    Fixed(SimDuration),
    /// Waits that grow by a factor up to a limit.
    Exponential(BackOff),
    /// The same, each drawn evenly between zero and its value.
    FullJitter(BackOff),
    /// Each drawn evenly between the first wait and three times the one before, up to a limit
    /// (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
    DecorrelatedJitter {
        /// The least.
        initial: SimDuration,
        /// The most.
        max: SimDuration,
    },
}

/// The retry throttle of gRPC (proposal A6, "Client retries"): a failure costs a token, a success
/// gives back a part of one, and a call is retried while more than half of the tokens are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    /// Tokens at the start, and at most, in thousandths.
    pub max_tokens: u64,
    /// What a success gives back, in thousandths of a token.
    pub token_ratio: u64,
}

/// A circuit breaker: after failures in a row nothing is called for a while, then one call tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Retryable failures in a row that open it.
    pub failures: u32,
    /// How long it stays open.
    pub open_for: SimDuration,
}

impl Retry {
    /// The names of the policies.
    pub const POLICIES: [&str; 5] =
        ["none", "fixed", "exponential", "full_jitter", "decorrelated_jitter"];

    /// The retries of a checked table.
    pub(super) fn build(retry: &Node) -> Self {
        let thousandths = |node: &Node, path: &str| (number(node, path) * 1_000.0).round() as u64;
        let (initial, max) = (length(retry, "initial"), length(retry, "max"));
        Self {
            policy: match text(retry, "policy") {
                "none" => RetryPolicy::None,
                "fixed" => RetryPolicy::Fixed(initial),
                "exponential" => RetryPolicy::Exponential(BackOff::build(retry)),
                "decorrelated_jitter" => RetryPolicy::DecorrelatedJitter { initial, max },
                _ => RetryPolicy::FullJitter(BackOff::build(retry)),
            },
            attempts: retry.get("attempts").and_then(Node::whole),
            total: length(retry, "total"),
            budget: retry.get("budget").map(|budget| RetryBudget {
                max_tokens: thousandths(budget, "max_tokens"),
                token_ratio: thousandths(budget, "token_ratio"),
            }),
            breaker: retry.get("breaker").map(|breaker| Breaker {
                failures: count(breaker, "failures"),
                open_for: length(breaker, "open_for"),
            }),
            escalates_after: retry.get("escalates_after").and_then(Node::duration),
        }
    }
}
