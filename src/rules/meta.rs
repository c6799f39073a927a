//! Meta expressions: `meta NAME (__A + __B) > 1 && !C`.
//!
//! SpamAssassin::Conf "meta". Text in, a [`Meta`] out: an arena of [`Node`]s over rules. The
//! rules that a meta reads ([`Meta::uses`]) are known, so that the engine can ask for a value
//! only when the result still depends on it.
//!
//! What SpamAssassin 4.0.1 does at run time, for whoever evaluates:
//!
//! * A name's value is 0, the number of hits (`tflags multiple`), or a meta's own result.
//! * A meta whose result is not above 0 but true (−1) hits with the value 1.
//! * A meta with score 0 never hits, yet it is evaluated when all that it reads has been run
//!   in the ordinary course; false then counts as 0 for others. If it is true, or something
//!   that it reads never runs (score 0, undefined), metas that name it never get evaluated.
//! * Members of a cycle, and metas that need one ([`Meta::unsolved`]), are evaluated once, in
//!   no particular order, with the values of that moment.

use super::arithmetic::{self, Item, Node as AnyNode, SyntaxError, Token};
use super::model::RuleId;
use super::names::is_rule_name;
use std::collections::HashMap;

/// One node of a meta expression; see [`crate::rules::arithmetic::Node`].
pub type Node = AnyNode<Operand>;

/// What a name in a meta stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A rule of the set.
    Rule(RuleId),
    /// A name that no rule bears: 0. The index into [`Meta::undefined`].
    Undefined(u32),
}

/// A meta rule's expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// Children before parents; the last one is the root.
    pub nodes: Vec<Node>,
    /// The rules that are read, each once, in the order of their first appearance.
    pub uses: Vec<RuleId>,
    /// The names that are read and that no rule bears.
    pub undefined: Vec<Box<str>>,
    /// Is it a member of a cycle, or does it need one?
    pub unsolved: bool,
}

impl Meta {
    /// The value, given each rule's. Operands are asked for only if they matter.
    ///
    /// A division by zero gives 0: the rule does not hit.
    pub fn eval(&self, value: &mut dyn FnMut(RuleId) -> f64) -> f64 {
        let mut of = |operand| match operand {
            Operand::Rule(id) => value(id),
            Operand::Undefined(_) => 0.0,
        };
        arithmetic::evaluate(&self.nodes, &mut of).unwrap_or(0.0)
    }
}

/// Why a meta is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetaError {
    /// A character that could make Perl code of it.
    #[error("may not contain :: -> $ @ % ; {{ or }}")]
    Forbidden,
    /// A word that is neither a rule's name, a number nor an operator.
    #[error("invalid token '{0}'; put spaces around + and - where a number is meant")]
    Token(String),
    /// Not an expression.
    #[error("invalid expression: {0}")]
    Syntax(#[from] SyntaxError),
    /// It divides by zero when nothing hits.
    #[error("invalid expression: division by zero possible")]
    Division,
}

/// A meta whose names are not resolved yet: indices into `names`.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub nodes: Vec<AnyNode<u32>>,
    pub names: Vec<Box<[u8]>>,
    /// Nothing but `( )`.
    pub bare: bool,
}

/// Names of rules that match a glob, as `rules_matching` expands it.
pub(super) type Expand<'e, 'n> = dyn FnMut(&[u8]) -> Vec<&'n [u8]> + 'e;

/// Checks `text` as SpamAssassin does when it reads the line: with every name 0.
pub(super) fn check(text: &[u8]) -> Result<(), MetaError> {
    let forbidden = |b: &u8| matches!(b, b'$' | b'@' | b'%' | b';' | b'{' | b'}');
    let pair = |pair: &[u8]| pair == b"::" || pair == b"->";
    if text.iter().any(forbidden) || text.windows(2).any(pair) {
        return Err(MetaError::Forbidden);
    }
    let expression = parse(text, &mut |_| Vec::new(), false)?;
    match arithmetic::evaluate(&expression.nodes, &mut |_| 0.0) {
        Some(_) => Ok(()),
        None => Err(MetaError::Division),
    }
}

