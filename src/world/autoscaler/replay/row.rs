//! A decision of a replay as a row of a table.

use std::fmt::{self, Write};

use crate::scenario::Autoscaler;
use crate::world::autoscaler::knative::{Mode, Verdict};
use crate::world::autoscaler::{Cause, Reason};

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The second.
    pub t: u64,
    /// Why it was made.
    pub cause: Cause,
    /// Instances ready then.
    pub ready: u32,
    /// Instances asked for before; in an open loop those that are ready.
    pub current: u32,
    /// How it came about.
    pub reason: Reason,
    /// Instances wanted; -1 or absent where nothing is known.
    pub wanted: Option<i64>,
    /// Instances asked for afterwards, in a closed loop.
    pub replicas: Option<u32>,
}

/// Names of the columns.
pub fn columns(policy: &Autoscaler, closed: bool) -> Vec<&'static str> {
    let (open, gained): (&[_], &[_]) = match policy {
        Autoscaler::Knative(_) => (
            &[
                "t_s",
                "cause",
                "ready",
                "valid",
                "stable",
                "panic",
                "desired",
                "excess_burst_capacity",
                "panicking",
                "wanted",
            ],
            &["replicas", "mode"],
        ),
        Autoscaler::Hpa(_) => (&["t_s", "ready", "current", "desired", "reason"], &["replicas"]),
        Autoscaler::CloudRun(_) => {
            (&["t_s", "ready", "cpu_driver", "concurrency_driver", "wanted"], &["replicas"])
        }
        Autoscaler::PerRequest | Autoscaler::Fixed { .. } => {
            (&["t_s", "ready", "wanted"], &["replicas"])
        }
    };
    open.iter().chain(gained.iter().filter(|_| closed)).copied().collect()
}

/// The cells, joined by commas.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (t, ready, wanted) = (self.t, self.ready, Cell(self.wanted));
        match self.reason {
            Reason::Knative(verdict) => self.knative(f, &verdict)?,
            Reason::Hpa(limit) => {
                let (current, reason) = (self.current, limit.name());
                write!(f, "{t},{ready},{current},{wanted},{reason}")?;
            }
            Reason::CloudRun(drivers) => {
                let (cpu, concurrency) = (Mean(drivers.cpu), Mean(drivers.concurrency));
                write!(f, "{t},{ready},{cpu},{concurrency},{wanted}")?;
            }
            Reason::Plain => write!(f, "{t},{ready},{wanted}")?,
        }
        if let Some(replicas) = self.replicas {
            write!(f, ",{replicas}")?;
            if let Reason::Knative(verdict) = self.reason {
                f.write_str(match verdict.mode {
                    Mode::Proxy => ",proxy",
                    Mode::Serve => ",serve",
                })?;
            }
        }
        Ok(())
    }
}

impl Row {
    fn knative(&self, f: &mut fmt::Formatter<'_>, verdict: &Verdict) -> fmt::Result {
        let cause = match self.cause {
            Cause::Tick => "tick",
            Cause::Pending | Cause::FirstAfterZero => "poke",
        };
        let (stable, panic) = match verdict.averages {
            Some(averages) => (Mean(Some(averages.stable)), Mean(Some(averages.panic))),
            None => (Mean(None), Mean(None)),
        };
        write!(
            f,
            "{},{cause},{},{},{stable},{panic},{},{},{},{}",
            self.t,
            self.ready,
            verdict.averages.is_some(),
            verdict.desired,
            verdict.excess_burst_capacity,
            verdict.panicking,
            Cell(self.wanted),
        )
    }
}

/// A whole number, empty where there is none.
struct Cell(Option<i64>);

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |number| write!(f, "{number}"))
    }
}

/// A mean with the digits that read back as the same number, at least six behind the point; empty
/// where there is none.
struct Mean(Option<f64>);

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(mean) = self.0 else { return Ok(()) };
        let mut digits = Behind::default();
        write!(digits, "{mean}")?;
        match digits.count {
            0..6 => write!(f, "{mean:.6}"),
            _ => write!(f, "{mean}"),
        }
    }
}

/// Counts the digits behind the point.
#[derive(Default)]
struct Behind {
    point: bool,
    count: usize,
}

impl Write for Behind {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.count += usize::from(self.point);
            self.point |= byte == b'.';
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_have_six_digits_or_more() {
        let check = |mean, text: &str| assert_eq!(Mean(Some(mean)).to_string(), text);
        check(74.0, "74.000000");
        check(0.5, "0.500000");
        check(2.0 / 3.0, "0.6666666666666666");
        check(0.333333, "0.333333");
        check(1e-9, "0.000000001");
        assert_eq!(Mean(None).to_string(), "");
    }
}
