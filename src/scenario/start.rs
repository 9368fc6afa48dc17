//! How an instance starts: its phases but for the key's, how it is seen to be ready, how many may
//! start at once, and what follows a failed start.

use super::build::{count, law, length, number, text};
use super::tree::Node;
use crate::distribution::Distribution;
use crate::units::SimDuration;

/// The phases of a start beside the key's, and what follows a failed one.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Finding a place for the instance.
    pub allocate: Distribution,
    /// Fetching the image.
    pub fetch: Distribution,
    /// From the fetched image to an application that answers.
    pub boot: Distribution,
    /// Booting is so many times as fast while the platform lends CPU to it; at least 1.
    pub cpu_boost: f64,
    /// Each other start under way makes fetching and booting longer by this share of their length.
    pub slow_down: f64,
    /// How the platform sees that the application answers; absent: at once.
    pub probe: Option<Probe>,
    /// How many may start.
    pub limits: StartLimits,
    /// Fetching and booting may take this long together.
    pub deadline: SimDuration,
    /// The wait before a failed start is tried again.
    pub back_off: BackOff,
    /// Whether each wait is drawn evenly between zero and its value.
    pub jitter: bool,
}

/// A startup probe: tries at even distances, each of which waits for an answer for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// From the begin of booting to the first try.
    pub initial_delay: SimDuration,
    /// How long a try waits for an answer; not above `period`.
    pub timeout: SimDuration,
    /// From one try to the next.
    pub period: SimDuration,
    /// After so many tries without an answer the start has failed; at least 1.
    pub failure_threshold: u32,
}

impl Probe {
    /// When it has an answer of an application that answers from `boot` on, both since the begin
    /// of booting; absent: the start has failed before.
    pub fn sees(&self, boot: SimDuration) -> Option<SimDuration> {
        let late = boot - self.initial_delay - self.timeout;
        // The first try that still waits then.
        let tries = late.0.div_ceil(self.period.0.max(1));
        let sent = self.initial_delay + SimDuration(self.period.0.saturating_mul(tries));
        (tries < self.failure_threshold.into()).then(|| sent.max(boot))
    }

    /// When the start has failed without an answer, since the begin of booting.
    pub fn patience(&self) -> SimDuration {
        let tries = self.period.0.saturating_mul(self.failure_threshold.into());
        self.initial_delay + SimDuration(tries)
    }
}

/// How many starts of a revision may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartLimits {
    /// Start orders that are being carried out at once, back-off included; absent: any number.
    pub concurrent: Option<u32>,
    /// Attempts that begin in a time; absent: any number.
    pub rate: Option<StartRate>,
}

impl StartLimits {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Attempts to start that may begin in each interval; what is not used is not carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartRate {
    /// So many.
    pub starts: u32,
    /// Intervals follow one another, one begins at the end of the warm-up.
    pub interval: SimDuration,
}

/// Waits that grow by a factor up to a limit, each drawn evenly between zero and its value
/// ("full jitter").
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BackOff {
    /// The first wait, before the draw.
    pub initial: SimDuration,
    /// Growth from one wait to the next, at least 1.
    pub multiplier: f64,
    /// No wait is longer.
    pub max: SimDuration,
}

impl Start {
    /// The mean of booting as the platform sees it: that of its length, boosted, and from there to
    /// the answer of the probe.
    pub fn mean_boot(&self) -> SimDuration {
        let boot = self.boosted(self.boot.mean());
        self.probe.and_then(|probe| probe.sees(boot)).unwrap_or(boot)
    }

    /// How long booting takes with lent CPU.
    pub fn boosted(&self, boot: SimDuration) -> SimDuration {
        if self.cpu_boost > 1.0 { boot.scaled(1.0 / self.cpu_boost) } else { boot }
    }

    /// The start of a checked table.
    pub(super) fn build(start: &Node) -> Self {
        Self {
            allocate: law(start, "allocate"),
            fetch: law(start, "fetch"),
            boot: law(start, "boot"),
            cpu_boost: number(start, "cpu_boost"),
            slow_down: number(start, "slow_down"),
            probe: start.get("probe").map(|probe| Probe {
                initial_delay: length(probe, "initial_delay"),
                timeout: length(probe, "timeout"),
                period: length(probe, "period"),
                failure_threshold: count(probe, "failure_threshold"),
            }),
            limits: StartLimits {
                concurrent: start.get("limits.concurrent").and_then(Node::whole),
                rate: start.get("limits.rate").map(|rate| StartRate {
                    starts: count(rate, "starts"),
                    interval: length(rate, "interval"),
                }),
            },
            deadline: length(start, "deadline"),
            back_off: BackOff::build(start.get("back_off").unwrap_or(start)),
            jitter: text(start, "back_off.jitter") == "full",
        }
    }
}

impl BackOff {
    /// Waits of a checked table that has `initial`, `multiplier` and `max`.
    pub(super) fn build(table: &Node) -> Self {
        Self {
            initial: length(table, "initial"),
            multiplier: number(table, "multiplier"),
            max: length(table, "max"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries at 5 s, 15 s and 25 s that each wait for a second.
    #[test]
    fn a_probe_sees_at_its_tries_alone() {
        let seconds = SimDuration::from_secs;
        let probe = Probe {
            initial_delay: seconds(5),
            timeout: seconds(1),
            period: seconds(10),
            failure_threshold: 3,
        };
        let sees = |ms| probe.sees(SimDuration::from_millis(ms)).map(|at| at.0 / 1_000_000);
        let seen = [0, 5_000, 5_400, 6_000, 6_001, 15_000, 15_700, 16_500, 26_000].map(sees);
        let expected = [5_000, 5_000, 5_400, 6_000, 15_000, 15_000, 15_700, 25_000, 26_000];
        assert_eq!(seen, expected.map(Some));
        assert_eq!([26_001, 40_000].map(sees), [None, None]);
        assert_eq!(probe.patience(), seconds(35));
    }

    /// The platform's own: one try that waits for four minutes sees at once.
    #[test]
    fn the_platforms_own_probe_sees_at_once() {
        let four_minutes = SimDuration::from_secs(240);
        let probe = Probe {
            initial_delay: SimDuration::ZERO,
            timeout: four_minutes,
            period: four_minutes,
            failure_threshold: 1,
        };
        for ns in [0, 1, 2_345_678_901, four_minutes.0] {
            assert_eq!(probe.sees(SimDuration(ns)), Some(SimDuration(ns)));
        }
        assert_eq!(probe.sees(four_minutes + SimDuration(1)), None);
        assert_eq!(probe.patience(), four_minutes);
    }

    /// A boost of two halves what is booted, and a mean start knows of the probe.
    #[test]
    fn means_know_boost_and_probe() {
        let ms = SimDuration::from_millis;
        let constant = |n| Distribution::Constant(ms(n));
        let mut start = Start {
            allocate: constant(0),
            fetch: constant(0),
            boot: constant(3_000),
            cpu_boost: 2.0,
            slow_down: 0.0,
            probe: None,
            limits: StartLimits::default(),
            deadline: SimDuration::from_secs(240),
            back_off: BackOff { initial: ms(1), multiplier: 1.0, max: ms(1) },
            jitter: true,
        };
        assert_eq!(start.mean_boot(), ms(1_500));
        start.probe = Some(Probe {
            initial_delay: SimDuration::ZERO,
            timeout: ms(1_000),
            period: ms(10_000),
            failure_threshold: 3,
        });
        assert_eq!(start.mean_boot(), ms(10_000));
    }
}
