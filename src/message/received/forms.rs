//! What the Received lines of each mail server look like.
//!
//! One row per form, in the order in which they are tried: the first that fits decides.
//! A row says what the line looks like ([`super::notation`]) and what follows from it. The
//! order is SpamAssassin's, because lines fit several rows and rules see which one won.

use super::notation::Form;
use std::sync::LazyLock;

/// What follows from a line's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// A hop, told by the names in the form.
    Hop,
    /// A hop told by a server that looks names up: without one the host has none.
    LookedUp,
    /// No hop over the network, or none that could be told apart: no relay.
    Ignore,
    /// A program that fetched the mail from a mailbox: what lies above is our own doing.
    Fetched,
    /// Something that needs more than a table.
    Special(Special),
}

/// The forms that need a look at what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// A webmail program: the address stands somewhere before `by`.
    SquirrelMail,
    /// Exchange: what follows `id` is a version number.
    Exchange,
    /// XMail: queue id and sender stand in angle brackets.
    XMail,
    /// Exim: `helo=` and `ident=` within the parentheses.
    Exim,
    /// Exim as somebody has set it up: bits and pieces.
    EximPieces,
    /// Sendmail: `user@` before the name is ident's, unless qmail-ldap wrote the line.
    Sendmail,
    /// Courier writes `softdnserr` where it could not look a name up.
    Courier,
    /// Hotmail's web interface: the address is the line's first word, or missing.
    Hotmail,
    /// qmail and its many patches.
    Qmail,
    /// Obtuse smtpd: `UNKNOWN` where there is no name.
    Obtuse,
    /// simta: `unverified` where there is no name.
    Simta,
    /// qmail-scanner repeats the line above and adds the envelope sender.
    QmailScanner,
}

/// One row.
pub struct Row {
    /// A literal that the line must hold somewhere.
    pub has: &'static str,
    /// What the line looks like.
    pub form: Form,
    /// What follows.
    pub then: Then,
}

/// Rows that only a line with this mark meets; a line meets the first family of its mark.
pub struct Family {
    /// How lines of the family are known.
    pub mark: Form,
    /// Their forms.
    pub rows: Vec<Row>,
}

use Special::*;
use Then::{Fetched, Hop, Ignore, LookedUp};

