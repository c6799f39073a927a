//! What a header rule asks for, and what it gets.
//!
//! A rule file's `Subject`, `From:addr`, `ALL:raw`, … in, [`HeaderQuery`] out; the query and
//! a message in, the text that the rule's pattern is run on out (`$pms->get` of man page
//! Mail::SpamAssassin::PerMsgStatus).

use super::address::{self, Address};
use super::encoded_word;
use super::envelope;
use super::header_block;
use super::headers::{Field, Headers};
use super::host;
use super::parse::Message;
use super::relay::{Relays, Side};
use super::settings::Settings;
use crate::limits::{Limit, Reached};
use crate::text::ascii::is_space;
use crate::text::net;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use thiserror::Error;

/// A header as a rule names it: `Subject`, `From:addr`, `ALL:raw`, `ToCc:name`, …
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeaderQuery {
    /// The header's name as written, without modifiers.
    pub name: Box<[u8]>,
    subject: Subject,
    modifiers: Modifiers,
}

/// Which text of the message the name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    /// `ALL`
    All,
    /// `ALL-TRUSTED` and its sisters.
    AllOf(Side),
    /// `EnvelopeFrom`
    EnvelopeFrom,
    /// `X-Spam-Relays-Trusted` and its sisters.
    Relays(Side),
    /// `ToCc`
    ToCc,
    /// `MESSAGEID`
    MessageId,
    /// Any other name: the fields so called.
    Fields,
}

/// What comes after the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Modifiers {
    raw: bool,
    addr: bool,
    name: bool,
    host: bool,
    domain: bool,
    ip: bool,
    revip: bool,
    first: bool,
    last: bool,
}

/// Why a text is no [`HeaderQuery`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderQueryError {
    /// Not `Name`, `Name:modifier` or `Name:modifier:modifier`.
    #[error("'{0}' names no header; write Name, Name:modifier or Name:modifier:modifier")]
    Name(String),
    /// A word after a colon that is no modifier.
    #[error(
        "'{0}' has an unknown modifier; there are raw, addr, name, host, domain, ip, revip, first, last"
    )]
    Modifier(String),
}

/// Where the answers come from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The message's fields, without `X-Spam-*`.
    pub headers: &'a Headers,
    /// The header block as it came, for `ALL:raw`.
    pub pristine_headers: &'a [u8],
    /// The hops, for `X-Spam-Relays-*`, `ALL-*` and `EnvelopeFrom`.
    pub relays: &'a Relays,
    /// The configuration.
    pub settings: &'a Settings,
    /// What engine or plugins know of the message beside its headers, by name: `X-Languages`.
    /// Asked where no field is so called.
    pub metadata: &'a [(Vec<u8>, Vec<u8>)],
    /// Where a limit is noted that an answer reaches.
    pub reached: Option<&'a Cell<Reached>>,
    /// Where answers are kept that many queries need; without it they are found anew.
    pub memo: Option<&'a Memo>,
}

/// Answers that many queries need.
#[derive(Debug, Default)]
pub struct Memo {
    block: OnceCell<Vec<u8>>,
    sender: OnceCell<Option<Vec<u8>>>,
}

impl<'a> Source<'a> {
    /// The decoded header block as one text.
    pub fn block(&self) -> Cow<'a, [u8]> {
        let find = || header_block::decoded(self.headers, &self.settings.limits).concat();
        match self.memo {
            Some(memo) => Cow::Borrowed(memo.block.get_or_init(find)),
            None => Cow::Owned(find()),
        }
    }

    /// The envelope sender.
    fn sender(&self) -> Option<Vec<u8>> {
        match self.memo {
            Some(memo) => memo.sender.get_or_init(|| envelope::sender(self)).clone(),
            None => envelope::sender(self),
        }
    }

    /// The answers that `message` gives, without metadata.
    pub fn new(message: &'a Message, relays: &'a Relays, settings: &'a Settings) -> Self {
        Source {
            headers: message.headers(),
            pristine_headers: message.pristine_headers(),
            relays,
            settings,
            metadata: &[],
            reached: None,
            memo: None,
        }
    }

    fn note(&self, limit: Limit) {
        if let Some(cell) = self.reached {
            let mut reached = cell.get();
            reached.note(limit);
            cell.set(reached);
        }
    }
}

