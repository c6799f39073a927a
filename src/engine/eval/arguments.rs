//! What an eval test is called with, and the patterns that tests bring along.
//!
//! In: a call's arguments as rule files write them. Out: numbers and ranges, or what is wrong.

use super::{literal, number};
use crate::rules::model::Eval;
use regex::bytes::{Regex, RegexBuilder};

/// Argument number `index`: a number, or `undef` where there is no bound.
pub fn bound(call: &Eval, index: usize) -> Result<Option<f64>, String> {
    match literal(call, index)? {
        b"undef" => Ok(None),
        _ => number(call, index).map(Some),
    }
}

/// A pattern of this program's own, on bytes.
pub fn regex(source: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(source).unicode(false).build();
    built.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::model::EvalClass;

    fn call(arguments: &[&str]) -> Eval {
        Eval {
            class: EvalClass::Header,
            function: "f".into(),
            arguments: arguments.iter().map(|argument| argument.as_bytes().into()).collect(),
        }
    }

    #[test]
    fn a_bound_is_a_number_or_undef() {
        for (written, expected) in [
            ("3", 3.0),
            ("-12", -12.0),
            (" 0.65 ", 0.65),
            (".5", 0.5),
            ("1e3", 1000.0),
            ("+3", 3.0),
            ("3h", 3.0),
            ("", 0.0),
        ] {
            assert_eq!(number(&call(&[written]), 0), Ok(expected), "{written}");
        }
        for wrong in ["undef", "h3", "-"] {
            assert!(number(&call(&[wrong]), 0).is_err(), "{wrong}");
        }
        assert!(number(&call(&[]), 0).is_err());
        assert_eq!(bound(&call(&["x", "undef"]), 1), Ok(None));
        assert_eq!(bound(&call(&["x", "7"]), 1), Ok(Some(7.0)));
        assert!(bound(&call(&["x"]), 1).is_err());
    }
}