type Written = (&'static str, Then);

/// Before all others, each with a literal that keeps it from being tried in vain.
const FIRST: &[(&str, &str, Then)] = &[
    (
        "Mail authenticated user ",
        "{..} (`(?:Squirrel|NaS)`Mail authenticated user ",
        Then::Special(SquirrelMail),
    ),
    ("aol.com", "{..}`(?:^|[^0-9A-Za-z_:])`{ip} by {by} ({_ip}) with HTTP (WebMailUI)", Hop),
];

const FAMILIES: &[(&str, &[Written])] = &[
    (
        "{..} SMTPSVC",
        &[
            ("{helo?} ([{ip}]`[^)]{0,40}`) by {by} with Microsoft SMTPSVC", Hop),
            ("mail pickup service by {_} with Microsoft SMTPSVC{end}", Ignore),
        ],
    ),
    (
        "{..} with `(?:Microsoft SMTP Server|mapi id) (?:\\([^)]+\\) )?[0-9]+(?:\\.[0-9]+){3}(?: |$)`",
        &[("{helo} (`\\[?`{ip}`(?:%[-A-Z0-9._~]*)?\\]?`) by {by} ", Then::Special(Exchange))],
    ),
    (
        "{..}[XMail ",
        &[(
            "{helo} (`\\[?`{ip}`\\]?:[0-9]+`) by {by}`(?: \\([^ ]+\\))?` with [XMail",
            Then::Special(XMail),
        )],
    ),
    (
        "{..}(ecelerity`\\b`",
        &[("([{ip}:`[0-9]+`] helo={helo}) by {by} ", Hop), ("{_} ([{ip}:`[0-9]+`]) by {by} ", Hop)],
    ),
    (
        "{..}Exim",
        &[
            ("{..}`\\b`with local`(?:-[^ ]+)?` ", Ignore),
            ("[{ip}] (`(?<more>.*?)`) by {by} ", Then::Special(Exim)),
            ("{name} ([{ip}]`(?<more>.*?)`) by {by} ", Then::Special(Exim)),
            ("{name} [{ip}]`(?::[0-9]+)?` by {by} ", Hop),
            ("", Then::Special(EximPieces)),
        ],
    ),
    (
        "{..} (Postfix) with",
        &[
            ("{helo} ({rdns} [{ip}]) by {by} ", LookedUp),
            ("{helo} ({rdns}[{ip}]) by {by} ", LookedUp),
        ],
    ),
    ("{..}(Scalix SMTP Relay", &[("{helo} (` ?`{ip}) by {by}", Hop)]),
    ("{..} (Lotus Domino ", &[("{helo} ([{ip}]) by {by} (Lotus", Hop)]),
];

const GENERAL: &[Written] = &[
    // Webmail that writes the client's address twice.
    ("{ip} ([{_ip}]) by {by}` .*\\bwith HTTP\\b`", Hop),
    ("{helo} ({rdns} [{ip}]{...}) by {by} (", Then::Special(Sendmail)),
    // Exchange's Internet Mail Service.
    ("{helo} ({rdns} [{ip}]) by {by} with {_} (", LookedUp),
    ("{rdns} ([{ip}] helo={helo}) by {by} with ", Hop),
    // AT&T's servers put no space before the bracket.
    ("{helo} (<unknown{_?}>[{ip}]) by {by} ", Hop),
    ("{helo} (`(?<rdns>[^ ]+\\.[^ ]+)`[{ip}]) by {by} ", LookedUp),
    // Sendmail that got an ident answer but no name.
    ("{helo} ({ident?}@[{ip}]{...}) by {by} (", LookedUp),
    ("{..}by `(?<by>[^ ]+\\.hotmail\\.msn\\.com)` ", Then::Special(Hotmail)),
    // qpsmtpd, Zimbra, GMX.
    ("{rdns} ({ehlo} {helo?}) ({ip}) by {by} (qpsmtpd/{_}) with `E?SMTP`", Hop),
    ("{rdns} (LHLO {helo?}) ({ip}) by {by} with LMTP", Hop),
    ("{rdns} ({ehlo} {helo?}) [{ip}] by {by} ({comment}) with `E?SMTP`", Hop),
    ("{helo} ([{ip}]) by {by} via smtpd (for {_}) with SMTP(", Hop),
    (QMAIL, Then::Special(Qmail)),
    // Yahoo's web interface and other senders that give an address only.
    ("[{ip}] by {by} via HTTP{end}", Hop),
    ("{_} ( [{ip}]){..} by {by} ", Hop),
    ("({helo} [{ip}]) by {by} ", Hop),
    ("[{ip}] by {by} ", Hop),
    ("(`\\[?`{ip}`\\]?`) by {by} ", Hop),
    // MDaemon, old and new.
    ("{helo} [{ip}] by {by} [{_ip}] with ", LookedUp),
    ("{helo} [({ip})] by {by} ({_ip}) ", Hop),
    // Sendmail without a name, with remarks, with a port.
    ("{helo} ([{ip}]) by {by} (", LookedUp),
    ("{helo} ({rdns} [{ip}]){..} by `(?<by>[^ ]+)\\b`", Then::Special(Courier)),
    ("{helo} ([{ip}`(?:[.:][0-9]+)?`]){..} by {by} ", LookedUp),
    ("{..}with `(?:POP3|IMAP)`", Fetched),
    // What is left of qmail.
    (
        "{rdns} ({ehlo} `(?<helo>[^)]*)`) (`(?:(?<ident>[^ ]*)@)?\\[?`{ip}`\\]?`){...} by {by} ",
        LookedUp,
    ),
    ("{name} (`(?:(?<ident>[^ ]*)@)?\\[?`{ip}`\\]?`){...} by {by} ", LookedUp),
    // smap of the TIS firewall.
    ("{rdns}({ip}) by {by} via smap ", LookedUp),
    ("{rdns}({ip}, {ehlo} {helo?}) by {by} via smap ", LookedUp),
    ("{ip} by {by} (`(?:SMTPL|InterScan)\\b`", Hop),
    ("{_} by {_} with BSMTP", Ignore),
    ("{rdns} ({ehlo} {helo?}) (`(?:(?<ident>[^ ]+)@)?`{ip}{..}) by {by} with ", LookedUp),
    // CommuniGate Pro.
    ("[{ip}] (`(?:account [^ ]+ )?`{ehlo} {helo?}) by {by} (", Hop),
    ("{name} ([{ip}] verified) by {by} (CommuniGate Pro", LookedUp),
    ("{_} ({_}) by {_} (Content Technologies ", Ignore),
    ("{helo} ([{ip}] [{_}]) by {by} with ", Hop),
    // Tumbleweed.
    ("{ip} by {by} with ", Hop),
    ("{helo} ({rdns}[{ip}]) by {by} ", LookedUp),
    // F-Secure, AltaVista, SMTPD32, csmap.
    ("[{ip}]{_} ({ehlo} {helo?}) by {by} ", Hop),
    ("{ip} ({ehlo} {helo?}) by {by} ", Hop),
    ("{helo} [{ip}] by {by} ", Hop),
    ("{rdns}({ip}) by {by} ", Hop),
    ("{ip} (`[A-Za-z][^)]+`) by {by} with ", Hop),
    // CommuniGate Pro with an account, and Exim's form from servers that are not Exim.
    ("[{ip}] (`(?<more>[^)]+)`) by {by} ", Then::Special(Exim)),
    (
        "{rdns}({ip})`(?:, claiming to be \"(?<helo>[^ ]+)\")?` via {_} by `(?<by>[^ ]+)`,",
        Then::Special(Obtuse),
    ),
    // Yahoo's authenticated submission.
    ("{helo} ({_}@{ip} with login) by `(?<by>[^ ]+\\.yahoo\\.com)` with SMTP", Hop),
    // The hop that `originating_ip_headers` add.
    ("X-Originating-IP: {ip}{end}", Hop),
    // Local deliveries.
    ("{_} (`[^ @]+`@{localhost}) by {_} (", Ignore),
    ("{_} {_} by {_} with local-`e?`smtp ", Ignore),
    ("127.0.0.1 (AVG SMTP {_} [{_}])", Ignore),
    ("{_}@{_} by {_} ", Ignore),
    ("Unknown/Local (", Ignore),
    ("{localhost} (`(?:[^ ]+@)?`{localhost}`[)\\[]`", Ignore),
    ("{_} (`(?:[^ ]+@)?`{localhost}) ", Ignore),
    ("{_} ({_}@{_} [{localhost}]) ", Ignore),
    ("(AUTH: {_}) by {_} with ", Ignore),
    ("localhost (localhost [[UNIX: localhost]]) by ", Ignore),
    ("`[^.]+` by {_} with Novell_GroupWise", Ignore),
    ("{_} by {_} (`.{0,100}`) with qmail-scanner", Then::Special(QmailScanner)),
    ("{_} ([unix socket]) by {_} (Cyrus v`[0-9]*\\.[0-9]*\\.[0-9]*`) with LMTPA", Ignore),
    // Hops over the network that name no address.
    ("{_} by {_} `(?:with|via|for|\\()`", Ignore),
    ("{_} `(?:(?:with|via|for) [^ ]+|\\(unverified\\))` by`\\b`", Ignore),
    ("{_} (unknown) by {_} (SG) with `\\b`", Ignore),
    ("{_} ({_} [local]) by {_} (OpenSMTPD) with `\\b`", Ignore),
    ("{..}(LSMTP for", Ignore),
    ("([{localhost}]) with MailEnable ", Ignore),
    ("facebook.com ({comment}) by facebook.com with Thrift id {_}{end}", Ignore),
    ("{_} named {_} by gmailapi.google.com with HTTPREST{end}", Ignore),
    ("{_} id {_}{end}", Ignore),
    ("[<{..} (Jetsend", Ignore),
];

/// A line of qmail's: any of [`QMAIL_ROWS`] may follow. Sendmail's lines have ` id ` after
/// the protocol, qmail's never.
const QMAIL: &str = "{_}`(?: \\((?:HELO|EHLO) [^ ]*\\))?` (`(?:[^ ]+@)?\\[?`{_ip}`\\]?\\)(?: \\(envelope-sender <[^ ]+>\\))?` by {_}`(?: \\(.+\\))*` with `(?:.* )?(?:SMTP|QMQP)(?:$|[^ ]| (?:$|[^i]|i(?:$|[^d]|d(?:$|[^ ]))))`";

const QMAIL_ROWS: &[Written] = &[
    (
        "{rdns} ({ehlo} `(?<helo>[^ ()]*)`) ({ident?}@`\\[?`{ip}`\\]?\\)(?: \\(envelope-sender <[^ ]+>\\))?` by {by}",
        Hop,
    ),
    (
        "{rdns} ({ehlo} `(?<helo>[^ ()]*)`) (`\\[?`{ip}`\\]?\\)(?: \\(envelope-sender <[^ ]+>\\))?` by {by}",
        Hop,
    ),
    ("{name} ({ident?}@`\\[?`{ip}`\\]?\\)(?: \\(envelope-sender <[^ ]+>\\))?` by {by}", Hop),
    ("{name} (`\\[?`{ip}`\\]?\\)(?: \\(envelope-sender <[^ ]+>\\))?` by {by}", Hop),
];

/// Lines that begin with an upper-case `FROM`: simta, Rockliffe.
const UPPER_CASE: &[Written] = &[(
    "{helo} ({rdns} [{ip}]) BY {by} `(?:\\([^)]+\\) WITH SMTP )?`ID `<?(?<id>[^ ]+?)>?(?: FOR <[^>]+>)?$`",
    Then::Special(Simta),
)];

/// Lines that begin with `(from `: Norton's gateway; local submissions of Sendmail and Juno.
const PARENTHESIS: &[Written] = &[
    ("{helo?} [{ip}]) by {by} (NAVGW {..}) with ", Hop),
    ("{_}@localhost) by {_} ", Ignore),
    ("`[^ @]+@[^)]+`) by {_}(jqueuemail) id `[^ ;]`", Ignore),
];

/// All tables, compiled.
pub struct Tables {
    /// Tried before all others.
    pub first: Vec<Row>,
    /// Then the family, if the line is of one.
    pub families: Vec<Family>,
    /// Then these.
    pub general: Vec<Row>,
    /// What a qmail line may look like.
    pub qmail: Vec<Row>,
    /// For lines that begin with `FROM `.
    pub upper_case: Vec<Row>,
    /// For lines that begin with `(from `.
    pub parenthesis: Vec<Row>,
}

/// The tables of this file.
pub static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    first: FIRST.iter().filter_map(|&(has, form, then)| row(has, form, then)).collect(),
    families: FAMILIES
        .iter()
        .filter_map(|&(mark, forms)| Some(Family { mark: Form::new(mark)?, rows: rows(forms) }))
        .collect(),
    general: rows(GENERAL),
    qmail: rows(QMAIL_ROWS),
    upper_case: rows(UPPER_CASE),
    parenthesis: rows(PARENTHESIS),
});

fn rows(forms: &[Written]) -> Vec<Row> {
    forms.iter().filter_map(|&(form, then)| row("", form, then)).collect()
}

fn row(has: &'static str, form: &str, then: Then) -> Option<Row> {
    Some(Row { has, form: Form::new(form)?, then })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_tables_compiles() {
        assert_eq!(TABLES.first.len(), FIRST.len());
        assert_eq!(TABLES.general.len(), GENERAL.len());
        assert_eq!(TABLES.qmail.len(), QMAIL_ROWS.len());
        assert_eq!(TABLES.upper_case.len(), UPPER_CASE.len());
        assert_eq!(TABLES.parenthesis.len(), PARENTHESIS.len());
        for (family, (_, forms)) in TABLES.families.iter().zip(FAMILIES) {
            assert_eq!(family.rows.len(), forms.len());
        }
        assert_eq!(TABLES.families.len(), FAMILIES.len());
    }
}
