//! Whether lists are well (RFC 5782, 5), looked at when the server starts and every day.
//!
//! A list of addresses lists 127.0.0.2 and not 127.0.0.1, a list of domains TEST and not INVALID.
//! A list that lists what no list may lists everything; one that does not list what it is known
//! to list, whose zone is gone, or that does not answer at all is dead. Both are switched off,
//! with one line, until they are well again. A list that leaves several questions in a row
//! unanswered is looked at before its time. When nothing answers, it is the network, and no
//! list is blamed.

use super::lists::{self, Asked, Judgement, Subject};
use super::resolver::Resolver;
use super::{Kind, Name, Question, Reply};
use futures_util::future::join_all;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Between two looks at all lists.
const DAILY: Duration = Duration::from_secs(86_400);
/// The same while a list is off.
const HOURLY: Duration = Duration::from_secs(3600);
/// The least between two looks, however many lists fall silent.
const LEAST: Duration = Duration::from_secs(60);
/// The same while no name server answers.
const SOON: Duration = Duration::from_secs(60);

/// What a look at a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It lists what it should, and only that; or nothing is known against it.
    Well,
    /// It lists what no list may.
    ListsEverything,
    /// It does not list what it has to, or its zone does not exist.
    Empty,
    /// Nobody answers for it.
    Silent,
}

/// What a round of looks showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Round {
    /// Each list's health.
    Lists(Vec<(Name, Health)>),
    /// No name server answers.
    NoNetwork,
}

/// Looks at the lists that the rules ask now and from then on, sooner where one falls silent.
/// Whoever spawns this ends it with the resolver ([`tokio::task::JoinHandle::abort`]), or lets it
/// find out by itself at its next look.
pub async fn watch(resolver: Weak<Resolver>) {
    loop {
        let Some(resolver) = resolver.upgrade() else { return };
        let pause = match round(&resolver).await {
            Round::NoNetwork => SOON,
            Round::Lists(lists) if lists.iter().all(|(_, h)| *h == Health::Well) => DAILY,
            Round::Lists(_) => HOURLY,
        };
        let standing = resolver.standing.clone();
        drop(resolver);
        tokio::time::sleep(LEAST).await;
        tokio::select! {
            () = tokio::time::sleep(pause.saturating_sub(LEAST)) => {}
            () = standing.alarm.notified() => {}
        }
    }
}

/// Looks at each list once, and switches off and on what there is to switch.
pub async fn round(resolver: &Arc<Resolver>) -> Round {
    let root = Name::new("").map(|root| Question::new(root, Kind::NS));
    let is_up = match &root {
        Some(root) => resolver.fresh(root).await.is_ok(),
        None => false,
    };
    if !is_up {
        return Round::NoNetwork;
    }
    let looks = resolver
        .settings
        .lists
        .iter()
        .map(|asked| async move { (asked.zone.clone(), look(resolver, asked).await) });
    let found = join_all(looks).await;
    for (zone, health) in &found {
        if resolver.standing.set_ill(zone, *health != Health::Well) {
            resolver.standing.tell(&line(zone, *health));
        }
    }
    Round::Lists(found)
}

/// The line that says what happens to a list, and why.
fn line(zone: &Name, health: Health) -> String {
    let why = match health {
        Health::Well => return format!("dns: {zone} answers as a list should: asked again"),
        Health::ListsEverything => "lists what no list may (127.0.0.1, INVALID)",
        Health::Empty => {
            "is dead: it does not list what every list of its kind does (127.0.0.2, TEST)"
        }
        Health::Silent => "is dead: nobody answers for it",
    };
    format!(
        "dns: {zone} {why}; not asked until that changes, which is looked at every hour. If it is \
         gone for good: dns_query_restriction deny {zone}"
    )
}

/// Asks for what a list must have, and for what it must not.
async fn look(resolver: &Resolver, asked: &Asked) -> Health {
    let known = lists::of(&asked.zone).points;
    let (usual, forbidden): (&[&str], _) = match asked.subject {
        Subject::Addresses => (&["2.0.0.127"], "1.0.0.127"),
        Subject::Domains => (&["test"], "invalid"),
    };
    let points = if known.is_empty() { usual } else { known };
    let judged = |point: &str| {
        let name = Name::new(format!("{point}.{}", asked.zone));
        let question = name.map(|name| Question::new(name, Kind::A));
        async move { Some((resolver.fresh(&question?).await, &asked.zone)) }
    };
    let all = join_all(points.iter().copied().chain([forbidden]).map(judged)).await;
    // A name too long to be asked for, or forbidden by the settings: nothing is known against it.
    let Some(outcomes) = all.into_iter().collect::<Option<Vec<_>>>() else { return Health::Well };
    if outcomes.iter().any(|(outcome, _)| *outcome == Err(super::Failure::Forbidden)) {
        return Health::Well;
    }
    let judgements: Vec<Option<Judgement>> = outcomes
        .iter()
        .map(|(outcome, zone)| {
            let reply = outcome.as_ref().ok()?;
            let answers = matches!(reply.code, 0 | Reply::NO_NAME);
            answers.then(|| lists::judge(zone, reply))
        })
        .collect();
    match judgements.split_last() {
        Some((Some(Judgement::Listed), _)) => Health::ListsEverything,
        // The domain was sold, or the name server makes up addresses.
        Some((Some(Judgement::Error(trouble)), _)) if trouble.is_outside() => {
            Health::ListsEverything
        }
        _ if judgements.iter().all(Option::is_none) => Health::Silent,
        Some((_, wanted)) if wanted.contains(&Some(Judgement::Listed)) => Health::Well,
        // A refusal says nothing about the list; the pauses see to it.
        _ if judgements.iter().flatten().any(|j| matches!(j, Judgement::Error(_))) => Health::Well,
        _ if !known.is_empty() => Health::Empty,
        _ => apex(resolver, &asked.zone).await,
    }
}

/// A list of which nobody knows what it has to list is dead if its zone does not exist.
async fn apex(resolver: &Resolver, zone: &Name) -> Health {
    match resolver.fresh(&Question::new(zone.clone(), Kind::SOA)).await {
        Ok(reply) if reply.is_no_name() => Health::Empty,
        _ => Health::Well,
    }
}
