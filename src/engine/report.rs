//! Templates filled in from a verdict: the report of REPORT, and whatever else the
//! configuration writes with `_TAGS_`.
//!
//! In go a template's text, a [`Verdict`] and the [`Facts`] around it, out come bytes as
//! SpamAssassin makes them (`Mail::SpamAssassin::Conf`, TEMPLATE TAGS). A tag that is not
//! known stays as it is written. What a value brings is never looked at for tags again,
//! and what comes from the mail holds no control characters.

use super::verdict::{Hit, Verdict};
use super::wrap::{is_space, wrap};
use crate::text::number::{show, shown_score};

/// What a template may show beside the verdict.
pub struct Facts<'a> {
    /// `report_hostname`, or this machine's name.
    pub hostname: &'a str,
    /// `report_contact`.
    pub contact: &'a [u8],
    /// The SpamAssassin version whose rules we run: `4.0.1`.
    pub version: &'a str,
    /// Its date: `2024-03-25`.
    pub subversion: &'a str,
    /// Versions of the rule channels, with commas between.
    pub rules_version: &'a str,
    /// The client, by name.
    pub remote_host: &'a str,
    /// The client, by address.
    pub remote_address: &'a str,
    /// The time of the scan as mail writes it.
    pub date: &'a str,
    /// `report_wrap_width`.
    pub wrap_width: usize,
    /// Every tag that is not built in: a relay's address, a named capture.
    pub other: &'a Other<'a>,
}

/// Looks a tag up by its name and what stood in parentheses.
pub type Other<'a> = dyn Fn(&[u8], Option<&[u8]>) -> Option<Vec<u8>> + 'a;

/// `report_wrap_width` without configuration.
pub const WRAP_WIDTH: usize = 75;

/// The report of REPORT and REPORT_IFSPAM: `template` filled in, with one empty line at
/// its end.
pub fn report(template: &[u8], verdict: &Verdict, facts: &Facts) -> Vec<u8> {
    let template = if template.is_empty() { b"(no report template found)" } else { template };
    let mut report = fill(template, verdict, facts);
    while report.last() == Some(&b'\n') {
        report.pop();
    }
    report.extend_from_slice(b"\n\n");
    report
}

/// `template` with all known tags replaced.
pub fn fill(template: &[u8], verdict: &Verdict, facts: &Facts) -> Vec<u8> {
    let mut text = Vec::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(place) = memchr::memchr(b'_', rest) {
        let (before, from) = rest.split_at(place);
        text.extend_from_slice(before);
        let (taken, value) = match tag(from) {
            Some(tag) => (tag.length, tag.value(verdict, facts)),
            None => (1, None),
        };
        text.extend_from_slice(value.as_deref().unwrap_or(&from[..taken]));
        rest = &from[taken..];
    }
    text.extend_from_slice(rest);
    text
}

/// A tag at the beginning of a text.
struct Tag<'a> {
    name: &'a [u8],
    argument: Option<&'a [u8]>,
    /// With both underscores.
    length: usize,
}

/// The tag that `text` begins with: `_NAME_` or `_NAME(argument)_`, the longest name first.
fn tag(text: &[u8]) -> Option<Tag<'_>> {
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    for end in name_ends(line).into_iter().rev() {
        let name = &line[1..end];
        if let Some(inner) = line[end..].strip_prefix(b"(")
            && let Some(close) = memchr::memmem::find(inner, b")_")
        {
            let length = end + 1 + close + 2;
            return Some(Tag { name, argument: Some(&inner[..close]), length });
        }
        if line.get(end) == Some(&b'_') {
            return Some(Tag { name, argument: None, length: end + 1 });
        }
    }
    None
}

/// Where the name of a tag may end: after each of its words, which have underscores
/// between them and of which the first begins with a letter.
fn name_ends(line: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 1;
    if !line.get(at).is_some_and(u8::is_ascii_uppercase) {
        return ends;
    }
    loop {
        let word = line[at..].iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let length = word.count();
        if length == 0 {
            return ends;
        }
        at += length;
        ends.push(at);
        if line.get(at) != Some(&b'_') {
            return ends;
        }
        at += 1;
    }
}

