//! The program: what it is called by decides what it does; see `mailprint::cli`.

use mailprint::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    ExitCode::from(cli::run(&arguments))
}
