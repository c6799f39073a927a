//! The program: what it is called by decides what it does; see `mailprint::cli`.

use mailprint::cli;
use std::process::ExitCode;

/// What a message needs is often given back by another thread than took it: jemalloc does that
/// at less cost than the system's allocator (`t/bench-net`, `t/bench-road`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    ExitCode::from(cli::run(&arguments))
}
