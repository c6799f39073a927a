//! The way of a command to the store: to the server that has it open, or to the store itself.

use super::super::feeds;
use super::wire::{self, Answer, Looked, Request};
use super::{Lessons, Notices, refused, socket};
use crate::fingerprint::judge::exemption;
use crate::fingerprint::store::StoreError;
use crate::fingerprint::{Algorithm, Fingerprint, Known, Listed};
use crate::limits::Limits;
use std::collections::{HashMap, HashSet};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long another command is waited for that has the store open.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server may take for one request.
const LONGEST: Duration = Duration::from_secs(120);
/// The longest answer of a server.
const ANSWER: usize = 256 << 20;

/// A store within reach.
pub enum Door {
    /// A server has it open.
    Theirs(Mutex<UnixStream>),
    /// This process has.
    Ours(Lessons),
}

impl Door {
    /// Finds the server of the store in `folder`, or opens it; it is made if there is none.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Door, StoreError> {
        let notices: Notices = Arc::new(|text| eprintln!("warn: {text}"));
        super::patiently(PATIENCE, || {
            if let Some(stream) = connect(folder)? {
                return Ok(Door::Theirs(Mutex::new(stream)));
            }
            let lessons = Lessons::open(folder, limits, notices.clone(), Duration::ZERO)?;
            feeds::look(folder, lessons.live(), limits, &*notices);
            Ok(Door::Ours(lessons))
        })
    }

    /// Asks, and waits for the answer.
    pub fn ask(&self, request: Request) -> Answer {
        match self {
            Door::Ours(lessons) => lessons.ask(request),
            Door::Theirs(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                exchange(&mut stream, &request).unwrap_or_else(|why| {
                    Answer::Failed(format!("the server that has the store open fell silent: {why}"))
                })
            }
        }
    }

    fn look(&self, request: Request) -> Option<Looked> {
        match self.ask(request) {
            Answer::Looked(looked) => Some(looked),
            _ => None,
        }
    }

    /// What is known of a message: asked for at once, so that a server is asked twice and not a
    /// thousand times.
    pub fn known(&self, phrases: Vec<u64>) -> Result<Recalled, String> {
        let mut recalled = Recalled::default();
        if let Door::Theirs(_) = self {
            recalled.look(self, phrases, Vec::new())?;
        } else if let Door::Ours(lessons) = self {
            recalled.all = Some(lessons.live().load());
        }
        Ok(recalled)
    }
}

/// Asked key by key: for commands that scan, which look at a few messages. A server that falls
/// silent knows nothing.
impl Known for Door {
    fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
        match self {
            Door::Ours(lessons) => lessons.live().load().listed(algorithm, key),
            Door::Theirs(_) => {
                let mut digest = [0; 16];
                digest.iter_mut().zip(key.to_le_bytes()).for_each(|(to, from)| *to = from);
                let prints = vec![Fingerprint { algorithm, digest }];
                let looked = self.look(Request::Look { phrases: Vec::new(), prints });
                looked.and_then(|looked| looked.listed.first().copied()).unwrap_or_default()
            }
        }
    }

    fn is_common(&self, phrase: u64) -> bool {
        match self {
            Door::Ours(lessons) => lessons.live().load().is_common(phrase),
            Door::Theirs(_) => {
                let request = Request::Look { phrases: vec![phrase], prints: Vec::new() };
                self.look(request).is_some_and(|looked| looked.common.first() == Some(&true))
            }
        }
    }
}

/// A server of the store in `folder`, if one listens.
fn connect(folder: &Path) -> Result<Option<UnixStream>, StoreError> {
    let path = folder.join(socket::NAME);
    let stream = match UnixStream::connect(&path) {
        Ok(stream) => stream,
        Err(why) => {
            return match why.kind() {
                // Nobody has ever listened, or one that has ended has left its file.
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
                _ => Err(refused(&path, why)),
            };
        }
    };
    let timeouts = stream.set_read_timeout(Some(LONGEST));
    timeouts
        .and_then(|()| stream.set_write_timeout(Some(LONGEST)))
        .map_err(|why| refused(&path, why))?;
    Ok(Some(stream))
}

fn exchange(stream: &mut UnixStream, request: &Request) -> io::Result<Answer> {
    wire::send(stream, &request.to_bytes())?;
    let bytes = wire::receive(stream, ANSWER)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Answer::of_bytes(&bytes).ok_or_else(|| io::Error::other("it is of another version"))
}

/// What a store has said that it knows.
#[derive(Default)]
pub struct Recalled {
    all: Option<Arc<crate::fingerprint::known::Sets>>,
    common: HashSet<u64>,
    listed: HashMap<(Algorithm, u64), Listed>,
}

impl Recalled {
    /// Asks for all that judging `prints` needs, in a message that `signer` may have signed.
    pub fn recall(
        &mut self,
        door: &Door,
        prints: &[Fingerprint],
        signer: Option<&str>,
    ) -> Result<(), String> {
        if self.all.is_some() {
            return Ok(());
        }
        let domains = [Some(""), signer];
        let pairs = prints.iter().flat_map(|print| {
            domains.into_iter().flatten().map(|domain| exemption(*print, domain))
        });
        let all: Vec<Fingerprint> = prints.iter().copied().chain(pairs).collect();
        self.look(door, prints.iter().map(Fingerprint::key).collect(), all)
    }

    fn look(
        &mut self,
        door: &Door,
        phrases: Vec<u64>,
        prints: Vec<Fingerprint>,
    ) -> Result<(), String> {
        let request = Request::Look { phrases: phrases.clone(), prints: prints.clone() };
        let Looked { common, listed } = match door.ask(request) {
            Answer::Looked(looked) => looked,
            Answer::Failed(why) => return Err(why),
            _ => return Err("the server has answered something else".to_owned()),
        };
        self.common.extend(phrases.into_iter().zip(common).filter(|row| row.1).map(|row| row.0));
        let keys = prints.iter().map(|print| (print.algorithm, print.key()));
        self.listed.extend(keys.zip(listed));
        Ok(())
    }
}

impl Known for Recalled {
    fn listed(&self, algorithm: Algorithm, key: u64) -> Listed {
        match &self.all {
            Some(all) => all.listed(algorithm, key),
            None => self.listed.get(&(algorithm, key)).copied().unwrap_or_default(),
        }
    }

    fn is_common(&self, phrase: u64) -> bool {
        match &self.all {
            Some(all) => all.is_common(phrase),
            None => self.common.contains(&phrase),
        }
    }
}
