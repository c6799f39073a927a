//! Directives of SpamAssassin::Conf with a form of their own, other than tests and lists.

use super::apply::{Answer, required, standard, valid};
use super::directives::{Directive, Form};
use super::draft::{Draft, Line, Refusal};
use super::options::Value;
use super::plugins::Loaded;
use super::regex::{Pattern, Strip};
use super::scan::{first_word, is_space, show, words};
use super::{markup, resolver};

/// Reads the line if its directive is one of these.
pub(super) fn apply(
    draft: &mut Draft<'_>,
    directive: &Directive,
    line: Line<'_>,
) -> Option<Answer> {
    let setting = directive.setting.as_bytes();
    Some(match directive.name {
        "normalize_charset" => standard(draft, setting, Form::Flag, line),
        "report_safe_copy_headers" => standard(draft, setting, Form::List, line),
        "clear_trusted_networks" => clear(draft, line, &[b"trusted_networks"]),
        "clear_internal_networks" => clear(draft, line, &[b"internal_networks"]),
        "clear_msa_networks" => clear(draft, line, &[b"msa_networks"]),
        "clear_originating_ip_headers" => clear(draft, line, &[b"originating_ip_headers"]),
        "clear_dns_servers" => clear(draft, line, &[b"dns_servers"]),
        "clear_dns_query_restriction" => clear(draft, line, &[b"dns_query_blocked"]),
        "clear_report_template" | "clear_unsafe_report_template" => clear(draft, line, &[setting]),
        "clear_util_rb" => clear(draft, line, &[b"util_rb_tld", b"util_rb_2tld", b"util_rb_3tld"]),
        "originating_ip_headers" => originating_ip_headers(draft, line),
        "util_rb_tld" => util_rb(draft, setting, 1, line),
        "util_rb_2tld" => util_rb(draft, setting, 2, line),
        "util_rb_3tld" => util_rb(draft, setting, 3, line),
        "redirector_pattern" => redirector_pattern(draft, line),
        "allow_user_rules" => {
            required(line.value).and_then(|()| one_of(draft, setting, line, b"01", Form::Flag))
        }
        "report_safe" => markup::report_safe(draft, line),
        "rewrite_header" => markup::rewrite_header(draft, line),
        "add_header" => markup::add_header(draft, line),
        "remove_header" => markup::remove_header(draft, line),
        "clear_headers" => markup::clear_headers(draft, line),
        "version_tag" => version_tag(draft, line),
        "loadplugin" => load_plugin(draft, line, false),
        "tryplugin" => load_plugin(draft, line, true),
        "enable_compat" => enable_compat(draft, line),
        "dns_available" => resolver::dns_available(draft, line),
        "dns_server" => resolver::dns_server(draft, line),
        "dns_local_ports_permit" => resolver::port_ranges(draft, line, 1),
        "dns_local_ports_avoid" => resolver::port_ranges(draft, line, 0),
        "dns_local_ports_none" => standard(draft, setting, Form::NoArguments, line).map(|()| {
            draft.options.put(
                b"dns_local_ports",
                Value::List(vec![b"none"[..].into()]),
                Some(line.place),
            );
        }),
        "dns_options" => resolver::dns_options(draft, line),
        "dns_query_restriction" => resolver::dns_query_restriction(draft, line),
        "dns_block_rule" => resolver::dns_block_rule(draft, line),
        "rbl_timeout" => resolver::rbl_timeout(draft, line),
        "bayes_token_sources" => bayes_token_sources(draft, line),
        "bayes_ignore_header" => required(line.value).map(|()| add_lower(draft, setting, line)),
        "lock_method" => named_text(draft, setting, line, &[b"nfssafe", b"flock", b"win32"]),
        "bayes_path" | "auto_welcomelist_path" => path_not_directory(draft, setting, line),
        "bayes_file_mode" | "auto_welcomelist_file_mode" => file_mode(draft, setting, line),
        "bayes_store_module" => {
            let named = !line.value.is_empty()
                && line.value.iter().all(|&b| b == b':' || super::arithmetic::is_word(b));
            valid(named).map(|()| put_text(draft, setting, line.value, line))
        }
        "geodb_module" => geodb_module(draft, line),
        "country_db_type" => country_db_type(draft, line),
        "geodb_options" => geodb_options(draft, line),
        "geodb_search_path" if line.value == b"reset" => {
            draft.options.put(setting, Value::List(Vec::new()), Some(line.place));
            Ok(())
        }
        "geodb_search_path" => standard(draft, setting, Form::List, line),
        "country_db_path" | "uri_country_db_path" => old_database(draft, line, b"country"),
        "uri_country_db_isp_path" => old_database(draft, line, b"isp"),
        _ => return None,
    })
}