impl HeaderQuery {
    /// The text that a header rule's pattern is run on: all values as one. `None` if there
    /// is no value, which is when `[if-unset: …]` counts.
    ///
    /// Whole fields end with a newline each; addresses, names and hosts stand on lines of
    /// their own, without a newline after the last.
    pub fn value(&self, source: &Source) -> Option<Vec<u8>> {
        let values = self.values(source);
        let separator: &[u8] = match values.first()?.ends_with(b"\n") {
            true => b"",
            false => b"\n",
        };
        Some(values.join(separator))
    }

    /// `exists:` — is there any value?
    pub fn exists(&self, source: &Source) -> bool {
        !self.values(source).is_empty()
    }

    /// What eval tests mostly want: the first address, name, host or IP without its
    /// newline; for anything else all values together.
    pub fn first(&self, source: &Source) -> Option<Vec<u8>> {
        let values = self.values(source);
        let modifiers = &self.modifiers;
        let parsed = modifiers.addr || modifiers.name || modifiers.host || modifiers.ip;
        let plain_sender =
            self.name.as_ref() == b"EnvelopeFrom" && *modifiers == Modifiers::default();
        if !(parsed || plain_sender) {
            return (!values.is_empty()).then(|| values.concat());
        }
        let mut first = values.into_iter().next()?;
        if first.ends_with(b"\n") {
            first.pop();
        }
        Some(first)
    }

    /// All values in order.
    pub fn values(&self, source: &Source) -> Vec<Vec<u8>> {
        let mut values = self.texts(source);
        if matches!(self.subject, Subject::All | Subject::AllOf(_)) {
            return values; // modifiers but `:raw` do nothing here
        }
        if self.modifiers.first {
            values.truncate(1);
        } else if self.modifiers.last {
            values.drain(..values.len().saturating_sub(1));
        }
        if self.modifiers.addr || self.modifiers.name {
            let limit = source.settings.limits.addresses;
            let mut addresses = Vec::new();
            for value in &values {
                let free = limit - addresses.len();
                addresses.extend(address::parse(value, free.saturating_add(1)));
                if addresses.len() > limit {
                    addresses.truncate(limit);
                    source.note(Limit::Addresses);
                    break;
                }
            }
            let parts = addresses.into_iter().filter_map(|address| self.part_of(address));
            values = parts.collect();
        }
        if self.modifiers.host {
            let hosts = values.iter().filter_map(|value| self.host_of(value, source));
            values = hosts.collect();
        } else if self.modifiers.ip {
            values = values.iter().filter_map(|value| self.ip_of(value)).collect();
        }
        values
    }

    /// What the name alone stands for.
    fn texts(&self, source: &Source) -> Vec<Vec<u8>> {
        let raw = self.modifiers.raw;
        match self.subject {
            Subject::All if raw => header_block::fields(source.pristine_headers),
            Subject::All => {
                let block = source.block();
                if block.is_empty() { Vec::new() } else { vec![block.into_owned()] }
            }
            Subject::AllOf(side) => header_block::of_side(side, raw, source),
            Subject::EnvelopeFrom => source.sender().into_iter().collect(),
            Subject::Relays(side) => vec![source.relays.text(side)],
            Subject::ToCc => unfolded(&[b"To", b"Cc"], raw, source.headers),
            Subject::MessageId => {
                let names: [&[u8]; 4] = [
                    b"X-Message-Id",
                    b"Resent-Message-Id",
                    b"X-Original-Message-ID",
                    b"Message-Id",
                ];
                let mut ids = unfolded(&names, raw, source.headers);
                ids.retain(|id| !id.is_empty());
                ids
            }
            Subject::Fields => self.fields(source),
        }
    }

    fn fields(&self, source: &Source) -> Vec<Vec<u8>> {
        // Names and addresses are cut out of the value before anything is decoded.
        let raw = self.modifiers.raw || self.modifiers.addr || self.modifiers.name;
        let fields = source.headers.all(&self.name);
        let values: Vec<_> = match raw {
            true => fields.map(|field| field.raw.clone()).collect(),
            false => fields.map(decoded_line).collect(),
        };
        match values.is_empty() {
            true => self.metadata(source).into_iter().collect(),
            false => values,
        }
    }

