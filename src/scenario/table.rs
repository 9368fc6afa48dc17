//! Every key of a scenario file, in the order in which a lock file has them.
//!
//! A value is TOML. The source of a default is a page of the vendor's documentation, or begins
//! with "Assumption:" and says why the value was chosen where the vendor is silent.

use super::keys::{ExternalManager, Retry, VersionState};
use super::schema::{Alphabet, DOMAINS, Kind, Presence, Row};
use super::service::MOST_INSTANCES;
use super::trace::UNITS;
use super::without::Without;
use crate::units::SimDuration;

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
/// Instances of one service.
const INSTANCES: Kind = count(0, MOST_INSTANCES as u64);
/// A list or a table of names that may be left out.
const NONE: Presence = default("{}", "nothing of the kind, where the file has none");
const ALL: Presence = default("{}", "its keys have defaults");

/// Every key, but for those of [`DISTRIBUTION`].
pub static ROWS: &[Row] = rows! {
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
    "services.*.idle_timeout" LENGTH, default("'900s'", "Cloud Run documentation, Container runtime contract"),
        "idle for longer, an instance may be stopped";
    "services.*.drain_grace" LENGTH, default("'10s'", "Cloud Run documentation, Container runtime contract"),
        "from the stop signal to the forced stop";
    "services.*.service_time" Kind::Distribution, required("service_time = { constant = \"100ms\" }"),
        "time a request takes once an instance has it";

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

    "services.*.autoscaler" Kind::Table, default("{ cloud_run = {} }", "the platform that is modelled first"),
        "how many instances are wanted";
    "services.*.autoscaler.cloud_run" Kind::Table, Variant, "for the mean load, and on demand for waiting requests";
    "services.*.autoscaler.cloud_run.tick" PERIOD, default("'5s'", "Cloud Run documentation, About instance autoscaling (older version)"),
        "time between two decisions";
    "services.*.autoscaler.cloud_run.cpu_target" Kind::Ratio { min: 0.01, max: 1.0, or: Some("disabled") }, default("0.6", "Cloud Run documentation, About instance autoscaling"),
        "share of an instance's vCPUs that is aimed at";
    "services.*.autoscaler.cloud_run.concurrency_target" Kind::Ratio { min: 0.01, max: 1.0, or: Some("disabled") }, default("0.6", "Cloud Run documentation, About instance autoscaling"),
        "share of the concurrency that is aimed at";
    "services.*.autoscaler.cloud_run.window" PERIOD, default("'60s'", "Cloud Run documentation, About instance autoscaling"),
        "the window of the mean CPU, and the shorter one of the mean load";
    "services.*.autoscaler.cloud_run.long_window" PERIOD, default("'600s'", "Cloud Run documentation, About instance autoscaling"),
        "the longer window of the mean load";
    "services.*.autoscaler.cloud_run.tolerance" ratio(0.0, 0.99), derived("0.1 where a target is set, else 0", "Cloud Run documentation, Configure scaling controls: about 10 %; how it works is an assumption"),
        "share by which the load may differ from what the instances carry at the target before anything changes";
    "services.*.autoscaler.knative" Kind::Table, Variant, "the pod autoscaler of Knative";
    "services.*.autoscaler.knative.metric" Kind::Choice(&["concurrency", "rps"]), default("'concurrency'", "Knative documentation, Autoscaling"),
        "what is counted: requests in flight, or requests a second";
    "services.*.autoscaler.knative.target" number(0.01, 1e9), optional("the service's concurrency, or the cluster's default where that is 0; for rps the cluster's default"),
        "what a pod can carry";
    "services.*.autoscaler.knative.target_utilization_percentage" number(1.0, 100.0), optional("container_concurrency_target_percentage; 70 for rps"),
        "per cent of the target that is aimed at";
    "services.*.autoscaler.knative.container_concurrency_target_default" number(0.01, 1e9), default("100", "Knative serving, config-autoscaler"),
        "target where there is neither a target nor a limit";
    "services.*.autoscaler.knative.container_concurrency_target_percentage" number(0.0, 100.0), default("70", "Knative serving, config-autoscaler"),
        "the cluster's target_utilization_percentage; up to 1 it is a share";
    "services.*.autoscaler.knative.requests_per_second_target_default" number(0.01, 1e9), default("200", "Knative serving, config-autoscaler"),
        "target of the metric rps where there is none";
    "services.*.autoscaler.knative.window" WINDOW, optional("stable_window"),
        "the stable window";
    "services.*.autoscaler.knative.stable_window" WINDOW, default("'60s'", "Knative serving, config-autoscaler"),
        "the cluster's window";
    "services.*.autoscaler.knative.panic_window_percentage" number(1.0, 100.0), default("10", "Knative serving, config-autoscaler"),
        "length of the panic window in per cent of the stable one";
    "services.*.autoscaler.knative.panic_threshold_percentage" number(110.0, 1_000.0), default("200", "Knative serving, config-autoscaler"),
        "panic begins where the pods wanted are this many per cent of the ready ones";
    "services.*.autoscaler.knative.max_scale_up_rate" number(1.0, 1e9), default("1000", "Knative serving, config-autoscaler"),
        "a decision wants at most so many times the ready pods";
    "services.*.autoscaler.knative.max_scale_down_rate" number(1.0, 1e9), default("2", "Knative serving, config-autoscaler"),
        "a decision wants at least the ready pods over this";
    "services.*.autoscaler.knative.target_burst_capacity" number(-1.0, 1e9), default("211", "Knative serving, config-autoscaler"),
        "spare capacity below which the activator is in the path; -1 always, 0 only without pods";
    "services.*.autoscaler.knative.activator_capacity" number(1.0, 1e9), default("100", "Knative serving, config-autoscaler"),
        "concurrency of one activator";
    "services.*.autoscaler.knative.min_scale" INSTANCES, default("0", "Knative serving, config-autoscaler"),
        "least pods";
    "services.*.autoscaler.knative.max_scale" INSTANCES, default("0", "Knative serving, config-autoscaler"),
        "most pods; 0 for any number";
    "services.*.autoscaler.knative.max_scale_limit" INSTANCES, default("0", "Knative serving, config-autoscaler"),
        "most that max_scale may say; 0 for anything";
    "services.*.autoscaler.knative.initial_scale" INSTANCES, default("1", "Knative serving, config-autoscaler"),
        "pods of a new revision";
    "services.*.autoscaler.knative.allow_zero_initial_scale" Kind::Bool, default("false", "Knative serving, config-autoscaler"),
        "whether initial_scale may be 0";
    "services.*.autoscaler.knative.activation_scale" INSTANCES, default("1", "Knative documentation, Autoscaling"),
        "least pods where any is wanted";
    "services.*.autoscaler.knative.scale_down_delay" HOUR, default("'0s'", "Knative serving, config-autoscaler"),
        "the largest wish of this time holds";
    "services.*.autoscaler.knative.enable_scale_to_zero" Kind::Bool, default("true", "Knative serving, config-autoscaler"),
        "whether the last pod may go";
    "services.*.autoscaler.knative.scale_to_zero_grace_period" SPAN, default("'30s'", "Knative serving, config-autoscaler"),
        "from inactive to no pods, where the activator was not in the path before";
    "services.*.autoscaler.knative.scale_to_zero_pod_retention_period" HOUR, default("'0s'", "Knative serving, config-autoscaler"),
        "the last pod stays at least this long";
    "services.*.autoscaler.knative.metric_aggregation_algorithm" Kind::Choice(&["linear", "weighted-exponential"]), default("'linear'", "Knative documentation, Autoscaling"),
        "how a window averages";
    "services.*.autoscaler.knative.progress_deadline" SPAN, default("'600s'", "Knative serving, config-deployment"),
        "a revision not active after this and 30 s more is given up";
    "services.*.autoscaler.hpa" Kind::Table, Variant, "the horizontal pod autoscaler of Kubernetes";
    "services.*.autoscaler.hpa.min_replicas" count(1, 100_000), default("1", "Kubernetes reference, HorizontalPodAutoscaler v2"),
        "least replicas";
    "services.*.autoscaler.hpa.max_replicas" count(1, 100_000), default("100_000", "Assumption: without it the limit of the service holds alone"),
        "most replicas";
    "services.*.autoscaler.hpa.metric" Kind::Choice(&["cpu", "cpu_utilization", "concurrency", "rps"]), default("'cpu'", "Kubernetes reference, HorizontalPodAutoscaler v2"),
        "what is measured: CPU in per cent of the request (either name), requests in flight or requests a second and pod";
    "services.*.autoscaler.hpa.target" number(0.001, 1e9), optional("80 for cpu; the others need one"),
        "what is aimed at, a pod";
    "services.*.autoscaler.hpa.tolerance" number(0.0, 10.0), default("0.1", "Kubernetes reference, kube-controller-manager"),
        "share by which the metric may differ from the target before anything changes";
    "services.*.autoscaler.hpa.sync_period" SPAN, default("'15s'", "Kubernetes reference, kube-controller-manager"),
        "time between two decisions";
    "services.*.autoscaler.hpa.downscale_stabilization" LENGTH, default("'300s'", "Kubernetes reference, kube-controller-manager"),
        "the largest recommendation of this time holds";
    "services.*.autoscaler.hpa.cpu_initialization_period" LENGTH, default("'300s'", "Kubernetes reference, kube-controller-manager"),
        "for this long after its start a pod's CPU counts only while it is ready";
    "services.*.autoscaler.hpa.initial_readiness_delay" LENGTH, default("'30s'", "Kubernetes reference, kube-controller-manager"),
        "a pod that went unready within this time of its start was never ready";
    "services.*.autoscaler.hpa.behavior" Kind::Table, optional("at most twice the replicas, or four"),
        "how fast replicas may change";
    "services.*.autoscaler.hpa.behavior.scale_up" Kind::Table, ALL,
        "how fast it may go up";
    "services.*.autoscaler.hpa.behavior.scale_up.stabilization_window" HOUR, default("'0s'", "Kubernetes reference, HorizontalPodAutoscaler v2"),
        "the most cautious recommendation of this time holds";
    "services.*.autoscaler.hpa.behavior.scale_up.select_policy" Kind::Choice(&["Max", "Min", "Disabled"]), default("'Max'", "Kubernetes reference, HorizontalPodAutoscaler v2"),
        "which of the policies counts";
    "services.*.autoscaler.hpa.behavior.scale_up.tolerance" number(0.0, 10.0), optional("the tolerance of both directions"),
        "tolerance on the way up";
    "services.*.autoscaler.hpa.behavior.scale_up.policies" Kind::List, default("[{ type = 'Pods', value = 4, period = '15s' }, { type = 'Percent', value = 100, period = '15s' }]", "Kubernetes reference, HorizontalPodAutoscaler v2"),
        "largest changes";
    "services.*.autoscaler.hpa.behavior.scale_up.policies.#" Kind::Table, Presence::Element,
        "a largest change within a time";
    "services.*.autoscaler.hpa.behavior.scale_up.policies.#.type" Kind::Choice(&["Pods", "Percent"]), required("type = \"Percent\""),
        "what the value counts";
    "services.*.autoscaler.hpa.behavior.scale_up.policies.#.value" count(1, u32::MAX as u64), required("value = 100"),
        "pods, or per cent of the replicas";
    "services.*.autoscaler.hpa.behavior.scale_up.policies.#.period" Kind::Duration { min: SimDuration::from_secs(1), max: SimDuration::from_secs(1_800) }, required("period = \"15s\""),
        "within this time";
    "services.*.autoscaler.hpa.behavior.scale_down" Kind::Table, ALL,
        "how fast it may go down";
    "services.*.autoscaler.hpa.behavior.scale_down.stabilization_window" HOUR, derived("downscale_stabilization", "Kubernetes reference, HorizontalPodAutoscaler v2"),
        "the most cautious recommendation of this time holds";
    "services.*.autoscaler.hpa.behavior.scale_down.select_policy" Kind::Choice(&["Max", "Min", "Disabled"]), default("'Max'", "Kubernetes reference, HorizontalPodAutoscaler v2"),
        "which of the policies counts";
    "services.*.autoscaler.hpa.behavior.scale_down.tolerance" number(0.0, 10.0), optional("the tolerance of both directions"),
        "tolerance on the way down";
    "services.*.autoscaler.hpa.behavior.scale_down.policies" Kind::List, default("[{ type = 'Percent', value = 100, period = '15s' }]", "Kubernetes reference, HorizontalPodAutoscaler v2"),
        "largest changes";
    "services.*.autoscaler.hpa.behavior.scale_down.policies.#" Kind::Table, Presence::Element,
        "a largest change within a time";
    "services.*.autoscaler.hpa.behavior.scale_down.policies.#.type" Kind::Choice(&["Pods", "Percent"]), required("type = \"Percent\""),
        "what the value counts";
    "services.*.autoscaler.hpa.behavior.scale_down.policies.#.value" count(1, u32::MAX as u64), required("value = 100"),
        "pods, or per cent of the replicas";
    "services.*.autoscaler.hpa.behavior.scale_down.policies.#.period" Kind::Duration { min: SimDuration::from_secs(1), max: SimDuration::from_secs(1_800) }, required("period = \"15s\""),
        "within this time";
    "services.*.autoscaler.per_request" Kind::Table, Variant, "an instance for each request in flight";
    "services.*.autoscaler.fixed" Kind::Table, Variant, "always the same number";
    "services.*.autoscaler.fixed.instances" INSTANCES, required("instances = 3"), "instances wanted";
    "services.*.autoscaler.schedule" Kind::Table, optional("only the policy's wish counts"),
        "a minimum that changes with time, over any policy";
    "services.*.autoscaler.schedule.repeat" PERIOD, optional("it is gone through once"),
        "after this time it begins anew";
    "services.*.autoscaler.schedule.steps" Kind::List, required("steps = [{ at = \"8h\", min_instances = 5 }]"),
        "the minimum from instants on";
    "services.*.autoscaler.schedule.steps.#" Kind::Table, Presence::Element,
        "the minimum from an instant on";
    "services.*.autoscaler.schedule.steps.#.at" LENGTH, required("at = \"8h\""),
        "since the end of the warm-up, or since the begin of a repetition";
    "services.*.autoscaler.schedule.steps.#.min_instances" INSTANCES, required("min_instances = 5"),
        "instances wanted at least";

    "services.*.start" Kind::Table, ALL, "the phases of a start, but for the key's";
    "services.*.start.allocate" Kind::Distribution, default("{ lognormal = { median = '200ms', p99 = '600ms' } }", "Assumption: the range of published cold starts; a p99 of three medians"),
        "finding a place for the instance";
    "services.*.start.fetch" Kind::Distribution, default("{ constant = '300ms' }", "Assumption: images are streamed; their size is said not to matter"),
        "fetching the image";
    "services.*.start.boot" Kind::Distribution, default("{ lognormal = { median = '800ms', p99 = '4s' } }", "Assumption: a light web framework; set it from your own start-up times"),
        "from the fetched image to an instance that takes requests";
    "services.*.start.deadline" SPAN, default("'240s'", "Cloud Run documentation, Container runtime contract"),
        "fetching and booting may take this long together";
    "services.*.start.back_off" Kind::Table, ALL, "the wait before a failed start is tried again, fully jittered";
    "services.*.start.back_off.initial" PERIOD, default("'1s'", "Assumption: the default of the vendor's client libraries"),
        "the first wait, before the draw";
    "services.*.start.back_off.multiplier" number(1.0, 1e3), default("2", "Assumption: the default of the vendor's client libraries"),
        "growth from one wait to the next";
    "services.*.start.back_off.max" PERIOD, default("'60s'", "Assumption: the default of the vendor's client libraries"),
        "no wait is longer";

    "services.*.encryption" Kind::Table, optional("starts need no key"), "the key that the image is encrypted with";
    "services.*.encryption.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "services.*.encryption.decrypts_per_start" count(0, 1_000), default("2", "Cloud Run documentation, Using customer managed encryption keys: two access reasons at a start"),
        "decrypt calls of one start, in sequence";
    "services.*.encryption.revocation" Kind::Table, ALL, "what follows when the key is revoked";
    "services.*.encryption.revocation.action" Kind::Choice(&["shut_down", "prevent_new"]), default("'shut_down'", "Cloud Run documentation, Using customer managed encryption keys (the newer API's default is prevent_new)"),
        "what becomes of running instances";
    "services.*.encryption.revocation.waiting_period" LENGTH, default("'1h'", "Assumption: the smallest that the API takes"),
        "from detection to the stop of running instances";
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

    "timeline" Kind::List, default("[]", "nothing happens, where the file says nothing"), "what happens at an instant";
    "timeline.#" Kind::Table, Presence::Element, "what happens, and when";
    "timeline.#.at" LENGTH, required("at = \"5m\""), "when it begins, since the end of the warm-up";
    "timeline.#.until" LENGTH, optional("never"), "when it is taken back, since the end of the warm-up";
    "timeline.#.for" SPAN, optional("see until"), "how long until it is taken back";
    "timeline.#.key_disable" Kind::Table, Variant, "versions of a key are disabled (then enabled)";
    "timeline.#.key_disable.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "timeline.#.key_disable.version" count(1, 1_000), optional("every version"), "the version";
    "timeline.#.key_enable" Kind::Table, Variant, "versions of a key are enabled";
    "timeline.#.key_enable.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "timeline.#.key_enable.version" count(1, 1_000), optional("every version"), "the version";
    "timeline.#.key_schedule_destruction" Kind::Table, Variant, "versions of a key are unusable at once, and destroyed after destroy_scheduled_duration (or restored)";
    "timeline.#.key_schedule_destruction.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "timeline.#.key_schedule_destruction.version" count(1, 1_000), optional("every version"), "the version";
    "timeline.#.key_restore" Kind::Table, Variant, "versions of a key whose destruction is scheduled become disabled";
    "timeline.#.key_restore.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "timeline.#.key_restore.version" count(1, 1_000), optional("every version"), "the version";
    "timeline.#.key_destroy" Kind::Table, Variant, "versions of a key are destroyed at once, for good";
    "timeline.#.key_destroy.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "timeline.#.key_destroy.version" count(1, 1_000), optional("every version"), "the version";
    "timeline.#.key_rotate" Kind::Table, Variant, "a key gets a new version, enabled, which becomes the primary one";
    "timeline.#.key_rotate.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "timeline.#.permission_revoke" Kind::Table, Variant, "the service agents lose the permission to use a key (then get it back)";
    "timeline.#.permission_revoke.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "timeline.#.permission_grant" Kind::Table, Variant, "the service agents get the permission to use a key";
    "timeline.#.permission_grant.key" Kind::Reference("keys"), required("key = \"main\""), "the key";
    "timeline.#.external_outage" Kind::Table, Variant, "an external manager fails every call; it ends";
    "timeline.#.external_outage.manager" Kind::Reference("external_managers"), required("manager = \"vault\""), "the manager";
    "timeline.#.external_outage.domain" Kind::Choice(&DOMAINS), default("'TIMEOUT'", "Assumption: a manager that is away gives no answer in time"), "how it fails";
    "timeline.#.external_outage.message" Kind::Text, derived("the domain's name", "the platform passes the manager's message through"), "its message";
    "timeline.#.external_outage.flapping" Kind::Table, optional("it is away all the time"), "it is away and back in turns, away first";
    "timeline.#.external_outage.flapping.down" PERIOD, required("down = \"20s\""), "how long it is away";
    "timeline.#.external_outage.flapping.up" PERIOD, required("up = \"40s\""), "how long it is back";
    "timeline.#.external_brownout" Kind::Table, Variant, "an external manager is slow, and fails a share of the calls; it ends";
    "timeline.#.external_brownout.manager" Kind::Reference("external_managers"), required("manager = \"vault\""), "the manager";
    "timeline.#.external_brownout.latency_factor" ratio(0.0, 1e6), default("1.0", "it answers as fast as ever"), "times the latency";
    "timeline.#.external_brownout.error_share" ratio(0.0, 1.0), default("0.0", "it answers every call"), "share of the calls that fail";
    "timeline.#.external_brownout.domain" Kind::Choice(&DOMAINS), default("'EXTERNAL_SERVER_ERROR'", "Assumption: an error of its own"), "how those fail";
    "timeline.#.external_brownout.message" Kind::Text, derived("the domain's name", "the platform passes the manager's message through"), "its message";
    "timeline.#.quota_set" Kind::Table, Variant, "a quota has another limit (then the scenario's)";
    "timeline.#.quota_set.quota" Kind::Reference("quotas"), required("quota = \"ekm\""), "the quota";
    "timeline.#.quota_set.limit" Kind::Operations, required("limit = \"20/s\""), "operations in one second";
    "timeline.#.load_step" Kind::Table, Variant, "the rates of a service's loads are multiplied (then as the scenario has them); recorded arrivals stay as they are";
    "timeline.#.load_step.service" Kind::Reference("services"), required("service = \"web\""), "the service";
    "timeline.#.load_step.factor" ratio(0.0, 1e6), required("factor = 3"), "times the scenario's rate";
    "timeline.#.deploy" Kind::Table, Variant, "a service gets a new revision, which takes traffic when its first instance is ready";
    "timeline.#.deploy.service" Kind::Reference("services"), required("service = \"web\""), "the service";
    "timeline.#.deploy.set" Kind::Settings, default("{}", "the same settings, deployed once more"), "keys of the service that change, for this revision and those after it";
    "timeline.#.deploy.percent" count(1, 100), default("100", "Cloud Run documentation, Rollbacks, gradual rollouts and traffic migration"), "share of the requests, in per cent, that the revision takes when it is ready";
    "timeline.#.deploy.rollout" Kind::List, default("[]", "the share stays as it is"), "shares that the revision takes later";
    "timeline.#.deploy.rollout.#" Kind::Table, Presence::Element, "a later share";
    "timeline.#.deploy.rollout.#.after" SPAN, required("after = \"5m\""), "counted from the revision's first ready instance";
    "timeline.#.deploy.rollout.#.percent" count(1, 100), required("percent = 50"), "share of the requests, in per cent";
    "timeline.#.traffic_set" Kind::Table, Variant, "a service's traffic is split anew";
    "timeline.#.traffic_set.service" Kind::Reference("services"), required("service = \"web\""), "the service";
    "timeline.#.traffic_set.percents" TABLES, required("percents = { web-00001 = 90, web-00002 = 10 }"), "whole percents by revision; they add up to 100";
    "timeline.#.traffic_set.percents.*" count(0, 100), Presence::Element, "a revision's share";
    "timeline.#.min_instances_set" Kind::Table, Variant, "a service has another minimum, without a deploy (then the scenario's)";
    "timeline.#.min_instances_set.service" Kind::Reference("services"), required("service = \"web\""), "the service";
    "timeline.#.min_instances_set.instances" INSTANCES, required("instances = 5"), "instances of all its revisions together";
    "timeline.#.max_instances_set" Kind::Table, Variant, "a service has another maximum, without a deploy (then the scenario's)";
    "timeline.#.max_instances_set.service" Kind::Reference("services"), required("service = \"web\""), "the service";
    "timeline.#.max_instances_set.instances" count(1, MOST_INSTANCES as u64), required("instances = 20"), "instances of each revision";
    "timeline.#.scaling_mode_set" Kind::Table, Variant, "a service scales by hand, without a deploy (then by its autoscaler)";
    "timeline.#.scaling_mode_set.service" Kind::Reference("services"), required("service = \"web\""), "the service";
    "timeline.#.scaling_mode_set.automatic" Kind::True, Variant, "by its autoscaler";
    "timeline.#.scaling_mode_set.manual" Kind::Table, Variant, "by hand: minimum and maximum do not count";
    "timeline.#.scaling_mode_set.manual.instances" INSTANCES, required("instances = 5"), "instances of all its revisions together, divided by traffic";

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
};

/// The keys of a file of settings for a dry run, beside those of `autoscaler`.
pub static POLICY: &[Row] = rows! {
    "container_concurrency" count(0, 1_000_000), optional("0, any number, for knative; 80 for cloud_run"),
        "requests an instance takes at once";
    "min_instances" INSTANCES, default("0", "Cloud Run documentation, Container runtime contract"),
        "least instances of cloud_run and per_request";
    "max_instances" count(1, 100_000), default("100_000", "Assumption: a dry run shows what the policy wants"),
        "most instances of cloud_run and per_request";
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
    "mixture" Kind::List, Variant, "one of several laws, by weight";
    "mixture.#" Kind::Distribution, Presence::Element, "a law of the mixture";
    "mixture.#.weight" number(0.0, 1e9), required("weight = 1"), "its share, for the sum of all weights";
};
