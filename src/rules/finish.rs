//! From a [`Draft`] to a [`RuleSet`]: what can only be said when all lines have been read.
//!
//! Parser.pm's `finish_parsing`: default scores, names in metas resolved, cycles found,
//! priorities and `net` flags passed on, eval arguments cut, tags in patterns replaced.

use super::draft::{Definition, Draft, Entry, Kind};
use super::lint::{Complaint, Severity};
use super::meta::{self, Meta, Operand};
use super::model::{Eval, EvalClass, Place, Rule, RuleId, RuleSet, Test};
use super::options::Options;
use super::plugins::Plugins;
use super::regex::Pattern;
use super::scan::show;
use super::{arithmetic, evals, replace, settings, tflags};
use crate::limits::Limits;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Makes the administrator's rule set.
pub(super) fn rule_set(draft: Draft<'_>, language: &[u8], limits: &Limits) -> RuleSet {
    let Draft { entries, mut options, plugins, mut complaints, ask_dns, uri_dns, .. } = draft;
    settings::check_networks(&mut options, &mut complaints);
    let (named, strays): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(_, entry)| entry.definition.is_some());
    let names: HashMap<Box<[u8]>, RuleId> =
        (0u32..).map(RuleId).zip(&named).map(|(id, (name, _))| (name.clone(), id)).collect();
    let mut builder =
        Builder { options: &options, plugins: &plugins, limits, complaints: &mut complaints };
    let mut rules: Vec<Rule> =
        named.iter().filter_map(|(name, entry)| builder.rule(name, entry)).collect();
    let mut globs = Globs::new(|| {
        let scored = strays.iter().filter(|(_, entry)| entry.scores.is_some());
        scored.chain(&named).map(|(name, _)| &**name).collect()
    });
    let all: Vec<RuleId> = (0u32..).map(RuleId).take(rules.len()).collect();
    for (id, (_, entry)) in all.iter().zip(&named) {
        let find = |name: &[u8]| names.get(name).copied();
        if let Some(rule) = rules.get_mut(id.0 as usize) {
            resolve(rule, entry, &find, &mut globs, draft.local_tests_only);
        }
    }
    drop(globs);
    mark_unsolved(&mut rules, &mut complaints);
    fix_priorities(&mut rules);
    pass_on_net(&mut rules);
    run_net_early(&mut rules);
    RuleSet {
        settings: Arc::new(settings::settings(&options, limits)),
        rules,
        files: draft.files,
        complaints,
        plugins,
        ask_dns: ask_dns.into_values().collect(),
        uri_dns: uri_dns.into_values().collect(),
        names,
        strays: strays.into_iter().collect(),
        options,
        local_tests_only: draft.local_tests_only,
        language: language.to_vec(),
        lint: draft.lint,
        paths: draft.paths,
    }
}

/// Makes rules of entries.
pub(super) struct Builder<'d> {
    pub options: &'d Options,
    pub plugins: &'d Plugins,
    pub limits: &'d Limits,
    pub complaints: &'d mut Vec<Complaint>,
}

