//! Razor2's and Pyzor's signatures of any message.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::fingerprint::compat::{pyzor, razor};
use mailprint::message::Message;

fuzz_target!(|data: &[u8]| {
    let limits = mailprint_fuzz::limits();
    for signature in razor::signatures(data, &limits) {
        assert_eq!(signature.e4.len(), 28);
    }
    pyzor::digest(&Message::parse(data.to_vec(), &limits));
});
