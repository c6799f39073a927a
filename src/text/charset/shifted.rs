//! Charsets of seven bits, in which sequences switch to another alphabet: ISO-2022-JP
//! (RFC 1468), ISO-2022-KR (RFC 1557) and HZ (RFC 1843).
//!
//! Each is turned into its eight-bit sister and decoded as that, as Perl's Encode does it: what
//! it does not understand it leaves out or spells.

use super::double_byte::{DoubleByte, Unknown};
use memchr::{memchr, memmem};

const ESCAPE: u8 = 0x1B;

/// ISO-2022-JP, as UTF-8. It ends at the first 8-bit byte, or at an escape sequence that is
/// unknown.
pub(super) fn iso_2022_jp(bytes: &[u8]) -> String {
    let ascii = bytes.iter().take_while(|byte| byte.is_ascii()).count();
    let bytes = bytes.get(..ascii).unwrap_or_default();
    DoubleByte::EucJp.decode(&unescaped(bytes), Unknown::Spelled)
}

/// What ISO-2022-JP bytes stand for since the last escape sequence.
#[derive(Clone, Copy)]
enum Shift {
    Ascii,
    Kanji,
    MoreKanji,
    Katakana,
}

/// ISO-2022-JP as EUC-JP: what an escape sequence has shifted gets its high bits.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    const ESCAPES: [(&[u8], Shift); 7] = [
        (b"\x1b(B", Shift::Ascii),
        (b"\x1b(J", Shift::Ascii),
        (b"\x1b$@", Shift::Kanji),
        (b"\x1b$B", Shift::Kanji),
        (b"\x1b&@\x1b$B", Shift::Kanji),
        (b"\x1b(I", Shift::Katakana),
        (b"\x1b$(D", Shift::MoreKanji),
    ];
    let mut out = Vec::with_capacity(bytes.len() * 2);
    let start = memchr(ESCAPE, bytes).unwrap_or(bytes.len());
    let (plain, mut rest) = bytes.split_at_checked(start).unwrap_or_default();
    out.extend_from_slice(plain);
    while !rest.is_empty() {
        let escape = ESCAPES.iter().find(|(sequence, _)| rest.starts_with(sequence));
        let Some((sequence, shift)) = escape else { break };
        rest = rest.get(sequence.len()..).unwrap_or_default();
        let length = memchr(ESCAPE, rest).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(length).unwrap_or_default();
        push_shifted(*shift, run, &mut out);
        rest = after;
    }
    out
}

/// Writes `run`, which holds no escape sequence.
fn push_shifted(shift: Shift, run: &[u8], out: &mut Vec<u8>) {
    let mut rest = run;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let shifted = is_graphic(byte);
        match shift {
            Shift::Katakana if matches!(byte, 0x21..=0x5F) => out.extend([0x8E, byte | 0x80]),
            Shift::Kanji | Shift::Katakana if shifted => out.push(byte | 0x80),
            Shift::MoreKanji if shifted => match after.split_first() {
                Some((&second, behind)) if is_graphic(second) => {
                    out.extend([0x8F, byte | 0x80, second | 0x80]);
                    rest = behind;
                }
                _ => out.push(byte | 0x80),
            },
            _ => out.push(byte),
        }
    }
}

fn is_graphic(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7E)
}

/// ISO-2022-KR, as UTF-8: what stands between SO and SI gets its high bit. It ends at an escape
/// sequence that is not its own.
pub(super) fn iso_2022_kr(bytes: &[u8]) -> String {
    const DESIGNATOR: &[u8] = b"\x1b$)C";
    const SHIFT_OUT: u8 = 0x0E;
    const SHIFT_IN: u8 = 0x0F;
    let mut text = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in memmem::find_iter(bytes, DESIGNATOR) {
        text.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        from = at + DESIGNATOR.len();
    }
    text.extend_from_slice(bytes.get(from..).unwrap_or_default());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_slice();
    while let Some(start) = memchr(SHIFT_OUT, rest) {
        let (plain, shifted) = rest.split_at_checked(start).unwrap_or_default();
        let Some(end) = memchr(SHIFT_IN, shifted) else { break };
        out.extend_from_slice(plain);
        let korean = shifted.get(1..end).unwrap_or_default();
        out.extend(korean.iter().map(|&b| if is_graphic(b) { b | 0x80 } else { b }));
        rest = shifted.get(end + 1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.truncate(memchr(ESCAPE, &out).unwrap_or(out.len()));
    DoubleByte::EucKr.decode(&out, Unknown::Spelled)
}

/// HZ, as UTF-8: pairs of bytes between `~{` and `~}` are GB 2312. It ends where it is broken.
pub(super) fn hz(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut chinese = false;
    let mut rest = bytes;
    while !rest.is_empty() {
        rest = match (chinese, rest) {
            (false, [b'~', b'~', after @ ..]) => {
                out.push('~');
                after
            }
            (false, [b'~', b'\n', after @ ..]) => after,
            (false, [b'~', b'{', after @ ..]) => {
                chinese = true;
                after
            }
            (false, [byte, after @ ..]) if byte.is_ascii() && *byte != b'~' => {
                out.push(char::from(*byte));
                after
            }
            (true, [b'~', b'}', after @ ..]) => {
                chinese = false;
                after
            }
            (true, _) => {
                let is_pair = |pair: &&[u8]| matches!(pair, [0x21..=0x77, low] if is_graphic(*low));
                let length = 2 * rest.chunks(2).take_while(is_pair).count();
                let Some((run, after)) = rest.split_at_checked(length) else { break };
                if run.is_empty() {
                    break;
                }
                let run: Vec<u8> = run.iter().map(|byte| byte | 0x80).collect();
                out.push_str(&DoubleByte::EucCn.decode(&run, Unknown::Replaced));
                after
            }
            _ => break,
        };
    }
    out
}
