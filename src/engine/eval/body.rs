//! What bodies are like: how text and HTML differ, blank lines, labels of stock tips, lengths,
//! signatures. Mail::SpamAssassin::Plugin::BodyEval.
//!
//! In: rendered and decoded texts. Out: hits. A missing number is 0, as in Perl.

mod alternative;
mod stock;

use super::{Binding, Row, Test, at_most, hit_if, number, optional, optional_number};
use crate::engine::scan::Scan;
use crate::message::view::Views;
use crate::rules::model::{Eval, EvalClass};
use crate::text::ascii::is_space;
use alternative::Difference;
use std::sync::Arc;
use stock::Labels;

/// The functions.
pub const TABLE: &[Row] = &[
    Row::new(
        PLUGIN,
        "multipart_alternative_difference",
        "('min', 'max' | 'undef')",
        "per cent of the different HTML words that the text lacks: more than min (0: any), at \
         most max",
        difference,
    ),
    Row::new(
        PLUGIN,
        "multipart_alternative_difference_count",
        "('ratio', 'min')",
        "more than ratio different words of text for each of HTML, and more than min of HTML",
        difference_count,
    ),
    Row::new(
        PLUGIN,
        "check_blank_line_ratio",
        "('min', 'max' [, 'lines'])",
        "per cent of blank lines: more than min (0: any), at most max; fewer lines count as -1",
        blank_line_ratio,
    ),
    Row::new(
        PLUGIN,
        "tvd_vertical_words",
        "('min', 'max')",
        "the most spaces for 100 other characters in a paragraph: at least min, less than max \
         (100: any)",
        vertical_words,
    ),
    Row::new(
        PLUGIN,
        "check_stock_info",
        "('min')",
        "at least so many different labels of stock tips",
        stock,
    ),
    Row::new(
        PLUGIN,
        "check_body_length",
        "('max')",
        "the raw body has at most so many bytes",
        body_length,
    ),
    Row::new(
        PLUGIN,
        "plaintext_body_length",
        "('min' [, 'max'])",
        "bytes of the first text/plain part before its signature: from min to max",
        |call, _| signature(call, |found| found.body, f64::INFINITY),
    ),
    Row::new(
        PLUGIN,
        "plaintext_sig_length",
        "('min' [, 'max'])",
        "bytes of the signature of the first text/plain part: from min to max",
        |call, _| signature(call, |found| found.signature, f64::INFINITY),
    ),
    Row::new(
        PLUGIN,
        "plaintext_body_sig_ratio",
        "('min' [, 'max'])",
        "bytes before for each byte of the signature: from min to max; 1000000 without one",
        |call, _| signature(call, Signature::ratio, NO_SIGNATURE),
    ),
];

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::BodyEval";

fn difference(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 2)?;
    let min = number(call, 0)?;
    let max = match optional(call, 1) {
        Some(b"undef") => f64::INFINITY,
        _ => number(call, 1)?,
    };
    Ok(Arc::new(move |scan, _| {
        let found = scan.facts(|scan| Difference::of(scan.views())).percent;
        hit_if((min == 0.0 || found > min) && found <= max)
    }))
}

fn difference_count(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 2)?;
    let (ratio, min) = (number(call, 0)?, number(call, 1)?);
    Ok(Arc::new(move |scan, _| {
        let found = scan.facts(|scan| Difference::of(scan.views()));
        hit_if(found.html_words > min && found.text_words / found.html_words > ratio)
    }))
}

/// Lines of the decoded text, and those of white space alone.
struct Lines {
    all: f64,
    blank: f64,
}

impl Lines {
    fn of(views: &Views) -> Lines {
        let mut lines = Lines { all: 0.0, blank: 0.0 };
        for line in views.rawbody().iter().flat_map(|chunk| chunk.split_inclusive(|b| *b == b'\n'))
        {
            lines.all += 1.0;
            lines.blank += f64::from(u8::from(line.iter().all(|&byte| is_space(byte))));
        }
        lines
    }

    fn percent_blank(&self, least_lines: f64) -> f64 {
        if self.all < least_lines { -1.0 } else { 100.0 * self.blank / self.all }
    }
}

fn blank_line_ratio(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 3)?;
    let (min, max) = (number(call, 0)?, number(call, 1)?);
    let least_lines = optional_number(call, 2)?.unwrap_or(1.0).max(1.0);
    Ok(Arc::new(move |scan, _| {
        let found = scan.facts(|scan| Lines::of(scan.views())).percent_blank(least_lines);
        hit_if((min == 0.0 || found > min) && found <= max)
    }))
}

