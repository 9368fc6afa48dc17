//! Lifetimes of instances: a row a start order, with the attempts that died before its instance
//! came, below lanes for the key and for the two clocks of a revocation.
//!
//! Above [`MOST_ROWS`] orders a row holds one after the other, and where that is not enough, rows
//! are left out at equal distances; of very many attempts only every n-th order is read. What is
//! left out is said in the panel's note, as are key calls tried again where there are too many to draw.

use std::collections::BTreeMap;
use std::path::Path;

use super::panel::Time;
use super::recovery::length;
use crate::error::Error;
use crate::output::csv::Table;

/// Rows of a picture.
const MOST_ROWS: usize = 200;
/// Key calls tried again that are drawn.
const MOST_TICKS: usize = 2_000;
/// Attempts to start that are read, about.
const MOST_ATTEMPTS: f64 = 20_000.0;

/// What an instance does for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its start waits for the key.
    Unlocking,
    /// Its start does anything else.
    Starting,
    /// It takes requests.
    Running,
    /// It does so under a revocation clock.
    InGrace,
    /// It takes no new requests.
    Draining,
}

/// A stretch of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// What the instance does.
    pub state: State,
    /// From when, in seconds.
    pub from: f64,
    /// Until when.
    pub until: f64,
}

/// A row: an instance after another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// In order of time.
    pub stretches: Vec<Stretch>,
    /// When a start died.
    pub deaths: Vec<f64>,
    /// When a key call was tried again.
    pub retries: Vec<f64>,
}

impl Row {
    fn begin(&self) -> f64 {
        self.stretches.first().map_or(f64::INFINITY, |s| s.from)
    }

    fn end(&self) -> f64 {
        self.stretches.iter().map(|s| s.until).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// A time from an event to what it led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    /// What runs out.
    pub name: &'static str,
    /// The event, in seconds.
    pub from: f64,
    /// What it led to; absent: not by the end of the run.
    pub until: Option<f64>,
    /// How long that took.
    pub text: String,
}

/// Lifetimes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lives {
    /// From the top.
    pub rows: Vec<Row>,
    /// Whether they need a key.
    pub keyed: bool,
    /// The clocks above them.
    pub clocks: Vec<Clock>,
}

/// Names of `instances.csv`.
const NAMES: [&str; 3] = ["service", "reason", "order"];
/// Its numbers that are drawn; the instants come last, in order.
const NUMBERS: [&str; 8] = [
    "revision",
    "serial",
    "begun_s",
    "unlocking_s",
    "fetching_s",
    "ready_s",
    "draining_s",
    "ended_s",
];

/// A row of `instances.csv` as far as it is drawn.
struct Life {
    /// Revision, and start order or the serial of what has none.
    order: (u64, bool, u64),
    row: Row,
}

/// The lifetimes of a service's instances, and a note on how they are shown. `begun` is the number
/// of attempts in the whole run.
///
/// # Errors
/// [`Error`] where a table can't be read.
pub fn read(
    folder: &Path,
    service: &str,
    begun: f64,
    time: &Time,
    revisions: &Table,
) -> Result<(Lives, String), Error> {
    let every = (begun / MOST_ATTEMPTS).ceil().max(1.0) as u64;
    let instances = Table::open(&folder.join("instances.csv"), &NAMES, &NUMBERS, |cells| {
        let shown = |order: u64| order.is_multiple_of(every);
        cells[0] == service && cells[2].parse().map_or(true, shown)
    })?;
    let grace = grace(folder, service, time, revisions)?;
    let retries = retries(folder, service)?;
    let mut orders: BTreeMap<(u64, bool, u64), Row> = BTreeMap::new();
    let (mut attempts, mut deaths) = (instances.len(), 0);
    for life in lives(&instances, time, &grace, &retries) {
        deaths += life.row.deaths.len();
        let row = orders.entry(life.order).or_default();
        row.stretches.extend(life.row.stretches);
        row.deaths.extend(life.row.deaths);
        row.retries.extend(life.row.retries);
    }
    attempts -= deaths;
    let mut rows: Vec<Row> = orders.into_values().collect();
    for row in &mut rows {
        row.stretches.sort_by(|a, b| a.from.total_cmp(&b.from));
        row.retries.sort_by(f64::total_cmp);
    }
    rows.retain(|row| !row.stretches.is_empty());
    rows.sort_by(|a, b| a.begin().total_cmp(&b.begin()));
    let mut note = format!("{attempts} instances, {deaths} starts that died");
    if every > 1 {
        note.push_str(&format!(" in every {every}th start order"));
    }
    if rows.len() > MOST_ROWS {
        rows = packed(rows);
        note.push_str("; a row holds one after the other");
    }
    let apart = rows.len().div_ceil(MOST_ROWS).max(1);
    if apart > 1 {
        rows = rows.into_iter().step_by(apart).collect();
        note.push_str(&format!(", one row of {apart} is shown"));
    }
    let retried: usize = rows.iter().map(|row| row.retries.len()).sum();
    if retried > 0 {
        note.push_str(&format!("; {retried} key calls tried again"));
    }
    if retried > MOST_TICKS {
        rows.iter_mut().for_each(|row| row.retries.clear());
        note.push_str(", too many to draw");
    }
    let clocks = clocks(folder, service, time)?;
    let mut keys = revisions.texts("service").iter().zip(revisions.texts("key"));
    let keyed = keys.any(|(of, key)| of == service && !key.is_empty());
    Ok((Lives { rows, keyed, clocks }, note))
}

