//! Files that come with a message: archives, documents, pictures, and what other families read
//! in them.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::fingerprint::beside_texts;
use mailprint::fingerprint::view::{File, View};
use mailprint::limits::{Limits, Reached};
use std::borrow::Cow;

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        archive_members: 8,
        archive_bytes: 1 << 16,
        archive_ratio: 20,
        document_text: 4096,
        document_streams: 8,
        fingerprint_file: 1 << 14,
        fingerprint_contacts: 8,
        image_pixels: 1 << 14,
        ..mailprint_fuzz::limits()
    };
    let file = File {
        name: "a.bin".to_owned(),
        kind: "application/octet-stream".to_owned(),
        attached: true,
        bytes: Cow::Borrowed(data),
    };
    let view = View { files: vec![file], ..View::default() };
    let (mut out, mut reached) = (Vec::new(), Reached::default());
    let documents = beside_texts(&view, &limits, &mut out, &mut reached);
    assert!(documents.iter().all(|document| document.text.len() <= 4 * 4096 + 64));
    assert!(out.len() <= 256);
});
