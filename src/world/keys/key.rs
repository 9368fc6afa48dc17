//! A key: its versions with their states, and the platform's permission to use it.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::record::Denial;
use crate::scenario::{self, KeyOrder, Propagation, Tail, VersionState as State};
use crate::units::SimDuration;

/// A version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The state as it has effect.
    pub state: State,
    /// What the last order wants; it differs from `state` while a disable is on its way.
    ordered: State,
    /// Counts changes of what is ordered: an effect on its way that is not of the last is void.
    serial: u32,
}

/// What an order to a version comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The version can't take the order, or there is nothing to do.
    None,
    /// It has its effect at once.
    Now {
        /// Whether the version has another state; an enable that overtakes a disable leaves it.
        changed: bool,
    },
    /// A disable is on its way: it takes effect if the serial still holds then.
    Later {
        /// Tells whether the order has been overtaken.
        serial: u32,
    },
}

impl Version {
    fn new(state: State) -> Self {
        Self { state, ordered: state, serial: 0 }
    }

    /// The serial of the last order.
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// Takes an order.
    pub fn order(&mut self, order: KeyOrder) -> Effect {
        let wanted = match (order, self.ordered) {
            (KeyOrder::Disable, State::Enabled) | (KeyOrder::Restore, State::DestroyScheduled) => {
                State::Disabled
            }
            (KeyOrder::Enable, State::Disabled) => State::Enabled,
            (KeyOrder::ScheduleDestruction, State::Enabled | State::Disabled) => {
                State::DestroyScheduled
            }
            (KeyOrder::Destroy, State::Enabled | State::Disabled | State::DestroyScheduled) => {
                State::Destroyed
            }
            (KeyOrder::Disable, State::Disabled | State::DestroyScheduled | State::Destroyed)
            | (KeyOrder::Enable, State::Enabled | State::DestroyScheduled | State::Destroyed)
            | (KeyOrder::Restore, State::Enabled | State::Disabled | State::Destroyed)
            | (KeyOrder::ScheduleDestruction, State::DestroyScheduled | State::Destroyed)
            | (KeyOrder::Destroy, State::Destroyed)
            | (KeyOrder::Rotate, _) => return Effect::None,
        };
        self.ordered = wanted;
        self.serial += 1;
        if order == KeyOrder::Disable {
            return Effect::Later { serial: self.serial };
        }
        let before = std::mem::replace(&mut self.state, wanted);
        Effect::Now { changed: before != wanted }
    }

    /// An effect on its way arrives; whether it is still wanted, and changes the state.
    pub fn arrive(&mut self, state: State, serial: u32) -> bool {
        let valid = self.serial == serial && self.state != state;
        if valid {
            (self.state, self.ordered) = (state, state);
        }
        valid
    }

    /// The platform disables it at once, where it is enabled; whether it was.
    pub fn latch(&mut self) -> bool {
        if self.state != State::Enabled {
            return false;
        }
        *self = Self { serial: self.serial + 1, ..Self::new(State::Disabled) };
        true
    }
}

/// A key as the manager sees it now.
#[derive(Clone, Debug)]
pub struct KeyState {
    versions: Vec<Version>,
    /// The version that encrypts, from 1.
    primary: u32,
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
    /// A key at the start of the run, which may be used.
    pub fn new(settings: &scenario::Key, propagation: Xoshiro256PlusPlus) -> Self {
        Self {
            versions: settings.versions.iter().copied().map(Version::new).collect(),
            primary: settings.primary,
            permitted: true,
            permission_wanted: true,
            permission_serial: 0,
            propagation,
        }
    }

    /// The version that encrypts.
    pub fn primary(&self) -> u32 {
        self.primary
    }

    /// Number of the newest version; they count from 1.
    pub fn newest(&self) -> u32 {
        self.versions.len() as u32
    }

    /// A version that exists.
    pub fn version(&self, number: u32) -> &Version {
        &self.versions[number as usize - 1]
    }

    /// A version that exists, to change it.
    pub fn version_mut(&mut self, number: u32) -> &mut Version {
        &mut self.versions[number as usize - 1]
    }

    /// A new version, enabled; its number.
    pub fn rotate(&mut self) -> u32 {
        self.versions.push(Version::new(State::Enabled));
        self.newest()
    }

    /// A version becomes primary, unless a newer one did before; whether it does.
    pub fn promote(&mut self, number: u32) -> bool {
        let newer = number > self.primary;
        self.primary = self.primary.max(number);
        newer
    }

