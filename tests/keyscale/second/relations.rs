//! Relations between runs of random scenarios: what must change nothing, and what must change
//! results in one direction alone.

use std::path::Path;

use keyscale::scenario::{self, Source};
use keyscale::units::SimDuration;

use super::facts::Facts;
use super::random::{Case, Dice, Parts};
use super::{cases, try_all};

impl Case {
    fn facts(&self) -> Result<Facts, String> {
        let (scenario, traces) = self.read();
        Ok(Facts::of_world(&scenario, &traces)?.sorted())
    }

    /// The text in parts: what is before the first table, then a part a service with its loads, and
    /// one for every other table.
    fn tables(&self) -> Vec<String> {
        let mut tables = vec![String::new()];
        for line in self.text.lines() {
            if line.starts_with('[') && !line.contains(".load]]") {
                tables.push(String::new());
            }
            let last = tables.last_mut().unwrap();
            *last += line;
            *last += "\n";
        }
        tables
    }

    fn with_text(&self, text: String) -> Self {
        Self { text, ..self.clone() }
    }
}

/// Checks that two runs come to the same.
fn same(one: &Facts, other: &Facts) -> Result<u64, String> {
    let difference = one.difference(other);
    let facts = one.instances.len() + one.calls.len() + one.totals.len();
    if difference.is_empty() { Ok(facts as u64) } else { Err(difference) }
}

/// A key that answers at once, has no quota, no checks and no trouble, is as good as none.
#[test]
fn a_key_without_latency_is_none() {
    let none = |seed| Case::random(seed, Parts { keys: false, ..Parts::ALL });
    try_all(cases(40), none, |case| {
        let mut text = String::new();
        for line in case.text.lines() {
            text += &format!("{line}\n");
            if line.starts_with("[services.") {
                let decrypts = 1 + case.seed % 3;
                text += "encryption.key = 'free'\n";
                text += &format!("encryption.decrypts_per_start = {decrypts}\n");
            }
        }
        text += "[keys.free]\nlatency = { constant = '0s' }\ncheck.enabled = false\n\
                 resource = 'projects/p/locations/us-central1/keyRings/r/cryptoKeys/free'\n";
        let mut with = case.with_text(text).facts()?;
        let mut calls = with.calls.iter();
        assert!(calls.all(|call| call.outcome == "ok" && call.begun == call.answered));
        with.calls.clear();
        for instance in &mut with.instances {
            (instance.marks[1], instance.key_calls) = (None, 0);
        }
        same(&case.facts()?, &with)
    });
}

/// An outage that ends when the next begins is one.
#[test]
fn an_outage_may_be_split() {
    try_all(
        cases(60),
        |seed| Case::random(seed, Parts::ALL),
        |case| {
            let mut tables = case.tables();
            for table in &mut tables {
                // Each of two that flap would begin with being away.
                if !table.contains("external_outage") || table.contains("flapping") {
                    continue;
                }
                let number = |name: &str| -> u64 {
                    let line = table.lines().find_map(|line| line.strip_prefix(name));
                    line.and_then(|line| line.strip_suffix("ms'")?.parse().ok()).unwrap()
                };
                let (at, until) = (number("at = '"), number("until = '"));
                let middle = format!("'{}ms'", (at + until) / 2);
                let first = table.replace(&format!("'{until}ms'"), &middle);
                *table = first + &table.replace(&format!("'{at}ms'"), &middle);
            }
            same(&case.facts()?, &case.with_text(tables.concat()).facts()?)
        },
    );
}

/// Lengths of a scenario with all its defaults, each so many times as long.
fn slower(case: &Case, times: u64) -> Case {
    let source =
        Source { origin: "random.toml", text: &case.text, stem: "random", folder: Path::new("") };
    let lock = scenario::check(&source, &[], source.folder).unwrap().lock(&[]);
    let mut text = String::new();
    for (i, part) in lock.split('"').enumerate() {
        match SimDuration::parse(part).ok().filter(|_| i % 2 == 1) {
            Some(length) => text += &format!("\"{}\"", SimDuration(length.0 * times)),
            None if i % 2 == 1 => text += &format!("\"{part}\""),
            None => text += part,
        }
    }
    let slow = |&(at, work): &(u64, Option<u64>)| (at * times, work.map(|work| work * times));
    let loads = case.loads.iter().map(|load| load.iter().map(slow).collect()).collect();
    Case { seed: case.seed, text, loads }
}

