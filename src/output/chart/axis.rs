//! Ticks: 1-2-5 for numbers, clock-like for time.

/// The values from zero up to `max` that a linear axis marks, 3 to 6 of them or fewer where there
/// is room for `most`, and the axis's end.
pub fn linear(max: f64, most: usize) -> (Vec<f64>, f64) {
    let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
    let step = step_125(max / most.saturating_sub(2).clamp(1, 4) as f64);
    let end = (max / step).ceil() * step;
    let count = (end / step).round() as usize;
    ((0..=count).map(|i| i as f64 * step).collect(), end)
}

/// The values that an axis marks which need not begin at zero, and its ends.
pub fn between((low, high): (f64, f64)) -> (Vec<f64>, f64, f64) {
    let step = step_125((high - low).max(1e-9) / 6.0);
    let (first, last) = (libm::floor(low / step) as i64, libm::ceil(high / step) as i64);
    let mark = |i: i64| i as f64 * step;
    ((first..=last).map(mark).collect(), mark(first), mark(last))
}

/// The smallest of 1, 2, 5 × a power of ten that is not below a value.
fn step_125(least: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(least)));
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|f| f * power)
        .find(|s| *s >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// The values that a logarithmic axis marks between two positive ones, about so many at most, and
/// its ends.
pub fn logarithmic(min: f64, max: f64, most: usize) -> (Vec<f64>, f64, f64) {
    let mut marks = Vec::new();
    let first = libm::floor(libm::log10(min)) as i32;
    let last = libm::ceil(libm::log10(max)) as i32;
    for power in first..=last {
        marks.extend([1.0, 2.0, 5.0].map(|f| f * libm::pow(10.0, f64::from(power))));
    }
    let low = marks.iter().rposition(|&m| m <= min * 1.000_001).unwrap_or(0);
    let high = marks.iter().position(|&m| m >= max * 0.999_999).unwrap_or(marks.len() - 1);
    let high = high.max(low + 1).min(marks.len() - 1);
    let kept = marks[low..=high].to_vec();
    let (low, high) = (kept[0], kept[kept.len() - 1]);
    // Where there is no room for all, the ones alone are enough, and then every second of them.
    let power = |mark: f64| libm::round(libm::log10(mark));
    let is_one = |mark: &f64| (libm::log10(*mark) - power(*mark)).abs() < 1e-9;
    let ones = kept.iter().filter(|mark| is_one(mark)).count();
    let apart = if kept.len() <= most { 0 } else { ones.div_ceil(most.max(1)).max(1) };
    let shown = |mark: &f64| match apart {
        0 => true,
        apart => is_one(mark) && (power(*mark) as i64).rem_euclid(apart as i64) == 0,
    };
    (kept.into_iter().filter(shown).collect(), low, high)
}

/// Distances of marks on a time axis, in seconds.
const STEPS: [f64; 20] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
    10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
];

/// Instants that a time axis marks, with their texts: about so many at most.
pub fn time(from: f64, until: f64, most: f64) -> Vec<(f64, String)> {
    let span = until - from;
    let step = STEPS.into_iter().find(|s| span / s <= most).unwrap_or(span / most);
    let first = (from / step).ceil() as i64;
    let last = ((until + 1e-9) / step).floor() as i64;
    (first..=last).map(|i| i as f64 * step).map(|t| (t, clock(t, span))).collect()
}

/// What the numbers of a time axis are.
pub fn time_unit(span: f64) -> &'static str {
    match span {
        s if s <= 3_600.0 => "min:s",
        s if s <= 3.0 * 86_400.0 => "h:min",
        _ => "days",
    }
}

/// An instant in words.
pub fn time_text(t: f64, span: f64) -> String {
    let minutes = (t / 60.0).round() as i64;
    match span {
        s if s <= 3.0 * 86_400.0 => clock(t, span),
        _ => format!("day {} {:02}:{:02}", minutes / 1_440, minutes / 60 % 24, minutes % 60),
    }
}

/// An instant in the form that fits the span of the axis.
fn clock(t: f64, span: f64) -> String {
    let seconds = t.round() as i64;
    let (days, hours) = (seconds / 86_400, seconds / 3_600);
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match span {
        s if s <= 3_600.0 => format!("T+{minutes:02}:{rest:02}"),
        s if s <= 3.0 * 86_400.0 => format!("T+{hours}:{:02}", minutes % 60),
        _ => format!("day {days}"),
    }
}

/// A number as an axis or a label shows it.
pub fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 1e6 => format!("{}M", trim(value / 1e6)),
        v if v >= 1e4 => format!("{}k", trim(value / 1e3)),
        _ => trim(value),
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A latency in seconds with the unit that fits it.
pub fn latency(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{} µs", trim(s * 1e6)),
        s if s < 1.0 => format!("{} ms", trim(s * 1e3)),
        s => format!("{} s", trim(s)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_one_two_five() {
        assert_eq!(linear(7.0, 9), (vec![0.0, 2.0, 4.0, 6.0, 8.0], 8.0));
        assert_eq!(linear(100.0, 9), (vec![0.0, 50.0, 100.0], 100.0));
        assert_eq!(linear(0.0, 9).1, 1.0);
        assert_eq!(linear(7.0, 3), (vec![0.0, 10.0], 10.0));
        assert_eq!(logarithmic(0.07, 9.0, 4), (vec![0.1, 1.0, 10.0], 0.05, 10.0));
        assert_eq!(between((-1.2, 1.2)), (vec![-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5], -1.5, 1.5));
        assert_eq!(logarithmic(0.07, 0.9, 8), (vec![0.05, 0.1, 0.2, 0.5, 1.0], 0.05, 1.0));
    }

    #[test]
    fn time_has_at_most_ten_marks() {
        for span in [7.0, 61.0, 1_800.0, 7_200.0, 90_000.0, 3e6] {
            let marks = time(0.0, span, 9.0);
            assert!((3..=10).contains(&marks.len()), "{span}: {marks:?}");
        }
        assert_eq!(time(0.0, 1_800.0, 9.0)[1].1, "T+05:00");
    }
}
