//! Directives that define a test or say something of one: `header`, `body`, `meta`, `score`, …
//!
//! SpamAssassin::Conf "RULE DEFINITIONS" and Parser.pm's `add_test`. A later definition takes
//! the place of an earlier one; scores, flags and descriptions stay.

use super::apply::{Answer, required, valid};
use super::draft::{Definition, Draft, Kind, Line, Refusal};
use super::meta;
use super::model::EvalClass;
use super::names::is_rule_name;
use super::regex::{Pattern, Strip};
use super::scan::{
    first_word, is_decimal, is_digits, is_space, is_words, number, show, trim_start, words,
};
use super::{captures, detail};
use crate::message::header::HeaderQuery;
use std::sync::Arc;

/// Reads the line if its directive is one of these.
pub(super) fn apply(draft: &mut Draft<'_>, directive: &str, line: Line<'_>) -> Option<Answer> {
    Some(match directive {
        "score" => score(draft, line),
        "priority" => priority(draft, line),
        "header" => header(draft, line),
        "body" => text_test(draft, line, Some(EvalClass::Body), Kind::Body),
        "rawbody" => text_test(draft, line, Some(EvalClass::Rawbody), Kind::Rawbody),
        "full" => text_test(draft, line, Some(EvalClass::Full), Kind::Full),
        "uri" => text_test(draft, line, None, Kind::Uri),
        "meta" => meta_test(draft, line),
        "reuse" => reuse(draft, line),
        "test" => Ok(()),
        "mimeheader" => detail::mime_header(draft, line),
        "uri_detail" => detail::uri_detail(draft, line),
        "shortcircuit" => shortcircuit(draft, line),
        _ => return None,
    })
}

/// `score NAME n`, `score NAME n n n n`; `(n)` adds to the score before.
fn score(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let mut fields = words(line.value);
    let name = fields.next().ok_or(Refusal::Missing)?;
    let fields: Vec<&[u8]> = fields.collect();
    if !matches!(fields.len(), 1 | 4) {
        return Err(Refusal::Missing);
    }
    let plain = |text: &[u8]| is_decimal(text.strip_prefix(b"-").unwrap_or(text), false);
    let mut relative = false;
    let mut given = Vec::with_capacity(4);
    for field in fields {
        let inner = field.strip_prefix(b"(").and_then(|f| f.strip_suffix(b")"));
        let text = inner.filter(|inner| plain(inner)).unwrap_or(field);
        relative |= text.len() < field.len();
        valid(plain(text))?;
        given.push(number(text).ok_or(Refusal::Invalid)?);
    }
    let before = draft.scores(name);
    let added = if relative { before.ok_or(Refusal::Invalid)? } else { [0.0; 4] };
    let only = given.first().copied().unwrap_or_default();
    let score = |set: usize| {
        let base = added.get(set).copied().unwrap_or_default();
        base + given.get(set).copied().unwrap_or(only)
    };
    draft.entry(name).scores = Some([score(0), score(1), score(2), score(3)]);
    Ok(())
}

fn priority(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (name, value) = first_word(line.value).ok_or(Refusal::Missing)?;
    valid(is_rule_name(name) && is_digits(value.strip_prefix(b"-").unwrap_or(value)))?;
    let bound = f64::from(i32::MAX);
    let number = number(value).ok_or(Refusal::Invalid)?.clamp(-bound, bound);
    draft.entry(name).priority = Some(number as i32);
    Ok(())
}

/// Gives `name` a test, unless a rule may not be called so.
pub(super) fn add_test(
    draft: &mut Draft<'_>,
    name: &[u8],
    text: &[u8],
    kind: Kind,
    line: Line<'_>,
) {
    if may_be_named(draft, name, line) {
        let definition = Definition { kind, text: text.into(), place: line.place };
        draft.entry(name).definition = Some(definition);
    }
}

