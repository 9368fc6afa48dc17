//! Time lines that were worked out beside this program: by an independent implementation that was
//! compared with the controllers' own code.

use keyscale::scenario::Signal;

use super::{observed, offered, rows, settings};

/// The cells of the row of a second.
#[track_caller]
fn at(rows: &[String], second: u64) -> Vec<&str> {
    let begin = format!("{second},");
    let row = rows.iter().find(|row| row.starts_with(&begin));
    row.unwrap_or_else(|| panic!("no row at {second}")).split(',').collect()
}

/// The first second in which a cell has a value.
fn first(rows: &[String], column: usize, value: &str) -> Option<u64> {
    let found = rows.iter().find(|row| row.split(',').nth(column) == Some(value))?;
    found.split(',').next()?.parse().ok()
}

const READY: usize = 2;
const DESIRED: usize = 6;
const BURST: usize = 7;
const PANICKING: usize = 8;
const REPLICAS: usize = 10;
const MODE: usize = 11;

#[test]
fn a_spike_keeps_pods_for_a_minute() {
    let load: Vec<f64> =
        (0..200).map(|t| if (80..86).contains(&t) { 900.0 } else { 60.0 }).collect();
    let rows = rows(&settings("[autoscaler.knative]"), &offered(&load), Some(3));
    // Time, stable, panic, ready, desired, burst.
    let expected = [
        (78, 60, 60, 1, 1, -171),
        (80, 74, 200, 1, 3, -311),
        (82, 102, 480, 1, 7, -591),
        (84, 130, 760, 3, 11, -671),
        (88, 144, 480, 11, 11, 409),
        (146, 60, 60, 11, 5, 829),
        (148, 60, 60, 5, 2, 229),
        (150, 60, 60, 2, 1, -71),
    ];
    for (t, stable, panic, ready, desired, burst) in expected {
        let row = at(&rows, t);
        let averages = [format!("{stable}.000000"), format!("{panic}.000000")];
        assert_eq!(row[4..6], averages, "{t}");
        let counts = [READY, DESIRED, BURST].map(|column| row[column].to_owned());
        assert_eq!(counts, [ready, desired, burst].map(|n| n.to_string()), "{t}");
        assert_eq!(row[PANICKING], (80..146).contains(&t).to_string(), "{t}");
        assert_eq!(row[MODE], if burst < 0 { "proxy" } else { "serve" }, "{t}");
    }
    // 900 / 70 = 12.9 is never reached: no tick sees all six seconds of the spike.
    assert!(
        rows.iter().all(|row| row.split(',').nth(DESIRED).unwrap().parse::<u32>().unwrap() <= 11)
    );
}

#[test]
fn leaving_panic_in_a_ramp_removes_pods() {
    let text = "[autoscaler.knative]\ntarget = 20\ntarget_utilization_percentage = 100";
    let load: Vec<f64> = (0..160).map(|t| f64::from(3 * t.min(80))).collect();
    let rows = rows(&settings(text), &offered(&load), Some(3));
    assert_eq!(first(&rows, PANICKING, "true"), Some(10));
    assert_eq!(at(&rows, 70)[DESIRED], "11");
    assert_eq!(at(&rows, 72)[PANICKING..=PANICKING], ["true"]);
    let left = at(&rows, 74);
    assert_eq!((left[4], left[DESIRED], left[PANICKING]), ("133.500000", "7", "false"));
    assert_eq!(first(&rows, DESIRED, "12"), Some(112));
}

#[test]
fn burst_capacity_decides_how_pods_go() {
    let load: Vec<f64> = (0..240).map(|t| if t < 90 { 160.0 } else { 0.0 }).collect();
    let run = |burst: i32| {
        let text = format!(
            "[autoscaler.knative]\ntarget = 20\ntarget_utilization_percentage = 100\n\
             target_burst_capacity = {burst}"
        );
        rows(&settings(&text), &offered(&load), Some(3))
    };
    for (burst, zero) in [(211, 152), (0, 180)] {
        let rows = run(burst);
        assert_eq!(at(&rows, 96)[REPLICAS], "8");
        assert_eq!(at(&rows, 98)[DESIRED], "7");
        assert_eq!(first(&rows, DESIRED, "0"), Some(150));
        assert_eq!(first(&rows, REPLICAS, "0"), Some(zero));
        // One step every six to eight seconds down to five, and slower than halving after.
        assert_eq!(
            [7, 6, 5].map(|n| first(&rows, REPLICAS, &n.to_string())),
            [98, 104, 112].map(Some)
        );
    }
    let rows = run(-1);
    assert_eq!(at(&rows, 140)[REPLICAS], "8");
    let desired: Vec<&str> = (142..=154).step_by(2).map(|t| at(&rows, t)[DESIRED]).collect();
    assert_eq!(desired, ["7", "7", "6", "4", "2", "1", "0"]);
    assert_eq!(first(&rows, REPLICAS, "0"), Some(156));
}

/// How long the last pod lives after the last request, by what keeps it.
#[test]
fn the_last_pod_lives_as_long_as_it_should() {
    let zero = |extra: &str| {
        let load: Vec<f64> = (0..400).map(|t| if t < 100 { 1.0 } else { 0.0 }).collect();
        let text = format!("[autoscaler.knative]\n{extra}");
        let rows = rows(&settings(&text), &offered(&load), Some(3));
        first(&rows, REPLICAS, "0").map(|t| t - 100)
    };
    // The grace period has been served where the activator was in the path all along.
    assert_eq!(zero(""), Some(62));
    assert_eq!(zero("target_burst_capacity = 0"), Some(90));
    assert_eq!(zero("scale_to_zero_pod_retention_period = \"100s\""), Some(160));
    let retained = "target_burst_capacity = 0\nscale_to_zero_pod_retention_period = \"20s\"";
    assert_eq!(zero(retained), Some(90));
    assert_eq!(zero("scale_down_delay = \"1m\""), Some(120));
    assert_eq!(zero("enable_scale_to_zero = false"), None);
}

