//! Where a message leads: fingerprints of its links (`link-domain`, `link-path`, `link-kit`).
//!
//! In: the view's links. Out: fingerprints. `url` brings a link into its well-known form,
//! `redirect` finds the goals that stand within links, `site` says whose they are.
//!
//! # Specification
//!
//! A link to a known redirector is replaced by its goal; any other that holds a whole URL
//! counts beside its goal; at most [`NESTING`] times. Sites that are common, and the domains
//! that the message is addressed to, make no fingerprints; nor does what is only loaded
//! (pictures, styles), unless nothing can be followed (anchors, forms, text): pages that forge
//! another one load its pictures. Each transform is UTF-8:
//!
//! * `link-domain`: `d:` and the site. Of each algorithm those with the lowest digests, [`MOST`].
//! * `link-path`: the site, then the path's shape: lower case, without the last `/`; each run
//!   of digits is `0`, each run of eight or more of `0-9a-f` with a digit in it, and each
//!   segment that looks random ([`is_random`]), is `*`. Abstains if less than four characters
//!   of path are left, and where the site holds the path already.
//! * `link-kit`: the path's shape, `?`, and the parameters' names in lower case, sorted and
//!   joined by `&`. Abstains if the path has less than eight letters in runs of four or more,
//!   not counting words that every site uses ([`USUAL`]).

mod redirect;
mod site;
mod url;

pub use site::{Site, is_common};
pub use url::Url;

use super::attachments::Document;
use super::view::{self, Source, View};
use super::{Algorithm, Fingerprint, digest};
use crate::limits::{Limit, Limits, Reached};
use crate::message::headers::Headers;
use std::collections::HashSet;
use std::fmt::Write;

/// Redirectors within redirectors that are followed.
const NESTING: usize = 4;
/// Fingerprints of one algorithm.
const MOST: usize = 16;

/// A link, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub url: Url,
    /// Whose that is.
    pub site: Site,
    /// Does a reader follow it? Else it is loaded, or only stands there.
    pub followed: bool,
}

/// The links of `view` in order, each site and path once.
pub fn read<'l>(
    links: impl IntoIterator<Item = &'l view::Link>,
    limits: &Limits,
    reached: &mut Reached,
) -> Vec<Link> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for (number, link) in links.into_iter().enumerate() {
        if number >= limits.fingerprint_links {
            reached.note(Limit::FingerprintLinks);
            break;
        }
        let followed = matches!(link.source, Source::Anchor | Source::Form | Source::Text);
        if seen.insert(link.url.as_str()) {
            follow(&link.url, followed, limits, reached, &mut out);
        }
    }
    out
}

/// Adds the link `raw` and what stands within it.
fn follow(raw: &str, followed: bool, limits: &Limits, reached: &mut Reached, out: &mut Vec<Link>) {
    if raw.len() > limits.uri_length {
        reached.note(Limit::UriLength);
    }
    let mut next = Url::read(raw, limits.uri_length);
    for _ in 0..=NESTING {
        let Some(url) = next.take() else { return };
        let known = redirect::goal_of_known(&url);
        let goal = known.clone().or_else(|| redirect::goal_within(&url));
        next = goal.and_then(|goal| Url::read(&goal, limits.uri_length));
        if next.is_some() && known.is_some() {
            continue;
        }
        if let Some(site) = Site::of(&url) {
            out.push(Link { url, site, followed });
        }
    }
}

/// Adds the fingerprints of the links in the view and in `documents`; gives the view's.
pub(super) fn prints(
    view: &View<'_>,
    documents: &[Document],
    limits: &Limits,
    out: &mut Vec<Fingerprint>,
    reached: &mut Reached,
) -> Vec<Link> {
    let links = read(&view.links, limits, reached);
    let own = view.headers().map(addressed).unwrap_or_default();
    of_links(&links, &own, out);
    for document in documents {
        let urls = document.urls.iter();
        let inside: Vec<_> =
            urls.map(|url| view::Link { url: url.clone(), source: Source::Text }).collect();
        of_links(&read(&inside, limits, reached), &own, out);
    }
    links
}

/// The registered domains that a message is addressed to.
fn addressed(headers: &Headers) -> HashSet<String> {
    let fields = [&b"To"[..], b"Cc", b"Delivered-To", b"X-Original-To"];
    let values = fields.iter().flat_map(|name| headers.all(name).take(4));
    let mut own = HashSet::new();
    for field in values {
        let text = String::from_utf8_lossy(field.raw.get(..2048).unwrap_or(&field.raw));
        let hosts = text.split('@').skip(1).take(32).filter_map(|tail| {
            tail.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).next()
        });
        own.extend(
            hosts.filter_map(|host| Some(psl::domain_str(&host.to_lowercase())?.to_owned())),
        );
    }
    own
}

