//! A quota: what it grants, who else uses it, and the books of both.
//!
//! Assumption: a window is a whole second, counted from the end of the warm-up. The platform
//! enforces the quota by the second; its algorithm is not published. A token bucket is the
//! alternative. Whoever comes first is served first, other users of the key project among them;
//! at one instant these go first.

mod allowance;
mod background;
mod ledger;

use allowance::Allowance;
use background::Background;
use ledger::Ledger;
pub use ledger::{Account, User};

use crate::kernel::Streams;
use crate::record::{Operation, Peak};
use crate::scenario::{Cost, Enforcement, Mechanism, Quota};
use crate::units::{SECOND, SimTime};

/// A quota and what has been charged to it.
#[derive(Clone, Debug)]
pub struct Meter {
    limit: u32,
    enforcement: Enforcement,
    cost: Cost,
    allowance: Allowance,
    background: Option<Background>,
    /// All of the background before this instant has come.
    clock: u64,
    /// The end of the warm-up, at which a window begins.
    zero: u64,
    ledger: Ledger,
    /// Granted since the last window or limit began, and the first time that this was too much.
    granted: (u64, u64),
    excess: Option<(u64, u64)>,
}

impl Meter {
    /// A quota of which nothing is used; without the cause, its limit denies nobody.
    pub fn new(quota: &Quota, zero: SimTime, streams: &Streams, without: bool) -> Self {
        let luck = || streams.family("background", &quota.name);
        let background = quota.background.as_ref();
        Self {
            limit: quota.limit,
            enforcement: if without { Enforcement::Soft } else { quota.enforcement },
            cost: quota.cost,
            allowance: Allowance::new(quota.mechanism, quota.limit),
            background: background.map(|users| Background::new(users, luck())),
            clock: 0,
            zero: zero.0,
            ledger: Ledger::new(quota.mechanism != Mechanism::FixedWindow),
            granted: (0, 0),
            excess: None,
        }
    }

    /// Units a second.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Sets another limit; what was charged in the present window stays charged.
    pub fn set_limit(&mut self, now: SimTime, limit: u32) {
        self.catch_up(now);
        self.allowance.change_limit(now.0, self.limit, limit);
        self.limit = limit;
        self.granted = (0, 0);
    }

    /// Multiplies the scenario's rate of other users.
    pub fn step_background(&mut self, now: SimTime, factor: f64) {
        self.catch_up(now);
        if let Some(background) = &mut self.background {
            background.set_factor(now.0, factor);
        }
    }

    /// Units charged since the start of the run.
    pub fn total(&self) -> u64 {
        self.ledger.total()
    }

    /// Who used it and whom that hurt, since the end of the warm-up.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The fullest second and the fullest whole minute since then.
    pub fn peaks(&self) -> [Peak; 2] {
        self.ledger.peaks()
    }

    /// The warm-up is over: sums begin anew.
    pub fn reset_counts(&mut self) {
        self.ledger.reset_counts();
    }

    /// The run is over: the present second is settled.
    pub fn settle(&mut self) {
        self.ledger.settle();
    }

    /// More than the limit that was granted under a hard quota, and that limit: a bug.
    pub fn excess(&self) -> Option<(u64, u64)> {
        self.excess
    }

    /// Charges an operation, or denies it.
    pub fn charge(&mut self, now: SimTime, operation: Operation, user: User) -> bool {
        self.catch_up(SimTime(now.0.saturating_add(1)));
        let units = match operation {
            Operation::Encrypt => self.cost.encrypt,
            Operation::Decrypt => self.cost.decrypt,
        };
        self.take(now.0, units, user)
    }

    /// Everything that other users did before an instant.
    pub fn catch_up(&mut self, before: SimTime) {
        if self.background.is_none() {
            return;
        }
        while self.clock < before.0 {
            let end = self.second(self.clock) * SECOND + self.zero % SECOND;
            let Some(background) = &mut self.background else { return };
            if background.until() <= self.clock {
                background.begin(self.clock, end);
            }
            let whole = end <= before.0;
            if whole && matches!(self.allowance, Allowance::Window) {
                // How many they were is enough: nobody else comes before the window's end.
                let users = background.take_rest();
                self.take_many(users);
            } else {
                while let Some(at) = self.background.as_mut().and_then(|b| b.next(before.0)) {
                    self.take(at, 1, User::Background);
                }
            }
            self.clock = end.min(before.0);
        }
    }

    /// The whole second that an instant lies in.
    fn second(&self, at: u64) -> u64 {
        (at + SECOND - self.zero % SECOND) / SECOND
    }

    fn take(&mut self, at: u64, units: u32, user: User) -> bool {
        let second = self.second(at);
        let used = self.ledger.used_in(second);
        let granted = match self.enforcement {
            Enforcement::Hard => self.allowance.take(at, units, used, self.limit),
            Enforcement::Soft => {
                self.allowance.overdraw(at, units, self.limit);
                true
            }
        };
        let units = if granted { units.into() } else { 0 };
        self.enter(second, user, units, u64::from(!granted));
        granted
    }

    /// Operations of other users in the second at the clock, of which only the number counts.
    fn take_many(&mut self, users: u64) {
        let second = self.second(self.clock);
        let used = self.ledger.used_in(second);
        let room = match self.enforcement {
            Enforcement::Hard => u64::from(self.limit).saturating_sub(used),
            Enforcement::Soft => users,
        };
        let granted = users.min(room);
        if users > 0 {
            self.enter(second, User::Background, granted, users - granted);
        }
    }

