//! A run's verdicts for machines that stop a pipeline and for people who review a change: JUnit's
//! XML, and Markdown.

use super::judged::{Told, all, mark};
use crate::scenario::Checked;
use crate::study::{Judgement, Verdict};

/// A `testsuite` of JUnit's XML: a case a threshold and expectation. What is unclear is a failure
/// too, of its own type, where it fails the gate.
pub(super) fn junit(judgement: &Judgement, checked: &Checked, unclear_fails: bool) -> String {
    let name = escaped(&checked.scenario.name);
    let told = all(judgement, checked);
    let fails = |told: &&Told| match told.verdict {
        Verdict::Pass => false,
        Verdict::Fail => true,
        Verdict::Unclear => unclear_fails,
    };
    let failures = told.iter().filter(fails).count();
    let skipped = told.iter().filter(|t| t.verdict == Verdict::Unclear && !unclear_fails).count();
    let mut text = format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" \
         skipped=\"{skipped}\">\n",
        told.len(),
    );
    for told in &told {
        let case = format!("{} {}", told.kind, told.what);
        let seen = escaped(&told.seen);
        text += &format!(
            "    <testcase classname=\"{name}\" name=\"{}\" file=\"{}\">",
            escaped(&case),
            escaped(&told.place),
        );
        text += &match (told.verdict, fails(&told)) {
            (Verdict::Pass, _) => format!("<system-out>{seen}</system-out>"),
            (verdict, true) => {
                format!("<failure type=\"{}\" message=\"{seen}\"/>", verdict.name())
            }
            (_, false) => format!("<skipped message=\"unclear: {seen}\"/>"),
        };
        text += "</testcase>\n";
    }
    text + "  </testsuite>\n"
}

/// What stands before and after all suites.
pub(super) const JUNIT: [&str; 2] =
    ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", "</testsuites>\n"];

/// A few lines of Markdown: the verdict, then a row a threshold and expectation.
pub(super) fn markdown(
    judgement: &Judgement,
    checked: &Checked,
    sentence: &str,
    again: &str,
) -> String {
    let mut text = format!("**{}**: {}\n", plain(&checked.scenario.name), plain(sentence));
    let told = all(judgement, checked);
    if !told.is_empty() {
        text += "\n| | asked | seen | where |\n|---|---|---|---|\n";
    }
    for Told { verdict, what, seen, place, .. } in &told {
        let (what, seen, place) = (plain(what), plain(seen), plain(place));
        text += &format!("| {} {} | {what} | {seen} | {place} |\n", mark(*verdict), verdict.name());
    }
    text + &format!("\n`{}`\n", again.replace('`', "'"))
}

/// A text within XML.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            // XML has no others below the space.
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text in which nothing is markup.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => plain.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => plain.extend(['\\', letter]),
            '<' => plain += "&lt;",
            '>' => plain += "&gt;",
            '&' => plain += "&amp;",
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_markup() {
        assert_eq!(escaped("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot;\u{fffd}");
        assert_eq!(plain("a|b*c\n<d>"), "a\\|b\\*c &lt;d&gt;");
    }
}
