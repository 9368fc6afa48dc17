//! Causes of failed requests that a run can be made without, to see what remains.
//!
//! Everything else keeps its luck: what a cause would have drawn is drawn all the same.

use super::tree::Node;

/// What is switched off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
    /// Key calls that would be denied are granted as fast as ever.
    pub key_denied: bool,
    /// Key calls that would fail for a while are granted as fast as ever.
    pub key_outage: bool,
    /// Every quota has room.
    pub key_quota: bool,
    /// An order whose start failed for another reason than the key begins anew at once.
    pub start_backoff: bool,
    /// As many starts may begin as are ordered.
    pub start_rate: bool,
    /// Starts take no time, but for what the key adds.
    pub starting: bool,
    /// As many instances as a scenario may ask for.
    pub max_instances: bool,
    /// No instance crashes.
    pub crash: bool,
    /// Memory suffices for every load.
    pub out_of_memory: bool,
}

impl Without {
    /// The causes, by their names in summaries.
    pub const CAUSES: [&str; 9] = [
        "key_denied",
        "key_outage",
        "key_quota",
        "start_backoff",
        "start_rate",
        "starting",
        "max_instances",
        "crash",
        "out_of_memory",
    ];

    /// What is switched off, in the order of [`Self::CAUSES`].
    fn all(&mut self) -> [&mut bool; 9] {
        let Self {
            key_denied,
            key_outage,
            key_quota,
            start_backoff,
            start_rate,
            starting,
            max_instances,
            crash,
            out_of_memory,
        } = self;
        [
            key_denied,
            key_outage,
            key_quota,
            start_backoff,
            start_rate,
            starting,
            max_instances,
            crash,
            out_of_memory,
        ]
    }

    /// The names of what is switched off.
    pub fn names(mut self) -> impl Iterator<Item = &'static str> {
        let off = self.all().map(|off| *off);
        Self::CAUSES.into_iter().zip(off).filter(|(_, off)| *off).map(|(cause, _)| cause)
    }

    /// What a checked scenario leaves out.
    pub(super) fn build(root: &Node) -> Self {
        let named = root.get("without").map(Node::items).unwrap_or_default();
        let is_named = |cause: &str| named.iter().any(|node| node.text() == Some(cause));
        let mut without = Self::default();
        for (off, cause) in without.all().into_iter().zip(Self::CAUSES) {
            *off = is_named(cause);
        }
        without
    }
}