/// Rows after one another in as few as they fit, each in the first that is free.
fn packed(rows: Vec<Row>) -> Vec<Row> {
    let mut packed: Vec<Row> = Vec::new();
    for row in rows {
        match packed.iter_mut().find(|other| other.end() <= row.begin()) {
            Some(free) => {
                free.stretches.extend(row.stretches);
                free.deaths.extend(row.deaths);
                free.retries.extend(row.retries);
            }
            None => packed.push(row),
        }
    }
    packed
}

/// The lives of a table, each in a row of its own.
fn lives<'a>(
    table: &'a Table,
    time: &'a Time,
    grace: &'a [(u64, f64, f64)],
    retries: &'a BTreeMap<(u64, u64), Vec<f64>>,
) -> impl Iterator<Item = Life> + use<'a> {
    let [revision, serial, instants @ ..] = NUMBERS.map(|column| table.numbers(column));
    let states =
        [State::Starting, State::Unlocking, State::Starting, State::Running, State::Draining];
    let (orders, reasons) = (table.texts("order"), table.texts("reason"));
    (0..table.len()).map(move |i| {
        let (revision, serial) = (revision[i] as u64, serial[i] as u64);
        let order = orders[i].parse().map_or((false, serial), |order| (true, order));
        let at = |phase: usize| instants[phase][i];
        let ended = if at(5).is_finite() { at(5) } else { time.until };
        let mut row = Row::default();
        for (phase, state) in states.into_iter().enumerate() {
            let next = (phase + 1..5).map(at).find(|t| t.is_finite()).unwrap_or(ended);
            let (from, until) = (at(phase).max(time.from), next.min(time.until));
            if !at(phase).is_finite() || until <= from {
                continue;
            }
            row.stretches.push(Stretch { state, from, until });
            if state != State::Running {
                continue;
            }
            for &(_, begin, end) in grace.iter().filter(|g| g.0 == revision) {
                let (from, until) = (from.max(begin), until.min(end));
                if from < until {
                    row.stretches.push(Stretch { state: State::InGrace, from, until });
                }
            }
        }
        let died = !at(3).is_finite() && at(5).is_finite() && reasons[i] != "cancelled";
        let shown = |t: &f64| (time.from..=time.until).contains(t);
        row.deaths.extend(Some(at(5)).filter(|t| died && shown(t)));
        let retried = retries.get(&(revision, serial)).into_iter().flatten();
        row.retries.extend(retried.copied().filter(shown));
        Life { order: (revision, order.0, order.1), row }
    })
}

/// When key calls of starts were tried again, by revision and serial.
fn retries(folder: &Path, service: &str) -> Result<BTreeMap<(u64, u64), Vec<f64>>, Error> {
    let numbers = ["begun_s", "revision", "serial"];
    let again = |cells: &[&str]| cells[0] == service && cells[1] != "1";
    let path = folder.join("key_calls.csv");
    let calls = Table::open(&path, &["service", "attempt"], &numbers, again)?;
    let [begun, revision, serial] = numbers.map(|column| calls.numbers(column));
    let mut by_life: BTreeMap<(u64, u64), Vec<f64>> = BTreeMap::new();
    for i in (0..calls.len()).filter(|&i| serial[i].is_finite()) {
        by_life.entry((revision[i] as u64, serial[i] as u64)).or_default().push(begun[i]);
    }
    Ok(by_life)
}

