//! Addresses at free-mail providers: who writes from one, and asks for answers to another.
//!
//! In: sender headers, the body, links to mail addresses, the `freemail_*` settings. Out: hits,
//! with the address as evidence. Whoever looks for addresses in the body rewrites it, once for
//! each message: URLs and quoted addresses are gone for all body rules from that priority on.
//! Mail::SpamAssassin::Plugin::FreeMail(3).

mod domains;
mod known;
mod text;

use super::{Binding, HIT, MISS, Outcome, Row, Test, literal, optional};
use crate::engine::Worker;
use crate::engine::scan::Scan;
use crate::engine::verdict::Evidence;
use crate::message::header::HeaderQuery;
use crate::message::senders;
use crate::rules::model::Eval;
use crate::rules::regex::{Caches, Exact, Overrun};
use crate::text::pieces::Pieces;
use domains::Domains;
use std::sync::Arc;

/// The functions.
pub const TABLE: &[Row] = &[
    Row {
        name: "check_freemail_from",
        plugin: PLUGIN,
        arguments: "(['regex'])",
        meaning: "a sender's address is free mail, and the pattern matches it",
        edits_body: false,
        waits: false,
        bind: from,
    },
    Row {
        name: "check_freemail_header",
        plugin: PLUGIN,
        arguments: "('header' [, 'regex'])",
        meaning: "an address in the header is free mail, and the pattern matches it",
        edits_body: false,
        waits: false,
        bind: header,
    },
    Row {
        name: "check_freemail_body",
        plugin: PLUGIN,
        arguments: "(['regex'])",
        meaning: "an address in the body is free mail, and the pattern matches it",
        edits_body: true,
        waits: false,
        bind: body,
    },
    Row {
        name: "check_freemail_replyto",
        plugin: PLUGIN,
        arguments: "(['replyto' | 'reply'])",
        meaning: "From, or the body, holds another free-mail address than Reply-To; with 'reply' \
                  From stands for a Reply-To that is absent",
        edits_body: true,
        waits: false,
        bind: replyto,
    },
];

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::FreeMail";

/// Addresses in links to which nobody listens any more; SpamAssassin stops there.
const LINKED_ADDRESSES: usize = 20;
/// Addresses of a body after which the rest is left alone; SpamAssassin stops there.
const BODY_ADDRESSES: usize = 40;

/// The plugin's settings, ready for use.
struct Freemail {
    domains: Domains,
    most_addresses: f64,
    most_freemails: f64,
    skip_over_most: bool,
    skip_bulk: bool,
    tell: bool,
}

/// The free-mail addresses of a body, each once, in lower case; `None` if it holds too many
/// addresses to be looked at.
struct Body(Option<Vec<Vec<u8>>>);

fn from(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let freemail = to.shared(Freemail::new)?;
    let pattern = pattern(optional(call, 0), to)?;
    Ok(Arc::new(move |scan, worker| {
        if freemail.domains.is_empty() {
            return Ok(MISS);
        }
        let mut addresses = senders::all(&scan.views().source());
        addresses.iter_mut().for_each(|address| address.make_ascii_lowercase());
        freemail.any(&addresses, pattern.as_ref(), worker)
    }))
}

fn header(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let freemail = to.shared(Freemail::new)?;
    let query = HeaderQuery::ask(&[literal(call, 0)?, b":addr"].concat());
    let pattern = pattern(optional(call, 1), to)?;
    Ok(Arc::new(move |scan, worker| {
        if freemail.domains.is_empty() {
            return Ok(MISS);
        }
        freemail.any(&addresses(&query, scan), pattern.as_ref(), worker)
    }))
}

fn body(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let freemail = to.shared(Freemail::new)?;
    let pattern = pattern(optional(call, 0), to)?;
    Ok(Arc::new(move |scan, worker| {
        if freemail.domains.is_empty() {
            return Ok(MISS);
        }
        let body = freemail.body(scan, &mut worker.caches)?;
        let Body(Some(addresses)) = &*body else { return Ok(MISS) };
        let Some(pattern) = &pattern else {
            return match addresses.is_empty() {
                true => Ok(MISS),
                false => freemail.hit(&addresses.join(&b", "[..])),
            };
        };
        for address in addresses {
            if pattern.is_match(address, &mut worker.caches)? {
                return freemail.hit(address);
            }
        }
        Ok(MISS)
    }))
}

