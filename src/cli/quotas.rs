//! How full the quotas were, who took them and whom that hurt.

use std::cmp::Reverse;

use comfy_table::{CellAlignment, Table, presets};

use super::console::Console;
use super::numbers::{count, counted, rough_share};
use super::text::line;
use crate::record::quota::{BACKGROUND, CHECKS, NOBODY};
use crate::record::{Peak, QuotaUse, QuotaUser};

/// Quotas that are told one by one.
const QUOTAS: usize = 3;
/// Rows and columns of a matrix.
const USERS: usize = 8;
/// Whoever was denied less than the most denied, over this, is not the one who was hurt.
const NOTABLE: u64 = 10;
/// What stands before a row of a matrix: as wide as a label.
const INDENT: &str = "            ";

/// Prints the quotas that were used, those that denied most first.
pub(super) fn told(quotas: &[QuotaUse], console: &mut Console<'_>) {
    let is_used = |quota: &&QuotaUse| quota.level.used > 0 || quota.denied() > 0;
    let mut used: Vec<&QuotaUse> = quotas.iter().filter(is_used).collect();
    used.sort_by_key(|quota| Reverse(quota.denied()));
    for quota in used.iter().take(QUOTAS) {
        line(console, "quota", &level(quota));
        if let Some(said) = sentence(quota) {
            line(console, "", &said);
        }
        matrix(quota, console);
    }
    if used.len() > QUOTAS {
        let more = counted((used.len() - QUOTAS) as u64, "more quota");
        line(console, "", &format!("and {more}: quotas.csv"));
    }
}

/// How full a quota was.
fn level(quota: &QuotaUse) -> String {
    let of = |peak: Peak| format!("{} of {}", count(peak.used), count(peak.limit));
    let (name, level) = (&quota.name, quota.level);
    let denied = match quota.denied() {
        0 => String::new(),
        n => format!(", {} denied", counted(n, "call")),
    };
    format!(
        "{name}: {} charged, at most {} in a second and {} in a minute{denied}",
        count(level.used),
        of(level.per_second),
        of(level.per_minute),
    )
}

/// Who took a quota and whom that hurt most, in a sentence: the user that lost the largest share of
/// its denied calls to others. Nothing where it denied nobody.
fn sentence(quota: &QuotaUse) -> Option<String> {
    let name = &quota.name;
    // What others of the project lose is not what a person asks about, nor is a call or two.
    let users = || quota.users.iter().filter(|user| user.name != BACKGROUND);
    let notable = users().map(|user| user.denied).max().unwrap_or(0).div_ceil(NOTABLE);
    let victims = users().rev().filter(|user| user.denied > 0 && user.denied >= notable);
    let by_others =
        |user: &QuotaUser| others(user).map(|(_, part)| *part).sum::<u64>() / user.denied;
    let victim = victims.max_by_key(|user| (by_others(user), user.denied))?;
    let lost = counted(victim.denied, "call");
    let most = others(victim).max_by_key(|(_, part)| *part);
    let who = words(&victim.name);
    let denied = if victim.name == CHECKS { "were denied" } else { "was denied" };
    Some(match most {
        Some((taker, part)) => {
            let share = *part as f64 / (victim.denied as f64 * 1e6);
            let share = rough_share(share);
            format!("{} took {share} of the quota {name} while {who} {denied} {lost}", words(taker))
        }
        None if victim.taken_by.iter().all(|(taker, _)| taker == NOBODY) => {
            format!("the quota {name} granted nothing while {who} {denied} {lost}")
        }
        None => format!("{who} alone used the quota {name} up, and {denied} {lost}"),
    })
}

/// Parts of a user's denied calls that are laid to other users.
fn others(user: &QuotaUser) -> impl Iterator<Item = &(String, u64)> {
    user.taken_by.iter().filter(|(taker, _)| *taker != user.name && taker != NOBODY)
}

/// A user in words.
fn words(name: &str) -> &str {
    match name {
        BACKGROUND => "others of the project",
        CHECKS => "checks of shared keys",
        service => service,
    }
}

/// Prints who took a quota and whom that hurt, where that was more than one.
fn matrix(quota: &QuotaUse, console: &mut Console<'_>) {
    let mut victims: Vec<&QuotaUser> = quota.users.iter().filter(|u| u.denied > 0).collect();
    let names = quota.users.iter().map(|u| u.name.as_str()).chain([NOBODY]);
    let taken = |taker: &str| {
        let of = |user: &&QuotaUser| part(user, taker);
        victims.iter().map(of).sum::<u64>()
    };
    let mut takers: Vec<(&str, u64)> =
        names.map(|name| (name, taken(name))).filter(|(_, part)| *part > 0).collect();
    if victims.is_empty() || victims.len() + takers.len() < 3 {
        return;
    }
    let all = (victims.len(), takers.len());
    keep_largest(&mut victims, |user| user.denied);
    keep_largest(&mut takers, |(_, part)| *part);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let by = takers.iter().map(|(name, _)| format!("by {name}"));
    table.set_header(["calls denied".to_owned(), "all".to_owned()].into_iter().chain(by));
    for user in &victims {
        let parts = takers.iter().map(|(taker, _)| tenths(part(user, taker)));
        let head = [user.name.clone(), count(user.denied)];
        table.add_row(head.into_iter().chain(parts));
    }
    table.column_iter_mut().skip(1).for_each(|c| c.set_cell_alignment(CellAlignment::Right));
    for row in table.lines() {
        console.out(format!("{INDENT}{}\n", row.trim()));
    }
    if all != (victims.len(), takers.len()) {
        line(console, "", "and others: blast_radius.csv");
    }
}

