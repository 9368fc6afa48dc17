//! The ending of a run: a table, why requests failed, the verdict, the files, what to do next.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::console::{BAD, BOLD, Console, GOOD};
use super::judged;
use super::numbers::{count, counted, dollars, figures, length, rough_share, share};
use super::quotas;
use super::study_text;
use crate::output::report;
use crate::output::said::RevisionRow;
use crate::output::{StudyInfo, Written};
use crate::record::{BlockKind, CallOutcome, Cause, SummaryRow};
use crate::study::on_paper::Ridden;
use crate::units::{SimDuration, SimTime};

/// Services in the table; of more, those with the most failures.
const SERVICES: usize = 20;
/// Blocks that are told one by one.
const BLOCKS: usize = 3;
/// Messages that are told one by one.
const MESSAGES: usize = 3;
/// Revisions whose keys are told one by one.
const REVISIONS: usize = 3;
/// Causes that are told one by one.
pub(super) const CAUSES: usize = 5;

/// Tables that a person opens first.
const TABLES: [&str; 3] = ["instances.csv", "summary.csv", "timeseries.csv"];

/// What the ending is about.
pub(super) struct Ending<'a> {
    /// What the run left behind.
    pub written: &'a Written,
    /// The study that the run is one of.
    pub study: Option<&'a StudyInfo<'a>>,
    /// The command that makes the same results again.
    pub again: String,
    /// A command to try next.
    pub next: Option<String>,
    /// Whether the run came to its end.
    pub complete: bool,
}

impl<'a> Ending<'a> {
    /// What a run left behind, without commands.
    pub(super) fn of(
        written: &'a Written,
        study: Option<&'a StudyInfo<'a>>,
        complete: bool,
    ) -> Self {
        Self { written, study, again: String::new(), next: None, complete }
    }
}

impl Ending<'_> {
    /// Rows of services.
    fn services(&self) -> impl Iterator<Item = &SummaryRow> {
        self.written.summary.iter().filter(|row| !row.service.is_empty())
    }

    /// The row of all services together.
    fn total(&self) -> Option<&SummaryRow> {
        self.written.summary.iter().find(|row| row.service.is_empty())
    }
}

/// Prints the numbers of each service, and below them what happened to the key.
pub(super) fn table(ending: &Ending<'_>, console: &mut Console<'_>) {
    match ending.study {
        Some(study) => {
            study_text::table(study, console);
            study_text::pooled(study, console);
            study_text::rides(study, console);
        }
        None => services(ending, console),
    }
    if let Some(total) = ending.total() {
        facts(ending.written, total, console);
    }
}

