//! Directives of plugins with a form of their own, other than tests and lists.
//!
//! SpamAssassin::Plugin::*, `set_config` and `parse_config`.

use super::apply::{Answer, required, standard, valid};
use super::ask;
use super::core::{add_lower, one_of, put_text};
use super::directives::{Directive, Form};
use super::dns::UriDnsKind;
use super::draft::{Definition, Draft, Kind, Line, Refusal};
use super::model::EvalClass;
use super::names::is_rule_name;
use super::options::Value;
use super::regex::{Pattern, Strip};
use super::scan::{first_word, is_digits, is_space, number, words};

/// Reads the line if its directive is one of these.
pub(super) fn apply(
    draft: &mut Draft<'_>,
    directive: &Directive,
    line: Line<'_>,
) -> Option<Answer> {
    let setting = directive.setting.as_bytes();
    Some(match directive.name {
        "askdns" => ask::ask_dns(draft, line),
        "uridnsbl" => ask::uri_dns(draft, line, UriDnsKind::Address, false),
        "uridnssub" => ask::uri_dns(draft, line, UriDnsKind::Address, true),
        "urirhsbl" => ask::uri_dns(draft, line, UriDnsKind::Domain, false),
        "urirhssub" => ask::uri_dns(draft, line, UriDnsKind::Domain, true),
        "urinsrhsbl" => ask::uri_dns(draft, line, UriDnsKind::NameServerDomain, false),
        "urinsrhssub" => ask::uri_dns(draft, line, UriDnsKind::NameServerDomain, true),
        "urifullnsrhsbl" => ask::uri_dns(draft, line, UriDnsKind::NameServer, false),
        "urifullnsrhssub" => ask::uri_dns(draft, line, UriDnsKind::NameServer, true),
        "uridnsbl_timeout" => {
            draft.warn(line.place, "'uridnsbl_timeout' is obsolete, use 'rbl_timeout'".to_owned());
            Ok(())
        }
        "uridnsbl_skip_domain"
        | "replace_rules"
        | "hashbl_ignore"
        | "authres_trusted_authserv"
        | "authres_ignored_authserv"
        | "fns_ignore_dkim"
        | "fns_ignore_headers" => named_set(draft, directive.name, line),
        "clear_uridnsbl_skip_domain" => forget_words(draft, b"uridnsbl_skip_domain", line),
        "url_shortener" => shorteners(draft, line, b"1"),
        "url_shortener_get" => shorteners(draft, line, b"2"),
        "clear_url_shortener" => forget_shorteners(draft, line),
        "asn_lookup" | "asn_lookup_ipv6" => asn_lookup(draft, setting, line),
        "clear_asn_lookups" => valid(line.value.is_empty()).map(|()| {
            draft.options.clear(b"asn_lookup", Some(line.place));
            draft.options.clear(b"asn_lookup_ipv6", Some(line.place));
        }),
        "asn_prefix" => {
            let text = match line.value {
                [first @ (b'"' | b'\''), inner @ .., last] if first == last => inner,
                text => text,
            };
            put_text(draft, setting, text, line);
            Ok(())
        }
        "authres_networks" => authres_networks(draft, line),
        "auto_welcomelist_ipv4_mask_len" | "txrep_ipv4_mask_len" => mask(draft, setting, 32, line),
        "auto_welcomelist_ipv6_mask_len" | "txrep_ipv6_mask_len" => mask(draft, setting, 128, line),
        "bayes_stopword_languages" => stopword_languages(draft, line),
        "adsp_override" => adsp_override(draft, line),
        "extracttext_timeout" => extracttext_timeout(draft, line),
        "fns_check" | "txrep_report_details" => {
            required(line.value).and_then(|()| one_of(draft, setting, line, b"012", Form::Number))
        }
        "hashbl_email_domain_alias" => domain_alias(draft, line),
        "hashbl_email_regex"
        | "hashbl_email_welcomelist"
        | "olemacro_exts"
        | "olemacro_macro_exts"
        | "olemacro_skip_exts"
        | "olemacro_skip_ctypes"
        | "olemacro_zips"
        | "olemacro_download_marker" => bare_pattern(draft, directive, line),
        "dcc_options" | "dccifd_options" => options_text(draft, setting, b" ,._/-", line),
        "pyzor_options" => options_text(draft, setting, b" =,._/-", line),
        "dcc_path" | "pyzor_path" => path(draft, setting, line, is_executable),
        "dcc_home" => path(draft, setting, line, std::path::Path::is_dir),
        "pyzor_server_file" => match line.value {
            b"" => Err(Refusal::Invalid),
            _ => path(draft, setting, line, std::path::Path::is_file),
        },
        "dcc_dccifd_path" => dccifd_path(draft, line),
        "pyzor_max" => {
            let text = "deprecated setting used, change pyzor_max to pyzor_count_min";
            draft.warn(line.place, text.to_owned());
            valid(is_digits(line.value))
                .and_then(|()| standard(draft, b"pyzor_count_min", Form::Number, line))
        }
        "spamcop_from_address" | "spamcop_to_address" => spamcop_address(draft, setting, line),
        "spamcop_relayhost" => spamcop_relayhost(draft, line),
        "uri_block_cc" | "uri_block_cont" | "uri_block_isp" | "uri_block_cidr"
        | "uri_block_exclude" => uri_block(draft, directive.name, line),
        name if name.starts_with("txrep_") => txrep(draft, directive.setting, line),
        _ => return None,
    })
}

