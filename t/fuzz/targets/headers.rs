//! A header block, and every kind of question that a header rule can ask of it; dates.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::message::header::HeaderQuery;
use mailprint::message::{date, recipients, senders};
use mailprint_fuzz::{cut, views};

const QUERIES: &[&str] = &[
    "From",
    "From:raw",
    "From:addr",
    "From:name",
    "From:addr:first",
    "To:addr",
    "To:name",
    "Cc:addr:last",
    "ToCc",
    "ToCc:name",
    "Subject",
    "Subject:raw",
    "Date",
    "Received:host",
    "Received:domain",
    "Received:ip",
    "Received:revip",
    "X:host",
    "X:ip:revip",
    "ALL",
    "ALL:raw",
    "ALL-TRUSTED",
    "ALL-UNTRUSTED:raw",
    "ALL-INTERNAL",
    "ALL-EXTERNAL:raw",
    "EnvelopeFrom",
    "EnvelopeFrom:addr",
    "MESSAGEID",
    "X-Spam-Relays-Untrusted",
    "X-Spam-Relays-Internal",
];

fuzz_target!(|data: &[u8]| {
    // The first line is a query of the fuzzer's own.
    let (query, mail) = cut(data);
    let views = views(mail);
    for query in QUERIES.iter().map(|query| query.as_bytes()).chain([query]) {
        let Ok(parsed) = HeaderQuery::parse(query) else { continue };
        let source = views.source();
        let values = parsed.values(&source);
        assert!(values.is_empty() || parsed.value(&source).is_some());
        _ = (parsed.first(&source), parsed.exists(&source));
    }
    _ = (senders::all(&views.source()), recipients::all(&views.source()));
    _ = (date::parse(query), date::parse(data));
    _ = HeaderQuery::parse_exists(query);
    _ = HeaderQuery::ask(query).value(&views.source());
});
