//! Directives that a plugin reads without having registered them.
//!
//! SpamAssassin::Plugin::*, `parse_config`.

use super::apply::{Answer, valid};
use super::draft::{Draft, Line, Refusal};
use super::regex::{Pattern, Strip};
use super::scan::{first_word, show, trim_end, words};

fn freemail_domains(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'*' | b'?' | b'-');
    for word in words(line.value).filter(|word| !word.iter().all(plain)) {
        draft.warn(line.place, format!("invalid freemail_domains: {}", show(word)));
    }
    let added = words(line.value).filter(|word| word.iter().all(plain));
    let added = added.map(|word| word.to_ascii_lowercase().into_boxed_slice());
    draft.options.change_set(b"freemail_domains", line.place, |set| set.extend(added));
    Ok(())
}

fn freemail_welcomelist(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let word_byte = super::arithmetic::is_word;
    let fits = |word: &[u8]| {
        word.windows(3).any(|w| matches!(w, [a, b'.' | b'@', c] if word_byte(*a) && word_byte(*c)))
    };
    for word in words(line.value).filter(|word| !fits(word)) {
        draft.warn(line.place, format!("invalid freemail_welcomelist: {}", show(word)));
    }
    let added = words(line.value).filter(|word| fits(word));
    let added = added.map(|word| word.to_ascii_lowercase().into_boxed_slice());
    draft.options.change_set(b"freemail_welcomelist", line.place, |set| set.extend(added));
    Ok(())
}

/// `score_group NAME points RULE …`; a later line of the same name replaces the earlier one.
fn score_group(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let fields: Vec<&[u8]> = words(line.value).collect();
    let [name, points, rules @ ..] = fields.as_slice() else { return Err(Refusal::Missing) };
    if rules.is_empty() {
        return Err(Refusal::Missing);
    }
    let cap = std::str::from_utf8(points).ok().and_then(|points| points.parse::<f64>().ok());
    valid(cap.is_some_and(|cap| cap.is_finite() && cap >= 0.0))?;
    let group = fields.iter().skip(1).map(|&word| word.into()).collect();
    draft.options.change_lists(b"score_group", line.place, |groups| {
        groups.insert((*name).into(), group);
    });
    Ok(())
}

/// One pattern of whole words; of several the last counts.
fn stopwords(draft: &mut Draft<'_>, language: &str, line: Line<'_>) -> Answer {
    for text in words(line.value) {
        let pattern = [b"^(?i)", text, b"$"].concat();
        Pattern::parse(&pattern, Strip::Bare).map_err(|_| Refusal::Invalid)?;
        draft.options.change_map(b"bayes_stopword", line.place, |map| {
            map.insert(language.as_bytes().into(), text.into());
        });
    }
    Ok(())
}

/// `domain` is asked for, `!domain` is not.
fn hashbl_acl(draft: &mut Draft<'_>, list: &str, line: Line<'_>) -> Answer {
    draft.options.change_maps(b"hashbl_acl", line.place, |maps| {
        let map = maps.entry(list.as_bytes().into()).or_default();
        for word in words(&line.value.to_ascii_lowercase()) {
            match word.strip_prefix(b"!").filter(|rest| !rest.is_empty()) {
                Some(domain) => {
                    map.insert(domain.into(), b"0"[..].into());
                }
                None if list != "all" => {
                    map.entry(word.into()).or_insert_with(|| b"1"[..].into());
                }
                None => {}
            }
        }
    });
    Ok(())
}

fn extracttext(draft: &mut Draft<'_>, name: &str, line: Line<'_>) -> Answer {
    let least = if name == "extracttext_use" { 2 } else { 3 };
    valid(words(line.value).count() >= least)?;
    let (tool, text) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let text = trim_end(text);
    draft.options.change_list(name.as_bytes(), line.place, |list| {
        list.push([&*tool.to_ascii_lowercase(), b" ", text].concat().into());
    });
    Ok(())
}

/// Directives that a plugin reads without having registered them; `None` if none does.
pub(super) fn unregistered(
    draft: &mut Draft<'_>,
    name: &str,
    line: Line<'_>,
    user: bool,
) -> Option<Answer> {
    let has = |plugin: &str| draft.plugins.has(plugin);
    Some(match name {
        "freemail_domains" if has("FreeMail") => freemail_domains(draft, line),
        "freemail_welcomelist" | "freemail_whitelist" if has("FreeMail") => {
            freemail_welcomelist(draft, line)
        }
        "extracttext_use" | "extracttext_external" if has("ExtractText") && !user => {
            extracttext(draft, name, line)
        }
        "score_group" if has("Mailprint") && !user => score_group(draft, line),
        _ => {
            if let Some(language) = name.strip_prefix("bayes_stopword_").filter(|l| l.len() == 2)
                && has("Bayes")
            {
                return Some(stopwords(draft, language, line));
            }
            let list = name.strip_prefix("hashbl_acl_").filter(|_| has("HashBL"))?;
            let plain = list.bytes().all(|b| b.is_ascii_alphanumeric());
            if list.is_empty() || list.len() > 32 || !plain {
                return None;
            }
            hashbl_acl(draft, list, line)
        }
    })
}
