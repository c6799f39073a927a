//! The types a rule file becomes.

use super::meta::Meta;
use super::regex::Pattern;
use crate::message::header::HeaderQuery;
use std::sync::Arc;

/// A rule's place in [`RuleSet::rules`]: dense, stable for the life of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// Where a line stands: an index into [`RuleSet::files`] and a line number from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    pub name: Box<str>,
    /// What is tested.
    pub test: Test,
    /// Score sets 0 to 3: bit 0 = network tests on, bit 1 = Bayes usable.
    pub scores: [f64; 4],
    /// `tflags`.
    pub tflags: Tflags,
    /// `priority`; lower runs first.
    pub priority: i32,
    /// `describe`, in the language chosen at load; bytes because files are.
    pub description: Option<Box<[u8]>>,
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
        /// The header's name; `ALL` for all of a part's headers.
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
    /// A name without a test: `reuse`, or `meta NAME ()`. Only code can make it hit.
    Empty,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tflags {
    /// `net`
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
    /// `range=a-b` of mimeheader: part numbers.
    pub range: Option<(u32, u32)>,
    /// `concat` of mimeheader.
    pub concat: bool,
    /// Every flag as written, in order, the above among them.
    pub words: Vec<Box<str>>,
}

/// Everything that the rule files say, ready to run. Immutable and shared.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// All rules, in the order in which they were first named.
    pub rules: Vec<Rule>,
    /// The files read, in order.
    pub files: Vec<std::path::PathBuf>,
    // The rules room adds: name → RuleId, settings, options, lists, complaints.
}