/// Millionths of a user's denied calls that are laid to another.
fn part(user: &QuotaUser, taker: &str) -> u64 {
    user.taken_by.iter().find(|(name, _)| name == taker).map_or(0, |(_, part)| *part)
}

/// Keeps the largest, in the order in which they are.
fn keep_largest<T: Clone>(all: &mut Vec<T>, size: impl Fn(&T) -> u64) {
    if all.len() > USERS {
        let mut sizes: Vec<u64> = all.iter().map(&size).collect();
        sizes.sort_unstable_by_key(|&n| Reverse(n));
        let least = sizes[USERS - 1];
        all.retain(|one| size(one) >= least);
        all.truncate(USERS);
    }
}

/// Millionths as a number with a digit after the point.
fn tenths(millionths: u64) -> String {
    let tenths = (millionths + 50_000) / 100_000;
    match millionths {
        0 => "-".to_owned(),
        _ => format!("{}.{}", count(tenths / 10), tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::QuotaLevel;

    /// Name, calls denied, and by whom the quota was taken.
    type User<'a> = (&'a str, u64, &'a [(&'a str, u64)]);

    fn quota(users: &[User<'_>]) -> QuotaUse {
        let user = |&(name, denied, taken_by): &User<'_>| QuotaUser {
            name: name.to_owned(),
            used: 1,
            denied,
            taken_by: taken_by.iter().map(|&(by, part)| (by.to_owned(), part)).collect(),
        };
        let peak = |used, limit| Peak { used, limit };
        QuotaUse {
            name: "ekm".to_owned(),
            project: "p".to_owned(),
            location: "l".to_owned(),
            pool: "EXTERNAL",
            level: QuotaLevel {
                limit: 4,
                used: 1_234,
                per_second: peak(4, 4),
                per_minute: peak(231, 240),
            },
            users: users.iter().map(user).collect(),
        }
    }

    #[test]
    fn who_took_it_and_whom_that_hurt() {
        let check = |users: &[User<'_>], expected: Option<&str>| {
            assert_eq!(sentence(&quota(users)).as_deref(), expected);
        };
        check(&[("web", 0, &[]), ("batch", 0, &[])], None);
        check(
            &[
                ("web", 412, &[("web", 70_000_000), ("batch", 342_000_000)]),
                ("batch", 900, &[("web", 90_000_000), ("batch", 810_000_000)]),
            ],
            Some("batch took 83 % of the quota ekm while web was denied 412 calls"),
        );
        check(
            &[("web", 1, &[(BACKGROUND, 1_000_000)]), (BACKGROUND, 9, &[("web", 9_000_000)])],
            Some("others of the project took 100 % of the quota ekm while web was denied 1 call"),
        );
        check(
            &[("web", 2, &[("web", 2_000_000)])],
            Some("web alone used the quota ekm up, and was denied 2 calls"),
        );
        check(
            &[("web", 2, &[(NOBODY, 2_000_000)])],
            Some("the quota ekm granted nothing while web was denied 2 calls"),
        );
        check(
            &[("web", 0, &[]), (CHECKS, 2, &[("web", 2_000_000)])],
            Some("web took 100 % of the quota ekm while checks of shared keys were denied 2 calls"),
        );
    }

    #[test]
    fn a_level_and_its_limits() {
        assert_eq!(
            level(&quota(&[("web", 3, &[])])),
            "ekm: 1,234 charged, at most 4 of 4 in a second and 231 of 240 in a minute, \
             3 calls denied"
        );
        assert_eq!(tenths(20_149_999), "20.1");
        assert_eq!(
            (tenths(1), tenths(0), tenths(999_999_999)),
            ("0.0".into(), "-".into(), "1,000.0".into())
        );
    }

    #[test]
    fn the_largest_are_kept_in_their_order() {
        let mut all: Vec<u64> = vec![5, 9, 1, 7, 3, 8, 2, 6, 4, 10];
        keep_largest(&mut all, |n| *n);
        assert_eq!(all, [5, 9, 7, 3, 8, 6, 4, 10]);
    }
}
