//! Reads a Perl pattern: bytes in, a tree out.
//!
//! A pattern is refused where Perl 5.36 refuses it *or warns*, because SpamAssassin drops a
//! rule at the first warning (`compile_regexp`). perlre, perlrebackslash, perldiag.
//! Recursion is bounded by `limits.pattern_depth`; everything else is linear.

use super::PatternError;
use super::ast::{Anchor, Mode, Node};
use super::bytes::{ByteSet, Charset, narrow_fold, not_newline, other_case, vertical};
use super::{class, warnings};

/// A tree and what is known of its groups.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub node: Node,
    /// Capture groups, without the whole match.
    pub groups: usize,
    /// Names of groups, each with its numbers in order.
    pub names: Names,
}

type Names = Vec<(String, Vec<usize>)>;
pub(super) type Result<T> = std::result::Result<T, PatternError>;

/// The flags in force at a place of the pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flags {
    pub fold: bool,
    pub multi_line: bool,
    pub dot_all: bool,
    pub extended: bool,
    pub extended_more: bool,
    pub no_capture: bool,
    pub charset: Charset,
}

impl Flags {
    /// What SpamAssassin compiles with: `qr/…/aa`.
    const SPAMASSASSIN: Flags = Flags { charset: Charset::Ascii, ..Flags::PLAIN };
    /// What `(?^…)` goes back to.
    pub const PLAIN: Flags = Flags {
        fold: false,
        multi_line: false,
        dot_all: false,
        extended: false,
        extended_more: false,
        no_capture: false,
        charset: Charset::Native,
    };

    /// The charset a back reference folds with; `None` without `/i`.
    pub fn reference(self) -> Option<Charset> {
        self.fold.then_some(self.charset)
    }
}

/// Parses `text`, nesting at most `depth` deep.
pub(super) fn parse(text: &[u8], depth: usize) -> Result<Parsed> {
    // A reference may point forwards, and `\11` is a group or a byte depending on how many
    // groups there are: the first pass counts, the second knows.
    let mut counting = Parser::new(text, depth, None);
    let node = counting.pattern()?;
    let first = Parsed { node, groups: counting.highest, names: counting.names };
    let parsed = if counting.refers {
        let mut knowing = Parser::new(text, depth, Some((first.groups, first.names)));
        let node = knowing.pattern()?;
        Parsed { node, groups: knowing.highest, names: knowing.names }
    } else {
        first
    };
    warnings::refuse_quantified_places(&parsed.node, text.len())?;
    Ok(parsed)
}

/// What an escape stands for.
pub(super) enum Escape {
    /// A code point; above 255 it matches no byte.
    Point(u32),
    /// Several, one after the other.
    Points(Vec<u32>),
    Set(ByteSet),
}

