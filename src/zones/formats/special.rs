//! Lines that begin with `$` (rbldnsd(8), "Special Entries").

use super::Format;
use super::addresses::mask;
use super::draft::{Draft, Fault, Outcome};
use super::lines::Rules;
use super::words::{begins_remark, behind, domain, is_blank, moment, number, skip_blanks};
use super::words::{time, ttl};
use crate::limits::Limits;
use crate::zones::name;
use crate::zones::zone::Start;
use std::net::Ipv4Addr;

/// Seconds that records may be kept where a list says nothing; rbldnsd's own.
pub const USUAL_TTL: u32 = 2100;
/// The most name servers of a zone.
const MOST_SERVERS: usize = 32;

/// One dataset as it is written: with what it says of the zone, and in `combined` the datasets that
/// it is made of.
#[derive(Debug)]
pub struct Written {
    format: Format,
    /// `$SOA`: the first counts.
    pub start: Option<Start>,
    /// `$NS`, the first that can be read.
    pub servers: Vec<Vec<u8>>,
    /// Seconds that those may be kept.
    pub servers_ttl: u32,
    /// When it may not be used any more, from `$TIMESTAMP`.
    pub expires: Option<i64>,
    /// The datasets.
    pub drafts: Vec<Draft>,
    /// In `combined`: names below the zone, and which datasets answer for them.
    pub below: Vec<(Vec<u8>, Vec<usize>)>,
    /// The dataset that lines go to; `None` before the first `$DATASET`.
    current: Option<usize>,
    /// Of `combined`, before its datasets: what they begin with.
    common: Draft,
    rules: Rules,
    now: i64,
    default: (Ipv4Addr, Vec<u8>),
    limits: Limits,
}

impl Written {
    /// An empty one. `now` is what `$TIMESTAMP` is compared with.
    pub fn new(
        format: Format,
        default: (Ipv4Addr, Vec<u8>),
        v6_bits: u8,
        now: i64,
        limits: &Limits,
    ) -> Written {
        let draft = || Draft::new(format, USUAL_TTL, (default.0, &default.1), limits);
        let is_combined = format == Format::Combined;
        Written {
            format,
            start: None,
            servers: Vec::new(),
            servers_ttl: 0,
            expires: None,
            drafts: if is_combined { Vec::new() } else { vec![draft()] },
            below: Vec::new(),
            current: None,
            common: draft(),
            rules: Rules { most_addresses: 0, v6_bits: u32::from(v6_bits) },
            now,
            limits: limits.clone(),
            default,
        }
    }

    /// A file begins.
    pub fn begin_file(&mut self) {
        match self.format {
            // What begins a dataset here is its $DATASET line.
            Format::Combined => {}
            _ => self.drafts.iter_mut().for_each(Draft::begin_file),
        }
    }

    /// A line that says something, without blanks at its ends. `in_dataset` is whether a special
    /// line has been read in this file: in a further file of `combined` only that leads back to
    /// the dataset that was last begun.
    pub fn line(&mut self, line: &[u8], in_dataset: bool) -> Outcome {
        let current = if self.format == Format::Combined { self.current } else { Some(0) };
        let rules = self.rules;
        match current.filter(|_| in_dataset || self.format != Format::Combined) {
            Some(at) => match self.drafts.get_mut(at) {
                Some(draft) => super::lines::read(line, rules, draft),
                None => Ok(()),
            },
            None => super::lines::read(line, rules, &mut self.common),
        }
    }

    /// What `$TTL` and variables are said of.
    fn target(&mut self) -> &mut Draft {
        let at = if self.format == Format::Combined { self.current } else { Some(0) };
        match at.and_then(|at| self.drafts.get_mut(at)) {
            Some(draft) => draft,
            None => &mut self.common,
        }
    }

    /// The time to live of the whole, which `$SOA` and `$NS` fall back to.
    fn whole_ttl(&self) -> u32 {
        match self.format {
            Format::Combined => self.common.ttl,
            _ => self.drafts.first().map_or(USUAL_TTL, |draft| draft.ttl),
        }
    }

    /// A special line, behind its `$`.
    pub fn special(&mut self, line: &[u8]) -> Outcome {
        const UNKNOWN: Fault =
            Fault::Line("no special line that is known, or one that is not whole");
        if let Some((&sign, rest)) = line.split_first()
            && (sign.is_ascii_digit() || sign == b'=')
            && rest.first().is_some_and(|&byte| is_blank(byte))
        {
            return self.variable(sign, skip_blanks(rest)).ok_or(UNKNOWN);
        }
        if let Some(rest) = behind(line, "soa") {
            self.start(rest).ok_or(UNKNOWN)
        } else if let Some(rest) = behind(line, "ns").or_else(|| behind(line, "nameserver")) {
            self.servers(rest).ok_or(UNKNOWN)
        } else if let Some(rest) = behind(line, "ttl") {
            let (ttl, rest) = ttl(rest, USUAL_TTL).ok_or(UNKNOWN)?;
            if !rest.is_empty() {
                return Err(UNKNOWN);
            }
            self.target().ttl = ttl;
            Ok(())
        } else if let Some(rest) = behind(line, "maxrange4") {
            self.most_addresses(rest).ok_or(UNKNOWN)
        } else if let Some(rest) = behind(line, "timestamp") {
            self.timestamp(rest).ok_or(UNKNOWN)?
        } else if let Some(rest) =
            behind(line, "dataset").filter(|_| self.format == Format::Combined)
        {
            self.dataset(rest)
        } else {
            Err(UNKNOWN)
        }
    }