/// Sets `setting` to a text.
pub(super) fn put_text(draft: &mut Draft<'_>, setting: &[u8], text: &[u8], line: Line<'_>) {
    draft.options.put(setting, Value::Text(text.into()), Some(line.place));
}

/// Adds the words in lower case to the set called `setting`.
pub(super) fn add_lower(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) {
    let added = words(line.value).map(|w| w.to_ascii_lowercase().into_boxed_slice());
    draft.options.change_set(setting, line.place, |set| set.extend(added));
}

fn clear(draft: &mut Draft<'_>, line: Line<'_>, settings: &[&[u8]]) -> Answer {
    valid(line.value.is_empty())?;
    for setting in settings {
        draft.options.clear(setting, Some(line.place));
    }
    Ok(())
}

/// One character of `allowed`.
pub(super) fn one_of(
    draft: &mut Draft<'_>,
    setting: &[u8],
    line: Line<'_>,
    allowed: &[u8],
    form: Form,
) -> Answer {
    valid(matches!(line.value, [b] if allowed.contains(b)))?;
    standard(draft, setting, form, line)
}

/// One of a few words.
fn named_text(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>, names: &[&[u8]]) -> Answer {
    valid(names.contains(&line.value))?;
    put_text(draft, setting, line.value, line);
    Ok(())
}

fn originating_ip_headers(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    draft.options.change_list(b"originating_ip_headers", line.place, |list| {
        for name in words(line.value) {
            if !list.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                list.push(name.into());
            }
        }
    });
    Ok(())
}

/// Names of so many labels.
fn util_rb(draft: &mut Draft<'_>, setting: &[u8], labels: usize, line: Line<'_>) -> Answer {
    required(line.value)?;
    let fits = |name: &[u8]| {
        let mut parts = name.split(|&b| b == b'.');
        parts.clone().count() == labels && parts.all(|part| !part.is_empty())
    };
    valid(words(line.value).all(fits))?;
    let added = words(line.value).map(|w| to_ascii(w).into_boxed_slice());
    draft.options.change_set(setting, line.place, |set| set.extend(added));
    Ok(())
}

/// The name in lower case, in its ASCII form if it is UTF-8.
fn to_ascii(name: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(name).ok().filter(|_| !name.is_ascii());
    let ascii = text.and_then(|text| idna::domain_to_ascii(text).ok());
    ascii.map_or_else(|| name.to_ascii_lowercase(), String::into_bytes)
}

fn redirector_pattern(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    Pattern::parse(line.value, Strip::Required).map_err(|_| Refusal::Invalid)?;
    draft.options.change_list(b"redirector_pattern", line.place, |list| {
        list.push(line.value.into());
    });
    Ok(())
}

fn version_tag(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let plain = |b: u8| if b.is_ascii_alphanumeric() || b == b'.' { b } else { b'_' };
    let tag: Box<[u8]> = line.value.iter().map(|b| plain(b.to_ascii_lowercase())).collect();
    draft.options.change_list(b"version_tag", line.place, |list| {
        if !list.contains(&tag) {
            list.push(tag);
        }
    });
    Ok(())
}

/// `loadplugin Package [file.pm]`
fn load_plugin(draft: &mut Draft<'_>, line: Line<'_>, quiet: bool) -> Answer {
    required(line.value)?;
    let (package, path) = match first_word(line.value) {
        Some((package, path)) => (package, Some(path)),
        None => (line.value, None),
    };
    let text = String::from_utf8_lossy(package);
    let parts = || text.split("::");
    valid(parts().count() <= 11 && parts().all(|p| super::scan::is_words(p.as_bytes())))?;
    if let Some(path) = path {
        let is_module = path.len() > 3
            && path.get(path.len() - 3..).is_some_and(|e| e.eq_ignore_ascii_case(b".pm"));
        valid(is_module && !path.iter().any(|&b| is_space(b)))?;
    }
    match draft.plugins.load(package) {
        Loaded::Now(name) => draft.register(Some(name)),
        Loaded::Before => {}
        Loaded::Unknown if quiet => {}
        Loaded::Unknown => {
            let text = format!(
                "plugin {} is not known here: what 'ifplugin {}' guards is not read",
                show(package),
                show(package)
            );
            if !draft.complaints.iter().any(|complaint| complaint.text == text) {
                draft.warn(line.place, text);
            }
        }
    }
    Ok(())
}