/// Results that are so many times as fast.
fn faster(mut facts: Facts, times: u64) -> Facts {
    let exact = |time: &mut u64| {
        assert_eq!(*time % times, 0, "{time} is no multiple of {times}");
        *time /= times;
    };
    for instance in &mut facts.instances {
        instance.marks.iter_mut().flatten().for_each(exact);
        exact(&mut instance.key_wait);
    }
    for call in &mut facts.calls {
        exact(&mut call.begun);
        exact(&mut call.answered);
    }
    for total in &mut facts.totals {
        let sums = [
            &mut total.latency_sum,
            &mut total.in_flight_time,
            &mut total.pending_time,
            &mut total.instance_time,
        ];
        sums.into_iter().for_each(|sum| *sum /= u128::from(times));
        let [first, last] = &mut total.key_failures;
        let instants = [first, last, &mut total.detected, &mut total.unreachable];
        instants.into_iter().flatten().for_each(exact);
    }
    facts
}

/// Twice or ten times as slow in everything, a run is as it was, but slower. What has its own
/// time, as the second of a quota, is left out, and what is drawn.
#[test]
fn time_has_no_scale() {
    let steady = |seed| {
        Case::random(seed, Parts { chance: false, limits: false, sharing: false, ..Parts::ALL })
    };
    try_all(cases(40), steady, |case| {
        let usual = case.facts()?;
        for times in [2, 10] {
            same(&usual, &faster(slower(case, times).facts()?, times))?;
        }
        Ok(1)
    });
}

/// A service with a key, a manager and a quota of its own is nobody's business.
#[test]
fn another_service_changes_no_other() {
    try_all(
        cases(40),
        |seed| Case::random(seed, Parts::ALL),
        |case| {
            let other = Case::random(case.seed + 1_000_000, Parts { keys: false, ..Parts::ALL });
            let tables = other.tables();
            let mut more =
                tables.iter().find(|table| table.starts_with("[services.s0]")).unwrap().clone();
            for number in (0..other.loads.len()).rev() {
                let moved = format!("load-{}.csv", number + case.loads.len());
                more = more.replace(&format!("load-{number}.csv"), &moved);
            }
            let more = more.replace("services.s0", "services.more");
            let mut tables = case.tables();
            let place = if case.seed % 2 == 0 { tables.len() } else { 1 };
            tables.insert(place, more);
            let both = Case {
                text: tables.concat(),
                loads: case.loads.iter().chain(&other.loads).cloned().collect(),
                ..*case
            };
            let mut facts = both.facts()?;
            facts.totals.retain(|total| total.service != "more");
            facts.instances.retain(|instance| instance.service != "more");
            same(&case.facts()?, &facts)
        },
    );
}

/// Tables may stand in any order. Those of the timeline stay among each other as they are, and no
/// quota or capacity is there to be had first.
#[test]
fn the_order_of_tables_is_of_no_account() {
    let unlimited = |seed| Case::random(seed, Parts { limits: false, ..Parts::ALL });
    try_all(cases(40), unlimited, |case| {
        let mut tables = case.tables();
        let first = tables.remove(0);
        let (timeline, mut tables): (Vec<String>, Vec<String>) =
            tables.into_iter().partition(|table| table.starts_with("[[timeline]]"));
        let mut dice = Dice(case.seed);
        for last in (1..tables.len()).rev() {
            tables.swap(last, dice.within(0, last as u64) as usize);
        }
        same(
            &case.facts()?,
            &case.with_text(first + &timeline.concat() + &tables.concat()).facts()?,
        )
    });
}

