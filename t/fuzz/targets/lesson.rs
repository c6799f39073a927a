//! Records and lessons of a store, requests and answers on its socket, lines of an export: what
//! is read is written and read again as the same.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::fingerprint::store::portable::Line;
use mailprint::fingerprint::store::{Lesson, Record};
use mailprint::server::lessons::wire::{self, Answer, Request};
use mailprint_fuzz::cut;

fuzz_target!(|data: &[u8]| {
    if let Some(bytes) = data.first_chunk() {
        let record = Record::of_bytes(bytes);
        assert_eq!(Record::of_bytes(&record.to_bytes()), record);
    }
    let (key, bytes) = cut(data);
    if let Some(lesson) = Lesson::of_bytes(key, bytes) {
        assert_eq!(Lesson::of_bytes(&lesson.key(), &lesson.to_bytes()), Some(lesson));
    }
    if let Some(request) = Request::of_bytes(data) {
        assert_eq!(Request::of_bytes(&request.to_bytes()), Some(request));
    }
    if let Some(answer) = Answer::of_bytes(data) {
        Answer::of_bytes(&answer.to_bytes()).unwrap();
    }
    let mut rest = data;
    while let Ok(Some(frame)) = wire::receive(&mut rest, 1000) {
        assert!(frame.len() <= 1000);
    }
    if let Some(line) = std::str::from_utf8(data).ok().and_then(Line::parse) {
        assert_eq!(Line::parse(&line.render()), Some(line));
    }
});
