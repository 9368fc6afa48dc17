//! Always the same number of instances.

use super::{Cause, Decision, Observation, Policy, Reason};
use crate::units::SimDuration;

/// A constant.
#[derive(Debug)]
pub struct Fixed {
    /// Instances wanted.
    pub instances: u32,
}

impl Policy for Fixed {
    fn initial(&self) -> u32 {
        self.instances
    }

    fn tick(&self) -> Option<SimDuration> {
        None
    }

    fn decide(&mut self, _: Cause, _: &Observation<'_>) -> Decision {
        Decision { wanted: Some(self.instances), reason: Reason::Plain }
    }
}
