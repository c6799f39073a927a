//! URIs in text, in a DKIM signature and behind a link, in all their disguises.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::message::html::{Html, Link, Snippet};
use mailprint::message::uri;
use mailprint::text::pieces::Pieces;
use mailprint_fuzz::{SETTINGS, cut};

fuzz_target!(|data: &[u8]| {
    let body: Pieces = data.split_inclusive(|&byte| byte == b'\n').collect();
    let (href, anchor) = cut(data);
    let is_wide = |text| std::str::from_utf8(text).is_ok();
    let link = Link {
        uri: href.to_vec(),
        wide: is_wide(href),
        types: vec!["a"],
        anchor_text: vec![Snippet { text: anchor.to_vec(), wide: is_wide(anchor) }],
    };
    let html = Html { uris: vec![link], ..Html::default() };
    let uris = uri::collect(&body, [&html], [data], &SETTINGS);
    for detail in &uris.details {
        _ = detail.domains().count();
    }
    _ = uris.rule_inputs();
});
