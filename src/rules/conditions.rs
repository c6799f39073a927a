//! `if` and `ifplugin`.
//!
//! SpamAssassin::Conf "PREPROCESSING OPTIONS". The text of a condition and what is known so far
//! in, true or false out. SpamAssassin hands the tokens to Perl, so Perl decides what is an
//! error; a condition that is one is false.

use super::arithmetic::{self, Item, Token};
use super::plugins::Plugins;

/// SpamAssassin's version, whose rule language this is.
pub const VERSION: &str = "4.000001";
/// The version of Perl that conditions see.
const PERL_VERSION: f64 = 5.036000;

/// What a condition can ask about.
pub(super) struct Facts<'p> {
    pub plugins: &'p Plugins,
    pub local_tests_only: bool,
    /// `can()` is always false in a user's file.
    pub user_prefs: bool,
}

/// Why a condition has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ConditionError {
    /// The `if` itself is dropped, and what it should have guarded is read.
    #[error("unparseable value '{0}'")]
    Token(String),
    /// The condition is false.
    #[error("error parsing conditional: {0}")]
    Syntax(#[from] arithmetic::SyntaxError),
    /// The condition is false.
    #[error("error parsing conditional: division by zero")]
    Division,
}

/// A condition's value and what is wrong with it nevertheless.
pub(super) struct Verdict {
    pub holds: bool,
    pub complaints: Vec<String>,
}

/// Evaluates the condition `text`.
pub(super) fn evaluate(text: &[u8], facts: &Facts<'_>) -> Result<Verdict, ConditionError> {
    let tokens: Vec<Token<'_>> = arithmetic::lex(text).collect();
    let mut complaints = Vec::new();
    let mut items: Vec<Item<()>> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Sign(sign) => items.push(Item::Sign(sign)),
            Token::Word(word @ (b"plugin" | b"can" | b"has")) => {
                let argument = tokens.get(at..at + 3).and_then(argument);
                at += if argument.is_some() { 3 } else { empty_parentheses(&tokens, at) };
                let holds = call(word, argument, facts, &mut complaints);
                items.push(Item::Number(f64::from(u8::from(holds))));
            }
            Token::Word(word) => items.push(Item::Number(self::word(word, facts)?)),
            Token::Run(run) => self::run(run, &mut items)?,
        }
    }
    if items.is_empty() {
        // Perl evaluates nothing to nothing.
        return Ok(Verdict { holds: false, complaints });
    }
    let nodes = arithmetic::parse(items.into_iter())?;
    let value = arithmetic::evaluate(&nodes, &mut |()| 0.0).ok_or(ConditionError::Division)?;
    Ok(Verdict { holds: value != 0.0, complaints })
}

/// The word of `( word )`.
fn argument<'t>(tokens: &[Token<'t>]) -> Option<&'t [u8]> {
    match tokens {
        [Token::Sign("("), Token::Word(word), Token::Sign(")")] => Some(word),
        _ => None,
    }
}

