//! Every directive of SpamAssassin 4.0.1 with all its plugins, in one table.
//!
//! The table decides how a line is read, who may write it, what a setting is without a line, and
//! what `lint --pending` and the help say. The names, types, defaults and scopes are those that
//! SpamAssassin registers; some settings have several directives.

/// How a value is written; SpamAssassin's `CONF_TYPE_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By no common form.
    Own,
    /// Any text.
    Text,
    /// `1`, `yes`, `0` or `no`.
    Flag,
    /// `[+-]digits[.digits]`
    Number,
    /// A word, and the rest of the line.
    KeyValue,
    /// Addresses with `*` and `?`.
    Addresses,
    /// One line of a text of several.
    Template,
    /// Nothing.
    NoArguments,
    /// Words, added to those before.
    List,
    /// Networks, added to those before.
    Networks,
    /// Seconds, or a number with `s`, `m`, `h`, `d` or `w`.
    Duration,
}

impl Form {
    /// The form in words, as help shows it; `None` where only the meaning tells.
    pub fn shown(self) -> Option<&'static str> {
        Some(match self {
            Form::Own => return None,
            Form::Text => "a text",
            Form::Flag => "1 or yes, 0 or no",
            Form::Number => "a number",
            Form::KeyValue => "a word, and the rest of the line",
            Form::Addresses => "addresses with * and ?; added to those before",
            Form::Template => "one line of a text; added to those before",
            Form::NoArguments => "nothing",
            Form::List => "words; added to those before",
            Form::Networks => "networks; added to those before",
            Form::Duration => "seconds, or a number with s, m, h, d or w",
        })
    }
}

/// Who may write a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody.
    User,
    /// Users only if `allow_user_rules` is on.
    Privileged,
    /// The administrator.
    Administrator,
}

impl Scope {
    /// The scope in words, as help shows it.
    pub fn shown(self) -> &'static str {
        match self {
            Scope::User => "everybody",
            Scope::Privileged => "the administrator; users where allow_user_rules is on",
            Scope::Administrator => "the administrator",
        }
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// The name.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// The setting that it changes.
    pub setting: &'static str,
    /// How its value is written.
    pub form: Form,
    /// Is the value checked in a way of its own, beyond its form?
    pub own: bool,
    /// The value without a line: as written, `key=value` words for a map. `None` where there is
    /// none, or where it is code or a pattern of the plugin.
    pub default: Option<&'static str>,
    /// Who may write it.
    pub scope: Scope,
    /// The plugin that brings it; `None` if it is always there.
    pub plugin: Option<&'static str>,
    /// Does it have its effect in this program?
    pub built: bool,
    /// What it is for, in one line.
    pub meaning: &'static str,
}

impl Directive {
    /// Is `name`, in lower case, this directive's, an alias or one that its `*` stands for?
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name
            || self.aliases.contains(&name)
            || self
                .name
                .strip_suffix('*')
                .is_some_and(|start| name.strip_prefix(start).is_some_and(|rest| !rest.is_empty()))
    }
}

const OWN: bool = true;
const STANDARD: bool = false;
const BUILT: bool = true;
const PENDING: bool = false;

#[allow(clippy::too_many_arguments)]
const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    setting: &'static str,
    form: Form,
    own: bool,
    default: Option<&'static str>,
    scope: Scope,
    plugin: Option<&'static str>,
    built: bool,
    meaning: &'static str,
) -> Directive {
    Directive { name, aliases, setting, form, own, default, scope, plugin, built, meaning }
}

use Form::*;
use Scope::*;

/// What a plugin reads without registering it. A `*` stands for a part that the name leaves open.
#[rustfmt::skip]
pub const UNREGISTERED: &[Directive] = &[
    row("bayes_stopword_*", &[], "bayes_stopword_*", Own, OWN, None, User, Some("Bayes"), PENDING, "pattern of words of a language that Bayes does not count"),
    row("freemail_domains", &[], "freemail_domains", Own, OWN, None, User, Some("FreeMail"), BUILT, "domains of free-mail providers; * and ? allowed"),
    row("freemail_welcomelist", &["freemail_whitelist"], "freemail_welcomelist", Own, OWN, None, User, Some("FreeMail"), BUILT, "addresses and domains that are exempt"),
    row("hashbl_acl_*", &[], "hashbl_acl_*", Own, OWN, None, User, Some("HashBL"), BUILT, "domains that a list is asked for; !domain for not"),
    row("extracttext_external", &[], "extracttext_external", Own, OWN, None, Administrator, Some("ExtractText"), PENDING, "tool command arguments, {} for the file"),
    row("extracttext_use", &[], "extracttext_use", Own, OWN, None, Administrator, Some("ExtractText"), PENDING, "tool names or types"),
    // Our own.
    row("score_group", &[], "score_group", Own, OWN, None, Administrator, Some("Mailprint"), BUILT, "NAME points RULE …: the positive scores of these rules together count for so many points at the most"),
];

