//! Places in a file, shown as people see them: line, column, and the line itself.
//!
//! A reader keeps a byte position a row at most; the line and its number are fetched from the
//! file again once something is wrong with it.

use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use super::file::Text;
use crate::scenario::problem::Excerpt;

/// Bytes of a line that are read; a longer one is shown cut.
const LONGEST: u64 = 4_096;
/// Bytes shown on either side of a field where the line is longer than a screen.
const AROUND: usize = 60;

/// The row that begins at byte `at` of a file, with the field of a column marked and labelled;
/// without a column, or where the row lacks it, the whole row is. Where the file can't be read
/// again the excerpt has line 1 and no text.
pub(super) fn excerpt(path: &Path, at: u64, column: Option<usize>, label: &str) -> Excerpt {
    let (line, bytes) = line_at(path, at).unwrap_or((1, Vec::new()));
    let fields = fields(&bytes);
    let whole = 0..bytes.len();
    let field = column.and_then(|c| fields.get(c).cloned()).unwrap_or(whole);
    let (text, mark) = shown(&bytes, field);
    let marks = vec![(mark, label.to_owned())];
    Excerpt { origin: path.display().to_string(), line, text: text.into(), marks }
}

/// The number and the bytes of the first line that is not empty at or after a byte.
fn line_at(path: &Path, at: u64) -> std::io::Result<(usize, Vec<u8>)> {
    let mut reader = BufReader::new(Text::open(path)?);
    let (mut line, mut left) = (1, at);
    while left > 0 {
        let buffer = reader.fill_buf()?;
        let n = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if n == 0 {
            break;
        }
        line += buffer[..n].iter().filter(|&&b| b == b'\n').count();
        reader.consume(n);
        left -= n as u64;
    }
    loop {
        let mut bytes = Vec::new();
        let n = reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)?;
        while let Some(b'\n' | b'\r') = bytes.last() {
            bytes.pop();
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        if n == 0 || !bytes.is_empty() {
            return Ok((line, bytes));
        }
        line += 1;
    }
}

/// Where the fields of a line lie, quotes included; commas within quotes separate nothing.
fn fields(line: &[u8]) -> Vec<Range<usize>> {
    let (mut quoted, mut start, mut found) = (false, 0, Vec::new());
    for (i, &byte) in line.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                found.push(start..i);
                start = i + 1;
            }
            _ => {}
        }
    }
    found.push(start..line.len());
    found
}

/// A line as text, cut to what surrounds a field where it is long, and where the field then is.
fn shown(line: &[u8], field: Range<usize>) -> (String, Range<usize>) {
    let clean = |bytes: &[u8]| -> String {
        let text = String::from_utf8_lossy(bytes);
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    };
    let from = if line.len() > 2 * AROUND { field.start.saturating_sub(AROUND) } else { 0 };
    let until = line.len().min(field.start + 2 * AROUND);
    let end = field.end.min(until);
    let mut text = String::from(if from > 0 { "…" } else { "" });
    text += &clean(&line[from..field.start]);
    let start = text.len();
    text += &clean(&line[field.start..end]);
    let mark = start..text.len();
    text += &clean(&line[end..until]);
    if until < line.len() {
        text.push('…');
    }
    (text, mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_the_commas_are() {
        assert_eq!(fields(b"a,bc,"), [0..1, 2..4, 5..5]);
        assert_eq!(fields(b"\"a,b\",c"), [0..5, 6..7]);
    }

    #[test]
    fn long_lines_are_cut_around_the_field() {
        let line = [b"x".repeat(500), b",abc,".to_vec(), b"\xff".repeat(500)].concat();
        let (text, mark) = shown(&line, 501..504);
        assert_eq!(&text[mark], "abc");
        assert!(text.starts_with('…') && text.ends_with('…'), "{text}");
        assert_eq!(shown(b"a,b", 2..3), ("a,b".to_owned(), 2..3));
    }
}