impl Builder<'_> {
    /// The rule, but for what depends on other rules; `None` for a name without a test.
    pub fn rule(&mut self, name: &[u8], entry: &Entry) -> Option<Rule> {
        let definition = entry.definition.as_ref()?;
        let text = String::from_utf8_lossy(name);
        let flags = tflags::parse(entry.tflags.as_deref().unwrap_or_default());
        let mut test = self.test(name, entry, definition);
        self.replace_tags(name, &mut test, definition.place);
        let own_priority = self.forked(&test).unwrap_or(entry.priority.unwrap_or(0));
        Some(Rule {
            name: text.into(),
            test,
            text: definition.text.clone(),
            scores: entry.scores.unwrap_or([default_score(name, flags.nice); 4]),
            scored: entry.scores.is_some(),
            tflags: flags,
            priority: own_priority,
            own_priority,
            captures: entry.captures,
            templates: entry.templates.clone(),
            description: entry.description.clone(),
            place: definition.place,
        })
    }

    fn test(&mut self, name: &[u8], entry: &Entry, definition: &Definition) -> Test {
        match &definition.kind {
            Kind::Header { query, pattern, negated, if_unset } => Test::Header {
                query: query.clone(),
                pattern: pattern.clone(),
                negated: *negated,
                if_unset: if_unset.clone(),
            },
            Kind::HeaderExists(query) => Test::HeaderExists { query: query.clone() },
            Kind::Body(pattern) => Test::Body { pattern: pattern.clone() },
            Kind::Rawbody(pattern) => Test::Rawbody { pattern: pattern.clone() },
            Kind::Full(pattern) => Test::Full { pattern: pattern.clone() },
            Kind::Uri(pattern) => Test::Uri { pattern: pattern.clone() },
            // The names are resolved when all rules are there.
            Kind::Meta => Test::Empty,
            Kind::Eval(class) => self.eval(name, *class, entry, definition),
            Kind::Mime => match &entry.mime {
                Some(mime) => Test::MimeHeader {
                    header: mime.header.clone(),
                    raw: mime.raw,
                    pattern: mime.pattern.clone(),
                    negated: mime.negated,
                    if_unset: mime.if_unset.clone(),
                },
                None => Test::Empty,
            },
            Kind::Empty if self.plugins.has("AskDNS") && entry.asks => Test::Eval(Eval {
                class: EvalClass::Plugin,
                function: "askdns".into(),
                arguments: Vec::new(),
            }),
            Kind::Empty => Test::Empty,
        }
    }

    fn eval(
        &mut self,
        name: &[u8],
        class: EvalClass,
        entry: &Entry,
        definition: &Definition,
    ) -> Test {
        if &*definition.text == b"check_uri_detail()" && !entry.uri.is_empty() {
            return Test::UriDetail { conditions: entry.uri.clone() };
        }
        let Some((function, arguments)) = call(&definition.text) else {
            let text = format!(
                "syntax error for eval function {}: {}; write name('text', 5)",
                show(name),
                show(&definition.text)
            );
            self.complain(definition.place, text);
            return Test::Empty;
        };
        let wanted = evals::find(&function)
            .filter(|known| self.plugins.has(known.plugin))
            .and_then(|known| known.class)
            .filter(|wanted| *wanted != class)
            .filter(|wanted| (*wanted, class) != (EvalClass::Body, EvalClass::Rawbody));
        if let Some(wanted) = wanted {
            let word = match wanted {
                EvalClass::Body => "body",
                EvalClass::Rawbody => "rawbody",
                EvalClass::Full => "full",
                _ => "header",
            };
            let text = format!("wrong rule type defined for {}, expected '{word}'", show(name));
            self.complain(definition.place, text);
            return Test::Empty;
        }
        Test::Eval(Eval { class, function: function.into(), arguments })
    }

    fn complain(&mut self, place: Place, text: String) {
        self.complaints.push(Complaint { place: Some(place), text, severity: Severity::Error });
    }

    /// Plugins that work in a process of their own are started early.
    fn forked(&self, test: &Test) -> Option<i32> {
        let Test::Eval(eval) = test else { return None };
        let (plugin, setting) = match &*eval.function {
            "check_pyzor" => ("Pyzor", "pyzor_fork"),
            "check_razor2" | "check_razor2_range" => ("Razor2", "razor_fork"),
            _ => return None,
        };
        (self.plugins.has(plugin) && self.options.flag(setting)).then_some(-100)
    }

    /// Replaces tags in the pattern of a rule that `replace_rules` names. What comes out and is
    /// no pattern is told, and the rule keeps the pattern that it has.
    fn replace_tags(&mut self, name: &[u8], test: &mut Test, place: Place) {
        if !self.options.set(b"replace_rules").is_some_and(|set| set.contains(name)) {
            return;
        }
        let pattern = match test {
            Test::Header { pattern, .. }
            | Test::Body { pattern }
            | Test::Rawbody { pattern }
            | Test::Full { pattern }
            | Test::Uri { pattern } => pattern,
            _ => return,
        };
        let source = pattern.source();
        let Some(text) = replace::replace(&source, self.options, self.limits.pattern_bytes) else {
            return;
        };
        match Pattern::parse_within(&text, super::regex::Strip::Bare, self.limits) {
            Ok(replaced) => *pattern = Arc::new(replaced),
            Err(error) => self.complaints.push(Complaint {
                place: Some(place),
                text: format!("tags of {} not replaced: {error}", show(name)),
                severity: Severity::Warning,
            }),
        }
    }
}

/// The score of a rule without a `score` line.
fn default_score(name: &[u8], nice: bool) -> f64 {
    let score = if name.starts_with(b"T_") { 0.01 } else { 1.0 };
    if nice { -score } else { score }
}

/// `name(arguments)` cut up; `None` if the arguments are not texts in quotes, or words of
/// letters, digits, `.`, `:` and `-`, with commas between.
fn call(text: &[u8]) -> Option<(String, Vec<Box<[u8]>>)> {
    let open = text.iter().position(|&b| b == b'(')?;
    let function = std::str::from_utf8(text.get(..open)?).ok()?.to_owned();
    let inner = text.get(open + 1..)?.strip_suffix(b")")?;
    let mut arguments = Vec::new();
    if !inner.is_empty() && inner.iter().all(|&b| super::scan::is_space(b)) {
        return Some((function, arguments));
    }
    let mut rest = inner;
    while !rest.is_empty() {
        let (argument, behind) = argument(super::scan::trim_start(rest))?;
        arguments.push(argument.into());
        rest = behind;
    }
    Some((function, arguments))
}

