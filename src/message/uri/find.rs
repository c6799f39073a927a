//! Finds URIs and addresses in plain text, where Thunderbird or Outlook would.
//!
//! In: one paragraph. Out: what stands there, with how it was recognised; schemes are not
//! yet added, nothing is judged. Invariant: linear in the paragraph, octets beyond ASCII
//! are no letters. Delimiters and lengths: the comment before `_tbirdurire` in
//! Mail::SpamAssassin::PerMsgStatus and surface 4.7 of SpamAssassin's documentation.

use crate::text::domain::Registry;

/// How a URI was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By `http://`, `https://`, `ftp://`, `www.` or `ftp.`.
    Scheme,
    /// By `mailto:` or `@`.
    Mail,
    /// By its top-level domain.
    Schemeless,
}

/// A URI in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'t> {
    pub text: &'t [u8],
    pub form: Form,
    /// The host, of a [`Form::Schemeless`].
    pub host: Option<&'t [u8]>,
}

/// Characters after a scheme, in a path, or after `mailto:`.
const LONG: usize = 2048;
/// Characters on either side of an `@`.
const SHORT: usize = 251;
/// Characters of a name before its last dot.
const NAME: usize = 252;

/// The URIs in `text`, in order.
pub(super) fn find<'t>(text: &'t [u8], registry: &'t Registry) -> impl Iterator<Item = Found<'t>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            // Without one of these there is nothing to find; most words have none.
            let mark = from + memchr::memchr3(b'.', b'@', b':', text.get(from..)?)?;
            let begin =
                from + text.get(from..mark)?.iter().rposition(|&b| ends(b)).map_or(0, |at| at + 1);
            let end =
                text.get(mark..)?.iter().position(|&b| ends(b)).map_or(text.len(), |at| mark + at);
            match Segment::new(text, begin.max(from), end, registry).next() {
                Some((found, after)) => {
                    from = after;
                    return Some(found);
                }
                None => from = end,
            }
        }
    })
}

/// A run without end delimiters: every match lies in one.
struct Segment<'t> {
    text: &'t [u8],
    begin: usize,
    end: usize,
    registry: &'t Registry,
}

impl<'t> Segment<'t> {
    fn new(text: &'t [u8], begin: usize, end: usize, registry: &'t Registry) -> Self {
        Segment { text, begin, end, registry }
    }

    /// The first URI, and where to go on.
    fn next(&self) -> Option<(Found<'t>, usize)> {
        let mut mail = MailRun::default();
        let mut name = NameRun::default();
        for at in self.begin..self.end {
            if !self.may_start(at) {
                continue;
            }
            let known = self.known_scheme(at).map(|end| (end, Form::Scheme, None));
            let known = known.or_else(|| {
                let end = self.mailto(at).or_else(|| mail.end(self, at))?;
                Some((end, Form::Mail, None))
            });
            let found = known.or_else(|| {
                let (end, host) = name.end(self, at)?;
                Some((end, Form::Schemeless, self.text.get(at..host)))
            });
            if let Some((end, form, host)) = found {
                return Some((Found { text: self.text.get(at..end)?, form, host }, end));
            }
        }
        None
    }

    /// At a word boundary, after a delimiter or after an ISO 2022 shift.
    fn may_start(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.text.get(before)).copied();
        let here = self.byte(at);
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        before.is_some_and(word) != word(here)
            || before.is_some_and(starts)
            || at
                .checked_sub(3)
                .and_then(|shift| self.text.get(shift..at))
                .is_some_and(|shift| shift.starts_with(b"\x1b(") && shift.last() != Some(&b'\n'))
    }

    fn known_scheme(&self, at: usize) -> Option<usize> {
        if !matches!(self.byte(at), b'h' | b'H' | b'f' | b'F' | b'w' | b'W') {
            return None;
        }
        let tail = self.text.get(at..self.end)?;
        let prefix = [&b"http://"[..], b"https://", b"ftp://", b"ftp."]
            .into_iter()
            .find(|&prefix| starts_with(tail, prefix))
            .map(<[u8]>::len)
            .or_else(|| {
                let digits = tail.iter().skip(3).take(2).take_while(|b| b.is_ascii_digit()).count();
                (starts_with(tail, b"www") && tail.get(3 + digits) == Some(&b'.'))
                    .then_some(4 + digits)
            })?;
        (1..=LONG).contains(&(tail.len() - prefix)).then_some(self.end)
    }

    fn mailto(&self, at: usize) -> Option<usize> {
        let tail = self.text.get(at..self.end)?;
        if !starts_with(tail, b"mailto:") {
            return None;
        }
        let run = tail.get(7..)?.iter().take(LONG + 1).take_while(|&&b| !ends_mail(b)).count();
        (1..=LONG).contains(&run).then_some(at + 7 + run)
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }
}

