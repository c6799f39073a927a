//! What a certificate says of itself (X.509, RFC 5280), of any version.
//!
//! rustls reads version 3 only, but `openssl x509 -req` without extensions writes version 1,
//! and certificates so made have been good enough for spamd. In goes DER, out come the fields
//! that such a certificate is judged by; nothing is copied, and what is no certificate is
//! `None`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

/// A certificate's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// Is it of version 1 or 2, without extensions?
    pub is_old: bool,
    /// Who has signed it: a name in DER.
    pub issuer: &'a [u8],
    /// Whom it is about.
    pub subject: &'a [u8],
    /// From when it holds, in seconds since 1970.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
    /// The subject's key with its algorithm, in DER.
    pub key_info: &'a [u8],
    /// The key's algorithm: what stands inside its `AlgorithmIdentifier`.
    pub key_algorithm: &'a [u8],
    /// The key itself.
    pub key: &'a [u8],
    /// What is signed.
    pub signed: &'a [u8],
    /// The signature's algorithm, like the key's.
    pub signature_algorithm: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads one in DER.
    pub fn parse(der: &'a [u8]) -> Option<Certificate<'a>> {
        let mut outer = Der(Der(der).value(SEQUENCE)?);
        let (signed, inside) = outer.element(SEQUENCE)?;
        let signature_algorithm = outer.value(SEQUENCE)?;
        let signature = outer.bits()?;
        let mut fields = Der(inside);
        let version = match fields.0.first() {
            Some(&VERSION) => Der(fields.value(VERSION)?).value(INTEGER)?,
            _ => &[0],
        };
        fields.value(INTEGER)?;
        fields.value(SEQUENCE)?;
        let (issuer, _) = fields.element(SEQUENCE)?;
        let mut validity = Der(fields.value(SEQUENCE)?);
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let (subject, _) = fields.element(SEQUENCE)?;
        let (key_info, key_fields) = fields.element(SEQUENCE)?;
        let mut key_fields = Der(key_fields);
        Some(Certificate {
            is_old: matches!(version, [0 | 1]),
            issuer,
            subject,
            not_before,
            not_after,
            key_info,
            key_algorithm: key_fields.value(SEQUENCE)?,
            key: key_fields.bits()?,
            signed,
            signature_algorithm,
            signature,
        })
    }

    /// Does it hold at `time`, in seconds since 1970?
    pub fn holds_at(&self, time: i64) -> bool {
        (self.not_before..=self.not_after).contains(&time)
    }
}

/// DER that is not read yet.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element, which has this tag: all of it, and its value.
    fn element(&mut self, tag: u8) -> Option<(&'a [u8], &'a [u8])> {
        let (&found, rest) = self.0.split_first()?;
        let (&short, rest) = rest.split_first()?;
        let (length, rest) = match short {
            0..=0x7f => (usize::from(short), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        (found == tag).then_some((whole, value))
    }

    fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element(tag).map(|(_, value)| value)
    }

    /// The bytes of a bit string that has no odd bits.
    fn bits(&mut self) -> Option<&'a [u8]> {
        self.value(BIT_STRING)?.strip_prefix(&[0])
    }

    fn time(&mut self) -> Option<i64> {
        let digits = match self.0.first()? {
            &UTC_TIME => {
                let digits = std::str::from_utf8(self.value(UTC_TIME)?).ok()?;
                // RFC 5280 section 4.1.2.5.1
                let century = if digits.get(..2)? < "50" { "20" } else { "19" };
                format!("{century}{digits}")
            }
            _ => std::str::from_utf8(self.value(GENERALIZED_TIME)?).ok()?.to_owned(),
        };
        let time = DateTime::strptime("%Y%m%d%H%M%SZ", &digits).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An element of DER with this tag and value.
    fn element(tag: u8, value: &[u8]) -> Vec<u8> {
        let length = value.len();
        let head = match length {
            0..=0x7f => vec![tag, length as u8],
            _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        };
        [head, value.to_vec()].concat()
    }

    fn certificate(version: &[u8], times: [&[u8]; 2]) -> Vec<u8> {
        let algorithm = element(SEQUENCE, b"algorithm");
        let times = times
            .map(|time| element(if time.len() == 13 { UTC_TIME } else { GENERALIZED_TIME }, time));
        let key = [algorithm.clone(), element(BIT_STRING, b"\0key")].concat();
        let fields = [
            version.to_vec(),
            element(INTEGER, &[7]),
            algorithm.clone(),
            element(SEQUENCE, b"issuer"),
            element(SEQUENCE, &times.concat()),
            element(SEQUENCE, &[b's'; 200]),
            element(SEQUENCE, &key),
        ];
        let signed = element(SEQUENCE, &fields.concat());
        element(SEQUENCE, &[signed, algorithm, element(BIT_STRING, b"\0signature")].concat())
    }

    const TIMES: [&[u8]; 2] = [b"991231235959Z", b"20500101000000Z"];

    #[test]
    fn fields_are_found_in_every_version() {
        let version = |number: u8| element(VERSION, &element(INTEGER, &[number]));
        let cases = [(Vec::new(), true), (version(1), true), (version(2), false)];
        for (version, is_old) in cases {
            let der = certificate(&version, TIMES);
            let found = Certificate::parse(&der).unwrap();
            assert_eq!(found.is_old, is_old);
            assert_eq!((found.not_before, found.not_after), (946_684_799, 2_524_608_000));
            assert_eq!((found.key, found.signature), (&b"key"[..], &b"signature"[..]));
            assert_eq!(found.key_algorithm, b"algorithm");
            assert_eq!(found.subject.len(), 204);
            assert!(found.holds_at(946_684_799) && !found.holds_at(946_684_798));
            for cut in 0..der.len() {
                assert_eq!(Certificate::parse(&der[..cut]), None, "{cut}");
            }
        }
        assert_eq!(Certificate::parse(&certificate(&[], [b"991331235959Z", TIMES[1]])), None);
    }

    proptest! {
        #[test]
        fn whatever_is_sent_does_no_harm(
            at in 0usize..400,
            bytes in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let mut der = certificate(&[], TIMES);
            let at = at.min(der.len());
            der.splice(at..(at + bytes.len()).min(der.len()), bytes.clone());
            let _ = Certificate::parse(&der);
            let _ = Certificate::parse(&bytes);
        }
    }
}
