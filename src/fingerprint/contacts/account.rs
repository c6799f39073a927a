//! Bank accounts: IBAN (ISO 13616), with the length of its country and the check modulo 97.
//!
//! In: a text that begins with two letters and two digits. Out: the IBAN without blanks.

/// How long an IBAN of each country is.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];

/// Could `word` be how an IBAN begins?
pub(super) fn may_begin(word: &str) -> bool {
    matches!(word.as_bytes(), [a, b, c, d, ..]
        if a.is_ascii_alphabetic() && b.is_ascii_alphabetic()
            && c.is_ascii_digit() && d.is_ascii_digit())
}

/// The IBAN that `text` begins with, in upper case; single blanks or hyphens may part it.
pub(super) fn read(text: &str) -> Option<String> {
    let country = text.get(..2)?.to_ascii_uppercase();
    let length = LENGTHS.iter().find(|row| row.0 == country)?.1;
    let mut iban = String::with_capacity(length);
    let mut blank = false;
    for letter in text.chars() {
        if iban.len() == length {
            // The number must not go on.
            let ends = !letter.is_ascii_alphanumeric() || blank;
            return (ends && is_right(&iban)).then_some(iban);
        }
        match letter {
            ' ' | '-' | '\u{a0}' if !blank => blank = true,
            letter if letter.is_ascii_alphanumeric() => {
                iban.push(letter.to_ascii_uppercase());
                blank = false;
            }
            _ => return None,
        }
    }
    (iban.len() == length && is_right(&iban)).then_some(iban)
}

/// Four characters from the front moved to the end, letters as 10 to 35: 1 modulo 97.
fn is_right(iban: &str) -> bool {
    let (front, body) = iban.split_at_checked(4).unwrap_or(("", iban));
    let values = body.chars().chain(front.chars()).filter_map(|letter| letter.to_digit(36));
    let rest = values.fold(0, |rest, value| match value {
        0..=9 => (rest * 10 + value) % 97,
        _ => (rest * 100 + value) % 97,
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ibans_have_the_right_length_and_check() {
        let table = [
            ("GB82 WEST 1234 5698 7654 32 and", Some("GB82WEST12345698765432")),
            ("gb82west12345698765432", Some("GB82WEST12345698765432")),
            ("DE89-3704-0044-0532-0130-00", Some("DE89370400440532013000")),
            ("DE89370400440532013001", None),
            ("DE893704004405320130001", None),
            ("DE89 3704 0044", None),
            ("ZZ82 WEST 1234 5698 7654 32", None),
        ];
        for (text, iban) in table {
            assert_eq!(read(text).as_deref(), iban, "{text}");
        }
        assert!(may_begin("DE89") && !may_begin("D89"));
    }

    proptest! {
        #[test]
        fn texts_never_panic(text in "[A-Z]{2}[0-9]{2}[ 0-9A-Zß-]{0,40}") {
            read(&text);
        }
    }
}
