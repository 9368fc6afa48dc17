//! Lengths of which some are cut off: what is known of those is that they are longer.
//!
//! The share that lasts longer than t is Kaplan and Meier's (1958). Where every length that was
//! cut off was cut off at the same one, that is the plain share. The interval of a quantile is the
//! widest of order statistics: as if each that was cut off had ended there, and as if none ever
//! ended.

use super::interval::{Interval, LEVEL, quantile};

/// A length, and whether it ended by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lasted {
    /// How long it was watched.
    pub length: f64,
    /// Whether it ended then; else it was cut off.
    pub ended: bool,
}

/// Lengths in order; of equal ones those that ended come first, as a length that is cut off there
/// may still end.
pub fn sorted(lengths: &[Lasted]) -> Vec<Lasted> {
    let mut sorted = lengths.to_vec();
    sorted.sort_by(|a, b| a.length.total_cmp(&b.length).then(b.ended.cmp(&a.ended)));
    sorted
}

/// The length that a share `q` of all does not exceed, out of lengths in order; infinite where so
/// many did not end, none of none.
pub fn length_at(sorted: &[Lasted], q: f64) -> Option<f64> {
    if sorted.is_empty() {
        return None;
    }
    let mut lasting = 1.0;
    for (i, lasted) in sorted.iter().enumerate() {
        if lasted.ended {
            let left = (sorted.len() - i) as f64;
            lasting *= (left - 1.0) / left;
            // Products of quotients end a little beside the share that they stand for.
            if lasting <= 1.0 - q + 1e-12 {
                return Some(lasted.length);
            }
        }
    }
    Some(f64::INFINITY)
}

/// That length with its interval; none where there are too few for one.
pub fn length_within(sorted: &[Lasted], q: f64) -> Option<Interval> {
    let ended: Vec<f64> = sorted.iter().map(|lasted| lasted.length).collect();
    let endless = |lasted: &Lasted| if lasted.ended { lasted.length } else { f64::INFINITY };
    let mut never: Vec<f64> = sorted.iter().map(endless).collect();
    never.sort_by(f64::total_cmp);
    let (low, high) = (quantile(&ended, q, LEVEL)?.low, quantile(&never, q, LEVEL)?.high);
    Some(Interval { estimate: length_at(sorted, q)?, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weeks in remission of the 21 patients with 6-mercaptopurine (Freireich and others 1963), as
    /// every textbook on survival has them; negative stands for cut off.
    const WEEKS: [f64; 21] = [
        6.0, 6.0, 6.0, -6.0, 7.0, -9.0, 10.0, -10.0, -11.0, 13.0, 16.0, -17.0, -19.0, -20.0, 22.0,
        23.0, -25.0, -32.0, -32.0, -34.0, -35.0,
    ];

    fn weeks() -> Vec<Lasted> {
        let lasted = |w: &f64| Lasted { length: w.abs(), ended: *w > 0.0 };
        sorted(&WEEKS.iter().rev().map(lasted).collect::<Vec<_>>())
    }

    /// The published estimates: 0.857 last longer than 6 weeks, 0.807 than 7, 0.753 than 10, 0.690
    /// than 13, 0.627 than 16, 0.538 than 22, 0.448 than 23.
    #[test]
    fn shares_are_those_of_the_published_example() {
        let check = |lasting: f64, length| {
            assert_eq!(length_at(&weeks(), 1.0 - lasting - 0.0005), Some(length), "{lasting}");
        };
        check(0.857, 6.0);
        check(0.807, 7.0);
        check(0.753, 10.0);
        check(0.690, 13.0);
        check(0.627, 16.0);
        check(0.538, 22.0);
        check(0.448, 23.0);
        assert_eq!(length_at(&weeks(), 0.5), Some(23.0), "the median remission");
        assert_eq!(length_at(&weeks(), 0.9), Some(f64::INFINITY));
        assert_eq!(length_at(&[], 0.5), None);
    }

    /// Of 21 the median lies between the 6th and the 16th (any table of the sign test).
    #[test]
    fn intervals_allow_for_what_was_cut_off() {
        let median = length_within(&weeks(), 0.5).expect("enough");
        assert_eq!((median.estimate, median.low, median.high), (23.0, 9.0, f64::INFINITY));
        let all: Vec<Lasted> =
            (1..=20).map(|n| Lasted { length: f64::from(n), ended: true }).collect();
        let median = length_within(&all, 0.5).expect("enough");
        assert_eq!((median.estimate, median.low, median.high), (10.0, 6.0, 15.0));
        assert_eq!(length_within(&all[..5], 0.5), None);
    }
}
