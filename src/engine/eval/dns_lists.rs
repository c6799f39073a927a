//! DNS block lists of addresses and of senders' domains.
//!
//! In: the relays, the envelope and From addresses, what `header RULE eval:check_rbl…` lines
//! say. Out: questions such as `2.0.0.127.list.example`, and which rules an answer makes hit.
//! The end of a set's name chooses the relays. Mail::SpamAssassin::Plugin::DNSEval(3).

use super::listed::{Subtest, ask_all, asked};
use super::{Binding, Row, Test, literal, optional};
use crate::dns::lists::{admits, admits_text};
use crate::dns::{Data, Kind, Lookup, Name, Question, Reply};
use crate::engine::network::{Errand, Finding, Findings, record_text};
use crate::engine::scan::Scan;
use crate::message::header::HeaderQuery;
use crate::message::relay::{Relay, Side};
use crate::rules::model::{Eval, EvalClass};
use crate::rules::{Rule, RuleId, RuleSet, Test as RuleTest};
use crate::text::domain::{is_fqdn, is_ip, to_ascii};
use crate::text::net;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

mod senders;
mod shown;

use senders::addresses_of;
use shown::{linked, listed_in};

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::DNSEval";

/// The most relays that one rule asks about.
const MOST_RELAYS: usize = 9;

const RELAYS: &str = "(set, zone, subtest)";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::waiting(PLUGIN, "check_rbl", RELAYS, "a relay of the set is in the list (A)", bind),
    Row::waiting(PLUGIN, "check_rbl_txt", RELAYS, "a relay of the set is in the list (TXT)", bind),
    Row::waiting(PLUGIN, "check_rbl_sub", "(set, subtest)", "an answer to another rule of the set meets this subtest too", bind),
    Row::waiting(PLUGIN, "check_rbl_accreditor", "(set, zone, subtest, accreditor)", "the same as check_rbl, if the message names the accreditor", bind),
    Row::waiting(PLUGIN, "check_rbl_from_host", RELAYS, "the host of a sender's address is in the list", bind),
    Row::waiting(PLUGIN, "check_rbl_from_domain", RELAYS, "the registered domain of a sender's address is in the list", bind),
    Row::waiting(PLUGIN, "check_rbl_envfrom", RELAYS, "the host of the envelope sender is in the list", bind),
    Row::waiting(PLUGIN, "check_rbl_headers", "(set, zone, subtest, headers)", "a host or an address of these headers (rbl_headers) is in the list", bind),
    Row::waiting(PLUGIN, "check_rbl_ns_from", RELAYS, "the first name server of the envelope sender's domain is in the list", bind),
    Row::waiting(PLUGIN, "check_rbl_rcvd", RELAYS, "address or names of the first relay are in the list", bind),
    Row::waiting(PLUGIN, "check_dns_sender", "()", "the envelope sender's domain does not exist", bind),
];

fn bind(call: &Eval, to: &mut Binding) -> Result<Test, String> {
    Call::read(call, to)?;
    Ok(asked(to.rule))
}

/// The calls of all rules.
#[derive(Default)]
pub struct Plan {
    calls: Vec<(RuleId, Call)>,
    /// What `check_rbl_sub` adds to each set.
    additions: HashMap<Box<[u8]>, Vec<Added>>,
}

/// A rule of `check_rbl_sub`, and which answers count for it.
type Added = (RuleId, Arc<Subtest>);

/// A call understood.
struct Call {
    what: What,
    set: Box<[u8]>,
    list: Name,
    subtest: Option<Arc<Subtest>>,
}

/// What of the message is asked for.
#[derive(Clone, PartialEq)]
enum What {
    Relays(Kind),
    Addition,
    Accreditor(Box<[u8]>),
    FromHosts,
    FromDomains,
    EnvelopeFrom,
    Headers(Option<Box<[u8]>>),
    NameServer,
    FirstRelay,
    Sender,
}

