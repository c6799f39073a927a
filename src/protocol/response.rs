//! An [`Answer`] to bytes, in the shape that the verb and the client's version ask for.
//!
//! Old clients read old shapes: below 1.3 only `PROCESS` and `HEADERS` have a
//! `Content-length`, below 1.2 these two have no header lines at all, `CHECK` never has a
//! length, and `REPORT_IFSPAM` says `Yes` where the others say `True`. No value that is
//! written here comes from the client or the mail, but for what stands behind the empty
//! line, and the lines that a client of ours asks for, which are escaped.

use super::error::RequestError;
use super::head::Places;
use super::verb::Verb;
use crate::error::Code;
use crate::text::number::shown_score;

/// What was found, as far as a reply shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The verdict.
    pub is_spam: bool,
    /// The sum of the scores.
    pub score: f64,
    /// `required_score`.
    pub required: f64,
    /// Names of the rules that hit, sorted, with commas between; for SYMBOLS.
    pub symbols: Vec<u8>,
    /// The filled-in report template; for REPORT and REPORT_IFSPAM.
    pub report: Vec<u8>,
    /// The header block of the mail, marked up, to its first empty line; for PROCESS and
    /// HEADERS.
    pub mail_head: Vec<u8>,
    /// What follows it; for PROCESS.
    pub mail_body: Vec<u8>,
    /// More header lines, each with its CRLF: see [`super::Wishes`].
    pub extra: String,
}

/// The reply to PING.
pub const PONG: &[u8] = b"SPAMD/1.5 0 PONG\r\n";

/// The reply to a TELL: what was done, and two empty lines.
pub fn told(set: Places, removed: Places) -> Vec<u8> {
    let mut reply = "SPAMD/1.1 0 EX_OK\r\n".to_owned();
    for (name, places) in [("DidSet", set), ("DidRemove", removed)] {
        if let Some(names) = places.names() {
            reply.push_str(&format!("{name}: {names}\r\n"));
        }
    }
    reply.push_str("\r\n\r\n");
    reply.into_bytes()
}

/// The reply to a request whose message was scanned.
pub fn render(verb: Verb, version: f64, answer: &Answer) -> Vec<u8> {
    if matches!(verb, Verb::Process | Verb::Headers) {
        return mail(verb, version, answer);
    }
    let mut head = "SPAMD/1.1 0 EX_OK\r\n".to_owned();
    let body = body(verb, version, answer);
    if let Some(body) = &body
        && version >= 1.3
    {
        head.push_str(&content_length(body));
    }
    head.push_str(&spam_header(verb, answer));
    reply(head, answer, &body.unwrap_or_default())
}

/// The reply to PROCESS and HEADERS.
fn mail(verb: Verb, version: f64, answer: &Answer) -> Vec<u8> {
    let body = match verb {
        Verb::Headers => answer.mail_head.clone(),
        _ => [&answer.mail_head[..], &answer.mail_body].concat(),
    };
    if version >= 1.2 {
        let mut head = "SPAMD/1.1 0 EX_OK\r\n".to_owned();
        head.push_str(&content_length(&body));
        if version >= 1.3 {
            head.push_str(&spam_header(verb, answer));
        }
        return reply(head, answer, &body);
    }
    // Nothing ends the status line's header block: the mail's own headers follow at once.
    [&b"SPAMD/1.0 0 EX_OK\r\n"[..], &body].concat()
}

/// Header lines, those that the client has asked for, the empty line, and what follows it.
fn reply(head: String, answer: &Answer, body: &[u8]) -> Vec<u8> {
    let mut reply = Vec::with_capacity(head.len() + answer.extra.len() + body.len() + 2);
    reply.extend_from_slice(head.as_bytes());
    reply.extend_from_slice(answer.extra.as_bytes());
    reply.extend_from_slice(b"\r\n");
    reply.extend_from_slice(body);
    reply
}

fn content_length(body: &[u8]) -> String {
    format!("Content-length: {}\r\n", body.len())
}

/// What stands behind the empty line; `None` for a verb whose reply has no body.
fn body(verb: Verb, version: f64, answer: &Answer) -> Option<Vec<u8>> {
    match verb {
        Verb::Symbols => {
            let mut symbols = answer.symbols.clone();
            if version < 1.3 {
                symbols.extend_from_slice(b"\r\n");
            }
            Some(symbols)
        }
        Verb::Report => Some(answer.report.clone()),
        Verb::ReportIfSpam if answer.is_spam => Some(answer.report.clone()),
        Verb::ReportIfSpam => Some(Vec::new()),
        _ => None,
    }
}

/// `Spam: True ; 1000.0 / 5.0`, with its CRLF.
fn spam_header(verb: Verb, answer: &Answer) -> String {
    let word = match (verb, answer.is_spam) {
        (Verb::ReportIfSpam, true) => "Yes",
        (Verb::ReportIfSpam, false) => "No",
        (_, true) => "True",
        (_, false) => "False",
    };
    let score = shown_score(answer.score, answer.required, answer.is_spam);
    format!("Spam: {word} ; {score} / {:.1}\r\n", answer.required)
}

/// The reply to a request that is not understood or not served.
pub fn refusal(error: &RequestError) -> Vec<u8> {
    failure(error.code(), &error.to_string())
}

