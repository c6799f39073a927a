//! Rule files half read: what the lines so far have said.
//!
//! Lines change a [`Draft`]; [`super::finish`] makes a rule set of it. A user's draft lies over
//! the administrator's rule set and holds only the names that the user's lines mention.

use super::directives::{self, Directive, Form};
use super::dns::{AskDns, UriDns};
use super::lint::{Complaint, Severity};
use super::model::{EvalClass, Place, Rule, RuleSet, Test, UriCondition};
use super::options::{Options, Value};
use super::plugins::Plugins;
use super::regex::Pattern;
use crate::message::header::HeaderQuery;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// What is said of one name.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// `score`.
    pub scores: Option<[f64; 4]>,
    /// `tflags`, the text.
    pub tflags: Option<Box<[u8]>>,
    /// `priority`, as far as something has set it.
    pub priority: Option<i32>,
    /// `describe`.
    pub description: Option<std::sync::Arc<[u8]>>,
    /// The test defined last.
    pub definition: Option<Definition>,
    /// `mimeheader`: stays when the name gets another test.
    pub mime: Option<Arc<MimeHeader>>,
    /// `uri_detail`: conditions of all lines together.
    pub uri: Vec<UriCondition>,
    /// `askdns` names it.
    pub asks: bool,
    /// A pattern of it has, or had, named captures.
    pub captures: bool,
    /// Tags that a pattern of it has, or had.
    pub templates: Vec<Box<str>>,
}

/// A test as its line defines it.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub kind: Kind,
    /// As written, behind the name.
    pub text: Box<[u8]>,
    pub place: Place,
}

/// What kind of test.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Header {
        query: HeaderQuery,
        pattern: Arc<Pattern>,
        negated: bool,
        if_unset: Option<Box<[u8]>>,
    },
    HeaderExists(HeaderQuery),
    Body(Arc<Pattern>),
    Rawbody(Arc<Pattern>),
    Full(Arc<Pattern>),
    Uri(Arc<Pattern>),
    Meta,
    Eval(EvalClass),
    /// `mimeheader`, whose conditions are the entry's.
    Mime,
    Empty,
}

/// What a `mimeheader` line says.
#[derive(Clone, Debug)]
pub(super) struct MimeHeader {
    pub header: Box<[u8]>,
    pub raw: bool,
    pub pattern: Arc<Pattern>,
    pub negated: bool,
    pub if_unset: Box<[u8]>,
}

impl Entry {
    /// What a finished rule was made from.
    pub fn of_rule(rule: &Rule) -> Entry {
        let text = |kind| Some(Definition { kind, text: rule.text.clone(), place: rule.place });
        let mut entry = Entry {
            scores: rule.scored.then_some(rule.scores),
            tflags: (!rule.tflags.text.is_empty()).then(|| rule.tflags.text.clone()),
            priority: (rule.own_priority != 0).then_some(rule.own_priority),
            description: rule.description.clone(),
            captures: rule.captures,
            templates: rule.templates.clone(),
            ..Entry::default()
        };
        entry.definition = match &rule.test {
            Test::Header { query, pattern, negated, if_unset } => text(Kind::Header {
                query: query.clone(),
                pattern: pattern.clone(),
                negated: *negated,
                if_unset: if_unset.clone(),
            }),
            Test::HeaderExists { query } => text(Kind::HeaderExists(query.clone())),
            Test::Body { pattern } => text(Kind::Body(pattern.clone())),
            Test::Rawbody { pattern } => text(Kind::Rawbody(pattern.clone())),
            Test::Full { pattern } => text(Kind::Full(pattern.clone())),
            Test::Uri { pattern } => text(Kind::Uri(pattern.clone())),
            Test::MimeHeader { header, raw, pattern, negated, if_unset } => {
                entry.mime = Some(Arc::new(MimeHeader {
                    header: header.clone(),
                    raw: *raw,
                    pattern: pattern.clone(),
                    negated: *negated,
                    if_unset: if_unset.clone(),
                }));
                text(Kind::Mime)
            }
            Test::UriDetail { conditions } => {
                entry.uri = conditions.clone();
                text(Kind::Eval(EvalClass::Body))
            }
            Test::Meta(_) => text(Kind::Meta),
            Test::Eval(eval) if eval.class == EvalClass::Plugin => {
                entry.asks = true;
                text(Kind::Empty)
            }
            Test::Eval(eval) => text(Kind::Eval(eval.class)),
            Test::Empty if rule.text.is_empty() => text(Kind::Empty),
            Test::Empty => text(Kind::Meta),
        };
        entry
    }
}

/// A line as its directive's reader gets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'t> {
    /// Behind the key.
    pub value: &'t [u8],
    pub place: Place,
}

/// Why a line is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The value is missing.
    Missing,
    /// The value is wrong.
    Invalid,
}

/// What the lines so far have said.
pub(super) struct Draft<'b> {
    /// The administrator's rules under a user's draft.
    pub base: Option<&'b RuleSet>,
    pub entries: Vec<(Box<[u8]>, Entry)>,
    index: HashMap<Box<[u8]>, usize>,
    pub options: Options,
    pub plugins: Plugins,
    /// The directives that can be written now, by name.
    directives: HashMap<&'static str, &'static Directive>,
    pub ask_dns: BTreeMap<Box<[u8]>, AskDns>,
    pub uri_dns: BTreeMap<Box<[u8]>, UriDns>,
    pub complaints: Vec<Complaint>,
    pub files: Vec<PathBuf>,
    /// Refuse patterns that match everything.
    pub lint: bool,
    pub local_tests_only: bool,
    /// The directory of each `__name__` token in values.
    pub paths: Arc<super::files::Paths>,
}

