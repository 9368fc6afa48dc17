//! A range of values: from one to another, in steps or so many.

use super::axis::MOST_SPOTS;
use crate::scenario::source::{Findings, shown};
use crate::scenario::tree::{Node, Value};
use crate::units::{Mebibytes, Rate, Ratio, SimDuration};

/// Figures that values between the ends of a logarithmic range are rounded to.
const FIGURES: i32 = 3;

/// A number that a range can count in, with its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Quantity {
    /// A whole number: values between are whole too.
    Whole(f64),
    /// A number with a point.
    Real(f64),
    /// A length of time, in nanoseconds.
    Length(f64),
    /// A rate a second.
    Rate(f64),
    /// A share.
    Share(f64),
    /// Memory in MiB.
    Memory(f64),
}

impl Quantity {
    fn of(node: &Node) -> Option<Self> {
        match &node.value {
            Value::Integer(n) => Some(Self::Whole(*n as f64)),
            Value::Float(n) => n.is_finite().then_some(Self::Real(*n)),
            Value::Text(said) => {
                let length = SimDuration::parse(said).map(|length| Self::Length(length.0 as f64));
                let rate = || Rate::parse(said).map(|rate| Self::Rate(rate.0));
                let share = || Ratio::parse(said).map(|share| Self::Share(share.0));
                let memory = || Mebibytes::parse(said).map(|m| Self::Memory(f64::from(m.0)));
                length.or_else(|_| rate()).or_else(|_| share()).or_else(|_| memory()).ok()
            }
            Value::Bool(_)
            | Value::Datetime
            | Value::List(_)
            | Value::Table(_)
            | Value::Sample(_) => None,
        }
    }

    fn number(self) -> f64 {
        match self {
            Self::Whole(n)
            | Self::Real(n)
            | Self::Length(n)
            | Self::Rate(n)
            | Self::Share(n)
            | Self::Memory(n) => n,
        }
    }

    /// Another number of the same kind.
    fn with(self, n: f64) -> Self {
        match self {
            Self::Whole(_) => Self::Whole(n.round()),
            Self::Real(_) => Self::Real(n),
            Self::Length(_) => Self::Length(n.round()),
            Self::Rate(_) => Self::Rate(n),
            Self::Share(_) => Self::Share(n),
            Self::Memory(_) => Self::Memory(n.round()),
        }
    }

    /// Whether another can be put beside it; whole and other numbers can.
    fn is_like(self, other: Self) -> bool {
        let plain = |q: Self| matches!(q, Self::Whole(_) | Self::Real(_));
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
            || plain(self) && plain(other)
    }

    fn value(self) -> Value {
        match self {
            Self::Whole(n) => Value::Integer(n as i128),
            Self::Real(n) => Value::Float(n),
            Self::Length(n) => Value::Text(SimDuration(n as u64).to_string()),
            Self::Rate(n) => Value::Text(Rate(n).to_string()),
            Self::Share(n) => Value::Text(format!("{}%", tidy(100.0 * n))),
            Self::Memory(n) => Value::Text(Mebibytes(n as u32).to_string()),
        }
    }
}

/// A number without what the arithmetic of floats adds in its last digits.
fn tidy(number: f64) -> f64 {
    to_figures(number, 12)
}

/// A number rounded to so many figures.
fn to_figures(number: f64, figures: i32) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return number;
    }
    let digits = figures as usize - 1;
    // A decimal of so many digits is read back as the nearest float.
    format!("{number:.digits$e}").parse().unwrap_or(number)
}

/// The values of a range, each with the place of its begin; none where something is wrong, which
/// is told.
pub(super) fn points(
    item: &Node,
    from: &Node,
    to: &Node,
    found: &mut Findings,
) -> Option<Vec<Node>> {
    let mut quantity = |node: &Node| {
        let quantity = Quantity::of(node);
        if quantity.is_none() {
            let label = format!("expected a number, or a text with a unit, found {}", node.show());
            found.error("a range can't count in this", &node.place, label);
        }
        quantity
    };
    let (first, last) = (quantity(from), quantity(to));
    let (mut first, last) = (first?, last?);
    if !first.is_like(last) {
        let label = format!("it begins with {}", from.show());
        found.error("a range ends in the unit that it begins in", &to.place, label);
        return None;
    }
    if let (Quantity::Whole(n), Quantity::Real(_)) = (first, last) {
        first = Quantity::Real(n);
    }
    if last.number() < first.number() {
        let title = "the range is empty";
        let label = format!("{} is less than {}", to.show(), from.show());
        found.error(title, &to.place, label).also(&from.place, "it begins here");
        return None;
    }
    let is_log = item.get("scale").and_then(Node::text) == Some("log");
    let numbers = match (item.get("step"), item.get("count")) {
        (Some(step), None) if is_log => {
            let label = "a step adds: values of the same ratio are counted";
            found.error("a logarithmic range has no step", &step.place, label).help("say count");
            return None;
        }
        (Some(step), None) => stepped(&mut first, last, step, found)?,
        (None, Some(count)) => {
            let count: usize = count.whole()?;
            if is_log && first.number() <= 0.0 {
                let label = "there is no ratio to it";
                found.error("a logarithmic range begins above zero", &from.place, label);
                return None;
            }
            counted(first, last, count, is_log)
        }
        (Some(_), Some(count)) => {
            let label = "the step says how many there are";
            found.error("a range has a step or a count", &count.place, label);
            return None;
        }
        (None, None) => {
            let help = "for example step = 1, or count = 5";
            let title = "the range does not say which values it has";
            found.error(title, &item.place, "").help(help);
            return None;
        }
    };
    let mut values: Vec<Quantity> = numbers.into_iter().map(|n| first.with(n)).collect();
    values.dedup();
    let node = |q: Quantity| Node { place: from.place.clone(), given: true, value: q.value() };
    Some(values.into_iter().map(node).collect())
}

/// Numbers from one to another, a step apart.
fn stepped(
    first: &mut Quantity,
    last: Quantity,
    step: &Node,
    found: &mut Findings,
) -> Option<Vec<f64>> {
    let Some(width) = Quantity::of(step).filter(|width| first.is_like(*width)) else {
        let label = format!("found {}", shown(&step.show()));
        found.error("a step is in the unit of its range", &step.place, label);
        return None;
    };
    if width.number() <= 0.0 {
        found.error("the range has no end", &step.place, "a step is more than zero");
        return None;
    }
    if let (Quantity::Whole(n), Quantity::Real(_)) = (*first, width) {
        *first = Quantity::Real(n);
    }
    let (from, width) = (first.number(), width.number());
    let steps = (last.number() - from) / width * (1.0 + 1e-12);
    if steps >= MOST_SPOTS as f64 {
        let label = format!("that is {steps:.0} values, at most {MOST_SPOTS} are run");
        found.error("the axis has too many values", &step.place, label);
        return None;
    }
    Some((0..=steps as u32).map(|i| tidy(from + f64::from(i) * width)).collect())
}

/// So many numbers from one to another, both among them.
fn counted(first: Quantity, last: Quantity, count: usize, is_log: bool) -> Vec<f64> {
    let (from, to) = (first.number(), last.number());
    let gaps = count.saturating_sub(1);
    let between = |i: usize| {
        let part = i as f64 / gaps as f64;
        match is_log {
            true => to_figures(from * libm::pow(to / from, part), FIGURES),
            false => tidy(from + part * (to - from)),
        }
    };
    let mut numbers = vec![from];
    numbers.extend((1..gaps).map(between));
    numbers.extend((gaps > 0).then_some(to));
    numbers
}
