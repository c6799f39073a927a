//! Running one rule that is no meta.

use super::Worker;
use super::program::{Leaf, Program, Rules, Slot, View};
use super::scan::{Scan, Seen};
use super::verdict::Evidence;
use crate::limits::Limit;
use crate::message::uri::Detail;
use crate::message::view::Views;
use crate::message::{Part, encoded_word, header_block};
use crate::rules::model::{UriCondition, UriKey};
use crate::rules::regex::{Caches, Exact, Ids, Matches, Overrun, Pattern, Strip};
use crate::rules::{Rule, RuleId, Test};
use crate::text::pieces::Pieces;
use std::sync::Arc;

/// Runs `id` and settles it. A rule without a score, or one that does not or cannot run, is worth
/// 0.
pub(super) fn run(scan: &mut Scan, rules: Rules, id: RuleId, worker: &mut Worker) {
    let program = rules.program;
    let (rule, leaf) = (program.rules.rule(id), program.leaves.get(id.0 as usize));
    let (Some(rule), Some(leaf)) = (rule, leaf) else { return scan.settle(id, 0, None) };
    if rules.course.score(id) == 0.0 || rules.course.is_skipped(id) {
        return scan.settle(id, 0, None);
    }
    match outcome(scan, rules, (id, rule), leaf, worker) {
        Ok((count, evidence)) => scan.settle(id, count, evidence),
        Err(overrun) => {
            if let Some(limit) = overrun.limit() {
                scan.reached.note(limit);
            }
            scan.overruns.push(id);
            scan.settle(id, 0, None);
        }
    }
    scan.finish_edit(rules, rule.priority, worker);
}

/// How often a rule hit, and what it matched first.
pub(super) type Outcome = Result<(u32, Option<Evidence>), Overrun>;

/// It did not hit.
pub(super) const MISS: (u32, Option<Evidence>) = (0, None);
/// It hit once, with nothing to show.
pub(super) const HIT: (u32, Option<Evidence>) = (1, None);

fn outcome(
    scan: &mut Scan,
    rules: Rules,
    (id, rule): (RuleId, &Rule),
    leaf: &Leaf,
    worker: &mut Worker,
) -> Outcome {
    match leaf {
        Leaf::Pattern { view, index, negated: false } => {
            pattern(scan, rules, (id, rule), *view, *index, worker)
        }
        Leaf::Pattern { view, index, negated: true } => {
            let found = match rule.templates.is_empty() {
                true => Some(search(scan, rules, *view, *index, 1, worker)?),
                false => tagged(scan, rules, (id, rule), (*view, *index), 1, worker)?,
            };
            Ok(if found.is_some_and(|found| found.count == 0) { HIT } else { MISS })
        }
        Leaf::Exists(query) => Ok(if query.exists(&scan.views.source()) { HIT } else { MISS }),
        Leaf::MimeHeader(exact) => mime_header(scan, rule, exact, worker),
        Leaf::UriDetail(exacts) => uri_detail(scan, rule, exacts, &mut worker.caches),
        Leaf::Eval(test) => test(scan, worker),
        Leaf::Meta | Leaf::Nothing => Ok(MISS),
    }
}

/// The pieces of `view`, as its plan numbers them.
pub(super) fn pieces(view: View, program: &Program, views: &Views) -> Pieces {
    match view {
        View::Headers => header_values(program, views),
        View::Body => views.body().clone(),
        View::Rawbody => views.rawbody().clone(),
        View::Uris => views.uris().rule_inputs(),
        View::Full => std::iter::once(views.message().pristine()).collect(),
    }
}

/// One piece for each header that rules ask for. An absent header is an empty one to a
/// pattern, unless the rule says what stands for it.
fn header_values(program: &Program, views: &Views) -> Pieces {
    let value = |slot: &Slot| {
        views
            .header(&slot.query)
            .or_else(|| slot.if_unset.as_deref().map(<[u8]>::to_vec))
            .unwrap_or_default()
    };
    program.slots.iter().map(value).collect()
}

/// How many matches of `rule` count.
fn most_matches(scan: &Scan, rule: &Rule) -> usize {
    let limit = scan.views.settings().limits.rule_hits;
    match (rule.tflags.multiple, rule.tflags.maxhits) {
        (false, _) => 1,
        (true, Some(most)) if most > 0 => (most as usize).min(limit),
        // `maxhits=0` stops after the first, as the check comes after the hit.
        (true, Some(_)) => 1,
        (true, None) => limit,
    }
}

/// Searches a view for a rule's pattern.
fn search(
    scan: &mut Scan,
    rules: Rules,
    view: View,
    index: usize,
    most: usize,
    worker: &mut Worker,
) -> Result<Matches, Overrun> {
    let Seen { pieces, scratch } = scan.see(rules, view, worker);
    rules.program.plan(view).resume(pieces, scratch).run(index, most, &mut worker.caches)
}

