//! The rules of `<style>` elements that decide whether text is seen, or add text (CSS Selectors
//! 3: element, class and identifier, behind one another; `::before` and `::after`).
//!
//! In: style sheets. Out: for an element, the declarations that hold for it. Invariant: a rule
//! whose selector is not understood, or holds only for some readers (`@media` with a
//! condition, `:hover`), holds for nobody; at most [`RULES`] are kept, each compared with at
//! most [`STEPS`] elements around.

use super::css::unescaped;
use std::collections::HashMap;

/// So many rules are kept.
const RULES: usize = 1024;
/// So many elements are followed outwards for one selector.
const STEPS: usize = 64;
/// So many rules are tried for one element.
const TRIES: usize = 32;

/// What a selector says of one element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Compound {
    tag: String,
    id: String,
    classes: Vec<String>,
    /// It must be the parent of the one before, not any element around.
    parent: bool,
}

/// Where a rule's text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It styles the element itself.
    Element,
    /// Before its content.
    Before,
    /// After its content.
    After,
}

/// One selector with its declarations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// The element itself first, then those around it.
    compounds: Vec<Compound>,
    /// What it styles.
    pub place: Place,
    /// `a:b;c:d`.
    pub declarations: String,
    weight: u32,
}

/// What rules ask of an element.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity<'t> {
    /// Its name, lower case.
    pub name: &'t str,
    /// Its `class`.
    pub class: &'t str,
    /// Its `id`.
    pub id: &'t str,
}

/// All rules of a document so far.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    rules: Vec<Rule>,
    /// By a class, an identifier (`#x`) or an element's name, which the element must have.
    by_key: HashMap<String, Vec<usize>>,
}

impl Sheet {
    /// Is there no rule?
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Reads a style sheet.
    pub(super) fn read(&mut self, source: &str) {
        let text = without_comments(source);
        let mut rest = text.as_str();
        while let Some((prelude, after)) = rest.split_once('{') {
            // `@import …;` may stand before.
            let prelude = prelude.rsplit(['}', ';']).next().unwrap_or_default().trim_ascii();
            if self.rules.len() >= RULES {
                return;
            }
            if prelude.starts_with('@') {
                rest = if holds(prelude) { after } else { after_block(after) };
                continue;
            }
            let (declarations, after) = after.split_once('}').unwrap_or((after, ""));
            if matters(declarations) {
                for selector in prelude.split(',').take(RULES) {
                    self.add(selector, declarations);
                }
            }
            rest = after;
        }
    }

    fn add(&mut self, selector: &str, declarations: &str) {
        let Some((compounds, place)) = compounds(selector) else { return };
        let Some(own) = compounds.first() else { return };
        let key = match (own.id.as_str(), own.classes.first()) {
            ("", Some(class)) => format!(".{class}"),
            ("", None) => own.tag.clone(),
            (id, _) => format!("#{id}"),
        };
        let weigh = |c: &Compound| {
            let id = u32::from(!c.id.is_empty());
            let classes = u32::try_from(c.classes.len()).unwrap_or(9).min(9);
            id * 100 + classes * 10 + u32::from(!c.tag.is_empty())
        };
        let weight = compounds.iter().map(weigh).sum();
        self.by_key.entry(key).or_default().push(self.rules.len());
        let declarations = declarations.to_owned();
        self.rules.push(Rule { compounds, place, declarations, weight });
    }

