//! Messages for whoever sends many: from a folder, and as copies that share no names with each
//! other, so that nothing that was found out of one is known of another.

#![allow(dead_code, reason = "each program that includes this uses a part")]
#![allow(clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

/// Every so-manieth message of the folder, so that the sample spans all of it.
pub fn load_messages(folder: &Path, wanted: usize) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                files.push(path);
            }
        }
    }
    files.sort();
    let step = (files.len() / wanted.max(1)).max(1);
    files.iter().step_by(step).take(wanted).filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Top-level domains whose names are changed.
const TOPS: &[&str] =
    &["com", "net", "org", "edu", "info", "biz", "uk", "de", "fr", "ie", "au", "ca", "us", "ru"];
/// What stands below a country where it is not the domain itself.
const SECOND: &[&str] = &["co", "com", "net", "org", "ac", "gov"];

/// The message with the names of copy `names`, a Message-ID, a relay and a token of its own:
/// every domain has another label before its top, every public address other last octets.
pub fn renamed(message: &[u8], names: usize, token: usize) -> Vec<u8> {
    let mut copy = format!(
        "Received: from host.relay-{names:x}.net (host.relay-{names:x}.net [{}])\n\
         \tby mx.example.org (Postfix) with ESMTP id {token:08X}\n\
         \tfor <user@example.org>; Mon, 2 Nov 2026 10:00:00 +0000\n\
         Message-ID: <copy.{token}@example.net>\n",
        address(&[52, 7], names)
    )
    .into_bytes();
    let mut rest = message;
    while let Some(first) = rest.first() {
        let of_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let kind = of_host(first);
        let length = rest.iter().position(|byte| of_host(byte) != kind).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(length);
        match kind.then(|| other_name(word, names)).flatten() {
            Some(name) => copy.extend_from_slice(name.as_bytes()),
            None => copy.extend_from_slice(word),
        }
        rest = behind;
    }
    copy.extend_from_slice(format!("\ntoken {token:x}\n").as_bytes());
    copy
}

/// What takes the place of a host or an address; `None` if it is neither.
fn other_name(word: &[u8], names: usize) -> Option<String> {
    let word = std::str::from_utf8(word).ok()?;
    let mut labels: Vec<&str> = word.split('.').collect();
    if let [a, b, c, d] = labels[..]
        && let [Ok(a), Ok(b), Ok(_), Ok(_)] = [a, b, c, d].map(str::parse::<u8>)
    {
        // What is private stays so.
        let special = matches!((a, b), (0 | 10 | 127, _) | (192, 168) | (172, 16..=31));
        return (!special).then(|| address(&[a, b], names));
    }
    let top = labels.last().filter(|_| labels.len() > 1)?.to_ascii_lowercase();
    if !TOPS.contains(&top.as_str()) {
        return None;
    }
    let is_second =
        labels.len() > 2 && top.len() == 2 && SECOND.contains(&labels[labels.len() - 2]);
    let place = labels.len() - if is_second { 3 } else { 2 };
    let own = format!("{}-{names:x}", labels[place]);
    labels[place] = &own;
    (!labels[place].starts_with('-')).then(|| labels.join("."))
}

/// An address that begins so, and ends as no other copy's.
fn address(first: &[u8; 2], names: usize) -> String {
    let [.., c, d] = (names as u32).to_be_bytes();
    format!("{}.{}.{c}.{d}", first[0], first[1])
}
