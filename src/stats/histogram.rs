//! A log-linear histogram of durations: 128 cells an octave from 1 µs to 2 h, exact to merge.
//!
//! A cell is less than 1 % of its value wide. Values below 1 µs fall into the first cell, values
//! from 2^43 ns (2 h 26 min) on into the last. A bitmap of the cells in use, and one of its words,
//! make reading and clearing cost what was recorded, not the whole range.

/// Binary digits within an octave.
const FINE: u32 = 7;
/// Cells an octave.
const PER_OCTAVE: usize = 1 << FINE;
/// log2 of the first octave's start in nanoseconds: 1.024 µs.
const FIRST: u32 = 10;
/// log2 of the end of the last octave in nanoseconds: 2.4 h.
const LAST: u32 = 43;
/// Cells: one below the first octave, the octaves, one above the last.
const CELLS: usize = (LAST - FIRST) as usize * PER_OCTAVE + 2;
/// Words of the bitmap.
const WORDS: usize = CELLS.div_ceil(64);

const _: () = assert!(WORDS <= 128);

/// Counts of durations in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    count: Box<[u64]>,
    /// A bit a cell in use.
    used: Box<[u64]>,
    /// A bit a word of `used` that is not zero.
    words: u128,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        let used = vec![0; WORDS].into();
        Self { count: vec![0; CELLS].into(), used, words: 0, total: 0 }
    }
}

/// The cell of a value.
#[inline]
fn cell(ns: u64) -> usize {
    if ns < 1 << FIRST {
        return 0;
    }
    if ns >= 1 << LAST {
        return CELLS - 1;
    }
    let octave = ns.ilog2();
    let fine = (ns >> (octave - FINE)) as usize - PER_OCTAVE;
    1 + (octave - FIRST) as usize * PER_OCTAVE + fine
}

/// The largest value of a cell.
fn upper(cell: usize) -> u64 {
    match cell {
        0 => (1 << FIRST) - 1,
        last if last == CELLS - 1 => 1 << LAST,
        _ => {
            let octave = FIRST + ((cell - 1) / PER_OCTAVE) as u32;
            let fine = ((cell - 1) % PER_OCTAVE + PER_OCTAVE) as u64;
            ((fine + 1) << (octave - FINE)) - 1
        }
    }
}

impl Histogram {
    /// Counts one duration.
    #[inline]
    pub fn record(&mut self, ns: u64) {
        let cell = cell(ns);
        let count = &mut self.count[cell];
        *count += 1;
        if *count == 1 {
            self.mark(cell);
        }
        self.total += 1;
    }

    /// A cell is in use.
    #[inline]
    fn mark(&mut self, cell: usize) {
        self.used[cell / 64] |= 1 << (cell % 64);
        self.words |= 1 << (cell / 64);
    }

    /// Durations counted.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The cells in use with their counts, in order of value.
    pub fn cells(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let (mut words, mut word, mut bits) = (self.words, 0, 0_u64);
        std::iter::from_fn(move || {
            if bits == 0 {
                word = (words != 0).then_some(words.trailing_zeros() as usize)?;
                words &= words - 1;
                bits = self.used[word];
            }
            let cell = word * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            Some((cell, self.count[cell]))
        })
    }

    /// The largest value of the cell that holds the quantile `q` of `0..=1` in nanoseconds, out of
    /// the durations counted and `above` more that are larger than all of them. `None` where
    /// there is none, or where the quantile is one of those above.
    pub fn quantile(&self, q: f64, above: u64) -> Option<u64> {
        let [value] = self.quantiles([q], above);
        value
    }

    /// The same of several, the least first, in one pass.
    pub fn quantiles<const N: usize>(&self, qs: [f64; N], above: u64) -> [Option<u64>; N] {
        let total = (self.total + above) as f64;
        let mut seen = 0;
        let mut cells = self.cells().map(|(cell, count)| {
            seen += count;
            (cell, seen)
        });
        let mut here = cells.next();
        qs.map(|q| {
            let rank = ((q * total).ceil() as u64).max(1);
            while here.is_some_and(|(_, seen)| seen < rank) {
                here = cells.next();
            }
            here.map(|(cell, _)| upper(cell))
        })
    }

    /// Adds all counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (cell, count) in other.cells() {
            self.add(cell, count);
        }
    }

    /// Adds the counts of another, as [`Self::cells`] gave them.
    pub fn add_cells(&mut self, cells: &[(usize, u64)]) {
        cells.iter().for_each(|&(cell, count)| self.add(cell, count));
    }

    fn add(&mut self, cell: usize, count: u64) {
        self.count[cell] += count;
        self.mark(cell);
        self.total += count;
    }

    /// Forgets everything, at the cost of the cells in use.
    pub fn clear(&mut self) {
        while self.words != 0 {
            let word = self.words.trailing_zeros() as usize;
            self.words &= self.words - 1;
            let mut bits = std::mem::take(&mut self.used[word]);
            while bits != 0 {
                self.count[word * 64 + bits.trailing_zeros() as usize] = 0;
                bits &= bits - 1;
            }
        }
        self.total = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_cell() {
        let mut below = None;
        for c in 0..CELLS - 1 {
            let top = upper(c);
            assert_eq!((cell(top), cell(top + 1)), (c, c + 1));
            let width = top - below.unwrap_or(0);
            assert!(c == 0 || (width as f64) < 0.01 * top as f64, "cell {c} is {width} wide");
            below = Some(top);
        }
        assert_eq!(cell(u64::MAX), CELLS - 1);
    }

    #[test]
    fn quantiles_are_order_statistics() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5, 0), None);
        for ms in 1..=100 {
            histogram.record(ms * 1_000_000);
        }
        let (qs, expected) = ([0.0, 0.5, 0.95, 0.99, 1.0], [1, 50, 95, 99, 100]);
        let together = histogram.quantiles(qs, 0);
        for ((q, ms), together) in qs.into_iter().zip(expected).zip(together) {
            let got = histogram.quantile(q, 0).expect("not empty");
            assert_eq!(together, Some(got), "quantile {q} beside others");
            assert_eq!(cell(got), cell(ms * 1_000_000), "quantile {q}: {got}");
        }
        let p90 = histogram.quantile(0.9, 11).expect("90 % of 111 is 100");
        assert_eq!(cell(p90), cell(100_000_000));
        assert_eq!(histogram.quantile(0.91, 11), None);
    }

    #[test]
    fn merging_and_clearing_count_everything() {
        let (mut a, mut b) = (Histogram::default(), Histogram::default());
        for i in 0..1_000_u64 {
            [&mut a, &mut b][(i % 2) as usize].record(i * i * 1_000);
        }
        let mut both = a.clone();
        both.merge(&b);
        assert_eq!(both.len(), 1_000);
        assert_eq!(both.cells().map(|(_, n)| n).sum::<u64>(), 1_000);
        let mut again = Histogram::default();
        again.add_cells(&both.cells().collect::<Vec<_>>());
        assert_eq!(again, both);
        both.clear();
        assert_eq!(both, Histogram::default());
    }
}
