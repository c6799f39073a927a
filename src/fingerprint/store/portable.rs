//! Lessons as lines of text, to be carried to another machine or kept.
//!
//! The first line names the form, the last one counts the lines between; without it the file is
//! torn. Each line between is an object of JSON: a lesson (`content`, `message`, `teacher`,
//! `class`, `when`, `prints` as `algorithm:digest`, `signers`, `phrases`), or a fingerprint that
//! is struck from all lists (`delisted`, `when`). Digests and phrases are in hexadecimal digits.

use super::super::{Algorithm, Class, Fingerprint};
use super::{Lesson, LessonId};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

/// The first line.
pub const HEAD: &str = "mailprint-fingerprints 1";

/// A line between the first and the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Somebody said something of a message.
    Lesson(Lesson),
    /// A fingerprint was struck from all lists.
    Delisted(Fingerprint, u64),
}

/// The last line, behind `count` others.
pub fn end(count: u64) -> String {
    format!("end {count}")
}

/// The count of a last line.
pub fn ended(line: &str) -> Option<u64> {
    line.strip_prefix("end ")?.parse().ok()
}

impl Line {
    /// As text, without a line feed.
    pub fn render(&self) -> String {
        let line = match self {
            Line::Lesson(lesson) => json!({
                "content": HEXLOWER.encode(&lesson.id.content),
                "message": HEXLOWER.encode(&lesson.id.message),
                "teacher": lesson.teacher,
                "class": lesson.class.name(),
                "when": lesson.when,
                "prints": lesson.prints.iter().map(name).collect::<Vec<_>>(),
                "signers": lesson.signers,
                "phrases": lesson.phrases.iter().map(|n| format!("{n:x}")).collect::<Vec<_>>(),
            }),
            Line::Delisted(print, when) => json!({ "delisted": name(print), "when": when }),
        };
        line.to_string()
    }

    /// Of text; `None` if that is no such line.
    pub fn parse(line: &str) -> Option<Line> {
        let value: Value = serde_json::from_str(line).ok()?;
        let when = value.get("when")?.as_u64()?;
        if let Some(print) = value.get("delisted") {
            return Some(Line::Delisted(parse_name(print.as_str()?)?, when));
        }
        let texts = |name: &str| {
            let list = value.get(name)?.as_array()?;
            list.iter().map(Value::as_str).collect::<Option<Vec<&str>>>()
        };
        let digest = |name: &str| digest(value.get(name)?.as_str()?);
        let prints = texts("prints")?.into_iter().map(parse_name).collect::<Option<_>>()?;
        let phrase = |text| u64::from_str_radix(text, 16).ok();
        let phrases = texts("phrases")?.into_iter().map(phrase).collect::<Option<_>>()?;
        Some(Line::Lesson(Lesson {
            id: LessonId { content: digest("content")?, message: digest("message")? },
            teacher: value.get("teacher")?.as_str()?.to_owned(),
            class: Class::named(value.get("class")?.as_str()?)?,
            when,
            prints,
            signers: texts("signers")?.into_iter().map(str::to_owned).collect(),
            phrases,
        }))
    }
}

/// A fingerprint as people write it: `text-exact:` and 32 hexadecimal digits.
pub fn name(print: &Fingerprint) -> String {
    format!("{}:{}", print.algorithm.name(), HEXLOWER.encode(&print.digest))
}

/// The fingerprint of such a name.
pub fn parse_name(name: &str) -> Option<Fingerprint> {
    let (algorithm, text) = name.split_once(':')?;
    let algorithm = Algorithm::all().find(|known| known.name() == algorithm)?;
    Some(Fingerprint { algorithm, digest: digest(text)? })
}

fn digest(text: &str) -> Option<[u8; 16]> {
    HEXLOWER.decode(text.to_ascii_lowercase().as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_read_as_they_were_written() {
        let print = Fingerprint { algorithm: Algorithm::TextBand, digest: [0xab; 16] };
        let lesson = Lesson {
            id: LessonId { content: [1; 16], message: [0; 16] },
            teacher: "a \"b\"\n".into(),
            class: Class::Malware,
            when: 5,
            prints: vec![print],
            signers: vec!["x.example".into()],
            phrases: vec![u64::MAX, 0],
        };
        for line in [Line::Lesson(lesson), Line::Delisted(print, 9)] {
            let text = line.render();
            assert!(!text.contains('\n'));
            assert_eq!(Line::parse(&text), Some(line));
        }
        assert_eq!((ended(&end(7)), ended("end"), ended("{}")), (Some(7), None, None));
        assert_eq!(parse_name(&name(&print).to_ascii_uppercase()), None);
        assert_eq!(parse_name(&name(&print).replace("ab", "AB")), Some(print));
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line: String) {
            if let Some(read) = Line::parse(&line) {
                prop_assert_eq!(Line::parse(&read.render()), Some(read));
            }
        }
    }
}
