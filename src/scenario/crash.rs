//! How instances are lost: their application crashes, or their memory runs out.

use super::build::{count, law, ratio};
use super::tree::Node;
use crate::distribution::Distribution;
use crate::units::Ratio;

/// How the application of an instance crashes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crash {
    /// Share of the attempts to start that crash when they have booted, instead of answering.
    pub start_probability: Ratio,
    /// From ready to the crash, drawn for each instance; absent: it does not.
    pub age: Option<Distribution>,
}

/// An instance's memory does not suffice for every load.
#[derive(Clone, Debug, PartialEq)]
pub struct OutOfMemory {
    /// Requests in service at once for which it suffices.
    pub above: u16,
    /// How long an instance lasts with more, drawn each time its load rises above.
    pub after: Distribution,
}

impl Crash {
    /// The crashes of a checked table.
    pub(super) fn build(crash: &Node) -> Self {
        Self {
            start_probability: ratio(crash, "start_probability"),
            age: crash.get("age").map(|_| law(crash, "age")),
        }
    }
}

impl OutOfMemory {
    /// The memory of a checked table.
    pub(super) fn build(memory: &Node) -> Self {
        Self { above: count(memory, "above"), after: law(memory, "after") }
    }
}
