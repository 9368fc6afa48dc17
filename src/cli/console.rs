//! The two writers of a process, and what is known of who reads them.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::args::Color;
use super::sketch::Letters;
use crate::scenario::problem::Problems;

/// Columns of a page where nobody says how wide it is.
const WIDTH: usize = 80;

/// Of verdicts and headings.
pub(super) const BOLD: Style = Style::new().bold();
/// Of what went well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Of what did not.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Of advice.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Where results and everything else go.
pub struct Console<'w> {
    out: &'w mut dyn Write,
    err: &'w mut dyn Write,
    out_color: bool,
    err_color: bool,
    err_terminal: bool,
    width: usize,
    letters: Option<Letters>,
    failure: Option<io::Error>,
}

impl<'w> Console<'w> {
    /// Two writers that are no terminals.
    pub fn new(out: &'w mut dyn Write, err: &'w mut dyn Write) -> Self {
        Self {
            out,
            err,
            out_color: false,
            err_color: false,
            err_terminal: false,
            width: WIDTH,
            letters: None,
            failure: None,
        }
    }

    /// The writers of this process, which may be terminals; `NO_COLOR`, `CLICOLOR` and `TERM` say
    /// whether these have colours.
    pub fn of_process(out: &'w mut io::Stdout, err: &'w mut io::Stderr) -> Self {
        let has_colors = |choice| choice != anstream::ColorChoice::Never;
        let out_color = has_colors(anstream::AutoStream::choice(&*out));
        let err_color = has_colors(anstream::AutoStream::choice(&*err));
        let err_terminal = err.is_terminal();
        let width = terminal_size::terminal_size_of(&*out).map_or(WIDTH, |(w, _)| w.0.into());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).ok());
        let letters = out.is_terminal().then(|| Letters::of(locale));
        Self { out_color, err_color, err_terminal, width, letters, ..Self::new(out, err) }
    }

    /// Obeys a choice of colours.
    pub(super) fn choose(&mut self, color: Color) {
        match color {
            Color::Auto => {}
            Color::Always => (self.out_color, self.err_color) = (true, true),
            Color::Never => (self.out_color, self.err_color) = (false, false),
        }
    }

    /// Columns of the page.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// What can be drawn with on standard output; nothing where it is no terminal.
    pub(super) fn letters(&self) -> Option<Letters> {
        self.letters
    }

    /// Whether a person may be watching standard error.
    pub(super) fn watched(&self) -> bool {
        self.err_terminal
    }

    /// Prints a result.
    pub(super) fn out(&mut self, text: impl AsRef<[u8]>) {
        // Who reads may have left, as `head` does: what follows is for nobody, and no mistake.
        if self.failure.is_none() {
            self.failure = self.out.write_all(text.as_ref()).err();
        }
    }

    /// Prints anything else, after the results so far.
    pub(super) fn err(&mut self, text: &str) {
        self.flush();
        // There is nowhere left to say that standard error can't be written.
        let _ = self.err.write_all(text.as_bytes());
    }

    /// Prints problems.
    pub(super) fn problems(&mut self, problems: &Problems) {
        if !problems.0.is_empty() {
            let text = problems.render(self.err_color);
            self.err(&format!("{text}\n"));
        }
    }

    /// Prints one piece of advice.
    pub(super) fn advise(&mut self, what: &str, help: &str) {
        let label = styled(self.err_color, WARNING, "warning");
        self.err(&format!("{label}: {what}\n  = help: {help}\n\n"));
    }

    /// Prints what the parser of arguments has to say: help, or what is wrong with them.
    pub(super) fn usage(&mut self, error: &clap::Error) {
        let text = error.render();
        let ansi = |color| if color { text.ansi().to_string() } else { text.to_string() };
        match error.use_stderr() {
            true => self.err(&ansi(self.err_color)),
            false => self.out(ansi(self.out_color)),
        }
    }

    /// A text for standard output in a style, where it has any.
    pub(super) fn styled(&self, style: Style, text: &str) -> String {
        styled(self.out_color, style, text)
    }

    fn flush(&mut self) {
        if self.failure.is_none() {
            self.failure = self.out.flush().err();
        }
    }

    /// Flushes; says so where results could not be written, unless their reader has left.
    pub(super) fn close(&mut self) -> Result<(), ()> {
        self.flush();
        match self.failure.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.err(&format!("error: can't write to standard output: {error}\n"));
                Err(())
            }
            _ => Ok(()),
        }
    }
}

fn styled(color: bool, style: Style, text: &str) -> String {
    match color {
        true => format!("{style}{text}{style:#}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that can't.
    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_may_leave_but_a_full_disk_is_told() {
        let check = |kind, told: bool| {
            let (mut out, mut err) = (Broken(kind), Vec::new());
            let mut console = Console::new(&mut out, &mut err);
            console.out("a");
            console.out("b");
            assert_eq!(console.close().is_err(), told);
            assert_eq!(!err.is_empty(), told, "{}", String::from_utf8_lossy(&err));
        };
        check(io::ErrorKind::BrokenPipe, false);
        check(io::ErrorKind::StorageFull, true);
    }

    #[test]
    fn colours_are_chosen() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        assert_eq!(console.styled(GOOD, "x"), "x");
        console.choose(Color::Always);
        assert!(console.styled(GOOD, "x").starts_with('\u{1b}'));
        console.choose(Color::Never);
        assert_eq!(console.styled(GOOD, "x"), "x");
    }
}
