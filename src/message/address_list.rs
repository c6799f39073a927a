//! Address lists read by the book (RFC 5322 section 3.4), broken ones as far as they go.
//!
//! The second opinion of [`super::address`], in the manner of Email::Address::XS, which
//! SpamAssassin asks: a list goes on as long as commas separate its items, and each item
//! counts, whatever could be read of it. Comments nest and may stand anywhere.

use super::address::Address;
use crate::text::ascii::{is_space, trim_end};
use crate::text::domain;

/// The text ends within something that must be closed, or something else must be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Broken;

/// Whether there is more text after what was read.
type More = Result<bool, Broken>;

/// One item, as far as it could be read.
#[derive(Debug, Default)]
struct Item {
    phrase: Option<Vec<u8>>,
    user: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    comment: Option<Vec<u8>>,
}

/// How much of the value is copied where nothing could be read: 128 times the longest field.
const COPIED: usize = 1 << 20;

/// Reads at most `limit` addresses from a header's value.
pub fn parse(value: &[u8], limit: usize) -> Vec<Address> {
    let text = super::address::without_backslash_pairs(value);
    let mut list = List { text: &text, at: 0, comment: Vec::new(), items: Vec::new() };
    if list.skip_blanks() == Ok(true) {
        list.read(limit);
    }
    list.items.truncate(limit);
    // Each copy of the value is as long as the value: there are not many of a long one.
    let mut copies = (COPIED / text.len().max(1)).max(1);
    list.items.into_iter().map(|item| item.into_address(&text, &mut copies)).collect()
}

struct List<'t> {
    text: &'t [u8],
    at: usize,
    /// The last comment that was skipped.
    comment: Vec<u8>,
    items: Vec<Item>,
}

