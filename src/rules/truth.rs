//! What SpamAssassin 4.0.1 made of some 800 odd lines, and what this program makes of them.
//!
//! `truth/dist` holds the lines; `truth/complaints.txt` the lines that count as errors in
//! SpamAssassin's lint; `truth/rules.txt` the rules that result: name, type, priority, scores,
//! flags, description, captures and the test. A meta's test is given by the names that it reads
//! and its values where all names are 0, 1, 2, or numbers made from the name.

use super::arithmetic;
use super::lint::Severity;
use super::meta::{Meta, Operand};
use super::model::{EvalClass, RuleSet, Test};
use super::{Rule, Sources, load};
use crate::limits::Limits;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn truth() -> (PathBuf, RuleSet) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/rules/truth");
    let sources = Sources {
        distribution: vec![root.join("dist")],
        site: vec![root.join("site")],
        ..Sources::default()
    };
    let set = load(&sources, &Limits::default());
    (root, set)
}

#[test]
fn the_same_lines_are_errors() {
    let (root, set) = truth();
    let errors = set.complaints.iter().filter(|c| c.severity == Severity::Error);
    let found: BTreeSet<String> = errors
        .filter_map(|complaint| complaint.place)
        .map(|place| {
            let place = set.place(place).replace("dist/../", "");
            place.strip_prefix(&format!("{}/", root.display())).unwrap_or(&place).to_owned()
        })
        .collect();
    let expected: BTreeSet<String> =
        include_str!("truth/complaints.txt").lines().map(str::to_owned).collect();
    let differing: Vec<_> = found.symmetric_difference(&expected).collect();
    assert_eq!(differing, Vec::<&String>::new());
}

#[test]
fn the_same_rules_result() {
    let (_, set) = truth();
    let mut rules: Vec<&Rule> = set.rules.iter().collect();
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    let found: Vec<String> = rules.into_iter().map(|rule| line(&set, rule)).collect();
    let expected: Vec<&str> = include_str!("truth/rules.txt").lines().collect();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

fn escape(text: &[u8]) -> String {
    let escaped = text.iter().map(|&b| match b {
        b'\\' => "\\\\".to_owned(),
        b' '..=b'~' => char::from(b).to_string(),
        _ => format!("\\x{b:02x}"),
    });
    escaped.collect()
}

/// A rule as `rules.txt` writes it.
fn line(set: &RuleSet, rule: &Rule) -> String {
    let (kind, test) = test(set, &rule.test);
    let is_meta = kind == "meta";
    let scores = rule.scores.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
    let captures = if rule.captures { "captures " } else { "" };
    let fields = [
        rule.name.to_string(),
        kind.to_owned(),
        // SpamAssassin passes flags on to metas at random.
        if is_meta { String::new() } else { rule.priority.to_string() },
        scores,
        if is_meta { String::new() } else { escape(&rule.tflags.text) },
        escape(rule.description.as_deref().unwrap_or_default()),
        format!("{captures}{}", rule.templates.join(" ")),
        test,
    ];
    fields.join("\t")
}

fn test(set: &RuleSet, test: &Test) -> (&'static str, String) {
    match test {
        Test::Header { query, pattern, negated, if_unset } => {
            let unset = if_unset.as_ref().map(|text| format!(" [{}]", escape(text)));
            let sign = if *negated { "!~" } else { "=~" };
            let (header, source) = (escape(&query.name), escape(&pattern.source()));
            ("header", format!("{header} {sign} {source}{}", unset.unwrap_or_default()))
        }
        Test::HeaderExists { query } => ("header", format!("{} exists", escape(&query.name))),
        Test::Body { pattern } => ("body", escape(&pattern.source())),
        Test::Rawbody { pattern } => ("rawbody", escape(&pattern.source())),
        Test::Full { pattern } => ("full", escape(&pattern.source())),
        Test::Uri { pattern } => ("uri", escape(&pattern.source())),
        Test::MimeHeader { header, raw, pattern, negated, if_unset } => {
            let raw = if *raw { ":raw" } else { "" };
            let (header, unset) = (escape(header), escape(if_unset));
            let negated = u8::from(*negated);
            ("mimeheader", format!("{header}{raw} {negated} {unset} {}", escape(&pattern.source())))
        }
        Test::UriDetail { conditions } => {
            let mut texts: Vec<String> = conditions
                .iter()
                .map(|condition| {
                    let key = format!("{:?}", condition.key).to_lowercase();
                    let sign = if condition.negated { "!~" } else { "=~" };
                    format!("{key} {sign} {}", escape(&condition.pattern.source()))
                })
                .collect();
            texts.sort();
            ("uri_detail", texts.join(" "))
        }
        Test::Meta(meta) => ("meta", values(set, meta)),
        Test::Eval(eval) => {
            let kind = match eval.class {
                EvalClass::Header => "headereval",
                EvalClass::Rbl => "rbl",
                EvalClass::Body => "bodyeval",
                EvalClass::Rawbody => "rawbodyeval",
                EvalClass::Full => "fulleval",
                EvalClass::Plugin => return ("empty", String::new()),
            };
            let arguments = eval.arguments.iter().map(|argument| format!(" {}", escape(argument)));
            (kind, format!("{}{}", eval.function, arguments.collect::<String>()))
        }
        Test::Empty => ("empty", String::new()),
    }
}

/// The names that a meta reads, and its values.
fn values(set: &RuleSet, meta: &Meta) -> String {
    let name_of = |operand: Operand| match operand {
        Operand::Rule(id) => set.rules[id.0 as usize].name.to_string(),
        Operand::Undefined(index) => meta.undefined[index as usize].to_string(),
    };
    let value = |of: &dyn Fn(&str) -> f64| {
        let value = arithmetic::evaluate(&meta.nodes, &mut |operand| of(&name_of(operand)));
        value.map_or("-".to_owned(), |v| format!("{:.8e}", v).parse::<f64>().unwrap().to_string())
    };
    let mixed = |factor: u64| {
        value(&|name| {
            let hash = name.bytes().fold(0, |h: u64, b| (h * 31 + u64::from(b)) % 65_521);
            (((hash * factor) >> 3) % 3) as f64
        })
    };
    let names = meta.uses.iter().map(|id| Operand::Rule(*id));
    let undefined = (0..meta.undefined.len() as u32).map(Operand::Undefined);
    let mut names: Vec<_> = names.chain(undefined).map(name_of).collect();
    names.sort();
    if meta.unsolved {
        names.clear();
    }
    let mix: Vec<String> = (1..=6).map(mixed).collect();
    let [zero, one, two] = [0.0, 1.0, 2.0].map(|n| value(&|_| n));
    format!("{} = {zero} / {one} / {two} / {}", names.join(" "), mix.join(" "))
}
