//! Tables of one thing wrong and its title.

use super::*;

/// What an override makes wrong in a scenario that has no problem.
#[test]
fn one_thing_wrong() {
    let check = |overrides: &[&str], expected: &[&str]| {
        assert_eq!(titles(GOOD, overrides), expected, "{overrides:?}");
    };
    check(&[], &[]);
    check(&["sed=1"], &["unknown key sed"]);
    check(&["services.web.request_timeout=60"], &["request_timeout needs a unit"]);
    check(&["services.web.request_timeout=-60s"], &["request_timeout is negative"]);
    check(&["services.web.request_timeout=soon"], &["request_timeout is not a duration"]);
    check(&["services.web.request_timeout=0s"], &["request_timeout is out of bounds"]);
    check(&["services.web.request_timeout=1979-05-27"], &["request_timeout is of the wrong kind"]);
    check(&["services.web.concurrency=0"], &["concurrency is out of bounds"]);
    check(&["services.web.concurrency=1001"], &["concurrency is out of bounds"]);
    check(&["services.web.concurrency=\"80\""], &["concurrency is of the wrong kind"]);
    check(&["services.web=1"], &["web is of the wrong kind"]);
}

#[test]
fn problems_of_single_keys() {
    let check = |given: &str, expected: &str| {
        let titles = titles(GOOD, &[given]);
        assert_eq!(titles, [expected], "{given}");
    };
    check("services.web.max_instances=0", "max_instances is out of bounds");
    check("services.web.min_instances=101", "min_instances is above max_instances");
    check("services.web.initial_instances=101", "initial_instances is above max_instances");
    check(
        "services.web.autoscaler={fixed={instances=101}}",
        "fixed instances are more than max_instances",
    );
    check("services.web.autoscaler={}", "services.web.autoscaler does not say what it is");
    check(
        "services.web.load.0.profile.points=[{at=\"0s\",rate=\"1/s\"}]",
        "services.web.load.0 can't be both poisson and profile",
    );
    check("services.web.load.0={profile={points=[]}}", "the profile has no points");
    check(
        "services.web.load.0={profile={points=[{at=\"1s\",rate=\"1/s\"},{at=\"1s\",rate=\"1/s\"}]}}",
        "the points of a profile must rise",
    );
    check("services.web.load.0={trace={file=\"\"}}", "file is empty");
    check("services.web.load.0={wave={mean=\"1/s\",cycles=[]}}", "the wave has no cycles");
    check(
        "services.web.load.0={wave={mean=\"1/s\",cycles=[{peak=\"1h\",amplitude=1.1}]}}",
        "amplitude is out of bounds",
    );
    check("services.web.load.0={constant={}}", "services.web.load.0.constant wants rate, or every");
    let bursty = |more: &str| format!("services.web.load.0={{bursty={{{more}}}}}");
    check(
        &bursty("low=\"1/s\",high=\"9/s\",low_for=\"1s\""),
        "services.web.load.0.bursty wants low, high, low_for and high_for, or rate, dispersion and \
         sojourn",
    );
    let most = "the dispersion is more than two rates can give";
    check(&bursty("rate=\"10/s\",dispersion=21.1,sojourn=\"2s\""), most);
    check(&bursty("rate=\"0/s\",dispersion=2,sojourn=\"2s\""), most);
    assert!(titles(GOOD, &[&bursty("rate=\"10/s\",dispersion=21,sojourn=\"2s\"")]).is_empty());
    let spikes = |more: &str| format!("services.web.load.0.spikes=[{{{more}}}]");
    let named = "services.web.load.0.spikes.0 wants factor, or added";
    check(&spikes("at=\"1m\",for=\"1m\""), named);
    check(&spikes("at=\"1m\",for=\"1m\",factor=2,added=\"1/s\""), named);
    check(&spikes("at=\"1m\",for=\"1m\",factor=0.5"), "factor is out of bounds");
    check(
        &spikes("at=\"1m\",for=\"1m\",ramp=\"31s\",factor=2"),
        "the spike falls before it has risen",
    );
    check(&spikes("at=\"1m\",for=\"1m\",every=\"59s\",factor=2"), "every is below for");
    let recorded = |trace: &str| format!("services.web.load.0={{trace={{file=\"a\",{trace}}}}}");
    let spiked = |trace: &str| {
        let spike = "spikes=[{at=\"1m\",for=\"1m\",factor=2}]";
        format!("services.web.load.0={{trace={{file=\"a\"{trace}}},{spike}}}")
    };
    let no_rate = "recorded arrivals have no rate that a spike could be laid over";
    check(&spiked(""), no_rate);
    check(&spiked(",count=\"n\""), no_rate);
    check(&spiked(",spread=\"poisson\""), no_rate);
    assert!(titles(GOOD, &[&spiked(",count=\"n\",spread=\"poisson\"")]).is_empty());
    let closed = "closed_loop={clients=2,think={constant=\"1s\"}}";
    check(
        &format!("services.web.load.0={{{closed},spikes=[{{at=\"1m\",for=\"1m\",factor=2}}]}}"),
        "a closed loop has no rate that a spike could be laid over",
    );
    check(&recorded("from=\"2m\",until=\"1m\""), "until is below from");
    check(
        &recorded("count=\"n\",duration=\"d\""),
        "counted arrivals have no service times of their own",
    );
    check("services.web.load.0={trace={file=\"a.csv\",sha256=\"abc\"}}", "sha256 is not a SHA-256");
    check("services.web.load=[]", "web has no load");
    check("services.web.load.0.poisson.rate=90", "rate needs a unit");
    check("services.web.load.0.poisson.rate=1e9/s", "rate is out of bounds");
    check(
        "services.web.service_time={lognormal={median=\"2s\",p99=\"1s\"}}",
        "p99 is below median",
    );
    check(
        "services.web.service_time={lognormal={mean=\"2s\",p99=\"1s\"}}",
        "services.web.service_time.lognormal wants mean and cv, or median and p99",
    );
    check("services.web.service_time={uniform={min=\"2s\",max=\"1s\"}}", "max is below min");
    check(
        "services.web.service_time={gamma={mean=\"1s\",shape=2,cv=1}}",
        "services.web.service_time.gamma wants shape, or cv",
    );
    check("services.web.service_time={weibull={mean=\"1s\",shape=0}}", "shape is out of bounds");
    let pareto = "services.web.service_time={pareto={alpha=1.5,min=\"2s\",cap=\"1s\"}}";
    check(pareto, "cap is below min");
    let mixture = |parts: &str| format!("services.web.service_time={{mixture=[{parts}]}}");
    check(&mixture(""), "the mixture has no law of any weight");
    check(&mixture("{weight=0,constant=\"1s\"}"), "the mixture has no law of any weight");
    check(&mixture("{constant=\"1s\"}"), "weight is missing");
    check(&mixture("{weight=1}"), "services.web.service_time.mixture.0 does not say what it is");
    check(&mixture("{weight=1,uniform={min=\"2s\",max=\"1s\"}}"), "max is below min");
    let nested = mixture("{weight=1,mixture=[]}");
    let said = titles(GOOD, &[&nested]);
    assert_eq!(said, ["unknown key mixture"], "a mixture of mixtures is a mixture");
    check(
        "services.web.routing={newest={},oldest={}}",
        "services.web.routing can't be both newest and oldest",
    );
    check("services.web.routing={newset={}}", "unknown key newset");
    check("services.web.session_affinity={}", "clients is missing");
    check("services.web.memory=512", "memory needs a unit");
    check("services.web.memory=512MB", "memory is not an amount of memory");
    check("services.web.memory=64MiB", "memory is out of bounds");
    check("services.web.vcpus=0", "vcpus is out of bounds");
    check("services.web.billing={request_based={vcpu_second=-1}}", "vcpu_second is out of bounds");
    check("services.web.start.billed_from=starting", "billed_from is not one of its choices");
    check(
        "services.web.billing={request_based={},instance_based={}}",
        "services.web.billing can't be both request_based and instance_based",
    );
    check("services.web.crash.start_probability=101%", "start_probability is out of bounds");
    check("services.web.crash.age=5m", "age is of the wrong kind");
    check("services.web.out_of_memory={}", "above is missing");
    check("services.web.out_of_memory.above=80", "memory suffices for every load");
    check("services.web.idle_timeout_min=1h", "idle_timeout_min is above idle_timeout");
    check("services.web.start.cpu_boost=0.5", "cpu_boost is out of bounds");
    check("services.web.start.slow_down=-1", "slow_down is out of bounds");
    check("services.web.start.probe={period=\"1s\",timeout=\"2s\"}", "period is below timeout");
    check("services.web.start.probe.failure_threshold=0", "failure_threshold is out of bounds");
    check("services.web.start.probe.initial_delay=5m", "initial_delay is out of bounds");
    check("services.web.start.limits.concurrent=0", "concurrent is out of bounds");
    check("services.web.start.limits.rate={}", "starts is missing");
    check("services.web.start.limits.rate={starts=5,interval=\"0s\"}", "interval is out of bounds");
    check("services.web.start.limits.rate=\"100/s\"", "rate is of the wrong kind");
    check("services.web.session_affinity.clients=0", "clients is out of bounds");
    check("services.web.pending_timeout.none=false", "none is of the wrong kind");
    check(
        "services.web.autoscaler.cloud_run.concurrency_target=disable",
        "concurrency_target is not a ratio",
    );
    check("services.web.autoscaler.cloud_run.window=11m", "window is above long_window");
    check("services.web.location=europe-west1", "the key is in another location than the service");
    check("services.web.encryption.key=mian", "there is no key named mian");
    check(
        "services.web.encryption.revocation.waiting_period=90m",
        "waiting_period is not whole hours",
    );
    check("services.web.drain_grcae=1s", "unknown key drain_grcae");
    check("services.web.start.decrypts_per_start=1", "unknown key decrypts_per_start");
    check("keys.main.resource=main", "resource is not the full resource name of a key");
    check("keys.main.protection_level=VPC", "protection_level is not one of its choices");
    check("external_managers.spare={}", "no key uses the external manager spare");
    check(
        "quotas.q={project=\"x\",location=\"l\",pool=\"HSM\"}",
        "no key is charged to the quota q",
    );
    check("duration=0s", "duration is out of bounds");
    check("sample_interval=31m", "sample_interval is longer than the run");
    check("duration.x=1", "the key leads into a value");
    check("services.web.load.5.name=x", "there is no such element");
    check("name=../up", "name is not a name");
    check("external_managers.\"a b\"={}", "a b is not a name");
}

