//! Runs beside what they came to: each layer says its own, and a baseline that can't be compared
//! says why.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::folder::{Folder, copy};
use crate::interrupted::{end, interrupt};
use crate::program::{SMALL, command, keyscale};

const KEPT: &str = "results/baselines/main.csv";

/// A folder with a scenario and its baseline of four replications.
fn kept(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("a.toml", SMALL);
    let args = ["run", "a.toml", "-r", "4", "--save-baseline", "main", "-q"];
    keyscale(&folder, args).exits(0);
    folder
}

/// Edits a baseline and makes its sum right again, as another program would have kept it.
fn edit(folder: &Folder, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(folder.join(KEPT)).unwrap();
    let rest = change(text.splitn(3, '\n').nth(2).unwrap());
    let sum = format!("{:x}", Sha256::digest(&rest));
    folder.write(KEPT, format!("# keyscale_baseline 1\n# sha256 \"{sum}\"\n{rest}"));
}

/// A baseline's table with the cells of a column changed.
fn with_column(rest: &str, column: &str, change: impl Fn(usize, &str) -> String) -> String {
    let lines: Vec<&str> = rest.lines().collect();
    let header = lines.iter().position(|line| line.starts_with("replication,")).unwrap();
    let at = lines[header].split(',').position(|name| name == column).unwrap();
    let row = |(number, line): (usize, &&str)| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[at] = change(number, &cells[at]);
        cells.join(",")
    };
    let rows = lines[header + 1..].iter().enumerate().map(row);
    let all: Vec<String> = lines[..=header].iter().map(|l| (*l).to_owned()).chain(rows).collect();
    all.join("\n") + "\n"
}

#[test]
fn what_did_not_change_holds() {
    let folder = kept("regress-same");
    let ran = keyscale(&folder, ["regress"]).exits(0);
    for part in ["exact: ", " ✓ main: 4 runs\n", "statistical: ", "VERDICT  Met: exact: all 3 hold"]
    {
        assert!(ran.out.contains(part), "{part} is not in\n{}", ran.out);
    }
    // By its scenario too, whose comments and questions are nothing that happens.
    folder.write("a.toml", format!("# why\nquestion = \"who?\"\n{SMALL}"));
    assert_eq!(keyscale(&folder, ["regress", "a.toml"]).exits(0).out, ran.out);
    // Layers apart, in one command; the same bytes whoever works.
    let more = "[[reference]]\nmetric = \"in_flight\"\nstatistic = \"mean\"\nvalue = 2\n\
                within = 0.2\nsource = \"20/s x 100 ms\"\n";
    folder.write("a.toml", format!("{SMALL}{more}"));
    let json = |jobs: &str| {
        keyscale(&folder, ["regress", "a.toml", "--format", "json", "--jobs", jobs]).exits(0).out
    };
    let one = json("1");
    assert_eq!(json("3"), one);
    let document: Value = serde_json::from_str(&one).unwrap();
    let of = |name: &str| {
        let all = document["comparisons"].as_array().unwrap();
        all.iter().filter(|row| row["layer"] == name).count()
    };
    assert_eq!((of("exact"), of("truth"), of("statistical")), (3, 1, 11));
    assert!(document["holds"] == true && document["complete"] == true);
    // Nothing is rewritten that did not move.
    let before = fs::read(folder.join(KEPT)).unwrap();
    let ran = keyscale(&folder, ["regress", "--update"]).exits(0);
    assert_eq!(ran.out, "1 baseline did not move\n");
    assert_eq!(fs::read(folder.join(KEPT)).unwrap(), before);
}

