//! One scenario, many settings: replications of each cell of a sweep, all under the same luck.
//!
//! Replication k of every cell has the streams of number k, so that cells differ by their settings
//! alone. All replications of all cells stand in one line that the workers take from, so that none
//! waits at the end of a cell; outcomes are taken in order, as everywhere.

use std::sync::atomic::{AtomicBool, Ordering};

use super::gather::{Gathered, Gleaner, Rule};
use super::replicate::{BrokenRun, Crew, Ended, Subject, Worker};

/// A law was broken in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenCell {
    /// Which of the cells that were given.
    pub cell: usize,
    /// In which of its runs.
    pub run: BrokenRun,
}

/// Runs cells one after the other. `took` hears of each replication, `done` gets each cell when its
/// last replication is taken, and says whether to go on; `stop` is asked at every sample of every
/// run.
///
/// # Errors
/// The first broken law, in order of cells and replications.
pub fn sweep<'s>(
    crew: &Crew,
    cells: &[Subject<'s>],
    rule: impl Fn(&Subject<'s>) -> Rule,
    stop: impl Fn() -> bool + Sync,
    mut took: impl FnMut(usize, &Gathered<'s>),
    mut done: impl FnMut(usize, &Gathered<'s>) -> bool,
) -> Result<Ended, BrokenCell> {
    // Cells have as many places in the line as the one with the most.
    let most = cells.iter().map(|cell| rule(cell).most()).max().unwrap_or(0);
    let place = |number: u64| ((number / most.max(1)) as usize, number % most.max(1));
    let enough: Vec<AtomicBool> = cells.iter().map(|_| AtomicBool::new(false)).collect();
    let mut present: Option<(usize, Gathered<'s>, Rule)> = None;
    let ended = crew.each(
        0..most * cells.len() as u64,
        || None::<(usize, Worker<'s, Gleaner<'s>>)>,
        |worker, number, halt| {
            let (at, replication) = place(number);
            let (Some(cell), Some(enough)) = (cells.get(at), enough.get(at)) else { return None };
            if enough.load(Ordering::Relaxed) {
                return Some(Ok(None));
            }
            if worker.as_ref().is_none_or(|(of, _)| *of != at) {
                *worker = Some((at, Worker::new(cell, Gleaner::new(cell.scenario))));
            }
            let (_, worker) = worker.as_mut()?;
            worker.run(replication, halt).map(|outcome| outcome.map(Some))
        },
        stop,
        |number, outcome| {
            let (at, _) = place(number);
            if enough[at].load(Ordering::Relaxed) {
                // It ran ahead of its cell's end.
                return true;
            }
            let Some(outcome) = outcome else { return true };
            if present.as_ref().is_none_or(|(of, ..)| *of != at) {
                present = Some((at, Gathered::new(cells[at].scenario), rule(&cells[at])));
            }
            let Some((_, gathered, rule)) = &mut present else { return false };
            gathered.take(&outcome);
            took(at, gathered);
            if rule.wants_more(gathered) {
                return true;
            }
            enough[at].store(true, Ordering::Relaxed);
            done(at, gathered)
        },
    );
    ended.map_err(|broken| {
        let (cell, replication) = place(broken.replication);
        BrokenCell { cell, run: BrokenRun { replication, ..broken } }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::metric::vocabulary;
    use crate::scenario::{Checked, Override, Source, check_with};

    const TEXT: &str = r#"
duration = "2m"
[thresholds]
waited_ratio = "value < 50%"
[services.web]
concurrency = 2
max_instances = 2
min_instances = 1
service_time = { exponential = { mean = "200ms" } }
pending_timeout = { fixed = "1s" }
[[services.web.load]]
poisson = { rate = "15/s" }
"#;

    fn checked(instances: u64) -> Checked {
        let folder = Path::new("");
        let source = Source { origin: "a.toml", text: TEXT, stem: "a", folder };
        let key = "services.web.max_instances".to_owned();
        let set = Override { key, value: instances.to_string() };
        check_with(&source, &[set], folder, &vocabulary())
            .unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
    }

    fn subject(checked: &Checked) -> Subject<'_> {
        let Checked { scenario, .. } = checked;
        Subject { scenario, traces: &[], duration: scenario.duration(&[]) }
    }

    /// Of each cell: runs, runs that meet the threshold, and the mean share of failed requests.
    fn swept(jobs: usize, rule: Rule, checked: &[Checked]) -> Vec<(u64, u64, Option<f64>)> {
        let cells: Vec<Subject<'_>> = checked.iter().map(subject).collect();
        let (crew, mut all) = (Crew::new(jobs).expect("threads"), Vec::new());
        let ended = sweep(
            &crew,
            &cells,
            |_| rule,
            || false,
            |_, _| {},
            |at, gathered| {
                assert_eq!(at, all.len());
                let total = gathered.service("").expect("all together");
                all.push((gathered.runs, gathered.met, total.estimate_of("failed_ratio").mean));
                true
            },
        );
        assert_eq!(ended, Ok(Ended::All));
        all
    }

    /// A cell comes to what its scenario comes to alone, whoever runs it and whatever ran before.
    #[test]
    fn a_cell_is_what_its_scenario_is_alone() {
        let checked: Vec<Checked> = [1, 2, 4].map(checked).into();
        for rule in [Rule::Fixed(6), Rule::UNTIL_KNOWN] {
            let all = swept(1, rule, &checked);
            assert_eq!(swept(3, rule, &checked), all, "{rule:?}");
            for (cell, alone) in all.iter().zip(&checked) {
                assert_eq!(swept(2, rule, std::slice::from_ref(alone)), [*cell], "{rule:?}");
            }
        }
        let runs: Vec<u64> = swept(2, Rule::Fixed(6), &checked).iter().map(|c| c.0).collect();
        assert_eq!(runs, [6, 6, 6]);
        let by_rule: Vec<u64> = swept(2, Rule::UNTIL_KNOWN, &checked).iter().map(|c| c.0).collect();
        assert!(by_rule.iter().all(|runs| (25..1_000).contains(runs)), "{by_rule:?}");
    }

    #[test]
    fn a_sweep_stops_when_it_is_told() {
        let checked: Vec<Checked> = [1, 2, 4].map(checked).into();
        let cells: Vec<Subject<'_>> = checked.iter().map(subject).collect();
        let (crew, mut cells_done) = (Crew::new(2).expect("threads"), 0);
        let ended = sweep(
            &crew,
            &cells,
            |_| Rule::Fixed(3),
            || false,
            |_, _| {},
            |_, _| {
                cells_done += 1;
                cells_done < 2
            },
        );
        assert_eq!((ended, cells_done), (Ok(Ended::Enough), 2));
    }
}
