//! One Received line: who handed the message over to whom.
//!
//! A line in, a [`Relay`] out, or why there is none. Each mail server has its own way to
//! write the line (RFC 5321 section 4.4 is a wish); `forms` has a table of them. What the
//! forms agree upon — id, `helo=`, `by`, authentication — is read first, and a form that
//! knows better overwrites it. Time is linear in the line.

mod auth;
mod forms;
mod notation;
#[cfg(test)]
mod tests;

use crate::message::relay::Relay;
use crate::text::ascii::is_space;
use crate::text::net;
use forms::{Row, Special, TABLES, Tables, Then};
use notation::Form;
use regex::bytes::Captures;
use std::net::IpAddr;
use std::sync::LazyLock;

/// What a Received line tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A hop.
    Hop(Box<Relay>),
    /// Nothing about a hop over the network, by its form.
    Ignored,
    /// A program has fetched the message from a mailbox; the hops above are its user's own.
    Fetched,
    /// qmail-scanner's line: the next line's hop has this envelope sender.
    Scanned(Option<Vec<u8>>),
    /// Nobody knows.
    Unparseable,
}

/// The expressions that are not one server's own.
struct Common {
    local: Form,
    bare: Form,
    id: Form,
    helo: Form,
    by: Form,
    sender: Form,
    first_word: Form,
    word_in_parentheses: Form,
    ip_in_brackets: Form,
    by_anywhere: Form,
    with_http: Form,
    qmail_ldap: Form,
    xmail_id: Form,
    xmail_sender: Form,
}

static COMMON: LazyLock<Option<Common>> = LazyLock::new(|| {
    Some(Common {
        local: Form::new("{..}`\\b`with local for`\\b`")?,
        bare: Form::new("`(?i:from) (?<from>[^ ]+) (?i:by) [^ ;]+ ?;`")?,
        id: Form::new("{..} id `<?(?<id>[^ ;<>]{3,})`")?,
        helo: Form::new("{..}`\\b`helo=`(?<helo>[-+0-9A-Za-z.^_&:=?!@%*$\\\\/]+)`")?,
        by: Form::new("{..} by {by}")?,
        sender: Form::new(
            "{..}`(?i:return-path:? |envelope-(?:from|sender)[ =])(?<envfrom>[^ ]+)\\b`",
        )?,
        first_word: Form::new("{rdns} ")?,
        word_in_parentheses: Form::new("{..} ({helo}) ")?,
        ip_in_brackets: Form::new("{..} [{ip}`(?:\\.[0-9]+)?`] ")?,
        by_anywhere: Form::new("{..}by {by} ")?,
        with_http: Form::new("`.{10,80}`by {by} with HTTP")?,
        qmail_ldap: Form::new("{..} by {_} (qmail-{_}) with ")?,
        xmail_id: Form::new("{..} id <{id}>")?,
        xmail_sender: Form::new("{..} from <{envfrom}>")?,
    })
});

static EHLO: LazyLock<Option<Form>> =
    LazyLock::new(|| Form::new("{..}`\\b`{ehlo} `(?<helo>[-+0-9A-Za-z.^_&:=?!@%*$\\\\/]+)`"));

/// How many addresses of one SquirrelMail line are tried.
const ADDRESSES_TRIED: usize = 64;

/// Reads the value of one Received field.
pub fn parse(value: &[u8]) -> Line {
    let Some(common) = COMMON.as_ref() else { return Line::Unparseable };
    let mut line = squeeze(value);
    if !is_handover(&line, common) {
        return Line::Ignored;
    }
    strip_date(&mut line);
    let mut hop = Hop::default();
    hop.read_common(&line, common);
    hop.relay.auth = auth::method(&line);
    let tables = &*TABLES;
    let told = if let Some(line) = line.strip_prefix(b"from ") {
        let told = hop.read_from(line, common, tables);
        if told.is_none() && !is_true(&hop.relay.helo) {
            hop.guess_helo(line);
        }
        told
    } else if let Some(line) = line.strip_prefix(b"FROM ") {
        hop.read_rows(line, common, &tables.upper_case)
    } else if let Some(line) = line.strip_prefix(b"(from ") {
        hop.read_rows(line, common, &tables.parenthesis)
    } else {
        None
    };
    told.unwrap_or_else(|| hop.read_rest(&line))
}

/// One space for any white space, none at the ends; no semicolons at the end either.
fn squeeze(value: &[u8]) -> Vec<u8> {
    let words = value.split(|&byte| is_space(byte)).filter(|word| !word.is_empty());
    let mut line = words.collect::<Vec<_>>().join(&b' ');
    while let Some(rest) = line.strip_suffix(b";") {
        let shorter = rest.strip_suffix(b" ").unwrap_or(rest).len();
        line.truncate(shorter);
    }
    line
}

