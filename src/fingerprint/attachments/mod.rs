//! Files that come with a message: fingerprints of them and of what is in them (`attachment`,
//! `attachment-chunk`), and their documents, which other families read.
//!
//! In: the view's files. Out: [`Contents`]. `unpack` opens archives, `chunk` cuts files into
//! pieces, `document` and `pdf` find out what documents say.
//!
//! # Specification
//!
//! * `attachment`: SHA-256 of the bytes, the first 16 bytes of it; of each file that came, of
//!   each member of an archive within it (to the depth `archive_depth`), and of each content
//!   stream of a PDF, unpacked. If something follows a file's logical end ([`logical_end`]),
//!   there is a second fingerprint, of the file without it. Of an encrypted member of an
//!   archive: SHA-256 of `sealed:`, CRC-32 in eight hexadecimal digits, `:` and the size.
//!   Abstains below 256 bytes (pictures: 1 KiB), for types of [`USUAL`], and for members of
//!   Office files that their author did not write. The files as they came first, then those
//!   with the lower digest, at most [`MOST`].
//! * `attachment-chunk`: see `chunk`; of files and members that are no archives.
//!
//! Limits: `fingerprint_file` and those of `unpack`, `document`, `pdf`.

mod chunk;
mod document;
mod pdf;
mod unpack;

pub use document::Document;

use self::document::Kind;
use self::unpack::{Budget, Format};
use super::view::{File, View};
use super::{Algorithm, Fingerprint};
use crate::limits::{Limit, Limits, Reached};
use memchr::memmem;
use std::borrow::Cow;
use std::collections::VecDeque;

/// Fingerprints of whole files and members of one message.
const MOST: usize = 16;
/// Those of chunks.
const MOST_CHUNKS: usize = 16;
/// Content streams of one PDF.
const MOST_STREAMS: usize = 4;
/// What is shorter is no file to tell by; a picture must have four times as much.
const LEAST: usize = 256;

/// Types of files that honest programs add to every message.
const USUAL: &[&str] = &[
    "application/pgp-keys",
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/ms-tnef",
    "message/delivery-status",
    "message/disposition-notification",
    "text/calendar",
    "text/rfc822-headers",
    "text/vcard",
    "text/x-vcard",
];

/// What files hold for other families.
#[derive(Debug, Default)]
pub struct Contents<'v> {
    /// What documents say, each with what it leads to.
    pub documents: Vec<Document>,
    /// Pictures, within documents and archives, too.
    pub pictures: Vec<Cow<'v, [u8]>>,
    /// Binary files that are no archives, documents or pictures.
    pub binaries: Vec<Cow<'v, [u8]>>,
}

/// Adds the fingerprints of the view's files, and gives what is in them.
pub(super) fn prints<'v>(
    view: &'v View<'_>,
    limits: &Limits,
    out: &mut Vec<Fingerprint>,
    reached: &mut Reached,
) -> Contents<'v> {
    let mut look = Look::new(limits);
    let files = view.files.iter().filter(|file| !USUAL.contains(&file.kind.as_str()));
    for file in files.take(limits.fingerprint_files) {
        look.at_file(file, limits);
    }
    reached.merge(look.budget.reached);
    look.finish(out)
}

/// Looking through the files of one message.
struct Look<'v> {
    budget: Budget,
    contents: Contents<'v>,
    whole: Vec<Fingerprint>,
    inner: Vec<Fingerprint>,
    chunks: Vec<Fingerprint>,
}

/// Something to look at.
struct Item<'v> {
    bytes: Cow<'v, [u8]>,
    name: String,
    /// In how many archives it is.
    depth: usize,
    /// Is it part of an Office file?
    office: bool,
}

