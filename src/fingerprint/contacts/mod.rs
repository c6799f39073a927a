//! How the sender wants to be reached: fingerprints of contacts (`contact`).
//!
//! In: the view's texts and documents, its `mailto:`, `tel:` and messenger links, `Reply-To`. Out:
//! fingerprints. `phone`, `wallet` (with `keccak`) and `account` know what each looks like.
//!
//! # Specification
//!
//! Text is read with zero-width characters dropped, full-width forms and digits of any script
//! in ASCII. Transforms, in order of preference; at most [`MOST`] of a message:
//!
//! | transform | of |
//! | --- | --- |
//! | `w:` currency `:` address | a wallet whose checksum is right |
//! | `i:` IBAN | an account whose check is right |
//! | `h:` messenger `:` name in lower case | Telegram, Signal, Skype, WeChat, Line, ICQ, by link or by a word before the name |
//! | `a:` address | `Reply-To`, then addresses in texts and `mailto:`: lower case, without `+tag`, for `gmail.com` and `googlemail.com` without dots and as `gmail.com` |
//! | `p:` last nine digits | telephone numbers; WhatsApp's links are such, too |
//!
//! The domain of an address in text is a fingerprint `link-domain` of `m:` and the registered
//! domain, unless it is common, a mail provider's, or the message's own recipients' or sender's.
//!
//! Left out: addresses that the message is addressed to and all of their domains, those of its
//! `List-*`, `Errors-To` and `Sender` fields, those that programs answer (`-request`,
//! `noreply`, …), those of domains that are common or reserved for examples.

mod account;
mod keccak;
mod phone;
mod wallet;

use super::attachments::Document;
use super::links::{Url, is_common};
use super::view::View;
use super::{Algorithm, Fingerprint, digest};
use crate::limits::{Limit, Limits, Reached};
use crate::message::encoded_word;
use crate::message::headers::Headers;
use std::borrow::Cow;
use std::collections::HashSet;

/// Fingerprints of one message.
const MOST: usize = 12;
/// Domains of addresses.
const MOST_DOMAINS: usize = 8;

/// Adds the fingerprints of the contacts that the view and `documents` name.
pub(super) fn prints(
    view: &View<'_>,
    documents: &[Document],
    limits: &Limits,
    out: &mut Vec<Fingerprint>,
    reached: &mut Reached,
) {
    let mut found = Found::new(limits.fingerprint_contacts);
    if let Some(headers) = view.headers() {
        found.note_own(headers);
        for field in headers.all(b"Reply-To").take(2) {
            let value = encoded_word::decoded(field);
            found.in_text(&String::from_utf8_lossy(value.get(..1024).unwrap_or(&value)), true);
        }
    }
    for link in &view.links {
        found.in_link(&link.url, limits);
    }
    for part in &view.texts {
        found.in_text(&part.text, false);
    }
    for document in documents {
        found.in_text(&document.text, false);
    }
    if found.full {
        reached.note(Limit::FingerprintContacts);
    }
    found.into(out);
}

/// What a contact is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Wallet,
    Account,
    Handle,
    ReplyTo,
    Phone,
    Address,
}

/// Contacts while they are collected.
struct Found {
    contacts: Vec<(Kind, String)>,
    domains: Vec<String>,
    /// Addresses and domains that are the recipient's, a list's or the sender's.
    own: HashSet<String>,
    /// How many contacts may be looked at.
    most: usize,
    full: bool,
}

impl Found {
    fn new(most: usize) -> Found {
        let (contacts, domains) = (Vec::new(), Vec::new());
        Found { contacts, domains, own: HashSet::new(), most, full: false }
    }

