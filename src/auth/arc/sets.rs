//! The fields of ARC sets by instance, and what a seal covers of them (RFC 8617, 5.1.1).

use crate::auth::canonical::Form;
use crate::auth::mail::Field;
use crate::text::ascii::{is_space, trim_start};
use crate::text::number;
use std::collections::{HashMap, HashSet};

/// Which of a set's three fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// ARC-Authentication-Results.
    Results,
    /// ARC-Message-Signature.
    Message,
    /// ARC-Seal.
    Seal,
}

impl Kind {
    /// The three, in the order in which a seal covers them.
    pub const ALL: [Kind; 3] = [Kind::Results, Kind::Message, Kind::Seal];

    /// The field's name and colon.
    pub fn prefix(self) -> &'static [u8] {
        match self {
            Kind::Results => b"arc-authentication-results:",
            Kind::Message => b"arc-message-signature:",
            Kind::Seal => b"arc-seal:",
        }
    }

    /// The field's name in lower case.
    pub fn name(self) -> &'static [u8] {
        self.prefix().strip_suffix(b":").unwrap_or_default()
    }

    /// The kind of the signature field called `name`.
    pub fn of_signature(name: &[u8]) -> Option<Kind> {
        [Kind::Message, Kind::Seal].into_iter().find(|kind| kind.name() == name)
    }
}

/// The topmost field of each kind and instance.
pub struct Sets<'m> {
    fields: HashMap<(Kind, u32), &'m Field>,
    repeats_results: bool,
}

impl<'m> Sets<'m> {
    /// Finds them in `fields`.
    pub fn new(fields: &'m [Field]) -> Sets<'m> {
        let mut sets = HashMap::new();
        for field in fields {
            let is_of = |kind: &Kind| {
                let name = field.text.get(..kind.prefix().len()).unwrap_or_default();
                name.eq_ignore_ascii_case(kind.prefix())
            };
            if let Some(kind) = Kind::ALL.into_iter().find(is_of)
                && let Some(instance) = instance(field.text.get(kind.prefix().len()..))
            {
                sets.entry((kind, instance)).or_insert(field);
            }
        }
        Sets { fields: sets, repeats_results: repeats_results(fields) }
    }

    /// Do two ARC-Authentication-Results have one instance, or has one the instance 0?
    pub fn repeats_results(&self) -> bool {
        self.repeats_results
    }

    /// Adds what the seal with `instance` covers, but for itself.
    pub fn add(&self, covered: &mut Vec<u8>, instance: &[u8]) {
        if instance.is_empty() || !instance.iter().all(u8::is_ascii_digit) {
            return;
        }
        let last = number::read(instance).min(f64::from(super::INSTANCES)) as u32;
        for number in 1..=last {
            let kinds =
                if number < last { &Kind::ALL[..] } else { &[Kind::Results, Kind::Message] };
            for field in kinds.iter().filter_map(|kind| self.fields.get(&(*kind, number))) {
                covered.extend_from_slice(&Form::Seal.field(&field.text));
                covered.extend_from_slice(b"\r\n");
            }
        }
    }
}

/// The number in the last `i=` of a field's value; white space may stand before it only.
fn instance(value: Option<&[u8]>) -> Option<u32> {
    let tags = value?.rsplit(|&byte| byte == b';').map(trim_start);
    let mut numbers = tags.filter_map(|tag| match tag {
        [b'i' | b'I', b'=', rest @ ..] => leading_number(rest),
        _ => None,
    });
    numbers.next()
}

fn leading_number(text: &[u8]) -> Option<u32> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = std::str::from_utf8(text.get(..digits)?).ok()?;
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u32::MAX))
}

/// Mail::DKIM looks for the name anywhere in a field.
fn repeats_results(fields: &[Field]) -> bool {
    let mut seen = HashSet::from([0]);
    let numbers = fields.iter().filter_map(|field| {
        let text = field.text.to_ascii_lowercase();
        let mut found = memchr::memmem::find_iter(&text, Kind::Results.prefix());
        found.find_map(|at| {
            let value = trim_start(text.get(at + Kind::Results.prefix().len()..)?);
            let value = value.strip_prefix(b"i=")?;
            let number = leading_number(value)?;
            let after = value.iter().skip_while(|byte| byte.is_ascii_digit());
            let mut after = after.skip_while(|byte| is_space(**byte));
            (after.next() == Some(&b';')).then_some(number)
        })
    });
    let mut numbers = numbers;
    !numbers.all(|number| seen.insert(number))
}
