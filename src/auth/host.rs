//! What DNS says of a sending host and of its sender's domains, asked once and at one time.
//!
//! In: the host's address and the name that it gave itself, the domains of the envelope sender
//! and of From. Out: [`Facts`], in which every answer is yes, no, or unknown (`None`): a question
//! that nobody answered says nothing in either direction. Names of an address: RFC 1035, 3.5;
//! exchangers: RFC 5321, 5.1; null MX: RFC 7505.
//!
//! The number of questions is bounded by `limits.host_names`: of so many names of an address,
//! and of so many exchangers of a domain, addresses are asked for.

use crate::dns::{Data, Kind, Lookup, Name, Question, Reply};
use crate::text::net;
use crate::text::reach::Reach;
use futures_util::future::{BoxFuture, join, join_all};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// What is to be asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The address that handed the message over.
    pub address: Option<IpAddr>,
    /// The name that the host gave itself.
    pub helo: Option<Wanted>,
    /// The envelope sender's domain.
    pub envelope: Option<Wanted>,
    /// The domain of From.
    pub from: Option<Wanted>,
    /// `limits.host_names`.
    pub most: usize,
}

/// A name, and the registered domain that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name.
    pub name: Name,
    /// The domain that somebody registered: `example.co.uk` of `mail.example.co.uk`.
    pub registered: Name,
}

/// The answers; `None` for what was not asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The names of the address.
    pub reverse: Option<Reverse>,
    /// The name that the host gave itself.
    pub helo: Option<Host>,
    /// The envelope sender's domain.
    pub envelope: Option<Domain>,
    /// The domain of From.
    pub from: Option<Domain>,
}

/// The names of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverse {
    /// The address.
    pub address: IpAddr,
    /// All its names; `None` where nobody answered.
    pub names: Option<Vec<Name>>,
    /// The first of them, looked up.
    pub hosts: Vec<Host>,
}

/// A name of a host, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name.
    pub name: Name,
    /// Does it exist, with whatever records?
    pub exists: Option<bool>,
    /// Does the domain exist that somebody registered?
    pub registered: Option<bool>,
    /// Is it an alias of another name?
    pub alias: Option<bool>,
    v4: Option<Vec<Ipv4Addr>>,
    v6: Option<Vec<Ipv6Addr>>,
}

/// A domain that mail comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The domain as a host: who has no exchanger takes mail himself.
    pub host: Host,
    /// Its exchangers with the preferred ones first; `None` where nobody answered.
    pub exchangers: Option<Vec<(u16, Name)>>,
    /// The first of them, looked up; the root is left out.
    pub hosts: Vec<Host>,
}

impl Facts {
    /// Asks all that there is to ask, at the same time.
    pub async fn ask(asked: Asked, lookup: Arc<dyn Lookup>) -> Facts {
        let asker = Asker { lookup: &*lookup, most: asked.most };
        // Most envelope senders are in the domain of From: no need to ask twice.
        let from = asked.from.filter(|from| Some(from) != asked.envelope.as_ref());
        let is_shared = from.is_none();
        let hosts = join(optional(asked.address, |address| asker.reverse(address)), async {
            optional(asked.helo, |wanted| asker.host(wanted)).await
        });
        let domains = join(
            optional(asked.envelope, |wanted| asker.domain(wanted)),
            optional(from, |wanted| asker.domain(wanted)),
        );
        let ((reverse, helo), (envelope, from)) = join(hosts, domains).await;
        let from = if is_shared { envelope.clone() } else { from };
        Facts { reverse, helo, envelope, from }
    }
}

async fn optional<'f, W, T>(
    wanted: Option<W>,
    ask: impl FnOnce(W) -> BoxFuture<'f, T>,
) -> Option<T> {
    match wanted {
        Some(wanted) => Some(ask(wanted).await),
        None => None,
    }
}

struct Asker<'l> {
    lookup: &'l dyn Lookup,
    most: usize,
}

