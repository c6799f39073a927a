//! Cuts HTML into tags, text and comments exactly where HTML::Parser 3 does.
//!
//! In: the octets of a document. Out: calls of [`Events`], in document order. Invariant:
//! every octet is looked at a bounded number of times. Behaviour: HTML::Parser(3pm) with
//! `marked_sections` on and all `strict_*` off, fed with the whole document at once and then
//! told of its end; what that does with unfinished markup is described where it is done.

use crate::limits::{Limit, Reached};
use std::ops::{ControlFlow, Range};

/// What a document is made of.
pub(super) trait Events {
    /// A start tag, its name as written.
    fn start(&mut self, name: &[u8], attributes: &[Attribute<'_>]) -> ControlFlow<()>;
    /// An end tag, its name as written.
    fn end(&mut self, name: &[u8]) -> ControlFlow<()>;
    /// A run of text; `literal` if references in it mean nothing.
    fn text(&mut self, text: &[u8], literal: bool);
    /// A comment with its delimiters, or what is treated as one.
    fn comment(&mut self, text: &[u8]);
    /// A `<!DOCTYPE …>` or `<!ENTITY …>`.
    fn declaration(&mut self, text: &[u8]);
    /// An element that swallows the rest of the document and must be closed first.
    fn unclosed(&self) -> Option<&'static [u8]>;
}

/// An attribute of a start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    /// The name as written.
    pub name: &'a [u8],
    /// The value without quotes, references not decoded; for an attribute without a value,
    /// its name.
    pub value: &'a [u8],
    /// Is there a value?
    pub valued: bool,
}

/// Reports `source` to `events`. Stops early where `events` says so. False if so, and if
/// the document ends in an ignored section, which ignores its end, too.
pub(super) fn tokenize(
    source: &[u8],
    attributes: usize,
    events: &mut impl Events,
) -> (bool, Reached) {
    let mut tokenizer = Tokenizer {
        events,
        attributes,
        reached: Reached::default(),
        raw: None,
        literal: false,
        sections: Vec::new(),
        section: Section::None,
        pending_end: None,
        ended: false,
        short_comments: false,
        exhausted: [false; RAW.len()],
    };
    let ended = tokenizer.document(source).is_continue() && tokenizer.section != Section::Ignore;
    (ended, tokenizer.reached)
}

/// An element whose content is text up to its own end tag.
struct Raw {
    name: &'static [u8],
    /// References in it mean nothing.
    literal: bool,
}

const RAW: [Raw; 7] = [
    Raw { name: b"script", literal: true },
    Raw { name: b"style", literal: true },
    Raw { name: b"xmp", literal: true },
    Raw { name: b"iframe", literal: true },
    Raw { name: b"plaintext", literal: true },
    Raw { name: b"title", literal: false },
    Raw { name: b"textarea", literal: false },
];

const SCRIPT: usize = 0;
const STYLE: usize = 1;
const PLAINTEXT: usize = 4;
const TITLE: usize = 5;

/// What a marked section says of its content; the strongest of all open ones counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    None,
    Include,
    Rcdata,
    Cdata,
    Ignore,
}

/// How far one construct goes.
enum Step {
    /// To here.
    To(usize),
    /// Its end is not there.
    Unfinished,
    /// It is none: `<` is text.
    Text,
}

type Flow<T> = ControlFlow<(), T>;

struct Tokenizer<'e, E> {
    events: &'e mut E,
    attributes: usize,
    reached: Reached,
    /// The element of [`RAW`] that is open.
    raw: Option<usize>,
    /// Text is reported as literal.
    literal: bool,
    /// Of each open marked section, the strongest of it and those around it; and the last.
    sections: Vec<Section>,
    section: Section,
    /// A `title` that the end of the document closes, before the next tag.
    pending_end: Option<usize>,
    /// No more can come.
    ended: bool,
    /// A comment ends at the first `>`, because after the end there was no `-->`.
    short_comments: bool,
    /// After the end: no end tag of this element of [`RAW`] is left.
    exhausted: [bool; RAW.len()],
}

