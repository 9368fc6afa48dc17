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
