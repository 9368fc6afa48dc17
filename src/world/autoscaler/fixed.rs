//! Always the same number of instances.

use super::{Observation, Policy};
use crate::units::SimDuration;

/// A constant.
#[derive(Debug)]
pub struct Fixed {
    /// Instances wanted.
    pub instances: u32,
}

impl Policy for Fixed {
    fn tick(&self) -> Option<SimDuration> {
        None
    }

    fn starts_on_demand(&self) -> bool {
        false
    }

    fn decide(&mut self, _: &Observation) -> u32 {
        self.instances
    }
}
