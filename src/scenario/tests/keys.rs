//! Keys and what is done to them: what can't be, and where the messages point.

use super::*;

/// Titles of the problems that a timeline adds to the good scenario.
fn problems(entries: &[&str], overrides: &[&str]) -> Vec<String> {
    let list = format!("timeline=[{}]", entries.join(","));
    let overrides: Vec<&str> = overrides.iter().copied().chain([list.as_str()]).collect();
    titles(GOOD, &overrides)
}

#[test]
fn orders_that_no_version_can_take() {
    let check = |entries: &[&str], expected: &[&str]| {
        assert_eq!(problems(entries, &[]), expected, "{entries:?}");
    };
    let restore = "{at='9m',key_restore={key='main'}}";
    let schedule = "{at='5m',key_schedule_destruction={key='main'}}";
    let destroy = "{at='5m',key_destroy={key='main'}}";
    check(&[schedule, restore], &[]);
    // The order of the timeline counts, not the file's.
    check(&[restore, schedule], &[]);
    check(&["{at='5m',until='9m',key_schedule_destruction={key='main'}}"], &[]);
    check(&[restore], &["nothing of key main is scheduled for destruction then"]);
    check(&[destroy, "{at='9m',key_enable={key='main'}}"], &["key main is destroyed then"]);
    check(&[destroy, "{at='9m',key_destroy={key='main'}}"], &["key main is destroyed then"]);
    check(
        &[schedule, "{at='9m',key_enable={key='main'}}"],
        &["key main is scheduled for destruction then"],
    );
    // What takes a disable back is an enable.
    check(
        &["{at='1m',until='6m',key_disable={key='main'}}", destroy],
        &["key main is destroyed then"],
    );
    let rotate = "{at='1m',key_rotate={key='main'}}";
    check(&[rotate, "{at='2m',key_disable={key='main',version=2}}"], &[]);
    check(&["{at='2m',key_disable={key='main',version=2}}"], &["key main has no version 2 then"]);
    check(
        &[rotate, destroy, "{at='9m',key_enable={key='main',version=2}}"],
        &["key main is destroyed then"],
    );
    // Every version that can take an order takes it; the others are passed over.
    let one = "{at='5m',key_destroy={key='main',version=1}}";
    check(&[rotate, one, "{at='9m',key_disable={key='main'}}"], &[]);
    check(&["{at='9m',for='1m',key_rotate={key='main'}}"], &["key_rotate takes no end"]);
    check(
        &["{at='9m',for='1m',key_restore={key='main'}}"],
        &["key_restore takes no end", "nothing of key main is scheduled for destruction then"],
    );
}

#[test]
fn a_scheduled_destruction_ends_in_one() {
    let entries = ["{at='5m',key_schedule_destruction={key='main'}}"];
    let late = "{at='20m',key_restore={key='main'}}";
    let soon = "keys.main.destroy_scheduled_duration=10m";
    assert_eq!(problems(&[entries[0], late], &[soon]), ["key main is destroyed then"]);
    assert_eq!(problems(&[entries[0], late], &[]), [""; 0]);
}

#[test]
fn versions_from_the_start() {
    let versions = |list: &str| format!("keys.main.versions={list}");
    let scenario = good(&[&versions("['DISABLED','ENABLED']")]);
    let key = &scenario.keys[0];
    assert_eq!(key.versions, [VersionState::Disabled, VersionState::Enabled]);
    assert_eq!((key.primary, good(&[]).keys[0].primary), (2, 1));
    assert_eq!(titles(GOOD, &[&versions("[]")]), ["versions is empty"]);
    assert_eq!(titles(GOOD, &["keys.main.primary=2"]), ["there is no such version"]);
    assert_eq!(titles(GOOD, &[&versions("['ON']")]), ["0 is not one of its choices"]);
    let restore = "{at='9m',key_restore={key='main',version=1}}";
    assert_eq!(problems(&[restore], &[&versions("['DESTROY_SCHEDULED','ENABLED']")]), [""; 0]);
    // The lock has the list on one line, and its lock is the same.
    let checked = checked(GOOD, &[&versions("['DISABLED','ENABLED']")]).expect("no errors");
    let lock = checked.lock(&[]);
    assert!(lock.contains("\nversions = [\"DISABLED\", \"ENABLED\"]\n"), "{lock}");
    let again = super::checked(&lock, &[]).expect("no errors");
    assert_eq!((again.lock(&[]), again.scenario), (lock, checked.scenario));
}

#[test]
fn two_disables_overlap_where_they_share_a_version() {
    let rotate = "{at='1s',key_rotate={key='main'}}";
    let of = |version: &str| format!("{{at='5m',until='9m',key_disable={{key='main'{version}}}}}");
    let check = |a: &str, b: &str, expected: &[&str]| {
        assert_eq!(problems(&[rotate, &of(a), &of(b)], &[]), expected, "{a} {b}");
    };
    check(",version=1", ",version=2", &[]);
    check(",version=1", ",version=1", &["two of key_disable for main overlap"]);
    check(",version=1", "", &["two of key_disable for main overlap"]);
}

#[test]
fn the_service_agent_has_the_conventional_name() {
    let service = &good(&["services.web.project_number=42"]).services[0];
    assert_eq!(service.service_agent(), "service-42@serverless-robot-prod.iam.gserviceaccount.com");
}
