//! The ending of a study: what its replications come to with their intervals, and the verdict on
//! them.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::console::Console;
pub(super) use super::numbers::in_unit as number;
use super::numbers::{count, counted, length, rough_share};
use super::text::{CAUSES, line, what};
use crate::output::{StudyInfo, Until};
use crate::record::Cause;
use crate::record::summary::SUMMARY;
use crate::stats::interval::none_seen;
use crate::study::gather::ServiceRuns;
use crate::study::rides::{BlockRuns, RideEstimate};
use crate::study::{Centre, Estimate};

/// What is told of each service: the column, and what people call it.
const TOLD: [(&str, &str); 9] = [
    ("arrivals", "arrivals"),
    ("failed_ratio", "failed requests"),
    ("latency_s_p50", "p50 (served)"),
    ("latency_s_p99", "p99 (served)"),
    ("latency_with_failures_s_p99", "p99 (failures infinite)"),
    ("cold_ratio", "served cold"),
    ("ride_out_s", "ride-out"),
    ("instances_mean", "instances"),
    ("instances_ready_max", "most ready"),
];

/// Of those, what is told of one service among several.
const TOLD_OF_EACH: [&str; 3] = ["failed_ratio", "latency_s_p99", "ride_out_s"];

/// Services whose numbers are told.
const SERVICES: usize = 20;

/// A difference in the unit of its metric, with its sign.
pub(super) fn signed(difference: f64, unit: &str) -> String {
    let sign = if difference < 0.0 { '-' } else { '+' };
    format!("{sign}{}", number(difference.abs(), unit))
}

/// An estimate and its interval in words: `6.1 % ± 0.4 %`, or for a median `13m 40s (13m … 14m
/// 20s)`.
pub(super) fn within(centre: Centre, estimate: &Estimate, unit: &str) -> String {
    let Some(middle) = estimate.centre(centre) else { return "-".to_owned() };
    match (centre, estimate.within(centre)) {
        (_, None) => number(middle, unit),
        (Centre::Mean, Some(within)) => {
            format!("{} ± {}", number(middle, unit), number(within.half(), unit))
        }
        (Centre::Median, Some(within)) => {
            let (low, high) = (number(within.low, unit), number(within.high, unit));
            format!("{} ({low} … {high})", number(middle, unit))
        }
    }
}

/// Prints the numbers of all services together and, of several, a few of each.
pub(super) fn table(study: &StudyInfo<'_>, console: &mut Console<'_>) {
    let gathered = study.gathered;
    let mut services: Vec<&ServiceRuns> =
        gathered.services.iter().filter(|s| !s.service.is_empty()).collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(console.width().clamp(40, 200) as u16);
    table.set_header(["", "mean ± 95 %", "p5 … p95 of runs"]);
    if let Some(total) = gathered.service("") {
        let failed = total.estimate_of("failed").most.is_some_and(|most| most > 0.0);
        let tells = |column: &str| {
            // Without failures it says nothing that the one of the served does not.
            let says = failed || !column.starts_with("latency_with_failures");
            says && total.estimate_of(column).count > 0
        };
        for (column, label) in TOLD.iter().filter(|(column, _)| tells(column)) {
            table.add_row(row(total, column, label));
        }
    }
    let several = services.len() > 1;
    let failed = |s: &&ServiceRuns| s.estimate_of("failed_ratio").mean.unwrap_or(0.0);
    services.sort_by(|a, b| failed(b).total_cmp(&failed(a)));
    for service in services.iter().filter(|_| several).take(SERVICES) {
        for (column, label) in TOLD.iter().filter(|(column, _)| TOLD_OF_EACH.contains(column)) {
            let label = format!("{}: {label}", service.service);
            if service.estimate_of(column).count > 0 {
                table.add_row(row(service, column, &label));
            }
        }
    }
    table.column_iter_mut().skip(1).for_each(|c| c.set_cell_alignment(CellAlignment::Right));
    console.out("\n");
    for line in table.lines() {
        console.out(format!("{}\n", line.trim_end()));
    }
    if services.len() > SERVICES {
        let more = counted((services.len() - SERVICES) as u64, "more service");
        console.out(format!(" and {more}: summary.csv\n"));
    }
    let how = match study.until {
        Until::Fixed => "as asked for",
        Until::Known => "until every threshold's metric was known",
        Until::Cap => "and no more, though not every threshold's metric is known",
        Until::Interrupted => "until the interruption",
    };
    let runs = counted(gathered.runs, "replication");
    console.out(format!(
        "\n {runs} {how}; tables and charts show replication {}, the median one\n\n",
        study.shown
    ));
}

