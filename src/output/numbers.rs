//! Numbers as people read them: three figures, units, nothing rounded to none or to all.

use crate::study::Number;
use crate::units::{SECOND, SimDuration};

/// A count with separators: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, in the plural where it is not one; `s` makes the plural.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A share of 0 to 1 in per cent: `2.31 %`; as many digits as keep it apart from 0 and from 100.
pub fn share(part: f64) -> String {
    let percent = part * 100.0;
    let near = percent.min(100.0 - percent);
    let digits = match near {
        n if n <= 0.0 => 0,
        n if n < 0.000_1 => return if percent < 50.0 { "<0.0001 %" } else { ">99.9999 %" }.into(),
        n if n < 0.01 => 4,
        n if n < 0.1 => 3,
        n if n < 10.0 => 2,
        _ => 1,
    };
    format!("{percent:.digits$} %")
}

/// A share of 0 to 1 in whole per cent.
pub fn rough_share(part: f64) -> String {
    match part * 100.0 {
        p if p > 0.0 && p < 1.0 => "<1 %".to_owned(),
        p if p < 100.0 && p > 99.0 => ">99 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

/// A length of time: `8.3ms`, `102ms`, `9.8s`, `3m 12s`, `1h 4m`, `35d`.
pub fn length(length: SimDuration) -> String {
    let rounded = |unit: u64| (length.0 + unit / 2) / unit;
    let decimal = |tenths: u64, unit: &str| match tenths % 10 {
        0 => format!("{}{unit}", tenths / 10),
        tenth => format!("{}.{tenth}{unit}", tenths / 10),
    };
    let two = |whole: u64, unit: &str, rest: u64, small: &str| match rest {
        0 => format!("{whole}{unit}"),
        rest => format!("{whole}{unit} {rest}{small}"),
    };
    match length.0 {
        0 => return "0s".to_owned(),
        ns if ns < 1_000 => return format!("{ns}ns"),
        _ => {}
    }
    match rounded(SECOND / 10) {
        _ if rounded(1_000) < 1_000 => format!("{}us", rounded(1_000)),
        _ if rounded(100_000) < 100 => decimal(rounded(100_000), "ms"),
        _ if rounded(1_000_000) < 1_000 => format!("{}ms", rounded(1_000_000)),
        tenths if tenths < 600 => decimal(tenths, "s"),
        _ if rounded(SECOND) < 3_600 => two(rounded(SECOND) / 60, "m", rounded(SECOND) % 60, "s"),
        _ if rounded(60 * SECOND) < 1_440 => {
            two(rounded(60 * SECOND) / 60, "h", rounded(60 * SECOND) % 60, "m")
        }
        _ => two(rounded(3_600 * SECOND) / 24, "d", rounded(3_600 * SECOND) % 24, "h"),
    }
}

/// A number of zero or more in three figures at least: `0.00231`, `20`, `166.7`, `1,234`.
pub fn figures(number: f64) -> String {
    let digits = match number {
        n if n >= 1_000.0 => return count(n.round() as u64),
        n if n >= 100.0 => 1,
        n if n >= 1.0 => 2,
        n if n >= 0.01 => 4,
        _ => 6,
    };
    let text = format!("{number:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An amount of dollars: `$0.00231`, `$41.20`, `$1,234`.
pub fn dollars(amount: f64) -> String {
    match amount {
        n if n >= 1_000.0 => format!("${}", count(n.round() as u64)),
        n if n >= 0.1 => format!("${n:.2}"),
        n if n > 0.0 && n < 0.000_001 => "<$0.000001".to_owned(),
        n => format!("${}", figures(n)),
    }
}

/// A number in its unit.
pub fn shown(number: Number, unit: &str) -> String {
    match (number, unit) {
        (Number::Infinite, _) => "never".to_owned(),
        (number, "s") if number.to_f64() >= 0.0 => length(SimDuration(number.to_f64() as u64)),
        (number, "s") => format!("-{}", length(SimDuration(-number.to_f64() as u64))),
        (number, "1") => share(number.to_f64()),
        (number, "USD" | "USD/day") => dollars(number.to_f64()),
        (Number::Whole(whole), _) => match u64::try_from(whole) {
            Ok(whole) => count(whole),
            Err(_) => whole.to_string(),
        },
        (Number::Real(real), _) => {
            let text = format!("{real:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// A number that is in the unit of its metric already: a share or a length as people read them,
/// anything else in figures.
pub fn in_unit(number: f64, unit: &str) -> String {
    match unit {
        "s" | "1" => shown(Number::from_unit(number, unit), unit),
        _ if number.is_finite() && number >= 0.0 => figures(number),
        _ => shown(Number::from_unit(number, unit), unit),
    }
}

/// A rate with a letter for its size: `1.9M`.
pub fn short(number: f64) -> String {
    match number {
        n if n >= 9_950_000.0 => format!("{:.0}M", n / 1e6),
        n if n >= 995_000.0 => format!("{:.1}M", n / 1e6),
        n if n >= 9_950.0 => format!("{:.0}k", n / 1e3),
        n if n >= 995.0 => format!("{:.1}k", n / 1e3),
        n => format!("{n:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_three_at_least() {
        let numbers = [
            (0.0, "0"),
            (0.002_31, "0.00231"),
            (0.25, "0.25"),
            (20.0, "20"),
            (9.876_54, "9.88"),
            (166.666, "166.7"),
            (1_234.4, "1,234"),
        ];
        for (number, text) in numbers {
            assert_eq!(figures(number), text);
        }
    }

    #[test]
    fn dollars_are_never_rounded_to_none() {
        let amounts = [
            (0.0, "$0"),
            (1e-9, "<$0.000001"),
            (0.002_31, "$0.00231"),
            (0.25, "$0.25"),
            (41.2, "$41.20"),
            (1_234.4, "$1,234"),
        ];
        for (amount, text) in amounts {
            assert_eq!(dollars(amount), text);
        }
    }

    #[test]
    fn counts_have_separators() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")]
        {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "service"), "1 service");
        assert_eq!(counted(2_000, "service"), "2,000 services");
    }

    #[test]
    fn shares_are_never_rounded_to_none_or_all() {
        let check = |part: f64, text: &str, rough: &str| {
            assert_eq!((share(part).as_str(), rough_share(part).as_str()), (text, rough), "{part}");
        };
        check(0.0, "0 %", "0 %");
        check(1.0, "100 %", "100 %");
        check(0.023_1, "2.31 %", "2 %");
        check(0.5, "50.0 %", "50 %");
        check(0.88, "88.0 %", "88 %");
        check(0.000_05, "0.0050 %", "<1 %");
        check(0.999_96, "99.9960 %", ">99 %");
        check(1e-9, "<0.0001 %", "<1 %");
        check(1.0 - 1e-9, ">99.9999 %", ">99 %");
    }

    #[test]
    fn lengths_have_two_parts_at_most() {
        for (ns, text) in [
            (0, "0s"),
            (1, "1ns"),
            (340_000, "340us"),
            (8_340_000, "8.3ms"),
            (9_990_000, "10ms"),
            (102_400_000, "102ms"),
            (999_600_000, "1s"),
            (9_840_000_000, "9.8s"),
            (59_960_000_000, "1m"),
            (192 * SECOND, "3m 12s"),
            (3_599_600_000_000, "1h"),
            (3_840 * SECOND, "1h 4m"),
            (35 * 86_400 * SECOND, "35d"),
            (35 * 86_400 * SECOND + 7_200 * SECOND, "35d 2h"),
        ] {
            assert_eq!(length(SimDuration(ns)), text, "{ns}");
        }
    }

    #[test]
    fn rates_are_short() {
        let said: Vec<String> =
            [0.0, 994.0, 1_234.0, 45_678.0, 999_999.0, 1.94e6, 12.3e6].map(short).into();
        assert_eq!(said, ["0", "994", "1.2k", "46k", "1.0M", "1.9M", "12M"]);
    }

    #[test]
    fn numbers_are_shown_in_their_units() {
        let check = |number, unit, text: &str| assert_eq!(shown(number, unit), text);
        check(Number::Whole(9_840_000_000), "s", "9.8s");
        check(Number::Whole(-60_000_000_000), "s", "-1m");
        check(Number::Real(0.0231), "1", "2.31 %");
        check(Number::Whole(12_345), "requests", "12,345");
        check(Number::Real(2.5), "instances", "2.5");
        check(Number::Real(7.0), "requests", "7");
        check(Number::Real(0.002), "USD", "$0.002");
        check(Number::Real(12.875), "USD/day", "$12.88");
        check(Number::Infinite, "s", "never");
    }
}
