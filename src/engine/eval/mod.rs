//! The eval tests: functions that rule files call by name.
//!
//! One file per family; each has a table of its functions. [`bind`] finds the function of a
//! call and checks the arguments, so that a wrong call is found when rules are loaded, not
//! when mail comes in.

mod arguments;
pub(super) mod ask_dns;
mod body;
pub mod dkim;
pub mod dmarc;
pub(super) mod dns_lists;
pub mod fingerprint;
mod freemail;
mod globs;
pub(super) mod hash_lists;
mod header;
pub mod host;
mod html;
mod https_mismatch;
mod image;
mod listed;
mod lists;
mod mime;
mod own;
mod relay;
pub mod spf;
mod subject_lists;
mod uri;
pub(super) mod uri_dns;
mod uri_hosts;
mod vbounce;

use super::Worker;
pub(super) use super::leaf::{HIT, MISS, Outcome};
use super::scan::Scan;
use crate::dns::Name;
use crate::limits::Limits;
use crate::rules::model::Eval;
use crate::rules::regex::{Exact, Ids, Pattern, Strip};
use crate::rules::{RuleId, RuleSet};
use crate::text::{locales, number};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// An eval test as the tables name it.
pub struct Row {
    /// The function's name in rule files.
    pub name: &'static str,
    /// The plugin that SpamAssassin's files ask for with `ifplugin`.
    pub plugin: &'static str,
    /// The arguments, as documentation shows them.
    pub arguments: &'static str,
    /// What it tests.
    pub meaning: &'static str,
    /// Does it rewrite the body that rules see? Such a test runs before the body rules of its
    /// priority.
    pub edits_body: bool,
    /// Does it read what an errand of its family brings back from the network? Then it runs when
    /// the errands are done, if there are any.
    pub waits: bool,
    bind: Bind,
}

/// Checks a call's arguments and makes its test.
type Bind = fn(&Eval, &mut Binding) -> Result<Test, String>;

impl Row {
    /// A function that leaves the body as it is.
    const fn new(
        plugin: &'static str,
        name: &'static str,
        arguments: &'static str,
        meaning: &'static str,
        bind: Bind,
    ) -> Row {
        Row { name, plugin, arguments, meaning, edits_body: false, waits: false, bind }
    }

    /// A function that reads what the network has said.
    const fn waiting(
        plugin: &'static str,
        name: &'static str,
        arguments: &'static str,
        meaning: &'static str,
        bind: Bind,
    ) -> Row {
        Row { waits: true, ..Row::new(plugin, name, arguments, meaning, bind) }
    }
}

/// A test with its arguments understood: how often does it hit, and what has it to show?
pub type Test = Arc<dyn Fn(&mut Scan, &mut Worker) -> Outcome + Send + Sync>;

/// What a call may be bound to: the rule files, patterns, and what its family shares.
pub struct Binding<'a> {
    /// The rule that calls.
    pub rule: RuleId,
    /// What the files say.
    pub rules: &'a RuleSet,
    /// The limits in force.
    pub limits: &'a Limits,
    /// Numbers for patterns.
    pub(super) ids: &'a mut Ids,
    /// What families share.
    pub(super) shared: &'a mut Shared,
}

/// What the calls of each family share, by type.
pub(super) type Shared = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

impl Binding<'_> {
    /// A pattern without delimiters, ready to be run.
    pub fn pattern(&mut self, source: &[u8]) -> Result<Exact, String> {
        let pattern = Pattern::parse_within(source, Strip::Bare, self.limits)
            .map_err(|error| format!("'{}': {error}", source.escape_ascii()))?;
        let exact = Exact::new(Arc::new(pattern), self.ids, self.limits);
        exact.compile().map_err(|error| format!("'{}': {error}", source.escape_ascii()))?;
        Ok(exact)
    }

    /// The one `T` that all calls share; the first call that asks makes it.
    pub fn shared<T: Any + Send + Sync>(
        &mut self,
        make: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<Arc<T>, String> {
        let known = self.shared.get(&TypeId::of::<T>()).cloned();
        if let Some(known) = known.and_then(|known| known.downcast().ok()) {
            return Ok(known);
        }
        let made = Arc::new(make(self)?);
        self.shared.insert(TypeId::of::<T>(), made.clone());
        Ok(made)
    }
}

