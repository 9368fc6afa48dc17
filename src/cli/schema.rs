//! `keyscale schema`: what a scenario file may say, as editors read it.

use super::console::Console;
use crate::error::exit;
use crate::record::metric::vocabulary;
use crate::scenario::json_schema;

/// Prints the schema; the exit code.
pub(super) fn schema(console: &mut Console<'_>) -> u8 {
    console.out(format!("{:#}\n", json_schema(&vocabulary())));
    exit::OK
}