/// Complains if a rule may not be called `name`.
fn may_be_named(draft: &mut Draft<'_>, name: &[u8], line: Line<'_>) -> bool {
    let shown = show(name);
    if !is_rule_name(name) {
        draft.error(
            line.place,
            format!(
                "rule '{shown}' has invalid characters (letters, digits and underscores, \
                 not a digit first)"
            ),
        );
        return false;
    }
    if name.len() > 100 {
        draft.error(line.place, format!("rule '{shown}' is too long: 100 characters are the most"));
        return false;
    }
    let plain = !name.starts_with(b"__") && !name.starts_with(b"T_");
    if draft.lint && name.len() > 40 && plain {
        draft.error(line.place, format!("rule name '{shown}' is over 40 characters"));
    }
    true
}

/// The rule's name and a value that is not empty.
pub(super) fn named(line: Line<'_>) -> Result<(&[u8], &[u8]), Refusal> {
    let (name, value) = first_word(line.value).ok_or(Refusal::Invalid)?;
    required(value)?;
    Ok((name, value))
}

/// What stands behind `eval:`, if it is a call.
fn eval_call(value: &[u8]) -> Option<Result<&[u8], Refusal>> {
    let call = value.strip_prefix(b"eval:")?;
    let open = call.iter().position(|&b| b == b'(');
    let function = open.and_then(|at| call.get(..at)).unwrap_or_default();
    let is_call = is_words(function) && call.ends_with(b")");
    Some(if is_call { Ok(call) } else { Err(Refusal::Invalid) })
}

/// `body`, `rawbody`, `full`, `uri`: a pattern, or a call where the directive has evals.
fn text_test(
    draft: &mut Draft<'_>,
    line: Line<'_>,
    class: Option<EvalClass>,
    kind: fn(Arc<Pattern>) -> Kind,
) -> Answer {
    let (name, value) = named(line)?;
    if let Some(class) = class
        && let Some(call) = eval_call(value)
    {
        add_test(draft, name, call?, Kind::Eval(class), line);
        return Ok(());
    }
    if may_be_named(draft, name, line)
        && let Some(pattern) = pattern(draft, name, value, line)
    {
        let definition = Definition { kind: kind(pattern), text: value.into(), place: line.place };
        draft.entry(name).definition = Some(definition);
    }
    Ok(())
}

fn header(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (name, value) = named(line)?;
    let call = value.strip_prefix(b"rbl").filter(|t| t.starts_with(b"eval:")).unwrap_or(value);
    if let Some(call) = eval_call(call) {
        let call = call?;
        let asks_dns = call.starts_with(b"check_rbl") || call.starts_with(b"check_dns");
        let class = if asks_dns { EvalClass::Rbl } else { EvalClass::Header };
        add_test(draft, name, call, Kind::Eval(class), line);
        return Ok(());
    }
    if !may_be_named(draft, name, line) {
        return Ok(());
    }
    // Even a bad redefinition takes the old test's options away.
    if draft.has_test(name)
        && let Some(Definition { kind: Kind::Header { negated, if_unset, .. }, .. }) =
            &mut draft.entry(name).definition
    {
        *negated = false;
        *if_unset = None;
    }
    if let Some(kind) = header_kind(draft, name, value, line) {
        let definition = Definition { kind, text: value.into(), place: line.place };
        draft.entry(name).definition = Some(definition);
    }
    Ok(())
}

