//! One cell of a table, and how it is printed: integers as exact decimals, never through a float.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::units::{SECOND, SimDuration, SimTime};

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A whole number.
    Count(u64),
    /// Nanoseconds, negative before the end of the warm-up; printed in seconds, exactly.
    Nanoseconds(i128),
    /// Millionths of a whole; printed as a decimal, exactly.
    Millionths(u64),
    /// A mean or a share; printed with the fewest digits that read back as the same number.
    Ratio(f64),
    /// A name.
    Text(&'a str),
    /// No value: it does not apply, or was not reached.
    Empty,
}

impl Value<'_> {
    /// An instant, counted from `zero`.
    pub fn instant(at: SimTime, zero: SimTime) -> Self {
        Self::Nanoseconds(i128::from(at.0) - i128::from(zero.0))
    }

    /// An instant that may not have been reached.
    pub fn reached(at: Option<SimTime>, zero: SimTime) -> Self {
        at.map_or(Self::Empty, |at| Self::instant(at, zero))
    }

    /// A length of time.
    pub fn length(length: SimDuration) -> Self {
        Self::Nanoseconds(i128::from(length.0))
    }
}

/// Writes `units` of `10^-digits` each, without zeros at the end.
fn decimal(f: &mut fmt::Formatter<'_>, units: i128, size: u128, digits: usize) -> fmt::Result {
    let (whole, mut part) = (units.unsigned_abs() / size, units.unsigned_abs() % size);
    if units < 0 {
        f.write_str("-")?;
    }
    write!(f, "{whole}")?;
    if part == 0 {
        return Ok(());
    }
    let mut digits = digits;
    while part.is_multiple_of(10) {
        part /= 10;
        digits -= 1;
    }
    write!(f, ".{part:0digits$}")
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Nanoseconds(ns) => decimal(f, ns, u128::from(SECOND), 9),
            Self::Millionths(parts) => decimal(f, i128::from(parts), 1_000_000, 6),
            Self::Ratio(ratio) => write!(f, "{ratio}"),
            Self::Text(text) => f.write_str(text),
            Self::Empty => Ok(()),
        }
    }
}

/// A number, a string or null. JSON readers hold numbers as floats, so that times are rounded to
/// the nearest one here; the CSV files hold them exactly.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Count(count) => serializer.serialize_u64(count),
            Self::Nanoseconds(ns) => match ns % i128::from(SECOND) {
                0 => serializer.serialize_i64((ns / i128::from(SECOND)) as i64),
                _ => serializer.serialize_f64(ns as f64 / SECOND as f64),
            },
            Self::Millionths(parts) => match parts % 1_000_000 {
                0 => serializer.serialize_u64(parts / 1_000_000),
                _ => serializer.serialize_f64(parts as f64 / 1e6),
            },
            Self::Ratio(ratio) => serializer.serialize_f64(ratio),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Empty => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let check = |value: Value<'_>, text: &str| assert_eq!(value.to_string(), text);
        check(Value::Nanoseconds(0), "0");
        check(Value::Nanoseconds(1), "0.000000001");
        check(Value::Nanoseconds(-1), "-0.000000001");
        check(Value::Nanoseconds(820_000_000_000), "820");
        check(Value::Nanoseconds(1_500_000_000), "1.5");
        check(Value::Nanoseconds(-60_250_000_000), "-60.25");
        check(Value::Nanoseconds(100_000_000), "0.1");
        check(Value::Nanoseconds(i128::from(u64::MAX) * 2_000), "36893488147419.10323");
        check(Value::Millionths(1_250_000), "1.25");
        check(Value::Millionths(3), "0.000003");
        check(Value::Ratio(0.1), "0.1");
        check(Value::Empty, "");
    }

    #[test]
    fn instants_count_from_the_end_of_the_warm_up() {
        let zero = SimTime(60 * SECOND);
        assert_eq!(Value::instant(SimTime(0), zero).to_string(), "-60");
        assert_eq!(Value::instant(SimTime(90 * SECOND), zero).to_string(), "30");
        assert_eq!(Value::reached(None, zero), Value::Empty);
    }

    #[test]
    fn json_has_numbers() {
        let json = |value: Value<'_>| serde_json::to_string(&value).expect("a number");
        assert_eq!(json(Value::Nanoseconds(820_000_000_000)), "820");
        assert_eq!(json(Value::Nanoseconds(-60_250_000_000)), "-60.25");
        assert_eq!(json(Value::Millionths(1_250_000)), "1.25");
        assert_eq!(json(Value::Empty), "null");
        assert_eq!(json(Value::Text("a\"b")), "\"a\\\"b\"");
    }
}