#[test]
fn each_layer_tells_what_it_saw() {
    let folder = kept("regress-moved");
    let whole = fs::read_to_string(folder.join(KEPT)).unwrap();
    // One run is another one, and comes to the same.
    edit(&folder, |rest| {
        with_column(rest, "totals", |row, cell| match row {
            2 => "0".repeat(16),
            _ => cell.to_owned(),
        })
    });
    let ran = keyscale(&folder, ["regress"]).exits(98);
    let moved = " ✗ main: 1 of 4 runs moved (totals 1), first replication 2\n     again: keyscale regress main\n";
    assert!(ran.out.contains(moved) && ran.out.contains(" ✓ main: 11 metrics"), "{}", ran.out);
    assert!(ran.out.contains("Not met: exact: 1 of 3 do not hold; statistical: all 11"));
    // Runs are the same, and came to other numbers: by a twentieth, far from one in a hundred.
    folder.write(KEPT, &whole);
    let longer = |_: usize, cell: &str| (cell.parse::<f64>().unwrap() / 1.05).to_string();
    edit(&folder, |rest| with_column(rest, "latency_s_mean", longer));
    let run =
        |format: &str| keyscale(&folder, ["regress", "main", "--format", format]).exits(98).out;
    let text = run("text");
    assert!(text.contains(" ✗ main latency_s_mean: ") && text.contains(": worse\n"), "{text}");
    assert!(text.contains("exact: all 3 hold; statistical: 1 of 11 do not hold"), "{text}");
    let json: Value = serde_json::from_str(&run("json")).unwrap();
    let rows = json["comparisons"].as_array().unwrap();
    let row = rows.iter().find(|row| row["quantity"] == "latency_s_mean").unwrap();
    let number = |name: &str| row[name].as_f64().unwrap();
    assert!((number("simulated") / number("expected") - 1.05).abs() < 1e-9, "{row}");
    assert!(number("tolerance") < number("difference_low"), "{row}");
    assert_eq!((&row["holds"], &row["again"]), (&false.into(), &"keyscale regress main".into()));
    let xml = run("junit");
    assert!(xml.contains("<testsuite name=\"statistical\" tests=\"11\" failures=\"1\""), "{xml}");
    assert!(xml.contains("<failure type=\"worse\"") && xml.ends_with("</testsuites>\n"), "{xml}");
    let md = run("md");
    assert!(md.starts_with("**Regression**: Not met."), "{md}");
    assert_eq!(
        md.matches("| statistical | main | latency\\_s\\_mean | worse: ").count(),
        1,
        "{md}"
    );
    assert_eq!(run("csv").lines().count(), 1 + 3 + 11);
    // A metric that runs no longer have is no metric that stayed.
    folder.write(KEPT, &whole);
    edit(&folder, |rest| with_column(rest, "ride_out_s", |row, _| row.to_string()));
    let ran = keyscale(&folder, ["regress"]).exits(98);
    assert!(ran.out.contains("there and not there"), "{}", ran.out);
    // Numbers that scatter can't be told to be the same.
    folder.write(KEPT, &whole);
    edit(&folder, |rest| {
        with_column(rest, "pending_max", |row, _| [1, 90, 2, 80][row].to_string())
    });
    let ran = keyscale(&folder, ["regress"]).exits(98);
    assert!(ran.out.contains(" ? main pending_max: ") && ran.out.contains("cannot tell, about"));
}

#[test]
fn an_update_says_what_moved() {
    let folder = kept("regress-update");
    folder.write("a.toml", SMALL.replace("100ms", "150ms"));
    let ran = keyscale(&folder, ["regress"]).exits(2);
    ran.says(&["is of another scenario: a.toml says something else", "main.csv:5", "--update"]);
    let ran = keyscale(&folder, ["regress", "main", "--update"]).exits(0);
    let first = "main: a.toml says something else; 4 of 4 runs moved (instances 4, totals 4)\n";
    assert!(ran.out.starts_with(first), "{}", ran.out);
    let line = ran.out.lines().find(|line| line.starts_with("  latency_s_p50: ")).unwrap();
    assert!(line.contains("ms -> ") && line.contains(" (+") && line.contains(" ± "), "{line}");
    keyscale(&folder, ["regress"]).exits(0);
    // What was put into a scenario is kept with it.
    let set = ["--set", "services.web.concurrency=8", "--seed", "3"];
    let save = ["run", "a.toml", "-r", "2", "--save-baseline", "eight", "-q"];
    keyscale(&folder, [&save[..], &set].concat()).exits(0);
    keyscale(&folder, ["regress", "results/baselines/eight.csv"]).exits(0);
}

