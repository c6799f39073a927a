//! DNS block lists of the hosts that URIs lead to.
//!
//! In: the URIs of the message, the lines `uridnsbl`, `urirhssub` and their kin. Out: questions
//! about domains, addresses and name servers of the hosts, and which rules an answer makes hit.
//! Mail::SpamAssassin::Plugin::URIDNSBL(3); doc/DIFFERENCES.md says which hosts are taken where
//! there are more than `uridnsbl_max_domains`.

use super::listed::asked;
use super::{Binding, Row, Test};
use crate::dns::lists::{admits, admits_text};
use crate::dns::{Data, Kind, Lookup, Name, Question, Reply};
use crate::engine::network::kinds::kind;
use crate::engine::network::{Errand, Finding, Findings, record_text};
use crate::engine::scan::Scan;
use crate::message::uri::Detail;
use crate::rules::dns::{Subtest, UriDnsKind};
use crate::rules::model::Eval;
use crate::rules::options::{Options, Set};
use crate::rules::{RuleId, RuleSet};
use crate::text::domain::{Registry, to_ascii};
use crate::text::net;
use futures_util::future::join_all;
use std::collections::{BTreeMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

const PLUGIN: &str = "Mail::SpamAssassin::Plugin::URIDNSBL";

/// The functions.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row::waiting(PLUGIN, "check_uridnsbl", "(rule)", "a host of a URI is in the list that a uridnsbl line of the rule names", bind),
];

fn bind(_: &Eval, to: &mut Binding) -> Result<Test, String> {
    Ok(asked(to.rule))
}

/// The lines of all rules, ready to be asked.
#[derive(Default)]
pub struct Plan(Vec<Arc<List>>);

/// One line.
struct List {
    rule: RuleId,
    what: What,
    zone: Name,
    kind: Kind,
    subtest: Option<Subtest>,
    /// `tflags notrim`: the whole host instead of its registered domain.
    whole_host: bool,
}

/// What of a host is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// The name: of hosts with a name, with an address, or both.
    Domain { names: bool, addresses: bool },
    /// Addresses of the host and of its name servers, if `hosts`; without, SpamAssassin finds
    /// the name servers and then asks nothing of them.
    Address { hosts: bool, servers: bool },
    /// The name servers: their domains or whole names.
    NameServer { whole: bool },
}

impl Plan {
    /// The lines in `rules` whose rules exist.
    pub fn new(rules: &RuleSet) -> Plan {
        let list = |line: &crate::rules::dns::UriDns| {
            let rule = rules.find(std::str::from_utf8(&line.rule).ok()?)?;
            let flags = &rules.rule(rule)?.tflags;
            let is =
                |flag: &[u8]| flags.text.split(u8::is_ascii_whitespace).any(|word| word == flag);
            let what = match line.kind {
                UriDnsKind::Domain if is(b"ips_only") => {
                    What::Domain { names: false, addresses: true }
                }
                UriDnsKind::Domain => What::Domain { names: true, addresses: !is(b"domains_only") },
                UriDnsKind::Address => {
                    What::Address { hosts: is(b"a"), servers: is(b"ns") || !is(b"a") }
                }
                UriDnsKind::NameServerDomain => What::NameServer { whole: false },
                UriDnsKind::NameServer => What::NameServer { whole: true },
            };
            Some(Arc::new(List {
                rule,
                what,
                zone: Name::new(&line.zone)?,
                kind: kind(&line.record)?,
                subtest: line.subtest.clone(),
                whole_host: flags.has(b"notrim"),
            }))
        };
        Plan(rules.uri_dns.iter().filter_map(list).collect())
    }
}

impl Plan {
    /// Each rule and the list that it asks.
    pub fn zones(&self) -> impl Iterator<Item = (RuleId, Name)> {
        self.0.iter().map(|list| (list.rule, list.zone.clone()))
    }
}

/// Hosts and their registered domains, in lower case.
type Hosts = BTreeMap<Vec<u8>, Vec<u8>>;