/// The first argument, and what stands behind its comma.
fn argument(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end_at = |at: usize| {
        let rest = super::scan::trim_start(text.get(at..)?);
        match rest.strip_prefix(b",") {
            Some(behind) => Some(super::scan::trim_start(behind)),
            None => rest.is_empty().then_some(rest),
        }
    };
    if let Some(quote @ (b'"' | b'\'')) = text.first() {
        return memchr::memchr_iter(*quote, text)
            .skip(1)
            .find_map(|close| Some((text.get(1..close)?, end_at(close + 1)?)));
    }
    let plain = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-');
    let length = text.iter().take_while(plain).count();
    let word = text.get(..length).filter(|word| !word.is_empty())?;
    Some((word, end_at(length)?))
}

/// What `rules_matching` knows: the names with scores, and what each glob was expanded to.
pub(super) struct Globs<'n> {
    names: Box<dyn Fn() -> Vec<&'n [u8]> + 'n>,
    known: HashMap<Vec<u8>, Vec<&'n [u8]>>,
}

impl<'n> Globs<'n> {
    /// Over what `names` gives when a glob is met.
    pub fn new(names: impl Fn() -> Vec<&'n [u8]> + 'n) -> Self {
        Globs { names: Box::new(names), known: HashMap::new() }
    }

    /// The names that match, sorted, without the asking rule. Whoever asks first is left out for
    /// all.
    fn expand(&mut self, glob: &[u8], asking: &[u8]) -> Vec<&'n [u8]> {
        let names = &self.names;
        let matching = || {
            let mut names = names();
            names.retain(|name| *name != asking && meta::glob_matches(glob, name));
            names.sort_unstable();
            names.dedup();
            names
        };
        self.known.entry(glob.to_vec()).or_insert_with(matching).clone()
    }
}

/// Makes the meta of a rule whose text is one. The text was checked when its line was read.
pub(super) fn resolve(
    rule: &mut Rule,
    entry: &Entry,
    find: &dyn Fn(&[u8]) -> Option<RuleId>,
    globs: &mut Globs<'_>,
    local_tests_only: bool,
) {
    if !matches!(entry.definition, Some(Definition { kind: Kind::Meta, .. })) {
        return;
    }
    let name = rule.name.clone();
    let mut expand = |glob: &[u8]| globs.expand(glob, name.as_bytes());
    let text = rule.text.clone();
    let Ok(expression) = meta::parse(&text, &mut expand, local_tests_only) else { return };
    if expression.bare {
        return;
    }
    let mut made =
        Meta { nodes: Vec::new(), uses: Vec::new(), undefined: Vec::new(), unsolved: false };
    let operands: Vec<Operand> =
        expression.names.iter().map(|name| made.operand(name, find)).collect();
    made.nodes = expression.nodes.into_iter().map(|node| renamed(node, &operands)).collect();
    rule.test = Test::Meta(made);
}

impl Meta {
    fn operand(&mut self, name: &[u8], find: &dyn Fn(&[u8]) -> Option<RuleId>) -> Operand {
        match find(name) {
            Some(id) => {
                self.uses.push(id);
                Operand::Rule(id)
            }
            None => {
                self.undefined.push(String::from_utf8_lossy(name).into());
                Operand::Undefined((self.undefined.len() - 1) as u32)
            }
        }
    }
}

fn renamed(node: arithmetic::Node<u32>, operands: &[Operand]) -> meta::Node {
    use arithmetic::Node;
    match node {
        Node::Name(index) => match operands.get(index as usize) {
            Some(operand) => Node::Name(*operand),
            None => Node::Number(0.0),
        },
        Node::Number(number) => Node::Number(number),
        Node::Not(a) => Node::Not(a),
        Node::Minus(a) => Node::Minus(a),
        Node::Binary(operator, a, b) => Node::Binary(operator, a, b),
        Node::And(a, b) => Node::And(a, b),
        Node::Or(a, b) => Node::Or(a, b),
        Node::Choose(a, b, c) => Node::Choose(a, b, c),
    }
}

fn meta_of(rules: &[Rule], id: RuleId) -> Option<&Meta> {
    match &rules.get(id.0 as usize)?.test {
        Test::Meta(meta) => Some(meta),
        _ => None,
    }
}

