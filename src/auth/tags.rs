//! Tag lists, `a=b; c=d` (RFC 6376, 3.2), as signatures and key records are written.
//!
//! Of a tag that is there twice the last one counts. Names are as written. A part without `=`
//! makes the whole list unreadable; an empty one does not.

use crate::text::ascii::{is_space, trim, trim_end, trim_start};

/// A tag list, and the text that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    text: Vec<u8>,
    /// How many parts there are between semicolons.
    parts: usize,
    tags: Vec<Tag>,
}

/// A tag and where its part stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    name: Vec<u8>,
    value: Vec<u8>,
    part: std::ops::Range<usize>,
}

/// A part without `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error")]
pub struct SyntaxError;

impl Tags {
    /// Reads a list.
    pub fn parse(text: &[u8]) -> Result<Tags, SyntaxError> {
        let mut list = Tags { text: text.to_vec(), ..Tags::default() };
        let mut start = 0;
        for part in text.split(|&byte| byte == b';') {
            list.parts += usize::from(!text.is_empty());
            let range = start..start + part.len();
            start = range.end + 1;
            let part = trim(part);
            if part.is_empty() {
                continue;
            }
            let equals = part.iter().position(|&byte| byte == b'=').ok_or(SyntaxError)?;
            let (name, value) = part.split_at(equals);
            let value = trim_start(value.get(1..).unwrap_or_default());
            let (name, value) = (trim_end(name).to_vec(), value.to_vec());
            list.tags.push(Tag { name, value, part: range });
        }
        Ok(list)
    }

    /// A tag's value.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.find(name).map(|tag| &*tag.value)
    }

    /// The names of all tags, each as often as it is there.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.tags.iter().map(|tag| &*tag.name)
    }

    /// How many parts there are between semicolons, without an empty last one.
    pub fn parts(&self) -> usize {
        let last = self.text.rsplit(|&byte| byte == b';').next().unwrap_or_default();
        self.parts - usize::from(self.parts > 0 && last.iter().all(|&byte| is_space(byte)))
    }

    /// The text with the value of the tag `name` empty: what a signature in it was made over.
    pub fn text_without(&self, name: &[u8]) -> Vec<u8> {
        let Some(tag) = self.find(name) else {
            let separator: &[u8] = if self.text.is_empty() { b" " } else { b"; " };
            return [&self.text, separator, name, b"="].concat();
        };
        let part = self.text.get(tag.part.clone()).unwrap_or_default();
        let equals = part.iter().position(|&byte| byte == b'=').unwrap_or(part.len());
        let keep = self.text.len().min(tag.part.start + equals + 1);
        let (before, _) = self.text.split_at(keep);
        [before, self.text.get(tag.part.end..).unwrap_or_default()].concat()
    }

    fn find(&self, name: &[u8]) -> Option<&Tag> {
        self.tags.iter().rev().find(|tag| tag.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn get(text: &str, name: &str) -> Option<String> {
        let tags = Tags::parse(text.as_bytes()).ok()?;
        tags.get(name.as_bytes()).map(|value| value.escape_ascii().to_string())
    }

    #[test]
    fn a_list_is_read() {
        let cases: &[(&str, Option<&str>)] = &[
            ("a=1; b=2", Some("2")),
            ("a=1;\r\n\tb \t=\r\n 2 3 ;", Some("2 3")),
            ("b=1; b=2", Some("2")),
            ("B=1", None),
            ("b", None),
            ("b=1; c", None),
            (";;b=x=y;; ;", Some("x=y")),
            ("b=", Some("")),
        ];
        for (text, expected) in cases {
            assert_eq!(get(text, "b").as_deref(), *expected, "{text:?}");
        }
    }

    #[test]
    fn parts_are_counted_without_an_empty_last_one() {
        for (text, parts) in [("", 0), ("a=1", 1), ("a=1;", 1), ("a=1; \r\n", 1), ("a=1;;b=2", 3)] {
            assert_eq!(Tags::parse(text.as_bytes()).unwrap().parts(), parts, "{text:?}");
        }
    }

    #[test]
    fn a_signature_is_taken_out_of_its_own_text() {
        let cases = [
            (" v=1; b=abc\r\n d ; x=2", " v=1; b=; x=2"),
            ("b =\tabc=", "b ="),
            ("b=1;b=2", "b=1;b="),
            ("v=1", "v=1; b="),
            ("", " b="),
        ];
        for (text, expected) in cases {
            let without = Tags::parse(text.as_bytes()).unwrap().text_without(b"b");
            assert_eq!(without, expected.as_bytes(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(tags) = Tags::parse(&text) {
                tags.text_without(b"b");
                prop_assert!(tags.names().count() <= tags.parts());
            }
        }
    }
}