    /// Pseudo headers that are neither in the message nor in the grammar.
    fn metadata(&self, source: &Source) -> Option<Vec<u8>> {
        let known = source.metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(&self.name));
        if let Some((_, text)) = known {
            return Some(text.clone());
        }
        match self.name.to_ascii_lowercase().as_slice() {
            b"x-senderdomain" => envelope::sender_domain(source),
            b"x-authordomain" => envelope::author_domains(source),
            _ => None,
        }
    }

    fn part_of(&self, address: Address) -> Option<Vec<u8>> {
        if self.modifiers.addr {
            return address.address;
        }
        match self.modifiers.raw {
            true => address.phrase,
            false => address.phrase.map(|phrase| display_name(&phrase)),
        }
    }

    fn host_of(&self, value: &[u8], source: &Source) -> Option<Vec<u8>> {
        let registry = &source.settings.domains;
        let host = match self.modifiers.addr {
            true => host::after_at(value),
            false => host::find(value, registry),
        };
        let host = host.filter(|host| *host != b"0")?;
        Some(match self.modifiers.domain {
            true => {
                let mut name = host.to_ascii_lowercase();
                name.dedup_by(|one, other| *one == b'.' && *other == b'.');
                registry.split(&name).1.to_vec()
            }
            false => host.to_vec(),
        })
    }

    fn ip_of(&self, value: &[u8]) -> Option<Vec<u8>> {
        let (start, end) =
            net::find_ip_where(value, 0, |start, end| stands_free(value, start, end))?;
        let ip = value.get(start..end)?;
        match self.modifiers.revip {
            false => Some(ip.to_vec()),
            // With its tag an address is no address for this purpose.
            true if net::strip_ipv6_tag(ip).len() < ip.len() => None,
            true => net::parse_ip(ip).map(|address| net::reversed(address).into_bytes()),
        }
    }

    /// Reads what a `header` rule writes before `=~` or `!~`: `Name`, `Name:`,
    /// `Name:modifier` or `Name:modifier:modifier`.
    pub fn parse(text: &[u8]) -> Result<HeaderQuery, HeaderQueryError> {
        let shown = || String::from_utf8_lossy(text).into_owned();
        let bare = text.strip_suffix(b":").unwrap_or(text);
        let mut words = bare.split(|&byte| byte == b':');
        let name = words.next().unwrap_or_default();
        let modifiers: Vec<_> = words.collect();
        let lower = |word: &&[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_lowercase);
        let written = is_name(name) && modifiers.len() <= 2 && modifiers.iter().all(lower);
        if !written || (bare.len() < text.len() && !modifiers.is_empty()) {
            return Err(HeaderQueryError::Name(shown()));
        }
        let known = |word: &&[u8]| Modifiers::default().set(word);
        if !modifiers.iter().all(known) {
            return Err(HeaderQueryError::Modifier(shown()));
        }
        Ok(HeaderQuery::ask(bare))
    }

    /// Reads what a `header` rule writes after `exists:`: a name without modifiers.
    pub fn parse_exists(text: &[u8]) -> Result<HeaderQuery, HeaderQueryError> {
        let name = text.strip_suffix(b":").unwrap_or(text);
        if !is_name(name) {
            return Err(HeaderQueryError::Name(String::from_utf8_lossy(text).into_owned()));
        }
        Ok(HeaderQuery::ask(name))
    }

    /// What an eval test asks for: any name, any number of modifiers, unknown ones ignored.
    pub fn ask(text: &[u8]) -> HeaderQuery {
        let mut words = text.split(|&byte| byte == b':');
        let name = words.next().unwrap_or_default();
        let mut modifiers = Modifiers::default();
        for word in words {
            modifiers.set(word);
        }
        HeaderQuery { name: name.into(), subject: Subject::of(name), modifiers }
    }
}

/// The decoded value with a newline.
fn decoded_line(field: &Field) -> Vec<u8> {
    let mut value = encoded_word::decoded(field);
    value.push(b'\n');
    value
}

/// The fields of all `names`; raw ones with a space for each fold, others decoded.
fn unfolded(names: &[&[u8]], raw: bool, headers: &Headers) -> Vec<Vec<u8>> {
    let fields = names.iter().flat_map(|name| headers.all(name));
    match raw {
        false => fields.map(decoded_line).collect(),
        true => fields.map(|field| without_folds(&field.raw)).collect(),
    }
}

