//! How much two files have in common, told from a few hundred numbers of each.
//!
//! In: the lines of a list's files. Out: the smallest of their hashes (a bottom-k sketch, Broder
//! 1997), kept with the copy; two of them tell the share of lines that both files have, give or
//! take a few percent, whatever the format. Compressed files are inflated on the way.

use flate2::read::MultiGzDecoder;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// How many hashes are kept: the share is then right within 3 percent, most times.
const KEPT: usize = 1024;

/// The smallest hashes of a text's lines, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Sketch(Vec<u64>);

/// A sketch that is being made.
#[derive(Default)]
pub struct Sketching(BTreeSet<u64>);

impl Sketching {
    /// Adds the lines of the file at `path`, of which `most` bytes are read once inflated.
    pub fn file(&mut self, path: &Path, most: u64) -> io::Result<()> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        match is_gzip {
            true => self.lines(BufReader::new(MultiGzDecoder::new(file)).take(most)),
            false => self.lines(file.take(most)),
        }
    }

    fn lines(&mut self, mut text: impl BufRead) -> io::Result<()> {
        let mut hash = Line::default();
        loop {
            let piece = text.fill_buf()?;
            if piece.is_empty() {
                self.line(&hash);
                return Ok(());
            }
            let length = piece.len();
            for &byte in piece {
                match byte {
                    b'\n' => self.line(&std::mem::take(&mut hash)),
                    byte => hash.add(byte),
                }
            }
            text.consume(length);
        }
    }

    fn line(&mut self, line: &Line) {
        let Some(hash) = line.end() else { return };
        if self.0.len() < KEPT {
            self.0.insert(hash);
        } else if self.0.last().is_some_and(|largest| hash < *largest) && self.0.insert(hash) {
            self.0.pop_last();
        }
    }

    /// What has been seen.
    pub fn done(self) -> Sketch {
        Sketch(self.0.into_iter().collect())
    }
}

impl Sketch {
    /// The share of what `other` has that is not here, 0 to 1, if both are about as long.
    pub fn change(&self, other: &Sketch) -> f64 {
        let (mut both, mut seen) = (0u32, 0u32);
        let (mut here, mut there) = (self.0.iter().peekable(), other.0.iter().peekable());
        // The smallest hashes of both together; of these how many are in both.
        while (seen as usize) < KEPT {
            match (here.peek(), there.peek()) {
                (Some(a), Some(b)) if a == b => {
                    both += 1;
                    here.next();
                    there.next();
                }
                (Some(a), Some(b)) if a < b => drop(here.next()),
                (Some(_), Some(_)) | (None, Some(_)) => drop(there.next()),
                (Some(_), None) => drop(here.next()),
                (None, None) => break,
            }
            seen += 1;
        }
        if seen == 0 {
            return 0.0;
        }
        let common = f64::from(both) / f64::from(seen);
        (1.0 - common) / (1.0 + common)
    }
}

/// The hash of a line without white space at its ends; FNV-1a, mixed at the end. It need not
/// resist anybody: who can forge a list's lines need not hide how many are new.
#[derive(Clone, Copy, Default)]
struct Line {
    hash: u64,
    spaces: u64,
    any: bool,
}

impl Line {
    fn add(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() {
            self.spaces += 1;
            return;
        }
        if self.any && self.spaces > 0 {
            self.mix(b' ');
        }
        self.any = true;
        self.spaces = 0;
        self.mix(byte);
    }

    fn mix(&mut self, byte: u8) {
        self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
    }

    /// `None` for an empty line.
    fn end(&self) -> Option<u64> {
        let mut hash = self.hash ^ (self.hash >> 31);
        hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
        self.any.then_some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: impl Iterator<Item = u32>) -> Sketch {
        let mut sketching = Sketching::default();
        let text: String = lines.map(|n| format!("192.0.{}.{} :2:x\n", n / 256, n % 256)).collect();
        sketching.lines(text.as_bytes()).unwrap();
        sketching.done()
    }

    #[test]
    fn the_share_of_lines_that_are_new_is_told() {
        let old = of(0..10_000);
        for (new, expected) in [
            (of(0..10_000), 0.0),
            (of(2000..12_000), 0.2),
            (of(5000..15_000), 0.5),
            (of(20_000..30_000), 1.0),
        ] {
            let change = new.change(&old);
            assert!((change - expected).abs() < 0.05, "{change} for {expected}");
        }
        assert_eq!(of(0..3).change(&of(0..3)), 0.0);
        assert_eq!(of(0..2).change(&of(2..4)), 1.0);
        assert_eq!(of(0..0).change(&of(0..0)), 0.0);
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_does_no_harm(bytes: Vec<u8>, other: Vec<u8>) {
            let of = |bytes: &[u8]| {
                let mut sketching = Sketching::default();
                sketching.lines(bytes).unwrap();
                sketching.done()
            };
            let change = of(&bytes).change(&of(&other));
            assert!((0.0..=1.0).contains(&change), "{change}");
        }
    }

    #[test]
    fn white_space_at_the_ends_and_empty_lines_do_not_count() {
        let of = |text: &str| {
            let mut sketching = Sketching::default();
            sketching.lines(text.as_bytes()).unwrap();
            sketching.done()
        };
        assert_eq!(of("a b\n\n c \n"), of("a  b \r\nc"));
        assert_ne!(of("ab"), of("a b"));
    }
}
