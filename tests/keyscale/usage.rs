//! Bad usage, bad scenarios, bad load files: exit code 2, a located message, and nothing written.

use std::fs;

use crate::folder::Folder;
use crate::program::{PLAYED, Ran, SMALL, keyscale};

/// Runs the arguments and checks that they are refused, with these words, and leave nothing.
#[track_caller]
fn refused(folder: &Folder, args: &[&str], parts: &[&str]) -> Ran {
    let before = folder.list("");
    let ran = keyscale(folder, args).exits(2).says(parts);
    assert!(ran.out.is_empty(), "results are for standard output alone: {}", ran.out);
    assert_eq!(folder.list(""), before, "{args:?} wrote something");
    ran
}

#[test]
fn helps_begin_with_three_examples() {
    let folder = Folder::new("help");
    for args in [
        vec!["--help"],
        vec!["run", "--help"],
        vec!["validate", "--help"],
        vec!["compare", "--help"],
        vec!["regress", "--help"],
        vec!["policy", "--help"],
        vec!["breakpoint", "--help"],
        vec!["chart", "--help"],
        vec!["sweep", "--help"],
        vec!["merge", "--help"],
        vec!["init", "--help"],
        vec!["schema", "--help"],
        vec!["completions", "--help"],
        vec!["man", "--help"],
    ] {
        let ran = keyscale(&folder, &args).exits(0);
        let mut lines = ran.out.lines();
        assert_eq!(lines.next(), Some("Examples:"), "{args:?}");
        let examples = lines.take_while(|line| !line.is_empty());
        assert_eq!(examples.filter(|line| line.starts_with("  keyscale ")).count(), 3, "{args:?}");
    }
    let ran = keyscale(&folder, ["--version"]).exits(0);
    assert_eq!(ran.out, format!("keyscale {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let folder = Folder::new("arguments");
    folder.write("small.toml", SMALL);
    refused(&folder, &[], &["Usage: keyscale"]);
    refused(&folder, &["dance"], &["unrecognized subcommand 'dance'"]);
    refused(&folder, &["run"], &["<SCENARIO>..."]);
    refused(&folder, &["run", "small.toml", "--spin"], &["unexpected argument '--spin'"]);
    refused(&folder, &["run", "small.toml", "--seed", "-1"], &["'-1'"]);
    refused(&folder, &["run", "small.toml", "--set", "seed"], &["expected KEY=VALUE"]);
    refused(&folder, &["run", "small.toml", "-q", "-v"], &["cannot be used with"]);
}

#[test]
fn scenarios_that_are_no_files_are_refused() {
    let folder = Folder::new("no-files");
    folder.write("demo.toml", SMALL);
    folder.write("folder/x.toml", SMALL);
    folder.write("huge.toml", "# a long comment\n".repeat(131_072));
    folder.write("bytes.toml", b"question = \"caf\xe9\"\n");
    for command in ["run", "validate"] {
        let check = |name: &str, parts: &[&str]| {
            refused(&folder, &[command, name], parts);
        };
        check("nothing.toml", &["can't read the scenario nothing.toml: there is no such file"]);
        check("demo", &["did you mean demo.toml?"]);
        check("folder", &["can't read the scenario folder: it is a folder"]);
        check("huge.toml", &["huge.toml:1:1", "too long"]);
        check("bytes.toml", &["bytes.toml:1:16", "not UTF-8"]);
    }
}

#[test]
fn all_problems_of_all_scenarios_are_told_at_once() {
    let folder = Folder::new("problems");
    folder.write("good.toml", SMALL);
    folder.write("one.toml", SMALL.replace("concurrency = 4", "concurency = 4\nqueue_limit = -1"));
    folder.write("two.toml", SMALL.replace("\"20/s\"", "20"));
    let parts = ["one.toml:5:1", "concurrency", "one.toml:6", "two.toml:9", "error"];
    refused(&folder, &["run", "good.toml", "one.toml", "two.toml"], &parts);
    let ran = keyscale(&folder, ["validate", "good.toml", "one.toml"]).exits(2);
    let load = "web/0: poisson, 20/s on average, 2,400 requests";
    assert_eq!(ran.out, format!("good.toml: valid: 1 service, 2m, seed 1\n  {load}\n"));
}

#[test]
fn values_set_beside_the_file_are_checked() {
    let folder = Folder::new("set");
    folder.write("small.toml", SMALL);
    let check = |set: &str, parts: &[&str]| {
        refused(&folder, &["run", "small.toml", "--set", set], parts);
    };
    check("services.web.concurrency=none", &["--set services.web.concurrency=none"]);
    check("services.wep.concurrency=5", &["wep"]);
    check("duration=5", &["unit"]);
}

#[test]
fn load_files_are_checked() {
    let folder = Folder::new("load");
    folder.write("played.toml", PLAYED);
    let key = "services.web.load.0.trace.file";
    let check = |text: Option<&[u8]>, parts: &[&str]| {
        let path = folder.join("load.csv");
        text.map_or_else(|| fs::remove_file(&path), |text| fs::write(&path, text)).unwrap();
        for command in ["run", "validate"] {
            refused(&folder, &[command, "played.toml"], parts).says(&[key]);
        }
    };
    check(Some(b""), &["the load file is empty", "load.csv:1:1"]);
    check(Some(b"t,n\n"), &["empty trace", "load.csv:1:1"]);
    check(Some(b"t,n\n0,3\n1,many\n"), &["`n` is no number", "load.csv:3:3"]);
    check(Some(b"t,m\n0,3\n"), &["no column `n`", "its columns are t, m"]);
    check(None, &["can't read the load file load.csv: there is no such file"]);
}

/// A path in a scenario is relative to its file, one given beside it to the working folder.
#[test]
fn paths_are_relative_to_where_they_are_said() {
    let folder = Folder::new("relative");
    folder.write("sub/played.toml", PLAYED);
    folder.write("sub/load.csv", "t,n\n0,1\n60,2\n");
    folder.write("load.csv", "t,n\n0,10\n60,20\n");
    let ran = keyscale(&folder, ["validate", "sub/played.toml"]).exits(0);
    assert!(ran.out.contains("3 recorded arrivals"), "{}", ran.out);
    let set = "services.web.load.0.trace.file=load.csv";
    let ran = keyscale(&folder, ["validate", "sub/played.toml", "--set", set]).exits(0);
    assert!(ran.out.contains("30 recorded arrivals"), "{}", ran.out);
}

#[test]
fn two_scenarios_never_share_a_folder() {
    let folder = Folder::new("share");
    folder.write("a/small.toml", SMALL);
    folder.write("b/small.toml", SMALL);
    let parts = ["a/small.toml and b/small.toml would both", "name = "];
    refused(&folder, &["run", "a/small.toml", "b/small.toml"], &parts);
}
