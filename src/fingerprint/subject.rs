//! The subject (J1): what a message calls itself.
//!
//! In: the decoded subject of a [`View`]. Out: up to three fingerprints of **subject**.
//!
//! # Specification
//!
//! What stands before the last `:` within the first eight characters (`Re:`, `Fwd:`, `AW:`), again
//! and again, and words in brackets at the beginning are dropped. Transform: the hashes of the
//! words (`token`), from four words or a weight of 20 on; from five words on also those without
//! the last one and those without the first one, because senders add one.

use super::token::{Word, words};
use super::view::View;
use super::{Algorithm, Fingerprint, digest};
use crate::limits::Limits;

/// The least words.
const WORDS: usize = 4;
/// Fewer words with this weight will do.
const WEIGHT: u32 = 20;

/// The fingerprints of the subject.
pub(super) fn prints(view: &View<'_>, limits: &Limits, out: &mut Vec<Fingerprint>) {
    let read = words(bare(&view.subject), limits).words;
    let mut push = |words: &[Word]| {
        let weight: u32 = words.iter().map(|word| u32::from(word.weight)).sum();
        if words.len() >= WORDS || words.len() > 1 && weight >= WEIGHT {
            let transform: Vec<u8> =
                words.iter().flat_map(|word| word.hash.to_le_bytes()).collect();
            out.push(digest(Algorithm::Subject, &transform));
        }
    };
    push(&read);
    if let [first, middle @ .., last] = read.as_slice()
        && middle.len() > 2
    {
        push(&[&[*first], middle].concat());
        push(&[middle, &[*last]].concat());
    }
}

/// `subject` without what replies, forwards and lists put before it.
fn bare(subject: &str) -> &str {
    let mut rest = subject.trim_start();
    for _ in 0..16 {
        let start = rest.get(..rest.floor_char_boundary(8)).unwrap_or(rest);
        let cut = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']').map(|(_, after)| after),
            None => start.find([':', '：']).and_then(|at| {
                let after = rest.get(at..)?;
                after.get(after.chars().next()?.len_utf8()..)
            }),
        };
        match cut {
            Some(after) => rest = after.trim_start(),
            None => break,
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(subject: &str) -> Vec<Fingerprint> {
        let view = View { subject: subject.to_owned(), ..View::default() };
        let mut out = Vec::new();
        prints(&view, &Limits::default(), &mut out);
        out
    }

    #[test]
    fn a_subject_is_recognised_with_what_is_put_around_it() {
        let plain = of("Your parcel is waiting for delivery");
        for varied in [
            "Re: Your parcel is waiting for delivery",
            "Fwd: AW: [list] Your parcel is waiting for delivery",
            "YOUR parcel is waiting for delivery!! #12345",
            "Your parcel is waiting for delivery xkwqv",
            "回复：Your parcel is waiting for delivery",
        ] {
            assert!(of(varied).iter().any(|print| plain.contains(print)), "{varied}");
        }
        assert_eq!(of("Hello there"), []);
    }
}
