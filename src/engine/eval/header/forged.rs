//! Mail that claims to come from a big provider: does the way that it went agree?
//!
//! In: From, Received and what the providers add. Out: hits where the provider's own traces are
//! missing. The traces are those of Mail::SpamAssassin::Plugin::HeaderEval; most are old.

use super::super::arguments::regex;
use super::super::{Binding, Test, hit_if};
use super::facts::{Facts, Remover, facts, relays, text};
use crate::message::relay::Side;
use crate::message::view::Views;
use crate::rules::model::Eval;
use crate::text::ascii::is_space;
use crate::text::net;
use memchr::memmem;
use regex::bytes::Regex;
use std::sync::Arc;

/// The fewest bytes of what Google writes about its own mail, line end included.
const GOOGLE_STATE: usize = 60;

/// What the way of a message says about hotmail.
#[derive(Clone, Copy, Default)]
pub struct Hotmail {
    /// A host called itself so and is not.
    forged: bool,
    /// The sender is there, and the message never was.
    absent: bool,
}

/// The traces of all providers, compiled once.
struct Traces {
    aol: [Regex; 2],
    eudoramail: [Regex; 2],
    gmail: Gmail,
    group: Group,
    gw05: Regex,
    hotmail: HotmailTraces,
    juno: Juno,
    yahoo: Yahoo,
}

struct Gmail {
    sender: Regex,
    handed_over: Regex,
    submitted: Regex,
}

struct Group {
    list: Regex,
    server: Regex,
}

struct HotmailTraces {
    sender: Regex,
    pickup: Regex,
    originator: Regex,
    /// Own hops, where an originating address is named.
    web: Regex,
    web_of_address: Regex,
    /// Own hops, where the organisation is named.
    outbound: Regex,
    outbound_of_address: Regex,
    helo: Regex,
}

struct Juno {
    sender: Regex,
    own: Regex,
    cookie: Regex,
    in_brackets: Regex,
}

struct Yahoo {
    sender: Regex,
    replies: Regex,
    trusted: Regex,
    first_untrusted: Regex,
    own: Regex,
    own_of_address: Regex,
    bulk: Regex,
}

/// `pattern` with `{ip}` for an address; [`holds`] looks at the address more closely.
fn of_address(pattern: &str) -> Result<Regex, String> {
    regex(&pattern.replace("{ip}", &format!("(?<ip>{})", net::ROUGHLY_AN_ADDRESS)))
}

/// Does `text` hold the pattern, with an address where it wants one?
fn holds(pattern: &Regex, text: &[u8]) -> bool {
    pattern
        .captures_iter(text)
        .any(|found| found.name("ip").is_some_and(|ip| net::is_ip_at(text, ip.start(), ip.end())))
}

fn has_address(text: &[u8]) -> bool {
    net::find_ip(text, 0).is_some()
}

impl Traces {
    fn new(_: &mut Binding) -> Result<Traces, String> {
        Ok(Traces {
            aol: [
                regex(r"(?i) rly-[a-z][a-z]\d\d\.")?,
                regex(r"/AOL-\d+\.\d+\.\d+\)|ESMTP id (?:RELAY|MAILRELAY|MAILIN)")?,
            ],
            eudoramail: [regex(r"(?i)\beudoramail\.com$")?, regex(r"by \S*whowhere.com;")?],
            gmail: Gmail {
                sender: regex(r"(?i)\bgmail\.com$")?,
                handed_over: regex(r"by (?:10\.|2002:a\d\d:\w+:)\S+ with SMTP id \S")?,
                submitted: regex(r"by smtp\.googlemail\.com with ESMTPSA id \S")?,
            },
            group: Group {
                list: regex(r"(?i)<(\S+)@groups\.msn\.com>")?,
                server: regex(r"from mail pickup service by (p\d\d\.groups\.msn\.com)\b")?,
            },
            gw05: regex(
                r"(?x)\nfrom\s\S+\sby\s(\S+)\swith\sESMTP;\s+\S\S\S,\s+\d+\s+\S\S\S\s+
                  \d{4}\s+\d\d:\d\d:\d\d\s+[-+]*\d{4}\n\n?\z",
            )?,
            hotmail: HotmailTraces::new()?,
            juno: Juno::new()?,
            yahoo: Yahoo::new()?,
        })
    }
}

impl HotmailTraces {
    fn new() -> Result<HotmailTraces, String> {
        Ok(HotmailTraces {
            sender: regex(r"(?i)\bhotmail\.com$")?,
            pickup: regex(r"from mail pickup service by hotmail\.com with Microsoft SMTPSVC;")?,
            originator: regex(r"hotmail\.com|msonline-outlook")?,
            web: regex(
                r"(?x)from\ (?:\S*\.)?hotmail.com\ \(\S+\.hotmail(?:\.msn)?\.com[\ )]
                    | from\ \S+\ by\ \S+\.hotmail(?:\.msn)?\.com\ with\ HTTP;
                    | from\ \[66\.218.\S+\]\ by\ \S+\.yahoo\.com",
            )?,
            web_of_address: of_address(r"from \S*\.hotmail.com \(\[{ip}\][ ):]")?,
            outbound: regex(
                r"(?x)from\ \S*\.outbound\.protection\.outlook\.com
                    \ \(\S+\.outbound\.protection\.outlook\.com[\ )]",
            )?,
            outbound_of_address: of_address(
                r"from \S*\.(?:eur|nam)prd\d+\.prod\.outlook\.com \({ip}\)",
            )?,
            helo: regex(r"(?:from |HELO |helo=)\S*hotmail\.com\b")?,
        })
    }
}

