//! Redirectors: where a link leads that names its goal itself.
//!
//! In: a [`Url`]. Out: the goal that stands in it, if any. Known redirectors
//! ([`goal_of_known`]) are replaced by their goals, because they are the same for everybody:
//! search engines, click protection of mail gateways, "you are leaving" pages. Any other URL
//! that holds a whole URL ([`goal_within`]) counts beside its goal.

use super::url::{Url, percent_decoded};
use data_encoding::BASE64URL_NOPAD;

/// How a redirector writes its goal.
enum Form {
    /// In one of these parameters.
    Parameter(&'static [&'static str]),
    /// From the first `http` in the path on, percent-encoded or not.
    Path,
    /// Proofpoint's second form: in `u`, with `-` for `%` and `_` for `/`.
    Dashes,
    /// Proofpoint's third form, and Check Point's: between `__` and `__` in the path.
    Underscores,
    /// Bing: `u` is `a1` and base64.
    Base64,
    /// Google's translated pages: the host's dots are dashes, its dashes double.
    HostName,
}

/// Redirectors: the host's end, the beginning of the path, the form.
const REDIRECTORS: &[(&str, &str, Form)] = &[
    ("google", "/url", Form::Parameter(&["q", "url"])),
    ("google", "/amp/", Form::Path),
    ("google", "/imgres", Form::Parameter(&["imgrefurl", "imgurl"])),
    ("google", "/translate", Form::Parameter(&["u"])),
    ("google", "/aclk", Form::Parameter(&["adurl"])),
    ("googleadservices.com", "/pagead/", Form::Parameter(&["adurl"])),
    ("doubleclick.net", "/", Form::Parameter(&["adurl", "url", "u"])),
    ("translate.goog", "/", Form::HostName),
    ("ampproject.org", "/", Form::Path),
    ("safelinks.protection.outlook.com", "/", Form::Parameter(&["url"])),
    ("urldefense.proofpoint.com", "/v1/", Form::Parameter(&["u"])),
    ("urldefense.proofpoint.com", "/v2/", Form::Dashes),
    ("urldefense.com", "/v3/", Form::Underscores),
    ("urldefense.us", "/v3/", Form::Underscores),
    ("urldefense.proofpoint.com", "/v3/", Form::Underscores),
    ("protect.checkpoint.com", "/", Form::Underscores),
    ("secure-web.cisco.com", "/", Form::Path),
    ("clicktime.symantec.com", "/", Form::Parameter(&["u"])),
    ("urlprotect.trendmicro.com", "/", Form::Parameter(&["url"])),
    ("trendmicro.com", "/wis/clicktime", Form::Parameter(&["url"])),
    ("linkprotect.cudasvc.com", "/url", Form::Parameter(&["a"])),
    ("url.emailprotection.link", "/", Form::Parameter(&["url", "u"])),
    ("antiphishing.vadesecure.com", "/", Form::Parameter(&["u", "url"])),
    ("sophos.com", "/", Form::Parameter(&["u"])),
    ("mimecast.com", "/", Form::Parameter(&["url"])),
    ("bing.com", "/ck/", Form::Base64),
    ("search.yahoo.com", "/", Form::Path),
    ("rd.yahoo.com", "/", Form::Path),
    ("duckduckgo.com", "/l/", Form::Parameter(&["uddg"])),
    ("baidu.com", "/link", Form::Parameter(&["url"])),
    ("yandex.ru", "/", Form::Parameter(&["url"])),
    ("facebook.com", "/l.php", Form::Parameter(&["u"])),
    ("facebook.com", "/flx/warn", Form::Parameter(&["u"])),
    ("instagram.com", "/", Form::Parameter(&["u"])),
    ("linkedin.com", "/redir/", Form::Parameter(&["url"])),
    ("linkedin.com", "/safety/go", Form::Parameter(&["url"])),
    ("linkedin.com", "/authwall", Form::Parameter(&["sessionRedirect"])),
    ("youtube.com", "/redirect", Form::Parameter(&["q"])),
    ("t.umblr.com", "/redirect", Form::Parameter(&["z"])),
    ("slack-redir.net", "/link", Form::Parameter(&["url"])),
    ("steamcommunity.com", "/linkfilter", Form::Parameter(&["url", "u"])),
    ("vk.com", "/away.php", Form::Parameter(&["to"])),
    ("ok.ru", "/dk", Form::Parameter(&["st.link"])),
    ("deviantart.com", "/users/outgoing", Form::Path),
    ("out.reddit.com", "/", Form::Parameter(&["url"])),
    ("medium.com", "/r/", Form::Parameter(&["url"])),
    ("discordapp.com", "/", Form::Parameter(&["url"])),
    ("web.archive.org", "/web/", Form::Path),
    ("anonym.to", "/", Form::Path),
    ("href.li", "/", Form::Path),
    ("nullrefer.com", "/", Form::Path),
    ("gate.sc", "/", Form::Parameter(&["url"])),
    ("exit.sc", "/", Form::Parameter(&["url"])),
];