/// A line end and the white space after it become one space. The last line end stays,
/// because nothing comes after it.
fn without_folds(raw: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        let blanks = after.iter().take_while(|&&byte| is_space(byte)).count();
        if byte == b'\n' && blanks > 0 {
            if value.last() == Some(&b'\r') {
                value.pop();
            }
            value.push(b' ');
            rest = after.get(blanks..).unwrap_or_default();
        } else {
            value.push(byte);
            rest = after;
        }
    }
    value
}

/// A display name as people read it: decoded, single spaces, one pair of single quotes off.
fn display_name(phrase: &[u8]) -> Vec<u8> {
    let unfolded: Vec<u8> = phrase.iter().copied().filter(|&byte| byte != b'\n').collect();
    let decoded = encoded_word::decoded_text(unfolded);
    let words: Vec<_> =
        decoded.split(|&byte| is_space(byte)).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return decoded;
    }
    let name = words.join(&b' ');
    let inside = name.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'"));
    inside.map(<[u8]>::to_vec).unwrap_or(name)
}

/// Is the address neither part of a word nor of a longer dotted number?
fn stands_free(text: &[u8], start: usize, end: usize) -> bool {
    let at = |index: Option<usize>| index.and_then(|index| text.get(index)).copied();
    let word = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    let (before, first) = (at(start.checked_sub(1)), at(Some(start)));
    let (last, after) = (at(end.checked_sub(1)), at(Some(end)));
    let on_borders = word(before) != word(first) && word(last) != word(after);
    on_borders && before != Some(b'.') && after != Some(b'.')
}

/// `[\w.-]+`
fn is_name(name: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    !name.is_empty() && name.iter().all(letter)
}

impl Subject {
    /// `ALL…` and `MESSAGEID` are case-sensitive, the other pseudo headers are not.
    fn of(name: &[u8]) -> Subject {
        match name {
            b"ALL" => return Subject::All,
            b"ALL-TRUSTED" => return Subject::AllOf(Side::Trusted),
            b"ALL-UNTRUSTED" => return Subject::AllOf(Side::Untrusted),
            b"ALL-INTERNAL" => return Subject::AllOf(Side::Internal),
            b"ALL-EXTERNAL" => return Subject::AllOf(Side::External),
            b"MESSAGEID" => return Subject::MessageId,
            _ => {}
        }
        match name.to_ascii_lowercase().as_slice() {
            b"envelopefrom" => Subject::EnvelopeFrom,
            b"tocc" => Subject::ToCc,
            b"x-spam-relays-trusted" => Subject::Relays(Side::Trusted),
            b"x-spam-relays-untrusted" => Subject::Relays(Side::Untrusted),
            b"x-spam-relays-internal" => Subject::Relays(Side::Internal),
            b"x-spam-relays-external" => Subject::Relays(Side::External),
            _ => Subject::Fields,
        }
    }
}