/// All eval tests that are built, family by family.
pub fn table() -> impl Iterator<Item = &'static Row> {
    let families = [
        own::TABLE,
        body::TABLE,
        dkim::TABLE,
        dns_lists::TABLE,
        dmarc::TABLE,
        fingerprint::TABLE,
        freemail::TABLE,
        hash_lists::TABLE,
        header::TABLE,
        host::TABLE,
        html::TABLE,
        https_mismatch::TABLE,
        image::TABLE,
        lists::TABLE,
        mime::TABLE,
        relay::TABLE,
        spf::TABLE,
        subject_lists::TABLE,
        uri::TABLE,
        uri_dns::TABLE,
        uri_hosts::TABLE,
        vbounce::TABLE,
    ];
    families.into_iter().flatten()
}

/// What the families that ask lists have to ask, read once.
#[derive(Default)]
pub struct Asks {
    /// `check_rbl` and its kin.
    pub lists: dns_lists::Plan,
    /// `uridnsbl` and its kin.
    pub uris: uri_dns::Plan,
    /// `check_hashbl_…`
    pub hashes: hash_lists::Plan,
    /// `askdns`
    pub tags: ask_dns::Plan,
    /// Rules that read what a family brings back, by its plugin.
    waiting: HashMap<&'static str, Vec<RuleId>>,
}

impl Asks {
    /// What the rules of `to` ask.
    pub(super) fn new(to: &mut Binding) -> Asks {
        let rules = to.rules;
        Asks {
            lists: dns_lists::Plan::new(rules, to),
            uris: uri_dns::Plan::new(rules),
            hashes: hash_lists::Plan::new(rules, to),
            tags: ask_dns::Plan::new(rules, to),
            waiting: waiting(rules),
        }
    }

    /// The lists that each rule asks.
    pub fn zones(&self) -> HashMap<RuleId, Vec<Name>> {
        let mut zones: HashMap<RuleId, Vec<Name>> = HashMap::new();
        let of_names = self.lists.zones().into_iter().chain(self.uris.zones());
        for (rule, zone) in of_names.chain(self.hashes.zones()).chain(self.tags.zones()) {
            zones.entry(rule).or_default().push(zone);
        }
        zones
    }

    /// Does a rule that runs on `scan` read what the family of `plugin` brings back?
    pub fn wants(&self, plugin: &str, scan: &Scan) -> bool {
        let runs =
            |rule: &RuleId| scan.course.score(*rule) != 0.0 && !scan.course.is_skipped(*rule);
        self.waiting.get(plugin).is_some_and(|rules| rules.iter().any(runs))
    }
}

fn waiting(rules: &RuleSet) -> HashMap<&'static str, Vec<RuleId>> {
    let mut waiting: HashMap<&str, Vec<RuleId>> = HashMap::new();
    for (id, rule) in rules.iter() {
        if let crate::rules::Test::Eval(call) = &rule.test
            && let Some(row) = find(&call.function).filter(|row| row.waits)
        {
            waiting.entry(row.plugin).or_default().push(id);
        }
    }
    waiting
}

/// Does the call ask a list?
pub fn asks_lists(call: &Eval) -> bool {
    let families = [ask_dns::TABLE, dns_lists::TABLE, hash_lists::TABLE, uri_dns::TABLE];
    families.into_iter().flatten().any(|row| row.name == &*call.function)
}

/// What reports write before the description of a rule that asks a list.
pub fn area(call: &Eval) -> &'static str {
    match &*call.function {
        "askdns" => "ASKDNS: ",
        "check_dns_sender" => "DNS: ",
        name if dns_lists::TABLE.iter().any(|row| row.name == name) => "RBL: ",
        _ => "",
    }
}