/// The hosts that lists are asked about.
struct Chosen(Hosts);

/// Sets `_URIHOSTS_` and `_URIDOMAINS_`.
pub fn set_tags(scan: &mut Scan) {
    if !scan.program().rules.plugins.has("URIDNSBL") || !is_on(scan) {
        return;
    }
    let hosts =
        scan.facts(|scan| Chosen(choose(&scan.views().uris().details, scan.profile().options())));
    let domains: std::collections::BTreeSet<Vec<u8>> = hosts.0.values().cloned().collect();
    scan.tags.put("URIHOSTS", hosts.0.keys().cloned().collect());
    scan.tags.put("URIDOMAINS", domains.into_iter().collect());
}

fn is_on(scan: &Scan) -> bool {
    !scan.profile().options().flag("skip_uribl_checks")
}

/// The hosts to ask about, the most telling first: links with a text, forms, pictures, other
/// elements, plain text, links without a text.
fn choose(details: &[Detail], options: &Options) -> Hosts {
    let none = Set::new();
    let skipped = options.set(b"uridnsbl_skip_domain").unwrap_or(&none);
    let mail = options.flag("uridnsbl_skip_mailto");
    let is_mail = |detail: &Detail| {
        detail.raw.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"mailto:"))
    };
    let mut ranked: [Vec<&crate::text::domain::Host>; 6] = Default::default();
    for detail in details.iter().filter(|detail| !(mail && is_mail(detail))) {
        let hosts = detail.hosts.iter();
        let asked = hosts.filter(|host| {
            !skipped.contains(host.domain.as_slice()) && !skipped.contains(host.name.as_slice())
        });
        if let Some(place) = ranked.get_mut(rank(detail)) {
            place.extend(asked);
        }
    }
    let most = options.number("uridnsbl_max_domains") as usize;
    let mut chosen = Hosts::new();
    for host in ranked.into_iter().flatten() {
        if chosen.len() >= most {
            break;
        }
        let domain = || host.domain.to_ascii_lowercase();
        chosen.entry(host.name.to_ascii_lowercase()).or_insert_with(domain);
    }
    chosen
}

fn rank(detail: &Detail) -> usize {
    match () {
        () if detail.has_type("a") => {
            let has_text = detail.anchor_text.iter().any(|text| !text.is_empty());
            if has_text { 0 } else { 5 }
        }
        () if detail.has_type("form") => 1,
        () if detail.has_type("img") => 2,
        () if *detail.types == ["parsed"] => 4,
        () => 3,
    }
}

/// What is asked of lists about the hosts of this message.
pub fn errand(scan: &Scan) -> Option<Errand> {
    let lists = &scan.program().asks.uris.0;
    let lists: Vec<Arc<List>> =
        lists.iter().filter(|list| scan.course.score(list.rule) != 0.0).cloned().collect();
    let hosts = scan.known_note::<Chosen>().filter(|hosts| !hosts.0.is_empty())?;
    if lists.is_empty() || !is_on(scan) {
        return None;
    }
    let settings = scan.views().settings_shared();
    Some(Box::new(move |lookup| {
        Box::pin(async move {
            let tour = Tour { lookup: &*lookup, lists: &lists, seen: Mutex::default() };
            let hosts =
                hosts.0.iter().map(|(host, domain)| tour.host(host, domain, &settings.domains));
            let mut found = Findings::default();
            join_all(hosts).await.into_iter().for_each(|of_host| found.merge(of_host));
            Box::new(move |scan: &mut Scan| scan.findings.merge(found)) as Finding
        })
    }))
}

/// A question that need not be asked again: by a rule, or by all of them.
type Looked = (Option<RuleId>, Kind, Vec<u8>);

/// All hosts of one message being asked about.
struct Tour<'t> {
    lookup: &'t dyn Lookup,
    lists: &'t [Arc<List>],
    /// What a rule, a domain's name servers or a host's addresses were asked for already.
    seen: Mutex<HashSet<Looked>>,
}

