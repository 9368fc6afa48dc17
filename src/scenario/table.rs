//! Every key of a scenario file, in the order in which a lock file has them.
//!
//! A value is TOML. The source of a default is a page of the vendor's documentation, or begins
//! with "Assumption:" and says why the value was chosen where the vendor is silent.

use super::billing::StartPhase;
use super::keys::{ExternalManager, Retry, VersionState};
use super::metric::Statistic;
use super::schema::{Alphabet, DOMAINS, Kind, Presence, Row};
use super::service::MOST_INSTANCES;
use super::trace::UNITS;
use super::without::Without;
use crate::units::{Mebibytes, SimDuration};

macro_rules! rows {
    ($($path:literal $kind:expr, $presence:expr, $meaning:literal;)*) => {
        &[$(Row { path: $path, kind: $kind, presence: $presence, meaning: $meaning }),*]
    };
}

const fn required(example: &'static str) -> Presence {
    Presence::Required(example)
}

const fn optional(absent: &'static str) -> Presence {
    Presence::Optional(absent)
}

const fn derived(value: &'static str, source: &'static str) -> Presence {
    Presence::Derived { value, source }
}

const fn default(value: &'static str, source: &'static str) -> Presence {
    Presence::Default { value, source }
}

const fn count(min: u64, max: u64) -> Kind {
    Kind::Integer { min, max }
}

const fn ratio(min: f64, max: f64) -> Kind {
    Kind::Ratio { min, max, or: None }
}

const fn number(min: f64, max: f64) -> Kind {
    Kind::Number { min, max }
}

use Presence::Variant;

// After the macro, which they use.
mod autoscaler;
pub(super) mod sweep;
mod timeline;

/// A hundred years: sums of a few stay below what 64 bits of nanoseconds hold.
const LONGEST: SimDuration = SimDuration::from_secs(36_500 * 86_400);
/// A length of time, zero included.
const LENGTH: Kind = Kind::Duration { min: SimDuration::ZERO, max: LONGEST };
/// A length of time that can't be zero.
const SPAN: Kind = Kind::Duration { min: SimDuration(1), max: LONGEST };
/// A distance between events that repeat: shorter ones would be all that a run does.
const PERIOD: Kind = Kind::Duration { min: SimDuration::from_millis(1), max: LONGEST };
/// A wave's: shorter ones are noise to people.
const CYCLE: Kind = Kind::Duration { min: SimDuration::from_secs(60), max: LONGEST };
/// A delay of an autoscaler.
const HOUR: Kind = Kind::Duration { min: SimDuration::ZERO, max: SimDuration::from_secs(3_600) };
/// A window of Knative's averages.
const WINDOW: Kind =
    Kind::Duration { min: SimDuration::from_secs(6), max: SimDuration::from_secs(3_600) };
const RATE: Kind = Kind::Rate { max: 1e7 };
const NAME: Kind = Kind::Name(Alphabet::Plain);
const TABLES: Kind = Kind::Names(Alphabet::Plain);
/// A price in US dollars.
const PRICE: Kind = number(0.0, 1_000_000.0);
/// Instances of one service.
const INSTANCES: Kind = count(0, MOST_INSTANCES as u64);
/// A list or a table of names that may be left out.
const NONE: Presence = default("{}", "nothing of the kind, where the file has none");
const ALL: Presence = default("{}", "its keys have defaults");
/// Every key, but for those of [`DISTRIBUTION`].
pub static ROWS: &[Row] = {
    const PARTS: [&[Row]; 5] = [FIRST, autoscaler::ROWS, AFTER, timeline::ROWS, LAST];
    const LEN: usize = {
        let (mut len, mut part) = (0, 0);
        while part < PARTS.len() {
            len += PARTS[part].len();
            part += 1;
        }
        len
    };
    &joined::<LEN>(PARTS)
};

/// Parts of the table as one.
const fn joined<const LEN: usize>(parts: [&[Row]; 5]) -> [Row; LEN] {
    let mut rows = [parts[0][0]; LEN];
    let (mut at, mut part) = (0, 0);
    while part < parts.len() {
        let mut row = 0;
        while row < parts[part].len() {
            rows[at] = parts[part][row];
            at += 1;
            row += 1;
        }
        part += 1;
    }
    rows
}

