//! A window of one-second buckets and its average.
//!
//! Source: Knative serving, `pkg/autoscaler/aggregation`. Two things are easily got wrong: the
//! average of a window that is not filled divides by the seconds since the first report, and
//! seconds after the last report are no zeros: the window shrinks from its old end instead.

use crate::scenario::Aggregation;

/// Weight that the weighted average leaves to what lies before the window.
const REST: f64 = 0.0001;

/// The weight of the latest second at least.
const LEAST_WEIGHT: f64 = 0.2;

/// Half of the last digit of a double, and less: a term below so much of a sum changes nothing.
const NOTHING: f64 = f64::EPSILON / 4.0;

/// Reports of the last seconds, one bucket a second.
#[derive(Debug)]
pub struct Window {
    /// A ring: the bucket of second `k` is `k` modulo the length.
    buckets: Vec<f64>,
    /// The weight of the bucket that lies so many seconds back; none where all weigh alike.
    weights: Vec<f64>,
    /// No bucket has ever held more.
    most: f64,
    /// First and last second written.
    written: Option<(u64, u64)>,
}

impl Window {
    /// An empty window of whole seconds.
    pub fn new(seconds: usize, aggregation: Aggregation) -> Self {
        let weights = match aggregation {
            Aggregation::Linear => Vec::new(),
            Aggregation::WeightedExponential => {
                let root = libm::pow(REST, 1.0 / seconds as f64);
                let latest = (1.0 - root).max(LEAST_WEIGHT);
                let older = |weight: &f64| Some(weight * (1.0 - latest));
                std::iter::successors(Some(latest), older).take(seconds).collect()
            }
        };
        Self { buckets: vec![0.0; seconds], weights, most: 0.0, written: None }
    }

    fn length(&self) -> u64 {
        self.buckets.len() as u64
    }

    fn slot(&self, second: u64) -> usize {
        (second % self.length()) as usize
    }

    /// Adds a report to the bucket of its second.
    pub fn record(&mut self, second: u64, value: f64) {
        let length = self.length();
        self.written = match self.written {
            Some((first, last)) if second < last + length => {
                if last >= second + length {
                    return;
                }
                for silent in last + 1..=second {
                    let slot = self.slot(silent);
                    self.buckets[slot] = 0.0;
                }
                Some((first.min(second), last.max(second)))
            }
            // Nothing yet, or a whole window of silence.
            Some(_) | None => {
                self.buckets.fill(0.0);
                Some((second, second))
            }
        };
        let slot = self.slot(second);
        self.buckets[slot] += value;
        self.most = self.most.max(self.buckets[slot]);
    }

    /// Whether there has been no report for more than a window.
    pub fn is_empty(&self, now: u64) -> bool {
        self.written.is_none_or(|(_, last)| now.saturating_sub(last) > self.length())
    }

    /// The average as it stands in a second; zero where nothing is in the window.
    pub fn average(&self, now: u64) -> f64 {
        let Some((first, last)) = self.written else { return 0.0 };
        let gap = now.saturating_sub(last);
        if gap >= self.length() {
            return 0.0;
        }
        let within = self.length() - gap;
        if !self.weights.is_empty() {
            return self.weighted(last, gap, within);
        }
        let count = (last - first + 1).min(within);
        // The buckets (last - within, last], in the order of the ring.
        let end = self.slot(last) + 1;
        let within = within as usize;
        let sum = match end.checked_sub(within) {
            Some(begin) => sum(&self.buckets[begin..end]),
            None => {
                let begin = end + self.buckets.len() - within;
                sum(&self.buckets[begin..]) + sum(&self.buckets[..end])
            }
        };
        round6(sum / count as f64)
    }

    /// The sum of the buckets, each times its weight: not divided by what the weights of a window
    /// that is not filled come to, and not rounded.
    fn weighted(&self, last: u64, gap: u64, within: u64) -> f64 {
        let weights = &self.weights[gap as usize..];
        let end = self.slot(last) + 1;
        let newer = self.buckets[..end].iter().rev();
        let older = self.buckets[end..].iter().rev();
        let latest_first = newer.chain(older).take(within as usize);
        let mut sum = 0.0;
        for (bucket, weight) in latest_first.zip(weights) {
            // Weights fall: nor do those that follow change anything.
            if weight * self.most < sum * NOTHING {
                break;
            }
            sum += bucket * weight;
        }
        sum
    }
}

/// A sum in eight lanes, which a long window can't do without.
fn sum(buckets: &[f64]) -> f64 {
    let (eights, rest) = buckets.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for eight in eights {
        for (lane, bucket) in lanes.iter_mut().zip(eight) {
            *lane += bucket;
        }
    }
    lanes.iter().chain(rest).sum()
}