    /// Remembers who is not a contact.
    fn note_own(&mut self, headers: &Headers) {
        const PEOPLE: [&[u8]; 6] =
            [b"To", b"Cc", b"Delivered-To", b"X-Original-To", b"Envelope-To", b"Resent-To"];
        const LISTS: [&[u8]; 9] = [
            b"List-Post",
            b"List-Help",
            b"List-Subscribe",
            b"List-Unsubscribe",
            b"List-Owner",
            b"List-Id",
            b"Errors-To",
            b"Sender",
            b"Mailing-List",
        ];
        let noted = |names: &'static [&'static [u8]]| {
            names.iter().flat_map(|name| headers.all(name).take(4))
        };
        for field in noted(&PEOPLE).chain(noted(&LISTS)) {
            let text = String::from_utf8_lossy(field.raw.get(..4096).unwrap_or(&field.raw));
            for address in addresses(&text) {
                let domain = address.split_once('@').map_or("", |(_, domain)| domain);
                if let Some(domain) = psl::domain_str(domain).filter(|name| !is_provider(name)) {
                    self.own.insert(domain.to_owned());
                }
                self.own.insert(address);
            }
        }
    }

    fn add(&mut self, kind: Kind, transform: String) {
        match self.contacts.len() < self.most {
            true => self.contacts.push((kind, transform)),
            false => self.full = true,
        }
    }

    /// A link that leads to a person.
    fn in_link(&mut self, raw: &str, limits: &Limits) {
        let (scheme, rest) = raw.split_once(':').unwrap_or(("", raw));
        let rest = rest.split('?').next().unwrap_or_default();
        match scheme.to_ascii_lowercase().as_str() {
            "mailto" => self.in_text(rest, false),
            "tel" | "sms" | "callto" => self.phone(rest),
            "skype" => self.handle("skype", rest),
            "tg" => {
                let name = raw.split_once("domain=").map_or("", |(_, name)| name);
                self.handle("telegram", name);
            }
            "whatsapp" => self.phone(raw.split_once("phone=").map_or("", |(_, number)| number)),
            _ if is_messenger(raw) => self.in_messenger_link(raw, limits),
            _ => {}
        }
    }

    fn in_messenger_link(&mut self, raw: &str, limits: &Limits) {
        let Some(url) = Url::read(raw, limits.uri_length) else { return };
        let first = url.segments().next().unwrap_or_default().trim_start_matches('@').to_owned();
        match url.host.strip_prefix("www.").unwrap_or(&url.host) {
            "t.me" | "telegram.me" | "telegram.dog" => match first.as_str() {
                "s" | "joinchat" | "c" => {
                    let second = url.segments().nth(1).unwrap_or_default().to_owned();
                    self.handle("telegram", &second);
                }
                _ => self.handle("telegram", &first),
            },
            "wa.me" => self.phone(&first),
            "api.whatsapp.com" | "web.whatsapp.com" => {
                self.phone(&url.parameter("phone").unwrap_or_default());
            }
            "line.me" => self.handle("line", url.segments().last().unwrap_or_default()),
            "signal.me" => {
                self.handle("signal", raw.split_once('#').map_or("", |(_, name)| name));
            }
            _ => {}
        }
    }

    /// A number that is known to be one.
    fn phone(&mut self, text: &str) {
        let digits: String = text.chars().filter(char::is_ascii_digit).take(20).collect();
        if (9..=15).contains(&digits.len()) {
            let local = digits.get(digits.len() - 9..).unwrap_or_default();
            self.add(Kind::Phone, format!("p:{local}"));
        }
    }

    fn handle(&mut self, messenger: &str, name: &str) {
        let name = handle_at(name);
        if (4..=64).contains(&name.len()) {
            self.add(Kind::Handle, format!("h:{messenger}:{}", name.to_lowercase()));
        }
    }

    /// Everything that a text names. `reply`: it is the value of `Reply-To`.
    fn in_text(&mut self, text: &str, reply: bool) {
        let text = plain(text);
        let mut cues = Cues::default();
        let mut at = 0;
        while let Some(word) = next_word(&text, at) {
            at = word.end;
            let (before, here) = text.split_at_checked(word.start).unwrap_or((&text, ""));
            let name = text.get(word.clone()).unwrap_or_default();
            let last = before.bytes().next_back();
            if here.get(name.len()..).is_some_and(|tail| tail.starts_with('@')) {
                // The address's end, so that no name is read twice.
                at = self.address(&text, word.end, reply).unwrap_or(at);
                continue;
            }
            if name.starts_with(|c: char| c.is_ascii_digit()) {
                let plus = before.len() - usize::from(matches!(last, Some(b'+' | b'(')));
                let plus = plus - usize::from(text.get(..plus).is_some_and(|t| t.ends_with('+')));
                match phone::read(&text, plus, cues.phone > 0) {
                    Ok(phone) => {
                        self.phone(phone.local());
                        at = at.max(phone.end);
                    }
                    Err(end) if name.len() < 26 => at = at.max(end.min(word.end)),
                    Err(_) => {}
                }
            }
            if name.len() >= 26
                && let Some(wallet) = wallet::read(name)
            {
                self.add(Kind::Wallet, format!("w:{}:{}", wallet.currency, wallet.address));
            }
            if account::may_begin(name)
                && let Some(iban) = account::read(here)
            {
                self.add(Kind::Account, format!("i:{iban}"));
                at += iban.len().saturating_sub(name.len());
            }
            if let Some(messenger) = cues.messenger.filter(|_| is_handle(here, last)) {
                self.handle(messenger, here);
                cues.messenger = None;
            }
            cues.hear(name);
        }
    }

    /// The address around the `@` at `at`; gives where it ends.
    fn address(&mut self, text: &str, at: usize, reply: bool) -> Option<usize> {
        let (address, end) = address_at(text, at)?;
        let (local, domain) = address.split_once('@')?;
        let registered = psl::domain_str(domain)?;
        let provider = is_provider(registered);
        let is_own = self.own.contains(&address) || self.own.contains(registered);
        let nobody = is_answered_by_program(local)
            || matches!(registered, "example.com" | "example.org" | "example.net");
        if is_own || nobody || (is_common(registered) && !provider) {
            return Some(end);
        }
        if !provider && self.domains.len() < MOST_DOMAINS && !reply {
            self.domains.push(format!("m:{registered}"));
        }
        let kind = if reply { Kind::ReplyTo } else { Kind::Address };
        self.add(kind, format!("a:{address}"));
        Some(end)
    }

    /// The fingerprints, each once.
    fn into(mut self, out: &mut Vec<Fingerprint>) {
        let rank =
            |(kind, text): (Kind, String)| (kind, digest(Algorithm::Contact, text.as_bytes()));
        let mut ranked: Vec<_> = std::mem::take(&mut self.contacts).into_iter().map(rank).collect();
        ranked.sort_unstable_by_key(|(kind, print)| (print.digest, *kind));
        ranked.dedup_by_key(|(_, print)| print.digest);
        ranked.sort_by_key(|(kind, _)| *kind);
        out.extend(ranked.into_iter().take(MOST).map(|(_, print)| print));
        self.domains.sort_unstable();
        self.domains.dedup();
        let domain = |text: &String| digest(Algorithm::LinkDomain, text.as_bytes());
        out.extend(self.domains.iter().map(domain));
    }
}

