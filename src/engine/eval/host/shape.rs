//! The shape of a field of addresses: quotes, angle brackets, commas.
//!
//! In: the field's value on one line. Out: what is odd about it, found in one walk.

use crate::text::ascii::{is_space, trim};

/// What a field of addresses looks like (RFC 5322, 3.2.4, 3.4).
#[derive(Default)]
pub struct Shape {
    /// A quote is never closed.
    pub open_quote: bool,
    /// An angle bracket is never closed.
    pub open_angle: bool,
    /// An angle bracket is opened within another.
    pub two_angles: bool,
    /// Text follows an address in angle brackets before the next comma.
    pub after_angle: bool,
    /// An encoded word stands within angle brackets.
    pub encoded_address: bool,
    /// A name that is not quoted holds `,`, `:` or `;` beside an `@`: `a@b.com, Inc. <c@d.com>`
    /// is not what it means to be.
    pub specials: bool,
    /// Bytes beyond ASCII stand within angle brackets.
    pub eight_bit_address: bool,
    /// A comma with nothing before or after it.
    pub stray_comma: bool,
    /// `<>`
    pub null_address: bool,
}

impl Shape {
    /// The shape of a value, which is trimmed.
    pub fn new(text: &[u8]) -> Shape {
        let mut shape = Shape::default();
        let (mut quoted, mut angle, mut comments) = (false, false, 0usize);
        let (mut after, mut before_comma, mut at_sign) = (false, false, false);
        let mut inside = Vec::new();
        let mut bytes = text.iter().copied();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' if quoted || comments > 0 => {
                    bytes.next();
                }
                b'"' if comments == 0 => quoted = !quoted,
                _ if quoted => {}
                b'(' => comments += 1,
                b')' => comments = comments.saturating_sub(1),
                _ if comments > 0 => {}
                b'<' => {
                    shape.two_angles |= angle;
                    (angle, after, before_comma) = (true, false, true);
                    inside.clear();
                }
                b'>' if angle => {
                    shape.judge_address(&inside);
                    (angle, after) = (false, true);
                }
                _ if angle => inside.push(byte),
                b',' => {
                    shape.stray_comma |= !before_comma;
                    (after, before_comma, at_sign) = (false, false, false);
                }
                b';' => (after, at_sign) = (false, false),
                b':' => {
                    shape.specials |= at_sign;
                    before_comma = false;
                }
                _ if is_space(byte) => {}
                _ => {
                    shape.after_angle |= after;
                    at_sign |= byte == b'@';
                    before_comma = true;
                }
            }
            if quoted || comments > 0 {
                before_comma = true;
            }
        }
        shape.open_quote = quoted;
        shape.open_angle = angle;
        // A comma at the end.
        shape.stray_comma |=
            !before_comma && memchr::memchr(b',', text).is_some() && !text.ends_with(b";");
        shape
    }

    fn judge_address(&mut self, inside: &[u8]) {
        self.encoded_address |= inside.starts_with(b"=?");
        self.eight_bit_address |= !inside.is_ascii();
        self.null_address |= trim(inside).is_empty();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn comments_and_quotes_hide_what_is_in_them() {
        for (text, odd) in [
            ("Ann <a@b.com>, Bob <c@d.com>", false),
            (r#""Ann, <the \" first>" <a@b.com>"#, false),
            ("Ann (<, \\) \" ) <a@b.com>", false),
            ("friends: a@b.com, c@d.com;", false),
            ("undisclosed-recipients:;", false),
            ("a@b.com,, c@d.com", true),
            (", a@b.com", true),
            ("Ann <a@b.com> <c@d.com>", false),
            ("Ann <a@b.com> x", true),
        ] {
            let shape = Shape::new(text.as_bytes());
            let found = shape.open_quote
                || shape.open_angle
                || shape.two_angles
                || shape.after_angle
                || shape.stray_comma
                || shape.specials;
            assert_eq!(found, odd, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes: Vec<u8>, text in "[=?qb a-c<>,;:@()\"\\\\]{0,60}") {
            let _ = (Shape::new(&bytes), Shape::new(text.as_bytes()));
        }
    }
}
