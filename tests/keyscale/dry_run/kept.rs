//! The decisions that `regress` compares with: tables beside their settings, which the second
//! implementations write. `KEYSCALE_BLESS=1 cargo test` writes series and tables anew.

use std::fs;
use std::path::Path;

use super::random::Dice;
use super::{cloud_run, hpa, knative};

/// Rows of a table.
type Rows = Vec<String>;

/// A load second by second, as the rows of a series.
fn series(load: &[f64]) -> String {
    let rows = load.iter().enumerate().map(|(t, load)| format!("{t},{load}\n"));
    format!("t_s,load\n{}", rows.collect::<String>())
}

fn header(columns: &str, rows: Rows) -> String {
    rows.into_iter().fold(format!("{columns}\n"), |text, row| text + &row + "\n")
}

/// Knative's defaults, resolved.
const KNATIVE: knative::Settings = knative::Settings {
    total: 100.0,
    per_pod: 70.0,
    window: 60,
    panic_window: 6,
    threshold: 2.0,
    max_up: 1000.0,
    max_down: 2.0,
    burst: 211.0,
    min: 0,
    max: 0,
    initial: 1,
    activation: 1,
    delay: 0,
    scale_to_zero: true,
    grace: 30,
    retention: 0,
    deadline: 600,
    weighted: false,
};

fn knative_rows(settings: &knative::Settings, feed: &knative::Feed<'_>) -> String {
    let closed = matches!(feed, knative::Feed::Closed(..));
    let row = |row: knative::Row| {
        let (stable, panic) = match row.averages {
            Some((stable, panic)) => (format!("{stable:.6}"), format!("{panic:.6}")),
            None => (String::new(), String::new()),
        };
        let valid = row.averages.is_some();
        let cause = if row.poke { "poke" } else { "tick" };
        let mode = if row.proxy { "proxy" } else { "serve" };
        let more = if closed { format!(",{},{mode}", row.replicas) } else { String::new() };
        let knative::Row { t, ready, desired, burst, panicking, wanted, .. } = row;
        format!(
            "{t},{cause},{ready},{valid},{stable},{panic},{desired},{burst},{panicking},{wanted}{more}"
        )
    };
    let columns =
        "t_s,cause,ready,valid,stable,panic,desired,excess_burst_capacity,panicking,wanted";
    let more = if closed { ",replicas,mode" } else { "" };
    let rows = knative::replay(settings, feed).into_iter().map(row).collect();
    header(&format!("{columns}{more}"), rows)
}

fn hpa_rows(settings: &hpa::Settings, load: &[f64], startup: i64) -> String {
    let rows = hpa::replay(settings, &hpa::Feed::Closed(load, startup)).into_iter();
    let row = |(t, ready, current, desired, reason, replicas): hpa::Row| {
        format!("{t},{ready},{current},{desired},{reason},{replicas}")
    };
    header("t_s,ready,current,desired,reason,replicas", rows.map(row).collect())
}

/// A load of pieces: until a second so much.
fn pieces(of: &[(usize, f64)]) -> Vec<f64> {
    let mut load = vec![];
    of.iter().for_each(|&(until, value)| load.resize(until, value));
    load
}

/// Settings of the worked time lines: 20 requests a pod, 40 pods at most.
fn pods(min: i64) -> hpa::Settings {
    let (max, target, tolerance) = (40, 20_000, 0.1);
    let (sync, stabilization) = (15, 300);
    hpa::Settings { min, max, target, cpu: false, tolerance, sync, stabilization, behavior: None }
}

fn rules(window: i64, policies: &[(bool, i64, i64)]) -> hpa::Rules {
    hpa::Rules { window, select: "Max", tolerance: None, policies: policies.to_vec() }
}

