//! `:A:TXT`: what an entry says (rbldnsd(8), "Resulting A values and TXT templates").

use super::addresses::single;
use super::words::skip_blanks;
use std::net::Ipv4Addr;

/// The address that is answered where a list names none.
pub const LISTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The most bytes of a text.
pub const LONGEST_TEXT: usize = 255;

/// An address and a template.
pub type Value<'l> = (Ipv4Addr, &'l [u8]);

/// Reads a value, without blanks before it; what it leaves out is `default`'s. The error is for a
/// complaint.
pub fn value<'l>(text: &'l [u8], default: Value<'l>) -> Result<Value<'l>, &'static str> {
    let Some(rest) = text.strip_prefix(b":") else {
        return Ok((default.0, cut(text)));
    };
    let (address, bits, rest) = single(rest).ok_or("no address for A")?;
    // A number alone is the last of 127.0.0.
    let address = if bits == 8 { address | 0x7f00_0000 } else { address };
    if address == 0 || (bits == 8 && address == 0x7f00_0000) {
        return Err("0 is no address for A");
    }
    let address = Ipv4Addr::from(address);
    match skip_blanks(rest).split_first() {
        None => Ok((address, default.1)),
        Some((b':', template)) => Ok((address, cut(skip_blanks(template)))),
        Some(_) => Err("something behind the address for A"),
    }
}

fn cut(text: &[u8]) -> &[u8] {
    text.get(..LONGEST_TEXT).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_rbldnsd_reads_them() {
        let default: Value<'_> = ([127, 0, 0, 9].into(), b"text");
        let cases: &[(&str, Option<(&str, &str)>)] = &[
            (":2:listed", Some(("127.0.0.2", "listed"))),
            (":127.1.2.3:  a:b", Some(("127.1.2.3", "a:b"))),
            (":127.2:", Some(("127.0.0.2", ""))),
            (":5", Some(("127.0.0.5", "text"))),
            (":5 :x", Some(("127.0.0.5", "x"))),
            ("only text", Some(("127.0.0.9", "only text"))),
            ("", Some(("127.0.0.9", ""))),
            (":0:x", None),
            (":0.0.0.0:x", None),
            (":256:x", None),
            ("::x", None),
            (":5 x", None),
        ];
        for (text, expected) in cases {
            let found = value(text.as_bytes(), default).ok();
            let expected = expected
                .map(|(address, text)| (address.parse::<Ipv4Addr>().unwrap(), text.as_bytes()));
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(value(&[b'x'; 300], default).unwrap().1.len(), 255);
    }
}
