//! Makes `results/gallery/`, the pictures that the README shows: runs their scenarios and keeps one
//! picture of each. `cargo run --release --example gallery`, from the root of the sources.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use keyscale::cli::{self, Console};

/// Where they go.
const GALLERY: &str = "results/gallery";
/// Where the runs go.
const RUNS: &str = "target/gallery";

/// Scenarios, the picture of each, and how large it is.
const SHOWN: [(&str, &str, &str); 5] = [
    ("external-outage-retryable", "gantt", "report"),
    ("external-outage-retryable", "dashboard", "thumbnail"),
    ("external-outage-not-retryable", "gantt", "thumbnail"),
    ("quota-exhausted", "dashboard", "thumbnail"),
    ("shared-key-project", "key_calls", "thumbnail"),
];

/// Runs a command of the program.
fn keyscale(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = ["keyscale"].iter().chain(arguments).map(OsString::from);
    match cli::run(words, &mut Console::new(&mut out, &mut err)) {
        0 => Ok(()),
        code => Err(format!("{arguments:?}: {code}\n{}", String::from_utf8_lossy(&err)).into()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(GALLERY)?;
    for (scenario, picture, size) in SHOWN {
        let folder = format!("{RUNS}/{scenario}");
        if !Path::new(&folder).exists() {
            keyscale(&["run", &format!("scenarios/{scenario}.toml"), "--out", &folder, "--quiet"])?;
        }
        let look = ["--size", size, "--format", "svg", "--only", picture, "--out", RUNS, "--quiet"];
        keyscale(&[&["chart", &folder][..], &look].concat())?;
        let end = if size == "report" { String::new() } else { format!("-{size}") };
        let drawn = format!("{RUNS}/{picture}{end}.svg");
        fs::rename(drawn, format!("{GALLERY}/{scenario}-{picture}.svg"))?;
    }
    let look = ["--format", "svg", "--out", GALLERY, "--quiet"];
    keyscale(&[&["chart", "results/validation.csv"][..], &look].concat())
}
