//! Requests simulated per CPU-second and peak memory of whole runs, as a table in Markdown:
//!
//! ```text
//! cargo run --release -p keyscale-bench                        (a), and (b) at 1e6, 1e7 and 1e8
//! cargo run --release -p keyscale-bench -- warm 20000000       one case at one length
//! ```
//!
//! Each row is a process of its own that does what `keyscale run` does, tables and charts
//! included, into a temporary folder. What a run costs whatever its length (charts, above all) is
//! in every row; the time of a request, without it, is the difference of two rows.

#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::error::Error;
use std::fs;
use std::process::Command;

use keyscale::cli::{Console, run};
use keyscale_bench::Case;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The rows of the table.
const ROWS: [(Case, u64); 5] = [
    (Case::Sparse, 100_000),
    (Case::Sparse, 1_000_000),
    (Case::Warm, 1_000_000),
    (Case::Warm, 10_000_000),
    (Case::Warm, 100_000_000),
];

/// What a process measured of its run.
struct Measured {
    requests: f64,
    seconds: f64,
    mebibytes: f64,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => table(&ROWS),
        ["measure", case, requests] => measure(one(case, requests)?),
        [case, requests] => table(&[one(case, requests)?]),
        _ => Err("expected nothing, or a case (sparse, warm) and a number of requests".into()),
    }
}

/// A row asked for.
fn one(case: &str, requests: &str) -> Result<(Case, u64)> {
    let known = Case::of(case).ok_or("expected the case sparse or warm")?;
    Ok((known, requests.parse()?))
}

/// Measures rows in turn and prints them.
fn table(rows: &[(Case, u64)]) -> Result<()> {
    println!("# What a run costs\n");
    println!("Whole runs with their tables and charts, measured on {}.", processor());
    println!(
        "Read ratios, not absolute times: other machines, and other work on this one, differ."
    );
    println!("The command is `cargo run --release -p keyscale-bench`.\n");
    println!("| run | requests | CPU s | requests a CPU-second | ns a request more | peak MiB |");
    println!("|---|--:|--:|--:|--:|--:|");
    let mut before: Option<(Case, Measured)> = None;
    for &(case, asked) in rows {
        let now = child(case, asked)?;
        let more = match &before {
            Some((last, than)) if *last == case => {
                let (seconds, requests) =
                    (now.seconds - than.seconds, now.requests - than.requests);
                format!("{:.0}", seconds / requests * 1e9)
            }
            Some(_) | None => String::new(),
        };
        println!(
            "| {} | {} | {:.2} | {:.2} million | {more} | {:.1} |",
            case.describe(),
            now.requests,
            now.seconds,
            now.requests / now.seconds / 1e6,
            now.mebibytes,
        );
        before = Some((case, now));
    }
    println!(
        "\n*ns a request more*: CPU time a request beyond the row above, which leaves out what"
    );
    println!("every run costs whatever its length.");
    Ok(())
}

/// Has another process measure a run: its peak memory is then the run's own.
fn child(case: Case, requests: u64) -> Result<Measured> {
    let me = std::env::current_exe()?;
    let output = Command::new(me).args(["measure", case.name(), &requests.to_string()]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> =
        text.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?;
    match numbers[..] {
        [requests, seconds, mebibytes] => Ok(Measured { requests, seconds, mebibytes }),
        _ => Err(format!("not what was expected: {text}").into()),
    }
}

/// Runs a case and prints its requests, CPU seconds and peak memory in MiB.
fn measure((case, requests): (Case, u64)) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("keyscale-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let done = measure_in(&folder, case, requests);
    fs::remove_dir_all(&folder)?;
    done
}

fn measure_in(folder: &std::path::Path, case: Case, requests: u64) -> Result<()> {
    let scenario = folder.join(format!("{}.toml", case.name()));
    fs::write(&scenario, case.scenario(requests))?;
    let out = folder.join("out");
    let (mut said, mut errors) = (Vec::new(), Vec::new());
    let args = ["keyscale".as_ref(), "run".as_ref(), scenario.as_os_str(), "--out".as_ref()];
    let args = args.into_iter().chain([out.as_os_str(), "--quiet".as_ref()]);
    let code = {
        let mut console = Console::new(&mut said, &mut errors);
        run(args.map(Into::into), &mut console)
    };
    if code != 0 {
        return Err(String::from_utf8_lossy(&errors).into_owned().into());
    }
    let summary: serde_json::Value = serde_json::from_slice(&fs::read(out.join("summary.json"))?)?;
    let arrivals = summary["total"]["arrivals"].as_u64().ok_or("the summary has no arrivals")?;
    println!("{arrivals} {} {}", cpu_seconds()?, peak_kib()? / 1024.0);
    Ok(())
}

/// CPU time of this process so far, to a hundredth of a second.
fn cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program comes first, in brackets, and may hold anything.
    let after = stat.rsplit(')').next().ok_or("a process without a name")?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |i: usize| -> Result<f64> { Ok(fields.get(i).ok_or("no CPU time")?.parse()?) };
    // User and system time, in ticks that are a hundredth of a second on every Linux.
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// Peak resident memory of this process in KiB.
fn peak_kib() -> Result<f64> {
    value("/proc/self/status", "VmHWM", "kB").ok_or_else(|| "no peak memory".into())
}

/// The number of a line `NAME: NUMBER UNIT`.
fn value(path: &str, name: &str, unit: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_start_matches(':').trim_end_matches(unit).trim().parse().ok()
}

/// The processor's name, and how many of them there are.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split(": ").nth(1)).unwrap_or("an unknown processor");
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{name}, {count} of its cores")
}