impl<'l> Asker<'l> {
    fn reverse<'a>(&'a self, address: IpAddr) -> BoxFuture<'a, Reverse> {
        Box::pin(async move {
            let zone = if address.is_ipv4() { "in-addr" } else { "ip6" };
            let question = Name::new(format!("{}.{zone}.arpa", net::reversed(address)));
            let reply = match question {
                Some(name) => self.reply(&name, Kind::PTR).await,
                None => None,
            };
            let names: Option<Vec<Name>> = reply.map(|reply| {
                let named = |data: &Data| match data {
                    Data::Name(name) => Some(name.clone()),
                    _ => None,
                };
                reply.of(Kind::PTR).filter_map(named).collect()
            });
            let hosts = self.hosts(names.iter().flatten()).await;
            Reverse { address, names, hosts }
        })
    }

    fn domain<'a>(&'a self, wanted: Wanted) -> BoxFuture<'a, Domain> {
        Box::pin(async move {
            let name = wanted.name.clone();
            let (host, reply) = join(self.host(wanted), self.reply(&name, Kind::MX)).await;
            let exchangers = reply.map(|reply| {
                let exchanger = |data: &Data| match data {
                    Data::Exchange { preference, host } => Some((*preference, host.clone())),
                    _ => None,
                };
                let mut found: Vec<_> = reply.of(Kind::MX).filter_map(exchanger).collect();
                found.sort();
                found
            });
            let named = exchangers.iter().flatten().map(|(_, name)| name);
            let hosts = self.hosts(named.filter(|name| !name.as_bytes().is_empty())).await;
            Domain { host, exchangers, hosts }
        })
    }

    /// The first names, looked up.
    async fn hosts(&self, names: impl Iterator<Item = &Name>) -> Vec<Host> {
        let each = |name: &Name| self.host(Wanted { name: name.clone(), registered: name.clone() });
        join_all(names.take(self.most).map(each)).await
    }

    fn host<'a>(&'a self, wanted: Wanted) -> BoxFuture<'a, Host> {
        Box::pin(async move {
            let Wanted { name, registered } = wanted;
            let above = async {
                match registered == name {
                    true => None,
                    false => self.reply(&registered, Kind::SOA).await,
                }
            };
            let addresses = join(self.reply(&name, Kind::A), self.reply(&name, Kind::AAAA));
            let ((v4, v6), above) = join(addresses, above).await;
            Host::new(name, v4.as_deref(), v6.as_deref(), above.as_deref())
        })
    }

    /// The answer, if there is one that says something: not that a server failed.
    async fn reply(&self, name: &Name, kind: Kind) -> Option<Arc<Reply>> {
        let question = Question::new(name.clone(), kind);
        let reply = self.lookup.lookup(&question).await.ok()?;
        (reply.code == 0 || reply.is_no_name()).then_some(reply)
    }
}

impl Host {
    /// `above`: what was said of the registered domain; `None` too where it is the name itself.
    fn new(name: Name, v4: Option<&Reply>, v6: Option<&Reply>, above: Option<&Reply>) -> Host {
        let replies = || v4.into_iter().chain(v6);
        // Records beat an answer that there is no such name, which some servers give where
        // there is none of the type.
        let is_there = |reply: &Reply| !reply.answers.is_empty() || !reply.is_no_name();
        let exists = match replies().any(|reply| !reply.answers.is_empty()) {
            true => Some(true),
            false => replies().next().map(|_| replies().all(is_there)),
        };
        let is_alias = |reply: &Reply| {
            reply.answers.iter().any(|record| record.kind == Kind::CNAME && record.name == name)
        };
        let alias = replies().next().map(|_| replies().any(is_alias));
        let registered = match above {
            Some(above) => Some(exists == Some(true) || !above.is_no_name()),
            None => exists,
        };
        let v4 = v4.map(|reply| {
            let address = |data: &Data| if let Data::V4(v4) = data { Some(*v4) } else { None };
            reply.of(Kind::A).filter_map(address).collect()
        });
        let v6 = v6.map(|reply| {
            let address = |data: &Data| if let Data::V6(v6) = data { Some(*v6) } else { None };
            reply.of(Kind::AAAA).filter_map(address).collect()
        });
        Host { exists, registered, alias, v4, v6, name }
    }

    /// Its addresses as far as they are known.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let v4 = self.v4.iter().flatten().copied().map(IpAddr::V4);
        v4.chain(self.v6.iter().flatten().copied().map(IpAddr::V6))
    }

    /// Has it an address?
    pub fn has_address(&self) -> Option<bool> {
        match self.addresses().next() {
            Some(_) => Some(true),
            None => (self.v4.is_some() && self.v6.is_some()).then_some(false),
        }
    }

    /// Does it lead to `address`?
    pub fn leads_to(&self, address: IpAddr) -> Option<bool> {
        let is_answered = if address.is_ipv4() { self.v4.is_some() } else { self.v6.is_some() };
        is_answered.then(|| self.addresses().any(|known| known == address))
    }

    /// Does it lead into the network (/24, /64) of `address`?
    pub fn leads_near(&self, address: IpAddr) -> Option<bool> {
        let is_answered = if address.is_ipv4() { self.v4.is_some() } else { self.v6.is_some() };
        is_answered.then(|| self.addresses().any(|known| are_neighbours(known, address)))
    }

    /// Has it addresses, and all of this reach?
    pub fn is_only(&self, reach: Reach) -> Option<bool> {
        self.each(|address| Reach::of(address) == reach)
    }

    /// Has it addresses, and none that everybody reaches?
    pub fn is_nowhere(&self) -> Option<bool> {
        self.each(|address| Reach::of(address) != Reach::Public)
    }

    /// Has it addresses, and does this hold of each? One that it does not hold of is enough for
    /// a no; a yes takes that both families are known.
    fn each(&self, holds: impl Fn(IpAddr) -> bool) -> Option<bool> {
        if !self.addresses().all(holds) {
            return Some(false);
        }
        let is_answered = self.v4.is_some() && self.v6.is_some();
        is_answered.then(|| self.addresses().next().is_some())
    }
}