impl Tour<'_> {
    /// Is that the first time?
    fn is_new(&self, rule: Option<RuleId>, kind: Kind, name: &[u8]) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert((rule, kind, name.to_vec()))
    }

    fn any(&self, fits: impl Fn(What) -> bool) -> bool {
        self.lists.iter().any(|list| fits(list.what))
    }

    /// Does somebody ask about name servers, or about their addresses?
    fn wants_servers(&self) -> bool {
        self.any(|what| matches!(what, What::NameServer { .. }))
            || (self.any(|what| matches!(what, What::Address { servers: true, .. }))
                && self.any(|what| matches!(what, What::Address { hosts: true, .. })))
    }

    /// Asks all there is to ask about one host.
    async fn host(&self, host: &[u8], domain: &[u8], registry: &Registry) -> Findings {
        let numeric = looks_numeric(host);
        if numeric && !is_public(host) {
            return Findings::default();
        }
        let domain = if numeric { host } else { domain };
        let mut asks = Vec::new();
        let (whole, domain_alone) = (Asked::new(host, None), Asked::new(domain, None));
        for list in self.lists {
            let What::Domain { names, addresses } = list.what else { continue };
            if if numeric { addresses } else { names } {
                let asked = if list.whole_host { &whole } else { &domain_alone };
                asks.extend(self.ask(list, asked));
            }
        }
        let servers = async {
            match !numeric && self.wants_servers() && self.is_new(None, Kind::NS, domain) {
                true => self.servers(domain, registry).await,
                false => Findings::default(),
            }
        };
        let addresses = async {
            match numeric {
                false => self.addresses(host).await,
                true => Findings::default(),
            }
        };
        let (mut found, of_servers, of_addresses) =
            tokio::join!(self.judge(asks), servers, addresses);
        found.merge(of_servers);
        found.merge(of_addresses);
        found
    }

    /// Asks about the addresses of a host, once.
    async fn addresses(&self, host: &[u8]) -> Findings {
        let wanted = |what| matches!(what, What::Address { hosts: true, .. });
        let host = to_ascii(host);
        if !self.any(wanted) || !self.is_new(None, Kind::A, &host) {
            return Findings::default();
        }
        let Some(reply) = self.reply(&host, Kind::A).await else { return Findings::default() };
        let mut asks = Vec::new();
        for data in reply.of(Kind::A) {
            let Data::V4(address) = data else { continue };
            let asked = Asked::new(address.to_string().as_bytes(), Some(&host));
            for list in self.lists.iter().filter(|list| wanted(list.what)) {
                asks.extend(self.ask(list, &asked));
            }
        }
        self.judge(asks).await
    }

    /// Asks about the name servers of a domain.
    async fn servers(&self, domain: &[u8], registry: &Registry) -> Findings {
        let Some(reply) = self.reply(&to_ascii(domain), Kind::NS).await else {
            return Findings::default();
        };
        let mut asks = Vec::new();
        let mut names = Vec::new();
        for data in reply.of(Kind::NS) {
            let Data::Name(server) = data else { continue };
            let server = server.as_bytes();
            let numeric = looks_numeric(server);
            if numeric && !is_public(server) {
                continue;
            }
            if !numeric {
                names.push(server.to_vec());
            }
            let (whole, trimmed) =
                (Asked::new(server, None), Asked::new(&registry.trimmed(server), None));
            for list in self.lists {
                let asked = match list.what {
                    What::NameServer { whole: false } if !numeric => &trimmed,
                    What::NameServer { .. } => &whole,
                    _ => continue,
                };
                asks.extend(self.ask(list, asked));
            }
        }
        let addresses = join_all(names.iter().map(|name| self.addresses(name)));
        let (mut found, of_addresses) = tokio::join!(self.judge(asks), addresses);
        of_addresses.into_iter().for_each(|of_one| found.merge(of_one));
        found
    }

    async fn reply(&self, name: &[u8], kind: Kind) -> Option<Arc<Reply>> {
        let question = Question::new(Name::new(name)?, kind);
        self.lookup.lookup(&question).await.ok()
    }

    /// A question of one list; `None` if the rule has asked it.
    fn ask<'l>(&self, list: &'l Arc<List>, asked: &Asked) -> Option<Ask<'l>> {
        if !self.is_new(Some(list.rule), list.kind, &asked.name) {
            return None;
        }
        let name = [asked.reversed.as_slice(), b".", list.zone.as_bytes()].concat();
        let question = Question::new(Name::new(name)?, list.kind);
        Some(Ask { list, question, shown: Arc::clone(&asked.shown) })
    }

    /// Asks, and notes which rules the answers make hit.
    async fn judge(&self, asks: Vec<Ask<'_>>) -> Findings {
        let replies =
            super::listed::ask_all(self.lookup, asks.iter().map(|ask| &ask.question)).await;
        let mut found = Findings::default();
        for (ask, reply) in asks.iter().zip(replies) {
            for record in reply.iter().flat_map(|reply| &reply.answers) {
                let is_hit = match &record.data {
                    Data::V4(address) => {
                        let wanted = |address| is_listed(ask.list.subtest.as_ref(), address);
                        admits(&ask.list.zone, *address, wanted)
                    }
                    Data::Text(_) => match &ask.list.subtest {
                        None => admits_text(&ask.list.zone, &record_text(record)),
                        Some(Subtest::Mask(number)) => {
                            record_text(record) == number.to_string().as_bytes()
                        }
                        Some(_) => false,
                    },
                    _ => false,
                };
                if is_hit {
                    found.hit(ask.list.rule, Some(ask.shown.to_vec()));
                }
            }
        }
        found
    }
}