/// To six decimals, half away from zero.
fn round6(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(seconds: usize, reports: &[(u64, f64)]) -> Window {
        let mut window = Window::new(seconds, Aggregation::Linear);
        reports.iter().for_each(|&(second, value)| window.record(second, value));
        window
    }

    /// The facts that the specification draws from its rules.
    #[test]
    fn averages_divide_by_what_was_seen() {
        let check = |reports: &[(u64, f64)], now: u64, average: f64| {
            assert_eq!(window(60, reports).average(now), average, "{reports:?} at {now}");
        };
        check(&[], 5, 0.0);
        // After one second of 25 requests the average of a minute is 25.
        check(&[(100, 25.0)], 100, 25.0);
        check(&[(100, 25.0), (101, 35.0)], 101, 30.0);
        // Silence is no zero; silence between two reports is.
        check(&[(100, 25.0), (101, 35.0)], 130, 30.0);
        check(&[(100, 30.0), (102, 30.0)], 102, 20.0);
        // Two reports of one second add up, late ones are taken, too late ones are not.
        check(&[(100, 30.0), (100, 10.0)], 100, 40.0);
        check(&[(100, 30.0), (90, 25.0)], 100, 5.0);
        check(&[(100, 30.0), (40, 25.0)], 100, 30.0);
        // A whole window of silence, and everything begins anew.
        check(&[(100, 30.0), (159, 30.0)], 159, 1.0);
        check(&[(100, 30.0), (160, 30.0)], 160, 30.0);
        check(&[(0, 1.0), (63, 0.0)], 63, 0.0);
    }

    #[test]
    fn a_constant_load_stays_in_silence_and_then_drops() {
        let reports: Vec<(u64, f64)> = (0..200).map(|s| (s, 7.0)).collect();
        let window = window(60, &reports);
        for now in 199..=258 {
            assert_eq!(window.average(now), 7.0, "{now}");
        }
        assert_eq!((window.average(259), window.is_empty(259)), (0.0, false));
        assert!(window.is_empty(260));
    }

    #[test]
    fn the_old_end_goes_first() {
        // 60 s of 1 after 60 s of 0: at 10 s of silence the last 50 buckets are left.
        let reports: Vec<(u64, f64)> = (0..120).map(|s| (s, (s / 60) as f64)).collect();
        assert_eq!(window(120, &reports).average(129), 0.545_455);
    }

    #[test]
    fn averages_are_rounded_half_away_from_zero() {
        assert_eq!(round6(0.000_000_5), 0.000_001);
        assert_eq!(round6(1.0 / 128.0), 0.007_813);
        assert_eq!(round6(2.0 / 3.0), 0.666_667);
    }

    /// Weights of the specification: windows of 6, 40 and 42 s or more.
    #[test]
    fn weighted_windows_start_low() {
        let check = |seconds: usize, weight: f64| {
            let mut window = Window::new(seconds, Aggregation::WeightedExponential);
            window.record(10, 1.0);
            assert!((window.average(10) - weight).abs() < 1e-5, "{seconds}");
            assert!((window.average(11) - weight * (1.0 - weight)).abs() < 1e-5, "{seconds}");
        };
        check(6, 0.78456);
        check(40, 0.20567);
        check(42, 0.2);
        check(3_600, 0.2);
        // Nine tenths of the weight of a minute lie in the last ten seconds.
        let mut window = Window::new(60, Aggregation::WeightedExponential);
        (0..10).for_each(|second| window.record(second, 1.0));
        assert!((window.average(9) - 0.892_626).abs() < 1e-6);
    }

    /// A long window is not gone through to its end, and still nothing of it is lost.
    #[test]
    fn what_is_left_out_of_a_weighted_window_changes_nothing() {
        let check = |values: &dyn Fn(u64) -> f64| {
            let mut window = Window::new(3_600, Aggregation::WeightedExponential);
            (0..4_000).for_each(|second| window.record(second, values(second)));
            let terms = (0..3_600).map(|i| values(3_999 - i) * window.weights[i as usize]);
            let whole = terms.fold(0.0, |sum: f64, term| sum + term);
            assert_eq!(window.average(3_999).to_bits(), whole.to_bits());
        };
        check(&|second| (second * 7_919 % 1_009) as f64 / 3.0);
        check(&|second| if second < 1_000 { 5e9 } else { 0.0 });
        check(&|second| if second < 3_900 { 1e15 } else { 1e-9 });
    }

    #[test]
    fn lanes_add_up() {
        let values: Vec<f64> = (1..=61).map(f64::from).collect();
        assert_eq!(sum(&values), 61.0 * 62.0 / 2.0);
    }
}