/// Words that become members of a set; in lower case, but for names of rules and headers.
fn named_set(draft: &mut Draft<'_>, name: &str, line: Line<'_>) -> Answer {
    required(line.value)?;
    if matches!(name, "replace_rules" | "fns_ignore_headers") {
        let added = words(line.value).map(Box::from);
        draft.options.change_set(name.as_bytes(), line.place, |set| set.extend(added));
    } else {
        add_lower(draft, name.as_bytes(), line);
    }
    Ok(())
}

/// Removes the words from the set, or all if there are none.
fn forget_words(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) -> Answer {
    draft.options.change_set(setting, line.place, |set| {
        if line.value.is_empty() {
            set.clear();
        }
        for word in words(line.value) {
            set.remove(&*word.to_ascii_lowercase());
        }
    });
    Ok(())
}

fn shorteners(draft: &mut Draft<'_>, line: Line<'_>, how: &[u8]) -> Answer {
    required(line.value)?;
    draft.options.change_map(b"url_shortener", line.place, |map| {
        map.extend(words(line.value).map(|w| (w.to_ascii_lowercase().into(), how.into())));
    });
    Ok(())
}

fn forget_shorteners(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    draft.options.change_map(b"url_shortener", line.place, |map| {
        if line.value.is_empty() {
            map.clear();
        }
        for word in words(line.value) {
            map.remove(&*word.to_ascii_lowercase());
        }
    });
    Ok(())
}

/// `zone [_ASN_ _CIDR_]`
fn asn_lookup(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) -> Answer {
    required(line.value)?;
    let fields: Vec<&[u8]> = words(line.value).collect();
    let tag = |text: &[u8]| text.len() > 2 && text.starts_with(b"_") && text.ends_with(b"_");
    valid(match &*fields {
        [_] => true,
        [_, asn, route] => tag(asn) && tag(route),
        _ => false,
    })?;
    let value = line.value.into();
    draft.options.change_list(setting, line.place, |list| list.push(value));
    Ok(())
}

fn authres_networks(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let value = line.value.to_ascii_lowercase();
    valid(matches!(&*value, b"internal" | b"trusted" | b"all"))?;
    put_text(draft, b"authres_networks", &value, line);
    Ok(())
}

fn mask(draft: &mut Draft<'_>, setting: &[u8], bits: u32, line: Line<'_>) -> Answer {
    required(line.value)?;
    let fits = number(line.value).is_some_and(|n| n <= f64::from(bits));
    valid(is_digits(line.value) && fits)?;
    standard(draft, setting, Form::Number, line)
}