/// How many spaces the paragraph that is most so has for 100 other characters; -1 without any
/// paragraph over five bytes. For `body` rules, and for `rawbody` rules.
struct Vertical<const RAW: bool>(f64);

impl<const RAW: bool> Vertical<RAW> {
    fn of(views: &Views) -> Vertical<RAW> {
        let pieces = if RAW { views.rawbody() } else { views.body() };
        let measured = pieces.iter().filter(|piece| piece.len() > 5).map(|piece| {
            let spaces = memchr::memchr_iter(b' ', piece).count();
            let others = piece.len() - spaces;
            if spaces > others { 100 } else { 100 * spaces / others }
        });
        Vertical(measured.max().map_or(-1.0, |most| most as f64))
    }
}

fn vertical_words(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 2)?;
    let (min, max) = (number(call, 0)?, number(call, 1)?);
    let max = if max >= 100.0 { 101.0 } else { max };
    let is_raw = call.class == EvalClass::Rawbody;
    Ok(Arc::new(move |scan, _| {
        let found = match is_raw {
            true => scan.facts(|scan| Vertical::<true>::of(scan.views())).0,
            false => scan.facts(|scan| Vertical::<false>::of(scan.views())).0,
        };
        hit_if(found >= min && found < max)
    }))
}

fn stock(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 1)?;
    let min = number(call, 0)?;
    Ok(Arc::new(move |scan, _| {
        hit_if(min == 0.0 || scan.facts(|scan| Labels::of(scan.views())).0 as f64 >= min)
    }))
}

fn body_length(call: &Eval, _: &mut Binding) -> Result<Test, String> {
    at_most(call, 1)?;
    let max = number(call, 0)?;
    Ok(Arc::new(move |scan, _| hit_if(scan.views().message().pristine_body().len() as f64 <= max)))
}

/// What the ratio of body and signature counts as where there is no signature.
const NO_SIGNATURE: f64 = 1e6;

/// The first text/plain part cut at its last signature delimiter.
#[derive(Clone, Copy)]
struct Signature {
    body: f64,
    signature: f64,
}

impl Signature {
    /// `None` without such a part.
    fn of(views: &Views) -> Option<Signature> {
        let mut parts = views.message().parts().iter();
        let part = parts.find(|part| part.content_type().starts_with(b"text/plain"))?;
        Some(Signature::in_text(part.decoded()))
    }

    fn in_text(text: &[u8]) -> Signature {
        let mut end = text.len();
        // From the end: the last delimiter counts that more than four bytes follow.
        while let Some(start) = end.checked_sub(1) {
            let head = text.get(..start).unwrap_or_default();
            let begin = memchr::memrchr(b'\n', head).map_or(0, |newline| newline + 1);
            let line = text.get(begin..end).unwrap_or_default();
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let after = text.len() - begin - line.len();
            if after > 4 && is_delimiter(line) {
                return Signature { body: begin as f64, signature: after as f64 };
            }
            end = begin;
        }
        Signature { body: text.len() as f64, signature: 0.0 }
    }

    fn ratio(self) -> f64 {
        if self.signature > 0.0 { self.body / self.signature } else { NO_SIGNATURE }
    }
}

/// Is the line two hyphens, perhaps with a space (RFC 3676 section 4.3)?
fn is_delimiter(line: &[u8]) -> bool {
    matches!(line.strip_suffix(b"\r").unwrap_or(line), b"--" | b"-- ")
}

fn signature(call: &Eval, of: fn(Signature) -> f64, no_max: f64) -> Result<Test, String> {
    at_most(call, 2)?;
    let min = number(call, 0)?;
    let max = optional_number(call, 1)?.unwrap_or(no_max);
    Ok(Arc::new(move |scan: &mut Scan, _| {
        let found = scan.facts(|scan| Signature::of(scan.views())).map(of);
        hit_if(found.is_some_and(|found| found >= min && found <= max))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_signature_delimiter_counts_unless_nearly_nothing_follows() {
        let cases: [(&str, usize, usize); 9] = [
            ("text\n-- \nname\n", 5, 6),
            ("text\n--\r\nname\n", 5, 6),
            ("text\n-- \nabc\n", 5, 5),
            ("text\n-- \nab\n", 12, 0),
            ("-- \none\n--\ntwo two", 8, 8),
            ("text\n-- \none\n--\n", 5, 8),
            ("text\n --\none\n---\ntwo\n", 21, 0),
            ("--", 2, 0),
            ("", 0, 0),
        ];
        for (text, body, signature) in cases {
            let found = Signature::in_text(text.as_bytes());
            assert_eq!((found.body, found.signature), (body as f64, signature as f64), "{text:?}");
        }
    }
}