/// What words before a number or a name say of it.
#[derive(Default)]
struct Cues {
    /// For how many words yet a telephone number is expected.
    phone: usize,
    messenger: Option<&'static str>,
    /// For how many words yet a name is expected.
    patience: usize,
}

impl Cues {
    fn hear(&mut self, word: &str) {
        const PHONE: [&str; 20] = [
            "tel",
            "phone",
            "call",
            "fax",
            "mobile",
            "cell",
            "whatsapp",
            "telephone",
            "dial",
            "sms",
            "text",
            "hotline",
            "telefon",
            "handy",
            "mob",
            "helpline",
            "viber",
            "contact",
            "tlf",
            "gsm",
        ];
        const MESSENGER: [(&str, &str); 9] = [
            ("telegram", "telegram"),
            ("skype", "skype"),
            ("wechat", "wechat"),
            ("weixin", "wechat"),
            ("icq", "icq"),
            ("line", "line"),
            ("signal", "signal"),
            ("wickr", "wickr"),
            ("jabber", "jabber"),
        ];
        self.phone = self.phone.saturating_sub(1);
        self.patience = self.patience.saturating_sub(1);
        if self.patience == 0 {
            self.messenger = None;
        }
        if word.len() > 9 || !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return;
        }
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if PHONE.iter().any(|name| is(name)) {
            self.phone = 4;
        }
        if let Some((_, messenger)) = MESSENGER.iter().find(|(name, _)| is(name)) {
            self.messenger = Some(messenger);
            self.patience = 4;
        }
    }
}

/// Is what begins `text`, after a messenger's name, a name there? By `@` before it, by a digit
/// or `_` in it, or by Skype's `live:`.
fn is_handle(text: &str, before: Option<u8>) -> bool {
    let name = handle_at(text);
    let odd = name.bytes().any(|b| b.is_ascii_digit() || b == b'_') || name.starts_with("live:");
    name.len() >= 4 && (before == Some(b'@') || odd)
}

/// The characters of a name that `text` begins with.
fn handle_at(text: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '+');
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches(['.', '-', ':'])
}

/// The next run of ASCII letters, digits and `_`, from `at` on.
fn next_word(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let tail = text.as_bytes().get(at..)?;
    let start = tail.iter().position(is_word)?;
    let length = tail.get(start..)?.iter().take_while(|b| is_word(b)).count();
    Some(at + start..at + start + length)
}

/// Text as all write it: zero-width characters go; full-width forms and digits in ASCII.
fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let keep = |c: char| match c {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{660}'..='\u{669}' => char::from_u32(u32::from(c) - 0x660 + 0x30),
        '\u{6f0}'..='\u{6f9}' => char::from_u32(u32::from(c) - 0x6f0 + 0x30),
        '\u{966}'..='\u{96f}' => char::from_u32(u32::from(c) - 0x966 + 0x30),
        '\u{1d7ce}'..='\u{1d7ff}' => char::from_digit((u32::from(c) - 0x1d7ce) % 10, 10),
        _ => Some(c),
    };
    Cow::Owned(text.chars().filter_map(keep).collect())
}

