//! Expressions of rule files: what `meta` and `if` have in common.
//!
//! Text in, an arena of [`Node`]s out, children before parents, the last one the root. The
//! grammar is Perl's, because SpamAssassin hands the tokens to Perl: precedence, `? :`,
//! chained comparisons (`a < b < c`), and what is a syntax error.
//!
//! Neither parsing nor evaluation recurses.

/// An index into an arena of [`Node`]s.
pub type NodeId = u32;

/// One node of an expression over names of type `N`. `A` below is an operand's index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node<N> {
    /// A constant.
    Number(f64),
    /// Something that has a value at run time.
    Name(N),
    /// `! A`: 1 or 0.
    Not(NodeId),
    /// `- A`.
    Minus(NodeId),
    /// `A op B`.
    Binary(Operator, NodeId, NodeId),
    /// `A && B`: the first false operand's value, or else the last's.
    And(NodeId, NodeId),
    /// `A || B`: the first true operand's value, or else the last's.
    Or(NodeId, NodeId),
    /// `A ? B : C`.
    Choose(NodeId, NodeId, NodeId),
}

/// A binary operator that always needs both operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; by zero there is no value.
    Divide,
    /// `^`: exclusive or of the bits of both, as 64-bit integers.
    Xor,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Operator {
    /// The value of `a op b`; `None` for a division by zero.
    pub fn apply(self, a: f64, b: f64) -> Option<f64> {
        let truth = |yes: bool| if yes { 1.0 } else { 0.0 };
        Some(match self {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
            Operator::Divide if b == 0.0 => return None,
            Operator::Divide => a / b,
            Operator::Xor => (unsigned(a) ^ unsigned(b)) as f64,
            Operator::Less => truth(a < b),
            Operator::LessEqual => truth(a <= b),
            Operator::Greater => truth(a > b),
            Operator::GreaterEqual => truth(a >= b),
            Operator::Equal => truth(a == b),
            Operator::NotEqual => truth(a != b),
        })
    }
}

/// A number as Perl's bit operators see it: negative ones wrap around.
fn unsigned(number: f64) -> u64 {
    if number < 0.0 { number as i64 as u64 } else { number as u64 }
}

/// Why an expression is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// An operator or parenthesis where there may be none, or two operands in a row.
    #[error("syntax error")]
    Misplaced,
    /// Nothing at all.
    #[error("the expression is empty")]
    Empty,
}

/// What an expression consists of, once its words have been understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<N> {
    /// A constant.
    Number(f64),
    /// A name.
    Name(N),
    /// Any operator or parenthesis, as [`lex`] gives it.
    Sign(&'static str),
}

/// The operators and parentheses. Longer ones stand before their prefixes.
const SIGNS: [&str; 16] =
    ["(", ")", "||", "&&", "^", "!", ">=", ">", "<=", "<", "==", "!=", "*", "/", "?", ":"];

/// A token as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'t> {
    /// A run of digits, dots, `+` and `-`: numbers and signs are not told apart yet.
    Run(&'t [u8]),
    /// `\w[\w:]*`
    Word(&'t [u8]),
    /// An operator or a parenthesis.
    Sign(&'static str),
}

/// Cuts `text` into tokens. What belongs to none is skipped without a word, like white space.
pub fn lex(text: &[u8]) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some(first) = rest.first() {
            let length = |inside: fn(u8) -> bool| rest.iter().take_while(|b| inside(**b)).count();
            let (token, used) = if is_run(*first) {
                let n = length(is_run);
                (Token::Run(rest.get(..n)?), n)
            } else if is_word(*first) {
                let n = length(|b| is_word(b) || b == b':');
                (Token::Word(rest.get(..n)?), n)
            } else if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(s.as_bytes())) {
                let sign = if rest.starts_with(b"!=") { "!=" } else { sign };
                (Token::Sign(sign), sign.len())
            } else {
                rest = rest.get(1..)?;
                continue;
            };
            rest = rest.get(used..)?;
            return Some(token);
        }
        None
    })
}

fn is_run(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.')
}