fn stopword_languages(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let mut languages = Vec::new();
    if line.value != b"disable" {
        let separator = |b: &u8| is_space(*b) || *b == b',';
        for language in line.value.split(separator).filter(|l| !l.is_empty()) {
            let language = language.to_ascii_lowercase();
            valid(language.len() == 2 && language.iter().all(u8::is_ascii_lowercase))?;
            languages.push(language.into_boxed_slice());
        }
        if languages.is_empty() {
            return Err(Refusal::Missing);
        }
    }
    draft.options.put(b"bayes_stopword_languages", Value::List(languages), Some(line.place));
    Ok(())
}

/// `[@]domain [practice]`; kept as one letter or digit.
fn adsp_override(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let (domain, practice) = first_word(line.value).unwrap_or((line.value, b"discardable"));
    let domain = domain.strip_prefix(b"@").unwrap_or(domain).to_ascii_lowercase();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'.' | b'_' | b'-');
    valid(!domain.is_empty() && domain.iter().all(plain))?;
    let practice: &[u8] = match &*practice.to_ascii_lowercase() {
        b"nxdomain" => b"N",
        b"unknown" => b"U",
        b"all" => b"A",
        b"discardable" => b"D",
        b"custom_low" => b"1",
        b"custom_med" => b"2",
        b"custom_high" => b"3",
        _ => return Err(Refusal::Invalid),
    };
    draft.options.change_map(b"adsp_override", line.place, |map| {
        map.insert(domain.into(), practice.into());
    });
    Ok(())
}

fn extracttext_timeout(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let (one, all) = first_word(line.value).unwrap_or((line.value, b"0"));
    valid(is_digits(one) && is_digits(all))?;
    for (setting, text) in [(&b"extracttext_timeout"[..], one), (b"extracttext_timeout_total", all)]
    {
        let value = Value::Number(number(text).unwrap_or_default());
        draft.options.put(setting, value, Some(line.place));
    }
    Ok(())
}

/// `domain alias …`
fn domain_alias(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let lower = line.value.to_ascii_lowercase();
    let (domain, aliases) = first_word(&lower).ok_or(Refusal::Invalid)?;
    valid(!lower.contains(&b'@'))?;
    draft.options.change_map(b"hashbl_email_domain_alias", line.place, |map| {
        map.extend(words(aliases).map(|alias| (alias.into(), domain.into())));
    });
    Ok(())
}

/// A pattern without delimiters.
fn bare_pattern(draft: &mut Draft<'_>, directive: &Directive, line: Line<'_>) -> Answer {
    if directive.name != "hashbl_email_welcomelist" {
        required(line.value)?;
    }
    Pattern::parse(line.value, Strip::Bare).map_err(|_| Refusal::Invalid)?;
    put_text(draft, directive.setting.as_bytes(), line.value, line);
    Ok(())
}

fn options_text(draft: &mut Draft<'_>, setting: &[u8], signs: &[u8], line: Line<'_>) -> Answer {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || signs.contains(b);
    valid(!line.value.is_empty() && line.value.iter().all(plain))?;
    put_text(draft, setting, line.value, line);
    Ok(())
}

fn path(
    draft: &mut Draft<'_>,
    setting: &[u8],
    line: Line<'_>,
    fits: fn(&std::path::Path) -> bool,
) -> Answer {
    use std::os::unix::ffi::OsStrExt;
    required(line.value)?;
    valid(fits(std::path::Path::new(std::ffi::OsStr::from_bytes(line.value))))?;
    put_text(draft, setting, line.value, line);
    Ok(())
}

fn is_executable(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o111 != 0)
}

/// A socket's path, or `host:port`.
fn dccifd_path(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let bracketed = line.value.strip_prefix(b"[").and_then(|rest| {
        let close = rest.iter().position(|&b| b == b']')?;
        Some((rest.get(..close)?, rest.get(close + 1..)?.strip_prefix(b":")?))
    });
    let colon = line.value.iter().position(|&b| b == b':');
    let plain = colon.and_then(|at| Some((line.value.get(..at)?, line.value.get(at + 1..)?)));
    if let Some((host, port)) = bracketed.or(plain).filter(|(_, port)| !port.contains(&b':')) {
        let fits = number(port).is_some_and(|port| (1.0..=65_535.0).contains(&port));
        valid(!host.is_empty() && is_digits(port) && fits)?;
    }
    put_text(draft, b"dcc_dccifd_path", line.value, line);
    Ok(())
}