/// Prints a row a service.
fn services(ending: &Ending<'_>, console: &mut Console<'_>) {
    let mut rows: Vec<&SummaryRow> = ending.services().collect();
    let all = rows.len();
    if all > SERVICES {
        rows.sort_by_key(|row| std::cmp::Reverse(row.failed()));
        rows.truncate(SERVICES);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(console.width().clamp(40, 200) as u16);
    table.set_header([
        "service",
        "arrivals",
        "failed",
        "share",
        "p50",
        "p99",
        "cold",
        "most ready",
    ]);
    rows.iter().for_each(|row| {
        table.add_row(cells(row, &row.service));
    });
    if let (Some(total), true) = (ending.total(), all > 1) {
        table.add_row(cells(total, "together"));
    }
    table.column_iter_mut().skip(1).for_each(|c| c.set_cell_alignment(CellAlignment::Right));
    console.out("\n");
    for line in table.lines() {
        console.out(format!("{}\n", line.trim_end()));
    }
    if all > SERVICES {
        console.out(format!(
            " and {}: summary.csv\n",
            counted((all - SERVICES) as u64, "more service")
        ));
    }
    console.out("\n");
}

/// A row of the table.
fn cells(row: &SummaryRow, name: &str) -> [String; 8] {
    let some = |length_: Option<SimDuration>| length_.map_or("-".to_owned(), length);
    let part = |part: Option<f64>| part.map_or("-".to_owned(), share);
    [
        name.to_owned(),
        count(row.requests.arrivals),
        count(row.failed()),
        part(row.failed_ratio()),
        some(row.latency.p50),
        some(row.latency.p99),
        part(row.cold_ratio()),
        count(row.instances_ready_max),
    ]
}

/// Prints a line with a label before it.
pub(super) fn line(console: &mut Console<'_>, label: &str, text: &str) {
    console.out(format!(" {label:<11}{text}\n"));
}

/// Prints starts, key calls, blocks and what followed from them.
fn facts(written: &Written, total: &SummaryRow, console: &mut Console<'_>) {
    let starts = &total.starts;
    if starts.begun > 0 {
        let parts = [
            (starts.ready, "became ready"),
            (starts.failed, "failed"),
            (starts.cancelled, "cancelled"),
        ];
        line(console, "starts", &listed(&format!("{} begun", count(starts.begun)), &parts));
    }
    if let Some(day) = total.cost_per_day().filter(|&day| day > 0.0) {
        let spent = format!("{} ({} a day)", dollars(total.bill.cost.dollars()), dollars(day));
        let in_vain = total.bill.cost_in_vain.dollars();
        let failed = format!(", of which {} for starts that failed", dollars(in_vain));
        line(console, "cost", &format!("{spent}{}", if in_vain > 0.0 { &failed } else { "" }));
    }
    let calls = |outcome: CallOutcome| total.key_calls[outcome as usize];
    if total.key_calls.iter().any(|&n| n > 0) {
        let parts = [
            (calls(CallOutcome::Timeout), "timed out"),
            (calls(CallOutcome::Retryable), "failed and may be retried"),
            (calls(CallOutcome::Quota), "over quota"),
            (calls(CallOutcome::Denied), "denied"),
        ];
        line(
            console,
            "key calls",
            &listed(&format!("{} ok", count(calls(CallOutcome::Ok))), &parts),
        );
    }
    quotas::told(&written.quotas, console);
    for block in written.blocks.iter().take(BLOCKS) {
        let at = |t: SimTime| signed(t, total.zero);
        let until = block.until.map_or("the end".to_owned(), at);
        let detail =
            if block.detail.is_empty() { String::new() } else { format!(" ({})", block.detail) };
        let text = format!(
            "{} {}{detail} from {} to {until}",
            what(block.kind),
            block.subject,
            at(block.from)
        );
        line(console, "block", &text);
    }
    if written.blocks.len() > BLOCKS {
        let more = counted((written.blocks.len() - BLOCKS) as u64, "more block");
        line(console, "", &format!("and {more}: blocks.csv"));
    }
    if let Some(ride_out) = total.ride_out() {
        let text =
            format!("{} from the first block to the first request it cost", length(ride_out));
        line(console, "ride-out", &text);
    }
    for ridden in written.papers.iter().take(BLOCKS) {
        line(console, "on paper", &paper(ridden));
    }
    if let Some((ride, recovery)) =
        written.rides.iter().find_map(|ride| Some((ride, ride.recovery()?)))
    {
        let (service, subject) = (&ride.service, &ride.subject);
        let text = format!("{service} was back {} after {subject} was", length(recovery));
        line(console, "recovery", &text);
    }
    if let Some(detected) = total.revocation_detected {
        let gone = total.data_unreachable.map_or("still reachable at the end".to_owned(), |at| {
            format!("unreachable from {}", signed(at, total.zero))
        });
        let hurt = total.customers_hurt.map_or("no customer hurt".to_owned(), |at| {
            format!("customers hurt from {}", signed(at, total.zero))
        });
        let text = format!("detected at {}; {hurt}; data {gone}", signed(detected, total.zero));
        line(console, "revocation", &text);
    }
    messages(written, total.zero, console);
    keys(written, console);
}

/// An outage on paper: a fluid queue before what is warm, to be read beside the ride-out.
fn paper(ridden: &Ridden) -> String {
    let (ride, warm) = (&ridden.ride, counted(ridden.ride.ready, "warm instance"));
    let Some(paper) = &ridden.paper else {
        return format!("{}: {warm} carry the load, nobody is refused", ride.service);
    };
    let seconds = |seconds: f64| length(SimDuration((seconds * 1e9).round() as u64));
    let lost = match paper.lost.round() as u64 {
        0 => String::new(),
        lost => format!(", {} by its end", counted(lost, "request")),
    };
    format!(
        "{}: {warm} serve {}/s of {}/s, the first request is refused {} into the outage{lost}",
        ride.service,
        figures(paper.throughput),
        figures(paper.load),
        seconds(paper.refused),
    )
}

/// Prints the messages of the services' logs, each with what is to be done about it.
fn messages(written: &Written, zero: SimTime, console: &mut Console<'_>) {
    for row in written.messages.iter().take(MESSAGES) {
        let service =
            if written.summary.len() > 2 { format!("{}: ", row.service) } else { String::new() };
        let times = match row.count {
            1 => String::new(),
            n => format!("{} times, ", count(n)),
        };
        let since = match row.count {
            1 => format!("at {}", signed(row.first, zero)),
            _ => format!("from {} to {}", signed(row.first, zero), signed(row.last, zero)),
        };
        line(console, "log", &format!("{service}{}", row.text));
        line(console, "", &format!("{times}{since}; remedy: {}", row.message.remedy()));
    }
    if written.messages.len() > MESSAGES {
        let more = counted((written.messages.len() - MESSAGES) as u64, "more message");
        line(console, "", &format!("and {more}: summary.json"));
    }
}

/// Prints which revision has which key.
fn keys(written: &Written, console: &mut Console<'_>) {
    let with_key: Vec<(&RevisionRow, &str)> =
        written.revisions.iter().filter_map(|row| Some((row, row.key.as_deref()?))).collect();
    for (row, key) in with_key.iter().take(REVISIONS) {
        line(console, "key", &format!("{} ({} %): {key}", row.name, row.percent));
    }
    if with_key.len() > REVISIONS {
        let more = counted((with_key.len() - REVISIONS) as u64, "more revision");
        line(console, "", &format!("and {more}: revisions.csv"));
    }
}

/// A first part, then those of the others that are not zero.
fn listed(first: &str, parts: &[(u64, &str)]) -> String {
    let others =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(*n)));
    std::iter::once(first.to_owned()).chain(others).collect::<Vec<_>>().join(", ")
}

