//! Directives of SpamAssassin::Conf that say how DNS is asked.

use super::apply::{Answer, duration, required, valid};
use super::core::put_text;
use super::draft::{Draft, Line, Refusal};
use super::options::Value;
use super::scan::{first_word, is_decimal, is_digits, is_space, words};

pub(super) fn dns_available(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let value: &[u8] = match line.value {
        b"yes" | b"1" => b"yes",
        b"no" | b"0" => b"no",
        b"test" => b"test",
        text => {
            let names = text.strip_prefix(b"test:").ok_or(Refusal::Invalid)?;
            valid(words(names).next().is_some())?;
            text
        }
    };
    put_text(draft, b"dns_available", value, line);
    Ok(())
}

/// `address[:port]`, `[address]:port`; kept as `[address]:port`.
pub(super) fn dns_server(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let text = std::str::from_utf8(line.value).map_err(|_| Refusal::Invalid)?;
    let (address, port) = match text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        Some((address, rest)) => {
            (address, rest.strip_prefix(':').or(rest.is_empty().then_some("53")))
        }
        None => match text.rsplit_once(':') {
            Some((address, port)) if !address.contains(':') => (address, Some(port)),
            _ => (text, Some("53")),
        },
    };
    let port = port.filter(|port| is_digits(port.as_bytes())).ok_or(Refusal::Invalid)?;
    valid(port.parse::<u32>().is_ok_and(|port| (1..=65_535).contains(&port)))?;
    let (bare, scope) = match address.split_once('%') {
        Some((bare, scope)) => (bare, format!("%{scope}")),
        None => (address, String::new()),
    };
    valid(bare.parse::<std::net::IpAddr>().is_ok())?;
    let server = format!("[{bare}{scope}]:{port}").into_bytes().into_boxed_slice();
    draft.options.change_list(b"dns_servers", line.place, |list| list.push(server));
    Ok(())
}

/// `n`, `n-m`, separated by commas or white space. Kept in order with `+` or `-` before each.
pub(super) fn port_ranges(draft: &mut Draft<'_>, line: Line<'_>, least: u32) -> Answer {
    let port = |text: &[u8]| {
        let fits = is_digits(text) && text.len() <= 5;
        let number = std::str::from_utf8(text).ok().filter(|_| fits)?.parse::<u32>().ok()?;
        (least..=65_535).contains(&number).then_some(number)
    };
    let mut ranges = Vec::new();
    let separator = |b: &u8| matches!(b, b' ' | b'\t' | b',');
    for range in line.value.split(separator).filter(|range| !range.is_empty()) {
        let mut ends = range.splitn(2, |&b| b == b'-');
        let first = ends.next().and_then(port).ok_or(Refusal::Invalid)?;
        let last = match ends.next() {
            Some(last) => port(last).ok_or(Refusal::Invalid)?,
            None => first,
        };
        let sign = if least == 1 { '+' } else { '-' };
        ranges.push(format!("{sign}{first}-{last}").into_bytes().into_boxed_slice());
    }
    draft.options.change_list(b"dns_local_ports", line.place, |list| list.extend(ranges));
    Ok(())
}

pub(super) fn dns_options(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let lower = line.value.to_ascii_lowercase();
    let options = lower.split(|&b| is_space(b) || b == b',').filter(|o| !o.is_empty());
    for option in options {
        let (name, value): (&[u8], Vec<u8>) = match option {
            b"rotate" | b"dns0x20" | b"v4" | b"v6" => (option, b"1".to_vec()),
            b"norotate" | b"nodns0x20" | b"nov4" | b"nov6" => {
                (option.get(2..).unwrap_or_default(), b"0".to_vec())
            }
            b"noedns" | b"noedns0" => (b"edns", b"0".to_vec()),
            b"edns" | b"edns0" => (b"edns", b"1220".to_vec()),
            _ => {
                let size = option.strip_prefix(b"edns").ok_or(Refusal::Invalid)?;
                let size = size.strip_prefix(b"0").unwrap_or(size);
                let size = size.strip_prefix(b"=").ok_or(Refusal::Invalid)?;
                valid(is_digits(size))?;
                let size = std::str::from_utf8(size).ok().and_then(|s| s.parse::<u32>().ok());
                let size = size.filter(|size| *size != 0).unwrap_or(1220);
                (b"edns", size.to_string().into_bytes())
            }
        };
        let small = name == b"edns"
            && option.contains(&b'=')
            && value.len() < 4
            && value.as_slice() < b"512".as_slice();
        draft.options.change_map(b"dns_options", line.place, |map| {
            map.insert(name.into(), value.into());
        });
        valid(!small)?;
    }
    Ok(())
}

/// A domain in lower case without a dot at either end.
fn domain(text: &[u8]) -> Box<[u8]> {
    let text = text.strip_prefix(b".").unwrap_or(text);
    text.strip_suffix(b".").unwrap_or(text).to_ascii_lowercase().into()
}

pub(super) fn dns_query_restriction(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (verb, domains) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let blocked: &[u8] = match &*verb.to_ascii_lowercase() {
        b"allow" => b"0",
        b"deny" => b"1",
        _ => return Err(Refusal::Invalid),
    };
    draft.options.change_map(b"dns_query_blocked", line.place, |map| {
        map.extend(words(domains).map(|d| (domain(d), blocked.into())));
    });
    Ok(())
}

pub(super) fn dns_block_rule(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (rule, domains) = first_word(line.value).ok_or(Refusal::Invalid)?;
    for name in words(domains).map(domain) {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        valid(!name.is_empty() && name.iter().all(plain))?;
        draft.options.change_maps(b"dns_block_rule", line.place, |maps| {
            maps.entry(rule.into()).or_default().insert(name, b"1"[..].into());
        });
    }
    Ok(())
}

/// `t [t_min] [zone]`
pub(super) fn rbl_timeout(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let time = |text: &[u8]| {
        let unit = text.last().copied().is_some_and(|b| b.is_ascii_alphabetic());
        let bare = if unit { text.get(..text.len() - 1) } else { Some(text) };
        let bare =
            bare.map(|t| t.strip_prefix(b"+").unwrap_or(t)).filter(|t| is_decimal(t, true))?;
        (!bare.is_empty()).then(|| duration(text).ok())?
    };
    let fields: Vec<&[u8]> = words(line.value).collect();
    let is_zone = |f: &[u8]| f.last().copied().is_some_and(|b| b.is_ascii_alphabetic());
    let (first, rest) = fields.split_first().ok_or(Refusal::Invalid)?;
    let first = time(first).ok_or(Refusal::Invalid)?;
    let (least, zone) = match rest {
        [] => (None, None),
        [only] => match time(only) {
            Some(least) => (Some(least), None),
            None => (None, Some(only)),
        },
        [least, zone] => (Some(time(least).ok_or(Refusal::Invalid)?), Some(zone)),
        _ => return Err(Refusal::Invalid),
    };
    let Some(zone) = zone else {
        draft.options.put(b"rbl_timeout", Value::Number(first), Some(line.place));
        if let Some(least) = least {
            draft.options.put(b"rbl_timeout_min", Value::Number(least), Some(line.place));
        }
        return Ok(());
    };
    valid(is_zone(zone))?;
    draft.options.change_maps(b"rbl_timeout_by_zone", line.place, |maps| {
        let map = maps.entry(domain(zone)).or_default();
        map.insert(b"timeout"[..].into(), first.to_string().into_bytes().into());
        if let Some(least) = least {
            map.insert(b"least"[..].into(), least.to_string().into_bytes().into());
        }
    });
    Ok(())
}