#[test]
fn baselines_that_can_not_be_compared_are_located() {
    let folder = kept("regress-bad");
    let whole = fs::read_to_string(folder.join(KEPT)).unwrap();
    let check = |text: &str, parts: &[&str]| {
        folder.write(KEPT, text);
        for command in [&["regress"][..], &["regress", "main", "--format", "json"]] {
            let ran = keyscale(&folder, command).exits(2).says(parts);
            assert!(ran.out.is_empty(), "{}", ran.out);
        }
        assert_eq!(fs::read_to_string(folder.join(KEPT)).unwrap(), text, "nothing is lost");
    };
    check(&whole[..whole.len() - 40], &["main.csv:2", "torn or edited"]);
    check(&whole.replace("# seed 1", "# seed 2"), &["main.csv:2", "torn or edited"]);
    check("", &["main.csv:1", "this is no baseline"]);
    let later = whole.replacen("# keyscale_baseline 1", "# keyscale_baseline 2", 1);
    check(&later, &["main.csv:1", "format 2"]);
    folder.write(KEPT, &whole);
    edit(&folder, |rest| rest.replacen("# fingerprints ", "# fingerprints 9", 1));
    let other = fs::read_to_string(folder.join(KEPT)).unwrap();
    check(&other, &["main.csv:3", "fingerprints are of version 9", "--update"]);
    // It is compared all the same where nobody asks for the same bytes, and that is said.
    let args = ["compare", "main", "a.toml", "-r", "4"];
    keyscale(&folder, args).exits(0).says(&["fingerprints are of versions 9"]);
    folder.write("a.toml", SMALL.replace("20/s", "30/s"));
    keyscale(&folder, args).exits(0).says(&["a.toml says something else than when main was made"]);
    // How lines end is version control's.
    folder.write("a.toml", SMALL);
    folder.write(KEPT, whole.replace('\n', "\r\n"));
    keyscale(&folder, ["regress"]).exits(0);
    keyscale(&folder, ["regress", "nothing"])
        .exits(2)
        .says(&["there is no results/baselines/nothing"]);
    keyscale(&folder, ["regress", "main", "--seed", "2"]).exits(2).says(&["has its own values"]);
    keyscale(&folder, ["regress", "main", "--csv", "x.csv"]).exits(2).says(&["of references"]);
    folder.write("b.toml", SMALL);
    keyscale(&folder, ["regress", "b.toml"]).exits(2).says(&["b.toml has no baseline"]);
    fs::remove_file(folder.join("a.toml")).unwrap();
    keyscale(&folder, ["regress"]).exits(2).says(&["can't read the scenario a.toml"]);
    fs::remove_file(folder.join(KEPT)).unwrap();
    keyscale(&folder, ["regress"]).exits(2).says(&["there is no baseline in results/baselines"]);
}

/// What was compared before the signal is told, and marked.
#[test]
#[cfg(unix)]
fn an_interrupted_regression_tells_what_is_complete() {
    let folder = kept("regress-interrupted");
    let long = SMALL.replace("\"2m\"", "\"36500d\"");
    let reference =
        "[[reference]]\nmetric = \"served\"\nvalue = 1\nwithin = 1\nsource = \"nobody\"\n";
    folder.write("long.toml", format!("{long}{reference}"));
    let args = ["regress", "main", "long.toml", "--csv", "x.csv"];
    let mut child =
        command(&folder).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("exact: "));
    interrupt(&child);
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    end(child).exits(97).says(&["interrupted: "]);
    let verdict = "VERDICT  Interrupted: exact: all 3 hold; statistical: all 11 hold.";
    assert_eq!(rest.last().map(String::as_str), Some(verdict));
    assert!(!folder.join("x.csv").exists());
}

/// The scenarios of the project and their baselines, and the pipeline that compares them.
#[test]
fn golden_scenarios_hold_and_the_pipeline_asks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str, end: &str| -> BTreeSet<String> {
        let files = fs::read_dir(root.join(folder)).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect()
    };
    assert_eq!(names("results/baselines", ".csv"), names("scenarios", ".toml"));
    let folder = Folder::new("golden");
    copy(&root.join("scenarios"), &folder.join("scenarios"));
    copy(&root.join("results/baselines"), &folder.join("results/baselines"));
    // Two that are done at once; the pipeline has all.
    let ran = keyscale(&folder, ["regress", "knative-to-zero", "per-request"]);
    let help = "keyscale regress --update says what moved";
    assert_eq!(ran.code, Some(0), "{}{}{help}", ran.out, ran.err);
    let text = |path: &str| fs::read_to_string(root.join(path));
    // A package of the sources may come without them.
    let (Ok(pipeline), Ok(readme)) = (text(".ci/run"), text("README.md")) else { return };
    let lines = || pipeline.lines().map(str::trim);
    assert!(lines().any(|line| line == "cargo run --release --quiet -- regress"), "{pipeline}");
    let of_truth = "regress scenarios/validation/*.toml";
    for command in ["keyscale regress\n", of_truth] {
        assert!(readme.contains(command), "{command} is not in the README");
    }
    assert!(lines().any(|line| line.contains(of_truth)));
    for kept in ["results/validation.csv", "results/baselines"] {
        assert!(readme.contains(kept) && root.join(kept).exists(), "{kept}");
    }
}