impl Tag<'_> {
    /// What to write in the tag's place; `None` leaves it.
    fn value(&self, verdict: &Verdict, facts: &Facts) -> Option<Vec<u8>> {
        let spam = verdict.is_spam();
        let text = match self.name {
            b"YESNO" => return Some(self.yes_no(spam)),
            b"YESNOCAPS" => return Some(self.yes_no(spam).to_ascii_uppercase()),
            b"SCORE" | b"HITS" => {
                let score = shown_score(verdict.score, verdict.required, spam);
                padded(score, self.argument)
            }
            b"REQD" => format!("{:.1}", verdict.required),
            b"VERSION" => facts.version.to_owned(),
            b"SUBVERSION" => facts.subversion.to_owned(),
            b"RULESVERSION" => facts.rules_version.to_owned(),
            b"HOSTNAME" => facts.hostname.to_owned(),
            b"REMOTEHOSTNAME" => facts.remote_host.to_owned(),
            b"REMOTEHOSTADDR" => facts.remote_address.to_owned(),
            b"DATE" => facts.date.to_owned(),
            b"BAYES" => "0.5".to_owned(),
            b"CONTACTADDRESS" => return Some(facts.contact.to_vec()),
            b"STARS" => return Some(self.stars(verdict.score)),
            b"TESTS" => return Some(self.joined(names(verdict))),
            b"TESTSSCORES" => return Some(self.joined(names_with_scores(verdict))),
            b"SUBTESTS" => return Some(self.joined(subtests(verdict))),
            b"SUBTESTSCOLLAPSED" => return Some(self.joined(collapsed(verdict))),
            b"SUMMARY" => return Some(summary(verdict, facts.wrap_width)),
            b"REPORT" => return Some(terse(verdict, facts.wrap_width)),
            b"PREVIEW" => return Some(verdict.preview.clone()),
            _ => return (facts.other)(self.name, self.argument),
        };
        Some(text.into_bytes())
    }

    /// `_YESNO(spam,ham)_`
    fn yes_no(&self, spam: bool) -> Vec<u8> {
        let (yes, no) = match self.argument.map(|argument| (argument, position(argument))) {
            None => (&b"Yes"[..], &b"No"[..]),
            Some((argument, None)) => (argument, &b"No"[..]),
            Some((argument, Some(comma))) => (&argument[..comma], &argument[comma + 1..]),
        };
        if spam { yes.to_vec() } else { no.to_vec() }
    }

    fn stars(&self, score: f64) -> Vec<u8> {
        let count = score.clamp(0.0, 50.0) as usize;
        self.argument_or(b"*").repeat(count)
    }

    /// What Perl finds false counts as not given.
    fn argument_or<'b>(&'b self, default: &'b [u8]) -> &'b [u8] {
        self.argument.filter(|given| !matches!(*given, b"" | b"0")).unwrap_or(default)
    }

    fn joined(&self, mut names: Vec<String>) -> Vec<u8> {
        names.sort();
        let names: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
        let joined = names.join(self.argument_or(b","));
        if joined.is_empty() { b"none".to_vec() } else { joined }
    }
}

fn position(argument: &[u8]) -> Option<usize> {
    memchr::memchr(b',', argument)
}

/// `_SCORE(00)_`: spaces or zeros in front, up to as many digits before the point as the
/// pad is long, and one.
fn padded(score: String, pad: Option<&[u8]>) -> String {
    let Some(pad) = pad else { return score };
    let same = |byte: u8| !pad.is_empty() && pad.iter().all(|b| *b == byte);
    let fill = match (same(b'0'), same(b' ')) {
        (true, _) => "0",
        (_, true) => " ",
        _ => return score,
    };
    let missing = (pad.len() + 3).saturating_sub(score.len()).min(pad.len());
    fill.repeat(missing) + &score
}

/// The names of the hits, each as often as it hit.
fn names(verdict: &Verdict) -> Vec<String> {
    repeated(verdict, |hit| hit.name.to_string())
}

/// The names that SYMBOLS answers with: sorted, with commas between.
pub fn symbols(verdict: &Verdict) -> Vec<u8> {
    let mut names = names(verdict);
    names.sort();
    names.join(",").into_bytes()
}

fn names_with_scores(verdict: &Verdict) -> Vec<String> {
    repeated(verdict, |hit| format!("{}={}", hit.name, show(hit.score)))
}

fn repeated(verdict: &Verdict, text: impl Fn(&Hit) -> String) -> Vec<String> {
    let times = |hit: &Hit| std::iter::repeat_n(text(hit), hit.count as usize);
    verdict.hits.iter().flat_map(times).collect()
}

fn subtests(verdict: &Verdict) -> Vec<String> {
    let times = |(name, count): &(_, u32)| {
        let name: &std::sync::Arc<str> = name;
        std::iter::repeat_n(name.to_string(), *count as usize)
    };
    verdict.subtests.iter().flat_map(times).collect()
}

fn collapsed(verdict: &Verdict) -> Vec<String> {
    let one = |(name, count): &(std::sync::Arc<str>, u32)| match count {
        1 => name.to_string(),
        _ => format!("{name}({count})"),
    };
    verdict.subtests.iter().map(one).collect()
}

