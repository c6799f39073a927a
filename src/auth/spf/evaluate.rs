//! Records, evaluated (RFC 7208, 4.3 to 6.2): `check_host()`.
//!
//! A check is a stack of records: the domain's own at the bottom, above it those that `include`
//! mechanisms have opened, each remembering how far it is. `redirect=` exchanges the topmost
//! one. Every step upwards costs a term, so the stack is never higher than terms are allowed.

use super::macros::{MacroString, Place};
use super::record::{Directive, Mechanism, Record, Target, Version, version};
use super::request::askable;
use super::{Heights, Identity, Outcome, Problem, Reading, Request, Verdict};
use crate::dns::{Data, Kind, Lookup, Name, Question, Reply};
use crate::limits::{Limit, Reached};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// What SPF says of `request`.
pub async fn check(lookup: &dyn Lookup, request: &Request, heights: &Heights) -> Verdict {
    let mut check = Check {
        lookup,
        request,
        heights,
        sender: match (heights.reading, request.identity) {
            (Reading::MailSpf, Identity::Helo) => request.helo.clone(),
            _ => request.sender(),
        },
        terms: 0,
        voids: 0,
        reached: Reached::default(),
    };
    let ended = check.run().await;
    let (outcome, mechanism, explanation, problem) = match ended {
        Ok(End { outcome, mechanism, explanation }) => (outcome, mechanism, explanation, None),
        Err(problem) => (problem.outcome(), None, None, Some(problem)),
    };
    Verdict { outcome, explanation, mechanism, problem, reached: check.reached }
}

/// A check under way.
struct Check<'c> {
    lookup: &'c dyn Lookup,
    request: &'c Request,
    heights: &'c Heights,
    /// The sender's whole address.
    sender: Vec<u8>,
    terms: usize,
    voids: usize,
    reached: Reached,
}

/// A record that is being evaluated.
struct Frame {
    domain: Name,
    record: Arc<Record>,
    /// The next directive to be looked at.
    next: usize,
}

impl Frame {
    /// The directive that was looked at last.
    fn current(&self) -> Option<&Directive> {
        self.record.directives.get(self.next.checked_sub(1)?)
    }
}

/// What comes of going on with a record.
enum Step {
    /// An `include` mechanism needs this one first.
    Into(Frame),
    /// This directive has matched, or none.
    Decided(Option<Directive>),
}

/// How a check ends if nothing is wrong.
struct End {
    outcome: Outcome,
    mechanism: Option<Vec<u8>>,
    explanation: Option<Vec<u8>>,
}

impl End {
    fn without_match(outcome: Outcome) -> End {
        End { outcome, mechanism: None, explanation: None }
    }
}

/// What a directive says of the client.
enum Match {
    Yes,
    No,
    /// It depends on another record.
    Depends(Frame),
}

impl Problem {
    fn outcome(&self) -> Outcome {
        match self {
            Problem::Unanswered(_) => Outcome::TempError,
            _ => Outcome::PermError,
        }
    }
}

