//! A request to its reply: the straight road.

use super::connection::Client;
use super::identity::{as_word, message_id};
use super::pool::ScanError;
use super::tell::Told;
use super::timing::Timing;
use super::users::{Unserved, User};
use super::{Mail, Server};
use crate::clock::Tick;
use crate::engine::markup::{Rewritten, Surroundings};
use crate::engine::network::kinds::kind_name;
use crate::engine::{Hit, Verdict};
use crate::error::Code;
use crate::limits::Limit;
use crate::protocol::response;
use crate::protocol::{Answer, Places, Request, RequestError, Shown, Verb, Wishes};
use crate::text::number::shown_score;
use crate::text::shown::shown;
use std::time::Duration;

/// SpamAssassin's version, whose rules we run and whose answers we give.
pub(super) const VERSION: &str = "4.0.1";

/// What goes back to the client, and what the log says afterwards.
pub struct Reply {
    /// The bytes; none for SKIP.
    pub bytes: Vec<u8>,
    /// The code in its first line.
    pub code: Code,
    /// Lines for the log once the client has its reply.
    pub notes: Vec<String>,
}

/// Answers `request`. Whatever a verb needs is called from here.
pub async fn handle(server: &Server, request: Request, client: &Client) -> Reply {
    server.metrics.requests.with_label_values(&[request.verb.word()]).inc();
    match request.verb {
        Verb::Ping => reply(response::PONG.to_vec(), Vec::new()),
        Verb::Skip => reply(Vec::new(), vec!["skipped large message in 0.0 seconds".to_owned()]),
        Verb::Tell => tell(server, &request).await,
        _ => scan(server, request, client).await,
    }
}

/// Teaches the store of fingerprints; what there is no store for is not done, as with spamd
/// where Bayes is off and nobody takes reports.
async fn tell(server: &Server, request: &Request) -> Reply {
    let since = Tick::now();
    let user = request.user.as_deref();
    let User { uid, loaded } = match server.find_user(user).await {
        Ok(user) => user,
        Err(why) => return unserved(&why),
    };
    let Subject { user: shown, .. } = Subject::of(&request.message, user, uid);
    match super::tell::tell(server, &loaded, &request.tell, &request.message, user).await {
        Ok(Told { set, removed }) => {
            let (seconds, size) = (since.elapsed().as_secs_f64(), request.size);
            let done = told_words(set, removed);
            let note =
                format!("Tell:{done}for {shown}:{uid} in {seconds:.1} seconds, {size} bytes");
            reply(response::told(set, removed), vec![note])
        }
        Err(why) => {
            let bytes = response::failure(Code::TempFail, &format!("Temporary failure: {why}"));
            let notes = vec![format!("fingerprints: nothing was learned: {why}")];
            Reply { bytes, code: Code::TempFail, notes }
        }
    }
}

/// What spamd's log says of a TELL.
fn told_words(set: Places, removed: Places) -> String {
    let mut words = String::new();
    for (what, places) in [("Setting", set), ("Removing", removed)] {
        if let Some(names) = places.names() {
            words.push_str(&format!(" {what} {names} "));
        }
    }
    if words.is_empty() { " Did nothing ".to_owned() } else { words }
}

/// The reply to a request that is wrong.
pub fn refuse(error: &RequestError) -> Reply {
    let what = match error.code() {
        Code::Protocol => {
            let text = error.to_string();
            let text = text.strip_prefix("Bad header line: ").unwrap_or(&text);
            format!("bad protocol: header error: {text}")
        }
        _ => {
            let text = error.to_string();
            let text = text.strip_prefix("Service Unavailable: ").unwrap_or(&text);
            format!("service unavailable: {}", text.trim_end())
        }
    };
    Reply { bytes: response::refusal(error), code: error.code(), notes: vec![what] }
}

/// The reply to a client that is told to come back.
pub fn come_back(why: &str) -> Reply {
    let bytes = response::failure(Code::TempFail, &format!("Temporary failure: {why}"));
    Reply { bytes, code: Code::TempFail, notes: vec![format!("temporary failure: {why}")] }
}

fn reply(bytes: Vec<u8>, notes: Vec<String>) -> Reply {
    Reply { bytes, code: Code::Ok, notes }
}

