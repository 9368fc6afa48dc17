//! What three scenarios come to, as a person reads it. A change of the model shows here first;
//! `KEYSCALE_BLESS=1 cargo test` writes the snapshots anew.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::folder::{Folder, copy};
use crate::program::keyscale;

#[test]
fn scenarios_come_to_what_they_came_to() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var_os("KEYSCALE_BLESS").is_some_and(|v| v == "1");
    let folder = Folder::new("snapshots");
    copy(&root.join("scenarios"), &folder);
    let mut moved = String::new();
    for name in ["external-outage-retryable", "key-disabled", "shared-key-project"] {
        let ran = keyscale(&folder, ["run", &format!("{name}.toml")]).exits(0);
        let summary = folder.join("results/runs").join(name).join("summary.json");
        let summary: Value = serde_json::from_slice(&fs::read(summary).unwrap()).unwrap();
        let print = serde_json::to_string_pretty(&summary["fingerprint"]).unwrap();
        // How far a run is after so many seconds is the computer's, not the scenario's.
        let lines = ran.err.lines().filter(|line| !line.contains(" simulated, "));
        let said = lines.collect::<Vec<&str>>().join("\n");
        let now = format!("{}\n{}\nfingerprint {print}\n", ran.out, said.trim_end());
        let path = root.join("tests/snapshots").join(format!("{name}.txt"));
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &now).unwrap();
        } else if fs::read_to_string(&path).ok().as_ref() != Some(&now) {
            moved += &format!("\n{} is no longer what comes out, which is\n{now}", path.display());
        }
    }
    assert!(moved.is_empty(), "{moved}\nKEYSCALE_BLESS=1 cargo test writes the snapshots anew");
}