/// A character of `\w`.
pub(super) fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// How tightly an operator binds; more is tighter.
fn strength(sign: &str) -> u8 {
    match sign {
        "not" | "minus" | "plus" => 9,
        "*" | "/" => 8,
        "+" | "-" => 7,
        "<" | "<=" | ">" | ">=" => 6,
        "==" | "!=" => 5,
        "^" => 4,
        "&&" => 3,
        "||" => 2,
        _ => 1,
    }
}

fn operator(sign: &str) -> Option<Operator> {
    Some(match sign {
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "^" => Operator::Xor,
        "<" => Operator::Less,
        "<=" => Operator::LessEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterEqual,
        "==" => Operator::Equal,
        "!=" => Operator::NotEqual,
        _ => return None,
    })
}

/// An operand that waits for its operator.
#[derive(Clone, Copy)]
struct Operand {
    node: NodeId,
    /// For a comparison outside parentheses: its strength and right operand, which the next
    /// comparison of that strength compares with.
    chain: Option<(u8, NodeId)>,
}

/// Operator precedence parsing with two stacks.
struct Parser<N> {
    nodes: Vec<Node<N>>,
    operands: Vec<Operand>,
    signs: Vec<&'static str>,
}

impl<N> Parser<N> {
    fn push(&mut self, node: Node<N>) {
        self.push_chained(node, None);
    }

    fn push_chained(&mut self, node: Node<N>, chain: Option<(u8, NodeId)>) {
        let id = self.add(node);
        self.operands.push(Operand { node: id, chain });
    }

    fn add(&mut self, node: Node<N>) -> NodeId {
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeId
    }

    fn pop(&mut self) -> Result<Operand, SyntaxError> {
        self.operands.pop().ok_or(SyntaxError::Misplaced)
    }

    /// Replaces the last operator's operands by its node.
    fn reduce(&mut self) -> Result<(), SyntaxError> {
        let sign = self.signs.pop().ok_or(SyntaxError::Misplaced)?;
        let last = self.pop()?;
        match sign {
            "not" => self.push(Node::Not(last.node)),
            "minus" => self.push(Node::Minus(last.node)),
            "plus" => self.operands.push(Operand { node: last.node, chain: None }),
            "else" => {
                let (second, first) = (self.pop()?, self.pop()?);
                self.push(Node::Choose(first.node, second.node, last.node));
            }
            "&&" | "||" => {
                let first = self.pop()?.node;
                let and = sign == "&&";
                self.push(if and {
                    Node::And(first, last.node)
                } else {
                    Node::Or(first, last.node)
                });
            }
            _ => self.reduce_binary(sign, last.node)?,
        }
        Ok(())
    }

    fn reduce_binary(&mut self, sign: &'static str, right: NodeId) -> Result<(), SyntaxError> {
        let operator = operator(sign).ok_or(SyntaxError::Misplaced)?;
        let left = self.pop()?;
        let strength = strength(sign);
        let compares = matches!(strength, 5 | 6);
        match left.chain {
            // Evaluated twice, so a middle operand with operators of its own could be made
            // to cost without bound; nobody writes one.
            Some((of, middle)) if compares && of == strength => {
                if !matches!(self.nodes.get(middle as usize), Some(Node::Number(_) | Node::Name(_)))
                {
                    return Err(SyntaxError::Misplaced);
                }
                let next = self.add(Node::Binary(operator, middle, right));
                self.push_chained(Node::And(left.node, next), Some((strength, right)));
            }
            _ => {
                let chain = compares.then_some((strength, right));
                self.push_chained(Node::Binary(operator, left.node, right), chain);
            }
        }
        Ok(())
    }

    /// Reduces all operators down to `bottom`, which stays.
    fn reduce_to(&mut self, bottom: &[&str]) -> Result<(), SyntaxError> {
        while !self.signs.last().is_some_and(|sign| bottom.contains(sign)) {
            if matches!(self.signs.last(), Some(&"(" | &"?")) {
                return Err(SyntaxError::Misplaced);
            }
            self.reduce()?;
        }
        Ok(())
    }