    /// The rules that hold for `element` within those `around` it (the innermost first), the
    /// weightiest last.
    pub(super) fn rules_for<'s, 't>(
        &'s self,
        element: Identity<'_>,
        around: impl Iterator<Item = Identity<'t>> + Clone,
    ) -> Vec<&'s Rule> {
        let classes = element.class.split_ascii_whitespace().take(8).map(|c| format!(".{c}"));
        let id = (!element.id.is_empty()).then(|| format!("#{}", element.id));
        let keys = classes.chain(id).chain([element.name.to_owned(), String::new()]);
        let candidates = keys
            .filter_map(|key| self.by_key.get(&key))
            .flat_map(|rules| rules.iter().rev().take(TRIES))
            .filter_map(|&at| Some((at, self.rules.get(at)?)));
        let mut holding: Vec<_> = candidates
            .filter(|(_, rule)| rule.holds_for(element, around.clone()))
            .map(|(at, rule)| (rule.weight, at, rule))
            .collect();
        holding.sort_by_key(|&(weight, at, _)| (weight, at));
        holding.dedup_by_key(|&mut (_, at, _)| at);
        holding.into_iter().map(|(_, _, rule)| rule).collect()
    }
}

impl Rule {
    fn holds_for<'t>(
        &self,
        element: Identity<'_>,
        around: impl Iterator<Item = Identity<'t>>,
    ) -> bool {
        let Some((own, others)) = self.compounds.split_first() else { return false };
        if !own.fits(element) {
            return false;
        }
        let mut around = around.take(STEPS);
        others.iter().all(|compound| match compound.parent {
            true => around.next().is_some_and(|parent| compound.fits(parent)),
            false => around.any(|outer| compound.fits(outer)),
        })
    }
}

impl Compound {
    fn fits(&self, element: Identity<'_>) -> bool {
        let has_class =
            |class: &String| element.class.split_ascii_whitespace().any(|own| own == class);
        (self.tag.is_empty() || self.tag == element.name)
            && (self.id.is_empty() || self.id == element.id)
            && self.classes.iter().all(has_class)
    }
}

/// Does what stands in this `@` rule hold for a reader at a screen?
fn holds(prelude: &str) -> bool {
    let lower = prelude.to_ascii_lowercase();
    let condition = lower.strip_prefix("@media").map(str::trim_ascii);
    condition.is_some_and(|condition| matches!(condition, "" | "all" | "screen" | "only screen"))
        || lower.starts_with("@layer")
}

