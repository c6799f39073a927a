//! A message's views and fingerprints, with limits that are met; the same twice.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::fingerprint::common::{Nothing, Phrases};
use mailprint::fingerprint::view::View;
use mailprint::fingerprint::{of_text, of_view};
use mailprint::limits::Limits;
use mailprint::message::Message;

fuzz_target!(|data: &[u8]| {
    let low = Limits {
        fingerprint_text: 2000,
        fingerprint_tokens: 100,
        fingerprint_links: 5,
        fingerprint_elements: 20,
        fingerprint_files: 3,
        ..mailprint_fuzz::limits()
    };
    for limits in [low, Limits::default()] {
        let message = Message::parse(data.to_vec(), &limits);
        let view = View::of(&message, &limits);
        assert!(view.links.len() <= limits.fingerprint_links);
        let prints = of_view(&view, &Nothing, &limits);
        assert_eq!(prints, of_view(&View::of(&message, &limits), &Nothing, &limits));
        let mut phrases = Phrases::default();
        phrases.learn(&view, &prints, &limits);
        let read = Phrases::from_bytes(&phrases.to_bytes(), phrases.len());
        assert_eq!(read, Ok(phrases));
        of_text(&String::from_utf8_lossy(data), &Nothing, &limits);
    }
});