/// What stands for a Reply-To that is absent.
#[derive(Clone, Copy, PartialEq)]
enum Answers {
    /// Nothing: no hit without Reply-To.
    ToReplyTo,
    /// From.
    ToSender,
}

fn replyto(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    let answers = match optional(call, 0) {
        None | Some(b"replyto") => Answers::ToReplyTo,
        Some(b"reply") => Answers::ToSender,
        Some(other) => {
            let other = other.escape_ascii();
            return Err(format!("'{other}' is no option; write 'replyto' or 'reply'"));
        }
    };
    let freemail = to.shared(Freemail::new)?;
    let headers = [&b"From:addr"[..], b"Reply-To:addr"].map(HeaderQuery::ask);
    let envelope = HeaderQuery::ask(b"EnvelopeFrom");
    Ok(Arc::new(move |scan, worker| {
        if freemail.domains.is_empty() || (freemail.skip_bulk && is_bulk(&envelope, scan)) {
            return Ok(MISS);
        }
        let [from, reply] = headers.each_ref().map(|query| addresses(query, scan));
        freemail.compare(&from, &reply, answers, scan, worker)
    }))
}

fn is_bulk(envelope: &HeaderQuery, scan: &Scan) -> bool {
    let senders = envelope.values(&scan.views().source());
    senders.first().is_some_and(|sender| known::is_bulk(sender))
}

/// The addresses of a header in lower case.
fn addresses(query: &HeaderQuery, scan: &Scan) -> Vec<Vec<u8>> {
    let values = query.values(&scan.views().source());
    values.into_iter().map(|value| value.to_ascii_lowercase()).collect()
}

fn pattern(source: Option<&[u8]>, to: &mut Binding) -> Result<Option<Exact>, String> {
    source.map(|source| to.pattern(source)).transpose()
}

impl Freemail {
    fn new(to: &mut Binding) -> Result<Freemail, String> {
        let domains = Domains::new(to)?;
        let options = &to.rules.options;
        Ok(Freemail {
            domains,
            most_addresses: options.number("freemail_max_body_emails"),
            most_freemails: options.number("freemail_max_body_freemails"),
            skip_over_most: options.flag("freemail_skip_when_over_max"),
            skip_bulk: options.flag("freemail_skip_bulk_envfrom"),
            tell: options.flag("freemail_add_describe_email"),
        })
    }

    /// A hit for the first address that is free mail and that the pattern matches.
    fn any(&self, addresses: &[Vec<u8>], pattern: Option<&Exact>, worker: &mut Worker) -> Outcome {
        for address in addresses {
            if !self.domains.hold(address, &mut worker.caches)? {
                continue;
            }
            if let Some(pattern) = pattern
                && !pattern.is_match(address, &mut worker.caches)?
            {
                continue;
            }
            return self.hit(address);
        }
        Ok(MISS)
    }

    /// Compares From and Reply-To with each other, then with the body.
    fn compare(
        &self,
        from: &[Vec<u8>],
        reply: &[Vec<u8>],
        answers: Answers,
        scan: &mut Scan,
        worker: &mut Worker,
    ) -> Outcome {
        let from_is_freemail = self.domains.hold_any(from, &mut worker.caches)?;
        let reply_is_freemail = self.domains.hold_any(reply, &mut worker.caches)?;
        let differ = !from.iter().any(|address| reply.contains(address));
        if from_is_freemail && reply_is_freemail && differ {
            let (from, reply) = (from.join(&b','), reply.join(&b','));
            return self.hit(&[&from, &b" -> "[..], &reply].concat());
        }
        let worth_a_look = match answers {
            Answers::ToReplyTo => reply_is_freemail,
            Answers::ToSender => from_is_freemail && (reply.is_empty() || reply_is_freemail),
        };
        if !worth_a_look {
            return Ok(MISS);
        }
        let body = self.body(scan, &mut worker.caches)?;
        let Body(Some(in_body)) = &*body else { return Ok(MISS) };
        let asked = if reply_is_freemail { reply } else { from };
        for address in in_body {
            if let Some(other) = asked.iter().find(|other| *other != address) {
                return self.hit(&[other, &b", "[..], address].concat());
            }
        }
        Ok(MISS)
    }