/// What lists are asked about.
struct Asked {
    /// The name or the address.
    name: Vec<u8>,
    /// The same as it stands in a question.
    reversed: Vec<u8>,
    /// What reports say of it.
    shown: Arc<[u8]>,
}

impl Asked {
    /// `name`, which is of `host` if that is not its own.
    fn new(name: &[u8], host: Option<&[u8]>) -> Asked {
        let name = to_ascii(name).into_owned();
        let text = std::str::from_utf8(&name).ok();
        let reversed = match text.and_then(|text| text.parse::<Ipv4Addr>().ok()) {
            Some(address) => net::reversed(address.into()).into_bytes(),
            None => name.clone(),
        };
        let shown = match host {
            Some(host) => [b"URI: ", host, b"/", &name].concat(),
            None => [b"URI: ", name.as_slice()].concat(),
        };
        Asked { name, reversed, shown: shown.into() }
    }
}

/// One question, and what reports say if it is answered.
struct Ask<'l> {
    list: &'l List,
    question: Question,
    shown: Arc<[u8]>,
}

/// Does the address meet the subtest? Without one, everything in 127/8 does.
pub fn is_listed(subtest: Option<&Subtest>, address: Ipv4Addr) -> bool {
    let number = u32::from(address);
    let is_local = address.octets().first() == Some(&127);
    match subtest {
        None => is_local,
        Some(Subtest::Mask(bits)) => number & bits != 0 && is_local,
        Some(Subtest::Range(low, high)) => (*low..=*high).contains(&number),
        Some(Subtest::Masked(value, mask)) => number & mask == value & mask,
        Some(Subtest::Text(text)) => **text == *address.to_string().as_bytes(),
        Some(Subtest::Pattern(_) | Subtest::Codes(_)) => false,
    }
}

/// Does the name look like an address, right or wrong?
fn looks_numeric(host: &[u8]) -> bool {
    let number = |label: &[u8]| !label.is_empty() && label.iter().all(u8::is_ascii_digit);
    let labels = host.split(|&byte| byte == b'.');
    host.first() == Some(&b'[')
        || host.contains(&b':')
        || (labels.clone().count() == 4 && labels.into_iter().all(number))
}

fn is_public(host: &[u8]) -> bool {
    let text = std::str::from_utf8(host).unwrap_or_default();
    text.parse::<Ipv4Addr>().is_ok() && !net::is_private(host)
}
