//! The lines of each format (rbldnsd(8), "DATASET TYPES AND FORMATS").
//!
//! In goes a line without blanks at its ends, neither empty nor a remark nor a special; what it
//! says goes into a [`Draft`].

use super::Format;
use super::addresses::{mask, mask6, network, network6, prefix, prefix6, range, single};
use super::draft::{Draft, Fault, Outcome};
use super::plain;
use super::words::{behind, domain, ends_entry, is_blank, number, skip_blanks, ttl};
use crate::dns::Kind;
use crate::zones::name;
use crate::zones::table::record;
use crate::zones::table::values::NOTHING;

/// What of a line's context counts.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Addresses in an IPv4 range; more are left out. 0 for any.
    pub most_addresses: u32,
    /// Bits of an IPv6 network that a single address stands for, in formats of our own.
    pub v6_bits: u32,
}

const NO_ADDRESS: Fault = Fault::Line("no address, network or range");
const HOST_PART: Fault = Fault::Line("an address within the network instead of its first");
const TOO_WIDE: Fault = Fault::Line("a range wider than $MAXRANGE4 allows");

/// Reads a line.
pub fn read(line: &[u8], rules: Rules, draft: &mut Draft) -> Outcome {
    match draft.format {
        Format::Ip4Set => ip4set(line, rules, draft),
        Format::Ip4Tset => ip4tset(line, draft),
        Format::Ip4Trie => ip4trie(line, rules, draft),
        Format::Ip6Tset => ip6tset(line, draft),
        Format::Ip6Trie => ip6trie(line, draft),
        Format::Dnset => dnset(line, draft),
        Format::Generic => generic(line, draft),
        Format::Combined => Err(Fault::Load("an entry before the first $DATASET line".to_owned())),
        Format::Networks => plain::networks(line, rules, draft),
        Format::Hosts => plain::hosts(line, draft),
        Format::Domains => plain::domains(line, draft),
        Format::Drop => plain::drop_text(line, rules, draft),
        Format::DropJson => plain::drop_json(line, draft),
    }
}

/// Without the `!` of an exclusion, and whether there was one.
fn exclusion(line: &[u8]) -> (bool, &[u8]) {
    line.strip_prefix(b"!").map_or((false, line), |rest| (true, skip_blanks(rest)))
}

fn ip4set(line: &[u8], rules: Rules, draft: &mut Draft) -> Outcome {
    if line.starts_with(b":") {
        return draft.set_default(line);
    }
    let (is_excluded, line) = exclusion(line);
    let (first, last, bits, rest) = range(line).ok_or(NO_ADDRESS)?;
    if bits == 0 || !ends_entry(rest) {
        return Err(NO_ADDRESS);
    }
    if first & !mask(bits) != 0 {
        return Err(HOST_PART);
    }
    if rules.most_addresses != 0 && rules.most_addresses <= last - first {
        return Err(TOO_WIDE);
    }
    let value = if is_excluded { NOTHING } else { draft.value(skip_blanks(rest))? };
    draft.add_range(first, last, value)
}

fn ip4tset(line: &[u8], draft: &mut Draft) -> Outcome {
    if line.starts_with(b":") {
        return draft.set_default(line);
    }
    let (address, bits, rest) = prefix(line).ok_or(NO_ADDRESS)?;
    if bits != 32 || !ends_entry(rest) {
        return Err(NO_ADDRESS);
    }
    // All say the same, and what that is may still be said: 1 is the first value.
    draft.add_network(address, bits, 1)
}

fn ip4trie(line: &[u8], rules: Rules, draft: &mut Draft) -> Outcome {
    if line.starts_with(b":") {
        return draft.set_default(line);
    }
    let (is_excluded, line) = exclusion(line);
    let (address, bits, rest) = network(line).ok_or(NO_ADDRESS)?;
    if !ends_entry(rest) {
        return Err(NO_ADDRESS);
    }
    if address & !mask(bits) != 0 {
        return Err(HOST_PART);
    }
    if rules.most_addresses != 0 && rules.most_addresses <= !mask(bits) {
        return Err(TOO_WIDE);
    }
    let value = if is_excluded { NOTHING } else { draft.value(skip_blanks(rest))? };
    draft.add_network(address, bits, value)
}