impl Juno {
    fn new() -> Result<Juno, String> {
        Ok(Juno {
            sender: regex(r"(?i)\bjuno\.com$")?,
            own: regex(r"from.*?\b(?:juno|untd)\.com")?,
            cookie: regex(r" cookie\.(?:juno|untd)\.com ")?,
            in_brackets: of_address(r"[\[(]{ip}[\])]")?,
        })
    }
}

impl Yahoo {
    fn new() -> Result<Yahoo, String> {
        Ok(Yahoo {
            sender: regex(r"(?i)\byahoo\.com$")?,
            replies: regex(r"(?i)@reply\.yahoo\.com$")?,
            trusted: regex(r" rdns=\S+\.yahoo\.com ")?,
            first_untrusted: regex(r"^[^\]]+ rdns=\S+\.yahoo\.com ")?,
            own: regex(
                r"(?x)by\ web\S+\.mail\S*\.yahoo\.com\ via\ HTTP
                    | by\ sonic\S+\.consmr\.mail\S*\.yahoo\.com\ with\ HTTP
                    | by\ smtp\S+\.yahoo\.com\ with\ SMTP
                    | by\ \w+\.\w+\.yahoo\.com\ \(\d+\.\d+\.\d+/\d+\.\d+\.\d+\)
                      (?:\ with\ ESMTP)?\ id\ \w",
            )?,
            own_of_address: of_address(
                r"from \[{ip}\] by \S+\.(?:groups|scd|dcn)\.yahoo\.com with NNFMP",
            )?,
            bulk: regex(r"\bmailer\d+\.bulk\.scd\.yahoo\.com\b")?,
        })
    }
}

/// A test that reads the traces.
fn tracing(
    to: &mut Binding,
    check: impl Fn(&Traces, &Remover, &Facts, &Views) -> bool + Send + Sync + 'static,
) -> Result<Test, String> {
    let (traces, remover) = (to.shared(Traces::new)?, to.shared(Remover::new)?);
    Ok(Arc::new(move |scan, _| {
        let facts = facts(scan);
        hit_if(check(&traces, &remover, &facts, scan.views()))
    }))
}

/// `gated_through_received_hdr_remover`
pub fn remover(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |_, remover, facts, views| facts.came_through_remover(views, remover))
}

/// `check_for_fake_aol_relay_in_rcvd`
pub fn aol(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |traces, _, facts, views| {
        let [claims, traces] = &traces.aol;
        let received = facts.received_line(views);
        claims.is_match(received) && !traces.is_match(received)
    })
}

/// `check_for_forged_eudoramail_received_headers`
pub fn eudoramail(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |traces, remover, facts, views| {
        let [sender, own] = &traces.eudoramail;
        sender.is_match(facts.from(views))
            && !facts.came_through_remover(views, remover)
            && !(own.is_match(facts.received_line(views))
                && has_address(&text(b"X-Sender-Ip", views)))
    })
}

/// `check_for_forged_gmail_received_headers`
pub fn gmail(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |Traces { gmail, .. }, _, facts, views| {
        let is_long = |name: &[u8]| text(name, views).len() >= GOOGLE_STATE;
        let is_genuine = || {
            gmail.handed_over.is_match(&text(b"X-Received", views))
                || gmail.submitted.is_match(facts.received(views))
                || (is_long(b"X-Gm-Message-State") && is_long(b"X-Google-Smtp-Source"))
        };
        gmail.sender.is_match(facts.from(views)) && !is_genuine()
    })
}

/// `check_for_msn_groups_headers`
pub fn msn_group(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |traces, _, facts, views| traces.group.sent(facts, views))
}

impl Group {
    /// Did an MSN group send the message?
    fn sent(&self, facts: &Facts, views: &Views) -> bool {
        let to = text(b"To", views);
        let Some(list) = self.list.captures(&to).and_then(|found| found.get(1)) else {
            return false;
        };
        let list = list.as_bytes();
        let received = self.server.captures(facts.received(views));
        let Some(server) = received.and_then(|found| found.get(1)) else { return false };
        let id = text(b"Message-Id", views);
        if list == b"notifications" {
            return is_id(&id, b"", &[b"@", server.as_bytes(), b">"].concat());
        }
        let bounces = [list, b"-bounce@groups.msn.com"].concat();
        is_id(&id, &[list, b"-"].concat(), b"@groups.msn.com>")
            && memmem::find(facts.envelope_sender(views), &bounces).is_some()
    }
}