impl<'v> Look<'v> {
    fn new(limits: &Limits) -> Look<'v> {
        Look {
            budget: Budget::new(limits),
            contents: Contents::default(),
            whole: Vec::new(),
            inner: Vec::new(),
            chunks: Vec::new(),
        }
    }

    /// A file, then what is in it, level by level.
    fn at_file(&mut self, file: &'v File<'_>, limits: &Limits) {
        let name = file.name.clone();
        let bytes = Cow::Borrowed(file.bytes.as_ref());
        let mut queue = VecDeque::from([Item { bytes, name, depth: 0, office: false }]);
        while let Some(item) = queue.pop_front() {
            self.at_item(item, &mut queue, limits);
        }
    }

    fn at_item(&mut self, item: Item<'v>, queue: &mut VecDeque<Item<'v>>, limits: &Limits) {
        let picture = is_picture(&item.bytes);
        let least = if picture { 4 * LEAST } else { LEAST };
        if item.bytes.len() >= least {
            let end = logical_end(&item.bytes);
            let to = if item.depth == 0 { &mut self.whole } else { &mut self.inner };
            to.push(attachment(&item.bytes));
            if let Some(logical) = item.bytes.get(..end).filter(|cut| cut.len() < item.bytes.len())
            {
                to.push(attachment(logical));
            }
        }
        if item.bytes.len() > limits.fingerprint_file {
            self.budget.reached.note(Limit::FingerprintFile);
            return;
        }
        if let Some(format) = Format::of(&item.bytes) {
            self.at_archive(format, &item, queue, limits);
            return;
        }
        chunk::prints(&item.bytes, &mut self.chunks);
        if picture {
            self.contents.pictures.push(item.bytes);
            return;
        }
        match Kind::of(&item.bytes) {
            Kind::Pdf => self.at_pdf(&item.bytes, limits),
            kind => {
                let document = document::read(&item.bytes, kind, limits, &mut self.budget.reached);
                let whole = !item.office || !document.text.is_empty();
                if whole && (!document.text.is_empty() || !document.urls.is_empty()) {
                    self.contents.documents.push(document);
                }
                if matches!(kind, Kind::Other | Kind::Ole) {
                    self.contents.binaries.push(item.bytes);
                }
            }
        }
    }

    fn at_archive(
        &mut self,
        format: Format,
        item: &Item<'v>,
        queue: &mut VecDeque<Item<'v>>,
        limits: &Limits,
    ) {
        if item.depth >= limits.archive_depth {
            self.budget.reached.note(Limit::ArchiveDepth);
            return;
        }
        let members = format.unpack(&item.bytes, &item.name, &mut self.budget);
        let office = members.iter().any(|member| document::is_office(&member.name));
        for member in members {
            if let Some((crc, size)) = member.sealed {
                let told = format!("sealed:{crc:08x}:{size}");
                // Formats without a checksum of the content say 0.
                if crc != 0 {
                    self.inner.push(attachment(told.as_bytes()));
                }
                continue;
            }
            if !office || document::is_written(&member.name) {
                let bytes = Cow::Owned(member.bytes);
                queue.push_back(Item { bytes, name: member.name, depth: item.depth + 1, office });
            }
        }
    }

    fn at_pdf(&mut self, bytes: &[u8], limits: &Limits) {
        let pdf = pdf::read(bytes, limits, &mut self.budget);
        let streams = pdf.streams.iter().filter(|stream| stream.len() >= LEAST);
        let mut streams: Vec<_> = streams.map(|stream| attachment(stream)).collect();
        streams.sort_unstable();
        streams.dedup();
        self.inner.extend(streams.into_iter().take(MOST_STREAMS));
        let pictures = pdf.pictures.iter().take(limits.fingerprint_images);
        self.contents.pictures.extend(pictures.map(|picture| Cow::Owned(picture.to_vec())));
        if !pdf.text.trim().is_empty() || !pdf.urls.is_empty() {
            self.contents.documents.push(Document { text: pdf.text, urls: pdf.urls });
        }
    }

    /// Puts the fingerprints in order.
    fn finish(mut self, out: &mut Vec<Fingerprint>) -> Contents<'v> {
        for list in [&mut self.inner, &mut self.chunks] {
            list.sort_unstable();
            list.dedup();
        }
        out.extend(self.whole.into_iter().chain(self.inner).take(MOST));
        out.extend(self.chunks.into_iter().take(MOST_CHUNKS));
        self.contents
    }
}

/// The fingerprint of a whole file.
fn attachment(bytes: &[u8]) -> Fingerprint {
    Fingerprint { algorithm: Algorithm::Attachment, digest: sha256(bytes) }
}

/// SHA-256, cut.
fn sha256(bytes: &[u8]) -> [u8; 16] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

/// Is it a picture that `images` could look at?
fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff")
        || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        || bytes.starts_with(b"GIF8")
        || bytes.starts_with(b"BM")
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
}

/// Where a file ends for the programs that open it: what follows is padding. JPEG: after the
/// last end-of-image; PNG: after `IEND`; PDF: after the last `%%EOF`; zip: after its directory's
/// end; a Windows program: after its last section. White space and zeros at the end of any
/// other file are padding, too.
fn logical_end(bytes: &[u8]) -> usize {
    let last = |mark: &[u8], more: usize| {
        memmem::rfind(bytes, mark).map(|at| (at + mark.len() + more).min(bytes.len()))
    };
    let end = match bytes {
        [0xff, 0xd8, 0xff, ..] => last(b"\xff\xd9", 0),
        [0x89, b'P', b'N', b'G', ..] => last(b"IEND", 4),
        [b'P', b'K', ..] => last(b"PK\x05\x06", 18),
        [b'M', b'Z', ..] => program_end(bytes),
        [b'%', b'P', b'D', b'F', ..] => last(b"%%EOF", 0),
        _ => None,
    };
    end.unwrap_or_else(|| {
        let padding = bytes.iter().rev().take_while(|b| b.is_ascii_whitespace() || **b == 0);
        bytes.len() - padding.count()
    })
}

/// The end of the last section of a Windows program (Portable Executable).
fn program_end(bytes: &[u8]) -> Option<usize> {
    let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize);
    let half = |at: usize| Some(usize::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?)));
    let head = word(0x3c)?;
    if bytes.get(head..head.checked_add(4)?) != Some(b"PE\0\0") {
        return None;
    }
    let (sections, optional) = (half(head + 6)?, half(head + 20)?);
    let table = head + 24 + optional;
    let ends = (0..sections.min(96)).filter_map(|number| {
        let row = table + 40 * number;
        word(row + 20)?.checked_add(word(row + 16)?)
    });
    ends.max().filter(|&end| end <= bytes.len())
}

