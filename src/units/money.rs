//! Money and memory: whole numbers too, so that sums of what is paid are exact.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// Parts of a US dollar so small that every price, multiplied by nanoseconds, thousandths of a
/// vCPU and mebibytes, is a whole number of them.
const PARTS: u128 = 1_024_000_000_000_000_000_000_000_000;

/// An amount of money, exactly; up to 3e11 dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(pub u128);

impl Money {
    /// A whole number of dollars.
    pub const fn from_dollars(dollars: u64) -> Self {
        Self(dollars as u128 * PARTS)
    }

    /// The amount in dollars.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / PARTS as f64
    }

    /// The amount in millionths of a millionth of a dollar, cut.
    pub fn picodollars(self) -> i128 {
        (self.0 / (PARTS / 1_000_000_000_000)) as i128
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<u128> for Money {
    type Output = Self;
    fn mul(self, times: u128) -> Self {
        Self(self.0 * times)
    }
}

/// A price in picodollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Price(pub u64);

impl Price {
    /// The price of so many dollars, to the nearest picodollar.
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * 1e12).round() as u64)
    }

    /// Of a vCPU-second: what a nanosecond of so many thousandths of a vCPU costs.
    pub fn per_nanosecond_of_millis(self, millis: u32) -> Money {
        Money(u128::from(self.0) * u128::from(millis) * (PARTS / 1_000_000_000_000_000_000_000_000))
    }

    /// Of a GiB-second: what a nanosecond of so much memory costs.
    pub fn per_nanosecond_of_mebibytes(self, memory: Mebibytes) -> Money {
        let parts = PARTS / (1_024 * 1_000_000_000_000_000_000_000);
        Money(u128::from(self.0) * u128::from(memory.0) * parts)
    }

    /// Of a million: what one costs.
    pub fn per_million(self) -> Money {
        Money(u128::from(self.0) * (PARTS / 1_000_000_000_000_000_000))
    }
}

/// Memory in units of 2^20 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mebibytes(pub u32);

impl Mebibytes {
    /// Reads an amount such as `512MiB` or `2GiB`; `512Mi` and `2Gi` are the same.
    ///
    /// # Errors
    /// One sentence without position: no whole number, no unit, an unknown unit, or too much.
    pub fn parse(text: &str) -> Result<Self, String> {
        const WRONG: &str = "expected an amount of memory such as \"512MiB\" or \"2GiB\"";
        let text = text.trim();
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = &text[..text.len() - unit.len()];
        let size = match unit.trim_start() {
            "" if !number.is_empty() => {
                return Err(format!("memory needs a unit, as in \"{number}MiB\""));
            }
            "MiB" | "Mi" => 1,
            "GiB" | "Gi" => 1_024,
            _ => return Err(WRONG.to_owned()),
        };
        let number: u32 = number.parse().map_err(|_| WRONG.to_owned())?;
        number.checked_mul(size).map(Self).ok_or_else(|| "that is too much memory".to_owned())
    }
}

impl fmt::Display for Mebibytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n > 0 && n.is_multiple_of(1_024) => write!(f, "{}GiB", n / 1_024),
            n => write!(f, "{n}MiB"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_and_shown() {
        let check = |text: &str, mebibytes: u32, shown: &str| {
            let memory = Mebibytes::parse(text).expect(text);
            assert_eq!((memory.0, memory.to_string().as_str()), (mebibytes, shown));
        };
        check("512MiB", 512, "512MiB");
        check("512Mi", 512, "512MiB");
        check(" 2 GiB ", 2_048, "2GiB");
        check("2Gi", 2_048, "2GiB");
        check("0MiB", 0, "0MiB");
        let wrong = |text: &str, part: &str| {
            let said = Mebibytes::parse(text).expect_err(text);
            assert!(said.contains(part), "{text}: {said}");
        };
        wrong("512", "needs a unit");
        wrong("half a GiB", "expected an amount");
        wrong("0.5GiB", "expected an amount");
        wrong("512MB", "expected an amount");
        wrong("", "expected an amount");
        wrong("9999999GiB", "too much");
    }

    #[test]
    fn money_is_exact() {
        let one = Price::from_dollars(1.0);
        assert_eq!(one.per_nanosecond_of_millis(1_000) * 1_000_000_000, Money::from_dollars(1));
        let gib = Mebibytes(1_024);
        assert_eq!(one.per_nanosecond_of_mebibytes(gib) * 1_000_000_000, Money::from_dollars(1));
        assert_eq!(one.per_million() * 1_000_000, Money::from_dollars(1));
        // A hundred thousand instances of eight vCPUs for ten years fit.
        let most = Price::from_dollars(0.000_024).per_nanosecond_of_millis(8_000);
        let time = 100_000 * 10 * 365 * 86_400 * 1_000_000_000;
        assert!(((most * time).dollars() / 6_054_912_000.0 - 1.0).abs() < 1e-12);
    }
}