/// The next `@` or mail delimiter, and the end of the address; kept from one start to the
/// next so that each octet is looked at once.
#[derive(Default)]
struct MailRun {
    stop: Option<usize>,
    /// The `@` last looked behind and where its address ends.
    after: Option<(usize, usize)>,
}

impl MailRun {
    fn end(&mut self, segment: &Segment<'_>, at: usize) -> Option<usize> {
        let stop = match self.stop.filter(|&stop| stop >= at) {
            Some(stop) => stop,
            None => {
                let tail = segment.text.get(at..segment.end)?;
                let stops = |&b: &u8| b == b'@' || ends_mail(b);
                at + tail.iter().position(stops).unwrap_or(tail.len())
            }
        };
        self.stop = Some(stop);
        if segment.byte(stop) != b'@' || stop >= segment.end || !(1..=SHORT).contains(&(stop - at))
        {
            return None;
        }
        let end = match self.after.filter(|&(mark, _)| mark == stop) {
            Some((_, end)) => end,
            None => {
                let tail = segment.text.get(stop + 1..segment.end)?;
                stop + 1 + tail.iter().take(SHORT + 1).take_while(|&&b| !ends_mail(b)).count()
            }
        };
        self.after = Some((stop, end));
        (1..=SHORT).contains(&(end - stop - 1)).then_some(end)
    }
}

/// The end of the run of name characters last looked at, and what follows it.
#[derive(Default)]
struct NameRun {
    until: usize,
    /// Where the host's last dot is, where the host ends, where the URI ends.
    uri: Option<(usize, usize, usize)>,
}

impl NameRun {
    /// The end of a URI and of its host, if a name starts at `at`.
    fn end(&mut self, segment: &Segment<'_>, at: usize) -> Option<(usize, usize)> {
        let first = segment.byte(at);
        let free = at.checked_sub(1).is_none_or(|before| starts_name(segment.byte(before)));
        if !free || !first.is_ascii_alphanumeric() {
            return None;
        }
        if self.until <= at {
            let tail = segment.text.get(at..segment.end)?;
            let run = tail.iter().position(|&b| !in_name(b)).unwrap_or(tail.len());
            self.until = at + run;
            self.uri = Self::read(segment, at, self.until);
        }
        let (dot, host, end) = self.uri?;
        (dot > at && dot - at <= NAME).then_some((end, host))
    }

    /// Judges the run of name characters from `at` to `until` and what is behind it.
    fn read(segment: &Segment<'_>, at: usize, until: usize) -> Option<(usize, usize, usize)> {
        let run = segment.text.get(at..until)?;
        let name = run.strip_suffix(b".").unwrap_or(run);
        let dot = memchr::memrchr(b'.', name)?;
        if !segment.registry.is_valid(name.get(dot..)?) {
            return None;
        }
        let mut end = until;
        let mut tail = segment.text.get(until..segment.end)?;
        if let Some(port) = tail.strip_prefix(b":") {
            let digits = port.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
            if !(1..=5).contains(&digits) {
                return None;
            }
            end += 1 + digits;
            tail = port.get(digits..)?;
        }
        if let Some(path) = tail.strip_prefix(b"/") {
            if !(1..=LONG).contains(&path.len()) {
                return None;
            }
            end = segment.end;
            tail = b"";
        }
        tail.is_empty().then_some((at + dot, at + name.len(), end))
    }
}

fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Octets that part URIs from the text around: white space, ESC (ISO 2022), no-break space.
fn parts(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r' | 0x1b | 0xa0)
}

/// May a URI start after `b`?
fn starts(b: u8) -> bool {
    parts(b) || b"><\"'`,{[(|".contains(&b)
}

/// Does a URI end before `b`?
fn ends(b: u8) -> bool {
    parts(b) || b"><\"`}]{[|".contains(&b)
}

/// Does an address end before `b`?
fn ends_mail(b: u8) -> bool {
    ends(b) || !b.is_ascii() || b",('".contains(&b)
}

/// May a name without scheme start after `b`?
fn starts_name(b: u8) -> bool {
    parts(b) || (b.is_ascii_punctuation() && !b"%-._".contains(&b))
}

fn in_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"._-".contains(&b)
}
