//! A number that is judged, and how it stands to a limit.

use std::cmp::Ordering;

use crate::record::summary::SummaryGetter;
use crate::record::{SummaryRow, Value};
use crate::scenario::{Condition, Limit};
use crate::units::SECOND;

/// A number in the unit of its metric; lengths and instants are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(i128),
    /// A mean, a share, or parts of a request.
    Real(f64),
    /// An instant that was not reached or a latency beyond all: larger than every other.
    Infinite,
}

impl Number {
    /// The number of a cell; none where it is empty or a name.
    pub fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Count(count) => Some(Self::Whole(count.into())),
            Value::Nanoseconds(ns) => Some(Self::Whole(ns)),
            Value::Millionths(parts) if parts % 1_000_000 == 0 => {
                Some(Self::Whole((parts / 1_000_000).into()))
            }
            Value::Millionths(parts) => Some(Self::Real(parts as f64 / 1e6)),
            Value::Picodollars(parts) => Some(Self::Real(parts as f64 / 1e12)),
            Value::Ratio(number) => Some(Self::Real(number)),
            Value::Single(number) => Some(Self::Real(number.into())),
            Value::Text(_) | Value::Empty => None,
        }
    }

    /// The number of a summary's column; what is empty because it never came is infinite.
    pub fn of_row(row: &SummaryRow, column: &str, get: SummaryGetter) -> Option<Self> {
        Self::of(get(row, row.zero)).or_else(|| never(row, column).then_some(Self::Infinite))
    }

    /// The number in the unit of its metric: lengths and instants in seconds.
    pub fn in_unit(self, unit: &str) -> f64 {
        match unit {
            "s" => self.to_f64() / SECOND as f64,
            _ => self.to_f64(),
        }
    }

    /// A number that is in the unit of its metric already.
    pub fn from_unit(number: f64, unit: &str) -> Self {
        match unit {
            _ if number.is_infinite() => Self::Infinite,
            "s" => Self::Real(number * SECOND as f64),
            _ => Self::Real(number),
        }
    }

    /// The limit as a number.
    pub fn of_limit(limit: Limit) -> Self {
        match limit {
            Limit::Count(count) => Self::Whole(count.into()),
            Limit::Number(number) => Self::Real(number),
            Limit::Share(share) => Self::Real(share.0),
            Limit::Length(length) => Self::Whole(length.0.into()),
        }
    }

    /// The number as a float.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
            Self::Infinite => f64::INFINITY,
        }
    }

    /// How it stands to another: exactly, where both are whole.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            _ => self.to_f64().partial_cmp(&other.to_f64()),
        }
    }

    /// Whether a condition holds of it.
    pub fn meets(self, condition: Condition) -> bool {
        condition.comparison.holds(self.compare(Self::of_limit(condition.limit)))
    }
}

/// Instants that need not be reached.
const INSTANTS: [&str; 11] = [
    "first_block_s",
    "first_key_failure_s",
    "last_key_failure_s",
    "revocation_detected_s",
    "customers_hurt_s",
    "data_unreachable_s",
    "first_refused_arrival_s",
    "first_refused_s",
    "first_ended_s",
    "last_ended_s",
    "last_ready_s",
];

/// Percentiles that are infinite where so many failed.
const WITH_FAILURES: &str = "latency_with_failures_s_";

/// Whether a column of the summary may be empty because something never came.
pub fn may_never_come(column: &str) -> bool {
    INSTANTS.contains(&column) || column == "ride_out_s" || column.starts_with(WITH_FAILURES)
}

/// Whether an empty cell means that something never came, rather than that there was nothing to
/// measure.
fn never(row: &SummaryRow, column: &str) -> bool {
    match column {
        instant if INSTANTS.contains(&instant) => true,
        // Without a block there is nothing to ride out.
        "ride_out_s" => row.first_block.is_some() && row.first_key_failure.is_none(),
        latency if latency.starts_with(WITH_FAILURES) => row.failed() > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Comparison, Statistic};
    use crate::units::{Ratio, SimDuration};

    #[test]
    fn whole_numbers_are_compared_exactly() {
        let check = |number: Number, comparison, limit, holds: bool| {
            let condition = Condition { statistic: Statistic::Value, comparison, limit };
            assert_eq!(number.meets(condition), holds, "{number:?} {condition}");
        };
        // 2^53 + 1 is no float: as one it would equal 2^53.
        let large = (1_u64 << 53) + 1;
        check(Number::Whole(large.into()), Comparison::Equal, Limit::Count(large - 1), false);
        check(Number::Whole(large.into()), Comparison::Above, Limit::Count(large - 1), true);
        check(Number::Whole(3), Comparison::Below, Limit::Number(3.5), true);
        check(Number::Real(0.001), Comparison::Below, Limit::Share(Ratio(0.001)), false);
        let length = Limit::Length(SimDuration::from_secs(900));
        check(Number::Infinite, Comparison::Above, length, true);
        check(Number::Infinite, Comparison::AtMost, length, false);
        check(Number::Whole(900_000_000_000), Comparison::AtLeast, length, true);
        check(Number::Whole(899_999_999_999), Comparison::AtLeast, length, false);
        check(Number::Real(f64::NAN), Comparison::Unequal, Limit::Count(0), false);
    }
}
