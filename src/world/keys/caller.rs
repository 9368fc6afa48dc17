//! What all calls for one key share: the retry budget, the circuit breaker, and for how long the
//! key has failed. Checks are single calls of their own and touch neither budget nor breaker.

use super::Answer;
use crate::scenario::{Breaker, Retry};
use crate::units::{SimDuration, SimTime};

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circuit {
    /// Calls are made; so many failed in a row.
    Closed { failures: u32 },
    /// None is made until then.
    Open { until: SimTime },
    /// One call tries; it is answered by then.
    Trying { until: SimTime },
}

/// Shared by the calls for one key.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Tokens of the retry budget, in thousandths.
    tokens: u64,
    circuit: Circuit,
    /// The first of the retryable failures since the last success.
    failing_since: Option<SimTime>,
}

impl Caller {
    /// At the start of the run.
    pub fn new(retry: &Retry) -> Self {
        Self {
            tokens: retry.budget.map_or(0, |b| b.max_tokens),
            circuit: Circuit::Closed { failures: 0 },
            failing_since: None,
        }
    }

    /// Whether a call may be made now; where it may, `answered` tells when it is answered.
    pub fn may_call(&self, now: SimTime) -> bool {
        match self.circuit {
            Circuit::Closed { .. } => true,
            // A try whose start was given up is never heard of again.
            Circuit::Open { until } | Circuit::Trying { until } => now >= until,
        }
    }

    /// A call is made.
    pub fn called(&mut self, answered: SimTime) {
        if !matches!(self.circuit, Circuit::Closed { .. }) {
            self.circuit = Circuit::Trying { until: answered };
        }
    }

    /// A call of a start or a deploy is answered.
    pub fn heard(&mut self, retry: &Retry, answer: Answer, now: SimTime) {
        let failed = matches!(answer, Answer::Retryable(_));
        if let Some(budget) = retry.budget {
            self.tokens = match failed {
                true => self.tokens.saturating_sub(1_000),
                false => (self.tokens + budget.token_ratio).min(budget.max_tokens),
            };
        }
        let Some(Breaker { failures: limit, open_for }) = retry.breaker else { return };
        self.circuit = match (failed, self.circuit) {
            (false, _) => Circuit::Closed { failures: 0 },
            (true, Circuit::Closed { failures }) if failures + 1 < limit => {
                Circuit::Closed { failures: failures + 1 }
            }
            // A call that was made before the breaker opened keeps it open no longer.
            (true, Circuit::Open { until }) => Circuit::Open { until },
            (true, Circuit::Closed { .. } | Circuit::Trying { .. }) => {
                Circuit::Open { until: now + open_for }
            }
        };
    }

    /// Whether the budget lets a call be retried.
    pub fn may_retry(&self, retry: &Retry) -> bool {
        retry.budget.is_none_or(|budget| self.tokens > budget.max_tokens / 2)
    }

    /// Notes an answer, and says for how long the key has failed without a success.
    pub fn failing_for(&mut self, answer: Answer, now: SimTime) -> SimDuration {
        match answer {
            Answer::Granted => self.failing_since = None,
            Answer::Retryable(_) => return now.since(*self.failing_since.get_or_insert(now)),
            Answer::Denied(..) | Answer::OverQuota => {}
        }
        SimDuration::ZERO
    }
}