pub(super) struct Parser<'a> {
    pub text: &'a [u8],
    pub at: usize,
    pub flags: Flags,
    pub depth: usize,
    /// The number of the group opened last.
    pub opened: usize,
    pub highest: usize,
    pub names: Names,
    pub known: Option<(usize, Names)>,
    pub refers: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a [u8], depth: usize, known: Option<(usize, Names)>) -> Self {
        Parser {
            text,
            at: 0,
            flags: Flags::SPAMASSASSIN,
            depth,
            opened: 0,
            highest: 0,
            names: Vec::new(),
            known,
            refers: false,
        }
    }

    pub fn refuse<T>(&self, why: &'static str) -> Result<T> {
        Err(PatternError::Refused { why, at: self.at })
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub fn take_word(&mut self, word: &[u8]) -> bool {
        let found = self.rest().starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    pub fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().take_while(|&&byte| fits(byte)).count();
        self.at += length;
        &rest[..length]
    }

    fn pattern(&mut self) -> Result<Node> {
        let node = self.alternation()?;
        if self.peek().is_some() {
            return self.refuse("unmatched )");
        }
        Ok(node)
    }

    pub fn alternation(&mut self) -> Result<Node> {
        let mut branches = vec![self.branch()?];
        while self.take(b'|') {
            branches.push(self.branch()?);
        }
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            Some(last) => {
                branches.push(last);
                Node::Alternate(branches)
            }
            None => Node::Empty,
        })
    }

    pub fn branch(&mut self) -> Result<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip_comments()?;
            match self.peek() {
                None | Some(b'|' | b')') => break,
                Some(first) => {
                    if let Some(atom) = self.atom(first)? {
                        let node = self.quantified(first, atom)?;
                        nodes.push(node);
                    }
                }
            }
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.pop().unwrap_or(Node::Empty),
            _ => Node::Concat(nodes),
        })
    }

    /// Steps over `(?#…)`, and over white space and `#…` under `/x`.
    fn skip_comments(&mut self) -> Result<()> {
        loop {
            if self.take_word(b"(?#") {
                self.take_while(|byte| byte != b')');
                if !self.take(b')') {
                    return self.refuse("sequence (?#... not terminated");
                }
            } else if self.flags.extended && self.peek().is_some_and(is_space) {
                self.take_while(is_space);
            } else if self.flags.extended && self.peek() == Some(b'#') {
                self.take_while(|byte| byte != b'\n');
            } else {
                return Ok(());
            }
        }
    }

    /// One thing that can be quantified; `None` for one that cannot, as `(?i)`.
    fn atom(&mut self, first: u8) -> Result<Option<Node>> {
        self.at += 1;
        Ok(Some(match first {
            b'(' => return self.parenthesis(),
            b'[' => {
                self.at -= 1;
                Node::Class(class::bracketed(self)?)
            }
            b'\\' => self.escaped()?,
            b'^' if self.flags.multi_line => Node::Anchor(Anchor::LineStart),
            b'^' => Node::Anchor(Anchor::Start),
            b'$' if self.flags.multi_line => Node::Anchor(Anchor::LineEnd),
            b'$' => Node::Anchor(Anchor::LastLineEnd),
            b'.' if self.flags.dot_all => Node::Class(ByteSet::ALL),
            b'.' => Node::Class(not_newline()),
            b'*' | b'+' | b'?' => return self.refuse("quantifier follows nothing"),
            byte => self.literal(byte),
        }))
    }

    fn literal(&self, byte: u8) -> Node {
        let other = other_case(byte, self.flags.charset);
        if self.flags.fold && other != byte {
            Node::Class(ByteSet::of(&[(byte, byte), (other, other)]))
        } else {
            Node::Byte(byte)
        }
    }

    pub fn point(&self, point: u32) -> Node {
        match u8::try_from(point) {
            Ok(byte) => self.literal(byte),
            Err(_) => match narrow_fold(point, self.flags.charset) {
                Some(byte) if self.flags.fold => self.literal(byte),
                _ => Node::Class(ByteSet::default()),
            },
        }
    }

    fn quantified(&mut self, first: u8, atom: Node) -> Result<Node> {
        self.skip_comments()?;
        let Some((min, max)) = self.quantifier()? else {
            if self.peek() == Some(b'{') && first != b'^' {
                return self.refuse("unescaped left brace");
            }
            return Ok(atom);
        };
        let many = max.is_none_or(|max| max > MANY);
        if many && !atom.has_width() {
            return self.refuse("quantified expression matches the empty string many times");
        }
        self.skip_comments()?;
        let mode = if self.take(b'?') {
            if max == Some(min) {
                return self.refuse("useless '?' behind a fixed quantifier");
            }
            Mode::Lazy
        } else if self.take(b'+') {
            Mode::Possessive
        } else {
            Mode::Greedy
        };
        self.skip_comments()?;
        if matches!(self.peek(), Some(b'*' | b'+' | b'?'))
            || self.peek() == Some(b'{') && braces(self.rest()).is_some()
        {
            return self.refuse("nested quantifiers");
        }
        Ok(Node::Repeat { node: Box::new(atom), min, max, mode })
    }

    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>> {
        let simple = match self.peek() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => return self.counted(),
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(simple))
    }

    fn counted(&mut self) -> Result<Option<(u32, Option<u32>)>> {
        let Some((low, high, length)) = braces(self.rest()) else { return Ok(None) };
        let count = |digits: &[u8]| -> Result<Option<u32>> {
            match digits {
                [] => Ok(None),
                [b'0', _, ..] => self.refuse("quantifier with a leading zero"),
                digits => match decimal(digits) {
                    Some(count) if count <= HIGHEST_COUNT => Ok(Some(count)),
                    _ => self.refuse("quantifier bigger than 65534"),
                },
            }
        };
        let min = count(low)?.unwrap_or(0);
        let max = match high {
            None => Some(min),
            Some(high) => count(high)?,
        };
        if max.is_some_and(|max| max < min) {
            return self.refuse("quantifier {n,m} with n > m");
        }
        self.at += length;
        Ok(Some((min, max)))
    }

    /// After a backslash, outside a class.
    fn escaped(&mut self) -> Result<Node> {
        let Some(letter) = self.peek() else { return self.refuse("trailing \\") };
        let anchor = match letter {
            b'A' => Some(Anchor::Start),
            b'z' => Some(Anchor::End),
            b'Z' => Some(Anchor::LastLineEnd),
            b'b' => Some(Anchor::Word),
            b'B' => Some(Anchor::NotWord),
            b'G' => Some(Anchor::Search),
            b'K' => Some(Anchor::Keep),
            _ => None,
        };
        if let Some(anchor) = anchor {
            self.at += 1;
            if matches!(anchor, Anchor::Word | Anchor::NotWord) && self.peek() == Some(b'{') {
                return self.refuse("\\b{...} is not for bytes");
            }
            return Ok(Node::Anchor(anchor));
        }
        match letter {
            b'R' => {
                self.at += 1;
                Ok(whole_newline_or(Node::Class(vertical())))
            }
            b'X' => {
                self.at += 1;
                // Bytes do not combine; but Perl takes its length for unbounded.
                let any = Node::Class(ByteSet::ALL);
                let none = Box::new(Node::Class(ByteSet::default()));
                let mode = Mode::Greedy;
                let unbounded = Node::Repeat { node: none, min: 0, max: None, mode };
                Ok(whole_newline_or(Node::Concat(vec![any, unbounded])))
            }
            b'N' if !self.names_a_character() => {
                self.at += 1;
                Ok(Node::Class(not_newline()))
            }
            b'1'..=b'9' => self.number(),
            b'g' => self.group_reference(),
            b'k' => {
                self.at += 1;
                let (open, close) = match self.peek() {
                    Some(b'<') => (b'<', b'>'),
                    Some(b'\'') => (b'\'', b'\''),
                    Some(b'{') => (b'{', b'}'),
                    _ => return self.refuse("sequence \\k... not terminated"),
                };
                self.take(open);
                let name = self.braced_name(close)?;
                self.by_name(&name)
            }
            _ => Ok(match self.escape(false)? {
                Escape::Point(point) => self.point(point),
                Escape::Points(points) => {
                    Node::Concat(points.into_iter().map(|point| self.point(point)).collect())
                }
                Escape::Set(set) => Node::Class(set),
            }),
        }
    }

    /// Is `\N{` the beginning of a named character, not of a quantified `\N`?
    fn names_a_character(&self) -> bool {
        let behind = self.rest().get(1..).unwrap_or_default();
        behind.first() == Some(&b'{') && braces(behind).is_none()
    }

    /// A character or a set of them after a backslash, in a class or outside.
    pub fn escape(&mut self, in_class: bool) -> Result<Escape> {
        class::escape(self, in_class)
    }
}

