//! A picture: its header, its pixels, what is seen of it.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::fingerprint::images::of_picture;
use mailprint::limits::{Limits, Reached};

fuzz_target!(|data: &[u8]| {
    let limits = Limits { image_pixels: 1 << 16, ..mailprint_fuzz::limits() };
    let (mut out, mut reached) = (Vec::new(), Reached::default());
    of_picture(data, &limits, &mut out, &mut reached);
    assert!(out.len() <= 32);
});