/// The function called `name`, if it is built.
pub fn find(name: &str) -> Option<&'static Row> {
    // What a directive makes of a rule is called as a function, and nobody can write it.
    table().chain(ask_dns::TABLE).find(|row| row.name == name)
}

/// The call, ready to be made; `None` if the function is not built, an error if its arguments
/// are wrong.
pub fn bind(call: &Eval, to: &mut Binding) -> Option<Result<Test, String>> {
    find(&call.function).map(|row| (row.bind)(call, to))
}

/// One hit if `hit`, without anything to show.
fn hit_if(hit: bool) -> Outcome {
    Ok(if hit { HIT } else { MISS })
}

/// The locales whose charsets are welcome to the user (`ok_locales`); `None` for all.
struct Welcome(Option<Vec<Vec<u8>>>);

/// What `ok_locales` says where the environment's language is `language`.
fn ok_locales(scan: &Scan, language: &[u8]) -> Arc<Welcome> {
    scan.profile().made(b"ok_locales", |options| {
        Welcome(locales::allowed(options.text("ok_locales").unwrap_or_default(), language))
    })
}

/// Argument number `index`, if it is there.
fn optional(call: &Eval, index: usize) -> Option<&[u8]> {
    call.arguments.get(index).map(|argument| &**argument)
}

/// Argument number `index`, which must be there.
fn literal(call: &Eval, index: usize) -> Result<&[u8], String> {
    optional(call, index)
        .ok_or_else(|| format!("{} needs {} argument(s)", call.function, index + 1))
}

/// A function that SpamAssassin keeps for old rules, and that never hits.
fn never(_: &Eval, _: &mut Binding) -> Result<Test, String> {
    Ok(Arc::new(|_, _| Ok(MISS)))
}

/// Argument number `index`, which must be there, as Perl reads a number: what its beginning is
/// worth, and nothing at all is 0.
fn number(call: &Eval, index: usize) -> Result<f64, String> {
    let text = literal(call, index)?;
    match number::begins(text) || text.trim_ascii().is_empty() {
        true => Ok(number::read(text)),
        false => Err(format!("'{}' is no number", text.escape_ascii())),
    }
}

/// Argument number `index` as a number, if it is there.
fn optional_number(call: &Eval, index: usize) -> Result<Option<f64>, String> {
    optional(call, index).map(|_| number(call, index)).transpose()
}

/// Refuses arguments from number `most` on, which nobody would look at.
fn at_most(call: &Eval, most: usize) -> Result<(), String> {
    match optional(call, most) {
        None => Ok(()),
        Some(extra) => Err(format!(
            "{} takes {most} argument(s); '{}' is one too many",
            call.function,
            extra.escape_ascii()
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{Curve, Engine, Options};
    use crate::limits::Limits;
    use crate::rules::{self, Sources};
    use std::sync::Arc;

    fn engine(pre: &str, lines: &str) -> Engine {
        let sources = Sources {
            site: Vec::new(),
            distribution: Vec::new(),
            pre_lines: pre.as_bytes().to_vec(),
            cf_lines: lines.as_bytes().to_vec(),
            local_tests_only: true,
            ..Sources::default()
        };
        let limits = Limits::default();
        Engine::new(Arc::new(rules::load(&sources, &limits)), Curve::default(), &limits)
    }

    /// The rules that hit `mail`, sorted.
    pub(super) fn names(pre: &str, lines: &str, mail: &str) -> String {
        let engine = engine(pre, lines);
        let verdict = engine.scan(&mut engine.worker(), mail.into(), &Options::default());
        let mut names: Vec<_> = verdict.hits.iter().map(|hit| hit.name.to_string()).collect();
        names.sort_unstable();
        names.join(" ")
    }

    /// The rules whose calls are wrong.
    pub(super) fn wrong(pre: &str, lines: &str) -> Vec<String> {
        let engine = engine(pre, lines);
        let name = |rule| engine.rules().rule(rule).unwrap().name.to_string();
        engine.wrong_calls().iter().map(|(rule, _)| name(*rule)).collect()
    }
}
