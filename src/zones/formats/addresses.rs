//! Addresses, networks and ranges as lists write them.
//!
//! rbldnsd(8), "ip4set Dataset" and "ip6trie Dataset". Each function gives what is behind as
//! well; whether an entry may end there is for the caller to say.

use super::words::digits;

/// One to four numbers with dots between: the address with zeros for those that are missing, how
/// many bits were given, and what is behind.
pub fn prefix(text: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (mut address, mut bits, mut rest) = (0, 0, text);
    loop {
        let (number, behind) = octet(rest)?;
        address |= number << (24 - bits);
        bits += 8;
        match behind.split_first() {
            Some((b'.', behind)) if bits < 32 => rest = behind,
            _ => return Some((address, bits, behind)),
        }
    }
}

/// A number up to 255, with any zeros before it.
fn octet(text: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0;
    let mut at = 0;
    while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
        number = number * 10 + u32::from(digit - b'0');
        if number > 255 {
            return None;
        }
        at += 1;
    }
    (at > 0).then(|| (number, text.get(at..).unwrap_or_default()))
}

/// The bits of a network that say which it is.
pub fn mask(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0)
}

/// A network by prefix or length: its address as written, its length, what is behind. A single
/// number without a length is none.
pub fn network(text: &[u8]) -> Option<(u32, u32, &[u8])> {
    with_length(prefix(text)?)
}

/// What [`prefix`] gave, with the length behind it if there is one.
fn with_length((address, bits, rest): (u32, u32, &[u8])) -> Option<(u32, u32, &[u8])> {
    match rest.split_first() {
        Some((b'/', rest)) => {
            let (bits, rest) = length(rest, 32)?;
            Some((address, bits, rest))
        }
        _ => (bits > 8).then_some((address, bits, rest)),
    }
}

/// A network or a range: its first and last address, its length (32 for a range), what is behind.
pub fn range(text: &[u8]) -> Option<(u32, u32, u32, &[u8])> {
    let (first, bits, rest) = prefix(text)?;
    let Some((b'-', rest)) = rest.split_first() else {
        let (first, bits, rest) = with_length((first, bits, rest))?;
        return Some((first, first | !mask(bits), bits, rest));
    };
    let (last, last_bits, rest) = prefix(rest)?;
    let last = match last_bits {
        // A single number stands for the last one of the first address.
        8 => last >> (bits - 8) | first & mask(bits - 8),
        same if same == bits => last,
        _ => return None,
    };
    let last = last | !mask(bits);
    (first <= last).then_some((first, last, 32, rest))
}

/// A single address in the old way, in which the last number given is the last of four.
pub fn single(text: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (address, bits, rest) = prefix(text)?;
    let address = match bits {
        8 => address >> 24,
        16 | 24 => address & mask(bits - 8) | address >> (32 - bits) & 255,
        _ => address,
    };
    Some((address, bits, rest))
}

fn length(text: &[u8], most: u32) -> Option<(u32, &[u8])> {
    digits(text).filter(|(bits, _)| *bits <= most)
}

/// Words of four hexadecimal digits with colons between: the address with zeros for those that are
/// missing, how many bits were given (128 if `::` stands for some), and what is behind.
pub fn prefix6(text: &[u8]) -> Option<(u128, u32, &[u8])> {
    let mut words = [0u16; 8];
    let mut count = 0;
    // How many words there were at the `::`.
    let mut gap = None;
    let mut rest = text;
    if let Some(behind) = text.strip_prefix(b"::") {
        gap = Some(0);
        rest = behind;
    }
    let mut is_whole = false;
    while let Some((word, behind)) = word(rest) {
        *words.get_mut(count)? = word;
        count += 1;
        rest = behind;
        let Some(behind) = rest.strip_prefix(b":").filter(|_| count < 8) else {
            is_whole = true;
            break;
        };
        rest = behind;
        if gap.is_none()
            && let Some(behind) = rest.strip_prefix(b":")
        {
            gap = Some(count);
            rest = behind;
        }
    }
    let bits = match gap {
        Some(_) if count == 8 => return None,
        Some(gap) => {
            words.get_mut(gap..)?.rotate_right(8 - count);
            128
        }
        None => is_whole.then_some(count as u32 * 16)?,
    };
    let address = words.iter().fold(0, |address, &word| address << 16 | u128::from(word));
    Some((address, bits, rest))
}