/// Marks the metas that are in a cycle or need one, and complains of them.
fn mark_unsolved(rules: &mut [Rule], complaints: &mut Vec<Complaint>) {
    let mut waiting: HashMap<RuleId, usize> = HashMap::new();
    let mut needed_by: HashMap<RuleId, Vec<RuleId>> = HashMap::new();
    let mut ready = Vec::new();
    for id in (0..rules.len() as u32).map(RuleId) {
        let Some(meta) = meta_of(rules, id) else { continue };
        let metas = meta.uses.iter().filter(|used| meta_of(rules, **used).is_some());
        let count = metas.map(|used| needed_by.entry(*used).or_default().push(id)).count();
        if count == 0 {
            ready.push(id);
        } else {
            waiting.insert(id, count);
        }
    }
    while let Some(solved) = ready.pop() {
        for dependent in needed_by.remove(&solved).unwrap_or_default() {
            if let Some(count) = waiting.get_mut(&dependent) {
                *count -= 1;
                if *count == 0 {
                    waiting.remove(&dependent);
                    ready.push(dependent);
                }
            }
        }
    }
    let mut unsolved: Vec<RuleId> = waiting.into_keys().collect();
    unsolved.sort_unstable();
    for id in &unsolved {
        let Some(rule) = rules.get(id.0 as usize) else { continue };
        let Test::Meta(meta) = &rule.test else { continue };
        let others: Vec<&str> = meta
            .uses
            .iter()
            .filter(|used| unsolved.binary_search(used).is_ok())
            .filter_map(|used| rules.get(used.0 as usize).map(|rule| &*rule.name))
            .collect();
        let text = format!("meta {} needs itself or a cycle: {}", rule.name, others.join(", "));
        complaints.push(Complaint { place: Some(rule.place), text, severity: Severity::Error });
    }
    for id in unsolved {
        if let Some(Rule { test: Test::Meta(meta), .. }) = rules.get_mut(id.0 as usize) {
            meta.unsolved = true;
        }
    }
}

/// What a meta needs is not later than the meta. SpamAssassin does one pass in the order of
/// priorities, at random among equals; this is the outcome of the order that reaches furthest.
fn fix_priorities(rules: &mut [Rule]) {
    let mut metas: Vec<RuleId> = (0..rules.len() as u32)
        .map(RuleId)
        .filter(|id| meta_of(rules, *id).is_some_and(|meta| !meta.unsolved))
        .collect();
    metas.sort_by_key(|id| rules.get(id.0 as usize).map(|rule| rule.priority));
    let mut pending: std::collections::VecDeque<RuleId> = metas.into();
    while let Some(id) = pending.pop_front() {
        let Some(Rule { priority, test: Test::Meta(meta), .. }) = rules.get(id.0 as usize) else {
            continue;
        };
        let (base, uses) = (*priority, meta.uses.clone());
        for used in uses {
            let Some(rule) = rules.get_mut(used.0 as usize) else { continue };
            let lowered = if base < NET_PRIORITY && rule.tflags.net { NET_PRIORITY } else { base };
            if rule.priority > base && rule.priority != lowered {
                rule.priority = lowered;
                if matches!(rule.test, Test::Meta(_)) {
                    pending.push_back(used);
                }
            }
        }
    }
}

/// Where network rules run.
const NET_PRIORITY: i32 = -100;

/// A meta is a network rule if something that it needs is.
fn pass_on_net(rules: &mut [Rule]) {
    let mut needed_by: HashMap<RuleId, Vec<RuleId>> = HashMap::new();
    let mut net = Vec::new();
    for id in (0..rules.len() as u32).map(RuleId) {
        if rules.get(id.0 as usize).is_some_and(|rule| rule.tflags.net) {
            net.push(id);
        }
        for used in meta_of(rules, id).filter(|m| !m.unsolved).map_or(&[][..], |meta| &meta.uses) {
            needed_by.entry(*used).or_default().push(id);
        }
    }
    let mut seen: HashSet<RuleId> = net.iter().copied().collect();
    while let Some(id) = net.pop() {
        for dependent in needed_by.get(&id).into_iter().flatten() {
            if seen.insert(*dependent) {
                net.push(*dependent);
                if let Some(rule) = rules.get_mut(dependent.0 as usize) {
                    rule.tflags.net = true;
                }
            }
        }
    }
}

/// Network rules without a priority run early, so that answers arrive while others run.
pub(super) fn run_net_early(rules: &mut [Rule]) {
    for rule in rules.iter_mut().filter(|rule| rule.priority == 0 && rule.tflags.net) {
        rule.priority = NET_PRIORITY;
    }
}
