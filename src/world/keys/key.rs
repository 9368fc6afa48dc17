//! A key: enabled, disabled or destroyed, with or without the platform's permission to use it.

use rand::rngs::Xoshiro256PlusPlus;

use crate::record::Denial;

/// The state of a key's version, as it has effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Usable.
    Enabled,
    /// Unusable until enabled.
    Disabled,
    /// Unusable for good.
    Destroyed,
}

/// A key as the manager sees it now.
#[derive(Clone, Debug)]
pub struct KeyState {
    /// The effective state.
    pub state: State,
    /// Counts orders about the state: a disable on its way that is not the last is void.
    pub state_serial: u32,
    /// Whether the platform may use it, as it has effect.
    pub permitted: bool,
    /// What the last order about the permission wants.
    pub permission_wanted: bool,
    /// Counts orders about the permission.
    pub permission_serial: u32,
    /// Draws of propagation.
    pub propagation: Xoshiro256PlusPlus,
}

impl KeyState {
    /// An enabled key that may be used.
    pub fn new(propagation: Xoshiro256PlusPlus) -> Self {
        Self {
            state: State::Enabled,
            state_serial: 0,
            permitted: true,
            permission_wanted: true,
            permission_serial: 0,
            propagation,
        }
    }

    /// Why a call is denied now, permission first.
    pub fn denial(&self) -> Option<Denial> {
        if !self.permitted {
            return Some(Denial::Permission);
        }
        match self.state {
            State::Enabled => None,
            State::Disabled => Some(Denial::Disabled),
            State::Destroyed => Some(Denial::Destroyed),
        }
    }
}
