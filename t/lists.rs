//! Lists that are held in memory: fetched from Debian's nginx and rsync, guarded, asked by rules,
//! shown.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "lists/course.rs"]
mod course;
#[path = "lists/guards.rs"]
mod guards;
#[path = "lists/merge.rs"]
mod merge;
#[path = "lists/program.rs"]
mod program;
#[path = "support/responder.rs"]
mod responder;
#[path = "lists/sources.rs"]
mod sources;
#[path = "daemon/world.rs"]
#[allow(dead_code)]
mod world;
