//! Domain names as DNS sends them: labels, each with its length before it, without the root's.
//!
//! Other than [`dns::Name`](crate::dns::Name) they may have any bytes in their labels, dots too,
//! and keep their case. RFC 1035, 3.1; the text form is rbldnsd's (section "generic Dataset" and
//! its `\` escapes), which skips empty labels.

use crate::dns::Name;

/// The most bytes of a name, the root's own left out.
pub const LONGEST: usize = 254;
/// The most bytes of a label.
const LONGEST_LABEL: usize = 63;

/// Reads a name; dots part labels, `\` before a byte or a number of up to three digits stands for
/// that byte. `None` if a label or the whole is too long.
pub fn from_text(text: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(text.len() + 1);
    // Where the length of the current label stands.
    let mut length_at = 0;
    name.push(0);
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        let byte = match byte {
            b'.' => {
                if name.len() > length_at + 1 {
                    close(&mut name, length_at)?;
                    length_at = name.len();
                    name.push(0);
                }
                continue;
            }
            b'\\' => match escaped(rest)? {
                Some((byte, behind)) => {
                    rest = behind;
                    byte
                }
                None => break,
            },
            byte => byte,
        };
        if name.len() >= LONGEST {
            return None;
        }
        name.push(byte);
    }
    if name.len() > length_at + 1 {
        close(&mut name, length_at)?;
    } else {
        name.pop();
    }
    Some(name)
}

/// Writes the length of the last label.
fn close(name: &mut [u8], at: usize) -> Option<()> {
    let length = name.len() - at - 1;
    let length = u8::try_from(length).ok().filter(|_| length <= LONGEST_LABEL)?;
    *name.get_mut(at)? = length;
    Some(())
}

/// What is behind a backslash: a byte, or nothing at the end; `None` of a number that is too high.
fn escaped(text: &[u8]) -> Option<Option<(u8, &[u8])>> {
    let Some((&first, _)) = text.split_first() else { return Some(None) };
    if !first.is_ascii_digit() {
        return Some(text.split_first().map(|(&byte, rest)| (byte, rest)));
    }
    let count = text.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(count)?;
    let number = digits.iter().fold(0u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    Some(Some((u8::try_from(number).ok()?, rest)))
}

/// A [`Name`] as DNS sends it.
pub fn from_name(name: &Name) -> Vec<u8> {
    let labels = name.labels().flat_map(|label| {
        // A label of a name has 63 bytes at most.
        std::iter::once(label.len() as u8).chain(label.iter().copied())
    });
    labels.collect()
}

/// The labels, from the left.
pub fn labels(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    suffixes(wire).filter_map(|rest| {
        let (length, behind) = rest.split_first()?;
        behind.get(..usize::from(*length))
    })
}

/// The name and all names above it, the root left out.
pub fn suffixes(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = (!wire.is_empty()).then_some(wire);
    std::iter::successors(whole, |name| {
        let (length, behind) = name.split_first()?;
        behind.get(usize::from(*length)..).filter(|rest| !rest.is_empty())
    })
}

/// As text, with what would be misread escaped.
pub fn to_text(wire: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(wire.len());
    for label in labels(wire) {
        if !text.is_empty() {
            text.push(b'.');
        }
        for &byte in label {
            match byte {
                b'"' | b'.' | b';' | b'\\' | b'@' | b'$' => text.extend([b'\\', byte]),
                0..=b' ' | 0x7f.. => text.extend(format!("\\{byte:03}").bytes()),
                _ => text.push(byte),
            }
        }
    }
    if text.is_empty() { b".".to_vec() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_and_written() {
        let label = "x".repeat(63);
        let cases: &[(&str, Option<&[u8]>)] = &[
            ("a.bc", Some(b"\x01a\x02bc")),
            ("..a...bc.", Some(b"\x01a\x02bc")),
            (".", Some(b"")),
            ("", Some(b"")),
            ("a\\.b", Some(b"\x03a.b")),
            ("a\\0461\\7", Some(b"\x04a.1\x07")),
            ("a\\999", None),
            ("a\\", Some(b"\x01a")),
            ("\\", Some(b"")),
            ("A", Some(b"\x01A")),
            (&format!("{label}x"), None),
            (&[&*label; 4].join("."), None),
        ];
        for (text, expected) in cases {
            assert_eq!(from_text(text.as_bytes()).as_deref(), *expected, "{text}");
        }
        let longest = [&*label, &*label, &*label, &"y".repeat(61)].join(".");
        assert_eq!(from_text(longest.as_bytes()).unwrap().len(), LONGEST);
        assert_eq!(from_text(format!("{longest}y").as_bytes()), None);
        assert_eq!(to_text(b"\x04a.1\x07\x01$"), b"a\\.1\\007.\\$");
        assert_eq!(from_name(&Name::new("a.example").unwrap()), b"\x01a\x07example");
        let above: Vec<_> = suffixes(b"\x01a\x02bc").collect();
        assert_eq!(above, [&b"\x01a\x02bc"[..], b"\x02bc"]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(wire) = from_text(&text) {
                prop_assert!(wire.len() <= LONGEST);
                prop_assert_eq!(from_text(&to_text(&wire)).unwrap(), wire);
            }
            let _ = (to_text(&text), suffixes(&text).count());
        }
    }
}
