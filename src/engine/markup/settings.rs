//! What the configuration says of reports, headers and rewritten mail.
//!
//! Made once from the options of the rule files, and once more for each user who changes some
//! of them (Mail::SpamAssassin::Conf, "BASIC MESSAGE TAGGING OPTIONS" and "LANGUAGE OPTIONS").

use crate::limits::Limits;
use crate::rules::options::{List, Map, Options, Pairs};

/// SpamAssassin's version, whose rules we run and whose answers we give.
const VERSION: (&[u8], &str) = (b"4.0.1", "2024-03-25");

/// The settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `add_header` for ham: names without `X-Spam-`, and templates, in order.
    pub headers_ham: Pairs,
    /// `add_header` for spam.
    pub headers_spam: Pairs,
    /// `rewrite_header`: templates for `Subject`, `From` and `To`.
    pub rewrite: Map,
    /// `subjprefix`: templates by rule.
    pub subject_prefixes: Map,
    /// `report_safe`: 0 for headers alone, 1 for an attached message, 2 for attached text.
    pub report_safe: u8,
    /// `report_safe_copy_headers`
    pub copied_headers: List,
    /// `report`: its lines, each with a line feed.
    pub report: Box<[u8]>,
    /// `unsafe_report`, likewise.
    pub unsafe_report: Box<[u8]>,
    /// `report_charset`
    pub charset: Box<[u8]>,
    /// `report_contact`
    pub contact: Box<[u8]>,
    /// `report_hostname`; empty where this machine's name counts.
    pub hostname: Box<[u8]>,
    /// `report_wrap_width`; 0 for what SpamAssassin takes then.
    pub wrap_width: usize,
    /// `fold_headers`
    pub fold: bool,
    /// The SpamAssassin version, with every `version_tag`.
    pub version: Box<[u8]>,
    /// Its date.
    pub subversion: &'static str,
    /// Versions of the rule channels, with commas between.
    pub rules_version: Box<[u8]>,
    /// May mail be learned from at all?
    pub learns: bool,
    /// Does a template name sub-tests, which are not all run otherwise?
    pub lists_subtests: bool,
    /// So long a text may become by what is filled in (`limits.filled_template`).
    pub longest: usize,
    /// So many fields of one message are rewritten (`limits.rewritten_fields`).
    pub rewritten_fields: usize,
}

impl Settings {
    /// What `options` say.
    pub fn of(options: &Options, limits: &Limits) -> Settings {
        let text = |name: &str| Box::from(options.text(name).unwrap_or_default());
        let map = |name: &str| options.map(name).cloned().unwrap_or_default();
        let tags = options.list("version_tag").iter().map(|tag| &**tag);
        let updates = options.map("update_version").into_iter().flat_map(Map::values);
        let mut settings = Settings {
            lists_subtests: false,
            headers_ham: options.pairs("headers_ham").to_vec(),
            headers_spam: options.pairs("headers_spam").to_vec(),
            rewrite: map("rewrite_header"),
            subject_prefixes: map("subjprefix"),
            report_safe: options.number("report_safe").clamp(0.0, 2.0) as u8,
            copied_headers: options.list("report_safe_copy_headers").to_vec(),
            report: text("report_template"),
            unsafe_report: text("unsafe_report_template"),
            charset: text("report_charset"),
            contact: text("report_contact"),
            hostname: text("report_hostname"),
            wrap_width: options.number("report_wrap_width").max(0.0) as usize,
            fold: options.flag("fold_headers"),
            version: std::iter::once(VERSION.0).chain(tags).collect::<Vec<_>>().join(&b'-').into(),
            subversion: VERSION.1,
            rules_version: updates.map(|v| &**v).collect::<Vec<_>>().join(&b',').into(),
            learns: options.flag("use_bayes") && options.flag("bayes_auto_learn"),
            longest: limits.filled_template,
            rewritten_fields: limits.rewritten_fields,
        };
        settings.lists_subtests = settings.needs_subtests();
        settings
    }

    fn needs_subtests(&self) -> bool {
        let headers = self.headers_ham.iter().chain(&self.headers_spam).map(|(_, text)| text);
        let rewrites = self.rewrite.values().chain(self.subject_prefixes.values());
        let templates = headers.chain(rewrites).chain([&self.report, &self.unsafe_report]);
        let lists = |template: &[u8]| memchr::memmem::find(template, b"_SUBTESTS").is_some();
        templates.into_iter().any(|template| lists(template))
            || self.subject_prefixes.keys().any(|rule| rule.starts_with(b"__"))
    }

    /// `report_charset`; UTF-8 where it is none.
    pub(super) fn charset(&self) -> &[u8] {
        match &*self.charset {
            b"" | b"0" => b"UTF-8",
            charset => charset,
        }
    }
}