impl List<'_> {
    /// `address *("," address)`
    fn read(&mut self, limit: usize) {
        while self.items.len() < limit {
            let more = match self.read_group(limit) {
                Ok(more) => Ok(more),
                Err(Broken) => self.read_mailbox(),
            };
            if more == Ok(false) {
                return;
            }
            match self.skip_comma() {
                Ok(true) => {}
                Ok(false) => return,
                Err(Broken) => return self.items.push(Item::default()),
            }
        }
    }

    /// `phrase ":" [mailbox-list] ";"`; broken only if it does not begin as one.
    fn read_group(&mut self, limit: usize) -> More {
        let begin = self.at;
        let named = self.peek() == Some(b':') || self.phrase(&mut Vec::new()) == Ok(true);
        if !named || self.peek() != Some(b':') {
            self.at = begin;
            return Err(Broken);
        }
        self.at += 1;
        let mut more = self.skip_blanks();
        if more == Ok(true) && self.peek() != Some(b';') {
            while self.items.len() < limit {
                _ = self.read_mailbox();
                if self.skip_comma() != Ok(true) {
                    break;
                }
            }
        }
        if self.peek() == Some(b';') {
            self.at += 1;
            more = self.skip_blanks();
            return Ok(more != Ok(false));
        }
        Ok(true)
    }

    /// Goes over a comma; false if none is here or nothing follows it.
    fn skip_comma(&mut self) -> More {
        if self.peek() != Some(b',') {
            return Ok(false);
        }
        self.at += 1;
        self.skip_blanks()
    }

    /// `[phrase] "<" address ">"` or an address alone.
    fn read_mailbox(&mut self) -> More {
        let begin = self.at;
        self.comment.clear();
        let mut item = Item::default();
        let more = self.name_and_address(&mut item).or_else(|Broken| {
            self.at = begin;
            item = Item::default();
            self.comment.clear();
            self.lone_address(&mut item)
        });
        item.comment = Some(std::mem::take(&mut self.comment)).filter(|text| !text.is_empty());
        self.items.push(item);
        more
    }

    fn name_and_address(&mut self, item: &mut Item) -> More {
        let mut name = Vec::new();
        if self.peek() != Some(b'<') && self.phrase(&mut name) != Ok(true) {
            return Err(Broken);
        }
        if self.peek() != Some(b'<') {
            return Err(Broken);
        }
        // Comments within the name are not the address's.
        self.comment.clear();
        item.phrase = Some(name).filter(|name| !name.is_empty());
        // What is wrong between the brackets spoils the address, not the list.
        _ = self.angle_address(item);
        Ok(self.at < self.text.len())
    }

    /// `"<" [route ":"] local "@" domain ">"`
    fn angle_address(&mut self, item: &mut Item) -> More {
        self.at += 1;
        self.more()?;
        if self.peek() == Some(b'@') {
            if self.route() == Ok(true) && self.peek() == Some(b':') {
                self.at += 1;
            }
            self.more()?;
        }
        if self.peek() != Some(b'>') {
            item.user = Some(self.local_part().0.ok_or(Broken)?);
            if self.peek() == Some(b'@') {
                self.domain(item)?;
            }
        }
        if self.peek() != Some(b'>') {
            return Err(Broken);
        }
        self.at += 1;
        self.skip_blanks()
    }

    /// `@domain,@domain`
    fn route(&mut self) -> More {
        while self.peek() == Some(b'@') {
            self.domain(&mut Item::default())?;
            while self.skip_blanks()? && self.peek() == Some(b',') {
                self.at += 1;
            }
        }
        Ok(self.at < self.text.len())
    }

    fn lone_address(&mut self, item: &mut Item) -> More {
        let (user, more) = self.local_part();
        if more != Ok(false) && self.peek() == Some(b'@') {
            item.user = user;
            return self.domain(item);
        }
        // A word that nothing follows is a name rather than half an address, and so is one
        // that could not be a local part.
        let ends = more == Ok(false) && user.as_ref().is_some_and(|user| !user.ends_with(b"."));
        let wrong = user.as_ref().is_some_and(|user| is_broken(user));
        match ends || wrong {
            true => item.phrase = user,
            false => item.user = user,
        }
        more
    }

    /// Words with dots between them, each an atom or a quoted string.
    fn local_part(&mut self) -> (Option<Vec<u8>>, More) {
        let mut user = Vec::new();
        let mut more = match self.peek() {
            Some(b'"') => self.quoted_string(&mut user),
            _ => self.dot_atom(&mut user),
        };
        while more == Ok(true) {
            match self.peek() {
                // The dot after a quoted string is not kept.
                Some(b'.') => {
                    self.at += 1;
                    more = self.skip_blanks();
                    if more == Ok(true) && self.peek().is_some_and(is_atom_byte) {
                        more = self.dot_atom(&mut user);
                    }
                }
                Some(b'"') if self.text.get(..self.at).is_some_and(follows_dot) => {
                    more = self.quoted_string(&mut user);
                }
                _ => break,
            }
        }
        (more.is_ok().then_some(user), more)
    }

    fn domain(&mut self, item: &mut Item) -> More {
        self.at += 1;
        self.more()?;
        let mut host = Vec::new();
        let more = match self.peek() {
            Some(b'[') => self.domain_literal(&mut host),
            _ => self.dot_atom(&mut host),
        };
        // A comment that never ends takes a finished name with it.
        if more.is_ok() || host.ends_with(b".") {
            item.host = Some(host);
        }
        more
    }

    fn domain_literal(&mut self, host: &mut Vec<u8>) -> More {
        while let Some(byte) = self.peek() {
            if byte == b'[' && !host.is_empty() {
                return Err(Broken);
            }
            if byte == b'\\' {
                self.at += 1;
            } else if byte == b']' {
                host.push(byte);
                self.at += 1;
                return self.skip_blanks();
            }
            if let Some(byte) = self.peek().filter(|&byte| byte != b'\n') {
                host.push(byte);
            }
            self.at += 1;
        }
        Err(Broken)
    }

    /// Words, with single spaces between them.
    fn phrase(&mut self, words: &mut Vec<u8>) -> More {
        if self.peek() == Some(b'.') {
            return Err(Broken);
        }
        loop {
            let more = match self.peek() {
                Some(b'"') => self.quoted_string(words)?,
                _ => self.atom(words)?,
            };
            if !more {
                return Ok(false);
            }
            match self.peek() {
                Some(byte) if is_atom_byte(byte) || matches!(byte, b'"' | b'.') => words.push(b' '),
                _ => return self.skip_blanks(),
            }
        }
    }

    /// A word of a phrase, which may hold dots.
    fn atom(&mut self, out: &mut Vec<u8>) -> More {
        let begin = self.at;
        while self.peek().is_some_and(|byte| is_atom_byte(byte) || byte == b'.') {
            self.at += 1;
        }
        if self.at == begin {
            return Err(Broken);
        }
        out.extend_from_slice(self.text.get(begin..self.at).unwrap_or_default());
        self.skip_blanks()
    }

    /// Atoms with dots between them, comments and white space allowed everywhere.
    fn dot_atom(&mut self, out: &mut Vec<u8>) -> More {
        if !self.peek().is_some_and(is_atom_byte) {
            return Err(Broken);
        }
        loop {
            while let Some(byte) = self.peek().filter(|&byte| is_atom_byte(byte)) {
                out.push(byte);
                self.at += 1;
            }
            if !self.skip_blanks()? {
                return Ok(false);
            }
            if self.peek() != Some(b'.') {
                return Ok(true);
            }
            out.push(b'.');
            self.at += 1;
            if !self.skip_blanks()? {
                return Ok(false);
            }
        }
    }

    fn quoted_string(&mut self, out: &mut Vec<u8>) -> More {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return self.skip_blanks(),
                b'\\' => {
                    out.extend(self.peek());
                    self.at += 1;
                }
                _ => out.push(byte),
            }
        }
        Err(Broken)
    }

    /// White space and comments must be followed by something.
    fn more(&mut self) -> Result<(), Broken> {
        self.skip_blanks()?.then_some(()).ok_or(Broken)
    }

    fn skip_blanks(&mut self) -> More {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(b'(') => self.skip_comment()?,
                byte => return Ok(byte.is_some()),
            }
        }
    }

    fn skip_comment(&mut self) -> Result<(), Broken> {
        self.comment.clear();
        let mut depth = 0usize;
        // How much is kept if the comment never ends: Email::Address::XS works in lines.
        let mut kept = 0;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if matches!(byte, b'\\' | b'\n') {
                kept = self.comment.len();
            }
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => {
                    self.comment.extend(self.peek());
                    self.at += 1;
                    continue;
                }
                b'\n' => continue,
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
            if byte != b'(' || depth > 1 {
                self.comment.push(byte);
            }
        }
        self.comment.truncate(kept);
        Err(Broken)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