/// The run, and the first keys of a service.
const FIRST: &[Row] = rows! {
    "name" Kind::Name(Alphabet::Folder), derived("the file's name without its ending", "it names the folder of a run"),
        "name of the scenario and of its folder of results";
    "question" Kind::Text, default("''", "a file need not say what it asks"),
        "what the scenario asks, in a sentence";
    "seed" count(0, u64::MAX), default("1", "Assumption: any number serves; it is fixed so that runs repeat"),
        "seed of every random stream";
    "warm_up" LENGTH, default("'0s'", "Assumption: what starts warm is set by initial_instances"),
        "time before statistics begin";
    "duration" SPAN, optional("to the end of the longest trace"),
        "time from the end of the warm-up to the end of the run";
    "sample_interval" PERIOD, optional("by the run's length: at most 3,600 rows a service"),
        "distance of the rows of the time series";

    "start_time" Kind::Instant, default("'2026-01-01T00:00:00Z'", "Assumption: any day serves; a run knows no calendar"),
        "when the warm-up ends, for the times of log entries";
    "log" Kind::Table, ALL, "what events.jsonl has";
    "log.most_entries" count(0, 1_000_000_000), default("10000", "Assumption: a file that can still be sent and searched by hand, some 10 MB"),
        "entries after which those of key calls are left out";
    "without" Kind::List, default("[]", "everything counts, where the file says nothing"),
        "causes of failed requests to switch off, to see what remains; all else keeps its luck";
    "without.#" Kind::Choice(&Without::CAUSES), Presence::Element, "a cause as summaries name it";

    "services" TABLES, required("[services.web]"), "services that scale out";
    "services.*" Kind::Table, Presence::Element, "a service";
    "services.*.location" Kind::Text, default("'us-central1'", "Assumption: the region of most of the vendor's examples"),
        "where it runs; its key must be there too";
    "services.*.project" Kind::Name(Alphabet::Quota), default("'my-project'", "Assumption: a placeholder of the vendor's examples"),
        "its project, which its log entries name";
    "services.*.project_number" count(1, 999_999_999_999_999), default("123456789012", "Assumption: the number of the vendor's examples"),
        "number of its project, from which the name of its service agent is made";
    "services.*.concurrency" count(1, 1_000), default("80", "Cloud Run documentation, About concurrency"),
        "requests an instance takes at once";
    "services.*.min_instances" INSTANCES, default("0", "Cloud Run documentation, Container runtime contract"),
        "instances kept even without load";
    "services.*.max_instances" count(1, MOST_INSTANCES as u64), default("100", "Cloud Run documentation, Maximum instances"),
        "instances, starting ones included, never exceed it";
    "services.*.initial_instances" INSTANCES, derived("min_instances, or what the autoscaler keeps at least", "Assumption: a run begins with what is always kept"),
        "instances ready and idle when the run starts";
    "services.*.request_timeout" SPAN, default("'300s'", "Cloud Run documentation, Request timeout"),
        "from the start of service to the outcome timed out";
    "services.*.queue_limit" count(0, u32::MAX as u64), optional("any number"),
        "requests that may wait at once";
    "services.*.queue" Kind::Choice(&["revision", "start", "start_first"]), default("'revision'", "Assumption: who has waited longest takes the first slot that falls free"),
        "where requests wait: for any free slot of the revision, or bound to the start that covers them, whose instance alone serves them; with start_first a start that has room takes them even where a slot is free";
    "services.*.idle_timeout" LENGTH, default("'900s'", "Cloud Run documentation, Container runtime contract"),
        "idle for longer, an instance may be stopped";
    "services.*.idle_timeout_min" LENGTH, derived("idle_timeout: it is the same for every instance", "Cloud Run documentation, Container runtime contract: up to 15 minutes; it says nothing of how long at least"),
        "each instance draws its idle_timeout evenly from here up to that";
    "services.*.drain_grace" LENGTH, default("'10s'", "Cloud Run documentation, Container runtime contract"),
        "from the stop signal to the forced stop";
    "services.*.service_time" Kind::Distribution, required("service_time = { constant = \"100ms\" }"),
        "time a request takes once an instance has it; at full speed, where cpu is given";
    "services.*.cold_service" Kind::Distribution, optional("service_time, as for all others"),
        "the same for a request that waited for an instance to become ready";
    "services.*.cpu" number(0.001, 1_000.0), optional("a request takes no longer where others run beside it"),
        "vCPUs that a request takes while it runs: together they share what the instance has";

    "services.*.pending_timeout" Kind::Table, default("{ start_rule = {} }", "Cloud Run documentation, Container runtime contract"),
        "how long a request may wait for an instance";
    "services.*.pending_timeout.fixed" LENGTH, Variant, "this long";
    "services.*.pending_timeout.none" Kind::True, Variant, "for ever";
    "services.*.pending_timeout.start_rule" Kind::Table, Variant, "the larger of factor x mean start and floor";
    "services.*.pending_timeout.start_rule.factor" number(0.0, 1e6), default("3.5", "Cloud Run documentation, Container runtime contract"),
        "times the mean start";
    "services.*.pending_timeout.start_rule.floor" LENGTH, default("'10s'", "Cloud Run documentation, Container runtime contract"),
        "at least this long";
    "services.*.pending_timeout.start_rule.starts" count(1, 10_000), default("20", "Assumption: the vendor says average and not over what; some recent starts follow a change soon"),
        "successful starts in the moving average";

    "services.*.routing" Kind::Table, default("{ fullest_below_target = {} }", "Assumption: the vendor's rule is unpublished; filling some lets the others go idle, as is seen"),
        "which instance takes the next request";
    "services.*.routing.fullest_below_target" Kind::Table, Variant, "the fullest instance below a target, else the least loaded";
    "services.*.routing.fullest_below_target.target" ratio(0.0, 1.0), default("0.6", "Assumption: the autoscaler's target, so that routing and scaling agree"),
        "share of the concurrency up to which an instance is filled first";
    "services.*.routing.least_loaded" Kind::Table, Variant, "the instance with the least load";
    "services.*.routing.random_of_two" Kind::Table, Variant, "of two drawn at random the one with less load";
    "services.*.routing.round_robin" Kind::Table, Variant, "one after another, by their numbers";
    "services.*.routing.first_available" Kind::Table, Variant, "the lowest number with a free slot; the lowest free number is given out when an instance is ready";
    "services.*.routing.newest" Kind::Table, Variant, "the last start with a free slot";
    "services.*.routing.oldest" Kind::Table, Variant, "the first start with a free slot";
    "services.*.routing.most_recently_used" Kind::Table, Variant, "where a request began or ended last; with one slot the last to go idle";
    "services.*.routing.least_recently_used" Kind::Table, Variant, "where none began or ended for longest; with one slot the longest idle";

    "services.*.session_affinity" Kind::Table, optional("requests go where the routing sends them"),
        "a client's requests go to the instance that had the last, while it has a free slot";
    "services.*.session_affinity.clients" count(1, 10_000_000), required("clients = 1_000"),
        "clients; each request is as likely to be any one's";
};

