//! Subject: shouting, and naming the recipient.

use super::super::arguments::regex;
use super::super::{Binding, Test, hit_if, literal};
use super::facts::text;
use super::starts_at_border;
use crate::message::view::Views;
use crate::rules::model::Eval;
use crate::text::ascii::{is_space, trim, trim_start};
use std::sync::Arc;

/// The fewest bytes of a subject that is looked at.
const SHORTEST: usize = 10;

/// `subject_is_all_caps`
pub fn all_capitals(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    // What mail programs write before the subject of an answer.
    let answer = regex(r"^(?i)(?:(?:Re|Fwd|Fw|Aw|Antwort|WG|SV|VB|VS|VL):\s*)+")?;
    // Charsets whose letters look like capitals where they are not decoded.
    let charset = regex(
        r"(?ix)=\?[-_a-z0-9]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251
            |georgianps|pt154|tis)[-_a-z0-9]*\?",
    )?;
    Ok(Arc::new(move |scan, _| {
        let subject = text(b"Subject", scan.views());
        let subject = trim(&subject);
        let begin = answer.find(subject).map_or(0, |found| found.end());
        let subject = subject.get(begin..).unwrap_or_default();
        let shouts = subject.len() >= SHORTEST
            && subject.iter().any(|&byte| is_space(byte))
            && subject.iter().any(u8::is_ascii_uppercase)
            && !subject.iter().any(u8::is_ascii_lowercase);
        hit_if(shouts && !charset.is_match(&text(b"Subject:raw", scan.views())))
    }))
}

/// `check_for_to_in_subject`
pub fn names_recipient(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let names: fn(&[u8], &[u8]) -> bool = match literal(call, 0)? {
        b"address" => holds_address,
        b"user" => greets,
        other => {
            let other = other.escape_ascii();
            return Err(format!("'{other}' is no option; write 'address' or 'user'"));
        }
    };
    Ok(Arc::new(move |scan, _| {
        let views: &Views = scan.views();
        let to = text(b"To:addr", views);
        hit_if(!to.is_empty() && names(&text(b"Subject", views), &to))
    }))
}

/// Does the subject hold the address, not as part of a longer word?
fn holds_address(subject: &[u8], to: &[u8]) -> bool {
    let stands = |(start, part): (usize, &[u8])| {
        starts_at_border(subject, start)
            && starts_at_border(subject, start + to.len())
            && part.eq_ignore_ascii_case(to)
    };
    subject.windows(to.len()).enumerate().any(stands)
}

/// Is the recipient's name all of the subject (also behind `Re:`, or as `, name!`), or does the
/// subject begin with it, a punctuation mark and white space?
fn greets(subject: &[u8], to: &[u8]) -> bool {
    let name = to.split(|&byte| byte == b'@').next().unwrap_or_default();
    if subject.strip_prefix(name).is_some_and(is_greeting) {
        return true;
    }
    let without_end = subject.strip_suffix(b"\n").unwrap_or(subject);
    [subject, without_end].into_iter().any(|line| {
        line.eq_ignore_ascii_case(name) || answers(line, name) || ends_a_list(line, name)
    })
}

fn is_mark(byte: u8) -> bool {
    b",:;!?-".contains(&byte)
}

/// What follows the name in `name, …`.
fn is_greeting(rest: &[u8]) -> bool {
    matches!(trim_start(rest), [mark, rest @ ..]
        if is_mark(*mark) && rest.first().is_none_or(|&byte| is_space(byte)))
}

/// `line` without `name` at its end.
fn before<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (before, end) = line.split_at_checked(line.len().checked_sub(name.len())?)?;
    end.eq_ignore_ascii_case(name).then_some(before)
}

/// `Re: name`, `Fw: word name`
fn answers(line: &[u8], name: &[u8]) -> bool {
    let Some(before) = before(line, name) else { return false };
    let Some((prefix, between)) = before.split_at_checked(3) else { return false };
    if !prefix.eq_ignore_ascii_case(b"re:") && !prefix.eq_ignore_ascii_case(b"fw:") {
        return false;
    }
    let word = trim_start(between);
    let letters = word.iter().take_while(|byte| super::is_word(Some(byte))).count();
    let after = word.get(letters..).unwrap_or_default();
    word.is_empty() || (letters > 0 && !after.is_empty() && trim_start(after).is_empty())
}

/// `, name!`
fn ends_a_list(line: &[u8], name: &[u8]) -> bool {
    let [b',', inside @ .., mark] = line else { return false };
    is_mark(*mark) && before(inside, name).is_some_and(|blanks| trim_start(blanks).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_part_of_a_longer_word() {
        for (subject, expected) in [
            ("for ann@x.com now", true),
            ("ANN@X.COM", true),
            ("joann@x.com", false),
            ("ann@x.comm", false),
            ("joann@x.com ann@x.com", true),
            ("ann@x.co", false),
            ("", false),
        ] {
            assert_eq!(holds_address(subject.as_bytes(), b"ann@x.com"), expected, "{subject}");
        }
    }

    #[test]
    fn names_stand_where_greetings_do() {
        for (subject, expected) in [
            ("ann\n", true),
            ("Ann\n", true),
            ("re: ann\n", true),
            ("FW:ANN", true),
            ("re: dear ann\n", true),
            ("re: my dear ann\n", false),
            ("re: dearann\n", false),
            ("ann, look\n", true),
            ("ann  - look\n", true),
            ("Ann, look\n", false),
            ("ann,look\n", false),
            ("ann!\n", true),
            (", ann!\n", true),
            (", Ann?\n", true),
            (", dear ann!\n", false),
            ("anna, look\n", false),
            ("dear ann\n", false),
            ("ann\n\n", false),
            ("", false),
        ] {
            assert_eq!(greets(subject.as_bytes(), b"ann@x.com"), expected, "{subject:?}");
        }
    }
}