impl Call {
    fn read(call: &Eval, to: &mut Binding) -> Result<Call, String> {
        let what = match &*call.function {
            "check_rbl" => What::Relays(Kind::A),
            "check_rbl_txt" => What::Relays(Kind::TXT),
            "check_rbl_sub" => What::Addition,
            "check_rbl_accreditor" => What::Accreditor(literal(call, 3)?.into()),
            "check_rbl_from_host" => What::FromHosts,
            "check_rbl_from_domain" => What::FromDomains,
            "check_rbl_envfrom" => What::EnvelopeFrom,
            "check_rbl_headers" => What::Headers(optional(call, 3).map(Box::from)),
            "check_rbl_ns_from" => What::NameServer,
            "check_rbl_rcvd" => What::FirstRelay,
            _ => What::Sender,
        };
        if what == What::Sender {
            return Ok(Call { what, set: Box::default(), list: Name::root(), subtest: None });
        }
        let set = literal(call, 0)?.into();
        let (zone, subtest) = match what {
            What::Addition => (Vec::new(), Some(literal(call, 1)?)),
            _ => (literal(call, 1)?.to_vec(), optional(call, 2).filter(|text| !text.is_empty())),
        };
        let dots = zone.iter().rev().take_while(|&&byte| byte == b'.').count();
        let list = zone.get(..zone.len() - dots).and_then(Name::new);
        let list = list.ok_or_else(|| format!("'{}' is no zone", zone.escape_ascii()))?;
        let subtest = subtest.map(|text| Subtest::read(text, to)).transpose()?.map(Arc::new);
        Ok(Call { what, set, list, subtest })
    }
}

impl Plan {
    /// The calls in `rules` whose arguments are right.
    pub fn new(rules: &RuleSet, to: &mut Binding) -> Plan {
        let mut plan = Plan::default();
        for (id, rule) in rules.iter() {
            let RuleTest::Eval(eval @ Eval { class: EvalClass::Rbl, .. }) = &rule.test else {
                continue;
            };
            let is_ours = TABLE.iter().any(|row| row.name == &*eval.function);
            let Some(Ok(call)) = is_ours.then(|| Call::read(eval, to)) else { continue };
            match (&call.what, &call.subtest) {
                (What::Addition, Some(subtest)) => {
                    let here = plan.additions.entry(call.set).or_default();
                    here.push((id, Arc::clone(subtest)));
                }
                _ => plan.calls.push((id, call)),
            }
        }
        plan
    }
}

impl Plan {
    /// Each rule and the lists that decide it: those of its whole set for `check_rbl_sub`.
    pub fn zones(&self) -> Vec<(RuleId, Name)> {
        let asks = |(_, call): &&(RuleId, Call)| call.what != What::Sender;
        let mut zones = Vec::new();
        for (rule, call) in self.calls.iter().filter(asks) {
            zones.push((*rule, call.list.clone()));
            let added = self.additions.get(&call.set).into_iter().flatten();
            zones.extend(added.map(|(added, _)| (*added, call.list.clone())));
        }
        zones
    }
}

/// One question and what its answer means.
struct Ask {
    question: Question,
    list: Name,
    rule: RuleId,
    shown: bool,
    subtest: Option<Arc<Subtest>>,
    additions: Arc<[Addition]>,
}

/// A rule of `check_rbl_sub`.
#[derive(Clone)]
struct Addition {
    rule: RuleId,
    shown: bool,
    subtest: Arc<Subtest>,
}

/// What is asked of lists about this message.
pub fn errand(scan: &Scan) -> Option<Errand> {
    if scan.profile().options().flag("skip_rbl_checks") {
        return None;
    }
    let asking = Asking::new(scan);
    let (mut asks, mut name_servers, mut senders) = (Vec::new(), Vec::new(), Vec::new());
    for (rule, call) in asking.active_calls() {
        match &call.what {
            What::NameServer => {
                let host = asking.envelope_host().and_then(Name::new);
                let chain = host.map(|host| (host, asking.ask_of(rule, call)));
                name_servers.extend(chain);
            }
            What::Sender => senders.extend(
                asking
                    .envelope_host()
                    .and_then(|host| Name::new(to_ascii(&host)))
                    .map(|h| (rule, h)),
            ),
            _ => asks.extend(asking.questions(rule, call)),
        }
    }
    if asks.is_empty() && name_servers.is_empty() && senders.is_empty() {
        return None;
    }
    Some(Box::new(move |lookup| {
        Box::pin(async move {
            let lookup = &*lookup;
            let chains = name_servers.into_iter().map(|(host, ask)| async move {
                let ask = of_name_server(lookup, host, ask).await?;
                let reply = lookup.lookup(&ask.question).await.ok()?;
                Some((ask, reply))
            });
            let missing = senders.iter().map(|(rule, host)| async move {
                does_not_exist(lookup, host).await.then_some(*rule)
            });
            let questions = asks.iter().map(|ask| &ask.question);
            let (replies, chains, missing) =
                tokio::join!(ask_all(lookup, questions), join_all(chains), join_all(missing));
            let mut found = Findings::default();
            let direct =
                asks.iter().zip(&replies).filter_map(|(ask, reply)| Some((ask, reply.as_ref()?)));
            for (ask, reply) in
                direct.chain(chains.iter().flatten().map(|(ask, reply)| (ask, reply)))
            {
                ask.judge(reply, &mut found);
            }
            missing.into_iter().flatten().for_each(|rule| found.hit(rule, None));
            Box::new(move |scan: &mut Scan| scan.findings.merge(found)) as Finding
        })
    }))
}

