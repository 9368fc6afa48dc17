//! What a policy decides over a series beside what somebody else says it must: row by row, cell by
//! cell.

use super::truth::{Row, Standing};
use crate::scenario::{Decisions, DryRun, Replay, Series};
use crate::world::autoscaler::replay::replay;

/// How far averages may be apart: they are sums in another order.
const NEAR: f64 = 1e-6;

/// Replays a policy and counts the decisions that are as they must be; one that there should not
/// be takes one off. Beside the row the first decision that is another.
pub fn decisions(
    case: &str,
    settings: &DryRun,
    asked: &Replay,
    series: &Series,
    must: &Decisions,
) -> (Row, Option<String>) {
    let (mut agree, mut made, mut first) = (0_i64, 0, None);
    replay(settings, series, asked.startup, |row| {
        let got = row.to_string();
        let other = match must.rows.get(made) {
            Some(must_be) => differs(&must.columns, must_be, &got),
            None => Some(format!("{got} should not be there")),
        };
        made += 1;
        match other {
            None => agree += 1,
            Some(other) => {
                agree -= i64::from(made > must.rows.len());
                first.get_or_insert(other);
            }
        }
    });
    if let Some(missing) = must.rows.get(made) {
        first.get_or_insert_with(|| format!("{} is missing", missing.join(",")));
    }
    let all = must.rows.len() as f64;
    let row = Row {
        case: case.to_owned(),
        quantity: "decisions that agree".to_owned(),
        unit: "decisions",
        expected: Some(all),
        source: asked.source.clone(),
        tolerance: Some(0.0),
        runs: 1,
        simulated: Some(agree as f64),
        half_width: None,
        standing: if first.is_none() { Standing::Pass } else { Standing::Fail },
    };
    (row, first)
}

/// The first cell in which a decision is not the one that it must be.
fn differs(columns: &[String], must: &[String], got: &str) -> Option<String> {
    let cells = columns.iter().zip(must).zip(got.split(','));
    let other = cells.into_iter().find(|((_, must), got)| !same(must, got));
    let ((column, must_be), cell) = other?;
    let of = match (must.first(), column.as_str()) {
        (Some(t), "t_s") => format!("the decision at {t} s"),
        (Some(t), name) => format!("{name} at {t} s"),
        (None, name) => name.to_owned(),
    };
    let shown = |cell: &str| if cell.is_empty() { "nothing" } else { cell }.to_owned();
    Some(format!("{of} is {} for {}", shown(cell), shown(must_be)))
}

/// Whether two cells are the same text, or numbers that are near enough.
fn same(must: &str, got: &str) -> bool {
    let number = |cell: &str| cell.parse::<f64>().ok();
    must == got
        || number(must).zip(number(got)).is_some_and(|(must, got)| (must - got).abs() < NEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_compared_as_what_they_are() {
        let columns = ["t_s", "wanted", "stable"].map(str::to_owned);
        let differs = |must: [&str; 3], got| differs(&columns, &must.map(str::to_owned), got);
        assert_eq!(differs(["2", "3", "0.666667"], "2,3,0.6666666666666666"), None);
        assert_eq!(differs(["2", "3", ""], "2,3,"), None);
        let other = |must, got, said: &str| assert_eq!(differs(must, got).as_deref(), Some(said));
        other(["2", "3", "0.5"], "2,3,0.50001", "stable at 2 s is 0.50001 for 0.5");
        other(["2", "3", "0.5"], "2,3,", "stable at 2 s is nothing for 0.5");
        other(["2", "3", ""], "2,3,0", "stable at 2 s is 0 for nothing");
        other(["2", "3", "0"], "2,4,1", "wanted at 2 s is 4 for 3");
        other(["4", "3", "0"], "2,3,0", "the decision at 4 s is 2 for 4");
    }
}
