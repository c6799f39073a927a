//! The header of an image, taken for each of the formats.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::message::image::Format;

fuzz_target!(|data: &[u8]| {
    for format in [Format::Gif, Format::Png, Format::Jpeg] {
        if let Some(size) = format.size(data) {
            assert!(size.height > 0 && size.width > 0 && size.area() >= 1.0);
        }
    }
});