/// The reply that says what went wrong: `SPAMD/1.0 79 Timeout: (…)`.
///
/// `text` has to be one line without control characters, but for a line feed at its end where
/// spamd has one.
pub fn failure(code: Code, text: &str) -> Vec<u8> {
    format!("SPAMD/1.0 {} {text}\r\n", code.number()).into_bytes()
}

/// What spamd says when a client takes longer than `seconds` to send its request.
pub fn read_timeout(seconds: f64) -> Vec<u8> {
    let text = format!("Timeout: ({seconds} second socket timeout reading input from client)");
    failure(Code::Timeout, &text)
}

/// What spamd says when a scan takes longer than `seconds`.
pub fn scan_timeout(seconds: f64, verb: Verb) -> Vec<u8> {
    let text = format!("Timeout: ({seconds} second timeout while trying to {})", verb.word());
    failure(Code::Timeout, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(is_spam: bool) -> Answer {
        Answer {
            is_spam,
            score: if is_spam { 1000.0 } else { 4.96 },
            required: 5.0,
            symbols: b"A,B,B".to_vec(),
            report: b"why\n\n".to_vec(),
            mail_head: b"A: b\r\n\r\n".to_vec(),
            mail_body: b"body\n\n".to_vec(),
            extra: String::new(),
        }
    }

    #[test]
    fn each_verb_has_its_shape_in_each_version() {
        let ok = "SPAMD/1.1 0 EX_OK\r\n";
        let cases: &[(Verb, f64, bool, &str)] = &[
            (Verb::Check, 1.5, true, "Spam: True ; 1000.0 / 5.0\r\n\r\n"),
            (Verb::Check, 1.0, false, "Spam: False ; 4.9 / 5.0\r\n\r\n"),
            (
                Verb::Symbols,
                1.3,
                true,
                "Content-length: 5\r\nSpam: True ; 1000.0 / 5.0\r\n\r\nA,B,B",
            ),
            (Verb::Symbols, 1.2, true, "Spam: True ; 1000.0 / 5.0\r\n\r\nA,B,B\r\n"),
            (
                Verb::Report,
                1.5,
                false,
                "Content-length: 5\r\nSpam: False ; 4.9 / 5.0\r\n\r\nwhy\n\n",
            ),
            (Verb::Report, 1.2, true, "Spam: True ; 1000.0 / 5.0\r\n\r\nwhy\n\n"),
            (
                Verb::ReportIfSpam,
                1.5,
                true,
                "Content-length: 5\r\nSpam: Yes ; 1000.0 / 5.0\r\n\r\nwhy\n\n",
            ),
            (Verb::ReportIfSpam, 1.5, false, "Content-length: 0\r\nSpam: No ; 4.9 / 5.0\r\n\r\n"),
            (Verb::ReportIfSpam, 1.2, false, "Spam: No ; 4.9 / 5.0\r\n\r\n"),
            (
                Verb::Process,
                1.3,
                true,
                "Content-length: 14\r\nSpam: True ; 1000.0 / 5.0\r\n\r\nA: b\r\n\r\nbody\n\n",
            ),
            (Verb::Process, 1.2, true, "Content-length: 14\r\n\r\nA: b\r\n\r\nbody\n\n"),
            (
                Verb::Headers,
                1.5,
                false,
                "Content-length: 8\r\nSpam: False ; 4.9 / 5.0\r\n\r\nA: b\r\n\r\n",
            ),
        ];
        for (verb, version, is_spam, rest) in cases {
            let reply = render(*verb, *version, &answer(*is_spam));
            assert_eq!(String::from_utf8_lossy(&reply), format!("{ok}{rest}"));
        }
    }

    #[test]
    fn mail_for_old_clients_follows_the_status_line_at_once() {
        let reply = render(Verb::Headers, 1.1, &answer(true));
        assert_eq!(reply, b"SPAMD/1.0 0 EX_OK\r\nA: b\r\n\r\n");
        let reply = render(Verb::Process, f64::NAN, &answer(true));
        assert_eq!(reply, b"SPAMD/1.0 0 EX_OK\r\nA: b\r\n\r\nbody\n\n");
    }

    #[test]
    fn lines_that_were_asked_for_end_the_headers() {
        let extra = "X-Mailprint-Confidence: 1.0\r\n".to_owned();
        let answer = Answer { extra, ..answer(true) };
        let told = |verb, version| String::from_utf8(render(verb, version, &answer)).unwrap();
        for (verb, version) in [(Verb::Check, 1.0), (Verb::Process, 1.2), (Verb::Report, 1.5)] {
            let reply = told(verb, version);
            assert!(reply.contains("\r\nX-Mailprint-Confidence: 1.0\r\n\r\n"), "{reply}");
        }
        assert!(!told(Verb::Process, 1.1).contains("X-Mailprint"));
    }

    #[test]
    fn failures_are_one_line() {
        assert_eq!(
            read_timeout(30.0),
            b"SPAMD/1.0 79 Timeout: (30 second socket timeout reading input from client)\r\n"
        );
        assert_eq!(
            scan_timeout(300.0, Verb::Check),
            b"SPAMD/1.0 79 Timeout: (300 second timeout while trying to CHECK)\r\n"
        );
        let unknown = RequestError::UnknownCommand(b"GET\x1b / HTTP/1.1".to_vec());
        assert_eq!(refusal(&unknown), b"SPAMD/1.0 76 Bad header line: GET\\x1b / HTTP/1.1\r\n");
    }
}