#[test]
fn a_time_series_has_an_end() {
    let overrides = ["sample_interval=1ms", "duration=6h"];
    assert_eq!(titles(GOOD, &overrides), ["the time series would be too long"]);
}

#[test]
fn problems_of_the_timeline() {
    let check = |entries: &[&str], expected: &[&str]| {
        let list = format!("timeline=[{}]", entries.join(","));
        assert_eq!(titles(GOOD, &[&list]), expected, "{entries:?}");
    };
    let outage = "external_outage={manager=\"vault\"}";
    check(&[&format!("{{at=\"1m\",until=\"2m\",{outage}}}")], &[]);
    check(&[&format!("{{at=\"1m\",for=\"2m\",{outage}}}")], &[]);
    check(&[&format!("{{at=\"1m\",{outage}}}")], &["until is missing"]);
    check(&[&format!("{{at=\"2m\",until=\"1m\",{outage}}}")], &["until is not after at"]);
    check(
        &[&format!("{{at=\"2m\",until=\"3m\",for=\"1m\",{outage}}}")],
        &["until and for are both there"],
    );
    check(
        &[&format!("{{at=\"29m\",until=\"31m\",{outage}}}")],
        &["the entry ends after the end of the run"],
    );
    check(
        &[&format!("{{at=\"30m\",until=\"31m\",{outage}}}")],
        &["the entry is after the end of the run"],
    );
    check(
        &[
            &format!("{{at=\"1m\",until=\"9m\",{outage}}}"),
            &format!("{{at=\"2m\",until=\"3m\",{outage}}}"),
            &format!("{{at=\"4m\",until=\"10m\",{outage}}}"),
            &format!("{{at=\"10m\",until=\"11m\",{outage}}}"),
        ],
        &["two outages of vault overlap", "two outages of vault overlap"],
    );
    check(
        &[
            "{at=\"1m\",until=\"9m\",load_step={service=\"web\",factor=3}}",
            "{at=\"2m\",until=\"3m\",load_step={service=\"web\",factor=2}}",
        ],
        &["two of load_step for web overlap"],
    );
    check(&["{at=\"1m\",for=\"1m\",key_enable={key=\"main\"}}"], &["key_enable takes no end"]);
    let crash = "instance_crash={service=\"web\",instances=2}";
    check(&[&format!("{{at=\"1m\",for=\"1m\",{crash}}}")], &["instance_crash takes no end"]);
    check(&["{at=\"1m\",instance_crash={service=\"web\"}}"], &["instances is missing"]);
    check(
        &["{at=\"1m\",instance_crash={service=\"wbe\",instances=2}}"],
        &["there is no service named wbe"],
    );
    check(&["{at=\"1m\"}"], &["timeline.0 does not say what it is"]);
    check(&["{at=\"1m\",quota_set={quota=\"p/us-central1/EXTERNAL\",limit=\"20/s\"}}"], &[]);
    check(
        &["{at=\"1m\",quota_set={quota=\"p/us-central1/EXTERNAL\",limit=20}}"],
        &["limit needs a unit"],
    );
    check(
        &["{at=\"1m\",quota_set={quota=\"ekm\",limit=\"0.5/s\"}}"],
        &["there is no quota named ekm", "limit is not whole"],
    );
    let outage_domain = "external_outage={manager=\"vault\",domain=\"TIMEOT\"}";
    check(
        &[&format!("{{at=\"1m\",for=\"1m\",{outage_domain}}}")],
        &["domain is not one of its choices"],
    );
}

