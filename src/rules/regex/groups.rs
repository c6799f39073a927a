//! Parentheses and what refers to them: perlre "Extended Patterns", "Capture groups".

use super::PatternError;
use super::ast::{Node, Test};
use super::bytes::Charset;
use super::class;
use super::perl::{Flags, Parser, Result, decimal, is_blank, is_space};

impl Parser<'_> {
    /// After an opening parenthesis.
    pub(super) fn parenthesis(&mut self) -> Result<Option<Node>> {
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
}

/// References to groups, by number and by name.
impl Parser<'_> {
    /// `\1` … `\9`, `\10`: a group if there is one, or else a byte in octal.
    pub(super) fn number(&mut self) -> Result<Node> {
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
    pub(super) fn group_reference(&mut self) -> Result<Node> {
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
    pub(super) fn braced_name(&mut self, close: u8) -> Result<String> {
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

    pub(super) fn by_name(&mut self, name: &str) -> Result<Node> {
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
}

fn verb(word: &[u8], argument: &[u8]) -> Node {
    let word = if word.is_empty() { b"MARK" } else { word };
    Node::Verb(String::from_utf8_lossy(&[word, argument].concat()).into_owned())
}

/// Perl looks no further back.
const LONGEST_LOOKBEHIND: usize = 255;
