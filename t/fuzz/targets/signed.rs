//! What owners of lists publish beside them: sums, keys and signatures of minisign.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::fetch::Source;
use mailprint::fetch::check::{MinisignKey, check_sum};
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let _ = Source::parse(&text);
    let _ = check_sum(Path::new("/dev/null"), &text, "list");
    let _ = MinisignKey::parse(&text);
    let key = MinisignKey::parse("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3");
    if let Ok(key) = key {
        let _ = key.check(Path::new("/dev/null"), &text);
    }
});
