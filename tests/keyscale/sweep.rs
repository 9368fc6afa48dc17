//! Sweeps: ended at any instant they go on to the same bytes; parts make the same whole; what is
//! wrong is told before anything runs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::charts::faults;
use crate::folder::Folder;
use crate::program::{Ran, SMALL, command, keyscale};

/// Six cells of a small scenario with thresholds, one of the cells as it is.
const SIZES: &str = r#"
question = "few or many?"
scenario = "small.toml"
set = ["thresholds.waited_ratio=value < 40%", "services.web.max_instances=4"]
replications = 4
metrics = ["waited_ratio", "services.web.latency_p99"]

[[axis]]
key = "services.web.max_instances"
values = [1, 2, 4]

[[axis]]
name = "requests"
key = "services.web.concurrency"
from = 2
to = 4
step = 2
"#;

/// A folder with the small scenario and a sweep of it.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("small.toml", SMALL);
    folder.write("sizes.toml", SIZES);
    folder
}

/// Every file below a folder of results, by name.
fn files(folder: &Folder, within: &str) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(folder.join(within).join(&name)).unwrap();
        (name, bytes)
    };
    folder.list(within).into_iter().map(read).collect()
}

/// Checks that two folders hold the same files with the same bytes.
#[track_caller]
fn same(folder: &Folder, a: &str, b: &str) {
    let (one, other) = (files(folder, a), files(folder, b));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    for ((name, one), (_, other)) in one.iter().zip(&other) {
        assert!(one == other, "{name} of {a} and {b} differ");
    }
}

/// The cells of a column.
fn column(path: &Path, name: &str) -> Vec<String> {
    let mut rows = csv::Reader::from_path(path).unwrap();
    let at = rows.headers().unwrap().iter().position(|header| header == name);
    let at = at.unwrap_or_else(|| panic!("there is no column {name}"));
    rows.records().map(|row| row.unwrap()[at].to_owned()).collect()
}

/// A cell is what `run` says of its settings, whoever runs it.
#[test]
fn a_cell_is_what_a_run_of_its_settings_is() {
    let folder = folder("sweep");
    let ran = keyscale(&folder, ["sweep", "sizes.toml", "--jobs", "2"]).exits(0);
    let plan = "6 cells = 3 max_instances (1 … 4) × 2 requests (2 … 4); 4 replications each, 24 \
                replications in all, under the same luck";
    assert!(ran.out.contains(plan), "{}", ran.out);
    assert!(ran.out.contains("VERDICT  At least 90 % of runs meet"), "{}", ran.out);
    keyscale(&folder, ["sweep", "sizes.toml", "--jobs", "1", "--out", "alone"]).exits(0);
    same(&folder, "results/runs/sizes", "alone");
    let table = folder.join("alone/sweep.csv");
    assert_eq!(column(&table, "metric").len(), 12, "a row a cell and metric");
    assert_eq!(column(&table, "base").iter().filter(|base| *base == "true").count(), 2);
    let at = |column: &[String], value: &str, other: &[String], wanted: &str| {
        (0..column.len()).step_by(2).find(|&i| column[i] == value && other[i] == wanted).unwrap()
    };
    let row = at(&column(&table, "max_instances"), "2", &column(&table, "requests"), "4");
    let sets = ["services.web.max_instances=2", "thresholds.waited_ratio=value < 40%"];
    let args =
        ["run", "small.toml", "-r", "4", "--out", "cell", "--set", sets[0], "--set", sets[1]];
    let code = keyscale(&folder, args).code;
    assert!(matches!(code, Some(0 | 99)), "{code:?}");
    let summary = folder.join("cell/summary.csv");
    let (services, statistics) = (column(&summary, "service"), column(&summary, "statistic"));
    let ratios = column(&summary, "waited_ratio");
    for name in ["mean", "mean_low", "mean_high", "median", "p5", "p95"] {
        let total = (0..ratios.len()).find(|&i| services[i].is_empty() && statistics[i] == name);
        assert_eq!(column(&table, name)[row], ratios[total.unwrap()], "{name}");
    }
    // The share of runs by hand.
    let runs = column(&folder.join("cell/replications.csv"), "waited_ratio");
    let met = runs.iter().skip(1).step_by(2).filter(|r| r.parse::<f64>().unwrap() < 0.4).count();
    assert_eq!(column(&table, "met")[row], met.to_string());
}

