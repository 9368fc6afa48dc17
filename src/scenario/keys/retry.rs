//! How a key call is retried.

use crate::scenario::build::length;
use crate::scenario::service::BackOff;
use crate::scenario::tree::Node;
use crate::units::SimDuration;

/// How a call is retried after a retryable failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// The waits between attempts.
    pub back_off: BackOff,
    /// An attempt that would begin later than this after the first is not made.
    pub total: SimDuration,
}

impl Retry {
    /// The retries of a checked table.
    pub(super) fn build(retry: &Node) -> Self {
        Self { back_off: BackOff::build(retry), total: length(retry, "total") }
    }
}