/// A service of so many instances that are always wanted, with equal requests that wait so long and
/// no longer, each start with one decrypt: by its outage in milliseconds, the quota and the number
/// of instances.
fn steady(seed: u64, [outage, limit, instances]: [u64; 3]) -> Case {
    let mut dice = Dice(seed);
    let (slots, work) = (dice.within(1, 2), dice.within(100, 2_000));
    let (patience, boot) = (dice.within(0, 3_000), dice.within(0, 2_000));
    let (spacing, total) = (dice.within(50, 2_000), dice.within(0, 20_000));
    let (at, latency) = (dice.within(0, 90), dice.within(1, 140));
    let outage = match outage {
        0 => String::new(),
        length => format!(
            "[[timeline]]\nat = '{at}ms'\nfor = '{length}ms'\nexternal_outage.manager = 'm'\n"
        ),
    };
    let text = format!(
        "duration = '60s'\n[services.s0]\nconcurrency = {slots}\nmax_instances = 20\n\
         autoscaler.fixed.instances = {instances}\nidle_timeout = '1000h'\n\
         pending_timeout.fixed = '{patience}ms'\nservice_time.constant = '{work}ms'\n\
         start.allocate.constant = '100ms'\nstart.fetch.constant = '0s'\n\
         start.boot.constant = '{boot}ms'\ninitial_instances = 0\n\
         encryption = {{ key = 'k', decrypts_per_start = 1 }}\n\
         [[services.s0.load]]\ntrace.file = 'load-0.csv'\n\
         [keys.k]\nprotection_level = 'EXTERNAL'\nexternal_manager = 'm'\ncheck.enabled = false\n\
         resource = 'projects/p/locations/us-central1/keyRings/r/cryptoKeys/k'\n\
         latency.constant = '0s'\n\
         retry = {{ policy = 'fixed', initial = '{spacing}ms', total = '{total}ms' }}\n\
         [external_managers.m]\nlatency.constant = '{latency}ms'\ninner_attempts = 1\n\
         [quotas.q]\nproject = 'p'\nlocation = 'us-central1'\npool = 'EXTERNAL'\n\
         limit = '{limit}/s'\n{outage}"
    );
    let mut at = 0;
    let load = (0..80).map(|_| {
        at += dice.within(0, 250) * 1_000_000;
        (at, None)
    });
    let loads = vec![load.collect()];
    Case { seed, text, loads }
}

/// Failed requests of a steady service.
fn failures(case: &Case) -> Result<u64, String> {
    Ok(case.facts()?.totals[0].requests.failed())
}

/// Checks that something more leaves as many or more (or fewer) failures; some must differ.
fn more_is(case: impl Fn(u64, u64) -> Case, worse: bool) {
    let moved = std::cell::Cell::new(0);
    try_all(
        cases(60),
        |seed| case(seed, 0),
        |less| {
            let more = case(less.seed, 1);
            let (before, after) = (failures(less)?, failures(&more)?);
            moved.set(moved.get() + u64::from(before != after));
            if before == after || (before < after) == worse {
                return Ok(1);
            }
            Err(format!("{before} failures before, {after} after:\n{more}"))
        },
    );
    assert!(moved.get() > 15, "only {} cases differ: this shows nothing", moved.get());
}

#[test]
fn a_longer_outage_fails_no_fewer() {
    let case = |seed: u64, more: u64| {
        let outage = 1_000 + seed % 7 * 1_000 + more * (500 + seed % 9 * 500);
        steady(seed, [outage, 1_000, 1 + seed % 6])
    };
    more_is(case, true);
}

#[test]
fn more_quota_fails_no_more() {
    more_is(|seed, more| steady(seed, [0, 1 + seed % 3 + more, 4 + seed % 12]), false);
}

#[test]
fn more_instances_fail_no_more() {
    more_is(|seed, more| steady(seed, [0, 1 + seed % 3, 1 + seed % 6 + more]), false);
}