/// An instant, counted from the end of the warm-up.
fn signed(at: SimTime, zero: SimTime) -> String {
    match at < zero {
        true => format!("-{}", length(zero.since(at))),
        false => length(at.since(zero)),
    }
}

/// A block in words, before its subject.
pub(super) fn what(kind: BlockKind) -> &'static str {
    match kind {
        BlockKind::OutageRetryable | BlockKind::OutageNotRetryable => "outage of",
        BlockKind::Brownout => "brownout of",
        BlockKind::KeyState => "key",
        BlockKind::Permission => "no permission for",
        BlockKind::Quota => "quota lowered of",
    }
}

/// What is said after the word: what was met, then the sentence.
fn said(ending: &Ending<'_>, total: &SummaryRow) -> String {
    let cut = if ending.complete { "" } else { "Interrupted: this is the part that ran. " };
    let met = judged::in_short(&ending.written.judgement);
    let said = match ending.study {
        Some(study) => study_text::sentence(study),
        None => sentence(ending.written, total),
    };
    format!("{cut}{met}{said}")
}

/// The verdict alone.
pub(super) fn in_short(ending: &Ending<'_>) -> String {
    ending.total().map_or(String::new(), |total| said(ending, total))
}

/// Prints why requests failed, the verdict, the files and the commands.
pub(super) fn verdict(ending: &Ending<'_>, console: &mut Console<'_>) {
    if let Some(total) = ending.total() {
        if let Some(why) = ending.study.map_or_else(|| why(total), study_text::why) {
            console.out(format!("Why requests failed: {why}.\n"));
        }
        let judgement = &ending.written.judgement;
        let failed = |study: &StudyInfo<'_>| {
            let total = study.gathered.service("").map(|total| total.estimate_of("failed_ratio"));
            total.and_then(|failed| failed.most).is_some_and(|most| most > 0.0)
        };
        let none_failed = ending.study.map_or(total.failed() == 0, |study| !failed(study));
        let good = if judgement.is_empty() { none_failed } else { judgement.is_met() };
        let style = if good { GOOD } else { BAD };
        let head = console.styled(style, "VERDICT");
        console.out(format!("{head}  {}\n", said(ending, total)));
    }
    let written = ending.written;
    let files = || written.files.iter().map(|file| file.name.as_str());
    let pictures = files().filter(|name| name.starts_with("dashboard") && name.ends_with(".png"));
    let tables = files().filter(|name| TABLES.contains(name));
    let names: Vec<&str> = pictures.take(2).chain(tables).collect();
    let more = counted((written.files.len() - names.len()) as u64, "more file");
    let folder = written.folder.display();
    line(
        console,
        "files",
        &format!("{folder}/: {} and {more} (see manifest.json)", names.join(", ")),
    );
    let report = files().find(|name| *name == report::NAME);
    if let Some(report) = report {
        line(console, "report", &written.folder.join(report).display().to_string());
    }
    line(console, "again", &ending.again);
    if let Some(next) = &ending.next {
        let next = console.styled(BOLD, next);
        line(console, "next", &format!("{next}  # is it luck?"));
    }
}

