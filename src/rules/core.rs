//! Directives of SpamAssassin::Conf with a form of their own, other than tests and lists.

use super::apply::{Answer, duration, required, standard, valid};
use super::directives::{Directive, Form};
use super::draft::{Draft, Line, Refusal};
use super::options::Value;
use super::plugins::Loaded;
use super::regex::{Pattern, Strip};
use super::scan::{first_word, is_decimal, is_digits, is_space, show, words};

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
        "report_safe" => report_safe(draft, line),
        "rewrite_header" => rewrite_header(draft, line),
        "add_header" => add_header(draft, line),
        "remove_header" => remove_header(draft, line),
        "clear_headers" => clear_headers(draft, line),
        "version_tag" => version_tag(draft, line),
        "loadplugin" => load_plugin(draft, line, false),
        "tryplugin" => load_plugin(draft, line, true),
        "enable_compat" => enable_compat(draft, line),
        "dns_available" => dns_available(draft, line),
        "dns_server" => dns_server(draft, line),
        "dns_local_ports_permit" => port_ranges(draft, line, 1),
        "dns_local_ports_avoid" => port_ranges(draft, line, 0),
        "dns_local_ports_none" => standard(draft, setting, Form::NoArguments, line).map(|()| {
            draft.options.put(
                b"dns_local_ports",
                Value::List(vec![b"none"[..].into()]),
                Some(line.place),
            );
        }),
        "dns_options" => dns_options(draft, line),
        "dns_query_restriction" => dns_query_restriction(draft, line),
        "dns_block_rule" => dns_block_rule(draft, line),
        "rbl_timeout" => rbl_timeout(draft, line),
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

fn report_safe(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    one_of(draft, b"report_safe", line, b"012", Form::Number)?;
    if line.value == b"0" {
        draft.options.change_pairs(b"headers_spam", line.place, |headers| {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"report")) {
                headers.push((b"Report"[..].into(), b"_REPORT_"[..].into()));
            }
        });
    }
    Ok(())
}

fn rewrite_header(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let (name, text) = first_word(line.value).unwrap_or((line.value, b""));
    let name: &[u8] = match &*name.to_ascii_lowercase() {
        b"from" => b"From",
        b"subject" => b"Subject",
        b"to" => b"To",
        _ => return Err(Refusal::Invalid),
    };
    let bracket = |b: &u8| match b {
        b'(' if name != b"Subject" => b'[',
        b')' if name != b"Subject" => b']',
        b => *b,
    };
    let text: Box<[u8]> = text.iter().map(bracket).collect();
    draft.options.change_map(b"rewrite_header", line.place, |map| {
        if text.is_empty() {
            map.remove(name);
        } else {
            map.insert(name.into(), text);
        }
    });
    Ok(())
}

/// The settings that `ham`, `spam` or `all` means.
fn headers_of(kind: &[u8]) -> Result<&'static [&'static [u8]], Refusal> {
    Ok(match kind {
        b"ham" => &[b"headers_ham"],
        b"spam" => &[b"headers_spam"],
        b"all" => &[b"headers_ham", b"headers_spam"],
        _ => return Err(Refusal::Invalid),
    })
}

fn is_header_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// `add_header ham|spam|all Name text`
fn add_header(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (kind, rest) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let settings = headers_of(kind)?;
    let (name, text) = first_word(rest).ok_or(Refusal::Invalid)?;
    valid(is_header_name(name))?;
    let text = match text {
        [b'"', inner @ .., b'"'] => inner,
        text => text,
    };
    let text = unescape(text);
    for setting in settings {
        draft.options.change_pairs(setting, line.place, |headers| {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((name.into(), text.clone().into()));
        });
    }
    Ok(())
}

/// `\t`, `\n` and `\\` mean what they do in Perl; other escapes are left out.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&b) = bytes.next() {
        match (b, if b == b'\\' { bytes.next() } else { None }) {
            (b'\\', Some(b't')) => out.push(b'\t'),
            (b'\\', Some(b'n')) => out.push(b'\n'),
            (b'\\', Some(b'\\')) => out.push(b'\\'),
            (b'\\', Some(_)) => {}
            (b, _) => out.push(b),
        }
    }
    out
}

