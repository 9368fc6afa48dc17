//! A time series as it is stated, and what is taken of it: nothing is kept but sums and extremes.

use super::number::Number;
use crate::ids::ServiceId;
use crate::record::columns::TIMESERIES;
use crate::record::metric::Series;
use crate::record::{Sample, Value};
use crate::scenario::{Scenario, Statistic, Window};
use crate::units::SimTime;

/// One sample: when its interval ends, and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    from: SimTime,
    until: SimTime,
    value: i128,
}

/// A time series within a window.
#[derive(Clone, Debug)]
pub(super) struct Tally<'s> {
    series: Series,
    service: Option<&'s str>,
    revision: &'s str,
    from: SimTime,
    until: SimTime,
    zero: SimTime,
    seen: Seen,
}

/// What was seen so far.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The sample whose services are still being added.
    open: Option<Point>,
    first: Option<Point>,
    last: Option<Point>,
    least: Option<Point>,
    most: Option<Point>,
    sum: i128,
    /// Sum of squares; a series of so many nanoseconds that it overflows has no variance.
    squares: Option<i128>,
    count: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            open: None,
            first: None,
            last: None,
            least: None,
            most: None,
            sum: 0,
            squares: Some(0),
            count: 0,
        }
    }
}

impl Seen {
    /// Adds a sample's value; rows of one interval are added up.
    fn add(&mut self, point: Point) {
        match &mut self.open {
            Some(open) if open.from == point.from => open.value += point.value,
            _ => {
                self.close();
                self.open = Some(point);
            }
        }
    }

    /// Takes in the sample that is complete.
    fn close(&mut self) {
        let Some(point) = self.open.take() else { return };
        self.first = self.first.or(Some(point));
        self.last = Some(point);
        self.least = self.least.filter(|p| p.value <= point.value).or(Some(point));
        self.most = self.most.filter(|p| p.value >= point.value).or(Some(point));
        self.sum += point.value;
        let square = point.value.checked_mul(point.value);
        self.squares = self.squares.and_then(|sum| sum.checked_add(square?));
        self.count += 1;
    }
}

impl Seen {
    /// The mean square of how far samples are from their mean, from sums that are exact.
    fn variance(&self) -> Option<f64> {
        let count = i128::from(self.count);
        let spread =
            self.squares?.checked_mul(count)?.checked_sub(self.sum.checked_mul(self.sum)?)?;
        (count > 1).then_some(spread as f64 / (count as f64 * (count - 1) as f64))
    }
}

/// Whether a row is of a service as a whole.
pub(super) fn is_of_service(sample: &Sample<'_>) -> bool {
    sample.revision.is_empty()
}

impl<'s> Tally<'s> {
    /// A series of a service, or of all, or of one of a service's revisions, within a window.
    pub fn new(
        scenario: &'s Scenario,
        series: &Series,
        service: Option<ServiceId>,
        revision: &'s str,
        window: Window,
    ) -> Self {
        let zero = SimTime::ZERO + scenario.warm_up;
        Self {
            series: series.clone(),
            service: service.map(|s| scenario.services[s.index()].name.as_str()),
            revision,
            from: zero + window.from,
            until: window.until.map_or(SimTime::NEVER, |until| zero + until),
            zero,
            seen: Seen::default(),
        }
    }

    /// Forgets what was seen.
    pub fn clear(&mut self) {
        self.seen = Seen::default();
    }

    /// Takes a sample, where it is of this series and window.
    pub fn take(&mut self, sample: &Sample<'_>) {
        let inside = self.from <= sample.from && sample.until <= self.until;
        let meant = self.service.is_none_or(|service| service == sample.service);
        if !inside || !meant || sample.revision != self.revision {
            return;
        }
        let cell = |&column: &usize| match (TIMESERIES[column].get)(sample, self.zero) {
            Value::Count(count) => Some(i128::from(count)),
            Value::Nanoseconds(ns) => Some(ns),
            Value::Picodollars(parts) => Some(parts),
            // No series has any of these.
            Value::Millionths(_)
            | Value::Ratio(_)
            | Value::Single(_)
            | Value::Text(_)
            | Value::Empty => None,
        };
        let values: Option<i128> = self.series.columns.iter().map(cell).sum();
        if let Some(value) = values {
            self.seen.add(Point { from: sample.from, until: sample.until, value });
        }
    }

    /// What a statistic comes to, and the end of the sample interval that it was seen in, where it
    /// is that of one; none where no sample has a value.
    pub fn statistic(&self, statistic: Statistic) -> Option<(Number, Option<SimTime>)> {
        let mut seen = self.seen;
        seen.close();
        let point = |p: Option<Point>| p.map(|p| (self.number(p.value), Some(p.until)));
        match statistic {
            Statistic::Min => point(seen.least),
            Statistic::Max => point(seen.most),
            Statistic::First => point(seen.first),
            Statistic::Last => point(seen.last),
            Statistic::Count => Some((Number::Whole(seen.count.into()), None)),
            Statistic::Sum => (seen.count > 0).then_some((self.number(seen.sum), None)),
            Statistic::Variance => seen.variance().map(|variance| (Number::Real(variance), None)),
            Statistic::Mean => mean(seen.sum, seen.count).map(|mean| (self.scaled(mean), None)),
            // The check of a scenario lets none of these through.
            Statistic::Value
            | Statistic::P50
            | Statistic::P90
            | Statistic::P95
            | Statistic::P99
            | Statistic::P999 => None,
        }
    }
}

impl Tally<'_> {
    fn number(&self, value: i128) -> Number {
        self.scaled(Number::Whole(value))
    }

    /// A number in the unit of the series: money is added up in picodollars.
    fn scaled(&self, number: Number) -> Number {
        match self.series.metric.unit {
            "USD" => Number::Real(number.to_f64() / 1e12),
            _ => number,
        }
    }
}

/// A mean, whole where it is.
fn mean(sum: i128, count: u64) -> Option<Number> {
    let count = i128::from(count);
    match count {
        0 => None,
        _ if sum % count == 0 => Some(Number::Whole(sum / count)),
        _ => Some(Number::Real(sum as f64 / count as f64)),
    }
}
