//! Subjects on lists: `welcomelist_subject` and `blocklist_subject`.
//!
//! In: Subject, the lists of the settings in force. Out: hits, with nothing to show. An entry is
//! found anywhere in a line of the subject, in any case; `*` and `?` are wildcards.
//! Mail::SpamAssassin::Plugin::WelcomeListSubject(3).

use super::{Binding, MISS, Row, Test, hit_if};
use crate::message::header::HeaderQuery;
use crate::rules::model::Eval;
use crate::text::glob::Glob;
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::WelcomeListSubject";

/// The functions. Old names are those of before version 4.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::new(PLUGIN, "check_subject_in_welcomelist", "()", "Subject holds an entry of welcomelist_subject", welcome),
    Row::new(PLUGIN, "check_subject_in_whitelist", "()", "Subject holds an entry of welcomelist_subject", welcome),
    Row::new(PLUGIN, "check_subject_in_blocklist", "()", "Subject holds an entry of blocklist_subject", blocked),
    Row::new(PLUGIN, "check_subject_in_blacklist", "()", "Subject holds an entry of blocklist_subject", blocked),
];

/// A list's entries.
struct Entries(Vec<Glob>);

fn welcome(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    subject_in(b"welcomelist_subject")
}

fn blocked(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    subject_in(b"blocklist_subject")
}

fn subject_in(setting: &'static [u8]) -> Result<Test, String> {
    let query = HeaderQuery::ask(b"Subject");
    Ok(Arc::new(move |scan, _| {
        let list = scan.profile().made(setting, |options| {
            let entries = options.set(setting).into_iter().flatten();
            Entries(entries.map(|entry| Glob::new(entry)).collect())
        });
        if list.0.is_empty() {
            return Ok(MISS);
        }
        let Some(subject) = query.first(&scan.views().source()) else { return Ok(MISS) };
        let subject = subject.to_ascii_lowercase();
        hit_if(list.0.iter().any(|entry| entry.matches_part(&subject)))
    }))
}
