//! Templates: texts of the configuration with `_TAGS_` in them, filled in.
//!
//! In go a template and the [`Facts`] of a scan, out come bytes as SpamAssassin makes them
//! (`Mail::SpamAssassin::Conf`, TEMPLATE TAGS). A tag that is not known stays as it is
//! written. What a value brings is never looked at for tags again.

use super::tables;
use super::{Settings, Surroundings};
use crate::clock;
use crate::engine::verdict::{Hit, Verdict};
use crate::limits::{Limit, Reached};
use crate::text::number::{show, shown_score};
use std::cell::Cell;
use std::sync::Arc;

/// What templates may show.
pub struct Facts<'a> {
    pub(super) verdict: &'a Verdict,
    pub(super) settings: &'a Settings,
    pub(super) surroundings: &'a Surroundings,
    other: &'a Other<'a>,
    reached: Cell<Reached>,
}

/// Looks a tag up by its name and what stood in parentheses; `None` where it is not set.
pub type Other<'a> = dyn Fn(&[u8], Option<&[u8]>) -> Option<Vec<u8>> + 'a;

impl<'a> Facts<'a> {
    /// What the scan found, what the configuration says, where and for whom it was made, and
    /// every tag that the message defines: a header, a relay's address, a named capture.
    pub fn new(
        verdict: &'a Verdict,
        settings: &'a Settings,
        surroundings: &'a Surroundings,
        other: &'a Other<'a>,
    ) -> Facts<'a> {
        Facts { verdict, settings, surroundings, other, reached: Cell::default() }
    }

    /// The limits that rendering has reached.
    pub fn reached(&self) -> Reached {
        self.reached.get()
    }

    pub(super) fn note(&self, limit: Limit) {
        let mut reached = self.reached.get();
        reached.note(limit);
        self.reached.set(reached);
    }

    /// The report: of REPORT and REPORT_IFSPAM, and of the mail that spam is wrapped into. Ends
    /// with one empty line.
    pub fn report(&self) -> Vec<u8> {
        let template = match &*self.settings.report {
            b"" | b"0" => b"(no report template found)",
            template => template,
        };
        let mut report = self.shown(template);
        while report.last() == Some(&b'\n') {
            report.pop();
        }
        report.extend_from_slice(b"\n\n");
        report
    }

    /// `template` with all known tags replaced, for people to read: no control characters come
    /// from the mail.
    pub(super) fn shown(&self, template: &[u8]) -> Vec<u8> {
        self.replaced(template, |mut value| {
            value.retain(|byte| !byte.is_ascii_control() || matches!(byte, b'\n' | b'\t'));
            value
        })
    }

    /// `template` with all known tags replaced.
    pub(super) fn filled(&self, template: &[u8]) -> Vec<u8> {
        self.replaced(template, |value| value)
    }

    /// `template` filled in, in one line.
    pub(super) fn in_one_line(&self, template: &[u8]) -> Vec<u8> {
        in_one_line(self.filled(template))
    }

    fn replaced(&self, template: &[u8], clean: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let mut text = Vec::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some(place) = memchr::memchr(b'_', rest) {
            let (before, from) = rest.split_at(place);
            text.extend_from_slice(before);
            let (taken, value) = match tag(from) {
                Some(tag) if text.len() < self.settings.longest => {
                    (tag.length, tag.value(self).map(&clean))
                }
                Some(tag) => {
                    self.note(Limit::FilledTemplate);
                    (tag.length, None)
                }
                None => (1, None),
            };
            let (written, behind) = from.split_at(taken.min(from.len()));
            text.extend_from_slice(value.as_deref().unwrap_or(written));
            rest = behind;
        }
        text.extend_from_slice(rest);
        text
    }

    /// The name of the machine that scans.
    fn hostname(&self) -> &[u8] {
        match &*self.settings.hostname {
            b"" | b"0" => self.surroundings.hostname.as_bytes(),
            name => name,
        }
    }

    /// The time of the scan as mail writes it.
    pub(super) fn date(&self) -> String {
        clock::mail_date(self.surroundings.seconds())
    }
}

