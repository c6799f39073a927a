//! Bounces of mail that was really sent from here: a relay of ours in what they return.
//!
//! In: the body, the message as it came, `welcomelist_bounce_relays`. Out: hits.
//! Mail::SpamAssassin::Plugin::VBounce(3).

use super::{Binding, MISS, Row, Test, globs, hit_if};
use crate::engine::Worker;
use crate::engine::eval::Outcome;
use crate::rules::model::Eval;
use crate::rules::options::Set;
use crate::rules::regex::{Caches, Exact, Overrun};
use crate::text::ascii::is_space;
use std::sync::Arc;

/// The functions.
pub const TABLE: &[Row] = &[
    Row {
        name: "have_any_bounce_relays",
        plugin: PLUGIN,
        arguments: "()",
        meaning: "welcomelist_bounce_relays names a host",
        edits_body: false,
        waits: false,
        bind: have_any,
    },
    row("check_welcomelist_bounce_relays"),
    row("check_whitelist_bounce_relays"),
];

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::VBounce";
const SETTING: &[u8] = b"welcomelist_bounce_relays";

const fn row(name: &'static str) -> Row {
    Row {
        name,
        plugin: PLUGIN,
        arguments: "()",
        meaning: "a Received line in the body names a host of welcomelist_bounce_relays",
        edits_body: false,
        waits: false,
        bind: names_relay,
    }
}

/// The hosts that mail leaves through.
struct Relays {
    names: Set,
    patterns: Option<Exact>,
}

impl Relays {
    fn new(to: &mut Binding) -> Result<Relays, String> {
        let names = to.rules.options.set(SETTING).cloned().unwrap_or_default();
        let globs: Vec<_> = names.iter().cloned().collect();
        Ok(Relays { patterns: globs::any_of(b"^", &globs, b".*", to)?, names })
    }

    fn hold(&self, relay: &[u8], caches: &mut Caches) -> Result<bool, Overrun> {
        let relay = relay.to_ascii_lowercase();
        if self.names.contains(relay.as_slice()) {
            return Ok(true);
        }
        self.patterns.as_ref().map_or(Ok(false), |pattern| pattern.is_match(&relay, caches))
    }

    /// Does one of the words of `field` name a relay? A word has `ends` on both sides, and two
    /// words never share one.
    fn named_in(
        &self,
        field: &[u8],
        ends: fn(u8) -> bool,
        caches: &mut Caches,
    ) -> Result<bool, Overrun> {
        let mut rest = field;
        while let Some(at) = rest.iter().position(|&byte| ends(byte)) {
            rest = rest.get(at + 1..).unwrap_or_default();
            let length = rest.iter().take_while(|&&byte| !is_space(byte)).count();
            let (word, after) = rest.split_at_checked(length).unwrap_or_default();
            if !after.first().is_some_and(|&byte| ends(byte)) || !has_inner_dot(word) {
                continue;
            }
            if self.hold(word, caches)? {
                return Ok(true);
            }
            rest = after.get(1..).unwrap_or_default();
        }
        Ok(false)
    }
}

fn has_inner_dot(word: &[u8]) -> bool {
    word.len() > 2 && word.get(1..word.len() - 1).is_some_and(|inner| inner.contains(&b'.'))
}

fn have_any(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    let any = to.rules.options.set(SETTING).is_some_and(|set| !set.is_empty());
    Ok(Arc::new(move |_, _| hit_if(any)))
}

fn names_relay(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    let relays = to.shared(Relays::new)?;
    Ok(Arc::new(move |scan, worker| {
        if relays.names.is_empty() {
            return Ok(MISS);
        }
        let caches = &mut worker.caches;
        for paragraph in scan.views().body().iter().filter(|text| is_received(text)) {
            if relays.named_in(paragraph, |byte| byte == b' ', caches)? {
                return hit_if(true);
            }
        }
        in_attachments(&relays, scan.views().message().pristine_body(), worker)
    }))
}

/// Looks at the fields of returned messages as they came, folded lines and all.
fn in_attachments(relays: &Relays, body: &[u8], worker: &mut Worker) -> Outcome {
    let mut field: Vec<u8> = Vec::new();
    let mut begun = false;
    for line in body.split(|&byte| byte == b'\n').chain([&b"."[..]]) {
        begun |= is_received(line);
        if !begun {
            continue;
        }
        if line.first().is_some_and(|&byte| is_space(byte)) {
            field.extend_from_slice(line);
            continue;
        }
        if is_received(&field) && relays.named_in(&field, is_space, &mut worker.caches)? {
            return hit_if(true);
        }
        field.clear();
        field.extend_from_slice(line);
    }
    Ok(MISS)
}

/// `Received:`, quoted or not.
fn is_received(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|byte| b"> ".contains(byte)).count();
    let name = line.get(marks..marks + b"Received:".len());
    name.is_some_and(|name| name.eq_ignore_ascii_case(b"Received:"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::names;

    fn hits(relays: &str, body: &str) -> bool {
        let pre = "loadplugin Mail::SpamAssassin::Plugin::VBounce\n";
        let lines = format!(
            "welcomelist_bounce_relays {relays}\nbody A eval:check_welcomelist_bounce_relays()\n"
        );
        names(pre, &lines, &format!("Subject: x\n\n{body}")) == "A"
    }

    #[test]
    fn relays_are_words_of_received_lines() {
        let cases = [
            ("out.test", "Received: from out.test by x\n", true),
            ("out.test", "> Received: from OUT.test by x\n", true),
            ("out.test", "Sent: from out.test by x\n", false),
            ("out.test", "Received: from out.test\n\n", false),
            ("out.test", "Received: from\n\tout.test\n\tby x\n", true),
            ("out.test", "Received: by x\n\nX-From: a out.test b\n", false),
            ("out.test", "Received: a.b out.test c.d\n", false),
            ("out.test", "Received: a.b  out.test  c.d\n\n", true),
            ("out?.t*", "Received: by out7.test x\n", true),
            ("out?.t*", "Received: by out.test x\n", false),
            ("out.test other.test", "Received: by other.test x\n", true),
        ];
        for (relays, body, expected) in cases {
            assert_eq!(hits(relays, body), expected, "{body}");
        }
    }
}