/// The causes of failed requests with their shares, the largest first.
pub(super) fn why(total: &SummaryRow) -> Option<String> {
    let causes = causes(total);
    let told: Vec<String> = causes
        .iter()
        .take(CAUSES)
        .map(|(c, s)| format!("{} {}", c.words(), rough_share(*s)))
        .collect();
    let rest: f64 = causes.iter().skip(CAUSES).map(|(_, share)| share).sum();
    let rest = (rest > 0.0).then(|| format!("others {}", rough_share(rest)));
    (!told.is_empty()).then(|| told.into_iter().chain(rest).collect::<Vec<_>>().join(", "))
}

/// Causes that cost requests, the dearest first.
fn causes(total: &SummaryRow) -> Vec<(Cause, f64)> {
    let share = |&cause: &Cause| Some((cause, total.blame_ratio(cause)?));
    let mut causes: Vec<(Cause, f64)> =
        Cause::ALL.iter().filter_map(share).filter(|(_, s)| *s > 0.0).collect();
    causes.sort_by(|a, b| b.1.total_cmp(&a.1));
    causes
}

/// A cause in words, by its name in summaries; the name itself where it is none.
pub(super) fn words_of(name: &str) -> &str {
    Cause::ALL.iter().find(|cause| cause.name() == name).map_or(name, |cause| cause.words())
}

/// The verdict in a sentence or two.
fn sentence(written: &Written, total: &SummaryRow) -> String {
    let (failed, ended) = (total.failed(), total.failed() + total.requests.served);
    let Some(ratio) = total.failed_ratio() else {
        return match total.requests.arrivals {
            0 => "No request came: there is nothing to judge.".to_owned(),
            n => format!(
                "None of {} came to an end: there is nothing to judge.",
                counted(n, "request")
            ),
        };
    };
    let longest =
        written.blocks.iter().map(|b| b.until.unwrap_or(b.zero + total.duration).since(b.from));
    let through = longest.max().map(|length_| match written.blocks.len() {
        1 => format!(" through a block of {}", length(length_)),
        n => format!(" through {}, the longest of {}", counted(n as u64, "block"), length(length_)),
    });
    if failed == 0 {
        let through = through.unwrap_or_default();
        return format!(
            "No request failed: {} were served{through}. One run, no interval: add -r.",
            count(ended)
        );
    }
    let main = causes(total).first().map_or(String::new(), |(cause, share)| {
        format!(": {} {}", cause.words(), rough_share(*share))
    });
    let first = match (total.ride_out(), written.blocks.is_empty()) {
        (Some(ride_out), _) => {
            let after =
                total.first_block.and_then(|at| written.blocks.iter().find(|b| b.from == at));
            let after =
                after.map_or("the key was blocked".to_owned(), |b| began(b.kind, &b.subject));
            format!(
                "; the first failure for want of the key came {} after {after}",
                length(ride_out)
            )
        }
        (None, false) => "; none for want of the key".to_owned(),
        (None, true) => String::new(),
    };
    format!(
        "{} of requests failed ({} of {}){main}{first}. One run, no interval: add -r.",
        share(ratio),
        count(failed),
        count(ended),
    )
}

