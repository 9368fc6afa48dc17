//! Keys of a service's autoscaler.

use super::*;

/// They stand among the service's.
pub(super) const ROWS: &[Row] = rows! {
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
};
