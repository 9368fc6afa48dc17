//! Pictures in the dark: their colours are attributes, so that rules of style can give each light
//! colour its dark one, and no second picture is needed.

use std::fmt::Write;

/// Colours of every picture: paper, ink, grid.
const COMMON: [(u32, u32); 3] = [(0xFFFFFF, 0x161616), (0x1F1F1F, 0xE8E8E8), (0xE2E2E2, 0x383838)];

/// Colours of instances by state.
const STATES: [(u32, u32); 7] = [
    (0x0072B2, 0x0083CC),
    (0x78C3ED, 0x0F4D71),
    (0xEBA200, 0xE69F00),
    (0xF9F5B8, 0xF8F3AA),
    (0x67274B, 0xE6BDD3),
    (0xBD5300, 0xBD5300),
    (0x787878, 0x5A5A5A),
];

/// Colours of requests and key calls by outcome, and of percentiles.
const REQUESTS: [(u32, u32); 9] = [
    (0x000000, 0xFFFFFF),
    (0x009E73, 0x008F68),
    (0x00659E, 0xA0D5F3),
    (0xAD4D00, 0xBD5300),
    (0x67274B, 0xCC7AA8),
    (0xEBA200, 0xE69F00),
    (0x78C3ED, 0x0F4D71),
    (0x3A8FC4, 0x3A8FC4),
    (0x0F4D71, 0x78C3ED),
];

/// Which colours a picture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// Those of instances.
    States,
    /// Those of requests.
    Requests,
}

impl Palette {
    /// What the style calls a picture of it.
    pub fn class(self) -> &'static str {
        match self {
            Self::States => "pic states",
            Self::Requests => "pic requests",
        }
    }
}

/// The rules. Paper stays light.
pub fn rules() -> String {
    let mut text = "@media screen and (prefers-color-scheme:dark){\
        :root{--ink:#E8E8E8;--soft:#A8A8A8;--back:#161616;--line:#3A3A3A;--band:#222222;\
        --good:#4CC9A0;--bad:#F08A4B;--unclear:#E6BC4C;--link:#7CC0EE}"
        .to_owned();
    let sets = [(".pic", &COMMON[..]), (".states", &STATES[..]), (".requests", &REQUESTS[..])];
    for (class, (light, dark)) in
        sets.iter().flat_map(|(class, pairs)| pairs.iter().map(move |pair| (class, pair)))
    {
        for property in ["fill", "stroke"] {
            // A string takes any text.
            let _ = write!(text, "{class} [{property}=\"#{light:06X}\"]{{{property}:#{dark:06X}}}");
        }
    }
    text.push('}');
    text
}