/// The address in the text.
fn spamcop_address(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) -> Answer {
    required(line.value)?;
    let stop = |b: u8| is_space(b) || matches!(b, b'<' | b'>');
    let is_address = |text: &[u8]| {
        let at = text.iter().rposition(|&b| b == b'@');
        at.is_some_and(|at| at > 0 && at + 1 < text.len())
    };
    let found = line.value.split(|&b| stop(b)).find(|text| is_address(text));
    put_text(draft, setting, found.ok_or(Refusal::Invalid)?, line);
    Ok(())
}

fn spamcop_relayhost(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let colon = line.value.iter().rposition(|&b| b == b':').ok_or(Refusal::Invalid)?;
    let (host, port) = line.value.split_at_checked(colon).ok_or(Refusal::Invalid)?;
    let port = port.get(1..).unwrap_or_default();
    let fits = is_digits(port) && (2..=5).contains(&port.len());
    valid(fits && !host.is_empty() && !host.iter().any(|&b| is_space(b)))?;
    put_text(draft, b"spamcop_relayhost", line.value, line);
    Ok(())
}

/// TxRep's numbers. The plugin compares as Perl does: what is no number counts as 0.
fn txrep(draft: &mut Draft<'_>, setting: &str, line: Line<'_>) -> Answer {
    let (least, most) = match setting {
        "txrep_factor" => (0.0, 1.0),
        "txrep_dilution_factor" => (0.7, 1.0),
        "txrep_expiry_days" => (0.0, 10_000.0),
        "txrep_autolearn" => (0.0, 5.0),
        "txrep_learn_penalty" | "txrep_learn_bonus" | "txrep_welcomelist_out" => (0.0, 200.0),
        _ => (0.0, 10.0),
    };
    let numeric = |b: &&u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+');
    let length = line.value.iter().take_while(numeric).count();
    let value = (0..=length).rev().find_map(|n| number(line.value.get(..n)?)).unwrap_or(0.0);
    valid((least..=most).contains(&value))?;
    draft.options.put(setting.as_bytes(), Value::Number(value), Some(line.place));
    Ok(())
}

/// `uri_block_… RULE words`: conditions of a rule that URILocalBL evaluates.
fn uri_block(draft: &mut Draft<'_>, name: &str, line: Line<'_>) -> Answer {
    let (rule, text) = first_word(line.value).ok_or(Refusal::Invalid)?;
    valid(is_rule_name(rule))?;
    if matches!(name, "uri_block_cc" | "uri_block_cont") {
        let code = |word: &[u8]| {
            let code = word.strip_prefix(b"!").unwrap_or(word);
            matches!(code, [a, b] if a.is_ascii_alphabetic() && (b.is_ascii_alphabetic()
                || (name == "uri_block_cc" && b.is_ascii_digit())))
        };
        valid(words(text).all(code))?;
        let negated = words(text).filter(|word| word.starts_with(b"!")).count();
        valid(negated == 0 || negated == words(text).count())?;
    }
    if name == "uri_block_cidr" {
        let network = |word: &[u8]| {
            let mut halves = word.splitn(2, |&b| b == b'/');
            let address = halves.next().and_then(crate::text::net::parse_ip);
            address.is_some() && halves.next().is_none_or(|n| is_digits(n) && n.len() <= 3)
        };
        valid(words(text).all(network))?;
    }
    draft.options.change_maps(name.as_bytes(), line.place, |maps| {
        let map = maps.entry(rule.into()).or_default();
        map.insert(text.into(), b"1"[..].into());
    });
    let call = b"check_uri_local_bl()";
    let definition =
        Definition { kind: Kind::Eval(EvalClass::Body), text: call[..].into(), place: line.place };
    let entry = draft.entry(rule);
    entry.definition = Some(definition);
    entry.priority = Some(-100);
    Ok(())
}