/// Scans the message of `request` and renders what its verb asks for.
async fn scan(server: &Server, request: Request, client: &Client) -> Reply {
    let Request { verb, version, user, message, size, wishes, .. } = request;
    let mut timing = Timing::begin();
    let User { uid, loaded } = match server.find_user(user.as_deref()).await {
        Ok(user) => user,
        Err(why) => return unserved(&why),
    };
    timing.lap("user");
    let subject = Subject { size, ..Subject::of(&message, user.as_deref(), uid) };
    let doing = if verb == Verb::Process { "processing" } else { "checking" };
    server.log.info(&format!("spamd: {doing} message {}", subject.line()));
    let limit = Duration::from_millis(loaded.limits.scan_milliseconds as u64);
    let since = Tick::now();
    let report = matches!(verb, Verb::Report | Verb::ReportIfSpam);
    let rewrite = matches!(verb, Verb::Process | Verb::Headers);
    let deadline = since.plus(limit);
    let surroundings = surroundings(server, client, rewrite);
    let profile = loaded.profile.clone();
    let network = server.network();
    let known = server.known();
    let mail = Mail {
        bytes: message,
        user,
        deadline,
        report,
        rewrite,
        surroundings,
        profile,
        network,
        known,
    };
    server.note_load();
    match server.pool.scan(mail, loaded.clone()).await {
        Ok(mut verdict) => {
            timing.lap("scan");
            count(server, &verdict, subject.size);
            debug(server, &verdict);
            let answer = answer(verb, wishes, &mut verdict);
            let notes = subject.notes(&verdict, client, since.elapsed());
            let reply = reply(response::render(verb, version, &answer), notes);
            timing.lap("reply");
            timing.tell(server);
            reply
        }
        Err(error) => failed(server, error, limit, verb),
    }
}

/// What reports and headers say of this machine and the client. Only of a rewritten message
/// spamd says who sent it.
fn surroundings(server: &Server, client: &Client, rewrite: bool) -> Surroundings {
    let here = Surroundings { hostname: server.hostname.clone(), ..Surroundings::default() };
    if !rewrite {
        return here;
    }
    let Client { host, address, .. } = client;
    let (remote_host, remote_address) = (host.as_str().into(), address.as_str().into());
    Surroundings { remote_host, remote_address, ..here }
}

/// The header lines that the client wishes for.
fn extra(wishes: Wishes, verdict: &Verdict) -> String {
    let shown = |hit: &Hit| Shown {
        name: hit.name.to_string(),
        score: hit.score,
        count: hit.count,
        matched: hit.evidence.as_ref().map(|e| (e.piece, e.offset, e.text.clone())),
    };
    match wishes.evidence {
        true => {
            let hits: Vec<Shown> = verdict.hits.iter().map(shown).collect();
            wishes.render(verdict.confidence, &hits)
        }
        false => wishes.render(verdict.confidence, &[]),
    }
}

/// The end of a request for a user that is not served: as with spamd without a word.
fn unserved(why: &Unserved) -> Reply {
    Reply { bytes: Vec::new(), code: Code::NoUser, notes: vec![why.to_string()] }
}

/// Debug lines on a verdict, for the areas `message`, `check` and `rules`.
fn debug(server: &Server, verdict: &Verdict) {
    if server.log.shows("message") {
        for row in verdict.reached.iter() {
            server.log.debug(&format!("message: limit reached: {}", row.setting));
        }
    }
    if server.log.shows("dns") {
        for (name, kind) in &verdict.unanswered {
            server.log.debug(&format!("dns: no answer in time: {name} {}", kind_name(*kind)));
        }
    }
    if server.log.shows("check") {
        let Verdict { score, required, .. } = verdict;
        server.log.debug(&format!("check: is spam? score={score} required={required}"));
        server.log.debug(&format!("check: tests={}", verdict.test_names().join(",")));
    }
    if server.log.shows("rules") {
        for hit in &verdict.hits {
            let what = hit.evidence.as_ref().map_or(String::new(), |seen| shown(&seen.text));
            let (name, place) = (&hit.name, &hit.place);
            server
                .log
                .debug(&format!("rules: ran rule {name} ======> got hit: \"{what}\" ({place})"));
        }
    }
}

fn count(server: &Server, verdict: &Verdict, size: usize) {
    let word = if verdict.is_spam() { "spam" } else { "ham" };
    server.metrics.messages.with_label_values(&[word]).inc();
    server.metrics.message_bytes.inc_by(size as u64);
    server.metrics.limits_reached(verdict.reached);
    server.note_overruns(&verdict.overruns);
    for list in &verdict.paused {
        server.log.warn(&format!(
            "check: a rule has found that {list} refuses to answer (dns_block_rule); it is not \
             asked for a while. Set the scores of its rules to 0, or forbid the questions with \
             dns_query_restriction deny {list}"
        ));
    }
}