impl<E: Events> Tokenizer<'_, E> {
    fn document(&mut self, source: &[u8]) -> Flow<()> {
        let done = self.markup(source, 0)?;
        let mut rest = source.get(done..).unwrap_or(b"").to_vec();
        while let Some(name) = self.events.unclosed() {
            rest.extend_from_slice(b"</");
            rest.extend_from_slice(name);
            rest.push(b'>');
            let done = self.markup(&rest, 0)?;
            rest.drain(..done.min(rest.len()));
            if self.events.unclosed() == Some(name) {
                break;
            }
        }
        self.end_of_document(&rest)?;
        self.close_pending()
    }

    /// What is left when no more can come: raw elements end, unfinished markup is a comment.
    fn end_of_document(&mut self, rest: &[u8]) -> Flow<()> {
        self.ended = true;
        let mut at = 0;
        while at < rest.len() {
            match self.raw {
                Some(SCRIPT | STYLE) => {
                    let name = self.raw_name();
                    self.raw = None;
                    self.report_end(name)?;
                }
                Some(TITLE) => self.pending_end = self.raw.take(),
                Some(_) => break,
                None if !self.short_comments && byte(rest, at) == b'<' => {
                    self.short_comments = true;
                }
                None => {
                    let next = byte(rest, at + 1);
                    let markup = at + 1 == rest.len()
                        || is_name_first(next)
                        || matches!(next, b'/' | b'!' | b'?');
                    if byte(rest, at) == b'<' && markup {
                        self.report_comment(slice(rest, at..rest.len()));
                        at = rest.len();
                    }
                    break;
                }
            }
            at = self.markup(rest, at)?;
        }
        if at < rest.len() {
            self.report_text(slice(rest, at..rest.len()));
        }
        ControlFlow::Continue(())
    }

    /// Reports as much of `buffer` as is certain, from `at` on; gives where the rest starts.
    fn markup(&mut self, buffer: &[u8], at: usize) -> Flow<usize> {
        let mut begin = at;
        let mut at = at;
        loop {
            if self.raw.is_some() {
                match self.raw_text(buffer, begin)? {
                    Some(next) => (begin, at) = (next, next),
                    None => return ControlFlow::Continue(begin),
                }
            }
            while matches!(self.section, Section::Cdata | Section::Rcdata) {
                match self.section_text(buffer, begin)? {
                    Some(next) => (begin, at) = (next, next),
                    None => return ControlFlow::Continue(begin),
                }
            }
            at = self.text_end(buffer, &mut begin, at)?;
            if at > begin {
                if at >= buffer.len() {
                    let kept = begin + settled(slice(buffer, begin..buffer.len()));
                    if kept > begin {
                        self.report_text(slice(buffer, begin..kept));
                    }
                    return ControlFlow::Continue(kept);
                }
                self.report_text(slice(buffer, begin..at));
                begin = at;
            }
            if buffer.len().saturating_sub(at) < 3 {
                return ControlFlow::Continue(at.min(buffer.len()));
            }
            let step = match byte(buffer, at + 1) {
                b'/' => self.end_tag(buffer, begin)?,
                b'!' => self.bang(buffer, begin)?,
                b'?' => self.process(buffer, begin)?,
                first if is_name_first(first) => self.start_tag(buffer, begin)?,
                _ => Step::Text,
            };
            at = match step {
                Step::To(next) => {
                    begin = next;
                    next
                }
                Step::Unfinished => return ControlFlow::Continue(begin),
                Step::Text => at + 1,
            };
        }
    }

    /// The next `<` from `at` on. Ends marked sections on the way, after which `begin` is
    /// where text not yet reported starts.
    fn text_end(&mut self, buffer: &[u8], begin: &mut usize, mut at: usize) -> Flow<usize> {
        while self.section != Section::None {
            match memchr::memchr2(b'<', b']', slice(buffer, at..buffer.len())) {
                None => return ControlFlow::Continue(buffer.len()),
                Some(offset) => at += offset,
            }
            if byte(buffer, at) == b'<' {
                return ControlFlow::Continue(at);
            }
            if buffer.get(at..).is_some_and(|tail| tail.starts_with(b"]]>")) {
                self.report_text(slice(buffer, *begin..at));
                at += 3;
                *begin = at;
                self.close_section()?;
            } else {
                // HTML::Parser skips what it looked at, even a `<`.
                at += if byte(buffer, at + 1) == b']' { 3 } else { 2 };
                at = at.min(buffer.len());
            }
        }
        let tail = slice(buffer, at..buffer.len());
        let end = memchr::memchr(b'<', tail).map_or(buffer.len(), |offset| at + offset);
        ControlFlow::Continue(end)
    }

    /// Text of a raw element up to and with its end tag; `None` if that is not there.
    fn raw_text(&mut self, buffer: &[u8], begin: usize) -> Flow<Option<usize>> {
        let name = self.raw_name();
        let exhausted = self.raw.is_some_and(|raw| self.exhausted.get(raw) == Some(&true));
        if exhausted || self.raw == Some(PLAINTEXT) {
            return ControlFlow::Continue(None);
        }
        for offset in memchr::memchr_iter(b'<', slice(buffer, begin..buffer.len())) {
            let open = begin + offset;
            let named = open + 2 + name.len();
            let matches = byte(buffer, open + 1) == b'/'
                && buffer.get(open + 2..named).is_some_and(|tag| tag.eq_ignore_ascii_case(name));
            let close = skip_space(buffer, named);
            if matches && byte(buffer, close) == b'>' {
                if open > begin {
                    self.report_text(slice(buffer, begin..open));
                }
                self.report_end(slice(buffer, open + 2..named))?;
                self.raw = None;
                self.literal = false;
                return ControlFlow::Continue(Some(close + 1));
            }
        }
        if self.ended
            && let Some(known) = self.raw.and_then(|raw| self.exhausted.get_mut(raw))
        {
            *known = true;
        }
        ControlFlow::Continue(None)
    }

    /// Text of a CDATA or RCDATA section up to and with `]]>`.
    fn section_text(&mut self, buffer: &[u8], begin: usize) -> Flow<Option<usize>> {
        let tail = slice(buffer, begin..buffer.len());
        let Some(offset) = memchr::memmem::find(tail, b"]]>") else {
            return ControlFlow::Continue(None);
        };
        let end = begin + offset;
        if end > begin {
            self.report_text(slice(buffer, begin..end));
        }
        self.close_section()?;
        ControlFlow::Continue(Some(end + 3))
    }

    fn start_tag(&mut self, buffer: &[u8], begin: usize) -> Flow<Step> {
        let mut at = begin + 2;
        at = skip(buffer, at, |b| !is_space(b) && b != b'>');
        let name = slice(buffer, begin + 1..at);
        at = skip_space(buffer, at);
        let mut attributes = Vec::new();
        while at < buffer.len() && byte(buffer, at) != b'>' {
            let Some((attribute, next)) = attribute(buffer, at) else {
                return ControlFlow::Continue(Step::Unfinished);
            };
            if attributes.len() < self.attributes {
                attributes.push(attribute);
            } else {
                self.reached.note(Limit::HtmlAttributes);
            }
            at = next;
        }
        if at >= buffer.len() {
            return ControlFlow::Continue(Step::Unfinished);
        }
        self.close_pending()?;
        if self.section != Section::Ignore {
            self.events.start(name, &attributes)?;
        }
        if let Some(raw) = RAW.iter().position(|raw| raw.name.eq_ignore_ascii_case(name)) {
            self.raw = Some(raw);
            self.literal = RAW.get(raw).is_some_and(|raw| raw.literal);
        }
        ControlFlow::Continue(Step::To(at + 1))
    }

    fn end_tag(&mut self, buffer: &[u8], begin: usize) -> Flow<Step> {
        let name_at = begin + 2;
        let name_end = skip(buffer, name_at, |b| !is_space(b) && b != b'>');
        let close = tag_end(buffer, name_end);
        if close >= buffer.len() {
            return ControlFlow::Continue(Step::Unfinished);
        }
        match name_end > name_at {
            true => self.report_end(slice(buffer, name_at..name_end))?,
            false => self.report_comment(slice(buffer, begin..close + 1)),
        }
        ControlFlow::Continue(Step::To(close + 1))
    }

    /// `<?…>`: means nothing.
    fn process(&mut self, buffer: &[u8], begin: usize) -> Flow<Step> {
        let inner = slice(buffer, begin + 2..buffer.len());
        let Some(offset) = memchr::memchr(b'>', inner) else {
            return ControlFlow::Continue(Step::Unfinished);
        };
        self.close_pending()?;
        ControlFlow::Continue(Step::To(begin + 2 + offset + 1))
    }

    /// `<!…`: a comment, a marked section, a declaration, or what is treated as a comment.
    fn bang(&mut self, buffer: &[u8], begin: usize) -> Flow<Step> {
        let tail = slice(buffer, begin + 2..buffer.len());
        let construct = match tail {
            [b'-'] => Construct::Unfinished,
            [b'-', b'-', ..] => return ControlFlow::Continue(self.comment(buffer, begin)),
            [b'[', ..] => section_start(tail),
            [first, ..] if first.is_ascii_alphabetic() => declaration(tail),
            _ => Construct::None(0),
        };
        let failed = match construct {
            Construct::Section(length, section) => {
                self.sections.push(self.section.max(section));
                self.update_section();
                self.close_pending()?;
                return ControlFlow::Continue(Step::To(begin + 2 + length));
            }
            Construct::Declaration(length) => {
                let end = begin + 2 + length;
                self.close_pending()?;
                if self.section != Section::Ignore {
                    self.events.declaration(slice(buffer, begin..end));
                }
                return ControlFlow::Continue(Step::To(end));
            }
            Construct::Unfinished => return ControlFlow::Continue(Step::Unfinished),
            Construct::None(failed) => failed,
        };
        let Some(offset) = memchr::memchr(b'>', slice(tail, failed..tail.len())) else {
            return ControlFlow::Continue(Step::Unfinished);
        };
        let end = begin + 2 + failed + offset + 1;
        self.report_comment(slice(buffer, begin..end));
        ControlFlow::Continue(Step::To(end))
    }

    /// `<!--`: up to `--`, white space and `>`; after the end of the document, up to `>`.
    fn comment(&mut self, buffer: &[u8], begin: usize) -> Step {
        let inner = begin + 4;
        let tail = slice(buffer, inner..buffer.len());
        let end = if self.short_comments {
            memchr::memchr(b'>', tail).map(|offset| inner + offset + 1)
        } else {
            comment_end(tail).map(|close| inner + close)
        };
        match end {
            Some(end) => {
                self.report_comment(slice(buffer, begin..end));
                Step::To(end)
            }
            None => Step::Unfinished,
        }
    }

    fn close_section(&mut self) -> Flow<()> {
        self.close_pending()?;
        self.sections.pop();
        self.update_section();
        ControlFlow::Continue(())
    }

    fn update_section(&mut self) {
        self.section = self.sections.last().copied().unwrap_or(Section::None);
        self.literal = self.section == Section::Cdata;
    }

    fn raw_name(&self) -> &'static [u8] {
        self.raw.and_then(|raw| RAW.get(raw)).map_or(b"", |raw| raw.name)
    }

    fn report_text(&mut self, text: &[u8]) {
        if self.section != Section::Ignore {
            self.events.text(text, self.literal);
        }
    }

    fn report_comment(&mut self, text: &[u8]) {
        if self.section != Section::Ignore {
            self.events.comment(text);
        }
    }

    fn report_end(&mut self, name: &[u8]) -> Flow<()> {
        self.close_pending()?;
        if self.section == Section::Ignore {
            return ControlFlow::Continue(());
        }
        self.events.end(name)
    }

    fn close_pending(&mut self) -> Flow<()> {
        match self.pending_end.take().and_then(|raw| RAW.get(raw)) {
            Some(raw) => self.report_end(raw.name),
            None => ControlFlow::Continue(()),
        }
    }
}

