//! Several replications: the same for any number of workers, of any study, at any time; and how
//! sure what they say is.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::folder::Folder;
use crate::program::{SMALL, keyscale};

/// The rows of a table, by column.
fn table(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The files of a folder with their bytes.
fn files(folder: &Folder, name: &str) -> Vec<(String, Vec<u8>)> {
    let read = |file: String| {
        let bytes = fs::read(folder.join(name).join(&file)).unwrap();
        (file, bytes)
    };
    folder.list(name).into_iter().map(read).collect()
}

#[test]
fn any_number_of_workers_leaves_the_same_bytes() {
    let folder = Folder::new("jobs");
    folder.write("small.toml", SMALL);
    let run = |count: &str, jobs: &str, out: &str| {
        let args = ["run", "small.toml", "-r", count, "--jobs", jobs, "--out", out];
        keyscale(&folder, args).exits(0)
    };
    run("9", "1", "one");
    let ran = run("9", "3", "three");
    assert!(ran.out.contains(" 9 replications as asked for"), "{}", ran.out);
    assert_eq!(files(&folder, "one"), files(&folder, "three"));
    run("5", "2", "five");
    let (five, nine) = ("five/replications.csv", "one/replications.csv");
    let [five, nine] = [five, nine].map(|path| fs::read_to_string(folder.join(path)).unwrap());
    assert!(nine.starts_with(&five), "five are the first five of nine");
    assert_eq!(nine.lines().count(), 1 + 9 * 2);
}

/// The tables show the median run, and it is the one that the study had.
#[test]
fn the_shown_run_is_that_of_the_median() {
    let folder = Folder::new("median-run");
    folder.write("a.toml", format!("{SMALL}\n[thresholds]\nserved = \"value > 1\"\n"));
    keyscale(&folder, ["run", "a.toml", "-r", "7"]).exits(0);
    let out = folder.join("results/runs/a");
    let rows = table(&out.join("replications.csv"));
    let mut served: Vec<(u64, &str)> = rows
        .iter()
        .filter(|row| row["service"].is_empty())
        .map(|row| (row["served"].parse().unwrap(), row["replication"].as_str()))
        .collect();
    served.sort_unstable();
    let manifest: Value =
        serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["replication"].to_string(), served[3].1);
    assert_eq!(manifest["replications"], 7);
    let shown = rows.iter().find(|r| r["replication"] == served[3].1 && r["service"] == "web");
    let summary = table(&out.join("summary.csv"));
    let run = summary.iter().find(|r| r["service"] == "web" && r["statistic"] == "run").unwrap();
    for (column, cell) in run.iter().filter(|(name, _)| *name != "statistic" && *name != "runs") {
        assert_eq!(shown.unwrap()[column], *cell, "{column}");
    }
}

/// Mean and interval are those of the runs: t of 6 degrees of freedom is 2.4469 (any table).
#[test]
fn the_summary_has_means_with_their_intervals() {
    let folder = Folder::new("intervals");
    folder.write("a.toml", SMALL);
    let ran = keyscale(&folder, ["run", "a.toml", "-r", "7", "--format", "json"]).exits(0);
    let rows = table(&folder.join("results/runs/a/replications.csv"));
    let means: Vec<f64> = rows
        .iter()
        .filter(|row| row["service"].is_empty())
        .map(|row| row["latency_s_mean"].parse().unwrap())
        .collect();
    let mean = means.iter().sum::<f64>() / 7.0;
    let variance = means.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 6.0;
    let half = 2.4469 * (variance / 7.0).sqrt();
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let told = &json["study"]["total"]["latency_s_mean"];
    let number = |name: &str| told[name].as_f64().unwrap();
    assert!((number("mean") - mean).abs() < 1e-12);
    assert!((number("mean_high") - mean - half).abs() < 1e-4 * half, "{told}");
    assert!((mean - number("mean_low") - half).abs() < 1e-4 * half, "{told}");
    let summary = table(&folder.join("results/runs/a/summary.csv"));
    let of = |statistic: &str| {
        let row = summary.iter().find(|r| r["service"].is_empty() && r["statistic"] == statistic);
        row.unwrap()["latency_s_mean"].parse::<f64>().unwrap()
    };
    assert_eq!([of("mean"), of("mean_low")], [number("mean"), number("mean_low")]);
}