fn remove_header(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (kind, name) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let settings = headers_of(kind)?;
    valid(is_header_name(name))?;
    if name == b"Checker-Version" {
        return Ok(());
    }
    for setting in settings {
        draft.options.change_pairs(setting, line.place, |headers| {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        });
    }
    Ok(())
}

fn clear_headers(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    valid(line.value.is_empty())?;
    let is_version = |name: &[u8]| name.eq_ignore_ascii_case(b"checker-version");
    let version =
        draft.options.pairs("headers_ham").iter().find(|(name, _)| is_version(name)).cloned();
    for setting in [&b"headers_ham"[..], b"headers_spam"] {
        let kept = version.iter().cloned().collect();
        draft.options.put(setting, Value::Pairs(kept), Some(line.place));
    }
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

fn dns_available(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let value: &[u8] = match line.value {
        b"yes" | b"1" => b"yes",
        b"no" | b"0" => b"no",
        b"test" => b"test",
        text => {
            let names = text.strip_prefix(b"test:").ok_or(Refusal::Invalid)?;
            valid(words(names).next().is_some())?;
            text
        }
    };
    put_text(draft, b"dns_available", value, line);
    Ok(())
}

/// `address[:port]`, `[address]:port`; kept as `[address]:port`.
fn dns_server(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let text = std::str::from_utf8(line.value).map_err(|_| Refusal::Invalid)?;
    let (address, port) = match text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        Some((address, rest)) => {
            (address, rest.strip_prefix(':').or(rest.is_empty().then_some("53")))
        }
        None => match text.rsplit_once(':') {
            Some((address, port)) if !address.contains(':') => (address, Some(port)),
            _ => (text, Some("53")),
        },
    };
    let port = port.filter(|port| is_digits(port.as_bytes())).ok_or(Refusal::Invalid)?;
    valid(port.parse::<u32>().is_ok_and(|port| (1..=65_535).contains(&port)))?;
    let (bare, scope) = match address.split_once('%') {
        Some((bare, scope)) => (bare, format!("%{scope}")),
        None => (address, String::new()),
    };
    valid(bare.parse::<std::net::IpAddr>().is_ok())?;
    let server = format!("[{bare}{scope}]:{port}").into_bytes().into_boxed_slice();
    draft.options.change_list(b"dns_servers", line.place, |list| list.push(server));
    Ok(())
}

/// `n`, `n-m`, separated by commas or white space. Kept in order with `+` or `-` before each.
fn port_ranges(draft: &mut Draft<'_>, line: Line<'_>, least: u32) -> Answer {
    let port = |text: &[u8]| {
        let fits = is_digits(text) && text.len() <= 5;
        let number = std::str::from_utf8(text).ok().filter(|_| fits)?.parse::<u32>().ok()?;
        (least..=65_535).contains(&number).then_some(number)
    };
    let mut ranges = Vec::new();
    let separator = |b: &u8| matches!(b, b' ' | b'\t' | b',');
    for range in line.value.split(separator).filter(|range| !range.is_empty()) {
        let mut ends = range.splitn(2, |&b| b == b'-');
        let first = ends.next().and_then(port).ok_or(Refusal::Invalid)?;
        let last = match ends.next() {
            Some(last) => port(last).ok_or(Refusal::Invalid)?,
            None => first,
        };
        let sign = if least == 1 { '+' } else { '-' };
        ranges.push(format!("{sign}{first}-{last}").into_bytes().into_boxed_slice());
    }
    draft.options.change_list(b"dns_local_ports", line.place, |list| list.extend(ranges));
    Ok(())
}