/// All addresses in a header field.
fn addresses(text: &str) -> impl Iterator<Item = String> {
    memchr::memchr_iter(b'@', text.as_bytes())
        .take(64)
        .filter_map(|at| address_at(text, at).map(|(address, _)| address))
}

/// The longest local part and domain that are read.
const LOCAL: usize = 64;
const DOMAIN: usize = 253;

/// The address around the `@` at `at`, normal, and where it ends.
fn address_at(text: &str, at: usize) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let in_local = |b: &&u8| b.is_ascii_alphanumeric() || b"._+-=&'".contains(b);
    let in_domain = |b: &&u8| b.is_ascii_alphanumeric() || b".-".contains(b);
    let before = bytes.get(..at)?;
    let local = before.iter().rev().take(LOCAL).take_while(in_local).count();
    let local = text.get(at - local..at)?.trim_start_matches(['.', '\'', '=', '-', '+', '&']);
    let domain = bytes.get(at + 1..)?.iter().take(DOMAIN).take_while(in_domain).count();
    let domain = text.get(at + 1..at + 1 + domain)?;
    let end = at + 1 + domain.len();
    let domain = domain.trim_end_matches(['.', '-']).to_ascii_lowercase();
    let known = psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.is_known());
    if local.is_empty() || !known || psl::domain_str(&domain).is_none() {
        return None;
    }
    let local = local.to_ascii_lowercase();
    let local = local.split_once('+').map_or(local.as_str(), |(name, _)| name);
    let address = match domain.as_str() {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
        domain => format!("{local}@{domain}"),
    };
    Some((address, end))
}

