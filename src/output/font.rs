//! The font that charts are lettered in: bundled, so that they look alike on every machine.

use std::sync::OnceLock;

use plotters::style::{FontStyle, register_font};

/// The family that every text of a chart names.
pub const FAMILY: &str = "sans-serif";

/// Makes the font known to plotters, once.
pub fn register() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let font = include_bytes!("font/DejaVuSans-subset.ttf");
        // The bytes are the program's own: a test draws with them.
        let _ = register_font(FAMILY, FontStyle::Normal, font);
    });
}