#[test]
fn thresholds_are_judged_on_the_interval() {
    let folder = Folder::new("interval-thresholds");
    let check = |asked: &str, args: &[&str], code: i32, line: &str| {
        folder.write("a.toml", format!("{SMALL}\n{asked}"));
        let args = [&["run", "a.toml"], args].concat();
        let ran = keyscale(&folder, args).exits(code);
        assert!(ran.out.contains(line), "{line:?} is not in\n{}", ran.out);
    };
    // 20 requests a second for two minutes are 2,400, give or take 49 a run.
    let served = |limit: &str| format!("[thresholds]\narrivals = \"value > {limit}\"");
    check(&served("2300"), &["-r", "20"], 0, "✓ threshold  arrivals value > 2300: 2,4");
    check(&served("2500"), &["-r", "20"], 99, "✗ threshold  arrivals value > 2500: 2,4");
    check(&served("2400"), &["-r", "6"], 99, "? threshold  arrivals value > 2400: 2,3");
    // Enough at the first look, and for five more.
    check(&served("2300"), &[], 0, " 25 replications until every threshold's metric was known");
    check(
        "[[expect]]\nmetric = \"arrivals\"\nis = \"max < 1000\"\n",
        &["-r", "4"],
        0,
        "met in all of 4 runs",
    );
    check(
        "[[expect]]\nmetric = \"arrivals\"\nis = \"sum < 2400\"\n",
        &["-r", "12"],
        99,
        "of 12 runs, first in replication ",
    );
}

/// The band beside the replications: what lies in it is recomputed from runs by themselves.
#[test]
fn the_band_is_the_spread_of_the_runs() {
    let folder = Folder::new("bands");
    folder.write("a.toml", SMALL);
    keyscale(&folder, ["run", "a.toml", "-r", "7"]).exits(0);
    let rows = table(&folder.join("results/runs/a/bands.csv"));
    let shown: Value =
        serde_json::from_slice(&fs::read(folder.join("results/runs/a/manifest.json")).unwrap())
            .unwrap();
    let shown = shown["replication"].to_string();
    let series = table(&folder.join("results/runs/a/timeseries.csv"));
    assert!(rows.iter().all(|row| row["service"] == "web"), "one service is all together");
    let find = |t: &str, statistic: &str, run: &str| {
        let is = |row: &&std::collections::BTreeMap<String, String>| {
            row["t_s"] == t && row["statistic"] == statistic && row["replication"] == run
        };
        rows.iter().find(is).unwrap()
    };
    for second in &series {
        let t = second["t_s"].as_str();
        let number = |statistic: &str, run: &str, column: &str| {
            find(t, statistic, run)[column].parse::<f64>().unwrap()
        };
        let arrivals = |statistic, run| number(statistic, run, "arrivals");
        assert_eq!(find(t, "median", "")["runs"], "7");
        // Of seven the nearest ranks are the least, the fourth and the greatest.
        let (low, high) = (arrivals("p5", ""), arrivals("p95", ""));
        assert!((low..=high).contains(&arrivals("median", "")));
        let own: f64 = second["arrivals"].parse().unwrap();
        assert!((low..=high).contains(&own), "the run that is shown is one of the seven");
        for run in ["0", "1", "2"] {
            assert!((low..=high).contains(&arrivals("run", run)));
            if run == shown {
                assert_eq!(arrivals("run", run), own);
                assert_eq!(
                    number("run", run, "pending"),
                    second["pending"].parse::<f64>().unwrap()
                );
            }
        }
    }
    assert_eq!(rows.len(), series.len() * 6);
}