/// `exists:Header`, or `Header[:modifiers] =~ /pattern/ [if-unset: text]`.
fn header_kind(draft: &mut Draft<'_>, name: &[u8], value: &[u8], line: Line<'_>) -> Option<Kind> {
    let plain = |text: &[u8]| !text.is_empty() && text.iter().all(|&b| is_header_character(b));
    let shown = show(name);
    if let Some(header) = value.strip_prefix(b"exists:") {
        let header = header.strip_suffix(b":").unwrap_or(header);
        if !plain(header) {
            draft.error(line.place, format!("invalid head test {shown} header: {}", show(header)));
            return None;
        }
        return query(draft, &shown, header, line).map(Kind::HeaderExists);
    }
    let Some((header, negated, text)) = split_header_test(value) else {
        draft.error(line.place, format!("invalid head test {shown}: {}", show(value)));
        return None;
    };
    let mut modifiers = header.split(|&b| b == b':').skip(1);
    if !modifiers.all(is_modifier) {
        let text = format!("invalid header modifier for {shown}: {}", show(header));
        draft.error(line.place, text);
        return None;
    }
    let (text, if_unset) = split_if_unset(text);
    let pattern = pattern(draft, name, text, line)?;
    let query = query(draft, &shown, header, line)?;
    Some(Kind::Header { query, pattern, negated, if_unset: if_unset.map(Box::from) })
}

fn query(draft: &mut Draft<'_>, name: &str, header: &[u8], line: Line<'_>) -> Option<HeaderQuery> {
    match HeaderQuery::parse(header) {
        Ok(query) => Some(query),
        Err(error) => {
            draft.error(line.place, format!("invalid head test {name}: {error}"));
            None
        }
    }
}

fn is_header_character(b: u8) -> bool {
    super::arithmetic::is_word(b) || matches!(b, b'.' | b'-')
}

/// A modifier, or a word that begins with one and goes on with something that is no letter.
fn is_modifier(text: &[u8]) -> bool {
    const MODIFIERS: [&[u8]; 9] =
        [b"raw", b"addr", b"name", b"host", b"domain", b"ip", b"revip", b"first", b"last"];
    MODIFIERS.contains(&text)
}

/// The header with its modifiers, whether it is `!~`, and what stands behind the operator.
fn split_header_test(value: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let name = value.iter().take_while(|&&b| is_header_character(b)).count();
    if name == 0 {
        return None;
    }
    // Up to two modifiers, or a bare colon, which counts for nothing.
    let mut end = name;
    for _ in 0..2 {
        let rest = value.get(end..)?.strip_prefix(b":").unwrap_or_default();
        let letters = rest.iter().take_while(|b| b.is_ascii_lowercase()).count();
        if letters == 0 {
            break;
        }
        end += 1 + letters;
    }
    let header = value.get(..end)?;
    let rest = value.get(end..)?;
    let rest = if end == name { rest.strip_prefix(b":").unwrap_or(rest) } else { rest };
    operator(rest).map(|(negated, text)| (header, negated, text))
}

/// `=~ text` or `!~ text`.
pub(super) fn operator(rest: &[u8]) -> Option<(bool, &[u8])> {
    let rest = trim_start(rest);
    let negated = match rest.split_at_checked(2)?.0 {
        b"=~" => false,
        b"!~" => true,
        _ => return None,
    };
    let text = trim_start(rest.get(2..)?);
    (!text.is_empty()).then_some((negated, text))
}

/// Cuts ` [if-unset: text]` off.
pub(super) fn split_if_unset(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    const START: &[u8] = b"[if-unset:";
    let Some(inner) = text.strip_suffix(b"]") else { return (text, None) };
    for at in memchr::memmem::find_iter(inner, START) {
        let (before, rest) = inner.split_at_checked(at).unwrap_or_default();
        let rest = rest.get(START.len()..).unwrap_or_default();
        let value = trim_start(rest);
        let spaced = before.last().copied().is_some_and(is_space) && value.len() < rest.len();
        // Of white space alone, all but one character is the value.
        let blank = rest.get(1..).filter(|blank| !blank.is_empty());
        let value = if value.is_empty() { blank } else { Some(value) };
        if spaced && let Some(value) = value {
            return (super::scan::trim_end(before), Some(value));
        }
    }
    (text, None)
}