/// Prints percentiles of the requests of all runs together: of the served ones and, where some
/// failed, of all with the failed ones as infinite.
pub(super) fn pooled(study: &StudyInfo<'_>, console: &mut Console<'_>) {
    let Some(total) = study.gathered.service("").filter(|t| t.pooled(0.5, false).is_some()) else {
        return;
    };
    let told = |with_failures| {
        let at = |q| total.pooled(q, with_failures).map_or("infinite".to_owned(), length);
        format!("p50 {}, p99 {}", at(0.5), at(0.99))
    };
    let failed = total.estimate_of("failed").most.is_some_and(|most| most > 0.0);
    let failures = match failed {
        true => format!("; with failures as infinite {}", told(true)),
        false => String::new(),
    };
    line(console, "pooled", &format!("{} of all served requests{failures}", told(false)));
}

/// Blocks whose rides are told one by one.
const BLOCKS: usize = 3;

/// Prints how each block was ridden out, and how long it took to recover.
pub(super) fn rides(study: &StudyInfo<'_>, console: &mut Console<'_>) {
    let blocks = &study.gathered.blocks;
    for block in blocks.iter().take(BLOCKS) {
        line(console, "ride-out", &ride(block));
    }
    if blocks.len() > BLOCKS {
        let more = counted((blocks.len() - BLOCKS) as u64, "more block");
        line(console, "", &format!("and {more}: summary.json"));
    }
}

/// A block's rides over runs, in a sentence.
fn ride(block: &BlockRuns) -> String {
    let estimate = block.estimate();
    let runs = counted(estimate.runs, "run");
    let (which, long) = (what(block.kind), number(block.length.mean(), "s"));
    let head = format!("{}, {which} {} of {long}", block.service, block.subject);
    let survived = match estimate.survived {
        0 => format!("none of {runs} survives it ({})", below(none_seen(estimate.runs))),
        all if all == estimate.runs => {
            let hurt = below(none_seen(estimate.runs));
            format!("all of {runs} survive it (a share hurt {hurt})")
        }
        some => format!("{} of {runs} survive it", count(some)),
    };
    let lasted = match (estimate.median, estimate.median_within) {
        (Some(median), _) if median.is_infinite() => String::new(),
        (Some(median), Some(within)) => {
            let [median, low, high] =
                [median, within.low, within.high].map(|seconds| number(seconds, "s"));
            format!("; rides last {median} ({low} … {high})")
        }
        (Some(median), None) => format!("; rides last {}", number(median, "s")),
        (None, _) => String::new(),
    };
    let recovery = match estimate.recovery.count {
        0 => String::new(),
        _ => format!("; back {} after it", within(Centre::Median, &estimate.recovery, "s")),
    };
    let held = held(&estimate);
    format!("{head}: {survived}{lasted}{held}{recovery}")
}

