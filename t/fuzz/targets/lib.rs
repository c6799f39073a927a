//! What several targets share: low limits, so that each is met, and settings.

use mailprint::limits::Limits;
use mailprint::message::Settings;
use mailprint::message::view::Views;
use mailprint::message::{Message, headers::Headers};
use mailprint::rules::{RuleSet, Sources};
use std::sync::{Arc, LazyLock};

/// A fuzzer's inputs are short: limits lower than the defaults are met all the same.
pub fn limits() -> Limits {
    Limits {
        request_line: 200,
        request_head: 1000,
        request_headers: 8,
        message_bytes: 4096,
        headers: 40,
        header_name: 40,
        header_value: 2048,
        header_block: 4096,
        addresses: 20,
        received_hops: 6,
        mime_parts: 20,
        mime_tree: 60,
        mime_depth: 6,
        html_depth: 30,
        html_tags: 200,
        html_attributes: 10,
        uris: 30,
        uri_length: 300,
        match_steps: 20_000,
        match_heap: 1 << 20,
        pattern_program: 1 << 20,
        pattern_bytes: 1 << 16,
        rule_hits: 50,
        ..Limits::default()
    }
}

/// The rules that `lines` say, and no others.
pub fn rules(lines: &[u8]) -> RuleSet {
    let sources = Sources {
        site: Vec::new(),
        distribution: Vec::new(),
        local_tests_only: true,
        pre_lines: include_bytes!("../rules.pre").to_vec(),
        cf_lines: lines.to_vec(),
        own: mailprint::rules::own::FILES.to_vec(),
        ..Sources::default()
    };
    mailprint::rules::load(&sources, &limits())
}

/// A small rule set with every kind of rule.
pub static RULES: LazyLock<Arc<RuleSet>> =
    LazyLock::new(|| Arc::new(rules(include_bytes!("../rules.cf"))));

/// The settings of [`RULES`].
pub static SETTINGS: LazyLock<Arc<Settings>> =
    LazyLock::new(|| Arc::new(Settings { limits: limits(), ..(*RULES.settings()).clone() }));

/// The views of `mail`.
pub fn views(mail: &[u8]) -> Views {
    Views::new(Message::parse(mail.to_vec(), &limits()), Arc::clone(&SETTINGS))
}

/// Fields called `name`, one for each value.
pub fn fields<'a>(name: &str, values: impl Iterator<Item = &'a [u8]>) -> Headers {
    let field = |raw: &[u8]| mailprint::message::headers::Field {
        name: name.as_bytes().to_vec(),
        raw: raw.to_vec(),
    };
    values.map(field).collect()
}

/// Cuts a target's input at its first newline: a parameter and the text.
pub fn cut(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n');
    end.map_or((data, &[][..]), |at| (&data[..at], &data[at + 1..]))
}
