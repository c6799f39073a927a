//! What HTML parts are like: lengths, ratios, tags, texts.
//!
//! In: the facts of rendered HTML. Out: a hit if one of a message's parts is so. A fact that
//! there is none of, and a condition that can never hold, are wrong calls.
//! Mail::SpamAssassin::Plugin::HTMLEval.

mod expression;
mod fact;
mod text;

use super::{Binding, Row, Test, at_most, hit_if, literal, number, optional};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::html::Html;
use crate::rules::model::Eval;
use expression::Expression;
use fact::Fact;
use std::sync::Arc;

/// The functions.
pub const TABLE: &[Row] = &[
    Row::new(
        PLUGIN,
        "html_tag_balance",
        "('tag', '> 0')",
        "so many elements of that name are left open as the comparison says",
        tag_balance,
    ),
    Row::new(
        PLUGIN,
        "html_image_only",
        "('min', 'max')",
        "there is an image, and the HTML source has more than min and at most max characters",
        image_only,
    ),
    Row::new(
        PLUGIN,
        "html_image_ratio",
        "('min', 'max')",
        "characters of text for each square pixel of images: more than min, at most max",
        image_ratio,
    ),
    Row::new(
        PLUGIN,
        "html_charset_faraway",
        "()",
        "never: SpamAssassin 4 forgets which charset a meta element names",
        charset_faraway,
    ),
    Row::new(PLUGIN, "html_tag_exists", "('tag')", "there is such a tag", tag_exists),
    Row::new(PLUGIN, "html_test", "('fact')", "the fact is there, and not 0", test),
    Row::new(PLUGIN, "html_eval", "('fact', '< 384')", "the comparison holds for the fact", eval),
    Row::new(
        PLUGIN,
        "html_text_match",
        "('text', 'regex')",
        "one of such texts matches",
        text::matches,
    ),
    Row::new(PLUGIN, "html_title_subject_ratio", "('ratio')", TITLE_SUBJECT, title_subject_ratio),
    Row::new(
        PLUGIN,
        "html_text_not_match",
        "('text', 'regex')",
        "one of such texts does not match",
        text::does_not_match,
    ),
    Row::new(
        PLUGIN,
        "html_range",
        "('fact', 'min' [, 'max'])",
        "the fact is more than min and at most max; without max, or with inf, more than min",
        range,
    ),
    Row::new(PLUGIN, "check_iframe_src", "()", "there is an iframe with a source", iframe_src),
];

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::HTMLEval";

const TITLE_SUBJECT: &str = "a title is more than so many times as long as the subject";

/// A test that hits if one of the HTML parts is so.
fn any(is_so: impl Fn(&Html) -> bool + Send + Sync + 'static) -> Result<Test, String> {
    Ok(Arc::new(move |scan, _| hit_if(scan.views().html().any(&is_so))))
}

/// The fact that the call names first.
fn fact(call: &Eval) -> Result<Fact, String> {
    let name = literal(call, 0)?;
    Fact::named(name).ok_or_else(|| format!("HTML has no fact called '{}'", name.escape_ascii()))
}

/// The tag that the call names first.
fn tag(call: &Eval) -> Result<Vec<u8>, String> {
    let tag = literal(call, 0)?;
    match tag.is_empty() {
        true => Err(format!("{} needs the name of a tag", call.function)),
        false => Ok(tag.to_vec()),
    }
}

fn tag_balance(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 2)?;
    let tag = tag(call)?;
    if !tag.iter().all(u8::is_ascii_alphanumeric) {
        return Err(format!("'{}' is no name of a tag", tag.escape_ascii()));
    }
    let holds = Expression::parse(literal(call, 1)?)?;
    any(move |html| html.inside.get(&tag).is_some_and(|&open| holds.of(open as f64)))
}

fn tag_exists(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 1)?;
    let tag = tag(call)?;
    any(move |html| html.inside.contains_key(&tag))
}

