//! What runs came to beside what others say they must, as a table: all of it as CSV, and in fewer
//! words and digits as Markdown.

use super::csv::whole_table;
use crate::record::Value;
use crate::study::truth::{Row, Standing};

/// Digits that count in the CSV: more than any interval tells.
const EXACT: usize = 9;
/// Digits that count in Markdown.
const SHORT: usize = 5;

/// Where a table in Markdown begins and ends in a text that has more than the table.
pub const MARKERS: [&str; 2] = ["<!-- validation: begin -->", "<!-- validation: end -->"];

/// Columns of `validation.csv`.
const COLUMNS: [&str; 12] = [
    "case",
    "quantity",
    "unit",
    "expected",
    "source",
    "tolerance",
    "relative_tolerance",
    "simulated",
    "half_width",
    "relative_error",
    "runs",
    "pass",
];

/// A number of so many digits.
fn rounded(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits - 1).parse().unwrap_or(number)
}

/// The rows as CSV, with a header; the half-width is that of a 95 % interval.
pub fn csv(rows: &[Row]) -> Vec<u8> {
    let number = |n: Option<f64>| n.map_or(Value::Empty, |n| Value::Ratio(rounded(n, EXACT)));
    whole_table(
        &COLUMNS,
        rows.iter().map(|row| {
            [
                Value::Text(&row.case),
                Value::Text(&row.quantity),
                Value::Text(row.unit),
                number(row.expected),
                Value::Text(&row.source),
                number(row.tolerance),
                number(row.relative_tolerance()),
                number(row.simulated),
                number(row.half_width),
                number(row.relative_error()),
                Value::Count(row.runs),
                Value::Text(row.standing.name()),
            ]
        }),
    )
}

/// A number for people; a share in per cent.
pub fn shown(number: f64, unit: &str) -> String {
    match unit {
        "1" => format!("{} %", rounded(100.0 * number, SHORT)),
        "s" => format!("{} s", rounded(number, SHORT)),
        _ => rounded(number, SHORT).to_string(),
    }
}

/// A number of two digits, as wide as a tolerance is known.
fn rough(number: f64) -> String {
    format!("{} %", rounded(100.0 * number, 2))
}

/// The rows as a table in Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = "| case | quantity | expected | simulated, 95 % | may be off by | |\n\
                    |---|---|---|---|---|---|\n"
        .to_owned();
    let mut last = "";
    for row in rows {
        let case = if row.case == last { "" } else { row.case.as_str() };
        last = &row.case;
        let expected = row.expected.map_or(String::new(), |n| format!("{}, ", shown(n, row.unit)));
        let simulated = row.simulated.map_or("nothing".to_owned(), |n| shown(n, row.unit));
        let half = row.half_width.filter(|half| *half > 0.0);
        let half = half
            .map_or(String::new(), |half| format!(" ± {}", rounded(half_in(half, row.unit), 2)));
        let off = match row.standing {
            Standing::Told => {
                row.relative_error().map_or(String::new(), |e| format!("is off by {}", rough(e)))
            }
            Standing::Pass | Standing::Fail => match (row.tolerance, row.relative_tolerance()) {
                (Some(0.0), _) => "nothing".to_owned(),
                (_, Some(relative)) => rough(relative),
                (tolerance, None) => tolerance.map_or(String::new(), |t| shown(t, row.unit)),
            },
        };
        let mark = match row.standing {
            Standing::Pass => "✓",
            Standing::Fail => "✗",
            Standing::Told => "",
        };
        let source = row.source.replace('|', "\\|");
        let quantity = &row.quantity;
        text += &format!(
            "| {case} | {quantity} | {expected}{source} | {simulated}{half} | {off} | {mark} |\n"
        );
    }
    text
}

/// A half-width in the unit that is shown.
fn half_in(half: f64, unit: &str) -> f64 {
    if unit == "1" { 100.0 * half } else { half }
}

/// A text with another table between its markers; nothing where it has none.
pub fn between_markers(text: &str, table: &str) -> Option<String> {
    let [begin, end] = MARKERS;
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n\n{table}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(standing: Standing) -> Row {
        Row {
            case: "erlang".to_owned(),
            quantity: "refused_ratio".to_owned(),
            unit: "1",
            expected: Some(0.121_661),
            source: "Erlang B".to_owned(),
            tolerance: Some(0.001_216_61),
            runs: 20,
            simulated: Some(0.1217),
            half_width: Some(0.000_3),
            standing,
        }
    }

    #[test]
    fn a_row_in_both_tables() {
        let rows = [row(Standing::Pass), row(Standing::Fail)];
        let text = String::from_utf8(csv(&rows)).expect("text");
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(COLUMNS.join(",").as_str()));
        let first = "erlang,refused_ratio,1,0.121661,Erlang B,0.00121661,0.01,0.1217,0.0003,";
        assert!(lines.next().is_some_and(|line| line.starts_with(first)), "{text}");
        let table = markdown(&rows);
        let expected = "| erlang | refused_ratio | 12.166 %, Erlang B | 12.17 % ± 0.03 | 1 % | ✓ |";
        assert_eq!(table.lines().nth(2), Some(expected));
        assert!(table.ends_with("| 1 % | ✗ |\n"), "{table}");
    }

    #[test]
    fn what_is_between_the_markers_is_replaced() {
        let [begin, end] = MARKERS;
        let text = format!("a\n{begin}\nold\n{end}\nb\n");
        let once = between_markers(&text, "new\n");
        assert_eq!(once, Some(format!("a\n{begin}\n\nnew\n\n{end}\nb\n")));
        assert_eq!(between_markers(&once.clone().unwrap_or_default(), "new\n"), once);
        assert_eq!(between_markers("a\n", "new\n"), None);
    }
}