/// Replicas of the horizontal pod autoscaler at each change.
fn changes(text: &str, load: &[f64], startup: u64) -> Vec<(u64, u32, u32)> {
    let rows = rows(&settings(text), &offered(load), Some(startup));
    let cells = rows.iter().map(|row| row.split(',').collect::<Vec<_>>());
    let row = |cells: Vec<&str>| {
        let number = |column: usize| cells[column].parse::<u32>().unwrap();
        (cells[0].parse().unwrap(), number(2), number(3))
    };
    cells.map(row).filter(|(_, current, desired)| current != desired).collect()
}

const PODS: &str = "[autoscaler.hpa]\nmetric = \"concurrency\"\ntarget = 20\nmax_replicas = 40\n";

#[test]
fn replicas_double_and_stay_for_five_minutes() {
    let load: Vec<f64> = (0..700)
        .map(|t| match t {
            0..60 => 60.0,
            60..240 => 700.0,
            _ => 90.0,
        })
        .collect();
    let plain = changes(&format!("{PODS}min_replicas = 3"), &load, 10);
    let up = [(75, 3, 6), (90, 6, 12), (105, 12, 24), (120, 24, 35)];
    assert_eq!(plain, [&up[..], &[(555, 35, 5)]].concat());
    // An empty block of behaviour allows four more, and forgets one sync earlier.
    let behaved = changes(&format!("{PODS}min_replicas = 3\nbehavior = {{}}"), &load, 10);
    let up = [(75, 3, 7), (90, 7, 14), (105, 14, 28), (120, 28, 35)];
    assert_eq!(behaved, [&up[..], &[(540, 35, 5)]].concat());
}

#[test]
fn slow_starts_count_as_idle_and_still_converge() {
    let load: Vec<f64> = (0..300).map(|t| if t < 45 { 60.0 } else { 500.0 }).collect();
    let changes = changes(&format!("{PODS}min_replicas = 3"), &load, 50);
    assert_eq!(changes, [(60, 3, 6), (75, 6, 12), (90, 12, 24), (105, 24, 25)]);
}

#[test]
fn two_pods_a_minute_go_two_by_two() {
    let text = format!(
        "{PODS}min_replicas = 5\n[autoscaler.hpa.behavior.scale_up]\n\
         policies = [{{ type = \"Pods\", value = 9, period = \"15s\" }}]\n\
         [autoscaler.hpa.behavior.scale_down]\nstabilization_window = \"0s\"\n\
         policies = [{{ type = \"Pods\", value = 2, period = \"60s\" }}]"
    );
    // Twelve pods from 15 s on, five wanted from 60 s on.
    let load: Vec<f64> = (0..300).map(|t| if t < 60 { 240.0 } else { 100.0 }).collect();
    let changes = changes(&text, &load, 3);
    let down: Vec<_> = changes.into_iter().filter(|(_, from, to)| to < from).collect();
    assert_eq!(down, [(75, 12, 10), (135, 10, 8), (195, 8, 6), (255, 6, 5)]);
}

/// Slots of changes are used again, of several that are old the last. Two up at 15 s and three at
/// 30 s are both older than the 15 s of the rules upwards at 60 s, when the four of then are written
/// over the three. The rules downwards count 100 s: 14 pods less six and one are seven.
#[test]
fn of_old_slots_the_last_is_used_again() {
    let text = "[autoscaler.hpa]\nmetric = \"concurrency\"\ntarget = 1\ntolerance = 0\n\
                max_replicas = 100\n[autoscaler.hpa.behavior.scale_up]\n\
                policies = [{ type = \"Pods\", value = 50, period = \"15s\" }]\n\
                [autoscaler.hpa.behavior.scale_down]\nstabilization_window = \"0s\"\n\
                policies = [{ type = \"Pods\", value = 1, period = \"100s\" }]";
    let steps = [(5, 7.0), (7, 10.0), (10, 10.0), (10, 14.0), (14, 1.0)];
    let given: Vec<(i64, Option<f64>)> = (0..=75)
        .map(|t: usize| steps[t.saturating_sub(1) / 15])
        .map(|(ready, load)| (ready, Some(load)))
        .collect();
    let rows = rows(&settings(text), &observed(Signal::Concurrency, &given), None);
    let expected = [
        "15,5,5,7,DesiredWithinRange",
        "30,7,7,10,DesiredWithinRange",
        "45,10,10,10,DesiredWithinRange",
        "60,10,10,14,DesiredWithinRange",
        "75,14,14,7,ScaleDownLimit",
    ];
    assert_eq!(rows, expected);
}

/// The most pods hold over the initial ones, though the least are looked at first.
#[test]
fn the_most_pods_hold_over_the_initial_ones() {
    let text = "[autoscaler.knative]\ninitial_scale = 3\nmax_scale = 2";
    let rows = rows(&settings(text), &offered(&[1.0; 9]), Some(5));
    assert_eq!((at(&rows, 2)[9], at(&rows, 2)[REPLICAS]), ("2", "2"));
}