fn image_only(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 2)?;
    let (min, max) = (number(call, 0)?, number(call, 1)?);
    any(move |html| {
        let length = html.length as f64;
        !html.aborted && length > min && length <= max && html.inside.contains_key(&b"img"[..])
    })
}

fn image_ratio(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 2)?;
    let (min, max) = (number(call, 0)?, number(call, 1)?);
    any(move |html| {
        let ratio = html.non_space_len as f64 / html.image_area;
        html.image_area > 0.0 && ratio > min && ratio <= max
    })
}

fn charset_faraway(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 0)?;
    Ok(Arc::new(|_, _| hit_if(false)))
}

fn test(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 1)?;
    let fact = fact(call)?;
    any(move |html| fact.value(html).is_some_and(|value| value != 0.0))
}

fn eval(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 2)?;
    let fact = fact(call)?;
    let holds = Expression::parse(literal(call, 1)?)?;
    any(move |html| fact.value(html).is_some_and(|value| holds.of(value)))
}

fn range(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 3)?;
    let fact = fact(call)?;
    let min = number(call, 1)?;
    let max = match optional(call, 2) {
        None | Some(b"inf") => f64::INFINITY,
        Some(_) => number(call, 2)?,
    };
    any(move |html| fact.value(html).is_some_and(|value| value > min && value <= max))
}

fn title_subject_ratio(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 1)?;
    let ratio = number(call, 0)?;
    let subject = HeaderQuery::ask(b"Subject");
    Ok(Arc::new(move |scan, _| {
        hit_if(match scan.views().html().map(longest_title).max() {
            None => false,
            Some(0) if ratio >= 0.0 => false,
            Some(longest) => length(&subject, scan).is_some_and(|s| longest as f64 / s > ratio),
        })
    }))
}

/// Characters of the longest title; 0 for one that Perl takes for false.
fn longest_title(html: &Html) -> usize {
    let titles = html.title.iter().filter(|title| title.text != b"0");
    titles.map(|title| title.length()).max().unwrap_or(0)
}

/// Bytes of the header, the newline at its end included; `None` without such a header.
fn length(header: &HeaderQuery, scan: &Scan) -> Option<f64> {
    let value = scan.views().header(header)?;
    (!value.is_empty()).then_some(value.len() as f64)
}

fn iframe_src(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 0)?;
    any(|html| html.uris.iter().any(|link| link.types.contains(&"iframe")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::wrong;

    #[test]
    fn wrong_calls_are_found_when_rules_are_loaded() {
        let pre = "loadplugin Mail::SpamAssassin::Plugin::HTMLEval\n";
        let calls = [
            ("html_test('length')", true),
            ("html_test('lenght')", false),
            ("html_test()", false),
            ("html_test('length', 1)", false),
            ("html_range('length', '0', 'inf')", true),
            ("html_range('length', '')", true),
            ("html_range('length', '5px', 9)", true),
            ("html_range('length', 'few')", false),
            ("html_range('length')", false),
            ("html_eval('length', '< 5')", true),
            ("html_eval('length', '5')", false),
            ("html_tag_balance('body', '!= 0')", true),
            ("html_tag_balance('o:p', '!= 0')", false),
            ("html_tag_exists('')", false),
            ("html_text_match('title', 'a|b')", true),
            ("html_text_match('title', '(')", false),
            ("html_text_not_match('inside', 'a')", false),
            ("html_title_subject_ratio('3.5')", true),
            ("html_title_subject_ratio()", false),
            ("html_image_only('0')", false),
            ("check_iframe_src(1)", false),
        ];
        let lines: String = calls
            .iter()
            .enumerate()
            .map(|(number, (call, _))| format!("body R{number} eval:{call}\n"))
            .collect();
        let refused = calls.iter().enumerate().filter(|(_, (_, right))| !right);
        let refused: Vec<_> = refused.map(|(number, _)| format!("R{number}")).collect();
        assert_eq!(wrong(pre, &lines), refused);
    }
}
