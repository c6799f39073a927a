//! Cuts HTML into tags and text as browsers do (HTML Living Standard, section 13.2.5).
//!
//! In: a document, in characters. Out: [`Token`]s in order. Invariant: every octet is looked at
//! a bounded number of times; nothing fails. (`message::html` has a tokenizer that reads as
//! HTML::Parser does, mistakes included, because rules depend on them; a reader does not.)

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A start tag: its name as written, and what follows it up to the `>`.
    Start(&'t str, &'t str),
    /// An end tag's name, as written.
    End(&'t str),
    /// Text with references.
    Text(&'t str),
    /// The content of a `script`, `style`, `title` … : that element's name and the text.
    Raw(&'static str, &'t str),
}

/// Elements whose content is no markup.
const RAW: [&str; 8] =
    ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];

/// Where reading goes on.
pub(super) struct Tokenizer<'t> {
    rest: &'t str,
    raw: Option<&'static str>,
}

/// Reads `document`.
pub(super) fn tokens(document: &str) -> Tokenizer<'_> {
    Tokenizer { rest: document, raw: None }
}

impl<'t> Iterator for Tokenizer<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            if let Some(name) = self.raw.take() {
                let end = raw_end(self.rest, name);
                return Some(Token::Raw(name, self.take(end)));
            }
            let text = text_length(self.rest);
            if text > 0 {
                return Some(Token::Text(self.take(text)));
            }
            if self.rest.is_empty() {
                return None;
            }
            if let Some(token) = self.markup() {
                return Some(token);
            }
        }
    }
}

impl<'t> Tokenizer<'t> {
    /// Takes `length` octets.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// What begins with the `<` here; none for a comment and its like.
    fn markup(&mut self) -> Option<Token<'t>> {
        let bytes = self.rest.as_bytes();
        match bytes.get(1) {
            Some(b'!') if bytes.starts_with(b"<!--") => {
                self.take(comment_length(bytes));
                None
            }
            Some(b'!' | b'?') => {
                self.take(memchr::memchr(b'>', bytes).map_or(bytes.len(), |end| end + 1));
                None
            }
            Some(b'/') => {
                let length = memchr::memchr(b'>', bytes).map_or(bytes.len(), |end| end + 1);
                let (name, _) = name_of(self.take(length).get(2..).unwrap_or_default());
                name.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(Token::End(name))
            }
            _ => {
                let tag = self.take(tag_length(bytes)?);
                let (name, rest) = name_of(tag.get(1..).unwrap_or_default());
                self.raw = RAW.into_iter().find(|raw| raw.eq_ignore_ascii_case(name));
                Some(Token::Start(name, rest.strip_suffix('>').unwrap_or(rest)))
            }
        }
    }
}

/// How much of `text` is text: up to a `<` that begins markup.
fn text_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'<', bytes)
        .find(|&at| match bytes.get(at + 1) {
            Some(b'!' | b'?') => true,
            Some(b'/') => bytes.get(at + 2).is_some(),
            Some(first) => first.is_ascii_alphabetic(),
            None => false,
        })
        .unwrap_or(bytes.len())
}

/// The name that `tag` begins with, and the rest.
fn name_of(tag: &str) -> (&str, &str) {
    let end = tag.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>');
    tag.split_at_checked(end.unwrap_or(tag.len())).unwrap_or((tag, ""))
}

/// The length of a comment.
fn comment_length(bytes: &[u8]) -> usize {
    let inner = bytes.get(4..).unwrap_or_default();
    if inner.starts_with(b">") {
        return 5;
    }
    if inner.starts_with(b"->") {
        return 6;
    }
    let close = memchr::memmem::find_iter(inner, b"--").find_map(|at| {
        let after = inner.get(at + 2..)?;
        match after.first()? {
            b'>' => Some(at + 3),
            // `--->`: the last two count.
            b'-' => {
                let dashes = after.iter().take(64).take_while(|&&b| b == b'-').count();
                (after.get(dashes) == Some(&b'>')).then_some(at + dashes + 3)
            }
            b'!' => (after.get(1) == Some(&b'>')).then_some(at + 4),
            _ => None,
        }
    });
    close.map_or(bytes.len(), |close| close + 4)
}