    /// The body's free-mail addresses; the first call rewrites the body.
    fn body(&self, scan: &mut Scan, caches: &mut Caches) -> Result<Arc<Body>, Overrun> {
        if let Some(body) = scan.known_note::<Body>() {
            return Ok(body);
        }
        let addresses = harvest(scan);
        let body = self.counted(addresses, caches)?;
        Ok(scan.note(body))
    }

    /// Those of `addresses` that are free mail, unless there are too many of either.
    fn counted(&self, addresses: Vec<Vec<u8>>, caches: &mut Caches) -> Result<Body, Overrun> {
        let mut freemails = Vec::new();
        let (mut all, mut free) = (0.0, 0.0);
        for address in addresses {
            all += 1.0;
            if all == self.most_addresses && self.skip_over_most {
                return Ok(Body(None));
            }
            if !self.domains.hold(&address, caches)? {
                continue;
            }
            free += 1.0;
            if free == self.most_freemails && self.skip_over_most {
                return Ok(Body(None));
            }
            freemails.push(address);
        }
        Ok(Body(Some(freemails)))
    }

    /// A hit that shows addresses, so written that no program takes them for one.
    fn hit(&self, shown: &[u8]) -> Outcome {
        if !self.tell {
            return Ok(HIT);
        }
        let text = shown.split(|&byte| byte == b'@').collect::<Vec<_>>().join(&b"(at)"[..]);
        Ok((1, Some(Evidence { text, piece: 0, offset: 0 })))
    }
}

/// The addresses in links and body, each once, in lower case; puts the body without mere
/// mentions of addresses in the place of the body.
fn harvest(scan: &mut Scan) -> Vec<Vec<u8>> {
    let registry = &scan.views().settings().domains;
    let mut found = Found::default();
    for link in &scan.views().uris().details {
        let scheme = b"mailto:";
        let is_mail = link.raw.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
        if is_mail && link.has_type("a") && !link.has_type("parsed") {
            let place = text::address_at(&link.raw, scheme.len(), registry);
            let address = place.and_then(|place| link.raw.get(place));
            address.into_iter().for_each(|address| found.add(address));
        }
        if found.addresses.len() >= LINKED_ADDRESSES {
            break;
        }
    }
    let mut rewritten = Pieces::new();
    for paragraph in scan.views().body().iter() {
        if found.addresses.len() >= BODY_ADDRESSES {
            rewritten.push(paragraph);
            continue;
        }
        let paragraph = text::without_mentions(paragraph, registry);
        let mut from = 0;
        while found.addresses.len() < BODY_ADDRESSES
            && let Some(place) = text::next_address(&paragraph, from, registry)
        {
            from = place.end;
            paragraph.get(place).into_iter().for_each(|address| found.add(address));
        }
        rewritten.push(&paragraph);
    }
    if rewritten != *scan.views().body() {
        scan.replace_body(rewritten);
    }
    found.addresses
}

/// Addresses in the order in which they were found.
#[derive(Default)]
struct Found {
    addresses: Vec<Vec<u8>>,
}

