//! A link: its well-known form, the goals within it, whose it is.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::fingerprint::links::{Url, read};
use mailprint::fingerprint::view::{Link, Source};
use mailprint::limits::Reached;

fuzz_target!(|data: &[u8]| {
    let raw = String::from_utf8_lossy(data);
    if let Some(url) = Url::read(&raw, 300) {
        assert!(url.path.starts_with('/') && !url.host.is_empty());
    }
    let link = Link { url: raw.into_owned(), source: Source::Anchor };
    read(&[link], &mailprint_fuzz::limits(), &mut Reached::default());
});
