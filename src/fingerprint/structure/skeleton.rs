//! The bones of an HTML page.
//!
//! In: a [`Page`]'s start tags. Out: `skeleton`, `skeleton-band`, `call-to-action`.
//!
//! # Specification
//!
//! Only structural elements count ([`STRUCTURAL`]); of equal ones in a row, one.
//!
//! * `skeleton`: their names, joined by blanks. Abstains below 14.
//! * `skeleton-band`: of each five in a row, joined by blanks, the 64-bit FNV-1a hash `h`; of
//!   these, for i = 0…7, the least `(h ^ A) * B >> 17`, where A and B (made odd) are outputs
//!   number 2i and 2i+1 of splitmix64 seeded with 1. Four bands: digests of the band's number
//!   (a byte) and two of these eight numbers, least byte first. Abstains with less than twelve
//!   different fives, two `a`, or elements three deep.
//! * `call-to-action`: `c:`, the first two bands' digests, then the sites that a reader can go
//!   to by anchors and forms, sorted, joined by blanks; abstains without bands, without sites
//!   or with more than eight. A page that asks for a password: `f:` and its fields
//!   (`type:name`, lower case) in order, joined by blanks.

use super::{Algorithm, Fingerprint, Link, digest};
use crate::fingerprint::view::Page;

/// Elements that make up a page, in alphabetical order.
const STRUCTURAL: &[&str] = &[
    "a", "article", "button", "center", "div", "dl", "footer", "form", "frame", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "iframe", "img", "input", "li", "map", "ol", "option", "p",
    "pre", "section", "select", "table", "tbody", "td", "textarea", "th", "tr", "ul", "video",
];

const GRAM: usize = 5;
const HASHES: usize = 8;
const BANDS: usize = 4;

/// Adds the fingerprints of `page`.
pub(super) fn prints(page: &Page, links: &[Link], out: &mut Vec<Fingerprint>) {
    let bones = bones(page);
    if bones.len() >= 14 {
        out.push(digest(Algorithm::Skeleton, bones.join(" ").as_bytes()));
    }
    if let Some(bands) = bands(page, &bones) {
        out.extend(bands);
        out.extend(call_to_action(&bands, links));
    }
    out.extend(form(page));
}

/// The structural elements, of equal ones in a row one.
fn bones(page: &Page) -> Vec<&'static str> {
    let structural = page.elements.iter().filter_map(|element| {
        let at = STRUCTURAL.binary_search(&element.name.as_str()).ok()?;
        STRUCTURAL.get(at).copied()
    });
    let mut bones: Vec<_> = structural.collect();
    bones.dedup();
    bones
}

fn bands(page: &Page, bones: &[&str]) -> Option<[Fingerprint; BANDS]> {
    let deep = page.elements.iter().any(|element| element.depth >= 3);
    let anchors = page.elements.iter().filter(|element| element.name == "a").take(2).count();
    let mut grams: Vec<u64> = bones.windows(GRAM).map(fnv).collect();
    grams.sort_unstable();
    grams.dedup();
    if !deep || anchors < 2 || grams.len() < 12 {
        return None;
    }
    let least = least(&grams);
    let mut pairs = least.as_chunks::<2>().0.iter();
    Some(std::array::from_fn(|band| {
        let [a, b] = pairs.next().copied().unwrap_or_default();
        let mut transform = vec![band as u8];
        transform.extend(a.to_le_bytes());
        transform.extend(b.to_le_bytes());
        digest(Algorithm::SkeletonBand, &transform)
    }))
}

/// FNV-1a of some names with blanks between.
fn fnv(names: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for (number, name) in names.iter().enumerate() {
        let blank: &[u8] = if number == 0 { b"" } else { b" " };
        for byte in blank.iter().chain(name.as_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    hash
}

/// The least of each family of hashes.
fn least(grams: &[u64]) -> [u64; HASHES] {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    };
    std::array::from_fn(|_| {
        let (a, b) = (next(), next() | 1);
        grams.iter().map(|gram| (gram ^ a).wrapping_mul(b) >> 17).min().unwrap_or_default()
    })
}

fn call_to_action(bands: &[Fingerprint; BANDS], links: &[Link]) -> Option<Fingerprint> {
    let sites = links.iter().filter(|link| link.followed && !link.site.common);
    let mut sites: Vec<_> = sites.map(|link| link.site.name.as_str()).collect();
    sites.sort_unstable();
    sites.dedup();
    if sites.is_empty() || sites.len() > 8 {
        return None;
    }
    let mut transform = b"c:".to_vec();
    let [first, second, ..] = bands;
    transform.extend(first.digest);
    transform.extend(second.digest);
    transform.extend(sites.join(" ").as_bytes());
    Some(digest(Algorithm::CallToAction, &transform))
}

/// What a page asks for, if a password is among it.
fn form(page: &Page) -> Option<Fingerprint> {
    let fields: Vec<_> = page.fields.iter().take(32).map(|field| field.to_lowercase()).collect();
    let secret = fields.iter().any(|field| field.starts_with("password:"));
    let named = fields.iter().filter(|field| !field.ends_with(':')).count();
    (secret && named >= 2)
        .then(|| digest(Algorithm::CallToAction, format!("f:{}", fields.join(" ")).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::links::{Site, Url};
    use crate::fingerprint::view::Element;

    fn page(names: &str) -> Page {
        let element = |(at, name): (usize, &str)| Element {
            name: name.to_owned(),
            class: String::new(),
            depth: at % 4,
        };
        let elements = names.split(' ').enumerate().map(element).collect();
        Page { elements, ..Page::default() }
    }

    const PAGE: &str = "html body table tr td img p a span table tr td h1 p p ul li a li li a \
                        hr div div p font img a form input input button h2 div table th tr td a";

    fn of(page: &Page, links: &[Link]) -> Vec<Fingerprint> {
        let mut out = Vec::new();
        prints(page, links, &mut out);
        out
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(STRUCTURAL.is_sorted());
    }

    #[test]
    fn style_and_repetition_do_not_count() {
        let noisy = PAGE.replace("p p", "p font b p i p").replace("li li", "li li li");
        assert_eq!(of(&page(PAGE), &[]), of(&page(&noisy), &[]));
        assert_eq!(of(&page(PAGE), &[]).len(), 1 + BANDS);
    }

    #[test]
    fn some_bands_outlive_what_is_added() {
        let before = of(&page(PAGE), &[]);
        let after = of(&page(&format!("{PAGE} p")), &[]);
        let same = before.iter().filter(|print| after.contains(print)).count();
        assert!(same >= 2, "{same}");
    }

    #[test]
    fn where_it_leads_makes_a_call_to_action() {
        let site = Site { name: "example.com".to_owned(), common: false };
        let link = Link { url: Url::default(), site, followed: true };
        let prints = of(&page(PAGE), &[link]);
        assert_eq!(prints.last().map(|print| print.algorithm), Some(Algorithm::CallToAction));
        assert_eq!(prints.len(), 2 + BANDS);
    }

    #[test]
    fn a_page_that_asks_for_a_password_is_known_by_its_fields() {
        let fields = ["email:login", "password:pw", "submit:"].map(str::to_owned).to_vec();
        let prints = of(&Page { fields, ..Page::default() }, &[]);
        let expected = digest(Algorithm::CallToAction, b"f:email:login password:pw submit:");
        assert_eq!(prints, [expected]);
    }

    #[test]
    fn little_says_nothing() {
        assert_eq!(of(&page("html body p a p a"), &[]), []);
    }
}
