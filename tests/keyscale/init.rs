//! What helps to begin: templates, the schema, completions, the manual.

use std::fs;

use crate::folder::Folder;
use crate::program::keyscale;

#[test]
fn templates_are_listed_written_valid_and_run() {
    let folder = Folder::new("init");
    let list = keyscale(&folder, ["init", "--list"]).exits(0).out;
    assert!(folder.list("").is_empty(), "a list writes nothing");
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["demo", "outage", "quota", "revocation", "trace"]);
    for name in names {
        let ran = keyscale(&folder, ["init", name]).exits(0);
        let file = format!("{name}.toml");
        assert!(ran.out.ends_with(&format!("keyscale run {file}\n")), "{}", ran.out);
        let ran = keyscale(&folder, ["validate", &file]).exits(0);
        assert!(ran.err.is_empty(), "{}", ran.err);
        // Long ones are cut short: what is asked is whether they run.
        let shorter: &[&str] = match name {
            "demo" => &[],
            "quota" => &["warm_up=10s", "duration=6m"],
            "trace" => &["services.shop.load.0.trace.scale=0.01"],
            _ => &["warm_up=10s", "duration=3m", "timeline=[]"],
        };
        let mut arguments = vec!["run", &file, "--quiet"];
        shorter.iter().for_each(|set| arguments.extend(["--set", set]));
        let ran = keyscale(&folder, arguments).exits(0);
        assert!(ran.out.contains("VERDICT"), "{}", ran.out);
    }
}

#[test]
fn a_template_replaces_nothing_unless_it_is_told_to() {
    let folder = Folder::new("init-replace");
    folder.write("demo.toml", "mine");
    let ran = keyscale(&folder, ["init"]).exits(2).says(&["would replace demo.toml", "--force"]);
    assert!(ran.out.is_empty());
    assert_eq!(fs::read_to_string(folder.join("demo.toml")).unwrap(), "mine");
    keyscale(&folder, ["init", "demo", "--force"]).exits(0);
    assert!(fs::read_to_string(folder.join("demo.toml")).unwrap().contains("[services.web]"));
    // Of several files none is written where one is there.
    folder.write("load/shop-day.csv", "mine");
    keyscale(&folder, ["init", "trace"]).exits(2).says(&["load/shop-day.csv"]);
    assert_eq!(folder.list(""), ["demo.toml", "load"]);
    keyscale(&folder, ["init", "dome"]).exits(2).says(&["demo"]);
    keyscale(&folder, ["init", "demo", "--list"]).exits(2);
    // A place that can't be written is the outside's failure.
    folder.write("quota.toml/x", "in the way");
    keyscale(&folder, ["init", "quota", "--force"]).exits(1).says(&["write quota.toml"]);
    assert_eq!(folder.list(""), ["demo.toml", "load", "quota.toml"]);
}

#[test]
fn the_schema_is_json_of_the_draft() {
    let folder = Folder::new("schema");
    let ran = keyscale(&folder, ["schema"]).exits(0);
    let schema: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let service = &schema["properties"]["services"]["additionalProperties"]["properties"];
    assert_eq!(service["concurrency"]["default"], 80);
    // A line that names it is a comment to everybody else.
    let text = format!("#:schema ./a.json\n{}", crate::program::SMALL);
    folder.write("small.toml", text);
    keyscale(&folder, ["validate", "small.toml"]).exits(0);
}

#[test]
fn shells_and_the_manual_know_every_command() {
    let folder = Folder::new("completions");
    let commands = ["run", "validate", "policy", "init", "schema", "completions", "man"];
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = keyscale(&folder, ["completions", shell]).exits(0).out;
        for command in commands {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
        assert!(script.contains("replications"), "{shell} does not know the options");
    }
    keyscale(&folder, ["completions", "tcsh"]).exits(2).says(&["bash"]);
    let page = keyscale(&folder, ["man"]).exits(0).out;
    let title = page.lines().find(|line| line.starts_with(".TH")).unwrap();
    assert!(title.starts_with(".TH keyscale 1"), "{title}");
    assert!(
        commands.iter().all(|command| page.contains(&format!("keyscale\\-{command}"))),
        "{page}"
    );
    let page = keyscale(&folder, ["man", "run"]).exits(0).out;
    assert!(page.contains(r"\-\-replications") && page.contains("Examples:"), "{page}");
    keyscale(&folder, ["man", "dance"]).exits(2).says(&["there is no command dance", "run"]);
}
