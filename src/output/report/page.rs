//! The page around a report: head, style, script.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::dark;
use super::markup::Outside;

/// What the page looks like, on a screen and on paper.
const STYLE: &str = include_str!("page.css");
/// A crosshair that all pictures share, and what the tables say there.
const SCRIPT: &str = include_str!("page.js");

/// The bytes of a page.
pub fn page(title: &str, body: &Markup) -> Vec<u8> {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(policy);
                title { (title.replace(char::is_control, " ")) }
                style { (PreEscaped(STYLE)) (PreEscaped(dark::rules())) }
            }
            body {
                main { (body) }
                footer { "Made by keyscale " (env!("CARGO_PKG_VERSION")) "." }
                div #tip hidden aria-hidden="true" {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut text = markup.into_string();
    text.push('\n');
    text.into_bytes()
}

/// The head of a report: what it is of, what was asked, and the verdict before everything else.
pub fn head(title: &str, question: &str, verdict: (Mark, &str), facts: &[String]) -> Markup {
    let (mark, sentence) = verdict;
    html! {
        header {
            h1 { (Outside(title)) }
            @if !question.is_empty() { p.question { (Outside(question)) } }
            p class={ "verdict " (mark.class()) } {
                b { (mark.sign()) " " (mark.word()) } " " (Outside(sentence))
            }
            p.facts { @for (at, fact) in facts.iter().enumerate() {
                @if at > 0 { " · " } (Outside(fact))
            } }
        }
    }
}

/// What is said of something at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It holds.
    Good,
    /// It does not.
    Bad,
    /// It can't be told.
    Unclear,
    /// Nothing was asked.
    Plain,
}

impl Mark {
    /// The mark of a verdict by its name in JSON.
    pub fn of(verdict: &str) -> Self {
        match verdict {
            "pass" => Self::Good,
            "fail" => Self::Bad,
            "unclear" => Self::Unclear,
            _ => Self::Plain,
        }
    }

    /// Its sign, so that nothing is said by colour alone.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✗",
            Self::Unclear => "?",
            Self::Plain => "•",
        }
    }

    /// The same in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "Good.",
            Self::Bad => "Not good.",
            Self::Unclear => "Unclear.",
            Self::Plain => "",
        }
    }

    /// What the style calls it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Unclear => "unclear",
            Self::Plain => "plain",
        }
    }
}