/// Perl's truth: neither nothing nor `0`.
fn is_true(value: &[u8]) -> bool {
    !value.is_empty() && value != b"0"
}

/// Does the line speak of a handover from one host to another?
fn is_handover(line: &[u8], common: &Common) -> bool {
    let words = line.strip_prefix(b"(").unwrap_or(line);
    if !words.get(..5).is_some_and(|from| from.eq_ignore_ascii_case(b"from ")) {
        return false;
    }
    if memchr::memmem::find(line, b"with local for").is_some() && common.local.is_match(line) {
        return false;
    }
    // Most lines go on after the name.
    let third = line.splitn(4, |&byte| byte == b' ').nth(2);
    if !third.is_some_and(|by| by.eq_ignore_ascii_case(b"by")) {
        return true;
    }
    // `from name by name ;` says too little, unless the name is an address.
    let Some(captures) = common.bare.captures(line) else { return true };
    let from = captures.name("from").map_or(&b""[..], |from| from.as_bytes());
    let inside = from.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    inside.is_some_and(|inside| {
        !inside.is_empty() && inside.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
    })
}

/// Cuts the date off the end, and gives `)by` the space that some servers forget.
fn strip_date(line: &mut Vec<u8>) {
    if let Some(date) = date(line) {
        line.truncate(date);
    }
    if let Some(at) = memchr::memmem::find(line, b")by ") {
        line.insert(at + 1, b' ');
    }
}