/// What of the message questions are made of.
struct Asking<'s> {
    scan: &'s Scan,
    /// Addresses of relays that are not trusted, and then those that headers name.
    untrusted: Vec<Vec<u8>>,
    originating: Vec<Vec<u8>>,
    external: Vec<Vec<u8>>,
}

impl<'s> Asking<'s> {
    fn new(scan: &'s Scan) -> Asking<'s> {
        let relays = scan.views().relays();
        let ip = |relay: &Relay| relay.ip.clone();
        let full: Vec<Vec<u8>> = relays.side(Side::Untrusted).iter().map(ip).collect();
        let outside = relays.side(Side::Trusted).iter().filter(|relay| !relay.internal).map(ip);
        let external = outside.chain(full.iter().cloned()).collect();
        let mut originating = Vec::new();
        for header in &scan.views().settings().originating_ip_headers {
            let text = HeaderQuery::ask(header.as_bytes()).first(&scan.views().source());
            let text = text.unwrap_or_default();
            let mut at = 0;
            while let Some((from, to)) = net::find_ip(&text, at) {
                originating.extend(text.get(from..to).map(<[u8]>::to_vec));
                at = to.max(from + 1);
            }
        }
        Asking { scan, untrusted: public(full), originating, external }
    }

    fn active_calls(&self) -> impl Iterator<Item = (RuleId, &'s Call)> {
        let scan = self.scan;
        let calls = scan.program().asks.lists.calls.iter();
        calls.filter(|(rule, _)| scan.course.score(*rule) != 0.0).map(|(rule, call)| (*rule, call))
    }

    fn rule(&self, rule: RuleId) -> Option<&'s Rule> {
        self.scan.program().rules.rule(rule)
    }

    fn has_flag(&self, rule: RuleId, flag: &[u8]) -> bool {
        self.rule(rule).is_some_and(|rule| rule.tflags.has(flag))
    }

    fn is_trusted(&self, ip: &[u8]) -> bool {
        let trusted = self.scan.views().settings().trusted_networks.as_ref();
        trusted.zip(net::parse_ip(ip)).is_some_and(|(trusted, ip)| trusted.contains(ip))
    }

    /// The questions of one rule, each with what its answer means.
    fn questions(&self, rule: RuleId, call: &Call) -> Vec<Ask> {
        let kind = if let What::Relays(kind) = call.what { kind } else { Kind::A };
        let names: Vec<Vec<u8>> = match &call.what {
            What::Relays(_) => self.relays(rule, call),
            What::Accreditor(name) if self.accreditors().any(|known| known == **name) => {
                self.relays(rule, call)
            }
            What::FromHosts => {
                self.hosts(rule, &crate::message::senders::all(&self.scan.views().source()))
            }
            What::FromDomains => self.hosts(rule, &senders::domains(self.scan)),
            What::EnvelopeFrom => {
                let all = addresses_of(self.scan, b"EnvelopeFrom:addr");
                self.hosts(rule, all.get(..1).unwrap_or_default())
            }
            What::Headers(own) => self.headers(rule, own.as_deref()),
            What::FirstRelay => self.first_relay(rule),
            _ => Vec::new(),
        };
        let ask = |name: &Vec<u8>| {
            let name = Name::new([name.as_slice(), b".", call.list.as_bytes()].concat())?;
            Some(Ask { question: Question::new(name, kind), ..self.ask_of(rule, call) })
        };
        names.iter().filter_map(ask).collect()
    }

    /// What an answer to this rule means; the question is the zone itself.
    fn ask_of(&self, rule: RuleId, call: &Call) -> Ask {
        let additions = self.scan.program().asks.lists.additions.get(&call.set);
        let active = |(rule, _): &&Added| self.scan.course.score(*rule) != 0.0;
        let addition = |(rule, subtest): &Added| Addition {
            rule: *rule,
            shown: !self.is_subtest(*rule),
            subtest: Arc::clone(subtest),
        };
        Ask {
            question: Question::new(call.list.clone(), Kind::A),
            list: call.list.clone(),
            rule,
            shown: !self.is_subtest(rule),
            subtest: call.subtest.clone(),
            additions: additions.into_iter().flatten().filter(active).map(addition).collect(),
        }
    }

