//! Colours: one for one thing in every chart, apart for normal and colour-blind eyes, on light and
//! on dark paper.

use plotters::style::RGBColor;

/// What paper a picture is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// White.
    #[default]
    Light,
    /// Nearly black.
    Dark,
}

const fn rgb(hex: u32) -> RGBColor {
    RGBColor((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Declares tones: meaning, name, light colour, dark colour.
macro_rules! tones {
    ($($(#[doc = $meaning:literal])* $tone:ident $name:literal $light:literal $dark:literal;)*) => {
        /// What a colour stands for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Tone {
            $($(#[doc = $meaning])* $tone,)*
        }

        /// Text and axes.
        impl Default for Tone {
            fn default() -> Self {
                Self::Ink
            }
        }

        impl Tone {
            /// All.
            pub const ALL: &[Self] = &[$(Self::$tone,)*];

            /// Its name in style sheets.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$tone => $name,)*
                }
            }

            /// Its colour.
            pub fn color(self, theme: Theme) -> RGBColor {
                match (self, theme) {
                    $((Self::$tone, Theme::Light) => rgb($light),
                    (Self::$tone, Theme::Dark) => rgb($dark),)*
                }
            }
        }
    };
}

tones! {
    /// Behind everything.
    Paper "paper" 0xFFFFFF 0x16181C;
    /// Text, axes, and the shading of blocks.
    Ink "ink" 0x1F1F1F 0xE8E8E8;
    /// Lines behind the data.
    Grid "grid" 0xE2E2E2 0x383C42;

    /// Instances by state, from the bottom of the stack: with requests.
    Serving "serving" 0x0072B2 0x0083CC;
    /// Ready without requests.
    Idle "idle" 0x78C3ED 0x0F4D71;
    /// Starting, and waiting for the key.
    Unlocking "unlocking" 0xEBA200 0xE69F00;
    /// Starting otherwise.
    Starting "starting" 0xF9F5B8 0xF8F3AA;
    /// Under a revocation clock.
    Grace "grace" 0x67274B 0xE6BDD3;
    /// A start that died.
    Died "died" 0xBD5300 0xBD5300;
    /// Taking no new requests.
    Draining "draining" 0x787878 0x5A5A5A;
    /// A key that can't be used as before, beside the states of instances.
    Blocked "blocked" 0x1F1F1F 0x998877;

    /// Requests that arrive.
    Arrivals "arrivals" 0x000000 0xFFFFFF;
    /// Served warm; key calls that were granted.
    Served "served" 0x009E73 0x008F68;
    /// Served after a cold start.
    ServedCold "served-cold" 0x00659E 0xA0D5F3;
    /// Refused; key calls over quota.
    Refused "refused" 0xAD4D00 0xBD5300;
    /// Timed out, as are key calls.
    TimedOut "timed-out" 0x67274B 0xCC7AA8;
    /// Aborted.
    Aborted "aborted" 0xAA77FF 0x8833BB;
    /// Given up by their clients.
    Abandoned "abandoned" 0xD9A400 0xDDCC44;
    /// Tried again.
    Retries "retries" 0x9AA5B1 0x691E00;

    /// Key calls that may be retried.
    Retryable "retryable" 0xEBA200 0xFFCC33;
    /// Key calls that were denied.
    Denied "denied" 0x9955FF 0x8833BB;

    /// Percentiles from the median up: one hue, farther from the paper as it gets worse.
    P50 "p50" 0x78C3ED 0x2B6A93;
    /// 90 %.
    P90 "p90" 0x3A8FC4 0x5AA7D6;
    /// 95 %.
    P95 "p95" 0x0F4D71 0xA9D6F2;
    /// 99 %.
    P99 "p99" 0x000000 0xFFFFFF;
}

/// Contrast of two colours from 1 to 21, as the Web Content Accessibility Guidelines 2.2 have it.
fn contrast(one: RGBColor, other: RGBColor) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance of a colour.
fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// The sRGB transfer function, inverted (IEC 61966-2-1).
fn linear(channel: u8) -> f64 {
    let value = f64::from(channel) / 255.0;
    match value {
        v if v <= 0.04045 => v / 12.92,
        v => libm::pow((v + 0.055) / 1.055, 2.4),
    }
}

/// Whether an area of a colour is lost on the paper without an edge: below a contrast of 3, the
/// least for what is not text (WCAG 2.2, 1.4.11).
pub fn needs_edge(tone: Tone, theme: Theme) -> bool {
    contrast(tone.color(theme), Tone::Paper.color(theme)) < 3.0
}

#[cfg(test)]
mod tests;