fn empty_parentheses(tokens: &[Token<'_>], at: usize) -> usize {
    match tokens.get(at..at + 2) {
        Some([Token::Sign("("), Token::Sign(")")]) => 2,
        _ => 0,
    }
}

fn call(
    function: &[u8],
    argument: Option<&[u8]>,
    facts: &Facts<'_>,
    complaints: &mut Vec<String>,
) -> bool {
    let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    if function == b"plugin" {
        return argument.is_some_and(|package| facts.plugins.is_loaded(package));
    }
    if function == b"can" && facts.user_prefs {
        complaints.push("'if can()' is not available in user_prefs".to_owned());
        return false;
    }
    let Some(name) = argument else {
        complaints.push(format!("bad 'if' line, no argument to {}()", shown(function)));
        return false;
    };
    match memchr::memmem::rfind(name, b"::") {
        Some(at) if at + 2 < name.len() => {
            let (package, method) = (name.get(..at), name.get(at + 2..));
            let (package, method) = (package.unwrap_or_default(), method.unwrap_or_default());
            let package = super::plugins::renamed(package);
            facts.plugins.has_method(package, method)
        }
        _ => {
            complaints.push(format!(
                "bad 'if' line, cannot find '::' in {}({})",
                shown(function),
                shown(name)
            ));
            false
        }
    }
}

/// A word that is no function: a value of the program, or a text, which is true.
fn word(word: &[u8], facts: &Facts<'_>) -> Result<f64, ConditionError> {
    match word {
        b"version" => Ok(super::scan::number(VERSION.as_bytes()).unwrap_or(4.0)),
        b"perl_version" => Ok(PERL_VERSION),
        b"local_tests_only" => Ok(f64::from(u8::from(facts.local_tests_only))),
        _ if word.len() < 2 || !is_class(word) => {
            Err(ConditionError::Token(super::scan::show(word)))
        }
        _ => Ok(1.0),
    }
}

/// `(\w+::){0,10}\w+`
fn is_class(word: &[u8]) -> bool {
    let text = String::from_utf8_lossy(word);
    let parts: Vec<&str> = text.split("::").collect();
    parts.len() <= 11 && parts.iter().all(|p| !p.is_empty() && !p.contains(':'))
}

fn run(run: &[u8], items: &mut Vec<Item<()>>) -> Result<(), ConditionError> {
    let unsigned = run.strip_prefix(b"+").or_else(|| run.strip_prefix(b"-")).unwrap_or(run);
    if super::scan::is_decimal(unsigned, false) {
        // A sign that is part of the number stays a sign: `1 -2` is a subtraction.
        if unsigned.len() < run.len() {
            items.push(Item::Sign(if run.starts_with(b"-") { "-" } else { "+" }));
        }
        items.push(Item::Number(super::scan::number(unsigned).unwrap_or_default()));
        return Ok(());
    }
    match run {
        b"+" => items.push(Item::Sign("+")),
        b"-" => items.push(Item::Sign("-")),
        b"+-" => items.extend([Item::Sign("+"), Item::Sign("-")]),
        b"-+" => items.extend([Item::Sign("-"), Item::Sign("+")]),
        _ if run.len() <= 5 && !run.iter().any(u8::is_ascii_digit) => {
            return Err(arithmetic::SyntaxError::Misplaced.into());
        }
        _ => return Err(ConditionError::Token(super::scan::show(run))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(text: &str, local_tests_only: bool) -> Result<bool, ConditionError> {
        let mut plugins = Plugins::default();
        plugins.load(b"Mail::SpamAssassin::Plugin::DKIM");
        plugins.enable_compat(b"old_names");
        let facts = Facts { plugins: &plugins, local_tests_only, user_prefs: false };
        evaluate(text.as_bytes(), &facts).map(|verdict| verdict.holds)
    }

    #[test]
    fn conditions_hold_as_in_spamassassin() {
        let table = [
            ("(version >= 3.004002)", true),
            ("version > 4.000001", false),
            ("plugin(Mail::SpamAssassin::Plugin::DKIM)", true),
            ("plugin (DKIM)", false),
            ("!plugin(Mail::SpamAssassin::Plugin::SPF)", true),
            ("has(Mail::SpamAssassin::Plugin::DKIM::has_arc)", true),
            ("has(Mail::SpamAssassin::Plugin::SPF::has_check_for_spf_errors)", false),
            ("can(Mail::SpamAssassin::Conf::feature_bug6558_free)", true),
            ("can(Mail::SpamAssassin::Conf::compat_old_names)", true),
            ("can(Mail::SpamAssassin::Conf::compat_others)", false),
            ("perl_version >= 5.010000 && local_tests_only", false),
            ("anything", true),
        ];
        for (text, expected) in table {
            assert_eq!(holds(text, false), Ok(expected), "{text}");
        }
        assert_eq!(holds("local_tests_only", true), Ok(true));
    }

    #[test]
    fn errors_differ_in_what_becomes_of_the_block() {
        assert!(matches!(holds("version >= 3.4.0", false), Err(ConditionError::Token(_))));
        assert!(matches!(holds("(1 &&", false), Err(ConditionError::Syntax(_))));
        assert_eq!(holds("1 / 0", false), Err(ConditionError::Division));
    }

    proptest! {
        #[test]
        fn evaluating_never_panics(text in "\\PC{0,60}") {
            let _ = holds(&text, false);
        }
    }
}
