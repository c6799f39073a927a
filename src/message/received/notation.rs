//! How the tables of Received forms are written.
//!
//! A form is the line as the mail server writes it, with names in braces where it puts what
//! it knows: `{helo} ({rdns} [{ip}]) by {by} (`. Such a text becomes a regular expression
//! on bytes, matched in linear time. Everything else in it is literal.
//!
//! | in a form            | stands for                                              |
//! |----------------------|---------------------------------------------------------|
//! | `{by}`, `{by?}`      | a word (no space) of one byte, of none at least          |
//! | `{_}`, `{_?}`        | the same, not kept                                      |
//! | `{name}`             | a word that is both `rdns` and `helo`                   |
//! | `{ip}`, `{_ip}`      | an address, kept or not                                 |
//! | `{localhost}`        | this host, by name or address                           |
//! | `{ehlo}`             | `HELO` or `EHLO`                                        |
//! | `{..}`, `{...}`      | anything: as little, as much as possible                |
//! | `{comment}`          | anything but `)`, one byte at least                     |
//! | `{end}`              | the end of the line                                     |
//! | `` `…` ``            | a regular expression                                    |
//!
//! A form begins where the line begins, unless it begins with `{..}`.

use crate::text::net;
use regex::bytes::{Captures, Regex};

/// An address, roughly; [`Form::captures`] looks at it more closely.
const IP: &str = "(?:[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|(?i:ipv6:)?[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:(?:\\.[0-9]{1,3}){3})?)";
const LOCALHOST: &str = "(?i:localhost(?:\\.localdomain)?|127\\.0\\.0\\.1|(?:ipv6:)?[0:]*:(?:0{0,3}1|(?:ffff:)127\\.0\\.0\\.1))";

/// A compiled form.
pub struct Form {
    pattern: Regex,
    /// It has an address, which has to be looked at.
    has_ip: bool,
}

impl Form {
    /// Compiles a form; `None` if its expression is not one, which a test rules out for
    /// the tables.
    pub fn new(notation: &str) -> Option<Form> {
        let (mut expression, mut rest) = match notation.strip_prefix("{..}") {
            Some(rest) => (String::new(), rest),
            None => ("^".to_owned(), notation),
        };
        while let Some(at) = rest.find(['{', '`']) {
            let (literal, special) = rest.split_at_checked(at)?;
            expression.push_str(&regex::escape(literal));
            let close = if special.starts_with('{') { '}' } else { '`' };
            let (inside, after) = special.get(1..)?.split_once(close)?;
            match close {
                '}' => push_placeholder(&mut expression, inside),
                _ => expression.push_str(inside),
            }
            rest = after;
        }
        expression.push_str(&regex::escape(rest));
        let pattern = regex::bytes::RegexBuilder::new(&expression)
            .unicode(false)
            .dot_matches_new_line(true)
            .build();
        let pattern = pattern.ok()?;
        let has_ip = pattern.capture_names().flatten().any(|name| matches!(name, "ip" | "_ip"));
        Some(Form { pattern, has_ip })
    }

    /// Is `line` of this form? What stands for its names?
    pub fn captures<'l>(&self, line: &'l [u8]) -> Option<Captures<'l>> {
        // Most forms are tried in vain, and captures cost memory.
        if !self.pattern.is_match(line) {
            return None;
        }
        let captures = self.pattern.captures(line)?;
        let mut addresses = ["ip", "_ip"].into_iter().filter_map(|name| captures.name(name));
        addresses.all(|ip| net::is_ip_at(line, ip.start(), ip.end())).then_some(captures)
    }

    /// Is `line` of this form?
    pub fn is_match(&self, line: &[u8]) -> bool {
        if self.has_ip { self.captures(line).is_some() } else { self.pattern.is_match(line) }
    }
}

fn push_placeholder(expression: &mut String, inside: &str) {
    let (name, many) = match inside.strip_suffix('?') {
        Some(name) => (name, '*'),
        None => (inside, '+'),
    };
    match name {
        "_" => expression.extend(["[^ ]".to_owned(), many.to_string()]),
        "ip" | "_ip" => expression.extend(["(?<", name, ">", IP, ")"]),
        "localhost" => expression.push_str(LOCALHOST),
        "ehlo" => expression.push_str("(?:HELO|EHLO)"),
        ".." => expression.push_str(".*?"),
        "..." => expression.push_str(".*"),
        "comment" => expression.push_str("[^)]+"),
        "end" => expression.push('$'),
        _ => expression.push_str(&format!("(?<{name}>[^ ]{many})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(notation: &str, line: &str, name: &str) -> Option<String> {
        let form = Form::new(notation).unwrap();
        let captures = form.captures(line.as_bytes())?;
        Some(String::from_utf8_lossy(&captures[name]).into_owned())
    }

    #[test]
    fn names_stand_for_words_and_addresses() {
        let form = "{helo} ({rdns?}[{ip}]) by {by} ";
        let line = "mx.example ([192.0.2.1]) by me.example (x)";
        assert_eq!(kept(form, line, "helo").as_deref(), Some("mx.example"));
        assert_eq!(kept(form, line, "rdns").as_deref(), Some(""));
        assert_eq!(kept(form, line, "ip").as_deref(), Some("192.0.2.1"));
        assert_eq!(kept(form, line, "by").as_deref(), Some("me.example"));
        assert_eq!(kept(form, "x mx ([192.0.2.1]) by me ", "helo"), None);
    }

    #[test]
    fn an_address_must_be_one() {
        assert_eq!(kept("[{ip}]", "[999.1.1.1]", "ip"), None);
        assert_eq!(kept("[{ip}]", "[1::2::3]", "ip"), None);
        assert_eq!(kept("[{ip}]", "[ipv6:fe80::9]", "ip").as_deref(), Some("ipv6:fe80::9"));
        assert_eq!(kept("[{ip}]", "[::ffff:192.0.2.1]", "ip").as_deref(), Some("::ffff:192.0.2.1"));
        assert_eq!(kept("({ip}:", "(::1:25)", "ip"), None);
    }

    #[test]
    fn a_form_may_begin_anywhere_and_hold_expressions() {
        assert_eq!(kept("{..}`[xy]`=`(?<id>[0-9]+)`{end}", "a y=12", "id").as_deref(), Some("12"));
        assert_eq!(kept("{..}`[xy]`=`(?<id>[0-9]+)`{end}", "a y=12 ", "id"), None);
        assert!(Form::new("{localhost} `(`").is_none());
    }
}
