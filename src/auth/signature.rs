//! Signature fields: what they claim (RFC 6376, 3.5; RFC 8617, 4.1), and what came of it.

use super::canonical::Form;
use super::digest::Hash;
use super::is_true;
use super::tags::{SyntaxError, Tags};
use crate::text::ascii::{is_space, trim};
use crate::text::number;

/// What came of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not: something was altered, or it is somebody else's.
    Fail,
    /// It cannot be checked: what it asks for is not known, or it has no key.
    Invalid,
}

/// A signature that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The signing domain (`d=`) in lower case.
    pub domain: Option<Vec<u8>>,
    /// For whom it was made (`i=`, decoded; `@` and the domain where it is silent). Of
    /// DomainKeys the sender, if a covered field names one; of ARC the instance.
    pub identity: Option<Vec<u8>>,
    /// Which of the domain's keys.
    pub selector: Option<Vec<u8>>,
    /// What came of it; `None` if it was never judged.
    pub outcome: Option<Outcome>,
    /// Why it is not [`Outcome::Pass`].
    pub detail: &'static str,
    /// The key's length where it passes.
    pub key_bits: Option<usize>,
    /// Is it of DomainKeys (RFC 4870), which came before DKIM?
    pub is_domain_keys: bool,
    /// Nobody has told the key in time.
    pub is_late: bool,
}

impl Signature {
    /// Does it hold? One without a selector does not count.
    pub fn is_valid(&self) -> bool {
        let has_selector = self.selector.as_ref().is_some_and(|selector| !selector.is_empty());
        has_selector && self.outcome == Some(Outcome::Pass)
    }

    /// The domain of its identity, in lower case: what SpamAssassin takes for the signer.
    pub fn signer(&self) -> Option<Vec<u8>> {
        match &self.identity {
            Some(identity) => after_at(identity).map(<[u8]>::to_ascii_lowercase),
            None => self.domain.clone(),
        }
    }
}

/// What stands after the first `@` that is not at the end of a word, to the word's end.
pub fn after_at(text: &[u8]) -> Option<&[u8]> {
    memchr::memchr_iter(b'@', text).find_map(|at| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let word = rest.iter().position(|&byte| is_space(byte)).unwrap_or(rest.len());
        rest.get(..word).filter(|word| !word.is_empty())
    })
}

/// A signature field as it is written.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The field's name and colon, as they are written, or as they should be.
    name: Vec<u8>,
    /// Its tags.
    pub tags: Tags,
}

/// How a signature that can be checked was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The hash of `a=`.
    pub hash: Hash,
    /// How fields were made canonical.
    pub fields: Form,
    /// How the body was.
    pub body: Form,
}

impl Claim {
    /// Reads a whole field called `name`. Where white space stands before its colon, it is read
    /// as a tag, which no signature survives.
    pub fn parse(field: &[u8], name: &[u8]) -> Result<Claim, SyntaxError> {
        let (head, value) = field.split_at(field.len().min(name.len()));
        let (name, value) = match head.eq_ignore_ascii_case(name) {
            true => (head, value),
            false => (name, field),
        };
        Ok(Claim { name: name.to_vec(), tags: Tags::parse(value)? })
    }

    /// The field without its signature.
    pub fn text(&self) -> Vec<u8> {
        [&*self.name, &self.tags.text_without(b"b")].concat()
    }