/// The other keys of a service, and those of keys, quotas and managers.
const AFTER: &[Row] = rows! {
    "services.*.start" Kind::Table, ALL, "the phases of a start, but for the key's";
    "services.*.start.allocate" Kind::Distribution, default("{ lognormal = { median = '200ms', p99 = '600ms' } }", "Assumption: the range of published cold starts; a p99 of three medians"),
        "finding a place for the instance";
    "services.*.start.fetch" Kind::Distribution, default("{ constant = '300ms' }", "Assumption: images are streamed; their size is said not to matter"),
        "fetching the image";
    "services.*.start.boot" Kind::Distribution, default("{ lognormal = { median = '800ms', p99 = '4s' } }", "Assumption: a light web framework; set it from your own start-up times"),
        "from the fetched image to an instance that takes requests";
    "services.*.start.cpu_boost" number(1.0, 100.0), default("1", "Assumption: the time to boot is what was measured, with whatever CPU it had"),
        "booting is so many times as fast while the platform lends CPU to it";
    "services.*.start.slow_down" number(0.0, 100.0), default("0", "Assumption: the platform has room; on one crowded host starts slow each other much"),
        "fetching and booting take 1 + slow_down x (starts of the revision under way - 1) times as long, as many as there are when the phase begins";
    "services.*.start.probe" Kind::Table, optional("the platform's own, which sees at once that the application answers: TCP, timeout and period 240 s, one failure"),
        "how the platform sees that the application answers; tries come at even distances, and each waits for an answer for a while";
    "services.*.start.probe.initial_delay" Kind::Duration { min: SimDuration::ZERO, max: SimDuration::from_secs(240) }, default("'0s'", "Cloud Run documentation, Container health checks"),
        "from the begin of booting to the first try";
    "services.*.start.probe.timeout" Kind::Duration { min: SimDuration(1), max: SimDuration::from_secs(3_600) }, default("'1s'", "Cloud Run documentation, Container health checks"),
        "how long a try waits for an answer; not above period";
    "services.*.start.probe.period" Kind::Duration { min: SimDuration::from_millis(1), max: SimDuration::from_secs(3_600) }, default("'10s'", "Cloud Run documentation, Container health checks"),
        "from one try to the next";
    "services.*.start.probe.failure_threshold" count(1, 1_000_000), default("3", "Cloud Run documentation, Container health checks"),
        "after so many periods without an answer the start has failed";
    "services.*.start.limits" Kind::Table, ALL, "how many starts of each revision may begin; orders beyond wait, the oldest goes first";
    "services.*.start.limits.concurrent" count(1, MOST_INSTANCES as u64), optional("any number"),
        "start orders that are carried out at once, each until it is ready or given up";
    "services.*.start.limits.rate" Kind::Table, optional("any number"), "how many attempts may begin in a time; what is not used is not carried over";
    "services.*.start.limits.rate.starts" count(1, 1_000_000_000), required("starts = 1_000"), "so many";
    "services.*.start.limits.rate.interval" PERIOD, default("'10s'", "AWS Lambda documentation, Scaling behavior: 1,000 in every 10 s; Cloud Run publishes nothing"),
        "in each interval of this length, one of which begins with the end of the warm-up";
    "services.*.start.billed_from" Kind::Choice(&StartPhase::NAMES), default("'booting'", "Assumption: a container is billed, and before its image is there none runs"),
        "the phase of a start from which an instance is billed";
    "services.*.start.deadline" SPAN, default("'240s'", "Cloud Run documentation, Container runtime contract"),
        "fetching and booting may take this long together";
    "services.*.start.back_off" Kind::Table, ALL, "the wait before a failed start is tried again";
    "services.*.start.back_off.initial" PERIOD, default("'1s'", "Assumption: the default of the vendor's client libraries"),
        "the first wait, before the draw";
    "services.*.start.back_off.multiplier" number(1.0, 1e3), default("2", "Assumption: the default of the vendor's client libraries"),
        "growth from one wait to the next";
    "services.*.start.back_off.max" PERIOD, default("'60s'", "Assumption: the default of the vendor's client libraries"),
        "no wait is longer";
    "services.*.start.back_off.jitter" Kind::Choice(&["full", "none"]), default("'full'", "Assumption: the vendor's client libraries draw each wait evenly between zero and its value"),
        "whether waits are drawn";

    "services.*.crash" Kind::Table, ALL, "how its application crashes; requests in service end with it, and nobody waits for them";
    "services.*.crash.start_probability" ratio(0.0, 1.0), default("0", "Assumption: an application that has been deployed starts"),
        "share of the attempts to start that crash when they have booted, instead of answering";
    "services.*.crash.age" Kind::Distribution, optional("it does not crash once it is ready"),
        "from ready to the crash, drawn for each instance; at least 1 ms; exponential is a constant rate";
    "services.*.out_of_memory" Kind::Table, optional("memory suffices for every load"),
        "an instance with more requests than its memory suffices for is stopped under them";
    "services.*.out_of_memory.above" count(1, 1_000), required("above = 60"),
        "requests in service at once for which memory suffices";
    "services.*.out_of_memory.after" Kind::Distribution, default("{ constant = '0s' }", "Cloud Run documentation, Memory limits: an instance that exceeds its memory is stopped"),
        "how long it lasts with more, drawn each time its load rises above; exponential is a constant rate";

    "services.*.vcpus" number(0.08, 8.0), default("1", "Cloud Run documentation, Container runtime contract"),
        "vCPUs of an instance";
    "services.*.memory" Kind::Memory { min: Mebibytes(128), max: Mebibytes(32 * 1_024) }, default("'512MiB'", "Cloud Run documentation, Container runtime contract"),
        "memory of an instance, for its price";
    "services.*.billing" Kind::Table, default("{ request_based = {} }", "Cloud Run documentation, Billing settings"),
        "what is paid for; what is free each month is not taken off";
    "services.*.billing.request_based" Kind::Table, Variant, "instances that start or have requests, by stretches of 100 ms, and requests";
    "services.*.billing.request_based.vcpu_second" PRICE, default("0.000024", "Cloud Run documentation, Pricing: list price of tier 1 regions in US dollars"), "a second of a vCPU";
    "services.*.billing.request_based.gib_second" PRICE, default("0.0000025", "Cloud Run documentation, Pricing: list price of tier 1 regions in US dollars"), "a second of a GiB";
    "services.*.billing.request_based.idle_vcpu_second" PRICE, default("0.0000025", "Cloud Run documentation, Pricing: list price of tier 1 regions in US dollars"), "a second of a vCPU of an idle instance that min_instances keeps";
    "services.*.billing.request_based.idle_gib_second" PRICE, default("0.0000025", "Cloud Run documentation, Pricing: list price of tier 1 regions in US dollars"), "a second of a GiB of such an instance";
    "services.*.billing.request_based.million_requests" PRICE, default("0.4", "Cloud Run documentation, Pricing: list price of tier 1 regions in US dollars"), "a million requests that instances take";
    "services.*.billing.instance_based" Kind::Table, Variant, "instances for their whole life; requests cost nothing";
    "services.*.billing.instance_based.vcpu_second" PRICE, default("0.000018", "Cloud Run documentation, Pricing: list price of tier 1 regions in US dollars"), "a second of a vCPU";
    "services.*.billing.instance_based.gib_second" PRICE, default("0.000002", "Cloud Run documentation, Pricing: list price of tier 1 regions in US dollars"), "a second of a GiB";
    "services.*.billing.instance_based.at_least" LENGTH, default("'1m'", "Cloud Run documentation, Pricing"), "no instance is billed for less";

    "services.*.encryption" Kind::Table, optional("starts need no key"), "the key that the image is encrypted with";
    "services.*.encryption.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "services.*.encryption.decrypts_per_start" count(0, 1_000), default("2", "Cloud Run documentation, Using customer managed encryption keys: two access reasons at a start"),
        "decrypt calls of one start, in sequence";
    "services.*.encryption.revocation" Kind::Table, ALL, "what follows when the key is revoked";
    "services.*.encryption.revocation.action" Kind::Choice(&["shut_down", "prevent_new"]), default("'shut_down'", "Cloud Run documentation, Using customer managed encryption keys (the newer API's default is prevent_new)"),
        "what becomes of running instances";
    "services.*.encryption.revocation.waiting_period" LENGTH, default("'1h'", "Assumption: the smallest that the API takes"),
        "from detection to the stop of running instances; at least 1 ms";
    "services.*.encryption.revocation.detect_on_start" Kind::Bool, default("true", "Assumption: a denied start is as plain as a failed check"),
        "a start's denied call detects too, not only a check's";
    "services.*.encryption.revocation.external_follows_action" Kind::Bool, default("false", "Cloud Run documentation, Using customer managed encryption keys: the row of external keys names no action"),
        "a failure of an external manager for good obeys the action; otherwise it shuts down";
    "services.*.encryption.revocation.clock_stops_on" Kind::Choice(&["any_success", "check", "never"]), default("'any_success'", "Assumption: the vendor is silent; a key that works is not revoked"),
        "what stops the clock of a waiting period";

    "services.*.client" Kind::Table, ALL, "how its clients behave";
    "services.*.client.timeout" SPAN, optional("it waits for ever"), "from the arrival of a try to its client's giving up";
    "services.*.client.hold_abandoned" Kind::Bool, default("false", "Assumption: a server notices that its client has gone, and frees the slot"),
        "whether the work of a request that is given up in service goes on and keeps its slot";
    "services.*.client.retries" Kind::Table, optional("a failed request is not tried again"), "how what was refused, timed out, aborted or given up is tried again";
    "services.*.client.retries.attempts" count(1, 15), required("attempts = 3"), "tries after the first";
    "services.*.client.retries.initial" PERIOD, default("'1s'", "Assumption: the default of the vendor's client libraries"), "the first wait";
    "services.*.client.retries.multiplier" number(1.0, 1e3), default("2", "Assumption: the default of the vendor's client libraries"), "growth from one wait to the next";
    "services.*.client.retries.max" PERIOD, default("'60s'", "Assumption: the default of the vendor's client libraries"), "no wait is longer";
    "services.*.client.retries.jitter" Kind::Choice(&["full", "none"]), default("'full'", "Assumption: the vendor's client libraries draw each wait evenly between zero and its value"), "whether waits are drawn";
    "services.*.client.retries.budget" Kind::Table, optional("any number of retries"), "how many retries all clients together may make";
    "services.*.client.retries.budget.ratio" ratio(0.0, 1e3), default("0.1", "gRPC proposal A6, Client retries: token ratio"), "retries for one first arrival";
    "services.*.client.retries.budget.burst" count(1, 1_000_000), default("10", "gRPC proposal A6, Client retries: most tokens"), "retries that may be saved up; so many are there at the start";

    "services.*.load" Kind::List, default("[]", "no requests come, where the file has none"), "sources of requests; they add up";
    "services.*.load.#" Kind::Table, Presence::Element, "a source of requests";
    "services.*.load.#.name" NAME, derived("its position, from 0", "a name of its random streams"), "name among the service's sources";
    "services.*.load.#.constant" Kind::Table, Variant, "even gaps, the first from the start of the run";
    "services.*.load.#.constant.rate" RATE, Presence::Group("rate"), "requests per second";
    "services.*.load.#.constant.every" SPAN, Presence::Group("every"), "from one request to the next";
    "services.*.load.#.poisson" Kind::Table, Variant, "exponential gaps";
    "services.*.load.#.poisson.rate" RATE, required("rate = \"90/s\""), "mean requests per second";
    "services.*.load.#.profile" Kind::Table, Variant, "a Poisson process whose rate changes with time";
    "services.*.load.#.profile.join" Kind::Choice(&["steps", "lines"]), default("'steps'", "Assumption: nothing between two points is said"),
        "how points are joined";
    "services.*.load.#.profile.points" Kind::List, required("points = [{ at = \"0s\", rate = \"10/s\" }]"), "rates from instants on; instants rise";
    "services.*.load.#.profile.points.#" Kind::Table, Presence::Element, "a rate from an instant on";
    "services.*.load.#.profile.points.#.at" LENGTH, required("at = \"0s\""), "since the end of the warm-up";
    "services.*.load.#.profile.points.#.rate" RATE, required("rate = \"10/s\""), "the rate there";
    "services.*.load.#.wave" Kind::Table, Variant, "a Poisson process whose rate rises and falls, as days and weeks do";
    "services.*.load.#.wave.mean" RATE, required("mean = \"90/s\""), "the rate's mean over whole cycles";
    "services.*.load.#.wave.cycles" Kind::List, required("cycles = [{ period = \"1d\", amplitude = 0.6, peak = \"14h\" }]"),
        "rises and falls; each multiplies the rate by 1 + amplitude x cos(2 pi (t - peak) / period)";
    "services.*.load.#.wave.cycles.#" Kind::Table, Presence::Element, "a rise and fall that repeats";
    "services.*.load.#.wave.cycles.#.period" CYCLE, default("'1d'", "Assumption: people sleep"), "its length";
    "services.*.load.#.wave.cycles.#.amplitude" ratio(0.0, 1.0), required("amplitude = 0.6"), "how far it goes above and below the mean, as a share of it";
    "services.*.load.#.wave.cycles.#.peak" LENGTH, required("peak = \"14h\""), "an instant of the highest rate, since the end of the warm-up";
    "services.*.load.#.bursty" Kind::Table, Variant, "a Poisson process with two rates, each for exponential times";
    "services.*.load.#.bursty.low" RATE, Presence::Group("low, high, low_for and high_for"), "the one rate";
    "services.*.load.#.bursty.high" RATE, Presence::Group("low, high, low_for and high_for"), "the other rate";
    "services.*.load.#.bursty.low_for" PERIOD, Presence::Group("low, high, low_for and high_for"), "mean time at the one rate";
    "services.*.load.#.bursty.high_for" PERIOD, Presence::Group("low, high, low_for and high_for"), "mean time at the other rate";
    "services.*.load.#.bursty.rate" RATE, Presence::Group("rate, dispersion and sojourn"), "the mean rate, two others as far below and above it as the dispersion wants";
    "services.*.load.#.bursty.dispersion" number(1.0, 1e6), Presence::Group("rate, dispersion and sojourn"), "variance over mean of the arrivals in a long time; 1 is Poisson";
    "services.*.load.#.bursty.sojourn" PERIOD, Presence::Group("rate, dispersion and sojourn"), "mean time at either rate";
    "services.*.load.#.closed_loop" Kind::Table, Variant, "clients who wait for an answer before they ask again";
    "services.*.load.#.closed_loop.clients" count(1, 1_000_000), required("clients = 100"), "how many";
    "services.*.load.#.closed_loop.think" Kind::Distribution, required("think = { exponential = { mean = \"5s\" } }"), "from the end of a request to the client's next one, and before the first";
    "services.*.load.#.trace" Kind::Table, Variant, "a recorded load";
    "services.*.load.#.trace.file" Kind::Path, required("file = \"load.csv\""), "a CSV file, relative to the scenario's folder";
    "services.*.load.#.trace.sha256" Kind::Digest, optional("any content"), "what the file's bytes come to, where another file must not be taken for it";
    "services.*.load.#.trace.time" Kind::Text, optional("the first column"), "name of the column of instants";
    "services.*.load.#.trace.count" Kind::Text, optional("each row is one arrival"), "name of the column of counts";
    "services.*.load.#.trace.bucket" SPAN, optional("the commonest distance between rows"), "width of a bucket";
    "services.*.load.#.trace.spread" Kind::Choice(&["uniform", "even", "poisson"]), default("'uniform'", "Assumption: independent users, as in a Poisson process"),
        "how counted arrivals are spread over their bucket; poisson takes the count for a mean";
    "services.*.load.#.trace.duration" Kind::Text, optional("drawn from service_time"), "name of the column of service times, beside instants";
    "services.*.load.#.trace.duration_unit" Kind::Choice(&UNITS), default("'s'", "Assumption: as the instants"), "unit of that column";
    "services.*.load.#.trace.from" LENGTH, default("'0s'", "the load as it was recorded"), "where the part begins that is replayed, since the first row";
    "services.*.load.#.trace.until" SPAN, optional("the end of the recording"), "where it ends, since the first row";
    "services.*.load.#.trace.time_scale" number(1e-6, 1e6), default("1.0", "the load as it was recorded"), "time for one second of the recording: 0.5 is twice as fast";
    "services.*.load.#.trace.scale" ratio(0.0, 1e6), default("1.0", "the load as it was recorded"),
        "arrivals for one in the file, by the running total: 0.5 keeps every second one, 2 gives two at each instant";
    "services.*.load.#.trace.shift" LENGTH, default("'0s'", "Assumption: a recording begins with the run"), "when it begins, since the end of the warm-up";
    "services.*.load.#.trace.loop" Kind::Bool, default("false", "the load as it was recorded"), "whether it begins again when it ends; then the run needs a duration";
    "services.*.load.#.spikes" Kind::List, default("[]", "the load as it is without"), "more load for a while; where they meet, they add up";
    "services.*.load.#.spikes.#" Kind::Table, Presence::Element, "a spike, over any source that has a rate";
    "services.*.load.#.spikes.#.at" LENGTH, required("at = \"10m\""), "when it begins, since the end of the warm-up";
    "services.*.load.#.spikes.#.for" SPAN, required("for = \"5m\""), "how long it is, ramps included";
    "services.*.load.#.spikes.#.ramp" LENGTH, default("'0s'", "Assumption: a spike that is announced comes at once"), "how long it rises and how long it falls, in a straight line";
    "services.*.load.#.spikes.#.every" SPAN, optional("it comes once"), "from the beginning of one to that of the next";
    "services.*.load.#.spikes.#.factor" number(1.0, 1e6), Presence::Group("factor"), "times the rate below it";
    "services.*.load.#.spikes.#.added" RATE, Presence::Group("added"), "requests per second beside those below it";

    "keys" TABLES, NONE, "customer-managed keys";
    "keys.*" Kind::Table, Presence::Element, "a key";
    "keys.*.resource" Kind::Resource, required("resource = \"projects/P/locations/us-central1/keyRings/R/cryptoKeys/K\""),
        "full resource name; its project pays the quota, its location is the service's";
    "keys.*.protection_level" Kind::Choice(&["SOFTWARE", "HSM", "EXTERNAL", "EXTERNAL_VPC"]), default("'SOFTWARE'", "Cloud KMS documentation, Protection levels"),
        "where its material is";
    "keys.*.external_manager" Kind::Reference("external_managers"), optional("the material is with the platform"),
        "the manager, for EXTERNAL and EXTERNAL_VPC";
    "keys.*.versions" Kind::List, default("['ENABLED']", "a key has one version when it is made"), "states of its versions when the run starts, version 1 first";
    "keys.*.versions.#" Kind::Choice(&VersionState::NAMES), Presence::Element, "the state of a version";
    "keys.*.primary" count(1, 1_000), derived("the last version", "Cloud KMS documentation, Key rotation: a rotation makes the newest version primary"),
        "the version that encrypts when the run starts; a revision is bound to the one of its deploy";
    "keys.*.destroy_scheduled_duration" SPAN, default("'30d'", "Cloud KMS documentation, Destroy and restore key versions"),
        "from the order to destroy a version to its destruction; it is unusable at once";
    "keys.*.latency" Kind::Distribution, derived("by level: SOFTWARE lognormal 8 ms, p99 40 ms; HSM 25 ms, p99 120 ms; external ones 15 ms", "Assumption: nothing is published; typical of a call within a region"),
        "the platform's own time for one operation";
    "keys.*.retry" Kind::Table, ALL, "how one call is retried";
    "keys.*.retry.policy" Kind::Choice(&Retry::POLICIES), default("'full_jitter'", "google-cloud-rust documentation, Exponential backoff: evenly between zero and the wait"),
        "the waits: none, always the first, growing, growing and drawn, or drawn from the one before";
    "keys.*.retry.initial" PERIOD, default("'100ms'", "Cloud KMS service configuration of the client libraries"), "the first wait, before the draw";
    "keys.*.retry.multiplier" number(1.0, 1e3), default("1.3", "Cloud KMS service configuration of the client libraries"), "growth from one wait to the next";
    "keys.*.retry.max" PERIOD, default("'60s'", "Cloud KMS service configuration of the client libraries"), "no wait is longer";
    "keys.*.retry.total" LENGTH, default("'60s'", "Cloud KMS service configuration of the client libraries"),
        "an attempt that would begin later than this after the first is not made";
    "keys.*.retry.attempts" count(1, 1_000_000), optional("as many as total allows"), "attempts of one call, the first included";
    "keys.*.retry.escalates_after" SPAN, optional("never"),
        "a retryable failure counts as one that is not, once the key has failed so long without a success";
    "keys.*.retry.budget" Kind::Table, optional("each call retries on its own"), "what all calls for the key may retry together (gRPC proposal A6)";
    "keys.*.retry.budget.max_tokens" number(1.0, 1e3), default("10", "gRPC proposal A6, Client retries"), "tokens; a failure costs one, and calls are retried while more than half are there";
    "keys.*.retry.budget.token_ratio" number(0.001, 1e3), default("0.1", "gRPC proposal A6, Client retries"), "what a success gives back";
    "keys.*.retry.breaker" Kind::Table, optional("calls are made however many fail"), "stops all calls for the key while they fail";
    "keys.*.retry.breaker.failures" count(1, 1_000_000), default("5", "Assumption: a default of circuit breaker libraries"), "retryable failures in a row that open it";
    "keys.*.retry.breaker.open_for" SPAN, default("'30s'", "Assumption: a default of circuit breaker libraries"), "how long it stays open; then one call tries";
    "keys.*.check" Kind::Table, ALL, "periodic checks of a key in use";
    "keys.*.check.enabled" Kind::Bool, default("true", "Cloud Run documentation, Using customer managed encryption keys"), "whether there are any";
    "keys.*.check.interval" PERIOD, default("'900s'", "Assumption: the vendor says periodically; comparable services check within 15 min"),
        "time between two checks, before the draw";
    "keys.*.check.jitter" ratio(0.0, 1.0), default("0.1", "Assumption: checks of many keys do not fall together"),
        "share of the interval that a distance may differ by, either way";
    "keys.*.propagation" Kind::Table, ALL, "time from an action to its effect, one draw an action";
    "keys.*.propagation.disable" Kind::Distribution, default("{ uniform = { min = '0s', max = '60s' } }", "Cloud KMS documentation, Consistency: typically within a minute"),
        "from a disable, or a rotation's change of the primary version, to its effect";
    "keys.*.propagation.tail" Kind::Table, optional("no disable takes longer"), "the rare disable that takes longer";
    "keys.*.propagation.tail.probability" ratio(0.0, 1.0), default("0.001", "Assumption: the documentation says exceptional"),
        "probability of an action; its time is then drawn evenly between the usual draw and up_to";
    "keys.*.propagation.tail.up_to" SPAN, default("'3h'", "Cloud KMS documentation, Consistency: several hours (an older version: up to 3 hours)"),
        "the longest time";
    "keys.*.propagation.permission" Kind::Distribution, default("{ uniform = { min = '1s', max = '120s' } }", "Cloud KMS documentation, Consistency: seconds or minutes; the upper end is an assumption"),
        "from a change of permission to its effect";

    "quotas" Kind::Names(Alphabet::Quota), NONE, "operations a second that keys use together; keys without one get the default's, named PROJECT/LOCATION/POOL";
    "quotas.*" Kind::Table, Presence::Element, "a quota";
    "quotas.*.project" Kind::Text, required("project = \"P\""), "project of the keys that it covers";
    "quotas.*.location" Kind::Text, required("location = \"us-central1\""), "their location";
    "quotas.*.pool" Kind::Choice(&["HSM", "EXTERNAL"]), required("pool = \"EXTERNAL\""), "which protection levels share it";
    "quotas.*.limit" Kind::Operations, derived("by pool: HSM 500/s, EXTERNAL 100/s", "Cloud KMS documentation, Quotas"), "operations in one second";
    "quotas.*.overloaded" Kind::Bool, default("false", "Cloud KMS documentation, Quotas: HSM operations above the limit are served while there is capacity"),
        "whether HSM operations above the limit are denied; external ones always are";
    "quotas.*.mechanism" Kind::Table, default("{ fixed_window = {} }", "Assumption: the documentation says that quotas are enforced by the second, and not how"),
        "how the limit is applied in time";
    "quotas.*.mechanism.fixed_window" Kind::Table, Variant, "so many operations in each whole second since the end of the warm-up";
    "quotas.*.mechanism.token_bucket" Kind::Table, Variant, "a bucket, full at the start, into which the limit's tokens come evenly; an operation takes one for each unit that it charges";
    "quotas.*.mechanism.token_bucket.burst" count(1, u32::MAX as u64), optional("what the limit gives in a second"),
        "tokens that the bucket holds at most; under a limit of zero it is empty";
    "quotas.*.cost" Kind::Table, ALL, "units of the limit that one operation charges";
    "quotas.*.cost.encrypt" count(1, 1_000_000), default("1", "Cloud KMS documentation, Quotas: a symmetric operation of either kind costs the same"), "of an encryption: a deploy's new data key, the first call of a check";
    "quotas.*.cost.decrypt" count(1, 1_000_000), default("1", "Cloud KMS documentation, Quotas: a symmetric operation of either kind costs the same"), "of a decryption: what starts ask for, the second call of a check";
    "quotas.*.background" Kind::Table, optional("nobody else uses the quota"), "other users of the key project; each of their operations charges one unit, in turn with the services'";
    "quotas.*.background.constant" Kind::Table, Variant, "evenly spaced operations";
    "quotas.*.background.constant.rate" RATE, required("rate = \"60/s\""), "operations per second";
    "quotas.*.background.poisson" Kind::Table, Variant, "exponential gaps";
    "quotas.*.background.poisson.rate" RATE, required("rate = \"60/s\""), "mean operations per second";

    "external_managers" TABLES, NONE, "managers of keys outside the platform";
    "external_managers.*" Kind::Table, Presence::Element, "an external manager";
    "external_managers.*.preset" Kind::Choice(&ExternalManager::PRESETS), default("'google_ekm'", "Assumption: the manager of the platform that is modelled"),
        "what the defaults of call_timeout, capacity and retryable are taken from";
    "external_managers.*.latency" Kind::Distribution, default("{ lognormal = { median = '40ms', p99 = '140ms' } }", "Assumption: nothing is published; a p99 just within the platform's limit of 150 ms"),
        "time to answer one call";
    "external_managers.*.call_timeout" SPAN, derived("by preset: google_ekm 150 ms, aws_xks 250 ms", "Cloud KMS documentation, Cloud EKM reference architectures; AWS KMS documentation, External key stores"), "a call not answered by then is a TIMEOUT";
    "external_managers.*.inner_attempts" count(1, 100), default("2", "Assumption: a metric's label shows that there can be more than one"),
        "calls to the manager for one operation, at most";
    "external_managers.*.capacity" Kind::Operations, optional("any number; for aws_xks 1800/s (AWS KMS documentation, External key stores)"),
        "calls answered in a second; those above find it OVERLOADED_EKM";
    "external_managers.*.retryable" Kind::List, derived("by preset: google_ekm TIMEOUT, UNREACHABLE_NETWORK, OVERLOADED_EKM, EXTERNAL_RESOURCE_EXHAUSTED, REQUEST_CANCELLED, UNEXPECTED_RESPONSE, EXTERNAL_SERVER_ERROR; aws_xks TIMEOUT, UNREACHABLE_NETWORK", "Cloud KMS documentation, Cloud EKM errors; Assumption: of the partner's system errors, of which it says nothing, its own error and an answer that makes no sense may pass; AWS KMS external key store proxy specification"),
        "error domains that may be tried again; all others fail at once";
    "external_managers.*.retryable.#" Kind::Choice(&DOMAINS), Presence::Element, "an error domain";
    "external_managers.*.outages" Kind::Table, optional("only those of the timeline"), "outages that are drawn: it fails and is repaired in turns";
    "external_managers.*.outages.time_to_failure" Kind::Distribution, required("time_to_failure = { exponential = { mean = \"30d\" } }"), "from a repair, or the start of the run, to the next failure; at least 1 ms";
    "external_managers.*.outages.time_to_repair" Kind::Distribution, required("time_to_repair = { exponential = { mean = \"1h\" } }"), "from a failure to its repair; at least 1 ms";
    "external_managers.*.outages.domain" Kind::Choice(&DOMAINS), default("'TIMEOUT'", "Assumption: a manager that is away gives no answer in time"), "how it fails";
    "external_managers.*.outages.message" Kind::Text, derived("the domain's name", "the platform passes the manager's message through"), "its message";
};

