//! The eval functions that SpamAssassin's plugins register, and the rule type that each wants.

use super::model::EvalClass;

/// A function that an eval rule can call.
#[derive(Clone, Copy, Debug)]
pub struct EvalFunction {
    /// The plugin that brings it.
    pub plugin: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The rule type that it must be called from; `None` for any. Where `Body` is wanted,
    /// `Rawbody` will do.
    pub class: Option<EvalClass>,
}

const fn eval(plugin: &'static str, name: &'static str, class: Option<EvalClass>) -> EvalFunction {
    EvalFunction { plugin, name, class }
}

impl EvalFunction {
    /// What its answer rests on beside the message and the rule files; `None` for nothing.
    pub fn needs(&self) -> Option<&'static str> {
        match self.plugin {
            "DKIM" | "DMARC" | "DNSEval" | "HashBL" | "SPF" => Some("the DNS"),
            "Pyzor" | "Razor2" => Some("a service"),
            "Bayes" => Some("what was learned"),
            // These answer for the plugin's own rule type and are not written in rule files.
            "URIDNSBL" | "URIDetail" => Some("a rule type"),
            _ => None,
        }
    }
}

/// Is `plugin` one that SpamAssassin's own `.pre` files load?
pub fn is_default(plugin: &str) -> bool {
    const DEFAULT: &[&str] = &[
        "Bayes",
        "BodyEval",
        "DKIM",
        "DMARC",
        "DNSEval",
        "FreeMail",
        "HTMLEval",
        "HTTPSMismatch",
        "HashBL",
        "HeaderEval",
        "ImageInfo",
        "MIMEEval",
        "Pyzor",
        "Razor2",
        "RelayEval",
        "SPF",
        "URIDNSBL",
        "URIDetail",
        "URIEval",
        "VBounce",
        "WLBLEval",
        "WelcomeListSubject",
    ];
    DEFAULT.contains(&plugin)
}

/// The function called `name`.
pub fn find(name: &str) -> Option<&'static EvalFunction> {
    TABLE.iter().find(|function| function.name == name)
}