/// Where the date at the end of a line begins, with the spaces and semicolons before it:
/// `; Sun, 22 Nov 2026 18:27:00 +0000`.
fn date(line: &[u8]) -> Option<usize> {
    let mut words = line.rsplitn(5, |&byte| byte == b' ');
    let (zone, time, year, month) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let before = words.next()?;
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let is_time = matches!(time.split(|&byte| byte == b':').count(), 2 | 3)
        && time.split(|&byte| byte == b':').all(digits);
    if zone.is_empty() || !is_time || !digits(year) || !MONTHS.contains(&month) {
        return None;
    }
    let day = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = before.get(..before.len().checked_sub(day).filter(|_| day > 0)?)?;
    let ends_in_gap = |text: &&[u8]| matches!(text.last(), Some(b' ' | b';'));
    let weekday = DAYS.iter().find_map(|day| before.strip_suffix(*day)).filter(ends_in_gap);
    let before = weekday.or(Some(before).filter(ends_in_gap))?;
    let gap = before.iter().rev().take_while(|&&byte| matches!(byte, b' ' | b';')).count();
    Some(before.len() - gap)
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const DAYS: [&[u8]; 7] = [b"Sun, ", b"Mon, ", b"Tue, ", b"Wed, ", b"Thu, ", b"Fri, ", b"Sat, "];

/// A hop while its line is being read.
#[derive(Default)]
struct Hop {
    relay: Relay,
    /// The server that wrote the line looks names up.
    looked_up: bool,
}

impl Hop {
    /// What most servers write alike.
    fn read_common(&mut self, line: &[u8], common: &Common) {
        let has = |text: &[u8]| memchr::memmem::find(line, text).is_some();
        for form in [&common.id, &common.by] {
            self.take_from(form, line);
        }
        let helo = has(b"helo=") && self.take_from(&common.helo, line);
        if !helo
            && (has(b"HELO ") || has(b"EHLO "))
            && let Some(ehlo) = EHLO.as_ref()
        {
            self.take_from(ehlo, line);
        }
    }

    /// A line that begins with `from`, which is no longer there.
    fn read_from(&mut self, line: &[u8], common: &Common, tables: &Tables) -> Option<Line> {
        self.take_from(&common.sender, line);
        if let Some(told) = self.read_rows(line, common, &tables.first) {
            return Some(told);
        }
        let family = tables.families.iter().find(|family| family.mark.is_match(line));
        family
            .and_then(|family| self.read_rows(line, common, &family.rows))
            .or_else(|| self.read_rows(line, common, &tables.general))
    }

    /// The first row that fits decides.
    fn read_rows(&mut self, line: &[u8], common: &Common, rows: &[Row]) -> Option<Line> {
        let fitting =
            rows.iter().filter(|row| memchr::memmem::find(line, row.has.as_bytes()).is_some());
        for row in fitting {
            let Some(captures) = row.form.captures(line) else { continue };
            let told = match row.then {
                Then::Hop => self.taken(&captures, false),
                Then::LookedUp => self.taken(&captures, true),
                Then::Ignore => Some(Line::Ignored),
                Then::Fetched => Some(Line::Fetched),
                Then::Special(special) => self.read_special(special, line, common, &captures),
            };
            if told.is_some() {
                return told;
            }
        }
        None
    }

    fn read_special(
        &mut self,
        special: Special,
        line: &[u8],
        common: &Common,
        captures: &Captures,
    ) -> Option<Line> {
        match special {
            Special::SquirrelMail => return self.read_squirrelmail(line, common),
            Special::EximPieces => return self.read_exim_pieces(line, common),
            Special::Sendmail if common.qmail_ldap.is_match(line) => return None,
            Special::Qmail => return self.read_qmail(line),
            Special::QmailScanner => {
                let sender = self.relay.envfrom.take().map(|envfrom| without_marks(&envfrom));
                return Some(Line::Scanned(sender));
            }
            _ => {}
        }
        let rdns = self.relay.rdns.clone();
        self.take(captures);
        match special {
            Special::Exchange => self.relay.id.clear(),
            Special::XMail => {
                self.take_from(&common.xmail_id, line);
                self.take_from(&common.xmail_sender, line);
            }
            Special::Exim => self.read_exim_remarks(kept(captures, "more")),
            Special::Sendmail => {
                self.looked_up = true;
                self.split_ident();
            }
            Special::Courier if self.relay.rdns == b"softdnserr" => self.relay.rdns = rdns,
            Special::Courier => self.looked_up = true,
            Special::Hotmail => {
                let first = line.split(|&byte| byte == b' ').next().unwrap_or_default();
                if first.len() < line.len() && net::is_ip_at(line, 0, first.len()) {
                    self.relay.ip = first.to_vec();
                }
            }
            Special::Simta => {
                self.looked_up = true;
                if self.relay.rdns == b"unverified" {
                    self.relay.rdns.clear();
                }
            }
            Special::Obtuse => {
                self.relay.helo = kept(captures, "helo").to_vec();
                self.looked_up = self.relay.rdns != b"UNKNOWN";
            }
            _ => {}
        }
        Some(self.finish())
    }

    /// The client's address stands before a `by` that is not far.
    fn read_squirrelmail(&mut self, line: &[u8], common: &Common) -> Option<Line> {
        let mut from = 0;
        for _ in 0..ADDRESSES_TRIED {
            let (start, end) = net::find_ip_where(line, from, |_, end| {
                let next = line.get(end).copied();
                let word = |byte: Option<u8>| {
                    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                };
                let last = end.checked_sub(1).and_then(|last| line.get(last)).copied();
                word(last) != word(next) && !matches!(next, Some(b'.' | b'-'))
            })?;
            if let Some(captures) = line.get(end..).and_then(|rest| common.with_http.captures(rest))
            {
                self.relay.ip = line.get(start..end)?.to_vec();
                return self.taken(&captures, false);
            }
            from = start + 1;
        }
        None
    }

    /// The parts that any Exim line has, wherever they stand.
    fn read_exim_pieces(&mut self, line: &[u8], common: &Common) -> Option<Line> {
        self.take_from(&common.first_word, line);
        self.take_from(&common.word_in_parentheses, line);
        self.take_from(&common.ip_in_brackets, line);
        let by = self.take_from(&common.by_anywhere, line);
        (by && !self.relay.ip.is_empty()).then(|| self.finish())
    }

    /// `helo=` and `ident=`, as Exim writes them behind the address.
    fn read_exim_remarks(&mut self, remarks: &[u8]) {
        let mut remarks = remarks.to_vec();
        if let Some(at) = memchr::memmem::find(&remarks, b"helo=") {
            let helo = word(remarks.get(at + 5..).unwrap_or_default()).to_vec();
            if !helo.is_empty() {
                remarks.drain(at..at + 5 + helo.len());
                self.relay.helo = helo;
            }
        }
        if let Some(at) = memchr::memmem::find(&remarks, b"ident=") {
            self.relay.ident = word(remarks.get(at + 6..).unwrap_or_default()).to_vec();
        }
    }

    /// Sendmail writes `IDENT:user@name`, or `user@name`, for the looked-up name.
    fn split_ident(&mut self) {
        for tag in [&b"IDENT:"[..], b""] {
            let Some(rest) = self.relay.rdns.strip_prefix(tag) else { continue };
            let Some(at) = rest.iter().position(|&byte| byte == b'@') else { continue };
            self.relay.ident = rest.get(..at).unwrap_or_default().to_vec();
            self.relay.rdns = rest.get(at + 1..).unwrap_or_default().to_vec();
        }
    }

    /// qmail looks nothing up itself: what is there comes from tcpserver, and `unknown`
    /// says that tcpserver did not look or did not find.
    fn read_qmail(&mut self, line: &[u8]) -> Option<Line> {
        if let Some(captures) = TABLES.qmail.iter().find_map(|row| row.form.captures(line)) {
            self.take(&captures);
        }
        self.looked_up = self.looked_up || self.relay.rdns != b"unknown";
        Some(self.finish())
    }

    /// Without any form the first word may be the name that the host gave.
    fn guess_helo(&mut self, line: &[u8]) {
        let first = word(line);
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
        let end = match line.len() > first.len() {
            true => first.len(),
            false => first.iter().rposition(|byte| !plain(byte)).unwrap_or(0),
        };
        if let (Some(helo), true) = (first.get(..end), end > 0) {
            self.relay.helo = helo.to_vec();
        }
    }

    /// No form fits: any address in brackets will do, if `by` is known too.
    fn read_rest(&mut self, line: &[u8]) -> Line {
        if self.relay.ip.is_empty() {
            let bracketed = |start: usize, end: usize| {
                start.checked_sub(1).and_then(|before| line.get(before)) == Some(&b'[')
                    && line.get(end) == Some(&b']')
            };
            let found = net::find_ip_where(line, 0, bracketed);
            if let Some(ip) = found.and_then(|(start, end)| line.get(start..end)) {
                self.relay.ip = ip.to_vec();
            }
        }
        match !self.relay.ip.is_empty() && is_true(&self.relay.by) {
            true => self.finish(),
            false => Line::Unparseable,
        }
    }

    fn taken(&mut self, captures: &Captures, looked_up: bool) -> Option<Line> {
        self.take(captures);
        self.looked_up = looked_up;
        Some(self.finish())
    }

    fn take_from(&mut self, form: &Form, line: &[u8]) -> bool {
        let captures = form.captures(line);
        if let Some(captures) = &captures {
            self.take(captures);
        }
        captures.is_some()
    }

    /// Takes over what a form has kept.
    fn take(&mut self, captures: &Captures) {
        let relay = &mut self.relay;
        for (name, to) in [
            ("ip", &mut relay.ip),
            ("rdns", &mut relay.rdns),
            ("helo", &mut relay.helo),
            ("by", &mut relay.by),
            ("ident", &mut relay.ident),
            ("id", &mut relay.id),
        ] {
            if let Some(found) = captures.name(name) {
                *to = found.as_bytes().to_vec();
            }
        }
        if let Some(name) = captures.name("name") {
            relay.rdns = name.as_bytes().to_vec();
            relay.helo = name.as_bytes().to_vec();
        }
        if let Some(envfrom) = captures.name("envfrom") {
            relay.envfrom = Some(envfrom.as_bytes().to_vec());
        }
    }

    /// The hop as rules see it.
    fn finish(&mut self) -> Line {
        let mut relay = std::mem::take(&mut self.relay);
        while relay.rdns.ends_with(b".") {
            relay.rdns.pop();
        }
        if relay.rdns.eq_ignore_ascii_case(b"unknown") || relay.rdns.starts_with(b"[") {
            relay.rdns.clear();
        }
        relay.ip = plain_ip(&relay.ip);
        if relay.by.ends_with(b";") {
            relay.by.pop();
        }
        relay.envfrom = relay.envfrom.map(|envfrom| without_marks(&envfrom));
        for value in [&mut relay.rdns, &mut relay.helo, &mut relay.by, &mut relay.ident] {
            mask(value);
        }
        relay.no_reverse_dns = relay.rdns.is_empty() && self.looked_up;
        relay.rdns_not_in_headers = relay.rdns.is_empty() && !self.looked_up;
        relay.ip_private = net::is_private(&relay.ip);
        Line::Hop(Box::new(relay))
    }
}

fn kept<'l>(captures: &Captures<'l>, name: &str) -> &'l [u8] {
    captures.name(name).map_or(&b""[..], |found| found.as_bytes())
}

/// The bytes before the first space.
fn word(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == b' ').next().unwrap_or_default()
}

/// Without `IPv6:`, and as IPv4 if it is one in IPv6's clothes.
fn plain_ip(ip: &[u8]) -> Vec<u8> {
    let bare = net::strip_ipv6_tag(ip);
    match net::parse_ip(bare) {
        Some(IpAddr::V6(v6)) if bare.contains(&b'.') => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string().into_bytes(),
            None => bare.to_vec(),
        },
        _ => bare.to_vec(),
    }
}

/// An envelope sender without its angle brackets.
fn without_marks(envfrom: &[u8]) -> Vec<u8> {
    let begin = envfrom.iter().position(|&byte| byte != b'<').unwrap_or(envfrom.len());
    let mut inside = envfrom.get(begin..).unwrap_or_default();
    while let Some(shorter) = inside.strip_suffix(b">") {
        inside = shorter;
    }
    let mut inside = inside.to_vec();
    mask(&mut inside);
    inside
}

/// Writes `!` for what could break the `[ key=value ]` form of a relay.
fn mask(value: &mut [u8]) {
    for byte in value {
        if is_space(*byte) || b"\0#[]()<>|".contains(byte) {
            *byte = b'!';
        }
    }
}