fn ip6tset(line: &[u8], draft: &mut Draft) -> Outcome {
    if line.starts_with(b":") {
        return draft.set_default(line);
    }
    let (is_excluded, line) = exclusion(line);
    let (address, bits, rest) = prefix6(line).ok_or(NO_ADDRESS)?;
    if !ends_entry(rest) {
        return Err(NO_ADDRESS);
    }
    match (is_excluded, bits) {
        (true, 128) => draft.add_network6(address, 128, NOTHING),
        // As with ip4tset.
        (false, 64) => draft.add_network6(address, 64, 1),
        (true, _) => Err(Fault::Line("an exclusion that is no whole address")),
        (false, _) => Err(Fault::Line("an entry that is not four words")),
    }
}

fn ip6trie(line: &[u8], draft: &mut Draft) -> Outcome {
    // `::1` is an address.
    if line.starts_with(b":") && !line.starts_with(b"::") {
        return draft.set_default(line);
    }
    let (is_excluded, line) = exclusion(line);
    let (address, bits, rest) = network6(line).ok_or(NO_ADDRESS)?;
    if !ends_entry(rest) {
        return Err(NO_ADDRESS);
    }
    if address & !mask6(bits) != 0 {
        return Err(HOST_PART);
    }
    let value = if is_excluded { NOTHING } else { draft.value(skip_blanks(rest))? };
    draft.add_network6(address, bits, value)
}

fn dnset(line: &[u8], draft: &mut Draft) -> Outcome {
    if line.starts_with(b":") {
        return draft.set_default(line);
    }
    let (is_excluded, line) = exclusion(line);
    let (itself, below, line) = if let Some(rest) = line.strip_prefix(b".") {
        (true, true, rest)
    } else if let Some(rest) = line.strip_prefix(b"*.") {
        (false, true, rest)
    } else {
        (true, false, line)
    };
    let (mut name, rest) =
        domain(line).filter(|(name, _)| !name.is_empty()).ok_or(Fault::Line("no domain name"))?;
    name.make_ascii_lowercase();
    let value = if is_excluded { NOTHING } else { draft.value(rest)? };
    draft.add_name(&name, itself, below, value)
}

/// A record: name, perhaps a time to live, perhaps the class, type, data.
fn generic(line: &[u8], draft: &mut Draft) -> Outcome {
    const BAD: Fault = Fault::Line("no record");
    let (mut name, rest) = match line.split_first() {
        Some((b'@', rest)) if rest.first().is_some_and(|&byte| is_blank(byte)) => {
            (Vec::new(), skip_blanks(rest))
        }
        _ => domain(line).filter(|(name, _)| !name.is_empty()).ok_or(BAD)?,
    };
    name.make_ascii_lowercase();
    let has_ttl = rest.first().is_some_and(u8::is_ascii_digit);
    let own = has_ttl.then(|| ttl(rest, draft.ttl).ok_or(Fault::Line("no time to live")));
    let (ttl, rest) = own.transpose()?.unwrap_or((draft.ttl, rest));
    let rest = behind(rest, "in").unwrap_or(rest);
    let record = if let Some(data) = behind(rest, "a") {
        let (address, ..) = single(data).ok_or(BAD)?;
        record::record(Kind::A, ttl, &address.to_be_bytes())
    } else if let Some(data) = behind(rest, "txt") {
        record::record(Kind::TXT, ttl, &string(data))
    } else if let Some(data) = behind(rest, "mx") {
        record::record(Kind::MX, ttl, &exchange(data).ok_or(Fault::Line("no exchanger"))?)
    } else {
        return Err(BAD);
    };
    let value = draft.number(&record)?;
    draft.add_name(&name, true, false, value)
}

/// A text, without the quotes around it, with its length.
fn string(text: &[u8]) -> Vec<u8> {
    let bare = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    let text = bare.unwrap_or(text);
    let text = text.get(..super::value::LONGEST_TEXT).unwrap_or(text);
    [&[text.len() as u8], text].concat()
}

/// A preference and a host.
fn exchange(text: &[u8]) -> Option<Vec<u8>> {
    let (preference, rest) = number(text)?;
    let (host, rest) = domain(rest)?;
    let preference = u16::try_from(preference).ok().filter(|_| rest.is_empty())?;
    Some([&preference.to_be_bytes(), host.as_slice(), &[0]].concat())
}

/// A name in lower case, for formats of our own: letters, digits, `-` and `_` in its labels.
pub(super) fn host_name(text: &[u8]) -> Option<Vec<u8>> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let name = text.iter().all(|&byte| is_plain(byte)).then(|| name::from_text(text)).flatten();
    let mut name = name.filter(|name| !name.is_empty())?;
    name.make_ascii_lowercase();
    Some(name)
}
