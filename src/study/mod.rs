//! What runs come to beyond their numbers: whether what was asked of them holds, and how sure that
//! is.
//!
//! Everything here takes the facts of a run as they are stated, reads no file and keeps to the
//! numbers as they are: a whole number stays one until something is divided.
//!
//! - [`judge`]: one run, and what was asked of it.
//! - [`replicate`]: one scenario, many runs, in parallel: the mechanism of every study.
//! - [`gather`]: what many runs come to, and how many of them it takes.
//! - [`band`]: the spread of runs over time.
//! - [`rides`]: how long blocks were ridden out, over runs.
//! - [`compare`]: studies side by side, paired by replication; [`curves`]: the same over time.
//! - [`breakpoint`]: the smallest outage that breaks a threshold.
//! - [`sweep`]: one scenario, many settings, under the same luck.
//! - [`on_paper`]: what a formula says of the same.
//! - [`truth`]: what runs come to beside what others say they must.
//! - [`decisions`]: the same of a policy's decisions over a series.
//! - [`regress`]: that, and what runs come to beside what they came to, in layers.
//! - [`coverage`]: whether intervals mean what they say.
//! - [`estimate`]: one number over runs, its interval, and how that stands to a limit.
//!
//! # The method
//!
//! **A run is one number of each kind.** Requests of one run wait in the same queues, so that they
//! are no independent trials: what is counted is the run. Replication k has the luck of stream k,
//! whoever runs it, so that 50 replications are the first 50 of 100.
//!
//! **Means and shares of requests** have Student's interval over the runs' numbers (Student 1908,
//! *The probable error of a mean*), with variances that do not cancel (B. P. Welford 1962, *Note on
//! a method for calculating corrected sums of squares and products*). **Shares of runs** have
//! Wilson's (E. B. Wilson 1927, *Probable inference, the law of succession, and statistical
//! inference*; checked against R. G. Newcombe 1998, *Two-sided confidence intervals for the single
//! proportion*). Where none of n runs has something, its share is said to be below 3/n (J. A. Hanley
//! and A. Lippman-Hand 1983, *If nothing goes wrong, is everything all right?*).
//!
//! **Percentiles** of a run are those of all its requests, never means over intervals of time, and
//! then one number a run like any other; beside them stand those of the requests of all runs
//! pooled, and both once more with failures counted as infinite. A histogram's cell is less than
//! 1 % wide and a percentile is its upper end, so that it lies up to that much above the requests'
//! own: intervals tell the luck of the runs, not this.
//!
//! **What may never come** (a ride-out, an instant) has a median with the interval between two of
//! the runs, whose ranks are binomial (W. J. Conover 1971, *Practical nonparametric statistics*).
//! A ride that a block's end cuts off lasted that long at least: quantiles are those of E. L. Kaplan
//! and P. Meier 1958, *Nonparametric estimation from incomplete observations*, and a mean is told
//! only where nothing is cut off.
//!
//! **How many runs** is asked of the data where nobody says: from the twentieth on until half of
//! each interval is at most 5 % of its middle (of a share also a tenth of its limit) and stays so
//! for five more, a thousand at most (Y. S. Chow and H. Robbins 1965, *On the asymptotic theory of
//! fixed-width sequential confidence intervals for the mean*; A. M. Law and W. D. Kelton 1982,
//! *Confidence intervals for steady-state simulations: II. A survey of sequential procedures*).
//! Looking again and again costs a little coverage, which is why it must stay so.
//!
//! **Two studies** share their luck run by run, so that what both have in common falls out of their
//! differences (common random numbers: A. M. Law 2015, *Simulation modeling and analysis*, chapter
//! 11). Several metrics are judged together (S. Holm 1979, *A simple sequentially rejective multiple
//! test procedure*), several variants against the first with intervals that hold together: Z. Šidák
//! 1967, *Rectangular confidence regions for the means of multivariate normal distributions*, in the
//! place of C. W. Dunnett 1955, *A multiple comparison procedure for comparing several treatments
//! with a control*, which wants equal variances.
//!
//! **Correlated samples of one run** are left out at its beginning by MSER-5 (K. P. White, M. J. Cobb
//! and S. C. Spratt 2000, *A comparison of five steady-state truncation heuristics for simulation*)
//! and have the interval of overlapping batch means (M. S. Meketon and B. Schmeiser 1984,
//! *Overlapping batch means: something for nothing?*): [`crate::stats::steady`].
//!
//! **Whether all of this is so** is measured: [`coverage`] repeats small studies of what formulas
//! know and counts the intervals that hold the truth; `results/coverage.md` has the table.

pub mod band;
pub mod breakpoint;
pub mod compare;
pub mod coverage;
pub mod curves;
pub mod decisions;
pub mod estimate;
pub mod gather;
pub mod judge;
pub mod number;
pub mod on_paper;
mod part;
pub mod regress;
pub mod replicate;
pub mod rides;
pub mod sweep;
mod tally;
pub mod truth;

pub use estimate::{Centre, Estimate};
pub use gather::{Gathered, Gleaner, Outcome, Rule};
pub use judge::{Finding, Judge, Judgement, Over, Verdict};
pub use number::Number;
