//! A regression: layers of comparisons, which are never mixed.
//!
//! - [`Layer::Exact`]: is each run the same run as when the baseline was made? Fingerprints say.
//! - [`Layer::Statistical`]: do runs still come to the same? Pairs of runs under the same luck, of
//!   which the whole 95 % interval of the difference must lie within the tolerance.
//! - [`Layer::Truth`]: do runs come to what formulas, tables and other programs say?
//!
//! A change of the program that changes nothing it computes holds in all three. One that draws
//! its luck in another order moves the first and perhaps not the second; one that makes the model
//! another moves both; and the third says whether it is a wrong one.

use super::compare::{Comparison, Difference, compare, usual};
use super::gather::{Gleaner, Outcome};
use super::replicate::{BrokenRun, Crew, Ended, Subject};
use super::truth::{Row, Standing};
use crate::record::fingerprint::Parts;
use crate::record::summary::SUMMARY;

/// A run as a baseline keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// The first digits of the parts of its fingerprint, in the order of [`Parts::NAMES`].
    pub prints: [String; 3],
    /// The columns of the summary of all services together, in order; not a number where the run
    /// has none, or it is not kept.
    pub numbers: Vec<f64>,
}

impl Kept {
    /// Of a run whose fingerprint was taken.
    pub fn new(outcome: &Outcome) -> Self {
        let total = outcome.rows.len().saturating_sub(1);
        // What never came and what could not be measured are both kept as nothing.
        let number = |n: &f64| if n.is_finite() { *n } else { f64::NAN };
        Self {
            prints: outcome.print.as_ref().map(Parts::short).unwrap_or_default(),
            numbers: outcome.numbers(total).iter().map(number).collect(),
        }
    }
}

/// Runs the first `count` replications of a scenario, to be kept or compared with what was; fewer
/// where `stop` says so.
///
/// # Errors
/// A law of the model was broken: a bug.
pub fn kept(
    crew: &Crew,
    subject: &Subject<'_>,
    count: u64,
    stop: impl Fn() -> bool + Sync,
) -> Result<(Ended, Vec<Kept>), BrokenRun> {
    let mut runs = Vec::new();
    let gleaner = || Gleaner::new(subject.scenario).with_prints();
    let ended = crew.replicate(subject, 0..count, gleaner, stop, |_, outcome| {
        runs.push(Kept::new(&outcome));
        true
    })?;
    Ok((ended, runs))
}

/// Fingerprints of runs beside those that were kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Prints {
    /// The baseline's name.
    pub case: String,
    /// Runs.
    pub runs: u64,
    /// Of each part, the runs in which it moved.
    pub moved: [u64; 3],
    /// The runs that moved.
    pub moved_runs: u64,
    /// The first that did.
    pub first: Option<u64>,
}

impl Prints {
    /// Of runs as they were and as they are.
    pub fn of(case: &str, before: &[Kept], now: &[Kept]) -> Self {
        let (mut moved, mut runs) = ([0; 3], Vec::new());
        for (number, (before, now)) in (0..).zip(before.iter().zip(now)) {
            let parts = before.prints.iter().zip(&now.prints).map(|(a, b)| a != b);
            moved.iter_mut().zip(parts).for_each(|(moved, part)| *moved += u64::from(part));
            if before.prints != now.prints {
                runs.push(number);
            }
        }
        Self {
            case: case.to_owned(),
            runs: before.len() as u64,
            moved,
            moved_runs: runs.len() as u64,
            first: runs.first().copied(),
        }
    }
}

/// A metric of runs beside what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The baseline's name.
    pub case: String,
    /// The pairs.
    pub comparison: Comparison,
    /// Runs that have it now or had it then, but not both.
    pub one_sided: u64,
    /// Whether every run has exactly the number it had.
    pub equal: bool,
}

