//! The types a rule file becomes.

use super::dns::{AskDns, UriDns};
use super::lint::Complaint;
use super::meta::Meta;
use super::options::Options;
use super::plugins::Plugins;
use super::regex::Pattern;
use crate::message::Settings;
use crate::message::header::HeaderQuery;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A rule's place in [`RuleSet::rules`]: dense, stable for the life of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// Where a line stands: an index into [`RuleSet::files`] and a line number from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index into [`RuleSet::files`].
    pub file: u32,
    /// Line number, counted from 1.
    pub line: u32,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `[_a-zA-Z]\w*`; a name that begins with `__` is a sub-test's.
    pub name: Arc<str>,
    /// What is tested.
    pub test: Test,
    /// The test as written, behind the rule's name; empty for `reuse`.
    pub text: Box<[u8]>,
    /// Score sets 0 to 3: bit 0 = network tests on, bit 1 = Bayes usable.
    pub scores: [f64; 4],
    /// Is there a `score` line? If not, `scores` are SpamAssassin's defaults.
    pub scored: bool,
    /// `tflags`.
    pub tflags: Tflags,
    /// In force: network rules without a priority are at −100, what a meta needs is not later
    /// than the meta, and a rule that captures runs first. Lower runs first.
    pub priority: i32,
    /// As configured (`priority`, captures, Pyzor's fork), before the above.
    pub own_priority: i32,
    /// Does the pattern hold named captures (`(?<TAG>…)`), which become tags?
    pub captures: bool,
    /// The tags whose values stand in the pattern (`%{TAG}`). A rule of which one has no value
    /// does not run. In the pattern such a place reads `%\{TAG\}`.
    pub templates: Vec<Box<str>>,
    /// `describe`, in the language chosen at load; bytes because files are.
    pub description: Option<Arc<[u8]>>,
    /// Where the test was defined last.
    pub place: Place,
}

impl Rule {
    /// Is this a sub-test, which has no score of its own and is only read by metas?
    pub fn is_subtest(&self) -> bool {
        self.name.starts_with("__")
    }
}

/// What a rule looks at.
#[derive(Clone, Debug)]
pub enum Test {
    /// `header NAME Subject:raw =~ /re/ [if-unset: text]`
    Header {
        /// Which header, in which form.
        query: HeaderQuery,
        /// The pattern.
        pattern: Arc<Pattern>,
        /// `!~` instead of `=~`.
        negated: bool,
        /// `[if-unset: …]`.
        if_unset: Option<Box<[u8]>>,
    },
    /// `header NAME exists:Subject`
    HeaderExists {
        /// Which header.
        query: HeaderQuery,
    },
    /// `body NAME /re/`
    Body {
        /// The pattern.
        pattern: Arc<Pattern>,
    },
    /// `rawbody NAME /re/`
    Rawbody {
        /// The pattern.
        pattern: Arc<Pattern>,
    },
    /// `full NAME /re/`
    Full {
        /// The pattern.
        pattern: Arc<Pattern>,
    },
    /// `uri NAME /re/`
    Uri {
        /// The pattern.
        pattern: Arc<Pattern>,
    },
    /// `mimeheader NAME Content-Type:raw =~ /re/`
    MimeHeader {
        /// The header's name, without `:raw`; `ALL` for all of a part's headers.
        header: Box<[u8]>,
        /// `:raw`.
        raw: bool,
        /// The pattern.
        pattern: Arc<Pattern>,
        /// `!~`, which always hits.
        negated: bool,
        /// `[if-unset: …]`; empty where not given.
        if_unset: Box<[u8]>,
    },
    /// `uri_detail NAME key =~ /re/ …`: all conditions on one URI.
    UriDetail {
        /// At most one condition for each key: the last one written.
        conditions: Vec<UriCondition>,
    },
    /// `meta NAME expression`
    Meta(Meta),
    /// `body NAME eval:function(arguments)`
    Eval(Eval),
    /// A name without a test: `reuse`, `meta NAME ()`, or an eval rule that cannot be called.
    /// Only code can make it hit.
    Empty,
}

impl Test {
    /// The pattern of a test that has exactly one.
    pub fn pattern(&self) -> Option<&Arc<Pattern>> {
        match self {
            Test::Header { pattern, .. }
            | Test::Body { pattern }
            | Test::Rawbody { pattern }
            | Test::Full { pattern }
            | Test::Uri { pattern }
            | Test::MimeHeader { pattern, .. } => Some(pattern),
            _ => None,
        }
    }
}

/// One condition of a `uri_detail` rule.
#[derive(Clone, Debug)]
pub struct UriCondition {
    /// What of the URI is looked at.
    pub key: UriKey,
    /// The pattern.
    pub pattern: Arc<Pattern>,
    /// `!~`.
    pub negated: bool,
}

