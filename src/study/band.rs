//! The spread of runs over time: for each display bucket what lies below most runs, in their
//! middle and above most, and a few of the runs themselves.
//!
//! Series of runs are not kept. What is kept of each of the first 200 is a [`Strip`]: with twelve
//! services, all together and 480 buckets 200 KB a run.

use crate::record::Record;
use crate::record::Recorder;
use crate::record::band::{BandRow, Cells, METRICS, Strip, Strips};
use crate::scenario::Scenario;
use crate::study::replicate::Watch;
use crate::units::SimDuration;

/// Replications that a band is of at most: the first. The 5 % of 200 are ten runs.
pub const RUNS: u64 = 200;
/// Runs that are shown by themselves: the first, which nobody chose for what they look like.
pub const THIN: usize = 3;
/// What is told of the runs.
const SPREAD: [(&str, f64); 3] = [("p5", 0.05), ("median", 0.5), ("p95", 0.95)];

/// Keeps the strips of the first replications.
#[derive(Clone, Debug)]
pub struct StripWatch {
    strips: Strips,
    /// Whether the present run is kept.
    keeps: bool,
}

impl StripWatch {
    /// Of a scenario's runs of that length without their warm-up.
    pub fn new(scenario: &Scenario, duration: SimDuration) -> Self {
        let interval = scenario.sample_interval(duration).0.max(1);
        // One ends with the warm-up, wherever that is.
        let intervals = scenario.warm_up.0.div_ceil(interval) + duration.0.div_ceil(interval);
        let names = scenario.services.iter().map(|service| service.name.as_str());
        Self { strips: Strips::new(intervals, names), keeps: true }
    }
}

impl Recorder for StripWatch {
    fn record(&mut self, fact: Record<'_>) {
        if self.keeps {
            self.strips.record(fact);
        }
    }
}

impl Watch for StripWatch {
    type Outcome = Option<Strip>;

    fn begin(&mut self, replication: u64) {
        // What a run that was stopped on the way has left.
        self.strips.take();
        self.keeps = replication < RUNS;
    }

    fn outcome(&mut self) -> Option<Strip> {
        self.keeps.then(|| self.strips.take())
    }
}

/// The strips of a study, in order of number.
#[derive(Clone, Debug, Default)]
pub struct Band {
    strips: Vec<Strip>,
}

impl Band {
    /// Takes in the next run.
    pub fn take(&mut self, strip: Option<Strip>) {
        self.strips.extend(strip);
    }

    /// Hands over the rows of `bands.csv`, by bucket and service: the spread, then single runs.
    ///
    /// # Errors
    /// The first of `write`, after which it is not called again.
    pub fn each_row<E>(
        &self,
        mut write: impl FnMut(&BandRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(first) = self.strips.first() else { return Ok(()) };
        let services = first.services.len();
        let mut sorted = Vec::with_capacity(self.strips.len());
        for at in 0..first.cells.len() {
            let ((from, until), service) = (first.buckets[at / services], at % services);
            let row = BandRow {
                from,
                until,
                service: &first.services[service],
                statistic: "run",
                replication: None,
                runs: 1,
                cells: [f32::NAN; METRICS],
            };
            let spread = self.spread(at, &mut sorted);
            for ((statistic, _), cells) in SPREAD.iter().zip(spread) {
                write(&BandRow { statistic, runs: self.strips.len() as u64, cells, ..row })?;
            }
            for (strip, number) in self.strips.iter().take(THIN).zip(0..) {
                write(&BandRow { replication: Some(number), cells: strip.cells[at], ..row })?;
            }
        }
        Ok(())
    }

    /// The spread of a bucket and service, column by column: of the runs in which there was
    /// something to measure the nearest rank.
    fn spread(&self, at: usize, sorted: &mut Vec<f32>) -> [Cells; SPREAD.len()] {
        let mut spread = [[f32::NAN; METRICS]; SPREAD.len()];
        for metric in 0..METRICS {
            sorted.clear();
            let numbers = self.strips.iter().map(|strip| strip.cells[at][metric]);
            sorted.extend(numbers.filter(|number| !number.is_nan()));
            sorted.sort_by(f32::total_cmp);
            for (cells, (_, q)) in spread.iter_mut().zip(SPREAD) {
                let rank = (q * sorted.len() as f64).ceil() as usize;
                if let Some(number) = sorted.get(rank.saturating_sub(1)) {
                    cells[metric] = *number;
                }
            }
        }
        spread
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimTime;

    fn strip(numbers: [f32; 2]) -> Strip {
        Strip {
            services: vec!["web".to_owned()],
            buckets: vec![(SimTime(0), SimTime(1)), (SimTime(1), SimTime(3))],
            cells: numbers.iter().map(|n| [*n; METRICS]).collect(),
        }
    }

    /// Of 1 to 40 in any order, 5 % are 2 and 95 % are 38; what was not measured is left out.
    #[test]
    fn the_spread_is_that_of_the_runs() {
        let mut band = Band::default();
        for n in 0..40_u16 {
            let n = f32::from((n * 7) % 40 + 1);
            band.take(Some(strip([n, if n < 31.0 { f32::NAN } else { n }])));
        }
        band.take(None);
        let mut rows = Vec::new();
        let kept: Result<(), ()> = band.each_row(|row| {
            rows.push((row.from.0, row.statistic, row.replication, row.runs, row.cells[5]));
            Ok(())
        });
        assert_eq!(kept, Ok(()));
        let expected = [
            (0, "p5", None, 40, 2.0),
            (0, "median", None, 40, 20.0),
            (0, "p95", None, 40, 38.0),
            (0, "run", Some(0), 1, 1.0),
            (0, "run", Some(1), 1, 8.0),
            (0, "run", Some(2), 1, 15.0),
            (1, "p5", None, 40, 31.0),
            (1, "median", None, 40, 35.0),
            (1, "p95", None, 40, 40.0),
        ];
        assert_eq!(rows[..9], expected);
        assert!(rows[9..].iter().all(|row| row.4.is_nan()) && rows.len() == 12);
        assert_eq!(Band::default().each_row(|_| Err(())), Ok(()), "nothing of nothing");
    }
}
