//! Laws of durations.

use super::Checks;
use crate::scenario::tree::Node;

impl Checks<'_> {
    pub(super) fn law(&mut self, law: &Node) {
        self.ordered(law, "lognormal.median", "lognormal.p99", Node::duration);
        self.ordered(law, "uniform.min", "uniform.max", Node::duration);
    }
}
