//! SPF: may this client send mail in this domain's name? (RFC 7208)
//!
//! In: client, HELO name, sender ([`Request`]). Out: a [`Verdict`]. [`check`] asks for TXT, A,
//! AAAA, MX and PTR records and nothing else. Whatever domains publish, it ends: terms, names and
//! empty answers are counted ([`Heights`]), included records are a stack and no recursion, and
//! nothing is longer than the limits say. How long it may take is the caller's to say.

mod evaluate;
mod macros;
mod record;
mod request;

pub use evaluate::check;
pub use macros::{MacroString, Place, Values};
pub use record::{Directive, Mechanism, Record, Target, Version, Wrong, version};
pub use request::{Identity, Request};

use crate::limits::{Limits, Reached};

/// What SPF says (RFC 7208, 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The client may.
    Pass,
    /// The domain says that it does not say.
    Neutral,
    /// The domain says nothing, or there is no domain.
    None,
    /// The client may not.
    Fail,
    /// The client most likely may not.
    SoftFail,
    /// What the domain has published cannot be understood.
    PermError,
    /// The DNS did not tell; it may later.
    TempError,
}

impl Outcome {
    /// The word for it, as Received-SPF has it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Neutral => "neutral",
            Outcome::None => "none",
            Outcome::Fail => "fail",
            Outcome::SoftFail => "softfail",
            Outcome::PermError => "permerror",
            Outcome::TempError => "temperror",
        }
    }
}

/// An outcome and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What SPF says.
    pub outcome: Outcome,
    /// Why the domain says that the client may not; `None` unless it failed and the domain has
    /// published a readable reason. Printable ASCII.
    pub explanation: Option<Vec<u8>>,
    /// The mechanism that matched, as the record has it.
    pub mechanism: Option<Vec<u8>>,
    /// What an error was about.
    pub problem: Option<Problem>,
    /// Limits that stood in the way.
    pub reached: Reached,
}

/// Why there is no better outcome than an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The DNS gave no answer, or an error.
    #[error("the DNS does not tell about {0}")]
    Unanswered(crate::dns::Name),
    /// More than one record.
    #[error("{0} has more than one SPF record")]
    Several(crate::dns::Name),
    /// An included or redirected domain has no record, or is no domain.
    #[error("a record refers to a domain without a record")]
    Missing,
    /// A record cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Wrong),
    /// Too many terms that ask the DNS.
    #[error("more terms ask the DNS than the limit spf_terms allows")]
    Terms,
    /// Too many mail exchangers of one term.
    #[error("more mail exchangers than the limit spf_names allows")]
    Exchangers,
    /// Too many questions that have no answer.
    #[error("more names without an answer than the limit spf_void_lookups allows")]
    Voids,
}

/// Whose reading counts where the RFC and Mail::SPF, which SpamAssassin asks, disagree and mail
/// that comes every day would show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// RFC 7208 to the letter.
    Rfc7208,
    /// Mail::SPF's: of more mail exchangers than the limit the first count, a PTR question that
    /// fails is a temporary error, envelope senders may be spoken of by a Sender ID record, a
    /// domain may be a single label, and `%{s}` of a HELO check is the bare name.
    MailSpf,
}

/// How far an evaluation goes.
#[derive(Clone, Copy, Debug)]
pub struct Heights {
    /// Terms that ask the DNS, over all records of a check.
    pub terms: usize,
    /// Names of one `mx` or `ptr` term, or of `%{p}`, whose addresses are asked for.
    pub names: usize,
    /// Questions of terms whose answer is empty.
    pub void_lookups: usize,
    /// Bytes of a name or an explanation with its macros filled in.
    pub expansion: usize,
    /// Who is right where two are.
    pub reading: Reading,
}

impl Heights {
    /// Those that RFC 7208 sets (4.6.4).
    pub const RFC_7208: Heights = Heights {
        terms: 10,
        names: 10,
        void_lookups: 2,
        expansion: 8192,
        reading: Reading::Rfc7208,
    };

    /// The scanner's: `limits`, and Mail::SPF's reading.
    pub fn of_scanner(limits: &Limits) -> Heights {
        Heights {
            terms: limits.spf_terms,
            names: limits.spf_names,
            void_lookups: limits.spf_void_lookups,
            expansion: limits.spf_expansion,
            reading: Reading::MailSpf,
        }
    }
}