/// Does `id` begin with `<` and `begin`, one byte at least, and `end`, without white space?
fn is_id(id: &[u8], begin: &[u8], end: &[u8]) -> bool {
    let rest = id.strip_prefix(b"<").and_then(|rest| rest.strip_prefix(begin));
    let word = rest.and_then(|rest| rest.split(|&byte| is_space(byte)).next());
    word.and_then(|word| word.get(1..)).is_some_and(|word| memmem::find(word, end).is_some())
}

/// `check_for_forged_gw05_received_headers`
pub fn gw05(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |traces, _, facts, views| {
        let found = traces.gw05.captures(facts.received(views));
        let by = found.as_ref().and_then(|found| found.get(1));
        by.is_some_and(|by| !by.as_bytes().contains(&b'.'))
    })
}

/// `check_for_forged_hotmail_received_headers`
pub fn hotmail(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |traces, remover, facts, views| facts.hotmail(traces, remover, views).forged)
}

/// `check_for_no_hotmail_received_headers`
pub fn no_hotmail(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |traces, remover, facts, views| facts.hotmail(traces, remover, views).absent)
}

impl Facts {
    fn hotmail(&self, traces: &Traces, remover: &Remover, views: &Views) -> Hotmail {
        *self.hotmail.get_or_init(|| {
            let received = self.received_line(views);
            let helo = traces.hotmail.helo.is_match(received);
            let claims = helo || traces.hotmail.sender.is_match(self.from(views));
            if !claims || traces.hotmail.show_genuine(self, traces, remover, views) {
                return Hotmail::default();
            }
            Hotmail { forged: helo, absent: !helo }
        })
    }
}

impl HotmailTraces {
    fn show_genuine(
        &self,
        facts: &Facts,
        traces: &Traces,
        remover: &Remover,
        views: &Views,
    ) -> bool {
        let received = facts.received_line(views);
        if self.pickup.is_match(received)
            || traces.group.sent(facts, views)
            || facts.came_through_remover(views, remover)
        {
            return true;
        }
        let from_web = self.web.is_match(received) || holds(&self.web_of_address, received);
        let outbound =
            self.outbound.is_match(received) || holds(&self.outbound_of_address, received);
        (from_web && has_address(&text(b"X-Originating-Ip", views)))
            || (outbound && self.originator.is_match(&text(b"X-OriginatorOrg", views)))
    }
}

/// `check_for_forged_juno_received_headers`
pub fn juno(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |Traces { juno, .. }, remover, facts, views| {
        if !juno.sender.is_match(facts.from(views)) || facts.came_through_remover(views, remover) {
            return false;
        }
        let received = facts.received(views);
        let own =
            handed_over(received, &juno.own, &juno.in_brackets) || juno.cookie.is_match(received);
        // Juno's newer mail names no originating address; SpamAssassin wants one all the same.
        text(b"X-Originating-IP", views).is_empty()
            || !own
            || memmem::find(&text(b"X-Mailer", views), b"Juno ").is_none()
    })
}

/// Does a line hold `name`, later an address in brackets, later `by`?
fn handed_over(received: &[u8], name: &Regex, address: &Regex) -> bool {
    received.split(|&byte| byte == b'\n').any(|line| {
        let Some(name) = name.find(line) else { return false };
        let mut found = address.captures_iter(line.get(name.end()..).unwrap_or_default());
        let first = found.find_map(|found| {
            let ip = found.name("ip")?;
            let (start, end) = (name.end() + ip.start(), name.end() + ip.end());
            net::is_ip_at(line, start, end).then_some(end)
        });
        let after = first.and_then(|end| line.get(end + 1..));
        after.is_some_and(|after| memmem::find(after, b"by").is_some())
    })
}

/// `check_for_forged_yahoo_received_headers`
pub fn yahoo(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    tracing(to, |Traces { yahoo, .. }, remover, facts, views| {
        let from = facts.from(views);
        if !yahoo.sender.is_match(from) || facts.came_through_remover(views, remover) {
            return false;
        }
        if yahoo.trusted.is_match(&relays(Side::Trusted, views))
            || yahoo.first_untrusted.is_match(&relays(Side::Untrusted, views))
        {
            return false;
        }
        let resent = yahoo.received_before_it_was_resent(views);
        let received = resent.as_deref().unwrap_or_else(|| facts.received_line(views));
        let is_genuine = yahoo.own.is_match(received)
            || holds(&yahoo.own_of_address, received)
            || (yahoo.bulk.is_match(received) && yahoo.replies.is_match(from));
        !is_genuine
    })
}

impl Yahoo {
    fn received_before_it_was_resent(&self, views: &Views) -> Option<Vec<u8>> {
        let is_there = |name: &[u8]| !text(name, views).is_empty();
        if !is_there(b"Resent-From") || !is_there(b"Resent-To") {
            return None;
        }
        let received = text(b"X-Received", views);
        (!received.is_empty()).then(|| super::facts::squeezed(&received))
    }
}
