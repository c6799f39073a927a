//! A text and the charset that it claims: the first line names it.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::text::charset::{Trust, to_utf8};
use mailprint_fuzz::cut;

fuzz_target!(|data: &[u8]| {
    let (charset, text) = cut(data);
    for charset in [None, Some(charset)] {
        let (utf8, decoded) = to_utf8(text, charset, Trust::Hint);
        assert!(!decoded || std::str::from_utf8(&utf8).is_ok());
        assert!(utf8.len() <= 8 * text.len() + 16, "{} from {}", utf8.len(), text.len());
        let (utf8, _) = to_utf8(text, charset, Trust::Declared);
        assert!(utf8.len() <= 8 * text.len() + 16, "{} from {}", utf8.len(), text.len());
    }
});