/// What follows the block that `text` is in.
fn after_block(text: &str) -> &str {
    let mut depth = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

/// Can these declarations hide or add text? A cheap look: nearly none can.
fn matters(declarations: &str) -> bool {
    const WORDS: [&str; 16] = [
        "display",
        "visib",
        "size",
        "font:",
        "opacity",
        "color",
        "ground",
        "height",
        "width",
        "indent",
        "order",
        "direction",
        "bidi",
        "content",
        "clip",
        "float",
    ];
    let lower = declarations.to_ascii_lowercase();
    lower.contains('\\')
        || ["left", "top", "transform", "mso-hide", "zoom"].iter().any(|word| lower.contains(word))
        || WORDS.iter().any(|word| lower.contains(word))
}

/// `source` without comments and the delimiters of HTML's.
fn without_comments(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace("<!--", " ").replace("-->", " ")
}

/// A selector's compounds, the last one first; none if it is not understood.
fn compounds(selector: &str) -> Option<(Vec<Compound>, Place)> {
    let selector = selector.trim_ascii();
    let (selector, place) = match selector.split_once(':') {
        None => (selector, Place::Element),
        Some((before, "before" | ":before")) => (before, Place::Before),
        Some((before, "after" | ":after")) => (before, Place::After),
        Some(_) => return None,
    };
    let spaced = selector.replace('>', " > ");
    let mut out = Vec::new();
    let mut parent = false;
    for word in spaced.split_ascii_whitespace().rev() {
        match word {
            ">" => parent = true,
            word => out.push(Compound { parent: std::mem::take(&mut parent), ..compound(word)? }),
        }
    }
    (!out.is_empty() && out.len() <= 8).then_some((out, place))
}

fn compound(word: &str) -> Option<Compound> {
    let mut compound = Compound::default();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#' | '*' | '\\');
    if !word.chars().all(is_name) {
        return None;
    }
    let start = word.find(['.', '#']).unwrap_or(word.len());
    let (tag, mut rest) = word.split_at_checked(start)?;
    compound.tag = tag.trim_matches('*').to_ascii_lowercase();
    while let Some(sign) = rest.chars().next() {
        let tail = rest.get(1..)?;
        let end = tail.find(['.', '#']).unwrap_or(tail.len());
        let (name, after) = tail.split_at_checked(end)?;
        match sign {
            '.' => compound.classes.push(name.to_owned()),
            _ => name.clone_into(&mut compound.id),
        }
        rest = after;
    }
    Some(compound)
}

/// The text that `content:` adds; `attribute` knows an element's attributes.
pub(super) fn content(declarations: &str, attribute: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let value = declarations.split(';').find_map(|declaration| {
        let (property, value) = declaration.split_once(':')?;
        property.trim_ascii().eq_ignore_ascii_case("content").then_some(value)
    });
    let mut rest = value.unwrap_or_default();
    while let Some(c) = rest.chars().next() {
        if c == '"' || c == '\'' {
            rest = string(rest.get(1..).unwrap_or_default(), c, &mut out);
        } else if let Some(name) = rest.strip_prefix("attr(") {
            let (name, after) = name.split_once(')').unwrap_or((name, ""));
            out.push_str(&attribute(name.trim_ascii()));
            rest = after;
        } else {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// Adds a string up to its `quote`, gives what follows.
fn string<'t>(text: &'t str, quote: char, out: &mut String) -> &'t str {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\\' => {
                let (escaped, after) = unescaped(rest);
                out.extend(escaped);
                rest = after;
            }
            c if c == quote => break,
            c => out.push(c),
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sheet: &str, element: Identity<'_>, around: &[Identity<'_>]) -> Vec<String> {
        let mut read = Sheet::default();
        read.read(sheet);
        let around = around.iter().copied();
        read.rules_for(element, around).iter().map(|rule| rule.declarations.clone()).collect()
    }

    #[test]
    fn rules_hold_for_what_their_selectors_name() {
        let element = Identity { name: "span", class: "a b", id: "i" };
        let around = [
            Identity { name: "p", class: "c", id: "" },
            Identity { name: "div", class: "", id: "d" },
        ];
        let cases = [
            (".a{order:1}", true),
            (".a.b{order:1}", true),
            (".a.z{order:1}", false),
            ("span{order:1}", true),
            ("*{order:1}", true),
            ("p{order:1}", false),
            ("#i{order:1}", true),
            ("x, .b {order:1}", true),
            (".c .a{order:1}", true),
            ("#d > .a{order:1}", false),
            ("#d > p > .a{order:1}", true),
            ("#d .a{order:1}", true),
            (".a:hover{order:1}", false),
            ("@media print{.a{order:1}}", false),
            ("@media screen and (max-width:9px){.a{order:1}} .b{margin:0}", false),
            ("@media screen{.a{order:1}}", true),
            ("@import 'x'; .a{order:1}", true),
            ("<!-- /* } */ .a{order:1} -->", true),
            (".a{margin:0}", false),
            (".a{order:1", true),
        ];
        for (sheet, expected) in cases {
            assert_eq!(!found(sheet, element, &around).is_empty(), expected, "{sheet}");
        }
    }

    #[test]
    fn weightier_rules_come_later() {
        let element = Identity { name: "b", class: "a", id: "i" };
        let sheet = "#i{order:3}.a{order:2}b{order:1}b{order:11}";
        assert_eq!(found(sheet, element, &[]), ["order:1", "order:11", "order:2", "order:3"]);
    }

    #[test]
    fn added_text_is_read() {
        let attribute = |name: &str| format!("<{name}>");
        let read = content("color:red;content: \"a\\62 c\\\"\" attr( data-x) 'd'", attribute);
        assert_eq!(read, "abc\"<data-x>d");
    }
}
