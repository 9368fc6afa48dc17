//! Who used a quota, whom that hurt, and how full it was.
//!
//! A second with denied calls is settled when it is over: each denied call is shared out among all
//! who used the quota in that second, by what they used of it, in millionths that sum exactly.
//! Under a token bucket a second in which nothing was granted is settled like the last one before
//! it in which something was, for that is what emptied the bucket.

use crate::ids::ServiceId;
use crate::record::Peak;

/// A call in millionths.
pub const WHOLE: u64 = 1_000_000;
/// Seconds in a minute.
const MINUTE: u64 = 60;

/// Who charges a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// A service: its starts, its deploys, and the checks of keys that it has to itself.
    Service(ServiceId),
    /// Checks of keys that several services share.
    Checks,
    /// Other users of the key project.
    Background,
}

impl User {
    fn index(self) -> usize {
        match self {
            Self::Background => 0,
            Self::Checks => 1,
            Self::Service(service) => 2 + service.index(),
        }
    }
}

/// What one user charged since the end of the warm-up, and lost.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who.
    pub user: User,
    /// Units charged.
    pub used: u64,
    /// Calls denied.
    pub denied: u64,
    /// Millionths of the denied calls, by the account that used the quota.
    pub taken_by: Vec<u64>,
    /// Millionths of those in seconds for which nobody used it.
    pub by_nobody: u64,
    /// Units charged and calls denied in the present second.
    now: (u64, u64),
}

/// The books of one quota.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Whether a second without a grant is settled like the last with one.
    carries: bool,
    /// The present second, and what was charged in it.
    second: u64,
    used: u64,
    /// The same of the present minute, with the highest limit that held.
    minute: u64,
    minute_used: u64,
    minute_limit: u32,
    /// Shares of the last second in which something was charged: accounts and units.
    last: Vec<(usize, u64)>,
    accounts: Vec<Account>,
    /// Accounts by user, none where it is the largest number.
    places: Vec<u32>,
    /// Accounts of the present second.
    touched: Vec<usize>,
    /// Charged since the start of the run, and since the end of the warm-up.
    total: u64,
    counted: u64,
    per_second: Peak,
    per_minute: Peak,
}

impl Ledger {
    /// Empty books.
    pub fn new(carries: bool) -> Self {
        Self { carries, ..Self::default() }
    }

    /// Charged in a second, the present or a later one.
    pub fn used_in(&mut self, second: u64) -> u64 {
        if second != self.second {
            self.settle();
            self.second = second;
        }
        self.used
    }

    /// Units charged since the start of the run.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Units charged since the end of the warm-up.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// The fullest second and the fullest whole minute since the end of the warm-up.
    pub fn peaks(&self) -> [Peak; 2] {
        [self.per_second, self.per_minute]
    }

    /// Users of the quota since the end of the warm-up, in the order in which they came.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Enters what came in the present second: units charged and calls denied, under a limit.
    /// `first` is the second that the end of the warm-up begins, from which minutes count.
    pub fn enter(&mut self, user: User, units: u64, denied: u64, limit: u32, first: u64) {
        let place = self.place(user);
        let account = &mut self.accounts[place];
        if account.now == (0, 0) {
            self.touched.push(place);
        }
        account.now = (account.now.0 + units, account.now.1 + denied);
        account.used += units;
        account.denied += denied;
        self.used += units;
        self.total += units;
        self.counted += units;
        let minute = (self.second + MINUTE - first % MINUTE) / MINUTE;
        if minute != self.minute {
            (self.minute, self.minute_used, self.minute_limit) = (minute, 0, limit);
        }
        self.minute_used += units;
        self.minute_limit = self.minute_limit.max(limit);
        self.per_second.rises_to(self.used, limit.into());
        self.per_minute.rises_to(self.minute_used, u64::from(self.minute_limit) * MINUTE);
    }

    fn place(&mut self, user: User) -> usize {
        let index = user.index();
        if index >= self.places.len() {
            self.places.resize(index + 1, u32::MAX);
        }
        if self.places[index] == u32::MAX {
            self.places[index] = self.accounts.len() as u32;
            self.accounts.push(Account {
                user,
                used: 0,
                denied: 0,
                taken_by: Vec::new(),
                by_nobody: 0,
                now: (0, 0),
            });
        }
        self.places[index] as usize
    }

    /// The present second is over: its denied calls are shared out.
    pub fn settle(&mut self) {
        let mut users = std::mem::take(&mut self.last);
        if self.used > 0 || !self.carries {
            users.clear();
            let used = |&place: &usize| (place, self.accounts[place].now.0);
            users.extend(self.touched.iter().map(used).filter(|&(_, units)| units > 0));
        }
        let all: u64 = users.iter().map(|(_, units)| units).sum();
        for &victim in &self.touched {
            let account = &mut self.accounts[victim];
            let (_, denied) = std::mem::take(&mut account.now);
            share_out(account, denied * WHOLE, &users, all);
        }
        self.touched.clear();
        (self.last, self.used) = (users, 0);
    }