/// Could this not be a local part, whatever follows?
fn is_broken(user: &[u8]) -> bool {
    user.contains(&b'\n') || user.windows(2).any(|pair| pair == b"..")
}

/// Is a dot the last byte of `text` that is not white space?
fn follows_dot(text: &[u8]) -> bool {
    trim_end(text).ends_with(b".")
}

/// RFC 5322's atext, and all that is not ASCII.
fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

impl Item {
    /// `text` is the whole value, which stands for a name where nothing could be read, for
    /// so many more `copies`.
    fn into_address(self, text: &[u8], copies: &mut usize) -> Address {
        let Item { phrase, user, host, comment } = self;
        let host = host.filter(|host| !host.is_empty());
        let bare = user.is_none() && comment.is_none();
        let user = user.filter(|user| !user.is_empty());
        let address = user.zip(host).map(|(user, host)| composed(&user, &host));
        match phrase {
            Some(phrase) if bare && address.is_none() && is_lone_address(&phrase) => {
                Address { phrase: None, address: Some(phrase) }
            }
            phrase => {
                let phrase = phrase.or(comment);
                let nothing = phrase.is_none() && address.is_none();
                let copied = nothing && *copies > 0;
                *copies -= usize::from(copied);
                Address { phrase: if copied { Some(text.to_vec()) } else { phrase }, address }
            }
        }
    }
}

/// Is the name an address in itself, in quotes say?
fn is_lone_address(phrase: &[u8]) -> bool {
    let mut halves = phrase.split(|&byte| byte == b'@');
    let (Some(user), Some(host), None) = (halves.next(), halves.next(), halves.next()) else {
        return false;
    };
    !user.is_empty()
        && !phrase.iter().any(|&byte| is_space(byte))
        && super::address::is_plausible(phrase)
        && domain::is_fqdn(&domain::to_ascii(host))
}

/// `user@host`, the user in quotes if need be.
fn composed(user: &[u8], host: &[u8]) -> Vec<u8> {
    let plain = user.first().is_some_and(|&first| first != b'.')
        && !user.ends_with(b".")
        && user.iter().all(|&byte| is_atom_byte(byte) || byte == b'.');
    if plain {
        return [user, b"@", host].concat();
    }
    let mut address = b"\"".to_vec();
    for &byte in user {
        if matches!(byte, b'"' | b'\\' | b'\n' | b'\r') {
            address.push(b'\\');
        }
        address.push(byte);
    }
    address.extend_from_slice(b"\"@");
    address.extend_from_slice(host);
    address
}
