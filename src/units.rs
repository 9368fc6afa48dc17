//! Quantities with their units in the type: simulated time in integer nanoseconds, rates, ratios,
//! money, memory.
//!
//! Parsing wants the unit in the text (`"250ms"`, `"300/min"`, `"0.1%"`): a bare number has none.
//! Floats begin where a rate or a ratio is used; time is an integer throughout, so that sums are
//! exact and ties are real.

mod money;

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

pub use money::{Mebibytes, Money, Price};

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// An instant: nanoseconds since the start of the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(pub u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(pub u64);

impl SimTime {
    /// The start of the warm-up.
    pub const ZERO: Self = Self(0);
    /// Later than every instant of a run.
    pub const NEVER: Self = Self(u64::MAX);

    /// The length from an earlier instant to this one.
    #[inline]
    pub fn since(self, earlier: Self) -> SimDuration {
        debug_assert!(earlier <= self, "{earlier:?} is not before {self:?}");
        SimDuration(self.0 - earlier.0)
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A whole number of seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * SECOND)
    }

    /// A whole number of milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds * 1_000_000)
    }

    /// Seconds, cut to nanoseconds; negative becomes zero, too large the largest.
    #[inline]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * SECOND as f64) as u64)
    }

    /// The length in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// The length times a factor, cut to nanoseconds.
    #[inline]
    pub fn scaled(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor) as u64)
    }

    /// Reads a length such as `250ms`, `1h 30m` or `PT5M`.
    ///
    /// # Errors
    /// One sentence without position: no number, no unit, an unknown unit, a negative length, or
    /// one beyond 584 years.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.parse::<f64>().is_ok() {
            return Err(format!("a duration needs a unit, as in \"{text}s\" or \"{text}ms\""));
        }
        let days = jiff::SpanRelativeTo::days_are_24_hours();
        let signed =
            text.parse().and_then(|span: jiff::Span| span.to_duration(days)).map_err(|_| {
                "expected a duration such as \"250ms\", \"90s\" or \"1h 30m\"".to_owned()
            })?;
        if signed.is_negative() {
            return Err("a duration can't be negative".to_owned());
        }
        u64::try_from(signed.as_nanos())
            .map(Self)
            .map_err(|_| "a duration can't be longer than 584 years".to_owned())
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    /// Saturates, so that "never" plus anything stays never.
    #[inline]
    fn add(self, length: SimDuration) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Add for SimDuration {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for SimDuration {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for SimDuration {
    type Output = Self;
    /// Stops at zero.
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Shows a length as people say it and as the parser reads it: `1h 30m`, `13m 40s`, `250ms`.
impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 7] = [
            (86_400 * SECOND, "d"),
            (3_600 * SECOND, "h"),
            (60 * SECOND, "m"),
            (SECOND, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        let mut left = self.0;
        if left == 0 {
            return write!(f, "0s");
        }
        let mut space = "";
        for (size, name) in UNITS {
            if left >= size {
                write!(f, "{space}{}{name}", left / size)?;
                left %= size;
                space = " ";
            }
        }
        Ok(())
    }
}

/// Events per second.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Rate(pub f64);

impl Rate {
    /// Events in a second.
    pub fn per_second(self) -> f64 {
        self.0
    }

    /// Reads a rate such as `90/s`, `300/min` or `5/h`.
    ///
    /// # Errors
    /// One sentence without position: no number, no unit, an unknown unit, negative or not finite.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "expected a rate such as \"90/s\", \"300/min\" or \"5/h\"".to_owned();
        let Some((number, unit)) = text.split_once('/') else {
            return Err(match text.trim().parse::<f64>() {
                Ok(_) => format!("a rate needs a unit, as in \"{}/s\"", text.trim()),
                Err(_) => wrong(),
            });
        };
        let seconds = match unit.trim() {
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        match number.is_finite() && number >= 0.0 {
            true => Ok(Self(number / seconds)),
            false => Err("a rate can't be negative or infinite".to_owned()),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

/// A share or a factor without unit; `0.6` and `"60%"` are the same.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Ratio(pub f64);

impl Ratio {
    /// Reads a percentage such as `60%`.
    ///
    /// # Errors
    /// One sentence without position: no number, no per cent sign, negative or not finite.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok());
        match number {
            Some(n) if n.is_finite() && n >= 0.0 => Ok(Self(n / 100.0)),
            _ => Err("expected a number such as 0.6 or a percentage such as \"60%\"".to_owned()),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text: &str, expected: Result<u64, &str>| {
            let got = SimDuration::parse(text).map(|d| d.0);
            match expected {
                Ok(ns) => assert_eq!(got, Ok(ns), "{text}"),
                Err(part) => {
                    let said = got.expect_err(text);
                    assert!(said.contains(part), "{text}: {said}");
                }
            }
        };
        check("250ms", Ok(250_000_000));
        check("1h 30m", Ok(5_400 * SECOND));
        check("90s", Ok(90 * SECOND));
        check("PT5M", Ok(300 * SECOND));
        check("0s", Ok(0));
        check("5", Err("needs a unit"));
        check("-5s", Err("negative"));
        check("soon", Err("expected a duration"));
    }

    #[test]
    fn durations_are_shown_as_they_are_read() {
        for text in ["0s", "250ms", "1h 30m", "13m 40s", "1d", "1us 5ns"] {
            let length = SimDuration::parse(text).expect(text);
            assert_eq!(length.to_string(), text);
        }
    }

    #[test]
    fn rates_and_ratios() {
        assert_eq!(Rate::parse("90/s"), Ok(Rate(90.0)));
        assert_eq!(Rate::parse("300/min"), Ok(Rate(5.0)));
        assert!(Rate::parse("300").is_err_and(|e| e.contains("needs a unit")));
        assert!(Rate::parse("-1/s").is_err());
        assert!(Rate::parse("1/fortnight").is_err());
        assert_eq!(Ratio::parse("60%"), Ok(Ratio(0.6)));
        assert!(Ratio::parse("60").is_err());
    }
}