/// How long the upper limits held, in words; nothing where there are none.
fn held(estimate: &RideEstimate) -> String {
    let runs = counted(estimate.limited, "run");
    match (estimate.limited, estimate.held, estimate.held_median) {
        (0, _, _) => String::new(),
        (all, held, _) if held == all => format!("; no limit breaks within it in any of {runs}"),
        (_, held, Some(median)) if median.is_finite() => {
            let within = estimate.held_median_within.map_or(String::new(), |within| {
                format!(" ({} … {})", number(within.low, "s"), number(within.high, "s"))
            });
            let kept = match held {
                0 => String::new(),
                some => format!(", in {} of {runs} not within it", count(some)),
            };
            format!("; a limit breaks after {}{within}{kept}", number(median, "s"))
        }
        (all, held, _) => format!("; a limit breaks within it in {} of {runs}", count(all - held)),
    }
}

/// The rule of three in words.
fn below(share: f64) -> String {
    format!("below {}", rough_share(share))
}

/// A metric over runs; a ride-out has a median, and says in how many runs it did not end.
fn row(service: &ServiceRuns, column: &str, label: &str) -> [String; 3] {
    let (centre, estimate) = (Centre::of(column), service.estimate_of(column));
    let unit = SUMMARY.iter().find(|c| c.name == column).map_or("", |c| c.unit);
    let spread = match (estimate.p5, estimate.p95) {
        (Some(low), Some(high)) => format!("{} … {}", number(low, unit), number(high, unit)),
        _ => "-".to_owned(),
    };
    let median = if centre == Centre::Median && estimate.count > 0 { " (median)" } else { "" };
    [format!("{label}{median}"), within(centre, &estimate, unit), spread]
}

/// The causes of failed requests with their shares over all runs, the largest first.
pub(super) fn why(study: &StudyInfo<'_>) -> Option<String> {
    let causes = causes(study.gathered.service("")?);
    let told: Vec<String> = causes
        .iter()
        .take(CAUSES)
        .map(|(cause, share)| format!("{} {}", cause.words(), rough_share(*share)))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// Causes that cost requests, the dearest first, each with its share.
fn causes(total: &ServiceRuns) -> Vec<(Cause, f64)> {
    let mean = |cause: Cause| total.estimate_of(&format!("blame_{}", cause.name())).mean;
    let costs: Vec<(Cause, f64)> =
        Cause::ALL.iter().map(|&cause| (cause, mean(cause).unwrap_or(0.0))).collect();
    let all: f64 = costs.iter().map(|(_, cost)| cost).sum();
    let mut causes: Vec<(Cause, f64)> = costs
        .into_iter()
        .filter(|(_, cost)| *cost > 0.0)
        .map(|(c, cost)| (c, cost / all))
        .collect();
    causes.sort_by(|a, b| b.1.total_cmp(&a.1));
    causes
}

/// The verdict in a sentence or two.
pub(super) fn sentence(study: &StudyInfo<'_>) -> String {
    let runs = study.gathered.runs;
    let Some(total) = study.gathered.service("") else {
        return "There is nothing to judge.".to_owned();
    };
    let failed = total.estimate_of("failed_ratio");
    let Some(most) = failed.most else {
        return format!("No request came to an end in {}.", counted(runs, "run"));
    };
    if most == 0.0 {
        let below = rough_share(none_seen(runs));
        return format!(
            "No request failed in any of {}: the true share of runs in which one fails is below \
             {below} (95 %).",
            counted(runs, "run"),
        );
    }
    let main = causes(total).first().map_or(String::new(), |(cause, share)| {
        format!(": {} {}", cause.words(), rough_share(*share))
    });
    let ride_out = total.estimate_of("ride_out_s");
    let first = match (ride_out.count, ride_out.never) {
        (0, _) => String::new(),
        (count_, never) if never == count_ => "; none for want of the key".to_owned(),
        (count_, never) => {
            let none = match never {
                0 => String::new(),
                _ => format!("; in {} of {} none came", count(never), counted(count_, "run")),
            };
            let median = within(Centre::Median, &ride_out, "s");
            format!(
                "; the first failure for want of the key came {median} after the block began{none}"
            )
        }
    };
    let ratio = within(Centre::Mean, &failed, "1");
    format!("{ratio} of requests failed in {}{main}{first}.", counted(runs, "run"))
}
