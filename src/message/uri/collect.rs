//! Brings the URIs of text, HTML and DKIM signatures together.
//!
//! In: rendered paragraphs, HTML parts, signature headers. Out: [`Uris`]. Behaviour:
//! get_uri_detail_list of Mail::SpamAssassin::PerMsgStatus(3).

use super::find::{self, Form, Found};
use super::{Detail, Uris, canonical};
use crate::limits::Limit;
use crate::message::Settings;
use crate::message::html::Html;
use crate::text::domain;
use crate::text::pieces::Pieces;
use std::collections::{HashMap, HashSet};

/// Collects all URIs of a message.
///
/// `body`: the rendered paragraphs, the subject first. `signatures`: the values of all
/// `DomainKey-Signature` and `DKIM-Signature` fields, in that order.
pub fn collect<'m>(
    body: &Pieces,
    html: impl IntoIterator<Item = &'m Html>,
    signatures: impl IntoIterator<Item = &'m [u8]>,
    settings: &Settings,
) -> Uris {
    let mut collector = Collector { settings, uris: Uris::default(), index: HashMap::new() };
    collector.text(body);
    for part in html {
        collector.html(part);
    }
    if settings.parse_dkim_uris {
        for signature in signatures {
            collector.signature(signature);
        }
    }
    collector.uris
}

struct Collector<'s> {
    settings: &'s Settings,
    uris: Uris,
    /// The place of each raw form.
    index: HashMap<Vec<u8>, usize>,
}

/// How a URI is added.
#[derive(Clone, Copy, Default)]
struct Manner {
    /// It is a string of characters.
    wide: bool,
    /// It must lead to a known domain or an IP address.
    domain_needed: bool,
    /// It is for block lists only and has no other forms.
    host_only: bool,
}

