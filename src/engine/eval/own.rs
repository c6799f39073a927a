//! Evals of our own: what the parser noticed about the message.
//!
//! Rule files guard them with `ifplugin Mail::SpamAssassin::Plugin::Mailprint`, so that the
//! same files load in SpamAssassin, where that plugin does not exist.

use super::{Binding, Row, Test, hit_if, literal};
use crate::limits;
use crate::rules::model::Eval;
use std::sync::Arc;

/// The name that rule files ask for.
pub const PLUGIN: &str = "Mail::SpamAssassin::Plugin::Mailprint";

/// The functions.
pub const TABLE: &[Row] = &[
    Row {
        name: "check_limit_reached",
        plugin: PLUGIN,
        arguments: "('name')",
        meaning: "the message reached the limit of that name (limits.rs)",
        edits_body: false,
        waits: false,
        bind: limit_reached,
    },
    Row {
        name: "check_ambiguous_mime",
        plugin: PLUGIN,
        arguments: "()",
        meaning: "two programs may read different parts: a Content-Type or boundary given twice",
        edits_body: false,
        waits: false,
        bind: ambiguous_mime,
    },
];

fn limit_reached(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let name = literal(call, 0)?;
    let Some(row) = limits::TABLE.iter().find(|row| row.name.as_bytes() == name) else {
        return Err(format!("there is no limit called '{}'", name.escape_ascii()));
    };
    let limit = row.limit;
    Ok(Arc::new(move |scan, _| hit_if(scan.reached().has(limit))))
}

fn ambiguous_mime(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    if !call.arguments.is_empty() {
        return Err("check_ambiguous_mime takes no arguments".to_owned());
    }
    Ok(Arc::new(|scan, _| {
        let facts = scan.views().message().facts();
        hit_if(facts.duplicate_content_type || facts.duplicate_boundary || facts.reused_boundary)
    }))
}
