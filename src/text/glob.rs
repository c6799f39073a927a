//! Globs: `*` for any text, `?` for any one byte, everything else for itself.
//!
//! In: entries of `welcomelist_from` and its sisters, in lower case, and a text in lower case.
//! Out: does it match? Neither `*` nor `?` stands for a line end; a line end at the very end of
//! a text does not count. Mail::SpamAssassin::Conf(3), "WELCOMELIST AND BLOCKLIST OPTIONS".

use memchr::memmem;
use std::collections::HashSet;

/// A list of globs, each of which stands for a whole text.
///
/// However long the list, entries without wildcards and those like `*@example.com` cost one
/// look into a table.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    exact: HashSet<Box<[u8]>>,
    /// What comes after `*@`.
    domains: HashSet<Box<[u8]>>,
    rest: Vec<Glob>,
}

/// One glob.
#[derive(Clone, Debug)]
pub struct Glob(Box<[u8]>);

impl Globs {
    /// The list of these entries.
    pub fn new<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Globs {
        let mut globs = Globs::default();
        for entry in entries {
            // An entry is itself, whatever its characters mean.
            globs.exact.insert(entry.into());
            let glob = Glob::of_address(entry);
            let domain = glob.0.strip_prefix(b"*@");
            match domain.filter(|domain| !domain.iter().any(|byte| b"*?@".contains(byte))) {
                Some(domain) => {
                    globs.domains.insert(domain.into());
                }
                None if *glob.0 != *entry || is_wild(entry) => globs.rest.push(glob),
                None => {}
            }
        }
        globs
    }

    /// Is there no entry?
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty()
    }

    /// Does one of them match all of `text`?
    pub fn match_whole(&self, text: &[u8]) -> bool {
        if self.exact.contains(text) {
            return true;
        }
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        let at = memchr::memrchr(b'@', line).filter(|_| !line.contains(&b'\n'));
        let domain = at.and_then(|at| line.get(at + 1..));
        self.exact.contains(line)
            || domain.is_some_and(|domain| self.domains.contains(domain))
            || self.rest.iter().any(|glob| glob.matches_whole(text))
    }
}

fn is_wild(entry: &[u8]) -> bool {
    entry.iter().any(|byte| b"*?".contains(byte))
}

impl Glob {
    /// A glob that means its characters as they are.
    pub fn new(glob: &[u8]) -> Glob {
        Glob(glob.into())
    }

    /// A glob of an address list: NUL, `\` and `(` stand for `_` there.
    pub fn of_address(glob: &[u8]) -> Glob {
        let plain = |&byte: &u8| if matches!(byte, 0 | b'\\' | b'(') { b'_' } else { byte };
        Glob(glob.iter().map(plain).collect())
    }

    /// Does it match all of `text`?
    pub fn matches_whole(&self, text: &[u8]) -> bool {
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        // Only a line end that is written in the glob matches one.
        self.spans(text) || (line.len() < text.len() && self.spans(line))
    }

    /// Does it match some part of `text`?
    pub fn matches_part(&self, text: &[u8]) -> bool {
        text.split(|&byte| byte == b'\n').any(|line| {
            let mut rest = line;
            self.0.split(|&byte| byte == b'*').all(|piece| match find(piece, rest) {
                Some(at) => {
                    rest = rest.get(at + piece.len()..).unwrap_or_default();
                    true
                }
                None => false,
            })
        })
    }

    fn spans(&self, text: &[u8]) -> bool {
        let mut pieces = self.0.split(|&byte| byte == b'*');
        let first = pieces.next().unwrap_or_default();
        let Some(last) = pieces.next_back() else {
            return first.len() == text.len() && begins(first, text);
        };
        // What `*` covers lies between the first piece and the last.
        let Some(end) = text.len().checked_sub(last.len()).filter(|&end| end >= first.len()) else {
            return false;
        };
        let (inner, tail) = text.split_at_checked(end).unwrap_or_default();
        let Some(mut rest) = inner.get(first.len()..) else { return false };
        if !begins(first, text) || !begins(last, tail) || rest.contains(&b'\n') {
            return false;
        }
        pieces.all(|piece| match find(piece, rest) {
            Some(at) => {
                rest = rest.get(at + piece.len()..).unwrap_or_default();
                true
            }
            None => false,
        })
    }
}

/// Does `text` begin with `piece`, in which `?` is any byte?
fn begins(piece: &[u8], text: &[u8]) -> bool {
    let same = |(&want, &byte): (&u8, &u8)| want == byte || (want == b'?' && byte != b'\n');
    piece.len() <= text.len() && piece.iter().zip(text).all(same)
}

/// Where `piece` is first found in `text`.
fn find(piece: &[u8], text: &[u8]) -> Option<usize> {
    if !piece.contains(&b'?') {
        return memmem::find(text, piece);
    }
    let last = text.len().checked_sub(piece.len())?;
    (0..=last).find(|&at| text.get(at..).is_some_and(|rest| begins(piece, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, text: &str) -> bool {
        Globs::new([glob.as_bytes()]).match_whole(text.as_bytes())
    }

    #[test]
    fn a_glob_stands_for_the_whole_text() {
        for (glob, text, expected) in [
            ("a@b.c", "a@b.c", true),
            ("a@b.c", "a@bxc", false),
            ("a@b.c", "xa@b.c", false),
            ("*@b.c", "a@b.c", true),
            ("*@b.c", "a@x@b.c", true),
            ("*@b.c", "@b.c", true),
            ("*@b.c", "a@x.b.c", false),
            ("*@*.b.c", "a@x.b.c", true),
            ("*@b.c@*", "a@b.c@d", true),
            ("*.b.c", "a@x.b.c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "a\nc", false),
            ("?*", "", false),
            ("*", "", true),
            ("*", "a\nb", false),
            ("*", "a\n", true),
            ("a@b.c", "a@b.c\n", true),
            ("*@b.c", "a@b.c\n", true),
            ("*@b.c", "a\nx@b.c", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbxc", true),
            ("a*b*c", "acb", false),
            ("ab*bc", "abc", false),
            ("a**c", "abbc", true),
            ("a*?c", "ac", false),
            ("a(b", "a_b", true),
            ("a(b", "a(b", true),
            ("a(*", "a(b", false),
            ("a\\b", "a_b", true),
            ("a.b+c", "a.b+c", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(glob, text), expected, "{glob} {text:?}");
        }
        assert!(Globs::default().is_empty() && !Globs::default().match_whole(b""));
    }

    #[test]
    fn a_glob_is_found_within_one_line() {
        for (glob, text, expected) in [
            ("make money", "please make money fast\n", true),
            ("make*fast", "please make money fast\n", true),
            ("make*fast", "make\nfast\n", false),
            ("m?ney", "money", true),
            ("m?ney", "mney", false),
            ("*bug*", "a bug\n", true),
            ("[bug *]", "a [bug 1]\n", true),
            ("(bug", "a _bug", false),
            ("?", "\n", false),
            ("", "x", true),
        ] {
            assert_eq!(
                Glob::new(glob.as_bytes()).matches_part(text.as_bytes()),
                expected,
                "{glob}"
            );
        }
    }
}