impl Collector<'_> {
    fn text(&mut self, body: &Pieces) {
        let mut seen = HashSet::new();
        let registry = &self.settings.domains;
        for paragraph in body.iter() {
            for found in find::find(paragraph, registry) {
                let uri = trimmed(found.text);
                if !seen.insert(uri) {
                    continue;
                }
                if seen.len() > self.settings.limits.uris {
                    self.uris.reached.note(Limit::Uris);
                    return;
                }
                if is_plausible(uri, found)
                    && let Some((uri, types)) = with_scheme(uri)
                    && let Some(uri) = with_valid_address(uri, self.settings)
                {
                    let manner = Manner { domain_needed: true, ..Manner::default() };
                    self.add(&uri, types, manner);
                }
            }
        }
    }

    fn html(&mut self, html: &Html) {
        self.uris.truncated |= html.uri_truncated;
        for link in &html.uris {
            let types: &[&'static str] =
                if link.types.is_empty() { &["parsed"] } else { &link.types };
            let manner = Manner { wide: link.wide, ..Manner::default() };
            if let Some(detail) = self.add(&link.uri, types, manner) {
                let mut seen = HashSet::new();
                let texts = link.anchor_text.iter().map(|anchor| &anchor.text);
                detail.anchor_text.extend(texts.filter(|text| seen.insert(*text)).cloned());
            }
        }
    }

    fn signature(&mut self, value: &[u8]) {
        for domain in signing_domains(value) {
            let uri = [b"domainkeys:", domain.as_slice()].concat();
            let manner = Manner { domain_needed: true, host_only: true, ..Manner::default() };
            self.add(&uri, &["domainkeys", "nocanon", "noclean"], manner);
        }
    }

    fn add(&mut self, raw: &[u8], types: &[&'static str], manner: Manner) -> Option<&mut Detail> {
        let mut forms = match manner.host_only {
            true => vec![raw.to_vec()],
            false => canonical::variants(raw, manner.wide, self.settings, &mut self.uris.reached),
        };
        for form in &mut forms {
            if let Some(end) = self.too_long(form, manner.wide) {
                form.truncate(end);
                self.uris.truncated = true;
                self.uris.reached.note(Limit::UriLength);
            }
        }
        let hosts: Vec<_> =
            forms.iter().filter_map(|form| self.settings.domains.host_of_uri(form)).collect();
        if manner.domain_needed && hosts.is_empty() {
            return None;
        }
        let index = self.place(raw)?;
        let detail = self.uris.details.get_mut(index)?;
        if !manner.host_only {
            add_new(&mut detail.cleaned, forms);
        }
        add_new(&mut detail.hosts, hosts);
        add_new(&mut detail.types, types.iter().copied());
        Some(detail)
    }

    fn place(&mut self, raw: &[u8]) -> Option<usize> {
        if let Some(&index) = self.index.get(raw) {
            return Some(index);
        }
        let index = self.uris.details.len();
        if index >= self.settings.limits.uris {
            self.uris.reached.note(Limit::Uris);
            return None;
        }
        self.uris.details.push(Detail { raw: raw.to_vec(), ..Detail::default() });
        self.index.insert(raw.to_vec(), index);
        Some(index)
    }

    /// Where to cut `uri`, if it has more characters than allowed.
    fn too_long(&self, uri: &[u8], wide: bool) -> Option<usize> {
        let most = self.settings.limits.uri_length;
        if uri.len() <= most {
            return None;
        }
        let starts = |(at, b): (usize, &u8)| (!wide || b & 0xc0 != 0x80).then_some(at);
        uri.iter().enumerate().filter_map(starts).nth(most)
    }
}

/// Adds what is not there yet. Lists are short: a URI has few forms.
fn add_new<T: PartialEq>(list: &mut Vec<T>, new: impl IntoIterator<Item = T>) {
    for item in new {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

/// Without the closing parenthesis of the text around and the punctuation of its sentence.
fn trimmed(uri: &[u8]) -> &[u8] {
    let open = memchr::memchr(b'(', uri).unwrap_or(uri.len());
    let close = uri.get(..open).and_then(|head| memchr::memrchr(b')', head));
    let uri = close.and_then(|close| uri.get(..close)).unwrap_or(uri);
    let end = uri.iter().rposition(|b| !b"-~!@#^&*()_+=:;'?,.".contains(b));
    uri.get(..end.map_or(0, |last| last + 1)).unwrap_or(uri)
}

fn is_plausible(uri: &[u8], found: Found<'_>) -> bool {
    let id = matches!(uri, [b'c' | b'C' | b'm' | b'M', b'i' | b'I', b'd' | b'D', b':', ..]);
    (found.form != Form::Mail || uri.contains(&b'@'))
        && found.host.is_none_or(domain::is_fqdn)
        && !id
        && !is_bare_scheme(uri)
}

/// `word:`, `word:/` or `word://`.
fn is_bare_scheme(uri: &[u8]) -> bool {
    let uri = uri.strip_suffix(b"/").unwrap_or(uri);
    let uri = uri.strip_suffix(b"/").unwrap_or(uri);
    uri.strip_suffix(b":").is_some_and(|word| {
        !word.is_empty() && word.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// The URI with a scheme, and its types; `None` for what no mail program would make a link.
fn with_scheme(uri: &[u8]) -> Option<(Vec<u8>, &'static [&'static str])> {
    let starts = |prefix: &[u8]| {
        uri.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if [&b"http:"[..], b"https:", b"ftp:", b"mailto:"].iter().any(|scheme| starts(scheme)) {
        return Some((uri.to_vec(), &["parsed"]));
    }
    let digits = uri.iter().skip(3).take(2).take_while(|b| b.is_ascii_digit()).count();
    let www = starts(b"www") && uri.get(3 + digits) == Some(&b'.');
    let at = memchr::memrchr(b'@', uri);
    let slash = memchr::memchr(b'/', uri);
    let path_before = matches!((slash, at), (Some(slash), Some(at)) if at > slash + 1);
    if starts(b"ftp.") {
        Some(([b"ftp://", uri].concat(), &["parsed", "schemeless"]))
    } else if www || path_before {
        Some(([b"http://", uri].concat(), &["parsed", "schemeless"]))
    } else if at.is_some() {
        let first = memchr::memchr(b'@', uri)?;
        let dotted = uri.get(first + 2..)?.contains(&b'.');
        if !dotted || memchr::memmem::find(uri, b"&nbsp;").is_some() {
            return None;
        }
        let address = without_label(uri);
        Some(([b"mailto:", address].concat(), &["parsed", "schemeless"]))
    } else {
        uri.contains(&b'.')
            .then(|| ([b"http://", uri].concat(), &["parsed", "unlinked", "schemeless"][..]))
    }
}

/// An address without `mail:`, `email:`, `e-mail:`, `skype:` or colons before it.
fn without_label(address: &[u8]) -> &[u8] {
    let labels = [&b"skype"[..], b"e-mail", b"email", b"-mail", b"mail"];
    let after = labels
        .into_iter()
        .find(|label| {
            let start = address.get(..label.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(label))
                && address.get(label.len()) == Some(&b':')
        })
        .map_or(0, <[u8]>::len);
    let colons = address.iter().skip(after).take_while(|&&b| b == b':').count();
    if colons > 0 { address.get(after + colons..).unwrap_or(b"") } else { address }
}

/// An address with its encoded characters decoded, if its host may exist; anything else as
/// it is.
fn with_valid_address(uri: Vec<u8>, settings: &Settings) -> Option<Vec<u8>> {
    if !uri.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"mailto:")) {
        return Some(uri);
    }
    let encoded = memchr::memchr_iter(b'%', &uri).any(|at| {
        let digits = uri.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let uri = if encoded { canonical::decoded(&uri, false) } else { uri };
    let at = memchr::memchr(b'@', &uri)?;
    let mut host = uri.get(at + 1..)?.split(|b| b"?&>".contains(b)).next()?;
    while let Some(shorter) = host.strip_suffix(b"%20") {
        host = shorter;
    }
    settings.domains.is_valid(&domain::to_ascii(host)).then_some(uri)
}

/// The values of `d=` in a signature, without white space.
fn signing_domains(value: &[u8]) -> Vec<Vec<u8>> {
    let space = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let mut domains = Vec::new();
    let mut rest = value;
    let mut before = None;
    while let Some(at) = memchr::memchr(b'd', rest) {
        before = at.checked_sub(1).and_then(|index| rest.get(index)).copied().or(before);
        let word = before.is_some_and(|b: u8| b.is_ascii_alphanumeric() || b == b'_');
        let tail = rest.get(at + 1..).unwrap_or(b"");
        let equals = tail.iter().take_while(|b| space(b)).count();
        (rest, before) = (tail, Some(b'd'));
        let Some(domain) = tail.get(equals..).and_then(|tail| tail.strip_prefix(b"=")) else {
            continue;
        };
        let end = memchr::memchr(b';', domain).unwrap_or(domain.len());
        let (domain, after) = domain.split_at_checked(end).unwrap_or((domain, b""));
        if !word && end > 0 {
            domains.push(domain.iter().copied().filter(|b| !space(b)).collect());
            (rest, before) = (after, None);
        }
    }
    domains
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::message::html::{Source, render};
    use crate::text::domain::Registry;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn settings() -> Settings {
        let tlds = [b"com".to_vec(), b"org".to_vec()].into();
        Settings { domains: Registry { tlds, ..Registry::default() }, ..Settings::default() }
    }

    fn of_text(text: &str, settings: &Settings) -> Uris {
        collect(&[text].iter().collect(), [], [], settings)
    }

    #[test]
    fn text_html_and_signatures_come_together() {
        let html = b"<a href=http://a.com/>one</a><a href=http://a.com/>one</a><a href=#x>two</a>";
        let html = render(html, Source::Ascii, html.len(), &Limits::default());
        let body: Pieces = ["see http://a.com/ or b.org"].iter().collect();
        let uris = collect(&body, [&html], [&b" v=1; d= c .com; i=@d.com"[..]], &settings());
        let raw: Vec<_> = uris.details.iter().map(|d| String::from_utf8_lossy(&d.raw)).collect();
        assert_eq!(raw, ["http://a.com/", "http://b.org", "#x", "domainkeys:c.com"]);
        let first = &uris.details[0];
        assert_eq!((&first.types[..], first.anchor_text.len()), (&["parsed", "a"][..], 1));
        assert_eq!(first.domains().collect::<Vec<_>>(), [b"a.com"]);
        assert_eq!(uris.rule_inputs().len(), 3, "what is signed is not for rules");
    }

    #[test]
    fn a_redirector_leads_on() {
        let mut settings = settings();
        settings
            .redirectors
            .push(Arc::new(|uri: &[u8]| uri.strip_prefix(b"http://r.com/").map(<[u8]>::to_vec)));
        let uris = of_text("http://r.com/www.b.org/x", &settings);
        let domains: Vec<_> = uris.details[0].domains().collect();
        assert_eq!(domains, [b"r.com", b"b.org"]);
    }

    #[test]
    fn limit_uris_and_uri_length_and_uri_nesting() {
        let mut settings = settings();
        settings.limits.uris = 2;
        settings.limits.uri_length = 20;
        settings.limits.uri_nesting = 1;
        assert_eq!(of_text("http://a.com http://b.com", &settings).reached, Default::default());
        let exact = of_text("http://a.com/1234567", &settings);
        assert!(!exact.truncated);
        let nested = of_text("http://a.com/http://b.com/", &settings);
        assert!(!nested.reached.has(Limit::UriNesting));
        let many = of_text("http://a.com http://b.com http://c.com", &settings);
        assert_eq!(many.details.len(), 2);
        assert!(many.reached.has(Limit::Uris));
        let long = of_text("http://a.com/123456789", &settings);
        assert!(long.truncated && long.reached.has(Limit::UriLength));
        let nested = of_text("http://a.com/http://b.com/http://c.com/", &settings);
        assert!(nested.reached.has(Limit::UriNesting));
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        let many = 1_000_000;
        let distinct: String =
            (0..100_000).map(|number| format!("http://a{number}.com ")).collect();
        let texts = [
            "http://a.com/".repeat(many / 13),
            "a.com ".repeat(many / 6),
            "@".repeat(many),
            "a@".repeat(many),
            ".a".repeat(many),
            ":".repeat(many),
            "\\".repeat(many),
            "a/".repeat(many),
            "mailto:".repeat(many / 7),
            "www.".repeat(many / 4),
            "!a.com".repeat(many / 6),
            "!a!".repeat(many / 3),
            format!("http://{}", "a".repeat(8 << 20)),
            format!("http://a.com/{}", "%25".repeat(600)),
            format!("{}a@b.com", "<".repeat(many)),
            distinct,
        ];
        for text in texts {
            of_text(&text, &settings());
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_every_text_uri_has_a_host(
            text in "(http://|www\\.|mailto:|@|a|\\.com|%41|&#46;|<|>|\\(|\\)|:|/|\\?|#|\\PC| ){0,30}",
        ) {
            let uris = of_text(&text, &settings());
            prop_assert!(uris.details.iter().all(|detail| !detail.hosts.is_empty()));
        }

        #[test]
        fn octets_never_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let body: Pieces = [&text].iter().collect();
            collect(&body, [], [text.as_slice()], &settings());
            for wide in [false, true] {
                canonical::variants(&text, wide, &settings(), &mut Default::default());
            }
        }
    }
}