    /// Why a call under a version is denied now, permission first.
    #[inline]
    pub fn denial(&self, version: u32) -> Option<Denial> {
        if !self.permitted {
            return Some(Denial::Permission);
        }
        match self.version(version).state {
            State::Enabled => None,
            State::Disabled => Some(Denial::Disabled),
            State::DestroyScheduled => Some(Denial::DestroyScheduled),
            State::Destroyed => Some(Denial::Destroyed),
        }
    }

    /// How long a disable takes to its effect: one draw an action.
    pub fn disable_delay(&mut self, settings: &Propagation) -> SimDuration {
        let usual = settings.disable.sample(&mut self.propagation);
        let Some(Tail { probability, up_to }) = settings.tail else { return usual };
        if self.propagation.random::<f64>() >= probability.0 {
            return usual;
        }
        SimDuration(self.propagation.random_range(usual.0..=usual.max(up_to).0))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::distribution::Distribution;
    use crate::units::Ratio;

    /// Every order to a version in every state: the state that follows, as the vendor's page "Key
    /// version states" draws it.
    #[test]
    fn orders_lead_from_state_to_state() {
        use KeyOrder::{Destroy, Disable, Enable, Restore, ScheduleDestruction};
        let check = |state: State, order: KeyOrder, expected: State| {
            let mut version = Version::new(state);
            if let Effect::Later { serial } = version.order(order) {
                assert_eq!(version.state, state, "a disable has its effect later");
                assert!(version.arrive(State::Disabled, serial));
            }
            assert_eq!(version.state, expected, "{order:?} of {state:?}");
        };
        for (order, expected) in [
            (Disable, [State::Disabled, State::Disabled, State::DestroyScheduled]),
            (Enable, [State::Enabled, State::Enabled, State::DestroyScheduled]),
            (ScheduleDestruction, [State::DestroyScheduled; 3]),
            (Restore, [State::Enabled, State::Disabled, State::Disabled]),
            (Destroy, [State::Destroyed; 3]),
        ] {
            check(State::Enabled, order, expected[0]);
            check(State::Disabled, order, expected[1]);
            check(State::DestroyScheduled, order, expected[2]);
            check(State::Destroyed, order, State::Destroyed);
        }
    }

    #[test]
    fn the_last_order_holds() {
        let mut version = Version::new(State::Enabled);
        let Effect::Later { serial } = version.order(KeyOrder::Disable) else { panic!() };
        assert_eq!(version.order(KeyOrder::Disable), Effect::None, "it is on its way");
        let overtakes = Effect::Now { changed: false };
        assert_eq!(version.order(KeyOrder::Enable), overtakes, "it was never disabled");
        assert!(!version.arrive(State::Disabled, serial), "overtaken by the enable");
        let Effect::Later { serial } = version.order(KeyOrder::Disable) else { panic!() };
        assert!(version.latch() && !version.latch());
        assert!(!version.arrive(State::Disabled, serial), "disabled already");
        assert_eq!(version.order(KeyOrder::Enable), Effect::Now { changed: true });
        assert_eq!(version.state, State::Enabled);
    }

    /// Of many disables the share of `probability` takes longer than the usual longest, evenly up
    /// to the end of the tail (4 standard errors).
    #[test]
    fn a_few_disables_take_long() {
        let second = SimDuration::from_secs;
        let settings = Propagation {
            disable: Distribution::Constant(second(60)),
            tail: Some(Tail { probability: Ratio(0.1), up_to: second(10_060) }),
            permission: Distribution::Constant(SimDuration::ZERO),
        };
        let scenario = scenario_key();
        let mut key = KeyState::new(&scenario, Xoshiro256PlusPlus::seed_from_u64(1));
        let n = 40_000;
        let draws: Vec<SimDuration> = (0..n).map(|_| key.disable_delay(&settings)).collect();
        let long: Vec<f64> =
            draws.iter().filter(|&&d| d > second(60)).map(|d| d.as_secs_f64()).collect();
        let share = long.len() as f64 / f64::from(n);
        assert!((share - 0.1).abs() < 4.0 * (0.09 / f64::from(n)).sqrt(), "{share}");
        let mean = long.iter().sum::<f64>() / long.len() as f64;
        let error = 10_000.0 / 12.0_f64.sqrt() / (long.len() as f64).sqrt();
        assert!((mean - 5_060.0).abs() < 4.0 * error, "{mean}");
    }

    fn scenario_key() -> scenario::Key {
        let text = "duration=\"1m\"\n[services.a]\nservice_time.constant=\"1s\"\nencryption.key=\"k\"\n\
                    [keys.k]\nresource=\"projects/p/locations/us-central1/keyRings/r/cryptoKeys/k\"\n";
        let folder = std::path::Path::new("");
        let source = scenario::Source { origin: "a", text, stem: "a", folder };
        scenario::check(&source, &[], folder).expect("no errors").scenario.keys.remove(0)
    }
}