/// What a folder of results has makes the same again.
#[test]
fn a_lock_makes_the_same_again() {
    let folder = folder("sweep-lock");
    keyscale(&folder, ["sweep", "sizes.toml", "--seed", "5", "--out", "first"]).exits(0);
    keyscale(&folder, ["sweep", "first/sweep.lock.toml", "--out", "again"]).exits(0);
    same(&folder, "first", "again");
}

/// Numbers that look like luck: the k-th instant at which a sweep is ended, of the time that all of
/// it takes.
fn instant(k: u32, whole: Duration) -> Duration {
    let mixed = (u64::from(k) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    whole.mul_f64(0.05 + 0.2 * ((mixed >> 40) as f64 / f64::from(1 << 24)))
}

#[test]
fn a_sweep_that_is_killed_goes_on() {
    let folder = folder("sweep-killed");
    let many = SIZES.replace("values = [1, 2, 4]", "from = 1\nto = 12\nstep = 1");
    folder.write("sizes.toml", many.replace("replications = 4", "replications = 10"));
    let begun = std::time::Instant::now();
    keyscale(&folder, ["sweep", "sizes.toml", "--out", "whole", "--jobs", "1"]).exits(0);
    let whole = begun.elapsed();
    let mut went_on = 0;
    for k in 0..10 {
        let mut child = command(&folder)
            .args(["sweep", "sizes.toml", "--out", "killed", "--jobs", "1"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(instant(k, whole));
        child.kill().unwrap();
        let ran: Ran = child.wait_with_output().unwrap().into();
        went_on += u32::from(ran.err.contains("going on: "));
    }
    let ran = keyscale(&folder, ["sweep", "sizes.toml", "--out", "killed"]).exits(0);
    went_on += u32::from(ran.err.contains("going on: "));
    assert!(went_on > 0, "it was never far enough to go on");
    same(&folder, "whole", "killed");
    assert!(folder.list("").iter().all(|name| !name.ends_with(".partial")));
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_what_is_complete() {
    use std::process::Stdio;
    let folder = folder("sweep-interrupted");
    let long = SIZES.replace("from = 2\nto = 4\nstep = 2", "from = 1\nto = 40\nstep = 1");
    folder.write("sizes.toml", &long);
    let begin = || {
        let mut command = command(&folder);
        command.args(["sweep", "sizes.toml", "--jobs", "1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let child = begin();
    let journal = folder.join("results/runs/.sizes.partial/journal.jsonl");
    let begun = std::time::Instant::now();
    let cells = || fs::read_to_string(&journal).map_or(0, |text| text.lines().count());
    while cells() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no cell was complete");
        std::thread::sleep(Duration::from_millis(2));
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ran: Ran = child.wait_with_output().unwrap().into();
    let ran = ran.exits(97).says(&["interrupted after", "run it again to go on"]);
    assert!(ran.out.contains("VERDICT"), "{}", ran.out);
    let manifest = fs::read(folder.join("results/runs/sizes/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!((&manifest["complete"], &manifest["cells"]), (&false.into(), &120.into()));
    let rows = column(&folder.join("results/runs/sizes/sweep.csv"), "cell").len();
    assert!((4..240).contains(&rows), "{rows}");
    // What is there is not run again.
    let child = begin();
    while cells() < rows / 2 + 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not go on");
        std::thread::sleep(Duration::from_millis(2));
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ran: Ran = child.wait_with_output().unwrap().into();
    ran.exits(97).says(&[&format!("going on: {} of 120 cells are there", rows / 2)]);
}

/// A limit on the size of files stands for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_tears_nothing() {
    let folder = folder("sweep-full");
    keyscale(&folder, ["sweep", "sizes.toml", "--out", "whole"]).exits(0);
    let journal = fs::metadata(folder.join("whole/journal.jsonl")).unwrap().len();
    // In blocks of 512 or of 1,024 bytes: more than a cell, less than all.
    let blocks = (journal * 3 / 4 / 1_024).to_string();
    let program = env!("CARGO_BIN_EXE_keyscale");
    let script =
        format!("trap '' XFSZ; ulimit -f {blocks}; exec '{program}' sweep sizes.toml --out full");
    let ran = std::process::Command::new("sh").args(["-c", &script]).current_dir(&*folder).output();
    let ran = Ran::from(ran.unwrap()).exits(1).says(&["error: write", "journal.jsonl"]);
    assert!(!folder.join("full").exists(), "{}", ran.out);
    keyscale(&folder, ["sweep", "sizes.toml", "--out", "full"]).exits(0).says(&["going on: "]);
    same(&folder, "whole", "full");
    // A folder that can't be.
    keyscale(&folder, ["sweep", "sizes.toml", "--out", "small.toml/x"]).exits(1);
}

#[test]
fn parts_make_the_whole() {
    let folder = folder("sweep-parts");
    keyscale(&folder, ["sweep", "sizes.toml", "--out", "whole"]).exits(0);
    let mut children = Vec::new();
    for part in ["1/4", "2/4", "3/4", "4/4"] {
        let out = format!("part-{}", &part[..1]);
        let mut command = command(&folder);
        command.args([
            "sweep",
            "sizes.toml",
            "--quiet",
            "--jobs",
            "1",
            "--shard",
            part,
            "--out",
            &out,
        ]);
        children.push(command.stdout(std::process::Stdio::null()).spawn().unwrap());
    }
    children.iter_mut().for_each(|child| assert!(child.wait().unwrap().success()));
    let parts = ["part-3", "part-1", "part-4", "part-2"];
    let merge = |folders: &[&str]| {
        let args = ["merge"].iter().chain(folders).chain(&["--out", "merged"]).copied();
        keyscale(&folder, args.collect::<Vec<_>>())
    };
    let ran = merge(&parts).exits(0);
    assert!(ran.out.contains("VERDICT"), "{}", ran.out);
    same(&folder, "whole", "merged");
    fs::remove_dir_all(folder.join("merged")).unwrap();

    let refused = |folders: &[&str], said: &[&str]| {
        merge(folders).exits(2).says(said);
        assert!(!folder.join("merged").exists());
    };
    refused(&parts[..3], &["error: of 4 parts some are missing: 2"]);
    refused(&["part-1", "part-1", "part-2", "part-3", "part-4"], &["part-1 is part 1 of 4 too"]);
    refused(&["whole"], &["whole/journal.jsonl:1", "this is a whole sweep"]);
    refused(&["nothing"], &["nothing is no part of a sweep"]);
    let changed = |from: &str, to: &str| {
        fs::create_dir_all(folder.join("other")).unwrap();
        let text = fs::read_to_string(folder.join("part-2/journal.jsonl")).unwrap();
        assert!(text.contains(from), "{from}");
        folder.write("other/journal.jsonl", text.replacen(from, to, 1));
        ["part-1", "other", "part-3", "part-4"]
    };
    let version = format!("\"keyscale\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let other = changed(&version, "\"keyscale\":\"0.0.1\"");
    refused(&other, &["other/journal.jsonl:1", "another version than part-1"]);
    refused(&changed("\"seed\":1", "\"seed\":2"), &["of another scenario than part-1"]);
    refused(&changed("\"scenario\":\"", "\"scenario\":\"0"), &["of another scenario than part-1"]);
    refused(&changed("\"sweep\":\"", "\"sweep\":\"0"), &["of another sweep than part-1"]);
    refused(&changed("[2,4]", "[2,5]"), &["one of another number of parts than part-1"]);
    refused(&changed("{", "["), &["other/journal.jsonl:1", "no journal of a sweep"]);
    refused(
        &changed("waited_ratio,1", "waited_ratio,2"),
        &["other/journal.jsonl:2", "not what was written"],
    );
    let torn = fs::read(folder.join("part-2/journal.jsonl")).unwrap();
    folder.write("other/journal.jsonl", &torn[..torn.len() - 7]);
    refused(&["part-1", "other", "part-3", "part-4"], &["other/journal.jsonl:3", "torn"]);
    let lines = torn.split_inclusive(|byte| *byte == b'\n').take(2).flatten().copied();
    folder.write("other/journal.jsonl", lines.collect::<Vec<u8>>());
    refused(&["part-1", "other", "part-3", "part-4"], &["other lacks 1 of its cells"]);
    let lock = folder.join("part-1/scenario.lock.toml");
    fs::write(&lock, fs::read_to_string(&lock).unwrap() + "\n").unwrap();
    refused(
        &["part-1", "part-2", "part-3", "part-4"],
        &["scenario.lock.toml is not what was written"],
    );
}

#[test]
fn what_is_wrong_is_told_before_anything_runs() {
    let folder = folder("sweep-wrong");
    let refused = |text: &str, args: &[&str], parts: &[&str]| {
        folder.write("wrong.toml", text);
        let args = ["sweep", "wrong.toml"].iter().chain(args).copied().collect::<Vec<_>>();
        let ran = keyscale(&folder, args).exits(2).says(parts);
        assert!(ran.out.is_empty(), "{}", ran.out);
        assert_eq!(folder.list(""), ["sizes.toml", "small.toml", "wrong.toml"]);
    };
    let with = |from: &str, to: &str| SIZES.replace(from, to);
    refused(&with("axis", "axes"), &[], &["wrong.toml:8:3", "unknown key axes"]);
    refused(
        &with("web.max_instances\"\n", "web.max_instnces\"\n"),
        &[],
        &["wrong.toml:9:7", "the nearest known key is max_instances"],
    );
    refused(
        &with("web.max_instances\"\n", "wep.max_instances\"\n"),
        &[],
        &["wrong.toml:9:7", "wep"],
    );
    refused(&with("to = 4", "to = 1"), &[], &["wrong.toml:16:6", "the range is empty"]);
    refused(&with("[1, 2, 4]", "[1, 'two']"), &[], &["wrong.toml:10:14", "a whole number"]);
    refused(
        &with("[\"waited_ratio\"", "[\"wated_ratio\""),
        &[],
        &["wrong.toml:6:12", "waited_ratio"],
    );
    refused(
        &with("services.web.latency", "services.wep.latency"),
        &[],
        &["wrong.toml:6:28", "web"],
    );
    refused(&with("value < 40%", "value < 40s"), &[], &["wrong.toml:4:8"]);
    refused(&with("small.toml", "smell.toml"), &[], &["can't read the scenario smell.toml"]);
    let large = with("replications = 4", "replications = 20_000");
    refused(&large, &[], &["wrong.toml:8:3", "120,000 replications in all", "--yes"]);
    refused(SIZES, &["--shard", "5/4"], &["from 1/N to N/N"]);
    refused(SIZES, &["--shard", "0/4"], &["from 1/N to N/N"]);
    refused(SIZES, &["--set", "services.web.speed=3"], &["unknown key speed"]);
    refused(SIZES, &["-r", "1"], &["1"]);
    // A folder of something else stays.
    folder.write("other/file", "mine");
    keyscale(&folder, ["sweep", "sizes.toml", "--out", "other"]).exits(2).says(&["--force"]);
}

/// Without thresholds nothing is met or not.
#[test]
fn a_sweep_without_thresholds_tells_the_least_and_the_greatest() {
    let folder = folder("sweep-plain");
    let text = SIZES.replace("\"thresholds.waited_ratio=value < 40%\", ", "");
    folder.write("sizes.toml", text.replace("[\"waited_ratio\"", "[\"instances_mean\""));
    let ran = keyscale(&folder, ["sweep", "sizes.toml"]).exits(0);
    assert!(ran.out.contains("VERDICT  instances_mean is least, "), "{}", ran.out);
    assert!(
        column(&folder.join("results/runs/sizes/sweep.csv"), "met").iter().all(String::is_empty)
    );
    let csv = keyscale(&folder, ["sweep", "sizes.toml", "--format", "csv"]).exits(0).out;
    assert_eq!(csv, fs::read_to_string(folder.join("results/runs/sizes/sweep.csv")).unwrap());
}

/// One axis is a line with a band, two are a map, three are maps side by side; texts are whole and
/// apart in every size, and `chart` draws the same bytes again.
#[test]
fn pictures_are_whole() {
    let folder = folder("sweep-pictures");
    let long = "[[axis]]\nname = \"long\"\nkey = \"services.web.queue_limit\"\nvalues = [5, 10]\n\
                labels = [\"a rather long name of a value\", \"and another one of more words\"]\n";
    let (one, two, three) = (
        format!(
            "{}{}",
            SIZES.split("[[axis]]").next().unwrap(),
            SIZES.rsplit("[[axis]]").next().map(|axis| format!("[[axis]]{axis}")).unwrap()
        ),
        SIZES.to_owned(),
        format!("{SIZES}\n{long}"),
    );
    let frontier = "99 %: resilience frontier";
    for (name, text, marks) in [
        ("one", &one, vec!["to reach", "as it is", "requests"]),
        ("two", &two, vec![frontier, "as it is", "mean", "max_instances", "requests"]),
        ("three", &three, vec![frontier, "max_instances 1", "requests"]),
    ] {
        folder.write("sizes.toml", text);
        keyscale(&folder, ["sweep", "sizes.toml", "--out", name]).exits(0);
        let drawn = fs::read_to_string(folder.join(name).join("sweep.svg")).unwrap();
        let small = ["--size", "thumbnail", "--theme", "dark", "--format", "svg", "--out", "small"];
        keyscale(&folder, [&["chart", name][..], &small].concat()).exits(0);
        let thumbnail = fs::read_to_string(folder.join("small/sweep-dark-thumbnail.svg")).unwrap();
        for svg in [&drawn, &thumbnail] {
            let found = faults(name, svg);
            assert!(found.is_empty(), "{}", found.join("\n"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
        }
        for mark in marks {
            assert!(drawn.contains(mark), "{name} has no {mark:?}");
        }
        let png = fs::read(folder.join(name).join("sweep.png")).unwrap();
        keyscale(&folder, ["chart", name, "--out", "again"]).exits(0);
        assert!(drawn == fs::read_to_string(folder.join("again/sweep.svg")).unwrap(), "{name}");
        assert!(png == fs::read(folder.join("again/sweep.png")).unwrap(), "{name}");
    }
}

/// Those of the project can be run.
#[test]
fn the_projects_sweeps_run() {
    let folder = Folder::new("sweep-project");
    let studies = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/studies");
    let mut count = 0;
    for entry in fs::read_dir(studies).unwrap() {
        let path = entry.unwrap().path();
        let path = path.to_str().unwrap();
        let args = ["sweep", path, "--quiet", "-r", "2", "--set", "duration=1m"];
        let ran = keyscale(&folder, args).exits(0);
        assert!(ran.err.is_empty() && ran.out.contains("VERDICT"), "{}{}", ran.err, ran.out);
        count += 1;
    }
    assert!(count >= 1);
}
