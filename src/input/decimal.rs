//! Decimal numbers as people write them, exactly: floats would move an instant by some
//! nanoseconds and a scaled total by an arrival.

/// Significant digits kept; what a file writes beyond them lies far below a nanosecond.
const DIGITS: u32 = 30;

/// `±digits × 10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
}

impl Decimal {
    /// Reads `12`, `-0.5`, `+1.25e-3`, `.5`; `None` for anything else, `nan` and `inf` too.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let power = text.iter().position(|b| matches!(b, b'e' | b'E'));
        let (mantissa, mut exponent) = match power {
            Some(at) => (&text[..at], std::str::from_utf8(&text[at + 1..]).ok()?.parse().ok()?),
            None => (text, 0_i32),
        };
        let point = mantissa.iter().position(|&b| b == b'.').unwrap_or(mantissa.len());
        let fraction = mantissa.get(point + 1..).unwrap_or_default();
        if point == 0 && fraction.is_empty() {
            return None;
        }
        let (mut digits, limit) = (0_u128, 10_u128.pow(DIGITS));
        for (bytes, step) in [(&mantissa[..point], 0), (fraction, 1)] {
            for &byte in bytes {
                if !byte.is_ascii_digit() {
                    return None;
                }
                exponent = if digits < limit {
                    digits = digits * 10 + u128::from(byte - b'0');
                    exponent.checked_sub(step)?
                } else {
                    exponent.checked_add(1 - step)?
                };
            }
        }
        Some(Self { negative, digits, exponent })
    }

    /// The decimal that a float is shown as: 0.3 is three tenths, not the binary number below it.
    pub fn of(number: f64) -> Option<Self> {
        Self::parse(format!("{number:e}").as_bytes())
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.negative && self.digits > 0
    }

    /// The largest whole number of `10^-places` that is not above it, and whether it is exactly
    /// that; `None` beyond 128 bits.
    pub fn whole(self, places: i32) -> Option<(i128, bool)> {
        let (floor, exact) = shift(self.digits, self.exponent.checked_add(places)?)?;
        let floor = i128::try_from(floor).ok()?;
        Some(if self.negative { (-floor - i128::from(!exact), exact) } else { (floor, exact) })
    }

    /// The whole part of itself times a count; `None` where it is negative or beyond 64 bits.
    pub fn times(self, count: u64) -> Option<u64> {
        // Trailing zeros would cost range: 1.50 and 1.5 must scale alike.
        let (mut digits, mut exponent) = (self.digits, self.exponent);
        while digits != 0 && digits.is_multiple_of(10) {
            (digits, exponent) = (digits / 10, exponent + 1);
        }
        let product = digits.checked_mul(u128::from(count))?;
        let whole = shift(product, exponent)?.0;
        u64::try_from(whole).ok().filter(|_| !self.is_negative())
    }
}

/// `digits × 10^exponent` cut to a whole number, and whether nothing was cut off.
fn shift(digits: u128, exponent: i32) -> Option<(u128, bool)> {
    let power = 10_u128.checked_pow(exponent.unsigned_abs());
    match (power, exponent < 0) {
        _ if digits == 0 => Some((0, true)),
        (Some(power), true) => Some((digits / power, digits.is_multiple_of(power))),
        (None, true) => Some((0, false)),
        (Some(power), false) => Some((digits.checked_mul(power)?, true)),
        (None, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_are_exact() {
        let check = |text: &str, expected: Option<(i128, bool)>| {
            let got = Decimal::parse(text.as_bytes()).and_then(|d| d.whole(9));
            assert_eq!(got, expected, "{text}");
        };
        check("0", Some((0, true)));
        check("5.760392", Some((5_760_392_000, true)));
        check("899999999.123456789", Some((899_999_999_123_456_789, true)));
        check("+.5", Some((500_000_000, true)));
        check("3.", Some((3_000_000_000, true)));
        check("1.5e3", Some((1_500_000_000_000, true)));
        check("25E-1", Some((2_500_000_000, true)));
        check("0.1000000000000000055511151231257827", Some((100_000_000, false)));
        check("-0.0000000001", Some((-1, false)));
        for text in ["", ".", "-", "e5", "1e", "1e+", "nan", "inf", "1,5", "0x10", "1_000", "1 2"] {
            check(text, None);
        }
        check("1e40", None);
    }

    #[test]
    fn scaling_is_decimal() {
        let check = |factor: f64, count: u64, expected: Option<u64>| {
            let got = Decimal::of(factor).and_then(|d| d.times(count));
            assert_eq!(got, expected, "{factor} of {count}");
        };
        check(0.3, 10, Some(3));
        check(0.001, 1_171_036_328, Some(1_171_036));
        check(1.0, u64::MAX, Some(u64::MAX));
        check(1.5, 3, Some(4));
        check(0.0, 3, Some(0));
        check(1e-300, u64::MAX, Some(0));
        check(2.0, u64::MAX, None);
        check(0.1 + 0.2, u64::MAX / 8, Some(691_752_902_764_108_277));
    }
}
