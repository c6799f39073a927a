//! The line that a mailbox file puts before a message.
//!
//! mbox: `From sender date`. MBX: `date,length;flags-uid`, which SpamAssassin turns into an
//! mbox line so that one form is left.

use super::text::lines;
use crate::text::ascii::is_space;
use std::ops::Range;

/// The separator that `message` begins with, in mbox form, and how many bytes it takes.
pub(super) fn separator(message: &[u8]) -> (Option<Vec<u8>>, usize) {
    let line = lines(message).next().unwrap_or_default();
    if is_mbox(line) {
        return (Some(line.to_vec()), line.len());
    }
    if !is_mbx(line) {
        return (None, 0);
    }
    let rest = message.get(line.len()..).unwrap_or_default();
    (as_mbox(line, rest), line.len())
}

/// `From` and white space, unless it is a field `From :`.
fn is_mbox(line: &[u8]) -> bool {
    match line.strip_prefix(b"From") {
        Some([first, second, ..]) => is_space(*first) && (*second != b':'),
        Some([only]) => is_space(*only),
        _ => false,
    }
}

/// Is `text` of the form that `shape` draws? `9` is a digit, `a` a letter, `f` a small hex
/// digit, `w` a word byte, `_` white space, `d` white space or a digit; all else is itself.
fn fits(text: &[u8], shape: &[u8]) -> bool {
    let fit = |(&byte, &kind): (&u8, &u8)| match kind {
        b'9' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        b'f' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        b'w' => byte.is_ascii_alphanumeric() || byte == b'_',
        b'_' => is_space(byte),
        b'd' => is_space(byte) || byte.is_ascii_digit(),
        _ => byte == kind,
    };
    text.len() == shape.len() && text.iter().zip(shape).all(fit)
}

const MBX_DATE: &[u8] = b"d9-aaa-9999_99:99:99";

fn is_mbx(line: &[u8]) -> bool {
    mbx_length(line).is_some()
}

/// The length in bytes of the message after `line`, if that is a date, a length, flags and a
/// number; as high as can be where it is higher.
pub fn mbx_length(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (start, flags) = line.split_at_checked(line.len().checked_sub(22)?)?;
    let count = start.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (date, digits) = start.split_at_checked(start.len() - count)?;
    let date = date.strip_suffix(b",")?.get(..MBX_DATE.len())?;
    let fits = fits(flags, b";ffffffffffff-wwwwwwww") && count > 0 && fits(date, MBX_DATE);
    fits.then(|| {
        let digit =
            |sum: u64, byte: &u8| sum.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
        digits.iter().fold(0, digit)
    })
}

/// `From sender Day Mon DD hh:mm:ss YYYY` for an MBX line; nothing if there is no such date.
fn as_mbox(line: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let piece = |range: Range<usize>| line.get(range).unwrap_or_default();
    let (day, month, year, time) = (piece(0..2), piece(3..6), piece(7..11), piece(12..20));
    let weekday = weekday(number(year)?, month_number(month)?, number(day)?);
    let sender = sender(message);
    let pieces = [b"From ", sender, b" ", weekday, b" ", month, b" ", day, b" ", time, b" "];
    Some([pieces.concat().as_slice(), year, b"\n"].concat())
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.trim_ascii().parse().ok()
}

fn month_number(name: &[u8]) -> Option<u32> {
    const NAMES: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let at = NAMES.chunks(3).position(|month| month.eq_ignore_ascii_case(name))?;
    u32::try_from(at + 1).ok()
}

/// The day of the week by Sakamoto's congruence.
fn weekday(year: u32, month: u32, day: u32) -> &'static [u8] {
    const NAMES: [&[u8]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];
    const SHIFT: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 3 { year.saturating_sub(1) } else { year };
    let shift = SHIFT.get(month as usize - 1).copied().unwrap_or_default();
    let day = (year + year / 4 + year / 400 + shift + day).wrapping_sub(year / 100) % 7;
    NAMES.get(day as usize).copied().unwrap_or_default()
}

/// The address of the first From field: what stands in angle brackets, else the first word.
fn sender(message: &[u8]) -> &[u8] {
    lines(message)
        .find_map(|line| {
            let value = line.strip_prefix(b"From:")?;
            let bracketed = memchr::memchr(b'<', value)
                .and_then(|at| value.get(at + 1..))
                .and_then(|inner| inner.get(..memchr::memchr(b'>', inner)?))
                .filter(|address| !address.is_empty());
            let ends = |byte: &u8| matches!(byte, b'<' | b'>' | b' ');
            bracketed.or_else(|| {
                crate::text::ascii::trim_start(value).split(ends).next().filter(|w| !w.is_empty())
            })
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mbox_line_is_no_field() {
        for line in
            [&b"From a@b Thu Jan  1 00:00:00 2026\n"[..], b"From \n", b"From\tx", b"From  :"]
        {
            assert_eq!(separator(line), (Some(line.to_vec()), line.len()));
        }
        for line in [&b"From: a@b\n"[..], b"From : a@b\n", b"from a@b\n", b"From", b">From a\n"] {
            assert_eq!(separator(line), (None, 0));
        }
    }

    #[test]
    fn an_mbx_line_becomes_an_mbox_line() {
        let line = b" 3-Jun-2003 12:01:02 +0200,1234;0123456789ab-00000001\r\n";
        let message = [&line[..], b"To: x\nFrom: \"A\" <a@b.c>\n\n"].concat();
        let (mbox, length) = separator(&message);
        assert_eq!(length, line.len());
        assert_eq!(mbox.unwrap(), b"From a@b.c Tue Jun  3 12:01:02 2003\n");
        assert_eq!(mbx_length(line), Some(1234));
        assert_eq!(separator(b"33-Jun-2003 12:01:02,;0123456789ab-00000001\n"), (None, 0));
    }
}
