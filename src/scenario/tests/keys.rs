//! Keys and what is done to them: what can't be, and where the messages point.

use super::*;
use crate::units::Rate;

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

/// A quota over the good scenario's key, with more keys of its table.
fn quota(more: &str) -> String {
    format!("quotas.q={{project=\"p\",location=\"us-central1\",pool=\"EXTERNAL\"{more}}}")
}

#[test]
fn a_quota_has_a_mechanism_costs_and_other_users() {
    let plain = &good(&[&quota("")]).quotas[0];
    assert_eq!(plain.mechanism, Mechanism::FixedWindow);
    assert_eq!((plain.cost, plain.background), (Cost { encrypt: 1, decrypt: 1 }, None));
    // What a key implies is what a table without keys of its own says.
    let implied = &good(&[]).quotas[0];
    assert_eq!((implied.mechanism, implied.cost), (plain.mechanism, plain.cost));
    let full = ",limit=\"50/s\",mechanism={token_bucket={burst=90}},cost={decrypt=3},\
                background={poisson={rate=\"600/min\"}}";
    let full = &good(&[&quota(full)]).quotas[0];
    assert_eq!(full.mechanism, Mechanism::TokenBucket { burst: Some(90) });
    assert_eq!(full.cost, Cost { encrypt: 1, decrypt: 3 });
    assert_eq!(full.background, Some(Background { rate: Rate(10.0), even: false }));
    let even = &good(&[&quota(",background={constant={rate=\"5/s\"}}")]).quotas[0];
    assert_eq!(even.background, Some(Background { rate: Rate(5.0), even: true }));
    let bucket = &good(&[&quota(",mechanism={token_bucket={}}")]).quotas[0];
    assert_eq!(bucket.mechanism, Mechanism::TokenBucket { burst: None });
    // The lock file of each is the same scenario.
    for given in [
        quota(""),
        quota(",mechanism={token_bucket={burst=90}},background={constant={rate=\"5/s\"}}"),
    ] {
        let checked = checked(GOOD, &[&given]).expect("no errors");
        let again = super::checked(&checked.lock(&[]), &[]).expect("no errors");
        assert_eq!(again.scenario, checked.scenario);
    }
}

#[test]
fn quotas_that_cannot_be() {
    let check = |more: &str, expected: &str| {
        assert_eq!(titles(GOOD, &[&quota(more)]), [expected], "{more}");
    };
    check(
        ",mechanism={fixed_window={},token_bucket={}}",
        "quotas.q.mechanism can't be both fixed_window and token_bucket",
    );
    check(",mechanism={}", "quotas.q.mechanism does not say what it is");
    check(",mechanism={leaky_bucket={}}", "unknown key leaky_bucket");
    check(",mechanism={token_bucket={burst=0}}", "burst is out of bounds");
    check(",mechanism={token_bucket={burst=\"1s\"}}", "burst is of the wrong kind");
    check(",cost={decrypt=0}", "decrypt is out of bounds");
    check(",cost={decrypts=2}", "unknown key decrypts");
    check(",background={}", "quotas.q.background does not say what it is");
    check(",background={poisson={}}", "rate is missing");
    check(",background={poisson={rate=5}}", "rate needs a unit");
    let often = quota(",background={poisson={rate=\"1e9/s\"}}");
    let expected = ["rate is out of bounds", "the background takes the whole quota"];
    assert_eq!(titles(GOOD, &[&often]), expected);
    check(
        ",background={poisson={rate=\"1/s\"},constant={rate=\"1/s\"}}",
        "quotas.q.background can't be both poisson and constant",
    );
    check(",limit=\"5/s\",cost={decrypt=6}", "a decryption costs more than the quota ever holds");
    check(
        ",limit=\"50/s\",cost={encrypt=6},mechanism={token_bucket={burst=5}}",
        "an encryption costs more than the quota ever holds",
    );
    // A limit of zero grants nothing anyway, and a quota that a step raises later may begin so.
    assert_eq!(titles(GOOD, &[&quota(",limit=\"0/s\",cost={decrypt=6}")]), [""; 0]);
    check(
        ",limit=\"5/s\",background={constant={rate=\"5/s\"}}",
        "the background takes the whole quota",
    );
    check(",overloaded=true", "overloaded changes nothing");
    let step = "timeline=[{at='1m',background_step={quota='q',factor=3}}]";
    assert_eq!(titles(GOOD, &[&quota(""), step]), ["there is no background to step"]);
    let others = quota(",background={poisson={rate=\"5/s\"}}");
    assert_eq!(titles(GOOD, &[&others, step]), [""; 0]);
    let steps = |quota: &str, factor: &str| {
        format!("timeline=[{{at='1m',background_step={{quota='{quota}',factor={factor}}}}}]")
    };
    assert_eq!(titles(GOOD, &[&others, &steps("r", "3")]), ["there is no quota named r"]);
    assert_eq!(titles(GOOD, &[&others, &steps("q", "-1")]), ["factor is out of bounds"]);
    let twice = "timeline=[{at='1m',until='5m',background_step={quota='q',factor=3}},\
                 {at='2m',until='3m',background_step={quota='q',factor=2}}]";
    assert_eq!(titles(GOOD, &[&others, twice]), ["two of background_step for q overlap"]);
}