    fn is_subtest(&self, rule: RuleId) -> bool {
        self.rule(rule).is_some_and(Rule::is_subtest)
    }

    /// The relays that the set's name chooses, each as lists are asked for it.
    fn relays(&self, rule: RuleId, call: &Call) -> Vec<Vec<u8>> {
        if self.untrusted.is_empty() && self.originating.is_empty() {
            return Vec::new(); // who is trusted is not looked up
        }
        let untrusted = || {
            let others = self.originating.iter().filter(|ip| !self.is_trusted(ip));
            public(self.untrusted.iter().chain(others).cloned().collect())
        };
        let ends = |end: &[u8]| call.set.ends_with(end);
        let mut ips: Vec<Vec<u8>>;
        if ends(b"-notfirsthop") {
            ips = public(self.external.clone());
            if ips.len() > 1 {
                ips.pop();
            }
        } else if ends(b"-lastexternal") {
            ips = public(self.external.clone());
            ips.truncate(1);
        } else if ends(b"-firsttrusted") {
            ips = untrusted();
            ips.truncate(1);
        } else if ends(b"-untrusted") {
            ips = untrusted().split_off(1.min(untrusted().len()));
        } else {
            ips = untrusted();
            ips.reverse();
        }
        ips.truncate(MOST_RELAYS);
        if !self.has_flag(rule, b"nice") {
            // Lists of good senders are asked for trusted relays too.
            let trusted = ips.iter().take_while(|ip| self.is_trusted(ip)).count();
            ips.drain(..trusted);
        }
        ips.iter().filter_map(|ip| reversed(ip)).collect()
    }

    /// Who vouches for the sender, in lower case.
    fn accreditors(&self) -> impl Iterator<Item = Vec<u8>> {
        let source = self.scan.views().source();
        let sender = HeaderQuery::ask(b"EnvelopeFrom:addr").first(&source).unwrap_or_default();
        let field = HeaderQuery::ask(b"Accreditor").first(&source).unwrap_or_default();
        let first = |text: &[u8]| {
            let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            words.next().map(<[u8]>::to_ascii_lowercase)
        };
        let named: Vec<_> = field.split(|&byte| byte == b',').filter_map(first).collect();
        senders::accreditor_in(&sender).into_iter().chain(named)
    }

    /// The hosts of addresses, each once, as far as the rule's flags want them.
    fn hosts(&self, rule: RuleId, addresses: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut hosts: Vec<Vec<u8>> = Vec::new();
        for address in addresses {
            let Some(host) = senders::host_of(address) else { continue };
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts.iter().filter_map(|host| self.name_of_host(rule, host)).collect()
    }

    /// A host or address as lists are asked for it; `None` if the rule does not want it.
    fn name_of_host(&self, rule: RuleId, host: &[u8]) -> Option<Vec<u8>> {
        if is_ip(host) {
            return (!self.has_flag(rule, b"domains_only")).then(|| reversed(host)).flatten();
        }
        let ascii = to_ascii(host);
        let fits = !self.has_flag(rule, b"ips_only")
            && is_fqdn(&ascii)
            && self.scan.views().settings().domains.is_valid(&ascii);
        fits.then(|| ascii.into_owned())
    }

    fn headers(&self, rule: RuleId, own: Option<&[u8]>) -> Vec<Vec<u8>> {
        let options = self.scan.profile().options();
        let names = own.or_else(|| options.text("rbl_headers")).unwrap_or_default();
        let source = self.scan.views().source();
        let mut found = Vec::new();
        for name in names.split(|&byte| byte == b',') {
            let address = HeaderQuery::ask(&[name, b":addr"].concat()).first(&source);
            match address.filter(|address| senders::behind_at(address).is_some()) {
                Some(address) => found.extend(self.hosts(rule, &[address])),
                None => {
                    let text = HeaderQuery::ask(name).first(&source).unwrap_or_default();
                    let lines = text.split(|&byte| byte == b'\n');
                    found.extend(lines.filter_map(|host| self.name_of_host(rule, host)));
                }
            }
        }
        found
    }

    /// Address and names of the relay that the message came from first.
    fn first_relay(&self, rule: RuleId) -> Vec<Vec<u8>> {
        let relays = self.scan.views().relays().side(Side::Untrusted);
        let Some(relay) = relays.last() else { return Vec::new() };
        let mut hosts: Vec<&[u8]> = Vec::new();
        for host in [&relay.ip, &relay.by, &relay.helo, &relay.rdns] {
            if !host.is_empty() && !hosts.contains(&host.as_slice()) {
                hosts.push(host);
            }
        }
        let bare = |host: &'_ [u8]| host.strip_suffix(b".").unwrap_or(host).to_vec();
        hosts.into_iter().filter_map(|host| self.name_of_host(rule, &bare(host))).collect()
    }

    /// The host of the envelope sender, in lower case; only one with a dot in it.
    fn envelope_host(&self) -> Option<Vec<u8>> {
        addresses_of(self.scan, b"EnvelopeFrom:addr").into_iter().find_map(|mut address| {
            address.dedup_by(|byte, before| *byte == b'.' && *before == b'.');
            let host = senders::behind_at(&address)?;
            let inner = host.get(1..host.len().checked_sub(1)?)?;
            inner.contains(&b'.').then(|| host.to_ascii_lowercase())
        })
    }
}

/// The addresses that are not private, each once.
fn public(ips: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for ip in ips {
        if !ip.is_empty() && !net::is_private(&ip) && !kept.contains(&ip) {
            kept.push(ip);
        }
    }
    kept
}

/// An address as lists are asked for it.
fn reversed(ip: &[u8]) -> Option<Vec<u8>> {
    net::parse_ip(net::strip_ipv6_tag(ip)).map(|ip| net::reversed(ip).into_bytes())
}

impl Ask {
    /// Does the answer count for a rule with this subtest? A list that refuses to answer lists
    /// nothing; only rules that look for its refusal see it.
    fn counts(&self, subtest: Option<&Subtest>, data: &Data, text: &[u8]) -> bool {
        let holds = |text: &[u8]| subtest.is_none_or(|subtest| subtest.holds(text));
        match data {
            Data::V4(address) => {
                let wanted = |address: Ipv4Addr| holds(address.to_string().as_bytes());
                address.octets().first() == Some(&127) && admits(&self.list, *address, wanted)
            }
            Data::Text(_) => holds(text) && admits_text(&self.list, text),
            _ => false,
        }
    }