/// What a `uri_detail` condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UriKey {
    /// The URI as found.
    Raw,
    /// Where it was found: `a`, `img`, `parsed`, …
    Type,
    /// Its cleaned forms.
    Cleaned,
    /// The anchor's text.
    Text,
    /// The registered domain.
    Domain,
    /// The host name.
    Host,
}

/// The class of an eval rule: which word the rule was written with, hence when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvalClass {
    /// `header NAME eval:…`
    Header,
    /// `header NAME eval:check_rbl…`: the DNS block lists' own type.
    Rbl,
    /// `body NAME eval:…`
    Body,
    /// `rawbody NAME eval:…`
    Rawbody,
    /// `full NAME eval:…`
    Full,
    /// A rule type that a plugin brought and that asks DNS: `uridnsbl`, `askdns`, …
    Plugin,
}

/// A call of an eval function.
#[derive(Clone, Debug)]
pub struct Eval {
    /// When it runs.
    pub class: EvalClass,
    /// The function's name, or the directive's for [`EvalClass::Plugin`].
    pub function: Box<str>,
    /// Its arguments, unquoted.
    pub arguments: Vec<Box<[u8]>>,
}

/// `tflags` of a rule.
///
/// A flag is on where its name stands as a word of its own (`\b…\b`), so `net-test` sets `net`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tflags {
    /// `net`; a meta has it when something that it needs has it.
    pub net: bool,
    /// `nice`
    pub nice: bool,
    /// `learn`
    pub learn: bool,
    /// `userconf`
    pub userconf: bool,
    /// `noautolearn`
    pub noautolearn: bool,
    /// `multiple`
    pub multiple: bool,
    /// `maxhits=N`
    pub maxhits: Option<u32>,
    /// `nosubject`
    pub nosubject: bool,
    /// `range=a-b` of mimeheader: part numbers, both included.
    pub range: Option<(u32, u32)>,
    /// `concat` of mimeheader.
    pub concat: bool,
    /// As written; the last line counts.
    pub text: Box<[u8]>,
}

impl Tflags {
    /// Is `flag` among them, as a word?
    pub fn has(&self, flag: &[u8]) -> bool {
        super::tflags::has_word(&self.text, flag)
    }
}

/// Everything that the rule files say, ready to run. Immutable and shared.
#[derive(Clone)]
pub struct RuleSet {
    /// All rules, in the order in which they were first named.
    pub rules: Vec<Rule>,
    /// The files read, in order. The last ones may be names in brackets: `(--cf)`.
    pub files: Vec<PathBuf>,
    /// What was wrong with them.
    pub complaints: Vec<Complaint>,
    /// Everything that is not a rule.
    pub options: Options,
    /// The plugins that were switched on.
    pub plugins: Plugins,
    /// `askdns`, by rule.
    pub ask_dns: Vec<AskDns>,
    /// `uridnsbl` and its family, by rule.
    pub uri_dns: Vec<UriDns>,
    pub(super) names: HashMap<Box<[u8]>, RuleId>,
    /// What is said of names that no rule bears: scores, flags, descriptions.
    pub(super) strays: HashMap<Box<[u8]>, super::draft::Entry>,
    pub(super) settings: Arc<Settings>,
    pub(super) local_tests_only: bool,
    pub(super) language: Vec<u8>,
    pub(super) lint: bool,
    pub(super) paths: Arc<super::files::Paths>,
}

impl RuleSet {
    /// The rule of this name.
    pub fn find(&self, name: &str) -> Option<RuleId> {
        self.names.get(name.as_bytes()).copied()
    }

    /// The rule with this id, which must be of this set.
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(id.0 as usize)
    }

    /// Every rule with its id, in order.
    pub fn iter(&self) -> impl Iterator<Item = (RuleId, &Rule)> {
        (0u32..).map(RuleId).zip(&self.rules)
    }

    /// What the files say about reading a message.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.clone()
    }

    /// Were they loaded for local tests only?
    pub fn is_local(&self) -> bool {
        self.local_tests_only
    }

    /// The language of whoever runs this, as the environment names it: `en_US`.
    pub fn language(&self) -> &[u8] {
        &self.language
    }

    /// A complaint as people read it: `/etc/spamassassin/local.cf:12: what is wrong`.
    pub fn describe(&self, complaint: &Complaint) -> String {
        match complaint.place {
            Some(place) => format!("{}: {}", self.place(place), complaint.text),
            None => complaint.text.clone(),
        }
    }

    /// A place as people read it: `/etc/spamassassin/local.cf:12`.
    pub fn place(&self, place: Place) -> String {
        match self.files.get(place.file as usize) {
            Some(file) => format!("{}:{}", file.display(), place.line),
            None => "(no file)".to_owned(),
        }
    }
}

impl std::fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleSet")
            .field("rules", &self.rules.len())
            .field("files", &self.files)
            .field("complaints", &self.complaints)
            .finish_non_exhaustive()
    }
}
