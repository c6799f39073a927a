//! A file of messages, as mbox and as MBX.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::cli::archive::mailbox::{MbxHead, Mbox, mbx_head, mbx_length};
use std::io::Read;

fuzz_target!(|data: &[u8]| {
    let mut mbox = Mbox::new(data);
    let mut joined = Vec::new();
    while let Some(mut message) = mbox.next_message().unwrap() {
        let before = joined.len();
        message.read_to_end(&mut joined).unwrap();
        assert!(joined[before..].starts_with(b"From "));
    }
    assert!(data.ends_with(&joined));
    let mut rest = data;
    if mbx_head(&mut rest).unwrap() != MbxHead::Mbx {
        rest = data; // the lines before messages are looked at all the same
    }
    while let Some(Some(length)) = mbx_length(&mut rest).unwrap() {
        let mut message = Vec::new();
        rest.by_ref().take(length).read_to_end(&mut message).unwrap();
        assert!(message.len() as u64 <= length);
    }
});