/// The attribute at `at` and where the next thing starts; `None` if it is not finished.
fn attribute(buffer: &[u8], at: usize) -> Option<(Attribute<'_>, usize)> {
    let name_end = skip(buffer, at + 1, |b| !is_space(b) && b != b'=' && b != b'>');
    let name = buffer.get(at..name_end)?;
    let after = skip_space(buffer, name_end);
    if *buffer.get(after)? != b'=' {
        return Some((Attribute { name, value: name, valued: false }, after));
    }
    let value_at = skip_space(buffer, after + 1);
    let (value, end) = match *buffer.get(value_at)? {
        b'>' => return Some((Attribute { name, value: b"", valued: true }, value_at)),
        quote @ (b'"' | b'\'') => {
            let inner = buffer.get(value_at + 1..)?;
            let length = memchr::memchr(quote, inner)?;
            (inner.get(..length)?, value_at + 1 + length + 1)
        }
        _ => {
            let end = skip(buffer, value_at, |b| !is_space(b) && b != b'>');
            (buffer.get(value_at..end)?, end)
        }
    };
    let next = skip_space(buffer, end);
    (next < buffer.len()).then_some((Attribute { name, value, valued: true }, next))
}

/// Where an end tag's `>` is: quotes hide it if a space or `=` is before them.
fn tag_end(buffer: &[u8], at: usize) -> usize {
    let mut quote = None;
    let mut before = b' ';
    for (offset, &b) in slice(buffer, at..buffer.len()).iter().enumerate() {
        match (b, quote) {
            (b'>', None) => return at + offset,
            (b'"' | b'\'', Some(open)) if open == b => quote = None,
            (b'"' | b'\'', None) if matches!(before, b' ' | b'=') => quote = Some(b),
            _ => {}
        }
        before = b;
    }
    buffer.len()
}