impl Metric {
    /// Whether it holds.
    pub fn standing(&self) -> Standing {
        let same = self.comparison.difference == Difference::Same;
        match self.equal || same && self.one_sided == 0 {
            true => Standing::Pass,
            false => Standing::Fail,
        }
    }

    /// What is said of it.
    pub fn verdict(&self) -> &'static str {
        match (self.equal, self.one_sided) {
            (true, _) => Difference::Same.name(),
            (false, 0) => self.comparison.difference.name(),
            (false, _) => "there and not there",
        }
    }
}

/// The usual metrics that runs have, or had.
pub fn metrics(case: &str, before: &[Kept], now: &[Kept]) -> Vec<Metric> {
    let all = usual();
    let numbers = |runs: &[Kept]| -> Vec<Vec<f64>> {
        let column = |name: &str| SUMMARY.iter().position(|column| column.name == name);
        let number = |run: &Kept, at: Option<usize>| {
            at.and_then(|at| run.numbers.get(at)).copied().unwrap_or(f64::NAN)
        };
        let of = |name| runs.iter().map(|run| number(run, column(name))).collect();
        all.iter().map(|metric| of(metric.column)).collect()
    };
    let sides = vec![numbers(before), numbers(now)];
    let metric = |(at, comparison): (usize, Comparison)| {
        let pairs = || sides[0][at].iter().zip(&sides[1][at]);
        let alike = |a: &f64, b: &f64| a == b || a.is_nan() && b.is_nan();
        let measured = pairs().any(|(a, b)| !a.is_nan() || !b.is_nan());
        measured.then(|| Metric {
            case: case.to_owned(),
            comparison,
            one_sided: pairs().filter(|(a, b)| a.is_nan() != b.is_nan()).count() as u64,
            equal: pairs().all(|(a, b)| alike(a, b)),
        })
    };
    compare(&all, &sides).into_iter().enumerate().filter_map(metric).collect()
}

/// One layer of a regression.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Runs beside the same runs when the baseline was made.
    Exact(Vec<Prints>),
    /// What runs come to beside what they came to.
    Statistical(Vec<Metric>),
    /// What runs come to beside what somebody else says they must.
    Truth(Vec<Row>),
}

impl Layer {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exact(_) => "exact",
            Self::Statistical(_) => "statistical",
            Self::Truth(_) => "truth",
        }
    }

    /// What it compares, one after the other.
    pub fn checks(&self) -> Vec<Check> {
        match self {
            Self::Exact(all) => all.iter().flat_map(Check::of_prints).collect(),
            Self::Statistical(all) => all.iter().map(Check::of_metric).collect(),
            Self::Truth(all) => all.iter().map(Check::of_row).collect(),
        }
    }
}

/// One comparison of any layer, for tables that have them all. Lengths of time and instants are
/// in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The baseline's or the scenario's name.
    pub case: String,
    /// What is compared.
    pub quantity: String,
    /// Its unit.
    pub unit: &'static str,
    /// What it was, or must be; of a fingerprint the runs.
    pub expected: Option<f64>,
    /// What it is now; of a fingerprint the runs that have the one they had.
    pub simulated: Option<f64>,
    /// The 95 % interval of what it is now less what it was or must be.
    pub within: Option<[f64; 2]>,
    /// How far off is near enough; absent where that is not judged.
    pub tolerance: Option<f64>,
    /// Runs.
    pub runs: u64,
    /// Whether it holds.
    pub standing: Standing,
    /// What is said of it.
    pub verdict: &'static str,
}

impl Check {
    fn of_prints(prints: &Prints) -> impl Iterator<Item = Self> {
        Parts::NAMES.iter().zip(prints.moved).map(|(part, moved)| Self {
            case: prints.case.clone(),
            quantity: format!("fingerprint of {part}"),
            unit: "runs",
            expected: Some(prints.runs as f64),
            simulated: Some((prints.runs - moved) as f64),
            within: None,
            tolerance: Some(0.0),
            runs: prints.runs,
            standing: if moved == 0 { Standing::Pass } else { Standing::Fail },
            verdict: if moved == 0 { "same" } else { "moved" },
        })
    }