/// Adds the fingerprints of `links`, those to `own` domains left out.
pub(super) fn of_links(links: &[Link], own: &HashSet<String>, out: &mut Vec<Fingerprint>) {
    let is_telling_site = |link: &&Link| !link.site.common && !own.contains(&link.site.name);
    // A forged page loads the pictures of the one that it forges.
    let leads_somewhere = links.iter().filter(is_telling_site).any(|link| link.followed);
    let telling = |link: &&Link| is_telling_site(link) && (link.followed || !leads_somewhere);
    let mut domains = Ranked::default();
    let mut paths = Ranked::default();
    let mut kits = Ranked::default();
    let mut text = String::new();
    for link in links.iter().filter(telling) {
        text.clear();
        text.push_str("d:");
        text.push_str(&link.site.name);
        domains.add(Algorithm::LinkDomain, &text);
        let shape = shape(&link.url.path);
        if shape.len() < 4 {
            continue;
        }
        if !link.site.name.contains(['/', '=']) {
            text.clear();
            text.push_str(&link.site.name);
            text.push_str(&shape);
            paths.add(Algorithm::LinkPath, &text);
        }
        if is_telling(&shape) {
            text.clear();
            let _ = write!(text, "{shape}?{}", keys(&link.url));
            kits.add(Algorithm::LinkKit, &text);
        }
    }
    for ranked in [domains, paths, kits] {
        ranked.into(out);
    }
}

/// Fingerprints of one algorithm.
#[derive(Default)]
struct Ranked(Vec<Fingerprint>);

impl Ranked {
    fn add(&mut self, algorithm: Algorithm, transform: &str) {
        self.0.push(digest(algorithm, transform.as_bytes()));
    }

    /// Each once, the lowest digests.
    fn into(mut self, out: &mut Vec<Fingerprint>) {
        self.0.sort_unstable();
        self.0.dedup();
        out.extend(self.0.into_iter().take(MOST));
    }
}

/// What stays of a path that is made anew for each message.
fn shape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        out.push('/');
        let lower = segment.to_lowercase();
        let words = lower.split_inclusive(|c: char| !c.is_alphanumeric());
        for word in words {
            let end = word.find(|c: char| !c.is_alphanumeric()).unwrap_or(word.len());
            let (word, mark) = word.split_at_checked(end).unwrap_or((word, ""));
            push_word(word, &mut out);
            out.push_str(mark);
        }
    }
    out
}

/// A word of a path: what is random is `*`, digits are `0`.
fn push_word(word: &str, out: &mut String) {
    if is_random(word) {
        out.push('*');
        return;
    }
    let mut in_digits = false;
    for c in word.chars() {
        let digit = c.is_ascii_digit();
        if !(digit && in_digits) {
            out.push(if digit { '0' } else { c });
        }
        in_digits = digit;
    }
}

/// Does a word (letters and digits, lower case) look made by a machine? Eight or more
/// hexadecimal digits with a figure among them, or 20 and more characters, or letters and
/// figures that change places three times and more.
fn is_random(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return word.len() > 32;
    }
    let hex = word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let kinds = word.as_bytes();
    let changes = kinds
        .iter()
        .zip(kinds.iter().skip(1))
        .filter(|(a, b)| a.is_ascii_digit() != b.is_ascii_digit())
        .count();
    digits < word.len() && (hex || word.len() >= 20 || changes >= 3)
}

/// Words of paths that tell nobody apart.
const USUAL: &[&str] = &[
    "about",
    "account",
    "admin",
    "article",
    "assets",
    "blog",
    "click",
    "common",
    "contact",
    "content",
    "contents",
    "default",
    "email",
    "emails",
    "files",
    "help",
    "home",
    "html",
    "image",
    "images",
    "includes",
    "index",
    "info",
    "jpeg",
    "link",
    "links",
    "list",
    "listinfo",
    "login",
    "logo",
    "logos",
    "mail",
    "mailing",
    "mailman",
    "main",
    "media",
    "news",
    "newsletter",
    "open",
    "optout",
    "page",
    "pages",
    "photo",
    "photos",
    "pipermail",
    "post",
    "posts",
    "preferences",
    "privacy",
    "product",
    "products",
    "profile",
    "public",
    "redirect",
    "remove",
    "search",
    "settings",
    "share",
    "shtml",
    "spacer",
    "static",
    "storage",
    "store",
    "story",
    "styles",
    "subscribe",
    "support",
    "terms",
    "themes",
    "thumb",
    "track",
    "tracking",
    "unsub",
    "unsubscribe",
    "upload",
    "uploads",
    "user",
    "users",
    "view",
    "wordpress",
];