fn pattern(
    scan: &mut Scan,
    rules: Rules,
    (id, rule): (RuleId, &Rule),
    view: View,
    index: usize,
    worker: &mut Worker,
) -> Outcome {
    let most = most_matches(scan, rule);
    let mut found = search(scan, rules, view, index, most, worker)?;
    if found.count > 0 && !rule.templates.is_empty() {
        found = tagged(scan, rules, (id, rule), (view, index), most, worker)?.unwrap_or_default();
    }
    if found.count == 0 {
        return Ok(MISS);
    }
    if found.count >= scan.views.settings().limits.rule_hits {
        scan.reached.note(Limit::RuleHits);
    }
    if rule.captures
        && rule.templates.is_empty()
        && let Some(exact) = rules.program.plan(view).pattern(index)
    {
        scan.see(rules, view, worker);
        let caches = &mut worker.caches;
        let seen = scan.seen(view);
        let values = seen.map(|seen| captured(exact, &seen.pieces, &found, caches));
        scan.tags.set(values.transpose()?.unwrap_or_default());
    }
    let limit = scan.views.settings().limits.evidence;
    let shown = evidence(&scan.see(rules, view, worker).pieces, &found, limit);
    Ok((count(&found), shown))
}

/// How often it matched, as hits count.
fn count(found: &Matches) -> u32 {
    u32::try_from(found.count).unwrap_or(u32::MAX)
}

/// The text of the first match, clipped.
fn evidence(pieces: &Pieces, found: &Matches, limit: usize) -> Option<Evidence> {
    let (piece, range) = found.first.clone()?;
    let text = pieces.get(piece)?.get(range.clone())?;
    let text = text.get(..limit).unwrap_or(text).to_vec();
    Some(Evidence { text, piece, offset: range.start })
}

/// The matches of a rule whose pattern holds `%{TAG}`: what the plan knows is the pattern with
/// anything in the tag's place; here the tag's values are put in and the pattern is run for good.
/// `None`: a tag has no value, and the rule does not run, not even one with `!~`.
fn tagged(
    scan: &mut Scan,
    rules: Rules,
    (id, rule): (RuleId, &Rule),
    (view, index): (View, usize),
    most: usize,
    worker: &mut Worker,
) -> Result<Option<Matches>, Overrun> {
    scan.see(rules, view, worker);
    let tags = scan.frozen.as_deref().unwrap_or(&scan.tags);
    if let (true, [name]) = (rules.program.holding.contains(&id), &*rule.templates) {
        // Most texts have none of the values, which is seen without compiling anything.
        let values = tags.values(name, &scan.views);
        let scratch = scan.seen(view).map(|seen| &seen.scratch);
        let is_plain = !values.is_empty() && values.iter().all(|value| value.is_ascii());
        if is_plain && scratch.is_some_and(|scratch| !scratch.holds_any(&values)) {
            return Ok(Some(Matches::default()));
        }
    }
    let source = rule.test.pattern().map(|pattern| pattern.source()).unwrap_or_default();
    let Some(source) = tags.fill(&source, &rule.templates, &scan.views) else { return Ok(None) };
    let limits = &scan.views.settings().limits;
    let Ok(filled) = Pattern::parse_within(&source, Strip::Bare, limits) else { return Ok(None) };
    let exact = Exact::new(Arc::new(filled), &mut Ids::new(), limits);
    let mut caches = Caches::new();
    let mut found = Matches::default();
    let Some(Seen { pieces, .. }) = scan.seen(view) else { return Ok(None) };
    let scope = rules.program.plan(view).scope(index, pieces.len());
    for (number, piece) in pieces.iter().enumerate().take(scope.end).skip(scope.start) {
        let (matches, first) = exact.count(piece, most - found.count, &mut caches)?;
        found.count += matches;
        found.first = found.first.or_else(|| first.map(|range| (number, range)));
        if found.count >= most {
            break;
        }
    }
    Ok(Some(found))
}

/// What named groups captured, for each match that counts: pairs of name and value.
fn captured(
    exact: &Exact,
    pieces: &Pieces,
    found: &Matches,
    caches: &mut Caches,
) -> Result<Vec<(String, Vec<u8>)>, Overrun> {
    let mut captured: Vec<(String, Vec<u8>)> = Vec::new();
    let mut left = found.count;
    let first = found.first.as_ref().map_or(0, |(piece, _)| *piece);
    for piece in pieces.iter().skip(first) {
        let mut at = 0;
        while left > 0 {
            let Some(groups) = exact.captures_at(piece, at, caches)? else { break };
            left -= 1;
            for name in exact.names() {
                let values = exact.groups_named(name).iter().filter_map(|&group| {
                    piece.get(groups.get(group)?.clone()?).filter(|value| !value.is_empty())
                });
                captured.extend(values.map(|value| (name.to_owned(), value.to_vec())));
            }
            let whole = groups.first().cloned().flatten().unwrap_or(at..at);
            at = if whole.is_empty() { whole.end + 1 } else { whole.end };
        }
    }
    Ok(captured)
}

