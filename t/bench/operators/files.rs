//! Files and pictures that are made anew for each copy, and pages with idle markup.

use super::Operator;
use super::text::Chance;
use data_encoding::BASE64;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb, RgbImage};
use std::io::{Cursor, Read, Write};

/// The operators of this file.
pub const OPERATORS: &[Operator] = &[
    ("image_jpeg", image_jpeg),
    ("image_resize", image_resize),
    ("image_noise", image_noise),
    ("image_border", image_border),
    ("image_crop", image_crop),
    ("image_stacked", image_stacked),
    ("file_rename", file_rename),
    ("file_pad", file_pad),
    ("file_rezip", file_rezip),
    ("pdf_resave", pdf_resave),
    ("skeleton_noise", skeleton_noise),
];

/// What is done to a picture.
pub type Change = fn(RgbImage, &mut Chance) -> RgbImage;

/// The operators on pictures by name, for those who measure pictures without mails.
#[allow(dead_code, reason = "of those who share this file, one draws pictures")]
pub const PICTURES: &[(&str, Change)] = &[
    ("image_jpeg", |picture, _| picture),
    ("image_resize", resized),
    ("image_noise", noisy),
    ("image_border", bordered),
    ("image_crop", cropped),
    ("image_stacked", stacked),
];

/// Compressed anew.
fn image_jpeg(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    on_pictures(bytes, seed, |picture, _| picture)
}

/// 2 to 20 % larger or smaller.
fn image_resize(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    on_pictures(bytes, seed, resized)
}

/// Each pixel 3 grey levels up or down at most.
fn image_noise(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    on_pictures(bytes, seed, noisy)
}

/// A line of one colour around it.
fn image_border(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    on_pictures(bytes, seed, bordered)
}

/// Up to 3 % of each side cut off.
fn image_crop(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    on_pictures(bytes, seed, cropped)
}

/// All of them.
fn image_stacked(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    on_pictures(bytes, seed, stacked)
}

fn resized(picture: RgbImage, chance: &mut Chance) -> RgbImage {
    let share = 2 + chance.below(19) as u32;
    let percent = if chance.percent(50) { 100 + share } else { 100 - share };
    let (width, height) = (picture.width() * percent / 100, picture.height() * percent / 100);
    imageops::resize(&picture, width.max(1), height.max(1), FilterType::Triangle)
}

fn noisy(mut picture: RgbImage, chance: &mut Chance) -> RgbImage {
    for pixel in picture.pixels_mut() {
        let change = chance.below(7) as i16 - 3;
        pixel.0 = pixel.0.map(|value| (i16::from(value) + change).clamp(0, 255) as u8);
    }
    picture
}

fn bordered(picture: RgbImage, chance: &mut Chance) -> RgbImage {
    let colour = Rgb([chance.below(256), chance.below(256), chance.below(256)].map(|v| v as u8));
    let mut larger = RgbImage::from_pixel(picture.width() + 2, picture.height() + 2, colour);
    imageops::replace(&mut larger, &picture, 1, 1);
    larger
}

fn cropped(picture: RgbImage, chance: &mut Chance) -> RgbImage {
    let (width, height) = picture.dimensions();
    let mut cut = |side: u32| chance.below(side as usize * 3 / 100 + 1) as u32;
    let (left, right, top, bottom) = (cut(width), cut(width), cut(height), cut(height));
    imageops::crop_imm(&picture, left, top, width - left - right, height - top - bottom).to_image()
}

fn stacked(picture: RgbImage, chance: &mut Chance) -> RgbImage {
    let picture = cropped(resized(picture, chance), chance);
    bordered(noisy(picture, chance), chance)
}

/// A picture as JPEG of a quality between 60 and 95.
pub fn jpeg(picture: &RgbImage, chance: &mut Chance) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let quality = 60 + chance.below(36) as u8;
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut out, quality)).ok()?;
    Some(out)
}

fn on_pictures(bytes: &[u8], seed: u64, change: Change) -> Option<Vec<u8>> {
    let mut chance = Chance::new(seed, bytes);
    edit(bytes, |head, file| {
        let picture = image::load_from_memory(file).ok()?;
        let large = picture.width() >= 64 && picture.height() >= 64;
        let picture = large.then(|| over_white(&picture))?;
        Some((head.to_owned(), jpeg(&change(picture, &mut chance), &mut chance)?))
    })
}

/// What is seen of a picture on a white page.
fn over_white(picture: &DynamicImage) -> RgbImage {
    let mut page = RgbImage::from_pixel(picture.width(), picture.height(), Rgb([255; 3])).into();
    let page: &mut DynamicImage = &mut page;
    imageops::overlay(page, picture, 0, 0);
    page.to_rgb8()
}

/// Another name.
fn file_rename(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut chance = Chance::new(seed, bytes);
    edit(bytes, |head, file| {
        let name = format!("{}_{}", chance.letters(8), chance.below(99_999));
        Some((renamed(head, &name)?, file.to_vec()))
    })
}

/// 1 to 512 bytes of noise behind it.
fn file_pad(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut chance = Chance::new(seed, bytes);
    edit(bytes, |head, file| {
        let noise = (0..1 + chance.below(512)).map(|_| chance.below(256) as u8).collect();
        Some((head.to_owned(), [file.to_vec(), noise].concat()))
    })
}

/// A zip archive packed in another way, its members in another order under other names.
fn file_rezip(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut chance = Chance::new(seed, bytes);
    edit(bytes, |head, file| Some((head.to_owned(), rezipped(file, &mut chance)?)))
}

