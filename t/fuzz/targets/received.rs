//! Received lines, one between two NULs each: parsed alone and as a way.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::message::received;
use mailprint::message::relay::{self, Side};
use mailprint_fuzz::{SETTINGS, fields};

fuzz_target!(|data: &[u8]| {
    let lines = || data.split(|&byte| byte == 0);
    for line in lines() {
        _ = received::parse(line);
    }
    let relays = relay::read(&fields("Received", lines()), &SETTINGS);
    for side in [Side::Trusted, Side::Untrusted, Side::Internal, Side::External] {
        assert!(relays.side(side).len() <= SETTINGS.limits.received_hops);
        _ = relays.text(side);
    }
});