/// Reads `text`, with `rules_matching` expanded by `expand`.
pub(super) fn parse<'n>(
    text: &[u8],
    expand: &mut Expand<'_, 'n>,
    local_tests_only: bool,
) -> Result<Expression, MetaError> {
    let mut reader = Reader { items: Vec::new(), names: Vec::new(), known: HashMap::new() };
    let mut rest = text;
    while let Some((before, glob, behind)) = next_matching(text, rest) {
        reader.tokens(before, local_tests_only)?;
        reader.matching(expand(glob));
        rest = behind;
    }
    reader.tokens(rest, local_tests_only)?;
    let bare = matches!(*reader.items, [Item::Sign("("), Item::Sign(")")]);
    let nodes = arithmetic::parse(reader.items.into_iter())?;
    Ok(Expression { nodes, names: reader.names, bare })
}

/// Understands tokens.
struct Reader {
    items: Vec<Item<u32>>,
    names: Vec<Box<[u8]>>,
    known: HashMap<Box<[u8]>, u32>,
}

impl Reader {
    fn tokens(&mut self, text: &[u8], local_tests_only: bool) -> Result<(), MetaError> {
        for token in arithmetic::lex(text) {
            match token {
                Token::Sign(sign) => self.items.push(Item::Sign(sign)),
                Token::Word(b"local_tests_only") => {
                    self.items.push(Item::Number(if local_tests_only { 1.0 } else { 0.0 }));
                }
                Token::Word(word) if is_rule_name(word) => self.name(word),
                Token::Word(word) => return Err(refused(word)),
                Token::Run(run) => self.run(run)?,
            }
        }
        Ok(())
    }

    fn name(&mut self, name: &[u8]) {
        let next = self.names.len() as u32;
        let index = match self.known.get(name) {
            Some(index) => *index,
            None => {
                self.known.insert(name.into(), next);
                self.names.push(name.into());
                next
            }
        };
        self.items.push(Item::Name(index));
    }

    /// A run is a number, or one or two signs.
    fn run(&mut self, run: &[u8]) -> Result<(), MetaError> {
        match run {
            b"+" => self.items.push(Item::Sign("+")),
            b"-" => self.items.push(Item::Sign("-")),
            b"+-" => self.items.extend([Item::Sign("+"), Item::Sign("-")]),
            b"-+" => self.items.extend([Item::Sign("-"), Item::Sign("+")]),
            // Perl would increment a constant, or join texts.
            [a, b] if !a.is_ascii_digit() && !b.is_ascii_digit() => {
                return Err(SyntaxError::Misplaced.into());
            }
            b"." => return Err(SyntaxError::Misplaced.into()),
            _ => self.items.push(Item::Number(literal(run)?)),
        }
        Ok(())
    }

    /// The sum of all rules that a glob matches.
    fn matching(&mut self, names: Vec<&[u8]>) {
        self.items.push(Item::Sign("("));
        if names.is_empty() {
            self.items.push(Item::Number(0.0));
        }
        for (i, name) in names.into_iter().enumerate() {
            if i > 0 {
                self.items.push(Item::Sign("+"));
            }
            self.name(name);
        }
        self.items.push(Item::Sign(")"));
    }
}

fn refused(token: &[u8]) -> MetaError {
    MetaError::Token(token.escape_ascii().to_string())
}

/// `digits[.digits]` as Perl reads it: a leading zero makes it octal.
fn literal(run: &[u8]) -> Result<f64, MetaError> {
    let mut halves = run.splitn(2, |&b| b == b'.');
    let (whole, part) = (halves.next().unwrap_or_default(), halves.next());
    let digits = |t: &[u8]| !t.is_empty() && t.iter().all(u8::is_ascii_digit);
    if !digits(whole) || !part.is_none_or(digits) {
        return Err(refused(run));
    }
    if whole.len() > 1 && whole.starts_with(b"0") {
        if part.is_some() || whole.iter().any(|b| !(b'0'..=b'7').contains(b)) {
            return Err(SyntaxError::Misplaced.into());
        }
        return Ok(whole.iter().fold(0.0, |n, b| n * 8.0 + f64::from(b.wrapping_sub(b'0'))));
    }
    std::str::from_utf8(run).ok().and_then(|t| t.parse().ok()).ok_or_else(|| refused(run))
}