    /// A sign where an operand could begin; true if one is now complete.
    fn before_operand(&mut self, sign: &'static str, after_open: bool) -> Result<bool, SyntaxError>
    where
        N: Copy,
    {
        match sign {
            "(" => self.signs.push("("),
            "!" => self.signs.push("not"),
            "-" => self.signs.push("minus"),
            "+" => self.signs.push("plus"),
            // Perl's empty list, which counts as nothing.
            ")" if after_open => {
                self.signs.pop();
                self.push(Node::Number(0.0));
                return Ok(true);
            }
            _ => return Err(SyntaxError::Misplaced),
        }
        Ok(false)
    }

    /// A sign behind an operand; true if that is still complete.
    fn after_operand(&mut self, sign: &'static str) -> Result<bool, SyntaxError> {
        match sign {
            ")" => {
                self.reduce_to(&["("])?;
                self.signs.pop();
                if let Some(operand) = self.operands.last_mut() {
                    operand.chain = None;
                }
                return Ok(true);
            }
            ":" => {
                self.reduce_to(&["?"])?;
                self.signs.pop();
                self.signs.push("else");
            }
            "(" | "!" => return Err(SyntaxError::Misplaced),
            _ => {
                // Left-associative, but for `? :`.
                let wanted = strength(sign).max(2);
                while self.signs.last().is_some_and(|top| {
                    !matches!(*top, "(" | "?" | "else") && strength(top) >= wanted
                }) {
                    self.reduce()?;
                }
                self.signs.push(sign);
            }
        }
        Ok(false)
    }
}

/// Reads `items` as one expression. Its root is the last node.
pub fn parse<N: Copy>(items: impl Iterator<Item = Item<N>>) -> Result<Vec<Node<N>>, SyntaxError> {
    let mut parser = Parser { nodes: Vec::new(), operands: Vec::new(), signs: vec!["("] };
    let (mut complete, mut after_open, mut empty) = (false, false, true);
    for item in items {
        empty = false;
        complete = match item {
            Item::Number(_) | Item::Name(_) if complete => return Err(SyntaxError::Misplaced),
            Item::Number(number) => {
                parser.push(Node::Number(number));
                true
            }
            Item::Name(name) => {
                parser.push(Node::Name(name));
                true
            }
            Item::Sign(sign) if complete => parser.after_operand(sign)?,
            Item::Sign(sign) => parser.before_operand(sign, after_open)?,
        };
        after_open = item_is_open(&item);
    }
    match (empty, complete) {
        (true, _) => return Err(SyntaxError::Empty),
        (false, false) => return Err(SyntaxError::Misplaced),
        _ => {}
    }
    // The outermost parenthesis is this function's own.
    parser.after_operand(")")?;
    if !parser.signs.is_empty() || parser.operands.len() != 1 {
        return Err(SyntaxError::Misplaced);
    }
    root_last(parser.nodes, parser.operands)
}

fn item_is_open<N>(item: &Item<N>) -> bool {
    matches!(item, Item::Sign("("))
}

/// Unary plus may leave the root elsewhere than at the end only if it adds nothing; it never
/// does, since operands are numbered when they are complete.
fn root_last<N: Copy>(
    mut nodes: Vec<Node<N>>,
    operands: Vec<Operand>,
) -> Result<Vec<Node<N>>, SyntaxError> {
    let root = operands.first().ok_or(SyntaxError::Empty)?.node as usize;
    if root + 1 != nodes.len() {
        let node = *nodes.get(root).ok_or(SyntaxError::Empty)?;
        nodes.push(node);
    }
    Ok(nodes)
}

/// What is still to be done in an evaluation.
enum Step {
    Value(NodeId),
    Not,
    Minus,
    Right(Operator, NodeId),
    Apply(Operator, f64),
    And(NodeId),
    Or(NodeId),
    Choose(NodeId, NodeId),
}

/// The value of the expression `nodes`; `None` where it divides by zero.
///
/// Operands are asked for from left to right and only if they matter, as Perl does.
pub fn evaluate<N: Copy>(nodes: &[Node<N>], value: &mut dyn FnMut(N) -> f64) -> Option<f64> {
    let mut steps = vec![Step::Value(nodes.len().checked_sub(1)? as NodeId)];
    let mut result = 0.0;
    while let Some(step) = steps.pop() {
        match step {
            Step::Value(id) => match *nodes.get(id as usize)? {
                Node::Number(number) => result = number,
                Node::Name(name) => result = value(name),
                Node::Not(a) => steps.extend([Step::Not, Step::Value(a)]),
                Node::Minus(a) => steps.extend([Step::Minus, Step::Value(a)]),
                Node::Binary(operator, a, b) => {
                    steps.extend([Step::Right(operator, b), Step::Value(a)]);
                }
                Node::And(a, b) => steps.extend([Step::And(b), Step::Value(a)]),
                Node::Or(a, b) => steps.extend([Step::Or(b), Step::Value(a)]),
                Node::Choose(a, b, c) => steps.extend([Step::Choose(b, c), Step::Value(a)]),
            },
            Step::Not => result = if result == 0.0 { 1.0 } else { 0.0 },
            // Of zero there is only one.
            Step::Minus => result = 0.0 - result,
            Step::Right(operator, b) => {
                steps.extend([Step::Apply(operator, result), Step::Value(b)]);
            }
            Step::Apply(operator, a) => result = operator.apply(a, result)?,
            Step::And(b) if result != 0.0 => steps.push(Step::Value(b)),
            Step::Or(b) if result == 0.0 => steps.push(Step::Value(b)),
            Step::And(_) | Step::Or(_) => {}
            Step::Choose(b, c) => steps.push(Step::Value(if result != 0.0 { b } else { c })),
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn items(text: &str) -> Vec<Item<u8>> {
        let item = |token| match token {
            Token::Sign(sign) => Item::Sign(sign),
            Token::Word(word) => Item::Name(word[0]),
            Token::Run(b"+") => Item::Sign("+"),
            Token::Run(b"-") => Item::Sign("-"),
            Token::Run(run) => Item::Number(std::str::from_utf8(run).unwrap().parse().unwrap()),
        };
        lex(text.as_bytes()).map(item).collect()
    }

    fn value(text: &str) -> Option<f64> {
        let nodes = parse(items(text).into_iter()).ok()?;
        evaluate(&nodes, &mut |name| f64::from(name - b'a'))
    }

    #[test]
    fn precedence_is_perls() {
        let table = [
            ("1 + 2 * 3", Some(7.0)),
            ("10 - 2 - 3", Some(5.0)),
            ("! 1 + 1", Some(1.0)),
            ("1 ^ 3 == 2", Some(1.0)),
            ("1 || 0 && 0", Some(1.0)),
            ("0 ? 1 : 0 ? 2 : 3", Some(3.0)),
            ("1 ? 0 ? 1 : 2 : 3", Some(2.0)),
            ("1 < 2 < 3", Some(1.0)),
            ("3 > 2 > 1", Some(1.0)),
            ("1 < 3 < 2", Some(0.0)),
            ("(3 > 2) > 1", Some(0.0)),
            ("5 && 7", Some(7.0)),
            ("0 || 7", Some(7.0)),
            ("1 / 0", None),
            ("0 && 1 / 0", Some(0.0)),
            ("( )", Some(0.0)),
            ("- 2 * 3", Some(-6.0)),
        ];
        for (text, expected) in table {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn what_perl_refuses_is_refused() {
        for text in ["", "1 2", "(1", "1)", "1 +", "&& 1", "1 ? 2", "1 : 2", "1 ? (2 : 3)", "1 (2)"]
        {
            assert!(parse(items(text).into_iter()).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(value(&deep), Some(1.0));
        assert_eq!(value(&format!("{}1", "! ".repeat(100_001))), Some(0.0));
        assert_eq!(value(&format!("{}1", "1 ? 2 : ".repeat(50_000))), Some(2.0));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "[ab01()!&|^<>=*/?: +-]{0,60}") {
            let signs = lex(text.as_bytes()).map(|token| match token {
                Token::Sign(sign) => Item::Sign(sign),
                Token::Word(word) => Item::Name(word[0]),
                Token::Run(run) => Item::Number(run.len() as f64),
            });
            if let Ok(nodes) = parse(signs) {
                evaluate(&nodes, &mut f64::from);
            }
        }
    }
}