/// The goal of a redirector of the table.
pub(super) fn goal_of_known(url: &Url) -> Option<String> {
    let known = REDIRECTORS.iter().filter(|(host, path, _)| {
        is_host(&url.host, host) && url.path.get(..path.len()).is_some_and(|start| start == *path)
    });
    known.filter_map(|(_, _, form)| goal(url, form)).next()
}

/// Is `host` the site `name` or below it? `google` stands for that name under every suffix.
fn is_host(host: &str, name: &str) -> bool {
    if name == "google" {
        return host.split('.').rev().skip(1).take(2).any(|label| label == name);
    }
    host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn goal(url: &Url, form: &Form) -> Option<String> {
    match form {
        Form::Parameter(keys) => {
            let value = keys.iter().find_map(|key| url.parameter(key))?;
            looks_whole(&value).then_some(value)
        }
        Form::Path => goal_within(url),
        Form::Dashes => {
            let value = url.parameter("u")?.replace('-', "%").replace('_', "/");
            Some(percent_decoded(&value).into_owned())
        }
        Form::Underscores => {
            let (_, rest) = url.path.split_once("__")?;
            let goal = rest.trim_start_matches('_').split("__").next()?;
            // The path has lost one of the slashes after the scheme.
            looks_whole(goal).then(|| goal.to_owned())
        }
        Form::Base64 => {
            let value = url.parameter("u")?;
            let value = value.strip_prefix("a1")?.trim_end_matches('=');
            String::from_utf8(BASE64URL_NOPAD.decode(value.as_bytes()).ok()?).ok()
        }
        Form::HostName => {
            let name = url.host.strip_suffix(".translate.goog")?;
            let name = name.replace("--", "\u{0}").replace('-', ".").replace('\u{0}', "-");
            Some(format!("http://{name}{}", url.path))
        }
    }
}

/// A whole URL that stands within another: in its path, or as the value of a parameter.
pub(super) fn goal_within(url: &Url) -> Option<String> {
    if let Some(at) = scheme_within(&url.path) {
        let goal = url.path.get(at..).map(percent_decoded)?;
        let query = if url.query.is_empty() { "" } else { "?" };
        return Some(format!("{goal}{query}{}", url.query));
    }
    if !url.query.contains("http") && !url.query.contains("HTTP") && !url.query.contains("www.") {
        return None;
    }
    // `…?http://goal/` and `…?to=http://goal/` alike.
    url.pairs().find_map(|pair| {
        let value = pair.split_once('=').filter(|(key, _)| !key.contains('/'));
        let value = percent_decoded(value.map_or(pair, |(_, value)| value));
        looks_whole(&value).then(|| value.into_owned())
    })
}

/// Where `http:/` or `https:/` begins within a path.
fn scheme_within(path: &str) -> Option<usize> {
    memchr::memmem::find_iter(path.as_bytes(), b"http").find(|&at| {
        let tail = path.get(at + 4..).unwrap_or_default();
        let tail = tail.strip_prefix('s').unwrap_or(tail);
        at > 0 && tail.starts_with(":/")
    })
}

/// Does it begin like a URL that names its host?
fn looks_whole(text: &str) -> bool {
    let starts = |start: &str| {
        text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    starts("http:/") || starts("https:/") || starts("www.") || starts("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goals(raw: &str) -> (Option<String>, Option<String>) {
        let url = Url::read(raw, 8192).unwrap();
        (goal_of_known(&url), goal_within(&url))
    }

    #[test]
    fn known_redirectors_give_their_goal() {
        let table = [
            "https://www.google.co.uk/url?sa=t&q=http%3A%2F%2Fexample.com%2Fx&usg=1",
            "https://eur01.safelinks.protection.outlook.com/?url=http%3A%2F%2Fexample.com%2Fx&data=0",
            "https://urldefense.proofpoint.com/v2/url?u=http-3A__example.com_x&d=a&c=b",
            "https://urldefense.com/v3/__http://example.com/x__;!!abc!def$",
            "https://secure-web.cisco.com/1abc/http%3A%2F%2Fexample.com%2Fx",
            "https://www.bing.com/ck/a?!&&p=1&u=a1aHR0cDovL2V4YW1wbGUuY29tL3g&ntb=1",
            "https://l.facebook.com/l.php?u=http%3A%2F%2Fexample.com%2Fx&h=1",
            "https://example-com.translate.goog/x?_x_tr_sl=auto",
            "http://rd.yahoo.com/a/b/*http://example.com/x",
            "https://cdn.ampproject.org/c/s/x/https://example.com/x",
        ];
        for raw in table {
            let goal = goals(raw).0.unwrap_or_else(|| panic!("{raw}"));
            let goal = Url::read(&goal, 8192).unwrap();
            assert_eq!((goal.host.as_str(), goal.path.as_str()), ("example.com", "/x"), "{raw}");
        }
    }

    #[test]
    fn other_urls_may_hold_one_too() {
        let table = [
            ("http://t.example.org/r?http://example.com/x", Some("http://example.com/x")),
            ("http://t.example.org/r?to=http%3a%2f%2fexample.com", Some("http://example.com")),
            ("http://t.example.org/r?a=b", None),
            ("http://t.example.org/httpd/x", None),
        ];
        for (raw, goal) in table {
            assert_eq!(goals(raw), (None, goal.map(str::to_owned)), "{raw}");
        }
    }
}
