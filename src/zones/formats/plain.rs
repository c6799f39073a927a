//! Lists that were not made for a name server: networks, hosts files, domains, Spamhaus DROP.
//!
//! Remarks begin with `#` or `;`, at the beginning of a line or behind its entry. All entries have
//! the dataset's value; DROP's have the number of their listing as text.

use super::addresses::{mask, mask6, network, network6, prefix, prefix6, range};
use super::draft::{Draft, Fault, Outcome};
use super::lines::{Rules, host_name};
use super::words::{begins_remark, is_blank, skip_blanks, trim};

const NO_NETWORK: Fault = Fault::Line("no address, network or range");

/// The entry at the beginning of a line, and the remark behind it.
fn entry(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|&byte| begins_remark(byte)).unwrap_or(line.len());
    let (entry, remark) = line.split_at_checked(end).unwrap_or((line, &[]));
    (trim(entry), trim(remark.get(1..).unwrap_or_default()))
}

/// An address or network of either family, or an IPv4 range. What is behind it does not count.
pub fn networks(line: &[u8], rules: Rules, draft: &mut Draft) -> Outcome {
    let (entry, _) = entry(line);
    let value = draft.default_value()?;
    // Behind it some lists count, or say more.
    let ends = |byte: &u8| is_blank(*byte) || *byte == b',';
    add(entry.split(ends).next().unwrap_or_default(), value, rules, draft)
}

fn add(entry: &[u8], value: u32, rules: Rules, draft: &mut Draft) -> Outcome {
    if entry.contains(&b':') {
        let (address, bits, rest) = network6(entry).ok_or(NO_NETWORK)?;
        let is_single = !entry.contains(&b'/') && bits == 128;
        let bits = if is_single { rules.v6_bits } else { bits };
        let is_whole = prefix6(entry).is_some_and(|(_, given, _)| given == 128);
        return match rest.is_empty() && is_whole {
            true => draft.add_network6(address & mask6(bits), bits, value),
            false => Err(NO_NETWORK),
        };
    }
    // Neither "1.2" nor "1.2.3" is an address for those who write such lists.
    let (_, given, _) = prefix(entry).ok_or(NO_NETWORK)?;
    if given != 32 {
        return Err(NO_NETWORK);
    }
    if entry.contains(&b'-') {
        let (first, last, _, rest) = range(entry).ok_or(NO_NETWORK)?;
        return if rest.is_empty() { span(first, last, value, draft) } else { Err(NO_NETWORK) };
    }
    let (address, bits, rest) = network(entry).ok_or(NO_NETWORK)?;
    match rest.is_empty() {
        true => draft.add_network(address & mask(bits), bits, value),
        false => Err(NO_NETWORK),
    }
}

/// A range as the networks that it is made of.
fn span(first: u32, last: u32, value: u32, draft: &mut Draft) -> Outcome {
    let (mut first, end) = (u64::from(first), u64::from(last) + 1);
    while first < end {
        // As large as where it begins and what is left allow.
        let aligned = first.trailing_zeros().min(32);
        let fits = (end - first).ilog2();
        let host = aligned.min(fits);
        draft.add_network(first as u32, 32 - host, value)?;
        first += 1 << host;
    }
    Ok(())
}

/// An address that does not count, and names.
pub fn hosts(line: &[u8], draft: &mut Draft) -> Outcome {
    let (entry, _) = entry(line);
    let mut words = entry.split(|&byte| is_blank(byte)).filter(|word| !word.is_empty());
    let address = words.next().and_then(|word| std::str::from_utf8(word).ok());
    if address.and_then(|word| word.parse::<std::net::IpAddr>().ok()).is_none() {
        return Err(Fault::Line("no address at the beginning"));
    }
    let value = draft.default_value()?;
    let mut any = false;
    for word in words {
        any = true;
        let is_own = OWN_NAMES.iter().any(|own| word.eq_ignore_ascii_case(own.as_bytes()));
        // Lists in this form begin with the machine's own names, some of which are addresses.
        if is_own
            || std::str::from_utf8(word).is_ok_and(|word| word.parse::<std::net::IpAddr>().is_ok())
        {
            continue;
        }
        let name = host_name(word).ok_or(Fault::Line("no host name"))?;
        draft.add_name(&name, true, false, value)?;
    }
    if any { Ok(()) } else { Err(Fault::Line("no host name")) }
}

/// Names that hosts files have for the machine itself.
const OWN_NAMES: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-allhosts",
];

/// A domain, which stands for what is below it too. `*.` and `.` before it say no more.
pub fn domains(line: &[u8], draft: &mut Draft) -> Outcome {
    let (entry, _) = entry(line);
    let bare = entry.strip_prefix(b"*.").or_else(|| entry.strip_prefix(b".")).unwrap_or(entry);
    let name = host_name(bare).ok_or(Fault::Line("no domain name"))?;
    let value = draft.default_value()?;
    draft.add_name(&name, true, true, value)
}

/// `network ; number of the listing`.
pub fn drop_text(line: &[u8], rules: Rules, draft: &mut Draft) -> Outcome {
    let (entry, remark) = entry(line);
    let value = match remark {
        [] => draft.default_value()?,
        number => draft.value_with(number)?,
    };
    add(entry, value, rules, draft)
}

/// `{"cidr": network, "sblid": number of the listing, …}`, and one object about the list itself.
pub fn drop_json(line: &[u8], draft: &mut Draft) -> Outcome {
    #[derive(serde::Deserialize)]
    struct Line {
        cidr: Option<String>,
        sblid: Option<String>,
        r#type: Option<String>,
        records: Option<u64>,
    }
    let said: Line =
        serde_json::from_slice(line).map_err(|_| Fault::Line("no JSON object of DROP"))?;
    match (said.cidr, said.r#type) {
        (Some(network), _) => {
            let value = match said.sblid {
                Some(number) => draft.value_with(number.as_bytes())?,
                None => draft.default_value()?,
            };
            // A length is always given.
            let rules = Rules { most_addresses: 0, v6_bits: 128 };
            add(skip_blanks(network.as_bytes()), value, rules, draft)
        }
        (None, Some(kind)) if kind == "metadata" => match said.records {
            Some(records) if records != draft.entries() => Err(Fault::Load(format!(
                "{} networks instead of the {records} that the list says it has: it is not whole",
                draft.entries()
            ))),
            _ => Ok(()),
        },
        _ => Err(Fault::Line("a JSON object without a network")),
    }
}
