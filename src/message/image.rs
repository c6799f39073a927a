//! What the headers of attached images say: how many pixels high and wide.
//!
//! In: the parts of a message. Out: its GIF, PNG and JPEG images in base64, as
//! Mail::SpamAssassin::Plugin::ImageInfo(3) reads them. Invariant: linear in the images, and
//! mostly no more than their beginnings is decoded.

use super::decode::base64;
use super::{Message, Part};
use std::cell::Cell;

/// The beginning of an image in base64 that mostly holds its size.
const BEGINNING: usize = 8 << 10;

/// What an image is encoded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `image/gif`
    Gif,
    /// `image/png`
    Png,
    /// `image/jpeg`, `image/jpg`
    Jpeg,
}

/// An attached image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// What its part says that it is.
    pub format: Format,
    /// Its size, unless it is broken or empty.
    pub size: Option<Size>,
    /// The name of its part.
    pub name: Option<Vec<u8>>,
}

/// Pixels, at least one each way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// From top to bottom.
    pub height: u32,
    /// From left to right.
    pub width: u32,
}

impl Size {
    /// Square pixels.
    pub fn area(self) -> f64 {
        f64::from(self.height) * f64::from(self.width)
    }
}

/// The images of a message, in order. One that is not in base64 is none.
pub fn images(message: &Message) -> Vec<Image> {
    let of_part = |part: &Part| {
        let format = Format::of(part.content_type())?;
        let name = part.name().map(<[u8]>::to_vec);
        Some(Image { format, size: size_in_base64(format, part), name })
    };
    let parts = message.parts().iter().filter(|part| part.is_leaf() && part.is_base64());
    parts.filter_map(of_part).collect()
}

impl Format {
    fn of(kind: &[u8]) -> Option<Format> {
        match kind {
            b"image/gif" => Some(Format::Gif),
            b"image/png" => Some(Format::Png),
            b"image/jpeg" | b"image/jpg" => Some(Format::Jpeg),
            _ => None,
        }
    }

    /// The size of an image of this format; `None` if it is broken or empty.
    pub fn size(self, image: &[u8]) -> Option<Size> {
        self.size_in(&Window::new(image))
    }

    fn size_in(self, image: &Window) -> Option<Size> {
        let (height, width) = match self {
            Format::Gif => gif(image)?,
            Format::Png => png(image)?,
            Format::Jpeg => jpeg(image)?,
        };
        (height > 0 && width > 0).then_some(Size { height, width })
    }
}

fn size_in_base64(format: Format, part: &Part) -> Option<Size> {
    let begin = part.raw().get(..BEGINNING).unwrap_or_default();
    // What `=` means before the end depends on all that comes after it.
    if !begin.is_empty() && memchr::memchr(b'=', begin).is_none() {
        let decoded = base64(begin);
        let window = Window::new(&decoded);
        let size = format.size_in(&window);
        if !window.looked_beyond.get() {
            return size;
        }
    }
    format.size(part.decoded())
}

/// An image, or its beginning.
struct Window<'i> {
    bytes: &'i [u8],
    looked_beyond: Cell<bool>,
}

impl<'i> Window<'i> {
    fn new(bytes: &'i [u8]) -> Self {
        Window { bytes, looked_beyond: Cell::new(false) }
    }

    /// `count` bytes at `at`, or as many as there are.
    fn at(&self, at: usize, count: usize) -> &'i [u8] {
        let rest = self.bytes.get(at..).unwrap_or_default();
        rest.get(..count).unwrap_or_else(|| {
            self.looked_beyond.set(true);
            rest
        })
    }
}

/// The fields of these sizes at the beginning of `bytes`. As Perl's `unpack` does, a field that
/// there are too few bytes for is left out, and a smaller one after it takes them.
fn fields<'b>(bytes: &'b [u8], sizes: &[usize]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = bytes;
    sizes.iter().filter_map(move |size| {
        let (field, after) = rest.split_at_checked(*size)?;
        rest = after;
        Some(field)
    })
}

fn big_endian(field: &[u8]) -> u32 {
    field.iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte))
}

fn little_endian(field: &[u8]) -> u32 {
    field.iter().rev().fold(0, |sum, &byte| sum << 8 | u32::from(byte))
}

/// GIF 87a and 89a: the logical screen.
fn gif(image: &Window) -> Option<(u32, u32)> {
    let [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', screen @ ..] = image.at(0, 13) else {
        return None;
    };
    let mut fields = fields(screen, &[2, 2, 1, 1, 1]).map(little_endian);
    let width = fields.next()?;
    Some((fields.next()?, width))
}

/// PNG (RFC 2083): the header chunk. ImageInfo looks for it every eight bytes, not chunk by
/// chunk, and takes the last four bytes that it gets for the checksum.
fn png(image: &Window) -> Option<(u32, u32)> {
    if image.at(0, 8) != b"\x89PNG\r\n\x1a\n" {
        return None;
    }
    let mut at = 8;
    loop {
        let head = image.at(at, 8);
        at += 8;
        match head {
            [_, _, _, _, b'I', b'E', b'N', b'D'] => return None,
            [0, 0, 0, 13, b'I', b'H', b'D', b'R'] => break,
            [_, _, _, _, _, _, _, _] => {}
            _ => return None,
        }
    }
    let chunk = image.at(at, 13 + 4);
    let chunk = chunk.get(..chunk.len().saturating_sub(4))?;
    let mut fields = fields(chunk, &[4, 4, 1, 1, 1, 1, 1]).map(big_endian);
    let width = fields.next()?;
    Some((fields.next()?, width))
}