impl Found {
    fn add(&mut self, address: &[u8]) {
        let address = address.to_ascii_lowercase();
        if !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{Curve, Engine, Hit, Options};
    use crate::limits::Limits;
    use crate::rules::{self, Sources};
    use std::sync::Arc;

    const GROUND: &str = "util_rb_tld test com\nfreemail_domains free.test wild.*\n";

    fn engine(lines: &str) -> Engine {
        let pre = b"loadplugin Mail::SpamAssassin::Plugin::FreeMail\n";
        let sources = Sources {
            site: Vec::new(),
            distribution: Vec::new(),
            pre_lines: pre.to_vec(),
            cf_lines: [GROUND, lines].concat().into_bytes(),
            local_tests_only: true,
            ..Sources::default()
        };
        let limits = Limits::default();
        Engine::new(Arc::new(rules::load(&sources, &limits)), Curve::default(), &limits)
    }

    fn hits(lines: &str, mail: &str) -> Vec<Hit> {
        let engine = engine(lines);
        engine.scan(&mut engine.worker(), mail.into(), &Options::default()).hits
    }

    fn names(lines: &str, mail: &str) -> String {
        let mut names: Vec<_> = hits(lines, mail).iter().map(|hit| hit.name.to_string()).collect();
        names.sort_unstable();
        names.join(" ")
    }

    #[test]
    fn a_hit_shows_the_address_in_disguise() {
        let rule = "header A eval:check_freemail_replyto('reply')\n";
        let shown = |lines: &str, mail: &str| {
            let hits = hits(&[rule, lines].concat(), mail);
            hits.into_iter()
                .map(|hit| hit.evidence.map(|e| String::from_utf8(e.text).unwrap()))
                .next()
        };
        let mail = "From: Ann@free.test\nReply-To: ben@wild.com\n\nx\n";
        let both = Some("ann(at)free.test -> ben(at)wild.com".to_owned());
        assert_eq!(shown("", mail), Some(both));
        assert_eq!(shown("freemail_add_describe_email 0\n", mail), Some(None));
        let in_body = Some("ann(at)free.test, dora(at)wild.com".to_owned());
        assert_eq!(shown("", "From: ann@free.test\n\nask dora@wild.com\n"), Some(in_body));
        let long = format!("From: {}@free.test\nReply-To: b@free.test\n\nx\n", "a".repeat(300));
        assert_eq!(shown("", &long).flatten().map(|text| text.len()), Some(200));
        let log = hits(rule, &long).into_iter().flat_map(|hit| hit.log);
        assert_eq!(log.map(|text| text.len()).collect::<Vec<_>>(), [300 + 13 + 4 + 14]);
    }

    #[test]
    fn wrong_arguments_are_found_when_rules_are_loaded() {
        let engine = engine(
            "header A eval:check_freemail_replyto('other')\n\
             header B eval:check_freemail_header()\n\
             header C eval:check_freemail_from('(')\n\
             header D eval:check_freemail_body('x')\n",
        );
        let name = |rule| engine.rules().rule(rule).unwrap().name.to_string();
        let wrong: Vec<_> = engine.wrong_calls().iter().map(|(rule, _)| name(*rule)).collect();
        assert_eq!(wrong, ["A", "B", "C"]);
    }

    /// SpamAssassin keeps the first pattern of a process for all rules; that is not wanted.
    #[test]
    fn each_rule_has_its_own_pattern() {
        let lines = "header A eval:check_freemail_from('^ann')\n\
                     header B eval:check_freemail_from('^ben')\n\
                     header C eval:check_freemail_header('To', 'x$')\n\
                     header D eval:check_freemail_header('To', 'm$')\n";
        let mail = "From: ben@free.test\nTo: ann@wild.com\n\nx\n";
        assert_eq!(names(lines, mail), "B D");
    }

    #[test]
    fn all_imported_entries_exempt() {
        let lines = "freemail_import_welcomelist_auth 1\n\
                     welcomelist_auth ann@* *@wild.co?\n\
                     def_welcomelist_auth ben@free.test\n\
                     header A eval:check_freemail_from()\n";
        let from = |address: &str| format!("From: {address}\n\nx\n");
        assert_eq!(names(lines, &from("ann@free.test")), "");
        assert_eq!(names(lines, &from("x@wild.com")), "");
        assert_eq!(names(lines, &from("ben@free.test")), "A");
        let both = [lines, "freemail_import_def_welcomelist_auth 1\n"].concat();
        assert_eq!(names(&both, &from("ben@free.test")), "");
    }

    /// Body rules of lower priority see the mention; whether anybody needs them first or not.
    #[test]
    fn the_body_changes_between_priorities() {
        let lines = "header E eval:check_freemail_body()\n\
                     body A /<x/\npriority A -1\n\
                     body B /<x/\n\
                     body C /<x/\npriority C 1\n\
                     uri U /x@free/\npriority U 5\n\
                     meta M __B && __A\n\
                     body __A /<x/\n\
                     body __B /ask y/\n";
        let mail = "From: a@free.test\n\nask y@free.test and <x@free.test>\n";
        assert_eq!(names(lines, mail), "A E U");
        let shortcut = "loadplugin Mail::SpamAssassin::Plugin::Shortcircuit\nshortcircuit M on\n";
        assert_eq!(names(&[shortcut, lines].concat(), mail), "A E U");
        let off = [lines, "score E 0\n"].concat();
        assert_eq!(names(&off, mail), "A B C M U");
    }
}
