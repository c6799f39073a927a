//! Questions to the domain name system, and what comes back.
//!
//! Everything that asks DNS ([`Lookup`]) is written against a trait, so that a whole internet
//! can stand in a test: the resolver of a server, a table, a local copy of a zone. Answers are
//! plain data.
//!
//! A process has one [`Resolver`]: cache, pauses and the number of questions on the wire are all
//! messages' together. A message asks through its [`Asker`], which counts and knows when it is
//! enough. [`lists`] says what the answers of block lists mean, [`probes`] whether the lists are
//! well, [`wire`] how questions and answers are written.
//!
//! Ring 2. May use `text`, `limits`, `clock`, `metrics`.

mod asker;
mod cache;
mod exchange;
mod flight;
pub mod lists;
mod name;
mod patience;
mod pauses;
pub mod probes;
mod record;
mod resolver;
mod settings;
mod standing;
mod ways;
pub mod wire;

pub use asker::Asker;
pub use name::Name;
pub use patience::{Patience, Wait};
pub use record::{Data, Kind, Record};
pub use resolver::Resolver;
pub use settings::{Ports, Restrictions, Settings, system_servers};
pub use standing::Notices;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// Of what.
    pub name: Name,
    /// Which records.
    pub kind: Kind,
}

/// A server's answer. NXDOMAIN is one, as is NOERROR without a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The response code (RFC 6895, 2.3): 0 NOERROR, 3 NXDOMAIN.
    pub code: u16,
    /// The answer section as it came, aliases included, in its order.
    pub answers: Vec<Record>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing came in time.
    #[error("no answer in time")]
    Late,
    /// The settings forbid the question (`dns_query_restriction`).
    #[error("the settings do not allow the question")]
    Forbidden,
    /// This message, or the server, asks too much already.
    #[error("too many questions")]
    Budget,
    /// The list that the name is in does not answer for now: it refused, or it is broken.
    #[error("the list is paused")]
    Paused,
    /// No socket, or an answer that cannot be read.
    #[error("the name server cannot be reached, or answers rubbish")]
    Broken,
}

/// What became of a question. Answers are shared with the cache.
pub type Outcome = Result<Arc<Reply>, Failure>;

/// The answer under way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Something that answers questions.
pub trait Lookup: Send + Sync {
    /// Asks; ends when the answer is there, or at the latest when the asker's deadline passes.
    fn lookup<'a>(&'a self, question: &'a Question) -> Answering<'a>;
}

impl Question {
    /// A question for records of `kind` of `name`.
    pub fn new(name: Name, kind: Kind) -> Question {
        Question { name, kind }
    }
}

impl Reply {
    /// NXDOMAIN.
    pub const NO_NAME: u16 = 3;
    /// SERVFAIL.
    pub const SERVER_FAILURE: u16 = 2;

    /// Does the name not exist?
    pub fn is_no_name(&self) -> bool {
        self.code == Reply::NO_NAME
    }

    /// The data of the records of one kind, aliases followed or not.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Data> {
        self.answers.iter().filter(move |record| record.kind == kind).map(|record| &record.data)
    }
}
