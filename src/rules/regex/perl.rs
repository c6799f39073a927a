//! Reads a Perl pattern: bytes in, a tree out.
//!
//! A pattern is refused where Perl 5.36 refuses it *or warns*, because SpamAssassin drops a
//! rule at the first warning (`compile_regexp`). perlre, perlrebackslash, perldiag.
//! Recursion is bounded by `limits.pattern_depth`; everything else is linear.

use super::PatternError;
use super::ast::{Anchor, Mode, Node, Test};
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
    multi_line: bool,
    dot_all: bool,
    extended: bool,
    pub extended_more: bool,
    no_capture: bool,
    pub charset: Charset,
}

impl Flags {
    /// What SpamAssassin compiles with: `qr/…/aa`.
    const SPAMASSASSIN: Flags = Flags { charset: Charset::Ascii, ..Flags::PLAIN };
    /// What `(?^…)` goes back to.
    const PLAIN: Flags = Flags {
        fold: false,
        multi_line: false,
        dot_all: false,
        extended: false,
        extended_more: false,
        no_capture: false,
        charset: Charset::Native,
    };

    /// The charset a back reference folds with; `None` without `/i`.
    fn reference(self) -> Option<Charset> {
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
    depth: usize,
    /// The number of the group opened last.
    opened: usize,
    highest: usize,
    names: Names,
    known: Option<(usize, Names)>,
    refers: bool,
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

    fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
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

    fn alternation(&mut self) -> Result<Node> {
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

    fn branch(&mut self) -> Result<Node> {
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

    fn point(&self, point: u32) -> Node {
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

    /// `\1` … `\9`, `\10`: a group if there is one, or else a byte in octal.
    fn number(&mut self) -> Result<Node> {
        let from = self.at;
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let number = decimal(digits).unwrap_or(u32::MAX) as usize;
        let first = digits.first().copied().unwrap_or_default();
        self.refers = true;
        let groups = self.known.as_ref().map_or(usize::MAX, |known| known.0);
        if number > 9 && number > groups && first < b'8' {
            self.at = from;
            let point = class::octal(self)?;
            return Ok(self.point(point));
        }
        if number > groups {
            return self.refuse("reference to nonexistent group");
        }
        Ok(Node::Reference { groups: vec![number], fold: self.flags.reference() })
    }

    /// `\g1`, `\g{-1}`, `\g{name}`
    fn group_reference(&mut self) -> Result<Node> {
        self.at += 1;
        let braced = self.take(b'{');
        if braced {
            self.take_while(is_blank);
        }
        let back = self.take(b'-');
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            if !braced || back {
                return self.refuse("unterminated \\g... pattern");
            }
            let name = self.braced_name(b'}')?;
            return self.by_name(&name);
        }
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let number = decimal(digits).unwrap_or(u32::MAX) as usize;
        if braced {
            self.take_while(is_blank);
            if !self.take(b'}') {
                return self.refuse("unterminated \\g{...} pattern");
            }
        }
        self.refers = true;
        let group = if back { (self.opened + 1).checked_sub(number) } else { Some(number) };
        let groups = self.known.as_ref().map_or(usize::MAX, |known| known.0);
        match group {
            Some(group) if (1..=groups).contains(&group) => {
                Ok(Node::Reference { groups: vec![group], fold: self.flags.reference() })
            }
            _ => self.refuse("reference to nonexistent group"),
        }
    }

    /// A name up to `close`; blanks around it are taken inside braces.
    fn braced_name(&mut self, close: u8) -> Result<String> {
        if close == b'}' {
            self.take_while(is_blank);
        }
        let name = self.name()?;
        if close == b'}' {
            self.take_while(is_blank);
        }
        if !self.take(close) {
            return self.refuse("reference to a group is not terminated");
        }
        Ok(name)
    }

    fn name(&mut self) -> Result<String> {
        let name = self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.first().is_none_or(u8::is_ascii_digit) {
            return self.refuse("group name must start with a non-digit word character");
        }
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    fn by_name(&mut self, name: &str) -> Result<Node> {
        let groups = self.named(name)?;
        Ok(Node::Reference { groups, fold: self.flags.reference() })
    }

    /// The numbers of the groups called `name`.
    fn named(&mut self, name: &str) -> Result<Vec<usize>> {
        self.refers = true;
        let Some((_, names)) = &self.known else { return Ok(vec![0]) };
        match names.iter().find(|(known, _)| known == name) {
            Some((_, groups)) => Ok(groups.clone()),
            None => self.refuse("reference to nonexistent named group"),
        }
    }

    /// After an opening parenthesis.
    fn parenthesis(&mut self) -> Result<Option<Node>> {
        let outer = self.flags;
        if self.depth == 0 {
            return Err(PatternError::TooDeep { at: self.at });
        }
        self.depth -= 1;
        let node = if self.take(b'?') {
            self.special(outer)?
        } else if self.take(b'*') {
            Some(self.verb()?)
        } else if self.flags.extended && self.is_spaced_special() {
            return self.refuse("'(' and '?' must be adjacent");
        } else if self.flags.no_capture {
            Some(self.group_body()?)
        } else {
            Some(self.capture(None)?)
        };
        self.depth += 1;
        if node.is_some() {
            self.flags = outer;
        }
        Ok(node)
    }

    /// Under `/x`: white space, then what would have been special next to the parenthesis.
    fn is_spaced_special(&self) -> bool {
        let spaces = self.rest().iter().take_while(|&&byte| is_space(byte)).count();
        spaces > 0 && matches!(self.rest().get(spaces), Some(b'?' | b'*'))
    }

    /// Up to and with the closing parenthesis.
    fn group_body(&mut self) -> Result<Node> {
        let node = self.alternation()?;
        self.close()?;
        Ok(node)
    }

    fn close(&mut self) -> Result<()> {
        if self.take(b')') { Ok(()) } else { self.refuse("unmatched (") }
    }

    fn capture(&mut self, name: Option<String>) -> Result<Node> {
        self.opened += 1;
        self.highest = self.highest.max(self.opened);
        let group = self.opened;
        if let Some(name) = name {
            match self.names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, groups)) => groups.push(group),
                None => self.names.push((name, vec![group])),
            }
        }
        Ok(Node::Capture(group, Box::new(self.group_body()?)))
    }

    /// After `(?`; `None`: only flags.
    fn special(&mut self, outer: Flags) -> Result<Option<Node>> {
        let Some(first) = self.peek() else { return self.refuse("sequence (? incomplete") };
        let second = self.rest().get(1).copied();
        self.at += 1;
        Ok(Some(match (first, second) {
            (b':', _) => self.group_body()?,
            (b'>', _) => Node::Atomic(Box::new(self.group_body()?)),
            (b'|', _) => self.branch_reset()?,
            (b'=', _) => self.look(false, false)?,
            (b'!', _) => self.look(false, true)?,
            (b'<', Some(b'=')) => {
                self.at += 1;
                self.look(true, false)?
            }
            (b'<', Some(b'!')) => {
                self.at += 1;
                self.look(true, true)?
            }
            (b'<', _) => self.named_capture(b'>')?,
            (b'\'', _) => self.named_capture(b'\'')?,
            (b'P', Some(b'<')) => {
                self.at += 1;
                self.named_capture(b'>')?
            }
            (b'P', Some(b'=')) => {
                self.at += 1;
                let name = self.name()?;
                self.close()?;
                self.by_name(&name)?
            }
            (b'P', Some(b'>')) => {
                self.at += 1;
                self.recurse_by_name()?
            }
            (b'&', _) => self.recurse_by_name()?,
            (b'(', _) => self.condition()?,
            (b'R', _) => {
                self.close()?;
                Node::Recurse(0)
            }
            (b'0'..=b'9', _) | (b'+' | b'-', Some(b'0'..=b'9')) => {
                self.at -= 1;
                self.recurse_by_number()?
            }
            _ => {
                self.at -= 1;
                return self.flag_group(outer);
            }
        }))
    }

    fn named_capture(&mut self, close: u8) -> Result<Node> {
        let name = self.name()?;
        if !self.take(close) {
            return self.refuse("name of a group is not terminated");
        }
        self.capture(Some(name))
    }

    fn branch_reset(&mut self) -> Result<Node> {
        let before = self.opened;
        let mut after = before;
        let mut branches = Vec::new();
        loop {
            self.opened = before;
            branches.push(self.branch()?);
            after = after.max(self.opened);
            if !self.take(b'|') {
                break;
            }
        }
        self.opened = after;
        self.close()?;
        Ok(Node::Reset(Box::new(Node::Alternate(branches))))
    }

    fn look(&mut self, behind: bool, negative: bool) -> Result<Node> {
        let node = Box::new(self.group_body()?);
        if behind && node.lengths().1.is_none_or(|most| most > LONGEST_LOOKBEHIND) {
            return self.refuse("lookbehind longer than 255");
        }
        Ok(Node::Look { behind, negative, node })
    }

    fn recurse_by_name(&mut self) -> Result<Node> {
        let name = self.name()?;
        self.close()?;
        let groups = self.named(&name)?;
        Ok(Node::Recurse(groups.first().copied().unwrap_or(0)))
    }

    fn recurse_by_number(&mut self) -> Result<Node> {
        let sign = self.peek().filter(|byte| matches!(byte, b'+' | b'-'));
        self.at += usize::from(sign.is_some());
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let number = decimal(digits).unwrap_or(u32::MAX) as usize;
        self.close()?;
        self.refers = true;
        let group = match sign {
            Some(b'-') => (self.opened + 1).checked_sub(number).filter(|&group| group > 0),
            Some(_) => Some(self.opened.saturating_add(number)).filter(|_| number > 0),
            None => Some(number),
        };
        let groups = self.known.as_ref().map_or(usize::MAX, |known| known.0);
        match group {
            Some(group) if group <= groups => Ok(Node::Recurse(group)),
            _ => self.refuse("reference to nonexistent group"),
        }
    }

    /// After `(?(`.
    fn condition(&mut self) -> Result<Node> {
        let test = self.condition_test()?;
        let yes = Box::new(self.branch()?);
        let no = Box::new(if self.take(b'|') { self.branch()? } else { Node::Empty });
        if self.peek() == Some(b'|') {
            return self.refuse("switch (?(condition)... contains too many branches");
        }
        self.close()?;
        Ok(Node::Condition { test, yes, no })
    }

    fn condition_test(&mut self) -> Result<Test> {
        if matches!(self.peek(), Some(b'?' | b'*')) {
            return match self.parenthesis()? {
                Some(look @ Node::Look { .. }) => Ok(Test::Look(Box::new(look))),
                _ => self.refuse("unknown switch condition (?(...))"),
            };
        }
        let test = if self.take(b'<') {
            let name = self.braced_name(b'>')?;
            Test::Groups(self.named(&name)?)
        } else if self.take(b'\'') {
            let name = self.braced_name(b'\'')?;
            Test::Groups(self.named(&name)?)
        } else if self.take_word(b"R&") {
            let name = self.name()?;
            Test::Recursion(self.named(&name)?.first().copied())
        } else if self.take_word(b"DEFINE") {
            Test::Define
        } else if self.take(b'R') {
            let digits = self.take_while(|byte| byte.is_ascii_digit());
            Test::Recursion(decimal(digits).map(|group| group as usize))
        } else {
            match decimal(self.take_while(|byte| byte.is_ascii_digit())) {
                Some(group) if group > 0 => {
                    self.refers = true;
                    let groups = self.known.as_ref().map_or(usize::MAX, |known| known.0);
                    // A group that does not exist is never set.
                    let exists = |group: &usize| *group <= groups;
                    Test::Groups(Some(group as usize).into_iter().filter(exists).collect())
                }
                _ => return self.refuse("unknown switch condition (?(...))"),
            }
        };
        if !self.take(b')') {
            return self.refuse("switch condition not recognized");
        }
        Ok(test)
    }

    /// `(*FAIL)`, `(*pla:…)`: after the asterisk.
    fn verb(&mut self) -> Result<Node> {
        let word = self.take_while(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if word.iter().any(u8::is_ascii_lowercase) {
            return self.alphabetic(word);
        }
        let argument = self.take(b':').then(|| self.take_while(|byte| byte != b')'));
        self.close()?;
        let takes_argument =
            matches!(word, b"" | b"MARK" | b"PRUNE" | b"SKIP" | b"THEN" | b"COMMIT" | b"ACCEPT");
        let known = takes_argument || matches!(word, b"F" | b"FAIL");
        if !known || matches!(word, b"" | b"MARK") && argument.is_none_or(<[u8]>::is_empty) {
            return self.refuse("unknown verb pattern");
        }
        Ok(match (word, argument) {
            (b"F" | b"FAIL", _) => verb(b"FAIL", b""),
            (b"COMMIT" | b"ACCEPT", _) | (_, None) => verb(word, b""),
            (_, Some(argument)) => verb(word, &[b":", argument].concat()),
        })
    }

    fn alphabetic(&mut self, word: &[u8]) -> Result<Node> {
        if !self.take(b':') {
            return self.refuse("unknown '(*...)' construct");
        }
        match word {
            b"pla" | b"positive_lookahead" => self.look(false, false),
            b"nla" | b"negative_lookahead" => self.look(false, true),
            b"plb" | b"positive_lookbehind" => self.look(true, false),
            b"nlb" | b"negative_lookbehind" => self.look(true, true),
            b"atomic" => Ok(Node::Atomic(Box::new(self.group_body()?))),
            // All bytes are of one script run or none: a byte string holds Latin-1.
            b"sr" | b"script_run" => self.group_body(),
            b"asr" | b"atomic_script_run" => Ok(Node::Atomic(Box::new(self.group_body()?))),
            _ => self.refuse("unknown '(*...)' construct"),
        }
    }

    /// `(?i)`, `(?i-s:…)`, `(?^aa:…)`
    fn flag_group(&mut self, outer: Flags) -> Result<Option<Node>> {
        let mut flags = outer;
        let caret = self.take(b'^');
        if caret {
            flags = Flags::PLAIN;
        }
        let mut on = true;
        let mut charset: Option<&[u8]> = None;
        loop {
            let Some(letter) = self.peek() else {
                return self.refuse("sequence (?... not terminated");
            };
            match letter {
                b'i' => flags.fold = on,
                b'm' => flags.multi_line = on,
                b's' => flags.dot_all = on,
                b'n' => flags.no_capture = on,
                b'x' => {
                    flags.extended_more = on && self.rest().get(1) == Some(&b'x');
                    flags.extended = on;
                    self.take_while(|byte| byte == b'x');
                    continue;
                }
                b'p' if on => {}
                b'a' | b'd' | b'l' | b'u' if on && charset.is_none() => {
                    let letters = self.take_while(|byte| byte == letter);
                    if letters.len() > if letter == b'a' { 2 } else { 1 } {
                        return self.refuse("charset modifier repeated");
                    }
                    charset = Some(letters);
                    flags.charset = match letter {
                        b'a' => Charset::Ascii,
                        b'd' => Charset::Native,
                        _ => Charset::Unicode,
                    };
                    continue;
                }
                b'-' if on && !caret => on = false,
                b')' => {
                    self.at += 1;
                    self.flags = flags;
                    return Ok(None);
                }
                b':' => {
                    self.at += 1;
                    self.flags = flags;
                    return Ok(Some(self.group_body()?));
                }
                _ => return self.refuse("sequence (?... not recognized"),
            }
            self.at += 1;
        }
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

fn verb(word: &[u8], argument: &[u8]) -> Node {
    let word = if word.is_empty() { b"MARK" } else { word };
    Node::Verb(String::from_utf8_lossy(&[word, argument].concat()).into_owned())
}

/// The highest count a quantifier may have.
const HIGHEST_COUNT: u32 = 65_534;
/// Perl calls a repeat beyond a third of its infinity "many times".
const MANY: u32 = 21_845;
const LONGEST_LOOKBEHIND: usize = 255;

/// `{n}`, `{n,}`, `{,m}`, `{n,m}` with blanks: both numbers' digits, and the length of all.
pub(super) fn braces(text: &[u8]) -> Option<(&[u8], Option<&[u8]>, usize)> {
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

fn decimal(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What `/x` steps over.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0x85)
}