/// Reads a rule's pattern; complains and gives `None` if it is none.
fn pattern(
    draft: &mut Draft<'_>,
    name: &[u8],
    text: &[u8],
    line: Line<'_>,
) -> Option<Arc<Pattern>> {
    let text = captures::note_captures(draft, name, text);
    match Pattern::parse(&text, Strip::Required) {
        Ok(pattern) if refuses(draft, &pattern) => {
            draft.error(
                line.place,
                format!("invalid regexp for {}: it matches everything", show(name)),
            );
            None
        }
        Ok(pattern) => Some(Arc::new(pattern)),
        Err(error) => {
            let text = format!("invalid regexp for {} '{}': {error}", show(name), show(&text));
            draft.error(line.place, text);
            None
        }
    }
}

/// Does the pattern match everything, where that is not wanted?
fn refuses(draft: &Draft<'_>, pattern: &Pattern) -> bool {
    (draft.lint || draft.options.flag("ignore_always_matching_regexps"))
        && pattern.always_matches().is_some()
}

fn meta_test(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (name, value) = named(line)?;
    let mut stars = value.split(|&b| b == b'*');
    stars.next();
    // `**`, also with white space between.
    let mut between = stars.collect::<Vec<_>>();
    between.pop();
    valid(!between.iter().any(|text| text.iter().all(|&b| is_space(b))))?;
    if !may_be_named(draft, name, line) {
        return Ok(());
    }
    match meta::check(value) {
        Ok(()) => add_test(draft, name, value, Kind::Meta, line),
        Err(error) => {
            let text = format!("invalid meta {} rule '{}': {error}", show(name), show(value));
            // SpamAssassin warns of what looks like Perl, but its lint does not count it.
            match error {
                meta::MetaError::Forbidden => draft.warn(line.place, text),
                _ => draft.error(line.place, text),
            }
        }
    }
    Ok(())
}

/// `reuse NAME [OLD_NAME …]`: the name exists, even if nothing defines it.
fn reuse(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    if draft.plugins.has("Reuse") {
        let valid_names = words(line.value).all(is_rule_name) && !line.value.is_empty();
        valid(valid_names)?;
        let added = words(line.value).map(Box::from);
        draft.options.change_list(b"reuse", line.place, |list| list.extend(added));
        return Ok(());
    }
    // The words at the end of the line count.
    let mut fields: Vec<&[u8]> = Vec::new();
    for field in words(line.value).collect::<Vec<_>>().into_iter().rev() {
        let tail = field.iter().rev().take_while(|&&b| super::arithmetic::is_word(b)).count();
        if tail > 0 {
            fields.push(field.get(field.len() - tail..).unwrap_or_default());
        }
        if tail < field.len() {
            break;
        }
    }
    let name = *fields.last().ok_or(Refusal::Invalid)?;
    if !draft.has_test(name) {
        add_test(draft, name, b"", Kind::Empty, line);
    }
    Ok(())
}

/// `shortcircuit NAME ham|spam|on|off`
fn shortcircuit(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let (name, kind) = first_word(line.value).ok_or(Refusal::Invalid)?;
    valid(is_words(name) && is_words(kind))?;
    match kind {
        b"ham" | b"spam" => {
            let entry = draft.entry(name);
            if entry.priority.unwrap_or(0) == 0 {
                entry.priority = Some(-200);
            }
            let nice: &[u8] = if kind == b"ham" { b"nice " } else { b"" };
            let flags = match entry.tflags.take() {
                Some(before) if !before.is_empty() && *before != *b"0" => {
                    [&before, b" ".as_slice(), nice, b"noautolearn"].concat()
                }
                _ => [nice, b"noautolearn"].concat(),
            };
            entry.tflags = Some(flags.into());
        }
        b"on" | b"off" => {}
        _ => return Err(Refusal::Invalid),
    }
    draft.options.change_map(b"shortcircuit", line.place, |map| {
        if kind == b"off" {
            map.remove(name);
        } else {
            map.insert(name.into(), kind.into());
        }
    });
    Ok(())
}
