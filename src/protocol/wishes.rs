//! What a client of ours asks for beyond spamd's protocol, and how it is answered.
//!
//! A request says `X-Mailprint: confidence evidence`, or one of the words; a reply to it
//! has more header lines behind those of spamd, wherever that verb and version have header
//! lines at all. Who does not ask gets none. Words that are not known are ignored, so that
//! a client may ask an older server. The lines are described in `doc/PROTOCOL.md`.

use crate::text::number;
use crate::text::shown::quoted;

/// The words of `X-Mailprint`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// How sure we are.
    pub confidence: bool,
    /// What each rule matched.
    pub evidence: bool,
}

/// A rule that hit, as an evidence line shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The rule's name.
    pub name: String,
    /// Its score, for one match.
    pub score: f64,
    /// How often it counts.
    pub count: u32,
    /// Where it matched and what: piece of its view, offset in bytes, bytes.
    pub matched: Option<(usize, usize, Vec<u8>)>,
}

impl Wishes {
    /// The header's name.
    pub(super) const HEADER: &'static [u8] = b"X-Mailprint";

    /// Words with spaces or commas between.
    pub(super) fn parse(value: &[u8]) -> Wishes {
        let mut wishes = Wishes::default();
        for word in value.split(|byte| byte.is_ascii_whitespace() || *byte == b',') {
            match word {
                b"confidence" => wishes.confidence = true,
                b"evidence" => wishes.evidence = true,
                _ => {}
            }
        }
        wishes
    }

    /// The header lines that fulfil the wishes: `confidence` in percent, and one line for
    /// each of `hits`.
    pub fn render(self, confidence: f64, hits: &[Shown]) -> String {
        let mut lines = String::new();
        if self.confidence {
            lines.push_str(&format!("X-Mailprint-Confidence: {confidence:.1}\r\n"));
        }
        if self.evidence {
            for hit in hits {
                lines.push_str(&hit.line());
            }
        }
        lines
    }
}

impl Shown {
    fn line(&self) -> String {
        let Shown { name, score, count, .. } = self;
        let score = number::show(*score);
        let matched = self.matched.as_ref().map_or_else(String::new, |(piece, offset, text)| {
            format!(" piece={piece} offset={offset} text={}", quoted(text))
        });
        format!("X-Mailprint-Evidence: {name} score={score} count={count}{matched}\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_told_and_nothing_breaks_out_of_its_line() {
        let hit = |name: &str, matched| Shown { name: name.into(), score: 0.1, count: 2, matched };
        let hits = [hit("A", None), hit("B", Some((3, 17, b"x\r\nSpam: False \"\\\xff".to_vec())))];
        let confidence = "X-Mailprint-Confidence: 97.3\r\n";
        let evidence = "X-Mailprint-Evidence: A score=0.1 count=2\r\n\
            X-Mailprint-Evidence: B score=0.1 count=2 piece=3 offset=17 \
            text=\"x\\x0d\\x0aSpam: False \\x22\\x5c\\xff\"\r\n";
        let cases = [
            ("", String::new()),
            ("nothing, Confidence", String::new()),
            ("confidence", confidence.to_owned()),
            ("evidence", evidence.to_owned()),
            ("evidence,more confidence", [confidence, evidence].concat()),
        ];
        for (value, lines) in cases {
            let wishes = Wishes::parse(value.as_bytes());
            assert_eq!(wishes.render(97.25001, &hits), lines, "{value:?}");
        }
    }
}