    /// `$1 text`: the first of each counts, in a part of `combined` that of the whole as well.
    fn variable(&mut self, sign: u8, text: &[u8]) -> Option<()> {
        let at = if sign == b'=' { 10 } else { usize::from(sign - b'0') };
        let variable = self.target().variables.get_mut(at)?;
        if variable.is_none() {
            *variable = (!text.is_empty()).then(|| text.into());
            variable.as_ref()?;
        }
        Some(())
    }

    fn start(&mut self, rest: &[u8]) -> Option<()> {
        if self.start.is_some() {
            return Some(());
        }
        let (ttl, rest) = ttl(rest, self.whole_ttl())?;
        let (server, rest) = domain(rest)?;
        let (mailbox, rest) = domain(rest)?;
        let (serial, mut rest) = number(rest)?;
        let mut times = [0; 4];
        for one in &mut times {
            (*one, rest) = time(rest)?;
        }
        rest.is_empty().then_some(())?;
        self.start = Some(Start { ttl, server, mailbox, serial, times });
        Some(())
    }

    /// Names behind a dash are left out for the time being.
    fn servers(&mut self, rest: &[u8]) -> Option<()> {
        if !self.servers.is_empty() {
            return Some(());
        }
        let (ttl, mut rest) = ttl(rest, self.whole_ttl())?;
        loop {
            if rest.starts_with(b"-") {
                let end = rest.iter().position(|&byte| is_blank(byte)).unwrap_or(rest.len());
                rest = skip_blanks(rest.get(end..)?);
            } else {
                let (server, behind) = domain(rest)?;
                let is_known = |known: &Vec<u8>| known.eq_ignore_ascii_case(&server);
                if self.servers.len() < MOST_SERVERS && !self.servers.iter().any(is_known) {
                    self.servers.push(server);
                }
                rest = behind;
            }
            if rest.is_empty() {
                self.servers_ttl = ttl;
                return Some(());
            }
        }
    }

    /// It can only be made smaller.
    fn most_addresses(&mut self, rest: &[u8]) -> Option<()> {
        let most = match rest.strip_prefix(b"/") {
            Some(length) => {
                let (length, rest) = number(length)?;
                (rest.is_empty() && (1..=32).contains(&length)).then(|| !mask(length) + 1)?
            }
            None => number(rest).filter(|(most, rest)| *most > 0 && rest.is_empty())?.0,
        };
        let old = self.rules.most_addresses;
        if old == 0 || most < old {
            self.rules.most_addresses = most;
        }
        Some(())
    }

    /// When the data were made, and when they may not be used any more. `None` if that cannot be
    /// read, and a fault if it lies ahead.
    fn timestamp(&mut self, rest: &[u8]) -> Option<Outcome> {
        let (made, rest) = moment(rest)?;
        let expires = match rest.strip_prefix(b"+") {
            _ if rest.is_empty() => 0,
            Some(after) => {
                let (after, rest) = time(after)?;
                (made != 0 && after != 0 && rest.is_empty()).then_some(made + i64::from(after))?
            }
            None => moment(rest).filter(|(_, rest)| rest.is_empty())?.0,
        };
        if made > self.now {
            let ahead = made - self.now;
            return Some(Err(Fault::Load(format!(
                "$TIMESTAMP is {ahead} seconds ahead: the list's clock or this machine's is wrong"
            ))));
        }
        if expires != 0 && self.expires.is_none_or(|earlier| earlier > expires) {
            self.expires = Some(expires);
        }
        Some(Ok(()))
    }

    /// `$DATASET type[:name] subzone...`: `@` is the zone itself.
    fn dataset(&mut self, rest: &[u8]) -> Outcome {
        // A remark begins with a word of its own.
        let is_remark = |word: &&[u8]| word.first().is_some_and(|&byte| begins_remark(byte));
        let words = rest.split(|&byte| is_blank(byte)).filter(|word| !word.is_empty());
        let mut words = words.take_while(|word| !is_remark(word));
        let word = words.next().ok_or(Fault::Line("a $DATASET without its type"))?;
        let kind = word.split(|&byte| byte == b':').next().unwrap_or_default();
        let kind = String::from_utf8_lossy(kind);
        let format = Format::named(&kind).filter(|format| format.is_part());
        let Some(format) = format else {
            return Err(Fault::Load(format!("{kind} is no dataset that combined may have")));
        };
        if self.drafts.len() >= self.limits.zone_datasets {
            return Err(Fault::Load(
                "too many $DATASET lines: raise limits.zone_datasets if all are to be held"
                    .to_owned(),
            ));
        }
        let at = self.drafts.len();
        let default = (self.default.0, &*self.default.1);
        let mut draft = Draft::new(format, self.common.ttl, default, &self.limits);
        draft.variables.clone_from(&self.common.variables);
        self.drafts.push(draft);
        self.current = Some(at);
        let mut is_bad = None;
        let mut any = false;
        for word in words {
            any = true;
            let name = if word == b"@" { Some(Vec::new()) } else { name::from_text(word) };
            let Some(mut name) = name else {
                is_bad = Some(Fault::Line("a $DATASET line with a name that is none"));
                continue;
            };
            name.make_ascii_lowercase();
            match self.below.iter_mut().find(|(known, _)| *known == name) {
                Some((_, datasets)) => datasets.push(at),
                None => self.below.push((name, vec![at])),
            }
        }
        match is_bad {
            Some(fault) => Err(fault),
            None if any => Ok(()),
            None => Err(Fault::Line("a $DATASET line without a name: its data are not served")),
        }
    }
}

/// Is this a special line? What is behind its `$`.
pub fn special(line: &[u8]) -> Option<&[u8]> {
    match line {
        [b'$', rest @ ..] | [b'#' | b';' | b':', b'$', rest @ ..] => Some(rest),
        _ => None,
    }
}