    fn of_metric(metric: &Metric) -> Self {
        let Comparison { metric: compared, paired, tolerance, .. } = &metric.comparison;
        Self {
            case: metric.case.clone(),
            quantity: compared.column.to_owned(),
            unit: compared.unit,
            expected: paired.map(|paired| paired.first),
            simulated: paired.map(|paired| paired.second),
            within: paired.map(|paired| [paired.difference.low, paired.difference.high]),
            tolerance: Some(*tolerance),
            runs: paired.map_or(0, |paired| paired.count),
            standing: metric.standing(),
            verdict: metric.verdict(),
        }
    }

    fn of_row(row: &Row) -> Self {
        let off = row.simulated.zip(row.expected).map(|(simulated, expected)| simulated - expected);
        Self {
            case: row.case.clone(),
            quantity: row.quantity.clone(),
            unit: row.unit,
            expected: row.expected,
            simulated: row.simulated,
            within: off.zip(row.half_width).map(|(off, half)| [off - half, off + half]),
            tolerance: row.tolerance,
            runs: row.runs,
            standing: row.standing,
            verdict: row.standing.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs with a number each in the column of failed requests, and in another part of the
    /// fingerprint what a run is called.
    fn runs(failed: &[f64], prints: &str) -> Vec<Kept> {
        let at = SUMMARY.iter().position(|column| column.name == "failed_ratio");
        let run = |n: &f64| {
            let mut numbers = vec![f64::NAN; SUMMARY.len()];
            numbers[at.expect("a column")] = *n;
            Kept { prints: ["a".to_owned(), "b".to_owned(), prints.to_owned()], numbers }
        };
        failed.iter().map(run).collect()
    }

    #[test]
    fn each_layer_says_its_own() {
        let base = runs(&[0.2, 0.21, 0.19, 0.22], "c");
        let check = |now: &[Kept], moved: u64, verdict: &str, standing| {
            let prints = Prints::of("x", &base, now);
            assert_eq!((prints.moved, prints.moved_runs), ([0, 0, moved], moved));
            let metrics = metrics("x", &base, now);
            assert_eq!(metrics.len(), 1, "what nobody measured is not compared");
            assert_eq!((metrics[0].verdict(), metrics[0].standing()), (verdict, standing));
        };
        check(&base, 0, "same", Standing::Pass);
        check(&runs(&[0.2, 0.21, 0.19, 0.22], "d"), 4, "same", Standing::Pass);
        // A twentieth of a point, in every run: within a tenth.
        let near: Vec<f64> = [0.2, 0.21, 0.19, 0.22].map(|n| n + 0.0005).into();
        check(&runs(&near, "d"), 4, "same", Standing::Pass);
        let far: Vec<f64> = [0.2, 0.21, 0.19, 0.22].map(|n| n + 0.002).into();
        check(&runs(&far, "d"), 4, "worse", Standing::Fail);
        check(&runs(&[0.19, 0.23, 0.2, 0.2], "d"), 4, "cannot tell", Standing::Fail);
        // Better is another result too.
        let less: Vec<f64> = [0.2, 0.21, 0.19, 0.22].map(|n| n - 0.002).into();
        check(&runs(&less, "d"), 4, "better", Standing::Fail);
        let gone = [0.2, 0.21, 0.19, f64::NAN];
        check(&runs(&gone, "d"), 4, "there and not there", Standing::Fail);
        assert_eq!(Prints::of("x", &base, &runs(&far, "d")).first, Some(0));
    }

    /// One run has no interval, but is the same or not.
    #[test]
    fn a_single_run_can_be_the_same() {
        let standing =
            |now: f64| metrics("x", &runs(&[0.2], "c"), &runs(&[now], "c"))[0].standing();
        assert_eq!((standing(0.2), standing(0.2001)), (Standing::Pass, Standing::Fail));
    }
}
