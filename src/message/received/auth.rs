//! How Received lines tell that the sender authenticated itself.
//!
//! A line in, the method out. A host that authenticated itself is trusted by who trusts the
//! host that says so. RFC 3848 has names for it (`ESMTPA`, `ESMTPSA`); most servers have
//! their own ways.

use super::notation::Form;
use regex::bytes::Captures;
use std::sync::LazyLock;

/// One way to say it.
struct Way {
    /// Literals that the line must hold.
    has: &'static [&'static str],
    form: Form,
    method: Method,
}

/// What the method is called in a relay's `auth=`.
#[derive(Clone, Copy)]
enum Method {
    /// By a fixed name.
    Name(&'static str),
    /// By what the form keeps.
    Kept,
    /// `Postfix`, or what Postfix calls itself there.
    Postfix,
    /// Google says nothing but how the connection was encrypted.
    Google,
    /// GMX: protocol and server.
    Gmx,
}

use Method::*;

/// All ways; the first that fits names the method.
const WAYS: &[(&[&str], &str, Method)] = &[
    (
        &[" by "],
        "{..} with `(?<auth>(?i:(?:ES|L|UTF8S|UTF8L)MTPS?A|ASMTP|HTTP[SU]?))(?:$|[ ;])`",
        Kept,
    ),
    (
        &["(version="],
        "{..} by mx.google.com with ESMTPS id `[0-9a-z]{1,4}sm[0-9]{2,9}[a-z]{3}\\.[0-9]{1,3}\\.[0-9]{4}\\.(?:[0-6][0-9]\\.){4}[0-6][0-9]`",
        Google,
    ),
    (
        &[" (AUTH: "],
        "from {..}`(?:\\]\\)|\\)\\])` (AUTH: `(?<auth>LOGIN|PLAIN|DIGEST-MD5|CRAM-MD5)` {_}`(?:, .*?)?`) by ",
        Kept,
    ),
    (
        &["authenticated"],
        "from {..}`(?:\\](?: \\([^)]*\\))?\\)|\\)\\])` {..}({..}authenticated{..}){..} by",
        Name("Sendmail"),
    ),
    (
        &[" by mail.gmx."],
        "{..}from {_?} ({ehlo} {_?}) [{ip}] by `(?<by>mail\\.gmx\\.(?:net|com))` ({comment}) with `(?<auth>E?SMTP)`",
        Gmx,
    ),
    (
        &[" (authenticated as "],
        "{..}) by `.+ \\([0-9]{1,2}\\.[0-9]\\.[0-9]{3}(?:\\.[0-9]{1,3})?\\) \\(authenticated as .+\\) id `",
        Name("CriticalPath"),
    ),
    (
        &[") (Authenticated sender: "],
        "{..}) (Authenticated sender: {_}) by {_} (`(?<by>[^)]+)`) with ",
        Postfix,
    ),
    (&[" (account "], "{..}CommuniGate Pro `(?:HTTP|SMTP|XIMSS|IMAP)`", Name("Communigate")),
    (&[], "{..} with Microsoft Exchange Server HTTP-DAV`\\b`", Name("HTTP-DAV")),
    (&[" by "], "{..} `\\((?i:via) (?<auth>(?i:HTTP).?)\\)(?:$|[ ;])`", Kept),
];

static TABLE: LazyLock<Vec<Way>> = LazyLock::new(|| {
    let way = |&(has, form, method): &(&'static [&'static str], &str, Method)| {
        Some(Way { has, form: Form::new(form)?, method })
    };
    WAYS.iter().filter_map(way).collect()
});

static ENCRYPTION: LazyLock<Option<Form>> =
    LazyLock::new(|| Form::new("{..}(version=`(?<version>[^ ]+)` cipher=`(?<cipher>[^)]+)`)"));

/// How the sender authenticated itself, in the words of SpamAssassin's `auth=`; empty if
/// `line` (with its `from`, white space squeezed, without the date) does not say that it did.
pub fn method(line: &[u8]) -> Vec<u8> {
    let holds = |text: &&str| memchr::memmem::find(line, text.as_bytes()).is_some();
    TABLE
        .iter()
        .filter(|way| way.has.iter().all(holds))
        .find_map(|way| named(way.method, line, &way.form.captures(line)?))
        .unwrap_or_default()
}

fn named(method: Method, line: &[u8], captures: &Captures) -> Option<Vec<u8>> {
    let kept = |name: &str| captures.name(name).map_or(&b""[..], |found| found.as_bytes());
    Some(match method {
        Name(name) => name.as_bytes().to_vec(),
        Kept => kept("auth").to_vec(),
        Postfix if kept("by") == b"Postfix" => b"Postfix".to_vec(),
        Postfix => [b"Postfix (", kept("by"), b")"].concat(),
        Gmx => [b"GMX (", kept("auth"), b" / ", kept("by"), b")"].concat(),
        Google => {
            let how = ENCRYPTION.as_ref()?.captures(line)?;
            let [version, cipher] =
                ["version", "cipher"].map(|name| how.name(name).map_or(&b""[..], |m| m.as_bytes()));
            [b"GMail - transport=", version, b" cipher=", cipher].concat()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_compiles() {
        assert_eq!(TABLE.len(), WAYS.len());
        assert!(ENCRYPTION.is_some());
    }
}
