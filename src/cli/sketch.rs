//! A run at a glance, after it, on a terminal: ready instances over time in eight rows of blocks,
//! and a line each for what else tells a story.

use super::console::{BAD, Console};
use super::numbers::{figures, length};
use crate::error::Error;
use crate::output::Written;
use crate::output::glance::{Glance, glance};
use crate::units::SimDuration;

/// Rows of the chart.
const ROWS: usize = 8;
/// Letters to the left of the data.
const LEFT: usize = 14;
/// Letters to the right of them.
const RIGHT: usize = 14;
/// Fewest and most columns of data.
const COLUMNS: std::ops::RangeInclusive<usize> = 16..=120;

/// Letters that a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    /// Blocks of an eighth.
    Blocks,
    /// The ones of ASCII.
    Ascii,
}

impl Letters {
    /// Those of a locale: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that says anything.
    pub(super) fn of(locale: [Option<String>; 3]) -> Self {
        let said = locale.into_iter().flatten().find(|name| !name.is_empty());
        let name = said.unwrap_or_default().to_lowercase();
        match name.ends_with("utf-8") || name.ends_with("utf8") || name.contains("utf-8@") {
            true => Self::Blocks,
            false => Self::Ascii,
        }
    }

    /// Parts of a row from nothing to all of it.
    fn parts(self) -> &'static [char] {
        match self {
            Self::Blocks => &[' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => &[' ', '.', ':', '#'],
        }
    }

    /// Sizes of a letter that is alone in its row.
    fn sizes(self) -> &'static [char] {
        match self {
            Self::Blocks => self.parts(),
            Self::Ascii => &[' ', '.', ':', '-', '=', '+', '*', '#', '@'],
        }
    }

    /// The value axis, the corner and the time axis.
    fn axes(self) -> [char; 3] {
        match self {
            Self::Blocks => ['┤', '└', '─'],
            Self::Ascii => ['|', '+', '-'],
        }
    }
}

/// Prints the sketch of a run, where a person sees it.
pub(super) fn told(written: &Written, console: &mut Console<'_>) -> Result<(), Error> {
    let (Some(letters), Some(total)) = (console.letters(), written.summary.last()) else {
        return Ok(());
    };
    let Some(columns) = columns(console.width()) else { return Ok(()) };
    let until = total.duration.as_secs_f64();
    // Whole seconds, so that a column has as many rows of the file as the next.
    let stretch = (until / columns as f64).ceil().max(1.0);
    let glances = glance(&written.folder, stretch)?;
    for line in lines(&glances, total.duration, letters) {
        let fails = line.starts_with(" failed") && line.contains("most");
        let line = if fails { console.styled(BAD, &line) } else { line };
        console.out(format!("{line}\n"));
    }
    Ok(())
}

/// Columns of data on a terminal of a width; none where it is too narrow.
fn columns(width: usize) -> Option<usize> {
    let columns = width.saturating_sub(LEFT + RIGHT).min(*COLUMNS.end());
    Some(columns).filter(|columns| COLUMNS.contains(columns))
}

/// The lines of a sketch: the first metric as a chart, then each as a line.
fn lines(glances: &[Glance], until: SimDuration, letters: Letters) -> Vec<String> {
    let Some(first) = glances.first() else { return Vec::new() };
    let [axis, corner, along] = letters.axes();
    let top = most(first);
    let heights: Vec<usize> =
        first.values.iter().map(|v| steps(*v, top, ROWS * (letters.parts().len() - 1))).collect();
    let mut lines = Vec::new();
    for row in (0..ROWS).rev() {
        let label = match row {
            _ if row + 1 == ROWS => format!("{} {}", first.name, figures(top)),
            _ => String::new(),
        };
        let cells: String = heights.iter().map(|height| part(*height, row, letters)).collect();
        lines.push(format!("{label:>width$} {axis}{cells}", width = LEFT - 2));
    }
    let data: String = std::iter::repeat_n(along, first.values.len()).collect();
    lines.push(format!("{:>width$} {corner}{data}", 0, width = LEFT - 2));
    let end = length(until);
    let gap = first.values.len().saturating_sub(2 + end.chars().count());
    lines.push(format!("{:LEFT$}0s{:gap$}{end}", "", ""));
    for glance in glances {
        let (top, sizes) = (most(glance), letters.sizes());
        let size = |v: &f64| sizes[steps(*v, top, sizes.len() - 1)];
        let cells: String = glance.values.iter().map(size).collect();
        let said = if top > 0.0 { format!("most {}", figures(top)) } else { "none".to_owned() };
        lines.push(format!(" {:<width$}{cells}  {said}", glance.name, width = LEFT - 1));
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn most(glance: &Glance) -> f64 {
    glance.values.iter().copied().fold(0.0, f64::max)
}

/// Steps of `all` that a value takes where the greatest takes all; none only where it is none.
fn steps(value: f64, top: f64, all: usize) -> usize {
    if !(value > 0.0 && top > 0.0) {
        return 0;
    }
    ((value / top * all as f64).round() as usize).clamp(1, all)
}

/// What of a column of that many steps is in a row.
fn part(height: usize, row: usize, letters: Letters) -> char {
    let parts = letters.parts();
    let each = parts.len() - 1;
    parts[height.saturating_sub(row * each).min(each)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(letters: Letters) -> Vec<String> {
        let glances = [
            Glance { name: "ready", values: vec![0.0, 8.0, 16.0, 4.0, 1.0, 0.1] },
            Glance { name: "pending", values: vec![0.0; 6] },
            Glance { name: "failed/s", values: vec![0.0, 1.0, 250.0, 500.0, 4_000.0, 0.0] },
        ];
        lines(&glances, SimDuration::from_secs(600), letters)
    }

    #[test]
    fn a_run_is_seen_at_a_glance() {
        let expected = [
            "    ready 16 ┤  █",
            "             ┤  █",
            "             ┤  █",
            "             ┤  █",
            "             ┤ ██",
            "             ┤ ██",
            "             ┤ ███",
            "             ┤ ███▄▁",
            "           0 └──────",
            "              0s 10m",
            " ready         ▄█▂▁▁  most 16",
            " pending              none",
            " failed/s      ▁▁▁█   most 4,000",
        ];
        assert_eq!(drawn(Letters::Blocks), expected);
    }

    #[test]
    fn ascii_is_ascii() {
        let drawn = drawn(Letters::Ascii);
        assert!(drawn.iter().all(|line| line.is_ascii()), "{drawn:?}");
        assert_eq!(drawn[0], "    ready 16 |  #");
        assert_eq!(drawn[7], "             | ###:.");
        assert_eq!(drawn[10], " ready         =@:..  most 16");
    }

    #[test]
    fn a_line_fits_its_terminal() {
        assert_eq!((columns(43), columns(44)), (None, Some(16)));
        assert_eq!((columns(80), columns(500)), (Some(52), Some(120)));
    }

    #[test]
    fn a_locale_says_which_letters() {
        let check = |locale: [&str; 3], letters: Letters| {
            let said = locale.map(|name| Some(name.to_owned()).filter(|name| name != "-"));
            assert_eq!(Letters::of(said), letters, "{locale:?}");
        };
        check(["-", "-", "en_US.UTF-8"], Letters::Blocks);
        check(["", "C.utf8", "C"], Letters::Blocks);
        check(["C", "en_US.UTF-8", "en_US.UTF-8"], Letters::Ascii);
        check(["-", "-", "de_DE.ISO-8859-1"], Letters::Ascii);
        check(["-", "-", "-"], Letters::Ascii);
        check(["de_DE.UTF-8@euro", "-", "-"], Letters::Blocks);
    }
}