#[cfg(test)]
mod tests {
    use super::unpack::tests::{gzipped, tarred, zipped};
    use super::*;

    fn view(files: &[(&str, Vec<u8>)]) -> View<'static> {
        let files = files.iter().map(|(name, bytes)| File {
            name: (*name).to_owned(),
            kind: "application/octet-stream".to_owned(),
            attached: true,
            bytes: Cow::Owned(bytes.clone()),
        });
        View { files: files.collect(), ..View::default() }
    }

    fn of(bytes: &[u8], limits: &Limits) -> (Vec<Fingerprint>, Reached) {
        let view = view(&[("a.bin", bytes.to_vec())]);
        let (mut out, mut reached) = (Vec::new(), Reached::default());
        prints(&view, limits, &mut out, &mut reached);
        (out, reached)
    }

    fn whole(bytes: &[u8]) -> Vec<Fingerprint> {
        let all = of(bytes, &Limits::default()).0;
        all.into_iter().filter(|print| print.algorithm == Algorithm::Attachment).collect()
    }

    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|at| b'a' + ((at * at / 7 + at) % 26) as u8).collect()
    }

    #[test]
    fn a_file_is_known_by_its_digest_and_a_member_in_any_archive() {
        let file = text(3000);
        let own = attachment(&file);
        assert_eq!(whole(&file), [own]);
        let zip = zipped(&[("b.txt", &file), ("c.txt", &text(400))]);
        for archive in [
            zip.clone(),
            gzipped(&file),
            tarred(&[("x", &file)]),
            gzipped(&tarred(&[("x.zip", &zip)])),
        ] {
            assert!(whole(&archive).contains(&own));
        }
    }

    #[test]
    fn padding_after_the_end_does_not_count() {
        let pdf = super::pdf::tests::document(&"some words ".repeat(40), "", 1);
        let zip = zipped(&[("b.txt", &text(3000))]);
        let own = text(1000);
        for file in [pdf, zip, own] {
            let tail = if file.starts_with(b"a") { vec![0; 99] } else { text(99) };
            let padded = [&file[..], &tail].concat();
            let (before, after) = (whole(&file), whole(&padded));
            assert!(before.iter().any(|print| after.contains(print)));
        }
    }

    #[test]
    fn a_pdf_saved_again_shows_the_same() {
        let words: String = (0..200).map(|n| format!("word{} ", n * n)).collect();
        let of = |id| whole(&super::pdf::tests::document(&words, "http://example.com/", id));
        let (one, two) = (of(1), of(2));
        assert_ne!(one[0], two[0]);
        assert!(one.iter().any(|print| two.contains(print)));
    }

    #[test]
    fn an_office_file_is_known_by_what_is_written() {
        let (letter, theme) = (text(900), text(800));
        let rels: &[u8] = b"x";
        let members: [(&str, &[u8]); 3] = [
            ("[Content_Types].xml", rels),
            ("word/document.xml", &letter),
            ("word/theme/theme1.xml", &theme),
        ];
        let prints = whole(&zipped(&members));
        assert!(prints.contains(&attachment(&letter)) && !prints.contains(&attachment(&theme)));
    }

    #[test]
    fn a_program_ends_with_its_last_section() {
        let mut program = vec![0u8; 0x400];
        program[..2].copy_from_slice(b"MZ");
        program[0x3c] = 0x80;
        program[0x80..0x84].copy_from_slice(b"PE\0\0");
        program[0x86] = 1;
        program[0x80 + 24 + 16..][..4].copy_from_slice(&0x100u32.to_le_bytes());
        program[0x80 + 24 + 20..][..4].copy_from_slice(&0x200u32.to_le_bytes());
        assert_eq!(logical_end(&program), 0x300);
    }

    #[test]
    fn little_says_nothing() {
        assert_eq!(whole(&text(255)), []);
        let mut card = view(&[("a.vcf", text(1000))]);
        card.files[0].kind = "text/x-vcard".to_owned();
        let (mut out, mut reached) = (Vec::new(), Reached::default());
        prints(&card, &Limits::default(), &mut out, &mut reached);
        assert_eq!(out, []);
    }

    #[test]
    fn limit_archive_depth() {
        let file = text(3000);
        let deep = gzipped(&gzipped(&gzipped(&file)));
        for (most, met) in [(2, true), (3, false), (4, false)] {
            let (prints, reached) = of(&deep, &Limits { archive_depth: most, ..Limits::default() });
            assert_eq!(prints.contains(&attachment(&file)), !met);
            assert_eq!(reached.has(Limit::ArchiveDepth), met);
        }
    }

    #[test]
    fn limit_fingerprint_file() {
        let file = text(3000);
        for (most, met) in [(2999, true), (3000, false), (3001, false)] {
            let limits = Limits { fingerprint_file: most, ..Limits::default() };
            let (prints, reached) = of(&file, &limits);
            assert_eq!(prints.len() == 1, met);
            assert_eq!(reached.has(Limit::FingerprintFile), met);
        }
    }
}