impl<'b> Draft<'b> {
    /// A draft that knows the core's directives and nothing else.
    pub fn new(paths: Arc<super::files::Paths>) -> Self {
        let mut draft = Draft {
            base: None,
            entries: Vec::new(),
            index: HashMap::new(),
            options: Options::default(),
            plugins: Plugins::default(),
            directives: HashMap::new(),
            ask_dns: BTreeMap::new(),
            uri_dns: BTreeMap::new(),
            complaints: Vec::new(),
            files: Vec::new(),
            lint: false,
            local_tests_only: false,
            paths,
        };
        draft.register(None);
        let version: (Box<[u8]>, Box<[u8]>) = (
            b"Checker-Version"[..].into(),
            b"SpamAssassin _VERSION_ (_SUBVERSION_) on _HOSTNAME_"[..].into(),
        );
        for setting in [&b"headers_spam"[..], b"headers_ham"] {
            draft.options.put(setting, Value::Pairs(vec![version.clone()]), None);
        }
        draft
    }

    /// A draft over `base`.
    pub fn over(base: &'b RuleSet, paths: Arc<super::files::Paths>) -> Self {
        let mut draft = Draft::new(paths);
        draft.base = Some(base);
        for plugin in base.plugins.iter() {
            draft.register(Some(plugin));
        }
        draft.options = base.options.overlay();
        draft.plugins = base.plugins.clone();
        draft.lint = base.lint;
        draft.local_tests_only = base.local_tests_only;
        draft.files = base.files.clone();
        draft
    }

    /// Makes the directives of `plugin` known and gives their settings the default values.
    pub fn register(&mut self, plugin: Option<&str>) {
        for directive in directives::TABLE.iter().filter(|d| d.plugin == plugin) {
            self.directives.insert(directive.name, directive);
            for alias in directive.aliases {
                self.directives.insert(alias, directive);
            }
            if let Some(value) = directive.default.and_then(|text| default(directive.form, text)) {
                self.options.put(directive.setting.as_bytes(), value, None);
            }
        }
    }

    /// The directive that `key` means now.
    pub fn directive(&self, key: &str) -> Option<&'static Directive> {
        self.directives.get(key).copied()
    }

    /// What is said of `name`, for changing.
    pub fn entry(&mut self, name: &[u8]) -> &mut Entry {
        let at = match self.index.get(name) {
            Some(at) => *at,
            None => {
                let entry = self.inherited(name).unwrap_or_default();
                self.entries.push((name.into(), entry));
                self.index.insert(name.into(), self.entries.len() - 1);
                self.entries.len() - 1
            }
        };
        // `at` is in bounds: it was given out by the push above.
        &mut self.entries[at].1
    }

    /// What is said of `name`, if anything.
    pub fn find(&self, name: &[u8]) -> Option<&Entry> {
        self.entries.get(*self.index.get(name)?).map(|(_, entry)| entry)
    }

    fn inherited(&self, name: &[u8]) -> Option<Entry> {
        let base = self.base?;
        match base.names.get(name) {
            Some(id) => base.rule(*id).map(Entry::of_rule),
            None => base.strays.get(name).cloned(),
        }
    }

    /// The explicit scores of `name`, here or beneath.
    pub fn scores(&self, name: &[u8]) -> Option<[f64; 4]> {
        match self.find(name) {
            Some(entry) => entry.scores,
            None => self.inherited(name)?.scores,
        }
    }

    /// Is there a test called `name`, here or beneath?
    pub fn has_test(&self, name: &[u8]) -> bool {
        match self.find(name) {
            Some(entry) => entry.definition.is_some(),
            None => self.base.is_some_and(|base| base.names.contains_key(name)),
        }
    }

    /// Complains of the line at `place`.
    pub fn complain(&mut self, place: Option<Place>, severity: Severity, text: String) {
        self.complaints.push(Complaint { place, text, severity });
    }

    /// A complaint that counts.
    pub fn error(&mut self, place: Place, text: String) {
        self.complain(Some(place), Severity::Error, text);
    }

    /// A complaint that does not count.
    pub fn warn(&mut self, place: Place, text: String) {
        self.complain(Some(place), Severity::Warning, text);
    }
}

/// A default as the table writes it.
fn default(form: Form, text: &str) -> Option<Value> {
    let words = || text.split_ascii_whitespace();
    Some(match form {
        Form::Number | Form::Duration => Value::Number(text.parse().ok()?),
        Form::Flag => Value::Flag(text == "1"),
        Form::List => Value::List(words().map(|w| w.as_bytes().into()).collect()),
        Form::KeyValue => Value::Map(
            words()
                .filter_map(|w| w.split_once('='))
                .map(|(k, v)| (k.as_bytes().into(), v.as_bytes().into()))
                .collect(),
        ),
        _ => Value::Text(text.as_bytes().into()),
    })
}