/// Software keys are charged to no quota: the warning shows the quota and the key.
#[test]
fn a_quota_on_a_software_key_applies_to_none() {
    let text = GOOD
        .replace("protection_level = \"EXTERNAL\"\nexternal_manager = \"vault\"\n", "")
        .replace("[external_managers.vault]\n", "");
    let quota = "[quotas.q]\nproject = \"p\"\nlocation = \"us-central1\"\npool = \"HSM\"\n";
    let warnings = checked(&format!("{text}{quota}"), &[]).expect("no errors").warnings;
    let said = warnings.render(false);
    for part in [
        "warning: the quota q applies to no key",
        "[quotas.q]",
        "[keys.main]",
        "the key main is SOFTWARE",
        "= help: give the key protection_level = \"HSM\" or \"EXTERNAL\", or leave the quota out",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert_eq!(warnings.0.len(), 1);
    let elsewhere = quota.replace("\"p\"", "\"other\"");
    let titles = titles(&format!("{text}{elsewhere}"), &[]);
    assert_eq!(titles, ["no key is charged to the quota q"]);
}

/// A multiplier does something under two policies alone.
#[test]
fn a_multiplier_that_changes_nothing() {
    for (policy, expected) in [
        ("none", Some("a call is one attempt")),
        ("fixed", Some("every wait is as long as the first")),
        ("decorrelated_jitter", Some("a wait is up to three times the one before")),
        ("exponential", None),
        ("full_jitter", None),
    ] {
        let policy_set = format!("keys.main.retry.policy={policy}");
        let given = [policy_set.as_str(), "keys.main.retry.multiplier=2"];
        let said = checked(GOOD, &given).expect("no errors").warnings.render(false);
        match expected {
            Some(label) => {
                assert!(said.contains("warning: multiplier changes nothing"), "{policy}: {said}");
                assert!(said.contains(label) && said.contains("or leave multiplier out"), "{said}");
            }
            None => assert_eq!(said, "", "{policy}"),
        }
        assert_eq!(titles(GOOD, &given[..1]), [""; 0], "the default is no mistake");
    }
}

#[test]
fn part_hours_of_a_waiting_period_are_told_what_the_platform_takes() {
    let period = "services.web.encryption.revocation.waiting_period=90m";
    let said = checked(GOOD, &[period]).expect("no errors").warnings.render(false);
    assert!(said.contains("the platform takes whole hours"), "{said}");
    assert!(said.contains("= help: set waiting_period = \"2h\" to have what the platform has"));
}
