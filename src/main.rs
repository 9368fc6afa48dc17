//! The program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr());
    ExitCode::from(keyscale::cli::main(std::env::args_os(), &mut out, &mut err))
}