/// From when until when each revision, by its ordinal, was under a revocation clock.
fn grace(
    folder: &Path,
    service: &str,
    time: &Time,
    revisions: &Table,
) -> Result<Vec<(u64, f64, f64)>, Error> {
    let names = ["change", "subject"];
    let changes = Table::open(&folder.join("changes.csv"), &names, &["t_s"], |cells| {
        matches!(cells[0], "clock_started" | "clock_stopped" | "waiting_period_over")
    })?;
    let of_service = revisions
        .texts("service")
        .iter()
        .zip(revisions.texts("revision"))
        .filter(|r| r.0 == service);
    let ordinals: BTreeMap<&str, u64> =
        of_service.zip(1..).map(|((_, name), ordinal)| (name.as_str(), ordinal)).collect();
    let (kinds, subjects, at) =
        (changes.texts("change"), changes.texts("subject"), changes.numbers("t_s"));
    let mut grace: Vec<(u64, f64, f64)> = Vec::new();
    for i in 0..changes.len() {
        let Some(&revision) = ordinals.get(subjects[i].as_str()) else { continue };
        if kinds[i] == "clock_started" {
            grace.push((revision, at[i], time.until));
        } else if let Some(open) = grace.iter_mut().rev().find(|g| g.0 == revision) {
            open.2 = at[i];
        }
    }
    Ok(grace)
}

/// The clocks of a service whose key was blocked.
fn clocks(folder: &Path, service: &str, time: &Time) -> Result<Vec<Clock>, Error> {
    let numbers =
        ["first_block_s", "customers_hurt_s", "revocation_detected_s", "data_unreachable_s"];
    let of_service = |cells: &[&str]| cells[0] == service && cells[1] == "run";
    let path = folder.join("summary.csv");
    let summary = Table::open(&path, &["service", "statistic"], &numbers, of_service)?;
    let of = |name: &'static str, from: &str, until: &str, event: &str| {
        let first =
            |column: &str| summary.numbers(column).first().copied().filter(|t| t.is_finite());
        let from = first(from)?;
        let until = first(until);
        let text = match until {
            Some(until) => format!("{} after {event}", length(until - from)),
            None => "not by the end of the run".to_owned(),
        };
        Some(Clock { name, from: from.max(time.from), until, text })
    };
    let hurt = of("customers hurt", "first_block_s", "customers_hurt_s", "the block began");
    let gone =
        of("data unreachable", "revocation_detected_s", "data_unreachable_s", "its detection");
    Ok(hurt.into_iter().chain(gone).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(from: f64, until: f64) -> Row {
        let stretches = vec![Stretch { state: State::Running, from, until }];
        Row { stretches, ..Row::default() }
    }

    #[test]
    fn rows_are_reused_when_they_are_free() {
        let rows = vec![row(0.0, 4.0), row(1.0, 2.0), row(3.0, 5.0), row(4.0, 6.0)];
        let packed: Vec<Vec<f64>> =
            packed(rows).iter().map(|r| r.stretches.iter().map(|s| s.from).collect()).collect();
        assert_eq!(packed, [vec![0.0, 4.0], vec![1.0, 3.0]]);
    }

    #[test]
    fn a_life_is_cut_into_its_phases() {
        let text = "service,revision,serial,order,reason,begun_s,unlocking_s,fetching_s,ready_s,\
                    draining_s,ended_s\n\
                    web,1,0,,running,-9,-8,-7,-5,,\n\
                    web,1,1,0,key_outage,10,11,,,,20\n\
                    web,1,2,0,revoked,22,23,24,26,40,45\n\
                    web,1,3,1,cancelled,30,31,,,,33\n";
        let table = Table::read(text.as_bytes(), &NAMES, &NUMBERS, |_| true);
        let time = Time { until: 60.0, ..Time::default() };
        let retries = BTreeMap::from([((1, 1), vec![15.0])]);
        let table = table.expect("a table");
        let lives: Vec<Life> = lives(&table, &time, &[(1, 30.0, 40.0)], &retries).collect();
        let check = |life: &Life, order, expected: &[(State, f64, f64)], deaths: &[f64]| {
            let found: Vec<_> =
                life.row.stretches.iter().map(|s| (s.state, s.from, s.until)).collect();
            assert_eq!(found, expected);
            assert_eq!((life.order, life.row.deaths.as_slice()), (order, deaths));
        };
        use State::*;
        check(&lives[0], (1, false, 0), &[(Running, 0.0, 60.0), (InGrace, 30.0, 40.0)], &[]);
        check(&lives[1], (1, true, 0), &[(Starting, 10.0, 11.0), (Unlocking, 11.0, 20.0)], &[20.0]);
        assert_eq!(lives[1].row.retries, [15.0]);
        let third = [
            (Starting, 22.0, 23.0),
            (Unlocking, 23.0, 24.0),
            (Starting, 24.0, 26.0),
            (Running, 26.0, 40.0),
            (InGrace, 30.0, 40.0),
            (Draining, 40.0, 45.0),
        ];
        check(&lives[2], (1, true, 0), &third, &[]);
        check(&lives[3], (1, true, 1), &[(Starting, 30.0, 31.0), (Unlocking, 31.0, 33.0)], &[]);
    }
}