/// The end of the first two dashes, white space and `>`; of more dashes, the last two count.
fn comment_end(tail: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'-', tail)
        .filter(|&at| byte(tail, at + 1) == b'-' && byte(tail, at + 2) != b'-')
        .map(|at| skip_space(tail, at + 2))
        .find(|&close| byte(tail, close) == b'>')
        .map(|close| close + 1)
}

/// What `<!` opens, and its length without `<!`.
enum Construct {
    Section(usize, Section),
    Declaration(usize),
    Unfinished,
    /// Nothing; it is a comment up to the first `>` after this many octets.
    None(usize),
}

/// Reads `[ name name … [`, `tail` starting at the first bracket.
fn section_start(tail: &[u8]) -> Construct {
    let mut kind = None;
    let mut at = skip_space(tail, 1);
    loop {
        if is_name_first(byte(tail, at)) {
            let end = skip(tail, at + 1, is_name_char);
            kind = kind.max(Some(section_named(slice(tail, at..end))));
            at = skip_space(tail, end);
            if at >= tail.len() {
                return Construct::Unfinished;
            }
        } else if slice(tail, at..tail.len()).starts_with(b"--") {
            let inner = slice(tail, at + 2..tail.len());
            match memchr::memmem::find(inner, b"--") {
                Some(length) => at = skip_space(tail, at + 2 + length + 2),
                None => return Construct::Unfinished,
            }
        } else if byte(tail, at) == b'[' {
            return Construct::Section(at + 1, kind.unwrap_or(Section::Include));
        } else {
            return Construct::None(0);
        }
    }
}