fn dns_options(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let lower = line.value.to_ascii_lowercase();
    let options = lower.split(|&b| is_space(b) || b == b',').filter(|o| !o.is_empty());
    for option in options {
        let (name, value): (&[u8], Vec<u8>) = match option {
            b"rotate" | b"dns0x20" | b"v4" | b"v6" => (option, b"1".to_vec()),
            b"norotate" | b"nodns0x20" | b"nov4" | b"nov6" => {
                (option.get(2..).unwrap_or_default(), b"0".to_vec())
            }
            b"noedns" | b"noedns0" => (b"edns", b"0".to_vec()),
            b"edns" | b"edns0" => (b"edns", b"1220".to_vec()),
            _ => {
                let size = option.strip_prefix(b"edns").ok_or(Refusal::Invalid)?;
                let size = size.strip_prefix(b"0").unwrap_or(size);
                let size = size.strip_prefix(b"=").ok_or(Refusal::Invalid)?;
                valid(is_digits(size))?;
                let size = std::str::from_utf8(size).ok().and_then(|s| s.parse::<u32>().ok());
                let size = size.filter(|size| *size != 0).unwrap_or(1220);
                (b"edns", size.to_string().into_bytes())
            }
        };
        let small = name == b"edns"
            && option.contains(&b'=')
            && value.len() < 4
            && value.as_slice() < b"512".as_slice();
        draft.options.change_map(b"dns_options", line.place, |map| {
            map.insert(name.into(), value.into());
        });
        valid(!small)?;
    }
    Ok(())
}

/// A domain in lower case without a dot at either end.
fn domain(text: &[u8]) -> Box<[u8]> {
    let text = text.strip_prefix(b".").unwrap_or(text);
    text.strip_suffix(b".").unwrap_or(text).to_ascii_lowercase().into()
}

fn dns_query_restriction(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (verb, domains) = first_word(line.value).ok_or(Refusal::Invalid)?;
    let blocked: &[u8] = match &*verb.to_ascii_lowercase() {
        b"allow" => b"0",
        b"deny" => b"1",
        _ => return Err(Refusal::Invalid),
    };
    draft.options.change_map(b"dns_query_blocked", line.place, |map| {
        map.extend(words(domains).map(|d| (domain(d), blocked.into())));
    });
    Ok(())
}

fn dns_block_rule(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    let (rule, domains) = first_word(line.value).ok_or(Refusal::Invalid)?;
    for name in words(domains).map(domain) {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        valid(!name.is_empty() && name.iter().all(plain))?;
        draft.options.change_maps(b"dns_block_rule", line.place, |maps| {
            maps.entry(rule.into()).or_default().insert(name, b"1"[..].into());
        });
    }
    Ok(())
}

/// `t [t_min] [zone]`
fn rbl_timeout(draft: &mut Draft<'_>, line: Line<'_>) -> Answer {
    required(line.value)?;
    let time = |text: &[u8]| {
        let unit = text.last().copied().is_some_and(|b| b.is_ascii_alphabetic());
        let bare = if unit { text.get(..text.len() - 1) } else { Some(text) };
        let bare =
            bare.map(|t| t.strip_prefix(b"+").unwrap_or(t)).filter(|t| is_decimal(t, true))?;
        (!bare.is_empty()).then(|| duration(text).ok())?
    };
    let fields: Vec<&[u8]> = words(line.value).collect();
    let is_zone = |f: &[u8]| f.last().copied().is_some_and(|b| b.is_ascii_alphabetic());
    let (first, rest) = fields.split_first().ok_or(Refusal::Invalid)?;
    let first = time(first).ok_or(Refusal::Invalid)?;
    let (least, zone) = match rest {
        [] => (None, None),
        [only] => match time(only) {
            Some(least) => (Some(least), None),
            None => (None, Some(only)),
        },
        [least, zone] => (Some(time(least).ok_or(Refusal::Invalid)?), Some(zone)),
        _ => return Err(Refusal::Invalid),
    };
    let Some(zone) = zone else {
        draft.options.put(b"rbl_timeout", Value::Number(first), Some(line.place));
        if let Some(least) = least {
            draft.options.put(b"rbl_timeout_min", Value::Number(least), Some(line.place));
        }
        return Ok(());
    };
    valid(is_zone(zone))?;
    draft.options.change_maps(b"rbl_timeout_by_zone", line.place, |maps| {
        let map = maps.entry(domain(zone)).or_default();
        map.insert(b"timeout"[..].into(), first.to_string().into_bytes().into());
        if let Some(least) = least {
            map.insert(b"least"[..].into(), least.to_string().into_bytes().into());
        }
    });
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
