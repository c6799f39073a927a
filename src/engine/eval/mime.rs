//! The shape of a message: types, encodings, charsets, boundaries of its MIME parts.
//!
//! In: the MIME tree, the body, `ok_locales`. Out: hits, with nothing to show. What several
//! functions ask for is found once for each message ([`Shape`], [`capitals`]).
//! Mail::SpamAssassin::Plugin::MIMEEval(3).

mod capitals;
mod shape;

use super::{Binding, Row, Test, hit_if, literal, number, ok_locales, optional};
use crate::engine::scan::Scan;
use crate::message::{Facts, Part};
use crate::rules::model::{Eval, EvalClass};
use crate::text::locales;
use crate::text::pieces::Pieces;
use shape::{Shape, top_content_type};
use std::sync::Arc;

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::MIMEEval";

const fn row(
    name: &'static str,
    arguments: &'static str,
    meaning: &'static str,
    bind: fn(&Eval, &mut Binding) -> Result<Test, String>,
) -> Row {
    Row { name, plugin: PLUGIN, arguments, meaning, edits_body: false, waits: false, bind }
}

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row("check_for_mime", "('fact')", "the fact about the MIME parts is true, or its number is not 0", fact),
    row("check_for_mime_html", "()", "the message is HTML, or has an HTML part", html),
    row("check_for_mime_html_only", "()", "the message is HTML, or has an HTML part and no other text", html_only),
    row("check_mime_multipart_ratio", "('least', 'below')", "bytes of the last plain part for each byte of the last HTML part of an alternative; 1 where there are no such parts", multipart_ratio),
    row("check_msg_parse_flags", "('flag')", "parsing the message has raised the flag", parse_flag),
    row("check_for_ascii_text_illegal", "()", "a plain part that claims to be US-ASCII holds NUL, CR or 8-bit bytes", ascii_illegal),
    row("check_abundant_unicode_ratio", "(least)", "characters written as &#xHHHH; for each other byte of plain parts that are not encoded; the ratio has one to three decimals", unicode_ratio),
    row("check_for_faraway_charset", "()", "the message declares a charset that ok_locales does not allow, and at least half of the text is 8-bit", faraway_charset),
    row("check_for_uppercase", "('over', 'most')", "share of capitals among the letters and digits of the text, in percent; texts under 200 bytes and charsets of other scripts never hit", uppercase),
    row("check_ma_non_text", "()", "an alternative holds a part that is no text", non_text),
    row("check_base64_length", "('least' [, 'most'])", "bytes of the longest line of all base64 parts, with its line end", base64_length),
    row("check_qp_ratio", "('least')", "bytes that quoted-printable has encoded without need, for each byte so encoded", qp_ratio),
];

/// What this family reads of the rule files.
struct Mime {
    /// The language of the rule files: what `ok_locales` adds to.
    language: Vec<u8>,
    /// Does a rule of class `body` measure capitals? Its text is then every rule's text, since
    /// SpamAssassin measures once.
    capitals_of_body: bool,
}

impl Mime {
    fn new(to: &mut Binding) -> Result<Mime, String> {
        let measures = |test: &crate::rules::Test| {
            matches!(test, crate::rules::Test::Eval(call)
                if call.class == EvalClass::Body && &*call.function == "check_for_uppercase")
        };
        Ok(Mime {
            language: to.rules.language().to_vec(),
            capitals_of_body: to.rules.rules.iter().any(|rule| measures(&rule.test)),
        })
    }

    /// The message's shape, found when first asked for.
    fn shape(&self, scan: &mut Scan) -> Arc<Shape> {
        match scan.known_note() {
            Some(shape) => shape,
            None => {
                let welcome = ok_locales(scan, &self.language);
                let shape = Shape::of(scan.views().message(), welcome.0.as_deref());
                scan.note(shape)
            }
        }
    }
}

/// A test that looks at nothing but the shape.
fn of_shape(
    to: &mut Binding,
    hits: impl Fn(&Shape) -> bool + Send + Sync + 'static,
) -> Result<Test, String> {
    let mime = to.shared(Mime::new)?;
    Ok(Arc::new(move |scan, _| hit_if(hits(&mime.shape(scan)))))
}

fn fact(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let name = literal(call, 0)?;
    let known = shape::FACTS.iter().find(|(known, _)| known.as_bytes() == name);
    let Some((_, holds)) = known else {
        return Err(format!("there is no fact called '{}'", name.escape_ascii()));
    };
    of_shape(to, holds)
}

fn html(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    let mime = to.shared(Mime::new)?;
    Ok(Arc::new(move |scan, _| hit_if(is_html(scan) || mime.shape(scan).html)))
}

fn html_only(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    let mime = to.shared(Mime::new)?;
    let only = |shape: &Shape| shape.html && !shape.other_text;
    Ok(Arc::new(move |scan, _| hit_if(is_html(scan) || only(&mime.shape(scan)))))
}

/// Does the message's own Content-Type begin with `text/html`?
fn is_html(scan: &Scan) -> bool {
    let kind = top_content_type(scan.views()).unwrap_or_default();
    kind.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"))
}

fn multipart_ratio(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let (least, below) = (number(call, 0)?, number(call, 1)?);
    of_shape(to, move |shape| shape.multipart_ratio >= least && shape.multipart_ratio < below)
}

fn parse_flag(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    let name = literal(call, 0)?.to_vec();
    if Facts::default().flag(&name).is_none() {
        return Err(format!("there is no parse flag called '{}'", name.escape_ascii()));
    }
    Ok(Arc::new(move |scan, _| {
        hit_if(scan.views().message().facts().flag(&name).unwrap_or_default())
    }))
}