/// The next `rules_matching(GLOB)` in `rest`, which is an end of `text`: what stands before it,
/// the glob, and what stands behind.
fn next_matching<'t>(text: &'t [u8], rest: &'t [u8]) -> Option<(&'t [u8], &'t [u8], &'t [u8])> {
    const WORD: &[u8] = b"rules_matching(";
    let start = text.len() - rest.len();
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(rest.get(from..)?, WORD)?;
        let before = (start + at).checked_sub(1).and_then(|i| text.get(i));
        let inside_word = before.copied().is_some_and(arithmetic::is_word);
        if !inside_word && let Some((glob, behind)) = glob(rest.get(at + WORD.len()..)?) {
            return Some((rest.get(..at)?, glob, behind));
        }
        from = at + WORD.len();
    }
}

/// The glob up to `)`, and what stands behind that.
fn glob(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let close = text.iter().position(|&b| b == b')')?;
    let glob = text.get(..close)?.trim_ascii();
    let star = |b: u8| matches!(b, b'*' | b'?');
    let (first, others) = glob.split_first()?;
    let valid = (star(*first) || (arithmetic::is_word(*first) && !first.is_ascii_digit()))
        && others.len() <= 127
        && others.iter().all(|&b| star(b) || arithmetic::is_word(b));
    valid.then_some((glob, text.get(close + 1..)?))
}

/// Does `name` match `glob`, in which `*` stands for anything and `?` for one character?
pub(super) fn glob_matches(glob: &[u8], name: &[u8]) -> bool {
    let (mut g, mut n, mut star) = (0, 0, None);
    while let Some(&c) = name.get(n) {
        match glob.get(g) {
            Some(b'*') => {
                star = Some((g + 1, n));
                g += 1;
            }
            Some(&b) if b == c || b == b'?' => (g, n) = (g + 1, n + 1),
            _ => match star {
                Some((behind, at)) => {
                    star = Some((behind, at + 1));
                    (g, n) = (behind, at + 1);
                }
                None => return false,
            },
        }
    }
    glob.get(g..).is_some_and(|rest| rest.iter().all(|&b| b == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_refused_for_their_reasons() {
        let syntax = |e: &MetaError| matches!(e, MetaError::Syntax(_));
        let token = |e: &MetaError| matches!(e, MetaError::Token(_));
        assert_eq!(check(b"A::B"), Err(MetaError::Forbidden));
        assert_eq!(check(b"1 / A"), Err(MetaError::Division));
        assert!(token(&check(b"A-1").unwrap_err()));
        assert!(token(&check(b"A ? B: C").unwrap_err()));
        assert!(syntax(&check(b"A | B").unwrap_err()));
        assert!(syntax(&check(b"08").unwrap_err()));
        assert_eq!(check(b"rules_matching(__A*) > 2"), Ok(()));
    }

    #[test]
    fn a_glob_becomes_a_sum() {
        let mut expand = |glob: &[u8]| {
            assert_eq!(glob, b"__X?");
            vec![b"__X1".as_slice(), b"__X2"]
        };
        let made = parse(b"rules_matching( __X? ) * 2", &mut expand, false).unwrap();
        assert_eq!(made.names, [Box::from(*b"__X1"), Box::from(*b"__X2")]);
        assert_eq!(arithmetic::evaluate(&made.nodes, &mut |i| f64::from(i) + 1.0), Some(6.0));
    }

    #[test]
    fn globs_match_like_shells_do() {
        let table: &[(&[u8], &[u8], bool)] = &[
            (b"A*", b"A", true),
            (b"A*", b"ABC", true),
            (b"A?C", b"ABC", true),
            (b"A?C", b"AC", false),
            (b"*C*", b"ABCD", true),
            (b"A*B*C", b"AXBXBC", true),
            (b"A*B*C", b"AXBXB", false),
            (b"", b"A", false),
        ];
        for (glob, name, expected) in table {
            assert_eq!(glob_matches(glob, name), *expected, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn zero_divided_is_no_hit() {
        let nodes = vec![
            Node::Number(1.0),
            Node::Name(Operand::Rule(RuleId(0))),
            Node::Binary(arithmetic::Operator::Divide, 0, 1),
        ];
        let meta = Meta { nodes, uses: vec![RuleId(0)], undefined: Vec::new(), unsolved: false };
        assert_eq!(meta.eval(&mut |_| 0.0), 0.0);
        assert_eq!(meta.eval(&mut |_| 2.0), 0.5);
    }

    proptest! {
        #[test]
        fn checking_never_panics(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = check(&text);
        }
    }
}
