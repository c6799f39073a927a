//! The program: what it is called by decides what it does; see `mailprint::cli`.

use mailprint::cli::{self, Glue};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    ExitCode::from(cli::run(&arguments, &GLUE))
}

const NO_ENGINE: &str = "this build has no engine that could run rules";

const GLUE: Glue = Glue {
    load: |_| Err(NO_ENGINE.to_owned()),
    lint: |_| Err(NO_ENGINE.to_owned()),
    explain: |_, _| Err(NO_ENGINE.to_owned()),
};
