//! Arguments in, exit code out.

use std::process::ExitCode;

use keyscale::cli::{Console, run};

fn main() -> ExitCode {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let mut console = Console::of_process(&mut out, &mut err);
    ExitCode::from(run(std::env::args_os(), &mut console))
}