/// The table, in the order in which SpamAssassin registers them.
#[rustfmt::skip]
pub const TABLE: &[Directive] = &[
    // Conf
    row("required_score", &["required_hits"], "required_score", Number, STANDARD, Some("5"), User, None, BUILT, "spam threshold"),
    row("score", &[], "score", Own, OWN, None, User, None, BUILT, "score NAME n [n n n]; 1 or 4 values; (n) = relative to the current score; 0 disables the rule"),
    row("welcomelist_from", &["whitelist_from"], "welcomelist_from", Addresses, STANDARD, None, User, None, BUILT, "globs matched against all From-ish addresses"),
    row("unwelcomelist_from", &["unwhitelist_from"], "welcomelist_from", Addresses, OWN, None, User, None, BUILT, "remove an entry"),
    row("welcomelist_from_rcvd", &["whitelist_from_rcvd"], "welcomelist_from_rcvd", Addresses, OWN, None, User, None, BUILT, "addr-glob rDNS-suffix-or-[IP/len] of the relay into the trusted network"),
    row("def_welcomelist_from_rcvd", &["def_whitelist_from_rcvd"], "def_welcomelist_from_rcvd", Addresses, OWN, None, User, None, BUILT, "same, default list (smaller score)"),
    row("welcomelist_allows_relays", &["whitelist_allows_relays"], "welcomelist_allows_relays", Addresses, STANDARD, None, User, None, BUILT, "addresses not counted as forged when relay differs"),
    row("unwelcomelist_from_rcvd", &["unwhitelist_from_rcvd"], "unwelcomelist_from_rcvd", Addresses, OWN, None, User, None, BUILT, "remove"),
    row("blocklist_from", &["blacklist_from"], "blocklist_from", Addresses, STANDARD, None, User, None, BUILT, "globs on From"),
    row("unblocklist_from", &["unblacklist_from"], "blocklist_from", Addresses, OWN, None, User, None, BUILT, "remove"),
    row("welcomelist_to", &["whitelist_to"], "welcomelist_to", Addresses, STANDARD, None, User, None, BUILT, "globs on To/Cc/envelope-recipient headers, -6"),
    row("more_spam_to", &[], "more_spam_to", Addresses, STANDARD, None, User, None, BUILT, "-20"),
    row("all_spam_to", &[], "all_spam_to", Addresses, STANDARD, None, User, None, BUILT, "-100"),
    row("blocklist_to", &["blacklist_to"], "blocklist_to", Addresses, STANDARD, None, User, None, BUILT, "+10"),
    row("welcomelist_auth", &["whitelist_auth"], "welcomelist_auth", Addresses, STANDARD, None, User, None, BUILT, "address must pass SPF or DKIM"),
    row("def_welcomelist_auth", &["def_whitelist_auth"], "def_welcomelist_auth", Addresses, STANDARD, None, User, None, BUILT, "default list (stock: 943 entries + 943 with the old name inside if !can(...))"),
    row("unwelcomelist_auth", &["unwhitelist_auth"], "unwelcomelist_auth", Addresses, OWN, None, User, None, BUILT, "remove"),
    row("enlist_uri_host", &[], "uri_host_lists", KeyValue, OWN, None, User, None, BUILT, "(LIST) host !host ... add hosts to a named list"),
    row("delist_uri_host", &[], "uri_host_lists", KeyValue, OWN, None, User, None, BUILT, "[(LIST)] host ..."),
    row("enlist_addrlist", &[], "enlist_addrlist", Addresses, OWN, None, User, None, BUILT, "(LIST) glob ... named address lists for check_from_in_list etc."),
    row("blocklist_uri_host", &["blacklist_uri_host"], "uri_host_lists", KeyValue, OWN, None, User, None, BUILT, "shorthand for (BLOCK)"),
    row("welcomelist_uri_host", &["whitelist_uri_host"], "uri_host_lists", KeyValue, OWN, None, User, None, BUILT, "shorthand for (WELCOME)"),
    row("rewrite_header", &[], "rewrite_header", KeyValue, OWN, None, User, None, BUILT, "Subject/From/To only; prefix (Subject) or (comment) (From/To) added to spam"),
    row("subjprefix", &[], "subjprefix", KeyValue, STANDARD, None, User, None, BUILT, "RULE text → _SUBJPREFIX_ tag; needs the rewrite of Subject with that tag to be visible"),
    row("add_header", &[], "add_header", Own, OWN, None, User, None, BUILT, "{spam|ham|all} Name text; output name is X-Spam-Name; \\n,\\t escapes and tags expanded, _DNSUNANSWERED_ (questions without an answer in time) among them"),
    row("remove_header", &[], "remove_header", Own, OWN, None, User, None, BUILT, "{spam|ham|all} Name; Checker-Version cannot be removed"),
    row("clear_headers", &[], "clear_headers", NoArguments, OWN, None, User, None, BUILT, "forget all add_header (Checker-Version is re-created)"),
    row("report_safe", &[], "report_safe", Number, OWN, Some("1"), User, None, BUILT, "0 headers only, 1 message/rfc822 wrap, 2 text/plain wrap"),
    row("report_wrap_width", &[], "report_wrap_width", Number, STANDARD, Some("75"), User, None, BUILT, "wrap column for rule descriptions in _SUMMARY_/_REPORT_"),
    row("ok_locales", &[], "ok_locales", Text, STANDARD, Some("all"), User, None, BUILT, "charset allow list for CHARSET_FARAWAY*"),
    row("normalize_charset", &[], "normalize_charset", Flag, OWN, Some("1"), User, None, BUILT, "decode text to UTF-8"),
    row("trusted_networks", &[], "trusted_networks", Networks, STANDARD, None, User, None, BUILT, "CIDR list, ! exclusion, abbreviated octets allowed (10.), first match wins"),
    row("clear_trusted_networks", &[], "clear_trusted_networks", NoArguments, OWN, None, User, None, BUILT, "reset"),
    row("internal_networks", &[], "internal_networks", Networks, STANDARD, None, User, None, BUILT, "same syntax; MX hosts of your site"),
    row("clear_internal_networks", &[], "clear_internal_networks", NoArguments, OWN, None, User, None, BUILT, "reset"),
    row("msa_networks", &[], "msa_networks", Networks, STANDARD, None, User, None, BUILT, "submission hosts: everything behind is trusted"),
    row("clear_msa_networks", &[], "clear_msa_networks", NoArguments, OWN, None, User, None, BUILT, "reset"),
    row("originating_ip_headers", &[], "originating_ip_headers", List, OWN, None, User, None, BUILT, "headers turned into synthetic last Received"),
    row("clear_originating_ip_headers", &[], "clear_originating_ip_headers", NoArguments, OWN, None, User, None, BUILT, "reset"),
    row("always_trust_envelope_sender", &[], "always_trust_envelope_sender", Flag, STANDARD, Some("0"), User, None, BUILT, "take envelope sender headers even with fetchmail-like hints"),
    row("skip_rbl_checks", &[], "skip_rbl_checks", Flag, STANDARD, Some("0"), User, None, BUILT, "no DNSBL lookups"),
    row("dns_available", &[], "dns_available", Text, OWN, Some("yes"), User, None, BUILT, "yes/no/test[: names...]"),
    row("dns_server", &[], "dns_server", Text, OWN, None, User, None, BUILT, "ip[:port], [v6]:port; repeatable"),
    row("clear_dns_servers", &[], "clear_dns_servers", NoArguments, OWN, None, User, None, BUILT, "reset"),
    row("dns_local_ports_permit", &[], "dns_local_ports_permit", Text, OWN, None, Administrator, None, BUILT, "UDP source-port ranges"),
    row("dns_local_ports_avoid", &[], "dns_local_ports_avoid", Text, OWN, None, Administrator, None, BUILT, "ranges excluded"),
    row("dns_local_ports_none", &[], "dns_local_ports_none", NoArguments, OWN, None, Administrator, None, BUILT, "use kernel-assigned port"),
    row("dns_test_interval", &[], "dns_test_interval", Duration, STANDARD, Some("600"), User, None, BUILT, "re-test interval for dns_available test"),
    row("dns_options", &[], "dns_options", KeyValue, OWN, Some("dns0x20=0 edns=4096 rotate=0 v4=1 v6=1"), User, None, BUILT, "rotate, dns0x20, edns[=n], v4/v6 (+no- forms)"),
    row("dns_query_restriction", &[], "dns_query_restriction", Text, OWN, None, User, None, BUILT, "allow|deny domain ..., longest suffix first, * default"),
    row("clear_dns_query_restriction", &["clear_dns_query_restrictions"], "clear_dns_query_restriction", NoArguments, OWN, None, User, None, BUILT, "reset"),
    row("dns_block_rule", &[], "dns_block_rule", KeyValue, OWN, None, Administrator, None, BUILT, "RULE domain ...: when RULE hits, touch __global_state_dir__/dnsblock_<domain>"),
    row("dns_block_time", &[], "dns_block_time", Number, STANDARD, Some("300"), Administrator, None, BUILT, "seconds queries are suppressed after that"),
    row("use_learner", &[], "use_learner", Flag, STANDARD, Some("1"), User, None, PENDING, "enable any learner"),
    row("use_bayes", &[], "use_bayes", Flag, STANDARD, Some("1"), User, None, PENDING, "enable Bayes"),
    row("use_bayes_rules", &[], "use_bayes_rules", Flag, STANDARD, Some("1"), User, None, PENDING, "evaluate BAYES_* rules"),
    row("bayes_auto_learn", &[], "bayes_auto_learn", Flag, STANDARD, Some("1"), User, None, PENDING, "auto-learning"),
    row("bayes_token_sources", &[], "bayes_token_sources", KeyValue, OWN, Some("header=1 invisible=1 uri=1 visible=1"), User, None, PENDING, "which sources are tokenised (also mimepart, all, none, no-prefix)"),
    row("bayes_ignore_header", &[], "bayes_ignore_header", KeyValue, OWN, None, User, None, PENDING, "header excluded from tokenising (stock list: 331)"),
    row("bayes_ignore_from", &[], "bayes_ignore_from", Addresses, STANDARD, None, User, None, PENDING, "no learn/scan when From matches"),
    row("bayes_ignore_to", &[], "bayes_ignore_to", Addresses, STANDARD, None, User, None, PENDING, "no learn/scan when To matches"),
    row("bayes_min_ham_num", &[], "bayes_min_ham_num", Number, STANDARD, Some("200"), User, None, PENDING, "needed before BAYES_* run"),
    row("bayes_min_spam_num", &[], "bayes_min_spam_num", Number, STANDARD, Some("200"), User, None, PENDING, "needed before BAYES_* run"),
    row("bayes_learn_during_report", &[], "bayes_learn_during_report", Flag, STANDARD, Some("1"), User, None, PENDING, "-r/report also learns"),
    row("bayes_sql_override_username", &[], "bayes_sql_override_username", Text, STANDARD, Some(""), User, None, PENDING, "one shared username in SQL"),
    row("bayes_use_hapaxes", &[], "bayes_use_hapaxes", Flag, STANDARD, Some("1"), User, None, PENDING, "use tokens seen once"),
    row("bayes_journal_max_size", &[], "bayes_journal_max_size", Number, STANDARD, Some("102400"), User, None, PENDING, "opportunistic sync above; 0 never"),
    row("bayes_expiry_max_db_size", &[], "bayes_expiry_max_db_size", Number, STANDARD, Some("150000"), User, None, PENDING, "target token count"),
    row("bayes_auto_expire", &[], "bayes_auto_expire", Flag, STANDARD, Some("1"), User, None, PENDING, "opportunistic expiry"),
    row("bayes_token_ttl", &[], "bayes_token_ttl", Duration, STANDARD, Some("1814400"), User, None, PENDING, "Redis token TTL"),
    row("bayes_seen_ttl", &[], "bayes_seen_ttl", Duration, STANDARD, Some("691200"), User, None, PENDING, "Redis seen TTL"),
    row("bayes_learn_to_journal", &[], "bayes_learn_to_journal", Flag, STANDARD, Some("0"), User, None, PENDING, "write learned tokens to journal first"),
    row("time_limit", &[], "time_limit", Duration, STANDARD, Some("300"), User, None, BUILT, "seconds per message; 0 = none"),
    row("lock_method", &[], "lock_method", Text, OWN, Some(""), User, None, PENDING, "nfssafe, flock, win32"),
    row("fold_headers", &[], "fold_headers", Flag, STANDARD, Some("1"), User, None, BUILT, "fold added headers"),
    row("report_safe_copy_headers", &[], "report_safe_copy_headers", List, OWN, None, User, None, BUILT, "extra headers copied to the wrapper message"),
    row("envelope_sender_header", &[], "envelope_sender_header", Text, STANDARD, None, User, None, BUILT, "the header which holds the envelope sender"),
    row("describe", &[], "descriptions", KeyValue, STANDARD, None, User, None, BUILT, "rule description text (prefix with lang xx for translations)"),
    row("report_charset", &[], "report_charset", Text, STANDARD, Some("UTF-8"), User, None, BUILT, "charset label of the generated report part"),
    row("report", &[], "report_template", Template, STANDARD, Some(""), User, None, BUILT, "append one line to the report template"),
    row("clear_report_template", &[], "report_template", NoArguments, OWN, None, User, None, BUILT, "empty the report template"),
    row("report_contact", &[], "report_contact", Text, STANDARD, Some("the administrator of that system"), User, None, BUILT, "_CONTACTADDRESS_"),
    row("report_hostname", &[], "report_hostname", Text, STANDARD, Some(""), User, None, BUILT, "overrides _HOSTNAME_"),
    row("unsafe_report", &[], "unsafe_report_template", Template, STANDARD, Some(""), User, None, BUILT, "append a line to the template used when the body is not text/plain"),
    row("clear_unsafe_report_template", &[], "unsafe_report_template", NoArguments, OWN, None, User, None, BUILT, "empty it"),
    row("mbox_format_from_regex", &[], "mbox_format_from_regex", Text, STANDARD, None, User, None, PENDING, "From  line regex for mbox splitting"),
    row("parse_dkim_uris", &[], "parse_dkim_uris", Flag, STANDARD, Some("1"), User, None, BUILT, "add DKIM d= domains to the URIBL host list"),
    row("allow_user_rules", &[], "allow_user_rules", Flag, OWN, Some("0"), Privileged, None, BUILT, "permit P directives in user_prefs; compiled per user"),
    row("redirector_pattern", &[], "redirector_pattern", List, OWN, None, Privileged, None, BUILT, "regex, $1 = target URL"),
    row("header", &[], "header", Own, OWN, None, Privileged, None, BUILT, "NAME Hdr[:mod] =~ /re/mods [if-unset: x], exists:Hdr, eval:f(args)"),
    row("body", &[], "body", Own, OWN, None, Privileged, None, BUILT, "NAME /re/ or eval:"),
    row("uri", &[], "uri", Own, OWN, None, Privileged, None, BUILT, "NAME /re/"),
    row("rawbody", &[], "rawbody", Own, OWN, None, Privileged, None, BUILT, "NAME /re/ or eval:"),
    row("full", &[], "full", Own, OWN, None, Privileged, None, BUILT, "NAME /re/ or eval:"),
    row("meta", &[], "meta", Own, OWN, None, Privileged, None, BUILT, "boolean/arithmetic expression of rule names"),
    row("reuse", &[], "reuse", Own, OWN, None, Privileged, None, BUILT, "mass-check only (creates an empty rule if undefined)"),
    row("tflags", &[], "tflags", KeyValue, STANDARD, None, Privileged, None, BUILT, "NAME flag ... (replaces, does not append)"),
    row("priority", &[], "priority", KeyValue, OWN, None, Privileged, None, BUILT, "NAME n; lower first"),
    row("version_tag", &[], "version_tag", Own, OWN, None, Administrator, None, BUILT, "appended to the version string, lower-cased, -tag"),
    row("test", &[], "test", Own, OWN, None, Administrator, None, BUILT, "test NAME ok|fail string regression data, ignored at run time"),
    row("body_part_scan_size", &[], "body_part_scan_size", Number, STANDARD, Some("50000"), Administrator, None, BUILT, "per text part, rendered; 0 = unlimited"),
    row("rawbody_part_scan_size", &[], "rawbody_part_scan_size", Number, STANDARD, Some("500000"), Administrator, None, BUILT, "per text part, raw"),
    row("rbl_timeout", &[], "rbl_timeout", Duration, OWN, Some("15"), Administrator, None, BUILT, "t [t_min] [zone]; effective timeout shrinks as replies arrive"),
    row("util_rb_tld", &[], "util_rb_tld", Own, OWN, None, Administrator, None, BUILT, "valid TLDs (no built-in list!)"),
    row("util_rb_2tld", &[], "util_rb_2tld", Own, OWN, None, Administrator, None, BUILT, "two-level registry suffixes"),
    row("util_rb_3tld", &[], "util_rb_3tld", Own, OWN, None, Administrator, None, BUILT, "three-level registry suffixes"),
    row("clear_util_rb", &[], "clear_util_rb", NoArguments, OWN, None, User, None, BUILT, "reset TLD lists"),
    row("bayes_path", &[], "bayes_path", Text, OWN, Some("__userstate__/bayes"), Administrator, None, PENDING, "DB path prefix (_toks, _seen, _journal appended)"),
    row("bayes_file_mode", &[], "bayes_file_mode", Number, OWN, Some("0700"), Administrator, None, PENDING, "creation mode (exec bits used for dirs)"),
    row("bayes_store_module", &[], "bayes_store_module", Text, OWN, Some(""), Administrator, None, PENDING, "DBM/SDBM/SQL/MySQL/PgSQL/Redis class name"),
    row("bayes_sql_dsn", &[], "bayes_sql_dsn", Text, STANDARD, Some(""), Administrator, None, PENDING, "DBI or Redis DSN"),
    row("bayes_sql_username", &[], "bayes_sql_username", Text, STANDARD, Some(""), Administrator, None, PENDING, "DB user"),
    row("bayes_sql_password", &[], "bayes_sql_password", Text, STANDARD, Some(""), Administrator, None, PENDING, "DB password"),
    row("bayes_sql_username_authorized", &[], "bayes_sql_username_authorized", Flag, STANDARD, Some("0"), Administrator, None, PENDING, "require services_authorized_for_username"),
    row("user_scores_dsn", &[], "user_scores_dsn", Text, STANDARD, Some(""), Administrator, None, PENDING, "DBI DSN or ldap://..."),
    row("user_scores_sql_username", &[], "user_scores_sql_username", Text, STANDARD, Some(""), Administrator, None, PENDING, "user of the preferences database"),
    row("user_scores_sql_password", &[], "user_scores_sql_password", Text, STANDARD, Some(""), Administrator, None, PENDING, "its password"),
    row("user_scores_sql_custom_query", &[], "user_scores_sql_custom_query", Text, STANDARD, None, Administrator, None, PENDING, "placeholders _TABLE_ _USERNAME_ _MAILBOX_ _DOMAIN_"),
    row("user_scores_ldap_username", &[], "user_scores_ldap_username", Text, STANDARD, Some(""), Administrator, None, PENDING, "bind DN"),
    row("user_scores_ldap_password", &[], "user_scores_ldap_password", Text, STANDARD, Some(""), Administrator, None, PENDING, "password of the bind DN"),
    row("user_scores_fallback_to_global", &[], "user_scores_fallback_to_global", Flag, STANDARD, Some("1"), Administrator, None, PENDING, "continue with defaults if SQL/LDAP fails"),
    row("loadplugin", &[], "loadplugin", Own, OWN, None, Administrator, None, BUILT, "Module [path]"),
    row("tryplugin", &[], "tryplugin", Own, OWN, None, Administrator, None, BUILT, "as loadplugin, failure is silent"),
    row("ignore_always_matching_regexps", &[], "ignore_always_matching_regexps", Flag, STANDARD, Some("0"), Administrator, None, BUILT, "warn+skip regexes which always match"),
    row("geodb_module", &[], "geodb_module", Text, OWN, None, Administrator, None, PENDING, "GeoIP2, Geo::IP, DB_File, Fast"),
    row("country_db_type", &[], "country_db_type", Text, OWN, None, Administrator, None, PENDING, "old name of geodb_module"),
    row("geodb_options", &[], "geodb_options", KeyValue, OWN, None, Administrator, None, PENDING, "country:path city:path isp:path domain:path; code rejects asn: though documented"),
    row("geodb_search_path", &[], "geodb_search_path", List, OWN, None, Administrator, None, PENDING, "directories with country databases; reset empties the list"),
    row("country_db_path", &[], "country_db_path", Text, OWN, None, Administrator, None, PENDING, "old: file of the country database"),
    row("uri_country_db_path", &[], "uri_country_db_path", Text, OWN, None, Administrator, None, PENDING, "old: file of the country database for URIs"),
    row("uri_country_db_isp_path", &[], "uri_country_db_isp_path", Text, OWN, None, Administrator, None, PENDING, "old: file of the provider database"),
    row("require_version", &[], "require_version", Text, OWN, None, User, None, BUILT, "exact match with the running version or the rest of the file is dropped"),
    row("enable_compat", &[], "enable_compat", Own, OWN, None, Administrator, None, BUILT, "define a compat flag (welcomelist_blocklist in init.pre)"),
    // AskDNS
    row("askdns", &[], "askdns", KeyValue, OWN, None, Privileged, Some("AskDNS"), BUILT, "RULE _TAG_.zone TYPE[,TYPE] subtest (regex, string, [RCODE], number forms)"),
    // ASN
    row("asn_lookup", &[], "asn_lookup", Own, OWN, None, Privileged, Some("ASN"), PENDING, "zone [ASN-tag CIDR-tag]"),
    row("asn_lookup_ipv6", &[], "asn_lookup_ipv6", Own, OWN, None, Privileged, Some("ASN"), PENDING, "as asn_lookup, for IPv6"),
    row("clear_asn_lookups", &[], "clear_asn_lookups", NoArguments, OWN, None, User, Some("ASN"), PENDING, "forget all asn_lookup lines"),
    row("asn_prefix", &[], "asn_prefix", Text, OWN, Some("AS"), User, Some("ASN"), PENDING, "text before the number of an AS"),
    row("asn_use_geodb", &[], "asn_use_geodb", Flag, STANDARD, Some("1"), Administrator, Some("ASN"), PENDING, "take the AS from a local database"),
    row("asn_prefer_geodb", &[], "asn_prefer_geodb", Flag, STANDARD, Some("1"), Administrator, Some("ASN"), PENDING, "the local database goes before DNS"),
    row("asn_use_dns", &[], "asn_use_dns", Flag, STANDARD, Some("1"), Administrator, Some("ASN"), PENDING, "take the AS from DNS"),
    // AuthRes
    row("authres_networks", &[], "authres_networks", Text, OWN, Some("internal"), Administrator, Some("AuthRes"), PENDING, "whose Authentication-Results are read"),
    row("authres_trusted_authserv", &[], "authres_trusted_authserv", KeyValue, OWN, None, Administrator, Some("AuthRes"), PENDING, "ids whose Authentication-Results count"),
    row("authres_ignored_authserv", &[], "authres_ignored_authserv", KeyValue, OWN, None, Administrator, Some("AuthRes"), PENDING, "ids whose Authentication-Results are not read"),
    // AutoLearnThreshold
    row("bayes_auto_learn_threshold_nonspam", &[], "bayes_auto_learn_threshold_nonspam", Number, STANDARD, Some("0.1"), User, Some("AutoLearnThreshold"), PENDING, "learn ham when autolearn score is below"),
    row("bayes_auto_learn_threshold_spam", &[], "bayes_auto_learn_threshold_spam", Number, STANDARD, Some("12"), User, Some("AutoLearnThreshold"), PENDING, "learn spam at or above (+3 head, +3 body points)"),
    row("bayes_auto_learn_on_error", &[], "bayes_auto_learn_on_error", Flag, STANDARD, Some("0"), User, Some("AutoLearnThreshold"), PENDING, "learn only when BAYES_00/99 did not already agree"),
    // AWL
    row("use_auto_welcomelist", &["use_auto_whitelist"], "use_auto_welcomelist", Flag, STANDARD, Some("1"), User, Some("AWL"), PENDING, "AWL on"),
    row("auto_welcomelist_factor", &["auto_whitelist_factor"], "auto_welcomelist_factor", Number, STANDARD, Some("0.5"), User, Some("AWL"), PENDING, "share by which a score moves towards the mean"),
    row("auto_welcomelist_ipv4_mask_len", &["auto_whitelist_ipv4_mask_len"], "auto_welcomelist_ipv4_mask_len", Number, OWN, Some("16"), User, Some("AWL"), PENDING, "bits of an IPv4 address that tell senders apart"),
    row("auto_welcomelist_ipv6_mask_len", &["auto_whitelist_ipv6_mask_len"], "auto_welcomelist_ipv6_mask_len", Number, OWN, Some("48"), User, Some("AWL"), PENDING, "bits of an IPv6 address that tell senders apart"),
    row("user_awl_sql_override_username", &[], "user_awl_sql_override_username", Text, STANDARD, Some(""), User, Some("AWL"), PENDING, "one user name for all entries"),
    row("auto_welcomelist_distinguish_signed", &["auto_whitelist_distinguish_signed"], "auto_welcomelist_distinguish_signed", Flag, STANDARD, Some("0"), User, Some("AWL"), PENDING, "separate entries for signed mail"),
    row("auto_welcomelist_factory", &["auto_whitelist_factory"], "auto_welcomelist_factory", Text, STANDARD, Some("Mail::SpamAssassin::DBBasedAddrList"), Administrator, Some("AWL"), PENDING, "class that keeps the entries"),
    row("auto_welcomelist_path", &["auto_whitelist_path"], "auto_welcomelist_path", Text, OWN, Some("__userstate__/auto-welcomelist"), Administrator, Some("AWL"), PENDING, "file that keeps the entries"),
    row("auto_welcomelist_db_modules", &["auto_whitelist_db_modules"], "auto_welcomelist_db_modules", Text, STANDARD, Some("DB_File GDBM_File SDBM_File"), Administrator, Some("AWL"), PENDING, "database modules in order of preference"),
    row("auto_welcomelist_file_mode", &["auto_whitelist_file_mode"], "auto_welcomelist_file_mode", Number, OWN, Some("0700"), Administrator, Some("AWL"), PENDING, "creation mode of the file"),
    row("user_awl_dsn", &[], "user_awl_dsn", Text, STANDARD, None, Administrator, Some("AWL"), PENDING, "database that keeps the entries"),
    row("user_awl_sql_username", &[], "user_awl_sql_username", Text, STANDARD, None, Administrator, Some("AWL"), PENDING, "user of that database"),
    row("user_awl_sql_password", &[], "user_awl_sql_password", Text, STANDARD, None, Administrator, Some("AWL"), PENDING, "its password"),
    row("user_awl_sql_table", &[], "user_awl_sql_table", Text, STANDARD, Some("awl"), Administrator, Some("AWL"), PENDING, "table that holds the entries"),
    // Bayes
    row("bayes_max_token_length", &[], "bayes_max_token_length", Number, STANDARD, Some("15"), User, Some("Bayes"), PENDING, "longer tokens are skipped/abbreviated"),
    row("bayes_stopword_languages", &[], "bayes_stopword_languages", List, OWN, Some("en"), User, Some("Bayes"), PENDING, "which bayes_stopword_XX lists apply"),
    // DCC
    row("use_dcc", &[], "use_dcc", Flag, STANDARD, Some("1"), User, Some("DCC"), PENDING, "ask DCC"),
    row("use_dcc_rep", &[], "use_dcc_rep", Flag, STANDARD, Some("1"), User, Some("DCC"), PENDING, "read the reputation that DCC tells"),
    row("dcc_body_max", &[], "dcc_body_max", Number, STANDARD, Some("999999"), User, Some("DCC"), PENDING, "body count from which DCC_CHECK hits"),
    row("dcc_fuz1_max", &[], "dcc_fuz1_max", Number, STANDARD, Some("999999"), User, Some("DCC"), PENDING, "first fuzzy count from which DCC_CHECK hits"),
    row("dcc_fuz2_max", &[], "dcc_fuz2_max", Number, STANDARD, Some("999999"), User, Some("DCC"), PENDING, "second fuzzy count from which DCC_CHECK hits"),
    row("dcc_rep_percent", &[], "dcc_rep_percent", Number, STANDARD, Some("90"), User, Some("DCC"), PENDING, "reputation from which DCC_CHECK hits"),
    row("dcc_timeout", &[], "dcc_timeout", Duration, STANDARD, Some("5"), Administrator, Some("DCC"), PENDING, "seconds to wait for DCC"),
    row("dcc_home", &[], "dcc_home", Text, OWN, None, Administrator, Some("DCC"), PENDING, "directory of DCC"),
    row("dcc_dccifd_path", &[], "dcc_dccifd_path", Text, OWN, None, Administrator, Some("DCC"), PENDING, "socket or host:port"),
    row("dcc_path", &[], "dcc_path", Text, OWN, None, Administrator, Some("DCC"), PENDING, "dccproc"),
    row("dcc_options", &[], "dcc_options", Text, OWN, None, Administrator, Some("DCC"), PENDING, "arguments of dccproc"),
    row("dccifd_options", &[], "dccifd_options", Text, OWN, None, Administrator, Some("DCC"), PENDING, "options for dccifd"),
    row("dcc_learn_score", &[], "dcc_learn_score", Number, STANDARD, None, Administrator, Some("DCC"), PENDING, "report to DCC at/above"),
    // DecodeShortURLs
    row("url_shortener", &[], "url_shortener", KeyValue, OWN, None, User, Some("DecodeShortURLs"), PENDING, "host list (stock 219 lines)"),
    row("url_shortener_get", &[], "url_shortener_get", Own, OWN, None, User, Some("DecodeShortURLs"), PENDING, "hosts needing GET not HEAD"),
    row("clear_url_shortener", &[], "clear_url_shortener", Own, OWN, None, User, Some("DecodeShortURLs"), PENDING, "forget these hosts, or all"),
    row("url_shortener_cache_type", &[], "url_shortener_cache_type", Text, STANDARD, Some(""), Privileged, Some("DecodeShortURLs"), PENDING, "dbi"),
    row("url_shortener_cache_dsn", &[], "url_shortener_cache_dsn", Text, STANDARD, Some(""), Privileged, Some("DecodeShortURLs"), PENDING, "database of the cache"),
    row("url_shortener_cache_username", &[], "url_shortener_cache_username", Text, STANDARD, Some(""), Privileged, Some("DecodeShortURLs"), PENDING, "user of that database"),
    row("url_shortener_cache_password", &[], "url_shortener_cache_password", Text, STANDARD, Some(""), Privileged, Some("DecodeShortURLs"), PENDING, "its password"),
    row("url_shortener_cache_ttl", &[], "url_shortener_cache_ttl", Number, STANDARD, Some("86400"), Administrator, Some("DecodeShortURLs"), PENDING, "seconds that an entry lives"),
    row("url_shortener_cache_autoclean", &[], "url_shortener_cache_autoclean", Number, STANDARD, Some("1000"), Administrator, Some("DecodeShortURLs"), PENDING, "one in so many runs removes old entries"),
    row("url_shortener_loginfo", &[], "url_shortener_loginfo", Flag, STANDARD, Some("0"), Administrator, Some("DecodeShortURLs"), PENDING, "log each short URL"),
    row("url_shortener_timeout", &[], "url_shortener_timeout", Number, STANDARD, Some("5"), Administrator, Some("DecodeShortURLs"), PENDING, "seconds to wait for a shortener"),
    row("max_short_urls", &[], "max_short_urls", Number, STANDARD, Some("10"), Administrator, Some("DecodeShortURLs"), PENDING, "short URLs looked up in one message"),
    row("max_short_url_redirections", &[], "max_short_url_redirections", Number, STANDARD, Some("10"), Administrator, Some("DecodeShortURLs"), PENDING, "redirections followed"),
    row("url_shortener_user_agent", &[], "url_shortener_user_agent", Text, STANDARD, Some("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/101.0.4951.67 Safari/537.36"), Administrator, Some("DecodeShortURLs"), PENDING, "User-Agent of the requests"),
    // DKIM
    row("welcomelist_from_dkim", &["whitelist_from_dkim"], "welcomelist_from_dkim", Addresses, OWN, None, User, Some("DKIM"), BUILT, "addr-glob [signing-domain]"),
    row("def_welcomelist_from_dkim", &["def_whitelist_from_dkim"], "def_welcomelist_from_dkim", Addresses, OWN, None, User, Some("DKIM"), BUILT, "as welcomelist_from_dkim, with a smaller score"),
    row("unwelcomelist_from_dkim", &["unwhitelist_from_dkim"], "unwelcomelist_from_dkim", Addresses, OWN, None, User, Some("DKIM"), BUILT, "remove entries"),
    row("adsp_override", &[], "adsp_override", KeyValue, OWN, None, User, Some("DKIM"), BUILT, "domain signing-practice"),
    row("dkim_minimum_key_bits", &[], "dkim_minimum_key_bits", Number, STANDARD, Some("1024"), User, Some("DKIM"), BUILT, "weaker = not author-valid"),
    row("dkim_timeout", &[], "dkim_timeout", Duration, STANDARD, Some("5"), Administrator, Some("DKIM"), BUILT, "seconds to wait for keys"),
    // DMARC
    row("dmarc_save_reports", &[], "dmarc_save_reports", Flag, STANDARD, Some("0"), Administrator, Some("DMARC"), PENDING, "store aggregate data"),
    // DNSEval
    row("rbl_headers", &[], "rbl_headers", Text, STANDARD, Some("EnvelopeFrom,Reply-To,Disposition-Notification-To,X-WebmailclientIP,X-Source-IP"), Privileged, Some("DNSEval"), BUILT, "DNSEval check_rbl_headers"),
    // ExtractText
    row("extracttext_maxparts", &[], "extracttext_maxparts", Number, STANDARD, Some("10"), Administrator, Some("ExtractText"), PENDING, "parts of one message that are extracted"),
    row("extracttext_timeout", &[], "extracttext_timeout", Number, OWN, Some("5"), Administrator, Some("ExtractText"), PENDING, "seconds for one tool, and for all"),
    // FreeMail
    row("freemail_max_body_emails", &[], "freemail_max_body_emails", Number, STANDARD, Some("5"), User, Some("FreeMail"), BUILT, "addresses in a body beyond which it is not checked"),
    row("freemail_max_body_freemails", &[], "freemail_max_body_freemails", Number, STANDARD, Some("3"), User, Some("FreeMail"), BUILT, "free-mail addresses in a body beyond which it is not checked"),
    row("freemail_skip_when_over_max", &[], "freemail_skip_when_over_max", Number, STANDARD, Some("1"), User, Some("FreeMail"), BUILT, "skip bodies beyond those maxima"),
    row("freemail_skip_bulk_envfrom", &[], "freemail_skip_bulk_envfrom", Number, STANDARD, Some("1"), User, Some("FreeMail"), BUILT, "skip mail from bulk senders"),
    row("freemail_add_describe_email", &[], "freemail_add_describe_email", Number, STANDARD, Some("1"), User, Some("FreeMail"), BUILT, "address in the test log"),
    row("freemail_import_welcomelist_auth", &["freemail_import_whitelist_auth"], "freemail_import_welcomelist_auth", Number, STANDARD, Some("0"), User, Some("FreeMail"), BUILT, "exempt addresses of welcomelist_auth"),
    row("freemail_import_def_welcomelist_auth", &["freemail_import_def_whitelist_auth"], "freemail_import_def_welcomelist_auth", Number, STANDARD, Some("0"), User, Some("FreeMail"), BUILT, "exempt addresses of def_welcomelist_auth"),
    // FromNameSpoof
    row("fns_add_addrlist", &[], "fns_add_addrlist", Addresses, OWN, None, User, Some("FromNameSpoof"), PENDING, "FromNameSpoof (owner) dom ..."),
    row("fns_remove_addrlist", &[], "fns_remove_addrlist", Addresses, OWN, None, User, Some("FromNameSpoof"), PENDING, "remove addresses from an owner"),
    row("fns_extrachars", &[], "fns_extrachars", Number, STANDARD, Some("50"), User, Some("FromNameSpoof"), PENDING, "characters around an address that are looked at"),
    row("fns_ignore_dkim", &[], "fns_ignore_dkim", KeyValue, OWN, None, User, Some("FromNameSpoof"), PENDING, "signing domains that are not checked"),
    row("fns_ignore_headers", &[], "fns_ignore_headers", KeyValue, OWN, None, User, Some("FromNameSpoof"), PENDING, "headers whose presence ends the check"),
    row("fns_check", &[], "fns_check", Number, OWN, Some("1"), User, Some("FromNameSpoof"), PENDING, "0/1/2 strictness"),
    // HashBL
    row("hashbl_ignore", &[], "hashbl_ignore", KeyValue, OWN, None, User, Some("HashBL"), BUILT, "strings/hashes never queried"),
    row("hashbl_email_domain_alias", &[], "hashbl_email_domain_alias", KeyValue, OWN, None, User, Some("HashBL"), BUILT, "main alias ... canonicalise"),
    row("hashbl_email_regex", &[], "hashbl_email_regex", Text, OWN, None, User, Some("HashBL"), BUILT, "_TLDS_ expanded"),
    row("hashbl_email_welcomelist", &["hashbl_email_whitelist"], "hashbl_email_welcomelist", Text, OWN, None, User, Some("HashBL"), BUILT, "regex of addresses skipped"),
    // MIMEHeader
    row("mimeheader", &[], "mimeheader", Own, OWN, None, Privileged, Some("MIMEHeader"), BUILT, "RULE Hdr[:raw] =~ /re/ on every MIME part; Content-* etc."),
    // OLEVBMacro
    row("olemacro_num_mime", &[], "olemacro_num_mime", Number, STANDARD, Some("5"), User, Some("OLEVBMacro"), PENDING, "parts of one message that are searched"),
    row("olemacro_num_zip", &[], "olemacro_num_zip", Number, STANDARD, Some("8"), User, Some("OLEVBMacro"), PENDING, "members of an archive that are searched"),
    row("olemacro_zip_depth", &[], "olemacro_zip_depth", Number, STANDARD, Some("2"), User, Some("OLEVBMacro"), PENDING, "archives within archives"),
    row("olemacro_extended_scan", &[], "olemacro_extended_scan", Flag, STANDARD, Some("0"), User, Some("OLEVBMacro"), PENDING, "search every attachment"),
    row("olemacro_prefer_contentdisposition", &[], "olemacro_prefer_contentdisposition", Flag, STANDARD, Some("1"), User, Some("OLEVBMacro"), PENDING, "take names from Content-Disposition"),
    row("olemacro_max_file", &[], "olemacro_max_file", Number, STANDARD, Some("1024000"), User, Some("OLEVBMacro"), PENDING, "bytes of an attachment that are read"),
    row("olemacro_exts", &[], "olemacro_exts", Text, OWN, None, User, Some("OLEVBMacro"), PENDING, "names of documents"),
    row("olemacro_macro_exts", &[], "olemacro_macro_exts", Text, OWN, None, User, Some("OLEVBMacro"), PENDING, "names of documents with macros"),
    row("olemacro_skip_exts", &[], "olemacro_skip_exts", Text, OWN, None, User, Some("OLEVBMacro"), PENDING, "names that are not searched"),
    row("olemacro_skip_ctypes", &[], "olemacro_skip_ctypes", Text, OWN, None, User, Some("OLEVBMacro"), PENDING, "types that are not searched"),
    row("olemacro_zips", &[], "olemacro_zips", Text, OWN, None, User, Some("OLEVBMacro"), PENDING, "names of archives"),
    row("olemacro_download_marker", &[], "olemacro_download_marker", Text, OWN, None, User, Some("OLEVBMacro"), PENDING, "text that marks a download"),
    // Phishing
    row("phishing_openphish_feed", &[], "phishing_openphish_feed", Text, STANDARD, None, Administrator, Some("Phishing"), PENDING, "file"),
    row("phishing_phishtank_feed", &[], "phishing_phishtank_feed", Text, STANDARD, None, Administrator, Some("Phishing"), PENDING, "file"),
    row("phishing_uri_noparam", &[], "phishing_uri_noparam", Flag, STANDARD, Some("0"), Administrator, Some("Phishing"), PENDING, "compare without the query"),
    row("phishing_phishstats_feed", &[], "phishing_phishstats_feed", Text, STANDARD, None, Administrator, Some("Phishing"), PENDING, "file"),
    row("phishing_phishstats_minscore", &[], "phishing_phishstats_minscore", Number, STANDARD, Some("6"), Administrator, Some("Phishing"), PENDING, "least score of an entry that counts"),
    // PhishTag
    row("trigger_target", &[], "trigger_target", KeyValue, STANDARD, None, Administrator, Some("PhishTag"), PENDING, "PhishTag"),
    row("trigger_config", &[], "trigger_config", Text, STANDARD, Some(""), Administrator, Some("PhishTag"), PENDING, "PhishTag"),
    row("trigger_ratio", &[], "trigger_ratio", Number, STANDARD, Some("0"), Administrator, Some("PhishTag"), PENDING, "PhishTag"),
    // Pyzor
    row("use_pyzor", &[], "use_pyzor", Flag, STANDARD, Some("1"), User, Some("Pyzor"), PENDING, "ask Pyzor"),
    row("pyzor_count_min", &[], "pyzor_count_min", Number, STANDARD, Some("5"), User, Some("Pyzor"), PENDING, "reports from which PYZOR_CHECK hits"),
    row("pyzor_max", &[], "pyzor_max", Number, OWN, None, User, Some("Pyzor"), PENDING, "obsolete"),
    row("pyzor_welcomelist_min", &["pyzor_whitelist_min"], "pyzor_welcomelist_min", Number, STANDARD, Some("10"), User, Some("Pyzor"), PENDING, "welcome reports that are too many"),
    row("pyzor_welcomelist_factor", &["pyzor_whitelist_factor"], "pyzor_welcomelist_factor", Number, STANDARD, Some("0.2"), User, Some("Pyzor"), PENDING, "share of welcome reports that is too large"),
    row("pyzor_fork", &[], "pyzor_fork", Number, STANDARD, Some("1"), Administrator, Some("Pyzor"), PENDING, "run in a process of its own"),
    row("pyzor_perl", &[], "pyzor_perl", Number, STANDARD, Some("0"), Administrator, Some("Pyzor"), PENDING, "built-in client"),
    row("pyzor_timeout", &[], "pyzor_timeout", Duration, STANDARD, Some("5"), Administrator, Some("Pyzor"), PENDING, "seconds to wait for Pyzor"),
    row("pyzor_options", &[], "pyzor_options", Text, OWN, Some(""), Administrator, Some("Pyzor"), PENDING, "arguments of pyzor"),
    row("pyzor_path", &[], "pyzor_path", Text, OWN, None, Administrator, Some("Pyzor"), PENDING, "the pyzor program"),
    row("pyzor_server_file", &[], "pyzor_server_file", Text, OWN, None, Administrator, Some("Pyzor"), PENDING, "file with the servers"),
    // Razor2
    row("use_razor2", &[], "use_razor2", Number, STANDARD, Some("1"), User, Some("Razor2"), PENDING, "ask Razor"),
    row("razor_fork", &[], "razor_fork", Number, STANDARD, Some("1"), Administrator, Some("Razor2"), PENDING, "run in a process of its own"),
    row("razor_timeout", &[], "razor_timeout", Duration, STANDARD, Some("5"), Administrator, Some("Razor2"), PENDING, "seconds to wait for Razor"),
    row("razor_config", &[], "razor_config", Text, STANDARD, None, Administrator, Some("Razor2"), PENDING, "Razor's configuration"),
    // ReplaceTags
    row("replace_tag", &[], "replace_tag", KeyValue, STANDARD, None, Privileged, Some("ReplaceTags"), BUILT, "NAME regex → <NAME>"),
    row("replace_pre", &[], "replace_pre", KeyValue, STANDARD, None, Privileged, Some("ReplaceTags"), BUILT, "text put before"),
    row("replace_inter", &[], "replace_inter", KeyValue, STANDARD, None, Privileged, Some("ReplaceTags"), BUILT, "between"),
    row("replace_post", &[], "replace_post", KeyValue, STANDARD, None, Privileged, Some("ReplaceTags"), BUILT, "after"),
    row("replace_rules", &[], "replace_rules", KeyValue, OWN, None, Privileged, Some("ReplaceTags"), BUILT, "rule names to be expanded"),
    row("replace_start", &[], "replace_start", Text, STANDARD, Some("<"), Privileged, Some("ReplaceTags"), BUILT, "what begins a tag in a pattern"),
    row("replace_end", &[], "replace_end", Text, STANDARD, Some(">"), Privileged, Some("ReplaceTags"), BUILT, "what ends it"),
    // ResourceLimits
    row("resource_limit_mem", &[], "resource_limit_mem", Number, STANDARD, Some("0"), Administrator, Some("ResourceLimits"), PENDING, "bytes of memory for a process"),
    row("resource_limit_cpu", &[], "resource_limit_cpu", Number, STANDARD, Some("0"), Administrator, Some("ResourceLimits"), PENDING, "seconds of processor time for a process"),
    // Reuse
    row("reuse", &[], "reuse", KeyValue, OWN, None, User, Some("Reuse"), BUILT, "mass-check only (creates an empty rule if undefined)"),
    row("run_reuse_tests_only", &[], "run_reuse_tests_only", Flag, STANDARD, Some("0"), User, Some("Reuse"), PENDING, "Reuse"),
    // Shortcircuit
    row("shortcircuit", &[], "shortcircuit", Own, OWN, None, User, Some("Shortcircuit"), PENDING, "RULE {ham|spam|on|off}"),
    row("shortcircuit_spam_score", &[], "shortcircuit_spam_score", Number, STANDARD, Some("100"), User, Some("Shortcircuit"), PENDING, "score of a shortcircuit to spam"),
    row("shortcircuit_ham_score", &[], "shortcircuit_ham_score", Number, STANDARD, Some("-100"), User, Some("Shortcircuit"), PENDING, "score of a shortcircuit to ham"),
    row("shortcircuit_min_ham_score", &[], "shortcircuit_min_ham_score", Number, STANDARD, None, User, Some("Shortcircuit"), PENDING, "score below which a ham shortcircuit needs no flag"),
    row("shortcircuit_max_spam_score", &[], "shortcircuit_max_spam_score", Number, STANDARD, None, User, Some("Shortcircuit"), PENDING, "score above which a spam shortcircuit needs no flag"),
    // SpamCop
    row("spamcop_from_address", &[], "spamcop_from_address", Text, OWN, Some(""), User, Some("SpamCop"), PENDING, "sender of reports"),
    row("spamcop_to_address", &[], "spamcop_to_address", Text, OWN, Some("spamassassin-submit@spam.spamcop.net"), User, Some("SpamCop"), PENDING, "recipient of reports"),
    row("spamcop_max_report_size", &[], "spamcop_max_report_size", Number, STANDARD, Some("50"), User, Some("SpamCop"), PENDING, "KiB of a message that are reported"),
    row("spamcop_relayhost", &[], "spamcop_relayhost", Text, OWN, None, User, Some("SpamCop"), PENDING, "host:port that takes reports"),
    // SPF
    row("welcomelist_from_spf", &["whitelist_from_spf"], "welcomelist_from_spf", Addresses, STANDARD, None, User, Some("SPF"), BUILT, "needs SPF pass"),
    row("def_welcomelist_from_spf", &["def_whitelist_from_spf"], "def_welcomelist_from_spf", Addresses, STANDARD, None, User, Some("SPF"), BUILT, "as welcomelist_from_spf, with a smaller score"),
    row("unwelcomelist_from_spf", &["unwhitelist_from_spf"], "unwelcomelist_from_spf", Addresses, OWN, None, User, Some("SPF"), BUILT, "remove entries"),
    row("spf_timeout", &[], "spf_timeout", Duration, STANDARD, Some("5"), Administrator, Some("SPF"), BUILT, "seconds to wait for SPF"),
    row("ignore_received_spf_header", &[], "ignore_received_spf_header", Flag, STANDARD, Some("0"), Administrator, Some("SPF"), BUILT, "always do own SPF lookups"),
    row("use_newest_received_spf_header", &[], "use_newest_received_spf_header", Flag, STANDARD, Some("0"), Administrator, Some("SPF"), BUILT, "take the newest Received-SPF, not the oldest"),
    row("do_not_use_mail_spf", &[], "do_not_use_mail_spf", Flag, STANDARD, Some("0"), Administrator, Some("SPF"), BUILT, "obsolete"),
    row("do_not_use_mail_spf_query", &[], "do_not_use_mail_spf_query", Flag, STANDARD, Some("1"), Administrator, Some("SPF"), BUILT, "obsolete"),
    // TextCat
    row("ok_languages", &[], "ok_languages", Text, STANDARD, Some("all"), User, Some("TextCat"), PENDING, "TextCat"),
    row("inactive_languages", &[], "inactive_languages", Text, STANDARD, Some("bs cy eo et eu fy ga gd is la lt lv rm sa sco sl yi"), User, Some("TextCat"), PENDING, "languages that are never guessed"),
    row("textcat_max_languages", &[], "textcat_max_languages", Number, STANDARD, Some("3"), User, Some("TextCat"), PENDING, "guesses beyond which there is none"),
    row("textcat_optimal_ngrams", &[], "textcat_optimal_ngrams", Number, STANDARD, Some("0"), User, Some("TextCat"), PENDING, "n-grams that are dropped"),
    row("textcat_max_ngrams", &[], "textcat_max_ngrams", Number, STANDARD, Some("400"), User, Some("TextCat"), PENDING, "n-grams that are compared"),
    row("textcat_acceptable_score", &[], "textcat_acceptable_score", Number, STANDARD, Some("1.02"), User, Some("TextCat"), PENDING, "how far a guess may be from the best"),
    // TxRep
    row("use_txrep", &[], "use_txrep", Flag, STANDARD, Some("0"), User, Some("TxRep"), PENDING, "keep reputations"),
    row("txrep_factor", &[], "txrep_factor", Number, OWN, Some("0.5"), User, Some("TxRep"), PENDING, "share by which a score moves towards the reputation"),
    row("txrep_dilution_factor", &[], "txrep_dilution_factor", Number, OWN, Some("0.98"), User, Some("TxRep"), PENDING, "weight of old messages"),
    row("txrep_expiry_days", &[], "txrep_expiry_days", Number, OWN, Some("365"), User, Some("TxRep"), PENDING, "days without mail after which an entry goes"),
    row("txrep_learn_penalty", &[], "txrep_learn_penalty", Number, OWN, Some("20"), User, Some("TxRep"), PENDING, "points for mail learned as spam"),
    row("txrep_learn_bonus", &[], "txrep_learn_bonus", Number, OWN, Some("20"), User, Some("TxRep"), PENDING, "points for mail learned as ham"),
    row("txrep_autolearn", &[], "txrep_autolearn", Number, OWN, Some("0"), User, Some("TxRep"), PENDING, "messages after which a reputation learns"),
    row("txrep_track_messages", &[], "txrep_track_messages", Flag, STANDARD, Some("1"), User, Some("TxRep"), PENDING, "remember each message"),
    row("txrep_welcomelist_out", &["txrep_whitelist_out"], "txrep_welcomelist_out", Number, OWN, Some("10"), User, Some("TxRep"), PENDING, "points for recipients of own mail"),
    row("txrep_ipv4_mask_len", &[], "txrep_ipv4_mask_len", Number, OWN, Some("16"), User, Some("TxRep"), PENDING, "bits of an IPv4 address that tell senders apart"),
    row("txrep_ipv6_mask_len", &[], "txrep_ipv6_mask_len", Number, OWN, Some("48"), User, Some("TxRep"), PENDING, "bits of an IPv6 address that tell senders apart"),
    row("user_awl_sql_override_username", &[], "user_awl_sql_override_username", Text, STANDARD, Some(""), User, Some("TxRep"), PENDING, "one user name for all entries"),
    row("txrep_user2global_ratio", &[], "txrep_user2global_ratio", Text, OWN, Some("0"), User, Some("TxRep"), PENDING, "weight of the user's reputations"),
    row("auto_welcomelist_distinguish_signed", &["auto_whitelist_distinguish_signed"], "auto_welcomelist_distinguish_signed", Flag, STANDARD, Some("1"), User, Some("TxRep"), PENDING, "separate entries for signed mail"),
    row("txrep_spf", &[], "txrep_spf", Flag, STANDARD, Some("1"), User, Some("TxRep"), PENDING, "tell senders apart by SPF"),
    row("txrep_weight_email", &[], "txrep_weight_email", Number, OWN, Some("3"), User, Some("TxRep"), PENDING, "weight of the address"),
    row("txrep_weight_email_ip", &[], "txrep_weight_email_ip", Number, OWN, Some("10"), User, Some("TxRep"), PENDING, "weight of address and IP"),
    row("txrep_weight_domain", &[], "txrep_weight_domain", Number, OWN, Some("2"), User, Some("TxRep"), PENDING, "weight of the domain"),
    row("txrep_weight_ip", &[], "txrep_weight_ip", Number, OWN, Some("4"), User, Some("TxRep"), PENDING, "weight of the IP"),
    row("txrep_weight_helo", &[], "txrep_weight_helo", Number, OWN, Some("0.5"), User, Some("TxRep"), PENDING, "weight of the HELO"),
    row("txrep_report_details", &[], "txrep_report_details", Number, OWN, Some("0"), User, Some("TxRep"), PENDING, "put the parts into the report"),
    row("txrep_factory", &[], "txrep_factory", Text, STANDARD, Some("Mail::SpamAssassin::DBBasedAddrList"), Administrator, Some("TxRep"), PENDING, "class that keeps the entries"),
    row("auto_welcomelist_path", &["auto_whitelist_path"], "auto_welcomelist_path", Text, OWN, Some("__userstate__/tx-reputation"), Administrator, Some("TxRep"), PENDING, "file that keeps the entries"),
    row("auto_welcomelist_db_modules", &["auto_whitelist_db_modules"], "auto_welcomelist_db_modules", Text, STANDARD, Some("DB_File GDBM_File SDBM_File"), Administrator, Some("TxRep"), PENDING, "database modules in order of preference"),
    row("auto_welcomelist_file_mode", &["auto_whitelist_file_mode"], "auto_welcomelist_file_mode", Number, OWN, Some("0700"), Administrator, Some("TxRep"), PENDING, "creation mode of the file"),
    row("user_awl_dsn", &[], "user_awl_dsn", Text, STANDARD, None, Administrator, Some("TxRep"), PENDING, "database that keeps the entries"),
    row("user_awl_sql_username", &[], "user_awl_sql_username", Text, STANDARD, None, Administrator, Some("TxRep"), PENDING, "user of that database"),
    row("user_awl_sql_password", &[], "user_awl_sql_password", Text, STANDARD, None, Administrator, Some("TxRep"), PENDING, "its password"),
    row("user_awl_sql_table", &[], "user_awl_sql_table", Text, STANDARD, Some("txrep"), Administrator, Some("TxRep"), PENDING, "table that holds the entries"),
    // URIDetail
    row("uri_detail", &[], "uri_detail", Own, OWN, None, Privileged, Some("URIDetail"), BUILT, "RULE key =~ /re/ key !~ /re/ ...; keys raw type cleaned text domain host"),
    // URIDNSBL
    row("skip_uribl_checks", &[], "skip_uribl_checks", Flag, STANDARD, Some("0"), User, Some("URIDNSBL"), BUILT, "URIDNSBL off"),
    row("uridnsbl_skip_mailto", &[], "uridnsbl_skip_mailto", Flag, STANDARD, Some("1"), Administrator, Some("URIDNSBL"), BUILT, "do not look up mailto: hosts"),
    row("uridnsbl_max_domains", &[], "uridnsbl_max_domains", Number, STANDARD, Some("20"), Administrator, Some("URIDNSBL"), BUILT, "hosts looked up per message"),
    row("uridnsbl", &[], "uridnsbl", Own, OWN, None, Privileged, Some("URIDNSBL"), BUILT, "RULE zone type IP of NS/A"),
    row("uridnssub", &[], "uridnssub", Own, OWN, None, Privileged, Some("URIDNSBL"), BUILT, "RULE zone type subtest"),
    row("urirhsbl", &[], "urirhsbl", Own, OWN, None, Privileged, Some("URIDNSBL"), BUILT, "RULE zone type domain name"),
    row("urirhssub", &[], "urirhssub", Own, OWN, None, Privileged, Some("URIDNSBL"), BUILT, "RULE zone type subtest (mask, value, range a-b, value/mask, dotted quad, hex)"),
    row("urinsrhsbl", &[], "urinsrhsbl", Own, OWN, None, Privileged, Some("URIDNSBL"), BUILT, "name of the domain's NS, trimmed to domain"),
    row("urinsrhssub", &[], "urinsrhssub", Own, OWN, None, Privileged, Some("URIDNSBL"), BUILT, "+subtest"),
    row("urifullnsrhsbl", &[], "urifullnsrhsbl", Own, OWN, None, Privileged, Some("URIDNSBL"), BUILT, "full NS host name"),
    row("urifullnsrhssub", &[], "urifullnsrhssub", Own, OWN, None, Privileged, Some("URIDNSBL"), BUILT, "+subtest"),
    row("uridnsbl_skip_domain", &[], "uridnsbl_skip_domain", KeyValue, OWN, None, User, Some("URIDNSBL"), BUILT, "domains/hosts never queried"),
    row("clear_uridnsbl_skip_domain", &[], "clear_uridnsbl_skip_domain", KeyValue, OWN, None, User, Some("URIDNSBL"), BUILT, "remove (or all)"),
    row("uridnsbl_timeout", &[], "uridnsbl_timeout", Own, OWN, None, User, Some("URIDNSBL"), BUILT, "obsolete, warns"),
    // URILocalBL
    row("uri_block_cc", &[], "uri_block_cc", KeyValue, OWN, None, Privileged, Some("URILocalBL"), PENDING, "URILocalBL"),
    row("uri_block_cont", &[], "uri_block_cont", KeyValue, OWN, None, Privileged, Some("URILocalBL"), PENDING, "RULE continents"),
    row("uri_block_isp", &[], "uri_block_isp", KeyValue, OWN, None, Privileged, Some("URILocalBL"), PENDING, "RULE \"provider\" ..."),
    row("uri_block_cidr", &[], "uri_block_cidr", KeyValue, OWN, None, Privileged, Some("URILocalBL"), PENDING, "RULE networks"),
    row("uri_block_exclude", &[], "uri_block_exclude", KeyValue, OWN, None, Privileged, Some("URILocalBL"), PENDING, "RULE domains that are exempt"),
    // VBounce
    row("welcomelist_bounce_relays", &["whitelist_bounce_relays"], "welcomelist_bounce_relays", Addresses, STANDARD, None, User, Some("VBounce"), BUILT, "hosts whose bounces are genuine (VBounce)"),
    // WelcomeListSubject
    row("welcomelist_subject", &["whitelist_subject"], "welcomelist_subject", Addresses, OWN, None, User, Some("WelcomeListSubject"), BUILT, "globs on Subject"),
    row("blocklist_subject", &["blacklist_subject"], "blocklist_subject", Addresses, OWN, None, User, Some("WelcomeListSubject"), BUILT, "globs on Subject"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_is_complete() {
        assert_eq!(TABLE.len(), 339);
        let names: HashSet<_> = TABLE.iter().map(|d| d.name).collect();
        assert_eq!(names.len(), 329);
        let core = TABLE.iter().filter(|d| d.plugin.is_none()).count();
        assert_eq!(core, 133);
    }

    #[test]
    fn every_row_can_be_explained_and_loaded() {
        for directive in TABLE.iter().chain(UNREGISTERED) {
            assert!(!directive.meaning.is_empty(), "{}", directive.name);
            let known = |name| super::super::plugins::KNOWN.iter().any(|k| k.name == name);
            assert!(directive.plugin.is_none_or(known), "{}", directive.name);
        }
    }
}