fn section_named(name: &[u8]) -> Section {
    match name.to_ascii_lowercase().as_slice() {
        b"include" => Section::Include,
        b"rcdata" => Section::Rcdata,
        b"cdata" => Section::Cdata,
        b"ignore" => Section::Ignore,
        _ => Section::None,
    }
}

/// Reads `DOCTYPE word "string" --comment-- … >`, `tail` starting at the name.
fn declaration(tail: &[u8]) -> Construct {
    let mut at = skip(tail, 1, is_name_char);
    if at == tail.len() {
        return Construct::Unfinished;
    }
    let name = slice(tail, 0..at);
    if !name.eq_ignore_ascii_case(b"doctype") && !name.eq_ignore_ascii_case(b"entity") {
        return Construct::None(at);
    }
    loop {
        at = skip_space(tail, at);
        let rest = slice(tail, at..tail.len());
        let length = match rest {
            [] | [b'-'] => None,
            [b'>', ..] => return Construct::Declaration(at + 1),
            [quote @ (b'"' | b'\''), inner @ ..] => {
                memchr::memchr(*quote, inner).map(|length| length + 2)
            }
            [b'-', b'-', inner @ ..] => memchr::memmem::find(inner, b"--").map(|length| length + 4),
            [b'-', ..] => return Construct::None(at + 1),
            _ => rest.iter().position(|&b| is_space(b) || b == b'>'),
        };
        match length {
            Some(length) => at += length,
            None => return Construct::Unfinished,
        }
    }
}

/// How much of a text at the end of the document is certain: what follows could still make
/// a longer word or reference of the last word.
fn settled(text: &[u8]) -> usize {
    let spaced = text.last().is_some_and(|&b| is_space(b));
    let words = match spaced {
        true => text.len(),
        false => text.iter().rposition(|&b| is_space(b)).map_or(0, |last| last + 1),
    };
    slice(text, 0..words).iter().rposition(|&b| !is_space(b)).map_or(0, |last| last + 1)
}

fn skip(buffer: &[u8], at: usize, more: impl Fn(u8) -> bool) -> usize {
    let tail = buffer.get(at..).unwrap_or(b"");
    at + tail.iter().position(|&b| !more(b)).unwrap_or(tail.len())
}

fn skip_space(buffer: &[u8], at: usize) -> usize {
    skip(buffer, at, is_space)
}

/// The octet at `at`; beyond the end a NUL, which starts and ends nothing.
fn byte(buffer: &[u8], at: usize) -> u8 {
    buffer.get(at).copied().unwrap_or(0)
}

fn slice(buffer: &[u8], range: Range<usize>) -> &[u8] {
    buffer.get(range).unwrap_or(b"")
}

pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

fn is_name_first(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b == b':'
}

fn is_name_char(b: u8) -> bool {
    is_name_first(b) || b.is_ascii_digit() || b == b'-' || b == b'.'
}
