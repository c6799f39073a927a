//! Comparisons such as `> 0` and `!= 1`, as `html_eval` and `html_tag_balance` get them: what
//! stands behind a value in a Perl expression of comparisons, sums and numbers.

use crate::rules::arithmetic::{self, Item, Node};

/// What is said of a value.
#[derive(Debug)]
pub(super) struct Expression(Vec<Node<()>>);

/// The operators, longer ones before their prefixes. Perl has more that can be written with
/// these characters; who finds a use for `<<` may add it.
const SIGNS: [&str; 18] = [
    "<=>", "<<", ">>", "++", "--", "+=", "-=", "<=", ">=", "==", "!=", "=>", "<", ">", "!", "=",
    "+", "-",
];

impl Expression {
    /// Reads `text`, which may hold `<`, `>`, `=`, `!`, `+`, `-`, digits and spaces.
    pub(super) fn parse(text: &[u8]) -> Result<Expression, String> {
        let wrong = || format!("'{}' is no comparison such as '> 0'", text.escape_ascii());
        let items = items(text).ok_or_else(wrong)?;
        let value = Item::Name(());
        // An assignment is worth what is assigned.
        let whole: Vec<Item<()>> = match items.split_first() {
            None if text.is_empty() => return Err(wrong()),
            None => vec![value],
            Some((Item::Sign("="), rest)) => rest.to_vec(),
            Some((Item::Sign("+="), rest)) => joined(value, "+", rest),
            Some((Item::Sign("-="), rest)) => joined(value, "-", rest),
            Some(_) => [&[value], items.as_slice()].concat(),
        };
        arithmetic::parse(whole.into_iter()).map(Expression).map_err(|_| wrong())
    }

    /// Is it true of `value`?
    pub(super) fn of(&self, value: f64) -> bool {
        arithmetic::evaluate(&self.0, &mut |()| value).is_some_and(|result| result != 0.0)
    }
}

/// `value sign ( rest )`
fn joined(value: Item<()>, sign: &'static str, rest: &[Item<()>]) -> Vec<Item<()>> {
    [&[value, Item::Sign(sign), Item::Sign("(")], rest, &[Item::Sign(")")]].concat()
}

fn items(text: &[u8]) -> Option<Vec<Item<()>>> {
    let mut items = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        if first == b' ' {
            rest = after;
            continue;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (item, length) = match digits {
            0 => sign(rest)?,
            _ => (Item::Number(literal(rest.get(..digits)?)?), digits),
        };
        items.push(item);
        rest = rest.get(length..)?;
    }
    Some(items)
}

fn sign(text: &[u8]) -> Option<(Item<()>, usize)> {
    let sign = SIGNS.iter().find(|sign| text.starts_with(sign.as_bytes()))?;
    Some((Item::Sign(sign), sign.len()))
}

/// A number as Perl's source has it: octal if it begins with 0.
fn literal(digits: &[u8]) -> Option<f64> {
    let radix = if digits.starts_with(b"0") { 8.0 } else { 10.0 };
    digits.iter().try_fold(0.0, |sum, digit| {
        let digit = f64::from(digit - b'0');
        (digit < radix).then_some(sum * radix + digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_perls() {
        let cases = [
            (" ", 1.0, true),
            ("> 0", 1.0, true),
            ("> 0", 0.0, false),
            ("!= 0", 0.0, false),
            ("<384", 384.0, false),
            ("<= 0600", 384.0, true),
            ("<= 0600", 385.0, false),
            ("== -1 + 3", 2.0, true),
            (">= - -2", 2.0, true),
            ("- 2", 2.0, false),
            ("- 2", 3.0, true),
            ("> 1 == 1", 2.0, true),
            ("> 1 < 3", 1.5, true),
            ("> 1 < 3", 1.0, false),
            ("== !0", 1.0, true),
            ("= 0", 7.0, false),
            ("=1", 0.0, true),
            ("=- 1", 0.0, true),
            ("+= 2 - 1", -1.0, false),
            ("-= 2 - 1", 2.0, true),
        ];
        for (text, value, expected) in cases {
            let expression = Expression::parse(text.as_bytes()).unwrap();
            assert_eq!(expression.of(value), expected, "{value} {text}");
        }
    }

    #[test]
    fn what_perl_refuses_is_refused() {
        for text in ["", "5", "> ", "> a", ">> 1", "== = 1", "!1", "> --1", "< 09", "> 1 > 2 = 3"] {
            let told = Expression::parse(text.as_bytes()).unwrap_err();
            assert_eq!(told, format!("'{text}' is no comparison such as '> 0'"));
        }
    }
}
