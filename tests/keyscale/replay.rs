//! The same input leaves the same bytes; another seed does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::folder::{Folder, copy};
use crate::program::{PLAYED, keyscale};

/// All files of a folder.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files.map(|f| (f.file_name().into_string().unwrap(), fs::read(f.path()).unwrap())).collect()
}

/// Checks that two folders hold the same, and says which file does not.
#[track_caller]
fn same(folder: &Folder, one: &str, two: &str) {
    let (one, two) = (bytes(&folder.join(one)), bytes(&folder.join(two)));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (name, content) in &one {
        assert!(*content == two[name], "{name} differs");
    }
}

#[test]
fn the_same_run_and_its_lock_leave_the_same_bytes() {
    let folder = Folder::new("replay");
    copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").as_path(), &folder);
    for name in ["external-outage-retryable", "trace-replay", "shared-key-project"] {
        let file = format!("{name}.toml");
        let run = |scenario: &str, out: &str, seed: &[&str]| {
            let args = [&["run", scenario, "--out", out, "--force"], seed].concat();
            keyscale(&folder, args).exits(0);
        };
        run(&file, "one", &["--seed", "11"]);
        run(&file, "two", &["--seed", "11"]);
        same(&folder, "one", "two");
        run("one/scenario.lock.toml", "three", &[]);
        same(&folder, "one", "three");
        run(&file, "two", &["--seed", "12"]);
        let (one, two) = (bytes(&folder.join("one")), bytes(&folder.join("two")));
        assert_ne!(one["timeseries.csv"], two["timeseries.csv"], "{name}: the seed does nothing");
    }
}

/// A lock is run from the folder that its results replace.
#[test]
fn a_lock_may_be_run_where_it_lies() {
    let folder = Folder::new("in-place");
    folder.write("played.toml", PLAYED);
    folder.write("load.csv", "t,n\n0,100\n60,20\n");
    keyscale(&folder, ["run", "played.toml"]).exits(0);
    keyscale(&folder, ["run", "played.toml", "--out", "kept"]).exits(0);
    keyscale(&folder, ["run", "results/runs/played/scenario.lock.toml"]).exits(0);
    same(&folder, "kept", "results/runs/played");
}

/// A large file is not copied: the lock names it by path and SHA-256, and will not take another
/// one for it.
#[test]
fn a_large_load_file_is_named_by_its_hash() {
    let folder = Folder::new("large");
    folder.write("played.toml", PLAYED);
    // Rows that take no time to read: what is large is the empty lines after them.
    let large = |rows: &str| folder.write("load.csv", format!("{rows}{}", "\n".repeat(17 << 20)));
    large("t,n\n0,100\n60,20\n");
    keyscale(&folder, ["run", "played.toml", "--out", "one"]).exits(0);
    let files = bytes(&folder.join("one"));
    assert!(!files.contains_key("load-load.csv"), "it was copied");
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let named = &manifest["load_files"][0];
    let path = fs::canonicalize(folder.join("load.csv")).unwrap();
    assert_eq!(named["name"], path.to_str().unwrap());
    assert_eq!(named["bytes"], fs::metadata(&path).unwrap().len());
    let lock = String::from_utf8(files["scenario.lock.toml"].clone()).unwrap();
    let digits = named["sha256"].as_str().unwrap();
    assert!(lock.contains(&format!("sha256 = \"{digits}\"")), "{lock}");
    keyscale(&folder, ["run", "one/scenario.lock.toml", "--out", "two"]).exits(0);
    same(&folder, "one", "two");
    large("t,n\n0,100\n60,21\n");
    let ran = keyscale(&folder, ["run", "one/scenario.lock.toml", "--out", "three"]).exits(2);
    ran.says(&["load.csv has changed", "one/scenario.lock.toml:", "its SHA-256 is"]);
    assert!(!folder.join("three").exists());
}

#[test]
fn load_files_of_one_name_are_all_kept() {
    let folder = Folder::new("names");
    let second = "[[services.web.load]]\ntrace = { file = \"b/load.csv\", count = \"n\" }\n";
    folder.write("played.toml", format!("{PLAYED}{second}"));
    folder.write("load.csv", "t,n\n0,1\n60,2\n");
    folder.write("b/load.csv", "t,n\n0,10\n60,20\n");
    keyscale(&folder, ["run", "played.toml", "--out", "one"]).exits(0);
    let files = bytes(&folder.join("one"));
    assert_eq!(files["load-load.csv"], b"t,n\n0,1\n60,2\n");
    assert_eq!(files["load-load-2.csv"], b"t,n\n0,10\n60,20\n");
    keyscale(&folder, ["run", "one/scenario.lock.toml", "--out", "two"]).exits(0);
    same(&folder, "one", "two");
}