/// The begin of a block in words.
fn began(kind: BlockKind, subject: &str) -> String {
    match kind {
        BlockKind::OutageRetryable | BlockKind::OutageNotRetryable => {
            format!("the outage of {subject} began")
        }
        BlockKind::Brownout => format!("the brownout of {subject} began"),
        BlockKind::KeyState => format!("key {subject} became unusable"),
        BlockKind::Permission => format!("the permission for {subject} was lost"),
        BlockKind::Quota => format!("the quota {subject} was lowered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::summary_json::BlockRow;
    use crate::record::fingerprint::Parts;
    use crate::record::{Fingerprint, Total, sample};
    use crate::stats::Histogram;
    use crate::units::SECOND;

    /// The ending of a run of 100 s in which the last 10 of 100 requests failed.
    fn written(blocks: Vec<BlockRow>, change: impl FnOnce(&mut Total<'_>)) -> Written {
        let mut latency = Histogram::default();
        (0..90).for_each(|_| latency.record(200_000_000));
        let mut total = sample::total("", &latency);
        (total.first_block, total.first_key_failure) = (None, None);
        change(&mut total);
        let fingerprint: Parts = Fingerprint::default().parts();
        let summary = vec![SummaryRow::new(&total)];
        Written {
            folder: "out".into(),
            files: Vec::new(),
            summary,
            blocks,
            messages: Vec::new(),
            revisions: Vec::new(),
            rides: Vec::new(),
            papers: Vec::new(),
            quotas: Vec::new(),
            fingerprint,
            judgement: crate::study::Judgement::default(),
        }
    }

    fn block(from: u64, until: Option<u64>) -> BlockRow {
        BlockRow {
            kind: BlockKind::OutageRetryable,
            subject: "vault".to_owned(),
            detail: "TIMEOUT".to_owned(),
            from: SimTime(from * SECOND),
            until: until.map(|s| SimTime(s * SECOND)),
            zero: SimTime::ZERO,
        }
    }

    #[test]
    fn a_verdict_is_one_sentence() {
        let check = |written: &Written, expected: &str| {
            let total = written.summary.last().expect("a total");
            assert_eq!(
                sentence(written, total),
                format!("{expected} One run, no interval: add -r.")
            );
        };
        let requests = |total: &mut Total<'_>, served, refused| {
            (total.requests.served, total.requests.refused) = (served, refused);
            (total.requests.timed_out, total.requests.aborted) = (0, 0);
            total.blame = [0; Cause::COUNT];
            total.blame[Cause::KeyOutage as usize] = refused * 880_000;
            total.blame[Cause::Starting as usize] = refused * 120_000;
        };
        let calm = written(Vec::new(), |total| requests(total, 1_234, 0));
        check(&calm, "No request failed: 1,234 were served.");
        let through = written(vec![block(10, Some(40))], |total| requests(total, 90, 0));
        check(&through, "No request failed: 90 were served through a block of 30s.");
        let other = written(Vec::new(), |total| requests(total, 90, 10));
        check(&other, "10.0 % of requests failed (10 of 100): key outage 88 %.");
        let hurt = written(vec![block(10, None)], |total| {
            requests(total, 90, 10);
            total.first_block = Some(total.from + SimDuration::from_secs(10));
            total.first_key_failure = Some(total.from + SimDuration::from_secs(22));
        });
        let said = sentence(&hurt, &hurt.summary[0]);
        assert!(said.contains("; the first failure for want of the key came 12s after"), "{said}");
        let none = written(Vec::new(), |total| {
            requests(total, 0, 0);
            total.requests.arrivals = 0;
        });
        assert_eq!(
            sentence(&none, &none.summary[0]),
            "No request came: there is nothing to judge."
        );
    }

    #[test]
    fn causes_are_told_the_dearest_first() {
        let written = written(Vec::new(), |total| {
            total.blame = [0; Cause::COUNT];
            total.blame[Cause::Starting as usize] = 1_200_000;
            total.blame[Cause::KeyOutage as usize] = 8_790_000;
            total.blame[Cause::Drain as usize] = 10_000;
        });
        let said = why(&written.summary[0]);
        assert_eq!(said.as_deref(), Some("key outage 88 %, container start 12 %, drain <1 %"));
    }
}