    /// The warm-up is over: sums begin anew.
    pub fn reset_counts(&mut self) {
        self.settle();
        for account in &mut self.accounts {
            (account.used, account.denied, account.by_nobody) = (0, 0, 0);
            account.taken_by.clear();
        }
        self.counted = 0;
        (self.minute, self.minute_used) = (0, 0);
        (self.per_second, self.per_minute) = (Peak::default(), Peak::default());
    }

    /// What does not add up, if anything: units of all users are those of the quota, and each
    /// one's denied calls are those shared out and those of the present second.
    pub fn fault(&self) -> Option<(&'static str, u64, u64)> {
        let used = self.accounts.iter().map(|a| a.used).sum();
        if used != self.counted {
            return Some(("units of a quota's users = those of the quota", used, self.counted));
        }
        self.accounts.iter().find_map(|a| {
            let shared = a.taken_by.iter().sum::<u64>() + a.by_nobody + a.now.1 * WHOLE;
            let law = "denied calls = those laid to users of the quota";
            (shared != a.denied * WHOLE).then_some((law, a.denied * WHOLE, shared))
        })
    }
}

/// Shares millionths of denied calls out by what each used; the remainder goes to the largest.
fn share_out(victim: &mut Account, whole: u64, users: &[(usize, u64)], all: u64) {
    if whole == 0 {
        return;
    }
    let Some(&(largest, _)) = users.iter().rev().max_by_key(|(_, units)| units) else {
        victim.by_nobody += whole;
        return;
    };
    let most = users.iter().map(|&(place, _)| place).max().unwrap_or(largest);
    if victim.taken_by.len() <= most {
        victim.taken_by.resize(most + 1, 0);
    }
    let mut left = whole;
    for &(place, units) in users {
        let part = (u128::from(whole) * u128::from(units) / u128::from(all)) as u64;
        victim.taken_by[place] += part;
        left -= part;
    }
    victim.taken_by[largest] += left;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: User = User::Service(ServiceId(0));
    const BATCH: User = User::Service(ServiceId(1));

    /// What a user's denied calls are laid to: accounts in the order in which they came.
    fn row(ledger: &Ledger, user: User) -> (Vec<u64>, u64) {
        let account = ledger.accounts().iter().find(|a| a.user == user).expect("an account");
        (account.taken_by.clone(), account.by_nobody)
    }

    #[test]
    fn denied_calls_are_shared_out_by_what_others_used() {
        let mut ledger = Ledger::new(false);
        let enter = |ledger: &mut Ledger, second, user, units, denied| {
            ledger.used_in(second);
            ledger.enter(user, units, denied, 4, 0);
            assert_eq!(ledger.fault(), None);
        };
        enter(&mut ledger, 7, SHOP, 1, 0);
        enter(&mut ledger, 7, BATCH, 2, 5);
        enter(&mut ledger, 7, SHOP, 0, 1);
        // The second goes on until somebody comes in a later one.
        assert_eq!(row(&ledger, SHOP), (vec![], 0));
        enter(&mut ledger, 8, BATCH, 4, 0);
        enter(&mut ledger, 8, SHOP, 0, 2);
        assert_eq!(row(&ledger, SHOP), (vec![333_333, 666_667], 0));
        assert_eq!(row(&ledger, BATCH), (vec![1_666_666, 3_333_334], 0));
        // Nobody used anything: a fixed window lays it to nobody.
        enter(&mut ledger, 20, SHOP, 0, 3);
        ledger.settle();
        assert_eq!(row(&ledger, SHOP), (vec![333_333, 2_666_667], 3_000_000));
        assert_eq!((ledger.fault(), ledger.total(), ledger.counted()), (None, 7, 7));
    }

    #[test]
    fn an_empty_bucket_is_laid_to_those_who_emptied_it() {
        let mut ledger = Ledger::new(true);
        ledger.used_in(3);
        ledger.enter(BATCH, 10, 0, 2, 0);
        ledger.used_in(5);
        ledger.enter(SHOP, 0, 2, 2, 0);
        ledger.used_in(6);
        ledger.enter(SHOP, 0, 1, 2, 0);
        ledger.settle();
        assert_eq!(row(&ledger, SHOP), (vec![3_000_000], 0));
        assert_eq!(ledger.fault(), None);
    }

    /// Minutes are whole ones since the end of the warm-up, which second 5 begins here.
    #[test]
    fn peaks_of_seconds_and_of_whole_minutes() {
        let mut ledger = Ledger::new(false);
        for (second, units) in [(5, 3), (64, 4), (65, 4), (66, 2), (124, 1), (125, 3)] {
            ledger.used_in(second);
            ledger.enter(SHOP, units, 0, 5, 5);
        }
        let peak = |used, limit| Peak { used, limit };
        assert_eq!(ledger.peaks(), [peak(4, 5), peak(7, 300)]);
        ledger.reset_counts();
        assert_eq!((ledger.counted(), ledger.total()), (0, 17));
        assert_eq!(ledger.peaks(), [Peak::default(); 2]);
    }
}