/// `text` as the rest of a header line: nothing in it ends the line.
pub(super) fn in_one_line(mut text: Vec<u8>) -> Vec<u8> {
    for byte in &mut text {
        if matches!(byte, b'\n' | b'\r' | 0) {
            *byte = b' ';
        }
    }
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
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    for end in name_ends(line).into_iter().rev() {
        let name = line.get(1..end)?;
        let behind = line.get(end..)?;
        if let Some(inner) = behind.strip_prefix(b"(")
            && let Some(close) = memchr::memmem::find(inner, b")_")
        {
            return Some(Tag { name, argument: inner.get(..close), length: end + 1 + close + 2 });
        }
        if behind.starts_with(b"_") {
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
        let rest = line.get(at..).unwrap_or_default();
        let word = rest.iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
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
    fn value(&self, facts: &Facts) -> Option<Vec<u8>> {
        let Facts { verdict, settings, surroundings, .. } = facts;
        let spam = verdict.is_spam();
        let width = settings.wrap_width;
        let text = match self.name {
            b"YESNO" => return Some(self.yes_no(spam)),
            b"YESNOCAPS" => return Some(self.yes_no(spam).to_ascii_uppercase()),
            b"SCORE" | b"HITS" => {
                let score = shown_score(verdict.score, verdict.required, spam);
                padded(score, self.argument)
            }
            b"REQD" => format!("{:.1}", verdict.required),
            b"VERSION" => return Some(settings.version.to_vec()),
            b"SUBVERSION" => settings.subversion.to_owned(),
            b"RULESVERSION" => return Some(settings.rules_version.to_vec()),
            b"HOSTNAME" => return Some(facts.hostname().to_vec()),
            b"REMOTEHOSTNAME" => surroundings.remote_host.to_string(),
            b"REMOTEHOSTADDR" => surroundings.remote_address.to_string(),
            b"DATE" => facts.date(),
            b"BAYES" => "0.5".to_owned(),
            b"AUTOLEARN" => verdict.autolearn.to_string(),
            b"AUTOLEARNSCORE" => show(verdict.autolearn_score),
            b"CONTACTADDRESS" => return Some(settings.contact.to_vec()),
            b"STARS" => return Some(self.stars(verdict.score)),
            b"TESTS" => return Some(self.joined(names(verdict))),
            b"TESTSSCORES" => return Some(self.joined(names_with_scores(verdict))),
            b"SUBTESTS" => return Some(self.joined(subtests(verdict))),
            b"SUBTESTSCOLLAPSED" => return Some(joined(collapsed(verdict), b",")),
            b"SUMMARY" => return Some(tables::summary(verdict, width)),
            b"REPORT" => return Some(tables::terse(verdict, width)),
            b"SUBJPREFIX" => return Some(verdict.subject_prefix.clone()),
            // These would list the headers that they stand in.
            b"ADDEDHEADER" | b"ADDEDHEADERHAM" | b"ADDEDHEADERSPAM" => return None,
            _ => return (facts.other)(self.name, self.argument),
        };
        Some(text.into_bytes())
    }

    /// `_YESNO(spam,ham)_`
    fn yes_no(&self, spam: bool) -> Vec<u8> {
        let given = self.argument.filter(|text| !text.is_empty());
        let mut words = given.into_iter().flat_map(|text| text.splitn(2, |byte| *byte == b','));
        let yes = words.next().unwrap_or(b"Yes");
        let no = words.next().unwrap_or(b"No");
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

    fn joined(&self, names: Vec<String>) -> Vec<u8> {
        joined(names, self.argument_or(b","))
    }
}

fn joined(mut names: Vec<String>, separator: &[u8]) -> Vec<u8> {
    names.sort();
    let names: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
    let joined = names.join(separator);
    if joined.is_empty() { b"none".to_vec() } else { joined }
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

fn names_with_scores(verdict: &Verdict) -> Vec<String> {
    repeated(verdict, |hit| format!("{}={}", hit.name, show(hit.score)))
}

fn repeated(verdict: &Verdict, text: impl Fn(&Hit) -> String) -> Vec<String> {
    let times = |hit: &Hit| std::iter::repeat_n(text(hit), hit.count as usize);
    verdict.hits.iter().flat_map(times).collect()
}

fn subtests(verdict: &Verdict) -> Vec<String> {
    let times =
        |(name, count): &(Arc<str>, u32)| std::iter::repeat_n(name.to_string(), *count as usize);
    verdict.subtests.iter().flat_map(times).collect()
}

fn collapsed(verdict: &Verdict) -> Vec<String> {
    let one = |(name, count): &(Arc<str>, u32)| match count {
        1 => name.to_string(),
        _ => format!("{name}({count})"),
    };
    verdict.subtests.iter().map(one).collect()
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