/// The table of a report: ` pts rule name              description`.
pub fn summary(verdict: &Verdict, width: usize) -> Vec<u8> {
    let mut table = Vec::new();
    for hit in &verdict.hits {
        let points = points(hit.score);
        let mut line = format!("{points} {:<22} {}", hit.name, hit.area).into_bytes();
        let first = 3 + hit.name.len() + points.len() + hit.area.len();
        line.extend_from_slice(&wrapped(&hit.description, first, &[b' '; 28], width));
        line.push(b'\n');
        for note in log_lines(hit) {
            let short = note.len() < 48;
            line.resize(line.len() + if short { 28 } else { 76 - note.len().min(76) }, b' ');
            bracketed(&mut line, &note);
        }
        table.extend_from_slice(&line.repeat(hit.count as usize));
    }
    table
}

/// The short table of `X-Spam-Report`, with stars in front.
pub fn terse(verdict: &Verdict, width: usize) -> Vec<u8> {
    let mut table = b"\n".to_vec();
    for hit in &verdict.hits {
        let points = points(hit.score);
        let mut line = format!("* {points} {} {}", hit.name, hit.area).into_bytes();
        let first = 4 + hit.name.len() + points.len() + hit.area.len();
        line.extend_from_slice(&wrapped(&hit.description, first, b"*      ", width));
        line.push(b'\n');
        for (number, note) in log_lines(hit).iter().enumerate() {
            line.extend_from_slice(if number == 0 { b"*      " } else { b"" });
            bracketed(&mut line, note);
        }
        table.extend_from_slice(&line.repeat(hit.count as usize));
    }
    table
}

/// What a hit has to say, cut at white space into lines of 30 to 48 bytes as far as it
/// goes, without control characters.
fn log_lines(hit: &Hit) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for text in &hit.log {
        let mut rest: &[u8] = text;
        while let Some(end) =
            (30..=48).rev().find(|&end| rest.get(end).copied().is_some_and(is_space))
        {
            lines.push(printable(&rest[..end]));
            rest = &rest[end + 1..];
        }
        lines.push(printable(rest));
    }
    lines
}

fn bracketed(line: &mut Vec<u8>, note: &[u8]) {
    line.push(b'[');
    line.extend_from_slice(note);
    line.extend_from_slice(b"]\n");
}

fn printable(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_control()).collect()
}

/// A score in four columns.
fn points(score: f64) -> String {
    if score.abs() >= 10.0 { format!("{score:4.0}") } else { format!("{score:4.1}") }
}

/// A description in lines of `width`, whose first begins in column `first`.
fn wrapped(description: &[u8], first: usize, prefix: &[u8], width: usize) -> Vec<u8> {
    let description = match description {
        b"" => b"No description available.",
        text => text,
    };
    let lines = wrap(description, prefix, &vec![b' '; first], width, false);
    trim_start(&lines).to_vec()
}

fn trim_start(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| is_space(**byte)).count();
    &text[spaces..]
}

/// `_PREVIEW_`: the beginning of the text, from the body's paragraphs without the first,
/// which is the subject.
pub fn preview<'a>(paragraphs: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut text = Vec::new();
    for paragraph in paragraphs.take(3) {
        if text.len() >= 200 {
            break;
        }
        text.extend_from_slice(paragraph);
    }
    let mut kept = Vec::new();
    for line in text.strip_suffix(b"\n").unwrap_or(&text).split(|byte| *byte == b'\n') {
        kept.extend_from_slice(&preview_line(line));
        kept.push(b'\n');
    }
    let notice = b"This is a multi-part message in MIME format.";
    let kept = without_rules(&without(&kept, notice));
    let lines = wrap(&squeezed(&kept), b"  ", b"Content preview:  ", 75, true);
    trim_start(lines.strip_prefix(b"Content preview:").unwrap_or(&lines)).to_vec()
}

/// At most 200 bytes of a line, and nothing of a quoted message's headline.
fn preview_line(line: &[u8]) -> Vec<u8> {
    let mut line = match line.len() {
        0..=200 => line.to_vec(),
        _ => [&line[..200], b" [...]"].concat(),
    };
    if let Some(place) = memchr::memmem::find(&line, b"-----Original Message-----") {
        line.truncate(place);
    }
    line
}

fn without(text: &[u8], notice: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut from = 0;
    for place in memchr::memmem::find_iter(text, notice) {
        kept.extend_from_slice(&text[from..place]);
        from = place + notice.len();
    }
    kept.extend_from_slice(&text[from..]);
    kept
}

/// Without drawn lines: ten or more of `-_*.` in a row.
fn without_rules(text: &[u8]) -> Vec<u8> {
    let drawn = |byte: &u8| matches!(byte, b'-' | b'_' | b'*' | b'.');
    text.chunk_by(|a, b| drawn(a) == drawn(b))
        .filter(|run| run.len() < 10 || !run.first().is_some_and(drawn))
        .flatten()
        .copied()
        .collect()
}

/// White space as single spaces, and no other control characters.
fn squeezed(text: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            space if is_space(*space) => {
                if kept.last() != Some(&b' ') {
                    kept.push(b' ');
                }
            }
            0..0x20 | 0x7f => {}
            _ => kept.push(*byte),
        }
    }
    kept
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
