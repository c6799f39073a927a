//! What pictures look like: fingerprints `image`.
//!
//! In: the pictures that `attachments` found. Out: fingerprints that stay when a picture is
//! compressed anew, resized, given noise or a border, or cropped a little. `grey` makes it
//! small, `bits` says what of it is looked at.
//!
//! # Specification
//!
//! 1. JPEG, PNG, GIF (the first frame), WebP and BMP are decoded, if the header tells of at
//!    least 64 x 64 pixels and not more than `image_pixels`; transparency is white; grey is
//!    (299 R + 587 G + 114 B) / 1000.
//! 2. If a side has more than 256 pixels, the picture is made smaller by averaging areas, so
//!    that the longer one has 256 (real borders between areas, weighted by what of a pixel is
//!    in them; sides are rounded, at least 16).
//! 3. Rows and columns at the edges whose mean distance from their own mean is below 6 are cut
//!    off, from each side as long as there are some, not more than two fifths a side. Abstains
//!    if less than 16 are left.
//! 4. What is left is averaged to 32 x 32. Two-dimensional DCT-II without factors; coefficients
//!    (u, v), u across, with 1 <= u + v <= 10, in the order of u + v, then u: numbers 1 to 65.
//! 5. Four bands of 24 coefficients: 1-24; 25-48; odd numbers 1-47; even numbers 2-48. A band's
//!    bits are the signs (1: positive), the first coefficient the lowest bit. The two that are
//!    least beside the mean size of all 65 are unsure: the band makes four fingerprints, one
//!    for each value of these.
//! 6. A band abstains if more than [`FAINT`] of its coefficients are below a hundredth of the
//!    root mean square of all; the picture abstains if that is below [`CONTRAST`].
//! 7. The transform: the band's number (a byte), then 24 bits in three bytes, least first, then
//!    the shape of the picture after step 3, `round(2 log2(width / height))`, as a byte. Where
//!    that is nearer than 0.15 to being rounded the other way, both are made.
//!
//! Limits: `fingerprint_images`, `image_pixels`, `image_milliseconds` of all of a message.

mod bits;
mod grey;

use super::{Algorithm, Fingerprint, digest};
use crate::clock::Tick;
use crate::limits::{Limit, Limits, Reached};
use std::borrow::Cow;
use std::time::Duration;

pub use bits::{CONTRAST, FAINT};

/// Adds the fingerprints of `pictures`.
pub(super) fn prints(
    pictures: &[Cow<'_, [u8]>],
    limits: &Limits,
    out: &mut Vec<Fingerprint>,
    reached: &mut Reached,
) {
    let began = Tick::now();
    let patience = Duration::from_millis(limits.image_milliseconds as u64);
    for (number, picture) in pictures.iter().enumerate() {
        if number >= limits.fingerprint_images {
            reached.note(Limit::FingerprintImages);
            return;
        }
        if began.elapsed() > patience {
            reached.note(Limit::ImageMilliseconds);
            return;
        }
        of_picture(picture, limits, out, reached);
    }
}

/// Adds the fingerprints of one picture.
pub fn of_picture(
    bytes: &[u8],
    limits: &Limits,
    out: &mut Vec<Fingerprint>,
    reached: &mut Reached,
) {
    let Some(grey) = grey::decode(bytes, limits.image_pixels, reached) else { return };
    let Some(grey) = grey.without_edges() else { return };
    let shapes = grey.shapes();
    for (band, values) in bits::bands(&grey.scaled(bits::SIDE, bits::SIDE)) {
        for value in values {
            for shape in &shapes {
                let [a, b, c, _] = value.to_le_bytes();
                let transform = [band, a, b, c, shape.to_le_bytes()[0]];
                out.push(digest(Algorithm::Image, &transform));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grey::tests::{jpeg, picture};
    use super::*;

    fn of(bytes: &[u8], limits: &Limits) -> (Vec<Fingerprint>, Reached) {
        let (mut out, mut reached) = (Vec::new(), Reached::default());
        prints(&[Cow::Borrowed(bytes), Cow::Borrowed(bytes)], limits, &mut out, &mut reached);
        (out, reached)
    }

    #[test]
    fn compression_does_not_count() {
        let before = of(&jpeg(&picture(200, 150), 95), &Limits::default()).0;
        let after = of(&jpeg(&picture(200, 150), 50), &Limits::default()).0;
        let same = before.iter().filter(|print| after.contains(print)).count();
        assert!(same >= 4, "{same} of {}", before.len());
    }

    #[test]
    fn what_is_small_or_empty_says_nothing() {
        assert_eq!(of(&jpeg(&picture(63, 200), 90), &Limits::default()).0, []);
        assert_eq!(of(&jpeg(&image::GrayImage::new(200, 200), 90), &Limits::default()).0, []);
        assert_eq!(of(b"\xff\xd8\xff", &Limits::default()).0, []);
    }

    #[test]
    fn limit_fingerprint_images_and_image_pixels_and_image_milliseconds() {
        let picture = jpeg(&picture(200, 150), 90);
        let of = |images, pixels, milliseconds| {
            let limits = Limits {
                fingerprint_images: images,
                image_pixels: pixels,
                image_milliseconds: milliseconds,
                ..Limits::default()
            };
            of(&picture, &limits)
        };
        let (one, reached) = of(1, 30_000, 60_000);
        assert!(reached.has(Limit::FingerprintImages));
        let (two, reached) = of(2, 30_000, 60_000);
        assert_eq!((two.len(), reached), (2 * one.len(), Reached::default()));
        let (none, reached) = of(2, 29_999, 60_000);
        assert!(none.is_empty() && reached.has(Limit::ImagePixels));
        let (first, reached) = of(2, 30_000, 0);
        assert!(first.len() <= one.len() && reached.has(Limit::ImageMilliseconds));
    }
}
