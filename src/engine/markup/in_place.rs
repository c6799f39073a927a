//! The message with its headers marked and its body as it came: ham, and spam where
//! `report_safe` is 0.
//!
//! Old `X-Spam-*` fields go, those that keep the original of a rewritten header stay. Ours
//! stand on top, but below a Return-Path that is the first field. Of spam, `rewrite_header`
//! changes From, To and Subject; what stood there is kept at the end of the headers as
//! `X-Spam-Prev-…`.

use super::header;
use super::pristine::{self, is_continuation, lines};
use super::template::Facts;
use super::with_line_ends_of;
use crate::limits::Limit;
use crate::message::Message;
use crate::text::ascii::{is_space, trim_end};
use std::borrow::Cow;

/// The message `message`, marked.
pub fn marked(facts: &Facts, message: &Message) -> Vec<u8> {
    let mut headers = without_markup(message.pristine_headers());
    let is_blank = |line: &mut Cow<[u8]>| line.iter().all(|&byte| is_space(byte));
    let separator = headers.pop_if(is_blank).unwrap_or_default();
    rewrite(facts, message, &mut headers);
    let added = match facts.verdict.is_spam() {
        true => &facts.settings.headers_spam,
        false => &facts.settings.headers_ham,
    };
    let on_top = lines_on_top(&headers);
    let (before, after) = headers.split_at_checked(on_top).unwrap_or((&headers, &[]));
    let mut whole = before.concat();
    whole.extend_from_slice(&header::added(facts, added));
    whole.extend(after.iter().flat_map(|line| line.iter()));
    whole.extend_from_slice(&separator);
    let mut whole = with_line_ends_of(message, whole);
    whole.extend_from_slice(message.pristine_body());
    whole
}

/// Is this the first line of a field that a spam filter has added, other than one that keeps
/// an original?
pub fn is_markup(line: &[u8]) -> bool {
    let (mark, prev) = (b"X-Spam-", b"Prev-");
    let starts = |text: &[u8], with: &[u8]| {
        text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    starts(line, mark) && !line.get(mark.len()..).is_some_and(|rest| starts(rest, prev))
}

/// The lines of a header block without such fields.
pub fn without_markup(headers: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let mut dropping = false;
    let keep = |line: &&[u8]| {
        dropping = is_markup(line) || (dropping && is_continuation(line));
        !dropping
    };
    lines(headers).filter(keep).map(Cow::Borrowed).collect()
}

/// How many lines go before ours: a Return-Path.
fn lines_on_top(headers: &[Cow<[u8]>]) -> usize {
    let name = b"Return-Path:";
    match headers.split_first() {
        Some((first, rest))
            if first.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) =>
        {
            1 + rest.iter().take_while(|line| is_continuation(line)).count()
        }
        _ => 0,
    }
}

/// The field that a line begins, if it is one of those that `rewrite_header` may change.
pub fn rewritable(line: &[u8]) -> Option<&'static [u8]> {
    let names: [&'static [u8]; 3] = [b"From", b"Subject", b"To"];
    names.into_iter().find(|name| {
        let behind = line.get(name.len()..).unwrap_or_default();
        behind.starts_with(b":")
            && line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    })
}

/// The original of a subject that was not there.
pub const NONEXISTENT: &[u8] = b"(nonexistent)";

/// Changes From, To and Subject as the settings want it.
fn rewrite<'h>(facts: &Facts, message: &Message, headers: &mut Vec<Cow<'h, [u8]>>) {
    let (rewrite, spam) = (&facts.settings.rewrite, facts.verdict.is_spam());
    if rewrite.is_empty() {
        return;
    }
    let tags = Tags::of(facts);
    let has_subject = pristine::value(message, b"Subject").is_some();
    let created = !has_subject && rewrite.contains_key(&b"Subject"[..]);
    if created {
        end_line(headers);
        headers.push(Cow::Borrowed(b"Subject: \n"));
    }
    let mut originals: Vec<Cow<'h, [u8]>> = Vec::new();
    let mut left = facts.settings.rewritten_fields;
    for line in headers.iter_mut() {
        let Some(name) = rewritable(line).filter(|name| rewrite.contains_key(*name)) else {
            continue;
        };
        if !(spam || name == b"Subject") {
            continue;
        }
        if left == 0 {
            facts.note(Limit::RewrittenFields);
            break;
        }
        left -= 1;
        if spam {
            // Where the subject was created SpamAssassin says so of each header.
            originals.push(match created {
                true => [b"X-Spam-Prev-Subject: ", NONEXISTENT, b"\n"].concat().into(),
                false => [b"X-Spam-Prev-", &**line].concat().into(),
            });
        }
        for tag in tags.of_line(name, spam) {
            *line = with_prefix(line, tag).into();
        }
    }
    if !originals.is_empty() {
        end_line(headers);
        headers.append(&mut originals);
    }
}

/// Makes sure that the last line ends, so that another can follow.
fn end_line(headers: &mut [Cow<[u8]>]) {
    if let Some(last) = headers.last_mut().filter(|last| !last.ends_with(b"\n")) {
        last.to_mut().push(b'\n');
    }
}

/// What goes before From, To and Subject, filled in.
struct Tags {
    /// What the rules that hit have to say in the subject (`subjprefix`).
    of_rules: Option<Vec<u8>>,
    by_name: Vec<(&'static [u8], Vec<u8>)>,
}

impl Tags {
    fn of(facts: &Facts) -> Tags {
        let prefix = &facts.verdict.subject_prefix;
        let of_rules = (!prefix.is_empty()).then(|| trim_end(&facts.in_one_line(prefix)).to_vec());
        let names: [&'static [u8]; 3] = [b"From", b"Subject", b"To"];
        let by_name = names.into_iter().filter_map(|name| {
            let tag = facts.in_one_line(facts.settings.rewrite.get(name)?);
            // In a list of addresses it has to be a comment.
            let is_comment = name != b"Subject";
            Some((name, if is_comment { [b"(", &*tag, b")"].concat() } else { tag }))
        });
        Tags { by_name: by_name.collect(), of_rules }
    }

    /// What goes before a field's value, one after the other.
    fn of_line(&self, name: &[u8], spam: bool) -> impl Iterator<Item = &[u8]> {
        let own = self.by_name.iter().filter(move |(known, _)| spam && *known == name);
        self.of_rules.as_deref().into_iter().chain(own.map(|(_, tag)| &**tag))
    }
}

/// A field's first line with `tag` before its value, unless it stands there already.
fn with_prefix(line: &[u8], tag: &[u8]) -> Vec<u8> {
    let colon = memchr::memchr(b':', line).map_or(line.len(), |at| at + 1);
    let (name, value) = line.split_at_checked(colon).unwrap_or((line, b""));
    let blanks = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let value = value.get(blanks..).unwrap_or_default();
    let marked = value.split_at_checked(tag.len()).and_then(|(start, rest)| {
        start.eq_ignore_ascii_case(tag).then(|| rest.strip_prefix(b" ")).flatten()
    });
    [name, b" ", tag, b" ", marked.unwrap_or(value)].concat()
}