/// The reply to a scan without a verdict.
fn failed(server: &Server, error: ScanError, limit: Duration, verb: Verb) -> Reply {
    match error {
        ScanError::Busy => {
            server.metrics.limit_hit(Limit::QueuedScans);
            come_back(&error.to_string())
        }
        ScanError::Late => {
            server.metrics.limit_hit(Limit::ScanMilliseconds);
            let bytes = response::scan_timeout(limit.as_secs_f64(), verb);
            let (seconds, verb) = (limit.as_secs_f64(), verb.word());
            let note = format!("timeout: ({seconds} second timeout while trying to {verb})");
            Reply { bytes, code: Code::Timeout, notes: vec![note] }
        }
        ScanError::Panicked => {
            let bytes = response::failure(Code::Software, &format!("Internal error: {error}"));
            let note = "internal error: a scan ended in a panic, its message stands above";
            Reply { bytes, code: Code::Software, notes: vec![note.to_owned()] }
        }
    }
}

/// What the reply shows of `verdict`; only what `verb` needs is made.
fn answer(verb: Verb, wishes: Wishes, verdict: &mut Verdict) -> Answer {
    let symbols = match verb {
        Verb::Symbols => verdict.test_names().join(",").into_bytes(),
        _ => Vec::new(),
    };
    let Rewritten { head, body } = verdict.rewritten.take().unwrap_or_default();
    Answer {
        is_spam: verdict.is_spam(),
        score: verdict.score,
        required: verdict.required,
        symbols,
        report: verdict.report.take().unwrap_or_default(),
        mail_head: head,
        mail_body: body,
        extra: extra(wishes, verdict),
    }
}

/// What the log calls a message.
struct Subject {
    id: Option<String>,
    resent_id: Option<String>,
    user: String,
    uid: u32,
    size: usize,
}

impl Subject {
    fn of(message: &[u8], user: Option<&[u8]>, uid: u32) -> Subject {
        let name = |user: &[u8]| String::from_utf8_lossy(user).into_owned();
        Subject {
            id: message_id(message, b"Message-Id"),
            resent_id: message_id(message, b"Resent-Message-Id"),
            user: user.filter(|user| !user.is_empty()).map_or("(unknown)".to_owned(), name),
            uid,
            size: message.len(),
        }
    }

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or("(unknown)")
    }

    /// `<a@b> aka <c@d> for me:1000`
    fn line(&self) -> String {
        let aka = self.resent_id.as_ref().map_or(String::new(), |id| format!(" aka {id}"));
        format!("{}{aka} for {}:{}", self.id(), self.user, self.uid)
    }

    /// The two lines that end a scan in spamd's log, without their `spamd: `.
    fn notes(&self, verdict: &Verdict, client: &Client, took: Duration) -> Vec<String> {
        let Subject { user, uid, size, .. } = self;
        let spam = verdict.is_spam();
        let score = shown_score(verdict.score, verdict.required, spam);
        let required = format!("{:.1}", verdict.required);
        let seconds = format!("{:.1}", took.as_secs_f64());
        let what = if spam { "identified spam" } else { "clean message" };
        let first = format!(
            "{what} ({score}/{required}) for {user}:{uid} in {seconds} seconds, {size} bytes."
        );
        let tests = verdict.test_names().join(",");
        let Client { host, address, port, .. } = client;
        let resent =
            self.resent_id.as_ref().map_or(String::new(), |id| format!(",rmid={}", as_word(id)));
        let second = format!(
            "result: {} {:2} - {tests} scantime={seconds},size={size},user={},uid={uid},\
             required_score={required},rhost={host},raddr={address},rport={port},mid={}{resent},\
             autolearn={}",
            if spam { 'Y' } else { '.' },
            verdict.score.trunc() as i64,
            as_word(user),
            as_word(self.id()),
            verdict.autolearn,
        );
        vec![first, second]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_line_is_the_one_that_parsers_read() {
        let hit = |name: &str| Hit { name: name.into(), score: 500.5, count: 1, ..Hit::default() };
        let verdict = Verdict {
            hits: vec![hit("GTUBE"), hit("A_RULE")],
            score: 999.999,
            required: 5.0,
            autolearn: "unavailable autolearn_force=no",
            ..Verdict::default()
        };
        let subject = Subject::of(b"Message-Id: <x,y@z>\n\n", Some(b"u 1"), 1000);
        let client =
            Client { host: "localhost".into(), address: "127.0.0.1".into(), port: "40236".into() };
        let notes = subject.notes(&verdict, &client, Duration::from_millis(420));
        assert_eq!(
            notes,
            [
                "identified spam (1000.0/5.0) for u 1:1000 in 0.4 seconds, 21 bytes.".to_owned(),
                "result: Y 999 - A_RULE,GTUBE scantime=0.4,size=21,user=u_1,uid=1000,\
                 required_score=5.0,rhost=localhost,raddr=127.0.0.1,rport=40236,\
                 mid=<x_y@z>,autolearn=unavailable autolearn_force=no"
                    .to_owned(),
            ]
        );
    }
}