fn ascii_illegal(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    of_shape(to, |shape| shape.ascii_illegal)
}

fn unicode_ratio(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let text = literal(call, 0)?;
    let mut halves = text.split(|&byte| byte == b'.');
    let mut digits = || {
        let half = halves.next().filter(|half| half.iter().all(u8::is_ascii_digit));
        half.map(<[u8]>::len)
    };
    let (whole, decimals) = (digits(), digits());
    if !matches!((whole, decimals, halves.next()), (Some(0..=3), Some(1..=3), None)) {
        return Err(format!("'{}' is no ratio; write 0.02", text.escape_ascii()));
    }
    let least = number(call, 0)?;
    of_shape(to, move |shape| shape.unicode_ratio >= least)
}

fn faraway_charset(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let mime = to.shared(Mime::new)?;
    let class = call.class;
    Ok(Arc::new(move |scan, _| {
        let welcome = ok_locales(scan, &mime.language);
        let Some(locales) = &welcome.0 else { return hit_if(false) };
        let charset = shape::top_charset(scan.views());
        let is_faraway = charset.is_some_and(|charset| !locales::is_at_home(&charset, locales));
        // Such charsets hold ASCII, too: only a text that is not written in it counts.
        hit_if(is_faraway && is_mostly_eight_bit(text_of(class, scan)))
    }))
}

fn is_mostly_eight_bit(text: &Pieces) -> bool {
    let high = text.text().iter().filter(|byte| !byte.is_ascii()).count();
    // SpamAssassin joins the pieces with newlines before it counts.
    let low = text.text().len() - high + text.len().saturating_sub(1);
    high > 3 && low <= high
}

/// What a test of this class is given to read.
fn text_of(class: EvalClass, scan: &Scan) -> &Pieces {
    match class {
        EvalClass::Rawbody => scan.views().rawbody(),
        _ => scan.views().body(),
    }
}

/// The share of capitals in percent.
struct Capitals(f64);

fn uppercase(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let (over, most) = (number(call, 0)?, number(call, 1)?);
    let mime = to.shared(Mime::new)?;
    let class = if mime.capitals_of_body { EvalClass::Body } else { call.class };
    Ok(Arc::new(move |scan, _| {
        let share = match scan.known_note::<Capitals>() {
            Some(share) => share.0,
            None => {
                let other_script = mime.shape(scan).is_other_script(scan.views());
                let share = match other_script {
                    true => 0.0,
                    false => capitals::share(text_of(class, scan)),
                };
                scan.note(Capitals(share)).0
            }
        };
        hit_if(share > over && share <= most)
    }))
}

fn non_text(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|scan, _| {
        let parts = scan.views().message().parts();
        let is_alternative = |part: &&Part| part.content_type() == b"multipart/alternative";
        let inner = |part: &Part| match part.is_leaf() {
            true => true, // nested too deep to be read
            false => part.children.iter().filter_map(|&child| parts.get(child)).any(is_no_text),
        };
        hit_if(parts.iter().filter(is_alternative).any(inner))
    }))
}

/// Is the part a leaf that nobody can read in place of a text?
fn is_no_text(part: &Part) -> bool {
    let kind = part.content_type();
    part.is_leaf()
        && !kind.is_empty()
        && !matches!(kind, b"multipart/related" | b"application/rtf")
        && !kind.starts_with(b"text/")
}

fn base64_length(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let least = number(call, 0)?;
    let most = match optional(call, 1) {
        Some(_) => number(call, 1)?,
        None => f64::INFINITY,
    };
    of_shape(to, move |shape| (least..=most).contains(&(shape.longest_base64_line as f64)))
}

fn qp_ratio(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let least = number(call, 0)?;
    of_shape(to, move |shape| shape.qp_ratio() >= least)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{names, wrong};

    const PRE: &str = "loadplugin Mail::SpamAssassin::Plugin::MIMEEval\n";

    #[test]
    fn wrong_arguments_are_found_when_rules_are_loaded() {
        let lines = "body A eval:check_for_mime()\n\
                     body B eval:check_for_mime('mime_no_such_count')\n\
                     body C eval:check_for_mime('mimepart_limit_exceeded')\n\
                     body D eval:check_mime_multipart_ratio('0.1')\n\
                     body E eval:check_msg_parse_flags('no_such_flag')\n\
                     body F eval:check_abundant_unicode_ratio('2')\n\
                     body G eval:check_abundant_unicode_ratio(0.0200)\n\
                     body H eval:check_abundant_unicode_ratio(.02)\n\
                     body I eval:check_for_uppercase('ten', '20')\n\
                     body J eval:check_base64_length('78', 'many')\n\
                     body K eval:check_qp_ratio()\n";
        assert_eq!(wrong(PRE, lines), ["A", "B", "D", "E", "F", "G", "I", "J", "K"]);
    }

    /// SpamAssassin measures the text of the rule that comes first, and `body` comes first.
    #[test]
    fn capitals_are_measured_once() {
        let mail = format!("Content-Type: text/html\n\n<p title='{}'>low case", "HIGH ".repeat(60));
        let lines = "rawbody A eval:check_for_uppercase('50', '100')\n";
        assert_eq!(names(PRE, lines, &mail), "A");
        let both = [lines, "body B eval:check_for_uppercase('50', '100')\n"].concat();
        assert_eq!(names(PRE, &both, &mail), "");
    }
}