#[test]
fn a_step_of_recorded_load_multiplies_nothing() {
    let overrides = [
        "services.web.load.0={trace={file=\"a.csv\"}}",
        "timeline=[{at=\"1m\",load_step={service=\"web\",factor=3}}]",
    ];
    assert_eq!(titles(GOOD, &overrides), ["there is no rate to multiply"]);
}

#[test]
fn problems_of_names_and_keys() {
    let check = |given: &str, expected: &str| {
        assert_eq!(titles(GOOD, &[given]), [expected], "{given}");
    };
    let twin = "{name=\"0\",poisson={rate=\"1/s\"}}";
    check(&format!("services.web.load.1={twin}"), "two sources have one name");
    check("keys.main.retry.max=1ms", "max is below initial");
    let other = "{project=\"q\",location=\"l\",pool=\"HSM\"}";
    let quota = format!("quotas.\"p/us-central1/EXTERNAL\"={other}");
    assert!(titles(GOOD, &[&quota]).contains(&"the quota has the name of another".to_owned()));
    let same =
        "[keys.b]\nresource = \"projects/p/locations/us-central1/keyRings/r/cryptoKeys/k\"\n";
    assert_eq!(titles(&format!("{GOOD}{same}"), &[]), ["two keys are the same"]);
    let two = "quotas={a={project=\"p\",location=\"us-central1\",pool=\"EXTERNAL\"},\
               b={project=\"p\",location=\"us-central1\",pool=\"EXTERNAL\"}}";
    check(two, "two quotas cover the same keys");
    let stem = Source { stem: "../up", ..source(GOOD) };
    let problems = super::super::check(&stem, &[], Path::new("")).expect_err("a bad name");
    assert_eq!(problems.0[0].title, "the file's name can't be the scenario's");
}

/// What is set beside the file is shown as it was given, with the file's own part below it.
#[test]
fn a_problem_of_an_override_shows_the_override() {
    let problems = checked(GOOD, &["services.web.load.0.trace.file=a.csv"]).expect_err("a choice");
    let expected = "\
error: services.web.load.0 can't be both poisson and trace
 --> --set services.web.load.0.trace.file=a.csv:1:21
  |
1 | services.web.load.0.trace.file=a.csv
  |                     ^^^^^ the second
  |
 ::: a.toml:7:1
  |
7 | poisson = { rate = \"90/s\" }
  | ------- the first
  |
  = help: it is one of constant, poisson, profile, wave, bursty, closed_loop, trace
";
    assert_eq!(problems.render(false), expected);
}
