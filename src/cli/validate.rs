//! `keyscale validate`: are these scenarios fit to run?

use std::io::Write;

use super::args::Validate;
use super::{colored, open};
use crate::error::exit;
use crate::input::read_trace;

/// Checks every scenario and every file of load.
pub fn validate(args: &Validate, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let color = colored(args.common.color);
    let mut code = exit::OK;
    for path in &args.common.scenarios {
        let Some(checked) = open(path, &args.common.overrides, color, err) else {
            code = exit::USAGE;
            continue;
        };
        let mut good = true;
        for file in &checked.scenario.traces {
            match read_trace(file) {
                Ok(reading) => {
                    let _ = write!(err, "{}", reading.warnings.render(color));
                }
                Err(problems) => {
                    let _ = write!(err, "{}", problems.render(color));
                    good = false;
                }
            }
        }
        if good {
            let _ = writeln!(out, "{}: ok", path.display());
        } else {
            code = exit::USAGE;
        }
    }
    code
}