/// The length of the start tag at the beginning; to the end of the document without a `>`.
fn tag_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        let rest = bytes.get(at..)?;
        let Some(found) = rest.iter().position(|b| matches!(b, b'>' | b'=')) else {
            return Some(bytes.len());
        };
        at += found + 1;
        if rest.get(found) == Some(&b'>') {
            return Some(at);
        }
        let value = bytes.get(at..).unwrap_or_default();
        let blanks = value.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if let Some(&quote @ (b'"' | b'\'')) = value.get(blanks) {
            let inner = value.get(blanks + 1..).unwrap_or_default();
            match memchr::memchr(quote, inner) {
                Some(end) => at += blanks + end + 2,
                None => return Some(bytes.len()),
            }
        }
    }
}

/// How long the content of the raw element `name` is.
fn raw_end(text: &str, name: &str) -> usize {
    let bytes = text.as_bytes();
    let ends = memchr::memchr_iter(b'<', bytes).find(|&at| {
        let tag = bytes.get(at + 2..at + 2 + name.len());
        let after = bytes.get(at + 2 + name.len());
        bytes.get(at + 1) == Some(&b'/')
            && tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
            && after.is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
    });
    ends.unwrap_or(bytes.len())
}

/// The attributes of a start tag: names as written, values without quotes, references not
/// decoded; an empty value where there is none.
pub(super) fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = tag;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        // An `=` at the beginning belongs to the name.
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '=');
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let tail = rest.get(first..).unwrap_or_default();
        let end = first + tail.find(ends).unwrap_or(tail.len());
        let (name, after) = rest.split_at_checked(end)?;
        let blanked = after.trim_ascii_start();
        let Some(value) = blanked.strip_prefix('=') else {
            rest = after;
            return Some((name, ""));
        };
        let value = value.trim_ascii_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = value.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            _ => {
                let end = value.find(|c: char| c.is_ascii_whitespace());
                value.split_at_checked(end.unwrap_or(value.len())).unwrap_or((value, ""))
            }
        };
        rest = after;
        Some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(document: &str) -> String {
        tokens(document)
            .map(|token| match token {
                Token::Start(name, rest) => format!("<{name}|{rest}>"),
                Token::End(name) => format!("</{name}>"),
                Token::Text(text) => text.to_owned(),
                Token::Raw(name, text) => format!("[{name}:{text}]"),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn markup_is_cut_as_browsers_do() {
        let cases = [
            ("a<b>c</b>", "a <b|> c </b>"),
            ("a < b <3 c", "a < b <3 c"),
            ("<a href='x>y' b>z", "<a| href='x>y' b> z"),
            ("<a title=\"x", "<a| title=\"x>"),
            ("x<!-- a -- > -->y", "x y"),
            ("x<!-->y", "x y"),
            ("x<!--->y", "x y"),
            ("x<!-- a --->y", "x y"),
            ("x<!-- a --!>y", "x y"),
            ("x<!-- a", "x"),
            ("x<![CDATA[a]]>y", "x y"),
            ("x<?a?>y", "x y"),
            ("x</>y", "x y"),
            ("<SCRIPT>a<b</scrip></Script >c", "<SCRIPT|> [script:a<b</scrip>] </Script> c"),
            ("<style>a", "<style|> [style:a]"),
            ("<br/>", "<br|/>"),
            ("<", "<"),
            ("</", "</"),
        ];
        for (document, expected) in cases {
            assert_eq!(shown(document), expected, "{document}");
        }
    }

    #[test]
    fn attributes_are_read_with_any_quotes() {
        let read: Vec<_> = attributes(" a=1 b = '2 3' C=\"4\" d /e =f g=h/i").collect();
        let expected = [("a", "1"), ("b", "2 3"), ("C", "4"), ("d", ""), ("e", "f"), ("g", "h/i")];
        assert_eq!(read, expected);
        assert_eq!(attributes("=x y=").collect::<Vec<_>>(), [("=x", ""), ("y", "")]);
    }
}