/// What must hold.
const LAST: &[Row] = rows! {
    "thresholds" Kind::Thresholds, default("{}", "nothing is asked of a run, where the file asks nothing"),
        "what must hold of a run's results: conditions by metric, of all services together or under services.NAME";
    "expect" Kind::List, default("[]", "nothing is expected, where the file expects nothing"), "what must hold of a time series, in every replication";
    "expect.#" Kind::Table, Presence::Element, "something expected";
    "expect.#.metric" Kind::Text, required("metric = \"instances_ready\""), "a column of the time series without its unit, or a sum such as instances_ready";
    "expect.#.service" Kind::Reference("services"), optional("all services together"), "the service";
    "expect.#.revision" Kind::Text, optional("all revisions of the service"), "the revision";
    "expect.#.from" LENGTH, default("'0s'", "the whole run is meant, where the file says nothing"), "begin of the time in which it must hold, since the end of the warm-up";
    "expect.#.until" SPAN, optional("the end of the run"), "its end, since the end of the warm-up";
    "expect.#.is" Kind::Conditions, required("is = [\"max == 0\"]"), "what must hold";

    "validation" Kind::Table, ALL, "how the references are looked at";
    "validation.replications" count(1, 1_000_000), default("20", "Assumption: a standard error of so many runs is known to within a sixth"),
        "runs, each with luck of its own";
    "validation.standard_errors" number(0.5, 10.0), default("4", "Assumption: of 1,000 rows that hold one is further off, by Student's law of 20 runs"),
        "so many standard errors of both sides together a number may be off";
    "reference" Kind::List, default("[]", "nobody says what comes out, where the file says nothing"), "numbers that the runs must come to, because a formula or somebody else says so";
    "reference.#" Kind::Table, Presence::Element, "a number and where it comes from";
    "reference.#.metric" Kind::Text, required("metric = \"cold_ratio\""), "a column of the summary, or else of the time series, without its unit";
    "reference.#.statistic" Kind::Choice(&Statistic::NAMES), default("'value'", "a column of the summary is a number"), "what is taken of it";
    "reference.#.service" Kind::Reference("services"), optional("all services together"), "the service";
    "reference.#.from" LENGTH, default("'0s'", "the whole run is meant, where the file says nothing"), "begin of the part of the run that it is of, since the end of the warm-up";
    "reference.#.until" SPAN, optional("the end of the run"), "its end, since the end of the warm-up";
    "reference.#.value" Kind::Quantity, required("value = 0.0013"), "the number, in the unit of its metric";
    "reference.#.standard_error" Kind::Quantity, optional("it has none: a formula"), "standard error of the number";
    "reference.#.within" Kind::Quantity, optional("by standard errors"), "how far off it the mean of the runs may be, where the source states a range";
    "reference.#.exact" Kind::Bool, default("false", "runs are drawn"), "whether every run comes to exactly this number";
    "reference.#.measured" Kind::Bool, default("false", "a reference is judged"), "whether it was measured on the real thing: then the difference is the model's error, told and not judged";
    "reference.#.source" Kind::Text, required("source = \"Erlang C\""), "who says so";
};

