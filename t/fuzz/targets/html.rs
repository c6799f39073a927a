//! An HTML part: rendered in each of the three ways of reading its octets.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::message::html::{Source, render};
use mailprint_fuzz::limits;

fuzz_target!(|data: &[u8]| {
    let utf8 = String::from_utf8_lossy(data);
    for (source, text) in
        [(Source::Utf8, utf8.as_bytes()), (Source::Ascii, data), (Source::Octets, data)]
    {
        let html = render(text, source, data.len(), &limits());
        assert!(!html.wide || std::str::from_utf8(&html.text).is_ok());
        let mut end = 0;
        for range in &html.invisible {
            assert!(range.start >= end && range.end >= range.start);
            end = range.end;
        }
        assert!(end <= html.text.len());
        assert!(html.uris.iter().all(|link| link.uri.len() <= 3 * limits().uri_length));
    }
});
