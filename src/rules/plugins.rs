//! Plugins by name, and what they and the configuration can do: `loadplugin`, `ifplugin`,
//! `can()`, `has()`.
//!
//! Nothing is loaded: the functions of SpamAssassin's own plugins are part of this program, and
//! `loadplugin` switches them on. A plugin that is not SpamAssassin's own is unknown, so
//! `ifplugin` is false for it.

use std::collections::HashSet;

/// A plugin of SpamAssassin's.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The name behind `Mail::SpamAssassin::Plugin::`.
    pub name: &'static str,
    /// What `has()` and `can()` answer with yes.
    pub features: &'static [&'static str],
}

const fn known(name: &'static str, features: &'static [&'static str]) -> Known {
    Known { name, features }
}

const PREFIX: &[u8] = b"Mail::SpamAssassin::Plugin::";

/// What `has()` and `can()` know of `Mail::SpamAssassin::Conf`.
#[rustfmt::skip]
const CONF_FEATURES: &[&str] = &[
    "feature_originating_ip_headers",
    "feature_dns_local_ports_permit_avoid",
    "feature_bayes_auto_learn_on_error",
    "feature_uri_host_listed",
    "feature_yesno_takes_args",
    "feature_bug6558_free",
    "feature_edns",
    "feature_dns_query_restriction",
    "feature_registryboundaries",
    "feature_geodb",
    "feature_dns_block_rule",
    "feature_compile_regexp",
    "feature_meta_rules_matching",
    "feature_subjprefix",
    "feature_bayes_stopwords",
    "feature_get_host",
    "feature_blocklist_welcomelist",
    "feature_welcomelist_blocklist",
    "feature_header_address_parser",
    "feature_local_tests_only",
    "feature_header_first_last",
    "feature_header_match_many",
    "feature_capture_rules",
    "has_tflags_nosubject",
    "has_tflags_nolog",
    "perl_min_version_5010000",
];

/// SpamAssassin's plugins and their features.
#[rustfmt::skip]
pub const KNOWN: &[Known] = &[
    known("AccessDB", &[]),
    known("AntiVirus", &[]),
    known("AskDNS", &["has_tag_header"]),
    known("ASN", &["has_asn_lookup_ipv6", "has_asn_geodb", "has_check_asn", "has_check_asn_tag"]),
    known("AuthRes", &[]),
    known("AutoLearnThreshold", &[]),
    known("AWL", &[]),
    known("Bayes", &[]),
    known("BodyEval", &["has_check_body_length", "has_plaintext_body_sig_ratio"]),
    known("BodyRuleBaseExtractor", &[]),
    known("Check", &[]),
    known("DCC", &[]),
    known("DecodeShortURLs", &["has_short_url", "has_autoclean", "has_short_url_code", "has_user_agent", "has_get", "has_clear", "has_timeout", "has_max_redirections", "has_short_url_redir"]),
    known("DKIM", &["has_arc"]),
    known("DMARC", &[]),
    known("DNSEval", &["has_tflags_domains_only", "has_tflags_ips_only"]),
    known("ExtractText", &[]),
    known("FreeMail", &[]),
    known("FromNameSpoof", &[]),
    known("HashBL", &["has_hashbl_bodyre", "has_hashbl_bodyre_num", "has_hashbl_emails", "has_hashbl_uris", "has_hashbl_ignore", "has_hashbl_email_regex", "has_hashbl_email_welcomelist", "has_hashbl_email_whitelist", "has_hashbl_tag", "has_hashbl_sha256", "has_hashbl_attachments", "has_hashbl_email_domain", "has_hashbl_email_domain_alias"]),
    known("HeaderEval", &[]),
    known("HTMLEval", &[]),
    known("HTTPSMismatch", &[]),
    known("ImageInfo", &[]),
    known("Mailprint", &[]), // our own: what SpamAssassin does not have
    known("MIMEEval", &["has_check_for_ascii_text_illegal", "has_check_abundant_unicode_ratio", "has_check_qp_ratio"]),
    known("MIMEHeader", &["has_all_header", "has_tflags_range", "has_tflags_concat", "has_tflags_multiple", "has_capture_rules"]),
    known("OLEVBMacro", &["has_olemacro_redirect_uri", "has_olemacro_mhtml_uri", "has_olertfobject"]),
    known("OneLineBodyRuleType", &[]),
    known("P595Body", &[]),
    known("PDFInfo", &[]),
    known("Phishing", &[]),
    known("PhishTag", &[]),
    known("Pyzor", &["has_fork", "has_perl"]),
    known("Razor2", &["has_fork"]),
    known("RelayCountry", &[]),
    known("RelayEval", &[]),
    known("ReplaceTags", &[]),
    known("ResourceLimits", &[]),
    known("Reuse", &[]),
    known("Rule2XSBody", &[]),
    known("Shortcircuit", &[]),
    known("SpamCop", &[]),
    known("SPF", &["has_check_for_spf_errors", "has_check_spf_skipped_noenvfrom"]),
    known("Test", &[]),
    known("TextCat", &[]),
    known("TxRep", &[]),
    known("URIDetail", &["has_host_key"]),
    known("URIDNSBL", &["has_tflags_domains_only", "has_subtest_for_ranges", "has_uridnsbl_for_a", "has_uridnsbl_a_ns", "has_tflags_notrim", "has_uridnsbl_skip_mailto"]),
    known("URIEval", &[]),
    known("URILocalBL", &[]),
    known("VBounce", &[]),
    known("WelcomeListSubject", &[]),
    known("WLBLEval", &[]),
];

/// What became of a `loadplugin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    /// It is on now, under this name.
    Now(&'static str),
    /// It was on before.
    Before,
    /// There is no such plugin here.
    Unknown,
}

/// The plugins that are on, and the compatibility flags.
#[derive(Clone, Debug, Default)]
pub struct Plugins {
    loaded: Vec<&'static str>,
    compat: HashSet<Box<[u8]>>,
}

impl Plugins {
    /// Is the plugin on? `name` without the prefix: `AskDNS`.
    pub fn has(&self, name: &str) -> bool {
        self.loaded.contains(&name)
    }

    /// The plugins that are on, in the order of their lines.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.loaded.iter().copied()
    }

    /// `loadplugin package`.
    pub(super) fn load(&mut self, package: &[u8]) -> Loaded {
        let package = renamed(package);
        let known = package
            .strip_prefix(PREFIX)
            .and_then(|name| KNOWN.iter().find(|known| known.name.as_bytes() == name));
        match known {
            None => Loaded::Unknown,
            Some(known) if self.has(known.name) => Loaded::Before,
            Some(known) => {
                self.loaded.push(known.name);
                Loaded::Now(known.name)
            }
        }
    }

    /// `enable_compat flag`.
    pub(super) fn enable_compat(&mut self, flag: &[u8]) {
        self.compat.insert(flag.into());
    }

    /// `plugin(package)` in a condition.
    pub(super) fn is_loaded(&self, package: &[u8]) -> bool {
        // Removed from SpamAssassin, yet reported as there.
        if package == b"Mail::SpamAssassin::Plugin::RaciallyCharged" {
            return true;
        }
        let package = renamed(package);
        package
            .strip_prefix(PREFIX)
            .is_some_and(|name| self.loaded.iter().any(|loaded| loaded.as_bytes() == name))
    }

    /// `has(package::method)` in a condition, and `can(…)`.
    pub(super) fn has_method(&self, package: &[u8], method: &[u8]) -> bool {
        if package == b"Mail::SpamAssassin::Conf" {
            let flag = method.strip_prefix(b"compat_");
            return CONF_FEATURES.iter().any(|f| f.as_bytes() == method)
                || flag.is_some_and(|flag| self.compat.contains(flag));
        }
        let Some(name) = package.strip_prefix(PREFIX) else { return false };
        let Some(known) = KNOWN.iter().find(|known| known.name.as_bytes() == name) else {
            return false;
        };
        self.has(known.name)
            && (known.features.iter().any(|f| f.as_bytes() == method)
                || super::evals::TABLE
                    .iter()
                    .any(|e| e.plugin == known.name && e.name.as_bytes() == method))
    }
}

/// The present name of a plugin that was renamed.
pub(super) fn renamed(package: &[u8]) -> &[u8] {
    match package {
        b"Mail::SpamAssassin::Plugin::Dmarc" => b"Mail::SpamAssassin::Plugin::DMARC",
        b"Mail::SpamAssassin::Plugin::WhiteListSubject" => {
            b"Mail::SpamAssassin::Plugin::WelcomeListSubject"
        }
        _ => package,
    }
}
