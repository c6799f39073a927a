//! One directive's line: its value checked by form and put where it belongs.
//!
//! SpamAssassin::Conf::Parser, the `set_…_value` functions. Directives with a form of their own
//! are in [`super::define`] (tests), [`super::lists`] (addresses, hosts), [`super::core`] and
//! [`super::extra`] (plugins).

use super::directives::{Directive, Form};
use super::draft::{Draft, Line, Refusal};
use super::options::Value;
use super::scan::{first_word, is_decimal, number, words};
use super::{core, define, extra, lists};

/// What a line's reader says of it.
pub(super) type Answer = Result<(), Refusal>;

/// Changes `draft` as `line` says.
pub(super) fn apply(draft: &mut Draft<'_>, directive: &Directive, line: Line<'_>) -> Answer {
    if directive.own {
        return define::apply(draft, directive.name, line)
            .or_else(|| lists::apply(draft, directive, line))
            .or_else(|| core::apply(draft, directive, line))
            .or_else(|| extra::apply(draft, directive, line))
            .unwrap_or(Ok(()));
    }
    standard(draft, directive.setting.as_bytes(), directive.form, line)
}

/// Directives that a plugin reads without having registered them; `None` if none does.
pub(super) fn unregistered(
    draft: &mut Draft<'_>,
    name: &str,
    line: Line<'_>,
    user: bool,
) -> Option<Answer> {
    super::unregistered::unregistered(draft, name, line, user)
}

/// A value without which the line means nothing.
pub(super) fn required(value: &[u8]) -> Answer {
    if value.is_empty() { Err(Refusal::Missing) } else { Ok(()) }
}

/// Refuses unless `condition`.
pub(super) fn valid(condition: bool) -> Answer {
    if condition { Ok(()) } else { Err(Refusal::Invalid) }
}

/// The forms that need no more than the table says.
pub(super) fn standard(
    draft: &mut Draft<'_>,
    setting: &[u8],
    form: Form,
    line: Line<'_>,
) -> Answer {
    let (value, place) = (line.value, line.place);
    if form == Form::NoArguments {
        return valid(value.is_empty());
    }
    if form == Form::Template {
        return append_template(draft, setting, line);
    }
    required(value)?;
    let value = match form {
        Form::Number => Value::Number(signed(value)?),
        Form::Duration => Value::Number(duration(value)?),
        Form::Flag => Value::Flag(flag(value)?),
        Form::KeyValue => return key_value(draft, setting, line),
        Form::Addresses => {
            let added = words(value).map(|w| w.to_ascii_lowercase().into_boxed_slice());
            draft.options.change_set(setting, place, |set| set.extend(added));
            return Ok(());
        }
        Form::List => {
            let added = words(value).map(Box::from);
            draft.options.change_list(setting, place, |list| list.extend(added));
            return Ok(());
        }
        Form::Networks => return super::settings::add_networks(draft, setting, line),
        _ => Value::Text(value.into()),
    };
    draft.options.put(setting, value, Some(place));
    Ok(())
}

/// `[+-]digits[.digits]`
pub(super) fn signed(value: &[u8]) -> Result<f64, Refusal> {
    let digits = value.strip_prefix(b"+").or_else(|| value.strip_prefix(b"-")).unwrap_or(value);
    valid(is_decimal(digits, true))?;
    number(value).ok_or(Refusal::Invalid)
}

/// Seconds.
pub(super) fn duration(value: &[u8]) -> Result<f64, Refusal> {
    let (digits, unit) = match value.split_last() {
        Some((unit, rest)) if unit.is_ascii_alphabetic() => (super::scan::trim_end(rest), *unit),
        _ => (value, b's'),
    };
    let seconds = match unit.to_ascii_lowercase() {
        b's' => 1.0,
        b'm' => 60.0,
        b'h' => 3600.0,
        b'd' => 86_400.0,
        b'w' => 604_800.0,
        _ => return Err(Refusal::Invalid),
    };
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    valid(is_decimal(digits, true))?;
    Ok(number(digits).ok_or(Refusal::Invalid)? * seconds)
}

/// `1`, `yes`, `0` or `no`.
pub(super) fn flag(value: &[u8]) -> Result<bool, Refusal> {
    match &*value.to_ascii_lowercase() {
        b"1" | b"yes" => Ok(true),
        b"0" | b"no" => Ok(false),
        _ => Err(Refusal::Invalid),
    }
}

fn append_template(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) -> Answer {
    let text = match line.value {
        [b'"', inner @ .., b'"'] => inner,
        text => text,
    };
    let name = String::from_utf8_lossy(setting);
    let before = draft.options.text(&name).unwrap_or_default();
    let whole = [before, text, b"\n"].concat();
    draft.options.put(setting, Value::Text(whole.into()), Some(line.place));
    Ok(())
}

/// A word and the rest. What belongs to a rule goes to the rule.
fn key_value(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) -> Answer {
    let (key, value) = first_word(line.value).ok_or(Refusal::Missing)?;
    match setting {
        b"descriptions" => draft.entry(key).description = Some(value.into()),
        b"tflags" => draft.entry(key).tflags = Some(value.into()),
        _ => draft.options.change_map(setting, line.place, |map| {
            map.insert(key.into(), value.into());
        }),
    }
    Ok(())
}