/// The table, by plugin.
#[rustfmt::skip]
pub const TABLE: &[EvalFunction] = &[
    // ASN
    eval("ASN", "check_asn", Some(EvalClass::Header)),
    // AWL
    eval("AWL", "check_from_in_auto_welcomelist", Some(EvalClass::Header)),
    eval("AWL", "check_from_in_auto_whitelist", Some(EvalClass::Header)),
    // AccessDB
    eval("AccessDB", "check_access_database", Some(EvalClass::Header)),
    // AntiVirus
    eval("AntiVirus", "check_microsoft_executable", Some(EvalClass::Body)),
    eval("AntiVirus", "check_suspect_name", Some(EvalClass::Body)),
    // AuthRes
    eval("AuthRes", "check_authres_result", Some(EvalClass::Header)),
    // Bayes
    eval("Bayes", "check_bayes", Some(EvalClass::Body)),
    // BodyEval
    eval("BodyEval", "check_blank_line_ratio", Some(EvalClass::Body)),
    eval("BodyEval", "check_body_length", Some(EvalClass::Body)),
    eval("BodyEval", "check_stock_info", Some(EvalClass::Body)),
    eval("BodyEval", "multipart_alternative_difference", Some(EvalClass::Body)),
    eval("BodyEval", "multipart_alternative_difference_count", Some(EvalClass::Body)),
    eval("BodyEval", "plaintext_body_length", Some(EvalClass::Body)),
    eval("BodyEval", "plaintext_body_sig_ratio", Some(EvalClass::Body)),
    eval("BodyEval", "plaintext_sig_length", Some(EvalClass::Body)),
    eval("BodyEval", "tvd_vertical_words", Some(EvalClass::Body)),
    // DCC
    eval("DCC", "check_dcc", Some(EvalClass::Full)),
    eval("DCC", "check_dcc_reputation_range", Some(EvalClass::Full)),
    // DKIM
    eval("DKIM", "check_arc_signed", Some(EvalClass::Full)),
    eval("DKIM", "check_arc_valid", Some(EvalClass::Full)),
    eval("DKIM", "check_dkim_adsp", Some(EvalClass::Header)),
    eval("DKIM", "check_dkim_dependable", Some(EvalClass::Full)),
    eval("DKIM", "check_dkim_signall", None),
    eval("DKIM", "check_dkim_signed", Some(EvalClass::Full)),
    eval("DKIM", "check_dkim_signsome", None),
    eval("DKIM", "check_dkim_testing", Some(EvalClass::Header)),
    eval("DKIM", "check_dkim_valid", Some(EvalClass::Full)),
    eval("DKIM", "check_dkim_valid_author_sig", Some(EvalClass::Full)),
    eval("DKIM", "check_dkim_valid_envelopefrom", Some(EvalClass::Full)),
    eval("DKIM", "check_dkim_verified", None),
    eval("DKIM", "check_for_def_dkim_welcomelist_from", Some(EvalClass::Header)),
    eval("DKIM", "check_for_def_dkim_whitelist_from", Some(EvalClass::Header)),
    eval("DKIM", "check_for_dkim_welcomelist_from", Some(EvalClass::Header)),
    eval("DKIM", "check_for_dkim_whitelist_from", Some(EvalClass::Header)),
    // DMARC
    eval("DMARC", "check_dmarc_missing", Some(EvalClass::Header)),
    eval("DMARC", "check_dmarc_none", Some(EvalClass::Header)),
    eval("DMARC", "check_dmarc_pass", Some(EvalClass::Header)),
    eval("DMARC", "check_dmarc_quarantine", Some(EvalClass::Header)),
    eval("DMARC", "check_dmarc_reject", Some(EvalClass::Header)),
    // DNSEval
    eval("DNSEval", "check_dns_sender", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_accreditor", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_envfrom", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_from_domain", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_from_host", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_headers", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_ns_from", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_rcvd", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_sub", Some(EvalClass::Rbl)),
    eval("DNSEval", "check_rbl_txt", Some(EvalClass::Rbl)),
    // DecodeShortURLs
    eval("DecodeShortURLs", "short_url", Some(EvalClass::Body)),
    eval("DecodeShortURLs", "short_url_200", Some(EvalClass::Body)),
    eval("DecodeShortURLs", "short_url_404", Some(EvalClass::Body)),
    eval("DecodeShortURLs", "short_url_chained", Some(EvalClass::Body)),
    eval("DecodeShortURLs", "short_url_code", Some(EvalClass::Body)),
    eval("DecodeShortURLs", "short_url_loop", Some(EvalClass::Body)),
    eval("DecodeShortURLs", "short_url_maxchain", Some(EvalClass::Body)),
    eval("DecodeShortURLs", "short_url_redir", Some(EvalClass::Body)),
    eval("DecodeShortURLs", "short_url_tests", None),
    // FreeMail
    eval("FreeMail", "check_freemail_body", Some(EvalClass::Header)),
    eval("FreeMail", "check_freemail_from", Some(EvalClass::Header)),
    eval("FreeMail", "check_freemail_header", Some(EvalClass::Header)),
    eval("FreeMail", "check_freemail_replyto", Some(EvalClass::Header)),
    // FromNameSpoof
    eval("FromNameSpoof", "check_fromname_contains_email", Some(EvalClass::Header)),
    eval("FromNameSpoof", "check_fromname_different", Some(EvalClass::Header)),
    eval("FromNameSpoof", "check_fromname_domain_differ", Some(EvalClass::Header)),
    eval("FromNameSpoof", "check_fromname_equals_replyto", Some(EvalClass::Header)),
    eval("FromNameSpoof", "check_fromname_equals_to", Some(EvalClass::Header)),
    eval("FromNameSpoof", "check_fromname_owners_differ", Some(EvalClass::Header)),
    eval("FromNameSpoof", "check_fromname_spoof", Some(EvalClass::Header)),
    // HTMLEval
    eval("HTMLEval", "check_iframe_src", Some(EvalClass::Body)),
    eval("HTMLEval", "html_charset_faraway", Some(EvalClass::Body)),
    eval("HTMLEval", "html_eval", Some(EvalClass::Body)),
    eval("HTMLEval", "html_image_only", Some(EvalClass::Body)),
    eval("HTMLEval", "html_image_ratio", Some(EvalClass::Body)),
    eval("HTMLEval", "html_range", Some(EvalClass::Body)),
    eval("HTMLEval", "html_tag_balance", Some(EvalClass::Body)),
    eval("HTMLEval", "html_tag_exists", Some(EvalClass::Body)),
    eval("HTMLEval", "html_test", Some(EvalClass::Body)),
    eval("HTMLEval", "html_text_match", Some(EvalClass::Body)),
    eval("HTMLEval", "html_text_not_match", Some(EvalClass::Body)),
    eval("HTMLEval", "html_title_subject_ratio", Some(EvalClass::Body)),
    // HTTPSMismatch
    eval("HTTPSMismatch", "check_https_http_mismatch", Some(EvalClass::Body)),
    // HashBL
    eval("HashBL", "check_hashbl_attachments", Some(EvalClass::Body)),
    eval("HashBL", "check_hashbl_bodyre", Some(EvalClass::Body)),
    eval("HashBL", "check_hashbl_emails", Some(EvalClass::Header)),
    eval("HashBL", "check_hashbl_tag", Some(EvalClass::Header)),
    eval("HashBL", "check_hashbl_uris", Some(EvalClass::Header)),
    // HeaderEval
    eval("HeaderEval", "check_equal_from_domains", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_fake_aol_relay_in_rcvd", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_faraway_charset_in_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_forged_eudoramail_received_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_forged_gmail_received_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_forged_gw05_received_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_forged_hotmail_received_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_forged_juno_received_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_forged_yahoo_received_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_matching_env_and_hdr_from", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_missing_to_header", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_msn_groups_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_no_hotmail_received_headers", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_shifted_date", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_to_in_subject", Some(EvalClass::Header)),
    eval("HeaderEval", "check_for_unique_subject_id", Some(EvalClass::Header)),
    eval("HeaderEval", "check_header_count_range", Some(EvalClass::Header)),
    eval("HeaderEval", "check_illegal_chars", Some(EvalClass::Header)),
    eval("HeaderEval", "check_messageid_not_usable", Some(EvalClass::Header)),
    eval("HeaderEval", "check_outlook_message_id", Some(EvalClass::Header)),
    eval("HeaderEval", "check_ratware_envelope_from", Some(EvalClass::Header)),
    eval("HeaderEval", "check_ratware_name_id", Some(EvalClass::Header)),
    eval("HeaderEval", "check_unresolved_template", Some(EvalClass::Header)),
    eval("HeaderEval", "gated_through_received_hdr_remover", Some(EvalClass::Header)),
    eval("HeaderEval", "received_within_months", Some(EvalClass::Header)),
    eval("HeaderEval", "similar_recipients", Some(EvalClass::Header)),
    eval("HeaderEval", "sorted_recipients", Some(EvalClass::Header)),
    eval("HeaderEval", "subject_is_all_caps", Some(EvalClass::Header)),
    // ImageInfo
    eval("ImageInfo", "image_count", Some(EvalClass::Body)),
    eval("ImageInfo", "image_name_regex", Some(EvalClass::Body)),
    eval("ImageInfo", "image_named", Some(EvalClass::Body)),
    eval("ImageInfo", "image_size_exact", Some(EvalClass::Body)),
    eval("ImageInfo", "image_size_range", Some(EvalClass::Body)),
    eval("ImageInfo", "image_to_text_ratio", Some(EvalClass::Body)),
    eval("ImageInfo", "pixel_coverage", Some(EvalClass::Body)),
    // Mailprint: our own
    eval("Mailprint", "check_ambiguous_mime", Some(EvalClass::Body)),
    eval("Mailprint", "check_limit_reached", Some(EvalClass::Body)),
    // MIMEEval
    eval("MIMEEval", "check_abundant_unicode_ratio", Some(EvalClass::Body)),
    eval("MIMEEval", "check_base64_length", Some(EvalClass::Body)),
    eval("MIMEEval", "check_for_ascii_text_illegal", Some(EvalClass::Body)),
    eval("MIMEEval", "check_for_faraway_charset", Some(EvalClass::Body)),
    eval("MIMEEval", "check_for_mime", Some(EvalClass::Body)),
    eval("MIMEEval", "check_for_mime_html", Some(EvalClass::Body)),
    eval("MIMEEval", "check_for_mime_html_only", Some(EvalClass::Body)),
    eval("MIMEEval", "check_for_uppercase", Some(EvalClass::Body)),
    eval("MIMEEval", "check_ma_non_text", Some(EvalClass::Body)),
    eval("MIMEEval", "check_mime_multipart_ratio", Some(EvalClass::Body)),
    eval("MIMEEval", "check_msg_parse_flags", None),
    eval("MIMEEval", "check_qp_ratio", Some(EvalClass::Body)),
    // OLEVBMacro
    eval("OLEVBMacro", "check_olemacro", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olemacro_csv", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olemacro_download_exe", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olemacro_encrypted", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olemacro_malice", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olemacro_mhtml_uri", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olemacro_redirect_uri", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olemacro_renamed", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olemacro_zip_password", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_oleobject", Some(EvalClass::Body)),
    eval("OLEVBMacro", "check_olertfobject", Some(EvalClass::Body)),
    // PDFInfo
    eval("PDFInfo", "pdf_count", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_image_count", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_image_size_exact", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_image_size_range", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_image_to_text_ratio", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_is_empty_body", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_is_encrypted", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_match_details", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_match_fuzzy_md5", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_match_md5", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_name_regex", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_named", Some(EvalClass::Body)),
    eval("PDFInfo", "pdf_pixel_coverage", Some(EvalClass::Body)),
    // Phishing
    eval("Phishing", "check_phishing", Some(EvalClass::Body)),
    // Pyzor
    eval("Pyzor", "check_pyzor", Some(EvalClass::Full)),
    // Razor2
    eval("Razor2", "check_razor2", Some(EvalClass::Full)),
    eval("Razor2", "check_razor2_range", Some(EvalClass::Full)),
    // RelayEval
    eval("RelayEval", "check_all_trusted", None),
    eval("RelayEval", "check_for_forged_received_ip_helo", None),
    eval("RelayEval", "check_for_forged_received_trail", None),
    eval("RelayEval", "check_for_from_domain_in_received_headers", Some(EvalClass::Header)),
    eval("RelayEval", "check_for_illegal_ip", None),
    eval("RelayEval", "check_for_no_rdns_dotcom_helo", None),
    eval("RelayEval", "check_for_numeric_helo", None),
    eval("RelayEval", "check_for_sender_no_reverse", None),
    eval("RelayEval", "check_no_relays", None),
    eval("RelayEval", "check_relays_unparseable", None),
    eval("RelayEval", "helo_ip_mismatch", None),
    // SPF
    eval("SPF", "check_for_def_spf_welcomelist_from", Some(EvalClass::Header)),
    eval("SPF", "check_for_def_spf_whitelist_from", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_fail", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_helo_fail", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_helo_neutral", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_helo_none", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_helo_pass", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_helo_permerror", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_helo_softfail", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_helo_temperror", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_neutral", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_none", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_pass", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_permerror", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_softfail", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_temperror", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_welcomelist_from", Some(EvalClass::Header)),
    eval("SPF", "check_for_spf_whitelist_from", Some(EvalClass::Header)),
    eval("SPF", "check_spf_skipped_noenvfrom", Some(EvalClass::Header)),
    // Shortcircuit
    eval("Shortcircuit", "check_shortcircuit", None),
    // TextCat
    eval("TextCat", "check_body_8bits", Some(EvalClass::Body)),
    eval("TextCat", "check_language", None),
    // TxRep
    eval("TxRep", "check_senders_reputation", Some(EvalClass::Header)),
    // URIDNSBL
    eval("URIDNSBL", "check_uridnsbl", None),
    // URIDetail
    eval("URIDetail", "check_uri_detail", None),
    // URIEval
    eval("URIEval", "check_for_http_redirector", None),
    eval("URIEval", "check_https_ip_mismatch", None),
    eval("URIEval", "check_uri_truncated", None),
    // URILocalBL
    eval("URILocalBL", "check_uri_local_bl", None),
    // VBounce
    eval("VBounce", "check_welcomelist_bounce_relays", None),
    eval("VBounce", "check_whitelist_bounce_relays", None),
    eval("VBounce", "have_any_bounce_relays", None),
    // WLBLEval
    eval("WLBLEval", "check_forged_in_default_welcomelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_forged_in_default_whitelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_forged_in_welcomelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_forged_in_whitelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_from_in_blacklist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_from_in_blocklist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_from_in_default_welcomelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_from_in_default_whitelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_from_in_list", Some(EvalClass::Header)),
    eval("WLBLEval", "check_from_in_welcomelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_from_in_whitelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_mailfrom_matches_rcvd", Some(EvalClass::Header)),
    eval("WLBLEval", "check_replyto_in_list", Some(EvalClass::Header)),
    eval("WLBLEval", "check_to_in_all_spam", Some(EvalClass::Header)),
    eval("WLBLEval", "check_to_in_blacklist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_to_in_blocklist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_to_in_list", Some(EvalClass::Header)),
    eval("WLBLEval", "check_to_in_more_spam", Some(EvalClass::Header)),
    eval("WLBLEval", "check_to_in_welcomelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_to_in_whitelist", Some(EvalClass::Header)),
    eval("WLBLEval", "check_uri_host_in_blacklist", None),
    eval("WLBLEval", "check_uri_host_in_blocklist", None),
    eval("WLBLEval", "check_uri_host_in_welcomelist", None),
    eval("WLBLEval", "check_uri_host_in_whitelist", None),
    eval("WLBLEval", "check_uri_host_listed", Some(EvalClass::Header)),
    // WelcomeListSubject
    eval("WelcomeListSubject", "check_subject_in_blacklist", Some(EvalClass::Header)),
    eval("WelcomeListSubject", "check_subject_in_blocklist", Some(EvalClass::Header)),
    eval("WelcomeListSubject", "check_subject_in_welcomelist", Some(EvalClass::Header)),
    eval("WelcomeListSubject", "check_subject_in_whitelist", Some(EvalClass::Header)),
];
