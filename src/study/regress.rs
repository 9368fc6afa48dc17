//! A regression: layers of comparisons, which are never mixed.
//!
//! A layer has rows of its own kind and its own way to judge them. The one that there is compares
//! with formulas, tables and other programs: [`Layer::Truth`].

use super::truth::{Row, Standing};

/// One layer of a regression.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// What runs come to beside what somebody else says they must.
    Truth(Vec<Row>),
}

impl Layer {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Truth(_) => "truth",
        }
    }

    /// Rows that are judged.
    pub fn judged(&self) -> usize {
        match self {
            Self::Truth(rows) => rows.iter().filter(|r| r.standing != Standing::Told).count(),
        }
    }

    /// Rows that do not hold.
    pub fn failed(&self) -> usize {
        match self {
            Self::Truth(rows) => rows.iter().filter(|r| r.standing == Standing::Fail).count(),
        }
    }
}
