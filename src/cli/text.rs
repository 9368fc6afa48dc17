//! What a person reads at the end of a run: table, blame in words, verdict, files.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};

use crate::output::{RunInfo, Written};
use crate::record::{CallOutcome, Cause, SummaryRow};
use crate::units::SimDuration;

/// What is run.
pub fn head(info: &RunInfo, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}, {} simulated, seed {}", info.name, info.duration, info.seed)?;
    if !info.question.is_empty() {
        writeln!(out, "{}", info.question)?;
    }
    Ok(())
}

/// Everything after the run.
pub fn ending(written: &Written, info: &RunInfo, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", table(written))?;
    let Some(all) = written.summary.last() else { return Ok(()) };
    for row in services(written) {
        if row.failed() > 0 {
            writeln!(out, "Why requests to {} failed: {}.", row.service, blame(row))?;
        }
        warnings(row, out)?;
    }
    writeln!(out, "VERDICT  {}", verdict(all, info))?;
    let name = |f: &crate::output::FileEntry| f.name.clone();
    let files: Vec<String> = written.files.iter().map(name).collect();
    writeln!(out, " folder  {}", written.folder.display())?;
    writeln!(out, " files   {}", files.join(" "))
}

/// The rows of services; the last row is all together.
fn services(written: &Written) -> &[SummaryRow] {
    written.summary.split_last().map_or(&[], |(_, services)| services)
}

fn table(written: &Written) -> Table {
    let rows = match services(written) {
        [one] => std::slice::from_ref(one),
        _ => &written.summary,
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let title = |r: &SummaryRow| match r.service.as_str() {
        "" => "all".to_owned(),
        name => name.to_owned(),
    };
    table.set_header(std::iter::once(String::new()).chain(rows.iter().map(title)));
    let mut line = |name: &str, cell: &dyn Fn(&SummaryRow) -> String| {
        table.add_row(std::iter::once(name.to_owned()).chain(rows.iter().map(cell)));
    };
    let calls = |r: &SummaryRow, outcome: CallOutcome| r.key_calls[outcome as usize].to_string();
    let length = |d: Option<SimDuration>| d.map_or("-".to_owned(), short);
    line("arrivals", &|r| r.requests.arrivals.to_string());
    line("served", &|r| r.requests.served.to_string());
    line("  after a cold start", &|r| r.requests.served_cold.to_string());
    line("failed", &|r| format!("{} ({})", r.failed(), percent(r.failed_ratio())));
    line("  refused", &|r| r.requests.refused.to_string());
    line("  timed out", &|r| r.requests.timed_out.to_string());
    line("  aborted", &|r| r.requests.aborted.to_string());
    line("latency p50 (served)", &|r| length(r.latency.p50));
    line("latency p99 (served)", &|r| length(r.latency.p99));
    line("latency p99 (failed = infinite)", &|r| length(r.latency_with_failures.p99));
    line("most ready instances", &|r| r.instances_ready_max.to_string());
    line("starts: begun", &|r| r.starts.begun.to_string());
    line("starts: ready", &|r| r.starts.ready.to_string());
    line("starts: failed", &|r| r.starts.failed.to_string());
    line("instances shut down", &|r| r.revoked.to_string());
    line("key calls: ok", &|r| calls(r, CallOutcome::Ok));
    line("key calls: retryable failure", &|r| calls(r, CallOutcome::Retryable));
    line("key calls: timeout", &|r| calls(r, CallOutcome::Timeout));
    line("key calls: over quota", &|r| calls(r, CallOutcome::Quota));
    line("key calls: denied", &|r| calls(r, CallOutcome::Denied));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A length to three digits or so.
fn short(length: SimDuration) -> String {
    match length.0 {
        ns if ns < 1_000_000 => format!("{:.0} us", ns as f64 / 1e3),
        ns if ns < 1_000_000_000 => format!("{:.1} ms", ns as f64 / 1e6),
        ns if ns < 120_000_000_000 => format!("{:.2} s", ns as f64 / 1e9),
        ns => SimDuration(ns / 1_000_000_000 * 1_000_000_000).to_string(),
    }
}

fn percent(ratio: Option<f64>) -> String {
    match ratio {
        None => "-".to_owned(),
        Some(r) if r > 0.0 && r < 0.0001 => format!("{:.4} %", 100.0 * r),
        Some(r) => format!("{:.2} %", 100.0 * r),
    }
}

/// A cause as people say it.
fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::KeyDenied => "key denied",
        Cause::KeyOutage => "key outage",
        Cause::KeyQuota => "key quota",
        Cause::StartBackoff => "failed starts",
        Cause::Starting => "container start",
        Cause::MaxInstances => "max instances",
        Cause::Autoscaler => "autoscaler",
        Cause::Drain => "drain grace over",
        Cause::Service => "time in service",
    }
}

/// The causes of failure by share, the largest first.
fn blame(row: &SummaryRow) -> String {
    let mut shares: Vec<(f64, Cause)> = Cause::ALL
        .iter()
        .filter_map(|&cause| Some((row.blame_ratio(cause)?, cause)))
        .filter(|(share, _)| *share > 0.0)
        .collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    let said = |(share, cause): &(f64, Cause)| {
        let share = 100.0 * share;
        match share < 1.0 {
            true => format!("{} under 1 %", words(*cause)),
            false => format!("{} {share:.0} %", words(*cause)),
        }
    };
    shares.iter().map(said).collect::<Vec<_>>().join(", ")
}

/// What the numbers do not say by themselves.
fn warnings(row: &SummaryRow, out: &mut dyn Write) -> io::Result<()> {
    let quota = row.key_calls[CallOutcome::Quota as usize];
    if quota > 0 && row.starts.failed > 2 * row.starts.ready {
        writeln!(
            out,
            "note: {}: quota thrash: {} starts failed and {} became ready; a start that loses its \
             second decrypt has spent the first",
            row.service, row.starts.failed, row.starts.ready
        )?;
    }
    if row.requests.refused > 0 && row.requests.served > 0 {
        writeln!(
            out,
            "note: {}: latency of the served is capped by the pending timeout; {} failed: read \
             them together",
            row.service,
            percent(row.failed_ratio())
        )?;
    }
    Ok(())
}

/// The run in one sentence.
fn verdict(all: &SummaryRow, info: &RunInfo) -> String {
    if all.requests.arrivals == 0 {
        return format!("No request arrived in {}.", info.duration);
    }
    let rest = "One run, no interval.";
    if all.failed() == 0 {
        let served = all.requests.served;
        return format!("No request failed: {served} were served. {rest}");
    }
    let (failed, share) = (all.failed(), percent(all.failed_ratio()));
    let causes = blame(all);
    let ride_out = match all.ride_out() {
        Some(length) => format!("; the first failure came {} after the block began", short(length)),
        None => String::new(),
    };
    format!("{share} of requests failed ({failed}): {causes}{ride_out}. {rest}")
}