impl Modifiers {
    /// Switches `word` on; false if there is no such modifier.
    fn set(&mut self, word: &[u8]) -> bool {
        match word {
            b"raw" => self.raw = true,
            b"addr" => self.addr = true,
            b"name" => self.name = true,
            b"host" => self.host = true,
            b"domain" => (self.host, self.domain) = (true, true),
            b"ip" => self.ip = true,
            b"revip" => (self.ip, self.revip) = (true, true),
            b"first" => self.first = true,
            b"last" => self.last = true,
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::message::relay;
    use proptest::prelude::*;

    /// Settings in which a few top-level domains are known.
    pub fn settings() -> Settings {
        let mut settings = Settings {
            originating_ip_headers: vec!["X-Originating-IP".into()],
            ..Settings::default()
        };
        let names = |list: &[&str]| list.iter().map(|name| name.as_bytes().to_vec()).collect();
        settings.domains.tlds = names(&["com", "org", "br", "uk"]);
        settings.domains.two_level = names(&["co.uk", "com.br"]);
        settings
    }

    /// The fields of a well-formed header block, cut at every line that begins one.
    pub fn fields(block: &[u8]) -> Headers {
        let lines = block.split_inclusive(|&byte| byte == b'\n').filter(|line| *line != b"\n");
        let mut whole: Vec<Vec<u8>> = Vec::new();
        for line in lines {
            match whole.last_mut() {
                Some(last) if matches!(line[0], b' ' | b'\t') => last.extend_from_slice(line),
                _ => whole.push(line.to_vec()),
            }
        }
        let field = |line: &Vec<u8>| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let name = crate::text::ascii::trim_end(&line[..colon]).to_vec();
            Some(Field { name, raw: line[colon + 1..].to_vec() })
        };
        let mut headers: Headers = whole.iter().filter_map(field).collect();
        headers.retain(|field| !field.name.to_ascii_lowercase().starts_with(b"x-spam-"));
        headers
    }

    /// What a rule that asks for `query` sees of a message with this header block.
    pub fn answer(block: &[u8], query: &str, settings: &Settings) -> Option<Vec<u8>> {
        let headers = fields(block);
        let relays = relay::read(&headers, settings);
        let source = Source {
            headers: &headers,
            pristine_headers: block,
            relays: &relays,
            settings,
            metadata: &[],
            reached: None,
            memo: None,
        };
        HeaderQuery::ask(query.as_bytes()).value(&source)
    }

    #[test]
    fn names_and_modifiers_are_read_as_rules_write_them() {
        for good in ["Subject", "Subject:", "From:addr", "From:name:raw", "X_y.z-1", "ALL:raw"] {
            assert!(HeaderQuery::parse(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in ["", ":", ":raw", "From:", "From:addr:", "From:a:b:c", "From:Addr", "Fr om"] {
            let wanted = bad == "From:";
            assert_eq!(HeaderQuery::parse(bad.as_bytes()).is_ok(), wanted, "{bad}");
        }
        let error = HeaderQuery::parse(b"From:address").unwrap_err();
        assert_eq!(error, HeaderQueryError::Modifier("From:address".into()));
        assert!(HeaderQuery::parse_exists(b"X-A:").is_ok());
        assert!(HeaderQuery::parse_exists(b"X-A:addr").is_err());
    }

    #[test]
    fn pseudo_headers_keep_their_case_rules() {
        let settings = settings();
        let block = b"To: a@b.com\nMessage-Id: <1@b.com>\n\n";
        for (query, some) in [
            ("ALL", true),
            ("all", false),
            ("MESSAGEID", true),
            ("MessageId", false),
            ("tocc", true),
            ("TO", true),
            ("x-spam-relays-external", true),
            ("envelopeFROM", false),
        ] {
            assert_eq!(answer(block, query, &settings).is_some(), some, "{query}");
        }
    }

    #[test]
    fn eval_tests_get_the_first_value_without_its_newline() {
        let settings = settings();
        let headers = fields(b"To: a@b.com, c@d.com\nTo: e@f.com\n\n");
        let relays = relay::read(&headers, &settings);
        let source = Source {
            headers: &headers,
            pristine_headers: b"",
            relays: &relays,
            settings: &settings,
            reached: None,
            memo: None,
            metadata: &[(b"X-Languages".to_vec(), b"de".to_vec())],
        };
        let first = |query: &str| HeaderQuery::ask(query.as_bytes()).first(&source);
        assert_eq!(first("To:addr").as_deref(), Some(&b"a@b.com"[..]));
        assert_eq!(first("To:last:addr").as_deref(), Some(&b"e@f.com"[..]));
        assert_eq!(first("To").as_deref(), Some(&b"a@b.com, c@d.com\ne@f.com\n"[..]));
        assert_eq!(first("x-languages").as_deref(), Some(&b"de"[..]));
        assert_eq!(first("Cc"), None);
    }

    proptest! {
        #[test]
        fn any_header_is_answered_without_panic(
            value in "[ -~\t]{0,80}",
            modifier in prop::sample::select(vec!["addr", "name", "host", "domain", "ip", "revip"]),
        ) {
            let block = format!("From: {value}\nReceived: from {value}\n\n");
            for name in ["From", "Received", "ToCc", "ALL"] {
                let _ = answer(block.as_bytes(), &format!("{name}:{modifier}"), &settings());
            }
        }

        #[test]
        fn any_bytes_are_answered_without_panic(value: Vec<u8>) {
            let headers: Headers =
                [Field { name: b"To".to_vec(), raw: value.clone() }].into_iter().collect();
            let relays = relay::read(&headers, &settings());
            let settings = settings();
            let source = Source {
                headers: &headers,
                pristine_headers: &value,
                relays: &relays,
                settings: &settings,
                metadata: &[],
            reached: None,
            memo: None,
            };
            for query in ["To", "To:raw", "To:addr", "To:name", "ToCc:raw", "ALL:raw", "ALL"] {
                let _ = HeaderQuery::ask(query.as_bytes()).values(&source);
            }
        }
    }
}