/// Where everybody can have an address.
const PROVIDERS: &[&str] = &[
    "126.com",
    "163.com",
    "aim.com",
    "aol.com",
    "bigpond.com",
    "bk.ru",
    "btinternet.com",
    "comcast.net",
    "consultant.com",
    "cox.net",
    "daum.net",
    "excite.com",
    "fastmail.com",
    "fastmail.fm",
    "freemail.hu",
    "freenet.de",
    "gawab.com",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.fr",
    "hotmail.it",
    "hushmail.com",
    "icloud.com",
    "inbox.com",
    "inbox.lv",
    "inbox.ru",
    "indiatimes.com",
    "juno.com",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.com",
    "live.fr",
    "lycos.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailfence.com",
    "me.com",
    "msn.com",
    "naver.com",
    "netscape.net",
    "netzero.net",
    "ntlworld.com",
    "o2.pl",
    "onet.pl",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "post.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "sbcglobal.net",
    "seznam.cz",
    "sify.com",
    "sina.cn",
    "sina.com",
    "sky.com",
    "sohu.com",
    "t-online.de",
    "terra.com.br",
    "terra.es",
    "tiscali.co.uk",
    "tiscali.it",
    "tuta.io",
    "tutanota.com",
    "ukr.net",
    "uol.com.br",
    "usa.com",
    "usa.net",
    "verizon.net",
    "virgilio.it",
    "voila.fr",
    "walla.co.il",
    "walla.com",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "yahoo.ca",
    "yahoo.co.id",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.ar",
    "yahoo.com.au",
    "yahoo.com.br",
    "yahoo.com.cn",
    "yahoo.com.hk",
    "yahoo.com.mx",
    "yahoo.com.ph",
    "yahoo.com.sg",
    "yahoo.com.tw",
    "yahoo.com.vn",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.in",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

fn is_provider(domain: &str) -> bool {
    PROVIDERS.binary_search(&domain).is_ok()
}

/// Local parts that no person reads: those of lists and programs.
fn is_answered_by_program(local: &str) -> bool {
    const ENDS: [&str; 9] = [
        "-request",
        "-bounces",
        "-owner",
        "-unsubscribe",
        "-subscribe",
        "-help",
        "-admin",
        "-confirm",
        "-leave",
    ];
    const NAMES: [&str; 12] = [
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "mailer-daemon",
        "postmaster",
        "abuse",
        "bounce",
        "bounces",
        "unsubscribe",
        "listmaster",
    ];
    ENDS.iter().any(|end| local.ends_with(end)) || NAMES.contains(&local)
}

/// Is it worth reading as a link to a person?
fn is_messenger(raw: &str) -> bool {
    const HOSTS: [&str; 7] = [
        "t.me/",
        "telegram.me/",
        "telegram.dog/",
        "wa.me/",
        "whatsapp.com/",
        "line.me/",
        "signal.me/",
    ];
    let start = raw.get(..raw.len().min(40)).unwrap_or_default().to_ascii_lowercase();
    HOSTS.iter().any(|host| start.contains(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::view::{Link, Source, TextPart};
    use crate::message::Message;
    use proptest::prelude::*;

    fn found(text: &str, links: &[&str]) -> Vec<String> {
        let limits = Limits::default();
        let mut found = Found::new(limits.fingerprint_contacts);
        links.iter().for_each(|link| found.in_link(link, &limits));
        found.in_text(text, false);
        found.contacts.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn providers_are_in_order() {
        assert!(PROVIDERS.is_sorted());
    }

    #[test]
    fn contacts_are_found_in_any_dress() {
        let table: &[(&str, &[&str])] = &[
            ("write to <J.Doe+x@GoogleMail.com>.", &["a:jdoe@gmail.com"]),
            ("a\u{200b}nn@ex\u{ad}ample.de!", &["a:ann@example.de"]),
            ("ｃａｌｌ ＋１ ８００ ５５５ ０１２３", &["p:005550123"]),
            (
                "pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa now",
                &["w:btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"],
            ),
            ("to GB82 WEST 1234 5698 7654 32.", &["i:GB82WEST12345698765432"]),
            ("on Telegram: @Some_Body1 or", &["h:telegram:some_body1"]),
            ("Skype live:x.y_1", &["h:skype:live:x.y_1"]),
            ("the telegram was sent by hand", &[]),
            ("mail list-request@lists.example.de noreply@shop.de abuse@x.de", &[]),
            ("see version 1.2.3.4 of 2024-01-01, order 123456789", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(found(text, &[]), *expected, "{text}");
        }
    }

    #[test]
    fn links_lead_to_people() {
        let links = [
            "mailto:a@b.de?subject=x",
            "tel:+44-20-7946-0958",
            "https://t.me/SomeBody",
            "https://t.me/joinchat/AAAAAE",
            "https://wa.me/442079460958?text=x",
            "https://api.whatsapp.com/send?phone=442079460958",
            "skype:some.body?chat",
            "https://example.com/",
        ];
        let expected = [
            "a:a@b.de",
            "p:079460958",
            "h:telegram:somebody",
            "h:telegram:aaaaae",
            "p:079460958",
            "p:079460958",
            "h:skype:some.body",
        ];
        assert_eq!(found("", &links), expected);
    }

    fn of(raw: &str, text: &str) -> Vec<Fingerprint> {
        let message = Message::parse(raw.as_bytes().to_vec(), &Limits::default());
        let texts = vec![TextPart { html: false, text: text.to_owned() }];
        let view = View { message: Some(&message), texts, ..View::default() };
        let mut out = Vec::new();
        prints(&view, &[], &Limits::default(), &mut out, &mut Reached::default());
        out
    }

    #[test]
    fn the_recipient_and_lists_are_no_contacts_and_replies_go_first() {
        let head = "To: Me <me@own.de>\nList-Post: <mailto:l@list.de>\nReply-To: bad@mail.ru\n\n";
        let prints = of(head, "me@own.de, x@own.de, l@list.de, other@shop.de");
        let contact = |text: &str| digest(Algorithm::Contact, text.as_bytes());
        let domain = digest(Algorithm::LinkDomain, b"m:shop.de");
        assert_eq!(prints, [contact("a:bad@mail.ru"), contact("a:other@shop.de"), domain]);
    }

    #[test]
    fn limit_fingerprint_contacts() {
        let limits = |most| Limits { fingerprint_contacts: most, ..Limits::default() };
        let texts = vec![TextPart { html: false, text: "a@b.de c@d.de".to_owned() }];
        let links = vec![Link { url: "mailto:e@f.de".to_owned(), source: Source::Anchor }];
        let view = View { texts, links, ..View::default() };
        for (most, count, met) in [(2, 2, true), (3, 3, false), (4, 3, false)] {
            let (mut out, mut reached) = (Vec::new(), Reached::default());
            prints(&view, &[], &limits(most), &mut out, &mut reached);
            let contacts = out.iter().filter(|print| print.algorithm == Algorithm::Contact);
            assert_eq!(contacts.count(), count);
            assert_eq!(reached.has(Limit::FingerprintContacts), met);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(@|a|\\.de|\\+|0|1-800|tel|telegram|\\(|DE89 |bc1|0x|ü|\u{200b}| |\\PC){0,40}") {
            found(&text, &[&text]);
        }
    }
}
