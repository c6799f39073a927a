//! Questions about lists: what is listed, what is next to it, what is not, in odd forms.

use super::Chance;
use super::files::{name, near4, near6};
use super::message::{A, AAAA, ANY, MX, NS, Question, SOA, TXT};
use mailprint::zones::Format;

/// A question about a zone that was made up.
pub fn made_up(zone: &str, format: Format, chance: &mut Chance) -> Question {
    let below = ["", "", "a", "b", "sub1", "x.sub1", "a.b", "SUB1", "nosuch"];
    let zone = match format {
        Format::Combined => format!("{}.{zone}", chance.word(&below)),
        _ => zone.to_owned(),
    };
    let format = match format {
        Format::Combined => *chance.of(super::files::ALONE),
        format => format,
    };
    let relative = match format {
        _ if chance.one_in(40) => String::new(),
        _ if chance.one_in(15) => name(chance),
        Format::Ip4Set | Format::Ip4Tset | Format::Ip4Trie => match chance.below(20) {
            0 => name6(u128::from(near4(chance)) << 80 | 0x2002 << 112 | u128::from(chance.next())),
            1 => name6(0xffff_0000_0000 | u128::from(near4(chance))),
            2 => format!("x.{}", name4(near4(chance))),
            3 => name4(near4(chance)).split_once('.').unwrap().1.to_owned(),
            4 => name4(near4(chance)).replace('.', ".0"),
            _ => name4(near4(chance)),
        },
        Format::Ip6Tset | Format::Ip6Trie => match chance.below(20) {
            0 => name4(near4(chance)),
            1 => name6(near6(chance)).replacen("1.", "g.", 1),
            2 => name6(near6(chance)).split_once('.').unwrap().1.to_owned(),
            _ => name6(near6(chance)),
        },
        Format::Generic if chance.one_in(4) => String::new(),
        _ => name(chance),
    };
    finish(&format!("{relative}.{zone}"), chance)
}

/// With a type, sometimes in odd case, with EDNS or a class.
pub fn finish(name: &str, chance: &mut Chance) -> Question {
    let kinds = [A, A, A, TXT, TXT, ANY, ANY, NS, SOA, MX, AAAA, 99, 249, 250, 252, 256, 0];
    let mut question = Question::new("", *chance.of(&kinds));
    question.labels = labels(name);
    if chance.one_in(3) {
        for byte in question.labels.iter_mut().flatten() {
            if chance.one_in(2) {
                *byte = byte.to_ascii_uppercase();
            }
        }
    }
    if chance.one_in(4) {
        question.payload =
            Some(*chance.of(&[0, 512, 522, 523, 600, 1232, 2037, 2040, 4096, 65_535]));
    }
    if chance.one_in(50) {
        question.class = *chance.of(&[255, 3, 4, 0, 254]);
    }
    // A name that is too long gets no answer; that is for another test.
    while question.labels.iter().map(|label| label.len() + 1).sum::<usize>() > 250 {
        question.labels.remove(0);
    }
    question
}

/// Labels of a name with escapes.
fn labels(name: &str) -> Vec<Vec<u8>> {
    let mut labels = vec![Vec::new()];
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if let Some(byte) = rest.strip_prefix('\\').and_then(|digits| digits.get(..3)?.parse().ok())
        {
            labels.last_mut().unwrap().push(byte);
            rest = &rest[4..];
        } else if let Some(escaped) = rest.strip_prefix('\\') {
            labels.last_mut().unwrap().extend(escaped.bytes().next());
            rest = escaped.get(1..).unwrap_or("");
        } else {
            match first {
                '.' => labels.push(Vec::new()),
                first => labels.last_mut().unwrap().push(first as u8),
            }
            rest = &rest[1..];
        }
    }
    labels.retain(|label| !label.is_empty());
    labels.iter_mut().for_each(|label| label.truncate(63));
    labels
}

/// An address as lists are asked for it.
pub fn name4(address: u32) -> String {
    let [a, b, c, d] = address.to_be_bytes();
    format!("{d}.{c}.{b}.{a}")
}

/// A long address as lists are asked for it.
pub fn name6(address: u128) -> String {
    let digits: Vec<String> = (0..32).map(|at| format!("{:x}", address >> (4 * at) & 15)).collect();
    digits.join(".")
}
