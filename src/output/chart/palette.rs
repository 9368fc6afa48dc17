//! Colours: one for one thing in every chart, apart for normal and colour-blind eyes.

use plotters::style::RGBColor;

const fn rgb(hex: u32) -> RGBColor {
    RGBColor((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Text, axes, and the shading of blocks.
pub const INK: RGBColor = rgb(0x1F1F1F);
/// Lines behind the data.
pub const GRID: RGBColor = rgb(0xE2E2E2);

/// Instances by state, from the bottom of the stack.
pub const SERVING: RGBColor = rgb(0x0072B2);
/// Ready without requests.
pub const IDLE: RGBColor = rgb(0x78C3ED);
/// Starting, and waiting for the key.
pub const UNLOCKING: RGBColor = rgb(0xEBA200);
/// Starting otherwise.
pub const STARTING: RGBColor = rgb(0xF9F5B8);
/// Under a revocation clock.
pub const GRACE: RGBColor = rgb(0x67274B);
/// A start that died, and a key that is blocked.
pub const DIED: RGBColor = rgb(0xBD5300);
/// Taking no new requests.
pub const DRAINING: RGBColor = rgb(0x787878);

/// Requests that arrive.
pub const ARRIVALS: RGBColor = rgb(0x000000);
/// Served warm.
pub const SERVED: RGBColor = rgb(0x009E73);
/// Served after a cold start.
pub const SERVED_COLD: RGBColor = rgb(0x00659E);
/// Refused.
pub const REFUSED: RGBColor = rgb(0xAD4D00);
/// Timed out.
pub const TIMED_OUT: RGBColor = rgb(0x67274B);
/// Aborted.
pub const ABORTED: RGBColor = rgb(0xAA77FF);
/// Given up by their clients.
pub const ABANDONED: RGBColor = rgb(0xD9A400);
/// Tried again.
pub const RETRIES: RGBColor = rgb(0x9AA5B1);

/// Key calls that were denied; the others are coloured as what they do to a request or a start.
pub const DENIED: RGBColor = rgb(0x9955FF);

/// Percentiles from the median up: one hue, darker as it gets worse.
pub const PERCENTILES: [RGBColor; 4] = [rgb(0x78C3ED), rgb(0x3A8FC4), rgb(0x0F4D71), rgb(0x000000)];

#[cfg(test)]
mod tests;