impl Check<'_> {
    async fn run(&mut self) -> Result<End, Problem> {
        let least = if self.heights.reading == Reading::Rfc7208 { 2 } else { 1 };
        let domain = askable(&self.request.domain).filter(|name| name.labels().count() >= least);
        let Some(domain) = domain else { return Ok(End::without_match(Outcome::None)) };
        let Some(own) = self.open(domain).await? else {
            return Ok(End::without_match(Outcome::None));
        };
        let mut frame = own;
        let mut beneath: Vec<Frame> = Vec::new();
        'records: loop {
            let mut matched = match self.advance(&mut frame).await? {
                Step::Into(included) => {
                    beneath.push(std::mem::replace(&mut frame, included));
                    continue;
                }
                Step::Decided(matched) => matched,
            };
            // An included record that lets the client pass is a match of what included it.
            while let Some(below) = beneath.pop() {
                let passes = matched.is_some_and(|by| by.outcome == Outcome::Pass);
                frame = below;
                if !passes {
                    continue 'records;
                }
                matched = frame.current().cloned();
            }
            return Ok(self.end(matched, &frame).await);
        }
    }

    /// Goes on with a record, or with the one that it is redirected to, until it is decided or
    /// another one has to be decided first.
    async fn advance(&mut self, frame: &mut Frame) -> Result<Step, Problem> {
        loop {
            let record = Arc::clone(&frame.record);
            if let Some(directive) = record.directives.get(frame.next) {
                frame.next += 1;
                match self.matches(directive, &frame.domain).await? {
                    Match::No => {}
                    Match::Yes => return Ok(Step::Decided(Some(directive.clone()))),
                    Match::Depends(included) => return Ok(Step::Into(included)),
                }
            } else if let Some(to) = &record.redirect {
                *frame = self.refer(to, &frame.domain).await?;
            } else {
                return Ok(Step::Decided(None));
            }
        }
    }

    /// The end at the domain's own record, in which `matched` has matched.
    async fn end(&mut self, matched: Option<Directive>, frame: &Frame) -> End {
        let Some(Directive { outcome, text, .. }) = matched else {
            return End::without_match(Outcome::Neutral);
        };
        let explanation = match outcome {
            Outcome::Fail => self.explanation(frame).await,
            _ => None,
        };
        End { outcome, mechanism: Some(text), explanation }
    }

    /// The record of `domain`; `None` if it has none.
    async fn open(&mut self, domain: Name) -> Result<Option<Frame>, Problem> {
        let reply = self.ask(&domain, Kind::TXT).await?;
        let reads_sender_id =
            self.heights.reading == Reading::MailSpf && self.request.identity == Identity::MailFrom;
        let mut found: Vec<(Version, Record)> = Vec::new();
        for text in reply.of(Kind::TXT).filter_map(Data::joined_text) {
            let Some((version, terms)) = version(&text) else { continue };
            if version == Version::Spf1 || reads_sender_id {
                found.push((version, Record::parse(terms)?));
            }
        }
        found.retain(|(version, _)| *version != Version::SenderId { of_envelope: false });
        // Of two versions that of the first record counts.
        let Some((version, _)) = found.first() else { return Ok(None) };
        let version = *version;
        let mut records = found.into_iter().filter(|(other, _)| *other == version);
        match (records.next(), records.next()) {
            (Some((_, record)), None) => {
                Ok(Some(Frame { domain, record: Arc::new(record), next: 0 }))
            }
            _ => Err(Problem::Several(domain)),
        }
    }

    /// The record that another one, that of `domain`, refers to.
    async fn refer(&mut self, to: &MacroString, domain: &Name) -> Result<Frame, Problem> {
        self.count_term()?;
        let name = self.name(Some(to), domain).await?.ok_or(Problem::Missing)?;
        self.open(name).await?.ok_or(Problem::Missing)
    }

    async fn matches(&mut self, by: &Directive, domain: &Name) -> Result<Match, Problem> {
        let is_so = match &by.mechanism {
            Mechanism::All => true,
            Mechanism::Ip4(network, length) => {
                is_within(self.request.ip, IpAddr::V4(*network), *length)
            }
            Mechanism::Ip6(network, length) => {
                is_within(self.request.ip, IpAddr::V6(*network), *length)
            }
            Mechanism::A(target) => self.has_address(target, domain).await?,
            Mechanism::Mx(target) => self.is_exchanger(target, domain).await?,
            Mechanism::Ptr(within) => self.is_named(within.as_ref(), domain).await?,
            Mechanism::Exists(name) => self.exists(name, domain).await?,
            Mechanism::Include(of) => return self.refer(of, domain).await.map(Match::Depends),
        };
        Ok(if is_so { Match::Yes } else { Match::No })
    }

    async fn has_address(&mut self, target: &Target, domain: &Name) -> Result<bool, Problem> {
        self.count_term()?;
        let Some(name) = self.name(target.domain.as_ref(), domain).await? else {
            return Ok(false);
        };
        self.is_at(&name, target).await
    }

    async fn is_exchanger(&mut self, target: &Target, domain: &Name) -> Result<bool, Problem> {
        self.count_term()?;
        let Some(name) = self.name(target.domain.as_ref(), domain).await? else {
            return Ok(false);
        };
        let reply = self.ask_counted(&name, Kind::MX).await?;
        let hosts: Vec<&Name> = reply
            .of(Kind::MX)
            .filter_map(|data| match data {
                Data::Exchange { host, .. } => Some(host),
                _ => None,
            })
            .collect();
        if hosts.len() > self.heights.names {
            self.reached.note(Limit::SpfNames);
            if self.heights.reading == Reading::Rfc7208 {
                return Err(Problem::Exchangers);
            }
        }
        // The root says that there is none (RFC 7505).
        let some = hosts.into_iter().take(self.heights.names).filter(|h| !h.as_bytes().is_empty());
        for host in some {
            if self.is_at(host, target).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Is the client as near to one of the addresses of `name` as `target` wants it?
    async fn is_at(&mut self, name: &Name, target: &Target) -> Result<bool, Problem> {
        let reply = self.ask_counted(name, self.address_kind()).await?;
        let ip = self.request.ip;
        let is_near = |data: &Data| match data {
            Data::V4(v4) => is_within(ip, IpAddr::V4(*v4), target.v4),
            Data::V6(v6) => is_within(ip, IpAddr::V6(*v6), target.v6),
            _ => false,
        };
        Ok(reply.of(self.address_kind()).any(is_near))
    }

    async fn exists(&mut self, name: &MacroString, domain: &Name) -> Result<bool, Problem> {
        self.count_term()?;
        let Some(name) = self.name(Some(name), domain).await? else { return Ok(false) };
        Ok(self.ask_counted(&name, Kind::A).await?.of(Kind::A).next().is_some())
    }

    async fn is_named(
        &mut self,
        within: Option<&MacroString>,
        domain: &Name,
    ) -> Result<bool, Problem> {
        self.count_term()?;
        let Some(within) = self.name(within, domain).await? else { return Ok(false) };
        match self.validated(&within, false).await {
            Err(Problem::Unanswered(_)) if self.heights.reading == Reading::Rfc7208 => Ok(false),
            found => Ok(found?.is_some()),
        }
    }

    /// A name of the client that has its address too: `domain` itself, else one below it, else
    /// `any` at all (RFC 7208, 5.5).
    async fn validated(&mut self, domain: &Name, any: bool) -> Result<Option<Name>, Problem> {
        let Some(reverse) = self.request.reverse_name() else { return Ok(None) };
        let reply = self.ask_counted(&reverse, Kind::PTR).await?;
        let names = reply.of(Kind::PTR).filter_map(|data| match data {
            Data::Name(name) => Some(name),
            _ => None,
        });
        let mut best: Option<&Name> = None;
        for (number, name) in names.enumerate() {
            if number == self.heights.names {
                self.reached.note(Limit::SpfNames);
                break;
            }
            if !(any || name.is_within(domain)) || !self.is_of_client(name).await? {
                continue;
            }
            if !any || name == domain {
                return Ok(Some(name.clone()));
            }
            let is_better = |best: &Name| name.is_within(domain) && !best.is_within(domain);
            if best.is_none_or(is_better) {
                best = Some(name);
            }
        }
        Ok(best.cloned())
    }

    /// Is the client's one of the addresses of `name`? If they cannot be had, it is not.
    async fn is_of_client(&mut self, name: &Name) -> Result<bool, Problem> {
        match self.ask_counted(name, self.address_kind()).await {
            Ok(reply) => Ok(reply.of(self.address_kind()).any(|data| self.is_client(data))),
            Err(Problem::Unanswered(_)) => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    fn is_client(&self, data: &Data) -> bool {
        match data {
            Data::V4(v4) => self.request.ip == IpAddr::V4(*v4),
            Data::V6(v6) => self.request.ip == IpAddr::V6(*v6),
            _ => false,
        }
    }

    fn address_kind(&self) -> Kind {
        if self.request.ip.is_ipv4() { Kind::A } else { Kind::AAAA }
    }

    /// What the domain of `frame` says to those who fail; nothing if that is not to be found or
    /// not to be read (RFC 7208, 6.2).
    async fn explanation(&mut self, frame: &Frame) -> Option<Vec<u8>> {
        let at = frame.record.explanation.as_ref()?;
        let name = askable(&self.expand(at, &frame.domain).await.ok()??)?;
        let reply = self.ask(&name, Kind::TXT).await.ok()?;
        let mut texts = reply.of(Kind::TXT).filter_map(Data::joined_text);
        let text = texts.next().filter(|_| reply.code == 0)?;
        if texts.next().is_some() {
            return None;
        }
        let text = MacroString::parse(&text, Place::Explanation)?;
        let text = self.expand(&text, &frame.domain).await.ok()??;
        // What macros bring along has not been looked at yet.
        text.iter().all(|byte| matches!(byte, b' '..=b'~')).then_some(text)
    }

    /// The name that a term of the record of `domain` is about; `None` if nobody can be asked
    /// about it.
    async fn name(
        &mut self,
        written: Option<&MacroString>,
        domain: &Name,
    ) -> Result<Option<Name>, Problem> {
        match written {
            None => Ok(Some(domain.clone())),
            Some(written) => {
                Ok(self.expand(written, domain).await?.and_then(|name| askable(&name)))
            }
        }
    }

    /// `text` with its macros filled in; `None` if it becomes too long.
    async fn expand(
        &mut self,
        text: &MacroString,
        domain: &Name,
    ) -> Result<Option<Vec<u8>>, Problem> {
        let validated = match text.uses_validated_name() {
            false => None,
            true => match self.validated(domain, true).await {
                Err(Problem::Unanswered(_)) => None,
                found => found?,
            },
        };
        let validated = validated.as_ref().map_or(&b"unknown"[..], Name::as_bytes);
        let values = self.request.values(&self.sender, domain, validated);
        let expanded = text.expand(&values, self.heights.expansion);
        if expanded.is_none() {
            self.reached.note(Limit::SpfExpansion);
        }
        Ok(expanded)
    }

    fn count_term(&mut self) -> Result<(), Problem> {
        self.terms += 1;
        if self.terms > self.heights.terms {
            self.reached.note(Limit::SpfTerms);
            return Err(Problem::Terms);
        }
        Ok(())
    }

    /// An answer; if it is empty it counts.
    async fn ask_counted(&mut self, name: &Name, kind: Kind) -> Result<Arc<Reply>, Problem> {
        let reply = self.ask(name, kind).await?;
        if reply.answers.is_empty() {
            self.voids += 1;
            if self.voids > self.heights.void_lookups {
                self.reached.note(Limit::SpfVoidLookups);
                return Err(Problem::Voids);
            }
        }
        Ok(reply)
    }

    async fn ask(&self, name: &Name, kind: Kind) -> Result<Arc<Reply>, Problem> {
        let question = Question::new(name.clone(), kind);
        match self.lookup.lookup(&question).await {
            Ok(reply) if reply.code == 0 || reply.is_no_name() => Ok(reply),
            _ => Err(Problem::Unanswered(question.name)),
        }
    }
}

/// Are the first `length` bits of both the same? An IPv4 address is in no IPv6 network.
fn is_within(ip: IpAddr, network: IpAddr, length: u8) -> bool {
    let unlike = match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let bits = ip.to_bits() ^ network.to_bits();
            bits.checked_shr(Ipv4Addr::BITS.saturating_sub(u32::from(length))).unwrap_or(0).into()
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let bits = ip.to_bits() ^ network.to_bits();
            bits.checked_shr(Ipv6Addr::BITS.saturating_sub(u32::from(length))).unwrap_or(0)
        }
        _ => 1,
    };
    unlike == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_compared() {
        for (ip, network, length, expected) in [
            ("192.0.2.9", "192.0.2.200", 24, true),
            ("192.0.3.9", "192.0.2.200", 24, false),
            ("192.0.2.9", "1.1.1.1", 0, true),
            ("192.0.2.9", "192.0.2.9", 32, true),
            ("192.0.2.9", "192.0.2.8", 32, false),
            ("192.0.2.9", "::", 0, false),
            ("2001:db8::1", "0.0.0.0", 0, false),
            ("2001:db8::1", "::", 0, true),
            ("2001:db8::1", "2001:db8::2", 126, true),
            ("2001:db8::1", "2001:db8::2", 127, false),
            ("2001:db8::1", "2001:db8::1", 128, true),
        ] {
            let (ip, network) = (ip.parse().unwrap(), network.parse().unwrap());
            assert_eq!(is_within(ip, network, length), expected, "{ip} {network}/{length}");
        }
    }
}
