//! A DMARC record (RFC 7489, 6.3), as leniently as Mail::DMARC reads it.

use super::super::is_true;
use crate::text::number;

/// What a domain wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What to do with mail that is not its own, as written.
    pub policy: Vec<u8>,
    /// The same for domains below it.
    pub subdomain_policy: Option<Vec<u8>>,
    /// Must the signer be the domain itself?
    pub is_strict_dkim: bool,
    /// Must the envelope's domain be the domain itself?
    pub is_strict_spf: bool,
    /// For how many of a hundred messages; all where it is silent.
    pub percent: Option<Percent>,
    /// Where reports go.
    reports: Vec<u8>,
}

/// A share of a hundred, whole.
pub type Percent = i32;

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is as if it wanted nothing.
    Record,
    /// Nothing can be said of the message.
    Everything,
}

/// Where a report would go: to an address, or a server, at this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTo(pub Vec<u8>);

/// Is `text` a policy?
pub fn is_policy(text: &[u8]) -> bool {
    [&b"none"[..], b"reject", b"quarantine"].iter().any(|known| text.eq_ignore_ascii_case(known))
}

impl Record {
    /// Reads a record. Tags are lower-cased, and `:` and `-` do for `=`; of two the last counts;
    /// one without a value is passed over.
    pub fn parse(text: &[u8]) -> Result<Record, Unusable> {
        let mut record = Record::default();
        let (mut version, mut policy) = (None, None);
        for part in cleaned(text).split(|&byte| byte == b';') {
            let Some(end) = part.iter().position(|byte| b"=:-".contains(byte)) else { continue };
            let (name, value) = part.split_at(end);
            let Some(value) = value.get(1..).filter(|value| !value.is_empty()) else { continue };
            match &*name.to_ascii_lowercase() {
                b"v" => version = Some(value.to_vec()),
                b"p" => policy = Some(value.to_vec()),
                b"sp" => record.subdomain_policy = Some(value.to_vec()),
                b"adkim" => record.is_strict_dkim = value.eq_ignore_ascii_case(b"s"),
                b"aspf" => record.is_strict_spf = value.eq_ignore_ascii_case(b"s"),
                b"pct" => record.percent = Some(number::read(value).ceil() as Percent),
                b"rua" => record.reports = value.to_vec(),
                _ => {}
            }
        }
        if !version.is_some_and(|version| version.eq_ignore_ascii_case(b"dmarc1")) {
            return Err(Unusable::Record);
        }
        record.policy = match policy.filter(|policy| is_true(policy)) {
            Some(policy) => policy,
            None => match record.reports() {
                Ok(to) if !to.is_empty() => b"none".to_vec(),
                _ => return Err(Unusable::Record),
            },
        };
        if is_policy(&record.policy) { Ok(record) } else { Err(Unusable::Record) }
    }

    /// Is `sp=` silent, or a policy?
    pub fn has_valid_subdomain_policy(&self) -> bool {
        self.subdomain_policy.as_deref().is_none_or(is_policy)
    }

    /// The policy for the domain itself, or for one below it.
    pub fn policy_for(&self, is_below: bool) -> &[u8] {
        let below = self.subdomain_policy.as_deref().filter(|_| is_below);
        below.unwrap_or(&self.policy)
    }

    /// Where reports go: the addresses in `rua=` that are some.
    pub fn reports(&self) -> Result<Vec<ReportTo>, Unusable> {
        let mut found = Vec::new();
        for each in self.reports.split(|&byte| byte == b',') {
            let mut sides = each.split(|&byte| byte == b'!');
            let (address, size) = (sides.next().unwrap_or_default(), sides.next());
            if !size.is_none_or(is_size) {
                return Err(Unusable::Everything);
            }
            found.extend(report_to(address));
        }
        Ok(found)
    }
}

/// Is it a number, perhaps with a unit?
fn is_size(text: &[u8]) -> bool {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits || text.last().is_some_and(|unit| b"kmgt".contains(&unit.to_ascii_lowercase()))
}

fn report_to(address: &[u8]) -> Option<ReportTo> {
    let lower = address.to_ascii_lowercase();
    let host = match lower.strip_prefix(b"mailto:") {
        Some(path) => path.rsplit(|&byte| byte == b'@').next().unwrap_or_default(),
        None => {
            let rest = lower.strip_prefix(b"http")?;
            let rest = rest.strip_prefix(b"s").unwrap_or(rest).strip_prefix(b"://")?;
            rest.split(|byte| b"/:?#".contains(byte)).next().unwrap_or_default()
        }
    };
    Some(ReportTo(host.to_vec()))
}

/// The text without white space, and without what people leave behind.
fn cleaned(text: &[u8]) -> Vec<u8> {
    let dense: Vec<u8> =
        text.iter().copied().filter(|&byte| !crate::text::ascii::is_space(byte)).collect();
    let replaced = replace(&dense, b"\\;", b";");
    replace(&replace(&replaced, b";;", b";"), b";0;", b";")
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut out, mut start) = (Vec::with_capacity(text.len()), 0);
    for at in memchr::memmem::find_iter(text, from) {
        out.extend_from_slice(text.get(start..at).unwrap_or_default());
        out.extend_from_slice(to);
        start = at + from.len();
    }
    out.extend_from_slice(text.get(start..).unwrap_or_default());
    out
}