/// A word of hexadecimal digits up to ffff, with any zeros before it.
fn word(text: &[u8]) -> Option<(u16, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())?;
    let word = digits.iter().try_fold(0u32, |word, &digit| {
        let word = word << 4 | char::from(digit).to_digit(16)?;
        (word <= 0xffff).then_some(word)
    })?;
    Some((word as u16, rest))
}

/// An IPv6 network by prefix or length. A single word without a length is none.
pub fn network6(text: &[u8]) -> Option<(u128, u32, &[u8])> {
    let (address, bits, rest) = prefix6(text)?;
    match rest.split_first() {
        Some((b'/', rest)) => {
            let (bits, rest) = length(rest, 128)?;
            Some((address, bits, rest))
        }
        _ => (bits > 16).then_some((address, bits, rest)),
    }
}

/// The bits of an IPv6 network that say which it is.
pub fn mask6(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    /// First, last, length of the prefix.
    type Ends<'t> = (&'t str, &'t str, u32);

    #[test]
    fn ranges_are_read_as_rbldnsd_reads_them() {
        let cases: &[(&str, Option<Ends>)] = &[
            ("127.0.0.0/24", Some(("127.0.0.0", "127.0.0.255", 24))),
            ("127.0.0", Some(("127.0.0.0", "127.0.0.255", 24))),
            ("127/24", Some(("127.0.0.0", "127.0.0.255", 24))),
            ("127", None),
            ("127-127.0.0", None),
            ("127-128", Some(("127.0.0.0", "128.255.255.255", 32))),
            ("127.0.0.1-255", Some(("127.0.0.1", "127.0.0.255", 32))),
            ("127.16-31", Some(("127.16.0.0", "127.31.255.255", 32))),
            ("127.16.0-127.31.255", Some(("127.16.0.0", "127.31.255.255", 32))),
            ("10.0.0.9-10.0.0.3", None),
            ("10.0.0.9-10.0.0", None),
            ("10.0.0.1/8", Some(("10.0.0.1", "10.255.255.255", 8))),
            ("001.02.3.4", Some(("1.2.3.4", "1.2.3.4", 32))),
            ("1.2.3.256", None),
            ("1.2.3.", None),
            ("1.2.3.4/33", None),
            ("1.2.3.4/", None),
            ("1.2.3.4-", None),
            ("0/0", Some(("0.0.0.0", "255.255.255.255", 0))),
            ("x", None),
        ];
        for (text, expected) in cases {
            let found = range(text.as_bytes()).map(|(first, last, bits, _)| {
                (Ipv4Addr::from(first).to_string(), Ipv4Addr::from(last).to_string(), bits)
            });
            let expected = expected.map(|(first, last, bits)| (first.into(), last.into(), bits));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn single_addresses_may_leave_out_their_middle() {
        let cases = [("2", 8, "0.0.0.2"), ("127.2", 16, "127.0.0.2"), ("127.1.2", 24, "127.1.0.2")];
        for (text, bits, expected) in cases {
            let (address, found, _) = single(text.as_bytes()).unwrap();
            assert_eq!((Ipv4Addr::from(address).to_string(), found), (expected.into(), bits));
        }
    }

    /// An address, the length of its prefix, and what follows.
    type V6<'t> = (&'t str, u32, &'t str);

    #[test]
    fn long_addresses_are_read() {
        let cases: &[(&str, Option<V6>)] = &[
            ("2001:21ab:c000/36", Some(("2001:21ab:c000::", 36, ""))),
            ("2001:21ab:def7:4242 x", Some(("2001:21ab:def7:4242::", 64, " x"))),
            ("::1", Some(("::1", 128, ""))),
            ("::", Some(("::", 128, ""))),
            ("::/0", Some(("::", 0, ""))),
            ("1::", Some(("1::", 128, ""))),
            ("1:2:3:4:5:6:7:8", Some(("1:2:3:4:5:6:7:8", 128, ""))),
            ("1:2:3:4:5:6:7:8:9", Some(("1:2:3:4:5:6:7:8", 128, ":9"))),
            ("1:2:3:4:5:6:7::8", None),
            ("1::2::3", Some(("1::2", 128, ":3"))),
            ("1:2:", None),
            ("2001", None),
            ("00001::", Some(("1::", 128, ""))),
            ("12345::", None),
            ("1::/129", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = network6(text.as_bytes());
            let expected = expected.map(|(address, bits, rest)| {
                (u128::from(address.parse::<Ipv6Addr>().unwrap()), bits, rest.as_bytes())
            });
            assert_eq!(found, expected, "{text}");
        }
    }
}