    /// Notes which rules the answer makes hit.
    fn judge(&self, reply: &Reply, found: &mut Findings) {
        for record in &reply.answers {
            found.answer(&self.question, record);
            let text = record_text(record);
            let log = || match record.data {
                Data::Text(_) => linked(&text),
                _ => listed_in(&self.question.name),
            };
            if self.counts(self.subtest.as_deref(), &record.data, &text) {
                found.hit(self.rule, self.shown.then(log));
            }
            for addition in self.additions.iter() {
                let counts = || self.counts(Some(&addition.subtest), &record.data, &text);
                if !found.has(addition.rule) && counts() {
                    found.hit(addition.rule, addition.shown.then(log));
                }
            }
        }
    }
}

/// What is asked about the first name server of `host`: it stands in the SOA record of the
/// zone that `host` is in, unless `host` has name servers of its own.
async fn of_name_server(lookup: &dyn Lookup, host: Name, ask: Ask) -> Option<Ask> {
    let own = Question::new(host.clone(), Kind::NS);
    let reply = lookup.lookup(&own).await.ok()?;
    if reply.of(Kind::NS).next().is_some() {
        return None;
    }
    let mut zone = host;
    while zone.labels().count() > 1 {
        let question = Question::new(zone.clone(), Kind::SOA);
        let reply = lookup.lookup(&question).await.ok()?;
        if let Some(Data::Start { server, .. }) = reply.of(Kind::SOA).next() {
            let is_name = is_fqdn(server.as_bytes());
            let name = [server.as_bytes(), b".", ask.question.name.as_bytes()].concat();
            let question = Question::new(Name::new(name).filter(|_| is_name)?, Kind::A);
            return Some(Ask { question, ..ask });
        }
        zone = zone.parent()?;
    }
    None
}

/// Do two answers come with an error, and with a record nevertheless? That is what
/// SpamAssassin asks for, and no server answers so.
async fn does_not_exist(lookup: &dyn Lookup, host: &Name) -> bool {
    let questions = [Kind::A, Kind::MX].map(|kind| Question::new(host.clone(), kind));
    let replies = ask_all(lookup, questions.iter()).await;
    let failed = |reply: &&Arc<Reply>| reply.is_no_name() || reply.code == Reply::SERVER_FAILURE;
    let records = |reply: &Arc<Reply>| reply.of(Kind::A).chain(reply.of(Kind::MX)).count();
    replies.iter().flatten().filter(failed).map(records).sum::<usize>() >= 2
}