    /// How it was made, if that can be checked at the time `now`, in seconds since 1970.
    pub fn method(&self, now: i64, is_seal: bool) -> Result<Method, &'static str> {
        let tag = |name: &[u8]| self.tags.get(name);
        let version = tag(b"v").filter(|version| is_true(version));
        if version.is_some_and(|version| !matches!(version, b"0.5" | b"1")) {
            return Err("unsupported version");
        }
        let hash = match &*tag(b"a").unwrap_or_default().to_ascii_lowercase() {
            b"rsa-sha1" => Hash::Sha1,
            b"rsa-sha256" => Hash::Sha256,
            _ => return Err("unsupported algorithm"),
        };
        let (fields, body) = match is_seal {
            true => (Form::Seal, Form::Seal),
            false => self.forms().ok_or("unsupported canonicalization")?,
        };
        let is_known = |query: &[u8]| query == b"dns/txt" || (query == b"dns" && version.is_none());
        if !tag(b"q").unwrap_or(b"dns/txt").split(|&byte| byte == b':').any(is_known) {
            return Err("unsupported query protocol");
        }
        if tag(b"x").is_some_and(|end| now as f64 > number::read(end)) {
            return Err("signature is expired");
        }
        if tag(b"d").is_none_or(<[u8]>::is_empty) {
            return Err("missing d tag");
        }
        if tag(b"s").is_none() {
            return Err("missing s tag");
        }
        Ok(Method { hash, fields, body })
    }

    fn forms(&self) -> Option<(Form, Form)> {
        let told = self.tags.get(b"c").filter(|told| is_true(told)).unwrap_or(b"simple/simple");
        let told = told.to_ascii_lowercase();
        let mut sides = told.splitn(2, |&byte| byte == b'/');
        let fields = Form::parse(sides.next().unwrap_or_default())?;
        let body = sides.next().map_or(Some(Form::Simple), Form::parse)?;
        Some((fields, body))
    }

    /// The names in `h=`, in lower case.
    pub fn covered(&self) -> Vec<Vec<u8>> {
        let told = self.tags.get(b"h").filter(|told| is_true(told)).unwrap_or_default();
        let names = told.split(|&byte| byte == b':').map(trim);
        let mut names: Vec<_> = names.map(<[u8]>::to_ascii_lowercase).collect();
        while names.last().is_some_and(Vec::is_empty) {
            names.pop();
        }
        names
    }

    /// The bytes of `b=`.
    pub fn signature(&self) -> Vec<u8> {
        super::digest::base64(self.tags.get(b"b").unwrap_or_default())
    }

    /// The hash of the body in `bh=`; `None` where nothing is told, and everything will do.
    pub fn body_hash(&self) -> Option<Vec<u8>> {
        let told = self.tags.get(b"bh").unwrap_or_default();
        let dense: Vec<u8> = told.iter().copied().filter(|&byte| !is_space(byte)).collect();
        is_true(&dense).then(|| super::digest::base64(&dense))
    }

    /// How much of a canonical body of `length` bytes is covered (`l=`); all of it where
    /// nothing is told, or zero.
    pub fn covered_body(&self, length: usize) -> usize {
        let Some(told) = self.tags.get(b"l").filter(|told| is_true(told)) else { return length };
        let told = number::read(told).trunc();
        // Perl counts from the end then.
        let most = if told < 0.0 { length as f64 + told } else { told };
        (most.max(0.0) as usize).min(length)
    }

    /// What the outside sees of it before it is judged.
    pub fn seen(&self) -> Signature {
        let tag = |name: &[u8]| self.tags.get(name);
        let domain = tag(b"d").map(<[u8]>::to_ascii_lowercase);
        let identity = match tag(b"i") {
            Some(told) => without_escapes(told),
            None => [b"@", domain.as_deref().filter(|d| is_true(d)).unwrap_or_default()].concat(),
        };
        Signature {
            domain,
            identity: Some(identity),
            selector: tag(b"s").map(<[u8]>::to_vec),
            ..Signature::default()
        }
    }
}

/// `text` with `=XX` undone (RFC 6376, 2.11).
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if byte == b'=' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push((high << 4 | low) as u8);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(value: &str) -> Claim {
        let field = format!("DKIM-Signature:{value}");
        Claim::parse(field.as_bytes(), b"DKIM-Signature:").unwrap()
    }

    #[test]
    fn what_cannot_be_checked_is_told() {
        let good = "a=rsa-sha256; d=x.com; s=k";
        let cases = [
            ("", None),
            ("; v=1", None),
            ("; v=0.5", None),
            ("; v=2", Some("unsupported version")),
            ("; a=ed25519-sha256", Some("unsupported algorithm")),
            ("; a=RSA-SHA1", None),
            ("; c=relaxed", None),
            ("; c=Relaxed/Simple", None),
            ("; c=relaxed/other", Some("unsupported canonicalization")),
            ("; c=relaxed/", Some("unsupported canonicalization")),
            ("; q=dns/txt", None),
            ("; q=dns", None),
            ("; v=1; q=dns", Some("unsupported query protocol")),
            ("; q=other:dns/txt", None),
            ("; q=", Some("unsupported query protocol")),
            ("; x=1000", None),
            ("; x=999", Some("signature is expired")),
            ("; x=", Some("signature is expired")),
            ("; d=", Some("missing d tag")),
            ("; s=", None),
        ];
        for (more, expected) in cases {
            let method = claim(&format!("{good}{more}")).method(1000, false);
            assert_eq!(method.err(), expected, "{more}");
        }
        assert_eq!(claim("a=rsa-sha1; d=x").method(0, false), Err("missing s tag"));
        assert_eq!(claim("d=x; s=y").method(0, false), Err("unsupported algorithm"));
    }

    #[test]
    fn as_much_of_a_body_is_covered_as_is_told() {
        let cases =
            [("", 9), ("l=", 9), ("l=0", 9), ("l=5", 5), ("l=50", 9), ("l=x", 0), ("l=-2", 7)];
        for (tag, expected) in cases {
            assert_eq!(claim(tag).covered_body(9), expected, "{tag}");
        }
    }

    #[test]
    fn the_signer_is_the_domain_of_the_identity() {
        let cases = [
            ("d=X.com", Some("x.com")),
            ("d=x.com; i=a=40b@S.x.com", Some("b@s.x.com")),
            ("d=x.com; i=@S.x.com", Some("s.x.com")),
            ("d=x.com; i=nobody", None),
            ("i=a@", None),
            ("v=1", None),
        ];
        for (value, expected) in cases {
            let signer = claim(value).seen().signer();
            assert_eq!(signer, expected.map(|signer| signer.as_bytes().to_vec()), "{value}");
        }
    }
}