/// The archive `file` packed anew. Names in Office files stay: they mean something.
pub fn rezipped(file: &[u8], chance: &mut Chance) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).ok()?;
    let office = archive.index_for_name("[Content_Types].xml").is_some();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for number in (0..archive.len()).rev() {
        let mut member = archive.by_index(number).ok()?;
        let mut content = Vec::new();
        member.read_to_end(&mut content).ok()?;
        let name = member.name().ok()?.into_owned();
        let name = if office { name } else { format!("{}{name}", chance.letters(4)) };
        let level = Some(1 + chance.below(9) as i64);
        let options = zip::write::SimpleFileOptions::default().compression_level(level);
        out.start_file(name, options).ok()?;
        out.write_all(&content).ok()?;
    }
    Some(out.finish().ok()?.into_inner())
}

/// A PDF with another /ID, producer and date, and a comment before its end.
fn pdf_resave(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut chance = Chance::new(seed, bytes);
    edit(bytes, |head, file| Some((head.to_owned(), resaved(file, &mut chance)?)))
}

/// The PDF `file` with other identifiers.
pub fn resaved(file: &[u8], chance: &mut Chance) -> Option<Vec<u8>> {
    if !file.starts_with(b"%PDF") {
        return None;
    }
    let mut out = file.to_vec();
    for (mark, end) in [(&b"/ID"[..], b'>'), (b"/CreationDate", b')'), (b"/ModDate", b')')] {
        let Some(at) = memchr::memmem::rfind(&out, mark) else { continue };
        let after = out.iter_mut().skip(at + mark.len()).take(80);
        for byte in after.take_while(|byte| **byte != end) {
            if byte.is_ascii_hexdigit() {
                *byte = b'0' + chance.below(10) as u8;
            }
        }
    }
    let end = memchr::memmem::rfind(&out, b"%%EOF").unwrap_or(out.len());
    let comment = format!("% {}\n", chance.letters(40));
    out.splice(end..end, comment.into_bytes());
    Some(out)
}

/// Wrappers, comments and empty paragraphs where they are not seen.
fn skeleton_noise(bytes: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut chance = Chance::new(seed, bytes);
    let text = String::from_utf8_lossy(bytes);
    let at = text.to_ascii_lowercase().find("<body").or_else(|| text.find("<html"))?;
    if text.contains("Content-Transfer-Encoding: base64") || text.contains("quoted-printable") {
        return None;
    }
    let (before, body) = text.split_at(at);
    let mut out = before.to_owned();
    for (number, piece) in body.split_inclusive('>').enumerate() {
        out.push_str(piece);
        if number == 0 || !chance.percent(12) {
            continue;
        }
        out.push_str(&match chance.below(5) {
            0 => format!("<!-- {} -->", chance.letters(9)),
            1 => "<div></div>".to_owned(),
            2 => format!("<span id=\"{}\"></span>", chance.letters(6)),
            3 => "<p></p>".to_owned(),
            _ => "<table></table>".to_owned(),
        });
    }
    Some(out.into_bytes())
}

/// The part's head with another file name; `None` if it has none.
fn renamed(head: &str, name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = head;
    let mut found = false;
    while let Some(at) = rest.find("name=") {
        let (before, value) = rest.split_at(at + 5);
        let quoted = value.starts_with('"');
        let old = value.trim_start_matches('"').split(['"', ';', '\r', '\n']).next()?;
        let extension = old.rsplit_once('.').map_or("", |(_, extension)| extension);
        out.push_str(before);
        out.push_str(&format!("\"{name}.{extension}\""));
        let length = old.len() + if quoted { 2 } else { 0 };
        rest = value.get(length..).unwrap_or_default();
        found = true;
    }
    found.then(|| out + rest)
}

/// The message with each file in base64 that `change` takes replaced: head and content in,
/// both out. `None` if none was.
fn edit(
    bytes: &[u8],
    mut change: impl FnMut(&str, &[u8]) -> Option<(String, Vec<u8>)>,
) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::new();
    let mut changed = false;
    let mut head_start = 0;
    let mut lines = bytes.split_inclusive(|&b| b == b'\n').peekable();
    while let Some(line) = lines.next() {
        out.extend(line);
        if line.starts_with(b"--") {
            head_start = out.len();
        }
        if !line.trim_ascii().is_empty() || head_start == usize::MAX {
            continue;
        }
        // A blank line ends a head, if one has begun.
        let head = String::from_utf8_lossy(out.get(head_start..).unwrap_or_default()).into_owned();
        let start = std::mem::replace(&mut head_start, usize::MAX);
        let lower = head.to_ascii_lowercase();
        let is_file = lower.contains("transfer-encoding: base64")
            && lower.contains("content-type:")
            && !lower.contains("content-type: text/");
        if !is_file {
            continue;
        }
        let mut coded = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with(b"--")) {
            coded.extend(line.iter().filter(|b| !b.is_ascii_whitespace()));
        }
        let replaced = BASE64.decode(&coded).ok().and_then(|file| change(&head, &file));
        let (head, coded) = match replaced {
            Some((head, file)) => {
                changed = true;
                (head, BASE64.encode(&file).into_bytes())
            }
            None => (head, coded),
        };
        out.truncate(start);
        out.extend(head.as_bytes());
        for line in coded.chunks(76) {
            out.extend(line);
            out.push(b'\n');
        }
    }
    changed.then_some(out)
}
