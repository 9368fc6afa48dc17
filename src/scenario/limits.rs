//! Limits of a text, looked at before anything parses it.

use std::ops::Range;

/// Longest text, in bytes.
pub(super) const LONGEST: usize = 1 << 20;

/// Levels of tables and lists in a text.
pub(super) const DEEPEST: usize = 32;

/// Where a text goes deeper than [`DEEPEST`], counting brackets and the dots of keys.
///
/// It reads the text as loosely as no parser does: brackets in strings and comments do not count,
/// and a bracket is closed by its own kind only. So where the text is not TOML it counts too many
/// levels rather than too few.
pub(super) fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut scan = Scan::new(text, true);
    scan.run();
    scan.too_deep
}

/// The same for a text that is a value.
pub(super) fn value_too_deep(text: &str) -> Option<Range<usize>> {
    let mut scan = Scan::new(text, false);
    scan.run();
    scan.too_deep
}

/// An open bracket.
struct Level {
    close: u8,
    /// Whether what is read is a key.
    key: bool,
    /// Names of the key that is read, or of the one whose value is read.
    names: usize,
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// The document, then the open brackets.
    levels: Vec<Level>,
    /// Names of the header that lines stand under.
    header: usize,
    too_deep: Option<Range<usize>>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str, document: bool) -> Self {
        let levels = vec![Level { close: 0, key: document, names: 1 }];
        Self { text: text.as_bytes(), at: 0, levels, header: 0, too_deep: None }
    }

    fn run(&mut self) {
        while self.too_deep.is_none()
            && let Some(&byte) = self.text.get(self.at)
        {
            match byte {
                b'#' => self.skip_line(),
                b'"' | b'\'' => self.skip_string(byte),
                b'\n' if self.levels.len() == 1 => self.next_line(),
                b'[' if self.in_key() && self.levels.len() == 1 => self.header(),
                b'[' => self.open(b']', false),
                b'{' => self.open(b'}', true),
                b'.' | b',' | b'=' | b']' | b'}' => self.separator(byte),
                _ => {}
            }
            self.at += 1;
        }
    }

    fn in_key(&self) -> bool {
        self.levels.last().is_some_and(|level| level.key)
    }

    fn separator(&mut self, byte: u8) {
        let Some(level) = self.levels.last_mut() else { return };
        match byte {
            b'.' if level.key => level.names += 1,
            b'=' => level.key = false,
            b',' if level.close == b'}' => (level.key, level.names) = (true, 1),
            _ if level.close == byte => drop(self.levels.pop()),
            _ => {}
        }
        self.measure();
    }

    fn open(&mut self, close: u8, key: bool) {
        self.levels.push(Level { close, key, names: 1 });
        self.measure();
    }

    fn measure(&mut self) {
        let depth = self.header + self.levels.iter().map(|l| l.names).sum::<usize>();
        if depth > DEEPEST + 1 {
            self.too_deep = Some(self.at..self.at + 1);
        }
    }

    fn next_line(&mut self) {
        self.levels[0] = Level { close: 0, key: true, names: 1 };
    }

    /// A table's header: its names count for all lines below it.
    fn header(&mut self) {
        let mut names = 1;
        while let Some(&byte) = self.text.get(self.at).filter(|b| **b != b'\n') {
            match byte {
                b'"' | b'\'' => self.skip_string(byte),
                b'.' => names += 1,
                b'#' => return self.skip_line(),
                _ => {}
            }
            self.at += 1;
        }
        self.header = names;
        self.levels[0].key = true;
        self.at -= 1;
        self.measure();
    }

    /// Goes to the last byte before the line's end.
    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        self.at += length.max(1) - 1;
    }

    /// Goes to the last byte of a string, or of the line where a string has no end.
    fn skip_string(&mut self, quote: u8) {
        let long = [quote; 3];
        let rest = &self.text[self.at..];
        let (long, start) = if rest.starts_with(&long) { (true, 3) } else { (false, 1) };
        let mut at = start;
        while let Some(&byte) = rest.get(at) {
            match byte {
                b'\\' if quote == b'"' => at += 1,
                b'\n' if !long => break,
                _ if byte == quote && (!long || rest[at..].starts_with(&[quote; 3])) => {
                    at += if long { 3 } else { 1 };
                    break;
                }
                _ => {}
            }
            at += 1;
        }
        self.at += at.min(rest.len()) - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_where_a_parser_would_go_deeper() {
        let check = |text: String, deep: bool| {
            assert_eq!(too_deep(&text).is_some(), deep, "{text}");
        };
        check(format!("a = {}{}", "[".repeat(31), "]".repeat(31)), false);
        check(format!("a = {}", "[".repeat(33)), true);
        check(format!("a = {}", "[".repeat(100_000)), true);
        check(format!("a = {}", "{b=".repeat(33)), true);
        check(format!("{}a = 1", "a.".repeat(31)), false);
        check(format!("{}a = 1", "a.".repeat(33)), true);
        check(format!("[{}a]\nb = 1", "a.".repeat(33)), true);
        check(format!("[{}a]\nb = {}", "a.".repeat(20), "[".repeat(20)), true);
        check(format!("a = {{{}b = {}", "b.".repeat(20), "[".repeat(20)), true);
        check(format!("a = \"{}\"", "[".repeat(99)), false);
        check(format!("a = '''\n{}'''", "[".repeat(99)), false);
        check(format!("a = \"\\\"{}\"", "[".repeat(99)), false);
        check(format!("# {}", "[".repeat(99)), false);
        check("a = [1.5, 2.5]\nb = { c = 1.5, d.e = 2 }\n[t.u]\n".repeat(40), false);
        check("[[t]]\nb = [[1], [2]]\n".repeat(40), false);
    }
}