/// `\r\n`, never half of it, or else `other`.
fn whole_newline_or(other: Node) -> Node {
    let pair = Node::Concat(vec![Node::Byte(b'\r'), Node::Byte(b'\n')]);
    let no_pair = Node::Look { behind: false, negative: true, node: Box::new(pair.clone()) };
    let other = Node::Concat(vec![no_pair, other]);
    Node::Atomic(Box::new(Node::Alternate(vec![pair, other])))
}

/// The highest count a quantifier may have.
const HIGHEST_COUNT: u32 = 65_534;
/// Perl calls a repeat beyond a third of its infinity "many times".
const MANY: u32 = 21_845;

/// The digits of a quantifier's numbers, and the length of all.
type Braces<'a> = (&'a [u8], Option<&'a [u8]>, usize);

/// `{n}`, `{n,}`, `{,m}`, `{n,m}` with blanks: both numbers' digits, and the length of all.
pub(super) fn braces(text: &[u8]) -> Option<Braces<'_>> {
    let fits = |byte: &u8| byte.is_ascii_digit() || is_blank(*byte) || *byte == b',';
    let close = 1 + text.get(1..)?.iter().take_while(|byte| fits(byte)).count();
    if text.get(close) != Some(&b'}') {
        return None;
    }
    let inner = text.get(1..close)?;
    let mut halves = inner.splitn(2, |&byte| byte == b',');
    let low = trim_blanks(halves.next()?);
    let high = halves.next().map(trim_blanks);
    let digits = |half: &[u8]| half.iter().all(u8::is_ascii_digit);
    let some = !low.is_empty() || high.is_some_and(|high| !high.is_empty());
    (some && digits(low) && high.is_none_or(digits)).then_some((low, high, close + 1))
}

pub(super) fn trim_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|&byte| !is_blank(byte)).map_or(start, |at| at + 1);
    &text[start..end]
}

pub(super) fn decimal(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What `/x` steps over.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0x85)
}