/// Has a shape enough letters of its own to tell a kit by?
fn is_telling(shape: &str) -> bool {
    let words = shape.split(|c: char| !c.is_alphabetic());
    let own = words.filter(|word| word.len() >= 4 && USUAL.binary_search(word).is_err());
    own.map(str::len).sum::<usize>() >= 8
}

/// The names of the parameters.
fn keys(url: &Url) -> String {
    let key = |pair: &str| pair.split('=').next().unwrap_or_default().to_lowercase();
    // A parameter without a value may be a token of its own.
    let pairs = url.pairs().filter(|pair| pair.contains('=')).take(32);
    let mut keys: Vec<String> = pairs.map(key).filter(|key| key.len() <= 24).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(url: &str, source: Source) -> view::Link {
        view::Link { url: url.to_owned(), source }
    }

    fn of(urls: &[&str]) -> Vec<Fingerprint> {
        let raw: Vec<_> = urls.iter().map(|url| link(url, Source::Anchor)).collect();
        let links = read(&raw, &Limits::default(), &mut Reached::default());
        let mut out = Vec::new();
        of_links(&links, &HashSet::from(["own.example.com".to_owned()]), &mut out);
        out
    }

    fn all(algorithm: Algorithm, transforms: &[&str]) -> Vec<Fingerprint> {
        transforms.iter().map(|transform| digest(algorithm, transform.as_bytes())).collect()
    }

    #[test]
    fn the_usual_words_are_in_order() {
        assert!(USUAL.is_sorted());
    }

    #[test]
    fn shapes_forget_what_changes() {
        let table = [
            ("/Landing/Offer-123.php", "/landing/offer-0.php"),
            ("/a/0123abcdef0/x", "/a/*/x"),
            ("/a1b2c3/verify/", "/*/verify"),
            ("/x2y/2024", "/x0y/0"),
        ];
        for (path, expected) in table {
            assert_eq!(shape(path), expected, "{path}");
        }
    }

    #[test]
    fn a_link_gives_domain_path_and_kit() {
        let prints = of(&["http://x.example.com/Landing/Offer-123.php?id=1&U=2"]);
        let mut expected = all(Algorithm::LinkDomain, &["d:example.com"]);
        expected.extend(all(Algorithm::LinkPath, &["example.com/landing/offer-0.php"]));
        expected.extend(all(Algorithm::LinkKit, &["/landing/offer-0.php?id&u"]));
        assert_eq!(prints, expected);
    }

    #[test]
    fn common_sites_and_usual_paths_say_nothing() {
        assert_eq!(of(&["http://www.w3.org/TR/html4/loose.dtd", "cid:x", "http://bit.ly/"]), []);
        let usual = of(&["http://example.com/images/logo.gif"]);
        assert!(usual.iter().all(|print| print.algorithm != Algorithm::LinkKit));
        assert_eq!(of(&["http://bit.ly/AbC"]), all(Algorithm::LinkDomain, &["d:bit.ly/AbC"]));
    }

    #[test]
    fn redirectors_are_replaced_and_other_urls_count_beside_their_goals() {
        let known = of(&["https://www.google.com/url?q=http://example.com/"]);
        assert_eq!(known, all(Algorithm::LinkDomain, &["d:example.com"]));
        let mut unknown = of(&["http://example.org/?to=http://example.com/"]);
        unknown.sort();
        let mut expected = all(Algorithm::LinkDomain, &["d:example.com", "d:example.org"]);
        expected.sort();
        assert_eq!(unknown, expected);
    }

    #[test]
    fn what_is_loaded_counts_only_where_nothing_can_be_followed() {
        let of = |raw: &[view::Link]| {
            let mut out = Vec::new();
            let links = read(raw, &Limits::default(), &mut Reached::default());
            of_links(&links, &HashSet::new(), &mut out);
            out
        };
        let many = |n: usize| link(&format!("http://d{n}.com/"), Source::Loaded);
        let mut raw: Vec<_> = (0..40).map(many).collect();
        assert_eq!(of(&raw).len(), MOST);
        raw.push(link("http://example.com/", Source::Anchor));
        assert_eq!(of(&raw), all(Algorithm::LinkDomain, &["d:example.com"]));
    }
}