/// All files: their names, and what they must hold.
fn files() -> Vec<(&'static str, String)> {
    let mut files = vec![];
    let spike = pieces(&[(80, 60.0), (86, 900.0), (160, 60.0)]);
    files.push(("../../policy/spike", series(&spike)));
    files.push(("knative-spike", knative_rows(&KNATIVE, &knative::Feed::Closed(&spike, 3))));
    let twenty = knative::Settings { total: 20.0, per_pod: 20.0, ..KNATIVE };
    let ramp: Vec<f64> = (0..160).map(|t| f64::from(3 * t.min(80))).collect();
    files.push(("ramp", series(&ramp)));
    files.push(("knative-ramp", knative_rows(&twenty, &knative::Feed::Closed(&ramp, 3))));
    let gone = pieces(&[(90, 160.0), (240, 0.0)]);
    files.push(("gone", series(&gone)));
    for (name, burst) in [
        ("knative-goes-proxied", 211.0),
        ("knative-goes-served", 0.0),
        ("knative-goes-unscraped", -1.0),
    ] {
        let settings = knative::Settings { burst, ..twenty.clone() };
        files.push((name, knative_rows(&settings, &knative::Feed::Closed(&gone, 3))));
    }
    // One that has pods, silence and reports that are missing.
    let given = Dice(42).observed(400);
    let cell = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let rows = given.iter().enumerate().map(|(t, row)| format!("{t},{},{}", row.0, cell(row.1)));
    files.push(("gaps", header("t_s,ready,concurrency", rows.collect())));
    let gaps = knative::Settings {
        total: 10.0,
        per_pod: 7.0,
        window: 20,
        panic_window: 5,
        max_up: 3.0,
        delay: 9,
        min: 1,
        ..KNATIVE
    };
    files.push(("knative-gaps", knative_rows(&gaps, &knative::Feed::Open(&given))));
    let wave = pieces(&[(60, 60.0), (240, 700.0), (700, 90.0)]);
    files.push(("wave", series(&wave)));
    files.push(("hpa-doubles", hpa_rows(&pods(3), &wave, 10)));
    let up = rules(0, &[(false, 4, 15), (true, 100, 15)]);
    let behavior = Some((up, rules(300, &[(true, 100, 15)])));
    files.push(("hpa-behavior", hpa_rows(&hpa::Settings { behavior, ..pods(3) }, &wave, 10)));
    let step = pieces(&[(45, 60.0), (300, 500.0)]);
    files.push(("step", series(&step)));
    files.push(("hpa-starts-slowly", hpa_rows(&pods(3), &step, 50)));
    let fall = pieces(&[(60, 240.0), (300, 100.0)]);
    files.push(("fall", series(&fall)));
    let behavior = Some((rules(0, &[(false, 9, 15)]), rules(0, &[(false, 2, 60)])));
    files.push(("hpa-two-a-minute", hpa_rows(&hpa::Settings { behavior, ..pods(5) }, &fall, 3)));
    let used = Dice(43).observed(900);
    let both: Vec<(i64, Option<f64>, Option<f64>)> = Dice(44)
        .observed(900)
        .into_iter()
        .zip(used)
        .map(|((ready, load), (_, used))| (ready, load, used.map(|x| (x * 100.0) % 200.0)))
        .collect();
    let row = |(t, &(ready, load, used)): (usize, &(i64, Option<f64>, Option<f64>))| {
        format!("{t},{ready},{},{}", cell(load), cell(used))
    };
    let rows = both.iter().enumerate().map(row).collect();
    files.push(("both", header("t_s,ready,concurrency,cpu_utilization", rows)));
    let mean = |mean: Option<f64>| mean.map_or(String::new(), |mean| format!("{mean:.9}"));
    let decisions = cloud_run::replay((8.0, 0.75, 0.5), &both).into_iter();
    let row = |(t, cpu, load, wanted): (i64, Option<f64>, Option<f64>, i64)| {
        format!("{t},{},{},{},{wanted}", both[t as usize].0, mean(cpu), mean(load))
    };
    let columns = "t_s,ready,cpu_driver,concurrency_driver,wanted";
    files.push(("cloud-run-drivers", header(columns, decisions.map(row).collect())));
    files
}

/// A cell of the row of a second.
#[track_caller]
fn cell<'t>(table: &'t str, second: u64, column: &str) -> &'t str {
    let mut rows = table.lines().map(|row| row.split(','));
    let column = rows.next().unwrap().position(|name| name == column).unwrap();
    let mut row = rows.find(|row| row.clone().next() == Some(&*second.to_string())).unwrap();
    row.nth(column).unwrap()
}

/// What is kept is what the second implementations say, and they say what was worked out beside both.
#[test]
fn kept_decisions_are_those_of_the_second_implementations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/validation/replays");
    let files = files();
    let bless = std::env::var_os("KEYSCALE_BLESS").is_some_and(|v| v == "1");
    for (name, text) in &files {
        let path = root.join(format!("{name}.csv"));
        if bless {
            fs::write(&path, text).unwrap();
        }
        assert!(fs::read_to_string(&path).unwrap() == *text, "{} is another", path.display());
    }
    let worked: [(&str, u64, &str, &str); 26] = [
        ("knative-spike", 78, "stable", "60.000000"),
        ("knative-spike", 80, "panic", "200.000000"),
        ("knative-spike", 82, "desired", "7"),
        ("knative-spike", 84, "excess_burst_capacity", "-671"),
        ("knative-spike", 88, "mode", "serve"),
        ("knative-spike", 144, "desired", "11"),
        ("knative-spike", 146, "desired", "5"),
        ("knative-spike", 148, "desired", "2"),
        ("knative-spike", 150, "excess_burst_capacity", "-71"),
        ("knative-ramp", 10, "panicking", "true"),
        ("knative-ramp", 74, "stable", "133.500000"),
        ("knative-ramp", 74, "desired", "7"),
        ("knative-ramp", 112, "desired", "12"),
        ("knative-goes-proxied", 98, "desired", "7"),
        ("knative-goes-proxied", 150, "replicas", "1"),
        ("knative-goes-proxied", 152, "replicas", "0"),
        ("knative-goes-served", 178, "replicas", "1"),
        ("knative-goes-served", 180, "replicas", "0"),
        ("knative-goes-unscraped", 140, "replicas", "8"),
        ("knative-goes-unscraped", 156, "replicas", "0"),
        ("hpa-doubles", 120, "desired", "35"),
        ("hpa-doubles", 555, "desired", "5"),
        ("hpa-behavior", 75, "desired", "7"),
        ("hpa-behavior", 540, "desired", "5"),
        ("hpa-starts-slowly", 105, "desired", "25"),
        ("hpa-two-a-minute", 195, "desired", "6"),
    ];
    for (name, second, column, value) in worked {
        let table = &files.iter().find(|file| file.0 == name).unwrap().1;
        assert_eq!(cell(table, second, column), value, "{name} at {second}");
    }
}
