//! How far a run, or a study, has come: a bar where a person may be watching, else a line every 10 % of a run
//! that takes long.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::Talk;
use super::console::Console;
use super::numbers::{count, length, rough_share, short};
use crate::units::SimDuration;

/// A run that takes less than this needs no lines.
const LONG: Duration = Duration::from_secs(5);
/// Steps of the bar.
const STEPS: u64 = 1_000;
/// Time between two looks of the bar.
const GLANCE: Duration = Duration::from_millis(100);

/// The progress of one run, or of one study.
pub(super) struct Progress {
    started: Instant,
    shown: Shown,
    total: SimDuration,
}

/// How it is shown.
enum Shown {
    /// Not at all.
    Nothing,
    /// A bar, last drawn then.
    Bar(ProgressBar, Option<Instant>),
    /// Lines: the tenth that comes next, and the last look.
    Lines(u64, Instant),
}

impl Progress {
    /// Of a run of this length, warm-up included, that begins now.
    pub fn begin(total: SimDuration, talk: Talk, console: &Console<'_>) -> Self {
        let shown = match (talk.quiet, console.watched()) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bar(bar(), None),
            (false, false) => Shown::Lines(1, Instant::now()),
        };
        Self { started: Instant::now(), shown, total }
    }

    /// The run has come so far.
    pub fn at(&mut self, done: SimDuration, arrivals: u64, console: &mut Console<'_>) {
        let (share, total) = (done.0 as f64 / self.total.0.max(1) as f64, length(self.total));
        let done = || format!("{} of {total} simulated", length(done));
        self.show(share, done, arrivals, console);
    }

    /// The study has come so far: replications done and wanted, and half of the worst known
    /// metric's interval as a part of it, where there is one.
    pub fn at_replication(
        &mut self,
        done: u64,
        outlook: impl FnOnce() -> (u64, Option<f64>),
        arrivals: u64,
        console: &mut Console<'_>,
    ) {
        // Looking ahead costs more than a small replication.
        let due = match &self.shown {
            Shown::Nothing => false,
            Shown::Bar(_, last) => last.is_none_or(|then| then.elapsed() >= GLANCE),
            Shown::Lines(_, last) => last.elapsed() >= GLANCE,
        };
        if due {
            let (target, width) = outlook();
            let width = width.map_or(String::new(), |width| format!(", ± {}", rough_share(width)));
            let target = target.max(done);
            let told = || format!("{} of {} replications{width}", count(done), count(target));
            self.show(done as f64 / target.max(1) as f64, told, arrivals, console);
        }
    }

    fn show(
        &mut self,
        share: f64,
        done: impl FnOnce() -> String,
        arrivals: u64,
        console: &mut Console<'_>,
    ) {
        let passed = self.started.elapsed();
        let message = || {
            let rate = short(arrivals as f64 / passed.as_secs_f64().max(1e-9));
            format!("{}, {rate} requests/s", done())
        };
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar, last) => {
                if last.is_none_or(|then| then.elapsed() >= GLANCE) {
                    *last = Some(Instant::now());
                    bar.set_position((share * STEPS as f64) as u64);
                    bar.set_message(message());
                }
            }
            Shown::Lines(next, last) => {
                *last = Instant::now();
                let tenth = (share * 10.0) as u64;
                if tenth >= *next {
                    *next = tenth + 1;
                    if passed > LONG && tenth < 10 {
                        console.err(&format!("{:3} %  {}\n", tenth * 10, message()));
                    }
                }
            }
        }
    }

    /// The run is over: takes the bar away and says how fast it was.
    pub fn end(self, arrivals: u64) -> String {
        if let Shown::Bar(bar, _) = self.shown {
            bar.finish_and_clear();
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = short(arrivals as f64 / seconds.max(1e-9));
        let took = length(SimDuration::from_secs_f64(seconds));
        format!("{} requests in {took}: {rate} a second", count(arrivals))
    }
}

/// A bar on the terminal.
fn bar() -> ProgressBar {
    let template = "{bar:20} {percent:>3} %  {eta:>4} left  {wide_msg}";
    // The template is a constant that has been seen to work.
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr()).with_style(style)
}
