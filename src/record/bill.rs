//! What is billed, and what it comes to.

use crate::units::Money;

/// What was billed in some time: exact, so that parts add up to the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Instance-time that is billed as active, rounded up, in nanoseconds.
    pub active: u128,
    /// Of it, that of starts that never became ready.
    pub in_vain: u128,
    /// Instance-time of idle instances that are kept as a minimum, in nanoseconds.
    pub idle: u128,
    /// Requests that instances took.
    pub requests: u64,
    /// The price of all that.
    pub cost: Money,
    /// Of it, that of starts that never became ready.
    pub cost_in_vain: Money,
}

impl Bill {
    /// Adds another bill.
    pub fn add(&mut self, other: &Self) {
        self.active += other.active;
        self.in_vain += other.in_vain;
        self.idle += other.idle;
        self.requests += other.requests;
        self.cost += other.cost;
        self.cost_in_vain += other.cost_in_vain;
    }

    /// What came on top of an earlier bill.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            active: self.active - earlier.active,
            in_vain: self.in_vain - earlier.in_vain,
            idle: self.idle - earlier.idle,
            requests: self.requests - earlier.requests,
            cost: self.cost - earlier.cost,
            cost_in_vain: self.cost_in_vain - earlier.cost_in_vain,
        }
    }
}
