//! The program: what it is called by decides what it does; see `mailprint::cli`.

use mailprint::cli::{self, Glue, ruleset};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    ExitCode::from(cli::run(&arguments, &GLUE))
}

const GLUE: Glue = Glue { load: ruleset::load, lint: ruleset::lint, explain: ruleset::explain };