/// Are the addresses in one network of the size that one customer has?
pub fn are_neighbours(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.to_bits() >> 8 == other.to_bits() >> 8,
        (IpAddr::V6(one), IpAddr::V6(other)) => one.to_bits() >> 64 == other.to_bits() >> 64,
        _ => false,
    }
}

impl Reverse {
    /// Were all names looked up?
    fn is_whole(&self) -> bool {
        self.names.as_ref().is_some_and(|names| names.len() == self.hosts.len())
    }

    /// What is true of each name, where there are names; unknown where it is of one.
    pub fn each(&self, holds: impl Fn(&Host) -> Option<bool>) -> Option<bool> {
        of_each(&self.hosts, self.is_whole(), holds)
    }

    /// Does one of the names lead back to the address? `None` also where there is no name.
    pub fn is_confirmed(&self) -> Option<bool> {
        self.each(|host| host.leads_to(self.address).map(|leads| !leads)).map(|none| !none)
    }
}

impl Domain {
    /// The exchangers but for the root, which stands for none (RFC 7505).
    pub fn exchangers(&self) -> impl Iterator<Item = &Name> {
        let names = self.exchangers.iter().flatten().map(|(_, name)| name);
        names.filter(|name| !name.as_bytes().is_empty())
    }

    /// Has it no exchanger at all?
    pub fn is_without_exchanger(&self) -> Option<bool> {
        self.exchangers.as_ref().map(Vec::is_empty)
    }

    /// Does it say that it takes no mail?
    pub fn has_null_exchanger(&self) -> Option<bool> {
        let is_root = |(_, name): &(u16, Name)| name.as_bytes().is_empty();
        self.exchangers.as_ref().map(|all| all.iter().any(is_root))
    }

    /// What is true of each exchanger, where there are any; unknown where it is of one.
    pub fn each(&self, holds: impl Fn(&Host) -> Option<bool>) -> Option<bool> {
        of_each(&self.hosts, self.exchangers().count() == self.hosts.len(), holds)
    }
}

/// Does it hold of each of `hosts`? One `no` is enough; `yes` takes that all are known and
/// looked up.
fn of_each(hosts: &[Host], is_whole: bool, holds: impl Fn(&Host) -> Option<bool>) -> Option<bool> {
    let answers: Vec<_> = hosts.iter().map(holds).collect();
    if answers.contains(&Some(false)) {
        return Some(false);
    }
    let all = is_whole && !answers.is_empty() && !answers.contains(&None);
    all.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Answering, Record};
    use std::collections::HashSet;
    use std::sync::Mutex;

    /// Counts questions; of every domain there is one exchanger, and no more is known.
    #[derive(Default)]
    struct Counting(Mutex<Vec<Question>>);

    impl Lookup for Counting {
        fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a> {
            self.0.lock().unwrap().push(question.clone());
            let host = Name::new("mx.example").unwrap();
            let answers = match question.kind {
                Kind::MX => vec![Record {
                    name: question.name.clone(),
                    kind: Kind::MX,
                    ttl: 1,
                    data: Data::Exchange { preference: 1, host },
                }],
                _ => Vec::new(),
            };
            let code = if answers.is_empty() { Reply::NO_NAME } else { 0 };
            Box::pin(async move { Ok(Arc::new(Reply { code, answers })) })
        }
    }

    fn wanted(name: &str, registered: &str) -> Option<Wanted> {
        let (name, registered) = (Name::new(name)?, Name::new(registered)?);
        Some(Wanted { name, registered })
    }

    fn ask(asked: Asked) -> (Facts, Vec<Question>) {
        let lookup = Arc::new(Counting::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let facts = runtime.block_on(Facts::ask(asked, lookup.clone()));
        let questions = lookup.0.lock().unwrap().clone();
        (facts, questions)
    }

    #[test]
    fn senders_of_one_domain_are_asked_about_once() {
        let one = wanted("example.com", "example.com");
        let asked = Asked { envelope: one.clone(), from: one, most: 8, ..Asked::default() };
        let (facts, questions) = ask(asked);
        assert!(facts.envelope.is_some() && facts.envelope == facts.from);
        // A, AAAA and MX of the domain, A and AAAA of its exchanger.
        assert_eq!(questions.len(), 5);
        assert_eq!(questions.iter().collect::<HashSet<_>>().len(), 5);
        assert_eq!(ask(Asked::default()), (Facts::default(), Vec::new()));
    }

    #[test]
    fn a_name_that_is_not_there_is_told_from_a_domain_that_is_not() {
        let asked = Asked { helo: wanted("a.example.com", "example.com"), ..Asked::default() };
        let (facts, questions) = ask(asked);
        let helo = facts.helo.unwrap();
        assert_eq!(
            (helo.exists, helo.registered, helo.has_address()),
            (Some(false), Some(false), Some(false))
        );
        assert!(questions.iter().any(|question| question.kind == Kind::SOA));
        assert_eq!(helo.leads_to("9.9.9.9".parse().unwrap()), Some(false));
        assert_eq!(helo.is_only(Reach::Private), Some(false));
    }
}
