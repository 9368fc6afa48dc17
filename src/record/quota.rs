//! What a run came to at a quota: how full it was, who used it and whom that hurt.

use super::columns::{Column, columns};
use super::value::Value::{self, Count, Millionths, Ratio, Text};
use crate::units::SimTime;

/// The most that was charged in a stretch of time, and the most that could have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Units charged.
    pub used: u64,
    /// The limit that held, for such a stretch.
    pub limit: u64,
}

impl Peak {
    /// Keeps the larger of two.
    pub fn rises_to(&mut self, used: u64, limit: u64) {
        if used > self.used {
            *self = Self { used, limit };
        }
    }
}

/// How full a quota was since the end of the warm-up, by whomever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaLevel {
    /// Units a second, at the end.
    pub limit: u32,
    /// Units charged.
    pub used: u64,
    /// The fullest second.
    pub per_second: Peak,
    /// The fullest whole minute since the end of the warm-up.
    pub per_minute: Peak,
}

/// A quota over the run after the warm-up: stated at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// Its name in the scenario.
    pub name: String,
    /// The project of the keys that it covers.
    pub project: String,
    /// Their location.
    pub location: String,
    /// Which protection levels share it.
    pub pool: &'static str,
    /// How full it was.
    pub level: QuotaLevel,
    /// Who used it or was denied: services in the scenario's order, then checks, then others.
    pub users: Vec<QuotaUser>,
}

/// One user of a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaUser {
    /// A service, [`CHECKS`] or [`BACKGROUND`].
    pub name: String,
    /// Units charged.
    pub used: u64,
    /// Calls denied.
    pub denied: u64,
    /// Millionths of those calls by who used the quota in their seconds, zeros left out; they sum
    /// to 1e6 × the denied.
    pub taken_by: Vec<(String, u64)>,
}

/// Checks of keys that several services share; no service has such a name.
pub const CHECKS: &str = "(checks)";
/// Other users of the key project.
pub const BACKGROUND: &str = "(background)";
/// Whom a denied call is laid to where nothing was granted at all: the limit.
pub const NOBODY: &str = "(nobody)";

impl QuotaUse {
    /// Calls denied, by whomever they were made.
    pub fn denied(&self) -> u64 {
        self.users.iter().map(|user| user.denied).sum()
    }

    /// Its rows of `quotas.csv`: all users together, then each.
    pub fn rows(&self) -> impl Iterator<Item = QuotaRow<'_>> {
        let row = |user| QuotaRow { quota: self, user };
        std::iter::once(row(None)).chain(self.users.iter().map(move |user| row(Some(user))))
    }

    /// Its rows of `blast_radius.csv`: a part of each user's denied calls.
    pub fn parts(&self) -> impl Iterator<Item = BlastPart<'_>> {
        self.users.iter().flat_map(move |user| {
            let part = move |taker| BlastPart { quota: self, user, taker };
            (0..user.taken_by.len()).map(part)
        })
    }
}

/// A row of `quotas.csv`.
#[derive(Clone, Copy, Debug)]
pub struct QuotaRow<'a> {
    quota: &'a QuotaUse,
    /// Absent: all users together.
    user: Option<&'a QuotaUser>,
}

impl QuotaRow<'_> {
    fn used(&self) -> u64 {
        self.user.map_or(self.quota.level.used, |user| user.used)
    }

    fn used_ratio(&self) -> Value<'static> {
        match self.quota.level.used {
            0 => Value::Empty,
            all => Ratio(self.used() as f64 / all as f64),
        }
    }

    /// What only all users together have.
    fn together(&self, number: u64) -> Value<'static> {
        self.user.map_or(Count(number), |_| Value::Empty)
    }
}

/// A row of `blast_radius.csv`.
#[derive(Clone, Copy, Debug)]
pub struct BlastPart<'a> {
    quota: &'a QuotaUse,
    user: &'a QuotaUser,
    taker: usize,
}

/// Reads a cell of `quotas.csv`.
pub type QuotaGetter = for<'r> fn(&'r QuotaRow<'r>, SimTime) -> Value<'r>;
/// Reads a cell of `blast_radius.csv`.
pub type BlastGetter = for<'r> fn(&'r BlastPart<'r>, SimTime) -> Value<'r>;

