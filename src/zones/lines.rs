//! A list's file, line by line, read in pieces.
//!
//! Files compressed with gzip are inflated on the way. A line that is too long is told of and left
//! out; a file that is too long ends the reading.

use super::Content;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A line, or what stands for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'l> {
    /// Its bytes, without the end of the line.
    Whole(&'l [u8]),
    /// There is one that is too long.
    TooLong,
}

/// Gives each line of `content` to `take` until that gives `false`. A file with more than
/// `most_bytes`, inflated, is an error; of longer lines than `longest` only the fact is told.
pub fn each(
    content: &Content,
    longest: usize,
    most_bytes: usize,
    take: impl FnMut(Line<'_>) -> bool,
) -> io::Result<()> {
    match content {
        Content::Path(path) => {
            let file = BufReader::with_capacity(PIECE, std::fs::File::open(path)?);
            inflated(file, longest, most_bytes, take)
        }
        Content::Bytes(bytes) => inflated(bytes.as_slice(), longest, most_bytes, take),
    }
}

fn inflated(
    mut file: impl BufRead,
    longest: usize,
    most_bytes: usize,
    take: impl FnMut(Line<'_>) -> bool,
) -> io::Result<()> {
    let is_compressed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    // One more byte than allowed, to see whether there is one.
    let most = most_bytes as u64 + 1;
    let left = if is_compressed {
        let inflating = BufReader::with_capacity(PIECE, MultiGzDecoder::new(file));
        let mut limited = inflating.take(most);
        walk(&mut limited, longest, take)?;
        limited.limit()
    } else {
        let mut limited = file.take(most);
        walk(&mut limited, longest, take)?;
        limited.limit()
    };
    match left {
        0 => Err(io::Error::other("larger than limits.zone_file allows")),
        _ => Ok(()),
    }
}

fn walk(
    file: &mut impl BufRead,
    longest: usize,
    mut take: impl FnMut(Line<'_>) -> bool,
) -> io::Result<()> {
    // The beginning of a line whose end is in a later piece.
    let mut begun: Vec<u8> = Vec::new();
    let mut is_too_long = false;
    loop {
        let piece = file.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = behind.get(1..).unwrap_or_default();
            let goes_on = if is_too_long || begun.len() + line.len() > longest {
                take(Line::TooLong)
            } else if begun.is_empty() {
                take(Line::Whole(line))
            } else {
                begun.extend_from_slice(line);
                take(Line::Whole(&begun))
            };
            begun.clear();
            is_too_long = false;
            if !goes_on {
                return Ok(());
            }
        }
        match is_too_long || begun.len() + rest.len() > longest {
            true => {
                is_too_long = true;
                begun.clear();
            }
            false => begun.extend_from_slice(rest),
        }
        let read = piece.len();
        file.consume(read);
    }
    if is_too_long {
        take(Line::TooLong);
    } else if !begun.is_empty() {
        take(Line::Whole(&begun));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn lines(bytes: &[u8], longest: usize, most: usize) -> (Vec<String>, bool) {
        let mut lines = Vec::new();
        let take = |line: Line<'_>| {
            lines.push(match line {
                Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                Line::TooLong => "?".to_owned(),
            });
            true
        };
        let result = each(&Content::Bytes(bytes.to_vec()), longest, most, take);
        (lines, result.is_ok())
    }

    #[test]
    fn limit_zone_line() {
        let (found, _) = lines(b"abc\nabcd\nabcde\n\nx", 4, 100);
        assert_eq!(found, ["abc", "abcd", "?", "", "x"]);
        assert_eq!(lines(b"abcdef", 4, 100).0, ["?"]);
        // Lines that reach from piece to piece.
        let long = [vec![b'a'; PIECE - 2], b"\nbcd\n".to_vec(), vec![b'e'; 2 * PIECE]].concat();
        let path = std::env::temp_dir().join(format!("mailprint-lines-{}", std::process::id()));
        std::fs::write(&path, &long).unwrap();
        let mut lengths = Vec::new();
        each(&Content::Path(path.clone()), PIECE, usize::MAX - 1, |line| {
            lengths.push(match line {
                Line::Whole(line) => line.len(),
                Line::TooLong => 0,
            });
            true
        })
        .unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(lengths, [PIECE - 2, 3, 0]);
    }

    #[test]
    fn limit_zone_file() {
        assert!(lines(b"abc\n", 9, 5).1 && lines(b"abc\n", 9, 4).1);
        assert!(!lines(b"abc\n", 9, 3).1);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&b"abc\n".repeat(100_000)).unwrap();
        let packed = packed.finish().unwrap();
        let (found, is_well) = lines(&packed, 9, 400_000);
        assert!(is_well && found.len() == 100_000 && found.iter().all(|line| line == "abc"));
        assert!(!lines(&packed, 9, 399_999).1, "a bomb");
        assert!(!lines(&packed[..packed.len() / 2], 9, 400_000).1, "half a file");
    }
}
