//! TELL: what clients say of a message goes to the store of fingerprints.
//!
//! `Set: local` with the class `spam` learns as spam, with any other class as ham; `Set: remote`
//! does the same, because nobody else is told yet; `Remove`, of either, takes back what this
//! user has taught. The answer says what changed (`DidSet`, `DidRemove`); what is reported
//! again, or revoked, is as it was asked to be and counts as done. Without a store nothing is
//! said to have been done.

use super::lessons::Lessons;
use super::lessons::wire::{Answer, Request};
use super::{Loaded, Server};
use crate::auth;
use crate::clock::{self, Tick};
use crate::engine::eval::dkim::Authors;
use crate::engine::eval::fingerprint::aligned;
use crate::engine::markup;
use crate::fingerprint::Class;
use crate::fingerprint::store::{Forget, Lesson, LessonId, Saying, Taught};
use crate::fingerprint::view::View;
use crate::message::view::Views;
use crate::message::{Message, Settings};
use crate::protocol::{Places, Tell};
use std::sync::Arc;
use std::time::Duration;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Where the message is known now.
    pub set: Places,
    /// Where it is known no more.
    pub removed: Places,
}

/// How long keys are waited for.
const SIGNATURES: Duration = Duration::from_secs(5);

/// Does what `tell` asks of `mail`, for `user`; says why if it cannot.
pub async fn tell(
    server: &Server,
    loaded: &Arc<Loaded>,
    tell: &Tell,
    mail: &[u8],
    user: Option<&[u8]>,
) -> Result<Told, String> {
    let Some(lessons) = server.lessons() else { return Ok(Told::default()) };
    let class = match tell.class.as_deref() {
        Some(b"spam") => Class::Spam,
        _ => Class::Ham,
    };
    let sets = tell.set.local || tell.set.remote;
    let removes = tell.remove.local || tell.remove.remote;
    if !sets && !removes {
        return Ok(Told::default());
    }
    let limits = loaded.limits.clone();
    let bytes = mail.to_vec();
    let parse = move || Message::parse(markup::remove(bytes, &limits), &limits);
    let message = tokio::task::spawn_blocking(parse).await.map_err(|why| why.to_string())?;
    let signers = match sets && class == Class::Ham {
        true => signers(server, loaded, &message).await,
        false => Vec::new(),
    };
    let lesson = Wanted { class, sets, removes, signers, teacher: teacher(user) };
    let (lessons, limits) = (lessons.clone(), loaded.limits.clone());
    let work = move || lesson.teach(&lessons, &message, &limits);
    let (changed, taken) =
        tokio::task::spawn_blocking(work).await.map_err(|why| why.to_string())??;
    let is_revoked = taken > 0 || (sets && tell.remove.remote);
    Ok(Told {
        set: Places { local: tell.set.local && changed, remote: tell.set.remote },
        removed: Places {
            local: tell.remove.local && taken > 0,
            remote: tell.remove.remote && is_revoked,
        },
    })
}

/// As who a user teaches. Nobody teaches as nobody: that name is the administrator's.
fn teacher(user: Option<&[u8]>) -> String {
    let name = String::from_utf8_lossy(user.unwrap_or_default()).into_owned();
    if name.is_empty() { "(unknown)".to_owned() } else { name }
}

/// The author's domain, if its signature holds; nobody where the network may not be asked.
async fn signers(server: &Server, loaded: &Loaded, message: &Message) -> Vec<String> {
    let Some(network) = server.network() else { return Vec::new() };
    let (prepared, _) = auth::signatures(message, clock::unix_seconds(), &loaded.limits);
    let lookup = network.answers.asker(Tick::now().plus(SIGNATURES));
    let found = tokio::time::timeout(SIGNATURES, prepared.verify(&*lookup)).await;
    let Ok(found) = found else { return Vec::new() };
    let settings = Settings { limits: loaded.limits.clone(), ..Settings::default() };
    // Views own their message; the head is enough for who wrote it.
    let head = Message::parse(message.pristine_headers().to_vec(), &loaded.limits);
    let authors = Authors::of(&Views::new(head, Arc::new(settings)));
    aligned(&authors, &found.signatures).into_iter().collect()
}

/// What is wanted of the store.
struct Wanted {
    class: Class,
    sets: bool,
    removes: bool,
    signers: Vec<String>,
    teacher: String,
}

impl Wanted {
    /// Learns or forgets; gives whether something was learned, and how many lessons were taken
    /// back.
    fn teach(
        self,
        lessons: &Lessons,
        message: &Message,
        limits: &crate::limits::Limits,
    ) -> Result<(bool, u64), String> {
        let Wanted { class, sets, removes, signers, teacher } = self;
        let id = LessonId::of(message);
        if sets {
            let when = u64::try_from(clock::unix_seconds()).unwrap_or(0);
            let saying = Saying { teacher: &teacher, class, when, signers };
            let known = lessons.live().load();
            let view = View::of(message, limits);
            let lesson = Lesson::of_view(&view, id, saying, &*known, limits);
            return match lessons.ask(Request::Learn(vec![lesson])) {
                Answer::Learned(taught) => {
                    let first = taught.first().copied();
                    let taken = u64::from(removes && first == Some(Taught::Changed));
                    Ok((first.is_some_and(|taught| taught != Taught::Known), taken))
                }
                Answer::Failed(why) => Err(why),
                _ => Err("the store has answered something else".to_owned()),
            };
        }
        match lessons.ask(Request::Forget(vec![Forget { id, teacher }])) {
            Answer::Forgotten(counts) => Ok((false, counts.iter().sum())),
            Answer::Failed(why) => Err(why),
            _ => Err("the store has answered something else".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_a_name_is_not_the_administrator() {
        assert_eq!(teacher(None), "(unknown)");
        assert_eq!(teacher(Some(b"")), "(unknown)");
        assert_eq!(teacher(Some(b"ann")), "ann");
    }
}