/// The keys of a file of settings for a dry run, beside those of `autoscaler`.
pub static POLICY: &[Row] = rows! {
    "container_concurrency" count(0, 1_000_000), optional("0, any number, for knative; 80 for cloud_run"),
        "requests an instance takes at once";
    "min_instances" INSTANCES, default("0", "Cloud Run documentation, Container runtime contract"),
        "least instances of cloud_run and per_request";
    "max_instances" count(1, 100_000), default("100_000", "Assumption: a dry run shows what the policy wants"),
        "most instances of cloud_run and per_request";
    "replay" Kind::Table, optional("nobody says what must come out"),
        "a series and what the policy must decide over it, for regress";
    "replay.series" Kind::Path, required("series = \"load.csv\""), "a CSV file, relative to this file's folder";
    "replay.startup" LENGTH, optional("the series says how many instances were ready"),
        "the series is the offered load, and an instance that is wanted is ready after this time";
    "replay.decisions" Kind::Path, required("decisions = \"decisions.csv\""),
        "a CSV file of the rows that must come out, relative to this file's folder";
    "replay.source" Kind::Text, required("source = \"worked out by hand\""), "who says so";
};

/// The keys of a law of durations, wherever one stands; a part of a mixture has all but `mixture`.
pub static DISTRIBUTION: &[Row] = rows! {
    "constant" LENGTH, Variant, "always the same";
    "exponential" Kind::Table, Variant, "exponential";
    "exponential.mean" LENGTH, required("mean = \"100ms\""), "the mean";
    "lognormal" Kind::Table, Variant, "lognormal, by mean and cv or by median and p99";
    "lognormal.mean" LENGTH, Presence::Group("mean and cv"), "the mean";
    "lognormal.cv" number(0.0, 100.0), Presence::Group("mean and cv"), "standard deviation over mean";
    "lognormal.median" LENGTH, Presence::Group("median and p99"), "the median";
    "lognormal.p99" LENGTH, Presence::Group("median and p99"), "the 99th percentile";
    "uniform" Kind::Table, Variant, "evenly between two lengths";
    "uniform.min" LENGTH, required("min = \"0s\""), "the shortest";
    "uniform.max" LENGTH, required("max = \"1s\""), "the longest";
    "gamma" Kind::Table, Variant, "gamma, by its mean and either shape or cv";
    "gamma.mean" LENGTH, required("mean = \"100ms\""), "the mean";
    "gamma.shape" number(0.01, 1e6), Presence::Group("shape"), "the shape: 1 is exponential, k a sum of k exponentials";
    "gamma.cv" number(0.0, 10.0), Presence::Group("cv"), "standard deviation over mean";
    "weibull" Kind::Table, Variant, "Weibull's";
    "weibull.shape" number(0.05, 100.0), required("shape = 0.7"), "the shape: 1 is exponential, below 1 has the longer tail";
    "weibull.mean" LENGTH, required("mean = \"100ms\""), "the mean";
    "pareto" Kind::Table, Variant, "Pareto's between two lengths: nothing lies above the cap, and nothing piles up there";
    "pareto.alpha" number(0.01, 100.0), required("alpha = 1.5"), "of ten times the length there is 10^alpha times less";
    "pareto.min" SPAN, required("min = \"20ms\""), "the shortest";
    "pareto.cap" SPAN, required("cap = \"60s\""), "the longest";
    "empirical" Kind::Table, Variant, "one of many recorded lengths, each as likely as any other";
    "empirical.file" Kind::Path, required("file = \"durations.csv\""), "a CSV file with a header, relative to the scenario's folder";
    "empirical.column" Kind::Text, required("column = \"duration_ms\""), "name of the column of lengths";
    "empirical.unit" Kind::Choice(&UNITS), optional("the ending of the column's name, as in duration_ms"), "unit of that column";
    "empirical.sha256" Kind::Digest, optional("any content"), "what the file's bytes come to, where another file must not be taken for it";
    "mixture" Kind::List, Variant, "one of several laws, by weight";
    "mixture.#" Kind::Distribution, Presence::Element, "a law of the mixture";
    "mixture.#.weight" number(0.0, 1e9), required("weight = 1"), "its share, for the sum of all weights";
};