    fn enter(&mut self, second: u64, user: User, units: u64, denied: u64) {
        let first = self.second(self.zero);
        self.ledger.enter(user, units, denied, self.limit, first);
        if self.enforcement == Enforcement::Hard && units > 0 {
            let before = if self.granted.0 == second { self.granted.1 } else { 0 };
            self.granted = (second, before + units);
            let most = self.allowance.most_in_a_second(self.limit);
            if before + units > most {
                self.excess.get_or_insert((before + units, most));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ServiceId;
    use crate::scenario::{self, Pool};
    use crate::units::Rate;

    const WEB: User = User::Service(ServiceId(0));

    fn quota(limit: u32, enforcement: Enforcement) -> Quota {
        Quota {
            name: "q".to_owned(),
            project: String::new(),
            location: String::new(),
            pool: Pool::External,
            limit,
            enforcement,
            mechanism: Mechanism::FixedWindow,
            cost: Cost { encrypt: 1, decrypt: 1 },
            background: None,
        }
    }

    fn meter(quota: &Quota, zero: SimTime) -> Meter {
        Meter::new(quota, zero, &Streams::new(1, 0), false)
    }

    #[test]
    fn a_window_is_a_whole_second_from_the_end_of_the_warm_up() {
        let mut hard = meter(&quota(2, Enforcement::Hard), SimTime(SECOND / 4));
        let ask =
            |m: &mut Meter, ms: u64| m.charge(SimTime(ms * 1_000_000), Operation::Decrypt, WEB);
        assert!(ask(&mut hard, 0) && ask(&mut hard, 249) && !ask(&mut hard, 249));
        assert!(ask(&mut hard, 250) && ask(&mut hard, 1_249) && !ask(&mut hard, 1_249));
        assert!(ask(&mut hard, 1_250));
        assert_eq!((hard.total(), hard.excess()), (5, None));
    }

    #[test]
    fn a_soft_limit_serves_on_and_a_new_limit_holds_at_once() {
        let now = SimTime::ZERO;
        let ask = |m: &mut Meter| m.charge(now, Operation::Decrypt, WEB);
        let mut soft = meter(&quota(1, Enforcement::Soft), now);
        assert!((0..10).all(|_| ask(&mut soft)));
        let mut hard = meter(&quota(0, Enforcement::Hard), now);
        assert!(!ask(&mut hard));
        hard.set_limit(now, 1);
        assert!(ask(&mut hard) && !ask(&mut hard));
    }

    #[test]
    fn operations_charge_what_they_cost() {
        let cost = Cost { encrypt: 3, decrypt: 2 };
        let mut hard = meter(&Quota { cost, ..quota(6, Enforcement::Hard) }, SimTime::ZERO);
        let mut ask = |operation| hard.charge(SimTime::ZERO, operation, WEB);
        assert!(ask(Operation::Encrypt) && ask(Operation::Decrypt) && !ask(Operation::Decrypt));
        assert_eq!((hard.total(), hard.excess()), (5, None));
    }

    /// A quota that is looked at now and then, against one that plays every operation of the others
    /// in its turn: the same calls are granted and the same units charged, hard or soft, window or
    /// bucket, evenly spaced or not, with a warm-up that is no whole second.
    #[test]
    fn what_others_do_depends_on_nobody_who_looks() {
        let zero = SimTime(SECOND / 3);
        for enforcement in [Enforcement::Hard, Enforcement::Soft] {
            for mechanism in [Mechanism::FixedWindow, Mechanism::TokenBucket { burst: Some(7) }] {
                for even in [true, false] {
                    let others = scenario::Background { rate: Rate(9.0), even };
                    let background = Some(others);
                    let quota = Quota { mechanism, background, ..quota(10, enforcement) };
                    let run = |looks: u64| {
                        let mut m = meter(&quota, zero);
                        let mut granted = Vec::new();
                        for tenth in 0..6_000_u64 {
                            let now = SimTime(tenth * SECOND / 10);
                            if tenth == 2_003 {
                                m.set_limit(now, 5);
                            } else if tenth == 3_007 {
                                m.step_background(now, 0.5);
                            } else if tenth.is_multiple_of(looks) {
                                m.catch_up(now);
                            }
                            if tenth % 1_000 < 50 {
                                granted.push(m.charge(now, Operation::Decrypt, WEB));
                            }
                        }
                        m.catch_up(SimTime(600 * SECOND));
                        m.settle();
                        assert_eq!((m.ledger.fault(), m.excess()), (None, None));
                        let accounts: Vec<_> =
                            m.ledger.accounts().iter().map(|a| (a.used, a.denied)).collect();
                        (granted, accounts, m.peaks())
                    };
                    let rarely = run(u64::MAX);
                    assert_eq!(rarely, run(1), "{quota:?}");
                    assert_eq!(rarely, run(7), "{quota:?}");
                    let denied = rarely.0.contains(&false);
                    assert_eq!(denied, enforcement == Enforcement::Hard);
                }
            }
        }
    }

    /// Of a load above the limit a fixed window grants the limit each second, and denies the rest.
    #[test]
    fn idle_windows_are_as_full_as_others_make_them() {
        let background = Some(scenario::Background { rate: Rate(13.0), even: true });
        let mut m = meter(&Quota { background, ..quota(10, Enforcement::Hard) }, SimTime::ZERO);
        m.catch_up(SimTime(120 * SECOND));
        m.settle();
        // The last of each second's thirteen comes with its end, which is in the next one.
        let [account] = m.ledger().accounts() else { panic!("others alone") };
        assert_eq!((account.used, account.denied), (10 * 120, 3 * 120 - 1));
        assert_eq!(account.taken_by, [account.denied * ledger::WHOLE]);
        let peak = |used, limit| Peak { used, limit };
        assert_eq!(m.peaks(), [peak(10, 10), peak(600, 600)]);
    }
}