/// A pattern on a header of every MIME part, the message itself among them.
fn mime_header(scan: &mut Scan, rule: &Rule, exact: &Exact, worker: &mut Worker) -> Outcome {
    let Test::MimeHeader { header, raw, negated, if_unset, .. } = &rule.test else {
        return Ok(MISS);
    };
    if *negated {
        return Ok(HIT); // SpamAssassin never looks at what a negated one finds
    }
    let limits = &scan.views.settings().limits;
    let (first, last) = rule.tflags.range.unwrap_or((0, 1000));
    let numbered = (1u32..).zip(scan.views.message().parts());
    let in_range = numbered.filter(|(number, _)| (first..=last).contains(number));
    let is_there = |part: &Part| **header == *b"ALL" || part.headers.last(header).is_some();
    if if_unset.is_empty()
        && !rule.tflags.concat
        && exact.needs_text()
        && !in_range.clone().any(|(_, p)| is_there(p))
    {
        return Ok(MISS);
    }
    let value =
        |part: &Part| part_header(part, header, *raw, limits).unwrap_or_else(|| if_unset.to_vec());
    let mut values: Pieces = in_range.map(|(_, part)| value(part)).collect();
    if rule.tflags.concat {
        values = std::iter::once(joined(&values)).collect();
    }
    let most = match (rule.tflags.maxhits, rule.tflags.multiple) {
        (Some(most), _) => most.max(1) as usize,
        (None, true) => 1000,
        (None, false) => 1,
    };
    for (number, piece) in values.iter().enumerate() {
        let (matches, range) = exact.count(piece, most, &mut worker.caches)?;
        if matches > 0 {
            let found = Matches { count: matches, first: range.map(|range| (number, range)) };
            let shown = evidence(&values, &found, limits.evidence);
            if rule.captures {
                let values = captured(exact, &values, &found, &mut worker.caches)?;
                scan.tags.set(values);
            }
            return Ok((if rule.tflags.multiple { count(&found) } else { 1 }, shown));
        }
    }
    Ok(MISS)
}

/// The last field of this name in a part, or all of its fields for `ALL`.
fn part_header(
    part: &Part,
    name: &[u8],
    raw: bool,
    limits: &crate::limits::Limits,
) -> Option<Vec<u8>> {
    if name == b"ALL" {
        let lines = match raw {
            false => header_block::decoded(&part.headers, limits),
            true => part
                .headers
                .iter()
                .map(|field| [field.name.as_slice(), b": ", &unfolded(&field.raw)].concat())
                .collect(),
        };
        return Some(lines.concat());
    }
    let field = part.headers.last(name)?;
    Some(match raw {
        true => field.raw.clone(),
        false => [encoded_word::decoded(field).as_slice(), b"\n"].concat(),
    })
}

/// Each line end and the white space after it as one space.
fn unfolded(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        let behind = match rest {
            [b'\n', behind @ ..] | [b'\r', b'\n', behind @ ..] => behind.trim_ascii_start(),
            _ => b"",
        };
        let folds = matches!(rest, [b'\n', ..] | [b'\r', b'\n', ..]);
        let spaces = after.first().is_some_and(u8::is_ascii_whitespace);
        if folds && spaces {
            text.push(b' ');
            rest = behind;
        } else {
            text.push(byte);
            rest = after;
        }
    }
    text
}

/// The values one behind the other, each ended by a newline.
fn joined(values: &Pieces) -> Vec<u8> {
    let mut all = Vec::new();
    for value in values.iter() {
        all.extend_from_slice(value);
        if !value.ends_with(b"\n") {
            all.push(b'\n');
        }
    }
    all
}

/// All conditions on one and the same URI.
fn uri_detail(scan: &Scan, rule: &Rule, exacts: &[Arc<Exact>], caches: &mut Caches) -> Outcome {
    let Test::UriDetail { conditions } = &rule.test else { return Ok(MISS) };
    for detail in &scan.views.uris().details {
        let mut holds = true;
        for (condition, exact) in conditions.iter().zip(exacts) {
            holds = any_text(detail, condition, exact, caches)?;
            if !holds {
                break;
            }
        }
        if holds {
            let limit = scan.views.settings().limits.evidence;
            let text = detail.raw.get(..limit).unwrap_or(&detail.raw).to_vec();
            return Ok((1, Some(Evidence { text, piece: 0, offset: 0 })));
        }
    }
    Ok(MISS)
}

/// Does one of the texts that the condition looks at meet it?
fn any_text(
    detail: &Detail,
    condition: &UriCondition,
    exact: &Exact,
    caches: &mut Caches,
) -> Result<bool, Overrun> {
    let texts: Vec<&[u8]> = match condition.key {
        UriKey::Raw => vec![&detail.raw],
        UriKey::Type => detail.types.iter().map(|kind| kind.as_bytes()).collect(),
        UriKey::Cleaned => detail.cleaned.iter().map(Vec::as_slice).collect(),
        UriKey::Text => detail.anchor_text.iter().map(Vec::as_slice).collect(),
        UriKey::Domain => detail.domains().collect(),
        UriKey::Host => detail.hosts.iter().map(|host| host.name.as_slice()).collect(),
    };
    for text in texts {
        if exact.is_match(text, caches)? != condition.negated {
            return Ok(true);
        }
    }
    Ok(false)
}