/// JPEG (ITU T.81): the first frame header before the data.
fn jpeg(image: &Window) -> Option<(u32, u32)> {
    if image.at(0, 2) != b"\xff\xd8" {
        return None;
    }
    let mut at = 2;
    loop {
        let &[0xff, marker, high, low] = image.at(at, 4) else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        match marker {
            0xda | 0xd9 => return None,
            _ if length < 2 => return None,
            // SOF0 to SOF15 without the markers that are something else.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let frame = image.at(at + 4, (length - 2).min(6));
                let mut fields = fields(frame, &[1, 2, 2, 1]).map(big_endian).skip(1);
                return Some((fields.next()?, fields.next()?));
            }
            _ => at += 2 + length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use proptest::prelude::*;

    fn size(format: Format, image: &[u8]) -> Option<(u32, u32)> {
        format.size(image).map(|size| (size.height, size.width))
    }

    #[test]
    fn sizes_are_read_from_headers_and_not_from_broken_ones() {
        let png = |begin: &str, end: &str| {
            [b"\x89PNG\r\n\x1a\n", begin.as_bytes(), end.as_bytes()].concat()
        };
        let ihdr = "\0\0\0\rIHDR";
        let data = "\0\0\0\x07\0\0\0\x05\x08\x02\0\0\0crc!";
        let cases: [(Format, Vec<u8>, _); 18] = [
            (Format::Gif, b"GIF89a\x02\x01\x04\x03\0\0\0".to_vec(), Some((0x304, 0x102))),
            (Format::Gif, b"GIF87a\x02\0\x04\0".to_vec(), Some((4, 2))),
            (Format::Gif, b"GIF88a\x02\0\x04\0".to_vec(), None),
            (Format::Gif, b"GIF89a\x02\0\x04".to_vec(), Some((4, 2))),
            (Format::Gif, b"GIF89a\x02\0".to_vec(), None),
            (Format::Gif, b"GIF89a\0\0\x04\0".to_vec(), None),
            (Format::Png, png(ihdr, data), Some((5, 7))),
            (Format::Png, png(ihdr, &data[..12]), Some((5, 7))),
            (Format::Png, png(ihdr, &data[..11]), None),
            (Format::Png, png(&format!("12345678{ihdr}"), data), Some((5, 7))),
            (Format::Png, png(&format!("1234567{ihdr}"), data), None),
            (Format::Png, png(&format!("1234IEND{ihdr}"), data), None),
            (Format::Png, b"\x89PNG\n\x1a\n".to_vec(), None),
            (
                Format::Jpeg,
                b"\xff\xd8\xff\xe0\0\x03x\xff\xc2\0\x11\x08\x01\0\x02\0".to_vec(),
                Some((256, 512)),
            ),
            (Format::Jpeg, b"\xff\xd8\xff\xc0\0\x11\x08\x01\0".to_vec(), None),
            (Format::Jpeg, b"\xff\xd8\xff\xc0\0\x06\x08\x01\0\x02\0".to_vec(), Some((256, 2))),
            (Format::Jpeg, b"\xff\xd8\xff\xc4\0\x11\x08\x01\0\x02\0".to_vec(), None),
            (Format::Jpeg, b"\xff\xd8\xff\xe0\0\x01\xff\xc0\0\x11\x08\x01\0\x02\0".to_vec(), None),
        ];
        for (format, image, expected) in cases {
            assert_eq!(size(format, &image), expected, "{}", image.escape_ascii());
        }
    }

    fn message(kind: &str, encoding: &str, body: &str) -> Message {
        let mail = format!(
            "Content-Type: {kind}; name=x\nContent-Transfer-Encoding: {encoding}\n\n{body}\n"
        );
        Message::parse(mail.into_bytes(), &Limits::default())
    }

    #[test]
    fn a_size_far_from_the_beginning_is_found_too() {
        // A comment of 0x5ffd zeros, then SOF0.
        let far = format!("/9j//l//{}/8AAEQgAAgAD", "AAAA".repeat(0x5ffd / 3));
        for (encoded, found) in [(far.as_str(), true), ("/9j/wAARCAACAAM=", true), ("/9j/", false)]
        {
            let images = images(&message("image/jpg", "BASE64", encoded));
            let expected = found.then_some(Size { height: 2, width: 3 });
            assert_eq!(images.first().map(|image| image.size), Some(expected));
        }
    }

    #[test]
    fn only_base64_counts() {
        let gif = "R0lGODlhAgAEAA==";
        assert_eq!(images(&message("image/gif", "base64", gif)).len(), 1);
        assert_eq!(images(&message("image/gif", "7bit", gif)).len(), 0);
        assert_eq!(images(&message("image/webp", "base64", gif)).len(), 0);
    }

    proptest! {
        #[test]
        fn what_a_beginning_says_is_what_the_image_says(
            image in proptest::collection::vec(prop_oneof![Just(0), Just(0xff), any::<u8>()], 0..60),
            cut in 0..60_usize,
        ) {
            for (format, magic) in [
                (Format::Gif, &b"GIF89a"[..]),
                (Format::Png, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
                (Format::Jpeg, b"\xff\xd8\xff"),
            ] {
                let image = [magic, &image].concat();
                let window = Window::new(&image[..cut.min(image.len())]);
                let size = format.size_in(&window);
                prop_assert!(window.looked_beyond.get() || size == format.size(&image));
            }
        }
    }
}
