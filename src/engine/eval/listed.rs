//! What the families that ask lists share: asking all at once, and judging answers.

use super::{Binding, MISS, Test};
use crate::dns::{Lookup, Question, Reply};
use crate::rules::RuleId;
use crate::rules::regex::{Caches, Exact};
use futures_util::future::join_all;
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A test that hits where an answer made `rule` hit.
pub fn asked(rule: RuleId) -> Test {
    Arc::new(move |scan, _| {
        let times = scan.findings.times(rule);
        let rules = &scan.program().rules;
        let multiple = rules.rule(rule).is_some_and(|rule| rule.tflags.multiple);
        Ok(if times == 0 { MISS } else { (if multiple { times } else { 1 }, None) })
    })
}

/// Asks all questions at once; the answers stand in their order, `None` where there is none.
pub async fn ask_all(
    lookup: &dyn Lookup,
    questions: impl Iterator<Item = &Question>,
) -> Vec<Option<Arc<Reply>>> {
    join_all(questions.map(|question| async { lookup.lookup(question).await.ok() })).await
}

/// Which answers count: `check_rbl` and its kin.
pub enum Subtest {
    /// The answer's text matches.
    Pattern(Box<Exact>),
    /// The answer is in 127/8 and has one of these bits.
    Mask(u32),
    /// The answer is this.
    Text(Box<[u8]>),
}

impl Subtest {
    /// Reads it as rules write it: a number, an address, or a pattern.
    pub fn read(text: &[u8], to: &mut Binding) -> Result<Subtest, String> {
        if text.starts_with(b"sb:") {
            return Err("SenderBase rules are gone".to_owned());
        }
        let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        let parts: Vec<&[u8]> = text.split(|&byte| byte == b'.').collect();
        if !parts.iter().all(|part| is_number(part)) || !matches!(parts.len(), 1 | 4) {
            return Ok(Subtest::Pattern(Box::new(to.pattern(text)?)));
        }
        if parts.len() == 4 {
            return Ok(Subtest::Text(text.into()));
        }
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok());
        let number = number.unwrap_or(u64::MAX);
        Ok(Subtest::Mask((number & u64::from(u32::MAX)) as u32))
    }

    /// Does an answer's text meet it?
    pub fn holds(&self, text: &[u8]) -> bool {
        match self {
            Subtest::Pattern(pattern) => matches(pattern, text),
            Subtest::Text(wanted) => **wanted == *text,
            Subtest::Mask(bits) => {
                let address = std::str::from_utf8(text).ok();
                let address = address.and_then(|text| text.parse::<Ipv4Addr>().ok());
                address.is_some_and(|ip| {
                    ip.octets().first() == Some(&127) && u32::from(ip) & bits != 0
                })
            }
        }
    }
}

thread_local! {
    /// Answers come to whichever thread is free: each has its own working memory.
    static CACHES: RefCell<Caches> = RefCell::default();
}

/// Does the pattern match? One that runs over its limit does not.
pub fn matches(pattern: &Exact, text: &[u8]) -> bool {
    CACHES.with_borrow_mut(|caches| pattern.is_match(text, caches)).unwrap_or(false)
}
