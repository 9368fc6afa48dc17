//! One cell of a table, and how it is printed: integers as exact decimals, never through a float.

use serde::{Serialize, Serializer};

use crate::units::{SECOND, SimDuration, SimTime};

/// Picodollars in a dollar.
const DOLLAR: u64 = 1_000_000_000_000;

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A whole number.
    Count(u64),
    /// Nanoseconds, negative before the end of the warm-up; printed in seconds, exactly.
    Nanoseconds(i128),
    /// Millionths of a millionth of a dollar; printed in dollars, exactly.
    Picodollars(i128),
    /// Millionths of a whole; printed as a decimal, exactly.
    Millionths(u64),
    /// A mean or a share; printed with the fewest digits that read back as the same number.
    Ratio(f64),
    /// A number in single precision; printed with the fewest digits that read back as the same one,
    /// empty where it is none.
    Single(f32),
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

/// Appends `units` of `10^-digits` each, without zeros at the end.
fn put_decimal(out: &mut Vec<u8>, units: i128, size: u64, digits: usize) {
    let magnitude = units.unsigned_abs();
    // Runs are shorter than the 584 years that 64 bits hold; sums over instances need not be.
    let (whole, mut part) = match u64::try_from(magnitude) {
        Ok(small) => (u128::from(small / size), small % size),
        Err(_) => (magnitude / u128::from(size), (magnitude % u128::from(size)) as u64),
    };
    if units < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    match u64::try_from(whole) {
        Ok(small) => out.extend_from_slice(buffer.format(small).as_bytes()),
        Err(_) => out.extend_from_slice(buffer.format(whole).as_bytes()),
    }
    if part == 0 {
        return;
    }
    let mut digits = digits;
    while part.is_multiple_of(10) {
        part /= 10;
        digits -= 1;
    }
    out.push(b'.');
    let text = buffer.format(part);
    out.resize(out.len() + digits - text.len(), b'0');
    out.extend_from_slice(text.as_bytes());
}

impl Value<'_> {
    /// Appends it as it is printed.
    pub fn put(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Count(count) => {
                out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
            }
            Self::Nanoseconds(ns) => put_decimal(out, ns, SECOND, 9),
            Self::Picodollars(parts) => put_decimal(out, parts, DOLLAR, 12),
            Self::Millionths(parts) => put_decimal(out, i128::from(parts), 1_000_000, 6),
            Self::Ratio(ratio) => out.extend_from_slice(ratio.to_string().as_bytes()),
            Self::Single(number) if number.is_nan() => {}
            Self::Single(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Empty => {}
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
            Self::Picodollars(parts) => serializer.serialize_f64(parts as f64 / DOLLAR as f64),
            Self::Millionths(parts) => match parts % 1_000_000 {
                0 => serializer.serialize_u64(parts / 1_000_000),
                _ => serializer.serialize_f64(parts as f64 / 1e6),
            },
            Self::Ratio(ratio) => serializer.serialize_f64(ratio),
            Self::Single(number) if number.is_nan() => serializer.serialize_none(),
            Self::Single(number) => serializer.serialize_f32(number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Empty => serializer.serialize_none(),
        }
    }
}

/// A value as it is printed.
#[cfg(test)]
pub fn printed(value: Value<'_>) -> String {
    let mut out = Vec::new();
    value.put(&mut out);
    String::from_utf8(out).expect("a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let check = |value, text: &str| assert_eq!(printed(value), text);
        check(Value::Nanoseconds(0), "0");
        check(Value::Nanoseconds(1), "0.000000001");
        check(Value::Nanoseconds(-1), "-0.000000001");
        check(Value::Nanoseconds(820_000_000_000), "820");
        check(Value::Nanoseconds(1_500_000_000), "1.5");
        check(Value::Nanoseconds(-60_250_000_000), "-60.25");
        check(Value::Nanoseconds(100_000_000), "0.1");
        check(Value::Nanoseconds(i128::from(u64::MAX) * 2_000), "36893488147419.10323");
        check(Value::Picodollars(2_525), "0.000000002525");
        check(Value::Picodollars(41_200_000_000_000), "41.2");
        check(Value::Millionths(1_250_000), "1.25");
        check(Value::Millionths(3), "0.000003");
        check(Value::Ratio(0.1), "0.1");
        check(Value::Single(0.1), "0.1");
        check(Value::Single(f32::NAN), "");
        check(Value::Empty, "");
    }

    #[test]
    fn instants_count_from_the_end_of_the_warm_up() {
        let zero = SimTime(60 * SECOND);
        assert_eq!(printed(Value::instant(SimTime(0), zero)), "-60");
        assert_eq!(printed(Value::instant(SimTime(90 * SECOND), zero)), "30");
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