fn enable_compat(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    valid(super::scan::is_words(line.value) && line.value.len() <= 128)?;
    draft.plugins.enable_compat(line.value);
    Ok(())
}

fn bayes_token_sources(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    const ALL: [&[u8]; 5] = [b"header", b"visible", b"invisible", b"uri", b"mimepart"];
    required(line.value)?;
    let one: &[u8] = b"1";
    for word in words(&line.value.to_ascii_lowercase()) {
        let known = |word: &[u8]| ALL.iter().find(|source| **source == word);
        let off = word.strip_prefix(b"no").and_then(known);
        valid(
            matches!(word, b"none" | b"noall" | b"all") || off.is_some() || known(word).is_some(),
        )?;
        draft.options.change_map(b"bayes_token_sources", line.place, |map| match word {
            b"none" | b"noall" => map.clear(),
            b"all" => *map = ALL.iter().map(|source| ((*source).into(), one.into())).collect(),
            _ => {
                let value: &[u8] = if off.is_some() { b"0" } else { one };
                map.insert((*off.unwrap_or(&word)).into(), value.into());
            }
        });
    }
    Ok(())
}

fn path_not_directory(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) -> Answer {
    use std::os::unix::ffi::OsStrExt;
    required(line.value)?;
    valid(!std::path::Path::new(std::ffi::OsStr::from_bytes(line.value)).is_dir())?;
    put_text(draft, setting, line.value, line);
    Ok(())
}

/// Three octal digits, with or without a 0 in front. Kept with it.
fn file_mode(draft: &mut Draft<'_>, setting: &[u8], line: Line<'_>) -> Answer {
    let digits = match line.value {
        [b'0', rest @ ..] if rest.len() == 3 => rest,
        text => text,
    };
    valid(digits.len() == 3 && digits.iter().all(|b| (b'0'..=b'7').contains(b)))?;
    put_text(draft, setting, &[b"0", digits].concat(), line);
    Ok(())
}

fn geodb_module(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let module: &[u8] = match &*line.value.to_ascii_lowercase() {
        b"maxmind::db::reader" | b"geoip2::database::reader" | b"geoip2" => b"geoip2",
        b"geo::ip" | b"geoip" => b"geoip",
        b"ip::country::db_file" | b"db_file" => b"dbfile",
        b"ip::country::fast" | b"fast" => b"fast",
        _ => return Err(Refusal::Invalid),
    };
    put_text(draft, b"geodb_module", module, line);
    Ok(())
}

/// Tells that a directive is old, as SpamAssassin does.
fn deprecated(draft: &mut Draft<'_>, line: Line<'_>, use_instead: &str) {
    draft.warn(line.place, format!("deprecated setting used, change it to {use_instead}"));
}

fn country_db_type(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    deprecated(draft, line, "geodb_module");
    let lower = line.value.to_ascii_lowercase();
    let has = |text: &[u8]| memchr::memmem::find(&lower, text).is_some();
    let module: &[u8] = match () {
        () if has(b"geoip2") => b"geoip2",
        () if has(b"geo") => b"geoip",
        () if has(b"fast") => b"fast",
        () => return Err(Refusal::Invalid),
    };
    put_text(draft, b"geodb_module", module, line);
    Ok(())
}

fn geodb_options(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    for option in words(line.value) {
        let mut halves = option.splitn(2, |&b| b == b':');
        let name = halves.next().unwrap_or_default().to_ascii_lowercase();
        let path = halves.next().unwrap_or_default();
        valid(matches!(&*name, b"reset" | b"country" | b"city" | b"isp"))?;
        draft.options.change_map(b"geodb_options", line.place, |map| {
            if name == b"reset" {
                map.clear();
            } else {
                map.insert(name.into(), path.into());
            }
        });
    }
    Ok(())
}

fn old_database(draft: &mut Draft<'_>, line: Line<'_>, kind: &[u8]) -> Answer {
    deprecated(draft, line, "geodb_options");
    valid(!line.value.is_empty())?;
    draft.options.change_map(b"geodb_options", line.place, |map| {
        map.insert(kind.into(), line.value.into());
    });
    Ok(())
}