/// Columns of `quotas.csv`: one row a quota, then one for each of its users.
pub const QUOTAS: &[Column<QuotaGetter>] = columns! {
    quota [] "the quota" |r, _| Text(&r.quota.name);
    user [] "who charged it: a service, with the checks of keys that it has to itself; (checks) of keys that several services share; (background), other users of the key project; empty for all together" |r, _| Text(r.user.map_or("", |user| &user.name));
    project [] "project of the keys that it covers" |r, _| Text(&r.quota.project);
    location [] "their location" |r, _| Text(&r.quota.location);
    pool [] "protection levels that share it" |r, _| Text(r.quota.pool);
    quota_used ["operations"] "units charged: operations, each by its cost" |r, _| Count(r.used());
    quota_used_ratio ["1"] "share of all that was charged; empty where nothing was" |r, _| r.used_ratio();
    denied ["calls"] "calls denied because the quota was spent" |r, _| Count(r.user.map_or(r.quota.denied(), |user| user.denied));
    quota_limit ["operations/s"] "its limit, at the end" |r, _| r.together(r.quota.level.limit.into());
    quota_per_second_max ["operations"] "most that was charged in a whole second" |r, _| r.together(r.quota.level.per_second.used);
    quota_per_second_limit ["operations"] "the limit that held then" |r, _| r.together(r.quota.level.per_second.limit);
    quota_per_minute_max ["operations"] "most that was charged in a whole minute since the end of the warm-up" |r, _| r.together(r.quota.level.per_minute.used);
    quota_per_minute_limit ["operations"] "sixty times the highest limit that held in it" |r, _| r.together(r.quota.level.per_minute.limit);
};

/// Columns of `blast_radius.csv`: one row a pair of users of a quota, one whose calls were denied
/// and one who used it meanwhile.
pub const BLAST_RADIUS: &[Column<BlastGetter>] = columns! {
    quota [] "the quota" |r, _| Text(&r.quota.name);
    user [] "whose calls were denied, see quotas.csv" |r, _| Text(&r.user.name);
    taken_by [] "who used the quota in the seconds in which they were; (nobody) where nothing was granted" |r, _| Text(&r.user.taken_by[r.taker].0);
    denied_part ["calls"] "denied calls of the user, each shared out by what was used of the quota in its second; parts of a user sum to its denied calls" |r, _| Millionths(r.user.taken_by[r.taker].1);
};

#[cfg(test)]
mod tests {
    use super::super::value::printed;
    use super::*;

    #[test]
    fn rows_of_a_quota_and_of_its_users() {
        let user = |name: &str, used, denied, taken_by: &[(&str, u64)]| QuotaUser {
            name: name.to_owned(),
            used,
            denied,
            taken_by: taken_by.iter().map(|&(by, part)| (by.to_owned(), part)).collect(),
        };
        let per_second = Peak { used: 4, limit: 4 };
        let quota = QuotaUse {
            name: "ekm".to_owned(),
            project: "p".to_owned(),
            location: "l".to_owned(),
            pool: "EXTERNAL",
            level: QuotaLevel { limit: 4, used: 8, per_second, per_minute: Peak::default() },
            users: vec![
                user("web", 2, 1, &[("web", 250_000), (BACKGROUND, 750_000)]),
                user(BACKGROUND, 6, 0, &[]),
            ],
        };
        let table: Vec<String> = quota
            .rows()
            .map(|row| {
                let cell = |c: &Column<QuotaGetter>| printed((c.get)(&row, SimTime::ZERO));
                QUOTAS.iter().map(cell).collect::<Vec<_>>().join(",")
            })
            .collect();
        assert_eq!(
            table,
            [
                "ekm,,p,l,EXTERNAL,8,1,1,4,4,4,0,0",
                "ekm,web,p,l,EXTERNAL,2,0.25,1,,,,,",
                "ekm,(background),p,l,EXTERNAL,6,0.75,0,,,,,"
            ]
        );
        let parts: Vec<String> = quota
            .parts()
            .map(|part| {
                let cell = |c: &Column<BlastGetter>| printed((c.get)(&part, SimTime::ZERO));
                BLAST_RADIUS.iter().map(cell).collect::<Vec<_>>().join(",")
            })
            .collect();
        assert_eq!(parts, ["ekm,web,web,0.25", "ekm,web,(background),0.75"]);
    }
}
